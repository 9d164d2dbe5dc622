// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a script on two new machines, step by step, and stops at the first
 * divergence.
 */
#include <stdio.h>
#include <string.h>

#include "diff.h"

/* For those who end the program: what was going on. */
static const struct script *script_now;
static size_t step_now;

void script_where(void)
{
	if (!script_now)
		return;
	printf("at step %zu of %s: ", step_now, script_now->name);
	step_print(&script_now->steps[step_now]);
	putchar('\n');
}

static void step_both(struct machine *kvm, struct machine *kev,
		      const struct step *step, struct pair *pair)
{
	pair->step = step;
	step_exec(kvm, step, &pair->kvm);
	machine_settle(kvm);
	step_exec(kev, step, &pair->kev);
	machine_settle(kev);
	kvm->backend->events(kvm, &pair->kvm, NULL);
	kev->backend->events(kev, &pair->kev, &pair->kvm);
	machine_observe(kvm, &pair->kvm);
	machine_observe(kev, &pair->kev);
	step_refresh(kvm);
	step_refresh(kev);
	differences_forgive(pair);
}

static void trace_step(const struct pair *pair, size_t i)
{
	printf("%5zu  ", i);
	step_print(pair->step);
	observation_print(&pair->kvm);
	putchar('\n');
}

/* The first step after which the machines differ, or NO_DIVERGENCE. */
size_t script_run(const struct script *script, struct pair *pair, bool trace)
{
	struct machine kvm, kev;
	size_t i;

	script_now = script;
	pair->config = &script->config;
	machine_create(&kvm, &backend_kvm, &script->config);
	machine_create(&kev, &backend_kev, &script->config);
	for (i = 0; i < script->nr; i++) {
		step_now = i;
		step_both(&kvm, &kev, &script->steps[i], pair);
		if (trace)
			trace_step(pair, i);
		if (!pair_equal(pair))
			break;
	}
	script_now = NULL;
	machine_destroy(&kev);
	machine_destroy(&kvm);
	return i < script->nr ? i : NO_DIVERGENCE;
}

static const char *mode_name(enum mode mode)
{
	static const char *const names[] = {
		[MODE_FULL]	= "PIC, IOAPIC and LAPICs",
		[MODE_SPLIT]	= "split irqchip",
		[MODE_NONE]	= "no irqchip",
	};

	return names[mode];
}

/* True when there is no divergence; else it is shrunk and shown. */
bool script_check(struct script *script)
{
	const struct config *config = &script->config;
	static struct pair pair;
	size_t nr = script->nr;
	size_t at;

	at = script_run(script, &pair, false);
	if (at == NO_DIVERGENCE)
		return true;

	printf("DIVERGENCE %s: %u vCPUs, %s, x2apic api %#llx, at step %zu of %zu\n",
	       script->name, config->nr_cpus, mode_name(config->mode),
	       (unsigned long long)config->x2apic_api, at, nr);
	step_print(pair.step);
	putchar('\n');
	pair_print(&pair);
	fflush(stdout);
	script_shrink(script, at);
	printf("  shrunk to %zu steps:\n", script->nr);
	at = script_run(script, &pair, true);
	if (at == NO_DIVERGENCE)
		printf("  which did not differ this time: it depends on timing\n");
	else
		pair_print(&pair);
	fflush(stdout);
	return false;
}
