// SPDX-License-Identifier: GPL-2.0
/*
 * The buses on which a guest's accesses are looked up: MMIO, PIO, CCW.
 *
 * Two kinds of thing are on a bus.  Ioeventfds are in a hash, keyed by all that a
 * write must be, so that a doorbell costs at most three probes however many
 * there are.  Registers of chips and coalesced zones are ranges: few, in an array
 * that is sorted by address and replaced at each change (iorange.c).
 *
 * FAST_MMIO is no bus of its own.  KVM keeps a twin there of each MMIO
 * ioeventfd of length 0, so a lookup by address alone is a probe for those.
 *
 * Readers of the hash are under RCU and take only an ioeventfd's own lock; those
 * of the ranges are in irq_srcu, so that devices may sleep; writers hold the bus
 * mutex.  Removing an ioeventfd waits for nothing: whoever found it before
 * checks, under its lock, that it is not gone.
 */
#include <linux/eventfd.h>
#include <linux/kvm_eventfd.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include <kev/compat.h>
#include <kev/iobus_internal.h>
#include <kev/limits.h>
#include <kev/vm.h>
#include <kev/wq.h>

/**
 * struct kev_io_group - Counts the ioeventfds with datamatch at an address
 * @slot:	KEV_MATCH_GROUP, in the index.
 * @count:	Of each length: 1, 2, 4, 8.  Under the bus mutex.
 *
 * Only a collision check needs it: is there any of that length?
 */
struct kev_io_group {
	struct kev_io_slot slot;
	u32 count[4];
};

/* The index */

static __always_inline struct kev_io_slot *
io_lookup(struct kev_bus_state *buses, unsigned int bus, u64 addr,
	  enum kev_match match, unsigned int len, u64 data)
{
	struct kev_io_key key = {
		.addr = addr,
		.data = data,
		.vm = buses->vm,
		.bus = bus,
		.match = match,
		.len = len,
	};

	return kev_io_index_find(&key);
}

/* The same for those who are in no hurry. */
static noinline struct kev_io_slot *
io_probe(struct kev_bus_state *buses, const struct kev_io_key *at,
	 enum kev_match match, unsigned int len, u64 data)
{
	struct kev_io_slot *slot;

	rcu_read_lock();
	slot = io_lookup(buses, at->bus, at->addr, match, len, data);
	rcu_read_unlock();

	return slot;
}

/* The guest's side */

static int ioeventfd_signal(struct kev_bus_state *buses,
			    struct kev_io_slot *slot)
{
	struct kev_ioeventfd *ioeventfd;
	int ret = -EOPNOTSUPP;

	ioeventfd = container_of(slot, struct kev_ioeventfd, slot);
	spin_lock(&ioeventfd->lock);
	if (likely(!ioeventfd->gone)) {
		this_cpu_inc(*buses->signalled);
		kev_eventfd_signal(ioeventfd->eventfd);
		ret = 0;
	}
	spin_unlock(&ioeventfd->lock);

	return ret;
}

static u64 io_value(const void *val, unsigned int len)
{
	switch (len) {
	case 1:
		return *(const u8 *)val;
	case 2:
		return get_unaligned_le16(val);
	case 4:
		return get_unaligned_le32(val);
	default:
		return get_unaligned_le64(val);
	}
}

/* No two kinds can match one write: the collision rule forbids it. */
static __always_inline struct kev_io_slot *
ioeventfd_find(struct kev_bus_state *buses, unsigned int bus, u64 addr,
	       unsigned int len, const void *val)
{
	const unsigned int *kinds = buses->kinds[bus];
	struct kev_io_slot *slot = NULL;

	if (READ_ONCE(kinds[KEV_MATCH_ANY]))
		slot = io_lookup(buses, bus, addr, KEV_MATCH_ANY, 0, 0);
	if (slot || !is_power_of_2(len))
		return slot;
	if (READ_ONCE(kinds[KEV_MATCH_LEN]))
		slot = io_lookup(buses, bus, addr, KEV_MATCH_LEN, len, 0);
	if (!slot && READ_ONCE(kinds[KEV_MATCH_DATA]))
		slot = io_lookup(buses, bus, addr, KEV_MATCH_DATA, len,
				 io_value(val, len));
	return slot;
}

