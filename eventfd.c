// SPDX-License-Identifier: GPL-2.0
/*
 * irqfd: eventfds whose wakeup is a guest's interrupt.
 *
 * An irqfd is a waiter on its eventfd.  The wait queue is what finds it: it is
 * the only waiter there with this wakeup function, so one look at the front of
 * the queue tells whether an eventfd is taken, on the whole host, and by which
 * irqfd, however many there are.
 *
 * Who holds the irqfds_lock and finds an irqfd active may deactivate it, and
 * owns its teardown from then on: deassign, the close of the eventfd, or the
 * close of the VM.  Everything that reaches an irqfd does so under the
 * wait-queue lock or the irqfds_lock, so it is freed with no grace period.  Only
 * a resampler's list is read under irq_srcu, and a batch of those that end
 * together waits once.
 *
 * Locks: an eventfd's wait-queue lock, then the irqfds_lock (by_gsi's own);
 * resampler_lock outside both.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/kvm_eventfd.h>
#include <linux/list.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include <kev/batch.h>
#include <kev/compat.h>
#include <kev/eventfd.h>
#include <kev/irqchip.h>
#include <kev/resampler.h>
#include <kev/uaccess.h>
#include <kev/vm.h>

/**
 * struct kev_irqfd - An eventfd bound to a guest interrupt
 * @wait:	On the eventfd's wait queue.  Under its lock.
 * @vm:		Owner; outlives its irqfds.
 * @eventfd:	Signalled by the device model.  Reference held until freed.
 * @route_seq:	Guards @route against torn reads in the wakeup.
 * @gsi:	Immutable.
 * @route:	The GSI's route.  Written under the irqfds_lock.
 * @stats:	Written by the wakeup, under the wait-queue lock.
 * @inject_stats: Written by @inject alone, which never runs twice at once; its
 *		signalled is an event from before the assign.
 * @inject:	Injects where the wakeup may not.
 * @peers:	All irqfds of @gsi.  On that list while active; taken off once, by
 *		the owner of the teardown.  Under the irqfds_lock.
 * @dead:	On vm->irqfds.dead, or on the list of who tears down; at last on
 *		vm->irqfds.spare.
 * @resample:	Its part in the GSI's resampler; empty without a resamplefd.
 *		Immutable once @wait is queued.
 */
struct kev_irqfd {
	wait_queue_entry_t wait;
	struct kev_vm *vm;
	struct eventfd_ctx *eventfd;
	seqcount_spinlock_t route_seq;
	u32 gsi;
	struct kev_route route;
	struct kev_irqfd_stats stats;
	struct kev_irqfd_stats inject_stats;
	struct work_struct inject;
	struct hlist_node peers;
	struct llist_node dead;
	struct kev_resample resample;
};

static spinlock_t *irqfds_lock(struct kev_vm *vm)
{
	return &vm->irqfds.lock;
}

static void stat_inc(u64 *stat)
{
	WRITE_ONCE(*stat, *stat + 1);
}

static void stats_count(struct kev_irqfd_stats *stats, int ret)
{
	if (ret > 0)
		stat_inc(&stats->injected);
	else if (!ret)
		stat_inc(&stats->coalesced);
	else
		stat_inc(&stats->dropped);
}

static void stats_add(struct kev_irqfd_stats *sum,
		      const struct kev_irqfd_stats *stats)
{
	sum->signalled += READ_ONCE(stats->signalled);
	sum->injected += READ_ONCE(stats->injected);
	sum->coalesced += READ_ONCE(stats->coalesced);
	sum->dropped += READ_ONCE(stats->dropped);
}

/* Signal in */

static void kev_irqfd_inject(struct work_struct *work)
{
	struct kev_irqfd *irqfd = container_of(work, struct kev_irqfd, inject);
	struct kev_irq irq = { .level = true };
	int ret;

	if (irqfd->resample.resampler) {
		irq.source = KEV_IRQ_SOURCE_RESAMPLE;
		ret = kev_set_irq(irqfd->vm, irqfd->gsi, &irq);
	} else {
		irq.pulse = true;
		ret = kev_set_irq(irqfd->vm, irqfd->gsi, &irq);
		irq.level = false;
		kev_set_irq(irqfd->vm, irqfd->gsi, &irq);
	}
	stats_count(&irqfd->inject_stats, ret);
}

