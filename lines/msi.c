// SPDX-License-Identifier: GPL-2.0
/*
 * The messages of a VM of lines: GSIs that are routed to a MSI.
 *
 * A message is what its route says, so what has to be kept of one that was sent is
 * its GSI: a bit.  The bit is there once the route is accepted, so that sending
 * can neither fail nor allocate; a GSI that is sent twice before it is taken is
 * taken once, and the sender is told.  The message is read when it is taken: after
 * a change of routes nothing arrives by the old one.
 *
 * lines.c calls in, under kev_lines.lock where it says so.  Owns no lock.
 */
#include <linux/bitmap.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/lockdep.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include <kev/base/limits.h>
#include <kev/lines/lines.h>

/* Room for a GSI's bit.  Two routes may want the same chunk at once. */
static int msi_reserve(struct kev_lines *lines, u32 gsi)
{
	struct kev_chunk **slot = &lines->msi[gsi / KEV_CHUNK_BITS];
	struct kev_chunk *chunk;

	if (READ_ONCE(*slot))
		return 0;
	chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return -ENOMEM;
	if (cmpxchg(slot, NULL, chunk))
		kfree(chunk);
	return 0;
}

/**
 * kev_lines_set_msi - kev_sink_ops.set_route for a MSI
 * @lines:	The lines.
 * @ue:		The entry; its GSI is below KEV_MAX_IRQ_ROUTES_CAP.
 * @route:	Filled.
 *
 * Any message will do: the emulator knows what it means.
 *
 * Context: Process context.
 * Return: 0; -EINVAL: a flag that is not known; -ENOMEM.
 */
int kev_lines_set_msi(struct kev_lines *lines,
		      const struct kvm_irq_routing_entry *ue,
		      struct kev_route *route)
{
	int ret;

	if (WARN_ON_ONCE(ue->gsi >= KEV_MAX_IRQ_ROUTES_CAP))
		return -EINVAL;
	ret = kev_route_set_msi(route, ue);
	if (ret)
		return ret;

	return msi_reserve(lines, array_index_nospec(ue->gsi,
						     KEV_MAX_IRQ_ROUTES_CAP));
}

/**
 * kev_lines_msi_add - The message of a GSI is sent
 * @lines:	The lines.
 * @gsi:	Of a route that kev_lines_set_msi() accepted.
 *
 * Context: Under @lines' lock.
 * Return: False when one was sent before and not taken yet.
 */
bool kev_lines_msi_add(struct kev_lines *lines, u32 gsi)
{
	unsigned int i = gsi / KEV_CHUNK_BITS;

	lockdep_assert_held(&lines->lock);

	__set_bit(i, lines->chunks);
	return kev_chunk_add(lines->msi[i], gsi % KEV_CHUNK_BITS);
}

/**
 * kev_lines_msi_take - Take the lowest GSI whose message was sent
 * @lines:	The lines.
 * @gsi:	Filled.
 *
 * Context: Under @lines' lock.
 * Return: False when there is none.
 */
bool kev_lines_msi_take(struct kev_lines *lines, u32 *gsi)
{
	unsigned int i = find_first_bit(lines->chunks, KEV_CHUNKS);
	struct kev_chunk *chunk;
	unsigned int nr;

	lockdep_assert_held(&lines->lock);

	if (i >= KEV_CHUNKS)
		return false;

	chunk = lines->msi[i];
	nr = kev_chunk_first(chunk);
	kev_chunk_del(chunk, nr);
	if (!chunk->summary)
		__clear_bit(i, lines->chunks);
	*gsi = i * KEV_CHUNK_BITS + nr;
	return true;
}

/**
 * kev_lines_msi_read - The message of a GSI that was taken
 * @lines:	The lines.
 * @gsi:	The GSI.
 * @event:	Filled.
 *
 * Context: Any but hard irq.
 * Return: False when it is not routed to a message any more.
 */
bool kev_lines_msi_read(struct kev_lines *lines, u32 gsi,
			struct kvm_eventfd_event *event)
{
	struct kev_route route;

	if (!kev_irq_map_gsi(lines->machine.vm, gsi, &route) ||
	    route.type != KVM_IRQ_ROUTING_MSI)
		return false;

	*event = (struct kvm_eventfd_event){
		.type		= KVM_EVENTFD_INTR_MSI,
		.vector		= gsi,
		.flags		= KVM_EVENTFD_EVENT_MSI,
		.gsi		= gsi,
		.address_lo	= route.msi.address_lo,
		.address_hi	= route.msi.address_hi,
		.data		= route.msi.data,
	};
	if (route.devid_valid) {
		event->flags |= KVM_EVENTFD_EVENT_DEVID;
		event->devid = route.msi.devid;
	}
	return true;
}

/**
 * kev_lines_msi_destroy - Free what messages needed
 * @lines:	Lines that nobody uses any more.
 */
void kev_lines_msi_destroy(struct kev_lines *lines)
{
	unsigned int i;

	for (i = 0; i < KEV_CHUNKS; i++)
		kfree(lines->msi[i]);
}

/**
 * kev_lines_default_routes - The table that a VM of lines begins with
 * @lines:	Lines that are being created.
 *
 * GSI n is line n, as in a build without tables.
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int kev_lines_default_routes(struct kev_lines *lines)
{
	struct kvm_irq_routing_entry *entries;
	unsigned int n;
	int ret;

	entries = kvcalloc(KEV_LINES, sizeof(*entries), GFP_KERNEL);
	if (!entries)
		return -ENOMEM;

	for (n = 0; n < KEV_LINES; n++) {
		entries[n].gsi = n;
		entries[n].type = KVM_IRQ_ROUTING_IRQCHIP;
		entries[n].u.irqchip.pin = n;
	}
	ret = kev_set_irq_routing_kernel(lines->machine.vm, entries, KEV_LINES);
	kvfree(entries);
	return ret;
}
