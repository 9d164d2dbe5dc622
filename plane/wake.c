// SPDX-License-Identifier: GPL-2.0
/*
 * Waking those that wait for an event, from wherever it is delivered.
 *
 * What hangs on a wait queue that user space can poll is foreign code: a poll by
 * AIO or io_uring may signal an eventfd, and that eventfd may be an irqfd of the
 * same VM.  A delivery runs under chip locks, and often in the wakeup of an eventfd,
 * so it only publishes its state and notes the queue.  An irq_work of the VM wakes
 * the queue once interrupts are on again: the delivery holds no lock by then.  What
 * a waiter delivers in turn is noted for the next run of the irq_work.
 *
 * The irq_work wakes a few waiters, which are all there are as a rule.  More of them
 * are left to a work item, which lets others run in between.
 */
#include <linux/export.h>
#include <linux/irq_work.h>
#include <linux/kvm_eventfd.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <kev/plane/vm.h>
#include <kev/plane/wake.h>

/* Waiters that are woken with interrupts off, in one go. */
#define WAITERS_AT_ONCE	8

/* Marks the place of a walk in a queue; nobody is woken by it. */
static int cursor_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync,
			 void *key)
{
	return 0;
}

static void cursor_init(wait_queue_entry_t *cursor)
{
	init_waitqueue_func_entry(cursor, cursor_wakeup);
	INIT_LIST_HEAD(&cursor->entry);
}

static void cursor_remove(wait_queue_head_t *head, wait_queue_entry_t *cursor)
{
	unsigned long flags;

	spin_lock_irqsave(&head->lock, flags);
	list_del_init(&cursor->entry);
	spin_unlock_irqrestore(&head->lock, flags);
}

/* Wake the waiter behind @cursor.  True when it is the one that was to be woken. */
static bool wake_one(wait_queue_entry_t *cursor)
{
	wait_queue_entry_t *wait = list_next_entry(cursor, entry);
	bool exclusive = wait->flags & WQ_FLAG_EXCLUSIVE;

	/* A waiter may leave the queue as it is woken. */
	list_move(&cursor->entry, &wait->entry);
	return wait->func(wait, TASK_NORMAL, 0, poll_to_key(EPOLLIN)) > 0 &&
	       exclusive;
}

/*
 * Wake up to *@budget waiters behind @cursor, or from the first one on.  True when
 * the walk is over; otherwise @cursor stays in the queue.
 */
static bool wake_some(wait_queue_head_t *head, wait_queue_entry_t *cursor,
		      unsigned int *budget)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&head->lock, flags);
	if (list_empty(&cursor->entry))
		list_add(&cursor->entry, &head->head);
	for (;;) {
		done = list_is_last(&cursor->entry, &head->head);
		if (done || !*budget)
			break;
		--*budget;
		done = wake_one(cursor);
		if (done)
			break;
	}
	if (done)
		list_del_init(&cursor->entry);
	spin_unlock_irqrestore(&head->lock, flags);

	return done;
}

static struct kev_waitqueue *waker_pop(struct kev_waker *waker)
{
	struct kev_waitqueue *wq;
	unsigned long flags;

	spin_lock_irqsave(&waker->lock, flags);
	wq = list_first_entry_or_null(&waker->queues, struct kev_waitqueue,
				      node);
	/* A delivery that notes it from now on has it woken again. */
	if (wq)
		list_del_init(&wq->node);
	spin_unlock_irqrestore(&waker->lock, flags);

	return wq;
}

static void waker_push(struct kev_waker *waker, struct kev_waitqueue *wq)
{
	unsigned long flags;

	spin_lock_irqsave(&waker->lock, flags);
	if (list_empty(&wq->node))
		list_add_tail(&wq->node, &waker->queues);
	spin_unlock_irqrestore(&waker->lock, flags);
}

