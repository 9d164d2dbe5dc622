// SPDX-License-Identifier: GPL-2.0
/*
 * Batched calls.
 *
 * User memory may fault for as long as its owner likes, so it is read with nothing
 * half done: a chunk of entries is copied, done and completed before the next.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <kev/base/batch.h>

/*
 * How many entries could be read into @chunk: entry by entry, for not every
 * architecture tells exactly where a copy faulted.
 */
static unsigned int chunk_read(const struct kev_batch *batch, void *chunk,
			       const void __user *entries, unsigned int nr)
{
	size_t size = batch->size;
	unsigned int i;

	nr = min(nr, KEV_BATCH_CHUNK);
	for (i = 0; i < nr; i++)
		if (copy_from_user(chunk + i * size, entries + i * size, size))
			break;
	return i;
}

/* How many of @nr entries were done, and in *@error why no more. */
static unsigned int chunk_run(const struct kev_batch *batch, void *data,
			      const void *chunk, unsigned int nr, int *error)
{
	unsigned int done;

	for (done = 0; done < nr; done++) {
		*error = kev_batch_pause();
		if (!*error)
			*error = batch->one(data, chunk + done * batch->size);
		if (*error)
			break;
	}
	if (batch->chunk_done)
		batch->chunk_done(data);
	return done;
}

/**
 * kev_batch_run - Do entries until one fails
 * @batch:	How.
 * @data:	Passed on.
 * @entries:	@nr of them in user space.
 * @nr:		Any number.
 *
 * Context: Process context, under no lock.
 * Return: How many were done before one failed; its errno when that is the first;
 *	   -ENOMEM; -EFAULT; -EINTR: the caller is being killed.
 */
int kev_batch_run(const struct kev_batch *batch, void *data,
		  const void __user *entries, unsigned int nr)
{
	unsigned int done = 0;
	unsigned int n;
	void *chunk;
	int ret = 0;

	chunk = kvmalloc_array(clamp(nr, 1u, KEV_BATCH_CHUNK), batch->size,
			       GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return -ENOMEM;

	while (done < nr && !ret) {
		n = chunk_read(batch, chunk, entries + done * batch->size,
			       nr - done);
		if (n)
			done += chunk_run(batch, data, chunk, n, &ret);
		else
			ret = -EFAULT;
	}
	kvfree(chunk);
	return done ? done : ret;
}
