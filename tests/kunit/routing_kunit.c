// SPDX-License-Identifier: GPL-2.0
/* The routing table, its maps and the ack notifiers. */
#include <linux/kvm_eventfd.h>
#include <linux/mman.h>
#include <linux/prandom.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <kev/base/limits.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/vm.h>

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

/* Entries in user space */

#define USER_ENTRIES	1024

/**
 * struct user_entries - Memory of a process that entries are in
 * @entries:	Room for USER_ENTRIES.
 */
struct user_entries {
	struct kvm_irq_routing_entry __user *entries;
};

static struct user_entries user_entries(struct kunit *test)
{
	struct user_entries user;
	unsigned long addr;

	addr = kunit_vm_mmap(test, NULL, 0,
			     PAGE_ALIGN(USER_ENTRIES * sizeof(*user.entries)),
			     PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE_MSG(test, addr, 0, "no memory of a process here");
	user.entries = (void __user *)addr;
	return user;
}

static void user_put(struct kunit *test, struct user_entries user,
		     const struct kvm_irq_routing_entry *entries,
		     unsigned int nr)
{
	KUNIT_ASSERT_EQ(test, 0UL, copy_to_user(user.entries, entries,
						nr * sizeof(*entries)));
}

static int update(struct kunit *test, struct kev_vm *vm,
		  struct user_entries user,
		  const struct kvm_irq_routing_entry *entries, unsigned int nr)
{
	user_put(test, user, entries, nr);
	return kev_update_irq_routing(vm, user.entries, nr, 0);
}

/* Updates against a model: a naive table */

#define MODEL_GSIS	300
#define MODEL_PINS	3
#define MODEL_STEPS	2000
#define MODEL_NAMED	6

/**
 * struct model_route - What a GSI is routed to
 * @chips:	Bit n: @pin[n] counts.
 * @pin:	Pins of chips.
 * @msi:	Data of a message; 0: none.
 */
struct model_route {
	u8 chips;
	u8 pin[KEV_NR_IRQCHIPS];
	u8 msi;
};

/**
 * struct model - The table as it shall be
 * @rnd:	For what is next.
 * @route:	By GSI.
 * @owner:	Chip and pin to the GSI that its acks go to, or -1.
 */
struct model {
	struct rnd_state rnd;
	struct model_route route[MODEL_GSIS];
	int owner[KEV_NR_IRQCHIPS][MODEL_PINS];
};

static u32 model_below(struct model *model, u32 n)
{
	return prandom_u32_state(&model->rnd) % n;
}

static struct model_route model_random(struct model *model)
{
	struct model_route route = { };
	unsigned int chip;

	switch (model_below(model, 4)) {
	case 0:
		break;
	case 1:
		route.msi = 1 + model_below(model, 3);
		break;
	default:
		route.chips = 1 + model_below(model, 7);
		for (chip = 0; chip < KEV_NR_IRQCHIPS; chip++)
			if (route.chips & BIT(chip))
				route.pin[chip] = model_below(model, MODEL_PINS);
	}
	return route;
}

static bool model_is_wired(const struct model *model, int gsi,
			   unsigned int chip, unsigned int pin)
{
	return gsi >= 0 && (model->route[gsi].chips & BIT(chip)) &&
	       model->route[gsi].pin[chip] == pin;
}

/* The change of one GSI: its pins are its own from then on. */
static void model_change(struct model *model, u32 gsi,
			 const struct model_route *route)
{
	unsigned int chip;

	if (!memcmp(&model->route[gsi], route, sizeof(*route)))
		return;
	model->route[gsi] = *route;
	for (chip = 0; chip < KEV_NR_IRQCHIPS; chip++)
		if (route->chips & BIT(chip))
			model->owner[chip][route->pin[chip]] = gsi;
}

/* Behind a call: who left a pin leaves it to the highest GSI that is wired to it. */
static void model_settle(struct model *model)
{
	unsigned int chip, pin;
	int gsi;

	for (chip = 0; chip < KEV_NR_IRQCHIPS; chip++) {
		for (pin = 0; pin < MODEL_PINS; pin++) {
			if (model_is_wired(model, model->owner[chip][pin], chip,
					   pin))
				continue;
			for (gsi = MODEL_GSIS - 1; gsi >= 0; gsi--)
				if (model_is_wired(model, gsi, chip, pin))
					break;
			model->owner[chip][pin] = gsi;
		}
	}
}

static unsigned int model_entries(struct kvm_irq_routing_entry *entries, u32 gsi,
				  const struct model_route *route)
{
	unsigned int chip;
	unsigned int n = 0;

	if (route->msi)
		entries[n++] = fake_msi(gsi, route->msi);
	for (chip = 0; chip < KEV_NR_IRQCHIPS; chip++)
		if (route->chips & BIT(chip))
			entries[n++] = fake_pin(gsi, chip, route->pin[chip]);
	if (!n)
		entries[n++] = (struct kvm_irq_routing_entry){ .gsi = gsi };
	return n;
}

static void model_shuffle(struct model *model,
			  struct kvm_irq_routing_entry *entries, unsigned int nr)
{
	unsigned int i, j;

