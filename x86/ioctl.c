// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls and capabilities that an x86 machine has beyond every other one's.
 *
 * The node calls in through the tables of kev_x86_machine.
 */
#include <linux/kernel.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <kev/base/compat.h>
#include <kev/base/limits.h>
#include <kev/machine/ioctl.h>
#include <kev/x86/i8259.h>
#include <kev/x86/ioapic.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

#define DIRECTED_EOI_FLAGS	(KVM_X2APIC_ENABLE_SUPPRESS_EOI_BROADCAST | \
				 KVM_X2APIC_DISABLE_SUPPRESS_EOI_BROADCAST)
#define X2APIC_API_FLAGS	(KVM_X2APIC_API_USE_32BIT_IDS | \
				 KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK | \
				 DIRECTED_EOI_FLAGS)

#define NR_VECTORS_OF_A_CPU	256

/* ioctls of a VM */

static long x86_signal_msi(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_msi *msi = arg;
	struct kev_x86 *x86 = kev_x86(obj);

	if (!kev_x86_has_lapics(x86) || msi->flags & ~KVM_MSI_VALID_DEVID)
		return -EINVAL;

	return kev_signal_msi(x86, msi->address_lo, msi->address_hi,
			      msi->data);
}

static long x86_irq_line(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_irq_level *line = arg;
	struct kev_machine *machine = obj;
	struct kev_irq irq = {
		.source	= KEV_IRQ_SOURCE_USERSPACE,
		.level	= line->level,
	};

	if (!kev_x86_has_lapics(kev_x86(machine)))
		return -ENXIO;

	kev_set_irq(machine->vm, line->irq, &irq);

	return 0;
}

static long x86_irq_line_status(void *obj, void *arg, unsigned long uarg)
{
	struct kvm_irq_level *line = arg;
	struct kev_machine *machine = obj;
	struct kev_irq irq = {
		.source		= KEV_IRQ_SOURCE_USERSPACE,
		.level		= line->level,
		.line_status	= true,
	};

	if (!kev_x86_has_lapics(kev_x86(machine)))
		return -ENXIO;

	line->status = kev_set_irq(machine->vm, line->irq, &irq);

	return 0;
}

static long __maybe_unused x86_create_irqchip(void *obj, void *arg,
					      unsigned long uarg)
{
	struct kev_machine *machine = obj;
	struct kev_x86 *x86 = kev_x86(machine);
	int ret;

	mutex_lock(&machine->lock);
	if (kev_x86_has_lapics(x86))
		ret = -EEXIST;
	else if (machine->created_vcpus)
		ret = -EINVAL;
	else
		ret = kev_x86_create_chips(x86);
	mutex_unlock(&machine->lock);

	return ret;
}

static int get_chip(struct kev_x86 *x86, struct kvm_irqchip *chip)
{
	switch (chip->chip_id) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		kev_pic_get_state(x86->pic, chip->chip_id, &chip->chip.pic);
		return 0;
	case KVM_IRQCHIP_IOAPIC:
		kev_ioapic_get_state(x86->ioapic, &chip->chip.ioapic);
		return 0;
	default:
		return -EINVAL;
	}
}

/* The PICs' output is evaluated even when another chip, or none, was named. */
static int set_chip(struct kev_x86 *x86, const struct kvm_irqchip *chip)
{
	int ret = 0;

	switch (chip->chip_id) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		kev_pic_set_state(x86->pic, chip->chip_id, &chip->chip.pic);
		break;
	case KVM_IRQCHIP_IOAPIC:
		kev_apic_map_sync(x86);
		kev_ioapic_set_state(x86->ioapic, &chip->chip.ioapic);
		break;
	default:
		ret = -EINVAL;
	}
	kev_pic_update(x86->pic);

	return ret;
}

