// SPDX-License-Identifier: GPL-2.0
/*
 * The x86 machine: which chips a VM has, the wires between them, and what an irqfd
 * and a route may be on it.
 *
 * The node calls in through kev_x86_machine, the plane through the sink's ops, and
 * each chip through the ops that it was given here: none knows of the others.
 *
 * kev_x86.mode changes once, last, under machine->lock: whoever sees it set sees
 * the chips and the default routes complete.
 */
#include <linux/kernel.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/lockdep.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <kev/base/limits.h>
#include <kev/base/quota.h>
#include <kev/x86/i8254.h>
#include <kev/x86/i8259.h>
#include <kev/x86/ioapic.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

/* What the plane asks of its sink */

/* Resampling needs a chip that sees the guest's EOIs: the IOAPIC or the PIC. */
static int x86_irqfd_allowed(void *sink, bool resample)
{
	struct kev_x86 *x86 = kev_x86(sink);

	if (resample ? kev_irqchip_full(x86) : kev_x86_has_lapics(x86))
		return 0;

	return -EINVAL;
}

static int x86_routing_allowed(void *sink)
{
	return kev_x86_has_lapics(kev_x86(sink)) ? 0 : -EINVAL;
}

static unsigned int chip_pins(u32 chip)
{
	switch (chip) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		return KEV_PIC_PINS / 2;
	case KVM_IRQCHIP_IOAPIC:
		return KEV_IOAPIC_PINS;
	default:
		return 0;
	}
}

/* The chips exist, or are about to: the default routes precede the mode. */
static int set_pin_route(struct kev_x86 *x86,
			 const struct kvm_irq_routing_entry *ue,
			 struct kev_route *route)
{
	u32 chip = ue->u.irqchip.irqchip;

	if (!IS_ENABLED(CONFIG_KVM_EVENTFD_IOAPIC) || ue->flags)
		return -EINVAL;
	if (kev_irqchip_mode(x86) == KEV_IRQCHIP_SPLIT)
		return -EINVAL;
	if (ue->u.irqchip.pin >= chip_pins(chip))
		return -EINVAL;
	chip = array_index_nospec(chip, KEV_NR_IRQCHIPS);
	if (route->chips & BIT(chip))
		return -EINVAL;

	route->type = KVM_IRQ_ROUTING_IRQCHIP;
	route->chips |= BIT(chip);
	route->pin[chip] = ue->u.irqchip.pin;

	return 0;
}

static int set_msi_route(struct kev_x86 *x86,
			 const struct kvm_irq_routing_entry *ue,
			 struct kev_route *route)
{
	int ret;

	ret = kev_route_set_msi(route, ue);
	if (ret)
		return ret;

	return kev_msi_is_valid(x86, route) ? 0 : -EINVAL;
}

static int x86_set_route(void *sink, const struct kvm_irq_routing_entry *ue,
			 struct kev_route *route)
{
	struct kev_x86 *x86 = kev_x86(sink);

	switch (ue->type) {
	case KVM_IRQ_ROUTING_IRQCHIP:
		return set_pin_route(x86, ue, route);
	case KVM_IRQ_ROUTING_MSI:
		return set_msi_route(x86, ue, route);
	default:
		return -EINVAL;
	}
}

static void x86_release(void *sink)
{
	struct kev_x86 *x86 = kev_x86(sink);

	kev_apic_map_destroy(x86);
	kfree(x86);
}

static const struct kev_sink_ops x86_sink_ops = {
	.irqfd_allowed		= x86_irqfd_allowed,
	.routing_allowed	= x86_routing_allowed,
	.set_route		= x86_set_route,
	.deliver_atomic		= kev_deliver_atomic,
	.deliver		= kev_deliver,
	.release		= x86_release,
};

/* Wires between the chips */

static struct kev_x86 *machine_of(const struct kev_vm *vm)
{
	return kev_x86(kev_vm_sink(vm));
}

