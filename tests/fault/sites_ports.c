// SPDX-License-Identifier: GPL-2.0
/* The guest's accesses to the PICs, the PIT and the LAPIC's timer. */
#include <sys/uio.h>

#include "fault.h"

#define PIC_COMMAND	0x20
#define PIC_DATA	0x21
#define PIT_CHANNEL_0	0x40
#define PIT_MODE	0x43
#define IOAPIC_ADDR	0xfec00000ull

static long port_write(struct env *env, uint16_t port, uint8_t value)
{
	return __vcpu_write(env->m.vcpu[0], KVM_EVENTFD_OFF_PIO + port, value,
			    1);
}

static long port_read(struct env *env, uint16_t port)
{
	uint64_t value;

	return __vcpu_read(env->m.vcpu[0], KVM_EVENTFD_OFF_PIO + port, &value,
			   1);
}

static long write_pic_mask(struct env *env)
{
	return port_write(env, PIC_DATA, 0x5a);
}

static long read_pic_mask(struct env *env)
{
	return port_read(env, PIC_DATA);
}

/* ICW1: all of the chip's state starts anew. */
static long init_pic(struct env *env)
{
	return port_write(env, PIC_COMMAND, 0x11);
}

static void have_pit(struct env *env)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };

	kev_ioctl(env->m.vm, KVM_CREATE_PIT2, &config);
}

/* A period and its first half: the second starts the timer. */
static void have_half_a_count(struct env *env)
{
	have_pit(env);
	kev_assert(port_write(env, PIT_MODE, 0x34) == 1, "mode");
	kev_assert(port_write(env, PIT_CHANNEL_0, 0xff) == 1, "low byte");
}

static long start_pit(struct env *env)
{
	return port_write(env, PIT_CHANNEL_0, 0xff);
}

static long read_pit(struct env *env)
{
	return port_read(env, PIT_CHANNEL_0);
}

static long start_lapic_timer(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], KEV_APIC_BASE + KEV_APIC_TMICT,
			    0x7fffffff, 4);
}

static void have_lapic_timer(struct env *env)
{
	kev_assert(start_lapic_timer(env) == 4, "LAPIC timer");
}

static long stop_lapic_timer(struct env *env)
{
	return __vcpu_write(env->m.vcpu[0], KEV_APIC_BASE + KEV_APIC_TMICT, 0,
			    4);
}

static long read_vectored(struct env *env)
{
	uint32_t value;
	struct iovec iov = { &value, sizeof(value) };

	return preadv(env->m.vcpu[0], &iov, 1, IOAPIC_ADDR);
}

/* Nobody has that address: a miss is no failure of the call's. */
static long miss(struct env *env)
{
	long ret = __vcpu_write(env->m.vcpu[0], 0x7777000, 1, 4);

	return ret < 0 && errno == EOPNOTSUPP ? 0 : ret;
}

static const struct site port_sites[] = {
	{ "pwrite to a PIC", KEV_CHIP_FULL, 1, 0, NULL, write_pic_mask },
	{ "pread of a PIC", KEV_CHIP_FULL, 1, 0, NULL, read_pic_mask },
	{ "pwrite to a PIC, initialisation", KEV_CHIP_FULL, 1, 0, NULL,
	  init_pic },
	{ "pwrite to the PIT, a count", KEV_CHIP_FULL, 1, SITE_ASYNC,
	  have_half_a_count, start_pit },
	{ "pread of the PIT", KEV_CHIP_FULL, 1, SITE_ASYNC, have_pit,
	  read_pit },
	{ "pwrite to the LAPIC's timer", KEV_CHIP_FULL, 1, SITE_ASYNC, NULL,
	  start_lapic_timer },
	{ "pwrite to the LAPIC's timer, stopped", KEV_CHIP_FULL, 1, SITE_ASYNC,
	  have_lapic_timer, stop_lapic_timer },
	{ "preadv of the IOAPIC", KEV_CHIP_FULL, 1, 0, NULL, read_vectored },
	{ "pwrite that nobody takes", KEV_CHIP_FULL, 1, 0, NULL, miss },
};

FAULT_SITES(port_sites);
