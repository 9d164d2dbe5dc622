// SPDX-License-Identifier: GPL-2.0
/* Interrupt controllers: made, read, written, and what is sent to them. */
#include <string.h>

#include "fault.h"

static long make_irqchip(struct env *env)
{
	return __create_irqchip(env->m.vm);
}

static long split_irqchip(struct env *env)
{
	return __enable_cap(env->m.vm, KVM_CAP_SPLIT_IRQCHIP, 0, 24);
}

static long x2apic_api(struct env *env)
{
	return __enable_cap(env->m.vm, KVM_CAP_X2APIC_API, 0,
			    KVM_X2APIC_API_USE_32BIT_IDS);
}

static long set_boot_cpu(struct env *env)
{
	return ioctl(env->m.vm, KVM_SET_BOOT_CPU_ID, 1);
}

static long get_chip(struct env *env, uint32_t id, struct kvm_irqchip *chip)
{
	memset(chip, 0, sizeof(*chip));
	chip->chip_id = id;
	return __kev_ioctl(env->m.vm, KVM_GET_IRQCHIP, chip);
}

static long get_pic(struct env *env)
{
	struct kvm_irqchip chip;

	return get_chip(env, KVM_IRQCHIP_PIC_MASTER, &chip);
}

static long get_ioapic(struct env *env)
{
	struct kvm_irqchip chip;

	return get_chip(env, KVM_IRQCHIP_IOAPIC, &chip);
}

static struct kvm_irqchip chip_to_set;

static void read_pic(struct env *env)
{
	kev_assert(!get_chip(env, KVM_IRQCHIP_PIC_MASTER, &chip_to_set),
		   "KVM_GET_IRQCHIP");
	chip_to_set.chip.pic.imr = 0x5a;
}

static void read_ioapic(struct env *env)
{
	kev_assert(!get_chip(env, KVM_IRQCHIP_IOAPIC, &chip_to_set),
		   "KVM_GET_IRQCHIP");
	chip_to_set.chip.ioapic.redirtbl[7].bits = 0x55;
}

static long set_chip(struct env *env)
{
	return __kev_ioctl(env->m.vm, KVM_SET_IRQCHIP, &chip_to_set);
}

static long read_lapic(struct env *env)
{
	struct kvm_lapic_state state;

	return __kev_ioctl(env->m.vcpu[0], KVM_GET_LAPIC, &state);
}

static struct kvm_lapic_state lapic_to_set;

/* Another destination: the map has to be made anew. */
static void move_lapic(struct env *env)
{
	get_lapic(env->m.vcpu[0], &lapic_to_set);
	lapic_set_reg(&lapic_to_set, KEV_APIC_LDR, 1u << 24);
	lapic_set_reg(&lapic_to_set, KEV_APIC_TPR, 0x20);
}

static long write_lapic(struct env *env)
{
	return __kev_ioctl(env->m.vcpu[0], KVM_SET_LAPIC, &lapic_to_set);
}

static long get_mp_state(struct env *env)
{
	struct kvm_mp_state mp;

	return __kev_ioctl(env->m.vcpu[0], KVM_GET_MP_STATE, &mp);
}

static long set_mp_state(struct env *env)
{
	struct kvm_mp_state mp = { .mp_state = KVM_MP_STATE_HALTED };

	return __kev_ioctl(env->m.vcpu[0], KVM_SET_MP_STATE, &mp);
}

static long nmi(struct env *env)
{
	return ioctl(env->m.vcpu[0], KVM_NMI, 0);
}

static long interrupt(struct env *env)
{
	struct kvm_interrupt intr = { .irq = 0x30 };

	return __kev_ioctl(env->m.vcpu[0], KVM_INTERRUPT, &intr);
}

static long ack(struct env *env)
{
	struct kvm_eventfd_interrupt intr;

	return __ack_interrupt(env->m.vcpu[0], &intr);
}

static void send_nmi(struct env *env)
{
	kev_assert(!nmi(env), "KVM_NMI");
}

static long message(struct env *env)
{
	return __signal_msi(env->m.vm, KEV_MSI_DEST(0), VECTOR_MSI);
}

/* The first message after a change of destinations makes the map. */
static void move_destination(struct env *env)
{
	lapic_write_reg(env->m.vcpu[0], KEV_APIC_LDR, 1u << 24);
}

static long raise_line(struct env *env)
{
	return __irq_line(env->m.vm, 5, 1);
}

static long raise_line_status(struct env *env)
{
	struct kvm_irq_level arg = { .irq = GSI_MSI, .level = 1 };

	return __kev_ioctl(env->m.vm, KVM_IRQ_LINE_STATUS, &arg);
}

static long make_pit(struct env *env)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };

	return __kev_ioctl(env->m.vm, KVM_CREATE_PIT2, &config);
}

static long make_old_pit(struct env *env)
{
	return ioctl(env->m.vm, KVM_CREATE_PIT, 0);
}

static void have_pit(struct env *env)
{
	kev_assert(!make_pit(env), "KVM_CREATE_PIT2");
}

/* The ioctl's number has no size. */
static long reinject(struct env *env, uint8_t on)
{
	struct kvm_reinject_control control = { .pit_reinject = on };

	return ioctl(env->m.vm, KVM_REINJECT_CONTROL, &control);
}

