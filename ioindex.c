// SPDX-License-Identifier: GPL-2.0
/*
 * The index of ioeventfds: a hash with open addressing.
 *
 * An entry has no link of its own: what a lookup walks over is the table, so that
 * a table can be replaced as a whole, readers in the old one and readers in the
 * new one being undisturbed, with no wait for either.  A larger table costs a few
 * instructions for each entry, and comes when the number of entries has doubled:
 * what an entry costs does not depend on how many there are.
 *
 * Removal must not part a walk from what lies behind, so it leaves a mark, except
 * at the end of a row of cells.  Marks go when the table is replaced.
 *
 * iobus.c changes it under the bus mutex, and looks up under RCU.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <kev/ioindex.h>

#define MIN_CELLS	64
#define MAX_CELLS	BIT(30)

/* In a cell that an entry has left; it has the kind of no entry. */
static struct kev_io_slot left = { .key.kind = ~0 };

static struct kev_io_table *table_of(const struct kev_io_index *index)
{
	return rcu_dereference_protected(index->table, true);
}

static struct kev_io_slot *cell_get(const struct kev_io_table *table, u32 i)
{
	return rcu_dereference_protected(table->cell[i & table->mask], true);
}

static void cell_set(struct kev_io_table *table, u32 i,
		     struct kev_io_slot *slot)
{
	rcu_assign_pointer(table->cell[i & table->mask], slot);
}

static struct kev_io_table *table_alloc(u32 cells)
{
	struct kev_io_table *table;

	table = kvzalloc(struct_size(table, cell, cells), GFP_KERNEL_ACCOUNT);
	if (table) {
		table->seed = get_random_u32();
		table->mask = cells - 1;
	}
	return table;
}

/* The first cell that @slot may have: an empty one, or one that was left. */
static u32 cell_for(const struct kev_io_table *table,
		    const struct kev_io_slot *slot)
{
	u32 i = kev_io_hash(&slot->key, table->seed);
	struct kev_io_slot *there;

	while ((there = cell_get(table, i)) && there != &left)
		i++;
	return i;
}

static void table_fill(struct kev_io_table *table,
		       const struct kev_io_table *from)
{
	struct kev_io_slot *slot;
	u32 i;

	for (i = 0; i <= from->mask; i++) {
		slot = cell_get(from, i);
		if (slot && slot != &left)
			cell_set(table, cell_for(table, slot), slot);
		if (!(i % 1024))
			cond_resched();
	}
}

/* At most a third of the new table is used, so that the next is a while away. */
static int index_replace(struct kev_io_index *index)
{
	struct kev_io_table *old = table_of(index);
	struct kev_io_table *new;
	u32 cells;

	if (index->live >= MAX_CELLS / 4)
		return -ENOMEM;
	cells = roundup_pow_of_two(3 * (index->live + 1));
	new = table_alloc(max_t(u32, cells, MIN_CELLS));
	if (!new)
		return -ENOMEM;

	table_fill(new, old);
	index->used = index->live;
	rcu_assign_pointer(index->table, new);
	kvfree_rcu(old, rcu);
	return 0;
}

/**
 * kev_io_index_add - Add an entry
 * @index:	The index.
 * @slot:	Its key is no other's.
 *
 * Without memory for a larger table this one is used a while longer.
 *
 * Context: Process context; one writer at a time.
 * Return: 0 or -ENOMEM.
 */
int kev_io_index_add(struct kev_io_index *index, struct kev_io_slot *slot)
{
	u32 cells = table_of(index)->mask + 1;
	struct kev_io_table *table;
	u32 i;

	if (index->used >= cells / 2 && index_replace(index) &&
	    index->used >= cells - cells / 4)
		return -ENOMEM;

	table = table_of(index);
	i = cell_for(table, slot);
	index->used += !cell_get(table, i);
	index->live++;
	cell_set(table, i, slot);
	return 0;
}

/**
 * kev_io_index_del - Take an entry out
 * @index:	The index.
 * @slot:	In it.
 *
 * Context: Process context; one writer at a time.
 */
void kev_io_index_del(struct kev_io_index *index, struct kev_io_slot *slot)
{
	struct kev_io_table *table = table_of(index);
	u32 i = kev_io_hash(&slot->key, table->seed);

	while (cell_get(table, i) != slot)
		i++;
	index->live--;
	if (cell_get(table, i + 1)) {
		cell_set(table, i, &left);
		return;
	}
	do {
		cell_set(table, i--, NULL);
		index->used--;
	} while (cell_get(table, i) == &left);
}

/**
 * kev_io_index_next - Walk over the entries
 * @index:	The index.
 * @pos:	0 to begin; set behind the entry.
 *
 * Context: Where nobody changes it.
 * Return: The next entry, or NULL.
 */
struct kev_io_slot *kev_io_index_next(struct kev_io_index *index, u32 *pos)
{
	struct kev_io_table *table = table_of(index);
	struct kev_io_slot *slot;

	while (*pos <= table->mask) {
		slot = cell_get(table, (*pos)++);
		if (slot && slot != &left)
			return slot;
	}
	return NULL;
}

/**
 * kev_io_index_init - An empty index
 * @index:	To fill.
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int kev_io_index_init(struct kev_io_index *index)
{
	struct kev_io_table *table = table_alloc(MIN_CELLS);

	if (!table)
		return -ENOMEM;
	*index = (struct kev_io_index){ };
	rcu_assign_pointer(index->table, table);
	return 0;
}

/**
 * kev_io_index_destroy - Free the table
 * @index:	With no reader left; its entries are the caller's.
 *
 * Context: Process context.
 */
void kev_io_index_destroy(struct kev_io_index *index)
{
	kvfree(table_of(index));
}
