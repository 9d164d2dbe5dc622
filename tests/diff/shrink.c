// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a script that diverges shorter: takes out runs of steps, long ones
 * first, as long as what is left still diverges on new machines.
 */
#include <stdlib.h>
#include <string.h>

#include "diff.h"

#define MAX_RUNS	600

static void remove_steps(const struct script *from, struct script *to,
			 size_t at, size_t count)
{
	*to = *from;
	to->nr = from->nr - count;
	to->steps = calloc(to->nr + 1, sizeof(*to->steps));
	must(to->steps, "calloc");
	memcpy(to->steps, from->steps, at * sizeof(*to->steps));
	memcpy(to->steps + at, from->steps + at + count,
	       (to->nr - at) * sizeof(*to->steps));
}

/* Cut behind the step that diverges; false when none does. */
static bool diverges(struct script *script)
{
	static struct pair pair;
	size_t at = script_run(script, &pair, false);

	if (at == NO_DIVERGENCE)
		return false;
	script->nr = at + 1;
	return true;
}

static void replace(struct script *script, struct script *shorter)
{
	memcpy(script->steps, shorter->steps,
	       shorter->nr * sizeof(*shorter->steps));
	script->nr = shorter->nr;
}

/* @last: the step that diverges.  What is left replaces @script's steps. */
void script_shrink(struct script *script, size_t last)
{
	unsigned int runs = 0;
	struct script shorter;
	size_t chunk, at;

	script->nr = last + 1;
	for (chunk = script->nr / 2; chunk; chunk /= 2) {
		at = 0;
		while (at + chunk <= script->nr && runs++ < MAX_RUNS) {
			remove_steps(script, &shorter, at, chunk);
			if (diverges(&shorter))
				replace(script, &shorter);
			else
				at += chunk;
			free(shorter.steps);
		}
	}
}
