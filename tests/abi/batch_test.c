// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_EVENTFD_IRQFDS and KVM_EVENTFD_IOEVENTFDS: how many were done, what is
 * left of a batch that fails, and that each entry is as the call of its own.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "kev_harness.h"

#define NR		8
#define GSI		40
#define VECTOR		0x51
#define ADDR		0x1000

#define ASSIGN		0
#define DEASSIGN	KVM_IRQFD_FLAG_DEASSIGN
#define RESAMPLE	KVM_IRQFD_FLAG_RESAMPLE
#define IO_DEASSIGN	KVM_IOEVENTFD_FLAG_DEASSIGN

static int batch(int vm, unsigned long cmd, const void *entries, uint32_t nr,
		 uint32_t flags)
{
	struct kvm_eventfd_batch arg = {
		.entries = (uintptr_t)entries,
		.nr = nr,
		.flags = flags,
	};

	return ioctl(vm, cmd, &arg);
}

#define IRQFDS(entries, nr)						\
	batch(self->vm, KVM_EVENTFD_IRQFDS, entries, nr, 0)
#define IOEVENTFDS(entries, nr)						\
	batch(self->vm, KVM_EVENTFD_IOEVENTFDS, entries, nr, 0)

/* What both calls have in common. */

FIXTURE(call) {
	struct kev_machine m;
	int vm;
};

FIXTURE_VARIANT(call) {
	unsigned long cmd;
	long cap;
};

FIXTURE_VARIANT_ADD(call, irqfds) {
	.cmd = KVM_EVENTFD_IRQFDS,
	.cap = KVM_CAP_IRQFD,
};

FIXTURE_VARIANT_ADD(call, ioeventfds) {
	.cmd = KVM_EVENTFD_IOEVENTFDS,
	.cap = KVM_CAP_IOEVENTFD,
};

FIXTURE_SETUP(call)
{
	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_BATCH);
	KEV_REQUIRE_CAP(variant->cap);
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&self->m, KEV_CHIP_SPLIT, 1);
	self->vm = self->m.vm;
}

FIXTURE_TEARDOWN(call)
{
	kev_machine_destroy(&self->m);
}

#define CALL(entries, nr, flags)					\
	batch(self->vm, variant->cmd, entries, nr, flags)

TEST_F(call, capability_is_the_largest_number)
{
	EXPECT_EQ(KVM_EVENTFD_BATCH_MAX,
		  kev_check_extension(KVM_EVENTFD_CAP_BATCH));
	EXPECT_EQ(KVM_EVENTFD_BATCH_MAX,
		  kev_ioctl_val(self->vm, KVM_CHECK_EXTENSION,
				KVM_EVENTFD_CAP_BATCH));
}

TEST_F(call, unreadable_argument_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, ioctl(self->vm, variant->cmd, kev_bad_ptr()));
}

TEST_F(call, no_entries_are_not_looked_at)
{
	EXPECT_EQ(0, CALL(NULL, 0, 0));
	EXPECT_EQ(0, CALL(kev_bad_ptr(), 0, 0));
}

TEST_F(call, unreadable_first_entry_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, CALL(kev_bad_ptr(), 1, 0));
	EXPECT_ERRNO(EFAULT, CALL((void *)~0xffful, 1, 0));
	EXPECT_ERRNO(EFAULT, CALL(kev_bad_ptr(), KVM_EVENTFD_BATCH_MAX, 0));
}

TEST_F(call, too_many_is_found_before_unreadable_entries)
{
	EXPECT_ERRNO(EINVAL, CALL(kev_bad_ptr(), KVM_EVENTFD_BATCH_MAX + 1, 0));
	EXPECT_ERRNO(EINVAL, CALL(kev_bad_ptr(), ~0u, 0));
}

TEST_F(call, any_flag_is_EINVAL)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++)
		EXPECT_ERRNO(EINVAL, CALL(NULL, 0, 1u << bit));
}

/* Irqfds: entry i is for eventfd i and GSI + i, which sends VECTOR + i. */

FIXTURE(irqfds) {
	struct kev_machine m;
	int vm;
	int cpu;
	int efd[NR];
	struct kvm_irqfd e[2 * NR];
};

FIXTURE_VARIANT(irqfds) {
	enum kev_chip chip;
};

