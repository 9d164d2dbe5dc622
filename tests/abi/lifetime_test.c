// SPDX-License-Identifier: GPL-2.0
/*
 * In which order things end: VM, vCPU, eventfd, and what another reference to
 * an eventfd keeps alive.  Some tests here can only fail by a crash.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "kev_harness.h"

#define GSI	24
#define VECTOR	0x51
#define ADDR	0x1000

/* All orders of closing three things. */

FIXTURE(order) {
	struct kev_machine m;
	int efd;
};

FIXTURE_VARIANT(order) {
	const char *order;
};

#define VARIANT(name)	FIXTURE_VARIANT_ADD(order, name)

VARIANT(vm_vcpu_eventfd) {
	.order = "mce",
};

VARIANT(vm_eventfd_vcpu) {
	.order = "mec",
};

VARIANT(vcpu_vm_eventfd) {
	.order = "cme",
};

VARIANT(vcpu_eventfd_vm) {
	.order = "cem",
};

VARIANT(eventfd_vm_vcpu) {
	.order = "emc",
};

VARIANT(eventfd_vcpu_vm) {
	.order = "ecm",
};

FIXTURE_SETUP(order)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&self->m, KEV_CHIP_SPLIT, 1);
	self->efd = kev_eventfd(0);
	set_msi_route(self->m.vm, GSI, 0, VECTOR);
}

FIXTURE_TEARDOWN(order) {}

static void close_in_order(struct kev_machine *m, int efd, const char *order)
{
	for (; *order; order++) {
		if (*order == 'm')
			close(m->vm);
		else if (*order == 'c')
			close(m->vcpu[0]);
		else
			close(efd);
	}
}

TEST_F(order, irqfd_survives)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	irqfd_assign(self->m.vm, self->efd, GSI);
	kev_signal(self->efd);
	close_in_order(&self->m, self->efd, variant->order);
}

TEST_F(order, ioeventfd_survives)
{
	ioeventfd_assign(self->m.vm, self->efd, ADDR, 4, 0, 0);
	ioeventfd_assign(self->m.vm, self->efd, 2 * ADDR, 0, 0, 0);
	close_in_order(&self->m, self->efd, variant->order);
}

TEST_F(order, both_on_one_eventfd_survive)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	irqfd_assign(self->m.vm, self->efd, GSI);
	ioeventfd_assign(self->m.vm, self->efd, ADDR, 4, 0, 0);
	close_in_order(&self->m, self->efd, variant->order);
}

TEST_F(order, resampler_survives)
{
	struct kev_machine m;
	int resamplefd = kev_eventfd(0);

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	kev_machine_create(&m, KEV_CHIP_FULL, 1);
	irqfd_assign_resample(m.vm, self->efd, 10, resamplefd);
	kev_signal(self->efd);
	close_in_order(&m, self->efd, variant->order);
	close(resamplefd);
	kev_machine_destroy(&self->m);
}

/* The last reference to an eventfd. */

FIXTURE(hup) {
	struct kev_machine m;
	int vm;
	int cpu;
	int efd;
};

FIXTURE_SETUP(hup)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&self->m, KEV_CHIP_SPLIT, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	self->efd = kev_eventfd(0);
	set_msi_route(self->vm, GSI, 0, VECTOR);
}

FIXTURE_TEARDOWN(hup)
{
	kev_machine_destroy(&self->m);
}

/* A figure of the VM's stats file; -1 when there is none of that name. */
static int64_t stat_of(int vm, const char *name)
{
	int fd = kev_ioctl_val(vm, KVM_GET_STATS_FD, 0);
	struct kvm_stats_header hdr;
	struct kvm_stats_desc *desc;
	int64_t val = -1;
	size_t size, i;

	kev_assert(pread(fd, &hdr, sizeof(hdr), 0) == sizeof(hdr), "stats");
	size = sizeof(*desc) + hdr.name_size;
	desc = malloc(size);
	for (i = 0; i < hdr.num_desc && val < 0; i++) {
		kev_assert(pread(fd, desc, size, hdr.desc_offset + i * size) ==
			   (ssize_t)size, "stats descriptor");
		if (!strcmp(desc->name, name))
			kev_assert(pread(fd, &val, sizeof(val),
					 hdr.data_offset + desc->offset) ==
				   sizeof(val), "stats data");
	}
	free(desc);
	close(fd);
	return val;
}

