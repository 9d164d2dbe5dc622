// SPDX-License-Identifier: GPL-2.0
/*
 * A hypervisor driver that uses the eventfd plane as a library: the smallest
 * that is complete.
 *
 * Each open of /dev/kev-example is a VM.  Its interrupt controller has 24
 * inputs: an MSI's data is the number of one, and chip 0 has them as pins.
 * KVM_IRQFD, KVM_IOEVENTFD and KVM_SET_GSI_ROUTING are the plane's.  pwrite()
 * stands for the exit path: the guest wrote to that physical address.  read()
 * takes the inputs that are up, as a mask of 32 bits.  EXAMPLE_EOI stands for
 * the EOI path.
 */
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#define EXAMPLE_INPUTS	24
#define EXAMPLE_EOI	_IO(0xAE, 0xf0)	/* argument: the input */

/**
 * struct example - The interrupt controller, which is the sink
 * @vm:		The plane that delivers to it.  Immutable.
 * @lock:	Protects @requested and @sources.  Irq-safe: an MSI may come
 *		from the wakeup of an eventfd.
 * @waiters:	Those that poll().  Woken by the plane: a wake_up() in a delivery
 *		could come back into it.
 * @requested:	Inputs that rose since they were taken.
 * @sources:	Who holds each input up, KEV_IRQ_SOURCE_*.
 */
struct example {
	struct kev_vm *vm;
	/* Innermost: nothing is called with it held. */
	spinlock_t lock;
	struct kev_waitqueue waiters;
	u32 requested;
	unsigned long sources[EXAMPLE_INPUTS];
};

/* The sink */

/* Every input reports EOIs, so a resamplefd is always welcome. */
static int example_irqfd_allowed(void *sink, bool resample)
{
	return 0;
}

static int example_routing_allowed(void *sink)
{
	return 0;
}

static int example_set_route(void *sink,
			     const struct kvm_irq_routing_entry *ue,
			     struct kev_route *route)
{
	if (ue->flags)
		return -EINVAL;

	switch (ue->type) {
	case KVM_IRQ_ROUTING_MSI:
		if (ue->u.msi.data >= EXAMPLE_INPUTS)
			return -EINVAL;
		route->msi.data = ue->u.msi.data;
		return 0;
	case KVM_IRQ_ROUTING_IRQCHIP:
		if (ue->u.irqchip.irqchip || ue->u.irqchip.pin >= EXAMPLE_INPUTS)
			return -EINVAL;
		route->chips = 1;
		route->pin[0] = ue->u.irqchip.pin;
		return 0;
	default:
		return -EINVAL;
	}
}

static int example_change(struct example *ex, u32 input, unsigned int source,
			  bool level)
{
	unsigned long flags;
	bool was_up;

	input = array_index_nospec(input, EXAMPLE_INPUTS);
	spin_lock_irqsave(&ex->lock, flags);
	was_up = ex->requested & BIT(input);
	if (level) {
		ex->sources[input] |= BIT(source);
		ex->requested |= BIT(input);
	} else {
		ex->sources[input] &= ~BIT(source);
	}
	spin_unlock_irqrestore(&ex->lock, flags);

	if (level)
		kev_waitqueue_wake(ex->vm, &ex->waiters);
	return level && was_up ? 0 : 1;
}

static int example_deliver_msi(struct example *ex, const struct kev_route *route,
			       const struct kev_irq *irq)
{
	int ret;

	if (!irq->level)
		return -1;

	ret = example_change(ex, route->msi.data, irq->source, true);
	example_change(ex, route->msi.data, irq->source, false);
	return ret;
}

/* A line needs its falling edge too, which only process context brings. */
static int example_deliver_atomic(void *sink, const struct kev_route *route,
				  const struct kev_irq *irq)
{
	if (route->type != KVM_IRQ_ROUTING_MSI)
		return -EWOULDBLOCK;
	return example_deliver_msi(sink, route, irq);
}

static int example_deliver(void *sink, const struct kev_route *route,
			   const struct kev_irq *irq)
{
	if (route->type == KVM_IRQ_ROUTING_MSI)
		return example_deliver_msi(sink, route, irq);
	return example_change(sink, route->pin[0], irq->source, irq->level);
}

static void example_release(void *sink)
{
	struct example *ex = sink;

	kev_waitqueue_destroy(ex->vm, &ex->waiters);
	kfree(ex);
}

