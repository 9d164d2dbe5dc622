// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that kvm.ko lacks: many irqfds or ioeventfds in one call.  Figures are
 * per entry, for a batch of N that begins with none there.
 */
#include <linux/kvm_eventfd.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "bench.h"

#define NR_IRQFDS	4000
#define NR_IOEVENTFDS	65536
#define NR_ENTRIES	4000	/* per figure, at least */
#define MMIO_BASE	0x100000000ULL

static const unsigned int irqfd_sizes[] = { 64, 1024, NR_IRQFDS };
static const unsigned int ioeventfd_sizes[] = { 64, 900, NR_IOEVENTFDS };

/**
 * struct batch_call - One call
 * @vm:		On which.
 * @cmd:	KVM_EVENTFD_IRQFDS or KVM_EVENTFD_IOEVENTFDS.
 * @args:	Its argument.
 */
struct batch_call {
	const struct vm *vm;
	unsigned long cmd;
	struct kvm_eventfd_batch args;
};

static void op_batch(void *arg, unsigned int i)
{
	struct batch_call *call = arg;
	int done = ioctl(call->vm->fd, call->cmd, &call->args);

	(void)i;
	must(done >= 0 && (__u32)done == call->args.nr, "batch");
}

static double call_cost(struct batch_call *call, const char *op, void *entries)
{
	call->args.entries = (unsigned long)entries;
	return measure(op, call->vm->sys, op_batch, call, 1) / call->args.nr;
}

/* @in assigns what @out deassigns. */
static void batch_rounds(struct batch_call *call, void *in, void *out,
			 const char *assign, const char *deassign)
{
	unsigned int rounds = 8 + NR_ENTRIES / call->args.nr;
	enum sys_id id = call->vm->sys->id;
	unsigned int nr = call->args.nr;

	call_cost(call, "", in);
	call_cost(call, "", out);
	while (rounds--) {
		settle();
		report_cost(assign, nr, id, call_cost(call, assign, in));
		report_cost(deassign, nr, id, call_cost(call, deassign, out));
	}
}

static struct kvm_irqfd *irqfd_entries(const int *fds, unsigned int nr,
				       __u32 flags)
{
	struct kvm_irqfd *entries = xcalloc(nr, sizeof(*entries));
	unsigned int i;

	for (i = 0; i < nr; i++) {
		entries[i].fd = fds[i];
		entries[i].gsi = i;
		entries[i].flags = flags;
	}
	return entries;
}

static struct kvm_ioeventfd *ioeventfd_entries(const int *fds, unsigned int nr,
					       __u32 flags)
{
	struct kvm_ioeventfd *entries = xcalloc(nr, sizeof(*entries));
	unsigned int i;

	for (i = 0; i < nr; i++) {
		entries[i].fd = fds[i];
		entries[i].addr = MMIO_BASE + 8ULL * i;
		entries[i].len = 4;
		entries[i].flags = flags;
	}
	return entries;
}

static void batch_irqfds(const struct sys *sys, const int *fds, unsigned int nr)
{
	struct kvm_irqfd *in = irqfd_entries(fds, nr, 0);
	struct kvm_irqfd *out = irqfd_entries(fds, nr, KVM_IRQFD_FLAG_DEASSIGN);
	struct batch_call call = { .cmd = KVM_EVENTFD_IRQFDS, .args.nr = nr };
	struct vm vm;

	vm_create(&vm, sys, 1);
	vm_routes(&vm, NR_IRQFDS);
	call.vm = &vm;
	batch_rounds(&call, in, out, "irqfd-assign-batch",
		     "irqfd-deassign-batch");
	vm_close(&vm);
	free(in);
	free(out);
}

static void batch_ioeventfds(const struct sys *sys, const int *fds,
			     unsigned int nr)
{
	struct kvm_ioeventfd *in, *out;
	struct batch_call call = { .cmd = KVM_EVENTFD_IOEVENTFDS, .args.nr = nr };
	struct vm vm;

	in = ioeventfd_entries(fds, nr, 0);
	out = ioeventfd_entries(fds, nr, KVM_IOEVENTFD_FLAG_DEASSIGN);
	vm_create(&vm, sys, 1);
	call.vm = &vm;
	batch_rounds(&call, in, out, "ioeventfd-assign-batch",
		     "ioeventfd-deassign-batch");
	vm_close(&vm);
	free(in);
	free(out);
}

void bench_batch(const struct sys *sys)
{
	unsigned int i;
	int *fds;

	if (!sys_has(sys, KVM_EVENTFD_CAP_BATCH))
		return;
	fds = eventfds_create(NR_IOEVENTFDS);
	for (i = 0; i < ARRAY_SIZE(irqfd_sizes); i++)
		if (size_wanted(irqfd_sizes[i]))
			batch_irqfds(sys, fds, irqfd_sizes[i]);
	for (i = 0; i < ARRAY_SIZE(ioeventfd_sizes); i++)
		if (size_wanted(ioeventfd_sizes[i]))
			batch_ioeventfds(sys, fds, ioeventfd_sizes[i]);
	eventfds_close(fds, NR_IOEVENTFDS);
}
