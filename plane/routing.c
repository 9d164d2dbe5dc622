// SPDX-License-Identifier: GPL-2.0
/*
 * The GSI routing table: how it is made and changed.
 *
 * A table is a directory of pages; a page holds the decoded routes of
 * KEV_ROUTES_PER_PAGE GSIs, whatever their number of chip pins.  So a table of
 * thousands of routes takes a few page-sized allocations and is built and
 * compared with the one before it in one pass over each.
 *
 * Entries are read and checked with no lock held, a batch at a time, and a caller
 * that is killed meanwhile has changed nothing.  Writers hold vm->irq_lock, under
 * which nothing of a sink is called and no grace period is waited for.  A table
 * may be large, so every loop over routes lets others run.
 *
 * Called by the node (SET_GSI_ROUTING and its relatives); calls the sink's
 * set_route and put_route, and eventfd.c for the irqfds whose route changed.
 */
#include <linux/kvm_eventfd.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/uaccess.h>

#include <kev/base/batch.h>
#include <kev/base/limits.h>
#include <kev/plane/eventfd.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/routing.h>
#include <kev/plane/vm.h>

/* Entries copied from user space at a time, to the stack. */
#define KEV_ROUTING_BATCH	16

static size_t routing_pins_size(unsigned int nr_pins)
{
	return array3_size(KEV_NR_IRQCHIPS, nr_pins, sizeof(struct kev_pin));
}

/* One block: the directory of pages, and the pins behind it. */
static struct kev_routing *routing_alloc(unsigned int max_routes,
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

/* The sink takes its own locks, and may sleep: no lock is held here. */
static void route_put(struct kev_vm *vm, const struct kev_route *route)
{
	lockdep_assert_not_held(&vm->irq_lock);

	if (route->type && vm->ops->put_route)
		vm->ops->put_route(vm->sink, route);
}

static void page_put_routes(struct kev_vm *vm, const struct kev_route_page *page)
{
	unsigned int i;

	for (i = 0; i < KEV_ROUTES_PER_PAGE; i++) {
		route_put(vm, &page->route[i]);
		cond_resched();
	}
}

/* The routes are in no table any more.  No cost for a sink that keeps nothing. */
static void routing_put_routes(struct kev_vm *vm, struct kev_routing *table)
{
	unsigned int i;

	if (!vm->ops->put_route)
		return;
	for (i = 0; i < table->nr_pages; i++)
		if (table->page[i])
			page_put_routes(vm, table->page[i]);
}

static void routing_free_pages(struct kev_routing *table)
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

/* With all that its routes hold, after the last reader. */
static void routing_free(struct kev_vm *vm, struct kev_routing *table)
{
	routing_put_routes(vm, table);
	routing_free_pages(table);
}

/* Reading entries */

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

/* Building a table */

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

static inline struct kev_route *routing_slot(struct kev_routing *table, u32 gsi)
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

/* A GSI has one route, but an IRQCHIP route may name each chip once. */
static inline bool route_accepts(const struct kev_route *route,
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

/* The acks of a pin go to a GSI from now on. */
static void pin_set_owner(struct kev_routing *table, struct kev_pin *pin,
			  u32 owner)
{
	WRITE_ONCE(pin->owner, owner);
	table->nr_orphans -= pin->orphan;
	pin->orphan = false;
}

static void pin_add(struct kev_routing *table, unsigned int chip,
		    unsigned int nr, u32 gsi)
{
	struct kev_pin *pin = kev_routing_pin(table, chip, nr);

	if (!pin)
		return;
	pin->users++;
	pin_set_owner(table, pin, gsi + 1);
}

static inline int routing_add(struct kev_vm *vm, struct kev_routing *table,
			      const struct kvm_irq_routing_entry *ue)
{
	struct kev_route *route;
	u32 gsi = ue->gsi;
	int ret;

	if (gsi >= table->max_routes)
		return -EINVAL;

	gsi = array_index_nospec(gsi, table->max_routes);
	route = routing_slot(table, gsi);
	if (!route)
		return -ENOMEM;
	if (!route_accepts(route, ue))
		return -EINVAL;

	ret = vm->ops->set_route(vm->sink, ue, route);
	if (ret)
		return ret;

	route->type = ue->type;
	route->gsi = gsi;
	if (ue->type == KVM_IRQ_ROUTING_IRQCHIP)
		pin_add(table, ue->u.irqchip.irqchip, ue->u.irqchip.pin, gsi);
	return 0;
}

static int routing_add_all(struct kev_vm *vm, struct kev_routing *table,
			   const struct kvm_irq_routing_entry *entries,
			   unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = routing_add(vm, table, &entries[i]);
	return ret;
}

/*
 * An array that cannot be read is reported before an entry that is wrong, so after
 * an error the rest is still read.
 */
static int routing_add_user(struct kev_vm *vm, struct kev_routing *table,
			    const struct kvm_irq_routing_entry __user *user,
			    unsigned int nr)
{
	struct route_entries entries;
	int ret = 0;
	int n;

	entries.next = user;
	entries.left = nr;
	while ((n = entries_read(&entries)) > 0)
		if (!ret)
			ret = routing_add_all(vm, table, entries.batch, n);
	return n ?: ret;
}

/* Putting it in force */

static inline bool route_equal(const struct kev_route *a, const struct kev_route *b)
{
	const u64 *x = (const u64 *)a;
	const u64 *y = (const u64 *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]));
}

