// SPDX-License-Identifier: GPL-2.0
/*
 * The node and the VM: KVM's own ioctls, nothing else.
 *
 * main.c creates the VM; irq.c and doorbell.c hang their eventfds on it.
 * Everything here would run on /dev/kvm as it stands, but for the capability
 * that says that a vCPU is driven by this program and not by hardware.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util.h"
#include "vm.h"

#define VM_NODE_HOW \
	"load the module (insmod kvm-eventfd.ko), or name its node with --device"

/* Input pins of the IOAPIC that user space would have in split mode. */
#define VM_SPLIT_PINS	24

static const struct {
	unsigned int cap;
	const char *name;
} vm_needs[] = {
	{ KVM_CAP_IRQFD, "KVM_CAP_IRQFD" },
	{ KVM_CAP_IRQ_ROUTING, "KVM_CAP_IRQ_ROUTING" },
	{ KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD" },
	{ KVM_CAP_IOEVENTFD_NO_LENGTH, "KVM_CAP_IOEVENTFD_NO_LENGTH" },
};

static int vm_capability(const struct vm *vm, unsigned long cap)
{
	return ioctl(vm->node, KVM_CHECK_EXTENSION, cap);
}

static void vm_check_node(const struct vm *vm)
{
	int version = ioctl(vm->node, KVM_GET_API_VERSION, 0);

	if (version < 0)
		die("%s does not answer KVM's ioctls: name kvm-eventfd's node with --device",
		    vm->path);
	if (version != KVM_API_VERSION)
		die("%s speaks version %d of KVM's API and not %d: load a matching module",
		    vm->path, version, KVM_API_VERSION);
	if (vm_capability(vm, KVM_EVENTFD_CAP_VCPU_IO) <= 0)
		die("%s is KVM itself: name kvm-eventfd's node with --device",
		    vm->path);
}

static void vm_check_capabilities(const struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_needs); i++)
		if (vm_capability(vm, vm_needs[i].cap) <= 0)
			die("%s lacks %s: load a module that was built with it",
			    vm->path, vm_needs[i].name);

	if (vm_capability(vm, KVM_CAP_IRQCHIP) <= 0 &&
	    vm_capability(vm, KVM_CAP_SPLIT_IRQCHIP) <= 0)
		die("%s lacks KVM_CAP_IRQCHIP: load a module that was built with it",
		    vm->path);
}

/* All chips in the kernel; where there is no PIC and IOAPIC, LAPICs alone. */
static void vm_create_irqchip(struct vm *vm)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_SPLIT_IRQCHIP,
		.args = { VM_SPLIT_PINS },
	};

	if (!ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0))
		return;
	if (errno != ENOTTY)
		die("cannot create the interrupt controllers: %s",
		    strerror(errno));

	checked_ioctl(vm->fd, KVM_ENABLE_CAP, &cap,
		      "put the LAPICs alone in the kernel");
	vm->split = true;
}

/**
 * vm_create() - Open the node and create a VM with interrupt controllers
 * @vm:		To fill.
 * @path:	The node; kept.
 */
void vm_create(struct vm *vm, const char *path)
{
	vm->path = path;
	vm->split = false;
	vm->node = node_open(path, VM_NODE_HOW);
	vm_check_node(vm);
	vm_check_capabilities(vm);
	vm->fd = checked_ioctl(vm->node, KVM_CREATE_VM, NULL, "create a VM");
	vm_create_irqchip(vm);
}

/**
 * vm_destroy() - Close the VM and the node
 * @vm:		From vm_create().
 */
void vm_destroy(struct vm *vm)
{
	close(vm->fd);
	close(vm->node);
}

/**
 * vm_route_msis() - Set the GSI routing table
 * @vm:		The VM.
 * @msis:	Its entries.
 * @nr:		How many.
 */
void vm_route_msis(struct vm *vm, const struct vm_msi *msis, unsigned int nr)
{
	struct kvm_irq_routing_entry *entry;
	struct kvm_irq_routing *table;
	unsigned int i;

	table = calloc(1, sizeof(*table) + nr * sizeof(*entry));
	if (!table)
		die("out of memory");

	table->nr = nr;
	for (i = 0; i < nr; i++) {
		entry = &table->entries[i];
		entry->gsi = msis[i].gsi;
		entry->type = KVM_IRQ_ROUTING_MSI;
		entry->u.msi.address_lo = (uint32_t)msis[i].address;
		entry->u.msi.address_hi = msis[i].address >> 32;
		entry->u.msi.data = msis[i].data;
	}

	checked_ioctl(vm->fd, KVM_SET_GSI_ROUTING, table,
		      "set the GSI routing table");
	free(table);
}

/**
 * vm_irqfd() - Bind an eventfd to a GSI, or take it off
 * @vm:		The VM.
 * @fd:		The eventfd.
 * @gsi:	The GSI.
 * @assign:	Which of the two.
 */
void vm_irqfd(struct vm *vm, int fd, uint32_t gsi, bool assign)
{
	struct kvm_irqfd args = {
		.fd = fd,
		.gsi = gsi,
		.flags = assign ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
	};

	checked_ioctl(vm->fd, KVM_IRQFD, &args,
		      assign ? "assign an irqfd" : "deassign an irqfd");
}

/**
 * vm_ioeventfd() - Bind a guest address to an eventfd, or take it off
 * @vm:		The VM.
 * @args:	What matches, without the deassign flag.
 * @assign:	Which of the two.
 */
void vm_ioeventfd(struct vm *vm, const struct kvm_ioeventfd *args,
		  bool assign)
{
	struct kvm_ioeventfd copy = *args;

	if (!assign)
		copy.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;

	checked_ioctl(vm->fd, KVM_IOEVENTFD, &copy,
		      assign ? "assign an ioeventfd" : "deassign an ioeventfd");
}
