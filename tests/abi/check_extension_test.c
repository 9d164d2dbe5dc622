// SPDX-License-Identifier: GPL-2.0
/* KVM_CHECK_EXTENSION: the same answers on the node and on a VM. */
#include "kev_harness.h"

static int check_vm(long cap)
{
	int vm = kev_create_vm();
	int ret = kev_ioctl_val(vm, KVM_CHECK_EXTENSION, cap);

	close(vm);
	return ret;
}

FIXTURE(cap) {};

/* A value of -1 means: anything above 0.  What is optional may be 0. */
FIXTURE_VARIANT(cap) {
	long cap;
	int value;
	enum kev_chip chip;
	bool optional;
};

FIXTURE_SETUP(cap)
{
	if (variant->chip != KEV_CHIP_NONE)
		KEV_REQUIRE_CHIP(variant->chip);
}

FIXTURE_TEARDOWN(cap) {}

#define VARIANT(name)	FIXTURE_VARIANT_ADD(cap, name)
#define CAP(name, val, needs)						\
	.cap = KVM_CAP_##name, .value = (val), .chip = KEV_CHIP_##needs

VARIANT(IRQCHIP) {
	CAP(IRQCHIP, 1, FULL),
};

VARIANT(COALESCED_MMIO) {
	CAP(COALESCED_MMIO, 2, NONE),
	.optional = true,
};

VARIANT(EXT_CPUID) {
	CAP(EXT_CPUID, 1, SPLIT),
};

VARIANT(MP_STATE) {
	CAP(MP_STATE, 1, SPLIT),
};

VARIANT(IRQ_ROUTING) {
	CAP(IRQ_ROUTING, 4096, NONE),
	.optional = true,
};

VARIANT(IRQ_INJECT_STATUS) {
	CAP(IRQ_INJECT_STATUS, 1, NONE),
};

VARIANT(IRQFD) {
	CAP(IRQFD, 1, NONE),
	.optional = true,
};

VARIANT(IOEVENTFD) {
	CAP(IOEVENTFD, 1, NONE),
};

VARIANT(SET_BOOT_CPU_ID) {
	CAP(SET_BOOT_CPU_ID, 1, SPLIT),
};

VARIANT(SIGNAL_MSI) {
	CAP(SIGNAL_MSI, 1, SPLIT),
};

VARIANT(IRQFD_RESAMPLE) {
	CAP(IRQFD_RESAMPLE, 1, FULL),
	.optional = true,
};

VARIANT(ENABLE_CAP_VM) {
	CAP(ENABLE_CAP_VM, 1, NONE),
};

VARIANT(IOEVENTFD_NO_LENGTH) {
	CAP(IOEVENTFD_NO_LENGTH, 1, NONE),
};

VARIANT(CHECK_EXTENSION_VM) {
	CAP(CHECK_EXTENSION_VM, 1, NONE),
};

VARIANT(SPLIT_IRQCHIP) {
	CAP(SPLIT_IRQCHIP, 1, SPLIT),
};

VARIANT(IOEVENTFD_ANY_LENGTH) {
	CAP(IOEVENTFD_ANY_LENGTH, 1, NONE),
};

VARIANT(IMMEDIATE_EXIT) {
	CAP(IMMEDIATE_EXIT, 1, NONE),
};

VARIANT(MSI_DEVID) {
	CAP(MSI_DEVID, 0, SPLIT),
};

VARIANT(COALESCED_PIO) {
	CAP(COALESCED_PIO, 1, NONE),
	.optional = true,
};

VARIANT(BINARY_STATS_FD) {
	CAP(BINARY_STATS_FD, 1, NONE),
};

VARIANT(NR_VCPUS) {
	CAP(NR_VCPUS, -1, NONE),
};

VARIANT(MAX_VCPUS) {
	CAP(MAX_VCPUS, -1, NONE),
};

VARIANT(MAX_VCPU_ID) {
	CAP(MAX_VCPU_ID, -1, NONE),
};

