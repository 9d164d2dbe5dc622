// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC of one vCPU: what it is sent, and what its CPU takes.
 *
 * Messages come in through kev_lapic_accept() from message.c, the INTA cycle from
 * the vCPU's fd, INTR from the PIC by way of machine.c; lapic_regs.c has the
 * register page.  What goes out, goes through its ops, with no LAPIC lock held.
 *
 * One irq-safe lock per LAPIC protects everything in struct kev_lapic that is
 * not immutable.  It nests inside the lock of every other chip.
 */
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/kvm_eventfd.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <asm/apicdef.h>
#include <asm/msr-index.h>

#include <kev/machine/vcpu.h>
#include <kev/x86/lapic.h>
#include <kev/x86/lapic_internal.h>
#include <kev/x86/machine.h>

/* The highest vector in a 256-bit register, or 0. */
static u8 vector_top(const struct kev_lapic *apic, unsigned int offset)
{
	const unsigned long *words = kev_lapic_vectors(apic, offset);
	unsigned int i = 256 / BITS_PER_LONG;

	while (i--) {
		if (words[i])
			return i * BITS_PER_LONG + __fls(words[i]);
	}

	return 0;
}

static bool is_reset_bsp(const struct kev_lapic *apic)
{
	return apic->vcpu->id == apic->x86->bsp_id;
}

/* The guest can say otherwise in the base MSR. */
static bool is_bsp(const struct kev_lapic *apic)
{
	return apic->base & MSR_IA32_APICBASE_BSP;
}

/**
 * kev_lapic_listens_to_intr - Does LINT0 pass INTR on?
 * @apic:	The LAPIC.
 *
 * Context: Under the LAPIC's lock.
 * Return: Whether it does.  A globally disabled LAPIC does always.
 */
bool kev_lapic_listens_to_intr(const struct kev_lapic *apic)
{
	u32 lvt0 = kev_lapic_reg(apic, APIC_LVT0);

	if (!kev_lapic_mode_present(apic->mode))
		return true;

	return !(lvt0 & APIC_LVT_MASKED) &&
	       GET_APIC_DELIVERY_MODE(lvt0) == APIC_MODE_EXTINT;
}

static bool extint_ready(const struct kev_lapic *apic)
{
	return (apic->intr || apic->ext_vector >= 0) && kev_lapic_listens_to_intr(apic);
}

static bool vector_ready(const struct kev_lapic *apic)
{
	return (apic->irr_top & 0xf0) > kev_lapic_reg(apic, APIC_PROCPRI) &&
	       kev_lapic_mode_present(apic->mode);
}

/**
 * kev_lapic_update_pending - Tell the vCPU when there is something to take
 * @apic:	The LAPIC; anything of it may have changed.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_update_pending(struct kev_lapic *apic)
{
	bool pending = vector_ready(apic) || apic->events || extint_ready(apic);

	lockdep_assert_held(&apic->lock);

	if (pending == apic->pending)
		return;

	WRITE_ONCE(apic->pending, pending);
	kev_vcpu_set_pending(apic->vcpu, pending);
	if (pending)
		kev_waitqueue_wake(apic->x86->machine.vm,
				   apic->vcpu->waiters);
}

/**
 * kev_lapic_update_ppr - Follow TPR and the highest vector in service
 * @apic:	The LAPIC.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_update_ppr(struct kev_lapic *apic)
{
	u8 tpr = kev_lapic_reg(apic, APIC_TASKPRI);
	u8 isr = apic->isr_top & 0xf0;

	kev_lapic_set_reg(apic, APIC_PROCPRI, (tpr & 0xf0) >= isr ? tpr : isr);
}

/**
 * kev_lapic_load_tops - Find the highest vectors again
 * @apic:	The LAPIC; IRR and ISR were loaded.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_load_tops(struct kev_lapic *apic)
{
	apic->irr_top = vector_top(apic, APIC_IRR);
	apic->isr_top = vector_top(apic, APIC_ISR);
	kev_lapic_update_ppr(apic);
}

/**
 * kev_lapic_set_spiv - Write the spurious vector register
 * @apic:	The LAPIC.
 * @val:	The whole register.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_set_spiv(struct kev_lapic *apic, u32 val)
{
	kev_lapic_set_reg(apic, APIC_SPIV, val);
	WRITE_ONCE(apic->enabled, val & APIC_SPIV_APIC_ENABLED);
}

/**
 * kev_lapic_mask_lvts - What software-disabling does to the LVT
 * @apic:	The LAPIC.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_mask_lvts(struct kev_lapic *apic)
{
	unsigned int offset;

	for (offset = APIC_LVTT; offset <= APIC_LVTERR; offset += 0x10)
		kev_lapic_set_reg(apic, offset, kev_lapic_reg(apic, offset) | APIC_LVT_MASKED);
}

/*
 * The state after power-on, or (@init) after INIT, which keeps the id and the
 * mode.  In x2APIC mode the logical id follows from the id and stays, too; so
 * does where the last IPI went, for KVM.  LINT0 of the boot CPU passes INTR on
 * before any firmware has run: KVM's LINT0_REENABLED quirk.
 */
