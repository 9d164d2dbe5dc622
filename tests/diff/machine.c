// SPDX-License-Identifier: GPL-2.0
/*
 * Machines: a VM on either node, its eventfds, and all that can be seen of it.
 *
 * Work that an irqfd leaves to a work item is waited for: by the VM's statistics, or
 * on kvm.ko by a sentinel, a second VM whose irqfd goes the same way, so that its
 * work is queued behind.  The test runs on one CPU of a kernel that does not preempt
 * itself, where work items of one queue that do not sleep end in the order of
 * queueing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "diff.h"

#define SENTINEL_GSI	3
#define SETTLE_SECONDS	20

/**
 * struct sentinel - A VM whose irqfd's work follows all work queued before
 * @node:	The open device node.
 * @vm:		Its fd.
 * @fd:		Signals SENTINEL_GSI, a pin of PIC and IOAPIC.
 * @other:	An eventfd that is no irqfd.
 */
struct sentinel {
	int node;
	int vm;
	int fd;
	int other;
};

static struct sentinel sentinels[2];

void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("kev-diff: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	fflush(stderr);
	script_where();
	exit(2);
}

void must(bool ok, const char *what)
{
	if (!ok)
		die("%s: %s", what, strerror(errno));
}

static struct sentinel *sentinel_of(const struct backend *backend)
{
	return &sentinels[backend == &backend_kev];
}

int machine_node(const struct backend *backend)
{
	return sentinel_of(backend)->node;
}

static void sentinel_open(struct sentinel *s, const char *node)
{
	struct kvm_irqfd irqfd = { .gsi = SENTINEL_GSI };

	s->node = open(node, O_RDWR | O_CLOEXEC);
	must(s->node >= 0, node);
	s->vm = ioctl(s->node, KVM_CREATE_VM, 0);
	must(s->vm >= 0, "KVM_CREATE_VM");
	must(!ioctl(s->vm, KVM_CREATE_IRQCHIP), "KVM_CREATE_IRQCHIP");
	s->fd = eventfd(0, EFD_NONBLOCK);
	s->other = eventfd(0, EFD_NONBLOCK);
	must(s->fd >= 0 && s->other >= 0, "eventfd");
	irqfd.fd = s->fd;
	must(!ioctl(s->vm, KVM_IRQFD, &irqfd), "KVM_IRQFD");
}

/* Open both nodes, and stay on one CPU from here on. */
void machine_open_nodes(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	must(!sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
	sentinel_open(sentinel_of(&backend_kvm), backend_kvm.node);
	sentinel_open(sentinel_of(&backend_kev), backend_kev.node);
}

static time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Wait until all work that was queued up to now is done. */
static void sentinel_wait(const struct sentinel *s, const char *name)
{
	struct kvm_irqchip pic = { .chip_id = KVM_IRQCHIP_PIC_MASTER };
	time_t end = seconds_now() + SETTLE_SECONDS;
	const uint64_t one = 1;

	must(write(s->fd, &one, sizeof(one)) == sizeof(one), "write");
	for (;;) {
		must(!ioctl(s->vm, KVM_GET_IRQCHIP, &pic), "KVM_GET_IRQCHIP");
		if (pic.chip.pic.irr & 1 << SENTINEL_GSI)
			break;
		if (seconds_now() > end)
			die("%s: an irqfd's work is not done after %d s", name,
			    SETTLE_SECONDS);
		sched_yield();
	}
	pic.chip.pic.irr = 0;
	must(!ioctl(s->vm, KVM_SET_IRQCHIP, &pic), "KVM_SET_IRQCHIP");
}

static void settled_wait(struct machine *m)
{
	time_t end = seconds_now() + SETTLE_SECONDS;

	while (!m->backend->settled(m)) {
		if (seconds_now() > end)
			die("%s: a signal does not end in %d s",
			    m->backend->name, SETTLE_SECONDS);
		sched_yield();
	}
}

/* Wait until nothing is on its way any more. */
void machine_settle(struct machine *m)
{
	const struct sentinel *s = sentinel_of(m->backend);
	struct kvm_irqfd nothing = {
		.fd = s->other, .flags = KVM_IRQFD_FLAG_DEASSIGN,
	};

	if (!m->has_irqfds)
		return;
	/* A deassign waits for the teardown of eventfds that were closed. */
	must(!ioctl(m->vm, KVM_IRQFD, &nothing), "KVM_IRQFD");
	if (m->backend->settled)
		settled_wait(m);
	else
		sentinel_wait(s, m->backend->name);
}

void machine_new_eventfd(struct machine *m, unsigned int slot)
{
	char path[64];

	m->fd[slot] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	must(m->fd[slot] >= 0, "eventfd");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", m->fd[slot]);
	if (m->info[slot] >= 0)
		close(m->info[slot]);
	m->info[slot] = open(path, O_RDONLY | O_CLOEXEC);
	must(m->info[slot] >= 0, path);
}

static void create_chips(struct machine *m)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP };

	if (m->config.mode == MODE_FULL)
		must(!ioctl(m->vm, KVM_CREATE_IRQCHIP), "KVM_CREATE_IRQCHIP");
	cap.args[0] = 24;
	if (m->config.mode == MODE_SPLIT)
		must(!ioctl(m->vm, KVM_ENABLE_CAP, &cap), "split irqchip");
	cap.cap = KVM_CAP_X2APIC_API;
	cap.args[0] = m->config.x2apic_api;
	if (cap.args[0])
		must(!ioctl(m->vm, KVM_ENABLE_CAP, &cap), "KVM_CAP_X2APIC_API");
}

