/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's virtio-net device, as its driver has it. */
#ifndef VMM_NETDEV_H
#define VMM_NETDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "doorbell.h"
#include "irq.h"
#include "virtqueue.h"

struct memory;
struct uring;
struct vcpu;
struct vhost;
struct vm;

/* Queue numbers of a virtio-net device. */
enum netdev_queue {
	NETDEV_RX,
	NETDEV_TX,
	NETDEV_QUEUES,
};

/* struct virtio_net_hdr_v1, which precedes each frame in a buffer. */
#define NETDEV_HEADER	12

/**
 * struct netdev - The device and its driver's state
 * @vcpu:	Who runs the driver.
 * @uring:	Through which ring; NULL for system calls.
 * @vq:		The virtqueues.
 * @irq:	What the device raises for each of them.
 * @bell:	What the driver rings for each of them.
 * @receive:	Gets every frame; @announced when an interrupt of the receive
 *		queue was taken before it was found.
 * @opaque:	@receive's.
 * @frames_out:	Frames handed to the device.
 * @frames_in:	Frames that it handed over.
 * @by_poll:	Times that a sleep ended because there was one.
 */
struct netdev {
	struct vcpu *vcpu;
	struct uring *uring;
	struct virtqueue vq[NETDEV_QUEUES];
	struct irq irq[NETDEV_QUEUES];
	struct doorbell bell[NETDEV_QUEUES];
	void (*receive)(void *opaque, const void *frame, size_t len,
			bool announced);
	void *opaque;
	uint64_t frames_out;
	uint64_t frames_in;
	uint64_t by_poll;
};

void netdev_create(struct netdev *dev, struct vm *vm, struct memory *mem);
void netdev_destroy(struct netdev *dev, struct vm *vm);
void netdev_connect(struct netdev *dev, struct vhost *vhost, int tap);
void netdev_disconnect(struct netdev *dev, struct vhost *vhost);
void *netdev_get_frame(struct netdev *dev);
void netdev_send(struct netdev *dev, size_t len);
void netdev_receive(struct netdev *dev, bool announced);
void netdev_interrupts(struct netdev *dev);
void netdev_sleep(struct netdev *dev, uint64_t timeout_ns);

#endif /* VMM_NETDEV_H */
