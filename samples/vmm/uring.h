/* SPDX-License-Identifier: GPL-2.0 */
/* Doorbells and waiting through io_uring. */
#ifndef VMM_URING_H
#define VMM_URING_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/**
 * struct uring - One ring that drives one vCPU
 * @ring:	liburing's.
 * @fd:		The vCPU's file.
 * @armed:	A poll of @fd is in flight.
 * @completed:	Writes that were complete when their submission returned.
 * @deferred:	Writes that were not.
 * @threads:	Most entries seen in /proc/self/task.
 * @workers:	Most of them that were io_uring's.
 * @looked:	When the threads were counted last.
 */
struct uring {
	struct io_uring ring;
	int fd;
	bool armed;
	uint64_t completed;
	uint64_t deferred;
	unsigned int threads;
	unsigned int workers;
	uint64_t looked;
};

void uring_create(struct uring *uring, struct vcpu *vcpu);
void uring_destroy(struct uring *uring);
int uring_write_mmio(struct uring *uring, uint64_t gpa, const void *data,
		     unsigned int len);
bool uring_wait(struct uring *uring, uint64_t timeout_ns);
void uring_count_threads(struct uring *uring);
void uring_watch_threads(struct uring *uring);

#endif /* VMM_URING_H */
