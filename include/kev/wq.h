/* SPDX-License-Identifier: GPL-2.0 */
/* The module's work queue. */
#ifndef _KEV_WQ_H
#define _KEV_WQ_H

#include <linux/workqueue.h>

/* Unbound, concurrent, with a rescuer: each VM waits for its own items alone. */
extern struct workqueue_struct *kev_wq;

#endif /* _KEV_WQ_H */
