// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC's timer, one-shot, periodic and by TSC deadline.
 *
 * The timers of a machine are in one queue, and one host timer is armed for the
 * first of them.  However many expire at once, its callback looks at some and
 * comes back for the rest: all of them in one interrupt would keep a CPU for
 * milliseconds.
 *
 * lapic_regs.c calls in, with the LAPIC's lock held, when a register of the
 * timer is written; the host timer's callback takes that lock to deliver LVTT.
 * A tick of the bus is a nanosecond, as KVM's.  The guest's TSC is the host's.
 *
 * The deadline in struct kev_lapic_timer is the truth, and the host timer only
 * a reminder: one that comes late, or was to be cancelled while it ran, finds
 * no deadline that has passed and does nothing.  So nobody waits for it with
 * the lock held.
 *
 * A periodic timer that has expired is parked: no host timer is armed for the
 * next expiry, and the deadline stays.  While its interrupt is requested another
 * expiry would change nothing, for IRR has one bit of it; nor would one while
 * LVTT is masked.  So the timer goes on only when the CPU takes something or a
 * register is written, and then at the next boundary of its period: the guest
 * sees what it would have seen.  A CPU that takes nothing, or that nobody drives
 * any more, costs the host nothing, and each interrupt taken one expiry.
 */
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>

#include <asm/apicdef.h>
#include <asm/tsc.h>

#include <kev/base/compat.h>
#include <kev/x86/lapic_internal.h>
#include <kev/x86/machine.h>

/* A guest gets no more interrupts of a period than this allows, as by KVM. */
#define MIN_PERIOD_NS	(200 * NSEC_PER_USEC)

/* A later deadline is reached in steps. */
#define MAX_SLEEP_MS	(24ULL * 3600 * MSEC_PER_SEC)

#define LVTT_MODE_SHIFT	17

/* Expiries in one interrupt of the host, and the pause before the next one. */
#define EXPIRE_AT_ONCE	128
#define EXPIRE_PAUSE_NS	(100 * NSEC_PER_USEC)

/*
 * The pause where all that were due are done.  Timers that follow each other closer
 * would keep the host in one interrupt, and the kernel says so in its log.
 */
#define EXPIRE_GAP_NS	(10 * NSEC_PER_USEC)

static u32 divisor(const struct kev_lapic *apic)
{
	u32 tdcr = kev_lapic_reg(apic, APIC_TDCR);
	u32 shift = ((tdcr & 3) | (tdcr & 8) >> 1) + 1;

	return 1 << (shift & 7);
}

static u64 ticks_to_ns(const struct kev_lapic *apic, u32 ticks)
{
	return (u64)ticks * divisor(apic);
}

static bool is_periodic(const struct kev_lapic *apic)
{
	return apic->timer.mode == KEV_TIMER_PERIODIC;
}

static void load_period(struct kev_lapic *apic)
{
	u64 period = ticks_to_ns(apic, kev_lapic_reg(apic, APIC_TMICT));

	if (period && is_periodic(apic))
		period = max_t(u64, period, MIN_PERIOD_NS);
	apic->timer.period = period;
}

static bool is_queued(const struct timerqueue_node *node)
{
	return !RB_EMPTY_NODE(&node->node);
}

static void dequeue(struct kev_lapic_timers *timers, struct kev_lapic *apic)
{
	lockdep_assert_held(&timers->lock);

	if (is_queued(&apic->timer.node))
		timerqueue_del(&timers->queue, &apic->timer.node);
}

static void arm(struct kev_lapic *apic, ktime_t deadline)
{
	struct kev_lapic_timers *timers = &apic->x86->timers;

	lockdep_assert_held(&apic->lock);

	apic->timer.parked = false;
	apic->timer.deadline = deadline;

	spin_lock(&timers->lock);
	dequeue(timers, apic);
	apic->timer.node.expires = deadline;
	if (timerqueue_add(&timers->queue, &apic->timer.node))
		hrtimer_start(&timers->hrtimer, deadline, HRTIMER_MODE_ABS);
	spin_unlock(&timers->lock);
}

