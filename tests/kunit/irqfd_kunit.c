// SPDX-License-Identifier: GPL-2.0
/* The paths of a signal through an irqfd, and the ends of one. */
#include <linux/delay.h>
#include <linux/eventfd.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/kvm_eventfd.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>

#include <kev/base/batch.h>
#include <kev/base/compat.h>
#include <kev/plane/eventfd.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/vm.h>

#include "plane_fixture.h"

#define GSI	5

static struct kev_vm *routed_vm(struct kunit *test, struct fake_sink **sink)
{
	struct kvm_irq_routing_entry entry = fake_msi(GSI, 1);
	struct kev_vm *vm = fake_vm(test, sink);

	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, &entry, 1));
	return vm;
}

/* Deassign waits for the work that a signal queued. */
static void settle(struct kev_vm *vm, int fd)
{
	fake_irqfd(vm, fd, GSI, KVM_IRQFD_FLAG_DEASSIGN);
}

static void irqfd_signal_is_delivered_at_once(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	fake_eventfd_signal(fd);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&sink->atomic));
	KUNIT_EXPECT_EQ(test, 1U, sink->route.msi.data);
	KUNIT_EXPECT_EQ(test, 0ULL, fake_eventfd_count(fd));
}

static void hardirq_signal(struct irq_work *work);

/**
 * struct hardirq_signaller - Signals an eventfd from a hard interrupt
 * @work:	Runs there.
 * @ctx:	The eventfd.
 * @was_hardirq: Seen from inside.
 */
struct hardirq_signaller {
	struct irq_work work;
	struct eventfd_ctx *ctx;
	bool was_hardirq;
};

static void hardirq_signal(struct irq_work *work)
{
	struct hardirq_signaller *s;

	s = container_of(work, struct hardirq_signaller, work);
	s->was_hardirq = in_hardirq();
	kev_eventfd_signal(s->ctx);
}

static void irqfd_may_be_signalled_in_hard_irq(struct kunit *test)
{
	struct hardirq_signaller s = { };
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	s.ctx = eventfd_ctx_fdget(fd);
	s.work = IRQ_WORK_INIT_HARD(hardirq_signal);
	irq_work_queue(&s.work);
	irq_work_sync(&s.work);
	eventfd_ctx_put(s.ctx);

	KUNIT_EXPECT_TRUE(test, s.was_hardirq);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&sink->atomic));
}

static void irqfd_falls_back_to_process_context(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);

	sink->atomic_ret = -EWOULDBLOCK;
	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	fake_eventfd_signal(fd);
	settle(vm, fd);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&sink->asserted));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&sink->deasserted));
	KUNIT_EXPECT_EQ(test, (unsigned int)KEV_IRQ_SOURCE_USERSPACE,
			sink->source);
}

static void irqfd_pending_event_is_injected_at_assign(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 3);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	settle(vm, fd);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&sink->asserted));
}

static void irqfd_deassign_clears_the_counter(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 3);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	settle(vm, fd);
	KUNIT_EXPECT_EQ(test, 0ULL, fake_eventfd_count(fd));
}

static void irqfd_deassign_ends_it(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	KUNIT_EXPECT_EQ(test, 0,
			fake_irqfd(vm, fd, GSI, KVM_IRQFD_FLAG_DEASSIGN));
	fake_eventfd_signal(fd);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&sink->atomic));
	KUNIT_EXPECT_EQ(test, 1ULL, fake_eventfd_count(fd));
	KUNIT_EXPECT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
}

static void irqfd_deassign_needs_the_same_gsi_and_vm(struct kunit *test)
{
	struct fake_sink *sink[2];
	struct kev_vm *vm = routed_vm(test, &sink[0]);
	struct kev_vm *other = routed_vm(test, &sink[1]);
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	KUNIT_EXPECT_EQ(test, 0,
			fake_irqfd(vm, fd, GSI + 1, KVM_IRQFD_FLAG_DEASSIGN));
	KUNIT_EXPECT_EQ(test, 0,
			fake_irqfd(other, fd, GSI, KVM_IRQFD_FLAG_DEASSIGN));
	fake_eventfd_signal(fd);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&sink[0]->atomic));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&sink[1]->atomic));
}

