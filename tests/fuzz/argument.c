// SPDX-License-Identifier: GPL-2.0
/* Arguments in memory: good ones, and ones that cannot be read or written. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "kev_util.h"

/* What is zeroed for each call, and where the items of a batch are in it. */
#define USED		8192
#define ITEMS_AT	4096
/* What no process has mapped. */
#define NOWHERE		((uint8_t *)kev_bad_ptr())

static uint8_t *map_arena(int fd, int prot)
{
	size_t size = ARENA_SIZE + getpagesize();
	uint8_t *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	kev_assert(p != MAP_FAILED, "mmap");
	kev_assert(mmap(p, ARENA_SIZE, prot, MAP_SHARED | MAP_FIXED, fd, 0) == p,
		   "mmap of the arena");
	return p;
}

void arguments_setup(struct thread *thread)
{
	int fd = memfd_create("arguments", MFD_CLOEXEC);

	kev_assert(fd >= 0, "memfd_create");
	kev_assert(!ftruncate(fd, ARENA_SIZE), "ftruncate");
	thread->rw = map_arena(fd, PROT_READ | PROT_WRITE);
	thread->ro = map_arena(fd, PROT_READ);
	close(fd);
	kev_assert(!pipe2(thread->pipe, O_CLOEXEC | O_NONBLOCK), "pipe2");
}

static uint64_t field_value(const struct field *field, uint64_t val)
{
	return kind_is_slot(field->kind) ? (uint64_t)slot_fd(val) : val;
}

static void store_fields(uint8_t *at, const struct field *fields,
			 const uint64_t *val)
{
	unsigned int i, nr = op_nr_fields(fields);

	for (i = 0; i < nr; i++) {
		uint64_t value = field_value(&fields[i], val[i]);

		memcpy(at + fields[i].off, &value, fields[i].size);
	}
}

static void store_items(uint8_t *at, const struct call *call)
{
	unsigned int i;

	for (i = 0; i < call->nr_items; i++)
		store_fields(at + i * call->op->item_size, call->op->items,
			     call->item[i]);
}

/* Where @len bytes of the arena end, so that half of the last is beyond it. */
static uint8_t *cut(struct thread *thread, size_t len)
{
	return thread->rw + ARENA_SIZE - len / 2;
}

uint8_t *argument_place(struct thread *thread, uint8_t ptr, size_t len)
{
	switch (ptr) {
	case PTR_ODD:
		return thread->rw + 1;
	case PTR_CUT:
		return cut(thread, len);
	case PTR_RO:
		return thread->ro;
	case PTR_BAD:
		return NOWHERE;
	case PTR_NULL:
		return NULL;
	default:
		return thread->rw;
	}
}

/* Move what was made at the arena's begin to where the call wants it. */
static uint8_t *settle(struct thread *thread, const struct call *call,
		       size_t len)
{
	uint8_t *at = argument_place(thread, call->ptr, len);

	if (at == thread->rw + 1)
		memmove(at, thread->rw, len);
	else if (call->ptr == PTR_CUT)
		memcpy(at, thread->rw, len / 2);
	return at;
}

static void store_batch(struct thread *thread, const struct call *call)
{
	size_t len = call->nr_items * call->op->item_size;
	uint8_t *items = thread->rw + ITEMS_AT;
	uint64_t address;

	store_items(items, call);
	if (call->ptr == PTR_ITEMS_BAD) {
		items = NOWHERE;
	} else if (call->ptr == PTR_ITEMS_CUT) {
		items = cut(thread, len);
		memcpy(items, thread->rw + ITEMS_AT, len / 2);
	}
	address = (uintptr_t)items;
	memcpy(thread->rw, &address, sizeof(address));
}

uint8_t *argument_make(struct thread *thread, const struct call *call)
{
	size_t len = call->op->size + call->nr_items * call->op->item_size;

	memset(thread->rw, 0, USED);
	store_fields(thread->rw, call->op->fields, call->val);
	if (call->op->form == FORM_BATCH) {
		store_batch(thread, call);
		len = call->op->size;
	} else {
		store_items(thread->rw + call->op->size, call);
	}
	return settle(thread, call, len);
}

/* An item is an offset and what to store there. */
uint8_t *argument_change(struct thread *thread, const struct call *call)
{
	const struct op *op = call->op;
	unsigned int i, size = op->items[1].size;

	store_fields(thread->rw, op->fields, call->val);
	for (i = 0; i < call->nr_items; i++)
		if (call->item[i][0] <= op->size - size)
			memcpy(thread->rw + call->item[i][0],
			       &call->item[i][1], size);
	return settle(thread, call, op->size);
}
