// SPDX-License-Identifier: GPL-2.0
/* The chips wired to each other, as a PC has them. */
#include <kunit/test.h>
#include <linux/kvm_eventfd.h>

#include <asm/apicdef.h>

#include <kev/base/compat.h>
#include <kev/machine/vcpu.h>
#include <kev/x86/ioapic.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

#include "x86_fixture.h"

#define GSI		20	/* of the IOAPIC alone */
#define PIC_GSI		5	/* of the PIC too */
#define VECTOR		0x31
#define LEVEL		BIT(15)
#define REMOTE_IRR	BIT(14)
#define FIXED(vector)	(KVM_EVENTFD_INTR_FIXED << 8 | (vector))
#define EXTINT(vector)	(KVM_EVENTFD_INTR_EXTINT << 8 | (vector))

static void ioapic_write32(struct kunit *test, struct kev_machine *machine, u64 offset,
			   u32 val)
{
	__le32 raw = cpu_to_le32(val);

	KUNIT_ASSERT_EQ(test, kev_bus_write(machine->vm, KEV_BUS_MMIO,
					    KEV_IOAPIC_BASE + offset,
					    sizeof(raw), &raw), 0);
}

static u64 ioapic_entry(struct kev_machine *machine, unsigned int pin)
{
	struct kvm_ioapic_state state;

	kev_ioapic_get_state(kev_x86(machine)->ioapic, &state);

	return state.redirtbl[pin].bits;
}

static void line(struct kev_machine *machine, u32 gsi, bool level)
{
	struct kev_irq irq = {
		.source = KEV_IRQ_SOURCE_USERSPACE,
		.level = level,
	};

	kev_set_irq(machine->vm, gsi, &irq);
}

/* What a guest cannot write: the state as it is, but for one register. */
static void load_register(struct kunit *test, struct kev_vcpu *vcpu,
			  unsigned int offset, u32 val)
{
	struct kvm_lapic_state *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, kev_lapic_get_state(vcpu, s), 0);
	put_unaligned_le32(val, s->regs + offset);
	KUNIT_ASSERT_EQ(test, kev_lapic_set_state(vcpu, s), 0);
}

static const struct eoi_case {
	const char *name;
	bool directed;		/* EOIs are not broadcast */
	bool disabled;		/* and the VMM wants none such */
	bool edge;		/* the vector was sent as an edge, too */
	bool ended;		/* for the IOAPIC */
} eoi_cases[] = {
	{ "of_a_level", false, false, false, true },
	{ "directed", true, false, false, false },
	{ "directed_and_disabled", true, true, false, true },
	{ "of_an_edge", false, false, true, false },
};

x86_case_desc(eoi_cases);

static void eoi_reaches_the_ioapic(struct kunit *test)
{
	const struct eoi_case *c = test->param_value;
	struct kvm_enable_cap cap = {
		.cap	= KVM_CAP_X2APIC_API,
		.args	= { KVM_X2APIC_DISABLE_SUPPRESS_EOI_BROADCAST },
	};
	struct kev_machine *machine = x86_full_machine(test, 1);
	struct kev_vcpu *vcpu = x86_vcpu(test, machine, 0);

	x86_lapic_enable(vcpu);
	if (c->disabled)
		KUNIT_EXPECT_EQ(test, x86_vm_ioctl(machine, KVM_ENABLE_CAP, &cap, 0),
				0);
	ioapic_write32(test, machine, 0, 0x10 + 2 * GSI);
	ioapic_write32(test, machine, 0x10, LEVEL | VECTOR);
	line(machine, GSI, true);
	line(machine, GSI, false);
	KUNIT_EXPECT_EQ(test, ioapic_entry(machine, GSI), LEVEL | REMOTE_IRR | VECTOR);
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), FIXED(VECTOR));
	if (c->directed)
		load_register(test, vcpu, APIC_SPIV,
			      X86_SPIV_ENABLED | APIC_SPIV_DIRECTED_EOI);
	if (c->edge)
		x86_lapic_raise(vcpu, VECTOR);

	x86_lapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, ioapic_entry(machine, GSI),
			c->ended ? LEVEL | VECTOR : LEVEL | REMOTE_IRR | VECTOR);
}

/* The entry addresses another CPU by now; this one had it before. */
static void eoi_of_a_restored_vector_reaches_the_ioapic(struct kunit *test)
{
	struct kev_machine *machine = x86_full_machine(test, 2);
	struct kev_vcpu *vcpu = x86_vcpu(test, machine, 0);

	x86_lapic_enable(x86_vcpu(test, machine, 1));
	ioapic_write32(test, machine, 0, 0x11 + 2 * GSI);
	ioapic_write32(test, machine, 0x10, 1 << 24);
	ioapic_write32(test, machine, 0, 0x10 + 2 * GSI);
	ioapic_write32(test, machine, 0x10, LEVEL | VECTOR);
	line(machine, GSI, true);
	line(machine, GSI, false);

	x86_lapic_write(vcpu, APIC_EOI, 0);
	load_register(test, vcpu, APIC_TMR + 0x10 * (VECTOR / 32),
		      BIT(VECTOR % 32));
	load_register(test, vcpu, APIC_ISR + 0x10 * (VECTOR / 32),
		      BIT(VECTOR % 32));
	KUNIT_EXPECT_TRUE(test, ioapic_entry(machine, GSI) & REMOTE_IRR);
	x86_lapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_FALSE(test, ioapic_entry(machine, GSI) & REMOTE_IRR);
}

static void extint_comes_from_the_pic(struct kunit *test)
{
	static const struct { u16 port; u8 val; } init[] = {
		{ 0x20, 0x11 }, { 0x21, 0x20 }, { 0x21, 0x04 }, { 0x21, 0x01 },
	};
	struct kev_machine *machine = x86_full_machine(test, 2);
	struct kev_vcpu *vcpu = x86_vcpu(test, machine, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(init); i++)
		KUNIT_ASSERT_EQ(test, kev_bus_write(machine->vm, KEV_BUS_PIO, init[i].port,
						    1, &init[i].val), 0);
	line(machine, PIC_GSI, true);
	KUNIT_EXPECT_TRUE(test, x86_pending(vcpu));
	KUNIT_EXPECT_FALSE(test, x86_pending(x86_vcpu(test, machine, 1)));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), EXTINT(0x20 + PIC_GSI));
	KUNIT_EXPECT_EQ(test, x86_ack(vcpu), -EAGAIN);
}

static struct kunit_case x86_test_cases[] = {
	KUNIT_CASE_PARAM(eoi_reaches_the_ioapic, eoi_cases_gen_params),
	KUNIT_CASE(eoi_of_a_restored_vector_reaches_the_ioapic),
	KUNIT_CASE(extint_comes_from_the_pic),
	{}
};

static struct kunit_suite x86_test_suite = {
	.name		= "kev_x86",
	.test_cases	= x86_test_cases,
};

kunit_test_suite(x86_test_suite);
