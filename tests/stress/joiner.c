// SPDX-License-Identifier: GPL-2.0
/* A device that is plugged in and out: its irqfd has a resamplefd. */
#include <sched.h>
#include <unistd.h>

#include "stress.h"

void *join_until_stopped(void *arg)
{
	struct joiner *joiner = arg;
	int resamplefd = kev_eventfd(0);
	int fd = kev_eventfd(0);

	while (run_goes_on(joiner->run)) {
		irqfd_assign_resample(joiner->vm->m.vm, fd, joiner->gsi,
				      resamplefd);
		kev_signal(fd);
		sched_yield();
		irqfd_deassign(joiner->vm->m.vm, fd, joiner->gsi);
		/* Nobody signals a resamplefd of an irqfd that is gone. */
		kev_count(resamplefd);
		usleep(10);
		if (kev_count(resamplefd))
			run_fail(joiner->run, "a resample after deassign");
		atomic_fetch_add(&joiner->run->signals, 1);
		atomic_fetch_add(&joiner->run->pairs, 1);
	}
	close(fd);
	close(resamplefd);
	return NULL;
}
