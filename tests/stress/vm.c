// SPDX-License-Identifier: GPL-2.0
/* The VMs of the scenarios, and the accounts of their signals. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"

void vm_create(struct vm *vm)
{
	kev_machine_create(&vm->m, KEV_CHIP_SPLIT, 2);
	vm->stats = kev_ioctl_val(vm->m.vm, KVM_GET_STATS_FD, 0);
}

void vm_destroy(struct vm *vm)
{
	kev_machine_destroy(&vm->m);
	close(vm->stats);
}

uint64_t vm_figure(const struct vm *vm, const char *name)
{
	struct kvm_stats_header hdr;
	char desc[sizeof(struct kvm_stats_desc) + 256];
	struct kvm_stats_desc *d = (void *)desc;
	uint64_t val = 0;
	size_t size;
	uint32_t i;

	kev_assert(pread(vm->stats, &hdr, sizeof(hdr), 0) == sizeof(hdr),
		   "header of the figures");
	size = sizeof(*d) + hdr.name_size;
	kev_assert(size <= sizeof(desc), "size of a descriptor");
	for (i = 0; i < hdr.num_desc; i++) {
		kev_assert(pread(vm->stats, d, size, hdr.desc_offset + i * size) ==
			   (ssize_t)size, "descriptor");
		if (strcmp(d->name, name))
			continue;
		kev_assert(pread(vm->stats, &val, sizeof(val),
				 hdr.data_offset + d->offset) == sizeof(val),
			   "figure");
		return val;
	}
	kev_assert(false, "there is no figure %s", name);
	return 0;
}

void vm_account(struct run *run, const struct vm *vm)
{
	uint64_t end = kev_now_ms() + KEV_TIMEOUT_MS;
	uint64_t sum;

	/* Work items that are still to run count when they have. */
	do {
		sum = vm_figure(vm, "irqfd_injected") +
		      vm_figure(vm, "irqfd_coalesced") +
		      vm_figure(vm, "irqfd_dropped");
		if (sum == vm_figure(vm, "irqfd_signalled"))
			return;
		usleep(1000);
	} while (kev_now_ms() < end);
	run_fail(run, "signals are not accounted for");
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

void *signal_until_stopped(void *arg)
{
	struct signaller *signaller = arg;

	while (run_goes_on(signaller->run)) {
		kev_signal(signaller->fd);
		atomic_fetch_add(&signaller->run->signals, 1);
	}
	return NULL;
}
