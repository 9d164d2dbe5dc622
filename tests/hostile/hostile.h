/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kev-hostile: what users and guests do that mean harm.  Each subject stands
 * behind a claim of Documentation/security.rst.
 */
#ifndef KEV_HOSTILE_H
#define KEV_HOSTILE_H

#include <pthread.h>
#include <stdatomic.h>

#include "kev_case.h"
#include "kev_util.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/**
 * struct attack - One run of a subject
 * @times:	How much of it: 1 in `make check`, more in `make hostile`.
 * @counted:	The clock counts instructions (boot -i).
 * @result:	What came of it.
 */
struct attack {
	unsigned int times;
	bool counted;
	struct kev_result *result;
};

#define attack_fail(attack, error) kev_result_fail((attack)->result, error)
#define attack_tell(attack, ...) kev_result_tell((attack)->result, __VA_ARGS__)

/**
 * struct subject - What is a case's own
 * @run:	Does it.
 */
struct subject {
	void (*run)(struct attack *attack);
};

/*
 * A subject's file has this: nothing else lists them.  One with a machine of its
 * own runs only there: "counted" is one CPU and a clock of instructions, "third"
 * three CPUs.
 */
#define HOSTILE_SUBJECT_ON(where, title, function)			\
	static void __attribute__((constructor)) add_##function(void)	\
	{								\
		static const struct subject subject = { function };	\
		static struct kev_case c = {				\
			.name = title, .machine = where, .data = &subject, \
		};							\
									\
		kev_case_add(&c);					\
	}

#define HOSTILE_SUBJECT(title, function)				\
	HOSTILE_SUBJECT_ON(NULL, title, function)

/* The same numbers at each run. */
uint32_t next_random(uint32_t *state);
uint64_t next_random_64(uint32_t *state);

/* The kernel's log: from now on; what came to it; detectors of one second. */
int log_open(void);
unsigned int log_count(int log, bool core);
void log_shorten(void);

#endif /* KEV_HOSTILE_H */
