// SPDX-License-Identifier: GPL-2.0
/* Values worth a try, by what a field means. */
#include "fuzz.h"

#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>

#define PIO(port)	(KVM_EVENTFD_OFF_PIO + (port))
#define MSR(nr)		(KVM_EVENTFD_OFF_MSR + (nr))

static const uint64_t bools[] = { 0, 1, 1, 2 };
static const uint64_t bits[] = { 0, 0, 1, 2, 3, 4, 8, 0x10, 0x80000000, ~0u };
static const uint64_t vm_types[] = {
	0, 0, 0, KVM_EVENTFD_VM_LINES, KVM_EVENTFD_VM_LINES, 1, ~0ull,
};

static const uint64_t caps[] = {
	KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_X2APIC_API, KVM_CAP_MAX_VCPU_ID,
	KVM_EVENTFD_CAP_MAX_ROUTES, KVM_CAP_IRQFD, KVM_CAP_IRQ_ROUTING,
	KVM_CAP_IRQCHIP, KVM_CAP_NR_VCPUS, KVM_CAP_COALESCED_MMIO,
	KVM_EVENTFD_CAP_BATCH, KVM_EVENTFD_CAP_MSR, KVM_CAP_PIT2,
	KVM_CAP_TSC_DEADLINE_TIMER, KVM_CAP_ENABLE_CAP_VM, KVM_CAP_MP_STATE,
	KVM_CAP_SET_BOOT_CPU_ID, 0, 10000,
};

static const uint64_t cap_args[] = {
	0, 1, 2, 3, 4, 24, 4095, 4096, 4097, 8192, 16384, 16385, 131072, 131073,
	~0ull, 1ull << 32,
};

static const uint64_t vcpu_ids[] = {
	0, 0, 1, 1, 2, 3, 15, 16, 255, 256, 4095, 16383, 16384, ~0u,
	1ull << 32,
};

static const uint64_t gsis[] = {
	0, 1, 2, 3, 4, 7, 8, 15, 16, 22, 23, 24, 25, 26, 63, 64, 1023, 4094,
	4095, 4096, 8191, 131071, 131072, 0x7fffffff, ~0u,
};

static const uint64_t pins[] = { 0, 1, 2, 4, 7, 8, 10, 23, 24, 255, ~0u };
static const uint64_t chips[] = { 0, 1, 2, 2, 3, ~0u };
static const uint64_t route_types[] = { 0, 1, 1, 2, 2, 2, 3, 4, 5, ~0u };

static const uint64_t msi_los[] = {
	0xfee00000, 0xfee01000, 0xfee02000, 0xfee03000, 0xfeeff000, 0xfee00004,
	0xfee01004, 0xfee0100c, 0xfee0000c, 0xfee0f00c, 0xfeeff00c, 0xfee01008,
	0xfee11004, 0xfee00ff0, 0, 0x12345678,
};

static const uint64_t msi_his[] = { 0, 0, 0, 0x100, 0xffffff00, 1, ~0u };

static const uint64_t msi_datas[] = {
	0x20, 0x41, 0x42, 0xef, 0xff, 0, 0x0f, 0x10, 0x141, 0x155, 0x241, 0x400,
	0x500, 0x4500, 0x8500, 0x608, 0x700, 0x300, 0xc041, 0x8041, 0xc141,
	0xffff0041,
};

static const uint64_t nrs[] = {
	0, 1, 2, 3, 4, 5, 8, 4095, 4096, 4097, 131072, 131073, 0x05555556,
	0x10000000, 0x80000000, ~0u,
};

static const uint64_t addrs[] = {
	0x1000, 0x1000, 0x1004, 0x1008, 0x500, 0x20, 0x40, 0x61, 0xffff, 3, 0,
	0xfec00000, 0xfec00008, 0xfee00000, 0xfee00ffc, (1ull << 52) - 4,
	1ull << 52, ~0ull, ~0ull - 3, 1ull << 60,
};

static const uint64_t lens[] = { 0, 1, 2, 4, 4, 4, 8, 8, 3, 5, 16, 0x1000, ~0u };
static const uint64_t bus_flags[] = { 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, ~0u };

