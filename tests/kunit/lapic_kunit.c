// SPDX-License-Identifier: GPL-2.0
/* The local APIC: registers, priority, EOI, what is taken and in which order. */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kvm.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/xarray.h>

#include <asm/apicdef.h>

#include <kev/base/compat.h>
#include <kev/machine/vcpu.h>
#include <kev/node/vcpu_fd.h>
#include <kev/node/vm_fd.h>
#include <kev/x86/lapic.h>
#include <kev/x86/lapic_internal.h>
#include <kev/x86/machine.h>

#include "x86_fixture.h"

#define FIXED(vector)	(KVM_EVENTFD_INTR_FIXED << 8 | (vector))
#define EXTINT(vector)	(KVM_EVENTFD_INTR_EXTINT << 8 | (vector))
#define SIPI(vector)	(KVM_EVENTFD_INTR_SIPI << 8 | (vector))
#define NMI		(KVM_EVENTFD_INTR_NMI << 8)
#define SMI		(KVM_EVENTFD_INTR_SMI << 8)
#define INIT		(KVM_EVENTFD_INTR_INIT << 8)

static struct kev_vcpu *one_vcpu(struct kunit *test)
{
	return x86_vcpu(test, x86_machine(test, 1), 0);
}

static struct kev_vcpu *enabled_vcpu(struct kunit *test)
{
	struct kev_vcpu *vcpu = one_vcpu(test);

	x86_lapic_enable(vcpu);

	return vcpu;
}

static int send(struct kev_vcpu *vcpu, u8 delivery_mode, u8 vector)
{
	struct kev_lapic_irq irq = {
		.delivery_mode	= delivery_mode,
		.vector		= vector,
		.level		= true,
	};

	return kev_lapic_accept(vcpu->arch, &irq);
}

/* Reset */

static const struct reset_case {
	const char *name;
	unsigned int offset;
	u32 boot_cpu;
	u32 other_cpu;
} reset_cases[] = {
	{ "id_is_the_vcpu_id", APIC_ID, 0, 1 << 24 },
	{ "version_has_six_lvts", APIC_LVR, 0x1050014, 0x1050014 },
	{ "tpr_is_zero", APIC_TASKPRI, 0, 0 },
	{ "ppr_is_zero", APIC_PROCPRI, 0, 0 },
	{ "ldr_is_zero", APIC_LDR, 0, 0 },
	{ "dfr_is_flat", APIC_DFR, 0xffffffff, 0xffffffff },
	{ "software_disabled", APIC_SPIV, 0xff, 0xff },
	{ "lint0_of_the_boot_cpu_passes_intr", APIC_LVT0, 0x700, 0x10000 },
	{ "lint1_is_masked", APIC_LVT1, 0x10000, 0x10000 },
	{ "timer_is_masked", APIC_LVTT, 0x10000, 0x10000 },
	{ "error_is_masked", APIC_LVTERR, 0x10000, 0x10000 },
	{ "thermal_is_masked", APIC_LVTTHMR, 0x10000, 0x10000 },
	{ "perf_counter_is_masked", APIC_LVTPC, 0x10000, 0x10000 },
};

x86_case_desc(reset_cases);

static void register_after_reset(struct kunit *test)
{
	const struct reset_case *c = test->param_value;
	struct kev_machine *machine = x86_machine(test, 2);

	KUNIT_EXPECT_EQ(test, x86_lapic_read(x86_vcpu(test, machine, 0), c->offset),
			c->boot_cpu);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(x86_vcpu(test, machine, 1), c->offset),
			c->other_cpu);
}

/* Write masks */

static const struct write_case {
	const char *name;
	unsigned int offset;
	u32 written;
	u32 enabled;	/* what is read then, with the LAPIC enabled */
	u32 disabled;	/* ... and with it software-disabled */
} write_cases[] = {
	{ "id_keeps_the_upper_byte", APIC_ID, ~0, 0xff000000, 0xff000000 },
	{ "version_is_read_only", APIC_LVR, ~0, 0x1050014, 0x1050014 },
	{ "tpr_keeps_8_bits", APIC_TASKPRI, ~0, 0xff, 0xff },
	{ "ppr_is_read_only", APIC_PROCPRI, ~0, 0, 0 },
	{ "arbitration_priority_is_read_only", APIC_ARBPRI, ~0, 0, 0 },
	{ "ldr_keeps_the_upper_byte", APIC_LDR, ~0, 0xff000000, 0xff000000 },
	{ "dfr_keeps_the_model_only", APIC_DFR, 0, 0x0fffffff, 0x0fffffff },
	{ "isr_is_read_only", APIC_ISR, ~0, 0, 0 },
	{ "tmr_is_read_only", APIC_TMR + 0x70, ~0, 0, 0 },
	{ "irr_is_read_only", APIC_IRR + 0x30, ~0, 0, 0 },
	{ "esr_stays_clear", APIC_ESR, ~0, 0, 0 },
	{ "icr2_keeps_the_destination", APIC_ICR2, ~0, 0xff000000, 0xff000000 },
	{ "timer_lvt_has_two_mode_bits", APIC_LVTT, ~0, 0x710ff, 0x710ff },
	{ "thermal_lvt_has_no_polarity", APIC_LVTTHMR, ~0, 0x117ff, 0x117ff },
	{ "perf_lvt_has_no_polarity", APIC_LVTPC, ~0, 0x117ff, 0x117ff },
	{ "lint0_has_polarity_and_trigger", APIC_LVT0, ~0, 0x1f7ff, 0x1f7ff },
	{ "lint1_unmasks_only_when_enabled", APIC_LVT1, 0x400, 0x400, 0x10400 },
	{ "error_lvt_has_no_mode", APIC_LVTERR, ~0, 0x110ff, 0x110ff },
	{ "no_cmci_lvt", APIC_LVTCMCI, ~0, 0, 0 },
	{ "divide_keeps_three_bits", APIC_TDCR, ~0, 0xb, 0xb },
	{ "self_ipi_is_the_x2apics", APIC_SELF_IPI, 0x31, 0, 0 },
};

