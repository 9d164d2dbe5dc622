// SPDX-License-Identifier: GPL-2.0
/*
 * Setting the table of GSI routes as a whole, its limit, its birth and end.
 *
 * A table is built with no lock held, and a caller that is killed meanwhile has
 * changed nothing.  Writers hold vm->irq_lock, under which nothing of a sink is
 * called and no grace period is waited for.  A table may be large, so every loop
 * over routes lets others run.
 *
 * Called by the node (SET_GSI_ROUTING) and by sinks (their first routes); calls
 * eventfd.c for the irqfds whose route changed.
 */
#include <linux/kvm_eventfd.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/srcu.h>

#include <kev/base/limits.h>
#include <kev/plane/eventfd.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/routing.h>
#include <kev/plane/vm.h>

/* With all that its routes hold, after the last reader. */
static void table_release(struct kev_vm *vm, struct kev_routing *table)
{
	kev_routing_put_routes(vm, table);
	kev_routing_free(table);
}

/* Building a table */

/**
 * struct table_build - A table that is being made
 * @vm:		For which VM.
 * @table:	The table.
 */
struct table_build {
	struct kev_vm *vm;
	struct kev_routing *table;
};

static int table_add(void *data, const struct kvm_irq_routing_entry *ue)
{
	struct table_build *build = data;
	struct kev_routing *table = build->table;
	struct kev_route *route;
	u32 gsi;
	int ret;

	if (ue->gsi >= table->max_routes)
		return -EINVAL;

	gsi = array_index_nospec(ue->gsi, table->max_routes);
	route = kev_routing_make_slot(table, gsi);
	if (!route)
		return -ENOMEM;
	ret = kev_route_fill(build->vm, route, gsi, ue);
	if (ret)
		return ret;
	if (ue->type == KVM_IRQ_ROUTING_IRQCHIP)
		kev_pin_add(table, ue->u.irqchip.irqchip, ue->u.irqchip.pin,
			    gsi);
	return 0;
}

static int table_add_kernel(struct table_build *build,
			    const struct kvm_irq_routing_entry *entries,
			    unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = table_add(build, &entries[i]);
	return ret;
}

/* Putting it in force */

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

		if (kev_route_equal(from, to))
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

		grown = kev_routing_grow(table, max_routes);
		if (!grown) {
			table_release(vm, table);
			return NULL;
		}
		kvfree(table);
		table = grown;
	}
}

/**
 * kev_routing_changed - Routes that were in force have changed
 * @vm:		The VM.
 *
 * Their readers are not waited for yet.
 *
 * Context: Process context, under irq_lock.
 */
void kev_routing_changed(struct kev_vm *vm)
{
	lockdep_assert_held(&vm->irq_lock);

	vm->route_change = get_state_synchronize_srcu(&vm->irq_srcu);
	vm->route_changed = true;
}

/**
 * kev_routing_must_wait - May a reader have a route from before the last change?
 * @vm:		The VM.
 *
 * Context: Process context, under irq_lock.
 * Return: Whether a grace period has to be waited for.
 */
bool kev_routing_must_wait(struct kev_vm *vm)
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
	kev_routing_changed(vm);
	mutex_unlock(&vm->irq_lock);

	/* Nothing may arrive by an old route once this returns. */
	kev_irq_synchronize(vm);
	table_release(vm, old);
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
	struct table_build build = { .vm = vm };
	int ret;

	build.table = kev_routing_alloc(READ_ONCE(vm->max_routes), vm->nr_pins);
	if (!build.table)
		return -ENOMEM;

	if (kernel)
		ret = table_add_kernel(&build, kernel, nr);
	else
		ret = kev_route_entries(entries, nr, table_add, &build);
	if (ret) {
		table_release(vm, build.table);
		return ret;
	}
	return routing_replace(vm, build.table);
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
	new = kev_routing_grow(old, max);
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
 * @vm:		A VM that nobody uses any more, and that has nothing deferred.
 *
 * Context: Process context.
 */
void kev_routing_clear(struct kev_vm *vm)
{
	kev_routing_put_routes(vm, rcu_dereference_protected(vm->routing, true));
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
	table = kev_routing_alloc(vm->max_routes, vm->nr_pins);
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
	kev_routing_free(rcu_dereference_protected(vm->routing, true));
}
