/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What batched calls share.
 *
 * User memory may fault for as long as its owner likes, so it is read with nothing
 * half done: a chunk of entries is copied, done and completed before the next.
 */
#ifndef _KEV_BATCH_H
#define _KEV_BATCH_H

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

/* Entries that are copied, and whose ends are completed, together. */
#define KEV_BATCH_CHUNK		1024u

/* Room for a chunk of a batch of @nr entries; kvfree() it. */
static inline void *kev_batch_alloc(unsigned int nr, size_t size)
{
	return kvmalloc_array(clamp(nr, 1u, KEV_BATCH_CHUNK), size,
			      GFP_KERNEL_ACCOUNT);
}

/*
 * Copy the next chunk of @nr entries that are left.  Returns how many could be
 * read: entry by entry, for not every architecture tells exactly where a copy
 * faulted.
 */
static inline unsigned int kev_batch_read(void *chunk,
					  const void __user *entries,
					  unsigned int nr, size_t size)
{
	unsigned int i;

	nr = min(nr, KEV_BATCH_CHUNK);
	for (i = 0; i < nr; i++)
		if (copy_from_user(chunk + i * size, entries + i * size, size))
			break;
	return i;
}

/* Between two entries: let others run; -EINTR when the caller is being killed. */
static inline int kev_batch_pause(void)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return 0;
}

#endif /* _KEV_BATCH_H */
