// SPDX-License-Identifier: GPL-2.0
/* Making an fd in two steps, so that nothing fails once the object is there. */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>

#include <kev/node/file.h>

/**
 * kev_fd_prepare - Do all that can fail in making an fd
 * @fd:		Filled.
 * @name:	For /proc.
 * @fops:	Of the file; release must accept private data of NULL.
 * @flags:	O_RDWR or O_RDONLY; O_CLOEXEC is added.
 * @fmode:	Added to the file's mode.
 *
 * Context: Process context.
 * Return: 0; -EMFILE, -ENFILE, -ENOMEM.
 */
int kev_fd_prepare(struct kev_fd *fd, const char *name,
		   const struct file_operations *fops, int flags,
		   fmode_t fmode)
{
	fd->fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd->fd < 0)
		return fd->fd;

	fd->file = anon_inode_getfile(name, fops, NULL, flags | O_CLOEXEC);
	if (IS_ERR(fd->file)) {
		put_unused_fd(fd->fd);
		return PTR_ERR(fd->file);
	}
	fd->file->f_mode |= fmode;
	return 0;
}

/**
 * kev_fd_commit - Make a prepared fd visible
 * @fd:		Prepared.
 * @obj:	Its private data; the caller's reference is the file's now.
 *
 * Return: The fd's number.
 */
int kev_fd_commit(struct kev_fd *fd, void *obj)
{
	fd->file->private_data = obj;
	fd_install(fd->fd, fd->file);
	return fd->fd;
}

/**
 * kev_fd_abort - Undo kev_fd_prepare()
 * @fd:		Prepared.
 */
void kev_fd_abort(struct kev_fd *fd)
{
	put_unused_fd(fd->fd);
	fput(fd->file);
}
