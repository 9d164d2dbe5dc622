// SPDX-License-Identifier: GPL-2.0
/*
 * The reference: a VM on kvm.ko.  Guest accesses are made by guest code.
 *
 * The guest is a stub in 64-bit mode: one page of code, and three that it
 * needs for itself.  Each routine makes one access and leaves with an OUT to a
 * port that nobody in the kernel has.  A handler is such an OUT alone: where it
 * is tells the vector.  Registers travel in the vCPU's shared page, so that an
 * access costs one call of KVM_RUN.
 *
 * To take an interrupt the CPU is entered with interrupts on.  What a CPU sends
 * to itself and cannot mask it takes before it gets to the OUT.  An NMI ends in
 * its handler, an SMI in a page of SMRAM, and INIT at the reset vector, where
 * there is an OUT too; but a CPU that then waits for a SIPI stays in KVM_RUN
 * until a signal comes, so one comes regularly.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#include "diff.h"

#define MEMORY_BASE	0x10000
#define MEMORY_SIZE	0x4000
#define RESET_PAGE	0xfffff000
#define RESET_OFFSET	0xff0
#define RESET_RIP	0xfff0
#define SMRAM_BASE	0x38000
#define SMRAM_SIZE	0x8000
#define SMM_RIP		0x8000
#define SMRAM_RIP	0x7f78	/* of the saved state, from SMRAM_BASE on */
#define SMM_SLOT	(1 << 16)
#define TICK_USEC	20000

/*
 * Offsets in the guest's memory: first what is mapped from MEMORY_BASE on, then
 * the reset page, then SMRAM.
 */
#define MEM_RESET	MEMORY_SIZE
#define MEM_SMRAM	(MEM_RESET + 0x1000)
#define MEM_TOTAL	(MEM_SMRAM + SMRAM_SIZE)
#define MEM_CODE	0x0000
#define MEM_HANDLERS	0x0200	/* 2 bytes each */
#define MEM_GDT		0x0800
#define MEM_STACKS	0x1000	/* downwards, 0x100 each */
#define MEM_IDT		0x1000
#define MEM_PML4	0x2000
#define MEM_PDPT	0x3000
#define STACK_SIZE	0x100
#define NMI_HANDLER	(MEMORY_BASE + MEM_HANDLERS + 2 * 2)
#define GP_HANDLER	(MEMORY_BASE + MEM_HANDLERS + 13 * 2)

#define ROUTINE_SIZE	8
#define EXIT_PORT	0x99

#define CR0_PE		(1u << 0)
#define CR0_PG		(1u << 31)
#define CR4_PAE		(1u << 5)
#define EFER_LME	(1u << 8)
#define EFER_LMA	(1u << 10)
#define FLAGS		0x2u
#define FLAGS_IF	0x200u

enum routine {
	OUT8, OUT16, OUT32,
	IN8, IN16, IN32,
	WRITE8, WRITE16, WRITE32, WRITE64,
	READ8, READ16, READ32, READ64,
	RDMSR, WRMSR,
	TAKE,
	NR_ROUTINES
};

/*
 * Data in rax, address in rdx; of a MSR, data in edx:eax, number in ecx.  OUT
 * EXIT_PORT is appended to each.
 */
static const struct {
	uint8_t len;
	uint8_t code[3];
} routines[NR_ROUTINES] = {
	[OUT8]		= { 1, { 0xee } },
	[OUT16]		= { 2, { 0x66, 0xef } },
	[OUT32]		= { 1, { 0xef } },
	[IN8]		= { 1, { 0xec } },
	[IN16]		= { 2, { 0x66, 0xed } },
	[IN32]		= { 1, { 0xed } },
	[WRITE8]	= { 2, { 0x88, 0x02 } },
	[WRITE16]	= { 3, { 0x66, 0x89, 0x02 } },
	[WRITE32]	= { 2, { 0x89, 0x02 } },
	[WRITE64]	= { 3, { 0x48, 0x89, 0x02 } },
	[READ8]		= { 2, { 0x8a, 0x02 } },
	[READ16]	= { 3, { 0x66, 0x8b, 0x02 } },
	[READ32]	= { 2, { 0x8b, 0x02 } },
	[READ64]	= { 3, { 0x48, 0x8b, 0x02 } },
	[RDMSR]		= { 2, { 0x0f, 0x32 } },
	[WRMSR]		= { 2, { 0x0f, 0x30 } },
	[TAKE]		= { 1, { 0x90 } },
};

