/* SPDX-License-Identifier: GPL-2.0 */
/* Fds that nobody can see yet: file.c's verbs. */
#ifndef _KEV_FILE_H
#define _KEV_FILE_H

#include <linux/types.h>

struct file;
struct file_operations;

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

#endif /* _KEV_FILE_H */
