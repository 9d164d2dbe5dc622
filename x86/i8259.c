// SPDX-License-Identifier: GPL-2.0
/*
 * The pair of 8259 PICs, as a PC wires them: the slave's INTR is the master's
 * input 2.
 *
 * Interrupt lines come in from irq_comm.c (kev_pic_set_irq()), the guest's port
 * accesses from the PIO bus, the INTA cycle from the LAPIC that took ExtINT by the
 * wires of machine.c, all in process context.  Out go the INTR output (struct
 * kev_pic_ops) and acks (kev_notify_acked_irq()).
 *
 * Words: a pin is an input, 0 to 15 over the pair, 0 to 7 within a chip.  A
 * rank is a pin's distance from the pin of highest priority: 0 is most urgent.
 *
 * Owns pic->lock, a mutex: the output may go to every CPU of the machine, which
 * takes long and must not keep others from the host's CPU.  Ack notifiers may
 * change lines, so the lock is dropped around them, always at a point where the
 * registers are consistent.
 */
#include <linux/bitops.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <kev/x86/i8259.h>

#define PIC_CHIPS		2
#define PIC_CHIP_PINS		8
#define PIC_CASCADE		2	/* the master's pin that the slave drives */
#define PIC_SPURIOUS		7
#define PIC_NONE		8	/* the rank of nothing */

/* Pins that can be level triggered: not the timer, keyboard, cascade, RTC, FPU. */
#define PIC_ELCR_MASK_MASTER	0xf8
#define PIC_ELCR_MASK_SLAVE	0xde

#define ICW1_SELECT		0x10
#define ICW1_ICW4		0x01
#define ICW4_AEOI		0x02
#define ICW4_SFNM		0x10
#define OCW2_ROTATE		0x80
#define OCW2_SPECIFIC		0x40
#define OCW2_EOI		0x20
#define OCW3_SELECT		0x08
#define OCW3_READ		0x02	/* bit 0 says which register */
#define OCW3_POLL		0x04
#define OCW3_SPECIAL_MASK	0x40	/* bit 5 is the mode */
#define POLL_PENDING		0x80

/* What the next write to the data port is. */
enum pic_init_state {
	PIC_READY,		/* OCW1 */
	PIC_WANTS_ICW2,
	PIC_WANTS_ICW3,
	PIC_WANTS_ICW4,
};

/**
 * struct pic_port - A range of ports on the bus
 * @dev:	What the bus knows.
 * @pic:	Owner.
 * @chip:	0 master, 1 slave; unused by the ELCR, whose port tells.
 */
struct pic_port {
	struct kev_io_device dev;
	struct kev_pic *pic;
	unsigned int chip;
};

enum { PORT_MASTER, PORT_SLAVE, PORT_ELCR, PIC_PORTS };

static const struct {
	u16 addr;
	u16 len;
} pic_ports[PIC_PORTS] = {
	[PORT_MASTER]	= { 0x20, 2 },
	[PORT_SLAVE]	= { 0xa0, 2 },
	[PORT_ELCR]	= { 0x4d0, 2 },
};

/**
 * struct kev_pic - The pair
 * @vm:		Owner.  Outlives it.
 * @ops:	Immutable.
 * @lock:	Protects all below.
 * @output:	INTR to the CPUs, as @ops was last told.
 * @lines:	Which sources hold each pin up.
 * @chip:	The registers, master first, in the layout of KVM_GET_IRQCHIP.
 *		User space may set any value there: use bits, not ranges.
 * @ports:	Immutable.
 */
struct kev_pic {
	struct kev_vm *vm;
	const struct kev_pic_ops *ops;
	struct mutex lock;
	bool output;
	unsigned long lines[KEV_PIC_PINS];
	struct kvm_pic_state chip[PIC_CHIPS];
	struct pic_port ports[PIC_PORTS];
};

/* The rank of the most urgent of @pins, PIC_NONE for no pins. */
static unsigned int pic_rank(const struct kvm_pic_state *s, u8 pins)
{
	return pins ? __ffs(ror8(pins, s->priority_add & 7)) : PIC_NONE;
}

static unsigned int pic_pin_of_rank(const struct kvm_pic_state *s,
				    unsigned int rank)
{
	return (rank + s->priority_add) & 7;
}

/*
 * The pin that @chip would have served now, or -1.  Special mask mode is a bit
 * that can be set and read back but, as in KVM, does not unblock lower ranks.
 */
