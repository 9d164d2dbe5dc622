/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kvm-eventfd: the plane as a library for hypervisor drivers.
 *
 * A driver describes what its interrupts end in with a struct kev_sink_ops,
 * creates a struct kev_vm on it, forwards its IRQFD, IOEVENTFD and ROUTING
 * ioctls, calls the bus from its exit path and kev_notify_acked_irq() from its
 * EOI path.  The chips of this module are users of the same interface.
 */
#ifndef _LINUX_KVM_EVENTFD_H
#define _LINUX_KVM_EVENTFD_H

#include <linux/errno.h>
#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/types.h>
#include <linux/wait.h>

struct kev_adapter_page;
struct kev_vm;
struct workqueue_struct;

/* Chips a routing entry of type IRQCHIP can name; pins of one that can be acked. */
#define KEV_NR_IRQCHIPS		3
#define KEV_IRQCHIP_PINS	24

/* What can hold a line up: a chip ORs its sources. */
#define KEV_IRQ_SOURCE_USERSPACE	0
#define KEV_IRQ_SOURCE_RESAMPLE		1
#define KEV_IRQ_SOURCE_PIT		2

/**
 * struct kev_route - One GSI, decoded
 * @type:	KVM_IRQ_ROUTING_*, or 0: nothing is routed.
 * @chips:	IRQCHIP: bit n is set when @pin[n] is an input of chip n.
 * @devid_valid: MSI: @msi.devid was given with KVM_MSI_VALID_DEVID.
 * @adapter_id: S390_ADAPTER: which adapter it is of.
 * @gsi:	Which; set by the plane once the sink accepted the route.
 * @pin:	IRQCHIP: the input of each chip that the GSI is wired to.
 * @msi:	MSI: the message, as the device would write it.
 * @adapter:	S390_ADAPTER: pages, and a bit in each, of the indicator and of the
 *		summary.
 * @held:	What a sink's route holds until &kev_sink_ops.put_route.
 * @raw:	The union as words.
 *
 * Always copied whole.  What it points to is there while the route is in force,
 * and until the VM's irq SRCU has seen the last reader: 32 bytes, so that a page of
 * the table holds a power of two of them.
 */
struct kev_route {
	u8 type;
	u8 chips;
	u8 devid_valid;
	u8 adapter_id;
	u32 gsi;
	union {
		u32 pin[KEV_NR_IRQCHIPS];
		struct {
			u32 address_lo;
			u32 address_hi;
			u32 data;
			u32 devid;
		} msi;
		struct {
			struct kev_adapter_page *ind;
			struct kev_adapter_page *summary;
			u32 ind_bit;
			u32 summary_bit;
		} adapter;
		void *held;
		u64 raw[3];
	};
};

/**
 * struct kev_irq - One change of an interrupt input
 * @source:	KEV_IRQ_SOURCE_*: what changes it.
 * @level:	True to assert.  A message is sent on true alone.
 * @pulse:	An edge that stands for itself: the signal of an irqfd without a
 *		resamplefd.  @level false follows true at once, or does not
 *		follow (deliver_atomic).
 * @line_status: It comes from KVM_IRQ_LINE_STATUS.
 */
struct kev_irq {
	unsigned int source;
	bool level;
	bool pulse;
	bool line_status;
};

/**
 * struct kev_sink_ops - What a routing entry is delivered to
 * @irqfd_allowed: May this VM have an irqfd now?  @resample: with a
 *	resamplefd, which needs a chip that reports EOIs.  0 or an errno.
 *	Process context.
 * @routing_allowed: May the routing table be set now?  0 or an errno.
 *	Process context.
 * @set_route: Check one entry of KVM_SET_GSI_ROUTING and fill @route from it;
 *	for an IRQCHIP entry add the pin to those already there.  @route->type
 *	is 0 or equals @ue->type.  0 or an errno.  Process context.
 * @put_route: A route that @set_route filled is not in force any more, or never
 *	was: let go what it holds.  No delivery with it runs.  May be NULL.
 *	Process context.
 * @deliver_atomic: Deliver without sleeping: hard irq context, interrupts off.
 *	-EWOULDBLOCK when that route needs process context; else as @deliver.
 * @deliver: Deliver in process context.  A positive number of CPUs that took
 *	it, 0 when it was coalesced, negative when it was ignored.
 * @release: Last call, with no user left.  Process context.
 * @nr_pins: Pins of its largest chip, for kev_irq_map_chip_pin(); 0 stands for
 *	KEV_IRQCHIP_PINS.
 *
 * All are called with what kev_vm_create() was given.
 *
 * Delivery runs inside the VM's irq SRCU read section: once a changed table
 * is in force, no call with a route of the old one is still running.
 */
