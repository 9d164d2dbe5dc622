// SPDX-License-Identifier: GPL-2.0
/*
 * Counting: runs an operation many times between two readings of the clock,
 * takes off what the loop and the clock cost themselves, and gives the mean.
 *
 * profile_begin() and profile_end() are empty marks.  A QEMU plugin
 * (profile-plugin.c) watches for their addresses and counts the instructions
 * between them, for the one operation that was asked for.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench.h"

static double loop_cost;
static double clock_cost;

/* What to profile, and how many operations the marks have enclosed. */
static const char *only_op;
static const char *only_sys;
static unsigned int only_size;
static unsigned long profiled;

__u64 clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

__attribute__((noinline)) void profile_begin(void)
{
	__asm__ volatile ("" ::: "memory");
}

__attribute__((noinline)) void profile_end(void)
{
	__asm__ volatile ("" ::: "memory");
}

static void nothing(void *arg, unsigned int i)
{
	__asm__ volatile ("" : : "r" (arg), "r" (i) : "memory");
}

__attribute__((noinline))
static __u64 run(op_fn fn, void *arg, unsigned int nr)
{
	__u64 start = clock_now();
	unsigned int i;

	for (i = 0; i < nr; i++)
		fn(arg, i);
	return clock_now() - start;
}

void measure_init(void)
{
	op_fn empty = nothing;
	const unsigned int nr = 100000;

	/* Called through a pointer, as the operations are. */
	__asm__ volatile ("" : "+r" (empty));
	run(empty, NULL, nr);
	clock_cost = run(empty, NULL, 0);
	loop_cost = (run(empty, NULL, nr) - clock_cost) / nr;
}

/* Put marks around @op on @sys; measure no other size than @size, if any. */
void measure_only(const char *op, const char *sys, unsigned int size)
{
	only_op = op;
	only_sys = sys;
	only_size = size;
}

bool size_wanted(unsigned int size)
{
	return !only_size || only_size == size;
}

static bool is_profiled(const char *op, const struct sys *sys)
{
	return only_op && !strcmp(only_op, op) &&
	       (!sys || !strcmp(only_sys, sys->name));
}

/* The mean cost of fn(arg, 0) ... fn(arg, nr - 1). */
double measure(const char *op, const struct sys *sys, op_fn fn, void *arg,
	       unsigned int nr)
{
	double cost;

	if (is_profiled(op, sys)) {
		profiled += nr;
		profile_begin();
		cost = run(fn, arg, nr);
		profile_end();
	} else {
		cost = run(fn, arg, nr);
	}
	return (cost - clock_cost) / nr - loop_cost;
}

/* The same, after a tenth as many that do not count. */
double measure_warm(const char *op, const struct sys *sys, op_fn fn, void *arg,
		    unsigned int nr)
{
	run(fn, arg, nr / 10 + 1);
	return measure(op, sys, fn, arg, nr);
}

void profile_report(void)
{
	if (only_op)
		printf("profiled %lu\n", profiled);
}
