// SPDX-License-Identifier: GPL-2.0
/* KVM_CREATE_VCPU, KVM_SET_BOOT_CPU_ID, and the vCPU fd apart from its I/O. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>

#include "kev_harness.h"

FIXTURE(create_vcpu) {
	int vm;
};

FIXTURE_SETUP(create_vcpu)
{
	self->vm = kev_create_vm();
}

FIXTURE_TEARDOWN(create_vcpu)
{
	close(self->vm);
}

TEST_F(create_vcpu, id_below_the_limit_is_accepted)
{
	int max = kev_check_extension(KVM_CAP_MAX_VCPU_ID);

	EXPECT_ERRNO(0, __create_vcpu(self->vm, 0));
	EXPECT_ERRNO(0, __create_vcpu(self->vm, max - 1));
}

TEST_F(create_vcpu, id_at_the_limit_is_EINVAL)
{
	int max = kev_check_extension(KVM_CAP_MAX_VCPU_ID);

	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, max));
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, ~0u));
}

TEST_F(create_vcpu, id_of_more_than_32_bits_is_EINVAL)
{
	if (sizeof(long) == 4)
		SKIP(return, "a long has 32 bits here");
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, (unsigned long)(1ull << 32)));
}

TEST_F(create_vcpu, same_id_twice_is_EEXIST)
{
	EXPECT_ERRNO(0, __create_vcpu(self->vm, 3));
	EXPECT_ERRNO(EEXIST, __create_vcpu(self->vm, 3));
}

TEST_F(create_vcpu, id_stays_taken_when_its_fd_is_closed)
{
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(EEXIST, __create_vcpu(self->vm, 0));
}

TEST_F(create_vcpu, with_all_vcpus_there_a_taken_id_is_EINVAL_too)
{
	int i, max = kev_check_extension(KVM_CAP_MAX_VCPUS);

	if (kev_has_vcpu_io())
		SKIP(return, "limits_test has this, with a lower limit");
	for (i = 0; i < max; i++)
		close(create_vcpu(self->vm, i));
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, max));
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, 0));
	kev_exhaust_fds();
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, 0));
	kev_release_fds();
}

TEST_F(create_vcpu, no_free_fd_is_EMFILE_and_takes_no_id)
{
	kev_exhaust_fds();
	EXPECT_ERRNO(EMFILE, __create_vcpu(self->vm, 0));
	kev_release_fds();
	EXPECT_ERRNO(0, __create_vcpu(self->vm, 0));
}

TEST_F(create_vcpu, EEXIST_is_found_before_EMFILE)
{
	create_vcpu(self->vm, 0);
	kev_exhaust_fds();
	EXPECT_ERRNO(EEXIST, __create_vcpu(self->vm, 0));
	kev_release_fds();
}

TEST_F(create_vcpu, id_at_the_limit_is_found_before_EMFILE)
{
	int max = kev_check_extension(KVM_CAP_MAX_VCPU_ID);

	kev_exhaust_fds();
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, max));
	kev_release_fds();
}

TEST_F(create_vcpu, fd_is_closed_on_exec)
{
	int vcpu = create_vcpu(self->vm, 0);

	EXPECT_EQ(FD_CLOEXEC, fcntl(vcpu, F_GETFD));
}

TEST_F(create_vcpu, boot_cpu_id_after_a_vcpu_is_EBUSY)
{
	KEV_REQUIRE_CAP(KVM_CAP_SET_BOOT_CPU_ID);
	create_vcpu(self->vm, 0);
	EXPECT_ERRNO(EBUSY, __kev_ioctl_val(self->vm, KVM_SET_BOOT_CPU_ID, 0));
}

TEST_F(create_vcpu, boot_cpu_id_before_any_vcpu_is_accepted)
{
	KEV_REQUIRE_CAP(KVM_CAP_SET_BOOT_CPU_ID);
	EXPECT_ERRNO(0, __kev_ioctl_val(self->vm, KVM_SET_BOOT_CPU_ID, 1));
	EXPECT_ERRNO(0, __kev_ioctl_val(self->vm, KVM_SET_BOOT_CPU_ID, 0));
}

FIXTURE(vcpu_fd) {
	int vm;
	int vcpu;
	size_t size;
	char *map;
};

FIXTURE_SETUP(vcpu_fd)
{
	int node = kev_open();

	self->size = kev_ioctl_val(node, KVM_GET_VCPU_MMAP_SIZE, 0);
	close(node);
	self->vm = kev_create_vm();
	self->vcpu = create_vcpu(self->vm, 0);
	self->map = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->vcpu, 0);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(vcpu_fd)
{
	munmap(self->map, self->size);
	close(self->vcpu);
	close(self->vm);
}

TEST_F(vcpu_fd, unknown_ioctl_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->vcpu, _IO(KVMIO, 0x4f), 0));
}

/* By their numbers: what is between them KVM has, and this module has not. */
TEST_F(vcpu_fd, ioctls_that_are_not_offered_are_ENOTTY)
{
	static const struct {
		unsigned int nr;
		int want;
	} rows[] = {
		{ 0x7f, EINVAL }, { 0x81, ENOTTY }, { 0xdf, ENOTTY },
		{ 0xe0, EINVAL }, { 0xff, EINVAL },
	};
	unsigned int i;

	KEV_REQUIRE_MODULE("has other ioctls");
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		EXPECT_ERRNO(rows[i].want,
			     ioctl(self->vcpu, _IO(KVMIO, rows[i].nr), 0));
}

