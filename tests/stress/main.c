// SPDX-License-Identifier: GPL-2.0
/*
 * kev-stress: races that a user can cause, each for a bounded time.
 *
 *	kev-stress [-s SECONDS] [SCENARIO...]
 *
 * What a scenario checks is what the calls promise: what may no longer happen
 * once a call returned, and that no signal is unaccounted for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

static const struct scenario {
	const char *name;
	void (*run)(struct run *run);
} scenarios[] = {
	{ "deassign", stress_deassign },
	{ "reroute", stress_reroute },
	{ "reroute-pair", stress_reroute_pair },
	{ "torn", stress_torn },
	{ "ack", stress_ack },
	{ "doorbell", stress_doorbell },
	{ "hup", stress_hup },
	{ "two-vms", stress_two_vms },
	{ "storm", stress_storm },
};

#define NR_SCENARIOS	((unsigned int)ARRAY_SIZE(scenarios))

void run_fail(struct run *run, const char *error)
{
	uintptr_t none = 0;

	atomic_compare_exchange_strong(&run->error, &none,
				       (uintptr_t)error);
	atomic_store(&run->stop, true);
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

static bool scenario_run(const struct scenario *scenario, unsigned int seconds)
{
	struct run run = { .deadline = kev_now_ms() + seconds * 1000ull };
	const char *error;

	scenario->run(&run);
	error = (const char *)atomic_load(&run.error);
	printf("%sok - %s: %lu rounds, %lu signals%s%s\n", error ? "not " : "",
	       scenario->name, atomic_load(&run.rounds),
	       atomic_load(&run.signals), error ? ": " : "",
	       error ? error : "");
	fflush(stdout);
	return !error;
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

int main(int argc, char **argv)
{
	unsigned int passed = 0, failed = 0;
	unsigned int seconds = 3;
	unsigned int i;
	int opt;

	while ((opt = getopt(argc, argv, "s:")) != -1) {
		if (opt != 's') {
			fprintf(stderr, "usage: kev-stress [-s SECONDS] [SCENARIO...]\n");
			return 2;
		}
		seconds = strtoul(optarg, NULL, 0);
	}

	for (i = 0; i < NR_SCENARIOS; i++) {
		if (!is_wanted(scenarios[i].name, argv + optind))
			continue;
		if (scenario_run(&scenarios[i], seconds))
			passed++;
		else
			failed++;
	}
	printf("stress: %u passed, %u failed, %u skipped\n", passed, failed,
	       NR_SCENARIOS - passed - failed);
	return failed || !passed;
}
