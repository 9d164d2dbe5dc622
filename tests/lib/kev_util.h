/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kev_util: KVM's ioctls as C calls, for tests of an eventfd plane's node.
 *
 * Each call comes twice.  name() must succeed: otherwise it prints errno and
 * ends the test, which the harness counts as a failure.  __name() returns what
 * the system call returned, for negative tests.  Both refuse at compile time
 * an argument whose size is not the one that the ioctl's number encodes.
 *
 * The node is $KEV_NODE, by default the module's own.  With /dev/kvm the same
 * tests check the expectations against the real KVM, the reference.
 */
#ifndef KEV_UTIL_H
#define KEV_UTIL_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include <linux/kvm_eventfd.h>

#include "kev_kvm.h"

#ifndef KVM_CAP_IRQFD_RESAMPLE
#error "this <linux/kvm.h> is too old"
#endif

/* An address that no process has mapped, and that no compiler knows. */
static inline void *kev_bad_ptr(void)
{
	uintptr_t addr = 8;

	asm("" : "+r" (addr));
	return (void *)addr;
}

#define KEV_BAD_PTR(type)						\
	((type *)kev_bad_ptr())

/*
 * When to give up on what must come.  Nothing waits so long where all is well, so it is
 * more than the busiest host needs.
 */
#define KEV_TIMEOUT_MS		30000

__attribute__((__noreturn__, __format__(printf, 3, 4)))
void kev_die(const char *file, int line, const char *fmt, ...);

