/* SPDX-License-Identifier: GPL-2.0 */
/* The destination map's layout, and its shortest lookup; see apicmap.c. */
#ifndef _KEV_APICMAP_H
#define _KEV_APICMAP_H

#include <linux/irqflags.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include <kev/x86/machine.h>

struct kev_lapic;

/* What the bits of a logical id can name. */
#define KEV_FLAT_CPUS		8
#define KEV_CLUSTERS		16
#define KEV_CLUSTER_CPUS	4

/* Destinations that address every CPU, in the two widths of an id. */
#define KEV_BROADCAST_XAPIC	0xffu
#define KEV_BROADCAST_X2APIC	0xffffffffu

enum kev_logical_mode {
	KEV_LOGICAL_NONE,	/* no LAPIC is enabled */
	KEV_LOGICAL_FLAT,
	KEV_LOGICAL_CLUSTER,
	KEV_LOGICAL_X2APIC,
	KEV_LOGICAL_MIXED,	/* cannot be looked up */
};

/* A message that is looked up addresses no more CPUs: a cluster of x2APICs. */
#define KEV_MAX_DEST_CPUS	16

/**
 * struct kev_apic_map - Destinations of one machine
 * @rcu:	For freeing one that became too small.
 * @max_id:	Of @phys; 255 or more.  Immutable.
 * @ambiguous:	Two LAPICs answer to one id: nothing can be looked up.
 * @logical_mode: Which of the logical tables is in use.
 * @flat:	By bit of the logical id.
 * @cluster:	By cluster, and bit in it.
 * @phys:	By physical id.
 *
 * Written under &kev_x86.map_lock, read between kev_apic_map_begin() and
 * kev_apic_map_retry().
 */
struct kev_apic_map {
	struct rcu_head rcu;
	u32 max_id;
	bool ambiguous;
	enum kev_logical_mode logical_mode;
	struct kev_lapic *flat[KEV_FLAT_CPUS];
	struct kev_lapic *cluster[KEV_CLUSTERS][KEV_CLUSTER_CPUS];
	struct kev_lapic *phys[];
};

/**
 * struct kev_apic_dest - The LAPICs that a message addresses
 * @nr:		How many.
 * @apic:	Which.
 */
struct kev_apic_dest {
	unsigned int nr;
	struct kev_lapic *apic[KEV_MAX_DEST_CPUS];
};

/*
 * Begin a lookup, under RCU: the map, or NULL when it cannot tell.  What is found in it
 * may be used if kev_apic_map_retry() says no.
 */
static inline const struct kev_apic_map *
kev_apic_map_begin(struct kev_x86 *x86, s64 *gen)
{
	const struct kev_apic_map *map;

	*gen = atomic64_read_acquire(&x86->map_built);
	map = rcu_dereference(x86->map);

	return map && !READ_ONCE(map->ambiguous) ? map : NULL;
}

/* Has a register changed since the map was built that the lookup went by? */
static inline bool kev_apic_map_retry(struct kev_x86 *x86, s64 gen)
{
	/* What was found is read before the count: see kev_apic_map_rebuild(). */
	smp_rmb();

	return unlikely(atomic64_read(&x86->map_gen) != gen);
}

static inline struct kev_lapic *
kev_apic_map_physical(const struct kev_apic_map *map, u32 id)
{
	if (id > map->max_id)
		return NULL;

	return READ_ONCE(map->phys[array_index_nospec(id, map->max_id + 1)]);
}

/*
 * Find the LAPIC of a physical id, NULL when nobody has it.  False when the map cannot
 * tell.
 */
static inline bool kev_apic_map_find(struct kev_x86 *x86, u32 id,
				     struct kev_lapic **apic)
{
	const struct kev_apic_map *map;
	s64 gen;

	rcu_read_lock();
	map = kev_apic_map_begin(x86, &gen);
	if (likely(map))
		*apic = kev_apic_map_physical(map, id);
	rcu_read_unlock();

	return likely(map) && !kev_apic_map_retry(x86, gen);
}

#endif /* _KEV_APICMAP_H */
