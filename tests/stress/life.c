// SPDX-License-Identifier: GPL-2.0
/* What comes and goes: ioeventfds, the owners of an eventfd, VMs. */
#include <unistd.h>

#include "stress.h"

/* Doorbells */

struct ringer {
	struct run *run;
	int vcpu;
	uint64_t taken;
};

static void *ring_until_stopped(void *arg)
{
	struct ringer *ringer = arg;

	while (run_goes_on(ringer->run)) {
		if (__vcpu_write(ringer->vcpu, ADDR, 0, 4) == 4)
			ringer->taken++;
		else if (errno != EOPNOTSUPP)
			run_fail(ringer->run, "a doorbell failed");
		atomic_fetch_add(&ringer->run->doorbells, 1);
	}
	return NULL;
}

/* Returns the writes that were taken. */
static uint64_t doorbell_round(struct run *run, int vm, int vcpu, int fd)
{
	uint64_t counted;

	ioeventfd_assign(vm, fd, ADDR, 4, 0, 0);
	if (__vcpu_write(vcpu, ADDR, 0, 4) != 4)
		run_fail(run, "a doorbell after assign was not taken");
	ioeventfd_deassign(vm, fd, ADDR, 4, 0, 0);
	counted = kev_count(fd);
	usleep(WATCH_US);
	if (kev_count(fd))
		run_fail(run, "a doorbell was taken after deassign");
	atomic_fetch_add(&run->pairs, 1);
	atomic_fetch_add(&run->rounds, 1);
	return counted;
}

static void stress_doorbell(struct run *run)
{
	uint64_t counted = 0, taken = 0;
	struct ringer ringers[2];
	pthread_t threads[2];
	int fd = kev_eventfd(0);
	unsigned int i;
	struct vm vm;

	vm_create(&vm);
	for (i = 0; i < 2; i++) {
		ringers[i] = (struct ringer){ .run = run, .vcpu = vm.m.vcpu[i] };
		threads[i] = kev_thread_start(ring_until_stopped, &ringers[i]);
	}
	while (run_goes_on(run))
		counted += doorbell_round(run, vm.m.vm, vm.m.vcpu[0], fd);
	for (i = 0; i < 2; i++) {
		kev_thread_join(threads[i]);
		taken += ringers[i].taken;
	}
	taken += atomic_load(&run->rounds);
	if (counted != taken)
		run_lose(run, taken, counted, "doorbells were not counted");
	counted = vm_figure(&vm, "ioeventfd_signalled");
	if (counted != taken)
		run_lose(run, taken, counted, "doorbells are not accounted for");
	vm_destroy(&vm);
	close(fd);
}

STRESS_SCENARIO("doorbell", stress_doorbell);

/* One eventfd, two VMs that want it */

struct suitor {
	struct run *run;
	struct vm vm;
	int fd;
	atomic_int *owners;
	uint64_t signals;
};

static void *woo_until_stopped(void *arg)
{
	struct suitor *suitor = arg;
	struct run *run = suitor->run;

	while (run_goes_on(run)) {
		if (__irqfd(suitor->vm.m.vm, suitor->fd, GSI, 0, 0)) {
			if (errno != EBUSY)
				run_fail(run, "assign failed");
			continue;
		}
		if (atomic_fetch_add(suitor->owners, 1))
			run_fail(run, "an eventfd with two owners");
		kev_signal(suitor->fd);
		suitor->signals++;
		atomic_fetch_sub(suitor->owners, 1);
		irqfd_deassign(suitor->vm.m.vm, suitor->fd, GSI);
		atomic_fetch_add(&run->pairs, 1);
		atomic_fetch_add(&run->rounds, 1);
	}
	return NULL;
}

static void stress_two_vms(struct run *run)
{
	struct suitor suitors[2];
	int fd = kev_eventfd(0);
	atomic_int owners = 0;
	pthread_t threads[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		suitors[i] = (struct suitor){ .run = run, .fd = fd,
					      .owners = &owners };
		vm_create(&suitors[i].vm);
	}
	for (i = 0; i < 2; i++)
		threads[i] = kev_thread_start(woo_until_stopped, &suitors[i]);
	for (i = 0; i < 2; i++)
		kev_thread_join(threads[i]);
	for (i = 0; i < 2; i++) {
		vm_account_all(run, &suitors[i].vm, suitors[i].signals);
		atomic_fetch_add(&run->signals, suitors[i].signals);
		vm_destroy(&suitors[i].vm);
	}
	close(fd);
}

STRESS_SCENARIO("two-vms", stress_two_vms);

/* VMs come and go */

static void *storm_until_stopped(void *arg)
{
	struct run *run = arg;
	unsigned int i;

	for (i = 0; run_goes_on(run); i++) {
		struct kev_machine m;
		int fd = kev_eventfd(i & 1);

		kev_machine_create(&m, i % 3 && kev_has_chip(KEV_CHIP_FULL) ?
				   KEV_CHIP_FULL : KEV_CHIP_SPLIT, 2);
		set_msi_route(m.vm, GSI, 1, VECTOR_A);
		irqfd_assign(m.vm, fd, GSI);
		ioeventfd_assign(m.vm, fd, ADDR, i & 4, 0, 0);
		vcpu_write(m.vcpu[i & 1], ADDR, 0, 4);
		atomic_fetch_add(&run->doorbells, 1);
		if (i & 8)
			close(fd);
		kev_machine_destroy(&m);
		if (!(i & 8))
			close(fd);
		atomic_fetch_add(&run->pairs, 1);
		atomic_fetch_add(&run->rounds, 1);
	}
	return NULL;
}

static void stress_storm(struct run *run)
{
	pthread_t thread = kev_thread_start(storm_until_stopped, run);

	storm_until_stopped(run);
	kev_thread_join(thread);
}

STRESS_SCENARIO("storm", stress_storm);
