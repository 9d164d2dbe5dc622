// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that programs every register of every chip with random values, on two
 * CPUs, while devices raise lines and send messages and timers tick.
 */
#include <stdlib.h>
#include <unistd.h>

#include "hostile.h"

#define NR_EACH		8000
#define IOAPIC_BASE	0xfec00000ull
#define GSIS		32
#define MSR_BASE	0x1b
#define BASE_ENABLE	(1u << 11)

struct guest {
	struct attack *attack;
	struct kev_machine m;
	int fd[2];
	int resamplefd;
	unsigned long accesses;
};

/* One CPU. */
struct cpu {
	struct guest *guest;
	int vcpu;
	uint32_t random;
	unsigned long nr;
	unsigned long taken;
};

static uint64_t random_port(uint32_t *random)
{
	static const uint16_t ports[] = {
		0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x41, 0x42, 0x43,
		0x61,
	};

	return KVM_EVENTFD_OFF_PIO + ports[next_random(random) %
					    ARRAY_SIZE(ports)];
}

static uint64_t random_msr(uint32_t *random)
{
	switch (next_random(random) % 8) {
	case 0:
		return KVM_EVENTFD_OFF_MSR + MSR_BASE;
	case 1:
		return KVM_EVENTFD_OFF_MSR + 0x6e0;
	default:
		return KVM_EVENTFD_OFF_MSR + 0x800 + next_random(random) % 256;
	}
}

/* Where, and how long: mostly what the chip takes, sometimes anything. */
static uint64_t random_place(uint32_t *random, unsigned int *len)
{
	*len = next_random(random) % 16 ? 4 : next_random(random) % 9;
	switch (next_random(random) % 4) {
	case 0:
		return KEV_APIC_BASE + (next_random(random) % 64) * 16 +
		       !(next_random(random) % 32);
	case 1:
		return IOAPIC_BASE + (next_random(random) % 8) * 16;
	case 2:
		*len = 1 << next_random(random) % 3;
		return random_port(random);
	default:
		*len = 8;
		return random_msr(random);
	}
}

/* Small numbers select registers, others have all bits. */
static uint64_t random_value(uint32_t *random)
{
	uint64_t value = next_random_64(random);

	return next_random(random) % 2 ? value & 0x3f : value;
}

/* Now and then the guest puts its LAPIC in order, or no event would ever come. */
static void repair(int vcpu)
{
	__vcpu_write(vcpu, KVM_EVENTFD_OFF_MSR + MSR_BASE, KEV_APIC_BASE, 8);
	__vcpu_write(vcpu, KVM_EVENTFD_OFF_MSR + MSR_BASE,
		     KEV_APIC_BASE | BASE_ENABLE, 8);
	__vcpu_write(vcpu, KEV_APIC_BASE + KEV_APIC_SPIV, 0x1ff, 4);
	__vcpu_write(vcpu, KEV_APIC_BASE + KEV_APIC_TPR, 0, 4);
}

static bool is_answer(ssize_t ret)
{
	return ret >= 0 || errno == EOPNOTSUPP || errno == EINVAL ||
	       errno == EPERM;
}

static void access_once(struct cpu *cpu)
{
	struct kvm_eventfd_interrupt intr;
	unsigned int len;
	uint64_t place = random_place(&cpu->random, &len);
	uint64_t value = random_value(&cpu->random);
	ssize_t ret;

	if (next_random(&cpu->random) % 4)
		ret = __vcpu_write(cpu->vcpu, place, value, len);
	else
		ret = __vcpu_read(cpu->vcpu, place, &value, len);
	if (!is_answer(ret))
		attack_fail(cpu->guest->attack, "a register has another errno");
	if (!__ack_interrupt(cpu->vcpu, &intr))
		cpu->taken++;
}

static void *program_all(void *arg)
{
	struct cpu *cpu = arg;
	unsigned long i;

	for (i = 0; i < cpu->nr && !cpu->guest->attack->result->error; i++) {
		if (i % 32 == 31)
			repair(cpu->vcpu);
		access_once(cpu);
	}
	return NULL;
}

