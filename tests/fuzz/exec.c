// SPDX-License-Identifier: GPL-2.0
/* Runs a program: its first thread, then all others at once. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"
#include "kev_util.h"

/* This process has none above; what a program opens is from here on. */
#define FIRST_FD	64
#define NR_MAPS		4

static atomic_int fds[NR_SLOTS];
static struct thread threads[MAX_THREADS];
static uint8_t *maps;
static int epoll_fd, null_fd, node_fd;

/* Which program the other threads run, and when. */
static const struct program *program;
static pthread_barrier_t begin, end;

/* Slots */

int slot_fd(unsigned int slot)
{
	return atomic_load(&fds[slot]);
}

void slot_set(unsigned int slot, int fd)
{
	atomic_store(&fds[slot], fd);
}

/* The node and the like stay. */
int slot_take(unsigned int slot)
{
	if (slot_kind(slot) < SLOT_VM)
		return -1;
	return atomic_exchange(&fds[slot], -1);
}

int exec_epoll(void)
{
	return epoll_fd;
}

uint8_t *slot_map(unsigned int slot)
{
	if (slot_kind(slot) != SLOT_VCPU)
		return NULL;
	return maps + (slot - slot_by_name("vcpu0")) * SLOT_MAP_SIZE;
}

static void reserve_maps(void)
{
	void *p = mmap(maps, NR_MAPS * SLOT_MAP_SIZE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | (maps ? MAP_FIXED : 0),
		       -1, 0);

	kev_assert(p != MAP_FAILED, "mmap");
	maps = p;
}

/* Calls */

static bool items_are_header(const struct call *call)
{
	return call->op->form == FORM_STRUCT && !call->op->cmd;
}

static long call_ioctl(struct thread *thread, const struct call *call)
{
	unsigned long cmd = call->op->cmd;

	/* A call of any number has its own in its first field. */
	if (items_are_header(call))
		cmd = call->val[0];
	return ioctl(slot_fd(call->on), cmd, argument_make(thread, call));
}

static long call_state(struct thread *thread, const struct call *call)
{
	int fd = slot_fd(call->on);

	memset(thread->rw, 0, call->op->size);
	/* Which chip to get. */
	memcpy(thread->rw, call->val, sizeof(uint32_t));
	if (ioctl(fd, call->op->get, thread->rw))
		memset(thread->rw, 0, call->op->size);
	return ioctl(fd, call->op->cmd, argument_change(thread, call));
}

static long call_make(struct thread *thread, const struct call *call)
{
	switch (call->op->form) {
	case FORM_VALUE:
		return ioctl(slot_fd(call->on), call->op->cmd, call->val[0]);
	case FORM_STRUCT:
	case FORM_BATCH:
		return call_ioctl(thread, call);
	case FORM_STATE:
		return call_state(thread, call);
	case FORM_SYSCALL:
		return call->op->syscall(thread, call);
	}
	return -1;
}

static void call_run(struct thread *thread, const struct call *call)
{
	long ret;

	cover_begin(thread->cover);
	ret = call_make(thread, call);
	cover_end(thread->cover);
	/* What the slot had is open until the program ends. */
	if (call->op->makes && ret >= 0)
		slot_set(call->to, ret);
}

static void thread_run(struct thread *thread, const struct program *p)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (p->call[i].thread == thread->index)
			call_run(thread, &p->call[i]);
}

/* Threads */

static void *worker(void *arg)
{
	struct thread *thread = arg;
	unsigned int round;

	cover_enable(thread->cover);
	for (;;) {
		pthread_barrier_wait(&begin);
		for (round = 0; round < program->rounds[thread->index]; round++)
			thread_run(thread, program);
		pthread_barrier_wait(&end);
	}
	return NULL;
}

static void thread_setup(unsigned int index)
{
	struct thread *thread = &threads[index];
	pthread_t id;

	thread->index = index;
	arguments_setup(thread);
	thread->cover = cover_open();
	if (!index) {
		cover_enable(thread->cover);
		return;
	}
	errno = pthread_create(&id, NULL, worker, thread);
	kev_assert(!errno, "pthread_create");
}

/* So that none of a program's fds is below FIRST_FD. */
static void fill_numbers(void)
{
	int fd;

	do {
		fd = dup(null_fd);
		kev_assert(fd >= 0 && fd < FIRST_FD, "dup");
	} while (fd < FIRST_FD - 1);
}

void exec_setup(void)
{
	unsigned int i;

	node_fd = kev_open();
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	kev_assert(null_fd >= 0, "open /dev/null");
	reserve_maps();
	kev_assert(!pthread_barrier_init(&begin, NULL, MAX_THREADS) &&
		   !pthread_barrier_init(&end, NULL, MAX_THREADS),
		   "pthread_barrier_init");
	for (i = 0; i < MAX_THREADS; i++)
		thread_setup(i);
	fill_numbers();
}

static void program_begin(void)
{
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++)
		slot_set(i, -1);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	kev_assert(epoll_fd >= FIRST_FD, "epoll_create1");
	slot_set(slot_by_name("node"), node_fd);
	slot_set(slot_by_name("null"), null_fd);
}

/* The teardown is the module's work, too. */
static void program_end(void)
{
	cover_begin(threads[0].cover);
	reserve_maps();
	syscall(SYS_close_range, FIRST_FD, ~0u, 0);
	cover_end(threads[0].cover);
}

static bool has_threads(const struct program *p)
{
	return p->nr && p->call[p->nr - 1].thread;
}

void exec_program(const struct program *p)
{
	program_begin();
	thread_run(&threads[0], p);
	if (has_threads(p)) {
		program = p;
		pthread_barrier_wait(&begin);
		pthread_barrier_wait(&end);
	}
	program_end();
}
