/* SPDX-License-Identifier: GPL-2.0 */
/* Doorbells as doorbell.c registers them; uring.c rings them too. */
#ifndef KEV_BENCH_DOORBELL_H
#define KEV_BENCH_DOORBELL_H

#include <linux/kvm_eventfd.h>

#define NR_DOORBELLS		65536
#define DOORBELL_MMIO_BASE	0x10000000ULL

/**
 * enum doorbell_kind - How doorbells are told apart
 * @DOORBELL_MMIO:	by address, 4 bytes
 * @DOORBELL_PIO:	by port, 4 bytes
 * @DOORBELL_FAST:	by address, any length: FAST_MMIO here, and what an SVM
 *			guest's write of 4 bytes finds on kvm.ko
 * @DOORBELL_DATAMATCH:	one address, by the value written
 */
enum doorbell_kind {
	DOORBELL_MMIO,
	DOORBELL_PIO,
	DOORBELL_FAST,
	DOORBELL_DATAMATCH,
	NR_DOORBELL_KINDS,
};

/**
 * struct doorbells - @nr doorbells of one kind on @vm, one eventfd each
 */
struct doorbells {
	const struct vm *vm;
	enum doorbell_kind kind;
	int *fds;
	unsigned int nr;
};

extern const char *const doorbell_ops[NR_DOORBELL_KINDS];
void doorbells_register(struct doorbells *d);
__u64 doorbell_offset(const struct doorbells *d, unsigned int i);

#endif /* KEV_BENCH_DOORBELL_H */