FIXTURE_VARIANT_ADD(irqfds, full_chip) {
	.chip = KEV_CHIP_FULL,
};

FIXTURE_VARIANT_ADD(irqfds, split_chip) {
	.chip = KEV_CHIP_SPLIT,
};

FIXTURE_SETUP(irqfds)
{
	struct kev_routes *r;
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_BATCH);
	KEV_REQUIRE_CHIP(variant->chip);
	kev_machine_create(&self->m, variant->chip, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	r = kev_routes_new();
	for (i = 0; i < NR; i++) {
		self->efd[i] = kev_eventfd(0);
		kev_route_msi(r, GSI + i, 0, VECTOR + i);
	}
	set_gsi_routing(self->vm, r);
	free(r);
	for (i = 0; i < 2 * NR; i++) {
		self->e[i].fd = self->efd[i % NR];
		self->e[i].gsi = GSI + i % NR;
		self->e[i].flags = i < NR ? ASSIGN : DEASSIGN;
	}
}

FIXTURE_TEARDOWN(irqfds)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		close(self->efd[i]);
	kev_machine_destroy(&self->m);
}

static void signal_all(const int *efd)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		kev_signal(efd[i]);
}

/* Which of them are bound: a bound one drains its counter at once. */
static unsigned int bound(const int *efd)
{
	unsigned int mask = 0;
	unsigned int i;

	signal_all(efd);
	for (i = 0; i < NR; i++)
		mask |= (kev_count(efd[i]) == 0) << i;
	return mask;
}

TEST_F(irqfds, all_are_assigned_and_deassigned)
{
	unsigned int i;

	EXPECT_EQ(NR, IRQFDS(self->e, NR));
	signal_all(self->efd);
	for (i = 0; i < NR; i++)
		EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR + i));
	lapic_clear_irr(self->cpu);

	EXPECT_EQ(NR, IRQFDS(&self->e[NR], NR));
	signal_all(self->efd);
	EXPECT_EQ(0, lapic_count_irr(self->cpu));
	for (i = 0; i < NR; i++)
		EXPECT_EQ(1, kev_count(self->efd[i]));
}

TEST_F(irqfds, errno_of_the_first_is_returned)
{
	self->e[0].fd = -1;
	EXPECT_ERRNO(EBADF, IRQFDS(self->e, NR));
	self->e[0].fd = self->efd[0];
	self->e[0].flags = 1u << 31;
	EXPECT_ERRNO(EINVAL, IRQFDS(self->e, NR));
	EXPECT_EQ(0, bound(self->efd));
}

TEST_F(irqfds, those_before_a_bad_one_stay)
{
	self->e[3].fd = -1;
	EXPECT_EQ(3, IRQFDS(self->e, NR));
	EXPECT_ERRNO(EBADF, IRQFDS(&self->e[3], NR - 3));
	EXPECT_EQ(0x07, bound(self->efd));

	self->e[3].fd = self->efd[3];
	EXPECT_EQ(NR - 3, IRQFDS(&self->e[3], NR - 3));
	EXPECT_EQ(0xff, bound(self->efd));
}

TEST_F(irqfds, deassigned_ones_before_a_bad_one_are_gone)
{
	ASSERT_EQ(NR, IRQFDS(self->e, NR));
	self->e[NR + 5].fd = -1;
	EXPECT_EQ(5, IRQFDS(&self->e[NR], NR));
	EXPECT_EQ(0xe0, bound(self->efd));
	EXPECT_EQ(5, IRQFDS(self->e, NR));
}

TEST_F(irqfds, those_before_an_unreadable_one_stay)
{
	struct kvm_irqfd *e = kev_alloc_at_page_end(2 * sizeof(*e));

	e[0] = self->e[0];
	e[1] = self->e[1];
	EXPECT_EQ(2, IRQFDS(e, NR));
	EXPECT_ERRNO(EFAULT, IRQFDS(e + 2, NR - 2));
	EXPECT_EQ(0x03, bound(self->efd));
	kev_free_page(e);
}

TEST_F(irqfds, deassign_of_what_is_not_there_is_done)
{
	EXPECT_EQ(NR, IRQFDS(&self->e[NR], NR));
	EXPECT_EQ(2 * NR, IRQFDS(self->e, 2 * NR));
	EXPECT_EQ(NR, IRQFDS(&self->e[NR], NR));
}

