// SPDX-License-Identifier: GPL-2.0
/* The half of the ioctl dispatcher that copies arguments. */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <kev/machine/ioctl.h>

/**
 * kev_ioctl_copy - Run a handler that takes or gives a copied argument
 * @row:	Its row.
 * @obj:	Passed to the handler.
 * @uarg:	The raw argument.
 *
 * Context: Process context.
 * Return: What the handler returned; -EFAULT when the argument cannot be copied
 *	   in, or (after the handler ran) out.
 */
long kev_ioctl_copy(const struct kev_ioctl *row, void *obj, unsigned long uarg)
{
	/* Whole before it is used; to clear it would cost more than to copy. */
	u64 arg[KEV_ARG_MAX / sizeof(u64)] __uninitialized;
	unsigned int size = _IOC_SIZE(row->cmd);
	long ret;

	if (!(row->flags & KEV_IN))
		memset(arg, 0, size);
	else if (copy_from_user(arg, (void __user *)uarg, size))
		return -EFAULT;

	ret = row->fn(obj, arg, uarg);

	if (ret >= 0 && (row->flags & KEV_OUT) &&
	    copy_to_user((void __user *)uarg, arg, size))
		return -EFAULT;
	return ret;
}
