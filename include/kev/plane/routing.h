/* SPDX-License-Identifier: GPL-2.0 */
/* The table of GSI routes: for irqchip.c, which reads it, and for routing*.c. */
#ifndef _KEV_ROUTING_H
#define _KEV_ROUTING_H

#include <linux/kvm_eventfd.h>
#include <linux/nospec.h>
#include <linux/srcu.h>

#include <kev/plane/vm.h>

#define KEV_ROUTES_PER_PAGE	128

/**
 * struct kev_route_page - The routes of consecutive GSIs
 * @route:	By GSI modulo KEV_ROUTES_PER_PAGE; type 0 where none is.
 */
struct kev_route_page {
	struct kev_route route[KEV_ROUTES_PER_PAGE];
};

/**
 * struct kev_pin - An input of a chip
 * @owner:	The GSI that its acks go to, which is the last that was wired to it,
 *		plus 1; 0 when there is none.  Read without a lock.
 * @users:	GSIs that are wired to it.
 * @orphan:	@owner left it, and its next one is not found yet.
 */
struct kev_pin {
	u32 owner;
	u32 users : 31;
	u32 orphan : 1;
};

/**
 * struct kev_routing - One generation of the table
 * @nr_pins:	Of each chip that can be acked.
 * @nr_orphans:	Pins that are orphans; 0 but during an update.
 * @pin:	By chip and number: @nr_pins for each chip.
 * @max_routes:	Limit of GSIs when it was made.
 * @nr_pages:	Of @page.
 * @page:	By GSI divided by KEV_ROUTES_PER_PAGE; NULL where none is routed.
 *
 * Set as a whole by publishing another.  Changed in place under irq_lock: a page
 * is added, a route is replaced under vm->route_seq, the owner of a pin by one store.
 */
struct kev_routing {
	unsigned int nr_pins;
	unsigned int nr_orphans;
	struct kev_pin *pin;
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

/* Both whole: 32 bytes, whatever the type. */
static inline bool kev_route_equal(const struct kev_route *a,
				   const struct kev_route *b)
{
	const u64 *x = (const u64 *)a;
	const u64 *y = (const u64 *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]));
}

/* routing_table.c */
struct kev_routing *kev_routing_alloc(unsigned int max_routes,
				      unsigned int nr_pins);
struct kev_routing *kev_routing_grow(const struct kev_routing *table,
				     unsigned int max_routes);
void kev_routing_free(struct kev_routing *table);
struct kev_route *kev_routing_make_slot(struct kev_routing *table, u32 gsi);
int kev_route_fill(struct kev_vm *vm, struct kev_route *route, u32 gsi,
		   const struct kvm_irq_routing_entry *ue);
void kev_route_put(struct kev_vm *vm, const struct kev_route *route);
void kev_routing_put_routes(struct kev_vm *vm, struct kev_routing *table);
void kev_pin_set_owner(struct kev_routing *table, struct kev_pin *pin,
		       u32 owner);
void kev_pin_add(struct kev_routing *table, unsigned int chip, unsigned int nr,
		 u32 gsi);

typedef int (*kev_route_entry_fn)(void *data,
				  const struct kvm_irq_routing_entry *ue);
int kev_route_entries(const struct kvm_irq_routing_entry __user *user,
		      unsigned int nr, kev_route_entry_fn one, void *data);

/* routing.c */
void kev_routing_changed(struct kev_vm *vm);
bool kev_routing_must_wait(struct kev_vm *vm);

/* irqchip.c */
struct kev_pin *kev_routing_pin(struct kev_routing *table, unsigned int chip,
				unsigned int nr);

#endif /* _KEV_ROUTING_H */
