/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kev-bench: what the files of the benchmark share.
 *
 * measure.c counts, sys.c makes virtual machines on either node, report.c owns
 * the table and its goals.  Every other file measures one group of operations
 * and hands each figure to report_cost().
 *
 * Mind the word "size": how many objects of the kind that is measured are
 * there.  Run under QEMU's -icount shift=0: CLOCK_MONOTONIC then counts guest
 * instructions, so that a "nanosecond" here is an instruction.
 */
#ifndef KEV_BENCH_H
#define KEV_BENCH_H

#include <linux/kvm.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* The two systems that every operation is measured on. */
enum sys_id {
	SYS_KVM,
	SYS_OURS,
	NR_SYS,
};

/**
 * struct sys - One of the two systems
 * @id:		Which.
 * @name:	As the table and the JSON call it.
 * @node:	Its device node.
 * @fd:		The open node, -1 when it is not there.
 */
struct sys {
	enum sys_id id;
	const char *name;
	const char *node;
	int fd;
};

/**
 * struct vm - A virtual machine with chips and CPUs
 * @sys:	Whose.
 * @fd:		VM fd.
 * @vcpu:	vCPU fds; LAPICs software-enabled.
 * @nr_vcpus:	How many.
 */
struct vm {
	const struct sys *sys;
	int fd;
	int vcpu[2];
	unsigned int nr_vcpus;
};

/* sys.c */
extern struct sys systems[NR_SYS];
void sys_open(void);
bool sys_has(const struct sys *sys, unsigned int cap);
void settle(void);
void vm_create(struct vm *vm, const struct sys *sys, unsigned int nr_vcpus);
void vm_close(struct vm *vm);
void vm_clear_lapic(const struct vm *vm);
void vm_routes(const struct vm *vm, unsigned int nr);
struct kvm_irq_routing *msi_routes(unsigned int nr);
void msi_route(struct kvm_irq_routing_entry *entry, __u32 gsi,
	       unsigned int cpu, __u8 vector);
void irqfd_set(const struct vm *vm, int fd, __u32 gsi, __u32 flags);
void ioeventfd_set(const struct vm *vm, int fd, __u64 addr, __u32 len,
		   __u32 flags);
int *eventfds_create(unsigned int nr);
void eventfds_close(int *fds, unsigned int nr);
void must(bool ok, const char *what);
void xioctl(int fd, unsigned long cmd, void *arg, const char *what);
void *xcalloc(size_t nr, size_t size);

/* measure.c */
typedef void (*op_fn)(void *arg, unsigned int i);

void measure_init(void);
void measure_only(const char *op, const char *sys, unsigned int size);
bool size_wanted(unsigned int size);
__u64 clock_now(void);
double measure(const char *op, const struct sys *sys, op_fn fn, void *arg,
	       unsigned int nr);
double measure_warm(const char *op, const struct sys *sys, op_fn fn, void *arg,
		    unsigned int nr);
void profile_begin(void);
void profile_end(void);
void profile_report(void);

/* report.c */
void report_cost(const char *op, unsigned int size, enum sys_id id,
		 double cost);
void report_floor(const char *op, double cost);
double report_get(const char *op, unsigned int size, enum sys_id id);
void report_table(bool complete);
void report_json(void);

/* One per group of operations. */
void bench_floor(void);
void bench_signal(const struct sys *sys);
void bench_irqfd(const struct sys *sys);
void bench_batch(const struct sys *sys);
void bench_close(const struct sys *sys);
void bench_routing(const struct sys *sys);
void bench_disks(const struct sys *sys);
void bench_ioeventfd(const struct sys *sys);
void bench_doorbell(const struct sys *sys);
void bench_uring(const struct sys *sys);
void bench_relay(const struct sys *sys);
void bench_memory(const struct sys *sys);
void bench_scaling(const struct sys *sys);

/* guest.c: code that runs in a guest of kvm.ko. */
enum guest_op {
	GUEST_NOP,
	GUEST_PIO,
	GUEST_MMIO,
};

double guest_cost(const struct vm *vm, enum guest_op op, __u64 addr,
		  __u32 value);

#endif /* KEV_BENCH_H */