x86_case_desc(write_cases);

static void register_keeps_what_a_guest_may_write(struct kunit *test)
{
	const struct write_case *c = test->param_value;
	struct kev_vcpu *vcpu = one_vcpu(test);

	x86_lapic_write(vcpu, c->offset, c->written);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, c->offset), c->disabled);

	vcpu = enabled_vcpu(test);
	x86_lapic_write(vcpu, c->offset, c->written);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, c->offset), c->enabled);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static void disabling_masks_every_lvt(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);
	unsigned int offset;

	for (offset = APIC_LVTT; offset <= APIC_LVTERR; offset += 0x10)
		x86_lapic_write(vcpu, offset, 0x31);
	x86_lapic_write(vcpu, APIC_SPIV, 0xff);
	for (offset = APIC_LVTT; offset <= APIC_LVTERR; offset += 0x10)
		KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, offset), 0x10031);
	x86_lapic_enable(vcpu);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_LVTERR), 0x10031);
}

/* Accesses */

static const struct access_case {
	const char *name;
	unsigned int offset;
	unsigned int len;
	u64 read;	/* of a TPR that holds 0xab, and a SPIV of 0x1ff */
	bool writes;	/* a write of zeroes there changes TPR */
} access_cases[] = {
	{ "aligned_four_bytes", 0x80, 4, 0xab, true },
	{ "one_byte_reads", 0x80, 1, 0xab, false },
	{ "two_bytes_read", 0x80, 2, 0xab, false },
	{ "eight_bytes_read_nothing", 0x80, 8, 0, false },
	{ "three_bytes_read_nothing", 0x80, 3, 0, false },
	{ "upper_byte_reads", 0xf1, 1, 0x1, false },
	{ "straddling_read_is_zero", 0x82, 4, 0, false },
	{ "gap_reads_zero", 0x84, 4, 0, false },
	{ "eoi_cannot_be_read", 0xb0, 4, 0, false },
	{ "beyond_the_registers_reads_zero", 0x400, 4, 0, false },
	{ "end_of_the_page_reads_zero", 0xffc, 4, 0, false },
};

x86_case_desc(access_cases);

static void access_of_the_page(struct kunit *test)
{
	const struct access_case *c = test->param_value;
	struct kev_vcpu *vcpu = enabled_vcpu(test);
	u64 gpa = X86_LAPIC_BASE + c->offset;
	u64 val = ~0ULL;
	u64 mask = c->len < 8 ? BIT_ULL(c->len * 8) - 1 : ~0ULL;

	x86_lapic_write(vcpu, APIC_TASKPRI, 0xab);
	KUNIT_EXPECT_EQ(test, kev_lapic_mmio_read(vcpu, gpa, c->len, &val), 0);
	KUNIT_EXPECT_EQ(test, val & mask, c->read);
	KUNIT_EXPECT_EQ(test, val | mask, ~0ULL);

	val = 0;
	KUNIT_EXPECT_EQ(test, kev_lapic_mmio_write(vcpu, gpa, c->len, &val), 0);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TASKPRI),
			c->writes ? 0 : 0xab);
}

static void access_outside_of_the_page_is_not_taken(struct kunit *test)
{
	struct kev_vcpu *vcpu = one_vcpu(test);
	u64 val = 0;

	KUNIT_EXPECT_EQ(test, kev_lapic_mmio_read(vcpu, X86_LAPIC_BASE - 4, 4,
						  &val), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, kev_lapic_mmio_write(vcpu,
						   X86_LAPIC_BASE + 0x1000, 4,
						   &val), -EOPNOTSUPP);
}

/* Priority */

static const struct priority_case {
	const char *name;
	u8 in_service;
	u8 tpr;
	u8 requested;
	u8 ppr;
	bool taken;
} priority_cases[] = {
	{ "nothing_holds_it_back", 0, 0, 0x31, 0, true },
	{ "tpr_of_a_lower_class", 0, 0x2f, 0x31, 0x2f, true },
	{ "tpr_of_the_same_class", 0, 0x30, 0x3f, 0x30, false },
	{ "tpr_of_a_higher_class", 0, 0x40, 0x31, 0x40, false },
	{ "tpr_subclass_does_not_matter", 0, 0x3f, 0x41, 0x3f, true },
	{ "higher_class_interrupts_service", 0x31, 0, 0x41, 0x30, true },
	{ "same_class_waits_for_eoi", 0x31, 0, 0x3f, 0x30, false },
	{ "lower_class_waits_for_eoi", 0x51, 0, 0x31, 0x50, false },
	{ "tpr_above_service_rules", 0x31, 0x55, 0x51, 0x55, false },
	{ "tpr_of_the_class_in_service_rules", 0x31, 0x35, 0x41, 0x35, true },
	{ "service_above_tpr_rules", 0x51, 0x35, 0x61, 0x50, true },
	{ "tpr_of_the_top_class_blocks_all", 0, 0xf0, 0xff, 0xf0, false },
	{ "vector_15_is_never_taken", 0, 0, 0x0f, 0, false },
	{ "vector_16_is_taken", 0, 0, 0x10, 0, true },
	{ "vector_255_is_taken", 0xee, 0, 0xff, 0xe0, true },
};

