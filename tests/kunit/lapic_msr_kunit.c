// SPDX-License-Identifier: GPL-2.0
/* The local APIC by MSRs: modes, what faults, what is sent, the TSC deadline. */
#include <kunit/test.h>
#include <linux/kvm.h>
#include <linux/xarray.h>

#include <asm/apicdef.h>
#include <asm/msr-index.h>

#include <kev/base/compat.h>
#include <kev/machine/vcpu.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

#include "x86_fixture.h"

#define VECTOR		0x41
#define FIXED(vector)	(KVM_EVENTFD_INTR_FIXED << 8 | (vector))
#define FAULT		(-EPERM)

#define BSP		MSR_IA32_APICBASE_BSP
#define ENABLE		MSR_IA32_APICBASE_ENABLE
#define X2APIC		X2APIC_ENABLE
#define OFF_BASE	(X86_LAPIC_BASE | BSP)
#define XAPIC_BASE	(OFF_BASE | ENABLE)
#define X2APIC_BASE	(XAPIC_BASE | X2APIC)

#define REG(offset)	(APIC_BASE_MSR + ((offset) >> 4))
#define SELF_IPI	0x3f0
#define DEADLINE_MODE	(2 << 17)
#define FAR		(~0ULL >> 1)

static int wrmsr_(struct kev_vcpu *vcpu, u32 msr, u64 val)
{
	return kev_lapic_msr_write(vcpu, msr, val);
}

static u64 rdmsr_(struct kunit *test, struct kev_vcpu *vcpu, u32 msr)
{
	u64 val = 0;

	KUNIT_EXPECT_EQ(test, kev_lapic_msr_read(vcpu, msr, &val), 0);

	return val;
}

static struct kev_vcpu *one_vcpu(struct kunit *test)
{
	return x86_vcpu(test, x86_machine(test, 1), 0);
}

static void enter_x2apic(struct kunit *test, struct kev_vcpu *vcpu)
{
	u64 base = rdmsr_(test, vcpu, MSR_IA32_APICBASE);

	KUNIT_ASSERT_EQ(test, wrmsr_(vcpu, MSR_IA32_APICBASE, base | X2APIC), 0);
	KUNIT_ASSERT_EQ(test, wrmsr_(vcpu, REG(APIC_SPIV), X86_SPIV_ENABLED), 0);
}

static struct kev_vcpu *x2apic_vcpu(struct kunit *test)
{
	struct kev_vcpu *vcpu = one_vcpu(test);

	enter_x2apic(test, vcpu);

	return vcpu;
}

/* The base */

static const struct base_case {
	const char *name;
	u64 from;
	u64 to;
	int ret;
} base_cases[] = {
	{ "xapic_stays", XAPIC_BASE, XAPIC_BASE, 0 },
	{ "xapic_to_x2apic", XAPIC_BASE, X2APIC_BASE, 0 },
	{ "xapic_to_off", XAPIC_BASE, OFF_BASE, 0 },
	{ "x2apic_stays", X2APIC_BASE, X2APIC_BASE, 0 },
	{ "x2apic_to_off", X2APIC_BASE, OFF_BASE, 0 },
	{ "x2apic_to_xapic_faults", X2APIC_BASE, XAPIC_BASE, FAULT },
	{ "off_stays", OFF_BASE, OFF_BASE, 0 },
	{ "off_to_xapic", OFF_BASE, XAPIC_BASE, 0 },
	{ "off_to_x2apic_faults", OFF_BASE, X2APIC_BASE, FAULT },
	{ "x2apic_without_enable_faults", XAPIC_BASE, OFF_BASE | X2APIC, FAULT },
	{ "page_moves", XAPIC_BASE, 0xfef00000 | ENABLE, 0 },
	{ "boot_cpu_bit_is_the_guests", XAPIC_BASE, XAPIC_BASE & ~BSP, 0 },
	{ "reserved_bit_0_faults", XAPIC_BASE, XAPIC_BASE | BIT(0), FAULT },
	{ "reserved_bit_9_faults", XAPIC_BASE, XAPIC_BASE | BIT(9), FAULT },
	{ "bit_51_is_an_address", XAPIC_BASE, XAPIC_BASE | BIT_ULL(51), 0 },
	{ "bit_52_faults", XAPIC_BASE, XAPIC_BASE | BIT_ULL(52), FAULT },
};

x86_case_desc(base_cases);

