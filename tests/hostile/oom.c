// SPDX-License-Identifier: GPL-2.0
/*
 * At the limit of a memory cgroup: the call fails with ENOMEM, what was there
 * stays, and room that is made can be used.  Where the kernel has a process to
 * kill in that cgroup it does so; never one of another.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "hostile.h"

#define GROUP	"kev-oom"
#define OTHER	"kev-other"
#define LIMIT	"8M"

/* Exit statuses of the child at the limit. */
enum {
	CHILD_WELL,
	CHILD_NO_LIMIT,
	CHILD_OTHER_ERRNO,
	CHILD_LOST,
	CHILD_NO_ROOM,
};

static void write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	kev_assert(fd >= 0, "open %s", path);
	kev_assert(write(fd, value, strlen(value)) > 0, "write %s", path);
	close(fd);
}

/*
 * The kernel prints who is out of memory, with a trace.  That is what is wanted
 * here, so the console does not get it; a panic would still be seen.
 */
static void console_level(const char *level)
{
	write_file("/proc/sys/kernel/printk", level);
}

static int fill(int vm, int fd, unsigned int *nr)
{
	for (*nr = 0; *nr < 1000000; (*nr)++)
		if (__ioeventfd(vm, fd, 0x10000 + *nr * 8ull, 4, 0, 0))
			return errno;
	return 0;
}

/* All that was assigned before is there; a part of it makes room. */
static int at_the_limit(void)
{
	int fd = kev_eventfd(0);
	struct kev_machine m;
	unsigned int nr, i;
	int err;

	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	err = fill(m.vm, fd, &nr);
	if (!err)
		return CHILD_NO_LIMIT;
	if (err != ENOMEM)
		return CHILD_OTHER_ERRNO;
	for (i = 0; i < nr; i += 100)
		if (__vcpu_write(m.vcpu[0], 0x10000 + i * 8ull, 0, 4) != 4)
			return CHILD_LOST;
	for (i = nr / 2; i < nr; i++)
		ioeventfd_deassign(m.vm, fd, 0x10000 + i * 8ull, 4, 0, 0);
	for (i = nr / 2; i < nr / 4 * 3; i++)
		if (__ioeventfd(m.vm, fd, 0x10000 + i * 8ull, 4, 0, 0))
			return CHILD_NO_ROOM;
	printf("# %u ioeventfds until ENOMEM at %s\n", nr, LIMIT);
	fflush(stdout);
	return CHILD_WELL;
}

/* In a cgroup of its own with @score for the OOM killer; its wait status. */
static int child_at_the_limit(const char *score)
{
	pid_t child;
	int status;

	kev_assert(cgroup_create(GROUP, LIMIT), "cgroup");
	child = fork();
	kev_assert(child >= 0, "fork");
	if (!child) {
		write_file("/proc/self/oom_score_adj", score);
		cgroup_enter(GROUP);
		_exit(at_the_limit());
	}
	kev_assert(waitpid(child, &status, 0) == child, "waitpid");
	return status;
}

static const char *fault_of(int status)
{
	static const char *const faults[] = {
		[CHILD_NO_LIMIT] = "there is no limit",
		[CHILD_OTHER_ERRNO] = "an errno other than ENOMEM",
		[CHILD_LOST] = "what was there before is lost",
		[CHILD_NO_ROOM] = "what was freed cannot be used",
	};

	if (!WIFEXITED(status) || WEXITSTATUS(status) >= ARRAY_SIZE(faults))
		return "the child died";
	return faults[WEXITSTATUS(status)];
}

/* Where nobody may be killed, nobody is. */
static void unkillable(struct attack *attack)
{
	const char *fault = fault_of(child_at_the_limit("-1000"));

	if (fault)
		attack_fail(attack, fault);
	if (!cgroup_event(GROUP, "max"))
		attack_fail(attack, "the limit was not reached");
	if (cgroup_event(GROUP, "oom_kill"))
		attack_fail(attack, "something was killed");
	cgroup_remove(GROUP);
}

/* Else it is the one in the cgroup: the memory is not held by anybody else. */
static void killable(struct attack *attack)
{
	int status = child_at_the_limit("0");

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		attack_fail(attack, "the one who held the memory lives");
	if (cgroup_event(GROUP, "oom_kill") != 1)
		attack_fail(attack, "not one was killed");
	cgroup_remove(GROUP);
}

static pid_t start_bystander(void)
{
	pid_t pid = fork();

	kev_assert(pid >= 0, "fork");
	if (!pid) {
		cgroup_enter(OTHER);
		for (;;)
			pause();
	}
	return pid;
}

static void attack_oom(struct attack *attack)
{
	pid_t bystander;
	int status;

	if (!cgroup_create(OTHER, "max")) {
		attack->result->skipped = "no memory cgroups";
		return;
	}
	bystander = start_bystander();
	console_level("1");
	unkillable(attack);
	killable(attack);
	console_level("8");
	if (waitpid(bystander, &status, WNOHANG))
		attack_fail(attack, "a process of another cgroup was killed");
	kill(bystander, SIGKILL);
	waitpid(bystander, &status, 0);
	cgroup_remove(OTHER);
	attack_tell(attack, "ENOMEM at %s; one killed in its cgroup, none elsewhere",
		    LIMIT);
}

HOSTILE_SUBJECT("oom", attack_oom);
