// SPDX-License-Identifier: GPL-2.0
/* KVM_SIGNAL_MSI: errno, what it returns, and where the message goes. */
#include "kev_harness.h"

#define VECTOR		0x51

FIXTURE(signal_msi) {
	struct kev_machine m;
	int vm;
	int cpu0;
	int cpu1;
};

FIXTURE_VARIANT(signal_msi) {
	enum kev_chip chip;
};

FIXTURE_VARIANT_ADD(signal_msi, full_chip) {
	.chip = KEV_CHIP_FULL,
};

FIXTURE_VARIANT_ADD(signal_msi, split_chip) {
	.chip = KEV_CHIP_SPLIT,
};

FIXTURE_SETUP(signal_msi)
{
	KEV_REQUIRE_CHIP(variant->chip);
	kev_machine_create(&self->m, variant->chip, 2);
	self->vm = self->m.vm;
	self->cpu0 = self->m.vcpu[0];
	self->cpu1 = self->m.vcpu[1];
}

FIXTURE_TEARDOWN(signal_msi)
{
	kev_machine_destroy(&self->m);
}

static int send_with(int vm, uint32_t addr_hi, uint32_t flags)
{
	struct kvm_msi msi = {
		.address_lo = KEV_MSI_ADDR,
		.address_hi = addr_hi,
		.data = VECTOR,
		.flags = flags,
	};

	return __kev_ioctl(vm, KVM_SIGNAL_MSI, &msi);
}

TEST_F(signal_msi, unreadable_argument_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SIGNAL_MSI,
					 KEV_BAD_PTR(struct kvm_msi)));
}

TEST_F(signal_msi, argument_that_ends_past_its_page_is_EFAULT)
{
	struct kvm_msi *msi = kev_alloc_at_page_end(sizeof(*msi) - 1);

	msi->flags = ~0u;
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SIGNAL_MSI, msi));
	kev_free_page(msi);
}

TEST_F(signal_msi, every_flag_but_devid_is_EINVAL)
{
	unsigned int bit;

	for (bit = 1; bit < 32; bit++)
		EXPECT_ERRNO(EINVAL, send_with(self->vm, 0, 1u << bit));
	EXPECT_EQ(0, lapic_count_irr(self->cpu0));
}

TEST_F(signal_msi, devid_flag_is_accepted_and_ignored)
{
	EXPECT_EQ(1, send_with(self->vm, 0, KVM_MSI_VALID_DEVID));
	EXPECT_TRUE(lapic_irr(self->cpu0, VECTOR));
}

TEST_F(signal_msi, pad_is_ignored)
{
	struct kvm_msi msi = { .address_lo = KEV_MSI_ADDR, .data = VECTOR };

	memset(msi.pad, 0xff, sizeof(msi.pad));
	EXPECT_EQ(1, __kev_ioctl(self->vm, KVM_SIGNAL_MSI, &msi));
}

TEST_F(signal_msi, high_address_is_ignored_without_32_bit_ids)
{
	EXPECT_EQ(1, send_with(self->vm, 0xffffffff, 0));
	EXPECT_TRUE(lapic_irr(self->cpu0, VECTOR));
}

TEST_F(signal_msi, low_byte_of_high_address_with_32_bit_ids_is_EINVAL)
{
	KEV_REQUIRE_CAP(KVM_CAP_X2APIC_API);
	enable_cap(self->vm, KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS);
	EXPECT_ERRNO(EINVAL, send_with(self->vm, 0x01, 0));
	EXPECT_ERRNO(EINVAL, send_with(self->vm, 0xff, 0));
	EXPECT_EQ(0, lapic_count_irr(self->cpu0));
	EXPECT_EQ(1, send_with(self->vm, 0, 0));
}

TEST_F(signal_msi, high_address_is_the_destination_with_32_bit_ids)
{
	KEV_REQUIRE_CAP(KVM_CAP_X2APIC_API);
	enable_cap(self->vm, KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS);
	EXPECT_EQ(0, send_with(self->vm, 0x100, 0));
	EXPECT_EQ(0, lapic_count_irr(self->cpu0));
}