static void base_is_checked(struct kunit *test)
{
	const struct base_case *c = test->param_value;
	struct kev_vcpu *vcpu = one_vcpu(test);

	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, MSR_IA32_APICBASE), XAPIC_BASE);
	KUNIT_ASSERT_EQ(test, wrmsr_(vcpu, MSR_IA32_APICBASE, c->from), 0);
	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, MSR_IA32_APICBASE, c->to), c->ret);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, MSR_IA32_APICBASE),
			c->ret ? c->from : c->to);
}

static void page_follows_the_base(struct kunit *test)
{
	struct kev_vcpu *vcpu = one_vcpu(test);
	u64 val = 0;

	KUNIT_EXPECT_EQ(test, vcpu->private_page, X86_LAPIC_BASE >> 12);
	KUNIT_ASSERT_EQ(test, wrmsr_(vcpu, MSR_IA32_APICBASE,
				     0xfef00000 | ENABLE), 0);
	KUNIT_EXPECT_EQ(test, vcpu->private_page, 0xfef00ULL);
	KUNIT_EXPECT_EQ(test, kev_lapic_mmio_read(vcpu, X86_LAPIC_BASE + APIC_SPIV,
						  4, &val), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, kev_lapic_mmio_read(vcpu, 0xfef00000 + APIC_SPIV,
						  4, &val), 0);
	KUNIT_EXPECT_EQ(test, val, 0xffULL);
}

static void page_is_gone_in_x2apic_mode(struct kunit *test)
{
	struct kev_vcpu *vcpu = x2apic_vcpu(test);

	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_SPIV), ~0U);
	x86_lapic_write(vcpu, APIC_TASKPRI, 0x50);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, REG(APIC_TASKPRI)), 0ULL);
}

static void ids_follow_the_mode(struct kunit *test)
{
	struct kev_machine *machine = x86_machine(test, 1);
	struct kev_vcpu *vcpu = x86_add_vcpu(test, machine, 0x123);

	x86_lapic_write(vcpu, APIC_ID, 7 << 24);
	x86_lapic_write(vcpu, APIC_LDR, 8 << 24);
	x86_lapic_write(vcpu, APIC_TASKPRI, 0x30);
	enter_x2apic(test, vcpu);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, REG(APIC_ID)), 0x123ULL);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, REG(APIC_LDR)), 0x120008ULL);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, REG(APIC_TASKPRI)), 0x30ULL);

	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, MSR_IA32_APICBASE, X86_LAPIC_BASE), 0);
	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, MSR_IA32_APICBASE,
				     X86_LAPIC_BASE | ENABLE), 0);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_ID), 0x23 << 24);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TASKPRI), 0x30);
}

/* Registers */

static const struct msr_write_case {
	const char *name;
	unsigned int offset;
	u64 val;
	int ret;
} msr_write_cases[] = {
	{ "tpr", APIC_TASKPRI, 0x20, 0 },
	{ "tpr_upper_half_faults", APIC_TASKPRI, BIT_ULL(32), FAULT },
	{ "spiv", APIC_SPIV, 0xff, 0 },
	{ "eoi", APIC_EOI, 0, 0 },
	{ "esr_is_cleared", APIC_ESR, 0, 0 },
	{ "esr_takes_nothing_else", APIC_ESR, 1, FAULT },
	{ "self_ipi", SELF_IPI, VECTOR, 0 },
	{ "self_ipi_is_a_vector", SELF_IPI, 0x100 | VECTOR, FAULT },
	{ "icr_with_a_long_destination", APIC_ICR, 0x1234567800000000 | VECTOR, 0 },
	{ "icr_bit_13_faults", APIC_ICR, BIT(13), FAULT },
	{ "icr_bit_16_faults", APIC_ICR, BIT(16), FAULT },
	{ "icr_bit_20_faults", APIC_ICR, BIT(20), FAULT },
	{ "icr_bit_31_faults", APIC_ICR, BIT_ULL(31), FAULT },
	{ "icr2_is_no_register", APIC_ICR2, 0, FAULT },
	{ "divide", APIC_TDCR, 0xb, 0 },
	{ "initial_count", APIC_TMICT, 0, 0 },
	{ "current_count_is_read_only", APIC_TMCCT, 0, FAULT },
	{ "id_is_read_only", APIC_ID, 0, FAULT },
	{ "version_is_read_only", APIC_LVR, 0, FAULT },
	{ "logical_id_is_read_only", APIC_LDR, 0, FAULT },
	{ "no_dfr", APIC_DFR, 0, FAULT },
	{ "ppr_is_read_only", APIC_PROCPRI, 0, FAULT },
	{ "irr_is_read_only", APIC_IRR, 0, FAULT },
	{ "no_cmci", APIC_LVTCMCI, 0, FAULT },
	{ "beyond_the_registers", 0xff0, 0, FAULT },
};

