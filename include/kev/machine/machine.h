/* SPDX-License-Identifier: GPL-2.0 */
/* A machine: a VM of the plane with vCPUs, as the node makes them. */
#ifndef _KEV_MACHINE_H
#define _KEV_MACHINE_H

#include <linux/kref.h>
#include <linux/kvm_eventfd.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include <kev/base/quota.h>

struct kev_coalesced;
struct kev_ioctl;
struct kev_machine_ops;
struct kev_vcpu;
struct kvm_enable_cap;
struct kvm_eventfd_event;
struct kvm_eventfd_interrupt;
struct mm_struct;

/**
 * struct kev_machine - What the fds of one VM are about
 * @vm:		The plane, whose sink this is.  Immutable once created.
 * @ops:	What kind of machine it is.  Immutable.
 * @users:	The VM's fd, each vCPU fd, each stats fd.
 * @mm:		Whose ioctls are served; a reference is held.  NULL: nobody's.
 * @quota:	For whom it is counted, and its timers.  The timers under @lock.
 * @lock:	Creation of chips and vCPUs.
 * @vcpus:	By vCPU id.  Written under @lock, read under RCU; an entry stays
 *		until the machine goes.
 * @created_vcpus: Length of @vcpus.  Written under @lock.
 * @max_vcpu_ids: vCPU ids are below; 0 until KVM_CAP_MAX_VCPU_ID or the first
 *		vCPU sets it, once.  Written under @lock.
 * @coalesced:	The node's: see coalesced.c.
 *
 * The first member of the struct of each kind of machine.
 */
struct kev_machine {
	struct kev_vm *vm;
	const struct kev_machine_ops *ops;
	struct kref users;
	struct mm_struct *mm;
	struct kev_quota quota;
	struct mutex lock;
	struct xarray vcpus;
	unsigned int created_vcpus;
	unsigned int max_vcpu_ids;
	struct kev_coalesced *coalesced;
};

/**
 * struct kev_machine_ops - A kind of machine
 * @sink:	Where its interrupts end.  Its release frees the machine, @init
 *		done or not.
 * @create:	Allocate it, with all that needs no VM.  NULL when there is no
 *		memory.
 * @init:	The VM is there: what goes into it.  0 or an errno.  NULL: nothing.
 * @stop:	Stop what acts by itself (timers, delayed work): neither an irqfd
 *		nor a guest acts any more, and the CPUs are still there.  NULL:
 *		nothing does.
 * @vcpu_create: Fill vcpu->arch.  Under machine->lock, before publication.
 * @vcpu_published: The vCPU is in machine->vcpus.  Under machine->lock.  Cannot
 *		fail.
 * @vcpu_destroy: Free vcpu->arch; nothing is delivered any more.
 * @ack:	Take the next event.  0, or -EAGAIN when there is none now.
 *		Under vcpu->mutex.
 * @fetch:	The same, with all that there is to know of it.  NULL when that
 *		is what @ack tells.
 * @has_event:	Would @ack succeed?  Any context that may take chip locks.
 * @mmio_read:	The page that is private to this CPU (&kev_vcpu.private_page),
 *		tried before the bus.
 * @mmio_write:	0 when taken, -EOPNOTSUPP when not.
 * @msr_read:	A register that the CPU reaches by number: 0, -EPERM where the
 *		guest gets a fault, -EOPNOTSUPP when it is not the machine's.
 * @msr_write:	The same.  Both may be NULL.
 * @check_extension: Value of a capability, or -1 when it is not the machine's.
 *		Without a machine: of any.
 * @enable_cap:	KVM_ENABLE_CAP, flags checked: what the ioctl returns, or
 *		-EOPNOTSUPP when the capability is not the machine's.
 * @node_ioctls: Rows tried after the node's own.  Called without an object.
 * @vm_ioctls:	Rows tried after the node's own.  Called with a struct
 *		kev_machine.
 * @vcpu_ioctls: The same for a vCPU fd, with a struct kev_vcpu, under its mutex.
 *
 * Process context, where nothing else is said.
 */
struct kev_machine_ops {
	const struct kev_sink_ops *sink;
	struct kev_machine *(*create)(void);
	int (*init)(struct kev_machine *machine);
	void (*stop)(struct kev_machine *machine);
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
	int (*check_extension)(struct kev_machine *machine, long cap);
	int (*enable_cap)(struct kev_machine *machine,
			  const struct kvm_enable_cap *cap);
	const struct kev_ioctl *node_ioctls;
	const struct kev_ioctl *vm_ioctls;
	const struct kev_ioctl *vcpu_ioctls;
};

/* The machines of the node. */
extern const struct kev_machine_ops kev_x86_machine;
extern const struct kev_machine_ops kev_lines_machine;

/* What a VM of type 0 is. */
#ifdef CONFIG_KVM_EVENTFD_X86
#define kev_default_machine	kev_x86_machine
#else
#define kev_default_machine	kev_lines_machine
#endif

#endif /* _KEV_MACHINE_H */
