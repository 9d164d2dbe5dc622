// SPDX-License-Identifier: GPL-2.0
/* VMs of GSI lines: KVM_EVENTFD_VM_LINES, KVM_EVENTFD_EOI, KVM_EVENTFD_FETCH. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "kev_harness.h"

#define LINE	7

FIXTURE(lines) {
	int vm;
	int vcpu[2];
	int lines;
};

FIXTURE_SETUP(lines)
{
	int node, i;

	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_LINES);
	node = kev_open();
	self->vm = kev_ioctl_val(node, KVM_CREATE_VM, KVM_EVENTFD_VM_LINES);
	close(node);
	self->lines = kev_ioctl_val(self->vm, KVM_CHECK_EXTENSION,
				    KVM_EVENTFD_CAP_LINES);
	for (i = 0; i < 2; i++)
		self->vcpu[i] = create_vcpu(self->vm, i);
}

FIXTURE_TEARDOWN(lines)
{
	close(self->vcpu[1]);
	close(self->vcpu[0]);
	close(self->vm);
}

#define REQUIRE_VM_CAP(cap)						\
	do {								\
		if (kev_ioctl_val(self->vm, KVM_CHECK_EXTENSION, cap) <= 0) \
			SKIP(return, "%s: a VM of lines has no %s here",	\
			     kev_node(), #cap);				\
	} while (0)

/* The line that a CPU takes; -1 when there is nothing, -2 for anything else. */
static int take(int vcpu)
{
	struct kvm_eventfd_interrupt intr = {};

	if (__ack_interrupt(vcpu, &intr)) {
		kev_assert(errno == EAGAIN, "ACK_INTERRUPT");
		return -1;
	}
	return intr.type == KVM_EVENTFD_INTR_LINE ? (int)intr.vector : -2;
}

static int end_type(int vcpu, uint32_t type, uint32_t line)
{
	struct kvm_eventfd_interrupt intr = { .type = type, .vector = line };

	return __kev_ioctl(vcpu, KVM_EVENTFD_EOI, &intr);
}

static int end_line(int vcpu, uint32_t line)
{
	return end_type(vcpu, KVM_EVENTFD_INTR_LINE, line);
}

static int __set_trigger(int vm, uint64_t first, uint64_t nr, uint64_t trigger)
{
	struct kvm_enable_cap arg = {
		.cap = KVM_EVENTFD_CAP_LINES,
		.args = { first, nr, trigger },
	};

	return __kev_ioctl(vm, KVM_ENABLE_CAP, &arg);
}

static int fetch(int vcpu, struct kvm_eventfd_event *event)
{
	return __kev_ioctl(vcpu, KVM_EVENTFD_FETCH, event);
}

static void set_routes(int vm, const struct kvm_irq_routing_entry *entry)
{
	struct kev_routes *r = kev_routes_new();

	if (entry)
		*kev_route_add(r, entry->gsi, entry->type) = *entry;
	set_gsi_routing(vm, r);
	free(r);
}

/* A VM's capabilities */

TEST_F(lines, capabilities_are_those_of_lines)
{
	static const long none[] = {
		KVM_CAP_IRQCHIP, KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_SIGNAL_MSI,
		KVM_CAP_X2APIC_API, KVM_CAP_PIT2, KVM_CAP_MP_STATE,
	};
	unsigned int i;

	EXPECT_EQ(1024, kev_check_extension(KVM_EVENTFD_CAP_LINES));
	EXPECT_EQ(1024, self->lines);
	EXPECT_EQ(1, kev_check_extension(KVM_EVENTFD_CAP_FETCH));
	EXPECT_EQ(1, kev_ioctl_val(self->vm, KVM_CHECK_EXTENSION,
				   KVM_CAP_IRQ_INJECT_STATUS));
	for (i = 0; i < ARRAY_SIZE(none); i++)
		EXPECT_EQ(0, kev_ioctl_val(self->vm, KVM_CHECK_EXTENSION,
					   none[i]));
}

TEST_F(lines, ioctls_of_other_machines_are_not_there)
{
	struct kvm_msi msi = {};
	struct kvm_interrupt intr = {};

	EXPECT_ERRNO(ENOTTY, __create_irqchip(self->vm));
	EXPECT_ERRNO(ENOTTY, __kev_ioctl(self->vm, KVM_SIGNAL_MSI, &msi));
	EXPECT_ERRNO(ENOTTY, __kev_ioctl(self->vcpu[0], KVM_INTERRUPT, &intr));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, KVM_CAP_SPLIT_IRQCHIP, 0, 0));
}