static void reset_regs(struct kev_lapic *apic, bool init)
{
	u32 id = init ? kev_lapic_reg(apic, APIC_ID) : apic->vcpu->id << 24;
	u32 ldr = kev_lapic_reg(apic, APIC_LDR);
	u32 icr2 = kev_lapic_reg(apic, APIC_ICR2);

	kev_lapic_timer_stop(apic);
	memset(apic->regs, 0, sizeof(apic->regs));
	kev_lapic_set_reg(apic, APIC_ID, id);
	kev_lapic_set_reg(apic, APIC_LVR, kev_lapic_version(apic));
	kev_lapic_mask_lvts(apic);
	if (apic->mode == KEV_LAPIC_X2APIC) {
		kev_lapic_set_reg(apic, APIC_LDR, ldr);
		kev_lapic_set_reg(apic, APIC_ICR2, icr2);
	}
	if (is_reset_bsp(apic))
		kev_lapic_set_reg(apic, APIC_LVT0, SET_APIC_DELIVERY_MODE(0, APIC_MODE_EXTINT));
	kev_lapic_set_reg(apic, APIC_DFR, APIC_DFR_FLAT);
	kev_lapic_set_spiv(apic, 0xff);
	kev_lapic_count_nmi_lint0(apic, kev_lapic_reg(apic, APIC_LVT0));
	apic->irr_top = 0;
	apic->isr_top = 0;
}

/**
 * kev_lapic_count_nmi_lint0 - LINT0's entry of the LVT was written
 * @apic:	The LAPIC.
 * @lvt0:	What was written.
 *
 * Disabling the LAPIC masks the entry and is no write of it, as in KVM.
 *
 * Context: Under the LAPIC's lock, or before it is published.
 */
void kev_lapic_count_nmi_lint0(struct kev_lapic *apic, u32 lvt0)
{
	bool nmi = !(lvt0 & APIC_LVT_MASKED) &&
		   GET_APIC_DELIVERY_MODE(lvt0) == APIC_MODE_NMI;

	if (nmi != apic->lint0_nmi)
		atomic_add(nmi ? 1 : -1, &apic->x86->nmi_lint0);
	apic->lint0_nmi = nmi;
}

/**
 * kev_lapics_pulse_lint0 - The PIT's output, as a PC wires it for a watchdog
 * @x86:	The machine.
 *
 * When LINT0 is an NMI anywhere, each LAPIC sees a pulse there.
 *
 * Context: Process context; no LAPIC lock held.
 */
