// SPDX-License-Identifier: GPL-2.0
/*
 * latency: what is done at each documented maximum.  What a row prepares is not
 * measured; most of it is the subject of another row.
 */
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "latency.h"

#define MAX_ROUTES	131072u
#define MAX_VCPUS	4096u
#define NR_LINES	1024u
#define NR_IRQFDS	100000u
#define NR_IOEVENTFDS	65536u
#define NR_TIMERS	256u
#define NR_RESAMPLERS	20000u
#define NR_PAGES	32768u
#define PAGE		4096u
#define GSI		30
#define VECTOR		0x41
#define TO_ALL		0xff
#define DOORBELLS	0x10000ull
#define RUN_NS		20000000ull
#define SHORTHAND_OTHERS (3u << 18)
#define TMCCT		0x390
#define TDCR		0x3e0
#define PERIODIC	(1u << 17)

static void *zalloc(size_t nr, size_t size)
{
	void *p = calloc(nr, size);

	kev_assert(p, "calloc");
	return p;
}

/* What a program does that does nothing. */
static void run_idle(uint64_t ns)
{
	uint64_t end = clock_ns() + ns;

	while (clock_ns() < end)
		getppid();
}

static void nothing(const struct system *system, unsigned int size)
{
	(void)system;
	(void)size;
	probe_begin();
	run_idle(RUN_NS);
	probe_end();
}

/* Routes */

static struct kvm_irq_routing *routes_new(unsigned int nr)
{
	struct kvm_irq_routing *routes;
	unsigned int i;

	routes = zalloc(1, sizeof(*routes) + nr * sizeof(routes->entries[0]));
	routes->nr = nr;
	for (i = 0; i < nr; i++) {
		routes->entries[i].gsi = i;
		routes->entries[i].type = KVM_IRQ_ROUTING_MSI;
		routes->entries[i].u.msi.address_lo = KEV_MSI_DEST(0);
		routes->entries[i].u.msi.data = VECTOR;
	}
	return routes;
}

static void pins_first(struct kvm_irq_routing *routes, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		routes->entries[i] = (struct kvm_irq_routing_entry){
			.gsi = i,
			.type = KVM_IRQ_ROUTING_IRQCHIP,
			.u.irqchip.pin = i % NR_LINES,
		};
	}
}

static void set_routes(int vm, const struct kvm_irq_routing *routes)
{
	kev_assert(!ioctl(vm, KVM_SET_GSI_ROUTING, routes),
		   "KVM_SET_GSI_ROUTING of %u", routes->nr);
}

static void update_routes(int vm, const struct kvm_irq_routing *routes)
{
	kev_assert(!ioctl(vm, KVM_EVENTFD_UPDATE_ROUTES, routes),
		   "KVM_EVENTFD_UPDATE_ROUTES of %u", routes->nr);
}

static void clear_routes(int vm)
{
	struct kvm_irq_routing none = {};

	set_routes(vm, &none);
}

static int lines_vm(void)
{
	int node = kev_open();
	int vm = kev_ioctl_val(node, KVM_CREATE_VM, KVM_EVENTFD_VM_LINES);

	close(node);
	return vm;
}

static void allow_routes(int vm, unsigned int nr)
{
	if (nr > KEV_MAX_ROUTES)
		enable_cap(vm, KVM_EVENTFD_CAP_MAX_ROUTES, nr);
}

static void set_routing(const struct system *system, unsigned int size)
{
	struct kvm_irq_routing *routes = routes_new(size);
	struct kev_machine m;

	(void)system;
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	probe_begin();
	allow_routes(m.vm, size);
	set_routes(m.vm, routes);
	routes->entries[size / 2].u.msi.data++;
	set_routes(m.vm, routes);
	clear_routes(m.vm);
	probe_end();
}

static void update_all(const struct system *system, unsigned int size)
{
	struct kvm_irq_routing *routes = routes_new(size);
	unsigned int i;
	struct kev_machine m;

	(void)system;
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	allow_routes(m.vm, size);
	probe_begin();
	update_routes(m.vm, routes);
	for (i = 0; i < size; i++)
		routes->entries[i].u.msi.data++;
	update_routes(m.vm, routes);
	for (i = 0; i < size; i++)
		routes->entries[i].type = KVM_EVENTFD_ROUTING_NONE;
	update_routes(m.vm, routes);
	probe_end();
}

