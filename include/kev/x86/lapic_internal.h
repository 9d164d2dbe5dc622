/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside a local APIC: for lapic*.c, for the shortest way of a message to it
 * (irq_comm.c), and for nobody else.
 */
#ifndef _KEV_LAPIC_INTERNAL_H
#define _KEV_LAPIC_INTERNAL_H

#include <linux/bitmap.h>
#include <linux/kvm.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>

#include <asm/apicdef.h>

#include <kev/machine/vcpu.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

#define KEV_LAPIC_REGS		(KVM_APIC_REG_SIZE / 16)

/* Version 0x14 with 6 LVT entries: no CMCI. */
#define KEV_LAPIC_VERSION	0x00050014

/* kev_lapic.events */
#define KEV_EVENT_INIT		BIT(0)
#define KEV_EVENT_SIPI		BIT(1)
#define KEV_EVENT_SMI		BIT(2)
#define KEV_EVENT_NMI		BIT(3)
#define KEV_EVENT_EOI		BIT(4)

/* kev_lapic_timer.mode: two bits of LVTT.  The fourth value counts nothing. */
enum kev_lapic_timer_mode {
	KEV_TIMER_ONESHOT	= 0,
	KEV_TIMER_PERIODIC	= 1,
	KEV_TIMER_TSC_DEADLINE	= 2,
};

/**
 * struct kev_lapic_timer - The timer; see lapic_timer.c
 * @node:	In &kev_lapic_timers.queue while it is armed for @deadline.
 * @deadline:	When it expires, or 0.  While @parked: when it expired last, or a
 *		later boundary of the period.
 * @period:	What the initial count stands for in nanoseconds, or 0.
 * @tsc_deadline: In that mode: the TSC at which it expires, or 0.
 * @mode:	enum kev_lapic_timer_mode, of LVTT.
 * @parked:	It has expired, and is not armed for the next period.
 */
struct kev_lapic_timer {
	struct timerqueue_node node;
	ktime_t deadline;
	u64 period;
	u64 tsc_deadline;
	u8 mode;
	bool parked;
};

/**
 * struct kev_lapic - A local APIC, and what else a CPU can be asked to take
 * @lock:	Protects all fields that are not immutable.
 * @irr_top:	Highest vector in IRR, or 0.  Vectors below 16 can never be
 *		taken, so that 0 needs no mark of its own.
 * @isr_top:	Highest vector in ISR, or 0.
 * @mode:	enum kev_lapic_mode; follows from @base.
 * @enabled:	Copy of the software-enable bit of SPIV.
 * @events:	KEV_EVENT_*: latched, taken by kev_lapic_ack().
 * @pending:	What was told to the vCPU last: there is something to take.
 * @intr:	Level of the 8259's INTR output, while LINT0 listens to it.
 * @sipi_vector: Of KEV_EVENT_SIPI.
 * @ext_vector:	Vector that KVM_INTERRUPT queued, or -1.
 * @mp_state:	KVM_MP_STATE_*.
 * @scan_seq:	What &kev_lapic_ops.scan_seq was when @eoi_vectors were scanned.
 * @base:	The APIC base MSR.
 * @regs:	The page without its gaps: one for each 16 bytes.
 * @eoi_vectors: Vectors whose EOI the IOAPIC wants to see.
 * @eoi_events:	Those that ended, for the IOAPIC of user space: not empty while
 *		KEV_EVENT_EOI is set.
 * @timer:	See &struct kev_lapic_timer.
 * @vcpu:	Owner.  Immutable.
 * @x86:	The machine.  Immutable.
 * @ops:	What it is wired to.  Immutable.
 * @node:	In &kev_x86.apics.
 * @lint0:	In &kev_x86.lint0 while LINT0 listens.  Under
 *		&kev_x86.lint0_lock.
 * @lint0_nmi:	Counted in &kev_x86.nmi_lint0.
 */
struct kev_lapic {
	spinlock_t lock;
	u8 irr_top;
	u8 isr_top;
	u8 mode;
	bool enabled;
	u8 events;
	bool pending;
	bool intr;
	u8 sipi_vector;
	s16 ext_vector;
	u32 mp_state;
	u32 scan_seq;
	u64 base;
	u32 regs[KEV_LAPIC_REGS] __aligned(sizeof(long));
	DECLARE_BITMAP(eoi_vectors, 256);
	DECLARE_BITMAP(eoi_events, 256);
	struct kev_lapic_timer timer;
	struct kev_vcpu *vcpu;
	struct kev_x86 *x86;
	const struct kev_lapic_ops *ops;
	struct list_head node;
	struct list_head lint0;
	bool lint0_nmi;
};

/* Where a register is in kev_lapic.regs. */
static inline unsigned int kev_lapic_index(unsigned int offset)
{
	return offset >> 4;
}

