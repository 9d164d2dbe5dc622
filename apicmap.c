// SPDX-License-Identifier: GPL-2.0
/*
 * The destination map: from a message's destination to LAPICs, without looking
 * at each of them.
 *
 * irq_comm.c looks destinations up, in any context; lapic.c says when one of
 * the registers changed that decide about them.  The map is immutable once
 * published, read under RCU, and rebuilt under kev_x86.map_lock.
 *
 * Whoever changes a register counts kev_x86.map_gen up and rebuilds, so that the
 * map follows before the change is over.  A message that comes in between finds
 * it stale: in process context it rebuilds, in atomic context nothing is
 * resolved and the caller takes a slower way.
 *
 * What the map cannot express (one id for several LAPICs, CPUs in different
 * logical modes, broadcasts) it does not resolve either: the caller then asks
 * every LAPIC.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include <asm/apicdef.h>

#include <kev/apicmap.h>
#include <kev/lapic.h>
#include <kev/vcpu.h>
#include <kev/x86.h>

#define X2APIC_CLUSTER_CPUS	16

/* Ids are dense for the most part, so an array by id is the lookup. */
static struct kev_apic_map *map_alloc(struct kev_x86 *x86)
{
	struct kev_lapic_view view;
	struct kev_apic_map *map;
	struct kev_lapic *apic;
	u32 max_id = 255;

	kev_for_each_lapic(apic, x86) {
		kev_lapic_get_view(apic, &view);
		max_id = max(max_id, view.x2apic_id);
	}

	map = kvzalloc(struct_size(map, phys, max_id + 1), GFP_KERNEL_ACCOUNT);
	if (map)
		map->max_id = max_id;

	return map;
}

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
			map->phys[view->x2apic_id] = apic;
		if (!x2apic && !map->phys[view->xapic_id])
			map->phys[view->xapic_id] = apic;
		return true;
	}

	slot = &map->phys[x2apic ? view->x2apic_id : view->xapic_id];
	if (*slot)
		return false;
	*slot = apic;

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
		map->logical_mode = mode;
	/* The x2APIC's logical ids follow from the physical ones. */
	if (map->logical_mode == mode && mode == KEV_LOGICAL_X2APIC)
		return;

	table = mode == KEV_LOGICAL_FLAT ? map->flat : map->cluster[id >> 4];
	bits = mode == KEV_LOGICAL_FLAT ? id : id & 0xf;

	/* Each has one place, which nobody else has, or no table helps. */
	if (map->logical_mode != mode || hweight8(bits) > 1 ||
	    (bits && table[__ffs(bits)]))
		map->logical_mode = KEV_LOGICAL_MIXED;
	else if (bits)
		table[__ffs(bits)] = apic;
}

/* NULL when physical destinations cannot be looked up. */
static struct kev_apic_map *map_fill(struct kev_apic_map *map,
				     struct kev_x86 *x86)
{
	struct kev_lapic_view view;
	struct kev_lapic *apic;
	bool unique = true;

	kev_for_each_lapic(apic, x86) {
		kev_lapic_get_view(apic, &view);
		if (!kev_lapic_mode_present(view.mode))
			continue;
		/* Created since map_alloc(): the next rebuild adds it. */
		if (view.x2apic_id > map->max_id)
			continue;
		unique = map_add_physical(map, x86, apic, &view);
		if (!unique)
			break;
		map_add_logical(map, apic, &view);
	}

	if (!unique) {
		kvfree(map);
		map = NULL;
	}

	return map;
}

static void map_replace(struct kev_x86 *x86, struct kev_apic_map *map)
{
	struct kev_apic_map *old;

	old = rcu_replace_pointer(x86->map, map,
				  lockdep_is_held(&x86->map_lock));
	if (old)
		kvfree_rcu(old, rcu);
}

/**
 * kev_apic_map_rebuild() - Make the map follow the registers
 * @x86:	The machine.
 *
 * Every change that was counted before the call is in the map afterwards.
 * Without memory for it there is none, and every LAPIC is asked.
 *
 * Context: Process; takes kev_x86.map_lock.
 */
void kev_apic_map_rebuild(struct kev_x86 *x86)
{
	struct kev_apic_map *map;
	s64 gen;

	mutex_lock(&x86->map_lock);
	if (kev_apic_map_is_stale(x86)) {
		/* Pairs with the registers' writes before map_gen's increment. */
		gen = atomic64_read_acquire(&x86->map_gen);
		map = map_alloc(x86);
		if (map)
			map = map_fill(map, x86);
		map_replace(x86, map);
		/* Pairs with kev_apic_map_is_stale() in kev_apic_map_get(). */
		atomic64_set_release(&x86->map_built, gen);
	}
	mutex_unlock(&x86->map_lock);
}

/**
 * kev_apic_map_destroy() - Free the map
 * @x86:	No user is left.
 *
 * Context: Process.
 */
void kev_apic_map_destroy(struct kev_x86 *x86)
{
	mutex_lock(&x86->map_lock);
	map_replace(x86, NULL);
	mutex_unlock(&x86->map_lock);
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
			map->logical_mode != KEV_LOGICAL_X2APIC);
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

	switch (map->logical_mode) {
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
static unsigned long pick_lowest(struct kev_lapic *const *dst,
				 unsigned long mask, u8 vector)
{
	unsigned int nth;

	if (!mask)
		return 0;

	for (nth = vector % hweight_long(mask); nth; nth--)
		mask &= mask - 1;

	return dst[__ffs(mask)] ? BIT(__ffs(mask)) : 0;
}

/**
 * kev_apic_map_resolve() - Look a destination up
 * @x86:	The machine.
 * @src:	Who sends it; NULL for a device.
 * @irq:	The message, without shorthand.
 * @dst:	Set to a table of up to 16 LAPICs, which may have gaps.
 * @mask:	Set to the entries of @dst that are addressed.
 *
 * Context: Any, under rcu_read_lock().
 * Return: False when the map cannot tell: every LAPIC has to be asked.
 */
bool kev_apic_map_resolve(struct kev_x86 *x86, const struct kev_lapic *src,
			  const struct kev_lapic_irq *irq,
			  struct kev_lapic *const **dst, unsigned long *mask)
{
	const struct kev_apic_map *map = kev_apic_map_get(x86);

	if (unlikely(!map) || irq->shorthand || is_broadcast(x86, src, irq, map))
		return false;

	if (!irq->logical) {
		resolve_physical(map, irq->dest_id, dst, mask);
		return true;
	}

	if (!resolve_logical(map, irq->dest_id, dst, mask))
		return false;
	if (kev_irq_is_lowest_prio(irq))
		*mask = pick_lowest(*dst, *mask, irq->vector);

	return true;
}
