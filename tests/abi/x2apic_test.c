// SPDX-License-Identifier: GPL-2.0
/*
 * x2APIC mode, the APIC base MSR, the TSC deadline, and the EOIs that a split
 * chip's user space hears of.
 *
 * A guest's RDMSR and WRMSR are reads and writes of the module's vCPU fd.  For
 * the real KVM, KVM_GET_MSRS and KVM_SET_MSRS take their place, which reach the
 * same registers but can also change the mode where a guest could not.
 */
#include <sys/mman.h>

#include "kev_harness.h"

#define MSR_BASE		0x1b
#define MSR_DEADLINE		0x6e0
#define MSR_X2(offset)		(0x800 + ((offset) >> 4))

#define BASE_BSP		(1u << 8)
#define BASE_X2APIC		(1u << 10)
#define BASE_ENABLE		(1u << 11)

#define X2_SELF_IPI		0x3f0
#define LVTT_DEADLINE		(2u << 17)
#define LVT_MASKED		(1u << 16)

#define FAR			300	/* a vCPU id of more than 8 bits */

struct one_msr {
	struct kvm_msrs head;
	struct kvm_msr_entry entry;
};

/* 0, or -1 with EPERM where the guest would get #GP. */
static int wrmsr(int cpu, uint32_t msr, uint64_t val)
{
	struct one_msr m = { .head.nmsrs = 1, .entry = { .index = msr, .data = val } };
	int ret;

	if (kev_has_vcpu_io())
		return __vcpu_write(cpu, KVM_EVENTFD_OFF_MSR + msr, val, 8) == 8 ? 0 : -1;

	ret = ioctl(cpu, KVM_SET_MSRS, &m);
	errno = EPERM;
	return ret == 1 ? 0 : -1;
}

static int rdmsr(int cpu, uint32_t msr, uint64_t *val)
{
	struct one_msr m = { .head.nmsrs = 1, .entry.index = msr };
	int ret;

	if (kev_has_vcpu_io())
		return __vcpu_read(cpu, KVM_EVENTFD_OFF_MSR + msr, val, 8) == 8 ? 0 : -1;

	ret = ioctl(cpu, KVM_GET_MSRS, &m);
	*val = m.entry.data;
	errno = EPERM;
	return ret == 1 ? 0 : -1;
}

static uint64_t rd(int cpu, uint32_t msr)
{
	uint64_t val;

	kev_assert(!rdmsr(cpu, msr, &val), "RDMSR %#x", msr);
	return val;
}

static void wr(int cpu, uint32_t msr, uint64_t val)
{
	kev_assert(!wrmsr(cpu, msr, val), "WRMSR %#x of %#llx", msr,
		   (unsigned long long)val);
}

/* KVM's vCPU has no x2APIC before its CPUID says so. */
static void give_cpuid(int cpu)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[128];
	} cpuid = { .head.nent = 128 };
	unsigned int i;
	int node;

	if (kev_has_vcpu_io())
		return;
	node = kev_open();
	kev_assert(!ioctl(node, KVM_GET_SUPPORTED_CPUID, &cpuid), "supported CPUID");
	for (i = 0; i < cpuid.head.nent; i++)
		if (cpuid.entries[i].function == 1)
			cpuid.entries[i].ecx |= 1u << 24;
	kev_assert(!ioctl(cpu, KVM_SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
	close(node);
}

static void enable_x2apic(int cpu)
{
	wr(cpu, MSR_BASE, rd(cpu, MSR_BASE) | BASE_X2APIC);
	wr(cpu, MSR_X2(KEV_APIC_SPIV), 0x1ff);
}

FIXTURE(x2apic) {
	int vm;
	int cpu[3];
};

FIXTURE_VARIANT(x2apic) {
	enum kev_chip chip;
};

FIXTURE_VARIANT_ADD(x2apic, full_chip) {
	.chip = KEV_CHIP_FULL,
};

FIXTURE_VARIANT_ADD(x2apic, split_chip) {
	.chip = KEV_CHIP_SPLIT,
};

FIXTURE_SETUP(x2apic)
{
	static const unsigned int ids[] = { 0, 1, FAR };
	unsigned int i;

	KEV_REQUIRE_CHIP(variant->chip);
	self->vm = kev_create_vm();
	if (variant->chip == KEV_CHIP_FULL)
		create_irqchip(self->vm);
	else
		enable_cap(self->vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		self->cpu[i] = create_vcpu(self->vm, ids[i]);
		give_cpuid(self->cpu[i]);
	}
}

FIXTURE_TEARDOWN(x2apic)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(self->cpu); i++)
		close(self->cpu[i]);
	close(self->vm);
}

