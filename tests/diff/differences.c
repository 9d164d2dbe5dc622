// SPDX-License-Identifier: GPL-2.0
/*
 * The intended differences between the module and kvm.ko, each with its
 * reason.  Nothing else is forgiven.
 *
 * The first ones can be told from an observation and are forgiven wherever they
 * are met.  The others change what happens next: random scripts stay away from
 * them, and a directed case shows each.
 *
 * The module does what kvm.ko does in 6.12 on all kernels.  Where an older
 * kvm.ko does not, the difference is one of old references only.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "diff.h"

/**
 * struct difference - One of them
 * @name:	Short.
 * @reason:	Why it is wanted, or cannot be helped.
 * @forgive:	Make the module's observation look like the reference's where this
 *		difference explains it; true when it did.  NULL when only a
 *		directed case shows it.
 * @old:	Only where reference_is_old().
 * @until:	Only where the reference is of a kernel before this; 0 for all.
 * @count:	How often it did.
 */
struct difference {
	const char *name;
	const char *reason;
	bool (*forgive)(struct pair *pair);
	bool old;
	unsigned int until;
	unsigned long count;
};

#define APIC_TASKPRI	0x080
#define APIC_PROCPRI	0x0a0
#define APIC_ISR	0x100

#define KERNEL(major, minor)	((major) * 1000 + (minor))

/* Of which kernel the reference is. */
static unsigned int reference_kernel(void)
{
	static unsigned int kernel;
	unsigned int major, minor;
	struct utsname name;

	if (!kernel) {
		must(!uname(&name), "uname");
		if (sscanf(name.release, "%u.%u", &major, &minor) != 2)
			die("kernel %s has no version", name.release);
		kernel = KERNEL(major, minor);
	}
	return kernel;
}

/* Is the reference a kvm.ko from before 6.12? */
bool reference_is_old(void)
{
	return reference_kernel() < KERNEL(6, 12);
}

/* Copy the bits of @mask of a LAPIC register from the reference. */
static bool forgive_bits(struct pair *pair, unsigned int cpu,
			 unsigned int offset, uint32_t mask)
{
	uint32_t kvm, kev, want;

	memcpy(&kvm, pair->kvm.lapic[cpu].regs + offset, sizeof(kvm));
	memcpy(&kev, pair->kev.lapic[cpu].regs + offset, sizeof(kev));
	want = (kvm & mask) | (kev & ~mask);
	if (want == kev)
		return false;
	memcpy(pair->kev.lapic[cpu].regs + offset, &want, sizeof(want));
	return true;
}

/* What the processor priority is, by the rest of the page. */
static uint32_t processor_priority(const struct kvm_lapic_state *lapic)
{
	uint32_t tpr, isr, service = 0;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		memcpy(&isr, lapic->regs + APIC_ISR + i * 0x10, sizeof(isr));
		if (isr)
			service = i * 32 + 31 - __builtin_clz(isr);
	}
	service &= 0xf0;
	memcpy(&tpr, lapic->regs + APIC_TASKPRI, sizeof(tpr));
	tpr &= 0xff;
	return (tpr & 0xf0) >= service ? tpr : service;
}

static bool forgive_stale_ppr(struct pair *pair)
{
	bool forgiven = false;
	unsigned int cpu;
	uint32_t ppr;

	for (cpu = 0; cpu < pair->config->nr_cpus; cpu++) {
		const struct kvm_lapic_state *kev = &pair->kev.lapic[cpu];

		memcpy(&ppr, kev->regs + APIC_PROCPRI, sizeof(ppr));
		if (ppr == processor_priority(kev))
			forgiven |= forgive_bits(pair, cpu, APIC_PROCPRI, ~0u);
	}
	return forgiven;
}

/* Registers of the LAPIC's page that can be read, a bit for each. */
#define REG(offset)	(1ULL << ((offset) >> 4))
#define REG8(offset)	(0xffULL << ((offset) >> 4))
#define LAPIC_READABLE \
	(REG(0x020) | REG(0x030) | REG(0x080) | REG(0x090) | REG(0x0a0) | \
	 REG(0x0d0) | REG(0x0e0) | REG(0x0f0) | REG8(0x100) | REG8(0x180) | \
	 REG8(0x200) | REG(0x280) | REG(0x300) | REG(0x310) | REG(0x320) | \
	 REG(0x330) | REG(0x340) | REG(0x350) | REG(0x360) | REG(0x370) | \
	 REG(0x380) | REG(0x390) | REG(0x3e0))

static bool forgive_leaked_read(struct pair *pair)
{
	const struct step *s = pair->step;
	uint64_t offset = s->addr - LAPIC_BASE;

	if (s->op != OP_MMIO_READ || offset >= 0x1000 ||
	    pair->kvm.val == pair->kev.val || pair->kev.val)
		return false;
	if (offset < 0x400 && (offset & 0xf) + s->len <= 4 &&
	    LAPIC_READABLE & REG(offset))
		return false;
	pair->kev.val = pair->kvm.val;
	return true;
}

static bool forgive_poll_flag(struct pair *pair)
{
	const struct step *s = pair->step;

	if (s->op != OP_PIO_READ || s->len != 1 ||
	    ((s->addr & ~1ULL) != 0x20 && (s->addr & ~1ULL) != 0xa0) ||
	    pair->kvm.val > 7 || pair->kev.val != (pair->kvm.val | 0x80))
		return false;
	pair->kev.val = pair->kvm.val;
	return true;
}

