/* SPDX-License-Identifier: GPL-2.0 */
/* The routing table itself: for irqchip.c, which reads it, and routing.c. */
#ifndef _KEV_ROUTING_H
#define _KEV_ROUTING_H

#include <linux/kvm_eventfd.h>
#include <linux/nospec.h>
#include <linux/srcu.h>

#include <kev/vm.h>

#define KEV_ROUTES_PER_PAGE	128

/**
 * struct kev_route_page - The routes of consecutive GSIs
 * @route:	By GSI modulo KEV_ROUTES_PER_PAGE; type 0 where none is.
 */
struct kev_route_page {
	struct kev_route route[KEV_ROUTES_PER_PAGE];
};

/**
 * struct kev_routing - One generation of the table
 * @stale:	On vm->stale, when nothing had to wait for its end.
 * @vm:		Whose, once it is on that list.
 * @nr_pins:	Of each chip that can be acked.
 * @pin_gsi:	Chip and pin to the last GSI routed there, or -1: @nr_pins for
 *		each chip.
 * @max_routes:	Limit of GSIs when it was made.
 * @nr_pages:	Of @page.
 * @page:	By GSI divided by KEV_ROUTES_PER_PAGE; NULL where none is routed.
 *
 * Set as a whole by publishing another.  Changed in place under irq_lock: a page
 * is added, a route is replaced under vm->route_seq, a GSI in @pin_gsi by one store.
 */
struct kev_routing {
	struct kev_stale stale;
	struct kev_vm *vm;
	unsigned int nr_pins;
	s32 *pin_gsi;
	unsigned int max_routes;
	unsigned int nr_pages;
	struct kev_route_page *page[];
};

/**
 * kev_routing_deref - The table in force
 * @vm:		The VM.
 *
 * Context: Inside @vm's irq_srcu or under its irq_lock; any context.
 * Return: The table.
 */
static inline struct kev_routing *kev_routing_deref(struct kev_vm *vm)
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
static inline const struct kev_route *
kev_routing_slot(const struct kev_routing *table, u32 gsi)
{
	const struct kev_route_page *page;
	u32 i = gsi / KEV_ROUTES_PER_PAGE;

	if (i >= table->nr_pages)
		return NULL;

	page = READ_ONCE(table->page[array_index_nospec(i, table->nr_pages)]);
	return page ? &page->route[gsi % KEV_ROUTES_PER_PAGE] : NULL;
}

s32 *kev_routing_pin(struct kev_routing *table, unsigned int chip,
		     unsigned int pin);

#endif /* _KEV_ROUTING_H */
