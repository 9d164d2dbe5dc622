// SPDX-License-Identifier: GPL-2.0
/* Ack notifiers. */
#include <linux/kvm_eventfd.h>

#include <kev/plane/irqchip.h>

#include "plane_fixture.h"

/**
 * struct test_notifier - Counts its calls
 * @notifier:	Registered.
 * @calls:	How often.
 */
struct test_notifier {
	struct kev_irq_ack_notifier notifier;
	int calls;
};

static void test_acked(struct kev_irq_ack_notifier *notifier)
{
	container_of(notifier, struct test_notifier, notifier)->calls++;
}

static void ack_reaches_the_notifiers_of_its_gsi(struct kunit *test)
{
	struct kvm_irq_routing_entry entry = fake_pin(5, FAKE_CHIP, 7);
	struct test_notifier n[4] = { };
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, kev_set_irq_routing_kernel(vm, &entry, 1));
	KUNIT_EXPECT_FALSE(test,
			   kev_irq_has_notifier(vm, FAKE_CHIP, 7));
	for (i = 0; i < 4; i++) {
		n[i].notifier.gsi = i < 3 ? 5 : 6;
		n[i].notifier.irq_acked = test_acked;
		KUNIT_ASSERT_EQ(test, 0,
				kev_register_irq_ack_notifier(vm,
							      &n[i].notifier));
	}
	KUNIT_EXPECT_TRUE(test,
			  kev_irq_has_notifier(vm, FAKE_CHIP, 7));
	KUNIT_EXPECT_FALSE(test,
			   kev_irq_has_notifier(vm, FAKE_CHIP, 6));

	kev_notify_acked_irq(vm, FAKE_CHIP, 7);
	kev_notify_acked_irq(vm, FAKE_CHIP, 8);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, i < 3, n[i].calls);

	/* From the middle, the front and the end of the chain. */
	kev_unregister_irq_ack_notifier(vm, &n[1].notifier);
	kev_notify_acked_gsi(vm, 5);
	KUNIT_EXPECT_EQ(test, 2, n[0].calls);
	KUNIT_EXPECT_EQ(test, 1, n[1].calls);
	KUNIT_EXPECT_EQ(test, 2, n[2].calls);
	kev_unregister_irq_ack_notifier(vm, &n[2].notifier);
	kev_unregister_irq_ack_notifier(vm, &n[0].notifier);
	kev_notify_acked_gsi(vm, 5);
	KUNIT_EXPECT_EQ(test, 2, n[0].calls);
	KUNIT_EXPECT_EQ(test, 2, n[2].calls);
	KUNIT_EXPECT_FALSE(test,
			   kev_irq_has_notifier(vm, FAKE_CHIP, 7));
	kev_unregister_irq_ack_notifier(vm, &n[3].notifier);
}

static struct kunit_case ack_cases[] = {
	KUNIT_CASE(ack_reaches_the_notifiers_of_its_gsi),
	{ }
};

static struct kunit_suite ack_suite = {
	.name = "kev_ack",
	.test_cases = ack_cases,
};

kunit_test_suite(ack_suite);
