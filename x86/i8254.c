// SPDX-License-Identifier: GPL-2.0
/*
 * The 8254 PIT: three counters, of which channel 0 interrupts on a host timer
 * and the others are only read.
 *
 * The guest's port accesses come from the PIO bus, state from user space.  Out
 * go interrupts (kev_set_irq(), from a work item) and, through struct
 * kev_pit_ops, the pulse that LINT0 sees.
 *
 * Words: a tick is an expiry of channel 0.  With reinjection, the next tick is
 * sent only after the guest acked the last one, and those that came in between
 * are pending; a guest that unmasks the line starts with none.  Without it,
 * each tick is sent at once.
 *
 * pit->tick_lock protects what ticks follow from.  That is the truth, and the
 * timer and the work are reminders: one that comes late finds nothing to do, and
 * expiries that nobody was reminded of are computed.  So no timer is armed while
 * nothing can be sent, and ticks that cannot be sent yet are not lost.
 *
 * pit->lock protects the registers, and is taken in irq_srcu by port accesses:
 * nothing may wait for a grace period under it.  pit->reinject_lock is for that.
 * The timer's callback, the work and the ack notifier take neither.
 */
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <kev/base/compat.h>
#include <kev/x86/i8254.h>

#define PIT_PORT		0x40
#define PIT_PORTS		4
#define PIT_CONTROL		3	/* the port after the channels' */
#define SPEAKER_PORT		0x61
#define SPEAKER_PORTS		4	/* only accesses at the first are taken */

#define PIT_HZ			1193181
#define PIT_MAX_COUNT		0x10000	/* what a count of 0 stands for */

/* A guest gets no more interrupts of a period than this allows, as by KVM. */
#define MIN_PERIOD_NS		(200 * NSEC_PER_USEC)

/*
 * A tick can go to thousands of CPUs, and is sent on nobody's time: eight times
 * as long as it took, none follows.  What it took is bounded, for a worker that
 * others kept from running did not work.
 */
#define REST_PER_COST		8
#define MAX_COST_NS		(5 * NSEC_PER_MSEC)

/* The mode of a channel that the guest has not programmed. */
#define MODE_NONE		0xff

/* Control word. */
#define CTRL_CHANNEL_SHIFT	6
#define CTRL_READ_BACK		3	/* in place of a channel */
#define CTRL_KEEP_COUNT		0x20	/* of the read-back command */
#define CTRL_KEEP_STATUS	0x10
#define CTRL_ACCESS_SHIFT	4
#define CTRL_ACCESS_MASK	3
#define CTRL_MODE_SHIFT		1
#define CTRL_MODE_MASK		7
#define CTRL_BCD		0x01

/* Status byte. */
#define STATUS_OUT_SHIFT	7

/* Port 0x61. */
#define SPEAKER_GATE		0x01
#define SPEAKER_DATA_SHIFT	1
#define SPEAKER_REFRESH_SHIFT	4
#define SPEAKER_OUT_SHIFT	5
/* The refresh clock toggles about every 15 us. */
#define REFRESH_NS_SHIFT	14

/*
 * Which byte of a count an access is: rw_mode, read_state, write_state and
 * count_latched.  User space may set any value: others are as BYTE_LOW.
 */
enum pit_byte {
	BYTE_LOW	= 1,
	BYTE_HIGH	= 2,
	BYTE_FIRST	= 3,	/* of two: low, then high */
	BYTE_SECOND	= 4,
};

/**
 * struct kev_pit - The chip
 * @dev:	The four ports on the PIO bus.
 * @speaker:	Port 0x61, where it was asked for.
 * @vm:		Owner.  Outlives it.
 * @ops:	Immutable.
 * @lock:	Protects @channel and @flags, and serialises the loading of counts.
 * @channel:	The registers, in the layout of KVM_GET_PIT2.
 * @flags:	KVM_PIT_FLAGS_*, and what else user space set.
 * @timer:	Reminds of the next expiry of channel 0, or of @not_before.
 * @inject:	Sends a tick.
 * @tick_lock:	Protects all below but @reinject_lock and @notifier.  Irq-safe.
 * @running:	Channel 0 has an expiry to come.
 * @periodic:	More than one.
 * @base:	When its present period began.
 * @period:	Nanoseconds of the count that it was last started for, or 0.
 * @due:	Expiries that no tick was sent for; without @reinject at most one.
 * @unacked:	The last tick was not acked.
 * @not_before:	When the next tick may be sent, for what the last one cost.
 * @reinject:	Ticks wait for acks.  Changed under @reinject_lock, too.
 * @reinject_lock: Keeps @reinject and @notifier together.  Never taken with @lock.
 * @notifier:	Registered while @reinject.
 */
