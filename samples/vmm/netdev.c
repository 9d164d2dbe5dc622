// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's virtio-net driver: it fills the virtqueues, rings doorbells,
 * and looks at a queue when that queue's interrupt was taken.
 *
 * ping.c sends and receives through it.  vhost.c is the other side, but for
 * the moments of connecting and disconnecting the two meet in guest memory,
 * in the module, and nowhere else.
 */
#include <string.h>

#include "memory.h"
#include "net.h"
#include "netdev.h"
#include "uring.h"
#include "util.h"
#include "vcpu.h"
#include "vhost.h"
#include "vm.h"

/* A notify capability as virtio-pci has it: one register for each queue. */
#define NOTIFY_BASE		0xfebf3000ULL
#define NOTIFY_MULTIPLIER	4

/* GSIs above the IOAPIC's pins, and vectors of two priority classes. */
#define NETDEV_GSI(queue)	(24 + (queue))
#define NETDEV_VECTOR(queue)	(0x41 + 0x10 * (queue))

static const char * const netdev_names[NETDEV_QUEUES] = { "rx", "tx" };

/* Receive matches 2 bytes by value; transmit by its address alone. */
static void netdev_create_bell(struct netdev *dev, struct vm *vm,
			       unsigned int queue)
{
	struct doorbell *bell = &dev->bell[queue];

	bell->gpa = NOTIFY_BASE + queue * NOTIFY_MULTIPLIER;
	bell->value = queue;
	bell->any = queue == NETDEV_TX;
	bell->vcpu = dev->vcpu;
	bell->uring = dev->uring;
	doorbell_create(bell, vm);
}

/**
 * netdev_create() - Lay the device out and bind its eventfds to the VM
 * @dev:	With vcpu, uring, receive and opaque filled, otherwise 0.
 * @vm:		The VM.
 * @mem:	The guest's memory.
 */
void netdev_create(struct netdev *dev, struct vm *vm, struct memory *mem)
{
	unsigned int i;

	for (i = 0; i < NETDEV_QUEUES; i++) {
		virtqueue_create(&dev->vq[i], mem, i == NETDEV_RX);
		netdev_create_bell(dev, vm, i);
		dev->irq[i].name = netdev_names[i];
		dev->irq[i].gsi = NETDEV_GSI(i);
		dev->irq[i].vector = NETDEV_VECTOR(i);
	}
	irqs_create(dev->irq, NETDEV_QUEUES, vm);
	doorbell_check_mismatch(&dev->bell[NETDEV_RX]);
}

/**
 * netdev_destroy() - Take the device's eventfds off the VM
 * @dev:	From netdev_create(), disconnected.
 * @vm:		The VM.
 */
void netdev_destroy(struct netdev *dev, struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < NETDEV_QUEUES; i++) {
		irq_destroy(&dev->irq[i], vm);
		doorbell_destroy(&dev->bell[i], vm);
	}
}

static void netdev_kick(struct netdev *dev, unsigned int queue)
{
	if (virtqueue_needs_kick(&dev->vq[queue]))
		doorbell_ring(&dev->bell[queue]);
}

/**
 * netdev_connect() - Hand the queues to vhost and offer all receive buffers
 * @dev:	From netdev_create().
 * @vhost:	The device's other side.
 * @tap:	Its backend.
 */
void netdev_connect(struct netdev *dev, struct vhost *vhost, int tap)
{
	unsigned int i;

	for (i = 0; i < NETDEV_QUEUES; i++)
		vhost_add_queue(vhost, i, &dev->vq[i], dev->bell[i].kick,
				dev->irq[i].call);
	for (i = 0; i < NETDEV_QUEUES; i++)
		vhost_set_backend(vhost, i, tap);

	while (virtqueue_get_buf(&dev->vq[NETDEV_RX]))
		virtqueue_add(&dev->vq[NETDEV_RX], VIRTQUEUE_BUF);
	netdev_kick(dev, NETDEV_RX);
}

/**
 * netdev_disconnect() - Stop both queues and take what they still raised
 * @dev:	Connected.
 * @vhost:	The device's other side.
 */
void netdev_disconnect(struct netdev *dev, struct vhost *vhost)
{
	unsigned int i;

	for (i = 0; i < NETDEV_QUEUES; i++)
		vhost_set_backend(vhost, i, -1);
	netdev_interrupts(dev);
}

static void netdev_reclaim(struct netdev *dev)
{
	uint32_t len;

	while (virtqueue_get_used(&dev->vq[NETDEV_TX], &len))
		;
}

/**
 * netdev_get_frame() - Room for the next frame to send
 * @dev:	The device.
 *
 * Return: NET_FRAME_MAX bytes.
 */
void *netdev_get_frame(struct netdev *dev)
{
	uint8_t *buf = virtqueue_get_buf(&dev->vq[NETDEV_TX]);

	if (!buf)
		die("vhost-net keeps all %d transmit buffers: the doorbells do not reach it",
		    VIRTQUEUE_SIZE);
	memset(buf, 0, NETDEV_HEADER);

	return buf + NETDEV_HEADER;
}

/**
 * netdev_send() - Send the frame in netdev_get_frame()'s room
 * @dev:	The device.
 * @len:	The frame's length.
 */
void netdev_send(struct netdev *dev, size_t len)
{
	virtqueue_add(&dev->vq[NETDEV_TX], NETDEV_HEADER + len);
	dev->frames_out++;
	netdev_kick(dev, NETDEV_TX);
}

/**
 * netdev_receive() - Hand over what is in the receive queue
 * @dev:	The device.
 * @announced:	An interrupt of that queue has been taken.
 */
void netdev_receive(struct netdev *dev, bool announced)
{
	struct virtqueue *vq = &dev->vq[NETDEV_RX];
	const uint8_t *buf;
	uint32_t len;

	while ((buf = virtqueue_get_used(vq, &len))) {
		if (len < NETDEV_HEADER)
			die("vhost-net received %u bytes, less than a header",
			    len);
		dev->frames_in++;
		dev->receive(dev->opaque, buf + NETDEV_HEADER,
			     len - NETDEV_HEADER, announced);
		virtqueue_add(vq, VIRTQUEUE_BUF);
	}
	netdev_kick(dev, NETDEV_RX);
}

/**
 * netdev_interrupts() - Take every interrupt that is there now
 * @dev:	The device.
 */
void netdev_interrupts(struct netdev *dev)
{
	struct irq *irq;

	while (vcpu_pending(dev->vcpu)) {
		irq = irq_take(dev->irq, NETDEV_QUEUES, dev->vcpu);
		if (!irq)
			die("the vCPU's pending word is set, but nothing can be taken");

		if (irq == &dev->irq[NETDEV_RX])
			netdev_receive(dev, true);
		else
			netdev_reclaim(dev);
	}
}

/**
 * netdev_sleep() - Wait for an interrupt
 * @dev:	The device.
 * @timeout_ns:	At most this long.
 *
 * It may return early, with none.
 */
void netdev_sleep(struct netdev *dev, uint64_t timeout_ns)
{
	bool woken;

	if (dev->uring)
		woken = uring_wait(dev->uring, timeout_ns);
	else
		woken = vcpu_wait(dev->vcpu, timeout_ns);
	dev->by_poll += woken;
}
