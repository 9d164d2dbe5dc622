/* SPDX-License-Identifier: GPL-2.0 */
/* The buses: iobus.c's verbs inside the module. */
#ifndef _KEV_IOBUS_H
#define _KEV_IOBUS_H

#include <linux/kvm_eventfd.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include <kev/ioindex.h>

struct eventfd_ctx;
struct kev_vm;

/**
 * struct kev_ioeventfd - An eventfd that a guest's write signals
 * @slot:	In the index: writers under the bus mutex, readers under RCU.
 * @lock:	Orders a signal against deassign, so that deassign need not wait
 *		for a grace period.  Nests outside the eventfd's lock.
 * @gone:	Deassigned: nothing may be signalled.  Under @lock.
 * @eventfd:	Signalled under @lock.  Reference held until @gone.
 *
 * Once @gone it is freed after the last doorbell that could find it.
 */
struct kev_ioeventfd {
	struct kev_io_slot slot;
	spinlock_t lock;
	bool gone;
	struct eventfd_ctx *eventfd;
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