x86_case_desc(priority_cases);

static void priority_decides(struct kunit *test)
{
	const struct priority_case *c = test->param_value;
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	if (c->in_service) {
		x86_lapic_raise(vcpu, c->in_service);
		KUNIT_ASSERT_EQ(test, x86_ack(vcpu), FIXED(c->in_service));
	}
	x86_lapic_write(vcpu, APIC_TASKPRI, c->tpr);
	KUNIT_EXPECT_EQ(test, x86_lapic_raise(vcpu, c->requested), 1);

	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_PROCPRI), c->ppr);
	KUNIT_EXPECT_EQ(test, x86_pending(vcpu), c->taken);
	KUNIT_EXPECT_EQ(test, kev_lapic_has_event(vcpu), c->taken);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu),
			c->taken ? FIXED(c->requested) : -EAGAIN);
	KUNIT_EXPECT_EQ(test, x86_requested(vcpu, c->requested), !c->taken);
}

static void lowering_tpr_makes_it_pending(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	x86_lapic_write(vcpu, APIC_TASKPRI, 0x50);
	x86_lapic_raise(vcpu, 0x51);
	KUNIT_EXPECT_FALSE(test, x86_pending(vcpu));
	x86_lapic_write(vcpu, APIC_TASKPRI, 0x4f);
	KUNIT_EXPECT_TRUE(test, x86_pending(vcpu));
	x86_lapic_write(vcpu, APIC_TASKPRI, 0x50);
	KUNIT_EXPECT_FALSE(test, x86_pending(vcpu));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

/* EOI */

static void eoi_ends_the_highest_in_service(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	x86_lapic_raise(vcpu, 0x31);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
	x86_lapic_raise(vcpu, 0x51);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x51));
	x86_lapic_raise(vcpu, 0x41);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);

	x86_lapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_PROCPRI), 0x30);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x41));
	x86_lapic_write(vcpu, APIC_EOI, 0);
	x86_lapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_PROCPRI), 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static void eoi_with_nothing_in_service_is_harmless(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	x86_lapic_raise(vcpu, 0x31);
	x86_lapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
}

static void vectors_come_highest_first(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);
	unsigned int vector;

	for (vector = 16; vector < 256; vector++)
		KUNIT_EXPECT_EQ(test, x86_lapic_raise(vcpu, vector), 1);
	for (vector = 255; vector >= 16; vector--) {
		KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(vector));
		x86_lapic_write(vcpu, APIC_EOI, 0);
	}
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

/* Delivery */

static void software_disabled_takes_no_vector(struct kunit *test)
{
	struct kev_vcpu *vcpu = one_vcpu(test);

	KUNIT_EXPECT_EQ(test, x86_lapic_raise(vcpu, 0x31), 0);
	KUNIT_EXPECT_FALSE(test, x86_requested(vcpu, 0x31));
	KUNIT_EXPECT_EQ(test, send(vcpu, KEV_DM_NMI, 0), 1);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), NMI);
}

static void disabling_keeps_what_was_requested(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	x86_lapic_raise(vcpu, 0x31);
	x86_lapic_write(vcpu, APIC_SPIV, 0xff);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
}

static void requested_twice_is_taken_once(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	KUNIT_EXPECT_EQ(test, x86_lapic_raise(vcpu, 0x31), 1);
	KUNIT_EXPECT_EQ(test, x86_lapic_raise(vcpu, 0x31), 1);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
	x86_lapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static void requested_again_in_service_comes_again(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	x86_lapic_raise(vcpu, 0x31);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
	x86_lapic_raise(vcpu, 0x31);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
	x86_lapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
}

static const struct trigger_case {
	const char *name;
	bool trig_level;
	bool level;
	int taken;
	u32 tmr;
} trigger_cases[] = {
	{ "edge_clears_tmr", false, true, 1, 0 },
	{ "edge_without_assert_is_taken", false, false, 1, 0 },
	{ "level_sets_tmr", true, true, 1, BIT(0x11) },
	{ "level_without_assert_is_nothing", true, false, 0, 0 },
};

x86_case_desc(trigger_cases);

static void trigger_mode_goes_to_tmr(struct kunit *test)
{
	const struct trigger_case *c = test->param_value;
	struct kev_vcpu *vcpu = enabled_vcpu(test);
	struct kev_lapic_irq irq = {
		.vector		= 0x31,
		.level		= c->level,
		.trig_level	= c->trig_level,
	};

	KUNIT_EXPECT_EQ(test, kev_lapic_accept(vcpu->arch, &irq), c->taken);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TMR + 0x10), c->tmr);
	KUNIT_EXPECT_EQ(test, x86_requested(vcpu, 0x31), c->taken);
}