struct kev_pit {
	struct kev_io_device dev;
	struct kev_io_device speaker;
	struct kev_vm *vm;
	const struct kev_pit_ops *ops;

	struct mutex lock;
	struct kvm_pit_channel_state channel[KEV_PIT_CHANNELS];
	u32 flags;

	struct hrtimer timer;
	struct work_struct inject;
	spinlock_t tick_lock;	/* irq-safe */
	bool running;
	bool periodic;
	ktime_t base;
	u64 period;
	u64 due;
	bool unacked;
	ktime_t not_before;
	bool reinject;
	struct mutex reinject_lock;
	struct kev_irq_ack_notifier notifier;
};

/* Ticks */

/* Count the expiries until @now: what the timer did not remind of is not lost. */
static void pit_account(struct kev_pit *pit, ktime_t now)
{
	u64 ticks = 1;

	lockdep_assert_held(&pit->tick_lock);

	if (!pit->running ||
	    ktime_before(now, ktime_add_ns(pit->base, pit->period)))
		return;

	if (pit->periodic) {
		ticks = div64_u64(ktime_to_ns(ktime_sub(now, pit->base)),
				  pit->period);
		pit->base = ktime_add_ns(pit->base, ticks * pit->period);
	} else {
		pit->running = false;
	}
	pit->due = pit->reinject ? pit->due + ticks : 1;
}

static bool pit_waits_for_ack(const struct kev_pit *pit)
{
	return pit->reinject && pit->unacked;
}

static bool pit_can_send(const struct kev_pit *pit)
{
	return pit->due && !pit_waits_for_ack(pit);
}

/*
 * Have the next tick sent when it is due and may be.  While the last one was not
 * acked there is nothing to do before that: what expires meanwhile is counted
 * then.
 */
static void pit_go_on(struct kev_pit *pit, ktime_t now)
{
	ktime_t next;

	lockdep_assert_held(&pit->tick_lock);

	if (pit_can_send(pit))
		next = pit->not_before;
	else if (pit->running && !pit_waits_for_ack(pit))
		next = ktime_add_ns(pit->base, pit->period);
	else
		return;

	if (ktime_after(next, now))
		hrtimer_start(&pit->timer, next, HRTIMER_MODE_ABS);
	else
		queue_work(kev_vm_workqueue(pit->vm), &pit->inject);
}

static enum hrtimer_restart pit_expired(struct hrtimer *timer)
{
	struct kev_pit *pit = container_of(timer, struct kev_pit, timer);
	ktime_t now = ktime_get();
	unsigned long flags;

	spin_lock_irqsave(&pit->tick_lock, flags);
	pit_account(pit, now);
	pit_go_on(pit, now);
	spin_unlock_irqrestore(&pit->tick_lock, flags);

	return HRTIMER_NORESTART;
}

/* Is a tick to be sent now?  Then it is not due any more. */
static bool pit_take_tick(struct kev_pit *pit, ktime_t now)
{
	bool send;

	spin_lock_irq(&pit->tick_lock);
	pit_account(pit, now);
	send = pit_can_send(pit) && !ktime_before(now, pit->not_before);
	if (send) {
		pit->due = pit->reinject ? pit->due - 1 : 0;
		pit->unacked = true;
	} else {
		pit_go_on(pit, now);
	}
	spin_unlock_irq(&pit->tick_lock);

	return send;
}

/* A tick that was begun at @begin is sent. */
static void pit_spend(struct kev_pit *pit, ktime_t begin)
{
	ktime_t now = ktime_get();
	u64 cost = ktime_to_ns(ktime_sub(now, begin));

	cost = min_t(u64, cost, MAX_COST_NS);
	spin_lock_irq(&pit->tick_lock);
	pit->not_before = ktime_add_ns(now, cost * REST_PER_COST);
	pit_account(pit, now);
	pit_go_on(pit, now);
	spin_unlock_irq(&pit->tick_lock);
}

