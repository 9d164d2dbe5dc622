// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_IRQFD: which call is refused with what, and what a signal then does.
 * The vectors are looked for in the LAPIC's IRR, so that the same tests can
 * look at a KVM that runs no guest.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>

#include "kev_harness.h"

#define GSI		40
#define VECTOR		0x51
#define OTHER_GSI	41
#define OTHER_VECTOR	0x62

#define RESAMPLE	KVM_IRQFD_FLAG_RESAMPLE
#define DEASSIGN	KVM_IRQFD_FLAG_DEASSIGN

/* Calls that are wrong, some of them in two ways: the first error counts. */

FIXTURE(irqfd_call) {
	int vm;
	int fd;
	int resamplefd;
};

FIXTURE_VARIANT(irqfd_call) {
	enum kev_chip chip;
	enum kev_fd_kind fd;
	enum kev_fd_kind resamplefd;
	uint32_t gsi;
	uint32_t flags;
	int want;
};

FIXTURE_SETUP(irqfd_call)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_CHIP(variant->chip);
	self->vm = kev_create_vm();
	if (variant->chip == KEV_CHIP_FULL)
		create_irqchip(self->vm);
	else if (variant->chip == KEV_CHIP_SPLIT)
		enable_cap(self->vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	self->fd = kev_fd_of_kind(variant->fd);
	self->resamplefd = kev_fd_of_kind(variant->resamplefd);
}

FIXTURE_TEARDOWN(irqfd_call)
{
	close(self->vm);
}

#define VARIANT(name)	FIXTURE_VARIANT_ADD(irqfd_call, name)

VARIANT(good_with_full_chip_is_accepted) {
	.chip = KEV_CHIP_FULL,
};

VARIANT(good_with_split_chip_is_accepted) {
	.chip = KEV_CHIP_SPLIT,
};

VARIANT(good_with_resamplefd_is_accepted) {
	.chip = KEV_CHIP_FULL, .flags = RESAMPLE,
};

VARIANT(gsi_past_the_table_is_accepted) {
	.chip = KEV_CHIP_FULL, .gsi = 4096,
};

VARIANT(gsi_past_the_table_is_accepted_with_split_chip) {
	.chip = KEV_CHIP_SPLIT, .gsi = 4096,
};

VARIANT(largest_gsi_is_accepted) {
	.chip = KEV_CHIP_FULL, .gsi = 0xffffffff,
};

VARIANT(largest_gsi_is_accepted_with_resamplefd) {
	.chip = KEV_CHIP_FULL, .gsi = 0xffffffff, .flags = RESAMPLE,
};

VARIANT(resamplefd_is_not_looked_at_without_its_flag) {
	.chip = KEV_CHIP_FULL, .resamplefd = KEV_FD_CLOSED,
};

VARIANT(unknown_flag_is_EINVAL) {
	.chip = KEV_CHIP_FULL, .flags = 4, .want = EINVAL,
};

VARIANT(highest_flag_is_EINVAL) {
	.chip = KEV_CHIP_FULL, .flags = 1u << 31, .want = EINVAL,
};

VARIANT(unknown_flag_is_found_before_closed_fd) {
	.chip = KEV_CHIP_FULL, .flags = 4, .fd = KEV_FD_CLOSED, .want = EINVAL,
};

VARIANT(no_chip_is_EINVAL) {
	.chip = KEV_CHIP_NONE, .want = EINVAL,
};

VARIANT(no_chip_is_found_before_closed_fd) {
	.chip = KEV_CHIP_NONE, .fd = KEV_FD_CLOSED, .want = EINVAL,
};

VARIANT(resample_without_chip_is_EINVAL) {
	.chip = KEV_CHIP_NONE, .flags = RESAMPLE, .want = EINVAL,
};

VARIANT(resample_with_split_chip_is_EINVAL) {
	.chip = KEV_CHIP_SPLIT, .flags = RESAMPLE, .want = EINVAL,
};

