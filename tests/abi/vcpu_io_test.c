// SPDX-License-Identifier: GPL-2.0
/*
 * pread() and pwrite() of a vCPU fd: the guest's accesses.  Which offset and
 * length is an access at all, and that a call which is none touches nothing.
 */
#include <sys/uio.h>

#include "kev_harness.h"

#define MMIO		KVM_EVENTFD_OFF_MMIO
#define PIO		KVM_EVENTFD_OFF_PIO
#define CCW		KVM_EVENTFD_OFF_CCW
#define GPA_END		(1ull << KVM_EVENTFD_GPA_BITS)
#define ADDR		0x1000

/* Offsets and lengths where no device is. */

FIXTURE(access) {
	struct kev_machine m;
	int cpu;
	char buf[8192];
};

FIXTURE_VARIANT(access) {
	uint64_t off;
	size_t len;
	int want;
	bool read_differs;
	int want_read;
};

FIXTURE_SETUP(access)
{
	KEV_REQUIRE_VCPU_IO();
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	self->cpu = self->m.vcpu[0];
}

FIXTURE_TEARDOWN(access)
{
	kev_machine_destroy(&self->m);
}

#define VARIANT(name)	FIXTURE_VARIANT_ADD(access, name)
#define ACCESS(offset, length, error)					\
	.off = (offset), .len = (length), .want = (error)

VARIANT(mmio_of_1) {
	ACCESS(MMIO + ADDR, 1, EOPNOTSUPP),
};

VARIANT(mmio_of_2) {
	ACCESS(MMIO + ADDR, 2, EOPNOTSUPP),
};

VARIANT(mmio_of_3) {
	ACCESS(MMIO + ADDR, 3, EOPNOTSUPP),
};

VARIANT(mmio_of_4) {
	ACCESS(MMIO + ADDR, 4, EOPNOTSUPP),
};

VARIANT(mmio_of_5) {
	ACCESS(MMIO + ADDR, 5, EOPNOTSUPP),
};

VARIANT(mmio_of_6) {
	ACCESS(MMIO + ADDR, 6, EOPNOTSUPP),
};

VARIANT(mmio_of_7) {
	ACCESS(MMIO + ADDR, 7, EOPNOTSUPP),
};

VARIANT(mmio_of_8) {
	ACCESS(MMIO + ADDR, 8, EOPNOTSUPP),
};

VARIANT(mmio_of_9) {
	ACCESS(MMIO + ADDR, 9, EINVAL),
};

VARIANT(mmio_of_16) {
	ACCESS(MMIO + ADDR, 16, EINVAL),
};

VARIANT(mmio_of_a_page) {
	ACCESS(MMIO + ADDR, 4096, EINVAL),
};

VARIANT(mmio_of_0_is_written_but_not_read) {
	ACCESS(MMIO + ADDR, 0, EOPNOTSUPP), .read_differs = true,
	.want_read = EINVAL,
};

VARIANT(mmio_at_0) {
	ACCESS(MMIO, 4, EOPNOTSUPP),
};

VARIANT(mmio_up_to_the_end) {
	ACCESS(GPA_END - 8, 8, EOPNOTSUPP),
};

VARIANT(mmio_last_byte) {
	ACCESS(GPA_END - 1, 1, EOPNOTSUPP),
};

VARIANT(mmio_last_byte_of_0) {
	ACCESS(GPA_END - 1, 0, EOPNOTSUPP), .read_differs = true,
	.want_read = EINVAL,
};

VARIANT(mmio_over_the_end_by_1) {
	ACCESS(GPA_END - 1, 2, EINVAL),
};

VARIANT(mmio_over_the_end_by_4) {
	ACCESS(GPA_END - 4, 8, EINVAL),
};

VARIANT(mmio_past_the_end) {
	ACCESS(GPA_END, 1, EINVAL),
};

VARIANT(mmio_past_the_end_of_0) {
	ACCESS(GPA_END, 0, EINVAL),
};

VARIANT(offset_between_mmio_and_pio) {
	ACCESS(1ull << 59, 4, EINVAL),
};

VARIANT(pio_of_0) {
	ACCESS(PIO + ADDR, 0, EINVAL),
};

VARIANT(pio_of_1) {
	ACCESS(PIO + ADDR, 1, EOPNOTSUPP),
};

VARIANT(pio_of_2) {
	ACCESS(PIO + ADDR, 2, EOPNOTSUPP),
};

