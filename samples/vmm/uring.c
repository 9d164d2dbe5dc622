// SPDX-License-Identifier: GPL-2.0
/*
 * The vCPU through io_uring: a doorbell is an IORING_OP_WRITE, submitted
 * together with the poll for the interrupt that will answer it.
 *
 * A write that the module can serve without sleeping is complete when the
 * submission returns.  One that it could not would be handed to a worker
 * thread, so both the time of completion and the threads are looked at.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/kvm_eventfd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "uring.h"
#include "util.h"
#include "vcpu.h"

#define URING_ENTRIES	8

/* Patience with a write that went to a worker thread. */
#define URING_LATE_S	2

/* io_uring keeps an idle worker for longer than this. */
#define URING_LOOK_NS	NSEC_PER_SEC

enum uring_tag {
	URING_WRITE = 1,
	URING_POLL,
};

/**
 * uring_create() - Set up a ring for a vCPU
 * @uring:	To fill.
 * @vcpu:	Which.
 */
void uring_create(struct uring *uring, struct vcpu *vcpu)
{
	int ret;

	memset(uring, 0, sizeof(*uring));
	uring->fd = vcpu->fd;

	ret = io_uring_queue_init(URING_ENTRIES, &uring->ring, 0);
	if (ret == -ENOSYS)
		die("this kernel has no io_uring: run without --io-uring");
	if (ret == -EPERM)
		die("io_uring is not permitted: set kernel.io_uring_disabled to 0");
	if (ret)
		die("cannot set up io_uring: %s", strerror(-ret));
	if (!(uring->ring.features & IORING_FEAT_EXT_ARG))
		die("this kernel's io_uring cannot wait with a timeout: run without --io-uring");
}

/**
 * uring_destroy() - Cancel what is in flight and free the ring
 * @uring:	From uring_create().
 */
void uring_destroy(struct uring *uring)
{
	io_uring_queue_exit(&uring->ring);
}

static struct io_uring_sqe *uring_sqe(struct uring *uring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

	if (!sqe)
		die("io_uring's submission queue is full");

	return sqe;
}

static void uring_arm(struct uring *uring)
{
	struct io_uring_sqe *sqe;

	if (uring->armed)
		return;

	sqe = uring_sqe(uring);
	io_uring_prep_poll_add(sqe, uring->fd, POLLIN);
	io_uring_sqe_set_data64(sqe, URING_POLL);
	uring->armed = true;
}

static void uring_submit(struct uring *uring)
{
	int ret = io_uring_submit(&uring->ring);

	if (ret < 0)
		die("cannot submit to io_uring: %s", strerror(-ret));
}

/* Account for one completion.  True when it is the write's. */
static bool uring_reap(struct uring *uring, struct io_uring_cqe *cqe, int *res)
{
	bool write = io_uring_cqe_get_data64(cqe) == URING_WRITE;

	if (write)
		*res = cqe->res;
	else if (cqe->res < 0)
		die("io_uring cannot poll the vCPU: %s", strerror(-cqe->res));
	else
		uring->armed = false;

	io_uring_cqe_seen(&uring->ring, cqe);

	return write;
}

/**
 * uring_write_mmio() - The guest writes
 * @uring:	By this ring.
 * @gpa:	Where.
 * @data:	What, little-endian.
 * @len:	Bytes; 0 when only the address is known.
 *
 * Return: as vcpu_write_mmio().
 */
int uring_write_mmio(struct uring *uring, uint64_t gpa, const void *data,
		     unsigned int len)
{
	struct __kernel_timespec ts = { .tv_sec = URING_LATE_S };
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	bool done = false;
	int res, ret;

	sqe = uring_sqe(uring);
	io_uring_prep_write(sqe, uring->fd, data, len,
			    KVM_EVENTFD_OFF_MMIO + gpa);
	io_uring_sqe_set_data64(sqe, URING_WRITE);
	uring_arm(uring);
	uring_submit(uring);

	while (!done && !io_uring_peek_cqe(&uring->ring, &cqe))
		done = uring_reap(uring, cqe, &res);
	if (done)
		uring->completed++;
	else
		uring->deferred++;

	while (!done) {
		ret = io_uring_wait_cqe_timeout(&uring->ring, &cqe, &ts);
		if (ret == -EINTR)
			continue;
		if (ret == -ETIME)
			die("io_uring did not complete a doorbell in %d s", URING_LATE_S);
		if (ret)
			die("cannot wait for io_uring: %s", strerror(-ret));
		done = uring_reap(uring, cqe, &res);
	}
	/* io_uring would retry on EOPNOTSUPP, so the module says it this way. */
	if (res == -ENXIO)
		return -EOPNOTSUPP;
	if (res < 0)
		return res;

	return (unsigned int)res == len ? 0 : -EIO;
}

/**
 * uring_wait() - Sleep until an interrupt can be taken
 * @uring:	The ring of the vCPU.
 * @timeout_ns:	At most this long.
 *
 * Return: true when one may be there, false when the time is over or a
 * signal came.
 */
bool uring_wait(struct uring *uring, uint64_t timeout_ns)
{
	struct __kernel_timespec ts = {
		.tv_sec = timeout_ns / NSEC_PER_SEC,
		.tv_nsec = timeout_ns % NSEC_PER_SEC,
	};
	struct io_uring_cqe *cqe;
	int ret, res;

	if (!uring->armed) {
		uring_arm(uring);
		uring_submit(uring);
	}

	ret = io_uring_wait_cqe_timeout(&uring->ring, &cqe, &ts);
	if (ret == -ETIME || ret == -EINTR)
		return false;
	if (ret)
		die("cannot wait for io_uring: %s", strerror(-ret));
	uring_reap(uring, cqe, &res);

	return true;
}

static bool thread_is_worker(const char *tid)
{
	char text[64] = "";
	FILE *file;

	snprintf(text, sizeof(text), "/proc/self/task/%.20s/comm", tid);
	file = fopen(text, "re");
	if (!file)
		return false;
	text[0] = '\0';
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);

	return !strncmp(text, "iou-", strlen("iou-"));
}

static void threads_count(unsigned int *threads, unsigned int *workers)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;

	if (!dir)
		die("cannot list /proc/self/task: %s; mount proc on /proc",
		    strerror(errno));

	*threads = 0;
	*workers = 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		(*threads)++;
		*workers += thread_is_worker(entry->d_name);
	}
	closedir(dir);
}

/**
 * uring_count_threads() - See whether io_uring started a worker thread
 * @uring:	The ring.
 */
void uring_count_threads(struct uring *uring)
{
	unsigned int threads, workers;

	uring->looked = now_ns();
	threads_count(&threads, &workers);
	if (threads > uring->threads)
		uring->threads = threads;
	if (workers > uring->workers)
		uring->workers = workers;
}

/**
 * uring_watch_threads() - The same, as often as needed during a long run
 * @uring:	The ring.
 *
 * An idle worker stays for seconds, so that a look once a second misses none.
 */
void uring_watch_threads(struct uring *uring)
{
	if (now_ns() - uring->looked >= URING_LOOK_NS)
		uring_count_threads(uring);
}
