// SPDX-License-Identifier: GPL-2.0
/*
 * EOI storms: a level that nobody lowers, ended as fast as can be.  After 10,000
 * in a row the guest waits 10 ms for the next; another VM notices nothing.
 */
#include <stdlib.h>
#include <unistd.h>

#include "hostile.h"

#define STORM		10000
#define PAUSE_MS	10
#define PIN		5
#define VECTOR		0x51

/* A VM that has no part in it. */
struct bystander {
	struct kev_machine m;
	int fd;
	unsigned int served;
};

static void bystander_open(struct bystander *bystander)
{
	bystander->served = 0;
	bystander->fd = kev_eventfd(0);
	kev_machine_create(&bystander->m, KEV_CHIP_SPLIT, 1);
	set_msi_route(bystander->m.vm, 24, 0, 0x41);
	irqfd_assign(bystander->m.vm, bystander->fd, 24);
}

static bool bystander_is_served(struct bystander *bystander)
{
	struct kvm_eventfd_interrupt intr;

	kev_signal(bystander->fd);
	if (__ack_interrupt(bystander->m.vcpu[0], &intr))
		return false;
	lapic_eoi(bystander->m.vcpu[0]);
	bystander->served++;
	return true;
}

static void bystander_close(struct bystander *bystander)
{
	kev_machine_destroy(&bystander->m);
	close(bystander->fd);
}

/* How many came before the first pause. */
static unsigned int storm(const struct kev_machine *m)
{
	struct kvm_eventfd_interrupt intr;
	unsigned int nr = 0;

	while (nr <= 2 * STORM && !__ack_interrupt(m->vcpu[0], &intr)) {
		lapic_eoi(m->vcpu[0]);
		nr++;
	}
	return nr;
}

static void attack_storm(struct attack *attack)
{
	struct bystander bystander;
	unsigned int i, nr = 0;
	struct kev_machine m;

	if (!kev_has_chip(KEV_CHIP_FULL)) {
		attack->result->skipped = "no IOAPIC";
		return;
	}
	bystander_open(&bystander);
	kev_machine_create(&m, KEV_CHIP_FULL, 1);
	ioapic_set_rte(m.vm, PIN, KEV_RTE_LEVEL | VECTOR);
	irq_line(m.vm, PIN, 1);
	for (i = 0; i < attack->times && !attack->result->error; i++) {
		nr = storm(&m);
		if (nr > 2 * STORM)
			attack_fail(attack, "a storm that nothing slows down");
		if (!bystander_is_served(&bystander))
			attack_fail(attack, "another VM has to wait");
		if (!vcpu_wait_pending(m.vcpu[0]))
			attack_fail(attack, "the storm's line is dead");
	}
	kev_machine_destroy(&m);
	bystander_close(&bystander);
	attack_tell(attack, "%u EOIs until the pause, %u pauses, another VM served %u times",
		    nr, i, bystander.served);
}

HOSTILE_SUBJECT("storm", attack_storm);
