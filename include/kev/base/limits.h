/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every bound of the module in one place, with where it comes from.  What the
 * administrator can lower is asked by a function: see limits.c.
 */
#ifndef _KEV_LIMITS_H
#define _KEV_LIMITS_H

#include <linux/kconfig.h>
#include <linux/types.h>

/* KVM_CAP_IRQ_ROUTING: GSIs below this, and no more entries than this. */
#define KEV_MAX_IRQ_ROUTES	4096

/* What KVM_EVENTFD_CAP_MAX_ROUTES can raise that to. */
#define KEV_MAX_IRQ_ROUTES_CAP	131072

/* Lines of a VM of type KVM_EVENTFD_VM_LINES: as many as a PLIC has, or a GIC. */
#define KEV_LINES		1024

/* Adapters of such a VM, as KVM's MAX_S390_IO_ADAPTERS: eight of each class. */
#define KEV_ADAPTERS		64

/* Devices that are not ioeventfds, on each bus (KVM's NR_IOBUS_DEVS). */
#define KEV_MAX_BUS_DEVICES	1000

/*
 * Ioeventfds of a VM, unless the module's parameter says another number.  KVM has
 * no limit; this one is more than a VM with 4096 devices of 256 queues has.
 */
#define KEV_MAX_IOEVENTFDS	1048576

/*
 * KVM_CAP_MAX_VCPUS and KVM_CAP_MAX_VCPU_ID, as Debian's kvm.ko.  Arrays are of
 * this size, whatever the parameter says.
 */
#define KEV_MAX_VCPUS		4096
#define KEV_IDS_PER_VCPU	4
#define KEV_MAX_VCPU_IDS	(KEV_MAX_VCPUS * KEV_IDS_PER_VCPU)

/*
 * VMs of a user.  KVM has no such limit, and hypervisors run all their guests as
 * one user: it is above what a host runs, and bounds what no cgroup is charged
 * for, the per-CPU part of each VM.
 */
#define KEV_MAX_VMS_PER_USER	1024

/*
 * Timers of a user, one for each PIT and each LAPIC.  A VM of all vCPUs that are
 * possible has room, and a second one; or 1,024 VMs of 7 vCPUs.
 */
#define KEV_MAX_TIMERS_PER_USER	(2 * (KEV_MAX_VCPUS + 1))

/* Pages of a vCPU fd's mapping. */
#define KEV_VCPU_PAGES		3

/* Locks and work items have the size that they have without debugging. */
#define KEV_PLAIN_LOCKS		(!IS_ENABLED(CONFIG_DEBUG_SPINLOCK) && \
				 !IS_ENABLED(CONFIG_LOCKDEP))

/* The same as the module's parameters say.  Any context. */
unsigned int kev_max_vcpus(void);
unsigned int kev_max_vcpu_ids(void);
unsigned int kev_max_routes(void);
unsigned int kev_max_ioeventfds(void);
unsigned int kev_max_vms_per_user(void);
unsigned int kev_max_timers_per_user(void);

#endif /* _KEV_LIMITS_H */
