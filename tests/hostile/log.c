// SPDX-License-Identifier: GPL-2.0
/*
 * Log flooding: nothing that a user or a guest gets wrong is printed, by the module or
 * by the kernel's core, which tells of what takes too long.  That it does so with the
 * clock that counts instructions alone says something of what was done (boot -i); with
 * another one it may be the host that was away.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "hostile.h"

#define NR_ROUNDS	50
#define NR_TIMERS	256
#define VECTOR		0x41

/* What the kernel's core says of others. */
static const char *const complaints[] = {
	"hrtimer: interrupt took", "blocked for more than", "soft lockup",
	"hard LOCKUP", "hogged CPU", "throttling activated", "took too long",
	"stall", "out of memory", "oom-killer", "allocation failure",
	"Call Trace", "WARNING:", "BUG:",
};

int log_open(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	kev_assert(log >= 0, "open /dev/kmsg");
	kev_assert(lseek(log, 0, SEEK_END) >= 0, "the end of the log");
	return log;
}

static bool is_complaint(const char *record)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(complaints); i++)
		if (strcasestr(record, complaints[i]))
			return true;
	return false;
}

static bool is_ours(const char *record)
{
	return strcasestr(record, "kvm") || strcasestr(record, "kev");
}

/*
 * How many records since then name the module, or this program; with @core also
 * those of the kernel's core.
 */
unsigned int log_count(int log, bool core)
{
	static char record[8192];
	unsigned int nr = 0;
	ssize_t len;

	for (;;) {
		len = read(log, record, sizeof(record) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len < 0)
			break;
		record[len] = '\0';
		if (!is_ours(record) && !(core && is_complaint(record)))
			continue;
		if (nr++ < 3)
			printf("# %s", record);
	}
	kev_assert(errno == EAGAIN, "read /dev/kmsg");
	return nr;
}

/* Each way to be refused, and some that a guest has. */
static unsigned int be_refused(const struct kev_machine *m, int fd)
{
	struct kvm_irqchip chip = { .chip_id = 9 };
	unsigned int refused = 0;

	refused += ioctl(m->vm, 0x9f01, NULL) < 0;
	refused += ioctl(m->vcpu[0], 0x9f01, NULL) < 0;
	refused += __irqfd(m->vm, -1, 1, 0, 0) < 0;
	refused += __irqfd(m->vm, fd, 1, UINT32_MAX, 0) < 0;
	refused += __ioeventfd(m->vm, fd, UINT64_MAX, 8, 0, 0) < 0;
	refused += __create_vcpu(m->vm, UINT32_MAX) < 0;
	refused += __create_vcpu(m->vm, 0) < 0;
	refused += __create_irqchip(m->vm) < 0;
	refused += __kev_ioctl(m->vm, KVM_SET_IRQCHIP, &chip) < 0;
	refused += __enable_cap(m->vm, UINT32_MAX, 0, 0) < 0;
	refused += __enable_cap(m->vcpu[0], UINT32_MAX, 0, 0) < 0;
	refused += ioctl(m->vm, KVM_SET_GSI_ROUTING, kev_bad_ptr()) < 0;
	refused += ioctl(m->vcpu[0], KVM_RUN, 0) < 0;
	refused += __vcpu_write(m->vcpu[0], UINT64_MAX, 0, 4) < 0;
	refused += __vcpu_write(m->vcpu[0], 0x7777000, 0, 4) < 0;
	refused += __vcpu_write(m->vcpu[0], KVM_EVENTFD_OFF_MSR + 0x8ff, 0,
				8) < 0;
	/* A level that is never lowered, and a message to nobody. */
	__irq_line(m->vm, 5, 1);
	__signal_msi(m->vm, KEV_MSI_DEST(200), 0xffffffff);
	return refused;
}

static void put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	/* Not every kernel has every detector. */
	if (fd < 0)
		return;
	kev_assert(write(fd, value, strlen(value)) > 0, "write %s", path);
	close(fd);
}

void log_shorten(void)
{
	put("/proc/sys/kernel/hung_task_timeout_secs", "1");
	put("/proc/sys/kernel/hung_task_warnings", "-1");
	put("/proc/sys/kernel/watchdog_thresh", "1");
}

static void start_timer(int vcpu)
{
	struct kvm_lapic_state s;

	get_lapic(vcpu, &s);
	lapic_set_reg(&s, KEV_APIC_SPIV, 0x1ff);
	lapic_set_reg(&s, KEV_APIC_LVTT, 1u << 17 | VECTOR);
	lapic_set_reg(&s, 0x3e0, 0xb);
	lapic_set_reg(&s, KEV_APIC_TMICT, 1);
	lapic_set_reg(&s, 0x390, 1);
	set_lapic(vcpu, &s);
}

/* Take what there is of all of them, so that each tick is followed by another. */
static void serve(const int *vcpu, unsigned int rounds)
{
	struct kvm_eventfd_interrupt intr;
	unsigned int i, round;

	for (round = 0; round < rounds; round++)
		for (i = 0; i < NR_TIMERS; i++)
			if (!__ack_interrupt(vcpu[i], &intr))
				lapic_eoi(vcpu[i]);
}

/* As many timers as fast as they go; then as many that nobody can stop. */
static void time_out(void)
{
	int vm = kev_create_vm(), vcpu[NR_TIMERS];
	unsigned int i;

	enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	for (i = 0; i < NR_TIMERS; i++) {
		vcpu[i] = create_vcpu(vm, i);
		start_timer(vcpu[i]);
	}
	serve(vcpu, 20);
	for (i = 0; i < NR_TIMERS; i++)
		close(vcpu[i]);
	usleep(50000);
	close(vm);
	/* For the detector of hung tasks, which looks once in a second. */
	sleep(3);
}

static void attack_log(struct attack *attack)
{
	unsigned int nr = attack->times * NR_ROUNDS, i, records;
	unsigned long refused = 0;
	int fd = kev_eventfd(0);
	struct kev_machine m;
	int log = log_open();

	kev_machine_create(&m, kev_has_chip(KEV_CHIP_FULL) ? KEV_CHIP_FULL :
			   KEV_CHIP_SPLIT, 1);
	for (i = 0; i < nr; i++)
		refused += be_refused(&m, fd);
	kev_machine_destroy(&m);
	close(fd);
	if (attack->counted && kev_has_chip(KEV_CHIP_SPLIT))
		time_out();
	records = log_count(log, attack->counted);
	close(log);
	if (records)
		attack_fail(attack, "something printed");
	attack_tell(attack, "%lu refusals, %u lines in the log", refused,
		    records);
}

HOSTILE_SUBJECT("log", attack_log);
