// SPDX-License-Identifier: GPL-2.0
/*
 * Adapters of s390: interrupts that are bits in the guest's memory.
 *
 * A route of type S390_ADAPTER names two bits.  The indicator says which queue or
 * device it was; the summary says that there is an indicator to look for, and only
 * when it goes from 0 to 1 is the guest interrupted: a CPU takes the number of the
 * adapter.  Both are bits of big-endian doublewords on every host, since the
 * memory is that of a guest of s390.
 *
 * The addresses are the VMM's.  What is there when a route is set stays pinned,
 * and accounted as pinned memory of the VMM, until no delivery can still run by
 * that route (kev_sink_ops.put_route); a page is pinned once per VM, however many
 * routes have bits in it.  So a delivery looks up, faults and allocates nothing,
 * and may run in hard irq context; and what the VMM unmaps meanwhile is only
 * written to, and seen by nobody.
 *
 * lines.c calls in.  Locks: kev_adapters.lock, under which no memory of the VMM is
 * touched and its mmap_lock is not taken; kev_lines.lock for what is pending.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/capability.h>
#include <linux/highmem.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <kev/lines/adapter.h>
#include <kev/lines/lines.h>

/* In kev_adapters.flags: there is such an adapter. */
#define ADAPTER_KNOWN	BIT(7)

#define ADAPTER_FLAGS	(KVM_EVENTFD_ADAPTER_SWAP | KVM_EVENTFD_ADAPTER_MASKED)

/* The answer to a delivery that nothing is there for. */
#define IGNORED		(-1)

/* Bits of a doubleword. */
#define DWORD_BITS	64

/**
 * struct kev_adapter_page - A page of the VMM that routes have bits in
 * @page:	Pinned for long.
 * @users:	Bits in it, of routes in force or that readers may still see.
 *		Under kev_adapters.lock.
 */
struct kev_adapter_page {
	struct page *page;
	unsigned long users;
};

/* Pages */

/*
 * Anonymous, shared or huge memory only: a file system that was told of its page's
 * first write expects no later ones that it is not told of.
 */
static bool page_is_fit(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio_test_swapbacked(folio) || folio_test_hugetlb(folio);
}

/*
 * The page comes in first, by a fault that holds no lock while it waits and that a
 * kill ends: pinning for long cannot wait for a user's pager on older kernels.
 */
static struct page *page_pin(u64 addr)
{
	unsigned long start = addr & PAGE_MASK;
	struct page *page;
	int ret;

	/* Pinning takes tags off an address; whether it may have any is asked here. */
	if (addr != (unsigned long)addr || !access_ok((void __user *)start, PAGE_SIZE))
		return ERR_PTR(-EFAULT);

	if (fault_in_safe_writeable((char __user *)start, 1))
		return ERR_PTR(-EFAULT);
	ret = pin_user_pages_fast(start, 1, FOLL_WRITE | FOLL_LONGTERM, &page);
	if (ret != 1)
		return ERR_PTR(ret == -ENOMEM ? ret : -EFAULT);
	if (!page_is_fit(page)) {
		unpin_user_page(page);
		return ERR_PTR(-EFAULT);
	}
	return page;
}

/* Needs no mmap_lock, which a fault in the VMM may hold for as long as it likes. */
static int page_account(struct kev_lines *lines)
{
	atomic64_t *pinned = &lines->machine.mm->pinned_vm;
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (atomic64_inc_return(pinned) <= limit || capable(CAP_IPC_LOCK))
		return 0;
	atomic64_dec(pinned);
	return -ENOMEM;
}

static void page_unaccount(struct kev_lines *lines)
{
	atomic64_dec(&lines->machine.mm->pinned_vm);
}

/* The first user of a page.  The pin is the entry's from then on. */
static struct kev_adapter_page *page_add(struct kev_lines *lines,
					 struct page *page)
{
	struct xarray *pages = &lines->adapters.pages;
	struct kev_adapter_page *entry;
	int ret;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return NULL;
	entry->page = page;

	ret = page_account(lines);
	if (ret)
		goto free;
	ret = xa_err(xa_store(pages, page_to_pfn(page), entry,
			      GFP_KERNEL_ACCOUNT));
	if (ret)
		goto unaccount;
	return entry;

unaccount:
	page_unaccount(lines);
free:
	kfree(entry);
	return NULL;
}

static struct kev_adapter_page *page_get(struct kev_lines *lines, u64 addr)
{
	struct kev_adapters *adapters = &lines->adapters;
	struct kev_adapter_page *entry;
	struct page *page;
	bool known;