static void create_cpu(struct machine *m, unsigned int cpu)
{
	struct kvm_mp_state runnable = { KVM_MP_STATE_RUNNABLE };
	int size = ioctl(machine_node(m->backend), KVM_GET_VCPU_MMAP_SIZE, 0);

	must(size > 0, "KVM_GET_VCPU_MMAP_SIZE");
	m->cpu[cpu] = ioctl(m->vm, KVM_CREATE_VCPU, (unsigned long)cpu);
	must(m->cpu[cpu] >= 0, "KVM_CREATE_VCPU");
	m->run[cpu] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			   m->cpu[cpu], 0);
	must(m->run[cpu] != MAP_FAILED, "mmap of a vCPU");
	m->backend->setup_cpu(m, cpu);
	must(!ioctl(m->cpu[cpu], KVM_SET_MP_STATE, &runnable),
	     "KVM_SET_MP_STATE");
	m->mp_state[cpu] = KVM_MP_STATE_RUNNABLE;
}

/*
 * Until some LAPIC has changed, kvm.ko finds none of the new ones: see the
 * difference "new-vcpu".  VMMs load the state that they have just read.
 */
static void load_lapics(struct machine *m)
{
	struct kvm_lapic_state lapic;
	unsigned int i;

	for (i = 0; i < m->config.nr_cpus; i++) {
		must(!ioctl(m->cpu[i], KVM_GET_LAPIC, &lapic),
		     "KVM_GET_LAPIC");
		must(!ioctl(m->cpu[i], KVM_SET_LAPIC, &lapic),
		     "KVM_SET_LAPIC");
	}
}

static void create_vm(struct machine *m)
{
	unsigned int i;

	m->vm = ioctl(machine_node(m->backend), KVM_CREATE_VM, 0);
	must(m->vm >= 0, "KVM_CREATE_VM");
	create_chips(m);
	m->backend->setup(m);
	for (i = 0; i < m->config.nr_cpus; i++)
		create_cpu(m, i);
	if (m->config.mode != MODE_NONE && !m->config.fresh)
		load_lapics(m);
}

static void destroy_vm(struct machine *m)
{
	int size = ioctl(machine_node(m->backend), KVM_GET_VCPU_MMAP_SIZE, 0);
	unsigned int i;

	for (i = 0; i < m->config.nr_cpus; i++) {
		munmap(m->run[i], size);
		close(m->cpu[i]);
	}
	close(m->vm);
	m->backend->teardown(m);
}

