// SPDX-License-Identifier: GPL-2.0
/* Lines: what makes one ready, who takes it, and what its end does. */
#include <linux/kvm.h>

#include <kev/node/vcpu_fd.h>

#include "lines_fixture.h"
#include "plane_fixture.h"

#define LINE	7

static int set_trigger(struct lines_machine *m, u64 first, u64 nr, u64 trigger)
{
	struct kvm_enable_cap cap = {
		.cap	= KVM_EVENTFD_CAP_LINES,
		.args	= { first, nr, trigger },
	};

	return lines_vm_ioctl(m, KVM_ENABLE_CAP, &cap);
}

/*
 * A script: letters that change LINE and that a CPU does.
 *
 *	u d	KVM_IRQ_LINE up, down
 *	r f	the same by the resampler's source: raise, fall
 *	p	an irqfd's pulse
 *	t	CPU 0 takes LINE
 *	n	CPU 0 finds nothing
 *	e	EOI
 *	x	an EOI that is refused
 */
struct script_case {
	const char *name;
	const char *script;
	bool edge;
};

static const struct script_case script_cases[] = {
	{ "a_level_is_taken", "ut" },
	{ "a_line_is_taken_once", "utn" },
	{ "a_level_that_stays_is_taken_again_after_its_end", "utnete" },
	{ "a_level_that_fell_is_not_taken_again", "utden" },
	{ "a_level_that_falls_before_it_is_taken_is_gone", "udn" },
	{ "a_level_that_falls_and_rises_while_busy_is_taken_again", "utduet" },
	{ "a_pulse_is_kept_until_it_is_taken", "pten" },
	{ "two_pulses_are_taken_once", "ppten" },
	{ "a_pulse_while_busy_is_taken_after_the_end", "ptpneten" },
	{ "a_pulse_does_not_lower_a_level", "uptet" },
	{ "a_level_that_falls_leaves_a_pulse", "updten" },
	{ "either_source_holds_the_line_up", "urdt" },
	{ "the_last_source_lowers_the_line", "urdfn" },
	{ "an_end_without_a_beginning_is_refused", "x" },
	{ "an_end_is_refused_before_the_line_is_taken", "ux" },
	{ "a_line_ends_once", "utdex" },
	{ "an_edge_is_kept_when_the_level_falls", "udten", true },
	{ "an_edge_is_taken_once_however_long_the_level_stays", "uten", true },
	{ "an_edge_needs_the_level_to_fall_before", "utuen", true },
	{ "each_rise_is_an_edge", "utdueten", true },
	{ "an_edge_while_busy_is_taken_after_the_end", "utduneten", true },
	{ "a_pulse_is_an_edge_too", "pten", true },
};

KUNIT_ARRAY_PARAM_DESC(script, script_cases, name);

static void set_source(struct lines_machine *m, unsigned int source, bool level)
{
	struct kev_irq irq = { .source = source, .level = level };

	kev_set_irq(m->vm, LINE, &irq);
}

static void run_step(struct kunit *test, struct lines_machine *m, char step)
{
	switch (step) {
	case 'u':
	case 'd':
		set_source(m, KEV_IRQ_SOURCE_USERSPACE, step == 'u');
		break;
	case 'r':
	case 'f':
		set_source(m, KEV_IRQ_SOURCE_RESAMPLE, step == 'r');
		break;
	case 'p':
		lines_pulse(m, LINE);
		break;
	case 't':
		KUNIT_EXPECT_EQ(test, LINE, lines_take(m, 0));
		break;
	case 'n':
		KUNIT_EXPECT_EQ(test, -1, lines_take(m, 0));
		break;
	case 'e':
		KUNIT_EXPECT_EQ(test, 0, kev_lines_eoi(m->cpu[0], LINE));
		break;
	case 'x':
		KUNIT_EXPECT_EQ(test, -EINVAL, kev_lines_eoi(m->cpu[0], LINE));
		break;
	}
}

static void lines_script(struct kunit *test)
{
	const struct script_case *c = test->param_value;
	struct lines_machine *m = lines_machine(test);
	const char *step;

	if (c->edge)
		KUNIT_ASSERT_EQ(test, 0,
				set_trigger(m, LINE, 1,
					    KVM_EVENTFD_TRIGGER_EDGE));
	for (step = c->script; *step && !test->status; step++)
		run_step(test, m, *step);
}

