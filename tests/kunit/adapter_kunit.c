// SPDX-License-Identifier: GPL-2.0
/*
 * Adapters: which bit of the VMM's memory is set, who is told, and what is pinned
 * for how long.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/srcu.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <kev/lines/adapter.h>
#include <kev/node/vcpu_fd.h>
#include <kev/node/vm_fd.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/vm.h>

#include "lines_fixture.h"
#include "plane_fixture.h"

#define GSI		2000
#define ADAPTER		5
#define PAGES		4

/**
 * struct adapters - A VM of lines in the memory of the case
 * @m:		The VM.
 * @mem:	PAGES pages: indicators in the first two, summaries in the third.
 * @pinned:	What was accounted before there was a route.
 */
struct adapters {
	struct lines_machine *m;
	unsigned long mem;
	long pinned;
};

KUNIT_DEFINE_ACTION_WRAPPER(adapters_put, kev_machine_put, struct kev_machine *);

static unsigned long map_pages(struct kunit *test, unsigned long prot)
{
	unsigned long addr;

	addr = kunit_vm_mmap(test, NULL, 0, PAGES * PAGE_SIZE, prot,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE_MSG(test, addr, 0, "no memory of a process here");
	return addr;
}

static struct adapters *adapters_new(struct kunit *test)
{
	struct adapters *a;
	unsigned int i;

	a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, a);
	a->m = kunit_kzalloc(test, sizeof(*a->m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, a->m);

	a->mem = map_pages(test, PROT_READ | PROT_WRITE);
	a->m->machine = kev_machine_create(&kev_lines_machine, current->mm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a->m->machine);
	a->m->vm = a->m->machine->vm;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, adapters_put,
						  a->m->machine));
	for (i = 0; i < LINES_CPUS; i++) {
		a->m->cpu[i] = kev_vcpu_create(a->m->machine, i);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a->m->cpu[i]);
	}
	a->pinned = atomic64_read(&current->mm->pinned_vm);
	return a;
}

static void adapter_set(struct kunit *test, struct adapters *a, u32 flags)
{
	struct kvm_eventfd_adapter args = { .id = ADAPTER, .flags = flags };

	KUNIT_ASSERT_EQ(test, 0,
			lines_vm_ioctl(a->m, KVM_EVENTFD_SET_ADAPTER, &args));
}

static unsigned long summary_addr(const struct adapters *a)
{
	return a->mem + 2 * PAGE_SIZE;
}

static struct kvm_irq_routing_entry entry_of(const struct adapters *a, u32 gsi,
					     u64 addr, u64 offset)
{
	return (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_S390_ADAPTER,
		.u.adapter = {
			.ind_addr = addr,
			.ind_offset = offset,
			.summary_addr = summary_addr(a),
			.adapter_id = ADAPTER,
		},
	};
}

static int route_set(struct adapters *a, const struct kvm_irq_routing_entry *ue)
{
	return kev_set_irq_routing_kernel(a->m->vm, ue, 1);
}

/* With the entries in user space, for which the case's memory has room. */
static int route_update(struct kunit *test, struct adapters *a,
			const struct kvm_irq_routing_entry *ue)
{
	struct kvm_irq_routing_entry __user *user;

	user = (void __user *)(a->mem + 3 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(user, ue, sizeof(*ue)));
	return kev_update_irq_routing(a->m->vm, user, 1, 0);
}

static u8 byte_at(struct kunit *test, unsigned long addr)
{
	u8 byte = 0;

	KUNIT_EXPECT_EQ(test, 0, get_user(byte, (u8 __user *)addr));
	return byte;
}

static void clear_summary(struct kunit *test, struct adapters *a)
{
	KUNIT_EXPECT_EQ(test, 0,
			clear_user((void __user *)summary_addr(a), 8));
}

static int take_adapter(struct adapters *a)
{
	struct kvm_eventfd_interrupt intr = { };

	if (kev_lines_machine.ack(a->m->cpu[1], &intr))
		return -1;
	return intr.type == KVM_EVENTFD_INTR_ADAPTER ? (int)intr.vector : -2;
}

/* Pages that are accounted since. */
static long pinned(const struct adapters *a)
{
	return atomic64_read(&current->mm->pinned_vm) - a->pinned;
}

/* Which bit */

struct bit_case {
	const char *name;
	bool swap;
	unsigned int addr;	/* from the first page on */
	u64 offset;
	unsigned int byte;	/* what is set in the end */
	u8 mask;
};

