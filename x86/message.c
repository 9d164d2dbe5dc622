// SPDX-License-Identifier: GPL-2.0
/*
 * Sends a message to the LAPICs that it addresses.
 *
 * irq_comm.c calls in with MSIs; the IOAPIC and the LAPICs with messages of their own,
 * through the wires of x86/machine.c.  This file keeps no state and owns no lock: what
 * it looks at is the machine's (x86/machine.h) and the LAPICs' (x86/lapic.c).
 *
 * A message that the destination map resolves visits at most 16 LAPICs, in any
 * context.  Any other asks every LAPIC of the machine, and only in process
 * context, where others can run in between.
 */
#include <linux/kernel.h>

#include <asm/apicdef.h>

#include <kev/x86/apicmap.h>
#include <kev/x86/lapic.h>
#include <kev/x86/machine.h>

/**
 * kev_irq_is_lowest_prio - Does only one of the addressed CPUs get it?
 * @irq:	The message.
 *
 * Return: Whether it does.
 */
bool kev_irq_is_lowest_prio(const struct kev_lapic_irq *irq)
{
	return irq->delivery_mode == KEV_DM_LOWEST || irq->redir_hint;
}

/* An id of more than 8 bits can only mean a vCPU id, whatever the mode. */
static bool matches_physical(const struct kev_lapic_view *view, u32 dest)
{
	if (view->mode == KEV_LAPIC_X2APIC || dest > 0xff)
		return dest == view->x2apic_id;

	return dest == view->xapic_id;
}

static bool matches_logical(const struct kev_lapic_view *view, u32 dest)
{
	u8 id = GET_APIC_LOGICAL_ID(view->ldr);

	if (view->mode == KEV_LAPIC_X2APIC)
		return view->ldr >> 16 == dest >> 16 &&
		       (view->ldr & dest & 0xffff);

	switch (view->dfr) {
	case APIC_DFR_FLAT:
		return id & dest;
	case APIC_DFR_CLUSTER:
		return id >> 4 == dest >> 4 && (id & dest & 0xf);
	default:
		return false;
	}
}

/**
 * kev_dest_matches - Does a message without shorthand address a LAPIC?
 * @view:	The LAPIC.
 * @irq:	The message.
 * @msi_quirk:	0xff reaches a LAPIC in x2APIC mode too (KVM's broadcast quirk,
 *		for what is not an IPI).
 *
 * Return: Whether it does.
 */
bool kev_dest_matches(const struct kev_lapic_view *view,
		      const struct kev_lapic_irq *irq, bool msi_quirk)
{
	bool x2apic = view->mode == KEV_LAPIC_X2APIC;
	u32 dest = irq->dest_id;

	if (x2apic && msi_quirk && dest == KEV_BROADCAST_XAPIC)
		return true;
	if (dest == (x2apic ? KEV_BROADCAST_X2APIC : KEV_BROADCAST_XAPIC))
		return true;

	return irq->logical ? matches_logical(view, dest) :
			      matches_physical(view, dest);
}

static bool is_addressed(const struct kev_x86 *x86, const struct kev_lapic *src,
			 const struct kev_lapic *apic,
			 const struct kev_lapic_view *view,
			 const struct kev_lapic_irq *irq)
{
	if (!kev_lapic_mode_present(view->mode))
		return false;

	switch (irq->shorthand) {
	case KEV_SHORTHAND_NONE:
		return kev_dest_matches(view, irq,
					!src && !x86->x2apic_no_quirk);
	case KEV_SHORTHAND_SELF:
		return apic == src;
	case KEV_SHORTHAND_ALL:
		return true;
	default:
		return apic != src;
	}
}

/* Ask every LAPIC; each that is addressed gets it. */
static int deliver_to_all(struct kev_x86 *x86, struct kev_lapic *src,
			  const struct kev_lapic_irq *irq)
{
	struct kev_lapic_view view;
	struct kev_lapic *apic;
	int ret = KEV_NO_CANDIDATE;

	kev_for_each_lapic(apic, x86) {
		kev_lapic_get_view(apic, &view);
		if (!is_addressed(x86, src, apic, &view, irq))
			continue;
		if (ret < 0)
			ret = 0;
		ret += kev_lapic_accept(apic, irq);
	}

	return ret;
}

