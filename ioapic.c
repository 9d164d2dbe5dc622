// SPDX-License-Identifier: GPL-2.0
/*
 * The IOAPIC: 24 pins, each with a redirection entry that says which message
 * goes to which LAPICs.
 *
 * Interrupt lines come in from irq_comm.c (kev_ioapic_set_irq()), the guest's
 * register accesses from the MMIO bus, EOIs from LAPICs by the wires of
 * x86/machine.c, all in process context.  Out go messages (struct kev_ioapic_ops)
 * and acks (kev_notify_acked_irq()).
 *
 * Words: a pin is requested while its bit is in irr, which for an edge stays
 * set until the line falls; an edge whose message was sent is delivered, and
 * user space must not see its request again.  A level entry with remote IRR
 * waits for an EOI and sends nothing.  GSI 8 is the RTC, whose interrupts
 * coalesce until every CPU that took one has ended it.
 *
 * Owns ioapic->lock, a mutex: a message may visit every LAPIC of the machine,
 * which takes long and must not keep others from the host's CPU.  Ack notifiers
 * may change lines, so the lock is dropped around them and the entry is read
 * again.
 * An EOI sends at most one message per pin and never re-enters: a line that
 * stays up comes back with the next EOI, after too many of them from a work.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <kev/machine/vcpu.h>
#include <kev/x86/ioapic.h>
#include <kev/x86/lapic.h>

/* Offsets in the MMIO window. */
#define IOREGSEL		0x00
#define IOWIN			0x10

/* Indirect registers. */
#define IOAPIC_REG_ID		0x00
#define IOAPIC_REG_VERSION	0x01
#define IOAPIC_REG_ARB		0x02
#define IOAPIC_REG_REDIR	0x10	/* two registers per pin, low first */

#define IOAPIC_VERSION		(0x11 | (KEV_IOAPIC_PINS - 1) << 16)
#define IOAPIC_ID_SHIFT		24
#define IOAPIC_ID_MASK		0xf

/* A redirection entry. */
#define RTE_VECTOR		GENMASK_ULL(7, 0)
#define RTE_MODE_SHIFT		8
#define RTE_MODE_MASK		0x7
#define RTE_LOGICAL		BIT_ULL(11)
#define RTE_DELIVERY_STATUS	BIT_ULL(12)
#define RTE_REMOTE_IRR		BIT_ULL(14)
#define RTE_LEVEL		BIT_ULL(15)
#define RTE_MASKED		BIT_ULL(16)
#define RTE_DEST_SHIFT		56
#define RTE_READ_ONLY		(RTE_DELIVERY_STATUS | RTE_REMOTE_IRR)

#define RTC_PIN			8

/*
 * A guest that ends a level interrupt without quieting its device would keep
 * this CPU in EOIs for ever.  After so many in a row the next message waits,
 * as it does on hardware, so that the guest makes some progress.
 */
#define IOAPIC_STORM_EOIS	10000
#define IOAPIC_STORM_DELAY	(HZ / 100)

/**
 * struct ioapic_rtc - RTC interrupts that were not ended yet
 * @pending:	How many CPUs have one; more coalesce while it is above 0.
 * @taken:	By which CPUs, with which vector.
 */
struct ioapic_rtc {
	int pending;
	struct kev_dest_map taken;
};

/**
 * struct kev_ioapic - The chip
 * @dev:	The register window on the MMIO bus.
 * @vm:		Owner.  Outlives it.
 * @vcpus:	The CPUs that it sends to, by id.
 * @ops:	Immutable.
 * @lock:	Protects all below.
 * @regs:	The registers in the layout of KVM_GET_IRQCHIP, where user space
 *		may set any value.
 * @delivered:	Edge pins whose message was sent since the line rose.
 * @lines:	Which sources hold each pin up.
 * @eois:	EOIs in a row that found the line still up.
 * @storm:	Sends what a storm of EOIs held back.
 * @rtc:	See &struct ioapic_rtc.
 */
struct kev_ioapic {
	struct kev_io_device dev;
	struct kev_vm *vm;
	struct xarray *vcpus;
	const struct kev_ioapic_ops *ops;
	struct mutex lock;
	struct kvm_ioapic_state regs;
	u32 delivered;
	unsigned long lines[KEV_IOAPIC_PINS];
	unsigned int eois[KEV_IOAPIC_PINS];
	struct delayed_work storm;
	struct ioapic_rtc rtc;
};

