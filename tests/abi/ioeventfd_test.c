// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_IOEVENTFD: which call is refused with what, what collides with what,
 * and which guest write then signals which eventfd.
 */
#include <fcntl.h>

#include "kev_harness.h"

#define ADDR		0x1000
#define DATAMATCH	KVM_IOEVENTFD_FLAG_DATAMATCH
#define PIO		KVM_IOEVENTFD_FLAG_PIO
#define CCW		KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY
#define DEASSIGN	KVM_IOEVENTFD_FLAG_DEASSIGN
/* The bit between the flags and the mask: accepted, without a meaning. */
#define FAST		0x10

/* Calls that are wrong, some of them in two ways: the first error counts. */

FIXTURE(ioeventfd_call) {
	int vm;
	int fd;
};

FIXTURE_VARIANT(ioeventfd_call) {
	enum kev_fd_kind fd;
	uint64_t addr;
	uint32_t len;
	uint32_t flags;
	uint64_t datamatch;
	int want;
};

FIXTURE_SETUP(ioeventfd_call)
{
	self->vm = kev_create_vm();
	self->fd = kev_fd_of_kind(variant->fd);
}

FIXTURE_TEARDOWN(ioeventfd_call)
{
	close(self->vm);
}

#define VARIANT(name)	FIXTURE_VARIANT_ADD(ioeventfd_call, name)

VARIANT(len_0_on_mmio_is_accepted) {
	.len = 0,
};

VARIANT(len_0_on_pio_is_accepted) {
	.len = 0, .flags = PIO,
};

VARIANT(len_0_on_ccw_is_accepted) {
	.len = 0, .flags = CCW,
};

VARIANT(len_1_is_accepted) {
	.len = 1,
};

VARIANT(len_2_is_accepted) {
	.len = 2,
};

VARIANT(len_4_is_accepted) {
	.len = 4,
};

VARIANT(len_8_is_accepted) {
	.len = 8,
};

VARIANT(len_8_on_pio_is_accepted) {
	.len = 8, .flags = PIO,
};

VARIANT(len_8_on_ccw_is_accepted) {
	.len = 8, .flags = CCW,
};

VARIANT(bit_4_is_accepted) {
	.len = 4, .flags = FAST,
};

VARIANT(pio_and_ccw_together_are_accepted) {
	.len = 4, .flags = PIO | CCW,
};

VARIANT(address_0_is_accepted) {
	.len = 4, .addr = 0,
};

VARIANT(unaligned_address_is_accepted) {
	.len = 4, .addr = 0x1003,
};

VARIANT(port_past_64k_is_accepted) {
	.len = 4, .addr = 0x12345, .flags = PIO,
};

VARIANT(last_range_that_does_not_wrap_is_accepted) {
	.len = 8, .addr = ~8ull,
};

VARIANT(len_0_at_the_last_address_is_accepted) {
	.len = 0, .addr = ~0ull,
};

VARIANT(datamatch_above_the_length_is_accepted) {
	.len = 1, .flags = DATAMATCH, .datamatch = 0x100,
};

VARIANT(datamatch_without_its_flag_is_ignored_with_len_0) {
	.len = 0, .datamatch = 5,
};

VARIANT(len_3_is_EINVAL) {
	.len = 3, .want = EINVAL,
};

VARIANT(len_5_is_EINVAL) {
	.len = 5, .want = EINVAL,
};

VARIANT(len_6_is_EINVAL) {
	.len = 6, .want = EINVAL,
};

VARIANT(len_7_is_EINVAL) {
	.len = 7, .want = EINVAL,
};

VARIANT(len_9_is_EINVAL) {
	.len = 9, .want = EINVAL,
};

VARIANT(len_16_is_EINVAL) {
	.len = 16, .want = EINVAL,
};

VARIANT(largest_len_is_EINVAL) {
	.len = ~0u, .want = EINVAL,
};

VARIANT(range_that_wraps_is_EINVAL) {
	.len = 2, .addr = ~0ull, .want = EINVAL,
};

VARIANT(range_that_wraps_to_0_is_EINVAL) {
	.len = 8, .addr = ~7ull, .want = EINVAL,
};

VARIANT(one_byte_at_the_last_address_is_EINVAL) {
	.len = 1, .addr = ~0ull, .want = EINVAL,
};

VARIANT(unknown_flag_is_EINVAL) {
	.len = 4, .flags = 0x20, .want = EINVAL,
};

VARIANT(highest_flag_is_EINVAL) {
	.len = 4, .flags = 1u << 31, .want = EINVAL,
};

VARIANT(datamatch_with_len_0_is_EINVAL) {
	.len = 0, .flags = DATAMATCH, .want = EINVAL,
};

VARIANT(datamatch_with_len_0_on_pio_is_EINVAL) {
	.len = 0, .flags = DATAMATCH | PIO, .want = EINVAL,
};

VARIANT(closed_fd_is_EBADF) {
	.len = 4, .fd = KEV_FD_CLOSED, .want = EBADF,
};

