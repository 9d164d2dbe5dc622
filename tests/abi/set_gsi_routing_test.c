// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_SET_GSI_ROUTING: limits, each entry's errno, and that a refused table
 * leaves the old one in force.
 */
#include "kev_harness.h"

#define GSI		40
#define VECTOR		0x51
#define OTHER_VECTOR	0x62

/* One table of up to three entries, wrong in one way. */

FIXTURE(entry) {
	struct kev_machine m;
	struct kev_routes *r;
};

FIXTURE_VARIANT(entry) {
	enum kev_chip chip;
	unsigned int nr;
	struct kvm_irq_routing_entry e[3];
	int want;
};

FIXTURE_SETUP(entry)
{
	unsigned int i;

	KEV_REQUIRE_CHIP(variant->chip);
	kev_machine_create(&self->m, variant->chip, 1);
	self->r = kev_routes_new();
	for (i = 0; i < variant->nr; i++)
		self->r->entries[i] = variant->e[i];
	self->r->hdr.nr = variant->nr;
}

FIXTURE_TEARDOWN(entry)
{
	free(self->r);
	kev_machine_destroy(&self->m);
}

#define MSI(_gsi, ...)							\
	{ .gsi = (_gsi), .type = KVM_IRQ_ROUTING_MSI, ##__VA_ARGS__ }
#define PIN(_gsi, _chip, _pin, ...)					\
	{ .gsi = (_gsi), .type = KVM_IRQ_ROUTING_IRQCHIP,		\
	  .u.irqchip = { .irqchip = (_chip), .pin = (_pin) }, ##__VA_ARGS__ }
#define MASTER	KVM_IRQCHIP_PIC_MASTER
#define SLAVE	KVM_IRQCHIP_PIC_SLAVE
#define IOAPIC	KVM_IRQCHIP_IOAPIC

#define VARIANT(name)	FIXTURE_VARIANT_ADD(entry, name)
#define TABLE(chips, count, error)					\
	.chip = KEV_CHIP_##chips, .nr = (count), .want = (error)

VARIANT(empty_is_accepted) {
	TABLE(FULL, 0, 0),
};

VARIANT(msi_is_accepted) {
	TABLE(FULL, 1, 0), .e = { MSI(0) },
};

VARIANT(msi_is_accepted_with_split_chip) {
	TABLE(SPLIT, 1, 0), .e = { MSI(0) },
};

VARIANT(msi_with_devid_is_accepted) {
	TABLE(FULL, 1, 0),
	.e = { MSI(0, .flags = KVM_MSI_VALID_DEVID, .u.msi.devid = 7) },
};

VARIANT(msi_with_high_address_is_accepted) {
	TABLE(FULL, 1, 0), .e = { MSI(0, .u.msi.address_hi = 0x123) },
};

VARIANT(last_gsi_is_accepted) {
	TABLE(FULL, 1, 0), .e = { MSI(4095) },
};

VARIANT(pad_is_ignored) {
	TABLE(FULL, 1, 0), .e = { MSI(0, .pad = ~0u) },
};

VARIANT(last_pin_of_pic_master_is_accepted) {
	TABLE(FULL, 1, 0), .e = { PIN(0, MASTER, 7) },
};

VARIANT(last_pin_of_pic_slave_is_accepted) {
	TABLE(FULL, 1, 0), .e = { PIN(0, SLAVE, 7) },
};

VARIANT(last_pin_of_ioapic_is_accepted) {
	TABLE(FULL, 1, 0), .e = { PIN(0, IOAPIC, 23) },
};

VARIANT(gsi_on_pic_and_ioapic_is_accepted) {
	TABLE(FULL, 2, 0), .e = { PIN(0, MASTER, 0), PIN(0, IOAPIC, 2) },
};

VARIANT(gsi_on_all_three_chips_is_accepted) {
	TABLE(FULL, 3, 0),
	.e = { PIN(0, MASTER, 0), PIN(0, SLAVE, 0), PIN(0, IOAPIC, 0) },
};

VARIANT(two_gsis_on_one_pin_are_accepted) {
	TABLE(FULL, 2, 0), .e = { PIN(0, IOAPIC, 5), PIN(1, IOAPIC, 5) },
};

VARIANT(gsi_4096_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { MSI(4096) },
};

VARIANT(largest_gsi_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { MSI(~0u) },
};

VARIANT(gsi_4096_behind_a_good_entry_is_EINVAL) {
	TABLE(FULL, 2, EINVAL), .e = { MSI(0), MSI(4096) },
};

VARIANT(type_0_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { { .gsi = 0 } },
};

VARIANT(unknown_type_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { { .type = 6 } },
};

VARIANT(largest_type_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { { .type = ~0u } },
};

VARIANT(type_of_s390_is_EINVAL) {
	TABLE(FULL, 1, EINVAL),
	.e = { { .type = KVM_IRQ_ROUTING_S390_ADAPTER } },
};

VARIANT(msi_with_unknown_flag_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { MSI(0, .flags = 2) },
};

VARIANT(msi_with_highest_flag_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { MSI(0, .flags = 1u << 31) },
};

VARIANT(pin_with_devid_flag_is_EINVAL) {
	TABLE(FULL, 1, EINVAL),
	.e = { PIN(0, IOAPIC, 0, .flags = KVM_MSI_VALID_DEVID) },
};

VARIANT(pin_with_unknown_flag_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { PIN(0, IOAPIC, 0, .flags = 2) },
};

VARIANT(pic_master_pin_8_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { PIN(0, MASTER, 8) },
};

VARIANT(pic_master_pin_15_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { PIN(0, MASTER, 15) },
};

VARIANT(pic_slave_pin_8_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { PIN(0, SLAVE, 8) },
};

VARIANT(ioapic_pin_24_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { PIN(0, IOAPIC, 24) },
};

VARIANT(largest_pin_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { PIN(0, IOAPIC, ~0u) },
};

VARIANT(chip_3_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { PIN(0, 3, 0) },
};

VARIANT(largest_chip_is_EINVAL) {
	TABLE(FULL, 1, EINVAL), .e = { PIN(0, ~0u, 0) },
};

VARIANT(pin_with_split_chip_is_EINVAL) {
	TABLE(SPLIT, 1, EINVAL), .e = { PIN(0, IOAPIC, 0) },
};

VARIANT(msi_after_msi_on_one_gsi_is_EINVAL) {
	TABLE(FULL, 2, EINVAL), .e = { MSI(0), MSI(0) },
};

VARIANT(msi_after_pin_on_one_gsi_is_EINVAL) {
	TABLE(FULL, 2, EINVAL), .e = { PIN(0, IOAPIC, 0), MSI(0) },
};

VARIANT(pin_after_msi_on_one_gsi_is_EINVAL) {
	TABLE(FULL, 2, EINVAL), .e = { MSI(0), PIN(0, IOAPIC, 0) },
};

VARIANT(same_pin_twice_on_one_gsi_is_EINVAL) {
	TABLE(FULL, 2, EINVAL), .e = { PIN(0, IOAPIC, 0), PIN(0, IOAPIC, 0) },
};

VARIANT(two_pins_of_one_chip_on_one_gsi_is_EINVAL) {
	TABLE(FULL, 2, EINVAL), .e = { PIN(0, IOAPIC, 0), PIN(0, IOAPIC, 1) },
};

VARIANT(third_entry_counts_too) {
	TABLE(FULL, 3, EINVAL),
	.e = { PIN(0, MASTER, 0), PIN(0, IOAPIC, 0), MSI(0) },
};

TEST_F(entry, first_error_is_returned)
{
	EXPECT_ERRNO(variant->want, __set_gsi_routing(self->m.vm, self->r));
}

/* The header. */

FIXTURE(routing) {
	struct kev_machine m;
	int vm;
	int cpu;
	struct kev_routes *r;
};

FIXTURE_VARIANT(routing) {
	enum kev_chip chip;
};

FIXTURE_VARIANT_ADD(routing, full_chip) {
	.chip = KEV_CHIP_FULL,
};

FIXTURE_VARIANT_ADD(routing, split_chip) {
	.chip = KEV_CHIP_SPLIT,
};

FIXTURE_SETUP(routing)
{
	KEV_REQUIRE_CHIP(variant->chip);
	kev_machine_create(&self->m, variant->chip, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->r = kev_routes_new();
}

FIXTURE_TEARDOWN(routing)
{
	free(self->r);
	kev_machine_destroy(&self->m);
}

static void fill_table(struct kev_routes *r, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		kev_route_msi(r, i % KEV_MAX_ROUTES, 0, VECTOR);
}

TEST_F(routing, unreadable_header_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_GSI_ROUTING,
					 KEV_BAD_PTR(struct kvm_irq_routing)));
}

TEST_F(routing, as_many_entries_as_gsis_are_accepted)
{
	fill_table(self->r, 4096);
	EXPECT_ERRNO(0, __set_gsi_routing(self->vm, self->r));
}

TEST_F(routing, one_entry_less_is_accepted)
{
	fill_table(self->r, 4095);
	EXPECT_ERRNO(0, __set_gsi_routing(self->vm, self->r));
}

TEST_F(routing, one_entry_more_is_EINVAL)
{
	fill_table(self->r, 4097);
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
}

TEST_F(routing, any_header_flag_is_EINVAL)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		self->r->hdr.flags = 1u << bit;
		EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
	}
}