/* @pins of the GSIs are routed to 1,024 lines; 1,024 of those go. */
static void remove_pins(unsigned int size, unsigned int pins)
{
	struct kvm_irq_routing *routes = routes_new(size);
	int vm = lines_vm();
	unsigned int i;

	allow_routes(vm, size);
	pins_first(routes, pins);
	set_routes(vm, routes);
	routes->nr = NR_LINES;
	for (i = 0; i < NR_LINES; i++)
		routes->entries[i].type = KVM_EVENTFD_ROUTING_NONE;
	probe_begin();
	update_routes(vm, routes);
	probe_end();
}

static void remove_some_pins(const struct system *system, unsigned int size)
{
	(void)system;
	remove_pins(size, NR_LINES);
}

static void remove_shared_pins(const struct system *system, unsigned int size)
{
	(void)system;
	remove_pins(size, size);
}

/* Messages that were sent, and whose routes are gone when they are taken. */
static void fetch_stale(const struct system *system, unsigned int size)
{
	struct kvm_irq_routing *routes = routes_new(size);
	struct kvm_eventfd_event event;
	int vm = lines_vm(), vcpu = create_vcpu(vm, 0);
	unsigned int i;

	(void)system;
	allow_routes(vm, size);
	set_routes(vm, routes);
	for (i = 0; i < size; i++)
		irq_line(vm, i, 1);
	clear_routes(vm);
	probe_begin();
	while (!__kev_ioctl(vcpu, KVM_EVENTFD_FETCH, &event))
		;
	probe_end();
}

/* Irqfds on one GSI */

struct irqfds {
	struct kev_machine m;
	int *fds;
	unsigned int nr;
	struct kvm_irqfd *entries;
};

static void irqfds_batch(const struct irqfds *irqfds, uint32_t flags)
{
	struct kvm_eventfd_batch batch = {
		.entries = (uintptr_t)irqfds->entries,
		.nr = irqfds->nr,
	};
	unsigned int i;

	for (i = 0; i < irqfds->nr; i++)
		irqfds->entries[i] = (struct kvm_irqfd){
			.fd = irqfds->fds[i], .gsi = GSI, .flags = flags };
	kev_assert(kev_ioctl(irqfds->m.vm, KVM_EVENTFD_IRQFDS, &batch) ==
		   (int)irqfds->nr, "a batch of irqfds");
}

static void irqfds_open(struct irqfds *irqfds, unsigned int nr)
{
	unsigned int i;

	irqfds->nr = nr;
	irqfds->fds = zalloc(nr, sizeof(*irqfds->fds));
	irqfds->entries = zalloc(nr, sizeof(*irqfds->entries));
	for (i = 0; i < nr; i++)
		irqfds->fds[i] = kev_eventfd(0);
	kev_machine_create(&irqfds->m, KEV_CHIP_SPLIT, 1);
	set_msi_route(irqfds->m.vm, GSI, 0, VECTOR);
}

static void irqfd_batches(const struct system *system, unsigned int size)
{
	struct irqfds irqfds;

	(void)system;
	irqfds_open(&irqfds, size);
	probe_begin();
	irqfds_batch(&irqfds, 0);
	irqfds_batch(&irqfds, KVM_IRQFD_FLAG_DEASSIGN);
	probe_end();
}

static void irqfd_reroute(const struct system *system, unsigned int size)
{
	struct irqfds irqfds;

	(void)system;
	irqfds_open(&irqfds, size);
	irqfds_batch(&irqfds, 0);
	probe_begin();
	set_msi_route(irqfds.m.vm, GSI, 0, VECTOR + 1);
	clear_routes(irqfds.m.vm);
	set_msi_route(irqfds.m.vm, GSI, 0, VECTOR);
	kev_signal(irqfds.fds[0]);
	irqfd_deassign(irqfds.m.vm, irqfds.fds[0], GSI);
	irqfd_assign(irqfds.m.vm, irqfds.fds[0], GSI);
	probe_end();
}

