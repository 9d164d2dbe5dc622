/* SPDX-License-Identifier: GPL-2.0 */
/* The x86 machine: which chips a VM has, and how a message finds its LAPICs. */
#ifndef _KEV_X86_H
#define _KEV_X86_H

#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/hrtimer.h>
#include <linux/kconfig.h>
#include <linux/kvm_eventfd.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>
#include <linux/types.h>

#include <kev/machine/ioctl.h>
#include <kev/machine/machine.h>
#include <kev/machine/vcpu.h>

struct kev_apic_dest;
struct kev_apic_map;
struct kev_ioapic;
struct kev_lapic;
struct kev_lapic_irq;
struct kev_lapic_view;
struct kev_pic;
struct kev_pit;

enum kev_irqchip_mode {
	KEV_IRQCHIP_NONE,	/* user space has all interrupt controllers */
	KEV_IRQCHIP_KERNEL,	/* PIC, IOAPIC and LAPICs here */
	KEV_IRQCHIP_SPLIT,	/* LAPICs here, the others in user space */
};

/*
 * Can a guest keep its EOIs from the IOAPIC, by APIC_SPIV_DIRECTED_EOI?  A LAPIC's
 * version register says so (APIC_LVR_DIRECTED_EOI).
 */
enum kev_directed_eoi {
	KEV_DIRECTED_EOI_QUIRK,	/* the split irqchip offers it, the full one does it */
	KEV_DIRECTED_EOI_ON,	/* the split irqchip offers and does it */
	KEV_DIRECTED_EOI_OFF,	/* nobody offers or does it */
};

/**
 * struct kev_lapic_timers - The timers of all LAPICs; see lapic_timer.c
 * @lock:	Protects @queue.  Nests inside the LAPICs'.  Irq-safe.
 * @queue:	Those that are armed, by when they expire.
 * @hrtimer:	Reminds of the first.
 */
struct kev_lapic_timers {
	spinlock_t lock;
	struct timerqueue_head queue;
	struct hrtimer hrtimer;
};

/**
 * struct kev_x86 - An x86 machine
 * @machine:	What every machine has.
 * @mode:	Which chips there are.  Changes once, under machine.lock, with
 *		smp_store_release() after the chips are complete; read with
 *		smp_load_acquire().
 * @x2apic_format: MSI and IOAPIC ids are 32 bits.  Only ever switched on.
 * @x2apic_no_quirk: KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK.  The same.
 * @directed_eoi: What KVM_CAP_X2APIC_API asked for last.
 * @intr:	The 8259's INTR output.  Under @lint0_lock.
 * @pic:	Valid when @mode is KERNEL.
 * @ioapic:	Valid when @mode is KERNEL.
 * @pit:	NULL until it is created; once, under machine.lock, with
 *		smp_store_release().
 * @reserved_pins: Split mode: IOAPIC pins of user space.
 * @scan_seq:	Counts the changes of what addresses which LAPIC, and of which EOIs
 *		the IOAPIC wants to hear of.
 * @bsp_id:	The vCPU that starts running.  Under machine.lock, and fixed once
 *		a vCPU exists.
 * @map:	Destination lookup; NULL before the first LAPIC.  See apicmap.c.
 * @map_gen:	Counts the changes that @map has to follow.
 * @map_built:	The value of @map_gen that @map was built for.
 * @map_lock:	Serialises rebuilds of @map.
 * @apics:	LAPICs in order of creation.  Added to under machine.lock, read
 *		with no lock, never removed before the VM goes.
 * @lint0_lock:	Protects @intr and @lint0.  Nests inside the PIC's lock and
 *		outside the LAPICs'.
 * @lint0:	LAPICs that listen to @intr.
 * @timers:	See &struct kev_lapic_timers.
 * @nmi_lint0:	How many LAPICs take what is wired to LINT0 for an NMI.
 */
struct kev_x86 {
	struct kev_machine machine;
	enum kev_irqchip_mode mode;
	bool x2apic_format;
	bool x2apic_no_quirk;
	enum kev_directed_eoi directed_eoi;
	bool intr;
	struct kev_pic *pic;
	struct kev_ioapic *ioapic;
	struct kev_pit *pit;
	u32 reserved_pins;
	atomic_t scan_seq;
	u32 bsp_id;

	struct kev_apic_map __rcu *map;
	atomic64_t map_gen;
	atomic64_t map_built;
	struct mutex map_lock;

	struct list_head apics;
	struct mutex lint0_lock;
	struct list_head lint0;
	struct kev_lapic_timers timers;
	atomic_t nmi_lint0;
};

static inline struct kev_x86 *kev_x86(struct kev_machine *machine)
{
	return container_of(machine, struct kev_x86, machine);
}

static inline struct kev_x86 *kev_vcpu_x86(const struct kev_vcpu *vcpu)
{
	return kev_x86(vcpu->machine);
}

static inline enum kev_irqchip_mode kev_irqchip_mode(const struct kev_x86 *x86)
{
	/* Pairs with the release where the mode is set: the chips are complete. */
	return smp_load_acquire(&x86->mode);
}

