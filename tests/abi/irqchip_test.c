// SPDX-License-Identifier: GPL-2.0
/* KVM_CREATE_IRQCHIP, KVM_GET_IRQCHIP, KVM_SET_IRQCHIP. */
#include "kev_harness.h"

FIXTURE(create_irqchip) {
	int vm;
};

FIXTURE_SETUP(create_irqchip)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	self->vm = kev_create_vm();
}

FIXTURE_TEARDOWN(create_irqchip)
{
	close(self->vm);
}

TEST_F(create_irqchip, on_an_empty_vm_is_accepted)
{
	EXPECT_ERRNO(0, __create_irqchip(self->vm));
}

TEST_F(create_irqchip, twice_is_EEXIST)
{
	create_irqchip(self->vm);
	EXPECT_ERRNO(EEXIST, __create_irqchip(self->vm));
}

TEST_F(create_irqchip, after_a_vcpu_is_EINVAL)
{
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(EINVAL, __create_irqchip(self->vm));
}

TEST_F(create_irqchip, twice_and_after_a_vcpu_is_EEXIST)
{
	create_irqchip(self->vm);
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(EEXIST, __create_irqchip(self->vm));
}

TEST_F(create_irqchip, after_split_is_EEXIST)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	enable_cap(self->vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	EXPECT_ERRNO(EEXIST, __create_irqchip(self->vm));
}

TEST_F(create_irqchip, refused_one_leaves_no_chip)
{
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(EINVAL, __create_irqchip(self->vm));
	EXPECT_ERRNO(ENXIO, __irq_line(self->vm, 0, 1));
}

TEST_F(create_irqchip, lets_vcpus_and_ioeventfds_be_created)
{
	int fd = kev_eventfd(0);

	ioeventfd_assign(self->vm, fd, 0xfec00000, 4, 0, 0);
	create_irqchip(self->vm);
	EXPECT_ERRNO(0, __create_vcpu(self->vm, 0));
	close(fd);
}

/* State of each chip. */

FIXTURE(state) {
	int vm;
	struct kvm_irqchip chip;
};

FIXTURE_VARIANT(state) {
	uint32_t id;
};

FIXTURE_VARIANT_ADD(state, pic_master) {
	.id = KVM_IRQCHIP_PIC_MASTER,
};

FIXTURE_VARIANT_ADD(state, pic_slave) {
	.id = KVM_IRQCHIP_PIC_SLAVE,
};

FIXTURE_VARIANT_ADD(state, ioapic) {
	.id = KVM_IRQCHIP_IOAPIC,
};

FIXTURE_SETUP(state)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	self->vm = kev_create_vm();
	create_irqchip(self->vm);
	memset(&self->chip, 0, sizeof(self->chip));
	self->chip.chip_id = variant->id;
}

FIXTURE_TEARDOWN(state)
{
	close(self->vm);
}

TEST_F(state, get_with_unreadable_argument_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_GET_IRQCHIP,
					 KEV_BAD_PTR(struct kvm_irqchip)));
}

TEST_F(state, set_with_unreadable_argument_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_IRQCHIP,
					 KEV_BAD_PTR(struct kvm_irqchip)));
}

TEST_F(state, get_into_unwritable_argument_is_EFAULT)
{
	struct kvm_irqchip *ro = kev_alloc_readonly(&self->chip,
						    sizeof(self->chip));

	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_GET_IRQCHIP, ro));
	kev_free_page(ro);
}

TEST_F(state, argument_that_ends_past_its_page_is_EFAULT)
{
	struct kvm_irqchip *arg = kev_alloc_at_page_end(sizeof(*arg) - 1);

	arg->chip_id = 99;
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_GET_IRQCHIP, arg));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_IRQCHIP, arg));
	kev_free_page(arg);
}

TEST_F(state, get_keeps_the_chip_id)
{
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &self->chip);
	EXPECT_EQ(variant->id, self->chip.chip_id);
}

TEST_F(state, get_twice_is_the_same)
{
	struct kvm_irqchip again = { .chip_id = variant->id };

	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &self->chip);
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &again);
	EXPECT_EQ(0, memcmp(&self->chip, &again, sizeof(again)));
}

