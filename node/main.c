// SPDX-License-Identifier: GPL-2.0
/*
 * The node: /dev/kvm-eventfd, its ioctls, and the module's birth and end.
 *
 * Opening the node gives a system fd, which creates VMs (vm_fd.c).
 */
#define pr_fmt(fmt) "kvm-eventfd: " fmt

#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <uapi/linux/kvm_eventfd.h>

#include <kev/base/limits.h>
#include <kev/base/quota.h>
#include <kev/machine/ioctl.h>
#include <kev/machine/machine.h>
#include <kev/node/file.h>
#include <kev/node/vm_fd.h>

/* KVM's ioctls on /dev/kvm have numbers below this. */
#define NODE_IOCTLS	0x10

/*
 * A number of the range for local use: the name of a module that makes the
 * node when it is loaded can be known before only with a fixed one.
 */
#define NODE_MINOR	247

/* The machine that a type of KVM_CREATE_VM stands for, or NULL. */
static const struct kev_machine_ops *node_machine(unsigned long type)
{
	switch (type) {
	case 0:
		return &kev_default_machine;
	case KVM_EVENTFD_VM_LINES:
		return &kev_lines_machine;
	default:
		return NULL;
	}
}

/* A machine that is counted for the caller's user, or an ERR_PTR(). */
static struct kev_machine *create_counted(const struct kev_machine_ops *ops)
{
	struct kev_machine *machine;
	struct kev_quota quota;
	int ret;

	ret = kev_quota_add_vm(&quota);
	if (ret)
		return ERR_PTR(ret);

	machine = kev_machine_create(ops, current->mm);
	if (IS_ERR(machine))
		kev_quota_remove_vm(&quota);
	else
		machine->quota = quota;
	return machine;
}

static long node_create_vm(void *obj, void *arg, unsigned long type)
{
	const struct kev_machine_ops *ops = node_machine(type);
	struct kev_machine *machine;
	struct kev_fd fd;
	int ret;

	ret = kev_fd_prepare(&fd, "kvm-eventfd-vm", &kev_vm_fops, O_RDWR, 0);
	if (ret)
		return ret;

	if (!ops) {
		kev_fd_abort(&fd);
		return -EINVAL;
	}
	machine = create_counted(ops);
	if (IS_ERR(machine)) {
		kev_fd_abort(&fd);
		return PTR_ERR(machine);
	}
	return kev_fd_commit(&fd, machine);
}

static long node_api_version(void *obj, void *arg, unsigned long uarg)
{
	return uarg ? -EINVAL : KVM_API_VERSION;
}

static long node_vcpu_mmap_size(void *obj, void *arg, unsigned long uarg)
{
	return uarg ? -EINVAL : KEV_VCPU_PAGES * PAGE_SIZE;
}

static long node_check_extension(void *obj, void *arg, unsigned long cap)
{
	return kev_check_extension(NULL, cap);
}

static const struct kev_ioctl node_ioctls[] = {
	KEV_IOCTL(KVM_GET_API_VERSION,		0, node_api_version),
	KEV_IOCTL(KVM_CREATE_VM,		0, node_create_vm),
	KEV_IOCTL(KVM_CHECK_EXTENSION,		0, node_check_extension),
	KEV_IOCTL(KVM_GET_VCPU_MMAP_SIZE,	0, node_vcpu_mmap_size),
	KEV_IOCTL_END
};

static long node_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	ret = kev_ioctl_dispatch(node_ioctls, NULL, cmd, arg);
	if (ret == -ENOTTY)
		ret = kev_ioctl_dispatch(kev_default_machine.node_ioctls, NULL,
					 cmd, arg);
	/* KVM's own that are not here are ENOTTY; others EINVAL, as in KVM. */
	if (ret == -ENOTTY &&
	    (_IOC_TYPE(cmd) != KVMIO || _IOC_NR(cmd) >= NODE_IOCTLS))
		ret = -EINVAL;
	return ret;
}

static const struct file_operations node_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= node_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice node = {
	.minor	= NODE_MINOR,
	.name	= "kvm-eventfd",
	.fops	= &node_fops,
	.mode	= 0660,
};

static int __init node_register(void)
{
	int ret;

	ret = misc_register(&node);
	if (ret == -EBUSY) {
		node.minor = MISC_DYNAMIC_MINOR;
		ret = misc_register(&node);
	}
	if (ret)
		pr_err("cannot register the node: %d\n", ret);
	return ret;
}

static int __init kev_init(void)
{
	return node_register();
}

/* Every fd holds the module, so no VM is left. */
static void __exit kev_exit(void)
{
	misc_deregister(&node);
}

module_init(kev_init);
module_exit(kev_exit);

MODULE_DESCRIPTION("KVM's eventfd plane without a hypervisor");
MODULE_AUTHOR("The kvm-eventfd authors");
MODULE_LICENSE("GPL");
MODULE_ALIAS_MISCDEV(NODE_MINOR);
MODULE_ALIAS("devname:kvm-eventfd");
