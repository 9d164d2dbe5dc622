/* SPDX-License-Identifier: GPL-2.0 */
/* The buses of a VM: iobus.c's verbs inside the module. */
#ifndef _KEV_IOBUS_H
#define _KEV_IOBUS_H

#include <linux/atomic.h>
#include <linux/kvm_eventfd.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

struct kev_io_ranges;
struct kev_vm;

/**
 * struct kev_buses - Where the devices of one VM are
 * @lock:	The bus mutex: writers of @ranges.
 * @ranges:	By bus; NULL when there is no device.  Read in the VM's irq SRCU.
 * @low:	By bus: below this address there is no device.
 * @high:	By bus: from this address on there is none.
 */
struct kev_buses {
	struct mutex lock; /* writers */
	struct kev_io_ranges __rcu *ranges[KEV_NR_BUSES];
	atomic64_t low[KEV_NR_BUSES];
	atomic64_t high[KEV_NR_BUSES];
};

void kev_buses_init(struct kev_buses *buses);
/* Release the devices that are still there.  No user of the VM may be left. */
void kev_buses_destroy(struct kev_buses *buses);

#endif /* _KEV_IOBUS_H */
