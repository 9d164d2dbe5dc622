// SPDX-License-Identifier: GPL-2.0
/* From a routing entry to LAPICs: MSIs, destinations, the map, the routes. */
#include <kunit/test.h>
#include <linux/kvm.h>
#include <linux/xarray.h>

#include <asm/apicdef.h>

#include <kev/base/compat.h>
#include <kev/machine/vcpu.h>
#include <kev/node/vm_fd.h>
#include <kev/x86/apicmap.h>
#include <kev/x86/ioapic.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

#include "x86_fixture.h"

#define VECTOR		0x41
#define FLAT		APIC_DFR_FLAT
#define CLUSTER		APIC_DFR_CLUSTER

/* An MSI's address: physical, logical, and with the redirection hint. */
#define PHYS(id)	(0xfee00000 | (id) << 12)
#define LOGICAL(id)	(PHYS(id) | BIT(2))
#define HINT		BIT(3)
#define LOWEST		(KEV_DM_LOWEST << 8)

/* MSI decode */

static const struct msi_case {
	const char *name;
	bool x2apic_format;
	u32 lo;
	u32 hi;
	u32 data;
	struct kev_lapic_irq irq;
} msi_cases[] = {
	{ "physical_fixed_edge", false, PHYS(0x12), 0, 0x4031,
	  { .dest_id = 0x12, .vector = 0x31, .level = true } },
	{ "logical", false, LOGICAL(0xf0), 0, 0x31,
	  { .dest_id = 0xf0, .vector = 0x31, .level = true, .logical = true } },
	{ "redirection_hint", false, PHYS(1) | HINT, 0, 0x31,
	  { .dest_id = 1, .vector = 0x31, .level = true, .redir_hint = true } },
	{ "level_is_always_asserted", false, PHYS(1), 0, 0x8031,
	  { .dest_id = 1, .vector = 0x31, .level = true, .trig_level = true } },
	{ "delivery_mode", false, PHYS(1), 0, 0x400,
	  { .dest_id = 1, .level = true, .delivery_mode = KEV_DM_NMI } },
	{ "upper_address_without_32_bit_ids", false, PHYS(1), 0x12345600, 0x31,
	  { .dest_id = 1, .vector = 0x31, .level = true } },
	{ "upper_address_with_32_bit_ids", true, PHYS(1), 0x12345600, 0x31,
	  { .dest_id = 0x12345601, .vector = 0x31, .level = true } },
	{ "window_is_not_looked_at", false, 0x1000, 0, 0x31,
	  { .dest_id = 1, .vector = 0x31, .level = true } },
};

x86_case_desc(msi_cases);

static void msi_is_decoded(struct kunit *test)
{
	const struct msi_case *c = test->param_value;
	struct kev_x86 x86 = { .x2apic_format = c->x2apic_format };
	struct kev_route route = {
		.msi.address_lo	= c->lo,
		.msi.address_hi	= c->hi,
		.msi.data	= c->data,
	};
	struct kev_lapic_irq irq;

	KUNIT_EXPECT_TRUE(test, kev_msi_is_valid(&x86, &route));
	kev_msi_decode(&x86, &route, &irq);
	KUNIT_EXPECT_EQ(test, irq.dest_id, c->irq.dest_id);
	KUNIT_EXPECT_EQ(test, irq.vector, c->irq.vector);
	KUNIT_EXPECT_EQ(test, irq.delivery_mode, c->irq.delivery_mode);
	KUNIT_EXPECT_EQ(test, irq.shorthand, KEV_SHORTHAND_NONE);
	KUNIT_EXPECT_EQ(test, irq.logical, c->irq.logical);
	KUNIT_EXPECT_EQ(test, irq.level, c->irq.level);
	KUNIT_EXPECT_EQ(test, irq.trig_level, c->irq.trig_level);
	KUNIT_EXPECT_EQ(test, irq.redir_hint, c->irq.redir_hint);
	KUNIT_EXPECT_NULL(test, irq.dest_map);
}

static void reserved_address_bits_matter_with_32_bit_ids(struct kunit *test)
{
	struct kev_route route = { .msi.address_hi = 1 };
	struct kev_x86 x86 = { };

	KUNIT_EXPECT_TRUE(test, kev_msi_is_valid(&x86, &route));
	x86.x2apic_format = true;
	KUNIT_EXPECT_FALSE(test, kev_msi_is_valid(&x86, &route));
}

