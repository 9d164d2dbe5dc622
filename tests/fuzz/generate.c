// SPDX-License-Identifier: GPL-2.0
/* New programs: from nothing, and by changing one that is there. */
#include <string.h>

#include "fuzz.h"
#include "kev_util.h"

/* Machines to begin with. */
static const char * const machines[] = {
	"vm0 = CREATE_VM node\n",

	"vm0 = CREATE_VM node\n"
	"CREATE_IRQCHIP vm0\n"
	"vcpu0 = CREATE_VCPU vm0\n"
	"PWRITE vcpu0 at=0xfee000f0 len=4 data=0x1ff\n"
	"ev0 = EVENTFD\n",

	"vm0 = CREATE_VM node\n"
	"CREATE_IRQCHIP vm0\n"
	"CREATE_PIT2 vm0 flags=0x1\n"
	"vcpu0 = CREATE_VCPU vm0\n"
	"vcpu1 = CREATE_VCPU vm0 id=1\n"
	"PWRITE vcpu0 at=0xfee000f0 len=4 data=0x1ff\n"
	"PWRITE vcpu1 at=0xfee000f0 len=4 data=0x1ff\n"
	"ev0 = EVENTFD\n"
	"ev1 = EVENTFD\n",

	/* KVM_EVENTFD_VM_LINES */
	"vm0 = CREATE_VM node type=0x6b657600\n"
	"vcpu0 = CREATE_VCPU vm0\n"
	"ev0 = EVENTFD\n"
	"UPDATE_ROUTES vm0 nr=1 [gsi=0 type=2 lo=0x1000 data=0x41]\n",

	/* KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_X2APIC_API */
	"vm0 = CREATE_VM node\n"
	"ENABLE_CAP vm0 cap=0x79 arg=0x18\n"
	"ENABLE_CAP vm0 cap=0x81 arg=0x3\n"
	"vcpu0 = CREATE_VCPU vm0\n"
	"vcpu1 = CREATE_VCPU vm0 id=1\n"
	"PWRITE vcpu0 at=0x400000000000001b len=8 data=0xfee00d00\n"
	"PWRITE vcpu0 at=0x400000000000080f len=8 data=0x1ff\n"
	"PWRITE vcpu1 at=0xfee000f0 len=4 data=0x1ff\n"
	"UPDATE_ROUTES vm0 nr=1 [gsi=0 type=2 lo=0xfee00000 data=0x41]\n"
	"UPDATE_ROUTES vm0 nr=1 [gsi=1 type=2 lo=0xfee01000 data=0x42]\n"
	"ev0 = EVENTFD\n"
	"ev1 = EVENTFD\n",
};

/* Calls */

static const struct op *random_op(struct rng *rng)
{
	static unsigned int sum;
	unsigned int i, at;

	if (!sum)
		for (i = 0; i < nr_ops; i++)
			sum += ops[i].weight;
	at = rng_below(rng, sum);
	for (i = 0; at >= ops[i].weight; i++)
		at -= ops[i].weight;
	return &ops[i];
}

/* A slot of @kind, the first ones more often. */
static unsigned int random_slot(enum slot_kind kind, struct rng *rng)
{
	unsigned int i, best = NO_SLOT, nr = 0;

	if (kind == SLOT_ANY)
		return rng_below(rng, NR_SLOTS);
	for (i = 0; i < NR_SLOTS; i++) {
		if (slot_kind(i) != kind)
			continue;
		if (best == NO_SLOT || rng_one_in(rng, 3 * ++nr))
			best = i;
	}
	return best;
}

static void random_fields(const struct field *fields, uint64_t *val,
			  struct rng *rng)
{
	unsigned int i, nr = op_nr_fields(fields);

	for (i = 0; i < nr; i++)
		val[i] = fields[i].kind == KIND_BITS && !rng_one_in(rng, 3) ?
			 0 : kind_value(fields[i].kind, rng);
}

static bool counts_items(const struct op *op)
{
	return op->item_size && op->fields[0].kind == KIND_NR;
}

static void random_items(struct call *call, struct rng *rng)
{
	unsigned int i;

	if (!call->op->items[0].name)
		return;
	call->nr_items = rng_below(rng, rng_one_in(rng, 4) ? MAX_ITEMS : 3);
	for (i = 0; i < call->nr_items; i++)
		random_fields(call->op->items, call->item[i], rng);
	if (counts_items(call->op) && !rng_one_in(rng, 8))
		call->val[0] = call->nr_items;
}

static void random_call(struct call *call, struct rng *rng)
{
	memset(call, 0, sizeof(*call));
	call->op = random_op(rng);
	if (call->op->on)
		call->on = rng_one_in(rng, 40) ? random_slot(SLOT_ANY, rng) :
			   random_slot(call->op->on, rng);
	if (call->op->makes)
		call->to = random_slot(call->op->makes, rng);
	random_fields(call->op->fields, call->val, rng);
	random_items(call, rng);
	if (rng_one_in(rng, 30))
		call->ptr = rng_below(rng, NR_PTR);
}

