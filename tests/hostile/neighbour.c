// SPDX-License-Identifier: GPL-2.0
/*
 * What a VM costs its user while the owner of another does the worst: all of it
 * succeeds, at the price that it has alone.
 *
 * One CPU, whose clock counts instructions (boot -i).  What is compared is the CPU
 * time of the user's own thread: with that clock it is the instructions that its calls
 * executed, the same on every host, and not those for which the scheduler gave the CPU
 * to the other.  The median is taken, since an interrupt of the host's clock is counted
 * for the one that it hits.  How long a call may have to wait is for the subject
 * latency.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"

#define PERCENT		10	/* more than alone, at most */
#define NR_ROUNDS	41
#define GAP_NS		100000ull
#define GSI		24
#define VECTOR		0x41
#define DOORBELL	0x1000ull
#define SPACING		4096ull
#define TO_ALL		0xff

/* The neighbour: each call of a round, in this order */

enum call {
	CALL_CREATE_VM,
	CALL_ASSIGN,
	CALL_SIGNAL,
	CALL_DEASSIGN,
	CALL_IO_ASSIGN,
	CALL_DOORBELL,
	CALL_IO_DEASSIGN,
	CALL_CLOSE_VM,
	NR_CALLS,
};

static const char *const call_names[] = {
	"VM", "assign", "signal", "deassign", "io assign", "doorbell",
	"io deassign", "close",
};

struct neighbour {
	int node;
	struct kev_machine m;
	int new_vm;
	int fd;
	uint64_t cost[NR_CALLS][NR_ROUNDS];
	const char *failed;
};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Meanwhile it is the other's turn. */
static void gap(void)
{
	struct timespec ts = { .tv_nsec = GAP_NS };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

static bool do_call(struct neighbour *n, enum call call)
{
	uint64_t one = 1;

	switch (call) {
	case CALL_CREATE_VM:
		n->new_vm = ioctl(n->node, KVM_CREATE_VM, 0);
		return n->new_vm >= 0;
	case CALL_ASSIGN:
		return !__irqfd(n->m.vm, n->fd, GSI, 0, 0);
	case CALL_SIGNAL:
		return write(n->fd, &one, sizeof(one)) == sizeof(one);
	case CALL_DEASSIGN:
		return !__irqfd(n->m.vm, n->fd, GSI, KVM_IRQFD_FLAG_DEASSIGN,
				0);
	case CALL_IO_ASSIGN:
		return !__ioeventfd(n->m.vm, n->fd, DOORBELL, 4, 0, 0);
	case CALL_DOORBELL:
		return __vcpu_write(n->m.vcpu[0], DOORBELL, 0, 4) == 4;
	case CALL_IO_DEASSIGN:
		return !__ioeventfd(n->m.vm, n->fd, DOORBELL, 4,
				    KVM_IOEVENTFD_FLAG_DEASSIGN, 0);
	case CALL_CLOSE_VM:
		return !close(n->new_vm);
	default:
		return false;
	}
}

static void clean_up(struct neighbour *n)
{
	struct kvm_eventfd_interrupt intr;

	if (!__ack_interrupt(n->m.vcpu[0], &intr))
		lapic_eoi(n->m.vcpu[0]);
	kev_count(n->fd);
}

static void neighbour_round(struct neighbour *n, unsigned int round)
{
	enum call call;
	uint64_t began;
	bool done;

	for (call = 0; call < NR_CALLS; call++) {
		gap();
		began = cpu_ns();
		done = do_call(n, call);
		n->cost[call][round] = cpu_ns() - began;
		if (!done)
			n->failed = call_names[call];
	}
	clean_up(n);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void neighbour_run(struct neighbour *n, uint64_t *medians)
{
	unsigned int i;

	n->failed = NULL;
	/* Once without counting: what is made at the first use is there then. */
	neighbour_round(n, 0);
	for (i = 0; i < NR_ROUNDS; i++)
		neighbour_round(n, i);
	for (i = 0; i < NR_CALLS; i++) {
		qsort(n->cost[i], NR_ROUNDS, sizeof(n->cost[i][0]), compare);
		medians[i] = n->cost[i][NR_ROUNDS / 2];
	}
}

/* What the other does, for ever, once it is @ready */

static void be_ready(int ready)
{
	kev_signal(ready);
}

static void batch_of(int vm, int fd, uint32_t nr, uint64_t datamatch,
		     uint32_t flags)
{
	struct kvm_ioeventfd *entries = calloc(nr, sizeof(*entries));
	struct kvm_eventfd_batch batch = {
		.entries = (uintptr_t)entries,
		.nr = nr,
	};
	uint32_t i;

	kev_assert(entries, "calloc");
	for (i = 0; i < nr; i++)
		entries[i] = (struct kvm_ioeventfd){
			.addr = DOORBELL + i * SPACING, .len = 8, .fd = fd,
			.datamatch = datamatch,
			.flags = flags | KVM_IOEVENTFD_FLAG_DATAMATCH };
	/* What does not go in is what is tried. */
	__kev_ioctl(vm, KVM_EVENTFD_IOEVENTFDS, &batch);
	free(entries);
}

/* Doorbells a page apart with values that a hash may not spread. */
static void flood(int ready)
{
	uint32_t random = 2463534242u;
	int fd = kev_eventfd(0);

	for (;;) {
		int vm = kev_create_vm();
		unsigned int i;

		for (i = 0; i < 4; i++) {
			batch_of(vm, fd, 20000, next_random_64(&random), 0);
			be_ready(ready);
		}
		close(vm);
	}
}

static void open_irqfds(const struct kev_machine *m, int *fds, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		fds[i] = kev_eventfd(0);
		irqfd_assign(m->vm, fds[i], GSI);
	}
}

static void hang_up(int ready)
{
	struct kev_machine m;
	unsigned int i;
	int fds[500];

	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	set_msi_route(m.vm, GSI, 0, VECTOR);
	for (;;) {
		open_irqfds(&m, fds, ARRAY_SIZE(fds));
		be_ready(ready);
		for (i = 0; i < ARRAY_SIZE(fds); i++)
			close(fds[i]);
	}
}

static void reroute(int ready)
{
	struct kev_routes *routes = kev_routes_new();
	struct kev_machine m;
	unsigned int i;
	int fds[500];

	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	for (i = 0; i < KEV_MAX_ROUTES; i++)
		kev_route_msi(routes, i, 0, VECTOR);
	set_gsi_routing(m.vm, routes);
	open_irqfds(&m, fds, ARRAY_SIZE(fds));
	be_ready(ready);
	for (;;) {
		for (i = 0; i < KEV_MAX_ROUTES; i++)
			routes->entries[i].u.msi.data ^= 1;
		set_gsi_routing(m.vm, routes);
	}
}

/* A level that many resamplers end and raise again. */
static void resample(int ready)
{
	struct kvm_eventfd_interrupt intr;
	struct kev_machine m;
	unsigned int i;
	int fds[200];

	kev_machine_create(&m, KEV_CHIP_FULL, 1);
	ioapic_set_rte(m.vm, 5, KEV_RTE_LEVEL | VECTOR);
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = kev_eventfd(0);
		irqfd_assign_resample(m.vm, fds[i], 5, kev_eventfd(0));
	}
	be_ready(ready);
	for (i = 0;; i++) {
		kev_signal(fds[i % ARRAY_SIZE(fds)]);
		if (!__ack_interrupt(m.vcpu[0], &intr))
			lapic_eoi(m.vcpu[0]);
	}
}