static int pic_pending(const struct kev_pic *pic, unsigned int chip)
{
	const struct kvm_pic_state *s = &pic->chip[chip];
	u8 requests = s->irr & ~s->imr;
	u8 service = s->isr;
	unsigned int rank;

	if (!requests)
		return -1;

	/* The slave nests by itself: its own service does not block it. */
	if (s->special_fully_nested_mode && !chip)
		service &= ~BIT(PIC_CASCADE);

	rank = pic_rank(s, requests);
	if (rank >= pic_rank(s, service))
		return -1;

	return pic_pin_of_rank(s, rank);
}

/* Returns -1 masked, 0 coalesced with a request that is still there, or 1. */
static int chip_set_pin(struct kvm_pic_state *s, unsigned int pin, bool level)
{
	u8 mask = BIT(pin);
	int ret = 1;

	if (!level) {
		s->last_irr &= ~mask;
		if (s->elcr & mask)
			s->irr &= ~mask;
	} else {
		if ((s->elcr & mask) || !(s->last_irr & mask)) {
			ret = !(s->irr & mask);
			s->irr |= mask;
		}
		s->last_irr |= mask;
	}

	return s->imr & mask ? -1 : ret;
}

/* Carry a change of the registers to the cascade and to the INTR output. */
static void pic_update(struct kev_pic *pic)
{
	struct kvm_pic_state *master = &pic->chip[0];
	bool output;

	lockdep_assert_held(&pic->lock);

	if (pic_pending(pic, 1) >= 0) {
		chip_set_pin(master, PIC_CASCADE, true);
		chip_set_pin(master, PIC_CASCADE, false);
	}

	output = pic_pending(pic, 0) >= 0;
	if (output == pic->output)
		return;

	pic->output = output;
	pic->ops->output(pic->vm, output);
}

/*
 * End the service of a pin and call its ack notifiers.  They may change lines of
 * the pair, so the lock is dropped: callers read the registers again afterwards.
 */
static void pic_end_service(struct kev_pic *pic, unsigned int chip,
			    unsigned int pin)
	__must_hold(&pic->lock)
{
	pic->chip[chip].isr &= ~BIT(pin);

	mutex_unlock(&pic->lock);
	kev_notify_acked_irq(pic->vm,
			     chip ? KVM_IRQCHIP_PIC_SLAVE :
				    KVM_IRQCHIP_PIC_MASTER,
			     pin);
	mutex_lock(&pic->lock);
}

/* The CPU fetches the vector of @pin. */
static void pic_intack(struct kev_pic *pic, unsigned int chip,
		       unsigned int pin)
	__must_hold(&pic->lock)
{
	struct kvm_pic_state *s = &pic->chip[chip];

	s->isr |= BIT(pin);
	/* A level stays requested until the device lowers it. */
	if (!(s->elcr & BIT(pin)))
		s->irr &= ~BIT(pin);

	if (!s->auto_eoi)
		return;
	if (s->rotate_on_auto_eoi)
		s->priority_add = (pin + 1) & 7;
	pic_end_service(pic, chip, pin);
}

/* ICW1.  Does not touch the ISR nor the output, as KVM. */
static void pic_icw1(struct kev_pic *pic, unsigned int chip, u8 val)
	__must_hold(&pic->lock)
{
	struct kvm_pic_state *s = &pic->chip[chip];
	unsigned long dropped = s->irr & ~s->elcr;
	unsigned int pin;

	s->init4 = val & ICW1_ICW4;
	s->last_irr = 0;
	s->irr &= s->elcr;
	s->imr = 0;
	s->priority_add = 0;
	s->special_mask = 0;
	s->read_reg_select = 0;
	if (!s->init4) {
		s->special_fully_nested_mode = 0;
		s->auto_eoi = 0;
	}
	s->init_state = PIC_WANTS_ICW2;

	/* Nobody will serve the edges that were dropped: say they are done. */
	if (!pic->ops->accepted || !pic->ops->accepted(pic->vm))
		return;
	for_each_set_bit(pin, &dropped, PIC_CHIP_PINS)
		pic_end_service(pic, chip, pin);
}

