// SPDX-License-Identifier: GPL-2.0
/*
 * The GSI routing table: how it is made and changed.
 *
 * A table is a directory of pages; a page holds the decoded routes of
 * KEV_ROUTES_PER_PAGE GSIs, whatever their number of chip pins.  So a table of
 * thousands of routes takes a few page-sized allocations and is built and
 * compared with the one before it in one pass over each.
 *
 * Writers hold vm->irq_lock.  The grace period of vm->irq_srcu after a change is
 * waited for outside that lock, and only when a route that was in force was
 * changed: nothing can still be under way by a route that was not there.
 *
 * Called by the node (SET_GSI_ROUTING and its relatives); calls the sink's
 * set_route, and eventfd.c for the irqfds whose route changed.
 */
#include <linux/kvm_eventfd.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/srcu.h>

#include <kev/eventfd.h>
#include <kev/irqchip.h>
#include <kev/limits.h>
#include <kev/routing.h>
#include <kev/uaccess.h>
#include <kev/vm.h>

/* Entries copied from user space at a time. */
#define KEV_ROUTING_BATCH	64

static size_t routing_pins_size(unsigned int nr_pins)
{
	return array3_size(KEV_NR_IRQCHIPS, nr_pins, sizeof(s32));
}

/* One block: the directory of pages, and the GSIs of pins behind it. */
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
	table->pin_gsi = (s32 *)&table->page[nr];
	memset(table->pin_gsi, 0xff, routing_pins_size(nr_pins));
	return table;
}

static void route_put(struct kev_vm *vm, const struct kev_route *route)
{
	if (route->type && vm->ops->put_route)
		vm->ops->put_route(vm, route);
}

/* The routes are in no table any more.  No cost for a sink that keeps nothing. */
static void routing_put_routes(struct kev_vm *vm, struct kev_routing *table)
{
	unsigned int gsi;

	if (!vm->ops->put_route)
		return;
	for (gsi = 0; gsi < table->nr_pages * KEV_ROUTES_PER_PAGE; gsi++) {
		struct kev_route_page *page = table->page[gsi / KEV_ROUTES_PER_PAGE];

		if (page)
			route_put(vm, &page->route[gsi % KEV_ROUTES_PER_PAGE]);
	}
}

static void routing_free_pages(struct kev_routing *table)
{
	unsigned int i;

	for (i = 0; i < table->nr_pages; i++)
		kfree(table->page[i]);
	kvfree(table);
}

/* With all that its routes hold, after the last reader. */
static void routing_free(struct kev_vm *vm, struct kev_routing *table)
{
	routing_put_routes(vm, table);
	routing_free_pages(table);
}

static void routing_free_stale(struct kev_stale *stale)
{
	struct kev_routing *table = container_of(stale, struct kev_routing, stale);

	routing_free(table->vm, table);
}

/* Building a table */

static noinline struct kev_route_page *
routing_add_page(struct kev_route_page **slot)
{
	struct kev_route_page *page;

	page = kzalloc(sizeof(*page), GFP_KERNEL_ACCOUNT);
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

static void pin_set_gsi(struct kev_routing *table, unsigned int chip,
			unsigned int pin, s32 gsi)
{
	s32 *slot = kev_routing_pin(table, chip, pin);

	if (slot)
		WRITE_ONCE(*slot, gsi);
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

	ret = vm->ops->set_route(vm, ue, route);
	if (ret)
		return ret;

	route->type = ue->type;
	route->gsi = gsi;
	if (ue->type == KVM_IRQ_ROUTING_IRQCHIP)
		pin_set_gsi(table, ue->u.irqchip.irqchip, ue->u.irqchip.pin,
			    gsi);
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
 * One pass, a batch at a time.  An array that cannot be read is reported
 * before an entry that is wrong, so after an error the rest is still read.
 */
static int routing_add_user(struct kev_vm *vm, struct kev_routing *table,
			    const struct kvm_irq_routing_entry __user *entries,
			    unsigned int nr)
{
	struct kvm_irq_routing_entry *batch;
	unsigned int n;
	int ret = 0;

	batch = kmalloc_array(KEV_ROUTING_BATCH, sizeof(*batch), GFP_KERNEL);
	if (!batch)
		return -ENOMEM;

	for (; nr; nr -= n, entries += n) {
		n = min_t(unsigned int, nr, KEV_ROUTING_BATCH);
		if (!kev_copy_words((u64 *)batch, (const u64 __user *)entries,
				    n * sizeof(*batch) / sizeof(u64))) {
			ret = -EFAULT;
			break;
		}
		if (!ret)
			ret = routing_add_all(vm, table, batch, n);
	}

	kfree(batch);
	return ret;
}

/* Putting it in force */

static inline bool route_equal(const struct kev_route *a, const struct kev_route *b)
{
	const u64 *x = (const u64 *)a;
	const u64 *y = (const u64 *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]));
}