	page = page_pin(addr);
	if (IS_ERR(page))
		return ERR_CAST(page);

	mutex_lock(&adapters->lock);
	entry = xa_load(&adapters->pages, page_to_pfn(page));
	known = entry;
	if (!known)
		entry = page_add(lines, page);
	if (entry)
		entry->users++;
	mutex_unlock(&adapters->lock);

	/* A pin for each page is enough. */
	if (known || !entry)
		unpin_user_page(page);
	return entry ?: ERR_PTR(-ENOMEM);
}

static void page_put(struct kev_lines *lines, struct kev_adapter_page *entry)
{
	struct kev_adapters *adapters = &lines->adapters;
	bool last;

	mutex_lock(&adapters->lock);
	last = !--entry->users;
	if (last) {
		xa_erase(&adapters->pages, page_to_pfn(entry->page));
		page_unaccount(lines);
	}
	mutex_unlock(&adapters->lock);

	if (!last)
		return;
	unpin_user_pages_dirty_lock(&entry->page, 1, true);
	kfree(entry);
}

/* Routes */

/*
 * Bit @nr behind @addr: the address of its doubleword, which lies in one page, and
 * the bit's number there.  False when there is no such address.
 */
static bool bit_find(u64 addr, u64 nr, u64 *dword, unsigned int *bit)
{
	u64 bits = addr % sizeof(u64) * BITS_PER_BYTE;

	/* So far behind lies nothing, and it would not fit into a sum. */
	if (check_add_overflow(bits, nr, &bits))
		return false;
	*bit = bits % DWORD_BITS;
	return !check_add_overflow(round_down(addr, sizeof(u64)),
				   bits / DWORD_BITS * sizeof(u64), dword);
}

static struct kev_adapter_page *bit_get(struct kev_lines *lines, u64 addr,
					u64 nr, u32 *bit)
{
	unsigned int in_dword;
	u64 dword;

	if (!bit_find(addr, nr, &dword, &in_dword))
		return ERR_PTR(-EINVAL);

	*bit = offset_in_page(dword) * BITS_PER_BYTE + in_dword;
	return page_get(lines, dword);
}

/**
 * kev_adapter_set_route - kev_sink_ops.set_route for an adapter's indicators
 * @lines:	The lines, whose owner is the caller.
 * @ue:		The entry.
 * @route:	Filled; holds both pages until kev_adapter_put_route().
 *
 * Context: Process context; may fault memory in.  Takes kev_adapters.lock.
 * Return: 0; -EINVAL: a flag, a number of an adapter or an offset that cannot be;
 *	   -EFAULT: no memory that can be written and pinned there; -ENOMEM, also
 *	   beyond RLIMIT_MEMLOCK.
 */
int kev_adapter_set_route(struct kev_lines *lines,
			  const struct kvm_irq_routing_entry *ue,
			  struct kev_route *route)
{
	const struct kvm_irq_routing_s390_adapter *adapter = &ue->u.adapter;
	struct kev_adapter_page *ind;
	struct kev_adapter_page *summary;

	if (ue->flags || adapter->adapter_id >= KEV_ADAPTERS)
		return -EINVAL;
	if (!lines->machine.mm || lines->machine.mm != current->mm)
		return -EFAULT;

	ind = bit_get(lines, adapter->ind_addr, adapter->ind_offset,
		      &route->adapter.ind_bit);
	if (IS_ERR(ind))
		return PTR_ERR(ind);
	summary = bit_get(lines, adapter->summary_addr, adapter->summary_offset,
			  &route->adapter.summary_bit);
	if (IS_ERR(summary)) {
		page_put(lines, ind);
		return PTR_ERR(summary);
	}
	route->adapter.ind = ind;
	route->adapter.summary = summary;
	route->adapter_id = adapter->adapter_id;
	return 0;
}

/**
 * kev_adapter_put_route - Nobody delivers by a route any more
 * @lines:	The lines.
 * @route:	As kev_adapter_set_route() filled it.
 *
 * Context: Process context; takes kev_adapters.lock.
 */
void kev_adapter_put_route(struct kev_lines *lines,
			   const struct kev_route *route)
{
	page_put(lines, route->adapter.ind);
	page_put(lines, route->adapter.summary);
}

/* Delivery */

/*
 * Number @nr of big-endian doublewords as one of bytes: from the most significant
 * bit on with @swap, from the least significant on without.  Returns whether the
 * bit was set before.
 */
