// SPDX-License-Identifier: GPL-2.0
/*
 * The table: every figure with its goal, and whether it is met.  The goals are
 * those of Documentation/performance; all of them are in goals[] below, and
 * each holds at every size that is measured.
 *
 * "Met" asks for three things: the goal, less than kvm.ko at the same size, and
 * for a flat operation less than 15 % between its smallest size and any other.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define MAX_FIGURES	512
#define FLAT_TOLERANCE	0.15
#define NONE		(-1.0)

enum goal_kind {
	GOAL_NONE,		/* for information */
	GOAL_LESS,		/* no more than kvm.ko */
	GOAL_TIMES_KVM,		/* at most @value times kvm.ko */
	GOAL_MOST,		/* at most @value */
	GOAL_CAP,		/* the same, and never mind kvm.ko */
	GOAL_TIMES_FLOOR,	/* at most @value times an eventfd write */
	GOAL_AS_MMIO,		/* no more than doorbell-mmio */
	GOAL_SCALES,		/* two threads against one: see scales() */
};

/**
 * struct goal - One operation of the table
 * @op:		Its name in the code and the JSON.
 * @text:	Its name in the table.
 * @kind:	What its goal is.
 * @value:	The number in the goal.
 * @flat:	The cost may not depend on the size.
 * @few:	The number for up to 64 objects, where it is another one.
 */
struct goal {
	const char *op;
	const char *text;
	enum goal_kind kind;
	double value;
	bool flat;
	double few;
};

static const struct goal goals[] = {
	{ "eventfd-write", "eventfd write, no irqfd (the floor)" },
	{ "no-ioctl", "ioctl that no driver takes (a floor, too)" },
	{ "irqfd-signal", "eventfd write, irqfd, edge MSI", GOAL_MOST, 1000 },
	{ "irqfd-signal-fresh", "  the same, vector not pending",
	  GOAL_MOST, 1000 },
	{ "signal-msi", "KVM_SIGNAL_MSI", GOAL_MOST, 900 },
	{ "irq-line", "KVM_IRQ_LINE, IOAPIC + PIC pin", GOAL_LESS },
	{ "irq-line-toggle", "  the same, level changes each time", GOAL_LESS },
	{ "irq-line-unrouted", "  of a GSI without a route", GOAL_LESS },
	{ "irqfd-assign", "IRQFD assign, each of", GOAL_MOST, 1900, true },
	{ "irqfd-assign-at", "  one more, bound already", GOAL_MOST, 1900,
	  true },
	{ "irqfd-assign-first", "  the first of a VM, each of" },
	{ "irqfd-assign-batch", "  batched, each of" },
	{ "irqfd-deassign", "IRQFD deassign, each of", GOAL_MOST, 2500, true },
	{ "irqfd-deassign-at", "  one, with others bound", GOAL_MOST, 2500,
	  true },
	{ "irqfd-deassign-batch", "  batched, each of", GOAL_MOST, 1200, true },
	{ "set-routing", "SET_GSI_ROUTING, one of N MSI changed",
	  GOAL_TIMES_KVM, 0.4 },
	{ "update-routes", "  UPDATE_ROUTES of that one", GOAL_MOST, 13000,
	  true },
	{ "remove-pins", "  of 131,072 routes, without so many pins",
	  GOAL_MOST, 1000000, false, 13000 },
	{ "remove-shared-pins", "  the same, each wired to another GSI, too" },
	{ "disks-set-routing", "SET_GSI_ROUTING of one route more, up to",
	  GOAL_LESS },
	{ "disks-update-routes", "  UPDATE_ROUTES of the new one" },
	{ "ioeventfd-assign", "IOEVENTFD assign MMIO, each of",
	  GOAL_MOST, 2400, true },
	{ "ioeventfd-assign-at", "  one more, there already",
	  GOAL_MOST, 2400, true },
	{ "ioeventfd-assign-batch", "  batched, each of", GOAL_MOST, 1200 },
	{ "ioeventfd-deassign", "IOEVENTFD deassign MMIO, each of",
	  GOAL_MOST, 2500, true },
	{ "ioeventfd-deassign-at", "  one, with others there",
	  GOAL_MOST, 2500, true },
	{ "ioeventfd-deassign-batch", "  batched, each of", GOAL_MOST, 1200 },
	{ "ioeventfd-assign-0", "IOEVENTFD assign, length 0, each of",
	  GOAL_MOST, 2600 },
	{ "ioeventfd-deassign-0", "IOEVENTFD deassign, length 0, each of",
	  GOAL_MOST, 2600 },
	{ "vm-close", "close of a VM, irqfds", GOAL_MOST, 4000000,
	  .few = 300000 },
	{ "vm-close-io", "close of a VM, ioeventfds" },
	{ "doorbell-pio", "doorbell, PIO", GOAL_TIMES_FLOOR, 1.5, true },
	{ "doorbell-mmio", "doorbell, MMIO", GOAL_TIMES_FLOOR, 1.5, true },
	{ "doorbell-fast-mmio", "doorbell, FAST_MMIO", GOAL_AS_MMIO, 0, true },
	{ "doorbell-datamatch", "doorbell, one address, by value",
	  GOAL_TIMES_FLOOR, 1.5, true },
	{ "doorbell-uring", "doorbell, io_uring, batch of" },
	{ "doorbell-emulated", "without: emulator writes the eventfd" },
	{ "relay", "without: epoll thread and SIGNAL_MSI" },
	{ "slab-irqfd", "bytes per irqfd, slab", GOAL_MOST, 256 },
	{ "charged-irqfd", "bytes per irqfd, memcg", GOAL_LESS },
	{ "slab-ioeventfd", "bytes per ioeventfd, slab", GOAL_CAP, 128 },
	{ "charged-ioeventfd", "bytes per ioeventfd, memcg", GOAL_LESS },
	{ "slab-route", "bytes per route, slab", GOAL_MOST, 40 },
	{ "charged-route", "bytes per route, memcg", GOAL_MOST, 40 },
	{ "scale-eventfd", "eventfd writes per s, threads" },
	{ "scale-irqfd", "irqfd signals per s, threads", GOAL_SCALES },
	{ "scale-doorbell", "doorbells per s, threads", GOAL_SCALES },
};

