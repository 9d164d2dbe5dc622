/* SPDX-License-Identifier: GPL-2.0 */
/* A VM on a sink that writes down what it is told, and eventfds to signal. */
#ifndef _KEV_PLANE_FIXTURE_H
#define _KEV_PLANE_FIXTURE_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/kvm_eventfd.h>

struct eventfd_ctx;

#define FAKE_GATES	2

/**
 * struct fake_gate - Where assertions in process context wait
 * @tickets:	How many have come.
 * @entered:	Completed by each of them.
 * @leave:	The nth of them goes on when the nth is complete.
 */
struct fake_gate {
	atomic_t tickets;
	struct completion entered;
	struct completion leave[FAKE_GATES];
};

/**
 * struct fake_sink - What the sink was told, and what it shall answer
 * @atomic_ret:	Answer of deliver_atomic; -EWOULDBLOCK sends it to the work.
 * @ret:	Answer of deliver.
 * @irqfd_ret:	Answer of irqfd_allowed.
 * @routing_ret: Answer of routing_allowed.
 * @atomic:	Calls of deliver_atomic.
 * @asserted:	Calls of deliver with level true.
 * @deasserted:	Calls of deliver with level false.
 * @source:	Of the last delivery.
 * @route:	Of the last delivery.
 * @watch:	An eventfd that is read when a line falls; -1 for none.
 * @watched:	What was read there.
 * @gate:	Where assertions by deliver wait, or NULL.
 * @torn:	Deliveries of a route whose fields did not belong together.
 */
struct fake_sink {
	int atomic_ret;
	int ret;
	int irqfd_ret;
	int routing_ret;
	atomic_t atomic;
	atomic_t asserted;
	atomic_t deasserted;
	unsigned int source;
	struct kev_route route;
	int watch;
	u64 watched;
	struct fake_gate *gate;
	atomic_t torn;
};

/* Chips that pins are of: any will do, and x86's names are x86's. */
#define FAKE_CHIP	2
#define FAKE_OTHER_CHIP	0

struct kev_vm *fake_vm(struct kunit *test, struct fake_sink **sink);
/* The same, but the test puts it itself. */
struct kev_vm *fake_own_vm(struct kunit *test, struct fake_sink **sink);

/* An eventfd of the test's own; its fd is closed when the test ends. */
int fake_eventfd(struct kunit *test, unsigned int count);
/* The same, but the test closes it itself; negative when there is none. */
int fake_own_eventfd(unsigned int count);
void fake_eventfd_close(int fd);
void fake_eventfd_signal(int fd);
u64 fake_eventfd_count(int fd);

/* A route by MSI whose fields all tell of @n. */
struct kvm_irq_routing_entry fake_msi(u32 gsi, u32 n);
struct kvm_irq_routing_entry fake_pin(u32 gsi, u32 chip, u32 pin);

/* Not in the fixture itself: a build may have no irqfds. */
static inline int fake_irqfd(struct kev_vm *vm, int fd, u32 gsi, u32 flags)
{
	struct kvm_irqfd args = { .fd = fd, .gsi = gsi, .flags = flags };

	return kev_irqfd(vm, &args);
}

#endif /* _KEV_PLANE_FIXTURE_H */