/* OCW2: ends of interrupt and rotations. */
static void pic_ocw2(struct kev_pic *pic, unsigned int chip, u8 val)
	__must_hold(&pic->lock)
{
	struct kvm_pic_state *s = &pic->chip[chip];
	unsigned int pin = val & 7;
	unsigned int rank;

	if (!(val & (OCW2_EOI | OCW2_SPECIFIC))) {
		s->rotate_on_auto_eoi = !!(val & OCW2_ROTATE);
		return;
	}
	if (!(val & (OCW2_EOI | OCW2_ROTATE)))
		return;

	if (!(val & OCW2_SPECIFIC)) {
		rank = pic_rank(s, s->isr);
		if (rank == PIC_NONE)
			return;
		pin = pic_pin_of_rank(s, rank);
	}

	if (val & OCW2_ROTATE)
		s->priority_add = (pin + 1) & 7;
	if (val & OCW2_EOI)
		pic_end_service(pic, chip, pin);
	pic_update(pic);
}

/* OCW3: what the next read returns, and the special mask mode. */
static void pic_ocw3(struct kvm_pic_state *s, u8 val)
{
	if (val & OCW3_POLL)
		s->poll = 1;
	if (val & OCW3_READ)
		s->read_reg_select = val & 1;
	if (val & OCW3_SPECIAL_MASK)
		s->special_mask = (val >> 5) & 1;
}

static void pic_write_command(struct kev_pic *pic, unsigned int chip, u8 val)
	__must_hold(&pic->lock)
{
	if (val & ICW1_SELECT)
		pic_icw1(pic, chip, val);
	else if (val & OCW3_SELECT)
		pic_ocw3(&pic->chip[chip], val);
	else
		pic_ocw2(pic, chip, val);
}

static void pic_set_mask(struct kev_pic *pic, unsigned int chip, u8 imr)
{
	unsigned long unmasked = pic->chip[chip].imr & ~imr;
	unsigned int pin;

	pic->chip[chip].imr = imr;
	if (pic->ops->unmasked)
		for_each_set_bit(pin, &unmasked, PIC_CHIP_PINS)
			pic->ops->unmasked(pic->vm,
					   chip * PIC_CHIP_PINS + pin);
	pic_update(pic);
}

static void pic_write_data(struct kev_pic *pic, unsigned int chip, u8 val)
{
	struct kvm_pic_state *s = &pic->chip[chip];

	switch (s->init_state) {
	case PIC_READY:
		pic_set_mask(pic, chip, val);
		break;
	case PIC_WANTS_ICW2:
		s->irq_base = val & 0xf8;
		s->init_state = PIC_WANTS_ICW3;
		break;
	case PIC_WANTS_ICW3:
		/* The cascade is wired: what ICW3 says about it is ignored. */
		s->init_state = s->init4 ? PIC_WANTS_ICW4 : PIC_READY;
		break;
	case PIC_WANTS_ICW4:
		s->special_fully_nested_mode = !!(val & ICW4_SFNM);
		s->auto_eoi = !!(val & ICW4_AEOI);
		s->init_state = PIC_READY;
		break;
	}
}

/* A read after OCW3's poll: an INTA cycle and its EOI in one. */
static u8 pic_poll(struct kev_pic *pic, unsigned int chip)
	__must_hold(&pic->lock)
{
	struct kvm_pic_state *s = &pic->chip[chip];
	int pin = pic_pending(pic, chip);

	if (pin < 0) {
		pic_update(pic);
		return PIC_SPURIOUS;
	}

	if (chip) {
		pic->chip[0].isr &= ~BIT(PIC_CASCADE);
		pic->chip[0].irr &= ~BIT(PIC_CASCADE);
	}
	s->irr &= ~BIT(pin);
	pic_end_service(pic, chip, pin);
	/* The slave's request stands until the slave itself is polled. */
	if (chip || pin != PIC_CASCADE)
		pic_update(pic);

	return pin | POLL_PENDING;
}

static u8 pic_read_port(struct kev_pic *pic, unsigned int chip, bool data)
	__must_hold(&pic->lock)
{
	struct kvm_pic_state *s = &pic->chip[chip];

	if (s->poll) {
		u8 val = pic_poll(pic, chip);

		s->poll = 0;
		return val;
	}
	if (data)
		return s->imr;

	return s->read_reg_select ? s->isr : s->irr;
}

static struct pic_port *to_port(struct kev_io_device *dev)
{
	return container_of(dev, struct pic_port, dev);
}

