// SPDX-License-Identifier: GPL-2.0
/*
 * fork and exec with open fds: a child may be the guest and signal, and may not
 * change the machine; nothing of it is left behind exec.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

#define NR_EVENTS	64

/* What a child and its parent count together. */
struct shared {
	atomic_ulong signals;
	atomic_ulong doorbells;
};

struct family {
	struct run *run;
	struct vm vm;
	int fd;
	int bell;
	struct shared *shared;
};

/* Exit statuses of a child. */
enum {
	CHILD_WELL,
	CHILD_MAY_CHANGE,
	CHILD_NO_DOORBELL,
	CHILD_NO_SIGNAL,
	CHILD_NO_EXEC,
	CHILD_HAS_FD,
};

/* In the program that a child executes: its arguments are the parent's fds. */
int fork_executed(char **fds)
{
	for (; *fds; fds++)
		if (fcntl(atoi(*fds), F_GETFD) >= 0)
			return CHILD_HAS_FD;
	return CHILD_WELL;
}

static int child_execute(const struct family *family)
{
	const struct kev_machine *m = &family->vm.m;
	int fds[] = { m->vm, m->vcpu[0], m->vcpu[1], family->vm.stats };
	char text[ARRAY_SIZE(fds)][12];
	char *argv[ARRAY_SIZE(fds) + 3] = { "kev-stress", "--executed" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		snprintf(text[i], sizeof(text[i]), "%d", fds[i]);
		argv[i + 2] = text[i];
	}
	execv("/proc/self/exe", argv);
	return CHILD_NO_EXEC;
}

/* Another address space than the one that created the VM. */
static bool child_may_change(const struct family *family)
{
	struct kvm_lapic_state lapic;

	return !__irqfd(family->vm.m.vm, family->fd, GSI,
			KVM_IRQFD_FLAG_DEASSIGN, 0) || errno != EIO ||
	       !__kev_ioctl(family->vm.m.vcpu[0], KVM_GET_LAPIC, &lapic) ||
	       errno != EIO;
}

static int child_main(const struct family *family, bool executes)
{
	uint64_t one = 1;
	unsigned int i;

	for (i = 0; i < NR_EVENTS; i++) {
		if (child_may_change(family))
			return CHILD_MAY_CHANGE;
		if (__vcpu_write(family->vm.m.vcpu[1], ADDR, 0, 4) != 4)
			return CHILD_NO_DOORBELL;
		atomic_fetch_add(&family->shared->doorbells, 1);
		if (write(family->fd, &one, sizeof(one)) != sizeof(one))
			return CHILD_NO_SIGNAL;
		atomic_fetch_add(&family->shared->signals, 1);
	}
	return executes ? child_execute(family) : CHILD_WELL;
}

static const char *child_fault(int status)
{
	static const char *const faults[] = {
		[CHILD_MAY_CHANGE] = "a child's ioctl succeeded",
		[CHILD_NO_DOORBELL] = "a child's doorbell was not taken",
		[CHILD_NO_SIGNAL] = "a child's signal failed",
		[CHILD_NO_EXEC] = "a child could not exec",
		[CHILD_HAS_FD] = "an fd is open behind exec",
	};

	if (!WIFEXITED(status) || WEXITSTATUS(status) >= ARRAY_SIZE(faults))
		return "a child died";
	return faults[WEXITSTATUS(status)];
}

/* The parent works on the machine until the child is gone. */
static void parent_main(struct family *family, pid_t child)
{
	unsigned long pairs = 0;
	const char *fault;
	int status;

	while (!waitpid(child, &status, WNOHANG)) {
		update_msi_route(family->vm.m.vm, pairs & 1, VECTOR_A);
		irqfd_deassign(family->vm.m.vm, family->fd, GSI);
		irqfd_assign(family->vm.m.vm, family->fd, GSI);
		kev_signal(family->fd);
		atomic_fetch_add(&family->shared->signals, 1);
		pairs++;
	}
	fault = child_fault(status);
	if (fault)
		run_fail(family->run, fault);
	atomic_fetch_add(&family->run->pairs, pairs);
}

static void family_round(struct family *family, unsigned long round)
{
	struct vm *vm = &family->vm;
	pid_t child;

	vm_create(vm);
	set_msi_route(vm->m.vm, GSI, 0, VECTOR_A);
	family->fd = meter_create();
	family->bell = kev_eventfd(0);
	*family->shared = (struct shared){};
	irqfd_assign(vm->m.vm, family->fd, GSI);
	ioeventfd_assign(vm->m.vm, family->bell, ADDR, 4, 0, 0);
	child = fork();
	kev_assert(child >= 0, "fork");
	if (!child)
		_exit(child_main(family, round % 4 == 3));
	parent_main(family, child);
	irqfd_deassign(vm->m.vm, family->fd, GSI);
}

static void family_account(struct family *family)
{
	uint64_t doorbells = atomic_load(&family->shared->doorbells);
	uint64_t signals = atomic_load(&family->shared->signals);
	uint64_t counted = kev_count(family->bell);
	struct run *run = family->run;

	meter_account(run, &family->vm, &family->fd, 1, signals);
	if (counted != doorbells)
		run_lose(run, doorbells, counted, "doorbells were not counted");
	atomic_fetch_add(&run->signals, signals);
	atomic_fetch_add(&run->doorbells, doorbells);
	atomic_fetch_add(&run->pairs, 1);
	atomic_fetch_add(&run->rounds, 1);
}

static void stress_fork(struct run *run)
{
	struct family family = { .run = run };
	unsigned long i;

	family.shared = mmap(NULL, sizeof(*family.shared),
			     PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	kev_assert(family.shared != MAP_FAILED, "mmap");
	for (i = 0; run_goes_on(run); i++) {
		family_round(&family, i);
		family_account(&family);
		vm_destroy(&family.vm);
		close(family.fd);
		close(family.bell);
	}
	munmap(family.shared, sizeof(*family.shared));
}

STRESS_SCENARIO("fork", stress_fork);