void kev_lapics_pulse_lint0(struct kev_x86 *x86)
{
	struct kev_lapic *apic;
	unsigned long flags;

	if (!atomic_read(&x86->nmi_lint0))
		return;

	kev_for_each_lapic(apic, x86) {
		spin_lock_irqsave(&apic->lock, flags);
		kev_lapic_deliver_lvt(apic, APIC_LVT0);
		spin_unlock_irqrestore(&apic->lock, flags);
	}
}

/**
 * kev_lapic_wire_lint0 - Follow LINT0
 * @apic:	The LAPIC: if it listens to INTR, it is told from now on, and of
 *		the level right away.
 *
 * Context: Process context; no LAPIC lock held.  Takes lint0_lock.
 */
void kev_lapic_wire_lint0(struct kev_lapic *apic)
{
	struct kev_x86 *x86 = apic->x86;
	unsigned long flags;
	bool listens;

	mutex_lock(&x86->lint0_lock);
	spin_lock_irqsave(&apic->lock, flags);
	listens = kev_lapic_listens_to_intr(apic);
	if (listens && list_empty(&apic->lint0))
		list_add_tail(&apic->lint0, &x86->lint0);
	else if (!listens && !list_empty(&apic->lint0))
		list_del_init(&apic->lint0);
	apic->intr = listens && x86->intr;
	kev_lapic_update_pending(apic);
	spin_unlock_irqrestore(&apic->lock, flags);
	mutex_unlock(&x86->lint0_lock);
}

/**
 * kev_lapics_set_intr - Change the 8259's INTR output
 * @x86:	The machine.
 * @raised:	The new level.
 *
 * Context: Process context; the PIC's lock is held.  Takes lint0_lock.
 */
void kev_lapics_set_intr(struct kev_x86 *x86, bool raised)
{
	struct kev_lapic *apic;
	unsigned long flags;

	mutex_lock(&x86->lint0_lock);
	x86->intr = raised;
	list_for_each_entry(apic, &x86->lint0, lint0) {
		spin_lock_irqsave(&apic->lock, flags);
		apic->intr = raised;
		kev_lapic_update_pending(apic);
		spin_unlock_irqrestore(&apic->lock, flags);
		cond_resched();
	}
	mutex_unlock(&x86->lint0_lock);
}

/**
 * kev_lapics_listen_to_intr - Would anybody see the 8259's INTR output?
 * @x86:	The machine.
 *
 * Context: Process context; the PIC's lock is held.  Takes lint0_lock.
 * Return: Whether a CPU would.
 */
bool kev_lapics_listen_to_intr(struct kev_x86 *x86)
{
	bool ret;

	mutex_lock(&x86->lint0_lock);
	ret = !list_empty(&x86->lint0);
	mutex_unlock(&x86->lint0_lock);

	return ret;
}

/**
 * kev_lapic_create - Give a vCPU its LAPIC
 * @vcpu:	Not published yet.
 * @x86:	The machine.  Without in-kernel chips the vCPU gets a struct that
 *		no message can reach, for what ioctls queue.
 * @ops:	What it is wired to.
 *
 * Context: Process context, under machine->lock.
 * Return: 0 or -ENOMEM.
 */
int kev_lapic_create(struct kev_vcpu *vcpu, struct kev_x86 *x86,
		     const struct kev_lapic_ops *ops)
{
	struct kev_lapic *apic;

	apic = kzalloc(sizeof(*apic), GFP_KERNEL_ACCOUNT);
	if (!apic)
		return -ENOMEM;

	spin_lock_init(&apic->lock);
	apic->vcpu = vcpu;
	apic->x86 = x86;
	apic->ops = ops;
	kev_lapic_timer_init(apic);
	INIT_LIST_HEAD(&apic->node);
	INIT_LIST_HEAD(&apic->lint0);
	apic->ext_vector = -1;
	apic->mp_state = KVM_MP_STATE_RUNNABLE;
	apic->base = KEV_LAPIC_BASE | MSR_IA32_APICBASE_ENABLE;
	if (is_reset_bsp(apic))
		apic->base |= MSR_IA32_APICBASE_BSP;
	if (x86->mode != KEV_IRQCHIP_NONE) {
		apic->mode = KEV_LAPIC_XAPIC;
		if (!is_bsp(apic))
			apic->mp_state = KVM_MP_STATE_UNINITIALIZED;
		reset_regs(apic, false);
		vcpu->private_page = KEV_LAPIC_BASE >> 12;
	}
	vcpu->arch = apic;

	return 0;
}

