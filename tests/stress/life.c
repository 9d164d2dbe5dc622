// SPDX-License-Identifier: GPL-2.0
/* What comes and goes: ioeventfds, eventfds, VMs. */
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
		atomic_fetch_add(&ringer->run->signals, 1);
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
	atomic_fetch_add(&run->rounds, 1);
	return counted;
}

void stress_doorbell(struct run *run)
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
		threads[i] = start(ring_until_stopped, &ringers[i]);
	}
	while (run_goes_on(run))
		counted += doorbell_round(run, vm.m.vm, vm.m.vcpu[0], fd);
	for (i = 0; i < 2; i++) {
		join(threads[i]);
		taken += ringers[i].taken;
	}
	taken += atomic_load(&run->rounds);
	if (!atomic_load(&run->error) &&
	    (counted != taken || vm_figure(&vm, "ioeventfd_signalled") != taken))
		run_fail(run, "doorbells are not accounted for");
	vm_destroy(&vm);
	close(fd);
}

/* The close of an eventfd against the close of the VM, and against deassign */

struct hup {
	struct run *run;
	pthread_barrier_t barrier;
	int fd;
	unsigned int delay_us;
	bool over;
};

static void spin_us(unsigned int us)
{
	uint64_t end = now_us() + us;

	while (now_us() < end)
		;
}

static void *close_until_stopped(void *arg)
{
	struct hup *hup = arg;

	for (;;) {
		pthread_barrier_wait(&hup->barrier);
		if (hup->over)
			return NULL;
		spin_us(hup->delay_us);
		close(hup->fd);
		pthread_barrier_wait(&hup->barrier);
	}
}

static void hup_round(struct hup *hup, unsigned long round)
{
	struct vm vm;
	int ret = 0;

	vm_create(&vm);
	set_msi_route(vm.m.vm, GSI, 0, VECTOR_A);
	hup->fd = kev_eventfd(0);
	hup->delay_us = round % 64 * 8;
	irqfd_assign(vm.m.vm, hup->fd, GSI);
	kev_signal(hup->fd);
	/* So that the close of its fd is the VM's end. */
	close(vm.stats);
	close(vm.m.vcpu[0]);
	close(vm.m.vcpu[1]);
	pthread_barrier_wait(&hup->barrier);
	spin_us(256);
	if (round % 3 == 2)
		ret = __irqfd(vm.m.vm, hup->fd, GSI, KVM_IRQFD_FLAG_DEASSIGN, 0);
	if (ret && errno != EBADF)
		run_fail(hup->run, "deassign failed");
	close(vm.m.vm);
	pthread_barrier_wait(&hup->barrier);
}

void stress_hup(struct run *run)
{
	struct hup hup = { .run = run };
	pthread_t thread;
	unsigned long i;

	pthread_barrier_init(&hup.barrier, NULL, 2);
	thread = start(close_until_stopped, &hup);
	for (i = 0; run_goes_on(run); i++) {
		hup_round(&hup, i);
		atomic_fetch_add(&run->rounds, 1);
		atomic_fetch_add(&run->signals, 1);
	}
	hup.over = true;
	pthread_barrier_wait(&hup.barrier);
	join(thread);
}

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
		atomic_fetch_add(&run->rounds, 1);
	}
	return NULL;
}

void stress_two_vms(struct run *run)
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
		threads[i] = start(woo_until_stopped, &suitors[i]);
	for (i = 0; i < 2; i++)
		join(threads[i]);
	for (i = 0; i < 2; i++) {
		vm_account(run, &suitors[i].vm);
		if (vm_figure(&suitors[i].vm, "irqfd_signalled") !=
		    suitors[i].signals)
			run_fail(run, "a signal went to the wrong VM");
		atomic_fetch_add(&run->signals, suitors[i].signals);
		vm_destroy(&suitors[i].vm);
	}
	close(fd);
}

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
		atomic_fetch_add(&run->signals, 1);
		if (i & 8)
			close(fd);
		kev_machine_destroy(&m);
		if (!(i & 8))
			close(fd);
		atomic_fetch_add(&run->rounds, 1);
	}
	return NULL;
}

void stress_storm(struct run *run)
{
	pthread_t thread = start(storm_until_stopped, run);

	storm_until_stopped(run);
	join(thread);
}