static void enable_lapic(int vcpu, bool timer)
{
	struct kvm_lapic_state s;

	get_lapic(vcpu, &s);
	lapic_set_reg(&s, KEV_APIC_SPIV, 0x1ff);
	if (timer) {
		lapic_set_reg(&s, KEV_APIC_LVTT, 1u << 17 | VECTOR);
		lapic_set_reg(&s, 0x3e0, 0xb);
		lapic_set_reg(&s, KEV_APIC_TMICT, 1);
		lapic_set_reg(&s, 0x390, 1);
	}
	set_lapic(vcpu, &s);
}

static void pit_start(int vm)
{
	struct kvm_reinject_control control = {};
	struct kvm_pit_config config = {};
	struct kvm_pit_state2 pit = {};

	kev_ioctl(vm, KVM_CREATE_PIT2, &config);
	kev_assert(!ioctl(vm, KVM_REINJECT_CONTROL, &control),
		   "KVM_REINJECT_CONTROL");
	ioapic_set_rte(vm, 2, (uint64_t)TO_ALL << 56 | VECTOR);
	kev_ioctl(vm, KVM_GET_PIT2, &pit);
	pit.channels[0].count = 1;
	pit.channels[0].mode = 2;
	pit.channels[0].gate = 1;
	kev_ioctl(vm, KVM_SET_PIT2, &pit);
}

/*
 * A PIT and LAPIC timers as fast as they go, all of which are served.  Of the host's
 * interrupts each would be counted for the call that it hits, and many would hit the
 * longer ones at every run: these are as many as leave the median to the calls.  What
 * more of them cost others is measured by the subject latency.
 */
static void tick(int ready)
{
	struct kvm_eventfd_interrupt intr;
	unsigned int i;
	int vcpu[8];
	int vm = kev_create_vm();

	create_irqchip(vm);
	for (i = 0; i < ARRAY_SIZE(vcpu); i++) {
		vcpu[i] = create_vcpu(vm, i);
		enable_lapic(vcpu[i], true);
	}
	pit_start(vm);
	be_ready(ready);
	for (i = 0;; i = (i + 1) % ARRAY_SIZE(vcpu))
		if (!__ack_interrupt(vcpu[i], &intr))
			lapic_eoi(vcpu[i]);
}

/* Messages to more CPUs than a signal visits itself. */
static void queue_work(int ready)
{
	int vm = kev_create_vm(), fd = kev_eventfd(0);
	unsigned int i;

	enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	for (i = 0; i < 200; i++)
		enable_lapic(create_vcpu(vm, i), false);
	set_msi_route(vm, GSI, TO_ALL, VECTOR);
	irqfd_assign(vm, fd, GSI);
	be_ready(ready);
	for (;;)
		kev_signal(fd);
}