VARIANT(other_file_is_EINVAL) {
	.len = 4, .fd = KEV_FD_OTHER, .want = EINVAL,
};

VARIANT(bad_len_is_found_before_closed_fd) {
	.len = 3, .fd = KEV_FD_CLOSED, .want = EINVAL,
};

VARIANT(wrap_is_found_before_closed_fd) {
	.len = 8, .addr = ~0ull, .fd = KEV_FD_CLOSED, .want = EINVAL,
};

VARIANT(unknown_flag_is_found_before_closed_fd) {
	.len = 4, .flags = 0x20, .fd = KEV_FD_CLOSED, .want = EINVAL,
};

VARIANT(datamatch_with_len_0_is_found_before_closed_fd) {
	.len = 0, .flags = DATAMATCH, .fd = KEV_FD_CLOSED, .want = EINVAL,
};

VARIANT(deassign_of_nothing_is_ENOENT) {
	.len = 4, .flags = DEASSIGN, .want = ENOENT,
};

VARIANT(deassign_of_nothing_on_pio_is_ENOENT) {
	.len = 4, .flags = DEASSIGN | PIO, .want = ENOENT,
};

VARIANT(deassign_of_nothing_on_ccw_is_ENOENT) {
	.len = 4, .flags = DEASSIGN | CCW, .want = ENOENT,
};

VARIANT(deassign_of_len_0_and_nothing_is_ENOENT) {
	.len = 0, .flags = DEASSIGN, .want = ENOENT,
};

VARIANT(deassign_of_closed_fd_is_EBADF) {
	.len = 4, .flags = DEASSIGN, .fd = KEV_FD_CLOSED, .want = EBADF,
};

VARIANT(deassign_of_other_file_is_EINVAL) {
	.len = 4, .flags = DEASSIGN, .fd = KEV_FD_OTHER, .want = EINVAL,
};

VARIANT(deassign_does_not_check_the_len) {
	.len = 3, .flags = DEASSIGN, .want = ENOENT,
};

VARIANT(deassign_does_not_check_for_a_wrap) {
	.len = 8, .addr = ~0ull, .flags = DEASSIGN, .want = ENOENT,
};

VARIANT(deassign_does_not_check_the_flags) {
	.len = 4, .flags = DEASSIGN | 0xffe0, .want = ENOENT,
};

VARIANT(deassign_does_not_check_datamatch_with_len_0) {
	.len = 0, .flags = DEASSIGN | DATAMATCH, .want = ENOENT,
};

VARIANT(deassign_of_bad_len_and_closed_fd_is_EBADF) {
	.len = 3, .flags = DEASSIGN, .fd = KEV_FD_CLOSED, .want = EBADF,
};

TEST_F(ioeventfd_call, first_error_is_returned)
{
	EXPECT_ERRNO(variant->want,
		     __ioeventfd(self->vm, self->fd, variant->addr,
				 variant->len, variant->flags,
				 variant->datamatch));
}

/* Every bus has the same rules. */

FIXTURE(ioeventfd) {
	struct kev_machine m;
	int vm;
	int cpu;
	int efd;
	int other;
};

FIXTURE_VARIANT(ioeventfd) {
	uint32_t bus;
	uint64_t off;
	unsigned int max_len;
};

FIXTURE_VARIANT_ADD(ioeventfd, mmio) {
	.bus = 0,
	.off = KVM_EVENTFD_OFF_MMIO,
	.max_len = 8,
};

FIXTURE_VARIANT_ADD(ioeventfd, pio) {
	.bus = PIO,
	.off = KVM_EVENTFD_OFF_PIO,
	.max_len = 4,
};

FIXTURE_VARIANT_ADD(ioeventfd, ccw) {
	.bus = CCW,
	.off = KVM_EVENTFD_OFF_CCW,
	.max_len = 8,
};

FIXTURE_SETUP(ioeventfd)
{
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->efd = kev_eventfd(0);
	self->other = kev_eventfd(0);
}

FIXTURE_TEARDOWN(ioeventfd)
{
	close(self->efd);
	close(self->other);
	kev_machine_destroy(&self->m);
}

/* The calls that a test of one bus repeats. */
#define ASSIGN(fd, addr, len) \
	ioeventfd_assign(self->vm, fd, addr, len, variant->bus, 0)
#define ASSIGN_MATCH(fd, addr, len, match) \
	ioeventfd_assign(self->vm, fd, addr, len, variant->bus | DATAMATCH, \
			 match)
#define __ASSIGN(fd, addr, len) \
	__ioeventfd(self->vm, fd, addr, len, variant->bus, 0)
#define __ASSIGN_MATCH(fd, addr, len, match) \
	__ioeventfd(self->vm, fd, addr, len, variant->bus | DATAMATCH, match)
#define DEASSIGN_IT(fd, addr, len) \
	ioeventfd_deassign(self->vm, fd, addr, len, variant->bus, 0)
#define __DEASSIGN(fd, addr, len) \
	__ioeventfd(self->vm, fd, addr, len, variant->bus | DEASSIGN, 0)
