/* SPDX-License-Identifier: GPL-2.0 */
/* One run of pings, and what it showed. */
#ifndef VMM_PING_H
#define VMM_PING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"

struct netdev;
struct options;

/**
 * struct ping - One run
 * @net:	Who talks to whom.
 * @dev:	The device.
 * @quiet:	Do not print each reply.
 * @waiting:	A reply to @seq is waited for.
 * @seq:	Number of the ping under way,
 * @sent_at:	when it was sent,
 * @rtt:	and how long its reply took.
 * @requests:	Echo requests sent.
 * @arps_out:	ARP frames sent.
 * @replies:	Intact replies in time.
 * @announced:	Those of them found after an interrupt of the module.
 * @damaged:	Replies that differ from what was sent.
 * @late:	Replies that came after they were counted as lost, or twice.
 * @arps_in:	ARP frames for the guest.
 * @others:	Frames that the guest has no use for.
 * @rtt_min:	Shortest,
 * @rtt_max:	longest
 * @rtt_sum:	and all round trips.
 */
struct ping {
	struct net net;
	struct netdev *dev;
	bool quiet;
	bool waiting;
	uint16_t seq;
	uint64_t sent_at;
	uint64_t rtt;
	uint64_t requests;
	uint64_t arps_out;
	uint64_t replies;
	uint64_t announced;
	uint64_t damaged;
	uint64_t late;
	uint64_t arps_in;
	uint64_t others;
	uint64_t rtt_min;
	uint64_t rtt_max;
	uint64_t rtt_sum;
};

void ping_create(struct ping *ping, struct netdev *dev,
		 const struct options *opts, uint32_t guest_ip,
		 uint32_t host_ip);
void ping_run(struct ping *ping, unsigned int count);
void ping_stop(void);
void ping_receive(void *opaque, const void *frame, size_t len, bool announced);

#endif /* VMM_PING_H */
