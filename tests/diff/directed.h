/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Directed cases: short scripts with a name.  Each pins one rule down by
 * having both systems do the same; what they have to do is what kvm.ko does.
 */
#ifndef KEV_DIFF_DIRECTED_H
#define KEV_DIFF_DIRECTED_H

#include "diff.h"

/**
 * struct directed - One case
 * @name:	A sentence without blanks.
 * @config:	nr_cpus 0 stands for 1.
 * @differs:	Name of the intended difference that the last step shows; the
 *		case fails when it does not.
 *		Where the reference has it no more, none is shown.
 * @old:	Name of the difference that old references show at some step.
 * @not_old:	Nothing that old references could be asked.
 * @minimal:	Without the usual start: LAPICs enabled, with logical ids.
 * @nr:		Steps.
 * @steps:	Them.
 */
struct directed {
	const char *name;
	struct config config;
	const char *differs;
	const char *old;
	bool not_old;
	bool minimal;
	unsigned int nr;
	const struct step *steps;
};

#define STEPS(...)							\
	.nr = sizeof((const struct step[]){ __VA_ARGS__ }) /		\
	      sizeof(struct step),					\
	.steps = (const struct step[]){ __VA_ARGS__ }

struct table {
	struct kvm_irq_routing head;
	struct kvm_irq_routing_entry entries[8];
};

#define ROUTING(f, n, ...)						\
	{ .op = OP_ROUTING, .data = &(const struct table){		\
		.head = { .nr = (n), .flags = (f) },			\
		.entries = { __VA_ARGS__ } } }
#define PIN(g, c, p)							\
	{ .gsi = (g), .type = KVM_IRQ_ROUTING_IRQCHIP,			\
	  .u.irqchip = { .irqchip = (c), .pin = (p) } }
#define MSI_ROUTE(g, lo, d)						\
	{ .gsi = (g), .type = KVM_IRQ_ROUTING_MSI,			\
	  .u.msi = { .address_lo = (lo), .data = (d) } }

#define ROUTE(g, t, f)		{ .gsi = (g), .type = (t), .flags = (f) }

#define IRQFD(f, g)		{ .op = OP_IRQFD, .fd = (f), .gsi = (g) }
#define IRQFD_FLAGS(f, g, fl)						\
	{ .op = OP_IRQFD, .fd = (f), .gsi = (g), .flags = (fl) }
#define RESAMPLE(f, g, r)						\
	{ .op = OP_IRQFD, .fd = (f), .gsi = (g), .fd2 = (r),		\
	  .flags = KVM_IRQFD_FLAG_RESAMPLE }
#define DEASSIGN(f, g)							\
	{ .op = OP_IRQFD, .fd = (f), .gsi = (g),			\
	  .flags = KVM_IRQFD_FLAG_DEASSIGN }
#define SIGNAL(f)		{ .op = OP_SIGNAL, .fd = (f), .val = 1 }
#define DRAIN(f)		{ .op = OP_DRAIN, .fd = (f) }
#define CLOSE(f)		{ .op = OP_CLOSE, .fd = (f) }
#define HOLD(f)			{ .op = OP_HOLD, .fd = (f) }
#define LINE(g, l)		{ .op = OP_IRQ_LINE, .gsi = (g), .val = (l) }
#define PULSE(g)		{ .op = OP_PULSE, .gsi = (g) }
#define PIC_INIT(icw4)		{ .op = OP_PIC_INIT, .val = (icw4) }
#define PIC_EOI			{ .op = OP_PIC_EOI }
#define OLD_LINE(g, l)		{ .op = OP_IRQ_LINE_OLD, .gsi = (g), .val = (l) }
#define MSI(a, d)		{ .op = OP_MSI, .addr = (a), .val = (d) }
#define MSI_FLAGS(a, d, f)						\
	{ .op = OP_MSI, .addr = (a), .val = (d), .flags = (f) }
#define IOEVENTFD(f, a, l, fl, v)					\
	{ .op = OP_IOEVENTFD, .fd = (f), .addr = (a), .len = (l),	\
	  .flags = (fl), .val = (v) }
#define MMIO(c, a, l, v)						\
	{ .op = OP_MMIO_WRITE, .cpu = (c), .addr = (a), .len = (l),	\
	  .val = (v) }
#define BURST(a, l, n)							\
	{ .op = OP_MMIO_WRITE, .addr = (a), .len = (l), .gsi = (n) - 1 }
#define RING(f, l)							\
	{ .op = OP_RING, .val = (uint64_t)(l) << 32 | (f) }