VARIANT(resample_with_split_chip_is_found_before_closed_fd) {
	.chip = KEV_CHIP_SPLIT, .flags = RESAMPLE, .fd = KEV_FD_CLOSED,
	.want = EINVAL,
};

VARIANT(resample_with_split_chip_is_found_before_closed_resamplefd) {
	.chip = KEV_CHIP_SPLIT, .flags = RESAMPLE, .resamplefd = KEV_FD_CLOSED,
	.want = EINVAL,
};

VARIANT(closed_fd_is_EBADF) {
	.chip = KEV_CHIP_FULL, .fd = KEV_FD_CLOSED, .want = EBADF,
};

VARIANT(closed_fd_is_EBADF_with_split_chip) {
	.chip = KEV_CHIP_SPLIT, .fd = KEV_FD_CLOSED, .want = EBADF,
};

VARIANT(other_file_is_EINVAL) {
	.chip = KEV_CHIP_FULL, .fd = KEV_FD_OTHER, .want = EINVAL,
};

VARIANT(other_file_is_EINVAL_with_split_chip) {
	.chip = KEV_CHIP_SPLIT, .fd = KEV_FD_OTHER, .want = EINVAL,
};

VARIANT(closed_fd_is_found_before_other_file_as_resamplefd) {
	.chip = KEV_CHIP_FULL, .flags = RESAMPLE, .fd = KEV_FD_CLOSED,
	.resamplefd = KEV_FD_OTHER, .want = EBADF,
};

VARIANT(other_file_is_found_before_closed_resamplefd) {
	.chip = KEV_CHIP_FULL, .flags = RESAMPLE, .fd = KEV_FD_OTHER,
	.resamplefd = KEV_FD_CLOSED, .want = EINVAL,
};

VARIANT(closed_resamplefd_is_EBADF) {
	.chip = KEV_CHIP_FULL, .flags = RESAMPLE, .resamplefd = KEV_FD_CLOSED,
	.want = EBADF,
};

VARIANT(other_file_as_resamplefd_is_EINVAL) {
	.chip = KEV_CHIP_FULL, .flags = RESAMPLE, .resamplefd = KEV_FD_OTHER,
	.want = EINVAL,
};

VARIANT(deassign_with_unknown_flag_is_EINVAL) {
	.chip = KEV_CHIP_FULL, .flags = DEASSIGN | 4, .want = EINVAL,
};

VARIANT(deassign_with_unknown_flag_is_found_before_closed_fd) {
	.chip = KEV_CHIP_FULL, .flags = DEASSIGN | 4, .fd = KEV_FD_CLOSED,
	.want = EINVAL,
};

VARIANT(deassign_of_closed_fd_is_EBADF) {
	.chip = KEV_CHIP_FULL, .flags = DEASSIGN, .fd = KEV_FD_CLOSED,
	.want = EBADF,
};

VARIANT(deassign_of_closed_fd_is_EBADF_without_chip) {
	.chip = KEV_CHIP_NONE, .flags = DEASSIGN, .fd = KEV_FD_CLOSED,
	.want = EBADF,
};

VARIANT(deassign_of_other_file_is_EINVAL) {
	.chip = KEV_CHIP_FULL, .flags = DEASSIGN, .fd = KEV_FD_OTHER,
	.want = EINVAL,
};

VARIANT(deassign_of_nothing_succeeds) {
	.chip = KEV_CHIP_FULL, .flags = DEASSIGN,
};

VARIANT(deassign_of_nothing_succeeds_with_split_chip) {
	.chip = KEV_CHIP_SPLIT, .flags = DEASSIGN,
};

VARIANT(deassign_of_nothing_succeeds_without_chip) {
	.chip = KEV_CHIP_NONE, .flags = DEASSIGN,
};

VARIANT(deassign_does_not_look_at_the_gsi) {
	.chip = KEV_CHIP_FULL, .flags = DEASSIGN, .gsi = 0xffffffff,
};

