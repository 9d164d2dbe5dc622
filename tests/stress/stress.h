/* SPDX-License-Identifier: GPL-2.0 */
/* What the scenarios of kev-stress share. */
#ifndef KEV_STRESS_H
#define KEV_STRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kev_case.h"
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
 * @signals:	Events written to eventfds that are for irqfds.
 * @doorbells:	Writes of the guest that are for ioeventfds.
 * @pairs:	Assigns that were followed by a deassign, or by another end.
 * @lost:	Events whose fate is not known.
 * @error:	A string: the first thing that went wrong; or 0.
 * @skipped:	Why nothing was done; or NULL.
 */
struct run {
	uint64_t deadline;
	atomic_bool stop;
	atomic_ulong rounds;
	atomic_ulong signals;
	atomic_ulong doorbells;
	atomic_ulong pairs;
	atomic_ulong lost;
	atomic_uintptr_t error;
	const char *skipped;
};

/* Ends the run; the first error is kept. */
void run_fail(struct run *run, const char *error);
/* The same, for events that are not accounted for. */
void run_lose(struct run *run, uint64_t want, uint64_t seen,
	      const char *error);
/* This kernel does not have what the scenario needs. */
void run_skip(struct run *run, const char *why);
bool run_goes_on(const struct run *run);
uint64_t now_us(void);
void spin_us(unsigned int us);

/**
 * struct scenario - What is a case's own
 * @run:	Runs until run_goes_on() says no.
 * @weight:	Its share of the time that all have.
 */
struct scenario {
	void (*run)(struct run *run);
	unsigned int weight;
};

/* A scenario's file has one of these for each: nothing else lists them. */
#define STRESS_WEIGHTED(title, function, share)				\
	static void __attribute__((constructor)) add_##function(void)	\
	{								\
		static const struct scenario scenario = { function, share }; \
		static struct kev_case c = { .name = title, .data = &scenario }; \
									\
		kev_case_add(&c);					\
	}

#define STRESS_SCENARIO(title, function)				\
	STRESS_WEIGHTED(title, function, 1)

/* team.c: jobs that are done against each other, round after round. */
#define TEAM_MAX	6

struct team;

/**
 * struct job - What one thread of a team does once in each round
 * @run:	Does it.
 */
struct job {
	void (*run)(void *arg);
};

/**
 * struct member - One thread of a team
 * @team:	Whose.
 * @job:	What it does.
 * @random:	State of its delays.
 * @thread:	It.
 */
struct member {
	struct team *team;
	const struct job *job;
	uint32_t random;
	pthread_t thread;
};

/**
 * struct team - Threads that start each round together
 * @arg:	Of the jobs.
 * @barrier:	Where a round begins and where it ends.
 * @over:	There is no other round.
 * @nr:		Of @members.
 * @members:	A thread for each job.
 */
struct team {
	void *arg;
	pthread_barrier_t barrier;
	bool over;
	unsigned int nr;
	struct member members[TEAM_MAX];
};

void team_start(struct team *team, const struct job *jobs, unsigned int nr,
		void *arg);
/* Each job once, after a random delay; returns when all are done. */
void team_round(struct team *team);
void team_end(struct team *team);

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
void vm_create_chips(struct vm *vm, enum kev_chip chip);
void vm_destroy(struct vm *vm);
uint64_t vm_figure(const struct vm *vm, const char *name);

/* Every signal must have been injected, coalesced or dropped. */
void vm_account(struct run *run, const struct vm *vm);
/* And there must have been as many as were written. */
void vm_account_all(struct run *run, const struct vm *vm, uint64_t written);
/* All irqfds must end without being told to: their eventfds are closed. */
void vm_await_no_irqfds(struct run *run, const struct vm *vm);

/* Take all events of a CPU; was @vector among them? */
bool vcpu_drain(int vcpu, int vector);
void update_msi_route(int vm, uint32_t dest, uint32_t vector);
/* KVM_EVENTFD_IRQFDS: all must be done. */
void irqfd_batch(int vm, const int *fds, unsigned int nr, uint32_t flags);

/* meter.c: eventfds of which not one event gets away unseen. */
int meter_create(void);
/*
 * @written events went to @fds, whose irqfds are all ended, while they were
 * bound and while they were not; @signalled of them to irqfds.  And the others?
 */
void meter_compare(struct run *run, const int *fds, unsigned int nr,
		   uint64_t signalled, uint64_t written);
/* The same, and what became of those that went to irqfds of @vm. */
void meter_account(struct run *run, const struct vm *vm, const int *fds,
		   unsigned int nr, uint64_t written);

/* Signals @fd until the run ends. */
struct signaller {
	struct run *run;
	int fd;
};

void *signal_until_stopped(void *arg);

/* rmmod.c: attempts to remove the module, as long as the others run. */
bool rmmod_is_possible(void);
void rmmod_begin(void);
/* Returns how often it was refused. */
unsigned long rmmod_end(void);

/* joiner.c: who assigns and deassigns @gsi, with a resamplefd, until the end. */
struct joiner {
	struct run *run;
	const struct vm *vm;
	uint32_t gsi;
};

void *join_until_stopped(void *arg);

/* fork.c: what a child executes, to see that it has no fd of the node left. */
int fork_executed(char **fds);

/* Known by name to the attempts to remove the module. */
void stress_rmmod(struct run *run);

#endif /* KEV_STRESS_H */
