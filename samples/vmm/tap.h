/* SPDX-License-Identifier: GPL-2.0 */
/* The tap interface: the host's end of the wire. */
#ifndef VMM_TAP_H
#define VMM_TAP_H

#include <net/if.h>
#include <stdint.h>

/**
 * struct tap - A tap interface of this program's own
 * @fd:		Its file, vhost's backend; the interface goes with it.
 * @name:	Its name.
 * @host_ip:	Its address, network byte order.
 * @guest_ip:	The address that is left for the guest.
 */
struct tap {
	int fd;
	char name[IFNAMSIZ];
	uint32_t host_ip;
	uint32_t guest_ip;
};

void tap_create(struct tap *tap, int header_size);
void tap_up(struct tap *tap);
void tap_destroy(struct tap *tap);

#endif /* VMM_TAP_H */