static const uint64_t accesses[] = {
	0x1000, 0x1004, 0xffe, 0x2000, (1ull << 52) - 4, 1ull << 52, ~0ull,
	0xfec00000, 0xfec00010, 0xfec00010, 0xfec00040, 0xfec000ff,
	0xfee00020, 0xfee00030, 0xfee00080, 0xfee00080, 0xfee00090, 0xfee000a0,
	0xfee000b0, 0xfee000b0, 0xfee000d0, 0xfee000e0, 0xfee000f0, 0xfee000f0,
	0xfee00100, 0xfee00200, 0xfee00280, 0xfee002f0, 0xfee00300, 0xfee00300,
	0xfee00310, 0xfee00320, 0xfee00320, 0xfee00330, 0xfee00340, 0xfee00350,
	0xfee00360, 0xfee00370, 0xfee00380, 0xfee00380, 0xfee00390, 0xfee003e0,
	0xfee003f0, 0xfee00ffc, 0xfef00000,
	PIO(0x20), PIO(0x20), PIO(0x21), PIO(0x21), PIO(0xa0), PIO(0xa1),
	PIO(0x4d0), PIO(0x4d1), PIO(0x40), PIO(0x41), PIO(0x42), PIO(0x43),
	PIO(0x43), PIO(0x61), PIO(0x500), PIO(0xffff), PIO(0x10000),
	KVM_EVENTFD_OFF_CCW + 3, KVM_EVENTFD_OFF_CCW + 0x1000,
	KVM_EVENTFD_OFF_CCW + (1ull << 32),
	MSR(0x1b), MSR(0x1b), MSR(0x6e0), MSR(0x802), MSR(0x803), MSR(0x808),
	MSR(0x80a), MSR(0x80b), MSR(0x80d), MSR(0x80f), MSR(0x810), MSR(0x820),
	MSR(0x828), MSR(0x82f), MSR(0x830), MSR(0x832), MSR(0x837), MSR(0x838),
	MSR(0x839), MSR(0x83e), MSR(0x83f), MSR(0x83f), MSR(0x8ff), MSR(0x10),
};

static const uint64_t access_lens[] = { 4, 4, 4, 4, 1, 1, 8, 8, 2, 0, 3, 5, 6, 7, 9, 4096 };

static const uint64_t datas[] = {
	0, 1, 2, 4, 8, 0x10, 0x11, 0x13, 0x19, 0x20, 0x38, 0x60, 0x61, 0x62,
	0x80, 0xa0, 0xc0, 0xe0, 0x68, 0x48, 0x0a, 0x0b, 0x0c, 0x12, 0x30, 0x34,
	0x36, 0x3a, 0xb0, 0xc2, 0xd2, 0xe2, 0x41, 0xff, 0x1ff, 0x10ff, 0x11ff,
	0xef, 0x700, 0x8700, 0x10041, 0x20041, 0x30041, 0x40041, 0x60041,
	0x00041, 0x04500, 0x08500, 0x00608, 0x0400, 0x0200, 0x0841, 0x0c4500,
	0x40500, 0x8041, 0x18041, 0xa041, 0x10000, 0xfee00900, 0xfee00d00,
	0xfee00c00, 0xfee00000, 0xfef00900, 0x1000000, 0xff000000, ~0u,
	0x100000000ull, 0x100000000000041ull, 0x100000000008041ull,
	0xff00000000000841ull, 1000000000, ~0ull,
};

static const uint64_t regs[] = {
	0x20, 0x30, 0x80, 0xa0, 0xd0, 0xe0, 0xf0, 0x100, 0x120, 0x180, 0x200,
	0x220, 0x270, 0x280, 0x2f0, 0x300, 0x310, 0x320, 0x330, 0x340, 0x350,
	0x360, 0x370, 0x380, 0x390, 0x3e0, 0x3fc,
};

static const uint64_t chip_offs[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 48, 64, 128,
	192, 200, 208, 216, 504, 508,
};

static const uint64_t pit_offs[] = {
	0, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 28, 48, 64, 72, 76, 108,
};

static const uint64_t mp_states[] = { 0, 1, 2, 3, 4, 9, 10, ~0u };

static const uint64_t intrs[] = { 6, 6, 6, 6, 0, 1, 7, 8, ~0u };

