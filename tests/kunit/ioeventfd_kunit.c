// SPDX-License-Identifier: GPL-2.0
/*
 * Ioeventfds while others change them: what a lookup finds, when a deassign
 * returns, and what is held while one is signalled.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/kvm_eventfd.h>
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/wait.h>

#include <kev/base/compat.h>
#include <kev/plane/ioeventfd.h>
#include <kev/plane/vm.h>

#include "plane_fixture.h"

#define ADDR	0x1000

static int fake_io(struct kev_vm *vm, int fd, u64 addr, u32 flags)
{
	struct kvm_ioeventfd args = {
		.fd = fd,
		.addr = addr,
		.len = 4,
		.flags = flags,
	};

	return kev_ioeventfd(vm, &args);
}

static int fake_write(struct kev_vm *vm, u64 addr)
{
	u32 val = 0;

	return kev_bus_write(vm, KEV_BUS_MMIO, addr, sizeof(val), &val);
}

/* Lookups during changes: a few that stay, and more that come and go. */

#define NR_SLOTS	24
#define STAYS_EVERY	6
#define NR_LOOKUPS	40000

/**
 * struct changer - A thread that assigns and deassigns
 * @vm:		Where.
 * @fd:		What it assigns.
 * @changes:	Made so far.
 * @failed:	Calls that did not succeed.
 */
struct changer {
	struct kev_vm *vm;
	int fd;
	unsigned long changes;
	unsigned int failed;
};

static u64 slot_addr(unsigned int slot)
{
	return ADDR + 8 * slot;
}

static int change_thread(void *data)
{
	DECLARE_BITMAP(there, NR_SLOTS) = { };
	struct changer *changer = data;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 2718);
	while (!kthread_should_stop()) {
		unsigned int slot = prandom_u32_state(&rnd) % NR_SLOTS;
		u32 flags = test_bit(slot, there) ?
			    KVM_IOEVENTFD_FLAG_DEASSIGN : 0;

		if (slot % STAYS_EVERY == 0)
			continue;
		if (fake_io(changer->vm, changer->fd, slot_addr(slot), flags))
			WRITE_ONCE(changer->failed, changer->failed + 1);
		change_bit(slot, there);
		WRITE_ONCE(changer->changes, changer->changes + 1);
		cond_resched();
	}
	return 0;
}

static void ioeventfd_lookups_miss_nothing_during_changes(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	struct changer changer = { .vm = vm, .fd = fake_eventfd(test, 0) };
	struct task_struct *thread;
	unsigned int missed = 0;
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i += STAYS_EVERY)
		KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, slot_addr(i), 0));

	thread = kthread_run(change_thread, &changer, "kev-change");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	/* With one CPU, too, the other thread has to have its turns. */
	for (i = 0; i < NR_LOOKUPS || READ_ONCE(changer.changes) < NR_SLOTS;
	     i++) {
		u64 addr = slot_addr(i * STAYS_EVERY % NR_SLOTS);

		missed += fake_write(vm, addr) != 0;
		cond_resched();
	}
	kthread_stop(thread);

	KUNIT_EXPECT_EQ(test, 0U, missed);
	KUNIT_EXPECT_EQ(test, 0U, changer.failed);
	KUNIT_EXPECT_EQ(test, (u64)i, fake_eventfd_count(fd));
}

/* What waits on an eventfd, and runs inside of its signal. */

/**
 * struct waiter - An entry in an eventfd's wait queue
 * @wait:	The entry.
 * @table:	Puts it there.
 * @queue:	Where it is.
 */
struct waiter {
	wait_queue_entry_t wait;
	poll_table table;
	wait_queue_head_t *queue;
};

static void waiter_queue_proc(struct file *file, wait_queue_head_t *queue,
			      poll_table *table)
{
	struct waiter *waiter = container_of(table, struct waiter, table);

	waiter->queue = queue;
	add_wait_queue(queue, &waiter->wait);
}

static void waiter_add(struct kunit *test, struct waiter *waiter, int fd,
		       wait_queue_func_t func)
{
	struct file *file = fget(fd);

	KUNIT_ASSERT_NOT_NULL(test, file);
	init_waitqueue_func_entry(&waiter->wait, func);
	init_poll_funcptr(&waiter->table, waiter_queue_proc);
	vfs_poll(file, &waiter->table);
	fput(file);
}

static void waiter_remove(struct waiter *waiter)
{
	remove_wait_queue(waiter->queue, &waiter->wait);
}

/**
 * struct visitor - A waiter that comes back into the plane
 * @waiter:	In the queue.
 * @vm:		Whose doorbell rang.
 * @depth:	Locks that were held, by lockdep's count.
 * @same:	What a write to the same address returned.
 * @other:	What one that nobody takes returned.
 */
struct visitor {
	struct waiter waiter;
	struct kev_vm *vm;
	int depth;
	int same;
	int other;
};

static int held_locks(void)
{
#ifdef CONFIG_LOCKDEP
	return current->lockdep_depth;
#else
	return 0;
#endif
}

static int visit(wait_queue_entry_t *wait, unsigned int mode, int sync,
		 void *key)
{
	struct visitor *visitor = container_of(wait, struct visitor,
					       waiter.wait);

	visitor->depth = held_locks();
	visitor->same = fake_write(visitor->vm, ADDR);
	visitor->other = fake_write(visitor->vm, ADDR + 8);
	return 0;
}

