// SPDX-License-Identifier: GPL-2.0
/*
 * Executes one step on one machine and notes what the call gave.  The calls
 * are the same on both systems; only the guest's side goes through the backend.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "diff.h"

#define LAPIC_EOI	0x0b0
#define LAPIC_IRR	0x200
#define LAPIC_ICR	0x300
#define LAPIC_ICR2	0x310
#define IOAPIC_SIZE	0x100
#define IOAPIC_SELECT	0x00
#define IOAPIC_WINDOW	0x10

#define UNROUTED_GSI	999

/* A storm of EOIs is slowed down after so many; see exec_storm(). */
#define STORM_EOIS	10000
#define STORM_MAX	(6 * STORM_EOIS)
#define STORM_WAITS	10000

typedef void exec_fn(struct machine *m, const struct step *s,
		     struct observation *o);

static void note(struct observation *o, int ret)
{
	o->ret = ret;
	o->err = ret < 0 ? errno : 0;
}

/* A number that means the same on both machines. */
static int fd_number(const struct machine *m, uint8_t fd)
{
	static int null = -1;

	if (fd < NR_FDS)
		return m->fd[fd];
	if (fd == FD_NOT_OPEN)
		return -1;
	if (null < 0)
		null = open("/dev/null", O_RDWR);
	return null;
}

/* Eventfds */

static void exec_irqfd(struct machine *m, const struct step *s,
		       struct observation *o)
{
	struct kvm_irqfd args = {
		.fd = fd_number(m, s->fd), .gsi = s->gsi, .flags = s->flags,
		.resamplefd = fd_number(m, s->fd2),
	};

	memset(args.pad, s->val, sizeof(args.pad));
	note(o, ioctl(m->vm, KVM_IRQFD, &args));
	if (!o->ret)
		m->has_irqfds = true;
}

/* The same eventfd in a second VM. */
static void exec_other_irqfd(struct machine *m, const struct step *s,
			     struct observation *o)
{
	struct kvm_irqfd args = {
		.fd = fd_number(m, s->fd), .gsi = s->gsi, .flags = s->flags,
	};

	if (m->other < 0) {
		m->other = ioctl(machine_node(m->backend), KVM_CREATE_VM, 0);
		must(m->other >= 0, "KVM_CREATE_VM");
		must(!ioctl(m->other, KVM_CREATE_IRQCHIP),
		     "KVM_CREATE_IRQCHIP");
	}
	note(o, ioctl(m->other, KVM_IRQFD, &args));
}

static void exec_signal(struct machine *m, const struct step *s,
			struct observation *o)
{
	note(o, write(m->fd[s->fd], &s->val, sizeof(s->val)));
}

static void exec_drain(struct machine *m, const struct step *s,
		       struct observation *o)
{
	note(o, read(m->fd[s->fd], &o->val, sizeof(o->val)));
}

/* The slot gets a new eventfd at once. */
static void exec_close(struct machine *m, const struct step *s,
		       struct observation *o)
{
	note(o, close(m->fd[s->fd]));
	machine_new_eventfd(m, s->fd);
}

/* Keep what is in a slot alive, and let go of what was kept before. */
static void exec_hold(struct machine *m, const struct step *s,
		      struct observation *o)
{
	int copy = fcntl(m->fd[s->fd], F_DUPFD_CLOEXEC, 0);

	if (m->held[s->fd] >= 0)
		close(m->held[s->fd]);
	m->held[s->fd] = copy;
	note(o, copy < 0 ? -1 : 0);
}

static void exec_ioeventfd(struct machine *m, const struct step *s,
			   struct observation *o)
{
	struct kvm_ioeventfd args = {
		.datamatch = s->val, .addr = s->addr, .len = s->len,
		.fd = fd_number(m, s->fd), .flags = s->flags,
	};

	note(o, ioctl(m->vm, KVM_IOEVENTFD, &args));
}

/* Interrupts that user space brings */

static void exec_routing(struct machine *m, const struct step *s,
			 struct observation *o)
{
	note(o, ioctl(m->vm, KVM_SET_GSI_ROUTING, s->data));
	m->stale = true;
}

static void exec_irq_line(struct machine *m, const struct step *s,
			  struct observation *o)
{
	struct kvm_irq_level args = { .irq = s->gsi, .level = s->val };

	note(o, ioctl(m->vm, KVM_IRQ_LINE_STATUS, &args));
	o->val = (uint32_t)args.status;
}