/* In either mode of the LAPIC. */
static bool reads_priority(const struct step *s)
{
	if (s->op == OP_MMIO_READ)
		return s->addr == LAPIC_BASE + APIC_TASKPRI ||
		       s->addr == LAPIC_BASE + APIC_PROCPRI;
	return s->op == OP_MSR_READ &&
	       (s->addr == X2APIC_MSR(APIC_TASKPRI) ||
		s->addr == X2APIC_MSR(APIC_PROCPRI));
}

static bool forgive_tpr_subclass(struct pair *pair)
{
	const struct step *s = pair->step;
	bool forgiven = false;
	unsigned int cpu;

	for (cpu = 0; cpu < pair->config->nr_cpus; cpu++) {
		forgiven |= forgive_bits(pair, cpu, APIC_TASKPRI, 0xf);
		forgiven |= forgive_bits(pair, cpu, APIC_PROCPRI, 0xf);
	}
	if (reads_priority(s) && pair->kvm.val != pair->kev.val) {
		pair->kev.val = (pair->kev.val & ~0xfULL) |
				(pair->kvm.val & 0xf);
		forgiven = true;
	}
	return forgiven;
}

static struct difference differences[] = {
	{
		"stale-ppr",
		"after KVM_SET_LAPIC kvm.ko shows a processor priority computed from the ISR of before, until the vCPU runs; the module's is that of the registers shown beside it",
		forgive_stale_ppr,
	},
	{
		"leaked-read",
		"a guest's read of what is no register of the LAPIC's page gives whatever kvm.ko's emulator read last; the module gives zeroes",
		forgive_leaked_read,
	},
	{
		"tpr-subclass",
		"SVM keeps the task priority in a field of 4 bits while the guest runs, so that kvm.ko on AMD forgets bits 3:0 of TPR at an exit",
		forgive_tpr_subclass,
	},
	{
		"poll-flag",
		"a poll of the PIC that finds a request says so in bit 7; older kvm.ko do not",
		forgive_poll_flag, .old = true,
	},
	{
		"busy-across-vms",
		"an eventfd is bound by one irqfd on the whole host, as since 6.17; older kvm.ko look at one VM alone, and the second VM's irqfd then hears nothing",
		.until = KERNEL(6, 17),
	},
	{
		"directed-eoi",
		"KVM_CAP_X2APIC_API has flags that enable and disable directed EOIs of a split irqchip, as since 7.3",
		.until = KERNEL(7, 3),
	},
	{
		"route-types",
		"Hyper-V's SINTs and Xen's event channels need the hypercall side of a hypervisor, so their routes are not offered",
	},
	{
		"eoi-scan",
		"which EOIs the IOAPIC wants to see is looked up at the EOI; kvm.ko does it when the vCPU is next entered after a change, on the CPUs that a fixed entry addresses, and so can miss the EOI of a vector that was pending before",
	},
	{
		"bus-search",
		"kvm.ko's binary search misses a device when a range overlaps or touches one of length 0 before it; the module finds it",
	},
	{
		"ioeventfd-first",
		"an ioeventfd over the very range of a chip or a coalesced zone hears the write; in kvm.ko whoever was there first does",
	},
	{
		"new-vcpu",
		"a message finds a new vCPU at once; kvm.ko's destination table has it only after some LAPIC's next change",
	},
	{
		"pv-kick",
		"delivery mode 3 is reserved and means nothing; kvm.ko uses it between its own parts to end a halt",
	},
	{
		"no-unmask-resample",
		"a resampled line whose entry is unmasked is resampled first, as since 6.4",
		.old = true,
	},
	{
		"mode-restored",
		"a VMM that takes a LAPIC from x2APIC mode straight to xAPIC mode has its id in the other format, as since 6.2",
		.old = true,
	},
	{
		"ring-room",
		"the ring of coalesced writes has room for 169, wherever it begins; older kvm.ko compute the room modulo 2^32",
		.old = true,
	},
	{
		"old-map",
		"LAPICs that share an id or have several get what is sent to it, and a logical destination that no LAPIC is enabled for is none that nobody has, as since 6.2",
		.old = true,
	},
};

static bool applies(const struct difference *d)
{
	return (!d->old || reference_is_old()) &&
	       (!d->until || reference_kernel() < d->until);
}

void differences_forgive(struct pair *pair)
{
	unsigned int i;

	if (pair_equal(pair))
		return;
	for (i = 0; i < ARRAY_SIZE(differences); i++)
		if (applies(&differences[i]) && differences[i].forgive &&
		    differences[i].forgive(pair))
			differences[i].count++;
}

/* Can this reference show it? */
bool difference_applies(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(differences); i++)
		if (!strcmp(differences[i].name, name))
			return applies(&differences[i]);
	return true;
}

/* A directed case has shown it. */
bool difference_is_known(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(differences); i++) {
		if (strcmp(differences[i].name, name) ||
		    !applies(&differences[i]))
			continue;
		differences[i].count++;
		return true;
	}
	return false;
}

void differences_list(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(differences); i++)
		printf("%s\n    %s\n", differences[i].name,
		       differences[i].reason);
}

void differences_summary(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(differences); i++)
		if (applies(&differences[i]))
			printf("intended difference %s: met %lu times\n",
			       differences[i].name, differences[i].count);
}