/**
 * struct figure - What was measured for one operation at one size
 * @op:		Which; the pointer of goals[].
 * @size:	How many objects there were.
 * @cost:	Mean of what was reported; NONE where nothing was.
 * @nr:		How many reports that is the mean of.
 */
struct figure {
	const char *op;
	unsigned int size;
	double cost[NR_SYS];
	unsigned int nr[NR_SYS];
};

static struct figure figures[MAX_FIGURES];
static unsigned int nr_figures;

static struct figure *figure_find(const char *op, unsigned int size)
{
	unsigned int i;

	for (i = 0; i < nr_figures; i++)
		if (!strcmp(figures[i].op, op) && figures[i].size == size)
			return &figures[i];
	return NULL;
}

/* The name of @op that outlives the caller's. */
static const char *op_name(const char *op)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(goals); i++)
		if (!strcmp(goals[i].op, op))
			return goals[i].op;
	must(false, op);
	return NULL;
}

/* More than one report for the same figure: their mean counts. */
void report_cost(const char *op, unsigned int size, enum sys_id id, double cost)
{
	struct figure *figure = figure_find(op, size);
	unsigned int i;

	if (!figure) {
		must(nr_figures < MAX_FIGURES, "too many figures");
		figure = &figures[nr_figures++];
		figure->op = op_name(op);
		figure->size = size;
		for (i = 0; i < NR_SYS; i++)
			figure->cost[i] = NONE;
	}
	if (!figure->nr[id]++)
		figure->cost[id] = 0;
	figure->cost[id] += (cost - figure->cost[id]) / figure->nr[id];
}

/* A figure of the kernel alone: the same on both sides. */
void report_floor(const char *op, double cost)
{
	report_cost(op, 0, SYS_KVM, cost);
	report_cost(op, 0, SYS_OURS, cost);
}

/* Negative when it was not measured. */
double report_get(const char *op, unsigned int size, enum sys_id id)
{
	const struct figure *figure = figure_find(op, size);

	return figure ? figure->cost[id] : NONE;
}

static double floor_cost(void)
{
	return report_get("eventfd-write", 0, SYS_OURS);
}

/* What our figure may be at most; negative when there is no such number. */
static double goal_limit(const struct goal *goal, const struct figure *figure)
{
	switch (goal->kind) {
	case GOAL_MOST:
	case GOAL_CAP:
		return goal->few && figure->size <= 64 ? goal->few : goal->value;
	case GOAL_TIMES_FLOOR:
		return floor_cost() * goal->value;
	case GOAL_AS_MMIO:
		return report_get("doorbell-mmio", figure->size, SYS_OURS);
	case GOAL_LESS:
		return figure->cost[SYS_KVM];
	case GOAL_TIMES_KVM:
		return figure->cost[SYS_KVM] * goal->value;
	default:
		return NONE;
	}
}

/* Within the tolerance of the same operation at its smallest size. */
static bool is_flat(const struct figure *figure)
{
	double cost = figure->cost[SYS_OURS];
	double first;
	unsigned int i;

	for (i = 0; strcmp(figures[i].op, figure->op) ||
	     figures[i].cost[SYS_OURS] < 0; i++)
		;
	first = figures[i].cost[SYS_OURS];
	return cost <= first * (1 + FLAT_TOLERANCE);
}

/* What a second thread brings where nothing is shared: plain eventfds. */
static double machine_scales(void)
{
	return report_get("scale-eventfd", 2, SYS_OURS) /
	       report_get("scale-eventfd", 1, SYS_OURS);
}

