// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_EVENTFD_ACK_INTERRUPT, poll() and the mapped pending word of a vCPU fd:
 * what the CPU takes next, and how it learns that there is something.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "kev_harness.h"

FIXTURE(ack) {
	struct kev_machine m;
	int vm;
	int cpu;
	char *map;
	struct kvm_eventfd_vcpu_state *state;
};

FIXTURE_SETUP(ack)
{
	size_t page = getpagesize();

	KEV_REQUIRE_VCPU_IO();
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&self->m, KEV_CHIP_SPLIT, 2);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->cpu, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	self->state = (void *)(self->map + KVM_EVENTFD_PAGE_STATE * page);
}

FIXTURE_TEARDOWN(ack)
{
	munmap(self->map, 3 * getpagesize());
	kev_machine_destroy(&self->m);
}

static uint32_t pending(const struct kvm_eventfd_vcpu_state *state)
{
	return __atomic_load_n(&state->pending, __ATOMIC_RELAXED);
}

static void send(int vm, uint32_t data)
{
	kev_assert(signal_msi(vm, KEV_MSI_DEST(0), data) == 1,
		   "message %#x was not taken", data);
}

#define EXPECT_ACK(want_type, want_vector)				\
	do {								\
		struct kvm_eventfd_interrupt intr_;			\
									\
		intr_ = ack_interrupt(self->cpu);			\
		EXPECT_EQ(want_type, intr_.type);			\
		EXPECT_EQ(want_vector, intr_.vector);			\
	} while (0)

#define EXPECT_NOTHING()						\
	do {								\
		struct kvm_eventfd_interrupt intr_;			\
									\
		EXPECT_ERRNO(EAGAIN, __ack_interrupt(self->cpu, &intr_)); \
		EXPECT_FALSE(vcpu_poll_now(self->cpu));			\
		EXPECT_EQ(0, pending(self->state));			\
	} while (0)

#define EXPECT_SOMETHING()						\
	do {								\
		EXPECT_TRUE(vcpu_poll_now(self->cpu));			\
		EXPECT_NE(0, pending(self->state));			\
	} while (0)

TEST_F(ack, nothing_pending_is_EAGAIN)
{
	EXPECT_NOTHING();
}

TEST_F(ack, vector_is_taken_once)
{
	send(self->vm, 0x51);
	EXPECT_SOMETHING();
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
	EXPECT_NOTHING();
}

TEST_F(ack, vector_moves_from_requested_to_in_service)
{
	struct kvm_lapic_state s;

	send(self->vm, 0x51);
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
	get_lapic(self->cpu, &s);
	EXPECT_FALSE(lapic_test_vector(&s, KEV_APIC_IRR, 0x51));
	EXPECT_TRUE(lapic_test_vector(&s, KEV_APIC_ISR, 0x51));
	EXPECT_EQ(0x50, lapic_reg(&s, KEV_APIC_PPR));
	lapic_eoi(self->cpu);
	get_lapic(self->cpu, &s);
	EXPECT_FALSE(lapic_test_vector(&s, KEV_APIC_ISR, 0x51));
}

TEST_F(ack, same_vector_waits_for_its_eoi)
{
	send(self->vm, 0x51);
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
	send(self->vm, 0x51);
	EXPECT_NOTHING();
	lapic_eoi(self->cpu);
	EXPECT_SOMETHING();
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
}

TEST_F(ack, same_class_waits_for_the_eoi)
{
	send(self->vm, 0x51);
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
	send(self->vm, 0x5f);
	EXPECT_NOTHING();
	lapic_eoi(self->cpu);
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x5f);
}

TEST_F(ack, higher_class_nests)
{
	send(self->vm, 0x51);
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
	send(self->vm, 0x61);
	EXPECT_SOMETHING();
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x61);
	lapic_eoi(self->cpu);
	EXPECT_NOTHING();
	send(self->vm, 0x59);
	EXPECT_NOTHING();
	lapic_eoi(self->cpu);
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x59);
}

