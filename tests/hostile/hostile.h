/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kev-hostile: what users and guests do that mean harm.  Each subject stands
 * behind a claim of Documentation/security.rst.
 */
#ifndef KEV_HOSTILE_H
#define KEV_HOSTILE_H

#include <pthread.h>
#include <stdatomic.h>

#include "kev_util.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/**
 * struct attack - One run of a subject
 * @times:	How much of it: 1 in `make check`, more in `make hostile`.
 * @counted:	The clock counts instructions (boot -i).
 * @text:	For the result: what was done.
 * @error:	The first thing that went wrong; or NULL.
 * @skipped:	Why nothing was done; or NULL.
 */
struct attack {
	unsigned int times;
	bool counted;
	char text[160];
	const char *error;
	const char *skipped;
};

void attack_fail(struct attack *attack, const char *error);
__attribute__((__format__(printf, 2, 3)))
void attack_tell(struct attack *attack, const char *fmt, ...);

/* The same numbers at each run. */
uint32_t next_random(uint32_t *state);
uint64_t next_random_64(uint32_t *state);

/* The kernel's log: from now on; what came to it; detectors of one second. */
int log_open(void);
unsigned int log_count(int log, bool core);
void log_shorten(void);

pthread_t start(void *(*fn)(void *arg), void *arg);
void join(pthread_t thread);

void attack_ioctls(struct attack *attack);
void attack_numbers(struct attack *attack);
void attack_kill(struct attack *attack);
void attack_nofile(struct attack *attack);
void attack_log(struct attack *attack);
void attack_pages(struct attack *attack);
void attack_storm(struct attack *attack);
void attack_registers(struct attack *attack);
void attack_memcg(struct attack *attack);
void attack_oom(struct attack *attack);
void attack_latency(struct attack *attack);
void attack_neighbour(struct attack *attack);
void attack_reenter(struct attack *attack);

#endif /* KEV_HOSTILE_H */
