/* SPDX-License-Identifier: GPL-2.0 */
/* The local APIC: verbs only; lapic_internal.h has the struct. */
#ifndef _KEV_LAPIC_H
#define _KEV_LAPIC_H

#include <linux/list.h>
#include <linux/types.h>

#include <kev/base/limits.h>

struct kev_lapic;
struct kev_vcpu;
struct kev_x86;
struct kvm_eventfd_interrupt;
struct kvm_lapic_state;
struct kvm_mp_state;

/* Where the register page is until the guest moves it. */
#define KEV_LAPIC_BASE	0xfee00000ULL

/* Delivery modes, as in an MSI, a redirection entry, an LVT and the ICR. */
enum kev_delivery_mode {
	KEV_DM_FIXED	= 0,
	KEV_DM_LOWEST	= 1,
	KEV_DM_SMI	= 2,
	KEV_DM_RESERVED	= 3,
	KEV_DM_NMI	= 4,
	KEV_DM_INIT	= 5,
	KEV_DM_SIPI	= 6,
	KEV_DM_EXTINT	= 7,
};

/* Destination shorthands of the ICR. */
enum kev_shorthand {
	KEV_SHORTHAND_NONE	= 0,
	KEV_SHORTHAND_SELF	= 1,
	KEV_SHORTHAND_ALL	= 2,
	KEV_SHORTHAND_OTHERS	= 3,
};

/**
 * struct kev_dest_map - Which CPUs took a message
 * @cpus:	By vCPU id.
 * @vectors:	The vector that each of @cpus took last.
 */
struct kev_dest_map {
	unsigned long cpus[BITS_TO_LONGS(KEV_MAX_VCPU_IDS)];
	u8 vectors[KEV_MAX_VCPU_IDS];
};

/**
 * struct kev_lapic_irq - An interrupt message on its way to LAPICs
 * @dest_id:	Destination, 8 bits or 32.
 * @vector:	0 to 255.
 * @delivery_mode: enum kev_delivery_mode.
 * @shorthand:	enum kev_shorthand (IPIs only).
 * @logical:	Destination mode.
 * @level:	Asserted.
 * @trig_level:	Level triggered: sets TMR, and EOI is broadcast.
 * @redir_hint:	MSI redirection hint: one CPU of those addressed.
 * @dest_map:	Filled by the LAPICs that take a vector; NULL: nobody asks.
 */
struct kev_lapic_irq {
	u32 dest_id;
	u8 vector;
	u8 delivery_mode;
	u8 shorthand;
	bool logical;
	bool level;
	bool trig_level;
	bool redir_hint;
	struct kev_dest_map *dest_map;
};

enum kev_lapic_mode {
	KEV_LAPIC_ABSENT,	/* user space has the interrupt controllers */
	KEV_LAPIC_OFF,		/* globally disabled (APIC base MSR) */
	KEV_LAPIC_XAPIC,
	KEV_LAPIC_X2APIC,
};

/**
 * struct kev_lapic_view - What decides whether a LAPIC is addressed
 * @x2apic_id:	The vCPU id: 32 bits, cannot change.
 * @ldr:	Logical destination register.
 * @dfr:	Destination format register.
 * @xapic_id:	Upper byte of the id register.
 * @mode:	enum kev_lapic_mode.
 * @enabled:	Software-enabled in the spurious vector register.
 */
struct kev_lapic_view {
	u32 x2apic_id;
	u32 ldr;
	u32 dfr;
	u8 xapic_id;
	u8 mode;
	bool enabled;
};

static inline bool kev_lapic_mode_present(enum kev_lapic_mode mode)
{
	return mode >= KEV_LAPIC_XAPIC;
}

/**
 * struct kev_lapic_ops - What a LAPIC is wired to
 * @inta:	The INTA cycle of the 8259 whose INTR was taken: the vector.
 * @eoi:	A vector ended whose EOI @scan asked for.  @level: its TMR bit was
 *		set.  @directed: the guest keeps EOIs from the IOAPIC
 *		(APIC_SPIV_DIRECTED_EOI).
 * @scan_seq:	A number that changes when @scan might answer differently.  Any
 *		context.
 * @scan:	Set the bits of the vectors whose EOIs must be reported; all 256 are
 *		clear.
 * @send_ipi:	Send a message of this LAPIC, @src.
 * @moved:	Messages may find other LAPICs now.
 * @restored:	The registers were loaded.  @moved: also that.
 *
 * All are called with no LAPIC lock held, in process context.
 */
