// SPDX-License-Identifier: GPL-2.0
/*
 * How long the CPU is taken from a real-time task by what a user does.
 *
 * The clock counts instructions (boot -i), on one CPU: a nanosecond is an
 * instruction, and the result is the same at every run and on every host.  A task of
 * priority FIFO sleeps until an absolute time, again and again, and notes how late it
 * wakes: that is the longest section in which nobody else could run, less at most
 * its period.  The kernel preempts voluntarily, as Debian's does by default, so that a
 * loop in a system call counts unless it yields.  With full preemption it would not.
 *
 * The kernel's page allocator moves thousands of pages between its lists in one piece,
 * with interrupts off, whoever takes or frees them.  How many depends on all that was
 * done before.  Here vm.percpu_pagelist_high_fraction bounds them, so that what else takes
 * long is seen.  What the kernel does alone, so and by default, has a table of its own.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"

/* What a section may take at most: 0.25 ms. */
#define BOUND_NS	250000ull
#define PERIOD_NS	20000ull
#define MAX_FDS		250000ul

static const struct system systems[] = {
	{ "kvm.ko", "/dev/kvm", false },
	{ "module", KVM_EVENTFD_NODE, true },
};

/* No node at all. */
static const struct system kernel = { "kernel", "/dev/null", false };

#define NR_SYSTEMS	ARRAY_SIZE(systems)
#define NOT_RUN		UINT64_MAX

/* The probe */

static struct probe {
	int go;			/* eventfd: one for each time that it shall run */
	int done;
	atomic_bool stop;
	uint64_t worst;
} probe;

uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		;
}

void settle_ms(unsigned int ms)
{
	sleep_until(clock_ns() + ms * 1000000ull);
}

static void probe_run(void)
{
	uint64_t next, late;

	while (!atomic_load(&probe.stop)) {
		next = clock_ns() + PERIOD_NS;
		sleep_until(next);
		late = clock_ns() - next;
		if (late > probe.worst)
			probe.worst = late;
	}
}

static void *probe_thread(void *arg)
{
	struct sched_param param = { .sched_priority = 50 };
	uint64_t value;

	(void)arg;
	kev_assert(!sched_setscheduler(0, SCHED_FIFO, &param), "SCHED_FIFO");
	while (read(probe.go, &value, sizeof(value)) == sizeof(value)) {
		probe_run();
		kev_signal(probe.done);
	}
	return NULL;
}

/* It has the higher priority: it sleeps for the first time when this returns. */
void probe_begin(void)
{
	atomic_store(&probe.stop, false);
	kev_signal(probe.go);
}

void probe_end(void)
{
	uint64_t value;

	/* What began in the last period is late within the next. */
	settle_ms(1);
	atomic_store(&probe.stop, true);
	kev_assert(read(probe.done, &value, sizeof(value)) == sizeof(value),
		   "the probe");
}

static void probe_open(void)
{
	probe.go = eventfd(0, EFD_CLOEXEC);
	probe.done = eventfd(0, EFD_CLOEXEC);
	kev_assert(probe.go >= 0 && probe.done >= 0, "eventfd");
	probe.worst = 0;
	kev_thread_start(probe_thread, NULL);
}

/* The lists of free pages that each CPU has */

#define PAGE_LISTS	"/proc/sys/vm/percpu_pagelist_high_fraction"
#define BY_DEFAULT	"0"

/* The pages of the machine divided by this: 256 of 2 GiB. */
static const char *short_lists(void)
{
	const char *fraction = getenv("KEV_PAGE_LISTS");

	return fraction && *fraction ? fraction : "2048";
}

/* A list that is too long gets short when pages come back to it, in small pieces. */
static void give_pages_back(void)
{
	const size_t bytes = 4 << 20;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	kev_assert(p != MAP_FAILED && !madvise(p, bytes, MADV_NOHUGEPAGE),
		   "mmap");
	memset(p, 1, bytes);
	munmap(p, bytes);
}

static void page_lists(const char *fraction)
{
	int fd = open(PAGE_LISTS, O_WRONLY | O_CLOEXEC);

	kev_assert(fd >= 0 && write(fd, fraction, strlen(fraction)) > 0,
		   PAGE_LISTS);
	close(fd);
	give_pages_back();
}

/* Rows, each in a process of its own, whose memory and files go with it */

static bool is_there(const struct system *system)
{
	return !access(system->node, R_OK | W_OK);
}

/*
 * What the memory of the program itself costs is not asked: the kernel clears a huge
 * page of it, 512 pages, in one piece.
 */
