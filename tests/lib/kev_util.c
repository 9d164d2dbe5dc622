// SPDX-License-Identifier: GPL-2.0
/*
 * kev_util: see kev_util.h.  Nothing here knows the test harness: a call that
 * must succeed and does not ends the process with exit status 1.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "kev_util.h"

void kev_die(const char *file, int line, const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fprintf(stderr, "# %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": errno %d (%s)\n", err, strerror(err));
	fflush(stderr);
	_exit(EXIT_FAILURE);
}

uint64_t kev_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

pthread_t kev_thread_start(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, fn, arg);
	kev_assert(!errno, "pthread_create");
	return thread;
}

void kev_thread_join(pthread_t thread)
{
	errno = pthread_join(thread, NULL);
	kev_assert(!errno, "pthread_join");
}

/* The node. */

const char *kev_node(void)
{
	const char *node = getenv("KEV_NODE");

	return node && *node ? node : KVM_EVENTFD_NODE;
}

int kev_open(void)
{
	int fd = open(kev_node(), O_RDWR | O_CLOEXEC);

	kev_assert(fd >= 0, "open %s", kev_node());
	return fd;
}

int kev_check_extension(long cap)
{
	int node = kev_open();
	int ret = kev_ioctl_val(node, KVM_CHECK_EXTENSION, cap);

	close(node);
	return ret;
}

bool kev_has_vcpu_io(void)
{
	return kev_check_extension(KVM_EVENTFD_CAP_VCPU_IO) > 0;
}

bool kev_is_like(unsigned int major, unsigned int minor)
{
	unsigned int kernel[2];
	struct utsname name;

	if (kev_has_vcpu_io())
		return true;
	kev_assert(!uname(&name) &&
		   sscanf(name.release, "%u.%u", &kernel[0], &kernel[1]) == 2,
		   "the kernel's version");
	return kernel[0] > major || (kernel[0] == major && kernel[1] >= minor);
}

bool kev_is_pc(void)
{
	return kev_check_extension(KVM_CAP_SPLIT_IRQCHIP) > 0;
}

bool kev_has_chip(enum kev_chip chip)
{
	switch (chip) {
	case KEV_CHIP_FULL:
		return kev_check_extension(KVM_CAP_IRQCHIP) > 0;
	case KEV_CHIP_SPLIT:
		return kev_check_extension(KVM_CAP_SPLIT_IRQCHIP) > 0;
	case KEV_CHIP_NONE:
		return kev_is_pc();
	}
	return true;
}

/* Objects. */

int kev_create_vm(void)
{
	int node = kev_open();
	int vm = kev_ioctl_val(node, KVM_CREATE_VM, 0);

	close(node);
	return vm;
}

int __create_irqchip(int vm)
{
	return __kev_ioctl_val(vm, KVM_CREATE_IRQCHIP, 0);
}

void create_irqchip(int vm)
{
	kev_assert(!__create_irqchip(vm), "KVM_CREATE_IRQCHIP");
}

int __enable_cap(int fd, uint32_t cap, uint32_t flags, uint64_t arg0)
{
	struct kvm_enable_cap arg = {
		.cap = cap,
		.flags = flags,
		.args[0] = arg0,
	};

	return __kev_ioctl(fd, KVM_ENABLE_CAP, &arg);
}

void enable_cap(int fd, uint32_t cap, uint64_t arg0)
{
	kev_assert(!__enable_cap(fd, cap, 0, arg0), "KVM_ENABLE_CAP %u", cap);
}

int __create_vcpu(int vm, unsigned long id)
{
	return __kev_ioctl_val(vm, KVM_CREATE_VCPU, id);
}

int create_vcpu(int vm, unsigned long id)
{
	int vcpu = __create_vcpu(vm, id);

	kev_assert(vcpu >= 0, "KVM_CREATE_VCPU %lu", id);
	return vcpu;
}

