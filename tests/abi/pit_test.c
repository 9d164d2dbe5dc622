// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_CREATE_PIT, KVM_CREATE_PIT2, KVM_GET_PIT, KVM_SET_PIT, KVM_GET_PIT2,
 * KVM_SET_PIT2, KVM_REINJECT_CONTROL, and the PIT's ports.
 *
 * What user space can program is compared with the real KVM as well.  Ports and
 * acks are the guest's, and need the module's vCPU fd.
 */
#include <poll.h>
#include <sched.h>

#include "kev_harness.h"

#define PORT(n)			(KVM_EVENTFD_OFF_PIO + 0x40 + (n))
#define CONTROL			PORT(3)
#define SPEAKER			(KVM_EVENTFD_OFF_PIO + 0x61)

#define VECTOR			0x30
#define MODE_NONE		0xff
#define ONE_MS			1193	/* in clocks of the PIT */
#define LONG			0xffffff	/* 14 s */

/* How long to look for a tick that must not come: many of its periods. */
#define NONE_MS			30

static int create_pit2(int vm, uint32_t flags)
{
	struct kvm_pit_config config = { .flags = flags };

	return __kev_ioctl(vm, KVM_CREATE_PIT2, &config);
}

static struct kvm_pit_state2 get_pit2(int vm)
{
	struct kvm_pit_state2 state;

	memset(&state, 0x5a, sizeof(state));
	kev_ioctl(vm, KVM_GET_PIT2, &state);
	return state;
}

static void set_pit2(int vm, const struct kvm_pit_state2 *state)
{
	kev_ioctl(vm, KVM_SET_PIT2, state);
}

/* Both have no size in their numbers. */
static int reinject(int vm, const void *control)
{
	return ioctl(vm, KVM_REINJECT_CONTROL, control);
}

static int set_reinject(int vm, uint8_t on)
{
	struct kvm_reinject_control control = { .pit_reinject = on };

	return reinject(vm, &control);
}

/* Have channel 0 expire after, or every, @count clocks. */
static void start(int vm, uint8_t mode, uint32_t count)
{
	struct kvm_pit_state2 state = get_pit2(vm);

	state.channels[0].mode = mode;
	state.channels[0].count = count;
	set_pit2(vm, &state);
}

/* Nothing arrives while a timer of 1 ms would have ticked often. */
static bool stays_quiet(int cpu)
{
	uint64_t end = kev_now_ms() + NONE_MS;

	while (kev_now_ms() < end) {
		if (lapic_irr(cpu, VECTOR))
			return false;
		sched_yield();
	}
	return true;
}

/*
 * A tick that waits comes within the chip's longest rest, which is 40 ms of a slow
 * host; this looks for ten of them.
 */
static bool tick_comes(int cpu)
{
	struct pollfd pollfd = { .fd = cpu, .events = POLLIN };

	return poll(&pollfd, 1, 400) == 1;
}

/* Ticks of a timer of 1 ms pass that the guest does not ack. */
static void miss_ticks(void)
{
	uint64_t end = kev_now_ms() + NONE_MS;

	while (kev_now_ms() < end)
		sched_yield();
}

/* Creation */

FIXTURE(create) {
	int vm;
};

FIXTURE_SETUP(create)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	self->vm = kev_create_vm();
}

FIXTURE_TEARDOWN(create)
{
	close(self->vm);
}

TEST_F(create, capabilities_are_1)
{
	EXPECT_EQ(1, kev_check_extension(KVM_CAP_PIT));
	EXPECT_EQ(1, kev_check_extension(KVM_CAP_PIT2));
	EXPECT_EQ(1, kev_check_extension(KVM_CAP_PIT_STATE2));
	EXPECT_EQ(1, kev_check_extension(KVM_CAP_REINJECT_CONTROL));
}