static const uint64_t cmds[] = {
	KVM_RUN, KVM_GET_REGS, KVM_SET_SREGS, KVM_SET_CPUID2, KVM_GET_MSRS,
	KVM_TRANSLATE, KVM_SET_TSS_ADDR, KVM_GET_CLOCK, KVM_IRQFD, KVM_NMI,
	KVM_CREATE_VM, KVM_CREATE_IRQCHIP, KVM_CREATE_PIT, KVM_GET_DIRTY_LOG,
	KVM_CREATE_DEVICE, KVM_EVENTFD_ACK_INTERRUPT, 0, 0xae00, 0xaeff, 0xaedf,
	0x5401, ~0u,
};

static const uint64_t map_offs[] = {
	0, 1, 4096, 4100, 8192, 8196, 8200, 8208, 12287, 12288, 16376,
};

static const uint64_t stats_offs[] = { 0, 0, 4, 24, 64, 72, 256, 1000, 1ull << 62, ~0ull };
static const uint64_t stats_lens[] = { 8, 24, 64, 1, 0, 1024, 4096, 65536 };

#define LIST(values)	{ values, ARRAY_SIZE(values) }

static const struct {
	const uint64_t *values;
	unsigned int nr;
} lists[] = {
	[KIND_ANY] = LIST(datas),
	[KIND_BOOL] = LIST(bools),
	[KIND_BITS] = LIST(bits),
	[KIND_VM_TYPE] = LIST(vm_types),
	[KIND_CAP] = LIST(caps),
	[KIND_CAP_ARG] = LIST(cap_args),
	[KIND_VCPU_ID] = LIST(vcpu_ids),
	[KIND_GSI] = LIST(gsis),
	[KIND_PIN] = LIST(pins),
	[KIND_CHIP] = LIST(chips),
	[KIND_ROUTE_TYPE] = LIST(route_types),
	[KIND_MSI_LO] = LIST(msi_los),
	[KIND_MSI_HI] = LIST(msi_his),
	[KIND_MSI_DATA] = LIST(msi_datas),
	[KIND_NR] = LIST(nrs),
	[KIND_ADDR] = LIST(addrs),
	[KIND_LEN] = LIST(lens),
	[KIND_BUS_FLAGS] = LIST(bus_flags),
	[KIND_ACCESS] = LIST(accesses),
	[KIND_ACCESS_LEN] = LIST(access_lens),
	[KIND_DATA] = LIST(datas),
	[KIND_REG] = LIST(regs),
	[KIND_CHIP_OFF] = LIST(chip_offs),
	[KIND_PIT_OFF] = LIST(pit_offs),
	[KIND_MP_STATE] = LIST(mp_states),
	[KIND_INTR] = LIST(intrs),
	[KIND_CMD] = LIST(cmds),
	[KIND_MAP_OFF] = LIST(map_offs),
	[KIND_STATS_OFF] = LIST(stats_offs),
	[KIND_STATS_LEN] = LIST(stats_lens),
};

bool kind_is_slot(enum kind kind)
{
	return kind >= KIND_EV;
}

/* Mostly the first eventfds, so that calls meet. */
static uint64_t slot_value(enum kind kind, struct rng *rng)
{
	if (kind == KIND_EV_OR_NONE && rng_one_in(rng, 2))
		return NO_SLOT;
	if (kind == KIND_FD || rng_one_in(rng, 12))
		return rng_below(rng, NR_SLOTS);
	return slot_by_name("ev0") + rng_below(rng, rng_one_in(rng, 3) ? 8 : 3);
}

static uint64_t listed(enum kind kind, struct rng *rng)
{
	return lists[kind].values[rng_below(rng, lists[kind].nr)];
}

uint64_t kind_value(enum kind kind, struct rng *rng)
{
	if (kind_is_slot(kind))
		return slot_value(kind, rng);

	switch (rng_below(rng, 12)) {
	case 0:
		return rng_next(rng) >> rng_below(rng, 64);
	case 1:
		return listed(kind, rng) + rng_below(rng, 17) - 8;
	case 2:
		return rng_below(rng, 32);
	default:
		return listed(kind, rng);
	}
}

uint64_t kind_mutate(enum kind kind, uint64_t val, struct rng *rng)
{
	if (kind_is_slot(kind) || rng_one_in(rng, 2))
		return kind_value(kind, rng);
	if (rng_one_in(rng, 2))
		return val + rng_below(rng, 5) - 2;
	return val ^ 1ull << rng_below(rng, rng_one_in(rng, 2) ? 16 : 64);
}