void kev_machine_create(struct kev_machine *m, enum kev_chip chip,
			unsigned int nr_vcpus)
{
	unsigned int i;

	m->vm = kev_create_vm();
	if (chip == KEV_CHIP_FULL)
		create_irqchip(m->vm);
	else if (chip == KEV_CHIP_SPLIT)
		enable_cap(m->vm, KVM_CAP_SPLIT_IRQCHIP, 24);

	m->nr_vcpus = nr_vcpus;
	for (i = 0; i < nr_vcpus; i++) {
		m->vcpu[i] = create_vcpu(m->vm, i);
		/* A LAPIC is software-disabled until the guest enables it. */
		if (chip != KEV_CHIP_NONE)
			lapic_write_reg(m->vcpu[i], KEV_APIC_SPIV, 0x1ff);
	}
}

void kev_machine_destroy(struct kev_machine *m)
{
	unsigned int i;

	for (i = 0; i < m->nr_vcpus; i++)
		close(m->vcpu[i]);
	close(m->vm);
}

/* eventfds. */

int kev_eventfd(unsigned int count)
{
	int fd = eventfd(count, EFD_NONBLOCK | EFD_CLOEXEC);

	kev_assert(fd >= 0, "eventfd");
	return fd;
}

void kev_signal(int efd)
{
	uint64_t one = 1;

	kev_assert(write(efd, &one, sizeof(one)) == sizeof(one), "signal");
}

uint64_t kev_count(int efd)
{
	uint64_t count;

	if (read(efd, &count, sizeof(count)) == sizeof(count))
		return count;

	kev_assert(errno == EAGAIN, "read of an eventfd");
	return 0;
}

int kev_fd_of_kind(enum kev_fd_kind kind)
{
	int fd;

	switch (kind) {
	case KEV_FD_EVENTFD:
		return kev_eventfd(0);
	case KEV_FD_OTHER:
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		kev_assert(fd >= 0, "open /dev/null");
		return fd;
	case KEV_FD_CLOSED:
		break;
	}
	return -1;
}

/* irqfd and ioeventfd. */

int __irqfd(int vm, int fd, uint32_t gsi, uint32_t flags, int resamplefd)
{
	struct kvm_irqfd arg = {
		.fd = fd,
		.gsi = gsi,
		.flags = flags,
		.resamplefd = resamplefd,
	};

	return __kev_ioctl(vm, KVM_IRQFD, &arg);
}

void irqfd_assign(int vm, int fd, uint32_t gsi)
{
	kev_assert(!__irqfd(vm, fd, gsi, 0, 0), "KVM_IRQFD gsi %u", gsi);
}

void irqfd_assign_resample(int vm, int fd, uint32_t gsi, int resamplefd)
{
	kev_assert(!__irqfd(vm, fd, gsi, KVM_IRQFD_FLAG_RESAMPLE, resamplefd),
		   "KVM_IRQFD RESAMPLE gsi %u", gsi);
}

void irqfd_deassign(int vm, int fd, uint32_t gsi)
{
	kev_assert(!__irqfd(vm, fd, gsi, KVM_IRQFD_FLAG_DEASSIGN, 0),
		   "KVM_IRQFD DEASSIGN gsi %u", gsi);
}

int __ioeventfd(int vm, int fd, uint64_t addr, uint32_t len, uint32_t flags,
		uint64_t datamatch)
{
	struct kvm_ioeventfd arg = {
		.datamatch = datamatch,
		.addr = addr,
		.len = len,
		.fd = fd,
		.flags = flags,
	};

	return __kev_ioctl(vm, KVM_IOEVENTFD, &arg);
}

void ioeventfd_assign(int vm, int fd, uint64_t addr, uint32_t len,
		      uint32_t flags, uint64_t datamatch)
{
	kev_assert(!__ioeventfd(vm, fd, addr, len, flags, datamatch),
		   "KVM_IOEVENTFD addr %#llx len %u flags %#x",
		   (unsigned long long)addr, len, flags);
}