static void edge_after_level_clears_tmr(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);
	struct kev_lapic_irq irq = {
		.vector		= 0x31,
		.level		= true,
		.trig_level	= true,
	};

	kev_lapic_accept(vcpu->arch, &irq);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TMR + 0x10), BIT(0x11));
	x86_lapic_raise(vcpu, 0x31);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TMR + 0x10), 0);
}

static const struct mode_case {
	const char *name;
	u8 delivery_mode;
	int accepted;
	int acked;
} mode_cases[] = {
	{ "fixed", KEV_DM_FIXED, 1, FIXED(0x31) },
	{ "lowest_priority", KEV_DM_LOWEST, 1, FIXED(0x31) },
	{ "smi_has_no_vector", KEV_DM_SMI, 1, SMI },
	{ "reserved_mode_is_taken_and_means_nothing", KEV_DM_RESERVED, 1, -EAGAIN },
	{ "nmi_has_no_vector", KEV_DM_NMI, 1, NMI },
	{ "init", KEV_DM_INIT, 1, INIT },
	{ "sipi_without_init_is_lost", KEV_DM_SIPI, 1, -EAGAIN },
	{ "extint_message_is_ignored", KEV_DM_EXTINT, 0, -EAGAIN },
};

x86_case_desc(mode_cases);

static void delivery_mode_decides_what_is_taken(struct kunit *test)
{
	const struct mode_case *c = test->param_value;
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	KUNIT_EXPECT_EQ(test, send(vcpu, c->delivery_mode, 0x31), c->accepted);
	KUNIT_EXPECT_EQ(test, x86_pending(vcpu), c->acked >= 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), c->acked);
	KUNIT_EXPECT_FALSE(test, x86_pending(vcpu));
}

/* Order */

static void events_come_before_interrupts(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	x86_lapic_write(vcpu, APIC_LVT0, 0x700);
	x86_lapic_raise(vcpu, 0xf1);
	KUNIT_EXPECT_EQ(test, kev_lapic_queue_extint(vcpu->arch, 0x22, false),
			0);
	kev_lapic_queue_nmi(vcpu->arch);
	send(vcpu, KEV_DM_SMI, 0);

	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), SMI);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), NMI);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), EXTINT(0x22));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0xf1));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static void init_drops_what_waits_and_resets(struct kunit *test)
{
	struct kev_machine *machine = x86_machine(test, 2);
	struct kev_vcpu *vcpu = x86_vcpu(test, machine, 1);

	x86_lapic_enable(vcpu);
	x86_lapic_write(vcpu, APIC_ID, 7 << 24);
	x86_lapic_write(vcpu, APIC_LDR, 1 << 24);
	x86_lapic_raise(vcpu, 0x31);
	kev_lapic_queue_nmi(vcpu->arch);
	send(vcpu, KEV_DM_INIT, 0);
	send(vcpu, KEV_DM_SIPI, 0x9a);

	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), INIT);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), SIPI(0x9a));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_SPIV), 0xff);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_LDR), 0);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_ID), 7 << 24);
	KUNIT_EXPECT_FALSE(test, x86_requested(vcpu, 0x31));
}

static void second_sipi_is_lost(struct kunit *test)
{
	struct kev_machine *machine = x86_machine(test, 2);
	struct kev_vcpu *vcpu = x86_vcpu(test, machine, 1);

	send(vcpu, KEV_DM_INIT, 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), INIT);
	send(vcpu, KEV_DM_SIPI, 0x10);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), SIPI(0x10));
	KUNIT_EXPECT_EQ(test, send(vcpu, KEV_DM_SIPI, 0x11), 1);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static void boot_cpu_takes_no_sipi(struct kunit *test)
{
	struct kev_vcpu *vcpu = one_vcpu(test);

	send(vcpu, KEV_DM_INIT, 0);
	send(vcpu, KEV_DM_SIPI, 0x10);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), INIT);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static void nmis_do_not_queue_up(struct kunit *test)
{
	struct kev_vcpu *vcpu = one_vcpu(test);

	kev_lapic_queue_nmi(vcpu->arch);
	kev_lapic_queue_nmi(vcpu->arch);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), NMI);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

/* ExtINT */

static const struct lint0_case {
	const char *name;
	u32 lvt0;
	bool taken;
} lint0_cases[] = {
	{ "extint_mode_passes_intr", 0x700, true },
	{ "masked_extint_does_not", 0x10700, false },
	{ "fixed_mode_does_not", 0x031, false },
	{ "nmi_mode_does_not", 0x400, false },
};

x86_case_desc(lint0_cases);

static void lint0_decides_about_extint(struct kunit *test)
{
	const struct lint0_case *c = test->param_value;
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	x86_lapic_write(vcpu, APIC_LVT0, c->lvt0);
	KUNIT_EXPECT_EQ(test, kev_lapic_queue_extint(vcpu->arch, 0x22, false),
			0);
	KUNIT_EXPECT_EQ(test, x86_pending(vcpu), c->taken);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), c->taken ? EXTINT(0x22) : -EAGAIN);
}