/* Destination match */

static const struct match_case {
	const char *name;
	struct kev_lapic_view view;
	u32 dest;
	bool logical;
	bool quirk;
	bool match;
} match_cases[] = {
#define XAPIC(id, ldr_, dfr_)						\
	{ .x2apic_id = (id), .xapic_id = (id) & 0xff,			\
	  .ldr = (u32)(ldr_) << 24, .dfr = (dfr_),			\
	  .mode = KEV_LAPIC_XAPIC, .enabled = true }
#define X2APIC(id)							\
	{ .x2apic_id = (id), .ldr = ((id) >> 4) << 16 | 1 << ((id) & 15),\
	  .mode = KEV_LAPIC_X2APIC, .enabled = true }

	{ "physical_own_id", XAPIC(3, 0, FLAT), 3, false, true, true },
	{ "physical_other_id", XAPIC(3, 0, FLAT), 4, false, true, false },
	{ "physical_broadcast", XAPIC(3, 0, FLAT), 0xff, false, true, true },
	{ "physical_long_id_is_the_vcpu_id", XAPIC(0x103, 0, FLAT), 0x103,
	  false, true, true },
	{ "physical_wrapped_id", XAPIC(0x103, 0, FLAT), 3, false, true, true },
	{ "physical_32_bit_broadcast_is_not_the_xapics", XAPIC(3, 0, FLAT), ~0,
	  false, true, false },
	{ "flat_bit", XAPIC(0, 0x04, FLAT), 0x06, true, true, true },
	{ "flat_other_bit", XAPIC(0, 0x04, FLAT), 0x02, true, true, false },
	{ "flat_several_bits_of_its_own", XAPIC(0, 0x0c, FLAT), 0x08, true, true,
	  true },
	{ "flat_broadcast", XAPIC(0, 0x00, FLAT), 0xff, true, true, true },
	{ "flat_without_logical_id", XAPIC(0, 0x00, FLAT), 0x7f, true, true,
	  false },
	{ "cluster_and_bit", XAPIC(0, 0x34, CLUSTER), 0x3c, true, true, true },
	{ "other_cluster", XAPIC(0, 0x34, CLUSTER), 0x4c, true, true, false },
	{ "cluster_other_bit", XAPIC(0, 0x34, CLUSTER), 0x3b, true, true,
	  false },
	{ "cluster_broadcast", XAPIC(0, 0x34, CLUSTER), 0xff, true, true,
	  true },
	{ "reserved_model_matches_nothing", XAPIC(0, 0x04, 0x1fffffff), 0x04,
	  true, true, false },
	{ "reserved_model_hears_broadcasts", XAPIC(0, 0x04, 0x1fffffff), 0xff,
	  true, true, true },
	{ "x2apic_physical", X2APIC(0x103), 0x103, false, true, true },
	{ "x2apic_physical_has_no_short_id", X2APIC(0x103), 3, false, true,
	  false },
	{ "x2apic_broadcast", X2APIC(3), ~0, false, false, true },
	{ "x2apic_short_broadcast_by_quirk", X2APIC(3), 0xff, false, true,
	  true },
	{ "x2apic_short_broadcast_without_quirk", X2APIC(3), 0xff, false, false,
	  false },
	{ "x2apic_cluster", X2APIC(0x23), 0x2000c, true, true, true },
	{ "x2apic_other_cluster", X2APIC(0x23), 0x3000c, true, true, false },
#undef XAPIC
#undef X2APIC
};

x86_case_desc(match_cases);

static void destination_matches(struct kunit *test)
{
	const struct match_case *c = test->param_value;
	struct kev_lapic_irq irq = {
		.dest_id	= c->dest,
		.logical	= c->logical,
	};

	KUNIT_EXPECT_EQ(test, kev_dest_matches(&c->view, &irq, c->quirk),
			c->match);
}

/* Delivery to a machine */

#define CPUS	4

/* Logical models of a machine; the last two are what no map can express. */
enum model {
	MODEL_FLAT,
	MODEL_CLUSTER,
	MODEL_MIXED,
	MODEL_ALIASED,
};