static const struct bit_case bit_cases[] = {
	{ "swap_counts_from_the_most_significant_bit", true, 0, 0, 0, 0x80 },
	{ "swap_counts_through_the_first_byte", true, 0, 7, 0, 0x01 },
	{ "swap_counts_bytes_upwards", true, 0, 9, 1, 0x40 },
	{ "swap_ends_a_doubleword", true, 0, 63, 7, 0x01 },
	{ "swap_goes_on_in_the_next_doubleword", true, 0, 64, 8, 0x80 },
	{ "no_swap_counts_from_the_least_significant_bit", false, 0, 0, 7, 0x01 },
	{ "no_swap_counts_bytes_downwards", false, 0, 8, 6, 0x01 },
	{ "no_swap_ends_a_doubleword", false, 0, 63, 0, 0x80 },
	{ "no_swap_goes_on_in_the_next_doubleword", false, 0, 64, 15, 0x01 },
	{ "swap_begins_at_an_odd_byte", true, 3, 0, 3, 0x80 },
	{ "no_swap_begins_at_an_odd_byte", false, 3, 0, 4, 0x01 },
	{ "an_odd_byte_and_an_offset_add_up", true, 7, 8, 8, 0x80 },
	{ "the_last_bit_of_a_page", true, PAGE_SIZE - 8, 63, PAGE_SIZE - 1, 0x01 },
	{ "an_offset_reaches_into_the_next_page", true, PAGE_SIZE - 8, 64,
	  PAGE_SIZE, 0x80 },
	{ "an_offset_of_a_page", false, 0, PAGE_SIZE * 8, PAGE_SIZE + 7, 0x01 },
};

KUNIT_ARRAY_PARAM_DESC(bit, bit_cases, name);

static void adapter_bit(struct kunit *test)
{
	const struct bit_case *c = test->param_value;
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue;
	unsigned int i;

	adapter_set(test, a, c->swap ? KVM_EVENTFD_ADAPTER_SWAP : 0);
	ue = entry_of(a, GSI, a->mem + c->addr, c->offset);
	KUNIT_ASSERT_EQ(test, 0, route_set(a, &ue));
	KUNIT_EXPECT_EQ(test, 1, lines_pulse(a->m, GSI));

	for (i = 0; i < 2 * PAGE_SIZE; i++) {
		u8 want = i == c->byte ? c->mask : 0;
		u8 is = byte_at(test, a->mem + i);

		if (is != want)
			KUNIT_FAIL(test, "byte %u is %#x", i, is);
	}
	KUNIT_EXPECT_EQ(test, c->swap ? 0x80 : 0x01,
			byte_at(test, summary_addr(a) + (c->swap ? 0 : 7)));
}

/* Who is told */

static void adapter_interrupts_when_the_summary_rises(struct kunit *test)
{
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue = entry_of(a, GSI, a->mem, 0);

	adapter_set(test, a, 0);
	KUNIT_ASSERT_EQ(test, 0, route_set(a, &ue));

	KUNIT_EXPECT_EQ(test, 1, lines_pulse(a->m, GSI));
	KUNIT_EXPECT_EQ(test, 0, lines_pulse(a->m, GSI));
	KUNIT_EXPECT_EQ(test, 1, !!a->m->cpu[0]->state->pending);
	KUNIT_EXPECT_EQ(test, ADAPTER, take_adapter(a));
	KUNIT_EXPECT_EQ(test, -1, take_adapter(a));
	KUNIT_EXPECT_EQ(test, 0, !!a->m->cpu[0]->state->pending);

	/* Taken is not seen: the guest has not cleared the summary. */
	KUNIT_EXPECT_EQ(test, 0, lines_pulse(a->m, GSI));
	KUNIT_EXPECT_EQ(test, -1, take_adapter(a));
	clear_summary(test, a);
	KUNIT_EXPECT_EQ(test, 1, lines_pulse(a->m, GSI));
	KUNIT_EXPECT_EQ(test, ADAPTER, take_adapter(a));
}

static void adapter_that_falls_does_nothing(struct kunit *test)
{
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue = entry_of(a, GSI, a->mem, 0);

	adapter_set(test, a, 0);
	KUNIT_ASSERT_EQ(test, 0, route_set(a, &ue));
	KUNIT_EXPECT_EQ(test, 0, lines_set(a->m, GSI, false));
	KUNIT_EXPECT_EQ(test, 0, byte_at(test, a->mem + 7));
	KUNIT_EXPECT_EQ(test, -1, take_adapter(a));
}

