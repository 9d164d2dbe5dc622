// SPDX-License-Identifier: GPL-2.0
/* KVM_GET_LAPIC and KVM_SET_LAPIC, and the LAPIC's page in the vCPU fd. */
#include "kev_harness.h"

FIXTURE(lapic) {
	int vm;
	int cpu;
	int cpu1;
};

FIXTURE_VARIANT(lapic) {
	enum kev_chip chip;
};

FIXTURE_VARIANT_ADD(lapic, full_chip) {
	.chip = KEV_CHIP_FULL,
};

FIXTURE_VARIANT_ADD(lapic, split_chip) {
	.chip = KEV_CHIP_SPLIT,
};

FIXTURE_SETUP(lapic)
{
	KEV_REQUIRE_CHIP(variant->chip);
	self->vm = kev_create_vm();
	if (variant->chip == KEV_CHIP_FULL)
		create_irqchip(self->vm);
	else
		enable_cap(self->vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	self->cpu = create_vcpu(self->vm, 0);
	self->cpu1 = create_vcpu(self->vm, 1);
}

FIXTURE_TEARDOWN(lapic)
{
	close(self->cpu);
	close(self->cpu1);
	close(self->vm);
}

TEST_F(lapic, get_into_bad_pointer_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->cpu, KVM_GET_LAPIC,
					 KEV_BAD_PTR(struct kvm_lapic_state)));
}

TEST_F(lapic, set_from_bad_pointer_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->cpu, KVM_SET_LAPIC,
					 KEV_BAD_PTR(struct kvm_lapic_state)));
}

TEST_F(lapic, state_that_ends_past_its_page_is_EFAULT_and_changes_nothing)
{
	struct kvm_lapic_state *s = kev_alloc_at_page_end(sizeof(*s) - 1);
	struct kvm_lapic_state before, after;

	get_lapic(self->cpu, &before);
	memcpy(s, &before, sizeof(*s) - 1);
	lapic_set_reg(s, KEV_APIC_SPIV, 0x1ff);
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->cpu, KVM_SET_LAPIC, s));
	get_lapic(self->cpu, &after);
	EXPECT_EQ(lapic_reg(&before, KEV_APIC_SPIV),
		  lapic_reg(&after, KEV_APIC_SPIV));
	kev_free_page(s);
}

TEST_F(lapic, at_reset_it_is_disabled_and_masked)
{
	struct kvm_lapic_state s;
	unsigned int lvt;

	get_lapic(self->cpu1, &s);
	EXPECT_EQ(1u << 24, lapic_reg(&s, KEV_APIC_ID));
	EXPECT_EQ(0xff, lapic_reg(&s, KEV_APIC_SPIV));
	EXPECT_EQ(0xffffffff, lapic_reg(&s, KEV_APIC_DFR));
	EXPECT_EQ(0, lapic_reg(&s, KEV_APIC_LDR));
	EXPECT_EQ(0, lapic_reg(&s, KEV_APIC_TPR));
	for (lvt = KEV_APIC_LVTT; lvt <= KEV_APIC_LVTERR; lvt += 0x10) {
		if (lvt == KEV_APIC_LVT0)
			continue;
		EXPECT_EQ(0x10000, lapic_reg(&s, lvt))
			TH_LOG("LVT at %#x", lvt);
	}
}

TEST_F(lapic, lint0_of_the_boot_cpu_passes_the_8259)
{
	EXPECT_EQ(0x700, lapic_read_reg(self->cpu, KEV_APIC_LVT0));
}

TEST_F(lapic, version_is_an_integrated_lapic)
{
	uint32_t lvr = lapic_read_reg(self->cpu, KEV_APIC_LVR);

	EXPECT_EQ(0x14, lvr & 0xff);
	EXPECT_LE(5, lvr >> 16 & 0xff);
}

TEST_F(lapic, nothing_is_requested_or_in_service_at_reset)
{
	struct kvm_lapic_state s;
	unsigned int i;

	get_lapic(self->cpu, &s);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, lapic_reg(&s, KEV_APIC_IRR + 16 * i));
		EXPECT_EQ(0, lapic_reg(&s, KEV_APIC_ISR + 16 * i));
		EXPECT_EQ(0, lapic_reg(&s, KEV_APIC_TMR + 16 * i));
	}
}

