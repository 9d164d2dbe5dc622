// SPDX-License-Identifier: GPL-2.0
/*
 * The PIC pair.  Most cases are scripts: what the guest and the devices do, and
 * what each of them must see.
 */
#include <linux/kvm.h>
#include <linux/string.h>

#include "chips_fixture.h"

enum pic_op { DO_STOP, DO_INIT, DO_OUT, DO_IN, DO_LINE, DO_INTA, DO_INTR };

/**
 * struct pic_step - One step of a script
 * @op:		What happens.
 * @where:	Port or pin.
 * @val:	Value written, line level, or first vector.
 * @want:	What is read, returned, or output; ICW4.
 */
struct pic_step {
	enum pic_op op;
	u16 where;
	u8 val;
	int want;
};

#define OUT(port, val)		{ DO_OUT, port, val, 0 }
#define IN(port, want)		{ DO_IN, port, 0, want }
#define UP(pin, want)		{ DO_LINE, pin, 1, want }
#define DOWN(pin)		{ DO_LINE, pin, 0, 1 }
#define ACK(want)		{ DO_INTA, 0, 0, want }
#define INTR_IS(want)		{ DO_INTR, 0, 0, want }

#define CMD0	0x20
#define DATA0	0x21
#define CMD1	0xa0
#define DATA1	0xa1
#define ELCR0	0x4d0
#define ELCR1	0x4d1

/* OCW2, OCW3 */
#define EOI		0x20
#define EOI_PIN(pin)	(0x60 | (pin))
#define ROTATE_EOI	0xa0
#define ROTATE_EOI_PIN(pin) (0xe0 | (pin))
#define LOWEST(pin)	(0xc0 | (pin))
#define ROTATE_AEOI_ON	0x80
#define ROTATE_AEOI_OFF	0x00
#define READ_IRR	0x0a
#define READ_ISR	0x0b
#define POLL		0x0c
#define SPECIAL_MASK	0x68

/* Programs a chip: vectors from base, with this ICW4. */
#define INIT(cmd, base, icw4)	{ DO_INIT, cmd, base, icw4 }
#define INIT0(icw4)		INIT(CMD0, 0x20, icw4)
#define INIT1(icw4)		INIT(CMD1, 0x28, icw4)

struct pic_case {
	const char *name;
	struct pic_step step[28];
};

