/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/kvm.h>, with what newer kernels have in it and the host's may not. */
#ifndef KEV_KVM_H
#define KEV_KVM_H

#include <linux/kvm.h>

/* 7.3: flags of KVM_CAP_X2APIC_API. */
#ifndef KVM_X2APIC_ENABLE_SUPPRESS_EOI_BROADCAST
#define KVM_X2APIC_ENABLE_SUPPRESS_EOI_BROADCAST	(1ULL << 2)
#define KVM_X2APIC_DISABLE_SUPPRESS_EOI_BROADCAST	(1ULL << 3)
#endif

#endif /* KEV_KVM_H */
