// SPDX-License-Identifier: GPL-2.0
/*
 * ioeventfd: eventfds that a guest's write signals.
 *
 * The ioeventfds of a VM are in a red-black tree of its own, ordered by all that a
 * write must be.  KVM's rule of what collides is an equality in that order: one
 * descent finds what a new ioeventfd collides with, or its place, and one finds
 * what takes a write.  The node of the tree is part of the ioeventfd, so that
 * putting it there cannot fail.
 *
 * A lookup holds RCU alone.  It takes a user's reference to what it found, and
 * signals under no lock: what waits on an eventfd may come back here.  Deassign
 * takes the ioeventfd off the tree and waits until no signal is under way.
 */
#include <linux/eventfd.h>
#include <linux/kvm_eventfd.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <kev/base/compat.h>
#include <kev/base/limits.h>
#include <kev/plane/ioeventfd.h>

/**
 * struct kev_ioeventfd - An eventfd that a guest's write signals
 * @node:	On the VM's tree.  Readers may follow it until @rcu.
 * @key:	Immutable.
 * @users:	1 for the tree, and 1 for each signal under way.
 * @eventfd:	Reference held until @users is 0.
 * @rcu:	Frees it after the last lookup that could meet it.
 */
struct kev_ioeventfd {
	struct rb_node node;
	struct kev_io_key key;
	refcount_t users;
	struct eventfd_ctx *eventfd;
	struct rcu_head rcu;
};

/* The order of the tree */

