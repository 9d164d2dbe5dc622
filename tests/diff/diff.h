/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kev-diff: what the files of the differential test share.
 *
 * Words: a machine is one VM, on the real KVM or on this module; a backend
 * says how the guest's side of a machine is driven; a step is one call or one
 * guest access; a script is a configuration and its steps; an observation is
 * all that can be seen of a machine after a step.  Two machines that run one
 * script must look the same after each of its steps.
 */
#ifndef KEV_DIFF_H
#define KEV_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kev_kvm.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define MAX_CPUS	4
#define NR_FDS		8	/* eventfds of a machine */
#define NR_CHIPS	3
#define MAX_EVENTS	16
#define RING_SIZE	(sizeof(struct kvm_coalesced_mmio_ring) + \
			 KVM_COALESCED_MMIO_MAX * \
			 sizeof(struct kvm_coalesced_mmio))
/* What KVM_COALESCED_MMIO_MAX is made of. */
#define PAGE_SIZE	4096
#define RING_PAGE	2	/* of a vCPU's shared pages */

/* Steps name an eventfd by its slot, or say that it is none. */
#define FD_NOT_OPEN	0xfe
#define FD_NO_EVENTFD	0xff

#define IOAPIC_BASE	0xfec00000u
#define LAPIC_BASE	0xfee00000u

/* IA32_APIC_BASE: its number, its bits, and the first register of x2APIC mode. */
#define MSR_BASE	0x1bu
#define BASE_BSP	0x100u
#define BASE_X2APIC	0x400u
#define BASE_ENABLE	0x800u
#define X2APIC_MSR(o)	(0x800u + (o) / 16)

/* A bit of an MSI address. */
#define MSI_LOGICAL	0x4u

enum mode {
	MODE_FULL,
	MODE_SPLIT,
	MODE_NONE,
};

/**
 * struct config - How a machine is made
 * @nr_cpus:	vCPUs.
 * @mode:	Which chips the kernel has.
 * @x2apic_api:	Argument of KVM_CAP_X2APIC_API.
 * @fresh:	Leave new vCPUs as they are.
 */
struct config {
	unsigned int nr_cpus;
	enum mode mode;
	uint64_t x2apic_api;
	bool fresh;
};

enum op {
	OP_IRQFD,
	OP_SIGNAL,
	OP_DRAIN,
	OP_CLOSE,
	OP_HOLD,
	OP_ROUTING,
	OP_IRQ_LINE,
	OP_IRQ_LINE_OLD,
	OP_PULSE,
	OP_MSI,
	OP_IOEVENTFD,
	OP_MMIO_WRITE,
	OP_MMIO_READ,
	OP_PIO_WRITE,
	OP_PIO_READ,
	OP_PIC_INIT,
	OP_PIC_EOI,
	OP_RTE,
	OP_IPI,
	OP_TAKE,
	OP_SET_CHIP,
	OP_GET_CHIP,
	OP_SET_LAPIC,
	OP_MP_STATE,
	OP_NMI,
	OP_INTERRUPT,
	OP_SAVE,
	OP_RESTORE,
	OP_MIGRATE,
	OP_OTHER_IRQFD,
	OP_VM_CAP,
	OP_VM_IOCTL,
	OP_CREATE_VCPU,
	OP_COALESCED,
	OP_RING,
	OP_STORM,
	OP_PIT,
	OP_MSR_WRITE,
	OP_MSR_READ,
	OP_SET_BASE,
	NR_OPS
};

/**
 * struct step - One call or one guest access
 * @op:		What.
 * @cpu:	Whose access, or whose ioctl.
 * @fd:		Slot of the eventfd, or FD_*.
 * @fd2:	Slot of the resamplefd, or FD_*.
 * @gsi:	GSI, chip id or pin.
 * @flags:	Flags of the call.
 * @len:	Bytes.
 * @addr:	Address, port, offset, command or number of a MSR.
 * @val:	Data.
 * @data:	A table or a state.
 */
