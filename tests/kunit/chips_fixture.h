/* SPDX-License-Identifier: GPL-2.0 */
/* A VM with a PIC pair and an IOAPIC whose outputs are written down. */
#ifndef _KEV_CHIPS_FIXTURE_H
#define _KEV_CHIPS_FIXTURE_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kvm_eventfd.h>
#include <linux/workqueue.h>

#include <kev/machine/machine.h>
#include <kev/x86/i8259.h>
#include <kev/x86/ioapic.h>
#include <kev/x86/lapic.h>

/**
 * struct chips - The machine
 * @machine:	What its CPUs are of; it has none that the IOAPIC could find.
 * @vm:		Its sink is this struct.  GSI n is wired to pin n of the IOAPIC
 *		and, below 16, of the PIC pair.
 * @pic:	The pair.
 * @ioapic:	The IOAPIC.
 * @intr:	The pair's output, as last told.
 * @listening:	What the pair hears when it asks whether a CPU listens.
 * @sent:	Messages of the IOAPIC.
 * @msg:	The last of them.
 * @took:	What the delivery of a message returns; that many CPUs, from
 *		vCPU id 0 on, note themselves.
 * @inflight:	What each CPU says about a message: KEV_CPU_*.
 * @changed:	How often the IOAPIC told that an entry was written.
 * @atomic:	Messages and changes of @intr that came where nobody else can run.
 * @sending:	Called while a message is sent; may be NULL.
 */
struct chips {
	struct kev_machine machine;
	struct kev_vm *vm;
	struct kev_pic *pic;
	struct kev_ioapic *ioapic;
	bool intr;
	bool listening;
	unsigned int sent;
	struct kev_lapic_irq msg;
	int took;
	unsigned int inflight;
	unsigned int changed;
	unsigned int atomic;
	void (*sending)(struct chips *c);
};

struct chips *chips_create(struct kunit *test);

/* Drive one chip's pin, from one source. */
int chips_pic_line(struct chips *c, unsigned int pin, bool level,
		   unsigned int source);
int chips_ioapic_line(struct chips *c, unsigned int pin, bool level,
		      unsigned int source, bool line_status);

/* The guest's accesses; a register that is not there fails the test. */
void chips_outb(struct kunit *test, struct chips *c, u16 port, u8 val);
u8 chips_inb(struct kunit *test, struct chips *c, u16 port);
void chips_reg_write(struct kunit *test, struct chips *c, u8 reg, u32 val);
u32 chips_reg_read(struct kunit *test, struct chips *c, u8 reg);

/**
 * struct chips_acks - An ack notifier that counts
 * @notifier:	What is registered.
 * @chips:	The machine.
 * @pic_pin:	The PIC pin that an ack lowers; -1 for none.
 * @ioapic_pin:	The IOAPIC pin that an ack lowers; -1 for none.
 * @count:	Acks so far.
 * @locked:	Acks during which another thread could not use the chips.
 * @probe:	That thread.
 * @probed:	It could.
 */
struct chips_acks {
	struct kev_irq_ack_notifier notifier;
	struct chips *chips;
	int pic_pin;
	int ioapic_pin;
	unsigned int count;
	unsigned int locked;
	struct work_struct probe;
	struct completion probed;
};

/* Unregistered when the test ends. */
struct chips_acks *chips_count_acks(struct kunit *test, struct chips *c,
				    u32 gsi);

#endif /* _KEV_CHIPS_FIXTURE_H */
