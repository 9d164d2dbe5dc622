// SPDX-License-Identifier: GPL-2.0
/*
 * A VM: birth, ownership, the order of its teardown, and its ioctls.
 *
 * A VM lives while someone holds a reference: its fd, a vCPU fd (and so each of
 * its mappings), a stats fd, or the driver that created it.  The close of the
 * VM's fd ends its irqfds; the last reference ends everything else.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/kvm_eventfd.h>

#include <kev/base/compat.h>
#include <kev/base/quota.h>
#include <kev/machine/ioctl.h>
#include <kev/machine/vcpu.h>
#include <kev/node/coalesced.h>
#include <kev/node/file.h>
#include <kev/node/stats.h>
#include <kev/plane/eventfd.h>
#include <kev/plane/iobus.h>
#include <kev/plane/ioeventfd.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/vm.h>

/* Waiting for readers, and freeing after them */

/**
 * kev_irq_synchronize - Wait for the readers in irq_srcu
 * @vm:		Whose.
 *
 * Expedited, for a normal grace period begins with a delay, and all callers wait for
 * its end.
 *
 * Context: Process context, outside irq_srcu and every lock that a reader takes.
 */
void kev_irq_synchronize(struct kev_vm *vm)
{
	synchronize_srcu_expedited(&vm->irq_srcu);
}

/*
 * An expedited grace period in a work item, not call_srcu(): a normal one would
 * make the next change that has to wait for one wait for that one first.
 */
static void vm_free_stale(struct work_struct *work)
{
	struct kev_vm *vm = container_of(work, struct kev_vm, stale_work);
	struct llist_node *list = llist_del_all(&vm->stale);
	struct kev_stale *stale;
	struct kev_stale *next;

	kev_irq_synchronize(vm);
	llist_for_each_entry_safe(stale, next, list, node) {
		stale->free(stale);
		cond_resched();
	}
}

/**
 * kev_free_stale - Free after a grace period
 * @vm:		Whose irq_srcu.
 * @stale:	In what is to be freed; no new reader finds it.
 * @free:	Frees it.
 *
 * Context: Any.
 */
void kev_free_stale(struct kev_vm *vm, struct kev_stale *stale,
		    void (*free)(struct kev_stale *stale))
{
	stale->free = free;
	llist_add(&stale->node, &vm->stale);
	queue_work(vm->wq, &vm->stale_work);
}

/* Birth and end */

/**
 * kev_vm_create - A VM without a node
 * @ops:	What its interrupts are delivered to.
 * @sink:	For kev_vm_sink(); its owner is @ops->release, once this
 *		succeeded.
 *
 * Context: Process context.
 * Return: The VM, with one reference; or an ERR_PTR() of -ENOMEM.
 */
struct kev_vm *kev_vm_create(const struct kev_sink_ops *ops, void *sink)
{
	struct kev_vm *vm;
	int ret;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);

	refcount_set(&vm->users, 1);
	vm->ops = ops;
	vm->sink = sink;
	mutex_init(&vm->lock);
	mutex_init(&vm->irq_lock);
	xa_init_flags(&vm->vcpus, XA_FLAGS_ACCOUNT);
	init_llist_head(&vm->stale);
	INIT_WORK(&vm->stale_work, vm_free_stale);
	kev_acks_init(vm);
	ret = kev_irqfds_init(vm);
	if (ret)
		goto free;

	/*
	 * Unbound and with no limit that items could wait for: a cleanup waits
	 * for injections.  Its items use no memory that others wait for.
	 */
	vm->wq = kev_alloc_workqueue("kvm-eventfd");
	ret = -ENOMEM;
	if (!vm->wq)
		goto irqfds;
	kev_waker_init(&vm->waker, vm->wq);
	ret = init_srcu_struct(&vm->irq_srcu);
	if (ret)
		goto wq;
	ret = kev_routing_init(vm);
	if (ret)
		goto srcu;
	ret = kev_ioeventfds_init(&vm->ioeventfds);
	if (ret)
		goto routing;
	kev_buses_init(&vm->buses);
	return vm;

routing:
	kev_routing_destroy(vm);
srcu:
	cleanup_srcu_struct(&vm->irq_srcu);
wq:
	destroy_workqueue(vm->wq);
irqfds:
	kev_irqfds_destroy(vm);
free:
	kfree(vm);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(kev_vm_create);

