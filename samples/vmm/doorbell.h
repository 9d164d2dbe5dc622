/* SPDX-License-Identifier: GPL-2.0 */
/* A register that the guest writes to wake a device. */
#ifndef VMM_DOORBELL_H
#define VMM_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

struct uring;
struct vcpu;
struct vm;

/**
 * struct doorbell - One notify register
 * @gpa:	Where the guest writes.
 * @value:	What it writes: the queue's number.
 * @any:	The ioeventfd has length 0: the address alone matches, for any
 *		length.  Otherwise 2 bytes equal to @value match.
 * @kick:	The eventfd that the device waits for.  Never written here:
 *		only the module may signal it.
 * @vcpu:	Who writes,
 * @uring:	and through which ring; NULL for pwrite().
 * @rung:	Writes.
 * @taken:	Those that the module took.
 * @refused:	Those that it left to this program, which drops them.
 * @address_only: Those without data, which only an ioeventfd of length 0 takes.
 */
struct doorbell {
	uint64_t gpa;
	uint16_t value;
	bool any;
	int kick;
	struct vcpu *vcpu;
	struct uring *uring;
	uint64_t rung;
	uint64_t taken;
	uint64_t refused;
	uint64_t address_only;
};

void doorbell_create(struct doorbell *bell, struct vm *vm);
void doorbell_destroy(struct doorbell *bell, struct vm *vm);
void doorbell_check_mismatch(struct doorbell *bell);
bool doorbell_ring(struct doorbell *bell);

#endif /* VMM_DOORBELL_H */
