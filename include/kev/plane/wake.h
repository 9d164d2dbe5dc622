/* SPDX-License-Identifier: GPL-2.0 */
/* Wakes that are left to do: wake.c. */
#ifndef _KEV_WAKE_H
#define _KEV_WAKE_H

#include <linux/irq_work.h>
#include <linux/kvm_eventfd.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/**
 * struct kev_waker - The queues of one VM that are to be woken
 * @lock:	Protects @queues and the nodes on it.  Irq-safe and innermost.
 * @queues:	&struct kev_waitqueue, in the order in which they were noted.
 * @irq_work:	Wakes the first few waiters.
 * @work:	Wakes the others.
 * @wq:		The VM's work queue.  Immutable.
 */
struct kev_waker {
	spinlock_t lock;
	struct list_head queues;
	struct irq_work irq_work;
	struct work_struct work;
	struct workqueue_struct *wq;
};

void kev_waker_init(struct kev_waker *waker, struct workqueue_struct *wq);
void kev_waker_destroy(struct kev_waker *waker);

#endif /* _KEV_WAKE_H */
