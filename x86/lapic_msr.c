// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC's MSRs: its base and mode, the registers of x2APIC mode, and
 * the TSC deadline.
 *
 * The node calls in with what the guest's RDMSR and WRMSR would be.  What a
 * register means is in lapic.c and lapic_regs.c; here is only what differs
 * when it is reached by a number: which ones exist, which bits are reserved,
 * and what the CPU answers with #GP.
 */
#include <linux/kernel.h>
#include <linux/spinlock.h>

#include <asm/apicdef.h>
#include <asm/msr-index.h>

#include <kev/machine/vcpu.h>
#include <kev/x86/lapic.h>
#include <kev/x86/lapic_internal.h>
#include <kev/x86/machine.h>

/* What stands for #GP. */
#define FAULT			(-EPERM)

#define X2APIC_MSRS		0x100
#define X2APIC_SELF_IPI		0x3f0

#define BASE_RESERVED		(0x2ffULL | ~(BIT_ULL(KVM_EVENTFD_GPA_BITS) - 1))
#define BASE_MODE		(X2APIC_ENABLE | MSR_IA32_APICBASE_ENABLE)

/* Bits of the ICR that x2APIC mode does not have. */
#define ICR_RESERVED		(GENMASK_ULL(31, 20) | GENMASK_ULL(17, 16) | BIT_ULL(13))

static enum kev_lapic_mode mode_of(u64 base)
{
	if (!(base & MSR_IA32_APICBASE_ENABLE))
		return KEV_LAPIC_OFF;

	return base & X2APIC_ENABLE ? KEV_LAPIC_X2APIC : KEV_LAPIC_XAPIC;
}

/* Out of x2APIC mode, and into it from off, there is no direct way. */
static bool base_is_valid(u64 old, u64 base)
{
	if (base & BASE_RESERVED || (base & BASE_MODE) == X2APIC_ENABLE)
		return false;
	if (mode_of(old) == KEV_LAPIC_X2APIC && mode_of(base) == KEV_LAPIC_XAPIC)
		return false;

	return mode_of(old) != KEV_LAPIC_OFF || mode_of(base) != KEV_LAPIC_X2APIC;
}

/* Registers keep their values while the LAPIC is off; only the id is reset. */
static void load_base(struct kev_lapic *apic, u64 base)
{
	enum kev_lapic_mode before = mode_of(apic->base);
	enum kev_lapic_mode mode = mode_of(base);
	u32 id = apic->vcpu->id;

	lockdep_assert_held(&apic->lock);

	if (mode != before && mode == KEV_LAPIC_XAPIC) {
		kev_lapic_set_reg(apic, APIC_ID, id << 24);
	} else if (mode != before && mode == KEV_LAPIC_X2APIC) {
		kev_lapic_set_reg(apic, APIC_ID, id);
		kev_lapic_set_reg(apic, APIC_LDR, kev_lapic_x2apic_ldr(id));
	}
	WRITE_ONCE(apic->base, base);
	WRITE_ONCE(apic->mode, mode);
	WRITE_ONCE(apic->vcpu->private_page, base >> 12);
}

static int write_base(struct kev_lapic *apic, u64 base)
{
	struct kev_lapic_change change;
	int ret = FAULT;

	kev_lapic_change_begin(apic, &change);
	if (base_is_valid(apic->base, base)) {
		load_base(apic, base);
		ret = 0;
	}
	kev_lapic_change_end(apic, &change);

	return ret;
}

static int write_deadline(struct kev_lapic *apic, u64 tsc)
{
	unsigned long flags;

	spin_lock_irqsave(&apic->lock, flags);
	if (kev_lapic_mode_present(apic->mode))
		kev_lapic_timer_set_deadline(apic, tsc);
	spin_unlock_irqrestore(&apic->lock, flags);

	return 0;
}

static u64 read_deadline(struct kev_lapic *apic)
{
	unsigned long flags;
	u64 tsc = 0;

	spin_lock_irqsave(&apic->lock, flags);
	if (kev_lapic_mode_present(apic->mode))
		tsc = apic->timer.tsc_deadline;
	spin_unlock_irqrestore(&apic->lock, flags);

	return tsc;
}

