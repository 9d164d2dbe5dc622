// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC's register page: the guest's accesses, and user space's loads
 * and stores of the whole state.
 *
 * The node calls in with accesses, ioctl.c with KVM_GET_LAPIC and KVM_SET_LAPIC.
 * IPIs go out through the LAPIC's ops.  What a register means is in lapic.c; the
 * lock is the LAPIC's.
 */
#include <linux/kernel.h>
#include <linux/kvm_eventfd.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/spinlock.h>

#include <asm/apicdef.h>

#include <kev/base/compat.h>
#include <kev/machine/vcpu.h>
#include <kev/x86/lapic.h>
#include <kev/x86/lapic_internal.h>
#include <kev/x86/machine.h>

#define LAPIC_LEN	0x1000

/* The bits of an LVT entry that the guest may write. */
#define LVT_COMMON	(APIC_LVT_MASKED | APIC_SEND_PENDING | APIC_VECTOR_MASK)
#define LVT_MODE	(LVT_COMMON | APIC_MODE_MASK)
#define LVT_LINT	(LVT_MODE | APIC_INPUT_POLARITY | APIC_LVT_REMOTE_IRR | \
			 APIC_LVT_LEVEL_TRIGGER)
#define LVT_TIMER	(LVT_COMMON | APIC_LVT_TIMER_PERIODIC | \
			 APIC_LVT_TIMER_TSCDEADLINE)

#define SPIV_MASK	0x3ff
#define TDCR_MASK	0xb

/**
 * kev_lapic_send_ipi - Send what an ICR says
 * @apic:	Whose.
 * @low:	Its low half.
 * @dest:	Destination, of 8 bits or of 32.
 *
 * Context: Process context; no LAPIC lock held.
 */
void kev_lapic_send_ipi(struct kev_lapic *apic, u32 low, u32 dest)
{
	struct kev_lapic_irq irq = {
		.vector		= low & APIC_VECTOR_MASK,
		.delivery_mode	= GET_APIC_DELIVERY_MODE(low),
		.shorthand	= (low >> 18) & 3,
		.logical	= low & APIC_DEST_LOGICAL,
		.level		= low & APIC_INT_ASSERT,
		.trig_level	= low & APIC_INT_LEVELTRIG,
		.dest_id	= dest,
	};

	apic->ops->send_ipi(apic->x86, apic, &irq);
}

/**
 * kev_lapic_write_icr - An x2APIC's ICR was written, in one piece
 * @apic:	The LAPIC.
 * @low:	Its low half.
 * @dest:	Its upper half: the destination.
 *
 * Context: Process context; no LAPIC lock held.
 */
void kev_lapic_write_icr(struct kev_lapic *apic, u32 low, u32 dest)
{
	unsigned long flags;

	spin_lock_irqsave(&apic->lock, flags);
	kev_lapic_set_reg(apic, APIC_ICR, low & ~APIC_ICR_BUSY);
	kev_lapic_set_reg(apic, APIC_ICR2, dest);
	spin_unlock_irqrestore(&apic->lock, flags);

	kev_lapic_send_ipi(apic, low, dest);
}

/* An xAPIC sends when the low half is written. */
static void write_icr_low(struct kev_lapic *apic, u32 low)
{
	unsigned long flags;
	u32 dest;

	spin_lock_irqsave(&apic->lock, flags);
	dest = GET_XAPIC_DEST_FIELD(kev_lapic_reg(apic, APIC_ICR2));
	kev_lapic_set_reg(apic, APIC_ICR, low & ~APIC_ICR_BUSY);
	spin_unlock_irqrestore(&apic->lock, flags);

	kev_lapic_send_ipi(apic, low, dest);
}

static void write_lvt(struct kev_lapic *apic, unsigned int offset, u32 val)
{
	u32 mask = LVT_COMMON;

	switch (offset) {
	case APIC_LVTT:
		mask = LVT_TIMER;
		break;
	case APIC_LVTTHMR:
	case APIC_LVTPC:
		mask = LVT_MODE;
		break;
	case APIC_LVT0:
	case APIC_LVT1:
		mask = LVT_LINT;
		break;
	}

	if (!apic->enabled)
		val |= APIC_LVT_MASKED;
	kev_lapic_set_reg(apic, offset, val & mask);
}