static void set_model(struct kev_vcpu *vcpu, enum model model)
{
	bool cluster = model == MODEL_CLUSTER ||
		       (model == MODEL_MIXED && vcpu->id == 3);
	u32 id = cluster ? (vcpu->id / 2) << 4 | 1 << vcpu->id % 2 :
			   1 << vcpu->id;

	x86_lapic_write(vcpu, APIC_DFR, cluster ? CLUSTER : FLAT);
	x86_lapic_write(vcpu, APIC_LDR, id << 24);
	if (model == MODEL_ALIASED && vcpu->id == 3)
		x86_lapic_write(vcpu, APIC_ID, 2 << 24);
}

/* All but @disabled are enabled. */
static struct kev_machine *model_machine(struct kunit *test, enum model model,
					 u32 disabled)
{
	struct kev_machine *machine = x86_machine(test, CPUS);
	struct kev_vcpu *vcpu;
	unsigned long id;

	xa_for_each(&machine->vcpus, id, vcpu) {
		set_model(vcpu, model);
		if (!(disabled & BIT(id)))
			x86_lapic_enable(vcpu);
	}

	return machine;
}

/* Which CPUs have the vector requested.  Forgets it. */
static u32 took(struct kev_machine *machine, u8 vector)
{
	struct kev_vcpu *vcpu;
	unsigned long id;
	u32 mask = 0;

	xa_for_each(&machine->vcpus, id, vcpu) {
		if (!x86_requested(vcpu, vector))
			continue;
		mask |= BIT(id);
		x86_ack(vcpu);
		x86_lapic_write(vcpu, APIC_EOI, 0);
	}

	return mask;
}

static int signal_msi(struct kev_machine *machine, u32 lo, u32 data)
{
	return kev_signal_msi(kev_x86(machine), lo, 0, data);
}

static const struct deliver_case {
	const char *name;
	enum model model;
	u32 disabled;
	u32 lo;
	u32 data;
	int ret;
	u32 cpus;
} deliver_cases[] = {
	{ "physical", MODEL_FLAT, 0, PHYS(2), VECTOR, 1, 0x4 },
	{ "physical_absent_is_not_taken", MODEL_FLAT, 0, PHYS(9), VECTOR, 0, 0 },
	{ "physical_disabled_is_not_taken", MODEL_FLAT, 0x4, PHYS(2), VECTOR, 0,
	  0 },
	{ "physical_broadcast", MODEL_FLAT, 0, PHYS(0xff), VECTOR, 4, 0xf },
	{ "broadcast_skips_disabled", MODEL_FLAT, 0x2, PHYS(0xff), VECTOR, 3,
	  0xd },
	{ "physical_lowest_broadcast_goes_to_all", MODEL_FLAT, 0, PHYS(0xff),
	  VECTOR | LOWEST, 4, 0xf },
	{ "physical_hint_broadcast_goes_to_one", MODEL_FLAT, 0,
	  PHYS(0xff) | HINT, VECTOR, 1, 0x2 },
	{ "flat_one", MODEL_FLAT, 0, LOGICAL(0x4), VECTOR, 1, 0x4 },
	{ "flat_several", MODEL_FLAT, 0, LOGICAL(0xa), VECTOR, 2, 0xa },
	{ "flat_absent", MODEL_FLAT, 0, LOGICAL(0x30), VECTOR, 0, 0 },
	{ "flat_skips_disabled", MODEL_FLAT, 0x8, LOGICAL(0xa), VECTOR, 1, 0x2 },
	{ "flat_broadcast", MODEL_FLAT, 0, LOGICAL(0xff), VECTOR, 4, 0xf },
	{ "flat_lowest_by_vector", MODEL_FLAT, 0, LOGICAL(0xa), 0x40 | LOWEST, 1,
	  0x2 },
	{ "flat_lowest_by_next_vector", MODEL_FLAT, 0, LOGICAL(0xa),
	  0x41 | LOWEST, 1, 0x8 },
	{ "flat_lowest_on_a_disabled_cpu_is_dropped", MODEL_FLAT, 0x8,
	  LOGICAL(0xa), 0x41 | LOWEST, 0, 0 },
	{ "flat_hint_is_lowest", MODEL_FLAT, 0, LOGICAL(0x7) | HINT, 0x42, 1,
	  0x1 },
	{ "flat_lowest_broadcast_counts_candidates", MODEL_FLAT, 0x1,
	  LOGICAL(0xff), 0x43 | LOWEST, 1, 0x4 },
	{ "lowest_broadcast_without_candidate", MODEL_FLAT, 0xf, LOGICAL(0xff),
	  0x41 | LOWEST, -1, 0 },
	{ "cluster_one", MODEL_CLUSTER, 0, LOGICAL(0x12), VECTOR, 1, 0x8 },
	{ "cluster_both", MODEL_CLUSTER, 0, LOGICAL(0x03), VECTOR, 2, 0x3 },
	{ "cluster_absent", MODEL_CLUSTER, 0, LOGICAL(0x23), VECTOR, 0, 0 },
	{ "cluster_broadcast", MODEL_CLUSTER, 0, LOGICAL(0xff), VECTOR, 4, 0xf },
	{ "cluster_lowest", MODEL_CLUSTER, 0, LOGICAL(0x13), 0x41 | LOWEST, 1,
	  0x8 },
	{ "mixed_flat_part", MODEL_MIXED, 0, LOGICAL(0x5), VECTOR, 2, 0x5 },
	{ "mixed_cluster_part", MODEL_MIXED, 0, LOGICAL(0x12), VECTOR, 2, 0xa },
	{ "mixed_without_candidate", MODEL_MIXED, 0, LOGICAL(0x40), VECTOR, -1,
	  0 },
	{ "mixed_physical", MODEL_MIXED, 0, PHYS(3), VECTOR, 1, 0x8 },
	{ "aliased_id_reaches_both", MODEL_ALIASED, 0, PHYS(2), VECTOR, 2, 0xc },
	{ "aliased_absent_has_no_candidate", MODEL_ALIASED, 0, PHYS(3), VECTOR,
	  -1, 0 },
	{ "all_disabled_flat", MODEL_FLAT, 0xf, LOGICAL(0x1), VECTOR, 0, 0 },
	{ "vector_below_16_is_taken", MODEL_FLAT, 0, PHYS(1), 0x05, 1, 0x2 },
};

