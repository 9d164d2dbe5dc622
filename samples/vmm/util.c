// SPDX-License-Identifier: GPL-2.0
/*
 * Errors as one sentence, device nodes, eventfds, the clock.
 *
 * Every other file calls in.  A VMM that misses something cannot go on, so
 * errors end the program here; the kernel takes back what was built so far.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>

#include "util.h"

/**
 * die() - Say in one sentence what is wrong and end the program
 * @fmt:	The sentence, without a newline.
 *
 * Return: never; the exit status is VMM_FAIL.
 */
void die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("kev-vmm: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(VMM_FAIL);
}

/**
 * node_open() - Open a device node, or say how to get it
 * @path:	The node.
 * @how:	What to do when it, or the driver behind it, is missing.
 *
 * Return: the file descriptor.
 */
int node_open(const char *path, const char *how)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;

	switch (errno) {
	case ENOENT:
		die("there is no %s: %s", path, how);
	case ENODEV:
	case ENXIO:
		die("no driver stands behind %s: %s", path, how);
	case EACCES:
	case EPERM:
		die("no permission to open %s: run as root, or give this user access to it",
		    path);
	default:
		die("cannot open %s: %s", path, strerror(errno));
	}
}

/**
 * checked_ioctl() - ioctl() that must succeed
 * @fd:		Where.
 * @cmd:	Which.
 * @arg:	Pointer, or a number cast to one.
 * @what:	Completes "cannot ...".
 *
 * Return: what the ioctl returned, never negative.
 */
int checked_ioctl(int fd, unsigned long cmd, void *arg, const char *what)
{
	int ret = ioctl(fd, cmd, arg);

	if (ret < 0)
		die("cannot %s: %s", what, strerror(errno));

	return ret;
}

/**
 * eventfd_create() - A new eventfd with its counter at 0
 *
 * Return: the file descriptor.
 */
int eventfd_create(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		die("cannot create an eventfd: %s", strerror(errno));

	return fd;
}

/**
 * eventfd_count() - Look at an eventfd's counter without reading it
 * @fd:		The eventfd.
 *
 * A read would reset the counter, and so hide who else should have done it.
 *
 * Return: the counter.
 */
uint64_t eventfd_count(int fd)
{
	uint64_t count = 0;
	bool found = false;
	char line[128];
	FILE *file;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	file = fopen(line, "re");
	if (!file)
		die("cannot open %s: %s; mount proc on /proc", line,
		    strerror(errno));

	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "eventfd-count: %" SCNx64, &count) == 1;
	fclose(file);

	if (!found)
		die("/proc/self/fdinfo/%d shows no eventfd counter", fd);

	return count;
}

/**
 * now_ns() - Monotonic time
 *
 * Return: nanoseconds since some start.
 */
uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}