static u32 spiv_mask(const struct kev_lapic *apic)
{
	if (kev_lapic_reg(apic, APIC_LVR) & APIC_LVR_DIRECTED_EOI)
		return SPIV_MASK | APIC_SPIV_DIRECTED_EOI;

	return SPIV_MASK;
}

/* A register whose write has no effect outside of this LAPIC's lock. */
static void write_plain(struct kev_lapic *apic, unsigned int offset, u32 val)
{
	lockdep_assert_held(&apic->lock);

	switch (offset) {
	case APIC_ID:
		kev_lapic_set_reg(apic, offset, val & APIC_LDR_MASK);
		break;
	case APIC_TASKPRI:
		kev_lapic_set_reg(apic, offset, val & APIC_TPRI_MASK);
		kev_lapic_update_ppr(apic);
		break;
	case APIC_LDR:
		kev_lapic_set_reg(apic, offset, val & APIC_LDR_MASK);
		break;
	case APIC_DFR:
		kev_lapic_set_reg(apic, offset, val | APIC_DFR_CLUSTER);
		break;
	case APIC_SPIV:
		kev_lapic_set_spiv(apic, val & spiv_mask(apic));
		if (!apic->enabled)
			kev_lapic_mask_lvts(apic);
		break;
	case APIC_ICR2:
		kev_lapic_set_reg(apic, offset, val & APIC_LDR_MASK);
		break;
	case APIC_LVTT:
		write_lvt(apic, offset, val);
		kev_lapic_timer_set_mode(apic);
		break;
	case APIC_LVT0:
		kev_lapic_count_nmi_lint0(apic, val);
		write_lvt(apic, offset, val);
		break;
	case APIC_LVTTHMR:
	case APIC_LVTPC:
	case APIC_LVT1:
	case APIC_LVTERR:
		write_lvt(apic, offset, val);
		break;
	case APIC_TMICT:
		if (apic->timer.mode == KEV_TIMER_TSC_DEADLINE)
			break;
		kev_lapic_set_reg(apic, offset, val);
		kev_lapic_timer_start(apic);
		break;
	case APIC_TDCR:
		kev_lapic_timer_set_divisor(apic, val & TDCR_MASK);
		break;
	}
}

/* Is the LAPIC addressed by other messages than before? */
static bool has_moved(const struct kev_lapic *apic,
		      const struct kev_lapic_view *before)
{
	struct kev_lapic_view now;

	kev_lapic_get_view(apic, &now);

	return now.xapic_id != before->xapic_id || now.ldr != before->ldr ||
	       now.dfr != before->dfr || now.mode != before->mode ||
	       now.enabled != before->enabled;
}

/**
 * kev_lapic_change_begin - Before registers change
 * @apic:	The LAPIC.
 * @change:	For kev_lapic_change_end().
 *
 * Context: Process context; takes the LAPIC's lock.
 */
void kev_lapic_change_begin(struct kev_lapic *apic,
			    struct kev_lapic_change *change)
	__acquires(&apic->lock)
{
	spin_lock_irqsave(&apic->lock, change->flags);
	kev_lapic_get_view(apic, &change->before);
	change->listened = kev_lapic_listens_to_intr(apic);
}

/**
 * kev_lapic_change_end - Pass a change on to what depends on it
 * @apic:	The LAPIC.
 * @change:	Of kev_lapic_change_begin().
 *
 * Context: Process context; releases the LAPIC's lock.
 */
void kev_lapic_change_end(struct kev_lapic *apic,
			  struct kev_lapic_change *change)
	__releases(&apic->lock)
{
	bool rewire = change->listened != kev_lapic_listens_to_intr(apic);
	bool moved = has_moved(apic, &change->before);

	kev_lapic_timer_resume(apic);
	kev_lapic_update_pending(apic);
	spin_unlock_irqrestore(&apic->lock, change->flags);

	if (rewire)
		kev_lapic_wire_lint0(apic);
	if (moved)
		apic->ops->moved(apic->x86);
}

/**
 * kev_lapic_write_reg - Write a register whose write sends nothing
 * @apic:	The LAPIC.
 * @offset:	In the page.
 * @val:	What the guest wrote.
 *
 * Context: Process context; no LAPIC lock held.
 */
void kev_lapic_write_reg(struct kev_lapic *apic, unsigned int offset, u32 val)
{
	struct kev_lapic_change change;

	kev_lapic_change_begin(apic, &change);
	write_plain(apic, offset, val);
	kev_lapic_change_end(apic, &change);
}

