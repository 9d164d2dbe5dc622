/* SPDX-License-Identifier: GPL-2.0 */
/* The 8254 PIT: verbs only; i8254.c alone has the struct. */
#ifndef _KEV_I8254_H
#define _KEV_I8254_H

#include <linux/types.h>

struct kev_pit;
struct kev_vm;
struct kvm_pit_channel_state;
struct kvm_pit_state2;

#define KEV_PIT_CHANNELS	3

/* Where channel 0's output goes. */
#define KEV_PIT_GSI		0

/**
 * struct kev_pit_ops - What else the output of channel 0 is wired to
 * @ticked:	An interrupt was just sent to KEV_PIT_GSI.  Process context, no
 *		lock held.  NULL: nothing.
 */
struct kev_pit_ops {
	void (*ticked)(struct kev_vm *vm);
};

/*
 * Allocate it and put it on the PIO bus, @speaker: with port 0x61.  An ERR_PTR
 * of -ENOMEM, or what the bus said.
 */
struct kev_pit *kev_pit_create(struct kev_vm *vm, bool speaker,
			       const struct kev_pit_ops *ops);
/* Stop it and free it; no user may be left.  NULL is allowed. */
void kev_pit_destroy(struct kev_pit *pit);

void kev_pit_get_state(struct kev_pit *pit, struct kvm_pit_state2 *state);
/* @flags: KVM_PIT_FLAGS_*; NULL leaves them. */
void kev_pit_set_state(struct kev_pit *pit,
		       const struct kvm_pit_channel_state *channels,
		       const u32 *flags);

/* Keep ticks that come before the ack of the last one.  -ENOMEM. */
int kev_pit_set_reinject(struct kev_pit *pit, bool reinject);
/* The guest is ready for the next tick, and wants none from before. */
void kev_pit_forget_ticks(struct kev_pit *pit);

#endif /* _KEV_I8254_H */
