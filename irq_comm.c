// SPDX-License-Identifier: GPL-2.0
/*
 * Turns one routing entry into deliveries: decodes MSIs, and sums up what the chips
 * of a GSI answer.
 *
 * irqchip.c and eventfd.c call in through the sink's ops.  This file keeps no state and
 * owns no lock.  Which LAPICs a message addresses is x86/message.c's.
 *
 * A delivery's result is KVM's: the number of LAPICs that took it, 0 when the
 * ones addressed did not, negative when none was addressed.
 */
#include <linux/kernel.h>
#include <linux/kvm_eventfd.h>

#include <kev/x86/apicmap.h>
#include <kev/x86/i8259.h>
#include <kev/x86/ioapic.h>
#include <kev/x86/lapic.h>
#include <kev/x86/lapic_internal.h>
#include <kev/x86/machine.h>

/* MSI address and data. */
#define MSI_ADDR_LOGICAL	BIT(2)
#define MSI_ADDR_REDIR_HINT	BIT(3)
#define MSI_ADDR_HI_RESERVED	0xffu
#define MSI_DATA_LEVEL		BIT(15)
/* Delivery modes above lowest priority. */
#define MSI_DATA_EVENT		(BIT(9) | BIT(10))

/**
 * kev_msi_is_valid - Check a message's address
 * @x86:	The machine.
 * @route:	Of type MSI.
 *
 * Return: False when reserved bits are set that the machine looks at, which
 *	it does with 32-bit ids alone.
 */
bool kev_msi_is_valid(const struct kev_x86 *x86, const struct kev_route *route)
{
	return !READ_ONCE(x86->x2apic_format) ||
	       !(route->msi.address_hi & MSI_ADDR_HI_RESERVED);
}

/**
 * kev_msi_decode - Turn a MSI into a message for LAPICs
 * @x86:	The machine: with 32-bit ids, the upper address has bits 8 to 31
 *		of the destination.
 * @route:	Of type MSI, and valid.
 * @irq:	Filled.
 */
void kev_msi_decode(const struct kev_x86 *x86, const struct kev_route *route,
		    struct kev_lapic_irq *irq)
{
	u32 lo = route->msi.address_lo;
	u32 data = route->msi.data;

	*irq = (struct kev_lapic_irq){
		.dest_id	= (lo >> 12) & 0xff,
		.vector		= data & 0xff,
		.delivery_mode	= (data >> 8) & 7,
		.logical	= lo & MSI_ADDR_LOGICAL,
		.level		= true,
		.trig_level	= data & MSI_DATA_LEVEL,
		.redir_hint	= lo & MSI_ADDR_REDIR_HINT,
	};
	if (READ_ONCE(x86->x2apic_format))
		irq->dest_id |= route->msi.address_hi & ~MSI_ADDR_HI_RESERVED;
}

/*
 * Nearly every MSI is an edge to one CPU's physical id: no message is made of
 * it, and nothing is looked at twice.  -EWOULDBLOCK for any other, and for one
 * that the map cannot resolve.
 */
static int deliver_msi_edge(struct kev_x86 *x86, u32 lo, u32 hi, u32 data)
{
	struct kev_lapic *apic;
	u32 dest;

	if (unlikely(lo & MSI_ADDR_LOGICAL ||
		     data & (MSI_DATA_EVENT | MSI_DATA_LEVEL)))
		return -EWOULDBLOCK;

	dest = (lo >> 12) & 0xff;
	if (unlikely(dest == KEV_BROADCAST_XAPIC))
		return -EWOULDBLOCK;
	if (READ_ONCE(x86->x2apic_format)) {
		if (unlikely(hi & MSI_ADDR_HI_RESERVED))
			return -EWOULDBLOCK;
		dest |= hi;
	}

	if (unlikely(!kev_apic_map_find(x86, dest, &apic)))
		return -EWOULDBLOCK;

	return likely(apic) ? kev_lapic_accept_edge(apic, data & 0xff) : 0;
}

static noinline int deliver_msi_atomic(struct kev_x86 *x86,
				       const struct kev_route *route)
{
	struct kev_lapic_irq msi;
	int ret;

	if (!kev_msi_is_valid(x86, route))
		return -EINVAL;

	kev_msi_decode(x86, route, &msi);

	return kev_irq_deliver_fast(x86, NULL, &msi, &ret) ? ret : -EWOULDBLOCK;
}

/**
 * kev_deliver_atomic - kev_sink_ops.deliver_atomic of an x86 machine
 * @sink:	The machine.
 * @route:	One GSI.
 * @irq:	The change.
 *
 * Context: Any.
 * Return: As kev_irq_deliver(); -EWOULDBLOCK for a route to chips, and when
 *	the map cannot resolve the destination.
 */
int kev_deliver_atomic(void *sink, const struct kev_route *route,
		       const struct kev_irq *irq)
{
	struct kev_x86 *x86 = kev_x86(sink);
	int ret;

	if (unlikely(route->type != KVM_IRQ_ROUTING_MSI))
		return -EWOULDBLOCK;
	if (unlikely(!irq->level))
		return KEV_NO_CANDIDATE;

	ret = deliver_msi_edge(x86, route->msi.address_lo,
			       route->msi.address_hi, route->msi.data);
	if (likely(ret != -EWOULDBLOCK))
		return ret;

	return deliver_msi_atomic(x86, route);
}