TEST_F(x2apic, starts_in_xapic_mode)
{
	uint64_t val;

	EXPECT_EQ(KEV_APIC_BASE | BASE_ENABLE | BASE_BSP, rd(self->cpu[0], MSR_BASE));
	EXPECT_EQ(KEV_APIC_BASE | BASE_ENABLE, rd(self->cpu[1], MSR_BASE));
	EXPECT_ERRNO(EPERM, rdmsr(self->cpu[0], MSR_X2(KEV_APIC_ID), &val));
	EXPECT_ERRNO(EPERM, wrmsr(self->cpu[0], MSR_X2(KEV_APIC_TPR), 0));
}

TEST_F(x2apic, ids_follow_from_the_vcpu_id)
{
	struct kvm_lapic_state s;

	enable_x2apic(self->cpu[1]);
	enable_x2apic(self->cpu[2]);
	EXPECT_EQ(1, rd(self->cpu[1], MSR_X2(KEV_APIC_ID)));
	EXPECT_EQ(2, rd(self->cpu[1], MSR_X2(KEV_APIC_LDR)));
	EXPECT_EQ(FAR, rd(self->cpu[2], MSR_X2(KEV_APIC_ID)));
	EXPECT_EQ((FAR >> 4) << 16 | 1u << (FAR & 15),
		  rd(self->cpu[2], MSR_X2(KEV_APIC_LDR)));
	get_lapic(self->cpu[1], &s);
	EXPECT_EQ(1u << 24, lapic_reg(&s, KEV_APIC_ID));
}

TEST_F(x2apic, registers_that_exist)
{
	static const struct {
		unsigned int off;
		bool readable;
		bool writable;
	} regs[] = {
		{ 0x000, false, false },
		{ KEV_APIC_ID, true, false },
		{ KEV_APIC_LVR, true, false },
		{ KEV_APIC_TPR, true, true },
		{ 0x090, false, false },
		{ KEV_APIC_PPR, true, false },
		{ KEV_APIC_EOI, false, true },
		{ 0x0c0, false, false },
		{ KEV_APIC_LDR, true, false },
		{ KEV_APIC_DFR, false, false },
		{ KEV_APIC_SPIV, true, true },
		{ KEV_APIC_ISR, true, false },
		{ KEV_APIC_TMR + 0x70, true, false },
		{ KEV_APIC_IRR, true, false },
		{ KEV_APIC_ESR, true, true },
		{ 0x2f0, false, false },
		{ KEV_APIC_ICR2, false, false },
		{ KEV_APIC_LVTT, true, true },
		{ KEV_APIC_LVT0, true, true },
		{ KEV_APIC_LVTERR, true, true },
		{ KEV_APIC_TMICT, true, true },
		{ 0x390, true, false },
		{ 0x3e0, true, true },
		{ X2_SELF_IPI, false, true },
		{ 0x400, false, false },
		{ 0xff0, false, false },
	};
	uint64_t val;
	unsigned int i;

	enable_x2apic(self->cpu[0]);
	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		TH_LOG("register at %#x", regs[i].off);
		EXPECT_ERRNO(regs[i].readable ? 0 : EPERM,
			     rdmsr(self->cpu[0], MSR_X2(regs[i].off), &val));
		EXPECT_ERRNO(regs[i].writable ? 0 : EPERM,
			     wrmsr(self->cpu[0], MSR_X2(regs[i].off), 0));
	}
}

