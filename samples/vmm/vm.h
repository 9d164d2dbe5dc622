/* SPDX-License-Identifier: GPL-2.0 */
/* The node and the VM. */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <stdbool.h>
#include <stdint.h>

struct kvm_ioeventfd;

/**
 * struct vm_msi - A message interrupt behind a GSI
 * @gsi:	The GSI.
 * @address:	Where the device writes.
 * @data:	What it writes.
 */
struct vm_msi {
	uint32_t gsi;
	uint64_t address;
	uint32_t data;
};

/**
 * struct vm - An open node and one VM on it
 * @path:	The node's name.
 * @node:	The node.
 * @fd:		The VM.
 * @split:	Only the LAPICs are in the kernel.
 */
struct vm {
	const char *path;
	int node;
	int fd;
	bool split;
};

void vm_create(struct vm *vm, const char *path);
void vm_destroy(struct vm *vm);
void vm_route_msis(struct vm *vm, const struct vm_msi *msis, unsigned int nr);
void vm_irqfd(struct vm *vm, int fd, uint32_t gsi, bool assign);
void vm_ioeventfd(struct vm *vm, const struct kvm_ioeventfd *args,
		  bool assign);

#endif /* VMM_VM_H */
