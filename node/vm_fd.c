// SPDX-License-Identifier: GPL-2.0
/*
 * The VM's fd: its ioctls, and the life of the machine behind it.
 *
 * A machine lives while someone holds a reference: the VM's fd, a vCPU fd (and so
 * each of its mappings), or a stats fd.  The close of the VM's fd ends its irqfds;
 * the last reference ends everything else.
 */
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include <uapi/linux/kvm_eventfd.h>

#include <kev/base/limits.h>
#include <kev/base/quota.h>
#include <kev/machine/ioctl.h>
#include <kev/machine/machine.h>
#include <kev/node/coalesced.h>
#include <kev/node/stats.h>
#include <kev/node/vcpu_fd.h>
#include <kev/node/vm_fd.h>
#include <kev/plane/eventfd.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/vm.h>

/* Capabilities */

/* What the switches of the build decide; -1 for another capability. */
static int built_extension(const struct kev_machine *machine, unsigned long cap)
{
	switch (cap) {
	case KVM_CAP_IRQFD:
		return IS_ENABLED(CONFIG_KVM_EVENTFD_IRQFD);
	case KVM_CAP_IRQ_ROUTING:
		if (!IS_ENABLED(CONFIG_KVM_EVENTFD_IRQ_ROUTING))
			return 0;
		return machine ? READ_ONCE(machine->vm->max_routes) :
				 KEV_MAX_IRQ_ROUTES;
	case KVM_EVENTFD_CAP_UPDATE_ROUTES:
		return IS_ENABLED(CONFIG_KVM_EVENTFD_IRQ_ROUTING);
	case KVM_EVENTFD_CAP_MAX_ROUTES:
		return IS_ENABLED(CONFIG_KVM_EVENTFD_IRQ_ROUTING) ?
		       kev_max_routes() : 0;
	default:
		return -1;
	}
}

/**
 * kev_check_extension - The value of a capability
 * @machine:	Asked on this VM, or NULL: on the node.
 * @cap:	KVM_CAP_* or KVM_EVENTFD_CAP_*.
 *
 * Context: Any.
 * Return: As KVM_CHECK_EXTENSION; 0 for what is not offered.
 */
int kev_check_extension(struct kev_machine *machine, unsigned long cap)
{
	const struct kev_machine_ops *ops = machine ? machine->ops :
						      &kev_default_machine;
	int value;

	switch (cap) {
	case KVM_CAP_IOEVENTFD:
	case KVM_CAP_IOEVENTFD_NO_LENGTH:
	case KVM_CAP_IOEVENTFD_ANY_LENGTH:
	case KVM_CAP_CHECK_EXTENSION_VM:
	case KVM_CAP_ENABLE_CAP_VM:
	case KVM_CAP_COALESCED_PIO:
	case KVM_CAP_BINARY_STATS_FD:
	case KVM_CAP_IMMEDIATE_EXIT:
	case KVM_EVENTFD_CAP_VCPU_IO:
	case KVM_EVENTFD_CAP_FETCH:
		return 1;
	case KVM_CAP_COALESCED_MMIO:
		return KVM_EVENTFD_PAGE_COALESCED;
	case KVM_EVENTFD_CAP_BATCH:
		return KVM_EVENTFD_BATCH_MAX;
	case KVM_EVENTFD_CAP_LINES:
		return !machine || ops == &kev_lines_machine ? KEV_LINES : 0;
	case KVM_CAP_NR_VCPUS:
		return min(num_online_cpus(), kev_max_vcpus());
	case KVM_CAP_MAX_VCPUS:
		return kev_max_vcpus();
	case KVM_CAP_MAX_VCPU_ID:
		return kev_max_vcpu_ids();
	}

	value = built_extension(machine, cap);
	if (value < 0)
		value = ops->check_extension(machine, cap);
	return value < 0 ? 0 : value;
}

/* What each machine has: the plane's ioctls, and the node's own. */

static struct kev_vm *plane(void *obj)
{
	struct kev_machine *machine = obj;

	return machine->vm;
}

static long vm_check_extension(void *obj, void *arg, unsigned long cap)
{
	return kev_check_extension(obj, cap);
}

static long vm_irqfd(void *obj, void *arg, unsigned long uarg)
{
	return kev_irqfd(plane(obj), arg);
}

static long vm_ioeventfd(void *obj, void *arg, unsigned long uarg)
{
	return kev_ioeventfd(plane(obj), arg);
}