static __always_inline int
kev_ioeventfd_write(struct kev_bus_state *buses, unsigned int bus, u64 addr,
		    unsigned int len, const void *val)
{
	struct kev_io_slot *slot;

	slot = ioeventfd_find(buses, bus, addr, len, val);
	return slot ? ioeventfd_signal(buses, slot) : -EOPNOTSUPP;
}

/* The same in between the devices of a bus. */
static noinline int doorbell_write(struct kev_bus_state *buses,
				   unsigned int bus, u64 addr, unsigned int len,
				   const void *val)
{
	int ret;

	rcu_read_lock();
	ret = kev_ioeventfd_write(buses, bus, addr, len, val);
	rcu_read_unlock();

	return ret;
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
 * As KVM's bus order: by address, the smaller of two at one address first.
 * Devices are called in irq_srcu alone: they may sleep, as the ack of a line
 * that one of them ends may have to.
 */
static int ranges_write(struct kev_bus_state *buses,
			const struct kev_io_ranges *ranges, unsigned int bus,
			u64 addr, unsigned int len, const void *val)
{
	bool asked = false;
	unsigned int i;

	i = ranges ? ranges_first(ranges, addr) : 0;
	for (; ranges && i < ranges->nr; i++) {
		const struct kev_io_range *range = &ranges->range[i];

		if (range->addr > addr)
			break;
		if (range->addr == addr && !asked) {
			asked = true;
			if (!doorbell_write(buses, bus, addr, len, val))
				return 0;
		}
		if (io_range_contains(range, addr, len) &&
		    !range->dev->ops->write(range->dev, addr, len, val))
			return 0;
	}
	return asked ? -EOPNOTSUPP :
		       doorbell_write(buses, bus, addr, len, val);
}

static noinline int bus_write_ranges(struct kev_vm *vm, unsigned int bus,
				     u64 addr, unsigned int len,
				     const void *val)
{
	struct kev_bus_state *buses = vm->buses;
	int idx;
	int ret;

	idx = srcu_read_lock(&vm->irq_srcu);
	ret = ranges_write(buses, srcu_dereference(buses->ranges[bus],
						   &vm->irq_srcu),
			   bus, addr, len, val);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return ret;
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
	struct kev_bus_state *buses = vm->buses;
	struct kev_io_ranges *ranges;
	int ret;

	rcu_read_lock();
	ranges = rcu_dereference(buses->ranges[bus]);
	if (ranges && addr >= ranges->low && addr < ranges->high) {
		rcu_read_unlock();
		return bus_write_ranges(vm, bus, addr, len, val);
	}
	ret = kev_ioeventfd_write(buses, bus, addr, len, val);
	rcu_read_unlock();

	return ret;
}
EXPORT_SYMBOL_GPL(kev_bus_write);

/**
 * kev_bus_write_fast - The guest wrote something to an MMIO address
 * @vm:		The VM.
 * @addr:	Guest physical address.
 *
 * For an exit that knows the address but has not decoded the access.
 *
 * Context: Process context; does not sleep.
 * Return: 0 when an ioeventfd of length 0 took it, else -EOPNOTSUPP.
 */
int kev_bus_write_fast(struct kev_vm *vm, u64 addr)
{
	struct kev_bus_state *buses = vm->buses;
	struct kev_io_slot *slot = NULL;
	int ret = -EOPNOTSUPP;

	rcu_read_lock();
	if (READ_ONCE(buses->kinds[KEV_BUS_MMIO][KEV_MATCH_ANY]))
		slot = io_lookup(buses, KEV_BUS_MMIO, addr, KEV_MATCH_ANY, 0,
				 0);
	if (slot)
		ret = ioeventfd_signal(buses, slot);
	rcu_read_unlock();

	return ret;
}
EXPORT_SYMBOL_GPL(kev_bus_write_fast);

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
	struct kev_io_ranges *ranges;
	int ret = -EOPNOTSUPP;
	unsigned int i;
	int idx;

	idx = srcu_read_lock(&vm->irq_srcu);
	ranges = srcu_dereference(vm->buses->ranges[bus], &vm->irq_srcu);
	i = ranges ? ranges_first(ranges, addr) : 0;
	for (; ranges && i < ranges->nr && ret; i++) {
		const struct kev_io_range *range = &ranges->range[i];

		if (range->addr > addr)
			break;
		if (io_range_contains(range, addr, len))
			ret = range->dev->ops->read(range->dev, addr, len, val);
	}
	srcu_read_unlock(&vm->irq_srcu, idx);

	return ret;
}
EXPORT_SYMBOL_GPL(kev_bus_read);

