// SPDX-License-Identifier: GPL-2.0
/* Resamplers: who is told of an ack or an unmask, and what becomes of the line. */
#include <linux/kvm_eventfd.h>
#include <linux/xarray.h>

#include <kev/base/compat.h>
#include <kev/plane/eventfd.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/vm.h>

#include "plane_fixture.h"

#define GSI		5
#define OTHER_GSI	6
#define PIN		7	/* of the IOAPIC; GSI is wired to it */
#define MEMBERS		3
#define NOBODY		99	/* no source of a line */

/**
 * struct resampled - Irqfds with resamplefds, on two GSIs
 * @vm:		The VM.
 * @sink:	What happened to the lines.
 * @fd:		Irqfds of GSI, then of OTHER_GSI.
 * @resamplefd:	Theirs.
 */
struct resampled {
	struct kev_vm *vm;
	struct fake_sink *sink;
	int fd[2][MEMBERS];
	int resamplefd[2][MEMBERS];
};

static int resample_irqfd(struct kev_vm *vm, int fd, u32 gsi, int resamplefd)
{
	struct kvm_irqfd args = {
		.fd = fd,
		.gsi = gsi,
		.flags = KVM_IRQFD_FLAG_RESAMPLE,
		.resamplefd = resamplefd,
	};

	return kev_irqfd(vm, &args);
}

static void add_members(struct kunit *test, struct resampled *r, bool other,
			unsigned int count)
{
	u32 gsi = other ? OTHER_GSI : GSI;
	unsigned int i;

	for (i = 0; i < count; i++) {
		r->fd[other][i] = fake_eventfd(test, 0);
		r->resamplefd[other][i] = fake_eventfd(test, 0);
		KUNIT_ASSERT_EQ(test, 0,
				resample_irqfd(r->vm, r->fd[other][i], gsi,
					       r->resamplefd[other][i]));
	}
}

static struct resampled *resampled(struct kunit *test, unsigned int here,
				   unsigned int other)
{
	struct kvm_irq_routing_entry entries[] = {
		fake_pin(GSI, FAKE_CHIP, PIN),
		fake_msi(OTHER_GSI, 1),
	};
	struct resampled *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->vm = fake_vm(test, &r->sink);
	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(r->vm, entries,
							    ARRAY_SIZE(entries)));
	add_members(test, r, false, here);
	add_members(test, r, true, other);
	r->sink->source = NOBODY;

	return r;
}

static void leave(struct resampled *r, unsigned int i)
{
	fake_irqfd(r->vm, r->fd[0][i], GSI, KVM_IRQFD_FLAG_DEASSIGN);
}

/* How many of the resamplefds of a GSI were signalled once; others fail. */
static unsigned int told(struct kunit *test, struct resampled *r, bool other,
			 unsigned int count)
{
	unsigned int i, n = 0;
	u64 signals;

	for (i = 0; i < count; i++) {
		signals = fake_eventfd_count(r->resamplefd[other][i]);
		KUNIT_EXPECT_LE(test, signals, 1ULL);
		n += signals;
	}

	return n;
}

/* Acks */

static const struct ack_case {
	const char *name;
	unsigned int here;
	unsigned int other;
	u32 acked;
	unsigned int told_here;
	unsigned int told_other;
	int lowered;
} ack_cases[] = {
	{ "one_is_told", 1, 0, GSI, 1, 0, 1 },
	{ "all_of_a_line_are_told_and_it_falls_once", 3, 0, GSI, 3, 0, 1 },
	{ "another_line_is_not_concerned", 2, 3, GSI, 2, 0, 1 },
	{ "each_line_has_its_own", 2, 3, OTHER_GSI, 0, 3, 1 },
	{ "nobody_on_the_acked_line", 2, 0, OTHER_GSI, 0, 0, 0 },
	{ "nobody_at_all", 0, 0, GSI, 0, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(ack, ack_cases, name);

static void resampler_acks(struct kunit *test)
{
	const struct ack_case *c = test->param_value;
	struct resampled *r = resampled(test, c->here, c->other);

	kev_notify_acked_gsi(r->vm, c->acked);
	KUNIT_EXPECT_EQ(test, c->lowered, atomic_read(&r->sink->deasserted));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->sink->asserted));
	KUNIT_EXPECT_EQ(test, c->told_here, told(test, r, false, c->here));
	KUNIT_EXPECT_EQ(test, c->told_other, told(test, r, true, c->other));
}

static void resampler_lowers_its_own_source(struct kunit *test)
{
	struct resampled *r = resampled(test, 1, 0);

	kev_notify_acked_gsi(r->vm, GSI);
	KUNIT_EXPECT_EQ(test, (unsigned int)KEV_IRQ_SOURCE_RESAMPLE,
			r->sink->source);
}