#define __DEASSIGN_MATCH(fd, addr, len, match) \
	__ioeventfd(self->vm, fd, addr, len, \
		    variant->bus | DEASSIGN | DATAMATCH, match)
#define WRITE(addr, val, len) \
	__vcpu_write(self->cpu, variant->off + (addr), val, len)

#define EXPECT_TAKEN(addr, val, len) \
	EXPECT_EQ((ssize_t)(len), WRITE(addr, val, len))
#define EXPECT_NOT_TAKEN(addr, val, len) \
	EXPECT_ERRNO(EOPNOTSUPP, WRITE(addr, val, len))

TEST_F(ioeventfd, unreadable_argument_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_IOEVENTFD,
					 KEV_BAD_PTR(struct kvm_ioeventfd)));
}

TEST_F(ioeventfd, argument_that_ends_past_its_page_is_EFAULT)
{
	struct kvm_ioeventfd *arg = kev_alloc_at_page_end(sizeof(*arg) - 4);

	arg->flags = variant->bus;
	arg->len = 3;
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_IOEVENTFD, arg));
	kev_free_page(arg);
}

TEST_F(ioeventfd, pad_is_ignored)
{
	struct kvm_ioeventfd arg = {
		.addr = ADDR,
		.len = 4,
		.fd = self->efd,
		.flags = variant->bus,
	};

	memset(arg.pad, 0xff, sizeof(arg.pad));
	EXPECT_ERRNO(0, __kev_ioctl(self->vm, KVM_IOEVENTFD, &arg));
	memset(arg.pad, 0, sizeof(arg.pad));
	arg.flags |= DEASSIGN;
	EXPECT_ERRNO(0, __kev_ioctl(self->vm, KVM_IOEVENTFD, &arg));
}

TEST_F(ioeventfd, every_flag_bit_above_the_mask_is_EINVAL)
{
	unsigned int bit;

	for (bit = 5; bit < 32; bit++)
		EXPECT_ERRNO(EINVAL, __ioeventfd(self->vm, self->efd, ADDR, 4,
						 variant->bus | 1u << bit, 0));
}

TEST_F(ioeventfd, bit_4_has_no_effect)
{
	uint32_t flags = variant->bus | FAST;

	ioeventfd_assign(self->vm, self->efd, ADDR, 4, flags, 0);
	EXPECT_ERRNO(EEXIST, __ASSIGN(self->other, ADDR, 4));
	EXPECT_ERRNO(0, __DEASSIGN(self->efd, ADDR, 4));

	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(0, __ioeventfd(self->vm, self->efd, ADDR, 4,
				    flags | DEASSIGN, 0));
}

/* What collides: the rule, written once more. */
struct kind {
	uint32_t len;
	bool wildcard;
	uint64_t match;
};

static const struct kind kinds[] = {
	{ 0, true, 0 },
	{ 1, true, 0 }, { 1, false, 1 }, { 1, false, 2 },
	{ 2, true, 0 }, { 2, false, 1 }, { 2, false, 2 },
	{ 4, true, 0 }, { 4, false, 1 }, { 4, false, 2 },
	{ 8, true, 0 }, { 8, false, 1 }, { 8, false, 2 },
};

static bool collide(const struct kind *a, const struct kind *b)
{
	if (!a->len || !b->len)
		return true;
	if (a->len != b->len)
		return false;
	return a->wildcard || b->wildcard || a->match == b->match;
}

static int config_kind(int vm, int fd, uint32_t flags, uint64_t addr,
		       const struct kind *k)
{
	if (!k->wildcard)
		flags |= DATAMATCH;
	return __ioeventfd(vm, fd, addr, k->len, flags, k->match);
}

static void check_pair(struct __test_metadata *_metadata, int vm, uint32_t bus,
		       const struct kind *a, const struct kind *b)
{
	int first = kev_eventfd(0), second = kev_eventfd(0);
	int want = collide(a, b) ? EEXIST : 0, seen;

	ASSERT_ERRNO(0, config_kind(vm, first, bus, ADDR, a));
	seen = KEV_ERRNO(config_kind(vm, second, bus, ADDR, b));
	EXPECT_EQ(want, seen)
		TH_LOG("len %u after len %u", b->len, a->len);
	if (!seen)
		ASSERT_ERRNO(0, config_kind(vm, second, bus | DEASSIGN, ADDR,
					    b));
	ASSERT_ERRNO(0, config_kind(vm, first, bus | DEASSIGN, ADDR, a));
	close(first);
	close(second);
}

TEST_F(ioeventfd, collisions_at_one_address_follow_the_rule)
{
	size_t a, b;

	for (a = 0; a < ARRAY_SIZE(kinds); a++)
		for (b = 0; b < ARRAY_SIZE(kinds); b++)
			check_pair(_metadata, self->vm, variant->bus, &kinds[a],
				   &kinds[b]);
}

TEST_F(ioeventfd, same_eventfd_collides_with_itself)
{
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(EEXIST, __ASSIGN(self->efd, ADDR, 4));
}