/* Ioeventfds come and go */

static int slot_add(struct kev_bus_state *buses, struct kev_io_slot *slot)
{
	int ret;

	lockdep_assert_held(&buses->lock);

	slot->key.vm = buses->vm;
	ret = kev_io_index_add(slot);
	if (!ret)
		hlist_add_head(&slot->peers, &buses->slots);
	return ret;
}

static void slot_del(struct kev_bus_state *buses, struct kev_io_slot *slot)
{
	lockdep_assert_held(&buses->lock);

	kev_io_index_del(slot);
	hlist_del(&slot->peers);
}

static struct kev_io_group *group_find(struct kev_bus_state *buses,
				       const struct kev_io_key *key)
{
	struct kev_io_slot *slot;

	slot = io_probe(buses, key, KEV_MATCH_GROUP, 0, 0);
	return slot ? container_of(slot, struct kev_io_group, slot) : NULL;
}

static bool has_len(struct kev_bus_state *buses, const struct kev_io_key *key,
		    unsigned int len)
{
	const unsigned int *kinds = buses->kinds[key->bus];
	struct kev_io_group *group;

	if (kinds[KEV_MATCH_LEN] && io_probe(buses, key, KEV_MATCH_LEN, len, 0))
		return true;
	group = kinds[KEV_MATCH_DATA] ? group_find(buses, key) : NULL;
	return group && group->count[ilog2(len)];
}

/* Is there one at that address which takes every write of any length? */
static bool has_any(struct kev_bus_state *buses, const struct kev_io_key *key)
{
	return buses->kinds[key->bus][KEV_MATCH_ANY] &&
	       io_probe(buses, key, KEV_MATCH_ANY, 0, 0);
}

/*
 * KVM's rule: two at one address collide when either is of length 0, or when
 * they are of equal length and not both with different datamatch.
 */
static bool ioeventfd_collides(struct kev_bus_state *buses,
			       const struct kev_io_key *key)
{
	unsigned int len;

	lockdep_assert_held(&buses->lock);

	if (has_any(buses, key))
		return true;

	switch (key->match) {
	case KEV_MATCH_ANY:
		for (len = 1; len <= 8; len *= 2)
			if (has_len(buses, key, len))
				return true;
		return false;
	case KEV_MATCH_LEN:
		return has_len(buses, key, key->len);
	default:
		return io_probe(buses, key, KEV_MATCH_LEN, key->len, 0) ||
		       io_probe(buses, key, KEV_MATCH_DATA, key->len,
				key->data);
	}
}

/* Count one more with datamatch, with a group that may have to be made. */
static int group_add(struct kev_bus_state *buses, const struct kev_io_key *key)
{
	struct kev_io_group *group;
	int ret;

	group = group_find(buses, key);
	if (!group) {
		group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
		if (!group)
			return -ENOMEM;
		group->slot.key.addr = key->addr;
		group->slot.key.bus = key->bus;
		group->slot.key.match = KEV_MATCH_GROUP;
		ret = slot_add(buses, &group->slot);
		if (ret) {
			kfree(group);
			return ret;
		}
	}
	group->count[ilog2(key->len)]++;
	return 0;
}

static void group_del(struct kev_bus_state *buses, const struct kev_io_key *key)
{
	struct kev_io_group *group = group_find(buses, key);
	unsigned int i;

	group->count[ilog2(key->len)]--;
	for (i = 0; i < ARRAY_SIZE(group->count); i++)
		if (group->count[i])
			return;

	slot_del(buses, &group->slot);
	kfree_rcu(group, slot.rcu);
}

