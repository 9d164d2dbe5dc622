/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel makes no eventfds but by the system call, whose function most
 * architectures give a name of their own and the user's registers.  Its second
 * argument, the flags, is the 0 of a register that is not set.
 */
#ifndef _KEV_EVENTFD_CALL_H
#define _KEV_EVENTFD_CALL_H

#include <linux/ptrace.h>

#if defined(CONFIG_UML)
/* Has the plain function, though it is of x86. */
#elif defined(CONFIG_X86_64)
#define EVENTFD_CALL	__x64_sys_eventfd2
#define EVENTFD_COUNT	di
#elif defined(CONFIG_X86_32)
#define EVENTFD_CALL	__ia32_sys_eventfd2
#define EVENTFD_COUNT	bx
#elif defined(CONFIG_ARM64)
#define EVENTFD_CALL	__arm64_sys_eventfd2
#define EVENTFD_COUNT	regs[0]
#elif defined(CONFIG_RISCV) && defined(CONFIG_ARCH_HAS_SYSCALL_WRAPPER)
#define EVENTFD_CALL	__riscv_sys_eventfd2
#define EVENTFD_COUNT	orig_a0
#elif defined(CONFIG_S390)
#define EVENTFD_CALL	__s390x_sys_eventfd2
#define EVENTFD_COUNT	orig_gpr2
#elif defined(CONFIG_PPC) && defined(CONFIG_ARCH_HAS_SYSCALL_WRAPPER)
#define EVENTFD_CALL	sys_eventfd2
#define EVENTFD_COUNT	gpr[3]
#endif

#ifdef EVENTFD_CALL
long EVENTFD_CALL(const struct pt_regs *regs);
#endif

#endif /* _KEV_EVENTFD_CALL_H */