x86_case_desc(deliver_cases);

static void message_finds_its_cpus(struct kunit *test)
{
	const struct deliver_case *c = test->param_value;
	struct kev_machine *machine = model_machine(test, c->model, c->disabled);

	KUNIT_EXPECT_EQ(test, signal_msi(machine, c->lo, c->data), c->ret);
	KUNIT_EXPECT_EQ(test, took(machine, c->data & 0xff), c->cpus);
}

/*
 * The same, without a map: where it resolves, it must agree.  But a
 * lowest-priority message that falls on a disabled CPU is dropped by the map
 * alone, as by KVM's.
 */
static void map_agrees_with_asking_everyone(struct kunit *test)
{
	const struct deliver_case *c = test->param_value;
	struct kev_machine *machine = model_machine(test, c->model, c->disabled);
	bool dropped = c->disabled == 0x8 && c->data & LOWEST;
	struct kev_route route = {
		.msi.address_lo	= c->lo,
		.msi.data	= c->data,
	};
	struct kev_lapic_irq irq;
	int ret;

	kev_msi_decode(kev_x86(machine), &route, &irq);
	kev_apic_map_invalidate(kev_x86(machine));
	ret = kev_irq_deliver(kev_x86(machine), NULL, &irq);
	KUNIT_EXPECT_EQ(test, max(ret, 0), dropped ? 1 : max(c->ret, 0));
	KUNIT_EXPECT_EQ(test, took(machine, c->data & 0xff),
			dropped ? 0x2 : c->cpus);
}

/* IPIs */

static const struct ipi_case {
	const char *name;
	u32 high;
	u32 low;
	u32 cpus;
} ipi_cases[] = {
	{ "physical", 2 << 24, VECTOR, 0x4 },
	{ "physical_to_itself", 1 << 24, VECTOR, 0x2 },
	{ "physical_broadcast", 0xff000000, VECTOR, 0xf },
	{ "logical", 0x0c000000, VECTOR | APIC_DEST_LOGICAL, 0xc },
	{ "self", 0, VECTOR | APIC_DEST_SELF, 0x2 },
	{ "all", 0, VECTOR | APIC_DEST_ALLINC, 0xf },
	{ "all_but_self", 0, VECTOR | APIC_DEST_ALLBUT, 0xd },
	{ "asserted_edge", 2 << 24, VECTOR | APIC_INT_ASSERT, 0x4 },
	{ "level_deassert_says_nothing", 2 << 24, VECTOR | APIC_INT_LEVELTRIG,
	  0 },
	{ "level_assert", 2 << 24,
	  VECTOR | APIC_INT_LEVELTRIG | APIC_INT_ASSERT, 0x4 },
};

