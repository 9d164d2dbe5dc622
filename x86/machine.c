// SPDX-License-Identifier: GPL-2.0
/*
 * The x86 machine that the node creates: which chips a VM has, what an irqfd
 * and a route may be on it, and the ioctls that KVM has on x86 alone.
 *
 * vm.c and vcpu.c call in through kev_x86_machine, the plane through the
 * sink's ops.  Wires the PICs' and the IOAPIC's outputs to the LAPICs.
 *
 * kev_x86.mode changes once, last, under vm->lock: whoever sees it set sees
 * the chips and the default routes complete.
 */
#include <linux/kernel.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <kev/base/quota.h>
#include <kev/machine/ioctl.h>
#include <kev/machine/vcpu.h>
#include <kev/plane/irqchip.h>
#include <kev/x86/i8254.h>
#include <kev/x86/i8259.h>
#include <kev/x86/ioapic.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

#define X2APIC_API_FLAGS	(KVM_X2APIC_API_USE_32BIT_IDS | \
				 KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK)

#define NR_VECTORS_OF_A_CPU	256

/* What the plane asks of its sink */

static bool has_lapics(struct kev_vm *vm)
{
	return kev_irqchip_mode(vm) != KEV_IRQCHIP_NONE;
}

/* Resampling needs somebody who sees the guest's EOIs: the IOAPIC or the PIC. */
static int x86_irqfd_allowed(struct kev_vm *vm, bool resample)
{
	if (resample ? kev_irqchip_full(vm) : has_lapics(vm))
		return 0;

	return -EINVAL;
}

static int x86_routing_allowed(struct kev_vm *vm)
{
	return has_lapics(vm) ? 0 : -EINVAL;
}

static unsigned int chip_pins(u32 chip)
{
	switch (chip) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		return KEV_PIC_PINS / 2;
	case KVM_IRQCHIP_IOAPIC:
		return KEV_IOAPIC_PINS;
	default:
		return 0;
	}
}

/* The chips exist, or are about to: the default routes precede the mode. */
static int set_pin_route(struct kev_vm *vm,
			 const struct kvm_irq_routing_entry *ue,
			 struct kev_route *route)
{
	u32 chip = ue->u.irqchip.irqchip;

	if (!IS_ENABLED(CONFIG_KVM_EVENTFD_IOAPIC) || ue->flags)
		return -EINVAL;
	if (kev_irqchip_mode(vm) == KEV_IRQCHIP_SPLIT)
		return -EINVAL;
	if (ue->u.irqchip.pin >= chip_pins(chip))
		return -EINVAL;
	chip = array_index_nospec(chip, KEV_NR_IRQCHIPS);
	if (route->chips & BIT(chip))
		return -EINVAL;

	route->type = KVM_IRQ_ROUTING_IRQCHIP;
	route->chips |= BIT(chip);
	route->pin[chip] = ue->u.irqchip.pin;

	return 0;
}

static int set_msi_route(struct kev_vm *vm,
			 const struct kvm_irq_routing_entry *ue,
			 struct kev_route *route)
{
	int ret;

	ret = kev_route_set_msi(route, ue);
	if (ret)
		return ret;

	return kev_msi_is_valid(kev_x86(vm), route) ? 0 : -EINVAL;
}

static int x86_set_route(struct kev_vm *vm,
			 const struct kvm_irq_routing_entry *ue,
			 struct kev_route *route)
{
	switch (ue->type) {
	case KVM_IRQ_ROUTING_IRQCHIP:
		return set_pin_route(vm, ue, route);
	case KVM_IRQ_ROUTING_MSI:
		return set_msi_route(vm, ue, route);
	default:
		return -EINVAL;
	}
}

static void x86_release(struct kev_vm *vm)
{
	struct kev_x86 *x86 = kev_x86(vm);

	kev_apic_map_destroy(x86);
	vm->sink = NULL;
	kfree(x86);
}

static const struct kev_sink_ops x86_sink_ops = {
	.irqfd_allowed		= x86_irqfd_allowed,
	.routing_allowed	= x86_routing_allowed,
	.set_route		= x86_set_route,
	.deliver_atomic		= kev_deliver_atomic,
	.deliver		= kev_deliver,
	.release		= x86_release,
};