TEST_F(routing, unreadable_entries_are_EFAULT)
{
	struct kvm_irq_routing *hdr = kev_alloc_at_page_end(sizeof(*hdr));

	hdr->nr = 1;
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_GSI_ROUTING, hdr));
	kev_free_page(hdr);
}

TEST_F(routing, second_entry_that_is_unreadable_is_EFAULT)
{
	struct kev_routes *r;
	size_t len = sizeof(r->hdr) + sizeof(r->entries[0]);

	r = kev_alloc_at_page_end(len);
	r->hdr.nr = 0;
	kev_route_msi(r, GSI, 0, VECTOR);
	EXPECT_ERRNO(0, __set_gsi_routing(self->vm, r));
	r->hdr.nr = 2;
	EXPECT_ERRNO(EFAULT, __set_gsi_routing(self->vm, r));
	kev_free_page(r);
}

TEST_F(routing, too_many_is_found_before_unreadable_entries)
{
	struct kvm_irq_routing *hdr = kev_alloc_at_page_end(sizeof(*hdr));

	hdr->nr = 4097;
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->vm, KVM_SET_GSI_ROUTING, hdr));
	hdr->nr = ~0u;
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->vm, KVM_SET_GSI_ROUTING, hdr));
	kev_free_page(hdr);
}