static void adapter_that_is_masked_sets_bits(struct kunit *test)
{
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue = entry_of(a, GSI, a->mem, 0);

	adapter_set(test, a, KVM_EVENTFD_ADAPTER_MASKED);
	KUNIT_ASSERT_EQ(test, 0, route_set(a, &ue));
	KUNIT_EXPECT_EQ(test, 1, lines_pulse(a->m, GSI));
	KUNIT_EXPECT_EQ(test, 1, byte_at(test, a->mem + 7));
	KUNIT_EXPECT_EQ(test, 1, byte_at(test, summary_addr(a) + 7));
	KUNIT_EXPECT_EQ(test, -1, take_adapter(a));

	clear_summary(test, a);
	adapter_set(test, a, 0);
	KUNIT_EXPECT_EQ(test, 1, lines_pulse(a->m, GSI));
	KUNIT_EXPECT_EQ(test, ADAPTER, take_adapter(a));
}

static void adapter_that_is_not_set_is_ignored(struct kunit *test)
{
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue = entry_of(a, GSI, a->mem, 0);

	KUNIT_ASSERT_EQ(test, 0, route_set(a, &ue));
	KUNIT_EXPECT_GT(test, 0, lines_pulse(a->m, GSI));
	KUNIT_EXPECT_EQ(test, 0, byte_at(test, a->mem + 7));
}

static void adapters_come_after_lines_and_in_order(struct kunit *test)
{
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue[3] = {
		entry_of(a, GSI, a->mem, 0),
		entry_of(a, GSI + 1, a->mem, 1),
		{ .gsi = 3, .type = KVM_IRQ_ROUTING_IRQCHIP },
	};
	struct kvm_eventfd_adapter first = { .id = 0 };

	ue[1].u.adapter.adapter_id = 0;
	ue[1].u.adapter.summary_offset = 1;
	adapter_set(test, a, 0);
	KUNIT_ASSERT_EQ(test, 0, lines_vm_ioctl(a->m, KVM_EVENTFD_SET_ADAPTER,
						&first));
	KUNIT_ASSERT_EQ(test, 0,
			kev_set_irq_routing_kernel(a->m->vm, ue, 3));

	lines_pulse(a->m, GSI);
	lines_pulse(a->m, GSI + 1);
	lines_pulse(a->m, 3);
	KUNIT_EXPECT_EQ(test, -2, take_adapter(a));
	KUNIT_EXPECT_EQ(test, 0, take_adapter(a));
	KUNIT_EXPECT_EQ(test, ADAPTER, take_adapter(a));
	KUNIT_EXPECT_EQ(test, -1, take_adapter(a));
}

/* What is pinned */

#define MANY	100

static void adapter_pages_are_pinned_once_each(struct kunit *test)
{
	struct kvm_irq_routing_entry *ue;
	struct adapters *a = adapters_new(test);
	unsigned int i;

	ue = kunit_kcalloc(test, MANY, sizeof(*ue), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ue);
	for (i = 0; i < MANY; i++)
		ue[i] = entry_of(a, GSI + i, a->mem, i);

	for (i = 1; i <= MANY; i++) {
		KUNIT_ASSERT_EQ(test, 0,
				kev_set_irq_routing_kernel(a->m->vm, ue, i));
		KUNIT_ASSERT_EQ(test, 2, pinned(a));
	}
	ue[0].u.adapter.ind_addr += PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, 0, route_update(test, a, &ue[0]));
	KUNIT_EXPECT_EQ(test, 3, pinned(a));

	KUNIT_EXPECT_EQ(test, 0,
			kev_set_irq_routing_kernel(a->m->vm, ue, 1));
	KUNIT_EXPECT_EQ(test, 2, pinned(a));
	KUNIT_EXPECT_EQ(test, 0,
			kev_set_irq_routing_kernel(a->m->vm, ue, 0));
	KUNIT_EXPECT_EQ(test, 0, pinned(a));
	KUNIT_EXPECT_TRUE(test, xa_empty(&kev_lines(a->m->machine)->adapters.pages));
}

static void adapter_update_lets_the_old_pages_go(struct kunit *test)
{
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue = entry_of(a, GSI, a->mem, 0);

	KUNIT_EXPECT_EQ(test, 0, route_update(test, a, &ue));
	KUNIT_EXPECT_EQ(test, 2, pinned(a));
	/* The same again changes nothing, and holds nothing more. */
	KUNIT_EXPECT_EQ(test, 0, route_update(test, a, &ue));
	KUNIT_EXPECT_EQ(test, 2, pinned(a));

	ue.u.adapter.ind_addr = summary_addr(a);
	KUNIT_EXPECT_EQ(test, 0, route_update(test, a, &ue));
	KUNIT_EXPECT_EQ(test, 1, pinned(a));

	ue.type = KVM_EVENTFD_ROUTING_NONE;
	KUNIT_EXPECT_EQ(test, 0, route_update(test, a, &ue));
	KUNIT_EXPECT_EQ(test, 0, pinned(a));
}