x86_case_desc(ipi_cases);

static void ipi_finds_its_cpus(struct kunit *test)
{
	const struct ipi_case *c = test->param_value;
	struct kev_machine *machine = model_machine(test, MODEL_FLAT, 0);
	struct kev_vcpu *src = x86_vcpu(test, machine, 1);

	x86_lapic_write(src, APIC_ICR2, c->high);
	x86_lapic_write(src, APIC_ICR, c->low | APIC_ICR_BUSY);
	KUNIT_EXPECT_EQ(test, took(machine, VECTOR), c->cpus);
	KUNIT_EXPECT_EQ(test, x86_lapic_read(src, APIC_ICR), c->low);
}

/* The map over time */

static int irqfd_msi(struct kev_machine *machine, u32 lo, u32 hi)
{
	struct kev_route route = {
		.type		= KVM_IRQ_ROUTING_MSI,
		.msi.address_lo	= lo,
		.msi.address_hi	= hi,
		.msi.data	= VECTOR,
	};
	struct kev_irq irq = { .level = true };
	unsigned long flags;
	int ret;

	local_irq_save(flags);
	ret = kev_deliver_atomic(machine, &route, &irq);
	local_irq_restore(flags);

	return ret;
}

static void stale_map_needs_process_context(struct kunit *test)
{
	struct kev_machine *machine = model_machine(test, MODEL_FLAT, 0);
	struct kev_vcpu *vcpu = x86_vcpu(test, machine, 1);

	kev_apic_map_invalidate(kev_x86(machine));
	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(1), 0), -EWOULDBLOCK);
	kev_apic_map_sync(kev_x86(machine));
	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(1), 0), 1);
	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(0xff), 0), -EWOULDBLOCK);

	/* The map follows a register at once. */
	x86_lapic_write(vcpu, APIC_ID, 8 << 24);
	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(8), 0), 1);
	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(1), 0), 0);
}

static void lowering_a_line_needs_no_map(struct kunit *test)
{
	struct kev_route route = {
		.type				= KVM_IRQ_ROUTING_IRQCHIP,
		.chips				= BIT(KVM_IRQCHIP_IOAPIC),
		.pin[KVM_IRQCHIP_IOAPIC]	= 5,
	};
	struct kev_irq irq = { };
	struct kev_machine *machine;

	if (!IS_ENABLED(CONFIG_KVM_EVENTFD_IOAPIC))
		kunit_skip(test, "needs the IOAPIC");

	machine = x86_full_machine(test, 1);
	kev_apic_map_invalidate(kev_x86(machine));
	KUNIT_EXPECT_EQ(test, kev_deliver(machine, &route, &irq), 1);
	KUNIT_EXPECT_TRUE(test, kev_apic_map_is_stale(kev_x86(machine)));
	irq.level = true;
	KUNIT_EXPECT_EQ(test, kev_deliver(machine, &route, &irq), -1);
	KUNIT_EXPECT_FALSE(test, kev_apic_map_is_stale(kev_x86(machine)));
}

/* However often a guest changes its registers: one table, of one size. */
static void map_is_changed_in_place(struct kunit *test)
{
	struct kev_machine *machine = model_machine(test, MODEL_FLAT, 0);
	struct kev_vcpu *vcpu = x86_add_vcpu(test, machine, KEV_MAX_VCPU_IDS - 1);
	struct kev_apic_map *map = rcu_access_pointer(kev_x86(machine)->map);
	unsigned int i;

	for (i = 0; i < 50; i++) {
		x86_lapic_write(vcpu, APIC_SPIV, i & 1 ? 0xff : 0x1ff);
		x86_lapic_write(x86_vcpu(test, machine, 1), APIC_ID, i << 24);
		KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(i), 0),
				i == 0 || i == 2 || i == 3 ? -EWOULDBLOCK : 1);
		KUNIT_EXPECT_PTR_EQ(test, map,
				    rcu_access_pointer(kev_x86(machine)->map));
	}
}

