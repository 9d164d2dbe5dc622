// SPDX-License-Identifier: GPL-2.0
/* The routing table, its maps and the ack notifiers. */
#include <linux/kvm_eventfd.h>
#include <linux/slab.h>

#include <kev/irqchip.h>
#include <kev/limits.h>
#include <kev/vm.h>

#include "plane_fixture.h"

/**
 * struct set_case - A table, and what setting it must return
 * @name:	A sentence.
 * @nr:		Number of entries.
 * @entry:	The entries: gsi, type, and chip and pin of IRQCHIP ones.
 * @ret:	Expected.
 */
struct set_case {
	const char *name;
	unsigned int nr;
	struct {
		u32 gsi;
		u32 type;
		u32 chip;
		u32 pin;
	} entry[4];
	int ret;
};

#define CHIP	KVM_IRQ_ROUTING_IRQCHIP
#define MSI	KVM_IRQ_ROUTING_MSI

static const struct set_case set_cases[] = {
	{ "an_empty_table_is_accepted", 0, { }, 0 },
	{ "the_last_gsi_is_accepted", 1, { { 4095, MSI } }, 0 },
	{ "a_gsi_past_the_last_is_refused", 1, { { 4096, MSI } }, -EINVAL },
	{ "the_largest_gsi_is_refused", 1, { { U32_MAX, MSI } }, -EINVAL },
	{ "a_gsi_may_be_wired_to_three_chips", 3,
	  { { 5, CHIP, 0, 5 }, { 5, CHIP, 1, 5 }, { 5, CHIP, 2, 5 } }, 0 },
	{ "a_gsi_may_name_a_chip_once", 2,
	  { { 5, CHIP, 2, 5 }, { 5, CHIP, 2, 6 } }, -EINVAL },
	{ "an_msi_after_an_msi_is_refused", 2,
	  { { 5, MSI }, { 5, MSI } }, -EINVAL },
	{ "an_msi_after_a_pin_is_refused", 2,
	  { { 5, CHIP, 2, 5 }, { 5, MSI } }, -EINVAL },
	{ "a_pin_after_an_msi_is_refused", 2,
	  { { 5, MSI }, { 5, CHIP, 2, 5 } }, -EINVAL },
	{ "two_gsis_may_share_a_pin", 2,
	  { { 5, CHIP, 2, 5 }, { 6, CHIP, 2, 5 } }, 0 },
	{ "a_chip_out_of_range_is_refused", 1, { { 5, CHIP, 3, 0 } }, -EINVAL },
	{ "a_repeated_chip_out_of_range_is_refused", 2,
	  { { 5, CHIP, 2, 0 }, { 5, CHIP, U32_MAX, 0 } }, -EINVAL },
	{ "an_unknown_type_is_refused", 1, { { 5, 77 } }, -EINVAL },
	{ "type_zero_is_refused", 1, { { 5, 0 } }, -EINVAL },
	{ "a_bad_entry_behind_good_ones_is_refused", 3,
	  { { 1, MSI }, { 2, MSI }, { 4096, MSI } }, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(set, set_cases, name);

static void build(struct kvm_irq_routing_entry *entries,
		  const struct set_case *c)
{
	unsigned int i;

	for (i = 0; i < c->nr; i++) {
		if (c->entry[i].type == CHIP)
			entries[i] = fake_pin(c->entry[i].gsi, c->entry[i].chip,
					      c->entry[i].pin);
		else
			entries[i] = fake_msi(c->entry[i].gsi, i);
		entries[i].type = c->entry[i].type;
	}
}

static void routing_set_checks_entries(struct kunit *test)
{
	const struct set_case *c = test->param_value;
	struct kvm_irq_routing_entry old = fake_msi(9, 9);
	struct kvm_irq_routing_entry entries[4] = { };
	struct kev_route route;
	struct fake_sink *sink;
	struct kev_vm *vm;

	vm = fake_vm(test, &sink);
	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, &old, 1));

	build(entries, c);
	KUNIT_EXPECT_EQ(test, c->ret,
			kev_set_irq_routing_kernel(vm, entries, c->nr));

	/* The old table is in force exactly when the call failed. */
	KUNIT_EXPECT_EQ(test, !!c->ret, kev_irq_map_gsi(vm, 9, &route));
}

