/* SPDX-License-Identifier: GPL-2.0 */
/* The queue on which the buses of VMs that are gone are freed. */
#ifndef _KEV_WQ_H
#define _KEV_WQ_H

#include <linux/workqueue.h>

extern struct workqueue_struct *kev_wq;

#endif /* _KEV_WQ_H */
