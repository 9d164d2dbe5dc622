// SPDX-License-Identifier: GPL-2.0
/* The kernel's fault injection, as this program uses it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

static int fail_nth;

static void set(const char *dir, const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	kev_assert(fd >= 0, "open %s", path);
	kev_assert(write(fd, value, strlen(value)) > 0, "write %s", path);
	close(fd);
}

void inject_setup(void)
{
	static const char * const dirs[] = { "failslab", "fail_page_alloc" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		/* Also what may wait for memory; without a stack on the console. */
		set(dirs[i], "ignore-gfp-wait", "N");
		set(dirs[i], "verbose", "0");
		set(dirs[i], "task-filter", "N");
	}
	set("fail_page_alloc", "min-order", "0");

	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	kev_assert(fail_nth >= 0, "open fail-nth");
}

void inject_arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	kev_assert(pwrite(fail_nth, text, len, 0) == len, "write fail-nth");
}

/* The kernel counts down to 0 at the one that it lets fail. */
bool inject_disarm(void)
{
	char text[16] = "";
	bool fired;

	kev_assert(pread(fail_nth, text, sizeof(text) - 1, 0) > 0,
		   "read fail-nth");
	fired = !strtoul(text, NULL, 10);
	inject_arm(0);
	return fired;
}
