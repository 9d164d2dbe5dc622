// SPDX-License-Identifier: GPL-2.0
/*
 * A VM of GSI lines: two CPUs that take and end lines, against irqfds with a
 * resamplefd that come and go, and against a change of the trigger.
 */
#include <sched.h>
#include <unistd.h>

#include "stress.h"

#define LINE_SHARED	7
#define LINE_OWN	8
#define LINE_TRIGGER	9

struct lines {
	struct run *run;
	struct vm vm;
	atomic_ulong ended;
};

struct line_cpu {
	struct lines *all;
	int vcpu;
};

/* Whoever took a line ends it, so that EOI has one to end. */
static void *end_until_stopped(void *arg)
{
	struct kvm_eventfd_interrupt intr;
	struct line_cpu *cpu = arg;
	struct lines *all = cpu->all;

	while (run_goes_on(all->run)) {
		if (__ack_interrupt(cpu->vcpu, &intr)) {
			sched_yield();
			continue;
		}
		if (__kev_ioctl(cpu->vcpu, KVM_EVENTFD_EOI, &intr))
			run_fail(all->run, "a line that cannot be ended");
		atomic_fetch_add(&all->ended, 1);
	}
	return NULL;
}

static void set_trigger(int vm, uint64_t trigger)
{
	struct kvm_enable_cap arg = {
		.cap = KVM_EVENTFD_CAP_LINES,
		.args = { LINE_TRIGGER, 1, trigger },
	};

	kev_ioctl(vm, KVM_ENABLE_CAP, &arg);
}

static void *change_until_stopped(void *arg)
{
	struct lines *all = arg;
	unsigned int i;

	for (i = 0; run_goes_on(all->run); i++) {
		set_trigger(all->vm.m.vm, i & 1);
		irq_line(all->vm.m.vm, LINE_TRIGGER, 1);
		irq_line(all->vm.m.vm, LINE_TRIGGER, 0);
		usleep(20);
	}
	return NULL;
}

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

static void lines_create(struct vm *vm)
{
	int node = kev_open();
	unsigned int i;

	vm->m.vm = kev_ioctl_val(node, KVM_CREATE_VM, KVM_EVENTFD_VM_LINES);
	close(node);
	vm->m.nr_vcpus = 2;
	for (i = 0; i < 2; i++)
		vm->m.vcpu[i] = create_vcpu(vm->m.vm, i);
	vm->stats = kev_ioctl_val(vm->m.vm, KVM_GET_STATS_FD, 0);
}

static void lines_run(struct lines *all)
{
	struct joiner joiners[2] = {
		{ all->run, &all->vm, LINE_SHARED },
		{ all->run, &all->vm, LINE_OWN },
	};
	struct line_cpu cpus[2] = {
		{ all, all->vm.m.vcpu[0] }, { all, all->vm.m.vcpu[1] },
	};
	int resamplefd = kev_eventfd(0);
	int fd = kev_eventfd(0);
	pthread_t threads[5];
	unsigned int i;

	irqfd_assign_resample(all->vm.m.vm, fd, LINE_SHARED, resamplefd);
	for (i = 0; i < 2; i++) {
		threads[i] = kev_thread_start(join_until_stopped, &joiners[i]);
		threads[i + 2] = kev_thread_start(end_until_stopped, &cpus[i]);
	}
	threads[4] = kev_thread_start(change_until_stopped, all);
	while (run_goes_on(all->run)) {
		if (!resident_round(all->run, fd, resamplefd))
			run_fail(all->run, "a line that nobody answered");
		atomic_fetch_add(&all->run->rounds, 1);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		kev_thread_join(threads[i]);
	if (!atomic_load(&all->ended))
		run_fail(all->run, "no line was taken");
	vm_account_all(all->run, &all->vm, atomic_load(&all->run->signals));
	close(fd);
	close(resamplefd);
}

static void stress_lines(struct run *run)
{
	struct lines all = { .run = run };

	if (kev_check_extension(KVM_EVENTFD_CAP_LINES) <= 0) {
		run_skip(run, "no VMs of lines");
		return;
	}
	lines_create(&all.vm);
	if (kev_ioctl_val(all.vm.m.vm, KVM_CHECK_EXTENSION,
			  KVM_CAP_IRQFD_RESAMPLE) <= 0)
		run_skip(run, "no acks in this build");
	else
		lines_run(&all);
	vm_destroy(&all.vm);
}

STRESS_SCENARIO("lines", stress_lines);
