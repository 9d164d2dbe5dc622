// SPDX-License-Identifier: GPL-2.0
/* KVM_EVENTFD_CAP_MAX_ROUTES: a table of up to 131,072 routes, on request. */
#include "kev_harness.h"

#define MAX		131072u
#define VECTOR		0x51
#define OTHER_VECTOR	0x62

FIXTURE(large) {
	struct kev_machine m;
	int vm;
	int cpu;
	struct kvm_irq_routing *table;
};

FIXTURE_SETUP(large)
{
	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_MAX_ROUTES);
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&self->m, KEV_CHIP_SPLIT, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->table = calloc(1, sizeof(*self->table) +
				(MAX + 1) * sizeof(self->table->entries[0]));
	ASSERT_NE(NULL, self->table);
}

FIXTURE_TEARDOWN(large)
{
	free(self->table);
	kev_machine_destroy(&self->m);
}

static void add(struct kvm_irq_routing *table, uint32_t gsi, uint32_t vector)
{
	table->entries[table->nr++] = (struct kvm_irq_routing_entry) {
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = KEV_MSI_DEST(0), .data = vector },
	};
}

static int set(int vm, const struct kvm_irq_routing *table)
{
	return __kev_ioctl(vm, KVM_SET_GSI_ROUTING, table);
}

static int update(int vm, const struct kvm_irq_routing *table)
{
	const struct kvm_eventfd_routes *arg = (const void *)table;

	return __kev_ioctl(vm, KVM_EVENTFD_UPDATE_ROUTES, arg);
}

static int set_one(int vm, struct kvm_irq_routing *table, uint32_t gsi,
		   uint32_t vector)
{
	table->nr = 0;
	add(table, gsi, vector);
	return set(vm, table);
}

#define ENABLE(nr)							\
	__enable_cap(self->vm, KVM_EVENTFD_CAP_MAX_ROUTES, 0, nr)
#define EXPECT_SENDS(vec, gsi)						\
	do {								\
		EXPECT_EQ(1, irq_line_status(self->vm, gsi, 1));	\
		EXPECT_TRUE(lapic_take(self->cpu, vec));		\
	} while (0)
#define LIMIT(fd)							\
	kev_ioctl_val(fd, KVM_CHECK_EXTENSION, KVM_CAP_IRQ_ROUTING)

TEST_F(large, capability_is_the_largest_limit)
{
	EXPECT_EQ(MAX, kev_check_extension(KVM_EVENTFD_CAP_MAX_ROUTES));
	EXPECT_EQ(MAX, kev_ioctl_val(self->vm, KVM_CHECK_EXTENSION,
				     KVM_EVENTFD_CAP_MAX_ROUTES));
}

TEST_F(large, without_a_request_it_is_as_in_kvm)
{
	unsigned int i;

	EXPECT_EQ(4096, LIMIT(self->vm));
	EXPECT_ERRNO(EINVAL, set_one(self->vm, self->table, 4096, VECTOR));
	EXPECT_ERRNO(EINVAL, update(self->vm, self->table));
	EXPECT_ERRNO(EINVAL, set_one(self->vm, self->table, MAX - 1, VECTOR));
	EXPECT_ERRNO(EINVAL, update(self->vm, self->table));

	self->table->nr = 0;
	for (i = 0; i < 4097; i++)
		add(self->table, i, VECTOR);
	EXPECT_ERRNO(EINVAL, set(self->vm, self->table));
	EXPECT_ERRNO(EINVAL, update(self->vm, self->table));
}

TEST_F(large, full_table_is_in_force)
{
	unsigned int i;

	EXPECT_ERRNO(0, ENABLE(MAX));
	for (i = 0; i < MAX; i++)
		add(self->table, i, i == MAX - 1 ? OTHER_VECTOR : VECTOR);
	EXPECT_ERRNO(0, set(self->vm, self->table));
	EXPECT_SENDS(VECTOR, 0);
	EXPECT_SENDS(VECTOR, 4096);
	EXPECT_SENDS(VECTOR, MAX - 2);
	EXPECT_SENDS(OTHER_VECTOR, MAX - 1);
	EXPECT_EQ(-1, irq_line_status(self->vm, MAX, 1));

	add(self->table, 0, VECTOR);
	EXPECT_ERRNO(EINVAL, set(self->vm, self->table));
	EXPECT_ERRNO(EINVAL, update(self->vm, self->table));
	EXPECT_SENDS(OTHER_VECTOR, MAX - 1);

	self->table->nr = 0;
	EXPECT_ERRNO(0, set(self->vm, self->table));
	EXPECT_EQ(-1, irq_line_status(self->vm, MAX - 1, 1));
}

TEST_F(large, full_table_by_update)
{
	unsigned int i;

	EXPECT_ERRNO(0, ENABLE(MAX));
	for (i = 0; i < MAX; i++)
		add(self->table, MAX - 1 - i, VECTOR);
	EXPECT_ERRNO(0, update(self->vm, self->table));
	EXPECT_SENDS(VECTOR, 0);
	EXPECT_SENDS(VECTOR, MAX - 1);
}