static void pic_output(struct kev_vm *vm, bool raised)
{
	kev_lapics_set_intr(machine_of(vm), raised);
}

static bool pic_accepted(struct kev_vm *vm)
{
	return kev_lapics_listen_to_intr(machine_of(vm));
}

/* The bit of a pin's number that says which of the pair. */
static void pic_unmasked(struct kev_vm *vm, unsigned int pin)
{
	kev_x86_pin_unmasked(machine_of(vm), pin & 8 ? KVM_IRQCHIP_PIC_SLAVE :
						       KVM_IRQCHIP_PIC_MASTER,
			     pin & 7);
}

static const struct kev_pic_ops pic_ops = {
	.output		= pic_output,
	.accepted	= pic_accepted,
	.unmasked	= pic_unmasked,
};

static int ioapic_deliver(struct kev_vm *vm, const struct kev_lapic_irq *irq)
{
	return kev_irq_deliver(machine_of(vm), NULL, irq);
}

/* KEV_CPU_*: is a message for this CPU, or its vector still to be ended there? */
static unsigned int cpu_inflight(struct kev_vcpu *vcpu,
				 const struct kev_lapic_irq *irq)
{
	struct kev_x86 *x86 = kev_vcpu_x86(vcpu);
	struct kev_lapic *apic = vcpu->arch;
	struct kev_lapic_view view;
	unsigned int ret = 0;

	kev_lapic_get_view(apic, &view);
	if (!kev_lapic_mode_present(view.mode))
		return 0;

	if (kev_dest_matches(&view, irq, !x86->x2apic_no_quirk))
		ret |= KEV_CPU_ADDRESSED;
	if (kev_lapic_vector_inflight(apic, irq->vector))
		ret |= KEV_CPU_PENDING;

	return ret;
}

static void ioapic_unmasked(struct kev_vm *vm, unsigned int pin)
{
	kev_x86_pin_unmasked(machine_of(vm), KVM_IRQCHIP_IOAPIC, pin);
}

/* The next EOI of each CPU has to look up whether the IOAPIC wants to hear of it. */
static void rescan(struct kev_x86 *x86)
{
	atomic_inc(&x86->scan_seq);
}

static void ioapic_changed(struct kev_vm *vm)
{
	rescan(machine_of(vm));
}

static const struct kev_ioapic_ops ioapic_ops = {
	.deliver	= ioapic_deliver,
	.changed	= ioapic_changed,
	.inflight	= cpu_inflight,
	.unmasked	= ioapic_unmasked,
};

/* With the PICs in user space, their vector comes by KVM_INTERRUPT. */
static u8 lapic_inta(struct kev_x86 *x86)
{
	return kev_irqchip_full(x86) ? kev_pic_ack(x86->pic) : 0;
}

/*
 * Is an EOI that the guest calls directed kept from the IOAPIC?  For a VMM that has not
 * said what it wants, the split irqchip offers this and does not do it, and the full
 * one does it unoffered.
 */
static bool keeps_directed_eoi(struct kev_x86 *x86)
{
	switch (READ_ONCE(x86->directed_eoi)) {
	case KEV_DIRECTED_EOI_ON:
		return true;
	case KEV_DIRECTED_EOI_OFF:
		return false;
	default:
		return kev_irqchip_full(x86);
	}
}

static void lapic_eoi(struct kev_vcpu *vcpu, u8 vector, bool level, bool directed)
{
	struct kev_x86 *x86 = kev_vcpu_x86(vcpu);
	bool kept = directed && keeps_directed_eoi(x86);

	if (kev_irqchip_full(x86))
		kev_ioapic_eoi(x86->ioapic, vcpu->id, vector, level && !kept);
	else if (!kept)
		kev_lapic_queue_eoi(vcpu->arch, vector);
}

static u32 lapic_scan_seq(struct kev_x86 *x86)
{
	u32 seq = atomic_read(&x86->scan_seq);

	if (kev_irqchip_full(x86))
		return seq + kev_irq_ack_seq(x86->machine.vm);

	return seq + kev_irq_routing_seq(x86->machine.vm);
}

