/* SPDX-License-Identifier: GPL-2.0 */
/* What the node's files share: fds and capabilities. */
#ifndef _KEV_NODE_H
#define _KEV_NODE_H

#include <linux/types.h>

struct file;
struct file_operations;
struct kev_vm;

/**
 * struct kev_fd - An fd that nobody can see yet
 * @fd:		Its number.
 * @file:	Its file, whose private data is NULL: release must accept that.
 */
struct kev_fd {
	int fd;
	struct file *file;
};

int kev_fd_prepare(struct kev_fd *fd, const char *name,
		   const struct file_operations *fops, int flags,
		   fmode_t fmode);
int kev_fd_commit(struct kev_fd *fd, void *obj);
void kev_fd_abort(struct kev_fd *fd);

/* KVM_CHECK_EXTENSION of the node (@vm NULL) or of a VM; 0 when not offered. */
int kev_check_extension(struct kev_vm *vm, unsigned long cap);

#endif /* _KEV_NODE_H */
