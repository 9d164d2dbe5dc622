// SPDX-License-Identifier: GPL-2.0
/*
 * Guest code for kvm.ko: one page in real mode that makes the same access many
 * times and then leaves with an OUT that nobody in the kernel takes.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "bench.h"

#define CODE_ADDR	0x1000
#define EXIT_PORT	0x99
#define NR_ACCESSES	5000

/**
 * struct guest - The guest's page and its CPU's shared page
 */
struct guest {
	const struct vm *vm;
	__u8 *code;
	struct kvm_run *run;
	size_t run_size;
};

static void guest_map(struct guest *g)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = CODE_ADDR,
		.memory_size = 0x1000,
	};

	g->code = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(g->code != MAP_FAILED, "mmap");
	region.userspace_addr = (unsigned long)g->code;
	xioctl(g->vm->fd, KVM_SET_USER_MEMORY_REGION, &region,
	       "KVM_SET_USER_MEMORY_REGION");
	g->run_size = ioctl(g->vm->sys->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	g->run = mmap(NULL, g->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      g->vm->vcpu[0], 0);
	must(g->run != MAP_FAILED, "mmap of the vCPU");
}

static void guest_unmap(struct guest *g)
{
	munmap(g->run, g->run_size);
	munmap(g->code, 0x1000);
}

/* again: <access>; dec %ecx; jnz again; out %al, $EXIT_PORT */
static void guest_program(struct guest *g, enum guest_op op)
{
	static const __u8 access[][4] = {
		[GUEST_NOP]  = { 0x90, 0x90, 0x90, 0x90 },
		[GUEST_PIO]  = { 0x66, 0xef, 0x90, 0x90 },	/* out %eax, %dx */
		[GUEST_MMIO] = { 0x66, 0xa3, 0x00, 0x00 },	/* mov %eax, 0 */
	};
	static const __u8 loop[] = { 0x66, 0x49, 0x75, 0xf8, 0xe6, EXIT_PORT };

	memcpy(g->code, access[op], 4);
	memcpy(g->code + 4, loop, sizeof(loop));
}

/* One run of the program from its start; the cost of all its accesses. */
static __u64 guest_run(struct guest *g, __u64 addr, __u32 value)
{
	struct kvm_regs regs = {
		.rip = CODE_ADDR, .rflags = 2, .rax = value, .rdx = addr,
		.rcx = NR_ACCESSES,
	};
	struct kvm_sregs sregs;
	__u64 start;

	xioctl(g->vm->vcpu[0], KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	sregs.ds.base = addr;
	xioctl(g->vm->vcpu[0], KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
	xioctl(g->vm->vcpu[0], KVM_SET_REGS, &regs, "KVM_SET_REGS");
	start = clock_now();
	xioctl(g->vm->vcpu[0], KVM_RUN, NULL, "KVM_RUN");
	start = clock_now() - start;
	must(g->run->exit_reason == KVM_EXIT_IO &&
	     g->run->io.port == EXIT_PORT, "the guest left early");
	return start;
}

/* The cost of one access, that of the loop around it taken off. */
double guest_cost(const struct vm *vm, enum guest_op op, __u64 addr,
		  __u32 value)
{
	struct guest g = { .vm = vm };
	double cost;

	guest_map(&g);
	guest_program(&g, op);
	guest_run(&g, addr, value);
	cost = guest_run(&g, addr, value);
	guest_program(&g, GUEST_NOP);
	guest_run(&g, addr, value);
	cost -= guest_run(&g, addr, value);
	guest_unmap(&g);
	return cost / NR_ACCESSES;
}