static void intr_follows_lint0(struct kunit *test)
{
	struct kev_machine *machine = x86_machine(test, 2);
	struct kev_vcpu *boot = x86_vcpu(test, machine, 0);
	struct kev_vcpu *other = x86_vcpu(test, machine, 1);

	kev_lapics_set_intr(kev_x86(machine), true);
	KUNIT_EXPECT_TRUE(test, x86_pending(boot));
	KUNIT_EXPECT_FALSE(test, x86_pending(other));

	x86_lapic_enable(other);
	x86_lapic_write(other, APIC_LVT0, 0x700);
	KUNIT_EXPECT_TRUE(test, x86_pending(other));
	x86_lapic_write(boot, APIC_LVT0, 0x10700);
	KUNIT_EXPECT_FALSE(test, x86_pending(boot));
	KUNIT_EXPECT_TRUE(test, kev_lapics_listen_to_intr(kev_x86(machine)));

	x86_lapic_write(other, APIC_SPIV, 0xff);
	KUNIT_EXPECT_FALSE(test, x86_pending(other));
	KUNIT_EXPECT_FALSE(test, kev_lapics_listen_to_intr(kev_x86(machine)));
	kev_lapics_set_intr(kev_x86(machine), false);
}

/* KVM_INTERRUPT */

static void split_chip_queues_one_extint(struct kunit *test)
{
	struct kvm_interrupt intr = { .irq = 0x22 };
	struct kev_vcpu *vcpu = one_vcpu(test);

	KUNIT_EXPECT_EQ(test, x86_vcpu_ioctl(vcpu, KVM_INTERRUPT, &intr, 0), 0);
	KUNIT_EXPECT_EQ(test, x86_vcpu_ioctl(vcpu, KVM_INTERRUPT, &intr, 0),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), EXTINT(0x22));
	intr.irq = 256;
	KUNIT_EXPECT_EQ(test, x86_vcpu_ioctl(vcpu, KVM_INTERRUPT, &intr, 0),
			-EINVAL);
}

/* State */

static void set_state_computes_what_follows(struct kunit *test)
{
	struct kev_vcpu *vcpu = one_vcpu(test);
	struct kvm_lapic_state *s;
	u32 *regs;

	s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);
	regs = (u32 *)s->regs;
	regs[APIC_ID / 4] = 5 << 24;
	regs[APIC_LVR / 4] = ~0;
	regs[APIC_SPIV / 4] = X86_SPIV_ENABLED;
	regs[APIC_TASKPRI / 4] = 0x15;
	regs[APIC_PROCPRI / 4] = 0xf0;
	regs[(APIC_ISR + 0x10) / 4] = BIT(0x11);
	regs[(APIC_IRR + 0x20) / 4] = BIT(0x11);
	regs[(APIC_IRR + 0x10) / 4] = BIT(0x12);
	KUNIT_EXPECT_EQ(test, kev_lapic_set_state(vcpu, s), 0);

	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_ID), 5 << 24);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_LVR), 0x1050014);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_PROCPRI), 0x30);
	KUNIT_EXPECT_TRUE(test, x86_pending(vcpu));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x51));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
	x86_lapic_write(vcpu, APIC_EOI, 0);
	x86_lapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x32));
}

static void state_survives_a_round_trip(struct kunit *test)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);
	struct kvm_lapic_state *a, *b;

	a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, b);

	x86_lapic_raise(vcpu, 0x31);
	x86_ack(vcpu);
	x86_lapic_raise(vcpu, 0x51);
	x86_lapic_write(vcpu, APIC_TASKPRI, 0x60);
	x86_lapic_write(vcpu, APIC_LVT1, 0x400);
	KUNIT_EXPECT_EQ(test, kev_lapic_get_state(vcpu, a), 0);
	KUNIT_EXPECT_EQ(test, kev_lapic_set_state(vcpu, a), 0);
	KUNIT_EXPECT_EQ(test, kev_lapic_get_state(vcpu, b), 0);
	KUNIT_EXPECT_EQ(test, memcmp(a, b, sizeof(*a)), 0);

	/* What was in service before must not outlive a load without it. */
	memset(b, 0, sizeof(*b));
	KUNIT_EXPECT_EQ(test, kev_lapic_set_state(vcpu, b), 0);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_PROCPRI), 0);
	KUNIT_EXPECT_EQ(test, kev_lapic_set_state(vcpu, a), 0);
	x86_lapic_write(vcpu, APIC_TASKPRI, 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x51));
}

/* Timer */

#define MSEC_TICKS	1000000	/* divided by 1, a tick is a nanosecond */

static struct kev_vcpu *timer_vcpu(struct kunit *test, u32 lvtt)
{
	struct kev_vcpu *vcpu = enabled_vcpu(test);

	x86_lapic_write(vcpu, APIC_TDCR, APIC_TDR_DIV_1);
	x86_lapic_write(vcpu, APIC_LVTT, lvtt);

	return vcpu;
}

