// SPDX-License-Identifier: GPL-2.0
/*
 * The words of a script: how steps are told to people.
 */
#include <inttypes.h>
#include <stdio.h>

#include "diff.h"

typedef void print_fn(const struct step *s);

static void print_slot(const char *what, uint8_t fd)
{
	if (fd < NR_FDS)
		printf(" %s %u", what, fd);
	else
		printf(" %s %s", what,
		       fd == FD_NOT_OPEN ? "not-open" : "no-eventfd");
}

static void print_irqfd(const struct step *s)
{
	print_slot("fd", s->fd);
	printf(" gsi %u flags %#x", s->gsi, s->flags);
	if (s->flags & KVM_IRQFD_FLAG_DEASSIGN)
		printf(" (deassign)");
	if (s->flags & KVM_IRQFD_FLAG_RESAMPLE)
		print_slot("resamplefd", s->fd2);
}

static void print_slot_only(const struct step *s)
{
	print_slot("fd", s->fd);
}

static void print_signal(const struct step *s)
{
	print_slot("fd", s->fd);
	printf(" by %" PRIu64, s->val);
}

static void print_entry(const struct kvm_irq_routing_entry *e)
{
	printf("\n\t\tgsi %u type %u flags %#x ", e->gsi, e->type, e->flags);
	if (e->type == KVM_IRQ_ROUTING_IRQCHIP)
		printf("chip %u pin %u", e->u.irqchip.irqchip,
		       e->u.irqchip.pin);
	else if (e->type == KVM_IRQ_ROUTING_MSI)
		printf("address %#x:%08x data %#x", e->u.msi.address_hi,
		       e->u.msi.address_lo, e->u.msi.data);
}

static void print_routing(const struct step *s)
{
	const struct kvm_irq_routing *table = s->data;
	unsigned int i;

	if (!table) {
		printf(" from nowhere");
		return;
	}
	printf(" nr %u flags %#x", table->nr, table->flags);
	for (i = 0; i < table->nr && i < 64; i++)
		print_entry(&table->entries[i]);
}

static void print_line(const struct step *s)
{
	printf(" gsi %u level %" PRIu64, s->gsi, s->val);
}

static void print_msi(const struct step *s)
{
	printf(" address %#" PRIx64 " data %#" PRIx64 " flags %#x", s->addr,
	       s->val, s->flags);
}

static void print_ioeventfd(const struct step *s)
{
	print_slot("fd", s->fd);
	printf(" addr %#" PRIx64 " len %u flags %#x datamatch %#" PRIx64,
	       s->addr, s->len, s->flags, s->val);
	if (s->flags & KVM_IOEVENTFD_FLAG_DEASSIGN)
		printf(" (deassign)");
}

static void print_access(const struct step *s)
{
	printf(" cpu %u addr %#" PRIx64 " len %u", s->cpu, s->addr, s->len);
	if (s->op == OP_MMIO_WRITE || s->op == OP_PIO_WRITE)
		printf(" val %#" PRIx64, s->val);
	if (s->op == OP_MMIO_WRITE && s->gsi)
		printf(" and %u times more", s->gsi);
}

static void print_msr(const struct step *s)
{
	printf(" cpu %u msr %#" PRIx64, s->cpu, s->addr);
	if (s->op != OP_MSR_READ)
		printf(" val %#" PRIx64, s->val);
}

static void print_pic_init(const struct step *s)
{
	printf(" cpu %u icw4 %#" PRIx64, s->cpu, s->val);
}

static void print_rte(const struct step *s)
{
	printf(" cpu %u register %#" PRIx64 " val %#" PRIx64, s->cpu, s->addr,
	       s->val);
	if (s->addr >= 0x10)
		printf(" (pin %" PRIu64 " %s)", (s->addr - 0x10) / 2,
		       s->addr & 1 ? "high" : "low");
}

static void print_ipi(const struct step *s)
{
	printf(" cpu %u icr2 %#" PRIx64 " icr %#" PRIx64, s->cpu, s->addr,
	       s->val);
}

static void print_cpu(const struct step *s)
{
	printf(" cpu %u", s->cpu);
}

static void print_chip(const struct step *s)
{
	printf(" chip %u", s->gsi);
	if (s->op == OP_SET_CHIP && !s->data)
		printf(" offset %#" PRIx64 " len %u val %#" PRIx64, s->addr,
		       s->len, s->val);
}

