// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kev_case.h"

static struct kev_case *first;
static struct kev_case **end = &first;

void kev_case_add(struct kev_case *c)
{
	*end = c;
	end = &c->next;
}

struct kev_case *kev_case_next(struct kev_case *c)
{
	c = c ? c->next : first;
	while (c && !c->wanted)
		c = c->next;
	return c;
}

static void refuse(const struct kev_program *program)
{
	fprintf(stderr, "usage: %s\n", program->usage);
	exit(2);
}

/* What getopt() wants to know. */
static void letters_of(const struct kev_program *program, char *letters)
{
	const struct kev_option *option = program->options;

	*letters++ = 'l';
	for (; option && option->letter; option++) {
		*letters++ = option->letter;
		if (option->number)
			*letters++ = ':';
	}
	*letters = '\0';
}

static void take_option(const struct kev_program *program, char letter)
{
	const struct kev_option *option = program->options;

	while (option && option->letter && option->letter != letter)
		option++;
	if (!option || !option->letter)
		refuse(program);
	if (option->number)
		*option->number = strtoul(optarg, NULL, 0);
	else
		*option->flag = true;
}

static bool is_named(const struct kev_case *c, char **names, bool by_part)
{
	for (; *names; names++)
		if (by_part ? !!strstr(c->name, *names) : !strcmp(c->name, *names))
			return true;
	return false;
}

static unsigned int choose(char **names, bool by_part)
{
	struct kev_case *c;
	unsigned int nr = 0;

	for (c = first; c; c = c->next) {
		c->wanted = *names ? is_named(c, names, by_part) : !c->machine;
		nr += c->wanted;
	}
	return nr;
}

/* With @machine, those that need it. */
static int list(const char *machine)
{
	const struct kev_case *c;

	for (c = first; c; c = c->next)
		if (!machine || (c->machine && !strcmp(c->machine, machine)))
			puts(c->name);
	return 0;
}

static void run_wanted(const struct kev_program *program)
{
	struct kev_case *c = NULL;

	while ((c = kev_case_next(c))) {
		struct kev_result result = {};

		program->run(c, &result);
		ktap_result(c->name, &result);
	}
}

int kev_main(struct kev_program *program, int argc, char **argv)
{
	char letters[64];
	unsigned int nr;
	int opt;

	letters_of(program, letters);
	while ((opt = getopt(argc, argv, letters)) != -1) {
		if (opt == 'l')
			return list(argv[optind]);
		take_option(program, opt);
	}
	nr = choose(argv + optind, program->by_part);
	if (!nr) {
		fprintf(stderr, "no case has such a name\n");
		return 2;
	}
	if (program->begin)
		program->begin(program);
	ktap_plan(nr + program->more);
	run_wanted(program);
	if (program->end)
		program->end();
	return ktap_status();
}
