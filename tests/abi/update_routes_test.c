// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_EVENTFD_UPDATE_ROUTES: only the GSIs that are named change, each as a
 * whole, and a refused call changes none.
 */
#include "kev_harness.h"
#include "kev_held_page.h"

#define GSI		40
#define OTHER_GSI	41
#define VECTOR		0x51
#define OTHER_VECTOR	0x62

static int __update(int vm, const struct kev_routes *r)
{
	const struct kvm_eventfd_routes *arg = (const void *)r;

	_Static_assert(offsetof(struct kev_routes, entries) == sizeof(*arg),
		       "entries follow the header");
	return __kev_ioctl(vm, KVM_EVENTFD_UPDATE_ROUTES, arg);
}

FIXTURE(update) {
	struct kev_machine m;
	int vm;
	int cpu;
	struct kev_routes *r;
};

FIXTURE_VARIANT(update) {
	enum kev_chip chip;
};

FIXTURE_VARIANT_ADD(update, full_chip) {
	.chip = KEV_CHIP_FULL,
};

FIXTURE_VARIANT_ADD(update, split_chip) {
	.chip = KEV_CHIP_SPLIT,
};

/* Two MSI routes are in force, and @r is empty. */
FIXTURE_SETUP(update)
{
	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_UPDATE_ROUTES);
	KEV_REQUIRE_CHIP(variant->chip);
	kev_machine_create(&self->m, variant->chip, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->r = kev_routes_new();
	kev_route_msi(self->r, GSI, 0, VECTOR);
	kev_route_msi(self->r, OTHER_GSI, 0, OTHER_VECTOR);
	set_gsi_routing(self->vm, self->r);
	self->r->hdr.nr = 0;
}

FIXTURE_TEARDOWN(update)
{
	free(self->r);
	kev_machine_destroy(&self->m);
}

/* The vector that @gsi sends; 0 when it has no route, -1 when another came. */
static int sends(int vm, int cpu, uint32_t gsi, uint8_t want)
{
	int ret;

	lapic_clear_irr(cpu);
	if (irq_line_status(vm, gsi, 1) < 0)
		return lapic_count_irr(cpu) ? -1 : 0;
	ret = lapic_irr(cpu, want) && lapic_count_irr(cpu) == 1 ? want : -1;
	lapic_clear_irr(cpu);
	return ret;
}

#define EXPECT_SENDS(vector, gsi)					\
	do {								\
		int want_vector = (vector);				\
									\
		EXPECT_EQ(want_vector, sends(self->vm, self->cpu, gsi,	\
					     want_vector));		\
	} while (0)
#define EXPECT_UNCHANGED()						\
	do {								\
		EXPECT_SENDS(VECTOR, GSI);				\
		EXPECT_SENDS(OTHER_VECTOR, OTHER_GSI);			\
	} while (0)

TEST_F(update, only_the_named_gsi_changes)
{
	kev_route_msi(self->r, GSI, 0, 0x70);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	EXPECT_SENDS(0x70, GSI);
	EXPECT_SENDS(OTHER_VECTOR, OTHER_GSI);
}

TEST_F(update, gsi_without_a_route_gets_one)
{
	kev_route_msi(self->r, 4095, 0, 0x70);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	EXPECT_SENDS(0x70, 4095);
	EXPECT_UNCHANGED();
}

TEST_F(update, entry_of_type_0_removes)
{
	kev_route_add(self->r, GSI, KVM_EVENTFD_ROUTING_NONE);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	EXPECT_SENDS(0, GSI);
	EXPECT_SENDS(OTHER_VECTOR, OTHER_GSI);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	EXPECT_SENDS(0, GSI);
}

TEST_F(update, entries_need_no_order)
{
	kev_route_msi(self->r, 4000, 0, 0x70);
	kev_route_add(self->r, OTHER_GSI, KVM_EVENTFD_ROUTING_NONE);
	kev_route_msi(self->r, 3, 0, 0x71);
	kev_route_msi(self->r, GSI, 0, 0x72);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	EXPECT_SENDS(0x70, 4000);
	EXPECT_SENDS(0, OTHER_GSI);
	EXPECT_SENDS(0x71, 3);
	EXPECT_SENDS(0x72, GSI);
}

TEST_F(update, no_entries_change_nothing)
{
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	EXPECT_UNCHANGED();
}

TEST_F(update, whole_table_replaces_what_it_removes)
{
	unsigned int i;

	for (i = 0; i < 4096; i++)
		kev_route_msi(self->r, 4095 - i, 0, 0x70);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	EXPECT_SENDS(0x70, 0);
	EXPECT_SENDS(0x70, GSI);
	EXPECT_SENDS(0x70, 4095);
	set_msi_route(self->vm, GSI, 0, VECTOR);
	EXPECT_SENDS(0, 4095);
	EXPECT_SENDS(VECTOR, GSI);
}

