// SPDX-License-Identifier: GPL-2.0
/* ACK against poll and against the mapping: each event is taken once. */
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress.h"

/* How a taker learns of an event. */
enum taker_kind {
	TAKER_TIMER,	/* it looks now and then */
	TAKER_POLL,	/* poll() says so, and nothing else wakes it */
	TAKER_MAP,	/* the word in the mapping says so */
};

struct taker {
	struct run *run;
	int vcpu;
	enum taker_kind kind;
	atomic_ulong *taken;
	atomic_uint *left;
};

static struct kvm_eventfd_vcpu_state *map_state(int vcpu)
{
	void *map = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, vcpu,
			 KVM_EVENTFD_PAGE_STATE * getpagesize());

	kev_assert(map != MAP_FAILED, "mmap of a vCPU");
	return map;
}

static void unmap_state(struct kvm_eventfd_vcpu_state *state)
{
	kev_assert(!munmap(state, getpagesize()), "munmap");
}

/* The kernel writes it at any time. */
static uint32_t pending_word(const struct kvm_eventfd_vcpu_state *state)
{
	return __atomic_load_n(&state->pending, __ATOMIC_ACQUIRE);
}

static void taker_wait(const struct taker *taker,
		       struct kvm_eventfd_vcpu_state *state)
{
	struct pollfd pfd = { .fd = taker->vcpu, .events = POLLIN };

	switch (taker->kind) {
	case TAKER_TIMER:
		usleep(50);
		break;
	case TAKER_POLL:
		poll(&pfd, 1, -1);
		break;
	case TAKER_MAP:
		while (!pending_word(state) && run_goes_on(taker->run))
			sched_yield();
		break;
	}
}

static void *take_until_stopped(void *arg)
{
	struct kvm_eventfd_vcpu_state *state;
	struct kvm_eventfd_interrupt intr;
	struct taker *taker = arg;

	state = map_state(taker->vcpu);
	while (run_goes_on(taker->run)) {
		taker_wait(taker, state);
		if (__ack_interrupt(taker->vcpu, &intr))
			continue;
		lapic_eoi(taker->vcpu);
		atomic_fetch_add(taker->taken, 1);
	}
	unmap_state(state);
	atomic_fetch_sub(taker->left, 1);
	return NULL;
}

/* Mappings come and go, and are looked at. */
static void *map_until_stopped(void *arg)
{
	struct kvm_eventfd_vcpu_state *state;
	struct signaller *mapper = arg;

	while (run_goes_on(mapper->run)) {
		state = map_state(mapper->fd);
		if (pending_word(state) > 1)
			run_fail(mapper->run, "a word that is no truth value");
		unmap_state(state);
	}
	return NULL;
}

static bool ack_one(struct run *run, int fd, atomic_ulong *taken)
{
	unsigned long want = atomic_fetch_add(&run->signals, 1) + 1;
	uint64_t end = kev_now_ms() + KEV_TIMEOUT_MS;

	kev_signal(fd);
	while (atomic_load(taken) < want && run_goes_on(run)) {
		if (kev_now_ms() > end)
			return false;
		sched_yield();
	}
	return atomic_load(taken) <= want;
}

/* One that waits in poll() sees the end of the run with the next event. */
static void let_go(struct run *run, int fd, atomic_uint *left)
{
	while (atomic_load(left)) {
		kev_signal(fd);
		atomic_fetch_add(&run->signals, 1);
		usleep(100);
	}
}

static void check_pending(struct run *run, int vcpu)
{
	struct kvm_eventfd_vcpu_state *state = map_state(vcpu);

	vcpu_drain(vcpu, 0);
	if (pending_word(state) || vcpu_poll_now(vcpu))
		run_fail(run, "pending with nothing to take");
	unmap_state(state);
}

static void stress_takers(struct run *run, enum taker_kind first,
			  enum taker_kind second)
{
	enum taker_kind kinds[2] = { first, second };
	struct signaller mapper = { .run = run };
	int fd = kev_eventfd(0);
	atomic_ulong taken = 0;
	struct taker takers[2];
	pthread_t threads[3];
	atomic_uint left = 2;
	unsigned int i;
	struct vm vm;

	vm_create(&vm);
	set_msi_route(vm.m.vm, GSI, 0, VECTOR_A);
	irqfd_assign(vm.m.vm, fd, GSI);
	for (i = 0; i < 2; i++) {
		takers[i] = (struct taker){ run, vm.m.vcpu[0], kinds[i],
					    &taken, &left };
		threads[i] = kev_thread_start(take_until_stopped, &takers[i]);
	}
	mapper.fd = vm.m.vcpu[0];
	threads[2] = kev_thread_start(map_until_stopped, &mapper);
	while (run_goes_on(run)) {
		if (!ack_one(run, fd, &taken))
			run_fail(run, "an event was lost or taken twice");
		atomic_fetch_add(&run->rounds, 1);
	}
	let_go(run, fd, &left);
	for (i = 0; i < 3; i++)
		kev_thread_join(threads[i]);
	check_pending(run, vm.m.vcpu[0]);
	vm_account_all(run, &vm, atomic_load(&run->signals));
	vm_destroy(&vm);
	close(fd);
}

static void stress_ack(struct run *run)
{
	stress_takers(run, TAKER_TIMER, TAKER_POLL);
}

STRESS_SCENARIO("ack", stress_ack);

static void stress_ack_poll(struct run *run)
{
	stress_takers(run, TAKER_POLL, TAKER_POLL);
}

STRESS_SCENARIO("ack-poll", stress_ack_poll);

static void stress_ack_map(struct run *run)
{
	stress_takers(run, TAKER_MAP, TAKER_MAP);
}

STRESS_SCENARIO("ack-map", stress_ack_map);
