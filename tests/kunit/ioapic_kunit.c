// SPDX-License-Identifier: GPL-2.0
/*
 * The IOAPIC.  Most cases are scripts: what the guest, its LAPICs and the
 * devices do, and what each of them must see.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kvm.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <kev/machine/vcpu.h>

#include "chips_fixture.h"
#include "plane_fixture.h"

enum ioapic_op {
	DO_STOP, DO_WRITE, DO_READ, DO_LINE, DO_RTC_LINE, DO_EOI, DO_SENT,
	DO_IRR, DO_TAKE
};

/**
 * struct ioapic_step - One step of a script
 * @op:		What happens.
 * @where:	Register, pin, or vector.
 * @val:	Value written, line level, or whether it is a level's EOI.
 * @want:	What is read or returned, messages so far, or the visible irr.
 */
struct ioapic_step {
	enum ioapic_op op;
	u8 where;
	u32 val;
	s64 want;
};

#define WR(reg, val)		{ DO_WRITE, reg, val, 0 }
#define RD(reg, want)		{ DO_READ, reg, 0, want }
#define UP(pin, want)		{ DO_LINE, pin, 1, want }
#define DOWN(pin)		{ DO_LINE, pin, 0, 1 }
#define RTC_UP(want)		{ DO_RTC_LINE, 8, 1, want }
#define RTC_DOWN()		{ DO_RTC_LINE, 8, 0, 1 }
#define EOI_EDGE(vector)	{ DO_EOI, vector, 0, 0 }
#define EOI_LEVEL(vector)	{ DO_EOI, vector, 1, 0 }
#define SENT_IS(want)		{ DO_SENT, 0, 0, want }
#define IRR_IS(want)		{ DO_IRR, 0, 0, want }
/* What the next deliveries return. */
#define TAKEN_BY(n)		{ DO_TAKE, 0, n, 0 }

/* Registers and entry bits. */
#define ID		0x00
#define VERSION		0x01
#define ARB		0x02
#define LOW(pin)	(0x10 + (pin) * 2)
#define HIGH(pin)	(0x11 + (pin) * 2)
#define EDGE		0
#define LEVEL		0x8000
#define MASKED		0x10000
#define REMOTE_IRR	0x4000
#define STATUS		0x1000

struct ioapic_case {
	const char *name;
	struct ioapic_step step[20];
};

