// SPDX-License-Identifier: GPL-2.0
/*
 * Who may use a VM: the address space that created it, and no other.  What
 * keeps it alive: its own fd, a vCPU's, a stats fd, a mapping.
 */
#include <pthread.h>
#include <sys/socket.h>

#include "kev_harness.h"

#define ADDR	0x1000

FIXTURE(owner) {
	struct kev_machine m;
	int vm;
	int cpu;
	int efd;
};

FIXTURE_SETUP(owner)
{
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->efd = kev_eventfd(0);
}

FIXTURE_TEARDOWN(owner)
{
	close(self->efd);
	kev_machine_destroy(&self->m);
}

/* Another process calls, with an address space of its own. */
#define IN_CHILD(call)							\
	({								\
		pid_t pid_ = fork();					\
		int status_ = -1;					\
									\
		if (!pid_)						\
			_exit(KEV_ERRNO(call));				\
		ASSERT_LT(0, pid_);					\
		ASSERT_EQ(pid_, waitpid(pid_, &status_, 0));		\
		ASSERT_TRUE(WIFEXITED(status_));			\
		WEXITSTATUS(status_);					\
	})

TEST_F(owner, vm_ioctl_of_another_process_is_EIO)
{
	EXPECT_EQ(EIO, IN_CHILD(__irqfd(self->vm, self->efd, 0, 0, 0)));
	EXPECT_EQ(EIO, IN_CHILD(__ioeventfd(self->vm, self->efd, ADDR, 4, 0,
					    0)));
	EXPECT_EQ(EIO, IN_CHILD(__create_vcpu(self->vm, 1)));
	EXPECT_EQ(EIO, IN_CHILD(__create_irqchip(self->vm)));
	EXPECT_EQ(EIO, IN_CHILD(__enable_cap(self->vm, KVM_CAP_X2APIC_API, 0,
					     0)));
	EXPECT_EQ(EIO, IN_CHILD(__signal_msi(self->vm, KEV_MSI_ADDR, 0x51)));
	EXPECT_EQ(EIO, IN_CHILD(__irq_line(self->vm, 0, 0)));
	EXPECT_EQ(EIO, IN_CHILD(__kev_ioctl_val(self->vm, KVM_GET_STATS_FD,
						0)));
}

TEST_F(owner, question_of_another_process_is_EIO)
{
	EXPECT_EQ(EIO, IN_CHILD(__kev_ioctl_val(self->vm, KVM_CHECK_EXTENSION,
						KVM_CAP_IRQFD)));
}

TEST_F(owner, EIO_is_found_before_a_bad_pointer)
{
	EXPECT_EQ(EIO, IN_CHILD(__kev_ioctl(self->vm, KVM_IRQFD,
					    KEV_BAD_PTR(struct kvm_irqfd))));
}

TEST_F(owner, EIO_is_found_before_an_unknown_ioctl)
{
	EXPECT_EQ(EIO, IN_CHILD(__kev_ioctl_val(self->vm, _IO(KVMIO, 0x4f),
						0)));
	EXPECT_EQ(EIO, IN_CHILD(__kev_ioctl_val(self->vm, _IO('x', 0), 0)));
}

TEST_F(owner, vcpu_ioctl_of_another_process_is_EIO)
{
	struct kvm_mp_state mp = {};

	EXPECT_EQ(EIO, IN_CHILD(__kev_ioctl(self->cpu, KVM_GET_MP_STATE,
					    &mp)));
	EXPECT_EQ(EIO, IN_CHILD(__kev_ioctl_val(self->cpu, KVM_RUN, 0)));
	EXPECT_EQ(EIO, IN_CHILD(__kev_ioctl_val(self->cpu, KVM_NMI, 0)));
}

TEST_F(owner, vcpu_EIO_is_found_before_another_letter)
{
	EXPECT_EQ(EIO, IN_CHILD(__kev_ioctl_val(self->cpu, _IO('x', 0), 0)));
}

TEST_F(owner, ack_of_another_process_is_EIO)
{
	struct kvm_eventfd_interrupt intr;

	KEV_REQUIRE_VCPU_IO();
	EXPECT_EQ(EIO, IN_CHILD(__ack_interrupt(self->cpu, &intr)));
}

TEST_F(owner, refused_call_changed_nothing)
{
	EXPECT_EQ(EIO, IN_CHILD(__ioeventfd(self->vm, self->efd, ADDR, 4, 0,
					    0)));
	EXPECT_ERRNO(ENOENT, __ioeventfd(self->vm, self->efd, ADDR, 4,
					 KVM_IOEVENTFD_FLAG_DEASSIGN, 0));
	EXPECT_EQ(EIO, IN_CHILD(__create_vcpu(self->vm, 1)));
	EXPECT_ERRNO(0, __create_vcpu(self->vm, 1));
}

TEST_F(owner, another_process_may_create_a_vm_of_its_own)
{
	int node = kev_open();

	EXPECT_EQ(0, IN_CHILD(__kev_ioctl_val(node, KVM_CREATE_VM, 0)));
	close(node);
}

static void *assign_in_thread(void *arg)
{
	const int *fd = arg;
	int err = KEV_ERRNO(__ioeventfd(fd[0], fd[1], ADDR, 4, 0, 0));

	return (void *)(intptr_t)err;
}

TEST_F(owner, another_thread_is_no_other_process)
{
	int fd[2] = { self->vm, self->efd };
	pthread_t thread;
	void *err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, assign_in_thread, fd));
	ASSERT_EQ(0, pthread_join(thread, &err));
	EXPECT_EQ(0, (intptr_t)err);
}

