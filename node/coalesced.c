// SPDX-License-Identifier: GPL-2.0
/*
 * Coalesced MMIO and PIO: writes that wait in a ring until the emulator looks.
 *
 * A zone is a range of addresses whose writes have no effect that the guest
 * could notice at once.  They are queued in the VM's one ring, which every vCPU
 * fd maps; what does not fit there is a write that no device took.
 *
 * Zones are devices on the buses: iobus.c calls their write, in irq_srcu, and
 * their release when the VM goes.  The node calls register and unregister.
 *
 * Two locks: the mutex has the list of zones and nests outside the bus mutex;
 * the ring's spinlock makes writers of the ring take turns and nests in none.
 * Unregister waits for its grace periods with neither held.
 */
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <kev/machine/machine.h>
#include <kev/node/coalesced.h>

/**
 * struct kev_coalesced - The ring of a VM, and its zones
 * @lock:	Protects @zones.
 * @zones:	In no order.  Not emptied when the VM goes.
 * @ring_lock:	Writers of @ring.
 * @page:	The page of @ring.  Reference held.
 * @ring:	User space maps it: nothing read from it can be believed.
 */
struct kev_coalesced {
	struct mutex lock;	/* of @zones */
	struct list_head zones;
	spinlock_t ring_lock;	/* of @ring */
	struct page *page;
	struct kvm_coalesced_mmio_ring *ring;
};

/**
 * struct kev_zone - A range whose writes are queued
 * @dev:	On the bus.
 * @node:	On &kev_coalesced.zones.
 * @coalesced:	Owner of the ring.
 * @addr:	First address.
 * @size:	Number of addresses; 0 is allowed.
 * @bus:	KEV_BUS_MMIO or KEV_BUS_PIO.
 *
 * Immutable while it is on the bus.
 */
struct kev_zone {
	struct kev_io_device dev;
	struct list_head node;
	struct kev_coalesced *coalesced;
	u64 addr;
	u32 size;
	enum kev_bus bus;
};

/* The guest's side */

/* The next free slot, or -1.  One is kept empty: a full ring is not an empty one. */
static int ring_room(const struct kvm_coalesced_mmio_ring *ring)
{
	u32 first = READ_ONCE(ring->first);
	u32 last = READ_ONCE(ring->last);

	if (last >= KVM_COALESCED_MMIO_MAX ||
	    (last + 1) % KVM_COALESCED_MMIO_MAX == first)
		return -1;
	return array_index_nospec(last, KVM_COALESCED_MMIO_MAX);
}

static int ring_add(struct kvm_coalesced_mmio_ring *ring, bool pio, u64 addr,
		    unsigned int len, const void *val)
{
	struct kvm_coalesced_mmio *entry;
	int slot = ring_room(ring);

	if (slot < 0 || len > sizeof(entry->data))
		return -EOPNOTSUPP;

	entry = &ring->coalesced_mmio[slot];
	entry->phys_addr = addr;
	entry->len = len;
	memcpy(entry->data, val, len);
	entry->pio = pio;
	/* The emulator reads with no lock: with the new index it sees the entry. */
	smp_store_release(&ring->last, (slot + 1) % KVM_COALESCED_MMIO_MAX);
	return 0;
}

/* The bus has checked that the write lies in the zone as a whole. */
static int zone_write(struct kev_io_device *dev, u64 addr, unsigned int len,
		      const void *val)
{
	struct kev_zone *zone = container_of(dev, struct kev_zone, dev);
	struct kev_coalesced *coalesced = zone->coalesced;
	int ret;

	spin_lock(&coalesced->ring_lock);
	ret = ring_add(coalesced->ring, zone->bus == KEV_BUS_PIO, addr, len,
		       val);
	spin_unlock(&coalesced->ring_lock);

	return ret;
}

static int zone_read(struct kev_io_device *dev, u64 addr, unsigned int len,
		     void *val)
{
	return -EOPNOTSUPP;
}

static void zone_release(struct kev_io_device *dev)
{
	kfree(container_of(dev, struct kev_zone, dev));
}

static const struct kev_io_device_ops zone_ops = {
	.read		= zone_read,
	.write		= zone_write,
	.release	= zone_release,
};

/* Zones come and go */

static bool zone_wraps(u64 addr, u32 size)
{
	return addr + size < addr;
}