static u64 *ioapic_rte(struct kev_ioapic *ioapic, unsigned int pin)
{
	return &ioapic->regs.redirtbl[pin].bits;
}

static void rte_message(u64 rte, struct kev_lapic_irq *msg)
{
	*msg = (struct kev_lapic_irq) {
		.dest_id = rte >> RTE_DEST_SHIFT,
		.vector = rte & RTE_VECTOR,
		.delivery_mode = (rte >> RTE_MODE_SHIFT) & RTE_MODE_MASK,
		.logical = !!(rte & RTE_LOGICAL),
		.trig_level = !!(rte & RTE_LEVEL),
		.level = true,
	};
}

static bool rte_can_send(u64 rte)
{
	return !(rte & RTE_MASKED) &&
	       (rte & (RTE_LEVEL | RTE_REMOTE_IRR)) !=
	       (RTE_LEVEL | RTE_REMOTE_IRR);
}

/* Remember which CPUs took an RTC interrupt whose loss user space asked about. */
static int rtc_deliver(struct kev_ioapic *ioapic, struct kev_lapic_irq *msg)
{
	int ret;

	msg->dest_map = &ioapic->rtc.taken;
	ret = ioapic->ops->deliver(ioapic->vm, msg);
	ioapic->rtc.pending = max(ret, 0);

	return ret;
}

/*
 * Send the message of a requested pin.  @tracked: an RTC interrupt is counted
 * until its EOIs.  Returns -1 when the entry holds it back, else what the
 * delivery did.
 */
static int kev_ioapic_service(struct kev_ioapic *ioapic, unsigned int pin,
			      bool tracked)
{
	u64 *rte = ioapic_rte(ioapic, pin);
	struct kev_lapic_irq msg;
	int ret;

	lockdep_assert_held(&ioapic->lock);

	if (!rte_can_send(*rte))
		return -1;

	rte_message(*rte, &msg);
	if (!msg.trig_level)
		ioapic->delivered |= BIT(pin);

	if (unlikely(pin == RTC_PIN && tracked))
		ret = rtc_deliver(ioapic, &msg);
	else
		ret = ioapic->ops->deliver(ioapic->vm, &msg);

	/* Also without any target: KVM waits for an EOI then, too. */
	if (ret && msg.trig_level)
		*rte |= RTE_REMOTE_IRR;

	return ret;
}

/* The line of @pin, all sources together, is at @level. */
static int ioapic_set_pin(struct kev_ioapic *ioapic, unsigned int pin,
			  bool level, bool line_status)
{
	bool requested = ioapic->regs.irr & BIT(pin);

	if (!level) {
		ioapic->regs.irr &= ~BIT(pin);
		return 1;
	}

	if (pin == RTC_PIN && line_status && ioapic->rtc.pending > 0)
		return 0;

	ioapic->regs.irr |= BIT(pin);
	if (!(*ioapic_rte(ioapic, pin) & RTE_LEVEL)) {
		/* User space sees a second edge until it is delivered, too. */
		ioapic->delivered &= ~BIT(pin);
		if (requested)
			return 0;
	}

	return kev_ioapic_service(ioapic, pin, line_status);
}

/**
 * kev_ioapic_set_irq - Change what one source does to a pin
 * @ioapic:	The chip.
 * @pin:	0 to 23.
 * @irq:	Source and level.
 *
 * Context: Process context; the IOAPIC's lock is taken.
 * Return: How many LAPICs took it, 1 for a line that falls; 0 coalesced; -1
 *	   masked, no target, or no such pin.
 */
int kev_ioapic_set_irq(struct kev_ioapic *ioapic, unsigned int pin,
		       const struct kev_irq *irq)
{
	unsigned long *lines;
	int ret;

	if (pin >= KEV_IOAPIC_PINS)
		return -1;
	pin = array_index_nospec(pin, KEV_IOAPIC_PINS);

	mutex_lock(&ioapic->lock);
	lines = &ioapic->lines[pin];
	__assign_bit(irq->source, lines, irq->level);
	ret = ioapic_set_pin(ioapic, pin, *lines, irq->line_status);
	mutex_unlock(&ioapic->lock);

	return ret;
}

/* EOI */

