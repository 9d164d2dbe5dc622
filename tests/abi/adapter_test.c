// SPDX-License-Identifier: GPL-2.0
/*
 * Adapters of s390: KVM_EVENTFD_SET_ADAPTER, and routes of type
 * KVM_IRQ_ROUTING_S390_ADAPTER in a VM of lines.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kev_harness.h"
#include "kev_held_page.h"

#define GSI		40
#define ADAPTER		3
#define SWAP		KVM_EVENTFD_ADAPTER_SWAP
#define MASKED		KVM_EVENTFD_ADAPTER_MASKED

FIXTURE(adapter) {
	int vm;
	int vcpu;
	long page;
	uint8_t *ind;
	uint8_t *summary;
	struct kev_routes *r;
};

static void *map(long len, int prot, int flags, int fd)
{
	void *p = mmap(NULL, len, prot, flags, fd, 0);

	kev_assert(p != MAP_FAILED, "mmap");
	return p;
}

static void *map_anon(long len)
{
	return map(len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

FIXTURE_SETUP(adapter)
{
	int node;

	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_LINES);
	node = kev_open();
	self->vm = kev_ioctl_val(node, KVM_CREATE_VM, KVM_EVENTFD_VM_LINES);
	close(node);
	if (kev_ioctl_val(self->vm, KVM_CHECK_EXTENSION,
			  KVM_EVENTFD_CAP_ADAPTER) <= 0)
		SKIP(return, "%s has no adapters", kev_node());

	self->vcpu = create_vcpu(self->vm, 0);
	self->page = sysconf(_SC_PAGESIZE);
	self->ind = map_anon(self->page);
	self->summary = map_anon(self->page);
	self->r = kev_routes_new();
}

FIXTURE_TEARDOWN(adapter)
{
	free(self->r);
	if (self->vcpu > 0)
		close(self->vcpu);
	close(self->vm);
}

static int __set_adapter(int vm, uint32_t id, uint32_t flags)
{
	struct kvm_eventfd_adapter args = { .id = id, .flags = flags };

	return __kev_ioctl(vm, KVM_EVENTFD_SET_ADAPTER, &args);
}

static void set_adapter(int vm, uint32_t id, uint32_t flags)
{
	kev_assert(!__set_adapter(vm, id, flags), "KVM_EVENTFD_SET_ADAPTER");
}

/* One more route, to bit @nr of the indicators and bit 0 of the summary. */
static struct kvm_irq_routing_entry *add_route(struct kev_routes *r,
					       uint32_t gsi, void *ind,
					       uint64_t nr, void *summary)
{
	struct kvm_irq_routing_entry *e;

	e = kev_route_add(r, gsi, KVM_IRQ_ROUTING_S390_ADAPTER);
	e->u.adapter.ind_addr = (uintptr_t)ind;
	e->u.adapter.ind_offset = nr;
	e->u.adapter.summary_addr = (uintptr_t)summary;
	e->u.adapter.adapter_id = ADAPTER;
	return e;
}

static int irqfd_on(int vm, uint32_t gsi)
{
	int efd = kev_eventfd(0);

	irqfd_assign(vm, efd, gsi);
	return efd;
}

/* The adapter that a CPU takes; -1 when there is nothing. */
static int take(int vcpu)
{
	struct kvm_eventfd_interrupt intr = {};

	if (__ack_interrupt(vcpu, &intr)) {
		kev_assert(errno == EAGAIN, "ACK_INTERRUPT");
		return -1;
	}
	return intr.type == KVM_EVENTFD_INTR_ADAPTER ? (int)intr.vector : -2;
}

/* The call */

TEST_F(adapter, capability_is_the_number_of_adapters)
{
	EXPECT_EQ(64, kev_ioctl_val(self->vm, KVM_CHECK_EXTENSION,
				    KVM_EVENTFD_CAP_ADAPTER));
}

TEST_F(adapter, set_adapter_takes_what_there_is)
{
	EXPECT_ERRNO(0, __set_adapter(self->vm, 0, 0));
	EXPECT_ERRNO(0, __set_adapter(self->vm, 63, SWAP | MASKED));
	EXPECT_ERRNO(0, __set_adapter(self->vm, 63, 0));
	EXPECT_ERRNO(EINVAL, __set_adapter(self->vm, 64, 0));
	EXPECT_ERRNO(EINVAL, __set_adapter(self->vm, ~0u, 0));
	EXPECT_ERRNO(EINVAL, __set_adapter(self->vm, 0, 4));
	EXPECT_ERRNO(EINVAL, __set_adapter(self->vm, 0, 0x80));
	EXPECT_ERRNO(EFAULT, __kev_ioctl(self->vm, KVM_EVENTFD_SET_ADAPTER,
					 KEV_BAD_PTR(struct kvm_eventfd_adapter)));
}