static void pit_inject(struct work_struct *work)
{
	static const struct kev_irq up = {
		.source = KEV_IRQ_SOURCE_PIT,
		.level = true,
	};
	static const struct kev_irq down = { .source = KEV_IRQ_SOURCE_PIT };
	struct kev_pit *pit = container_of(work, struct kev_pit, inject);
	ktime_t begin = ktime_get();

	if (!pit_take_tick(pit, begin))
		return;

	kev_set_irq(pit->vm, KEV_PIT_GSI, &up);
	kev_set_irq(pit->vm, KEV_PIT_GSI, &down);
	if (pit->ops->ticked)
		pit->ops->ticked(pit->vm);
	pit_spend(pit, begin);
}

static void pit_irq_acked(struct kev_irq_ack_notifier *notifier)
{
	struct kev_pit *pit = container_of(notifier, struct kev_pit, notifier);
	ktime_t now = ktime_get();
	unsigned long flags;

	spin_lock_irqsave(&pit->tick_lock, flags);
	pit_account(pit, now);
	pit->unacked = false;
	pit_go_on(pit, now);
	spin_unlock_irqrestore(&pit->tick_lock, flags);
}

/* Ticks that wait for an ack are gone; one that is about to be sent still is. */
static void pit_forget(struct kev_pit *pit, ktime_t now)
{
	pit_account(pit, now);
	pit->due = pit_can_send(pit);
	pit->unacked = false;
}

/* Ticks wait for acks from now on, or do not. */
static void pit_switch(struct kev_pit *pit, bool reinject)
{
	ktime_t now = ktime_get();

	spin_lock_irq(&pit->tick_lock);
	pit_forget(pit, now);
	pit->reinject = reinject;
	pit_go_on(pit, now);
	spin_unlock_irq(&pit->tick_lock);
}

/**
 * kev_pit_forget_ticks - The guest unmasked the line
 * @pit:	The chip.
 *
 * Context: Any; chip locks may be held.
 */
void kev_pit_forget_ticks(struct kev_pit *pit)
{
	ktime_t now = ktime_get();
	unsigned long flags;

	spin_lock_irqsave(&pit->tick_lock, flags);
	pit_forget(pit, now);
	pit_go_on(pit, now);
	spin_unlock_irqrestore(&pit->tick_lock, flags);
}

/*
 * A tick that is being sent has been when this returns, and without reinjection
 * none follows it.  The work does not take @lock.
 */
static void pit_stop(struct kev_pit *pit)
{
	spin_lock_irq(&pit->tick_lock);
	pit_account(pit, ktime_get());
	pit->running = false;
	spin_unlock_irq(&pit->tick_lock);

	flush_work(&pit->inject);

	spin_lock_irq(&pit->tick_lock);
	if (!pit->reinject)
		pit->due = 0;
	pit_go_on(pit, ktime_get());
	spin_unlock_irq(&pit->tick_lock);
}

/* With a legacy HPET, whoever emulates that has channel 0's interrupt. */
static void pit_start(struct kev_pit *pit, bool periodic)
{
	u64 ns = mul_u64_u32_div(pit->channel[0].count, NSEC_PER_SEC, PIT_HZ);
	ktime_t now;

	if (pit->flags & KVM_PIT_FLAGS_HPET_LEGACY)
		return;

	pit_stop(pit);
	kev_pit_forget_ticks(pit);

	spin_lock_irq(&pit->tick_lock);
	now = ktime_get();
	pit->periodic = periodic;
	pit->period = periodic ? max_t(u64, ns, MIN_PERIOD_NS) : ns;
	/* The first expiry comes after what was asked for. */
	pit->base = ktime_sub_ns(ktime_add_ns(now, ns), pit->period);
	pit->running = true;
	pit_go_on(pit, now);
	spin_unlock_irq(&pit->tick_lock);
}