static inline int u64_cmp(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

static inline bool key_same_kind(const struct kev_io_key *a,
				 const struct kev_io_key *b)
{
	return a->len == b->len && a->bus == b->bus &&
	       a->any_data == b->any_data;
}

/*
 * By address, bus, length and value; 0 when the two collide: one of them leaves
 * open what the other one says.  Those that are together on a tree do not collide,
 * and for them this is a total order.  All that collide with one key are
 * neighbours in it, so the way down to a key meets one of them if there is one.
 *
 * A write is a key that leaves nothing open, and what it collides with takes it.
 */
static __always_inline int key_cmp(const struct kev_io_key *a,
				   const struct kev_io_key *b)
{
	if (a->addr != b->addr)
		return u64_cmp(a->addr, b->addr);
	if (key_same_kind(a, b))
		return u64_cmp(a->data, b->data);
	if (a->bus != b->bus)
		return u64_cmp(a->bus, b->bus);
	if (!a->len || !b->len)
		return 0;
	/* Of one length, one of them takes any value. */
	return u64_cmp(a->len, b->len);
}

static bool key_equal(const struct kev_io_key *a, const struct kev_io_key *b)
{
	return a->addr == b->addr && key_same_kind(a, b) && a->data == b->data;
}

static struct kev_ioeventfd *to_ioeventfd(struct rb_node *node)
{
	return rb_entry(node, struct kev_ioeventfd, node);
}

/*
 * Under the lock the answer is exact.  Under RCU alone a rotation can hide what is
 * there, and a node that was taken off may be found; but the way ends: the
 * kernel's tree stores its child pointers one at a time and in such an order that
 * they make no circle at any moment, and a node that is off keeps its own
 * (lib/rbtree.c, "lockless traversal").
 */
static __always_inline struct kev_ioeventfd *
tree_find(const struct kev_ioeventfds *ioeventfds, const struct kev_io_key *key)
{
	struct rb_node *node = rcu_dereference_raw(ioeventfds->tree.rb_node);

	while (node) {
		struct kev_ioeventfd *ioeventfd = to_ioeventfd(node);
		int cmp = key_cmp(key, &ioeventfd->key);

		if (!cmp)
			return ioeventfd;
		node = cmp < 0 ? rcu_dereference_raw(node->rb_left) :
				 rcu_dereference_raw(node->rb_right);
	}
	return NULL;
}

/* rb_link_node_rcu(), in a form that sparse accepts: complete, then visible. */
static void tree_link(struct rb_node *node, struct rb_node *parent,
		      struct rb_node **link)
{
	struct rb_node *complete;

	rb_link_node(node, parent, &complete);
	/* Pairs with the dependent loads of tree_find(). */
	smp_store_release(link, complete);
}

/* False: it collides with one that is there. */
static bool tree_insert(struct kev_ioeventfds *ioeventfds,
			struct kev_ioeventfd *ioeventfd)
{
	struct rb_node **link = &ioeventfds->tree.rb_node;
	struct rb_node *parent = NULL;

	lockdep_assert_held(&ioeventfds->lock);

	while (*link) {
		int cmp;

		parent = *link;
		cmp = key_cmp(&ioeventfd->key, &to_ioeventfd(parent)->key);
		if (!cmp)
			return false;
		link = cmp < 0 ? &parent->rb_left : &parent->rb_right;
	}
	write_seqcount_begin(&ioeventfds->seq);
	tree_link(&ioeventfd->node, parent, link);
	rb_insert_color(&ioeventfd->node, &ioeventfds->tree);
	write_seqcount_end(&ioeventfds->seq);
	WRITE_ONCE(ioeventfds->nr, ioeventfds->nr + 1);
	return true;
}

static void tree_erase(struct kev_ioeventfds *ioeventfds,
		       struct kev_ioeventfd *ioeventfd)
{
	lockdep_assert_held(&ioeventfds->lock);

	write_seqcount_begin(&ioeventfds->seq);
	rb_erase(&ioeventfd->node, &ioeventfds->tree);
	write_seqcount_end(&ioeventfds->seq);
	WRITE_ONCE(ioeventfds->nr, ioeventfds->nr - 1);
}

/* A guest's write */

/*
 * What takes this write, with a user's reference.  A write whose length is not
 * known is for one of length 0 alone.
 */
static __always_inline struct kev_ioeventfd *
ioeventfd_tryget(const struct kev_ioeventfds *ioeventfds,
		 const struct kev_io_key *key)
{
	struct kev_ioeventfd *ioeventfd = tree_find(ioeventfds, key);

	if (ioeventfd && (key->len || !ioeventfd->key.len) &&
	    refcount_inc_not_zero(&ioeventfd->users))
		return ioeventfd;
	return NULL;
}

static noinline struct kev_ioeventfd *
ioeventfd_get_locked(struct kev_ioeventfds *ioeventfds,
		     const struct kev_io_key *key)
{
	struct kev_ioeventfd *ioeventfd;
	unsigned long flags;

	spin_lock_irqsave(&ioeventfds->lock, flags);
	ioeventfd = ioeventfd_tryget(ioeventfds, key);
	spin_unlock_irqrestore(&ioeventfds->lock, flags);

	return ioeventfd;
}

/*
 * What was found is right.  Where nothing was found while the tree changed, the
 * second look is under the lock: however fast others change it, there is no third.
 */
static struct kev_ioeventfd *
ioeventfd_get(struct kev_ioeventfds *ioeventfds, const struct kev_io_key *key)
{
	struct kev_ioeventfd *ioeventfd;
	unsigned int seq;
	bool changed;

	seq = read_seqcount_begin(&ioeventfds->seq);
	ioeventfd = ioeventfd_tryget(ioeventfds, key);
	changed = read_seqcount_retry(&ioeventfds->seq, seq);
	if (likely(ioeventfd || !changed))
		return ioeventfd;
	return ioeventfd_get_locked(ioeventfds, key);
}

/* The last user of one that was deassigned lets the deassign go on. */
static void ioeventfd_put(struct kev_ioeventfd *ioeventfd)
{
	/* Until the caller leaves RCU the memory stays, if nothing else does. */
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "an ioeventfd may be freed");

	if (unlikely(refcount_dec_and_test(&ioeventfd->users))) {
		/* Pairs with the barrier of a waiter that is on the queue. */
		smp_mb();
		wake_up_var(&ioeventfd->users);
	}
}

/* The kernel drops a signal from inside of an eventfd's wakeup, and warns. */
static int ioeventfd_signal(struct kev_ioeventfds *ioeventfds,
			    struct kev_ioeventfd *ioeventfd)
{
	if (unlikely(!eventfd_signal_allowed()))
		return -EAGAIN;