static void create_and_close(int ready)
{
	struct kev_machine m;
	int fd = kev_eventfd(0);

	for (;;) {
		kev_machine_create(&m, KEV_CHIP_SPLIT, 2);
		set_msi_route(m.vm, GSI, 0, VECTOR);
		irqfd_assign(m.vm, fd, GSI);
		ioeventfd_assign(m.vm, fd, DOORBELL, 4, 0, 0);
		be_ready(ready);
		kev_machine_destroy(&m);
	}
}

static const struct worst {
	const char *name;
	void (*run)(int ready);
	enum kev_chip needs;
} worsts[] = {
	{ "doorbells a page apart", flood, KEV_CHIP_NONE },
	{ "eventfds that are closed", hang_up, KEV_CHIP_SPLIT },
	{ "changes of routes", reroute, KEV_CHIP_SPLIT },
	{ "resamplers", resample, KEV_CHIP_FULL },
	{ "PIT and LAPIC timers", tick, KEV_CHIP_FULL },
	{ "messages by work items", queue_work, KEV_CHIP_SPLIT },
	{ "VMs that come and go", create_and_close, KEV_CHIP_SPLIT },
};

static pid_t worst_start(const struct worst *worst)
{
	int ready = eventfd(0, EFD_CLOEXEC);
	uint64_t value;
	pid_t pid;

	kev_assert(ready >= 0, "eventfd");
	fflush(stdout);
	pid = fork();
	kev_assert(pid >= 0, "fork");
	if (!pid) {
		kev_assert(kev_raise_nofile(4096), "RLIMIT_NOFILE");
		worst->run(ready);
		_exit(1);
	}
	kev_assert(read(ready, &value, sizeof(value)) == sizeof(value),
		   "the other is ready");
	close(ready);
	return pid;
}

/* True when it was there to the end. */
static bool worst_stop(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	kev_assert(waitpid(pid, &status, 0) == pid, "waitpid");
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* The table: alone in instructions, else what is more in percent */

static void print_head(const uint64_t *alone)
{
	unsigned int i;

	printf("# %-26s", "instructions of a call");
	for (i = 0; i < NR_CALLS; i++)
		printf(" %11s", call_names[i]);
	printf("\n# %-26s", "alone");
	for (i = 0; i < NR_CALLS; i++)
		printf(" %11llu", (unsigned long long)alone[i]);
	printf("\n");
}

static bool print_row(const char *name, const uint64_t *alone,
		      const uint64_t *cost)
{
	bool good = true;
	unsigned int i;

	printf("# %-26s", name);
	for (i = 0; i < NR_CALLS; i++) {
		printf(" %+9.1f %%", 100.0 * cost[i] / alone[i] - 100);
		good &= cost[i] * 100 <= alone[i] * (100 + PERCENT);
	}
	printf("%s\n", good ? "" : "  dearer");
	fflush(stdout);
	return good;
}

static void coexist(struct attack *attack, struct neighbour *n,
		    const uint64_t *alone, const struct worst *worst)
{
	uint64_t cost[NR_CALLS];
	static char text[120];
	const char *fault = NULL;
	pid_t pid = worst_start(worst);

	neighbour_run(n, cost);
	if (!worst_stop(pid))
		fault = "the other did not last";
	if (!print_row(worst->name, alone, cost))
		fault = "a call of the neighbour is dearer";
	if (n->failed)
		fault = n->failed;
	if (fault && !attack->result->error)
		snprintf(text, sizeof(text), "%s: %s", worst->name, fault);
	if (fault)
		attack_fail(attack, text);
}

static void neighbour_open(struct neighbour *n)
{
	n->node = kev_open();
	n->fd = kev_eventfd(0);
	kev_machine_create(&n->m, KEV_CHIP_SPLIT, 1);
	set_msi_route(n->m.vm, GSI, 0, VECTOR);
}

static void neighbour_close(struct neighbour *n)
{
	kev_machine_destroy(&n->m);
	close(n->fd);
	close(n->node);
}

static void attack_neighbour(struct attack *attack)
{
	struct neighbour *n = calloc(1, sizeof(*n));
	uint64_t alone[NR_CALLS];
	unsigned int i, nr = 0;

	if (!attack->counted || !kev_has_chip(KEV_CHIP_SPLIT)) {
		attack->result->skipped = "needs LAPICs, and a clock that counts instructions";
		return;
	}
	kev_assert(n, "calloc");
	neighbour_open(n);
	neighbour_run(n, alone);
	if (n->failed)
		attack_fail(attack, "a call fails, alone");
	print_head(alone);
	for (i = 0; i < ARRAY_SIZE(worsts); i++) {
		if (!kev_has_chip(worsts[i].needs))
			continue;
		coexist(attack, n, alone, &worsts[i]);
		nr++;
	}
	neighbour_close(n);
	free(n);
	attack_tell(attack, "%u calls beside %u others that do the worst, at most %u %% dearer",
		    (unsigned int)NR_CALLS, nr, PERCENT);
}

HOSTILE_SUBJECT_ON("counted", "neighbour", attack_neighbour);
