// SPDX-License-Identifier: GPL-2.0
/*
 * Polls that end in the plane again: what waits for a vCPU signals an eventfd that
 * is an irqfd of the same VM, or of one that does the same the other way round.
 * A wake under a lock would take that lock twice, with interrupts off.
 *
 * Each form has a process and a CPU of its own.  The one that waits for it is on
 * another CPU, and says which form it was that never came back.
 */
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define GSI_START	24
#define GSI_AGAIN	25
#define VECTOR_START	0x41
#define VECTOR_AGAIN	0x51
#define LINE		3	/* for KVM_IRQ_LINE on a VM of lines */
#define MAX_CHAIN	3
#define NR_ROUNDS	20
#define HANG_MS		(3 * KEV_TIMEOUT_MS)

/* Exit statuses of a form's process; 1 is kev_assert()'s. */
enum {
	FORM_WELL = 0,
	FORM_NO_POLL = 2,
	FORM_LOST,
	FORM_SKIPPED,
};

enum poller_kind {
	POLL_AIO,
	POLL_URING,
	POLL_URING_MULTI,
	NR_POLLERS,
};

static const char *const poller_names[] = {
	"AIO", "io_uring with deferred work", "io_uring multishot",
};

/* Somebody who waits for an fd and has an eventfd signalled when it is ready. */
struct poller {
	enum poller_kind kind;
	aio_context_t aio;
	struct iocb cb;
	struct io_uring ring;
	int chain[MAX_CHAIN];
	unsigned int nr_chain;
};

/* A machine of one or the other kind, and what its interrupts are. */
struct side {
	bool lines;
	int vm;
	int vcpu;
	int start;		/* eventfds */
	int again;
	struct poller poller;
};

/* Pollers */

static bool uring_open(struct poller *poller, int notify)
{
	unsigned int flags = 0;

	if (poller->kind == POLL_URING)
		flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	return !io_uring_queue_init(8, &poller->ring, flags) &&
	       !io_uring_register_eventfd(&poller->ring, notify);
}

static bool poller_open(struct poller *poller, int notify)
{
	poller->aio = 0;
	if (poller->kind == POLL_AIO)
		return !syscall(SYS_io_setup, 8, &poller->aio);
	return uring_open(poller, notify);
}

static void poller_close(struct poller *poller)
{
	if (poller->kind == POLL_AIO)
		syscall(SYS_io_destroy, poller->aio);
	else
		io_uring_queue_exit(&poller->ring);
}

static void aio_arm(struct poller *poller, int fd, int notify)
{
	struct iocb *cb = &poller->cb;

	*cb = (struct iocb){
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = fd,
		.aio_buf = POLLIN,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = notify,
	};
	kev_assert(syscall(SYS_io_submit, poller->aio, 1, &cb) == 1,
		   "io_submit");
}

static void uring_arm(struct poller *poller, int fd)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&poller->ring);

	if (poller->kind == POLL_URING_MULTI)
		io_uring_prep_poll_multishot(sqe, fd, POLLIN);
	else
		io_uring_prep_poll_add(sqe, fd, POLLIN);
	kev_assert(io_uring_submit(&poller->ring) == 1, "io_uring_submit");
}

static void poller_arm(struct poller *poller, int fd, int notify)
{
	if (poller->kind == POLL_AIO)
		aio_arm(poller, fd, notify);
	else
		uring_arm(poller, fd);
}

static bool poller_is_done(struct poller *poller)
{
	struct __kernel_timespec wait = { .tv_sec = KEV_TIMEOUT_MS / 1000 };
	struct timespec aio_wait = { .tv_sec = KEV_TIMEOUT_MS / 1000 };
	struct io_uring_cqe *cqe;
	struct io_event event;

	if (poller->kind == POLL_AIO)
		return syscall(SYS_io_getevents, poller->aio, 1, 1, &event,
			       &aio_wait) == 1;
	if (io_uring_wait_cqe_timeout(&poller->ring, &cqe, &wait))
		return false;
	io_uring_cqe_seen(&poller->ring, cqe);
	return true;
}

/* epolls of epolls of @fd; the outermost. */
static int chain_open(struct poller *poller, int fd, unsigned int depth)
{
	struct epoll_event event = { .events = EPOLLIN };

	for (; poller->nr_chain < depth; poller->nr_chain++) {
		int outer = epoll_create1(EPOLL_CLOEXEC);

		kev_assert(outer >= 0, "epoll_create1");
		kev_assert(!epoll_ctl(outer, EPOLL_CTL_ADD, fd, &event),
			   "epoll_ctl");
		poller->chain[poller->nr_chain] = outer;
		fd = outer;
	}
	return fd;
}

