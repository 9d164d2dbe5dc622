/* SPDX-License-Identifier: GPL-2.0 */
/* What every file of the demo VMM needs: errors, the clock, eventfds. */
#ifndef VMM_UTIL_H
#define VMM_UTIL_H

#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define NSEC_PER_MSEC	((uint64_t)1000000)
#define NSEC_PER_SEC	((uint64_t)1000000000)

#define __printf(a, b)	__attribute__((__format__(printf, a, b)))

/* Exit statuses. */
#define VMM_PASS	0
#define VMM_FAIL	1	/* something is missing, or the run did not pass */
#define VMM_USAGE	2	/* bad options */

_Noreturn __printf(1, 2) void die(const char *fmt, ...);

int node_open(const char *path, const char *how);
int checked_ioctl(int fd, unsigned long cmd, void *arg, const char *what);

int eventfd_create(void);
uint64_t eventfd_count(int fd);

uint64_t now_ns(void);

#endif /* VMM_UTIL_H */
