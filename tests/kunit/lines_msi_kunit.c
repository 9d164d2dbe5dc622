// SPDX-License-Identifier: GPL-2.0
/* Lines and a table of routes: pins of chip 0, and messages. */
#include <linux/kvm.h>
#include <linux/sched/signal.h>

#include <kev/plane/irqchip.h>

#include "lines_fixture.h"
#include "plane_fixture.h"

static int set_routes(struct lines_machine *m,
		      const struct kvm_irq_routing_entry *entries,
		      unsigned int nr)
{
	return kev_set_irq_routing_kernel(m->vm, entries, nr);
}

/* The event that CPU 0 takes; type U32_MAX when there is none. */
static struct kvm_eventfd_event fetch(struct lines_machine *m)
{
	struct kvm_eventfd_event event = { };

	if (kev_lines_machine.fetch(m->cpu[0], &event))
		event.type = U32_MAX;
	return event;
}

/* The GSI of the message that is taken; -1 for nothing, -2 for a line. */
static int fetch_gsi(struct lines_machine *m)
{
	struct kvm_eventfd_event event = fetch(m);

	if (event.type == KVM_EVENTFD_INTR_MSI)
		return event.gsi;
	return event.type == U32_MAX ? -1 : -2;
}

static void lines_msi_is_told_whole(struct kunit *test)
{
	struct kvm_irq_routing_entry entries[] = {
		{
			.gsi	= 40,
			.type	= KVM_IRQ_ROUTING_MSI,
			.flags	= KVM_MSI_VALID_DEVID,
			.u.msi	= {
				.address_lo	= 0x8080040,
				.address_hi	= 1,
				.data		= 0xffff0001,
				.devid		= 0x1234,
			},
		},
		fake_msi(41, 5),
	};
	struct lines_machine *m = lines_machine(test);
	struct kvm_eventfd_event e;

	KUNIT_ASSERT_EQ(test, 0, set_routes(m, entries, 2));
	KUNIT_EXPECT_EQ(test, 1, lines_set(m, 40, true));
	KUNIT_EXPECT_EQ(test, 1, lines_set(m, 41, true));

	e = fetch(m);
	KUNIT_EXPECT_EQ(test, KVM_EVENTFD_INTR_MSI, e.type);
	KUNIT_EXPECT_EQ(test, 40, e.vector);
	KUNIT_EXPECT_EQ(test, 40, e.gsi);
	KUNIT_EXPECT_EQ(test, KVM_EVENTFD_EVENT_MSI | KVM_EVENTFD_EVENT_DEVID,
			e.flags);
	KUNIT_EXPECT_EQ(test, 0x8080040, e.address_lo);
	KUNIT_EXPECT_EQ(test, 1, e.address_hi);
	KUNIT_EXPECT_EQ(test, 0xffff0001, e.data);
	KUNIT_EXPECT_EQ(test, 0x1234, e.devid);

	e = fetch(m);
	KUNIT_EXPECT_EQ(test, 41, e.gsi);
	KUNIT_EXPECT_EQ(test, KVM_EVENTFD_EVENT_MSI, e.flags);
	KUNIT_EXPECT_EQ(test, 5, e.data);
	KUNIT_EXPECT_EQ(test, 0, e.devid);
}

/* A message has no level, and no end. */
static void lines_msi_is_taken_as_often_as_sent(struct kunit *test)
{
	struct kvm_irq_routing_entry entry = fake_msi(40, 1);
	struct lines_machine *m = lines_machine(test);

	KUNIT_ASSERT_EQ(test, 0, set_routes(m, &entry, 1));
	KUNIT_EXPECT_GT(test, 0, lines_set(m, 40, false));
	KUNIT_EXPECT_EQ(test, -1, fetch_gsi(m));

	KUNIT_EXPECT_EQ(test, 1, lines_pulse(m, 40));
	KUNIT_EXPECT_EQ(test, 0, lines_pulse(m, 40));
	KUNIT_EXPECT_EQ(test, 40, fetch_gsi(m));
	KUNIT_EXPECT_EQ(test, -1, fetch_gsi(m));
	KUNIT_EXPECT_EQ(test, 1, lines_pulse(m, 40));
	KUNIT_EXPECT_EQ(test, 40, fetch_gsi(m));
}