TEST_F(x2apic, reserved_bits_are_a_fault_and_change_nothing)
{
	int cpu = self->cpu[0];

	enable_x2apic(cpu);
	wr(cpu, MSR_X2(KEV_APIC_TPR), 0x30);
	EXPECT_ERRNO(EPERM, wrmsr(cpu, MSR_X2(KEV_APIC_TPR), 1ull << 32));
	EXPECT_EQ(0x30, rd(cpu, MSR_X2(KEV_APIC_TPR)));
	EXPECT_ERRNO(EPERM, wrmsr(cpu, MSR_X2(KEV_APIC_ESR), 1));
	EXPECT_ERRNO(EPERM, wrmsr(cpu, MSR_X2(X2_SELF_IPI), 0x155));
}

TEST_F(x2apic, icr_has_64_bits)
{
	int cpu = self->cpu[0];

	if (!kev_has_vcpu_io() && kev_check_extension(KVM_CAP_X2APIC_API) <= 0)
		SKIP(return, "no 32-bit ids");
	enable_x2apic(cpu);
	enable_x2apic(self->cpu[2]);
	wr(cpu, MSR_X2(KEV_APIC_ICR), (uint64_t)FAR << 32 | 0x4061);
	EXPECT_EQ((uint64_t)FAR << 32 | 0x4061, rd(cpu, MSR_X2(KEV_APIC_ICR)));
	EXPECT_TRUE(lapic_irr(self->cpu[2], 0x61));
	EXPECT_FALSE(lapic_irr(cpu, 0x61));
}

TEST_F(x2apic, logical_destination_is_a_cluster_and_a_mask)
{
	enable_x2apic(self->cpu[0]);
	enable_x2apic(self->cpu[1]);
	enable_x2apic(self->cpu[2]);
	wr(self->cpu[0], MSR_X2(KEV_APIC_ICR), 3ull << 32 | 0x4862);
	EXPECT_TRUE(lapic_irr(self->cpu[0], 0x62));
	EXPECT_TRUE(lapic_irr(self->cpu[1], 0x62));
	EXPECT_FALSE(lapic_irr(self->cpu[2], 0x62));
}

TEST_F(x2apic, all_ones_reach_everybody)
{
	enable_x2apic(self->cpu[0]);
	enable_x2apic(self->cpu[1]);
	wr(self->cpu[0], MSR_X2(KEV_APIC_ICR), 0xffffffffull << 32 | 0x4063);
	EXPECT_TRUE(lapic_irr(self->cpu[0], 0x63));
	EXPECT_TRUE(lapic_irr(self->cpu[1], 0x63));
}

TEST_F(x2apic, ff_is_the_id_of_one_cpu_for_an_ipi)
{
	enable_x2apic(self->cpu[0]);
	enable_x2apic(self->cpu[1]);
	wr(self->cpu[0], MSR_X2(KEV_APIC_ICR), 0xffull << 32 | 0x4064);
	EXPECT_FALSE(lapic_irr(self->cpu[0], 0x64));
	EXPECT_FALSE(lapic_irr(self->cpu[1], 0x64));
}

TEST_F(x2apic, self_ipi)
{
	enable_x2apic(self->cpu[1]);
	wr(self->cpu[1], MSR_X2(X2_SELF_IPI), 0x65);
	EXPECT_TRUE(lapic_irr(self->cpu[1], 0x65));
	EXPECT_EQ(0, rd(self->cpu[1], MSR_X2(KEV_APIC_ICR)));
}

