// SPDX-License-Identifier: GPL-2.0
/*
 * The summary and the verdict.
 *
 * That nothing was relayed is not taken on trust.  Each kick eventfd counts
 * its signals, since vhost waits for it without reading it: the counter must
 * equal the doorbells that the module took, or somebody else rang.  Each call
 * eventfd is drained by the module alone: its counter must be 0, and a reply
 * must not be found before its interrupt.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "netdev.h"
#include "ping.h"
#include "report.h"
#include "uring.h"
#include "util.h"

/**
 * struct evidence - What is computed from the counters
 * @rung:	Doorbells of both queues,
 * @taken:	those that the module took,
 * @refused:	and those that it left to user space.
 * @kicks:	Signals that the kick eventfds counted.
 * @undrained:	Signals that are left in the call eventfds.
 * @lost:	Requests without an intact reply in time.
 * @relayed:	Kicks and calls that did not go through the module.
 */
struct evidence {
	uint64_t rung;
	uint64_t taken;
	uint64_t refused;
	uint64_t kicks;
	uint64_t undrained;
	uint64_t lost;
	uint64_t relayed;
};

static void evidence_collect(struct evidence *ev, const struct ping *ping,
			     const struct netdev *dev)
{
	unsigned int i;

	*ev = (struct evidence){ 0 };
	for (i = 0; i < NETDEV_QUEUES; i++) {
		ev->rung += dev->bell[i].rung;
		ev->taken += dev->bell[i].taken;
		ev->refused += dev->bell[i].refused;
		ev->kicks += eventfd_count(dev->bell[i].kick);
		ev->undrained += eventfd_count(dev->irq[i].call);
	}
	ev->lost = ping->requests - ping->replies;
	ev->relayed = ping->replies - ping->announced + ev->undrained;
	if (ev->kicks > ev->taken)
		ev->relayed += ev->kicks - ev->taken;
}

/* One line for each counter, so that a script finds it by its name. */
static void report_count(const char *name, uint64_t count)
{
	printf("%-48s %8llu\n", name, (unsigned long long)count);
}

static void report_packets(const struct ping *ping, const struct netdev *dev,
			   const struct evidence *ev)
{
	report_count("packets out", dev->frames_out);
	report_count("  echo requests", ping->requests);
	report_count("  ARP", ping->arps_out);
	report_count("packets in", dev->frames_in);
	report_count("  echo replies", ping->replies);
	report_count("  ARP", ping->arps_in);
	report_count("  late or damaged", ping->late + ping->damaged);
	report_count("  other", ping->others);
	report_count("lost", ev->lost);
}

static void report_doorbells(const struct netdev *dev,
			     const struct evidence *ev)
{
	report_count("doorbells rung", ev->rung);
	report_count("  rx", dev->bell[NETDEV_RX].rung);
	report_count("  tx", dev->bell[NETDEV_TX].rung);
	report_count("  of which carry no data",
		     dev->bell[NETDEV_TX].address_only);
	report_count("doorbells taken by the module", ev->taken);
	report_count("doorbells refused by the module", ev->refused);
	report_count("signals counted by the kick eventfds", ev->kicks);
}

static void report_interrupts(const struct ping *ping,
			      const struct netdev *dev,
			      const struct evidence *ev)
{
	const struct irq *rx = &dev->irq[NETDEV_RX];
	const struct irq *tx = &dev->irq[NETDEV_TX];

	report_count("interrupts taken", rx->taken + tx->taken);
	report_count("  rx", rx->taken);
	report_count("  tx", tx->taken);
	report_count("sleeps that an interrupt ended", dev->by_poll);
	report_count("signals left in the call eventfds", ev->undrained);
	report_count("replies announced by an interrupt of the module",
		     ping->announced);
	report_count("relayed by user space", ev->relayed);
}

static void report_uring(const struct uring *uring)
{
	report_count("io_uring writes complete at submission",
		     uring->completed);
	report_count("io_uring writes complete later", uring->deferred);
	report_count("io_uring worker threads", uring->workers);
	report_count("threads of this process", uring->threads);
}

static void report_rtt(const struct ping *ping)
{
	double ms = NSEC_PER_MSEC;

	if (!ping->replies)
		return;

	printf("rtt min/avg/max %.3f/%.3f/%.3f ms\n", ping->rtt_min / ms,
	       ping->rtt_sum / ms / ping->replies, ping->rtt_max / ms);
}

/* Print the reason when a condition that must hold does not. */
static bool report_check(bool holds, const char *reason)
{
	if (!holds)
		printf("kev-vmm: FAIL: %s\n", reason);

	return holds;
}

static bool report_verdict(const struct ping *ping, const struct netdev *dev,
			   const struct evidence *ev)
{
	const struct uring *uring = dev->uring;
	bool pass = true;

	pass &= report_check(ping->net.resolved,
			     "the tap's address was not resolved");
	pass &= report_check(!ev->lost, "replies were lost");
	pass &= report_check(!ev->refused,
			     "the module refused doorbells");
	pass &= report_check(ev->kicks == ev->taken,
			     "kick eventfds differ from the doorbells taken");
	pass &= report_check(!ev->undrained,
			     "the module did not drain the call eventfds");
	pass &= report_check(ping->announced == ping->replies,
			     "replies came without an interrupt of the module");
	if (uring)
		pass &= report_check(!uring->deferred && !uring->workers,
				     "io_uring needed worker threads for doorbells");
	if (pass)
		puts("kev-vmm: PASS");

	return pass;
}

/**
 * report() - Print the summary and judge
 * @ping:	The run.
 * @dev:	The device, disconnected but not destroyed.
 * @device:	The node.
 *
 * Return: whether the run passed.
 */
bool report(const struct ping *ping, const struct netdev *dev,
	    const char *device)
{
	struct in_addr host = { ping->net.host_ip };
	struct evidence ev;

	evidence_collect(&ev, ping, dev);

	printf("--- %s through vhost-net and %s ---\n", inet_ntoa(host), device);
	report_packets(ping, dev, &ev);
	report_doorbells(dev, &ev);
	report_interrupts(ping, dev, &ev);
	if (dev->uring)
		report_uring(dev->uring);
	report_rtt(ping);

	return report_verdict(ping, dev, &ev);
}