/* A table is set while somebody still reads the one before it. */

struct clear_work {
	struct work_struct work;
	struct kev_vm *vm;
	bool begun;
	struct completion done;
};

static void clear_table(struct work_struct *work)
{
	struct clear_work *clear = container_of(work, struct clear_work, work);
	static const struct kvm_irq_routing_entry none;

	WRITE_ONCE(clear->begun, true);
	kev_set_irq_routing_kernel(clear->vm, &none, 0);
	complete(&clear->done);
}

static void adapter_pages_outlast_readers_of_their_route(struct kunit *test)
{
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue = entry_of(a, GSI, a->mem, 0);
	struct clear_work clear = { .vm = a->m->vm };
	struct xarray *pages = &kev_lines(a->m->machine)->adapters.pages;
	unsigned int i;
	int idx;

	KUNIT_ASSERT_EQ(test, 0, route_set(a, &ue));
	INIT_WORK_ONSTACK(&clear.work, clear_table);
	init_completion(&clear.done);

	idx = srcu_read_lock(&a->m->vm->irq_srcu);
	schedule_work(&clear.work);
	/* Long enough for who does not wait to be noticed. */
	for (i = 0; i < 100 || !READ_ONCE(clear.begun); i++) {
		if (xa_empty(pages))
			break;
		usleep_range(500, 1000);
	}
	KUNIT_EXPECT_FALSE(test, xa_empty(pages));
	srcu_read_unlock(&a->m->vm->irq_srcu, idx);

	flush_work(&clear.work);
	destroy_work_on_stack(&clear.work);
	KUNIT_EXPECT_TRUE(test, xa_empty(pages));
}

/* A fault of the VMM may hold its mmap_lock for as long as its pager likes. */
static void adapter_pages_go_while_the_vmm_faults(struct kunit *test)
{
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue = entry_of(a, GSI, a->mem, 0);
	struct clear_work clear = { .vm = a->m->vm };
	unsigned long left;

	KUNIT_ASSERT_EQ(test, 0, route_set(a, &ue));
	INIT_WORK_ONSTACK(&clear.work, clear_table);
	init_completion(&clear.done);

	mmap_read_lock(current->mm);
	schedule_work(&clear.work);
	left = wait_for_completion_timeout(&clear.done, 20 * HZ);
	mmap_read_unlock(current->mm);

	KUNIT_EXPECT_NE_MSG(test, 0UL, left, "the pages wait for the mmap_lock");
	flush_work(&clear.work);
	destroy_work_on_stack(&clear.work);
	KUNIT_EXPECT_EQ(test, 0, pinned(a));
}

/* Bad input, which must hold nothing afterwards. */

enum bad {
	BAD_FLAGS,
	BAD_ID,
	BAD_IND,
	BAD_SUMMARY,
	BAD_IND_RO,
	BAD_SUMMARY_RO,
	BAD_KERNEL,
	BAD_OFFSET_BEHIND,
	BAD_OFFSET_WRAPS_BITS,
	BAD_OFFSET_WRAPS_BYTES,
};

struct bad_case {
	const char *name;
	enum bad bad;
	int ret;
};