static void lookup_is_not_believed_after_a_change(struct kunit *test)
{
	struct kev_machine *machine = model_machine(test, MODEL_FLAT, 0);
	struct kev_x86 *x86 = kev_x86(machine);
	s64 gen;

	rcu_read_lock();
	KUNIT_EXPECT_NOT_NULL(test, kev_apic_map_begin(x86, &gen));
	KUNIT_EXPECT_FALSE(test, kev_apic_map_retry(x86, gen));
	kev_apic_map_invalidate(x86);
	KUNIT_EXPECT_TRUE(test, kev_apic_map_retry(x86, gen));
	rcu_read_unlock();
}

static void added_cpu_is_found(struct kunit *test)
{
	struct kev_machine *machine = model_machine(test, MODEL_FLAT, 0);

	KUNIT_EXPECT_EQ(test, signal_msi(machine, PHYS(4), VECTOR), 0);
	x86_lapic_enable(x86_add_vcpu(test, machine, 4));
	KUNIT_EXPECT_EQ(test, signal_msi(machine, PHYS(4), VECTOR), 1);
}

static void id_beyond_the_map_finds_nothing(struct kunit *test)
{
	struct kvm_enable_cap cap = {
		.cap	= KVM_CAP_X2APIC_API,
		.args	= { KVM_X2APIC_API_USE_32BIT_IDS },
	};
	struct kev_machine *machine = model_machine(test, MODEL_FLAT, 0);
	struct kev_vcpu *vcpu;

	KUNIT_EXPECT_EQ(test, x86_vm_ioctl(machine, KVM_ENABLE_CAP, &cap, 0), 0);
	vcpu = x86_add_vcpu(test, machine, 0x1234);
	x86_lapic_enable(vcpu);
	kev_apic_map_sync(kev_x86(machine));

	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(0), 0xffffff00), 0);
	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(0x35), 0x1200), 0);
	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(0x34), 0x1200), 1);
	KUNIT_EXPECT_TRUE(test, x86_requested(vcpu, VECTOR));
	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(1), 0), 1);
	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(1), 1), -EINVAL);
}

static void wrapped_id_is_an_alias_without_32_bit_ids(struct kunit *test)
{
	struct kev_machine *machine = model_machine(test, MODEL_FLAT, 0);

	x86_lapic_enable(x86_add_vcpu(test, machine, 0x101));
	KUNIT_EXPECT_EQ(test, signal_msi(machine, PHYS(1), VECTOR), 2);
	KUNIT_EXPECT_EQ(test, irqfd_msi(machine, PHYS(1), 0), -EWOULDBLOCK);
}

static void many_cpus_each_get_their_own(struct kunit *test)
{
	struct kev_machine *machine = x86_machine(test, 0);
	unsigned int id;

	for (id = 0; id < 200; id++)
		x86_lapic_enable(x86_add_vcpu(test, machine, id));
	for (id = 0; id < 200; id++) {
		KUNIT_EXPECT_EQ(test, signal_msi(machine, PHYS(id), VECTOR), 1);
		KUNIT_EXPECT_TRUE(test, x86_requested(x86_vcpu(test, machine, id),
						      VECTOR));
	}
	KUNIT_EXPECT_EQ(test, signal_msi(machine, PHYS(0xff), VECTOR + 1), 200);
}

/* Routes */

