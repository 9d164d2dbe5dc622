/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ioctls as rows of a table: number, direction, handler.
 *
 * KVM's direction bits cannot be trusted (KVM_SET_IRQCHIP is declared _IOR),
 * so each row says what to copy.
 */
#ifndef _KEV_IOCTL_H
#define _KEV_IOCTL_H

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/ioctl.h>
#include <linux/types.h>

/* The largest argument that the dispatcher copies; handlers copy larger. */
#define KEV_ARG_MAX	128

#define KEV_IN		BIT(0)	/* copy the argument from user space first */
#define KEV_OUT		BIT(1)	/* copy it back when the handler returns >= 0 */

/**
 * struct kev_ioctl - One row
 * @cmd:	The whole ioctl number.
 * @flags:	KEV_IN, KEV_OUT.
 * @fn:		Handler.  @obj is the struct kev_vm or kev_vcpu; @arg the copy
 *		(with KEV_IN or KEV_OUT), @uarg the raw argument.  Process
 *		context, may sleep.  Returns what the ioctl returns.
 */
struct kev_ioctl {
	unsigned int cmd;
	unsigned int flags;
	long (*fn)(void *obj, void *arg, unsigned long uarg);
};

#define KEV_IOCTL(_cmd, _flags, _fn)					\
	{								\
		.cmd = (_cmd) + BUILD_BUG_ON_ZERO(			\
			((_flags) & (KEV_IN | KEV_OUT)) &&		\
			_IOC_SIZE(_cmd) > KEV_ARG_MAX),			\
		.flags = (_flags),					\
		.fn = (_fn),						\
	}

/* A row of what is in the build when @_on is true, else ENOTTY. */
#define KEV_IOCTL_IF(_on, _cmd, _flags, _fn)				\
	KEV_IOCTL(_cmd, (_on) ? (_flags) : 0, (_on) ? (_fn) : kev_no_ioctl)

/* The end of a table. */
#define KEV_IOCTL_END	{ }

/* Handler of what this build does not have. */
static inline long kev_no_ioctl(void *obj, void *arg, unsigned long uarg)
{
	return -ENOTTY;
}

long kev_ioctl_copy(const struct kev_ioctl *row, void *obj, unsigned long uarg);

/**
 * kev_ioctl_dispatch - Run the handler of an ioctl
 * @table:	Rows, hot ones first; or NULL.
 * @obj:	Passed to the handler.
 * @cmd:	The ioctl.
 * @uarg:	Its raw argument.
 *
 * Context: Process context.
 * Return: What the handler returned; -ENOTTY without a row; -EFAULT when the
 *	   argument cannot be copied in, or (after the handler ran) out.
 */
static inline long kev_ioctl_dispatch(const struct kev_ioctl *table, void *obj,
				      unsigned int cmd, unsigned long uarg)
{
	for (; table && table->cmd; table++) {
		if (table->cmd != cmd)
			continue;
		return table->flags ? kev_ioctl_copy(table, obj, uarg) :
				      table->fn(obj, NULL, uarg);
	}
	return -ENOTTY;
}

#endif /* _KEV_IOCTL_H */
