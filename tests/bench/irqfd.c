// SPDX-License-Identifier: GPL-2.0
/*
 * Control of irqfds: assign and deassign with few and with many bound, and the
 * close of a VM that has many.
 *
 * "assign" at N is the mean of N assigns that begin with none bound, oldest
 * first for deassign; "assign-at" is the cost of more with N bound already.
 */
#include <unistd.h>

#include "bench.h"

#define NR_MAX		4000
#define NR_EXTRA	64	/* assigned beyond N for the figure at N */
#define NR_OPS		6000	/* per figure, at least */

static const unsigned int sizes[] = { 10, 64, 256, 1024, 2048, 4000 };

struct batch {
	const struct vm *vm;
	const int *fds;
	__u32 first;
	__u32 flags;
};

static void op_irqfd(void *arg, unsigned int i)
{
	const struct batch *b = arg;

	irqfd_set(b->vm, b->fds[b->first + i], b->first + i, b->flags);
}

static double run_batch(const char *op, struct batch *b, __u32 first,
			unsigned int nr, __u32 flags)
{
	b->first = first;
	b->flags = flags;
	return measure(op, b->vm->sys, op_irqfd, b, nr);
}

/* Figures for the irqfds from @first on, @nr at a time. */
static void assign_deassign(struct batch *b, const char *assign,
			    const char *deassign, unsigned int size,
			    __u32 first, unsigned int nr)
{
	unsigned int rounds = 1 + NR_OPS / nr;
	double in = 0, out = 0;
	unsigned int i;

	run_batch("", b, first, nr, 0);
	run_batch("", b, first, nr, KVM_IRQFD_FLAG_DEASSIGN);
	for (i = 0; i < rounds; i++) {
		in += run_batch(assign, b, first, nr, 0);
		out += run_batch(deassign, b, first, nr,
				 KVM_IRQFD_FLAG_DEASSIGN);
	}
	report_cost(assign, size, b->vm->sys->id, in / rounds);
	report_cost(deassign, size, b->vm->sys->id, out / rounds);
}

static void irqfd_size(const struct sys *sys, const int *fds, unsigned int nr)
{
	struct vm vm;
	struct batch b = { .vm = &vm, .fds = fds };

	vm_create(&vm, sys, 1);
	vm_routes(&vm, NR_MAX + NR_EXTRA);
	/* Later ones get the memory of former ones. */
	report_cost("irqfd-assign-first", nr, sys->id,
		    run_batch("irqfd-assign-first", &b, 0, nr, 0));
	run_batch("", &b, 0, nr, KVM_IRQFD_FLAG_DEASSIGN);
	assign_deassign(&b, "irqfd-assign", "irqfd-deassign", nr, 0, nr);
	run_batch("", &b, 0, nr, 0);
	assign_deassign(&b, "irqfd-assign-at", "irqfd-deassign-at", nr, nr,
			NR_EXTRA);
	vm_close(&vm);
}

void bench_irqfd(const struct sys *sys)
{
	int *fds = eventfds_create(NR_MAX + NR_EXTRA);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (size_wanted(sizes[i]))
			irqfd_size(sys, fds, sizes[i]);
	eventfds_close(fds, NR_MAX + NR_EXTRA);
}

static void op_close(void *arg, unsigned int i)
{
	const int *fd = arg;

	(void)i;
	must(!close(*fd), "close");
}

static double close_once(const struct sys *sys, const int *fds,
			 unsigned int nr)
{
	struct vm vm;
	struct batch b = { .vm = &vm, .fds = fds };

	vm_create(&vm, sys, 1);
	vm_routes(&vm, NR_MAX);
	run_batch("", &b, 0, nr, 0);
	must(!close(vm.vcpu[0]), "close");
	return measure("vm-close", sys, op_close, &vm.fd, 1);
}

/* Grace periods end on a tick: a mean over several closes is steadier. */
static void close_size(const struct sys *sys, const int *fds, unsigned int nr)
{
	unsigned int rounds = nr > 1024 ? 3 : nr > 64 ? 10 : 40;
	double sum = 0;
	unsigned int i;

	close_once(sys, fds, nr);
	for (i = 0; i < rounds; i++)
		sum += close_once(sys, fds, nr);
	report_cost("vm-close", nr, sys->id, sum / rounds);
}

void bench_close(const struct sys *sys)
{
	int *fds = eventfds_create(NR_MAX);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (size_wanted(sizes[i]))
			close_size(sys, fds, sizes[i]);
	eventfds_close(fds, NR_MAX);
}
