// SPDX-License-Identifier: GPL-2.0
/* KVM_ENABLE_CAP on a VM: the split chip and 32-bit LAPIC ids. */
#include "kev_harness.h"

#define SPLIT	KVM_CAP_SPLIT_IRQCHIP
#define X2APIC	KVM_CAP_X2APIC_API

FIXTURE(enable_cap) {
	int vm;
};

FIXTURE_SETUP(enable_cap)
{
	self->vm = kev_create_vm();
}

FIXTURE_TEARDOWN(enable_cap)
{
	close(self->vm);
}

TEST_F(enable_cap, unreadable_argument_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_ENABLE_CAP,
					 KEV_BAD_PTR(struct kvm_enable_cap)));
}

TEST_F(enable_cap, unknown_capability_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, 0x7fffffff, 0, 0));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, KVM_CAP_IRQFD, 0, 0));
}

TEST_F(enable_cap, unknown_capability_with_flags_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, 0x7fffffff, 1, 0));
}

TEST_F(enable_cap, on_a_vcpu_unknown_capability_is_EINVAL)
{
	int cpu = create_vcpu(self->vm, 0);

	EXPECT_ERRNO(EINVAL, __enable_cap(cpu, 0x7fffffff, 0, 0));
	close(cpu);
}

#define MAX_ID	KVM_CAP_MAX_VCPU_ID

TEST_F(enable_cap, max_vcpu_id_limits_the_ids)
{
	KEV_REQUIRE_PC();
	EXPECT_ERRNO(0, __enable_cap(self->vm, MAX_ID, 0, 2));
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, 2));
	EXPECT_ERRNO(0, __create_vcpu(self->vm, 1));
}

TEST_F(enable_cap, max_vcpu_id_beyond_the_nodes_is_EINVAL)
{
	int max = kev_check_extension(MAX_ID);

	KEV_REQUIRE_PC();
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, MAX_ID, 0, max + 1));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, MAX_ID, 0, 1ull << 32));
	EXPECT_ERRNO(0, __enable_cap(self->vm, MAX_ID, 0, max));
}

TEST_F(enable_cap, max_vcpu_id_is_set_once)
{
	KEV_REQUIRE_PC();
	EXPECT_ERRNO(0, __enable_cap(self->vm, MAX_ID, 0, 0));
	EXPECT_ERRNO(0, __enable_cap(self->vm, MAX_ID, 0, 5));
	EXPECT_ERRNO(0, __enable_cap(self->vm, MAX_ID, 0, 5));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, MAX_ID, 0, 4));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, MAX_ID, 0, 0));
}

TEST_F(enable_cap, max_vcpu_id_is_settled_by_a_vcpu)
{
	int max = kev_check_extension(MAX_ID);

	KEV_REQUIRE_PC();
	create_vcpu(self->vm, 0);
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, MAX_ID, 0, max - 1));
	EXPECT_ERRNO(0, __enable_cap(self->vm, MAX_ID, 0, max));
}

TEST_F(enable_cap, max_vcpu_id_and_boot_cpu_id_agree)
{
	KEV_REQUIRE_PC();
	EXPECT_ERRNO(0, __kev_ioctl_val(self->vm, KVM_SET_BOOT_CPU_ID, 3));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, MAX_ID, 0, 2));
	EXPECT_ERRNO(0, __enable_cap(self->vm, MAX_ID, 0, 4));
	EXPECT_ERRNO(0, __kev_ioctl_val(self->vm, KVM_SET_BOOT_CPU_ID, 4));
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->vm, KVM_SET_BOOT_CPU_ID, 5));
}

FIXTURE(split) {
	int vm;
};

FIXTURE_SETUP(split)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	self->vm = kev_create_vm();
}

FIXTURE_TEARDOWN(split)
{
	close(self->vm);
}

TEST_F(split, on_an_empty_vm_is_accepted)
{
	EXPECT_ERRNO(0, __enable_cap(self->vm, SPLIT, 0, 24));
}

TEST_F(split, no_pin_and_the_most_pins_are_accepted)
{
	int vm = kev_create_vm();

	EXPECT_ERRNO(0, __enable_cap(self->vm, SPLIT, 0, 0));
	EXPECT_ERRNO(0, __enable_cap(vm, SPLIT, 0, 4096));
	close(vm);
}

TEST_F(split, flags_are_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, SPLIT, 1, 24));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, SPLIT, 1u << 31, 24));
}

TEST_F(split, too_many_pins_are_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, SPLIT, 0, 4097));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, SPLIT, 0, 1ull << 32));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, SPLIT, 0, ~0ull));
}

TEST_F(split, refused_one_leaves_no_chip)
{
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, SPLIT, 1, 24));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, SPLIT, 0, 4097));
	EXPECT_ERRNO(ENXIO, __irq_line(self->vm, 0, 1));
	EXPECT_ERRNO(0, __enable_cap(self->vm, SPLIT, 0, 24));
}