	for (i = nr - 1; i; i--) {
		j = model_below(model, i + 1);
		swap(entries[i], entries[j]);
	}
}

/*
 * Change up to MODEL_NAMED GSIs, in the order in which @entries first name them.
 * Few GSIs, and far apart, so that pins often lose their owner, and to other pages.
 */
static unsigned int model_update(struct model *model,
				 struct kvm_irq_routing_entry *entries)
{
	struct model_route route[MODEL_NAMED];
	unsigned int named = 1 + model_below(model, MODEL_NAMED);
	unsigned long done = 0;
	unsigned int nr = 0;
	unsigned int i;

	for (i = 0; i < named; i++) {
		route[i] = model_random(model);
		nr += model_entries(entries + nr,
				    i + MODEL_NAMED * model_below(model, 50),
				    &route[i]);
	}
	model_shuffle(model, entries, nr);
	for (i = 0; i < nr; i++) {
		unsigned int n = entries[i].gsi % MODEL_NAMED;

		if (!__test_and_set_bit(n, &done))
			model_change(model, entries[i].gsi, &route[n]);
	}
	model_settle(model);
	return nr;
}

static unsigned int model_differs(struct kev_vm *vm, const struct model *model)
{
	unsigned int chip, pin;
	unsigned int wrong = 0;
	struct kev_route route;
	u32 gsi;

	for (chip = 0; chip < KEV_NR_IRQCHIPS; chip++)
		for (pin = 0; pin < MODEL_PINS; pin++)
			wrong += kev_irq_map_chip_pin(vm, chip, pin) !=
				 model->owner[chip][pin];
	for (gsi = 0; gsi < MODEL_GSIS; gsi++)
		wrong += kev_irq_map_gsi(vm, gsi, &route) !=
			 (model->route[gsi].msi || model->route[gsi].chips);
	return wrong;
}

static void routing_updates_agree_with_the_model(struct kunit *test)
{
	struct kvm_irq_routing_entry entries[MODEL_NAMED * KEV_NR_IRQCHIPS];
	struct user_entries user = user_entries(test);
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	struct model *model;
	unsigned int nr;
	unsigned int i;

	model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	prandom_seed_state(&model->rnd, 1);
	model_settle(model);

	for (i = 0; i < MODEL_STEPS; i++) {
		nr = model_update(model, entries);
		KUNIT_ASSERT_EQ(test, 0, update(test, vm, user, entries, nr));
		KUNIT_ASSERT_EQ_MSG(test, 0U, model_differs(vm, model),
				    "after step %u", i);
	}
}

/* An ack that comes during an update goes to one GSI of the pin or another. */

#define SHARED_GSIS	100
#define SHARED_PIN	7

struct ack_reader {
	struct work_struct work;
	struct kev_vm *vm;
	bool begun;
	bool stop;
	unsigned int lost;
};

static void ack_read(struct work_struct *work)
{
	struct ack_reader *reader = container_of(work, struct ack_reader, work);

	do {
		if (kev_irq_map_chip_pin(reader->vm, FAKE_CHIP, SHARED_PIN) < 0)
			reader->lost++;
		WRITE_ONCE(reader->begun, true);
		cond_resched();
	} while (!READ_ONCE(reader->stop));
}

static void share_pin(struct kunit *test, struct kev_vm *vm,
		      struct kvm_irq_routing_entry *entries)
{
	u32 gsi;

