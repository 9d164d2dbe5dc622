/* SPDX-License-Identifier: GPL-2.0 */
/* The buses: iobus.c's verbs inside the module. */
#ifndef _KEV_IOBUS_H
#define _KEV_IOBUS_H

#include <linux/kvm_eventfd.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>

struct eventfd_ctx;
struct kev_vm;

/* Which writes at an address an ioeventfd takes. */
enum kev_match {
	KEV_MATCH_ANY,		/* every length (registered with length 0) */
	KEV_MATCH_LEN,		/* one length, every value */
	KEV_MATCH_DATA,		/* one length, one value */
	KEV_MATCH_GROUP,	/* no write: counts the DATA entries of an address */
};

/**
 * struct kev_io_key - What a guest's write must be
 * @addr:	Address on the bus.
 * @data:	KEV_MATCH_DATA: the value, zero-extended.  Else 0.
 * @bus:	enum kev_bus.
 * @match:	enum kev_match.
 * @len:	Bytes; 0 for KEV_MATCH_ANY and KEV_MATCH_GROUP.
 * @pad:	Zero.
 * @kind:	The three of them as one word, to compare and hash.
 */
struct kev_io_key {
	u64 addr;
	u64 data;
	union {
		struct {
			u8 bus;
			u8 match;
			u8 len;
			u8 pad;
		};
		u32 kind;
	};
};

/**
 * struct kev_io_slot - An entry of the index
 * @node:	In the VM's index.
 * @key:	Immutable.
 */
struct kev_io_slot {
	struct rhash_head node;
	struct kev_io_key key;
};

/**
 * struct kev_ioeventfd - An eventfd that a guest's write signals
 * @slot:	In the index: writers under the bus mutex, readers under RCU.
 * @lock:	Orders a signal against deassign, so that deassign need not wait
 *		for a grace period.  Nests outside the eventfd's lock.
 * @gone:	Deassigned: nothing may be signalled.  Under @lock.
 * @eventfd:	Signalled under @lock.  Reference held until @gone.
 * @signalled:	Writes that it took.  Under @lock.
 * @rcu:	Once @gone: freed after the last doorbell that could find it.
 */
struct kev_ioeventfd {
	struct kev_io_slot slot;
	spinlock_t lock;
	bool gone;
	union {
		struct {
			struct eventfd_ctx *eventfd;
			u64 signalled;
		};
		struct rcu_head rcu;
	};
};

int kev_buses_init(struct kev_vm *vm);
/* Free everything that is on the buses.  No user may be left. */
void kev_buses_destroy(struct kev_vm *vm);

/* -EEXIST on a collision.  Owns @ioeventfd when it returns 0. */
int kev_bus_add_ioeventfd(struct kev_vm *vm, struct kev_ioeventfd *ioeventfd);
/* Remove and free the one with this key and eventfd; -ENOENT. */
int kev_bus_del_ioeventfd(struct kev_vm *vm, const struct kev_io_key *key,
			  const struct eventfd_ctx *eventfd);

/* How many are registered, and the writes that they and those gone took. */
unsigned int kev_buses_stats(struct kev_vm *vm, u64 *signalled);

#endif /* _KEV_IOBUS_H */
