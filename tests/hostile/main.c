// SPDX-License-Identifier: GPL-2.0
/*
 * kev-hostile: users and guests that mean harm.
 *
 *	kev-hostile [-i] [-n TIMES] [SUBJECT...]
 *
 * TIMES is how much of each: 1 is for `make check`.  -i says that the clock counts
 * instructions.  A subject that needs a machine of its own, such a clock or a third
 * CPU, runs when it is named.  That the kernel survives is
 * for the checkers to say; what is looked at here is that a cost is bounded,
 * that it is its cause who pays, and that others do not notice.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostile.h"

static const struct subject {
	const char *name;
	void (*run)(struct attack *attack);
	bool named;	/* runs only when it is named */
} subjects[] = {
	{ "ioctls", attack_ioctls, false },
	{ "numbers", attack_numbers, false },
	{ "kill", attack_kill, false },
	{ "nofile", attack_nofile, false },
	{ "log", attack_log, false },
	{ "pages", attack_pages, false },
	{ "storm", attack_storm, false },
	{ "registers", attack_registers, false },
	{ "memcg", attack_memcg, false },
	{ "oom", attack_oom, false },
	{ "latency", attack_latency, true },
	{ "neighbour", attack_neighbour, true },
	{ "reenter", attack_reenter, true },
};

void attack_fail(struct attack *attack, const char *error)
{
	if (!attack->error)
		attack->error = error;
}

void attack_tell(struct attack *attack, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(attack->text, sizeof(attack->text), fmt, ap);
	va_end(ap);
}

uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

uint64_t next_random_64(uint32_t *state)
{
	uint64_t high = next_random(state);

	return high << 32 | next_random(state);
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

static bool is_wanted(const struct subject *subject, char **names)
{
	if (!*names)
		return !subject->named;
	for (; *names; names++)
		if (!strcmp(*names, subject->name))
			return true;
	return false;
}

static bool tell(const char *name, const struct attack *attack)
{
	if (attack->skipped)
		printf("ok - %s # SKIP %s\n", name, attack->skipped);
	else
		printf("%sok - %s: %s%s%s\n", attack->error ? "not " : "", name,
		       attack->text, attack->error ? ": " : "",
		       attack->error ? attack->error : "");
	fflush(stdout);
	return !attack->error;
}

int main(int argc, char **argv)
{
	unsigned int i, passed = 0, failed = 0, skipped = 0, times = 1;
	bool counted = false;
	int opt;

	while ((opt = getopt(argc, argv, "in:")) != -1) {
		if (opt == 'i') {
			counted = true;
		} else if (opt == 'n') {
			times = strtoul(optarg, NULL, 0);
		} else {
			fprintf(stderr, "usage: kev-hostile [-i] [-n TIMES] [SUBJECT...]\n");
			return 2;
		}
	}
	if (counted)
		log_shorten();
	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		struct attack attack = { .times = times, .counted = counted };

		if (!is_wanted(&subjects[i], argv + optind))
			continue;
		subjects[i].run(&attack);
		if (!tell(subjects[i].name, &attack))
			failed++;
		else if (attack.skipped)
			skipped++;
		else
			passed++;
	}
	printf("hostile: %u passed, %u failed, %u skipped\n", passed, failed,
	       skipped);
	return failed || !passed;
}