VARIANT(deassign_does_not_look_at_the_resample_flag) {
	.chip = KEV_CHIP_SPLIT, .flags = DEASSIGN | RESAMPLE,
};

VARIANT(deassign_does_not_look_at_the_resamplefd) {
	.chip = KEV_CHIP_FULL, .flags = DEASSIGN | RESAMPLE,
	.resamplefd = KEV_FD_CLOSED,
};

TEST_F(irqfd_call, first_error_is_returned)
{
	EXPECT_ERRNO(variant->want,
		     __irqfd(self->vm, self->fd, variant->gsi, variant->flags,
			     self->resamplefd));
}

/* Each flag bit by itself, for both directions. */
TEST(every_unknown_flag_bit_is_EINVAL)
{
	int vm = kev_create_vm();
	int fd = kev_eventfd(0);
	unsigned int bit;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	for (bit = 2; bit < 32; bit++) {
		EXPECT_ERRNO(EINVAL, __irqfd(vm, fd, 0, 1u << bit, 0));
		EXPECT_ERRNO(EINVAL,
			     __irqfd(vm, fd, 0, DEASSIGN | 1u << bit, 0));
	}
	close(fd);
	close(vm);
}

/* A VM whose LAPICs can show what arrived. */

FIXTURE(irqfd) {
	struct kev_machine m;
	int vm;
	int cpu;
	int efd;
};

FIXTURE_VARIANT(irqfd) {
	enum kev_chip chip;
};

FIXTURE_VARIANT_ADD(irqfd, full_chip) {
	.chip = KEV_CHIP_FULL,
};

FIXTURE_VARIANT_ADD(irqfd, split_chip) {
	.chip = KEV_CHIP_SPLIT,
};

FIXTURE_SETUP(irqfd)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_CHIP(variant->chip);
	kev_machine_create(&self->m, variant->chip, 2);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->efd = kev_eventfd(0);
	set_msi_route(self->vm, GSI, 0, VECTOR);
}

FIXTURE_TEARDOWN(irqfd)
{
	close(self->efd);
	kev_machine_destroy(&self->m);
}

TEST_F(irqfd, unreadable_argument_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_IRQFD,
					 KEV_BAD_PTR(struct kvm_irqfd)));
}

TEST_F(irqfd, argument_that_ends_past_its_page_is_EFAULT)
{
	struct kvm_irqfd *arg = kev_alloc_at_page_end(sizeof(*arg) - 1);

	arg->flags = ~0u;
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_IRQFD, arg));
	kev_free_page(arg);
}

TEST_F(irqfd, pad_is_ignored)
{
	struct kvm_irqfd arg = { .fd = self->efd, .gsi = GSI };

	memset(arg.pad, 0xff, sizeof(arg.pad));
	EXPECT_ERRNO(0, __kev_ioctl(self->vm, KVM_IRQFD, &arg));
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR));
}

TEST_F(irqfd, signal_raises_its_vector_and_no_other)
{
	irqfd_assign(self->vm, self->efd, GSI);
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR));
	EXPECT_EQ(1, lapic_count_irr(self->cpu));
	EXPECT_EQ(0, lapic_count_irr(self->m.vcpu[1]));
}

TEST_F(irqfd, signal_goes_to_the_destination_of_its_message)
{
	set_msi_route(self->vm, GSI, 1, VECTOR);
	irqfd_assign(self->vm, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->m.vcpu[1], VECTOR));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
}

TEST_F(irqfd, broadcast_message_reaches_every_cpu)
{
	set_msi_route(self->vm, GSI, 0xff, VECTOR);
	irqfd_assign(self->vm, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR));
	EXPECT_TRUE(lapic_wait_irr(self->m.vcpu[1], VECTOR));
}

