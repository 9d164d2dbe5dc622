/* SPDX-License-Identifier: GPL-2.0 */
/* VMs of GSI lines: what lines.c and msi.c share. */
#ifndef _KEV_LINES_H
#define _KEV_LINES_H

#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/container_of.h>
#include <linux/kvm_eventfd.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include <kev/base/limits.h>
#include <kev/lines/adapter.h>
#include <kev/machine/machine.h>
#include <kev/machine/vcpu.h>

/* What one chunk holds: 4096 bits, or 1024 where a word has 32. */
#define KEV_CHUNK_BITS	(BITS_PER_LONG * BITS_PER_LONG)
#define KEV_CHUNKS	(KEV_MAX_IRQ_ROUTES_CAP / KEV_CHUNK_BITS)

/**
 * struct kev_chunk - A set of small numbers whose lowest is found at once
 * @summary:	Bit n: @word[n] is not 0.
 * @word:	Bit by number.
 */
struct kev_chunk {
	unsigned long summary;
	unsigned long word[BITS_PER_LONG];
};

/* True when it was not in the set. */
static inline bool kev_chunk_add(struct kev_chunk *chunk, unsigned int nr)
{
	unsigned int i = nr / BITS_PER_LONG;

	__set_bit(i, &chunk->summary);
	return !__test_and_set_bit(nr % BITS_PER_LONG, &chunk->word[i]);
}

static inline void kev_chunk_del(struct kev_chunk *chunk, unsigned int nr)
{
	unsigned int i = nr / BITS_PER_LONG;

	__clear_bit(nr % BITS_PER_LONG, &chunk->word[i]);
	if (!chunk->word[i])
		__clear_bit(i, &chunk->summary);
}

/* The lowest.  The set is not empty. */
static inline unsigned int kev_chunk_first(const struct kev_chunk *chunk)
{
	unsigned int i = __ffs(chunk->summary);

	return i * BITS_PER_LONG + __ffs(chunk->word[i]);
}

/**
 * struct kev_line - One line
 * @level:	Bit by KEV_IRQ_SOURCE_*: the sources that hold it up.
 * @edge:	An edge came that no CPU took.
 * @edge_triggered: @level alone makes no interrupt, but its rise an edge.
 * @busy:	Taken by a CPU, and not ended.
 * @ending:	Is being ended: its ack notifiers run.
 */
struct kev_line {
	u8 level;
	bool edge : 1;
	bool edge_triggered : 1;
	bool busy : 1;
	bool ending : 1;
};

/**
 * struct kev_lines - A machine of lines
 * @machine:	What every machine has.
 * @lock:	Protects all below.  Irq-safe.
 * @cpus:	Those that are told of events: &struct kev_lines_cpu.
 * @waiters:	Those that poll any of @cpus: each event is for all of them.
 * @pending:	There is something to take.  As published to @cpus.
 * @ready:	Lines that can be taken.
 * @chunks:	Bit n: @msi[n] is not empty.
 * @msi:	GSIs whose message was sent and not taken.  A chunk is there once
 *		a route needed it, and stays.
 * @adapters:	See adapter.c.
 * @line:	By number.
 */
struct kev_lines {
	struct kev_machine machine;
	spinlock_t lock;
	struct list_head cpus;
	struct kev_waitqueue waiters;
	bool pending;
	struct kev_chunk ready;
	DECLARE_BITMAP(chunks, KEV_CHUNKS);
	struct kev_chunk *msi[KEV_CHUNKS];
	struct kev_adapters adapters;
	struct kev_line line[KEV_LINES];
};

/**
 * struct kev_lines_cpu - A vCPU of such a VM
 * @vcpu:	It.
 * @node:	On &kev_lines.cpus, once the vCPU is published.
 */
struct kev_lines_cpu {
	struct kev_vcpu *vcpu;
	struct list_head node;
};

static inline struct kev_lines *kev_lines(struct kev_machine *machine)
{
	return container_of(machine, struct kev_lines, machine);
}

/* Tell all CPUs when there begins or ceases to be something to take. */
void kev_lines_publish(struct kev_lines *lines);
int kev_lines_eoi(struct kev_vcpu *vcpu, u32 line);

/* msi.c: GSIs that are routed to a message. */
#ifdef CONFIG_KVM_EVENTFD_IRQ_ROUTING
int kev_lines_default_routes(struct kev_lines *lines);
int kev_lines_set_msi(struct kev_lines *lines,
		      const struct kvm_irq_routing_entry *ue,
		      struct kev_route *route);
bool kev_lines_msi_add(struct kev_lines *lines, u32 gsi);
bool kev_lines_msi_take(struct kev_lines *lines, u32 *gsi);
bool kev_lines_msi_read(struct kev_lines *lines, u32 gsi,
			struct kvm_eventfd_event *event);
void kev_lines_msi_destroy(struct kev_lines *lines);
#else
static inline int kev_lines_default_routes(struct kev_lines *lines)
{
	return 0;
}

static inline int kev_lines_set_msi(struct kev_lines *lines,
				    const struct kvm_irq_routing_entry *ue,
				    struct kev_route *route)
{
	return -EINVAL;
}

static inline bool kev_lines_msi_add(struct kev_lines *lines, u32 gsi)
{
	return false;
}

static inline bool kev_lines_msi_take(struct kev_lines *lines, u32 *gsi)
{
	return false;
}

static inline bool kev_lines_msi_read(struct kev_lines *lines, u32 gsi,
				      struct kvm_eventfd_event *event)
{
	return false;
}

static inline void kev_lines_msi_destroy(struct kev_lines *lines)
{
}
#endif

#endif /* _KEV_LINES_H */