/* Load @count, and have channel 0 run as @mode says. */
static void pit_load(struct kev_pit *pit, unsigned int i, u32 count, u8 mode)
{
	struct kvm_pit_channel_state *ch = &pit->channel[i];

	lockdep_assert_held(&pit->lock);

	ch->count = count ?: PIT_MAX_COUNT;
	if (i) {
		ch->count_load_time = ktime_to_ns(ktime_get());
		return;
	}

	switch (mode) {
	case 0:
	case 1:
	case 4:
		pit_start(pit, false);
		break;
	case 2:
	case 3:
		pit_start(pit, true);
		break;
	default:
		pit_stop(pit);
	}
}

/* Counting */

/*
 * Of channel 0, since its period began.  A one-shot counts on after it expired,
 * and so does a channel that was stopped; one that never ran does not count.
 */
static u64 pit_elapsed(struct kev_pit *pit)
{
	u64 ns = 0;

	spin_lock_irq(&pit->tick_lock);
	pit_account(pit, ktime_get());
	if (pit->period)
		ns = ktime_to_ns(ktime_sub(ktime_get(), pit->base));
	spin_unlock_irq(&pit->tick_lock);

	return ns;
}

/* PIT clocks since the count was loaded, or the period of channel 0 began. */
static u64 pit_clocks(struct kev_pit *pit, unsigned int i)
{
	u64 ns;

	if (i)
		ns = ktime_to_ns(ktime_get()) - pit->channel[i].count_load_time;
	else
		ns = pit_elapsed(pit);

	return mul_u64_u32_div(ns, PIT_HZ, NSEC_PER_SEC);
}

static u64 clocks_into_period(u64 clocks, u32 count)
{
	u64 rest;

	div64_u64_rem(clocks, count, &rest);
	return rest;
}

static u16 pit_count(struct kev_pit *pit, unsigned int i)
{
	const struct kvm_pit_channel_state *ch = &pit->channel[i];
	u64 clocks = pit_clocks(pit, i);

	switch (ch->mode) {
	case 0:
	case 1:
	case 4:
	case 5:
		return ch->count - clocks;
	case 3:
		return ch->count - clocks_into_period(2 * clocks, ch->count);
	default:
		return ch->count - clocks_into_period(clocks, ch->count);
	}
}

static bool pit_out(struct kev_pit *pit, unsigned int i)
{
	const struct kvm_pit_channel_state *ch = &pit->channel[i];
	u64 clocks = pit_clocks(pit, i);
	u32 half = (ch->count + 1) >> 1;

	switch (ch->mode) {
	case 1:
		return clocks < ch->count;
	case 2:
		return clocks && !clocks_into_period(clocks, ch->count);
	case 3:
		return clocks_into_period(clocks, ch->count) < half;
	case 4:
	case 5:
		return clocks == ch->count;
	default:
		return clocks >= ch->count;
	}
}

/* Ports of the channels */

static void pit_latch_count(struct kev_pit *pit, unsigned int i)
{
	struct kvm_pit_channel_state *ch = &pit->channel[i];

	if (ch->count_latched)
		return;
	ch->latched_count = pit_count(pit, i);
	ch->count_latched = ch->rw_mode;
}

static void pit_latch_status(struct kev_pit *pit, unsigned int i)
{
	struct kvm_pit_channel_state *ch = &pit->channel[i];

	if (ch->status_latched)
		return;
	ch->status = pit_out(pit, i) << STATUS_OUT_SHIFT |
		     ch->rw_mode << CTRL_ACCESS_SHIFT |
		     ch->mode << CTRL_MODE_SHIFT | ch->bcd;
	ch->status_latched = 1;
}

static void pit_read_back(struct kev_pit *pit, u8 val)
{
	unsigned int i;

	for (i = 0; i < KEV_PIT_CHANNELS; i++) {
		if (!(val & 2 << i))
			continue;
		if (!(val & CTRL_KEEP_COUNT))
			pit_latch_count(pit, i);
		if (!(val & CTRL_KEEP_STATUS))
			pit_latch_status(pit, i);
	}
}

