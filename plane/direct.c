// SPDX-License-Identifier: GPL-2.0
/*
 * GSIs without a table of routes: GSI n is pin n of chip 0.
 *
 * A build without KVM_EVENTFD_IRQ_ROUTING has this in place of irqchip.c and
 * routing*.c.  A delivery is in vm->irq_srcu as it is there, so that a writer can wait
 * for running deliveries.
 */
#include <linux/export.h>
#include <linux/kvm_eventfd.h>
#include <linux/limits.h>
#include <linux/srcu.h>

#include <kev/plane/irqchip.h>
#include <kev/plane/vm.h>

/**
 * kev_route_read - The route of a GSI
 * @vm:		The VM.
 * @gsi:	Any number.
 * @route:	Filled.
 *
 * Context: Any.
 * Return: True: each GSI has one.
 */
bool kev_route_read(struct kev_vm *vm, u32 gsi, struct kev_route *route)
{
	*route = (struct kev_route){
		.type	= KVM_IRQ_ROUTING_IRQCHIP,
		.chips	= BIT(0),
		.gsi	= gsi,
		.pin	= { gsi },
	};

	return true;
}

/**
 * kev_irq_map_gsi - The route of a GSI
 * @vm:		The VM.
 * @gsi:	Any number.
 * @route:	Filled.
 *
 * Context: Any.
 * Return: True.
 */
bool kev_irq_map_gsi(struct kev_vm *vm, u32 gsi, struct kev_route *route)
{
	return kev_route_read(vm, gsi, route);
}
EXPORT_SYMBOL_GPL(kev_irq_map_gsi);

/**
 * kev_chip_gsi - The GSI of a pin
 * @vm:		The VM.
 * @chip:	Any number.
 * @pin:	Any number.
 *
 * Context: Any.
 * Return: The GSI, or -1.
 */
int kev_chip_gsi(struct kev_vm *vm, unsigned int chip, unsigned int pin)
{
	return !chip && pin <= S32_MAX ? (int)pin : -1;
}

/**
 * kev_irq_map_chip_pin - The GSI of a pin
 * @vm:		The VM.
 * @chip:	Any number.
 * @pin:	Any number.
 *
 * Context: Any.
 * Return: The GSI, or -1.
 */
int kev_irq_map_chip_pin(struct kev_vm *vm, unsigned int chip,
			 unsigned int pin)
{
	return kev_chip_gsi(vm, chip, pin);
}
EXPORT_SYMBOL_GPL(kev_irq_map_chip_pin);

/**
 * kev_set_irq - Change an interrupt input
 * @vm:		The VM.
 * @gsi:	Any number; one that the sink does not have is ignored.
 * @irq:	The source, and what it changes the input to.
 *
 * Context: Process context.
 * Return: A positive number of CPUs that took it, 0 when it was coalesced,
 *	   negative when it was ignored.
 */
int kev_set_irq(struct kev_vm *vm, u32 gsi, const struct kev_irq *irq)
{
	struct kev_route route;
	int idx;
	int ret;

	kev_route_read(vm, gsi, &route);
	idx = srcu_read_lock(&vm->irq_srcu);
	ret = vm->ops->deliver(vm->sink, &route, irq);
	srcu_read_unlock(&vm->irq_srcu, idx);

	return ret;
}
EXPORT_SYMBOL_GPL(kev_set_irq);