TEST_F(create, without_chips_is_ENOENT)
{
	EXPECT_ERRNO(ENOENT, create_pit2(self->vm, 0));
	EXPECT_ERRNO(ENOENT, __kev_ioctl_val(self->vm, KVM_CREATE_PIT, 0));
}

TEST_F(create, with_a_split_chip_is_ENOENT)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	enable_cap(self->vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	EXPECT_ERRNO(ENOENT, create_pit2(self->vm, 0));
}

TEST_F(create, twice_is_EEXIST)
{
	create_irqchip(self->vm);
	EXPECT_ERRNO(0, create_pit2(self->vm, 0));
	EXPECT_ERRNO(EEXIST, create_pit2(self->vm, 0));
	EXPECT_ERRNO(EEXIST, __kev_ioctl_val(self->vm, KVM_CREATE_PIT, 0));
}

TEST_F(create, with_unreadable_argument_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_CREATE_PIT2,
					 KEV_BAD_PTR(struct kvm_pit_config)));
}

TEST_F(create, ignores_unknown_flags)
{
	create_irqchip(self->vm);
	EXPECT_ERRNO(0, create_pit2(self->vm, ~0u));
	EXPECT_EQ(0, get_pit2(self->vm).flags);
}

TEST_F(create, after_vcpus_is_accepted)
{
	create_irqchip(self->vm);
	close(create_vcpu(self->vm, 0));
	EXPECT_ERRNO(0, create_pit2(self->vm, 0));
}

TEST_F(create, on_ports_of_an_ioeventfd_is_accepted)
{
	int fd = kev_eventfd(0);

	create_irqchip(self->vm);
	ioeventfd_assign(self->vm, fd, 0x40, 1, KVM_IOEVENTFD_FLAG_PIO, 0);
	EXPECT_ERRNO(0, create_pit2(self->vm, KVM_PIT_SPEAKER_DUMMY));
	close(fd);
}

FIXTURE(absent) {
	int vm;
};

FIXTURE_SETUP(absent)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	self->vm = kev_create_vm();
	create_irqchip(self->vm);
}

FIXTURE_TEARDOWN(absent)
{
	close(self->vm);
}

TEST_F(absent, states_are_ENXIO)
{
	struct kvm_pit_state2 state2 = {};
	struct kvm_pit_state state = {};

	EXPECT_ERRNO(ENXIO, __kev_ioctl(self->vm, KVM_GET_PIT, &state));
	EXPECT_ERRNO(ENXIO, __kev_ioctl(self->vm, KVM_SET_PIT, &state));
	EXPECT_ERRNO(ENXIO, __kev_ioctl(self->vm, KVM_GET_PIT2, &state2));
	EXPECT_ERRNO(ENXIO, __kev_ioctl(self->vm, KVM_SET_PIT2, &state2));
	EXPECT_ERRNO(ENXIO, set_reinject(self->vm, 1));
}

TEST_F(absent, unreadable_arguments_are_found_first)
{
	struct kvm_pit_state *state = KEV_BAD_PTR(struct kvm_pit_state);
	struct kvm_pit_state2 *state2 = KEV_BAD_PTR(struct kvm_pit_state2);

	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_GET_PIT, state));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_PIT, state));
	EXPECT_ERRNO(ENXIO, __kev_ioctl(self->vm, KVM_GET_PIT2, state2));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_PIT2, state2));
	EXPECT_ERRNO(EFAULT, reinject(self->vm, kev_bad_ptr()));
}

/* State and ticks */

FIXTURE(pit) {
	struct kev_machine m;
	int vm;
	int cpu;
};

FIXTURE_SETUP(pit)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	kev_machine_create(&self->m, KEV_CHIP_FULL, 2);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	kev_assert(!create_pit2(self->vm, KVM_PIT_SPEAKER_DUMMY), "CREATE_PIT2");
	ioapic_set_rte(self->vm, 0, VECTOR);
}