static void irqfd_stats(const struct system *system, unsigned int size)
{
	struct irqfds irqfds;
	char data[4096];
	int stats;

	(void)system;
	irqfds_open(&irqfds, size);
	irqfds_batch(&irqfds, 0);
	stats = kev_ioctl_val(irqfds.m.vm, KVM_GET_STATS_FD, 0);
	probe_begin();
	kev_assert(pread(stats, data, sizeof(data), 0) > 0, "statistics");
	probe_end();
}

static void irqfd_vm_close(const struct system *system, unsigned int size)
{
	struct irqfds irqfds;

	(void)system;
	irqfds_open(&irqfds, size);
	irqfds_batch(&irqfds, 0);
	probe_begin();
	kev_machine_destroy(&irqfds.m);
	settle_ms(50);
	probe_end();
}

static void irqfd_fds_close(const struct system *system, unsigned int size)
{
	struct irqfds irqfds;
	unsigned int i;

	(void)system;
	irqfds_open(&irqfds, size);
	irqfds_batch(&irqfds, 0);
	probe_begin();
	for (i = 0; i < size; i++)
		close(irqfds.fds[i]);
	settle_ms(50);
	probe_end();
}

/* A level whose end is told to many: each has an irqfd of its own. */
static void resample_all(const struct system *system, unsigned int size)
{
	int first = kev_eventfd(0), resamplefd = kev_eventfd(0);
	struct kev_machine m;
	unsigned int i;

	(void)system;
	kev_machine_create(&m, KEV_CHIP_FULL, 1);
	ioapic_set_rte(m.vm, 5, KEV_RTE_LEVEL | VECTOR);
	irqfd_assign_resample(m.vm, first, 5, resamplefd);
	for (i = 1; i < size; i++)
		irqfd_assign_resample(m.vm, kev_eventfd(0), 5, resamplefd);
	kev_signal(first);
	vcpu_wait_pending(m.vcpu[0]);
	ack_interrupt(m.vcpu[0]);
	probe_begin();
	lapic_eoi(m.vcpu[0]);
	kev_machine_destroy(&m);
	settle_ms(50);
	probe_end();
}

/* Ioeventfds */

/* The entries stay: to unmap many pages of a program takes the kernel long. */
static void ioeventfds_batch(int vm, int fd, unsigned int nr, uint32_t flags)
{
	struct kvm_ioeventfd *entries = zalloc(nr, sizeof(*entries));
	struct kvm_eventfd_batch batch = {
		.entries = (uintptr_t)entries,
		.nr = nr,
	};
	unsigned int i;

	for (i = 0; i < nr; i++)
		entries[i] = (struct kvm_ioeventfd){
			.addr = DOORBELLS + i * 4096ull, .len = 4, .fd = fd,
			.flags = flags };
	kev_assert(kev_ioctl(vm, KVM_EVENTFD_IOEVENTFDS, &batch) == (int)nr,
		   "a batch of ioeventfds");
}

static void ioeventfd_batches(const struct system *system, unsigned int size)
{
	int fd = kev_eventfd(0);
	struct kev_machine m;

	(void)system;
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	probe_begin();
	ioeventfds_batch(m.vm, fd, size, 0);
	vcpu_write(m.vcpu[0], DOORBELLS, 0, 4);
	ioeventfds_batch(m.vm, fd, size, KVM_IOEVENTFD_FLAG_DEASSIGN);
	probe_end();
}

static void ioeventfd_vm_close(const struct system *system, unsigned int size)
{
	int fd = kev_eventfd(0);
	struct kev_machine m;

	(void)system;
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	ioeventfds_batch(m.vm, fd, size, 0);
	probe_begin();
	kev_machine_destroy(&m);
	settle_ms(50);
	probe_end();
}

/* As many devices as a bus has: one more, one less, and all at the end. */
static void zones(const struct system *system, unsigned int size)
{
	struct kvm_coalesced_mmio_zone zone = { .size = 8 };
	struct kev_machine m;
	unsigned int i;

	(void)system;
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	probe_begin();
	for (i = 0; i < size; i++) {
		zone.addr = DOORBELLS + i * 8;
		if (__kev_ioctl(m.vm, KVM_REGISTER_COALESCED_MMIO, &zone))
			break;
	}
	kev_ioctl(m.vm, KVM_UNREGISTER_COALESCED_MMIO, &zone);
	kev_machine_destroy(&m);
	settle_ms(20);
	probe_end();
}

/* Many vCPUs */

