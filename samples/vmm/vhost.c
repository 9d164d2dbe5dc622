// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's vhost-net: the device that the guest's driver talks to.
 *
 * It is told where guest memory is, where the rings are, which eventfd kicks a
 * queue (the module signals it, doorbell.c) and which one calls the guest (the
 * module drains it, irq.c).  From then on this program is in neither path.
 */
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memory.h"
#include "util.h"
#include "vhost.h"
#include "virtqueue.h"

#define VHOST_NODE	"/dev/vhost-net"

static void vhost_set_features(struct vhost *vhost)
{
	uint64_t features;

	checked_ioctl(vhost->fd, VHOST_GET_FEATURES, &features,
		      "read vhost-net's features");
	if (!(features & 1ULL << VIRTIO_F_VERSION_1))
		die("this vhost-net lacks VIRTIO_F_VERSION_1: use a newer kernel");

	/* Neither mergeable buffers nor EVENT_IDX: the plainest rings. */
	features = 1ULL << VIRTIO_F_VERSION_1;
	checked_ioctl(vhost->fd, VHOST_SET_FEATURES, &features,
		      "set vhost-net's features");
}

static void vhost_set_memory(struct vhost *vhost, const struct memory *mem)
{
	struct vhost_memory *table;

	table = calloc(1, sizeof(*table) + sizeof(table->regions[0]));
	if (!table)
		die("out of memory");

	table->nregions = 1;
	table->regions[0].guest_phys_addr = mem->gpa;
	table->regions[0].memory_size = mem->size;
	table->regions[0].userspace_addr = (uintptr_t)mem->host;
	checked_ioctl(vhost->fd, VHOST_SET_MEM_TABLE, table,
		      "tell vhost-net of the guest's memory");
	free(table);
}

/**
 * vhost_create() - Open vhost-net for a guest's memory
 * @vhost:	To fill.
 * @mem:	The guest's memory.
 */
void vhost_create(struct vhost *vhost, const struct memory *mem)
{
	vhost->fd = node_open(VHOST_NODE,
			      "load the vhost_net module (modprobe vhost_net)");
	checked_ioctl(vhost->fd, VHOST_SET_OWNER, NULL, "own vhost-net");
	vhost_set_features(vhost);
	vhost_set_memory(vhost, mem);
}

/**
 * vhost_add_queue() - Tell vhost-net of a virtqueue
 * @vhost:	From vhost_create().
 * @index:	0 receive, 1 transmit.
 * @vq:		Its rings.
 * @kick:	The eventfd that wakes vhost.
 * @call:	The eventfd that vhost interrupts with.
 */
void vhost_add_queue(struct vhost *vhost, unsigned int index,
		     const struct virtqueue *vq, int kick, int call)
{
	struct vhost_vring_state num = { index, VIRTQUEUE_SIZE };
	struct vhost_vring_file kick_file = { index, kick };
	struct vhost_vring_file call_file = { index, call };
	struct vhost_vring_state base = { index, 0 };
	struct vhost_vring_addr addr = {
		.index = index,
		.desc_user_addr = (uintptr_t)vq->vring.desc,
		.used_user_addr = (uintptr_t)vq->vring.used,
		.avail_user_addr = (uintptr_t)vq->vring.avail,
	};

	checked_ioctl(vhost->fd, VHOST_SET_VRING_NUM, &num,
		      "set the size of a ring");
	checked_ioctl(vhost->fd, VHOST_SET_VRING_BASE, &base,
		      "set the start of a ring");
	checked_ioctl(vhost->fd, VHOST_SET_VRING_ADDR, &addr,
		      "set the addresses of a ring");
	checked_ioctl(vhost->fd, VHOST_SET_VRING_KICK, &kick_file,
		      "give vhost-net a kick eventfd");
	checked_ioctl(vhost->fd, VHOST_SET_VRING_CALL, &call_file,
		      "give vhost-net a call eventfd");
}

/**
 * vhost_set_backend() - Start a queue on a tap, or stop it
 * @vhost:	From vhost_create().
 * @index:	The queue.
 * @fd:		The tap's file, or -1 to stop.
 */
void vhost_set_backend(struct vhost *vhost, unsigned int index, int fd)
{
	struct vhost_vring_file file = { index, fd };

	checked_ioctl(vhost->fd, VHOST_NET_SET_BACKEND, &file,
		      fd < 0 ? "stop a queue of vhost-net" :
			       "start a queue of vhost-net on the tap");
}

/**
 * vhost_destroy() - Close vhost-net
 * @vhost:	From vhost_create(), with both queues stopped.
 */
void vhost_destroy(struct vhost *vhost)
{
	close(vhost->fd);
}
