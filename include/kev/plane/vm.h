/* SPDX-License-Identifier: GPL-2.0 */
/* struct kev_vm: the plane's state of one VM. */
#ifndef _KEV_VM_H
#define _KEV_VM_H

#include <linux/kvm_eventfd.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/math.h>
#include <linux/mutex.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <kev/base/limits.h>
#include <kev/plane/iobus.h>
#include <kev/plane/ioeventfd.h>
#include <kev/plane/wake.h>

struct kev_irqfd_counts;
struct kev_routing;

/**
 * struct kev_irqfd_stats - What became of the signals of irqfds
 * @signalled:	Wakeups that found the counter above 0.
 * @injected:	Delivered to at least one CPU or chip.
 * @coalesced:	Merged with one that was still pending.
 * @dropped:	No route, or the sink ignored it.
 */
struct kev_irqfd_stats {
	u64 signalled;
	u64 injected;
	u64 coalesced;
	u64 dropped;
};

/* GSIs to a page of struct kev_irqfds, and pages for all that can be routed. */
#define KEV_GSIS_PER_PAGE	(PAGE_SIZE / sizeof(struct hlist_head))
#define KEV_IRQFD_PAGES		DIV_ROUND_UP(KEV_MAX_IRQ_ROUTES_CAP, \
					     KEV_GSIS_PER_PAGE)

/**
 * struct kev_irqfd_page - The irqfds of consecutive GSIs
 * @gsi:	By GSI modulo KEV_GSIS_PER_PAGE.
 */
struct kev_irqfd_page {
	struct hlist_head gsi[KEV_GSIS_PER_PAGE];
};

/**
 * struct kev_irqfds - All irqfds of one VM (eventfd.c)
 * @mutex:	A deassign, until its irqfd injects no more, and the publication of
 *		an irqfd.  No work item and no wakeup takes it.
 * @lock:	The irqfds_lock: protects all lists of active irqfds, and so whether
 *		one is active, and its cached route.  It nests inside an eventfd's
 *		wait-queue lock and is irq-safe.
 * @active:	All active irqfds.
 * @nr_active:	Length of @active.
 * @by_gsi:	GSI to its active irqfds, a page of GSIs at a time.  Pages stay until
 *		the VM goes.  Irqfds of GSIs that no table can have are on @active
 *		alone.
 * @updating:	Irqfds of the one GSI whose new route they do not have yet.  A route
 *		change, which holds irq_lock, puts them here and back.
 * @dead:	Irqfds whose eventfd was closed; the work owns their teardown.
 * @cleanup:	Tears down @dead.  Queued under @lock.  The VM's own: no other VM
 *		waits for it.
 * @counts:	What each CPU counted of the signals.
 * @resamplers:	GSI to its resampler.
 * @resampler_lock: Writers of @resamplers and of the lists in them.
 */
struct kev_irqfds {
	struct mutex mutex;
	spinlock_t lock; /* irqfds_lock */
	struct list_head active;
	unsigned int nr_active;
	struct kev_irqfd_page *by_gsi[KEV_IRQFD_PAGES];
	struct hlist_head updating;
	struct llist_head dead;
	struct work_struct cleanup;
	struct kev_irqfd_counts __percpu *counts;
	struct xarray resamplers;
	struct mutex resampler_lock;
};

/**
 * struct kev_deferred - Something to free after a grace period of irq_srcu
 * @node:	On &kev_vm.deferred.
 * @free:	Frees it.  Process context.
 */
struct kev_deferred {
	struct llist_node node;
	void (*free)(struct kev_deferred *deferred);
};

/**
 * struct kev_vm - One virtual machine
 * @ops:	The sink.  Immutable.
 * @sink:	The sink's own state.  Immutable after creation.
 * @wq:		Its work items: injections, cleanups, frees.  The VM's own, so that
 *		no other VM can fill it or wait for it.  Immutable.
 * @waker:	Wakes that deliveries left to do.  See wake.c.
 * @irq_srcu:	Readers of @routing and of ack notifiers, and every delivery.
 *		Private to the VM, so that no other reader delays a change.
 * @irq_lock:	Writers of @routing and of the ack notifiers.  Held for no call of a
 *		sink.
 * @routing:	The table in force; never NULL.  See routing.h.
 * @max_routes:	Limit of GSIs and of entries.  Under @irq_lock; only grows.
 * @nr_pins:	Pins of a chip whose GSI is looked up.  Immutable.
 * @route_lock:	Writers of a route in place.  Irqs off, for @route_seq's readers.
 * @route_seq:	Guards the routes of @routing against torn reads.
 * @route_change: Grace period of the last change of a route in force, once
 *		@route_changed.  Under @irq_lock.
 * @route_changed: There was one.
 * @deferred:	What readers in @irq_srcu may still see, and nobody waits for.
 * @deferred_work: Frees it.
 * @ack_notifiers: GSI to its first notifier.  Written under @irq_lock, read
 *		under @irq_srcu.
 * @routing_seq: Changes with the routes.  Written under @irq_lock.
 * @ack_seq:	Changes with @ack_notifiers.  Written under @irq_lock.
 * @irqfds:	See &struct kev_irqfds.
 * @ioeventfds:	See &struct kev_ioeventfds.
 * @buses:	See &struct kev_buses.
 *
 * The order of locks is in Documentation/lock-tree.rst.
 */
struct kev_vm {
	const struct kev_sink_ops *ops;
	void *sink;
	struct workqueue_struct *wq;
	struct kev_waker waker;

	struct srcu_struct irq_srcu;
	struct mutex irq_lock;
	struct kev_routing __rcu *routing;
	unsigned int max_routes;
	unsigned int nr_pins;
	spinlock_t route_lock;
	seqcount_spinlock_t route_seq;
	unsigned long route_change;
	bool route_changed;
	struct llist_head deferred;
	struct work_struct deferred_work;
	struct xarray ack_notifiers;
	u32 routing_seq;
	u32 ack_seq;

	struct kev_irqfds irqfds;
	struct kev_ioeventfds ioeventfds;
	struct kev_buses buses;
};

/* End its irqfds, ioeventfds and devices.  May sleep. */
void kev_vm_stop(struct kev_vm *vm);

/* Wait for all readers of what was there before.  May sleep. */
void kev_irq_synchronize(struct kev_vm *vm);

/* Free after a grace period of irq_srcu that the caller does not wait for. */
void kev_free_deferred(struct kev_vm *vm, struct kev_deferred *deferred,
		       void (*free)(struct kev_deferred *deferred));

#endif /* _KEV_VM_H */