static void routing_checks_come_in_order(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);

	KUNIT_EXPECT_EQ(test, -EINVAL, kev_set_irq_routing(vm, NULL, 4097, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, kev_set_irq_routing(vm, NULL, 0, 1));
	KUNIT_EXPECT_EQ(test, 0, kev_set_irq_routing(vm, NULL, 0, 0));
	sink->routing_ret = -ENXIO;
	KUNIT_EXPECT_EQ(test, -ENXIO, kev_set_irq_routing(vm, NULL, 4097, 1));
}

static void routing_table_takes_all_routes(struct kunit *test)
{
	struct kvm_irq_routing_entry *entries;
	struct fake_sink *sink;
	struct kev_route route;
	struct kev_vm *vm;
	unsigned int wrong = 0;
	u32 gsi;

	vm = fake_vm(test, &sink);
	entries = kvcalloc(KEV_MAX_IRQ_ROUTES, sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	for (gsi = 0; gsi < KEV_MAX_IRQ_ROUTES; gsi++)
		entries[gsi] = fake_msi(gsi, gsi + 1);

	KUNIT_EXPECT_EQ(test, 0,
			kev_set_irq_routing_kernel(vm, entries,
						   KEV_MAX_IRQ_ROUTES));
	kvfree(entries);

	for (gsi = 0; gsi < KEV_MAX_IRQ_ROUTES; gsi++)
		wrong += !kev_irq_map_gsi(vm, gsi, &route) ||
			 route.msi.data != gsi + 1;
	KUNIT_EXPECT_EQ(test, 0U, wrong);
	KUNIT_EXPECT_FALSE(test, kev_irq_map_gsi(vm, gsi, &route));
	KUNIT_EXPECT_FALSE(test, kev_irq_map_gsi(vm, U32_MAX, &route));
}

static void routing_pin_maps_to_the_last_gsi(struct kunit *test)
{
	struct kvm_irq_routing_entry entries[] = {
		fake_pin(3, FAKE_CHIP, 7),
		fake_pin(4, FAKE_CHIP, 7),
	};
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);

	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, entries, 2));
	KUNIT_EXPECT_EQ(test, 4,
			kev_irq_map_chip_pin(vm, FAKE_CHIP, 7));
	KUNIT_EXPECT_EQ(test, -1,
			kev_irq_map_chip_pin(vm, FAKE_CHIP, 8));
	KUNIT_EXPECT_EQ(test, -1,
			kev_irq_map_chip_pin(vm, FAKE_OTHER_CHIP, 7));
	KUNIT_EXPECT_EQ(test, -1, kev_irq_map_chip_pin(vm, 3, 0));
	KUNIT_EXPECT_EQ(test, -1, kev_irq_map_chip_pin(vm, 0, 24));
	KUNIT_EXPECT_EQ(test, -1,
			kev_irq_map_chip_pin(vm, UINT_MAX, UINT_MAX));
}

static void routing_set_irq_without_a_route_is_ignored(struct kunit *test)
{
	struct kev_irq irq = { .level = true };
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);

	KUNIT_EXPECT_LT(test, kev_set_irq(vm, 5, &irq), 0);
	KUNIT_EXPECT_LT(test, kev_set_irq(vm, U32_MAX, &irq), 0);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&sink->asserted));
}

static void routing_set_irq_returns_what_the_sink_says(struct kunit *test)
{
	struct kvm_irq_routing_entry entry = fake_msi(5, 42);
	struct kev_irq irq = { .level = true };
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);

	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, &entry, 1));
	for (sink->ret = -1; sink->ret < 3; sink->ret++)
		KUNIT_EXPECT_EQ(test, sink->ret, kev_set_irq(vm, 5, &irq));
	KUNIT_EXPECT_EQ(test, 42U, sink->route.msi.data);
}

static struct kunit_case routing_cases[] = {
	KUNIT_CASE_PARAM(routing_set_checks_entries, set_gen_params),
	KUNIT_CASE(routing_checks_come_in_order),
	KUNIT_CASE(routing_table_takes_all_routes),
	KUNIT_CASE(routing_pin_maps_to_the_last_gsi),
	KUNIT_CASE(routing_set_irq_without_a_route_is_ignored),
	KUNIT_CASE(routing_set_irq_returns_what_the_sink_says),
	{ }
};

static struct kunit_suite routing_suite = {
	.name = "kev_routing",
	.test_cases = routing_cases,
};

kunit_test_suite(routing_suite);