static void irqfd_eventfd_is_unique_on_the_host(struct kunit *test)
{
	struct fake_sink *sink[2];
	struct kev_vm *vm = routed_vm(test, &sink[0]);
	struct kev_vm *other = routed_vm(test, &sink[1]);
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, fake_irqfd(vm, fd, GSI, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, fake_irqfd(vm, fd, GSI + 1, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, fake_irqfd(other, fd, GSI, 0));
	settle(vm, fd);
	KUNIT_EXPECT_EQ(test, 0, fake_irqfd(other, fd, GSI, 0));
}

/**
 * struct other_consumer - A waiter like those of other in-kernel consumers
 * @pt:		Puts it on the queue.
 * @wait:	There, with priority.
 */
struct other_consumer {
	poll_table pt;
	wait_queue_entry_t wait;
};

static int other_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync,
			void *key)
{
	return 0;
}

static void other_queue(struct file *file, struct wait_queue_head *wqh,
			poll_table *pt)
{
	struct other_consumer *other;

	other = container_of(pt, struct other_consumer, pt);
	init_waitqueue_func_entry(&other->wait, other_wakeup);
	add_wait_queue_priority(wqh, &other->wait);
}

static void irqfd_respects_another_consumer(struct kunit *test)
{
	struct kev_irqfd_stats stats;
	struct other_consumer other = { };
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(fd);
	struct file *file = eventfd_fget(fd);
	u64 count;

	init_poll_funcptr(&other.pt, other_queue);
	vfs_poll(file, &other.pt);
	KUNIT_EXPECT_EQ(test, -EBUSY, fake_irqfd(vm, fd, GSI, 0));
	KUNIT_EXPECT_EQ(test, 0, kev_irqfds_stats(vm, &stats));
	settle(vm, fd);

	eventfd_ctx_remove_wait_queue(ctx, &other.wait, &count);
	KUNIT_EXPECT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	fput(file);
	eventfd_ctx_put(ctx);
}

static void irqfd_close_of_the_eventfd_ends_it(struct kunit *test)
{
	struct kev_irqfd_stats stats;
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(fd);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	fake_eventfd_close(fd);
	flush_work(&vm->irqfds.cleanup);
	KUNIT_EXPECT_EQ(test, 0U, kev_irqfds_stats(vm, &stats));
	kev_eventfd_signal(ctx);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&sink->atomic));
	eventfd_ctx_put(ctx);
}

static void no_work(struct work_struct *work)
{
}

/* The kernel's users of an eventfd may signal it when its file is gone. */
static void irqfd_is_deaf_before_its_cleanup(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(fd);
	work_func_t cleanup = vm->irqfds.cleanup.func;

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	vm->irqfds.cleanup.func = no_work;
	fake_eventfd_close(fd);
	flush_work(&vm->irqfds.cleanup);
	vm->irqfds.cleanup.func = cleanup;

	KUNIT_EXPECT_FALSE(test, llist_empty(&vm->irqfds.dead));
	kev_eventfd_signal(ctx);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&sink->atomic));

	queue_work(vm->wq, &vm->irqfds.cleanup);
	flush_work(&vm->irqfds.cleanup);
	KUNIT_EXPECT_TRUE(test, llist_empty(&vm->irqfds.dead));
	eventfd_ctx_put(ctx);
}

static void irqfd_route_change_takes_effect(struct kunit *test)
{
	struct kvm_irq_routing_entry entry = fake_msi(GSI, 2);
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		fd[i] = fake_eventfd(test, 0);
		KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd[i], GSI, 0));
	}
	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, &entry, 1));
	for (i = 0; i < 3; i++) {
		sink->route.msi.data = 0;
		fake_eventfd_signal(fd[i]);
		KUNIT_EXPECT_EQ(test, 2U, sink->route.msi.data);
	}

	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, &entry, 0));
	fake_eventfd_signal(fd[0]);
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&sink->atomic));
}

static void irqfd_route_may_come_after_it(struct kunit *test)
{
	struct kvm_irq_routing_entry entry = fake_msi(GSI, 2);
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	fake_eventfd_signal(fd);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&sink->atomic));
	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, &entry, 1));
	fake_eventfd_signal(fd);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&sink->atomic));
}

static void irqfd_any_gsi_is_accepted(struct kunit *test)
{
	struct kev_irqfd_stats stats;
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);

	KUNIT_EXPECT_EQ(test, 0, fake_irqfd(vm, fd, U32_MAX, 0));
	fake_eventfd_signal(fd);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&sink->atomic));
	KUNIT_EXPECT_EQ(test, 0,
			fake_irqfd(vm, fd, U32_MAX, KVM_IRQFD_FLAG_DEASSIGN));
	KUNIT_EXPECT_EQ(test, 0, kev_irqfds_stats(vm, &stats));
}