/* What devices do meanwhile. */
static void devices(struct guest *guest, uint32_t *random)
{
	struct kvm_msi msi = {
		.address_lo = KEV_MSI_ADDR | (next_random(random) & 0xfffff),
		.data = next_random(random),
	};

	irq_line(guest->m.vm, next_random(random) % GSIS,
		 next_random(random) % 2);
	__kev_ioctl(guest->m.vm, KVM_SIGNAL_MSI, &msi);
	kev_signal(guest->fd[next_random(random) % 2]);
	kev_count(guest->resamplefd);
}

/* And user space: a chip's whole state, of noise. */
static void set_chip(struct guest *guest, uint32_t *random)
{
	struct kvm_irqchip chip = { .chip_id = next_random(random) % 3 };
	struct kvm_lapic_state lapic;
	unsigned int i;

	for (i = 0; i < sizeof(chip.chip) - 8; i += 8)
		*(uint32_t *)(chip.chip.dummy + i) = next_random(random);
	kev_ioctl(guest->m.vm, KVM_SET_IRQCHIP, &chip);
	for (i = 0; i < sizeof(lapic.regs); i += 16)
		lapic_set_reg(&lapic, i, next_random(random));
	__kev_ioctl(guest->m.vcpu[0], KVM_SET_LAPIC, &lapic);
}

static void guest_open(struct guest *guest)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };

	kev_machine_create(&guest->m, KEV_CHIP_FULL, 2);
	kev_ioctl(guest->m.vm, KVM_CREATE_PIT2, &pit);
	guest->fd[0] = kev_eventfd(0);
	guest->fd[1] = kev_eventfd(0);
	guest->resamplefd = kev_eventfd(0);
	irqfd_assign(guest->m.vm, guest->fd[0], 7);
	irqfd_assign_resample(guest->m.vm, guest->fd[1], 11,
			      guest->resamplefd);
}

static void guest_close(struct guest *guest)
{
	kev_machine_destroy(&guest->m);
	close(guest->fd[0]);
	close(guest->fd[1]);
	close(guest->resamplefd);
}

static void guest_round(struct guest *guest, uint32_t seed,
			unsigned long *taken)
{
	struct cpu cpus[2];
	pthread_t threads[2];
	uint32_t random = seed;
	unsigned int i;

	guest_open(guest);
	for (i = 0; i < 2; i++) {
		cpus[i] = (struct cpu){ .guest = guest, .nr = NR_EACH / 2,
					.vcpu = guest->m.vcpu[i],
					.random = seed * 2 + i + 1 };
		threads[i] = kev_thread_start(program_all, &cpus[i]);
	}
	for (i = 0; i < NR_EACH / 8; i++) {
		devices(guest, &random);
		if (i % 64 == 63)
			set_chip(guest, &random);
	}
	for (i = 0; i < 2; i++) {
		kev_thread_join(threads[i]);
		*taken += cpus[i].taken;
		guest->accesses += cpus[i].nr;
	}
	guest_close(guest);
}

/* A machine of the same process works, whatever the one before it is left with. */
static void check_next(struct attack *attack)
{
	struct kev_machine m;

	kev_machine_create(&m, KEV_CHIP_FULL, 1);
	if (signal_msi(m.vm, KEV_MSI_DEST(0), 0x41) != 1 ||
	    ack_interrupt(m.vcpu[0]).vector != 0x41)
		attack_fail(attack, "the next machine does not work");
	kev_machine_destroy(&m);
}

static void attack_registers(struct attack *attack)
{
	struct guest guest = { .attack = attack };
	unsigned long taken = 0;
	unsigned int i;

	if (!kev_has_chip(KEV_CHIP_FULL)) {
		attack->result->skipped = "no PIC and IOAPIC";
		return;
	}
	for (i = 0; i < attack->times && !attack->result->error; i++)
		guest_round(&guest, i + 1, &taken);
	check_next(attack);
	if (!taken)
		attack_fail(attack, "no event ever came");
	attack_tell(attack, "%lu random accesses, %lu events taken",
		    guest.accesses, taken);
}

HOSTILE_SUBJECT("registers", attack_registers);
