// SPDX-License-Identifier: GPL-2.0
/*
 * The PIT.  What its registers hold are scripts of port accesses; its ticks are
 * counted at a sink that GSI 0 is routed to.
 */
#include <linux/jiffies.h>
#include <linux/kvm.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <kev/plane/irqchip.h>
#include <kev/x86/i8254.h>

#include "plane_fixture.h"

#define PIT_HZ		1193181
#define PIT_PORT	0x40
#define CONTROL		3
#define SPEAKER_PORT	0x61
#define ONE_MS		1193
#define MODE_NONE	0xff

/**
 * struct pit_machine - A PIT of its own VM
 * @vm:		Where GSI 0 goes to @sink.
 * @sink:	Counts.
 * @pit:	The chip.
 * @ticked:	Calls of the PIT's op, after each delivery.
 * @burn_ms:	How long such a call works.
 */
struct pit_machine {
	struct kev_vm *vm;
	struct fake_sink *sink;
	struct kev_pit *pit;
	atomic_t ticked;
	unsigned int burn_ms;
};

/* One at a time: the op has no other way to the machine. */
static struct pit_machine *the_machine;

static void count_tick(struct kev_vm *vm)
{
	ktime_t end = ktime_add_ms(ktime_get(), the_machine->burn_ms);

	atomic_inc(&the_machine->ticked);
	/* By the clock that the PIT goes by. */
	while (ktime_before(ktime_get(), end))
		cpu_relax();
}

static const struct kev_pit_ops counting_ops = { .ticked = count_tick };

static void destroy_pit(void *data)
{
	struct pit_machine *m = data;

	kev_pit_destroy(m->pit);
}

static struct pit_machine *pit_machine(struct kunit *test)
{
	struct kvm_irq_routing_entry entry = fake_pin(0, KVM_IRQCHIP_IOAPIC, 0);
	struct pit_machine *m;

	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	the_machine = m;
	m->vm = fake_vm(test, &m->sink);
	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(m->vm, &entry, 1));
	m->pit = kev_pit_create(m->vm, true, &counting_ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m->pit);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, destroy_pit, m));
	return m;
}

static void outb(struct kunit *test, struct pit_machine *m, u16 port, u8 val)
{
	KUNIT_EXPECT_EQ(test, 0, kev_bus_write(m->vm, KEV_BUS_PIO, port, 1, &val));
}

static u8 inb(struct kunit *test, struct pit_machine *m, u16 port)
{
	u8 val = 0x5a;

	KUNIT_EXPECT_EQ(test, 0, kev_bus_read(m->vm, KEV_BUS_PIO, port, 1, &val));
	return val;
}

static void start(struct pit_machine *m, u8 mode, u32 count)
{
	struct kvm_pit_state2 state;

	kev_pit_get_state(m->pit, &state);
	state.channels[0].mode = mode;
	state.channels[0].count = count;
	kev_pit_set_state(m->pit, state.channels, &state.flags);
}

static int ticks(struct pit_machine *m)
{
	return atomic_read(&m->ticked);
}

/* False when they do not come. */
static bool wait_for_ticks(struct pit_machine *m, int wanted)
{
	unsigned long end = jiffies + 10 * HZ;

	while (ticks(m) < wanted) {
		if (time_after(jiffies, end))
			return false;
		schedule_timeout_uninterruptible(1);
	}
	return true;
}

static void ack(struct pit_machine *m)
{
	kev_notify_acked_gsi(m->vm, KEV_PIT_GSI);
}

/*
 * Longer than the chip's longest rest, 40 ms, after which a tick that waits is sent.  What
 * expires together, on a host that held the guest up, is sent by a work item.
 */
static void let_it_tick(struct pit_machine *m)
{
	schedule_timeout_uninterruptible(msecs_to_jiffies(60) + 1);
	flush_workqueue(kev_vm_workqueue(m->vm));
}

/* Registers */

enum pit_op {
	DO_STOP, DO_OUT, DO_IN, DO_COUNT, DO_MODE, DO_LATCHED, DO_STATUS,
	DO_READ_STATE, DO_WRITE_STATE, DO_LOAD
};

/**
 * struct pit_step - One step of a script
 * @op:		What happens, or which register is looked at.
 * @where:	Port from 0x40 on, or channel.
 * @val:	Value written, or wanted.
 */
struct pit_step {
	enum pit_op op;
	u8 where;
	u32 val;
};

