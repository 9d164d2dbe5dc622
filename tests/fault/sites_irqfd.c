// SPDX-License-Identifier: GPL-2.0
/* irqfds: bound, signalled, ended. */
#include <string.h>
#include <unistd.h>

#include "fault.h"

#define NR_BATCH	6

static long assign(struct env *env)
{
	return __irqfd(env->m.vm, env->efd[0], GSI_MSI, 0, 0);
}

static long assign_unrouted(struct env *env)
{
	return __irqfd(env->m.vm, env->efd[0], 3000, 0, 0);
}

static long assign_pin(struct env *env)
{
	return __irqfd(env->m.vm, env->efd[0], 5, 0, 0);
}

static long assign_resample(struct env *env)
{
	return __irqfd(env->m.vm, env->efd[0], 5, KVM_IRQFD_FLAG_RESAMPLE,
		       env->efd[1]);
}

static long deassign(struct env *env)
{
	return __irqfd(env->m.vm, env->efd[0], GSI_MSI,
		       KVM_IRQFD_FLAG_DEASSIGN, 0);
}

static long deassign_resample(struct env *env)
{
	return __irqfd(env->m.vm, env->efd[0], 5, KVM_IRQFD_FLAG_DEASSIGN, 0);
}

static void bind_one(struct env *env)
{
	irqfd_assign(env->m.vm, env->efd[0], GSI_MSI);
}

static void bind_peer(struct env *env)
{
	irqfd_assign(env->m.vm, env->efd[2], GSI_MSI);
}

static void bind_both(struct env *env)
{
	bind_one(env);
	bind_peer(env);
}

static void bind_pin(struct env *env)
{
	irqfd_assign(env->m.vm, env->efd[0], 5);
}

static void bind_resample(struct env *env)
{
	irqfd_assign_resample(env->m.vm, env->efd[0], 5, env->efd[1]);
}

static void bind_resample_peer(struct env *env)
{
	irqfd_assign_resample(env->m.vm, env->efd[2], 5, env->efd[3]);
}

static void bind_resample_both(struct env *env)
{
	bind_resample(env);
	bind_resample_peer(env);
}

/* An event from before the assign is injected by it, or is still there. */
static long assign_signalled(struct env *env)
{
	long ret;

	kev_signal(env->efd[0]);
	ret = __irqfd(env->m.vm, env->efd[0], GSI_MSI, 0, 0);
	if (ret < 0) {
		int err = errno;

		kev_assert(kev_count(env->efd[0]) == 1, "the event stayed");
		errno = err;
	}
	return ret;
}

/*
 * From entry @done on, where a call before this one stopped.  With a resamplefd
 * there is one, of the highest number, for all.
 */
static long batch(struct env *env, unsigned int done, uint32_t flags)
{
	struct kvm_irqfd entries[NR_BATCH];
	struct kvm_eventfd_batch args = {
		.entries = (uintptr_t)(entries + done),
		.nr = NR_BATCH - done,
	};
	unsigned int i;

	memset(entries, 0, sizeof(entries));
	for (i = 0; i < NR_BATCH; i++) {
		entries[i].fd = env->efd[i];
		entries[i].gsi = GSI_MSI + i * 50;
		entries[i].flags = flags;
		entries[i].resamplefd = env->efd[NR_BATCH];
	}
	return ioctl(env->m.vm, KVM_EVENTFD_IRQFDS, &args);
}

static long batch_assign(struct env *env)
{
	long ret = batch(env, env->done, 0);

	if (ret > 0)
		env->done += ret;
	return ret;
}

static long batch_resample(struct env *env)
{
	long ret = batch(env, env->done, KVM_IRQFD_FLAG_RESAMPLE);

	if (ret > 0)
		env->done += ret;
	return ret;
}

static void bind_batch_resample(struct env *env)
{
	kev_assert(batch(env, 0, KVM_IRQFD_FLAG_RESAMPLE) == NR_BATCH,
		   "KVM_EVENTFD_IRQFDS");
}