FIXTURE_TEARDOWN(pit)
{
	if (self->m.vm > 0)
		kev_machine_destroy(&self->m);
}

TEST_F(pit, bad_pointers_are_EFAULT)
{
	struct kvm_pit_state2 *state2 = KEV_BAD_PTR(struct kvm_pit_state2);
	struct kvm_pit_state *state = KEV_BAD_PTR(struct kvm_pit_state);

	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_GET_PIT, state));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_PIT, state));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_GET_PIT2, state2));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_SET_PIT2, state2));
	EXPECT_ERRNO(EFAULT, reinject(self->vm, kev_bad_ptr()));
}

TEST_F(pit, new_one_counts_nothing)
{
	struct kvm_pit_state2 state = get_pit2(self->vm);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0x10000, state.channels[i].count);
		EXPECT_EQ(MODE_NONE, state.channels[i].mode);
		EXPECT_EQ(i != 2, state.channels[i].gate);
		EXPECT_EQ(0, state.channels[i].rw_mode);
		EXPECT_EQ(0, state.channels[i].read_state);
		EXPECT_EQ(0, state.channels[i].count_latched);
	}
	EXPECT_EQ(0, state.channels[0].count_load_time);
	EXPECT_LT(0, state.channels[1].count_load_time);
	EXPECT_EQ(0, state.flags);
	for (i = 0; i < ARRAY_SIZE(state.reserved); i++)
		EXPECT_EQ(0, state.reserved[i]);
}

TEST_F(pit, state_of_any_value_is_kept)
{
	struct kvm_pit_state2 state, seen;
	unsigned int i;

	memset(&state, 0xa5, sizeof(state));
	set_pit2(self->vm, &state);
	seen = get_pit2(self->vm);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0xa5a5a5a5, seen.channels[i].count);
		EXPECT_EQ(0xa5a5, seen.channels[i].latched_count);
		EXPECT_EQ(0xa5, seen.channels[i].count_latched);
		EXPECT_EQ(0xa5, seen.channels[i].status_latched);
		EXPECT_EQ(0xa5, seen.channels[i].status);
		EXPECT_EQ(0xa5, seen.channels[i].read_state);
		EXPECT_EQ(0xa5, seen.channels[i].write_state);
		EXPECT_EQ(0xa5, seen.channels[i].write_latch);
		EXPECT_EQ(0xa5, seen.channels[i].rw_mode);
		EXPECT_EQ(0xa5, seen.channels[i].mode);
		EXPECT_EQ(0xa5, seen.channels[i].bcd);
		EXPECT_EQ(0xa5, seen.channels[i].gate);
		EXPECT_EQ(i == 0, seen.channels[i].count_load_time ==
				  state.channels[i].count_load_time);
	}
	EXPECT_EQ(0xa5a5a5a5, seen.flags);
	EXPECT_EQ(0, seen.reserved[0]);
}

TEST_F(pit, count_of_0_is_65536)
{
	struct kvm_pit_state2 state = get_pit2(self->vm);

	state.channels[0].count = 0;
	state.channels[2].count = 0;
	set_pit2(self->vm, &state);
	state = get_pit2(self->vm);
	EXPECT_EQ(0x10000, state.channels[0].count);
	EXPECT_EQ(0x10000, state.channels[2].count);
}

TEST_F(pit, old_state_has_no_flags)
{
	struct kvm_pit_state2 state2 = get_pit2(self->vm);
	struct kvm_pit_state state;

	state2.flags = KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	set_pit2(self->vm, &state2);
	kev_ioctl(self->vm, KVM_GET_PIT, &state);
	EXPECT_EQ(MODE_NONE, state.channels[1].mode);
	state.channels[1].mode = 2;
	kev_ioctl(self->vm, KVM_SET_PIT, &state);
	state2 = get_pit2(self->vm);
	EXPECT_EQ(KVM_PIT_FLAGS_SPEAKER_DATA_ON, state2.flags);
	EXPECT_EQ(2, state2.channels[1].mode);
}

