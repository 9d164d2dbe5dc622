// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's memory: one mapping that vhost is told of, handed out in pages.
 *
 * netdev.c lays its virtqueues out here; vhost.c tells the kernel where a
 * guest physical address lies in this process.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"
#include "util.h"

/* Not 0, so that a host address taken for a guest one does not work. */
#define MEMORY_GPA	0x40000000ULL
#define MEMORY_SIZE	(4UL << 20)
#define MEMORY_ALIGN	4096UL

/**
 * memory_create() - Map the region
 * @mem:	To fill.
 */
void memory_create(struct memory *mem)
{
	void *host = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (host == MAP_FAILED)
		die("cannot map %lu bytes of guest memory: %s", MEMORY_SIZE,
		    strerror(errno));

	mem->host = host;
	mem->gpa = MEMORY_GPA;
	mem->size = MEMORY_SIZE;
	mem->used = 0;
}

/**
 * memory_destroy() - Unmap the region; no device may use it any more
 * @mem:	From memory_create().
 */
void memory_destroy(struct memory *mem)
{
	munmap(mem->host, mem->size);
}

/**
 * memory_alloc() - Hand out zeroed, page-aligned guest memory
 * @mem:	The region.
 * @size:	Bytes.
 *
 * Return: the host address; memory_gpa() has the guest's.
 */
void *memory_alloc(struct memory *mem, size_t size)
{
	void *host = mem->host + mem->used;

	size = (size + MEMORY_ALIGN - 1) & ~(MEMORY_ALIGN - 1);
	if (size > mem->size - mem->used)
		die("the guest's %zu bytes of memory are too few", mem->size);
	mem->used += size;

	return host;
}

/**
 * memory_gpa() - Where the guest sees a host address
 * @mem:	The region.
 * @host:	An address in it.
 *
 * Return: the guest physical address.
 */
uint64_t memory_gpa(const struct memory *mem, const void *host)
{
	return mem->gpa + ((const uint8_t *)host - mem->host);
}
