// SPDX-License-Identifier: GPL-2.0
/* The node itself: what can be asked of it, and what it refuses. */
#include <fcntl.h>
#include <sys/stat.h>

#include "kev_harness.h"

FIXTURE(node) {
	int fd;
};

FIXTURE_SETUP(node)
{
	self->fd = kev_open();
}

FIXTURE_TEARDOWN(node)
{
	close(self->fd);
}

TEST_F(node, api_version_is_12)
{
	EXPECT_EQ(12, kev_ioctl_val(self->fd, KVM_GET_API_VERSION, 0));
}

TEST_F(node, api_version_with_an_argument_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->fd, KVM_GET_API_VERSION, 1));
}

TEST_F(node, vcpu_mmap_size_is_whole_pages_up_to_the_coalesced_ring)
{
	int size = kev_ioctl_val(self->fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	EXPECT_EQ(0, size % getpagesize());
	EXPECT_EQ((KVM_EVENTFD_PAGE_COALESCED + 1) * getpagesize(), size);
}

TEST_F(node, vcpu_mmap_size_with_an_argument_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL,
		     __kev_ioctl_val(self->fd, KVM_GET_VCPU_MMAP_SIZE, 1));
}

TEST_F(node, unknown_ioctl_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->fd, _IO(KVMIO, 0x4f), 0));
}

/* By their numbers: those below 0x10 KVM's node has, and this module's has not. */
TEST_F(node, ioctls_that_are_not_offered_are_ENOTTY)
{
	KEV_REQUIRE_MODULE("has other ioctls");
	EXPECT_ERRNO(ENOTTY, __kev_ioctl_val(self->fd, _IO(KVMIO, 0x06), 0));
	EXPECT_ERRNO(ENOTTY, __kev_ioctl_val(self->fd, _IO(KVMIO, 0x0f), 0));
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->fd, _IO(KVMIO, 0x10), 0));
}

TEST_F(node, ioctl_of_another_letter_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->fd, _IO('x', 0x00), 0));
}

TEST_F(node, vm_ioctl_on_the_node_is_EINVAL)
{
	int efd = kev_eventfd(0);

	EXPECT_ERRNO(EINVAL, __irqfd(self->fd, efd, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->fd, 0));
	EXPECT_ERRNO(EINVAL, __create_irqchip(self->fd));
	close(efd);
}

TEST_F(node, vcpu_ioctl_on_the_node_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->fd, KVM_RUN, 0));
}

TEST_F(node, cannot_be_read_written_or_mapped)
{
	char c = 0;
	void *p;

	EXPECT_ERRNO(EINVAL, read(self->fd, &c, 1));
	EXPECT_ERRNO(EINVAL, write(self->fd, &c, 1));
	p = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, self->fd, 0);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(ENODEV, errno);
}

TEST_F(node, a_read_only_open_can_create_a_vm)
{
	int node = open(kev_node(), O_RDONLY | O_CLOEXEC);
	int vm;

	ASSERT_LE(0, node);
	vm = kev_ioctl_val(node, KVM_CREATE_VM, 0);
	close(vm);
	close(node);
}

TEST_F(node, opens_are_independent)
{
	int other = kev_open();

	close(self->fd);
	EXPECT_EQ(12, kev_ioctl_val(other, KVM_GET_API_VERSION, 0));
	self->fd = other;
}

TEST_F(node, is_a_misc_device_of_owner_and_group)
{
	struct stat st;

	KEV_REQUIRE_MODULE("its mode is its distribution's");
	ASSERT_EQ(0, fstat(self->fd, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0660, st.st_mode & 0777);
}

#define CPUID_ENTRIES	100

struct cpuid_room {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[CPUID_ENTRIES];
};

static struct kvm_cpuid_entry2 *cpuid_entry(struct cpuid_room *room,
					    uint32_t function)
{
	unsigned int i;

	for (i = 0; i < room->head.nent; i++)
		if (room->entries[i].function == function)
			return &room->entries[i];
	return NULL;
}

TEST_F(node, supported_cpuid_has_the_lapics)
{
	struct cpuid_room room = { .head.nent = CPUID_ENTRIES };
	struct kvm_cpuid_entry2 *entry;

	KEV_REQUIRE_CAP(KVM_CAP_EXT_CPUID);
	ASSERT_ERRNO(0, ioctl(self->fd, KVM_GET_SUPPORTED_CPUID, &room));
	EXPECT_LT(0, room.head.nent);
	EXPECT_GT(CPUID_ENTRIES, room.head.nent);
	entry = cpuid_entry(&room, 1);
	ASSERT_NE(NULL, entry);
	EXPECT_TRUE(entry->ecx & 1u << 21);
	EXPECT_TRUE(entry->edx & 1u << 9);
}

TEST_F(node, supported_cpuid_has_the_deadline_timer_and_a_hypervisor)
{
	struct cpuid_room room = { .head.nent = CPUID_ENTRIES };
	struct kvm_cpuid_entry2 *entry;

	KEV_REQUIRE_CAP(KVM_CAP_EXT_CPUID);
	KEV_SINCE(7, 3, "does it tell");
	ASSERT_ERRNO(0, ioctl(self->fd, KVM_GET_SUPPORTED_CPUID, &room));
	entry = cpuid_entry(&room, 1);
	ASSERT_NE(NULL, entry);
	EXPECT_TRUE(entry->ecx & 1u << 24);
	EXPECT_TRUE(entry->ecx & 1u << 31);
}

TEST_F(node, supported_cpuid_names_its_last_functions)
{
	struct cpuid_room room = { .head.nent = CPUID_ENTRIES };
	struct kvm_cpuid_entry2 *entry;

	KEV_REQUIRE_CAP(KVM_CAP_EXT_CPUID);
	ASSERT_ERRNO(0, ioctl(self->fd, KVM_GET_SUPPORTED_CPUID, &room));
	entry = cpuid_entry(&room, 0);
	ASSERT_NE(NULL, entry);
	EXPECT_LE(1, entry->eax);
	entry = cpuid_entry(&room, 0x80000000);
	ASSERT_NE(NULL, entry);
	EXPECT_LE(0x80000008, entry->eax);
	EXPECT_NE(NULL, cpuid_entry(&room, 0x80000008));
}

TEST_F(node, supported_cpuid_without_room_is_E2BIG)
{
	struct cpuid_room room = { .head.nent = 0 };

	KEV_REQUIRE_CAP(KVM_CAP_EXT_CPUID);
	EXPECT_ERRNO(E2BIG, ioctl(self->fd, KVM_GET_SUPPORTED_CPUID, &room));
	room.head.nent = 1;
	EXPECT_ERRNO(E2BIG, ioctl(self->fd, KVM_GET_SUPPORTED_CPUID, &room));
	EXPECT_EQ(1, room.head.nent);
}

TEST_F(node, supported_cpuid_that_cannot_be_read_is_EFAULT)
{
	KEV_REQUIRE_CAP(KVM_CAP_EXT_CPUID);
	EXPECT_ERRNO(EFAULT, ioctl(self->fd, KVM_GET_SUPPORTED_CPUID,
				   kev_bad_ptr()));
}

TEST_HARNESS_MAIN