static bool wait_irqfds(int vm, int64_t want)
{
	uint64_t deadline = kev_now_ms() + KEV_TIMEOUT_MS;

	while (stat_of(vm, "irqfds") != want) {
		if (kev_now_ms() > deadline)
			return false;
		sched_yield();
	}
	return true;
}

TEST_F(hup, close_of_the_last_reference_deassigns)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_MODULE("counts no irqfds");
	irqfd_assign(self->vm, self->efd, GSI);
	EXPECT_EQ(1, stat_of(self->vm, "irqfds"));
	close(self->efd);
	EXPECT_TRUE(wait_irqfds(self->vm, 0));
}

TEST_F(hup, close_of_one_copy_does_not_deassign)
{
	int copy = dup(self->efd);

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	irqfd_assign(self->vm, self->efd, GSI);
	close(self->efd);
	kev_signal(copy);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	EXPECT_EQ(0, kev_count(copy));
	close(copy);
}

TEST_F(hup, copy_in_another_process_keeps_it)
{
	int go[2], status;
	pid_t pid;
	char c;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	ASSERT_EQ(0, pipe(go));
	irqfd_assign(self->vm, self->efd, GSI);
	pid = fork();
	if (!pid) {
		/* Signal once the parent has closed its own. */
		close(go[1]);
		if (read(go[0], &c, 1))
			_exit(1);
		kev_signal(self->efd);
		_exit(0);
	}
	close(self->efd);
	close(go[1]);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	close(go[0]);
}

TEST_F(hup, signal_before_close_is_not_lost)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	irqfd_assign(self->vm, self->efd, GSI);
	kev_signal(self->efd);
	close(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
}

