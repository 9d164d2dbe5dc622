// SPDX-License-Identifier: GPL-2.0
/*
 * Eventfds of which not one event gets away unseen, bound or not.
 *
 * Such an eventfd is a semaphore whose counter starts far above 0.  Each wakeup
 * of an irqfd takes 1, and so does its end; each assign finds an event there,
 * and counts it as a signal.  With as many ends as assigns these two cancel out:
 * what was written is what was signalled and what is left in the counter.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "stress.h"

#define METER_BASE	(1ull << 32)

int meter_create(void)
{
	uint64_t base = METER_BASE;
	int fd;

	fd = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
	kev_assert(fd >= 0, "eventfd");
	kev_assert(write(fd, &base, sizeof(base)) == sizeof(base),
		   "the start of a meter");
	return fd;
}

/* What is left over; reading it that way takes nothing. */
static int64_t meter_rest(int fd)
{
	static const char field[] = "eventfd-count:";
	char text[512], path[64];
	char *value;
	ssize_t len;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	kev_assert(info >= 0, "open %s", path);
	len = read(info, text, sizeof(text) - 1);
	kev_assert(len > 0, "read %s", path);
	close(info);
	text[len] = '\0';
	value = strstr(text, field);
	kev_assert(value, "%s has no count", path);
	return strtoull(value + strlen(field), NULL, 16) - METER_BASE;
}

void meter_compare(struct run *run, const int *fds, unsigned int nr,
		   uint64_t signalled, uint64_t written)
{
	uint64_t seen = signalled;
	unsigned int i;

	for (i = 0; i < nr; i++)
		seen += meter_rest(fds[i]);
	if (seen != written)
		run_lose(run, written, seen, "events are lost");
}

void meter_account(struct run *run, const struct vm *vm, const int *fds,
		   unsigned int nr, uint64_t written)
{
	vm_account(run, vm);
	meter_compare(run, fds, nr, vm_figure(vm, "irqfd_signalled"), written);
}