TEST_F(ioeventfd, overlap_at_another_address_does_not_collide)
{
	ASSIGN(self->efd, ADDR, 8);
	EXPECT_ERRNO(0, __ASSIGN(self->efd, ADDR + 1, 8));
	EXPECT_ERRNO(0, __ASSIGN(self->efd, ADDR + 4, 4));
	EXPECT_ERRNO(0, __ASSIGN(self->efd, ADDR + 7, 0));
}

TEST_F(ioeventfd, buses_do_not_collide)
{
	static const uint32_t buses[] = { 0, PIO, CCW };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(buses); i++)
		EXPECT_ERRNO(0, __ioeventfd(self->vm, self->efd, ADDR, 4,
					    buses[i], 0));
}

TEST_F(ioeventfd, vms_do_not_collide)
{
	int vm = kev_create_vm();

	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(0, __ioeventfd(vm, self->efd, ADDR, 4, variant->bus, 0));
	close(vm);
}

TEST_F(ioeventfd, closed_fd_is_found_before_a_collision)
{
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(EBADF, __ASSIGN(-1, ADDR, 4));
}

TEST_F(ioeventfd, failed_assign_changes_nothing)
{
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(EEXIST, __ASSIGN(self->other, ADDR, 4));
	EXPECT_ERRNO(EEXIST, __ASSIGN(self->other, ADDR, 0));
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->other, ADDR, 4));
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->other, ADDR, 0));
	EXPECT_ERRNO(0, __DEASSIGN(self->efd, ADDR, 4));
	EXPECT_ERRNO(0, __ASSIGN(self->other, ADDR, 0));
}

/* Deassign is by the whole tuple. */

TEST_F(ioeventfd, deassign_needs_the_same_eventfd)
{
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->other, ADDR, 4));
	EXPECT_ERRNO(0, __DEASSIGN(self->efd, ADDR, 4));
}

TEST_F(ioeventfd, deassign_takes_another_number_of_the_same_eventfd)
{
	int copy = dup(self->efd);

	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(0, __DEASSIGN(copy, ADDR, 4));
	close(copy);
}

TEST_F(ioeventfd, deassign_needs_the_same_address)
{
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->efd, ADDR + 1, 4));
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->efd, ADDR - 1, 4));
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->efd, ADDR | 1ull << 32, 4));
	EXPECT_ERRNO(0, __DEASSIGN(self->efd, ADDR, 4));
}

TEST_F(ioeventfd, deassign_needs_the_same_length)
{
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->efd, ADDR, 0));
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->efd, ADDR, 1));
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->efd, ADDR, 8));
	EXPECT_ERRNO(0, __DEASSIGN(self->efd, ADDR, 4));
}

TEST_F(ioeventfd, deassign_needs_the_same_bus)
{
	static const uint32_t buses[] = { 0, PIO, CCW };
	size_t i;

	ASSIGN(self->efd, ADDR, 4);
	for (i = 0; i < ARRAY_SIZE(buses); i++)
		if (buses[i] != variant->bus)
			EXPECT_ERRNO(ENOENT,
				     __ioeventfd(self->vm, self->efd, ADDR, 4,
						 buses[i] | DEASSIGN, 0));
	EXPECT_ERRNO(0, __DEASSIGN(self->efd, ADDR, 4));
}

TEST_F(ioeventfd, deassign_without_datamatch_does_not_find_one_with_it)
{
	ASSIGN_MATCH(self->efd, ADDR, 4, 0);
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->efd, ADDR, 4));
	EXPECT_ERRNO(0, __DEASSIGN_MATCH(self->efd, ADDR, 4, 0));
}

TEST_F(ioeventfd, deassign_with_datamatch_does_not_find_one_without_it)
{
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(ENOENT, __DEASSIGN_MATCH(self->efd, ADDR, 4, 0));
	EXPECT_ERRNO(0, __DEASSIGN(self->efd, ADDR, 4));
}

TEST_F(ioeventfd, deassign_needs_the_same_datamatch)
{
	ASSIGN_MATCH(self->efd, ADDR, 4, 1);
	ASSIGN_MATCH(self->efd, ADDR, 4, 2);
	EXPECT_ERRNO(ENOENT, __DEASSIGN_MATCH(self->efd, ADDR, 4, 3));
	EXPECT_ERRNO(ENOENT,
		     __DEASSIGN_MATCH(self->efd, ADDR, 4, 1 | 1ull << 32));
	EXPECT_ERRNO(0, __DEASSIGN_MATCH(self->efd, ADDR, 4, 1));
	EXPECT_ERRNO(ENOENT, __DEASSIGN_MATCH(self->efd, ADDR, 4, 1));
	EXPECT_ERRNO(0, __DEASSIGN_MATCH(self->efd, ADDR, 4, 2));
}

TEST_F(ioeventfd, deassign_ignores_datamatch_without_its_flag)
{
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(0, __ioeventfd(self->vm, self->efd, ADDR, 4,
				    variant->bus | DEASSIGN, 0x1234));
}

