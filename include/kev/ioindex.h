/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The index of ioeventfds: from what a guest's write is to who takes it.
 * Lookups are here, for doorbells; ioindex.c changes it.
 */
#ifndef _KEV_IOINDEX_H
#define _KEV_IOINDEX_H

#include <linux/hash.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

/* Which writes at an address an ioeventfd takes. */
enum kev_match {
	KEV_MATCH_ANY,		/* every length (registered with length 0) */
	KEV_MATCH_LEN,		/* one length, every value */
	KEV_MATCH_DATA,		/* one length, one value */
	KEV_MATCH_GROUP,	/* no write: counts the DATA entries of an address */
};

/**
 * struct kev_io_key - What a guest's write must be
 * @addr:	Address on the bus.
 * @data:	KEV_MATCH_DATA: the value, zero-extended.  Else 0.
 * @bus:	enum kev_bus.
 * @match:	enum kev_match.
 * @len:	Bytes; 0 for KEV_MATCH_ANY and KEV_MATCH_GROUP.
 * @pad:	Zero.
 * @kind:	The four of them as one word, to compare and hash.
 */
struct kev_io_key {
	u64 addr;
	u64 data;
	union {
		struct {
			u8 bus;
			u8 match;
			u8 len;
			u8 pad;
		};
		u32 kind;
	};
};

/**
 * struct kev_io_slot - An entry of the index
 * @key:	Immutable.
 */
struct kev_io_slot {
	struct kev_io_key key;
};

/**
 * struct kev_io_table - The cells of an index
 * @rcu:	For freeing.
 * @seed:	Of this table's hash.
 * @mask:	Number of cells less one; a power of two less one.
 * @cell:	Entries, each in the cell that it hashes to or in one of those
 *		right behind it, with no empty one in between.
 */
struct kev_io_table {
	struct rcu_head rcu;
	u32 seed;
	u32 mask;
	struct kev_io_slot __rcu *cell[];
};

/**
 * struct kev_io_index - Entries by key
 * @table:	Replaced by a larger one when half of it is used.
 * @live:	Entries.
 * @used:	Cells that are not empty.
 *
 * Read under RCU, changed by one caller at a time.
 */
struct kev_io_index {
	struct kev_io_table __rcu *table;
	u32 live;
	u32 used;
};

/* The seed goes in first, so that another one parts what collided. */
static inline u32 kev_io_hash(const struct kev_io_key *key, u32 seed)
{
	u64 hash;

	hash = (key->addr ^ seed) * GOLDEN_RATIO_64;
	hash = ((hash >> 32) ^ hash ^ key->data) + key->kind;
	return (hash * GOLDEN_RATIO_64) >> 32;
}

static inline bool kev_io_key_equal(const struct kev_io_key *a,
				    const struct kev_io_key *b)
{
	return a->addr == b->addr && a->data == b->data && a->kind == b->kind;
}

/**
 * kev_io_index_find - Look an entry up
 * @index:	The index.
 * @key:	Of the entry.
 *
 * Context: Under rcu_read_lock().
 * Return: The entry or NULL.
 */
static __always_inline struct kev_io_slot *
kev_io_index_find(const struct kev_io_index *index,
		  const struct kev_io_key *key)
{
	const struct kev_io_table *table = rcu_dereference(index->table);
	u32 i = kev_io_hash(key, table->seed);
	struct kev_io_slot *slot;

	/* A quarter of the cells at least is empty; the mark of a left one is no key. */
	while ((slot = rcu_dereference(table->cell[i & table->mask])) &&
	       !kev_io_key_equal(&slot->key, key))
		i++;

	return slot;
}

int kev_io_index_init(struct kev_io_index *index);
void kev_io_index_destroy(struct kev_io_index *index);

/* No entry may have that key.  -ENOMEM. */
int kev_io_index_add(struct kev_io_index *index, struct kev_io_slot *slot);
/* Readers may see it for another grace period of RCU. */
void kev_io_index_del(struct kev_io_index *index, struct kev_io_slot *slot);

/* The first entry from cell *@pos on, which is set behind it; NULL at the end. */
struct kev_io_slot *kev_io_index_next(struct kev_io_index *index, u32 *pos);

#endif /* _KEV_IOINDEX_H */