TEST_F(x2apic, eoi_ends_the_highest_vector)
{
	struct kvm_lapic_state s;
	int cpu = self->cpu[0];

	enable_x2apic(cpu);
	get_lapic(cpu, &s);
	lapic_set_reg(&s, KEV_APIC_ISR + 0x20, 1u << 5 | 1u << 9);
	set_lapic(cpu, &s);
	wr(cpu, MSR_X2(KEV_APIC_EOI), 0);
	EXPECT_EQ(1u << 5, rd(cpu, MSR_X2(KEV_APIC_ISR + 0x20)));
}

TEST_F(x2apic, restored_id_is_ignored)
{
	struct kvm_lapic_state s;

	enable_x2apic(self->cpu[1]);
	get_lapic(self->cpu[1], &s);
	lapic_set_reg(&s, KEV_APIC_ID, 7u << 24);
	lapic_set_reg(&s, KEV_APIC_LDR, 0x55);
	set_lapic(self->cpu[1], &s);
	EXPECT_EQ(1, rd(self->cpu[1], MSR_X2(KEV_APIC_ID)));
	EXPECT_EQ(2, rd(self->cpu[1], MSR_X2(KEV_APIC_LDR)));
}

TEST_F(x2apic, restored_id_of_32_bits_must_be_the_cpus)
{
	struct kvm_lapic_state s;

	enable_cap(self->vm, KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS);
	enable_x2apic(self->cpu[2]);
	get_lapic(self->cpu[2], &s);
	EXPECT_EQ(FAR, lapic_reg(&s, KEV_APIC_ID));
	set_lapic(self->cpu[2], &s);
	lapic_set_reg(&s, KEV_APIC_ID, FAR + 1);
	lapic_set_reg(&s, KEV_APIC_TPR, 0x40);
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->cpu[2], KVM_SET_LAPIC, &s));
	EXPECT_EQ(0, rd(self->cpu[2], MSR_X2(KEV_APIC_TPR)));
}

TEST_F(x2apic, msi_of_32_bits_reaches_a_high_id)
{
	struct kvm_msi msi = {
		.address_lo = KEV_MSI_DEST(FAR & 0xff),
		.address_hi = FAR & ~0xff,
		.data = 0x66,
	};

	enable_cap(self->vm, KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS);
	enable_x2apic(self->cpu[2]);
	EXPECT_EQ(1, kev_ioctl(self->vm, KVM_SIGNAL_MSI, &msi));
	EXPECT_TRUE(lapic_irr(self->cpu[2], 0x66));
}

TEST_F(x2apic, switching_off_and_on_resets_the_id_alone)
{
	int cpu = self->cpu[1];

	enable_x2apic(cpu);
	wr(cpu, MSR_X2(KEV_APIC_TPR), 0x50);
	wr(cpu, MSR_BASE, KEV_APIC_BASE);
	wr(cpu, MSR_BASE, KEV_APIC_BASE | BASE_ENABLE);
	EXPECT_EQ(0x50, lapic_read_reg(cpu, KEV_APIC_TPR));
	EXPECT_EQ(1u << 24, lapic_read_reg(cpu, KEV_APIC_ID));
	EXPECT_EQ(2, lapic_read_reg(cpu, KEV_APIC_LDR));
}

TEST_F(x2apic, base_of_reserved_bits_is_a_fault)
{
	EXPECT_ERRNO(EPERM, wrmsr(self->cpu[0], MSR_BASE, KEV_APIC_BASE | BASE_ENABLE | 1));
	EXPECT_ERRNO(EPERM, wrmsr(self->cpu[0], MSR_BASE, KEV_APIC_BASE | BASE_X2APIC));
	EXPECT_ERRNO(EPERM, wrmsr(self->cpu[0], MSR_BASE, 1ull << 52 | BASE_ENABLE));
}

TEST_F(x2apic, a_guest_changes_modes_one_way)
{
	int cpu = self->cpu[0];

	KEV_REQUIRE_MODULE("KVM_SET_MSRS is not bound by the guest's rules");
	enable_x2apic(cpu);
	EXPECT_ERRNO(EPERM, wrmsr(cpu, MSR_BASE, KEV_APIC_BASE | BASE_ENABLE));
	wr(cpu, MSR_BASE, KEV_APIC_BASE);
	EXPECT_ERRNO(EPERM, wrmsr(cpu, MSR_BASE, KEV_APIC_BASE | BASE_ENABLE | BASE_X2APIC));
	wr(cpu, MSR_BASE, KEV_APIC_BASE | BASE_ENABLE);
}