static long __maybe_unused x86_get_irqchip(void *obj, void *arg,
					   unsigned long uarg)
{
	void __user *user = (void __user *)uarg;
	struct kvm_irqchip *chip;
	struct kev_x86 *x86 = kev_x86(obj);
	int ret = -ENXIO;

	chip = memdup_user(user, sizeof(*chip));
	if (IS_ERR(chip))
		return PTR_ERR(chip);

	if (kev_irqchip_full(x86))
		ret = get_chip(x86, chip);
	if (!ret && copy_to_user(user, chip, sizeof(*chip)))
		ret = -EFAULT;
	kfree(chip);

	return ret;
}

static long __maybe_unused x86_set_irqchip(void *obj, void *arg,
					   unsigned long uarg)
{
	void __user *user = (void __user *)uarg;
	struct kvm_irqchip *chip;
	struct kev_x86 *x86 = kev_x86(obj);
	int ret = -ENXIO;

	chip = memdup_user(user, sizeof(*chip));
	if (IS_ERR(chip))
		return PTR_ERR(chip);

	if (kev_irqchip_full(x86))
		ret = set_chip(x86, chip);
	kfree(chip);

	return ret;
}

/* A vCPU that exists is EEXIST here, and EINVAL for KVM_CREATE_IRQCHIP. */
static int enable_split_irqchip(struct kev_x86 *x86, u64 reserved_pins)
{
	struct kev_machine *machine = &x86->machine;
	int ret = -EEXIST;

	if (reserved_pins > KEV_MAX_IRQ_ROUTES)
		return -EINVAL;

	mutex_lock(&machine->lock);
	if (!kev_x86_has_lapics(x86) && !machine->created_vcpus) {
		x86->reserved_pins = reserved_pins;
		/* Pairs with kev_irqchip_mode(). */
		smp_store_release(&x86->mode, KEV_IRQCHIP_SPLIT);
		ret = 0;
	}
	mutex_unlock(&machine->lock);

	return ret;
}

/* The flags of a machine, or of the node, where @x86 is NULL. */
static u64 x2apic_api_flags(const struct kev_x86 *x86)
{
	if (x86 && kev_irqchip_mode(x86) != KEV_IRQCHIP_SPLIT)
		return X2APIC_API_FLAGS & ~KVM_X2APIC_ENABLE_SUPPRESS_EOI_BROADCAST;

	return X2APIC_API_FLAGS;
}

static int enable_x2apic_api(struct kev_x86 *x86, u64 flags)
{
	if (flags & ~x2apic_api_flags(x86) ||
	    (flags & DIRECTED_EOI_FLAGS) == DIRECTED_EOI_FLAGS)
		return -EINVAL;

	if (flags & KVM_X2APIC_API_USE_32BIT_IDS)
		WRITE_ONCE(x86->x2apic_format, true);
	if (flags & KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK)
		WRITE_ONCE(x86->x2apic_no_quirk, true);
	if (flags & KVM_X2APIC_ENABLE_SUPPRESS_EOI_BROADCAST)
		WRITE_ONCE(x86->directed_eoi, KEV_DIRECTED_EOI_ON);
	if (flags & KVM_X2APIC_DISABLE_SUPPRESS_EOI_BROADCAST)
		WRITE_ONCE(x86->directed_eoi, KEV_DIRECTED_EOI_OFF);
	kev_x86_destinations_changed(x86);

	return 0;
}

/* What a VMM promises can be promised once, and holds for the boot CPU too. */
static int enable_max_vcpu_id(struct kev_x86 *x86, u64 ids)
{
	struct kev_machine *machine = &x86->machine;
	int ret = -EINVAL;

	if (ids > kev_max_vcpu_ids())
		return -EINVAL;

	mutex_lock(&machine->lock);
	if (x86->bsp_id <= ids &&
	    (!machine->max_vcpu_ids || machine->max_vcpu_ids == ids)) {
		WRITE_ONCE(machine->max_vcpu_ids, ids);
		ret = 0;
	}
	mutex_unlock(&machine->lock);

	return ret;
}

