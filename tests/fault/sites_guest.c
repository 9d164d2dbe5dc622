// SPDX-License-Identifier: GPL-2.0
/* The guest's accesses: pread, pwrite, their vectored forms, io_uring. */
#include <liburing.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fault.h"

#define IOAPIC_ADDR	0xfec00000ull

static long doorbell(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], MMIO_ADDR, 1, 4);
}

static long doorbell_fast(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], MMIO_ADDR, 0, 0);
}

static long doorbell_pio(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], KVM_EVENTFD_OFF_PIO + PIO_ADDR, 1,
			    2);
}

static long doorbell_ccw(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], KVM_EVENTFD_OFF_CCW + CCW_ADDR, 1,
			    8);
}

static long doorbell_vectored(struct env *env)
{
	uint32_t value = 1;
	struct iovec iov = { &value, sizeof(value) };

	return pwritev(env->m.vcpu[0], &iov, 1, MMIO_ADDR);
}

static struct io_uring ring;
static bool has_ring;

static void have_ioeventfds(struct env *env)
{
	ioeventfd_assign(env->m.vm, env->efd[0], MMIO_ADDR, 0, 0, 0);
	ioeventfd_assign(env->m.vm, env->efd[1], PIO_ADDR, 2,
			 KVM_IOEVENTFD_FLAG_PIO, 0);
	ioeventfd_assign(env->m.vm, env->efd[2], CCW_ADDR, 8,
			 KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY, 0);
}

static void have_zone(struct env *env)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = ZONE_ADDR, .size = 16 };

	kev_ioctl(env->m.vm, KVM_REGISTER_COALESCED_MMIO, &zone);
}

static void have_pio_zone(struct env *env)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr = ZONE_ADDR, .size = 16, .pio = 1
	};

	kev_ioctl(env->m.vm, KVM_REGISTER_COALESCED_MMIO, &zone);
}

static long write_pio_zone(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], KVM_EVENTFD_OFF_PIO + ZONE_ADDR, 1,
			    4);
}

static long write_zone(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], ZONE_ADDR, 1, 4);
}

static long read_chip(struct env *env)
{
	uint64_t value;

	return __vcpu_read(env->m.vcpu[0], IOAPIC_ADDR, &value, 4);
}

static long write_chip(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], IOAPIC_ADDR, 1, 4);
}

static long read_lapic(struct env *env)
{
	uint64_t value;

	return __vcpu_read(env->m.vcpu[0], KEV_APIC_BASE + KEV_APIC_TPR,
			   &value, 4);
}

/* The destination map is made anew with the next message. */
static long write_lapic(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], KEV_APIC_BASE + KEV_APIC_LDR,
			    1u << 24, 4);
}

static long send_ipi(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], KEV_APIC_BASE + KEV_APIC_ICR, 0x51,
			    4);
}

static void move_destination(struct env *env)
{
	write_lapic(env);
}

/* A line that a resampling irqfd raised, and that the CPU took. */
static void take_level(struct env *env)
{
	uint64_t rte = KEV_RTE_LEVEL | 0x51;

	ioapic_set_rte(env->m.vm, 5, rte);
	irqfd_assign_resample(env->m.vm, env->efd[0], 5, env->efd[1]);
	kev_signal(env->efd[0]);
	kev_assert(lapic_wait_irr(env->m.vcpu[0], 0x51), "the line came");
	ack_interrupt(env->m.vcpu[0]);
}

static long end_level(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], KEV_APIC_BASE + KEV_APIC_EOI, 0, 4);
}

static void ring_once(struct env *env)
{
	have_ioeventfds(env);
	if (has_ring)
		return;
	kev_assert(!io_uring_queue_init(8, &ring, 0), "io_uring_queue_init");
	has_ring = true;
}

/* What io_uring has no memory for is its own to say: on submit or after. */
static long ring_result(void)
{
	struct io_uring_cqe *cqe;
	int ret;

	ret = io_uring_submit_and_wait(&ring, 1);
	if (ret >= 0 && !io_uring_peek_cqe(&ring, &cqe)) {
		ret = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
	}
	/* Its request cache is empty: EAGAIN. */
	errno = ret == -EAGAIN ? ENOMEM : -ret;
	return ret;
}

static long doorbell_by_ring(struct env *env)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	static const uint32_t value = 1;

	if (sqe)
		io_uring_prep_write(sqe, env->m.vcpu[0], &value, sizeof(value),
				    MMIO_ADDR);
	return ring_result();
}

static long read_by_ring(struct env *env)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	static uint32_t value;

	if (sqe)
		io_uring_prep_read(sqe, env->m.vcpu[0], &value, sizeof(value),
				   IOAPIC_ADDR);
	return ring_result();
}

/* Writing never blocks, so the poll has its result at once. */
static long poll_by_ring(struct env *env)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (sqe)
		io_uring_prep_poll_add(sqe, env->m.vcpu[0], POLLOUT);
	return ring_result();
}

static const struct site guest_sites[] = {
	{ "pwrite, doorbell on MMIO", KEV_CHIP_FULL, 1, 0, have_ioeventfds,
	  doorbell },
	{ "pwrite of no bytes, doorbell", KEV_CHIP_FULL, 1, 0,
	  have_ioeventfds, doorbell_fast },
	{ "pwrite, doorbell on PIO", KEV_CHIP_FULL, 1, 0, have_ioeventfds,
	  doorbell_pio },
	{ "pwrite, doorbell on CCW", KEV_CHIP_FULL, 1, 0, have_ioeventfds,
	  doorbell_ccw },
	{ "pwritev, doorbell on MMIO", KEV_CHIP_FULL, 1, 0, have_ioeventfds,
	  doorbell_vectored },
	{ "pwrite to a coalesced zone", KEV_CHIP_FULL, 1, 0, have_zone,
	  write_zone },
	{ "pwrite to a coalesced zone of ports", KEV_CHIP_FULL, 1, 0,
	  have_pio_zone, write_pio_zone },
	{ "pread of the IOAPIC", KEV_CHIP_FULL, 1, 0, NULL, read_chip },
	{ "pwrite to the IOAPIC", KEV_CHIP_FULL, 1, 0, NULL, write_chip },
	{ "pread of the LAPIC", KEV_CHIP_FULL, 1, 0, NULL, read_lapic },
	{ "pwrite to the LAPIC", KEV_CHIP_FULL, 2, 0, NULL, write_lapic },
	{ "pwrite of an IPI after a change of destinations", KEV_CHIP_FULL, 2,
	  0, move_destination, send_ipi },
	{ "pwrite of an EOI that resamples", KEV_CHIP_FULL, 1, SITE_ASYNC,
	  take_level, end_level },
	{ "io_uring, doorbell on MMIO", KEV_CHIP_FULL, 1, 0, ring_once,
	  doorbell_by_ring },
	{ "io_uring, read of the IOAPIC", KEV_CHIP_FULL, 1, 0, ring_once,
	  read_by_ring },
	{ "io_uring, poll of a vCPU", KEV_CHIP_FULL, 1, 0, ring_once,
	  poll_by_ring },
};

FAULT_SITES(guest_sites);
