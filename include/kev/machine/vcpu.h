/* SPDX-License-Identifier: GPL-2.0 */
/* struct kev_vcpu: a vCPU fd, and what an architecture plugs into it. */
#ifndef _KEV_VCPU_H
#define _KEV_VCPU_H

#include <linux/compiler.h>
#include <linux/kvm_eventfd.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <uapi/linux/kvm_eventfd.h>

#include <kev/base/limits.h>

struct kev_ioctl;
struct kev_vm;

/**
 * struct kev_vcpu - One virtual CPU
 * @vm:		Owner.  A reference is held by the fd, not by this pointer.
 * @id:		KVM_CREATE_VCPU's argument.  Immutable.
 * @mutex:	One ioctl at a time, as KVM.  Outermost.
 * @arch:	The architecture's own state (x86: struct kev_lapic, or NULL when
 *		user space has the interrupt controller).  Immutable once
 *		the vCPU is published in &kev_vm.vcpus.
 * @private_page: Number of the guest physical page whose accesses go to the
 *		architecture's mmio_read and mmio_write before the bus, or ~0.
 *		Written by the architecture, read with no lock.
 * @waiters:	Waiters of poll(): @own_waiters, or the machine's where it tells
 *		all CPUs together.  Immutable once published.
 * @own_waiters: Those of this CPU alone.
 * @page:	Page 0 struct kvm_run, page 1 @state, page 2 coalesced ring.
 * @state:	Kernel's view of page 1.  Written only; never read.
 * @acked:	Events taken.  Written under @mutex.
 */
struct kev_vcpu {
	struct kev_vm *vm;
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

/**
 * struct kev_arch_ops - What a node's machine has beyond a sink
 * @sink:	Where its interrupts end.
 * @vm_init:	Allocate the machine's state into vm->sink.
 * @vm_stop:	Stop what acts by itself (timers, delayed work), before the CPUs
 *		are freed.  May be NULL.
 * @vcpu_create: Fill vcpu->arch.  Under vm->lock, before publication.
 * @vcpu_published: The vCPU is in vm->vcpus.  Under vm->lock.  Cannot fail.
 * @vcpu_destroy: Free vcpu->arch; the VM has no user and no irqfd left.
 *		Also called after a failed or missing @vcpu_create.
 * @ack:	Take the next event.  0, or -EAGAIN when there is none now.
 *		Under vcpu->mutex.
 * @fetch:	The same, with all that there is to know of it.  NULL when that
 *		is what @ack tells.
 * @has_event:	Would @ack succeed?  Any context that may take chip locks.
 * @mmio_read:	The page that is private to this CPU (&kev_vcpu.private_page),
 *		tried before the bus.
 * @mmio_write:	0 when taken, -EOPNOTSUPP when not.
 * @msr_read:	A register that the CPU reaches by number: 0, -EPERM where the
 *		guest gets a fault, -EOPNOTSUPP when it is not the arch's.
 * @msr_write:	The same.  Both may be NULL.
 * @check_extension: Value of a capability, or -1 when it is not the arch's.
 * @node_ioctls: Rows tried after the node's own.  Called without an object.
 * @vm_ioctls:	Rows tried after the node's own.  Called with a struct kev_vm.
 * @vcpu_ioctls: The same for a vCPU fd, with a struct kev_vcpu, under its mutex.
 */
struct kev_arch_ops {
	const struct kev_sink_ops *sink;
	int (*vm_init)(struct kev_vm *vm);
	void (*vm_stop)(struct kev_vm *vm);
	int (*vcpu_create)(struct kev_vcpu *vcpu);
	void (*vcpu_published)(struct kev_vcpu *vcpu);
	void (*vcpu_destroy)(struct kev_vcpu *vcpu);
	int (*ack)(struct kev_vcpu *vcpu, struct kvm_eventfd_interrupt *intr);
	int (*fetch)(struct kev_vcpu *vcpu, struct kvm_eventfd_event *event);
	bool (*has_event)(struct kev_vcpu *vcpu);
	int (*mmio_read)(struct kev_vcpu *vcpu, u64 gpa, unsigned int len,
			 void *val);
	int (*mmio_write)(struct kev_vcpu *vcpu, u64 gpa, unsigned int len,
			  const void *val);
	int (*msr_read)(struct kev_vcpu *vcpu, u32 msr, u64 *val);
	int (*msr_write)(struct kev_vcpu *vcpu, u32 msr, u64 val);
	int (*check_extension)(struct kev_vm *vm, long cap);
	const struct kev_ioctl *node_ioctls;
	const struct kev_ioctl *vm_ioctls;
	const struct kev_ioctl *vcpu_ioctls;
};

/* The machines of the node. */
extern const struct kev_arch_ops kev_x86_machine;
extern const struct kev_arch_ops kev_lines_machine;

/* What a VM of type 0 is. */
#ifdef CONFIG_KVM_EVENTFD_X86
#define kev_default_machine	kev_x86_machine
#else
#define kev_default_machine	kev_lines_machine
#endif

/* Create, publish, no fd yet.  KVM_CREATE_VCPU's errno.  Under no lock. */
struct kev_vcpu *kev_vcpu_create(struct kev_vm *vm, unsigned long id);
/* Free; only from the VM's teardown. */
void kev_vcpu_destroy(struct kev_vcpu *vcpu);
/* The same with an fd, which holds a reference to the VM. */
int kev_vcpu_create_fd(struct kev_vm *vm, unsigned long id);

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
