// SPDX-License-Identifier: GPL-2.0
/* Log flooding: nothing that a user or a guest gets wrong is printed. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "hostile.h"

#define NR_ROUNDS	50

static int log_open(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	kev_assert(log >= 0, "open /dev/kmsg");
	kev_assert(lseek(log, 0, SEEK_END) >= 0, "the end of the log");
	return log;
}

/* How many records since then name the module, or this program. */
static unsigned int log_count(int log)
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
		if (strcasestr(record, "kvm") || strcasestr(record, "kev"))
			nr++;
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

void attack_log(struct attack *attack)
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
	records = log_count(log);
	close(log);
	if (records)
		attack_fail(attack, "the module printed");
	attack_tell(attack, "%lu refusals, %u lines in the log", refused,
		    records);
}
