// SPDX-License-Identifier: GPL-2.0
/*
 * The way back from an ack: the notifiers that hear that the guest acked an interrupt.
 *
 * Callbacks run in vm->irq_srcu, with no chip lock held.  Writers hold
 * vm->irq_lock.
 *
 * Called by the sinks (acks), and by resampler.c and the PIT, which register
 * notifiers.  Built only where a sink acks and something listens:
 * KVM_EVENTFD_ACK_NOTIFIER.
 */
#include <linux/export.h>
#include <linux/kvm_eventfd.h>
#include <linux/srcu.h>
#include <linux/xarray.h>

#include <kev/plane/irqchip.h>
#include <kev/plane/vm.h>

static struct kev_irq_ack_notifier *notifier_first(struct kev_vm *vm, u32 gsi)
{
	return xa_load(&vm->ack_notifiers, gsi);
}

/**
 * kev_irq_has_notifier - Does anyone wait for this pin's ack?
 * @vm:		The VM.
 * @chip:	KVM_IRQCHIP_*.
 * @pin:	Input of that chip.
 *
 * Context: Any; chip locks may be held.
 * Return: True when an ack of that pin would call someone.
 */
bool kev_irq_has_notifier(struct kev_vm *vm, unsigned int chip,
			  unsigned int pin)
{
	bool found = false;
	int gsi;
	int idx;

	idx = srcu_read_lock(&vm->irq_srcu);
	gsi = kev_chip_gsi(vm, chip, pin);
	if (gsi >= 0)
		found = notifier_first(vm, gsi);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return found;
}
EXPORT_SYMBOL_GPL(kev_irq_has_notifier);

/**
 * kev_notify_acked_gsi - Call the notifiers of a GSI that was acked
 * @vm:		The VM.
 * @gsi:	Any number.
 *
 * Context: No chip lock may be held, for a callback may assert again; never
 *	    from the wakeup of an eventfd, which may not signal another.
 */
void kev_notify_acked_gsi(struct kev_vm *vm, u32 gsi)
{
	struct kev_irq_ack_notifier *notifier;
	int idx;

	idx = srcu_read_lock(&vm->irq_srcu);
	notifier = notifier_first(vm, gsi);
	while (notifier) {
		notifier->irq_acked(notifier);
		notifier = srcu_dereference(notifier->next, &vm->irq_srcu);
	}
	srcu_read_unlock(&vm->irq_srcu, idx);
}
EXPORT_SYMBOL_GPL(kev_notify_acked_gsi);

/**
 * kev_notify_acked_irq - The guest acked a chip's pin
 * @vm:		The VM.
 * @chip:	KVM_IRQCHIP_*.
 * @pin:	Input of that chip.
 *
 * Context: As kev_notify_acked_gsi().
 */
void kev_notify_acked_irq(struct kev_vm *vm, unsigned int chip,
			  unsigned int pin)
{
	int gsi;

	gsi = kev_irq_map_chip_pin(vm, chip, pin);
	if (gsi >= 0)
		kev_notify_acked_gsi(vm, gsi);
}
EXPORT_SYMBOL_GPL(kev_notify_acked_irq);

/**
 * kev_register_irq_ack_notifier - Ask to be told of acks
 * @vm:		The VM.
 * @notifier:	With its GSI and callback set.
 *
 * Context: Process context; takes irq_lock.
 * Return: 0 or -ENOMEM.
 */
int kev_register_irq_ack_notifier(struct kev_vm *vm,
				  struct kev_irq_ack_notifier *notifier)
{
	int ret;

	mutex_lock(&vm->irq_lock);
	RCU_INIT_POINTER(notifier->next, notifier_first(vm, notifier->gsi));
	ret = xa_err(xa_store(&vm->ack_notifiers, notifier->gsi, notifier,
			      GFP_KERNEL_ACCOUNT));
	WRITE_ONCE(vm->ack_seq, vm->ack_seq + 1);
	mutex_unlock(&vm->irq_lock);

	return ret;
}
EXPORT_SYMBOL_GPL(kev_register_irq_ack_notifier);

/**
 * kev_irq_ack_seq - What a look at kev_irq_has_notifier() is current with
 * @vm:		The VM.
 *
 * Context: Any.
 * Return: A number that changes when a notifier comes or goes.
 */
u32 kev_irq_ack_seq(const struct kev_vm *vm)
{
	return READ_ONCE(vm->ack_seq);
}
EXPORT_SYMBOL_GPL(kev_irq_ack_seq);

/**
 * kev_ack_notifier_unlink - First half of kev_unregister_irq_ack_notifier()
 * @vm:		The VM.
 * @notifier:	A registered one.  Its callback may still be running: wait for
 *		a grace period of irq_srcu before freeing it.
 *
 * Context: Process context; takes irq_lock.
 */
void kev_ack_notifier_unlink(struct kev_vm *vm,
			     struct kev_irq_ack_notifier *notifier)
{
	struct kev_irq_ack_notifier *next;
	struct kev_irq_ack_notifier *prev;

	mutex_lock(&vm->irq_lock);
	next = rcu_dereference_protected(notifier->next,
					 lockdep_is_held(&vm->irq_lock));
	prev = notifier_first(vm, notifier->gsi);
	if (prev == notifier) {
		/* Storing over an entry and erasing it allocate nothing. */
		if (next)
			xa_store(&vm->ack_notifiers, notifier->gsi, next,
				 GFP_KERNEL_ACCOUNT);
		else
			xa_erase(&vm->ack_notifiers, notifier->gsi);
	} else {
		while (rcu_access_pointer(prev->next) != notifier)
			prev = rcu_dereference_protected(prev->next,
							 lockdep_is_held(&vm->irq_lock));
		rcu_assign_pointer(prev->next, next);
	}
	WRITE_ONCE(vm->ack_seq, vm->ack_seq + 1);
	mutex_unlock(&vm->irq_lock);
}

/**
 * kev_unregister_irq_ack_notifier - No callback runs once this returns
 * @vm:		The VM.
 * @notifier:	A registered one.
 *
 * Context: Process context; waits for a grace period, so no lock may be held
 *	    that a callback wants.
 */
void kev_unregister_irq_ack_notifier(struct kev_vm *vm,
				     struct kev_irq_ack_notifier *notifier)
{
	kev_ack_notifier_unlink(vm, notifier);
	kev_irq_synchronize(vm);
}
EXPORT_SYMBOL_GPL(kev_unregister_irq_ack_notifier);

/**
 * kev_acks_init - Nobody waits for an ack
 * @vm:		A VM that is being created.
 */
void kev_acks_init(struct kev_vm *vm)
{
	xa_init_flags(&vm->ack_notifiers, XA_FLAGS_ACCOUNT);
}

/**
 * kev_acks_destroy - Nobody may wait any more
 * @vm:		A VM that nobody uses.
 */
void kev_acks_destroy(struct kev_vm *vm)
{
	WARN_ON_ONCE(!xa_empty(&vm->ack_notifiers));
	xa_destroy(&vm->ack_notifiers);
}
