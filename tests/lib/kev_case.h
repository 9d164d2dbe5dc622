/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The runner of the programs that do not use kselftest_harness.h: cases that
 * register themselves, are chosen by their names, and give results as KTAP.
 */
#ifndef KEV_CASE_H
#define KEV_CASE_H

#include <stdbool.h>

#include "kev_ktap.h"

/**
 * struct kev_case - A case of a program
 * @name:	For the command line and the result.
 * @machine:	It runs only when it is named, for it needs this machine; NULL: any.
 * @data:	The program's own.
 * @wanted:	It was chosen.
 * @next:	Of all cases, in the order of files and in them.
 */
struct kev_case {
	const char *name;
	const char *machine;
	const void *data;
	bool wanted;
	struct kev_case *next;
};

/* Called by constructors, which a case's own file has. */
void kev_case_add(struct kev_case *c);

/* The next case that was chosen after @c; NULL: the first, or there is none. */
struct kev_case *kev_case_next(struct kev_case *c);

/**
 * struct kev_option - An option beside -l, which every program has
 * @letter:	Its name; 0 ends a table.
 * @number:	Where its argument goes; or
 * @flag:	what it sets.
 */
struct kev_option {
	char letter;
	unsigned int *number;
	bool *flag;
};

/**
 * struct kev_program - What is a program's own
 * @usage:	Its command line, for who got it wrong.
 * @options:	A table; NULL: none.
 * @by_part:	A case is also chosen by a part of its name.
 * @more:	Results that @end tells.
 * @begin:	After the options are read; may set @more.  May be NULL.
 * @run:	Runs a case.
 * @end:	After the last case.  May be NULL.
 */
struct kev_program {
	const char *usage;
	const struct kev_option *options;
	bool by_part;
	unsigned int more;
	void (*begin)(struct kev_program *program);
	void (*run)(const struct kev_case *c, struct kev_result *result);
	void (*end)(void);
};

/*
 * Runs the cases that the command line names, all but those with a machine of their
 * own when it names none.  -l [MACHINE] lists them.  Returns the exit status.
 */
int kev_main(struct kev_program *program, int argc, char **argv);

#endif /* KEV_CASE_H */
