// SPDX-License-Identifier: GPL-2.0
/* A memory cgroup: limit, what is charged, what happened at the limit. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "kev_util.h"

#define ROOT	"/sys/fs/cgroup"

static void file_path(char *path, size_t size, const char *name,
		      const char *file)
{
	snprintf(path, size, "%s/%s/%s", ROOT, name, file);
}

static bool put(const char *name, const char *file, const char *value)
{
	ssize_t len = strlen(value);
	char path[160];
	bool done;
	int fd;

	file_path(path, sizeof(path), name, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, value, len) == len;
	close(fd);
	return done;
}

static void get(const char *name, const char *file, char *text, size_t size)
{
	char path[160];
	ssize_t len;
	int fd;

	file_path(path, sizeof(path), name, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	kev_assert(fd >= 0, "open %s", path);
	len = read(fd, text, size - 1);
	kev_assert(len >= 0, "read %s", path);
	text[len] = '\0';
	close(fd);
}

bool cgroup_create(const char *name, const char *limit)
{
	char path[160];

	if (!put(".", "cgroup.subtree_control", "+memory"))
		return false;
	file_path(path, sizeof(path), name, "");
	kev_assert(!mkdir(path, 0755), "mkdir %s", path);
	kev_assert(put(name, "memory.max", limit), "memory.max");
	return true;
}

void cgroup_remove(const char *name)
{
	char path[160];
	unsigned int i;

	file_path(path, sizeof(path), name, "");
	/* Its last process may still be on its way out. */
	for (i = 0; rmdir(path) && errno == EBUSY && i < 1000; i++)
		usleep(10000);
}

void cgroup_enter(const char *name)
{
	kev_assert(put(name, "cgroup.procs", "0"), "cgroup.procs");
}

uint64_t cgroup_memory(const char *name)
{
	char text[32];

	get(name, "memory.current", text, sizeof(text));
	return strtoull(text, NULL, 10);
}

uint64_t cgroup_event(const char *name, const char *event)
{
	char text[512];
	char *at;

	get(name, "memory.events", text, sizeof(text));
	for (at = text; at && *at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, event, strlen(event)) &&
		    at[strlen(event)] == ' ')
			return strtoull(at + strlen(event), NULL, 10);
	}
	kev_assert(false, "memory.events has no %s", event);
	return 0;
}