static noinline int deliver_msi(struct kev_x86 *x86,
				const struct kev_route *route)
{
	struct kev_lapic_irq msi;

	if (!kev_msi_is_valid(x86, route))
		return -EINVAL;

	kev_apic_map_sync(x86);
	kev_msi_decode(x86, route, &msi);

	return kev_irq_deliver(x86, NULL, &msi);
}

static noinline int signal_msi_slow(struct kev_x86 *x86, u32 lo, u32 hi,
				    u32 data)
{
	struct kev_route route = {
		.type			= KVM_IRQ_ROUTING_MSI,
		.msi.address_lo		= lo,
		.msi.address_hi		= hi,
		.msi.data		= data,
	};

	return deliver_msi(x86, &route);
}

/**
 * kev_signal_msi - Send a MSI that has no route
 * @x86:	The machine, which has LAPICs.
 * @lo:		Lower half of the address.
 * @hi:		Upper half of the address.
 * @data:	Data.
 *
 * Context: Process context.
 * Return: As kev_irq_deliver(); -EINVAL for an address that is not valid.
 */
int kev_signal_msi(struct kev_x86 *x86, u32 lo, u32 hi, u32 data)
{
	int ret;

	ret = deliver_msi_edge(x86, lo, hi, data);
	if (likely(ret != -EWOULDBLOCK))
		return ret;

	return signal_msi_slow(x86, lo, hi, data);
}

/* Each chip that took it or merged it counts; those that ignored it do not. */
static int sum_up(int sum, int ret)
{
	if (ret < 0)
		return sum;

	return sum < 0 ? ret : sum + ret;
}

/* To each chip that the GSI is wired to. */
static int deliver_pins(struct kev_x86 *x86, const struct kev_route *route,
			const struct kev_irq *irq)
{
	const u32 *pin = route->pin;
	int sum = KEV_NO_CANDIDATE;

	if (!kev_irqchip_full(x86))
		return KEV_NO_CANDIDATE;

	/* A line that falls sends nothing. */
	if (irq->level)
		kev_apic_map_sync(x86);
	if (route->chips & BIT(KVM_IRQCHIP_IOAPIC))
		sum = sum_up(sum, kev_ioapic_set_irq(x86->ioapic,
						     pin[KVM_IRQCHIP_IOAPIC],
						     irq));
	if (route->chips & BIT(KVM_IRQCHIP_PIC_MASTER))
		sum = sum_up(sum, kev_pic_set_irq(x86->pic,
						  pin[KVM_IRQCHIP_PIC_MASTER],
						  irq));
	if (route->chips & BIT(KVM_IRQCHIP_PIC_SLAVE))
		sum = sum_up(sum, kev_pic_set_irq(x86->pic,
						  pin[KVM_IRQCHIP_PIC_SLAVE] +
						  KEV_PIC_PINS / 2, irq));

	return sum;
}

/**
 * kev_deliver - kev_sink_ops.deliver of an x86 machine
 * @sink:	The machine.
 * @route:	One GSI.
 * @irq:	The change.
 *
 * Context: Process context.
 * Return: The sum of what the GSI's chips answered; negative when all of them
 *	ignored it.
 */
int kev_deliver(void *sink, const struct kev_route *route,
		const struct kev_irq *irq)
{
	struct kev_x86 *x86 = kev_x86(sink);

	if (route->type == KVM_IRQ_ROUTING_IRQCHIP)
		return deliver_pins(x86, route, irq);
	if (route->type != KVM_IRQ_ROUTING_MSI)
		return KEV_NO_CANDIDATE;
	if (kev_msi_is_valid(x86, route) && !irq->level)
		return KEV_NO_CANDIDATE;

	return deliver_msi(x86, route);
}

static void chip_entry(struct kvm_irq_routing_entry *entry, u32 gsi, u32 chip,
		       u32 pin)
{
	*entry = (struct kvm_irq_routing_entry){
		.gsi	= gsi,
		.type	= KVM_IRQ_ROUTING_IRQCHIP,
	};
	entry->u.irqchip.irqchip = chip;
	entry->u.irqchip.pin = pin;
}

/**
 * kev_default_routes - The table that KVM_CREATE_IRQCHIP sets
 * @entries:	Room for KEV_DEFAULT_ROUTES.
 *
 * GSI n is pin n of the IOAPIC, and below 16 also input n of the PICs.
 *
 * Return: How many were filled.
 */
unsigned int kev_default_routes(struct kvm_irq_routing_entry *entries)
{
	unsigned int gsi, n = 0;

	for (gsi = 0; gsi < KEV_IOAPIC_PINS; gsi++) {
		chip_entry(&entries[n++], gsi, KVM_IRQCHIP_IOAPIC, gsi);
		if (gsi < KEV_PIC_PINS / 2)
			chip_entry(&entries[n++], gsi,
				   KVM_IRQCHIP_PIC_MASTER, gsi);
		else if (gsi < KEV_PIC_PINS)
			chip_entry(&entries[n++], gsi, KVM_IRQCHIP_PIC_SLAVE,
				   gsi - KEV_PIC_PINS / 2);
	}

	return n;
}
