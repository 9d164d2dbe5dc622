/* SPDX-License-Identifier: GPL-2.0 */
/* The pair of 8259 PICs: verbs only; i8259.c alone has the struct. */
#ifndef _KEV_I8259_H
#define _KEV_I8259_H

#include <linux/types.h>

struct kev_irq;
struct kev_pic;
struct kev_vm;
struct kvm_pic_state;

#define KEV_PIC_PINS		16

/**
 * struct kev_pic_ops - What the pair is wired to
 * @output:	The INTR output changed.
 * @accepted:	Does any CPU listen to INTR (LINT0 unmasked in ExtINT mode, or
 *		its LAPIC globally off)?  An ICW1 acks the edges that it drops
 *		only then.  NULL: no CPU does.
 * @unmasked:	The guest unmasked an input, 0 to 15.  NULL: nobody asks.
 *
 * All are called with the PIC's lock held, in process context.
 */
struct kev_pic_ops {
	void (*output)(struct kev_vm *vm, bool raised);
	bool (*accepted)(struct kev_vm *vm);
	void (*unmasked)(struct kev_vm *vm, unsigned int pin);
};

/* Allocate the pair and put it on the PIO bus; an ERR_PTR on failure. */
struct kev_pic *kev_pic_create(struct kev_vm *vm,
			       const struct kev_pic_ops *ops);
/* Take it off the bus and free it; no user may be left.  NULL is allowed. */
void kev_pic_destroy(struct kev_pic *pic);

/* Input 0 to 15; returns -1 masked, 0 coalesced, 1 delivered.  May sleep. */
int kev_pic_set_irq(struct kev_pic *pic, unsigned int pin,
		    const struct kev_irq *irq);
/*
 * The INTA cycle: the vector (a spurious one when nothing is pending).  Runs
 * ack notifiers when the pair ends interrupts by itself: no lock held.
 */
u8 kev_pic_ack(struct kev_pic *pic);
bool kev_pic_output(struct kev_pic *pic);

/* @chip: KVM_IRQCHIP_PIC_MASTER or _SLAVE. */
void kev_pic_get_state(struct kev_pic *pic, unsigned int chip,
		       struct kvm_pic_state *state);
void kev_pic_set_state(struct kev_pic *pic, unsigned int chip,
		       const struct kvm_pic_state *state);
/* KVM re-evaluates the output after every SET_IRQCHIP. */
void kev_pic_update(struct kev_pic *pic);

#endif /* _KEV_I8259_H */