struct step {
	uint8_t op;
	uint8_t cpu;
	uint8_t fd;
	uint8_t fd2;
	uint32_t gsi;
	uint32_t flags;
	uint32_t len;
	uint64_t addr;
	uint64_t val;
	const void *data;
};

/**
 * struct script - A configuration and its steps
 * @name:	For people.
 * @config:	Of the two machines.
 * @nr:		Steps.
 * @steps:	Them.
 */
struct script {
	char name[96];
	struct config config;
	size_t nr;
	struct step *steps;
};

/* What a CPU took. */
enum event_type {
	EVENT_NONE,
	EVENT_INTR,	/* fixed or ExtINT: a guest sees no more of it */
	EVENT_NMI,
	EVENT_SMI,
	EVENT_INIT,
	EVENT_SIPI,
};

struct event {
	uint8_t cpu;
	uint8_t type;
	uint8_t vector;
};

/**
 * struct observation - All that can be seen of a machine after a step
 * @skipped:	The step was none: its CPU does not run.
 * @ret:	What the call returned.
 * @err:	Its errno, 0 when @ret is not negative.
 * @val:	What it gave back.
 * @counter:	Of the eventfds.
 * @nr_events:	In @event.
 * @event:	Taken by the step or because of it.
 * @mp_state:	Of each vCPU.
 * @lapic:	Of each vCPU.
 * @chip:	PICs and IOAPIC.
 * @ring:	Of coalesced writes.
 */
struct observation {
	bool skipped;
	int ret;
	int err;
	uint64_t val;
	uint64_t counter[NR_FDS];
	unsigned int nr_events;
	struct event event[MAX_EVENTS];
	uint32_t mp_state[MAX_CPUS];
	struct kvm_lapic_state lapic[MAX_CPUS];
	struct kvm_irqchip chip[NR_CHIPS];
	uint8_t ring[RING_SIZE];
};

struct snapshot {
	bool valid;
	uint32_t mp_state[MAX_CPUS];
	uint64_t base[MAX_CPUS];
	struct kvm_lapic_state lapic[MAX_CPUS];
	struct kvm_irqchip chip[NR_CHIPS];
};

struct backend;

/**
 * struct machine - One VM
 * @backend:	Which system it is on.
 * @config:	As created.
 * @vm:		Its fd.
 * @other:	A second VM, or -1.
 * @cpu:	Its vCPUs' fds.
 * @run:	Their shared pages.
 * @memory:	The guest's stub, where there is one.
 * @fd:		The eventfds.
 * @held:	Copies that keep a closed one alive.
 * @info:	Where their counters can be read.
 * @has_irqfds:	One was assigned at some time.
 * @mp_state:	As last observed.
 * @stale:	Which EOIs the IOAPIC wants to see may have changed.
 * @taken:	By each CPU in the middle of an access.
 * @saved:	By OP_SAVE.
 */
struct machine {
	const struct backend *backend;
	struct config config;
	int vm;
	int other;
	int cpu[MAX_CPUS];
	struct kvm_run *run[MAX_CPUS];
	uint8_t *memory;
	int fd[NR_FDS];
	int held[NR_FDS];
	int info[NR_FDS];
	bool has_irqfds;
	uint32_t mp_state[MAX_CPUS];
	bool stale;
	struct event taken[MAX_CPUS];
	struct snapshot saved;
};

