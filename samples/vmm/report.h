/* SPDX-License-Identifier: GPL-2.0 */
/* What a run showed, and whether it passed. */
#ifndef VMM_REPORT_H
#define VMM_REPORT_H

#include <stdbool.h>

struct netdev;
struct ping;

bool report(const struct ping *ping, const struct netdev *dev,
	    const char *device);

#endif /* VMM_REPORT_H */