static int write_low(struct kev_lapic *apic, unsigned int offset, u32 val)
{
	switch (offset) {
	case APIC_EOI:
		kev_lapic_eoi(apic);
		return 0;
	case APIC_ESR:
		return val ? FAULT : 0;
	case X2APIC_SELF_IPI:
		if (val & ~APIC_VECTOR_MASK)
			return FAULT;
		kev_lapic_send_ipi(apic, APIC_DEST_SELF | val, 0);
		return 0;
	case APIC_TASKPRI:
	case APIC_SPIV:
	case APIC_LVTT:
	case APIC_LVTTHMR:
	case APIC_LVTPC:
	case APIC_LVT0:
	case APIC_LVT1:
	case APIC_LVTERR:
	case APIC_TMICT:
	case APIC_TDCR:
		kev_lapic_write_reg(apic, offset, val);
		return 0;
	default:
		return FAULT;
	}
}

static int write_x2apic(struct kev_lapic *apic, unsigned int offset, u64 val)
{
	if (READ_ONCE(apic->mode) != KEV_LAPIC_X2APIC)
		return FAULT;

	if (offset == APIC_ICR) {
		if (val & ICR_RESERVED)
			return FAULT;
		kev_lapic_write_icr(apic, val, val >> 32);
		return 0;
	}
	if (val >> 32)
		return FAULT;

	return write_low(apic, offset, val);
}

/* ARBPRI, DFR and the upper half of the ICR are an xAPIC's alone. */
static int read_x2apic(struct kev_lapic *apic, unsigned int offset, u64 *val)
{
	u32 low, high = 0;

	if (READ_ONCE(apic->mode) != KEV_LAPIC_X2APIC)
		return FAULT;
	if (offset == APIC_ARBPRI || offset == APIC_DFR || offset == APIC_ICR2)
		return FAULT;
	if (!kev_lapic_read_reg(apic, offset, &low))
		return FAULT;
	if (offset == APIC_ICR)
		kev_lapic_read_reg(apic, APIC_ICR2, &high);
	*val = (u64)high << 32 | low;

	return 0;
}

/**
 * kev_lapic_msr_write - The guest's WRMSR
 * @vcpu:	The CPU.
 * @msr:	Number of the register.
 * @val:	What was written.
 *
 * Context: Process context.
 * Return: 0; -EPERM where the guest gets #GP; -EOPNOTSUPP for a register that
 *	is not the LAPIC's, or when there is none.
 */
int kev_lapic_msr_write(struct kev_vcpu *vcpu, u32 msr, u64 val)
{
	struct kev_lapic *apic = vcpu->arch;

	if (READ_ONCE(apic->mode) == KEV_LAPIC_ABSENT)
		return -EOPNOTSUPP;
	if (msr - APIC_BASE_MSR < X2APIC_MSRS)
		return write_x2apic(apic, (msr - APIC_BASE_MSR) << 4, val);

	switch (msr) {
	case MSR_IA32_APICBASE:
		return write_base(apic, val);
	case MSR_IA32_TSC_DEADLINE:
		return write_deadline(apic, val);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * kev_lapic_msr_read - The guest's RDMSR
 * @vcpu:	The CPU.
 * @msr:	Number of the register.
 * @val:	Filled when it can be read.
 *
 * Context: Process context.
 * Return: As kev_lapic_msr_write().
 */
int kev_lapic_msr_read(struct kev_vcpu *vcpu, u32 msr, u64 *val)
{
	struct kev_lapic *apic = vcpu->arch;

	if (READ_ONCE(apic->mode) == KEV_LAPIC_ABSENT)
		return -EOPNOTSUPP;
	if (msr - APIC_BASE_MSR < X2APIC_MSRS)
		return read_x2apic(apic, (msr - APIC_BASE_MSR) << 4, val);

	switch (msr) {
	case MSR_IA32_APICBASE:
		*val = READ_ONCE(apic->base);
		return 0;
	case MSR_IA32_TSC_DEADLINE:
		*val = read_deadline(apic);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