void ioeventfd_deassign(int vm, int fd, uint64_t addr, uint32_t len,
			uint32_t flags, uint64_t datamatch)
{
	flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
	kev_assert(!__ioeventfd(vm, fd, addr, len, flags, datamatch),
		   "KVM_IOEVENTFD DEASSIGN addr %#llx len %u flags %#x",
		   (unsigned long long)addr, len, flags);
}

/* Routing. */

struct kev_routes *kev_routes_new(void)
{
	struct kev_routes *r = calloc(1, sizeof(*r));

	kev_assert(r, "calloc");
	return r;
}

struct kvm_irq_routing_entry *kev_route_add(struct kev_routes *r, uint32_t gsi,
					    uint32_t type)
{
	struct kvm_irq_routing_entry *e = &r->entries[r->hdr.nr++];

	memset(e, 0, sizeof(*e));
	e->gsi = gsi;
	e->type = type;
	return e;
}

void kev_route_msi(struct kev_routes *r, uint32_t gsi, uint32_t dest,
		   uint32_t data)
{
	struct kvm_irq_routing_entry *e;

	e = kev_route_add(r, gsi, KVM_IRQ_ROUTING_MSI);
	e->u.msi.address_lo = KEV_MSI_DEST(dest);
	e->u.msi.data = data;
}

void kev_route_pin(struct kev_routes *r, uint32_t gsi, uint32_t chip,
		   uint32_t pin)
{
	struct kvm_irq_routing_entry *e;

	e = kev_route_add(r, gsi, KVM_IRQ_ROUTING_IRQCHIP);
	e->u.irqchip.irqchip = chip;
	e->u.irqchip.pin = pin;
}

int __set_gsi_routing(int vm, const struct kev_routes *r)
{
	const struct kvm_irq_routing *arg = (const void *)r;

	_Static_assert(offsetof(struct kev_routes, entries) == sizeof(*arg),
		       "entries follow the header");
	return __kev_ioctl(vm, KVM_SET_GSI_ROUTING, arg);
}

void set_gsi_routing(int vm, const struct kev_routes *r)
{
	kev_assert(!__set_gsi_routing(vm, r), "KVM_SET_GSI_ROUTING of %u",
		   r->hdr.nr);
}

void set_msi_route(int vm, uint32_t gsi, uint32_t dest, uint32_t data)
{
	struct kev_routes *r = kev_routes_new();

	kev_route_msi(r, gsi, dest, data);
	set_gsi_routing(vm, r);
	free(r);
}

int __signal_msi(int vm, uint32_t addr_lo, uint32_t data)
{
	struct kvm_msi msi = {
		.address_lo = addr_lo,
		.data = data,
	};

	return __kev_ioctl(vm, KVM_SIGNAL_MSI, &msi);
}

int signal_msi(int vm, uint32_t addr_lo, uint32_t data)
{
	int ret = __signal_msi(vm, addr_lo, data);

	kev_assert(ret >= 0, "KVM_SIGNAL_MSI addr %#x data %#x", addr_lo, data);
	return ret;
}

int __irq_line(int vm, uint32_t irq, uint32_t level)
{
	struct kvm_irq_level arg = {
		.irq = irq,
		.level = level,
	};

	return __kev_ioctl(vm, KVM_IRQ_LINE, &arg);
}

void irq_line(int vm, uint32_t irq, uint32_t level)
{
	kev_assert(!__irq_line(vm, irq, level), "KVM_IRQ_LINE %u", irq);
}

int irq_line_status(int vm, uint32_t irq, uint32_t level)
{
	struct kvm_irq_level arg = {
		.irq = irq,
		.level = level,
	};

	kev_ioctl(vm, KVM_IRQ_LINE_STATUS, &arg);
	return arg.status;
}

/* LAPIC. */