static const struct ioapic_case ioapic_cases[] = {
	{ "the_version_says_24_pins_and_no_eoi_register", {
		RD(VERSION, 0x170011) } },
	{ "the_id_has_four_bits_and_is_the_arbitration_id", {
		WR(ID, 0xffffffff), RD(ID, 0x0f000000), RD(ARB, 0x0f000000) } },
	{ "version_and_arbitration_id_are_read_only", {
		WR(VERSION, 0), WR(ARB, 0xffffffff), RD(VERSION, 0x170011),
		RD(ID, 0) } },
	{ "a_new_entry_is_masked", {
		RD(LOW(0), MASKED), RD(HIGH(0), 0), RD(LOW(23), MASKED) } },
	{ "registers_past_the_last_read_ones_and_ignore_writes", {
		WR(LOW(24), 0x31), RD(LOW(24), 0xffffffff),
		RD(0xff, 0xffffffff), WR(0xff, 0), RD(0x0f, 0xffffffff),
		RD(0x03, 0xffffffff) } },
	{ "an_entry_keeps_what_is_written", {
		WR(HIGH(5), 0x12345678), WR(LOW(5), 0x00012931),
		RD(HIGH(5), 0x12345678), RD(LOW(5), 0x00012931) } },
	{ "the_guest_cannot_set_remote_irr_or_delivery_status", {
		WR(LOW(5), MASKED | LEVEL | REMOTE_IRR | STATUS),
		RD(LOW(5), MASKED | LEVEL) } },
	{ "the_guest_cannot_clear_remote_irr", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1),
		RD(LOW(5), LEVEL | REMOTE_IRR | 0x31),
		WR(LOW(5), MASKED | LEVEL | 0x31),
		RD(LOW(5), MASKED | LEVEL | REMOTE_IRR | 0x31),
		WR(HIGH(5), 0x01000000),
		RD(LOW(5), MASKED | LEVEL | REMOTE_IRR | 0x31) } },
	{ "an_edge_is_sent_once", {
		WR(LOW(5), 0x31), UP(5, 1), SENT_IS(1), RD(LOW(5), 0x31),
		DOWN(5), UP(5, 1), SENT_IS(2) } },
	{ "an_edge_that_stays_up_coalesces", {
		WR(LOW(5), 0x31), UP(5, 1), UP(5, 0), SENT_IS(1) } },
	{ "an_edge_whose_delivery_coalesced_returns_zero", {
		WR(LOW(5), 0x31), TAKEN_BY(0), UP(5, 0), SENT_IS(1) } },
	{ "each_edge_before_an_ack_is_sent", {
		WR(LOW(5), 0x31), UP(5, 1), DOWN(5), UP(5, 1), DOWN(5),
		UP(5, 1), SENT_IS(3) } },
	{ "a_delivered_edge_is_hidden_from_user_space", {
		WR(LOW(5), 0x31), UP(5, 1), IRR_IS(0), DOWN(5), IRR_IS(0) } },
	{ "an_edge_that_was_coalesced_is_visible", {
		WR(LOW(5), 0x31), UP(5, 1), UP(5, 0), IRR_IS(0x20) } },
	{ "a_masked_edge_is_requested_but_not_sent_at_unmask", {
		WR(LOW(5), MASKED | 0x31), UP(5, -1), IRR_IS(0x20),
		WR(LOW(5), 0x31), SENT_IS(0), IRR_IS(0x20) } },
	{ "a_second_masked_edge_coalesces", {
		UP(5, -1), UP(5, 0) } },
	{ "a_request_goes_with_its_line", {
		UP(5, -1), IRR_IS(0x20), DOWN(5), IRR_IS(0) } },
	{ "a_level_sets_remote_irr_and_stays_requested", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1), SENT_IS(1),
		RD(LOW(5), LEVEL | REMOTE_IRR | 0x31), IRR_IS(0x20) } },
	{ "a_level_is_not_sent_again_before_its_eoi", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1), UP(5, -1), DOWN(5),
		UP(5, -1), SENT_IS(1) } },
	{ "an_eoi_sends_a_level_that_is_still_up", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1), EOI_LEVEL(0x31),
		SENT_IS(2), RD(LOW(5), LEVEL | REMOTE_IRR | 0x31) } },
	{ "an_eoi_of_a_level_that_fell_clears_remote_irr", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1), DOWN(5), EOI_LEVEL(0x31),
		SENT_IS(1), RD(LOW(5), LEVEL | 0x31) } },
	{ "an_eoi_of_a_masked_level_sends_nothing", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1),
		WR(LOW(5), MASKED | LEVEL | 0x31), EOI_LEVEL(0x31), SENT_IS(1),
		RD(LOW(5), MASKED | LEVEL | 0x31) } },
	{ "an_eoi_of_another_vector_is_ignored", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1), EOI_LEVEL(0x32),
		SENT_IS(1), RD(LOW(5), LEVEL | REMOTE_IRR | 0x31) } },
	{ "an_eoi_that_is_not_broadcast_leaves_remote_irr", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1), EOI_EDGE(0x31), SENT_IS(1),
		RD(LOW(5), LEVEL | REMOTE_IRR | 0x31) } },
	{ "an_eoi_ends_all_pins_with_its_vector", {
		WR(LOW(5), LEVEL | 0x31), WR(LOW(6), LEVEL | 0x31), UP(5, 1),
		UP(6, 1), DOWN(5), DOWN(6), EOI_LEVEL(0x31),
		RD(LOW(5), LEVEL | 0x31), RD(LOW(6), LEVEL | 0x31) } },
	{ "a_level_without_a_target_sets_remote_irr", {
		WR(LOW(5), LEVEL | 0x31), TAKEN_BY(-1), UP(5, -1),
		RD(LOW(5), LEVEL | REMOTE_IRR | 0x31) } },
	{ "a_level_that_every_target_refused_sets_no_remote_irr", {
		WR(LOW(5), LEVEL | 0x31), TAKEN_BY(0), UP(5, 0),
		RD(LOW(5), LEVEL | 0x31) } },
	{ "switching_to_edge_clears_remote_irr", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1), DOWN(5), WR(LOW(5), 0x31),
		RD(LOW(5), 0x31), WR(LOW(5), LEVEL | 0x31),
		RD(LOW(5), LEVEL | 0x31), UP(5, 1), SENT_IS(2) } },
	{ "a_level_requested_while_masked_is_sent_at_unmask", {
		WR(LOW(5), MASKED | LEVEL | 0x31), UP(5, -1),
		WR(LOW(5), LEVEL | 0x31), SENT_IS(1),
		RD(LOW(5), LEVEL | REMOTE_IRR | 0x31) } },
	{ "a_level_that_fell_while_masked_is_not_sent_at_unmask", {
		WR(LOW(5), MASKED | LEVEL | 0x31), UP(5, -1), DOWN(5),
		WR(LOW(5), LEVEL | 0x31), SENT_IS(0) } },
	{ "an_unmask_with_remote_irr_waits_for_the_eoi", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1),
		WR(LOW(5), MASKED | LEVEL | 0x31), WR(LOW(5), LEVEL | 0x31),
		SENT_IS(1), EOI_LEVEL(0x31), SENT_IS(2) } },
	{ "an_entry_that_became_edge_in_service_is_sent_at_the_eoi", {
		WR(LOW(5), LEVEL | 0x31), UP(5, 1), WR(LOW(5), 0x31),
		EOI_LEVEL(0x31), SENT_IS(2), IRR_IS(0) } },
	{ "a_pin_past_the_last_is_ignored", {
		UP(24, -1), UP(0xff, -1), IRR_IS(0), SENT_IS(0) } },
	{ "an_rtc_interrupt_coalesces_until_its_eoi", {
		WR(LOW(8), 0x38), RTC_UP(1), RTC_DOWN(), RTC_UP(0), SENT_IS(1),
		EOI_EDGE(0x38), RTC_DOWN(), RTC_UP(1), SENT_IS(2) } },
	{ "an_rtc_interrupt_nobody_asks_about_does_not_coalesce", {
		WR(LOW(8), 0x38), UP(8, 1), DOWN(8), UP(8, 1), SENT_IS(2) } },
	{ "the_eoi_of_another_vector_is_not_the_rtcs", {
		WR(LOW(8), 0x38), RTC_UP(1), RTC_DOWN(), EOI_EDGE(0x39),
		RTC_UP(0) } },
	{ "the_rtcs_eoi_is_known_after_its_vector_changed", {
		WR(LOW(8), 0x38), RTC_UP(1), RTC_DOWN(), WR(LOW(8), 0x39),
		EOI_EDGE(0x38), RTC_UP(1) } },
	{ "an_rtc_interrupt_of_two_cpus_waits_for_both", {
		WR(LOW(8), 0x38), TAKEN_BY(2), RTC_UP(2), RTC_DOWN(),
		EOI_EDGE(0x38), RTC_UP(0) } },
	{ "a_second_eoi_of_the_rtc_does_not_count", {
		WR(LOW(8), 0x38), RTC_UP(1), RTC_DOWN(), EOI_EDGE(0x38),
		EOI_EDGE(0x38), RTC_UP(1), RTC_DOWN(), RTC_UP(0) } },
	{ "an_rtc_interrupt_without_a_target_does_not_coalesce", {
		WR(LOW(8), 0x38), TAKEN_BY(-1), RTC_UP(-1), RTC_DOWN(),
		RTC_UP(-1), SENT_IS(2) } },
};

