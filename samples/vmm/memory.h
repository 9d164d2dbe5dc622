/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's memory: one region. */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct memory - One region of guest memory
 * @host:	Where this process sees it.
 * @gpa:	Where the guest sees it.
 * @size:	Bytes.
 * @used:	Bytes handed out by memory_alloc().
 */
struct memory {
	uint8_t *host;
	uint64_t gpa;
	size_t size;
	size_t used;
};

void memory_create(struct memory *mem);
void memory_destroy(struct memory *mem);
void *memory_alloc(struct memory *mem, size_t size);
uint64_t memory_gpa(const struct memory *mem, const void *host);

#endif /* VMM_MEMORY_H */