static void kinds_add(struct kev_bus_state *buses, const struct kev_io_key *key,
		      int n)
{
	unsigned int *count = &buses->kinds[key->bus][key->match];

	WRITE_ONCE(*count, *count + n);
}

/*
 * The count goes up before the entry is visible and down after it is not, so
 * that a doorbell never skips a kind that is there.
 */
static int ioeventfd_insert(struct kev_bus_state *buses,
			    struct kev_ioeventfd *ioeventfd)
{
	const struct kev_io_key *key = &ioeventfd->slot.key;
	const struct kev_io_ranges *ranges;
	int ret;

	if (ioeventfd_collides(buses, key))
		return -EEXIST;

	/* KVM counts the other devices here too. */
	ranges = kev_io_ranges_deref(buses, key->bus);
	if (ranges && ranges->nr >= KEV_MAX_BUS_DEVICES)
		return -ENOSPC;

	if (key->match == KEV_MATCH_DATA) {
		ret = group_add(buses, key);
		if (ret)
			return ret;
	}

	kinds_add(buses, key, 1);
	ret = slot_add(buses, &ioeventfd->slot);
	if (ret) {
		kinds_add(buses, key, -1);
		if (key->match == KEV_MATCH_DATA)
			group_del(buses, key);
	}
	return ret;
}

/**
 * kev_bus_add_ioeventfd - Put an ioeventfd on its bus
 * @vm:		The VM.
 * @ioeventfd:	Complete; owned by the bus when this succeeds.
 *
 * Every guest write that starts after this returned matches it.
 *
 * Context: Process context; takes the bus mutex.
 * Return: 0; -EEXIST; -ENOSPC: KEV_MAX_BUS_DEVICES others are there; -ENOMEM.
 */
int kev_bus_add_ioeventfd(struct kev_vm *vm, struct kev_ioeventfd *ioeventfd)
{
	struct kev_bus_state *buses = vm->buses;
	int ret;

	mutex_lock(&buses->lock);
	ret = ioeventfd_insert(buses, ioeventfd);
	mutex_unlock(&buses->lock);

	return ret;
}

static void ioeventfd_remove(struct kev_bus_state *buses,
			     struct kev_ioeventfd *ioeventfd)
{
	const struct kev_io_key *key = &ioeventfd->slot.key;

	slot_del(buses, &ioeventfd->slot);
	kinds_add(buses, key, -1);
	if (key->match == KEV_MATCH_DATA)
		group_del(buses, key);

	/* Whoever found it before now signals before this, or not at all. */
	spin_lock(&ioeventfd->lock);
	ioeventfd->gone = true;
	spin_unlock(&ioeventfd->lock);
}

static void ioeventfd_free(struct kev_ioeventfd *ioeventfd)
{
	eventfd_ctx_put(ioeventfd->eventfd);
	kfree_rcu(ioeventfd, slot.rcu);
}

/**
 * kev_bus_del_ioeventfd - Take an ioeventfd off its bus and free it
 * @vm:		The VM.
 * @key:	Which.
 * @eventfd:	What it must signal.
 *
 * No guest write signals it after this returned.
 *
 * Context: Process context; takes the bus mutex, waits for no grace period.
 * Return: 0 or -ENOENT.
 */
int kev_bus_del_ioeventfd(struct kev_vm *vm, const struct kev_io_key *key,
			  const struct eventfd_ctx *eventfd)
{
	struct kev_bus_state *buses = vm->buses;
	struct kev_ioeventfd *ioeventfd = NULL;
	struct kev_io_slot *slot;

	mutex_lock(&buses->lock);
	slot = io_probe(buses, key, key->match, key->len, key->data);
	if (slot)
		ioeventfd = container_of(slot, struct kev_ioeventfd, slot);
	if (ioeventfd && ioeventfd->eventfd == eventfd)
		ioeventfd_remove(buses, ioeventfd);
	else
		ioeventfd = NULL;
	mutex_unlock(&buses->lock);

	if (!ioeventfd)
		return -ENOENT;
	ioeventfd_free(ioeventfd);
	return 0;
}

