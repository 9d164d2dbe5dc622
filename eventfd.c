// SPDX-License-Identifier: GPL-2.0
/*
 * irqfd: eventfds whose wakeup is a guest's interrupt.
 *
 * An irqfd is a waiter on its eventfd.  The wait queue is what finds it: it is
 * the only waiter there with this wakeup function, so one look at the front of
 * the queue tells whether an eventfd is taken, on the whole host, and by which
 * irqfd, however many there are.
 *
 * Deactivating an irqfd requires the irqfds_lock; whoever deactivates it owns
 * its teardown: deassign, the close of the eventfd, or the close of the VM.
 * Everything that reaches an irqfd does so under the wait-queue lock or the
 * irqfds_lock, so it is freed with no grace period.  Only a resampler's list is
 * read under irq_srcu, and irqfds that end together wait once.
 *
 * Locks: irqfds.mutex outermost; an eventfd's wait-queue lock, then the
 * irqfds_lock.  A deassign keeps the mutex until its irqfd injects no more, so a
 * deassign that finds nothing has waited for every one before it.
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
#include <linux/workqueue.h>

#include <kev/base/batch.h>
#include <kev/base/compat.h>
#include <kev/base/limits.h>
#include <kev/plane/eventfd.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/irqfd_stats.h>
#include <kev/plane/resampler.h>
#include <kev/plane/vm.h>

/**
 * struct kev_irqfd - An eventfd bound to a guest interrupt
 * @wait:	On the eventfd's wait queue.  Under its lock.
 * @vm:		Owner; outlives its irqfds.
 * @eventfd:	Signalled by the device model.  Reference held until freed.
 * @route_seq:	Guards @route against torn reads in the wakeup.
 * @gsi:	Immutable.
 * @route:	The GSI's route.  Written under the irqfds_lock.
 * @inject:	Injects where the wakeup may not.
 * @active:	On vm->irqfds.active while active; taken off once, by the owner of
 *		the teardown.  Under the irqfds_lock.
 * @peers:	All active irqfds of @gsi, or those of them whose route is not
 *		written yet; on no list when no table can have @gsi.  Under the
 *		irqfds_lock.
 * @dead:	On vm->irqfds.dead, then on the list of the owner of the teardown.
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
	struct work_struct inject;
	struct list_head active;
	struct hlist_node peers;
	struct llist_node dead;
	struct kev_resample resample;
};

/* Irqfds that a route change updates with interrupts off. */
#define UPDATE_CHUNK	128

static spinlock_t *irqfds_lock(struct kev_vm *vm)
{
	return &vm->irqfds.lock;
}

/* Assign */

static int kev_irqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode,
			    int sync, void *key);
static void kev_irqfd_inject(struct work_struct *work);
static void irqfd_hup(struct kev_irqfd *irqfd);

/**
 * struct irqfd_queue - A poll that publishes an irqfd
 * @pt:		What poll is called with.
 * @irqfd:	To publish.
 * @ret:	0 or -EBUSY.
 */
struct irqfd_queue {
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
 * The list of a GSI; NULL where no irqfd was, and for a GSI that no table can
 * have.  Pages are published whole, and stay.
 */
static struct hlist_head *irqfds_of(struct kev_vm *vm, u32 gsi)
{
	struct kev_irqfd_page *page;

	if (gsi >= KEV_MAX_IRQ_ROUTES_CAP)
		return NULL;