TEST_F(pit, modes_0_1_and_4_tick_once)
{
	static const uint8_t modes[] = { 0, 1, 4 };
	unsigned int i;

	set_reinject(self->vm, 0);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		start(self->vm, modes[i], ONE_MS);
		EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
		EXPECT_TRUE(stays_quiet(self->cpu));
	}
}

TEST_F(pit, modes_2_and_3_go_on)
{
	unsigned int i;
	uint8_t mode;

	set_reinject(self->vm, 0);
	for (mode = 2; mode < 4; mode++) {
		start(self->vm, mode, ONE_MS);
		for (i = 0; i < 5; i++)
			EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	}
}

TEST_F(pit, other_modes_do_not_tick)
{
	static const uint8_t modes[] = { 5, 6, 7, 0x80, MODE_NONE };
	unsigned int i;

	set_reinject(self->vm, 0);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		start(self->vm, 2, ONE_MS);
		start(self->vm, modes[i], ONE_MS);
		lapic_clear_irr(self->cpu);
		EXPECT_TRUE(stays_quiet(self->cpu));
	}
}

TEST_F(pit, waits_for_an_ack_when_it_reinjects)
{
	start(self->vm, 2, ONE_MS);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	EXPECT_TRUE(stays_quiet(self->cpu));
}

TEST_F(pit, waits_for_no_ack_when_it_does_not_reinject)
{
	start(self->vm, 2, ONE_MS);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	EXPECT_TRUE(stays_quiet(self->cpu));
	EXPECT_ERRNO(0, set_reinject(self->vm, 0));
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
}

TEST_F(pit, reinjection_starts_without_an_ack)
{
	EXPECT_ERRNO(0, set_reinject(self->vm, 0));
	start(self->vm, 2, ONE_MS);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	EXPECT_ERRNO(0, set_reinject(self->vm, 0x80));
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	lapic_clear_irr(self->cpu);
}

TEST_F(pit, starting_it_is_an_ack)
{
	start(self->vm, 2, ONE_MS);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	start(self->vm, 2, ONE_MS);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
}

TEST_F(pit, reinjection_can_be_set_again)
{
	EXPECT_ERRNO(0, set_reinject(self->vm, 1));
	EXPECT_ERRNO(0, set_reinject(self->vm, 0));
	EXPECT_ERRNO(0, set_reinject(self->vm, 0));
	EXPECT_ERRNO(0, set_reinject(self->vm, 1));
}

TEST_F(pit, legacy_hpet_has_the_interrupt)
{
	struct kvm_pit_state2 state;

	set_reinject(self->vm, 0);
	start(self->vm, 2, ONE_MS);
	state = get_pit2(self->vm);
	state.flags = KVM_PIT_FLAGS_HPET_LEGACY;
	set_pit2(self->vm, &state);
	EXPECT_EQ(2, get_pit2(self->vm).channels[0].mode);
	lapic_clear_irr(self->cpu);
	EXPECT_TRUE(stays_quiet(self->cpu));
	start(self->vm, 2, ONE_MS);
	EXPECT_TRUE(stays_quiet(self->cpu));
	state.flags = 0;
	set_pit2(self->vm, &state);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
}

TEST_F(pit, ticks_go_where_gsi_0_is_routed)
{
	set_reinject(self->vm, 0);
	set_msi_route(self->vm, 0, 1, 0x55);
	start(self->vm, 2, ONE_MS);
	EXPECT_TRUE(lapic_take(self->m.vcpu[1], 0x55));
	EXPECT_FALSE(lapic_irr(self->cpu, VECTOR));
}

