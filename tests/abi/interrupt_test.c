// SPDX-License-Identifier: GPL-2.0
/* KVM_INTERRUPT, KVM_NMI and the MP state of a vCPU. */
#include "kev_harness.h"

FIXTURE(interrupt) {
	struct kev_machine m;
	int cpu;
};

FIXTURE_VARIANT(interrupt) {
	enum kev_chip chip;
	uint32_t irq;
	int want;
	int want_again;
};

FIXTURE_VARIANT_ADD(interrupt, no_chip_is_accepted) {
	.chip = KEV_CHIP_NONE,
	.irq = 0x20,
};

FIXTURE_VARIANT_ADD(interrupt, last_vector_is_accepted) {
	.chip = KEV_CHIP_NONE,
	.irq = 255,
};

FIXTURE_VARIANT_ADD(interrupt, vector_256_is_EINVAL) {
	.chip = KEV_CHIP_NONE,
	.irq = 256,
	.want = EINVAL,
	.want_again = EINVAL,
};

FIXTURE_VARIANT_ADD(interrupt, largest_vector_is_EINVAL) {
	.chip = KEV_CHIP_SPLIT,
	.irq = ~0u,
	.want = EINVAL,
	.want_again = EINVAL,
};

FIXTURE_VARIANT_ADD(interrupt, full_chip_is_ENXIO) {
	.chip = KEV_CHIP_FULL,
	.irq = 0x20,
	.want = ENXIO,
	.want_again = ENXIO,
};

FIXTURE_VARIANT_ADD(interrupt, vector_256_is_found_before_the_full_chip) {
	.chip = KEV_CHIP_FULL,
	.irq = 256,
	.want = EINVAL,
	.want_again = EINVAL,
};

FIXTURE_VARIANT_ADD(interrupt, second_with_split_chip_is_EEXIST) {
	.chip = KEV_CHIP_SPLIT,
	.irq = 0x20,
	.want_again = EEXIST,
};

FIXTURE_SETUP(interrupt)
{
	KEV_REQUIRE_CHIP(variant->chip);
	kev_machine_create(&self->m, variant->chip, 1);
	self->cpu = self->m.vcpu[0];
}

FIXTURE_TEARDOWN(interrupt)
{
	kev_machine_destroy(&self->m);
}

static int __interrupt(int cpu, uint32_t irq)
{
	struct kvm_interrupt arg = { .irq = irq };

	return __kev_ioctl(cpu, KVM_INTERRUPT, &arg);
}

TEST_F(interrupt, first_and_second_say_so)
{
	EXPECT_ERRNO(variant->want, __interrupt(self->cpu, variant->irq));
	EXPECT_ERRNO(variant->want_again, __interrupt(self->cpu,
						      variant->irq));
}

TEST_F(interrupt, unreadable_argument_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->cpu, KVM_INTERRUPT,
					 KEV_BAD_PTR(struct kvm_interrupt)));
}

TEST_F(interrupt, nmi_is_accepted_with_any_chip)
{
	EXPECT_ERRNO(0, __kev_ioctl_val(self->cpu, KVM_NMI, 0));
	EXPECT_ERRNO(0, __kev_ioctl_val(self->cpu, KVM_NMI, 0));
}

/* What user space's own 8259 says, the CPU takes as from a kernel's. */

FIXTURE(taken) {
	struct kev_machine m;
	int cpu;
};

FIXTURE_VARIANT(taken) {
	enum kev_chip chip;
};

FIXTURE_VARIANT_ADD(taken, no_chip) {
	.chip = KEV_CHIP_NONE,
};

FIXTURE_VARIANT_ADD(taken, split_chip) {
	.chip = KEV_CHIP_SPLIT,
};

FIXTURE_SETUP(taken)
{
	KEV_REQUIRE_VCPU_IO();
	KEV_REQUIRE_CHIP(variant->chip);
	kev_machine_create(&self->m, variant->chip, 1);
	self->cpu = self->m.vcpu[0];
}