TEST_F(x2apic, the_page_says_nothing_in_x2apic_mode)
{
	KEV_REQUIRE_VCPU_IO();
	enable_x2apic(self->cpu[0]);
	EXPECT_EQ(0xffffffff, vcpu_read(self->cpu[0], KEV_APIC_BASE + KEV_APIC_ID, 4));
	vcpu_write(self->cpu[0], KEV_APIC_BASE + KEV_APIC_TPR, 0x70, 4);
	EXPECT_EQ(0, rd(self->cpu[0], MSR_X2(KEV_APIC_TPR)));
}

TEST_F(x2apic, the_page_can_be_moved)
{
	const uint64_t moved = 0xfed00000;
	uint64_t val;

	KEV_REQUIRE_VCPU_IO();
	wr(self->cpu[1], MSR_BASE, moved | BASE_ENABLE);
	EXPECT_EQ(1u << 24, vcpu_read(self->cpu[1], moved + KEV_APIC_ID, 4));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(self->cpu[1], KEV_APIC_BASE + KEV_APIC_ID,
					     &val, 4));
	EXPECT_EQ(0, vcpu_read(self->cpu[0], KEV_APIC_BASE + KEV_APIC_ID, 4));
}

TEST_F(x2apic, msr_accesses_have_8_bytes_and_a_taker)
{
	uint64_t val;

	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(EINVAL, __vcpu_read(self->cpu[0], KVM_EVENTFD_OFF_MSR + MSR_BASE, &val, 4));
	EXPECT_ERRNO(EINVAL, __vcpu_write(self->cpu[0], KVM_EVENTFD_OFF_MSR + MSR_BASE, 0, 0));
	EXPECT_ERRNO(EINVAL, __vcpu_read(self->cpu[0],
					 KVM_EVENTFD_OFF_MSR + (1ull << 32), &val, 8));
	EXPECT_ERRNO(EOPNOTSUPP, rdmsr(self->cpu[0], 0x10, &val));
	EXPECT_ERRNO(EOPNOTSUPP, wrmsr(self->cpu[0], 0x900, 0));
}

TEST_F(x2apic, deadline_is_kept_in_its_mode_alone)
{
	const uint64_t later = 1ull << 62;
	int cpu = self->cpu[0];

	enable_x2apic(cpu);
	wr(cpu, MSR_DEADLINE, later);
	EXPECT_EQ(0, rd(cpu, MSR_DEADLINE));
	wr(cpu, MSR_X2(KEV_APIC_LVTT), LVTT_DEADLINE | LVT_MASKED | 0x70);
	wr(cpu, MSR_DEADLINE, later);
	EXPECT_EQ(later, rd(cpu, MSR_DEADLINE));
	wr(cpu, MSR_X2(KEV_APIC_TMICT), 1000);
	EXPECT_EQ(0, rd(cpu, MSR_X2(KEV_APIC_TMICT)));
	wr(cpu, MSR_DEADLINE, 0);
	EXPECT_EQ(0, rd(cpu, MSR_DEADLINE));
	wr(cpu, MSR_DEADLINE, later);
	wr(cpu, MSR_X2(KEV_APIC_LVTT), LVT_MASKED | 0x70);
	EXPECT_EQ(0, rd(cpu, MSR_DEADLINE));
	wr(cpu, MSR_X2(KEV_APIC_LVTT), LVTT_DEADLINE | LVT_MASKED | 0x70);
	EXPECT_EQ(0, rd(cpu, MSR_DEADLINE));
}