/* What kev_vm_create() made, with no user left and nothing stale. */
static void vm_free(struct kev_vm *vm)
{
	kev_irqfds_destroy(vm);
	kev_routing_destroy(vm);
	kev_acks_destroy(vm);
	destroy_workqueue(vm->wq);
	cleanup_srcu_struct(&vm->irq_srcu);
	kfree(vm);
}

/**
 * kev_machine_create - A VM with a machine of the node in it
 * @arch:	The machine.
 * @mm:		Whose ioctls it will serve.
 *
 * Context: Process context.
 * Return: The VM, with one reference; or an ERR_PTR() of -ENOMEM.
 */
struct kev_vm *kev_machine_create(const struct kev_arch_ops *arch,
				  struct mm_struct *mm)
{
	struct kev_vm *vm;
	int ret;

	vm = kev_vm_create(arch->sink, NULL);
	if (IS_ERR(vm))
		return vm;

	ret = kev_coalesced_init(vm);
	if (!ret)
		ret = arch->vm_init(vm);
	if (ret) {
		kev_coalesced_destroy(vm);
		kev_buses_destroy(&vm->buses);
		kev_ioeventfds_destroy(&vm->ioeventfds);
		vm_free(vm);
		return ERR_PTR(ret);
	}
	vm->arch = arch;
	vm->mm = mm;
	if (mm)
		mmgrab(mm);
	return vm;
}

/*
 * Producers first: irqfds inject, guests write to the buses.  Then the CPUs,
 * which the chips deliver to, but which nothing runs any more; then the chips.
 */
static void vm_destroy(struct kev_vm *vm)
{
	struct kev_vcpu *vcpu;
	unsigned long id;

	kev_irqfds_release(vm);
	kev_ioeventfds_destroy(&vm->ioeventfds);
	kev_buses_destroy(&vm->buses);
	kev_coalesced_destroy(vm);
	if (vm->arch && vm->arch->vm_stop)
		vm->arch->vm_stop(vm);
	xa_for_each(&vm->vcpus, id, vcpu) {
		kev_vcpu_destroy(vcpu);
		cond_resched();
	}
	xa_destroy(&vm->vcpus);
	/* What routes hold is the sink's. */
	flush_work(&vm->stale_work);
	kev_routing_clear(vm);
	vm->ops->release(vm);
	if (vm->mm)
		mmdrop(vm->mm);
	kev_quota_remove_vm(vm->user, vm->timers);
	vm_free(vm);
}

/**
 * kev_vm_get - Take a reference
 * @vm:		The VM; the caller has one.
 */
void kev_vm_get(struct kev_vm *vm)
{
	refcount_inc(&vm->users);
}

/**
 * kev_vm_put - Drop a reference
 * @vm:		The VM; gone when it was the last.
 *
 * Context: Process context.
 */
void kev_vm_put(struct kev_vm *vm)
{
	if (refcount_dec_and_test(&vm->users))
		vm_destroy(vm);
}
EXPORT_SYMBOL_GPL(kev_vm_put);

/**
 * kev_vm_sink - The sink's own state
 * @vm:		The VM.
 *
 * Return: What kev_vm_create() was given.
 */
void *kev_vm_sink(const struct kev_vm *vm)
{
	return vm->sink;
}
EXPORT_SYMBOL_GPL(kev_vm_sink);

/* What the node's files share */

/**
 * kev_fd_prepare - Do all that can fail in making an fd
 * @fd:		Filled.
 * @name:	For /proc.
 * @fops:	Of the file; release must accept private data of NULL.
 * @flags:	O_RDWR or O_RDONLY; O_CLOEXEC is added.
 * @fmode:	Added to the file's mode.
 *
 * Context: Process context.
 * Return: 0; -EMFILE, -ENFILE, -ENOMEM.
 */
int kev_fd_prepare(struct kev_fd *fd, const char *name,
		   const struct file_operations *fops, int flags,
		   fmode_t fmode)
{
	fd->fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd->fd < 0)
		return fd->fd;

	fd->file = anon_inode_getfile(name, fops, NULL, flags | O_CLOEXEC);
	if (IS_ERR(fd->file)) {
		put_unused_fd(fd->fd);
		return PTR_ERR(fd->file);
	}
	fd->file->f_mode |= fmode;
	return 0;
}

/**
 * kev_fd_commit - Make a prepared fd visible
 * @fd:		Prepared.
 * @obj:	Its private data; the caller's reference is the file's now.
 *
 * Return: The fd's number.
 */