static void ioeventfd_is_signalled_under_rcu_alone(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	struct visitor visitor = { .vm = vm };
	int fd = fake_eventfd(test, 0);
	int plain;

	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR, 0));
	waiter_add(test, &visitor.waiter, fd, visit);
	fake_eventfd_signal(fd);
	plain = visitor.depth;

	KUNIT_EXPECT_EQ(test, 0, fake_write(vm, ADDR));
	if (IS_ENABLED(CONFIG_LOCKDEP))
		KUNIT_EXPECT_EQ(test, plain + 1, visitor.depth);
	/* The kernel would drop a signal from in there. */
	KUNIT_EXPECT_EQ(test, -EAGAIN, visitor.same);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, visitor.other);
	waiter_remove(&visitor.waiter);
	KUNIT_EXPECT_EQ(test, 2ULL, fake_eventfd_count(fd));
}

/**
 * struct blocker - A waiter that keeps a signal under way
 * @waiter:	In the queue.
 * @vm:		Whose doorbell rings.
 * @fd:		The eventfd.
 * @entered:	The signal is under way.
 * @release:	It may end.
 * @late:	It ended without being released.
 * @started:	Deassign was called.
 * @deassigned:	It returned.
 * @written:	The write returned.
 */
struct blocker {
	struct waiter waiter;
	struct kev_vm *vm;
	int fd;
	bool entered;
	bool release;
	bool late;
	bool started;
	struct completion deassigned;
	struct completion written;
};

/* Longer than anything takes here; only a test that fails waits for it. */
static bool is_over(ktime_t start)
{
	return ktime_after(ktime_get(), ktime_add_ms(start, 20000));
}

static int block(wait_queue_entry_t *wait, unsigned int mode, int sync,
		 void *key)
{
	struct blocker *blocker = container_of(wait, struct blocker,
					       waiter.wait);
	ktime_t start = ktime_get();

	WRITE_ONCE(blocker->entered, true);
	while (!READ_ONCE(blocker->release) && !blocker->late) {
		blocker->late = is_over(start);
		cpu_relax();
	}
	return 0;
}

static int write_thread(void *data)
{
	struct blocker *blocker = data;

	fake_write(blocker->vm, ADDR);
	complete(&blocker->written);
	return 0;
}

static int deassign_thread(void *data)
{
	struct blocker *blocker = data;

	WRITE_ONCE(blocker->started, true);
	fake_io(blocker->vm, blocker->fd, ADDR, KVM_IOEVENTFD_FLAG_DEASSIGN);
	complete(&blocker->deassigned);
	return 0;
}

static struct task_struct *thread_on(struct kunit *test, unsigned int cpu,
				     int (*fn)(void *data), void *data)
{
	struct task_struct *thread;

	thread = kthread_create(fn, data, "kev-io-%u", cpu);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	kthread_bind(thread, cpu);
	/* Its state is looked at when it may be gone. */
	get_task_struct(thread);
	return thread;
}

/* Until the deassign has returned, or waits. */
static bool deassign_waits(struct blocker *blocker, struct task_struct *thread)
{
	while (!completion_done(&blocker->deassigned)) {
		if (READ_ONCE(blocker->started) &&
		    READ_ONCE(thread->__state) == TASK_UNINTERRUPTIBLE)
			return true;
		cond_resched();
	}
	return false;
}

/*
 * The signal keeps its CPU, with interrupts off; the test and the deassign have
 * another one.  Nothing here needs a timer, for which that CPU might be needed.
 */
static void ioeventfd_deassign_waits_for_a_signal(struct kunit *test)
{
	unsigned int here = cpumask_first(cpu_online_mask);
	unsigned int there = cpumask_next(here, cpu_online_mask);
	struct task_struct *writer, *deassigner;
	struct blocker blocker = { };
	struct fake_sink *sink;
	struct kev_vm *vm;

	if (there >= nr_cpu_ids)
		kunit_skip(test, "one CPU cannot do both");

	vm = fake_vm(test, &sink);
	blocker.vm = vm;
	blocker.fd = fake_eventfd(test, 0);
	init_completion(&blocker.deassigned);
	init_completion(&blocker.written);
	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, blocker.fd, ADDR, 0));
	waiter_add(test, &blocker.waiter, blocker.fd, block);
	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current,
						      cpumask_of(here)));
	writer = thread_on(test, there, write_thread, &blocker);
	deassigner = thread_on(test, here, deassign_thread, &blocker);

	wake_up_process(writer);
	while (!READ_ONCE(blocker.entered))
		cond_resched();
	wake_up_process(deassigner);
	KUNIT_EXPECT_TRUE(test, deassign_waits(&blocker, deassigner));
	KUNIT_EXPECT_FALSE(test, READ_ONCE(blocker.late));
	/* It is on the tree no more: a write now is not taken. */
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_write(vm, ADDR));

	WRITE_ONCE(blocker.release, true);
	wait_for_completion(&blocker.deassigned);
	wait_for_completion(&blocker.written);
	put_task_struct(deassigner);
	put_task_struct(writer);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	waiter_remove(&blocker.waiter);
	KUNIT_EXPECT_EQ(test, 1ULL, fake_eventfd_count(blocker.fd));
}

static struct kunit_case ioeventfd_cases[] = {
	KUNIT_CASE(ioeventfd_lookups_miss_nothing_during_changes),
	KUNIT_CASE(ioeventfd_is_signalled_under_rcu_alone),
	KUNIT_CASE(ioeventfd_deassign_waits_for_a_signal),
	{ }
};

static struct kunit_suite ioeventfd_suite = {
	.name = "kev_ioeventfd",
	.test_cases = ioeventfd_cases,
};

kunit_test_suite(ioeventfd_suite);
