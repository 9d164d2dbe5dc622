/* SPDX-License-Identifier: GPL-2.0 */
/* Between two entries of a batched call. */
#ifndef _KEV_BATCH_H
#define _KEV_BATCH_H

#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

/* Let others run; -EINTR when the caller is being killed. */
static inline int kev_batch_pause(void)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return 0;
}

#endif /* _KEV_BATCH_H */
