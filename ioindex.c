// SPDX-License-Identifier: GPL-2.0
/*
 * The index of ioeventfds: one rhashtable for the VMs of the host.
 *
 * A table for each VM would grow with it, and every growth moves all its entries:
 * a third of what an assign costs, as it was measured.  One that is shared can be
 * made large enough when the module is loaded, as the core does with its own.
 * A VM is told apart by a number in its keys, and its writers hold its bus mutex;
 * those of several VMs meet in the table, which locks a bucket at a time.
 */
#include <linux/errno.h>
#include <linux/idr.h>
#include <linux/random.h>

#include <kev/ioindex.h>

struct kev_io_index kev_io_index ____cacheline_aligned;

static DEFINE_IDA(vm_numbers);

/**
 * kev_io_index_enter - A VM comes
 *
 * Context: Process context.
 * Return: Its number, at least 1, to be in its keys; -ENOMEM; -ENOSPC.
 */
int kev_io_index_enter(void)
{
	/* A key of zeros would not be hashed. */
	return ida_alloc_min(&vm_numbers, 1, GFP_KERNEL);
}

/**
 * kev_io_index_leave - A VM goes
 * @vm:	Its number; the next VM may have it.
 *
 * Context: Process context.
 */
void kev_io_index_leave(u32 vm)
{
	ida_free(&vm_numbers, vm);
}

/**
 * kev_io_index_add - Add an entry
 * @slot:	Its key is no other's.
 *
 * Context: Process context; under the bus mutex of its VM.
 * Return: 0 or -ENOMEM.
 */
int kev_io_index_add(struct kev_io_slot *slot)
{
	/* It fails where memory does, whatever it calls that. */
	return rhashtable_insert_fast(&kev_io_index.table, &slot->node,
				      kev_io_index_params) ? -ENOMEM : 0;
}

/**
 * kev_io_index_del - Take an entry out
 * @slot:	In it.
 *
 * Context: Process context; under the bus mutex of its VM.
 */
void kev_io_index_del(struct kev_io_slot *slot)
{
	int ret;

	ret = rhashtable_remove_fast(&kev_io_index.table, &slot->node,
				     kev_io_index_params);
	WARN_ON_ONCE(ret);
}

/**
 * kev_io_index_module_init - The empty index
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int kev_io_index_module_init(void)
{
	get_random_bytes(kev_io_index.secret, sizeof(kev_io_index.secret));
	/* An even factor would lose bits of what it multiplies. */
	kev_io_index.secret[1] |= 1;

	return rhashtable_init(&kev_io_index.table, &kev_io_index_params);
}

/**
 * kev_io_index_module_exit - No VM is left
 */
void kev_io_index_module_exit(void)
{
	rhashtable_destroy(&kev_io_index.table);
	ida_destroy(&vm_numbers);
}