	atomic64_inc(raw_cpu_ptr(ioeventfds->signalled));
	kev_eventfd_signal(ioeventfd->eventfd);
	return 0;
}

/* No ioeventfd with a value has a length that is not here. */
static u64 io_value(const void *val, unsigned int len)
{
	switch (len) {
	case 1:
		return *(const u8 *)val;
	case 2:
		return get_unaligned_le16(val);
	case 4:
		return get_unaligned_le32(val);
	case 8:
		return get_unaligned_le64(val);
	default:
		return 0;
	}
}

/**
 * kev_ioeventfds_write - Signal the ioeventfd that takes a guest's write
 * @ioeventfds:	Of the VM.
 * @bus:	Which bus.
 * @addr:	Address on it.
 * @len:	1 to 8 bytes; 0 when only the address is known.
 * @val:	The data, little-endian, not necessarily aligned.
 *
 * Context: Any, but for an NMI.
 * Return: 0; -EOPNOTSUPP: none takes it; -EAGAIN: one would, but the caller is
 *	   inside of an eventfd's wakeup.
 */
int kev_ioeventfds_write(struct kev_ioeventfds *ioeventfds, enum kev_bus bus,
			 u64 addr, unsigned int len, const void *val)
{
	struct kev_io_key key = {
		.addr = addr,
		.data = io_value(val, len),
		.len = len,
		.bus = bus,
	};
	struct kev_ioeventfd *ioeventfd;
	int ret = -EOPNOTSUPP;

	rcu_read_lock();
	ioeventfd = ioeventfd_get(ioeventfds, &key);
	if (ioeventfd) {
		ret = ioeventfd_signal(ioeventfds, ioeventfd);
		ioeventfd_put(ioeventfd);
	}
	rcu_read_unlock();

	return ret;
}

/* Assign and deassign */

/* KVM counts the other devices on the bus, too, and finds a collision first. */
static int ioeventfd_insert(struct kev_ioeventfds *ioeventfds,
			    struct kev_ioeventfd *ioeventfd)
{
	const struct kev_io_key *key = &ioeventfd->key;

	lockdep_assert_held(&ioeventfds->lock);

	if (ioeventfds->nr >= kev_max_ioeventfds() ||
	    READ_ONCE(ioeventfds->nr_devices[key->bus]) >= KEV_MAX_BUS_DEVICES)
		return tree_find(ioeventfds, key) ? -EEXIST : -ENOSPC;
	return tree_insert(ioeventfds, ioeventfd) ? 0 : -EEXIST;
}

/**
 * kev_ioeventfds_assign - Make writes signal an eventfd
 * @ioeventfds:	Of the VM.
 * @key:	Which writes.
 * @eventfd:	Which eventfd; the caller's reference goes to the ioeventfd when
 *		this succeeds.
 *
 * Every write that starts after this returned is taken.
 *
 * Context: Process context.
 * Return: 0; -EEXIST: collides with another; -ENOSPC: as many as may be are
 *	   there, or KEV_MAX_BUS_DEVICES devices on the bus; -ENOMEM.
 */
int kev_ioeventfds_assign(struct kev_ioeventfds *ioeventfds,
			  const struct kev_io_key *key,
			  struct eventfd_ctx *eventfd)
{
	struct kev_ioeventfd *ioeventfd;
	int ret;

	ioeventfd = kmalloc(sizeof(*ioeventfd), GFP_KERNEL_ACCOUNT);
	if (!ioeventfd)
		return -ENOMEM;
	ioeventfd->key = *key;
	refcount_set(&ioeventfd->users, 1);
	ioeventfd->eventfd = eventfd;

	spin_lock_irq(&ioeventfds->lock);
	ret = ioeventfd_insert(ioeventfds, ioeventfd);
	spin_unlock_irq(&ioeventfds->lock);
	if (ret)
		kfree(ioeventfd);
	return ret;
}

