// SPDX-License-Identifier: GPL-2.0
/*
 * Compares two observations and tells, field by field, where they differ.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "diff.h"

static const char *const event_names[] = {
	[EVENT_NONE]	= "none",
	[EVENT_INTR]	= "interrupt",
	[EVENT_NMI]	= "nmi",
	[EVENT_SMI]	= "smi",
	[EVENT_INIT]	= "init",
	[EVENT_SIPI]	= "sipi",
};

bool pair_equal(const struct pair *pair)
{
	return !memcmp(&pair->kvm, &pair->kev, sizeof(pair->kvm));
}

static void differ(const char *what, uint64_t kvm, uint64_t kev)
{
	if (kvm != kev)
		printf("    %-28s kvm %#-12" PRIx64 " kev %#" PRIx64 "\n",
		       what, kvm, kev);
}

static void differ_nth(const char *what, unsigned int i, uint64_t kvm,
		       uint64_t kev)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %u", what, i);
	differ(text, kvm, kev);
}

static const struct {
	uint16_t offset;
	const char *name;
} lapic_names[] = {
	{ 0x020, "ID" }, { 0x030, "LVR" }, { 0x080, "TPR" }, { 0x090, "APR" },
	{ 0x0a0, "PPR" }, { 0x0b0, "EOI" }, { 0x0d0, "LDR" }, { 0x0e0, "DFR" },
	{ 0x0f0, "SPIV" }, { 0x280, "ESR" }, { 0x2f0, "LVTCMCI" },
	{ 0x300, "ICR" }, { 0x310, "ICR2" }, { 0x320, "LVTT" },
	{ 0x330, "LVTTHMR" }, { 0x340, "LVTPC" }, { 0x350, "LVT0" },
	{ 0x360, "LVT1" }, { 0x370, "LVTERR" }, { 0x380, "TMICT" },
	{ 0x390, "TMCCT" }, { 0x3e0, "TDCR" },
};

static void lapic_name(char *text, size_t size, unsigned int cpu,
		       unsigned int offset)
{
	static const char *const vectors[] = { "ISR", "TMR", "IRR" };
	unsigned int i;

	if (offset >= 0x100 && offset < 0x280) {
		snprintf(text, size, "lapic %u %s %02x..", cpu,
			 vectors[(offset - 0x100) / 0x80],
			 (offset & 0x70) * 2);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(lapic_names); i++) {
		if (lapic_names[i].offset != offset)
			continue;
		snprintf(text, size, "lapic %u %s", cpu, lapic_names[i].name);
		return;
	}
	snprintf(text, size, "lapic %u offset %#x", cpu, offset);
}

static void print_lapic(const struct pair *pair, unsigned int cpu)
{
	unsigned int offset;
	uint32_t kvm, kev;
	char text[64];

	for (offset = 0; offset < KVM_APIC_REG_SIZE; offset += 4) {
		memcpy(&kvm, pair->kvm.lapic[cpu].regs + offset, 4);
		memcpy(&kev, pair->kev.lapic[cpu].regs + offset, 4);
		lapic_name(text, sizeof(text), cpu, offset);
		differ(text, kvm, kev);
	}
}

static void print_pic(const struct pair *pair, unsigned int chip)
{
	static const char *const names[] = {
		"last_irr", "irr", "imr", "isr", "priority_add", "irq_base",
		"read_reg_select", "poll", "special_mask", "init_state",
		"auto_eoi", "rotate_on_auto_eoi", "special_fully_nested_mode",
		"init4", "elcr", "elcr_mask",
	};
	unsigned int i;
	char text[64];

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text), "pic %u %s", chip, names[i]);
		differ(text, (uint8_t)pair->kvm.chip[chip].chip.dummy[i],
		       (uint8_t)pair->kev.chip[chip].chip.dummy[i]);
	}
}

static void print_ioapic(const struct pair *pair)
{
	const struct kvm_ioapic_state *kvm, *kev;
	unsigned int i;

	kvm = &pair->kvm.chip[KVM_IRQCHIP_IOAPIC].chip.ioapic;
	kev = &pair->kev.chip[KVM_IRQCHIP_IOAPIC].chip.ioapic;
	differ("ioapic base_address", kvm->base_address, kev->base_address);
	differ("ioapic ioregsel", kvm->ioregsel, kev->ioregsel);
	differ("ioapic id", kvm->id, kev->id);
	differ("ioapic irr", kvm->irr, kev->irr);
	differ("ioapic pad", kvm->pad, kev->pad);
	for (i = 0; i < KVM_IOAPIC_NUM_PINS; i++)
		differ_nth("ioapic entry", i, kvm->redirtbl[i].bits,
			   kev->redirtbl[i].bits);
}

static void print_ring(const struct pair *pair)
{
	uint32_t kvm, kev;
	unsigned int i;

	for (i = 0; i < RING_SIZE; i += 4) {
		memcpy(&kvm, pair->kvm.ring + i, 4);
		memcpy(&kev, pair->kev.ring + i, 4);
		differ_nth("ring offset", i, kvm, kev);
	}
}

static void print_events(const char *name, const struct observation *o)
{
	unsigned int i;

	printf("    %s took:", name);
	for (i = 0; i < o->nr_events; i++)
		printf(" cpu %u %s %#x", o->event[i].cpu,
		       event_names[o->event[i].type], o->event[i].vector);
	printf("%s\n", o->nr_events ? "" : " nothing");
}

/* What a step gave, on one line. */
void observation_print(const struct observation *o)
{
	unsigned int i;

	if (o->skipped)
		printf(" (no step: the CPU does not run)");
	else if (o->ret < 0)
		printf(" -> %s", strerrorname_np(o->err));
	else
		printf(" -> %d", o->ret);
	if (o->val)
		printf(", gave %#" PRIx64, o->val);
	for (i = 0; i < o->nr_events; i++)
		printf(", cpu %u took %s %#x", o->event[i].cpu,
		       event_names[o->event[i].type], o->event[i].vector);
}

void pair_print(const struct pair *pair)
{
	const struct observation *kvm = &pair->kvm;
	const struct observation *kev = &pair->kev;
	unsigned int i;

	differ("skipped", kvm->skipped, kev->skipped);
	differ("return value", (uint32_t)kvm->ret, (uint32_t)kev->ret);
	if (kvm->err != kev->err)
		printf("    %-28s kvm %-12s kev %s\n", "errno",
		       strerrorname_np(kvm->err), strerrorname_np(kev->err));
	differ("value", kvm->val, kev->val);
	for (i = 0; i < NR_FDS; i++)
		differ_nth("counter of eventfd", i, kvm->counter[i],
			   kev->counter[i]);
	if (kvm->nr_events != kev->nr_events ||
	    memcmp(kvm->event, kev->event, sizeof(kvm->event))) {
		print_events("kvm", kvm);
		print_events("kev", kev);
	}
	for (i = 0; i < MAX_CPUS; i++) {
		differ_nth("mp_state of cpu", i, kvm->mp_state[i],
			   kev->mp_state[i]);
		print_lapic(pair, i);
	}
	print_pic(pair, 0);
	print_pic(pair, 1);
	print_ioapic(pair);
	print_ring(pair);
}
