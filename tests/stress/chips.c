// SPDX-License-Identifier: GPL-2.0
/*
 * The creation of the interrupt controllers against all that wants them:
 * routing, vCPUs, irqfds, messages.
 *
 * Each call succeeds as if it came alone, before the others or after them.
 */
#include <stdlib.h>
#include <unistd.h>

#include "stress.h"

#define PIN	5

/**
 * struct chips - One round
 * @run:	Whose.
 * @vm:		Without interrupt controllers at first.
 * @vcpu:	What one job creates.
 * @fd:		What one job binds.
 * @split:	The controllers are LAPICs alone.
 * @created:	errno of their creation, or 0.
 * @routed:	Whether a pin could be routed.
 * @bound:	Whether @fd could be bound.
 * @routes:	What one job sets.
 */
struct chips {
	struct run *run;
	int vm;
	int vcpu;
	int fd;
	bool split;
	int created;
	bool routed;
	bool bound;
	struct kev_routes *routes;
};

/* @ret of a call that may come before the chips: then it fails with @err. */
static bool came_after(struct chips *chips, long ret, int err)
{
	if (ret < 0 && errno != err)
		run_fail(chips->run, "a call failed with another errno");
	return ret >= 0;
}

static void create_chips(void *arg)
{
	struct chips *chips = arg;
	int ret;

	if (chips->split)
		ret = __enable_cap(chips->vm, KVM_CAP_SPLIT_IRQCHIP, 0, 24);
	else
		ret = __create_irqchip(chips->vm);
	chips->created = ret ? errno : 0;
}

static void route(void *arg)
{
	struct chips *chips = arg;

	chips->routed = came_after(chips, __set_gsi_routing(chips->vm,
							    chips->routes),
				   EINVAL);
}

static void add_vcpu(void *arg)
{
	struct chips *chips = arg;

	chips->vcpu = create_vcpu(chips->vm, 0);
}

static void bind(void *arg)
{
	struct chips *chips = arg;

	chips->bound = came_after(chips, __irqfd(chips->vm, chips->fd, PIN, 0,
						 0), EINVAL);
	if (!chips->bound)
		return;
	kev_signal(chips->fd);
	atomic_fetch_add(&chips->run->signals, 1);
}

/* A message that comes after the chips and before the vCPU is EPERM. */
static void send(void *arg)
{
	struct chips *chips = arg;
	int ret;

	ret = __signal_msi(chips->vm, KEV_MSI_DEST(0), VECTOR_A);
	came_after(chips, ret < 0 && errno == EPERM ? 0 : ret, EINVAL);
	came_after(chips, __irq_line(chips->vm, PIN, 1), ENXIO);
}

/* The chips come before the first vCPU, or not at all. */
static void chips_check(struct chips *chips)
{
	struct kvm_lapic_state lapic;
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	int late = chips->split ? EEXIST : EINVAL;

	if (chips->created && chips->created != late)
		run_fail(chips->run, "the chips failed with another errno");
	if (!chips->created == !!__kev_ioctl(chips->vcpu, KVM_GET_LAPIC, &lapic))
		run_fail(chips->run, "a vCPU that is not of its VM's kind");
	if ((!chips->created && !chips->split) ==
	    !!__kev_ioctl(chips->vm, KVM_GET_IRQCHIP, &chip))
		run_fail(chips->run, "half of the chips");
	if (chips->created && (chips->routed || chips->bound))
		run_fail(chips->run, "bound to chips that are not there");
}

static void chips_account(struct chips *chips, int stats)
{
	struct vm vm = { .stats = stats };

	vm_account_all(chips->run, &vm, chips->bound);
}

static void chips_round(struct chips *chips, struct team *team)
{
	int stats;

	chips->vm = kev_create_vm();
	stats = kev_ioctl_val(chips->vm, KVM_GET_STATS_FD, 0);
	chips->fd = kev_eventfd(0);
	team_round(team);
	chips_check(chips);
	close(chips->vm);
	chips_account(chips, stats);
	close(chips->fd);
	close(chips->vcpu);
	close(stats);
}

static void stress_chips(struct run *run)
{
	static const struct job jobs[] = {
		{ create_chips },
		{ route },
		{ add_vcpu },
		{ bind },
		{ send },
	};
	struct chips chips = { .run = run };
	struct team team;
	unsigned long i;

	team_start(&team, jobs, ARRAY_SIZE(jobs), &chips);
	for (i = 0; run_goes_on(run); i++) {
		chips.split = i & 1 || !kev_has_chip(KEV_CHIP_FULL);
		chips.routes = kev_routes_new();
		if (chips.split)
			kev_route_msi(chips.routes, PIN, 0, VECTOR_A);
		else
			kev_route_pin(chips.routes, PIN, KVM_IRQCHIP_IOAPIC,
				      PIN);
		chips_round(&chips, &team);
		free(chips.routes);
		atomic_fetch_add(&run->rounds, 1);
		atomic_fetch_add(&run->pairs, chips.bound);
	}
	team_end(&team);
}

STRESS_SCENARIO("chips", stress_chips);