/* Update the irqfds of one page's GSIs. */
static void routing_update_page(struct kev_vm *vm, u32 gsi,
				const struct kev_route_page *old,
				const struct kev_route_page *new)
{
	static const struct kev_route none;
	unsigned int i;

	for (i = 0; i < KEV_ROUTES_PER_PAGE; i++, gsi++) {
		const struct kev_route *from = old ? &old->route[i] : &none;
		const struct kev_route *to = new ? &new->route[i] : &none;

		if (route_equal(from, to))
			continue;
		kev_irqfds_update(vm, gsi, to);
		cond_resched();
	}
}

/*
 * Irqfds are updated after the table is published: one that is assigned
 * meanwhile either reads the new table or is on its GSI's list by then.
 */
static void routing_publish(struct kev_vm *vm, const struct kev_routing *old,
			    struct kev_routing *new)
{
	unsigned int i;

	lockdep_assert_held(&vm->irq_lock);

	rcu_assign_pointer(vm->routing, new);
	WRITE_ONCE(vm->routing_seq, vm->routing_seq + 1);
	/* Every table that follows one is at least as large. */
	for (i = 0; i < new->nr_pages; i++) {
		if (!old->page[i] && !new->page[i])
			continue;
		routing_update_page(vm, i * KEV_ROUTES_PER_PAGE, old->page[i],
				    new->page[i]);
		cond_resched();
	}
}

/* The same pages and pins in a larger directory. */
static struct kev_routing *routing_grow(const struct kev_routing *table,
					unsigned int max_routes)
{
	struct kev_routing *new = routing_alloc(max_routes, table->nr_pins);

	if (!new)
		return NULL;
	memcpy(new->pin, table->pin, routing_pins_size(table->nr_pins));
	memcpy(new->page, table->page,
	       table->nr_pages * sizeof(table->page[0]));
	return new;
}

/*
 * Take irq_lock with @table as large as the limit wants it, which may have been
 * raised while @table was built.  NULL when there is no memory for that: then the
 * lock is not held, and @table is gone.
 */
static struct kev_routing *routing_lock_fit(struct kev_vm *vm,
					    struct kev_routing *table)
{
	struct kev_routing *grown;
	unsigned int max_routes;

	for (;;) {
		mutex_lock(&vm->irq_lock);
		max_routes = vm->max_routes;
		if (likely(table->max_routes == max_routes))
			return table;
		mutex_unlock(&vm->irq_lock);

		grown = routing_grow(table, max_routes);
		if (!grown) {
			routing_free(vm, table);
			return NULL;
		}
		kvfree(table);
		table = grown;
	}
}

/* Routes that were in force have changed, and their readers are not waited for yet. */
static void routing_changed(struct kev_vm *vm)
{
	lockdep_assert_held(&vm->irq_lock);

	vm->route_change = get_state_synchronize_srcu(&vm->irq_srcu);
	vm->route_changed = true;
}

/* May a reader still have a route that was in force before the last change? */
static bool routing_must_wait(struct kev_vm *vm)
{
	lockdep_assert_held(&vm->irq_lock);

	return vm->route_changed &&
	       !poll_state_synchronize_srcu(&vm->irq_srcu, vm->route_change);
}

