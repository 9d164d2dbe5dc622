// SPDX-License-Identifier: GPL-2.0
/* What a CPU reaches by number: the APIC's base, x2APIC's registers, the deadline. */
#include "fault.h"

#define MSR_BASE	0x1b
#define MSR_DEADLINE	0x6e0
#define MSR_X2(reg)	(0x800 + ((reg) >> 4))
#define X2_SELF_IPI	0x3f0

#define BASE_X2APIC	(1u << 10)
#define LVTT_DEADLINE	(2u << 17)

static long wrmsr(struct env *env, uint32_t msr, uint64_t value)
{
	return __vcpu_write(env->m.vcpu[0], KVM_EVENTFD_OFF_MSR + msr, value,
			    8);
}

static long rdmsr(struct env *env, uint32_t msr)
{
	uint64_t value;

	return __vcpu_read(env->m.vcpu[0], KVM_EVENTFD_OFF_MSR + msr, &value,
			   8);
}

static long enter_x2apic(struct env *env)
{
	uint64_t base = vcpu_read(env->m.vcpu[0],
				  KVM_EVENTFD_OFF_MSR + MSR_BASE, 8);

	return wrmsr(env, MSR_BASE, base | BASE_X2APIC);
}

static void in_x2apic(struct env *env)
{
	kev_assert(enter_x2apic(env) == 8, "x2APIC mode");
}

static long read_base(struct env *env)
{
	return rdmsr(env, MSR_BASE);
}

static long read_id(struct env *env)
{
	return rdmsr(env, MSR_X2(KEV_APIC_ID));
}

/* The map of destinations follows the mode, with the next message. */
static long send_ipi(struct env *env)
{
	return wrmsr(env, MSR_X2(KEV_APIC_ICR), 1ull << 32 | 0x51);
}

static long send_ipi_to_all(struct env *env)
{
	return wrmsr(env, MSR_X2(KEV_APIC_ICR), 0xffffffffull << 32 | 0x51);
}

static long send_to_self(struct env *env)
{
	return wrmsr(env, MSR_X2(X2_SELF_IPI), 0x51);
}

/* Switched off, a LAPIC is no destination any more. */
static long switch_off(struct env *env)
{
	return wrmsr(env, MSR_X2(KEV_APIC_SPIV), 0xff);
}

static void in_deadline_mode(struct env *env)
{
	lapic_write_reg(env->m.vcpu[0], KEV_APIC_LVTT, LVTT_DEADLINE | 0x61);
}

static long set_deadline(struct env *env)
{
	return wrmsr(env, MSR_DEADLINE, UINT64_MAX / 2);
}

static long read_deadline(struct env *env)
{
	return rdmsr(env, MSR_DEADLINE);
}

/* A line that a resampling irqfd raised, and that the CPU took. */
static void take_level(struct env *env)
{
	in_x2apic(env);
	kev_assert(wrmsr(env, MSR_X2(KEV_APIC_SPIV), 0x1ff) == 8, "SPIV");
	ioapic_set_rte(env->m.vm, 5, KEV_RTE_LEVEL | 0x51);
	irqfd_assign_resample(env->m.vm, env->efd[0], 5, env->efd[1]);
	kev_signal(env->efd[0]);
	kev_assert(lapic_wait_irr(env->m.vcpu[0], 0x51), "the line came");
	ack_interrupt(env->m.vcpu[0]);
}

static long end_level(struct env *env)
{
	return wrmsr(env, MSR_X2(KEV_APIC_EOI), 0);
}

static const struct site msr_sites[] = {
	{ "MSR, read of the APIC's base", KEV_CHIP_FULL, 1, 0, NULL,
	  read_base },
	{ "MSR, x2APIC mode", KEV_CHIP_FULL, 2, 0, NULL, enter_x2apic },
	{ "MSR, read of the x2APIC's id", KEV_CHIP_FULL, 1, 0, in_x2apic,
	  read_id },
	{ "MSR, x2APIC switched off", KEV_CHIP_FULL, 2, 0, in_x2apic,
	  switch_off },
	{ "MSR, IPI after a change of mode", KEV_CHIP_FULL, 2, 0, in_x2apic,
	  send_ipi },
	{ "MSR, IPI to all", KEV_CHIP_FULL, 2, 0, in_x2apic,
	  send_ipi_to_all },
	{ "MSR, IPI to itself", KEV_CHIP_FULL, 1, 0, in_x2apic, send_to_self },
	{ "MSR, deadline", KEV_CHIP_FULL, 1, 0, in_deadline_mode,
	  set_deadline },
	{ "MSR, read of the deadline", KEV_CHIP_FULL, 1, 0, in_deadline_mode,
	  read_deadline },
	{ "MSR, EOI that resamples", KEV_CHIP_FULL, 1, SITE_ASYNC, take_level,
	  end_level },
};

FAULT_SITES(msr_sites);
