/* SPDX-License-Identifier: GPL-2.0 */
/* A memory cgroup of our own (version 2, as the guests' init mounts it). */
#ifndef KEV_CGROUP_H
#define KEV_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* False where there are no memory cgroups. */
bool cgroup_create(const char *name, const char *limit);
void cgroup_remove(const char *name);

/* The caller moves in. */
void cgroup_enter(const char *name);

/* In bytes. */
uint64_t cgroup_memory(const char *name);

/* A counter of memory.events. */
uint64_t cgroup_event(const char *name, const char *event);

#endif /* KEV_CGROUP_H */