TEST_F(vcpu_fd, ioctl_of_another_letter_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->vcpu, _IO('x', 0x80), 0));
}

TEST_F(vcpu_fd, vm_ioctl_on_a_vcpu_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __irqfd(self->vcpu, 0, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vcpu, 1));
}

TEST_F(vcpu_fd, run_is_EOPNOTSUPP)
{
	KEV_REQUIRE_MODULE("runs guest code");
	EXPECT_ERRNO(EOPNOTSUPP, __kev_ioctl_val(self->vcpu, KVM_RUN, 0));
}

TEST_F(vcpu_fd, run_with_an_argument_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->vcpu, KVM_RUN, 1));
}

TEST_F(vcpu_fd, run_that_exits_immediately_is_EINTR)
{
	struct kvm_run *run = (void *)self->map;

	run->immediate_exit = 1;
	EXPECT_ERRNO(EINTR, __kev_ioctl_val(self->vcpu, KVM_RUN, 0));
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->vcpu, KVM_RUN, 1));
	run->immediate_exit = 0;
}

TEST_F(vcpu_fd, all_pages_of_the_mapping_can_be_read_and_written)
{
	size_t off;

	for (off = 0; off < self->size; off += getpagesize()) {
		self->map[off + getpagesize() - 1] = 0x5a;
		EXPECT_EQ(0x5a, self->map[off + getpagesize() - 1]);
	}
}

TEST_F(vcpu_fd, two_mappings_show_the_same_memory)
{
	char *other = mmap(NULL, self->size, PROT_READ, MAP_SHARED, self->vcpu,
			   0);

	ASSERT_NE(MAP_FAILED, other);
	self->map[100] = 0x77;
	EXPECT_EQ(0x77, other[100]);
	munmap(other, self->size);
}

TEST_F(vcpu_fd, vcpus_have_memory_of_their_own)
{
	int vcpu = create_vcpu(self->vm, 1);
	char *other = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			   vcpu, 0);

	ASSERT_NE(MAP_FAILED, other);
	self->map[100] = 0x11;
	other[100] = 0x22;
	EXPECT_EQ(0x11, self->map[100]);
	munmap(other, self->size);
	close(vcpu);
}

static sigjmp_buf bus_error;

static void on_bus_error(int sig)
{
	siglongjmp(bus_error, sig);
}

/* A page after the last is no page: refused by mmap() or at the first touch. */
TEST_F(vcpu_fd, nothing_is_mapped_past_the_end)
{
	struct sigaction act = { .sa_handler = on_bus_error };
	char *past;

	past = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, self->vcpu,
		    64 * getpagesize());
	if (past == MAP_FAILED)
		return;

	sigaction(SIGBUS, &act, NULL);
	sigaction(SIGSEGV, &act, NULL);
	if (!sigsetjmp(bus_error, 1)) {
		__atomic_load_n(past, __ATOMIC_RELAXED);
		EXPECT_TRUE(false)
			TH_LOG("a page past the end was read");
	}
	munmap(past, getpagesize());
}

TEST_HARNESS_MAIN
