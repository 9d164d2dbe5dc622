// SPDX-License-Identifier: GPL-2.0
/* The statistics of a VM's irqfds: counted per CPU, summed when they are read. */
#include <linux/kvm_eventfd.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/u64_stats_sync.h>

#include <kev/plane/eventfd.h>
#include <kev/plane/irqfd_stats.h>
#include <kev/plane/vm.h>

static void stats_add(struct kev_irqfd_stats *sum,
		      const struct kev_irqfd_counts *counts)
{
	u64 nr[KEV_NR_IRQFD_STATS];
	unsigned int seq;
	unsigned int i;

	do {
		seq = u64_stats_fetch_begin(&counts->sync);
		for (i = 0; i < KEV_NR_IRQFD_STATS; i++)
			nr[i] = u64_stats_read(&counts->nr[i]);
	} while (u64_stats_fetch_retry(&counts->sync, seq));

	sum->signalled += nr[KEV_IRQFD_SIGNALLED];
	sum->injected += nr[KEV_IRQFD_INJECTED];
	sum->coalesced += nr[KEV_IRQFD_COALESCED];
	sum->dropped += nr[KEV_IRQFD_DROPPED];
}

/**
 * kev_irqfds_stats - What became of all signals
 * @vm:		The VM.
 * @sum:	Filled, over irqfds that are and were.  No count ever falls.
 *
 * Context: Process context.
 * Return: How many irqfds are bound.
 */
unsigned int kev_irqfds_stats(struct kev_vm *vm, struct kev_irqfd_stats *sum)
{
	unsigned int nr;
	int cpu;

	*sum = (struct kev_irqfd_stats){ };
	for_each_possible_cpu(cpu)
		stats_add(sum, per_cpu_ptr(vm->irqfds.counts, cpu));

	spin_lock_irq(&vm->irqfds.lock);
	nr = vm->irqfds.nr_active;
	spin_unlock_irq(&vm->irqfds.lock);
	return nr;
}

/**
 * kev_irqfd_counts_init - Nothing was counted
 * @irqfds:	Of a VM that is being created.
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int kev_irqfd_counts_init(struct kev_irqfds *irqfds)
{
	int cpu;

	irqfds->counts = alloc_percpu_gfp(struct kev_irqfd_counts,
					  GFP_KERNEL_ACCOUNT);
	if (!irqfds->counts)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(irqfds->counts, cpu)->sync);
	return 0;
}

/**
 * kev_irqfd_counts_destroy - Forget what was counted
 * @irqfds:	Of a VM that nobody uses any more.
 *
 * Context: Process context.
 */
void kev_irqfd_counts_destroy(struct kev_irqfds *irqfds)
{
	free_percpu(irqfds->counts);
}