#define OUT(port, val)		{ DO_OUT, port, val }
#define IN(port, want)		{ DO_IN, port, want }
#define COUNT_IS(ch, want)	{ DO_COUNT, ch, want }
#define MODE_IS(ch, want)	{ DO_MODE, ch, want }
#define LATCHED_IS(ch, want)	{ DO_LATCHED, ch, want }
#define STATUS_IS(ch, want)	{ DO_STATUS, ch, want }
#define READS(ch, want)		{ DO_READ_STATE, ch, want }
#define WRITES(ch, want)	{ DO_WRITE_STATE, ch, want }
/* From user space: a count that no test sees the end of. */
#define LOAD(ch, count)		{ DO_LOAD, ch, count }

static const struct pit_case {
	const char *name;
	struct pit_step step[12];
} pit_cases[] = {
	{ "new_one_is_not_programmed", {
		MODE_IS(0, MODE_NONE), COUNT_IS(0, 0x10000), LATCHED_IS(0, 0),
		READS(0, 0), WRITES(0, 0) } },
	{ "low_byte", {
		OUT(CONTROL, 0x50), OUT(1, 0x12), COUNT_IS(1, 0x12),
		MODE_IS(1, 0), OUT(1, 0), COUNT_IS(1, 0x10000) } },
	{ "high_byte", {
		OUT(CONTROL, 0x60), OUT(1, 0x12), COUNT_IS(1, 0x1200) } },
	{ "two_bytes", {
		OUT(CONTROL, 0x70), WRITES(1, 3), OUT(1, 0x34), WRITES(1, 4),
		COUNT_IS(1, 0x10000), OUT(1, 0x12), COUNT_IS(1, 0x1234),
		WRITES(1, 3) } },
	{ "unprogrammed_channel_takes_low_bytes", {
		OUT(1, 0x12), COUNT_IS(1, 0x12), OUT(1, 0x34),
		COUNT_IS(1, 0x34) } },
	{ "control_word_starts_the_bytes_over", {
		OUT(CONTROL, 0x70), OUT(1, 0x34), OUT(CONTROL, 0x70),
		OUT(1, 0x78), OUT(1, 0x56), COUNT_IS(1, 0x5678) } },
	{ "channels_are_apart", {
		OUT(CONTROL, 0x52), OUT(CONTROL, 0x94), MODE_IS(0, MODE_NONE),
		MODE_IS(1, 1), MODE_IS(2, 2), OUT(2, 7), COUNT_IS(1, 0x10000),
		COUNT_IS(2, 7) } },
	{ "modes_6_and_7_are_2_and_3", {
		OUT(CONTROL, 0x5c), MODE_IS(1, 2), OUT(CONTROL, 0x5e),
		MODE_IS(1, 3), OUT(CONTROL, 0x5a), MODE_IS(1, 5) } },
	{ "latch_lasts_for_its_bytes", {
		OUT(CONTROL, 0x70), OUT(CONTROL, 0x40), LATCHED_IS(1, 3),
		IN(1, -1), LATCHED_IS(1, 2), IN(1, -1), LATCHED_IS(1, 0) } },
	{ "latch_of_a_low_byte", {
		OUT(CONTROL, 0x50), OUT(CONTROL, 0x40), LATCHED_IS(1, 1),
		IN(1, -1), LATCHED_IS(1, 0) } },
	{ "latch_of_a_high_byte", {
		OUT(CONTROL, 0x60), LOAD(1, 0x1ffffff0), OUT(CONTROL, 0x40),
		LATCHED_IS(1, 2), IN(1, -1), LATCHED_IS(1, 0) } },
	{ "latch_of_an_unprogrammed_channel_is_none", {
		OUT(CONTROL, 0x40), LATCHED_IS(1, 0) } },
	{ "latch_leaves_the_mode", {
		OUT(CONTROL, 0x54), OUT(CONTROL, 0x40), MODE_IS(1, 2) } },
	{ "read_back_latches_a_count", {
		OUT(CONTROL, 0x70), OUT(CONTROL, 0xd4), LATCHED_IS(1, 3),
		STATUS_IS(1, 0) } },
	{ "read_back_latches_a_status", {
		OUT(CONTROL, 0x72), LOAD(1, 0x1ffffff0), OUT(CONTROL, 0xe4),
		LATCHED_IS(1, 0), STATUS_IS(1, 1), IN(1, 0xb2),
		STATUS_IS(1, 0) } },
	{ "read_back_of_no_channel", {
		OUT(CONTROL, 0x70), OUT(CONTROL, 0xc0), LATCHED_IS(1, 0),
		STATUS_IS(1, 0) } },
	{ "status_is_read_before_the_count", {
		OUT(CONTROL, 0x70), LOAD(1, 0x1ffffff0), OUT(CONTROL, 0xc4),
		LATCHED_IS(1, 3), IN(1, 0x30), LATCHED_IS(1, 3), IN(1, -1),
		LATCHED_IS(1, 2) } },
	{ "status_stays_latched", {
		OUT(CONTROL, 0x70), LOAD(1, 0x1ffffff0), OUT(CONTROL, 0xe4),
		OUT(CONTROL, 0x74), OUT(CONTROL, 0xe4), IN(1, 0x30) } },
	{ "status_has_the_bcd_bit", {
		OUT(CONTROL, 0x71), LOAD(1, 0x1ffffff0), OUT(CONTROL, 0xe4),
		IN(1, 0x31) } },
	{ "reads_alternate", {
		OUT(CONTROL, 0x70), READS(1, 3), IN(1, -1), READS(1, 4),
		IN(1, -1), READS(1, 3) } },
	{ "reads_of_one_byte_do_not", {
		OUT(CONTROL, 0x50), IN(1, -1), READS(1, 1), OUT(CONTROL, 0x60),
		IN(1, -1), READS(1, 2) } },
	{ "control_port_reads_0", { IN(CONTROL, 0) } },
};

