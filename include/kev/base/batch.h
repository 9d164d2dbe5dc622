/* SPDX-License-Identifier: GPL-2.0 */
/* Batched calls: many entries in user memory, done one by one. */
#ifndef _KEV_BATCH_H
#define _KEV_BATCH_H

#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/types.h>

/* Entries that are copied, and whose ends are completed, together. */
#define KEV_BATCH_CHUNK		1024u

/**
 * struct kev_batch - What is done with the entries of a batch
 * @size:	Of one, in bytes.
 * @one:	Do one.  0, or the errno that ends the batch.
 * @chunk_done:	Complete what @one began, behind the last one of a chunk.  NULL:
 *		@one leaves nothing to do.
 *
 * Both are called with what kev_batch_run() was given, in process context.
 */
struct kev_batch {
	size_t size;
	int (*one)(void *data, const void *entry);
	void (*chunk_done)(void *data);
};

int kev_batch_run(const struct kev_batch *batch, void *data,
		  const void __user *entries, unsigned int nr);

/* Between two entries: let others run; -EINTR when the caller is being killed. */
static inline int kev_batch_pause(void)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return 0;
}

#endif /* _KEV_BATCH_H */
