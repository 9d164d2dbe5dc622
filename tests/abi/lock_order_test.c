// SPDX-License-Identifier: GPL-2.0
/*
 * The orders in which lockdep saw the module's locks are those of
 * Documentation/lock-tree.rst, which is part of this program.
 *
 * run-in-guest runs it last: lockdep remembers the chains of all other programs.
 * LOCK_CHAINS in the environment names a copy of them to read instead.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kev_harness.h"

#define MAX_LOCKS	64
#define CHAINS		"/proc/lockdep_chains"

/* The page, as the Makefile quotes it. */
static const char lock_tree_page[] =
#include "lock-tree.inc"
;

/**
 * struct order - Which lock is taken inside which
 * @nr:		Number of locks.
 * @name:	As lockdep has them.
 * @inside:	[a][b]: b stands under a.
 * @follows:	[a][b]: so it does with others in between.
 * @seen:	[a][b]: lockdep saw b taken while a was held.
 * @is_seen:	[a]: it saw a.
 */
struct order {
	int nr;
	char *name[MAX_LOCKS];
	bool inside[MAX_LOCKS][MAX_LOCKS];
	bool follows[MAX_LOCKS][MAX_LOCKS];
	bool seen[MAX_LOCKS][MAX_LOCKS];
	bool is_seen[MAX_LOCKS];
};

static int lock_find(const struct order *order, const char *name)
{
	int i;

	for (i = 0; i < order->nr; i++)
		if (!strcmp(order->name[i], name))
			return i;
	return -1;
}

static int lock_add(struct order *order, const char *name)
{
	int lock = lock_find(order, name);

	if (lock >= 0)
		return lock;
	kev_assert(order->nr < MAX_LOCKS, "room for %s", name);
	order->name[order->nr] = strdup(name);
	return order->nr++;
}

/* The page's only block of lines that begin with three spaces; two more are a level. */
static void tree_line(struct order *order, const char *line, int *path)
{
	int spaces = strspn(line, " ");
	int level = (spaces - 3) / 2;
	char name[64];

	kev_assert(spaces % 2 == 1 && level < MAX_LOCKS, "levels: %s", line);
	kev_assert(sscanf(line, "%63s", name) == 1, "a name: %s", line);
	path[level] = lock_add(order, name);
	if (level)
		order->inside[path[level - 1]][path[level]] = true;
}

static void order_close(struct order *order)
{
	int a, b, c;

	memcpy(order->follows, order->inside, sizeof(order->inside));
	for (c = 0; c < order->nr; c++)
		for (a = 0; a < order->nr; a++)
			for (b = 0; b < order->nr; b++)
				if (order->follows[a][c] && order->follows[c][b])
					order->follows[a][b] = true;
}

static struct order *order_read(const char *page)
{
	struct order *order = calloc(1, sizeof(*order));
	char *copy = strdup(page), *rest = copy, *line;
	int path[MAX_LOCKS] = {};

	kev_assert(order && copy, "memory");
	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, "   ", 3))
			tree_line(order, line, path);
	order_close(order);
	free(copy);
	return order;
}

/* "[address] name", where the name may have a version behind # or a subclass behind /. */
static int chain_lock(const struct order *order, const char *line)
{
	char name[128];

	if (sscanf(line, "[%*[^]]] %127s", name) != 1)
		return -1;
	name[strcspn(name, "#/")] = 0;
	return lock_find(order, name);
}

/* A chain is what was held when its last lock was taken; an empty line ends it. */
static void chains_read(struct order *order, FILE *chains)
{
	int held[MAX_LOCKS], nr = 0, lock, i;
	char line[256];

	while (fgets(line, sizeof(line), chains)) {
		if (line[0] == '\n' || isalpha((unsigned char)line[0]))
			nr = 0;
		lock = chain_lock(order, line);
		if (lock < 0 || nr == MAX_LOCKS)
			continue;
		order->is_seen[lock] = true;
		for (i = 0; i < nr; i++)
			order->seen[held[i]][lock] = true;
		held[nr++] = lock;
	}
}

/* Prints them, and returns how many. */
static int orders_against(const struct order *order)
{
	int a, b, n = 0;

	for (a = 0; a < order->nr; a++) {
		for (b = 0; b < order->nr; b++) {
			if (!order->seen[a][b] || order->follows[a][b])
				continue;
			printf("# against the tree: %s, then %s\n",
			       order->name[a], order->name[b]);
			n++;
		}
	}
	return n;
}

static void print_unseen(const struct order *order)
{
	int a, b;

	for (a = 0; a < order->nr; a++)
		if (!order->is_seen[a])
			printf("# not seen: %s\n", order->name[a]);
	for (a = 0; a < order->nr; a++)
		for (b = 0; b < order->nr; b++)
			if (order->inside[a][b] && !order->seen[a][b])
				printf("# not seen: %s, then %s\n",
				       order->name[a], order->name[b]);
}

/* A VM, a vCPU and a PIT: some are seen, whatever ran before. */
static void take_some_locks(void)
{
	struct kvm_pit_config config = {};
	struct kvm_pit_state2 pit;
	int vm = kev_create_vm();
	int vcpu;

	if (kev_has_chip(KEV_CHIP_FULL)) {
		create_irqchip(vm);
		kev_ioctl(vm, KVM_CREATE_PIT2, &config);
		kev_ioctl(vm, KVM_GET_PIT2, &pit);
	}
	vcpu = create_vcpu(vm, 0);
	close(vcpu);
	close(vm);
}

TEST(tree_has_no_circle)
{
	struct order *order = order_read(lock_tree_page);
	int i;

	ASSERT_LT(10, order->nr);
	for (i = 0; i < order->nr; i++)
		EXPECT_FALSE(order->follows[i][i])
			TH_LOG("%s stands under itself", order->name[i]);
}

TEST(order_against_a_tree_is_found)
{
	char chains[] = "all lock chains:\n"
			"irq_context: 0\n"
			"[00000001] a\n[00000002] other\n[00000003] c#2\n\n"
			"irq_context: 0\n"
			"[00000003] c/1\n[00000004] b\n\n"
			"irq_context: hardirq\n"
			"[00000003] c\n\n";
	struct order *order = order_read("   a  x\n     b\n       c\n");
	FILE *file = fmemopen(chains, sizeof(chains) - 1, "r");

	chains_read(order, file);
	EXPECT_EQ(1, orders_against(order));
	EXPECT_TRUE(order->seen[lock_find(order, "a")][lock_find(order, "c")]);
	EXPECT_TRUE(order->seen[lock_find(order, "c")][lock_find(order, "b")]);
	EXPECT_FALSE(order->seen[lock_find(order, "b")][lock_find(order, "c")]);
	fclose(file);
}

TEST(orders_that_lockdep_saw_are_in_the_tree)
{
	struct order *order = order_read(lock_tree_page);
	FILE *chains;
	int a, n = 0;

	if (!getenv("LOCK_CHAINS")) {
		KEV_REQUIRE_MODULE("its locks are not on the page");
		take_some_locks();
	}
	chains = fopen(getenv("LOCK_CHAINS") ?: CHAINS, "r");
	if (!chains)
		SKIP(return, "no %s: a kernel without lockdep", CHAINS);
	chains_read(order, chains);
	fclose(chains);
	for (a = 0; a < order->nr; a++)
		n += order->is_seen[a];
	EXPECT_LT(2, n)
		TH_LOG("the names of the page are not lockdep's");
	EXPECT_EQ(0, orders_against(order));
	print_unseen(order);
}

TEST_HARNESS_MAIN
