/* SPDX-License-Identifier: GPL-2.0 */
/* What the scenarios of kev-stress share. */
#ifndef KEV_STRESS_H
#define KEV_STRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kev_util.h"

#define GSI		24
#define ADDR		0x10000000ull
#define VECTOR_A	0x41
#define VECTOR_B	0x51

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/* How long something that must not come is waited for. */
#define WATCH_US	1000

/**
 * struct run - One run of a scenario
 * @deadline:	kev_now_ms() at which it ends.
 * @stop:	Tells its threads.
 * @rounds:	What it did.
 * @signals:	Signals or doorbells that were sent.
 * @error:	A string: the first thing that went wrong; or 0.
 */
struct run {
	uint64_t deadline;
	atomic_bool stop;
	atomic_ulong rounds;
	atomic_ulong signals;
	atomic_uintptr_t error;
};

/* Ends the run; the first error is kept. */
void run_fail(struct run *run, const char *error);
bool run_goes_on(const struct run *run);
uint64_t now_us(void);

/* A thread of a scenario. */
pthread_t start(void *(*fn)(void *arg), void *arg);
void join(pthread_t thread);

/**
 * struct vm - A VM with two CPUs, whose figures are read at the end
 * @m:		Its fds.
 * @stats:	Its stats fd.
 */
struct vm {
	struct kev_machine m;
	int stats;
};

void vm_create(struct vm *vm);
void vm_destroy(struct vm *vm);
uint64_t vm_figure(const struct vm *vm, const char *name);

/* Every signal must have been injected, coalesced or dropped. */
void vm_account(struct run *run, const struct vm *vm);

/* Take all events of a CPU; was @vector among them? */
bool vcpu_drain(int vcpu, int vector);
void update_msi_route(int vm, uint32_t dest, uint32_t vector);

/* Signals @fd until the run ends. */
struct signaller {
	struct run *run;
	int fd;
};

void *signal_until_stopped(void *arg);

void stress_deassign(struct run *run);
void stress_reroute(struct run *run);
void stress_reroute_pair(struct run *run);
void stress_torn(struct run *run);
void stress_ack(struct run *run);
void stress_doorbell(struct run *run);
void stress_hup(struct run *run);
void stress_two_vms(struct run *run);
void stress_storm(struct run *run);

#endif /* KEV_STRESS_H */
