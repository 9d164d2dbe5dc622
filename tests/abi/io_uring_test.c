// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells through io_uring: they complete while they are submitted, and no
 * worker thread is started for them.
 */
#include <dirent.h>
#include <liburing.h>
#include <poll.h>

#include "kev_harness.h"

#define ADDR	0x1000

FIXTURE(uring) {
	struct kev_machine m;
	int vm;
	int cpu;
	int efd;
	struct io_uring ring;
};

FIXTURE_SETUP(uring)
{
	int ret;

	KEV_REQUIRE_VCPU_IO();
	ret = io_uring_queue_init(128, &self->ring, 0);
	if (ret < 0)
		SKIP(return, "no io_uring here: %s", strerror(-ret));
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->efd = kev_eventfd(0);
}

FIXTURE_TEARDOWN(uring)
{
	io_uring_queue_exit(&self->ring);
	close(self->efd);
	kev_machine_destroy(&self->m);
}

static unsigned int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int n = 0;
	struct dirent *e;

	kev_assert(dir, "open /proc/self/task");
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* Submit what is queued without waiting, and take a result that is there. */
static int submit_one(struct __test_metadata *_metadata, struct io_uring *ring)
{
	struct io_uring_cqe *cqe = NULL;
	int res;

	ASSERT_EQ(1, io_uring_submit(ring));
	ASSERT_EQ(0, io_uring_peek_cqe(ring, &cqe))
		TH_LOG("it did not complete while it was submitted");
	res = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return res;
}

static void queue_write(struct io_uring *ring, int fd, const void *buf,
			unsigned int len, uint64_t off)
{
	io_uring_prep_write(io_uring_get_sqe(ring), fd, buf, len, off);
}

TEST_F(uring, doorbell_completes_inline)
{
	uint32_t val = 0;

	ioeventfd_assign(self->vm, self->efd, ADDR, 4, 0, 0);
	queue_write(&self->ring, self->cpu, &val, 4, ADDR);
	EXPECT_EQ(4, submit_one(_metadata, &self->ring));
	EXPECT_EQ(1, kev_count(self->efd));
	EXPECT_EQ(1, count_threads());
}