uint32_t lapic_reg(const struct kvm_lapic_state *s, unsigned int off)
{
	uint32_t val;

	memcpy(&val, s->regs + off, sizeof(val));
	return val;
}

void lapic_set_reg(struct kvm_lapic_state *s, unsigned int off, uint32_t val)
{
	memcpy(s->regs + off, &val, sizeof(val));
}

bool lapic_test_vector(const struct kvm_lapic_state *s, unsigned int off,
		       uint8_t vector)
{
	uint32_t word = lapic_reg(s, off + vector / 32 * 16);

	return word & 1u << vector % 32;
}

void get_lapic(int vcpu, struct kvm_lapic_state *s)
{
	kev_ioctl(vcpu, KVM_GET_LAPIC, s);
}

void set_lapic(int vcpu, const struct kvm_lapic_state *s)
{
	kev_ioctl(vcpu, KVM_SET_LAPIC, s);
}

uint32_t lapic_read_reg(int vcpu, unsigned int off)
{
	struct kvm_lapic_state s;

	get_lapic(vcpu, &s);
	return lapic_reg(&s, off);
}

void lapic_write_reg(int vcpu, unsigned int off, uint32_t val)
{
	struct kvm_lapic_state s;

	get_lapic(vcpu, &s);
	lapic_set_reg(&s, off, val);
	set_lapic(vcpu, &s);
}

bool lapic_irr(int vcpu, uint8_t vector)
{
	struct kvm_lapic_state s;

	get_lapic(vcpu, &s);
	return lapic_test_vector(&s, KEV_APIC_IRR, vector);
}

bool lapic_wait_irr(int vcpu, uint8_t vector)
{
	uint64_t deadline = kev_now_ms() + KEV_TIMEOUT_MS;

	while (!lapic_irr(vcpu, vector)) {
		if (kev_now_ms() > deadline)
			return false;
		sched_yield();
	}
	return true;
}

unsigned int lapic_count_irr(int vcpu)
{
	struct kvm_lapic_state s;
	unsigned int i, n = 0;

	get_lapic(vcpu, &s);
	for (i = 0; i < 8; i++)
		n += __builtin_popcount(lapic_reg(&s, KEV_APIC_IRR + i * 16));
	return n;
}

void lapic_clear_irr(int vcpu)
{
	struct kvm_lapic_state s;
	unsigned int i;

	get_lapic(vcpu, &s);
	for (i = 0; i < 8; i++)
		lapic_set_reg(&s, KEV_APIC_IRR + i * 16, 0);
	set_lapic(vcpu, &s);
}

bool lapic_take(int vcpu, uint8_t vector)
{
	bool arrived = lapic_wait_irr(vcpu, vector);

	lapic_clear_irr(vcpu);
	return arrived;
}

/* IOAPIC. */

static void get_ioapic(int vm, struct kvm_irqchip *chip)
{
	memset(chip, 0, sizeof(*chip));
	chip->chip_id = KVM_IRQCHIP_IOAPIC;
	kev_ioctl(vm, KVM_GET_IRQCHIP, chip);
}

void ioapic_set_rte(int vm, unsigned int pin, uint64_t rte)
{
	struct kvm_irqchip chip;

	get_ioapic(vm, &chip);
	chip.chip.ioapic.redirtbl[pin].bits = rte;
	kev_ioctl(vm, KVM_SET_IRQCHIP, &chip);
}

uint64_t ioapic_get_rte(int vm, unsigned int pin)
{
	struct kvm_irqchip chip;

	get_ioapic(vm, &chip);
	return chip.chip.ioapic.redirtbl[pin].bits;
}

/* The guest's side. */

ssize_t __vcpu_write(int vcpu, uint64_t off, uint64_t val, unsigned int len)
{
	uint64_t bytes = htole64(val);

	return pwrite(vcpu, &bytes, len, off);
}

void vcpu_write(int vcpu, uint64_t off, uint64_t val, unsigned int len)
{
	kev_assert(__vcpu_write(vcpu, off, val, len) == (ssize_t)len,
		   "guest write of %u at %#llx", len, (unsigned long long)off);
}