static void bind_batch(struct env *env)
{
	kev_assert(batch(env, 0, 0) == NR_BATCH, "KVM_EVENTFD_IRQFDS");
}

static long batch_deassign(struct env *env)
{
	return batch(env, 0, KVM_IRQFD_FLAG_DEASSIGN);
}

static long signal_eventfd(struct env *env)
{
	uint64_t one = 1;

	return write(env->efd[0], &one, sizeof(one));
}

/* The last reference to the eventfd: the kernel ends its irqfd. */
static long close_eventfd(struct env *env)
{
	int ret = close(env->efd[0]);

	env->efd[0] = -1;
	return ret;
}

static const struct site irqfd_sites[] = {
	{ "IRQFD", KEV_CHIP_FULL, 1, 0, NULL, assign },
	{ "IRQFD on a GSI that has one", KEV_CHIP_FULL, 1, 0, bind_peer,
	  assign },
	{ "IRQFD on a GSI far off", KEV_CHIP_FULL, 1, SITE_ASYNC, NULL,
	  assign_unrouted },
	{ "IRQFD on a pin", KEV_CHIP_FULL, 1, SITE_ASYNC, NULL, assign_pin },
	{ "IRQFD with an event waiting", KEV_CHIP_FULL, 1, SITE_ASYNC,
	  NULL, assign_signalled },
	{ "IRQFD RESAMPLE", KEV_CHIP_FULL, 1, SITE_ASYNC, NULL,
	  assign_resample },
	{ "IRQFD RESAMPLE on a GSI that has one", KEV_CHIP_FULL, 1, SITE_ASYNC,
	  bind_resample_peer, assign_resample },
	{ "IRQFD DEASSIGN", KEV_CHIP_FULL, 1, 0, bind_one, deassign },
	{ "IRQFD DEASSIGN of one of two", KEV_CHIP_FULL, 1, 0, bind_both,
	  deassign },
	{ "IRQFD DEASSIGN RESAMPLE", KEV_CHIP_FULL, 1, SITE_ASYNC,
	  bind_resample, deassign_resample },
	{ "IRQFD DEASSIGN RESAMPLE of one of two", KEV_CHIP_FULL, 1,
	  SITE_ASYNC, bind_resample_both, deassign_resample },
	{ "IRQFDS, 6 assigned", KEV_CHIP_FULL, 1, SITE_PARTIAL, NULL,
	  batch_assign },
	{ "IRQFDS, 6 deassigned", KEV_CHIP_FULL, 1, 0, bind_batch,
	  batch_deassign },
	{ "IRQFDS, 6 assigned, RESAMPLE", KEV_CHIP_FULL, 1,
	  SITE_PARTIAL | SITE_ASYNC, NULL, batch_resample },
	{ "IRQFDS, 6 deassigned, RESAMPLE", KEV_CHIP_FULL, 1, SITE_ASYNC,
	  bind_batch_resample, batch_deassign },
	{ "IRQFD DEASSIGN of none", KEV_CHIP_FULL, 1, 0, NULL, deassign },
	{ "write to an eventfd with an irqfd", KEV_CHIP_FULL, 1, 0, bind_one,
	  signal_eventfd },
	{ "write to an eventfd with an irqfd on a pin", KEV_CHIP_FULL, 1,
	  SITE_ASYNC, bind_pin, signal_eventfd },
	{ "write to an eventfd with a resamplefd", KEV_CHIP_FULL, 1,
	  SITE_ASYNC, bind_resample, signal_eventfd },
	{ "close of an eventfd with an irqfd", KEV_CHIP_FULL, 1, 0, bind_one,
	  close_eventfd },
	{ "close of an eventfd with a resamplefd", KEV_CHIP_FULL, 1,
	  SITE_ASYNC, bind_resample, close_eventfd },
};

FAULT_SITES(irqfd_sites);