static void irqfd_queue_inject(struct kev_irqfd *irqfd)
{
	if (!queue_work(irqfd->vm->wq, &irqfd->inject))
		stat_inc(&irqfd->stats.coalesced);
}

/* A torn-free copy of the route; only the copy may be used. */
static struct kev_route irqfd_route(struct kev_irqfd *irqfd)
{
	struct kev_route route;
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&irqfd->route_seq);
		route = irqfd->route;
	} while (read_seqcount_retry(&irqfd->route_seq, seq));

	return route;
}

/*
 * The read section spans the copy and the delivery: a routing change that
 * waits for it knows that no old copy is still in use.
 */
static void irqfd_signal(struct kev_irqfd *irqfd)
{
	static const struct kev_irq irq = { .level = true, .pulse = true };
	struct kev_vm *vm = irqfd->vm;
	struct kev_route route;
	int ret = -1;
	int idx;

	stat_inc(&irqfd->stats.signalled);
	if (irqfd->resample.resampler) {
		irqfd_queue_inject(irqfd);
		return;
	}

	idx = srcu_read_lock(&vm->irq_srcu);
	route = irqfd_route(irqfd);
	if (route.type)
		ret = vm->ops->deliver_atomic(vm, &route, &irq);
	srcu_read_unlock(&vm->irq_srcu, idx);

	if (ret == -EWOULDBLOCK)
		irqfd_queue_inject(irqfd);
	else
		stats_count(&irqfd->stats, ret);
}

/* Take it off its GSI's list.  Under the irqfds_lock; true for one caller alone. */
static bool kev_irqfd_deactivate(struct kev_irqfd *irqfd)
{
	lockdep_assert_held(irqfds_lock(irqfd->vm));

	if (hlist_unhashed(&irqfd->peers))
		return false;

	hlist_del_init(&irqfd->peers);
	atomic_inc(&irqfd->vm->irqfds.ending);
	return true;
}

/*
 * The last reference to the eventfd's file is gone.  Its lock is held.  Those who
 * hold its context alone can still signal it, but the route of an irqfd off its
 * list is not kept up to date: so it leaves the wait queue at once.  The
 * cleanup is queued under the irqfds_lock, so that the close of the VM, which
 * takes it too, either still finds the irqfd or waits for the cleanup.
 */
static void irqfd_hup(struct kev_irqfd *irqfd)
{
	struct kev_vm *vm = irqfd->vm;
	unsigned long flags;

	spin_lock_irqsave(irqfds_lock(vm), flags);
	if (kev_irqfd_deactivate(irqfd)) {
		list_del_init(&irqfd->wait.entry);
		llist_add(&irqfd->dead, &vm->irqfds.dead);
		queue_work(vm->wq, &vm->irqfds.cleanup);
	}
	spin_unlock_irqrestore(irqfds_lock(vm), flags);
}

/*
 * Any context, hard irq included, with the wait-queue lock held.  The irqfd is
 * the consumer of its eventfd: it drains the counter and is the only one woken.
 */
static int kev_irqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync,
			    void *key)
{
	struct kev_irqfd *irqfd = container_of(wait, struct kev_irqfd, wait);
	__poll_t events = key_to_poll(key);
	int woken = 0;
	u64 count;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(irqfd->eventfd, &count);
		irqfd_signal(irqfd);
		woken = 1;
	}
	if (events & EPOLLHUP)
		irqfd_hup(irqfd);
	return woken;
}

/* Teardown: each step is done by the one owner */