static void pit_case_desc(const struct pit_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(pit, pit_cases, pit_case_desc);

static void load(struct pit_machine *m, unsigned int i, u32 count)
{
	struct kvm_pit_state2 state;

	kev_pit_get_state(m->pit, &state);
	state.channels[i].count = count;
	kev_pit_set_state(m->pit, state.channels, NULL);
}

static void look(struct kunit *test, struct pit_machine *m,
		 const struct pit_step *step)
{
	const struct kvm_pit_channel_state *ch;
	struct kvm_pit_state2 state;
	u32 seen = ~0;

	kev_pit_get_state(m->pit, &state);
	ch = &state.channels[step->where];
	switch (step->op) {
	case DO_COUNT:
		seen = ch->count;
		break;
	case DO_MODE:
		seen = ch->mode;
		break;
	case DO_LATCHED:
		seen = ch->count_latched;
		break;
	case DO_STATUS:
		seen = ch->status_latched;
		break;
	case DO_READ_STATE:
		seen = ch->read_state;
		break;
	case DO_WRITE_STATE:
		seen = ch->write_state;
		break;
	default:
		break;
	}
	KUNIT_EXPECT_EQ(test, step->val, seen);
}

static void pit_script(struct kunit *test)
{
	const struct pit_case *c = test->param_value;
	struct pit_machine *m = pit_machine(test);
	const struct pit_step *step;
	u8 val;

	for (step = c->step; step->op != DO_STOP; step++) {
		switch (step->op) {
		case DO_OUT:
			outb(test, m, PIT_PORT + step->where, step->val);
			break;
		case DO_IN:
			val = inb(test, m, PIT_PORT + step->where);
			if (step->val <= 0xff)
				KUNIT_EXPECT_EQ(test, step->val, val);
			break;
		case DO_LOAD:
			load(m, step->where, step->val);
			break;
		default:
			look(test, m, step);
		}
	}
}

/* A latched count is the one that the two reads give, however late they are. */
static void pit_latched_count_does_not_move(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);
	struct kvm_pit_state2 state;
	u16 seen;

	outb(test, m, PIT_PORT + CONTROL, 0x70);
	outb(test, m, PIT_PORT + CONTROL, 0x40);
	kev_pit_get_state(m->pit, &state);
	schedule_timeout_uninterruptible(1);
	outb(test, m, PIT_PORT + CONTROL, 0x40);
	seen = inb(test, m, PIT_PORT + 1);
	seen |= inb(test, m, PIT_PORT + 1) << 8;
	KUNIT_EXPECT_EQ(test, state.channels[1].latched_count, seen);
}

/* The output of each mode: before and after the count ran out. */
static const struct out_case {
	const char *name;
	u8 mode;
	bool early;
	bool late;
} out_cases[] = {
	{ "mode_0_goes_high", 0, false, true },
	{ "mode_1_goes_low", 1, true, false },
	{ "mode_3_starts_high", 3, true, true },
	{ "mode_4_is_a_pulse", 4, false, false },
	{ "mode_5_is_a_pulse", 5, false, false },
	{ "no_mode_is_as_0", MODE_NONE, false, true },
};

