// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_GET_SUPPORTED_CPUID: the CPU features that are this module's part.
 *
 * The CPU is the emulator's, and so is nearly all that CPUID tells of it.  What
 * is behind these bits is here: the local APICs, their timers, and how wide an address
 * is.  A guest finds a hypervisor's CPUID leaves by HYPERVISOR.
 */
#include <asm/cpufeatures.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kvm.h>
#include <linux/uaccess.h>

#include <kev/x86/machine.h>

/* A guest physical address is below 2^52; no other width matters here. */
#define PHYSICAL_BITS	52
#define LINEAR_BITS	48

#define FEATURE_BIT(name)	BIT(X86_FEATURE_##name % 32)

static const struct kvm_cpuid_entry2 supported[] = {
	{ .function = 0, .eax = 1 },
	{
		.function = 1,
		.ecx = FEATURE_BIT(X2APIC) | FEATURE_BIT(TSC_DEADLINE_TIMER) |
		       FEATURE_BIT(HYPERVISOR),
		.edx = FEATURE_BIT(APIC),
	},
	{ .function = 0x80000000, .eax = 0x80000008 },
	{ .function = 0x80000008, .eax = LINEAR_BITS << 8 | PHYSICAL_BITS },
};

/**
 * kev_x86_supported_cpuid - KVM_GET_SUPPORTED_CPUID
 * @obj:	Not used: the node has no object.
 * @arg:	Not used: the structure has no fixed size.
 * @uarg:	The user's struct kvm_cpuid2.
 *
 * Context: Process context.
 * Return: 0; -EFAULT; -E2BIG: there is no room for all entries, and nothing
 *	   was written.
 */
long kev_x86_supported_cpuid(void *obj, void *arg, unsigned long uarg)
{
	struct kvm_cpuid2 __user *user = (void __user *)uarg;
	struct kvm_cpuid2 head;

	if (copy_from_user(&head, user, sizeof(head)))
		return -EFAULT;
	if (head.nent < ARRAY_SIZE(supported))
		return -E2BIG;

	head.nent = ARRAY_SIZE(supported);
	if (copy_to_user(user->entries, supported, sizeof(supported)) ||
	    copy_to_user(user, &head, sizeof(head)))
		return -EFAULT;
	return 0;
}
