// SPDX-License-Identifier: GPL-2.0
/* ioeventfds and coalesced zones. */
#include <string.h>

#include "fault.h"

#define NR_BATCH	6

/* What one needs to be registered and found again. */
struct where {
	uint64_t addr;
	uint32_t len;
	uint32_t flags;
	uint64_t data;
};

static const struct where mmio = { MMIO_ADDR, 4, 0, 0 };
static const struct where mmio_any = { MMIO_ADDR, 0, 0, 0 };

static const struct where mmio_data = {
	MMIO_ADDR, 4, KVM_IOEVENTFD_FLAG_DATAMATCH, 1
};

static const struct where mmio_data_2 = {
	MMIO_ADDR, 4, KVM_IOEVENTFD_FLAG_DATAMATCH, 2
};

static const struct where pio = { PIO_ADDR, 2, KVM_IOEVENTFD_FLAG_PIO, 0 };
static const struct where ccw = {
	CCW_ADDR, 8,
	KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY | KVM_IOEVENTFD_FLAG_DATAMATCH, 1
};

static long assign(struct env *env, const struct where *at, unsigned int efd)
{
	return __ioeventfd(env->m.vm, env->efd[efd], at->addr, at->len,
			   at->flags, at->data);
}

static long deassign(struct env *env, const struct where *at)
{
	return __ioeventfd(env->m.vm, env->efd[0], at->addr, at->len,
			   at->flags | KVM_IOEVENTFD_FLAG_DEASSIGN, at->data);
}

static long assign_mmio(struct env *env)
{
	return assign(env, &mmio, 0);
}

static void have_mmio(struct env *env)
{
	kev_assert(!assign_mmio(env), "KVM_IOEVENTFD");
}

static long deassign_mmio(struct env *env)
{
	return deassign(env, &mmio);
}

static long assign_mmio_any(struct env *env)
{
	return assign(env, &mmio_any, 0);
}

static void have_mmio_any(struct env *env)
{
	kev_assert(!assign_mmio_any(env), "KVM_IOEVENTFD");
}

static long deassign_mmio_any(struct env *env)
{
	return deassign(env, &mmio_any);
}

static long assign_mmio_data(struct env *env)
{
	return assign(env, &mmio_data, 0);
}

static void have_mmio_data(struct env *env)
{
	kev_assert(!assign_mmio_data(env), "KVM_IOEVENTFD");
}

static long deassign_mmio_data(struct env *env)
{
	return deassign(env, &mmio_data);
}

static long assign_pio(struct env *env)
{
	return assign(env, &pio, 0);
}

static void have_pio(struct env *env)
{
	kev_assert(!assign_pio(env), "KVM_IOEVENTFD");
}

static long deassign_pio(struct env *env)
{
	return deassign(env, &pio);
}

static long assign_ccw(struct env *env)
{
	return assign(env, &ccw, 0);
}

static void have_ccw(struct env *env)
{
	kev_assert(!assign_ccw(env), "KVM_IOEVENTFD");
}

static long deassign_ccw(struct env *env)
{
	return deassign(env, &ccw);
}

static void have_other_data(struct env *env)
{
	kev_assert(!assign(env, &mmio_data_2, 1), "KVM_IOEVENTFD");
}

static void have_both_data(struct env *env)
{
	have_mmio_data(env);
	have_other_data(env);
}

/* Many are there already: nothing more may be needed for the next. */
static void have_crowd(struct env *env)
{
	unsigned int i;

	for (i = 0; i < 47; i++)
		ioeventfd_assign(env->m.vm, env->efd[1], 0x10000 + i * 8, 4, 0,
				 0);
}

/* From entry @done on, where a call before this one stopped. */
static long batch(struct env *env, unsigned int done, uint32_t flags)
{
	struct kvm_ioeventfd entries[NR_BATCH];
	struct kvm_eventfd_batch args = {
		.entries = (uintptr_t)(entries + done),
		.nr = NR_BATCH - done,
	};
	unsigned int i;

	memset(entries, 0, sizeof(entries));
	for (i = 0; i < NR_BATCH; i++) {
		entries[i].fd = env->efd[i];
		entries[i].addr = MMIO_ADDR;
		entries[i].len = 4;
		entries[i].datamatch = i;
		entries[i].flags = flags | KVM_IOEVENTFD_FLAG_DATAMATCH;
	}
	return ioctl(env->m.vm, KVM_EVENTFD_IOEVENTFDS, &args);
}

static long batch_assign(struct env *env)
{
	long ret = batch(env, env->done, 0);

	if (ret > 0)
		env->done += ret;
	return ret;
}