static void out_case_desc(const struct out_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(out, out_cases, out_case_desc);

static bool out_of_channel_2(struct kunit *test, struct pit_machine *m)
{
	return inb(test, m, SPEAKER_PORT) & 0x20;
}

static void pit_output(struct kunit *test)
{
	const struct out_case *c = test->param_value;
	struct pit_machine *m = pit_machine(test);
	struct kvm_pit_state2 state;

	kev_pit_get_state(m->pit, &state);
	state.channels[2].mode = c->mode;
	state.channels[2].count = 0x7fffffff;
	kev_pit_set_state(m->pit, state.channels, NULL);
	KUNIT_EXPECT_EQ(test, c->early, out_of_channel_2(test, m));
	/* Mode 3 is periodic: half of the time it is high. */
	if (c->mode == 3)
		return;

	state.channels[2].count = 1;
	kev_pit_set_state(m->pit, state.channels, NULL);
	schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, c->late, out_of_channel_2(test, m));
}

/* Units of 256 counts since @then, and the one that has begun. */
static u64 units_since(ktime_t then)
{
	return div_u64(ktime_to_ns(ktime_sub(ktime_get(), then)),
		       256 * NSEC_PER_SEC / PIT_HZ) + 1;
}

/*
 * A channel 0 that is stopped counts on; one that never ran does not count.  Of
 * the upper byte that is read, one is a unit.
 */
static void pit_channel_0_counts_with_its_timer(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);
	ktime_t then;
	u8 first, fell;

	outb(test, m, PIT_PORT + CONTROL, 0x20);
	first = inb(test, m, PIT_PORT);
	KUNIT_EXPECT_EQ(test, 0, first);
	then = ktime_get();
	start(m, 0, 0xffffff);
	outb(test, m, PIT_PORT + CONTROL, 0x00);
	first = inb(test, m, PIT_PORT);
	KUNIT_EXPECT_GE(test, first + units_since(then), 0xffull);
	let_it_tick(m);
	outb(test, m, PIT_PORT + CONTROL, 0x00);
	/* Down, by no more than there was time for: also where it wrapped. */
	fell = first - inb(test, m, PIT_PORT);
	KUNIT_EXPECT_GT(test, fell, 0);
	KUNIT_EXPECT_LE(test, fell, units_since(then));
}

static void pit_refuses_what_is_not_its_port(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);
	u32 val = 0;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_read(m->vm, KEV_BUS_PIO, SPEAKER_PORT + 1, 1,
				     &val));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_write(m->vm, KEV_BUS_PIO, SPEAKER_PORT + 3, 1,
				      &val));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_write(m->vm, KEV_BUS_PIO, PIT_PORT + 3, 2,
				      &val));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_read(m->vm, KEV_BUS_PIO, PIT_PORT + 4, 1,
				     &val));
}

/* Ticks */

static void pit_tick_is_a_pulse_of_its_own_source(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);

	start(m, 0, ONE_MS);
	KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, 1));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&m->sink->asserted));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&m->sink->deasserted));
	KUNIT_EXPECT_EQ(test, KEV_IRQ_SOURCE_PIT, m->sink->source);
	let_it_tick(m);
	KUNIT_EXPECT_EQ(test, 1, ticks(m));
}

static void pit_next_tick_waits_for_the_ack(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);

	start(m, 2, ONE_MS);
	KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, 1));
	let_it_tick(m);
	KUNIT_EXPECT_EQ(test, 1, ticks(m));
	ack(m);
	KUNIT_EXPECT_TRUE(test, wait_for_ticks(m, 2));
}

/* With the timer stopped, each ack brings one that was missed, to the last. */
static void pit_missed_ticks_come_with_acks(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);
	int n;

	start(m, 2, ONE_MS);
	KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, 1));
	let_it_tick(m);
	start(m, MODE_NONE, 0);
	for (n = 1; n < 10; n++) {
		ack(m);
		KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, n + 1));
	}
}

static void pit_last_ack_brings_nothing(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);

	start(m, 0, ONE_MS);
	KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, 1));
	ack(m);
	ack(m);
	let_it_tick(m);
	KUNIT_EXPECT_EQ(test, 1, ticks(m));
}

static void pit_forgotten_ticks_do_not_come(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);

	start(m, 2, ONE_MS);
	KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, 1));
	let_it_tick(m);
	start(m, MODE_NONE, 0);
	kev_pit_forget_ticks(m->pit);
	ack(m);
	let_it_tick(m);
	KUNIT_EXPECT_EQ(test, 1, ticks(m));
}

static void pit_without_reinjection_no_ack_is_needed(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);

	KUNIT_EXPECT_EQ(test, 0, kev_pit_set_reinject(m->pit, false));
	start(m, 2, ONE_MS);
	KUNIT_EXPECT_TRUE(test, wait_for_ticks(m, 5));
	KUNIT_EXPECT_FALSE(test, kev_irq_has_notifier(m->vm, KVM_IRQCHIP_IOAPIC,
						      0));
	KUNIT_EXPECT_EQ(test, 0, kev_pit_set_reinject(m->pit, true));
	KUNIT_EXPECT_TRUE(test, kev_irq_has_notifier(m->vm, KVM_IRQCHIP_IOAPIC,
						     0));
}

