// SPDX-License-Identifier: GPL-2.0
/* Takes away what a program does not need to reach what was new in it. */
#include <string.h>

#include "fuzz.h"

/* Does @try still reach all that is remembered?  Then it is the program. */
static bool accept(struct program *p, const struct program *try)
{
	run_one(try);
	if (!cover_has_all_remembered())
		return false;
	*p = *try;
	return true;
}

static void remove_calls(struct program *p)
{
	static struct program try;
	unsigned int i = p->nr;

	while (i-- > 0) {
		try = *p;
		if (program_remove(&try, i))
			accept(p, &try);
	}
}

static void remove_items(struct program *p, unsigned int i)
{
	static struct program try;

	while (p->call[i].nr_items) {
		try = *p;
		try.call[i].nr_items--;
		if (!accept(p, &try))
			break;
	}
}

static void clear_fields(struct program *p, unsigned int i)
{
	static struct program try;
	unsigned int k;

	for (k = 0; k < op_nr_fields(p->call[i].op->fields); k++) {
		if (!p->call[i].val[k])
			continue;
		try = *p;
		try.call[i].val[k] = 0;
		accept(p, &try);
	}
}

static void clear_ptr(struct program *p, unsigned int i)
{
	static struct program try;

	if (!p->call[i].ptr)
		return;
	try = *p;
	try.call[i].ptr = PTR_GOOD;
	accept(p, &try);
}

static void fewer_rounds(struct program *p)
{
	static struct program try;
	unsigned int i;

	for (i = 1; i < MAX_THREADS; i++) {
		while (p->rounds[i] > 1) {
			try = *p;
			try.rounds[i] /= 2;
			if (!accept(p, &try))
				break;
		}
	}
}

void program_shrink(struct program *p)
{
	unsigned int i;

	remove_calls(p);
	for (i = 0; i < p->nr; i++) {
		remove_items(p, i);
		clear_fields(p, i);
		clear_ptr(p, i);
	}
	fewer_rounds(p);
}