static const struct pic_case pic_cases[] = {
	{ "an_edge_is_delivered_with_base_plus_pin", {
		INIT0(1), UP(3, 1), INTR_IS(1), ACK(0x23), INTR_IS(0),
		OUT(CMD0, EOI), INTR_IS(0), IN(CMD0, 0) } },
	{ "an_edge_before_icw1_uses_vector_base_zero", {
		UP(1, 1), INTR_IS(1), ACK(1) } },
	{ "a_line_that_stays_up_is_one_edge", {
		INIT0(1), UP(3, 1), ACK(0x23), OUT(CMD0, EOI), UP(3, 1),
		INTR_IS(0) } },
	{ "a_second_edge_before_the_ack_coalesces", {
		INIT0(1), UP(3, 1), DOWN(3), UP(3, 0), ACK(0x23),
		OUT(CMD0, EOI), INTR_IS(0) } },
	{ "an_edge_outlives_its_line", {
		INIT0(1), UP(3, 1), DOWN(3), INTR_IS(1), ACK(0x23) } },
	{ "a_masked_pin_returns_ignored_and_is_delivered_at_unmask", {
		INIT0(1), OUT(DATA0, 0x08), UP(3, -1), INTR_IS(0),
		OUT(DATA0, 0), INTR_IS(1), ACK(0x23) } },
	{ "a_level_stays_requested_until_its_line_falls", {
		INIT0(1), OUT(ELCR0, 0x20), UP(5, 1), ACK(0x25),
		OUT(CMD0, READ_IRR), IN(CMD0, 0x20), OUT(CMD0, EOI),
		INTR_IS(1), ACK(0x25), DOWN(5), OUT(CMD0, EOI), INTR_IS(0) } },
	{ "a_level_goes_with_its_line", {
		INIT0(1), OUT(ELCR0, 0x20), UP(5, 1), INTR_IS(1), DOWN(5),
		INTR_IS(0) } },
	{ "a_level_that_stays_up_coalesces", {
		INIT0(1), OUT(ELCR0, 0x20), UP(5, 1), UP(5, 0) } },
	{ "the_masters_elcr_has_no_timer_keyboard_and_cascade", {
		OUT(ELCR0, 0xff), IN(ELCR0, 0xf8) } },
	{ "the_slaves_elcr_has_no_rtc_and_fpu", {
		OUT(ELCR1, 0xff), IN(ELCR1, 0xde) } },
	{ "a_lower_rank_waits_for_the_eoi_of_a_higher", {
		INIT0(1), UP(1, 1), ACK(0x21), UP(4, 1), INTR_IS(0),
		OUT(CMD0, EOI), INTR_IS(1), ACK(0x24) } },
	{ "a_higher_rank_nests", {
		INIT0(1), UP(4, 1), ACK(0x24), UP(1, 1), INTR_IS(1), ACK(0x21),
		OUT(CMD0, READ_ISR), IN(CMD0, 0x12) } },
	{ "an_eoi_ends_the_most_urgent_in_service", {
		INIT0(1), UP(4, 1), ACK(0x24), UP(1, 1), ACK(0x21),
		OUT(CMD0, EOI), OUT(CMD0, READ_ISR), IN(CMD0, 0x10) } },
	{ "an_eoi_with_nothing_in_service_does_nothing", {
		INIT0(1), OUT(CMD0, ROTATE_EOI), UP(0, 1), UP(1, 1),
		ACK(0x20) } },
	{ "a_specific_eoi_ends_its_pin", {
		INIT0(1), UP(4, 1), ACK(0x24), UP(1, 1), ACK(0x21),
		OUT(CMD0, EOI_PIN(4)), OUT(CMD0, READ_ISR), IN(CMD0, 0x02) } },
	{ "an_eoi_leaves_the_order", {
		INIT0(1), UP(4, 1), ACK(0x24), OUT(CMD0, EOI), DOWN(4),
		UP(1, 1), UP(6, 1), ACK(0x21) } },
	{ "a_rotating_eoi_puts_the_pin_last", {
		INIT0(1), UP(4, 1), ACK(0x24), OUT(CMD0, ROTATE_EOI), DOWN(4),
		UP(4, 1), UP(1, 1), UP(6, 1), ACK(0x26), OUT(CMD0, EOI),
		ACK(0x21), OUT(CMD0, EOI), ACK(0x24) } },
	{ "a_rotating_specific_eoi_puts_the_pin_last", {
		INIT0(1), UP(4, 1), ACK(0x24), OUT(CMD0, ROTATE_EOI_PIN(4)),
		DOWN(4), UP(4, 1), UP(1, 1), ACK(0x21) } },
	{ "what_icw1_unmasked_asks_at_the_next_change", {
		OUT(ELCR0, 0x20), OUT(DATA0, 0x20), UP(5, -1),
		OUT(CMD0, 0x11), INTR_IS(0), DOWN(6), INTR_IS(1) } },
	{ "the_set_priority_command_puts_a_pin_last", {
		INIT0(1), UP(1, 1), UP(6, 1), OUT(CMD0, LOWEST(5)),
		ACK(0x26) } },
	{ "the_pin_put_last_comes_after_all_others", {
		INIT0(1), OUT(CMD0, LOWEST(0)), UP(0, 1), UP(7, 1),
		ACK(0x27) } },
	{ "auto_eoi_leaves_nothing_in_service", {
		INIT0(3), UP(1, 1), ACK(0x21), OUT(CMD0, READ_ISR),
		IN(CMD0, 0), UP(4, 1), INTR_IS(1), ACK(0x24) } },
	{ "auto_eoi_rotates_when_told", {
		INIT0(3), OUT(CMD0, ROTATE_AEOI_ON), UP(4, 1), ACK(0x24),
		UP(1, 1), UP(6, 1), ACK(0x26) } },
	{ "auto_eoi_stops_rotating_when_told", {
		INIT0(3), OUT(CMD0, ROTATE_AEOI_ON), OUT(CMD0, ROTATE_AEOI_OFF),
		UP(4, 1), ACK(0x24), UP(1, 1), UP(6, 1), ACK(0x21) } },
	{ "special_mask_mode_does_not_unblock_lower_ranks", {
		INIT0(1), UP(1, 1), ACK(0x21), OUT(DATA0, 0x02),
		OUT(CMD0, SPECIAL_MASK), UP(4, 1), INTR_IS(0) } },
	{ "a_poll_gives_the_pin_and_ends_it", {
		INIT0(1), UP(3, 1), OUT(CMD0, POLL), IN(CMD0, 0x83),
		INTR_IS(0), OUT(CMD0, READ_ISR), IN(CMD0, 0) } },
	{ "a_poll_of_nothing_gives_seven", {
		INIT0(1), OUT(CMD0, POLL), IN(CMD0, 0x07) } },
	{ "a_poll_is_answered_once", {
		INIT0(1), UP(3, 1), UP(4, 1), OUT(CMD0, POLL), IN(DATA0, 0x83),
		IN(DATA0, 0) } },
	{ "a_poll_of_the_slave_ends_the_cascade", {
		INIT0(1), INIT1(1), UP(9, 1), INTR_IS(1), OUT(CMD1, POLL),
		IN(CMD1, 0x81), INTR_IS(0), OUT(CMD0, READ_IRR),
		IN(CMD0, 0) } },
	{ "an_inta_of_nothing_gives_spurious_seven", {
		INIT0(1), ACK(0x27), OUT(CMD0, READ_ISR), IN(CMD0, 0) } },
	{ "a_level_withdrawn_before_the_inta_is_spurious", {
		INIT0(1), OUT(ELCR0, 0x20), UP(5, 1), DOWN(5), ACK(0x27) } },
	{ "a_slaves_level_withdrawn_before_the_inta_is_its_spurious_seven", {
		INIT0(1), INIT1(1), OUT(ELCR1, 0x02), UP(9, 1), DOWN(9),
		INTR_IS(1), ACK(0x2f), OUT(CMD0, READ_ISR), IN(CMD0, 0x04) } },
	{ "a_slaves_interrupt_is_in_service_on_both", {
		INIT0(1), INIT1(1), UP(9, 1), INTR_IS(1), ACK(0x29),
		OUT(CMD0, READ_ISR), IN(CMD0, 0x04), OUT(CMD1, READ_ISR),
		IN(CMD1, 0x02), OUT(CMD1, EOI), OUT(CMD0, EOI), INTR_IS(0) } },
	{ "the_slave_is_blocked_by_its_own_service", {
		INIT0(1), INIT1(1), UP(12, 1), ACK(0x2c), UP(9, 1),
		INTR_IS(0) } },
	{ "special_fully_nested_mode_lets_the_slave_nest", {
		INIT0(0x11), INIT1(1), UP(12, 1), ACK(0x2c), UP(9, 1),
		INTR_IS(1), ACK(0x29) } },
	{ "the_irr_and_the_isr_are_read_as_selected", {
		INIT0(1), UP(1, 1), ACK(0x21), UP(4, 1), IN(CMD0, 0x10),
		OUT(CMD0, READ_ISR), IN(CMD0, 0x02), OUT(CMD0, READ_IRR),
		IN(CMD0, 0x10) } },
	{ "the_mask_is_read_at_the_data_port", {
		INIT0(1), OUT(DATA0, 0xa5), IN(DATA0, 0xa5) } },
	{ "icw1_drops_edges_and_the_mask_but_keeps_levels", {
		INIT0(1), OUT(ELCR0, 0x20), OUT(DATA0, 0xff), UP(3, -1),
		UP(5, -1), OUT(CMD0, 0x11), IN(DATA0, 0), IN(CMD0, 0x20) } },
	{ "icw1_without_icw4_ends_after_icw3", {
		OUT(CMD0, 0x10), OUT(DATA0, 0x47), OUT(DATA0, 4),
		OUT(DATA0, 0x80), IN(DATA0, 0x80), UP(3, 1), ACK(0x43) } },
	{ "icw1_without_icw4_leaves_auto_eoi", {
		INIT0(3), OUT(CMD0, 0x10), OUT(DATA0, 0x20), OUT(DATA0, 4),
		UP(1, 1), ACK(0x21), OUT(CMD0, READ_ISR), IN(CMD0, 0x02) } },
	{ "a_pin_past_the_last_is_ignored", {
		UP(16, -1), UP(0xffff, -1), INTR_IS(0) } },
};