TEST_F(large, bad_last_entry_of_an_update_changes_nothing)
{
	const unsigned int many = 10000;
	unsigned int i;

	EXPECT_ERRNO(0, ENABLE(MAX));
	EXPECT_ERRNO(0, set_one(self->vm, self->table, 5, VECTOR));
	self->table->nr = 0;
	for (i = 0; i < many - 1; i++)
		add(self->table, i, OTHER_VECTOR);
	/* The first again, far from where it was. */
	add(self->table, 0, OTHER_VECTOR);
	EXPECT_ERRNO(EINVAL, update(self->vm, self->table));
	EXPECT_SENDS(VECTOR, 5);
	EXPECT_EQ(-1, irq_line_status(self->vm, 0, 1));
	EXPECT_EQ(-1, irq_line_status(self->vm, many - 2, 1));

	self->table->entries[many - 1].gsi = MAX - 1;
	EXPECT_ERRNO(0, update(self->vm, self->table));
	EXPECT_SENDS(OTHER_VECTOR, 5);
	EXPECT_SENDS(OTHER_VECTOR, MAX - 1);
}

TEST_F(large, first_gsi_above_the_limit_is_EINVAL)
{
	EXPECT_ERRNO(0, ENABLE(5000));
	EXPECT_ERRNO(0, set_one(self->vm, self->table, 4999, VECTOR));
	EXPECT_SENDS(VECTOR, 4999);
	EXPECT_ERRNO(EINVAL, set_one(self->vm, self->table, 5000, VECTOR));
	EXPECT_ERRNO(EINVAL, update(self->vm, self->table));
	EXPECT_SENDS(VECTOR, 4999);
	EXPECT_ERRNO(0, ENABLE(MAX));
	EXPECT_ERRNO(EINVAL, set_one(self->vm, self->table, MAX, VECTOR));
	EXPECT_ERRNO(EINVAL, set_one(self->vm, self->table, ~0u, VECTOR));
}

TEST_F(large, limit_never_falls)
{
	EXPECT_ERRNO(EINVAL, ENABLE(0));
	EXPECT_ERRNO(EINVAL, ENABLE(4095));
	EXPECT_ERRNO(0, ENABLE(4096));
	EXPECT_ERRNO(0, ENABLE(10000));
	EXPECT_ERRNO(EINVAL, ENABLE(9999));
	EXPECT_ERRNO(EINVAL, ENABLE(4096));
	EXPECT_ERRNO(0, ENABLE(10000));
	EXPECT_EQ(10000, LIMIT(self->vm));
}

TEST_F(large, limit_has_a_limit)
{
	EXPECT_ERRNO(EINVAL, ENABLE(MAX + 1));
	EXPECT_ERRNO(EINVAL, ENABLE(~0u));
	EXPECT_ERRNO(EINVAL, ENABLE(1ull << 32 | MAX));
	EXPECT_ERRNO(EINVAL, ENABLE(~0ull));
	EXPECT_EQ(4096, LIMIT(self->vm));
}

TEST_F(large, any_flag_is_EINVAL)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++)
		EXPECT_ERRNO(EINVAL, __enable_cap(self->vm,
						  KVM_EVENTFD_CAP_MAX_ROUTES,
						  1u << bit, MAX));
	EXPECT_EQ(4096, LIMIT(self->vm));
}

TEST_F(large, limit_is_one_vms)
{
	int other = kev_create_vm();

	EXPECT_ERRNO(0, ENABLE(MAX));
	EXPECT_EQ(MAX, LIMIT(self->vm));
	EXPECT_EQ(4096, LIMIT(other));
	EXPECT_EQ(4096, kev_check_extension(KVM_CAP_IRQ_ROUTING));
	close(other);
}

TEST_F(large, routes_and_irqfds_stay_when_it_grows)
{
	int efd = kev_eventfd(0);

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	ASSERT_ERRNO(0, set_one(self->vm, self->table, 4095, VECTOR));
	irqfd_assign(self->vm, efd, 4095);
	EXPECT_ERRNO(0, ENABLE(MAX));
	EXPECT_SENDS(VECTOR, 4095);
	kev_signal(efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	close(efd);
}

TEST_F(large, irqfd_above_the_limit_works_once_it_is_routed)
{
	int efd = kev_eventfd(0);

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	irqfd_assign(self->vm, efd, MAX - 1);
	kev_signal(efd);
	EXPECT_ERRNO(0, ENABLE(MAX));
	EXPECT_ERRNO(0, set_one(self->vm, self->table, MAX - 1, VECTOR));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
	kev_signal(efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));

	self->table->nr = 0;
	add(self->table, MAX - 1, OTHER_VECTOR);
	EXPECT_ERRNO(0, update(self->vm, self->table));
	kev_signal(efd);
	EXPECT_TRUE(lapic_take(self->cpu, OTHER_VECTOR));
	close(efd);
}

TEST_HARNESS_MAIN