static void print_lapic(const struct step *s)
{
	printf(" cpu %u register %#" PRIx64 " val %#" PRIx64, s->cpu, s->addr,
	       s->val);
}

static void print_cpu_val(const struct step *s)
{
	printf(" cpu %u state %" PRIu64, s->cpu, s->val);
}

static void print_interrupt(const struct step *s)
{
	printf(" cpu %u vector %#x", s->cpu, s->gsi);
}

static void print_nothing(const struct step *s)
{
	(void)s;
}

static void print_cap(const struct step *s)
{
	printf(" cap %u flags %#x arg %#" PRIx64, s->gsi, s->flags, s->val);
}

static void print_ioctl(const struct step *s)
{
	printf(" %#" PRIx64 " %s %#" PRIx64, s->addr,
	       s->data ? "with data, not" : "with", s->val);
}

static void print_create(const struct step *s)
{
	printf(" id %" PRIu64, s->val);
}

static void print_coalesced(const struct step *s)
{
	printf(" %s addr %#" PRIx64 " size %u pio %u",
	       s->val ? "register" : "unregister", s->addr, s->len, s->flags);
}

static void print_ring(const struct step *s)
{
	if (s->flags)
		printf(" emptied");
	else
		printf(" first %u last %u", (uint32_t)s->val,
		       (uint32_t)(s->val >> 32));
}

static const struct {
	const char *name;
	print_fn *print;
} words[NR_OPS] = {
	[OP_IRQFD]		= { "irqfd", print_irqfd },
	[OP_SIGNAL]		= { "signal", print_signal },
	[OP_DRAIN]		= { "drain", print_slot_only },
	[OP_CLOSE]		= { "close", print_slot_only },
	[OP_HOLD]		= { "hold", print_slot_only },
	[OP_ROUTING]		= { "set-gsi-routing", print_routing },
	[OP_IRQ_LINE]		= { "irq-line-status", print_line },
	[OP_IRQ_LINE_OLD]	= { "irq-line", print_line },
	[OP_PULSE]		= { "irq-line-pulse", print_line },
	[OP_MSI]		= { "signal-msi", print_msi },
	[OP_IOEVENTFD]		= { "ioeventfd", print_ioeventfd },
	[OP_MMIO_WRITE]		= { "mmio-write", print_access },
	[OP_MMIO_READ]		= { "mmio-read", print_access },
	[OP_PIO_WRITE]		= { "out", print_access },
	[OP_PIO_READ]		= { "in", print_access },
	[OP_PIC_INIT]		= { "pic-init", print_pic_init },
	[OP_PIC_EOI]		= { "pic-eoi", print_cpu },
	[OP_RTE]		= { "ioapic-write", print_rte },
	[OP_IPI]		= { "ipi", print_ipi },
	[OP_TAKE]		= { "take", print_cpu },
	[OP_SET_CHIP]		= { "set-irqchip", print_chip },
	[OP_GET_CHIP]		= { "get-irqchip", print_chip },
	[OP_SET_LAPIC]		= { "set-lapic", print_lapic },
	[OP_MP_STATE]		= { "set-mp-state", print_cpu_val },
	[OP_NMI]		= { "nmi", print_cpu },
	[OP_INTERRUPT]		= { "interrupt", print_interrupt },
	[OP_SAVE]		= { "save", print_nothing },
	[OP_RESTORE]		= { "restore", print_nothing },
	[OP_MIGRATE]		= { "migrate", print_nothing },
	[OP_OTHER_IRQFD]	= { "irqfd-of-another-vm", print_irqfd },
	[OP_VM_CAP]		= { "enable-cap", print_cap },
	[OP_VM_IOCTL]		= { "vm-ioctl", print_ioctl },
	[OP_CREATE_VCPU]	= { "create-vcpu", print_create },
	[OP_COALESCED]		= { "coalesced", print_coalesced },
	[OP_RING]		= { "ring", print_ring },
	[OP_STORM]		= { "eoi-storm", print_cpu },
	[OP_PIT]		= { "get-pit2", print_chip },
	[OP_MSR_WRITE]		= { "wrmsr", print_msr },
	[OP_MSR_READ]		= { "rdmsr", print_msr },
	[OP_SET_BASE]		= { "restore-apic-base", print_msr },
};

const char *step_name(const struct step *step)
{
	return words[step->op].name;
}

void step_print(const struct step *step)
{
	printf("%s", words[step->op].name);
	words[step->op].print(step);
}