/* What was signalled is injected: after this nothing more is. */
static void irqfd_flush(struct kev_irqfd *irqfd)
{
	struct kev_vm *vm = irqfd->vm;
	unsigned long flags;

	flush_work(&irqfd->inject);

	spin_lock_irqsave(irqfds_lock(vm), flags);
	stats_add(&vm->irqfds.retired, &irqfd->stats);
	stats_add(&vm->irqfds.retired, &irqfd->inject_stats);
	spin_unlock_irqrestore(irqfds_lock(vm), flags);
}

/* Keep the memory of an irqfd that nobody can reach, or free it. */
static void irqfd_recycle(struct kev_irqfd *irqfd)
{
	struct kev_irqfds *irqfds = &irqfd->vm->irqfds;
	unsigned long flags;
	bool keep;

	spin_lock_irqsave(&irqfds->lock, flags);
	keep = irqfds->nr_spare < KEV_SPARE_IRQFDS;
	if (keep) {
		irqfds->nr_spare++;
		irqfd->dead.next = irqfds->spare;
		irqfds->spare = &irqfd->dead;
	}
	spin_unlock_irqrestore(&irqfds->lock, flags);

	if (!keep)
		kfree(irqfd);
}

static void irqfd_free(struct kev_irqfd *irqfd)
{
	kfree(irqfd->resample.resampler);
	if (irqfd->resample.eventfd)
		eventfd_ctx_put(irqfd->resample.eventfd);
	eventfd_ctx_put(irqfd->eventfd);
	irqfd_recycle(irqfd);
}

/* Shut down irqfds that are off their wait queues: one grace period for all. */
static void irqfds_shutdown(struct kev_vm *vm, struct llist_node *list)
{
	struct kev_irqfd *irqfd;
	struct kev_irqfd *next;
	bool wait = false;
	int count = 0;

	llist_for_each_entry(irqfd, list, dead) {
		irqfd_flush(irqfd);
		wait |= kev_resampler_leave(vm, irqfd->gsi, &irqfd->resample);
	}
	if (wait)
		kev_irq_synchronize(vm);

	llist_for_each_entry_safe(irqfd, next, list, dead) {
		irqfd_free(irqfd);
		count++;
	}
	if (atomic_sub_and_test(count, &vm->irqfds.ending))
		wake_up_var(&vm->irqfds.ending);
}

static void irqfd_unhook(struct kev_irqfd *irqfd)
{
	u64 count;

	eventfd_ctx_remove_wait_queue(irqfd->eventfd, &irqfd->wait, &count);
}

static void irqfds_cleanup(struct work_struct *work)
{
	struct kev_vm *vm = container_of(work, struct kev_vm, irqfds.cleanup);
	struct llist_node *list = llist_del_all(&vm->irqfds.dead);
	struct kev_irqfd *irqfd;

	llist_for_each_entry(irqfd, list, dead)
		irqfd_unhook(irqfd);
	irqfds_shutdown(vm, list);
}

/* Assign */

/**
 * struct irqfd_hook - A poll that publishes an irqfd
 * @pt:		What poll is called with.
 * @irqfd:	To publish.
 * @ret:	0 or -EBUSY.
 */
struct irqfd_hook {
	poll_table pt;
	struct kev_irqfd *irqfd;
	int ret;
};

/* Only in-kernel consumers of an eventfd queue with priority, and first. */
static bool wqh_is_taken(struct wait_queue_head *wqh)
{
	wait_queue_entry_t *first;

	lockdep_assert_held(&wqh->lock);

	first = list_first_entry_or_null(&wqh->head, wait_queue_entry_t, entry);
	return first && (first->flags & WQ_FLAG_PRIORITY);
}

/*
 * The list of a GSI; NULL where no irqfd was.  Pages are published whole, and
 * stay.
 */
static struct hlist_head *irqfds_of(struct kev_vm *vm, u32 gsi)
{
	struct kev_irqfd_page *page;

	if (gsi >= KEV_MAX_IRQ_ROUTES_CAP)
		return &vm->irqfds.unroutable;