KUNIT_ARRAY_PARAM_DESC(pic, pic_cases, name);

static void pic_play(struct kunit *test, struct chips *c,
		     const struct pic_step *step)
{
	unsigned int n;

	for (n = 0; step->op != DO_STOP; n++, step++) {
		int got = 0;

		switch (step->op) {
		case DO_INIT:
			got = step->want;
			chips_outb(test, c, step->where, 0x11);
			chips_outb(test, c, step->where + 1, step->val);
			chips_outb(test, c, step->where + 1, 0);
			chips_outb(test, c, step->where + 1, got);
			break;
		case DO_OUT:
			chips_outb(test, c, step->where, step->val);
			break;
		case DO_IN:
			got = chips_inb(test, c, step->where);
			break;
		case DO_LINE:
			got = chips_pic_line(c, step->where, step->val, 0);
			break;
		case DO_INTA:
			got = kev_pic_ack(c->pic);
			break;
		default:
			got = c->intr;
			KUNIT_EXPECT_EQ(test, c->intr, kev_pic_output(c->pic));
			break;
		}
		KUNIT_EXPECT_EQ_MSG(test, step->want, got, "step %u", n);
	}
	KUNIT_EXPECT_EQ(test, 0, c->atomic);
}

static void pic_script(struct kunit *test)
{
	const struct pic_case *pic = test->param_value;

	pic_play(test, chips_create(test), pic->step);
}