static int routing_replace(struct kev_vm *vm, struct kev_routing *new)
{
	struct kev_routing *old;

	new = routing_lock_fit(vm, new);
	if (!new)
		return -ENOMEM;
	old = kev_routing_deref(vm);
	routing_publish(vm, old, new);
	routing_changed(vm);
	mutex_unlock(&vm->irq_lock);

	/* Nothing may arrive by an old route once this returns. */
	kev_irq_synchronize(vm);
	routing_free(vm, old);
	return 0;
}

/*
 * @entries or @kernel; the other is NULL.  The table is built with no lock held:
 * user memory may take its time to appear.
 */
static int routing_set(struct kev_vm *vm,
		       const struct kvm_irq_routing_entry __user *entries,
		       const struct kvm_irq_routing_entry *kernel,
		       unsigned int nr)
{
	struct kev_routing *new;
	int ret;

	new = routing_alloc(READ_ONCE(vm->max_routes), vm->nr_pins);
	if (!new)
		return -ENOMEM;

	ret = 0;
	if (kernel)
		ret = routing_add_all(vm, new, kernel, nr);
	else if (nr)
		ret = routing_add_user(vm, new, entries, nr);
	if (ret) {
		routing_free(vm, new);
		return ret;
	}
	return routing_replace(vm, new);
}

/**
 * kev_set_irq_routing - KVM_SET_GSI_ROUTING
 * @vm:		The VM.
 * @entries:	@nr entries in user space; not read when @nr is 0.
 * @nr:		At most the VM's limit of routes; 0 clears the table.
 * @flags:	Must be 0.
 *
 * When it returns 0 no interrupt arrives by a route of the old table.  When it
 * fails the old table is in force as it was.
 *
 * Context: Process context; takes irq_lock, waits for a grace period.
 * Return: 0; -EINVAL: no interrupt controller here, @nr, @flags, or an entry
 *	   out of range, contradictory or not known to the sink; -EFAULT;
 *	   -ENOMEM; -EINTR: the caller is being killed.
 */
int kev_set_irq_routing(struct kev_vm *vm,
			const struct kvm_irq_routing_entry __user *entries,
			unsigned int nr, unsigned int flags)
{
	int ret;

	ret = vm->ops->routing_allowed(vm->sink);
	if (ret)
		return ret;
	if (nr > READ_ONCE(vm->max_routes) || flags)
		return -EINVAL;

	return routing_set(vm, entries, NULL, nr);
}
EXPORT_SYMBOL_GPL(kev_set_irq_routing);

/**
 * kev_set_irq_routing_kernel - Set the table from kernel memory
 * @vm:		The VM.
 * @entries:	@nr valid entries.
 * @nr:		Number of them.
 *
 * Context: Process context; takes irq_lock, waits for a grace period.
 * Return: 0 or -ENOMEM.
 */
int kev_set_irq_routing_kernel(struct kev_vm *vm,
			       const struct kvm_irq_routing_entry *entries,
			       unsigned int nr)
{
	return routing_set(vm, NULL, entries, nr);
}
EXPORT_SYMBOL_GPL(kev_set_irq_routing_kernel);

/**
 * kev_irq_routing_seq - What a look at the routes is current with
 * @vm:		The VM.
 *
 * Context: Any.
 * Return: A number that changes with the routes.
 */
u32 kev_irq_routing_seq(const struct kev_vm *vm)
{
	return READ_ONCE(vm->routing_seq);
}
EXPORT_SYMBOL_GPL(kev_irq_routing_seq);

/* Changing single routes */

/**
 * struct route_change - The new route of a GSI
 * @node:	In &route_changes.by_gsi.
 * @gsi:	Which.
 * @route:	Type 0: it has none from then on.
 */
struct route_change {
	struct rb_node node;
	u32 gsi;
	struct kev_route route;
};

/**
 * struct change_page - As many changes as a page has room for
 * @list:	On &route_changes.pages.
 * @nr:		How many there are.
 * @change:	They.
 */
struct change_page {
	struct list_head list;
	unsigned int nr;
	struct route_change change[];
};

#define CHANGES_PER_PAGE	((PAGE_SIZE - sizeof(struct change_page)) / \
				 sizeof(struct route_change))

/**
 * struct route_changes - All that one call changes
 * @vm:		The VM.
 * @max_routes:	GSIs are below.
 * @by_gsi:	Finds the change of a GSI, whose entries need not be together.
 * @pages:	All, in the order in which their GSIs were first named.
 */
struct route_changes {
	struct kev_vm *vm;
	unsigned int max_routes;
	struct rb_root by_gsi;
	struct list_head pages;
};

