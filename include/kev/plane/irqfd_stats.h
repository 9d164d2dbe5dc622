/* SPDX-License-Identifier: GPL-2.0 */
/* What becomes of the signals of irqfds: counted by eventfd.c, read by the node. */
#ifndef _KEV_IRQFD_STATS_H
#define _KEV_IRQFD_STATS_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

#include <kev/plane/vm.h>

enum kev_irqfd_stat {
	KEV_IRQFD_SIGNALLED,
	KEV_IRQFD_INJECTED,
	KEV_IRQFD_COALESCED,
	KEV_IRQFD_DROPPED,
	KEV_NR_IRQFD_STATS,
};

/**
 * struct kev_irqfd_counts - What one CPU counted of a VM's irqfds
 * @sync:	Guards @nr against torn reads on 32-bit machines.
 * @nr:		By &enum kev_irqfd_stat; never falls.
 */
struct kev_irqfd_counts {
	struct u64_stats_sync sync;
	u64_stats_t nr[KEV_NR_IRQFD_STATS];
};

int kev_irqfd_counts_init(struct kev_irqfds *irqfds);
void kev_irqfd_counts_destroy(struct kev_irqfds *irqfds);

/* Any context, hard irq included. */
static inline void kev_irqfd_count(struct kev_vm *vm, enum kev_irqfd_stat which)
{
	struct kev_irqfd_counts *counts = get_cpu_ptr(vm->irqfds.counts);
	unsigned long flags;

	flags = u64_stats_update_begin_irqsave(&counts->sync);
	u64_stats_inc(&counts->nr[which]);
	u64_stats_update_end_irqrestore(&counts->sync, flags);
	put_cpu_ptr(vm->irqfds.counts);
}

/* @ret: what the sink said of a delivery. */
static inline void kev_irqfd_count_delivery(struct kev_vm *vm, int ret)
{
	if (ret > 0)
		kev_irqfd_count(vm, KEV_IRQFD_INJECTED);
	else if (!ret)
		kev_irqfd_count(vm, KEV_IRQFD_COALESCED);
	else
		kev_irqfd_count(vm, KEV_IRQFD_DROPPED);
}

#endif /* _KEV_IRQFD_STATS_H */