/**
 * kev_lapic_publish - Let messages reach a vCPU's LAPIC
 * @vcpu:	Published.
 *
 * Context: Process context, under machine->lock.
 */
void kev_lapic_publish(struct kev_vcpu *vcpu)
{
	struct kev_lapic *apic = vcpu->arch;

	if (apic->mode == KEV_LAPIC_ABSENT)
		return;

	list_add_tail_rcu(&apic->node, &apic->x86->apics);
	kev_lapic_wire_lint0(apic);
	apic->ops->moved(apic->x86);
}

/**
 * kev_lapic_destroy - Free a vCPU's LAPIC
 * @vcpu:	Its VM has no user left that could deliver; vcpu->arch may be
 *		NULL.
 *
 * Context: Process context.
 */
void kev_lapic_destroy(struct kev_vcpu *vcpu)
{
	struct kev_lapic *apic = vcpu->arch;

	if (!apic)
		return;

	kev_lapic_timer_destroy(apic);
	list_del(&apic->node);
	list_del(&apic->lint0);
	vcpu->arch = NULL;
	kfree(apic);
}

/**
 * kev_lapic_next - Walk the LAPICs of a machine
 * @x86:	The machine.
 * @apic:	Where the walk is, or NULL to begin.
 *
 * LAPICs are there until the VM goes, and so one stays a place to go on from
 * while others run: a machine can have thousands.
 *
 * Context: Process context, with no spinlock held: each step may sleep.
 * Return: The next one in order of creation, or NULL.
 */
struct kev_lapic *kev_lapic_next(struct kev_x86 *x86, struct kev_lapic *apic)
{
	struct list_head *at = apic ? &apic->node : &x86->apics;

	cond_resched();

	return list_next_or_null_rcu(&x86->apics, at, struct kev_lapic, node);
}

/**
 * kev_lapic_get_view - Copy what destination matching needs
 * @apic:	The LAPIC.
 * @view:	Filled.  Each member is one that @apic had; a message that races
 *		with a register write may see either value, as on a machine.
 *
 * Context: Any.
 */
void kev_lapic_get_view(const struct kev_lapic *apic,
			struct kev_lapic_view *view)
{
	view->x2apic_id = apic->vcpu->id;
	view->ldr = kev_lapic_reg(apic, APIC_LDR);
	view->dfr = kev_lapic_reg(apic, APIC_DFR);
	view->xapic_id = kev_lapic_reg(apic, APIC_ID) >> 24;
	view->mode = READ_ONCE(apic->mode);
	view->enabled = READ_ONCE(apic->enabled);
}

/*
 * A level message that is not asserted says nothing.  One for a vector that
 * is already requested counts as taken.
 */
static int accept_vector(struct kev_lapic *apic, const struct kev_lapic_irq *irq)
{
	u8 vector = irq->vector;

	if (unlikely(irq->trig_level && !irq->level))
		return 0;
	if (unlikely(!apic->enabled))
		return 0;

	if (unlikely(irq->dest_map)) {
		__set_bit(apic->vcpu->id, irq->dest_map->cpus);
		irq->dest_map->vectors[apic->vcpu->id] = vector;
	}

	kev_lapic_request(apic, vector, irq->trig_level);

	return 1;
}

/* A SIPI counts only between INIT and the first one; the boot CPU has none. */
static bool waits_for_sipi(const struct kev_lapic *apic)
{
	if (apic->events & KEV_EVENT_INIT)
		return !is_bsp(apic);

	return apic->mp_state == KVM_MP_STATE_INIT_RECEIVED;
}