TEST_F(update, irqfds_follow)
{
	int efd = kev_eventfd(0);
	int late = kev_eventfd(0);

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	irqfd_assign(self->vm, efd, GSI);
	irqfd_assign(self->vm, late, 100);

	kev_route_msi(self->r, GSI, 0, 0x70);
	kev_route_msi(self->r, 100, 0, 0x71);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	kev_signal(efd);
	EXPECT_TRUE(lapic_take(self->cpu, 0x70));
	kev_signal(late);
	EXPECT_TRUE(lapic_take(self->cpu, 0x71));

	self->r->hdr.nr = 0;
	kev_route_add(self->r, GSI, KVM_EVENTFD_ROUTING_NONE);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	kev_signal(efd);
	kev_signal(late);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, 0x71));
	EXPECT_EQ(1, lapic_count_irr(self->cpu));
	close(efd);
	close(late);
}

/* What is refused. */

TEST_F(update, unreadable_header_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_EVENTFD_UPDATE_ROUTES,
					 KEV_BAD_PTR(struct kvm_eventfd_routes)));
}

TEST_F(update, any_header_flag_is_EINVAL)
{
	unsigned int bit;

	kev_route_msi(self->r, GSI, 0, 0x70);
	for (bit = 0; bit < 32; bit++) {
		self->r->hdr.flags = 1u << bit;
		EXPECT_ERRNO(EINVAL, __update(self->vm, self->r));
	}
	EXPECT_UNCHANGED();
}

TEST_F(update, too_many_is_found_before_unreadable_entries)
{
	struct kvm_eventfd_routes *hdr = kev_alloc_at_page_end(sizeof(*hdr));

	hdr->nr = 4097;
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->vm, KVM_EVENTFD_UPDATE_ROUTES,
					 hdr));
	hdr->nr = ~0u;
	EXPECT_ERRNO(EINVAL, __kev_ioctl(self->vm, KVM_EVENTFD_UPDATE_ROUTES,
					 hdr));
	hdr->nr = 4096;
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_EVENTFD_UPDATE_ROUTES,
					 hdr));
	kev_free_page(hdr);
}

TEST_F(update, unreadable_second_entry_changes_nothing)
{
	struct kev_routes *r;
	size_t len = sizeof(r->hdr) + sizeof(r->entries[0]);

	r = kev_alloc_at_page_end(len);
	r->hdr.nr = 0;
	kev_route_msi(r, GSI, 0, 0x70);
	r->hdr.nr = 2;
	EXPECT_ERRNO(EFAULT, __update(self->vm, r));
	EXPECT_UNCHANGED();
	kev_free_page(r);
}