/* The bus hands over only what lies within a port's range. */
static int port_read(struct kev_io_device *dev, u64 addr, unsigned int len,
		     void *val)
{
	struct pic_port *port = to_port(dev);
	struct kev_pic *pic = port->pic;

	memset(val, 0, len);
	if (len != 1)
		return 0;

	mutex_lock(&pic->lock);
	*(u8 *)val = pic_read_port(pic, port->chip, addr & 1);
	mutex_unlock(&pic->lock);

	return 0;
}

static int port_write(struct kev_io_device *dev, u64 addr, unsigned int len,
		      const void *val)
{
	struct pic_port *port = to_port(dev);
	struct kev_pic *pic = port->pic;

	if (len != 1)
		return 0;

	mutex_lock(&pic->lock);
	if (addr & 1)
		pic_write_data(pic, port->chip, *(const u8 *)val);
	else
		pic_write_command(pic, port->chip, *(const u8 *)val);
	mutex_unlock(&pic->lock);

	return 0;
}

static int elcr_read(struct kev_io_device *dev, u64 addr, unsigned int len,
		     void *val)
{
	struct kev_pic *pic = to_port(dev)->pic;
	unsigned int chip = array_index_nospec(addr & 1, PIC_CHIPS);

	memset(val, 0, len);
	if (len != 1)
		return 0;

	mutex_lock(&pic->lock);
	*(u8 *)val = pic->chip[chip].elcr;
	mutex_unlock(&pic->lock);

	return 0;
}

/* A change of trigger mode moves no request: the next line change does. */
static int elcr_write(struct kev_io_device *dev, u64 addr, unsigned int len,
		      const void *val)
{
	struct kev_pic *pic = to_port(dev)->pic;
	unsigned int chip = array_index_nospec(addr & 1, PIC_CHIPS);

	if (len != 1)
		return 0;

	mutex_lock(&pic->lock);
	pic->chip[chip].elcr = *(const u8 *)val & pic->chip[chip].elcr_mask;
	mutex_unlock(&pic->lock);

	return 0;
}

static const struct kev_io_device_ops port_ops = {
	.read = port_read,
	.write = port_write,
};

static const struct kev_io_device_ops elcr_ops = {
	.read = elcr_read,
	.write = elcr_write,
};

/* Take the first @n ranges off the bus. */
static void pic_unregister(struct kev_pic *pic, unsigned int n)
{
	while (n--)
		kev_bus_unregister(pic->vm, KEV_BUS_PIO, &pic->ports[n].dev);
}

static int pic_register(struct kev_pic *pic)
{
	unsigned int i;
	int ret;

	for (i = 0; i < PIC_PORTS; i++) {
		struct pic_port *port = &pic->ports[i];

		port->dev.ops = i == PORT_ELCR ? &elcr_ops : &port_ops;
		port->pic = pic;
		port->chip = i == PORT_SLAVE;

		ret = kev_bus_register(pic->vm, KEV_BUS_PIO, pic_ports[i].addr,
				       pic_ports[i].len, &port->dev);
		if (ret) {
			pic_unregister(pic, i);
			return ret;
		}
	}

	return 0;
}

/**
 * kev_pic_create - Allocate the pair and put it on the PIO bus
 * @vm:		Owner.
 * @ops:	What the pair is wired to.
 *
 * Context: Process context.
 * Return: The pair, or an ERR_PTR: -ENOMEM, or what the bus said.
 */
struct kev_pic *kev_pic_create(struct kev_vm *vm,
			       const struct kev_pic_ops *ops)
{
	struct kev_pic *pic;
	int ret;

	pic = kzalloc(sizeof(*pic), GFP_KERNEL_ACCOUNT);
	if (!pic)
		return ERR_PTR(-ENOMEM);

	pic->vm = vm;
	pic->ops = ops;
	mutex_init(&pic->lock);
	pic->chip[0].elcr_mask = PIC_ELCR_MASK_MASTER;
	pic->chip[1].elcr_mask = PIC_ELCR_MASK_SLAVE;

	ret = pic_register(pic);
	if (ret) {
		kfree(pic);
		return ERR_PTR(ret);
	}

	return pic;
}

/**
 * kev_pic_destroy - Take the pair off the bus and free it
 * @pic:	The pair, or NULL.
 *
 * Context: Process context; nobody changes lines any more.
 */