TEST_F(lapic, registers_are_restored)
{
	static const struct {
		unsigned int off;
		uint32_t val;
	} regs[] = {
		{ KEV_APIC_TPR, 0x20 },
		{ KEV_APIC_LDR, 0x08000000 },
		{ KEV_APIC_DFR, 0x0fffffff },
		{ KEV_APIC_SPIV, 0x1f0 },
		{ KEV_APIC_ICR2, 0x05000000 },
		{ KEV_APIC_LVT1, 0x400 },
		{ KEV_APIC_LVTERR, 0x100fe },
		{ KEV_APIC_IRR + 0x20, 0x00010002 },
		{ KEV_APIC_ISR + 0x50, 0x00000100 },
		{ KEV_APIC_TMR + 0x20, 0x00010000 },
	};
	struct kvm_lapic_state s;
	size_t i;

	get_lapic(self->cpu, &s);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		lapic_set_reg(&s, regs[i].off, regs[i].val);
	set_lapic(self->cpu, &s);
	memset(&s, 0, sizeof(s));
	get_lapic(self->cpu, &s);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		EXPECT_EQ(regs[i].val, lapic_reg(&s, regs[i].off))
			TH_LOG("register %#x", regs[i].off);
}

TEST_F(lapic, set_of_what_get_said_changes_nothing)
{
	struct kvm_lapic_state s, again;

	get_lapic(self->cpu, &s);
	lapic_set_reg(&s, KEV_APIC_SPIV, 0x1ff);
	set_lapic(self->cpu, &s);
	get_lapic(self->cpu, &s);
	set_lapic(self->cpu, &s);
	get_lapic(self->cpu, &again);
	EXPECT_EQ(0, memcmp(&s, &again, sizeof(s)));
}

TEST_F(lapic, set_forgets_what_was_requested_before)
{
	struct kvm_lapic_state s;

	lapic_write_reg(self->cpu, KEV_APIC_SPIV, 0x1ff);
	get_lapic(self->cpu, &s);
	signal_msi(self->vm, KEV_MSI_ADDR, 0x51);
	EXPECT_TRUE(lapic_irr(self->cpu, 0x51));
	set_lapic(self->cpu, &s);
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
}

TEST_F(lapic, set_of_one_cpu_leaves_the_other)
{
	lapic_write_reg(self->cpu, KEV_APIC_SPIV, 0x1ff);
	EXPECT_EQ(0xff, lapic_read_reg(self->cpu1, KEV_APIC_SPIV));
}

TEST_F(lapic, any_bytes_are_survived)
{
	struct kvm_lapic_state s;

	memset(&s, 0xff, sizeof(s));
	__kev_ioctl(self->cpu, KVM_SET_LAPIC, &s);
	EXPECT_ERRNO(0, __kev_ioctl(self->cpu, KVM_GET_LAPIC, &s));
	__signal_msi(self->vm, KEV_MSI_DEST(0xff), 0x51);
}

/* Without a chip there is none. */

FIXTURE(no_lapic) {
	int vm;
	int cpu;
};

FIXTURE_SETUP(no_lapic)
{
	KEV_REQUIRE_PC();
	self->vm = kev_create_vm();
	self->cpu = create_vcpu(self->vm, 0);
}

FIXTURE_TEARDOWN(no_lapic)
{
	close(self->cpu);
	close(self->vm);
}

TEST_F(no_lapic, get_and_set_are_EINVAL)
{
	struct kvm_lapic_state s = {};

	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->cpu, KVM_GET_LAPIC, &s));
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->cpu, KVM_SET_LAPIC, &s));
}

TEST_F(no_lapic, is_found_before_a_bad_pointer)
{
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->cpu, KVM_GET_LAPIC,
					 KEV_BAD_PTR(struct kvm_lapic_state)));
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->cpu, KVM_SET_LAPIC,
					 KEV_BAD_PTR(struct kvm_lapic_state)));
}