/* A level message of a pin that user space's IOAPIC has. */
static void scan_route(struct kev_vcpu *vcpu, const struct kev_route *route,
		       unsigned long *vectors)
{
	struct kev_lapic_irq irq;

	if (route->type != KVM_IRQ_ROUTING_MSI)
		return;
	kev_msi_decode(kev_vcpu_x86(vcpu), route, &irq);
	if (irq.trig_level && cpu_inflight(vcpu, &irq))
		__set_bit(irq.vector, vectors);
}

/*
 * With a split irqchip those are the vectors of the routes that user space reserved
 * for its IOAPIC's pins.
 */
static void lapic_scan(struct kev_vcpu *vcpu, unsigned long *vectors)
{
	struct kev_x86 *x86 = kev_vcpu_x86(vcpu);
	struct kev_route route;
	u32 gsi;

	if (kev_irqchip_full(x86)) {
		kev_ioapic_scan(x86->ioapic, vcpu, vectors);
		return;
	}
	for (gsi = 0; gsi < x86->reserved_pins; gsi++) {
		if (kev_irq_map_gsi(x86->machine.vm, gsi, &route))
			scan_route(vcpu, &route, vectors);
		cond_resched();
	}
}

static void lapic_send_ipi(struct kev_x86 *x86, struct kev_lapic *src,
			   const struct kev_lapic_irq *irq)
{
	kev_apic_map_sync(x86);
	kev_irq_deliver(x86, src, irq);
}

/**
 * kev_x86_destinations_changed - A message may find other LAPICs now
 * @x86:	The machine.
 *
 * The map follows at once: it answers what a chip sends next, and tells "nobody
 * there" from "nobody took it" as KVM does.
 *
 * Context: Process context; no LAPIC lock held.
 */
void kev_x86_destinations_changed(struct kev_x86 *x86)
{
	kev_apic_map_invalidate(x86);
	kev_apic_map_sync(x86);
	rescan(x86);
}

/* Vectors that came by the state may have to be ended, too. */
static void lapic_restored(struct kev_vcpu *vcpu, bool moved)
{
	struct kev_x86 *x86 = kev_vcpu_x86(vcpu);

	if (moved)
		kev_x86_destinations_changed(x86);
	else
		rescan(x86);
	if (kev_irqchip_full(x86))
		kev_ioapic_restore_rtc(x86->ioapic, vcpu);
}

static const struct kev_lapic_ops lapic_ops = {
	.inta		= lapic_inta,
	.eoi		= lapic_eoi,
	.scan_seq	= lapic_scan_seq,
	.scan		= lapic_scan,
	.send_ipi	= lapic_send_ipi,
	.moved		= kev_x86_destinations_changed,
	.restored	= lapic_restored,
};

/* Chips come and go */

static int set_default_routes(struct kev_x86 *x86)
{
	struct kvm_irq_routing_entry *entries;
	int ret;

	entries = kcalloc(KEV_DEFAULT_ROUTES, sizeof(*entries), GFP_KERNEL);
	if (!entries)
		return -ENOMEM;

	ret = kev_set_irq_routing_kernel(x86->machine.vm, entries,
					 kev_default_routes(entries));
	kfree(entries);

	return ret;
}

/**
 * kev_x86_create_chips - Give a machine the PICs and the IOAPIC
 * @x86:	The machine, which has neither chips nor CPUs.
 *
 * The mode changes last: whoever sees it sees the chips and the default routes.
 *
 * Context: Process context, under machine->lock.
 * Return: 0 or -ENOMEM; -EINVAL in a build without them, where nobody calls it.
 */