static int change_cmp(const void *gsi, const struct rb_node *node)
{
	u32 a = *(const u32 *)gsi;
	u32 b = rb_entry(node, struct route_change, node)->gsi;

	return a < b ? -1 : a > b;
}

static struct route_change *change_find(struct route_changes *changes, u32 gsi)
{
	struct rb_node *node = rb_find(&gsi, &changes->by_gsi, change_cmp);

	return node ? rb_entry(node, struct route_change, node) : NULL;
}

static bool change_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct route_change, node)->gsi <
	       rb_entry(b, struct route_change, node)->gsi;
}

/* The last page, or one more when that is full. */
static struct change_page *change_page(struct route_changes *changes)
{
	struct change_page *page;

	if (!list_empty(&changes->pages)) {
		page = list_last_entry(&changes->pages, struct change_page,
				       list);
		if (page->nr < CHANGES_PER_PAGE)
			return page;
	}
	page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (page)
		list_add_tail(&page->list, &changes->pages);
	return page;
}

static struct route_change *change_new(struct route_changes *changes, u32 gsi)
{
	struct change_page *page = change_page(changes);
	struct route_change *change;

	if (!page)
		return NULL;
	change = &page->change[page->nr++];
	change->gsi = gsi;
	rb_add(&change->node, &changes->by_gsi, change_less);
	return change;
}

static int change_set_route(struct kev_vm *vm, struct route_change *change,
			    const struct kvm_irq_routing_entry *ue)
{
	int ret;

	if (!route_accepts(&change->route, ue))
		return -EINVAL;
	ret = vm->ops->set_route(vm->sink, ue, &change->route);
	if (ret)
		return ret;
	change->route.type = ue->type;
	change->route.gsi = change->gsi;
	return 0;
}

/* An entry of type 0 says that its GSI has no route: it stands alone. */
static int changes_add(struct route_changes *changes,
		       const struct kvm_irq_routing_entry *ue)
{
	struct route_change *change;
	u32 gsi;

	if (ue->gsi >= changes->max_routes)
		return -EINVAL;

	gsi = array_index_nospec(ue->gsi, changes->max_routes);
	change = change_find(changes, gsi);
	if (change)
		return change->route.type ?
		       change_set_route(changes->vm, change, ue) : -EINVAL;

	change = change_new(changes, gsi);
	if (!change)
		return -ENOMEM;
	if (!ue->type && !ue->flags)
		return 0;
	return change_set_route(changes->vm, change, ue);
}

static int changes_add_all(struct route_changes *changes,
			   const struct kvm_irq_routing_entry *entries,
			   unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = changes_add(changes, &entries[i]);
	return ret;
}

/* As routing_add_user(). */
static int changes_add_user(struct route_changes *changes,
			    const struct kvm_irq_routing_entry __user *user,
			    unsigned int nr)
{
	struct route_entries entries;
	int ret = 0;
	int n;

	entries.next = user;
	entries.left = nr;
	while ((n = entries_read(&entries)) > 0)
		if (!ret)
			ret = changes_add_all(changes, entries.batch, n);
	return n ?: ret;
}

/* The pages that the changes need, so that applying them cannot fail. */
static int changes_reserve(const struct route_changes *changes,
			   struct kev_routing *table)
{
	struct change_page *page;
	unsigned int i;
	int ret;

	list_for_each_entry(page, &changes->pages, list) {
		for (i = 0; i < page->nr; i++)
			if (!routing_slot(table, page->change[i].gsi))
				return -ENOMEM;
		ret = kev_batch_pause();
		if (ret)
			return ret;
	}
	return 0;
}

static bool route_has_chip(const struct kev_route *route, unsigned int chip)
{
	return route->type == KVM_IRQ_ROUTING_IRQCHIP &&
	       (route->chips & BIT(chip));
}

/*
 * A GSI left a pin.  When its acks went there and others are still wired to the
 * pin, pins_adopt() finds the next of them; until then acks go where they went, for
 * a pin without an owner would lose them.
 */
static void pin_del(struct kev_routing *table, unsigned int chip,
		    unsigned int nr, u32 gsi)
{
	struct kev_pin *pin = kev_routing_pin(table, chip, nr);

	if (!pin)
		return;
	pin->users--;
	if (!pin->users) {
		pin_set_owner(table, pin, 0);
	} else if (pin->owner == gsi + 1) {
		pin->orphan = true;
		table->nr_orphans++;
	}
}

