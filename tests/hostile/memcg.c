// SPDX-License-Identifier: GPL-2.0
/*
 * What lasts is charged to the memory cgroup of who caused it: many objects of
 * each kind, and how much the cgroup grows by them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "hostile.h"

#define GROUP		"kev-memcg"
/* Charges are taken in advance, 256 KiB at a time: each kind is more than that. */
#define NR_FDS		3000
#define NR_IOEVENTFDS	8000
#define NR_VMS		100
#define NR_VCPUS	80
#define NR_ROUTES	40000u
/* That come and go, and how long their memory may take to come back. */
#define NR_GONE		100000
#define GONE_SECONDS	60

/* The machine on which objects are made, and what they need. */
struct stage {
	int node;
	struct kev_machine m;
	int fds[NR_FDS];
	struct kvm_irq_routing *routes;
};

static void make_irqfds(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < NR_FDS; i++)
		irqfd_assign(stage->m.vm, stage->fds[i], 24);
}

static void make_ioeventfds(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < NR_IOEVENTFDS; i++)
		ioeventfd_assign(stage->m.vm, stage->fds[0], 0x10000 + i * 8, 4,
				 KVM_IOEVENTFD_FLAG_DATAMATCH, i);
}

static void make_vms(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < NR_VMS; i++)
		kev_ioctl_val(stage->node, KVM_CREATE_VM, 0);
}

static void make_vcpus(struct stage *stage)
{
	unsigned int i;

	for (i = 1; i <= NR_VCPUS; i++)
		close(create_vcpu(stage->m.vm, i));
}

static void make_routes(struct stage *stage)
{
	enable_cap(stage->m.vm, KVM_EVENTFD_CAP_MAX_ROUTES, 131072);
	kev_assert(!ioctl(stage->m.vm, KVM_SET_GSI_ROUTING, stage->routes),
		   "KVM_SET_GSI_ROUTING of %u", stage->routes->nr);
}

/*
 * @size is what one of them takes at least.  It is a lower bound of the sizes
 * without the checkers.
 */
static const struct kind {
	const char *name;
	void (*make)(struct stage *stage);
	unsigned int nr;
	unsigned int size;
} kinds[] = {
	{ "irqfds", make_irqfds, NR_FDS, 192 },
	{ "ioeventfds", make_ioeventfds, NR_IOEVENTFDS, 64 },
	{ "VMs", make_vms, NR_VMS, 4096 },
	{ "vCPUs", make_vcpus, NR_VCPUS, 2 * 4096 },
	{ "routes", make_routes, NR_ROUTES, 32 },
};

static struct kvm_irq_routing *routes_new(void)
{
	struct kvm_irq_routing *routes;
	unsigned int i;

	routes = calloc(1, sizeof(*routes) +
			NR_ROUTES * sizeof(routes->entries[0]));
	kev_assert(routes, "calloc");
	routes->nr = NR_ROUTES;
	for (i = 0; i < NR_ROUTES; i++) {
		routes->entries[i].gsi = i;
		routes->entries[i].type = KVM_IRQ_ROUTING_MSI;
		routes->entries[i].u.msi.address_lo = KEV_MSI_DEST(0);
		routes->entries[i].u.msi.data = 0x41;
	}
	return routes;
}

static void stage_open(struct stage *stage)
{
	unsigned int i;

	kev_assert(kev_raise_nofile(NR_FDS + 1000), "RLIMIT_NOFILE");
	stage->node = kev_open();
	kev_machine_create(&stage->m, KEV_CHIP_SPLIT, 1);
	set_msi_route(stage->m.vm, 24, 0, 0x41);
	for (i = 0; i < NR_FDS; i++)
		stage->fds[i] = kev_eventfd(0);
	stage->routes = routes_new();
}

/*
 * In a child, whose all goes with it.  Charges are taken in advance by the
 * batch, so that a small part of the growth is not seen: half of it must be.
 */
static bool is_charged(const struct kind *kind)
{
	uint64_t least = (uint64_t)kind->nr * kind->size / 2;
	struct stage stage;
	uint64_t before, after;

	cgroup_enter(GROUP);
	stage_open(&stage);
	before = cgroup_memory(GROUP);
	kind->make(&stage);
	after = cgroup_memory(GROUP);
	printf("# %u %s: %llu KiB charged, at least %llu are needed\n",
	       kind->nr, kind->name,
	       (unsigned long long)(after - before) >> 10,
	       (unsigned long long)least >> 10);
	fflush(stdout);
	return after >= before + least;
}

static void batch(int vm, struct kvm_ioeventfd *entries, uint32_t flags)
{
	struct kvm_eventfd_batch args = {
		.entries = (uintptr_t)entries,
		.nr = NR_GONE,
	};
	unsigned int i;

	for (i = 0; i < NR_GONE; i++)
		entries[i].flags = flags;
	kev_assert(ioctl(vm, KVM_EVENTFD_IOEVENTFDS, &args) == NR_GONE,
		   "KVM_EVENTFD_IOEVENTFDS of %u", NR_GONE);
}

/* What is deassigned is freed after a grace period, of which nobody tells. */
static bool falls_below(uint64_t most)
{
	unsigned int i;

	for (i = 0; i < GONE_SECONDS * 10; i++) {
		if (cgroup_memory(GROUP) <= most)
			return true;
		usleep(100000);
	}
	return false;
}

/* In a child, too: the VM stays, its ioeventfds go, and so does their memory. */
static bool is_given_back(void)
{
	struct kvm_ioeventfd *entries = calloc(NR_GONE, sizeof(*entries));
	uint64_t before, full;
	struct stage stage;
	unsigned int i;
	bool back;

	kev_assert(entries, "calloc");
	cgroup_enter(GROUP);
	stage_open(&stage);
	for (i = 0; i < NR_GONE; i++) {
		entries[i].addr = (uint64_t)i << 12;
		entries[i].len = 4;
		entries[i].fd = stage.fds[0];
	}
	before = cgroup_memory(GROUP);
	batch(stage.m.vm, entries, 0);
	full = cgroup_memory(GROUP);
	batch(stage.m.vm, entries, KVM_IOEVENTFD_FLAG_DEASSIGN);
	back = falls_below(before + (full - before) / 4);
	printf("# %u ioeventfds that went: %llu KiB were charged, %llu are\n",
	       NR_GONE, (unsigned long long)(full - before) >> 10,
	       (unsigned long long)(cgroup_memory(GROUP) - before) >> 10);
	fflush(stdout);
	free(entries);
	return back && full >= before + NR_GONE * 64;
}

static void attack_memcg(struct attack *attack)
{
	unsigned int i;
	int status;
	pid_t child;

	if (!cgroup_create(GROUP, "max")) {
		attack->result->skipped = "no memory cgroups";
		return;
	}
	/* The last one is no kind: what is charged comes back. */
	for (i = 0; i <= ARRAY_SIZE(kinds); i++) {
		fflush(stdout);
		child = fork();
		kev_assert(child >= 0, "fork");
		if (!child)
			_exit(i < ARRAY_SIZE(kinds) ? !is_charged(&kinds[i]) :
						      !is_given_back());
		kev_assert(waitpid(child, &status, 0) == child, "waitpid");
		if (status)
			attack_fail(attack, i < ARRAY_SIZE(kinds) ?
				    kinds[i].name : "ioeventfds that went");
	}
	cgroup_remove(GROUP);
	attack_tell(attack, "%zu kinds of objects are charged",
		    ARRAY_SIZE(kinds));
}

HOSTILE_SUBJECT("memcg", attack_memcg);