	gsi = array_index_nospec(gsi, KEV_MAX_IRQ_ROUTES_CAP);
	/* Pairs with irqfds_reserve(). */
	page = smp_load_acquire(&vm->irqfds.by_gsi[gsi / KEV_GSIS_PER_PAGE]);
	return page ? &page->gsi[gsi % KEV_GSIS_PER_PAGE] : NULL;
}

/* Make the list of a GSI, so that publication cannot fail. */
static int irqfds_reserve(struct kev_vm *vm, u32 gsi)
{
	struct kev_irqfd_page *page;

	if (likely(irqfds_of(vm, gsi)))
		return 0;

	page = kzalloc(sizeof(*page), GFP_KERNEL_ACCOUNT);
	if (!page)
		return -ENOMEM;
	gsi = array_index_nospec(gsi, KEV_MAX_IRQ_ROUTES_CAP);
	if (cmpxchg(&vm->irqfds.by_gsi[gsi / KEV_GSIS_PER_PAGE], NULL, page))
		kfree(page);
	return 0;
}

static void irqfd_activate(struct kev_irqfd *irqfd)
{
	struct kev_vm *vm = irqfd->vm;

	lockdep_assert_held(irqfds_lock(vm));

	hlist_add_head(&irqfd->peers, irqfds_of(vm, irqfd->gsi));
	if (!kev_route_read(vm, irqfd->gsi, &irqfd->route))
		irqfd->route.type = 0;
}

/* On the wait queue and on the list in one step, for signal and HUP to see. */
static void irqfd_hook_proc(struct file *file, struct wait_queue_head *wqh,
			    poll_table *pt)
{
	struct irqfd_hook *hook = container_of(pt, struct irqfd_hook, pt);
	struct kev_irqfd *irqfd = hook->irqfd;
	unsigned long flags;

	spin_lock_irqsave(&wqh->lock, flags);
	if (wqh_is_taken(wqh)) {
		hook->ret = -EBUSY;
		goto unlock;
	}

	spin_lock(irqfds_lock(irqfd->vm));
	irqfd_activate(irqfd);
	spin_unlock(irqfds_lock(irqfd->vm));

	irqfd->wait.flags = WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY;
	__add_wait_queue(wqh, &irqfd->wait);
unlock:
	spin_unlock_irqrestore(&wqh->lock, flags);
}

/*
 * Publish.  The poll also tells of an event from before: it is injected, for
 * no signal may be lost; its count is left to the next wakeup, as in KVM.
 * Until that is done the irqfd has to stay: the file is held, so there is no
 * HUP, and the mutex keeps a deassign out.
 */
static int irqfd_hook(struct kev_irqfd *irqfd, struct file *file)
{
	struct irqfd_hook hook = { .irqfd = irqfd };
	__poll_t events;

	lockdep_assert_held(&irqfd->vm->irqfds.mutex);

	init_poll_funcptr(&hook.pt, irqfd_hook_proc);
	events = vfs_poll(file, &hook.pt);
	if (hook.ret)
		return hook.ret;
	if ((events & EPOLLIN) && queue_work(irqfd->vm->wq, &irqfd->inject))
		stat_inc(&irqfd->inject_stats.signalled);
	return 0;
}

static struct kev_irqfd *irqfd_take_spare(struct kev_vm *vm)
{
	struct kev_irqfds *irqfds = &vm->irqfds;
	struct llist_node *node;

	spin_lock_irq(&irqfds->lock);
	node = irqfds->spare;
	if (node) {
		irqfds->spare = node->next;
		irqfds->nr_spare--;
	}
	spin_unlock_irq(&irqfds->lock);

	return node ? llist_entry(node, struct kev_irqfd, dead) : NULL;
}

static struct kev_irqfd *irqfd_new(struct kev_vm *vm)
{
	struct kev_irqfd *irqfd;

	BUILD_BUG_ON(KEV_PLAIN_LOCKS && sizeof(struct kev_irqfd) > 256);

	irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);
	if (!irqfd)
		return NULL;
	irqfd->vm = vm;
	init_waitqueue_func_entry(&irqfd->wait, kev_irqfd_wakeup);
	seqcount_spinlock_init(&irqfd->route_seq, irqfds_lock(vm));
	INIT_WORK(&irqfd->inject, kev_irqfd_inject);
	return irqfd;
}

/* What a former irqfd leaves behind, of what assign does not set. */
static void irqfd_clear(struct kev_irqfd *irqfd)
{
	irqfd->stats = (struct kev_irqfd_stats){ };
	irqfd->inject_stats = (struct kev_irqfd_stats){ };
	irqfd->resample.resampler = NULL;
	irqfd->resample.eventfd = NULL;
}

static struct kev_irqfd *irqfd_alloc(struct kev_vm *vm, u32 gsi)
{
	struct kev_irqfd *irqfd;

	if (irqfds_reserve(vm, gsi))
		return NULL;

	irqfd = irqfd_take_spare(vm);
	if (irqfd)
		irqfd_clear(irqfd);
	else
		irqfd = irqfd_new(vm);
	if (irqfd)
		irqfd->gsi = gsi;
	return irqfd;
}

/* Undo the join of an irqfd that was never published. */
static void irqfd_unjoin(struct kev_irqfd *irqfd)
{
	struct kev_resample *resample = &irqfd->resample;

	if (kev_resampler_leave(irqfd->vm, irqfd->gsi, resample))
		kev_irq_synchronize(irqfd->vm);
	kfree(resample->resampler);
	if (resample->eventfd)
		eventfd_ctx_put(resample->eventfd);
}

static int irqfd_assign_resample(struct kev_irqfd *irqfd, int fd)
{
	struct eventfd_ctx *ctx;

	ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	irqfd->resample.eventfd = ctx;
	return kev_resampler_join(irqfd->vm, irqfd->gsi, &irqfd->resample);
}

/* With the eventfd's file held, so that its HUP comes after this. */
static int irqfd_assign_file(struct kev_irqfd *irqfd, struct file *file,
			     const struct kvm_irqfd *args)
{
	struct eventfd_ctx *ctx;
	int ret = 0;
	int idx;

	ctx = eventfd_ctx_fileget(file);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	irqfd->eventfd = ctx;

	if (args->flags & KVM_IRQFD_FLAG_RESAMPLE)
		ret = irqfd_assign_resample(irqfd, args->resamplefd);
	if (!ret) {
		mutex_lock(&irqfd->vm->irqfds.mutex);
		idx = srcu_read_lock(&irqfd->vm->irq_srcu);
		ret = irqfd_hook(irqfd, file);
		srcu_read_unlock(&irqfd->vm->irq_srcu, idx);
		mutex_unlock(&irqfd->vm->irqfds.mutex);
	}
	if (ret) {
		irqfd_unjoin(irqfd);
		eventfd_ctx_put(ctx);
	}
	return ret;
}

static int irqfd_assign(struct kev_vm *vm, const struct kvm_irqfd *args)
{
	struct kev_irqfd *irqfd;
	struct file *file;
	int ret;

	ret = vm->ops->irqfd_allowed(vm, args->flags & KVM_IRQFD_FLAG_RESAMPLE);
	if (ret)
		return ret;

	irqfd = irqfd_alloc(vm, args->gsi);
	if (!irqfd)
		return -ENOMEM;

	file = eventfd_fget(args->fd);
	if (IS_ERR(file)) {
		irqfd_recycle(irqfd);
		return PTR_ERR(file);
	}
	ret = irqfd_assign_file(irqfd, file, args);
	if (ret)
		irqfd_recycle(irqfd);
	fput(file);
	return ret;
}

/* Deassign */

/**
 * struct irqfd_unhook - A poll that takes an irqfd off its eventfd
 * @pt:		What poll is called with.
 * @vm:		Whose irqfd.
 * @gsi:	On which GSI.
 * @irqfd:	The result: deactivated and unhooked, or NULL.
 */
struct irqfd_unhook {
	poll_table pt;
	struct kev_vm *vm;
	u32 gsi;
	struct kev_irqfd *irqfd;
};

