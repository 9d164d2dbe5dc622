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
#include "kev_ktap.h"

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

/* One seed; false when it diverged. */
static bool run_seed(const struct options *o, uint64_t seed,
		     unsigned int nr_cpus)
{
	struct kev_result result = {};
	struct script script;
	char name[64];

	script_generate(&script, seed, nr_cpus, o->steps);
	snprintf(name, sizeof(name), "random, %u vCPUs, seed %llu", nr_cpus,
		 (unsigned long long)seed);
	if (!script_check(&script)) {
		result.error = "diverged";
		kev_result_tell(&result, "again: kev-diff -D -s 1 -f %llu -n %zu -c %u",
				(unsigned long long)seed, o->steps, nr_cpus);
	}
	script_free(&script);
	ktap_result(name, &result);
	return !result.error;
}

/* All seeds with one number of vCPUs. */
static void run_seeds(const struct options *o, unsigned int nr_cpus,
		      unsigned int *reports)
{
	time_t start = time(NULL);
	unsigned int i;

	for (i = 0; i < o->seeds && *reports < MAX_REPORTS; i++)
		*reports += !run_seed(o, o->first + i, nr_cpus);
	printf("# random, %u vCPUs: %u seeds of %zu steps, %ld s\n", nr_cpus, i,
	       o->steps, (long)(time(NULL) - start));
}

int main(int argc, char **argv)
{
	struct options o = {
		.first = 1, .seeds = 20, .steps = 150, .cpus = "124",
		.directed = true,
	};
	unsigned int nr = 0, reports = 0;
	const char *c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv, &o);
	machine_open_nodes();
	if (o.trace)
		trace_seed(&o, o.cpus[0] - '0');
	if (o.directed)
		nr = directed_count(o.filter);
	ktap_plan(nr + o.seeds * strlen(o.cpus));
	if (o.directed)
		directed_run(o.filter);
	for (c = o.cpus; *c && o.seeds; c++)
		run_seeds(&o, *c - '0', &reports);
	if (reports == MAX_REPORTS)
		printf("Bail out! enough has diverged\n");
	differences_summary();
	return ktap_status();
}