TEST_F(ack, highest_vector_comes_first)
{
	static const unsigned int vectors[] = { 0x31, 0xe1, 0x52, 0x51, 0xa0 };
	static const unsigned int sorted[] = { 0xe1, 0xa0, 0x52, 0x51, 0x31 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		send(self->vm, vectors[i]);
	for (i = 0; i < ARRAY_SIZE(sorted); i++) {
		EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, sorted[i]);
		lapic_eoi(self->cpu);
	}
	EXPECT_NOTHING();
}

TEST_F(ack, task_priority_masks_its_class_and_below)
{
	vcpu_write(self->cpu, KEV_APIC_BASE + KEV_APIC_TPR, 0x50, 4);
	send(self->vm, 0x4f);
	send(self->vm, 0x5f);
	EXPECT_NOTHING();
	send(self->vm, 0x60);
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x60);
	lapic_eoi(self->cpu);
	EXPECT_NOTHING();
}

TEST_F(ack, lowered_task_priority_unmasks)
{
	vcpu_write(self->cpu, KEV_APIC_BASE + KEV_APIC_TPR, 0xf0, 4);
	send(self->vm, 0x51);
	EXPECT_NOTHING();
	vcpu_write(self->cpu, KEV_APIC_BASE + KEV_APIC_TPR, 0, 4);
	EXPECT_SOMETHING();
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
}

TEST_F(ack, set_lapic_publishes_what_it_restored)
{
	struct kvm_lapic_state s;

	get_lapic(self->cpu, &s);
	lapic_set_reg(&s, KEV_APIC_IRR + 0x20, 1 << 5);
	set_lapic(self->cpu, &s);
	EXPECT_SOMETHING();
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x45);
	set_lapic(self->cpu, &s);
	EXPECT_SOMETHING();
	lapic_set_reg(&s, KEV_APIC_IRR + 0x20, 0);
	set_lapic(self->cpu, &s);
	EXPECT_NOTHING();
}

TEST_F(ack, set_lapic_restores_what_is_in_service)
{
	struct kvm_lapic_state s;

	get_lapic(self->cpu, &s);
	lapic_set_reg(&s, KEV_APIC_ISR + 0x50, 1);
	set_lapic(self->cpu, &s);
	send(self->vm, 0x61);
	EXPECT_NOTHING();
	lapic_eoi(self->cpu);
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x61);
}

TEST_F(ack, nmi_comes_before_any_vector)
{
	send(self->vm, 0xf1);
	send(self->vm, KEV_MSI_NMI);
	EXPECT_ACK(KVM_EVENTFD_INTR_NMI, 0);
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0xf1);
	EXPECT_NOTHING();
}

TEST_F(ack, nmi_by_ioctl_is_taken)
{
	kev_ioctl_val(self->cpu, KVM_NMI, 0);
	EXPECT_SOMETHING();
	EXPECT_ACK(KVM_EVENTFD_INTR_NMI, 0);
	EXPECT_NOTHING();
}

TEST_F(ack, nmi_is_not_masked_by_priority)
{
	vcpu_write(self->cpu, KEV_APIC_BASE + KEV_APIC_TPR, 0xff, 4);
	send(self->vm, KEV_MSI_NMI);
	EXPECT_ACK(KVM_EVENTFD_INTR_NMI, 0);
}

TEST_F(ack, smi_is_taken)
{
	send(self->vm, KEV_MSI_SMI);
	EXPECT_SOMETHING();
	EXPECT_ACK(KVM_EVENTFD_INTR_SMI, 0);
	EXPECT_NOTHING();
}

