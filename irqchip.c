// SPDX-License-Identifier: GPL-2.0
/*
 * GSI to route, pin to GSI, and the way back from an ack.
 *
 * Readers are in vm->irq_srcu: lookups, every delivery to the sink, and ack
 * callbacks.  A route is copied under vm->route_seq, since KVM_EVENTFD_UPDATE_ROUTES
 * replaces single ones in place.  Writers of the notifiers hold vm->irq_lock.
 *
 * Called by the node (IRQ_LINE), the chips (acks), eventfd.c (deliveries); calls
 * the sink's ops.  How a table is made and changed is routing.c's.
 */
#include <linux/export.h>
#include <linux/kvm_eventfd.h>
#include <linux/nospec.h>
#include <linux/seqlock.h>
#include <linux/srcu.h>

#include <kev/irqchip.h>
#include <kev/routing.h>
#include <kev/vm.h>

/**
 * kev_routing_deref - The table in force
 * @vm:		The VM.
 *
 * Context: Inside @vm's irq_srcu or under its irq_lock; any context.
 * Return: The table.
 */
struct kev_routing *kev_routing_deref(struct kev_vm *vm)
{
	return srcu_dereference_check(vm->routing, &vm->irq_srcu,
				      lockdep_is_held(&vm->irq_lock));
}

/**
 * kev_routing_slot - The slot of a GSI
 * @table:	A table.
 * @gsi:	Any number.
 *
 * Return: The slot, whose type may be 0; or NULL.
 */
const struct kev_route *kev_routing_slot(const struct kev_routing *table,
					 u32 gsi)
{
	const struct kev_route_page *page;
	u32 i = gsi / KEV_ROUTES_PER_PAGE;

	if (i >= table->nr_pages)
		return NULL;

	page = READ_ONCE(table->page[array_index_nospec(i, table->nr_pages)]);
	return page ? &page->route[gsi % KEV_ROUTES_PER_PAGE] : NULL;
}

/**
 * kev_route_read - Copy the route in force of a GSI
 * @vm:		The VM.
 * @gsi:	Any number.
 * @route:	Filled when there is one.
 *
 * Context: Inside @vm's irq_srcu or under its irq_lock; any but hard irq.
 * Return: True when the GSI is routed.
 */
bool kev_route_read(struct kev_vm *vm, u32 gsi, struct kev_route *route)
{
	const struct kev_route *slot;
	unsigned int seq;

	slot = kev_routing_slot(kev_routing_deref(vm), gsi);
	if (!slot)
		return false;

	do {
		seq = read_seqcount_begin(&vm->route_seq);
		*route = *slot;
	} while (read_seqcount_retry(&vm->route_seq, seq));

	return route->type;
}

/**
 * kev_irq_map_gsi - Copy the route of a GSI
 * @vm:		The VM.
 * @gsi:	Any number.
 * @route:	Filled when there is one.
 *
 * Context: Any but hard irq.
 * Return: True when the GSI is routed.
 */
bool kev_irq_map_gsi(struct kev_vm *vm, u32 gsi, struct kev_route *route)
{
	bool found;
	int idx;

	idx = srcu_read_lock(&vm->irq_srcu);
	found = kev_route_read(vm, gsi, route);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return found;
}
EXPORT_SYMBOL_GPL(kev_irq_map_gsi);

static int routing_chip_gsi(struct kev_vm *vm, unsigned int chip,
			    unsigned int pin)
{
	if (chip >= KEV_NR_IRQCHIPS || pin >= KEV_IRQCHIP_PINS)
		return -1;

	chip = array_index_nospec(chip, KEV_NR_IRQCHIPS);
	pin = array_index_nospec(pin, KEV_IRQCHIP_PINS);
	return READ_ONCE(kev_routing_deref(vm)->chip_gsi[chip][pin]);
}

/**
 * kev_irq_map_chip_pin - The GSI that is wired to a chip's pin
 * @vm:		The VM.
 * @chip:	KVM_IRQCHIP_*.
 * @pin:	Input of that chip.
 *
 * Context: Any.
 * Return: The last GSI routed there, or -1.
 */
int kev_irq_map_chip_pin(struct kev_vm *vm, unsigned int chip,
			 unsigned int pin)
{
	int gsi;
	int idx;

	idx = srcu_read_lock(&vm->irq_srcu);
	gsi = routing_chip_gsi(vm, chip, pin);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return gsi;
}
EXPORT_SYMBOL_GPL(kev_irq_map_chip_pin);

/**
 * kev_set_irq - Change an interrupt input
 * @vm:		The VM.
 * @gsi:	Any number; one without a route is ignored.
 * @irq:	Who, and what to.
 *
 * Context: Process context.
 * Return: A positive number of CPUs that took it, 0 when it was coalesced,
 *	   negative when it was ignored.
 */
int kev_set_irq(struct kev_vm *vm, u32 gsi, const struct kev_irq *irq)
{
	struct kev_route route;
	int ret = -1;
	int idx;

	idx = srcu_read_lock(&vm->irq_srcu);
	if (kev_route_read(vm, gsi, &route))
		ret = vm->ops->deliver(vm, &route, irq);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return ret;
}
EXPORT_SYMBOL_GPL(kev_set_irq);

/* Ack notifiers */

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
	gsi = routing_chip_gsi(vm, chip, pin);
	if (gsi >= 0)
		found = notifier_first(vm, gsi);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return found;
}
EXPORT_SYMBOL_GPL(kev_irq_has_notifier);

/**
 * kev_notify_acked_gsi - Tell those who wait that a GSI was acked
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
	synchronize_srcu_expedited(&vm->irq_srcu);
}
EXPORT_SYMBOL_GPL(kev_unregister_irq_ack_notifier);
