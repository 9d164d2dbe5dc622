// SPDX-License-Identifier: GPL-2.0
/*
 * What a program reached: the pairs of basic blocks of the module that its
 * threads went through, one after the other, in one call.
 */
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "kev_util.h"

/* Words of the kernel's buffer, of which the first is a count. */
#define TRACE_WORDS	(64 * 1024)
#define NR_EDGES	(256 * 1024)
#define NR_BLOCKS	(64 * 1024)
#define MAX_REMEMBERED	4096

/* One thread's. */
struct cover {
	int fd;
	uint64_t *trace;
	/* Edges of this program, each once. */
	unsigned int nr;
	uint32_t edge[NR_EDGES];
	uint32_t seen_in[NR_EDGES];
};

static struct cover *covers[MAX_THREADS];
static unsigned int nr_covers;

/* Which program it is, so that nothing needs to be cleared between two. */
static uint32_t current = 1;

/* Of all programs that were kept. */
static uint8_t kept[NR_EDGES];
static unsigned int nr_kept;
static _Atomic uint64_t blocks[NR_BLOCKS];
static atomic_uint nr_blocks;

static uint32_t remembered[MAX_REMEMBERED];
static unsigned int nr_remembered;

/* A kernel without KCOV can run programs, and tells nothing. */
struct cover *cover_open(void)
{
	struct cover *cover = calloc(1, sizeof(*cover));
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	kev_assert(cover, "calloc");
	covers[nr_covers++] = cover;
	cover->fd = fd;
	if (fd < 0)
		return cover;
	kev_assert(!ioctl(fd, KCOV_INIT_TRACE, TRACE_WORDS), "KCOV_INIT_TRACE");
	cover->trace = mmap(NULL, TRACE_WORDS * sizeof(uint64_t),
			    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	kev_assert(cover->trace != MAP_FAILED, "mmap of kcov");
	return cover;
}

void cover_enable(struct cover *cover)
{
	if (!cover->trace)
		return;
	kev_assert(!ioctl(cover->fd, KCOV_ENABLE, KCOV_TRACE_PC),
		   "KCOV_ENABLE");
}

void cover_begin(struct cover *cover)
{
	if (!cover->trace)
		return;
	__atomic_store_n(&cover->trace[0], 0, __ATOMIC_RELAXED);
}

static uint64_t hash(uint64_t val)
{
	val *= 0x9e3779b97f4a7c15ull;
	return val ^ val >> 32;
}

/* Threads may find the same one at once; both then see it stored. */
static void add_block(uint64_t pc)
{
	unsigned int i = hash(pc) % NR_BLOCKS;
	uint64_t none;

	for (;; i = (i + 1) % NR_BLOCKS) {
		if (atomic_load(&blocks[i]) == pc)
			return;
		none = 0;
		if (atomic_compare_exchange_strong(&blocks[i], &none, pc)) {
			atomic_fetch_add(&nr_blocks, 1);
			return;
		}
		if (none == pc)
			return;
	}
}

static void add_edge(struct cover *cover, uint64_t from, uint64_t to)
{
	uint32_t edge = hash(to ^ hash(from)) % NR_EDGES;

	if (cover->seen_in[edge] == current)
		return;
	cover->seen_in[edge] = current;
	cover->edge[cover->nr++] = edge;
	add_block(to);
}

void cover_end(struct cover *cover)
{
	uint64_t i, nr, before = 0;

	if (!cover->trace)
		return;
	nr = __atomic_load_n(&cover->trace[0], __ATOMIC_RELAXED);
	for (i = 1; i <= nr && i < TRACE_WORDS; i++) {
		add_edge(cover, before, cover->trace[i]);
		before = cover->trace[i];
	}
}

/* Between programs */

void cover_reset(void)
{
	unsigned int i;

	current++;
	for (i = 0; i < nr_covers; i++)
		covers[i]->nr = 0;
}

/* Calls @fn for each edge of the last program; an edge may come twice. */
static void walk_edges(void (*fn)(uint32_t edge, void *arg), void *arg)
{
	unsigned int i, k;

	for (i = 0; i < nr_covers; i++)
		for (k = 0; k < covers[i]->nr; k++)
			fn(covers[i]->edge[k], arg);
}

static void count_new(uint32_t edge, void *arg)
{
	unsigned int *nr = arg;

	*nr += !kept[edge];
}

unsigned int cover_count_new(void)
{
	unsigned int nr = 0;

	walk_edges(count_new, &nr);
	return nr;
}

static void keep(uint32_t edge, void *arg)
{
	unsigned int *nr = arg;

	*nr += !kept[edge];
	kept[edge] = 1;
}

unsigned int cover_keep(void)
{
	unsigned int nr = 0;

	walk_edges(keep, &nr);
	nr_kept += nr;
	return nr;
}

static void remember(uint32_t edge, void *arg)
{
	(void)arg;
	if (!kept[edge] && nr_remembered < MAX_REMEMBERED)
		remembered[nr_remembered++] = edge;
}

void cover_remember_new(void)
{
	nr_remembered = 0;
	walk_edges(remember, NULL);
}

static bool reached(uint32_t edge)
{
	unsigned int i;

	for (i = 0; i < nr_covers; i++)
		if (covers[i]->seen_in[edge] == current)
			return true;
	return false;
}

/* Those that the last program did not reach again are forgotten. */
unsigned int cover_count_remembered(void)
{
	unsigned int i, nr = 0;

	for (i = 0; i < nr_remembered; i++)
		if (reached(remembered[i]))
			remembered[nr++] = remembered[i];
	nr_remembered = nr;
	return nr;
}

bool cover_has_all_remembered(void)
{
	unsigned int i;

	for (i = 0; i < nr_remembered; i++)
		if (!reached(remembered[i]))
			return false;
	return true;
}

bool cover_works(void)
{
	return covers[0]->trace;
}

unsigned int cover_edges(void)
{
	return nr_kept;
}

unsigned int cover_blocks(void)
{
	return atomic_load(&nr_blocks);
}