#define RING_EMPTIED		{ .op = OP_RING, .flags = 1 }
#define MMIO_READ(c, a, l)						\
	{ .op = OP_MMIO_READ, .cpu = (c), .addr = (a), .len = (l) }
#define OUT(a, l, v)							\
	{ .op = OP_PIO_WRITE, .addr = (a), .len = (l), .val = (v) }
#define OUTB(a, v)		OUT(a, 1, v)
#define INB(a)			{ .op = OP_PIO_READ, .addr = (a), .len = 1 }
#define IN(a, l)		{ .op = OP_PIO_READ, .addr = (a), .len = (l) }
#define RTE_LOW(p, v)							\
	{ .op = OP_RTE, .addr = 0x10 + 2 * (p), .val = (v) }
#define RTE_HIGH(p, d)							\
	{ .op = OP_RTE, .addr = 0x11 + 2 * (p), .val = (uint64_t)(d) << 24 }
#define IOAPIC_REG(r, v)	{ .op = OP_RTE, .addr = (r), .val = (v) }
#define LAPIC(c, o, v)		MMIO(c, LAPIC_BASE + (o), 4, v)
#define LAPIC_READ(c, o)	MMIO_READ(c, LAPIC_BASE + (o), 4)
#define EOI(c)			LAPIC(c, 0x0b0, 0)
#define TPR(c, v)		LAPIC(c, 0x080, v)
#define IPI(c, d, v)							\
	{ .op = OP_IPI, .cpu = (c), .addr = (uint64_t)(d) << 24, .val = (v) }
#define WRMSR(c, n, v)							\
	{ .op = OP_MSR_WRITE, .cpu = (c), .addr = (n), .val = (v) }
#define RDMSR(c, n)		{ .op = OP_MSR_READ, .cpu = (c), .addr = (n) }
#define X2APIC(c, o, v)		WRMSR(c, X2APIC_MSR(o), v)
#define X2APIC_READ(c, o)	RDMSR(c, X2APIC_MSR(o))
#define SET_BASE(c, v)							\
	{ .op = OP_SET_BASE, .cpu = (c), .addr = MSR_BASE, .val = (v) }
#define TAKE(c)			{ .op = OP_TAKE, .cpu = (c) }
#define SET_CHIP(id, o, l, v)						\
	{ .op = OP_SET_CHIP, .gsi = (id), .addr = (o), .len = (l),	\
	  .val = (v) }
#define GET_CHIP(id)		{ .op = OP_GET_CHIP, .gsi = (id) }
#define SET_LAPIC(c, o, v)						\
	{ .op = OP_SET_LAPIC, .cpu = (c), .addr = (o), .len = 4, .val = (v) }
#define MP_STATE(c, s)		{ .op = OP_MP_STATE, .cpu = (c), .val = (s) }
#define NMI(c)			{ .op = OP_NMI, .cpu = (c) }
#define INTERRUPT(c, v)		{ .op = OP_INTERRUPT, .cpu = (c), .gsi = (v) }
#define SAVE			{ .op = OP_SAVE }
#define RESTORE			{ .op = OP_RESTORE }
#define CAP(c, f, a)							\
	{ .op = OP_VM_CAP, .gsi = (c), .flags = (f), .val = (a) }
#define VM_IOCTL(n, a)		{ .op = OP_VM_IOCTL, .addr = (n), .val = (a) }
#define CREATE_VCPU(id)		{ .op = OP_CREATE_VCPU, .val = (id) }
#define COALESCED(on, a, s, p)						\
	{ .op = OP_COALESCED, .val = (on), .addr = (a), .len = (s),	\
	  .flags = (p) }

/* Redirection entries and messages. */
#define LEVEL		0x8000
#define MASKED		0x10000
#define LOGICAL		0x800
#define LOWEST		0x100
#define MSI_HINT	0x8
#define CPU_ADDR(c)	(LAPIC_BASE | (c) << 12)

extern const struct directed directed_plane[];
extern const unsigned int nr_directed_plane;
extern const struct directed directed_chips[];
extern const unsigned int nr_directed_chips;
extern const struct directed directed_pit[];
extern const unsigned int nr_directed_pit;
extern const struct directed directed_lapic[];
extern const unsigned int nr_directed_lapic;
extern const struct directed directed_x2apic[];
extern const unsigned int nr_directed_x2apic;
extern const struct directed directed_differences[];
extern const unsigned int nr_directed_differences;

#endif