static void rtc_eoi(struct kev_ioapic *ioapic, u32 vcpu_id, u8 vector)
{
	struct ioapic_rtc *rtc = &ioapic->rtc;

	if (vcpu_id >= KEV_MAX_VCPU_IDS)
		return;
	vcpu_id = array_index_nospec(vcpu_id, KEV_MAX_VCPU_IDS);

	if (!test_bit(vcpu_id, rtc->taken.cpus) ||
	    rtc->taken.vectors[vcpu_id] != vector)
		return;

	__clear_bit(vcpu_id, rtc->taken.cpus);
	/* Fewer may be counted than noted: a reroute can lose the count. */
	if (rtc->pending > 0)
		rtc->pending--;
}

/* A level was ended: send it again when its line is still up. */
static void ioapic_end_level(struct kev_ioapic *ioapic, unsigned int pin)
{
	u64 *rte = ioapic_rte(ioapic, pin);

	*rte &= ~RTE_REMOTE_IRR;
	if ((*rte & RTE_MASKED) || !(ioapic->regs.irr & BIT(pin))) {
		ioapic->eois[pin] = 0;
		return;
	}

	if (++ioapic->eois[pin] < IOAPIC_STORM_EOIS) {
		kev_ioapic_service(ioapic, pin, false);
		return;
	}
	ioapic->eois[pin] = 0;
	queue_delayed_work(kev_vm_workqueue(ioapic->vm), &ioapic->storm,
			   IOAPIC_STORM_DELAY);
}

static void ioapic_storm_work(struct work_struct *work)
{
	struct kev_ioapic *ioapic = container_of(to_delayed_work(work),
						 struct kev_ioapic, storm);
	unsigned long irr;
	unsigned int pin;

	mutex_lock(&ioapic->lock);
	irr = ioapic->regs.irr;
	for_each_set_bit(pin, &irr, KEV_IOAPIC_PINS)
		if (*ioapic_rte(ioapic, pin) & RTE_LEVEL)
			kev_ioapic_service(ioapic, pin, false);
	mutex_unlock(&ioapic->lock);
}

/**
 * kev_ioapic_eoi - A LAPIC ended a vector
 * @ioapic:	The chip.
 * @vcpu_id:	Whose LAPIC.
 * @vector:	Which vector.
 * @level_triggered: It was a level, and its EOI is broadcast.
 *
 * Every pin with that vector is acked.  Remote IRR goes only after the ack
 * notifiers: an assertion that they make waits in irr until then.
 *
 * Context: Process context; no LAPIC lock held: ack notifiers run.
 */
void kev_ioapic_eoi(struct kev_ioapic *ioapic, u32 vcpu_id, u8 vector,
		    bool level_triggered)
{
	unsigned int pin;

	mutex_lock(&ioapic->lock);
	rtc_eoi(ioapic, vcpu_id, vector);
	for (pin = 0; pin < KEV_IOAPIC_PINS; pin++) {
		if ((*ioapic_rte(ioapic, pin) & RTE_VECTOR) != vector)
			continue;

		mutex_unlock(&ioapic->lock);
		kev_notify_acked_irq(ioapic->vm, KVM_IRQCHIP_IOAPIC, pin);
		mutex_lock(&ioapic->lock);

		if (level_triggered)
			ioapic_end_level(ioapic, pin);
	}
	mutex_unlock(&ioapic->lock);
}

/* Registers */

static u32 ioapic_read_redir(struct kev_ioapic *ioapic, u32 reg)
{
	u32 pin = (reg - IOAPIC_REG_REDIR) / 2;
	u64 rte = ~0ULL;

	if (pin < KEV_IOAPIC_PINS) {
		pin = array_index_nospec(pin, KEV_IOAPIC_PINS);
		rte = *ioapic_rte(ioapic, pin);
	}

	return reg & 1 ? upper_32_bits(rte) : lower_32_bits(rte);
}

/* Register numbers come from the guest, or 32 bits wide from SET_IRQCHIP. */
static u32 ioapic_read_window(struct kev_ioapic *ioapic)
{
	u32 reg = ioapic->regs.ioregsel;

	switch (reg) {
	case IOAPIC_REG_ID:
	case IOAPIC_REG_ARB:
		return (ioapic->regs.id & IOAPIC_ID_MASK) << IOAPIC_ID_SHIFT;
	case IOAPIC_REG_VERSION:
		return IOAPIC_VERSION;
	default:
		return ioapic_read_redir(ioapic, reg);
	}
}