TEST_F(pit, does_not_lower_the_line_of_another_source)
{
	/* Masked, so that only the request can be seen. */
	ioapic_set_rte(self->vm, 0, KEV_RTE_MASKED | VECTOR);
	irq_line(self->vm, 0, 1);
	set_reinject(self->vm, 0);
	start(self->vm, 0, ONE_MS);
	ioapic_set_rte(self->vm, 1, KEV_RTE_MASKED);
	ioapic_set_rte(self->vm, 0, KEV_RTE_LEVEL | VECTOR);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR));
}

TEST_F(pit, pulses_lint0_that_is_an_nmi)
{
	struct kvm_lapic_state s;

	ioapic_set_rte(self->vm, 0, KEV_RTE_MASKED);
	set_reinject(self->vm, 0);
	/* With one LAPIC that has it as an NMI, the others see it too. */
	get_lapic(self->m.vcpu[1], &s);
	lapic_set_reg(&s, KEV_APIC_LVT0, 0x400);
	set_lapic(self->m.vcpu[1], &s);
	get_lapic(self->cpu, &s);
	lapic_set_reg(&s, KEV_APIC_LVT0, VECTOR);
	set_lapic(self->cpu, &s);
	start(self->vm, 0, ONE_MS);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));

	get_lapic(self->m.vcpu[1], &s);
	lapic_set_reg(&s, KEV_APIC_LVT0, 0x10400);
	set_lapic(self->m.vcpu[1], &s);
	start(self->vm, 2, ONE_MS);
	EXPECT_TRUE(stays_quiet(self->cpu));
}

TEST_F(pit, close_while_it_runs)
{
	set_reinject(self->vm, 0);
	start(self->vm, 2, 1);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR));
	kev_machine_destroy(&self->m);
	self->m.vm = -1;
}

/* The guest's side */

FIXTURE(ports) {
	struct kev_machine m;
	int vm;
	int cpu;
};