struct many {
	int vm;
	int *vcpu;
	unsigned int nr;
};

/* @lint0 is what LINT0 is to each. */
static void many_open(struct many *many, enum kev_chip chip, unsigned int nr,
		      uint32_t lint0)
{
	unsigned int i;

	many->nr = nr;
	many->vcpu = zalloc(nr, sizeof(*many->vcpu));
	many->vm = kev_create_vm();
	if (chip == KEV_CHIP_FULL)
		create_irqchip(many->vm);
	else
		enable_cap(many->vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	for (i = 0; i < nr; i++) {
		struct kvm_lapic_state s;

		many->vcpu[i] = create_vcpu(many->vm, i);
		get_lapic(many->vcpu[i], &s);
		lapic_set_reg(&s, KEV_APIC_SPIV, 0x1ff);
		if (lint0)
			lapic_set_reg(&s, KEV_APIC_LVT0, lint0);
		set_lapic(many->vcpu[i], &s);
	}
}

static void many_close_vcpus(struct many *many)
{
	unsigned int i;

	for (i = 0; i < many->nr; i++)
		close(many->vcpu[i]);
}

static void vcpus_create(const struct system *system, unsigned int size)
{
	struct many many;

	(void)system;
	probe_begin();
	many_open(&many, KEV_CHIP_FULL, size, 0);
	probe_end();
}

static void vcpus_close(const struct system *system, unsigned int size)
{
	struct many many;

	(void)system;
	many_open(&many, KEV_CHIP_FULL, size, 0);
	probe_begin();
	many_close_vcpus(&many);
	close(many.vm);
	settle_ms(50);
	probe_end();
}

static void messages_to_all(const struct system *system, unsigned int size)
{
	static const uint32_t modes[] = {
		0, KEV_MSI_LOWEST, KEV_MSI_NMI, KEV_MSI_INIT,
	};
	int fd = kev_eventfd(0);
	struct many many;
	unsigned int i;

	(void)system;
	many_open(&many, KEV_CHIP_SPLIT, size, 0);
	set_msi_route(many.vm, GSI, TO_ALL, VECTOR + 1);
	irqfd_assign(many.vm, fd, GSI);
	probe_begin();
	for (i = 0; i < ARRAY_SIZE(modes); i++)
		__signal_msi(many.vm, KEV_MSI_DEST(TO_ALL), modes[i] | VECTOR);
	irq_line(many.vm, GSI, 1);
	kev_signal(fd);
	settle_ms(20);
	probe_end();
}

static void ipi_to_others(const struct system *system, unsigned int size)
{
	struct many many;

	(void)system;
	many_open(&many, KEV_CHIP_SPLIT, size, 0);
	probe_begin();
	vcpu_write(many.vcpu[0], KEV_APIC_BASE + KEV_APIC_ICR,
		   SHORTHAND_OTHERS | KEV_MSI_ASSERT | VECTOR, 4);
	vcpu_write(many.vcpu[0], KEV_APIC_BASE + KEV_APIC_ICR,
		   SHORTHAND_OTHERS | KEV_MSI_ASSERT | KEV_MSI_INIT, 4);
	probe_end();
}

/* Every pin of the IOAPIC to all, requested by the state that is set. */
static void irqchip_to_all(const struct system *system, unsigned int size)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	struct many many;
	unsigned int i;

	(void)system;
	many_open(&many, KEV_CHIP_FULL, size, 0);
	kev_ioctl(many.vm, KVM_GET_IRQCHIP, &chip);
	for (i = 0; i < KVM_IOAPIC_NUM_PINS; i++)
		chip.chip.ioapic.redirtbl[i].bits =
			(uint64_t)TO_ALL << 56 | KEV_RTE_LEVEL | (VECTOR + i);
	chip.chip.ioapic.irr = (1u << KVM_IOAPIC_NUM_PINS) - 1;
	probe_begin();
	kev_ioctl(many.vm, KVM_SET_IRQCHIP, &chip);
	irq_line(many.vm, 6, 1);
	irq_line(many.vm, 6, 0);
	settle_ms(20);
	probe_end();
}

static void pic_to_all(const struct system *system, unsigned int size)
{
	struct many many;

	(void)system;
	many_open(&many, KEV_CHIP_FULL, size, KEV_MSI_EXTINT);
	probe_begin();
	irq_line(many.vm, 1, 1);
	irq_line(many.vm, 1, 0);
	settle_ms(10);
	probe_end();
}