static void write_out(uint8_t *code)
{
	code[0] = 0xe6;
	code[1] = EXIT_PORT;
}

static void write_code(uint8_t *memory)
{
	unsigned int i;

	for (i = 0; i < NR_ROUTINES; i++) {
		uint8_t *code = memory + MEM_CODE + i * ROUTINE_SIZE;

		memcpy(code, routines[i].code, routines[i].len);
		write_out(code + routines[i].len);
	}
	for (i = 0; i < 256; i++)
		write_out(memory + MEM_HANDLERS + i * 2);
}

/* Interrupt gates, and physical memory one to one in pages of 1 GB. */
static void write_tables(uint8_t *memory)
{
	uint64_t *pml4 = (uint64_t *)(memory + MEM_PML4);
	uint64_t *pdpt = (uint64_t *)(memory + MEM_PDPT);
	uint64_t *gdt = (uint64_t *)(memory + MEM_GDT);
	uint64_t *idt = (uint64_t *)(memory + MEM_IDT);
	unsigned int i;

	pml4[0] = (MEMORY_BASE + MEM_PDPT) | 3;
	for (i = 0; i < 512; i++)
		pdpt[i] = (uint64_t)i << 30 | 0x83;
	gdt[1] = 0x00af9b000000ffffULL;
	gdt[2] = 0x00cf93000000ffffULL;
	for (i = 0; i < 256; i++) {
		uint64_t at = MEMORY_BASE + MEM_HANDLERS + i * 2;

		idt[i * 2] = (at & 0xffff) | 8 << 16 | 0x8e00ULL << 32 |
			     (at >> 16) << 48;
	}
}

/* A signal every TICK_USEC that nothing but KVM_RUN sees. */
static void start_ticks(void)
{
	const struct itimerval every = {
		.it_interval = { .tv_usec = TICK_USEC },
		.it_value = { .tv_usec = TICK_USEC },
	};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	must(!sigprocmask(SIG_BLOCK, &set, NULL), "sigprocmask");
	must(!setitimer(ITIMER_REAL, &every, NULL), "setitimer");
}

static void take_tick(void)
{
	static const struct timespec now;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigtimedwait(&set, NULL, &now);
}

/* All signals are let through while the vCPU runs. */
static void unblock_in_run(int cpu)
{
	struct {
		struct kvm_signal_mask head;
		uint64_t set;
	} mask = { .head.len = sizeof(mask.set) };

	must(!ioctl(cpu, KVM_SET_SIGNAL_MASK, &mask), "KVM_SET_SIGNAL_MASK");
}

static void map_memory(struct machine *m, uint32_t slot, uint64_t addr,
		       unsigned int offset, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = addr, .memory_size = size,
		.userspace_addr = (uintptr_t)m->memory + offset,
	};

	must(!ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region),
	     "KVM_SET_USER_MEMORY_REGION");
}