/* Wires between the chips */

static void pic_output(struct kev_vm *vm, bool raised)
{
	kev_lapics_set_intr(kev_x86(vm), raised);
}

static bool pic_accepted(struct kev_vm *vm)
{
	return kev_lapics_listen_to_intr(kev_x86(vm));
}

/* The bit of a pin's number that says which of the pair. */
static void pic_unmasked(struct kev_vm *vm, unsigned int pin)
{
	kev_x86_pin_unmasked(vm, pin & 8 ? KVM_IRQCHIP_PIC_SLAVE :
					   KVM_IRQCHIP_PIC_MASTER, pin & 7);
}

static const struct kev_pic_ops pic_ops = {
	.output		= pic_output,
	.accepted	= pic_accepted,
	.unmasked	= pic_unmasked,
};

static int ioapic_deliver(struct kev_vm *vm, const struct kev_lapic_irq *irq)
{
	return kev_irq_deliver(kev_x86(vm), NULL, irq);
}

/* KEV_CPU_*: is a message for this CPU, or its vector still to be ended there? */
static unsigned int cpu_awaits(struct kev_vcpu *vcpu,
			       const struct kev_lapic_irq *irq)
{
	struct kev_x86 *x86 = kev_x86(vcpu->vm);
	struct kev_lapic *apic = vcpu->arch;
	struct kev_lapic_view view;
	unsigned int ret = 0;

	kev_lapic_get_view(apic, &view);
	if (!kev_lapic_mode_present(view.mode))
		return 0;

	if (kev_dest_matches(&view, irq, !x86->x2apic_no_quirk))
		ret |= KEV_CPU_ADDRESSED;
	if (kev_lapic_vector_inflight(apic, irq->vector))
		ret |= KEV_CPU_PENDING;

	return ret;
}

static void ioapic_unmasked(struct kev_vm *vm, unsigned int pin)
{
	kev_x86_pin_unmasked(vm, KVM_IRQCHIP_IOAPIC, pin);
}

static const struct kev_ioapic_ops ioapic_ops = {
	.deliver	= ioapic_deliver,
	.inflight	= cpu_awaits,
	.unmasked	= ioapic_unmasked,
};

/**
 * kev_x86_eoi() - A LAPIC ended a vector that the IOAPIC asked about
 * @vcpu:	Whose LAPIC.
 * @vector:	The vector.
 * @level_triggered: Its TMR bit was set, and the EOI is broadcast.
 *
 * Context: Process; no LAPIC lock held.
 */
void kev_x86_eoi(struct kev_vcpu *vcpu, u8 vector, bool level_triggered)
{
	if (kev_irqchip_full(vcpu->vm))
		kev_ioapic_eoi(kev_x86(vcpu->vm)->ioapic, vcpu->id, vector,
			       level_triggered);
	else
		kev_lapic_queue_eoi(vcpu->arch, vector);
}

/**
 * kev_x86_scan_seq() - What a scan would be current with
 * @x86:	The machine.
 *
 * Context: Any.
 * Return: A number that changes when kev_x86_scan() might answer differently.
 */
u32 kev_x86_scan_seq(struct kev_x86 *x86)
{
	if (kev_irqchip_full(x86->vm))
		return kev_ioapic_scan_seq(x86->ioapic);

	return atomic_read(&x86->dest_seq) + READ_ONCE(x86->vm->routing_seq);
}

/* A level message of a pin that user space's IOAPIC has. */
static void scan_route(struct kev_vcpu *vcpu, const struct kev_route *route,
		       unsigned long *vectors)
{
	struct kev_lapic_irq irq;

	if (route->type != KVM_IRQ_ROUTING_MSI)
		return;
	kev_msi_decode(kev_x86(vcpu->vm), route, &irq);
	if (irq.trig_level && cpu_awaits(vcpu, &irq))
		__set_bit(irq.vector, vectors);
}