static void lines_msis_come_behind_lines_in_order_of_gsi(struct kunit *test)
{
	static const u32 gsi[] = { 0, 63, 64, 1023, 1024, 4095, 4096, 131071 };
	struct lines_machine *m = lines_machine(test);
	struct kvm_irq_routing_entry entries[ARRAY_SIZE(gsi) + 1];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, kev_set_max_routes(m->vm, 131072));
	for (i = 0; i < ARRAY_SIZE(gsi); i++)
		entries[i] = fake_msi(gsi[i], i);
	entries[i] = fake_pin(2000, 0, KEV_LINES - 1);
	KUNIT_ASSERT_EQ(test, 0, set_routes(m, entries, ARRAY_SIZE(entries)));

	for (i = ARRAY_SIZE(gsi); i--; )
		KUNIT_EXPECT_EQ(test, 1, lines_set(m, gsi[i], true));
	lines_set(m, 2000, true);
	KUNIT_EXPECT_EQ(test, KEV_LINES - 1, lines_take(m, 0));
	for (i = 0; i < ARRAY_SIZE(gsi); i++)
		KUNIT_EXPECT_EQ(test, gsi[i], fetch_gsi(m));
	KUNIT_EXPECT_EQ(test, -1, fetch_gsi(m));
	KUNIT_EXPECT_FALSE(test, m->cpu[0]->state->pending);
}

/* After a change of routes nothing arrives by the old one. */
static void lines_msi_is_the_one_in_force(struct kunit *test)
{
	struct kvm_irq_routing_entry entry = fake_msi(40, 1);
	struct lines_machine *m = lines_machine(test);

	KUNIT_ASSERT_EQ(test, 0, set_routes(m, &entry, 1));
	lines_set(m, 40, true);
	entry = fake_msi(40, 2);
	KUNIT_ASSERT_EQ(test, 0, set_routes(m, &entry, 1));
	KUNIT_EXPECT_EQ(test, 2, fetch(m).data);

	lines_set(m, 40, true);
	entry = fake_pin(40, 0, 3);
	KUNIT_ASSERT_EQ(test, 0, set_routes(m, &entry, 1));
	KUNIT_EXPECT_EQ(test, -1, fetch_gsi(m));
	KUNIT_EXPECT_FALSE(test, m->cpu[0]->state->pending);
}

/* Messages that are not routed any more cost who fetches only time: it can end. */
static void lines_msi_fetch_ends_when_its_caller_is_killed(struct kunit *test)
{
	struct kvm_irq_routing_entry entries[] = {
		fake_msi(40, 1), fake_msi(41, 1), fake_msi(42, 1),
	};
	struct lines_machine *m = lines_machine(test);
	struct kvm_eventfd_event event = { };

	KUNIT_ASSERT_EQ(test, 0, set_routes(m, entries, 3));
	lines_set(m, 40, true);
	lines_set(m, 41, true);
	lines_set(m, 42, true);
	KUNIT_ASSERT_EQ(test, 0, set_routes(m, &entries[2], 1));

	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	KUNIT_EXPECT_EQ(test, -EINTR,
			kev_lines_machine.fetch(m->cpu[0], &event));
	flush_signals(current);
	disallow_signal(SIGKILL);
	KUNIT_EXPECT_EQ(test, 42, fetch_gsi(m));
	KUNIT_EXPECT_EQ(test, -1, fetch_gsi(m));
}

