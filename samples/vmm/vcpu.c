// SPDX-License-Identifier: GPL-2.0
/*
 * The vCPU.  Under KVM the hardware writes doorbells, takes interrupts and
 * ends them; here this program does, by the calls of <linux/kvm_eventfd.h>.
 *
 * doorbell.c writes, irq.c takes and ends.
 */
#include <endian.h>
#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "util.h"
#include "vcpu.h"
#include "vm.h"

/* Where a local APIC is after reset, and the registers used here. */
#define LAPIC_BASE	0xfee00000ULL
#define LAPIC_EOI	0xb0
#define LAPIC_SPIV	0xf0

/* Software-enabled, spurious vector 0xff. */
#define LAPIC_SPIV_ON	0x1ff

static void vcpu_map(struct vcpu *vcpu, struct vm *vm)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int size;

	size = checked_ioctl(vm->node, KVM_GET_VCPU_MMAP_SIZE, NULL,
			     "ask for the size of a vCPU's mapping");
	if ((size_t)size < (KVM_EVENTFD_PAGE_STATE + 1) * page)
		die("a vCPU's mapping has only %d bytes: load a matching module",
		    size);

	vcpu->map_size = size;
	vcpu->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vcpu->fd, 0);
	if (vcpu->map == MAP_FAILED)
		die("cannot map the vCPU: %s", strerror(errno));

	vcpu->state = (void *)((char *)vcpu->map +
			       KVM_EVENTFD_PAGE_STATE * page);
}

/* What firmware does first: the local APIC starts software-disabled. */
static void vcpu_enable_lapic(struct vcpu *vcpu)
{
	uint32_t spiv = htole32(LAPIC_SPIV_ON);
	struct kvm_lapic_state lapic;

	checked_ioctl(vcpu->fd, KVM_GET_LAPIC, &lapic, "read the local APIC");
	memcpy(lapic.regs + LAPIC_SPIV, &spiv, sizeof(spiv));
	checked_ioctl(vcpu->fd, KVM_SET_LAPIC, &lapic,
		      "enable the local APIC");
}

/**
 * vcpu_create() - Create a vCPU that accepts interrupts
 * @vcpu:	To fill.
 * @vm:		Its VM.
 * @id:		Its number, which is also its local APIC's id.
 */
void vcpu_create(struct vcpu *vcpu, struct vm *vm, unsigned long id)
{
	vcpu->fd = checked_ioctl(vm->fd, KVM_CREATE_VCPU, (void *)id,
				 "create a vCPU");
	vcpu_map(vcpu, vm);
	vcpu_enable_lapic(vcpu);
}

/**
 * vcpu_destroy() - Unmap and close a vCPU
 * @vcpu:	From vcpu_create().
 */
void vcpu_destroy(struct vcpu *vcpu)
{
	munmap(vcpu->map, vcpu->map_size);
	close(vcpu->fd);
}

/**
 * vcpu_write_mmio() - The guest writes
 * @vcpu:	Who.
 * @gpa:	Where.
 * @data:	What, little-endian.
 * @len:	Bytes; 0 when only the address is known.
 *
 * Return: 0 when the kernel took it, -EOPNOTSUPP when it is left to this
 * program, or another negative errno.
 */
int vcpu_write_mmio(struct vcpu *vcpu, uint64_t gpa, const void *data,
		    size_t len)
{
	ssize_t ret = pwrite(vcpu->fd, data, len, KVM_EVENTFD_OFF_MMIO + gpa);

	if (ret < 0)
		return -errno;

	return (size_t)ret == len ? 0 : -EIO;
}

/**
 * vcpu_wait() - Sleep until an interrupt can be taken
 * @vcpu:	Whose.
 * @timeout_ns:	At most this long.
 *
 * Return: true when one can, false when the time is over or a signal came.
 */
bool vcpu_wait(struct vcpu *vcpu, uint64_t timeout_ns)
{
	struct pollfd pfd = { .fd = vcpu->fd, .events = POLLIN };
	struct timespec ts = {
		.tv_sec = timeout_ns / NSEC_PER_SEC,
		.tv_nsec = timeout_ns % NSEC_PER_SEC,
	};
	int ret = ppoll(&pfd, 1, &ts, NULL);

	if (ret < 0 && errno != EINTR)
		die("cannot poll the vCPU: %s", strerror(errno));
	if (ret > 0 && !(pfd.revents & POLLIN))
		die("poll of the vCPU reports %#x and no interrupt",
		    (unsigned int)pfd.revents);

	return ret > 0;
}

/**
 * vcpu_ack() - Take the next interrupt
 * @vcpu:	Who.
 * @intr:	What was taken.
 *
 * Return: false when there is none to take.
 */
bool vcpu_ack(struct vcpu *vcpu, struct kvm_eventfd_interrupt *intr)
{
	if (!ioctl(vcpu->fd, KVM_EVENTFD_ACK_INTERRUPT, intr))
		return true;
	if (errno != EAGAIN)
		die("cannot take an interrupt: %s", strerror(errno));

	return false;
}

/**
 * vcpu_eoi() - End the interrupt in service
 * @vcpu:	Whose.
 */
void vcpu_eoi(struct vcpu *vcpu)
{
	uint32_t zero = 0;
	int ret;

	ret = vcpu_write_mmio(vcpu, LAPIC_BASE + LAPIC_EOI, &zero,
			      sizeof(zero));
	if (ret)
		die("the local APIC did not take the end of an interrupt: %s",
		    strerror(-ret));
}