/* End the test unless @cond holds; errno is printed. */
#define kev_assert(cond, fmt, ...)					\
	do {								\
		if (!(cond))						\
			kev_die(__FILE__, __LINE__, fmt, ##__VA_ARGS__);	\
	} while (0)

/* An ioctl whose argument is a structure. */
#define __kev_ioctl(fd, cmd, arg)					\
	({								\
		_Static_assert(sizeof(*(arg)) == _IOC_SIZE(cmd),	\
			       "argument is not the ioctl's");		\
		ioctl(fd, cmd, arg);					\
	})

#define kev_ioctl(fd, cmd, arg)						\
	({								\
		int __ret = __kev_ioctl(fd, cmd, arg);			\
									\
		kev_assert(__ret >= 0, "%s", #cmd);			\
		__ret;							\
	})

/* An ioctl whose argument is a number, or which has none. */
#define __kev_ioctl_val(fd, cmd, val)					\
	({								\
		_Static_assert(_IOC_SIZE(cmd) == 0,			\
			       "the ioctl takes a structure");		\
		ioctl(fd, cmd, (unsigned long)(val));			\
	})

#define kev_ioctl_val(fd, cmd, val)					\
	({								\
		int __ret = __kev_ioctl_val(fd, cmd, val);		\
									\
		kev_assert(__ret >= 0, "%s", #cmd);			\
		__ret;							\
	})

/* The node. */
const char *kev_node(void);
int kev_open(void);
int kev_check_extension(long cap);

/* Is this the module's node, whose vCPU fd is the guest's side? */
bool kev_has_vcpu_io(void);

/* Does what is tested behave as kvm.ko of that series?  The module does everywhere. */
bool kev_is_like(unsigned int major, unsigned int minor);

/*
 * Which interrupt controllers the kernel has.  NONE is a PC before it has any: a
 * machine that can have none, as of every other architecture, is no PC.
 */
enum kev_chip {
	KEV_CHIP_NONE,
	KEV_CHIP_FULL,
	KEV_CHIP_SPLIT,
};

/* Has a VM of type 0 the interrupt controllers of a PC, or may it get them? */
bool kev_is_pc(void);
bool kev_has_chip(enum kev_chip chip);

/* Objects. */
int kev_create_vm(void);
int __create_irqchip(int vm);
void create_irqchip(int vm);
int __enable_cap(int fd, uint32_t cap, uint32_t flags, uint64_t arg0);
void enable_cap(int fd, uint32_t cap, uint64_t arg0);
int __create_vcpu(int vm, unsigned long id);
int create_vcpu(int vm, unsigned long id);

/* A VM with its chip and one or two vCPUs, whose LAPICs are enabled. */
#define KEV_MAX_TEST_VCPUS	4

struct kev_machine {
	int vm;
	unsigned int nr_vcpus;
	int vcpu[KEV_MAX_TEST_VCPUS];
};

void kev_machine_create(struct kev_machine *m, enum kev_chip chip,
			unsigned int nr_vcpus);
void kev_machine_destroy(struct kev_machine *m);

/* eventfds: never blocking, closed on exec. */
int kev_eventfd(unsigned int count);
void kev_signal(int efd);
uint64_t kev_count(int efd);

/* File descriptors that are wrong in one way. */
enum kev_fd_kind {
	KEV_FD_EVENTFD,
	KEV_FD_CLOSED,
	KEV_FD_OTHER,
};

int kev_fd_of_kind(enum kev_fd_kind kind);

/* irqfd. */
int __irqfd(int vm, int fd, uint32_t gsi, uint32_t flags, int resamplefd);
void irqfd_assign(int vm, int fd, uint32_t gsi);
void irqfd_assign_resample(int vm, int fd, uint32_t gsi, int resamplefd);
void irqfd_deassign(int vm, int fd, uint32_t gsi);

/* ioeventfd: flags say the bus. */
int __ioeventfd(int vm, int fd, uint64_t addr, uint32_t len, uint32_t flags,
		uint64_t datamatch);
void ioeventfd_assign(int vm, int fd, uint64_t addr, uint32_t len,
		      uint32_t flags, uint64_t datamatch);
void ioeventfd_deassign(int vm, int fd, uint64_t addr, uint32_t len,
			uint32_t flags, uint64_t datamatch);

/* Routing tables, with room for more than KVM takes. */
#define KEV_MAX_ROUTES		4096

struct kev_routes {
	struct {
		uint32_t nr;
		uint32_t flags;
	} hdr;
	struct kvm_irq_routing_entry entries[KEV_MAX_ROUTES + 8];
};

struct kev_routes *kev_routes_new(void);
struct kvm_irq_routing_entry *kev_route_add(struct kev_routes *r, uint32_t gsi,
					    uint32_t type);
void kev_route_msi(struct kev_routes *r, uint32_t gsi, uint32_t dest,
		   uint32_t data);
void kev_route_pin(struct kev_routes *r, uint32_t gsi, uint32_t chip,
		   uint32_t pin);
int __set_gsi_routing(int vm, const struct kev_routes *r);
void set_gsi_routing(int vm, const struct kev_routes *r);
void set_msi_route(int vm, uint32_t gsi, uint32_t dest, uint32_t data);

/* MSI address: physical destination, 8 bits. */
#define KEV_MSI_ADDR		0xfee00000u
#define KEV_MSI_LOGICAL		(1u << 2)
#define KEV_MSI_HINT		(1u << 3)
#define KEV_MSI_DEST(id)	(KEV_MSI_ADDR | ((uint32_t)(id) & 0xff) << 12)
/* MSI data: delivery mode over the vector. */
#define KEV_MSI_LOWEST		(1u << 8)
#define KEV_MSI_SMI		(2u << 8)
#define KEV_MSI_NMI		(4u << 8)
#define KEV_MSI_INIT		(5u << 8)
#define KEV_MSI_SIPI		(6u << 8)
#define KEV_MSI_EXTINT		(7u << 8)
#define KEV_MSI_ASSERT		(1u << 14)
#define KEV_MSI_LEVEL		(1u << 15)

int __signal_msi(int vm, uint32_t addr_lo, uint32_t data);
int signal_msi(int vm, uint32_t addr_lo, uint32_t data);

int __irq_line(int vm, uint32_t irq, uint32_t level);
void irq_line(int vm, uint32_t irq, uint32_t level);
int irq_line_status(int vm, uint32_t irq, uint32_t level);

/* LAPIC state, as KVM_GET_LAPIC and KVM_SET_LAPIC have it. */
#define KEV_APIC_BASE		0xfee00000ull
#define KEV_APIC_ID		0x20
#define KEV_APIC_LVR		0x30
#define KEV_APIC_TPR		0x80
#define KEV_APIC_PPR		0xa0
#define KEV_APIC_EOI		0xb0
#define KEV_APIC_LDR		0xd0
#define KEV_APIC_DFR		0xe0
#define KEV_APIC_SPIV		0xf0
#define KEV_APIC_ISR		0x100
#define KEV_APIC_TMR		0x180
#define KEV_APIC_IRR		0x200
#define KEV_APIC_ESR		0x280
#define KEV_APIC_ICR		0x300
#define KEV_APIC_ICR2		0x310
#define KEV_APIC_LVTT		0x320
#define KEV_APIC_LVT0		0x350
#define KEV_APIC_LVT1		0x360
#define KEV_APIC_LVTERR		0x370
#define KEV_APIC_TMICT		0x380

uint32_t lapic_reg(const struct kvm_lapic_state *s, unsigned int off);
void lapic_set_reg(struct kvm_lapic_state *s, unsigned int off, uint32_t val);
bool lapic_test_vector(const struct kvm_lapic_state *s, unsigned int off,
		       uint8_t vector);
void get_lapic(int vcpu, struct kvm_lapic_state *s);
void set_lapic(int vcpu, const struct kvm_lapic_state *s);
void lapic_write_reg(int vcpu, unsigned int off, uint32_t val);
uint32_t lapic_read_reg(int vcpu, unsigned int off);

/* Is @vector requested?  Now; within the timeout; and forget all that are. */
bool lapic_irr(int vcpu, uint8_t vector);
bool lapic_wait_irr(int vcpu, uint8_t vector);
unsigned int lapic_count_irr(int vcpu);
void lapic_clear_irr(int vcpu);

/* Wait for @vector, then forget it. */
bool lapic_take(int vcpu, uint8_t vector);

/* One redirection table entry, through KVM_SET_IRQCHIP. */
#define KEV_RTE_LEVEL		(1ull << 15)
#define KEV_RTE_MASKED		(1ull << 16)

void ioapic_set_rte(int vm, unsigned int pin, uint64_t rte);
uint64_t ioapic_get_rte(int vm, unsigned int pin);

/* The guest's side of the vCPU fd. */
ssize_t __vcpu_write(int vcpu, uint64_t off, uint64_t val, unsigned int len);
void vcpu_write(int vcpu, uint64_t off, uint64_t val, unsigned int len);
ssize_t __vcpu_read(int vcpu, uint64_t off, uint64_t *val, unsigned int len);
uint64_t vcpu_read(int vcpu, uint64_t off, unsigned int len);
int __ack_interrupt(int vcpu, struct kvm_eventfd_interrupt *intr);
struct kvm_eventfd_interrupt ack_interrupt(int vcpu);
bool vcpu_wait_pending(int vcpu);
bool vcpu_poll_now(int vcpu);
void lapic_eoi(int vcpu);

/* Two pages, of which the second is not mapped: end of an argument. */
void *kev_alloc_at_page_end(size_t len);
/* A copy of @src in memory that cannot be written. */
void *kev_alloc_readonly(const void *src, size_t len);
void kev_free_page(void *p);

/* Monotonic clock, for deadlines. */
uint64_t kev_now_ms(void);

/* Threads, without which there is no test. */
pthread_t kev_thread_start(void *(*fn)(void *arg), void *arg);
void kev_thread_join(pthread_t thread);

/* Let this process open at least @nr files. */
bool kev_raise_nofile(unsigned long nr);

/* Leave no free file descriptor: the next one is EMFILE. */
void kev_exhaust_fds(void);
void kev_release_fds(void);

#endif /* KEV_UTIL_H */