struct kev_sink_ops {
	int (*irqfd_allowed)(void *sink, bool resample);
	int (*routing_allowed)(void *sink);
	int (*set_route)(void *sink, const struct kvm_irq_routing_entry *ue,
			 struct kev_route *route);
	void (*put_route)(void *sink, const struct kev_route *route);
	int (*deliver_atomic)(void *sink, const struct kev_route *route,
			      const struct kev_irq *irq);
	int (*deliver)(void *sink, const struct kev_route *route,
		       const struct kev_irq *irq);
	void (*release)(void *sink);
	unsigned int nr_pins;
};

/* A VM: made on a sink, and ended with it. */
struct kev_vm *kev_vm_create(const struct kev_sink_ops *ops, void *sink);
void kev_vm_destroy(struct kev_vm *vm);
void *kev_vm_sink(const struct kev_vm *vm);
struct workqueue_struct *kev_vm_workqueue(const struct kev_vm *vm);

/*
 * The plane's ioctls, with KVM's structures.  Irqfds need KVM_EVENTFD_IRQFD,
 * routing KVM_EVENTFD_IRQ_ROUTING: a driver depends on what it calls.
 */
int kev_irqfd(struct kev_vm *vm, const struct kvm_irqfd *args);
int kev_irqfd_batch(struct kev_vm *vm, const struct kvm_irqfd __user *entries,
		    unsigned int nr);
int kev_ioeventfd(struct kev_vm *vm, const struct kvm_ioeventfd *args);
int kev_ioeventfd_batch(struct kev_vm *vm,
			const struct kvm_ioeventfd __user *entries,
			unsigned int nr);
int kev_set_irq_routing(struct kev_vm *vm,
			const struct kvm_irq_routing_entry __user *entries,
			unsigned int nr, unsigned int flags);
int kev_update_irq_routing(struct kev_vm *vm,
			   const struct kvm_irq_routing_entry __user *entries,
			   unsigned int nr, unsigned int flags);

/* The table from kernel memory: the routes that a sink begins with. */
int kev_set_irq_routing_kernel(struct kev_vm *vm,
			       const struct kvm_irq_routing_entry *entries,
			       unsigned int nr);
u32 kev_irq_routing_seq(const struct kev_vm *vm);

/**
 * kev_route_set_msi - Fill the route of a MSI entry
 * @route:	The route.
 * @ue:		The entry, of type KVM_IRQ_ROUTING_MSI.
 *
 * For &kev_sink_ops.set_route.
 *
 * Context: Any.
 * Return: 0; -EINVAL: a flag that is not known.
 */
static inline int kev_route_set_msi(struct kev_route *route,
				    const struct kvm_irq_routing_entry *ue)
{
	if (ue->flags & ~KVM_MSI_VALID_DEVID)
		return -EINVAL;

	route->type = KVM_IRQ_ROUTING_MSI;
	route->msi.address_lo = ue->u.msi.address_lo;
	route->msi.address_hi = ue->u.msi.address_hi;
	route->msi.data = ue->u.msi.data;
	if (ue->flags & KVM_MSI_VALID_DEVID) {
		route->devid_valid = 1;
		route->msi.devid = ue->u.msi.devid;
	}
	return 0;
}

/* Interrupts into the sink. */
int kev_set_irq(struct kev_vm *vm, u32 gsi, const struct kev_irq *irq);
bool kev_irq_map_gsi(struct kev_vm *vm, u32 gsi, struct kev_route *route);
int kev_irq_map_chip_pin(struct kev_vm *vm, unsigned int chip,
			 unsigned int pin);

/* Waiters for an interrupt: user space by poll(), or a thread. */

/**
 * struct kev_waitqueue - Waiters that a delivery wakes
 * @head:	For kev_poll_wait() or wait_event().
 * @node:	On the VM's list of queues to wake.
 *
 * A wake_up() in a delivery would run what hangs on the queue under the locks of
 * the delivery and of the eventfd that caused it; and what hangs there may signal
 * that eventfd.
 */
struct kev_waitqueue {
	wait_queue_head_t head;
	struct list_head node;
};

void kev_waitqueue_init(struct kev_waitqueue *wq);
void kev_waitqueue_destroy(struct kev_vm *vm, struct kev_waitqueue *wq);
void __kev_waitqueue_wake(struct kev_vm *vm, struct kev_waitqueue *wq);

