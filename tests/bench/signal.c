// SPDX-License-Identifier: GPL-2.0
/*
 * Signals in: a write to an eventfd with and without an irqfd, KVM_SIGNAL_MSI,
 * KVM_IRQ_LINE.
 */
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define NR_SIGNALS	20000
#define NR_VECTORS	0xc0
#define NR_ROUNDS	40
#define CHIP_PIN	5	/* routed to the PIC and the IOAPIC at creation */
#define UNROUTED	100

static const __u64 one = 1;

static void op_write(void *arg, unsigned int i)
{
	const int *fd = arg;

	(void)i;
	must(write(*fd, &one, sizeof(one)) == sizeof(one), "write");
}

static void op_write_each(void *arg, unsigned int i)
{
	const int *fds = arg;

	must(write(fds[i], &one, sizeof(one)) == sizeof(one), "write");
}

static void op_signal_msi(void *arg, unsigned int i)
{
	const struct vm *vm = arg;
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = 0x41 };

	(void)i;
	xioctl(vm->fd, KVM_SIGNAL_MSI, &msi, "KVM_SIGNAL_MSI");
}

static void irq_line(const struct vm *vm, unsigned int gsi,
		     unsigned int level)
{
	struct kvm_irq_level line = { .irq = gsi, .level = level };

	xioctl(vm->fd, KVM_IRQ_LINE, &line, "KVM_IRQ_LINE");
}

static void op_line_same(void *arg, unsigned int i)
{
	(void)i;
	irq_line(arg, CHIP_PIN, 1);
}

static void op_line_toggle(void *arg, unsigned int i)
{
	irq_line(arg, CHIP_PIN, i & 1);
}

static void op_line_unrouted(void *arg, unsigned int i)
{
	(void)i;
	irq_line(arg, UNROUTED, 1);
}

/* The same call of a file that has no ioctl: all but what KVM does. */
static void op_no_ioctl(void *arg, unsigned int i)
{
	struct kvm_irq_level line = { .irq = CHIP_PIN, .level = 1 };
	const int *fd = arg;

	(void)i;
	must(ioctl(*fd, KVM_IRQ_LINE, &line) < 0, "an eventfd took an ioctl");
}

/* What boot has left behind can only add: the least of three. */
static void floor_of(const char *op, op_fn fn, int *fd)
{
	double least = 0, cost;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		settle();
		cost = measure_warm(op, NULL, fn, fd, NR_SIGNALS);
		if (!i || cost < least)
			least = cost;
	}
	report_floor(op, least);
}

/* What no irqfd can be cheaper than: the eventfd alone, drained by nobody. */
void bench_floor(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	must(fd >= 0, "eventfd");
	floor_of("no-ioctl", op_no_ioctl, &fd);
	floor_of("eventfd-write", op_write, &fd);
	close(fd);
}

/* The same vector again: it stays pending, as under a burst. */
static void signal_irqfd(struct vm *vm)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	must(fd >= 0, "eventfd");
	irqfd_set(vm, fd, 0, 0);
	report_cost("irqfd-signal", 0, vm->sys->id,
		    measure_warm("irqfd-signal", vm->sys, op_write, &fd,
				 NR_SIGNALS));
	irqfd_set(vm, fd, 0, KVM_IRQFD_FLAG_DEASSIGN);
	close(fd);
}

/* A vector that is not pending yet, each time. */
static void signal_fresh(struct vm *vm)
{
	int *fds = eventfds_create(NR_VECTORS);
	double sum = 0;
	unsigned int i;

	for (i = 0; i < NR_VECTORS; i++)
		irqfd_set(vm, fds[i], i, 0);
	for (i = 0; i < NR_VECTORS; i++)
		op_write_each(fds, i);
	for (i = 0; i < NR_ROUNDS; i++) {
		vm_clear_lapic(vm);
		sum += measure("irqfd-signal-fresh", vm->sys, op_write_each,
			       fds, NR_VECTORS);
	}
	report_cost("irqfd-signal-fresh", 0, vm->sys->id, sum / NR_ROUNDS);
	eventfds_close(fds, NR_VECTORS);
}

static void signal_ioctls(struct vm *vm)
{
	const struct sys *sys = vm->sys;

	report_cost("irq-line", 0, sys->id,
		    measure_warm("irq-line", sys, op_line_same, vm,
				 NR_SIGNALS));
	report_cost("irq-line-toggle", 0, sys->id,
		    measure_warm("irq-line-toggle", sys, op_line_toggle, vm,
				 NR_SIGNALS));
	report_cost("irq-line-unrouted", 0, sys->id,
		    measure_warm("irq-line-unrouted", sys, op_line_unrouted, vm,
				 NR_SIGNALS));
	report_cost("signal-msi", 0, sys->id,
		    measure_warm("signal-msi", sys, op_signal_msi, vm,
				 NR_SIGNALS));
}

void bench_signal(const struct sys *sys)
{
	struct vm vm;

	vm_create(&vm, sys, 1);
	signal_ioctls(&vm);
	vm_routes(&vm, NR_VECTORS);
	signal_irqfd(&vm);
	signal_fresh(&vm);
	vm_close(&vm);
}
