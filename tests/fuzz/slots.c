// SPDX-License-Identifier: GPL-2.0
/* The names that a program has for its file descriptors. */
#include <string.h>

#include "fuzz.h"

static const struct {
	const char *name;
	enum slot_kind kind;
} slots[NR_SLOTS] = {
	{ "none", SLOT_NONE },
	{ "null", SLOT_NULL },
	{ "node", SLOT_NODE },
	{ "vm0", SLOT_VM },
	{ "vm1", SLOT_VM },
	{ "vcpu0", SLOT_VCPU },
	{ "vcpu1", SLOT_VCPU },
	{ "vcpu2", SLOT_VCPU },
	{ "vcpu3", SLOT_VCPU },
	{ "ev0", SLOT_EV },
	{ "ev1", SLOT_EV },
	{ "ev2", SLOT_EV },
	{ "ev3", SLOT_EV },
	{ "ev4", SLOT_EV },
	{ "ev5", SLOT_EV },
	{ "ev6", SLOT_EV },
	{ "ev7", SLOT_EV },
	{ "stats0", SLOT_STATS },
	{ "stats1", SLOT_STATS },
	{ "stats2", SLOT_STATS },
};

enum slot_kind slot_kind(unsigned int slot)
{
	return slots[slot].kind;
}

const char *slot_name(unsigned int slot)
{
	return slots[slot].name;
}

int slot_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++)
		if (!strcmp(slots[i].name, name))
			return i;
	return -1;
}
