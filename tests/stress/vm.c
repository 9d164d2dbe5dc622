// SPDX-License-Identifier: GPL-2.0
/* The VMs of the scenarios, and the accounts of their signals. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"

void vm_create_chips(struct vm *vm, enum kev_chip chip)
{
	kev_machine_create(&vm->m, chip, 2);
	vm->stats = kev_ioctl_val(vm->m.vm, KVM_GET_STATS_FD, 0);
}

void vm_create(struct vm *vm)
{
	vm_create_chips(vm, KEV_CHIP_SPLIT);
}

void vm_destroy(struct vm *vm)
{
	kev_machine_destroy(&vm->m);
	close(vm->stats);
}

/* The descriptor of a name, in the whole of a stats file. */
static const struct kvm_stats_desc *find_desc(const char *file, size_t len,
					      const char *name)
{
	const struct kvm_stats_header *hdr = (const void *)file;
	size_t size = sizeof(struct kvm_stats_desc) + hdr->name_size;
	uint32_t i;

	kev_assert(hdr->desc_offset + hdr->num_desc * size <= len,
		   "size of the figures");
	for (i = 0; i < hdr->num_desc; i++) {
		const struct kvm_stats_desc *desc;

		desc = (const void *)(file + hdr->desc_offset + i * size);
		if (!strcmp(desc->name, name))
			return desc;
	}
	kev_assert(false, "there is no figure %s", name);
	return NULL;
}

static uint64_t figure_of(const char *file, size_t len, const char *name)
{
	const struct kvm_stats_header *hdr = (const void *)file;
	const struct kvm_stats_desc *desc = find_desc(file, len, name);
	uint64_t value;

	kev_assert(hdr->data_offset + desc->offset + sizeof(value) <= len,
		   "figure");
	memcpy(&value, file + hdr->data_offset + desc->offset, sizeof(value));
	return value;
}

/* All figures of one moment. */
static size_t read_figures(const struct vm *vm, char *file, size_t size)
{
	ssize_t len = pread(vm->stats, file, size, 0);

	kev_assert(len > (ssize_t)sizeof(struct kvm_stats_header) &&
		   len < (ssize_t)size, "figures");
	return len;
}

uint64_t vm_figure(const struct vm *vm, const char *name)
{
	char file[8192] __attribute__((__aligned__(8)));

	return figure_of(file, read_figures(vm, file, sizeof(file)), name);
}

void vm_account(struct run *run, const struct vm *vm)
{
	char file[8192] __attribute__((__aligned__(8)));
	uint64_t end = kev_now_ms() + KEV_TIMEOUT_MS;
	uint64_t sum, signalled;
	size_t len;

	/* Work items that are still to run count when they have. */
	do {
		len = read_figures(vm, file, sizeof(file));
		signalled = figure_of(file, len, "irqfd_signalled");
		sum = figure_of(file, len, "irqfd_injected") +
		      figure_of(file, len, "irqfd_coalesced") +
		      figure_of(file, len, "irqfd_dropped");
		if (sum == signalled)
			return;
		usleep(1000);
	} while (kev_now_ms() < end);
	run_lose(run, signalled, sum, "signals are not accounted for");
}

void vm_account_all(struct run *run, const struct vm *vm, uint64_t written)
{
	uint64_t signalled = vm_figure(vm, "irqfd_signalled");

	if (signalled != written)
		run_lose(run, written, signalled, "signals are lost");
	vm_account(run, vm);
}

void vm_await_no_irqfds(struct run *run, const struct vm *vm)
{
	uint64_t end = kev_now_ms() + KEV_TIMEOUT_MS;

	while (vm_figure(vm, "irqfds")) {
		if (kev_now_ms() > end) {
			run_fail(run, "an irqfd outlives its eventfd");
			return;
		}
		usleep(100);
	}
}

bool vcpu_drain(int vcpu, int vector)
{
	struct kvm_eventfd_interrupt intr;
	bool found = false;

	while (!__ack_interrupt(vcpu, &intr)) {
		found |= (int)intr.vector == vector;
		lapic_eoi(vcpu);
	}
	return found;
}

void update_msi_route(int vm, uint32_t dest, uint32_t vector)
{
	struct kev_routes *r = kev_routes_new();

	kev_route_msi(r, GSI, dest, vector);
	kev_ioctl(vm, KVM_EVENTFD_UPDATE_ROUTES,
		  (struct kvm_eventfd_routes *)r);
	free(r);
}

void irqfd_batch(int vm, const int *fds, unsigned int nr, uint32_t flags)
{
	struct kvm_irqfd entries[64];
	struct kvm_eventfd_batch args = {
		.entries = (uintptr_t)entries,
		.nr = nr,
	};
	unsigned int i;

	kev_assert(nr <= ARRAY_SIZE(entries), "a batch of %u", nr);
	memset(entries, 0, sizeof(entries));
	for (i = 0; i < nr; i++) {
		entries[i].fd = fds[i];
		entries[i].gsi = GSI;
		entries[i].flags = flags;
	}
	kev_assert(ioctl(vm, KVM_EVENTFD_IRQFDS, &args) == (int)nr,
		   "KVM_EVENTFD_IRQFDS");
}

void *signal_until_stopped(void *arg)
{
	struct signaller *signaller = arg;

	while (run_goes_on(signaller->run)) {
		kev_signal(signaller->fd);
		atomic_fetch_add(&signaller->run->signals, 1);
	}
	return NULL;
}
