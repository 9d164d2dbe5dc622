// SPDX-License-Identifier: GPL-2.0
/*
 * Control of routes: a table of N MSI routes with N irqfds bound, in which one
 * route changes: by a new table, and by an update of that route.  Pins that are
 * removed from a table of 131,072 routes.  And a guest whose disks come up one by
 * one, each with a route more.
 */
#include <linux/kvm_eventfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bench.h"

#define NR_CHANGES	20	/* of a large table */
#define NR_UPDATES	1000

static const unsigned int sizes[] = { 10, 64, 256, 1024, 2048, 4000 };

/**
 * struct change - The VM, its table, and the route that changes
 * @vm:		Whose.
 * @table:	For KVM_SET_GSI_ROUTING.
 * @update:	For KVM_EVENTFD_UPDATE_ROUTES: a header and one entry, as KVM's.
 */
struct change {
	const struct vm *vm;
	struct kvm_irq_routing *table;
	struct kvm_irq_routing *update;
};

/* The route in the middle alternates between two vectors. */
static void op_set(void *arg, unsigned int i)
{
	const struct change *c = arg;
	struct kvm_irq_routing *table = c->table;

	table->entries[table->nr / 2].u.msi.data = 0x40 + (i & 1);
	xioctl(c->vm->fd, KVM_SET_GSI_ROUTING, table, "KVM_SET_GSI_ROUTING");
}

static void op_update(void *arg, unsigned int i)
{
	const struct change *c = arg;

	c->update->entries[0].gsi = c->table->nr / 2;
	c->update->entries[0].u.msi.data = 0x40 + (i & 1);
	xioctl(c->vm->fd, KVM_EVENTFD_UPDATE_ROUTES, c->update,
	       "KVM_EVENTFD_UPDATE_ROUTES");
}

static void change_costs(struct change *c, unsigned int nr)
{
	const struct sys *sys = c->vm->sys;
	unsigned int changes = NR_CHANGES + 20000 / nr;

	report_cost("set-routing", nr, sys->id,
		    measure_warm("set-routing", sys, op_set, c, changes));
	if (!sys_has(sys, KVM_EVENTFD_CAP_UPDATE_ROUTES))
		return;
	report_cost("update-routes", nr, sys->id,
		    measure_warm("update-routes", sys, op_update, c,
				 NR_UPDATES));
}

static void routing_size(const struct sys *sys, const int *fds,
			 unsigned int nr)
{
	struct vm vm;
	struct change c = {
		.vm = &vm, .table = msi_routes(nr), .update = msi_routes(1),
	};
	unsigned int i;

	vm_create(&vm, sys, 1);
	op_set(&c, 0);
	for (i = 0; i < nr; i++)
		irqfd_set(&vm, fds[i], i, 0);
	change_costs(&c, nr);
	free(c.table);
	free(c.update);
	vm_close(&vm);
}

/* Pins that are removed from the largest table, of a VM of lines */

#define NR_ROUTES	131072
#define NR_PINS		1024
#define NR_REMOVALS	4

static void lines_create(struct vm *vm, const struct sys *sys)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_EVENTFD_CAP_MAX_ROUTES, .args[0] = NR_ROUTES,
	};

	settle();
	*vm = (struct vm){ .sys = sys };
	vm->fd = ioctl(sys->fd, KVM_CREATE_VM, KVM_EVENTFD_VM_LINES);
	must(vm->fd >= 0, "KVM_CREATE_VM");
	xioctl(vm->fd, KVM_ENABLE_CAP, &cap, "KVM_EVENTFD_CAP_MAX_ROUTES");
}

/* GSIs from @first on are wired to the pins from 0 on. */
static void pin_routes(struct kvm_irq_routing_entry *entries, __u32 first)
{
	unsigned int i;

	for (i = 0; i < NR_PINS; i++) {
		memset(&entries[i], 0, sizeof(entries[i]));
		entries[i].gsi = first + i;
		entries[i].type = KVM_IRQ_ROUTING_IRQCHIP;
		entries[i].u.irqchip.pin = i;
	}
}