TEST_F(irqfds, second_one_of_an_eventfd_is_EBUSY)
{
	self->e[4].fd = self->efd[0];
	EXPECT_EQ(4, IRQFDS(self->e, NR));
	EXPECT_ERRNO(EBUSY, IRQFDS(&self->e[4], 1));
}

/* An eventfd moves to another GSI within the batch, while it is signalled. */
TEST_F(irqfds, same_eventfd_may_be_moved_in_one_batch)
{
	struct kvm_irqfd e[] = {
		{ .fd = self->efd[0], .gsi = GSI },
		{ .fd = self->efd[0], .gsi = GSI, .flags = DEASSIGN },
		{ .fd = self->efd[0], .gsi = GSI + 1 },
		{ .fd = self->efd[0], .gsi = GSI + 1, .flags = DEASSIGN },
		{ .fd = self->efd[0], .gsi = GSI + 2 },
	};

	EXPECT_EQ(5, IRQFDS(e, 5));
	kev_signal(self->efd[0]);
	EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR + 2));
	EXPECT_EQ(1, lapic_count_irr(self->cpu));
}

TEST_F(irqfds, counter_above_0_injects)
{
	unsigned int i;

	signal_all(self->efd);
	EXPECT_EQ(NR, IRQFDS(self->e, NR));
	for (i = 0; i < NR; i++)
		EXPECT_TRUE(lapic_wait_irr(self->cpu, VECTOR + i));
}

TEST_F(irqfds, vm_may_be_closed_with_all_of_them)
{
	EXPECT_EQ(NR, IRQFDS(self->e, NR));
	kev_machine_destroy(&self->m);
	signal_all(self->efd);
	EXPECT_EQ(1, kev_count(self->efd[0]));
	kev_machine_create(&self->m, variant->chip, 1);
}

/* More than are copied at a time: each chunk ends before the next is read. */
#define MANY	2500

TEST_F(irqfds, batch_of_many_chunks_is_done_up_to_the_first_bad_one)
{
	struct kvm_irqfd *e = calloc(MANY, sizeof(*e));
	unsigned int i;

	ASSERT_NE(NULL, e);
	for (i = 0; i < MANY; i++) {
		e[i].fd = self->efd[0];
		e[i].gsi = GSI;
		e[i].flags = i % 2 ? DEASSIGN : ASSIGN;
	}
	EXPECT_EQ(MANY, IRQFDS(e, MANY));
	EXPECT_EQ(0, bound(self->efd));
	e[MANY / 2 + 1].fd = -1;
	EXPECT_EQ(MANY / 2 + 1, IRQFDS(e, MANY));
	EXPECT_EQ(0x01, bound(self->efd));
	free(e);
}

/* Two threads that end irqfds with a grace period, all the time. */

struct churn {
	int vm;
	int efd;
	int refd;
	atomic_bool *over;
	pthread_t thread;
};

static void *churn_thread(void *arg)
{
	struct churn *churn = arg;

	while (!atomic_load(churn->over)) {
		irqfd_assign_resample(churn->vm, churn->efd, 16, churn->refd);
		irqfd_deassign(churn->vm, churn->efd, 16);
	}
	return NULL;
}

TEST_F(irqfds, deassign_of_what_is_not_there_does_not_starve)
{
	struct churn churn[2];
	atomic_bool over = false;
	unsigned int i;

	if (variant->chip != KEV_CHIP_FULL)
		SKIP(return, "a split chip has no resamplefds");
	for (i = 0; i < 2; i++) {
		churn[i] = (struct churn){
			.vm = self->vm,
			.efd = self->efd[i],
			.refd = kev_eventfd(0),
			.over = &over,
		};
		ASSERT_EQ(0, pthread_create(&churn[i].thread, NULL,
					    churn_thread, &churn[i]));
	}
	for (i = 0; i < 500; i++)
		irqfd_deassign(self->vm, self->efd[2], GSI);
	atomic_store(&over, true);
	for (i = 0; i < 2; i++) {
		pthread_join(churn[i].thread, NULL);
		close(churn[i].refd);
	}
}

/*
 * A batch whose second entry user memory holds back: nothing is half done
 * meanwhile, and nobody else waits for it.
 */