TEST_F(ioeventfd, deassign_does_not_check_flags_of_one_that_is_there)
{
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(0, __ioeventfd(self->vm, self->efd, ADDR, 4,
				    variant->bus | DEASSIGN | 0xffe0, 0));
}

TEST_F(ioeventfd, deassign_twice_is_ENOENT)
{
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(0, __DEASSIGN(self->efd, ADDR, 4));
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->efd, ADDR, 4));
}

TEST_F(ioeventfd, len_0_can_come_and_go)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		ASSIGN(self->efd, ADDR, 0);
		EXPECT_ERRNO(EEXIST, __ASSIGN(self->other, ADDR, 0));
		DEASSIGN_IT(self->efd, ADDR, 0);
	}
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->efd, ADDR, 0));
}

TEST_F(ioeventfd, more_than_a_thousand_are_accepted)
{
	unsigned int i;

	for (i = 0; i < 1200; i++)
		ASSERT_ERRNO(0, __ASSIGN(self->efd, ADDR + i * 8, 4));
	for (i = 0; i < 1200; i++)
		ASSERT_ERRNO(0, __DEASSIGN(self->efd, ADDR + i * 8, 4));
}

TEST_F(ioeventfd, more_than_a_thousand_of_len_0_are_accepted)
{
	unsigned int i;

	for (i = 0; i < 1100; i++)
		ASSERT_ERRNO(0, __ASSIGN(self->efd, ADDR + i * 8, 0));
}

/* Closing the eventfd is no deassign: the kernel holds on to it. */
TEST_F(ioeventfd, closed_eventfd_stays_assigned)
{
	int fd = kev_eventfd(0);

	ASSIGN(fd, ADDR, 4);
	close(fd);
	EXPECT_ERRNO(EEXIST, __ASSIGN(self->other, ADDR, 4));
}

/* What a guest's write does. */

TEST_F(ioeventfd, write_of_its_length_signals_and_others_do_not)
{
	static const unsigned int lens[] = { 1, 2, 4, 8 };
	size_t i, j;

	KEV_REQUIRE_VCPU_IO();
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSIGN(self->efd, ADDR, lens[i]);
		for (j = 0; j < ARRAY_SIZE(lens); j++) {
			if (lens[j] > variant->max_len)
				continue;
			if (lens[i] == lens[j]) {
				EXPECT_TAKEN(ADDR, 0x5a, lens[j]);
				EXPECT_EQ(1, kev_count(self->efd));
			} else {
				EXPECT_NOT_TAKEN(ADDR, 0x5a, lens[j]);
				EXPECT_EQ(0, kev_count(self->efd));
			}
		}
		DEASSIGN_IT(self->efd, ADDR, lens[i]);
	}
}

TEST_F(ioeventfd, len_0_takes_a_write_of_any_length)
{
	unsigned int len;

	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 0);
	for (len = 1; len <= variant->max_len; len++) {
		if (variant->bus == PIO && len == 3)
			continue;
		EXPECT_TAKEN(ADDR, 0, len);
		EXPECT_EQ(1, kev_count(self->efd));
	}
}

TEST_F(ioeventfd, len_0_takes_its_own_address_only)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 0);
	EXPECT_NOT_TAKEN(ADDR + 1, 0, 1);
	EXPECT_NOT_TAKEN(ADDR - 1, 0, 2);
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(ioeventfd, write_beside_the_address_is_not_taken)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_NOT_TAKEN(ADDR - 4, 0, 4);
	EXPECT_NOT_TAKEN(ADDR - 1, 0, 4);
	EXPECT_NOT_TAKEN(ADDR + 1, 0, 4);
	EXPECT_NOT_TAKEN(ADDR + 4, 0, 4);
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(ioeventfd, write_on_another_bus_is_not_taken)
{
	static const uint64_t offs[] = {
		KVM_EVENTFD_OFF_MMIO, KVM_EVENTFD_OFF_PIO, KVM_EVENTFD_OFF_CCW,
	};
	size_t i;

	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 4);
	for (i = 0; i < ARRAY_SIZE(offs); i++)
		if (offs[i] != variant->off)
			EXPECT_ERRNO(EOPNOTSUPP,
				     __vcpu_write(self->cpu, offs[i] + ADDR, 0,
						  4));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(ioeventfd, pio_flag_wins_over_ccw)
{
	KEV_REQUIRE_VCPU_IO();
	ioeventfd_assign(self->vm, self->efd, ADDR, 4, PIO | CCW, 0);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu,
					      KVM_EVENTFD_OFF_CCW + ADDR, 0, 4));
	vcpu_write(self->cpu, KVM_EVENTFD_OFF_PIO + ADDR, 0, 4);
	EXPECT_EQ(1, kev_count(self->efd));
	ioeventfd_deassign(self->vm, self->efd, ADDR, 4, PIO, 0);
}

TEST_F(ioeventfd, read_is_never_taken)
{
	uint64_t val;

	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 4);
	ASSIGN(self->other, ADDR + 8, 0);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(self->cpu, variant->off + ADDR,
					     &val, 4));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(self->cpu, variant->off + ADDR + 8,
					     &val, 4));
	EXPECT_EQ(0, kev_count(self->efd));
	EXPECT_EQ(0, kev_count(self->other));
}