static const struct kev_sink_ops example_sink = {
	.irqfd_allowed		= example_irqfd_allowed,
	.routing_allowed	= example_routing_allowed,
	.set_route		= example_set_route,
	.deliver_atomic		= example_deliver_atomic,
	.deliver		= example_deliver,
	.release		= example_release,
};

/* The file */

static int example_open(struct inode *inode, struct file *file)
{
	struct example *ex;
	struct kev_vm *vm;

	ex = kzalloc(sizeof(*ex), GFP_KERNEL_ACCOUNT);
	if (!ex)
		return -ENOMEM;
	spin_lock_init(&ex->lock);
	kev_waitqueue_init(&ex->waiters);

	vm = kev_vm_create(&example_sink, ex);
	if (IS_ERR(vm)) {
		kfree(ex);
		return PTR_ERR(vm);
	}
	ex->vm = vm;
	file->private_data = ex;
	return 0;
}

/* Ends the irqfds, the ioeventfds and the sink. */
static int example_close(struct inode *inode, struct file *file)
{
	struct example *ex = file->private_data;

	kev_vm_destroy(ex->vm);
	return 0;
}

static long example_irqfd(struct kev_vm *vm, void __user *user)
{
	struct kvm_irqfd args;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	return kev_irqfd(vm, &args);
}

static long example_ioeventfd(struct kev_vm *vm, void __user *user)
{
	struct kvm_ioeventfd args;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	return kev_ioeventfd(vm, &args);
}

static long example_routing(struct kev_vm *vm,
			    struct kvm_irq_routing __user *user)
{
	struct kvm_irq_routing args;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	return kev_set_irq_routing(vm, user->entries, args.nr, args.flags);
}

static long example_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct example *ex = file->private_data;
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case KVM_IRQFD:
		return example_irqfd(ex->vm, user);
	case KVM_IOEVENTFD:
		return example_ioeventfd(ex->vm, user);
	case KVM_SET_GSI_ROUTING:
		return example_routing(ex->vm, user);
	case EXAMPLE_EOI:
		if (arg >= EXAMPLE_INPUTS)
			return -EINVAL;
		kev_notify_acked_irq(ex->vm, 0, arg);
		return 0;
	default:
		return -ENOTTY;
	}
}

/* The exit path: -EOPNOTSUPP is for the device model in user space. */
static ssize_t example_write(struct file *file, const char __user *buf,
			     size_t len, loff_t *off)
{
	struct example *ex = file->private_data;
	u64 val = 0;
	int ret;

	if (!len || len > sizeof(val))
		return -EINVAL;
	if (copy_from_user(&val, buf, len))
		return -EFAULT;

	ret = kev_bus_write(ex->vm, KEV_BUS_MMIO, *off, len, &val);
	return ret ? ret : len;
}

static u32 example_take(struct example *ex)
{
	unsigned long flags;
	unsigned int input;
	u32 up;

	spin_lock_irqsave(&ex->lock, flags);
	up = ex->requested;
	for (input = 0; input < EXAMPLE_INPUTS; input++)
		if (ex->sources[input])
			up |= BIT(input);
	ex->requested = 0;
	spin_unlock_irqrestore(&ex->lock, flags);

	return up;
}

static ssize_t example_read(struct file *file, char __user *buf, size_t len,
			    loff_t *off)
{
	u32 up;

	if (len != sizeof(up))
		return -EINVAL;
	if (clear_user(buf, len))
		return -EFAULT;
	up = example_take(file->private_data);
	return copy_to_user(buf, &up, sizeof(up)) ? -EFAULT : len;
}

static __poll_t example_poll(struct file *file, poll_table *wait)
{
	struct example *ex = file->private_data;

	kev_poll_wait(file, &ex->waiters, wait);
	return READ_ONCE(ex->requested) ? EPOLLIN : 0;
}

static const struct file_operations example_fops = {
	.owner		= THIS_MODULE,
	.open		= example_open,
	.release	= example_close,
	.unlocked_ioctl	= example_ioctl,
	.write		= example_write,
	.read		= example_read,
	.poll		= example_poll,
	.llseek		= noop_llseek,
};

static struct miscdevice example_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "kev-example",
	.fops	= &example_fops,
};

module_misc_device(example_misc);

MODULE_DESCRIPTION("Example of a driver on the eventfd plane");
MODULE_LICENSE("GPL");