/**
 * struct held - A batch of two, of which the second is on a missing page
 * @vm:		Whose.
 * @uffd:	Tells of the fault and gives the page.
 * @pages:	Two, of @page_size each.
 * @page_size:	Bytes.
 * @efd:	The first two are bound to GSI.
 * @e:		The entries.
 * @thread:	Makes the call.
 * @ret:	What that returned.
 */
struct held {
	int vm;
	int uffd;
	char *pages;
	size_t page_size;
	int efd[NR];
	struct kvm_irqfd *e;
	pthread_t thread;
	int ret;
};

FIXTURE(held_back) {
	struct kev_machine m;
	struct held h;
};

/* Two pages, of which the second is missing until it is given. */
static int missing_page(char *pages, size_t size)
{
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)pages + size, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd < 0)
		return uffd;
	kev_assert(!ioctl(uffd, UFFDIO_API, &api), "UFFDIO_API");
	kev_assert(!ioctl(uffd, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");
	return uffd;
}

static void give_page(int uffd, char *to, char *from, size_t size)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)to,
		.src = (uintptr_t)from,
		.len = size,
	};

	kev_assert(!ioctl(uffd, UFFDIO_COPY, &copy), "UFFDIO_COPY");
}

FIXTURE_SETUP(held_back)
{
	struct held *held = &self->h;
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_BATCH);
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	held->page_size = sysconf(_SC_PAGESIZE);
	held->pages = mmap(NULL, 2 * held->page_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, held->pages);
	held->e = (void *)(held->pages + held->page_size - sizeof(*held->e));
	held->uffd = missing_page(held->pages, held->page_size);
	if (held->uffd < 0)
		SKIP(return, "no userfaultfd: %s", strerror(errno));

	kev_machine_create(&self->m, KEV_CHIP_SPLIT, 1);
	held->vm = self->m.vm;
	for (i = 0; i < NR; i++)
		held->efd[i] = kev_eventfd(0);
	irqfd_assign(held->vm, held->efd[0], GSI);
	irqfd_assign(held->vm, held->efd[1], GSI);
	held->e[0].fd = held->efd[0];
	held->e[0].gsi = GSI;
	held->e[0].flags = DEASSIGN;
}

FIXTURE_TEARDOWN(held_back)
{
	struct held *held = &self->h;
	unsigned int i;

	for (i = 0; i < NR; i++)
		close(held->efd[i]);
	kev_machine_destroy(&self->m);
	close(held->uffd);
	munmap(held->pages, 2 * held->page_size);
}

static void *batch_thread(void *arg)
{
	struct held *held = arg;

	held->ret = batch(held->vm, KVM_EVENTFD_IRQFDS, held->e, 2, 0);
	return NULL;
}

/* Until the batch faults on its second entry. */
static void batch_begin(struct held *held)
{
	struct pollfd fault = { .fd = held->uffd, .events = POLLIN };

	errno = pthread_create(&held->thread, NULL, batch_thread, held);
	kev_assert(!errno, "pthread_create");
	kev_assert(poll(&fault, 1, KEV_TIMEOUT_MS) == 1, "no fault");
}

/* Give it the entry that is missing: deassign the second one. */
static void batch_end(struct held *held)
{
	char *page = calloc(1, held->page_size);
	struct kvm_irqfd *e = (void *)page;

	kev_assert(page, "calloc");
	e->fd = held->efd[1];
	e->gsi = GSI;
	e->flags = DEASSIGN;
	give_page(held->uffd, held->pages + held->page_size, page,
		  held->page_size);
	errno = pthread_join(held->thread, NULL);
	kev_assert(!errno, "pthread_join");
	free(page);
}

TEST_F(held_back, nothing_is_half_done)
{
	batch_begin(&self->h);
	EXPECT_EQ(0x03, bound(self->h.efd));
	batch_end(&self->h);
	EXPECT_EQ(2, self->h.ret);
	EXPECT_EQ(0x00, bound(self->h.efd));
}

static void *deassign_thread(void *arg)
{
	struct held *held = arg;

	irqfd_deassign(held->vm, held->efd[2], GSI);
	return NULL;
}

