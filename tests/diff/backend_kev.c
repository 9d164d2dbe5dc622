// SPDX-License-Identifier: GPL-2.0
/*
 * The module: a VM on /dev/kvm-eventfd.  Guest accesses are pwrite() and
 * pread() on the vCPU fd, interrupts are taken with an ioctl.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm_eventfd.h>

#include "diff.h"

static void kev_setup(struct machine *m)
{
	(void)m;
}

static void kev_setup_cpu(struct machine *m, unsigned int cpu)
{
	(void)m;
	(void)cpu;
}

static uint64_t figure_of(const char *file, const char *name)
{
	const struct kvm_stats_header *header = (const void *)file;
	size_t size = sizeof(struct kvm_stats_desc) + header->name_size;
	const char *at = file + header->desc_offset;
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < header->num_desc; i++, at += size) {
		const struct kvm_stats_desc *desc = (const void *)at;

		if (strcmp(desc->name, name))
			continue;
		memcpy(&value, file + header->data_offset + desc->offset,
		       sizeof(value));
		return value;
	}
	die("kev: no statistics of %s", name);
}

/* A signal counts once when it comes, and once when it has come to its end. */
static bool kev_settled(struct machine *m)
{
	char file[8192] __attribute__((__aligned__(8)));
	int fd = ioctl(m->vm, KVM_GET_STATS_FD, NULL);
	ssize_t len;

	must(fd >= 0, "KVM_GET_STATS_FD");
	len = read(fd, file, sizeof(file));
	must(len > (ssize_t)sizeof(struct kvm_stats_header), "statistics");
	close(fd);
	return figure_of(file, "irqfd_signalled") ==
	       figure_of(file, "irqfd_injected") +
	       figure_of(file, "irqfd_coalesced") +
	       figure_of(file, "irqfd_dropped");
}

static uint64_t space(bool pio)
{
	return pio ? KVM_EVENTFD_OFF_PIO : KVM_EVENTFD_OFF_MMIO;
}

static int kev_write(struct machine *m, unsigned int cpu, bool pio,
		     uint64_t addr, unsigned int len, uint64_t val)
{
	ssize_t ret = pwrite(m->cpu[cpu], &val, len, space(pio) + addr);

	if (ret >= 0 && (size_t)ret != len)
		die("kev: a write of %u bytes returned %zd", len, ret);
	return ret < 0 ? -1 : 0;
}

static int kev_read(struct machine *m, unsigned int cpu, bool pio,
		    uint64_t addr, unsigned int len, uint64_t *val)
{
	ssize_t ret;

	*val = 0;
	ret = pread(m->cpu[cpu], val, len, space(pio) + addr);
	if (ret >= 0 && (size_t)ret != len)
		die("kev: a read of %u bytes returned %zd", len, ret);
	return ret < 0 ? -1 : 0;
}

static int kev_wrmsr(struct machine *m, unsigned int cpu, uint32_t msr,
		     uint64_t val)
{
	ssize_t ret = pwrite(m->cpu[cpu], &val, sizeof(val),
			     KVM_EVENTFD_OFF_MSR + msr);

	return ret < 0 ? -1 : 0;
}

static int kev_rdmsr(struct machine *m, unsigned int cpu, uint32_t msr,
		     uint64_t *val)
{
	ssize_t ret;

	*val = 0;
	ret = pread(m->cpu[cpu], val, sizeof(*val), KVM_EVENTFD_OFF_MSR + msr);
	return ret < 0 ? -1 : 0;
}

static uint64_t kev_get_base(struct machine *m, unsigned int cpu)
{
	uint64_t base;

	must(!kev_rdmsr(m, cpu, MSR_BASE, &base), "IA32_APIC_BASE");
	return base;
}

/* By the ways that a guest has: any mode is two steps from off. */
static int kev_set_base(struct machine *m, unsigned int cpu, uint64_t base)
{
	const uint64_t mode = BASE_ENABLE | BASE_X2APIC;
	uint64_t now = kev_get_base(m, cpu);
	int ret = 0;

	if ((now & mode) != (base & mode))
		ret |= kev_wrmsr(m, cpu, MSR_BASE, now & ~mode);
	if ((now & mode) != (base & mode) && base & BASE_X2APIC)
		ret |= kev_wrmsr(m, cpu, MSR_BASE, base & ~(uint64_t)BASE_X2APIC);
	return ret | kev_wrmsr(m, cpu, MSR_BASE, base);
}

static const enum event_type types[] = {
	[KVM_EVENTFD_INTR_FIXED]	= EVENT_INTR,
	[KVM_EVENTFD_INTR_EXTINT]	= EVENT_INTR,
	[KVM_EVENTFD_INTR_NMI]		= EVENT_NMI,
	[KVM_EVENTFD_INTR_SMI]		= EVENT_SMI,
	[KVM_EVENTFD_INTR_INIT]		= EVENT_INIT,
	[KVM_EVENTFD_INTR_SIPI]		= EVENT_SIPI,
};

static void kev_take(struct machine *m, unsigned int cpu, struct event *event)
{
	struct kvm_eventfd_interrupt intr;

	if (ioctl(m->cpu[cpu], KVM_EVENTFD_ACK_INTERRUPT, &intr)) {
		must(errno == EAGAIN, "KVM_EVENTFD_ACK_INTERRUPT");
		return;
	}
	if (intr.type >= ARRAY_SIZE(types) || intr.vector > 0xff)
		die("kev: took an event of type %u, vector %u", intr.type,
		    intr.vector);
	event->type = types[intr.type];
	event->vector = intr.vector;
}

/* What the reference's CPUs took must be next here; anything else differs. */
static void kev_events(struct machine *m, struct observation *o,
		       const struct observation *expected)
{
	unsigned int i;

	for (i = o->nr_events; i < expected->nr_events; i++) {
		unsigned int cpu = expected->event[i].cpu;
		struct event event = { .cpu = cpu };

		kev_take(m, cpu, &event);
		add_event(o, cpu, event.type, event.vector);
	}
}

const struct backend backend_kev = {
	.name		= "kev",
	.node		= KVM_EVENTFD_NODE,
	.setup		= kev_setup,
	.setup_cpu	= kev_setup_cpu,
	.teardown	= kev_setup,
	.settled	= kev_settled,
	.write		= kev_write,
	.read		= kev_read,
	.wrmsr		= kev_wrmsr,
	.rdmsr		= kev_rdmsr,
	.get_base	= kev_get_base,
	.set_base	= kev_set_base,
	.take		= kev_take,
	.events		= kev_events,
};
