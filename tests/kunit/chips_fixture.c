// SPDX-License-Identifier: GPL-2.0
/* See chips_fixture.h. */
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/preempt.h>

#include <kev/machine/vcpu.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/vm.h>

#include "chips_fixture.h"

#define PIC_GSIS	16
#define ROUTES		(PIC_GSIS + KEV_IOAPIC_PINS)

/* The sink */

static int chips_allowed(void *sink)
{
	return 0;
}

static int chips_irqfd_allowed(void *sink, bool resample)
{
	return 0;
}

static int chips_set_route(void *sink,
			   const struct kvm_irq_routing_entry *ue,
			   struct kev_route *route)
{
	route->chips |= BIT(ue->u.irqchip.irqchip);
	route->pin[ue->u.irqchip.irqchip] = ue->u.irqchip.pin;
	return 0;
}

static int chips_deliver_atomic(void *sink,
				const struct kev_route *route,
				const struct kev_irq *irq)
{
	return -EWOULDBLOCK;
}

static int chips_route(void *sink, const struct kev_route *route,
		       const struct kev_irq *irq)
{
	struct chips *c = sink;
	const u32 *pin = route->pin;

	if (route->chips & BIT(KVM_IRQCHIP_PIC_MASTER))
		kev_pic_set_irq(c->pic, pin[KVM_IRQCHIP_PIC_MASTER], irq);
	if (route->chips & BIT(KVM_IRQCHIP_PIC_SLAVE))
		kev_pic_set_irq(c->pic, pin[KVM_IRQCHIP_PIC_SLAVE] + 8, irq);
	if (route->chips & BIT(KVM_IRQCHIP_IOAPIC))
		kev_ioapic_set_irq(c->ioapic, pin[KVM_IRQCHIP_IOAPIC], irq);
	return 1;
}

/* As the node's machine: the buses are gone by now, so nothing is waited for. */
static void chips_release(void *sink)
{
	struct chips *c = sink;

	kev_ioapic_destroy(c->ioapic);
	kev_pic_destroy(c->pic);
}

static const struct kev_sink_ops chips_sink_ops = {
	.irqfd_allowed = chips_irqfd_allowed,
	.routing_allowed = chips_allowed,
	.set_route = chips_set_route,
	.deliver_atomic = chips_deliver_atomic,
	.deliver = chips_route,
	.release = chips_release,
};

/* The wires */

/* What may go to thousands of CPUs must let others run. */
static void note_context(struct chips *c)
{
	c->atomic += irqs_disabled() || preempt_count();
}

static void chips_output(struct kev_vm *vm, bool raised)
{
	struct chips *c = kev_vm_sink(vm);

	note_context(c);
	c->intr = raised;
}

static bool chips_accepted(struct kev_vm *vm)
{
	struct chips *c = kev_vm_sink(vm);

	return c->listening;
}

static const struct kev_pic_ops chips_pic_ops = {
	.output = chips_output,
	.accepted = chips_accepted,
};

static int chips_send(struct kev_vm *vm, const struct kev_lapic_irq *irq)
{
	struct chips *c = kev_vm_sink(vm);
	int id;

	note_context(c);
	c->sent++;
	c->msg = *irq;
	if (c->sending)
		c->sending(c);
	for (id = 0; irq->dest_map && id < c->took; id++) {
		__set_bit(id, irq->dest_map->cpus);
		irq->dest_map->vectors[id] = irq->vector;
	}
	return c->took;
}

static unsigned int chips_inflight(struct kev_vcpu *vcpu,
				   const struct kev_lapic_irq *irq)
{
	struct chips *c = container_of(vcpu->machine, struct chips, machine);

	return c->inflight;
}

static void chips_changed(struct kev_vm *vm)
{
	struct chips *c = kev_vm_sink(vm);

	c->changed++;
}

static const struct kev_ioapic_ops chips_ioapic_ops = {
	.changed = chips_changed,
	.deliver = chips_send,
	.inflight = chips_inflight,
};

/* The machine */

static void chips_route_all(struct kunit *test, struct kev_vm *vm)
{
	struct kvm_irq_routing_entry *entry;
	unsigned int n = 0;
	unsigned int gsi;

	entry = kunit_kcalloc(test, ROUTES, sizeof(*entry), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	for (gsi = 0; gsi < KEV_IOAPIC_PINS; gsi++, n++) {
		entry[n].gsi = gsi;
		entry[n].type = KVM_IRQ_ROUTING_IRQCHIP;
		entry[n].u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
		entry[n].u.irqchip.pin = gsi;
	}
	for (gsi = 0; gsi < PIC_GSIS; gsi++, n++) {
		entry[n].gsi = gsi;
		entry[n].type = KVM_IRQ_ROUTING_IRQCHIP;
		entry[n].u.irqchip.irqchip = gsi < 8 ? KVM_IRQCHIP_PIC_MASTER :
						       KVM_IRQCHIP_PIC_SLAVE;
		entry[n].u.irqchip.pin = gsi % 8;
	}
	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, entry, n));
}