static int accept_event(struct kev_lapic *apic, const struct kev_lapic_irq *irq)
{
	switch (irq->delivery_mode) {
	case KEV_DM_SMI:
		apic->events |= KEV_EVENT_SMI;
		break;
	case KEV_DM_NMI:
		apic->events |= KEV_EVENT_NMI;
		break;
	case KEV_DM_INIT:
		if (irq->trig_level && !irq->level)
			return 0;
		apic->events &= ~KEV_EVENT_SIPI;
		apic->events |= KEV_EVENT_INIT;
		break;
	case KEV_DM_SIPI:
		/* KVM_SET_MP_STATE can have it taken later. */
		apic->sipi_vector = irq->vector;
		if (waits_for_sipi(apic))
			apic->events |= KEV_EVENT_SIPI;
		break;
	case KEV_DM_EXTINT:
		/* ExtINT comes over the INTR wire alone, never as a message. */
		return 0;
	default:
		/* The reserved mode is taken, and means nothing. */
		break;
	}
	kev_lapic_update_pending(apic);

	return 1;
}

static int accept_locked(struct kev_lapic *apic, const struct kev_lapic_irq *irq)
{
	if (likely(irq->delivery_mode <= KEV_DM_LOWEST))
		return accept_vector(apic, irq);

	return accept_event(apic, irq);
}

/**
 * kev_lapic_accept - Deliver one message
 * @apic:	A LAPIC that the message is addressed to.
 * @irq:	The message.
 *
 * Context: Any.
 * Return: 1 when it was taken (also when it was requested before), 0 when the
 *	LAPIC is disabled or does not take such a message.
 */
int kev_lapic_accept(struct kev_lapic *apic, const struct kev_lapic_irq *irq)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&apic->lock, flags);
	ret = accept_locked(apic, irq);
	spin_unlock_irqrestore(&apic->lock, flags);

	return ret;
}

/**
 * kev_lapic_deliver_lvt - A source of the LAPIC itself fires
 * @apic:	The LAPIC.
 * @offset:	Its entry of the LVT.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_deliver_lvt(struct kev_lapic *apic, unsigned int offset)
{
	u32 lvt = kev_lapic_reg(apic, offset);
	struct kev_lapic_irq irq = {
		.vector		= lvt & APIC_VECTOR_MASK,
		.delivery_mode	= GET_APIC_DELIVERY_MODE(lvt),
		.trig_level	= lvt & APIC_LVT_LEVEL_TRIGGER,
		.level		= true,
	};

	if (!(lvt & APIC_LVT_MASKED) && kev_lapic_mode_present(apic->mode))
		accept_locked(apic, &irq);
}

/**
 * kev_lapic_vector_inflight - Is an EOI of a vector still to come?
 * @apic:	The LAPIC.
 * @vector:	The vector.
 *
 * Context: Any.
 * Return: Whether it is requested or in service.
 */
bool kev_lapic_vector_inflight(struct kev_lapic *apic, u8 vector)
{
	unsigned long flags;
	bool ret;

	spin_lock_irqsave(&apic->lock, flags);
	ret = test_bit(vector, kev_lapic_vectors(apic, APIC_IRR)) ||
	      test_bit(vector, kev_lapic_vectors(apic, APIC_ISR));
	spin_unlock_irqrestore(&apic->lock, flags);

	return ret;
}

/**
 * kev_lapic_queue_extint - Queue an external interrupt that an ioctl brings
 * @apic:	The LAPIC.
 * @vector:	What INTA will answer.
 * @replace:	Overwrite one that still waits.
 *
 * Context: Any.
 * Return: 0, or -EEXIST when one waits already.
 */
int kev_lapic_queue_extint(struct kev_lapic *apic, u8 vector, bool replace)
{
	unsigned long flags;
	int ret = -EEXIST;

	spin_lock_irqsave(&apic->lock, flags);
	if (apic->ext_vector < 0 || replace) {
		apic->ext_vector = vector;
		kev_lapic_update_pending(apic);
		ret = 0;
	}
	spin_unlock_irqrestore(&apic->lock, flags);

	return ret;
}