/* A PC has none. */
TEST(a_pc_has_no_adapters)
{
	struct kev_routes *r;
	struct kev_machine m;
	uint64_t bits = 0;

	KEV_REQUIRE_VCPU_IO();
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	r = kev_routes_new();
	add_route(r, GSI, &bits, 0, &bits);
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(m.vm, r));
	EXPECT_ERRNO(ENOTTY, __set_adapter(m.vm, 0, 0));
	EXPECT_EQ(0, kev_ioctl_val(m.vm, KVM_CHECK_EXTENSION,
				   KVM_EVENTFD_CAP_ADAPTER));
	free(r);
	kev_machine_destroy(&m);
}

/* Signals */

TEST_F(adapter, a_signal_sets_both_bits_and_interrupts_once)
{
	int efd;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	set_adapter(self->vm, ADAPTER, SWAP);
	add_route(self->r, GSI, self->ind, 9, self->summary);
	set_gsi_routing(self->vm, self->r);
	efd = irqfd_on(self->vm, GSI);

	kev_signal(efd);
	EXPECT_EQ(0x40, self->ind[1]);
	EXPECT_EQ(0x80, self->summary[0]);
	EXPECT_TRUE(vcpu_poll_now(self->vcpu));
	EXPECT_EQ(ADAPTER, take(self->vcpu));
	EXPECT_EQ(-1, take(self->vcpu));
	EXPECT_FALSE(vcpu_poll_now(self->vcpu));

	/* The guest looks, clears the summary, then the indicator. */
	kev_signal(efd);
	EXPECT_EQ(-1, take(self->vcpu));
	self->summary[0] = 0;
	self->ind[1] = 0;
	kev_signal(efd);
	EXPECT_EQ(0x40, self->ind[1]);
	EXPECT_EQ(ADAPTER, take(self->vcpu));
	close(efd);
}

TEST_F(adapter, without_swap_bit_0_is_the_least_significant_of_a_doubleword)
{
	set_adapter(self->vm, ADAPTER, 0);
	add_route(self->r, GSI, self->ind, 9, self->summary);
	set_gsi_routing(self->vm, self->r);

	irq_line(self->vm, GSI, 1);
	EXPECT_EQ(0x02, self->ind[6]);
	EXPECT_EQ(0x01, self->summary[7]);
	EXPECT_EQ(ADAPTER, take(self->vcpu));
}

TEST_F(adapter, disks_share_a_summary)
{
	unsigned int i;

	set_adapter(self->vm, ADAPTER, SWAP);
	for (i = 0; i < 100; i++) {
		add_route(self->r, GSI + i, self->ind, i, self->summary);
		set_gsi_routing(self->vm, self->r);
	}
	for (i = 0; i < 100; i++)
		EXPECT_EQ(!i, irq_line_status(self->vm, GSI + i, 1));
	for (i = 0; i < 96; i++)
		EXPECT_EQ(0xff, self->ind[i / 8]);
	EXPECT_EQ(0xf0, self->ind[12]);
	EXPECT_EQ(ADAPTER, take(self->vcpu));
	EXPECT_EQ(-1, take(self->vcpu));
}

TEST_F(adapter, an_adapter_that_was_not_set_is_ignored)
{
	add_route(self->r, GSI, self->ind, 0, self->summary);
	set_gsi_routing(self->vm, self->r);
	EXPECT_EQ(-1, irq_line_status(self->vm, GSI, 1));
	EXPECT_EQ(0, self->ind[7]);
}

TEST_F(adapter, the_old_page_is_not_written_once_the_route_is_gone)
{
	int efd;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	set_adapter(self->vm, ADAPTER, SWAP);
	add_route(self->r, GSI, self->ind, 0, self->summary);
	set_gsi_routing(self->vm, self->r);
	efd = irqfd_on(self->vm, GSI);

	self->r->hdr.nr = 0;
	set_gsi_routing(self->vm, self->r);
	kev_signal(efd);
	EXPECT_EQ(0, self->ind[0]);
	EXPECT_EQ(-1, take(self->vcpu));
	close(efd);
}

