/* SPDX-License-Identifier: GPL-2.0 */
/* A vCPU of a machine. */
#ifndef _KEV_VCPU_H
#define _KEV_VCPU_H

#include <linux/compiler.h>
#include <linux/kvm_eventfd.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <uapi/linux/kvm_eventfd.h>

#include <kev/base/limits.h>

struct kev_machine;
struct page;

/**
 * struct kev_vcpu - One virtual CPU
 * @machine:	Owner.  A reference is held by the fd, not by this pointer.
 * @id:		KVM_CREATE_VCPU's argument.  Immutable.
 * @mutex:	One ioctl at a time, as KVM.  Outermost.
 * @arch:	What kind of CPU it is (x86: struct kev_lapic).  Immutable once it is
 *		in &kev_machine.vcpus.
 * @private_page: Number of the guest physical page whose accesses go to the
 *		machine's mmio_read and mmio_write before the bus, or ~0.
 *		Written by the machine, read with no lock.
 * @waiters:	Waiters of poll(): @own_waiters, or the machine's where it tells
 *		all CPUs together.  Immutable once published.
 * @own_waiters: Those of this CPU alone.
 * @page:	Page 0 struct kvm_run, page 1 @state, page 2 coalesced ring.
 * @state:	Kernel's view of page 1.  Written only; never read.
 * @acked:	Events taken.  Written under @mutex.
 */
struct kev_vcpu {
	struct kev_machine *machine;
	u32 id;
	struct mutex mutex;
	void *arch;
	u64 private_page;
	struct kev_waitqueue *waiters;
	struct kev_waitqueue own_waiters;
	struct page *page[KEV_VCPU_PAGES];
	struct kvm_eventfd_vcpu_state *state;
	u64 acked;
};

/*
 * Publish whether ACK_INTERRUPT would succeed.  Called under the lock that decides
 * it (x86: the LAPIC's), so that two callers cannot publish in the wrong order.
 * Any context.
 */
static inline void kev_vcpu_set_pending(struct kev_vcpu *vcpu, bool pending)
{
	WRITE_ONCE(vcpu->state->pending, pending);
}

#endif /* _KEV_VCPU_H */