static void lines_report_what_became_of_it(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);

	KUNIT_EXPECT_EQ(test, 1, lines_set(m, LINE, true));
	KUNIT_EXPECT_EQ(test, 0, lines_set(m, LINE, true));
	KUNIT_EXPECT_EQ(test, 1, lines_set(m, LINE, false));
	KUNIT_EXPECT_EQ(test, 1, lines_pulse(m, LINE));
	KUNIT_EXPECT_EQ(test, 0, lines_pulse(m, LINE));
	KUNIT_EXPECT_EQ(test, 1, lines_set(m, KEV_LINES - 1, true));
	KUNIT_EXPECT_GT(test, 0, lines_set(m, KEV_LINES, true));
	KUNIT_EXPECT_GT(test, 0, lines_set(m, U32_MAX, true));
}

static void lines_come_in_order(struct kunit *test)
{
	static const u32 raised[] = { 900, 64, 3, 1023, 0, 65 };
	static const int taken[] = { 0, 3, 64, 65, 900, 1023, -1 };
	struct lines_machine *m = lines_machine(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(raised); i++)
		lines_set(m, raised[i], true);
	for (i = 0; i < ARRAY_SIZE(taken); i++)
		KUNIT_EXPECT_EQ(test, taken[i], lines_take(m, i % LINES_CPUS));
}

static void expect_pending(struct kunit *test, struct lines_machine *m,
			   bool want)
{
	unsigned int i;

	for (i = 0; i < LINES_CPUS; i++) {
		KUNIT_EXPECT_EQ(test, want, !!m->cpu[i]->state->pending);
		KUNIT_EXPECT_EQ(test, want,
				kev_lines_machine.has_event(m->cpu[i]));
	}
}

static void lines_tell_every_cpu(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);
	struct kev_vcpu *late;

	expect_pending(test, m, false);
	lines_set(m, LINE, true);
	lines_set(m, LINE + 1, true);
	expect_pending(test, m, true);
	late = kev_vcpu_create(m->machine, LINES_CPUS);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, late);
	KUNIT_EXPECT_TRUE(test, late->state->pending);

	KUNIT_EXPECT_EQ(test, LINE, lines_take(m, 0));
	expect_pending(test, m, true);
	KUNIT_EXPECT_EQ(test, LINE + 1, lines_take(m, 1));
	expect_pending(test, m, false);
	KUNIT_EXPECT_EQ(test, -1, lines_take(m, 0));

	KUNIT_EXPECT_EQ(test, 0, kev_lines_eoi(m->cpu[1], LINE));
	expect_pending(test, m, true);
	lines_set(m, LINE, false);
	expect_pending(test, m, false);
}

static void lines_refuse_what_they_have_not(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);

	KUNIT_EXPECT_EQ(test, -EINVAL, kev_lines_eoi(m->cpu[0], KEV_LINES));
	KUNIT_EXPECT_EQ(test, -EINVAL, kev_lines_eoi(m->cpu[0], U32_MAX));
	KUNIT_EXPECT_EQ(test, 0, set_trigger(m, 0, KEV_LINES, 1));
	KUNIT_EXPECT_EQ(test, 0, set_trigger(m, KEV_LINES - 1, 1, 0));
	KUNIT_EXPECT_EQ(test, 0, set_trigger(m, 5, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, set_trigger(m, KEV_LINES, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, set_trigger(m, 1, KEV_LINES, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, set_trigger(m, 5, ~0ULL, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, set_trigger(m, 0, 1, 2));
}

static void lines_change_their_trigger_at_once(struct kunit *test)
{
	struct lines_machine *m = lines_machine(test);

	/* A level that no edge announced is nothing to an edge line. */
	lines_set(m, LINE, true);
	set_trigger(m, LINE, 1, KVM_EVENTFD_TRIGGER_EDGE);
	KUNIT_EXPECT_EQ(test, -1, lines_take(m, 0));
	set_trigger(m, LINE, 1, KVM_EVENTFD_TRIGGER_LEVEL);
	KUNIT_EXPECT_EQ(test, LINE, lines_take(m, 0));
}

static struct kunit_case lines_cases[] = {
	KUNIT_CASE_PARAM(lines_script, script_gen_params),
	KUNIT_CASE(lines_report_what_became_of_it),
	KUNIT_CASE(lines_come_in_order),
	KUNIT_CASE(lines_tell_every_cpu),
	KUNIT_CASE(lines_refuse_what_they_have_not),
	KUNIT_CASE(lines_change_their_trigger_at_once),
	{ }
};

static struct kunit_suite lines_suite = {
	.name = "kev_lines",
	.test_cases = lines_cases,
};

kunit_test_suite(lines_suite);
