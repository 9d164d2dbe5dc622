// SPDX-License-Identifier: GPL-2.0
/* Lines and irqfds: with and without a table of routes. */
#include <linux/kvm.h>

#include <kev/plane/eventfd.h>

#include "lines_fixture.h"
#include "plane_fixture.h"

#define LINE	7

static struct kev_irqfd_stats stats(struct lines_machine *m)
{
	struct kev_irqfd_stats sum;

	kev_irqfds_stats(m->vm, &sum);
	return sum;
}

static void lines_irqfd_pulses(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(m->vm, fd, LINE, 0));
	KUNIT_EXPECT_EQ(test, -1, lines_take(m, 0));

	/* In the wakeup: there is nothing to wait for. */
	fake_eventfd_signal(fd);
	fake_eventfd_signal(fd);
	KUNIT_EXPECT_EQ(test, LINE, lines_take(m, 0));
	KUNIT_EXPECT_EQ(test, 0, kev_lines_eoi(m->cpu[0], LINE));
	KUNIT_EXPECT_EQ(test, -1, lines_take(m, 0));
	KUNIT_EXPECT_EQ(test, 2, stats(m).signalled);
	KUNIT_EXPECT_EQ(test, 1, stats(m).injected);
	KUNIT_EXPECT_EQ(test, 1, stats(m).coalesced);
}

/* The event from before the assign comes by a work item: up, then down. */
static void lines_irqfd_keeps_an_old_event(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	int fd = fake_eventfd(test, 1);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(m->vm, fd, LINE, 0));
	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(m->vm, fd, LINE,
					    KVM_IRQFD_FLAG_DEASSIGN));
	KUNIT_EXPECT_EQ(test, LINE, lines_take(m, 0));
}

static void lines_irqfd_drops_what_has_no_line(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(m->vm, fd, KEV_LINES, 0));
	fake_eventfd_signal(fd);
	KUNIT_EXPECT_EQ(test, -1, lines_take(m, 0));
	KUNIT_EXPECT_EQ(test, 1, stats(m).dropped);
}

/* A level is asserted by a work item. */
static void wait_for_event(struct kunit *test, struct lines_machine *m)
{
	struct kev_vcpu *cpu = m->cpu[0];
	long left;

	left = wait_event_timeout(cpu->waiters->head, kev_lines_machine.has_event(cpu),
				  30 * HZ);
	KUNIT_ASSERT_NE(test, 0, left);
}

/* With a resamplefd the line is up until its end; then the device is asked. */
static void lines_resample(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	int fd = fake_eventfd(test, 0);
	int resamplefd = fake_eventfd(test, 0);
	struct kvm_irqfd args = {
		.fd		= fd,
		.gsi		= LINE,
		.flags		= KVM_IRQFD_FLAG_RESAMPLE,
		.resamplefd	= resamplefd,
	};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, kev_irqfd(m->vm, &args));
	for (i = 0; i < 2; i++) {
		fake_eventfd_signal(fd);
		wait_for_event(test, m);
		KUNIT_EXPECT_EQ(test, LINE, lines_take(m, 0));
		KUNIT_EXPECT_EQ(test, 0, fake_eventfd_count(resamplefd));
		KUNIT_EXPECT_EQ(test, 0, kev_lines_eoi(m->cpu[0], LINE));
		KUNIT_EXPECT_EQ(test, 1, fake_eventfd_count(resamplefd));
		KUNIT_EXPECT_EQ(test, -1, lines_take(m, 0));
	}
}

/**
 * struct busy_acker - Who plays with a line while it is being ended
 * @notifier:	Registered.
 * @m:		The machine.
 * @raise:	Raise the line again.
 * @took:	What could be taken meanwhile.
 * @ended:	What another EOI was answered.
 */
struct busy_acker {
	struct kev_irq_ack_notifier notifier;
	struct lines_machine *m;
	bool raise;
	int took;
	int ended;
};

static void busy_acked(struct kev_irq_ack_notifier *notifier)
{
	struct busy_acker *acker;

	acker = container_of(notifier, struct busy_acker, notifier);
	if (acker->raise)
		lines_set(acker->m, LINE, true);
	acker->took = lines_take(acker->m, 1);
	acker->ended = kev_lines_eoi(acker->m->cpu[1], LINE);
}

static void lines_end_once_and_not_before_who_waits_is_told(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	struct busy_acker acker = {
		.notifier = { .gsi = LINE, .irq_acked = busy_acked },
		.m = m,
	};
	int raise;

	KUNIT_ASSERT_EQ(test, 0,
			kev_register_irq_ack_notifier(m->vm, &acker.notifier));
	for (raise = 0; raise < 2; raise++) {
		acker.raise = raise;
		lines_pulse(m, LINE);
		KUNIT_EXPECT_EQ(test, LINE, lines_take(m, 0));
		KUNIT_EXPECT_EQ(test, 0, kev_lines_eoi(m->cpu[0], LINE));
		KUNIT_EXPECT_EQ(test, -1, acker.took);
		KUNIT_EXPECT_EQ(test, -EINVAL, acker.ended);
		KUNIT_EXPECT_EQ(test, raise ? LINE : -1, lines_take(m, 0));
	}
	kev_unregister_irq_ack_notifier(m->vm, &acker.notifier);
}

static struct kunit_case lines_irqfd_cases[] = {
	KUNIT_CASE(lines_irqfd_pulses),
	KUNIT_CASE(lines_irqfd_keeps_an_old_event),
	KUNIT_CASE(lines_irqfd_drops_what_has_no_line),
	KUNIT_CASE(lines_resample),
	KUNIT_CASE(lines_end_once_and_not_before_who_waits_is_told),
	{ }
};

static struct kunit_suite lines_irqfd_suite = {
	.name = "kev_lines_irqfd",
	.test_cases = lines_irqfd_cases,
};

kunit_test_suite(lines_irqfd_suite);