	gsi = array_index_nospec(gsi, KEV_MAX_IRQ_ROUTES_CAP);
	/* Pairs with irqfds_reserve(). */
	page = smp_load_acquire(&vm->irqfds.by_gsi[gsi / KEV_GSIS_PER_PAGE]);
	return page ? &page->gsi[gsi % KEV_GSIS_PER_PAGE] : NULL;
}

/* Make the list of a GSI, so that publication cannot fail. */
static int irqfds_reserve(struct kev_vm *vm, u32 gsi)
{
	struct kev_irqfd_page *page;

	if (gsi >= KEV_MAX_IRQ_ROUTES_CAP || irqfds_of(vm, gsi))
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
	struct hlist_head *peers = irqfds_of(vm, irqfd->gsi);

	lockdep_assert_held(irqfds_lock(vm));

	list_add(&irqfd->active, &vm->irqfds.active);
	vm->irqfds.nr_active++;
	if (peers)
		hlist_add_head(&irqfd->peers, peers);
	if (!kev_route_read(vm, irqfd->gsi, &irqfd->route))
		irqfd->route.type = 0;
}

/* On the wait queue and on the lists in one step, for signal and HUP to see. */
static void irqfd_queue_proc(struct file *file, struct wait_queue_head *wqh,
			     poll_table *pt)
{
	struct irqfd_queue *queue = container_of(pt, struct irqfd_queue, pt);
	struct kev_irqfd *irqfd = queue->irqfd;
	unsigned long flags;

	spin_lock_irqsave(&wqh->lock, flags);
	if (wqh_is_taken(wqh)) {
		queue->ret = -EBUSY;
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
static int irqfd_queue(struct kev_irqfd *irqfd, struct file *file)
{
	struct irqfd_queue queue = { .irqfd = irqfd };
	__poll_t events;

	lockdep_assert_held(&irqfd->vm->irqfds.mutex);

	init_poll_funcptr(&queue.pt, irqfd_queue_proc);
	events = vfs_poll(file, &queue.pt);
	if (queue.ret)
		return queue.ret;
	if ((events & EPOLLIN) && queue_work(irqfd->vm->wq, &irqfd->inject))
		kev_irqfd_count(irqfd->vm, KEV_IRQFD_SIGNALLED);
	return 0;
}

static struct kev_irqfd *irqfd_alloc(struct kev_vm *vm, u32 gsi)
{
	struct kev_irqfd *irqfd;

	BUILD_BUG_ON(KEV_PLAIN_LOCKS && sizeof(struct kev_irqfd) > 256);

	if (irqfds_reserve(vm, gsi))
		return NULL;

	irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);
	if (!irqfd)
		return NULL;
	irqfd->vm = vm;
	irqfd->gsi = gsi;
	init_waitqueue_func_entry(&irqfd->wait, kev_irqfd_wakeup);
	seqcount_spinlock_init(&irqfd->route_seq, irqfds_lock(vm));
	INIT_WORK(&irqfd->inject, kev_irqfd_inject);
	INIT_LIST_HEAD(&irqfd->active);
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

/*
 * The read section keeps the table in which the route is read.  It is entered
 * under the mutex, and nothing in it waits.
 */
static int irqfd_publish(struct kev_irqfd *irqfd, struct file *file)
{
	struct kev_vm *vm = irqfd->vm;
	int idx;
	int ret;

	if (mutex_lock_killable(&vm->irqfds.mutex))
		return -EINTR;
	idx = srcu_read_lock(&vm->irq_srcu);
	ret = irqfd_queue(irqfd, file);
	srcu_read_unlock(&vm->irq_srcu, idx);
	mutex_unlock(&vm->irqfds.mutex);
	return ret;
}

/* With the eventfd's file held, so that its HUP comes after this. */
static int irqfd_assign_file(struct kev_irqfd *irqfd, struct file *file,
			     const struct kvm_irqfd *args)
{
	struct eventfd_ctx *ctx;
	int ret = 0;

	ctx = eventfd_ctx_fileget(file);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	irqfd->eventfd = ctx;

	if (args->flags & KVM_IRQFD_FLAG_RESAMPLE)
		ret = irqfd_assign_resample(irqfd, args->resamplefd);
	if (!ret)
		ret = irqfd_publish(irqfd, file);
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

	ret = vm->ops->irqfd_allowed(vm->sink,
				     args->flags & KVM_IRQFD_FLAG_RESAMPLE);
	if (ret)
		return ret;

	irqfd = irqfd_alloc(vm, args->gsi);
	if (!irqfd)
		return -ENOMEM;

	file = eventfd_fget(args->fd);
	if (IS_ERR(file)) {
		kfree(irqfd);
		return PTR_ERR(file);
	}
	ret = irqfd_assign_file(irqfd, file, args);
	if (ret)
		kfree(irqfd);
	fput(file);
	return ret;
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
	kev_irqfd_count_delivery(irqfd->vm, ret);
}

static void irqfd_defer(struct kev_irqfd *irqfd)
{
	if (!queue_work(irqfd->vm->wq, &irqfd->inject))
		kev_irqfd_count(irqfd->vm, KEV_IRQFD_COALESCED);
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

	kev_irqfd_count(vm, KEV_IRQFD_SIGNALLED);
	if (irqfd->resample.resampler) {
		irqfd_defer(irqfd);
		return;
	}

	idx = srcu_read_lock(&vm->irq_srcu);
	route = irqfd_route(irqfd);
	if (route.type)
		ret = vm->ops->deliver_atomic(vm->sink, &route, &irq);
	srcu_read_unlock(&vm->irq_srcu, idx);

	if (ret == -EWOULDBLOCK)
		irqfd_defer(irqfd);
	else
		kev_irqfd_count_delivery(vm, ret);
}

/*
 * Any context, hard irq included, with the wait-queue lock held.  The irqfd is
 * the consumer of its eventfd: it drains the counter and is the only one woken.
 */
static int kev_irqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode,
			    int sync, void *key)
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

/* The route changes */

static void irqfd_update(struct kev_irqfd *irqfd, const struct kev_route *route)
{
	write_seqcount_begin(&irqfd->route_seq);
	irqfd->route = *route;
	write_seqcount_end(&irqfd->route_seq);
}

/*
 * Write the route of some on the updating list, and put them back on their GSI's.
 * True when there are others.
 */
static bool irqfds_update_some(struct kev_vm *vm, struct hlist_head *peers,
			       const struct kev_route *route)
{
	struct hlist_head *updating = &vm->irqfds.updating;
	struct kev_irqfd *irqfd;
	unsigned int i;

	lockdep_assert_held(irqfds_lock(vm));

	for (i = 0; i < UPDATE_CHUNK && !hlist_empty(updating); i++) {
		irqfd = hlist_entry(updating->first, struct kev_irqfd, peers);
		irqfd_update(irqfd, route);
		hlist_del(&irqfd->peers);
		hlist_add_head(&irqfd->peers, peers);
	}
	return !hlist_empty(updating);
}

/**
 * kev_irqfds_update - The route of a GSI changed
 * @vm:		The VM.
 * @gsi:	Which.
 * @route:	The new one; type 0 when it has none now.
 *
 * Any number of irqfds may be on one GSI, so they are updated a few at a time:
 * those still to be done wait on a list of their own.  An irqfd that is assigned
 * meanwhile reads the new table.  One that ends meanwhile leaves whichever list
 * it is on.  Until the last is done signals arrive by the old route as by the new
 * one, and the caller waits for such deliveries afterwards.
 *
 * Context: Process context, under @vm's irq_lock.
 */
void kev_irqfds_update(struct kev_vm *vm, u32 gsi,
		       const struct kev_route *route)
{
	struct hlist_head *peers;
	bool more = false;

	lockdep_assert_held(&vm->irq_lock);

	spin_lock_irq(irqfds_lock(vm));
	/* Looked up under the lock: a later assign finds the new table there. */
	peers = irqfds_of(vm, gsi);
	if (peers) {
		hlist_move_list(peers, &vm->irqfds.updating);
		more = irqfds_update_some(vm, peers, route);
	}
	spin_unlock_irq(irqfds_lock(vm));

	while (more) {
		cond_resched();
		spin_lock_irq(irqfds_lock(vm));
		more = irqfds_update_some(vm, peers, route);
		spin_unlock_irq(irqfds_lock(vm));
	}
}

/* The end: each step is done by the one owner */

/* Take it off its lists.  True for one caller alone. */
static bool kev_irqfd_deactivate(struct kev_irqfd *irqfd)
{
	struct kev_irqfds *irqfds = &irqfd->vm->irqfds;

	lockdep_assert_held(&irqfds->lock);

	if (list_empty(&irqfd->active))
		return false;

	list_del_init(&irqfd->active);
	hlist_del_init(&irqfd->peers);
	irqfds->nr_active--;
	return true;
}

/**
 * struct ended_irqfds - Irqfds that inject no more and are still to be freed
 * @first:	The list of them.
 * @wait:	A reader of a resampler's list may still stand on one.
 */
struct ended_irqfds {
	struct llist_node *first;
	bool wait;
};

/*
 * Off its wait queue, it ends: what was signalled is injected, and after this
 * nothing more is.  The inject work never takes irqfds.mutex, which the caller
 * may hold.
 */
static void irqfd_end(struct kev_irqfd *irqfd, struct ended_irqfds *ended)
{
	flush_work(&irqfd->inject);
	ended->wait |= kev_resampler_leave(irqfd->vm, irqfd->gsi,
					   &irqfd->resample);
	irqfd->dead.next = ended->first;
	ended->first = &irqfd->dead;
}

static void irqfd_free(struct kev_irqfd *irqfd)
{
	kfree(irqfd->resample.resampler);
	if (irqfd->resample.eventfd)
		eventfd_ctx_put(irqfd->resample.eventfd);
	eventfd_ctx_put(irqfd->eventfd);
	kfree(irqfd);
}

/* One grace period for all.  Under no lock; @ended may be filled again. */
static void irqfds_free(struct kev_vm *vm, struct ended_irqfds *ended)
{
	struct kev_irqfd *irqfd;
	struct kev_irqfd *next;

	if (ended->wait)
		kev_irq_synchronize(vm);

	llist_for_each_entry_safe(irqfd, next, ended->first, dead) {
		irqfd_free(irqfd);
		cond_resched();
	}
	*ended = (struct ended_irqfds){ };
}

static void irqfd_dequeue(struct kev_irqfd *irqfd)
{
	u64 count;

	eventfd_ctx_remove_wait_queue(irqfd->eventfd, &irqfd->wait, &count);
}

/* The eventfd is closed */

/*
 * The last reference to the eventfd's file is gone.  Its lock is held.  Holders of
 * its context alone can still signal it, but the route of an irqfd off its
 * list is not kept up to date: so it leaves the wait queue at once.  The
 * cleanup is queued under the irqfds_lock, so that the close of the VM, which
 * finds no irqfd under that lock, waits for the cleanup of this one.
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

static void irqfds_cleanup(struct work_struct *work)
{
	struct kev_vm *vm = container_of(work, struct kev_vm, irqfds.cleanup);
	struct llist_node *list = llist_del_all(&vm->irqfds.dead);
	struct ended_irqfds ended = { };
	struct kev_irqfd *irqfd;
	struct kev_irqfd *next;

	llist_for_each_entry_safe(irqfd, next, list, dead) {
		irqfd_dequeue(irqfd);
		irqfd_end(irqfd, &ended);
		cond_resched();
	}
	irqfds_free(vm, &ended);
}

/* Deassign */

/**
 * struct irqfd_dequeue - A poll that takes an irqfd off its eventfd
 * @pt:		What poll is called with.
 * @vm:		Whose irqfd.
 * @gsi:	On which GSI.
 * @irqfd:	The result: deactivated and dequeued, or NULL.
 */
struct irqfd_dequeue {
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
static void irqfd_dequeue_proc(struct file *file, struct wait_queue_head *wqh,
			       poll_table *pt)
{
	struct irqfd_dequeue *dequeue = container_of(pt, struct irqfd_dequeue, pt);
	struct kev_vm *vm = dequeue->vm;
	struct kev_irqfd *irqfd;
	unsigned long flags;
	bool owner;
	u64 count;

	spin_lock_irqsave(&wqh->lock, flags);
	irqfd = wqh_irqfd(wqh);
	if (!irqfd || irqfd->vm != vm || irqfd->gsi != dequeue->gsi)
		goto unlock;

	spin_lock(irqfds_lock(vm));
	owner = kev_irqfd_deactivate(irqfd);
	spin_unlock(irqfds_lock(vm));
	if (!owner)
		goto unlock;

	__remove_wait_queue(wqh, &irqfd->wait);
	eventfd_ctx_do_read(irqfd->eventfd, &count);
	dequeue->irqfd = irqfd;
unlock:
	spin_unlock_irqrestore(&wqh->lock, flags);
}

/* Deactivate and dequeue; NULL when there is no such irqfd. */
static struct kev_irqfd *irqfd_take(struct kev_vm *vm, struct file *file,
				    u32 gsi)
{
	struct irqfd_dequeue dequeue = { .vm = vm, .gsi = gsi };

	lockdep_assert_held(&vm->irqfds.mutex);

	init_poll_funcptr(&dequeue.pt, irqfd_dequeue_proc);
	vfs_poll(file, &dequeue.pt);
	return dequeue.irqfd;
}

/*
 * The mutex is dropped when the irqfd injects no more.  So where there is none,
 * no other deassign is half way through ending it.
 */
static int irqfd_deassign_file(struct kev_vm *vm, struct file *file, u32 gsi,
			       struct ended_irqfds *ended)
{
	struct kev_irqfd *irqfd;

	if (mutex_lock_killable(&vm->irqfds.mutex))
		return -EINTR;
	irqfd = irqfd_take(vm, file, gsi);
	if (irqfd)
		irqfd_end(irqfd, ended);
	mutex_unlock(&vm->irqfds.mutex);

	/* Those whose eventfd was closed before this call end, too. */
	if (!irqfd)
		flush_work(&vm->irqfds.cleanup);
	return 0;
}

/* The caller frees what is @ended. */
static int irqfd_deassign(struct kev_vm *vm, const struct kvm_irqfd *args,
			  struct ended_irqfds *ended)
{
	struct file *file;
	int ret;

	file = eventfd_fget(args->fd);
	if (IS_ERR(file))
		return PTR_ERR(file);

	ret = irqfd_deassign_file(vm, file, args->gsi, ended);
	fput(file);
	return ret;
}

/* The ioctls */

static int irqfd_one(struct kev_vm *vm, const struct kvm_irqfd *args,
		     struct ended_irqfds *ended)
{
	if (args->flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE))
		return -EINVAL;

	if (args->flags & KVM_IRQFD_FLAG_DEASSIGN)
		return irqfd_deassign(vm, args, ended);
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
 * Context: Process context.  The sink's deliver must want no lock that the caller
 *	    holds.
 * Return: 0; -EINVAL: unknown flag, no interrupt controller to inject into, not
 *	   an eventfd; -EBADF; -EBUSY: the eventfd is bound; -ENOMEM; -EINTR: the
 *	   caller is being killed.
 */
int kev_irqfd(struct kev_vm *vm, const struct kvm_irqfd *args)
{
	struct ended_irqfds ended = { };
	int ret;

	ret = irqfd_one(vm, args, &ended);
	irqfds_free(vm, &ended);
	return ret;
}
EXPORT_SYMBOL_GPL(kev_irqfd);

/**
 * struct irqfd_batch - A batch that is being done
 * @vm:		The VM.
 * @ended:	What the chunk deassigned so far.
 */
struct irqfd_batch {
	struct kev_vm *vm;
	struct ended_irqfds ended;
};

static int irqfd_batch_one(void *data, const void *entry)
{
	struct irqfd_batch *batch = data;

	return irqfd_one(batch->vm, entry, &batch->ended);
}

/* What the chunk deassigned has ended, with one grace period. */
static void irqfd_batch_chunk_done(void *data)
{
	struct irqfd_batch *batch = data;

	irqfds_free(batch->vm, &batch->ended);
}

/**
 * kev_irqfd_batch - KVM_EVENTFD_IRQFDS
 * @vm:		The VM.
 * @entries:	@nr of them, each for kev_irqfd().
 * @nr:		Any number.
 *
 * What is true when kev_irqfd() returns is true of each when this does.
 *
 * Context: Process context.
 * Return: As kev_batch_run().
 */
int kev_irqfd_batch(struct kev_vm *vm, const struct kvm_irqfd __user *entries,
		    unsigned int nr)
{
	static const struct kev_batch batch = {
		.size = sizeof(*entries),
		.one = irqfd_batch_one,
		.chunk_done = irqfd_batch_chunk_done,
	};
	struct irqfd_batch data = { .vm = vm };

	return kev_batch_run(&batch, &data, entries, nr);
}
EXPORT_SYMBOL_GPL(kev_irqfd_batch);

/* All irqfds of a VM */

/**
 * kev_irqfds_init - No irqfds
 * @vm:		A VM that is being created.
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int kev_irqfds_init(struct kev_vm *vm)
{
	struct kev_irqfds *irqfds = &vm->irqfds;
	int ret;

	ret = kev_irqfd_counts_init(irqfds);
	if (ret)
		return ret;

	mutex_init(&irqfds->mutex);
	spin_lock_init(&irqfds->lock);
	INIT_LIST_HEAD(&irqfds->active);
	init_llist_head(&irqfds->dead);
	INIT_WORK(&irqfds->cleanup, irqfds_cleanup);
	kev_resamplers_init(vm);
	return 0;
}

static struct kev_irqfd *irqfds_deactivate_first(struct kev_vm *vm)
{
	struct kev_irqfd *irqfd;

	spin_lock_irq(irqfds_lock(vm));
	irqfd = list_first_entry_or_null(&vm->irqfds.active, struct kev_irqfd,
					 active);
	if (irqfd)
		kev_irqfd_deactivate(irqfd);
	spin_unlock_irq(irqfds_lock(vm));

	return irqfd;
}

/**
 * kev_irqfds_release - Shut all irqfds down
 * @vm:		A VM whose ioctls are over.
 *
 * Nothing is injected by an eventfd once this returned.
 *
 * That there is no active irqfd is seen under the irqfds_lock.  An irqfd that is
 * not found because its eventfd is just being closed has therefore queued the
 * cleanup, which is waited for.
 *
 * Context: Process context; waits for at most two grace periods.
 */
void kev_irqfds_release(struct kev_vm *vm)
{
	struct ended_irqfds ended = { };
	struct kev_irqfd *irqfd;

	while ((irqfd = irqfds_deactivate_first(vm))) {
		irqfd_dequeue(irqfd);
		irqfd_end(irqfd, &ended);
		cond_resched();
	}
	irqfds_free(vm, &ended);
	flush_work(&vm->irqfds.cleanup);
}

/**
 * kev_irqfds_destroy - Free the index of irqfds and the counts
 * @vm:		A VM that nobody uses any more, after kev_irqfds_release().
 */
void kev_irqfds_destroy(struct kev_vm *vm)
{
	unsigned int i;

	for (i = 0; i < KEV_IRQFD_PAGES; i++)
		kfree(vm->irqfds.by_gsi[i]);
	kev_irqfd_counts_destroy(&vm->irqfds);
}
