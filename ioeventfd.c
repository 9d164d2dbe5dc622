// SPDX-License-Identifier: GPL-2.0
/*
 * ioeventfd: eventfds that a guest's write signals.
 *
 * This checks what the user asks for; iobus.c holds the ioeventfds and finds
 * them.
 */
#include <linux/eventfd.h>
#include <linux/kvm_eventfd.h>
#include <linux/slab.h>

#include <kev/batch.h>
#include <kev/iobus.h>
#include <kev/uaccess.h>
#include <kev/vm.h>

static int ioeventfd_check(const struct kvm_ioeventfd *args)
{
	switch (args->len) {
	case 0:
	case 1:
	case 2:
	case 4:
	case 8:
		break;
	default:
		return -EINVAL;
	}
	if (args->addr + args->len < args->addr)
		return -EINVAL;
	if (args->flags & ~KVM_IOEVENTFD_VALID_FLAG_MASK)
		return -EINVAL;
	if (!args->len && (args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH))
		return -EINVAL;
	return 0;
}

static enum kev_bus ioeventfd_bus(u32 flags)
{
	if (flags & KVM_IOEVENTFD_FLAG_PIO)
		return KEV_BUS_PIO;
	if (flags & KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY)
		return KEV_BUS_CCW;
	return KEV_BUS_MMIO;
}

/* False: no ioeventfd can have such a key (deassign checks no argument). */
static bool ioeventfd_key(const struct kvm_ioeventfd *args,
			  struct kev_io_key *key)
{
	*key = (struct kev_io_key){
		.addr = args->addr,
		.bus = ioeventfd_bus(args->flags),
		.len = args->len,
	};

	if (args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH) {
		key->match = KEV_MATCH_DATA;
		key->data = args->datamatch;
	} else {
		key->match = args->len ? KEV_MATCH_LEN : KEV_MATCH_ANY;
	}
	return args->len <= 8;
}

static int ioeventfd_assign(struct kev_vm *vm, const struct kvm_ioeventfd *args)
{
	struct kev_ioeventfd *ioeventfd;
	struct eventfd_ctx *ctx;
	int ret;

	BUILD_BUG_ON(KEV_PLAIN_LOCKS && sizeof(struct kev_ioeventfd) > 64);

	ret = ioeventfd_check(args);
	if (ret)
		return ret;

	ctx = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	ioeventfd = kzalloc(sizeof(*ioeventfd), GFP_KERNEL_ACCOUNT);
	if (!ioeventfd) {
		ret = -ENOMEM;
		goto put;
	}
	ioeventfd_key(args, &ioeventfd->slot.key);
	spin_lock_init(&ioeventfd->lock);
	ioeventfd->eventfd = ctx;

	ret = kev_bus_add_ioeventfd(vm, ioeventfd);
	if (ret)
		goto free;
	return 0;

free:
	kfree(ioeventfd);
put:
	eventfd_ctx_put(ctx);
	return ret;
}

static int ioeventfd_deassign(struct kev_vm *vm,
			      const struct kvm_ioeventfd *args)
{
	struct eventfd_ctx *ctx;
	struct kev_io_key key;
	int ret = -ENOENT;

	ctx = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	if (ioeventfd_key(args, &key))
		ret = kev_bus_del_ioeventfd(vm, &key, ctx);
	eventfd_ctx_put(ctx);
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
 *	   -ENOENT: deassign found none; -ENOMEM.
 */
int kev_ioeventfd(struct kev_vm *vm, const struct kvm_ioeventfd *args)
{
	if (args->flags & KVM_IOEVENTFD_FLAG_DEASSIGN)
		return ioeventfd_deassign(vm, args);
	return ioeventfd_assign(vm, args);
}
EXPORT_SYMBOL_GPL(kev_ioeventfd);

/**
 * kev_ioeventfd_batch - KVM_EVENTFD_IOEVENTFDS
 * @vm:		The VM.
 * @entries:	@nr of them, each for kev_ioeventfd().
 * @nr:		Any number.
 *
 * Context: Process context.
 * Return: How many were done before one failed; its errno when that is the
 *	   first; -EFAULT; -EINTR on a fatal signal.
 */
int kev_ioeventfd_batch(struct kev_vm *vm,
			const struct kvm_ioeventfd __user *entries,
			unsigned int nr)
{
	struct kvm_ioeventfd args;
	unsigned int done;
	int ret = 0;

	for (done = 0; done < nr; done++) {
		if (kev_copy_words((u64 *)&args,
				   (const u64 __user *)&entries[done],
				   sizeof(args) / sizeof(u64)))
			ret = kev_ioeventfd(vm, &args);
		else
			ret = -EFAULT;
		if (!ret)
			ret = kev_batch_pause();
		if (ret)
			break;
	}
	return done ? done : ret;
}
EXPORT_SYMBOL_GPL(kev_ioeventfd_batch);