static void pit_write_control(struct kev_pit *pit, u8 val)
{
	u8 access = (val >> CTRL_ACCESS_SHIFT) & CTRL_ACCESS_MASK;
	unsigned int i = val >> CTRL_CHANNEL_SHIFT;
	struct kvm_pit_channel_state *ch;

	if (i == CTRL_READ_BACK) {
		pit_read_back(pit, val);
		return;
	}
	i = array_index_nospec(i, KEV_PIT_CHANNELS);
	if (!access) {
		pit_latch_count(pit, i);
		return;
	}

	ch = &pit->channel[i];
	ch->rw_mode = access;
	ch->read_state = access;
	ch->write_state = access;
	ch->mode = (val >> CTRL_MODE_SHIFT) & CTRL_MODE_MASK;
	/* Modes 6 and 7 are 2 and 3. */
	if (ch->mode > 5)
		ch->mode -= 4;
	ch->bcd = val & CTRL_BCD;
}

static void pit_write_count(struct kev_pit *pit, unsigned int i, u8 val)
{
	struct kvm_pit_channel_state *ch = &pit->channel[i];

	switch (ch->write_state) {
	case BYTE_HIGH:
		pit_load(pit, i, val << 8, ch->mode);
		break;
	case BYTE_FIRST:
		ch->write_latch = val;
		ch->write_state = BYTE_SECOND;
		break;
	case BYTE_SECOND:
		pit_load(pit, i, ch->write_latch | val << 8, ch->mode);
		ch->write_state = BYTE_FIRST;
		break;
	default:
		pit_load(pit, i, val, ch->mode);
	}
}

static u8 pit_read_latched(struct kvm_pit_channel_state *ch)
{
	u8 byte = ch->count_latched;

	ch->count_latched = byte == BYTE_FIRST ? BYTE_HIGH : 0;

	return byte == BYTE_HIGH ? ch->latched_count >> 8 : ch->latched_count;
}

static u8 pit_read_count(struct kev_pit *pit, unsigned int i)
{
	struct kvm_pit_channel_state *ch = &pit->channel[i];
	u16 count = pit_count(pit, i);

	switch (ch->read_state) {
	case BYTE_HIGH:
		return count >> 8;
	case BYTE_FIRST:
		ch->read_state = BYTE_SECOND;
		return count;
	case BYTE_SECOND:
		ch->read_state = BYTE_FIRST;
		return count >> 8;
	default:
		return count;
	}
}

static u8 pit_read_channel(struct kev_pit *pit, unsigned int i)
{
	struct kvm_pit_channel_state *ch = &pit->channel[i];

	if (ch->status_latched) {
		ch->status_latched = 0;
		return ch->status;
	}
	if (ch->count_latched)
		return pit_read_latched(ch);
	return pit_read_count(pit, i);
}

/* A longer access is one of the first byte: the others are ignored, or 0. */
static int pit_port_write(struct kev_io_device *dev, u64 addr,
			  unsigned int len, const void *val)
{
	struct kev_pit *pit = container_of(dev, struct kev_pit, dev);
	unsigned int i = addr - PIT_PORT;
	u8 byte = *(const u8 *)val;

	if (i >= PIT_PORTS)
		return -EOPNOTSUPP;

	mutex_lock(&pit->lock);
	if (i == PIT_CONTROL)
		pit_write_control(pit, byte);
	else
		pit_write_count(pit, array_index_nospec(i, KEV_PIT_CHANNELS),
				byte);
	mutex_unlock(&pit->lock);

	return 0;
}

static int pit_port_read(struct kev_io_device *dev, u64 addr, unsigned int len,
			 void *val)
{
	struct kev_pit *pit = container_of(dev, struct kev_pit, dev);
	unsigned int i = addr - PIT_PORT;

	if (i >= PIT_PORTS)
		return -EOPNOTSUPP;

	memset(val, 0, len);
	if (i == PIT_CONTROL)
		return 0;

	mutex_lock(&pit->lock);
	*(u8 *)val = pit_read_channel(pit,
				      array_index_nospec(i, KEV_PIT_CHANNELS));
	mutex_unlock(&pit->lock);

	return 0;
}

static const struct kev_io_device_ops pit_port_ops = {
	.read	= pit_port_read,
	.write	= pit_port_write,
};

/* Port 0x61: the gate and the output of channel 2 */