TEST_F(ioeventfd, datamatch_takes_its_value_only)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN_MATCH(self->efd, ADDR, 4, 0x12345678);
	EXPECT_NOT_TAKEN(ADDR, 0x12345679, 4);
	EXPECT_NOT_TAKEN(ADDR, 0, 4);
	EXPECT_EQ(0, kev_count(self->efd));
	EXPECT_TAKEN(ADDR, 0x12345678, 4);
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(ioeventfd, datamatch_of_every_length_compares_that_many_bytes)
{
	static const unsigned int lens[] = { 1, 2, 4, 8 };
	const uint64_t pattern = 0xf1e2d3c4b5a69788;
	size_t i;

	KEV_REQUIRE_VCPU_IO();
	for (i = 0; i < ARRAY_SIZE(lens) && lens[i] <= variant->max_len; i++) {
		uint64_t match = pattern & ~0ull >> (64 - 8 * lens[i]);

		ASSIGN_MATCH(self->efd, ADDR, lens[i], match);
		EXPECT_TAKEN(ADDR, pattern, lens[i]);
		EXPECT_NOT_TAKEN(ADDR, pattern ^ 1ull << (8 * lens[i] - 1),
				 lens[i]);
		EXPECT_EQ(1, kev_count(self->efd));
	}
}

TEST_F(ioeventfd, datamatch_0_is_not_a_wildcard)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN_MATCH(self->efd, ADDR, 2, 0);
	EXPECT_NOT_TAKEN(ADDR, 1, 2);
	EXPECT_TAKEN(ADDR, 0, 2);
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(ioeventfd, datamatch_with_bits_above_its_length_never_fires)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN_MATCH(self->efd, ADDR, 1, 0x1ff);
	EXPECT_NOT_TAKEN(ADDR, 0xff, 1);
	EXPECT_NOT_TAKEN(ADDR, 0x1ff, 1);
	EXPECT_NOT_TAKEN(ADDR, 0x1ff, 2);
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(ioeventfd, sign_extended_datamatch_never_fires)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN_MATCH(self->efd, ADDR, 4, ~0ull);
	EXPECT_NOT_TAKEN(ADDR, ~0ull, 4);
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(ioeventfd, datamatches_at_one_address_signal_their_own)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN_MATCH(self->efd, ADDR, 2, 1);
	ASSIGN_MATCH(self->other, ADDR, 2, 2);
	EXPECT_TAKEN(ADDR, 1, 2);
	EXPECT_EQ(1, kev_count(self->efd));
	EXPECT_EQ(0, kev_count(self->other));
	EXPECT_TAKEN(ADDR, 2, 2);
	EXPECT_EQ(0, kev_count(self->efd));
	EXPECT_EQ(1, kev_count(self->other));
	EXPECT_NOT_TAKEN(ADDR, 3, 2);
}

TEST_F(ioeventfd, lengths_at_one_address_signal_their_own)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 2);
	ASSIGN(self->other, ADDR, 4);
	EXPECT_TAKEN(ADDR, 0, 2);
	EXPECT_EQ(1, kev_count(self->efd));
	EXPECT_EQ(0, kev_count(self->other));
	EXPECT_TAKEN(ADDR, 0, 4);
	EXPECT_EQ(0, kev_count(self->efd));
	EXPECT_EQ(1, kev_count(self->other));
}

TEST_F(ioeventfd, overlapping_ranges_signal_by_address)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 4);
	ASSIGN(self->other, ADDR + 2, 2);
	EXPECT_TAKEN(ADDR + 2, 0, 2);
	EXPECT_EQ(0, kev_count(self->efd));
	EXPECT_EQ(1, kev_count(self->other));
	EXPECT_TAKEN(ADDR, 0, 4);
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(ioeventfd, neighbours_of_lengths_0_1_and_8_are_all_found)
{
	unsigned int i;

	KEV_REQUIRE_VCPU_IO();
	for (i = 0; i < 30; i++)
		ASSIGN(i == 15 ? self->efd : self->other, ADDR + i,
		       i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 8);
	for (i = 0; i < 30; i++) {
		if (i % 3 == 2)
			EXPECT_NOT_TAKEN(ADDR + i, 0, 1);
		else
			EXPECT_TAKEN(ADDR + i, 0, 1);
	}
	EXPECT_EQ(1, kev_count(self->efd));
	EXPECT_EQ(19, kev_count(self->other));
}

TEST_F(ioeventfd, unaligned_write_signals)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR + 3, 4);
	EXPECT_TAKEN(ADDR + 3, 0, 4);
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(ioeventfd, one_eventfd_counts_the_writes_of_all_its_addresses)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 4);
	ASSIGN(self->efd, ADDR + 4, 4);
	EXPECT_TAKEN(ADDR, 0, 4);
	EXPECT_TAKEN(ADDR + 4, 0, 4);
	EXPECT_TAKEN(ADDR, 0, 4);
	EXPECT_EQ(3, kev_count(self->efd));
}