static bool page_equal(const struct kev_route_page *a,
		       const struct kev_route_page *b)
{
	unsigned int i;

	for (i = 0; i < KEV_ROUTES_PER_PAGE; i++)
		if (!route_equal(&a->route[i], &b->route[i]))
			return false;
	return true;
}

/* Update the irqfds of one page's GSIs; was a route that was there changed? */
static bool routing_update_page(struct kev_vm *vm, u32 gsi,
				const struct kev_route_page *old,
				const struct kev_route_page *new)
{
	static const struct kev_route none;
	bool changed = false;
	unsigned int i;

	for (i = 0; i < KEV_ROUTES_PER_PAGE; i++, gsi++) {
		const struct kev_route *from = old ? &old->route[i] : &none;
		const struct kev_route *to = new ? &new->route[i] : &none;

		if (route_equal(from, to))
			continue;
		kev_irqfds_update(vm, gsi, to);
		changed |= from->type;
	}
	return changed;
}

/*
 * Irqfds are updated after the table is published: one that is assigned
 * meanwhile either reads the new table or is on its GSI's ring by then.
 */
static bool routing_publish(struct kev_vm *vm, const struct kev_routing *old,
			    struct kev_routing *new)
{
	bool changed = false;
	unsigned int i;

	lockdep_assert_held(&vm->irq_lock);

	rcu_assign_pointer(vm->routing, new);
	WRITE_ONCE(vm->routing_seq, vm->routing_seq + 1);
	/* Every table that follows one is at least as large. */
	for (i = 0; i < new->nr_pages; i++) {
		if (!old->page[i] && !new->page[i])
			continue;
		if (old->page[i] && new->page[i] &&
		    page_equal(old->page[i], new->page[i]))
			continue;
		changed |= routing_update_page(vm, i * KEV_ROUTES_PER_PAGE,
					       old->page[i], new->page[i]);
	}
	return changed;
}

/* The same pages and pins in a larger directory. */
static struct kev_routing *routing_grow(const struct kev_routing *table,
					unsigned int max_routes)
{
	struct kev_routing *new = routing_alloc(max_routes, table->nr_pins);

	if (!new)
		return NULL;
	memcpy(new->pin_gsi, table->pin_gsi, routing_pins_size(table->nr_pins));
	memcpy(new->page, table->page,
	       table->nr_pages * sizeof(table->page[0]));
	return new;
}

/* The limit may have been raised while @new was built for the old one. */
static struct kev_routing *routing_fit(struct kev_vm *vm,
				       struct kev_routing *new)
{
	struct kev_routing *grown;

	lockdep_assert_held(&vm->irq_lock);

	if (likely(new->max_routes == vm->max_routes))
		return new;
	grown = routing_grow(new, vm->max_routes);
	if (grown)
		kvfree(new);
	else
		routing_free(vm, new);
	return grown;
}

/*
 * After a change, or behind somebody else's whose grace period is not over: who
 * finds the table as it wants it may rely on the old routes no less.  Under
 * irq_lock; the wait itself comes after.
 */
static bool routing_must_wait(struct kev_vm *vm, bool changed)
{
	lockdep_assert_held(&vm->irq_lock);

	if (changed) {
		vm->route_change = get_state_synchronize_srcu(&vm->irq_srcu);
		vm->route_changed = true;
		return true;
	}
	return vm->route_changed &&
	       !poll_state_synchronize_srcu(&vm->irq_srcu, vm->route_change);
}