TEST_F(state, set_of_what_get_said_changes_nothing)
{
	struct kvm_irqchip again = { .chip_id = variant->id };

	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &self->chip);
	kev_ioctl(self->vm, KVM_SET_IRQCHIP, &self->chip);
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &again);
	EXPECT_EQ(0, memcmp(&self->chip, &again, sizeof(again)));
}

TEST_F(state, set_does_not_write_its_argument)
{
	struct kvm_irqchip *ro;

	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &self->chip);
	ro = kev_alloc_readonly(&self->chip, sizeof(self->chip));
	EXPECT_ERRNO(0, __kev_ioctl(self->vm, KVM_SET_IRQCHIP, ro));
	kev_free_page(ro);
}

/* Which chip. */

FIXTURE(which) {
	int vm;
};

FIXTURE_VARIANT(which) {
	enum kev_chip chip;
	uint32_t id;
	int want;
};

FIXTURE_VARIANT_ADD(which, chip_3_is_EINVAL) {
	.chip = KEV_CHIP_FULL,
	.id = 3,
	.want = EINVAL,
};

FIXTURE_VARIANT_ADD(which, largest_chip_is_EINVAL) {
	.chip = KEV_CHIP_FULL,
	.id = ~0u,
	.want = EINVAL,
};

FIXTURE_VARIANT_ADD(which, no_chip_is_ENXIO) {
	.chip = KEV_CHIP_NONE,
	.id = KVM_IRQCHIP_IOAPIC,
	.want = ENXIO,
};

FIXTURE_VARIANT_ADD(which, no_chip_is_found_before_its_id) {
	.chip = KEV_CHIP_NONE,
	.id = 3,
	.want = ENXIO,
};

FIXTURE_VARIANT_ADD(which, split_chip_is_ENXIO) {
	.chip = KEV_CHIP_SPLIT,
	.id = KVM_IRQCHIP_IOAPIC,
	.want = ENXIO,
};

FIXTURE_VARIANT_ADD(which, split_chip_is_found_before_its_id) {
	.chip = KEV_CHIP_SPLIT,
	.id = 3,
	.want = ENXIO,
};

FIXTURE_SETUP(which)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQCHIP);
	KEV_REQUIRE_CHIP(variant->chip);
	self->vm = kev_create_vm();
	if (variant->chip == KEV_CHIP_FULL)
		create_irqchip(self->vm);
	else if (variant->chip == KEV_CHIP_SPLIT)
		enable_cap(self->vm, KVM_CAP_SPLIT_IRQCHIP, 24);
}

FIXTURE_TEARDOWN(which)
{
	close(self->vm);
}

TEST_F(which, get_and_set_say_so)
{
	struct kvm_irqchip chip = { .chip_id = variant->id };

	EXPECT_ERRNO(variant->want, __kev_ioctl(self->vm, KVM_GET_IRQCHIP,
						&chip));
	EXPECT_ERRNO(variant->want, __kev_ioctl(self->vm, KVM_SET_IRQCHIP,
						&chip));
}

TEST_F(which, unreadable_argument_is_found_first)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_GET_IRQCHIP,
					 KEV_BAD_PTR(struct kvm_irqchip)));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_IRQCHIP,
					 KEV_BAD_PTR(struct kvm_irqchip)));
}

TEST(chips_are_ENOTTY_where_their_capability_is_0)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	int vm;

	if (kev_check_extension(KVM_CAP_IRQCHIP) > 0)
		SKIP(return, "%s offers them", kev_node());
	vm = kev_create_vm();
	EXPECT_ERRNO(ENOTTY, __kev_ioctl_val(vm, KVM_CREATE_IRQCHIP, 0));
	EXPECT_ERRNO(ENOTTY, __kev_ioctl(vm, KVM_GET_IRQCHIP, &chip));
	EXPECT_ERRNO(ENOTTY, __kev_ioctl(vm, KVM_SET_IRQCHIP, &chip));
	close(vm);
}

/* What the chips say at reset, and what they take. */

FIXTURE(chips) {
	int vm;
};