static void have_batch(struct env *env)
{
	kev_assert(batch(env, 0, 0) == NR_BATCH, "KVM_EVENTFD_IOEVENTFDS");
}

static long batch_deassign(struct env *env)
{
	return batch(env, 0, KVM_IOEVENTFD_FLAG_DEASSIGN);
}

static long zone(struct env *env, unsigned long cmd, uint32_t pio_bus)
{
	struct kvm_coalesced_mmio_zone arg = {
		.addr = ZONE_ADDR,
		.size = 16,
		.pio = pio_bus,
	};

	return ioctl(env->m.vm, cmd, &arg);
}

static long zone_mmio(struct env *env)
{
	return zone(env, KVM_REGISTER_COALESCED_MMIO, 0);
}

static long zone_pio(struct env *env)
{
	return zone(env, KVM_REGISTER_COALESCED_MMIO, 1);
}

static void have_zone(struct env *env)
{
	kev_assert(!zone_mmio(env), "KVM_REGISTER_COALESCED_MMIO");
}

static void have_pio_zone(struct env *env)
{
	kev_assert(!zone_pio(env), "KVM_REGISTER_COALESCED_MMIO");
}

static long unregister_pio_zone(struct env *env)
{
	return zone(env, KVM_UNREGISTER_COALESCED_MMIO, 1);
}

static long unregister_zone(struct env *env)
{
	return zone(env, KVM_UNREGISTER_COALESCED_MMIO, 0);
}

static const struct site bus_sites[] = {
	{ "IOEVENTFD MMIO", KEV_CHIP_NONE, 1, 0, NULL, assign_mmio },
	{ "IOEVENTFD MMIO, length 0", KEV_CHIP_NONE, 1, 0, NULL,
	  assign_mmio_any },
	{ "IOEVENTFD MMIO, datamatch", KEV_CHIP_NONE, 1, 0, NULL,
	  assign_mmio_data },
	{ "IOEVENTFD MMIO, second datamatch", KEV_CHIP_NONE, 1, 0,
	  have_other_data, assign_mmio_data },
	{ "IOEVENTFD PIO", KEV_CHIP_FULL, 1, 0, NULL, assign_pio },
	{ "IOEVENTFD CCW", KEV_CHIP_NONE, 1, 0, NULL, assign_ccw },
	{ "IOEVENTFD MMIO, 47 there", KEV_CHIP_NONE, 1, 0, have_crowd,
	  assign_mmio_data },
	{ "IOEVENTFD DEASSIGN MMIO", KEV_CHIP_NONE, 1, 0, have_mmio,
	  deassign_mmio },
	{ "IOEVENTFD DEASSIGN MMIO, length 0", KEV_CHIP_NONE, 1, 0,
	  have_mmio_any, deassign_mmio_any },
	{ "IOEVENTFD DEASSIGN MMIO, datamatch", KEV_CHIP_NONE, 1, 0,
	  have_mmio_data, deassign_mmio_data },
	{ "IOEVENTFD DEASSIGN MMIO, one of two datamatches", KEV_CHIP_NONE, 1,
	  0, have_both_data, deassign_mmio_data },
	{ "IOEVENTFD DEASSIGN PIO", KEV_CHIP_FULL, 1, 0, have_pio,
	  deassign_pio },
	{ "IOEVENTFD DEASSIGN CCW", KEV_CHIP_NONE, 1, 0, have_ccw,
	  deassign_ccw },
	{ "IOEVENTFDS, 6 assigned", KEV_CHIP_NONE, 1, SITE_PARTIAL, NULL,
	  batch_assign },
	{ "IOEVENTFDS, 6 deassigned", KEV_CHIP_NONE, 1, 0, have_batch,
	  batch_deassign },
	{ "REGISTER_COALESCED_MMIO", KEV_CHIP_NONE, 1, 0, NULL, zone_mmio },
	{ "REGISTER_COALESCED_MMIO beside chips", KEV_CHIP_FULL, 1, 0, NULL,
	  zone_mmio },
	{ "REGISTER_COALESCED_MMIO, PIO", KEV_CHIP_FULL, 1, 0, NULL,
	  zone_pio },
	{ "UNREGISTER_COALESCED_MMIO", KEV_CHIP_NONE, 1, 0, have_zone,
	  unregister_zone },
	{ "UNREGISTER_COALESCED_MMIO, PIO", KEV_CHIP_FULL, 1, 0,
	  have_pio_zone, unregister_pio_zone },
	{ "UNREGISTER_COALESCED_MMIO beside chips", KEV_CHIP_FULL, 1, 0,
	  have_zone, unregister_zone },
};

FAULT_SITES(bus_sites);