KUNIT_ARRAY_PARAM_DESC(ioapic, ioapic_cases, name);

static u32 visible_irr(struct chips *c)
{
	struct kvm_ioapic_state state;

	kev_ioapic_get_state(c->ioapic, &state);
	return state.irr;
}

static s64 ioapic_do(struct kunit *test, struct chips *c,
		     const struct ioapic_step *step)
{
	switch (step->op) {
	case DO_WRITE:
		chips_reg_write(test, c, step->where, step->val);
		return 0;
	case DO_READ:
		return chips_reg_read(test, c, step->where);
	case DO_LINE:
	case DO_RTC_LINE:
		return chips_ioapic_line(c, step->where, step->val, 0,
					 step->op == DO_RTC_LINE);
	case DO_EOI:
		kev_ioapic_eoi(c->ioapic, 0, step->where, step->val);
		return 0;
	case DO_SENT:
		return c->sent;
	case DO_IRR:
		return visible_irr(c);
	default:
		c->took = step->val;
		return 0;
	}
}

static void ioapic_script(struct kunit *test)
{
	const struct ioapic_case *ioapic = test->param_value;
	struct chips *c = chips_create(test);
	unsigned int n;

	for (n = 0; ioapic->step[n].op != DO_STOP; n++)
		KUNIT_EXPECT_EQ_MSG(test, ioapic->step[n].want,
				    ioapic_do(test, c, &ioapic->step[n]),
				    "step %u", n);
}

static void ioapic_message_is_what_the_entry_says(struct kunit *test)
{
	struct chips *c = chips_create(test);

	chips_reg_write(test, c, HIGH(5), 0xa5000000);
	chips_reg_write(test, c, LOW(5), LEVEL | 0x0931);
	chips_ioapic_line(c, 5, true, 0, false);

	KUNIT_EXPECT_EQ(test, 1, c->sent);
	KUNIT_EXPECT_EQ(test, 0xa5, c->msg.dest_id);
	KUNIT_EXPECT_EQ(test, 0x31, c->msg.vector);
	KUNIT_EXPECT_EQ(test, 1, c->msg.delivery_mode);
	KUNIT_EXPECT_EQ(test, 0, c->msg.shorthand);
	KUNIT_EXPECT_TRUE(test, c->msg.logical);
	KUNIT_EXPECT_TRUE(test, c->msg.level);
	KUNIT_EXPECT_TRUE(test, c->msg.trig_level);
	KUNIT_EXPECT_FALSE(test, c->msg.redir_hint);
	KUNIT_EXPECT_NULL(test, c->msg.dest_map);
}

