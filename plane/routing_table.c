// SPDX-License-Identifier: GPL-2.0
/*
 * The table of GSI routes as a data structure, and what goes into it.
 *
 * A table is a directory of pages; a page holds the decoded routes of
 * KEV_ROUTES_PER_PAGE GSIs, whatever their number of chip pins.  So a table of
 * thousands of routes takes a few page-sized allocations and is built and
 * compared with the one before it in one pass over each.
 *
 * Used by routing.c, which sets whole tables, and routing_update.c, which changes
 * the one in force; irqchip.c reads it.
 */
#include <linux/kvm_eventfd.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <kev/base/batch.h>
#include <kev/plane/routing.h>
#include <kev/plane/vm.h>

/* Entries copied from user space at a time, to the stack. */
#define KEV_ROUTING_BATCH	16

static size_t routing_pins_size(unsigned int nr_pins)
{
	return array3_size(KEV_NR_IRQCHIPS, nr_pins, sizeof(struct kev_pin));
}

/**
 * kev_routing_alloc - An empty table
 * @max_routes:	GSIs are below.
 * @nr_pins:	Of each chip that can be acked.
 *
 * One block: the directory of pages, and the pins behind it.
 *
 * Context: Process context.
 * Return: The table, or NULL.
 */
struct kev_routing *kev_routing_alloc(unsigned int max_routes,
				      unsigned int nr_pins)
{
	unsigned int nr = DIV_ROUND_UP(max_routes, KEV_ROUTES_PER_PAGE);
	struct kev_routing *table;

	BUILD_BUG_ON(sizeof(struct kev_route) != 32);

	table = kvzalloc(size_add(struct_size(table, page, nr),
				  routing_pins_size(nr_pins)),
			 GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;
	table->max_routes = max_routes;
	table->nr_pages = nr;
	table->nr_pins = nr_pins;
	table->pin = (struct kev_pin *)&table->page[nr];
	return table;
}

static noinline struct kev_route_page *
routing_add_page(struct kev_route_page **slot)
{
	struct kev_route_page *page;

	BUILD_BUG_ON(sizeof(*page) > PAGE_SIZE);

	/*
	 * From the page allocator: a table of thousands of them is freed at once,
	 * and with slabs the kernel keeps the CPU for a millisecond then.
	 */
	page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!page)
		return NULL;
	/* Pairs with the dependency in kev_routing_slot(). */
	smp_store_release(slot, page);
	return page;
}

/**
 * kev_routing_make_slot - The slot of a GSI, in a page that is made for it
 * @table:	A table that the caller alone changes.
 * @gsi:	Below the table's limit.
 *
 * Context: Process context.
 * Return: The slot, whose type may be 0; or NULL: there is no memory.
 */
struct kev_route *kev_routing_make_slot(struct kev_routing *table, u32 gsi)
{
	struct kev_route_page **slot = &table->page[gsi / KEV_ROUTES_PER_PAGE];
	struct kev_route_page *page = *slot;

	if (unlikely(!page)) {
		page = routing_add_page(slot);
		if (!page)
			return NULL;
	}
	return &page->route[gsi % KEV_ROUTES_PER_PAGE];
}

/**
 * kev_routing_grow - The same pages and pins in a larger directory
 * @table:	A table; only the block of its directory may be freed afterwards.
 * @max_routes:	GSIs are below; no fewer than before.
 *
 * Context: Process context.
 * Return: The table, or NULL.
 */
struct kev_routing *kev_routing_grow(const struct kev_routing *table,
				     unsigned int max_routes)
{
	struct kev_routing *new = kev_routing_alloc(max_routes, table->nr_pins);

	if (!new)
		return NULL;
	memcpy(new->pin, table->pin, routing_pins_size(table->nr_pins));
	memcpy(new->page, table->page,
	       table->nr_pages * sizeof(table->page[0]));
	return new;
}

/**
 * kev_routing_free - Free a table
 * @table:	A table whose routes are put, behind its last reader.
 *
 * Context: Process context.
 */
void kev_routing_free(struct kev_routing *table)
{
	unsigned int i;

	for (i = 0; i < table->nr_pages; i++) {
		if (!table->page[i])
			continue;
		free_page((unsigned long)table->page[i]);
		cond_resched();
	}
	kvfree(table);
}

/* Routes */

/* A GSI has one route, but an IRQCHIP route may name each chip once. */
static bool route_accepts(const struct kev_route *route,
			  const struct kvm_irq_routing_entry *ue)
{
	if (!route->type)
		return true;
	if (route->type != KVM_IRQ_ROUTING_IRQCHIP ||
	    ue->type != KVM_IRQ_ROUTING_IRQCHIP)
		return false;
	return ue->u.irqchip.irqchip < KEV_NR_IRQCHIPS &&
	       !(route->chips & BIT(ue->u.irqchip.irqchip));
}