/* Two threads gain at least nine tenths of that. */
static bool scales(const struct figure *figure)
{
	double one = report_get(figure->op, 1, SYS_OURS);

	return figure->cost[SYS_OURS] / one >= 0.9 * machine_scales();
}

/* One thread has no goal; nor has any, when the host had one CPU to give. */
static bool is_judged(const struct goal *goal, const struct figure *figure)
{
	if (figure->cost[SYS_OURS] < 0 || goal->kind == GOAL_NONE)
		return false;
	return goal->kind != GOAL_SCALES ||
	       (figure->size == 2 && machine_scales() >= 1.5);
}

static bool is_met(const struct goal *goal, const struct figure *figure)
{
	double limit = goal_limit(goal, figure);
	double kvm = figure->cost[SYS_KVM];
	double ours = figure->cost[SYS_OURS];

	if (goal->kind == GOAL_SCALES)
		return scales(figure);
	if (limit >= 0 && ours > limit)
		return false;
	if (goal->kind != GOAL_NONE && goal->kind != GOAL_CAP && kvm >= 0 &&
	    ours >= kvm)
		return false;
	return !goal->flat || is_flat(figure);
}

static const char *verdict(const struct goal *goal,
			   const struct figure *figure)
{
	if (!is_judged(goal, figure))
		return goal->kind == GOAL_SCALES && figure->size == 2 ?
		       "not judged: the host lacks a second idle CPU" : "";
	return is_met(goal, figure) ? "met" : "NOT MET";
}

static void print_number(double value, int width)
{
	if (value < 0)
		printf(" %*s", width, "-");
	else
		printf(" %*.*f", width, value < 1000 ? 1 : 0, value);
}

static void print_figure(const struct goal *goal, const struct figure *figure)
{
	double kvm = figure->cost[SYS_KVM];
	double ours = figure->cost[SYS_OURS];

	printf("%-39s", goal->text);
	if (figure->size)
		printf(" %6u", figure->size);
	else
		printf(" %6s", "");
	print_number(kvm, 10);
	print_number(ours, 10);
	if (kvm > 0 && ours >= 0)
		printf(" %6.2f", ours / kvm);
	else
		printf(" %6s", "-");
	print_number(goal_limit(goal, figure), 10);
	printf(" %s\n", verdict(goal, figure));
}

static void each_figure(void (*fn)(const struct goal *goal,
				   const struct figure *figure))
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(goals); i++)
		for (j = 0; j < nr_figures; j++)
			if (figures[j].op == goals[i].op)
				fn(&goals[i], &figures[j]);
}

static unsigned int nr_met, nr_missed, nr_unmeasured;

static void count_figure(const struct goal *goal, const struct figure *figure)
{
	const char *text = verdict(goal, figure);

	nr_met += !strcmp(text, "met");
	nr_missed += !strcmp(text, "NOT MET");
}

static bool was_measured(const struct goal *goal)
{
	unsigned int i;

	for (i = 0; i < nr_figures; i++)
		if (figures[i].op == goal->op && figures[i].cost[SYS_OURS] >= 0)
			return true;
	return false;
}

/* A goal without a figure is no goal met: say so, by name. */
static void report_unmeasured(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(goals); i++) {
		if (goals[i].kind == GOAL_NONE ||
		    goals[i].kind == GOAL_SCALES || was_measured(&goals[i]))
			continue;
		printf("not measured: %s\n", goals[i].op);
		nr_unmeasured++;
	}
}

/* @complete: every group has run that one boot can run. */
void report_table(bool complete)
{
	printf("%-39s %6s %10s %10s %6s %10s\n", "operation", "size",
	       systems[SYS_KVM].name, systems[SYS_OURS].name, "ratio", "goal");
	each_figure(print_figure);
	each_figure(count_figure);
	if (complete)
		report_unmeasured();
	printf("%u figures within their goals, %u not, %u operations not measured\n",
	       nr_met, nr_missed, nr_unmeasured);
}

static void json_number(const char *key, double value)
{
	if (value < 0)
		printf(", \"%s\": null", key);
	else
		printf(", \"%s\": %.1f", key, value);
}

/* One figure to a line: the host's scripts read them without a JSON parser. */
static void json_figure(const struct goal *goal, const struct figure *figure)
{
	const char *text = verdict(goal, figure);

	printf("kev-json {\"op\": \"%s\", \"size\": %u", figure->op,
	       figure->size);
	json_number("kvm", figure->cost[SYS_KVM]);
	json_number("ours", figure->cost[SYS_OURS]);
	json_number("goal", goal_limit(goal, figure));
	printf(", \"met\": %s}\n", !*text ? "null" :
	       *text == 'm' ? "true" : *text == 'N' ? "false" : "null");
}

void report_json(void)
{
	each_figure(json_figure);
}
