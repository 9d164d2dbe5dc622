// SPDX-License-Identifier: GPL-2.0
/* The x86 machine that KUnit suites share; see x86_fixture.h. */
#include <kunit/test.h>
#include <linux/xarray.h>

#include <asm/apicdef.h>

#include <kev/base/compat.h>
#include <kev/machine/ioctl.h>
#include <kev/machine/vcpu.h>
#include <kev/node/vcpu_fd.h>
#include <kev/node/vm_fd.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

#include "x86_fixture.h"

static void put_machine(struct kunit_resource *res)
{
	kev_machine_put(res->data);
}

static struct kev_machine *empty_machine(struct kunit *test)
{
	struct kev_machine *machine;

	machine = kev_machine_create(&kev_x86_machine, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(machine));
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL,
							 put_machine,
							 GFP_KERNEL, machine));

	return machine;
}

static void add_vcpus(struct kunit *test, struct kev_machine *machine, unsigned int vcpus)
{
	u32 id;

	for (id = 0; id < vcpus; id++)
		x86_add_vcpu(test, machine, id);
}

/* LAPICs alone: user space has the PIC and the IOAPIC. */
struct kev_machine *x86_machine(struct kunit *test, unsigned int vcpus)
{
	struct kvm_enable_cap split = {
		.cap	= KVM_CAP_SPLIT_IRQCHIP,
		.args	= { 24 },
	};
	struct kev_machine *machine = empty_machine(test);

	KUNIT_ASSERT_EQ(test, x86_vm_ioctl(machine, KVM_ENABLE_CAP, &split, 0), 0);
	add_vcpus(test, machine, vcpus);

	return machine;
}

struct kev_machine *x86_full_machine(struct kunit *test, unsigned int vcpus)
{
	struct kev_machine *machine = empty_machine(test);

	KUNIT_ASSERT_EQ(test, x86_vm_ioctl(machine, KVM_CREATE_IRQCHIP, NULL, 0), 0);
	add_vcpus(test, machine, vcpus);

	return machine;
}

struct kev_vcpu *x86_vcpu(struct kunit *test, struct kev_machine *machine, u32 id)
{
	struct kev_vcpu *vcpu = xa_load(&machine->vcpus, id);

	KUNIT_ASSERT_NOT_NULL(test, vcpu);

	return vcpu;
}

struct kev_vcpu *x86_add_vcpu(struct kunit *test, struct kev_machine *machine, u32 id)
{
	struct kev_vcpu *vcpu = kev_vcpu_create(machine, id);

	KUNIT_ASSERT_FALSE(test, IS_ERR(vcpu));

	return vcpu;
}

static long run_row(const struct kev_ioctl *row, void *obj, unsigned int cmd,
		    void *arg, unsigned long uarg)
{
	for (; row->cmd; row++) {
		if (row->cmd == cmd)
			return row->fn(obj, arg, uarg);
	}

	return -ENOTTY;
}

long x86_vm_ioctl(struct kev_machine *machine, unsigned int cmd, void *arg,
		  unsigned long uarg)
{
	if (cmd == KVM_ENABLE_CAP)
		return kev_machine_enable_cap(machine, arg);
	return run_row(kev_x86_machine.vm_ioctls, machine, cmd, arg, uarg);
}

long x86_vcpu_ioctl(struct kev_vcpu *vcpu, unsigned int cmd, void *arg,
		    unsigned long uarg)
{
	return run_row(kev_x86_machine.vcpu_ioctls, vcpu, cmd, arg, uarg);
}

u32 x86_lapic_read(struct kev_vcpu *vcpu, unsigned int offset)
{
	__le32 val = 0;

	kev_lapic_mmio_read(vcpu, X86_LAPIC_BASE + offset, sizeof(val), &val);

	return le32_to_cpu(val);
}

void x86_lapic_write(struct kev_vcpu *vcpu, unsigned int offset, u32 val)
{
	__le32 raw = cpu_to_le32(val);

	kev_lapic_mmio_write(vcpu, X86_LAPIC_BASE + offset, sizeof(raw), &raw);
}

void x86_lapic_enable(struct kev_vcpu *vcpu)
{
	x86_lapic_write(vcpu, APIC_SPIV, X86_SPIV_ENABLED);
}

int x86_lapic_raise(struct kev_vcpu *vcpu, u8 vector)
{
	struct kev_lapic_irq irq = {
		.vector	= vector,
		.level	= true,
	};

	return kev_lapic_accept(vcpu->arch, &irq);
}

int x86_ack(struct kev_vcpu *vcpu)
{
	struct kvm_eventfd_interrupt intr;
	int ret;

	ret = kev_lapic_ack(vcpu, &intr);
	if (ret)
		return ret;

	return intr.type << 8 | intr.vector;
}

bool x86_pending(struct kev_vcpu *vcpu)
{
	return READ_ONCE(vcpu->state->pending);
}

bool x86_requested(struct kev_vcpu *vcpu, u8 vector)
{
	return x86_lapic_read(vcpu, APIC_IRR + vector / 32 * 16) &
	       BIT(vector % 32);
}