static void one_shot_timer_expires_once(struct kunit *test)
{
	struct kev_vcpu *vcpu = timer_vcpu(test, 0x31);

	x86_lapic_write(vcpu, APIC_TMICT, 2 * MSEC_TICKS);
	KUNIT_EXPECT_LE(test, x86_lapic_read(vcpu, APIC_TMCCT), 2 * MSEC_TICKS);
	msleep(30);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TMCCT), 0);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TMICT), 2 * MSEC_TICKS);
	x86_lapic_write(vcpu, APIC_EOI, 0);
	msleep(30);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static void periodic_timer_expires_again(struct kunit *test)
{
	struct kev_vcpu *vcpu = timer_vcpu(test, 0x31 |
					   APIC_LVT_TIMER_PERIODIC);
	unsigned int i;

	x86_lapic_write(vcpu, APIC_TMICT, MSEC_TICKS);
	for (i = 0; i < 3; i++) {
		msleep(20);
		KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
		x86_lapic_write(vcpu, APIC_EOI, 0);
	}
	x86_lapic_write(vcpu, APIC_TMICT, 0);
	x86_ack(vcpu);
	x86_lapic_write(vcpu, APIC_EOI, 0);
	msleep(20);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TMCCT), 0);
}

static struct kev_lapic_timer *timer_of(struct kev_vcpu *vcpu)
{
	struct kev_lapic *apic = vcpu->arch;

	return &apic->timer;
}

static bool timer_is_armed(struct kev_vcpu *vcpu)
{
	return !RB_EMPTY_NODE(&timer_of(vcpu)->node.node);
}

/* Until the timer is not armed; false when it goes on and on. */
static bool timer_rests(struct kev_vcpu *vcpu)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		msleep(20);
		if (!timer_is_armed(vcpu))
			return true;
	}

	return false;
}

/* A CPU that nobody drives costs one expiry. */
static void periodic_timer_rests_while_it_is_requested(struct kunit *test)
{
	struct kev_vcpu *vcpu = timer_vcpu(test, 0x31 |
					   APIC_LVT_TIMER_PERIODIC);
	unsigned int i;
	u32 most = 0;

	x86_lapic_write(vcpu, APIC_TMICT, MSEC_TICKS);
	KUNIT_EXPECT_TRUE(test, timer_rests(vcpu));
	KUNIT_EXPECT_TRUE(test, x86_requested(vcpu, 0x31));
	for (i = 0; i < 100; i++)
		most = max(most, x86_lapic_read(vcpu, APIC_TMCCT));
	KUNIT_EXPECT_GT(test, most, 0);
	KUNIT_EXPECT_LE(test, most, MSEC_TICKS);

	/* Other registers do not wake it. */
	x86_lapic_write(vcpu, APIC_TASKPRI, 0);
	KUNIT_EXPECT_FALSE(test, timer_is_armed(vcpu));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
	msleep(20);
	KUNIT_EXPECT_TRUE(test, x86_requested(vcpu, 0x31));
}

static void resumed_timer_keeps_its_phase(struct kunit *test)
{
	struct kev_vcpu *vcpu = timer_vcpu(test, 0x31 |
					   APIC_LVT_TIMER_PERIODIC);
	ktime_t before, after, now;
	u64 rest;

	x86_lapic_write(vcpu, APIC_TMICT, 200 * MSEC_TICKS);
	before = timer_of(vcpu)->deadline;
	msleep(220);
	KUNIT_ASSERT_TRUE(test, timer_rests(vcpu));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
	after = timer_of(vcpu)->deadline;
	now = ktime_get();
	div64_u64_rem(ktime_to_ns(ktime_sub(after, before)),
		      200 * MSEC_TICKS, &rest);
	KUNIT_EXPECT_EQ(test, rest, 0);
	KUNIT_EXPECT_GT(test, ktime_to_ns(ktime_sub(after, before)), 0);
	KUNIT_EXPECT_LE(test, ktime_to_ns(ktime_sub(after, now)),
			200 * MSEC_TICKS);
}

static void masked_periodic_timer_rests(struct kunit *test)
{
	u32 lvtt = 0x31 | APIC_LVT_TIMER_PERIODIC;
	struct kev_vcpu *vcpu = timer_vcpu(test, lvtt | APIC_LVT_MASKED);

	x86_lapic_write(vcpu, APIC_TMICT, MSEC_TICKS);
	KUNIT_EXPECT_TRUE(test, timer_rests(vcpu));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
	x86_lapic_write(vcpu, APIC_LVTT, lvtt);
	msleep(20);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
}

static void resting_timer_that_becomes_one_shot_expires_once(struct kunit *test)
{
	struct kev_vcpu *vcpu = timer_vcpu(test, 0x31 |
					   APIC_LVT_TIMER_PERIODIC);

	x86_lapic_write(vcpu, APIC_TMICT, MSEC_TICKS);
	KUNIT_EXPECT_TRUE(test, timer_rests(vcpu));
	x86_lapic_write(vcpu, APIC_LVTT, 0x32);
	KUNIT_EXPECT_TRUE(test, timer_rests(vcpu));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x32));
	x86_lapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
	msleep(20);
	KUNIT_EXPECT_FALSE(test, x86_requested(vcpu, 0x32));
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TMCCT), 0);
}