static bool bit_set(const struct kev_adapter_page *entry, u32 nr, bool swap)
{
	void *map = kmap_local_page(entry->page);
	bool was;

	nr ^= swap ? BITS_PER_BYTE - 1 : DWORD_BITS - BITS_PER_BYTE;
	was = test_and_set_bit_le(nr, map);
	kunmap_local(map);
	return was;
}

/**
 * kev_adapter_deliver - kev_sink_ops.deliver by such a route
 * @lines:	The lines; their lock is taken.
 * @route:	Held by the VM's irq_srcu.
 * @irq:	As everywhere.
 *
 * The indicator is there before the summary says so.
 *
 * Context: Any.
 * Return: 1; 0: the guest has not cleared the summary yet, so it will look anyway,
 *	   or @irq lowers; negative: there is no such adapter.
 */
int kev_adapter_deliver(struct kev_lines *lines, const struct kev_route *route,
			const struct kev_irq *irq)
{
	struct kev_adapters *adapters = &lines->adapters;
	unsigned int id = route->adapter_id;
	unsigned long flags;
	u8 is;

	if (!irq->level)
		return 0;

	is = READ_ONCE(adapters->flags[id]);
	if (!(is & ADAPTER_KNOWN))
		return IGNORED;

	bit_set(route->adapter.ind, route->adapter.ind_bit,
		is & KVM_EVENTFD_ADAPTER_SWAP);
	if (bit_set(route->adapter.summary, route->adapter.summary_bit,
		    is & KVM_EVENTFD_ADAPTER_SWAP))
		return 0;

	if (!(is & KVM_EVENTFD_ADAPTER_MASKED)) {
		spin_lock_irqsave(&lines->lock, flags);
		adapters->pending |= BIT_ULL(id);
		kev_lines_publish(lines);
		spin_unlock_irqrestore(&lines->lock, flags);
	}
	return 1;
}

/* The CPU's side, and the VMM's */

/**
 * kev_adapters_pending - Has an adapter interrupted?
 * @lines:	The lines.
 *
 * Context: Under @lines' lock.
 * Return: True while there is one to take.
 */
bool kev_adapters_pending(const struct kev_lines *lines)
{
	lockdep_assert_held(&lines->lock);

	return lines->adapters.pending;
}

/**
 * kev_adapter_take - Take the lowest adapter that interrupted
 * @lines:	The lines.
 * @event:	Filled.
 *
 * Context: Under @lines' lock.
 * Return: False when there is none.
 */
bool kev_adapter_take(struct kev_lines *lines, struct kvm_eventfd_event *event)
{
	u64 *pending = &lines->adapters.pending;

	lockdep_assert_held(&lines->lock);

	if (!*pending)
		return false;

	event->type = KVM_EVENTFD_INTR_ADAPTER;
	event->vector = __ffs64(*pending);
	*pending &= *pending - 1;
	return true;
}

/**
 * kev_adapter_set - KVM_EVENTFD_SET_ADAPTER
 * @lines:	The lines.
 * @args:	As the user gave them.
 *
 * Masking withdraws nothing that is pending.
 *
 * Return: 0; -EINVAL: no such number, or a flag that is not known.
 */
int kev_adapter_set(struct kev_lines *lines,
		    const struct kvm_eventfd_adapter *args)
{
	u32 id = args->id;

	if (id >= KEV_ADAPTERS || (args->flags & ~ADAPTER_FLAGS))
		return -EINVAL;

	id = array_index_nospec(id, KEV_ADAPTERS);
	WRITE_ONCE(lines->adapters.flags[id], args->flags | ADAPTER_KNOWN);
	return 0;
}

/**
 * kev_adapters_init - No adapters
 * @lines:	Lines of a VM that is being created.
 */
void kev_adapters_init(struct kev_lines *lines)
{
	BUILD_BUG_ON(KEV_ADAPTERS > DWORD_BITS);
	BUILD_BUG_ON(ADAPTER_FLAGS & ADAPTER_KNOWN);

	mutex_init(&lines->adapters.lock);
	xa_init_flags(&lines->adapters.pages, XA_FLAGS_ACCOUNT);
}

/**
 * kev_adapters_destroy - The end
 * @lines:	Lines of a VM without routes.
 */
void kev_adapters_destroy(struct kev_lines *lines)
{
	WARN_ON_ONCE(!xa_empty(&lines->adapters.pages));
	xa_destroy(&lines->adapters.pages);
}
