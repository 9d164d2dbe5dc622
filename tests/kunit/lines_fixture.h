/* SPDX-License-Identifier: GPL-2.0 */
/* A VM of lines, and what a CPU of it takes. */
#ifndef _KEV_LINES_FIXTURE_H
#define _KEV_LINES_FIXTURE_H

#include <kunit/test.h>

#include <kev/lines/lines.h>

#define LINES_CPUS	2

/**
 * struct lines_machine - What a case plays with
 * @machine:	The machine.
 * @vm:		Its plane.
 * @cpu:	Its vCPUs.
 */
struct lines_machine {
	struct kev_machine *machine;
	struct kev_vm *vm;
	struct kev_vcpu *cpu[LINES_CPUS];
};

struct lines_machine *lines_machine(struct kunit *test);

/* Change a GSI's input, as KVM_IRQ_LINE_STATUS and an irqfd do. */
int lines_set(struct lines_machine *m, u32 gsi, bool level);
int lines_pulse(struct lines_machine *m, u32 gsi);

/* What CPU @cpu takes: the line; -1 for nothing; -2 for anything else. */
int lines_take(struct lines_machine *m, unsigned int cpu);

/* Run the handler of a VM ioctl. */
long lines_vm_ioctl(struct lines_machine *m, unsigned int cmd, void *arg);

#endif /* _KEV_LINES_FIXTURE_H */
