// SPDX-License-Identifier: GPL-2.0
/* A VM of GSI lines: made, raised, taken, ended. */
#include <unistd.h>

#include "fault.h"

#define LINE	7

static long create_vm(struct env *env)
{
	env->made = ioctl(env->node, KVM_CREATE_VM, KVM_EVENTFD_VM_LINES);
	return env->made;
}

/* In place of the machine that every site has. */
static void have_lines(struct env *env)
{
	kev_machine_destroy(&env->m);
	close(env->vm_stats);
	if (env->vcpu_stats >= 0)
		close(env->vcpu_stats);
	env->vcpu_stats = -1;
	env->m.vm = kev_ioctl_val(env->node, KVM_CREATE_VM,
				  KVM_EVENTFD_VM_LINES);
	env->vm_stats = kev_ioctl_val(env->m.vm, KVM_GET_STATS_FD, 0);
	env->m.nr_vcpus = 1;
	env->m.vcpu[0] = create_vcpu(env->m.vm, 0);
}

static long next_vcpu(struct env *env)
{
	env->made = __create_vcpu(env->m.vm, 9);
	return env->made;
}

static long raise_line(struct env *env)
{
	return __irq_line(env->m.vm, LINE, 1);
}

static long raise_line_status(struct env *env)
{
	struct kvm_irq_level arg = { .irq = LINE, .level = 1 };

	return __kev_ioctl(env->m.vm, KVM_IRQ_LINE_STATUS, &arg);
}

static void have_event(struct env *env)
{
	have_lines(env);
	kev_assert(!raise_line(env), "KVM_IRQ_LINE");
}

static long take(struct env *env)
{
	struct kvm_eventfd_interrupt intr;

	return __ack_interrupt(env->m.vcpu[0], &intr);
}

static long fetch(struct env *env)
{
	struct kvm_eventfd_event event;

	return __kev_ioctl(env->m.vcpu[0], KVM_EVENTFD_FETCH, &event);
}

static void have_taken(struct env *env)
{
	have_event(env);
	kev_assert(!take(env), "KVM_EVENTFD_ACK_INTERRUPT");
}

static long end_line(struct env *env)
{
	struct kvm_eventfd_interrupt intr = {
		.type = KVM_EVENTFD_INTR_LINE,
		.vector = LINE,
	};

	return __kev_ioctl(env->m.vcpu[0], KVM_EVENTFD_EOI, &intr);
}

static long set_trigger(struct env *env)
{
	struct kvm_enable_cap arg = {
		.cap = KVM_EVENTFD_CAP_LINES,
		.args = { LINE, 2, KVM_EVENTFD_TRIGGER_EDGE },
	};

	return __kev_ioctl(env->m.vm, KVM_ENABLE_CAP, &arg);
}

static long assign(struct env *env)
{
	return __irqfd(env->m.vm, env->efd[0], LINE, 0, 0);
}

static void have_irqfd(struct env *env)
{
	have_lines(env);
	kev_assert(!assign(env), "KVM_IRQFD");
}

static long signal_line(struct env *env)
{
	uint64_t one = 1;

	return write(env->efd[0], &one, sizeof(one));
}

static const struct site line_sites[] = {
	{ "CREATE_VM of lines", KEV_CHIP_NONE, 0, SITE_FD, NULL, create_vm },
	{ "lines, CREATE_VCPU", KEV_CHIP_NONE, 0, SITE_FD, have_lines,
	  next_vcpu },
	{ "lines, IRQ_LINE", KEV_CHIP_NONE, 0, 0, have_lines, raise_line },
	{ "lines, IRQ_LINE_STATUS", KEV_CHIP_NONE, 0, 0, have_lines,
	  raise_line_status },
	{ "lines, ACK_INTERRUPT", KEV_CHIP_NONE, 0, 0, have_event, take },
	{ "lines, FETCH", KEV_CHIP_NONE, 0, 0, have_event, fetch },
	{ "lines, EOI", KEV_CHIP_NONE, 0, 0, have_taken, end_line },
	{ "lines, ENABLE_CAP", KEV_CHIP_NONE, 0, 0, have_lines, set_trigger },
	{ "lines, IRQFD", KEV_CHIP_NONE, 0, 0, have_lines, assign },
	{ "lines, write to an eventfd with an irqfd", KEV_CHIP_NONE, 0,
	  SITE_ASYNC, have_irqfd, signal_line },
};

FAULT_SITES(line_sites);