static void have_pit_without_reinjection(struct env *env)
{
	have_pit(env);
	kev_assert(!reinject(env, 0), "KVM_REINJECT_CONTROL");
}

static long reinject_on(struct env *env)
{
	return reinject(env, 1);
}

static long reinject_off(struct env *env)
{
	return reinject(env, 0);
}

static long get_pit(struct env *env)
{
	struct kvm_pit_state2 state;

	return __kev_ioctl(env->m.vm, KVM_GET_PIT2, &state);
}

static long set_pit(struct env *env)
{
	struct kvm_pit_state2 state = { .flags = KVM_PIT_FLAGS_SPEAKER_DATA_ON };

	return __kev_ioctl(env->m.vm, KVM_SET_PIT2, &state);
}

static long get_old_pit(struct env *env)
{
	struct kvm_pit_state state;

	return __kev_ioctl(env->m.vm, KVM_GET_PIT, &state);
}

static long set_old_pit(struct env *env)
{
	struct kvm_pit_state state = {};

	return __kev_ioctl(env->m.vm, KVM_SET_PIT, &state);
}

static long limit_ids(struct env *env)
{
	return __enable_cap(env->m.vm, KVM_CAP_MAX_VCPU_ID, 0, 64);
}

/* Their one answer is an errno: that it stays the same is the success. */
static long answer(long ret, int err)
{
	return ret < 0 && errno == err ? 0 : ret;
}

static long run(struct env *env)
{
	return answer(ioctl(env->m.vcpu[0], KVM_RUN, 0), EOPNOTSUPP);
}

static long vcpu_enable_cap(struct env *env)
{
	return answer(__enable_cap(env->m.vcpu[0], KVM_CAP_HYPERV_SYNIC, 0, 0),
		      EINVAL);
}

static const struct site chip_sites[] = {
	{ "CREATE_IRQCHIP", KEV_CHIP_NONE, 0, 0, NULL, make_irqchip },
	{ "ENABLE_CAP SPLIT_IRQCHIP", KEV_CHIP_NONE, 0, 0, NULL,
	  split_irqchip },
	{ "ENABLE_CAP X2APIC_API", KEV_CHIP_FULL, 1, 0, NULL, x2apic_api },
	{ "SET_BOOT_CPU_ID", KEV_CHIP_NONE, 0, 0, NULL, set_boot_cpu },
	{ "GET_IRQCHIP of a PIC", KEV_CHIP_FULL, 1, 0, NULL, get_pic },
	{ "GET_IRQCHIP of the IOAPIC", KEV_CHIP_FULL, 1, 0, NULL, get_ioapic },
	{ "SET_IRQCHIP of a PIC", KEV_CHIP_FULL, 1, 0, read_pic, set_chip },
	{ "SET_IRQCHIP of the IOAPIC", KEV_CHIP_FULL, 1, 0, read_ioapic,
	  set_chip },
	{ "CREATE_PIT2", KEV_CHIP_FULL, 1, 0, NULL, make_pit },
	{ "CREATE_PIT", KEV_CHIP_FULL, 1, 0, NULL, make_old_pit },
	{ "REINJECT_CONTROL on", KEV_CHIP_FULL, 1, 0,
	  have_pit_without_reinjection, reinject_on },
	{ "REINJECT_CONTROL off", KEV_CHIP_FULL, 1, 0, have_pit, reinject_off },
	{ "GET_PIT2", KEV_CHIP_FULL, 1, 0, have_pit, get_pit },
	{ "SET_PIT2", KEV_CHIP_FULL, 1, 0, have_pit, set_pit },
	{ "GET_PIT", KEV_CHIP_FULL, 1, 0, have_pit, get_old_pit },
	{ "SET_PIT", KEV_CHIP_FULL, 1, 0, have_pit, set_old_pit },
	{ "ENABLE_CAP MAX_VCPU_ID", KEV_CHIP_NONE, 0, 0, NULL, limit_ids },
	{ "ENABLE_CAP on a vCPU", KEV_CHIP_FULL, 1, 0, NULL,
	  vcpu_enable_cap },
	{ "RUN", KEV_CHIP_FULL, 1, 0, NULL, run },
	{ "GET_LAPIC", KEV_CHIP_FULL, 1, 0, NULL, read_lapic },
	{ "SET_LAPIC", KEV_CHIP_FULL, 2, 0, move_lapic, write_lapic },
	{ "GET_MP_STATE", KEV_CHIP_FULL, 1, 0, NULL, get_mp_state },
	{ "SET_MP_STATE", KEV_CHIP_FULL, 1, 0, NULL, set_mp_state },
	{ "NMI", KEV_CHIP_FULL, 1, 0, NULL, nmi },
	{ "INTERRUPT", KEV_CHIP_NONE, 1, 0, NULL, interrupt },
	{ "ACK_INTERRUPT", KEV_CHIP_FULL, 1, 0, send_nmi, ack },
	{ "SIGNAL_MSI", KEV_CHIP_FULL, 1, 0, NULL, message },
	{ "SIGNAL_MSI after a change of destinations", KEV_CHIP_FULL, 2, 0,
	  move_destination, message },
	{ "IRQ_LINE", KEV_CHIP_FULL, 1, 0, NULL, raise_line },
	{ "IRQ_LINE_STATUS", KEV_CHIP_FULL, 1, 0, NULL, raise_line_status },
};

FAULT_SITES(chip_sites);