FIXTURE_TEARDOWN(taken)
{
	kev_machine_destroy(&self->m);
}

TEST_F(taken, vector_is_taken_once_and_then_there_is_room_for_another)
{
	struct kvm_eventfd_interrupt intr;

	EXPECT_FALSE(vcpu_poll_now(self->cpu));
	EXPECT_ERRNO(0, __interrupt(self->cpu, 0x20));
	EXPECT_TRUE(vcpu_poll_now(self->cpu));
	intr = ack_interrupt(self->cpu);
	EXPECT_EQ(KVM_EVENTFD_INTR_EXTINT, intr.type);
	EXPECT_EQ(0x20, intr.vector);
	EXPECT_ERRNO(EAGAIN, __ack_interrupt(self->cpu, &intr));
	EXPECT_ERRNO(0, __interrupt(self->cpu, 0x21));
	EXPECT_EQ(0x21, ack_interrupt(self->cpu).vector);
}

TEST_F(taken, nmi_is_taken_before_it)
{
	EXPECT_ERRNO(0, __interrupt(self->cpu, 0x20));
	kev_ioctl_val(self->cpu, KVM_NMI, 0);
	EXPECT_EQ(KVM_EVENTFD_INTR_NMI, ack_interrupt(self->cpu).type);
	EXPECT_EQ(KVM_EVENTFD_INTR_EXTINT, ack_interrupt(self->cpu).type);
}

/* MP state. */

FIXTURE(mp_state) {
	struct kev_machine m;
};

FIXTURE_VARIANT(mp_state) {
	enum kev_chip chip;
};

FIXTURE_VARIANT_ADD(mp_state, no_chip) {
	.chip = KEV_CHIP_NONE,
};

FIXTURE_VARIANT_ADD(mp_state, split_chip) {
	.chip = KEV_CHIP_SPLIT,
};

FIXTURE_SETUP(mp_state)
{
	KEV_REQUIRE_CHIP(variant->chip);
	kev_machine_create(&self->m, variant->chip, 2);
}

FIXTURE_TEARDOWN(mp_state)
{
	kev_machine_destroy(&self->m);
}

static uint32_t get_mp_state(int cpu)
{
	struct kvm_mp_state mp;

	kev_ioctl(cpu, KVM_GET_MP_STATE, &mp);
	return mp.mp_state;
}

static int __set_mp_state(int cpu, uint32_t state)
{
	struct kvm_mp_state mp = { .mp_state = state };

	return __kev_ioctl(cpu, KVM_SET_MP_STATE, &mp);
}

TEST_F(mp_state, boot_cpu_is_runnable)
{
	EXPECT_EQ(KVM_MP_STATE_RUNNABLE, get_mp_state(self->m.vcpu[0]));
}

TEST_F(mp_state, other_cpu_waits_for_init_when_it_has_a_lapic)
{
	EXPECT_EQ(variant->chip == KEV_CHIP_NONE ? KVM_MP_STATE_RUNNABLE :
		  KVM_MP_STATE_UNINITIALIZED, get_mp_state(self->m.vcpu[1]));
}

TEST_F(mp_state, halted_and_back)
{
	int want = variant->chip == KEV_CHIP_NONE ? EINVAL : 0;

	EXPECT_ERRNO(want, __set_mp_state(self->m.vcpu[0],
					  KVM_MP_STATE_HALTED));
	EXPECT_ERRNO(0, __set_mp_state(self->m.vcpu[0],
				       KVM_MP_STATE_RUNNABLE));
	EXPECT_EQ(KVM_MP_STATE_RUNNABLE, get_mp_state(self->m.vcpu[0]));
}

TEST_F(mp_state, bad_pointers_are_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->m.vcpu[0], KVM_GET_MP_STATE,
					 KEV_BAD_PTR(struct kvm_mp_state)));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->m.vcpu[0], KVM_SET_MP_STATE,
					 KEV_BAD_PTR(struct kvm_mp_state)));
}

TEST_HARNESS_MAIN