/* In a thread, so that the batch can be let go should it not return. */
TEST_F(held_back, deassign_of_what_is_not_there_returns)
{
	struct timespec deadline;
	pthread_t thread;
	int ret;

	batch_begin(&self->h);
	ASSERT_EQ(0, pthread_create(&thread, NULL, deassign_thread, &self->h));
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += KEV_TIMEOUT_MS / 1000;
	ret = pthread_timedjoin_np(thread, NULL, &deadline);
	EXPECT_EQ(0, ret);
	batch_end(&self->h);
	if (ret)
		pthread_join(thread, NULL);
	EXPECT_EQ(2, self->h.ret);
}

/* Resampling ones: half of them share an input, the others have their own. */

FIXTURE(resample) {
	struct kev_machine m;
	int vm;
	int efd[NR];
	int refd[NR];
	struct kvm_irqfd e[2 * NR];
};

FIXTURE_SETUP(resample)
{
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_BATCH);
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	kev_machine_create(&self->m, KEV_CHIP_FULL, 1);
	self->vm = self->m.vm;
	for (i = 0; i < NR; i++) {
		self->efd[i] = kev_eventfd(0);
		self->refd[i] = kev_eventfd(0);
	}
	for (i = 0; i < 2 * NR; i++) {
		self->e[i].fd = self->efd[i % NR];
		self->e[i].resamplefd = self->refd[i % NR];
		self->e[i].gsi = i % NR < NR / 2 ? 16 : 16 + i % NR - NR / 2;
		self->e[i].flags = i < NR ? RESAMPLE : DEASSIGN;
	}
}

FIXTURE_TEARDOWN(resample)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		close(self->efd[i]);
		close(self->refd[i]);
	}
	kev_machine_destroy(&self->m);
}

static uint32_t ioapic_irr(int vm)
{
	struct kvm_irqchip c = { .chip_id = KVM_IRQCHIP_IOAPIC };

	kev_ioctl(vm, KVM_GET_IRQCHIP, &c);
	return c.chip.ioapic.irr;
}

/* The pins are masked, but hold what is asserted. */
static bool wait_ioapic_irr(int vm, uint32_t irr)
{
	uint64_t deadline = kev_now_ms() + KEV_TIMEOUT_MS;

	while (ioapic_irr(vm) != irr)
		if (kev_now_ms() > deadline)
			return false;
	return true;
}

static void set_level(int vm)
{
	unsigned int pin;

	for (pin = 16; pin < 16 + NR; pin++)
		ioapic_set_rte(vm, pin, KEV_RTE_MASKED | KEV_RTE_LEVEL | VECTOR);
}

TEST_F(resample, all_are_deassigned_together)
{
	set_level(self->vm);
	EXPECT_EQ(NR, IRQFDS(self->e, NR));
	signal_all(self->efd);
	EXPECT_TRUE(wait_ioapic_irr(self->vm, 0x0f << 16));

	EXPECT_EQ(NR, IRQFDS(&self->e[NR], NR));
	EXPECT_EQ(0, ioapic_irr(self->vm));
	EXPECT_EQ(0, bound(self->efd));
	EXPECT_EQ(NR, IRQFDS(self->e, NR));
}

/* The input that is shared stays up for those who are left. */
TEST_F(resample, last_one_of_a_gsi_lowers_it)
{
	set_level(self->vm);
	EXPECT_EQ(NR, IRQFDS(self->e, NR));
	signal_all(self->efd);
	EXPECT_TRUE(wait_ioapic_irr(self->vm, 0x0f << 16));

	EXPECT_EQ(NR / 2 - 1, IRQFDS(&self->e[NR], NR / 2 - 1));
	EXPECT_EQ(0x0f << 16, ioapic_irr(self->vm));
	EXPECT_EQ(NR - 1, IRQFDS(&self->e[NR + 1], NR - 1));
	EXPECT_EQ(0, ioapic_irr(self->vm));
}

TEST_F(resample, mixed_with_plain_ones_and_assigns)
{
	self->e[1].flags = ASSIGN;
	self->e[6].flags = ASSIGN;
	EXPECT_EQ(2 * NR, IRQFDS(self->e, 2 * NR));
	EXPECT_EQ(0, bound(self->efd));
	EXPECT_EQ(NR, IRQFDS(self->e, NR));
	EXPECT_EQ(0xff, bound(self->efd));
}

/* Ioeventfds: entry i is for eventfd i and ADDR + 4 * i. */

FIXTURE(ioeventfds) {
	struct kev_machine m;
	int vm;
	int cpu;
	int efd[NR];
	struct kvm_ioeventfd e[2 * NR];
};

