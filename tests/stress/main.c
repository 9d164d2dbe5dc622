// SPDX-License-Identifier: GPL-2.0
/*
 * kev-stress: races that a user can cause, each for a bounded time.
 *
 *	kev-stress [-s SECONDS | -t SECONDS] [-g] [SCENARIO...]
 *
 * -s is for each scenario, -t for all of them together, of which the one with batches
 * gets more, for it does the most in the time.  What a scenario checks
 * is what the calls promise: what may no longer happen once a call returned, and
 * that no event is unaccounted for.  With -g it also fails that there were less
 * than a million events and 100,000 pairs of assign and deassign.
 *
 * Where the module can be removed, that is attempted all the time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

#define GOAL_SIGNALS	1000000ul
#define GOAL_PAIRS	100000ul

static const struct scenario {
	const char *name;
	void (*run)(struct run *run);
	unsigned int weight;
} scenarios[] = {
	{ "deassign", stress_deassign, 6 },
	{ "reroute", stress_reroute, 1 },
	{ "reroute-pair", stress_reroute_pair, 1 },
	{ "torn", stress_torn, 1 },
	{ "melee", stress_melee, 1 },
	{ "hup", stress_hup, 1 },
	{ "assign-hup", stress_assign_hup, 1 },
	{ "two-vms", stress_two_vms, 1 },
	{ "resample", stress_resample, 1 },
	{ "lines", stress_lines, 1 },
	{ "chips", stress_chips, 1 },
	{ "quiet", stress_quiet, 1 },
	{ "ack", stress_ack, 1 },
	{ "ack-poll", stress_ack_poll, 1 },
	{ "ack-map", stress_ack_map, 1 },
	{ "doorbell", stress_doorbell, 1 },
	{ "uring", stress_uring, 1 },
	{ "fork", stress_fork, 1 },
	{ "scm", stress_scm, 1 },
	{ "storm", stress_storm, 1 },
	{ "rmmod", stress_rmmod, 1 },
};

#define NR_SCENARIOS	((unsigned int)ARRAY_SIZE(scenarios))

/* Over all scenarios. */
static struct sum {
	unsigned long rounds, signals, doorbells, pairs, lost, refused;
	unsigned int passed, failed, skipped;
} sum;

/**
 * struct options - The command line
 * @each_ms:	For each scenario.
 * @total_ms:	For all of them; or 0.
 * @goals:	Whether there is a least number of events and pairs.
 * @names:	Scenarios; all when there are none.
 */
struct options {
	unsigned int each_ms;
	unsigned int total_ms;
	bool goals;
	char **names;
};

void run_skip(struct run *run, const char *why)
{
	run->skipped = why;
}

void run_fail(struct run *run, const char *error)
{
	uintptr_t none = 0;

	atomic_compare_exchange_strong(&run->error, &none,
				       (uintptr_t)error);
	atomic_store(&run->stop, true);
}

void run_lose(struct run *run, uint64_t want, uint64_t seen, const char *error)
{
	atomic_fetch_add(&run->lost, want > seen ? want - seen : seen - want);
	printf("# want %llu, seen %llu\n", (unsigned long long)want,
	       (unsigned long long)seen);
	run_fail(run, error);
}

bool run_goes_on(const struct run *run)
{
	return !atomic_load(&run->stop) && kev_now_ms() < run->deadline;
}

uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

void spin_us(unsigned int us)
{
	uint64_t end = now_us() + us;

	while (now_us() < end)
		;
}

pthread_t start(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, fn, arg);
	kev_assert(!errno, "pthread_create");
	return thread;
}

void join(pthread_t thread)
{
	errno = pthread_join(thread, NULL);
	kev_assert(!errno, "pthread_join");
}

static void sum_up(const struct run *run)
{
	sum.rounds += atomic_load(&run->rounds);
	sum.signals += atomic_load(&run->signals);
	sum.doorbells += atomic_load(&run->doorbells);
	sum.pairs += atomic_load(&run->pairs);
	sum.lost += atomic_load(&run->lost);
}

static void count(bool passed)
{
	if (passed)
		sum.passed++;
	else
		sum.failed++;
}

static void scenario_tell(const char *name, const struct run *run)
{
	const char *error = (const char *)atomic_load(&run->error);

	if (run->skipped) {
		sum.skipped++;
		printf("ok - %s # SKIP %s\n", name, run->skipped);
	} else {
		count(!error);
		printf("%sok - %s: %lu rounds, %lu signals, %lu doorbells, %lu pairs%s%s\n",
		       error ? "not " : "", name, atomic_load(&run->rounds),
		       atomic_load(&run->signals),
		       atomic_load(&run->doorbells), atomic_load(&run->pairs),
		       error ? ": " : "", error ? error : "");
	}
	fflush(stdout);
}

/* The one that removes the module does so itself. */
static void scenario_run(const struct scenario *scenario, unsigned int ms)
{
	bool attempt = scenario->run != stress_rmmod && rmmod_is_possible();
	struct run run = { .deadline = kev_now_ms() + ms };

	if (attempt)
		rmmod_begin();
	scenario->run(&run);
	if (attempt)
		sum.refused += rmmod_end();
	sum_up(&run);
	scenario_tell(scenario->name, &run);
}

static bool is_wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static void run_wanted(const struct options *options)
{
	unsigned int i, weight = 0;

	for (i = 0; i < NR_SCENARIOS; i++)
		if (is_wanted(scenarios[i].name, options->names))
			weight += scenarios[i].weight;
	for (i = 0; i < NR_SCENARIOS; i++) {
		const struct scenario *scenario = &scenarios[i];
		unsigned int ms = options->each_ms;

		if (options->total_ms && weight)
			ms = options->total_ms / weight * scenario->weight;
		if (is_wanted(scenario->name, options->names))
			scenario_run(scenario, ms);
		else
			sum.skipped++;
	}
}

static void tell_sum(bool goals)
{
	bool reached = sum.signals >= GOAL_SIGNALS && sum.pairs >= GOAL_PAIRS;

	printf("# %lu signals, %lu doorbells, %lu pairs of assign and deassign in %lu rounds\n",
	       sum.signals, sum.doorbells, sum.pairs, sum.rounds);
	printf("# %lu lost; rmmod was refused %lu times\n", sum.lost,
	       sum.refused);
	if (!goals)
		return;
	count(reached);
	printf("%sok - at least %lu signals and %lu pairs\n",
	       reached ? "" : "not ", GOAL_SIGNALS, GOAL_PAIRS);
}

static void refuse(void)
{
	fprintf(stderr, "usage: kev-stress [-s SECONDS | -t SECONDS] [-g] [SCENARIO...]\n");
	exit(2);
}

static struct options parse(int argc, char **argv)
{
	struct options options = { .each_ms = 3000 };
	int opt;

	while ((opt = getopt(argc, argv, "s:t:g")) != -1) {
		switch (opt) {
		case 's':
			options.each_ms = strtoul(optarg, NULL, 0) * 1000;
			break;
		case 't':
			options.total_ms = strtoul(optarg, NULL, 0) * 1000;
			break;
		case 'g':
			options.goals = true;
			break;
		default:
			refuse();
		}
	}
	options.names = argv + optind;
	return options;
}

int main(int argc, char **argv)
{
	struct options options;

	if (argc > 1 && !strcmp(argv[1], "--executed"))
		return fork_executed(argv + 2);
	options = parse(argc, argv);
	run_wanted(&options);
	tell_sum(options.goals);
	printf("stress: %u passed, %u failed, %u skipped\n", sum.passed,
	       sum.failed, sum.skipped);
	return sum.failed || !sum.passed;
}
