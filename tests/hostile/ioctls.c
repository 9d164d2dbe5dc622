// SPDX-License-Identifier: GPL-2.0
/* ioctls that nobody made: unknown numbers, and KVM's with arguments of noise. */
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hostile.h"

#define NR_EACH		5000

/* What each kind of fd says to an ioctl whose letter is not KVM's. */
static const struct {
	const char *name;
	int err;
} kinds[] = {
	{ "node", EINVAL }, { "VM", ENOTTY }, { "vCPU", EINVAL },
	{ "stats", ENOTTY },
};

#define NR_KINDS	ARRAY_SIZE(kinds)

static void open_all(int *fds, struct kev_machine *m)
{
	kev_machine_create(m, KEV_CHIP_SPLIT, 1);
	fds[0] = kev_open();
	fds[1] = m->vm;
	fds[2] = m->vcpu[0];
	fds[3] = kev_ioctl_val(m->vm, KVM_GET_STATS_FD, 0);
}

/* The kernel's own numbers for every fd are below 'T' and 'f' as their letters. */
static uint32_t foreign_number(uint32_t *random)
{
	uint32_t cmd = next_random(random) & ~0xff00u;

	return cmd | 0x9f00;
}

static void *noise_argument(uint32_t *random, void *memory)
{
	switch (next_random(random) % 4) {
	case 0:
		return NULL;
	case 1:
		return kev_bad_ptr();
	case 2:
		return (void *)next_random_64(random);
	default:
		return memory;
	}
}

/* A number of KVM's, its size and direction right now and then. */
static unsigned long kvm_number(uint32_t *random)
{
	static const unsigned long known[] = {
		KVM_CREATE_IRQCHIP, KVM_IRQ_LINE, KVM_IRQ_LINE_STATUS,
		KVM_GET_IRQCHIP, KVM_SET_IRQCHIP, KVM_SET_GSI_ROUTING,
		KVM_IRQFD, KVM_IOEVENTFD, KVM_SIGNAL_MSI, KVM_ENABLE_CAP,
		KVM_REGISTER_COALESCED_MMIO, KVM_UNREGISTER_COALESCED_MMIO,
		KVM_SET_BOOT_CPU_ID, KVM_GET_LAPIC, KVM_SET_LAPIC,
		KVM_GET_MP_STATE, KVM_SET_MP_STATE, KVM_INTERRUPT, KVM_NMI,
		KVM_RUN, KVM_CHECK_EXTENSION, KVM_CREATE_PIT2, KVM_GET_PIT2,
		KVM_SET_PIT2, KVM_REINJECT_CONTROL, KVM_GET_SUPPORTED_CPUID,
		KVM_EVENTFD_ACK_INTERRUPT, KVM_EVENTFD_UPDATE_ROUTES,
		KVM_EVENTFD_IRQFDS, KVM_EVENTFD_IOEVENTFDS,
	};

	if (next_random(random) % 2)
		return known[next_random(random) % ARRAY_SIZE(known)];
	return _IOC(next_random(random) % 4, KVMIO, next_random(random) % 256,
		    next_random(random) % 64);
}

/* Whether the ioctl makes an fd, which would fill this process's table. */
static bool makes_fd(unsigned long cmd)
{
	return cmd == KVM_CREATE_VM || cmd == KVM_CREATE_VCPU ||
	       cmd == KVM_GET_STATS_FD;
}

static void fill(uint32_t *random, uint32_t *memory, size_t words)
{
	size_t i;

	for (i = 0; i < words; i++)
		memory[i] = next_random(random) >> next_random(random) % 32;
}

/* Numbers of another letter: each fd has one answer. */
static void foreign(struct attack *attack, const int *fds, uint32_t *random)
{
	unsigned int kind = next_random(random) % NR_KINDS;
	uint32_t memory[64] = {};

	if (ioctl(fds[kind], foreign_number(random),
		  noise_argument(random, memory)) >= 0)
		attack_fail(attack, "an unknown ioctl succeeded");
	else if (errno != kinds[kind].err)
		attack_fail(attack, "an unknown ioctl has another errno");
}

static void noise(const int *fds, uint32_t *random)
{
	unsigned int kind = next_random(random) % NR_KINDS;
	unsigned long cmd = kvm_number(random);
	/* A page, so that no structure is longer. */
	uint32_t memory[4096 / 4];

	if (makes_fd(cmd))
		return;
	fill(random, memory, ARRAY_SIZE(memory) / 16);
	ioctl(fds[kind], cmd, noise_argument(random, memory));
}

static void attack_ioctls(struct attack *attack)
{
	unsigned long nr = (unsigned long)attack->times * NR_EACH;
	uint32_t random = 2463534242u;
	struct kev_machine m;
	int fds[NR_KINDS];
	unsigned long i;

	open_all(fds, &m);
	for (i = 0; i < nr && !attack->result->error; i++) {
		foreign(attack, fds, &random);
		noise(fds, &random);
	}
	close(fds[0]);
	close(fds[3]);
	kev_machine_destroy(&m);
	/* The next one is served as if nothing had been. */
	kev_machine_create(&m, KEV_CHIP_SPLIT, 1);
	kev_machine_destroy(&m);
	attack_tell(attack, "%lu unknown ioctls, %lu of KVM's with noise", i,
		    i);
}

HOSTILE_SUBJECT("ioctls", attack_ioctls);