TEST_F(cap, has_its_value_on_the_node_and_on_a_vm)
{
	int node = kev_check_extension(variant->cap);

	if (variant->optional && !node)
		SKIP(return, "%s does not offer it", kev_node());
	if (variant->value < 0)
		EXPECT_LT(0, node);
	if (variant->value >= 0)
		EXPECT_EQ(variant->value, node);
	EXPECT_EQ(node, check_vm(variant->cap));
}

static int x2apic_flags(int vm)
{
	return kev_ioctl_val(vm, KVM_CHECK_EXTENSION, KVM_CAP_X2APIC_API);
}

/* Without a split chip nobody could have directed EOIs. */
TEST(x2apic_flags_depend_on_the_chip)
{
	int vm[3];

	KEV_REQUIRE_CAP(KVM_CAP_X2APIC_API);
	KEV_SINCE(7, 3, "are there more than two");
	EXPECT_EQ(15, kev_check_extension(KVM_CAP_X2APIC_API));
	vm[0] = kev_create_vm();
	EXPECT_EQ(11, x2apic_flags(vm[0]));
	vm[1] = kev_create_vm();
	enable_cap(vm[1], KVM_CAP_SPLIT_IRQCHIP, 24);
	EXPECT_EQ(15, x2apic_flags(vm[1]));
	vm[2] = kev_create_vm();
	if (kev_has_chip(KEV_CHIP_FULL))
		create_irqchip(vm[2]);
	EXPECT_EQ(11, x2apic_flags(vm[2]));
	close(vm[0]);
	close(vm[1]);
	close(vm[2]);
}

TEST(unknown_capability_is_0)
{
	EXPECT_EQ(0, kev_check_extension(0x7fffffff));
	EXPECT_EQ(0, kev_check_extension(-1));
	EXPECT_EQ(0, check_vm(0x7fffffff));
	EXPECT_EQ(0, check_vm(-1));
}

TEST(vcpu_ids_are_at_least_as_many_as_vcpus)
{
	EXPECT_LE(kev_check_extension(KVM_CAP_MAX_VCPUS),
		  kev_check_extension(KVM_CAP_MAX_VCPU_ID));
	EXPECT_LE(kev_check_extension(KVM_CAP_NR_VCPUS),
		  kev_check_extension(KVM_CAP_MAX_VCPUS));
}

FIXTURE(not_offered) {};

FIXTURE_VARIANT(not_offered) {
	long cap;
};

FIXTURE_SETUP(not_offered)
{
	KEV_REQUIRE_MODULE("offers it");
}

FIXTURE_TEARDOWN(not_offered) {}

#define NOT_OFFERED(name)	FIXTURE_VARIANT_ADD(not_offered, name)

NOT_OFFERED(USER_MEMORY) {
	.cap = KVM_CAP_USER_MEMORY,
};

NOT_OFFERED(HYPERV_SYNIC) {
	.cap = KVM_CAP_HYPERV_SYNIC,
};

NOT_OFFERED(HYPERV_EVENTFD) {
	.cap = KVM_CAP_HYPERV_EVENTFD,
};

NOT_OFFERED(XEN_HVM) {
	.cap = KVM_CAP_XEN_HVM,
};

NOT_OFFERED(READONLY_MEM) {
	.cap = KVM_CAP_READONLY_MEM,
};

NOT_OFFERED(DEVICE_CTRL) {
	.cap = KVM_CAP_DEVICE_CTRL,
};

TEST_F(not_offered, is_0)
{
	EXPECT_EQ(0, kev_check_extension(variant->cap));
	EXPECT_EQ(0, check_vm(variant->cap));
}

TEST(guest_side_of_the_vcpu_fd_is_announced)
{
	KEV_REQUIRE_VCPU_IO();
	EXPECT_EQ(1, kev_check_extension(KVM_EVENTFD_CAP_VCPU_IO));
	EXPECT_EQ(1, check_vm(KVM_EVENTFD_CAP_VCPU_IO));
}

TEST_HARNESS_MAIN