TEST_F(ioeventfd, after_deassign_no_write_is_taken)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_TAKEN(ADDR, 0, 4);
	DEASSIGN_IT(self->efd, ADDR, 4);
	EXPECT_NOT_TAKEN(ADDR, 0, 4);
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(ioeventfd, failed_deassign_leaves_it_in_force)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->efd, ADDR, 2));
	EXPECT_ERRNO(ENOENT, __DEASSIGN(self->other, ADDR, 4));
	EXPECT_TAKEN(ADDR, 0, 4);
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(ioeventfd, colliding_assign_leaves_the_first_in_force)
{
	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(EEXIST, __ASSIGN(self->other, ADDR, 0));
	EXPECT_TAKEN(ADDR, 0, 4);
	EXPECT_NOT_TAKEN(ADDR, 0, 2);
	EXPECT_EQ(1, kev_count(self->efd));
	EXPECT_EQ(0, kev_count(self->other));
}

TEST_F(ioeventfd, write_is_still_taken_when_the_eventfd_is_closed)
{
	int fd = kev_eventfd(0);

	KEV_REQUIRE_VCPU_IO();
	ASSIGN(fd, ADDR, 4);
	close(fd);
	EXPECT_TAKEN(ADDR, 0, 4);
}

TEST_F(ioeventfd, another_vm_does_not_take_the_write)
{
	struct kev_machine m;

	KEV_REQUIRE_VCPU_IO();
	kev_machine_create(&m, KEV_CHIP_NONE, 1);
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(m.vcpu[0], variant->off + ADDR, 0,
					      4));
	EXPECT_EQ(0, kev_count(self->efd));
	kev_machine_destroy(&m);
}

TEST_F(ioeventfd, every_vcpu_of_the_vm_signals)
{
	int cpu = create_vcpu(self->vm, 1);

	KEV_REQUIRE_VCPU_IO();
	ASSIGN(self->efd, ADDR, 4);
	EXPECT_TAKEN(ADDR, 0, 4);
	EXPECT_EQ(4, __vcpu_write(cpu, variant->off + ADDR, 0, 4));
	EXPECT_EQ(2, kev_count(self->efd));
	close(cpu);
}

TEST_F(ioeventfd, write_is_found_among_a_thousand)
{
	unsigned int i;

	KEV_REQUIRE_VCPU_IO();
	for (i = 0; i < 1000; i++)
		ASSIGN(i == 777 ? self->efd : self->other, ADDR + i * 4, 4);
	EXPECT_TAKEN(ADDR + 777 * 4, 0, 4);
	EXPECT_EQ(1, kev_count(self->efd));
	EXPECT_EQ(0, kev_count(self->other));
}

/*
 * Doorbells a page apart, with values that a hash may be bad at: they neither
 * collide nor take room from another VM.
 */

#define NR_PAGES	45000

TEST(any_value_at_any_number_of_addresses_is_accepted)
{
	static const uint64_t values[] = {
		1, 1ull << 63, 0x5555555555555555, 0x9e3779b97f4a7c15,
	};
	struct kvm_ioeventfd *entries = calloc(NR_PAGES, sizeof(*entries));
	struct kvm_eventfd_batch batch = {
		.entries = (uintptr_t)entries,
		.nr = NR_PAGES,
	};
	int vm = kev_create_vm(), other = kev_create_vm();
	int efd = kev_eventfd(0);
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_BATCH);
	ASSERT_NE(NULL, entries);
	for (i = 0; i < NR_PAGES; i++) {
		entries[i].addr = (uint64_t)i << 12;
		entries[i].len = 8;
		entries[i].fd = efd;
		entries[i].flags = DATAMATCH;
		entries[i].datamatch = values[i % ARRAY_SIZE(values)];
	}
	ASSERT_EQ(NR_PAGES, __kev_ioctl(vm, KVM_EVENTFD_IOEVENTFDS, &batch));
	batch.nr = 1000;
	EXPECT_EQ(1000, __kev_ioctl(other, KVM_EVENTFD_IOEVENTFDS, &batch));
	free(entries);
	close(other);
	close(vm);
	close(efd);
}

/* The bus of exits that know only an address. */

FIXTURE(fast_mmio) {
	struct kev_machine m;
	int vm;
	int cpu;
	int efd;
};

FIXTURE_SETUP(fast_mmio)
{
	KEV_REQUIRE_VCPU_IO();
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->efd = kev_eventfd(0);
}

FIXTURE_TEARDOWN(fast_mmio)
{
	close(self->efd);
	kev_machine_destroy(&self->m);
}