TEST_F(uring, doorbell_on_a_port_completes_inline)
{
	uint16_t val = 0;

	ioeventfd_assign(self->vm, self->efd, 0x100, 2, KVM_IOEVENTFD_FLAG_PIO,
			 0);
	queue_write(&self->ring, self->cpu, &val, 2,
		    KVM_EVENTFD_OFF_PIO + 0x100);
	EXPECT_EQ(2, submit_one(_metadata, &self->ring));
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(uring, doorbell_without_length_completes_inline)
{
	ioeventfd_assign(self->vm, self->efd, ADDR, 0, 0, 0);
	queue_write(&self->ring, self->cpu, "", 0, ADDR);
	EXPECT_EQ(0, submit_one(_metadata, &self->ring));
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(uring, datamatch_sees_the_data)
{
	uint32_t val = 7;

	ioeventfd_assign(self->vm, self->efd, ADDR, 4,
			 KVM_IOEVENTFD_FLAG_DATAMATCH, 7);
	queue_write(&self->ring, self->cpu, &val, 4, ADDR);
	EXPECT_EQ(4, submit_one(_metadata, &self->ring));
	val = 8;
	queue_write(&self->ring, self->cpu, &val, 4, ADDR);
	EXPECT_GT(0, submit_one(_metadata, &self->ring));
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(uring, batch_of_a_hundred_completes_inline)
{
	uint32_t val = 0;
	unsigned int i;

	ioeventfd_assign(self->vm, self->efd, ADDR, 4, 0, 0);
	for (i = 0; i < 100; i++)
		queue_write(&self->ring, self->cpu, &val, 4, ADDR);
	ASSERT_EQ(100, io_uring_submit(&self->ring));
	EXPECT_EQ(100, io_uring_cq_ready(&self->ring));
	EXPECT_EQ(100, kev_count(self->efd));
	EXPECT_EQ(1, count_threads());
}

/* io_uring would try again elsewhere what fails with EOPNOTSUPP. */
TEST_F(uring, doorbell_that_nobody_takes_fails_inline)
{
	uint32_t val = 0;

	queue_write(&self->ring, self->cpu, &val, 4, ADDR);
	EXPECT_EQ(-ENXIO, submit_one(_metadata, &self->ring));
	EXPECT_EQ(1, count_threads());
}

TEST_F(uring, bad_length_is_EINVAL_inline)
{
	char buf[16] = {};

	queue_write(&self->ring, self->cpu, buf, 9, ADDR);
	EXPECT_EQ(-EINVAL, submit_one(_metadata, &self->ring));
}

TEST_F(uring, bad_offset_is_EINVAL_inline)
{
	char buf[4] = {};

	queue_write(&self->ring, self->cpu, buf, 4, 1ull << 52);
	EXPECT_EQ(-EINVAL, submit_one(_metadata, &self->ring));
}

TEST_F(uring, bad_pointer_is_EFAULT_and_touches_nothing)
{
	ioeventfd_assign(self->vm, self->efd, ADDR, 4, 0, 0);
	queue_write(&self->ring, self->cpu, KEV_BAD_PTR(void), 4, ADDR);
	EXPECT_EQ(-EFAULT, submit_one(_metadata, &self->ring));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(uring, read_that_nobody_answers_fails_inline)
{
	uint32_t val;

	io_uring_prep_read(io_uring_get_sqe(&self->ring), self->cpu, &val, 4,
			   ADDR);
	EXPECT_EQ(-ENXIO, submit_one(_metadata, &self->ring));
}

TEST_F(uring, read_of_a_register_completes_inline)
{
	struct kev_machine m;
	uint32_t val = 0;

	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	io_uring_prep_read(io_uring_get_sqe(&self->ring), m.vcpu[0], &val, 4,
			   KEV_APIC_BASE + KEV_APIC_LVR);
	EXPECT_EQ(4, submit_one(_metadata, &self->ring));
	EXPECT_EQ(0x14, val & 0xff);
	kev_machine_destroy(&m);
}

/* A chip may make its caller wait: a worker writes, once the ring has seen that. */
TEST_F(uring, write_of_a_register_completes)
{
	struct io_uring_cqe *cqe = NULL;
	struct kev_machine m;
	uint32_t val = 0x50;

	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	queue_write(&self->ring, m.vcpu[0], &val, 4,
		    KEV_APIC_BASE + KEV_APIC_TPR);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	ASSERT_EQ(0, io_uring_wait_cqe(&self->ring, &cqe));
	EXPECT_EQ(4, cqe->res);
	io_uring_cqe_seen(&self->ring, cqe);
	EXPECT_EQ(0x50, vcpu_read(m.vcpu[0], KEV_APIC_BASE + KEV_APIC_TPR, 4));
	kev_machine_destroy(&m);
}

TEST_F(uring, write_of_a_port_completes)
{
	struct io_uring_cqe *cqe = NULL;
	struct kev_machine m;
	uint8_t val = 0x5a;

	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	kev_machine_create(&m, KEV_CHIP_FULL, 1);
	/* The mask of the first 8259. */
	queue_write(&self->ring, m.vcpu[0], &val, 1, KVM_EVENTFD_OFF_PIO + 0x21);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	ASSERT_EQ(0, io_uring_wait_cqe(&self->ring, &cqe));
	EXPECT_EQ(1, cqe->res);
	io_uring_cqe_seen(&self->ring, cqe);
	EXPECT_EQ(0x5a, vcpu_read(m.vcpu[0], KVM_EVENTFD_OFF_PIO + 0x21, 1));
	kev_machine_destroy(&m);
}

TEST_F(uring, vectored_doorbell_completes_inline)
{
	char buf[4] = {};
	struct iovec iov[2] = { { buf, 2 }, { buf + 2, 2 } };

	ioeventfd_assign(self->vm, self->efd, ADDR, 4, 0, 0);
	io_uring_prep_writev(io_uring_get_sqe(&self->ring), self->cpu, iov, 2,
			     ADDR);
	EXPECT_EQ(4, submit_one(_metadata, &self->ring));
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(uring, poll_for_an_interrupt_completes_when_it_comes)
{
	struct io_uring_cqe *cqe = NULL;
	struct kev_machine m;

	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	io_uring_prep_poll_add(io_uring_get_sqe(&self->ring), m.vcpu[0],
			       POLLIN);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(-EAGAIN, io_uring_peek_cqe(&self->ring, &cqe));
	signal_msi(m.vm, KEV_MSI_DEST(0), 0x51);
	ASSERT_EQ(0, io_uring_wait_cqe(&self->ring, &cqe));
	EXPECT_TRUE(cqe->res & POLLIN);
	io_uring_cqe_seen(&self->ring, cqe);
	kev_machine_destroy(&m);
}

TEST_HARNESS_MAIN