FIXTURE_SETUP(ports)
{
	KEV_REQUIRE_VCPU_IO();
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	kev_machine_create(&self->m, KEV_CHIP_FULL, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	kev_assert(!create_pit2(self->vm, KVM_PIT_SPEAKER_DUMMY), "CREATE_PIT2");
	/* The PIC's pin 0 is GSI 0 too. */
	lapic_write_reg(self->cpu, KEV_APIC_LVT0, KEV_RTE_MASKED);
	ioapic_set_rte(self->vm, 0, VECTOR);
}

FIXTURE_TEARDOWN(ports)
{
	if (self->m.vm > 0)
		kev_machine_destroy(&self->m);
}

TEST_F(ports, one_byte_counts)
{
	struct kvm_pit_state2 state;

	vcpu_write(self->cpu, CONTROL, 0x50, 1);	/* 1: low, mode 0 */
	vcpu_write(self->cpu, PORT(1), 0x12, 1);
	EXPECT_EQ(0x12, get_pit2(self->vm).channels[1].count);
	vcpu_write(self->cpu, CONTROL, 0x60, 1);	/* 1: high, mode 0 */
	vcpu_write(self->cpu, PORT(1), 0x12, 1);
	state = get_pit2(self->vm);
	EXPECT_EQ(0x1200, state.channels[1].count);
	EXPECT_EQ(2, state.channels[1].rw_mode);
	EXPECT_EQ(0, state.channels[1].mode);
}

TEST_F(ports, two_byte_counts)
{
	vcpu_write(self->cpu, CONTROL, 0x74, 1);	/* 1: both, mode 2 */
	vcpu_write(self->cpu, PORT(1), 0x34, 1);
	EXPECT_EQ(0x10000, get_pit2(self->vm).channels[1].count);
	vcpu_write(self->cpu, PORT(1), 0x12, 1);
	EXPECT_EQ(0x1234, get_pit2(self->vm).channels[1].count);
	vcpu_write(self->cpu, PORT(1), 0, 1);
	vcpu_write(self->cpu, PORT(1), 0, 1);
	EXPECT_EQ(0x10000, get_pit2(self->vm).channels[1].count);
}

TEST_F(ports, modes_6_and_7_are_2_and_3)
{
	vcpu_write(self->cpu, CONTROL, 0x7c, 1);
	EXPECT_EQ(2, get_pit2(self->vm).channels[1].mode);
	vcpu_write(self->cpu, CONTROL, 0x7f, 1);
	EXPECT_EQ(3, get_pit2(self->vm).channels[1].mode);
	EXPECT_EQ(1, get_pit2(self->vm).channels[1].bcd);
}

TEST_F(ports, latched_count_stays)
{
	struct kvm_pit_state2 state = get_pit2(self->vm);
	uint64_t low, high;

	state.channels[1].mode = 0;
	state.channels[1].rw_mode = 3;
	state.channels[1].read_state = 3;
	set_pit2(self->vm, &state);
	vcpu_write(self->cpu, CONTROL, 0x40, 1);
	state = get_pit2(self->vm);
	EXPECT_EQ(3, state.channels[1].count_latched);
	vcpu_write(self->cpu, CONTROL, 0x40, 1);	/* no effect */
	low = vcpu_read(self->cpu, PORT(1), 1);
	EXPECT_EQ(2, get_pit2(self->vm).channels[1].count_latched);
	high = vcpu_read(self->cpu, PORT(1), 1);
	EXPECT_EQ(0, get_pit2(self->vm).channels[1].count_latched);
	EXPECT_EQ(state.channels[1].latched_count, low | high << 8);
}

TEST_F(ports, latched_status_comes_first)
{
	struct kvm_pit_state2 state = get_pit2(self->vm);

	vcpu_write(self->cpu, CONTROL, 0x76, 1);	/* 1: both, mode 3 */
	state = get_pit2(self->vm);
	state.channels[1].count = LONG;
	set_pit2(self->vm, &state);
	vcpu_write(self->cpu, CONTROL, 0xc4, 1);	/* count and status */
	state = get_pit2(self->vm);
	EXPECT_EQ(1, state.channels[1].status_latched);
	EXPECT_EQ(0xb6, state.channels[1].status);
	EXPECT_EQ(0xb6, vcpu_read(self->cpu, PORT(1), 1));
	EXPECT_EQ(state.channels[1].latched_count & 0xff,
		  vcpu_read(self->cpu, PORT(1), 1));
}

TEST_F(ports, read_back_names_channels_and_what_to_keep)
{
	struct kvm_pit_state2 state;

	vcpu_write(self->cpu, CONTROL, 0x30, 1);
	vcpu_write(self->cpu, CONTROL, 0xb0, 1);
	vcpu_write(self->cpu, CONTROL, 0xda, 1);	/* count of 0 and 2 */
	state = get_pit2(self->vm);
	EXPECT_EQ(3, state.channels[0].count_latched);
	EXPECT_EQ(0, state.channels[1].count_latched);
	EXPECT_EQ(3, state.channels[2].count_latched);
	EXPECT_EQ(0, state.channels[0].status_latched);
	vcpu_write(self->cpu, CONTROL, 0xe2, 1);	/* status of 0 */
	state = get_pit2(self->vm);
	EXPECT_EQ(1, state.channels[0].status_latched);
	EXPECT_EQ(0, state.channels[2].status_latched);
}

TEST_F(ports, unlatched_reads_alternate)
{
	struct kvm_pit_state2 state = get_pit2(self->vm);
	uint64_t a, b;

	/* A count that does not move while this runs, but for its low byte. */
	vcpu_write(self->cpu, CONTROL, 0xb0, 1);
	state = get_pit2(self->vm);
	EXPECT_EQ(3, state.channels[2].read_state);
	a = vcpu_read(self->cpu, PORT(2), 1);
	EXPECT_EQ(4, get_pit2(self->vm).channels[2].read_state);
	b = vcpu_read(self->cpu, PORT(2), 1);
	EXPECT_EQ(3, get_pit2(self->vm).channels[2].read_state);
	EXPECT_GE(0xff, a | b);
}

TEST_F(ports, counts_go_down)
{
	struct kvm_pit_state2 state = get_pit2(self->vm);
	uint64_t seen = 0xff, now;

	/* High bytes of a long one-shot. */
	vcpu_write(self->cpu, CONTROL, 0x60, 1);
	vcpu_write(self->cpu, PORT(1), 0xff, 1);
	do {
		now = vcpu_read(self->cpu, PORT(1), 1);
		EXPECT_LE(now, seen);
		seen = now;
	} while (seen > 0xf0);
	state = get_pit2(self->vm);
	EXPECT_EQ(0xff00, state.channels[1].count);
}

TEST_F(ports, control_port_reads_0)
{
	EXPECT_EQ(0, vcpu_read(self->cpu, CONTROL, 1));
}

TEST_F(ports, longer_accesses_are_of_the_first_byte)
{
	uint64_t val;

	vcpu_write(self->cpu, CONTROL, 0x50, 1);
	vcpu_write(self->cpu, PORT(1), 0xab12, 2);
	EXPECT_EQ(0x12, get_pit2(self->vm).channels[1].count);
	EXPECT_GE(0xff, vcpu_read(self->cpu, PORT(0), 4));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, PORT(3), 0, 2));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(self->cpu, PORT(2), &val, 4));
}

