/* SPDX-License-Identifier: GPL-2.0 */
/* Machines and their fds: vm_fd.c's verbs. */
#ifndef _KEV_VM_FD_H
#define _KEV_VM_FD_H

struct file_operations;
struct kev_machine;
struct kev_machine_ops;
struct kvm_enable_cap;
struct mm_struct;

/* Owned by @mm, with a reference for the caller.  -ENOMEM. */
struct kev_machine *kev_machine_create(const struct kev_machine_ops *ops,
				       struct mm_struct *mm);
void kev_machine_get(struct kev_machine *machine);
/* The last one ends it.  May sleep. */
void kev_machine_put(struct kev_machine *machine);

/* KVM_CHECK_EXTENSION of the node (@machine NULL) or of a VM; 0: not offered. */
int kev_check_extension(struct kev_machine *machine, unsigned long cap);

/* KVM_ENABLE_CAP of a VM. */
int kev_machine_enable_cap(struct kev_machine *machine,
			   const struct kvm_enable_cap *cap);

extern const struct file_operations kev_vm_fops;

#endif /* _KEV_VM_FD_H */
