// SPDX-License-Identifier: GPL-2.0
/*
 * Resampling: a device's line stays up until the guest acks it, and then the
 * device is asked.
 *
 * All irqfds with a resamplefd on one GSI share a resampler, which is an ack
 * notifier: an ack lowers the line once, then signals every resamplefd.
 *
 * eventfd.c joins and leaves; ack.c (acks) and ioapic.c (unmask) call back.
 * Owns resampler_lock.  No grace period is waited for here: irqfds that end
 * together wait for one.
 */
#include <linux/eventfd.h>
#include <linux/kvm_eventfd.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include <kev/base/compat.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/resampler.h>
#include <kev/plane/vm.h>

/**
 * struct kev_resampler - What the irqfds with a resamplefd on one GSI share
 * @notifier:	Its GSI's acks.
 * @vm:		Owner.
 * @members:	Their &struct kev_resample.  Under resampler_lock, read under
 *		irq_srcu.
 */
struct kev_resampler {
	struct kev_irq_ack_notifier notifier;
	struct kev_vm *vm;
	struct list_head members;
};

/* Tell every device on the line.  Inside irq_srcu. */
static void resampler_notify(struct kev_resampler *resampler)
{
	struct kev_resample *resample;

	list_for_each_entry_srcu(resample, &resampler->members, node,
				 srcu_read_lock_held(&resampler->vm->irq_srcu))
		kev_eventfd_signal(resample->eventfd);
}

/* The guest acked: lower the line once, then tell every device on it. */
static void resampler_ack(struct kev_irq_ack_notifier *notifier)
{
	static const struct kev_irq irq = { .source = KEV_IRQ_SOURCE_RESAMPLE };
	struct kev_resampler *resampler;
	struct kev_vm *vm;
	int idx;

	resampler = container_of(notifier, struct kev_resampler, notifier);
	vm = resampler->vm;
	kev_set_irq(vm, notifier->gsi, &irq);

	idx = srcu_read_lock(&vm->irq_srcu);
	resampler_notify(resampler);
	srcu_read_unlock(&vm->irq_srcu, idx);
}

/**
 * kev_notify_irqfd_resampler - A pin was unmasked with its request standing
 * @vm:		The VM.
 * @chip:	KVM_IRQCHIP_*.
 * @pin:	Input of that chip.
 *
 * Asks the devices to raise the line again if they still want to.  The line
 * itself stays as it is, for this is no ack.
 *
 * Context: Any but the wakeup of an eventfd, which may not signal another.
 * Return: True when there is such a device.
 */
bool kev_notify_irqfd_resampler(struct kev_vm *vm, unsigned int chip,
				unsigned int pin)
{
	struct kev_resampler *resampler = NULL;
	int gsi;
	int idx;

	idx = srcu_read_lock(&vm->irq_srcu);
	gsi = kev_irq_map_chip_pin(vm, chip, pin);
	if (gsi >= 0)
		resampler = xa_load(&vm->irqfds.resamplers, gsi);
	if (resampler)
		resampler_notify(resampler);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return resampler;
}
EXPORT_SYMBOL_GPL(kev_notify_irqfd_resampler);

static struct kev_resampler *resampler_create(struct kev_vm *vm, u32 gsi)
{
	struct kev_resampler *resampler;
	int ret;

	resampler = kzalloc(sizeof(*resampler), GFP_KERNEL_ACCOUNT);
	if (!resampler)
		return ERR_PTR(-ENOMEM);
	resampler->vm = vm;
	resampler->notifier.gsi = gsi;
	resampler->notifier.irq_acked = resampler_ack;
	INIT_LIST_HEAD(&resampler->members);

	/* Once it can be found it can be in use, so nothing may fail then. */
	ret = xa_reserve(&vm->irqfds.resamplers, gsi, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto free;
	ret = kev_register_irq_ack_notifier(vm, &resampler->notifier);
	if (ret)
		goto release;
	xa_store(&vm->irqfds.resamplers, gsi, resampler, GFP_KERNEL_ACCOUNT);
	return resampler;

release:
	xa_release(&vm->irqfds.resamplers, gsi);
free:
	kfree(resampler);
	return ERR_PTR(ret);
}

/**
 * kev_resampler_join - Let an irqfd be told of acks
 * @vm:		The VM.
 * @gsi:	Of the irqfd.
 * @resample:	The irqfd's part, with its eventfd set.
 *
 * Context: Process context; takes resampler_lock.
 * Return: 0 or -ENOMEM.
 */
int kev_resampler_join(struct kev_vm *vm, u32 gsi,
		       struct kev_resample *resample)
{
	struct kev_irqfds *irqfds = &vm->irqfds;
	struct kev_resampler *resampler;
	int ret = 0;

	mutex_lock(&irqfds->resampler_lock);
	resampler = xa_load(&irqfds->resamplers, gsi);
	if (!resampler)
		resampler = resampler_create(vm, gsi);
	if (IS_ERR(resampler)) {
		ret = PTR_ERR(resampler);
	} else {
		resample->resampler = resampler;
		list_add_rcu(&resample->node, &resampler->members);
	}
	mutex_unlock(&irqfds->resampler_lock);

	return ret;
}

/**
 * kev_resampler_leave - First half of leaving
 * @vm:		The VM.
 * @gsi:	Of the irqfd.
 * @resample:	The irqfd's part; may be of one that has none.
 *
 * Unlinks, and lowers the line behind the last one.  Before freeing, the caller
 * waits for a grace period of irq_srcu, with no lock held.  Then it also frees
 * @resample->resampler, which is NULL unless this was the last one.
 *
 * Context: Process context; takes resampler_lock, irqfds.mutex may be held.
 * Return: True when there is something to wait for.
 */
bool kev_resampler_leave(struct kev_vm *vm, u32 gsi,
			 struct kev_resample *resample)
{
	static const struct kev_irq irq = { .source = KEV_IRQ_SOURCE_RESAMPLE };
	struct kev_resampler *resampler = resample->resampler;

	if (!resampler)
		return false;

	mutex_lock(&vm->irqfds.resampler_lock);
	list_del_rcu(&resample->node);
	if (list_empty(&resampler->members)) {
		xa_erase(&vm->irqfds.resamplers, gsi);
		kev_ack_notifier_unlink(vm, &resampler->notifier);
		kev_set_irq(vm, gsi, &irq);
	} else {
		resample->resampler = NULL;
	}
	mutex_unlock(&vm->irqfds.resampler_lock);

	return true;
}

/**
 * kev_resamplers_init - No resamplers
 * @vm:		A VM that is being created.
 */
void kev_resamplers_init(struct kev_vm *vm)
{
	static struct lock_class_key resamplers_key;
	struct kev_irqfds *irqfds = &vm->irqfds;

	xa_init_flags(&irqfds->resamplers, XA_FLAGS_ACCOUNT);
	/* Never taken inside a wait-queue lock. */
	lockdep_set_class(&irqfds->resamplers.xa_lock, &resamplers_key);
	mutex_init(&irqfds->resampler_lock);
}
