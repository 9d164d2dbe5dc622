// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's side of a split virtqueue (virtio 1.x, little-endian, no
 * EVENT_IDX).  netdev.c is the driver; vhost reads and writes the same memory.
 *
 * A descriptor always points to its own buffer, and no chain is longer than
 * one, so that only lengths change.
 */
#include <endian.h>
#include <stddef.h>
#include <string.h>

#include "memory.h"
#include "util.h"
#include "virtqueue.h"

#define VIRTQUEUE_ALIGN	4096

/**
 * virtqueue_create() - Lay a queue out in guest memory
 * @vq:		To fill; the driver has all its descriptors.
 * @mem:	The guest's memory.
 * @to_driver:	The device writes the buffers.
 */
void virtqueue_create(struct virtqueue *vq, struct memory *mem,
		      bool to_driver)
{
	struct vring_desc *desc;
	uint64_t gpa;
	uint16_t i;

	memset(vq, 0, sizeof(*vq));
	vq->to_driver = to_driver;
	vq->buffers = memory_alloc(mem, VIRTQUEUE_SIZE * VIRTQUEUE_BUF);
	vring_init(&vq->vring, VIRTQUEUE_SIZE,
		   memory_alloc(mem, vring_size(VIRTQUEUE_SIZE,
						VIRTQUEUE_ALIGN)),
		   VIRTQUEUE_ALIGN);

	gpa = memory_gpa(mem, vq->buffers);
	for (i = 0; i < VIRTQUEUE_SIZE; i++) {
		desc = &vq->vring.desc[i];
		desc->addr = htole64(gpa + (uint64_t)i * VIRTQUEUE_BUF);
		desc->flags = htole16(to_driver ? VRING_DESC_F_WRITE : 0);
		vq->free[vq->nr_free++] = VIRTQUEUE_SIZE - 1 - i;
	}
}

/**
 * virtqueue_get_buf() - The buffer that virtqueue_add() will hand over next
 * @vq:		The queue.
 *
 * Return: VIRTQUEUE_BUF bytes, or NULL when the device has all of them.
 */
void *virtqueue_get_buf(struct virtqueue *vq)
{
	if (!vq->nr_free)
		return NULL;

	return vq->buffers + (size_t)vq->free[vq->nr_free - 1] * VIRTQUEUE_BUF;
}

/**
 * virtqueue_add() - Make the next buffer available to the device
 * @vq:		The queue, with a buffer left.
 * @len:	Bytes to send, or room to receive.
 */
void virtqueue_add(struct virtqueue *vq, uint32_t len)
{
	uint16_t slot = vq->avail % VIRTQUEUE_SIZE;
	uint16_t id = vq->free[--vq->nr_free];

	vq->vring.desc[id].len = htole32(len);
	vq->vring.avail->ring[slot] = htole16(id);
	vq->avail++;

	/* The device reads the entry only after it has seen the index. */
	__atomic_store_n(&vq->vring.avail->idx, htole16(vq->avail),
			 __ATOMIC_RELEASE);
}

/**
 * virtqueue_needs_kick() - Must the device be told of what was added?
 * @vq:		The queue.
 *
 * Return: false while the device says that it looks by itself.
 */
bool virtqueue_needs_kick(const struct virtqueue *vq)
{
	uint16_t flags;

	/*
	 * The device sets its flag and then looks at the index again: one of
	 * the two sides sees what the other one wrote.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flags = __atomic_load_n(&vq->vring.used->flags, __ATOMIC_RELAXED);

	return !(le16toh(flags) & VRING_USED_F_NO_NOTIFY);
}

/**
 * virtqueue_get_used() - Take one buffer back from the device
 * @vq:		The queue.
 * @len:	Bytes that the device wrote.
 *
 * The descriptor is the driver's again; its buffer stays valid until the next
 * virtqueue_add().
 *
 * Return: the buffer, or NULL when the device returned no more.
 */
void *virtqueue_get_used(struct virtqueue *vq, uint32_t *len)
{
	const struct vring_used_elem *elem;
	uint16_t idx;
	uint32_t id;

	/* The entry is complete once the index covers it. */
	idx = le16toh(__atomic_load_n(&vq->vring.used->idx, __ATOMIC_ACQUIRE));
	if (idx == vq->used)
		return NULL;

	elem = &vq->vring.used->ring[vq->used % VIRTQUEUE_SIZE];
	id = le32toh(elem->id);
	*len = le32toh(elem->len);
	if (id >= VIRTQUEUE_SIZE || *len > VIRTQUEUE_BUF ||
	    vq->nr_free == VIRTQUEUE_SIZE)
		die("vhost returned a buffer that it was not given (id %u, %u bytes)",
		    id, *len);

	vq->used++;
	vq->free[vq->nr_free++] = id;

	return vq->buffers + (size_t)id * VIRTQUEUE_BUF;
}
