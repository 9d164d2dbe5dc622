// SPDX-License-Identifier: GPL-2.0
/*
 * kev-diff: runs the same steps on kvm.ko and on kvm-eventfd.ko, in one
 * kernel, and tells where they differ.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "diff.h"

#define MAX_REPORTS	5

/**
 * struct options - What to run
 * @first:	First seed.
 * @seeds:	How many.
 * @steps:	In each.
 * @cpus:	Numbers of vCPUs, one digit each.
 * @directed:	Run the directed part.
 * @filter:	Only directed cases whose name has this.
 * @trace:	Show each step.
 */
struct options {
	uint64_t first;
	unsigned int seeds;
	size_t steps;
	const char *cpus;
	bool directed;
	const char *filter;
	bool trace;
};

static void bad_usage(void)
{
	fputs("usage: kev-diff [options]\n"
	      "  -s N       run N seeds (20)\n"
	      "  -f SEED    the first one (1)\n"
	      "  -n STEPS   steps of each (150)\n"
	      "  -c DIGITS  with these numbers of vCPUs (124)\n"
	      "  -D         without the directed part\n"
	      "  -d NAME    only directed cases with NAME in theirs\n"
	      "  -t         show the steps of the first seed, and what they gave\n"
	      "  -l         list the directed cases and the intended differences\n"
	      "status: 0 no divergence, 1 some, 2 it could not run\n",
	      stderr);
	exit(2);
}

static void list(void)
{
	directed_list();
	differences_list();
	exit(0);
}

static void parse(int argc, char **argv, struct options *o)
{
	int opt;

	while ((opt = getopt(argc, argv, "s:f:n:c:Dd:tlh")) >= 0) {
		switch (opt) {
		case 's':
			o->seeds = atoi(optarg);
			break;
		case 'f':
			o->first = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			o->steps = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			o->cpus = optarg;
			break;
		case 'D':
			o->directed = false;
			break;
		case 'd':
			o->filter = optarg;
			o->seeds = 0;
			break;
		case 't':
			o->trace = true;
			break;
		case 'l':
			list();
			break;
		default:
			bad_usage();
		}
	}
	if (optind < argc || strspn(o->cpus, "1234") != strlen(o->cpus))
		bad_usage();
}

static void trace_seed(const struct options *o, unsigned int nr_cpus)
{
	static struct pair pair;
	struct script script;

	script_generate(&script, o->first, nr_cpus, o->steps);
	script_run(&script, &pair, true);
	script_free(&script);
}

/* All seeds with one number of vCPUs; how many did not diverge. */
static unsigned int run_seeds(const struct options *o, unsigned int nr_cpus,
			      unsigned int *reports)
{
	unsigned int i, passed = 0;
	time_t start = time(NULL);
	struct script script;

	for (i = 0; i < o->seeds && *reports < MAX_REPORTS; i++) {
		script_generate(&script, o->first + i, nr_cpus, o->steps);
		if (script_check(&script)) {
			passed++;
		} else {
			printf("  again: kev-diff -D -s 1 -f %llu -n %zu -c %u\n",
			       (unsigned long long)(o->first + i), o->steps,
			       nr_cpus);
			(*reports)++;
		}
		script_free(&script);
	}
	printf("random, %u vCPUs: %u seeds of %zu steps, %u diverged, %ld s\n",
	       nr_cpus, i, o->steps, i - passed, (long)(time(NULL) - start));
	return passed;
}

int main(int argc, char **argv)
{
	struct options o = {
		.first = 1, .seeds = 20, .steps = 150, .cpus = "124",
		.directed = true,
	};
	unsigned int passed = 0, failed = 0, reports = 0;
	const char *c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv, &o);
	machine_open_nodes();
	if (o.trace)
		trace_seed(&o, o.cpus[0] - '0');
	if (o.directed)
		failed += directed_run(o.filter, &passed);
	for (c = o.cpus; *c && o.seeds; c++)
		passed += run_seeds(&o, *c - '0', &reports);
	failed += reports;
	differences_summary();
	printf("diff: %u passed, %u failed, 0 skipped\n", passed, failed);
	return failed || !passed;
}