TEST_F(ack, init_and_then_sipi_are_taken)
{
	self->cpu = self->m.vcpu[1];
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(1),
				KEV_MSI_INIT | KEV_MSI_LEVEL |
				KEV_MSI_ASSERT));
	EXPECT_ACK(KVM_EVENTFD_INTR_INIT, 0);
	EXPECT_EQ(1, signal_msi(self->vm, KEV_MSI_DEST(1),
				KEV_MSI_SIPI | 0x9a));
	EXPECT_ACK(KVM_EVENTFD_INTR_SIPI, 0x9a);
}

TEST_F(ack, argument_that_cannot_be_written_is_EFAULT_and_takes_nothing)
{
	struct kvm_eventfd_interrupt intr = {};
	struct kvm_eventfd_interrupt *ro, *bad;

	bad = KEV_BAD_PTR(struct kvm_eventfd_interrupt);
	ro = kev_alloc_readonly(&intr, sizeof(intr));
	send(self->vm, 0x51);
	EXPECT_ERRNO(EFAULT, __ack_interrupt(self->cpu, ro));
	EXPECT_ERRNO(EFAULT, __ack_interrupt(self->cpu, bad));
	EXPECT_SOMETHING();
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
	kev_free_page(ro);
}

TEST_F(ack, one_cpus_interrupt_is_not_the_others)
{
	struct kvm_eventfd_interrupt intr;

	send(self->vm, 0x51);
	EXPECT_ERRNO(EAGAIN, __ack_interrupt(self->m.vcpu[1], &intr));
	EXPECT_FALSE(vcpu_poll_now(self->m.vcpu[1]));
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
}

TEST_F(ack, irqfd_signal_wakes_the_cpu)
{
	int efd = kev_eventfd(0);

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	set_msi_route(self->vm, 24, 0, 0x51);
	irqfd_assign(self->vm, efd, 24);
	kev_signal(efd);
	EXPECT_TRUE(vcpu_wait_pending(self->cpu));
	EXPECT_SOMETHING();
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
	close(efd);
}

/* A message has found its way, so that the map of destinations stands. */
static void settle_map(int vm, int cpu)
{
	send(vm, 0x31);
	kev_assert(ack_interrupt(cpu).vector == 0x31, "message 0x31");
	lapic_eoi(cpu);
}

TEST_F(ack, irqfd_signal_is_pending_when_write_returns)
{
	int efd = kev_eventfd(0);
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	set_msi_route(self->vm, 24, 0, 0x51);
	irqfd_assign(self->vm, efd, 24);
	settle_map(self->vm, self->cpu);
	for (i = 0; i < 1000; i++) {
		kev_signal(efd);
		ASSERT_NE(0, pending(self->state));
		ASSERT_EQ(0x51, ack_interrupt(self->cpu).vector);
		lapic_eoi(self->cpu);
	}
	EXPECT_NOTHING();
	close(efd);
}

static void *wait_pending(void *arg)
{
	return vcpu_wait_pending(*(int *)arg) ? arg : NULL;
}

TEST_F(ack, poll_that_sleeps_is_woken)
{
	pthread_t waiter;
	void *woken;

	ASSERT_EQ(0, pthread_create(&waiter, NULL, wait_pending, &self->cpu));
	send(self->vm, 0x51);
	ASSERT_EQ(0, pthread_join(waiter, &woken));
	EXPECT_NE(NULL, woken);
}

TEST_F(ack, poll_always_lets_write)
{
	struct pollfd pfd = { .fd = self->cpu, .events = POLLOUT };

	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLOUT, pfd.revents);
}

/* The kernel writes the pending word and never believes it. */
TEST_F(ack, what_user_space_writes_to_the_mapping_is_not_believed)
{
	struct kvm_eventfd_interrupt intr;

	memset(self->map, 0xff, 3 * getpagesize());
	EXPECT_ERRNO(EAGAIN, __ack_interrupt(self->cpu, &intr));
	EXPECT_FALSE(vcpu_poll_now(self->cpu));
	send(self->vm, 0x51);
	memset(self->map, 0, 3 * getpagesize());
	EXPECT_TRUE(vcpu_poll_now(self->cpu));
	EXPECT_ACK(KVM_EVENTFD_INTR_FIXED, 0x51);
}