/**
 * kev_x86_scan() - Find the vectors whose EOI an IOAPIC wants to hear of
 * @vcpu:	The CPU that will send it.
 * @vectors:	256 bits, clear; filled.
 *
 * With a split irqchip these are the vectors of the routes that user space
 * reserved for its IOAPIC's pins.
 *
 * Context: Process; no LAPIC lock held.
 */
void kev_x86_scan(struct kev_vcpu *vcpu, unsigned long *vectors)
{
	struct kev_x86 *x86 = kev_x86(vcpu->vm);
	struct kev_route route;
	u32 gsi;

	if (kev_irqchip_full(vcpu->vm)) {
		kev_ioapic_scan(x86->ioapic, vcpu, vectors);
		return;
	}
	for (gsi = 0; gsi < x86->reserved_pins; gsi++) {
		if (kev_irq_map_gsi(vcpu->vm, gsi, &route))
			scan_route(vcpu, &route, vectors);
		cond_resched();
	}
}

/**
 * kev_x86_rescan() - The next EOI has to look up who wants to hear of it
 * @x86:	The machine.
 *
 * Context: Process; no LAPIC lock held.
 */
void kev_x86_rescan(struct kev_x86 *x86)
{
	atomic_inc(&x86->dest_seq);
	if (kev_irqchip_full(x86->vm))
		kev_ioapic_rescan(x86->ioapic);
}

/**
 * kev_x86_destinations_changed() - A message may find other LAPICs now
 * @x86:	The machine.
 *
 * The map follows at once: what a chip sends next has to be answered by the map,
 * which tells "nobody there" from "nobody took it" in the way of KVM.
 *
 * Context: Process; no LAPIC lock held.
 */
void kev_x86_destinations_changed(struct kev_x86 *x86)
{
	kev_apic_map_invalidate(x86);
	kev_apic_map_sync(x86);
	kev_x86_rescan(x86);
}

/* ioctls of a VM */

static long x86_signal_msi(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_msi *msi = arg;

	if (!has_lapics(obj) || msi->flags & ~KVM_MSI_VALID_DEVID)
		return -EINVAL;

	return kev_signal_msi(kev_x86(obj), msi->address_lo, msi->address_hi,
			      msi->data);
}

static long x86_irq_line(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_irq_level *line = arg;
	struct kev_irq irq = {
		.source	= KEV_IRQ_SOURCE_USERSPACE,
		.level	= line->level,
	};

	if (!has_lapics(obj))
		return -ENXIO;

	kev_set_irq(obj, line->irq, &irq);

	return 0;
}

static long x86_irq_line_status(void *obj, void *arg, unsigned long uarg)
{
	struct kvm_irq_level *line = arg;
	struct kev_irq irq = {
		.source		= KEV_IRQ_SOURCE_USERSPACE,
		.level		= line->level,
		.line_status	= true,
	};

	if (!has_lapics(obj))
		return -ENXIO;

	line->status = kev_set_irq(obj, line->irq, &irq);

	return 0;
}

static int set_default_routes(struct kev_vm *vm)
{
	struct kvm_irq_routing_entry *entries;
	int ret;

	entries = kcalloc(KEV_DEFAULT_ROUTES, sizeof(*entries), GFP_KERNEL);
	if (!entries)
		return -ENOMEM;

	ret = kev_set_irq_routing_kernel(vm, entries,
					 kev_default_routes(entries));
	kfree(entries);

	return ret;
}

static int create_chips(struct kev_vm *vm)
{
	struct kev_x86 *x86 = kev_x86(vm);
	struct kev_ioapic *ioapic;
	struct kev_pic *pic;
	int ret;

	pic = kev_pic_create(vm, &pic_ops);
	if (IS_ERR(pic))
		return PTR_ERR(pic);
	ioapic = kev_ioapic_create(vm, &ioapic_ops);
	if (IS_ERR(ioapic)) {
		ret = PTR_ERR(ioapic);
		goto destroy_pic;
	}
	ret = set_default_routes(vm);
	if (ret)
		goto destroy_ioapic;

	x86->pic = pic;
	x86->ioapic = ioapic;
	/* Pairs with kev_irqchip_mode(). */
	smp_store_release(&x86->mode, KEV_IRQCHIP_KERNEL);

	return 0;

destroy_ioapic:
	kev_ioapic_destroy(ioapic);
destroy_pic:
	kev_pic_destroy(pic);
	return ret;
}