/**
 * kev_lapic_queue_nmi - Latch an NMI that an ioctl brings
 * @apic:	The LAPIC.
 *
 * Context: Any.
 */
void kev_lapic_queue_nmi(struct kev_lapic *apic)
{
	unsigned long flags;

	spin_lock_irqsave(&apic->lock, flags);
	apic->events |= KEV_EVENT_NMI;
	kev_lapic_update_pending(apic);
	spin_unlock_irqrestore(&apic->lock, flags);
}

/**
 * kev_lapic_queue_eoi - Have an EOI told to user space's IOAPIC
 * @apic:	The LAPIC.
 * @vector:	What ended.
 *
 * Context: Any; no LAPIC lock held.
 */
void kev_lapic_queue_eoi(struct kev_lapic *apic, u8 vector)
{
	unsigned long flags;

	spin_lock_irqsave(&apic->lock, flags);
	__set_bit(vector, apic->eoi_events);
	apic->events |= KEV_EVENT_EOI;
	kev_lapic_update_pending(apic);
	spin_unlock_irqrestore(&apic->lock, flags);
}

/* Where KVM leaves the guest with KVM_EXIT_IOAPIC_EOI: before anything else. */
static void take_eoi(struct kev_lapic *apic, struct kvm_eventfd_interrupt *intr)
{
	unsigned int vector = find_first_bit(apic->eoi_events, 256);

	__clear_bit(vector, apic->eoi_events);
	if (bitmap_empty(apic->eoi_events, 256))
		apic->events &= ~KEV_EVENT_EOI;
	intr->type = KVM_EVENTFD_INTR_IOAPIC_EOI;
	intr->vector = vector;
}

/*
 * INIT drops whatever else was latched, but not a SIPI that follows it, nor
 * what another chip still has to hear.
 */
static void take_init(struct kev_lapic *apic)
{
	apic->events &= KEV_EVENT_SIPI | KEV_EVENT_EOI;
	apic->mp_state = is_bsp(apic) ? KVM_MP_STATE_RUNNABLE :
					KVM_MP_STATE_INIT_RECEIVED;
	if (apic->mode != KEV_LAPIC_ABSENT)
		reset_regs(apic, true);
}

static void take_vector(struct kev_lapic *apic, u8 vector)
{
	__clear_bit(vector, kev_lapic_vectors(apic, APIC_IRR));
	__set_bit(vector, kev_lapic_vectors(apic, APIC_ISR));
	apic->irr_top = vector_top(apic, APIC_IRR);
	apic->isr_top = vector;
	kev_lapic_update_ppr(apic);
}

/* EOI; INIT, SIPI, SMI, NMI: in this order, as a CPU looks at them. */
static void take_event(struct kev_lapic *apic,
		       struct kvm_eventfd_interrupt *intr)
{
	if (apic->events & KEV_EVENT_EOI) {
		take_eoi(apic, intr);
	} else if (apic->events & KEV_EVENT_INIT) {
		intr->type = KVM_EVENTFD_INTR_INIT;
		take_init(apic);
	} else if (apic->events & KEV_EVENT_SIPI) {
		intr->type = KVM_EVENTFD_INTR_SIPI;
		intr->vector = apic->sipi_vector;
		apic->events &= ~KEV_EVENT_SIPI;
		apic->mp_state = KVM_MP_STATE_RUNNABLE;
	} else if (apic->events & KEV_EVENT_SMI) {
		intr->type = KVM_EVENTFD_INTR_SMI;
		apic->events &= ~KEV_EVENT_SMI;
	} else {
		intr->type = KVM_EVENTFD_INTR_NMI;
		apic->events &= ~KEV_EVENT_NMI;
	}
}

