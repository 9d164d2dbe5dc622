/* SPDX-License-Identifier: GPL-2.0 */
/* latency: a probe that says how long a CPU is not given to a real-time task. */
#ifndef KEV_LATENCY_H
#define KEV_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "hostile.h"

/**
 * struct system - A node on which rows are run
 * @name:	For the table's head.
 * @node:	Its path.
 * @ours:	It is the module's: what goes beyond KVM is there.
 */
struct system {
	const char *name;
	const char *node;
	bool ours;
};

/**
 * struct row - An operation at its documented maximum
 * @name:	For the table.
 * @size:	How many of what it is about.
 * @run:	Prepares, and does it between probe_begin() and probe_end().
 * @both:	KVM has it, too, at this size.
 * @brief:	Also in `make check`.
 */
struct row {
	const char *name;
	unsigned int size;
	void (*run)(const struct system *system, unsigned int size);
	bool both;
	bool brief;
};

/* The probe; what it says is kept by the caller of the row. */
void probe_begin(void);
void probe_end(void);

/* Nanoseconds of the clock, and a wait that leaves the CPU to work items. */
uint64_t clock_ns(void);
void settle_ms(unsigned int ms);

/* What the kernel does with no module. */
extern const struct row kernel_rows[];
extern const unsigned int nr_kernel_rows;

extern const struct row latency_rows[];
extern const unsigned int nr_latency_rows;

#endif /* KEV_LATENCY_H */
