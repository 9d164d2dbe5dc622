/* SPDX-License-Identifier: GPL-2.0 */
/* vCPUs and their fds: vcpu_fd.c's verbs. */
#ifndef _KEV_VCPU_FD_H
#define _KEV_VCPU_FD_H

struct kev_machine;
struct kev_vcpu;

/* Create, publish, no fd yet.  KVM_CREATE_VCPU's errno.  Under no lock. */
struct kev_vcpu *kev_vcpu_create(struct kev_machine *machine, unsigned long id);
/* Free; only from the machine's teardown. */
void kev_vcpu_destroy(struct kev_vcpu *vcpu);
/* The same with an fd, which holds a reference to the machine. */
int kev_vcpu_create_fd(struct kev_machine *machine, unsigned long id);

#endif /* _KEV_VCPU_FD_H */
