// SPDX-License-Identifier: GPL-2.0
/* KVM_REGISTER_COALESCED_MMIO, KVM_UNREGISTER_COALESCED_MMIO and the ring. */
#include <pthread.h>

#include "kev_harness.h"

#define ADDR		0x10000
#define RING_SLOTS	((4096 - 8) / sizeof(struct kvm_coalesced_mmio))

FIXTURE(coalesced) {
	struct kev_machine m;
	int vm;
	int cpu;
	struct kvm_coalesced_mmio_ring *ring;
};

FIXTURE_SETUP(coalesced)
{
	KEV_REQUIRE_CAP(KVM_CAP_COALESCED_MMIO);
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->ring = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			  MAP_SHARED, self->cpu,
			  KVM_EVENTFD_PAGE_COALESCED * getpagesize());
	ASSERT_NE(MAP_FAILED, self->ring);
}

FIXTURE_TEARDOWN(coalesced)
{
	munmap(self->ring, getpagesize());
	kev_machine_destroy(&self->m);
}

static int __zone(int vm, bool add, uint64_t addr, uint32_t size, uint32_t pio)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr = addr,
		.size = size,
		.pio = pio,
	};

	return add ? __kev_ioctl(vm, KVM_REGISTER_COALESCED_MMIO, &zone) :
		     __kev_ioctl(vm, KVM_UNREGISTER_COALESCED_MMIO, &zone);
}

#define ADD(addr, size, pio)	__zone(self->vm, true, addr, size, pio)
#define REMOVE(addr, size, pio)	__zone(self->vm, false, addr, size, pio)

TEST_F(coalesced, unreadable_argument_is_EFAULT)
{
	struct kvm_coalesced_mmio_zone *bad;

	bad = KEV_BAD_PTR(struct kvm_coalesced_mmio_zone);
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_REGISTER_COALESCED_MMIO,
					 bad));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm,
					 KVM_UNREGISTER_COALESCED_MMIO, bad));
}

TEST_F(coalesced, pio_above_1_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, ADD(ADDR, 8, 2));
	EXPECT_ERRNO(EINVAL, ADD(ADDR, 8, ~0u));
	EXPECT_ERRNO(EINVAL, REMOVE(ADDR, 8, 2));
}

TEST_F(coalesced, zones_may_overlap_and_be_empty)
{
	EXPECT_ERRNO(0, ADD(ADDR, 8, 0));
	EXPECT_ERRNO(0, ADD(ADDR, 8, 0));
	EXPECT_ERRNO(0, ADD(ADDR + 4, 8, 0));
	EXPECT_ERRNO(0, ADD(ADDR, 0, 0));
	EXPECT_ERRNO(0, ADD(ADDR, 8, 1));
}

TEST_F(coalesced, removal_of_nothing_succeeds)
{
	EXPECT_ERRNO(0, REMOVE(ADDR, 8, 0));
	EXPECT_ERRNO(0, REMOVE(ADDR, 8, 1));
}

TEST_F(coalesced, more_than_a_thousand_zones_are_ENOSPC)
{
	unsigned int i;

	for (i = 0; i < 1000; i++)
		ASSERT_ERRNO(0, ADD(ADDR + 16 * i, 8, 0));
	EXPECT_ERRNO(ENOSPC, ADD(ADDR + 16 * i, 8, 0));
	EXPECT_ERRNO(0, ADD(ADDR, 8, 1));
}

TEST_F(coalesced, bus_full_of_zones_takes_no_ioeventfd_either)
{
	int efd = kev_eventfd(0);
	unsigned int i;

	for (i = 0; i < 1000; i++)
		ASSERT_ERRNO(0, ADD(ADDR + 16 * i, 8, 0));
	EXPECT_ERRNO(ENOSPC, __ioeventfd(self->vm, efd, 0x1000, 4, 0, 0));
	EXPECT_ERRNO(0, __ioeventfd(self->vm, efd, 0x1000, 4,
				    KVM_IOEVENTFD_FLAG_PIO, 0));
	EXPECT_ERRNO(0, REMOVE(ADDR, 8, 0));
	EXPECT_ERRNO(0, __ioeventfd(self->vm, efd, 0x1000, 4, 0, 0));
	close(efd);
}

TEST_F(coalesced, ioeventfds_do_not_count_as_zones)
{
	int efd = kev_eventfd(0);
	unsigned int i;

	for (i = 0; i < 1000; i++)
		ASSERT_ERRNO(0, __ioeventfd(self->vm, efd, 0x1000 + 4 * i, 4, 0,
					    0));
	EXPECT_ERRNO(0, ADD(ADDR, 8, 0));
	close(efd);
}

