// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells through io_uring: one per submission, and 64.
 */
#include <liburing.h>
#include <unistd.h>

#include "bench.h"
#include "doorbell.h"

#define NR_REGISTERED	900
#define BATCH		64

struct ring {
	struct io_uring ring;
	struct doorbells doorbells;
	unsigned int batch;
};

/* Submit a batch of writes, and see that the module took each of them. */
static void op_submit(void *arg, unsigned int i)
{
	struct ring *r = arg;
	static __u32 value;
	struct io_uring_cqe *cqe;
	unsigned int head, n;

	for (n = 0; n < r->batch; n++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);
		unsigned int nr = (i + n) % NR_REGISTERED;

		io_uring_prep_write(sqe, 0, &value, sizeof(value),
				    doorbell_offset(&r->doorbells, nr));
		sqe->flags |= IOSQE_FIXED_FILE;
	}
	must(io_uring_submit_and_wait(&r->ring, r->batch) >= 0,
	     "io_uring_submit");
	n = 0;
	io_uring_for_each_cqe(&r->ring, head, cqe) {
		must(cqe->res == sizeof(value), "io_uring write");
		n++;
	}
	io_uring_cq_advance(&r->ring, n);
}

static void ring_measure(struct ring *r, const char *op, unsigned int batch)
{
	const struct sys *sys = r->doorbells.vm->sys;

	r->batch = batch;
	report_cost(op, batch, sys->id,
		    measure_warm(op, sys, op_submit, r, 12800 / batch) / batch);
}

void bench_uring(const struct sys *sys)
{
	struct ring r = {};
	struct vm vm;

	if (sys->id == SYS_KVM)
		return;
	vm_create(&vm, sys, 1);
	r.doorbells = (struct doorbells) {
		.vm = &vm, .kind = DOORBELL_MMIO,
		.fds = eventfds_create(NR_REGISTERED), .nr = NR_REGISTERED,
	};
	doorbells_register(&r.doorbells);
	must(!io_uring_queue_init(BATCH, &r.ring, 0), "io_uring_queue_init");
	must(!io_uring_register_files(&r.ring, &vm.vcpu[0], 1),
	     "io_uring_register_files");
	ring_measure(&r, "doorbell-uring", 1);
	ring_measure(&r, "doorbell-uring", BATCH);
	io_uring_queue_exit(&r.ring);
	eventfds_close(r.doorbells.fds, NR_REGISTERED);
	vm_close(&vm);
}