TEST_F(signal_msi, delivery_to_one_cpu_returns_1)
{
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(0), VECTOR));
	EXPECT_TRUE(lapic_irr(self->cpu0, VECTOR));
	EXPECT_EQ(0, lapic_count_irr(self->cpu1));
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(1), VECTOR));
	EXPECT_TRUE(lapic_irr(self->cpu1, VECTOR));
}

TEST_F(signal_msi, broadcast_returns_the_number_of_cpus)
{
	EXPECT_EQ(2, signal_msi(self->vm, KEV_MSI_DEST(0xff), VECTOR));
	EXPECT_TRUE(lapic_irr(self->cpu0, VECTOR));
	EXPECT_TRUE(lapic_irr(self->cpu1, VECTOR));
}

TEST_F(signal_msi, request_of_a_vector_already_requested_returns_1_too)
{
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(0), VECTOR));
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(0), VECTOR));
}

/* Ids that the destination map knows to be nobody's. */
TEST_F(signal_msi, destination_that_nobody_has_returns_0)
{
	EXPECT_EQ(0, __signal_msi(self->vm, KEV_MSI_DEST(7), VECTOR));
	EXPECT_EQ(0, __signal_msi(self->vm, KEV_MSI_DEST(200), VECTOR));
	EXPECT_EQ(0, __signal_msi(self->vm, KEV_MSI_DEST(7) | KEV_MSI_HINT,
				  VECTOR));
	EXPECT_EQ(0, lapic_count_irr(self->cpu0));
	EXPECT_EQ(0, lapic_count_irr(self->cpu1));
}

TEST_F(signal_msi, vm_without_a_cpu_is_EPERM)
{
	struct kev_machine m;

	kev_machine_create(&m, variant->chip, 0);
	EXPECT_ERRNO(EPERM, __signal_msi(m.vm, KEV_MSI_ADDR, VECTOR));
	kev_machine_destroy(&m);
}

TEST_F(signal_msi, disabled_lapic_takes_nothing)
{
	lapic_write_reg(self->cpu0, KEV_APIC_SPIV, 0xff);
	EXPECT_EQ(0, __signal_msi(self->vm, KEV_MSI_DEST(0), VECTOR));
	EXPECT_EQ(0, lapic_count_irr(self->cpu0));
}

TEST_F(signal_msi, every_vector_from_16_arrives)
{
	unsigned int vector;

	for (vector = 16; vector < 256; vector++) {
		EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(0), vector));
		EXPECT_TRUE(lapic_irr(self->cpu0, vector));
	}
	EXPECT_EQ(240, lapic_count_irr(self->cpu0));
}

TEST_F(signal_msi, edge_leaves_tmr_clear_and_level_sets_it)
{
	struct kvm_lapic_state s;

	signal_msi(self->vm, KEV_MSI_DEST(0), 0x41);
	signal_msi(self->vm, KEV_MSI_DEST(0),
		   KEV_MSI_LEVEL | KEV_MSI_ASSERT | 0x42);
	get_lapic(self->cpu0, &s);
	EXPECT_FALSE(lapic_test_vector(&s, KEV_APIC_TMR, 0x41));
	EXPECT_TRUE(lapic_test_vector(&s, KEV_APIC_IRR, 0x42));
	EXPECT_TRUE(lapic_test_vector(&s, KEV_APIC_TMR, 0x42));
}

static void set_logical_id(int vcpu, uint32_t dfr, uint8_t id)
{
	struct kvm_lapic_state s;

	get_lapic(vcpu, &s);
	lapic_set_reg(&s, KEV_APIC_DFR, dfr);
	lapic_set_reg(&s, KEV_APIC_LDR, (uint32_t)id << 24);
	set_lapic(vcpu, &s);
}

