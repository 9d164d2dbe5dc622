/* SPDX-License-Identifier: GPL-2.0 */
/* irqfds: eventfd.c's verbs inside the module. */
#ifndef _KEV_EVENTFD_H
#define _KEV_EVENTFD_H

#include <linux/kvm_eventfd.h>

#include <kev/plane/vm.h>

#ifdef CONFIG_KVM_EVENTFD_IRQFD
int kev_irqfds_init(struct kev_vm *vm);
/* Shut every irqfd down and wait.  No ioctl of the VM may be running. */
void kev_irqfds_release(struct kev_vm *vm);
/* Free their index and counts.  No user of the VM may be left. */
void kev_irqfds_destroy(struct kev_vm *vm);

/* The route of @gsi changed: copy it into the irqfds.  Under irq_lock. */
void kev_irqfds_update(struct kev_vm *vm, u32 gsi,
		       const struct kev_route *route);

/* Sum over all irqfds that are and were; it never falls.  Returns how many are bound. */
unsigned int kev_irqfds_stats(struct kev_vm *vm, struct kev_irqfd_stats *sum);
#else
static inline int kev_irqfds_init(struct kev_vm *vm)
{
	return 0;
}

static inline void kev_irqfds_release(struct kev_vm *vm)
{
}

static inline void kev_irqfds_destroy(struct kev_vm *vm)
{
}

static inline void kev_irqfds_update(struct kev_vm *vm, u32 gsi,
				     const struct kev_route *route)
{
}

static inline unsigned int kev_irqfds_stats(struct kev_vm *vm,
					    struct kev_irqfd_stats *sum)
{
	*sum = (struct kev_irqfd_stats){ };
	return 0;
}
#endif

#endif /* _KEV_EVENTFD_H */