int kev_fd_commit(struct kev_fd *fd, void *obj)
{
	fd->file->private_data = obj;
	fd_install(fd->fd, fd->file);
	return fd->fd;
}

/**
 * kev_fd_abort - Undo kev_fd_prepare()
 * @fd:		Prepared.
 */
void kev_fd_abort(struct kev_fd *fd)
{
	put_unused_fd(fd->fd);
	fput(fd->file);
}

/* What the switches of the build decide; -1 for another capability. */
static int built_extension(struct kev_vm *vm, unsigned long cap)
{
	switch (cap) {
	case KVM_CAP_IRQFD:
		return IS_ENABLED(CONFIG_KVM_EVENTFD_IRQFD);
	case KVM_CAP_IRQ_ROUTING:
		if (!IS_ENABLED(CONFIG_KVM_EVENTFD_IRQ_ROUTING))
			return 0;
		return vm ? READ_ONCE(vm->max_routes) : KEV_MAX_IRQ_ROUTES;
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
 * @vm:		Asked on this VM, or NULL: on the node.
 * @cap:	KVM_CAP_* or KVM_EVENTFD_CAP_*.
 *
 * Return: As KVM_CHECK_EXTENSION; 0 for what is not offered.
 */
int kev_check_extension(struct kev_vm *vm, unsigned long cap)
{
	const struct kev_arch_ops *arch = vm ? vm->arch : &kev_default_machine;
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
		return !vm || vm->arch == &kev_lines_machine ? KEV_LINES : 0;
	case KVM_CAP_NR_VCPUS:
		return min(num_online_cpus(), kev_max_vcpus());
	case KVM_CAP_MAX_VCPUS:
		return kev_max_vcpus();
	case KVM_CAP_MAX_VCPU_ID:
		return kev_max_vcpu_ids();
	}

	value = built_extension(vm, cap);
	if (value < 0)
		value = arch->check_extension(vm, cap);
	return value < 0 ? 0 : value;
}

/**
 * kev_vm_enable_cap - KVM_ENABLE_CAP for what every machine has
 * @vm:		The VM.
 * @cap:	As the user gave it, flags checked.
 *
 * Context: Process context.
 * Return: 0; -EINVAL: unknown, or an argument out of range; -ENOMEM.
 */
int kev_vm_enable_cap(struct kev_vm *vm, const struct kvm_enable_cap *cap)
{
	if (IS_ENABLED(CONFIG_KVM_EVENTFD_IRQ_ROUTING) &&
	    cap->cap == KVM_EVENTFD_CAP_MAX_ROUTES)
		return kev_set_max_routes(vm, cap->args[0]);
	return -EINVAL;
}

/* The VM's fd */

static long vm_check_extension(void *obj, void *arg, unsigned long cap)
{
	return kev_check_extension(obj, cap);
}

static long vm_irqfd(void *obj, void *arg, unsigned long uarg)
{
	return kev_irqfd(obj, arg);
}

static long vm_ioeventfd(void *obj, void *arg, unsigned long uarg)
{
	return kev_ioeventfd(obj, arg);
}

static long vm_set_gsi_routing(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_irq_routing *args = arg;
	struct kvm_irq_routing __user *user = (void __user *)uarg;

	return kev_set_irq_routing(obj, user->entries, args->nr, args->flags);
}

static long vm_update_routes(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_eventfd_routes *args = arg;
	struct kvm_irq_routing __user *user = (void __user *)uarg;

	return kev_update_irq_routing(obj, user->entries, args->nr,
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
	return kev_irqfd_batch(obj, u64_to_user_ptr(args->entries), args->nr);
}

static long vm_ioeventfds(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_eventfd_batch *args = arg;

	if (!batch_is_valid(args))
		return -EINVAL;
	return kev_ioeventfd_batch(obj, u64_to_user_ptr(args->entries),
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
	KEV_IOCTL_END
};

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kev_vm *vm = file->private_data;
	long ret;

	if (unlikely(vm->mm != current->mm))
		return -EIO;

	ret = kev_ioctl_dispatch(vm_ioctls, vm, cmd, arg);
	if (ret == -ENOTTY)
		ret = kev_ioctl_dispatch(vm->arch->vm_ioctls, vm, cmd, arg);
	return ret;
}

static int vm_release(struct inode *inode, struct file *file)
{
	struct kev_vm *vm = file->private_data;

	if (vm) {
		kev_irqfds_release(vm);
		kev_vm_put(vm);
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
