// SPDX-License-Identifier: GPL-2.0
/*
 * What a user has without this plane.
 *
 * Out: the emulator looks the doorbell's address up and writes the eventfd
 * itself.  In: a thread waits for eventfds with epoll and turns each event into
 * an MSI.  The second thread is what costs: on one CPU the figure holds the
 * wakeup, two switches and three system calls.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench.h"

#define NR_DEVICES	1024	/* a power of two */
#define NR_EVENTS	5000

static const __u64 one = 1;

/**
 * struct device_map - The emulator's table of doorbells: an open hash
 */
struct device_map {
	__u64 addr[2 * NR_DEVICES];
	int fd[2 * NR_DEVICES];
};

static unsigned int map_slot(const struct device_map *map, __u64 addr)
{
	unsigned int slot = addr * 0x9e3779b97f4a7c15ULL >> 53;

	while (map->addr[slot] && map->addr[slot] != addr)
		slot = (slot + 1) % (2 * NR_DEVICES);
	return slot;
}

static __u64 device_addr(unsigned int i)
{
	return 0x10000000 + 8ULL * (i % NR_DEVICES);
}

static void op_emulated(void *arg, unsigned int i)
{
	const struct device_map *map = arg;
	unsigned int slot = map_slot(map, device_addr(i));

	must(write(map->fd[slot], &one, sizeof(one)) == sizeof(one), "write");
}

static void emulated_doorbell(void)
{
	struct device_map *map = xcalloc(1, sizeof(*map));
	int *fds = eventfds_create(NR_DEVICES);
	unsigned int i, slot;

	for (i = 0; i < NR_DEVICES; i++) {
		slot = map_slot(map, device_addr(i));
		map->addr[slot] = device_addr(i);
		map->fd[slot] = fds[i];
	}
	settle();
	report_floor("doorbell-emulated",
		     measure_warm("doorbell-emulated", NULL, op_emulated, map,
				  NR_EVENTS));
	eventfds_close(fds, NR_DEVICES);
}

/**
 * struct relay - The thread that turns events into MSIs
 * @vm:		Where to.
 * @epoll:	Of @fd.
 * @fd:		The device's eventfd.
 * @done:	Events relayed.
 * @stop:	End the thread at the next event.
 */
struct relay {
	const struct vm *vm;
	int epoll;
	int fd;
	atomic_uint done;
	atomic_bool stop;
};

static void relay_one(struct relay *r)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = 0x41 };
	struct epoll_event event;
	__u64 count;

	must(epoll_wait(r->epoll, &event, 1, -1) == 1, "epoll_wait");
	must(read(r->fd, &count, sizeof(count)) == sizeof(count), "read");
	xioctl(r->vm->fd, KVM_SIGNAL_MSI, &msi, "KVM_SIGNAL_MSI");
	atomic_fetch_add(&r->done, 1);
}

static void *relay_thread(void *arg)
{
	struct relay *r = arg;

	while (!atomic_load(&r->stop))
		relay_one(r);
	return NULL;
}

static void op_relayed(void *arg, unsigned int i)
{
	struct relay *r = arg;
	unsigned int before = atomic_load(&r->done);

	(void)i;
	must(write(r->fd, &one, sizeof(one)) == sizeof(one), "write");
	while (atomic_load(&r->done) == before)
		sched_yield();
}

static void relay_start(struct relay *r, const struct vm *vm)
{
	struct epoll_event event = { .events = EPOLLIN };

	r->vm = vm;
	r->fd = eventfd(0, EFD_NONBLOCK);
	must(r->fd >= 0, "eventfd");
	r->epoll = epoll_create1(0);
	must(r->epoll >= 0, "epoll_create1");
	must(!epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->fd, &event), "epoll_ctl");
}

static void relayed_interrupt(const struct sys *sys)
{
	struct relay r = {};
	pthread_t thread;
	struct vm vm;

	vm_create(&vm, sys, 1);
	relay_start(&r, &vm);
	must(!pthread_create(&thread, NULL, relay_thread, &r),
	     "pthread_create");
	report_cost("relay", 0, sys->id,
		    measure_warm("relay", sys, op_relayed, &r, NR_EVENTS));
	atomic_store(&r.stop, true);
	op_relayed(&r, 0);
	must(!pthread_join(thread, NULL), "pthread_join");
	close(r.epoll);
	close(r.fd);
	vm_close(&vm);
}

void bench_relay(const struct sys *sys)
{
	if (report_get("doorbell-emulated", 0, SYS_KVM) < 0)
		emulated_doorbell();
	relayed_interrupt(sys);
}