/* Birth, end, figures */

/**
 * kev_buses_init - Empty buses
 * @vm:		A VM that is being created.
 *
 * Context: Process context.
 * Return: 0; -ENOMEM; -ENOSPC: there are 2^31 VMs.
 */
int kev_buses_init(struct kev_vm *vm)
{
	struct kev_bus_state *buses;
	int ret;

	buses = kzalloc(sizeof(*buses), GFP_KERNEL_ACCOUNT);
	if (!buses)
		return -ENOMEM;
	buses->signalled = alloc_percpu_gfp(u64, GFP_KERNEL_ACCOUNT);
	if (!buses->signalled) {
		ret = -ENOMEM;
		goto free;
	}
	ret = kev_io_index_enter();
	if (ret < 0)
		goto free_percpu;
	buses->vm = ret;
	mutex_init(&buses->lock);
	vm->buses = buses;
	return 0;

free_percpu:
	free_percpu(buses->signalled);
free:
	kfree(buses);
	return ret;
}

static void io_slot_free(struct kev_io_slot *slot)
{
	struct kev_ioeventfd *ioeventfd;

	if (slot->key.match == KEV_MATCH_GROUP) {
		kfree(container_of(slot, struct kev_io_group, slot));
		return;
	}
	ioeventfd = container_of(slot, struct kev_ioeventfd, slot);
	eventfd_ctx_put(ioeventfd->eventfd);
	kfree(ioeventfd);
}

static void buses_free(struct work_struct *work)
{
	struct kev_bus_state *buses = container_of(to_rcu_work(work),
						   struct kev_bus_state, free);
	struct kev_io_slot *slot;
	struct hlist_node *next;

	hlist_for_each_entry_safe(slot, next, &buses->slots, peers) {
		io_slot_free(slot);
		cond_resched();
	}
	free_percpu(buses->signalled);
	mutex_destroy(&buses->lock);
	kfree(buses);
}

/*
 * Doorbells of other VMs may be walking over what was in the index: all of it is
 * freed together, after a grace period that nobody waits for.
 */
static void io_slots_destroy(struct kev_bus_state *buses)
{
	struct kev_io_slot *slot;

	hlist_for_each_entry(slot, &buses->slots, peers) {
		kev_io_index_del(slot);
		cond_resched();
	}
	kev_io_index_leave(buses->vm);
}

/**
 * kev_buses_destroy - Free everything that is on the buses
 * @vm:		A VM that nobody uses any more.
 *
 * Context: Process context.
 */
void kev_buses_destroy(struct kev_vm *vm)
{
	struct kev_bus_state *buses = vm->buses;
	unsigned int bus;

	io_slots_destroy(buses);
	for (bus = 0; bus < KEV_NR_BUSES; bus++)
		kev_io_ranges_destroy(buses, bus);
	vm->buses = NULL;

	INIT_RCU_WORK(&buses->free, buses_free);
	queue_rcu_work(kev_wq, &buses->free);
}

/**
 * kev_buses_stats - Count the ioeventfds and what they took
 * @vm:		The VM.
 * @signalled:	Writes that they, and those that are gone, took.
 *
 * Context: Process context; takes the bus mutex.
 * Return: How many are registered.
 */
unsigned int kev_buses_stats(struct kev_vm *vm, u64 *signalled)
{
	struct kev_bus_state *buses = vm->buses;
	unsigned int count = 0;
	unsigned int bus;
	unsigned int kind;
	u64 sum = 0;
	int cpu;

	BUILD_BUG_ON(ARRAY_SIZE(buses->kinds[0]) != KEV_MATCH_GROUP);

	mutex_lock(&buses->lock);
	for (bus = 0; bus < KEV_NR_BUSES; bus++)
		for (kind = 0; kind < KEV_MATCH_GROUP; kind++)
			count += buses->kinds[bus][kind];
	mutex_unlock(&buses->lock);

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(buses->signalled, cpu));
	*signalled = sum;

	return count;
}
