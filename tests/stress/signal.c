// SPDX-License-Identifier: GPL-2.0
/* Signals against assign, deassign, routing and acks. */
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "stress.h"

/* Nothing of @vector may come to @vcpu from now on. */
static bool is_silent(int vcpu, int vector)
{
	uint64_t end;

	vcpu_drain(vcpu, vector);
	end = now_us() + WATCH_US;
	do {
		if (vcpu_drain(vcpu, vector))
			return false;
	} while (now_us() < end);
	return true;
}

void stress_deassign(struct run *run)
{
	struct signaller signaller = { .run = run, .fd = kev_eventfd(0) };
	pthread_t thread;
	struct vm vm;

	vm_create(&vm);
	set_msi_route(vm.m.vm, GSI, 0, VECTOR_A);
	thread = start(signal_until_stopped, &signaller);
	while (run_goes_on(run)) {
		irqfd_assign(vm.m.vm, signaller.fd, GSI);
		sched_yield();
		irqfd_deassign(vm.m.vm, signaller.fd, GSI);
		if (!is_silent(vm.m.vcpu[0], VECTOR_A))
			run_fail(run, "a signal after deassign");
		atomic_fetch_add(&run->rounds, 1);
	}
	join(thread);
	vm_account(run, &vm);
	vm_destroy(&vm);
	close(signaller.fd);
}

static void reroute(int vm, unsigned long round, int vector)
{
	if (round & 2)
		update_msi_route(vm, 0, vector);
	else
		set_msi_route(vm, GSI, 0, vector);
}

void stress_reroute(struct run *run)
{
	static const int vectors[] = { VECTOR_A, VECTOR_B };
	struct signaller signaller = { .run = run, .fd = kev_eventfd(0) };
	unsigned long i;
	pthread_t thread;
	struct vm vm;

	vm_create(&vm);
	set_msi_route(vm.m.vm, GSI, 0, VECTOR_A);
	irqfd_assign(vm.m.vm, signaller.fd, GSI);
	thread = start(signal_until_stopped, &signaller);
	for (i = 1; run_goes_on(run); i++) {
		reroute(vm.m.vm, i, vectors[i & 1]);
		if (!is_silent(vm.m.vcpu[0], vectors[!(i & 1)]))
			run_fail(run, "an interrupt by an old route");
		atomic_fetch_add(&run->rounds, 1);
	}
	join(thread);
	if (vm_figure(&vm, "irqfd_signalled") != atomic_load(&run->signals))
		run_fail(run, "signals are lost");
	vm_account(run, &vm);
	vm_destroy(&vm);
	close(signaller.fd);
}

/* Two threads set the same table: what each is promised holds for it. */
struct pair {
	struct run *run;
	struct vm *vm;
	pthread_mutex_t lock;
	pthread_barrier_t barrier;
	bool over;
};

static void pair_round(struct pair *pair, unsigned long round)
{
	static const int vectors[] = { VECTOR_A, VECTOR_B };
	bool silent;

	pthread_barrier_wait(&pair->barrier);
	set_msi_route(pair->vm->m.vm, GSI, 0, vectors[round & 1]);
	pthread_mutex_lock(&pair->lock);
	silent = is_silent(pair->vm->m.vcpu[0], vectors[!(round & 1)]);
	pthread_mutex_unlock(&pair->lock);
	if (!silent)
		run_fail(pair->run, "an interrupt by an old route");
	pthread_barrier_wait(&pair->barrier);
}

static void *pair_second(void *arg)
{
	struct pair *pair = arg;
	unsigned long i;

	for (i = 1; ; i++) {
		pthread_barrier_wait(&pair->barrier);
		if (pair->over)
			return NULL;
		pair_round(pair, i);
	}
}

static void pair_loop(struct pair *pair)
{
	pthread_t second = start(pair_second, pair);
	unsigned long i;

	for (i = 1; ; i++) {
		pair->over = !run_goes_on(pair->run);
		pthread_barrier_wait(&pair->barrier);
		if (pair->over)
			break;
		pair_round(pair, i);
		atomic_fetch_add(&pair->run->rounds, 1);
	}
	join(second);
}

