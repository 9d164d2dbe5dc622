/* SPDX-License-Identifier: GPL-2.0 */
/* Adapters of s390: indicators in the VMM's memory, for VMs of lines. */
#ifndef _KEV_ADAPTER_H
#define _KEV_ADAPTER_H

#include <linux/kvm_eventfd.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include <uapi/linux/kvm_eventfd.h>

#include <kev/base/limits.h>

/**
 * struct kev_adapters - The adapters of a VM
 * @flags:	By number: KVM_EVENTFD_ADAPTER_*, and ADAPTER_KNOWN.  Written and
 *		read without a lock.
 * @pending:	Bit n: adapter n interrupted, and no CPU has taken it.  Under the
 *		lock of the lines.
 * @pages:	Pinned pages by frame: &struct kev_adapter_page.
 * @lock:	Writers of @pages and of the references to its entries.
 */
struct kev_adapters {
	u8 flags[KEV_ADAPTERS];
	u64 pending;
	struct xarray pages;
	struct mutex lock;	/* of @pages */
};

struct kev_lines;

#ifdef CONFIG_KVM_EVENTFD_S390_ADAPTER
void kev_adapters_init(struct kev_lines *lines);
void kev_adapters_destroy(struct kev_lines *lines);
int kev_adapter_set(struct kev_lines *lines,
		    const struct kvm_eventfd_adapter *args);
int kev_adapter_set_route(struct kev_lines *lines,
			  const struct kvm_irq_routing_entry *ue,
			  struct kev_route *route);
void kev_adapter_put_route(struct kev_lines *lines,
			   const struct kev_route *route);
int kev_adapter_deliver(struct kev_lines *lines, const struct kev_route *route,
			const struct kev_irq *irq);
bool kev_adapters_pending(const struct kev_lines *lines);
bool kev_adapter_take(struct kev_lines *lines, struct kvm_eventfd_event *event);
#else
static inline void kev_adapters_init(struct kev_lines *lines)
{
}

static inline void kev_adapters_destroy(struct kev_lines *lines)
{
}

static inline int kev_adapter_set(struct kev_lines *lines,
				  const struct kvm_eventfd_adapter *args)
{
	return -ENOTTY;
}

static inline int kev_adapter_set_route(struct kev_lines *lines,
					const struct kvm_irq_routing_entry *ue,
					struct kev_route *route)
{
	return -EINVAL;
}

static inline void kev_adapter_put_route(struct kev_lines *lines,
					 const struct kev_route *route)
{
}

static inline int kev_adapter_deliver(struct kev_lines *lines,
				      const struct kev_route *route,
				      const struct kev_irq *irq)
{
	return -1;
}

static inline bool kev_adapters_pending(const struct kev_lines *lines)
{
	return false;
}

static inline bool kev_adapter_take(struct kev_lines *lines,
				    struct kvm_eventfd_event *event)
{
	return false;
}
#endif

#endif /* _KEV_ADAPTER_H */