/* More than one interrupt of the host serves: none is lost. */
static void timers_that_expire_together_all_do(struct kunit *test)
{
	struct kev_machine *machine = x86_machine(test, 300);
	unsigned int waiting = 300;
	struct kev_vcpu *vcpu;
	unsigned int tries;
	unsigned long id;

	xa_for_each(&machine->vcpus, id, vcpu) {
		x86_lapic_enable(vcpu);
		x86_lapic_write(vcpu, APIC_TDCR, APIC_TDR_DIV_1);
		x86_lapic_write(vcpu, APIC_LVTT, 0x31);
	}
	xa_for_each(&machine->vcpus, id, vcpu)
		x86_lapic_write(vcpu, APIC_TMICT, 100 * MSEC_TICKS);
	/* Those that this CPU has to serve are all late, and come together. */
	local_irq_disable();
	mdelay(300);
	local_irq_enable();

	for (tries = 0; waiting && tries < 500; tries++) {
		msleep(20);
		waiting = 0;
		xa_for_each(&machine->vcpus, id, vcpu)
			waiting += !x86_requested(vcpu, 0x31);
	}
	KUNIT_EXPECT_EQ(test, waiting, 0);
}

static void masked_timer_counts_in_silence(struct kunit *test)
{
	struct kev_vcpu *vcpu = timer_vcpu(test, 0x31 | APIC_LVT_MASKED);

	x86_lapic_write(vcpu, APIC_TMICT, MSEC_TICKS);
	msleep(20);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TMCCT), 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static void divisor_stretches_what_is_left(struct kunit *test)
{
	struct kev_vcpu *vcpu = timer_vcpu(test, 0x31);
	u32 before, after;

	x86_lapic_write(vcpu, APIC_TMICT, 0xf0000000);
	before = x86_lapic_read(vcpu, APIC_TMCCT);
	x86_lapic_write(vcpu, APIC_TDCR, APIC_TDR_DIV_128);
	after = x86_lapic_read(vcpu, APIC_TMCCT);
	KUNIT_EXPECT_LE(test, after, before);
	KUNIT_EXPECT_GT(test, after, before / 2);
	KUNIT_EXPECT_GT(test, before, 0x80000000);
}

static void period_has_a_lower_bound(struct kunit *test)
{
	struct kev_vcpu *vcpu = timer_vcpu(test, 0x31 |
					   APIC_LVT_TIMER_PERIODIC);
	u32 most = 0;
	unsigned int i;

	x86_lapic_write(vcpu, APIC_TMICT, 1);
	for (i = 0; i < 100; i++)
		most = max(most, x86_lapic_read(vcpu, APIC_TMCCT));
	x86_lapic_write(vcpu, APIC_TMICT, 0);
	KUNIT_EXPECT_GT(test, most, 1);
	KUNIT_EXPECT_LE(test, most, 200000);
}

static void timer_survives_a_round_trip(struct kunit *test)
{
	struct kev_vcpu *vcpu = timer_vcpu(test, 0x31);
	struct kvm_lapic_state *s;
	u32 *regs;

	s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);
	regs = (u32 *)s->regs;

	x86_lapic_write(vcpu, APIC_TMICT, 0xf0000000);
	KUNIT_EXPECT_EQ(test, kev_lapic_get_state(vcpu, s), 0);
	KUNIT_EXPECT_GT(test, regs[APIC_TMCCT / 4], 0);
	KUNIT_EXPECT_LE(test, regs[APIC_TMCCT / 4], 0xf0000000);
	regs[APIC_TMCCT / 4] = 0x1000;
	KUNIT_EXPECT_EQ(test, kev_lapic_set_state(vcpu, s), 0);
	msleep(20);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(0x31));
}

static void reset_stops_the_timer(struct kunit *test)
{
	struct kev_vcpu *vcpu = timer_vcpu(test, 0x31 |
					   APIC_LVT_TIMER_PERIODIC);

	x86_lapic_write(vcpu, APIC_TMICT, 0xf0000000);
	send(vcpu, KEV_DM_INIT, 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), INIT);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TMCCT), 0);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TMICT), 0);
}

/* MP state */

static const struct mp_case {
	const char *name;
	u32 state;
	int ret;
	u32 read;
} mp_cases[] = {
	{ "runnable", KVM_MP_STATE_RUNNABLE, 0, KVM_MP_STATE_RUNNABLE },
	{ "uninitialized", KVM_MP_STATE_UNINITIALIZED, 0,
	  KVM_MP_STATE_UNINITIALIZED },
	{ "halted", KVM_MP_STATE_HALTED, 0, KVM_MP_STATE_HALTED },
	{ "init_received", KVM_MP_STATE_INIT_RECEIVED, 0,
	  KVM_MP_STATE_INIT_RECEIVED },
	{ "sipi_received_runs", KVM_MP_STATE_SIPI_RECEIVED, 0,
	  KVM_MP_STATE_RUNNABLE },
	{ "other_architectures_stopped", KVM_MP_STATE_STOPPED, -EINVAL,
	  KVM_MP_STATE_UNINITIALIZED },
	{ "unknown", 1000, -EINVAL, KVM_MP_STATE_UNINITIALIZED },
};

x86_case_desc(mp_cases);

static void mp_state_is_kept(struct kunit *test)
{
	const struct mp_case *c = test->param_value;
	struct kev_machine *machine = x86_machine(test, 2);
	struct kev_vcpu *vcpu = x86_vcpu(test, machine, 1);
	struct kvm_mp_state state = { .mp_state = c->state };

	KUNIT_EXPECT_EQ(test, x86_vcpu_ioctl(vcpu, KVM_SET_MP_STATE, &state, 0),
			c->ret);
	KUNIT_EXPECT_EQ(test, x86_vcpu_ioctl(vcpu, KVM_GET_MP_STATE, &state, 0),
			0);
	KUNIT_EXPECT_EQ(test, state.mp_state, c->read);
}

