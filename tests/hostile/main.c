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
#include "hostile.h"

static unsigned int times = 1;
static bool counted;

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

static void begin(struct kev_program *program)
{
	(void)program;
	if (counted)
		log_shorten();
}

static void subject_run(const struct kev_case *c, struct kev_result *result)
{
	const struct subject *subject = c->data;
	struct attack attack = {
		.times = times,
		.counted = counted,
		.result = result,
	};

	subject->run(&attack);
}

int main(int argc, char **argv)
{
	static const struct kev_option options[] = {
		{ 'i', NULL, &counted },
		{ 'n', &times, NULL },
		{ }
	};
	struct kev_program program = {
		.usage = "kev-hostile [-l [MACHINE]] [-i] [-n TIMES] [SUBJECT...]",
		.options = options,
		.begin = begin,
		.run = subject_run,
	};

	return kev_main(&program, argc, argv);
}