/* What is elsewhere by then is seen by a route that is set again, not before. */
TEST_F(adapter, a_route_follows_the_memory_when_it_is_set)
{
	void *moved;

	set_adapter(self->vm, ADAPTER, SWAP);
	add_route(self->r, GSI, self->ind, 0, self->summary);
	set_gsi_routing(self->vm, self->r);

	moved = mmap(self->ind, self->page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ASSERT_EQ(self->ind, moved);
	irq_line(self->vm, GSI, 1);
	EXPECT_EQ(0, self->ind[0]);
	EXPECT_EQ(0x80, self->summary[0]);

	set_gsi_routing(self->vm, self->r);
	irq_line(self->vm, GSI, 1);
	EXPECT_EQ(0x80, self->ind[0]);
}

TEST_F(adapter, unmapping_and_closing_in_any_order_is_safe)
{
	int efd;

	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	set_adapter(self->vm, ADAPTER, SWAP);
	add_route(self->r, GSI, self->ind, 0, self->summary);
	set_gsi_routing(self->vm, self->r);
	efd = irqfd_on(self->vm, GSI);
	ASSERT_EQ(0, munmap(self->ind, self->page));
	ASSERT_EQ(0, munmap(self->summary, self->page));
	kev_signal(efd);
	EXPECT_EQ(ADAPTER, take(self->vcpu));
	EXPECT_ERRNO(EFAULT, __set_gsi_routing(self->vm, self->r));
	kev_signal(efd);
	close(efd);
}

/* Memory that will not do */

#define EXPECT_ROUTE_ERRNO(want, at, bit, sum)			\
	do {								\
		self->r->hdr.nr = 0;					\
		add_route(self->r, GSI, at, bit, sum);			\
		EXPECT_ERRNO(want, __set_gsi_routing(self->vm, self->r)); \
	} while (0)

TEST_F(adapter, memory_must_be_there_and_writable)
{
	uint8_t *ro = map(self->page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint8_t *none = map(self->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint8_t *two = map_anon(2 * self->page);

	EXPECT_ROUTE_ERRNO(EFAULT, NULL, 0, self->summary);
	EXPECT_ROUTE_ERRNO(EFAULT, self->ind, 0, NULL);
	EXPECT_ROUTE_ERRNO(EFAULT, ro, 0, self->summary);
	EXPECT_ROUTE_ERRNO(EFAULT, self->ind, 0, ro);
	EXPECT_ROUTE_ERRNO(EFAULT, none, 0, self->summary);
	EXPECT_ROUTE_ERRNO(EFAULT, (void *)~7ul, 0, self->summary);

	/* The bit counts, not where counting begins. */
	EXPECT_ROUTE_ERRNO(0, two, self->page * 16 - 1, self->summary);
	ASSERT_EQ(0, munmap(two + self->page, self->page));
	EXPECT_ROUTE_ERRNO(0, two, self->page * 8 - 1, self->summary);
	EXPECT_ROUTE_ERRNO(EFAULT, two, self->page * 8, self->summary);
}

TEST_F(adapter, offsets_that_wrap_are_refused)
{
	EXPECT_ROUTE_ERRNO(EINVAL, self->ind + 1, ~0ull, self->summary);
	EXPECT_ROUTE_ERRNO(EFAULT, self->ind, ~0ull, self->summary);
	EXPECT_ROUTE_ERRNO(EFAULT, self->ind, 1ull << 40, self->summary);
}

TEST_F(adapter, entries_are_checked)
{
	struct kvm_irq_routing_entry *e;

	e = add_route(self->r, GSI, self->ind, 0, self->summary);
	e->flags = 1;
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
	e->flags = 0;
	e->u.adapter.adapter_id = 64;
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
	e->u.adapter.adapter_id = 63;
	EXPECT_ERRNO(0, __set_gsi_routing(self->vm, self->r));
	/* One to a GSI. */
	add_route(self->r, GSI, self->ind, 1, self->summary);
	EXPECT_ERRNO(EINVAL, __set_gsi_routing(self->vm, self->r));
}

/* Indicators in a page that comes later */

struct held_route {
	struct kev_held_page page;
	const struct kev_routes *r;
	int vm;
};

static int do_set(void *arg)
{
	const struct held_route *held = arg;

	return __set_gsi_routing(held->vm, held->r) ? errno : 0;
}

TEST_F(adapter, a_page_may_take_its_time_and_holds_nobody_up)
{
	struct held_route held = { .r = self->r, .vm = self->vm };
	struct kev_routes *other = kev_routes_new();
	int status;
	pid_t pid;

	if (!kev_hold_page(&held.page, self->ind))
		SKIP(return, "no userfaultfd");
	set_adapter(self->vm, ADAPTER, SWAP);
	add_route(self->r, GSI, self->ind, 0, self->summary);
	pid = kev_sibling(do_set, &held);
	kev_held_page_wait(&held.page);

	add_route(other, GSI, self->summary, 64, self->summary);
	EXPECT_ERRNO(0, __set_gsi_routing(self->vm, other));
	irq_line(self->vm, GSI, 1);
	EXPECT_EQ(ADAPTER, take(self->vcpu));
	other->hdr.nr = 0;
	EXPECT_ERRNO(0, __set_gsi_routing(self->vm, other));
	memset(self->summary, 0, self->page);

	kev_held_page_fill(&held.page, self->summary);
	status = kev_sibling_join(pid);
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	irq_line(self->vm, GSI, 1);
	EXPECT_EQ(0x80, self->ind[0]);
	EXPECT_EQ(ADAPTER, take(self->vcpu));
	close(held.page.uffd);
	free(other);
}

TEST_F(adapter, killed_while_a_page_is_held_back_changes_nothing)
{
	struct held_route held = { .r = self->r, .vm = self->vm };
	int status;
	pid_t pid;

	set_adapter(self->vm, ADAPTER, SWAP);
	add_route(self->r, GSI, self->summary, 64, self->summary);
	set_gsi_routing(self->vm, self->r);
	if (!kev_hold_page(&held.page, self->ind))
		SKIP(return, "no userfaultfd");
	self->r->hdr.nr = 0;
	add_route(self->r, GSI, self->summary, 0, self->ind);
	pid = kev_sibling(do_set, &held);
	kev_held_page_wait(&held.page);
	kill(pid, SIGKILL);
	status = kev_sibling_join(pid);
	EXPECT_TRUE(WIFSIGNALED(status));
	irq_line(self->vm, GSI, 1);
	EXPECT_EQ(0x80, self->summary[8]);
	EXPECT_EQ(ADAPTER, take(self->vcpu));
	close(held.page.uffd);
}

/* A file of a page whose file system is no tmpfs; -1 when there is none. */
static int ramfs_file(long len)
{
	char dir[] = "/tmp/adapter_XXXXXX";
	char path[64];
	int fd = -1;

	if (!mkdtemp(dir))
		return -1;
	if (!mount("ramfs", dir, "ramfs", 0, NULL)) {
		snprintf(path, sizeof(path), "%s/file", dir);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	if (fd >= 0)
		kev_assert(!ftruncate(fd, len), "ftruncate");
	return fd;
}

/* Shared memory is what guests live in. */
TEST_F(adapter, shared_memory_will_do)
{
	int fd = memfd_create("guest", 0);
	uint8_t *mem;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ftruncate(fd, self->page));
	mem = map(self->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	EXPECT_ROUTE_ERRNO(0, mem, 0, self->summary);
	close(fd);
}

TEST_F(adapter, pages_of_a_file_will_not_do_but_a_private_copy_will)
{
	int fd = ramfs_file(self->page);
	uint8_t *mem;

	if (fd < 0)
		SKIP(return, "no ramfs can be mounted");
	mem = map(self->page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	EXPECT_ROUTE_ERRNO(0, mem, 0, self->summary);
	mem = map(self->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	EXPECT_ROUTE_ERRNO(EFAULT, mem, 0, self->summary);
	close(fd);
}

/* What /proc/self/status says of pinned memory, in KiB. */
static long pinned_kib(void)
{
	static FILE *status;
	char line[256];
	long kib = -1;

	/* Kept open: who is root no more may not find it. */
	if (!status)
		status = fopen("/proc/self/status", "r");
	kev_assert(status, "/proc/self/status");
	setvbuf(status, NULL, _IONBF, 0);
	rewind(status);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "VmPin: %ld", &kib) == 1)
			break;
	return kib;
}

TEST_F(adapter, pages_are_accounted_once)
{
	long kib = self->page / 1024;
	long before = pinned_kib();

	add_route(self->r, GSI, self->ind, 0, self->summary);
	add_route(self->r, GSI + 1, self->ind, 1, self->summary);
	set_gsi_routing(self->vm, self->r);
	EXPECT_EQ(2 * kib, pinned_kib() - before);
	set_gsi_routing(self->vm, self->r);
	EXPECT_EQ(2 * kib, pinned_kib() - before);
	self->r->hdr.nr = 0;
	set_gsi_routing(self->vm, self->r);
	EXPECT_EQ(0, pinned_kib() - before);

	add_route(self->r, GSI, self->ind, 0, self->summary);
	set_gsi_routing(self->vm, self->r);
	close(self->vcpu);
	self->vcpu = -1;
	close(self->vm);
	EXPECT_EQ(0, pinned_kib() - before);
}

TEST_F(adapter, the_limit_of_locked_memory_holds)
{
	struct rlimit limit = { self->page, self->page };
	long before = pinned_kib();

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	/* Root may lock what it likes. */
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	add_route(self->r, GSI, self->ind, 0, self->summary);
	EXPECT_ERRNO(ENOMEM, __set_gsi_routing(self->vm, self->r));
	EXPECT_EQ(before, pinned_kib());

	self->r->hdr.nr = 0;
	add_route(self->r, GSI, self->ind, 0, self->ind + 64);
	EXPECT_ERRNO(0, __set_gsi_routing(self->vm, self->r));
}

TEST_HARNESS_MAIN
