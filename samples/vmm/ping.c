// SPDX-License-Identifier: GPL-2.0
/*
 * The run: resolve the tap's address, then send a ping, wait for its reply,
 * and send the next.
 *
 * While it waits, the receive queue is looked at only after its interrupt was
 * taken.  When the time is over it is looked at once without one, so that a
 * reply whose interrupt is missing is told from a reply that is missing.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netdev.h"
#include "options.h"
#include "ping.h"
#include "uring.h"
#include "util.h"

#define PING_TIMEOUT_NS	(2 * NSEC_PER_SEC)
#define PING_ARP_TRIES	3

static const uint8_t ping_mac[ETH_ALEN] = {
	0x02, 0x6b, 0x65, 0x76, 0x00, 0x01
};

/* Set by a signal handler. */
static bool ping_stopped;

/**
 * ping_create() - Set a run up
 * @ping:	To fill.
 * @dev:	The device.
 * @opts:	The command line.
 * @guest_ip:	The guest's address, network byte order.
 * @host_ip:	Whom to ping.
 */
void ping_create(struct ping *ping, struct netdev *dev,
		 const struct options *opts, uint32_t guest_ip,
		 uint32_t host_ip)
{
	memset(ping, 0, sizeof(*ping));
	memcpy(ping->net.guest_mac, ping_mac, ETH_ALEN);
	ping->net.guest_ip = guest_ip;
	ping->net.host_ip = host_ip;
	ping->net.id = getpid();
	ping->net.size = opts->size;
	ping->dev = dev;
	ping->quiet = opts->quiet;
	ping->rtt_min = UINT64_MAX;
}

/**
 * ping_stop() - End the run after the ping under way
 *
 * Context: also a signal handler.
 */
void ping_stop(void)
{
	__atomic_store_n(&ping_stopped, true, __ATOMIC_RELAXED);
}

static bool ping_is_stopped(void)
{
	return __atomic_load_n(&ping_stopped, __ATOMIC_RELAXED);
}

static void ping_answer_arp(struct ping *ping, const void *frame)
{
	void *out = netdev_get_frame(ping->dev);

	ping->arps_out++;
	netdev_send(ping->dev, net_arp_reply(&ping->net, frame, out));
}

static void ping_reply(struct ping *ping, uint16_t seq, bool intact,
		       bool announced)
{
	if (!ping->waiting || seq != ping->seq) {
		ping->late++;
		return;
	}

	ping->waiting = false;
	if (!intact) {
		ping->damaged++;
		return;
	}
	ping->rtt = now_ns() - ping->sent_at;
	ping->replies++;
	ping->announced += announced;
}

/**
 * ping_receive() - A frame came in
 * @opaque:	The run.
 * @frame:	The frame.
 * @len:	Its length.
 * @announced:	An interrupt of the module was taken before it was found.
 */
void ping_receive(void *opaque, const void *frame, size_t len, bool announced)
{
	struct ping *ping = opaque;
	enum net_kind kind;
	uint16_t seq = 0;

	kind = net_input(&ping->net, frame, len, &seq);
	switch (kind) {
	case NET_ARP_REQUEST:
		ping->arps_in++;
		ping_answer_arp(ping, frame);
		break;
	case NET_ARP_REPLY:
		ping->arps_in++;
		break;
	case NET_ECHO_REPLY:
	case NET_ECHO_DAMAGED:
		ping_reply(ping, seq, kind == NET_ECHO_REPLY, announced);
		break;
	case NET_OTHER:
		ping->others++;
		break;
	}
}

/* Run the vCPU until *@flag is @value, or the time is over. */
static bool ping_wait(struct ping *ping, const bool *flag, bool value)
{
	uint64_t deadline = now_ns() + PING_TIMEOUT_NS;
	uint64_t now;

	for (;;) {
		netdev_interrupts(ping->dev);
		if (*flag == value)
			return true;
		now = now_ns();
		if (now >= deadline)
			break;
		netdev_sleep(ping->dev, deadline - now);
	}

	netdev_receive(ping->dev, false);

	return *flag == value;
}

static bool ping_resolve(struct ping *ping)
{
	unsigned int i;
	void *frame;

	for (i = 0; i < PING_ARP_TRIES && !ping_is_stopped(); i++) {
		frame = netdev_get_frame(ping->dev);
		ping->arps_out++;
		netdev_send(ping->dev, net_arp_request(&ping->net, frame));
		if (ping_wait(ping, &ping->net.resolved, true))
			return true;
	}

	return false;
}

static void ping_print(const struct ping *ping, unsigned int seq,
		       bool announced, bool damaged)
{
	struct in_addr host = { ping->net.host_ip };

	if (ping->waiting)
		printf("no reply from %s: icmp_seq=%u\n", inet_ntoa(host), seq);
	else if (damaged)
		printf("damaged reply from %s: icmp_seq=%u\n", inet_ntoa(host),
		       seq);
	else
		printf("%u bytes from %s: icmp_seq=%u time=%.3f ms%s\n",
		       ping->net.size + ICMP_MINLEN, inet_ntoa(host), seq,
		       (double)ping->rtt / NSEC_PER_MSEC,
		       announced ? "" : " (no interrupt)");
}

static void ping_one(struct ping *ping, unsigned int seq)
{
	uint64_t announced = ping->announced;
	uint64_t damaged = ping->damaged;
	void *frame = netdev_get_frame(ping->dev);
	size_t len;

	ping->seq = seq;
	ping->waiting = true;
	len = net_echo_request(&ping->net, frame, seq);
	ping->requests++;
	ping->sent_at = now_ns();
	netdev_send(ping->dev, len);
	ping_wait(ping, &ping->waiting, false);

	if (!ping->waiting && ping->damaged == damaged) {
		ping->rtt_sum += ping->rtt;
		if (ping->rtt < ping->rtt_min)
			ping->rtt_min = ping->rtt;
		if (ping->rtt > ping->rtt_max)
			ping->rtt_max = ping->rtt;
	}
	if (!ping->quiet)
		ping_print(ping, seq, ping->announced != announced,
			   ping->damaged != damaged);
	ping->waiting = false;
}

/**
 * ping_run() - Send the pings one after the other
 * @ping:	From ping_create().
 * @count:	How many.
 */
void ping_run(struct ping *ping, unsigned int count)
{
	struct in_addr host = { ping->net.host_ip };
	unsigned int i;

	if (!ping_resolve(ping)) {
		printf("no answer to %d ARP requests for %s\n", PING_ARP_TRIES,
		       inet_ntoa(host));
		return;
	}

	for (i = 1; i <= count && !ping_is_stopped(); i++) {
		ping_one(ping, i);
		if (ping->dev->uring)
			uring_watch_threads(ping->dev->uring);
	}
}
