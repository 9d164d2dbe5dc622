/* SPDX-License-Identifier: GPL-2.0 */
/* A page that is there when the test says so: whoever touches it before waits. */
#ifndef KEV_HELD_PAGE_H
#define KEV_HELD_PAGE_H

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "kev_util.h"

/**
 * struct kev_held_page - The page
 * @uffd:	Its pager's fd.
 * @addr:	Where it is.
 */
struct kev_held_page {
	int uffd;
	void *addr;
};

/* False where the kernel has no userfaultfd, or not for what the kernel touches. */
static inline bool kev_hold_page(struct kev_held_page *p, void *addr)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)addr, sysconf(_SC_PAGESIZE) },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	p->addr = addr;
	p->uffd = syscall(__NR_userfaultfd, O_CLOEXEC);
	if (p->uffd < 0)
		return false;
	kev_assert(!ioctl(p->uffd, UFFDIO_API, &api), "UFFDIO_API");
	kev_assert(!madvise(addr, reg.range.len, MADV_DONTNEED), "madvise");
	kev_assert(!ioctl(p->uffd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER");
	return true;
}

/* Until somebody waits for the page. */
static inline void kev_held_page_wait(const struct kev_held_page *p)
{
	struct uffd_msg msg;

	kev_assert(read(p->uffd, &msg, sizeof(msg)) == sizeof(msg), "uffd");
	kev_assert(msg.event == UFFD_EVENT_PAGEFAULT, "uffd");
}

/* The page is there from now on, with what is at @from. */
static inline void kev_held_page_fill(const struct kev_held_page *p,
				      const void *from)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)p->addr,
		.src = (uintptr_t)from,
		.len = sysconf(_SC_PAGESIZE),
	};

	kev_assert(!ioctl(p->uffd, UFFDIO_COPY, &copy), "UFFDIO_COPY");
}

/*
 * A process of the same memory and files, which a signal kills alone.  @fn's
 * result is its exit status.
 */
static inline pid_t kev_sibling(int (*fn)(void *arg), void *arg)
{
	const size_t size = 65536;
	char *stack = malloc(size);
	pid_t pid;

	kev_assert(stack, "malloc");
	pid = clone(fn, stack + size, CLONE_VM | CLONE_FILES | SIGCHLD, arg);
	kev_assert(pid > 0, "clone");
	return pid;
}

static inline int kev_sibling_join(pid_t pid)
{
	int status;

	kev_assert(waitpid(pid, &status, 0) == pid, "waitpid");
	return status;
}

#endif /* KEV_HELD_PAGE_H */
