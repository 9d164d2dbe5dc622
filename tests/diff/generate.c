// SPDX-License-Identifier: GPL-2.0
/*
 * Makes random scripts.  A seed gives the same script wherever it runs, and a
 * script is complete before its first step: any of its steps can be left out.
 *
 * Values come from small sets, so that what steps do meets: the same pins,
 * vectors, addresses and eventfds again and again, and now and then a bad one.
 *
 * Old references differ in how logical destinations are looked up and in what an
 * unmask resamples.  For them all destinations are physical, LAPICs keep their
 * ids, and a pin is resampled or level triggered but not both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

#define MAX_TABLES	256
#define MAX_ENTRIES	48

/**
 * struct generator - A script in the making
 * @state:	Of the random numbers.
 * @script:	Grows.
 * @room:	For how many steps there is room.
 * @modes:	LAPICs change their mode in this script.
 * @x2apic:	Which are in x2APIC mode, as far as the script can know.
 */
struct generator {
	uint64_t state;
	struct script *script;
	size_t room;
	bool modes;
	bool x2apic[MAX_CPUS];
};

static const void *tables[MAX_TABLES];
static unsigned int nr_tables;

/* splitmix64 */
static uint64_t rnd(struct generator *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static uint32_t below(struct generator *g, uint32_t n)
{
	return rnd(g) % n;
}

static bool percent(struct generator *g, unsigned int n)
{
	return below(g, 100) < n;
}

#define PICK(g, set)	((set)[below((g), ARRAY_SIZE(set))])

/* The next step, zeroed. */
static struct step *emit(struct generator *g, enum op op)
{
	struct step *step;

	/* A script that is full takes no more. */
	static struct step dummy;

	if (g->script->nr == g->room)
		step = &dummy;
	else
		step = &g->script->steps[g->script->nr++];
	memset(step, 0, sizeof(*step));
	step->op = op;
	return step;
}

static unsigned int any_cpu(struct generator *g)
{
	return below(g, g->script->config.nr_cpus);
}

static uint8_t any_fd(struct generator *g)
{
	if (percent(g, 3))
		return percent(g, 50) ? FD_NOT_OPEN : FD_NO_EVENTFD;
	return below(g, NR_FDS);
}

static uint8_t any_vector(struct generator *g)
{
	static const uint8_t common[] = {
		0x31, 0x32, 0x3f, 0x41, 0x55, 0x61, 0xbf, 0xef,
	};
	static const uint8_t rare[] = { 0x00, 0x05, 0x0f, 0x10, 0x1e, 0xff };

	return percent(g, 94) ? PICK(g, common) : PICK(g, rare);
}

/*
 * Each pin has two vectors of its own, and shares none with messages that come
 * from elsewhere: see the difference "eoi-scan".  Those below 16 are never
 * taken.
 */
static uint8_t pin_vector(struct generator *g, unsigned int pin)
{
	static const uint8_t rare[] = { 0x02, 0x0e };

	return percent(g, 96) ? 0x80 + 2 * pin + below(g, 2) : PICK(g, rare);
}

static unsigned int any_pin(struct generator *g)
{
	static const uint8_t common[] = { 1, 3, 4, 5, 8, 10, 16, 17 };

	return percent(g, 75) ? PICK(g, common) : below(g, 24);
}

static uint32_t any_gsi(struct generator *g)
{
	static const uint32_t odd[] = { 31, 100, 4095, 4096, ~0u };

	if (percent(g, 3))
		return PICK(g, odd);
	if (percent(g, 25))
		return 24 + below(g, 4);
	return any_pin(g);
}

static unsigned int any_mode(struct generator *g)
{
	/* SMI, NMI, INIT, SIPI, ExtINT; 3 is the difference "pv-kick" */
	static const uint8_t modes[] = { 2, 4, 5, 6, 7 };

	if (percent(g, 72))
		return 0;
	if (percent(g, 55))
		return 1;
	return PICK(g, modes);
}

static bool any_logical(struct generator *g)
{
	return percent(g, 40) && !reference_is_old();
}

static bool may_resample(uint32_t gsi)
{
	return !reference_is_old() || !(gsi & 1);
}

static uint32_t any_trigger(struct generator *g, unsigned int pin)
{
	if (reference_is_old() && may_resample(pin))
		return 0;
	return percent(g, 50) << 15;
}

static uint8_t any_dest(struct generator *g, bool logical)
{
	if (percent(g, 10))
		return 0xff;
	if (percent(g, 5))
		return rnd(g);
	if (logical)
		return 1 + below(g, (1 << g->script->config.nr_cpus) - 1);
	return below(g, g->script->config.nr_cpus + 1);
}

/* Eventfds */

static void gen_irqfd(struct generator *g)
{
	struct step *s = emit(g, OP_IRQFD);

	s->fd = any_fd(g);
	s->fd2 = any_fd(g);
	s->gsi = any_gsi(g);
	if (percent(g, 30) && may_resample(s->gsi))
		s->flags |= KVM_IRQFD_FLAG_RESAMPLE;
	if (percent(g, 2))
		s->flags |= 1 << (2 + below(g, 30));
	s->val = percent(g, 90) ? 0 : 0xff;
}

static void gen_irqfd_deassign(struct generator *g)
{
	struct step *s = emit(g, OP_IRQFD);

	s->fd = any_fd(g);
	s->fd2 = any_fd(g);
	s->gsi = any_gsi(g);
	s->flags = KVM_IRQFD_FLAG_DEASSIGN;
	if (percent(g, 10))
		s->flags |= KVM_IRQFD_FLAG_RESAMPLE;
}

static void gen_signal(struct generator *g)
{
	struct step *s = emit(g, OP_SIGNAL);

	s->fd = below(g, NR_FDS);
	s->val = percent(g, 85) ? 1 : below(g, 5);
}

static void gen_drain(struct generator *g)
{
	emit(g, OP_DRAIN)->fd = below(g, NR_FDS);
}

static void gen_close(struct generator *g)
{
	emit(g, percent(g, 75) ? OP_CLOSE : OP_HOLD)->fd = below(g, NR_FDS);
}

/*
 * Far enough from each other that no range touches another: what kvm.ko does
 * then is the difference "bus-search".
 */
static const uint64_t mmio_addrs[] = {
	0xd0000000, 0xd0000000, 0xd0000010, 0xd0000020, 0xd0001000,
	0x100000000, LAPIC_BASE + 0x400,
};

static const uint16_t ports[] = {
	0x1000, 0x1000, 0x1010, 0x1020, 0xc000, 0x20, 0x4d0, 0xfffc,
};

static const uint64_t doorbell_values[] = {
	0, 1, 2, 0xff, 0x100, 0x10001, 0x100000001, ~0ULL,
};

static void gen_ioeventfd(struct generator *g)
{
	static const uint8_t lens[] = { 0, 1, 2, 4, 8, 2, 4, 3, 16 };
	struct step *s = emit(g, OP_IOEVENTFD);
	bool pio = percent(g, 45);

	s->fd = any_fd(g);
	s->addr = pio ? PICK(g, ports) : PICK(g, mmio_addrs);
	s->len = PICK(g, lens);
	/* See the differences "bus-search" and "ioeventfd-first". */
	if (s->addr == 0x20 || s->addr == 0x4d0)
		s->len = 1;
	if (pio)
		s->flags |= KVM_IOEVENTFD_FLAG_PIO;
	if (percent(g, 40))
		s->flags |= KVM_IOEVENTFD_FLAG_DATAMATCH;
	if (percent(g, 35))
		s->flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
	if (percent(g, 3))
		s->flags |= 1 << (3 + below(g, 29));
	if (percent(g, 3))
		s->addr = ~0ULL - below(g, 8);
	if (s->flags & KVM_IOEVENTFD_FLAG_DATAMATCH)
		s->val = PICK(g, doorbell_values);
}

static void gen_doorbell(struct generator *g)
{
	bool pio = percent(g, 45);
	struct step *s;

	s = emit(g, pio ? OP_PIO_WRITE : OP_MMIO_WRITE);
	if (percent(g, 5))
		s->op = pio ? OP_PIO_READ : OP_MMIO_READ;
	s->cpu = any_cpu(g);
	s->addr = pio ? PICK(g, ports) : PICK(g, mmio_addrs);
	s->len = 1 << below(g, pio ? 3 : 4);
	s->val = PICK(g, doorbell_values);
}

/* One range for each address: see the difference "bus-search". */
static void gen_coalesced(struct generator *g)
{
	struct step *s = emit(g, OP_COALESCED);

	s->flags = percent(g, 40);
	s->addr = s->flags ? 0xc100 : 0xd0002000;
	s->len = s->flags ? 4 : 0x10;
	s->val = percent(g, 60);
	if (percent(g, 3))
		s->flags = 2;
	if (!s->val && percent(g, 30)) {
		s->addr += below(g, 4);
		s->len = below(g, 8);
	}
}

static void gen_coalesced_write(struct generator *g)
{
	bool pio = percent(g, 40);
	struct step *s;

	if (percent(g, 10)) {
		emit(g, OP_RING)->flags = 1;
		return;
	}
	s = emit(g, pio ? OP_PIO_WRITE : OP_MMIO_WRITE);
	s->cpu = any_cpu(g);
	s->addr = (pio ? 0xc100 : 0xd0002000) + below(g, pio ? 4 : 16);
	s->len = 1 << below(g, pio ? 3 : 4);
	s->val = PICK(g, doorbell_values);
}

/* Routing */

static void msi_message(struct generator *g, uint32_t *lo, uint32_t *hi,
			uint32_t *data)
{
	bool logical = any_logical(g);

	*lo = LAPIC_BASE | any_dest(g, logical) << 12 | logical << 2 |
	      percent(g, 20) << 3;
	*hi = percent(g, 90) ? 0 : rnd(g) & (percent(g, 50) ? ~0xffu : ~0u);
	*data = any_vector(g) | any_mode(g) << 8 | percent(g, 50) << 14;
	/* Split mode: the EOI of a level message goes to user space. */
	if (g->script->config.mode == MODE_FULL && percent(g, 20))
		*data |= 1 << 15;
}

static void add_pin(struct kvm_irq_routing *table, uint32_t gsi, uint32_t chip,
		    uint32_t pin)
{
	struct kvm_irq_routing_entry *e = &table->entries[table->nr++];

	e->gsi = gsi;
	e->type = KVM_IRQ_ROUTING_IRQCHIP;
	e->u.irqchip.irqchip = chip;
	e->u.irqchip.pin = pin;
}

static void add_msi(struct generator *g, struct kvm_irq_routing *table,
		    uint32_t gsi)
{
	struct kvm_irq_routing_entry *e = &table->entries[table->nr++];

	e->gsi = gsi;
	e->type = KVM_IRQ_ROUTING_MSI;
	if (percent(g, 10))
		e->flags = KVM_MSI_VALID_DEVID;
	msi_message(g, &e->u.msi.address_lo, &e->u.msi.address_hi,
		    &e->u.msi.data);
}

static void add_gsi(struct generator *g, struct kvm_irq_routing *table,
		    uint32_t gsi)
{
	unsigned int pin = percent(g, 90) || reference_is_old() ? gsi : below(g, 24);
	bool split = g->script->config.mode == MODE_SPLIT;

	if (gsi >= 24 || percent(g, 8) || split) {
		if (percent(g, 80))
			add_msi(g, table, gsi);
		return;
	}
	if (percent(g, 75))
		add_pin(table, gsi, KVM_IRQCHIP_IOAPIC, pin);
	if (pin < 16 && percent(g, 60))
		add_pin(table, gsi, pin / 8, pin % 8);
}

static void spoil_table(struct generator *g, struct kvm_irq_routing *table)
{
	/* Hyper-V's and Xen's types are not offered by the module. */
	static const uint8_t types[] = { 0, 1, 2, 3, 6, 7 };
	struct kvm_irq_routing_entry *e;

	if (!table->nr)
		return;
	e = &table->entries[below(g, table->nr)];
	switch (below(g, 6)) {
	case 0:
		e->flags ^= 2;
		break;
	case 1:
		e->type = PICK(g, types);
		break;
	case 2:
		e->gsi = any_gsi(g);
		break;
	case 3:
		e->u.irqchip.pin = below(g, 40);
		break;
	case 4:
		e->u.irqchip.irqchip = below(g, 5);
		break;
	default:
		table->flags = 1;
	}
	/* What was a chip or a pin may be an address now. */
	if (e->type == KVM_IRQ_ROUTING_MSI && reference_is_old())
		e->u.msi.address_lo &= ~MSI_LOGICAL;
}

static void gen_routing(struct generator *g)
{
	struct kvm_irq_routing *table;
	struct step *s = emit(g, OP_ROUTING);
	uint32_t gsi;

	if (nr_tables == MAX_TABLES)
		return;
	table = calloc(1, sizeof(*table) +
		       MAX_ENTRIES * sizeof(table->entries[0]));
	must(table, "calloc");
	tables[nr_tables++] = table;
	s->data = table;
	for (gsi = 0; gsi < 28; gsi++)
		add_gsi(g, table, gsi);
	if (percent(g, 12))
		spoil_table(g, table);
}

/* Lines and messages */

static void gen_line(struct generator *g)
{
	struct step *s = emit(g, OP_IRQ_LINE);

	if (percent(g, 10))
		s->op = OP_IRQ_LINE_OLD;
	s->gsi = any_gsi(g);
	s->val = percent(g, 55);
	if (percent(g, 2))
		s->val = 2 + below(g, 3);
}

static void gen_msi(struct generator *g)
{
	struct step *s = emit(g, OP_MSI);
	uint32_t lo, hi, data;

	msi_message(g, &lo, &hi, &data);
	s->addr = (uint64_t)hi << 32 | lo;
	s->val = data;
	if (percent(g, 5))
		s->flags = 1 + below(g, 3);
	s->gsi = below(g, 4);
}

/* The same message, in the way of x2APIC mode. */
static void ipi_to_msr(struct generator *g, struct step *s)
{
	uint64_t dest = s->addr >> 24;

	if (dest == 0xff && percent(g, 70))
		dest = 0xffffffff;
	if (percent(g, 5))
		dest |= below(g, 4) << 16;
	s->op = OP_MSR_WRITE;
	s->addr = X2APIC_MSR(0x300);
	s->val |= dest << 32;
	if (percent(g, 5))
		s->val |= 1u << below(g, 32);
}

static void gen_ipi(struct generator *g)
{
	struct step *s = emit(g, OP_IPI);
	bool logical = any_logical(g);

	s->cpu = any_cpu(g);
	s->addr = (uint32_t)any_dest(g, logical) << 24;
	s->val = any_vector(g) | any_mode(g) << 8 | logical << 11 |
		 percent(g, 90) << 14 | percent(g, 15) << 15;
	if (percent(g, 35))
		s->val |= below(g, 4) << 18;
	if (g->x2apic[s->cpu])
		ipi_to_msr(g, s);
}

/* The IOAPIC */

static void gen_rte_low(struct generator *g, unsigned int pin)
{
	struct step *s = emit(g, OP_RTE);

	s->cpu = any_cpu(g);
	s->addr = 0x10 + pin * 2;
	s->val = pin_vector(g, pin) | any_mode(g) << 8 | any_logical(g) << 11 |
		 percent(g, 10) << 12 | percent(g, 10) << 13 |
		 percent(g, 10) << 14 | any_trigger(g, pin) |
		 percent(g, 15) << 16;
}

static void gen_rte_high(struct generator *g, unsigned int pin)
{
	struct step *s = emit(g, OP_RTE);

	s->cpu = any_cpu(g);
	s->addr = 0x11 + pin * 2;
	s->val = (uint32_t)any_dest(g, percent(g, 50)) << 24;
	if (percent(g, 10))
		s->val |= rnd(g) & 0xffffff;
}

static void gen_rte(struct generator *g)
{
	unsigned int pin = any_pin(g);

	if (percent(g, 60))
		gen_rte_high(g, pin);
	gen_rte_low(g, pin);
}

static void gen_ioapic_other(struct generator *g)
{
	struct step *s = emit(g, OP_MMIO_READ);

	s->cpu = any_cpu(g);
	if (percent(g, 30)) {
		s->op = OP_RTE;
		s->addr = percent(g, 70) ? below(g, 0x10) :
					   0x40 + below(g, 0xc0);
		s->val = rnd(g) & 0xffffffff;
		return;
	}
	s->addr = IOAPIC_BASE + (percent(g, 80) ? 0x10 : below(g, 0x108));
	s->len = 1 << below(g, 4);
	if (percent(g, 30)) {
		s->op = OP_MMIO_WRITE;
		s->addr = IOAPIC_BASE + (percent(g, 80) ? 0 : below(g, 0x108));
		s->val = below(g, 0x48);
	}
}

/* LAPICs */

/* In the way of the CPU's mode, and rarely in the other, which is refused. */
static void lapic_write(struct generator *g, unsigned int cpu,
			unsigned int offset, uint32_t val)
{
	bool msr = g->x2apic[cpu] != (g->modes && percent(g, 3));
	struct step *s = emit(g, msr ? OP_MSR_WRITE : OP_MMIO_WRITE);

	s->cpu = cpu;
	s->addr = msr ? X2APIC_MSR(offset) : LAPIC_BASE + offset;
	s->len = 4;
	s->val = val;
	if (msr && percent(g, 2))
		s->val |= 1ULL << 32;
}

static void gen_eoi(struct generator *g)
{
	lapic_write(g, any_cpu(g), 0x0b0, 0);
}

static void gen_tpr(struct generator *g)
{
	static const uint8_t priorities[] = { 0, 0, 0x30, 0x40, 0x60, 0xf0 };

	lapic_write(g, any_cpu(g), 0x080, PICK(g, priorities));
}

static uint32_t lvt_value(struct generator *g)
{
	return any_vector(g) | any_mode(g) << 8 | percent(g, 15) << 12 |
	       percent(g, 15) << 13 | percent(g, 15) << 14 |
	       percent(g, 15) << 15 | percent(g, 40) << 16;
}

static void gen_lapic_register(struct generator *g)
{
	unsigned int cpu = any_cpu(g);
	static const uint16_t lvts[] = { 0x330, 0x340, 0x350, 0x360, 0x370 };

	switch (below(g, 8)) {
	case 0:
		lapic_write(g, cpu, 0x0f0, percent(g, 80) ? 0x1ff : rnd(g));
		break;
	case 1:
		lapic_write(g, cpu, 0x0d0, (uint32_t)any_dest(g, true) << 24);
		break;
	case 2:
		lapic_write(g, cpu, 0x0e0, percent(g, 60) ? ~0u : rnd(g));
		break;
	case 3:
		lapic_write(g, cpu, PICK(g, lvts), lvt_value(g));
		break;
	case 4:
		lapic_write(g, cpu, 0x350, percent(g, 70) ? 0x700 : 0x10700);
		break;
	case 5:
		lapic_write(g, cpu, 0x320, lvt_value(g) & ~0x60000u);
		break;
	case 6:
		if (percent(g, 20) && !reference_is_old())
			lapic_write(g, cpu, 0x020,
				    (uint32_t)any_dest(g, false) << 24);
		break;
	default:
		/* Not the id, nor the timer's count, which would let it run. */
		lapic_write(g, cpu, (3 + below(g, 0x35)) << 4, rnd(g));
	}
}

static void gen_lapic_read(struct generator *g)
{
	struct step *s = emit(g, OP_MMIO_READ);

	s->cpu = any_cpu(g);
	s->addr = LAPIC_BASE + (below(g, 0x40) << 4);
	s->len = 4;
	if (g->x2apic[s->cpu]) {
		s->op = OP_MSR_READ;
		s->addr = percent(g, 90) ? 0x800 + below(g, 0x40) : MSR_BASE;
		return;
	}
	if (percent(g, 20)) {
		s->len = 1 << below(g, 4);
		s->addr += below(g, 16);
	}
}

/*
 * Another mode, or an attempt: half of the ways are closed to a guest.  What a VMM
 * may do besides is the difference "mode-restored" of old references.  The boot CPU's
 * bit is the guest's to keep.
 */
static void gen_mode(struct generator *g)
{
	static const uint32_t modes[] = {
		0, BASE_ENABLE, BASE_ENABLE, BASE_ENABLE | BASE_X2APIC,
		BASE_ENABLE | BASE_X2APIC, BASE_X2APIC,
	};
	struct step *s;

	if (!g->modes)
		return;
	s = emit(g, percent(g, 80) || reference_is_old() ? OP_MSR_WRITE :
						       OP_SET_BASE);
	s->cpu = any_cpu(g);
	s->addr = MSR_BASE;
	s->val = LAPIC_BASE | PICK(g, modes) | (s->cpu ? 0 : BASE_BSP);
	if (s->op == OP_SET_BASE)
		s->val |= BASE_ENABLE;
	g->x2apic[s->cpu] = s->val & BASE_X2APIC;
}

static void gen_take(struct generator *g)
{
	emit(g, OP_TAKE)->cpu = any_cpu(g);
}

static void gen_take_and_eoi(struct generator *g)
{
	unsigned int cpu = any_cpu(g);

	emit(g, OP_TAKE)->cpu = cpu;
	lapic_write(g, cpu, 0x0b0, 0);
}

/* The PICs */

static struct step *out(struct generator *g, uint16_t port, uint8_t val)
{
	struct step *s = emit(g, OP_PIO_WRITE);

	s->cpu = any_cpu(g);
	s->addr = port;
	s->len = 1;
	s->val = val;
	return s;
}

static void gen_pic_init(struct generator *g)
{
	uint16_t base = percent(g, 50) ? 0x20 : 0xa0;
	bool icw4 = percent(g, 85);

	out(g, base, 0x10 | icw4 | (percent(g, 10) ? rnd(g) & 0x0e : 0));
	out(g, base + 1, base == 0x20 ? 0x50 : 0x70);
	out(g, base + 1, base == 0x20 ? 4 : 2);
	if (icw4)
		out(g, base + 1, 1 | percent(g, 25) << 1 | percent(g, 25) << 4);
	out(g, base + 1, percent(g, 70) ? 0 : rnd(g));
}

static void gen_pic_write(struct generator *g)
{
	static const uint8_t commands[] = {
		0x20, 0x20, 0x20, 0x60, 0x61, 0x63, 0x64, 0xa0, 0xe1, 0xc3,
		0x80, 0x00, 0x0a, 0x0b, 0x0c, 0x68, 0x48, 0x0e,
	};
	uint16_t base = percent(g, 60) ? 0x20 : 0xa0;

	switch (below(g, 8)) {
	case 0:
		out(g, base + 1, percent(g, 50) ? 0 : rnd(g));
		break;
	case 1:
		out(g, 0x4d0 + below(g, 2), rnd(g));
		break;
	case 2:
		out(g, base + below(g, 2), rnd(g));
		break;
	case 3:
		out(g, base + below(g, 2), rnd(g))->len = 1 << below(g, 3);
		break;
	default:
		out(g, base, PICK(g, commands));
	}
}

static void gen_pic_read(struct generator *g)
{
	static const uint16_t pic_ports[] = {
		0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1,
	};
	struct step *s = emit(g, OP_PIO_READ);

	s->cpu = any_cpu(g);
	s->addr = PICK(g, pic_ports);
	s->len = percent(g, 95) ? 1 : 1 << below(g, 3);
}

/* States */

static void gen_set_chip(struct generator *g)
{
	struct step *s = emit(g, OP_SET_CHIP);
	unsigned int pin = any_pin(g);

	s->gsi = below(g, percent(g, 95) ? 3 : 5);
	s->len = 1;
	s->addr = below(g, 16);
	s->val = rnd(g);
	if (s->gsi != KVM_IRQCHIP_IOAPIC)
		return;
	if (percent(g, 70)) {
		s->len = 8;
		s->addr = 24 + 8 * pin;
		s->val = pin_vector(g, pin) | any_mode(g) << 8 |
			 (rnd(g) & 0x17) << 12 | any_trigger(g, pin) |
			 (uint64_t)any_dest(g, percent(g, 50)) << 56;
	} else {
		s->len = 4;
		s->addr = 8 + 4 * below(g, 4);
		s->val = rnd(g);
	}
}

static void gen_set_lapic(struct generator *g)
{
	static const uint16_t offsets[] = {
		0x080, 0x0d0, 0x0e0, 0x0f0, 0x110, 0x120, 0x170, 0x190, 0x1a0,
		0x210, 0x220, 0x270, 0x350, 0x360,
	};
	struct step *s = emit(g, OP_SET_LAPIC);

	s->cpu = any_cpu(g);
	s->len = 4;
	s->addr = PICK(g, offsets);
	s->val = rnd(g) & rnd(g);
	if (s->addr == 0x080)
		s->val &= 0xf0;
	if (s->addr == 0x0f0)
		s->val = 0x1ff;
	if (s->addr == 0x0d0)
		s->val = (uint64_t)any_dest(g, true) << 24;
	if (s->addr == 0x0e0)
		s->val |= percent(g, 60) ? ~0u : 0x0fffffff;
	if (s->addr >= 0x350)
		s->val = lvt_value(g);
}

static void gen_save(struct generator *g)
{
	emit(g, percent(g, 50) ? OP_SAVE : OP_RESTORE);
}

static void gen_migrate(struct generator *g)
{
	emit(g, OP_MIGRATE);
}

static void gen_mp_state(struct generator *g)
{
	struct step *s = emit(g, OP_MP_STATE);

	s->cpu = any_cpu(g);
	s->val = percent(g, 90) ? KVM_MP_STATE_RUNNABLE : below(g, 12);
}

static void gen_nmi(struct generator *g)
{
	emit(g, OP_NMI)->cpu = any_cpu(g);
}

static void gen_interrupt(struct generator *g)
{
	struct step *s = emit(g, OP_INTERRUPT);

	s->cpu = any_cpu(g);
	s->gsi = percent(g, 90) ? any_vector(g) : 0x100;
}

static const struct {
	void (*generate)(struct generator *g);
	unsigned int weight;
} generators[] = {
	{ gen_irqfd, 50 },
	{ gen_irqfd_deassign, 18 },
	{ gen_signal, 90 },
	{ gen_drain, 10 },
	{ gen_close, 10 },
	{ gen_ioeventfd, 40 },
	{ gen_doorbell, 50 },
	{ gen_coalesced, 8 },
	{ gen_coalesced_write, 20 },
	{ gen_routing, 10 },
	{ gen_line, 120 },
	{ gen_msi, 50 },
	{ gen_ipi, 35 },
	{ gen_rte, 70 },
	{ gen_ioapic_other, 15 },
	{ gen_eoi, 80 },
	{ gen_tpr, 25 },
	{ gen_lapic_register, 25 },
	{ gen_lapic_read, 15 },
	{ gen_mode, 6 },
	{ gen_take, 100 },
	{ gen_take_and_eoi, 80 },
	{ gen_pic_init, 8 },
	{ gen_pic_write, 50 },
	{ gen_pic_read, 20 },
	{ gen_set_chip, 12 },
	{ gen_set_lapic, 10 },
	{ gen_save, 12 },
	{ gen_migrate, 2 },
	{ gen_mp_state, 25 },
	{ gen_nmi, 3 },
	{ gen_interrupt, 3 },
};

static void gen_any(struct generator *g)
{
	unsigned int i, sum = 0;
	uint32_t at;

	for (i = 0; i < ARRAY_SIZE(generators); i++)
		sum += generators[i].weight;
	at = below(g, sum);
	for (i = 0; at >= generators[i].weight; i++)
		at -= generators[i].weight;
	generators[i].generate(g);
}

static void gen_config(struct generator *g, unsigned int nr_cpus)
{
	struct config *config = &g->script->config;

	config->nr_cpus = nr_cpus;
	config->mode = percent(g, 88) ? MODE_FULL : MODE_SPLIT;
	config->x2apic_api = percent(g, 75) ? 0 : below(g, 4);
	if (!difference_applies("directed-eoi") && percent(g, 25))
		config->x2apic_api |= config->mode == MODE_SPLIT && percent(g, 50) ?
			KVM_X2APIC_ENABLE_SUPPRESS_EOI_BROADCAST :
			KVM_X2APIC_DISABLE_SUPPRESS_EOI_BROADCAST;
	g->modes = percent(g, 35);
}

static void enter_x2apic(struct generator *g, unsigned int cpu)
{
	struct step *s = emit(g, OP_MSR_WRITE);

	s->cpu = cpu;
	s->addr = MSR_BASE;
	s->val = LAPIC_BASE | BASE_ENABLE | BASE_X2APIC | (cpu ? 0 : BASE_BSP);
	g->x2apic[cpu] = true;
}

/* What firmware would do, mostly: else a LAPIC takes nothing. */
static void gen_start(struct generator *g)
{
	unsigned int cpu;

	for (cpu = 0; cpu < g->script->config.nr_cpus; cpu++) {
		if (percent(g, 90))
			lapic_write(g, cpu, 0x0f0, 0x1ff);
		if (percent(g, 80))
			lapic_write(g, cpu, 0x0d0, 1u << (24 + cpu));
		if (g->modes && percent(g, 70))
			enter_x2apic(g, cpu);
	}
	if (percent(g, 85)) {
		gen_pic_init(g);
		gen_pic_init(g);
	}
	for (cpu = 0; cpu < 4; cpu++)
		gen_rte(g);
}

void script_generate(struct script *script, uint64_t seed, unsigned int nr_cpus,
		     size_t nr_steps)
{
	struct generator g = {
		.state = seed * 0x100 + nr_cpus, .script = script,
		.room = nr_steps,
	};

	memset(script, 0, sizeof(*script));
	snprintf(script->name, sizeof(script->name), "seed %llu",
		 (unsigned long long)seed);
	script->steps = calloc(nr_steps, sizeof(*script->steps));
	must(script->steps, "calloc");
	gen_config(&g, nr_cpus);
	gen_start(&g);
	while (script->nr < nr_steps)
		gen_any(&g);
}

void script_free(struct script *script)
{
	while (nr_tables)
		free((void *)tables[--nr_tables]);
	free(script->steps);
}
