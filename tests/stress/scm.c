// SPDX-License-Identifier: GPL-2.0
/*
 * SCM_RIGHTS: a VM, its CPU and its eventfd in a message that waits in a socket
 * which is in the same message.  Nobody can receive it: the kernel's collector
 * of such cycles closes them, or, in every other round, a receiver just before.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stress.h"

#define NR_SENT		5

struct scm {
	struct run *run;
	struct vm vm;
	struct vm next;
	int fd;
	atomic_ulong written;
};

static void socket_pair(int sockets[2])
{
	kev_assert(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets),
		   "socketpair");
}

union rights {
	struct cmsghdr header;
	char space[CMSG_SPACE(NR_SENT * sizeof(int))];
};

static struct msghdr message(union rights *rights, struct iovec *iov)
{
	return (struct msghdr){
		.msg_iov = iov,
		.msg_iovlen = 1,
		.msg_control = rights,
		.msg_controllen = sizeof(*rights),
	};
}

static void send_fds(int socket, const int *fds)
{
	union rights rights = {};
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = message(&rights, &iov);
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(NR_SENT * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, NR_SENT * sizeof(int));
	kev_assert(sendmsg(socket, &msg, 0) == 1, "sendmsg");
}

static void receive_and_close(int socket)
{
	union rights rights = {};
	int fds[NR_SENT];
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = message(&rights, &iov);
	struct cmsghdr *cmsg;
	unsigned int i;

	kev_assert(recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) == 1, "recvmsg");
	cmsg = CMSG_FIRSTHDR(&msg);
	kev_assert(cmsg && cmsg->cmsg_type == SCM_RIGHTS &&
		   cmsg->cmsg_len == CMSG_LEN(sizeof(fds)), "SCM_RIGHTS");
	memcpy(fds, CMSG_DATA(cmsg), sizeof(fds));
	for (i = 0; i < NR_SENT; i++)
		close(fds[i]);
}

static void *signal_written(void *arg)
{
	struct scm *scm = arg;

	while (run_goes_on(scm->run)) {
		kev_signal(scm->fd);
		atomic_fetch_add(&scm->written, 1);
	}
	return NULL;
}

/* Leaves the VM to the cycle, or to nobody. */
static void scm_entangle(struct scm *scm, bool received)
{
	const struct kev_machine *m = &scm->vm.m;
	int sockets[2];
	int fds[NR_SENT] = { m->vm, m->vcpu[0], scm->fd };

	socket_pair(sockets);
	fds[3] = sockets[0];
	fds[4] = sockets[1];
	send_fds(sockets[0], fds);
	close(m->vm);
	close(m->vcpu[0]);
	close(m->vcpu[1]);
	if (received)
		receive_and_close(sockets[1]);
	close(sockets[0]);
	close(sockets[1]);
}

/* What an irqfd counted is the VM's once it has ended; the assign counted one. */
static bool scm_is_over(const struct scm *scm)
{
	return !vm_figure(&scm->vm, "irqfds") &&
	       vm_figure(&scm->vm, "irqfd_signalled");
}

/* The collector looks when a socket is closed while there are such messages. */
static void scm_collect(struct scm *scm)
{
	uint64_t end = kev_now_ms() + KEV_TIMEOUT_MS;
	int sockets[2];

	while (!scm_is_over(scm)) {
		if (kev_now_ms() > end) {
			run_fail(scm->run, "the cycle holds its VM for ever");
			return;
		}
		socket_pair(sockets);
		close(sockets[0]);
		close(sockets[1]);
	}
}

/*
 * An irqfd that is not active any more hears its eventfd until it has left the wait
 * queue; then another VM can have the eventfd, and nothing more is counted here.
 */
static void scm_await_free_eventfd(struct scm *scm)
{
	uint64_t end = kev_now_ms() + KEV_TIMEOUT_MS;

	while (__irqfd(scm->next.m.vm, scm->fd, GSI, 0, 0) < 0) {
		kev_assert(errno == EBUSY, "irqfd");
		if (kev_now_ms() > end) {
			run_fail(scm->run, "an ended irqfd stays in its wait queue");
			return;
		}
		sched_yield();
	}
	irqfd_deassign(scm->next.m.vm, scm->fd, GSI);
}

/* The eventfd stays the same: what was bound in a cycle can be bound again. */
static uint64_t scm_round(struct scm *scm, unsigned long round)
{
	uint64_t signalled;

	vm_create(&scm->vm);
	set_msi_route(scm->vm.m.vm, GSI, 0, VECTOR_A);
	irqfd_assign(scm->vm.m.vm, scm->fd, GSI);
	scm_entangle(scm, round & 1);
	scm_collect(scm);
	scm_await_free_eventfd(scm);
	vm_account(scm->run, &scm->vm);
	signalled = vm_figure(&scm->vm, "irqfd_signalled");
	close(scm->vm.stats);
	return signalled;
}

static void stress_scm(struct run *run)
{
	struct scm scm = { .run = run, .fd = meter_create() };
	uint64_t signalled = 0;
	pthread_t thread;
	unsigned long i;

	vm_create(&scm.next);
	thread = kev_thread_start(signal_written, &scm);
	for (i = 0; run_goes_on(run); i++) {
		signalled += scm_round(&scm, i);
		atomic_fetch_add(&run->pairs, 1);
		atomic_fetch_add(&run->rounds, 1);
	}
	kev_thread_join(thread);
	vm_account(run, &scm.next);
	signalled += vm_figure(&scm.next, "irqfd_signalled");
	vm_destroy(&scm.next);
	meter_compare(run, &scm.fd, 1, signalled, atomic_load(&scm.written));
	atomic_fetch_add(&run->signals, atomic_load(&scm.written));
	close(scm.fd);
}

STRESS_SCENARIO("scm", stress_scm);