TEST_F(irqfd, signal_drains_the_counter)
{
	irqfd_assign(self->vm, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_EQ(0, kev_count(self->efd));
	kev_signal(self->efd);
	kev_signal(self->efd);
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(irqfd, signal_of_more_than_1_is_one_interrupt_and_drains)
{
	uint64_t many = 1000;

	irqfd_assign(self->vm, self->efd, GSI);
	ASSERT_EQ(sizeof(many), write(self->efd, &many, sizeof(many)));
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	EXPECT_EQ(0, kev_count(self->efd));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
}

TEST_F(irqfd, a_hundred_taken_signals_are_a_hundred_interrupts)
{
	unsigned int i;

	irqfd_assign(self->vm, self->efd, GSI);
	for (i = 0; i < 100; i++) {
		kev_signal(self->efd);
		ASSERT_TRUE(lapic_take(self->cpu, VECTOR));
	}
}

TEST_F(irqfd, counter_above_0_at_assign_injects)
{
	kev_signal(self->efd);
	irqfd_assign(self->vm, self->efd, GSI);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR));
}

TEST_F(irqfd, counter_of_0_at_assign_does_not_inject)
{
	kev_signal(self->efd);
	EXPECT_EQ(1, kev_count(self->efd));
	irqfd_assign(self->vm, self->efd, GSI);
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR));
}

TEST_F(irqfd, semaphore_eventfd_injects_at_each_signal)
{
	int sem = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);

	irqfd_assign(self->vm, sem, GSI);
	kev_signal(sem);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	kev_signal(sem);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	EXPECT_EQ(0, kev_count(sem));
	close(sem);
}

TEST_F(irqfd, poll_of_user_space_does_not_see_the_event)
{
	struct pollfd pfd = { .fd = self->efd, .events = POLLIN };

	irqfd_assign(self->vm, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR));
}

static void *poll_until_stopped(void *arg)
{
	int *fds = arg;
	struct pollfd pfd[2] = {
		{ .fd = fds[0], .events = POLLIN },
		{ .fd = fds[1], .events = POLLIN },
	};

	while (poll(pfd, 2, KEV_TIMEOUT_MS) > 0) {
		if (pfd[0].revents)
			return (void *)"the poller saw the irqfd's event";
		if (pfd[1].revents)
			return NULL;
	}
	return (void *)"the poller was not stopped";
}

/* In the kernel's queue the irqfd stands before whoever waited first. */
TEST_F(irqfd, poller_that_waited_first_does_not_see_the_event)
{
	int fds[2] = { self->efd, kev_eventfd(0) };
	pthread_t poller;
	void *verdict;

	ASSERT_EQ(0, pthread_create(&poller, NULL, poll_until_stopped, fds));
	irqfd_assign(self->vm, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR));
	kev_signal(fds[1]);
	ASSERT_EQ(0, pthread_join(poller, &verdict));
	EXPECT_EQ(NULL, verdict)
		TH_LOG("%s", (char *)verdict);
	close(fds[1]);
}

TEST_F(irqfd, several_eventfds_on_one_gsi_each_inject)
{
	int other = kev_eventfd(0);

	irqfd_assign(self->vm, self->efd, GSI);
	irqfd_assign(self->vm, other, GSI);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	kev_signal(other);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	close(other);
}

TEST_F(irqfd, deassign_of_one_leaves_the_other_on_the_gsi)
{
	int other = kev_eventfd(0);

	irqfd_assign(self->vm, self->efd, GSI);
	irqfd_assign(self->vm, other, GSI);
	irqfd_deassign(self->vm, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_EQ(1, kev_count(self->efd));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
	kev_signal(other);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	close(other);
}

TEST_F(irqfd, eventfds_on_different_gsis_do_not_mix)
{
	struct kev_routes *r = kev_routes_new();
	int other = kev_eventfd(0);

	kev_route_msi(r, GSI, 0, VECTOR);
	kev_route_msi(r, OTHER_GSI, 0, OTHER_VECTOR);
	set_gsi_routing(self->vm, r);
	irqfd_assign(self->vm, self->efd, GSI);
	irqfd_assign(self->vm, other, OTHER_GSI);

	kev_signal(other);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, OTHER_VECTOR));
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
	lapic_clear_irr(self->cpu);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR));
	EXPECT_FALSE(lapic_irr(self->cpu, OTHER_VECTOR));
	free(r);
	close(other);
}

