// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts: an eventfd, the irqfd that drains it, the route to a vector.
 *
 * The device holds one end of the eventfd (vhost.c), the module the other.
 * This program only keeps the file open, since closing its last reference
 * would deassign the irqfd, and takes what arrives at the vCPU.
 */
#include <linux/kvm_eventfd.h>
#include <stddef.h>
#include <unistd.h>

#include "irq.h"
#include "util.h"
#include "vcpu.h"
#include "vm.h"

/* An MSI to the local APIC with id 0, fixed delivery, edge triggered. */
#define MSI_ADDRESS	0xfee00000ULL

#define IRQS_MAX	8

/**
 * irqs_create() - Route some interrupts and bind an eventfd to each
 * @irqs:	With name, gsi and vector filled.
 * @nr:		How many.
 * @vm:		The VM.
 */
void irqs_create(struct irq *irqs, unsigned int nr, struct vm *vm)
{
	struct vm_msi msis[IRQS_MAX] = { 0 };
	unsigned int i;

	if (nr > IRQS_MAX)
		die("no more than %d interrupts", IRQS_MAX);

	for (i = 0; i < nr; i++) {
		msis[i].gsi = irqs[i].gsi;
		msis[i].address = MSI_ADDRESS;
		msis[i].data = irqs[i].vector;
	}
	vm_route_msis(vm, msis, nr);

	for (i = 0; i < nr; i++) {
		irqs[i].taken = 0;
		irqs[i].call = eventfd_create();
		vm_irqfd(vm, irqs[i].call, irqs[i].gsi, true);
	}
}

/**
 * irq_destroy() - Take the irqfd off and close its eventfd
 * @irq:	From irqs_create().
 * @vm:		The VM.
 */
void irq_destroy(struct irq *irq, struct vm *vm)
{
	vm_irqfd(vm, irq->call, irq->gsi, false);
	close(irq->call);
}

/**
 * irq_take() - Take and end the next interrupt of a vCPU
 * @irqs:	All that can arrive.
 * @nr:		How many.
 * @vcpu:	The vCPU.
 *
 * It is ended before its queue is looked at, so that what the device adds
 * from here on raises it again.
 *
 * Return: which one, or NULL when there is none now.
 */
struct irq *irq_take(struct irq *irqs, unsigned int nr, struct vcpu *vcpu)
{
	struct kvm_eventfd_interrupt intr;
	unsigned int i;

	if (!vcpu_ack(vcpu, &intr))
		return NULL;
	if (intr.type != KVM_EVENTFD_INTR_FIXED)
		die("the vCPU got an event of type %u that no device here sends",
		    intr.type);

	for (i = 0; i < nr; i++)
		if (irqs[i].vector == intr.vector)
			break;
	if (i == nr)
		die("the vCPU got vector %#x that no device here sends",
		    intr.vector);

	vcpu_eoi(vcpu);
	irqs[i].taken++;

	return &irqs[i];
}