/* The 8259 and ExtINT. */

FIXTURE(extint) {
	struct kev_machine m;
	int vm;
	int cpu;
};

#define PIO	KVM_EVENTFD_OFF_PIO

static void init_pic(int cpu, unsigned int base, unsigned int vector,
		     unsigned int cascade)
{
	vcpu_write(cpu, PIO + base, 0x11, 1);
	vcpu_write(cpu, PIO + base + 1, vector, 1);
	vcpu_write(cpu, PIO + base + 1, cascade, 1);
	vcpu_write(cpu, PIO + base + 1, 0x01, 1);
	vcpu_write(cpu, PIO + base + 1, 0x00, 1);
}

FIXTURE_SETUP(extint)
{
	KEV_REQUIRE_VCPU_IO();
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	kev_machine_create(&self->m, KEV_CHIP_FULL, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	init_pic(self->cpu, 0x20, 0x30, 4);
	init_pic(self->cpu, 0xa0, 0x38, 2);
}

FIXTURE_TEARDOWN(extint)
{
	kev_machine_destroy(&self->m);
}

TEST_F(extint, line_of_the_master_has_its_vector)
{
	irq_line(self->vm, 3, 1);
	EXPECT_TRUE(vcpu_poll_now(self->cpu));
	EXPECT_ACK(KVM_EVENTFD_INTR_EXTINT, 0x33);
	EXPECT_FALSE(vcpu_poll_now(self->cpu));
}

TEST_F(extint, line_of_the_slave_has_its_vector)
{
	irq_line(self->vm, 12, 1);
	EXPECT_ACK(KVM_EVENTFD_INTR_EXTINT, 0x3c);
}

TEST_F(extint, lower_line_comes_first)
{
	irq_line(self->vm, 5, 1);
	irq_line(self->vm, 3, 1);
	EXPECT_ACK(KVM_EVENTFD_INTR_EXTINT, 0x33);
	vcpu_write(self->cpu, PIO + 0x20, 0x20, 1);
	EXPECT_ACK(KVM_EVENTFD_INTR_EXTINT, 0x35);
}

TEST_F(extint, masked_line_waits_for_its_unmasking)
{
	vcpu_write(self->cpu, PIO + 0x21, 0x08, 1);
	irq_line(self->vm, 3, 1);
	EXPECT_FALSE(vcpu_poll_now(self->cpu));
	vcpu_write(self->cpu, PIO + 0x21, 0x00, 1);
	EXPECT_TRUE(vcpu_poll_now(self->cpu));
	EXPECT_ACK(KVM_EVENTFD_INTR_EXTINT, 0x33);
}

TEST_F(extint, restored_request_of_the_8259_is_taken)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };

	kev_ioctl(self->vm, KVM_GET_IRQCHIP, &chip);
	chip.chip.pic.irr = 1 << 3;
	kev_ioctl(self->vm, KVM_SET_IRQCHIP, &chip);
	EXPECT_TRUE(vcpu_poll_now(self->cpu));
	EXPECT_ACK(KVM_EVENTFD_INTR_EXTINT, 0x33);
}

TEST_F(extint, masked_lint0_keeps_the_8259_out)
{
	vcpu_write(self->cpu, KEV_APIC_BASE + KEV_APIC_LVT0, 0x10700, 4);
	irq_line(self->vm, 3, 1);
	EXPECT_FALSE(vcpu_poll_now(self->cpu));
	vcpu_write(self->cpu, KEV_APIC_BASE + KEV_APIC_LVT0, 0x700, 4);
	EXPECT_TRUE(vcpu_poll_now(self->cpu));
	EXPECT_ACK(KVM_EVENTFD_INTR_EXTINT, 0x33);
}

TEST_HARNESS_MAIN