static void irqfd_every_signal_is_counted(struct kunit *test)
{
	struct kev_irqfd_stats stats;
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	int ret;

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	for (ret = -1; ret <= 1; ret++) {
		sink->atomic_ret = ret;
		fake_eventfd_signal(fd);
	}
	sink->atomic_ret = -EWOULDBLOCK;
	fake_eventfd_signal(fd);

	/* The figures survive the irqfd. */
	settle(vm, fd);
	KUNIT_EXPECT_EQ(test, 0U, kev_irqfds_stats(vm, &stats));
	KUNIT_EXPECT_EQ(test, 4ULL, stats.signalled);
	KUNIT_EXPECT_EQ(test, 2ULL, stats.injected);
	KUNIT_EXPECT_EQ(test, 1ULL, stats.coalesced);
	KUNIT_EXPECT_EQ(test, 1ULL, stats.dropped);
}

static void irqfd_refusal_of_the_sink_comes_first(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);

	sink->irqfd_ret = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, fake_irqfd(vm, -1, GSI, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, fake_irqfd(vm, -1, GSI, 4));
	KUNIT_EXPECT_EQ(test, -EBADF,
			fake_irqfd(vm, -1, GSI, KVM_IRQFD_FLAG_DEASSIGN));
	sink->irqfd_ret = 0;
	KUNIT_EXPECT_EQ(test, -EBADF, fake_irqfd(vm, -1, GSI, 0));
}

static int fake_resample(struct kev_vm *vm, int fd, int resamplefd)
{
	struct kvm_irqfd args = {
		.fd = fd,
		.gsi = GSI,
		.flags = KVM_IRQFD_FLAG_RESAMPLE,
		.resamplefd = resamplefd,
	};

	return kev_irqfd(vm, &args);
}

static void irqfd_ack_lowers_once_and_tells_all(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int resample[3];
	unsigned int i;
	int fd[3];

	for (i = 0; i < 3; i++) {
		fd[i] = fake_eventfd(test, 0);
		resample[i] = fake_eventfd(test, 0);
		KUNIT_ASSERT_EQ(test, 0, fake_resample(vm, fd[i], resample[i]));
	}
	fake_eventfd_signal(fd[0]);
	settle(vm, fd[0]);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&sink->asserted));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&sink->deasserted));
	KUNIT_EXPECT_EQ(test, (unsigned int)KEV_IRQ_SOURCE_RESAMPLE,
			sink->source);

	kev_notify_acked_gsi(vm, GSI);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&sink->deasserted));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, (u64)(i > 0),
				fake_eventfd_count(resample[i]));

	/* Behind the last one the line is lowered, and no one listens. */
	settle(vm, fd[1]);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&sink->deasserted));
	settle(vm, fd[2]);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&sink->deasserted));
	kev_notify_acked_gsi(vm, GSI);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&sink->deasserted));
	KUNIT_EXPECT_TRUE(test, xa_empty(&vm->irqfds.resamplers));
}

static void irqfd_failed_resample_leaves_nothing(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	int resample = fake_eventfd(test, 0);

	KUNIT_EXPECT_EQ(test, -EBADF, fake_resample(vm, fd, -1));
	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, fake_resample(vm, fd, resample));
	KUNIT_EXPECT_TRUE(test, xa_empty(&vm->irqfds.resamplers));
	KUNIT_EXPECT_TRUE(test, xa_empty(&vm->ack_notifiers));
	kev_notify_acked_gsi(vm, GSI);
	KUNIT_EXPECT_EQ(test, 0ULL, fake_eventfd_count(resample));
}

/* Two halves that are changed together must be seen together. */
static int reroute_thread(void *data)
{
	struct kev_vm *vm = data;
	u32 n = 0;

	while (!kthread_should_stop()) {
		struct kvm_irq_routing_entry entry = fake_msi(GSI, n++);

		kev_set_irq_routing_kernel(vm, &entry, 1);
		cond_resched();
	}
	return 0;
}