static void exec_irq_line_old(struct machine *m, const struct step *s,
			      struct observation *o)
{
	struct kvm_irq_level args = { .irq = s->gsi, .level = s->val };

	note(o, ioctl(m->vm, KVM_IRQ_LINE, &args));
}

/* Up and down. */
static void exec_pulse(struct machine *m, const struct step *s,
		       struct observation *o)
{
	struct kvm_irq_level args = { .irq = s->gsi, .level = 1 };

	note(o, ioctl(m->vm, KVM_IRQ_LINE_STATUS, &args));
	o->val = (uint32_t)args.status;
	args.level = 0;
	note(o, ioctl(m->vm, KVM_IRQ_LINE_STATUS, &args));
	o->val |= (uint64_t)args.status << 32;
}

static void exec_msi(struct machine *m, const struct step *s,
		     struct observation *o)
{
	struct kvm_msi args = {
		.address_lo = s->addr, .address_hi = s->addr >> 32,
		.data = s->val, .flags = s->flags, .devid = s->gsi,
	};

	note(o, ioctl(m->vm, KVM_SIGNAL_MSI, &args));
}

static void exec_nmi(struct machine *m, const struct step *s,
		     struct observation *o)
{
	note(o, ioctl(m->cpu[s->cpu], KVM_NMI));
}

static void exec_interrupt(struct machine *m, const struct step *s,
			   struct observation *o)
{
	struct kvm_interrupt args = { .irq = s->gsi };

	note(o, ioctl(m->cpu[s->cpu], KVM_INTERRUPT, &args));
}

/* The guest's accesses */

static void guest_write(struct machine *m, const struct step *s, bool pio,
			uint64_t addr, uint32_t len, uint64_t val,
			struct observation *o)
{
	if (!machine_cpu_runs(m, s->cpu)) {
		o->skipped = true;
		return;
	}
	note(o, m->backend->write(m, s->cpu, pio, addr, len, val));
	if (!pio && addr - IOAPIC_BASE < IOAPIC_SIZE)
		m->stale = true;
}

static void guest_read(struct machine *m, const struct step *s, bool pio,
		       struct observation *o)
{
	if (!machine_cpu_runs(m, s->cpu)) {
		o->skipped = true;
		return;
	}
	note(o, m->backend->read(m, s->cpu, pio, s->addr, s->len, &o->val));
}

static void exec_mmio_write(struct machine *m, const struct step *s,
			    struct observation *o)
{
	unsigned int i;

	for (i = 0; i <= s->gsi; i++)
		guest_write(m, s, false, s->addr, s->len, s->val, o);
}

static void exec_mmio_read(struct machine *m, const struct step *s,
			   struct observation *o)
{
	guest_read(m, s, false, o);
}

static void exec_pio_write(struct machine *m, const struct step *s,
			   struct observation *o)
{
	guest_write(m, s, true, s->addr, s->len, s->val, o);
}

static void exec_pio_read(struct machine *m, const struct step *s,
			  struct observation *o)
{
	guest_read(m, s, true, o);
}

static void exec_msr_write(struct machine *m, const struct step *s,
			   struct observation *o)
{
	o->skipped = !machine_cpu_runs(m, s->cpu);
	if (!o->skipped)
		note(o, m->backend->wrmsr(m, s->cpu, s->addr, s->val));
}

static void exec_msr_read(struct machine *m, const struct step *s,
			  struct observation *o)
{
	o->skipped = !machine_cpu_runs(m, s->cpu);
	if (!o->skipped)
		note(o, m->backend->rdmsr(m, s->cpu, s->addr, &o->val));
}

/* ICW1 to ICW4 of both PICs, nothing masked: vectors 0x50.. and 0x70.. */
static void exec_pic_init(struct machine *m, const struct step *s,
			  struct observation *o)
{
	guest_write(m, s, true, 0x20, 1, 0x11, o);
	guest_write(m, s, true, 0x21, 1, 0x50, o);
	guest_write(m, s, true, 0x21, 1, 4, o);
	guest_write(m, s, true, 0x21, 1, s->val, o);
	guest_write(m, s, true, 0xa0, 1, 0x11, o);
	guest_write(m, s, true, 0xa1, 1, 0x70, o);
	guest_write(m, s, true, 0xa1, 1, 2, o);
	guest_write(m, s, true, 0xa1, 1, 1, o);
	guest_write(m, s, true, 0x21, 1, 0, o);
	guest_write(m, s, true, 0xa1, 1, 0, o);
}