TEST_F(signal_msi, flat_logical_destination_is_a_bit_mask)
{
	set_logical_id(self->cpu0, ~0u, 0x04);
	set_logical_id(self->cpu1, ~0u, 0x08);
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(0x08) | KEV_MSI_LOGICAL,
				VECTOR));
	EXPECT_FALSE(lapic_irr(self->cpu0, VECTOR));
	EXPECT_TRUE(lapic_irr(self->cpu1, VECTOR));
	EXPECT_EQ(2, signal_msi(self->vm, KEV_MSI_DEST(0x0c) | KEV_MSI_LOGICAL,
				VECTOR + 1));
	EXPECT_TRUE(lapic_irr(self->cpu0, VECTOR + 1));
	EXPECT_TRUE(lapic_irr(self->cpu1, VECTOR + 1));
}

TEST_F(signal_msi, cluster_destination_is_a_cluster_and_a_bit_mask)
{
	set_logical_id(self->cpu0, 0x0fffffff, 0x11);
	set_logical_id(self->cpu1, 0x0fffffff, 0x21);
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(0x21) | KEV_MSI_LOGICAL,
				VECTOR));
	EXPECT_FALSE(lapic_irr(self->cpu0, VECTOR));
	EXPECT_TRUE(lapic_irr(self->cpu1, VECTOR));
}

/* With the logical modes mixed there is no map: every LAPIC is asked. */
TEST_F(signal_msi, logical_destination_that_nobody_has_is_EPERM_when_mixed)
{
	set_logical_id(self->cpu0, ~0u, 0x01);
	set_logical_id(self->cpu1, 0x0fffffff, 0x22);
	EXPECT_ERRNO(EPERM, __signal_msi(self->vm, KEV_MSI_DEST(0x40) |
					 KEV_MSI_LOGICAL, VECTOR));
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(0x22) | KEV_MSI_LOGICAL,
				VECTOR));
}

TEST_F(signal_msi, lowest_priority_goes_to_one_cpu)
{
	set_logical_id(self->cpu0, ~0u, 0x01);
	set_logical_id(self->cpu1, ~0u, 0x02);
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(0x03) | KEV_MSI_LOGICAL,
				KEV_MSI_LOWEST | VECTOR));
	EXPECT_EQ(1, lapic_count_irr(self->cpu0) +
		     lapic_count_irr(self->cpu1));
}

/*
 * KVM picks by a hash of the vector before it looks who is enabled, so that
 * such a message may be lost; it must not be delivered, or counted, wrongly.
 */
TEST_F(signal_msi, lowest_priority_never_goes_to_a_disabled_lapic)
{
	unsigned int i, sum = 0;

	set_logical_id(self->cpu0, ~0u, 0x01);
	set_logical_id(self->cpu1, ~0u, 0x02);
	lapic_write_reg(self->cpu0, KEV_APIC_SPIV, 0xff);
	for (i = 0; i < 8; i++)
		sum += signal_msi(self->vm,
				  KEV_MSI_DEST(0x03) | KEV_MSI_LOGICAL,
				  KEV_MSI_LOWEST | (VECTOR + i));
	EXPECT_EQ(0, lapic_count_irr(self->cpu0));
	EXPECT_EQ(sum, lapic_count_irr(self->cpu1));
	EXPECT_LT(0, sum);
}

TEST_F(signal_msi, nmi_is_delivered_and_requests_no_vector)
{
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(0), KEV_MSI_NMI | 0x55));
	EXPECT_EQ(0, lapic_count_irr(self->cpu0));
}

TEST_F(signal_msi, smi_is_delivered_and_requests_no_vector)
{
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(0), KEV_MSI_SMI));
	EXPECT_EQ(0, lapic_count_irr(self->cpu0));
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

TEST_F(no_chip, message_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __signal_msi(self->vm, KEV_MSI_ADDR, VECTOR));
}

TEST_F(no_chip, message_is_EINVAL_with_a_cpu_too)
{
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(EINVAL, __signal_msi(self->vm, KEV_MSI_ADDR, VECTOR));
}

TEST_F(no_chip, unreadable_argument_is_found_first)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SIGNAL_MSI,
					 KEV_BAD_PTR(struct kvm_msi)));
}

TEST_HARNESS_MAIN
