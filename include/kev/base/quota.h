/* SPDX-License-Identifier: GPL-2.0 */
/* What is counted for all VMs of one user: see quota.c. */
#ifndef _KEV_QUOTA_H
#define _KEV_QUOTA_H

struct kev_user;

/**
 * struct kev_quota - What is counted for one VM
 * @user:	For whom; NULL: for nobody, and without a limit.
 * @timers:	How many.  The lock of whoever has the VM.
 */
struct kev_quota {
	struct kev_user *user;
	unsigned int timers;
};

/* Count one VM more for the caller's user.  -EMFILE, -ENOMEM. */
int kev_quota_add_vm(struct kev_quota *quota);
/* Count one less, and its timers with it. */
void kev_quota_remove_vm(const struct kev_quota *quota);

/* Count a timer, or take that back.  -ENOSPC. */
int kev_quota_add_timer(struct kev_quota *quota);
void kev_quota_remove_timer(struct kev_quota *quota);

#endif /* _KEV_QUOTA_H */
