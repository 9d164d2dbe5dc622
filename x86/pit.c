// SPDX-License-Identifier: GPL-2.0
/*
 * The PIT's ioctls, and what the PIT is wired to.
 *
 * ioctl.c has their rows.  A machine's PIT is created once, under machine->lock, and
 * stays: a reader that sees kev_x86.pit set sees it complete.
 */
#include <linux/err.h>
#include <linux/kvm.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#include <kev/base/quota.h>
#include <kev/x86/i8254.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

static struct kev_pit *x86_pit(const struct kev_x86 *x86)
{
	/* Pairs with the release in create_pit(). */
	return smp_load_acquire(&x86->pit);
}

/**
 * kev_x86_pin_unmasked - The guest unmasked a chip's input
 * @x86:	The machine.
 * @chip:	KVM_IRQCHIP_*.
 * @pin:	Input of that chip.
 *
 * If that is the PIT's input, its ticks from before are forgotten.
 *
 * Context: Any; the chip's lock is held.
 */
void kev_x86_pin_unmasked(struct kev_x86 *x86, unsigned int chip,
			  unsigned int pin)
{
	struct kev_pit *pit = x86_pit(x86);

	if (pit && kev_irq_map_chip_pin(x86->machine.vm, chip, pin) == KEV_PIT_GSI)
		kev_pit_forget_ticks(pit);
}

/* A PC's NMI watchdog: PIT to LINT0. */
static void pit_ticked(struct kev_vm *vm)
{
	kev_lapics_pulse_lint0(kev_x86(kev_vm_sink(vm)));
}

static const struct kev_pit_ops pit_ops = {
	.ticked = pit_ticked,
};

/* KVM says ENOMEM whatever went wrong, but for a limit that it does not have. */
static int add_pit(struct kev_x86 *x86, u32 flags)
{
	struct kev_pit *pit;
	int ret;

	ret = kev_quota_add_timer(&x86->machine.quota);
	if (ret)
		return ret;

	pit = kev_pit_create(x86->machine.vm, flags & KVM_PIT_SPEAKER_DUMMY,
			     &pit_ops);
	if (IS_ERR(pit)) {
		kev_quota_remove_timer(&x86->machine.quota);
		return -ENOMEM;
	}
	/* Pairs with x86_pit(). */
	smp_store_release(&x86->pit, pit);

	return 0;
}

static int create_pit(struct kev_x86 *x86, u32 flags)
{
	int ret;

	mutex_lock(&x86->machine.lock);
	if (x86->pit)
		ret = -EEXIST;
	else if (!kev_irqchip_full(x86))
		ret = -ENOENT;
	else
		ret = add_pit(x86, flags);
	mutex_unlock(&x86->machine.lock);

	return ret;
}

/**
 * kev_x86_create_pit - KVM_CREATE_PIT
 * @obj:	The machine.
 * @arg:	None.
 * @uarg:	Ignored.
 *
 * Return: 0; -EEXIST: there is one; -ENOENT: no PIC; -ENOSPC: enough timers;
 *	   -ENOMEM.
 */
long kev_x86_create_pit(void *obj, void *arg, unsigned long uarg)
{
	return create_pit(kev_x86(obj), KVM_PIT_SPEAKER_DUMMY);
}

/**
 * kev_x86_create_pit2 - KVM_CREATE_PIT2
 * @obj:	The machine.
 * @arg:	struct kvm_pit_config: unknown flags are ignored.
 * @uarg:	Not used.
 *
 * Return: As kev_x86_create_pit().
 */
long kev_x86_create_pit2(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_pit_config *config = arg;

	return create_pit(kev_x86(obj), config->flags);
}

/**
 * kev_x86_get_pit - KVM_GET_PIT
 * @obj:	The machine.
 * @arg:	struct kvm_pit_state, filled.
 * @uarg:	Not used.
 *
 * Return: 0; -ENXIO: no PIT.
 */
long kev_x86_get_pit(void *obj, void *arg, unsigned long uarg)
{
	struct kev_pit *pit = x86_pit(kev_x86(obj));
	struct kvm_pit_state *state = arg;
	struct kvm_pit_state2 all;

	if (!pit)
		return -ENXIO;

	kev_pit_get_state(pit, &all);
	memcpy(state->channels, all.channels, sizeof(state->channels));

	return 0;
}

/**
 * kev_x86_set_pit - KVM_SET_PIT
 * @obj:	The machine.
 * @arg:	struct kvm_pit_state.
 * @uarg:	Not used.
 *
 * Return: 0; -ENXIO: no PIT.
 */
long kev_x86_set_pit(void *obj, void *arg, unsigned long uarg)
{
	struct kev_pit *pit = x86_pit(kev_x86(obj));
	const struct kvm_pit_state *state = arg;

	if (!pit)
		return -ENXIO;

	kev_pit_set_state(pit, state->channels, NULL);

	return 0;
}

/**
 * kev_x86_get_pit2 - KVM_GET_PIT2
 * @obj:	The machine.
 * @arg:	struct kvm_pit_state2, filled.
 * @uarg:	Not used.
 *
 * Return: 0; -ENXIO: no PIT.
 */
long kev_x86_get_pit2(void *obj, void *arg, unsigned long uarg)
{
	struct kev_pit *pit = x86_pit(kev_x86(obj));

	if (!pit)
		return -ENXIO;

	kev_pit_get_state(pit, arg);

	return 0;
}

/**
 * kev_x86_set_pit2 - KVM_SET_PIT2
 * @obj:	The machine.
 * @arg:	struct kvm_pit_state2: any flags, which are kept.
 * @uarg:	Not used.
 *
 * Return: 0; -ENXIO: no PIT.
 */
long kev_x86_set_pit2(void *obj, void *arg, unsigned long uarg)
{
	struct kev_pit *pit = x86_pit(kev_x86(obj));
	const struct kvm_pit_state2 *state = arg;

	if (!pit)
		return -ENXIO;

	kev_pit_set_state(pit, state->channels, &state->flags);

	return 0;
}

/**
 * kev_x86_reinject_control - KVM_REINJECT_CONTROL
 * @obj:	The machine.
 * @arg:	None: the ioctl's number has no size.
 * @uarg:	struct kvm_reinject_control.
 *
 * Return: 0; -EFAULT; -ENXIO: no PIT; -ENOMEM.
 */
long kev_x86_reinject_control(void *obj, void *arg, unsigned long uarg)
{
	struct kev_pit *pit = x86_pit(kev_x86(obj));
	struct kvm_reinject_control control;

	if (copy_from_user(&control, (void __user *)uarg, sizeof(control)))
		return -EFAULT;
	if (!pit)
		return -ENXIO;

	return kev_pit_set_reinject(pit, control.pit_reinject);
}
