// SPDX-License-Identifier: GPL-2.0
/*
 * The ranges of a bus: registers of chips and coalesced zones come and go.
 *
 * A bus has them in an array that is replaced at each change, under the bus mutex;
 * iobus.c reads it.  An old one is freed after the last reader in irq_srcu, for a
 * device that is called may sleep, and after the last one under RCU, for a doorbell
 * looks at its bounds.
 */
#include <linux/kvm_eventfd.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include <kev/compat.h>
#include <kev/iobus_internal.h>
#include <kev/limits.h>

static struct kev_io_ranges *ranges_alloc(unsigned int nr)
{
	struct kev_io_ranges *ranges;

	ranges = kvzalloc(struct_size(ranges, range, nr), GFP_KERNEL_ACCOUNT);
	if (ranges)
		ranges->nr = nr;
	return ranges;
}

static void ranges_free(struct kev_stale *stale)
{
	struct kev_io_ranges *ranges;

	ranges = container_of(stale, struct kev_io_ranges, stale);
	kvfree_rcu(ranges, rcu);
}

static void ranges_publish(struct kev_vm *vm, unsigned int bus,
			   struct kev_io_ranges *old, struct kev_io_ranges *new)
{
	u64 reach = 0;
	unsigned int i;

	for (i = 0; new && i < new->nr; i++) {
		reach = max(reach, new->range[i].end);
		new->range[i].reach = reach;
	}
	if (new) {
		new->low = new->range[0].addr;
		new->high = reach;
	}
	rcu_assign_pointer(vm->buses->ranges[bus], new);
	if (old)
		kev_free_stale(vm, &old->stale, ranges_free);
}

static bool range_after(const struct kev_io_range *a,
			const struct kev_io_range *b)
{
	return a->addr != b->addr ? a->addr > b->addr : a->end > b->end;
}

static int ranges_insert(struct kev_vm *vm, unsigned int bus,
			 const struct kev_io_range *range)
{
	struct kev_io_ranges *old = kev_io_ranges_deref(vm->buses, bus);
	unsigned int nr = old ? old->nr : 0;
	struct kev_io_ranges *new;
	unsigned int i;

	if (nr >= KEV_MAX_BUS_DEVICES)
		return -ENOSPC;

	new = ranges_alloc(nr + 1);
	if (!new)
		return -ENOMEM;

	for (i = 0; i < nr && !range_after(&old->range[i], range); i++)
		new->range[i] = old->range[i];
	new->range[i] = *range;
	for (; i < nr; i++)
		new->range[i + 1] = old->range[i];

	ranges_publish(vm, bus, old, new);
	return 0;
}

/**
 * kev_bus_register - Put a device's registers on a bus
 * @vm:		The VM.
 * @bus:	Which bus.
 * @addr:	First address.
 * @len:	Number of addresses.
 * @dev:	The device; may overlap others, and be on a bus more than once.
 *
 * Context: Process context; takes the bus mutex.
 * Return: 0; -EINVAL: the range wraps; -ENOSPC: KEV_MAX_BUS_DEVICES are there;
 *	   -ENOMEM.
 */
int kev_bus_register(struct kev_vm *vm, enum kev_bus bus, u64 addr, u32 len,
		     struct kev_io_device *dev)
{
	struct kev_io_range range = {
		.addr = addr,
		.end = addr + len,
		.dev = dev,
	};
	int ret;

	if (range.end < addr)
		return -EINVAL;

	mutex_lock(&vm->buses->lock);
	ret = ranges_insert(vm, bus, &range);
	mutex_unlock(&vm->buses->lock);

	return ret;
}
EXPORT_SYMBOL_GPL(kev_bus_register);

/* Removing cannot fail, so the smaller array has to be had. */
static void ranges_remove(struct kev_vm *vm, unsigned int bus,
			  const struct kev_io_device *dev)
{
	struct kev_io_ranges *old = kev_io_ranges_deref(vm->buses, bus);
	struct kev_io_ranges *new;
	unsigned int i;
	unsigned int n;

	for (i = 0, n = 0; old && i < old->nr; i++)
		n += old->range[i].dev != dev;
	if (!old || n == old->nr)
		return;

	new = n ? kvzalloc(struct_size(new, range, n),
			   GFP_KERNEL_ACCOUNT | __GFP_NOFAIL) : NULL;
	for (i = 0, n = 0; new && i < old->nr; i++)
		if (old->range[i].dev != dev)
			new->range[n++] = old->range[i];
	if (new)
		new->nr = n;
	ranges_publish(vm, bus, old, new);
}

/**
 * kev_bus_unregister - Take a device off a bus
 * @vm:		The VM.
 * @bus:	Which bus.
 * @dev:	The device; all its ranges there go.
 *
 * No access reaches it after this returned.
 *
 * Context: Process context; takes the bus mutex, waits for a grace period.
 *	    Does not call @dev's release.
 */
void kev_bus_unregister(struct kev_vm *vm, enum kev_bus bus,
			struct kev_io_device *dev)
{
	/* The VM's teardown destroys the buses before the chips. */
	if (!vm->buses)
		return;

	mutex_lock(&vm->buses->lock);
	ranges_remove(vm, bus, dev);
	mutex_unlock(&vm->buses->lock);

	kev_irq_synchronize(vm);
}
EXPORT_SYMBOL_GPL(kev_bus_unregister);

/**
 * kev_io_ranges_destroy - Release the devices of a bus
 * @buses:	Of a VM that nobody uses any more.
 * @bus:	Which bus.
 *
 * Context: Process context.
 */
void kev_io_ranges_destroy(struct kev_bus_state *buses, unsigned int bus)
{
	struct kev_io_ranges *ranges;
	unsigned int i;

	ranges = rcu_dereference_protected(buses->ranges[bus], true);
	for (i = 0; ranges && i < ranges->nr; i++) {
		struct kev_io_device *dev = ranges->range[i].dev;

		if (dev->ops->release)
			dev->ops->release(dev);
	}
	kvfree(ranges);
}