static void pic_line_is_up_while_any_source_holds_it(struct kunit *test)
{
	struct chips *c = chips_create(test);

	chips_outb(test, c, ELCR0, 0x20);
	chips_pic_line(c, 5, true, KEV_IRQ_SOURCE_USERSPACE);
	chips_pic_line(c, 5, true, KEV_IRQ_SOURCE_RESAMPLE);
	chips_pic_line(c, 5, false, KEV_IRQ_SOURCE_USERSPACE);
	KUNIT_EXPECT_TRUE(test, c->intr);
	chips_pic_line(c, 5, false, KEV_IRQ_SOURCE_RESAMPLE);
	KUNIT_EXPECT_FALSE(test, c->intr);
}

static void pic_takes_single_bytes_only(struct kunit *test)
{
	struct chips *c = chips_create(test);
	u16 val = 0xa5a5;

	KUNIT_EXPECT_EQ(test, 0, kev_bus_write(c->vm, KEV_BUS_PIO, ELCR0, 2,
					       &val));
	KUNIT_EXPECT_EQ(test, 0, chips_inb(test, c, ELCR0));
	chips_outb(test, c, ELCR0, 0xf8);
	KUNIT_EXPECT_EQ(test, 0, kev_bus_read(c->vm, KEV_BUS_PIO, ELCR0, 2,
					      &val));
	KUNIT_EXPECT_EQ(test, 0, val);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_write(c->vm, KEV_BUS_PIO, DATA0, 2, &val));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_write(c->vm, KEV_BUS_PIO, 0x22, 1, &val));
}

static void pic_state_survives_get_and_set(struct kunit *test)
{
	struct kvm_pic_state state;
	struct kvm_pic_state again;
	struct chips *c = chips_create(test);
	unsigned int chip;

	for (chip = KVM_IRQCHIP_PIC_MASTER; chip <= KVM_IRQCHIP_PIC_SLAVE;
	     chip++) {
		/* No value is refused, whatever its field. */
		memset(&state, 0x5a + chip, sizeof(state));
		kev_pic_set_state(c->pic, chip, &state);
		kev_pic_get_state(c->pic, chip, &again);
		KUNIT_EXPECT_MEMEQ(test, &state, &again, sizeof(state));
	}
	/* And none of them breaks the chip. */
	kev_pic_update(c->pic);
	kev_pic_ack(c->pic);
	chips_outb(test, c, CMD0, EOI);
	chips_inb(test, c, CMD1);
}

static void pic_output_follows_a_restored_state(struct kunit *test)
{
	struct kvm_pic_state state;
	struct chips *c = chips_create(test);

	kev_pic_get_state(c->pic, KVM_IRQCHIP_PIC_SLAVE, &state);
	state.irr = 0x02;
	kev_pic_set_state(c->pic, KVM_IRQCHIP_PIC_SLAVE, &state);
	KUNIT_EXPECT_FALSE(test, c->intr);
	kev_pic_update(c->pic);
	KUNIT_EXPECT_TRUE(test, c->intr);
}