TEST_F(x2apic, deadline_fires_and_is_forgotten)
{
	int cpu = self->cpu[0];

	KEV_REQUIRE_MODULE("KVM requests it when the vCPU runs");
	enable_x2apic(cpu);
	wr(cpu, MSR_X2(KEV_APIC_LVTT), LVTT_DEADLINE | 0x70);
	wr(cpu, MSR_DEADLINE, 1);
	EXPECT_EQ(0x70, ack_interrupt(cpu).vector);
	wr(cpu, MSR_X2(KEV_APIC_EOI), 0);
	EXPECT_EQ(0, rd(cpu, MSR_DEADLINE));
	wr(cpu, MSR_DEADLINE, __builtin_ia32_rdtsc() + 20000000);
	EXPECT_TRUE(vcpu_wait_pending(cpu));
	EXPECT_EQ(0x70, ack_interrupt(cpu).vector);
	EXPECT_EQ(0, rd(cpu, MSR_DEADLINE));
}

/* ---- EOIs that user space's IOAPIC hears of ----------------------------- */

#define PINS		4
#define VECTOR		0x45

FIXTURE(eoi) {
	int vm;
	int cpu[2];
	struct kvm_run *run;
	void *code;
};

/* The reference's guest leaves at once, again and again. */
static void load_guest(int vm, void *code)
{
	static const uint8_t loop[] = { 0xe6, 0x99, 0xeb, 0xfc };
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = 0xfffff000,
		.memory_size = 4096,
		.userspace_addr = (uintptr_t)code,
	};

	memcpy((char *)code + 0xff0, loop, sizeof(loop));
	kev_assert(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "memory");
}

FIXTURE_SETUP(eoi)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	self->vm = kev_create_vm();
	enable_cap(self->vm, KVM_CAP_SPLIT_IRQCHIP, PINS);
	self->cpu[0] = create_vcpu(self->vm, 0);
	self->cpu[1] = create_vcpu(self->vm, 1);
	give_cpuid(self->cpu[0]);
	give_cpuid(self->cpu[1]);
	self->code = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	self->run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, self->cpu[0], 0);
	if (!kev_has_vcpu_io())
		load_guest(self->vm, self->code);
	enable_x2apic(self->cpu[0]);
	enable_x2apic(self->cpu[1]);
}

FIXTURE_TEARDOWN(eoi)
{
	munmap(self->run, 4096);
	munmap(self->code, 4096);
	close(self->cpu[0]);
	close(self->cpu[1]);
	close(self->vm);
}

/* The vector that vCPU 0 reports, or -1. */
static int next_eoi(int cpu, struct kvm_run *run)
{
	struct kvm_eventfd_interrupt intr;

	if (kev_has_vcpu_io()) {
		if (__ack_interrupt(cpu, &intr))
			return -1;
		return intr.type == KVM_EVENTFD_INTR_IOAPIC_EOI ? (int)intr.vector : -2;
	}
	if (ioctl(cpu, KVM_RUN, 0))
		return -2;
	return run->exit_reason == KVM_EXIT_IOAPIC_EOI ? run->eoi.vector : -1;
}

/* Both look at the routes no sooner than the CPU runs. */
static void let_run(int cpu, struct kvm_run *run)
{
	if (kev_has_vcpu_io())
		wr(cpu, MSR_X2(KEV_APIC_EOI), 0);
	else
		next_eoi(cpu, run);
}

static void route(int vm, uint32_t gsi, uint32_t dest, uint32_t data)
{
	struct kev_routes *r = kev_routes_new();

	kev_route_msi(r, gsi, dest, data);
	set_gsi_routing(vm, r);
	free(r);
}

static void in_service(int cpu, uint8_t vector)
{
	struct kvm_lapic_state s;

	get_lapic(cpu, &s);
	lapic_set_reg(&s, KEV_APIC_ISR + vector / 32 * 16, 1u << vector % 32);
	set_lapic(cpu, &s);
}

