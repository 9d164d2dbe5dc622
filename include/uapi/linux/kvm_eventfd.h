/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kvm-eventfd: what a user of /dev/kvm-eventfd needs beyond <linux/kvm.h>.
 *
 * Documentation/api.rst has a record for every call, with each errno.
 */
#ifndef _UAPI_LINUX_KVM_EVENTFD_H
#define _UAPI_LINUX_KVM_EVENTFD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KVM_EVENTFD_NODE	"/dev/kvm-eventfd"

/*
 * File offsets of a vCPU fd: the guest's address spaces.  An offset is one of
 * these plus the address in that space.  Data is little-endian on every host.
 */
#define KVM_EVENTFD_OFF_MMIO	0ULL		/* + guest physical address */
#define KVM_EVENTFD_OFF_PIO	(1ULL << 60)	/* + port, 16 bits */
#define KVM_EVENTFD_OFF_CCW	(1ULL << 61)	/* + subchannel id, 32 bits */

#define KVM_EVENTFD_OFF_MSR	(1ULL << 62)	/* + number of the MSR, 32 bits */

/* Guest physical addresses have this many bits. */
#define KVM_EVENTFD_GPA_BITS	52

/* kvm_eventfd_interrupt.type: what the CPU takes. */
#define KVM_EVENTFD_INTR_FIXED	0	/* LAPIC interrupt: vector */
#define KVM_EVENTFD_INTR_EXTINT	1	/* 8259 (INTA) interrupt: vector */
#define KVM_EVENTFD_INTR_NMI	2
#define KVM_EVENTFD_INTR_SMI	3
#define KVM_EVENTFD_INTR_INIT	4
#define KVM_EVENTFD_INTR_SIPI	5	/* vector: start page number */
#define KVM_EVENTFD_INTR_LINE	6	/* vector: GSI line (lines sink) */
/* Split irqchip: the CPU ended this vector of a pin of user space's IOAPIC. */
#define KVM_EVENTFD_INTR_IOAPIC_EOI	7
/* vector: the GSI whose message was sent (lines sink) */
#define KVM_EVENTFD_INTR_MSI	8
/* vector: number of the adapter whose summary was set (lines sink) */
#define KVM_EVENTFD_INTR_ADAPTER	9

/**
 * struct kvm_eventfd_interrupt - One event that a CPU took
 * @type:	KVM_EVENTFD_INTR_*.
 * @vector:	Vector, start page or line, by @type; 0 where it has none.
 */
struct kvm_eventfd_interrupt {
	__u32 type;
	__u32 vector;
};

/**
 * struct kvm_eventfd_vcpu_state - Page 1 of a vCPU fd's mapping
 * @pending:	Nonzero while KVM_EVENTFD_ACK_INTERRUPT would succeed.
 * @pad:	Zero.
 *
 * The kernel writes it and never reads it back.
 */
struct kvm_eventfd_vcpu_state {
	__u32 pending;
	__u32 pad[15];
};

/* Pages of a vCPU fd's mapping: struct kvm_run, the state, the coalesced ring. */
#define KVM_EVENTFD_PAGE_RUN		0
#define KVM_EVENTFD_PAGE_STATE		1
#define KVM_EVENTFD_PAGE_COALESCED	2

/* The letter of the ioctls below; KVM's own have KVMIO. */
#define KVM_EVENTFD_IO		0xBE

/* vCPU fd: take the next event.  EAGAIN when there is none to take now. */
#define KVM_EVENTFD_ACK_INTERRUPT \
	_IOR(KVM_EVENTFD_IO, 0x00, struct kvm_eventfd_interrupt)

/*
 * VM fd: replace the routes of the GSIs that are named, and only those.  The
 * argument is KVM's: a header, and entries behind it.  An entry of type
 * KVM_EVENTFD_ROUTING_NONE names a GSI that shall have no route.
 */
#define KVM_EVENTFD_UPDATE_ROUTES \
	_IOW(KVM_EVENTFD_IO, 0x01, struct kvm_eventfd_routes)

/**
 * struct kvm_eventfd_routes - As struct kvm_irq_routing
 * @nr:		Number of struct kvm_irq_routing_entry behind this.
 * @flags:	Zero.
 */
struct kvm_eventfd_routes {
	__u32 nr;
	__u32 flags;
};

#define KVM_EVENTFD_ROUTING_NONE	0

/**
 * struct kvm_eventfd_batch - Many calls in one
 * @entries:	Address of an array of struct kvm_irqfd or kvm_ioeventfd.
 * @nr:		Number of entries; at most KVM_EVENTFD_BATCH_MAX.
 * @flags:	Zero.
 */
struct kvm_eventfd_batch {
	__u64 entries;
	__u32 nr;
	__u32 flags;
};

#define KVM_EVENTFD_BATCH_MAX	131072

/*
 * VM fd: KVM_IRQFD and KVM_IOEVENTFD on each entry in turn.  Returns how many
 * were done; they stay done when a later one fails.  The errno of an entry that
 * fails is returned when it is the first: a caller goes on from there.
 */