x86_case_desc(msr_write_cases);

static void write_is_checked(struct kunit *test)
{
	const struct msr_write_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, wrmsr_(x2apic_vcpu(test), REG(c->offset), c->val),
			c->ret);
}

static const struct msr_read_case {
	const char *name;
	unsigned int offset;
	int ret;
	u64 val;
} msr_read_cases[] = {
	{ "id", APIC_ID, 0, 0 },
	{ "version", APIC_LVR, 0, 0x1050014 },
	{ "logical_id", APIC_LDR, 0, 1 },
	{ "spiv", APIC_SPIV, 0, X86_SPIV_ENABLED },
	{ "ppr", APIC_PROCPRI, 0, 0 },
	{ "last_of_irr", APIC_IRR + 0x70, 0, 0 },
	{ "icr", APIC_ICR, 0, 0 },
	{ "current_count", APIC_TMCCT, 0, 0 },
	{ "no_dfr", APIC_DFR, FAULT, 0 },
	{ "no_arbitration_priority", APIC_ARBPRI, FAULT, 0 },
	{ "no_icr2", APIC_ICR2, FAULT, 0 },
	{ "eoi_cannot_be_read", APIC_EOI, FAULT, 0 },
	{ "self_ipi_cannot_be_read", SELF_IPI, FAULT, 0 },
	{ "beyond_the_registers", 0xff0, FAULT, 0 },
};

x86_case_desc(msr_read_cases);

static void read_is_checked(struct kunit *test)
{
	const struct msr_read_case *c = test->param_value;
	u64 val = 0;

	KUNIT_EXPECT_EQ(test, kev_lapic_msr_read(x2apic_vcpu(test),
						 REG(c->offset), &val), c->ret);
	KUNIT_EXPECT_EQ(test, val, c->val);
}

static void msrs_need_x2apic_mode(struct kunit *test)
{
	struct kev_vcpu *vcpu = one_vcpu(test);
	u64 val;

	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, REG(APIC_TASKPRI), 0x20), FAULT);
	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, REG(APIC_ICR), VECTOR), FAULT);
	KUNIT_EXPECT_EQ(test, kev_lapic_msr_read(vcpu, REG(APIC_TASKPRI), &val),
			FAULT);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(vcpu, APIC_TASKPRI), 0);

	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, MSR_IA32_APICBASE, OFF_BASE), 0);
	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, REG(APIC_TASKPRI), 0x20), FAULT);
	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, MSR_EFER, 0), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, kev_lapic_msr_read(vcpu, MSR_EFER, &val),
			-EOPNOTSUPP);
}

/* IPIs */

#define CPUS		4
#define TO(id)		((u64)(id) << 32)

static const struct x2apic_ipi_case {
	const char *name;
	unsigned int offset;
	u64 val;
	u32 cpus;
} x2apic_ipi_cases[] = {
	{ "physical", APIC_ICR, TO(2) | VECTOR, 0x4 },
	{ "absent", APIC_ICR, TO(9) | VECTOR, 0 },
	{ "destination_has_32_bits", APIC_ICR, TO(0x102) | VECTOR, 0 },
	{ "broadcast", APIC_ICR, TO(~0U) | VECTOR, 0xf },
	{ "0xff_is_an_id", APIC_ICR, TO(0xff) | VECTOR, 0 },
	{ "logical", APIC_ICR, TO(0xc) | APIC_DEST_LOGICAL | VECTOR, 0xc },
	{ "logical_of_another_cluster", APIC_ICR,
	  TO(0x1000c) | APIC_DEST_LOGICAL | VECTOR, 0 },
	{ "self", APIC_ICR, APIC_DEST_SELF | VECTOR, 0x2 },
	{ "all", APIC_ICR, APIC_DEST_ALLINC | VECTOR, 0xf },
	{ "all_but_self", APIC_ICR, APIC_DEST_ALLBUT | VECTOR, 0xd },
	{ "self_ipi_register", SELF_IPI, VECTOR, 0x2 },
};

x86_case_desc(x2apic_ipi_cases);

static void x2apic_ipi_finds_its_cpus(struct kunit *test)
{
	const struct x2apic_ipi_case *c = test->param_value;
	struct kev_machine *machine = x86_machine(test, CPUS);
	struct kev_vcpu *vcpu;
	unsigned long id;
	u32 cpus = 0;

	xa_for_each(&machine->vcpus, id, vcpu)
		enter_x2apic(test, vcpu);
	KUNIT_EXPECT_EQ(test, wrmsr_(x86_vcpu(test, machine, 1), REG(c->offset),
				     c->val), 0);
	xa_for_each(&machine->vcpus, id, vcpu)
		if (x86_ack(vcpu) == FIXED(VECTOR))
			cpus |= BIT(id);
	KUNIT_EXPECT_EQ(test, cpus, c->cpus);
}

