/* SPDX-License-Identifier: GPL-2.0 */
/* A split virtqueue as its driver sees it. */
#ifndef VMM_VIRTQUEUE_H
#define VMM_VIRTQUEUE_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

struct memory;

/* Entries of a queue; a power of two. */
#define VIRTQUEUE_SIZE	256

/* Bytes of the buffer that each descriptor points to. */
#define VIRTQUEUE_BUF	2048

/**
 * struct virtqueue - One split virtqueue with a fixed buffer per descriptor
 * @vring:	The rings, in guest memory.
 * @buffers:	VIRTQUEUE_SIZE buffers, in guest memory.
 * @to_driver:	The device writes the buffers (receive).
 * @avail:	Entries ever made available, mod 2^16.
 * @used:	Entries ever taken back, mod 2^16.
 * @free:	Stack of descriptors that the driver has,
 * @nr_free:	and its height.
 */
struct virtqueue {
	struct vring vring;
	uint8_t *buffers;
	bool to_driver;
	uint16_t avail;
	uint16_t used;
	uint16_t free[VIRTQUEUE_SIZE];
	unsigned int nr_free;
};

void virtqueue_create(struct virtqueue *vq, struct memory *mem,
		      bool to_driver);
void *virtqueue_get_buf(struct virtqueue *vq);
void virtqueue_add(struct virtqueue *vq, uint32_t len);
bool virtqueue_needs_kick(const struct virtqueue *vq);
void *virtqueue_get_used(struct virtqueue *vq, uint32_t *len);

#endif /* VMM_VIRTQUEUE_H */
