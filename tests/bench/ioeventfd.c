// SPDX-License-Identifier: GPL-2.0
/*
 * Control of ioeventfds: assign and deassign with few and with many
 * registered, with a length and of length 0 (which goes on two buses).
 *
 * The figures at N are made as those of irqfd.c.
 */
#include <unistd.h>

#include "bench.h"

#define NR_EXTRA	64
#define NR_OPS		1000	/* per figure and VM, at least */
#define NR_MAX_KVM	900	/* kvm.ko copies its bus each time: minutes beyond */
#define NR_MAX		65536
#define MMIO_BASE	0x100000000ULL

static const unsigned int sizes[] = {
	10, 64, 256, 900, 4096, 16384, NR_MAX
};

struct batch {
	const struct vm *vm;
	const int *fds;
	__u32 first;
	__u32 flags;
	__u32 len;
};

static void op_ioeventfd(void *arg, unsigned int i)
{
	const struct batch *b = arg;
	unsigned int nr = b->first + i;

	ioeventfd_set(b->vm, b->fds[nr], MMIO_BASE + 8ULL * nr, b->len,
		      b->flags);
}

static double run_batch(const char *op, struct batch *b, __u32 first,
			unsigned int nr, __u32 flags)
{
	b->first = first;
	b->flags = flags;
	return measure(op, b->vm->sys, op_ioeventfd, b, nr);
}

static void assign_deassign(struct batch *b, const char *assign,
			    const char *deassign, unsigned int size,
			    __u32 first, unsigned int nr)
{
	/* What was deassigned is freed now and then: a mean over several rounds. */
	unsigned int rounds = 4 + NR_OPS / nr;
	double in = 0, out = 0;
	unsigned int i;

	settle();
	run_batch("", b, first, NR_EXTRA, 0);
	run_batch("", b, first, NR_EXTRA, KVM_IOEVENTFD_FLAG_DEASSIGN);
	for (i = 0; i < rounds; i++) {
		in += run_batch(assign, b, first, nr, 0);
		out += run_batch(deassign, b, first, nr,
				 KVM_IOEVENTFD_FLAG_DEASSIGN);
	}
	report_cost(assign, size, b->vm->sys->id, in / rounds);
	report_cost(deassign, size, b->vm->sys->id, out / rounds);
}

static void with_length(struct batch *b, unsigned int nr)
{
	b->len = 4;
	assign_deassign(b, "ioeventfd-assign", "ioeventfd-deassign", nr, 0,
			nr);
	run_batch("", b, 0, nr, 0);
	assign_deassign(b, "ioeventfd-assign-at", "ioeventfd-deassign-at", nr,
			nr, NR_EXTRA);
	run_batch("", b, 0, nr, KVM_IOEVENTFD_FLAG_DEASSIGN);
}

static void without_length(struct batch *b, unsigned int nr)
{
	b->len = 0;
	assign_deassign(b, "ioeventfd-assign-0", "ioeventfd-deassign-0", nr, 0,
			nr);
}

static void op_close(void *arg, unsigned int i)
{
	const int *fd = arg;

	(void)i;
	must(!close(*fd), "close");
}

/* Close a VM that has @nr of them. */
static void close_with(struct batch *b, struct vm *vm, unsigned int nr)
{
	b->len = 4;
	run_batch("", b, 0, nr, 0);
	must(!close(vm->vcpu[0]), "close");
	/* It sleeps, and what those deassigned before left would run then. */
	settle();
	report_cost("vm-close-io", nr, vm->sys->id,
		    measure("vm-close-io", vm->sys, op_close, &vm->fd, 1));
}

static void ioeventfd_size(const struct sys *sys, const int *fds,
			   unsigned int nr)
{
	struct vm vm;
	struct batch b = { .vm = &vm, .fds = fds };

	vm_create(&vm, sys, 1);
	with_length(&b, nr);
	without_length(&b, nr);
	close_with(&b, &vm, nr);
}

void bench_ioeventfd(const struct sys *sys)
{
	unsigned int max = sys->id == SYS_KVM ? NR_MAX_KVM : NR_MAX;
	int *fds = eventfds_create(max + NR_EXTRA);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= max; i++)
		if (size_wanted(sizes[i]))
			ioeventfd_size(sys, fds, sizes[i]);
	eventfds_close(fds, max + NR_EXTRA);
}