/**
 * struct backend - One of the two systems
 * @name:	As in reports.
 * @node:	Its device node.
 * @setup:	Make the new VM ready for vCPUs.
 * @setup_cpu:	Make a new vCPU ready for accesses.
 * @teardown:	Before the fds are closed.
 * @settled:	Has every signal of an irqfd come to its end?  NULL: the system
 *		does not tell.
 * @write:	The guest writes; 0 when the kernel took it, else -1 and errno.
 * @read:	The guest reads.
 * @wrmsr:	The guest writes a MSR of the LAPIC; -1 and EPERM is #GP.
 * @rdmsr:	The guest reads one.
 * @get_base:	IA32_APIC_BASE, as a VMM saves it.
 * @set_base:	A VMM restores it: from any mode to any other.
 * @take:	The CPU takes its next interrupt, if there is one.
 * @events:	Append what the CPU takes at once: INIT, SIPI, SMI, NMI.
 *		@expected: what the reference's CPU took; NULL on the reference.
 */
struct backend {
	const char *name;
	const char *node;
	void (*setup)(struct machine *m);
	void (*setup_cpu)(struct machine *m, unsigned int cpu);
	void (*teardown)(struct machine *m);
	bool (*settled)(struct machine *m);
	int (*write)(struct machine *m, unsigned int cpu, bool pio,
		     uint64_t addr, unsigned int len, uint64_t val);
	int (*read)(struct machine *m, unsigned int cpu, bool pio,
		    uint64_t addr, unsigned int len, uint64_t *val);
	int (*wrmsr)(struct machine *m, unsigned int cpu, uint32_t msr,
		     uint64_t val);
	int (*rdmsr)(struct machine *m, unsigned int cpu, uint32_t msr,
		     uint64_t *val);
	uint64_t (*get_base)(struct machine *m, unsigned int cpu);
	int (*set_base)(struct machine *m, unsigned int cpu, uint64_t base);
	void (*take)(struct machine *m, unsigned int cpu, struct event *event);
	void (*events)(struct machine *m, struct observation *o,
		       const struct observation *expected);
};

extern const struct backend backend_kvm;
extern const struct backend backend_kev;

/* machine.c */
void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void must(bool ok, const char *what);
void machine_open_nodes(void);
int machine_node(const struct backend *backend);
void machine_create(struct machine *m, const struct backend *backend,
		    const struct config *config);
void machine_destroy(struct machine *m);
void machine_renew(struct machine *m);
struct kvm_coalesced_mmio_ring *machine_ring(const struct machine *m);
void machine_settle(struct machine *m);
void machine_observe(struct machine *m, struct observation *o);
bool machine_cpu_runs(const struct machine *m, unsigned int cpu);
void machine_new_eventfd(struct machine *m, unsigned int slot);
void add_event(struct observation *o, unsigned int cpu, enum event_type type,
	       uint8_t vector);

/* exec.c */
void step_exec(struct machine *m, const struct step *step,
	       struct observation *o);
void step_refresh(struct machine *m);

/* step.c */
void step_print(const struct step *step);
const char *step_name(const struct step *step);

/* generate.c */
void script_generate(struct script *script, uint64_t seed, unsigned int nr_cpus,
		     size_t nr_steps);
void script_free(struct script *script);

/* compare.c */

/**
 * struct pair - Both machines' observations after a step
 * @step:	Which.
 * @config:	Of both machines.
 * @kvm:	The reference's.
 * @kev:	The module's.
 */
struct pair {
	const struct step *step;
	const struct config *config;
	struct observation kvm;
	struct observation kev;
};

bool pair_equal(const struct pair *pair);
void pair_print(const struct pair *pair);
void observation_print(const struct observation *o);

/* differences.c */
bool reference_is_old(void);
void differences_forgive(struct pair *pair);
bool difference_applies(const char *name);
bool difference_is_known(const char *name);
void differences_list(void);
void differences_summary(void);

/* run.c */
#define NO_DIVERGENCE	((size_t)-1)
size_t script_run(const struct script *script, struct pair *pair, bool trace);
bool script_check(struct script *script);
void script_where(void);

/* shrink.c */
void script_shrink(struct script *script, size_t last);

/* directed.c */
unsigned int directed_count(const char *filter);
void directed_run(const char *filter);
void directed_list(void);

#endif