static void ioapic_line_is_up_while_any_source_holds_it(struct kunit *test)
{
	struct chips *c = chips_create(test);

	chips_ioapic_line(c, 5, true, KEV_IRQ_SOURCE_USERSPACE, false);
	chips_ioapic_line(c, 5, true, KEV_IRQ_SOURCE_RESAMPLE, false);
	chips_ioapic_line(c, 5, false, KEV_IRQ_SOURCE_USERSPACE, false);
	KUNIT_EXPECT_EQ(test, 0x20, visible_irr(c));
	chips_ioapic_line(c, 5, false, KEV_IRQ_SOURCE_RESAMPLE, false);
	KUNIT_EXPECT_EQ(test, 0, visible_irr(c));
}

/* Lengths of an access to the window, and whether it does anything. */
static const struct len_case {
	const char *name;
	unsigned int len;
	u64 written;
	u64 read;
} len_cases[] = {
	{ "one_byte_is_the_lowest", 1, 0x88, 0x88 },
	{ "two_bytes_are_the_lowest", 2, 0xb788, 0xb788 },
	{ "three_bytes_do_nothing", 3, MASKED, 0 },
	{ "four_bytes_are_a_register", 4, 0xa5b4b788, 0xa5b4b788 },
	{ "five_bytes_do_nothing", 5, MASKED, 0 },
	{ "of_eight_bytes_the_upper_four_are_nothing", 8, 0xa5b4b788,
	  0xa5b4b788 },
};

KUNIT_ARRAY_PARAM_DESC(len, len_cases, name);

static void ioapic_access_length(struct kunit *test)
{
	const struct len_case *l = test->param_value;
	struct chips *c = chips_create(test);
	u64 val = 0x99887766a5b4e788ULL;
	u8 reg = LOW(5);

	chips_reg_write(test, c, HIGH(5), 0);
	KUNIT_EXPECT_EQ(test, 0, kev_bus_write(c->vm, KEV_BUS_MMIO,
					       KEV_IOAPIC_BASE, 1, &reg));
	KUNIT_EXPECT_EQ(test, 0, kev_bus_write(c->vm, KEV_BUS_MMIO,
					       KEV_IOAPIC_BASE + 0x10, l->len,
					       &val));
	/* Without what is read only. */
	KUNIT_EXPECT_EQ(test, l->written & ~0x5000ULL,
			chips_reg_read(test, c, LOW(5)));
	KUNIT_EXPECT_EQ(test, 0, chips_reg_read(test, c, HIGH(5)));

	chips_reg_write(test, c, LOW(5), 0xa5b4b788 & ~0x5000);
	val = 0;
	KUNIT_EXPECT_EQ(test, 0, kev_bus_read(c->vm, KEV_BUS_MMIO,
					      KEV_IOAPIC_BASE + 0x10, l->len,
					      &val));
	KUNIT_EXPECT_EQ(test, l->read & ~0x5000ULL, val);
}

static void ioapic_window_has_two_registers(struct kunit *test)
{
	struct chips *c = chips_create(test);
	u32 val = 0x100 | LOW(5);

	KUNIT_EXPECT_EQ(test, 0, kev_bus_write(c->vm, KEV_BUS_MMIO,
					       KEV_IOAPIC_BASE, 4, &val));
	KUNIT_EXPECT_EQ(test, 0, kev_bus_read(c->vm, KEV_BUS_MMIO,
					      KEV_IOAPIC_BASE, 4, &val));
	KUNIT_EXPECT_EQ(test, LOW(5), val);

	/* The EOI register of later versions is not there. */
	val = 0x31;
	KUNIT_EXPECT_EQ(test, 0, kev_bus_write(c->vm, KEV_BUS_MMIO,
					       KEV_IOAPIC_BASE + 0x40, 4,
					       &val));
	KUNIT_EXPECT_EQ(test, 0, kev_bus_read(c->vm, KEV_BUS_MMIO,
					      KEV_IOAPIC_BASE + 0x40, 4, &val));
	KUNIT_EXPECT_EQ(test, 0, val);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_read(c->vm, KEV_BUS_MMIO,
				     KEV_IOAPIC_BASE + 0x100, 4, &val));
}

static void ioapic_moved_window_answers_nothing(struct kunit *test)
{
	struct kvm_ioapic_state state;
	struct chips *c = chips_create(test);
	u32 val = 0;

	kev_ioapic_get_state(c->ioapic, &state);
	KUNIT_EXPECT_EQ(test, KEV_IOAPIC_BASE, state.base_address);
	state.base_address += 0x1000;
	kev_ioapic_set_state(c->ioapic, &state);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_read(c->vm, KEV_BUS_MMIO, KEV_IOAPIC_BASE, 4,
				     &val));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_write(c->vm, KEV_BUS_MMIO, KEV_IOAPIC_BASE, 4,
				      &val));
}