/* Who is wired to the same pin as before is the last that was wired to it. */
static void pin_keep(struct kev_routing *table, unsigned int chip,
		     unsigned int nr, u32 gsi)
{
	struct kev_pin *pin = kev_routing_pin(table, chip, nr);

	if (pin)
		pin_set_owner(table, pin, gsi + 1);
}

static void pin_changed(struct kev_routing *table, unsigned int chip, u32 gsi,
			const struct kev_route *old,
			const struct kev_route *new)
{
	bool was = route_has_chip(old, chip);
	bool is = route_has_chip(new, chip);

	if (was && is && old->pin[chip] == new->pin[chip]) {
		pin_keep(table, chip, new->pin[chip], gsi);
		return;
	}
	if (is)
		pin_add(table, chip, new->pin[chip], gsi);
	if (was)
		pin_del(table, chip, old->pin[chip], gsi);
}

/* Pins of @page's routes whose owner left them go to the highest GSI there. */
static void page_adopt(struct kev_routing *table,
		       const struct kev_route_page *page)
{
	unsigned int i = KEV_ROUTES_PER_PAGE;
	unsigned int chip;

	while (i--) {
		const struct kev_route *route = &page->route[i];
		struct kev_pin *pin;

		for (chip = 0; chip < KEV_NR_IRQCHIPS; chip++) {
			if (!route_has_chip(route, chip))
				continue;
			pin = kev_routing_pin(table, chip, route->pin[chip]);
			if (pin && pin->orphan)
				pin_set_owner(table, pin, route->gsi + 1);
		}
	}
}

/* One pass for all pins that lost their owner, and none when there is no such pin. */
static void pins_adopt(struct kev_routing *table)
{
	unsigned int i = table->nr_pages;

	while (table->nr_orphans && i--) {
		if (table->page[i])
			page_adopt(table, table->page[i]);
		cond_resched();
	}
}

static void route_write(struct kev_vm *vm, struct kev_route *slot,
			const struct kev_route *route)
{
	spin_lock_irq(&vm->route_lock);
	write_seqcount_begin(&vm->route_seq);
	*slot = *route;
	write_seqcount_end(&vm->route_seq);
	spin_unlock_irq(&vm->route_lock);

	WRITE_ONCE(vm->routing_seq, vm->routing_seq + 1);
}

/*
 * Returns whether a route that was in force was changed.  What is in @change then
 * is not in force, either way: the caller puts it.
 */
static bool change_apply(struct kev_vm *vm, struct kev_routing *table,
			 struct route_change *change)
{
	struct kev_route *slot = routing_slot(table, change->gsi);
	struct kev_route old = *slot;
	unsigned int chip;

	if (route_equal(&old, &change->route))
		return false;

	route_write(vm, slot, &change->route);
	for (chip = 0; chip < KEV_NR_IRQCHIPS; chip++)
		pin_changed(table, chip, change->gsi, &old, &change->route);
	kev_irqfds_update(vm, change->gsi, &change->route);
	change->route = old;
	return old.type;
}

/* Nothing can fail any more. */
static void changes_apply_all(struct route_changes *changes,
			      struct kev_routing *table)
{
	struct kev_vm *vm = changes->vm;
	struct change_page *page;
	bool changed = false;
	unsigned int i;

	list_for_each_entry(page, &changes->pages, list) {
		for (i = 0; i < page->nr; i++) {
			changed |= change_apply(vm, table, &page->change[i]);
			cond_resched();
		}
	}
	pins_adopt(table);
	if (changed)
		routing_changed(vm);
}

/*
 * Waits also when this call changed nothing, but the wait of another is not over:
 * this caller relies on the old routes being gone, too.
 */
static int changes_apply(struct route_changes *changes)
{
	struct kev_vm *vm = changes->vm;
	struct kev_routing *table;
	bool wait = false;
	int ret;

	mutex_lock(&vm->irq_lock);
	/* As large as any limit that was in force before, or larger. */
	table = kev_routing_deref(vm);
	ret = changes_reserve(changes, table);
	if (!ret) {
		changes_apply_all(changes, table);
		wait = routing_must_wait(vm);
	}
	mutex_unlock(&vm->irq_lock);

	/* Nothing may arrive by an old route once this returns. */
	if (wait)
		kev_irq_synchronize(vm);
	return ret;
}