static void chain_close(struct poller *poller)
{
	while (poller->nr_chain)
		close(poller->chain[--poller->nr_chain]);
}

/* Machines */

static int lines_vm(void)
{
	int node = kev_open();
	int vm = kev_ioctl_val(node, KVM_CREATE_VM, KVM_EVENTFD_VM_LINES);

	close(node);
	return vm;
}

static void lines_open(struct side *side)
{
	side->vm = lines_vm();
	side->vcpu = create_vcpu(side->vm, 0);
}

static void pc_open(struct side *side)
{
	struct kev_routes *routes = kev_routes_new();
	struct kev_machine m;

	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	kev_route_msi(routes, GSI_START, 0, VECTOR_START);
	kev_route_msi(routes, GSI_AGAIN, 0, VECTOR_AGAIN);
	set_gsi_routing(m.vm, routes);
	free(routes);
	side->vm = m.vm;
	side->vcpu = m.vcpu[0];
}

static void side_open(struct side *side)
{
	if (side->lines)
		lines_open(side);
	else
		pc_open(side);
	side->start = kev_eventfd(0);
	side->again = kev_eventfd(0);
	irqfd_assign(side->vm, side->start, GSI_START);
	irqfd_assign(side->vm, side->again, GSI_AGAIN);
}

static void side_close(struct side *side)
{
	close(side->vcpu);
	close(side->vm);
	close(side->start);
	close(side->again);
}

/* The first interrupt, which wakes who polls. */
static void side_start(const struct side *side, bool by_irqfd)
{
	if (by_irqfd) {
		kev_signal(side->start);
	} else if (side->lines) {
		irq_line(side->vm, LINE, 1);
		irq_line(side->vm, LINE, 0);
	} else {
		signal_msi(side->vm, KEV_MSI_DEST(0), VECTOR_START);
	}
}

static void side_eoi(const struct side *side,
		     struct kvm_eventfd_interrupt *intr)
{
	if (!side->lines)
		lapic_eoi(side->vcpu);
	else if (intr->type == KVM_EVENTFD_INTR_LINE)
		kev_ioctl(side->vcpu, KVM_EVENTFD_EOI, intr);
}

/* Take what comes until it is the interrupt of the eventfd that the poll signals. */
static bool side_takes_again(const struct side *side)
{
	unsigned int want = side->lines ? GSI_AGAIN : VECTOR_AGAIN;
	struct kvm_eventfd_interrupt intr;

	do {
		if (!vcpu_wait_pending(side->vcpu))
			return false;
		intr = ack_interrupt(side->vcpu);
		side_eoi(side, &intr);
	} while (intr.vector != want);
	return true;
}

static void side_take_rest(const struct side *side)
{
	struct kvm_eventfd_interrupt intr;

	while (!__ack_interrupt(side->vcpu, &intr))
		side_eoi(side, &intr);
}

/* A poll that ends in its own VM */

struct form {
	bool lines;
	bool by_irqfd;
	enum poller_kind kind;
	unsigned int depth;
};

static int form_round(struct side *side, const struct form *form)
{
	struct poller *poller = &side->poller;
	int fd = chain_open(poller, side->vcpu, form->depth);
	int ret = FORM_WELL;

	poller_arm(poller, fd, side->again);
	side_start(side, form->by_irqfd);
	if (!side_takes_again(side))
		ret = FORM_LOST;
	else if (!poller_is_done(poller))
		ret = FORM_NO_POLL;
	side_take_rest(side);
	chain_close(poller);
	return ret;
}

static int form_run(const void *arg)
{
	const struct form *form = arg;
	struct side side = {
		.lines = form->lines,
		.poller.kind = form->kind,
	};
	int ret = FORM_SKIPPED;

	side_open(&side);
	if (poller_open(&side.poller, side.again)) {
		ret = form_round(&side, form);
		poller_close(&side.poller);
	}
	side_close(&side);
	return ret;
}

/* The queue of a driver, whose VM and what is polled are one file */

#define DRIVER		"/dev/kev-example"
#define INPUT_START	1
#define INPUT_AGAIN	2

/* False when it did not come. */
static bool driver_takes_again(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint32_t inputs = 0;

	while (!(inputs & 1U << INPUT_AGAIN)) {
		if (poll(&pfd, 1, KEV_TIMEOUT_MS) != 1)
			return false;
		kev_assert(read(fd, &inputs, sizeof(inputs)) == sizeof(inputs),
			   "read");
	}
	return true;
}