/* Up already: only when it has fallen is it an edge. */
static void raise_slave_under_raised_cascade(struct chips *c)
{
	struct kvm_pic_state state;

	kev_pic_get_state(c->pic, KVM_IRQCHIP_PIC_MASTER, &state);
	state.last_irr = BIT(2);
	kev_pic_set_state(c->pic, KVM_IRQCHIP_PIC_MASTER, &state);
	chips_pic_line(c, 8, true, 0);
}

static void pic_cascade_that_was_up_is_no_edge(struct kunit *test)
{
	struct kvm_pic_state state;
	struct chips *c = chips_create(test);

	raise_slave_under_raised_cascade(c);
	kev_pic_get_state(c->pic, KVM_IRQCHIP_PIC_MASTER, &state);
	KUNIT_EXPECT_EQ(test, 0, state.irr);
	KUNIT_EXPECT_FALSE(test, c->intr);
}

/* The state is not read in between: that has all carried on. */
static void pic_cascade_that_was_up_asks_at_the_next_change(struct kunit *test)
{
	struct kvm_pic_state state;
	struct chips *c = chips_create(test);

	raise_slave_under_raised_cascade(c);
	KUNIT_EXPECT_FALSE(test, c->intr);

	chips_pic_line(c, 8, false, 0);
	kev_pic_get_state(c->pic, KVM_IRQCHIP_PIC_MASTER, &state);
	KUNIT_EXPECT_EQ(test, BIT(2), state.irr);
	KUNIT_EXPECT_TRUE(test, c->intr);
}

static void pic_new_pair_has_nothing_set_but_the_elcr_masks(struct kunit *test)
{
	struct kvm_pic_state want = { .elcr_mask = 0xf8 };
	struct kvm_pic_state state;
	struct chips *c = chips_create(test);

	kev_pic_get_state(c->pic, KVM_IRQCHIP_PIC_MASTER, &state);
	KUNIT_EXPECT_MEMEQ(test, &want, &state, sizeof(want));
	want.elcr_mask = 0xde;
	kev_pic_get_state(c->pic, KVM_IRQCHIP_PIC_SLAVE, &state);
	KUNIT_EXPECT_MEMEQ(test, &want, &state, sizeof(want));
}

static void pic_special_mask_bit_is_kept(struct kunit *test)
{
	struct kvm_pic_state state;
	struct chips *c = chips_create(test);

	chips_outb(test, c, CMD0, 0x68);
	kev_pic_get_state(c->pic, KVM_IRQCHIP_PIC_MASTER, &state);
	KUNIT_EXPECT_EQ(test, 1, state.special_mask);
	chips_outb(test, c, CMD0, 0x48);
	kev_pic_get_state(c->pic, KVM_IRQCHIP_PIC_MASTER, &state);
	KUNIT_EXPECT_EQ(test, 0, state.special_mask);
}

/* How an interrupt of the pair can end. */
static const struct ack_case {
	const char *name;
	unsigned int gsi;
	struct pic_step step[16];
	unsigned int acks;
} ack_cases[] = {
	{ "an_eoi_acks", 5,
	  { INIT0(1), UP(5, 1), ACK(0x25), OUT(CMD0, EOI) }, 1 },
	{ "a_specific_eoi_acks", 5,
	  { INIT0(1), UP(5, 1), ACK(0x25), OUT(CMD0, EOI_PIN(5)) }, 1 },
	{ "a_rotating_eoi_acks", 5,
	  { INIT0(1), UP(5, 1), ACK(0x25), OUT(CMD0, ROTATE_EOI) }, 1 },
	{ "a_slaves_eoi_acks_its_gsi", 11,
	  { INIT0(1), INIT1(1), UP(11, 1), ACK(0x2b), OUT(CMD1, EOI) }, 1 },
	{ "a_masters_eoi_does_not_ack_the_slaves_gsi", 11,
	  { INIT0(1), INIT1(1), UP(11, 1), ACK(0x2b), OUT(CMD0, EOI) }, 0 },
	{ "an_eoi_of_another_pin_does_not_ack", 5,
	  { INIT0(1), UP(5, 1), ACK(0x25), OUT(CMD0, EOI_PIN(6)) }, 0 },
	{ "a_poll_acks", 5,
	  { INIT0(1), UP(5, 1), OUT(CMD0, POLL), IN(CMD0, 0x85) }, 1 },
	{ "auto_eoi_acks", 5,
	  { INIT0(3), UP(5, 1), ACK(0x25) }, 1 },
	{ "the_inta_cycle_alone_does_not_ack", 5,
	  { INIT0(1), UP(5, 1), ACK(0x25) }, 0 },
	{ "the_set_priority_command_does_not_ack", 5,
	  { INIT0(1), UP(5, 1), ACK(0x25), OUT(CMD0, LOWEST(5)) }, 0 },
	{ "icw1_with_nobody_listening_does_not_ack", 5,
	  { UP(5, 1), OUT(CMD0, 0x11) }, 0 },
};