#define KVM_EVENTFD_IRQFDS \
	_IOW(KVM_EVENTFD_IO, 0x02, struct kvm_eventfd_batch)
#define KVM_EVENTFD_IOEVENTFDS \
	_IOW(KVM_EVENTFD_IO, 0x03, struct kvm_eventfd_batch)

/*
 * Type of KVM_CREATE_VM: no interrupt controller but GSI lines, on every
 * architecture; the only kind of VM there is where none other is built.
 */
#define KVM_EVENTFD_VM_LINES	0x6b657600UL

/*
 * vCPU fd of such a VM: the guest is done with the line that was taken.
 * @type is KVM_EVENTFD_INTR_LINE, @vector the line.
 */
#define KVM_EVENTFD_EOI \
	_IOW(KVM_EVENTFD_IO, 0x04, struct kvm_eventfd_interrupt)

/* vCPU fd: KVM_EVENTFD_ACK_INTERRUPT that also tells what a message says. */
#define KVM_EVENTFD_FETCH \
	_IOR(KVM_EVENTFD_IO, 0x05, struct kvm_eventfd_event)

/* kvm_eventfd_event.flags: what is valid. */
#define KVM_EVENTFD_EVENT_MSI	(1U << 0)	/* gsi and the message */
#define KVM_EVENTFD_EVENT_DEVID	(1U << 1)	/* devid, too */

/**
 * struct kvm_eventfd_event - One event that a CPU took, whole
 * @type:	As of struct kvm_eventfd_interrupt.
 * @vector:	The same.
 * @flags:	KVM_EVENTFD_EVENT_*; a reader ignores those that it does not know.
 * @gsi:	Whose message.
 * @address_lo:	The message, as the device wrote it.
 * @address_hi:	The same.
 * @data:	The same.
 * @devid:	The device that wrote it, by the route.
 * @pad:	Zero.  Each new field there comes with a flag.
 */
struct kvm_eventfd_event {
	__u32 type;
	__u32 vector;
	__u32 flags;
	__u32 gsi;
	__u32 address_lo;
	__u32 address_hi;
	__u32 data;
	__u32 devid;
	__u32 pad[8];
};

/* Trigger of lines: args[2] when KVM_EVENTFD_CAP_LINES is enabled. */
#define KVM_EVENTFD_TRIGGER_LEVEL	0
#define KVM_EVENTFD_TRIGGER_EDGE	1

/*
 * VM fd of such a VM: an adapter of s390, which routes of type
 * KVM_IRQ_ROUTING_S390_ADAPTER can be of from then on.  May be repeated.
 */
#define KVM_EVENTFD_SET_ADAPTER \
	_IOW(KVM_EVENTFD_IO, 0x06, struct kvm_eventfd_adapter)

/* kvm_eventfd_adapter.flags */
#define KVM_EVENTFD_ADAPTER_SWAP	(1U << 0)	/* bit 0 is the most significant */
#define KVM_EVENTFD_ADAPTER_MASKED	(1U << 1)	/* sets bits, but interrupts nobody */

/**
 * struct kvm_eventfd_adapter - An adapter
 * @id:		Its number, below the value of KVM_EVENTFD_CAP_ADAPTER.
 * @flags:	KVM_EVENTFD_ADAPTER_*.
 */
struct kvm_eventfd_adapter {
	__u32 id;
	__u32 flags;
};

/* KVM_CHECK_EXTENSION numbers beyond KVM's, answered by this node only. */
#define KVM_EVENTFD_CAP_BASE		0x6b657600	/* "kev" */
#define KVM_EVENTFD_CAP_VCPU_IO		(KVM_EVENTFD_CAP_BASE + 0)
#define KVM_EVENTFD_CAP_UPDATE_ROUTES	(KVM_EVENTFD_CAP_BASE + 1)
#define KVM_EVENTFD_CAP_BATCH		(KVM_EVENTFD_CAP_BASE + 2)
/* Also for KVM_ENABLE_CAP on a VM: args[0] is the new limit of routes. */
#define KVM_EVENTFD_CAP_MAX_ROUTES	(KVM_EVENTFD_CAP_BASE + 3)
/* KVM_EVENTFD_OFF_MSR, and KVM_EVENTFD_INTR_IOAPIC_EOI. */
#define KVM_EVENTFD_CAP_MSR		(KVM_EVENTFD_CAP_BASE + 4)
/*
 * KVM_EVENTFD_VM_LINES and KVM_EVENTFD_EOI; the value is the number of lines.
 * Enabled on such a VM: args[0] is the first line, args[1] how many, args[2]
 * their trigger.
 */
#define KVM_EVENTFD_CAP_LINES		(KVM_EVENTFD_CAP_BASE + 16)
#define KVM_EVENTFD_CAP_FETCH		(KVM_EVENTFD_CAP_BASE + 17)
/* KVM_EVENTFD_SET_ADAPTER; the value is the number of adapters. */
#define KVM_EVENTFD_CAP_ADAPTER		(KVM_EVENTFD_CAP_BASE + 20)

#endif /* _UAPI_LINUX_KVM_EVENTFD_H */