static inline u32 kev_lapic_reg(const struct kev_lapic *apic,
				unsigned int offset)
{
	return READ_ONCE(apic->regs[kev_lapic_index(offset)]);
}

static inline void kev_lapic_set_reg(struct kev_lapic *apic,
				     unsigned int offset, u32 val)
{
	WRITE_ONCE(apic->regs[kev_lapic_index(offset)], val);
}

/*
 * IRR, ISR and TMR: 8 registers in a row, and so a bitmap of 256 bits on this
 * little-endian machine.
 */
static inline unsigned long *kev_lapic_vectors(const struct kev_lapic *apic,
					       unsigned int offset)
{
	return (unsigned long *)&apic->regs[kev_lapic_index(offset)];
}

static inline u32 kev_lapic_version(const struct kev_lapic *apic)
{
	if (kev_x86_offers_directed_eoi(apic->x86))
		return KEV_LAPIC_VERSION | APIC_LVR_DIRECTED_EOI;

	return KEV_LAPIC_VERSION;
}

/* An x2APIC's logical id: 16 CPUs to a cluster. */
static inline u32 kev_lapic_x2apic_ldr(u32 id)
{
	return id >> 4 << 16 | BIT(id & 0xf);
}

/**
 * struct kev_lapic_change - What has to be compared after registers changed
 * @before:	What decided about destinations.
 * @listened:	LINT0 passed INTR on.
 * @flags:	Interrupt state.
 */
struct kev_lapic_change {
	struct kev_lapic_view before;
	bool listened;
	unsigned long flags;
};

void kev_lapic_change_begin(struct kev_lapic *apic,
			    struct kev_lapic_change *change);
void kev_lapic_change_end(struct kev_lapic *apic,
			  struct kev_lapic_change *change);
void kev_lapic_write_reg(struct kev_lapic *apic, unsigned int offset, u32 val);
bool kev_lapic_read_reg(struct kev_lapic *apic, unsigned int offset, u32 *val);
void kev_lapic_send_ipi(struct kev_lapic *apic, u32 low, u32 dest);
void kev_lapic_write_icr(struct kev_lapic *apic, u32 low, u32 dest);

void kev_lapic_update_pending(struct kev_lapic *apic);
void kev_lapic_update_ppr(struct kev_lapic *apic);
void kev_lapic_load_tops(struct kev_lapic *apic);
void kev_lapic_set_spiv(struct kev_lapic *apic, u32 val);
void kev_lapic_mask_lvts(struct kev_lapic *apic);
bool kev_lapic_listens_to_intr(const struct kev_lapic *apic);
void kev_lapic_wire_lint0(struct kev_lapic *apic);
void kev_lapic_count_nmi_lint0(struct kev_lapic *apic, u32 lvt0);
void kev_lapic_eoi(struct kev_lapic *apic);
void kev_lapic_deliver_lvt(struct kev_lapic *apic, unsigned int offset);

void kev_lapic_timer_init(struct kev_lapic *apic);
void kev_lapic_timer_destroy(struct kev_lapic *apic);
void kev_lapic_timer_stop(struct kev_lapic *apic);
void kev_lapic_timer_start(struct kev_lapic *apic);
void kev_lapic_timer_resume(struct kev_lapic *apic);
void kev_lapic_timer_load(struct kev_lapic *apic, u32 count);
void kev_lapic_timer_set_divisor(struct kev_lapic *apic, u32 tdcr);
void kev_lapic_timer_set_mode(struct kev_lapic *apic);
void kev_lapic_timer_set_deadline(struct kev_lapic *apic, u64 tsc);
u32 kev_lapic_timer_count(const struct kev_lapic *apic);

/* Request @vector of an enabled LAPIC.  Under its lock. */
static inline void kev_lapic_request(struct kev_lapic *apic, u8 vector,
				     bool level)
{
	if (level)
		__set_bit(vector, kev_lapic_vectors(apic, APIC_TMR));
	else
		__clear_bit(vector, kev_lapic_vectors(apic, APIC_TMR));
	__set_bit(vector, kev_lapic_vectors(apic, APIC_IRR));

	/* Anything below the highest request changes nothing. */
	if (vector > apic->irr_top) {
		apic->irr_top = vector;
		if (!apic->pending)
			kev_lapic_update_pending(apic);
	}
}

/*
 * kev_lapic_accept() for an edge that nobody tracks: the short way of an irqfd's
 * signal.
 */
static inline int kev_lapic_accept_edge(struct kev_lapic *apic, u8 vector)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&apic->lock, flags);
	if (likely(apic->enabled)) {
		kev_lapic_request(apic, vector, false);
		ret = 1;
	}
	spin_unlock_irqrestore(&apic->lock, flags);

	return ret;
}

#endif /* _KEV_LAPIC_INTERNAL_H */