TEST_F(irqfd, same_eventfd_twice_is_EBUSY)
{
	irqfd_assign(self->vm, self->efd, GSI);
	EXPECT_ERRNO(EBUSY, __irqfd(self->vm, self->efd, GSI, 0, 0));
}

TEST_F(irqfd, same_eventfd_on_another_gsi_is_EBUSY)
{
	irqfd_assign(self->vm, self->efd, GSI);
	EXPECT_ERRNO(EBUSY, __irqfd(self->vm, self->efd, OTHER_GSI, 0, 0));
}

TEST_F(irqfd, same_eventfd_by_another_number_is_EBUSY)
{
	int copy = dup(self->efd);

	irqfd_assign(self->vm, self->efd, GSI);
	EXPECT_ERRNO(EBUSY, __irqfd(self->vm, copy, GSI, 0, 0));
	close(copy);
}

TEST_F(irqfd, EBUSY_leaves_the_first_in_force)
{
	irqfd_assign(self->vm, self->efd, GSI);
	EXPECT_ERRNO(EBUSY, __irqfd(self->vm, self->efd, OTHER_GSI, 0, 0));
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	EXPECT_EQ(0, kev_count(self->efd));
	irqfd_deassign(self->vm, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(irqfd, same_eventfd_in_another_vm_is_EBUSY)
{
	struct kev_machine other;

	KEV_SINCE(6, 17, "is an eventfd unique on the host");
	kev_machine_create(&other, variant->chip, 1);
	irqfd_assign(self->vm, self->efd, GSI);
	EXPECT_ERRNO(EBUSY, __irqfd(other.vm, self->efd, GSI, 0, 0));
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	kev_machine_destroy(&other);
}

TEST_F(irqfd, eventfd_can_move_to_another_vm_after_deassign)
{
	struct kev_machine other;

	kev_machine_create(&other, variant->chip, 1);
	set_msi_route(other.vm, GSI, 0, VECTOR);
	irqfd_assign(self->vm, self->efd, GSI);
	irqfd_deassign(self->vm, self->efd, GSI);
	irqfd_assign(other.vm, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(other.vcpu[0], VECTOR));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
	kev_machine_destroy(&other);
}

TEST_F(irqfd, deassign_in_another_vm_changes_nothing)
{
	int other = kev_create_vm();

	irqfd_assign(self->vm, self->efd, GSI);
	irqfd_deassign(other, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	close(other);
}

TEST_F(irqfd, after_deassign_a_signal_stays_in_the_counter)
{
	irqfd_assign(self->vm, self->efd, GSI);
	irqfd_deassign(self->vm, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_EQ(1, kev_count(self->efd));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
}

TEST_F(irqfd, deassign_with_another_gsi_changes_nothing)
{
	irqfd_assign(self->vm, self->efd, GSI);
	irqfd_deassign(self->vm, self->efd, OTHER_GSI);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(irqfd, deassign_of_another_eventfd_changes_nothing)
{
	int other = kev_eventfd(0);

	irqfd_assign(self->vm, self->efd, GSI);
	irqfd_deassign(self->vm, other, GSI);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	close(other);
}

TEST_F(irqfd, deassign_by_another_number_of_the_same_eventfd_works)
{
	int copy = dup(self->efd);

	irqfd_assign(self->vm, self->efd, GSI);
	irqfd_deassign(self->vm, copy, GSI);
	kev_signal(self->efd);
	EXPECT_EQ(1, kev_count(self->efd));
	close(copy);
}

TEST_F(irqfd, can_be_assigned_again_after_deassign)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		irqfd_assign(self->vm, self->efd, GSI);
		kev_signal(self->efd);
		ASSERT_TRUE(lapic_take(self->cpu, VECTOR));
		irqfd_deassign(self->vm, self->efd, GSI);
	}
}

TEST_F(irqfd, signal_while_deassigned_injects_at_the_next_assign)
{
	irqfd_assign(self->vm, self->efd, GSI);
	irqfd_deassign(self->vm, self->efd, GSI);
	kev_signal(self->efd);
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
	irqfd_assign(self->vm, self->efd, GSI);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
}

TEST_F(irqfd, unrouted_gsi_drops_the_signal_and_drains)
{
	irqfd_assign(self->vm, self->efd, OTHER_GSI);
	kev_signal(self->efd);
	EXPECT_EQ(0, kev_count(self->efd));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
}

TEST_F(irqfd, gsi_past_the_table_drops_the_signal_and_drains)
{
	irqfd_assign(self->vm, self->efd, 0xffffffff);
	kev_signal(self->efd);
	EXPECT_EQ(0, kev_count(self->efd));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
	irqfd_deassign(self->vm, self->efd, 0xffffffff);
	kev_signal(self->efd);
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(irqfd, route_that_comes_after_assign_takes_effect)
{
	irqfd_assign(self->vm, self->efd, OTHER_GSI);
	set_msi_route(self->vm, OTHER_GSI, 0, OTHER_VECTOR);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, OTHER_VECTOR));
}

TEST_F(irqfd, changed_vector_takes_effect)
{
	irqfd_assign(self->vm, self->efd, GSI);
	set_msi_route(self->vm, GSI, 0, OTHER_VECTOR);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, OTHER_VECTOR));
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(irqfd, changed_destination_takes_effect)
{
	irqfd_assign(self->vm, self->efd, GSI);
	set_msi_route(self->vm, GSI, 1, VECTOR);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->m.vcpu[1], VECTOR));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
}

