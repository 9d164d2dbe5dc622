// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the directed cases.
 */
#include <stdio.h>
#include <string.h>

#include "directed.h"
#include "kev_ktap.h"

#define MAX_STEPS	128

/*
 * LAPICs enabled, with the logical ids 1, 2, 4, 8; PICs masked, or the GSIs that
 * they share with the IOAPIC would come from there first.
 */
static size_t usual_start(struct step *steps, const struct config *config)
{
	unsigned int cpu;
	size_t nr = 0;

	if (config->mode == MODE_FULL) {
		steps[nr++] = (struct step)OUTB(0x21, 0xff);
		steps[nr++] = (struct step)OUTB(0xa1, 0xff);
	}
	for (cpu = 0; cpu < config->nr_cpus; cpu++) {
		steps[nr++] = (struct step)LAPIC(cpu, 0x0f0, 0x1ff);
		steps[nr++] = (struct step)LAPIC(cpu, 0x0d0, 1u << (24 + cpu));
	}
	return nr;
}

static void to_script(const struct directed *d, struct script *script)
{
	static struct step steps[MAX_STEPS];

	memset(script, 0, sizeof(*script));
	snprintf(script->name, sizeof(script->name), "directed %s", d->name);
	script->config = d->config;
	if (!script->config.nr_cpus)
		script->config.nr_cpus = 1;
	script->steps = steps;
	if (!d->minimal && script->config.mode != MODE_NONE)
		script->nr = usual_start(steps, &script->config);
	if (script->nr + d->nr > MAX_STEPS)
		die("%s has too many steps", d->name);
	memcpy(steps + script->nr, d->steps, d->nr * sizeof(*d->steps));
	script->nr += d->nr;
}

static void show(const struct script *script)
{
	static struct pair pair;

	printf("DIVERGENCE %s:\n", script->name);
	if (script_run(script, &pair, true) != NO_DIVERGENCE)
		pair_print(&pair);
}

static bool run_one(const struct directed *d)
{
	static struct pair pair;
	struct script script;
	size_t at;

	to_script(d, &script);
	at = script_run(&script, &pair, false);
	if (d->old && at != NO_DIVERGENCE && difference_is_known(d->old))
		return true;
	if (!d->differs || !difference_applies(d->differs)) {
		if (at == NO_DIVERGENCE)
			return true;
		show(&script);
		return false;
	}
	if (at == script.nr - 1 && difference_is_known(d->differs))
		return true;
	if (at == NO_DIVERGENCE)
		printf("DIVERGENCE %s: the difference %s is not there any more\n",
		       script.name, d->differs);
	else
		show(&script);
	return false;
}

static const struct {
	const struct directed *cases;
	const unsigned int *nr;
} groups[] = {
	{ directed_plane, &nr_directed_plane },
	{ directed_chips, &nr_directed_chips },
	{ directed_pit, &nr_directed_pit },
	{ directed_lapic, &nr_directed_lapic },
	{ directed_x2apic, &nr_directed_x2apic },
	{ directed_differences, &nr_directed_differences },
};

static bool is_wanted(const struct directed *d, const char *filter)
{
	return (!filter || strstr(d->name, filter)) &&
	       !(d->not_old && reference_is_old());
}

/* How many cases directed_run() will have. */
unsigned int directed_count(const char *filter)
{
	unsigned int i, j, nr = 0;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		for (j = 0; j < *groups[i].nr; j++)
			nr += is_wanted(&groups[i].cases[j], filter);
	return nr;
}

void directed_run(const char *filter)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		for (j = 0; j < *groups[i].nr; j++) {
			const struct directed *d = &groups[i].cases[j];
			struct kev_result result = {};

			if (!is_wanted(d, filter))
				continue;
			if (!run_one(d))
				result.error = "diverged";
			ktap_result(d->name, &result);
		}
	}
}

void directed_list(void)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		for (j = 0; j < *groups[i].nr; j++)
			printf("%s\n", groups[i].cases[j].name);
	}
}