TEST_F(eoi, of_a_reserved_level_pin_is_reported_once)
{
	route(self->vm, 1, 0, KEV_MSI_LEVEL | VECTOR);
	let_run(self->cpu[0], self->run);
	in_service(self->cpu[0], VECTOR);
	wr(self->cpu[0], MSR_X2(KEV_APIC_EOI), 0);
	EXPECT_EQ(VECTOR, next_eoi(self->cpu[0], self->run));
	EXPECT_EQ(-1, next_eoi(self->cpu[0], self->run));
}

/* A level vector of a reserved pin ends; is its EOI told? */
static bool is_told(int vm, int cpu, struct kvm_run *run)
{
	route(vm, 1, 0, KEV_MSI_LEVEL | VECTOR);
	let_run(cpu, run);
	in_service(cpu, VECTOR);
	wr(cpu, MSR_X2(KEV_APIC_EOI), 0);
	return next_eoi(cpu, run) == VECTOR;
}

#define SPIV_DIRECTED	0x1000
#define LVR_DIRECTED	(1u << 24)

/* A VMM that has not said that it knows directed EOIs hears of all. */
TEST_F(eoi, directed_by_the_guest_is_reported_nevertheless)
{
	EXPECT_TRUE(rd(self->cpu[0], MSR_X2(KEV_APIC_LVR)) & LVR_DIRECTED);
	wr(self->cpu[0], MSR_X2(KEV_APIC_SPIV), 0x1ff | SPIV_DIRECTED);
	EXPECT_TRUE(is_told(self->vm, self->cpu[0], self->run));
}

TEST_F(eoi, directed_by_the_guest_is_not_reported_where_enabled)
{
	KEV_SINCE(7, 3, "can it be enabled");
	enable_cap(self->vm, KVM_CAP_X2APIC_API, KVM_X2APIC_ENABLE_SUPPRESS_EOI_BROADCAST);
	EXPECT_TRUE(rd(self->cpu[0], MSR_X2(KEV_APIC_LVR)) & LVR_DIRECTED);
	EXPECT_TRUE(is_told(self->vm, self->cpu[0], self->run));
	wr(self->cpu[0], MSR_X2(KEV_APIC_SPIV), 0x1ff | SPIV_DIRECTED);
	EXPECT_FALSE(is_told(self->vm, self->cpu[0], self->run));
	wr(self->cpu[0], MSR_X2(KEV_APIC_SPIV), 0x1ff);
	EXPECT_TRUE(is_told(self->vm, self->cpu[0], self->run));
}

/* A version is read when the register is made: by a reset or a restored state. */
TEST_F(eoi, directed_ones_are_no_more_offered_where_disabled)
{
	struct kvm_lapic_state s;

	KEV_SINCE(7, 3, "can it be disabled");
	enable_cap(self->vm, KVM_CAP_X2APIC_API, KVM_X2APIC_DISABLE_SUPPRESS_EOI_BROADCAST);
	EXPECT_TRUE(rd(self->cpu[0], MSR_X2(KEV_APIC_LVR)) & LVR_DIRECTED);
	wr(self->cpu[0], MSR_X2(KEV_APIC_SPIV), 0x1ff | SPIV_DIRECTED);
	EXPECT_EQ(0x1ff | SPIV_DIRECTED, rd(self->cpu[0], MSR_X2(KEV_APIC_SPIV)));
	EXPECT_TRUE(is_told(self->vm, self->cpu[0], self->run));

	get_lapic(self->cpu[0], &s);
	set_lapic(self->cpu[0], &s);
	EXPECT_FALSE(rd(self->cpu[0], MSR_X2(KEV_APIC_LVR)) & LVR_DIRECTED);
	wr(self->cpu[0], MSR_X2(KEV_APIC_SPIV), 0x1ff | SPIV_DIRECTED);
	EXPECT_EQ(0x1ff, rd(self->cpu[0], MSR_X2(KEV_APIC_SPIV)));
}