static void cancel(struct kev_lapic *apic)
{
	struct kev_lapic_timers *timers = &apic->x86->timers;
	unsigned long flags;

	/* A LAPIC that is being created has no lock held. */
	spin_lock_irqsave(&timers->lock, flags);
	dequeue(timers, apic);
	spin_unlock_irqrestore(&timers->lock, flags);

	apic->timer.parked = false;
	apic->timer.deadline = 0;
	apic->timer.period = 0;
}

/* False when the deadline has passed, or cannot be known. */
static bool arm_tsc(struct kev_lapic *apic)
{
	u64 now = rdtsc(), ms, ns;
	u32 rest;

	if (!tsc_khz || apic->timer.tsc_deadline <= now)
		return false;

	ms = div_u64_rem(apic->timer.tsc_deadline - now, tsc_khz, &rest);
	ms = min_t(u64, ms, MAX_SLEEP_MS);
	ns = div_u64((u64)rest * NSEC_PER_MSEC, tsc_khz);
	arm(apic, ktime_add_ns(ktime_get(), ms * NSEC_PER_MSEC + ns + 1));

	return true;
}

static void start_tsc(struct kev_lapic *apic)
{
	cancel(apic);
	if (!apic->timer.tsc_deadline || arm_tsc(apic))
		return;

	apic->timer.tsc_deadline = 0;
	kev_lapic_deliver_lvt(apic, APIC_LVTT);
}

/* The deadline, or for a periodic timer that has passed it the next boundary. */
static ktime_t next_boundary(const struct kev_lapic *apic, ktime_t now)
{
	const struct kev_lapic_timer *timer = &apic->timer;
	u64 periods;

	if (!timer->period || ktime_after(timer->deadline, now) ||
	    !(timer->parked || is_periodic(apic)))
		return timer->deadline;

	periods = div64_u64(ktime_to_ns(ktime_sub(now, timer->deadline)),
			    timer->period) + 1;

	return ktime_add_ns(timer->deadline, periods * timer->period);
}

static u64 remaining_ns(const struct kev_lapic *apic)
{
	ktime_t now = ktime_get();
	s64 ns = ktime_to_ns(ktime_sub(next_boundary(apic, now), now));

	return max_t(s64, ns, 0);
}

static void expire(struct kev_lapic *apic)
{
	struct kev_lapic_timer *timer = &apic->timer;

	if (timer->mode == KEV_TIMER_TSC_DEADLINE) {
		start_tsc(apic);
		return;
	}
	kev_lapic_deliver_lvt(apic, APIC_LVTT);

	if (is_periodic(apic))
		timer->parked = true;
	else
		timer->deadline = 0;
}

/* Would an expiry change nothing now? */
static bool expiry_is_idle(const struct kev_lapic *apic)
{
	u32 lvtt = kev_lapic_reg(apic, APIC_LVTT);

	if (lvtt & APIC_LVT_MASKED || !kev_lapic_mode_present(apic->mode))
		return true;
	/* Loaded by user space; a guest's timer is always a fixed interrupt. */
	if (GET_APIC_DELIVERY_MODE(lvtt) > KEV_DM_LOWEST)
		return false;

	return !apic->enabled ||
	       test_bit(lvtt & APIC_VECTOR_MASK,
			kev_lapic_vectors(apic, APIC_IRR));
}

/**
 * kev_lapic_timer_resume - Go on with a timer that was parked
 * @apic:	The LAPIC, whose CPU took something or whose registers changed.
 *
 * It stays parked where the next expiry would change nothing.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_timer_resume(struct kev_lapic *apic)
{
	lockdep_assert_held(&apic->lock);

	if (!apic->timer.parked || (is_periodic(apic) && expiry_is_idle(apic)))
		return;

	arm(apic, next_boundary(apic, ktime_get()));
}

/* What was queued is a reminder: the deadline may be another by now, or none. */
static void expire_due(struct kev_lapic *apic, ktime_t now)
{
	unsigned long flags;

	spin_lock_irqsave(&apic->lock, flags);
	if (apic->timer.deadline && !apic->timer.parked &&
	    !ktime_after(apic->timer.deadline, now))
		expire(apic);
	spin_unlock_irqrestore(&apic->lock, flags);
}