static long vm_set_gsi_routing(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_irq_routing *args = arg;
	struct kvm_irq_routing __user *user = (void __user *)uarg;

	return kev_set_irq_routing(plane(obj), user->entries, args->nr,
				   args->flags);
}

static long vm_update_routes(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_eventfd_routes *args = arg;
	struct kvm_irq_routing __user *user = (void __user *)uarg;

	return kev_update_irq_routing(plane(obj), user->entries, args->nr,
				      args->flags);
}

static bool batch_is_valid(const struct kvm_eventfd_batch *args)
{
	return args->nr <= KVM_EVENTFD_BATCH_MAX && !args->flags;
}

static long vm_irqfds(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_eventfd_batch *args = arg;

	if (!batch_is_valid(args))
		return -EINVAL;
	return kev_irqfd_batch(plane(obj), u64_to_user_ptr(args->entries),
			       args->nr);
}

static long vm_ioeventfds(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_eventfd_batch *args = arg;

	if (!batch_is_valid(args))
		return -EINVAL;
	return kev_ioeventfd_batch(plane(obj), u64_to_user_ptr(args->entries),
				   args->nr);
}

static long vm_register_coalesced(void *obj, void *arg, unsigned long uarg)
{
	return kev_coalesced_register(obj, arg);
}

static long vm_unregister_coalesced(void *obj, void *arg, unsigned long uarg)
{
	return kev_coalesced_unregister(obj, arg);
}

static long vm_create_vcpu(void *obj, void *arg, unsigned long id)
{
	return kev_vcpu_create_fd(obj, id);
}

static long vm_get_stats_fd(void *obj, void *arg, unsigned long uarg)
{
	return kev_vm_stats_fd(obj);
}

/**
 * kev_machine_enable_cap - KVM_ENABLE_CAP of a VM
 * @machine:	The machine, which is asked first.
 * @cap:	As the user gave it.
 *
 * Context: Process context.
 * Return: 0; -EINVAL: flags, unknown, or an argument out of range; -EEXIST: the
 *	   chips are there; -ENOMEM.
 */
int kev_machine_enable_cap(struct kev_machine *machine,
			   const struct kvm_enable_cap *cap)
{
	int ret;

	if (cap->flags)
		return -EINVAL;

	ret = machine->ops->enable_cap(machine, cap);
	if (ret != -EOPNOTSUPP)
		return ret;
	if (IS_ENABLED(CONFIG_KVM_EVENTFD_IRQ_ROUTING) &&
	    cap->cap == KVM_EVENTFD_CAP_MAX_ROUTES)
		return kev_set_max_routes(machine->vm, cap->args[0]);
	return -EINVAL;
}

static long vm_enable_cap(void *obj, void *arg, unsigned long uarg)
{
	return kev_machine_enable_cap(obj, arg);
}

#define HAS_IRQFD	IS_ENABLED(CONFIG_KVM_EVENTFD_IRQFD)
#define HAS_ROUTING	IS_ENABLED(CONFIG_KVM_EVENTFD_IRQ_ROUTING)

static const struct kev_ioctl vm_ioctls[] = {
	KEV_IOCTL_IF(HAS_IRQFD, KVM_IRQFD, KEV_IN, vm_irqfd),
	KEV_IOCTL(KVM_IOEVENTFD,	KEV_IN,	vm_ioeventfd),
	KEV_IOCTL_IF(HAS_ROUTING, KVM_SET_GSI_ROUTING, KEV_IN,
		     vm_set_gsi_routing),
	KEV_IOCTL_IF(HAS_ROUTING, KVM_EVENTFD_UPDATE_ROUTES, KEV_IN,
		     vm_update_routes),
	KEV_IOCTL_IF(HAS_IRQFD, KVM_EVENTFD_IRQFDS, KEV_IN, vm_irqfds),
	KEV_IOCTL(KVM_EVENTFD_IOEVENTFDS, KEV_IN, vm_ioeventfds),
	KEV_IOCTL(KVM_REGISTER_COALESCED_MMIO, KEV_IN, vm_register_coalesced),
	KEV_IOCTL(KVM_UNREGISTER_COALESCED_MMIO, KEV_IN,
		  vm_unregister_coalesced),
	KEV_IOCTL(KVM_CHECK_EXTENSION,	0,	vm_check_extension),
	KEV_IOCTL(KVM_CREATE_VCPU,	0,	vm_create_vcpu),
	KEV_IOCTL(KVM_GET_STATS_FD,	0,	vm_get_stats_fd),
	KEV_IOCTL(KVM_ENABLE_CAP,	KEV_IN,	vm_enable_cap),
	KEV_IOCTL_END
};