/*
 * A level entry that can send was found requested.  A guest that unmasks after
 * its EOI may have quieted the device in between: when the line is resampled,
 * forget the request and leave it to the device to raise the line again, which
 * it may do at once, so the lock is dropped.
 */
static void ioapic_resample(struct kev_ioapic *ioapic, unsigned int pin)
	__must_hold(&ioapic->lock)
{
	bool resampled;

	if (!kev_irq_has_notifier(ioapic->vm, KVM_IRQCHIP_IOAPIC, pin)) {
		kev_ioapic_service(ioapic, pin, false);
		return;
	}

	ioapic->regs.irr &= ~BIT(pin);
	mutex_unlock(&ioapic->lock);
	resampled = IS_ENABLED(CONFIG_KVM_EVENTFD_IRQFD) &&
		    kev_notify_irqfd_resampler(ioapic->vm, KVM_IRQCHIP_IOAPIC,
					       pin);
	mutex_lock(&ioapic->lock);
	if (resampled)
		return;

	/* The last device left, or only others wait for acks: just send. */
	ioapic->regs.irr |= BIT(pin);
	if (*ioapic_rte(ioapic, pin) & RTE_LEVEL)
		kev_ioapic_service(ioapic, pin, false);
}

static void ioapic_write_redir(struct kev_ioapic *ioapic, u32 reg, u32 val)
	__must_hold(&ioapic->lock)
{
	u32 pin = (reg - IOAPIC_REG_REDIR) / 2;
	u64 old;
	u64 new;

	if (pin >= KEV_IOAPIC_PINS)
		return;
	pin = array_index_nospec(pin, KEV_IOAPIC_PINS);

	old = *ioapic_rte(ioapic, pin);
	if (reg & 1)
		new = lower_32_bits(old) | (u64)val << 32;
	else
		new = (old & ~(u64)U32_MAX) | val;
	new = (new & ~RTE_READ_ONLY) | (old & RTE_READ_ONLY);
	/* Guests without an EOI register switch to edge to end a level. */
	if (!(new & RTE_LEVEL))
		new &= ~RTE_REMOTE_IRR;

	*ioapic_rte(ioapic, pin) = new;
	ioapic->ops->changed(ioapic->vm);

	if ((old & ~new & RTE_MASKED) && ioapic->ops->unmasked)
		ioapic->ops->unmasked(ioapic->vm, pin);
	if ((new & RTE_LEVEL) && (ioapic->regs.irr & BIT(pin)) &&
	    rte_can_send(new))
		ioapic_resample(ioapic, pin);
}

static void ioapic_write_window(struct kev_ioapic *ioapic, u32 val)
	__must_hold(&ioapic->lock)
{
	u32 reg = ioapic->regs.ioregsel;

	switch (reg) {
	case IOAPIC_REG_ID:
		ioapic->regs.id = (val >> IOAPIC_ID_SHIFT) & IOAPIC_ID_MASK;
		break;
	case IOAPIC_REG_VERSION:
	case IOAPIC_REG_ARB:
		break;
	default:
		ioapic_write_redir(ioapic, reg, val);
		break;
	}
}

/*
 * SET_IRQCHIP can move the base, as KVM lets it: then the window that is on
 * the bus is dead.
 */
static bool ioapic_in_range(const struct kev_ioapic *ioapic, u64 addr)
{
	u64 base = READ_ONCE(ioapic->regs.base_address);

	return addr >= base && addr - base < KEV_IOAPIC_LEN;
}

/* The one-byte register select is at the first byte only, as the window is. */
static int ioapic_read(struct kev_io_device *dev, u64 addr, unsigned int len,
		       void *val)
{
	struct kev_ioapic *ioapic = container_of(dev, struct kev_ioapic, dev);
	u32 result = 0;
	__le64 raw;

	if (!ioapic_in_range(ioapic, addr))
		return -EOPNOTSUPP;

	mutex_lock(&ioapic->lock);
	switch (addr & 0xff) {
	case IOREGSEL:
		result = ioapic->regs.ioregsel;
		break;
	case IOWIN:
		result = ioapic_read_window(ioapic);
		break;
	}
	mutex_unlock(&ioapic->lock);

	/* Odd lengths read nothing. */
	if (!is_power_of_2(len))
		result = 0;
	raw = cpu_to_le64(result);
	memcpy(val, &raw, min_t(unsigned int, len, sizeof(raw)));

	return 0;
}