/* EOIs of a level that never falls: the storm limit, and what comes after. */
static void ioapic_eoi_storm_is_slowed_down(struct kunit *test)
{
	struct chips *c = chips_create(test);
	unsigned int i;

	chips_reg_write(test, c, LOW(5), LEVEL | 0x31);
	chips_ioapic_line(c, 5, true, 0, false);
	for (i = 1; i < 10000; i++)
		kev_ioapic_eoi(c->ioapic, 0, 0x31, true);
	KUNIT_EXPECT_EQ(test, 10000, c->sent);

	kev_ioapic_eoi(c->ioapic, 0, 0x31, true);
	KUNIT_EXPECT_EQ(test, 10000, c->sent);
	KUNIT_EXPECT_EQ(test, LEVEL | 0x31, chips_reg_read(test, c, LOW(5)));
	msleep(100);
	KUNIT_EXPECT_EQ(test, 10001, c->sent);
	KUNIT_EXPECT_EQ(test, LEVEL | REMOTE_IRR | 0x31,
			chips_reg_read(test, c, LOW(5)));

	/* The count starts again. */
	kev_ioapic_eoi(c->ioapic, 0, 0x31, true);
	KUNIT_EXPECT_EQ(test, 10002, c->sent);
}

static void ioapic_line_that_falls_ends_the_storm_count(struct kunit *test)
{
	struct chips *c = chips_create(test);
	unsigned int i;

	chips_reg_write(test, c, LOW(5), LEVEL | 0x31);
	chips_ioapic_line(c, 5, true, 0, false);
	for (i = 1; i < 10000; i++)
		kev_ioapic_eoi(c->ioapic, 0, 0x31, true);
	chips_ioapic_line(c, 5, false, 0, false);
	kev_ioapic_eoi(c->ioapic, 0, 0x31, true);
	chips_ioapic_line(c, 5, true, 0, false);
	KUNIT_EXPECT_EQ(test, 10001, c->sent);
	kev_ioapic_eoi(c->ioapic, 0, 0x31, true);
	KUNIT_EXPECT_EQ(test, 10002, c->sent);
}

/* What was held back must not run on memory that is free by then. */
/* A host that stands still for 10 ms has the work of one round run before its end. */
static void ioapic_destroyed_in_a_storm(struct kunit *test)
{
	struct chips *c = chips_create(test);
	unsigned int sent;
	unsigned int i;

	chips_reg_write(test, c, LOW(5), LEVEL | 0x31);
	chips_ioapic_line(c, 5, true, 0, false);
	for (i = 1; i <= 10000; i++)
		kev_ioapic_eoi(c->ioapic, 0, 0x31, true);
	kev_ioapic_destroy(c->ioapic);
	c->ioapic = NULL;
	sent = c->sent;
	msleep(50);
	KUNIT_EXPECT_EQ(test, sent, c->sent);
}

static void ioapic_destroy_cancels_what_a_storm_held_back(struct kunit *test)
{
	unsigned int round;

	for (round = 0; round < 5; round++)
		ioapic_destroyed_in_a_storm(test);
}

/* Who waits for acks of a pin that is unmasked with its request standing. */
static const struct unmask_case {
	const char *name;
	bool resampled;
	bool acked;
	unsigned int sent;
	unsigned int notified;
	u32 irr;
} unmask_cases[] = {
	{ "nobody_waits_and_it_is_sent", false, false, 1, 0, 0x20 },
	{ "a_resampled_line_is_left_to_its_device", true, false, 0, 1, 0 },
	{ "an_ack_notifier_alone_does_not_resample", false, true, 1, 0, 0x20 },
	{ "an_ack_notifier_is_not_called_by_an_unmask", true, true, 0, 1, 0 },
};

KUNIT_ARRAY_PARAM_DESC(unmask, unmask_cases, name);

/* A build may have no irqfds, and nobody who resamples. */
static int resample_irqfd(struct kunit *test, struct chips *c,
			  const struct kvm_irqfd *args)
{
	if (!IS_ENABLED(CONFIG_KVM_EVENTFD_IRQFD))
		kunit_skip(test, "needs irqfds");
	return kev_irqfd(c->vm, args);
}