int kev_x86_create_chips(struct kev_x86 *x86)
{
	struct kev_vm *vm = x86->machine.vm;
	struct kev_ioapic *ioapic;
	struct kev_pic *pic;
	int ret;

	lockdep_assert_held(&x86->machine.lock);

	if (!IS_ENABLED(CONFIG_KVM_EVENTFD_IOAPIC))
		return -EINVAL;

	pic = kev_pic_create(vm, &pic_ops);
	if (IS_ERR(pic))
		return PTR_ERR(pic);
	ioapic = kev_ioapic_create(vm, &x86->machine.vcpus, &ioapic_ops);
	if (IS_ERR(ioapic)) {
		ret = PTR_ERR(ioapic);
		goto destroy_pic;
	}
	ret = set_default_routes(x86);
	if (ret)
		goto destroy_ioapic;

	x86->pic = pic;
	x86->ioapic = ioapic;
	/* Pairs with kev_irqchip_mode(). */
	smp_store_release(&x86->mode, KEV_IRQCHIP_KERNEL);

	return 0;

destroy_ioapic:
	kev_ioapic_destroy(ioapic);
destroy_pic:
	kev_pic_destroy(pic);
	return ret;
}

static struct kev_machine *x86_create(void)
{
	struct kev_x86 *x86;

	x86 = kzalloc(sizeof(*x86), GFP_KERNEL_ACCOUNT);
	if (!x86)
		return NULL;

	mutex_init(&x86->map_lock);
	INIT_LIST_HEAD(&x86->apics);
	mutex_init(&x86->lint0_lock);
	INIT_LIST_HEAD(&x86->lint0);
	kev_lapic_timers_init(x86);

	return &x86->machine;
}

/* The PIT's ticks go to the chips, the IOAPIC's delayed work to LAPICs. */
static void x86_stop(struct kev_machine *machine)
{
	struct kev_x86 *x86 = kev_x86(machine);

	if (!kev_irqchip_full(x86))
		return;

	kev_pit_destroy(x86->pit);
	kev_ioapic_destroy(x86->ioapic);
	kev_pic_destroy(x86->pic);
	x86->pit = NULL;
	x86->ioapic = NULL;
	x86->pic = NULL;
}

/* A LAPIC has a timer, and can be addressed. */
static int add_lapic(struct kev_vcpu *vcpu)
{
	struct kev_quota *quota = &vcpu->machine->quota;
	struct kev_x86 *x86 = kev_vcpu_x86(vcpu);
	int ret;

	ret = kev_apic_map_reserve(x86, vcpu->id);
	if (ret)
		return ret;
	ret = kev_quota_add_timer(quota);
	if (ret)
		return ret;
	ret = kev_lapic_create(vcpu, x86, &lapic_ops);
	if (ret)
		kev_quota_remove_timer(quota);

	return ret;
}

static int x86_vcpu_create(struct kev_vcpu *vcpu)
{
	struct kev_x86 *x86 = kev_vcpu_x86(vcpu);

	if (kev_x86_has_lapics(x86))
		return add_lapic(vcpu);

	return kev_lapic_create(vcpu, x86, &lapic_ops);
}

const struct kev_machine_ops kev_x86_machine = {
	.sink			= &x86_sink_ops,
	.create			= x86_create,
	.stop			= x86_stop,
	.vcpu_create		= x86_vcpu_create,
	.vcpu_published		= kev_lapic_publish,
	.vcpu_destroy		= kev_lapic_destroy,
	.ack			= kev_lapic_ack,
	.has_event		= kev_lapic_has_event,
	.mmio_read		= kev_lapic_mmio_read,
	.mmio_write		= kev_lapic_mmio_write,
	.msr_read		= kev_lapic_msr_read,
	.msr_write		= kev_lapic_msr_write,
	.check_extension	= kev_x86_check_extension,
	.enable_cap		= kev_x86_enable_cap,
	.node_ioctls		= kev_x86_node_ioctls,
	.vm_ioctls		= kev_x86_vm_ioctls,
	.vcpu_ioctls		= kev_x86_vcpu_ioctls,
};
