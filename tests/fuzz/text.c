// SPDX-License-Identifier: GPL-2.0
/*
 * A program as text, a call a line:
 *
 *	vm0 = CREATE_VM node
 *	IRQFD vm0 fd=ev0 gsi=0x18 @cut
 *	SET_GSI_ROUTING vm0 nr=0x1 [gsi=0x18 type=0x2 lo=0xfee00000]
 *	thread 1 x20
 *	SIGNAL ev0 val=0x1
 *
 * What is not named is 0, or no fd.  "@" says where the argument is.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* Writing */

struct out {
	char *text;
	size_t size;
	size_t len;
};

__attribute__((__format__(printf, 2, 3)))
static void put(struct out *out, const char *fmt, ...)
{
	va_list args;

	if (out->len >= out->size)
		return;
	va_start(args, fmt);
	out->len += vsnprintf(out->text + out->len, out->size - out->len, fmt,
			      args);
	va_end(args);
}

static void put_fields(struct out *out, const struct field *fields,
		       const uint64_t *val, const char *before)
{
	unsigned int i, nr = op_nr_fields(fields);

	for (i = 0; i < nr; i++) {
		if (!val[i])
			continue;
		if (kind_is_slot(fields[i].kind))
			put(out, "%s%s=%s", before, fields[i].name,
			    slot_name(val[i]));
		else
			put(out, "%s%s=0x%llx", before, fields[i].name,
			    (unsigned long long)val[i]);
		before = " ";
	}
}

static void put_call(struct out *out, const struct call *call)
{
	unsigned int i;

	if (call->op->makes)
		put(out, "%s = ", slot_name(call->to));
	put(out, "%s", call->op->name);
	if (call->op->on)
		put(out, " %s", slot_name(call->on));
	put_fields(out, call->op->fields, call->val, " ");
	for (i = 0; i < call->nr_items; i++) {
		put(out, " [");
		put_fields(out, call->op->items, call->item[i], "");
		put(out, "]");
	}
	if (call->ptr)
		put(out, " @%s", ptr_names[call->ptr]);
	put(out, "\n");
}

size_t program_print(const struct program *p, char *text, size_t size)
{
	struct out out = { .text = text, .size = size };
	unsigned int i, thread = 0;

	text[0] = '\0';
	for (i = 0; i < p->nr; i++) {
		if (p->call[i].thread != thread) {
			thread = p->call[i].thread;
			put(&out, "thread %u x%u\n", thread, p->rounds[thread]);
		}
		put_call(&out, &p->call[i]);
	}
	return out.len < size ? out.len : size - 1;
}

/* Reading */

static bool parse_slot(const char *name, uint64_t *slot)
{
	int found = slot_by_name(name);

	*slot = found;
	return found >= 0;
}

static bool parse_number(const char *text, uint64_t *val)
{
	char *end;

	*val = strtoull(text, &end, 0);
	return end != text && !*end;
}

/* "name=value" */
static bool parse_field(char *word, const struct field *fields, uint64_t *val)
{
	unsigned int i, nr = op_nr_fields(fields);
	char *text = strchr(word, '=');

	if (!text)
		return false;
	*text++ = '\0';
	for (i = 0; i < nr; i++) {
		if (strcmp(fields[i].name, word))
			continue;
		return kind_is_slot(fields[i].kind) ?
		       parse_slot(text, &val[i]) : parse_number(text, &val[i]);
	}
	return false;
}

static bool parse_ptr(const char *word, uint8_t *ptr)
{
	unsigned int i;

	for (i = 0; i < NR_PTR; i++) {
		if (!strcmp(word, ptr_names[i])) {
			*ptr = i;
			return true;
		}
	}
	return false;
}

/* A word of an item, the first with "[" before it, the last with "]" behind. */
static bool parse_item(char *word, struct call *call, bool *inside)
{
	size_t len = strlen(word);

	if (*word == '[') {
		if (*inside || call->nr_items == MAX_ITEMS)
			return false;
		*inside = true;
		call->nr_items++;
		word++;
		len--;
	}
	if (len && word[len - 1] == ']') {
		word[len - 1] = '\0';
		*inside = false;
	}
	return !*word || parse_field(word, call->op->items,
				     call->item[call->nr_items - 1]);
}

static bool parse_words(struct call *call, char **save)
{
	bool inside = false;
	char *word;

	while ((word = strtok_r(NULL, " \t", save))) {
		bool good;

		if (inside || *word == '[')
			good = parse_item(word, call, &inside);
		else if (*word == '@')
			good = parse_ptr(word + 1, &call->ptr);
		else
			good = parse_field(word, call->op->fields, call->val);
		if (!good)
			return false;
	}
	return !inside;
}

static bool parse_target(struct call *call, char **save)
{
	char *word;
	uint64_t slot;

	if (!call->op->on)
		return true;
	word = strtok_r(NULL, " \t", save);
	if (!word || !parse_slot(word, &slot))
		return false;
	call->on = slot;
	return true;
}

static bool parse_call(struct call *call, char *line)
{
	char *save, *word = strtok_r(line, " \t", &save);
	char *rest = save;
	uint64_t slot;

	if (parse_slot(word, &slot)) {
		word = strtok_r(NULL, " \t", &rest);
		if (!word || strcmp(word, "="))
			return false;
		call->to = slot;
		word = strtok_r(NULL, " \t", &rest);
	}
	call->op = word ? op_by_name(word) : NULL;
	return call->op && !call->op->makes == !call->to &&
	       parse_target(call, &rest) && parse_words(call, &rest);
}

static bool parse_thread(struct program *p, const char *line,
			 unsigned int *thread)
{
	unsigned int rounds, before = *thread;

	if (sscanf(line, "thread %u x%u", thread, &rounds) != 2)
		return false;
	if (*thread <= before || *thread >= MAX_THREADS || !rounds ||
	    rounds > MAX_ROUNDS)
		return false;
	p->rounds[*thread] = rounds;
	return true;
}

static bool parse_line(struct program *p, char *line, unsigned int *thread)
{
	struct call *call = &p->call[p->nr];

	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return true;
	if (!strncmp(line, "thread ", 7))
		return parse_thread(p, line, thread);
	if (p->nr == MAX_CALLS)
		return false;
	memset(call, 0, sizeof(*call));
	call->thread = *thread;
	if (!parse_call(call, line))
		return false;
	p->nr++;
	return true;
}

bool program_parse(struct program *p, const char *text, const char **error)
{
	static char where[512], line[4096];
	unsigned int thread = 0;
	size_t len;

	memset(p, 0, sizeof(*p));
	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		snprintf(where, sizeof(where), "%.500s", line);
		*error = where;
		if (!parse_line(p, line, &thread))
			return false;
	}
	return true;
}