KUNIT_DEFINE_ACTION_WRAPPER(chips_vm_put, kev_vm_destroy, struct kev_vm *);

struct chips *chips_create(struct kunit *test)
{
	struct kev_ioapic *ioapic;
	struct kev_pic *pic;
	struct chips *c;

	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c);
	c->took = 1;
	xa_init(&c->machine.vcpus);

	c->vm = kev_vm_create(&chips_sink_ops, c);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->vm);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, chips_vm_put, c->vm));

	pic = kev_pic_create(c->vm, &chips_pic_ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pic);
	c->pic = pic;
	ioapic = kev_ioapic_create(c->vm, &c->machine.vcpus, &chips_ioapic_ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ioapic);
	c->ioapic = ioapic;

	chips_route_all(test, c->vm);
	return c;
}

int chips_pic_line(struct chips *c, unsigned int pin, bool level,
		   unsigned int source)
{
	struct kev_irq irq = { .source = source, .level = level };

	return kev_pic_set_irq(c->pic, pin, &irq);
}

int chips_ioapic_line(struct chips *c, unsigned int pin, bool level,
		      unsigned int source, bool line_status)
{
	struct kev_irq irq = {
		.source = source,
		.level = level,
		.line_status = line_status,
	};

	return kev_ioapic_set_irq(c->ioapic, pin, &irq);
}

void chips_outb(struct kunit *test, struct chips *c, u16 port, u8 val)
{
	KUNIT_EXPECT_EQ(test, 0, kev_bus_write(c->vm, KEV_BUS_PIO, port, 1,
					       &val));
}

u8 chips_inb(struct kunit *test, struct chips *c, u16 port)
{
	u8 val = 0;

	KUNIT_EXPECT_EQ(test, 0, kev_bus_read(c->vm, KEV_BUS_PIO, port, 1,
					      &val));
	return val;
}

void chips_reg_write(struct kunit *test, struct chips *c, u8 reg, u32 val)
{
	KUNIT_EXPECT_EQ(test, 0, kev_bus_write(c->vm, KEV_BUS_MMIO,
					       KEV_IOAPIC_BASE, 1, &reg));
	KUNIT_EXPECT_EQ(test, 0, kev_bus_write(c->vm, KEV_BUS_MMIO,
					       KEV_IOAPIC_BASE + 0x10, 4,
					       &val));
}

u32 chips_reg_read(struct kunit *test, struct chips *c, u8 reg)
{
	u32 val = 0;

	KUNIT_EXPECT_EQ(test, 0, kev_bus_write(c->vm, KEV_BUS_MMIO,
					       KEV_IOAPIC_BASE, 1, &reg));
	KUNIT_EXPECT_EQ(test, 0, kev_bus_read(c->vm, KEV_BUS_MMIO,
					      KEV_IOAPIC_BASE + 0x10, 4, &val));
	return val;
}

/* Acks */

/* Takes the lock of each chip. */
static void probe_chips(struct work_struct *work)
{
	struct chips_acks *acks = container_of(work, struct chips_acks, probe);
	struct kvm_ioapic_state ioapic;
	struct kvm_pic_state pic;

	kev_ioapic_get_state(acks->chips->ioapic, &ioapic);
	kev_pic_get_state(acks->chips->pic, KVM_IRQCHIP_PIC_MASTER, &pic);
	complete(&acks->probed);
}

static void chips_acked(struct kev_irq_ack_notifier *notifier)
{
	struct chips_acks *acks = container_of(notifier, struct chips_acks,
					       notifier);

	acks->count++;
	reinit_completion(&acks->probed);
	schedule_work(&acks->probe);
	if (!wait_for_completion_timeout(&acks->probed, 5 * HZ)) {
		acks->locked++;
		return;
	}
	if (acks->pic_pin >= 0)
		chips_pic_line(acks->chips, acks->pic_pin, false, 0);
	if (acks->ioapic_pin >= 0)
		chips_ioapic_line(acks->chips, acks->ioapic_pin, false, 0,
				  false);
}

static void chips_stop_acks(void *data)
{
	struct chips_acks *acks = data;

	kev_unregister_irq_ack_notifier(acks->chips->vm, &acks->notifier);
	flush_work(&acks->probe);
}

struct chips_acks *chips_count_acks(struct kunit *test, struct chips *c,
				    u32 gsi)
{
	struct chips_acks *acks;

	acks = kunit_kzalloc(test, sizeof(*acks), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, acks);
	acks->notifier.gsi = gsi;
	acks->notifier.irq_acked = chips_acked;
	acks->chips = c;
	acks->pic_pin = -1;
	acks->ioapic_pin = -1;
	INIT_WORK(&acks->probe, probe_chips);
	init_completion(&acks->probed);

	KUNIT_ASSERT_EQ(test, 0,
			kev_register_irq_ack_notifier(c->vm, &acks->notifier));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, chips_stop_acks, acks));
	return acks;
}
