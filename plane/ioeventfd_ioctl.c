// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_IOEVENTFD, and many of them in one call: what the user asks for becomes a
 * key and an eventfd.  ioeventfd.c has the ioeventfds.
 */
#include <linux/eventfd.h>
#include <linux/kvm_eventfd.h>
#include <linux/log2.h>
#include <linux/overflow.h>

#include <kev/base/batch.h>
#include <kev/plane/ioeventfd.h>
#include <kev/plane/vm.h>

static bool ioeventfd_len_valid(u32 len)
{
	return !len || (len <= 8 && is_power_of_2(len));
}

static bool ioeventfd_args_valid(const struct kvm_ioeventfd *args)
{
	bool datamatch = args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH;
	u64 end;

	return ioeventfd_len_valid(args->len) &&
	       !check_add_overflow(args->addr, (u64)args->len, &end) &&
	       !(args->flags & ~KVM_IOEVENTFD_VALID_FLAG_MASK) &&
	       (args->len || !datamatch);
}

static enum kev_bus ioeventfd_bus(u32 flags)
{
	if (flags & KVM_IOEVENTFD_FLAG_PIO)
		return KEV_BUS_PIO;
	if (flags & KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY)
		return KEV_BUS_CCW;
	return KEV_BUS_MMIO;
}

static struct kev_io_key ioeventfd_key(const struct kvm_ioeventfd *args)
{
	bool datamatch = args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH;

	return (struct kev_io_key){
		.addr = args->addr,
		.data = datamatch ? args->datamatch : 0,
		.len = args->len,
		.bus = ioeventfd_bus(args->flags),
		.any_data = !datamatch,
	};
}

static int ioeventfd_assign(struct kev_vm *vm, const struct kvm_ioeventfd *args)
{
	struct kev_io_key key = ioeventfd_key(args);
	struct eventfd_ctx *eventfd;
	int ret;

	if (!ioeventfd_args_valid(args))
		return -EINVAL;

	eventfd = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);

	ret = kev_ioeventfds_assign(&vm->ioeventfds, &key, eventfd);
	if (ret)
		eventfd_ctx_put(eventfd);
	return ret;
}

/* No check but for the eventfd, as in KVM: what cannot be there is not found. */
static int ioeventfd_deassign(struct kev_vm *vm,
			      const struct kvm_ioeventfd *args)
{
	struct kev_io_key key = ioeventfd_key(args);
	struct eventfd_ctx *eventfd;
	int ret;

	eventfd = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);

	ret = kev_ioeventfds_deassign(&vm->ioeventfds, &key, eventfd);
	eventfd_ctx_put(eventfd);
	return ret;
}

/**
 * kev_ioeventfd - KVM_IOEVENTFD
 * @vm:		The VM.
 * @args:	As the user gave them.
 *
 * Assign makes a guest's write to an address signal an eventfd: every write
 * that starts after it returned.  When deassign returns, none does any more.
 * One of length 0 on MMIO is also found by kev_bus_write_fast().
 *
 * Context: Process context.
 * Return: 0; -EINVAL: length, address that wraps, unknown flag, length 0 with
 *	   datamatch, not an eventfd; -EBADF; -EEXIST: collides with another;
 *	   -ENOSPC: too many ioeventfds, or devices on the bus; -ENOENT: deassign
 *	   found none; -ENOMEM.
 */
int kev_ioeventfd(struct kev_vm *vm, const struct kvm_ioeventfd *args)
{
	if (args->flags & KVM_IOEVENTFD_FLAG_DEASSIGN)
		return ioeventfd_deassign(vm, args);
	return ioeventfd_assign(vm, args);
}
EXPORT_SYMBOL_GPL(kev_ioeventfd);

static int ioeventfd_one(void *vm, const void *entry)
{
	return kev_ioeventfd(vm, entry);
}

/**
 * kev_ioeventfd_batch - KVM_EVENTFD_IOEVENTFDS
 * @vm:		The VM.
 * @entries:	@nr of them, each for kev_ioeventfd().
 * @nr:		Any number.
 *
 * Context: Process context.
 * Return: As kev_batch_run().
 */
int kev_ioeventfd_batch(struct kev_vm *vm,
			const struct kvm_ioeventfd __user *entries,
			unsigned int nr)
{
	static const struct kev_batch batch = {
		.size = sizeof(*entries),
		.one = ioeventfd_one,
	};

	return kev_batch_run(&batch, vm, entries, nr);
}
EXPORT_SYMBOL_GPL(kev_ioeventfd_batch);
