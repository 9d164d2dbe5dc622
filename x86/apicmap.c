// SPDX-License-Identifier: GPL-2.0
/*
 * The destination map: from a message's destination to LAPICs, without looking
 * at each of them.
 *
 * message.c looks destinations up, in any context; the LAPICs say through their ops
 * (machine.c) when a register changed that decides about them.  A machine has one
 * table, made with its vCPUs and changed in place under kev_x86.map_lock: however
 * often a guest changes its registers, no memory comes or goes.
 *
 * Whoever changes a register counts kev_x86.map_gen up and rebuilds, so that the
 * map follows before the change is over.  A lookup copies what it finds and then
 * asks whether the table was built for the present count.  If not, what it found
 * may be anything: in process context it rebuilds, in atomic context nothing is
 * resolved and the caller takes a slower way.  What a table names, old or new,
 * is a LAPIC of the machine, and these stay until the VM goes.
 *
 * What the map cannot express (one id for several LAPICs, CPUs in different
 * logical modes, broadcasts) it does not resolve either: the caller then asks
 * every LAPIC.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <asm/apicdef.h>

#include <kev/machine/vcpu.h>
#include <kev/x86/apicmap.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

#define X2APIC_CLUSTER_CPUS	16

/* Entries that are cleared before others may run. */
#define CLEAR_AT_ONCE		1024

/*
 * False when two LAPICs answer to one id: each has to get such a message.
 *
 * With 32-bit ids, a LAPIC in xAPIC mode whose vCPU id does not fit into 8
 * bits can be reached by that id too; an 8-bit id that wraps onto another's is
 * the first one's.
 */
static bool map_add_physical(struct kev_apic_map *map, struct kev_x86 *x86,
			     struct kev_lapic *apic,
			     const struct kev_lapic_view *view)
{
	bool x2apic = view->mode == KEV_LAPIC_X2APIC;
	struct kev_lapic **slot;

	if (x86->x2apic_format) {
		if (x2apic || view->x2apic_id > 0xff)
			WRITE_ONCE(map->phys[view->x2apic_id], apic);
		if (!x2apic && !map->phys[view->xapic_id])
			WRITE_ONCE(map->phys[view->xapic_id], apic);
		return true;
	}

	slot = &map->phys[x2apic ? view->x2apic_id : view->xapic_id];
	if (*slot)
		return false;
	WRITE_ONCE(*slot, apic);

	return true;
}

static enum kev_logical_mode view_logical_mode(const struct kev_lapic_view *view)
{
	if (view->mode == KEV_LAPIC_X2APIC)
		return KEV_LOGICAL_X2APIC;

	return view->dfr == APIC_DFR_FLAT ? KEV_LOGICAL_FLAT : KEV_LOGICAL_CLUSTER;
}

static void map_add_logical(struct kev_apic_map *map, struct kev_lapic *apic,
			    const struct kev_lapic_view *view)
{
	enum kev_logical_mode mode = view_logical_mode(view);
	u8 id = GET_APIC_LOGICAL_ID(view->ldr);
	struct kev_lapic **table;
	u8 bits;

	if (!view->enabled || !view->ldr || map->logical_mode == KEV_LOGICAL_MIXED)
		return;

	if (map->logical_mode == KEV_LOGICAL_NONE)
		WRITE_ONCE(map->logical_mode, mode);
	/* The x2APIC's logical ids follow from the physical ones. */
	if (map->logical_mode == mode && mode == KEV_LOGICAL_X2APIC)
		return;

	table = mode == KEV_LOGICAL_FLAT ? map->flat : map->cluster[id >> 4];
	bits = mode == KEV_LOGICAL_FLAT ? id : id & 0xf;

	/* Each has one place, which nobody else has, or no table helps. */
	if (map->logical_mode != mode || hweight8(bits) > 1 ||
	    (bits && table[__ffs(bits)]))
		WRITE_ONCE(map->logical_mode, KEV_LOGICAL_MIXED);
	else if (bits)
		WRITE_ONCE(table[__ffs(bits)], apic);
}

static void table_clear(struct kev_lapic **table, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		WRITE_ONCE(table[i], NULL);
		if (i % CLEAR_AT_ONCE == 0)
			cond_resched();
	}
}