static void lines_begin_with_a_gsi_for_each(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	struct kev_route route;

	KUNIT_EXPECT_EQ(test, 1, lines_set(m, KEV_LINES - 1, true));
	KUNIT_EXPECT_EQ(test, KEV_LINES - 1, lines_take(m, 0));
	KUNIT_EXPECT_EQ(test, 600, kev_irq_map_chip_pin(m->vm, 0, 600));
	KUNIT_EXPECT_EQ(test, -1, kev_irq_map_chip_pin(m->vm, 0, KEV_LINES));
	KUNIT_EXPECT_FALSE(test, kev_irq_map_gsi(m->vm, KEV_LINES, &route));
}

static void lines_follow_their_routes(struct kunit *test)
{
	struct kvm_irq_routing_entry entries[] = {
		fake_pin(5, 0, 900),
		fake_pin(6, 0, 900),
	};
	struct lines_machine *m = lines_machine(test);

	KUNIT_ASSERT_EQ(test, 0, set_routes(m, entries, 2));
	KUNIT_EXPECT_GT(test, 0, lines_set(m, 900, true));
	KUNIT_EXPECT_EQ(test, 1, lines_set(m, 5, true));
	KUNIT_EXPECT_EQ(test, 900, lines_take(m, 0));
	KUNIT_EXPECT_EQ(test, 6, kev_irq_map_chip_pin(m->vm, 0, 900));
	KUNIT_EXPECT_EQ(test, 0, kev_lines_eoi(m->cpu[0], 900));
}

static const struct route_case {
	const char *name;
	u32 type;
	u32 flags;
	u32 chip;
	u32 pin;
	int ret;
} route_cases[] = {
	{ "the_last_line", KVM_IRQ_ROUTING_IRQCHIP, 0, 0, 1023, 0 },
	{ "a_line_past_the_last", KVM_IRQ_ROUTING_IRQCHIP, 0, 0, 1024, -EINVAL },
	{ "the_largest_line", KVM_IRQ_ROUTING_IRQCHIP, 0, 0, ~0, -EINVAL },
	{ "a_chip_that_is_not_there", KVM_IRQ_ROUTING_IRQCHIP, 0, 1, 0, -EINVAL },
	{ "a_line_with_flags", KVM_IRQ_ROUTING_IRQCHIP, 1, 0, 0, -EINVAL },
	{ "a_message", KVM_IRQ_ROUTING_MSI, 0, ~0, ~0, 0 },
	{ "a_message_of_a_device", KVM_IRQ_ROUTING_MSI, KVM_MSI_VALID_DEVID,
	  1, 1, 0 },
	{ "a_message_with_other_flags", KVM_IRQ_ROUTING_MSI, 2, 0, 0, -EINVAL },
	{ "another_type", KVM_IRQ_ROUTING_XEN_EVTCHN, 0, 0, 0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(route, route_cases, name);

static void lines_routes_are_checked(struct kunit *test)
{
	const struct route_case *c = test->param_value;
	struct kvm_irq_routing_entry entry = {
		.gsi		= 40,
		.type		= c->type,
		.flags		= c->flags,
		.u.irqchip	= { .irqchip = c->chip, .pin = c->pin },
	};
	struct lines_machine *m = lines_machine(test);

	KUNIT_EXPECT_EQ(test, c->ret, set_routes(m, &entry, 1));
}

static struct kunit_case lines_msi_cases[] = {
	KUNIT_CASE(lines_msi_is_told_whole),
	KUNIT_CASE(lines_msi_is_taken_as_often_as_sent),
	KUNIT_CASE(lines_msis_come_behind_lines_in_order_of_gsi),
	KUNIT_CASE(lines_msi_is_the_one_in_force),
	KUNIT_CASE(lines_msi_fetch_ends_when_its_caller_is_killed),
	KUNIT_CASE(lines_begin_with_a_gsi_for_each),
	KUNIT_CASE(lines_follow_their_routes),
	KUNIT_CASE_PARAM(lines_routes_are_checked, route_gen_params),
	{ }
};

static struct kunit_suite lines_msi_suite = {
	.name = "kev_lines_msi",
	.test_cases = lines_msi_cases,
};

kunit_test_suite(lines_msi_suite);
