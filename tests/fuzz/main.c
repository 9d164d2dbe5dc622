// SPDX-License-Identifier: GPL-2.0
/*
 * kev-fuzz: programs of calls to the node, grown by what they reach in the
 * module.
 *
 *	kev-fuzz [-t SECONDS | -n PROGRAMS | -m] [-s SEED] FILE...
 *
 * Runs each program of the files or folders.  Then, with -t, changes what it
 * has and keeps what reaches something new, for so long; with -n, makes so many
 * programs of those in the files, the same ones at each run of a seed; with -m,
 * tells which of the files' programs are needed to reach what all of them do.
 *
 * The program that runs is in /dev/shared before it runs.  Status 1: the kernel
 * complained of it, or it did not end.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuzz.h"
#include "kev_ktap.h"
#include "kev_util.h"

/* A program that takes longer hangs; under load, most take a few ms. */
#define HANG_SECONDS	60
#define TELL_MS		10000

static unsigned long executions;
static unsigned int nr_found;
static uint64_t seed = 1;

static void hung(int sig)
{
	static const char text[] = "Bail out! the program does not end\n";

	(void)sig;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) > 0)
		_exit(1);
	_exit(1);
}

void run_one(const struct program *p)
{
	char line[1024];

	report_running(p);
	cover_reset();
	alarm(HANG_SECONDS);
	exec_program(p);
	alarm(0);
	executions++;
	if (report_splat(line, sizeof(line))) {
		printf("Bail out! the kernel says: %s\n", line);
		exit(1);
	}
}

static void tell(void)
{
	printf("# %lu programs run, %u edges, %u blocks, %u in the corpus, %u of them new\n",
	       executions, cover_edges(), cover_blocks(), corpus_size(),
	       nr_found);
	fflush(stdout);
}

static void replay(void)
{
	unsigned int i;

	for (i = 0; i < corpus_size(); i++) {
		struct kev_result result = {};
		char name[64];

		run_one(corpus_get(i));
		cover_keep();
		program_name(corpus_get(i), name, sizeof(name));
		ktap_result(name, &result);
	}
	tell();
}

/* What a chance reached is not worth to be kept: twice more it must. */
static bool is_steady(const struct program *p)
{
	cover_remember_new();
	run_one(p);
	if (!cover_count_remembered())
		return false;
	run_one(p);
	return cover_count_remembered();
}

static void found(const struct program *p)
{
	char name[64];

	program_name(p, name, sizeof(name));
	report_keep(p, name);
}

static void try_new(struct program *p)
{
	run_one(p);
	if (!cover_count_new() || !is_steady(p))
		return;
	program_shrink(p);
	/* The last run of shrinking may have been of a smaller one. */
	run_one(p);
	cover_keep();
	corpus_add(p);
	nr_found++;
	found(p);
}

/* One of the newest, every other time. */
static const struct program *choose(struct rng *rng, unsigned int nr)
{
	unsigned int newest = nr > 40 ? 40 : nr;

	if (rng_one_in(rng, 2))
		return corpus_get(nr - 1 - rng_below(rng, newest));
	return corpus_get(rng_below(rng, nr));
}

/* The @index-th program of the seed, of the first @nr of the corpus. */
static void make(struct program *p, uint64_t index, unsigned int nr)
{
	struct rng rng;

	rng_seed(&rng, seed, index);
	if (!nr || rng_one_in(&rng, 10)) {
		program_generate(p, &rng);
		return;
	}
	*p = *choose(&rng, nr);
	program_mutate(p, choose(&rng, nr), &rng);
}

static void grow(unsigned int seconds)
{
	uint64_t end = kev_now_ms() + seconds * 1000ull, next = 0, i;
	static struct program p;

	for (i = 0; kev_now_ms() < end; i++) {
		make(&p, i, corpus_size());
		try_new(&p);
		if (kev_now_ms() >= next) {
			tell();
			next = kev_now_ms() + TELL_MS;
		}
	}
	tell();
}

/* Nothing that is found is used: what is run follows from the files alone. */
static void run_fixed(unsigned int nr)
{
	static struct program p;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		make(&p, i, corpus_size());
		run_one(&p);
		cover_keep();
	}
	tell();
}

static int by_size(const void *a, const void *b)
{
	const struct program *const *p = a, *const *q = b;

	return (int)(*p)->nr - (int)(*q)->nr;
}

/* Small ones first: a larger one is needed for what they do not reach. */
static void reduce(void)
{
	unsigned int i, nr = corpus_size();
	const struct program **sorted = calloc(nr, sizeof(*sorted));

	kev_assert(sorted, "calloc");
	for (i = 0; i < nr; i++)
		sorted[i] = corpus_get(i);
	qsort(sorted, nr, sizeof(*sorted), by_size);
	for (i = 0; i < nr; i++) {
		run_one(sorted[i]);
		if (!cover_count_new() || !is_steady(sorted[i]))
			continue;
		cover_keep();
		nr_found++;
		found(sorted[i]);
	}
	free(sorted);
	printf("# %u of %u programs are needed for %u edges\n", nr_found, nr,
	       cover_edges());
}

static void setup(char **files)
{
	signal(SIGALRM, hung);
	signal(SIGPIPE, SIG_IGN);
	report_setup();
	exec_setup();
	for (; *files; files++)
		corpus_load(*files);
}

int main(int argc, char **argv)
{
	unsigned int seconds = 0, programs = 0;
	bool only_reduce = false;
	int opt;

	while ((opt = getopt(argc, argv, "t:n:s:m")) >= 0) {
		switch (opt) {
		case 't':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			programs = strtoul(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'm':
			only_reduce = true;
			break;
		default:
			return 2;
		}
	}
	setup(argv + optind);
	kev_assert(cover_works() || !(seconds || only_reduce),
		   "this kernel has no KCOV");
	if (only_reduce) {
		reduce();
		return 0;
	}
	ktap_plan(corpus_size() + (seconds || programs));
	replay();
	if (seconds)
		grow(seconds);
	if (programs)
		run_fixed(programs);
	if (seconds || programs) {
		struct kev_result result = {};

		ktap_result("new programs", &result);
	}
	printf("# %lu programs ran to their end\n", executions);
	return ktap_status();
}
