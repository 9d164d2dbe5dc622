// SPDX-License-Identifier: GPL-2.0
/* Copies a file of the guest to the memory that the host has as a file. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHARED_SIZE	(16 << 20)

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	int from = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	int to = open("/dev/shared", O_RDWR);
	struct stat st;
	char *memory;

	if (from < 0 || fstat(from, &st) || st.st_size > SHARED_SIZE)
		return fail("what to copy");
	memory = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, to,
		      0);
	if (memory == MAP_FAILED)
		return fail("/dev/shared");
	if (read(from, memory, st.st_size) != st.st_size)
		return fail("read");
	return 0;
}