static void irqfd_never_sees_half_a_route(struct kunit *test)
{
	struct task_struct *thread;
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	thread = kthread_run(reroute_thread, vm, "kev-reroute");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	for (i = 0; i < 20000; i++)
		fake_eventfd_signal(fd);
	kthread_stop(thread);

	KUNIT_EXPECT_EQ(test, 20000, atomic_read(&sink->atomic));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&sink->torn));
}

/* Irqfds of one GSI, more than a route change updates in one go */

#define MANY	300

static void assign_many(struct kunit *test, struct kev_vm *vm, int *fd)
{
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		fd[i] = fake_eventfd(test, 0);
		KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd[i], GSI, 0));
	}
}

/* How many of them deliver by the route of message @n. */
static unsigned int delivered_by(struct fake_sink *sink, const int *fd, u32 n)
{
	unsigned int i, count = 0;

	for (i = 0; i < MANY; i++) {
		sink->route.msi.data = ~0;
		fake_eventfd_signal(fd[i]);
		count += sink->route.msi.data == n;
	}
	return count;
}

static void irqfd_route_change_reaches_all_of_many(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int *fd = kunit_kcalloc(test, MANY, sizeof(*fd), GFP_KERNEL);
	u32 n;

	KUNIT_ASSERT_NOT_NULL(test, fd);
	assign_many(test, vm, fd);
	for (n = 2; n < 5; n++) {
		struct kvm_irq_routing_entry entry = fake_msi(GSI, n);

		KUNIT_ASSERT_EQ(test, 0,
				kev_set_irq_routing_kernel(vm, &entry, 1));
		KUNIT_EXPECT_EQ(test, (unsigned int)MANY,
				delivered_by(sink, fd, n));
	}
}

/* Ends and assigns while the change of a route is half way through the list. */
static void irqfd_may_end_in_the_middle_of_a_route_change(struct kunit *test)
{
	struct kvm_irq_routing_entry entry = fake_msi(GSI, ~1);
	struct task_struct *thread;
	struct kev_irqfd_stats stats;
	struct fake_sink *sink;
	struct kev_vm *vm = routed_vm(test, &sink);
	int *fd = kunit_kcalloc(test, MANY, sizeof(*fd), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, fd);
	assign_many(test, vm, fd);
	thread = kthread_run(reroute_thread, vm, "kev-reroute");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	for (i = 0; i < 5 * MANY; i++) {
		settle(vm, fd[i % MANY]);
		KUNIT_EXPECT_EQ(test, 0, fake_irqfd(vm, fd[i % MANY], GSI, 0));
	}
	kthread_stop(thread);

	KUNIT_EXPECT_EQ(test, (unsigned int)MANY, kev_irqfds_stats(vm, &stats));
	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, &entry, 1));
	KUNIT_EXPECT_EQ(test, (unsigned int)MANY, delivered_by(sink, fd, ~1));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&sink->torn));
}

/* Ends that are held up: their injection waits at a gate */

/**
 * struct deassigner - A thread that deassigns
 * @vm:		The VM.
 * @fd:		The eventfd.
 * @thread:	It.
 * @ended:	Injections that were complete when the call returned.
 * @done:	It returned.
 */
struct deassigner {
	struct kev_vm *vm;
	int fd;
	struct task_struct *thread;
	int ended;
	struct completion done;
};

static int deassign_thread(void *data)
{
	struct deassigner *d = data;
	struct fake_sink *sink = kev_vm_sink(d->vm);

	settle(d->vm, d->fd);
	d->ended = atomic_read(&sink->deasserted);
	complete(&d->done);
	return 0;
}

static void deassign_begin(struct kunit *test, struct deassigner *d,
			   struct kev_vm *vm, int fd)
{
	d->vm = vm;
	d->fd = fd;
	init_completion(&d->done);
	d->thread = kthread_create(deassign_thread, d, "kev-deassign");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, d->thread);
	get_task_struct(d->thread);
	wake_up_process(d->thread);
}

/* In a wait that only a wake-up ends; on its way to a CPU it is neither. */
static bool is_asleep(struct task_struct *task)
{
	return READ_ONCE(task->__state) & TASK_UNINTERRUPTIBLE;
}

/* Until it has returned or is asleep. */
static void deassign_settle(struct deassigner *d)
{
	while (!completion_done(&d->done) && !is_asleep(d->thread))
		cond_resched();
}