/* Each tick is an interrupt and an NMI to all, and no ack is waited for. */
static void pit_to_all(const struct system *system, unsigned int size)
{
	struct kvm_reinject_control control = {};
	struct kvm_pit_config config = {};
	struct kvm_pit_state2 pit = {};
	struct many many;

	(void)system;
	many_open(&many, KEV_CHIP_FULL, size, KEV_MSI_NMI);
	kev_ioctl(many.vm, KVM_CREATE_PIT2, &config);
	kev_assert(!ioctl(many.vm, KVM_REINJECT_CONTROL, &control),
		   "KVM_REINJECT_CONTROL");
	ioapic_set_rte(many.vm, 2, (uint64_t)TO_ALL << 56 | VECTOR);
	kev_ioctl(many.vm, KVM_GET_PIT2, &pit);
	pit.channels[0].count = 1;
	pit.channels[0].mode = 2;
	pit.channels[0].gate = 1;
	probe_begin();
	kev_ioctl(many.vm, KVM_SET_PIT2, &pit);
	run_idle(RUN_NS);
	many_close_vcpus(&many);
	close(many.vm);
	settle_ms(20);
	probe_end();
}

/* The last vCPU leaves the destinations and comes back, again and again. */
static void spiv_toggles(const struct system *system, unsigned int size)
{
	struct many many;
	unsigned int i;
	int vcpu;

	(void)system;
	many_open(&many, KEV_CHIP_SPLIT, size, 0);
	vcpu = create_vcpu(many.vm, MAX_VCPUS * 4 - 1);
	probe_begin();
	for (i = 0; i < 100; i++)
		lapic_write_reg(vcpu, KEV_APIC_SPIV, i & 1 ? 0xff : 0x1ff);
	settle_ms(20);
	probe_end();
}

/* Timers */

static void timers_start(const struct many *many)
{
	struct kvm_lapic_state s;
	unsigned int i;

	for (i = 0; i < many->nr; i++) {
		get_lapic(many->vcpu[i], &s);
		lapic_set_reg(&s, KEV_APIC_LVTT, PERIODIC | VECTOR);
		lapic_set_reg(&s, TDCR, 0xb);
		lapic_set_reg(&s, KEV_APIC_TMICT, 1);
		lapic_set_reg(&s, TMCCT, 1);
		set_lapic(many->vcpu[i], &s);
	}
}

static void timers_run(const struct system *system, unsigned int size)
{
	struct many many;

	(void)system;
	many_open(&many, KEV_CHIP_SPLIT, size, 0);
	probe_begin();
	timers_start(&many);
	run_idle(RUN_NS);
	probe_end();
}

/* A guest that takes each tick at once. */
static void timers_served(const struct system *system, unsigned int size)
{
	struct kvm_eventfd_interrupt intr;
	struct many many;
	uint64_t end;
	unsigned int i;

	(void)system;
	many_open(&many, KEV_CHIP_SPLIT, size, 0);
	probe_begin();
	timers_start(&many);
	for (end = clock_ns() + RUN_NS; clock_ns() < end;)
		for (i = 0; i < size; i++)
			if (!__ack_interrupt(many.vcpu[i], &intr))
				lapic_eoi(many.vcpu[i]);
	probe_end();
}

static void timers_alone(const struct system *system, unsigned int size)
{
	struct many many;

	(void)system;
	many_open(&many, KEV_CHIP_SPLIT, size, 0);
	probe_begin();
	timers_start(&many);
	many_close_vcpus(&many);
	run_idle(RUN_NS);
	close(many.vm);
	settle_ms(20);
	probe_end();
}

/* Many that wait: each is a thread that polls one vCPU until there is an event */

/**
 * struct pollers - Threads that poll
 * @threads:	They.
 * @nr:		How many.
 * @woken:	How many have returned from poll().
 * @all:	eventfd: all have.
 * @leave:	They may end: what the end of a thread costs is the kernel's.
 */
struct pollers {
	pthread_t *threads;
	unsigned int nr;
	atomic_uint woken;
	int all;
	sem_t leave;
};

struct poller {
	struct pollers *pollers;
	int fd;
};

