/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kev-fuzz: programs of calls to the node, grown by what they reach in the
 * module.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define MAX_CALLS	40
#define MAX_FIELDS	6
#define MAX_ITEMS	8
#define MAX_THREADS	4
#define MAX_ROUNDS	200

/* slots.c: names for file descriptors */

/* What an fd is. */
enum slot_kind {
	SLOT_NONE,
	SLOT_NULL,
	SLOT_NODE,
	SLOT_VM,
	SLOT_VCPU,
	SLOT_EV,
	SLOT_STATS,
	SLOT_ANY,
};

#define NR_SLOTS	20
#define NO_SLOT		0

enum slot_kind slot_kind(unsigned int slot);
const char *slot_name(unsigned int slot);
/* A slot, or -1. */
int slot_by_name(const char *name);

/* rng.c: random numbers that follow from a seed */

struct rng {
	uint64_t state;
};

void rng_seed(struct rng *rng, uint64_t seed, uint64_t nr);
uint64_t rng_next(struct rng *rng);
/* Below @limit, which is not 0. */
uint32_t rng_below(struct rng *rng, uint32_t limit);
bool rng_one_in(struct rng *rng, uint32_t n);

/* kinds.c: what a field may mean, and values worth a try */

enum kind {
	KIND_ANY,
	KIND_BOOL,
	KIND_BITS,
	KIND_VM_TYPE,
	KIND_CAP,
	KIND_CAP_ARG,
	KIND_VCPU_ID,
	KIND_GSI,
	KIND_PIN,
	KIND_CHIP,
	KIND_ROUTE_TYPE,
	KIND_MSI_LO,
	KIND_MSI_HI,
	KIND_MSI_DATA,
	KIND_NR,
	KIND_ADDR,
	KIND_LEN,
	KIND_BUS_FLAGS,
	KIND_ACCESS,
	KIND_ACCESS_LEN,
	KIND_DATA,
	KIND_REG,
	KIND_CHIP_OFF,
	KIND_PIT_OFF,
	KIND_MP_STATE,
	KIND_INTR,
	KIND_CMD,
	KIND_MAP_OFF,
	KIND_STATS_OFF,
	KIND_STATS_LEN,
	/* Slots. */
	KIND_EV,
	KIND_EV_OR_NONE,
	KIND_FD,
};

bool kind_is_slot(enum kind kind);
uint64_t kind_value(enum kind kind, struct rng *rng);
uint64_t kind_mutate(enum kind kind, uint64_t val, struct rng *rng);

/* grammar.c: the calls there are */

struct field {
	const char *name;
	uint8_t kind;
	/* Where it is in the argument. */
	uint8_t off;
	uint8_t size;
};

/* How the argument of a call is made. */
enum form {
	/* An ioctl whose argument is the first field, or nothing. */
	FORM_VALUE,
	/* A structure of the fields, and items behind it. */
	FORM_STRUCT,
	/* A structure whose first field is the address of the items. */
	FORM_BATCH,
	/* A state: got by another ioctl, changed by the items, and set. */
	FORM_STATE,
	/* A system call of its own. */
	FORM_SYSCALL,
};

struct thread;
struct call;

struct op {
	const char *name;
	enum form form;
	/* What it is called on, and what it makes. */
	uint8_t on;
	uint8_t makes;
	/* How often, compared with others. */
	uint8_t weight;
	uint8_t item_size;
	uint16_t size;
	unsigned long cmd;
	/* FORM_STATE: what gets the state. */
	unsigned long get;
	long (*syscall)(struct thread *thread, const struct call *call);
	struct field fields[MAX_FIELDS];
	struct field items[MAX_FIELDS];
};

extern const struct op ops[];
extern const unsigned int nr_ops;

/* The op of a name, or NULL. */
const struct op *op_by_name(const char *name);
unsigned int op_nr_fields(const struct field *fields);

/* Where the argument is. */
enum ptr {
	PTR_GOOD,
	PTR_ODD,
	PTR_CUT,
	PTR_RO,
	PTR_BAD,
	PTR_NULL,
	PTR_ITEMS_BAD,
	PTR_ITEMS_CUT,
	NR_PTR,
};

extern const char * const ptr_names[NR_PTR];

/* One call of a program. */
struct call {
	const struct op *op;
	uint8_t thread;
	uint8_t on;
	uint8_t to;
	uint8_t ptr;
	uint8_t nr_items;
	uint64_t val[MAX_FIELDS];
	uint64_t item[MAX_ITEMS][MAX_FIELDS];
};