#define MSI(_gsi, ...)							\
	{ .gsi = (_gsi), .type = KVM_IRQ_ROUTING_MSI, ##__VA_ARGS__ }
#define PIN(_gsi, _chip, _pin, ...)					\
	{ .gsi = (_gsi), .type = KVM_IRQ_ROUTING_IRQCHIP,		\
	  .u.irqchip = { .irqchip = (_chip), .pin = (_pin) }, ##__VA_ARGS__ }
#define NONE(_gsi, ...)							\
	{ .gsi = (_gsi), ##__VA_ARGS__ }

/* Each behind two good entries, of a lower and of a higher GSI. */
static const struct {
	const char *what;
	struct kvm_irq_routing_entry e[2];
	unsigned int nr;
} bad[] = {
	{ "gsi 4096", { MSI(4096) }, 1 },
	{ "largest gsi", { MSI(~0u) }, 1 },
	{ "removal of gsi 4096", { NONE(4096) }, 1 },
	{ "removal with a flag", { NONE(50, .flags = 1) }, 1 },
	{ "unknown type", { { .gsi = 50, .type = 6 } }, 1 },
	{ "largest type", { { .gsi = 50, .type = ~0u } }, 1 },
	{ "MSI with unknown flag", { MSI(50, .flags = 2) }, 1 },
	{ "chip 3", { PIN(50, 3, 0) }, 1 },
	{ "IOAPIC pin 24", { PIN(50, KVM_IRQCHIP_IOAPIC, 24) }, 1 },
	{ "two MSIs", { MSI(50), MSI(50) }, 2 },
	{ "MSI and pin", { MSI(50), PIN(50, KVM_IRQCHIP_IOAPIC, 0) }, 2 },
	{ "MSI and removal", { MSI(50), NONE(50) }, 2 },
	{ "removal and MSI", { NONE(50), MSI(50) }, 2 },
	{ "two removals", { NONE(50), NONE(50) }, 2 },
	{ "two pins of a chip", { PIN(50, KVM_IRQCHIP_IOAPIC, 0),
				  PIN(50, KVM_IRQCHIP_IOAPIC, 1) }, 2 },
};

TEST_F(update, bad_entry_behind_good_ones_changes_nothing)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->r->hdr.nr = 0;
		kev_route_msi(self->r, GSI, 0, 0x70);
		kev_route_add(self->r, OTHER_GSI, KVM_EVENTFD_ROUTING_NONE);
		kev_route_msi(self->r, 4095, 0, 0x71);
		memcpy(&self->r->entries[3], bad[i].e, sizeof(bad[i].e));
		self->r->hdr.nr += bad[i].nr;
		EXPECT_EQ(EINVAL, KEV_ERRNO(__update(self->vm, self->r)))
			TH_LOG("%s", bad[i].what);
		EXPECT_SENDS(0, 4095);
		EXPECT_SENDS(0, 50);
		EXPECT_UNCHANGED();
	}
}

/* Entries of which all but those of the first page are held back */

struct held_update {
	struct kev_held_page page;
	struct kvm_eventfd_routes *arg;
	int vm;
};

static int do_update(void *arg)
{
	const struct held_update *held = arg;

	return __kev_ioctl(held->vm, KVM_EVENTFD_UPDATE_ROUTES, held->arg) ?
	       errno : 0;
}

/* False where no page can be held back. */
static bool held_update(struct held_update *held, int vm)
{
	const long page = sysconf(_SC_PAGESIZE);
	struct kvm_irq_routing_entry *e;
	char *mem;
	unsigned int i;

	mem = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kev_assert(mem != MAP_FAILED, "mmap");
	kev_assert(!mprotect(mem + 2 * page, page, PROT_NONE), "mprotect");
	held->vm = vm;
	held->arg = (void *)mem;
	held->arg->nr = 1 + page / sizeof(*e);
	e = (void *)(held->arg + 1);
	for (i = 0; (char *)&e[i + 1] <= mem + page; i++) {
		e[i].gsi = i;
		e[i].type = KVM_EVENTFD_ROUTING_NONE;
	}
	return kev_hold_page(&held->page, mem + page);
}

TEST_F(update, killed_while_it_reads_changes_nothing)
{
	struct held_update held;
	pid_t pid;
	int status;

	if (!held_update(&held, self->vm))
		SKIP(return, "no userfaultfd");
	pid = kev_sibling(do_update, &held);
	kev_held_page_wait(&held.page);

	/* Nobody else is held up meanwhile. */
	kev_route_msi(self->r, 4095, 0, 0x70);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	EXPECT_SENDS(0x70, 4095);
	set_msi_route(self->vm, GSI, 0, VECTOR);
	EXPECT_SENDS(0, 4095);

	kill(pid, SIGKILL);
	status = kev_sibling_join(pid);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_SENDS(VECTOR, GSI);
	close(held.page.uffd);
}

TEST_F(update, entries_may_take_their_time)
{
	const long page = sysconf(_SC_PAGESIZE);
	struct held_update held;
	char *zeros = calloc(1, page);
	pid_t pid;
	int status;

	if (!held_update(&held, self->vm))
		SKIP(return, "no userfaultfd");
	pid = kev_sibling(do_update, &held);
	kev_held_page_wait(&held.page);
	EXPECT_UNCHANGED();
	/* More entries that remove GSI 0: there is one already. */
	kev_held_page_fill(&held.page, zeros);
	status = kev_sibling_join(pid);
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(EINVAL, WEXITSTATUS(status));
	EXPECT_UNCHANGED();

	/* What cannot be read is found first. */
	held.arg->nr = 1 + 2 * page / sizeof(struct kvm_irq_routing_entry);
	EXPECT_EQ(EFAULT, do_update(&held));
	EXPECT_UNCHANGED();
	close(held.page.uffd);
	free(zeros);
}

TEST_F(update, pins_of_a_split_chip_are_EINVAL)
{
	if (variant->chip != KEV_CHIP_SPLIT)
		SKIP(return, "has the pins");
	kev_route_pin(self->r, GSI, KVM_IRQCHIP_IOAPIC, 5);
	EXPECT_ERRNO(EINVAL, __update(self->vm, self->r));
	EXPECT_UNCHANGED();
}

TEST(without_a_chip_it_is_EINVAL)
{
	struct kev_routes *r;
	int vm;

	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_UPDATE_ROUTES);
	KEV_REQUIRE_PC();
	r = kev_routes_new();
	vm = kev_create_vm();
	EXPECT_ERRNO(EINVAL, __update(vm, r));
	kev_route_msi(r, GSI, 0, VECTOR);
	EXPECT_ERRNO(EINVAL, __update(vm, r));
	close(vm);
	free(r);
}

