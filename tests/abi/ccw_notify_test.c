// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-ccw: the guest says on the notify bus which queue of which subchannel it
 * filled; and the order of bytes of that and of every other access.
 */
#include <string.h>
#include <unistd.h>

#include "kev_harness.h"

#define SCHID		0x00010023u
#define QUEUES		3
#define CCW		KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY
#define DATAMATCH	KVM_IOEVENTFD_FLAG_DATAMATCH

FIXTURE(notify) {
	struct kev_machine m;
	int queue[QUEUES];
};

/* As QEMU: 8 bytes, of which the datamatch is the number of the queue. */
FIXTURE_SETUP(notify)
{
	unsigned int i;

	KEV_REQUIRE_VCPU_IO();
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	for (i = 0; i < QUEUES; i++) {
		self->queue[i] = kev_eventfd(0);
		ioeventfd_assign(self->m.vm, self->queue[i], SCHID, 8,
				 CCW | DATAMATCH, i);
	}
}

FIXTURE_TEARDOWN(notify)
{
	kev_machine_destroy(&self->m);
}

/* The guest's diagnose: register 2 is the subchannel, register 3 the queue. */
static int notify(int vcpu, uint32_t schid, uint8_t queue)
{
	uint8_t bytes[8] = { queue };
	ssize_t ret;

	ret = pwrite(vcpu, bytes, sizeof(bytes), KVM_EVENTFD_OFF_CCW + schid);
	return ret == sizeof(bytes) ? 0 : -1;
}

TEST_F(notify, a_notification_reaches_its_queue_alone)
{
	unsigned int i, j;

	for (i = 0; i < QUEUES; i++) {
		EXPECT_ERRNO(0, notify(self->m.vcpu[0], SCHID, i));
		for (j = 0; j < QUEUES; j++)
			EXPECT_EQ(i == j, kev_count(self->queue[j]));
	}
}

TEST_F(notify, an_unknown_queue_is_the_emulators)
{
	EXPECT_ERRNO(EOPNOTSUPP, notify(self->m.vcpu[0], SCHID, QUEUES));
}

TEST_F(notify, another_subchannel_is_the_emulators)
{
	EXPECT_ERRNO(EOPNOTSUPP, notify(self->m.vcpu[0], SCHID + 1, 0));
	EXPECT_ERRNO(EOPNOTSUPP, notify(self->m.vcpu[0], 0, 0));
}

TEST_F(notify, fewer_bytes_are_another_notification)
{
	uint8_t bytes[4] = { 1 };

	EXPECT_ERRNO(EOPNOTSUPP, pwrite(self->m.vcpu[0], bytes, sizeof(bytes),
					KVM_EVENTFD_OFF_CCW + SCHID));
	EXPECT_EQ(0, kev_count(self->queue[1]));
}

TEST_F(notify, the_buses_are_apart)
{
	uint8_t bytes[8] = { 1 };

	EXPECT_ERRNO(EOPNOTSUPP, pwrite(self->m.vcpu[0], bytes, sizeof(bytes),
					KVM_EVENTFD_OFF_MMIO + SCHID));
	EXPECT_EQ(0, kev_count(self->queue[1]));
}

TEST_F(notify, all_64_bits_of_the_queue_are_compared)
{
	uint8_t bytes[8] = { 1, 0, 0, 0, 1 };
	int efd = kev_eventfd(0);

	EXPECT_ERRNO(EOPNOTSUPP, pwrite(self->m.vcpu[0], bytes, sizeof(bytes),
					KVM_EVENTFD_OFF_CCW + SCHID));
	ioeventfd_assign(self->m.vm, efd, SCHID, 8, CCW | DATAMATCH,
			 0x100000001ull);
	EXPECT_EQ(8, pwrite(self->m.vcpu[0], bytes, sizeof(bytes),
			    KVM_EVENTFD_OFF_CCW + SCHID));
	EXPECT_EQ(1, kev_count(efd));
	EXPECT_EQ(0, kev_count(self->queue[1]));
}

/* Bytes are little-endian on every host: the first is the least significant. */

struct order {
	unsigned int len;
	uint64_t data;
};

static const struct order orders[] = {
	{ 1, 0x11 }, { 2, 0x2211 }, { 4, 0x44332211 },
	{ 8, 0x8877665544332211ull },
};

TEST(doorbells_are_little_endian)
{
	static const uint8_t bytes[8] = {
		0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
	};
	struct kev_machine m;
	unsigned int i;

	KEV_REQUIRE_VCPU_IO();
	kev_machine_create(&m, KEV_CHIP_NONE, 1);
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		const struct order *o = &orders[i];
		int efd = kev_eventfd(0);

		ioeventfd_assign(m.vm, efd, 0x1000, o->len, DATAMATCH, o->data);
		EXPECT_EQ((ssize_t)o->len,
			  pwrite(m.vcpu[0], bytes, o->len, 0x1000));
		EXPECT_EQ(1, kev_count(efd));
	}
	kev_machine_destroy(&m);
}

TEST_HARNESS_MAIN