/**
 * kev_x86_enable_cap - kev_machine_ops.enable_cap of an x86 machine
 * @machine:	The machine.
 * @cap:	As the user gave it, flags checked.
 *
 * Context: Process context.
 * Return: What KVM_ENABLE_CAP returns; -EOPNOTSUPP: it is not x86's.
 */
int kev_x86_enable_cap(struct kev_machine *machine,
		       const struct kvm_enable_cap *cap)
{
	struct kev_x86 *x86 = kev_x86(machine);

	switch (cap->cap) {
	case KVM_CAP_SPLIT_IRQCHIP:
		return enable_split_irqchip(x86, cap->args[0]);
	case KVM_CAP_X2APIC_API:
		return enable_x2apic_api(x86, cap->args[0]);
	case KVM_CAP_MAX_VCPU_ID:
		return enable_max_vcpu_id(x86, cap->args[0]);
	default:
		return -EOPNOTSUPP;
	}
}

static long x86_set_boot_cpu_id(void *obj, void *arg, unsigned long id)
{
	struct kev_machine *machine = obj;
	int ret = 0;

	mutex_lock(&machine->lock);
	if (machine->created_vcpus)
		ret = -EBUSY;
	else if (id > (machine->max_vcpu_ids ?: kev_max_vcpu_ids()))
		ret = -EINVAL;
	else
		kev_x86(machine)->bsp_id = id;
	mutex_unlock(&machine->lock);

	return ret;
}

const struct kev_ioctl kev_x86_vm_ioctls[] = {
	KEV_IOCTL(KVM_SIGNAL_MSI,	KEV_IN,			x86_signal_msi),
	KEV_IOCTL(KVM_IRQ_LINE,		KEV_IN,			x86_irq_line),
	KEV_IOCTL(KVM_IRQ_LINE_STATUS,	KEV_IN | KEV_OUT,	x86_irq_line_status),
#ifdef CONFIG_KVM_EVENTFD_IOAPIC
	KEV_IOCTL(KVM_CREATE_IRQCHIP,	0,			x86_create_irqchip),
	KEV_IOCTL(KVM_GET_IRQCHIP,	0,			x86_get_irqchip),
	KEV_IOCTL(KVM_SET_IRQCHIP,	0,			x86_set_irqchip),
	KEV_IOCTL(KVM_CREATE_PIT,	0,			kev_x86_create_pit),
	KEV_IOCTL(KVM_CREATE_PIT2,	KEV_IN,			kev_x86_create_pit2),
	KEV_IOCTL(KVM_GET_PIT,		KEV_IN | KEV_OUT,	kev_x86_get_pit),
	KEV_IOCTL(KVM_SET_PIT,		KEV_IN,			kev_x86_set_pit),
	KEV_IOCTL(KVM_GET_PIT2,		KEV_OUT,		kev_x86_get_pit2),
	KEV_IOCTL(KVM_SET_PIT2,		KEV_IN,			kev_x86_set_pit2),
	KEV_IOCTL(KVM_REINJECT_CONTROL,	0,			kev_x86_reinject_control),
#endif
	KEV_IOCTL(KVM_SET_BOOT_CPU_ID,	0,			x86_set_boot_cpu_id),
	KEV_IOCTL_END
};

/* ioctls of a vCPU */

/*
 * Without in-kernel chips this is what the CPU takes next.  With a LAPIC it is
 * an ExtINT, which only user space's PIC may send.
 */
static long x86_interrupt(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_interrupt *intr = arg;
	struct kev_vcpu *vcpu = obj;

	if (intr->irq >= NR_VECTORS_OF_A_CPU)
		return -EINVAL;
	if (kev_irqchip_full(kev_vcpu_x86(vcpu)))
		return -ENXIO;

	return kev_lapic_queue_extint(vcpu->arch, intr->irq,
				      !kev_x86_has_lapics(kev_vcpu_x86(vcpu)));
}

static long x86_nmi(void *obj, void *arg, unsigned long uarg)
{
	struct kev_vcpu *vcpu = obj;

	kev_lapic_queue_nmi(vcpu->arch);

	return 0;
}