static int routing_replace(struct kev_vm *vm, struct kev_routing *new)
{
	struct kev_routing *old;
	bool wait;

	mutex_lock(&vm->irq_lock);
	new = routing_fit(vm, new);
	if (!new) {
		mutex_unlock(&vm->irq_lock);
		return -ENOMEM;
	}
	old = kev_routing_deref(vm);
	wait = routing_must_wait(vm, routing_publish(vm, old, new));
	mutex_unlock(&vm->irq_lock);

	if (wait) {
		/* Nothing may arrive by an old route once this returns. */
		kev_irq_synchronize(vm);
		routing_free(vm, old);
	} else {
		old->vm = vm;
		kev_free_stale(vm, &old->stale, routing_free_stale);
	}
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

	ret = kernel ? routing_add_all(vm, new, kernel, nr) :
		       routing_add_user(vm, new, entries, nr);
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
 * Context: Process context; takes irq_lock, may wait for a grace period.
 * Return: 0; -EINVAL: no interrupt controller here, @nr, @flags, or an entry
 *	   out of range, contradictory or not known to the sink; -EFAULT;
 *	   -ENOMEM.
 */
int kev_set_irq_routing(struct kev_vm *vm,
			const struct kvm_irq_routing_entry __user *entries,
			unsigned int nr, unsigned int flags)
{
	int ret;

	ret = vm->ops->routing_allowed(vm);
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
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int kev_set_irq_routing_kernel(struct kev_vm *vm,
			       const struct kvm_irq_routing_entry *entries,
			       unsigned int nr)
{
	return routing_set(vm, NULL, entries, nr);
}

/* Changing single routes */

/**
 * struct route_change - The new route of a GSI
 * @gsi:	Which.
 * @route:	Type 0: it has none from then on.
 */
struct route_change {
	u32 gsi;
	struct kev_route route;
};

static int entry_cmp(const void *a, const void *b)
{
	const struct kvm_irq_routing_entry *x = a;
	const struct kvm_irq_routing_entry *y = b;

	return x->gsi == y->gsi ? 0 : x->gsi < y->gsi ? -1 : 1;
}

/* One entry of the change of its GSI. */
static int change_add(struct kev_vm *vm, struct route_change *change,
		      const struct kvm_irq_routing_entry *ue)
{
	int ret;

	if (!route_accepts(&change->route, ue))
		return -EINVAL;
	ret = vm->ops->set_route(vm, ue, &change->route);
	if (ret)
		return ret;
	change->route.type = ue->type;
	change->route.gsi = change->gsi;
	return 0;
}

/*
 * Entries sorted by GSI become changes.  An entry of type 0 says that its GSI
 * has no route: it stands alone.  @n is their number, also after an error.
 */
static int changes_build(struct kev_vm *vm, struct route_change *changes,
			 const struct kvm_irq_routing_entry *entries,
			 unsigned int nr, unsigned int *n)
{
	unsigned int max_routes = READ_ONCE(vm->max_routes);
	struct route_change *change = NULL;
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		const struct kvm_irq_routing_entry *ue = &entries[i];
		bool first = !i || ue->gsi != ue[-1].gsi;

		if (ue->gsi >= max_routes)
			return -EINVAL;
		if (first) {
			change = &changes[(*n)++];
			*change = (struct route_change){
				.gsi = array_index_nospec(ue->gsi, max_routes),
			};
		} else if (!change->route.type) {
			return -EINVAL;
		}
		if (!ue->type && first && !ue->flags)
			continue;
		ret = change_add(vm, change, ue);
		if (ret)
			return ret;
	}
	return 0;
}

/* The pages that the changes need, so that applying them cannot fail. */
static int changes_reserve(struct kev_routing *table,
			   const struct route_change *changes,
			   unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!routing_slot(table, changes[i].gsi))
			return -ENOMEM;
	return 0;
}

static bool route_has_pin(const struct kev_route *route, unsigned int chip)
{
	return route->type == KVM_IRQ_ROUTING_IRQCHIP &&
	       (route->chips & BIT(chip));
}

/* The highest GSI that is wired to a pin, for the last one has left it. */
static s32 routing_find_pin(const struct kev_routing *table, unsigned int chip,
			    u32 pin)
{
	u32 gsi = table->nr_pages * KEV_ROUTES_PER_PAGE;

	while (gsi--) {
		const struct kev_route *route = kev_routing_slot(table, gsi);

		if (route && route_has_pin(route, chip) &&
		    route->pin[chip] == pin)
			return gsi;
	}
	return -1;
}