TEST_F(coalesced, write_goes_to_the_ring)
{
	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
	vcpu_write(self->cpu, ADDR + 4, 0x12345678, 4);
	EXPECT_EQ(0, self->ring->first);
	ASSERT_EQ(1, self->ring->last);
	EXPECT_EQ(ADDR + 4, self->ring->coalesced_mmio[0].phys_addr);
	EXPECT_EQ(4, self->ring->coalesced_mmio[0].len);
	EXPECT_EQ(0, self->ring->coalesced_mmio[0].pio);
	EXPECT_EQ(0, memcmp(self->ring->coalesced_mmio[0].data,
			    "\x78\x56\x34\x12", 4));
}

TEST_F(coalesced, write_that_leaves_the_zone_is_not_taken)
{
	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR + 14, 0, 4));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR - 1, 0, 2));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR + 16, 0, 1));
	EXPECT_EQ(0, self->ring->last);
}

TEST_F(coalesced, port_write_is_marked)
{
	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(0, ADD(0x100, 4, 1));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, 0x100, 0, 1));
	vcpu_write(self->cpu, KVM_EVENTFD_OFF_PIO + 0x100, 0x5a, 1);
	ASSERT_EQ(1, self->ring->last);
	EXPECT_EQ(1, self->ring->coalesced_mmio[0].pio);
}

TEST_F(coalesced, full_ring_takes_no_more)
{
	unsigned int i;

	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
	for (i = 0; i < RING_SLOTS - 1; i++)
		vcpu_write(self->cpu, ADDR, i, 4);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, i, 4));
	self->ring->first = 1;
	vcpu_write(self->cpu, ADDR, i, 4);
	EXPECT_EQ(0, self->ring->last);
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, i, 4));
	EXPECT_EQ(0, self->ring->last);
}

TEST_F(coalesced, index_that_user_space_broke_takes_nothing)
{
	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
	self->ring->last = RING_SLOTS;
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, 0, 4));
	self->ring->last = ~0u;
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, 0, 4));
}

TEST_F(coalesced, removed_zone_takes_nothing)
{
	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
	EXPECT_ERRNO(0, REMOVE(ADDR, 16, 1));
	vcpu_write(self->cpu, ADDR, 0, 4);
	EXPECT_ERRNO(0, REMOVE(ADDR + 4, 4, 0));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, 0, 4));
}

/*
 * Which zones a removal takes.  It returns 0 whatever it does: that a zone has gone is
 * seen where there is room for one zone more, and none for two.
 */
#define ZONE(_addr, _size)	{ .addr = (_addr), .size = (_size) }
#define FAR			(1ull << 40)

struct removal {
	const char *name;
	struct kvm_coalesced_mmio_zone zone;
	struct kvm_coalesced_mmio_zone range;
	bool frees;
	/* What takes the zone where @range does not; of no size where nothing does. */
	struct kvm_coalesced_mmio_zone undo;
};

#define FREES(_name, _zone, _range)					\
	{ .name = _name, .zone = _zone, .range = _range, .frees = true }
#define STAYS(_name, _zone, _range, _undo)				\
	{ .name = _name, .zone = _zone, .range = _range, .undo = _undo }

static const struct removal removals[] = {
	FREES("the same range", ZONE(ADDR, 16), ZONE(ADDR, 16)),
	FREES("part of it", ZONE(ADDR, 16), ZONE(ADDR + 15, 1)),
	FREES("nothing within", ZONE(ADDR, 16), ZONE(ADDR + 8, 0)),
	FREES("nothing at its end", ZONE(ADDR, 16), ZONE(ADDR + 16, 0)),
	STAYS("nothing behind its end", ZONE(ADDR, 16), ZONE(ADDR + 17, 0),
	      ZONE(ADDR, 16)),
	STAYS("a range around it", ZONE(ADDR, 16), ZONE(ADDR - 1, 18), ZONE(ADDR, 16)),
	STAYS("a range that reaches over it", ZONE(ADDR, 16), ZONE(ADDR + 15, 2),
	      ZONE(ADDR, 16)),
	FREES("an empty zone", ZONE(ADDR, 0), ZONE(ADDR, 0)),
	FREES("2 GiB less one", ZONE(ADDR, 0x7fffffff), ZONE(ADDR, 0x7fffffff)),
	STAYS("2 GiB", ZONE(ADDR, 0x80000000), ZONE(ADDR, 0x80000000), ZONE(ADDR, 16)),
	FREES("part of 2 GiB", ZONE(ADDR, 0x80000000), ZONE(ADDR, 16)),
	STAYS("a zone that wraps", ZONE(~0ull - 7, 16), ZONE(~0ull - 7, 16), ZONE(0, 0)),
	STAYS("part of a zone that wraps", ZONE(~0ull - 7, 16), ZONE(~0ull - 7, 4),
	      ZONE(0, 0)),
};

/* There is room for one zone in @vm, and is again if the row can be undone. */
static bool frees(int vm, const struct removal *r)
{
	bool room;

	kev_assert(!__zone(vm, true, r->zone.addr, r->zone.size, 0), "%s", r->name);
	kev_assert(!__zone(vm, false, r->range.addr, r->range.size, 0), "%s", r->name);
	room = !__zone(vm, true, FAR, 8, 0);
	if (room)
		kev_assert(!__zone(vm, false, FAR, 8, 0), "remove the zone far away");
	else
		kev_assert(!__zone(vm, false, r->undo.addr, r->undo.size, 0), "undo");
	return room;
}

