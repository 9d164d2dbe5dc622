// SPDX-License-Identifier: GPL-2.0
/*
 * rmmod with anything of the module open is refused, and nothing is left
 * counted when all is closed.  The module is never really unloaded here.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>

#include "kev_harness.h"

#define REFCNT	"/sys/module/kvm_eventfd/refcnt"

static int refcnt(void)
{
	FILE *f = fopen(REFCNT, "r");
	int n = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

static bool wait_refcnt(int want)
{
	uint64_t deadline = kev_now_ms() + KEV_TIMEOUT_MS;

	while (refcnt() != want) {
		if (kev_now_ms() > deadline)
			return false;
		sched_yield();
	}
	return true;
}

static int __unload(void)
{
	return syscall(SYS_delete_module, "kvm_eventfd", O_NONBLOCK);
}

/* What is left open. */
enum kept {
	KEPT_NODE,
	KEPT_VM,
	KEPT_VCPU,
	KEPT_VM_STATS,
	KEPT_VCPU_STATS,
	KEPT_MAPPING,
};

FIXTURE(unload) {
	int before;
	int fd;
	char *map;
};

FIXTURE_VARIANT(unload) {
	enum kept kept;
};

#define VARIANT(name)	FIXTURE_VARIANT_ADD(unload, name)

VARIANT(node_fd) {
	.kept = KEPT_NODE,
};

VARIANT(vm_fd) {
	.kept = KEPT_VM,
};

VARIANT(vcpu_fd) {
	.kept = KEPT_VCPU,
};

VARIANT(stats_fd_of_the_vm) {
	.kept = KEPT_VM_STATS,
};

VARIANT(stats_fd_of_a_vcpu) {
	.kept = KEPT_VCPU_STATS,
};

VARIANT(mapping) {
	.kept = KEPT_MAPPING,
};

static int keep_one(enum kept kept, char **map)
{
	int node, vm, cpu, fd;

	node = kev_open();
	if (kept == KEPT_NODE)
		return node;

	vm = kev_ioctl_val(node, KVM_CREATE_VM, 0);
	cpu = create_vcpu(vm, 0);
	close(node);
	switch (kept) {
	case KEPT_VM:
		close(cpu);
		return vm;
	case KEPT_VM_STATS:
		fd = kev_ioctl_val(vm, KVM_GET_STATS_FD, 0);
		break;
	case KEPT_VCPU_STATS:
		fd = kev_ioctl_val(cpu, KVM_GET_STATS_FD, 0);
		break;
	case KEPT_MAPPING:
		*map = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, cpu, 0);
		kev_assert(*map != MAP_FAILED, "mmap of a vCPU");
		fd = -1;
		break;
	default:
		close(vm);
		return cpu;
	}
	close(cpu);
	close(vm);
	return fd;
}

FIXTURE_SETUP(unload)
{
	KEV_REQUIRE_MODULE("is not the module under test");
	self->before = refcnt();
	if (self->before < 0)
		SKIP(return, "the module is built in");
	self->fd = keep_one(variant->kept, &self->map);
}

FIXTURE_TEARDOWN(unload)
{
	if (self->map)
		munmap(self->map, getpagesize());
	if (self->fd >= 0)
		close(self->fd);
}

TEST_F(unload, is_refused)
{
	int err = KEV_ERRNO(__unload());

	if (err == EPERM)
		SKIP(return, "only root may unload");
	EXPECT_EQ(EAGAIN, err);
	EXPECT_EQ(12, kev_ioctl_val(kev_open(), KVM_GET_API_VERSION, 0));
}

TEST_F(unload, leaves_nothing_counted_after_the_last_close)
{
	EXPECT_LT(self->before, refcnt());
	if (self->map)
		munmap(self->map, getpagesize());
	if (self->fd >= 0)
		close(self->fd);
	self->map = NULL;
	self->fd = -1;
	EXPECT_TRUE(wait_refcnt(self->before));
}

TEST(a_vm_full_of_objects_leaves_nothing_counted)
{
	struct kev_machine m;
	int before, efd[64];
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_MODULE("is not the module under test");
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	before = refcnt();
	if (before < 0)
		SKIP(return, "the module is built in");

	kev_machine_create(&m, KEV_CHIP_SPLIT, 2);
	set_msi_route(m.vm, 24, 0, 0x51);
	for (i = 0; i < ARRAY_SIZE(efd); i++) {
		efd[i] = kev_eventfd(0);
		irqfd_assign(m.vm, efd[i], 24);
		ioeventfd_assign(m.vm, efd[i], 0x1000 + 4 * i, 4, 0, 0);
	}
	kev_machine_destroy(&m);
	EXPECT_TRUE(wait_refcnt(before));
	for (i = 0; i < ARRAY_SIZE(efd); i++)
		close(efd[i]);
}

TEST_HARNESS_MAIN