/* Of both, as after an interrupt of the slave. */
static void exec_pic_eoi(struct machine *m, const struct step *s,
			 struct observation *o)
{
	guest_write(m, s, true, 0xa0, 1, 0x20, o);
	guest_write(m, s, true, 0x20, 1, 0x20, o);
}

/* Half of a redirection entry, or any other register: select, then write. */
static void exec_rte(struct machine *m, const struct step *s,
		     struct observation *o)
{
	guest_write(m, s, false, IOAPIC_BASE + IOAPIC_SELECT, 4, s->addr, o);
	guest_write(m, s, false, IOAPIC_BASE + IOAPIC_WINDOW, 4, s->val, o);
}

/* The destination, then the rest, which sends. */
static void exec_ipi(struct machine *m, const struct step *s,
		     struct observation *o)
{
	guest_write(m, s, false, LAPIC_BASE + LAPIC_ICR2, 4, s->addr, o);
	guest_write(m, s, false, LAPIC_BASE + LAPIC_ICR, 4, s->val, o);
}

static void exec_take(struct machine *m, const struct step *s,
		      struct observation *o)
{
	struct event event = { };

	if (!machine_cpu_runs(m, s->cpu)) {
		o->skipped = true;
		return;
	}
	m->backend->take(m, s->cpu, &event);
	if (event.type != EVENT_NONE)
		add_event(o, s->cpu, event.type, event.vector);
}

/* States */

/* A whole state, or the present one with @len bytes at @addr replaced. */
static void exec_set_chip(struct machine *m, const struct step *s,
			  struct observation *o)
{
	struct kvm_irqchip chip = { .chip_id = s->gsi };

	if (s->data)
		memcpy(&chip.chip, s->data, s->len);
	else if (!ioctl(m->vm, KVM_GET_IRQCHIP, &chip))
		memcpy(chip.chip.dummy + s->addr, &s->val, s->len);
	note(o, ioctl(m->vm, KVM_SET_IRQCHIP, &chip));
}

static void exec_get_chip(struct machine *m, const struct step *s,
			  struct observation *o)
{
	struct kvm_irqchip chip = { .chip_id = s->gsi };

	note(o, ioctl(m->vm, KVM_GET_IRQCHIP, &chip));
}

static void exec_set_lapic(struct machine *m, const struct step *s,
			   struct observation *o)
{
	struct kvm_lapic_state lapic = { };

	if (!ioctl(m->cpu[s->cpu], KVM_GET_LAPIC, &lapic))
		memcpy(lapic.regs + s->addr, &s->val, s->len);
	note(o, ioctl(m->cpu[s->cpu], KVM_SET_LAPIC, &lapic));
}

static void exec_set_base(struct machine *m, const struct step *s,
			  struct observation *o)
{
	note(o, m->backend->set_base(m, s->cpu, s->val));
	m->stale = true;
}

static int set_mp_state(struct machine *m, unsigned int cpu, uint32_t state)
{
	struct kvm_mp_state mp = { state };
	int ret = ioctl(m->cpu[cpu], KVM_SET_MP_STATE, &mp);

	if (ret)
		return ret;
	m->mp_state[cpu] = state == KVM_MP_STATE_SIPI_RECEIVED ?
			   KVM_MP_STATE_INIT_RECEIVED : state;
	return 0;
}

static void exec_mp_state(struct machine *m, const struct step *s,
			  struct observation *o)
{
	note(o, set_mp_state(m, s->cpu, s->val));
}

static void take_snapshot(struct machine *m, struct snapshot *s)
{
	struct observation now = { };
	unsigned int i;

	machine_observe(m, &now);
	for (i = 0; i < m->config.nr_cpus && m->config.mode != MODE_NONE; i++)
		s->base[i] = m->backend->get_base(m, i);
	memcpy(s->mp_state, now.mp_state, sizeof(s->mp_state));
	memcpy(s->lapic, now.lapic, sizeof(s->lapic));
	memcpy(s->chip, now.chip, sizeof(s->chip));
	s->valid = true;
}