static void run_in_child(const struct system *system, const struct row *row,
			 int result)
{
	kev_assert(!prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), "prctl");
	setenv("KEV_NODE", system->node, 1);
	kev_assert(kev_raise_nofile(MAX_FDS), "RLIMIT_NOFILE");
	probe_open();
	row->run(system, row->size);
	kev_assert(write(result, &probe.worst, sizeof(probe.worst)) ==
		   sizeof(probe.worst), "the result");
	_exit(0);
}

/* The worst lateness; NOT_RUN when the row could not be run. */
static uint64_t run_row(const struct system *system, const struct row *row)
{
	uint64_t worst = NOT_RUN;
	int result[2], status;
	pid_t child;

	fflush(stdout);
	/* What the row before left to be freed is not this one's. */
	settle_ms(500);
	kev_assert(!pipe(result), "pipe");
	child = fork();
	kev_assert(child >= 0, "fork");
	if (!child)
		run_in_child(system, row, result[1]);
	close(result[1]);
	if (read(result[0], &worst, sizeof(worst)) != sizeof(worst))
		worst = NOT_RUN;
	close(result[0]);
	kev_assert(waitpid(child, &status, 0) == child, "waitpid");
	return worst;
}

static void print_cell(uint64_t worst)
{
	if (worst == NOT_RUN)
		printf(" %12s", "-");
	else
		printf(" %12.1f", worst / 1000.0);
}

/* Names of the rows beyond the bound, for the verdict. */
static char beyond[400];

static void note_beyond(struct attack *attack, const struct row *row)
{
	size_t len = strlen(beyond);

	snprintf(beyond + len, sizeof(beyond) - len, "%s%s",
		 len ? "; " : "later than the bound: ", row->name);
	attack_fail(attack, beyond);
}

/* One line of the table; how late the module's was. */
static uint64_t measure_row(struct attack *attack, const struct row *row)
{
	uint64_t worst = NOT_RUN;
	unsigned int i;
	int log = -1;

	printf("# %-52s %8u", row->name, row->size);
	for (i = 0; i < NR_SYSTEMS; i++) {
		worst = NOT_RUN;
		if (systems[i].ours)
			log = log_open();
		if (is_there(&systems[i]) && (systems[i].ours || row->both))
			worst = run_row(&systems[i], row);
		print_cell(worst);
	}
	printf("%s\n", worst != NOT_RUN && worst > BOUND_NS ? "  beyond" : "");
	fflush(stdout);
	if (log_count(log, true))
		attack_fail(attack, "the kernel complains in its log");
	close(log);
	if (worst == NOT_RUN)
		attack_fail(attack, "a row did not run");
	else if (worst > BOUND_NS)
		note_beyond(attack, row);
	return worst;
}

/* Only rows whose name has the text of $KEV_ROW in it. */
static bool is_selected(const struct attack *attack, const struct row *row)
{
	const char *text = getenv("KEV_ROW");

	if (text && *text)
		return strstr(row->name, text);
	return attack->times > 1 || row->brief;
}

/* What needs no module to be late: nobody's verdict depends on it. */
static void show_kernel(const struct attack *attack, const char *how)
{
	unsigned int i, nr = 0;

	for (i = 0; i < nr_kernel_rows; i++) {
		if (!is_selected(attack, &kernel_rows[i]))
			continue;
		if (!nr++)
			printf("# %-52s %8s %12s\n", "the kernel alone", "size",
			       how);
		printf("# %-52s %8u", kernel_rows[i].name, kernel_rows[i].size);
		print_cell(run_row(&kernel, &kernel_rows[i]));
		printf("\n");
	}
}

static void attack_latency(struct attack *attack)
{
	unsigned int i, nr = 0, good = 0;

	if (!attack->counted) {
		attack->result->skipped = "the clock does not count instructions (run)";
		return;
	}
	printf("# microseconds that a real-time task waits, at most %.0f\n",
	       BOUND_NS / 1000.0);
	page_lists(short_lists());
	show_kernel(attack, "short lists");
	printf("# %-52s %8s %12s %12s\n", "operation", "size",
	       systems[0].name, systems[1].name);
	for (i = 0; i < nr_latency_rows; i++) {
		if (!is_selected(attack, &latency_rows[i]))
			continue;
		nr++;
		good += measure_row(attack, &latency_rows[i]) <= BOUND_NS;
	}
	page_lists(BY_DEFAULT);
	show_kernel(attack, "by default");
	if (!nr)
		attack_fail(attack, "no operation has that name");
	attack_tell(attack, "%u of %u operations delay a real-time task by at most %.2f ms",
		    good, nr, BOUND_NS / 1e6);
}

HOSTILE_SUBJECT_ON("counted", "latency", attack_latency);
