// SPDX-License-Identifier: GPL-2.0
/* RLIMIT_NOFILE: what a process can hold is what it can have open. */
#include <sys/resource.h>
#include <unistd.h>

#include "hostile.h"

#define LIMIT	64

static rlim_t set_limit(rlim_t limit)
{
	struct rlimit lim;
	rlim_t before;

	kev_assert(!getrlimit(RLIMIT_NOFILE, &lim), "getrlimit");
	before = lim.rlim_cur;
	lim.rlim_cur = limit;
	kev_assert(!setrlimit(RLIMIT_NOFILE, &lim), "setrlimit");
	return before;
}

static unsigned int next_id;

static int make_vm(int node, int vm)
{
	(void)vm;
	return ioctl(node, KVM_CREATE_VM, 0);
}

/* A number that was refused is not taken: the same id comes again. */
static int make_vcpu(int node, int vm)
{
	int fd = __create_vcpu(vm, next_id);

	(void)node;
	if (fd >= 0)
		next_id++;
	return fd;
}

static int make_stats(int node, int vm)
{
	(void)node;
	return ioctl(vm, KVM_GET_STATS_FD, 0);
}

/* As many as there are numbers; the one after that is EMFILE. */
static unsigned int exhaust(struct attack *attack, int node, int vm,
			    int (*make)(int node, int vm))
{
	unsigned int nr = 0, i;
	int fds[LIMIT];

	for (nr = 0; nr < LIMIT; nr++) {
		fds[nr] = make(node, vm);
		if (fds[nr] < 0)
			break;
	}
	if (nr == LIMIT)
		attack_fail(attack, "more fds than the limit has");
	else if (errno != EMFILE)
		attack_fail(attack, "an errno other than EMFILE");
	for (i = 0; i < nr && i < LIMIT; i++)
		close(fds[i]);
	return nr;
}

static void attack_nofile(struct attack *attack)
{
	static int (*const makers[])(int node, int vm) = {
		make_vm, make_vcpu, make_stats,
	};
	unsigned int i, round, made = 0;
	int node = kev_open();
	rlim_t before;
	int vm;

	before = set_limit(LIMIT);
	for (round = 0; round < attack->times && !attack->result->error; round++) {
		vm = kev_ioctl_val(node, KVM_CREATE_VM, 0);
		next_id = 0;
		for (i = 0; i < ARRAY_SIZE(makers); i++)
			made += exhaust(attack, node, vm, makers[i]);
		if (__create_vcpu(vm, next_id - 1) >= 0 || errno != EEXIST)
			attack_fail(attack, "an id was lost");
		close(vm);
	}
	set_limit(before);
	close(node);
	attack_tell(attack, "%u fds until EMFILE, %u times", made,
		    round * (unsigned int)ARRAY_SIZE(makers));
}

HOSTILE_SUBJECT("nofile", attack_nofile);