TEST_F(split, twice_is_EEXIST)
{
	enable_cap(self->vm, SPLIT, 24);
	EXPECT_ERRNO(EEXIST, __enable_cap(self->vm, SPLIT, 0, 24));
}

TEST_F(split, after_create_irqchip_is_EEXIST)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	create_irqchip(self->vm);
	EXPECT_ERRNO(EEXIST, __enable_cap(self->vm, SPLIT, 0, 24));
}

TEST_F(split, after_a_vcpu_is_EEXIST)
{
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(EEXIST, __enable_cap(self->vm, SPLIT, 0, 24));
}

TEST_F(split, too_many_pins_are_found_before_a_vcpu)
{
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, SPLIT, 0, 4097));
}

TEST_F(split, too_many_pins_are_found_before_a_chip)
{
	enable_cap(self->vm, SPLIT, 24);
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, SPLIT, 0, 4097));
}

TEST_F(split, flags_are_found_before_a_chip)
{
	enable_cap(self->vm, SPLIT, 24);
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, SPLIT, 1, 24));
}

TEST_F(split, gives_vcpus_a_lapic)
{
	struct kvm_lapic_state s;
	int cpu;

	enable_cap(self->vm, SPLIT, 24);
	cpu = create_vcpu(self->vm, 0);
	EXPECT_ERRNO(0, __kev_ioctl(cpu, KVM_GET_LAPIC, &s));
	close(cpu);
}

FIXTURE(x2apic) {
	int vm;
};

FIXTURE_SETUP(x2apic)
{
	KEV_REQUIRE_CAP(KVM_CAP_X2APIC_API);
	self->vm = kev_create_vm();
}

FIXTURE_TEARDOWN(x2apic)
{
	close(self->vm);
}

TEST_F(x2apic, every_combination_of_its_bits_is_accepted)
{
	uint64_t bits;

	for (bits = 0; bits < 4; bits++)
		EXPECT_ERRNO(0, __enable_cap(self->vm, X2APIC, 0, bits));
}

TEST_F(x2apic, unknown_bits_are_EINVAL)
{
	unsigned int bit;

	for (bit = kev_is_like(7, 3) ? 4 : 2; bit < 64; bit++)
		EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, X2APIC, 0,
						  1ull << bit));
}

TEST_F(x2apic, known_and_unknown_bits_are_EINVAL_and_change_nothing)
{
	struct kvm_msi msi = { .address_lo = KEV_MSI_ADDR, .address_hi = 1,
			       .data = 0x51 };

	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	create_irqchip(self->vm);
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, X2APIC, 0, 1 | 1ull << 32));
	EXPECT_EQ(0, __kev_ioctl(self->vm, KVM_SIGNAL_MSI, &msi));
}

TEST_F(x2apic, directed_eois_need_a_split_chip)
{
	KEV_SINCE(7, 3, "are there such flags");
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, X2APIC, 0, 4));
	EXPECT_ERRNO(0, __enable_cap(self->vm, X2APIC, 0, 8));
	if (kev_has_chip(KEV_CHIP_FULL)) {
		create_irqchip(self->vm);
		EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, X2APIC, 0, 4 | 3));
		EXPECT_ERRNO(0, __enable_cap(self->vm, X2APIC, 0, 8 | 3));
	}
}

TEST_F(x2apic, directed_eois_can_be_had_or_not)
{
	KEV_SINCE(7, 3, "are there such flags");
	enable_cap(self->vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	EXPECT_ERRNO(0, __enable_cap(self->vm, X2APIC, 0, 4));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, X2APIC, 0, 12));
	EXPECT_ERRNO(0, __enable_cap(self->vm, X2APIC, 0, 8));
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(0, __enable_cap(self->vm, X2APIC, 0, 4));
	EXPECT_ERRNO(0, __enable_cap(self->vm, X2APIC, 0, 8));
}

TEST_F(x2apic, flags_are_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, X2APIC, 1, 1));
}

TEST_F(x2apic, is_accepted_after_a_vcpu)
{
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(0, __enable_cap(self->vm, X2APIC, 0, 3));
}

TEST_F(x2apic, bits_stay_on)
{
	struct kvm_msi msi = { .address_lo = KEV_MSI_ADDR, .address_hi = 1,
			       .data = 0x51 };

	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	create_irqchip(self->vm);
	close(create_vcpu(self->vm, 0));
	enable_cap(self->vm, X2APIC, KVM_X2APIC_API_USE_32BIT_IDS);
	enable_cap(self->vm, X2APIC, 0);
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->vm, KVM_SIGNAL_MSI, &msi));
}

TEST_HARNESS_MAIN