/* All waiters of one queue, as many as there are. */
static void wake_all(struct kev_waitqueue *wq)
{
	wait_queue_entry_t cursor;
	unsigned int budget;

	cursor_init(&cursor);
	do {
		cond_resched();
		budget = WAITERS_AT_ONCE;
	} while (!wake_some(&wq->head, &cursor, &budget));
}

static void waker_work(struct work_struct *work)
{
	struct kev_waker *waker = container_of(work, struct kev_waker, work);
	struct kev_waitqueue *wq;

	while ((wq = waker_pop(waker)))
		wake_all(wq);
}

/*
 * A queue that is not done with goes back and is woken from its start: that a
 * waiter is woken twice does no harm.
 */
static void waker_irq_work(struct irq_work *irq_work)
{
	struct kev_waker *waker = container_of(irq_work, struct kev_waker,
					       irq_work);
	unsigned int budget = WAITERS_AT_ONCE;
	wait_queue_entry_t cursor;
	struct kev_waitqueue *wq;

	cursor_init(&cursor);
	while ((wq = waker_pop(waker))) {
		if (wake_some(&wq->head, &cursor, &budget))
			continue;
		cursor_remove(&wq->head, &cursor);
		waker_push(waker, wq);
		queue_work(waker->wq, &waker->work);
		break;
	}
}

/**
 * __kev_waitqueue_wake - kev_waitqueue_wake() where somebody waits
 * @vm:		The VM.
 * @wq:		The queue.
 *
 * Context: As kev_waitqueue_wake().
 */
void __kev_waitqueue_wake(struct kev_vm *vm, struct kev_waitqueue *wq)
{
	struct kev_waker *waker = &vm->waker;

	waker_push(waker, wq);
	irq_work_queue(&waker->irq_work);
}
EXPORT_SYMBOL_GPL(__kev_waitqueue_wake);

/**
 * kev_waitqueue_init - An empty queue
 * @wq:		The queue.
 */
void kev_waitqueue_init(struct kev_waitqueue *wq)
{
	init_waitqueue_head(&wq->head);
	INIT_LIST_HEAD(&wq->node);
}
EXPORT_SYMBOL_GPL(kev_waitqueue_init);

/**
 * kev_waitqueue_destroy - Let go of a queue before it is freed
 * @vm:		The VM.
 * @wq:		The queue: nobody waits there, and nobody will.
 *
 * Context: Process context; waits for a wake that is under way.
 */
void kev_waitqueue_destroy(struct kev_vm *vm, struct kev_waitqueue *wq)
{
	struct kev_waker *waker = &vm->waker;

	/* Not for each of a VM's queues: on PREEMPT_RT it waits for a grace period. */
	if (irq_work_is_busy(&waker->irq_work))
		irq_work_sync(&waker->irq_work);
	/* Pairs with the atomic operation by which an irq_work ends to be busy. */
	smp_rmb();
	flush_work(&waker->work);
	WARN_ON_ONCE(!list_empty(&wq->node));
}
EXPORT_SYMBOL_GPL(kev_waitqueue_destroy);

/**
 * kev_waker_destroy - End what wakes a VM's waiters
 * @waker:	Of a VM whose queues are all destroyed.
 *
 * Context: Process context.
 */
void kev_waker_destroy(struct kev_waker *waker)
{
	irq_work_sync(&waker->irq_work);
	flush_work(&waker->work);
	WARN_ON_ONCE(!list_empty(&waker->queues));
}

/**
 * kev_waker_init - Nothing to wake
 * @waker:	Of a VM that is being created.
 * @wq:		The VM's work queue.
 */
void kev_waker_init(struct kev_waker *waker, struct workqueue_struct *wq)
{
	spin_lock_init(&waker->lock);
	INIT_LIST_HEAD(&waker->queues);
	init_irq_work(&waker->irq_work, waker_irq_work);
	INIT_WORK(&waker->work, waker_work);
	waker->wq = wq;
}