static void pins_changed(struct kev_routing *table, u32 gsi,
			 const struct kev_route *old,
			 const struct kev_route *new)
{
	unsigned int chip;
	s32 *slot;

	for (chip = 0; chip < KEV_NR_IRQCHIPS; chip++) {
		if (!route_has_pin(old, chip))
			continue;
		slot = kev_routing_pin(table, chip, old->pin[chip]);
		if (slot && *slot == gsi)
			WRITE_ONCE(*slot, routing_find_pin(table, chip,
							   old->pin[chip]));
	}
	for (chip = 0; chip < KEV_NR_IRQCHIPS; chip++)
		if (route_has_pin(new, chip))
			pin_set_gsi(table, chip, new->pin[chip], gsi);
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

	if (route_equal(&old, &change->route))
		return false;

	spin_lock_irq(&vm->route_lock);
	write_seqcount_begin(&vm->route_seq);
	*slot = change->route;
	write_seqcount_end(&vm->route_seq);
	spin_unlock_irq(&vm->route_lock);

	WRITE_ONCE(vm->routing_seq, vm->routing_seq + 1);
	pins_changed(table, change->gsi, &old, &change->route);
	kev_irqfds_update(vm, change->gsi, &change->route);
	change->route = old;
	return old.type;
}

static int changes_apply(struct kev_vm *vm, struct route_change *changes,
			 unsigned int n)
{
	struct kev_routing *table;
	bool changed = false;
	bool wait = false;
	unsigned int i;
	int ret;

	mutex_lock(&vm->irq_lock);
	/* As large as any limit that was in force before, or larger. */
	table = kev_routing_deref(vm);
	ret = changes_reserve(table, changes, n);
	for (i = 0; i < n && !ret; i++)
		changed |= change_apply(vm, table, &changes[i]);
	if (!ret)
		wait = routing_must_wait(vm, changed);
	mutex_unlock(&vm->irq_lock);

	/* Nothing may arrive by an old route once this returns. */
	if (wait)
		kev_irq_synchronize(vm);
	return ret;
}

/* What a route holds is asked for with no lock held, and put so. */
static int routing_update(struct kev_vm *vm,
			  const struct kvm_irq_routing_entry *entries,
			  struct route_change *changes, unsigned int nr)
{
	unsigned int n = 0;
	unsigned int i;
	int ret;

	ret = changes_build(vm, changes, entries, nr, &n);
	if (!ret)
		ret = changes_apply(vm, changes, n);
	for (i = 0; i < n; i++)
		route_put(vm, &changes[i].route);
	return ret;
}

/**
 * kev_update_irq_routing - KVM_EVENTFD_UPDATE_ROUTES
 * @vm:		The VM.
 * @entries:	@nr entries in user space.
 * @nr:		At most the VM's limit of routes; 0 changes nothing.
 * @flags:	Must be 0.
 *
 * The GSIs that are named have these entries and no others from then on; an
 * entry of type 0 names one that shall have none.  Other GSIs are not touched,
 * and cost nothing.  Each GSI changes at once, but not all of them together.
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
	struct kvm_irq_routing_entry *copy;
	struct route_change *changes;
	int ret;

	ret = vm->ops->routing_allowed(vm);
	if (ret)
		return ret;
	if (nr > READ_ONCE(vm->max_routes) || flags)
		return -EINVAL;
	if (!nr)
		return 0;

	copy = kvmalloc_array(nr, sizeof(*copy), GFP_KERNEL_ACCOUNT);
	changes = kvmalloc_array(nr, sizeof(*changes), GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (!copy || !changes)
		goto free;
	ret = -EFAULT;
	if (!kev_copy_words((u64 *)copy, (const u64 __user *)entries,
			    nr * sizeof(*copy) / sizeof(u64)))
		goto free;

	sort(copy, nr, sizeof(*copy), entry_cmp, NULL);
	ret = routing_update(vm, copy, changes, nr);
free:
	kvfree(changes);
	kvfree(copy);
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
 * Return: 0; -EINVAL: below the limit in force or above KEV_MAX_IRQ_ROUTES_CAP;
 *	   -ENOMEM.
 */
int kev_set_max_routes(struct kev_vm *vm, u64 max)
{
	struct kev_routing *old;
	struct kev_routing *new;
	int ret = -EINVAL;

	mutex_lock(&vm->irq_lock);
	if (max < vm->max_routes || max > KEV_MAX_IRQ_ROUTES_CAP)
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
	/* Nothing is noted of this generation yet. */
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
