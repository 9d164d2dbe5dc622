// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a VM's plane: birth, the order of its end, waiting for readers, and
 * freeing after them.
 *
 * A VM has one owner, the driver or the machine that created it.
 */
#include <linux/export.h>
#include <linux/kvm_eventfd.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include <kev/base/compat.h>
#include <kev/plane/eventfd.h>
#include <kev/plane/iobus.h>
#include <kev/plane/ioeventfd.h>
#include <kev/plane/irqchip.h>
#include <kev/plane/vm.h>
#include <kev/plane/wake.h>

/* Waiting for readers, and freeing after them */

/**
 * kev_irq_synchronize - Wait for the readers in irq_srcu
 * @vm:		Whose.
 *
 * Expedited, for a normal grace period begins with a delay, and all callers wait for
 * its end.
 *
 * Context: Process context, outside irq_srcu and every lock that a reader takes.
 */
void kev_irq_synchronize(struct kev_vm *vm)
{
	synchronize_srcu_expedited(&vm->irq_srcu);
}

/*
 * An expedited grace period in a work item, not call_srcu(): a normal one would
 * make the next change that has to wait for one wait for that one first.
 */
static void vm_free_deferred(struct work_struct *work)
{
	struct kev_vm *vm = container_of(work, struct kev_vm, deferred_work);
	struct llist_node *list = llist_del_all(&vm->deferred);
	struct kev_deferred *deferred;
	struct kev_deferred *next;

	kev_irq_synchronize(vm);
	llist_for_each_entry_safe(deferred, next, list, node) {
		deferred->free(deferred);
		cond_resched();
	}
}

/**
 * kev_free_deferred - Free after a grace period
 * @vm:		Whose irq_srcu.
 * @deferred:	In what is to be freed; no new reader finds it.
 * @free:	Frees it.
 *
 * Context: Any.
 */
void kev_free_deferred(struct kev_vm *vm, struct kev_deferred *deferred,
		       void (*free)(struct kev_deferred *deferred))
{
	deferred->free = free;
	llist_add(&deferred->node, &vm->deferred);
	queue_work(vm->wq, &vm->deferred_work);
}

/* Birth and end */

/**
 * kev_vm_create - Create a VM
 * @ops:	What its interrupts are delivered to.
 * @sink:	What @ops are called with; its owner is @ops->release, once this
 *		succeeded.
 *
 * Context: Process context.
 * Return: The VM, for kev_vm_destroy(); or an ERR_PTR() of -ENOMEM.
 */
struct kev_vm *kev_vm_create(const struct kev_sink_ops *ops, void *sink)
{
	struct kev_vm *vm;
	int ret;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);

	vm->ops = ops;
	vm->sink = sink;
	mutex_init(&vm->irq_lock);
	init_llist_head(&vm->deferred);
	INIT_WORK(&vm->deferred_work, vm_free_deferred);
	kev_acks_init(vm);
	ret = kev_irqfds_init(vm);
	if (ret)
		goto free;

	/*
	 * Unbound and with no limit that items could wait for: a cleanup waits
	 * for injections.  Its items use no memory that others wait for.
	 */
	vm->wq = kev_alloc_workqueue("kvm-eventfd");
	ret = -ENOMEM;
	if (!vm->wq)
		goto irqfds;
	kev_waker_init(&vm->waker, vm->wq);
	ret = init_srcu_struct(&vm->irq_srcu);
	if (ret)
		goto wq;
	ret = kev_routing_init(vm);
	if (ret)
		goto srcu;
	ret = kev_ioeventfds_init(&vm->ioeventfds);
	if (ret)
		goto routing;
	kev_buses_init(&vm->buses);
	return vm;

routing:
	kev_routing_destroy(vm);
srcu:
	cleanup_srcu_struct(&vm->irq_srcu);
wq:
	destroy_workqueue(vm->wq);
irqfds:
	kev_irqfds_destroy(vm);
free:
	kfree(vm);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(kev_vm_create);

/* What kev_vm_create() made, with no user left and nothing deferred. */
static void vm_free(struct kev_vm *vm)
{
	kev_irqfds_destroy(vm);
	kev_routing_destroy(vm);
	kev_acks_destroy(vm);
	destroy_workqueue(vm->wq);
	cleanup_srcu_struct(&vm->irq_srcu);
	kfree(vm);
}

/**
 * kev_vm_stop - End what acts on a VM from outside
 * @vm:		A VM that its owner makes no call on, but to destroy it.
 *
 * First irqfds, which inject, then what a guest's accesses find.  When this returns
 * nothing is on its way to the sink but what the sink itself began.
 *
 * Context: Process context; may be called again.
 */
void kev_vm_stop(struct kev_vm *vm)
{
	kev_irqfds_release(vm);
	kev_ioeventfds_destroy(&vm->ioeventfds);
	kev_buses_destroy(&vm->buses);
}

/**
 * kev_vm_destroy - End a VM
 * @vm:		A VM that its owner makes no other call on.
 *
 * The sink is released last, when its routes are put and nothing refers to it.
 *
 * Context: Process context.
 */
void kev_vm_destroy(struct kev_vm *vm)
{
	kev_vm_stop(vm);
	flush_work(&vm->deferred_work);
	/* What routes hold is the sink's. */
	kev_routing_clear(vm);
	vm->ops->release(vm->sink);
	kev_waker_destroy(&vm->waker);
	vm_free(vm);
}
EXPORT_SYMBOL_GPL(kev_vm_destroy);

/**
 * kev_vm_workqueue - Where a VM's work is done
 * @vm:		The VM.
 *
 * For the work of a sink: unbound, and no other VM can fill it or wait for it.
 *
 * Context: Any.
 * Return: The queue; it is there until the sink was released.
 */
struct workqueue_struct *kev_vm_workqueue(const struct kev_vm *vm)
{
	return vm->wq;
}
EXPORT_SYMBOL_GPL(kev_vm_workqueue);

/**
 * kev_vm_sink - What a VM's sink ops are called with
 * @vm:		The VM.
 *
 * Context: Any.
 * Return: What kev_vm_create() was given.
 */
void *kev_vm_sink(const struct kev_vm *vm)
{
	return vm->sink;
}
EXPORT_SYMBOL_GPL(kev_vm_sink);