static void driver_routes(int fd)
{
	struct kev_routes *routes = kev_routes_new();

	kev_route_msi(routes, GSI_START, 0, INPUT_START);
	kev_route_msi(routes, GSI_AGAIN, 0, INPUT_AGAIN);
	set_gsi_routing(fd, routes);
	free(routes);
}

static int driver_round(int fd, struct poller *poller, unsigned int depth)
{
	int begin = kev_eventfd(0);
	int again = kev_eventfd(0);
	int ret = FORM_SKIPPED;

	driver_routes(fd);
	irqfd_assign(fd, begin, GSI_START);
	irqfd_assign(fd, again, GSI_AGAIN);
	if (poller_open(poller, again)) {
		poller_arm(poller, chain_open(poller, fd, depth), again);
		kev_signal(begin);
		ret = !driver_takes_again(fd) ? FORM_LOST :
		      !poller_is_done(poller) ? FORM_NO_POLL : FORM_WELL;
		chain_close(poller);
		poller_close(poller);
	}
	close(begin);
	close(again);
	return ret;
}

static int driver_run(const void *arg)
{
	const struct form *form = arg;
	struct poller poller = { .kind = form->kind };
	int fd = open(DRIVER, O_RDWR | O_CLOEXEC);
	int ret;

	kev_assert(fd >= 0, DRIVER);
	ret = driver_round(fd, &poller, form->depth);
	close(fd);
	return ret;
}

/* Two polls that end in each other's VM, on two CPUs */

struct cross {
	bool lines;
	enum poller_kind kind;
};

struct cross_cpu {
	struct side *mine;
	struct side *other;
	pthread_barrier_t *barrier;
	atomic_int *ret;	/* of both */
	int cpu;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	kev_assert(!sched_setaffinity(0, sizeof(set), &set),
		   "sched_setaffinity %d", cpu);
}

/*
 * The other's poll ends in this VM.  What is left over is taken before either arms
 * its next poll: what comes after that is of the next round, and may come at once.
 *
 * A ring is its thread's alone, and made for each round: one of 6.12 delivers a signal
 * that it had to defer once in its life, and forgets those after it.
 */
static void cross_round(struct cross_cpu *cpu)
{
	struct side *mine = cpu->mine;

	kev_assert(poller_open(&mine->poller, cpu->other->again), "poller");
	poller_arm(&mine->poller, mine->vcpu, cpu->other->again);
	pthread_barrier_wait(cpu->barrier);
	side_start(mine, false);
	if (!side_takes_again(mine))
		atomic_store(cpu->ret, FORM_LOST);
	else if (!poller_is_done(&mine->poller))
		atomic_store(cpu->ret, FORM_NO_POLL);
	pthread_barrier_wait(cpu->barrier);
	poller_close(&mine->poller);
	side_take_rest(mine);
	pthread_barrier_wait(cpu->barrier);
}

static void *cross_run(void *arg)
{
	struct cross_cpu *cpu = arg;
	unsigned int i;

	pin(cpu->cpu);
	for (i = 0; i < NR_ROUNDS && !atomic_load(cpu->ret); i++)
		cross_round(cpu);
	return NULL;
}

static int cross_pair(const void *arg)
{
	const struct cross *cross = arg;
	struct side sides[2];
	struct cross_cpu cpus[2];
	pthread_barrier_t barrier;
	pthread_t threads[2];
	atomic_int ret = FORM_WELL;
	unsigned int i;

	pthread_barrier_init(&barrier, NULL, 2);
	for (i = 0; i < 2; i++) {
		sides[i] = (struct side){ .lines = cross->lines,
					  .poller.kind = cross->kind };
		side_open(&sides[i]);
		cpus[i] = (struct cross_cpu){ .mine = &sides[i],
					      .other = &sides[!i],
					      .barrier = &barrier,
					      .ret = &ret, .cpu = i };
	}
	for (i = 0; i < 2; i++)
		threads[i] = kev_thread_start(cross_run, &cpus[i]);
	for (i = 0; i < 2; i++)
		kev_thread_join(threads[i]);
	for (i = 0; i < 2; i++)
		side_close(&sides[i]);
	return ret;
}

/* A form in a process, on a CPU that the caller does not need */

static unsigned int skipped;