static int vm_with_room_for_one_zone(void)
{
	int vm = kev_create_vm();
	unsigned int i;

	for (i = 0; i < 999; i++)
		kev_assert(!__zone(vm, true, 16 * i, 8, 0), "zone %u", i);
	return vm;
}

TEST(removal_is_of_zones_that_hold_the_range)
{
	int vm = -1;
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_COALESCED_MMIO);
	for (i = 0; i < ARRAY_SIZE(removals); i++) {
		const struct removal *r = &removals[i];

		if (vm < 0)
			vm = vm_with_room_for_one_zone();
		EXPECT_EQ(r->frees, frees(vm, r))
			TH_LOG("%s", r->name);
		if (!r->frees && !r->undo.size) {
			close(vm);
			vm = -1;
		}
	}
	if (vm >= 0)
		close(vm);
}

TEST_F(coalesced, removal_takes_every_zone_that_holds_the_range)
{
	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
	EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
	EXPECT_ERRNO(0, ADD(ADDR - 16, 64, 0));
	EXPECT_ERRNO(0, ADD(ADDR + 8, 8, 0));
	EXPECT_ERRNO(0, REMOVE(ADDR, 8, 0));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, 0, 4));
	vcpu_write(self->cpu, ADDR + 8, 0, 8);
	EXPECT_EQ(1, self->ring->last);
}

TEST_F(coalesced, all_vcpus_share_one_ring)
{
	struct kvm_coalesced_mmio_ring *ring;
	int cpu = create_vcpu(self->vm, 1);

	KEV_REQUIRE_VCPU_IO();
	ring = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, cpu,
		    KVM_EVENTFD_PAGE_COALESCED * getpagesize());
	ASSERT_NE(MAP_FAILED, ring);
	EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
	vcpu_write(self->cpu, ADDR, 1, 4);
	vcpu_write(cpu, ADDR, 2, 4);
	EXPECT_EQ(2, ring->last);
	EXPECT_EQ(2, self->ring->last);
	EXPECT_EQ(2, ring->coalesced_mmio[1].data[0]);
	munmap(ring, getpagesize());
	close(cpu);
}

TEST_F(coalesced, ioeventfd_within_a_zone_is_signalled)
{
	int efd = kev_eventfd(0);

	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
	EXPECT_ERRNO(0, __ioeventfd(self->vm, efd, ADDR, 4, 0, 0));
	vcpu_write(self->cpu, ADDR, 0, 4);
	EXPECT_EQ(1, kev_count(efd));
	EXPECT_EQ(0, self->ring->last);
	vcpu_write(self->cpu, ADDR, 0, 2);
	EXPECT_EQ(1, self->ring->last);
	close(efd);
}

struct breaker {
	struct kvm_coalesced_mmio_ring *ring;
	bool stop;
};

static void *break_ring(void *arg)
{
	struct breaker *b = arg;
	uint32_t seed = 1;

	while (!__atomic_load_n(&b->stop, __ATOMIC_RELAXED)) {
		seed = seed * 1664525 + 1013904223;
		__atomic_store_n(&b->ring->last, seed, __ATOMIC_RELAXED);
		__atomic_store_n(&b->ring->last, seed % 256, __ATOMIC_RELAXED);
		__atomic_store_n(&b->ring->first, ~seed, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Zones come and go while the ring is broken all the time. */
TEST_F(coalesced, nothing_in_the_ring_is_trusted)
{
	struct breaker b = { .ring = self->ring };
	pthread_t thread;
	unsigned int i, j;

	KEV_REQUIRE_VCPU_IO();
	ASSERT_EQ(0, pthread_create(&thread, NULL, break_ring, &b));
	for (i = 0; i < 2000; i++) {
		EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
		for (j = 0; j < 8; j++)
			__vcpu_write(self->cpu, ADDR + j, i, 8);
		EXPECT_ERRNO(0, REMOVE(ADDR, 16, 0));
		EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, i, 4));
	}
	__atomic_store_n(&b.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

TEST_F(coalesced, read_is_not_answered)
{
	uint64_t val;

	KEV_REQUIRE_VCPU_IO();
	EXPECT_ERRNO(0, ADD(ADDR, 16, 0));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(self->cpu, ADDR, &val, 4));
}

TEST(zones_are_ENOTTY_where_their_capability_is_0)
{
	int vm = kev_create_vm();

	if (kev_check_extension(KVM_CAP_COALESCED_MMIO) > 0)
		SKIP(return, "%s offers them", kev_node());
	EXPECT_ERRNO(ENOTTY, __zone(vm, true, ADDR, 8, 0));
	EXPECT_ERRNO(ENOTTY, __zone(vm, false, ADDR, 8, 0));
	close(vm);
}

TEST_HARNESS_MAIN
