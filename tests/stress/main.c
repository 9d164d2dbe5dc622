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
#include <string.h>
#include <time.h>

#include "stress.h"

#define GOAL_SIGNALS	1000000ul
#define GOAL_PAIRS	100000ul

/* Over all scenarios. */
static struct sum {
	unsigned long rounds, signals, doorbells, pairs, lost, refused;
} sum;

/* Seconds for each scenario; or for all of them. */
static unsigned int each_s = 3, total_s;
/* Whether there is a least number of events and pairs. */
static bool goals;
/* Of the scenarios that run. */
static unsigned int weights;

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

static void sum_up(const struct run *run)
{
	sum.rounds += atomic_load(&run->rounds);
	sum.signals += atomic_load(&run->signals);
	sum.doorbells += atomic_load(&run->doorbells);
	sum.pairs += atomic_load(&run->pairs);
	sum.lost += atomic_load(&run->lost);
}

/* The one that removes the module does so itself. */
static void scenario_run(const struct kev_case *c, struct kev_result *result)
{
	const struct scenario *scenario = c->data;
	bool attempt = scenario->run != stress_rmmod && rmmod_is_possible();
	unsigned int ms = each_s * 1000;
	struct run run = {};

	if (total_s)
		ms = total_s * 1000 / weights * scenario->weight;
	run.deadline = kev_now_ms() + ms;
	if (attempt)
		rmmod_begin();
	scenario->run(&run);
	if (attempt)
		sum.refused += rmmod_end();
	sum_up(&run);
	result->error = (const char *)atomic_load(&run.error);
	result->skipped = run.skipped;
	kev_result_tell(result, "%lu rounds, %lu signals, %lu doorbells, %lu pairs",
			atomic_load(&run.rounds), atomic_load(&run.signals),
			atomic_load(&run.doorbells), atomic_load(&run.pairs));
}

static void begin(struct kev_program *program)
{
	struct kev_case *c = NULL;

	while ((c = kev_case_next(c)))
		weights += ((const struct scenario *)c->data)->weight;
	program->more = goals;
}

static void tell_sum(void)
{
	struct kev_result result = {};

	printf("# %lu signals, %lu doorbells, %lu pairs of assign and deassign in %lu rounds\n",
	       sum.signals, sum.doorbells, sum.pairs, sum.rounds);
	printf("# %lu lost; rmmod was refused %lu times\n", sum.lost,
	       sum.refused);
	if (!goals)
		return;
	if (sum.signals < GOAL_SIGNALS || sum.pairs < GOAL_PAIRS)
		result.error = "there were less";
	kev_result_tell(&result, "%lu signals and %lu pairs", GOAL_SIGNALS,
			GOAL_PAIRS);
	ktap_result("goals", &result);
}

int main(int argc, char **argv)
{
	static const struct kev_option options[] = {
		{ 's', &each_s, NULL },
		{ 't', &total_s, NULL },
		{ 'g', NULL, &goals },
		{ }
	};
	struct kev_program program = {
		.usage = "kev-stress [-l] [-s SECONDS | -t SECONDS] [-g] [SCENARIO...]",
		.options = options,
		.begin = begin,
		.run = scenario_run,
		.end = tell_sum,
	};

	if (argc > 1 && !strcmp(argv[1], "--executed"))
		return fork_executed(argv + 2);
	return kev_main(&program, argc, argv);
}