static void child_end(struct attack *attack, const char *name, int status)
{
	static const char *const faults[] = {
		[FORM_NO_POLL] = "the poll never ended",
		[FORM_LOST] = "the interrupt is lost",
	};
	static char text[120];
	const char *fault = "died";

	if (WIFEXITED(status)) {
		if (WEXITSTATUS(status) == FORM_SKIPPED)
			skipped++;
		if (WEXITSTATUS(status) == FORM_WELL ||
		    WEXITSTATUS(status) == FORM_SKIPPED)
			return;
		if (WEXITSTATUS(status) < (int)ARRAY_SIZE(faults) &&
		    faults[WEXITSTATUS(status)])
			fault = faults[WEXITSTATUS(status)];
	}
	if (!attack->result->error)
		snprintf(text, sizeof(text), "%s: %s", name, fault);
	attack_fail(attack, text);
}

/* False when it is still there after all that time: its CPU is lost. */
static bool child_wait(pid_t child, int *status)
{
	uint64_t deadline = kev_now_ms() + HANG_MS;

	while (waitpid(child, status, WNOHANG) != child) {
		if (kev_now_ms() > deadline)
			return false;
		usleep(1000);
	}
	return true;
}

static unsigned int form_fork(struct attack *attack, const char *name,
			      int (*run)(const void *arg), const void *arg)
{
	static char text[120];
	int status;
	pid_t child;

	if (attack->result->error)
		return 0;
	fflush(stdout);
	child = fork();
	kev_assert(child >= 0, "fork");
	if (!child) {
		pin(1);
		_exit(run(arg));
	}
	if (child_wait(child, &status)) {
		child_end(attack, name, status);
		return 1;
	}
	snprintf(text, sizeof(text), "%s: a CPU hangs", name);
	attack_fail(attack, text);
	return 1;
}

static unsigned int each_form(struct attack *attack)
{
	static const unsigned int depths[] = { 0, 1, MAX_CHAIN };
	unsigned int i, nr = 0;
	char name[120];

	for (i = 0; i < NR_POLLERS * ARRAY_SIZE(depths) * 4; i++) {
		struct form form = {
			.lines = i & 1,
			.by_irqfd = i & 2,
			.kind = i / 4 % NR_POLLERS,
			.depth = depths[i / 4 / NR_POLLERS],
		};

		if (!form.lines && !kev_has_chip(KEV_CHIP_SPLIT))
			continue;
		snprintf(name, sizeof(name), "%s of %s, through %u epolls, begun by %s",
			 poller_names[form.kind],
			 form.lines ? "lines" : "a LAPIC", form.depth,
			 form.by_irqfd ? "an irqfd" : "an ioctl");
		nr += form_fork(attack, name, form_run, &form);
	}
	return nr;
}

/* Where the example driver is loaded. */
static unsigned int each_driver(struct attack *attack)
{
	struct form form = { .by_irqfd = true };
	unsigned int nr = 0;
	char name[120];

	if (access(DRIVER, F_OK))
		return 0;
	for (form.kind = 0; form.kind < NR_POLLERS; form.kind++) {
		for (form.depth = 0; form.depth < 2; form.depth++) {
			snprintf(name, sizeof(name),
				 "%s of a driver, through %u epolls",
				 poller_names[form.kind], form.depth);
			nr += form_fork(attack, name, driver_run, &form);
		}
	}
	return nr;
}

static unsigned int each_cross(struct attack *attack)
{
	unsigned int i, nr = 0;
	char name[120];

	for (i = 0; i < 4; i++) {
		struct cross cross = {
			.lines = i & 1,
			.kind = i & 2 ? POLL_URING : POLL_AIO,
		};

		if (!cross.lines && !kev_has_chip(KEV_CHIP_SPLIT))
			continue;
		snprintf(name, sizeof(name), "%s of two VMs with %s, crosswise",
			 poller_names[cross.kind],
			 cross.lines ? "lines" : "LAPICs");
		nr += form_fork(attack, name, cross_pair, &cross);
	}
	return nr;
}

static void attack_reenter(struct attack *attack)
{
	unsigned int round, nr = 0;
	cpu_set_t before;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 3) {
		attack->result->skipped = "a CPU that hangs is seen from a third one";
		return;
	}
	kev_assert(!sched_getaffinity(0, sizeof(before), &before),
		   "sched_getaffinity");
	pin(2);
	skipped = 0;
	for (round = 0; round < attack->times && !attack->result->error; round++) {
		nr += each_form(attack);
		nr += each_driver(attack);
		nr += each_cross(attack);
	}
	sched_setaffinity(0, sizeof(before), &before);
	attack_tell(attack, "%u polls that end in the plane, %u not on this kernel",
		    nr, skipped);
}

HOSTILE_SUBJECT_ON("third", "reenter", attack_reenter);