/* Off the tree; NULL when there is none with exactly this key and eventfd. */
static struct kev_ioeventfd *
ioeventfd_take(struct kev_ioeventfds *ioeventfds, const struct kev_io_key *key,
	       const struct eventfd_ctx *eventfd)
{
	struct kev_ioeventfd *ioeventfd;

	spin_lock_irq(&ioeventfds->lock);
	ioeventfd = tree_find(ioeventfds, key);
	if (ioeventfd && key_equal(&ioeventfd->key, key) &&
	    ioeventfd->eventfd == eventfd)
		tree_erase(ioeventfds, ioeventfd);
	else
		ioeventfd = NULL;
	spin_unlock_irq(&ioeventfds->lock);

	return ioeventfd;
}

/*
 * Wait for the signals under way.  They are in RCU and do not sleep, so this takes
 * no longer than they do.  No signal ends it: when a deassign returns, no write
 * may signal the eventfd any more.
 */
static void ioeventfd_drain(struct kev_ioeventfd *ioeventfd)
{
	might_sleep();

	if (refcount_dec_and_test(&ioeventfd->users))
		return;
	wait_var_event(&ioeventfd->users, !refcount_read(&ioeventfd->users));
	/* Pairs with the release of the last user: its signal is complete. */
	smp_acquire__after_ctrl_dep();
}

/**
 * kev_ioeventfds_deassign - Writes signal an eventfd no more
 * @ioeventfds:	Of the VM.
 * @key:	Which writes.
 * @eventfd:	Which eventfd.
 *
 * No write signals it after this returned.
 *
 * Context: Process context, outside RCU; waits for signals under way, and for no
 *	    grace period.
 * Return: 0 or -ENOENT.
 */
int kev_ioeventfds_deassign(struct kev_ioeventfds *ioeventfds,
			    const struct kev_io_key *key,
			    const struct eventfd_ctx *eventfd)
{
	struct kev_ioeventfd *ioeventfd;

	ioeventfd = ioeventfd_take(ioeventfds, key, eventfd);
	if (!ioeventfd)
		return -ENOENT;

	ioeventfd_drain(ioeventfd);
	eventfd_ctx_put(ioeventfd->eventfd);
	kfree_rcu(ioeventfd, rcu);
	return 0;
}

/* Birth, end, statistics */

/**
 * kev_ioeventfds_init - No ioeventfds yet
 * @ioeventfds:	Of a VM that is being created; zeroed.
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int kev_ioeventfds_init(struct kev_ioeventfds *ioeventfds)
{
	spin_lock_init(&ioeventfds->lock);
	seqcount_spinlock_init(&ioeventfds->seq, &ioeventfds->lock);
	ioeventfds->tree = RB_ROOT;
	ioeventfds->signalled = alloc_percpu_gfp(atomic64_t,
						 GFP_KERNEL_ACCOUNT);
	return ioeventfds->signalled ? 0 : -ENOMEM;
}

/**
 * kev_ioeventfds_destroy - Free all ioeventfds
 * @ioeventfds:	Of a VM that nobody uses any more.
 *
 * No write is being looked up, so nothing is waited for.  May be called again.
 *
 * Context: Process context.
 */
void kev_ioeventfds_destroy(struct kev_ioeventfds *ioeventfds)
{
	struct kev_ioeventfd *ioeventfd;
	struct kev_ioeventfd *next;

	rbtree_postorder_for_each_entry_safe(ioeventfd, next, &ioeventfds->tree,
					     node) {
		eventfd_ctx_put(ioeventfd->eventfd);
		kfree(ioeventfd);
		cond_resched();
	}
	ioeventfds->tree = RB_ROOT;
	free_percpu(ioeventfds->signalled);
	ioeventfds->signalled = NULL;
}

/**
 * kev_ioeventfds_stats - Count the ioeventfds and what they took
 * @ioeventfds:	Of the VM.
 * @signalled:	Writes that they, and those that are gone, took; never falls.
 *
 * Context: Any.
 * Return: How many are registered.
 */
unsigned int kev_ioeventfds_stats(struct kev_ioeventfds *ioeventfds,
				  u64 *signalled)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += atomic64_read(per_cpu_ptr(ioeventfds->signalled, cpu));
	*signalled = sum;
	return READ_ONCE(ioeventfds->nr);
}
