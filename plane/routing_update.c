// SPDX-License-Identifier: GPL-2.0
/*
 * Changing single routes of the table in force: KVM_EVENTFD_UPDATE_ROUTES.
 *
 * Entries are read and checked with no lock held, and a caller that is killed
 * meanwhile has changed nothing.  They are applied under vm->irq_lock, with nothing
 * left that can fail.  Both loops let others run.
 */
#include <linux/kvm_eventfd.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/seqlock.h>

#include <kev/base/batch.h>
#include <kev/plane/eventfd.h>
#include <kev/plane/routing.h>
#include <kev/plane/vm.h>

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

/* An entry of type 0 says that its GSI has no route: it stands alone. */
static int changes_add(void *data, const struct kvm_irq_routing_entry *ue)
{
	struct route_changes *changes = data;
	struct route_change *change;
	u32 gsi;

	if (ue->gsi >= changes->max_routes)
		return -EINVAL;

	gsi = array_index_nospec(ue->gsi, changes->max_routes);
	change = change_find(changes, gsi);
	if (change)
		return change->route.type ?
		       kev_route_fill(changes->vm, &change->route, gsi, ue) :
		       -EINVAL;

	change = change_new(changes, gsi);
	if (!change)
		return -ENOMEM;
	if (!ue->type && !ue->flags)
		return 0;
	return kev_route_fill(changes->vm, &change->route, gsi, ue);
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
			if (!kev_routing_make_slot(table, page->change[i].gsi))
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
		kev_pin_set_owner(table, pin, 0);
	} else if (pin->owner == gsi + 1) {
		pin->orphan = true;
		table->nr_orphans++;
	}
}

/* A GSI that stays wired to its pin counts as the last that was wired to it. */
static void pin_keep(struct kev_routing *table, unsigned int chip,
		     unsigned int nr, u32 gsi)
{
	struct kev_pin *pin = kev_routing_pin(table, chip, nr);

	if (pin)
		kev_pin_set_owner(table, pin, gsi + 1);
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
		kev_pin_add(table, chip, new->pin[chip], gsi);
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
				kev_pin_set_owner(table, pin, route->gsi + 1);
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
	struct kev_route *slot = kev_routing_make_slot(table, change->gsi);
	struct kev_route old = *slot;
	unsigned int chip;

	if (kev_route_equal(&old, &change->route))
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
		kev_routing_changed(vm);
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
		wait = kev_routing_must_wait(vm);
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
			kev_route_put(changes->vm, &page->change[i].route);
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
	ret = kev_route_entries(entries, nr, changes_add, &changes);
	if (!ret)
		ret = changes_apply(&changes);
	changes_put(&changes);
	return ret;
}
EXPORT_SYMBOL_GPL(kev_update_irq_routing);
