// SPDX-License-Identifier: GPL-2.0
/*
 * The buses on which a guest's accesses are looked up: MMIO, PIO, CCW.
 *
 * Two kinds of thing are on a bus.  Ioeventfds take writes, and ioeventfd.c finds
 * them.  Devices, which are registers of chips and coalesced zones, have ranges:
 * few, in an array that is sorted by address and replaced at each change.
 *
 * FAST_MMIO is no bus of its own.  KVM keeps a twin there of each MMIO ioeventfd
 * of length 0, so a lookup by address alone is one for those.
 *
 * Readers of the ranges are in irq_srcu, so that devices may sleep; a write outside
 * of their bounds, which are kept beside them, enters no read section for them.
 */
#include <linux/kvm_eventfd.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include <kev/base/limits.h>
#include <kev/plane/iobus.h>
#include <kev/plane/ioeventfd.h>
#include <kev/plane/vm.h>

/**
 * struct kev_io_range - Where a device is
 * @addr:	First address.
 * @end:	Address after the last; at most 2^64 - 1.
 * @reach:	Highest @end of this and all ranges before it.
 * @dev:	The device.
 */
struct kev_io_range {
	u64 addr;
	u64 end;
	u64 reach;
	struct kev_io_device *dev;
};

/**
 * struct kev_io_ranges - The ranges of one bus
 * @deferred:	Freed after the last reader.
 * @nr:		Number of them; at least 1.
 * @range:	Sorted by @addr, then @end; equal ones in order of registration.
 */
struct kev_io_ranges {
	struct kev_deferred deferred;
	unsigned int nr;
	struct kev_io_range range[];
};

/**
 * struct bus_access - One access of a guest
 * @bus:	Where.
 * @len:	Bytes.
 * @addr:	Address on the bus.
 * @nowait:	No device may be called.
 */
struct bus_access {
	enum kev_bus bus;
	unsigned int len;
	u64 addr;
	bool nowait;
};

/* A guest's access */

static int doorbell_write(struct kev_vm *vm, const struct bus_access *access,
			  const void *val)
{
	return kev_ioeventfds_write(&vm->ioeventfds, access->bus, access->addr,
				    access->len, val);
}

/*
 * The first range that may contain @addr.  Ranges may overlap, so step back
 * from the last one that starts at or below it while an earlier one reaches it.
 */
