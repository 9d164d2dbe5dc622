/* SPDX-License-Identifier: GPL-2.0 */
/* GSIs, their routes and acks: irqchip.c's, direct.c's and ack.c's verbs inside. */
#ifndef _KEV_IRQCHIP_H
#define _KEV_IRQCHIP_H

#include <linux/kvm_eventfd.h>

struct kev_vm;

#ifdef CONFIG_KVM_EVENTFD_IRQ_ROUTING
int kev_routing_init(struct kev_vm *vm);
void kev_routing_clear(struct kev_vm *vm);
void kev_routing_destroy(struct kev_vm *vm);
#else
static inline int kev_routing_init(struct kev_vm *vm)
{
	return 0;
}

static inline void kev_routing_clear(struct kev_vm *vm)
{
}

static inline void kev_routing_destroy(struct kev_vm *vm)
{
}
#endif

/* Copy the route in force; false when there is none.  Under irq_srcu. */
bool kev_route_read(struct kev_vm *vm, u32 gsi, struct kev_route *route);

/* As kev_irq_map_chip_pin(), inside irq_srcu. */
int kev_chip_gsi(struct kev_vm *vm, unsigned int chip, unsigned int pin);

/* KVM_EVENTFD_CAP_MAX_ROUTES. */
int kev_set_max_routes(struct kev_vm *vm, u64 max);

#ifdef CONFIG_KVM_EVENTFD_ACK_NOTIFIER
void kev_acks_init(struct kev_vm *vm);
void kev_acks_destroy(struct kev_vm *vm);
#else
static inline void kev_acks_init(struct kev_vm *vm)
{
}

static inline void kev_acks_destroy(struct kev_vm *vm)
{
}
#endif

/* Unlink without waiting for callbacks that run; the caller waits. */
void kev_ack_notifier_unlink(struct kev_vm *vm,
			     struct kev_irq_ack_notifier *notifier);

#endif /* _KEV_IRQCHIP_H */
