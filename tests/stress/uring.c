// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: polls of a vCPU, doorbells and signals, each with a cancellation on
 * its heels.
 *
 * A request has one end: what it did, or ECANCELED and it did nothing.
 */
#include <liburing.h>
#include <poll.h>
#include <unistd.h>

#include "stress.h"

/* Of each kind, in one submission. */
#define NR_EACH		16

enum {
	REQ_POLL,
	REQ_DOORBELL,
	REQ_SIGNAL,
	NR_KINDS,
	REQ_CANCEL = NR_KINDS,
};

struct uring {
	struct run *run;
	struct vm vm;
	struct io_uring ring;
	int bell;
	int fd;
	uint64_t one;
	uint64_t done[NR_KINDS];
	uint64_t cancelled;
};

static uint64_t user_data(unsigned int kind, unsigned int i)
{
	return kind << 8 | i;
}

static struct io_uring_sqe *next_sqe(struct uring *uring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

	kev_assert(sqe, "the ring is full");
	return sqe;
}

static void prepare(struct uring *uring, unsigned int kind, unsigned int i)
{
	struct io_uring_sqe *sqe = next_sqe(uring);

	switch (kind) {
	case REQ_POLL:
		io_uring_prep_poll_add(sqe, uring->vm.m.vcpu[0], POLLIN);
		break;
	case REQ_DOORBELL:
		io_uring_prep_write(sqe, uring->vm.m.vcpu[0], &uring->one, 4,
				    ADDR);
		break;
	default:
		io_uring_prep_write(sqe, uring->fd, &uring->one,
				    sizeof(uring->one), 0);
		break;
	}
	/* In a worker, where a cancellation can still come first. */
	if (kind != REQ_POLL && i & 1)
		sqe->flags |= IOSQE_ASYNC;
	io_uring_sqe_set_data64(sqe, user_data(kind, i));
}

static void prepare_cancel(struct uring *uring, unsigned int kind,
			   unsigned int i)
{
	struct io_uring_sqe *sqe = next_sqe(uring);

	io_uring_prep_cancel64(sqe, user_data(kind, i), 0);
	io_uring_sqe_set_data64(sqe, user_data(REQ_CANCEL, i));
}

/* Whether the result says that it was done. */
static bool was_done(unsigned int kind, int res)
{
	switch (kind) {
	case REQ_POLL:
		return res > 0 && res & POLLIN;
	case REQ_DOORBELL:
		return res == 4;
	case REQ_SIGNAL:
		return res == sizeof(uint64_t);
	default:
		return !res || res == -ENOENT || res == -EALREADY;
	}
}

static void complete(struct uring *uring, const struct io_uring_cqe *cqe)
{
	unsigned int kind = cqe->user_data >> 8;

	if (was_done(kind, cqe->res)) {
		if (kind < NR_KINDS)
			uring->done[kind]++;
	} else if (kind < NR_KINDS && cqe->res == -ECANCELED) {
		uring->cancelled++;
	} else {
		run_fail(uring->run, "a request ended in another way");
	}
}

/* Each request, and each cancellation, has one result. */
static void uring_round(struct uring *uring)
{
	unsigned int kind, i, left = 2 * NR_KINDS * NR_EACH;
	struct io_uring_cqe *cqe;

	for (i = 0; i < NR_EACH; i++)
		for (kind = 0; kind < NR_KINDS; kind++)
			prepare(uring, kind, i);
	for (i = 0; i < NR_EACH; i++)
		for (kind = 0; kind < NR_KINDS; kind++)
			prepare_cancel(uring, kind, i);
	kev_assert(io_uring_submit(&uring->ring) == (int)left, "submit");
	for (; left; left--) {
		int ret = io_uring_wait_cqe(&uring->ring, &cqe);

		errno = -ret;
		kev_assert(!ret, "io_uring_wait_cqe");
		complete(uring, cqe);
		io_uring_cqe_seen(&uring->ring, cqe);
	}
}

/* The CPU takes what was signalled: polls of it become ready, or do not. */
static void *take_all(void *arg)
{
	struct uring *uring = arg;

	while (run_goes_on(uring->run)) {
		vcpu_drain(uring->vm.m.vcpu[0], VECTOR_A);
		usleep(20);
	}
	return NULL;
}

static void ring_open(struct uring *uring)
{
	int ret = io_uring_queue_init(4 * NR_KINDS * NR_EACH, &uring->ring, 0);

	errno = -ret;
	kev_assert(!ret, "io_uring_queue_init");
}

/* With polls that nobody cancelled: the ring's end does. */
static void ring_close(struct uring *uring)
{
	unsigned int i;

	for (i = 0; i < NR_EACH; i++)
		prepare(uring, REQ_POLL, i);
	io_uring_submit(&uring->ring);
	io_uring_queue_exit(&uring->ring);
}

static void uring_account(struct uring *uring)
{
	uint64_t doorbells = uring->done[REQ_DOORBELL];
	uint64_t counted = kev_count(uring->bell);
	struct run *run = uring->run;

	if (counted != doorbells)
		run_lose(run, doorbells, counted, "doorbells were not counted");
	vm_account_all(run, &uring->vm, uring->done[REQ_SIGNAL]);
	atomic_fetch_add(&run->doorbells, doorbells);
	atomic_fetch_add(&run->signals, uring->done[REQ_SIGNAL]);
	if (!uring->cancelled)
		run_fail(run, "no request was cancelled");
}

static void stress_uring(struct run *run)
{
	struct uring uring = { .run = run, .one = 1 };
	pthread_t thread;
	unsigned long i;

	vm_create(&uring.vm);
	uring.bell = kev_eventfd(0);
	uring.fd = kev_eventfd(0);
	set_msi_route(uring.vm.m.vm, GSI, 0, VECTOR_A);
	irqfd_assign(uring.vm.m.vm, uring.fd, GSI);
	ioeventfd_assign(uring.vm.m.vm, uring.bell, ADDR, 4, 0, 0);
	thread = kev_thread_start(take_all, &uring);
	ring_open(&uring);
	for (i = 1; run_goes_on(run); i++) {
		uring_round(&uring);
		atomic_fetch_add(&run->rounds, 1);
		if (i % 64)
			continue;
		ring_close(&uring);
		ring_open(&uring);
	}
	ring_close(&uring);
	kev_thread_join(thread);
	uring_account(&uring);
	vm_destroy(&uring.vm);
	close(uring.bell);
	close(uring.fd);
}

STRESS_SCENARIO("uring", stress_uring);