TEST_F(irqfd, removed_route_stops_and_a_new_one_starts_again)
{
	struct kev_routes *none = kev_routes_new();

	irqfd_assign(self->vm, self->efd, GSI);
	set_gsi_routing(self->vm, none);
	kev_signal(self->efd);
	EXPECT_EQ(0, kev_count(self->efd));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
	set_msi_route(self->vm, GSI, 0, VECTOR);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	free(none);
}

TEST_F(irqfd, every_vector_follows_a_hundred_route_changes)
{
	unsigned int vector;

	irqfd_assign(self->vm, self->efd, GSI);
	for (vector = 0x20; vector < 0x20 + 100; vector++) {
		set_msi_route(self->vm, GSI, 0, vector);
		kev_signal(self->efd);
		ASSERT_TRUE(lapic_wait_irr(self->cpu, vector));
		ASSERT_EQ(1, lapic_count_irr(self->cpu));
		lapic_clear_irr(self->cpu);
	}
}

TEST_F(irqfd, a_thousand_on_one_vm_all_work)
{
	int fd[1000];
	size_t i;

	if (!kev_raise_nofile(1200))
		SKIP(return, "RLIMIT_NOFILE cannot be raised");

	for (i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = kev_eventfd(0);
		irqfd_assign(self->vm, fd[i], i % 2 ? GSI : OTHER_GSI);
	}
	for (i = 0; i < ARRAY_SIZE(fd); i++) {
		kev_signal(fd[i]);
		ASSERT_EQ(0, kev_count(fd[i]));
	}
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	for (i = 0; i < ARRAY_SIZE(fd); i++) {
		if (i % 4 == 0)
			irqfd_deassign(self->vm, fd[i], OTHER_GSI);
		close(fd[i]);
	}
}

/* Level-triggered lines need the chips that tell when the guest is done. */

/* A pin of the IOAPIC alone: the 8259s would announce theirs as well. */
#define LINE		20
#define LINE_VECTOR	0x73

FIXTURE(resample) {
	struct kev_machine m;
	int vm;
	int cpu;
	int efd;
	int resamplefd;
};

