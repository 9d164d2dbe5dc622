// SPDX-License-Identifier: GPL-2.0
/*
 * Memory per object, in bytes: by /proc/slabinfo (which objects came into
 * being), and by what the memory controller charged to this program's own
 * group, which also sees pages that no slab holds.
 */
#include <fcntl.h>
#include <linux/kvm_eventfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define NR_OBJECTS	4000
#define NR_IOEVENTFDS	65536	/* and what only ours can have */
#define NR_ROUTES	131072
#define NR_CACHES	512
#define CGROUP		"/sys/fs/cgroup"
#define GROUP		CGROUP "/kev-bench"

/**
 * struct slabs - Bytes in use in each slab cache
 */
struct slabs {
	unsigned int nr;
	struct {
		char name[48];
		unsigned long objects;
		unsigned long size;
	} cache[NR_CACHES];
};

struct usage {
	struct slabs slabs;
	double kernel;
};

static void slabs_read(struct slabs *s)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[512];

	must(file, "/proc/slabinfo");
	s->nr = 0;
	while (s->nr < NR_CACHES && fgets(line, sizeof(line), file))
		s->nr += sscanf(line, "%47s %lu %*u %lu", s->cache[s->nr].name,
				&s->cache[s->nr].objects,
				&s->cache[s->nr].size) == 3;
	fclose(file);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	must(fd >= 0, path);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

/* A group of our own, so that every kernel allocation on our account shows. */
static void group_enter(void)
{
	write_file(CGROUP "/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0755))
		must(!access(GROUP "/cgroup.procs", W_OK), GROUP);
	write_file(GROUP "/cgroup.procs", "0");
}

/* Kernel memory charged to the group.  Let the kernel fold its counts first. */
static double group_kernel(void)
{
	char line[128];
	unsigned long bytes = 0;
	FILE *file;

	sleep(4);
	file = fopen(GROUP "/memory.stat", "r");
	must(file, "memory.stat");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "kernel %lu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

static void usage_read(struct usage *u)
{
	u->kernel = group_kernel();
	slabs_read(&u->slabs);
}

/* Bytes of slab per object: caches that grew by at least half as many. */
static double slab_bytes(const struct slabs *before, const struct slabs *after,
			 const char *what, unsigned int nr)
{
	double bytes = 0;
	unsigned int i;
	long grown;

	for (i = 0; i < after->nr && i < before->nr; i++) {
		grown = after->cache[i].objects - before->cache[i].objects;
		if (grown < (long)nr / 2)
			continue;
		printf("# %s: %ld of %s, %lu bytes each\n", what, grown,
		       after->cache[i].name, after->cache[i].size);
		bytes += (double)grown * after->cache[i].size;
	}
	return bytes / nr;
}

static void add_irqfds(const struct vm *vm, const int *fds, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		irqfd_set(vm, fds[i], i, 0);
}

static void add_ioeventfds(const struct vm *vm, const int *fds,
			   unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		ioeventfd_set(vm, fds[i], 0x10000000 + 8 * i, 4, 0);
}

static void add_routes(const struct vm *vm, const int *fds, unsigned int nr)
{
	(void)fds;
	vm_routes(vm, nr);
}

static void raise_limit(const struct vm *vm, unsigned int nr)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_EVENTFD_CAP_MAX_ROUTES, .args = { nr },
	};

	xioctl(vm->fd, KVM_ENABLE_CAP, &cap, "KVM_EVENTFD_CAP_MAX_ROUTES");
}

static void memory_of(const struct sys *sys, const char *what, unsigned int nr,
		      void (*add)(const struct vm *vm, const int *fds,
				  unsigned int nr))
{
	bool needs_fds = add != add_routes;
	struct usage *u = xcalloc(2, sizeof(*u));
	int *fds = eventfds_create(needs_fds ? nr : 1);
	char op[2][32];
	struct vm vm;

	snprintf(op[0], sizeof(op[0]), "slab-%s", what);
	snprintf(op[1], sizeof(op[1]), "charged-%s", what);
	vm_create(&vm, sys, 1);
	if (nr == NR_ROUTES)
		raise_limit(&vm, nr);
	usage_read(&u[0]);
	add(&vm, fds, nr);
	usage_read(&u[1]);
	report_cost(op[0], nr, sys->id,
		    slab_bytes(&u[0].slabs, &u[1].slabs, what, nr));
	report_cost(op[1], nr, sys->id, (u[1].kernel - u[0].kernel) / nr);
	vm_close(&vm);
	eventfds_close(fds, needs_fds ? nr : 1);
	free(u);
}

void bench_memory(const struct sys *sys)
{
	group_enter();
	memory_of(sys, "irqfd", NR_OBJECTS, add_irqfds);
	memory_of(sys, "ioeventfd", NR_OBJECTS, add_ioeventfds);
	memory_of(sys, "route", NR_OBJECTS, add_routes);
	if (sys->id == SYS_KVM)
		return;
	memory_of(sys, "ioeventfd", NR_IOEVENTFDS, add_ioeventfds);
	memory_of(sys, "route", NR_ROUTES, add_routes);
}
