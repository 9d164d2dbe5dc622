/* SPDX-License-Identifier: GPL-2.0 */
/* The IOAPIC: verbs only; ioapic.c alone has the struct. */
#ifndef _KEV_IOAPIC_H
#define _KEV_IOAPIC_H

#include <linux/types.h>

struct kev_ioapic;
struct kev_irq;
struct kev_lapic_irq;
struct kev_vcpu;
struct kev_vm;
struct kvm_ioapic_state;
struct xarray;

#define KEV_IOAPIC_BASE		0xfec00000ULL
#define KEV_IOAPIC_LEN		0x100
#define KEV_IOAPIC_PINS		24

/* What struct kev_ioapic_ops.inflight answers. */
#define KEV_CPU_ADDRESSED	0x1	/* the destination matches this CPU */
#define KEV_CPU_PENDING		0x2	/* the vector is in its IRR or ISR */

/**
 * struct kev_ioapic_ops - How the IOAPIC reaches the LAPICs
 * @deliver:	Send one message; how many took it (negative: no target).
 *		LAPICs that take a fixed or lowest-priority one add themselves
 *		to @irq->dest_map, unless that is NULL.
 * @changed:	A redirection entry was written.
 * @inflight:	How far is @irq with this CPU: KEV_CPU_* flags.
 * @unmasked:	The guest unmasked a pin.  NULL: nobody asks.
 *
 * All are called with the IOAPIC's lock held, in process context.
 */
struct kev_ioapic_ops {
	int (*deliver)(struct kev_vm *vm, const struct kev_lapic_irq *irq);
	void (*changed)(struct kev_vm *vm);
	unsigned int (*inflight)(struct kev_vcpu *vcpu,
				 const struct kev_lapic_irq *irq);
	void (*unmasked)(struct kev_vm *vm, unsigned int pin);
};

/* Allocate it and put it on the MMIO bus; an ERR_PTR on failure. */
struct kev_ioapic *kev_ioapic_create(struct kev_vm *vm, struct xarray *vcpus,
				     const struct kev_ioapic_ops *ops);
/* Cancel delayed work, take it off the bus, free it.  NULL is allowed. */
void kev_ioapic_destroy(struct kev_ioapic *ioapic);

/* -1 masked or ignored, 0 coalesced, > 0 delivered.  May sleep. */
int kev_ioapic_set_irq(struct kev_ioapic *ioapic, unsigned int pin,
		       const struct kev_irq *irq);

/*
 * A LAPIC ended @vector (a level one by TMR, unless @broadcast is off), or
 * took it out of service.  No LAPIC lock held.
 */
void kev_ioapic_eoi(struct kev_ioapic *ioapic, u32 vcpu_id, u8 vector,
		    bool level_triggered);

/*
 * Which vectors' EOIs a CPU has to report.  The answer may be another one after
 * &kev_ioapic_ops.changed, when an ack notifier came or went, and when LAPICs changed
 * their ids or destinations.
 */
void kev_ioapic_scan(struct kev_ioapic *ioapic, struct kev_vcpu *vcpu,
		     unsigned long *vectors);

/* SET_LAPIC changed what is pending there: count its RTC EOI again. */
void kev_ioapic_restore_rtc(struct kev_ioapic *ioapic, struct kev_vcpu *vcpu);

void kev_ioapic_get_state(struct kev_ioapic *ioapic,
			  struct kvm_ioapic_state *state);
void kev_ioapic_set_state(struct kev_ioapic *ioapic,
			  const struct kvm_ioapic_state *state);

#endif /* _KEV_IOAPIC_H */
