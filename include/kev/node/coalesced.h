/* SPDX-License-Identifier: GPL-2.0 */
/* Zones whose writes are queued for the emulator: coalesced.c's verbs. */
#ifndef _KEV_COALESCED_H
#define _KEV_COALESCED_H

struct kev_machine;
struct kvm_coalesced_mmio_zone;
struct page;

int kev_coalesced_init(struct kev_machine *machine);
/* After the buses, which free the zones that are left. */
void kev_coalesced_destroy(struct kev_machine *machine);

/* The machine's ring, with a reference for the caller. */
struct page *kev_coalesced_page(struct kev_machine *machine);

/* KVM_REGISTER_COALESCED_MMIO, KVM_UNREGISTER_COALESCED_MMIO. */
int kev_coalesced_register(struct kev_machine *machine,
			   const struct kvm_coalesced_mmio_zone *args);
int kev_coalesced_unregister(struct kev_machine *machine,
			     const struct kvm_coalesced_mmio_zone *args);

#endif /* _KEV_COALESCED_H */