/*
 * The calls of thread 0 come first, and are made first.  Then all other threads
 * run at once, each making its calls @rounds times.
 */
struct program {
	unsigned int nr;
	unsigned int rounds[MAX_THREADS];
	struct call call[MAX_CALLS];
};

/* text.c: a program to read and to write */

/* False, and *@error says why. */
bool program_parse(struct program *p, const char *text, const char **error);
size_t program_print(const struct program *p, char *text, size_t size);

/* The longest text of a program. */
#define MAX_TEXT	65536

/* generate.c: programs that nobody wrote */

void program_generate(struct program *p, struct rng *rng);
/* @other: a program to take calls from. */
void program_mutate(struct program *p, const struct program *other,
		    struct rng *rng);
bool program_remove(struct program *p, unsigned int index);

/* exec.c: making the calls */

/* Memory for arguments, mapped twice, with nothing behind it. */
#define ARENA_SIZE	(256 * 1024)

struct thread {
	unsigned int index;
	/* The same memory; @ro cannot be written. */
	uint8_t *rw;
	uint8_t *ro;
	int pipe[2];
	struct cover *cover;
};

void exec_setup(void);
void exec_program(const struct program *p);

/* Of the program that runs. */
int slot_fd(unsigned int slot);
void slot_set(unsigned int slot, int fd);
int slot_take(unsigned int slot);
int exec_epoll(void);
/* Where @slot is mapped, if it is a vCPU's. */
uint8_t *slot_map(unsigned int slot);
#define SLOT_MAP_SIZE	(4 * 4096)

/* argument.c: the memory of an argument */

void arguments_setup(struct thread *thread);
/* Make @call's argument; *@items: of a batch. */
uint8_t *argument_make(struct thread *thread, const struct call *call);
/* The same for a state that is in @thread->rw already. */
uint8_t *argument_change(struct thread *thread, const struct call *call);
/* Where @len bytes are that lie as @call->ptr says. */
uint8_t *argument_place(struct thread *thread, uint8_t ptr, size_t len);

/* syscalls.c: the calls that are no ioctls */

long sys_pwrite(struct thread *thread, const struct call *call);
long sys_pread(struct thread *thread, const struct call *call);
long sys_pwritev(struct thread *thread, const struct call *call);
long sys_preadv(struct thread *thread, const struct call *call);
long sys_poll(struct thread *thread, const struct call *call);
long sys_epoll_add(struct thread *thread, const struct call *call);
long sys_epoll_del(struct thread *thread, const struct call *call);
long sys_mmap(struct thread *thread, const struct call *call);
long sys_poke(struct thread *thread, const struct call *call);
long sys_peek(struct thread *thread, const struct call *call);
long sys_eventfd(struct thread *thread, const struct call *call);
long sys_signal(struct thread *thread, const struct call *call);
long sys_drain(struct thread *thread, const struct call *call);
long sys_dup(struct thread *thread, const struct call *call);
long sys_close(struct thread *thread, const struct call *call);
long sys_read_stats(struct thread *thread, const struct call *call);

/* cover.c: what a program reached, by the kernel's KCOV */

struct cover *cover_open(void);
/* Does this kernel tell? */
bool cover_works(void);
/* By the thread that is to be looked at. */
void cover_enable(struct cover *cover);
void cover_begin(struct cover *cover);
void cover_end(struct cover *cover);

/* Between programs: forget what the last one reached. */
void cover_reset(void);
/* Edges of the last program that no program before reached, and keep them. */
unsigned int cover_count_new(void);
unsigned int cover_keep(void);
/* The new edges of the last program; how many of them it reached again. */
void cover_remember_new(void);
unsigned int cover_count_remembered(void);
bool cover_has_all_remembered(void);

unsigned int cover_edges(void);
unsigned int cover_blocks(void);

/* report.c: what outlives the kernel */

void report_setup(void);
/* The program that is about to run, where the host finds it. */
void report_running(const struct program *p);
/* A program to be kept. */
void report_keep(const struct program *p, const char *name);
/* Has the kernel complained since the last call? */
bool report_splat(char *line, size_t size);

/* corpus.c: the programs worth being changed */

void corpus_load(const char *path);
unsigned int corpus_size(void);
const struct program *corpus_get(unsigned int index);
void corpus_add(const struct program *p);
void program_name(const struct program *p, char *name, size_t size);

/* shrink.c: the smallest program with the same new edges */

void program_shrink(struct program *p);

/* main.c */

/* Run one, counted and watched; ends the process when the kernel complains. */
void run_one(const struct program *p);

#endif /* FUZZ_H */
