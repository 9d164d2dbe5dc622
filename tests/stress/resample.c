// SPDX-License-Identifier: GPL-2.0
/*
 * EOI and unmask against irqfds with a resamplefd that come and go.
 *
 * One device stays: each of its signals must be answered.  Others share its GSI,
 * or come and go on a GSI of their own, whose resampler does so too.
 */
#include <sched.h>
#include <unistd.h>

#include "stress.h"

#define IOAPIC_SELECT	0xfec00000ull
#define IOAPIC_WINDOW	0xfec00010ull
#define IOAPIC_RTE(pin)	(0x10 + 2 * (pin))

#define PIN_SHARED	5
#define PIN_OWN		6
#define VECTOR_SHARED	0x51
#define VECTOR_OWN	0x61

struct resample {
	struct run *run;
	struct vm vm;
	atomic_ulong acks;
};

/* The CPU takes what comes, and ends it. */
static void *end_until_stopped(void *arg)
{
	struct kvm_eventfd_interrupt intr;
	struct resample *all = arg;

	while (run_goes_on(all->run)) {
		if (__ack_interrupt(all->vm.m.vcpu[0], &intr)) {
			sched_yield();
			continue;
		}
		lapic_eoi(all->vm.m.vcpu[0]);
		atomic_fetch_add(&all->acks, 1);
	}
	return NULL;
}

static void write_rte(int vcpu, unsigned int pin, uint32_t low)
{
	vcpu_write(vcpu, IOAPIC_SELECT, IOAPIC_RTE(pin), 4);
	vcpu_write(vcpu, IOAPIC_WINDOW, low, 4);
}

/* The other CPU masks and unmasks, one pin after the other. */
static void *mask_until_stopped(void *arg)
{
	struct resample *all = arg;
	int vcpu = all->vm.m.vcpu[1];

	while (run_goes_on(all->run)) {
		write_rte(vcpu, PIN_SHARED,
			  KEV_RTE_LEVEL | KEV_RTE_MASKED | VECTOR_SHARED);
		write_rte(vcpu, PIN_SHARED, KEV_RTE_LEVEL | VECTOR_SHARED);
		write_rte(vcpu, PIN_OWN,
			  KEV_RTE_LEVEL | KEV_RTE_MASKED | VECTOR_OWN);
		write_rte(vcpu, PIN_OWN, KEV_RTE_LEVEL | VECTOR_OWN);
		usleep(20);
	}
	return NULL;
}

/* An answer: the line was lowered, or may be looked at again. */
static bool resident_round(struct run *run, int fd, int resamplefd)
{
	uint64_t end = kev_now_ms() + KEV_TIMEOUT_MS;

	kev_count(resamplefd);
	kev_signal(fd);
	atomic_fetch_add(&run->signals, 1);
	while (!kev_count(resamplefd) && run_goes_on(run)) {
		if (kev_now_ms() > end)
			return false;
		sched_yield();
	}
	return true;
}

static void stress_resample(struct run *run)
{
	struct resample all = { .run = run };
	struct joiner joiners[2] = {
		{ run, &all.vm, PIN_SHARED }, { run, &all.vm, PIN_OWN },
	};
	pthread_t threads[4];
	int resamplefd, fd;
	unsigned int i;

	if (!kev_has_chip(KEV_CHIP_FULL)) {
		run_skip(run, "no IOAPIC");
		return;
	}
	resamplefd = kev_eventfd(0);
	fd = kev_eventfd(0);
	vm_create_chips(&all.vm, KEV_CHIP_FULL);
	ioapic_set_rte(all.vm.m.vm, PIN_SHARED, KEV_RTE_LEVEL | VECTOR_SHARED);
	ioapic_set_rte(all.vm.m.vm, PIN_OWN, KEV_RTE_LEVEL | VECTOR_OWN);
	irqfd_assign_resample(all.vm.m.vm, fd, PIN_SHARED, resamplefd);
	threads[0] = kev_thread_start(end_until_stopped, &all);
	threads[1] = kev_thread_start(mask_until_stopped, &all);
	threads[2] = kev_thread_start(join_until_stopped, &joiners[0]);
	threads[3] = kev_thread_start(join_until_stopped, &joiners[1]);
	while (run_goes_on(run)) {
		if (!resident_round(run, fd, resamplefd))
			run_fail(run, "a level that nobody answered");
		atomic_fetch_add(&run->rounds, 1);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		kev_thread_join(threads[i]);
	if (!atomic_load(&all.acks))
		run_fail(run, "no interrupt was taken");
	vm_account_all(run, &all.vm, atomic_load(&run->signals));
	vm_destroy(&all.vm);
	close(fd);
	close(resamplefd);
}

STRESS_SCENARIO("resample", stress_resample);