/* Returns how many injections were complete then; -1 when it does not return. */
static int deassign_await(struct deassigner *d)
{
	if (!wait_for_completion_timeout(&d->done, 30 * HZ))
		return -1;
	return d->ended;
}

static void deassign_end(struct deassigner *d)
{
	kthread_stop(d->thread);
	put_task_struct(d->thread);
}

/* An irqfd that was signalled, and whose injection waits at the gate. */
static int gated_irqfd(struct kunit *test, struct kev_vm *vm,
		       struct fake_gate *gate)
{
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	fake_eventfd_signal(fd);
	wait_for_completion(&gate->entered);
	return fd;
}

/* The gate is the sink's: it goes after the VM, whose work items pass it. */
static struct kev_vm *gated_vm(struct kunit *test, struct fake_gate **gate_of)
{
	struct fake_gate *gate = kunit_kzalloc(test, sizeof(*gate), GFP_KERNEL);
	struct fake_sink *sink;
	struct kev_vm *vm;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, gate);
	vm = routed_vm(test, &sink);
	init_completion(&gate->entered);
	for (i = 0; i < FAKE_GATES; i++)
		init_completion(&gate->leave[i]);
	sink->atomic_ret = -EWOULDBLOCK;
	sink->gate = gate;
	*gate_of = gate;
	return vm;
}

/* The cleanup of an eventfd that was closed has begun. */
static void await_cleanup(struct kev_vm *vm)
{
	while (!llist_empty(&vm->irqfds.dead))
		cond_resched();
}

static void await_no_irqfd(struct kev_vm *vm)
{
	struct kev_irqfd_stats stats;

	while (kev_irqfds_stats(vm, &stats))
		cond_resched();
}

static void irqfd_counts_do_not_fall_while_it_ends(struct kunit *test)
{
	struct deassigner d = { };
	struct kev_irqfd_stats stats;
	struct fake_gate *gate;
	struct kev_vm *vm = gated_vm(test, &gate);

	deassign_begin(test, &d, vm, gated_irqfd(test, vm, gate));
	await_no_irqfd(vm);
	kev_irqfds_stats(vm, &stats);
	KUNIT_EXPECT_EQ(test, 1ULL, stats.signalled);
	KUNIT_EXPECT_EQ(test, 0ULL, stats.injected);

	complete(&gate->leave[0]);
	KUNIT_EXPECT_EQ(test, 1, deassign_await(&d));
	deassign_end(&d);
	kev_irqfds_stats(vm, &stats);
	KUNIT_EXPECT_EQ(test, 1ULL, stats.signalled);
	KUNIT_EXPECT_EQ(test, 1ULL, stats.injected);
}

/* Two deassigns of one irqfd: neither returns while it may still inject. */
static void irqfd_second_deassign_waits_for_the_first(struct kunit *test)
{
	struct deassigner d[2] = { };
	struct fake_gate *gate;
	struct kev_vm *vm = gated_vm(test, &gate);
	int fd = gated_irqfd(test, vm, gate);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		deassign_begin(test, &d[i], vm, fd);
		await_no_irqfd(vm);
		deassign_settle(&d[i]);
	}
	complete(&gate->leave[0]);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, 1, deassign_await(&d[i]));
		deassign_end(&d[i]);
	}
}

/* Closes that come later are not waited for: there may always be one more. */
static void irqfd_deassign_waits_for_earlier_closes_alone(struct kunit *test)
{
	struct deassigner d = { };
	struct fake_gate *gate;
	struct kev_vm *vm = gated_vm(test, &gate);
	int other = fake_eventfd(test, 0);
	int earlier = gated_irqfd(test, vm, gate);
	int later = gated_irqfd(test, vm, gate);

	fake_eventfd_close(earlier);
	await_cleanup(vm);
	deassign_begin(test, &d, vm, other);
	deassign_settle(&d);
	KUNIT_EXPECT_FALSE(test, completion_done(&d.done));
	fake_eventfd_close(later);

	complete(&gate->leave[0]);
	KUNIT_EXPECT_EQ(test, 1, deassign_await(&d));
	complete(&gate->leave[1]);
	deassign_end(&d);
}

/* The end of a VM against the close of an eventfd */

#define END_ROUNDS	400

/**
 * struct end_race - What the thread that closes is given
 * @file:	The last reference to an eventfd; NULL once it is dropped.
 */
struct end_race {
	struct file *file;
};