static int take_next(struct kev_lapic *apic, struct kvm_eventfd_interrupt *intr)
{
	*intr = (struct kvm_eventfd_interrupt){ };

	if (apic->events) {
		take_event(apic, intr);
	} else if (extint_ready(apic)) {
		intr->type = KVM_EVENTFD_INTR_EXTINT;
		if (apic->ext_vector >= 0)
			intr->vector = apic->ext_vector;
		apic->ext_vector = -1;
	} else if (vector_ready(apic)) {
		intr->type = KVM_EVENTFD_INTR_FIXED;
		intr->vector = apic->irr_top;
		take_vector(apic, apic->irr_top);
	} else {
		return -EAGAIN;
	}

	if (apic->mp_state == KVM_MP_STATE_HALTED &&
	    intr->type != KVM_EVENTFD_INTR_IOAPIC_EOI)
		apic->mp_state = KVM_MP_STATE_RUNNABLE;

	return 0;
}

/**
 * kev_lapic_ack - Take the next event: what a CPU does between instructions
 * @vcpu:	The CPU.
 * @intr:	Filled when there was one.
 *
 * The order is IOAPIC_EOI, INIT, SIPI, SMI, NMI, ExtINT, fixed.  A fixed interrupt moves
 * from IRR to ISR.  When nothing is above the processor priority there is no
 * INTA cycle, and so the spurious vector of SPIV is never given; an 8259 that
 * has withdrawn its request answers with its own spurious vector.
 *
 * Context: Process context, under vcpu->mutex.
 * Return: 0, or -EAGAIN when there is nothing to take now.
 */
int kev_lapic_ack(struct kev_vcpu *vcpu, struct kvm_eventfd_interrupt *intr)
{
	struct kev_lapic *apic = vcpu->arch;
	unsigned long flags;
	bool from_pic;
	int ret;

	spin_lock_irqsave(&apic->lock, flags);
	from_pic = apic->ext_vector < 0;
	ret = take_next(apic, intr);
	if (!ret)
		kev_lapic_timer_resume(apic);
	kev_lapic_update_pending(apic);
	spin_unlock_irqrestore(&apic->lock, flags);
	if (ret)
		return ret;

	if (intr->type == KVM_EVENTFD_INTR_EXTINT && from_pic) {
		intr->vector = apic->ops->inta(apic->x86);
	} else if (intr->type == KVM_EVENTFD_INTR_INIT &&
		   apic->mode != KEV_LAPIC_ABSENT) {
		kev_lapic_wire_lint0(apic);
		apic->ops->moved(apic->x86);
	}

	return 0;
}

/**
 * kev_lapic_has_event - Would kev_lapic_ack() give something?
 * @vcpu:	The CPU.
 *
 * Context: Any.
 * Return: Whether it would.
 */
bool kev_lapic_has_event(struct kev_vcpu *vcpu)
{
	struct kev_lapic *apic = vcpu->arch;

	return READ_ONCE(apic->pending);
}

/*
 * The IOAPIC's redirection entries, or the routes that stand for those of user
 * space's, may have changed since the last EOI.
 */
static void scan_ioapic(struct kev_lapic *apic)
{
	DECLARE_BITMAP(vectors, 256);
	unsigned long flags;
	u32 seq;

	seq = apic->ops->scan_seq(apic->x86);
	if (seq == READ_ONCE(apic->scan_seq))
		return;

	bitmap_zero(vectors, 256);
	apic->ops->scan(apic->vcpu, vectors);

	spin_lock_irqsave(&apic->lock, flags);
	bitmap_copy(apic->eoi_vectors, vectors, 256);
	WRITE_ONCE(apic->scan_seq, seq);
	spin_unlock_irqrestore(&apic->lock, flags);
}

/**
 * kev_lapic_eoi - End the highest vector in service
 * @apic:	The LAPIC.
 *
 * The IOAPIC is told when it asked for that vector's EOIs.
 *
 * Context: Process context; no LAPIC lock held.
 */
