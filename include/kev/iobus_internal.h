/* SPDX-License-Identifier: GPL-2.0 */
/* Inside the buses: for iobus.c and iorange.c, and for nobody else. */
#ifndef _KEV_IOBUS_INTERNAL_H
#define _KEV_IOBUS_INTERNAL_H

#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include <kev/iobus.h>
#include <kev/vm.h>

/**
 * struct kev_io_range - Where a device is
 * @addr:	First address.
 * @end:	Address after the last; at most 2^64 - 1.
 * @reach:	Highest @end of this and all ranges before it.
 * @dev:	The device.
 */
struct kev_io_range {
	u64 addr;
	u64 end;
	u64 reach;
	struct kev_io_device *dev;
};

/**
 * struct kev_io_ranges - The ranges of one bus
 * @stale:	Freed after the last reader of @range ...
 * @rcu:	... and then after the last one of @low and @high.
 * @nr:		Number of them; at least 1.
 * @low:	Below this address there is none.
 * @high:	From this address on there is none.
 * @range:	Sorted by @addr, then @end; equal ones in order of registration.
 */
struct kev_io_ranges {
	struct kev_stale stale;
	struct rcu_head rcu;
	unsigned int nr;
	u64 low;
	u64 high;
	struct kev_io_range range[];
};

/**
 * struct kev_bus_state - All buses of a VM
 * @lock:	Writers.
 * @slots:	Ioeventfds and groups, which are in the index too.  Under @lock.
 * @vm:		The VM's number in the index.
 * @kinds:	Ioeventfds by bus and enum kev_match, so that a kind which is not
 *		there costs no probe.  Written under @lock, read without.
 * @ranges:	By bus; NULL when there is none.
 * @signalled:	Writes that ioeventfds took; each CPU counts its own.
 * @free:	Once the VM has no user.
 */
struct kev_bus_state {
	struct mutex lock; /* writers */
	struct hlist_head slots;
	u32 vm;
	unsigned int kinds[KEV_NR_BUSES][KEV_MATCH_GROUP];
	struct kev_io_ranges __rcu *ranges[KEV_NR_BUSES];
	u64 __percpu *signalled;
	struct rcu_work free;
};

static inline struct kev_io_ranges *
kev_io_ranges_deref(struct kev_bus_state *buses, unsigned int bus)
{
	return rcu_dereference_protected(buses->ranges[bus],
					 lockdep_is_held(&buses->lock));
}

/* Release the devices of a bus.  No user may be left. */
void kev_io_ranges_destroy(struct kev_bus_state *buses, unsigned int bus);

#endif /* _KEV_IOBUS_INTERNAL_H */