static void map_clear(struct kev_apic_map *map)
{
	u32 cluster;

	WRITE_ONCE(map->ambiguous, false);
	WRITE_ONCE(map->logical_mode, KEV_LOGICAL_NONE);
	table_clear(map->flat, KEV_FLAT_CPUS);
	for (cluster = 0; cluster < KEV_CLUSTERS; cluster++)
		table_clear(map->cluster[cluster], KEV_CLUSTER_CPUS);
	table_clear(map->phys, map->max_id + 1);
}

static void map_fill(struct kev_apic_map *map, struct kev_x86 *x86)
{
	struct kev_lapic_view view;
	struct kev_lapic *apic;

	map_clear(map);
	kev_for_each_lapic(apic, x86) {
		kev_lapic_get_view(apic, &view);
		if (!kev_lapic_mode_present(view.mode))
			continue;
		if (!map_add_physical(map, x86, apic, &view)) {
			WRITE_ONCE(map->ambiguous, true);
			break;
		}
		map_add_logical(map, apic, &view);
	}
}

static struct kev_apic_map *map_locked(struct kev_x86 *x86)
{
	return rcu_dereference_protected(x86->map,
					 lockdep_is_held(&x86->map_lock));
}

/**
 * kev_apic_map_rebuild - Make the map follow the registers
 * @x86:	The machine.
 *
 * Every change that was counted before the call is in the map afterwards.
 *
 * Context: Process context; takes kev_x86.map_lock.
 */
void kev_apic_map_rebuild(struct kev_x86 *x86)
{
	struct kev_apic_map *map;
	s64 gen;

	mutex_lock(&x86->map_lock);
	map = map_locked(x86);
	if (kev_apic_map_is_stale(x86)) {
		gen = atomic64_read(&x86->map_gen);
		/*
		 * After the registers' writes, which come before that count; and
		 * a lookup that finds what is written here finds the count.
		 */
		smp_mb();
		if (map)
			map_fill(map, x86);
		/* Pairs with kev_apic_map_begin(). */
		atomic64_set_release(&x86->map_built, gen);
	}
	mutex_unlock(&x86->map_lock);
}

/* An empty table, which nobody believes before it is rebuilt. */
static int map_replace(struct kev_x86 *x86, u32 ids)
{
	struct kev_apic_map *old = map_locked(x86);
	struct kev_apic_map *map;

	map = kvzalloc(struct_size(map, phys, ids), GFP_KERNEL_ACCOUNT);
	if (!map)
		return -ENOMEM;

	map->max_id = ids - 1;
	kev_apic_map_invalidate(x86);
	/* After the count, so that a lookup that finds it finds the count. */
	rcu_assign_pointer(x86->map, map);
	if (old)
		kvfree_rcu(old, rcu);

	return 0;
}

/**
 * kev_apic_map_reserve - Make room in the map for a vCPU
 * @x86:	The machine.
 * @id:		Of the vCPU, whose LAPIC is not published yet.
 *
 * Ids are dense for the most part, so an array by id is the lookup.  It doubles,
 * so that all that was ever replaced takes less than what is in use.
 *
 * Context: Process context; takes kev_x86.map_lock.
 * Return: 0 or -ENOMEM.
 */
int kev_apic_map_reserve(struct kev_x86 *x86, u32 id)
{
	struct kev_apic_map *map;
	int ret = 0;

	mutex_lock(&x86->map_lock);
	map = map_locked(x86);
	if (!map || id > map->max_id)
		ret = map_replace(x86, max(roundup_pow_of_two(id + 1), 256UL));
	mutex_unlock(&x86->map_lock);

	return ret;
}

/**
 * kev_apic_map_destroy - Free the map
 * @x86:	No user is left.
 */
void kev_apic_map_destroy(struct kev_x86 *x86)
{
	kvfree(rcu_dereference_protected(x86->map, true));
}

/*
 * Does the destination address every CPU?  With 32-bit ids off, and for
 * messages that are not a x2APIC's IPI, 0xff is that even where it could be
 * the id of one CPU (KVM's broadcast quirk).
 */