static struct kev_lapic *take_due(struct kev_lapic_timers *timers, ktime_t now)
{
	struct timerqueue_node *node;
	struct kev_lapic *apic = NULL;
	unsigned long flags;

	spin_lock_irqsave(&timers->lock, flags);
	node = timerqueue_getnext(&timers->queue);
	if (node && !ktime_after(node->expires, now)) {
		apic = container_of(node, struct kev_lapic, timer.node);
		dequeue(timers, apic);
	}
	spin_unlock_irqrestore(&timers->lock, flags);

	return apic;
}

/* Arm the host timer for the first that is queued, but not before @earliest. */
static void remind(struct kev_lapic_timers *timers, ktime_t earliest)
{
	struct timerqueue_node *node;
	unsigned long flags;

	spin_lock_irqsave(&timers->lock, flags);
	node = timerqueue_getnext(&timers->queue);
	if (node)
		hrtimer_start(&timers->hrtimer, max(node->expires, earliest),
			      HRTIMER_MODE_ABS);
	spin_unlock_irqrestore(&timers->lock, flags);
}

static enum hrtimer_restart timers_fn(struct hrtimer *hrtimer)
{
	struct kev_lapic_timers *timers = container_of(hrtimer,
						       struct kev_lapic_timers,
						       hrtimer);
	ktime_t now = ktime_get();
	struct kev_lapic *apic;
	unsigned int n;

	for (n = 0; n < EXPIRE_AT_ONCE; n++) {
		apic = take_due(timers, now);
		if (!apic)
			break;
		expire_due(apic, now);
	}
	remind(timers, ktime_add_ns(ktime_get(), n < EXPIRE_AT_ONCE ?
					   EXPIRE_GAP_NS : EXPIRE_PAUSE_NS));

	return HRTIMER_NORESTART;
}

/**
 * kev_lapic_timers_init - Set up the timers of a machine without LAPICs
 * @x86:	The machine.
 */
void kev_lapic_timers_init(struct kev_x86 *x86)
{
	spin_lock_init(&x86->timers.lock);
	timerqueue_init_head(&x86->timers.queue);
	kev_hrtimer_setup(&x86->timers.hrtimer, timers_fn, CLOCK_MONOTONIC,
			  HRTIMER_MODE_ABS);
}

/**
 * kev_lapic_timer_init - Set a timer up that does not run
 * @apic:	The LAPIC.
 */
void kev_lapic_timer_init(struct kev_lapic *apic)
{
	timerqueue_init(&apic->timer.node);
}

/**
 * kev_lapic_timer_destroy - Let the callback look at it no more
 * @apic:	The LAPIC, which no register access reaches any more.
 *
 * Context: Process context; the LAPIC's lock is not held.
 */
void kev_lapic_timer_destroy(struct kev_lapic *apic)
{
	struct kev_lapic_timers *timers = &apic->x86->timers;
	unsigned long flags;

	spin_lock_irqsave(&apic->lock, flags);
	kev_lapic_timer_stop(apic);
	spin_unlock_irqrestore(&apic->lock, flags);

	/* The callback may have taken it from the queue before. */
	hrtimer_cancel(&timers->hrtimer);
	remind(timers, 0);
}

