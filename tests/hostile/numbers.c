// SPDX-License-Identifier: GPL-2.0
/* Counts, ids, addresses and lengths that nobody has. */
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostile.h"

static struct kev_machine m;
static const char *wrong;

/* @ret must be a failure with @err, or a success where that is 0. */
static void expect(const char *what, int err, long ret)
{
	int seen = ret < 0 ? errno : 0;
	static char text[120];

	if (seen == err || wrong)
		return;
	snprintf(text, sizeof(text), "%s: want %s, seen %s", what,
		 strerror(err), strerror(seen));
	wrong = text;
}

#define EXPECT(err, call)	expect(#call, err, call)

static long table(unsigned long cmd, uint32_t nr)
{
	struct kvm_irq_routing *head = kev_alloc_at_page_end(sizeof(*head));
	long ret;
	int err;

	*head = (struct kvm_irq_routing){ .nr = nr };
	ret = ioctl(m.vm, cmd, head);
	err = errno;
	kev_free_page(head);
	errno = err;
	return ret;
}

static long batch(unsigned long cmd, uint64_t entries, uint32_t nr)
{
	struct kvm_eventfd_batch args = { .entries = entries, .nr = nr };

	return ioctl(m.vm, cmd, &args);
}

static void counts(void)
{
	uint64_t bad = (uintptr_t)kev_bad_ptr();

	EXPECT(EINVAL, table(KVM_SET_GSI_ROUTING, UINT32_MAX));
	EXPECT(EINVAL, table(KVM_SET_GSI_ROUTING, 1u << 31));
	EXPECT(EINVAL, table(KVM_SET_GSI_ROUTING, 4097));
	EXPECT(EFAULT, table(KVM_SET_GSI_ROUTING, 4096));
	EXPECT(EINVAL, table(KVM_EVENTFD_UPDATE_ROUTES, UINT32_MAX));
	EXPECT(EFAULT, table(KVM_EVENTFD_UPDATE_ROUTES, 4096));
	EXPECT(EINVAL, batch(KVM_EVENTFD_IRQFDS, bad, UINT32_MAX));
	EXPECT(EFAULT, batch(KVM_EVENTFD_IRQFDS, bad, KVM_EVENTFD_BATCH_MAX));
	EXPECT(EFAULT, batch(KVM_EVENTFD_IRQFDS, UINT64_MAX - 7, 1));
	EXPECT(EINVAL, batch(KVM_EVENTFD_IOEVENTFDS, bad, UINT32_MAX));
	EXPECT(EFAULT, batch(KVM_EVENTFD_IOEVENTFDS, UINT64_MAX - 7, 2));
	EXPECT(EINVAL, __enable_cap(m.vm, KVM_EVENTFD_CAP_MAX_ROUTES, 0,
				    UINT64_MAX));
	EXPECT(EINVAL, __enable_cap(m.vm, KVM_EVENTFD_CAP_MAX_ROUTES, 0,
				    1ull << 32));
	EXPECT(EINVAL, __enable_cap(m.vm, KVM_CAP_MAX_VCPU_ID, 0, UINT64_MAX));
	EXPECT(EINVAL, __enable_cap(m.vm, KVM_CAP_X2APIC_API, 0, UINT64_MAX));
}

static void ids(void)
{
	int fd = kev_eventfd(0);

	EXPECT(EINVAL, __create_vcpu(m.vm, ULONG_MAX));
	EXPECT(EINVAL, __create_vcpu(m.vm, 1ul << 32));
	EXPECT(EINVAL, __create_vcpu(m.vm, 16384));
	EXPECT(0, __irqfd(m.vm, fd, UINT32_MAX, 0, 0));
	kev_signal(fd);
	EXPECT(0, __irqfd(m.vm, fd, UINT32_MAX, KVM_IRQFD_FLAG_DEASSIGN, 0));
	EXPECT(EINVAL, __irqfd(m.vm, fd, 0, UINT32_MAX, 0));
	EXPECT(EBADF, __irqfd(m.vm, -1, 0, 0, 0));
	EXPECT(0, __irq_line(m.vm, UINT32_MAX, UINT32_MAX));
	EXPECT(0, __irq_line(m.vm, 1u << 31, 1));
	close(fd);
}

