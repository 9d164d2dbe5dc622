// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's network stack: it asks for the tap's Ethernet address, answers
 * when it is asked for its own, sends echo requests and judges the replies.
 *
 * Pure functions over frames; netdev.c moves them, ping.c decides when.
 */
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "net.h"

#define NET_TTL	64

struct arp_frame {
	struct ether_header eth;
	struct ether_arp arp;
} __attribute__((packed));

struct echo_frame {
	struct ether_header eth;
	struct iphdr ip;
	struct icmphdr icmp;
	uint8_t payload[];
} __attribute__((packed));

static const uint8_t net_broadcast[ETH_ALEN] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff
};

/* The internet checksum, in network byte order; 0 over what includes it. */
static uint16_t net_checksum(const void *data, size_t len)
{
	const uint8_t *byte = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += byte[i] << 8 | byte[i + 1];
	if (len & 1)
		sum += byte[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);

	return htons(~sum);
}

/* Every byte differs from its neighbours, and between two requests. */
static uint8_t net_payload(uint16_t seq, unsigned int i)
{
	return seq * 7 + (seq >> 8) + i;
}

static void net_ethernet(const struct net *net, struct ether_header *eth,
			 const uint8_t *to, uint16_t type)
{
	memcpy(eth->ether_dhost, to, ETH_ALEN);
	memcpy(eth->ether_shost, net->guest_mac, ETH_ALEN);
	eth->ether_type = htons(type);
}

/* The parts that request and reply have in common; the target is left 0. */
static void net_arp(const struct net *net, struct arp_frame *out,
		    const uint8_t *to, uint16_t op)
{
	memset(out, 0, sizeof(*out));
	net_ethernet(net, &out->eth, to, ETHERTYPE_ARP);
	out->arp.arp_hrd = htons(ARPHRD_ETHER);
	out->arp.arp_pro = htons(ETHERTYPE_IP);
	out->arp.arp_hln = ETH_ALEN;
	out->arp.arp_pln = sizeof(net->guest_ip);
	out->arp.arp_op = htons(op);
	memcpy(out->arp.arp_sha, net->guest_mac, ETH_ALEN);
	memcpy(out->arp.arp_spa, &net->guest_ip, sizeof(net->guest_ip));
}

/**
 * net_arp_request() - Ask for the tap's Ethernet address
 * @net:	Who asks.
 * @frame:	Room for NET_FRAME_MAX bytes.
 *
 * Return: the frame's length.
 */
size_t net_arp_request(const struct net *net, void *frame)
{
	struct arp_frame *out = frame;

	net_arp(net, out, net_broadcast, ARPOP_REQUEST);
	memcpy(out->arp.arp_tpa, &net->host_ip, sizeof(net->host_ip));

	return sizeof(*out);
}

/**
 * net_arp_reply() - Answer a frame that net_input() called NET_ARP_REQUEST
 * @net:	Who answers.
 * @request:	The frame.
 * @frame:	Room for NET_FRAME_MAX bytes.
 *
 * Return: the frame's length.
 */
size_t net_arp_reply(const struct net *net, const void *request, void *frame)
{
	const struct arp_frame *in = request;
	struct arp_frame *out = frame;

	net_arp(net, out, in->arp.arp_sha, ARPOP_REPLY);
	memcpy(out->arp.arp_tha, in->arp.arp_sha, ETH_ALEN);
	memcpy(out->arp.arp_tpa, in->arp.arp_spa, sizeof(in->arp.arp_spa));

	return sizeof(*out);
}

/**
 * net_echo_request() - Write one ping
 * @net:	Who sends; resolved.
 * @frame:	Room for NET_FRAME_MAX bytes.
 * @seq:	Its number, which also decides the payload.
 *
 * Return: the frame's length.
 */