/* A rising gate restarts these modes. */
static bool mode_is_triggered(u8 mode)
{
	return mode == 1 || mode == 2 || mode == 3 || mode == 5;
}

static int speaker_write(struct kev_io_device *dev, u64 addr, unsigned int len,
			 const void *val)
{
	struct kev_pit *pit = container_of(dev, struct kev_pit, speaker);
	struct kvm_pit_channel_state *ch = &pit->channel[2];
	u8 byte = *(const u8 *)val;
	u8 gate = byte & SPEAKER_GATE;

	if (addr != SPEAKER_PORT)
		return -EOPNOTSUPP;

	mutex_lock(&pit->lock);
	pit->flags &= ~KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	if (byte & BIT(SPEAKER_DATA_SHIFT))
		pit->flags |= KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	if (mode_is_triggered(ch->mode) && ch->gate < gate)
		ch->count_load_time = ktime_to_ns(ktime_get());
	ch->gate = gate;
	mutex_unlock(&pit->lock);

	return 0;
}

static int speaker_read(struct kev_io_device *dev, u64 addr, unsigned int len,
			void *val)
{
	struct kev_pit *pit = container_of(dev, struct kev_pit, speaker);
	bool refresh = ktime_to_ns(ktime_get()) >> REFRESH_NS_SHIFT & 1;
	bool data;

	if (addr != SPEAKER_PORT)
		return -EOPNOTSUPP;

	memset(val, 0, len);
	mutex_lock(&pit->lock);
	data = pit->flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	*(u8 *)val = pit->channel[2].gate | data << SPEAKER_DATA_SHIFT |
		     refresh << SPEAKER_REFRESH_SHIFT |
		     pit_out(pit, 2) << SPEAKER_OUT_SHIFT;
	mutex_unlock(&pit->lock);

	return 0;
}

static const struct kev_io_device_ops speaker_ops = {
	.read	= speaker_read,
	.write	= speaker_write,
};

/* State */

/**
 * kev_pit_get_state - Copy the registers
 * @pit:	The chip.
 * @state:	Filled.
 *
 * Context: Process context; the PIT's lock is taken.
 */
void kev_pit_get_state(struct kev_pit *pit, struct kvm_pit_state2 *state)
{
	memset(state, 0, sizeof(*state));

	mutex_lock(&pit->lock);
	memcpy(state->channels, pit->channel, sizeof(state->channels));
	state->flags = pit->flags;
	mutex_unlock(&pit->lock);
}

/**
 * kev_pit_set_state - Replace the registers, and count from the start
 * @pit:	The chip.
 * @channels:	Three; any values.
 * @flags:	Any value, or NULL to leave them.  KVM_PIT_FLAGS_HPET_LEGACY
 *		stops channel 0 when it was not set.
 *
 * Context: Process context; the PIT's lock is taken.
 */
void kev_pit_set_state(struct kev_pit *pit,
		       const struct kvm_pit_channel_state *channels,
		       const u32 *flags)
{
	u32 old;
	u8 mode;
	int i;

	mutex_lock(&pit->lock);
	old = pit->flags;
	memcpy(pit->channel, channels, sizeof(pit->channel));
	if (flags)
		pit->flags = *flags;
	mode = pit->channel[0].mode;
	if (~old & pit->flags & KVM_PIT_FLAGS_HPET_LEGACY)
		mode = MODE_NONE;
	for (i = 0; i < KEV_PIT_CHANNELS; i++)
		pit_load(pit, i, pit->channel[i].count, mode);
	mutex_unlock(&pit->lock);
}

/**
 * kev_pit_set_reinject - Switch reinjection of ticks that were not acked
 * @pit:	The chip.
 * @reinject:	On or off.
 *
 * Context: Process context; waits for a grace period of the VM's irq_srcu.
 * Return: 0 or -ENOMEM, with nothing changed.
 */
int kev_pit_set_reinject(struct kev_pit *pit, bool reinject)
{
	int ret = 0;

	mutex_lock(&pit->reinject_lock);
	if (pit->reinject == reinject)
		goto unlock;

	if (reinject)
		ret = kev_register_irq_ack_notifier(pit->vm, &pit->notifier);
	else
		kev_unregister_irq_ack_notifier(pit->vm, &pit->notifier);
	if (!ret)
		pit_switch(pit, reinject);
unlock:
	mutex_unlock(&pit->reinject_lock);

	return ret;
}