TEST_F(ports, speaker_has_gate_data_and_output)
{
	struct kvm_pit_state2 state = get_pit2(self->vm);

	state.channels[2].mode = 1;
	state.channels[2].count = LONG;
	set_pit2(self->vm, &state);
	vcpu_write(self->cpu, SPEAKER, 0xff, 1);
	EXPECT_EQ(0x23, vcpu_read(self->cpu, SPEAKER, 1) & ~0x10);
	state = get_pit2(self->vm);
	EXPECT_EQ(1, state.channels[2].gate);
	EXPECT_EQ(KVM_PIT_FLAGS_SPEAKER_DATA_ON, state.flags);
	vcpu_write(self->cpu, SPEAKER, 0, 1);
	EXPECT_EQ(0x20, vcpu_read(self->cpu, SPEAKER, 1) & ~0x10);
	EXPECT_EQ(0, get_pit2(self->vm).flags);
}

TEST_F(ports, rising_gate_restarts)
{
	struct kvm_pit_state2 before, after;
	uint8_t mode;

	for (mode = 0; mode < 6; mode++) {
		before = get_pit2(self->vm);
		before.channels[2].mode = mode;
		set_pit2(self->vm, &before);
		vcpu_write(self->cpu, SPEAKER, 0, 1);
		before = get_pit2(self->vm);
		vcpu_write(self->cpu, SPEAKER, 1, 1);
		after = get_pit2(self->vm);
		EXPECT_EQ(mode != 0 && mode != 4,
			  before.channels[2].count_load_time !=
			  after.channels[2].count_load_time);
		vcpu_write(self->cpu, SPEAKER, 1, 1);
		EXPECT_EQ(after.channels[2].count_load_time,
			  get_pit2(self->vm).channels[2].count_load_time);
	}
}

TEST_F(ports, speaker_refresh_toggles)
{
	uint64_t first = vcpu_read(self->cpu, SPEAKER, 1) & 0x10;
	uint64_t end = kev_now_ms() + KEV_TIMEOUT_MS;

	while ((vcpu_read(self->cpu, SPEAKER, 1) & 0x10) == first)
		kev_assert(kev_now_ms() < end, "the refresh clock stands");
}

TEST_F(ports, speaker_is_one_port)
{
	uint64_t val;

	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(self->cpu, SPEAKER + 1, &val, 1));
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, SPEAKER + 3, 0, 1));
	EXPECT_EQ(0, vcpu_read(self->cpu, SPEAKER, 4) & ~0x33ull);
}

