// SPDX-License-Identifier: GPL-2.0
/*
 * The two systems and the virtual machines on them: one piece of code drives
 * both nodes, with KVM's structures.  Whatever fails here ends the program:
 * a figure from a half-built machine would mean nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"

#define APIC_SPIV		0xf0
#define APIC_SPIV_ENABLE	0x1ff
#define MSI_ADDRESS		0xfee00000
#define MAX_FDS			200000

struct sys systems[NR_SYS] = {
	[SYS_KVM]  = { SYS_KVM,  "kvm.ko", "/dev/kvm", -1 },
	[SYS_OURS] = { SYS_OURS, "ours",   "/dev/kvm-eventfd", -1 },
};

void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "kev-bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

void xioctl(int fd, unsigned long cmd, void *arg, const char *what)
{
	must(ioctl(fd, cmd, arg) >= 0, what);
}

void *xcalloc(size_t nr, size_t size)
{
	void *p = calloc(nr, size);

	must(p, "calloc");
	return p;
}

/* Open what is there and allow the descriptors that the largest row needs. */
void sys_open(void)
{
	struct rlimit limit = { MAX_FDS, MAX_FDS };
	unsigned int i;

	must(!setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
	for (i = 0; i < NR_SYS; i++)
		systems[i].fd = open(systems[i].node, O_RDWR | O_CLOEXEC);
	must(systems[SYS_KVM].fd >= 0 || systems[SYS_OURS].fd >= 0,
	     "neither /dev/kvm nor /dev/kvm-eventfd");
}

bool sys_has(const struct sys *sys, unsigned int cap)
{
	return ioctl(sys->fd, KVM_CHECK_EXTENSION, cap) > 0;
}

/* A LAPIC starts software-disabled and would ignore every MSI. */
static void lapic_enable(int vcpu)
{
	struct kvm_lapic_state lapic;
	const __u32 spiv = APIC_SPIV_ENABLE;

	xioctl(vcpu, KVM_GET_LAPIC, &lapic, "KVM_GET_LAPIC");
	memcpy(lapic.regs + APIC_SPIV, &spiv, sizeof(spiv));
	xioctl(vcpu, KVM_SET_LAPIC, &lapic, "KVM_SET_LAPIC");
}

/* Drop pending interrupts: IRR is the eight registers from 0x200. */
void vm_clear_lapic(const struct vm *vm)
{
	struct kvm_lapic_state lapic;
	unsigned int reg;

	xioctl(vm->vcpu[0], KVM_GET_LAPIC, &lapic, "KVM_GET_LAPIC");
	for (reg = 0x200; reg < 0x280; reg += 0x10)
		memset(lapic.regs + reg, 0, 4);
	xioctl(vm->vcpu[0], KVM_SET_LAPIC, &lapic, "KVM_SET_LAPIC");
}

/*
 * Let end what goes on behind: boot's self-tests of ciphers, the freeing of what a
 * VM left to kfree_rcu(), which collects for five seconds.
 */
void settle(void)
{
	sleep(6);
}

void vm_create(struct vm *vm, const struct sys *sys, unsigned int nr_vcpus)
{
	unsigned int i;

	settle();
	vm->sys = sys;
	vm->nr_vcpus = nr_vcpus;
	vm->fd = ioctl(sys->fd, KVM_CREATE_VM, 0);
	must(vm->fd >= 0, "KVM_CREATE_VM");
	xioctl(vm->fd, KVM_CREATE_IRQCHIP, NULL, "KVM_CREATE_IRQCHIP");
	for (i = 0; i < nr_vcpus; i++) {
		vm->vcpu[i] = ioctl(vm->fd, KVM_CREATE_VCPU, i);
		must(vm->vcpu[i] >= 0, "KVM_CREATE_VCPU");
		lapic_enable(vm->vcpu[i]);
	}
}

void vm_close(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		close(vm->vcpu[i]);
	close(vm->fd);
}

/* An edge MSI with fixed delivery to the LAPIC of @cpu. */
void msi_route(struct kvm_irq_routing_entry *entry, __u32 gsi,
	       unsigned int cpu, __u8 vector)
{
	memset(entry, 0, sizeof(*entry));
	entry->gsi = gsi;
	entry->type = KVM_IRQ_ROUTING_MSI;
	entry->u.msi.address_lo = MSI_ADDRESS | cpu << 12;
	entry->u.msi.data = vector;
}

/* A table of @nr MSI routes, GSI 0 upwards, vectors 0x30 to 0xef in turn. */
struct kvm_irq_routing *msi_routes(unsigned int nr)
{
	struct kvm_irq_routing *table;
	unsigned int i;

	table = xcalloc(1, sizeof(*table) + nr * sizeof(table->entries[0]));
	table->nr = nr;
	for (i = 0; i < nr; i++)
		msi_route(&table->entries[i], i, 0, 0x30 + i % 0xc0);
	return table;
}

void vm_routes(const struct vm *vm, unsigned int nr)
{
	struct kvm_irq_routing *table = msi_routes(nr);

	xioctl(vm->fd, KVM_SET_GSI_ROUTING, table, "KVM_SET_GSI_ROUTING");
	free(table);
}

void irqfd_set(const struct vm *vm, int fd, __u32 gsi, __u32 flags)
{
	struct kvm_irqfd args = { .fd = fd, .gsi = gsi, .flags = flags };

	xioctl(vm->fd, KVM_IRQFD, &args, "KVM_IRQFD");
}

void ioeventfd_set(const struct vm *vm, int fd, __u64 addr, __u32 len,
		   __u32 flags)
{
	struct kvm_ioeventfd args = {
		.fd = fd, .addr = addr, .len = len, .flags = flags,
	};

	xioctl(vm->fd, KVM_IOEVENTFD, &args, "KVM_IOEVENTFD");
}

int *eventfds_create(unsigned int nr)
{
	int *fds = xcalloc(nr, sizeof(*fds));
	unsigned int i;

	for (i = 0; i < nr; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		must(fds[i] >= 0, "eventfd");
	}
	return fds;
}

void eventfds_close(int *fds, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		close(fds[i]);
	free(fds);
}