/* In the order of the VMMs: chips, LAPICs in their modes, what the CPUs do. */
static int load_snapshot(struct machine *m, const struct snapshot *s)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < NR_CHIPS && m->config.mode == MODE_FULL; i++)
		ret |= ioctl(m->vm, KVM_SET_IRQCHIP, &s->chip[i]);
	for (i = 0; i < m->config.nr_cpus; i++) {
		if (m->config.mode != MODE_NONE) {
			ret |= m->backend->set_base(m, i, s->base[i]);
			ret |= ioctl(m->cpu[i], KVM_SET_LAPIC, &s->lapic[i]);
		}
		ret |= set_mp_state(m, i, s->mp_state[i]);
	}
	return ret;
}

static void exec_save(struct machine *m, const struct step *s,
		      struct observation *o)
{
	(void)s;
	take_snapshot(m, &m->saved);
	note(o, 0);
}

static void exec_restore(struct machine *m, const struct step *s,
			 struct observation *o)
{
	(void)s;
	o->skipped = !m->saved.valid;
	if (!o->skipped)
		note(o, load_snapshot(m, &m->saved));
}

/* The state goes on in a new VM, without routes, irqfds and ioeventfds. */
static void exec_migrate(struct machine *m, const struct step *s,
			 struct observation *o)
{
	static struct snapshot now;

	(void)s;
	take_snapshot(m, &now);
	machine_renew(m);
	note(o, load_snapshot(m, &now));
	m->stale = true;
}

/* The rest of the VM's ioctls */

static void exec_vm_cap(struct machine *m, const struct step *s,
			struct observation *o)
{
	struct kvm_enable_cap cap = { .cap = s->gsi, .flags = s->flags };

	cap.args[0] = s->val;
	note(o, ioctl(m->vm, KVM_ENABLE_CAP, &cap));
}

/* A channel of the PIT, but for what depends on the time. */
static void exec_pit(struct machine *m, const struct step *s,
		     struct observation *o)
{
	const struct kvm_pit_channel_state *ch;
	struct kvm_pit_state2 state = {};

	note(o, ioctl(m->vm, KVM_GET_PIT2, &state));
	ch = &state.channels[s->gsi];
	o->val = ch->count ^ (uint64_t)ch->mode << 32 ^
		 (uint64_t)ch->rw_mode << 38 ^ (uint64_t)ch->read_state << 41 ^
		 (uint64_t)ch->write_state << 44 ^
		 (uint64_t)ch->count_latched << 47 ^
		 (uint64_t)ch->status_latched << 50 ^
		 (uint64_t)ch->gate << 53 ^ (uint64_t)ch->bcd << 56 ^
		 (uint64_t)state.flags << 58;
}

/* Any ioctl with an argument that is made for it, or a number, or bad memory. */
static void exec_vm_ioctl(struct machine *m, const struct step *s,
			  struct observation *o)
{
	uint8_t copy[1024];

	if (!s->data) {
		note(o, ioctl(m->vm, s->addr, s->val));
		return;
	}
	memcpy(copy, s->data, s->len);
	note(o, ioctl(m->vm, s->addr, copy));
}

/* Only ids that are refused, or the machine would grow. */
static void exec_create_vcpu(struct machine *m, const struct step *s,
			     struct observation *o)
{
	int fd = ioctl(m->vm, KVM_CREATE_VCPU, (unsigned long)s->val);

	note(o, fd);
	if (fd >= 0) {
		close(fd);
		o->ret = 0;
	}
}

static void exec_coalesced(struct machine *m, const struct step *s,
			   struct observation *o)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr = s->addr, .size = s->len, .pio = s->flags,
	};

	note(o, ioctl(m->vm, s->val ? KVM_REGISTER_COALESCED_MMIO :
				      KVM_UNREGISTER_COALESCED_MMIO, &zone));
}

/* User space takes what is in the ring, or writes nonsense there. */
static void exec_ring(struct machine *m, const struct step *s,
		      struct observation *o)
{
	struct kvm_coalesced_mmio_ring *ring = machine_ring(m);

	if (s->flags) {
		ring->first = ring->last;
	} else {
		ring->first = s->val;
		ring->last = s->val >> 32;
	}
	note(o, 0);
}

static bool is_requested(const struct machine *m, unsigned int cpu)
{
	struct kvm_lapic_state lapic;
	static const uint8_t none[0x80];

	must(!ioctl(m->cpu[cpu], KVM_GET_LAPIC, &lapic), "KVM_GET_LAPIC");
	return memcmp(lapic.regs + LAPIC_IRR, none, sizeof(none));
}

