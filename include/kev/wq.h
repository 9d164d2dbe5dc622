/* SPDX-License-Identifier: GPL-2.0 */
/* The queue of cleanups: of closed eventfds, and of what is freed later. */
#ifndef _KEV_WQ_H
#define _KEV_WQ_H

#include <linux/workqueue.h>

/*
 * Unbound, concurrent, with a rescuer: each VM waits for its own items alone.
 * Its items may wait for injections, which have a queue of their own.
 */
extern struct workqueue_struct *kev_wq;

#endif /* _KEV_WQ_H */