static long zone(uint64_t addr, uint32_t size)
{
	struct kvm_coalesced_mmio_zone arg = { .addr = addr, .size = size };
	long ret = __kev_ioctl(m.vm, KVM_REGISTER_COALESCED_MMIO, &arg);

	if (!ret)
		kev_ioctl(m.vm, KVM_UNREGISTER_COALESCED_MMIO, &arg);
	return ret;
}

static void addresses(void)
{
	int fd = kev_eventfd(0);
	uint64_t value;

	EXPECT(EINVAL, __ioeventfd(m.vm, fd, UINT64_MAX, 8, 0, 0));
	EXPECT(EINVAL, __ioeventfd(m.vm, fd, 0, UINT32_MAX, 0, 0));
	EXPECT(EINVAL, __ioeventfd(m.vm, fd, 0, 4, 1u << 31, 0));
	EXPECT(0, __ioeventfd(m.vm, fd, UINT64_MAX - 8, 8, 0, 0));
	EXPECT(0, zone(UINT64_MAX, UINT32_MAX));
	EXPECT(0, zone(0, UINT32_MAX));
	EXPECT(EINVAL, __vcpu_write(m.vcpu[0], UINT64_MAX, 0, 4));
	EXPECT(EINVAL, __vcpu_write(m.vcpu[0], INT64_MAX, 0, 4));
	EXPECT(EINVAL, __vcpu_write(m.vcpu[0], 1ull << 52, 0, 4));
	EXPECT(EINVAL, __vcpu_write(m.vcpu[0], (1ull << 52) - 2, 0, 4));
	EXPECT(EINVAL, __vcpu_write(m.vcpu[0], KVM_EVENTFD_OFF_PIO + 0xffff, 0,
				    2));
	EXPECT(EINVAL, __vcpu_read(m.vcpu[0], INT64_MAX, &value, 8));
	EXPECT(EOPNOTSUPP, __vcpu_write(m.vcpu[0], (1ull << 52) - 8, 0, 8));
	close(fd);
}

static void lengths(void)
{
	void *buf = kev_alloc_at_page_end(8);

	EXPECT(EINVAL, pwrite(m.vcpu[0], buf, 1ul << 30, 0));
	EXPECT(EINVAL, pwrite(m.vcpu[0], buf, 9, 0));
	EXPECT(EINVAL, pread(m.vcpu[0], buf, 1ul << 30, 0));
	EXPECT(EINVAL, pread(m.vcpu[0], buf, 0, 0));
	kev_free_page(buf);
}

static sigjmp_buf back;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void look_at(const char *at)
{
	__atomic_load_n(at, __ATOMIC_RELAXED);
}

/* Behind the last page of a mapping there is nothing. */
static void mappings(void)
{
	struct sigaction action = { .sa_handler = on_sigbus }, before;
	long page = getpagesize();
	static char *map;

	sigaction(SIGBUS, &action, &before);
	map = mmap(NULL, page, PROT_READ, MAP_SHARED, m.vcpu[0],
		   (1ll << 40) * page);
	if (map != MAP_FAILED && !sigsetjmp(back, 1)) {
		look_at(map);
		wrong = "a page far behind the mapping";
	}
	map = mmap(NULL, 64 * page, PROT_READ, MAP_SHARED, m.vcpu[0], 0);
	kev_assert(map != MAP_FAILED, "mmap");
	if (!sigsetjmp(back, 1)) {
		look_at(map + 3 * page);
		wrong = "a fourth page";
	}
	munmap(map, 64 * page);
	sigaction(SIGBUS, &before, NULL);
}

static void attack_numbers(struct attack *attack)
{
	static void (*const parts[])(void) = {
		counts, ids, addresses, lengths, mappings,
	};
	unsigned int i, round;

	for (round = 0; round < attack->times && !wrong; round++) {
		kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
		for (i = 0; i < ARRAY_SIZE(parts); i++)
			parts[i]();
		kev_machine_destroy(&m);
	}
	if (wrong)
		attack_fail(attack, wrong);
	attack_tell(attack, "%u rounds of counts, ids, addresses and lengths",
		    round);
}

HOSTILE_SUBJECT("numbers", attack_numbers);