TEST_F(eoi, of_an_edge_is_not_reported)
{
	route(self->vm, 1, 0, VECTOR);
	let_run(self->cpu[0], self->run);
	in_service(self->cpu[0], VECTOR);
	wr(self->cpu[0], MSR_X2(KEV_APIC_EOI), 0);
	EXPECT_EQ(-1, next_eoi(self->cpu[0], self->run));
}

TEST_F(eoi, of_a_gsi_that_is_no_pin_is_not_reported)
{
	route(self->vm, PINS, 0, KEV_MSI_LEVEL | VECTOR);
	let_run(self->cpu[0], self->run);
	in_service(self->cpu[0], VECTOR);
	wr(self->cpu[0], MSR_X2(KEV_APIC_EOI), 0);
	EXPECT_EQ(-1, next_eoi(self->cpu[0], self->run));
}

/* KVM looks for those when the CPU next runs. */
TEST_F(eoi, of_another_cpus_pin_is_reported_when_the_state_brought_it)
{
	route(self->vm, 1, 1, KEV_MSI_LEVEL | VECTOR);
	let_run(self->cpu[0], self->run);
	in_service(self->cpu[0], VECTOR);
	if (!kev_has_vcpu_io())
		let_run(self->cpu[0], self->run);
	wr(self->cpu[0], MSR_X2(KEV_APIC_EOI), 0);
	EXPECT_EQ(VECTOR, next_eoi(self->cpu[0], self->run));
}

TEST_F(eoi, of_a_vector_that_was_in_service_before_the_pin_went_is_reported)
{
	route(self->vm, 1, 0, KEV_MSI_LEVEL | VECTOR);
	let_run(self->cpu[0], self->run);
	in_service(self->cpu[0], VECTOR);
	route(self->vm, 1, 1, KEV_MSI_LEVEL | VECTOR);
	if (!kev_has_vcpu_io())
		let_run(self->cpu[0], self->run);
	wr(self->cpu[0], MSR_X2(KEV_APIC_EOI), 0);
	EXPECT_EQ(VECTOR, next_eoi(self->cpu[0], self->run));
}

TEST_F(eoi, poll_and_the_page_tell_of_it)
{
	struct kvm_eventfd_vcpu_state *state;

	KEV_REQUIRE_VCPU_IO();
	state = mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->cpu[0], 4096);
	ASSERT_NE(MAP_FAILED, (void *)state);
	route(self->vm, 1, 0, KEV_MSI_LEVEL | VECTOR);
	in_service(self->cpu[0], VECTOR);
	wr(self->cpu[0], MSR_X2(KEV_APIC_TPR), 0xff);
	EXPECT_FALSE(vcpu_poll_now(self->cpu[0]));
	wr(self->cpu[0], MSR_X2(KEV_APIC_EOI), 0);
	EXPECT_TRUE(vcpu_poll_now(self->cpu[0]));
	EXPECT_NE(0, state->pending);
	EXPECT_EQ(VECTOR, next_eoi(self->cpu[0], self->run));
	EXPECT_EQ(0, state->pending);
	munmap(state, 4096);
}

TEST_F(eoi, none_of_several_is_lost)
{
	struct kev_routes *r = kev_routes_new();
	unsigned int i, seen = 0;

	KEV_REQUIRE_MODULE("KVM leaves the guest between two EOIs");
	for (i = 0; i < 3; i++)
		kev_route_msi(r, i, 0, KEV_MSI_LEVEL | (VECTOR + i));
	set_gsi_routing(self->vm, r);
	free(r);
	for (i = 0; i < 3; i++) {
		in_service(self->cpu[0], VECTOR + i);
		wr(self->cpu[0], MSR_X2(KEV_APIC_EOI), 0);
	}
	for (i = 0; i < 3; i++)
		seen |= 1u << (next_eoi(self->cpu[0], self->run) - VECTOR);
	EXPECT_EQ(7, seen);
	EXPECT_EQ(-1, next_eoi(self->cpu[0], self->run));
}

TEST_HARNESS_MAIN