KUNIT_ARRAY_PARAM_DESC(ack, ack_cases, name);

static void pic_acks_when_service_ends(struct kunit *test)
{
	const struct ack_case *ack = test->param_value;
	struct chips *c = chips_create(test);
	struct chips_acks *acks = chips_count_acks(test, c, ack->gsi);

	pic_play(test, c, ack->step);
	KUNIT_EXPECT_EQ(test, ack->acks, acks->count);
	KUNIT_EXPECT_EQ(test, 0, acks->locked);
}

static void pic_icw1_acks_dropped_edges_when_a_cpu_listens(struct kunit *test)
{
	struct chips *c = chips_create(test);
	struct chips_acks *edge = chips_count_acks(test, c, 3);
	struct chips_acks *level = chips_count_acks(test, c, 5);
	struct kvm_pic_state state;

	c->listening = true;
	chips_outb(test, c, ELCR0, 0x20);
	chips_pic_line(c, 3, true, 0);
	kev_pic_ack(c->pic);
	chips_pic_line(c, 3, false, 0);
	chips_pic_line(c, 3, true, 0);
	chips_pic_line(c, 5, true, 0);
	chips_outb(test, c, CMD0, 0x11);

	KUNIT_EXPECT_EQ(test, 1, edge->count);
	KUNIT_EXPECT_EQ(test, 0, level->count);
	KUNIT_EXPECT_EQ(test, 0, edge->locked);
	kev_pic_get_state(c->pic, KVM_IRQCHIP_PIC_MASTER, &state);
	KUNIT_EXPECT_EQ(test, 0x20, state.irr);
	KUNIT_EXPECT_EQ(test, 0, state.isr);
}

/* The device quiets its line in the ack: the slave must not ask once more. */
static void pic_ack_that_lowers_the_line_leaves_no_cascade(struct kunit *test)
{
	struct chips *c = chips_create(test);
	struct chips_acks *acks = chips_count_acks(test, c, 11);

	acks->pic_pin = 11;
	chips_outb(test, c, ELCR1, 0x08);
	chips_pic_line(c, 11, true, 0);
	kev_pic_ack(c->pic);
	chips_outb(test, c, CMD0, EOI_PIN(2));
	chips_outb(test, c, CMD1, EOI);

	KUNIT_EXPECT_EQ(test, 1, acks->count);
	KUNIT_EXPECT_EQ(test, 0, acks->locked);
	KUNIT_EXPECT_FALSE(test, c->intr);
	KUNIT_EXPECT_EQ(test, 0, chips_inb(test, c, CMD0));
}

static struct kunit_case pic_kunit_cases[] = {
	KUNIT_CASE_PARAM(pic_script, pic_gen_params),
	KUNIT_CASE(pic_line_is_up_while_any_source_holds_it),
	KUNIT_CASE(pic_takes_single_bytes_only),
	KUNIT_CASE(pic_state_survives_get_and_set),
	KUNIT_CASE(pic_output_follows_a_restored_state),
	KUNIT_CASE(pic_cascade_that_was_up_is_no_edge),
	KUNIT_CASE(pic_cascade_that_was_up_asks_at_the_next_change),
	KUNIT_CASE(pic_new_pair_has_nothing_set_but_the_elcr_masks),
	KUNIT_CASE(pic_special_mask_bit_is_kept),
	KUNIT_CASE_PARAM(pic_acks_when_service_ends, ack_gen_params),
	KUNIT_CASE(pic_icw1_acks_dropped_edges_when_a_cpu_listens),
	KUNIT_CASE(pic_ack_that_lowers_the_line_leaves_no_cascade),
	{ }
};

static struct kunit_suite pic_suite = {
	.name = "kev_i8259",
	.test_cases = pic_kunit_cases,
};

kunit_test_suite(pic_suite);