static int ioapic_write(struct kev_io_device *dev, u64 addr, unsigned int len,
			const void *val)
{
	struct kev_ioapic *ioapic = container_of(dev, struct kev_ioapic, dev);
	__le32 raw = 0;
	u32 data;

	if (!ioapic_in_range(ioapic, addr))
		return -EOPNOTSUPP;
	/* Odd lengths write nothing. */
	if (!is_power_of_2(len))
		return 0;

	memcpy(&raw, val, min_t(unsigned int, len, sizeof(raw)));
	data = le32_to_cpu(raw);

	mutex_lock(&ioapic->lock);
	switch (addr & 0xff) {
	case IOREGSEL:
		ioapic->regs.ioregsel = data & 0xff;
		break;
	case IOWIN:
		ioapic_write_window(ioapic, data);
		break;
	}
	mutex_unlock(&ioapic->lock);

	return 0;
}

static const struct kev_io_device_ops ioapic_dev_ops = {
	.read = ioapic_read,
	.write = ioapic_write,
};

/* EOIs that LAPICs report */

/**
 * kev_ioapic_scan - Find the vectors whose EOI a CPU has to report
 * @ioapic:	The chip.
 * @vcpu:	The CPU.
 * @vectors:	256 bits; filled.
 *
 * Those of entries that address it, or that it has pending from before the
 * entry was changed.  The EOI of an edge matters only to ack notifiers and to
 * the RTC's count.
 *
 * Context: Process context; no LAPIC lock held, the IOAPIC's lock is taken.
 */
void kev_ioapic_scan(struct kev_ioapic *ioapic, struct kev_vcpu *vcpu,
		     unsigned long *vectors)
{
	struct kev_dest_map *taken = &ioapic->rtc.taken;
	u32 id = vcpu->id;
	struct kev_lapic_irq msg;
	unsigned int pin;

	bitmap_zero(vectors, 256);

	mutex_lock(&ioapic->lock);
	if (id < KEV_MAX_VCPU_IDS && test_bit(id, taken->cpus))
		__set_bit(taken->vectors[id], vectors);
	for (pin = 0; pin < KEV_IOAPIC_PINS; pin++) {
		rte_message(*ioapic_rte(ioapic, pin), &msg);
		if (!msg.trig_level && pin != RTC_PIN &&
		    !kev_irq_has_notifier(ioapic->vm, KVM_IRQCHIP_IOAPIC, pin))
			continue;
		if (ioapic->ops->inflight(vcpu, &msg))
			__set_bit(msg.vector, vectors);
	}
	mutex_unlock(&ioapic->lock);
}

/* State */

static void rtc_restore_one(struct kev_ioapic *ioapic, struct kev_vcpu *vcpu)
{
	struct ioapic_rtc *rtc = &ioapic->rtc;
	struct kev_lapic_irq msg;
	unsigned int inflight;
	bool pending;

	if (WARN_ON_ONCE(vcpu->id >= KEV_MAX_VCPU_IDS))
		return;

	rte_message(*ioapic_rte(ioapic, RTC_PIN), &msg);
	inflight = ioapic->ops->inflight(vcpu, &msg);
	if (!(inflight & KEV_CPU_ADDRESSED))
		return;

	pending = inflight & KEV_CPU_PENDING;
	if (pending == test_bit(vcpu->id, rtc->taken.cpus))
		return;

	if (pending) {
		__set_bit(vcpu->id, rtc->taken.cpus);
		rtc->taken.vectors[vcpu->id] = msg.vector;
		rtc->pending++;
	} else {
		__clear_bit(vcpu->id, rtc->taken.cpus);
		rtc->pending = max(rtc->pending - 1, 0);
	}
}

static void rtc_reset(struct ioapic_rtc *rtc)
{
	rtc->pending = 0;
	bitmap_zero(rtc->taken.cpus, KEV_MAX_VCPU_IDS);
}

/**
 * kev_ioapic_restore_rtc - SET_LAPIC changed what is pending on a CPU
 * @ioapic:	The chip.
 * @vcpu:	The CPU.
 *
 * Context: Process context; no LAPIC lock held, the IOAPIC's lock is taken.
 */