/* The fd */

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kev_machine *machine = file->private_data;
	long ret;

	if (unlikely(machine->mm != current->mm))
		return -EIO;

	ret = kev_ioctl_dispatch(vm_ioctls, machine, cmd, arg);
	if (ret == -ENOTTY)
		ret = kev_ioctl_dispatch(machine->ops->vm_ioctls, machine, cmd,
					 arg);
	return ret;
}

/* No ioctl will come any more, and so no irqfd either. */
static int vm_release(struct inode *inode, struct file *file)
{
	struct kev_machine *machine = file->private_data;

	if (machine) {
		kev_irqfds_release(machine->vm);
		kev_machine_put(machine);
	}
	return 0;
}

const struct file_operations kev_vm_fops = {
	.owner		= THIS_MODULE,
	.release	= vm_release,
	.unlocked_ioctl	= vm_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

/* Birth and end of a machine */

static void machine_init(struct kev_machine *machine,
			 const struct kev_machine_ops *ops)
{
	machine->ops = ops;
	kref_init(&machine->users);
	mutex_init(&machine->lock);
	xa_init_flags(&machine->vcpus, XA_FLAGS_ACCOUNT);
}

static int machine_fill(struct kev_machine *machine)
{
	int ret;

	ret = kev_coalesced_init(machine);
	if (!ret && machine->ops->init)
		ret = machine->ops->init(machine);
	return ret;
}

/*
 * Producers first: irqfds inject, guests write to the buses.  Then what acts by
 * itself, and the CPUs, which that delivers to; then the chips.
 */
static void machine_destroy(struct kev_machine *machine)
{
	struct kev_vcpu *vcpu;
	unsigned long id;

	kev_vm_stop(machine->vm);
	kev_coalesced_destroy(machine);
	if (machine->ops->stop)
		machine->ops->stop(machine);
	xa_for_each(&machine->vcpus, id, vcpu) {
		kev_vcpu_destroy(vcpu);
		cond_resched();
	}
	xa_destroy(&machine->vcpus);
	/* Frees the machine. */
	kev_vm_destroy(machine->vm);
}

/**
 * kev_machine_create - A machine of the node, without an fd
 * @ops:	What kind of machine.
 * @mm:		Whose ioctls it will serve; NULL: nobody's.
 *
 * Context: Process context.
 * Return: The machine, with one reference; or an ERR_PTR() of -ENOMEM.
 */
struct kev_machine *kev_machine_create(const struct kev_machine_ops *ops,
				       struct mm_struct *mm)
{
	struct kev_machine *machine;
	int ret;

	machine = ops->create();
	if (!machine)
		return ERR_PTR(-ENOMEM);
	machine_init(machine, ops);
	machine->vm = kev_vm_create(ops->sink, machine);
	if (IS_ERR(machine->vm)) {
		ret = PTR_ERR(machine->vm);
		ops->sink->release(machine);
		return ERR_PTR(ret);
	}
	ret = machine_fill(machine);
	if (ret) {
		machine_destroy(machine);
		return ERR_PTR(ret);
	}
	machine->mm = mm;
	if (mm)
		mmgrab(mm);
	return machine;
}

static void machine_last_put(struct kref *kref)
{
	struct kev_machine *machine = container_of(kref, struct kev_machine,
						   users);
	struct kev_quota quota = machine->quota;
	struct mm_struct *mm = machine->mm;

	machine_destroy(machine);
	/* Until then routes may have held pages of it. */
	if (mm)
		mmdrop(mm);
	kev_quota_remove_vm(&quota);
}

/**
 * kev_machine_get - Take a reference
 * @machine:	The machine; the caller has one.
 *
 * Context: Any.
 */
void kev_machine_get(struct kev_machine *machine)
{
	kref_get(&machine->users);
}

/**
 * kev_machine_put - Drop a reference
 * @machine:	The machine; gone when it was the last.
 *
 * Context: Process context.
 */
void kev_machine_put(struct kev_machine *machine)
{
	kref_put(&machine->users, machine_last_put);
}