TEST_F(lines, a_vm_of_another_type_has_no_end_of_lines)
{
	int vm = kev_create_vm();
	int vcpu = create_vcpu(vm, 0);

	if (!kev_ioctl_val(vm, KVM_CHECK_EXTENSION, KVM_EVENTFD_CAP_LINES)) {
		EXPECT_ERRNO(EINVAL, end_line(vcpu, LINE));
		EXPECT_ERRNO(EINVAL, __set_trigger(vm, 0, 1, 0));
	}
	close(vcpu);
	close(vm);
}

/* Levels and edges */

TEST_F(lines, level_is_taken_until_it_falls)
{
	EXPECT_EQ(-1, take(self->vcpu[0]));
	EXPECT_EQ(1, irq_line_status(self->vm, LINE, 1));
	EXPECT_EQ(0, irq_line_status(self->vm, LINE, 1));
	EXPECT_EQ(LINE, take(self->vcpu[0]));
	EXPECT_EQ(-1, take(self->vcpu[0]));
	EXPECT_EQ(-1, take(self->vcpu[1]));
	EXPECT_ERRNO(0, end_line(self->vcpu[0], LINE));
	EXPECT_EQ(LINE, take(self->vcpu[1]));
	EXPECT_EQ(1, irq_line_status(self->vm, LINE, 0));
	EXPECT_ERRNO(0, end_line(self->vcpu[1], LINE));
	EXPECT_EQ(-1, take(self->vcpu[0]));
}

TEST_F(lines, level_that_falls_before_it_is_taken_is_gone)
{
	irq_line(self->vm, LINE, 1);
	irq_line(self->vm, LINE, 0);
	EXPECT_EQ(-1, take(self->vcpu[0]));
}

TEST_F(lines, edge_is_kept_until_it_is_taken)
{
	ASSERT_ERRNO(0, __set_trigger(self->vm, LINE, 1,
				      KVM_EVENTFD_TRIGGER_EDGE));
	irq_line(self->vm, LINE, 1);
	irq_line(self->vm, LINE, 0);
	EXPECT_EQ(LINE, take(self->vcpu[0]));
	irq_line(self->vm, LINE, 1);
	EXPECT_EQ(-1, take(self->vcpu[0]));
	EXPECT_ERRNO(0, end_line(self->vcpu[0], LINE));
	EXPECT_EQ(LINE, take(self->vcpu[0]));
	EXPECT_ERRNO(0, end_line(self->vcpu[0], LINE));
	EXPECT_EQ(-1, take(self->vcpu[0]));
}

TEST_F(lines, lowest_line_comes_first)
{
	irq_line(self->vm, self->lines - 1, 1);
	irq_line(self->vm, LINE, 1);
	irq_line(self->vm, 0, 1);
	EXPECT_EQ(0, take(self->vcpu[0]));
	EXPECT_EQ(LINE, take(self->vcpu[1]));
	EXPECT_EQ(self->lines - 1, take(self->vcpu[0]));
	EXPECT_EQ(-1, take(self->vcpu[1]));
}

TEST_F(lines, line_out_of_range_is_ignored)
{
	EXPECT_EQ(-1, irq_line_status(self->vm, self->lines, 1));
	EXPECT_EQ(-1, irq_line_status(self->vm, ~0u, 1));
	EXPECT_EQ(-1, take(self->vcpu[0]));
}

/* errno, and the order of checks */

TEST_F(lines, end_fails_as_its_record_says)
{
	struct kvm_eventfd_interrupt *bad =
		KEV_BAD_PTR(struct kvm_eventfd_interrupt);

	irq_line(self->vm, LINE, 1);
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vcpu[0], KVM_EVENTFD_EOI, bad));
	EXPECT_ERRNO(EINVAL, end_line(self->vcpu[0], LINE));
	EXPECT_EQ(LINE, take(self->vcpu[0]));
	EXPECT_ERRNO(EINVAL, end_type(self->vcpu[0], KVM_EVENTFD_INTR_FIXED,
				      LINE));
	EXPECT_ERRNO(EINVAL, end_line(self->vcpu[0], self->lines));
	EXPECT_ERRNO(EINVAL, end_line(self->vcpu[0], ~0u));
	EXPECT_ERRNO(0, end_line(self->vcpu[1], LINE));
	EXPECT_ERRNO(EINVAL, end_line(self->vcpu[0], LINE));
}

