/* SPDX-License-Identifier: GPL-2.0 */
/* The command line. */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <stdbool.h>

/**
 * struct options - What the command line asks for
 * @device:	The node.
 * @count:	Pings to send.
 * @size:	Bytes of payload in each.
 * @io_uring:	Drive the vCPU through io_uring.
 * @quiet:	Print the summary alone.
 */
struct options {
	const char *device;
	unsigned int count;
	unsigned int size;
	bool io_uring;
	bool quiet;
};

void options_parse(struct options *opts, int argc, char **argv);

#endif /* VMM_OPTIONS_H */