static void ioapic_unmask(struct kunit *test)
{
	const struct unmask_case *u = test->param_value;
	struct kvm_irqfd args = { .gsi = 5, .flags = KVM_IRQFD_FLAG_RESAMPLE };
	struct chips *c = chips_create(test);
	struct chips_acks *acks = NULL;

	args.fd = fake_eventfd(test, 0);
	args.resamplefd = fake_eventfd(test, 0);
	if (u->resampled)
		KUNIT_ASSERT_EQ(test, 0, resample_irqfd(test, c, &args));
	if (u->acked)
		acks = chips_count_acks(test, c, 5);

	chips_reg_write(test, c, LOW(5), MASKED | LEVEL | 0x31);
	chips_ioapic_line(c, 5, true, KEV_IRQ_SOURCE_RESAMPLE, false);
	chips_reg_write(test, c, LOW(5), LEVEL | 0x31);

	KUNIT_EXPECT_EQ(test, u->sent, c->sent);
	KUNIT_EXPECT_EQ(test, u->notified,
			fake_eventfd_count(args.resamplefd));
	KUNIT_EXPECT_EQ(test, u->irr, visible_irr(c));
	if (acks)
		KUNIT_EXPECT_EQ(test, 0, acks->count);

	/* An unmask is no ack: the line is still up. */
	chips_ioapic_line(c, 5, true, KEV_IRQ_SOURCE_USERSPACE, false);
	chips_ioapic_line(c, 5, false, KEV_IRQ_SOURCE_USERSPACE, false);
	KUNIT_EXPECT_EQ(test, 0x20, visible_irr(c));

	args.flags = KVM_IRQFD_FLAG_DEASSIGN;
	if (u->resampled)
		KUNIT_EXPECT_EQ(test, 0, resample_irqfd(test, c, &args));
}

static void ioapic_eoi_lowers_a_resampled_line_once(struct kunit *test)
{
	struct kvm_irqfd args = { .gsi = 5, .flags = KVM_IRQFD_FLAG_RESAMPLE };
	struct chips *c = chips_create(test);

	args.fd = fake_eventfd(test, 0);
	args.resamplefd = fake_eventfd(test, 0);
	KUNIT_ASSERT_EQ(test, 0, resample_irqfd(test, c, &args));
	chips_reg_write(test, c, LOW(5), LEVEL | 0x31);
	chips_ioapic_line(c, 5, true, KEV_IRQ_SOURCE_RESAMPLE, false);
	kev_ioapic_eoi(c->ioapic, 0, 0x31, true);

	KUNIT_EXPECT_EQ(test, 1, c->sent);
	KUNIT_EXPECT_EQ(test, 1, fake_eventfd_count(args.resamplefd));
	KUNIT_EXPECT_EQ(test, 0, visible_irr(c));
	KUNIT_EXPECT_EQ(test, LEVEL | 0x31, chips_reg_read(test, c, LOW(5)));

	args.flags = KVM_IRQFD_FLAG_DEASSIGN;
	KUNIT_EXPECT_EQ(test, 0, resample_irqfd(test, c, &args));
}

/* Edge or level, sent or not: the ack comes, and the lock is not held. */
static void ioapic_eoi_acks_without_its_lock(struct kunit *test)
{
	struct chips *c = chips_create(test);
	struct chips_acks *level = chips_count_acks(test, c, 5);
	struct chips_acks *edge = chips_count_acks(test, c, 6);
	struct chips_acks *other = chips_count_acks(test, c, 7);

	level->ioapic_pin = 5;
	chips_reg_write(test, c, LOW(5), LEVEL | 0x31);
	chips_reg_write(test, c, LOW(6), 0x31);
	chips_reg_write(test, c, LOW(7), LEVEL | 0x32);
	chips_ioapic_line(c, 5, true, 0, false);
	kev_ioapic_eoi(c->ioapic, 0, 0x31, true);

	KUNIT_EXPECT_EQ(test, 1, level->count);
	KUNIT_EXPECT_EQ(test, 1, edge->count);
	KUNIT_EXPECT_EQ(test, 0, other->count);
	KUNIT_EXPECT_EQ(test, 0, level->locked + edge->locked);
	/* The notifier lowered the line, so nothing was sent again. */
	KUNIT_EXPECT_EQ(test, 1, c->sent);
	KUNIT_EXPECT_EQ(test, LEVEL | 0x31, chips_reg_read(test, c, LOW(5)));
}

static void ioapic_sends_where_others_can_run(struct kunit *test)
{
	struct kvm_ioapic_state state;
	struct chips *c = chips_create(test);

	chips_reg_write(test, c, LOW(5), LEVEL | 0x31);
	chips_ioapic_line(c, 5, true, 0, false);
	kev_ioapic_eoi(c->ioapic, 0, 0x31, true);
	chips_reg_write(test, c, LOW(6), MASKED | LEVEL | 0x31);
	chips_ioapic_line(c, 6, true, 0, false);
	chips_reg_write(test, c, LOW(6), LEVEL | 0x31);
	kev_ioapic_get_state(c->ioapic, &state);
	state.redirtbl[5].bits &= ~REMOTE_IRR;
	kev_ioapic_set_state(c->ioapic, &state);

	KUNIT_EXPECT_EQ(test, 4, c->sent);
	KUNIT_EXPECT_EQ(test, 0, c->atomic);
}