static void kvm_setup(struct machine *m)
{
	m->memory = mmap(NULL, MEM_TOTAL, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(m->memory != MAP_FAILED, "mmap");
	write_code(m->memory);
	write_tables(m->memory);
	write_out(m->memory + MEM_RESET + RESET_OFFSET);
	write_out(m->memory + MEM_SMRAM);
	map_memory(m, 0, MEMORY_BASE, 0, MEMORY_SIZE);
	map_memory(m, 1, RESET_PAGE, MEM_RESET, 0x1000);
	map_memory(m, SMM_SLOT, SMRAM_BASE, MEM_SMRAM, SMRAM_SIZE);
	start_ticks();
}

static void kvm_teardown(struct machine *m)
{
	munmap(m->memory, MEM_TOTAL);
}

#define CPUID_1_ECX_TSC_DEADLINE	(1u << 24)

/*
 * Without it the CPU would have no 64-bit mode.  KVM leaves it to user space to
 * announce the timer's TSC-deadline mode.
 */
static void set_cpuid(int cpu)
{
	static struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[128];
	} cpuid;
	unsigned int i;

	if (!cpuid.head.nent) {
		cpuid.head.nent = ARRAY_SIZE(cpuid.entries);
		must(!ioctl(machine_node(&backend_kvm),
			    KVM_GET_SUPPORTED_CPUID, &cpuid),
		     "KVM_GET_SUPPORTED_CPUID");
		for (i = 0; i < cpuid.head.nent; i++)
			if (cpuid.entries[i].function == 1)
				cpuid.entries[i].ecx |= CPUID_1_ECX_TSC_DEADLINE;
	}
	must(!ioctl(cpu, KVM_SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
}

/* Into the stub's mode: at the start, and whenever INIT has reset the CPU. */
static void load_stub(struct machine *m, unsigned int cpu)
{
	struct kvm_segment code = {
		.limit = ~0u, .selector = 8, .type = 11, .present = 1,
		.l = 1, .s = 1, .g = 1,
	};
	struct kvm_segment data = {
		.limit = ~0u, .selector = 16, .type = 3, .present = 1,
		.db = 1, .s = 1, .g = 1,
	};
	struct kvm_sregs sregs;

	must(!ioctl(m->cpu[cpu], KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.ss = data;
	sregs.fs = data;
	sregs.gs = data;
	sregs.gdt.base = MEMORY_BASE + MEM_GDT;
	sregs.gdt.limit = 23;
	sregs.idt.base = MEMORY_BASE + MEM_IDT;
	sregs.idt.limit = 0xfff;
	sregs.cr3 = MEMORY_BASE + MEM_PML4;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	sregs.cr0 = CR0_PE | CR0_PG;
	must(!ioctl(m->cpu[cpu], KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
}

static void kvm_setup_cpu(struct machine *m, unsigned int cpu)
{
	set_cpuid(m->cpu[cpu]);
	load_stub(m, cpu);
	unblock_in_run(m->cpu[cpu]);
	m->run[cpu]->kvm_valid_regs = KVM_SYNC_X86_REGS;
}

static void get_events(int cpu, struct kvm_vcpu_events *events)
{
	must(!ioctl(cpu, KVM_GET_VCPU_EVENTS, events), "KVM_GET_VCPU_EVENTS");
}

/* Nothing latched, NMIs not blocked, out of system management mode. */
static void clear_events(int cpu, struct kvm_vcpu_events *events)
{
	events->smi.pending = 0;
	events->smi.smm = 0;
	events->smi.smm_inside_nmi = 0;
	events->nmi.pending = 0;
	events->nmi.masked = 0;
	events->flags = KVM_VCPUEVENT_VALID_NMI_PENDING |
			KVM_VCPUEVENT_VALID_SMM;
	must(!ioctl(cpu, KVM_SET_VCPU_EVENTS, events), "KVM_SET_VCPU_EVENTS");
}

/* The CPU took something in the middle of an access: back to the stub. */
static void took(struct machine *m, unsigned int cpu, enum event_type type)
{
	struct kvm_vcpu_events events;

	m->taken[cpu].type = type;
	if (type == EVENT_INIT) {
		m->mp_state[cpu] = cpu ? KVM_MP_STATE_INIT_RECEIVED :
					 KVM_MP_STATE_RUNNABLE;
	} else {
		get_events(m->cpu[cpu], &events);
		clear_events(m->cpu[cpu], &events);
	}
	load_stub(m, cpu);
}

/* KVM_RUN, through the signals; false: the CPU waits for a SIPI. */
static bool enter(struct machine *m, unsigned int cpu)
{
	struct kvm_mp_state mp;

	while (ioctl(m->cpu[cpu], KVM_RUN, 0)) {
		must(errno == EINTR, "KVM_RUN");
		take_tick();
		must(!ioctl(m->cpu[cpu], KVM_GET_MP_STATE, &mp),
		     "KVM_GET_MP_STATE");
		if (mp.mp_state != KVM_MP_STATE_RUNNABLE)
			return false;
	}
	return true;
}

/* Where the CPU left at EXIT_PORT: at a routine's end, or in what it took. */
static void left_at(struct machine *m, unsigned int cpu, uint64_t rip)
{
	if (rip < MEMORY_BASE + MEM_HANDLERS && rip >= MEMORY_BASE)
		return;
	if (rip == GP_HANDLER)
		return;
	if (rip == NMI_HANDLER)
		took(m, cpu, EVENT_NMI);
	else if (rip == RESET_RIP)
		took(m, cpu, EVENT_INIT);
	else if (rip == SMM_RIP)
		took(m, cpu, EVENT_SMI);
	else
		die("kvm: the stub is at %#llx", (unsigned long long)rip);
}

/* The access is ours to complete: with nothing. */
static void finish_access(struct machine *m, unsigned int cpu)
{
	struct kvm_run *run = m->run[cpu];

	if (run->exit_reason != KVM_EXIT_IO &&
	    run->exit_reason != KVM_EXIT_MMIO)
		die("kvm: exit reason %u, rip %#llx", run->exit_reason,
		    (unsigned long long)run->s.regs.regs.rip);
	run->immediate_exit = 1;
	if (!ioctl(m->cpu[cpu], KVM_RUN, 0) || errno != EINTR)
		die("kvm: an access to user space did not complete");
	run->immediate_exit = 0;
}

/* Run one routine to its end.  False: it left at the access itself. */
static bool run_routine(struct machine *m, unsigned int cpu,
			enum routine routine, uint64_t addr, uint64_t *val)
{
	struct kvm_run *run = m->run[cpu];

	run->s.regs.regs = (struct kvm_regs){
		.rip = MEMORY_BASE + MEM_CODE + routine * ROUTINE_SIZE,
		.rsp = MEMORY_BASE + MEM_STACKS - cpu * STACK_SIZE,
		.rflags = routine == TAKE ? FLAGS | FLAGS_IF : FLAGS,
		.rax = *val,
		.rdx = routine == WRMSR ? *val >> 32 : addr,
		.rcx = addr,
	};
	run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	if (!enter(m, cpu)) {
		took(m, cpu, EVENT_INIT);
		return true;
	}
	*val = run->s.regs.regs.rax;
	if (run->exit_reason == KVM_EXIT_IO && run->io.port == EXIT_PORT) {
		if (routine != TAKE)
			left_at(m, cpu, run->s.regs.regs.rip);
		return true;
	}
	finish_access(m, cpu);
	return false;
}

static unsigned int log2_len(unsigned int len)
{
	return __builtin_ctz(len);
}

static int kvm_write(struct machine *m, unsigned int cpu, bool pio,
		     uint64_t addr, unsigned int len, uint64_t val)
{
	enum routine routine = (pio ? OUT8 : WRITE8) + log2_len(len);

	if (run_routine(m, cpu, routine, addr, &val))
		return 0;
	errno = EOPNOTSUPP;
	return -1;
}

static int kvm_read(struct machine *m, unsigned int cpu, bool pio,
		    uint64_t addr, unsigned int len, uint64_t *val)
{
	enum routine routine = (pio ? IN8 : READ8) + log2_len(len);

	*val = 0;
	if (!run_routine(m, cpu, routine, addr, val)) {
		*val = 0;
		errno = EOPNOTSUPP;
		return -1;
	}
	if (len < 8)
		*val &= (1ULL << len * 8) - 1;
	return 0;
}

/* One of the two routines; -1 and EPERM when it ended in #GP. */
static int run_msr(struct machine *m, unsigned int cpu, enum routine routine,
		   uint32_t msr, uint64_t *val)
{
	const struct kvm_regs *regs = &m->run[cpu]->s.regs.regs;

	if (!run_routine(m, cpu, routine, msr, val))
		die("kvm: MSR %#x went to user space", msr);
	if (regs->rip == GP_HANDLER) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

static int kvm_wrmsr(struct machine *m, unsigned int cpu, uint32_t msr,
		     uint64_t val)
{
	return run_msr(m, cpu, WRMSR, msr, &val);
}

static int kvm_rdmsr(struct machine *m, unsigned int cpu, uint32_t msr,
		     uint64_t *val)
{
	const struct kvm_regs *regs = &m->run[cpu]->s.regs.regs;

	*val = 0;
	if (run_msr(m, cpu, RDMSR, msr, val)) {
		*val = 0;
		return -1;
	}
	*val = regs->rax | regs->rdx << 32;
	return 0;
}

static uint64_t kvm_get_base(struct machine *m, unsigned int cpu)
{
	struct kvm_sregs sregs;

	must(!ioctl(m->cpu[cpu], KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	return sregs.apic_base;
}

static int kvm_set_base(struct machine *m, unsigned int cpu, uint64_t base)
{
	struct kvm_sregs sregs;

	must(!ioctl(m->cpu[cpu], KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.apic_base = base;
	return ioctl(m->cpu[cpu], KVM_SET_SREGS, &sregs);
}

static bool nmi_is_blocked(int cpu)
{
	struct kvm_vcpu_events events;

	get_events(cpu, &events);
	return events.nmi.masked;
}

/*
 * Where the CPU was before an NMI or SMI that its own INTA cycle brought: the
 * notifier of an automatic EOI can be so fast.  First on the NMI's stack, and
 * in the SMI's saved state.
 */
static uint64_t interrupted_at(struct machine *m, enum event_type type,
			       const struct kvm_regs *regs)
{
	const void *at = m->memory + MEM_SMRAM + SMRAM_RIP;
	uint64_t rip;

	if (type == EVENT_NMI)
		at = m->memory + (regs->rsp - MEMORY_BASE);
	memcpy(&rip, at, sizeof(rip));
	return rip;
}

/* What the CPU took on top of an interrupt, or instead of it. */
static enum event_type taken_by_itself(struct machine *m, unsigned int cpu,
				       uint64_t rip)
{
	if (rip == RESET_RIP || m->taken[cpu].type == EVENT_INIT)
		return EVENT_INIT;
	if (rip == SMM_RIP)
		return EVENT_SMI;
	if (rip == NMI_HANDLER && nmi_is_blocked(m->cpu[cpu]))
		return EVENT_NMI;
	return EVENT_NONE;
}

static void kvm_take(struct machine *m, unsigned int cpu, struct event *event)
{
	const uint64_t handlers = MEMORY_BASE + MEM_HANDLERS;
	struct kvm_regs regs;
	enum event_type type;
	uint64_t none = 0;

	if (!run_routine(m, cpu, TAKE, 0, &none))
		die("kvm: the stub left early");
	regs = m->run[cpu]->s.regs.regs;
	type = taken_by_itself(m, cpu, regs.rip);
	if (type == EVENT_NMI || type == EVENT_SMI)
		regs.rip = interrupted_at(m, type, &regs);
	if (type != EVENT_NONE && m->taken[cpu].type == EVENT_NONE)
		took(m, cpu, type);
	if (type == EVENT_INIT || regs.rip < handlers)
		return;
	event->type = EVENT_INTR;
	event->vector = (regs.rip - handlers) / 2;
}

/* NMIs and SMIs are taken off the queue: the stub need not handle them. */
static void take_latched(struct machine *m, unsigned int cpu,
			 struct kvm_vcpu_events *events, struct observation *o)
{
	struct kvm_mp_state runnable = { KVM_MP_STATE_RUNNABLE };

	if (!events->smi.pending && !events->nmi.pending)
		return;
	if (events->smi.pending)
		add_event(o, cpu, EVENT_SMI, 0);
	if (events->nmi.pending)
		add_event(o, cpu, EVENT_NMI, 0);
	clear_events(m->cpu[cpu], events);
	if (m->mp_state[cpu] == KVM_MP_STATE_HALTED)
		must(!ioctl(m->cpu[cpu], KVM_SET_MP_STATE, &runnable),
		     "KVM_SET_MP_STATE");
}

/* Where a SIPI has the CPU start. */
static uint8_t start_page(int cpu)
{
	struct kvm_sregs sregs;

	must(!ioctl(cpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	return sregs.cs.selector >> 8;
}

static void cpu_events(struct machine *m, unsigned int cpu,
		       struct observation *o)
{
	bool waited = m->mp_state[cpu] == KVM_MP_STATE_INIT_RECEIVED;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp;
	bool reset = false;

	if (m->taken[cpu].type != EVENT_NONE)
		add_event(o, cpu, m->taken[cpu].type, 0);
	m->taken[cpu].type = EVENT_NONE;
	get_events(m->cpu[cpu], &events);
	/* Asking for the state makes the CPU accept INIT and SIPI. */
	must(!ioctl(m->cpu[cpu], KVM_GET_MP_STATE, &mp), "KVM_GET_MP_STATE");
	if (events.smi.latched_init) {
		add_event(o, cpu, EVENT_INIT, 0);
		waited = cpu != 0;
		reset = true;
	}
	if (waited && mp.mp_state == KVM_MP_STATE_RUNNABLE) {
		add_event(o, cpu, EVENT_SIPI, start_page(m->cpu[cpu]));
		reset = true;
	}
	if (reset) {
		load_stub(m, cpu);
		get_events(m->cpu[cpu], &events);
	}
	take_latched(m, cpu, &events, o);
}

static void kvm_events(struct machine *m, struct observation *o,
		       const struct observation *expected)
{
	unsigned int i;

	(void)expected;
	for (i = 0; i < m->config.nr_cpus; i++)
		cpu_events(m, i, o);
}

const struct backend backend_kvm = {
	.name		= "kvm",
	.node		= "/dev/kvm",
	.setup		= kvm_setup,
	.setup_cpu	= kvm_setup_cpu,
	.teardown	= kvm_teardown,
	.write		= kvm_write,
	.read		= kvm_read,
	.wrmsr		= kvm_wrmsr,
	.rdmsr		= kvm_rdmsr,
	.get_base	= kvm_get_base,
	.set_base	= kvm_set_base,
	.take		= kvm_take,
	.events		= kvm_events,
};