FIXTURE_SETUP(resample)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	kev_machine_create(&self->m, KEV_CHIP_FULL, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->efd = kev_eventfd(0);
	self->resamplefd = kev_eventfd(0);
	ioapic_set_rte(self->vm, LINE, LINE_VECTOR | KEV_RTE_LEVEL);
}

FIXTURE_TEARDOWN(resample)
{
	close(self->efd);
	close(self->resamplefd);
	kev_machine_destroy(&self->m);
}

TEST_F(resample, edge_irqfd_on_a_pin_raises_the_pin_vector)
{
	ioapic_set_rte(self->vm, LINE, LINE_VECTOR);
	irqfd_assign(self->vm, self->efd, LINE);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, LINE_VECTOR));
}

TEST_F(resample, edge_irqfd_on_a_masked_pin_raises_nothing)
{
	ioapic_set_rte(self->vm, LINE, LINE_VECTOR | KEV_RTE_MASKED);
	irqfd_assign(self->vm, self->efd, LINE);
	kev_signal(self->efd);
	EXPECT_EQ(0, kev_count(self->efd));
	ioapic_set_rte(self->vm, LINE + 1, OTHER_VECTOR);
	irq_line(self->vm, LINE + 1, 1);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, OTHER_VECTOR));
	EXPECT_FALSE(lapic_irr(self->cpu, LINE_VECTOR));
}

TEST_F(resample, signal_raises_the_line_and_does_not_resample_yet)
{
	irqfd_assign_resample(self->vm, self->efd, LINE, self->resamplefd);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, LINE_VECTOR));
	EXPECT_EQ(0, kev_count(self->resamplefd));
}

TEST_F(resample, the_same_eventfd_can_be_both)
{
	EXPECT_ERRNO(0, __irqfd(self->vm, self->efd, LINE, RESAMPLE,
				self->efd));
}

TEST_F(resample, EBUSY_is_found_after_the_resamplefd_is_checked)
{
	irqfd_assign(self->vm, self->efd, LINE);
	EXPECT_ERRNO(EBADF, __irqfd(self->vm, self->efd, LINE, RESAMPLE, -1));
	EXPECT_ERRNO(EBUSY, __irqfd(self->vm, self->efd, LINE, RESAMPLE,
				    self->resamplefd));
}

TEST_F(resample, EBUSY_leaves_nothing_of_the_resampler)
{
	int other = kev_eventfd(0);
	unsigned int i;

	irqfd_assign(self->vm, self->efd, LINE);
	for (i = 0; i < 10; i++)
		EXPECT_ERRNO(EBUSY, __irqfd(self->vm, self->efd, LINE, RESAMPLE,
					    self->resamplefd));
	irqfd_assign_resample(self->vm, other, LINE, self->resamplefd);
	kev_signal(other);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, LINE_VECTOR));
	close(other);
}

/* Take the interrupt as the guest does, up to but not including its EOI. */
static void take_line(struct __test_metadata *_metadata, int vcpu)
{
	struct kvm_eventfd_interrupt intr;

	ASSERT_TRUE(vcpu_wait_pending(vcpu));
	intr = ack_interrupt(vcpu);
	ASSERT_EQ(KVM_EVENTFD_INTR_FIXED, intr.type);
	ASSERT_EQ(LINE_VECTOR, intr.vector);
}

static bool wait_count(int efd)
{
	struct pollfd pfd = { .fd = efd, .events = POLLIN };

	return poll(&pfd, 1, KEV_TIMEOUT_MS) == 1 && kev_count(efd);
}

TEST_F(resample, eoi_lowers_the_line_and_then_resamples)
{
	KEV_REQUIRE_VCPU_IO();
	irqfd_assign_resample(self->vm, self->efd, LINE, self->resamplefd);
	kev_signal(self->efd);
	take_line(_metadata, self->cpu);
	EXPECT_EQ(0, kev_count(self->resamplefd));
	lapic_eoi(self->cpu);
	EXPECT_TRUE(wait_count(self->resamplefd));
	EXPECT_FALSE(vcpu_poll_now(self->cpu));
}