/*
 * Are the PIC and the IOAPIC here?  What only runs when they are is compiled
 * out of a build without them, so that their verbs need no stubs.
 */
static inline bool kev_irqchip_full(const struct kev_x86 *x86)
{
	return IS_ENABLED(CONFIG_KVM_EVENTFD_IOAPIC) &&
	       kev_irqchip_mode(x86) == KEV_IRQCHIP_KERNEL;
}

static inline bool kev_x86_has_lapics(const struct kev_x86 *x86)
{
	return kev_irqchip_mode(x86) != KEV_IRQCHIP_NONE;
}

/* Does a LAPIC's version say that EOIs can be kept from the IOAPIC? */
static inline bool kev_x86_offers_directed_eoi(const struct kev_x86 *x86)
{
	return kev_irqchip_mode(x86) == KEV_IRQCHIP_SPLIT &&
	       READ_ONCE(x86->directed_eoi) != KEV_DIRECTED_EOI_OFF;
}

/* machine.c */
int kev_x86_create_chips(struct kev_x86 *x86);
void kev_x86_destinations_changed(struct kev_x86 *x86);

/* apicmap.c */
void kev_apic_map_rebuild(struct kev_x86 *x86);
int kev_apic_map_reserve(struct kev_x86 *x86, u32 id);
void kev_apic_map_destroy(struct kev_x86 *x86);
bool kev_apic_map_resolve(struct kev_x86 *x86, const struct kev_lapic *src,
			  const struct kev_lapic_irq *irq,
			  struct kev_apic_dest *dest);

static inline bool kev_apic_map_is_stale(struct kev_x86 *x86)
{
	return atomic64_read_acquire(&x86->map_built) !=
	       atomic64_read(&x86->map_gen);
}

/* Bring the map up to date.  Process context. */
static inline void kev_apic_map_sync(struct kev_x86 *x86)
{
	if (unlikely(kev_apic_map_is_stale(x86)))
		kev_apic_map_rebuild(x86);
}

/* A register that decides about destinations changed.  Any context. */
static inline void kev_apic_map_invalidate(struct kev_x86 *x86)
{
	atomic64_inc(&x86->map_gen);
}

/* What a message answers that no CPU is a candidate for. */
#define KEV_NO_CANDIDATE	(-1)

/* message.c */
bool kev_irq_is_lowest_prio(const struct kev_lapic_irq *irq);
bool kev_dest_matches(const struct kev_lapic_view *view,
		      const struct kev_lapic_irq *irq, bool msi_quirk);
bool kev_irq_deliver_fast(struct kev_x86 *x86, struct kev_lapic *src,
			  const struct kev_lapic_irq *irq, int *ret);
int kev_irq_deliver(struct kev_x86 *x86, struct kev_lapic *src,
		    const struct kev_lapic_irq *irq);

/* irq_comm.c */
bool kev_msi_is_valid(const struct kev_x86 *x86, const struct kev_route *route);
void kev_msi_decode(const struct kev_x86 *x86, const struct kev_route *route,
		    struct kev_lapic_irq *irq);
int kev_deliver_atomic(void *sink, const struct kev_route *route,
		       const struct kev_irq *irq);
int kev_deliver(void *sink, const struct kev_route *route,
		const struct kev_irq *irq);
int kev_signal_msi(struct kev_x86 *x86, u32 lo, u32 hi, u32 data);
unsigned int kev_default_routes(struct kvm_irq_routing_entry *entries);

/* What kev_default_routes() fills: 16 inputs of the PICs, 24 of the IOAPIC. */
#define KEV_DEFAULT_ROUTES	40

/* ioctl.c */
int kev_x86_enable_cap(struct kev_machine *machine,
		       const struct kvm_enable_cap *cap);
int kev_x86_check_extension(struct kev_machine *machine, long cap);
extern const struct kev_ioctl kev_x86_node_ioctls[];
extern const struct kev_ioctl kev_x86_vm_ioctls[];
extern const struct kev_ioctl kev_x86_vcpu_ioctls[];

/* pit.c */
void kev_x86_pin_unmasked(struct kev_x86 *x86, unsigned int chip,
			  unsigned int pin);
long kev_x86_create_pit(void *obj, void *arg, unsigned long uarg);
long kev_x86_create_pit2(void *obj, void *arg, unsigned long uarg);
long kev_x86_get_pit(void *obj, void *arg, unsigned long uarg);
long kev_x86_set_pit(void *obj, void *arg, unsigned long uarg);
long kev_x86_get_pit2(void *obj, void *arg, unsigned long uarg);
long kev_x86_set_pit2(void *obj, void *arg, unsigned long uarg);
long kev_x86_reinject_control(void *obj, void *arg, unsigned long uarg);

/* cpuid.c */
long kev_x86_supported_cpuid(void *obj, void *arg, unsigned long uarg);

#endif /* _KEV_X86_H */
