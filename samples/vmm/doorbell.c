// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells: an ioeventfd on a notify register, and the guest's writes to it.
 *
 * netdev.c rings.  A real VMM would relay a write that the module leaves to
 * it; this one only counts it, so that a lost kick cannot pass unseen.
 */
#include <endian.h>
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <unistd.h>

#include "doorbell.h"
#include "uring.h"
#include "util.h"
#include "vcpu.h"
#include "vm.h"

static struct kvm_ioeventfd doorbell_args(const struct doorbell *bell)
{
	struct kvm_ioeventfd args = {
		.addr = bell->gpa,
		.fd = bell->kick,
	};

	if (!bell->any) {
		args.len = sizeof(bell->value);
		args.datamatch = bell->value;
		args.flags = KVM_IOEVENTFD_FLAG_DATAMATCH;
	}

	return args;
}

/**
 * doorbell_create() - Put an ioeventfd behind a register
 * @bell:	With gpa, value, any, vcpu and uring filled.
 * @vm:		The VM.
 */
void doorbell_create(struct doorbell *bell, struct vm *vm)
{
	struct kvm_ioeventfd args;

	bell->kick = eventfd_create();
	args = doorbell_args(bell);
	vm_ioeventfd(vm, &args, true);
}

/**
 * doorbell_destroy() - Take the ioeventfd off and close its eventfd
 * @bell:	From doorbell_create().
 * @vm:		The VM.
 */
void doorbell_destroy(struct doorbell *bell, struct vm *vm)
{
	struct kvm_ioeventfd args = doorbell_args(bell);

	vm_ioeventfd(vm, &args, false);
	close(bell->kick);
}

static int doorbell_write(struct doorbell *bell, const void *data,
			  unsigned int len)
{
	if (bell->uring)
		return uring_write_mmio(bell->uring, bell->gpa, data, len);

	return vcpu_write_mmio(bell->vcpu, bell->gpa, data, len);
}

/**
 * doorbell_check_mismatch() - See that not just any write is taken
 * @bell:	A doorbell that matches its value alone.
 *
 * Without this, a module that swallowed every write would look right.
 */
void doorbell_check_mismatch(struct doorbell *bell)
{
	uint16_t other = htole16(bell->value + 1);
	int ret;

	ret = doorbell_write(bell, &other, sizeof(other));
	if (ret == -EOPNOTSUPP)
		return;

	die("the module must leave a doorbell with other data to user space, and answered: %s",
	    ret ? strerror(-ret) : "taken");
}

/**
 * doorbell_ring() - The guest writes the register
 * @bell:	Which.
 *
 * Where the address alone matches, every second write carries no data, as an
 * exit does of which only the address is known.
 *
 * Return: whether the module took it.
 */
bool doorbell_ring(struct doorbell *bell)
{
	bool address_only = bell->any && bell->rung % 2;
	uint16_t value = htole16(bell->value);
	int ret;

	ret = doorbell_write(bell, &value, address_only ? 0 : sizeof(value));
	if (ret && ret != -EOPNOTSUPP)
		die("cannot write a doorbell: %s", strerror(-ret));

	bell->rung++;
	bell->address_only += address_only;
	if (ret)
		bell->refused++;
	else
		bell->taken++;

	return !ret;
}
