/* SPDX-License-Identifier: GPL-2.0 */
/* The vCPU: a file that this program drives. */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <linux/kvm_eventfd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vm;

/**
 * struct vcpu - One virtual CPU
 * @fd:		Its file.
 * @map:	Its mapping, and
 * @map_size:	how long that is.
 * @state:	The page with the pending word.
 */
struct vcpu {
	int fd;
	void *map;
	size_t map_size;
	const struct kvm_eventfd_vcpu_state *state;
};

void vcpu_create(struct vcpu *vcpu, struct vm *vm, unsigned long id);
void vcpu_destroy(struct vcpu *vcpu);
int vcpu_write_mmio(struct vcpu *vcpu, uint64_t gpa, const void *data,
		    size_t len);
bool vcpu_wait(struct vcpu *vcpu, uint64_t timeout_ns);
bool vcpu_ack(struct vcpu *vcpu, struct kvm_eventfd_interrupt *intr);
void vcpu_eoi(struct vcpu *vcpu);

/* Would vcpu_ack() find something?  A load, not a system call. */
static inline bool vcpu_pending(const struct vcpu *vcpu)
{
	return __atomic_load_n(&vcpu->state->pending, __ATOMIC_ACQUIRE);
}

#endif /* VMM_VCPU_H */
