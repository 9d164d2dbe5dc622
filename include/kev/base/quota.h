/* SPDX-License-Identifier: GPL-2.0 */
/* What the VMs of one user have together: see quota.c. */
#ifndef _KEV_QUOTA_H
#define _KEV_QUOTA_H

struct kev_user;
struct kev_vm;

/* Count one VM more for the caller's user.  -EMFILE, -ENOMEM. */
struct kev_user *kev_quota_add_vm(void);
/* Count one less, and @timers with it. */
void kev_quota_remove_vm(struct kev_user *user, unsigned int timers);

/* Count a timer of @vm, or take that back.  Under vm->lock.  -ENOSPC. */
int kev_quota_add_timer(struct kev_vm *vm);
void kev_quota_remove_timer(struct kev_vm *vm);

#endif /* _KEV_QUOTA_H */