static struct kev_irqfd *wqh_irqfd(struct wait_queue_head *wqh)
{
	wait_queue_entry_t *wait;

	lockdep_assert_held(&wqh->lock);

	list_for_each_entry(wait, &wqh->head, entry) {
		if (!(wait->flags & WQ_FLAG_PRIORITY))
			break;
		if (wait->func == kev_irqfd_wakeup)
			return container_of(wait, struct kev_irqfd, wait);
	}
	return NULL;
}

/* Deactivated and off the queue in one step: the wakeup can run no more. */
static void irqfd_unhook_proc(struct file *file, struct wait_queue_head *wqh,
			      poll_table *pt)
{
	struct irqfd_unhook *unhook = container_of(pt, struct irqfd_unhook, pt);
	struct kev_vm *vm = unhook->vm;
	struct kev_irqfd *irqfd;
	unsigned long flags;
	bool owner;
	u64 count;

	spin_lock_irqsave(&wqh->lock, flags);
	irqfd = wqh_irqfd(wqh);
	if (!irqfd || irqfd->vm != vm || irqfd->gsi != unhook->gsi)
		goto unlock;

	spin_lock(irqfds_lock(vm));
	owner = kev_irqfd_deactivate(irqfd);
	spin_unlock(irqfds_lock(vm));
	if (!owner)
		goto unlock;

	__remove_wait_queue(wqh, &irqfd->wait);
	eventfd_ctx_do_read(irqfd->eventfd, &count);
	unhook->irqfd = irqfd;
unlock:
	spin_unlock_irqrestore(&wqh->lock, flags);
}

/* Deactivate and unhook; NULL when there is no such irqfd. */
static struct kev_irqfd *irqfd_take(struct kev_vm *vm, struct file *file,
				    u32 gsi)
{
	struct irqfd_unhook unhook = { .vm = vm, .gsi = gsi };

	init_poll_funcptr(&unhook.pt, irqfd_unhook_proc);
	mutex_lock(&vm->irqfds.mutex);
	vfs_poll(file, &unhook.pt);
	mutex_unlock(&vm->irqfds.mutex);

	return unhook.irqfd;
}

/*
 * Put the irqfd on @list, for the caller to shut down.  When there is none,
 * another thread may be half way through ending it, so shut down what the
 * caller has and wait for the others.
 */
static int irqfd_deassign(struct kev_vm *vm, const struct kvm_irqfd *args,
			  struct llist_node **list)
{
	struct kev_irqfd *irqfd;
	struct file *file;

	file = eventfd_fget(args->fd);
	if (IS_ERR(file))
		return PTR_ERR(file);

	irqfd = irqfd_take(vm, file, args->gsi);
	fput(file);
	if (irqfd) {
		irqfd->dead.next = *list;
		*list = &irqfd->dead;
		return 0;
	}

	irqfds_shutdown(vm, *list);
	*list = NULL;
	wait_var_event(&vm->irqfds.ending, !atomic_read(&vm->irqfds.ending));
	return 0;
}

static int irqfd_one(struct kev_vm *vm, const struct kvm_irqfd *args,
		     struct llist_node **list)
{
	if (args->flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE))
		return -EINVAL;

	if (args->flags & KVM_IRQFD_FLAG_DEASSIGN)
		return irqfd_deassign(vm, args, list);
	return irqfd_assign(vm, args);
}

/**
 * kev_irqfd - KVM_IRQFD
 * @vm:		The VM.
 * @args:	As the user gave them.
 *
 * Assign binds an eventfd to a GSI: each signal injects it.  An eventfd is
 * bound once on the whole host.  Deassign ends that: when it returns, that
 * irqfd injects nothing more; when there was none it succeeds.
 *
 * Context: Process context.
 * Return: 0; -EINVAL: unknown flag, no interrupt controller to inject into, not
 *	   an eventfd; -EBADF; -EBUSY: the eventfd is bound; -ENOMEM.
 */
