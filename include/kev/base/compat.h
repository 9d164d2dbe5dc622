/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that tests a kernel version.  Sources are written for the
 * newest supported kernel; each shim names what changed.
 */
#ifndef _KEV_COMPAT_H
#define _KEV_COMPAT_H

#include <linux/bits.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/* 6.12: asm/unaligned.h became linux/unaligned.h. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "kvm-eventfd needs Linux 6.1 or newer"
#endif

/* 6.8: eventfd_signal() lost its count and its return value. */
static inline void kev_eventfd_signal(struct eventfd_ctx *ctx)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	eventfd_signal(ctx, 1);
#else
	eventfd_signal(ctx);
#endif
}

/* 6.13: hrtimer_setup() takes the callback, and hrtimer_init() went later. */
static inline void kev_hrtimer_setup(struct hrtimer *timer,
				     enum hrtimer_restart (*fn)(struct hrtimer *),
				     clockid_t clock, enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
#else
	hrtimer_setup(timer, fn, clock, mode);
#endif
}

/*
 * 6.11: a queue can be given a lock class.  Before, lockdep makes one for each queue,
 * and takes long to forget it when the queue goes.
 */
static inline struct workqueue_struct *kev_alloc_workqueue(const char *name)
{
#if defined(CONFIG_LOCKDEP) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	static struct lock_class_key key;
	static struct lockdep_map map = STATIC_LOCKDEP_MAP_INIT("kev_wq", &key);

	return alloc_workqueue_lockdep_map("%s", WQ_UNBOUND, 0, &map, name);
#else
	return alloc_workqueue("%s", WQ_UNBOUND, 0, name);
#endif
}

/* 6.11: what user space may change at any time has another name in the kernel. */
#ifdef HINT_UNSAFE_IN_KVM
#define kev_immediate_exit(run) \
	READ_ONCE((run)->HINT_UNSAFE_IN_KVM(immediate_exit))
#else
#define kev_immediate_exit(run) READ_ONCE((run)->immediate_exit)
#endif

/* 6.10: fd_file() reads struct fd, whose layout changed in 6.12. */
#ifndef fd_file
#define fd_file(f) ((f).file)
#endif

/* 7.3: flags of KVM_CAP_X2APIC_API about the suppression of EOI broadcasts. */
#ifndef KVM_X2APIC_ENABLE_SUPPRESS_EOI_BROADCAST
#define KVM_X2APIC_ENABLE_SUPPRESS_EOI_BROADCAST	BIT_ULL(2)
#define KVM_X2APIC_DISABLE_SUPPRESS_EOI_BROADCAST	BIT_ULL(3)
#endif

/*
 * No shim: 6.17's add_wait_queue_priority_exclusive().  It makes the same test as
 * eventfd.c, which needs the lock of the wait queue for more than that.
 */

#endif /* _KEV_COMPAT_H */