/*
 * Take and end a level interrupt whose line stays up until one does not come
 * back at once, and wait until it does.  A slow machine can miss the moment, so
 * what counts is after which multiple it was.
 */
static void exec_storm(struct machine *m, const struct step *s,
		       struct observation *o)
{
	struct event event = { };
	unsigned int i;

	for (i = 0; i < STORM_MAX; i++) {
		event.type = EVENT_NONE;
		m->backend->take(m, s->cpu, &event);
		if (event.type == EVENT_NONE)
			break;
		m->backend->write(m, s->cpu, false, LAPIC_BASE + LAPIC_EOI, 4,
				  0);
	}
	o->val = i < STORM_MAX ? i % STORM_EOIS : i;
	for (i = 0; i < STORM_WAITS && !is_requested(m, s->cpu); i++)
		usleep(1000);
}

static exec_fn *const executors[NR_OPS] = {
	[OP_IRQFD]		= exec_irqfd,
	[OP_SIGNAL]		= exec_signal,
	[OP_DRAIN]		= exec_drain,
	[OP_CLOSE]		= exec_close,
	[OP_HOLD]		= exec_hold,
	[OP_ROUTING]		= exec_routing,
	[OP_IRQ_LINE]		= exec_irq_line,
	[OP_IRQ_LINE_OLD]	= exec_irq_line_old,
	[OP_PULSE]		= exec_pulse,
	[OP_MSI]		= exec_msi,
	[OP_IOEVENTFD]		= exec_ioeventfd,
	[OP_MMIO_WRITE]		= exec_mmio_write,
	[OP_MMIO_READ]		= exec_mmio_read,
	[OP_PIO_WRITE]		= exec_pio_write,
	[OP_PIO_READ]		= exec_pio_read,
	[OP_MSR_WRITE]		= exec_msr_write,
	[OP_MSR_READ]		= exec_msr_read,
	[OP_SET_BASE]		= exec_set_base,
	[OP_PIC_INIT]		= exec_pic_init,
	[OP_PIC_EOI]		= exec_pic_eoi,
	[OP_RTE]		= exec_rte,
	[OP_IPI]		= exec_ipi,
	[OP_TAKE]		= exec_take,
	[OP_SET_CHIP]		= exec_set_chip,
	[OP_GET_CHIP]		= exec_get_chip,
	[OP_SET_LAPIC]		= exec_set_lapic,
	[OP_MP_STATE]		= exec_mp_state,
	[OP_NMI]		= exec_nmi,
	[OP_INTERRUPT]		= exec_interrupt,
	[OP_SAVE]		= exec_save,
	[OP_RESTORE]		= exec_restore,
	[OP_MIGRATE]		= exec_migrate,
	[OP_OTHER_IRQFD]	= exec_other_irqfd,
	[OP_VM_CAP]		= exec_vm_cap,
	[OP_VM_IOCTL]		= exec_vm_ioctl,
	[OP_CREATE_VCPU]	= exec_create_vcpu,
	[OP_COALESCED]		= exec_coalesced,
	[OP_RING]		= exec_ring,
	[OP_STORM]		= exec_storm,
	[OP_PIT]		= exec_pit,
};

/*
 * Have both systems look again for the EOIs that the IOAPIC wants to see, which
 * they do at different times: see the difference "eoi-scan".  An ack notifier
 * that comes and goes, on a GSI without a route, leaves no other trace.
 */
void step_refresh(struct machine *m)
{
	struct kvm_irqfd args = {
		.gsi = UNROUTED_GSI, .flags = KVM_IRQFD_FLAG_RESAMPLE,
	};
	static int fd = -1;

	if (!m->stale || m->config.mode != MODE_FULL || m->config.fresh)
		return;
	if (fd < 0)
		fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	args.fd = fd;
	args.resamplefd = fd;
	must(!ioctl(m->vm, KVM_IRQFD, &args), "KVM_IRQFD");
	args.flags = KVM_IRQFD_FLAG_DEASSIGN;
	must(!ioctl(m->vm, KVM_IRQFD, &args), "KVM_IRQFD");
	m->stale = false;
}

void step_exec(struct machine *m, const struct step *step,
	       struct observation *o)
{
	memset(o, 0, sizeof(*o));
	executors[step->op](m, step, o);
}
