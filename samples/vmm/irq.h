/* SPDX-License-Identifier: GPL-2.0 */
/* An interrupt of the guest that an eventfd raises. */
#ifndef VMM_IRQ_H
#define VMM_IRQ_H

#include <stdint.h>

struct vcpu;
struct vm;

/**
 * struct irq - One interrupt source
 * @name:	Of the queue that it belongs to.
 * @gsi:	The GSI.
 * @vector:	The vector that its MSI carries.
 * @call:	The eventfd that the device signals.  Never read here: only
 *		the module may drain it.
 * @taken:	How often the vCPU took @vector.
 */
struct irq {
	const char *name;
	uint32_t gsi;
	uint32_t vector;
	int call;
	uint64_t taken;
};

void irqs_create(struct irq *irqs, unsigned int nr, struct vm *vm);
void irq_destroy(struct irq *irq, struct vm *vm);
struct irq *irq_take(struct irq *irqs, unsigned int nr, struct vcpu *vcpu);

#endif /* VMM_IRQ_H */