TEST_F(owner, child_that_closes_its_copies_leaves_the_vm)
{
	pid_t pid = fork();

	if (!pid) {
		kev_machine_destroy(&self->m);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_ERRNO(0, __create_vcpu(self->vm, 1));
}

/* SCM_RIGHTS. */

union fd_message {
	struct cmsghdr hdr;
	char buf[CMSG_SPACE(sizeof(int))];
};

static void send_fd(int sock, int fd)
{
	union fd_message control = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.hdr.cmsg_level = SOL_SOCKET;
	control.hdr.cmsg_type = SCM_RIGHTS;
	control.hdr.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(fd));
	kev_assert(sendmsg(sock, &msg, 0) == 1, "sendmsg");
}

static int receive_fd(int sock)
{
	union fd_message control = {};
	char c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	kev_assert(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1, "recvmsg");
	memcpy(&fd, CMSG_DATA(&control.hdr), sizeof(fd));
	return fd;
}

TEST_F(owner, vm_sent_by_another_process_is_EIO_even_after_its_end)
{
	int sock[2], vm, status;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = fork();
	if (!pid) {
		send_fd(sock[1], kev_create_vm());
		_exit(0);
	}
	vm = receive_fd(sock[0]);
	EXPECT_ERRNO(EIO, __create_vcpu(vm, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_ERRNO(EIO, __create_vcpu(vm, 0));
	EXPECT_EQ(0, close(vm));
	close(sock[0]);
	close(sock[1]);
}

TEST_F(owner, vm_that_came_back_over_a_socket_is_still_ones_own)
{
	int sock[2], vm;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	send_fd(sock[1], self->vm);
	close(self->vm);
	vm = receive_fd(sock[0]);
	EXPECT_ERRNO(0, __create_vcpu(vm, 1));
	self->m.vm = vm;
	close(sock[0]);
	close(sock[1]);
}

/* An eventfd from anywhere is as good as one's own. */
TEST_F(owner, eventfd_sent_by_another_process_works)
{
	int sock[2], efd;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = fork();
	if (!pid) {
		send_fd(sock[1], kev_eventfd(0));
		_exit(0);
	}
	efd = receive_fd(sock[0]);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_ERRNO(0, __ioeventfd(self->vm, efd, ADDR, 4, 0, 0));
	close(efd);
	close(sock[0]);
	close(sock[1]);
}

/* What keeps a VM. */

TEST_F(owner, vcpu_fd_keeps_the_vm)
{
	close(self->vm);
	EXPECT_ERRNO(0, __kev_ioctl_val(self->cpu, KVM_GET_STATS_FD, 0));
	self->m.vm = -1;
}

TEST_F(owner, doorbells_work_while_a_vcpu_fd_keeps_the_vm)
{
	KEV_REQUIRE_VCPU_IO();
	ioeventfd_assign(self->vm, self->efd, ADDR, 4, 0, 0);
	close(self->vm);
	vcpu_write(self->cpu, ADDR, 0, 4);
	EXPECT_EQ(1, kev_count(self->efd));
	self->m.vm = -1;
}

TEST_F(owner, mapping_keeps_its_pages)
{
	size_t size = 3 * getpagesize();
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->cpu, 0);

	ASSERT_NE(MAP_FAILED, map);
	map[0] = 0x5a;
	close(self->cpu);
	close(self->vm);
	EXPECT_EQ(0x5a, map[0]);
	map[size - 1] = 1;
	EXPECT_EQ(0, munmap(map, size));
	self->m.nr_vcpus = 0;
	self->m.vm = -1;
}

TEST_F(owner, stats_fd_keeps_the_vm)
{
	int stats = kev_ioctl_val(self->vm, KVM_GET_STATS_FD, 0);
	struct kvm_stats_header hdr = {};

	close(self->cpu);
	close(self->vm);
	EXPECT_EQ((ssize_t)sizeof(hdr), pread(stats, &hdr, sizeof(hdr), 0));
	EXPECT_LT(0, hdr.num_desc);
	close(stats);
	self->m.nr_vcpus = 0;
	self->m.vm = -1;
}

/* irqfds end with the VM's own fd, whatever else keeps the VM. */

FIXTURE(release) {
	struct kev_machine m;
	int efd;
};

FIXTURE_SETUP(release)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&self->m, KEV_CHIP_SPLIT, 1);
	self->efd = kev_eventfd(0);
	set_msi_route(self->m.vm, 24, 0, 0x51);
	irqfd_assign(self->m.vm, self->efd, 24);
}

FIXTURE_TEARDOWN(release)
{
	close(self->efd);
	kev_machine_destroy(&self->m);
}

TEST_F(release, irqfds_end_with_the_vm_fd)
{
	close(self->m.vm);
	kev_signal(self->efd);
	EXPECT_EQ(1, kev_count(self->efd));
	EXPECT_FALSE(lapic_irr(self->m.vcpu[0], 0x51));
	self->m.vm = -1;
}

TEST_F(release, eventfd_is_free_for_another_vm_when_close_returns)
{
	struct kev_machine other;

	kev_machine_create(&other, KEV_CHIP_SPLIT, 1);
	close(self->m.vm);
	EXPECT_ERRNO(0, __irqfd(other.vm, self->efd, 24, 0, 0));
	kev_machine_destroy(&other);
	self->m.vm = -1;
}

TEST_F(release, a_copy_of_the_vm_fd_keeps_the_irqfds)
{
	int copy = dup(self->m.vm);

	close(self->m.vm);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_wait_irr(self->m.vcpu[0], 0x51));
	self->m.vm = copy;
}

TEST_HARNESS_MAIN