void kev_pic_destroy(struct kev_pic *pic)
{
	if (!pic)
		return;

	pic_unregister(pic, PIC_PORTS);
	mutex_destroy(&pic->lock);
	kfree(pic);
}

/**
 * kev_pic_set_irq - Change what one source does to a pin
 * @pic:	The pair.
 * @pin:	0 to 15.
 * @irq:	Source and level.
 *
 * Context: Process context; the PIC's lock is taken.
 * Return: 1 delivered, 0 coalesced, -1 masked or no such pin.
 */
int kev_pic_set_irq(struct kev_pic *pic, unsigned int pin,
		    const struct kev_irq *irq)
{
	struct kvm_pic_state *s;
	unsigned long *lines;
	int ret;

	if (pin >= KEV_PIC_PINS)
		return -1;
	pin = array_index_nospec(pin, KEV_PIC_PINS);
	s = &pic->chip[pin / PIC_CHIP_PINS];

	mutex_lock(&pic->lock);
	lines = &pic->lines[pin];
	__assign_bit(irq->source, lines, irq->level);
	ret = chip_set_pin(s, pin % PIC_CHIP_PINS, *lines);
	pic_update(pic);
	mutex_unlock(&pic->lock);

	return ret;
}

/* The slave's half of an INTA cycle: its vector. */
static u8 pic_ack_slave(struct kev_pic *pic)
	__must_hold(&pic->lock)
{
	int pin = pic_pending(pic, 1);

	if (pin >= 0)
		pic_intack(pic, 1, pin);
	else
		pin = PIC_SPURIOUS;

	return pic->chip[1].irq_base + pin;
}

/**
 * kev_pic_ack - The INTA cycle
 * @pic:	The pair.
 *
 * Context: Process context, with no LAPIC lock held: ack notifiers may run.
 * Return: The vector; a spurious one when nothing is pending.
 */
u8 kev_pic_ack(struct kev_pic *pic)
{
	u8 vector;
	int pin;

	mutex_lock(&pic->lock);
	pin = pic_pending(pic, 0);
	if (pin >= 0)
		pic_intack(pic, 0, pin);
	else
		pin = PIC_SPURIOUS;

	if (pin == PIC_CASCADE)
		vector = pic_ack_slave(pic);
	else
		vector = pic->chip[0].irq_base + pin;
	pic_update(pic);
	mutex_unlock(&pic->lock);

	return vector;
}

/**
 * kev_pic_output - Read the INTR output
 * @pic:	The pair.
 *
 * Context: Any; a snapshot.
 * Return: Whether the pair requests service.
 */
bool kev_pic_output(struct kev_pic *pic)
{
	return READ_ONCE(pic->output);
}

/**
 * kev_pic_get_state - Copy one chip's registers, whole
 * @pic:	The pair.
 * @chip:	KVM_IRQCHIP_PIC_MASTER or KVM_IRQCHIP_PIC_SLAVE.
 * @state:	Filled.
 *
 * Context: Process context; the PIC's lock is taken.
 */
void kev_pic_get_state(struct kev_pic *pic, unsigned int chip,
		       struct kvm_pic_state *state)
{
	chip = array_index_nospec(chip == KVM_IRQCHIP_PIC_SLAVE, PIC_CHIPS);

	mutex_lock(&pic->lock);
	*state = pic->chip[chip];
	mutex_unlock(&pic->lock);
}

/**
 * kev_pic_set_state - Replace one chip's registers
 * @pic:	The pair.
 * @chip:	KVM_IRQCHIP_PIC_MASTER or KVM_IRQCHIP_PIC_SLAVE.
 * @state:	Any values.
 *
 * The output follows at the next change, or with kev_pic_update().
 *
 * Context: Process context; the PIC's lock is taken.
 */
void kev_pic_set_state(struct kev_pic *pic, unsigned int chip,
		       const struct kvm_pic_state *state)
{
	chip = array_index_nospec(chip == KVM_IRQCHIP_PIC_SLAVE, PIC_CHIPS);

	mutex_lock(&pic->lock);
	pic->chip[chip] = *state;
	mutex_unlock(&pic->lock);
}

/**
 * kev_pic_update - Compute the cascade and the output again
 * @pic:	The pair.
 *
 * Context: Process context; the PIC's lock is taken.
 */
void kev_pic_update(struct kev_pic *pic)
{
	mutex_lock(&pic->lock);
	pic_update(pic);
	mutex_unlock(&pic->lock);
}
