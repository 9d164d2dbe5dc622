// SPDX-License-Identifier: GPL-2.0
/* KVM_CREATE_VM, and what a VM fd refuses whatever its state. */
#include <fcntl.h>

#include "kev_harness.h"

FIXTURE(create_vm) {
	int node;
};

FIXTURE_SETUP(create_vm)
{
	self->node = kev_open();
}

FIXTURE_TEARDOWN(create_vm)
{
	close(self->node);
}

TEST_F(create_vm, type_0_is_a_vm)
{
	int vm = kev_ioctl_val(self->node, KVM_CREATE_VM, 0);

	EXPECT_LT(0, kev_ioctl_val(vm, KVM_CHECK_EXTENSION, KVM_CAP_IOEVENTFD));
	close(vm);
}

TEST_F(create_vm, unknown_type_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->node, KVM_CREATE_VM, 0xff));
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->node, KVM_CREATE_VM, ~0ul));
}

TEST_F(create_vm, no_free_fd_is_EMFILE)
{
	kev_exhaust_fds();
	EXPECT_ERRNO(EMFILE, __kev_ioctl_val(self->node, KVM_CREATE_VM, 0));
	kev_release_fds();
}

TEST_F(create_vm, EMFILE_is_found_before_an_unknown_type)
{
	kev_exhaust_fds();
	EXPECT_ERRNO(EMFILE, __kev_ioctl_val(self->node, KVM_CREATE_VM, 0xff));
	kev_release_fds();
}

TEST_F(create_vm, fd_is_closed_on_exec)
{
	int vm = kev_ioctl_val(self->node, KVM_CREATE_VM, 0);

	EXPECT_EQ(FD_CLOEXEC, fcntl(vm, F_GETFD));
	close(vm);
}

TEST_F(create_vm, vms_are_independent)
{
	int a = kev_create_vm();
	int b = kev_create_vm();

	EXPECT_ERRNO(0, __create_vcpu(a, 0));
	EXPECT_ERRNO(0, __create_vcpu(b, 0));
	EXPECT_ERRNO(EEXIST, __create_vcpu(a, 0));
	close(a);
	EXPECT_ERRNO(EEXIST, __create_vcpu(b, 0));
	close(b);
}

TEST_F(create_vm, vm_outlives_the_node_fd)
{
	int vm = kev_create_vm();

	close(self->node);
	EXPECT_ERRNO(0, __create_vcpu(vm, 0));
	close(vm);
	self->node = kev_open();
}

TEST_F(create_vm, a_hundred_vms_at_once)
{
	int vm[100];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vm); i++)
		vm[i] = kev_ioctl_val(self->node, KVM_CREATE_VM, 0);
	for (i = 0; i < ARRAY_SIZE(vm); i++)
		EXPECT_EQ(0, close(vm[i]));
}

FIXTURE(vm_fd) {
	int vm;
};

FIXTURE_SETUP(vm_fd)
{
	self->vm = kev_create_vm();
}

FIXTURE_TEARDOWN(vm_fd)
{
	close(self->vm);
}

TEST_F(vm_fd, unknown_ioctl_is_ENOTTY)
{
	EXPECT_ERRNO(ENOTTY, __kev_ioctl_val(self->vm, _IO(KVMIO, 0x4f), 0));
}

TEST_F(vm_fd, ioctl_of_another_letter_is_ENOTTY)
{
	EXPECT_ERRNO(ENOTTY, __kev_ioctl_val(self->vm, _IO('x', 0x41), 0));
}

TEST_F(vm_fd, ioctl_with_another_size_is_ENOTTY)
{
	unsigned long cmd = _IOW(KVMIO, 0x76, char[33]);
	char arg[33] = {};

	EXPECT_ERRNO(ENOTTY, __kev_ioctl(self->vm, _IOW(KVMIO, 0x76, char[33]),
					 &arg));
	EXPECT_NE(cmd, (unsigned long)KVM_IRQFD);
}

TEST_F(vm_fd, ioctl_with_another_direction_is_ENOTTY)
{
	struct kvm_irqfd arg = { .flags = KVM_IRQFD_FLAG_DEASSIGN };

	EXPECT_ERRNO(ENOTTY,
		     __kev_ioctl(self->vm, _IOR(KVMIO, 0x76, struct kvm_irqfd),
				 &arg));
}

TEST_F(vm_fd, node_ioctl_on_a_vm_is_ENOTTY)
{
	EXPECT_ERRNO(ENOTTY, __kev_ioctl_val(self->vm, KVM_GET_API_VERSION, 0));
	EXPECT_ERRNO(ENOTTY, __kev_ioctl_val(self->vm, KVM_CREATE_VM, 0));
}

TEST_F(vm_fd, vcpu_ioctl_on_a_vm_is_ENOTTY)
{
	struct kvm_lapic_state s;

	EXPECT_ERRNO(ENOTTY, __kev_ioctl_val(self->vm, KVM_RUN, 0));
	EXPECT_ERRNO(ENOTTY, __kev_ioctl(self->vm, KVM_GET_LAPIC, &s));
	EXPECT_ERRNO(ENOTTY, __kev_ioctl_val(self->vm, KVM_NMI, 0));
}

TEST_F(vm_fd, cannot_be_read_written_or_mapped)
{
	char c = 0;
	void *p;

	EXPECT_ERRNO(EINVAL, read(self->vm, &c, 1));
	EXPECT_ERRNO(EINVAL, write(self->vm, &c, 1));
	p = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, self->vm, 0);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(ENODEV, errno);
}

/* What is not offered says so, and is not half there. */
TEST_F(vm_fd, ioctl_of_a_capability_that_is_0_is_ENOTTY)
{
	struct kvm_userspace_memory_region region = {};
	struct kvm_clock_data clock = {};

	KEV_REQUIRE_MODULE("offers them");
	EXPECT_ERRNO(ENOTTY, __kev_ioctl(self->vm, KVM_GET_CLOCK, &clock));
	EXPECT_ERRNO(ENOTTY, __kev_ioctl(self->vm, KVM_SET_USER_MEMORY_REGION,
					 &region));
}

TEST_HARNESS_MAIN
