// SPDX-License-Identifier: GPL-2.0
/*
 * kev-bench: what each operation costs on /dev/kvm and on /dev/kvm-eventfd, in
 * one boot.  Prints the table, then one line of JSON per figure, each after the
 * word "kev-json".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/**
 * struct group - Operations that are measured together
 * @name:	For -g.
 * @fn:		Measures them on one system.
 * @counted:	Part of a run without -g.
 */
static const struct group {
	const char *name;
	void (*fn)(const struct sys *sys);
	bool counted;
} groups[] = {
	{ "signal", bench_signal, true },
	{ "irqfd", bench_irqfd, true },
	{ "close", bench_close, true },
	{ "routing", bench_routing, true },
	{ "disks", bench_disks, true },
	{ "ioeventfd", bench_ioeventfd, true },
	{ "batch", bench_batch, true },
	{ "doorbell", bench_doorbell, true },
	{ "uring", bench_uring, true },
	{ "relay", bench_relay, true },
	{ "memory", bench_memory, true },
	{ "scaling", bench_scaling, false },
};

static const char *only_group;
static const char *only_sys;
static const char *only_op;
static unsigned int only_size;

static void usage(void)
{
	unsigned int i;

	fprintf(stderr, "kev-bench [-g GROUP] [-s kvm.ko|ours] [-p OPERATION] [-n SIZE]\n"
		"  -g  measure one group of operations:");
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		fprintf(stderr, " %s", groups[i].name);
	fprintf(stderr, "\n  -s  on one system alone\n"
		"  -p  put the profiler's marks around one operation\n"
		"  -n  at one size alone\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "g:s:p:n:")) != -1) {
		switch (c) {
		case 'g':
			only_group = optarg;
			break;
		case 's':
			only_sys = optarg;
			break;
		case 'p':
			only_op = optarg;
			break;
		case 'n':
			only_size = strtoul(optarg, NULL, 0);
			break;
		default:
			usage();
		}
	}
	if (optind < argc)
		usage();
}

static bool group_wanted(const struct group *group)
{
	return only_group ? !strcmp(only_group, group->name) : group->counted;
}

/* By a clock that counts no instructions a floor would be none. */
static bool counts(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		if (groups[i].counted && group_wanted(&groups[i]))
			return true;
	return false;
}

static void run_group(const struct group *group)
{
	unsigned int i;

	for (i = 0; i < NR_SYS; i++) {
		if (systems[i].fd < 0)
			continue;
		if (only_sys && strcmp(only_sys, systems[i].name))
			continue;
		printf("# %s: %s\n", systems[i].name, group->name);
		group->fn(&systems[i]);
	}
}

int main(int argc, char **argv)
{
	unsigned int i;

	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sys_open();
	settle();
	measure_init();
	measure_only(only_op, only_sys, only_size);
	if (counts())
		bench_floor();
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		if (group_wanted(&groups[i]))
			run_group(&groups[i]);
	profile_report();
	report_table(!only_group);
	report_json();
	return 0;
}