static const struct route_case {
	const char *name;
	struct kvm_irq_routing_entry entry;
	bool x2apic_format;
	int full;	/* with the PIC and the IOAPIC */
	int split;
} route_cases[] = {
#define PIN(chip_, pin_, flags_)					\
	{ .type = KVM_IRQ_ROUTING_IRQCHIP, .flags = (flags_),		\
	  .u.irqchip = { .irqchip = (chip_), .pin = (pin_) } }
#define MSI(hi_, flags_)						\
	{ .type = KVM_IRQ_ROUTING_MSI, .flags = (flags_),		\
	  .u.msi = { .address_hi = (hi_) } }

	{ "pic_pin_7", PIN(KVM_IRQCHIP_PIC_MASTER, 7, 0), false, 0, -EINVAL },
	{ "pic_pin_8", PIN(KVM_IRQCHIP_PIC_MASTER, 8, 0), false, -EINVAL,
	  -EINVAL },
	{ "slave_pin_7", PIN(KVM_IRQCHIP_PIC_SLAVE, 7, 0), false, 0, -EINVAL },
	{ "slave_pin_8", PIN(KVM_IRQCHIP_PIC_SLAVE, 8, 0), false, -EINVAL,
	  -EINVAL },
	{ "ioapic_pin_23", PIN(KVM_IRQCHIP_IOAPIC, 23, 0), false, 0, -EINVAL },
	{ "ioapic_pin_24", PIN(KVM_IRQCHIP_IOAPIC, 24, 0), false, -EINVAL,
	  -EINVAL },
	{ "unknown_chip", PIN(3, 0, 0), false, -EINVAL, -EINVAL },
	{ "flags_on_a_pin", PIN(KVM_IRQCHIP_IOAPIC, 0, 1), false, -EINVAL,
	  -EINVAL },
	{ "msi", MSI(0, 0), false, 0, 0 },
	{ "msi_with_device_id", MSI(0, KVM_MSI_VALID_DEVID), false, 0, 0 },
	{ "msi_unknown_flag", MSI(0, 2), false, -EINVAL, -EINVAL },
	{ "msi_reserved_bits_ignored", MSI(1, 0), false, 0, 0 },
	{ "msi_reserved_bits_with_32_bit_ids", MSI(1, 0), true, -EINVAL,
	  -EINVAL },
	{ "s390_adapter", { .type = KVM_IRQ_ROUTING_S390_ADAPTER }, false,
	  -EINVAL, -EINVAL },
	{ "hyperv_sint", { .type = KVM_IRQ_ROUTING_HV_SINT }, false, -EINVAL,
	  -EINVAL },
	{ "no_type", { .type = 0 }, false, -EINVAL, -EINVAL },
#undef PIN
#undef MSI
};

x86_case_desc(route_cases);

static int set_route(struct kev_machine *machine, const struct route_case *c)
{
	struct kev_route route = { };

	kev_x86(machine)->x2apic_format = c->x2apic_format;

	return kev_x86_machine.sink->set_route(machine, &c->entry, &route);
}

static void route_is_checked(struct kunit *test)
{
	const struct route_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, set_route(x86_machine(test, 0), c), c->split);
	if (IS_ENABLED(CONFIG_KVM_EVENTFD_IOAPIC))
		KUNIT_EXPECT_EQ(test, set_route(x86_full_machine(test, 0), c),
				c->full);
}

static void default_routes_are_the_pcs(struct kunit *test)
{
	struct kvm_irq_routing_entry *e;
	unsigned int i, n, chips[3] = { };

	e = kunit_kcalloc(test, KEV_DEFAULT_ROUTES, sizeof(*e), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, e);

	n = kev_default_routes(e);
	KUNIT_EXPECT_EQ(test, n, KEV_DEFAULT_ROUTES);
	for (i = 0; i < n; i++) {
		u32 chip = e[i].u.irqchip.irqchip;

		KUNIT_EXPECT_EQ(test, e[i].type, KVM_IRQ_ROUTING_IRQCHIP);
		KUNIT_ASSERT_LT(test, chip, 3);
		chips[chip]++;
		KUNIT_EXPECT_EQ(test, e[i].gsi, e[i].u.irqchip.pin +
				(chip == KVM_IRQCHIP_PIC_SLAVE ? 8 : 0));
	}
	KUNIT_EXPECT_EQ(test, chips[KVM_IRQCHIP_PIC_MASTER], 8);
	KUNIT_EXPECT_EQ(test, chips[KVM_IRQCHIP_PIC_SLAVE], 8);
	KUNIT_EXPECT_EQ(test, chips[KVM_IRQCHIP_IOAPIC], KEV_IOAPIC_PINS);
}

/* The machine's ioctls */

static long enable_cap(struct kev_machine *machine, u32 cap, u32 flags, u64 arg)
{
	struct kvm_enable_cap c = {
		.cap	= cap,
		.flags	= flags,
		.args	= { arg },
	};

	return x86_vm_ioctl(machine, KVM_ENABLE_CAP, &c, 0);
}