TEST_F(lines, trigger_fails_as_its_record_says)
{
	EXPECT_ERRNO(0, __set_trigger(self->vm, 0, self->lines, 1));
	EXPECT_ERRNO(0, __set_trigger(self->vm, self->lines - 1, 1, 0));
	EXPECT_ERRNO(EINVAL, __set_trigger(self->vm, self->lines, 0, 0));
	EXPECT_ERRNO(EINVAL, __set_trigger(self->vm, 1, self->lines, 0));
	EXPECT_ERRNO(EINVAL, __set_trigger(self->vm, 1, ~0ull, 0));
	EXPECT_ERRNO(EINVAL, __set_trigger(self->vm, 0, 1, 2));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, KVM_EVENTFD_CAP_LINES, 1, 0));
}

TEST_F(lines, event_that_cannot_be_handed_over_is_not_taken)
{
	struct kvm_eventfd_event *event, zero = {};

	EXPECT_ERRNO(EAGAIN, fetch(self->vcpu[0], &zero));
	irq_line(self->vm, LINE, 1);
	event = kev_alloc_readonly(&zero, sizeof(zero));
	EXPECT_ERRNO(EFAULT, fetch(self->vcpu[0], event));
	kev_free_page(event);
	EXPECT_EQ(LINE, take(self->vcpu[0]));
}

/* Who is told */

TEST_F(lines, every_cpu_is_told)
{
	struct kvm_eventfd_vcpu_state *state[2];
	int i, page = getpagesize();

	for (i = 0; i < 2; i++) {
		state[i] = mmap(NULL, page, PROT_READ, MAP_SHARED,
				self->vcpu[i], page * KVM_EVENTFD_PAGE_STATE);
		ASSERT_NE(MAP_FAILED, state[i]);
		EXPECT_EQ(0, state[i]->pending);
		EXPECT_FALSE(vcpu_poll_now(self->vcpu[i]));
	}
	irq_line(self->vm, LINE, 1);
	for (i = 0; i < 2; i++) {
		EXPECT_NE(0, state[i]->pending);
		EXPECT_TRUE(vcpu_poll_now(self->vcpu[i]));
	}
	EXPECT_EQ(LINE, take(self->vcpu[1]));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, state[i]->pending);
		EXPECT_FALSE(vcpu_poll_now(self->vcpu[i]));
		munmap(state[i], page);
	}
}

/* irqfds */

TEST_F(lines, irqfd_pulses_its_line)
{
	int fd;

	REQUIRE_VM_CAP(KVM_CAP_IRQFD);
	fd = kev_eventfd(0);
	irqfd_assign(self->vm, fd, LINE);
	kev_signal(fd);
	kev_signal(fd);
	EXPECT_EQ(LINE, take(self->vcpu[0]));
	kev_signal(fd);
	EXPECT_ERRNO(0, end_line(self->vcpu[0], LINE));
	EXPECT_EQ(LINE, take(self->vcpu[0]));
	EXPECT_ERRNO(0, end_line(self->vcpu[0], LINE));
	EXPECT_EQ(-1, take(self->vcpu[0]));
	close(fd);
}

TEST_F(lines, resample_irqfd_holds_its_line_until_the_end)
{
	int fd, resamplefd;

	REQUIRE_VM_CAP(KVM_CAP_IRQFD_RESAMPLE);
	fd = kev_eventfd(0);
	resamplefd = kev_eventfd(0);
	irqfd_assign_resample(self->vm, fd, LINE, resamplefd);
	kev_signal(fd);
	EXPECT_TRUE(vcpu_wait_pending(self->vcpu[0]));
	EXPECT_EQ(LINE, take(self->vcpu[0]));
	EXPECT_EQ(0, kev_count(resamplefd));
	EXPECT_ERRNO(0, end_line(self->vcpu[0], LINE));
	EXPECT_EQ(1, kev_count(resamplefd));
	EXPECT_EQ(-1, take(self->vcpu[0]));
	close(resamplefd);
	close(fd);
}

/* Routes */

TEST_F(lines, gsi_is_a_line_until_a_table_is_set)
{
	struct kvm_irq_routing_entry entry = {
		.gsi = 5,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = 0, .pin = 900 },
	};

	REQUIRE_VM_CAP(KVM_CAP_IRQ_ROUTING);
	EXPECT_EQ(1, irq_line_status(self->vm, LINE, 1));
	EXPECT_EQ(LINE, take(self->vcpu[0]));
	set_routes(self->vm, &entry);
	EXPECT_EQ(-1, irq_line_status(self->vm, LINE, 1));
	EXPECT_EQ(1, irq_line_status(self->vm, 5, 1));
	EXPECT_EQ(900, take(self->vcpu[0]));
	set_routes(self->vm, NULL);
	EXPECT_EQ(-1, irq_line_status(self->vm, 5, 1));
}