FIXTURE_SETUP(chips)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	self->vm = kev_create_vm();
	create_irqchip(self->vm);
}

FIXTURE_TEARDOWN(chips)
{
	close(self->vm);
}

TEST_F(chips, ioapic_at_reset_has_its_base_and_masked_pins)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	unsigned int pin;

	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	EXPECT_EQ(0xfec00000, chip.chip.ioapic.base_address);
	EXPECT_EQ(0, chip.chip.ioapic.ioregsel);
	EXPECT_EQ(0, chip.chip.ioapic.irr);
	for (pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++)
		EXPECT_EQ(KEV_RTE_MASKED, chip.chip.ioapic.redirtbl[pin].bits);
}

TEST_F(chips, pic_at_reset_is_clear)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };

	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	EXPECT_EQ(0, chip.chip.pic.irr);
	EXPECT_EQ(0, chip.chip.pic.isr);
	EXPECT_EQ(0, chip.chip.pic.irq_base);
	EXPECT_EQ(0xf8, chip.chip.pic.elcr_mask);
	chip.chip_id = KVM_IRQCHIP_PIC_SLAVE;
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	EXPECT_EQ(0xde, chip.chip.pic.elcr_mask);
}

TEST_F(chips, ioapic_entries_are_restored)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	uint64_t rte = 0x0500000000000000 | KEV_RTE_MASKED | KEV_RTE_LEVEL |
		       0x77;

	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	chip.chip.ioapic.redirtbl[23].bits = rte;
	chip.chip.ioapic.ioregsel = 0x11;
	chip.chip.ioapic.id = 3;
	kev_ioctl(self->vm, KVM_SET_IRQCHIP, &chip);
	memset(&chip.chip, 0, sizeof(chip.chip));
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	EXPECT_EQ(rte, chip.chip.ioapic.redirtbl[23].bits);
	EXPECT_EQ(0x11, chip.chip.ioapic.ioregsel);
	EXPECT_EQ(3, chip.chip.ioapic.id);
}

TEST_F(chips, pic_registers_are_restored)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_SLAVE };

	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	chip.chip.pic.imr = 0xa5;
	chip.chip.pic.irq_base = 0x70;
	chip.chip.pic.elcr = 0x0c;
	kev_ioctl(self->vm, KVM_SET_IRQCHIP, &chip);
	memset(&chip.chip, 0, sizeof(chip.chip));
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	EXPECT_EQ(0xa5, chip.chip.pic.imr);
	EXPECT_EQ(0x70, chip.chip.pic.irq_base);
	EXPECT_EQ(0x0c, chip.chip.pic.elcr);
}

TEST_F(chips, the_pics_are_two)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };

	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	chip.chip.pic.imr = 0x11;
	kev_ioctl(self->vm, KVM_SET_IRQCHIP, &chip);
	chip.chip_id = KVM_IRQCHIP_PIC_SLAVE;
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	EXPECT_EQ(0, chip.chip.pic.imr);
}

/* User space may restore anything: the kernel must live with it. */
TEST_F(chips, any_bytes_are_accepted_as_state)
{
	struct kvm_irqchip chip;
	uint32_t id;

	close(create_vcpu(self->vm, 0));
	for (id = 0; id < 3; id++) {
		memset(&chip, 0xff, sizeof(chip));
		chip.chip_id = id;
		EXPECT_ERRNO(0, __kev_ioctl(self->vm, KVM_SET_IRQCHIP, &chip));
		EXPECT_ERRNO(0, __kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip));
	}
	irq_line(self->vm, 3, 1);
	irq_line(self->vm, 3, 0);
}

TEST_F(chips, restored_request_of_an_open_pin_is_delivered)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	int cpu = create_vcpu(self->vm, 0);

	lapic_write_reg(cpu, KEV_APIC_SPIV, 0x1ff);
	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	chip.chip.ioapic.redirtbl[9].bits = 0x59;
	chip.chip.ioapic.irr = 1 << 9;
	kev_ioctl(self->vm, KVM_SET_IRQCHIP, &chip);
	EXPECT_TRUE(lapic_irr(cpu, 0x59));
	close(cpu);
}

TEST_HARNESS_MAIN
