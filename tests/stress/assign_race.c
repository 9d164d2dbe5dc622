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
 * struct assign_race - One round
 * @run:	Whose.
 * @vm:		Made anew for each.
 * @fd:		The eventfd, which a job closes.
 * @routes:	What one job sets.
 * @written:	Events that went to it.
 */
struct assign_race {
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

static void race_signal(void *arg)
{
	struct assign_race *race = arg;
	uint64_t one = 1;
	unsigned int i;
	ssize_t ret;

	for (i = 0; i < NR_EVENTS; i++) {
		ret = write(race->fd, &one, sizeof(one));
		if (is_closed(ret))
			return;
		if (ret != sizeof(one))
			run_fail(race->run, "a signal failed");
		race->written++;
	}
}

static void race_deassign(void *arg)
{
	struct assign_race *race = arg;
	int ret;

	ret = __irqfd(race->vm.m.vm, race->fd, GSI, KVM_IRQFD_FLAG_DEASSIGN,
		      0);
	if (ret && !is_closed(ret))
		run_fail(race->run, "deassign failed");
}

static void race_close(void *arg)
{
	struct assign_race *race = arg;

	close(race->fd);
}

static void race_reroute(void *arg)
{
	struct assign_race *race = arg;
	int ret = __set_gsi_routing(race->vm.m.vm, race->routes);

	if (ret && !is_closed(ret))
		run_fail(race->run, "a new route failed");
}

static void race_close_vm(void *arg)
{
	struct assign_race *race = arg;

	close(race->vm.m.vm);
}

static void race_prepare(struct assign_race *race)
{
	vm_create(&race->vm);
	set_msi_route(race->vm.m.vm, GSI, 0, VECTOR_A);
	race->fd = meter_create();
	irqfd_assign(race->vm.m.vm, race->fd, GSI);
	race->written = 0;
}

/* With @kept the eventfd's file stays open: its counter has what was left. */
static void race_check(struct assign_race *race, int kept)
{
	const struct vm *vm = &race->vm;
	struct run *run = race->run;
	uint64_t signalled;

	if (vm_figure(vm, "irqfds"))
		run_fail(run, "an irqfd outlives its VM");
	if (kept >= 0) {
		meter_account(run, vm, &kept, 1, race->written);
		return;
	}
	/* One more: what the assign found. */
	signalled = vm_figure(vm, "irqfd_signalled");
	if (signalled > race->written + 1)
		run_lose(run, race->written + 1, signalled,
			 "more signals than events");
	vm_account(run, vm);
}

static void stress_assign_race(struct run *run)
{
	static const struct job jobs[] = {
		{ race_signal },
		{ race_deassign },
		{ race_close },
		{ race_reroute },
		{ race_close_vm },
	};
	struct assign_race race = { .run = run, .routes = kev_routes_new() };
	struct team team;
	unsigned long i;
	int kept;

	kev_route_msi(race.routes, GSI, 1, VECTOR_B);
	team_start(&team, jobs, ARRAY_SIZE(jobs), &race);
	for (i = 0; run_goes_on(run); i++) {
		race_prepare(&race);
		kept = i & 1 ? dup(race.fd) : -1;
		team_round(&team);
		race_check(&race, kept);
		close(race.vm.m.vcpu[0]);
		close(race.vm.m.vcpu[1]);
		close(race.vm.stats);
		if (kept >= 0)
			close(kept);
		atomic_fetch_add(&run->signals, race.written);
		atomic_fetch_add(&run->pairs, 1);
		atomic_fetch_add(&run->rounds, 1);
	}
	team_end(&team);
	free(race.routes);
}

STRESS_SCENARIO("assign-race", stress_assign_race);