TEST_F(no_lapic, its_page_is_nobodys)
{
	uint64_t val;

	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(self->cpu, KEV_APIC_BASE +
					     KEV_APIC_LVR, &val, 4));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, KEV_APIC_BASE +
					      KEV_APIC_TPR, 0, 4));
}

/* The page as the guest sees it. */

FIXTURE(page) {
	struct kev_machine m;
	int vm;
	int cpu;
};

FIXTURE_SETUP(page)
{
	KEV_REQUIRE_VCPU_IO();
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&self->m, KEV_CHIP_SPLIT, 2);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
}

FIXTURE_TEARDOWN(page)
{
	kev_machine_destroy(&self->m);
}

static uint32_t read_page(int cpu, unsigned int reg)
{
	return vcpu_read(cpu, KEV_APIC_BASE + reg, 4);
}

static void write_page(int cpu, unsigned int reg, uint32_t val)
{
	vcpu_write(cpu, KEV_APIC_BASE + reg, val, 4);
}

TEST_F(page, each_cpu_reads_its_own_id)
{
	EXPECT_EQ(0, read_page(self->cpu, KEV_APIC_ID));
	EXPECT_EQ(1u << 24, read_page(self->m.vcpu[1], KEV_APIC_ID));
}

TEST_F(page, a_written_register_is_read_back_by_get_lapic)
{
	write_page(self->cpu, KEV_APIC_TPR, 0x30);
	EXPECT_EQ(0x30, read_page(self->cpu, KEV_APIC_TPR));
	EXPECT_EQ(0x30, lapic_read_reg(self->cpu, KEV_APIC_TPR));
	write_page(self->cpu, KEV_APIC_SPIV, 0x1f0);
	EXPECT_EQ(0x1f0, lapic_read_reg(self->cpu, KEV_APIC_SPIV));
}

TEST_F(page, version_cannot_be_written)
{
	uint32_t lvr = read_page(self->cpu, KEV_APIC_LVR);

	write_page(self->cpu, KEV_APIC_LVR, ~lvr);
	EXPECT_EQ(lvr, read_page(self->cpu, KEV_APIC_LVR));
}

TEST_F(page, requests_cannot_be_written)
{
	write_page(self->cpu, KEV_APIC_IRR, ~0u);
	write_page(self->cpu, KEV_APIC_ISR, ~0u);
	EXPECT_EQ(0, read_page(self->cpu, KEV_APIC_IRR));
	EXPECT_EQ(0, read_page(self->cpu, KEV_APIC_ISR));
}

TEST_F(page, ipi_to_the_other_cpu_arrives)
{
	write_page(self->cpu, KEV_APIC_ICR2, 1u << 24);
	write_page(self->cpu, KEV_APIC_ICR, 0x4000 | 0x61);
	EXPECT_TRUE(lapic_irr(self->m.vcpu[1], 0x61));
	EXPECT_FALSE(lapic_irr(self->cpu, 0x61));
}

TEST_F(page, self_ipi_arrives)
{
	write_page(self->cpu, KEV_APIC_ICR, 1 << 18 | 0x4000 | 0x61);
	EXPECT_TRUE(lapic_irr(self->cpu, 0x61));
	EXPECT_FALSE(lapic_irr(self->m.vcpu[1], 0x61));
}

TEST_F(page, ipi_to_all_but_self_passes_the_sender)
{
	write_page(self->cpu, KEV_APIC_ICR, 3 << 18 | 0x4000 | 0x61);
	EXPECT_FALSE(lapic_irr(self->cpu, 0x61));
	EXPECT_TRUE(lapic_irr(self->m.vcpu[1], 0x61));
}

TEST_F(page, ioeventfd_in_the_page_never_fires)
{
	int fd = kev_eventfd(0);

	ioeventfd_assign(self->vm, fd, KEV_APIC_BASE + KEV_APIC_TPR, 4, 0, 0);
	write_page(self->cpu, KEV_APIC_TPR, 0x10);
	EXPECT_EQ(0, kev_count(fd));
	EXPECT_EQ(0x10, read_page(self->cpu, KEV_APIC_TPR));
	close(fd);
}

TEST_HARNESS_MAIN