/* Birth and end */

/* Channel 0 does not run, and the gate of channel 2 is the speaker's. */
static void pit_reset(struct kev_pit *pit)
{
	unsigned int i;

	mutex_lock(&pit->lock);
	for (i = 0; i < KEV_PIT_CHANNELS; i++) {
		pit->channel[i].mode = MODE_NONE;
		pit->channel[i].gate = i != 2;
		pit_load(pit, i, 0, MODE_NONE);
	}
	mutex_unlock(&pit->lock);
}

static int pit_register(struct kev_pit *pit, bool speaker)
{
	int ret;

	ret = kev_bus_register(pit->vm, KEV_BUS_PIO, PIT_PORT, PIT_PORTS,
			       &pit->dev);
	if (ret || !speaker)
		return ret;

	ret = kev_bus_register(pit->vm, KEV_BUS_PIO, SPEAKER_PORT,
			       SPEAKER_PORTS, &pit->speaker);
	if (ret)
		kev_bus_unregister(pit->vm, KEV_BUS_PIO, &pit->dev);

	return ret;
}

/**
 * kev_pit_create - Allocate the PIT and put it on the PIO bus
 * @vm:		Owner.
 * @speaker:	With port 0x61.
 * @ops:	What else hears of a tick.
 *
 * Context: Process context.
 * Return: The chip, with reinjection on; or an ERR_PTR: -ENOMEM, or what the
 *	   bus said.
 */
struct kev_pit *kev_pit_create(struct kev_vm *vm, bool speaker,
			       const struct kev_pit_ops *ops)
{
	struct kev_pit *pit;
	int ret;

	pit = kzalloc(sizeof(*pit), GFP_KERNEL_ACCOUNT);
	if (!pit)
		return ERR_PTR(-ENOMEM);

	pit->vm = vm;
	pit->ops = ops;
	pit->dev.ops = &pit_port_ops;
	pit->speaker.ops = &speaker_ops;
	mutex_init(&pit->lock);
	mutex_init(&pit->reinject_lock);
	spin_lock_init(&pit->tick_lock);
	INIT_WORK(&pit->inject, pit_inject);
	kev_hrtimer_setup(&pit->timer, pit_expired, CLOCK_MONOTONIC,
			  HRTIMER_MODE_ABS);
	pit->notifier.gsi = KEV_PIT_GSI;
	pit->notifier.irq_acked = pit_irq_acked;
	pit_reset(pit);

	ret = kev_pit_set_reinject(pit, true);
	if (ret)
		goto free;
	ret = pit_register(pit, speaker);
	if (ret)
		goto unregister;
	return pit;

unregister:
	kev_unregister_irq_ack_notifier(vm, &pit->notifier);
free:
	kfree(pit);
	return ERR_PTR(ret);
}

/* Neither the timer nor the work finds a reason to start the other. */
static void pit_end_ticks(struct kev_pit *pit)
{
	spin_lock_irq(&pit->tick_lock);
	pit->running = false;
	pit->due = 0;
	spin_unlock_irq(&pit->tick_lock);

	hrtimer_cancel(&pit->timer);
	cancel_work_sync(&pit->inject);
}

/**
 * kev_pit_destroy - Stop the PIT, take it off the bus and free it
 * @pit:	The chip, or NULL.
 *
 * Context: Process context; nobody accesses ports or acks interrupts any more,
 *	    and the chips that it interrupts are still there.
 */
void kev_pit_destroy(struct kev_pit *pit)
{
	if (!pit)
		return;

	kev_bus_unregister(pit->vm, KEV_BUS_PIO, &pit->speaker);
	kev_bus_unregister(pit->vm, KEV_BUS_PIO, &pit->dev);
	if (pit->reinject)
		kev_unregister_irq_ack_notifier(pit->vm, &pit->notifier);
	pit_end_ticks(pit);
	mutex_destroy(&pit->lock);
	mutex_destroy(&pit->reinject_lock);
	kfree(pit);
}