/* Without in-kernel chips */

static void cpu_without_lapic_takes_what_ioctls_queue(struct kunit *test)
{
	struct kvm_mp_state halted = { .mp_state = KVM_MP_STATE_HALTED };
	struct kvm_interrupt intr = { .irq = 0x22 };
	struct kev_vcpu *vcpu;
	struct kev_machine *machine;
	u64 val = 0;

	machine = kev_machine_create(&kev_x86_machine, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(machine));
	vcpu = kev_vcpu_create(machine, 0);
	if (!IS_ERR(vcpu)) {
		KUNIT_EXPECT_EQ(test, kev_lapic_mmio_write(vcpu, X86_LAPIC_BASE,
							   4, &val),
				-EOPNOTSUPP);
		KUNIT_EXPECT_EQ(test, x86_vcpu_ioctl(vcpu, KVM_GET_LAPIC, NULL,
						     0), -EINVAL);
		KUNIT_EXPECT_EQ(test, x86_vcpu_ioctl(vcpu, KVM_SET_MP_STATE,
						     &halted, 0), -EINVAL);
		KUNIT_EXPECT_EQ(test, x86_vcpu_ioctl(vcpu, KVM_INTERRUPT, &intr,
						     0), 0);
		intr.irq = 0x23;
		KUNIT_EXPECT_EQ(test, x86_vcpu_ioctl(vcpu, KVM_INTERRUPT, &intr,
						     0), 0);
		KUNIT_EXPECT_EQ(test, x86_vcpu_ioctl(vcpu, KVM_NMI, NULL, 0), 0);
		KUNIT_EXPECT_EQ(test, x86_ack(vcpu), NMI);
		KUNIT_EXPECT_EQ(test, x86_ack(vcpu), EXTINT(0x23));
		KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
	}
	kev_machine_put(machine);
}

static struct kunit_case lapic_cases[] = {
	KUNIT_CASE_PARAM(register_after_reset, reset_cases_gen_params),
	KUNIT_CASE_PARAM(register_keeps_what_a_guest_may_write,
			 write_cases_gen_params),
	KUNIT_CASE(disabling_masks_every_lvt),
	KUNIT_CASE_PARAM(access_of_the_page, access_cases_gen_params),
	KUNIT_CASE(access_outside_of_the_page_is_not_taken),
	KUNIT_CASE_PARAM(priority_decides, priority_cases_gen_params),
	KUNIT_CASE(lowering_tpr_makes_it_pending),
	KUNIT_CASE(eoi_ends_the_highest_in_service),
	KUNIT_CASE(eoi_with_nothing_in_service_is_harmless),
	KUNIT_CASE(vectors_come_highest_first),
	KUNIT_CASE(software_disabled_takes_no_vector),
	KUNIT_CASE(disabling_keeps_what_was_requested),
	KUNIT_CASE(requested_twice_is_taken_once),
	KUNIT_CASE(requested_again_in_service_comes_again),
	KUNIT_CASE_PARAM(trigger_mode_goes_to_tmr, trigger_cases_gen_params),
	KUNIT_CASE(edge_after_level_clears_tmr),
	KUNIT_CASE_PARAM(delivery_mode_decides_what_is_taken,
			 mode_cases_gen_params),
	KUNIT_CASE(events_come_before_interrupts),
	KUNIT_CASE(init_drops_what_waits_and_resets),
	KUNIT_CASE(second_sipi_is_lost),
	KUNIT_CASE(boot_cpu_takes_no_sipi),
	KUNIT_CASE(nmis_do_not_queue_up),
	KUNIT_CASE_PARAM(lint0_decides_about_extint, lint0_cases_gen_params),
	KUNIT_CASE(intr_follows_lint0),
	KUNIT_CASE(split_chip_queues_one_extint),
	KUNIT_CASE(set_state_computes_what_follows),
	KUNIT_CASE(state_survives_a_round_trip),
	KUNIT_CASE(one_shot_timer_expires_once),
	KUNIT_CASE(periodic_timer_expires_again),
	KUNIT_CASE(periodic_timer_rests_while_it_is_requested),
	KUNIT_CASE(resumed_timer_keeps_its_phase),
	KUNIT_CASE(masked_periodic_timer_rests),
	KUNIT_CASE(resting_timer_that_becomes_one_shot_expires_once),
	KUNIT_CASE(timers_that_expire_together_all_do),
	KUNIT_CASE(masked_timer_counts_in_silence),
	KUNIT_CASE(divisor_stretches_what_is_left),
	KUNIT_CASE(period_has_a_lower_bound),
	KUNIT_CASE(timer_survives_a_round_trip),
	KUNIT_CASE(reset_stops_the_timer),
	KUNIT_CASE_PARAM(mp_state_is_kept, mp_cases_gen_params),
	KUNIT_CASE(cpu_without_lapic_takes_what_ioctls_queue),
	{ }
};

static struct kunit_suite lapic_suite = {
	.name		= "kev_lapic",
	.test_cases	= lapic_cases,
};
kunit_test_suite(lapic_suite);