static long x86_get_lapic(void *obj, void *arg, unsigned long uarg)
{
	struct kvm_lapic_state *state;
	struct kev_vcpu *vcpu = obj;
	int ret;

	if (!kev_x86_has_lapics(kev_vcpu_x86(vcpu)))
		return -EINVAL;

	state = kzalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;

	ret = kev_lapic_get_state(vcpu, state);
	if (!ret && copy_to_user((void __user *)uarg, state, sizeof(*state)))
		ret = -EFAULT;
	kfree(state);

	return ret;
}

static long x86_set_lapic(void *obj, void *arg, unsigned long uarg)
{
	struct kvm_lapic_state *state;
	struct kev_vcpu *vcpu = obj;
	int ret;

	if (!kev_x86_has_lapics(kev_vcpu_x86(vcpu)))
		return -EINVAL;

	state = memdup_user((void __user *)uarg, sizeof(*state));
	if (IS_ERR(state))
		return PTR_ERR(state);

	ret = kev_lapic_set_state(vcpu, state);
	kfree(state);

	return ret;
}

static long x86_get_mp_state(void *obj, void *arg, unsigned long uarg)
{
	kev_lapic_get_mp_state(obj, arg);

	return 0;
}

static long x86_set_mp_state(void *obj, void *arg, unsigned long uarg)
{
	return kev_lapic_set_mp_state(obj, arg);
}

const struct kev_ioctl kev_x86_vcpu_ioctls[] = {
	KEV_IOCTL(KVM_INTERRUPT,	KEV_IN,		x86_interrupt),
	KEV_IOCTL(KVM_NMI,		0,		x86_nmi),
	KEV_IOCTL(KVM_GET_LAPIC,	0,		x86_get_lapic),
	KEV_IOCTL(KVM_SET_LAPIC,	0,		x86_set_lapic),
	KEV_IOCTL(KVM_GET_MP_STATE,	KEV_OUT,	x86_get_mp_state),
	KEV_IOCTL(KVM_SET_MP_STATE,	KEV_IN,		x86_set_mp_state),
	KEV_IOCTL_END
};

const struct kev_ioctl kev_x86_node_ioctls[] = {
	KEV_IOCTL(KVM_GET_SUPPORTED_CPUID,	0,	kev_x86_supported_cpuid),
	KEV_IOCTL_END
};

/* Capabilities */

/**
 * kev_x86_check_extension - kev_machine_ops.check_extension of an x86 machine
 * @machine:	Not used: all have the same.
 * @cap:	KVM_CAP_* or KVM_EVENTFD_CAP_*.
 *
 * Context: Any.
 * Return: Its value; -1: it is not x86's.
 */
int kev_x86_check_extension(struct kev_machine *machine, long cap)
{
	switch (cap) {
	case KVM_CAP_IRQFD_RESAMPLE:
		return IS_ENABLED(CONFIG_KVM_EVENTFD_IOAPIC) &&
		       IS_ENABLED(CONFIG_KVM_EVENTFD_IRQFD);
	case KVM_CAP_IRQCHIP:
	case KVM_CAP_PIT:
	case KVM_CAP_PIT2:
	case KVM_CAP_PIT_STATE2:
	case KVM_CAP_REINJECT_CONTROL:
		return IS_ENABLED(CONFIG_KVM_EVENTFD_IOAPIC);
	case KVM_CAP_EXT_CPUID:
	case KVM_CAP_IRQ_INJECT_STATUS:
	case KVM_CAP_SIGNAL_MSI:
	case KVM_CAP_SPLIT_IRQCHIP:
	case KVM_CAP_SET_BOOT_CPU_ID:
	case KVM_CAP_MP_STATE:
	case KVM_CAP_USER_NMI:
	case KVM_CAP_TSC_DEADLINE_TIMER:
	case KVM_EVENTFD_CAP_MSR:
		return 1;
	case KVM_CAP_X2APIC_API:
		return x2apic_api_flags(machine ? kev_x86(machine) : NULL);
	default:
		return -1;
	}
}
