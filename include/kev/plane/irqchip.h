/* SPDX-License-Identifier: GPL-2.0 */
/* GSIs, their routes and acks: irqchip.c's, direct.c's and ack.c's verbs inside. */
#ifndef _KEV_IRQCHIP_H
#define _KEV_IRQCHIP_H

#include <linux/errno.h>
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

/* Set the table from kernel memory: the default routes of a new chip. */
int kev_set_irq_routing_kernel(struct kev_vm *vm,
			       const struct kvm_irq_routing_entry *entries,
			       unsigned int nr);

/* Fill the route of a MSI entry.  -EINVAL: a flag that is not known. */
static inline int kev_route_set_msi(struct kev_route *route,
				    const struct kvm_irq_routing_entry *ue)
{
	if (ue->flags & ~KVM_MSI_VALID_DEVID)
		return -EINVAL;

	route->type = KVM_IRQ_ROUTING_MSI;
	route->msi.address_lo = ue->u.msi.address_lo;
	route->msi.address_hi = ue->u.msi.address_hi;
	route->msi.data = ue->u.msi.data;
	if (ue->flags & KVM_MSI_VALID_DEVID) {
		route->devid_valid = 1;
		route->msi.devid = ue->u.msi.devid;
	}
	return 0;
}

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