static void *poll_one(void *arg)
{
	struct poller *poller = arg;
	struct pollfd pfd = { .fd = poller->fd, .events = POLLIN };
	struct pollers *pollers = poller->pollers;

	free(poller);
	poll(&pfd, 1, -1);
	if (atomic_fetch_add(&pollers->woken, 1) + 1 == pollers->nr)
		kev_signal(pollers->all);
	while (sem_wait(&pollers->leave))
		;
	return NULL;
}

/* As many as @nr: the first for vcpu[0], the next for vcpu[step], ... */
static void pollers_start(struct pollers *pollers, int *vcpu, unsigned int step,
			  unsigned int nr)
{
	pthread_attr_t attr;
	unsigned int i;

	*pollers = (struct pollers){ .nr = nr };
	pollers->all = eventfd(0, EFD_CLOEXEC);
	kev_assert(pollers->all >= 0, "eventfd");
	sem_init(&pollers->leave, 0, 0);
	pollers->threads = zalloc(nr, sizeof(*pollers->threads));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (i = 0; i < nr; i++) {
		struct poller *poller = zalloc(1, sizeof(*poller));

		poller->pollers = pollers;
		poller->fd = vcpu[i * step];
		errno = pthread_create(&pollers->threads[i], &attr, poll_one,
				       poller);
		kev_assert(!errno, "pthread_create");
	}
	settle_ms(50);
}

/* Until all have been woken. */
static void pollers_wait(const struct pollers *pollers)
{
	uint64_t value;

	kev_assert(read(pollers->all, &value, sizeof(value)) == sizeof(value),
		   "the pollers");
}

static void pollers_end(struct pollers *pollers)
{
	unsigned int i;

	for (i = 0; i < pollers->nr; i++)
		sem_post(&pollers->leave);
	for (i = 0; i < pollers->nr; i++)
		kev_thread_join(pollers->threads[i]);
	close(pollers->all);
}

static void lines_polled(const struct system *system, unsigned int size)
{
	int *vcpu = zalloc(size, sizeof(*vcpu));
	struct pollers pollers;
	int vm = lines_vm();
	unsigned int i;

	(void)system;
	for (i = 0; i < size; i++)
		vcpu[i] = create_vcpu(vm, i);
	pollers_start(&pollers, vcpu, 1, size);
	probe_begin();
	irq_line(vm, 3, 1);
	pollers_wait(&pollers);
	probe_end();
	pollers_end(&pollers);
}

static void lapic_polled(const struct system *system, unsigned int size)
{
	struct pollers pollers;
	struct kev_machine m;

	(void)system;
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	pollers_start(&pollers, m.vcpu, 0, size);
	probe_begin();
	signal_msi(m.vm, KEV_MSI_DEST(0), VECTOR);
	pollers_wait(&pollers);
	probe_end();
	pollers_end(&pollers);
}

static void line_polled(const struct system *system, unsigned int size)
{
	struct pollers pollers;
	int vm = lines_vm();
	int vcpu = create_vcpu(vm, 0);

	(void)system;
	pollers_start(&pollers, &vcpu, 0, size);
	probe_begin();
	irq_line(vm, 3, 1);
	pollers_wait(&pollers);
	probe_end();
	pollers_end(&pollers);
}

/* The kernel alone */

static void take_pages(const struct system *system, unsigned int size)
{
	size_t bytes = (size_t)size * PAGE;
	char *p;
	size_t i;

	(void)system;
	probe_begin();
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kev_assert(p != MAP_FAILED, "mmap");
	for (i = 0; i < bytes; i += PAGE)
		p[i] = 1;
	probe_end();
}

static void free_pages(const struct system *system, unsigned int size)
{
	size_t bytes = (size_t)size * PAGE;
	int fd = memfd_create("pages", MFD_CLOEXEC);

	(void)system;
	kev_assert(fd >= 0 && !posix_fallocate(fd, 0, bytes), "memfd");
	probe_begin();
	close(fd);
	settle_ms(50);
	probe_end();
}

static void unmap_pages(const struct system *system, unsigned int size)
{
	size_t bytes = (size_t)size * PAGE;
	char *p;

	(void)system;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	kev_assert(p != MAP_FAILED, "mmap");
	probe_begin();
	munmap(p, bytes);
	settle_ms(50);
	probe_end();
}