/**
 * kev_route_fill - Add an entry to the route of a GSI
 * @vm:		The VM.
 * @route:	Its route so far; type 0: the entry is its first.
 * @gsi:	The GSI.
 * @ue:		The entry.
 *
 * Context: Process context, under no lock.
 * Return: 0; -EINVAL: it contradicts what is there, or the sink does not know it;
 *	   another errno of the sink.
 */
int kev_route_fill(struct kev_vm *vm, struct kev_route *route, u32 gsi,
		   const struct kvm_irq_routing_entry *ue)
{
	int ret;

	if (!route_accepts(route, ue))
		return -EINVAL;
	ret = vm->ops->set_route(vm->sink, ue, route);
	if (ret)
		return ret;
	route->type = ue->type;
	route->gsi = gsi;
	return 0;
}

/**
 * kev_route_put - A route is not in force any more, or never was
 * @vm:		The VM.
 * @route:	The route; may be of type 0.
 *
 * Context: Process context, under no lock: the sink takes its own, and may sleep.
 */
void kev_route_put(struct kev_vm *vm, const struct kev_route *route)
{
	lockdep_assert_not_held(&vm->irq_lock);

	if (route->type && vm->ops->put_route)
		vm->ops->put_route(vm->sink, route);
}

static void page_put_routes(struct kev_vm *vm, const struct kev_route_page *page)
{
	unsigned int i;

	for (i = 0; i < KEV_ROUTES_PER_PAGE; i++) {
		kev_route_put(vm, &page->route[i]);
		cond_resched();
	}
}

/**
 * kev_routing_put_routes - kev_route_put() for all routes of a table
 * @vm:		The VM.
 * @table:	The table.  No cost for a sink that keeps nothing.
 *
 * Context: Process context, under no lock.
 */
void kev_routing_put_routes(struct kev_vm *vm, struct kev_routing *table)
{
	unsigned int i;

	if (!vm->ops->put_route)
		return;
	for (i = 0; i < table->nr_pages; i++)
		if (table->page[i])
			page_put_routes(vm, table->page[i]);
}

/* Pins */

/**
 * kev_pin_set_owner - The acks of a pin go to a GSI from now on
 * @table:	Its table, which the caller alone changes.
 * @pin:	The pin.
 * @owner:	The GSI plus 1; 0: to none.
 *
 * Context: Any.
 */
void kev_pin_set_owner(struct kev_routing *table, struct kev_pin *pin,
		       u32 owner)
{
	WRITE_ONCE(pin->owner, owner);
	table->nr_orphans -= pin->orphan;
	pin->orphan = false;
}

/**
 * kev_pin_add - A GSI is wired to a pin
 * @table:	Its table, which the caller alone changes.
 * @chip:	Any number.
 * @nr:		Any number; nothing happens where no one can ack.
 * @gsi:	The GSI, which gets the acks as the last that was wired.
 *
 * Context: Any.
 */
void kev_pin_add(struct kev_routing *table, unsigned int chip, unsigned int nr,
		 u32 gsi)
{
	struct kev_pin *pin = kev_routing_pin(table, chip, nr);

	if (!pin)
		return;
	pin->users++;
	kev_pin_set_owner(table, pin, gsi + 1);
}

/* Entries of user space */

/**
 * struct route_entries - An array in user space that is read in batches
 * @next:	The entry that comes next.
 * @left:	How many there are from it on.
 * @batch:	What was read last.
 */
struct route_entries {
	const struct kvm_irq_routing_entry __user *next;
	unsigned int left;
	struct kvm_irq_routing_entry batch[KEV_ROUTING_BATCH];
};

/* How many were read into the batch; 0: none is left; -EFAULT; -EINTR. */
static int entries_read(struct route_entries *entries)
{
	unsigned int n = min_t(unsigned int, entries->left, KEV_ROUTING_BATCH);
	int ret;

	ret = kev_batch_pause();
	if (ret)
		return ret;
	if (copy_from_user(entries->batch, entries->next,
			   n * sizeof(entries->batch[0])))
		return -EFAULT;
	entries->next += n;
	entries->left -= n;
	return n;
}

/**
 * kev_route_entries - Do something with each entry of an array in user space
 * @user:	The array.
 * @nr:		Its length.
 * @one:	What to do.  An errno ends it.
 * @data:	For @one.
 *
 * An array that cannot be read is reported before an entry that is wrong, so after
 * an error the rest is still read.
 *
 * Context: Process context, under no lock: user memory may take its time.
 * Return: 0; -EFAULT; -EINTR: the caller is being killed; the errno of @one.
 */
int kev_route_entries(const struct kvm_irq_routing_entry __user *user,
		      unsigned int nr, kev_route_entry_fn one, void *data)
{
	struct route_entries entries = { .next = user, .left = nr };
	int ret = 0;
	int n;
	int i;

	while ((n = entries_read(&entries)) > 0)
		for (i = 0; i < n && !ret; i++)
			ret = one(data, &entries.batch[i]);
	return n ?: ret;
}