/* Programs */

/* Behind @index, in the thread of the call that is there. */
static void insert(struct program *p, unsigned int index, struct call call)
{
	if (p->nr == MAX_CALLS)
		return;
	memmove(&p->call[index + 1], &p->call[index],
		(p->nr - index) * sizeof(call));
	call.thread = index ? p->call[index - 1].thread : 0;
	p->call[index] = call;
	p->nr++;
}

bool program_remove(struct program *p, unsigned int index)
{
	if (index >= p->nr)
		return false;
	p->nr--;
	memmove(&p->call[index], &p->call[index + 1],
		(p->nr - index) * sizeof(p->call[0]));
	return true;
}

static void append_random(struct program *p, unsigned int nr, struct rng *rng)
{
	struct call call;

	while (nr--) {
		random_call(&call, rng);
		insert(p, p->nr, call);
	}
}

/* A thread of its own, behind all others. */
static void add_thread(struct program *p, struct rng *rng)
{
	unsigned int thread = p->nr ? p->call[p->nr - 1].thread + 1 : 1;
	unsigned int nr = 1 + rng_below(rng, 3);
	struct call call;

	if (thread >= MAX_THREADS)
		return;
	p->rounds[thread] = 1 + rng_below(rng, rng_one_in(rng, 4) ?
					  MAX_ROUNDS : 20);
	while (nr-- && p->nr < MAX_CALLS) {
		random_call(&call, rng);
		call.thread = thread;
		p->call[p->nr++] = call;
	}
}

void program_generate(struct program *p, struct rng *rng)
{
	const char *error = "";
	unsigned int i = rng_below(rng, ARRAY_SIZE(machines));

	kev_assert(program_parse(p, machines[i], &error), "%s", error);
	append_random(p, 1 + rng_below(rng, 12), rng);
	if (rng_one_in(rng, 6)) {
		add_thread(p, rng);
		add_thread(p, rng);
	}
}

/* Changes */

static void change_field(struct call *call, struct rng *rng)
{
	const struct field *fields = call->op->fields;
	unsigned int nr = op_nr_fields(fields);
	uint64_t *val = call->val;
	unsigned int i;

	if (call->nr_items && !rng_one_in(rng, 4)) {
		fields = call->op->items;
		nr = op_nr_fields(fields);
		val = call->item[rng_below(rng, call->nr_items)];
	}
	if (!nr)
		return;
	i = rng_below(rng, nr);
	val[i] = kind_mutate(fields[i].kind, val[i], rng);
}

static void change_target(struct call *call, struct rng *rng)
{
	if (call->op->on && rng_one_in(rng, 2))
		call->on = random_slot(call->op->on, rng);
	else if (call->op->makes)
		call->to = random_slot(call->op->makes, rng);
}

static void change_items(struct call *call, struct rng *rng)
{
	if (call->op->items[0].name)
		random_items(call, rng);
	else
		change_field(call, rng);
}

static void change_call(struct program *p, struct rng *rng)
{
	struct call *call = &p->call[rng_below(rng, p->nr)];

	switch (rng_below(rng, 10)) {
	case 0:
		call->ptr = rng_below(rng, NR_PTR);
		break;
	case 1:
		change_target(call, rng);
		break;
	case 2:
		change_items(call, rng);
		break;
	default:
		change_field(call, rng);
		break;
	}
}

/* Some calls of another program, at the end. */
static void splice(struct program *p, const struct program *other,
		   struct rng *rng)
{
	unsigned int i = rng_below(rng, other->nr);

	for (; i < other->nr && !other->call[i].thread; i++)
		insert(p, p->nr, other->call[i]);
}

static void mutate_once(struct program *p, const struct program *other,
			struct rng *rng)
{
	unsigned int at = rng_below(rng, p->nr + 1);
	struct call call;

	switch (rng_below(rng, 16)) {
	case 0 ... 3:
		random_call(&call, rng);
		insert(p, at, call);
		break;
	case 4:
		append_random(p, 1 + rng_below(rng, 4), rng);
		break;
	case 5:
		program_remove(p, at);
		break;
	case 6:
		if (at < p->nr)
			insert(p, rng_below(rng, p->nr + 1), p->call[at]);
		break;
	case 7:
		splice(p, other, rng);
		break;
	case 8:
		add_thread(p, rng);
		break;
	default:
		change_call(p, rng);
		break;
	}
}

void program_mutate(struct program *p, const struct program *other,
		    struct rng *rng)
{
	unsigned int nr = 1 + rng_below(rng, rng_one_in(rng, 3) ? 12 : 3);

	while (nr-- && p->nr)
		mutate_once(p, other, rng);
}