int kev_irqfd(struct kev_vm *vm, const struct kvm_irqfd *args)
{
	struct llist_node *list = NULL;
	int ret;

	ret = irqfd_one(vm, args, &list);
	if (list)
		irqfds_shutdown(vm, list);
	return ret;
}
EXPORT_SYMBOL_GPL(kev_irqfd);

/**
 * kev_irqfd_batch - KVM_EVENTFD_IRQFDS
 * @vm:		The VM.
 * @entries:	@nr of them, each for kev_irqfd().
 * @nr:		Any number.
 *
 * Those that are deassigned end together: one grace period for all that need
 * one.  What is true when kev_irqfd() returns is true of each when this does.
 *
 * Context: Process context.
 * Return: How many were done before one failed; its errno when that is the
 *	   first; -EFAULT; -EINTR on a fatal signal.
 */
int kev_irqfd_batch(struct kev_vm *vm, const struct kvm_irqfd __user *entries,
		    unsigned int nr)
{
	struct llist_node *list = NULL;
	struct kvm_irqfd args;
	unsigned int done;
	int ret = 0;

	for (done = 0; done < nr; done++) {
		if (kev_copy_words((u64 *)&args,
				   (const u64 __user *)&entries[done],
				   sizeof(args) / sizeof(u64)))
			ret = irqfd_one(vm, &args, &list);
		else
			ret = -EFAULT;
		if (!ret)
			ret = kev_batch_pause();
		if (ret)
			break;
	}
	if (list)
		irqfds_shutdown(vm, list);
	return done ? done : ret;
}
EXPORT_SYMBOL_GPL(kev_irqfd_batch);

/* All irqfds of a VM */

static void irqfd_update(struct kev_irqfd *irqfd, const struct kev_route *route)
{
	write_seqcount_begin(&irqfd->route_seq);
	irqfd->route = *route;
	write_seqcount_end(&irqfd->route_seq);
}

/**
 * kev_irqfds_update - The route of a GSI changed
 * @vm:		The VM.
 * @gsi:	Which.
 * @route:	The new one; type 0 when it has none now.
 *
 * Context: Under @vm's irq_lock.
 */
void kev_irqfds_update(struct kev_vm *vm, u32 gsi,
		       const struct kev_route *route)
{
	struct kev_irqfd *irqfd;
	struct hlist_head *list;
	unsigned long flags;

	lockdep_assert_held(&vm->irq_lock);

	spin_lock_irqsave(irqfds_lock(vm), flags);
	/* Looked up under the lock: who comes later finds the new table there. */
	list = irqfds_of(vm, gsi);
	if (list)
		hlist_for_each_entry(irqfd, list, peers)
			irqfd_update(irqfd, route);
	spin_unlock_irqrestore(irqfds_lock(vm), flags);
}

/*
 * The next list from GSI *@gsi on that is not empty, which is looked at without
 * the lock; *@gsi is set behind it.  NULL at the end.
 */
static struct hlist_head *irqfds_next(struct kev_vm *vm, u32 *gsi)
{
	struct hlist_head *list;

	while (*gsi <= KEV_MAX_IRQ_ROUTES_CAP) {
		list = irqfds_of(vm, *gsi);
		if (!list) {
			*gsi = round_down(*gsi, KEV_GSIS_PER_PAGE) +
			       KEV_GSIS_PER_PAGE;
			continue;
		}
		(*gsi)++;
		if (READ_ONCE(list->first))
			return list;
	}
	return NULL;
}

static unsigned int list_stats(const struct hlist_head *list,
			       struct kev_irqfd_stats *sum)
{
	struct kev_irqfd *irqfd;
	unsigned int count = 0;

	hlist_for_each_entry(irqfd, list, peers) {
		stats_add(sum, &irqfd->stats);
		stats_add(sum, &irqfd->inject_stats);
		count++;
	}
	return count;
}

/**
 * kev_irqfds_stats - What became of all signals
 * @vm:		The VM.
 * @sum:	Filled, over irqfds that are and were.
 *
 * Context: Process context; takes the irqfds_lock for one GSI at a time.
 * Return: How many irqfds are bound.
 */