TEST_F(hup, deassign_by_a_reused_number_matches_nothing)
{
	int fd;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	irqfd_assign(self->vm, self->efd, GSI);
	close(self->efd);
	fd = kev_eventfd(0);
	EXPECT_EQ(self->efd, fd);
	irqfd_deassign(self->vm, fd, GSI);
	irqfd_assign(self->vm, fd, GSI);
	kev_signal(fd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	close(fd);
}

TEST_F(hup, ioeventfd_is_not_deassigned_by_close)
{
	int other = kev_eventfd(0);

	ioeventfd_assign(self->vm, self->efd, ADDR, 4, 0, 0);
	close(self->efd);
	EXPECT_ERRNO(EEXIST, __ioeventfd(self->vm, other, ADDR, 4, 0, 0));
	close(other);
}

TEST_F(hup, a_thousand_assigns_and_closes)
{
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	for (i = 0; i < 1000; i++) {
		int fd = kev_eventfd(i & 1);

		irqfd_assign(self->vm, fd, GSI);
		close(fd);
	}
	irqfd_assign(self->vm, self->efd, GSI);
	lapic_clear_irr(self->cpu);
	kev_signal(self->efd);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	close(self->efd);
}

/* Races: each side loops until the other is done. */

struct race {
	atomic_bool stop;
	int vm;
	int fd;
};

static void *signal_until_stopped(void *arg)
{
	struct race *race = arg;
	uint64_t one = 1;

	while (!atomic_load(&race->stop))
		if (write(race->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
			return "write failed";
	return NULL;
}

static void *reroute_until_stopped(void *arg)
{
	struct kev_routes *none = kev_routes_new();
	struct race *race = arg;
	unsigned int i = 0;

	while (!atomic_load(&race->stop)) {
		if (i++ % 2)
			set_msi_route(race->vm, GSI, 0, VECTOR);
		else
			set_gsi_routing(race->vm, none);
	}
	free(none);
	return NULL;
}

static void stop_race(struct __test_metadata *_metadata, struct race *race,
		      pthread_t thread)
{
	void *error;

	atomic_store(&race->stop, true);
	ASSERT_EQ(0, pthread_join(thread, &error));
	EXPECT_EQ(NULL, error)
		TH_LOG("%s", (char *)error);
}

TEST_F(hup, no_signal_gets_through_once_deassign_returned)
{
	struct race race = { .vm = self->vm, .fd = self->efd };
	pthread_t thread;
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	ASSERT_EQ(0, pthread_create(&thread, NULL, signal_until_stopped,
				    &race));
	for (i = 0; i < 300; i++) {
		irqfd_assign(self->vm, self->efd, GSI);
		irqfd_deassign(self->vm, self->efd, GSI);
		lapic_clear_irr(self->cpu);
		ASSERT_EQ(0, lapic_count_irr(self->cpu));
	}
	stop_race(_metadata, &race, thread);
}

TEST_F(hup, no_interrupt_by_an_old_route_once_routing_returned)
{
	struct kev_routes *none = kev_routes_new();
	struct race race = { .vm = self->vm, .fd = self->efd };
	pthread_t thread;
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	irqfd_assign(self->vm, self->efd, GSI);
	ASSERT_EQ(0, pthread_create(&thread, NULL, signal_until_stopped,
				    &race));
	for (i = 0; i < 300; i++) {
		set_msi_route(self->vm, GSI, 0, VECTOR);
		set_gsi_routing(self->vm, none);
		lapic_clear_irr(self->cpu);
		ASSERT_EQ(0, lapic_count_irr(self->cpu));
	}
	stop_race(_metadata, &race, thread);
	free(none);
}

TEST_F(hup, close_and_assign_race_with_rerouting)
{
	struct race race = { .vm = self->vm };
	pthread_t thread;
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	ASSERT_EQ(0, pthread_create(&thread, NULL, reroute_until_stopped,
				    &race));
	for (i = 0; i < 300; i++) {
		int fd = kev_eventfd(1);

		irqfd_assign(self->vm, fd, GSI);
		kev_signal(fd);
		if (i % 2)
			irqfd_deassign(self->vm, fd, GSI);
		close(fd);
	}
	stop_race(_metadata, &race, thread);
}

TEST_F(hup, vm_can_go_while_signals_come)
{
	struct race race = { .fd = self->efd };
	pthread_t thread;
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	ASSERT_EQ(0, pthread_create(&thread, NULL, signal_until_stopped,
				    &race));
	for (i = 0; i < 50; i++) {
		struct kev_machine m;

		kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
		set_msi_route(m.vm, GSI, 0, VECTOR);
		irqfd_assign(m.vm, self->efd, GSI);
		kev_machine_destroy(&m);
	}
	stop_race(_metadata, &race, thread);
}

/* One irqfd may be fed by another's ioeventfd: a doorbell that interrupts. */
TEST_F(hup, ioeventfd_and_irqfd_on_one_eventfd_chain)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_VCPU_IO();
	ioeventfd_assign(self->vm, self->efd, ADDR, 4, 0, 0);
	irqfd_assign(self->vm, self->efd, GSI);
	vcpu_write(self->cpu, ADDR, 0, 4);
	EXPECT_TRUE(lapic_take(self->cpu, VECTOR));
	EXPECT_EQ(0, kev_count(self->efd));
}

struct doorbells {
	struct race race;
	int cpu;
	uint64_t taken;
};

static void *ring_until_stopped(void *arg)
{
	struct doorbells *bells = arg;

	while (!atomic_load(&bells->race.stop)) {
		if (__vcpu_write(bells->cpu, ADDR, 0, 4) == 4)
			bells->taken++;
		else if (errno != EOPNOTSUPP)
			return "doorbell failed";
	}
	return NULL;
}

/* Every doorbell that was taken is counted, and no other. */
TEST_F(hup, doorbells_race_with_assign_and_deassign)
{
	struct doorbells bells = { .cpu = create_vcpu(self->vm, 1) };
	pthread_t thread;
	unsigned int i;

	KEV_REQUIRE_VCPU_IO();
	ASSERT_EQ(0, pthread_create(&thread, NULL, ring_until_stopped, &bells));
	for (i = 0; i < 300; i++) {
		ioeventfd_assign(self->vm, self->efd, ADDR, 4, 0, 0);
		vcpu_write(self->cpu, ADDR, 0, 4);
		ioeventfd_deassign(self->vm, self->efd, ADDR, 4, 0, 0);
		ASSERT_ERRNO(EOPNOTSUPP, __vcpu_write(self->cpu, ADDR, 0, 4));
	}
	stop_race(_metadata, &bells.race, thread);
	EXPECT_EQ(300 + bells.taken, kev_count(self->efd));
	close(bells.cpu);
}

TEST_HARNESS_MAIN