static void split_chip_is_enabled_once_and_early(struct kunit *test)
{
	struct kev_machine *machine;

	machine = kev_machine_create(&kev_x86_machine, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(machine));
	KUNIT_EXPECT_EQ(test, enable_cap(machine, KVM_CAP_SPLIT_IRQCHIP, 1, 24),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, enable_cap(machine, KVM_CAP_SPLIT_IRQCHIP, 0, 4097),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, enable_cap(machine, KVM_CAP_X2APIC_API, 0, 4),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, enable_cap(machine, 0xffff, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, enable_cap(machine, KVM_CAP_SPLIT_IRQCHIP, 0, 4096),
			0);
	KUNIT_EXPECT_EQ(test, enable_cap(machine, KVM_CAP_SPLIT_IRQCHIP, 0, 24),
			-EEXIST);
	kev_machine_put(machine);

	machine = kev_machine_create(&kev_x86_machine, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(machine));
	KUNIT_EXPECT_EQ(test, x86_vm_ioctl(machine, KVM_SET_BOOT_CPU_ID, NULL, 1), 0);
	KUNIT_EXPECT_EQ(test, x86_vm_ioctl(machine, KVM_SET_BOOT_CPU_ID, NULL,
					   KEV_MAX_VCPU_IDS + 1), -EINVAL);
	x86_add_vcpu(test, machine, 0);
	KUNIT_EXPECT_EQ(test, enable_cap(machine, KVM_CAP_SPLIT_IRQCHIP, 0, 24),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, x86_vm_ioctl(machine, KVM_SET_BOOT_CPU_ID, NULL, 0),
			-EBUSY);
	if (IS_ENABLED(CONFIG_KVM_EVENTFD_IOAPIC))
		KUNIT_EXPECT_EQ(test, x86_vm_ioctl(machine, KVM_CREATE_IRQCHIP, NULL,
						   0), -EINVAL);
	kev_machine_put(machine);
}

static void vm_without_chips_takes_no_interrupt(struct kunit *test)
{
	struct kvm_irq_level line = { .irq = 1, .level = 1 };
	const struct kev_sink_ops *sink = kev_x86_machine.sink;
	struct kev_machine *machine;

	machine = kev_machine_create(&kev_x86_machine, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(machine));
	KUNIT_EXPECT_EQ(test, x86_vm_ioctl(machine, KVM_IRQ_LINE_STATUS, &line, 0),
			-ENXIO);
	KUNIT_EXPECT_EQ(test, sink->irqfd_allowed(machine, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, sink->routing_allowed(machine), -EINVAL);
	kev_machine_put(machine);

	machine = x86_machine(test, 0);
	KUNIT_EXPECT_EQ(test, sink->irqfd_allowed(machine, false), 0);
	KUNIT_EXPECT_EQ(test, sink->irqfd_allowed(machine, true), -EINVAL);
	KUNIT_EXPECT_EQ(test, sink->routing_allowed(machine), 0);
	KUNIT_EXPECT_EQ(test, x86_vm_ioctl(machine, KVM_IRQ_LINE_STATUS, &line, 0),
			0);
	KUNIT_EXPECT_EQ(test, (int)line.status, -1);
}

static struct kunit_case irq_comm_cases[] = {
	KUNIT_CASE_PARAM(msi_is_decoded, msi_cases_gen_params),
	KUNIT_CASE(reserved_address_bits_matter_with_32_bit_ids),
	KUNIT_CASE_PARAM(destination_matches, match_cases_gen_params),
	KUNIT_CASE_PARAM(message_finds_its_cpus, deliver_cases_gen_params),
	KUNIT_CASE_PARAM(map_agrees_with_asking_everyone,
			 deliver_cases_gen_params),
	KUNIT_CASE_PARAM(ipi_finds_its_cpus, ipi_cases_gen_params),
	KUNIT_CASE(stale_map_needs_process_context),
	KUNIT_CASE(lowering_a_line_needs_no_map),
	KUNIT_CASE(map_is_changed_in_place),
	KUNIT_CASE(lookup_is_not_believed_after_a_change),
	KUNIT_CASE(added_cpu_is_found),
	KUNIT_CASE(id_beyond_the_map_finds_nothing),
	KUNIT_CASE(wrapped_id_is_an_alias_without_32_bit_ids),
	KUNIT_CASE(many_cpus_each_get_their_own),
	KUNIT_CASE_PARAM(route_is_checked, route_cases_gen_params),
	KUNIT_CASE(default_routes_are_the_pcs),
	KUNIT_CASE(split_chip_is_enabled_once_and_early),
	KUNIT_CASE(vm_without_chips_takes_no_interrupt),
	{ }
};

static struct kunit_suite irq_comm_suite = {
	.name		= "kev_irq_comm",
	.test_cases	= irq_comm_cases,
};
kunit_test_suite(irq_comm_suite);