void kev_ioapic_restore_rtc(struct kev_ioapic *ioapic, struct kev_vcpu *vcpu)
{
	mutex_lock(&ioapic->lock);
	rtc_restore_one(ioapic, vcpu);
	mutex_unlock(&ioapic->lock);
}

/**
 * kev_ioapic_get_state - Copy the registers
 * @ioapic:	The chip.
 * @state:	Filled; edges that were delivered are not requested there.
 *
 * Context: Process context; the IOAPIC's lock is taken.
 */
void kev_ioapic_get_state(struct kev_ioapic *ioapic,
			  struct kvm_ioapic_state *state)
{
	mutex_lock(&ioapic->lock);
	*state = ioapic->regs;
	state->irr &= ~ioapic->delivered;
	mutex_unlock(&ioapic->lock);
}

/**
 * kev_ioapic_set_state - Replace the registers, and send what was requested
 * @ioapic:	The chip.
 * @state:	Any values.
 *
 * Context: Process context; the IOAPIC's lock is taken.
 */
void kev_ioapic_set_state(struct kev_ioapic *ioapic,
			  const struct kvm_ioapic_state *state)
{
	unsigned long irr = state->irr;
	struct kev_vcpu *vcpu;
	unsigned long id;
	unsigned int pin;

	mutex_lock(&ioapic->lock);
	ioapic->regs = *state;
	ioapic->regs.irr = 0;
	ioapic->delivered = 0;
	ioapic->ops->changed(ioapic->vm);

	rtc_reset(&ioapic->rtc);
	for_each_set_bit(pin, &irr, KEV_IOAPIC_PINS)
		ioapic_set_pin(ioapic, pin, true, true);

	/* What the LAPICs have pending counts, not what was just sent. */
	rtc_reset(&ioapic->rtc);
	xa_for_each(ioapic->vcpus, id, vcpu) {
		rtc_restore_one(ioapic, vcpu);
		cond_resched();
	}
	mutex_unlock(&ioapic->lock);
}

/* Birth and end */

/**
 * kev_ioapic_create - Allocate the IOAPIC and put it on the MMIO bus
 * @vm:		Owner.
 * @vcpus:	The CPUs that it sends to, by id.
 * @ops:	How it reaches the LAPICs.
 *
 * Context: Process context.
 * Return: The chip with all pins masked, or an ERR_PTR: -ENOMEM, or what the
 *	   bus said.
 */
struct kev_ioapic *kev_ioapic_create(struct kev_vm *vm, struct xarray *vcpus,
				     const struct kev_ioapic_ops *ops)
{
	struct kev_ioapic *ioapic;
	unsigned int pin;
	int ret;

	ioapic = kvzalloc(sizeof(*ioapic), GFP_KERNEL_ACCOUNT);
	if (!ioapic)
		return ERR_PTR(-ENOMEM);

	ioapic->dev.ops = &ioapic_dev_ops;
	ioapic->vm = vm;
	ioapic->vcpus = vcpus;
	ioapic->ops = ops;
	mutex_init(&ioapic->lock);
	INIT_DELAYED_WORK(&ioapic->storm, ioapic_storm_work);
	ioapic->regs.base_address = KEV_IOAPIC_BASE;
	for (pin = 0; pin < KEV_IOAPIC_PINS; pin++)
		*ioapic_rte(ioapic, pin) = RTE_MASKED;

	ret = kev_bus_register(vm, KEV_BUS_MMIO, KEV_IOAPIC_BASE,
			       KEV_IOAPIC_LEN, &ioapic->dev);
	if (ret) {
		kvfree(ioapic);
		return ERR_PTR(ret);
	}

	return ioapic;
}

/**
 * kev_ioapic_destroy - Take the IOAPIC off the bus and free it
 * @ioapic:	The chip, or NULL.
 *
 * Context: Process context; nobody changes lines or ends interrupts any more,
 *	    and the LAPICs are still there: held-back messages may reach them
 *	    until this returns.
 */
void kev_ioapic_destroy(struct kev_ioapic *ioapic)
{
	if (!ioapic)
		return;

	kev_bus_unregister(ioapic->vm, KEV_BUS_MMIO, &ioapic->dev);
	cancel_delayed_work_sync(&ioapic->storm);
	mutex_destroy(&ioapic->lock);
	kvfree(ioapic);
}