static unsigned int ranges_first(const struct kev_io_ranges *ranges, u64 addr)
{
	unsigned int high = ranges->nr;
	unsigned int low = 0;

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (ranges->range[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	while (low && ranges->range[low - 1].reach > addr)
		low--;
	return low;
}

static bool io_range_contains(const struct kev_io_range *range, u64 addr,
			      unsigned int len)
{
	return range->addr <= addr && range->end - addr >= len &&
	       range->end > addr;
}

/*
 * As KVM's bus order: by address, the smaller of two at one address first, an
 * ioeventfd before the ranges at its address.  Devices are called in irq_srcu
 * alone: they may sleep, as the ack of a line that one of them ends may have to.
 */
static int ranges_write(struct kev_vm *vm, const struct kev_io_ranges *ranges,
			const struct bus_access *access, const void *val)
{
	bool asked = false;
	unsigned int i;
	int ret;

	i = ranges ? ranges_first(ranges, access->addr) : 0;
	for (; ranges && i < ranges->nr; i++) {
		const struct kev_io_range *range = &ranges->range[i];

		if (range->addr > access->addr)
			break;
		if (range->addr == access->addr && !asked) {
			asked = true;
			ret = doorbell_write(vm, access, val);
			if (ret != -EOPNOTSUPP)
				return ret;
		}
		if (!io_range_contains(range, access->addr, access->len))
			continue;
		if (access->nowait)
			return -EAGAIN;
		if (!range->dev->ops->write(range->dev, access->addr,
					    access->len, val))
			return 0;
	}
	return asked ? -EOPNOTSUPP : doorbell_write(vm, access, val);
}

static int bus_write_ranges(struct kev_vm *vm, const struct bus_access *access,
			    const void *val)
{
	int idx;
	int ret;

	idx = srcu_read_lock(&vm->irq_srcu);
	ret = ranges_write(vm, srcu_dereference(vm->buses.ranges[access->bus],
						&vm->irq_srcu),
			   access, val);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return ret;
}

/*
 * May there be a device at @addr?  A device that is there all the time lies within
 * the bounds before and after each change, so also between a new one and an old one.
 */
static bool bus_has_range(const struct kev_buses *buses, enum kev_bus bus,
			  u64 addr)
{
	return addr >= (u64)atomic64_read(&buses->low[bus]) &&
	       addr < (u64)atomic64_read(&buses->high[bus]);
}

static int bus_write(struct kev_vm *vm, const struct bus_access *access,
		     const void *val)
{
	if (bus_has_range(&vm->buses, access->bus, access->addr))
		return bus_write_ranges(vm, access, val);
	return doorbell_write(vm, access, val);
}

/**
 * kev_bus_write - The guest wrote
 * @vm:		The VM.
 * @bus:	Which bus.
 * @addr:	Address on it.
 * @len:	1 to 8 bytes.
 * @val:	The data, little-endian, not necessarily aligned.
 *
 * Context: Process context; may sleep where a device does.
 * Return: 0 when a device took it, else -EOPNOTSUPP.
 */
int kev_bus_write(struct kev_vm *vm, enum kev_bus bus, u64 addr,
		  unsigned int len, const void *val)
{
	struct bus_access access = { .bus = bus, .addr = addr, .len = len };

	return bus_write(vm, &access, val);
}
EXPORT_SYMBOL_GPL(kev_bus_write);

/**
 * kev_bus_write_nowait - The guest wrote, and the caller cannot sleep
 * @vm:		The VM.
 * @bus:	Which bus.
 * @addr:	Address on it.
 * @len:	1 to 8 bytes.
 * @val:	The data, little-endian, not necessarily aligned.
 *
 * An ioeventfd is signalled as by kev_bus_write().
 *
 * Context: Any, but for an NMI.
 * Return: As kev_bus_write(); or -EAGAIN, and nothing was touched: a device is
 *	   there, which may sleep, or the caller is inside of an eventfd's wakeup,
 *	   where no eventfd can be signalled.  kev_bus_write() in process context
 *	   has the answer.
 */
int kev_bus_write_nowait(struct kev_vm *vm, enum kev_bus bus, u64 addr,
			 unsigned int len, const void *val)
{
	struct bus_access access = {
		.bus = bus,
		.addr = addr,
		.len = len,
		.nowait = true,
	};

	return bus_write(vm, &access, val);
}
EXPORT_SYMBOL_GPL(kev_bus_write_nowait);

/**
 * kev_bus_write_fast - The guest wrote something to an MMIO address
 * @vm:		The VM.
 * @addr:	Guest physical address.
 *
 * For an exit that knows the address but has not decoded the access.
 *
 * Context: Any, but for an NMI.
 * Return: 0 when an ioeventfd of length 0 took it, else -EOPNOTSUPP; -EAGAIN as
 *	   kev_bus_write_nowait().
 */
int kev_bus_write_fast(struct kev_vm *vm, u64 addr)
{
	return kev_ioeventfds_write(&vm->ioeventfds, KEV_BUS_MMIO, addr, 0,
				    NULL);
}
EXPORT_SYMBOL_GPL(kev_bus_write_fast);

static int ranges_read(const struct kev_io_ranges *ranges,
		       const struct bus_access *access, void *val)
{
	unsigned int i;

	i = ranges ? ranges_first(ranges, access->addr) : 0;
	for (; ranges && i < ranges->nr; i++) {
		const struct kev_io_range *range = &ranges->range[i];

		if (range->addr > access->addr)
			break;
		if (!io_range_contains(range, access->addr, access->len))
			continue;
		if (access->nowait)
			return -EAGAIN;
		if (!range->dev->ops->read(range->dev, access->addr,
					   access->len, val))
			return 0;
	}
	return -EOPNOTSUPP;
}

static int bus_read(struct kev_vm *vm, const struct bus_access *access,
		    void *val)
{
	int idx;
	int ret;

	idx = srcu_read_lock(&vm->irq_srcu);
	ret = ranges_read(srcu_dereference(vm->buses.ranges[access->bus],
					   &vm->irq_srcu),
			  access, val);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return ret;
}

/**
 * kev_bus_read - The guest read
 * @vm:		The VM.
 * @bus:	Which bus.
 * @addr:	Address on it.
 * @len:	1 to 8 bytes.
 * @val:	Filled with the data, little-endian, when a device answered.
 *
 * Ioeventfds never answer.
 *
 * Context: Process context; may sleep where a device does.
 * Return: 0 when a device answered, else -EOPNOTSUPP.
 */
int kev_bus_read(struct kev_vm *vm, enum kev_bus bus, u64 addr,
		 unsigned int len, void *val)
{
	struct bus_access access = { .bus = bus, .addr = addr, .len = len };

	return bus_read(vm, &access, val);
}
EXPORT_SYMBOL_GPL(kev_bus_read);

/**
 * kev_bus_read_nowait - The guest read, and the caller cannot sleep
 * @vm:		The VM.
 * @bus:	Which bus.
 * @addr:	Address on it.
 * @len:	1 to 8 bytes.
 *
 * Context: Any, but for an NMI.
 * Return: -EAGAIN: a device is there, and was not asked; else -EOPNOTSUPP.
 */
int kev_bus_read_nowait(struct kev_vm *vm, enum kev_bus bus, u64 addr,
			unsigned int len)
{
	struct bus_access access = {
		.bus = bus,
		.addr = addr,
		.len = len,
		.nowait = true,
	};

	return bus_read(vm, &access, NULL);
}
EXPORT_SYMBOL_GPL(kev_bus_read_nowait);

/* Devices come and go */

static struct kev_io_ranges *ranges_deref(struct kev_buses *buses,
					  unsigned int bus)
{
	return rcu_dereference_protected(buses->ranges[bus],
					 lockdep_is_held(&buses->lock));
}

static struct kev_io_ranges *ranges_alloc(unsigned int nr)
{
	struct kev_io_ranges *ranges;

	ranges = kvzalloc(struct_size(ranges, range, nr), GFP_KERNEL_ACCOUNT);
	if (ranges)
		ranges->nr = nr;
	return ranges;
}

static void ranges_free(struct kev_deferred *deferred)
{
	kvfree(container_of(deferred, struct kev_io_ranges, deferred));
}

/* The highest end; says at each range how far it and those before it reach. */
static u64 ranges_reach(struct kev_io_ranges *ranges)
{
	u64 reach = 0;
	unsigned int i;

	for (i = 0; i < ranges->nr; i++) {
		reach = max(reach, ranges->range[i].end);
		ranges->range[i].reach = reach;
	}
	return reach;
}

static void ranges_publish(struct kev_vm *vm, unsigned int bus,
			   struct kev_io_ranges *old, struct kev_io_ranges *new)
{
	struct kev_buses *buses = &vm->buses;
	u64 high = new ? ranges_reach(new) : 0;

	rcu_assign_pointer(buses->ranges[bus], new);
	atomic64_set(&buses->low[bus], new ? new->range[0].addr : 0);
	atomic64_set(&buses->high[bus], high);
	WRITE_ONCE(vm->ioeventfds.nr_devices[bus], new ? new->nr : 0);
	if (old)
		kev_free_deferred(vm, &old->deferred, ranges_free);
}

static bool range_after(const struct kev_io_range *a,
			const struct kev_io_range *b)
{
	return a->addr != b->addr ? a->addr > b->addr : a->end > b->end;
}

static int ranges_insert(struct kev_vm *vm, unsigned int bus,
			 const struct kev_io_range *range)
{
	struct kev_io_ranges *old = ranges_deref(&vm->buses, bus);
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

	mutex_lock(&vm->buses.lock);
	ret = ranges_insert(vm, bus, &range);
	mutex_unlock(&vm->buses.lock);

	return ret;
}
EXPORT_SYMBOL_GPL(kev_bus_register);

/*
 * Removing cannot fail, so neither may the smaller array.  False: nothing of the
 * device was there.
 */
static bool ranges_remove(struct kev_vm *vm, unsigned int bus,
			  const struct kev_io_device *dev)
{
	struct kev_io_ranges *old = ranges_deref(&vm->buses, bus);
	struct kev_io_ranges *new;
	unsigned int i;
	unsigned int n;

	for (i = 0, n = 0; old && i < old->nr; i++)
		n += old->range[i].dev != dev;
	if (!old || n == old->nr)
		return false;

	new = n ? kvzalloc(struct_size(new, range, n),
			   GFP_KERNEL_ACCOUNT | __GFP_NOFAIL) : NULL;
	for (i = 0, n = 0; new && i < old->nr; i++)
		if (old->range[i].dev != dev)
			new->range[n++] = old->range[i];
	if (new)
		new->nr = n;
	ranges_publish(vm, bus, old, new);
	return true;
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
	bool removed;

	mutex_lock(&vm->buses.lock);
	removed = ranges_remove(vm, bus, dev);
	mutex_unlock(&vm->buses.lock);

	/* The VM's teardown destroys the buses before the chips. */
	if (removed)
		kev_irq_synchronize(vm);
}
EXPORT_SYMBOL_GPL(kev_bus_unregister);

/* Birth and end */

/**
 * kev_buses_init - Empty buses
 * @buses:	Of a VM that is being created; zeroed.
 *
 * Context: Process context.
 */
void kev_buses_init(struct kev_buses *buses)
{
	mutex_init(&buses->lock);
}

static void ranges_destroy(struct kev_io_ranges *ranges)
{
	unsigned int i;

	for (i = 0; ranges && i < ranges->nr; i++) {
		struct kev_io_device *dev = ranges->range[i].dev;

		if (dev->ops->release)
			dev->ops->release(dev);
		cond_resched();
	}
	kvfree(ranges);
}

/**
 * kev_buses_destroy - Release the devices that are on the buses
 * @buses:	Of a VM that nobody uses any more.
 *
 * Context: Process context; takes the bus mutex.
 */
void kev_buses_destroy(struct kev_buses *buses)
{
	struct kev_io_ranges *ranges;
	unsigned int bus;

	for (bus = 0; bus < KEV_NR_BUSES; bus++) {
		mutex_lock(&buses->lock);
		ranges = ranges_deref(buses, bus);
		RCU_INIT_POINTER(buses->ranges[bus], NULL);
		mutex_unlock(&buses->lock);
		ranges_destroy(ranges);
	}
}