TEST_F(routing, header_flag_is_found_before_unreadable_entries)
{
	struct kvm_irq_routing *hdr = kev_alloc_at_page_end(sizeof(*hdr));

	hdr->nr = 1;
	hdr->flags = 1;
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->vm, KVM_SET_GSI_ROUTING, hdr));
	kev_free_page(hdr);
}

TEST_F(routing, unreadable_entries_are_found_before_a_bad_one)
{
	struct kev_routes *r;
	size_t len = sizeof(r->hdr) + sizeof(r->entries[0]);

	r = kev_alloc_at_page_end(len);
	r->hdr.nr = 0;
	kev_route_msi(r, 4096, 0, VECTOR);
	r->hdr.nr = 2;
	EXPECT_ERRNO(EFAULT, __set_gsi_routing(self->vm, r));
	kev_free_page(r);
}

/* What is in force: an MSI route answers to KVM_IRQ_LINE. */

TEST_F(routing, route_is_in_force_when_the_call_returns)
{
	set_msi_route(self->vm, GSI, 0, VECTOR);
	EXPECT_EQ(1, irq_line_status(self->vm, GSI, 1));
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(routing, last_gsi_delivers)
{
	set_msi_route(self->vm, 4095, 0, VECTOR);
	EXPECT_EQ(1, irq_line_status(self->vm, 4095, 1));
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(routing, new_table_replaces_all_of_the_old)
{
	set_msi_route(self->vm, GSI, 0, VECTOR);
	set_msi_route(self->vm, GSI + 1, 0, OTHER_VECTOR);
	EXPECT_EQ(-1, irq_line_status(self->vm, GSI, 1));
	EXPECT_EQ(1, irq_line_status(self->vm, GSI + 1, 1));
	EXPECT_TRUE(lapic_irr(self->cpu, OTHER_VECTOR));
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(routing, empty_table_clears)
{
	set_msi_route(self->vm, GSI, 0, VECTOR);
	set_gsi_routing(self->vm, self->r);
	EXPECT_EQ(-1, irq_line_status(self->vm, GSI, 1));
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
}

TEST_F(routing, every_failed_call_leaves_the_old_table)
{
	struct kvm_irq_routing *hdr = kev_alloc_at_page_end(sizeof(*hdr));

	set_msi_route(self->vm, GSI, 0, VECTOR);

	hdr->nr = 1;
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_GSI_ROUTING, hdr));
	kev_route_msi(self->r, GSI, 0, OTHER_VECTOR);
	self->r->hdr.flags = 1;
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
	self->r->hdr.flags = 0;
	kev_route_msi(self->r, GSI, 0, OTHER_VECTOR);
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
	self->r->entries[1].gsi = 4096;
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
	self->r->entries[1].gsi = GSI + 1;
	self->r->entries[1].type = 99;
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));

	EXPECT_EQ(1, irq_line_status(self->vm, GSI, 1));
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
	EXPECT_FALSE(lapic_irr(self->cpu, OTHER_VECTOR));
	kev_free_page(hdr);
}

