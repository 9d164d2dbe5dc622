// SPDX-License-Identifier: GPL-2.0
/* KVM_IRQ_LINE and KVM_IRQ_LINE_STATUS: errno, status, and edges and levels. */
#include "kev_harness.h"

#define VECTOR		0x51
#define PIN		10
#define MSI_GSI		40

FIXTURE(irq_line) {
	struct kev_machine m;
	int vm;
	int cpu;
};

FIXTURE_SETUP(irq_line)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	kev_machine_create(&self->m, KEV_CHIP_FULL, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
}

FIXTURE_TEARDOWN(irq_line)
{
	kev_machine_destroy(&self->m);
}

TEST_F(irq_line, unreadable_argument_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_IRQ_LINE,
					 KEV_BAD_PTR(struct kvm_irq_level)));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_IRQ_LINE_STATUS,
					 KEV_BAD_PTR(struct kvm_irq_level)));
}

TEST_F(irq_line, any_number_is_accepted)
{
	EXPECT_ERRNO(0, __irq_line(self->vm, 24, 1));
	EXPECT_ERRNO(0, __irq_line(self->vm, 4096, 1));
	EXPECT_ERRNO(0, __irq_line(self->vm, ~0u, 1));
}

TEST_F(irq_line, unrouted_number_has_status_minus_1)
{
	EXPECT_EQ(-1, irq_line_status(self->vm, 24, 1));
	EXPECT_EQ(-1, irq_line_status(self->vm, 4095, 1));
	EXPECT_EQ(-1, irq_line_status(self->vm, 4096, 1));
	EXPECT_EQ(-1, irq_line_status(self->vm, ~0u, 1));
}

TEST_F(irq_line, default_routing_wires_every_ioapic_pin)
{
	unsigned int pin;

	for (pin = 0; pin < 24; pin++) {
		ioapic_set_rte(self->vm, pin, 0x30 + pin);
		irq_line(self->vm, pin, 1);
	}
	/* GSI 0 goes to pin 2 on many boards, but not here. */
	for (pin = 1; pin < 24; pin++)
		EXPECT_TRUE(lapic_irr(self->cpu, 0x30 + pin));
}

TEST_F(irq_line, rising_edge_delivers_once)
{
	ioapic_set_rte(self->vm, PIN, VECTOR);
	irq_line(self->vm, PIN, 1);
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
	lapic_clear_irr(self->cpu);
	irq_line(self->vm, PIN, 1);
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
	irq_line(self->vm, PIN, 0);
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
	irq_line(self->vm, PIN, 1);
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
}

static void line_up_thrice(int vm)
{
	irq_line(vm, PIN, 1);
	irq_line(vm, PIN, 1);
	irq_line(vm, PIN, 1);
}

TEST_F(irq_line, repeated_level_counts_again_after_it_fell)
{
	ioapic_set_rte(self->vm, PIN, VECTOR);
	line_up_thrice(self->vm);
	lapic_clear_irr(self->cpu);
	irq_line_status(self->vm, PIN, 0);
	irq_line(self->vm, PIN, 1);
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
	lapic_clear_irr(self->cpu);
	irq_line(self->vm, PIN, 0);
	irq_line(self->vm, PIN, 0);
	irq_line(self->vm, PIN, 0);
	irq_line_status(self->vm, PIN, 1);
	irq_line(self->vm, PIN, 0);
	lapic_clear_irr(self->cpu);
	irq_line(self->vm, PIN, 1);
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(irq_line, repeated_level_counts_again_after_another_line_lowered_the_pin)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	struct kev_routes *routes = kev_routes_new();

	kev_route_pin(routes, PIN, KVM_IRQCHIP_IOAPIC, 20);
	kev_route_pin(routes, PIN + 1, KVM_IRQCHIP_IOAPIC, 20);
	set_gsi_routing(self->vm, routes);
	/* The pin is masked, so that its request can be seen. */
	line_up_thrice(self->vm);
	irq_line(self->vm, PIN + 1, 0);
	irq_line(self->vm, PIN, 1);
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	EXPECT_EQ(1 << 20, chip.chip.ioapic.irr);
	free(routes);
}