/* What a CPU does that has got a message before the last one has. */
struct early_cpu {
	struct chips *chips;
	struct work_struct work;
	struct completion done;
};

static struct early_cpu *the_early_cpu;

static void quiet_and_end(struct work_struct *work)
{
	struct early_cpu *cpu = container_of(work, struct early_cpu, work);

	chips_ioapic_line(cpu->chips, 5, false, 0, false);
	kev_ioapic_eoi(cpu->chips->ioapic, 0, 0x31, true);
	complete(&cpu->done);
}

/* It cannot be over while the message is being sent, so this times out. */
static void send_slowly(struct chips *c)
{
	c->sending = NULL;
	schedule_work(&the_early_cpu->work);
	wait_for_completion_timeout(&the_early_cpu->done, HZ / 10);
}

static void ioapic_eoi_waits_for_the_end_of_a_delivery(struct kunit *test)
{
	struct chips *c = chips_create(test);
	struct early_cpu cpu = { .chips = c };

	the_early_cpu = &cpu;
	INIT_WORK_ONSTACK(&cpu.work, quiet_and_end);
	init_completion(&cpu.done);
	chips_reg_write(test, c, LOW(5), LEVEL | 0x31);
	c->sending = send_slowly;
	KUNIT_EXPECT_EQ(test, 1, chips_ioapic_line(c, 5, true, 0, false));
	flush_work(&cpu.work);
	destroy_work_on_stack(&cpu.work);

	KUNIT_EXPECT_EQ(test, 1, c->sent);
	KUNIT_EXPECT_EQ(test, LEVEL | 0x31, chips_reg_read(test, c, LOW(5)));
}

static void ioapic_state_survives_get_and_set(struct kunit *test)
{
	struct kvm_ioapic_state state;
	struct kvm_ioapic_state again;
	struct chips *c = chips_create(test);
	unsigned int pin;

	/* No value is refused, whatever its field. */
	memset(&state, 0xa5, sizeof(state));
	state.irr = 0;
	for (pin = 0; pin < KEV_IOAPIC_PINS; pin++)
		state.redirtbl[pin].bits = 0x0123456789abcdefULL * (pin + 1);
	kev_ioapic_set_state(c->ioapic, &state);
	kev_ioapic_get_state(c->ioapic, &again);
	KUNIT_EXPECT_MEMEQ(test, &state, &again, sizeof(state));
	KUNIT_EXPECT_EQ(test, 0, c->sent);
}

static void ioapic_restored_requests_are_sent(struct kunit *test)
{
	struct kvm_ioapic_state state;
	struct chips *c = chips_create(test);

	kev_ioapic_get_state(c->ioapic, &state);
	state.redirtbl[3].bits = 0x33;
	state.redirtbl[4].bits = LEVEL | 0x34;
	state.redirtbl[5].bits = LEVEL | REMOTE_IRR | 0x35;
	state.irr = 0xff000078;
	kev_ioapic_set_state(c->ioapic, &state);

	KUNIT_EXPECT_EQ(test, 2, c->sent);
	kev_ioapic_get_state(c->ioapic, &state);
	/* The edge was delivered; 6 is masked; pins past 23 are none. */
	KUNIT_EXPECT_EQ(test, 0x70, state.irr);
	KUNIT_EXPECT_EQ(test, LEVEL | REMOTE_IRR | 0x34,
			state.redirtbl[4].bits);
}

static void ioapic_restored_register_select_is_bounded(struct kunit *test)
{
	static const u32 selects[] = { 0x40, 0x80000010, U32_MAX, 0x100 };
	struct kvm_ioapic_state state;
	struct chips *c = chips_create(test);
	u32 val = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(selects); i++) {
		kev_ioapic_get_state(c->ioapic, &state);
		state.ioregsel = selects[i];
		kev_ioapic_set_state(c->ioapic, &state);
		KUNIT_EXPECT_EQ(test, 0, kev_bus_read(c->vm, KEV_BUS_MMIO,
						      KEV_IOAPIC_BASE + 0x10,
						      4, &val));
		KUNIT_EXPECT_EQ(test, U32_MAX, val);
		KUNIT_EXPECT_EQ(test, 0, kev_bus_write(c->vm, KEV_BUS_MMIO,
						       KEV_IOAPIC_BASE + 0x10,
						       4, &val));
	}
}

static void ioapic_rtc_eoi_of_a_cpu_out_of_range_is_ignored(struct kunit *test)
{
	struct chips *c = chips_create(test);

	chips_reg_write(test, c, LOW(8), 0x38);
	chips_ioapic_line(c, 8, true, 0, true);
	chips_ioapic_line(c, 8, false, 0, true);
	kev_ioapic_eoi(c->ioapic, KEV_MAX_VCPU_IDS, 0x38, false);
	kev_ioapic_eoi(c->ioapic, U32_MAX, 0x38, false);
	KUNIT_EXPECT_EQ(test, 0, chips_ioapic_line(c, 8, true, 0, true));
}

