/* SPDX-License-Identifier: GPL-2.0 */
/* The ioeventfds of a VM: ioeventfd.c's verbs inside the module. */
#ifndef _KEV_IOEVENTFD_H
#define _KEV_IOEVENTFD_H

#include <linux/atomic.h>
#include <linux/kvm_eventfd.h>
#include <linux/rbtree_types.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>

struct eventfd_ctx;

/**
 * struct kev_io_key - What a guest's write must be, or is
 * @addr:	Address on the bus.
 * @data:	The value, zero-extended; 0 for any.
 * @len:	Bytes; 0 for any number.
 * @bus:	enum kev_bus.
 * @any_data:	Every value matches.
 */
struct kev_io_key {
	u64 addr;
	u64 data;
	u32 len;
	u8 bus;
	bool any_data;
};

/**
 * struct kev_ioeventfds - All ioeventfds of one VM
 * @lock:	Writers of @tree, and a reader whose first look failed.  Irqs off:
 *		a driver may look up a write in any context.
 * @seq:	Changes with @tree.  Written under @lock, read without.
 * @tree:	struct kev_ioeventfd, in the order of key_cmp().  Changed under
 *		@lock, read under RCU.
 * @nr:		Number of them.  Written under @lock.
 * @nr_devices:	Other devices, by bus.  Written by the bus, read with no lock.
 * @signalled:	Writes that they took; each CPU counts its own.
 */
struct kev_ioeventfds {
	spinlock_t lock; /* writers */
	seqcount_spinlock_t seq;
	struct rb_root tree;
	unsigned int nr;
	unsigned int nr_devices[KEV_NR_BUSES];
	atomic64_t __percpu *signalled;
};

/* -ENOMEM. */
int kev_ioeventfds_init(struct kev_ioeventfds *ioeventfds);
/* Free them all.  No user of the VM may be left. */
void kev_ioeventfds_destroy(struct kev_ioeventfds *ioeventfds);

/* Owns the reference to @eventfd when it returns 0; -EEXIST, -ENOSPC, -ENOMEM. */
int kev_ioeventfds_assign(struct kev_ioeventfds *ioeventfds,
			  const struct kev_io_key *key,
			  struct eventfd_ctx *eventfd);
/* Returns when nobody signals it any more; -ENOENT. */
int kev_ioeventfds_deassign(struct kev_ioeventfds *ioeventfds,
			    const struct kev_io_key *key,
			    const struct eventfd_ctx *eventfd);

/* Signal the one that takes a guest's write; @len 0: its length is not known. */
int kev_ioeventfds_write(struct kev_ioeventfds *ioeventfds, enum kev_bus bus,
			 u64 addr, unsigned int len, const void *val);

/* How many are registered, and the writes that they and those gone took. */
unsigned int kev_ioeventfds_stats(struct kev_ioeventfds *ioeventfds,
				  u64 *signalled);

#endif /* _KEV_IOEVENTFD_H */