TEST_F(resample, a_hundred_rounds_of_signal_eoi_resample)
{
	unsigned int i;

	KEV_REQUIRE_VCPU_IO();
	irqfd_assign_resample(self->vm, self->efd, LINE, self->resamplefd);
	for (i = 0; i < 100; i++) {
		kev_signal(self->efd);
		take_line(_metadata, self->cpu);
		lapic_eoi(self->cpu);
		ASSERT_TRUE(wait_count(self->resamplefd));
	}
}

TEST_F(resample, eoi_signals_every_resamplefd_of_the_gsi)
{
	int other = kev_eventfd(0), other_resample = kev_eventfd(0);

	KEV_REQUIRE_VCPU_IO();
	irqfd_assign_resample(self->vm, self->efd, LINE, self->resamplefd);
	irqfd_assign_resample(self->vm, other, LINE, other_resample);
	kev_signal(self->efd);
	take_line(_metadata, self->cpu);
	lapic_eoi(self->cpu);
	EXPECT_TRUE(wait_count(self->resamplefd));
	EXPECT_TRUE(wait_count(other_resample));
	close(other);
	close(other_resample);
}

TEST_F(resample, deassigned_resamplefd_is_not_signalled)
{
	int other = kev_eventfd(0), other_resample = kev_eventfd(0);

	KEV_REQUIRE_VCPU_IO();
	irqfd_assign_resample(self->vm, self->efd, LINE, self->resamplefd);
	irqfd_assign_resample(self->vm, other, LINE, other_resample);
	irqfd_deassign(self->vm, other, LINE);
	kev_signal(self->efd);
	take_line(_metadata, self->cpu);
	lapic_eoi(self->cpu);
	EXPECT_TRUE(wait_count(self->resamplefd));
	EXPECT_EQ(0, kev_count(other_resample));
	close(other);
	close(other_resample);
}

TEST_F(resample, line_stays_up_until_the_eoi)
{
	KEV_REQUIRE_VCPU_IO();
	irqfd_assign_resample(self->vm, self->efd, LINE, self->resamplefd);
	kev_signal(self->efd);
	take_line(_metadata, self->cpu);
	/* In service: signals now are the same assertion. */
	kev_signal(self->efd);
	kev_signal(self->efd);
	EXPECT_EQ(0, kev_count(self->efd));
	EXPECT_EQ(0, kev_count(self->resamplefd));
	lapic_eoi(self->cpu);
	EXPECT_TRUE(wait_count(self->resamplefd));
}

/* The line is raised by a work item: wait for it. */
static bool wait_raised(int vm, unsigned int pin)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	uint64_t deadline = kev_now_ms() + KEV_TIMEOUT_MS;

	do {
		kev_ioctl(vm, KVM_GET_IRQCHIP, &chip);
		if (chip.chip.ioapic.irr & 1u << pin)
			return true;
		sched_yield();
	} while (kev_now_ms() < deadline);
	return false;
}

/*
 * A guest that handles the interrupt in a thread masks the pin, ends the
 * interrupt, and unmasks when the device is served.
 */
TEST_F(resample, unmask_of_a_raised_line_resamples)
{
	const uint64_t index = 0xfec00000, window = 0xfec00010;
	const unsigned int low = 0x10 + 2 * LINE;

	KEV_REQUIRE_VCPU_IO();
	irqfd_assign_resample(self->vm, self->efd, LINE, self->resamplefd);
	ioapic_set_rte(self->vm, LINE,
		       LINE_VECTOR | KEV_RTE_LEVEL | KEV_RTE_MASKED);
	kev_signal(self->efd);
	ASSERT_TRUE(wait_raised(self->vm, LINE));
	vcpu_write(self->cpu, index, low, 4);
	vcpu_write(self->cpu, window, LINE_VECTOR | KEV_RTE_LEVEL, 4);
	EXPECT_TRUE(wait_count(self->resamplefd));
}

TEST_HARNESS_MAIN