/**
 * kev_lapic_timer_stop - Stop, as a reset does
 * @apic:	The LAPIC.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_timer_stop(struct kev_lapic *apic)
{
	cancel(apic);
	apic->timer.tsc_deadline = 0;
	apic->timer.mode = KEV_TIMER_ONESHOT;
}

/**
 * kev_lapic_timer_start - The initial count was written: count down from it
 * @apic:	The LAPIC; 0 in TMICT stops.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_timer_start(struct kev_lapic *apic)
{
	cancel(apic);
	if (apic->timer.mode > KEV_TIMER_PERIODIC)
		return;
	load_period(apic);
	if (apic->timer.period)
		arm(apic, ktime_add_ns(ktime_get(), apic->timer.period));
}

/**
 * kev_lapic_timer_load - Go on where a saved state was
 * @apic:	The LAPIC, whose registers were loaded.
 * @count:	The current count that was saved.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_timer_load(struct kev_lapic *apic, u32 count)
{
	u64 ns = ticks_to_ns(apic, count);

	cancel(apic);
	kev_lapic_timer_set_mode(apic);
	if (apic->timer.mode == KEV_TIMER_TSC_DEADLINE)
		start_tsc(apic);
	if (apic->timer.mode > KEV_TIMER_PERIODIC)
		return;
	load_period(apic);
	if (!apic->timer.period)
		return;

	/* KVM too has a one-shot that had run out expire once more. */
	if ((!ns && is_periodic(apic)) || ns > apic->timer.period)
		ns = apic->timer.period;
	arm(apic, ktime_add_ns(ktime_get(), ns));
}

/**
 * kev_lapic_timer_set_divisor - Write the divide configuration
 * @apic:	The LAPIC.
 * @tdcr:	The register.
 *
 * The count that is left stays; the time that it takes changes.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_timer_set_divisor(struct kev_lapic *apic, u32 tdcr)
{
	u64 left = remaining_ns(apic);
	u32 before = divisor(apic);
	u64 ns;

	kev_lapic_set_reg(apic, APIC_TDCR, tdcr);
	if (divisor(apic) == before || !apic->timer.period)
		return;

	load_period(apic);
	if (!apic->timer.deadline)
		return;
	ns = mul_u64_u32_div(left, divisor(apic), before);
	arm(apic, ktime_add_ns(ktime_get(), ns));
}

/**
 * kev_lapic_timer_set_mode - LVTT was written
 * @apic:	The LAPIC.  A timer that runs goes on, and becomes periodic or
 *		not when it expires; between counting and a TSC deadline it
 *		stops.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_timer_set_mode(struct kev_lapic *apic)
{
	u8 mode = (kev_lapic_reg(apic, APIC_LVTT) >> LVTT_MODE_SHIFT) & 3;
	struct kev_lapic_timer *timer = &apic->timer;

	if ((mode == KEV_TIMER_TSC_DEADLINE) !=
	    (timer->mode == KEV_TIMER_TSC_DEADLINE)) {
		cancel(apic);
		timer->tsc_deadline = 0;
		kev_lapic_set_reg(apic, APIC_TMICT, 0);
	}
	timer->mode = mode;
	if (timer->period && is_periodic(apic))
		timer->period = max_t(u64, timer->period, MIN_PERIOD_NS);
}

/**
 * kev_lapic_timer_set_deadline - The TSC deadline was written
 * @apic:	The LAPIC; in another mode the write has no effect.
 * @tsc:	When to expire: at once when that has passed; 0 stops.
 *
 * Context: Under the LAPIC's lock.
 */
void kev_lapic_timer_set_deadline(struct kev_lapic *apic, u64 tsc)
{
	if (apic->timer.mode != KEV_TIMER_TSC_DEADLINE)
		return;

	apic->timer.tsc_deadline = tsc;
	start_tsc(apic);
}

/**
 * kev_lapic_timer_count - The current count
 * @apic:	The LAPIC.
 *
 * Context: Under the LAPIC's lock.
 * Return: TMCCT.
 */
u32 kev_lapic_timer_count(const struct kev_lapic *apic)
{
	u64 ns;

	if (!apic->timer.period || !apic->timer.deadline)
		return 0;

	div64_u64_rem(remaining_ns(apic), apic->timer.period, &ns);

	return div_u64(ns, divisor(apic));
}
