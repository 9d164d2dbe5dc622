/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's vhost-net device. */
#ifndef VMM_VHOST_H
#define VMM_VHOST_H

struct memory;
struct virtqueue;

/**
 * struct vhost - An open vhost-net
 * @fd:		Its file.
 */
struct vhost {
	int fd;
};

void vhost_create(struct vhost *vhost, const struct memory *mem);
void vhost_add_queue(struct vhost *vhost, unsigned int index,
		     const struct virtqueue *vq, int kick, int call);
void vhost_set_backend(struct vhost *vhost, unsigned int index, int fd);
void vhost_destroy(struct vhost *vhost);

#endif /* VMM_VHOST_H */
