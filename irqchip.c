// SPDX-License-Identifier: GPL-2.0
/*
 * GSI to route, and pin to GSI.
 *
 * Readers are in vm->irq_srcu: lookups, and every delivery to the sink.  A route
 * is copied under vm->route_seq, since KVM_EVENTFD_UPDATE_ROUTES replaces single
 * ones in place.
 *
 * Called by the machines (IRQ_LINE, the PIT), plane/ack.c (which GSI is a pin?),
 * eventfd.c and plane/resampler.c; calls the sink's ops.  plane/routing*.c make and
 * change the table.  A build without KVM_EVENTFD_IRQ_ROUTING has plane/direct.c in
 * place of all of them.
 */
#include <linux/export.h>
#include <linux/kvm_eventfd.h>
#include <linux/nospec.h>
#include <linux/seqlock.h>
#include <linux/srcu.h>

#include <kev/plane/irqchip.h>
#include <kev/plane/routing.h>
#include <kev/plane/vm.h>

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

/**
 * kev_routing_pin - What a table knows of a pin
 * @table:	A table.
 * @chip:	Any number.
 * @nr:		Any number.
 *
 * Return: The pin; NULL for one that no one can ack.
 */
struct kev_pin *kev_routing_pin(struct kev_routing *table, unsigned int chip,
				unsigned int nr)
{
	if (chip >= KEV_NR_IRQCHIPS || nr >= table->nr_pins)
		return NULL;

	chip = array_index_nospec(chip, KEV_NR_IRQCHIPS);
	nr = array_index_nospec(nr, table->nr_pins);
	return &table->pin[chip * table->nr_pins + nr];
}

/**
 * kev_chip_gsi - kev_irq_map_chip_pin() inside @vm's irq_srcu
 * @vm:		The VM.
 * @chip:	KVM_IRQCHIP_*.
 * @pin:	Input of that chip.
 *
 * Context: Any.
 * Return: The last GSI routed there, or -1.
 */
int kev_chip_gsi(struct kev_vm *vm, unsigned int chip, unsigned int pin)
{
	const struct kev_pin *p = kev_routing_pin(kev_routing_deref(vm), chip,
						  pin);

	return p ? (int)READ_ONCE(p->owner) - 1 : -1;
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
	gsi = kev_chip_gsi(vm, chip, pin);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return gsi;
}
EXPORT_SYMBOL_GPL(kev_irq_map_chip_pin);

/**
 * kev_set_irq - Change an interrupt input
 * @vm:		The VM.
 * @gsi:	Any number; one without a route is ignored.
 * @irq:	The source, and what it changes the input to.
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
		ret = vm->ops->deliver(vm->sink, &route, irq);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return ret;
}
EXPORT_SYMBOL_GPL(kev_set_irq);