static bool in_page(const struct kev_lapic *apic, u64 gpa)
{
	u64 page = READ_ONCE(apic->base) & PAGE_MASK;

	return apic->mode != KEV_LAPIC_ABSENT && gpa - page < LAPIC_LEN;
}

/**
 * kev_lapic_mmio_write - The guest wrote to its LAPIC's page
 * @vcpu:	The CPU.
 * @gpa:	Address.
 * @len:	Bytes.
 * @val:	What was written, little-endian.
 *
 * Only an aligned write of 4 bytes has an effect; others in the page are
 * taken and dropped, as by KVM.
 *
 * Context: Process context.
 * Return: 0 when taken, -EOPNOTSUPP outside of the page.
 */
int kev_lapic_mmio_write(struct kev_vcpu *vcpu, u64 gpa, unsigned int len,
			 const void *val)
{
	struct kev_lapic *apic = vcpu->arch;
	unsigned int offset = offset_in_page(gpa);

	if (!in_page(apic, gpa))
		return -EOPNOTSUPP;
	if (READ_ONCE(apic->mode) != KEV_LAPIC_XAPIC)
		return 0;
	if (len != 4 || offset & 0xf)
		return 0;

	switch (offset) {
	case APIC_EOI:
		kev_lapic_eoi(apic);
		break;
	case APIC_ICR:
		write_icr_low(apic, get_unaligned_le32(val));
		break;
	default:
		kev_lapic_write_reg(apic, offset, get_unaligned_le32(val));
	}

	return 0;
}

#define R(offset)	BIT_ULL((offset) >> 4)
#define R8(offset)	(0xffULL << ((offset) >> 4))

/* Registers that a guest can read; the rest of the page reads as zero. */
#define READABLE (R(APIC_ID) | R(APIC_LVR) | R(APIC_TASKPRI) |		\
		  R(APIC_ARBPRI) | R(APIC_PROCPRI) | R(APIC_LDR) |	\
		  R(APIC_DFR) | R(APIC_SPIV) | R8(APIC_ISR) |		\
		  R8(APIC_TMR) | R8(APIC_IRR) | R(APIC_ESR) |		\
		  R(APIC_ICR) | R(APIC_ICR2) | R(APIC_LVTT) |		\
		  R(APIC_LVTTHMR) | R(APIC_LVTPC) | R(APIC_LVT0) |	\
		  R(APIC_LVT1) | R(APIC_LVTERR) | R(APIC_TMICT) |	\
		  R(APIC_TMCCT) | R(APIC_TDCR))

/**
 * kev_lapic_read_reg - Read a register
 * @apic:	The LAPIC.
 * @offset:	Of the register, or of a byte in it.
 * @val:	Filled; 0 when the guest cannot read it.
 *
 * Context: Any; no LAPIC lock held.
 * Return: Whether the guest can.
 */
bool kev_lapic_read_reg(struct kev_lapic *apic, unsigned int offset, u32 *val)
{
	unsigned int reg = offset >> 4;
	unsigned long flags;

	*val = 0;
	if (reg >= KEV_LAPIC_REGS)
		return false;
	reg = array_index_nospec(reg, KEV_LAPIC_REGS);
	if (!(READABLE & BIT_ULL(reg)))
		return false;

	spin_lock_irqsave(&apic->lock, flags);
	if (reg == kev_lapic_index(APIC_TMCCT))
		*val = kev_lapic_timer_count(apic);
	else
		*val = apic->regs[reg];
	spin_unlock_irqrestore(&apic->lock, flags);

	return true;
}

/**
 * kev_lapic_mmio_read - The guest read from its LAPIC's page
 * @vcpu:	The CPU.
 * @gpa:	Address.
 * @len:	Bytes.
 * @val:	Filled, little-endian.
 *
 * The 4 bytes at each multiple of 16 are a register; a read that reaches
 * beyond them, or of a register that cannot be read, gives zeroes.
 *
 * Context: Process context.
 * Return: 0 when taken, -EOPNOTSUPP outside of the page.
 */