static void changes_put(struct route_changes *changes)
{
	struct change_page *page;
	struct change_page *next;
	unsigned int i;

	list_for_each_entry_safe(page, next, &changes->pages, list) {
		for (i = 0; i < page->nr; i++) {
			route_put(changes->vm, &page->change[i].route);
			cond_resched();
		}
		free_page((unsigned long)page);
	}
}

/**
 * kev_update_irq_routing - KVM_EVENTFD_UPDATE_ROUTES
 * @vm:		The VM.
 * @entries:	@nr entries in user space.
 * @nr:		At most the VM's limit of routes; 0 changes nothing.
 * @flags:	Must be 0.
 *
 * The GSIs that are named have these entries and no others from then on; an
 * entry of type 0 names one that shall have none.  Other GSIs are not touched.
 * Each GSI changes at once, in the order in which they are first named.
 *
 * The cost grows with @nr.  Only when a pin that several GSIs are wired to loses
 * the one that its acks go to, the table is searched, once, for the next ones.
 *
 * When it returns 0 no interrupt arrives by a route that it replaced.  When it
 * fails nothing has changed.
 *
 * Context: Process context; takes irq_lock, may wait for a grace period.
 * Return: 0; the errno of kev_set_irq_routing().
 */
int kev_update_irq_routing(struct kev_vm *vm,
			   const struct kvm_irq_routing_entry __user *entries,
			   unsigned int nr, unsigned int flags)
{
	struct route_changes changes = {
		.vm = vm,
		.max_routes = READ_ONCE(vm->max_routes),
		.by_gsi = RB_ROOT,
	};
	int ret;

	ret = vm->ops->routing_allowed(vm->sink);
	if (ret)
		return ret;
	if (nr > changes.max_routes || flags)
		return -EINVAL;
	if (!nr)
		return 0;

	INIT_LIST_HEAD(&changes.pages);
	ret = changes_add_user(&changes, entries, nr);
	if (!ret)
		ret = changes_apply(&changes);
	changes_put(&changes);
	return ret;
}
EXPORT_SYMBOL_GPL(kev_update_irq_routing);

/* The limit */

/**
 * kev_set_max_routes - KVM_EVENTFD_CAP_MAX_ROUTES
 * @vm:		The VM.
 * @max:	GSIs below this can be routed from then on.
 *
 * Context: Process context; takes irq_lock, waits for a grace period.
 * Return: 0; -EINVAL: below the limit in force or above kev_max_routes();
 *	   -ENOMEM.
 */
int kev_set_max_routes(struct kev_vm *vm, u64 max)
{
	struct kev_routing *old;
	struct kev_routing *new;
	int ret = -EINVAL;

	mutex_lock(&vm->irq_lock);
	if (max < vm->max_routes || max > kev_max_routes())
		goto unlock;

	ret = -ENOMEM;
	old = kev_routing_deref(vm);
	new = routing_grow(old, max);
	if (!new)
		goto unlock;
	rcu_assign_pointer(vm->routing, new);
	WRITE_ONCE(vm->max_routes, max);
	mutex_unlock(&vm->irq_lock);

	kev_irq_synchronize(vm);
	kvfree(old);
	return 0;

unlock:
	mutex_unlock(&vm->irq_lock);
	return ret;
}

/* Birth and end */

/**
 * kev_routing_clear - Put what the routes hold, while the sink is there
 * @vm:		A VM that nobody uses any more, and that has nothing stale.
 *
 * Context: Process context.
 */
void kev_routing_clear(struct kev_vm *vm)
{
	routing_put_routes(vm, rcu_dereference_protected(vm->routing, true));
}

/**
 * kev_routing_init - An empty table
 * @vm:		A VM that is being created.
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int kev_routing_init(struct kev_vm *vm)
{
	struct kev_routing *table;

	vm->max_routes = KEV_MAX_IRQ_ROUTES;
	vm->nr_pins = vm->ops->nr_pins ?: KEV_IRQCHIP_PINS;
	spin_lock_init(&vm->route_lock);
	seqcount_spinlock_init(&vm->route_seq, &vm->route_lock);
	table = routing_alloc(vm->max_routes, vm->nr_pins);
	if (!table)
		return -ENOMEM;
	rcu_assign_pointer(vm->routing, table);
	return 0;
}

/**
 * kev_routing_destroy - Free the table
 * @vm:		A VM whose routes hold nothing any more.
 *
 * Context: Process context.
 */
void kev_routing_destroy(struct kev_vm *vm)
{
	routing_free_pages(rcu_dereference_protected(vm->routing, true));
}