static bool is_broadcast(const struct kev_x86 *x86, const struct kev_lapic *src,
			 const struct kev_lapic_irq *irq,
			 const struct kev_apic_map *map)
{
	struct kev_lapic_view view = { };

	if (x86->x2apic_no_quirk)
		return irq->dest_id == KEV_BROADCAST_X2APIC ||
		       (irq->dest_id == KEV_BROADCAST_XAPIC &&
			READ_ONCE(map->logical_mode) != KEV_LOGICAL_X2APIC);
	if (src)
		kev_lapic_get_view(src, &view);
	if (view.mode == KEV_LAPIC_X2APIC)
		return irq->dest_id == KEV_BROADCAST_X2APIC;

	return irq->dest_id == KEV_BROADCAST_XAPIC;
}

static void resolve_physical(const struct kev_apic_map *map, u32 id,
			     struct kev_lapic *const **dst, unsigned long *mask)
{
	*mask = id <= map->max_id;
	*dst = &map->phys[array_index_nospec(id, map->max_id + 1)];
}

/* 16 CPUs per cluster, numbered through: a part of the physical table. */
static void resolve_x2apic(const struct kev_apic_map *map, u32 dest_id,
			   struct kev_lapic *const **dst, unsigned long *mask)
{
	u32 first = (dest_id >> 16) * X2APIC_CLUSTER_CPUS;
	u32 cpus;

	if (first > map->max_id)
		return;

	cpus = min(map->max_id - first + 1, (u32)X2APIC_CLUSTER_CPUS);
	first = array_index_nospec(first, map->max_id + 1);
	*dst = &map->phys[first];
	*mask = dest_id & GENMASK(cpus - 1, 0);
}

static bool resolve_logical(const struct kev_apic_map *map, u32 dest_id,
			    struct kev_lapic *const **dst, unsigned long *mask)
{
	*dst = map->flat;
	*mask = 0;

	switch (READ_ONCE(map->logical_mode)) {
	case KEV_LOGICAL_NONE:
		return true;
	case KEV_LOGICAL_FLAT:
		*mask = dest_id & 0xff;
		return true;
	case KEV_LOGICAL_CLUSTER:
		*dst = map->cluster[(dest_id >> 4) & 0xf];
		*mask = dest_id & 0xf;
		return true;
	case KEV_LOGICAL_X2APIC:
		resolve_x2apic(map, dest_id, dst, mask);
		return true;
	default:
		return false;
	}
}

/*
 * Of the CPUs that @mask names, the one that the vector falls on: KVM's
 * vector hashing.  It counts the bits of the destination, present or not, and
 * a message that falls on an absent or disabled CPU is dropped.
 */
static unsigned long pick_lowest(unsigned long mask, u8 vector)
{
	unsigned int nth;

	if (!mask)
		return 0;

	for (nth = vector % hweight_long(mask); nth; nth--)
		mask &= mask - 1;

	return BIT(__ffs(mask));
}

static bool map_lookup(struct kev_x86 *x86, const struct kev_apic_map *map,
		       const struct kev_lapic *src,
		       const struct kev_lapic_irq *irq,
		       struct kev_apic_dest *dest)
{
	struct kev_lapic *const *table;
	struct kev_lapic *apic;
	unsigned long mask;

	if (irq->shorthand || is_broadcast(x86, src, irq, map))
		return false;

	if (!irq->logical)
		resolve_physical(map, irq->dest_id, &table, &mask);
	else if (!resolve_logical(map, irq->dest_id, &table, &mask))
		return false;
	else if (kev_irq_is_lowest_prio(irq))
		mask = pick_lowest(mask, irq->vector);

	for (dest->nr = 0; mask; mask &= mask - 1) {
		apic = READ_ONCE(table[__ffs(mask)]);
		if (apic)
			dest->apic[dest->nr++] = apic;
	}

	return true;
}

/**
 * kev_apic_map_resolve - Look a destination up
 * @x86:	The machine.
 * @src:	The LAPIC that sends it; NULL for a device.
 * @irq:	The message, without shorthand.
 * @dest:	Filled with the LAPICs that it addresses.
 *
 * Context: Any.
 * Return: False when the map cannot tell: every LAPIC has to be asked.
 */
bool kev_apic_map_resolve(struct kev_x86 *x86, const struct kev_lapic *src,
			  const struct kev_lapic_irq *irq,
			  struct kev_apic_dest *dest)
{
	const struct kev_apic_map *map;
	bool found;
	s64 gen;

	rcu_read_lock();
	map = kev_apic_map_begin(x86, &gen);
	found = map && map_lookup(x86, map, src, irq, dest);
	rcu_read_unlock();

	return found && !kev_apic_map_retry(x86, gen);
}