/* A device that raises its line again at once must not be undone. */
static void resampler_lowers_before_it_tells(struct kunit *test)
{
	struct resampled *r = resampled(test, 1, 0);

	r->sink->watch = r->resamplefd[0][0];
	kev_notify_acked_gsi(r->vm, GSI);
	r->sink->watch = -1;
	KUNIT_EXPECT_EQ(test, 0ULL, r->sink->watched);
	KUNIT_EXPECT_EQ(test, 1U, told(test, r, false, 1));
}

/* A resamplefd may be another irqfd's eventfd. */
static void resampler_signals_a_chained_irqfd(struct kunit *test)
{
	struct resampled *r = resampled(test, 0, 0);
	int fd = fake_eventfd(test, 0);
	int chained = fake_eventfd(test, 0);
	int i;

	KUNIT_ASSERT_EQ(test, 0, fake_irqfd(r->vm, chained, OTHER_GSI, 0));
	KUNIT_ASSERT_EQ(test, 0, resample_irqfd(r->vm, fd, GSI, chained));
	for (i = 1; i <= 3; i++) {
		kev_notify_acked_gsi(r->vm, GSI);
		KUNIT_EXPECT_EQ(test, i, atomic_read(&r->sink->atomic));
	}
}

/* Leaving */

static void resampler_line_falls_behind_the_last(struct kunit *test)
{
	struct resampled *r;
	unsigned int n, i;

	for (n = 1; n <= MEMBERS; n++) {
		r = resampled(test, n, 1);
		for (i = 0; i < n; i++) {
			leave(r, i);
			KUNIT_EXPECT_EQ(test, i + 1 == n,
					atomic_read(&r->sink->deasserted));
		}
		KUNIT_EXPECT_EQ(test, (unsigned int)KEV_IRQ_SOURCE_RESAMPLE,
				r->sink->source);
		KUNIT_EXPECT_NULL(test, xa_load(&r->vm->irqfds.resamplers, GSI));
		KUNIT_EXPECT_NOT_NULL(test, xa_load(&r->vm->irqfds.resamplers,
						    OTHER_GSI));
	}
}

static void resampler_forgets_who_left(struct kunit *test)
{
	struct resampled *r = resampled(test, 2, 0);

	leave(r, 0);
	kev_notify_acked_gsi(r->vm, GSI);
	KUNIT_EXPECT_EQ(test, 0ULL, fake_eventfd_count(r->resamplefd[0][0]));
	KUNIT_EXPECT_EQ(test, 1ULL, fake_eventfd_count(r->resamplefd[0][1]));

	leave(r, 1);
	kev_notify_acked_gsi(r->vm, GSI);
	KUNIT_EXPECT_EQ(test, 0ULL, fake_eventfd_count(r->resamplefd[0][1]));
}

static void resampler_comes_back(struct kunit *test)
{
	struct resampled *r = resampled(test, 1, 0);

	leave(r, 0);
	KUNIT_ASSERT_EQ(test, 0, resample_irqfd(r->vm, r->fd[0][0], GSI,
						r->resamplefd[0][0]));
	kev_notify_acked_gsi(r->vm, GSI);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&r->sink->deasserted));
	KUNIT_EXPECT_EQ(test, 1U, told(test, r, false, 1));
}

/* Unmasks */

static const struct pin_case {
	const char *name;
	unsigned int members;
	u32 chip;
	u32 pin;
	bool resampled;
} pin_cases[] = {
	{ "one_is_told", 1, FAKE_CHIP, PIN, true },
	{ "all_of_a_line_are_told", 3, FAKE_CHIP, PIN, true },
	{ "another_pin", 2, FAKE_CHIP, GSI, false },
	{ "another_chip", 2, FAKE_OTHER_CHIP, PIN, false },
	{ "nobody_at_all", 0, FAKE_CHIP, PIN, false },
};

KUNIT_ARRAY_PARAM_DESC(pin, pin_cases, name);

static void resampler_unmask(struct kunit *test)
{
	const struct pin_case *c = test->param_value;
	struct resampled *r = resampled(test, c->members, 0);

	KUNIT_EXPECT_EQ(test, c->resampled,
			kev_notify_irqfd_resampler(r->vm, c->chip, c->pin));
	KUNIT_EXPECT_EQ(test, c->resampled ? c->members : 0,
			told(test, r, false, c->members));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->sink->deasserted));
}

static struct kunit_case resampler_cases[] = {
	KUNIT_CASE_PARAM(resampler_acks, ack_gen_params),
	KUNIT_CASE(resampler_lowers_its_own_source),
	KUNIT_CASE(resampler_lowers_before_it_tells),
	KUNIT_CASE(resampler_signals_a_chained_irqfd),
	KUNIT_CASE(resampler_line_falls_behind_the_last),
	KUNIT_CASE(resampler_forgets_who_left),
	KUNIT_CASE(resampler_comes_back),
	KUNIT_CASE_PARAM(resampler_unmask, pin_gen_params),
	{}
};

static struct kunit_suite resampler_suite = {
	.name = "kev_resampler",
	.test_cases = resampler_cases,
};

kunit_test_suite(resampler_suite);
