// SPDX-License-Identifier: GPL-2.0
/*
 * What is left when the kernel is gone: memory that the host has as a file.  It
 * begins with the text of the program that runs; what is to be kept follows, a
 * program after the other.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "kev_util.h"

#define SHARED_SIZE	(16 << 20)

static char *shared;
static size_t kept = MAX_TEXT;
static int kmsg;

/* Without it, as on a machine that is no guest, a page that nobody reads. */
void report_setup(void)
{
	int fd = open("/dev/shared", O_RDWR | O_CLOEXEC);
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;

	shared = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
	kev_assert(shared != MAP_FAILED, "mmap of /dev/shared");
	if (fd >= 0)
		close(fd);

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	kev_assert(kmsg >= 0, "open /dev/kmsg");
	lseek(kmsg, 0, SEEK_END);
}

void report_running(const struct program *p)
{
	static char text[MAX_TEXT];
	size_t len = program_print(p, text, sizeof(text));

	memcpy(shared, text, len + 1);
}

void report_keep(const struct program *p, const char *name)
{
	static char text[MAX_TEXT];
	size_t len;

	len = snprintf(text, sizeof(text), "--- %s\n", name);
	len += program_print(p, text + len, sizeof(text) - len);
	if (kept + len >= SHARED_SIZE)
		return;
	memcpy(shared + kept, text, len);
	kept += len;
}

static bool is_splat(const char *line)
{
	static const char * const signs[] = {
		"BUG: ", "WARNING: ", "INFO: ", "UBSAN: ", "ODEBUG: ",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signs); i++)
		if (strstr(line, signs[i]))
			return true;
	return false;
}

/* Most of what is wrong is a panic; lockdep only complains, once. */
bool report_splat(char *line, size_t size)
{
	ssize_t len;

	for (;;) {
		len = read(kmsg, line, size - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return false;
		line[len] = '\0';
		if (is_splat(line))
			return true;
	}
}