unsigned int kev_irqfds_stats(struct kev_vm *vm, struct kev_irqfd_stats *sum)
{
	struct hlist_head *list;
	unsigned int count = 0;
	u32 gsi = 0;

	spin_lock_irq(irqfds_lock(vm));
	*sum = vm->irqfds.retired;
	spin_unlock_irq(irqfds_lock(vm));

	while ((list = irqfds_next(vm, &gsi))) {
		spin_lock_irq(irqfds_lock(vm));
		count += list_stats(list, sum);
		spin_unlock_irq(irqfds_lock(vm));
		cond_resched();
	}
	return count;
}

/**
 * kev_irqfds_init - No irqfds
 * @vm:		A VM that is being created.
 */
void kev_irqfds_init(struct kev_vm *vm)
{
	struct kev_irqfds *irqfds = &vm->irqfds;

	mutex_init(&irqfds->mutex);
	spin_lock_init(&irqfds->lock);
	atomic_set(&irqfds->ending, 0);
	init_llist_head(&irqfds->dead);
	INIT_WORK(&irqfds->cleanup, irqfds_cleanup);
	kev_resamplers_init(vm);
}

static struct kev_irqfd *irqfds_deactivate_first(struct kev_vm *vm,
						 struct hlist_head *peers)
{
	struct kev_irqfd *irqfd;

	spin_lock_irq(irqfds_lock(vm));
	irqfd = hlist_entry_safe(peers->first, struct kev_irqfd, peers);
	if (irqfd)
		kev_irqfd_deactivate(irqfd);
	spin_unlock_irq(irqfds_lock(vm));

	return irqfd;
}

/* Deactivate all; those whose eventfd is just closed belong to the cleanup. */
static struct llist_node *irqfds_deactivate_all(struct kev_vm *vm)
{
	struct llist_node *list = NULL;
	struct hlist_head *peers;
	struct kev_irqfd *irqfd;
	u32 gsi = 0;

	while ((peers = irqfds_next(vm, &gsi))) {
		while ((irqfd = irqfds_deactivate_first(vm, peers))) {
			irqfd->dead.next = list;
			list = &irqfd->dead;
			/* Let interrupts and other CPUs in between two. */
			cond_resched();
		}
	}
	return list;
}

/* Free the spare ones; there will be no others. */
static void irqfds_free_spare(struct kev_vm *vm)
{
	struct kev_irqfd *irqfd;
	struct kev_irqfd *next;
	struct llist_node *list;

	spin_lock_irq(irqfds_lock(vm));
	list = vm->irqfds.spare;
	vm->irqfds.spare = NULL;
	vm->irqfds.nr_spare = KEV_SPARE_IRQFDS;
	spin_unlock_irq(irqfds_lock(vm));

	llist_for_each_entry_safe(irqfd, next, list, dead)
		kfree(irqfd);
}

/**
 * kev_irqfds_release - Shut all irqfds down
 * @vm:		A VM whose ioctls are over.
 *
 * Nothing is injected by an eventfd once this returned.
 *
 * Context: Process context; waits for at most two grace periods.
 */
void kev_irqfds_release(struct kev_vm *vm)
{
	struct kev_irqfd *irqfd;
	struct llist_node *list;

	irqfds_free_spare(vm);
	list = irqfds_deactivate_all(vm);
	llist_for_each_entry(irqfd, list, dead)
		irqfd_unhook(irqfd);
	irqfds_shutdown(vm, list);
	flush_work(&vm->irqfds.cleanup);
}

/**
 * kev_irqfds_destroy - Free the index of irqfds
 * @vm:		A VM that nobody uses any more, after kev_irqfds_release().
 */
void kev_irqfds_destroy(struct kev_vm *vm)
{
	unsigned int i;

	for (i = 0; i < KEV_IRQFD_PAGES; i++)
		kfree(vm->irqfds.by_gsi[i]);
}
