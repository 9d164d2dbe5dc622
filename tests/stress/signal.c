// SPDX-License-Identifier: GPL-2.0
/* Signals against assign, deassign and routing. */
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

/* Batches end many at once: as many pairs for one wait that shows nothing. */
#define NR_BATCH	64

struct crowd {
	struct run *run;
	int fds[NR_BATCH];
};

static void *signal_crowd(void *arg)
{
	struct crowd *crowd = arg;
	unsigned int i;

	while (run_goes_on(crowd->run)) {
		for (i = 0; i < NR_BATCH; i++)
			kev_signal(crowd->fds[i]);
		atomic_fetch_add(&crowd->run->signals, NR_BATCH);
	}
	return NULL;
}

static void deassign_round(struct run *run, const struct vm *vm,
			   const struct crowd *crowd, unsigned long round)
{
	unsigned int nr = round % 4 ? NR_BATCH : 1;

	if (nr == 1)
		irqfd_assign(vm->m.vm, crowd->fds[0], GSI);
	else
		irqfd_batch(vm->m.vm, crowd->fds, nr, 0);
	sched_yield();
	if (nr == 1)
		irqfd_deassign(vm->m.vm, crowd->fds[0], GSI);
	else
		irqfd_batch(vm->m.vm, crowd->fds, nr, KVM_IRQFD_FLAG_DEASSIGN);
	if (!is_silent(vm->m.vcpu[0], VECTOR_A))
		run_fail(run, "a signal after deassign");
	atomic_fetch_add(&run->pairs, nr);
	atomic_fetch_add(&run->rounds, 1);
}

static void stress_deassign(struct run *run)
{
	struct crowd crowd = { .run = run };
	pthread_t thread;
	unsigned long i;
	struct vm vm;

	for (i = 0; i < NR_BATCH; i++)
		crowd.fds[i] = meter_create();
	vm_create(&vm);
	set_msi_route(vm.m.vm, GSI, 0, VECTOR_A);
	thread = kev_thread_start(signal_crowd, &crowd);
	for (i = 0; run_goes_on(run); i++)
		deassign_round(run, &vm, &crowd, i);
	kev_thread_join(thread);
	meter_account(run, &vm, crowd.fds, NR_BATCH,
		      atomic_load(&run->signals));
	vm_destroy(&vm);
	for (i = 0; i < NR_BATCH; i++)
		close(crowd.fds[i]);
}

STRESS_WEIGHTED("deassign", stress_deassign, 6);

static void reroute(int vm, unsigned long round, int vector)
{
	if (round & 2)
		update_msi_route(vm, 0, vector);
	else
		set_msi_route(vm, GSI, 0, vector);
}

static void stress_reroute(struct run *run)
{
	static const int vectors[] = { VECTOR_A, VECTOR_B };
	struct signaller signaller = { .run = run, .fd = kev_eventfd(0) };
	unsigned long i;
	pthread_t thread;
	struct vm vm;

	vm_create(&vm);
	set_msi_route(vm.m.vm, GSI, 0, VECTOR_A);
	irqfd_assign(vm.m.vm, signaller.fd, GSI);
	thread = kev_thread_start(signal_until_stopped, &signaller);
	for (i = 1; run_goes_on(run); i++) {
		reroute(vm.m.vm, i, vectors[i & 1]);
		if (!is_silent(vm.m.vcpu[0], vectors[!(i & 1)]))
			run_fail(run, "an interrupt by an old route");
		atomic_fetch_add(&run->rounds, 1);
	}
	kev_thread_join(thread);
	vm_account_all(run, &vm, atomic_load(&run->signals));
	vm_destroy(&vm);
	close(signaller.fd);
}

STRESS_SCENARIO("reroute", stress_reroute);

/* Two threads set the same route: what each is promised holds for it. */
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
	reroute(pair->vm->m.vm, round, vectors[round & 1]);
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
	pthread_t second = kev_thread_start(pair_second, pair);
	unsigned long i;

	for (i = 1; ; i++) {
		pair->over = !run_goes_on(pair->run);
		pthread_barrier_wait(&pair->barrier);
		if (pair->over)
			break;
		pair_round(pair, i);
		atomic_fetch_add(&pair->run->rounds, 1);
	}
	kev_thread_join(second);
}

static void stress_reroute_pair(struct run *run)
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
	thread = kev_thread_start(signal_until_stopped, &signaller);
	pair_loop(&pair);
	kev_thread_join(thread);
	vm_account_all(run, &vm, atomic_load(&run->signals));
	vm_destroy(&vm);
	close(signaller.fd);
}

STRESS_SCENARIO("reroute-pair", stress_reroute_pair);

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

static void stress_torn(struct run *run)
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
	threads[0] = kev_thread_start(signal_until_stopped, &signaller);
	threads[1] = kev_thread_start(lines_until_stopped, &on_vm);
	threads[2] = kev_thread_start(update_until_stopped, &on_vm);
	while (run_goes_on(run)) {
		if (vcpu_drain(vm.m.vcpu[0], VECTOR_B) ||
		    vcpu_drain(vm.m.vcpu[1], VECTOR_A))
			run_fail(run, "half of one route, half of another");
	}
	for (i = 0; i < 3; i++)
		kev_thread_join(threads[i]);
	vm_account_all(run, &vm, atomic_load(&run->signals));
	vm_destroy(&vm);
	close(signaller.fd);
}

STRESS_SCENARIO("torn", stress_torn);