/**
 * kev_waitqueue_wake - Wake all that wait, soon
 * @vm:		The VM whose delivery it is.
 * @wq:		The queue.
 *
 * The caller has published what they wait for.  They are woken with EPOLLIN, under
 * no lock of the caller.
 *
 * Context: Any but NMI.  Waiters are woken by an interrupt of this CPU, so a lock that
 *	    their wakeups take may be held with interrupts off alone.
 */
static inline void kev_waitqueue_wake(struct kev_vm *vm,
				      struct kev_waitqueue *wq)
{
	/* Pairs with kev_poll_wait(). */
	if (wq_has_sleeper(&wq->head))
		__kev_waitqueue_wake(vm, wq);
}

/**
 * kev_poll_wait - poll_wait(), and then look
 * @file:	The file that is polled.
 * @wq:		The queue.
 * @pt:		What poll() was given.
 *
 * What the caller reads after this is either new, or its writer wakes it.
 *
 * Context: Process context.
 */
static inline void kev_poll_wait(struct file *file, struct kev_waitqueue *wq,
				 poll_table *pt)
{
	poll_wait(file, &wq->head, pt);
	/* Pairs with kev_waitqueue_wake(); older kernels' poll_wait() has none. */
	smp_mb();
}

/* Acks: a driver that calls these selects KVM_EVENTFD_ACK_NOTIFIER. */

/**
 * struct kev_irq_ack_notifier - Called when the guest acks a GSI
 * @next:	Next of the same GSI.  Under the VM's irq_lock, read under its
 *		irq SRCU.
 * @gsi:	Which.  Immutable while registered.
 * @irq_acked:	The callback.  No chip lock is held; it may assert again.
 */
struct kev_irq_ack_notifier {
	struct kev_irq_ack_notifier __rcu *next;
	u32 gsi;
	void (*irq_acked)(struct kev_irq_ack_notifier *notifier);
};

u32 kev_irq_ack_seq(const struct kev_vm *vm);
bool kev_irq_has_notifier(struct kev_vm *vm, unsigned int chip,
			  unsigned int pin);
void kev_notify_acked_irq(struct kev_vm *vm, unsigned int chip,
			  unsigned int pin);
void kev_notify_acked_gsi(struct kev_vm *vm, u32 gsi);
bool kev_notify_irqfd_resampler(struct kev_vm *vm, unsigned int chip,
				unsigned int pin);
int kev_register_irq_ack_notifier(struct kev_vm *vm,
				  struct kev_irq_ack_notifier *notifier);
void kev_unregister_irq_ack_notifier(struct kev_vm *vm,
				     struct kev_irq_ack_notifier *notifier);

/* Buses on which a guest's accesses are looked up. */
enum kev_bus {
	KEV_BUS_MMIO,
	KEV_BUS_PIO,
	KEV_BUS_CCW,
	KEV_NR_BUSES,
};

struct kev_io_device;

/**
 * struct kev_io_device_ops - A range of registers on a bus
 * @read:	The guest read @len bytes at @addr into @val (little-endian).
 *		0 when this device answered, else -EOPNOTSUPP.
 * @write:	The guest wrote; the same returns.
 * @release:	The VM is going with the device still on its bus: free it.
 *		Process context.  NULL when the owner frees it; a device with
 *		@release may be on one bus, once.
 *
 * @read and @write run in the VM's irq SRCU and may sleep.
 */
struct kev_io_device_ops {
	int (*read)(struct kev_io_device *dev, u64 addr, unsigned int len,
		    void *val);
	int (*write)(struct kev_io_device *dev, u64 addr, unsigned int len,
		     const void *val);
	void (*release)(struct kev_io_device *dev);
};

struct kev_io_device {
	const struct kev_io_device_ops *ops;
};

int kev_bus_register(struct kev_vm *vm, enum kev_bus bus, u64 addr, u32 len,
		     struct kev_io_device *dev);
void kev_bus_unregister(struct kev_vm *vm, enum kev_bus bus,
			struct kev_io_device *dev);
int kev_bus_write(struct kev_vm *vm, enum kev_bus bus, u64 addr,
		  unsigned int len, const void *val);
int kev_bus_write_nowait(struct kev_vm *vm, enum kev_bus bus, u64 addr,
			 unsigned int len, const void *val);
int kev_bus_write_fast(struct kev_vm *vm, u64 addr);
int kev_bus_read(struct kev_vm *vm, enum kev_bus bus, u64 addr,
		 unsigned int len, void *val);
int kev_bus_read_nowait(struct kev_vm *vm, enum kev_bus bus, u64 addr,
			unsigned int len);

#endif /* _LINUX_KVM_EVENTFD_H */
