/* SPDX-License-Identifier: GPL-2.0 */
/* The destination map's layout, and its shortest lookup; see apicmap.c. */
#ifndef _KEV_APICMAP_H
#define _KEV_APICMAP_H

#include <linux/irqflags.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include <kev/x86.h>

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

/**
 * struct kev_apic_map - Destinations of one machine
 * @rcu:	For freeing.
 * @max_id:	Of @phys; 255 or more.
 * @logical_mode: Which of the logical tables is in use.
 * @flat:	By bit of the logical id.
 * @cluster:	By cluster, and bit in it.
 * @phys:	By physical id.
 *
 * Immutable once it is published.
 */
struct kev_apic_map {
	struct rcu_head rcu;
	u32 max_id;
	enum kev_logical_mode logical_mode;
	struct kev_lapic *flat[KEV_FLAT_CPUS];
	struct kev_lapic *cluster[KEV_CLUSTERS][KEV_CLUSTER_CPUS];
	struct kev_lapic *phys[];
};

/*
 * The map, unless it is out of date.  Staleness is looked at first: the map is
 * then at least as new as that.  Under rcu_read_lock() or with irqs off.
 */
static inline const struct kev_apic_map *kev_apic_map_get(struct kev_x86 *x86)
{
	if (unlikely(kev_apic_map_is_stale(x86)))
		return NULL;

	return rcu_dereference_check(x86->map, irqs_disabled());
}

static inline struct kev_lapic *
kev_apic_map_physical(const struct kev_apic_map *map, u32 id)
{
	if (id > map->max_id)
		return NULL;

	return map->phys[array_index_nospec(id, map->max_id + 1)];
}

#endif /* _KEV_APICMAP_H */