static long __maybe_unused x86_create_irqchip(void *obj, void *arg,
					      unsigned long uarg)
{
	struct kev_vm *vm = obj;
	int ret;

	mutex_lock(&vm->lock);
	if (has_lapics(vm))
		ret = -EEXIST;
	else if (vm->created_vcpus)
		ret = -EINVAL;
	else
		ret = create_chips(vm);
	mutex_unlock(&vm->lock);

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
	struct kev_vm *vm = obj;
	int ret = -ENXIO;

	chip = memdup_user(user, sizeof(*chip));
	if (IS_ERR(chip))
		return PTR_ERR(chip);

	if (kev_irqchip_full(vm))
		ret = get_chip(kev_x86(vm), chip);
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
	struct kev_vm *vm = obj;
	int ret = -ENXIO;

	chip = memdup_user(user, sizeof(*chip));
	if (IS_ERR(chip))
		return PTR_ERR(chip);

	if (kev_irqchip_full(vm))
		ret = set_chip(kev_x86(vm), chip);
	kfree(chip);

	return ret;
}

/* A vCPU that exists is EEXIST here, and EINVAL for KVM_CREATE_IRQCHIP. */
static int enable_split_irqchip(struct kev_vm *vm, u64 reserved_pins)
{
	struct kev_x86 *x86 = kev_x86(vm);
	int ret = -EEXIST;

	if (reserved_pins > KEV_MAX_IRQ_ROUTES)
		return -EINVAL;

	mutex_lock(&vm->lock);
	if (!has_lapics(vm) && !vm->created_vcpus) {
		x86->reserved_pins = reserved_pins;
		/* Pairs with kev_irqchip_mode(). */
		smp_store_release(&x86->mode, KEV_IRQCHIP_SPLIT);
		ret = 0;
	}
	mutex_unlock(&vm->lock);

	return ret;
}

static int enable_x2apic_api(struct kev_vm *vm, u64 flags)
{
	struct kev_x86 *x86 = kev_x86(vm);

	if (flags & ~(u64)X2APIC_API_FLAGS)
		return -EINVAL;

	if (flags & KVM_X2APIC_API_USE_32BIT_IDS)
		WRITE_ONCE(x86->x2apic_format, true);
	if (flags & KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK)
		WRITE_ONCE(x86->x2apic_no_quirk, true);
	kev_x86_destinations_changed(x86);

	return 0;
}

/* What a VMM promises can be promised once, and holds for the boot CPU too. */
static int enable_max_vcpu_id(struct kev_vm *vm, u64 ids)
{
	int ret = -EINVAL;

	if (ids > kev_max_vcpu_ids())
		return -EINVAL;

	mutex_lock(&vm->lock);
	if (kev_x86(vm)->bsp_id <= ids &&
	    (!vm->max_vcpu_ids || vm->max_vcpu_ids == ids)) {
		WRITE_ONCE(vm->max_vcpu_ids, ids);
		ret = 0;
	}
	mutex_unlock(&vm->lock);

	return ret;
}

static long x86_enable_cap(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_enable_cap *cap = arg;

	if (cap->flags)
		return -EINVAL;

	switch (cap->cap) {
	case KVM_CAP_SPLIT_IRQCHIP:
		return enable_split_irqchip(obj, cap->args[0]);
	case KVM_CAP_X2APIC_API:
		return enable_x2apic_api(obj, cap->args[0]);
	case KVM_CAP_MAX_VCPU_ID:
		return enable_max_vcpu_id(obj, cap->args[0]);
	default:
		return kev_vm_enable_cap(obj, cap);
	}
}

static long x86_set_boot_cpu_id(void *obj, void *arg, unsigned long id)
{
	struct kev_vm *vm = obj;
	int ret = 0;

	mutex_lock(&vm->lock);
	if (vm->created_vcpus)
		ret = -EBUSY;
	else if (id > (vm->max_vcpu_ids ?: kev_max_vcpu_ids()))
		ret = -EINVAL;
	else
		kev_x86(vm)->bsp_id = id;
	mutex_unlock(&vm->lock);

	return ret;
}