int kev_lapic_mmio_read(struct kev_vcpu *vcpu, u64 gpa, unsigned int len,
			void *val)
{
	struct kev_lapic *apic = vcpu->arch;
	unsigned int offset = offset_in_page(gpa);
	__le32 reg;
	u32 val32;

	if (!in_page(apic, gpa))
		return -EOPNOTSUPP;

	if (READ_ONCE(apic->mode) != KEV_LAPIC_XAPIC) {
		memset(val, 0xff, len);
		return 0;
	}

	memset(val, 0, len);
	if ((offset & 0xf) + len > 4 || len == 3)
		return 0;
	kev_lapic_read_reg(apic, offset, &val32);
	reg = cpu_to_le32(val32);
	memcpy(val, (u8 *)&reg + (offset & 0xf), len);

	return 0;
}

/**
 * kev_lapic_get_state - Copy the register page out
 * @vcpu:	The CPU.
 * @s:		Zeroed by the caller.
 *
 * Context: Process context.
 * Return: 0, or -EINVAL when there is no LAPIC.
 */
int kev_lapic_get_state(struct kev_vcpu *vcpu, struct kvm_lapic_state *s)
{
	struct kev_lapic *apic = vcpu->arch;
	unsigned long flags;
	unsigned int i;

	if (apic->mode == KEV_LAPIC_ABSENT)
		return -EINVAL;

	spin_lock_irqsave(&apic->lock, flags);
	for (i = 0; i < KEV_LAPIC_REGS; i++)
		put_unaligned_le32(apic->regs[i], s->regs + i * 16);
	put_unaligned_le32(kev_lapic_timer_count(apic), s->regs + APIC_TMCCT);
	if (apic->mode == KEV_LAPIC_X2APIC && !apic->x86->x2apic_format)
		put_unaligned_le32(vcpu->id << 24, s->regs + APIC_ID);
	spin_unlock_irqrestore(&apic->lock, flags);

	return 0;
}

/* The format of an x2APIC's id is an agreement, and the id cannot change. */
static bool state_is_valid(const struct kev_lapic *apic,
			   const struct kvm_lapic_state *s)
{
	return apic->mode != KEV_LAPIC_X2APIC || !apic->x86->x2apic_format ||
	       get_unaligned_le32(s->regs + APIC_ID) == apic->vcpu->id;
}

/**
 * kev_lapic_set_state - Load the register page
 * @vcpu:	The CPU.
 * @s:		As kev_lapic_get_state() gave it, or anything else: every
 *		register is loaded as it stands, also those that a guest
 *		cannot write, except for the version, the timer's current
 *		count, and the ids in x2APIC mode.  What follows from the
 *		registers is computed again.
 *
 * Context: Process context.
 * Return: 0; -EINVAL when there is no LAPIC, or when the id is another's in
 *	x2APIC mode with 32-bit ids.
 */
int kev_lapic_set_state(struct kev_vcpu *vcpu, struct kvm_lapic_state *s)
{
	struct kev_lapic *apic = vcpu->arch;
	struct kev_lapic_view before;
	unsigned long flags;
	unsigned int i;
	bool moved;

	if (apic->mode == KEV_LAPIC_ABSENT)
		return -EINVAL;

	spin_lock_irqsave(&apic->lock, flags);
	if (!state_is_valid(apic, s)) {
		spin_unlock_irqrestore(&apic->lock, flags);
		return -EINVAL;
	}
	kev_lapic_get_view(apic, &before);
	for (i = 0; i < KEV_LAPIC_REGS; i++)
		WRITE_ONCE(apic->regs[i], get_unaligned_le32(s->regs + i * 16));
	kev_lapic_set_reg(apic, APIC_LVR, kev_lapic_version(apic));
	kev_lapic_set_reg(apic, APIC_TMCCT, 0);
	if (apic->mode == KEV_LAPIC_X2APIC) {
		kev_lapic_set_reg(apic, APIC_ID, vcpu->id);
		kev_lapic_set_reg(apic, APIC_LDR, kev_lapic_x2apic_ldr(vcpu->id));
	}
	kev_lapic_set_spiv(apic, kev_lapic_reg(apic, APIC_SPIV));
	kev_lapic_count_nmi_lint0(apic, kev_lapic_reg(apic, APIC_LVT0));
	kev_lapic_load_tops(apic);
	kev_lapic_timer_load(apic, get_unaligned_le32(s->regs + APIC_TMCCT));
	moved = has_moved(apic, &before);
	spin_unlock_irqrestore(&apic->lock, flags);

	kev_lapic_wire_lint0(apic);
	apic->ops->restored(vcpu, moved);

	return 0;
}