void machine_create(struct machine *m, const struct backend *backend,
		    const struct config *config)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->backend = backend;
	m->config = *config;
	m->other = -1;
	create_vm(m);
	for (i = 0; i < NR_FDS; i++) {
		m->info[i] = -1;
		m->held[i] = -1;
		machine_new_eventfd(m, i);
	}
}

/* A new VM in the place of the old one; the eventfds stay. */
void machine_renew(struct machine *m)
{
	destroy_vm(m);
	m->has_irqfds = false;
	create_vm(m);
}

void machine_destroy(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < NR_FDS; i++) {
		close(m->fd[i]);
		close(m->info[i]);
		if (m->held[i] >= 0)
			close(m->held[i]);
	}
	if (m->other >= 0)
		close(m->other);
	destroy_vm(m);
}

/* A CPU that waits for a SIPI or is halted makes no accesses. */
bool machine_cpu_runs(const struct machine *m, unsigned int cpu)
{
	return cpu < m->config.nr_cpus &&
	       m->mp_state[cpu] == KVM_MP_STATE_RUNNABLE;
}

void add_event(struct observation *o, unsigned int cpu, enum event_type type,
	       uint8_t vector)
{
	if (o->nr_events == MAX_EVENTS)
		die("more than %d events in one step", MAX_EVENTS);
	o->event[o->nr_events++] = (struct event){ cpu, type, vector };
}

/* Reading an eventfd would change it; its fdinfo tells the count, too. */
static uint64_t eventfd_count(int info)
{
	static const char key[] = "eventfd-count:";
	char text[512];
	const char *at;
	ssize_t len;

	len = pread(info, text, sizeof(text) - 1, 0);
	must(len > 0, "fdinfo");
	text[len] = '\0';
	at = strstr(text, key);
	if (!at)
		die("no count in an eventfd's fdinfo");
	return strtoull(at + sizeof(key) - 1, NULL, 16);
}

static void observe_eventfds(struct machine *m, struct observation *o)
{
	struct pollfd fds[NR_FDS];
	unsigned int i;

	for (i = 0; i < NR_FDS; i++)
		fds[i] = (struct pollfd){ .fd = m->fd[i], .events = POLLIN };
	must(poll(fds, NR_FDS, 0) >= 0, "poll");
	for (i = 0; i < NR_FDS; i++)
		if (fds[i].revents & POLLIN)
			o->counter[i] = eventfd_count(m->info[i]);
}

static void observe_chips(struct machine *m, struct observation *o)
{
	unsigned int i;

	for (i = 0; i < NR_CHIPS; i++) {
		o->chip[i].chip_id = i;
		must(!ioctl(m->vm, KVM_GET_IRQCHIP, &o->chip[i]),
		     "KVM_GET_IRQCHIP");
	}
}

/* One for all vCPUs. */
struct kvm_coalesced_mmio_ring *machine_ring(const struct machine *m)
{
	return (void *)((uint8_t *)m->run[0] + RING_PAGE * PAGE_SIZE);
}

/* After the step's events were taken. */
void machine_observe(struct machine *m, struct observation *o)
{
	struct kvm_mp_state mp;
	unsigned int i;

	observe_eventfds(m, o);
	memcpy(o->ring, machine_ring(m), sizeof(o->ring));
	if (m->config.mode == MODE_FULL)
		observe_chips(m, o);
	for (i = 0; i < m->config.nr_cpus; i++) {
		must(!ioctl(m->cpu[i], KVM_GET_MP_STATE, &mp),
		     "KVM_GET_MP_STATE");
		o->mp_state[i] = mp.mp_state;
		m->mp_state[i] = mp.mp_state;
		if (m->config.mode == MODE_NONE)
			continue;
		must(!ioctl(m->cpu[i], KVM_GET_LAPIC, &o->lapic[i]),
		     "KVM_GET_LAPIC");
	}
}