static void ioapic_rtc_count_follows_a_restored_lapic(struct kunit *test)
{
	struct chips *c = chips_create(test);
	struct kev_vcpu vcpu = {
		.machine = &c->machine,
		.id = KEV_MAX_VCPU_IDS - 1,
	};

	chips_reg_write(test, c, LOW(8), 0x38);
	c->inflight = KEV_CPU_PENDING;
	kev_ioapic_restore_rtc(c->ioapic, &vcpu);
	KUNIT_EXPECT_EQ(test, 1, chips_ioapic_line(c, 8, true, 0, true));
	chips_ioapic_line(c, 8, false, 0, true);
	kev_ioapic_eoi(c->ioapic, 0, 0x38, false);

	c->inflight = KEV_CPU_ADDRESSED | KEV_CPU_PENDING;
	kev_ioapic_restore_rtc(c->ioapic, &vcpu);
	KUNIT_EXPECT_EQ(test, 0, chips_ioapic_line(c, 8, true, 0, true));
	c->inflight = KEV_CPU_ADDRESSED;
	kev_ioapic_restore_rtc(c->ioapic, &vcpu);
	KUNIT_EXPECT_EQ(test, 1, chips_ioapic_line(c, 8, true, 0, true));
}

static void ioapic_scan_finds_what_an_eoi_matters_to(struct kunit *test)
{
	struct chips *c = chips_create(test);
	struct kev_vcpu vcpu = { .machine = &c->machine };
	DECLARE_BITMAP(vectors, 256);
	u32 seq;

	c->inflight = KEV_CPU_ADDRESSED;
	chips_reg_write(test, c, LOW(5), LEVEL | 0x31);
	chips_reg_write(test, c, LOW(6), 0x32);
	chips_reg_write(test, c, LOW(7), 0x33);
	chips_reg_write(test, c, LOW(8), 0x38);
	KUNIT_EXPECT_EQ(test, 4U, c->changed);
	seq = kev_irq_ack_seq(c->vm);
	chips_count_acks(test, c, 7);
	KUNIT_EXPECT_NE(test, seq, kev_irq_ack_seq(c->vm));

	kev_ioapic_scan(c->ioapic, &vcpu, vectors);
	KUNIT_EXPECT_TRUE(test, test_bit(0x31, vectors));
	KUNIT_EXPECT_FALSE(test, test_bit(0x32, vectors));
	KUNIT_EXPECT_TRUE(test, test_bit(0x33, vectors));
	KUNIT_EXPECT_TRUE(test, test_bit(0x38, vectors));

	c->inflight = 0;
	kev_ioapic_scan(c->ioapic, &vcpu, vectors);
	KUNIT_EXPECT_FALSE(test, test_bit(0x31, vectors));
}

static struct kunit_case ioapic_kunit_cases[] = {
	KUNIT_CASE_PARAM(ioapic_script, ioapic_gen_params),
	KUNIT_CASE(ioapic_message_is_what_the_entry_says),
	KUNIT_CASE(ioapic_line_is_up_while_any_source_holds_it),
	KUNIT_CASE_PARAM(ioapic_access_length, len_gen_params),
	KUNIT_CASE(ioapic_window_has_two_registers),
	KUNIT_CASE(ioapic_moved_window_answers_nothing),
	KUNIT_CASE(ioapic_eoi_storm_is_slowed_down),
	KUNIT_CASE(ioapic_line_that_falls_ends_the_storm_count),
	KUNIT_CASE(ioapic_destroy_cancels_what_a_storm_held_back),
	KUNIT_CASE_PARAM(ioapic_unmask, unmask_gen_params),
	KUNIT_CASE(ioapic_eoi_lowers_a_resampled_line_once),
	KUNIT_CASE(ioapic_eoi_acks_without_its_lock),
	KUNIT_CASE(ioapic_sends_where_others_can_run),
	KUNIT_CASE(ioapic_eoi_waits_for_the_end_of_a_delivery),
	KUNIT_CASE(ioapic_state_survives_get_and_set),
	KUNIT_CASE(ioapic_restored_requests_are_sent),
	KUNIT_CASE(ioapic_restored_register_select_is_bounded),
	KUNIT_CASE(ioapic_rtc_eoi_of_a_cpu_out_of_range_is_ignored),
	KUNIT_CASE(ioapic_rtc_count_follows_a_restored_lapic),
	KUNIT_CASE(ioapic_scan_finds_what_an_eoi_matters_to),
	{ }
};

static struct kunit_suite ioapic_suite = {
	.name = "kev_ioapic",
	.test_cases = ioapic_kunit_cases,
};

kunit_test_suite(ioapic_suite);
