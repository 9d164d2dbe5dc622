/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kev-fault: every system call of the node's fds with each of its allocations
 * failing in turn.
 */
#ifndef FAULT_H
#define FAULT_H

#include "kev_case.h"
#include "kev_util.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define NR_EVENTFDS	8

/* What is made anew for each attempt. */
struct env {
	struct kev_machine m;
	int node;
	int vm_stats;
	int vcpu_stats;
	int epoll;
	int efd[NR_EVENTFDS];
	/* What the call made, if it makes an fd. */
	int made;
	/* How many entries of a batch are done. */
	unsigned int done;
	void *map;
	struct kev_routes *routes;
};

/* The call makes an fd: it is also tried with no number left. */
#define SITE_FD		(1u << 0)
/* A batch: what was done before the failure stays done, the caller goes on. */
#define SITE_PARTIAL	(1u << 1)
/*
 * Its irqfds deliver by a work item, any time later: they are counted and not
 * signalled, and the chips are not looked at.
 */
#define SITE_ASYNC	(1u << 2)

/**
 * struct site - One system call in one situation
 * @name:	What it does.
 * @chip:	Of the machine.
 * @nr_vcpus:	Of the machine.
 * @flags:	SITE_*.
 * @prepare:	Before the first look at the state; may be NULL.
 * @call:	As a system call: negative and errno, or a success.  Called again
 *		after a failure.
 */
struct site {
	const char *name;
	enum kev_chip chip;
	unsigned int nr_vcpus;
	unsigned int flags;
	void (*prepare)(struct env *env);
	long (*call)(struct env *env);
};

/* A table of sites has this behind it: nothing else lists them. */
#define FAULT_SITES(sites)						\
	static void __attribute__((constructor)) add_##sites(void)	\
	{								\
		fault_add(sites, ARRAY_SIZE(sites));			\
	}

void fault_add(const struct site *sites, unsigned int nr);

/* GSIs with MSI routes of the environments that have a chip. */
#define GSI_MSI		24
#define GSI_MSI_2	25
#define VECTOR_MSI	0x41

void env_create(struct env *env, const struct site *site);
void env_destroy(struct env *env);

/* Addresses at which the state looks for something that takes a write. */
#define MMIO_ADDR	0x1000
#define PIO_ADDR	0x500
#define CCW_ADDR	3
#define ZONE_ADDR	0x3000

/* All that can be seen of a machine. */
struct state {
	size_t len;
	uint8_t data[16384];
};

void state_read(struct state *state, struct env *env, unsigned int flags);
/* NULL, or what is different. */
const char *state_differs(const struct state *a, const struct state *b);

/* Let the @nth allocation of this thread fail; 0: none. */
void inject_setup(void);
void inject_arm(unsigned int nth);
/* Did one fail? */
bool inject_disarm(void);

#endif /* FAULT_H */
