// SPDX-License-Identifier: GPL-2.0
/*
 * Directed cases: the PIT's ioctls and registers.
 *
 * Two hosts' clocks tick apart.  So channel 0 is not started, and the others
 * count what lasts longer than a case; what a read gives is looked at only where
 * the time has no part in it.
 */
#include "directed.h"

#define NO_CHIP		{ .mode = MODE_NONE }
#define SPLIT		{ .mode = MODE_SPLIT }

#define CREATE		VM_IOCTL(KVM_CREATE_PIT, 0)
#define CREATE2(f)							\
	{ .op = OP_VM_IOCTL, .addr = KVM_CREATE_PIT2,			\
	  .len = sizeof(struct kvm_pit_config),				\
	  .data = &(const struct kvm_pit_config){ .flags = (f) } }
#define SET_PIT2(f, ...)						\
	{ .op = OP_VM_IOCTL, .addr = KVM_SET_PIT2,			\
	  .len = sizeof(struct kvm_pit_state2),				\
	  .data = &(const struct kvm_pit_state2){			\
		.flags = (f), .channels = { __VA_ARGS__ } } }
#define REINJECT(v)							\
	{ .op = OP_VM_IOCTL, .addr = KVM_REINJECT_CONTROL,		\
	  .len = sizeof(struct kvm_reinject_control),			\
	  .data = &(const struct kvm_reinject_control){ .pit_reinject = (v) } }
#define PIT(c)			{ .op = OP_PIT, .gsi = (c) }
#define ALL_CHANNELS		PIT(0), PIT(1), PIT(2)
#define CONTROL(v)		OUTB(0x43, v)

/* Each ioctl without its argument's memory: what is checked first shows. */
#define WITH_BAD_MEMORY							\
	VM_IOCTL(KVM_CREATE_PIT2, 1), VM_IOCTL(KVM_GET_PIT, 1),		\
	VM_IOCTL(KVM_SET_PIT, 1), VM_IOCTL(KVM_GET_PIT2, 1),		\
	VM_IOCTL(KVM_SET_PIT2, 1), VM_IOCTL(KVM_REINJECT_CONTROL, 1)

const struct directed directed_pit[] = {
	{ "pit_create", STEPS(CREATE, ALL_CHANNELS, CREATE, CREATE2(0)) },
	{ "pit_create2",
	  STEPS(CREATE2(~0u), ALL_CHANNELS, INB(0x43), CREATE2(0), CREATE) },
	/* 6.1 asks only that nobody was there first. */
	{ "pit_create_without_chip", NO_CHIP, .not_old = true,
	  STEPS(CREATE, CREATE2(0), PIT(0)) },
	{ "pit_create_with_split", SPLIT, .not_old = true,
	  STEPS(CREATE, CREATE2(0), PIT(0)) },
	{ "pit_absent",
	  STEPS(PIT(0), SET_PIT2(0), REINJECT(1), OUTB(0x43, 0), INB(0x40),
		INB(0x61)) },
	{ "pit_bad_memory", STEPS(CREATE, WITH_BAD_MEMORY) },
	{ "pit_absent_bad_memory", STEPS(WITH_BAD_MEMORY) },
	{ "pit_without_speaker",
	  STEPS(CREATE2(0), INB(0x61), OUTB(0x61, 1), PIT(2)) },
	{ "pit_reinject", STEPS(CREATE, REINJECT(0), REINJECT(0), REINJECT(0x80)) },
	{ "pit_state_of_any_value",
	  STEPS(CREATE,
		SET_PIT2(~0u, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 },
			 { ~0u, 0xffff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 13 },
			 { 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 13 }),
		ALL_CHANNELS, INB(0x40), INB(0x41), INB(0x41), PIT(1), INB(0x42),
		PIT(2)) },
	{ "pit_control_words",
	  STEPS(CREATE, CONTROL(0x50), PIT(1), CONTROL(0x65), PIT(1),
		CONTROL(0x7e), PIT(1), CONTROL(0xbc), PIT(2), CONTROL(0x3a),
		PIT(0)) },
	{ "pit_counts_of_bytes",
	  STEPS(CREATE, OUTB(0x41, 0x12), PIT(1), CONTROL(0x60),
		OUTB(0x41, 0x12), PIT(1), CONTROL(0x70), OUTB(0x41, 0x34),
		PIT(1), OUTB(0x41, 0x12), PIT(1), OUTB(0x41, 0), OUTB(0x41, 0),
		PIT(1)) },
	{ "pit_control_word_between_bytes",
	  STEPS(CREATE, CONTROL(0x70), OUTB(0x41, 0x34), CONTROL(0x40), PIT(1),
		OUTB(0x41, 0x12), PIT(1), OUTB(0x41, 0x78), CONTROL(0x70),
		OUTB(0x41, 0x56), PIT(1)) },
	{ "pit_latch",
	  STEPS(CREATE, CONTROL(0x40), PIT(1), CONTROL(0x70), CONTROL(0x40),
		PIT(1), CONTROL(0x50), PIT(1), CONTROL(0x40), PIT(1)) },
	{ "pit_read_back",
	  STEPS(CREATE, CONTROL(0x70), CONTROL(0xb0), CONTROL(0xd4), ALL_CHANNELS,
		CONTROL(0xc8), ALL_CHANNELS, CONTROL(0xf2), ALL_CHANNELS,
		CONTROL(0xc0), CONTROL(0xc1), ALL_CHANNELS) },
	{ "pit_status",
	  STEPS(CREATE, SET_PIT2(0, { .mode = 0xff },
				 { .count = ~0u, .rw_mode = 3, .mode = 1,
				   .bcd = 1 },
				 { .count = ~0u, .rw_mode = 2, .mode = 4 }),
		CONTROL(0xec), INB(0x41), INB(0x42), PIT(1), PIT(2)) },
	{ "pit_access_lengths",
	  STEPS(CREATE, CONTROL(0x50), OUT(0x41, 2, 0x3412), PIT(1), IN(0x43, 2),
		OUT(0x40, 4, 0), IN(0x42, 4), OUT(0x43, 4, 0x70), PIT(1),
		IN(0x3f, 2), OUT(0x62, 1, 0xff), INB(0x62),
		INB(0x64)) },
	{ "pit_gate",
	  STEPS(CREATE, OUTB(0x61, 0xff), PIT(2), OUTB(0x61, 2), PIT(2),
		OUTB(0x61, 1), PIT(2), OUTB(0x61, 0), PIT(2)) },
	{ "pit_legacy_hpet",
	  STEPS(CREATE, SET_PIT2(1, { .count = 5, .mode = 2 },
				 { .count = ~0u }, { .count = ~0u }),
		ALL_CHANNELS, CONTROL(0x14), OUTB(0x40, 0x55), PIT(0)) },
};

const unsigned int nr_directed_pit = ARRAY_SIZE(directed_pit);
