// SPDX-License-Identifier: GPL-2.0
/* See lines_fixture.h. */
#include <kev/base/compat.h>
#include <kev/machine/ioctl.h>
#include <kev/node/vcpu_fd.h>
#include <kev/node/vm_fd.h>

#include "lines_fixture.h"

KUNIT_DEFINE_ACTION_WRAPPER(lines_put, kev_machine_put, struct kev_machine *);

struct lines_machine *lines_machine(struct kunit *test)
{
	struct lines_machine *m;
	unsigned int i;

	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	m->machine = kev_machine_create(&kev_lines_machine, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m->machine);
	m->vm = m->machine->vm;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, lines_put,
						  m->machine));

	for (i = 0; i < LINES_CPUS; i++) {
		m->cpu[i] = kev_vcpu_create(m->machine, i);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m->cpu[i]);
	}
	return m;
}

int lines_set(struct lines_machine *m, u32 gsi, bool level)
{
	struct kev_irq irq = { .level = level };

	return kev_set_irq(m->vm, gsi, &irq);
}

int lines_pulse(struct lines_machine *m, u32 gsi)
{
	struct kev_irq irq = { .level = true, .pulse = true };
	int ret;

	ret = kev_set_irq(m->vm, gsi, &irq);
	irq.level = false;
	kev_set_irq(m->vm, gsi, &irq);
	return ret;
}

int lines_take(struct lines_machine *m, unsigned int cpu)
{
	struct kvm_eventfd_interrupt intr = { };

	if (kev_lines_machine.ack(m->cpu[cpu], &intr))
		return -1;
	return intr.type == KVM_EVENTFD_INTR_LINE ? (int)intr.vector : -2;
}

long lines_vm_ioctl(struct lines_machine *m, unsigned int cmd, void *arg)
{
	const struct kev_ioctl *row;

	if (cmd == KVM_ENABLE_CAP)
		return kev_machine_enable_cap(m->machine, arg);
	for (row = kev_lines_machine.vm_ioctls; row->cmd; row++)
		if (row->cmd == cmd)
			return row->fn(m->machine, arg, 0);
	return -ENOTTY;
}