/* Pins: GSI 5 is wired to pin 5 of the PIC and of the IOAPIC by default. */

FIXTURE(pins) {
	struct kev_machine m;
	int vm;
	struct kev_routes *r;
};

FIXTURE_SETUP(pins)
{
	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_UPDATE_ROUTES);
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	kev_machine_create(&self->m, KEV_CHIP_FULL, 1);
	self->vm = self->m.vm;
	self->r = kev_routes_new();
}

FIXTURE_TEARDOWN(pins)
{
	free(self->r);
	kev_machine_destroy(&self->m);
}

/* Which inputs are requested.  All of the IOAPIC's are masked after reset. */
static uint32_t requested(int vm, uint32_t chip)
{
	struct kvm_irqchip c = { .chip_id = chip };

	kev_ioctl(vm, KVM_GET_IRQCHIP, &c);
	return chip == KVM_IRQCHIP_IOAPIC ? c.chip.ioapic.irr : c.chip.pic.irr;
}

#define PIC_IRR		requested(self->vm, KVM_IRQCHIP_PIC_MASTER)
#define IOAPIC_IRR	requested(self->vm, KVM_IRQCHIP_IOAPIC)

TEST_F(pins, all_entries_of_a_gsi_are_replaced)
{
	kev_route_pin(self->r, 5, KVM_IRQCHIP_IOAPIC, 6);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	irq_line(self->vm, 5, 1);
	EXPECT_EQ(0, PIC_IRR);
	EXPECT_EQ(1u << 6, IOAPIC_IRR);
	irq_line(self->vm, 4, 1);
	EXPECT_EQ(1u << 4, PIC_IRR);
	EXPECT_EQ(1u << 6 | 1u << 4, IOAPIC_IRR);
}

TEST_F(pins, gsi_fans_out_to_each_chip_that_is_named)
{
	kev_route_pin(self->r, GSI, KVM_IRQCHIP_IOAPIC, 9);
	kev_route_msi(self->r, OTHER_GSI, 0, VECTOR);
	kev_route_pin(self->r, GSI, KVM_IRQCHIP_PIC_MASTER, 3);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	irq_line(self->vm, GSI, 1);
	EXPECT_EQ(1u << 3, PIC_IRR);
	EXPECT_EQ(1u << 9, IOAPIC_IRR);
}

TEST_F(pins, pin_becomes_message_and_back)
{
	kev_route_msi(self->r, 5, 0, VECTOR);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	irq_line(self->vm, 5, 1);
	EXPECT_TRUE(lapic_take(self->m.vcpu[0], VECTOR));
	EXPECT_EQ(0, PIC_IRR | IOAPIC_IRR);

	self->r->hdr.nr = 0;
	kev_route_pin(self->r, 5, KVM_IRQCHIP_PIC_MASTER, 5);
	kev_route_pin(self->r, 5, KVM_IRQCHIP_IOAPIC, 5);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	irq_line(self->vm, 5, 1);
	EXPECT_EQ(1u << 5, PIC_IRR);
	EXPECT_EQ(1u << 5, IOAPIC_IRR);
}

TEST_F(pins, removed_gsi_reaches_no_pin)
{
	kev_route_add(self->r, 5, KVM_EVENTFD_ROUTING_NONE);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	EXPECT_EQ(-1, irq_line_status(self->vm, 5, 1));
	EXPECT_EQ(0, PIC_IRR | IOAPIC_IRR);
}

/* The EOI of a pin is told to the GSI that is wired to it last. */
TEST_F(pins, resamplefd_hears_of_the_pin_its_gsi_moved_to)
{
	int resample = kev_eventfd(0);
	int efd = kev_eventfd(0);
	int cpu = self->m.vcpu[0];

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_VCPU_IO();
	irqfd_assign_resample(self->vm, efd, GSI, resample);
	kev_route_pin(self->r, GSI, KVM_IRQCHIP_IOAPIC, 9);
	EXPECT_ERRNO(0, __update(self->vm, self->r));
	ioapic_set_rte(self->vm, 9, VECTOR | KEV_RTE_LEVEL);
	kev_signal(efd);
	ASSERT_TRUE(lapic_wait_irr(cpu, VECTOR));
	EXPECT_EQ(VECTOR, ack_interrupt(cpu).vector);
	EXPECT_EQ(0, kev_count(resample));
	lapic_eoi(cpu);
	EXPECT_EQ(1, kev_count(resample));
	EXPECT_EQ(0, IOAPIC_IRR);
	close(resample);
	close(efd);
}

TEST_HARNESS_MAIN
