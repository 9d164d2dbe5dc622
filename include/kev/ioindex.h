/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The index of ioeventfds: from what a guest's write is to who takes it.
 * Lookups are here, for doorbells; ioindex.c changes it.
 */
#ifndef _KEV_IOINDEX_H
#define _KEV_IOINDEX_H

#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/types.h>

/* Which writes at an address an ioeventfd takes. */
enum kev_match {
	KEV_MATCH_ANY,		/* every length (registered with length 0) */
	KEV_MATCH_LEN,		/* one length, every value */
	KEV_MATCH_DATA,		/* one length, one value */
	KEV_MATCH_GROUP,	/* no write: counts the DATA entries of an address */
};

/**
 * struct kev_io_key - What a guest's write must be
 * @addr:	Address on the bus.
 * @data:	KEV_MATCH_DATA: the value, zero-extended.  Else 0.
 * @vm:		Number of the VM, from 1 on.
 * @bus:	enum kev_bus.
 * @match:	enum kev_match.
 * @len:	Bytes; 0 for KEV_MATCH_ANY and KEV_MATCH_GROUP.
 * @pad:	Zero.
 * @kind:	All but the address and the data as one word, to compare and hash.
 */
struct kev_io_key {
	u64 addr;
	u64 data;
	union {
		struct {
			u32 vm;
			u8 bus;
			u8 match;
			u8 len;
			u8 pad;
		};
		u64 kind;
	};
};

/**
 * struct kev_io_slot - An entry of the index
 * @node:	In the index.
 * @peers:	All entries of its VM.  Under the VM's bus mutex.
 * @rcu:	Once it is off both: who looks another one up may walk over it.
 * @key:	Immutable.
 */
struct kev_io_slot {
	struct rhash_head node;
	union {
		struct hlist_node peers;
		struct rcu_head rcu;
	};
	struct kev_io_key key;
};

/**
 * struct kev_io_index - Entries of all VMs, by key
 * @table:	Changed by the holders of bus mutexes, read under RCU.
 * @secret:	Drawn when the module is loaded, and constant from then on.
 */
struct kev_io_index {
	struct rhashtable table;
	u64 secret[2] ____cacheline_aligned;
};

extern struct kev_io_index kev_io_index;

/*
 * Users choose keys, and all VMs share the table: so no two keys may be known to
 * collide.  One multiplication of both halves, each with a secret, sees to that.
 */
static inline u32 kev_io_hash(const void *data, u32 len, u32 seed)
{
	const struct kev_io_key *key = data;
#ifdef CONFIG_ARCH_SUPPORTS_INT128
	unsigned __int128 product;

	product = key->addr ^ kev_io_index.secret[0] ^ seed;
	product *= key->data + key->kind * kev_io_index.secret[1];

	return (u32)(product >> 64) ^ (u32)product;
#else
	return jhash2(data, len / sizeof(u32),
		      seed ^ (u32)kev_io_index.secret[0]);
#endif
}

static inline u32 kev_io_slot_hash(const void *data, u32 len, u32 seed)
{
	const struct kev_io_slot *slot = data;

	return kev_io_hash(&slot->key, sizeof(slot->key), seed);
}

static inline int kev_io_slot_cmp(struct rhashtable_compare_arg *arg,
				  const void *obj)
{
	const struct kev_io_slot *slot = obj;
	const struct kev_io_key *key = arg->key;

	return slot->key.addr != key->addr || slot->key.data != key->data ||
	       slot->key.kind != key->kind;
}

/*
 * The largest hint makes 131,072 buckets, 1 MiB.  Up to three quarters of that
 * nothing is moved, and an assign costs the same however many there are.
 */
static const struct rhashtable_params kev_io_index_params = {
	.nelem_hint = U16_MAX,
	.head_offset = offsetof(struct kev_io_slot, node),
	.key_offset = offsetof(struct kev_io_slot, key),
	.key_len = sizeof(struct kev_io_key),
	.hashfn = kev_io_hash,
	.obj_hashfn = kev_io_slot_hash,
	.obj_cmpfn = kev_io_slot_cmp,
};

/**
 * kev_io_index_find - Look an entry up
 * @key:	Of the entry.
 *
 * Context: Under rcu_read_lock().
 * Return: The entry or NULL.
 */
static __always_inline struct kev_io_slot *
kev_io_index_find(const struct kev_io_key *key)
{
	return rhashtable_lookup(&kev_io_index.table, key, kev_io_index_params);
}

int kev_io_index_module_init(void);
void kev_io_index_module_exit(void);

/* The number of a VM, for its keys: at least 1, or -ENOMEM or -ENOSPC. */
int kev_io_index_enter(void);
/* None of its entries is left. */
void kev_io_index_leave(u32 vm);

/* No entry may have that key.  -ENOMEM. */
int kev_io_index_add(struct kev_io_slot *slot);
/* Readers may see it for another grace period of RCU. */
void kev_io_index_del(struct kev_io_slot *slot);

#endif /* _KEV_IOINDEX_H */
