/* SPDX-License-Identifier: GPL-2.0 */
/* An x86 machine with some vCPUs, and the guest's and user space's hands on it. */
#ifndef _KEV_X86_FIXTURE_H
#define _KEV_X86_FIXTURE_H

#include <kunit/test.h>
#include <linux/kvm_eventfd.h>
#include <linux/types.h>

#include <kev/x86/machine.h>

struct kev_vcpu;

#define X86_LAPIC_BASE	0xfee00000ULL

/* What of fixed delivery a test has to say; see struct kev_lapic_irq. */
#define X86_SPIV_ENABLED	0x1ff

/*
 * A machine that goes away with the test: LAPICs alone, or the PIC and the
 * IOAPIC with them.  Its vCPUs have ids from 0, and software-disabled LAPICs.
 */
struct kev_machine *x86_machine(struct kunit *test, unsigned int vcpus);
struct kev_machine *x86_full_machine(struct kunit *test, unsigned int vcpus);
struct kev_vcpu *x86_vcpu(struct kunit *test, struct kev_machine *machine, u32 id);
struct kev_vcpu *x86_add_vcpu(struct kunit *test, struct kev_machine *machine, u32 id);

/* An ioctl's handler, with a kernel's argument. */
long x86_vm_ioctl(struct kev_machine *machine, unsigned int cmd, void *arg,
		  unsigned long uarg);
long x86_vcpu_ioctl(struct kev_vcpu *vcpu, unsigned int cmd, void *arg,
		    unsigned long uarg);

/* Registers of the LAPIC's page. */
u32 x86_lapic_read(struct kev_vcpu *vcpu, unsigned int offset);
void x86_lapic_write(struct kev_vcpu *vcpu, unsigned int offset, u32 val);
void x86_lapic_enable(struct kev_vcpu *vcpu);

/* A fixed, edge-triggered vector straight into a LAPIC. */
int x86_lapic_raise(struct kev_vcpu *vcpu, u8 vector);
/* What the CPU takes: type << 8 | vector, or -EAGAIN. */
int x86_ack(struct kev_vcpu *vcpu);
/* The pending word that user space maps. */
bool x86_pending(struct kev_vcpu *vcpu);
bool x86_requested(struct kev_vcpu *vcpu, u8 vector);

/* Case descriptions for KUNIT_ARRAY_PARAM() of structs with a name. */
#define x86_case_desc(cases)						\
	static void cases##_desc(typeof(&(cases)[0]) c, char *desc)	\
	{								\
		strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);		\
	}								\
	KUNIT_ARRAY_PARAM(cases, cases, cases##_desc)

#endif /* _KEV_X86_FIXTURE_H */