VARIANT(pio_of_3) {
	ACCESS(PIO + ADDR, 3, EINVAL),
};

VARIANT(pio_of_4) {
	ACCESS(PIO + ADDR, 4, EOPNOTSUPP),
};

VARIANT(pio_of_5) {
	ACCESS(PIO + ADDR, 5, EINVAL),
};

VARIANT(pio_of_8) {
	ACCESS(PIO + ADDR, 8, EINVAL),
};

VARIANT(pio_of_a_page) {
	ACCESS(PIO + ADDR, 4096, EINVAL),
};

VARIANT(pio_at_0) {
	ACCESS(PIO, 1, EOPNOTSUPP),
};

VARIANT(pio_last_port) {
	ACCESS(PIO + 0xffff, 1, EOPNOTSUPP),
};

VARIANT(pio_last_four_ports) {
	ACCESS(PIO + 0xfffc, 4, EOPNOTSUPP),
};

VARIANT(pio_over_the_end_by_1) {
	ACCESS(PIO + 0xffff, 2, EINVAL),
};

VARIANT(pio_over_the_end_by_3) {
	ACCESS(PIO + 0xffff, 4, EINVAL),
};

VARIANT(pio_past_the_end) {
	ACCESS(PIO + 0x10000, 1, EINVAL),
};

VARIANT(pio_far_past_the_end) {
	ACCESS(PIO + (1ull << 52), 1, EINVAL),
};

VARIANT(ccw_of_0) {
	ACCESS(CCW + ADDR, 0, EINVAL),
};

VARIANT(ccw_of_1) {
	ACCESS(CCW + ADDR, 1, EOPNOTSUPP),
};

VARIANT(ccw_of_3) {
	ACCESS(CCW + ADDR, 3, EOPNOTSUPP),
};

VARIANT(ccw_of_8) {
	ACCESS(CCW + ADDR, 8, EOPNOTSUPP),
};

VARIANT(ccw_of_9) {
	ACCESS(CCW + ADDR, 9, EINVAL),
};

VARIANT(ccw_last_id) {
	ACCESS(CCW + 0xffffffff, 8, EOPNOTSUPP),
};

VARIANT(ccw_past_the_end) {
	ACCESS(CCW + (1ull << 32), 1, EINVAL),
};

VARIANT(pio_and_ccw_at_once) {
	ACCESS(PIO + CCW, 1, EINVAL),
};

VARIANT(bit_62) {
	ACCESS(1ull << 62, 1, EINVAL),
};

VARIANT(bit_62_and_pio) {
	ACCESS((1ull << 62) + PIO, 1, EINVAL),
};

VARIANT(largest_offset) {
	ACCESS((1ull << 63) - 1, 1, EINVAL),
};

VARIANT(negative_offset) {
	ACCESS(~0ull, 1, EINVAL),
};

TEST_F(access, write_returns_its_errno)
{
	EXPECT_ERRNO(variant->want, pwrite(self->cpu, self->buf, variant->len,
					   variant->off));
}

TEST_F(access, read_returns_its_errno)
{
	int want = variant->read_differs ? variant->want_read : variant->want;

	EXPECT_ERRNO(want, pread(self->cpu, self->buf, variant->len,
				 variant->off));
}

/* A device at every address of these tests, which counts what it took. */

FIXTURE(device) {
	struct kev_machine m;
	int vm;
	int cpu;
	int efd;
};

FIXTURE_VARIANT(device) {
	uint64_t off;
	uint32_t flags;
	unsigned int len;
};

FIXTURE_VARIANT_ADD(device, mmio) {
	.off = MMIO,
	.len = 8,
};

FIXTURE_VARIANT_ADD(device, pio) {
	.off = PIO,
	.flags = KVM_IOEVENTFD_FLAG_PIO,
	.len = 4,
};

FIXTURE_VARIANT_ADD(device, ccw) {
	.off = CCW,
	.flags = KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
	.len = 8,
};

FIXTURE_SETUP(device)
{
	KEV_REQUIRE_VCPU_IO();
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->efd = kev_eventfd(0);
	ioeventfd_assign(self->vm, self->efd, ADDR, 0, variant->flags, 0);
}

FIXTURE_TEARDOWN(device)
{
	close(self->efd);
	kev_machine_destroy(&self->m);
}