TEST_F(ports, without_speaker_flag_there_is_none)
{
	struct kev_machine m;
	uint64_t val;

	kev_machine_create(&m, KEV_CHIP_FULL, 1);
	kev_assert(!create_pit2(m.vm, 0), "CREATE_PIT2");
	EXPECT_ERRNO(EOPNOTSUPP, __vcpu_read(m.vcpu[0], SPEAKER, &val, 1));
	EXPECT_EQ(0, vcpu_read(m.vcpu[0], CONTROL, 1));
	kev_machine_destroy(&m);
}

TEST_F(ports, programmed_by_the_guest_it_ticks)
{
	struct kvm_eventfd_interrupt intr;
	unsigned int i;

	vcpu_write(self->cpu, CONTROL, 0x34, 1);
	vcpu_write(self->cpu, PORT(0), ONE_MS & 0xff, 1);
	vcpu_write(self->cpu, PORT(0), ONE_MS >> 8, 1);
	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(vcpu_wait_pending(self->cpu));
		intr = ack_interrupt(self->cpu);
		EXPECT_EQ(VECTOR, intr.vector);
		lapic_eoi(self->cpu);
	}
}

/* Acks without a tick in between bring those that were missed, at once. */
TEST_F(ports, missed_ticks_are_sent_again)
{
	unsigned int i;

	start(self->vm, 2, ONE_MS);
	ASSERT_TRUE(vcpu_wait_pending(self->cpu));
	miss_ticks();
	/* A period that does not end: what comes now is from before. */
	start(self->vm, MODE_NONE, 0);
	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(vcpu_wait_pending(self->cpu));
		ack_interrupt(self->cpu);
		lapic_eoi(self->cpu);
	}
}

/* One in 200 us, whatever the guest asks for: all that were missed are taken. */
TEST_F(ports, period_has_a_lower_bound)
{
	uint64_t begin = kev_now_ms();
	unsigned int most, n = 0;

	start(self->vm, 2, 1);
	miss_ticks();
	start(self->vm, MODE_NONE, 0);
	most = 5 * (kev_now_ms() - begin + 1) + 2;
	while (n <= most && tick_comes(self->cpu)) {
		ack_interrupt(self->cpu);
		lapic_eoi(self->cpu);
		n++;
	}
	EXPECT_LE(n, most);
}

/* The guest writes an entry, as KVM_SET_IRQCHIP unmasks nothing. */
static void guest_rte_low(int cpu, unsigned int pin, uint32_t val)
{
	vcpu_write(cpu, 0xfec00000, 0x10 + 2 * pin, 4);
	vcpu_write(cpu, 0xfec00010, val, 4);
}

TEST_F(ports, unmasking_forgets_missed_ticks)
{
	start(self->vm, 2, ONE_MS);
	ASSERT_TRUE(vcpu_wait_pending(self->cpu));
	miss_ticks();
	start(self->vm, MODE_NONE, 0);
	guest_rte_low(self->cpu, 0, KEV_RTE_MASKED | VECTOR);
	guest_rte_low(self->cpu, 0, VECTOR);
	ack_interrupt(self->cpu);
	lapic_eoi(self->cpu);
	EXPECT_TRUE(stays_quiet(self->cpu));
}

TEST_F(ports, unmasking_in_the_pic_forgets_missed_ticks)
{
	start(self->vm, 2, ONE_MS);
	ASSERT_TRUE(vcpu_wait_pending(self->cpu));
	miss_ticks();
	start(self->vm, MODE_NONE, 0);
	vcpu_write(self->cpu, KVM_EVENTFD_OFF_PIO + 0x21, 1, 1);
	vcpu_write(self->cpu, KVM_EVENTFD_OFF_PIO + 0x21, 0, 1);
	ack_interrupt(self->cpu);
	lapic_eoi(self->cpu);
	EXPECT_TRUE(stays_quiet(self->cpu));
}

TEST_HARNESS_MAIN
