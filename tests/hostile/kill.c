// SPDX-License-Identifier: GPL-2.0
/*
 * The longest call there is, a batch of 131,072 entries, and its caller killed in
 * the middle: it ends there, and what it had done is done.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define NR	KVM_EVENTFD_BATCH_MAX
#define ADDR	0x10000ull

struct victim {
	int vm;
	int vcpu;
	struct kvm_ioeventfd *entries;
	char stack[65536];
};

/* In a process of its own, in this address space: the VM serves it. */
static int assign_all(void *arg)
{
	struct victim *victim = arg;
	struct kvm_eventfd_batch args = {
		.entries = (uintptr_t)victim->entries,
		.nr = NR,
	};

	syscall(SYS_ioctl, victim->vm, KVM_EVENTFD_IOEVENTFDS, &args);
	pause();
	return 0;
}

static bool is_assigned(const struct victim *victim, unsigned int i)
{
	return __vcpu_write(victim->vcpu, ADDR + i * 8ull, 0, 4) == 4;
}

static struct kvm_ioeventfd *entries_new(int fd)
{
	struct kvm_ioeventfd *entries = calloc(NR, sizeof(*entries));
	unsigned int i;

	kev_assert(entries, "calloc");
	for (i = 0; i < NR; i++) {
		entries[i].addr = ADDR + i * 8ull;
		entries[i].len = 4;
		entries[i].fd = fd;
	}
	return entries;
}

/* Killed once the first is there; returns how many are. */
static unsigned int kill_round(struct victim *victim)
{
	struct kev_machine m;
	unsigned int nr = 0;
	pid_t pid;

	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	victim->vm = m.vm;
	victim->vcpu = m.vcpu[0];
	pid = clone(assign_all, victim->stack + sizeof(victim->stack),
		    CLONE_VM | CLONE_FILES | SIGCHLD, victim);
	kev_assert(pid > 0, "clone");
	while (!is_assigned(victim, 0))
		sched_yield();
	kill(pid, SIGKILL);
	kev_assert(waitpid(pid, NULL, 0) == pid, "waitpid");
	while (nr < NR && is_assigned(victim, nr))
		nr++;
	kev_machine_destroy(&m);
	return nr;
}

static void attack_kill(struct attack *attack)
{
	struct victim *victim = calloc(1, sizeof(*victim));
	int fd = kev_eventfd(0);
	unsigned int i, nr = NR;

	kev_assert(victim, "calloc");
	victim->entries = entries_new(fd);
	/* The other CPU may be away for as long as the whole of it takes. */
	for (i = 0; i < 20 && nr == NR; i++)
		nr = kill_round(victim);
	if (nr == NR)
		attack_fail(attack, "a batch that nobody can end");
	free(victim->entries);
	free(victim);
	close(fd);
	attack_tell(attack, "a batch of %u ended after %u", NR, nr);
}

HOSTILE_SUBJECT("kill", attack_kill);