static void close_eventfds(const struct system *system, unsigned int size)
{
	int *fds = zalloc(size, sizeof(*fds));
	unsigned int i;

	(void)system;
	for (i = 0; i < size; i++)
		fds[i] = kev_eventfd(0);
	probe_begin();
	for (i = 0; i < size; i++)
		close(fds[i]);
	settle_ms(50);
	probe_end();
}

const struct row kernel_rows[] = {
	{ "pages of a program, first written to", NR_PAGES, take_pages, false,
	  false },
	{ "pages of a file in memory, freed", NR_PAGES, free_pages, false,
	  false },
	{ "pages of a program, unmapped", NR_PAGES, unmap_pages, false, false },
	{ "eventfds, closed", NR_IRQFDS, close_eventfds, false, false },
};

const unsigned int nr_kernel_rows = ARRAY_SIZE(kernel_rows);

const struct row latency_rows[] = {
	{ "nothing", 0, nothing, true, true },
	{ "SET_GSI_ROUTING, entries", KEV_MAX_ROUTES, set_routing, true, true },
	{ "SET_GSI_ROUTING, entries", MAX_ROUTES, set_routing, false, true },
	{ "UPDATE_ROUTES, entries", MAX_ROUTES, update_all, false, false },
	{ "UPDATE_ROUTES takes 1,024 pins from a table of", MAX_ROUTES,
	  remove_some_pins, false, true },
	{ "UPDATE_ROUTES takes 1,024 pins of a table of pins", MAX_ROUTES,
	  remove_shared_pins, false, false },
	{ "FETCH behind stale messages", MAX_ROUTES, fetch_stale, false,
	  false },
	{ "IRQFDS, in and out, on one GSI", NR_IRQFDS, irqfd_batches, false,
	  false },
	{ "new route of a GSI with irqfds", NR_IRQFDS, irqfd_reroute, false,
	  false },
	{ "read of statistics with irqfds", NR_IRQFDS, irqfd_stats, false,
	  false },
	{ "close of a VM with irqfds on one GSI", NR_IRQFDS, irqfd_vm_close,
	  false, false },
	{ "close of eventfds with irqfds", NR_IRQFDS, irqfd_fds_close, false,
	  false },
	{ "EOI of a line with resamplers, and close", NR_RESAMPLERS,
	  resample_all, false, false },
	{ "IOEVENTFDS, in and out", MAX_ROUTES, ioeventfd_batches, false,
	  false },
	{ "close of a VM with ioeventfds", NR_IOEVENTFDS, ioeventfd_vm_close,
	  false, false },
	{ "coalesced zones come and go", 1000, zones, true, true },
	{ "CREATE_VCPU, SET_LAPIC of vCPUs", MAX_VCPUS, vcpus_create, true,
	  false },
	{ "close of a VM with vCPUs", MAX_VCPUS, vcpus_close, true, false },
	{ "messages to all vCPUs", MAX_VCPUS, messages_to_all, true, false },
	{ "IPI to all other vCPUs", MAX_VCPUS, ipi_to_others, false, false },
	{ "SET_IRQCHIP, 24 pins to all vCPUs", MAX_VCPUS, irqchip_to_all, true,
	  false },
	{ "PIC, LINT0 of all vCPUs", MAX_VCPUS, pic_to_all, true, false },
	{ "PIT at its fastest to all vCPUs", MAX_VCPUS, pit_to_all, true,
	  false },
	{ "SPIV of the highest id, among vCPUs", MAX_VCPUS - 1, spiv_toggles,
	  true, false },
	{ "LAPIC timers at their fastest, nobody serves", NR_TIMERS, timers_run,
	  true, true },
	{ "LAPIC timers at their fastest, served", NR_TIMERS, timers_served,
	  false, false },
	{ "LAPIC timers whose vCPU fds are closed", NR_TIMERS, timers_alone,
	  true, false },
	{ "a line for vCPUs that are polled", NR_LINES, lines_polled, false,
	  true },
	{ "a line for one vCPU with pollers", NR_LINES, line_polled, false,
	  false },
	{ "a message for one vCPU with pollers", NR_LINES, lapic_polled, false,
	  true },
};

const unsigned int nr_latency_rows = ARRAY_SIZE(latency_rows);
