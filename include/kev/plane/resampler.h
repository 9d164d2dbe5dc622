/* SPDX-License-Identifier: GPL-2.0 */
/* Resamplers: resampler.c's verbs inside the module. */
#ifndef _KEV_RESAMPLER_H
#define _KEV_RESAMPLER_H

#include <linux/kvm_eventfd.h>
#include <linux/list.h>
#include <linux/types.h>

struct eventfd_ctx;
struct kev_resampler;

/**
 * struct kev_resample - An irqfd's part in the resampler of its GSI
 * @resampler:	NULL without a resamplefd; after leaving, the one to free.
 * @eventfd:	The resamplefd.  Reference held by the irqfd.
 * @node:	On the resampler's list.
 */
struct kev_resample {
	struct kev_resampler *resampler;
	struct eventfd_ctx *eventfd;
	struct list_head node;
};

void kev_resamplers_init(struct kev_vm *vm);
int kev_resampler_join(struct kev_vm *vm, u32 gsi,
		       struct kev_resample *resample);
bool kev_resampler_leave(struct kev_vm *vm, u32 gsi,
			 struct kev_resample *resample);

#endif /* _KEV_RESAMPLER_H */