TEST_F(device, write_returns_its_length)
{
	EXPECT_EQ((ssize_t)variant->len,
		  __vcpu_write(self->cpu, variant->off + ADDR, 0,
			       variant->len));
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(device, write_of_a_bad_length_touches_nothing)
{
	static const size_t bad[] = { 9, 10, 16, 64, 4096 };
	char buf[4096] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_ERRNO(EINVAL, pwrite(self->cpu, buf, bad[i],
					    variant->off + ADDR));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(device, write_from_bad_pointer_is_EFAULT_and_touches_nothing)
{
	EXPECT_ERRNO(EFAULT, pwrite(self->cpu, KEV_BAD_PTR(void), variant->len,
				    variant->off + ADDR));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(device, write_that_faults_midway_is_EFAULT_and_touches_nothing)
{
	unsigned int len;
	char *buf;

	for (len = 1; len < variant->len; len++) {
		buf = kev_alloc_at_page_end(len);
		EXPECT_ERRNO(EFAULT, pwrite(self->cpu, buf, variant->len,
					    variant->off + ADDR));
		kev_free_page(buf);
	}
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(device, bad_length_is_found_before_a_bad_pointer)
{
	EXPECT_ERRNO(EINVAL, pwrite(self->cpu, KEV_BAD_PTR(void), 9,
				    variant->off + ADDR));
	EXPECT_ERRNO(EINVAL, pread(self->cpu, KEV_BAD_PTR(void), 9,
				   variant->off + ADDR));
}

TEST_F(device, bad_offset_is_found_before_a_bad_pointer)
{
	EXPECT_ERRNO(EINVAL, pwrite(self->cpu, KEV_BAD_PTR(void), 1,
				    variant->off + GPA_END));
	EXPECT_ERRNO(EINVAL, pread(self->cpu, KEV_BAD_PTR(void), 1,
				   variant->off + GPA_END));
}

TEST_F(device, bad_pointer_is_found_before_nobody_being_there)
{
	EXPECT_ERRNO(EFAULT, pwrite(self->cpu, KEV_BAD_PTR(void), 1,
				    variant->off + 2 * ADDR));
	EXPECT_ERRNO(EFAULT, pread(self->cpu, KEV_BAD_PTR(void), 1,
				   variant->off + 2 * ADDR));
}

TEST_F(device, read_is_EOPNOTSUPP_and_touches_nothing)
{
	uint64_t val;

	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(self->cpu, variant->off + ADDR,
					     &val, variant->len));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(device, read_into_read_only_memory_is_EFAULT)
{
	char *ro = kev_alloc_readonly("", 1);

	EXPECT_ERRNO(EFAULT, pread(self->cpu, ro, variant->len,
				   variant->off + ADDR));
	kev_free_page(ro);
}

/* The address is the offset: a call that brings none has no address. */
TEST_F(device, read_and_write_without_an_offset_are_EINVAL)
{
	uint32_t val = 0;

	EXPECT_ERRNO(EINVAL, write(self->cpu, &val, sizeof(val)));
	EXPECT_ERRNO(EINVAL, read(self->cpu, &val, sizeof(val)));
	EXPECT_ERRNO(EINVAL, write(self->cpu, &val, 0));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(device, vectors_are_one_access_of_their_sum)
{
	char buf[4] = {};
	struct iovec iov[2] = { { buf, 1 }, { buf + 1, 3 } };

	EXPECT_EQ(4, pwritev(self->cpu, iov, 2, variant->off + ADDR));
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(device, vectors_of_a_bad_sum_are_EINVAL)
{
	char buf[16] = {};
	struct iovec iov[2] = { { buf, 8 }, { buf + 8, 8 } };

	EXPECT_ERRNO(EINVAL, pwritev(self->cpu, iov, 2, variant->off + ADDR));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(device, second_vector_that_faults_is_EFAULT_and_touches_nothing)
{
	char buf[2] = {};
	struct iovec iov[2] = { { buf, 2 }, { KEV_BAD_PTR(void), 2 } };

	EXPECT_ERRNO(EFAULT, pwritev(self->cpu, iov, 2, variant->off + ADDR));
	EXPECT_EQ(0, kev_count(self->efd));
}

TEST_F(device, write_that_may_not_block_is_taken)
{
	char buf[4] = {};
	struct iovec iov = { buf, 4 };

	EXPECT_EQ(4, pwritev2(self->cpu, &iov, 1, variant->off + ADDR,
			      RWF_NOWAIT));
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(device, data_is_little_endian)
{
	static const unsigned char bytes[4] = { 0x78, 0x56, 0x34, 0x12 };
	int fd = kev_eventfd(0);

	ioeventfd_assign(self->vm, fd, 2 * ADDR, 4,
			 variant->flags | KVM_IOEVENTFD_FLAG_DATAMATCH,
			 0x12345678);
	EXPECT_EQ(4, pwrite(self->cpu, bytes, 4, variant->off + 2 * ADDR));
	EXPECT_EQ(1, kev_count(fd));
	close(fd);
}

/* The bus where only the address is known. */

FIXTURE(no_length) {
	struct kev_machine m;
	int cpu;
	int efd;
};

FIXTURE_SETUP(no_length)
{
	KEV_REQUIRE_VCPU_IO();
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	self->cpu = self->m.vcpu[0];
	self->efd = kev_eventfd(0);
	ioeventfd_assign(self->m.vm, self->efd, ADDR, 0, 0, 0);
}

FIXTURE_TEARDOWN(no_length)
{
	close(self->efd);
	kev_machine_destroy(&self->m);
}

TEST_F(no_length, write_returns_0_when_taken)
{
	EXPECT_EQ(0, pwrite(self->cpu, "", 0, ADDR));
	EXPECT_EQ(1, kev_count(self->efd));
}

TEST_F(no_length, its_pointer_is_not_looked_at)
{
	EXPECT_EQ(0, pwrite(self->cpu, NULL, 0, ADDR));
	EXPECT_EQ(0, pwrite(self->cpu, KEV_BAD_PTR(void), 0, ADDR));
	EXPECT_EQ(2, kev_count(self->efd));
}

TEST_F(no_length, read_is_EINVAL_and_touches_nothing)
{
	char c;

	EXPECT_ERRNO(EINVAL, pread(self->cpu, &c, 0, ADDR));
	EXPECT_EQ(0, kev_count(self->efd));
}

/* The chips' registers answer. */

FIXTURE(chips) {
	struct kev_machine m;
	int cpu;
};

FIXTURE_SETUP(chips)
{
	KEV_REQUIRE_VCPU_IO();
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	kev_machine_create(&self->m, KEV_CHIP_FULL, 1);
	self->cpu = self->m.vcpu[0];
}

FIXTURE_TEARDOWN(chips)
{
	kev_machine_destroy(&self->m);
}

TEST_F(chips, lapic_answers_on_its_page)
{
	EXPECT_EQ(lapic_read_reg(self->cpu, KEV_APIC_LVR),
		  vcpu_read(self->cpu, KEV_APIC_BASE + KEV_APIC_LVR, 4));
}

TEST_F(chips, ioapic_answers_through_its_window)
{
	vcpu_write(self->cpu, 0xfec00000, 1, 4);
	EXPECT_EQ(0x170011, vcpu_read(self->cpu, 0xfec00010, 4));
}

TEST_F(chips, ioapic_entry_written_by_the_guest_is_seen_by_get_irqchip)
{
	vcpu_write(self->cpu, 0xfec00000, 0x10 + 2 * 7, 4);
	vcpu_write(self->cpu, 0xfec00010, 0x10077, 4);
	vcpu_write(self->cpu, 0xfec00000, 0x11 + 2 * 7, 4);
	vcpu_write(self->cpu, 0xfec00010, 0x03000000, 4);
	EXPECT_EQ(0x0300000000010077, ioapic_get_rte(self->m.vm, 7));
}

TEST_F(chips, pic_mask_is_written_and_read)
{
	vcpu_write(self->cpu, PIO + 0x21, 0xa5, 1);
	vcpu_write(self->cpu, PIO + 0xa1, 0x5a, 1);
	EXPECT_EQ(0xa5, vcpu_read(self->cpu, PIO + 0x21, 1));
	EXPECT_EQ(0x5a, vcpu_read(self->cpu, PIO + 0xa1, 1));
}

TEST_F(chips, elcr_keeps_the_lines_that_are_always_edge)
{
	vcpu_write(self->cpu, PIO + 0x4d0, 0xff, 1);
	vcpu_write(self->cpu, PIO + 0x4d1, 0xff, 1);
	EXPECT_EQ(0xf8, vcpu_read(self->cpu, PIO + 0x4d0, 1));
	EXPECT_EQ(0xde, vcpu_read(self->cpu, PIO + 0x4d1, 1));
}

/* A chip may make its caller wait, so one that must not is told to come again. */
TEST_F(chips, access_that_may_not_block_is_EAGAIN_and_touches_nothing)
{
	static const uint64_t regs[] = {
		KEV_APIC_BASE + KEV_APIC_TPR, 0xfec00000, PIO + 0x21,
	};
	uint32_t val = 0x5a;
	struct iovec iov = { &val, 0 };
	unsigned int len;
	uint64_t before;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		len = regs[i] & PIO ? 1 : 4;
		iov.iov_len = len;
		before = vcpu_read(self->cpu, regs[i], len);
		EXPECT_ERRNO(EAGAIN, pwritev2(self->cpu, &iov, 1, regs[i],
					      RWF_NOWAIT));
		EXPECT_EQ(before, vcpu_read(self->cpu, regs[i], len));
		EXPECT_ERRNO(EAGAIN, preadv2(self->cpu, &iov, 1, regs[i],
					     RWF_NOWAIT));
		EXPECT_EQ(len, (unsigned int)pwritev2(self->cpu, &iov, 1,
						      regs[i], 0));
	}
}

/* An MSR, where the vCPU has any. */
TEST_F(chips, msr_access_that_may_not_block_is_EAGAIN)
{
	uint64_t val = 0;
	struct iovec iov = { &val, 8 };
	uint64_t off = KVM_EVENTFD_OFF_MSR + 0x1b;

	EXPECT_ERRNO(EAGAIN, pwritev2(self->cpu, &iov, 1, off, RWF_NOWAIT));
	EXPECT_ERRNO(EAGAIN, preadv2(self->cpu, &iov, 1, off, RWF_NOWAIT));
	EXPECT_EQ(8, preadv2(self->cpu, &iov, 1, off, 0));
}

/* Between the ports of chips a doorbell waits for none of them. */
TEST_F(chips, doorbell_between_ports_that_may_not_block_is_taken)
{
	char buf[2] = {};
	struct iovec iov = { buf, 2 };
	int fd = kev_eventfd(0);

	ioeventfd_assign(self->m.vm, fd, 0x100, 2, KVM_IOEVENTFD_FLAG_PIO, 0);
	EXPECT_EQ(2, pwritev2(self->cpu, &iov, 1, PIO + 0x100, RWF_NOWAIT));
	EXPECT_EQ(1, kev_count(fd));
	EXPECT_ERRNO(ENXIO, pwritev2(self->cpu, &iov, 1, PIO + 0x102,
				     RWF_NOWAIT));
	close(fd);
}

/* Polling an 8259 takes the interrupt: nobody may lose it to a bad buffer. */
TEST_F(chips, read_that_faults_does_not_take_from_a_register)
{
	static const unsigned char init[] = { 0x20, 0x04, 0x01, 0x00 };
	char *ro = kev_alloc_readonly("", 1);
	size_t i;

	vcpu_write(self->cpu, PIO + 0x20, 0x11, 1);
	for (i = 0; i < ARRAY_SIZE(init); i++)
		vcpu_write(self->cpu, PIO + 0x21, init[i], 1);
	irq_line(self->m.vm, 3, 1);
	vcpu_write(self->cpu, PIO + 0x20, 0x0c, 1);
	EXPECT_ERRNO(EFAULT, pread(self->cpu, ro, 1, PIO + 0x20));
	EXPECT_EQ(0x83, vcpu_read(self->cpu, PIO + 0x20, 1));
	kev_free_page(ro);
}

TEST_F(chips, a_write_that_faults_does_not_reach_a_register)
{
	vcpu_write(self->cpu, PIO + 0x21, 0x11, 1);
	EXPECT_ERRNO(EFAULT, pwrite(self->cpu, KEV_BAD_PTR(void), 1,
				    PIO + 0x21));
	EXPECT_EQ(0x11, vcpu_read(self->cpu, PIO + 0x21, 1));
}

TEST_F(chips, split_vm_has_no_pic_and_no_ioapic)
{
	struct kev_machine m;
	uint64_t val;

	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(m.vcpu[0], PIO + 0x21, &val, 1));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(m.vcpu[0], 0xfec00000, &val, 4));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(m.vcpu[0], PIO + 0x4d0, 0, 1));
	kev_machine_destroy(&m);
}

TEST_HARNESS_MAIN
