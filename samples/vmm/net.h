/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's network stack: ARP and ICMP echo. */
#ifndef VMM_NET_H
#define VMM_NET_H

#include <net/ethernet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Payload of an echo request: what the tap's MTU of 1500 leaves, rounded. */
#define NET_SIZE_MAX	1400

/* Longest frame that net_*() writes. */
#define NET_FRAME_MAX	1514

enum net_kind {
	NET_OTHER,		/* nothing that the guest waits for */
	NET_ARP_REQUEST,	/* for the guest's address */
	NET_ARP_REPLY,		/* from the host */
	NET_ECHO_REPLY,		/* from the host, intact */
	NET_ECHO_DAMAGED,	/* from the host, not what was sent */
};

/**
 * struct net - Who talks to whom
 * @guest_mac:	The guest's Ethernet address.
 * @host_mac:	The tap's; valid with @resolved.
 * @guest_ip:	The guest's address, network byte order.
 * @host_ip:	The tap's, network byte order.
 * @id:		Identifier of the echo requests.
 * @size:	Bytes of their payload.
 * @resolved:	An ARP reply has come.
 */
struct net {
	uint8_t guest_mac[ETH_ALEN];
	uint8_t host_mac[ETH_ALEN];
	uint32_t guest_ip;
	uint32_t host_ip;
	uint16_t id;
	unsigned int size;
	bool resolved;
};

size_t net_arp_request(const struct net *net, void *frame);
size_t net_arp_reply(const struct net *net, const void *request, void *frame);
size_t net_echo_request(const struct net *net, void *frame, uint16_t seq);
enum net_kind net_input(struct net *net, const void *frame, size_t len,
			uint16_t *seq);

#endif /* VMM_NET_H */