static void icr_reads_as_written(struct kunit *test)
{
	struct kev_vcpu *vcpu = x2apic_vcpu(test);

	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, REG(APIC_ICR), TO(0x12345678) |
				     APIC_ICR_BUSY | VECTOR), 0);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, REG(APIC_ICR)),
			TO(0x12345678) | VECTOR);
}

static void init_keeps_ids_and_the_destination(struct kunit *test)
{
	struct kev_machine *machine = x86_machine(test, 2);
	struct kev_vcpu *vcpu = x86_vcpu(test, machine, 1);

	enter_x2apic(test, vcpu);
	wrmsr_(vcpu, REG(APIC_ICR), TO(0x12345678) | VECTOR);
	wrmsr_(vcpu, REG(APIC_TASKPRI), 0x20);
	x86_lapic_write(x86_vcpu(test, machine, 0), APIC_ICR2, 1 << 24);
	x86_lapic_write(x86_vcpu(test, machine, 0), APIC_ICR, APIC_DM_INIT);
	KUNIT_EXPECT_GE(test, x86_ack(vcpu), 0);

	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, REG(APIC_TASKPRI)), 0ULL);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, REG(APIC_ID)), 1ULL);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, REG(APIC_LDR)), 2ULL);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, REG(APIC_ICR)), TO(0x12345678));
}

/* The TSC deadline */

static void deadline_needs_its_mode(struct kunit *test)
{
	struct kev_vcpu *vcpu = x2apic_vcpu(test);

	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, MSR_IA32_TSC_DEADLINE, FAR), 0);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, MSR_IA32_TSC_DEADLINE), 0ULL);

	wrmsr_(vcpu, REG(APIC_LVTT), DEADLINE_MODE | VECTOR);
	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, MSR_IA32_TSC_DEADLINE, FAR), 0);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, MSR_IA32_TSC_DEADLINE), FAR);
	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, REG(APIC_TMICT), 100), 0);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, REG(APIC_TMICT)), 0ULL);

	/* Another mode forgets it. */
	wrmsr_(vcpu, REG(APIC_LVTT), VECTOR);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, MSR_IA32_TSC_DEADLINE), 0ULL);
	wrmsr_(vcpu, REG(APIC_LVTT), DEADLINE_MODE | VECTOR);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, MSR_IA32_TSC_DEADLINE), 0ULL);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static void deadline_in_the_past_fires_at_once(struct kunit *test)
{
	struct kev_vcpu *vcpu = x2apic_vcpu(test);

	wrmsr_(vcpu, REG(APIC_LVTT), DEADLINE_MODE | VECTOR);
	KUNIT_EXPECT_EQ(test, wrmsr_(vcpu, MSR_IA32_TSC_DEADLINE, 1), 0);
	KUNIT_EXPECT_EQ(test, rdmsr_(test, vcpu, MSR_IA32_TSC_DEADLINE), 0ULL);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(VECTOR));
	wrmsr_(vcpu, REG(APIC_EOI), 0);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static struct kunit_case lapic_msr_test_cases[] = {
	KUNIT_CASE_PARAM(base_is_checked, base_cases_gen_params),
	KUNIT_CASE(page_follows_the_base),
	KUNIT_CASE(page_is_gone_in_x2apic_mode),
	KUNIT_CASE(ids_follow_the_mode),
	KUNIT_CASE_PARAM(write_is_checked, msr_write_cases_gen_params),
	KUNIT_CASE_PARAM(read_is_checked, msr_read_cases_gen_params),
	KUNIT_CASE(msrs_need_x2apic_mode),
	KUNIT_CASE_PARAM(x2apic_ipi_finds_its_cpus, x2apic_ipi_cases_gen_params),
	KUNIT_CASE(icr_reads_as_written),
	KUNIT_CASE(init_keeps_ids_and_the_destination),
	KUNIT_CASE(deadline_needs_its_mode),
	KUNIT_CASE(deadline_in_the_past_fires_at_once),
	{}
};

static struct kunit_suite lapic_msr_test_suite = {
	.name		= "kev_lapic_msr",
	.test_cases	= lapic_msr_test_cases,
};

kunit_test_suite(lapic_msr_test_suite);