TEST_F(fast_mmio, len_0_takes_a_write_without_length)
{
	ioeventfd_assign(self->vm, self->efd, ADDR, 0, 0, 0);
	EXPECT_EQ(0, __vcpu_write(self->cpu, ADDR, 0, 0));
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(fast_mmio, len_0_takes_a_write_with_length_too)
{
	ioeventfd_assign(self->vm, self->efd, ADDR, 0, 0, 0);
	vcpu_write(self->cpu, ADDR, 0, 4);
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(fast_mmio, bit_4_with_len_0_is_the_same)
{
	ioeventfd_assign(self->vm, self->efd, ADDR, 0, FAST, 0);
	EXPECT_EQ(0, __vcpu_write(self->cpu, ADDR, 0, 0));
	vcpu_write(self->cpu, ADDR, 0, 4);
	EXPECT_EQ(2, kev_count(self->efd));
}

TEST_F(fast_mmio, bit_4_with_a_length_does_not_make_it_fast)
{
	ioeventfd_assign(self->vm, self->efd, ADDR, 4, FAST, 0);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, 0, 0));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(fast_mmio, one_with_length_does_not_take_a_write_without)
{
	ioeventfd_assign(self->vm, self->efd, ADDR, 4, 0, 0);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, 0, 0));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(fast_mmio, another_address_does_not_take_it)
{
	ioeventfd_assign(self->vm, self->efd, ADDR, 0, 0, 0);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR + 1, 0, 0));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR - 1, 0, 0));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(fast_mmio, deassign_removes_the_twin)
{
	ioeventfd_assign(self->vm, self->efd, ADDR, 0, 0, 0);
	ioeventfd_deassign(self->vm, self->efd, ADDR, 0, 0, 0);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, 0, 0));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, 0, 4));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(fast_mmio, deassign_of_one_leaves_its_neighbour_fast)
{
	int other = kev_eventfd(0);

	ioeventfd_assign(self->vm, self->efd, ADDR, 0, 0, 0);
	ioeventfd_assign(self->vm, other, ADDR + 8, 0, 0, 0);
	ioeventfd_deassign(self->vm, self->efd, ADDR, 0, 0, 0);
	EXPECT_EQ(0, __vcpu_write(self->cpu, ADDR + 8, 0, 0));
	EXPECT_EQ(1, kev_count(other));
	close(other);
}

TEST_F(fast_mmio, pio_and_ccw_of_len_0_are_not_on_it)
{
	ioeventfd_assign(self->vm, self->efd, ADDR, 0, PIO, 0);
	ioeventfd_assign(self->vm, self->efd, ADDR, 0, CCW, 0);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, 0, 0));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(fast_mmio, a_thousand_and_more_are_all_fast)
{
	unsigned int i;

	for (i = 0; i < 1100; i++)
		ioeventfd_assign(self->vm, self->efd, ADDR + 4 * i, 0, 0, 0);
	for (i = 0; i < 1100; i++)
		ASSERT_EQ(0, __vcpu_write(self->cpu, ADDR + 4 * i, 0, 0));
	EXPECT_EQ(1100, kev_count(self->efd));
}

/* The module's parameter. */

#define MAX_IOEVENTFDS	"/sys/module/kvm_eventfd/parameters/max_ioeventfds"

FIXTURE(limit) {
	int vm;
	int efd;
	char before[32];
};

static bool limit_write(const char *text)
{
	int fd = open(MAX_IOEVENTFDS, O_WRONLY);
	bool written = fd >= 0 &&
		       write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

FIXTURE_SETUP(limit)
{
	int fd;

	KEV_REQUIRE_MODULE("kvm.ko has no limit");
	fd = open(MAX_IOEVENTFDS, O_RDONLY);
	if (fd < 0)
		SKIP(return, "no parameters of a module here");
	kev_assert(read(fd, self->before, sizeof(self->before) - 1) > 0,
		   "read " MAX_IOEVENTFDS);
	close(fd);
	if (!limit_write("100"))
		SKIP(return, "the limit can be set by root alone");
	self->vm = kev_create_vm();
	self->efd = kev_eventfd(0);
}

FIXTURE_TEARDOWN(limit)
{
	limit_write(self->before);
	close(self->efd);
	close(self->vm);
}

TEST_F(limit, one_more_is_ENOSPC)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		ASSERT_ERRNO(0, __ioeventfd(self->vm, self->efd, ADDR + i, 1,
					    i & 1 ? PIO : 0, 0));
	EXPECT_ERRNO(ENOSPC, __ioeventfd(self->vm, self->efd, ADDR, 1, CCW, 0));
	EXPECT_ERRNO(EEXIST, __ioeventfd(self->vm, self->efd, ADDR, 1, 0, 0));
	ioeventfd_deassign(self->vm, self->efd, ADDR, 1, 0, 0);
	EXPECT_ERRNO(0, __ioeventfd(self->vm, self->efd, ADDR, 1, CCW, 0));
}

TEST_F(limit, another_vm_has_its_own)
{
	int vm = kev_create_vm();
	unsigned int i;

	for (i = 0; i < 100; i++)
		ASSERT_ERRNO(0, __ioeventfd(self->vm, self->efd, ADDR + i, 1, 0,
					    0));
	EXPECT_ERRNO(0, __ioeventfd(vm, self->efd, ADDR, 1, 0, 0));
	close(vm);
}

TEST_HARNESS_MAIN