static int close_thread(void *data)
{
	struct end_race *race = data;
	struct file *file;

	while (!kthread_should_stop()) {
		/* Pairs with end_round(). */
		file = smp_load_acquire(&race->file);
		if (file) {
			__fput_sync(file);
			/* Pairs with end_round(). */
			smp_store_release(&race->file, NULL);
		}
		cond_resched();
	}
	return 0;
}

/* The driver's reference is the last one: the VM is freed at once. */
static void end_round(struct kunit *test, struct end_race *race,
		      unsigned int delay)
{
	struct fake_sink *sink;
	struct kev_vm *vm = fake_own_vm(test, &sink);
	int fd = fake_own_eventfd(0);
	struct file *file;

	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_EXPECT_EQ(test, 0, fake_irqfd(vm, fd, GSI, 0));
	file = eventfd_fget(fd);
	fake_eventfd_close(fd);

	/* Pairs with close_thread(). */
	smp_store_release(&race->file, file);
	udelay(delay);
	kev_vm_destroy(vm);
	/* Pairs with close_thread(). */
	while (smp_load_acquire(&race->file))
		cond_resched();
	kunit_kfree(test, sink);
}

static void irqfd_close_may_meet_the_end_of_the_vm(struct kunit *test)
{
	struct end_race race = { };
	struct task_struct *thread;
	unsigned int i;

	thread = kthread_run(close_thread, &race, "kev-close");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	for (i = 0; i < END_ROUNDS; i++)
		end_round(test, &race, i % 50 * 4);
	kthread_stop(thread);
}

/* A signal is enough: nobody else needs to want the CPU. */
static void batch_ends_when_its_caller_is_killed(struct kunit *test)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, 0, kev_batch_pause());
	allow_kernel_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	for (i = 0; i < 100; i++) {
		/* Nobody else wants the CPU then, in most of these rounds. */
		cond_resched();
		KUNIT_EXPECT_EQ(test, -EINTR, kev_batch_pause());
	}
	flush_signals(current);
	disallow_signal(SIGKILL);
	KUNIT_EXPECT_EQ(test, 0, kev_batch_pause());
}

static struct kunit_case irqfd_cases[] = {
	KUNIT_CASE(irqfd_signal_is_delivered_at_once),
	KUNIT_CASE(irqfd_may_be_signalled_in_hard_irq),
	KUNIT_CASE(irqfd_falls_back_to_process_context),
	KUNIT_CASE(irqfd_pending_event_is_injected_at_assign),
	KUNIT_CASE(irqfd_deassign_clears_the_counter),
	KUNIT_CASE(irqfd_deassign_ends_it),
	KUNIT_CASE(irqfd_deassign_needs_the_same_gsi_and_vm),
	KUNIT_CASE(irqfd_eventfd_is_unique_on_the_host),
	KUNIT_CASE(irqfd_respects_another_consumer),
	KUNIT_CASE(irqfd_close_of_the_eventfd_ends_it),
	KUNIT_CASE(irqfd_is_deaf_before_its_cleanup),
	KUNIT_CASE(irqfd_route_change_takes_effect),
	KUNIT_CASE(irqfd_route_may_come_after_it),
	KUNIT_CASE(irqfd_any_gsi_is_accepted),
	KUNIT_CASE(irqfd_every_signal_is_counted),
	KUNIT_CASE(irqfd_refusal_of_the_sink_comes_first),
	KUNIT_CASE(irqfd_ack_lowers_once_and_tells_all),
	KUNIT_CASE(irqfd_failed_resample_leaves_nothing),
	KUNIT_CASE(irqfd_never_sees_half_a_route),
	KUNIT_CASE(irqfd_route_change_reaches_all_of_many),
	KUNIT_CASE(irqfd_may_end_in_the_middle_of_a_route_change),
	KUNIT_CASE(irqfd_counts_do_not_fall_while_it_ends),
	KUNIT_CASE(irqfd_second_deassign_waits_for_the_first),
	KUNIT_CASE(irqfd_deassign_waits_for_earlier_closes_alone),
	KUNIT_CASE(irqfd_close_may_meet_the_end_of_the_vm),
	KUNIT_CASE(batch_ends_when_its_caller_is_killed),
	{ }
};

static struct kunit_suite irqfd_suite = {
	.name = "kev_irqfd",
	.test_cases = irqfd_cases,
};

kunit_test_suite(irqfd_suite);