static const struct kev_ioctl x86_vm_ioctls[] = {
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
	KEV_IOCTL(KVM_ENABLE_CAP,	KEV_IN,			x86_enable_cap),
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
	if (kev_irqchip_full(vcpu->vm))
		return -ENXIO;

	return kev_lapic_queue_extint(vcpu->arch, intr->irq,
				      !has_lapics(vcpu->vm));
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

	if (!has_lapics(vcpu->vm))
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

	if (!has_lapics(vcpu->vm))
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

static const struct kev_ioctl x86_vcpu_ioctls[] = {
	KEV_IOCTL(KVM_INTERRUPT,	KEV_IN,		x86_interrupt),
	KEV_IOCTL(KVM_NMI,		0,		x86_nmi),
	KEV_IOCTL(KVM_GET_LAPIC,	0,		x86_get_lapic),
	KEV_IOCTL(KVM_SET_LAPIC,	0,		x86_set_lapic),
	KEV_IOCTL(KVM_GET_MP_STATE,	KEV_OUT,	x86_get_mp_state),
	KEV_IOCTL(KVM_SET_MP_STATE,	KEV_IN,		x86_set_mp_state),
	KEV_IOCTL_END
};

static const struct kev_ioctl x86_node_ioctls[] = {
	KEV_IOCTL(KVM_GET_SUPPORTED_CPUID,	0,	kev_x86_supported_cpuid),
	KEV_IOCTL_END
};

/* The machine */

static int x86_check_extension(struct kev_vm *vm, long cap)
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
		return X2APIC_API_FLAGS;
	default:
		return -1;
	}
}

static int x86_vm_init(struct kev_vm *vm)
{
	struct kev_x86 *x86;

	x86 = kzalloc(sizeof(*x86), GFP_KERNEL_ACCOUNT);
	if (!x86)
		return -ENOMEM;

	x86->vm = vm;
	mutex_init(&x86->map_lock);
	INIT_LIST_HEAD(&x86->apics);
	mutex_init(&x86->lint0_lock);
	INIT_LIST_HEAD(&x86->lint0);
	kev_lapic_timers_init(x86);
	vm->sink = x86;

	return 0;
}

/* The PIT's ticks go to the chips, the IOAPIC's delayed work to LAPICs. */
static void x86_vm_stop(struct kev_vm *vm)
{
	struct kev_x86 *x86 = kev_x86(vm);

	if (!kev_irqchip_full(vm))
		return;

	kev_pit_destroy(x86->pit);
	kev_ioapic_destroy(x86->ioapic);
	kev_pic_destroy(x86->pic);
	x86->pit = NULL;
	x86->ioapic = NULL;
	x86->pic = NULL;
}

/* A LAPIC has a timer. */
static int x86_vcpu_create(struct kev_vcpu *vcpu)
{
	bool counted = has_lapics(vcpu->vm);
	int ret;

	ret = counted ? kev_quota_add_timer(vcpu->vm) : 0;
	if (ret)
		return ret;

	ret = kev_lapic_create(vcpu, kev_x86(vcpu->vm));
	if (ret && counted)
		kev_quota_remove_timer(vcpu->vm);

	return ret;
}

const struct kev_arch_ops kev_x86_machine = {
	.sink			= &x86_sink_ops,
	.vm_init		= x86_vm_init,
	.vm_stop		= x86_vm_stop,
	.vcpu_create		= x86_vcpu_create,
	.vcpu_published		= kev_lapic_publish,
	.vcpu_destroy		= kev_lapic_destroy,
	.ack			= kev_lapic_ack,
	.has_event		= kev_lapic_has_event,
	.mmio_read		= kev_lapic_mmio_read,
	.mmio_write		= kev_lapic_mmio_write,
	.msr_read		= kev_lapic_msr_read,
	.msr_write		= kev_lapic_msr_write,
	.check_extension	= x86_check_extension,
	.node_ioctls		= x86_node_ioctls,
	.vm_ioctls		= x86_vm_ioctls,
	.vcpu_ioctls		= x86_vcpu_ioctls,
};