	for (gsi = 0; gsi < SHARED_GSIS; gsi++)
		entries[gsi] = fake_pin(gsi, FAKE_CHIP, SHARED_PIN);
	KUNIT_ASSERT_EQ(test, 0,
			kev_set_irq_routing_kernel(vm, entries, SHARED_GSIS));
}

static void routing_pin_has_a_gsi_during_an_update(struct kunit *test)
{
	struct user_entries user = user_entries(test);
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	struct kvm_irq_routing_entry none = { };
	struct kvm_irq_routing_entry *entries;
	struct ack_reader reader = { .vm = vm };

	entries = kunit_kcalloc(test, SHARED_GSIS, sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	share_pin(test, vm, entries);
	INIT_WORK_ONSTACK(&reader.work, ack_read);
	queue_work(system_unbound_wq, &reader.work);
	while (!READ_ONCE(reader.begun))
		cond_resched();

	/* Each has the acks when it goes, but the last. */
	for (none.gsi = SHARED_GSIS - 1; none.gsi; none.gsi--) {
		KUNIT_EXPECT_EQ(test, 0, update(test, vm, user, &none, 1));
		KUNIT_EXPECT_EQ(test, (int)none.gsi - 1,
				kev_irq_map_chip_pin(vm, FAKE_CHIP, SHARED_PIN));
	}
	WRITE_ONCE(reader.stop, true);
	flush_work(&reader.work);
	destroy_work_on_stack(&reader.work);
	KUNIT_EXPECT_EQ(test, 0U, reader.lost);

	KUNIT_EXPECT_EQ(test, 0, update(test, vm, user, &none, 1));
	KUNIT_EXPECT_EQ(test, -1,
			kev_irq_map_chip_pin(vm, FAKE_CHIP, SHARED_PIN));
}

/* A caller that is killed */

/**
 * struct kill_sink - A sink that kills its caller
 * @calls:	How many entries it was shown.
 * @kill_at:	At which of them it kills.
 * @held:	What routes hold.
 */
struct kill_sink {
	unsigned int calls;
	unsigned int kill_at;
	int held;
};

static int kill_routing_allowed(void *data)
{
	return 0;
}

static int kill_set_route(void *data, const struct kvm_irq_routing_entry *ue,
			  struct kev_route *route)
{
	struct kill_sink *sink = data;

	if (++sink->calls == sink->kill_at)
		send_sig(SIGKILL, current, 1);
	sink->held++;
	return kev_route_set_msi(route, ue);
}

static void kill_put_route(void *data, const struct kev_route *route)
{
	struct kill_sink *sink = data;

	sink->held--;
}

static void kill_release(void *data)
{
}

static const struct kev_sink_ops kill_ops = {
	.routing_allowed = kill_routing_allowed,
	.set_route = kill_set_route,
	.put_route = kill_put_route,
	.release = kill_release,
};

typedef int (*set_fn)(struct kev_vm *vm,
		      const struct kvm_irq_routing_entry __user *entries,
		      unsigned int nr, unsigned int flags);

/* A few entries more are read than those that were in the batch. */
#define KILL_AT		100
#define KILL_SLACK	100

static void kill_during(struct kunit *test, set_fn set)
{
	struct kvm_irq_routing_entry old = fake_msi(9, 9);
	struct user_entries user = user_entries(test);
	struct kvm_irq_routing_entry *entries;
	struct kill_sink sink = { };
	struct kev_route route;
	struct kev_vm *vm;
	u32 i;

	vm = kev_vm_create(&kill_ops, &sink);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vm);
	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, &old, 1));
	entries = kunit_kcalloc(test, USER_ENTRIES, sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	for (i = 0; i < USER_ENTRIES; i++)
		entries[i] = fake_msi(i, 1);
	user_put(test, user, entries, USER_ENTRIES);

	allow_signal(SIGKILL);
	sink.kill_at = sink.calls + KILL_AT;
	KUNIT_EXPECT_EQ(test, -EINTR, set(vm, user.entries, USER_ENTRIES, 0));
	flush_signals(current);
	disallow_signal(SIGKILL);

	KUNIT_EXPECT_LT(test, sink.calls, sink.kill_at + KILL_SLACK);
	KUNIT_EXPECT_EQ(test, 1, sink.held);
	KUNIT_EXPECT_TRUE(test, kev_irq_map_gsi(vm, 9, &route));
	KUNIT_EXPECT_EQ(test, 9U, route.msi.data);
	KUNIT_EXPECT_FALSE(test, kev_irq_map_gsi(vm, 10, &route));
	kev_vm_destroy(vm);
	KUNIT_EXPECT_EQ(test, 0, sink.held);
}

static void routing_set_ends_when_its_caller_is_killed(struct kunit *test)
{
	kill_during(test, kev_set_irq_routing);
}

static void routing_update_ends_when_its_caller_is_killed(struct kunit *test)
{
	kill_during(test, kev_update_irq_routing);
}

static struct kunit_case routing_cases[] = {
	KUNIT_CASE_PARAM(routing_set_checks_entries, set_gen_params),
	KUNIT_CASE(routing_checks_come_in_order),
	KUNIT_CASE(routing_table_takes_all_routes),
	KUNIT_CASE(routing_pin_maps_to_the_last_gsi),
	KUNIT_CASE(routing_set_irq_without_a_route_is_ignored),
	KUNIT_CASE(routing_set_irq_returns_what_the_sink_says),
	KUNIT_CASE(routing_updates_agree_with_the_model),
	KUNIT_CASE(routing_pin_has_a_gsi_during_an_update),
	KUNIT_CASE(routing_set_ends_when_its_caller_is_killed),
	KUNIT_CASE(routing_update_ends_when_its_caller_is_killed),
	{ }
};

static struct kunit_suite routing_suite = {
	.name = "kev_routing",
	.test_cases = routing_cases,
};

kunit_test_suite(routing_suite);
