// SPDX-License-Identifier: GPL-2.0
/* What a build does not offer: its capability is 0, and its ioctl ENOTTY. */
#include "kev_harness.h"

FIXTURE(offered) {
	int node;
	int vm;
	int vcpu;
};

FIXTURE_VARIANT(offered) {
	long cap;
	unsigned long cmd;
	enum { ON_VM, ON_VCPU, ON_NODE } on;
};

FIXTURE_SETUP(offered)
{
	self->node = kev_open();
	self->vm = kev_create_vm();
	self->vcpu = variant->on == ON_VCPU ? create_vcpu(self->vm, 0) : -1;
}

FIXTURE_TEARDOWN(offered)
{
	if (self->vcpu >= 0)
		close(self->vcpu);
	close(self->vm);
	close(self->node);
}

#define VARIANT(name)	FIXTURE_VARIANT_ADD(offered, name)

VARIANT(irqfd) { .cap = KVM_CAP_IRQFD, .cmd = KVM_IRQFD };
VARIANT(ioeventfd) { .cap = KVM_CAP_IOEVENTFD, .cmd = KVM_IOEVENTFD };
VARIANT(routing) { .cap = KVM_CAP_IRQ_ROUTING, .cmd = KVM_SET_GSI_ROUTING };
VARIANT(irq_line_status) {
	.cap = KVM_CAP_IRQ_INJECT_STATUS, .cmd = KVM_IRQ_LINE_STATUS
};
VARIANT(signal_msi) { .cap = KVM_CAP_SIGNAL_MSI, .cmd = KVM_SIGNAL_MSI };
VARIANT(irqchip) { .cap = KVM_CAP_IRQCHIP, .cmd = KVM_GET_IRQCHIP };
VARIANT(create_irqchip) { .cap = KVM_CAP_IRQCHIP, .cmd = KVM_CREATE_IRQCHIP };
VARIANT(pit) { .cap = KVM_CAP_PIT2, .cmd = KVM_CREATE_PIT2 };
VARIANT(boot_cpu_id) {
	.cap = KVM_CAP_SET_BOOT_CPU_ID, .cmd = KVM_SET_BOOT_CPU_ID
};
VARIANT(supported_cpuid) {
	.cap = KVM_CAP_EXT_CPUID, .cmd = KVM_GET_SUPPORTED_CPUID, .on = ON_NODE
};
VARIANT(lapic) {
	.cap = KVM_CAP_SPLIT_IRQCHIP, .cmd = KVM_GET_LAPIC, .on = ON_VCPU
};
VARIANT(mp_state) {
	.cap = KVM_CAP_MP_STATE, .cmd = KVM_GET_MP_STATE, .on = ON_VCPU
};
VARIANT(nmi) { .cap = KVM_CAP_USER_NMI, .cmd = KVM_NMI, .on = ON_VCPU };
VARIANT(stats) { .cap = KVM_CAP_BINARY_STATS_FD, .cmd = KVM_GET_STATS_FD };

/* No argument can be read: who has the ioctl says EFAULT, or needs none. */
TEST_F(offered, by_its_capability)
{
	int fd = variant->on == ON_VM ? self->vm :
		 variant->on == ON_VCPU ? self->vcpu : self->node;
	bool there = kev_check_extension(variant->cap) > 0;
	int seen = KEV_ERRNO(ioctl(fd, variant->cmd, kev_bad_ptr()));

	EXPECT_EQ(there, seen != ENOTTY)
		TH_LOG("errno %d", seen);
}

/* These are the module's own numbers. */

static const struct {
	long cap;
	unsigned long cmd;
} own[] = {
	{ KVM_CAP_IRQFD, KVM_EVENTFD_IRQFDS },
	{ KVM_CAP_IOEVENTFD, KVM_EVENTFD_IOEVENTFDS },
	{ KVM_EVENTFD_CAP_UPDATE_ROUTES, KVM_EVENTFD_UPDATE_ROUTES },
};

TEST(own_ones_by_their_capability)
{
	unsigned int i;
	int vm, want;

	KEV_REQUIRE_MODULE("has none of them");
	vm = kev_create_vm();
	for (i = 0; i < ARRAY_SIZE(own); i++) {
		want = kev_check_extension(own[i].cap) > 0 ? EFAULT : ENOTTY;
		EXPECT_ERRNO(want, ioctl(vm, own[i].cmd, kev_bad_ptr()));
	}
	want = kev_check_extension(KVM_EVENTFD_CAP_MAX_ROUTES) > 0 ? 0 : EINVAL;
	EXPECT_ERRNO(want, __enable_cap(vm, KVM_EVENTFD_CAP_MAX_ROUTES, 0,
					4096));
	close(vm);
}

/* Irqfds need no table, and a table no irqfds: what one has is its own. */
TEST(capabilities_agree)
{
	KEV_REQUIRE_MODULE("has all of them");
	EXPECT_FALSE(!kev_check_extension(KVM_CAP_IRQFD) &&
		     kev_check_extension(KVM_CAP_IRQFD_RESAMPLE));
	EXPECT_EQ(!kev_check_extension(KVM_CAP_IRQ_ROUTING),
		  !kev_check_extension(KVM_EVENTFD_CAP_UPDATE_ROUTES));
	EXPECT_EQ(!kev_check_extension(KVM_CAP_IRQ_ROUTING),
		  !kev_check_extension(KVM_EVENTFD_CAP_MAX_ROUTES));
	EXPECT_FALSE(kev_check_extension(KVM_CAP_IRQCHIP) &&
		     kev_check_extension(KVM_CAP_SPLIT_IRQCHIP) <= 0);
	EXPECT_FALSE(kev_check_extension(KVM_CAP_SPLIT_IRQCHIP) &&
		     kev_check_extension(KVM_CAP_IRQ_ROUTING) <= 0);
}

TEST_HARNESS_MAIN