TEST_F(routing, high_address_without_32_bit_ids_is_ignored)
{
	kev_route_msi(self->r, GSI, 0, VECTOR);
	self->r->entries[0].u.msi.address_hi = 0xffffffff;
	set_gsi_routing(self->vm, self->r);
	EXPECT_EQ(1, irq_line_status(self->vm, GSI, 1));
	EXPECT_TRUE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(routing, devid_is_ignored_for_delivery)
{
	kev_route_msi(self->r, GSI, 0, VECTOR);
	self->r->entries[0].flags = KVM_MSI_VALID_DEVID;
	self->r->entries[0].u.msi.devid = 0x1234;
	set_gsi_routing(self->vm, self->r);
	EXPECT_EQ(1, irq_line_status(self->vm, GSI, 1));
}

/* 32-bit destination ids. */

TEST_F(routing, low_byte_of_high_address_with_32_bit_ids_is_EINVAL)
{
	KEV_REQUIRE_CAP(KVM_CAP_X2APIC_API);
	enable_cap(self->vm, KVM_CAP_X2APIC_API,
		   KVM_X2APIC_API_USE_32BIT_IDS);
	kev_route_msi(self->r, GSI, 0, VECTOR);
	self->r->entries[0].u.msi.address_hi = 1;
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
	self->r->entries[0].u.msi.address_hi = 0xff;
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
	self->r->entries[0].u.msi.address_hi = 0x100;
	EXPECT_ERRNO(0, __set_gsi_routing(self->vm, self->r));
}

TEST_F(routing, low_byte_of_high_address_with_only_the_quirk_is_accepted)
{
	KEV_REQUIRE_CAP(KVM_CAP_X2APIC_API);
	enable_cap(self->vm, KVM_CAP_X2APIC_API,
		   KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK);
	kev_route_msi(self->r, GSI, 0, VECTOR);
	self->r->entries[0].u.msi.address_hi = 0xff;
	EXPECT_ERRNO(0, __set_gsi_routing(self->vm, self->r));
}

TEST_F(routing, types_not_built_are_EINVAL)
{
	KEV_REQUIRE_MODULE("has Hyper-V and Xen");
	kev_route_add(self->r, GSI, KVM_IRQ_ROUTING_HV_SINT);
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
	self->r->entries[0].type = KVM_IRQ_ROUTING_XEN_EVTCHN;
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
}

/* Without a chip there is nothing to route to. */

FIXTURE(no_chip) {
	int vm;
	struct kev_routes *r;
};

FIXTURE_SETUP(no_chip)
{
	KEV_REQUIRE_PC();
	self->vm = kev_create_vm();
	self->r = kev_routes_new();
}

FIXTURE_TEARDOWN(no_chip)
{
	free(self->r);
	close(self->vm);
}

TEST_F(no_chip, routing_is_EINVAL)
{
	kev_route_msi(self->r, GSI, 0, VECTOR);
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
}

TEST_F(no_chip, even_an_empty_table_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
}

TEST_F(no_chip, unreadable_header_is_found_first)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_GSI_ROUTING,
					 KEV_BAD_PTR(struct kvm_irq_routing)));
}

TEST_F(no_chip, is_found_before_unreadable_entries)
{
	struct kvm_irq_routing *hdr = kev_alloc_at_page_end(sizeof(*hdr));

	hdr->nr = 1;
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->vm, KVM_SET_GSI_ROUTING, hdr));
	kev_free_page(hdr);
}

TEST_HARNESS_MAIN