TEST_F(lines, message_is_fetched_whole)
{
	struct kvm_irq_routing_entry entry = {
		.gsi = 4095,
		.type = KVM_IRQ_ROUTING_MSI,
		.flags = KVM_MSI_VALID_DEVID,
		.u.msi = {
			.address_lo = 0x8090040,
			.address_hi = 1,
			.data = 0xffff0003,
			.devid = 0x10108,
		},
	};
	struct kvm_eventfd_event want = {
		.type = KVM_EVENTFD_INTR_MSI,
		.vector = 4095,
		.flags = KVM_EVENTFD_EVENT_MSI | KVM_EVENTFD_EVENT_DEVID,
		.gsi = 4095,
		.address_lo = 0x8090040,
		.address_hi = 1,
		.data = 0xffff0003,
		.devid = 0x10108,
	};
	struct kvm_eventfd_interrupt intr = {};
	struct kvm_eventfd_event event;
	int i;

	REQUIRE_VM_CAP(KVM_CAP_IRQ_ROUTING);
	EXPECT_EQ(1, kev_ioctl_val(self->vm, KVM_CHECK_EXTENSION,
				   KVM_CAP_MSI_DEVID));
	set_routes(self->vm, &entry);
	for (i = 0; i < 2; i++) {
		memset(&event, 0xff, sizeof(event));
		EXPECT_EQ(1, irq_line_status(self->vm, 4095, 1));
		EXPECT_EQ(0, irq_line_status(self->vm, 4095, 1));
		EXPECT_EQ(-1, irq_line_status(self->vm, 4095, 0));
		ASSERT_ERRNO(0, fetch(self->vcpu[0], &event));
		EXPECT_EQ(0, memcmp(&event, &want, sizeof(event)));
		EXPECT_ERRNO(EAGAIN, fetch(self->vcpu[0], &event));
	}
	irq_line(self->vm, 4095, 1);
	ASSERT_ERRNO(0, __ack_interrupt(self->vcpu[0], &intr));
	EXPECT_EQ(KVM_EVENTFD_INTR_MSI, intr.type);
	EXPECT_EQ(4095, intr.vector);
	EXPECT_ERRNO(EINVAL, end_type(self->vcpu[0], KVM_EVENTFD_INTR_MSI, 4095));
}

TEST_F(lines, line_is_fetched_as_it_is_taken)
{
	struct kvm_eventfd_event event, want = {
		.type = KVM_EVENTFD_INTR_LINE,
		.vector = LINE,
	};

	irq_line(self->vm, LINE, 1);
	memset(&event, 0xff, sizeof(event));
	ASSERT_ERRNO(0, fetch(self->vcpu[0], &event));
	EXPECT_EQ(0, memcmp(&event, &want, sizeof(event)));
}

/* Several takers */

#define TAKES	2000

struct taker {
	pthread_t thread;
	int vcpu;
	unsigned int taken;
	unsigned int *left;
};

/* Each message that was sent is taken by one: their sum is what was sent. */
static void *taker(void *arg)
{
	struct taker *t = arg;
	struct kvm_eventfd_event event;

	while (__atomic_load_n(t->left, __ATOMIC_RELAXED)) {
		if (fetch(t->vcpu, &event)) {
			sched_yield();
			continue;
		}
		t->taken++;
		__atomic_sub_fetch(t->left, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F(lines, each_event_is_taken_by_one)
{
	struct kvm_irq_routing_entry entry = {
		.gsi = LINE,
		.type = KVM_IRQ_ROUTING_MSI,
	};
	unsigned int left = TAKES, sent = 0;
	struct taker takers[2] = {};
	int i;

	REQUIRE_VM_CAP(KVM_CAP_IRQ_ROUTING);
	set_routes(self->vm, &entry);
	for (i = 0; i < 2; i++) {
		takers[i].vcpu = self->vcpu[i];
		takers[i].left = &left;
		ASSERT_EQ(0, pthread_create(&takers[i].thread, NULL, taker,
					    &takers[i]));
	}
	while (sent < TAKES) {
		if (irq_line_status(self->vm, LINE, 1))
			sent++;
		else
			sched_yield();
	}
	for (i = 0; i < 2; i++)
		pthread_join(takers[i].thread, NULL);
	EXPECT_EQ(TAKES, takers[0].taken + takers[1].taken);
	EXPECT_EQ(-1, take(self->vcpu[0]));
}

TEST_HARNESS_MAIN