void stress_reroute_pair(struct run *run)
{
	struct signaller signaller = { .run = run, .fd = kev_eventfd(0) };
	pthread_t thread;
	struct pair pair;
	struct vm vm;

	pair = (struct pair){ .run = run, .vm = &vm };
	pthread_mutex_init(&pair.lock, NULL);
	pthread_barrier_init(&pair.barrier, NULL, 2);
	vm_create(&vm);
	set_msi_route(vm.m.vm, GSI, 0, VECTOR_A);
	irqfd_assign(vm.m.vm, signaller.fd, GSI);
	thread = start(signal_until_stopped, &signaller);
	pair_loop(&pair);
	join(thread);
	vm_account(run, &vm);
	vm_destroy(&vm);
	close(signaller.fd);
}

/* A route is one CPU with one vector, or the other with the other. */
static void *lines_until_stopped(void *arg)
{
	struct signaller *signaller = arg;

	while (run_goes_on(signaller->run))
		__irq_line(signaller->fd, GSI, 1);
	return NULL;
}

static void *update_until_stopped(void *arg)
{
	struct signaller *signaller = arg;

	while (run_goes_on(signaller->run)) {
		update_msi_route(signaller->fd, 1, VECTOR_B);
		update_msi_route(signaller->fd, 0, VECTOR_A);
		atomic_fetch_add(&signaller->run->rounds, 1);
	}
	return NULL;
}

void stress_torn(struct run *run)
{
	struct signaller signaller = { .run = run, .fd = kev_eventfd(0) };
	struct signaller on_vm = { .run = run };
	pthread_t threads[3];
	unsigned int i;
	struct vm vm;

	vm_create(&vm);
	on_vm.fd = vm.m.vm;
	set_msi_route(vm.m.vm, GSI, 0, VECTOR_A);
	irqfd_assign(vm.m.vm, signaller.fd, GSI);
	threads[0] = start(signal_until_stopped, &signaller);
	threads[1] = start(lines_until_stopped, &on_vm);
	threads[2] = start(update_until_stopped, &on_vm);
	while (run_goes_on(run)) {
		if (vcpu_drain(vm.m.vcpu[0], VECTOR_B) ||
		    vcpu_drain(vm.m.vcpu[1], VECTOR_A))
			run_fail(run, "half of one route, half of another");
	}
	for (i = 0; i < 3; i++)
		join(threads[i]);
	vm_account(run, &vm);
	vm_destroy(&vm);
	close(signaller.fd);
}

/* Each event is taken once, by one of two, and the poll tells of it. */
struct taker {
	struct run *run;
	int vcpu;
	bool polls;
	atomic_ulong *taken;
};

static void *take_until_stopped(void *arg)
{
	struct kvm_eventfd_interrupt intr;
	struct taker *taker = arg;

	while (run_goes_on(taker->run)) {
		struct pollfd pfd = { .fd = taker->vcpu, .events = POLLIN };

		if (taker->polls)
			poll(&pfd, 1, 20);
		else
			usleep(50);
		if (__ack_interrupt(taker->vcpu, &intr))
			continue;
		lapic_eoi(taker->vcpu);
		atomic_fetch_add(taker->taken, 1);
	}
	return NULL;
}

static bool ack_one(struct run *run, int fd, atomic_ulong *taken)
{
	unsigned long want = atomic_fetch_add(&run->signals, 1) + 1;
	uint64_t end = kev_now_ms() + KEV_TIMEOUT_MS;

	kev_signal(fd);
	while (atomic_load(taken) < want && run_goes_on(run)) {
		if (kev_now_ms() > end)
			return false;
		sched_yield();
	}
	return atomic_load(taken) <= want;
}

void stress_ack(struct run *run)
{
	atomic_ulong taken = 0;
	struct taker takers[2];
	pthread_t threads[2];
	unsigned int i;
	struct vm vm;
	int fd = kev_eventfd(0);

	vm_create(&vm);
	set_msi_route(vm.m.vm, GSI, 0, VECTOR_A);
	irqfd_assign(vm.m.vm, fd, GSI);
	for (i = 0; i < 2; i++) {
		takers[i] = (struct taker){ run, vm.m.vcpu[0], i, &taken };
		threads[i] = start(take_until_stopped, &takers[i]);
	}
	while (run_goes_on(run)) {
		if (!ack_one(run, fd, &taken))
			run_fail(run, "an event was lost or taken twice");
		atomic_fetch_add(&run->rounds, 1);
	}
	for (i = 0; i < 2; i++)
		join(threads[i]);
	vm_account(run, &vm);
	vm_destroy(&vm);
	close(fd);
}
