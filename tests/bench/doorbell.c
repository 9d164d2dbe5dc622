// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells: a guest's write that an ioeventfd takes, with N of them
 * registered.  On kvm.ko guest code makes the write and the exit is part of the
 * cost; here it is a pwrite() on the vCPU fd.
 *
 * The writes go over all N in a stride, so that a lookup whose depth depends on
 * the address is seen at its mean.
 */
#include <unistd.h>

#include "bench.h"
#include "doorbell.h"

#define NR_WRITES	10000
#define STRIDE		7919	/* prime */

static const unsigned int sizes[] = { 1, 64, 900, 4096, 16384, NR_DOORBELLS };

const char *const doorbell_ops[NR_DOORBELL_KINDS] = {
	[DOORBELL_MMIO] = "doorbell-mmio",
	[DOORBELL_PIO] = "doorbell-pio",
	[DOORBELL_FAST] = "doorbell-fast-mmio",
	[DOORBELL_DATAMATCH] = "doorbell-datamatch",
};

static __u64 doorbell_addr(const struct doorbells *d, unsigned int i)
{
	switch (d->kind) {
	case DOORBELL_PIO:
		return 0x1000 + 4 * i;
	case DOORBELL_DATAMATCH:
		return DOORBELL_MMIO_BASE;
	default:
		return DOORBELL_MMIO_BASE + 8ULL * i;
	}
}

/* The widest range of ports that a kind can use, else what the VM can. */
static unsigned int doorbell_max(const struct sys *sys,
				 enum doorbell_kind kind)
{
	if (sys->id == SYS_KVM || kind == DOORBELL_PIO)
		return 900;
	return NR_DOORBELLS;
}

void doorbells_register(struct doorbells *d)
{
	struct kvm_ioeventfd args = {};
	unsigned int i;

	args.len = d->kind == DOORBELL_FAST ? 0 : 4;
	if (d->kind == DOORBELL_PIO)
		args.flags |= KVM_IOEVENTFD_FLAG_PIO;
	if (d->kind == DOORBELL_DATAMATCH)
		args.flags |= KVM_IOEVENTFD_FLAG_DATAMATCH;
	for (i = 0; i < d->nr; i++) {
		args.addr = doorbell_addr(d, i);
		args.datamatch = d->kind == DOORBELL_DATAMATCH ? i : 0;
		args.fd = d->fds[i];
		xioctl(d->vm->fd, KVM_IOEVENTFD, &args, "KVM_IOEVENTFD");
	}
}

/* Where on the vCPU fd doorbell @i is. */
__u64 doorbell_offset(const struct doorbells *d, unsigned int i)
{
	__u64 space = d->kind == DOORBELL_PIO ? KVM_EVENTFD_OFF_PIO :
						KVM_EVENTFD_OFF_MMIO;

	return space + doorbell_addr(d, i);
}

static void op_pwrite(void *arg, unsigned int i)
{
	struct doorbells *d = arg;
	unsigned int n = i * STRIDE % d->nr;
	__u32 value = n;
	ssize_t len = d->kind == DOORBELL_FAST ? 0 : sizeof(value);

	must(pwrite(d->vm->vcpu[0], &value, len, doorbell_offset(d, n)) == len,
	     "pwrite");
}

/* The arithmetic of op_pwrite(), to be taken off. */
static void op_stride(void *arg, unsigned int i)
{
	struct doorbells *d = arg;
	__u64 offset = doorbell_offset(d, i * STRIDE % d->nr);

	__asm__ volatile ("" : : "r" (offset) : "memory");
}

static double ours_cost(struct doorbells *d)
{
	const struct sys *sys = d->vm->sys;

	return measure_warm(doorbell_ops[d->kind], sys, op_pwrite, d,
			    NR_WRITES) -
	       measure("", sys, op_stride, d, NR_WRITES);
}

static double kvm_cost(const struct doorbells *d)
{
	enum guest_op op = d->kind == DOORBELL_PIO ? GUEST_PIO : GUEST_MMIO;
	unsigned int middle = d->nr / 2;

	return guest_cost(d->vm, op, doorbell_addr(d, middle), middle);
}

static void doorbell_size(struct doorbells *d, const struct sys *sys)
{
	struct vm vm;

	vm_create(&vm, sys, 1);
	d->vm = &vm;
	doorbells_register(d);
	report_cost(doorbell_ops[d->kind], d->nr, sys->id,
		    sys->id == SYS_KVM ? kvm_cost(d) : ours_cost(d));
	vm_close(&vm);
}

static void doorbell_kind(struct doorbells *d, const struct sys *sys)
{
	unsigned int max = doorbell_max(sys, d->kind);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= max; i++) {
		d->nr = sizes[i];
		if (size_wanted(sizes[i]))
			doorbell_size(d, sys);
	}
}

void bench_doorbell(const struct sys *sys)
{
	unsigned int max = doorbell_max(sys, DOORBELL_MMIO);
	struct doorbells d = { .fds = eventfds_create(max) };
	int kind;

	for (kind = 0; kind < NR_DOORBELL_KINDS; kind++) {
		d.kind = kind;
		doorbell_kind(&d, sys);
	}
	eventfds_close(d.fds, max);
}
