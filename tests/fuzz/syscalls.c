// SPDX-License-Identifier: GPL-2.0
/* The calls of a program that are no ioctls.  None of them blocks. */
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz.h"
#include "kev_util.h"

/* The fields of an access. */
enum { AT, LEN, DATA, SPLIT_WRITE, FLAGS_WRITE };
enum { SPLIT_READ = 2, FLAGS_READ };

static size_t length(const struct call *call)
{
	return call->val[LEN] < ARENA_SIZE / 2 ? call->val[LEN] :
	       ARENA_SIZE / 2;
}

/* Memory for an access, with the data of a write in it. */
static uint8_t *buffer(struct thread *thread, const struct call *call,
		       uint64_t data)
{
	uint8_t *at = argument_place(thread, call->ptr, length(call));

	memset(thread->rw, 0, sizeof(data) + 1);
	if (call->ptr == PTR_GOOD || call->ptr == PTR_RO)
		memcpy(thread->rw, &data, sizeof(data));
	else if (call->ptr == PTR_ODD)
		memcpy(at, &data, sizeof(data));
	return at;
}

long sys_pwrite(struct thread *thread, const struct call *call)
{
	return pwrite(slot_fd(call->on), buffer(thread, call, call->val[DATA]),
		      length(call), call->val[AT]);
}

long sys_pread(struct thread *thread, const struct call *call)
{
	return pread(slot_fd(call->on), buffer(thread, call, 0), length(call),
		     call->val[AT]);
}

static void split(struct iovec *iov, uint8_t *at, size_t len, size_t first)
{
	if (first > len)
		first = len;
	iov[0] = (struct iovec){ at, first };
	iov[1] = (struct iovec){ at + first, len - first };
}

long sys_pwritev(struct thread *thread, const struct call *call)
{
	struct iovec iov[2];

	split(iov, buffer(thread, call, call->val[DATA]), length(call),
	      call->val[SPLIT_WRITE]);
	return pwritev2(slot_fd(call->on), iov, 2, call->val[AT],
			call->val[FLAGS_WRITE]);
}

long sys_preadv(struct thread *thread, const struct call *call)
{
	struct iovec iov[2];

	split(iov, buffer(thread, call, 0), length(call),
	      call->val[SPLIT_READ]);
	return preadv2(slot_fd(call->on), iov, 2, call->val[AT],
		       call->val[FLAGS_READ]);
}

long sys_poll(struct thread *thread, const struct call *call)
{
	struct pollfd pollfd = { .fd = slot_fd(call->on), .events = POLLIN };

	(void)thread;
	return poll(&pollfd, 1, 0);
}

long sys_epoll_add(struct thread *thread, const struct call *call)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct epoll_event seen;

	(void)thread;
	if (epoll_ctl(exec_epoll(), EPOLL_CTL_ADD, slot_fd(call->on), &event))
		return -1;
	return epoll_wait(exec_epoll(), &seen, 1, 0);
}

long sys_epoll_del(struct thread *thread, const struct call *call)
{
	(void)thread;
	return epoll_ctl(exec_epoll(), EPOLL_CTL_DEL, slot_fd(call->on), NULL);
}

/* A page more than there is. */
long sys_mmap(struct thread *thread, const struct call *call)
{
	uint8_t *at = slot_map(call->on);

	(void)thread;
	if (!at)
		return -1;
	return mmap(at, SLOT_MAP_SIZE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, slot_fd(call->on), 0) == at ? 0 : -1;
}

/* Through a pipe: a page that is not there is then EFAULT, not a signal. */
static long through_pipe(struct thread *thread, const void *from, void *to,
			 size_t len)
{
	if (write(thread->pipe[1], from, len) < 0)
		return -1;
	if (read(thread->pipe[0], to, len) >= 0)
		return 0;
	/* What could not be stored is still in the pipe. */
	return read(thread->pipe[0], thread->rw, len) < 0 ? -1 : 0;
}

long sys_poke(struct thread *thread, const struct call *call)
{
	uint8_t *at = slot_map(call->on);
	uint32_t val = call->val[1];

	if (!at || call->val[AT] > SLOT_MAP_SIZE - sizeof(val))
		return -1;
	return through_pipe(thread, &val, at + call->val[AT], sizeof(val));
}

long sys_peek(struct thread *thread, const struct call *call)
{
	uint8_t *at = slot_map(call->on);

	if (!at || call->val[AT] > SLOT_MAP_SIZE - sizeof(uint32_t))
		return -1;
	return through_pipe(thread, at + call->val[AT], thread->rw,
			    sizeof(uint32_t));
}

long sys_eventfd(struct thread *thread, const struct call *call)
{
	int flags = EFD_CLOEXEC | EFD_NONBLOCK;

	(void)thread;
	if (call->val[1])
		flags |= EFD_SEMAPHORE;
	return eventfd(call->val[0], flags);
}

long sys_signal(struct thread *thread, const struct call *call)
{
	uint64_t val = call->val[0];

	(void)thread;
	return write(slot_fd(call->on), &val, sizeof(val));
}

long sys_drain(struct thread *thread, const struct call *call)
{
	uint64_t val;

	(void)thread;
	return read(slot_fd(call->on), &val, sizeof(val));
}

long sys_dup(struct thread *thread, const struct call *call)
{
	(void)thread;
	return dup(slot_fd(call->on));
}

long sys_close(struct thread *thread, const struct call *call)
{
	int fd = slot_take(call->on);

	(void)thread;
	return fd < 0 ? -1 : close(fd);
}

long sys_read_stats(struct thread *thread, const struct call *call)
{
	return pread(slot_fd(call->on),
		     argument_place(thread, call->ptr, length(call)),
		     length(call), call->val[AT]);
}