size_t net_echo_request(const struct net *net, void *frame, uint16_t seq)
{
	struct echo_frame *out = frame;
	size_t icmp_len = sizeof(out->icmp) + net->size;
	unsigned int i;

	memset(out, 0, sizeof(*out));
	net_ethernet(net, &out->eth, net->host_mac, ETHERTYPE_IP);

	out->ip.version = IPVERSION;
	out->ip.ihl = sizeof(out->ip) / 4;
	out->ip.tot_len = htons(sizeof(out->ip) + icmp_len);
	out->ip.id = htons(seq);
	out->ip.ttl = NET_TTL;
	out->ip.protocol = IPPROTO_ICMP;
	out->ip.saddr = net->guest_ip;
	out->ip.daddr = net->host_ip;
	out->ip.check = net_checksum(&out->ip, sizeof(out->ip));

	out->icmp.type = ICMP_ECHO;
	out->icmp.un.echo.id = htons(net->id);
	out->icmp.un.echo.sequence = htons(seq);
	for (i = 0; i < net->size; i++)
		out->payload[i] = net_payload(seq, i);
	out->icmp.checksum = net_checksum(&out->icmp, icmp_len);

	return sizeof(*out) + net->size;
}

static enum net_kind net_input_arp(struct net *net, const void *frame,
				   size_t len)
{
	const struct arp_frame *in = frame;

	if (len < sizeof(*in) || in->arp.arp_pro != htons(ETHERTYPE_IP) ||
	    memcmp(in->arp.arp_tpa, &net->guest_ip, sizeof(net->guest_ip)) ||
	    memcmp(in->arp.arp_spa, &net->host_ip, sizeof(net->host_ip)))
		return NET_OTHER;

	if (in->arp.arp_op == htons(ARPOP_REQUEST))
		return NET_ARP_REQUEST;
	if (in->arp.arp_op != htons(ARPOP_REPLY))
		return NET_OTHER;

	memcpy(net->host_mac, in->arp.arp_sha, ETH_ALEN);
	net->resolved = true;

	return NET_ARP_REPLY;
}

static bool net_is_echo_reply(const struct net *net,
			      const struct echo_frame *in, size_t len)
{
	return len >= sizeof(*in) &&
	       in->ip.version == IPVERSION &&
	       in->ip.ihl == sizeof(in->ip) / 4 &&
	       in->ip.protocol == IPPROTO_ICMP &&
	       in->ip.saddr == net->host_ip &&
	       in->ip.daddr == net->guest_ip &&
	       in->icmp.type == ICMP_ECHOREPLY &&
	       in->icmp.un.echo.id == htons(net->id);
}

static bool net_echo_is_intact(const struct net *net,
			       const struct echo_frame *in, size_t len)
{
	size_t icmp_len = sizeof(in->icmp) + net->size;
	uint16_t seq = ntohs(in->icmp.un.echo.sequence);
	unsigned int i;

	if (len < sizeof(*in) + net->size ||
	    ntohs(in->ip.tot_len) != sizeof(in->ip) + icmp_len ||
	    net_checksum(&in->ip, sizeof(in->ip)) ||
	    net_checksum(&in->icmp, icmp_len))
		return false;

	for (i = 0; i < net->size; i++)
		if (in->payload[i] != net_payload(seq, i))
			return false;

	return true;
}

/**
 * net_input() - Look at a frame that came in
 * @net:	Who received it; learns the tap's address from an ARP reply.
 * @frame:	The frame.
 * @len:	Its length.
 * @seq:	An echo reply's number.
 *
 * Return: what it is.
 */
enum net_kind net_input(struct net *net, const void *frame, size_t len,
			uint16_t *seq)
{
	const struct echo_frame *in = frame;

	if (len < sizeof(in->eth))
		return NET_OTHER;
	if (in->eth.ether_type == htons(ETHERTYPE_ARP))
		return net_input_arp(net, frame, len);
	if (in->eth.ether_type != htons(ETHERTYPE_IP) ||
	    !net_is_echo_reply(net, in, len))
		return NET_OTHER;

	*seq = ntohs(in->icmp.un.echo.sequence);

	return net_echo_is_intact(net, in, len) ? NET_ECHO_REPLY :
						  NET_ECHO_DAMAGED;
}