TEST_F(irq_line, repeated_level_counts_again_after_the_ioapic_was_set)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	line_up_thrice(self->vm);
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	chip.chip.ioapic.redirtbl[PIN].bits = VECTOR;
	chip.chip.ioapic.irr = 0;
	kev_ioctl(self->vm, KVM_SET_IRQCHIP, &chip);
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
	irq_line(self->vm, PIN, 1);
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(irq_line, repeated_level_counts_again_after_the_pic_was_set)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_SLAVE };

	line_up_thrice(self->vm);
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	EXPECT_NE(0, chip.chip.pic.irr & 1 << (PIN - 8));
	chip.chip.pic.irr = 0;
	chip.chip.pic.last_irr = 0;
	kev_ioctl(self->vm, KVM_SET_IRQCHIP, &chip);
	irq_line(self->vm, PIN, 1);
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	EXPECT_NE(0, chip.chip.pic.irr & 1 << (PIN - 8));
}

TEST_F(irq_line, repeated_level_counts_again_by_a_new_route)
{
	struct kev_routes *routes = kev_routes_new();

	ioapic_set_rte(self->vm, 20, VECTOR);
	line_up_thrice(self->vm);
	kev_route_pin(routes, PIN, KVM_IRQCHIP_IOAPIC, 20);
	set_gsi_routing(self->vm, routes);
	irq_line(self->vm, PIN, 1);
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
	free(routes);
}