static const struct bad_case bad_cases[] = {
	{ "flags", BAD_FLAGS, -EINVAL },
	{ "number_of_the_adapter", BAD_ID, -EINVAL },
	{ "indicator_that_is_not_mapped", BAD_IND, -EFAULT },
	{ "summary_that_is_not_mapped", BAD_SUMMARY, -EFAULT },
	{ "indicator_that_cannot_be_written", BAD_IND_RO, -EFAULT },
	{ "summary_that_cannot_be_written", BAD_SUMMARY_RO, -EFAULT },
	{ "indicator_in_the_kernel", BAD_KERNEL, -EFAULT },
	{ "offset_behind_all_memory", BAD_OFFSET_BEHIND, -EFAULT },
	{ "offset_that_wraps_in_bits", BAD_OFFSET_WRAPS_BITS, -EINVAL },
	{ "offset_that_wraps_in_bytes", BAD_OFFSET_WRAPS_BYTES, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_cases, name);

static void spoil(struct kunit *test, struct kvm_irq_routing_entry *ue,
		  enum bad bad)
{
	struct kvm_irq_routing_s390_adapter *adapter = &ue->u.adapter;

	switch (bad) {
	case BAD_FLAGS:
		ue->flags = 1;
		break;
	case BAD_ID:
		adapter->adapter_id = KEV_ADAPTERS;
		break;
	case BAD_IND:
		adapter->ind_addr = 0;
		break;
	case BAD_SUMMARY:
		adapter->summary_addr = 0;
		break;
	case BAD_IND_RO:
		adapter->ind_addr = map_pages(test, PROT_READ);
		break;
	case BAD_SUMMARY_RO:
		adapter->summary_addr = map_pages(test, PROT_READ);
		break;
	case BAD_KERNEL:
		adapter->ind_addr = (unsigned long)bad_cases;
		break;
	case BAD_OFFSET_BEHIND:
		adapter->ind_addr = 0;
		adapter->ind_offset = ~63ULL;
		break;
	case BAD_OFFSET_WRAPS_BITS:
		adapter->ind_addr |= 1;
		adapter->ind_offset = ~0ULL;
		break;
	case BAD_OFFSET_WRAPS_BYTES:
		adapter->ind_addr = ~7ULL;
		adapter->ind_offset = 64;
		break;
	}
}

static void adapter_bad_input_is_refused(struct kunit *test)
{
	const struct bad_case *c = test->param_value;
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry good = entry_of(a, GSI, a->mem, 0);
	struct kvm_irq_routing_entry ue[2] = {
		entry_of(a, GSI + 1, a->mem + PAGE_SIZE, 0), good,
	};
	long before;

	adapter_set(test, a, 0);
	KUNIT_ASSERT_EQ(test, 0, route_set(a, &good));
	spoil(test, &ue[1], c->bad);
	before = pinned(a);

	KUNIT_EXPECT_EQ(test, c->ret,
			kev_set_irq_routing_kernel(a->m->vm, ue, 2));
	KUNIT_EXPECT_EQ(test, c->ret, route_update(test, a, &ue[1]));
	KUNIT_EXPECT_EQ(test, before, pinned(a));
	KUNIT_EXPECT_EQ(test, 1, lines_pulse(a->m, GSI));
}

/* The memory of another process, or of none: there are no addresses in it. */
static void adapter_needs_the_memory_of_the_vm(struct kunit *test)
{
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue = entry_of(a, GSI, a->mem, 0);
	struct lines_machine *other = lines_machine(test);

	KUNIT_EXPECT_EQ(test, -EFAULT,
			kev_set_irq_routing_kernel(other->vm, &ue, 1));
}

/* The VMM may unmap what it likes: the page stays until the route goes. */
static void adapter_memory_may_be_unmapped(struct kunit *test)
{
	struct adapters *a = adapters_new(test);
	struct kvm_irq_routing_entry ue = entry_of(a, GSI, a->mem, 0);

	adapter_set(test, a, 0);
	KUNIT_ASSERT_EQ(test, 0, route_set(a, &ue));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(a->mem, PAGES * PAGE_SIZE));

	KUNIT_EXPECT_EQ(test, 1, lines_pulse(a->m, GSI));
	KUNIT_EXPECT_EQ(test, 0, lines_pulse(a->m, GSI));
	KUNIT_EXPECT_EQ(test, ADAPTER, take_adapter(a));
	KUNIT_EXPECT_EQ(test, -EFAULT, route_set(a, &ue));
	KUNIT_EXPECT_EQ(test, 2, pinned(a));
}

static struct kunit_case adapter_cases[] = {
	KUNIT_CASE_PARAM(adapter_bit, bit_gen_params),
	KUNIT_CASE(adapter_interrupts_when_the_summary_rises),
	KUNIT_CASE(adapter_that_falls_does_nothing),
	KUNIT_CASE(adapter_that_is_masked_sets_bits),
	KUNIT_CASE(adapter_that_is_not_set_is_ignored),
	KUNIT_CASE(adapters_come_after_lines_and_in_order),
	KUNIT_CASE(adapter_pages_are_pinned_once_each),
	KUNIT_CASE(adapter_update_lets_the_old_pages_go),
	KUNIT_CASE(adapter_pages_outlast_readers_of_their_route),
	KUNIT_CASE(adapter_pages_go_while_the_vmm_faults),
	KUNIT_CASE_PARAM(adapter_bad_input_is_refused, bad_gen_params),
	KUNIT_CASE(adapter_needs_the_memory_of_the_vm),
	KUNIT_CASE(adapter_memory_may_be_unmapped),
	{ }
};

static struct kunit_suite adapter_suite = {
	.name = "kev_adapter",
	.test_cases = adapter_cases,
};

kunit_test_suite(adapter_suite);
