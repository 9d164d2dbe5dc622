// SPDX-License-Identifier: GPL-2.0
/*
 * VMs and timers, counted for the user that created the VM.
 *
 * The kernel's own counters per user and user namespace are not there for
 * modules.  A user is in the tree while it has a VM; the tree is searched in
 * logarithmic time, and nothing is allocated under its lock, so that many users,
 * or one at its cgroup's limit, do not slow down another.
 *
 * Timers are counted because each can interrupt the host: the sum over all VMs
 * is what loads it.  One goes with its VM, as vCPUs and the PIT do.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>

#include <kev/base/limits.h>
#include <kev/base/quota.h>

/**
 * struct kev_user - A user that has VMs
 * @node:	In users.
 * @uid:	Whose.
 * @vms:	VMs that live; not 0.  Under users_lock.
 * @timers:	Timers of those.  Under users_lock.
 */
struct kev_user {
	struct rb_node node;
	kuid_t uid;
	unsigned int vms;
	unsigned int timers;
};

static struct rb_root users = RB_ROOT;
static DEFINE_SPINLOCK(users_lock);

/* As for the limits of the kernel that a process has by its user. */
static bool is_exempt(void)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE);
}

static bool user_less(struct rb_node *node, const struct rb_node *parent)
{
	return uid_lt(rb_entry(node, struct kev_user, node)->uid,
		      rb_entry(parent, struct kev_user, node)->uid);
}

static int user_compare(const void *key, const struct rb_node *node)
{
	const kuid_t *uid = key;
	kuid_t other = rb_entry(node, struct kev_user, node)->uid;

	if (uid_eq(*uid, other))
		return 0;
	return uid_lt(*uid, other) ? -1 : 1;
}

/* The user that is there, or else @fresh, which is there from then on. */
static struct kev_user *find_or_add(struct kev_user *fresh)
{
	struct rb_node *node;

	lockdep_assert_held(&users_lock);

	node = rb_find(&fresh->uid, &users, user_compare);
	if (node)
		return rb_entry(node, struct kev_user, node);
	rb_add(&fresh->node, &users, user_less);
	return fresh;
}

/* Count one VM of the user of @fresh; NULL when it has as many as it can have. */
static struct kev_user *count_vm(struct kev_user *fresh, bool exempt)
{
	struct kev_user *user;

	lockdep_assert_held(&users_lock);

	user = find_or_add(fresh);
	if (user->vms < kev_max_vms_per_user() || exempt) {
		user->vms++;
		return user;
	}
	if (user == fresh)
		rb_erase(&user->node, &users);
	return NULL;
}

/**
 * kev_quota_add_vm - Count a VM that the caller is about to create
 * @quota:	Filled.
 *
 * EMFILE stands for too many files of a kind (inotify_init(2)), and is an errno of
 * KVM_CREATE_VM.
 *
 * Context: Process context.
 * Return: 0; -EMFILE: the user has as many as it can have; -ENOMEM.
 */
int kev_quota_add_vm(struct kev_quota *quota)
{
	bool exempt = is_exempt();
	struct kev_user *fresh;
	struct kev_user *user;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	fresh->uid = current_uid();

	spin_lock(&users_lock);
	user = count_vm(fresh, exempt);
	spin_unlock(&users_lock);
	if (user != fresh)
		kfree(fresh);
	if (!user)
		return -EMFILE;

	*quota = (struct kev_quota){ .user = user };
	return 0;
}

/**
 * kev_quota_remove_vm - A VM is gone
 * @quota:	What was counted for it.
 *
 * Context: Process context.
 */
void kev_quota_remove_vm(const struct kev_quota *quota)
{
	struct kev_user *user = quota->user;
	bool last;

	if (!user)
		return;

	spin_lock(&users_lock);
	user->timers -= quota->timers;
	last = !--user->vms;
	if (last)
		rb_erase(&user->node, &users);
	spin_unlock(&users_lock);
	if (last)
		kfree(user);
}

/**
 * kev_quota_add_timer - Count a timer that a VM is about to get
 * @quota:	The VM's.
 *
 * ENOSPC is KVM's errno for a kind of thing of which there are enough.
 *
 * Context: Process context, under the lock of the VM's timers.
 * Return: 0; -ENOSPC: the VMs of its user have as many as they can have.
 */
int kev_quota_add_timer(struct kev_quota *quota)
{
	struct kev_user *user = quota->user;
	bool exempt = is_exempt();
	int ret = -ENOSPC;

	if (!user)
		return 0;

	spin_lock(&users_lock);
	if (user->timers < kev_max_timers_per_user() || exempt) {
		user->timers++;
		quota->timers++;
		ret = 0;
	}
	spin_unlock(&users_lock);
	return ret;
}

/**
 * kev_quota_remove_timer - The VM did not get it after all
 * @quota:	The VM's.
 *
 * Context: Process context, under the lock of the VM's timers.
 */
void kev_quota_remove_timer(struct kev_quota *quota)
{
	if (!quota->user)
		return;

	spin_lock(&users_lock);
	quota->user->timers--;
	quota->timers--;
	spin_unlock(&users_lock);
}