static void op_remove_all(void *arg, unsigned int i)
{
	const struct change *c = arg;

	(void)i;
	xioctl(c->vm->fd, KVM_EVENTFD_UPDATE_ROUTES, c->update,
	       "KVM_EVENTFD_UPDATE_ROUTES");
}

static void op_remove_one(void *arg, unsigned int i)
{
	const struct change *c = arg;

	c->update->entries[0].gsi = i;
	op_remove_all(arg, i);
}

static void removal_cost(const char *op, struct change *c, unsigned int nr,
			 op_fn fn, unsigned int count)
{
	xioctl(c->vm->fd, KVM_SET_GSI_ROUTING, c->table, "KVM_SET_GSI_ROUTING");
	c->update->nr = nr;
	report_cost(op, nr, c->vm->sys->id,
		    measure(op, c->vm->sys, fn, c, count));
}

/* One by one, all together, and all of which each shares its pin with another. */
static void bench_removals(const struct sys *sys)
{
	struct vm vm;
	struct change c = {
		.vm = &vm, .table = msi_routes(NR_ROUTES),
		.update = msi_routes(NR_PINS),
	};
	unsigned int i;

	if (!sys_has(sys, KVM_EVENTFD_CAP_MAX_ROUTES) || !size_wanted(NR_PINS))
		return;
	lines_create(&vm, sys);
	pin_routes(c.table->entries, 0);
	memset(c.update->entries, 0, NR_PINS * sizeof(c.update->entries[0]));
	removal_cost("remove-pins", &c, 1, op_remove_one, NR_PINS / 2);
	for (i = 0; i < NR_PINS; i++)
		c.update->entries[i].gsi = i;
	for (i = 0; i < NR_REMOVALS; i++)
		removal_cost("remove-pins", &c, NR_PINS, op_remove_all, 1);

	pin_routes(c.table->entries + NR_PINS, NR_PINS);
	for (i = 0; i < NR_PINS; i++)
		c.update->entries[i].gsi = NR_PINS + i;
	for (i = 0; i < NR_REMOVALS; i++)
		removal_cost("remove-shared-pins", &c, NR_PINS, op_remove_all, 1);
	free(c.table);
	free(c.update);
	vm_close(&vm);
}

void bench_routing(const struct sys *sys)
{
	const unsigned int max = sizes[ARRAY_SIZE(sizes) - 1];
	int *fds = eventfds_create(max);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (size_wanted(sizes[i]))
			routing_size(sys, fds, sizes[i]);
	eventfds_close(fds, max);
	bench_removals(sys);
}

/* Disks */

#define NR_DISKS	100

static void op_set_one_more(void *arg, unsigned int i)
{
	const struct change *c = arg;

	c->table->nr = i + 1;
	xioctl(c->vm->fd, KVM_SET_GSI_ROUTING, c->table, "KVM_SET_GSI_ROUTING");
}

static void op_update_one_more(void *arg, unsigned int i)
{
	const struct change *c = arg;

	c->update->entries[0] = c->table->entries[i];
	xioctl(c->vm->fd, KVM_EVENTFD_UPDATE_ROUTES, c->update,
	       "KVM_EVENTFD_UPDATE_ROUTES");
}

/* Each disk of a boot counts, the first ones too: nothing is warmed up. */
static void disks_come_up(const struct sys *sys, const char *op, op_fn fn)
{
	struct vm vm;
	struct change c = {
		.vm = &vm, .table = msi_routes(NR_DISKS),
		.update = msi_routes(1),
	};

	vm_create(&vm, sys, 1);
	vm_routes(&vm, 0);
	report_cost(op, NR_DISKS, sys->id, measure(op, sys, fn, &c, NR_DISKS));
	free(c.table);
	free(c.update);
	vm_close(&vm);
}

void bench_disks(const struct sys *sys)
{
	if (!size_wanted(NR_DISKS))
		return;
	disks_come_up(sys, "disks-set-routing", op_set_one_more);
	if (sys_has(sys, KVM_EVENTFD_CAP_UPDATE_ROUTES))
		disks_come_up(sys, "disks-update-routes", op_update_one_more);
}