/**
 * kev_coalesced_register - KVM_REGISTER_COALESCED_MMIO
 * @machine:	The machine.
 * @args:	As the user gave them.
 *
 * As in KVM a zone may overlap others, be empty, or wrap; one that wraps
 * counts as a device and takes nothing.
 *
 * Context: Process context.
 * Return: 0; -EINVAL: pio is neither 0 nor 1; -ENOSPC: KEV_MAX_BUS_DEVICES are
 *	   on that bus; -ENOMEM.
 */
int kev_coalesced_register(struct kev_machine *machine,
			   const struct kvm_coalesced_mmio_zone *args)
{
	struct kev_coalesced *coalesced = machine->coalesced;
	struct kev_zone *zone;
	u32 len = args->size;
	int ret;

	if (args->pio > 1)
		return -EINVAL;

	zone = kzalloc(sizeof(*zone), GFP_KERNEL_ACCOUNT);
	if (!zone)
		return -ENOMEM;
	zone->dev.ops = &zone_ops;
	zone->coalesced = coalesced;
	zone->addr = args->addr;
	zone->size = args->size;
	zone->bus = args->pio ? KEV_BUS_PIO : KEV_BUS_MMIO;
	if (zone_wraps(zone->addr, zone->size))
		len = 0;

	mutex_lock(&coalesced->lock);
	ret = kev_bus_register(machine->vm, zone->bus, zone->addr, len, &zone->dev);
	if (!ret)
		list_add(&zone->node, &coalesced->zones);
	mutex_unlock(&coalesced->lock);

	if (ret)
		kfree(zone);
	return ret;
}

/* KVM's sizes are signed here: a range of 2 GiB and more is in no zone. */
static bool zone_contains(const struct kev_zone *zone, u64 addr, u32 size)
{
	if (size > S32_MAX || zone_wraps(addr, size))
		return false;
	return addr >= zone->addr && addr + size <= zone->addr + zone->size;
}

/**
 * kev_coalesced_unregister - KVM_UNREGISTER_COALESCED_MMIO
 * @machine:	The machine.
 * @args:	As the user gave them.
 *
 * Removes every zone of that bus in which the range lies as a whole, so all of
 * its own and larger ones, too.  They take no write once this returned; what
 * is in the ring stays there.
 *
 * Context: Process context; waits for grace periods.
 * Return: 0, also when there was none; -EINVAL: pio is neither 0 nor 1.
 */
int kev_coalesced_unregister(struct kev_machine *machine,
			     const struct kvm_coalesced_mmio_zone *args)
{
	enum kev_bus bus = args->pio ? KEV_BUS_PIO : KEV_BUS_MMIO;
	struct kev_coalesced *coalesced = machine->coalesced;
	struct kev_zone *zone;
	struct kev_zone *next;
	LIST_HEAD(gone);

	if (args->pio > 1)
		return -EINVAL;

	mutex_lock(&coalesced->lock);
	list_for_each_entry_safe(zone, next, &coalesced->zones, node)
		if (zone->bus == bus &&
		    zone_contains(zone, args->addr, args->size))
			list_move(&zone->node, &gone);
	mutex_unlock(&coalesced->lock);

	list_for_each_entry_safe(zone, next, &gone, node) {
		kev_bus_unregister(machine->vm, bus, &zone->dev);
		kfree(zone);
	}
	return 0;
}

/* Birth and end */

/**
 * kev_coalesced_page - The ring
 * @machine:	The machine.
 *
 * Return: Its page; the caller has to drop the reference.
 */
struct page *kev_coalesced_page(struct kev_machine *machine)
{
	get_page(machine->coalesced->page);
	return machine->coalesced->page;
}

/**
 * kev_coalesced_init - An empty ring
 * @machine:	A machine that is being created.
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int kev_coalesced_init(struct kev_machine *machine)
{
	struct kev_coalesced *coalesced;

	coalesced = kzalloc(sizeof(*coalesced), GFP_KERNEL_ACCOUNT);
	if (!coalesced)
		return -ENOMEM;
	coalesced->page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!coalesced->page) {
		kfree(coalesced);
		return -ENOMEM;
	}
	coalesced->ring = page_address(coalesced->page);
	mutex_init(&coalesced->lock);
	INIT_LIST_HEAD(&coalesced->zones);
	spin_lock_init(&coalesced->ring_lock);
	machine->coalesced = coalesced;
	return 0;
}

/**
 * kev_coalesced_destroy - Drop the ring
 * @machine:	A machine whose buses are destroyed, or that has no ring.
 *
 * Context: Process context.
 */
void kev_coalesced_destroy(struct kev_machine *machine)
{
	if (!machine->coalesced)
		return;

	put_page(machine->coalesced->page);
	kfree(machine->coalesced);
	machine->coalesced = NULL;
}