ssize_t __vcpu_read(int vcpu, uint64_t off, uint64_t *val, unsigned int len)
{
	uint64_t bytes = 0;
	ssize_t ret = pread(vcpu, &bytes, len, off);

	*val = le64toh(bytes);
	return ret;
}

uint64_t vcpu_read(int vcpu, uint64_t off, unsigned int len)
{
	uint64_t val;

	kev_assert(__vcpu_read(vcpu, off, &val, len) == (ssize_t)len,
		   "guest read of %u at %#llx", len, (unsigned long long)off);
	return val;
}

int __ack_interrupt(int vcpu, struct kvm_eventfd_interrupt *intr)
{
	return __kev_ioctl(vcpu, KVM_EVENTFD_ACK_INTERRUPT, intr);
}

struct kvm_eventfd_interrupt ack_interrupt(int vcpu)
{
	struct kvm_eventfd_interrupt intr = {};

	kev_assert(!__ack_interrupt(vcpu, &intr), "ACK_INTERRUPT");
	return intr;
}

static bool vcpu_poll(int vcpu, int timeout)
{
	struct pollfd pfd = { .fd = vcpu, .events = POLLIN };
	int ret = poll(&pfd, 1, timeout);

	kev_assert(ret >= 0, "poll of a vCPU");
	return ret && pfd.revents & POLLIN;
}

bool vcpu_wait_pending(int vcpu)
{
	return vcpu_poll(vcpu, KEV_TIMEOUT_MS);
}

bool vcpu_poll_now(int vcpu)
{
	return vcpu_poll(vcpu, 0);
}

void lapic_eoi(int vcpu)
{
	vcpu_write(vcpu, KEV_APIC_BASE + KEV_APIC_EOI, 0, 4);
}

/* Memory that faults. */

static char *alloc_two_pages(void)
{
	char *p = mmap(NULL, 2 * getpagesize(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	kev_assert(p != MAP_FAILED, "mmap");
	return p;
}

void *kev_alloc_at_page_end(size_t len)
{
	char *p = alloc_two_pages();

	kev_assert(!mprotect(p + getpagesize(), getpagesize(), PROT_NONE),
		   "mprotect");
	return p + getpagesize() - len;
}

void *kev_alloc_readonly(const void *src, size_t len)
{
	char *p = alloc_two_pages();

	memcpy(p, src, len);
	kev_assert(!mprotect(p, 2 * getpagesize(), PROT_READ), "mprotect");
	return p;
}

void kev_free_page(void *p)
{
	uintptr_t mask = getpagesize() - 1;

	munmap((void *)((uintptr_t)p & ~mask), 2 * getpagesize());
}

/* File descriptors. */

bool kev_raise_nofile(unsigned long nr)
{
	struct rlimit lim;

	kev_assert(!getrlimit(RLIMIT_NOFILE, &lim), "getrlimit");
	if (lim.rlim_cur >= nr)
		return true;

	lim.rlim_cur = nr;
	if (lim.rlim_max < nr)
		lim.rlim_max = nr;
	return !setrlimit(RLIMIT_NOFILE, &lim);
}

static rlim_t saved_nofile;

void kev_exhaust_fds(void)
{
	struct rlimit lim;

	kev_assert(!getrlimit(RLIMIT_NOFILE, &lim), "getrlimit");
	saved_nofile = lim.rlim_cur;
	lim.rlim_cur = 0;
	kev_assert(!setrlimit(RLIMIT_NOFILE, &lim), "setrlimit");
}

void kev_release_fds(void)
{
	struct rlimit lim;

	kev_assert(!getrlimit(RLIMIT_NOFILE, &lim), "getrlimit");
	lim.rlim_cur = saved_nofile;
	kev_assert(!setrlimit(RLIMIT_NOFILE, &lim), "setrlimit");
}