struct kev_lapic_ops {
	u8 (*inta)(struct kev_x86 *x86);
	void (*eoi)(struct kev_vcpu *vcpu, u8 vector, bool level, bool directed);
	u32 (*scan_seq)(struct kev_x86 *x86);
	void (*scan)(struct kev_vcpu *vcpu, unsigned long *vectors);
	void (*send_ipi)(struct kev_x86 *x86, struct kev_lapic *src,
			 const struct kev_lapic_irq *irq);
	void (*moved)(struct kev_x86 *x86);
	void (*restored)(struct kev_vcpu *vcpu, bool moved);
};

int kev_lapic_create(struct kev_vcpu *vcpu, struct kev_x86 *x86,
		     const struct kev_lapic_ops *ops);
void kev_lapic_timers_init(struct kev_x86 *x86);
void kev_lapic_publish(struct kev_vcpu *vcpu);
void kev_lapic_destroy(struct kev_vcpu *vcpu);

/* 1 when taken, 0 when disabled or blocked.  Any context. */
int kev_lapic_accept(struct kev_lapic *apic, const struct kev_lapic_irq *irq);

void kev_lapic_get_view(const struct kev_lapic *apic,
			struct kev_lapic_view *view);
struct kev_lapic *kev_lapic_next(struct kev_x86 *x86, struct kev_lapic *apic);

/*
 * Every LAPIC of a machine, in the order in which the vCPUs were created.
 * Process context, with no spinlock held: lets others run between two.
 */
#define kev_for_each_lapic(apic, x86)					\
	for ((apic) = kev_lapic_next(x86, NULL); (apic);		\
	     (apic) = kev_lapic_next(x86, apic))

/* Is @vector requested or in service? */
bool kev_lapic_vector_inflight(struct kev_lapic *apic, u8 vector);

/* The 8259's INTR output, wired to LINT0.  Under the PIC's lock; may sleep. */
void kev_lapics_set_intr(struct kev_x86 *x86, bool raised);
bool kev_lapics_listen_to_intr(struct kev_x86 *x86);
/* A pulse of the PIT on every LINT0.  No LAPIC lock held; may sleep. */
void kev_lapics_pulse_lint0(struct kev_x86 *x86);

/* Interrupts that an ioctl queues.  -EEXIST: @vector waits already. */
int kev_lapic_queue_extint(struct kev_lapic *apic, u8 vector, bool replace);
void kev_lapic_queue_nmi(struct kev_lapic *apic);

int kev_lapic_ack(struct kev_vcpu *vcpu, struct kvm_eventfd_interrupt *intr);
bool kev_lapic_has_event(struct kev_vcpu *vcpu);

int kev_lapic_mmio_read(struct kev_vcpu *vcpu, u64 gpa, unsigned int len,
			void *val);
int kev_lapic_mmio_write(struct kev_vcpu *vcpu, u64 gpa, unsigned int len,
			 const void *val);

int kev_lapic_msr_read(struct kev_vcpu *vcpu, u32 msr, u64 *val);
int kev_lapic_msr_write(struct kev_vcpu *vcpu, u32 msr, u64 val);

/* Split irqchip: tell user space's IOAPIC that @vector ended. */
void kev_lapic_queue_eoi(struct kev_lapic *apic, u8 vector);

int kev_lapic_get_state(struct kev_vcpu *vcpu, struct kvm_lapic_state *s);
int kev_lapic_set_state(struct kev_vcpu *vcpu, struct kvm_lapic_state *s);

void kev_lapic_get_mp_state(struct kev_vcpu *vcpu, struct kvm_mp_state *state);
int kev_lapic_set_mp_state(struct kev_vcpu *vcpu,
			   const struct kvm_mp_state *state);

#endif /* _KEV_LAPIC_H */
