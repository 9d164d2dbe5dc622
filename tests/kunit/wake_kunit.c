// SPDX-License-Identifier: GPL-2.0
/* Wakes: never in a delivery, all that wait, a few at a time, and back into the plane. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kvm.h>
#include <linux/poll.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include <kev/machine/vcpu.h>
#include <kev/plane/vm.h>

#include "lines_fixture.h"
#include "plane_fixture.h"

#define LINE		3
#define OTHER_LINE	4

/* More than are woken with interrupts off, by far. */
#define CROWD		300

/**
 * struct waiter - Something that hangs on a queue and says what it saw
 * @wait:	On the queue.
 * @m:		The machine.
 * @calls:	How often it was woken.
 * @at_once:	How often in the irq_work.
 * @in_delivery: It was woken while deliver() had not returned.
 * @pulse:	A line that it pulses when it is woken first; or -1.
 * @leaves:	It leaves the queue then.
 * @slow:	Completed, and some time spent, when it is woken by the work item.
 */
struct waiter {
	wait_queue_entry_t wait;
	struct lines_machine *m;
	atomic_t calls;
	atomic_t at_once;
	bool in_delivery;
	int pulse;
	bool leaves;
	struct completion *slow;
};

/* A delivery of the test is under way on this CPU. */
static bool delivering;

static int waiter_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync,
			 void *key)
{
	struct waiter *waiter = container_of(wait, struct waiter, wait);
	struct kev_irq irq = { .level = true, .pulse = true };
	struct kev_vm *vm = waiter->m->vm;
	struct kev_route route = {
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.chips = BIT(0),
		.pin = { waiter->pulse },
	};

	if (!(key_to_poll(key) & EPOLLIN))
		return 0;
	waiter->in_delivery |= delivering;
	if (in_hardirq())
		atomic_inc(&waiter->at_once);
	/* As an eventfd would that is an irqfd of the VM. */
	if (atomic_inc_return(&waiter->calls) == 1 && waiter->pulse >= 0)
		vm->ops->deliver_atomic(vm->sink, &route, &irq);
	if (waiter->leaves)
		list_del_init(&wait->entry);
	if (waiter->slow && !in_hardirq()) {
		complete(waiter->slow);
		mdelay(1);
	}
	return 1;
}

static struct kev_waitqueue *waiters_of(struct lines_machine *m)
{
	return m->cpu[0]->waiters;
}

static void waiter_add(struct lines_machine *m, struct waiter *waiter)
{
	*waiter = (struct waiter){ .m = m, .pulse = -1 };
	init_waitqueue_func_entry(&waiter->wait, waiter_wakeup);
	add_wait_queue(&waiters_of(m)->head, &waiter->wait);
}

static void waiter_remove(struct waiter *waiter)
{
	remove_wait_queue(&waiters_of(waiter->m)->head, &waiter->wait);
}

/* Deliver with interrupts off, as in the wakeup of an eventfd. */
static void deliver(struct lines_machine *m, u32 line)
{
	unsigned long flags;

	local_irq_save(flags);
	delivering = true;
	lines_pulse(m, line);
	delivering = false;
	local_irq_restore(flags);
}

/* What was left to do is done. */
static void settle(struct lines_machine *m)
{
	irq_work_sync(&m->vm->waker.irq_work);
	flush_work(&m->vm->waker.work);
}

static void a_waiter_is_woken_after_the_delivery(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	struct waiter waiter;

	waiter_add(m, &waiter);
	deliver(m, LINE);
	settle(m);
	waiter_remove(&waiter);
	KUNIT_EXPECT_EQ(test, atomic_read(&waiter.calls), 1);
	KUNIT_EXPECT_FALSE(test, waiter.in_delivery);
}

/* What it delivers changes no state that would wake it again. */
static void a_waiter_may_deliver(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	struct waiter waiter;

	waiter_add(m, &waiter);
	waiter.pulse = OTHER_LINE;
	deliver(m, LINE);
	settle(m);
	waiter_remove(&waiter);
	KUNIT_EXPECT_EQ(test, atomic_read(&waiter.calls), 1);
	KUNIT_EXPECT_EQ(test, lines_take(m, 0), LINE);
	KUNIT_EXPECT_EQ(test, lines_take(m, 1), OTHER_LINE);
}

/* The waiter of one VM raises what the waiter of another waits for, and back. */
static void two_vms_may_wake_each_other(struct kunit *test)
{
	struct lines_machine *a = lines_machine(test);
	struct lines_machine *b = lines_machine(test);
	struct waiter on_a;
	struct waiter on_b;

	waiter_add(a, &on_a);
	waiter_add(b, &on_b);
	on_a.m = b;
	on_a.pulse = LINE;
	on_b.m = a;
	on_b.pulse = OTHER_LINE;
	deliver(a, LINE);
	settle(a);
	settle(b);
	remove_wait_queue(&waiters_of(a)->head, &on_a.wait);
	remove_wait_queue(&waiters_of(b)->head, &on_b.wait);
	KUNIT_EXPECT_EQ(test, atomic_read(&on_a.calls), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&on_b.calls), 1);
	KUNIT_EXPECT_EQ(test, lines_take(b, 0), LINE);
}