/* The @nth candidate for a lowest-priority message, and how many there are. */
static struct kev_lapic *candidate(struct kev_x86 *x86, struct kev_lapic *src,
				   const struct kev_lapic_irq *irq,
				   unsigned int nth, unsigned int *count)
{
	struct kev_lapic *apic, *found = NULL;
	struct kev_lapic_view view;
	unsigned int n = 0;

	kev_for_each_lapic(apic, x86) {
		kev_lapic_get_view(apic, &view);
		if (!view.enabled || !is_addressed(x86, src, apic, &view, irq))
			continue;
		if (n++ == nth)
			found = apic;
	}
	*count = n;

	return found;
}

/*
 * Lowest priority: of the enabled candidates in order of creation, the one
 * that the vector falls on.  KVM hashes in the same way (its vector_hashing
 * parameter is on unless somebody turns it off), since processor priorities
 * of CPUs that may not even run say little.
 */
static int deliver_to_lowest(struct kev_x86 *x86, struct kev_lapic *src,
			     const struct kev_lapic_irq *irq)
{
	struct kev_lapic *apic;
	unsigned int count;

	candidate(x86, src, irq, 0, &count);
	if (!count)
		return KEV_NO_CANDIDATE;

	apic = candidate(x86, src, irq, irq->vector % count, &count);
	if (!apic)
		return 0;

	return kev_lapic_accept(apic, irq);
}

static int deliver_slow(struct kev_x86 *x86, struct kev_lapic *src,
			const struct kev_lapic_irq *irq)
{
	struct kev_lapic_irq all;

	/*
	 * "The lowest of everybody" makes no sense and goes to everybody.  A
	 * redirection hint stays in force, but loses its delivery mode.
	 */
	if (!irq->logical && irq->dest_id == KEV_BROADCAST_XAPIC &&
	    kev_irq_is_lowest_prio(irq)) {
		all = *irq;
		all.delivery_mode = KEV_DM_FIXED;
		irq = &all;
	}

	if (kev_irq_is_lowest_prio(irq))
		return deliver_to_lowest(x86, src, irq);

	return deliver_to_all(x86, src, irq);
}

/**
 * kev_irq_deliver_fast - Send a message, when the destination map knows to whom
 * @x86:	The machine.
 * @src:	The LAPIC whose IPI it is; NULL for a device's message.
 * @irq:	The message.
 * @ret:	How many took it.
 *
 * Context: Any.
 * Return: False when the map cannot tell: then nothing was sent.
 */
bool kev_irq_deliver_fast(struct kev_x86 *x86, struct kev_lapic *src,
			  const struct kev_lapic_irq *irq, int *ret)
{
	struct kev_apic_dest dest;
	unsigned int i;

	if (!kev_apic_map_resolve(x86, src, irq, &dest))
		return false;

	*ret = 0;
	for (i = 0; i < dest.nr; i++)
		*ret += kev_lapic_accept(dest.apic[i], irq);

	return true;
}

/**
 * kev_irq_deliver - Send a message to the LAPICs that it addresses
 * @x86:	The machine.
 * @src:	The LAPIC whose IPI it is; NULL for a device's message.
 * @irq:	The message.
 *
 * Context: Process context.  The IOAPIC's lock may be held, a LAPIC's not.
 * Return: How many took it; negative when none was a candidate.
 */
int kev_irq_deliver(struct kev_x86 *x86, struct kev_lapic *src,
		    const struct kev_lapic_irq *irq)
{
	int ret;

	if (irq->shorthand == KEV_SHORTHAND_SELF)
		return src ? kev_lapic_accept(src, irq) : KEV_NO_CANDIDATE;

	if (kev_irq_deliver_fast(x86, src, irq, &ret))
		return ret;

	return deliver_slow(x86, src, irq);
}