/*
 * A guest that asks for one every microsecond gets 5000 a second.  Ticks that it
 * does not ack are counted even when this machine is too slow to make them.
 */
static void pit_period_has_a_lower_bound(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);
	ktime_t begin = ktime_get();
	s64 most, n;

	start(m, 2, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, 1));
	let_it_tick(m);
	start(m, MODE_NONE, 0);
	most = div_s64(ktime_us_delta(ktime_get(), begin), 200) + 2;
	for (n = 0; n < most + 20; n++) {
		ack(m);
		schedule_timeout_uninterruptible(1);
	}
	KUNIT_EXPECT_LE(test, ticks(m), most);
}

/*
 * Ticks that take long leave the host eight times as long to others, whatever the
 * period; what is due meanwhile is one tick, or waits for acks.
 */
static void pit_ticks_leave_time_to_others(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);
	ktime_t begin;
	s64 ms;

	m->burn_ms = 2;
	KUNIT_EXPECT_EQ(test, 0, kev_pit_set_reinject(m->pit, false));
	begin = ktime_get();
	start(m, 2, 1);
	KUNIT_EXPECT_TRUE(test, wait_for_ticks(m, 5));
	start(m, MODE_NONE, 0);
	ms = ktime_ms_delta(ktime_get(), begin);
	KUNIT_EXPECT_GE(test, ms, (ticks(m) - 1) * 9 * 2);
}

static void pit_acks_leave_time_to_others(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);
	ktime_t begin;
	s64 ms;
	int n;

	start(m, 2, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, 1));
	let_it_tick(m);
	start(m, MODE_NONE, 0);
	m->burn_ms = 2;
	begin = ktime_get();
	for (n = 1; n < 6; n++) {
		ack(m);
		KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, n + 1));
	}
	ms = ktime_ms_delta(ktime_get(), begin);
	KUNIT_EXPECT_GE(test, ms, 4 * 9 * 2);
}

static void pit_legacy_hpet_stops_it_once(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);
	u32 flags = KVM_PIT_FLAGS_HPET_LEGACY;
	struct kvm_pit_state2 state;
	int before;

	kev_pit_set_reinject(m->pit, false);
	start(m, 2, ONE_MS);
	KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, 2));
	kev_pit_get_state(m->pit, &state);
	kev_pit_set_state(m->pit, state.channels, &flags);
	before = ticks(m);
	let_it_tick(m);
	outb(test, m, PIT_PORT + CONTROL, 0x14);
	outb(test, m, PIT_PORT, 0xff);
	let_it_tick(m);
	KUNIT_EXPECT_EQ(test, before, ticks(m));
	kev_pit_get_state(m->pit, &state);
	KUNIT_EXPECT_EQ(test, 2, state.channels[0].mode);
}

static void pit_destroy_stops_a_running_one(struct kunit *test)
{
	struct pit_machine *m = pit_machine(test);

	kev_pit_set_reinject(m->pit, false);
	start(m, 2, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_ticks(m, 3));
	/* The end of the test destroys it while it ticks. */
}

static struct kunit_case pit_kunit_cases[] = {
	KUNIT_CASE_PARAM(pit_script, pit_gen_params),
	KUNIT_CASE(pit_latched_count_does_not_move),
	KUNIT_CASE_PARAM(pit_output, out_gen_params),
	KUNIT_CASE(pit_channel_0_counts_with_its_timer),
	KUNIT_CASE(pit_refuses_what_is_not_its_port),
	KUNIT_CASE(pit_tick_is_a_pulse_of_its_own_source),
	KUNIT_CASE(pit_next_tick_waits_for_the_ack),
	KUNIT_CASE(pit_missed_ticks_come_with_acks),
	KUNIT_CASE(pit_last_ack_brings_nothing),
	KUNIT_CASE(pit_forgotten_ticks_do_not_come),
	KUNIT_CASE(pit_without_reinjection_no_ack_is_needed),
	KUNIT_CASE(pit_period_has_a_lower_bound),
	KUNIT_CASE(pit_ticks_leave_time_to_others),
	KUNIT_CASE(pit_acks_leave_time_to_others),
	KUNIT_CASE(pit_legacy_hpet_stops_it_once),
	KUNIT_CASE(pit_destroy_stops_a_running_one),
	{ }
};

static struct kunit_suite pit_suite = {
	.name = "kev_i8254",
	.test_cases = pit_kunit_cases,
};

kunit_test_suite(pit_suite);
