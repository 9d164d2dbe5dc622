// SPDX-License-Identifier: GPL-2.0
/* See plane_fixture.h. */
#include <linux/eventfd.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/syscalls.h>

#include <kev/base/compat.h>
#include <kev/base/limits.h>
#include <kev/plane/vm.h>

#include "eventfd_call.h"
#include "plane_fixture.h"

/* The sink */

static int fake_irqfd_allowed(void *data, bool resample)
{
	struct fake_sink *sink = data;

	return sink->irqfd_ret;
}

static int fake_routing_allowed(void *data)
{
	struct fake_sink *sink = data;

	return sink->routing_ret;
}

static int fake_set_route(void *data,
			  const struct kvm_irq_routing_entry *ue,
			  struct kev_route *route)
{
	u32 chip = ue->u.irqchip.irqchip;
	u32 pin = ue->u.irqchip.pin;

	switch (ue->type) {
	case KVM_IRQ_ROUTING_IRQCHIP:
		if (chip >= KEV_NR_IRQCHIPS || pin >= KEV_IRQCHIP_PINS)
			return -EINVAL;
		route->chips |= BIT(chip);
		route->pin[chip] = pin;
		return 0;
	case KVM_IRQ_ROUTING_MSI:
		route->msi.address_lo = ue->u.msi.address_lo;
		route->msi.address_hi = ue->u.msi.address_hi;
		route->msi.data = ue->u.msi.data;
		return 0;
	default:
		return -EINVAL;
	}
}

static void fake_note(struct fake_sink *sink, const struct kev_route *route,
		      const struct kev_irq *irq)
{
	sink->source = irq->source;
	sink->route = *route;
	if (route->type == KVM_IRQ_ROUTING_MSI &&
	    (route->msi.address_lo != route->msi.data ||
	     route->msi.address_hi != route->msi.data))
		atomic_inc(&sink->torn);
}

static int fake_deliver_atomic(void *data, const struct kev_route *route,
			       const struct kev_irq *irq)
{
	struct fake_sink *sink = data;

	atomic_inc(&sink->atomic);
	if (sink->atomic_ret != -EWOULDBLOCK)
		fake_note(sink, route, irq);
	return sink->atomic_ret;
}

static void fake_gate_pass(struct fake_gate *gate)
{
	int ticket = atomic_inc_return(&gate->tickets) - 1;

	complete(&gate->entered);
	if (ticket < FAKE_GATES)
		wait_for_completion(&gate->leave[ticket]);
}

static int fake_deliver(void *data, const struct kev_route *route,
			const struct kev_irq *irq)
{
	struct fake_sink *sink = data;

	might_sleep();
	if (sink->gate && irq->level)
		fake_gate_pass(sink->gate);
	atomic_inc(irq->level ? &sink->asserted : &sink->deasserted);
	fake_note(sink, route, irq);
	if (!irq->level && sink->watch >= 0)
		sink->watched += fake_eventfd_count(sink->watch);
	return sink->ret;
}

static void fake_release(void *data)
{
}

static const struct kev_sink_ops fake_ops = {
	.irqfd_allowed = fake_irqfd_allowed,
	.routing_allowed = fake_routing_allowed,
	.set_route = fake_set_route,
	.deliver_atomic = fake_deliver_atomic,
	.deliver = fake_deliver,
	.release = fake_release,
};

KUNIT_DEFINE_ACTION_WRAPPER(fake_vm_put, kev_vm_destroy, struct kev_vm *);

struct kev_vm *fake_own_vm(struct kunit *test, struct fake_sink **sink)
{
	struct kev_vm *vm;

	*sink = kunit_kzalloc(test, sizeof(**sink), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, *sink);
	(*sink)->atomic_ret = 1;
	(*sink)->ret = 1;
	(*sink)->watch = -1;

	vm = kev_vm_create(&fake_ops, *sink);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vm);
	return vm;
}

struct kev_vm *fake_vm(struct kunit *test, struct fake_sink **sink)
{
	struct kev_vm *vm = fake_own_vm(test, sink);

	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, fake_vm_put, vm));
	return vm;
}

/* Eventfds */

#ifndef EVENTFD_CALL
static long sys_eventfd_call(unsigned int count)
{
	return sys_eventfd2(count, 0);
}
#else
#ifdef MODULE
/* It is not exported; a probe that nobody keeps tells where it is. */
static void *find_symbol(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	void *addr;

	if (register_kprobe(&probe))
		return NULL;
	addr = probe.addr;
	unregister_kprobe(&probe);
	return addr;
}

#define eventfd_call()	find_symbol(__stringify(EVENTFD_CALL))
#else
#define eventfd_call()	EVENTFD_CALL
#endif

static long sys_eventfd_call(unsigned int count)
{
	long (*call)(const struct pt_regs *regs) = eventfd_call();
	struct pt_regs regs = { .EVENTFD_COUNT = count };

	return call ? call(&regs) : -ENOENT;
}
#endif

void fake_eventfd_close(int fd)
{
	close_fd(fd);
	/* A kernel thread's last reference is dropped later. */
	flush_delayed_fput();
}

static void fake_eventfd_cleanup(void *data)
{
	fake_eventfd_close((long)data);
}

int fake_own_eventfd(unsigned int count)
{
	return sys_eventfd_call(count);
}

int fake_eventfd(struct kunit *test, unsigned int count)
{
	long fd = fake_own_eventfd(count);

	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, fake_eventfd_cleanup,
						  (void *)fd));
	return fd;
}

void fake_eventfd_signal(int fd)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(fd);

	if (WARN_ON_ONCE(IS_ERR(ctx)))
		return;
	kev_eventfd_signal(ctx);
	eventfd_ctx_put(ctx);
}

/* Read and reset the counter. */
u64 fake_eventfd_count(int fd)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(fd);
	wait_queue_entry_t wait;
	u64 count = 0;

	if (WARN_ON_ONCE(IS_ERR(ctx)))
		return 0;
	init_wait_entry(&wait, 0);
	eventfd_ctx_remove_wait_queue(ctx, &wait, &count);
	eventfd_ctx_put(ctx);
	return count;
}

struct kvm_irq_routing_entry fake_msi(u32 gsi, u32 n)
{
	return (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = n, .address_hi = n, .data = n },
	};
}

struct kvm_irq_routing_entry fake_pin(u32 gsi, u32 chip, u32 pin)
{
	return (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}
