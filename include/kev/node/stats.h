/* SPDX-License-Identifier: GPL-2.0 */
/* KVM_GET_STATS_FD: stats.c's verbs. */
#ifndef _KEV_STATS_H
#define _KEV_STATS_H

struct kev_machine;
struct kev_vcpu;

/* A new fd, which holds a reference to the machine; or an errno. */
int kev_vm_stats_fd(struct kev_machine *machine);
int kev_vcpu_stats_fd(struct kev_vcpu *vcpu);

#endif /* _KEV_STATS_H */
