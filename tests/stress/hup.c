// SPDX-License-Identifier: GPL-2.0
/* The close of an eventfd against what else happens to its irqfd. */
#include <unistd.h>

#include "stress.h"

/* Against the close of the VM, and against deassign */

struct hup {
	struct run *run;
	pthread_barrier_t barrier;
	int fd;
	unsigned int delay_us;
	bool over;
};

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

static void stress_hup(struct run *run)
{
	struct hup hup = { .run = run };
	pthread_t thread;
	unsigned long i;

	pthread_barrier_init(&hup.barrier, NULL, 2);
	thread = kev_thread_start(close_until_stopped, &hup);
	for (i = 0; run_goes_on(run); i++) {
		hup_round(&hup, i);
		atomic_fetch_add(&run->rounds, 1);
		atomic_fetch_add(&run->pairs, 1);
		atomic_fetch_add(&run->signals, 1);
	}
	hup.over = true;
	pthread_barrier_wait(&hup.barrier);
	kev_thread_join(thread);
}

STRESS_SCENARIO("hup", stress_hup);

/* Against assign */

struct assign_hup {
	struct run *run;
	struct vm vm;
	int fd;
	bool bound;
	uint64_t written;
};

static void hup_assign(void *arg)
{
	struct assign_hup *hup = arg;
	int ret = __irqfd(hup->vm.m.vm, hup->fd, GSI, 0, 0);

	hup->bound = !ret;
	if (ret && errno != EBADF)
		run_fail(hup->run, "assign failed");
}

static void hup_close(void *arg)
{
	struct assign_hup *hup = arg;

	close(hup->fd);
}

static void hup_signal(void *arg)
{
	struct assign_hup *hup = arg;
	uint64_t one = 1;

	if (write(hup->fd, &one, sizeof(one)) == sizeof(one))
		hup->written++;
	else if (errno != EBADF)
		run_fail(hup->run, "a signal failed");
}

/*
 * Whoever comes first, the irqfd goes with the last reference to the file.  Of
 * an event nobody can say here whether it came before the assign, which may also
 * see one that a wakeup is about to take.
 */
static void stress_assign_hup(struct run *run)
{
	static const struct job jobs[] = {
		{ hup_assign },
		{ hup_close },
		{ hup_signal },
	};
	struct assign_hup hup = { .run = run };
	struct team team;

	vm_create(&hup.vm);
	set_msi_route(hup.vm.m.vm, GSI, 0, VECTOR_A);
	team_start(&team, jobs, ARRAY_SIZE(jobs), &hup);
	while (run_goes_on(run)) {
		hup.fd = kev_eventfd(0);
		team_round(&team);
		vm_await_no_irqfds(run, &hup.vm);
		atomic_fetch_add(&run->pairs, hup.bound);
		atomic_fetch_add(&run->rounds, 1);
	}
	team_end(&team);
	if (vm_figure(&hup.vm, "irqfd_signalled") >
	    hup.written + atomic_load(&run->pairs))
		run_fail(run, "more signals than events");
	vm_account(run, &hup.vm);
	atomic_fetch_add(&run->signals, hup.written);
	vm_destroy(&hup.vm);
}

STRESS_SCENARIO("assign-hup", stress_assign_hup);
