// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads on two CPUs against one: signals on different irqfds with
 * different target CPUs, and doorbells on different ioeventfds.  Where neither
 * path writes a cache line that both use, two threads do twice the work; plain
 * eventfds say what the machine gives at best.
 *
 * Time is wall-clock time here, on a machine that may do other things: one
 * thread and two take turns in short rounds, and the best round of each counts:
 * the one that nothing disturbed.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/kvm_eventfd.h>

#include "bench.h"

#define NR_THREADS	2
#define NR_ROUNDS	50
#define ROUND_NS	40000000ULL
#define CHUNK		64
#define MMIO_BASE	0x10000000ULL

enum work {
	WORK_EVENTFD,
	WORK_IRQFD,
	WORK_DOORBELL,
};

/**
 * struct worker - One thread's own objects
 */
struct worker {
	const struct vm *vm;
	enum work work;
	unsigned int cpu;
	int eventfd;
	pthread_barrier_t *start;
	unsigned long done;
} __attribute__((aligned(128)));

static void work_once(const struct worker *w)
{
	static const __u64 one = 1;
	const __u32 value = 0;

	if (w->work == WORK_DOORBELL)
		must(pwrite(w->vm->vcpu[w->cpu], &value, sizeof(value),
			    KVM_EVENTFD_OFF_MMIO + MMIO_BASE + 8 * w->cpu) ==
		     sizeof(value), "pwrite");
	else
		must(write(w->eventfd, &one, sizeof(one)) == sizeof(one),
		     "write");
}

static void *worker_thread(void *arg)
{
	struct worker *w = arg;
	cpu_set_t set;
	__u64 end;
	int i;

	CPU_ZERO(&set);
	CPU_SET(w->cpu, &set);
	must(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
	w->done = 0;
	pthread_barrier_wait(w->start);
	end = clock_now() + ROUND_NS;
	while (clock_now() < end) {
		for (i = 0; i < CHUNK; i++)
			work_once(w);
		w->done += CHUNK;
	}
	return NULL;
}

/* Operations per second of @nr threads together. */
static double round_rate(struct worker *workers, unsigned int nr)
{
	pthread_t thread[NR_THREADS];
	pthread_barrier_t start;
	double sum = 0;
	unsigned int i;

	must(!pthread_barrier_init(&start, NULL, nr), "pthread_barrier_init");
	for (i = 0; i < nr; i++) {
		workers[i].start = &start;
		must(!pthread_create(&thread[i], NULL, worker_thread,
				     &workers[i]), "pthread_create");
	}
	for (i = 0; i < nr; i++) {
		must(!pthread_join(thread[i], NULL), "pthread_join");
		sum += workers[i].done;
	}
	pthread_barrier_destroy(&start);
	return sum / (ROUND_NS / 1e9);
}

static double better(double a, double b)
{
	return a > b ? a : b;
}

static void scaling_of(struct worker *workers, const char *op, enum work work)
{
	enum sys_id id = workers[0].vm->sys->id;
	double one = 0, two = 0;
	unsigned int i;

	for (i = 0; i < NR_THREADS; i++)
		workers[i].work = work;
	round_rate(workers, NR_THREADS);
	for (i = 0; i < NR_ROUNDS; i++) {
		one = better(one, round_rate(workers, 1));
		two = better(two, round_rate(workers, NR_THREADS));
	}
	report_cost(op, 1, id, one);
	report_cost(op, 2, id, two);
}

static struct worker *workers_create(void)
{
	struct worker *workers;

	workers = aligned_alloc(128, NR_THREADS * sizeof(*workers));
	must(workers, "aligned_alloc");
	return workers;
}

static void workers_irqfds(struct worker *workers, const struct vm *vm)
{
	struct kvm_irq_routing *table = msi_routes(NR_THREADS);
	unsigned int i;

	for (i = 0; i < NR_THREADS; i++)
		msi_route(&table->entries[i], i, i, 0x40);
	xioctl(vm->fd, KVM_SET_GSI_ROUTING, table, "KVM_SET_GSI_ROUTING");
	free(table);
	for (i = 0; i < NR_THREADS; i++)
		irqfd_set(vm, workers[i].eventfd, i, 0);
}

/* Make doorbells of the eventfds that were irqfds, else both are measured. */
static void workers_doorbells(struct worker *workers, const struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < NR_THREADS; i++) {
		irqfd_set(vm, workers[i].eventfd, i, KVM_IRQFD_FLAG_DEASSIGN);
		ioeventfd_set(vm, workers[i].eventfd, MMIO_BASE + 8 * i, 4, 0);
	}
}

void bench_scaling(const struct sys *sys)
{
	struct worker *workers = workers_create();
	struct vm vm;
	unsigned int i;

	vm_create(&vm, sys, NR_THREADS);
	for (i = 0; i < NR_THREADS; i++)
		workers[i] = (struct worker) {
			.vm = &vm, .cpu = i, .eventfd = eventfd(0, EFD_NONBLOCK),
		};
	scaling_of(workers, "scale-eventfd", WORK_EVENTFD);
	workers_irqfds(workers, &vm);
	scaling_of(workers, "scale-irqfd", WORK_IRQFD);
	workers_doorbells(workers, &vm);
	if (sys->id == SYS_OURS)
		scaling_of(workers, "scale-doorbell", WORK_DOORBELL);
	for (i = 0; i < NR_THREADS; i++)
		close(workers[i].eventfd);
	vm_close(&vm);
	free(workers);
}