TEST_F(irq_line, any_level_above_0_is_high)
{
	ioapic_set_rte(self->vm, PIN, VECTOR);
	irq_line(self->vm, PIN, 0x80000000);
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
	lapic_clear_irr(self->cpu);
	irq_line(self->vm, PIN, 1);
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
	irq_line(self->vm, PIN, 0);
	irq_line(self->vm, PIN, 2);
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(irq_line, edge_on_a_masked_pin_delivers_nothing)
{
	ioapic_set_rte(self->vm, PIN, VECTOR | KEV_RTE_MASKED);
	irq_line(self->vm, PIN, 1);
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(irq_line, delivered_edge_has_status_above_0)
{
	ioapic_set_rte(self->vm, 20, VECTOR);
	EXPECT_LT(0, irq_line_status(self->vm, 20, 1));
}

TEST_F(irq_line, edge_that_is_already_requested_has_status_0)
{
	ioapic_set_rte(self->vm, 20, VECTOR);
	irq_line_status(self->vm, 20, 1);
	EXPECT_EQ(0, irq_line_status(self->vm, 20, 1));
}

TEST_F(irq_line, level_stays_remote_irr_until_its_eoi)
{
	ioapic_set_rte(self->vm, PIN, VECTOR | KEV_RTE_LEVEL);
	irq_line(self->vm, PIN, 1);
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
	EXPECT_EQ(1, ioapic_get_rte(self->vm, PIN) >> 14 & 1);
	lapic_clear_irr(self->cpu);
	irq_line(self->vm, PIN, 0);
	irq_line(self->vm, PIN, 1);
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(irq_line, pin_of_pic_and_ioapic_has_the_sum_as_status)
{
	ioapic_set_rte(self->vm, PIN, VECTOR);
	EXPECT_EQ(2, irq_line_status(self->vm, PIN, 1));
}

TEST_F(irq_line, message_route_delivers_at_1_and_ignores_0)
{
	set_msi_route(self->vm, MSI_GSI, 0, VECTOR);
	EXPECT_EQ(-1, irq_line_status(self->vm, MSI_GSI, 0));
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
	EXPECT_EQ(1, irq_line_status(self->vm, MSI_GSI, 1));
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(irq_line, message_to_every_cpu_has_their_number_as_status)
{
	int cpu = create_vcpu(self->vm, 1);

	lapic_write_reg(cpu, KEV_APIC_SPIV, 0x1ff);
	set_msi_route(self->vm, MSI_GSI, 0xff, VECTOR);
	EXPECT_EQ(2, irq_line_status(self->vm, MSI_GSI, 1));
	close(cpu);
}

TEST_F(irq_line, message_to_nobody_has_status_0)
{
	set_msi_route(self->vm, MSI_GSI, 9, VECTOR);
	EXPECT_EQ(0, irq_line_status(self->vm, MSI_GSI, 1));
}

TEST_F(irq_line, call_without_status_does_not_write_its_argument)
{
	struct kvm_irq_level arg = { .irq = 24, .level = 1 };
	struct kvm_irq_level *ro = kev_alloc_readonly(&arg, sizeof(arg));

	EXPECT_ERRNO(0, __kev_ioctl(self->vm, KVM_IRQ_LINE, &arg));
	EXPECT_EQ(24, arg.irq);
	EXPECT_ERRNO(0, __kev_ioctl(self->vm, KVM_IRQ_LINE, ro));
	kev_free_page(ro);
}

TEST_F(irq_line, unwritable_status_is_EFAULT_after_the_line_changed)
{
	struct kvm_irq_level arg = { .irq = PIN, .level = 1 };
	struct kvm_irq_level *ro = kev_alloc_readonly(&arg, sizeof(arg));

	ioapic_set_rte(self->vm, PIN, VECTOR);
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_IRQ_LINE_STATUS, ro));
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
	kev_free_page(ro);
}

TEST_F(irq_line, status_leaves_the_level_of_its_argument)
{
	struct kvm_irq_level arg = { .irq = 24, .level = 1 };

	kev_ioctl(self->vm, KVM_IRQ_LINE_STATUS, &arg);
	EXPECT_EQ(1, arg.level);
}

FIXTURE(split) {
	struct kev_machine m;
	int vm;
	int cpu;
};

FIXTURE_SETUP(split)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&self->m, KEV_CHIP_SPLIT, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
}

FIXTURE_TEARDOWN(split)
{
	kev_machine_destroy(&self->m);
}

TEST_F(split, message_route_delivers)
{
	set_msi_route(self->vm, 3, 0, VECTOR);
	EXPECT_EQ(1, irq_line_status(self->vm, 3, 1));
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(split, line_without_route_has_status_minus_1)
{
	EXPECT_EQ(-1, irq_line_status(self->vm, 3, 1));
}

FIXTURE(no_chip) {
	int vm;
};

FIXTURE_SETUP(no_chip)
{
	KEV_REQUIRE_PC();
	self->vm = kev_create_vm();
}

FIXTURE_TEARDOWN(no_chip)
{
	close(self->vm);
}

TEST_F(no_chip, line_is_ENXIO)
{
	struct kvm_irq_level arg = { .irq = 1, .level = 1 };

	EXPECT_ERRNO(ENXIO, __kev_ioctl(self->vm, KVM_IRQ_LINE, &arg));
	EXPECT_ERRNO(ENXIO, __kev_ioctl(self->vm, KVM_IRQ_LINE_STATUS, &arg));
}

TEST_F(no_chip, unreadable_argument_is_found_first)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_IRQ_LINE,
					 KEV_BAD_PTR(struct kvm_irq_level)));
}

TEST_F(no_chip, is_found_before_an_unwritable_status)
{
	struct kvm_irq_level arg = { .irq = 1, .level = 1 };
	struct kvm_irq_level *ro = kev_alloc_readonly(&arg, sizeof(arg));

	EXPECT_ERRNO(ENXIO, __kev_ioctl(self->vm, KVM_IRQ_LINE_STATUS, ro));
	kev_free_page(ro);
}

TEST_HARNESS_MAIN