FIXTURE_SETUP(ioeventfds)
{
	unsigned int i;

	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_BATCH);
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	self->vm = self->m.vm;
	self->cpu = self->m.vcpu[0];
	for (i = 0; i < NR; i++)
		self->efd[i] = kev_eventfd(0);
	for (i = 0; i < 2 * NR; i++) {
		self->e[i].fd = self->efd[i % NR];
		self->e[i].addr = ADDR + 4 * (i % NR);
		self->e[i].len = 4;
		self->e[i].flags = i < NR ? ASSIGN : IO_DEASSIGN;
	}
}

FIXTURE_TEARDOWN(ioeventfds)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		close(self->efd[i]);
	kev_machine_destroy(&self->m);
}

/* Which of the doorbells are taken. */
static unsigned int taken(int cpu)
{
	unsigned int mask = 0;
	unsigned int i;

	for (i = 0; i < NR; i++)
		mask |= (__vcpu_write(cpu, ADDR + 4 * i, 0, 4) == 4) << i;
	return mask;
}

TEST_F(ioeventfds, all_are_assigned_and_deassigned)
{
	unsigned int i;

	EXPECT_EQ(NR, IOEVENTFDS(self->e, NR));
	EXPECT_EQ(0xff, taken(self->cpu));
	for (i = 0; i < NR; i++)
		EXPECT_EQ(1, kev_count(self->efd[i]));
	EXPECT_EQ(NR, IOEVENTFDS(&self->e[NR], NR));
	EXPECT_EQ(0, taken(self->cpu));
}

TEST_F(ioeventfds, errno_of_the_first_is_returned)
{
	EXPECT_ERRNO(ENOENT, IOEVENTFDS(&self->e[NR], NR));
	self->e[0].len = 3;
	EXPECT_ERRNO(EINVAL, IOEVENTFDS(self->e, NR));
	self->e[0].len = 4;
	self->e[0].fd = -1;
	EXPECT_ERRNO(EBADF, IOEVENTFDS(self->e, NR));
	EXPECT_EQ(0, taken(self->cpu));
}

TEST_F(ioeventfds, those_before_a_bad_one_stay)
{
	self->e[3].addr = ADDR;
	EXPECT_EQ(3, IOEVENTFDS(self->e, NR));
	EXPECT_ERRNO(EEXIST, IOEVENTFDS(&self->e[3], NR - 3));
	EXPECT_EQ(0x07, taken(self->cpu));
	EXPECT_EQ(3, IOEVENTFDS(&self->e[NR], NR));
	EXPECT_EQ(0, taken(self->cpu));
}

TEST_F(ioeventfds, those_before_an_unreadable_one_stay)
{
	struct kvm_ioeventfd *e = kev_alloc_at_page_end(2 * sizeof(*e));

	e[0] = self->e[0];
	e[1] = self->e[1];
	EXPECT_EQ(2, IOEVENTFDS(e, NR));
	EXPECT_ERRNO(EFAULT, IOEVENTFDS(e + 2, NR - 2));
	EXPECT_EQ(0x03, taken(self->cpu));
	kev_free_page(e);
}

TEST_F(ioeventfds, deassign_of_what_is_not_there_ends_the_batch)
{
	ASSERT_EQ(2, IOEVENTFDS(self->e, 2));
	EXPECT_EQ(2, IOEVENTFDS(&self->e[NR], NR));
	EXPECT_EQ(0, taken(self->cpu));
}

TEST_F(ioeventfds, same_eventfd_may_be_moved_in_one_batch)
{
	struct kvm_ioeventfd e[] = {
		{ .fd = self->efd[0], .addr = ADDR, .len = 4 },
		{ .fd = self->efd[0], .addr = ADDR, .len = 4,
		  .flags = IO_DEASSIGN },
		{ .fd = self->efd[0], .addr = ADDR + 4, .len = 4 },
		{ .fd = self->efd[1], .addr = ADDR, .len = 4 },
	};

	EXPECT_EQ(4, IOEVENTFDS(e, 4));
	EXPECT_EQ(0x03, taken(self->cpu));
	EXPECT_EQ(1, kev_count(self->efd[0]));
	EXPECT_EQ(1, kev_count(self->efd[1]));
}

TEST_HARNESS_MAIN
