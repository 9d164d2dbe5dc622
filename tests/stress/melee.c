// SPDX-License-Identifier: GPL-2.0
/*
 * All that can befall one irqfd, at once: a signal, deassign, the close of its
 * eventfd, a new route, and the close of its VM.
 *
 * The VM's figures outlive it: its stats fd is what is closed last.
 */
#include <stdlib.h>
#include <unistd.h>

#include "stress.h"

/* Events that one round writes, at most. */
#define NR_EVENTS	16

/**
 * struct melee - One round
 * @run:	Whose.
 * @vm:		Made anew for each.
 * @fd:		The eventfd, which a job closes.
 * @routes:	What one job sets.
 * @written:	Events that went to it.
 */
struct melee {
	struct run *run;
	struct vm vm;
	int fd;
	struct kev_routes *routes;
	uint64_t written;
};

static bool is_closed(long ret)
{
	return ret < 0 && errno == EBADF;
}

static void melee_signal(void *arg)
{
	struct melee *melee = arg;
	uint64_t one = 1;
	unsigned int i;
	ssize_t ret;

	for (i = 0; i < NR_EVENTS; i++) {
		ret = write(melee->fd, &one, sizeof(one));
		if (is_closed(ret))
			return;
		if (ret != sizeof(one))
			run_fail(melee->run, "a signal failed");
		melee->written++;
	}
}

static void melee_deassign(void *arg)
{
	struct melee *melee = arg;
	int ret;

	ret = __irqfd(melee->vm.m.vm, melee->fd, GSI, KVM_IRQFD_FLAG_DEASSIGN,
		      0);
	if (ret && !is_closed(ret))
		run_fail(melee->run, "deassign failed");
}

static void melee_close(void *arg)
{
	struct melee *melee = arg;

	close(melee->fd);
}

static void melee_reroute(void *arg)
{
	struct melee *melee = arg;
	int ret = __set_gsi_routing(melee->vm.m.vm, melee->routes);

	if (ret && !is_closed(ret))
		run_fail(melee->run, "a new route failed");
}

static void melee_close_vm(void *arg)
{
	struct melee *melee = arg;

	close(melee->vm.m.vm);
}

static void melee_prepare(struct melee *melee)
{
	vm_create(&melee->vm);
	set_msi_route(melee->vm.m.vm, GSI, 0, VECTOR_A);
	melee->fd = meter_create();
	irqfd_assign(melee->vm.m.vm, melee->fd, GSI);
	melee->written = 0;
}

/* With @kept the eventfd's file stays open: its counter has what was left. */
static void melee_check(struct melee *melee, int kept)
{
	const struct vm *vm = &melee->vm;
	struct run *run = melee->run;
	uint64_t signalled;

	if (vm_figure(vm, "irqfds"))
		run_fail(run, "an irqfd outlives its VM");
	if (kept >= 0) {
		meter_account(run, vm, &kept, 1, melee->written);
		return;
	}
	/* One more: what the assign found. */
	signalled = vm_figure(vm, "irqfd_signalled");
	if (signalled > melee->written + 1)
		run_lose(run, melee->written + 1, signalled,
			 "more signals than events");
	vm_account(run, vm);
}

void stress_melee(struct run *run)
{
	static const struct job jobs[] = {
		{ melee_signal },
		{ melee_deassign },
		{ melee_close },
		{ melee_reroute },
		{ melee_close_vm },
	};
	struct melee melee = { .run = run, .routes = kev_routes_new() };
	struct team team;
	unsigned long i;
	int kept;

	kev_route_msi(melee.routes, GSI, 1, VECTOR_B);
	team_start(&team, jobs, ARRAY_SIZE(jobs), &melee);
	for (i = 0; run_goes_on(run); i++) {
		melee_prepare(&melee);
		kept = i & 1 ? dup(melee.fd) : -1;
		team_round(&team);
		melee_check(&melee, kept);
		close(melee.vm.m.vcpu[0]);
		close(melee.vm.m.vcpu[1]);
		close(melee.vm.stats);
		if (kept >= 0)
			close(kept);
		atomic_fetch_add(&run->signals, melee.written);
		atomic_fetch_add(&run->pairs, 1);
		atomic_fetch_add(&run->rounds, 1);
	}
	team_end(&team);
	free(melee.routes);
}