static void no_wake_without_news(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	struct waiter waiter;

	deliver(m, LINE);
	waiter_add(m, &waiter);
	deliver(m, OTHER_LINE);
	settle(m);
	waiter_remove(&waiter);
	KUNIT_EXPECT_EQ(test, atomic_read(&waiter.calls), 0);
}

static struct waiter *crowd_add(struct kunit *test, struct lines_machine *m)
{
	struct waiter *crowd;
	unsigned int i;

	crowd = kunit_kcalloc(test, CROWD, sizeof(*crowd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crowd);
	for (i = 0; i < CROWD; i++)
		waiter_add(m, &crowd[i]);
	return crowd;
}

static unsigned int crowd_woken(const struct waiter *crowd)
{
	unsigned int count = 0;
	unsigned int i;

	for (i = 0; i < CROWD; i++)
		count += !!atomic_read(&crowd[i].calls);
	return count;
}

static void crowd_remove(struct waiter *crowd)
{
	unsigned int i;

	for (i = 0; i < CROWD; i++)
		waiter_remove(&crowd[i]);
}

static void a_crowd_is_woken_a_few_at_a_time(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	struct waiter *crowd = crowd_add(test, m);
	unsigned int at_once = 0;
	unsigned int i;

	deliver(m, LINE);
	settle(m);
	for (i = 0; i < CROWD; i++)
		at_once += atomic_read(&crowd[i].at_once);
	KUNIT_EXPECT_LE(test, at_once, 8);
	KUNIT_EXPECT_EQ(test, crowd_woken(crowd), CROWD);
	crowd_remove(crowd);
	KUNIT_EXPECT_TRUE(test, list_empty(&waiters_of(m)->head.head));
}

static void a_crowd_may_leave_as_it_is_woken(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	struct waiter *crowd = crowd_add(test, m);
	unsigned int i;

	for (i = 0; i < CROWD; i++)
		crowd[i].leaves = true;
	deliver(m, LINE);
	settle(m);
	KUNIT_EXPECT_EQ(test, crowd_woken(crowd), CROWD);
	KUNIT_EXPECT_TRUE(test, list_empty(&waiters_of(m)->head.head));
}

/* EPOLLEXCLUSIVE: one of those that share the work is enough. */
static void one_exclusive_waiter_is_woken(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	wait_queue_head_t *head = &waiters_of(m)->head;
	struct waiter shared;
	struct waiter own[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(own); i++) {
		waiter_add(m, &own[i]);
		waiter_remove(&own[i]);
		add_wait_queue_exclusive(head, &own[i].wait);
	}
	waiter_add(m, &shared);
	deliver(m, LINE);
	settle(m);
	waiter_remove(&shared);
	for (i = 0; i < ARRAY_SIZE(own); i++)
		waiter_remove(&own[i]);
	KUNIT_EXPECT_EQ(test, atomic_read(&shared.calls), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&own[0].calls) +
			      atomic_read(&own[1].calls), 1);
}

/* A driver's own queue, which goes with its sink while the work item is at it. */
static void a_queue_is_not_touched_after_its_end(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	struct kev_waitqueue *wq = kzalloc(sizeof(*wq), GFP_KERNEL);
	struct waiter *crowd = crowd_add(test, m);
	DECLARE_COMPLETION_ONSTACK(slow);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, wq);
	kev_waitqueue_init(wq);
	crowd_remove(crowd);
	for (i = 0; i < CROWD; i++) {
		crowd[i].leaves = true;
		crowd[i].slow = &slow;
		add_wait_queue(&wq->head, &crowd[i].wait);
	}
	kev_waitqueue_wake(m->vm, wq);
	wait_for_completion(&slow);
	kev_waitqueue_destroy(m->vm, wq);
	KUNIT_EXPECT_EQ(test, crowd_woken(crowd), CROWD);
	KUNIT_EXPECT_TRUE(test, list_empty(&wq->head.head));
	kfree(wq);
	settle(m);
}

static struct kunit_case wake_cases[] = {
	KUNIT_CASE(a_waiter_is_woken_after_the_delivery),
	KUNIT_CASE(a_waiter_may_deliver),
	KUNIT_CASE(two_vms_may_wake_each_other),
	KUNIT_CASE(no_wake_without_news),
	KUNIT_CASE(a_crowd_is_woken_a_few_at_a_time),
	KUNIT_CASE(a_crowd_may_leave_as_it_is_woken),
	KUNIT_CASE(one_exclusive_waiter_is_woken),
	KUNIT_CASE(a_queue_is_not_touched_after_its_end),
	{ }
};

static struct kunit_suite wake_suite = {
	.name = "kev_wake",
	.test_cases = wake_cases,
};

kunit_test_suite(wake_suite);