void kev_lapic_eoi(struct kev_lapic *apic)
{
	unsigned long flags;
	bool report, level, directed;
	u8 vector;

	scan_ioapic(apic);

	spin_lock_irqsave(&apic->lock, flags);
	vector = apic->isr_top;
	if (!test_bit(vector, kev_lapic_vectors(apic, APIC_ISR))) {
		spin_unlock_irqrestore(&apic->lock, flags);
		return;
	}
	__clear_bit(vector, kev_lapic_vectors(apic, APIC_ISR));
	apic->isr_top = vector_top(apic, APIC_ISR);
	kev_lapic_update_ppr(apic);
	report = test_bit(vector, apic->eoi_vectors);
	level = test_bit(vector, kev_lapic_vectors(apic, APIC_TMR));
	directed = kev_lapic_reg(apic, APIC_SPIV) & APIC_SPIV_DIRECTED_EOI;
	kev_lapic_update_pending(apic);
	spin_unlock_irqrestore(&apic->lock, flags);

	if (report)
		apic->ops->eoi(apic->vcpu, vector, level, directed);
}

/**
 * kev_lapic_get_mp_state - What KVM_GET_MP_STATE answers
 * @vcpu:	The CPU.
 * @state:	Filled: the state that the CPU is in once it has taken the INIT
 *		and the SIPI that wait.
 *
 * Context: Process context.
 */
void kev_lapic_get_mp_state(struct kev_vcpu *vcpu, struct kvm_mp_state *state)
{
	struct kev_lapic *apic = vcpu->arch;
	unsigned long flags;

	spin_lock_irqsave(&apic->lock, flags);
	state->mp_state = apic->mp_state;
	if (apic->events & KEV_EVENT_INIT)
		state->mp_state = is_bsp(apic) ? KVM_MP_STATE_RUNNABLE :
						 KVM_MP_STATE_INIT_RECEIVED;
	if (apic->events & KEV_EVENT_SIPI)
		state->mp_state = KVM_MP_STATE_RUNNABLE;
	spin_unlock_irqrestore(&apic->lock, flags);
}

static bool mp_state_is_valid(const struct kev_lapic *apic, u32 mp_state)
{
	switch (mp_state) {
	case KVM_MP_STATE_RUNNABLE:
		return true;
	case KVM_MP_STATE_UNINITIALIZED:
	case KVM_MP_STATE_HALTED:
	case KVM_MP_STATE_AP_RESET_HOLD:
	case KVM_MP_STATE_INIT_RECEIVED:
	case KVM_MP_STATE_SIPI_RECEIVED:
		return apic->mode != KEV_LAPIC_ABSENT;
	default:
		return false;
	}
}

/**
 * kev_lapic_set_mp_state - KVM_SET_MP_STATE
 * @vcpu:	The CPU.
 * @state:	SIPI_RECEIVED stands for INIT_RECEIVED with a SIPI that waits.
 *
 * Context: Process context.
 * Return: 0, or -EINVAL for an unknown state, or for one that needs a LAPIC.
 */
int kev_lapic_set_mp_state(struct kev_vcpu *vcpu,
			   const struct kvm_mp_state *state)
{
	struct kev_lapic *apic = vcpu->arch;
	unsigned long flags;

	if (!mp_state_is_valid(apic, state->mp_state))
		return -EINVAL;

	spin_lock_irqsave(&apic->lock, flags);
	apic->mp_state = state->mp_state;
	if (state->mp_state == KVM_MP_STATE_SIPI_RECEIVED) {
		apic->mp_state = KVM_MP_STATE_INIT_RECEIVED;
		apic->events |= KEV_EVENT_SIPI;
	} else if (!waits_for_sipi(apic)) {
		apic->events &= ~KEV_EVENT_SIPI;
	}
	kev_lapic_update_pending(apic);
	spin_unlock_irqrestore(&apic->lock, flags);

	return 0;
}
