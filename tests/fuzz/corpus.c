// SPDX-License-Identifier: GPL-2.0
/*
 * The programs that are worth being changed.  A file has one program, or several
 * with a line "--- NAME" before each.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "kev_util.h"

static struct program **programs;
static unsigned int nr_programs;

unsigned int corpus_size(void)
{
	return nr_programs;
}

const struct program *corpus_get(unsigned int index)
{
	return programs[index];
}

void corpus_add(const struct program *p)
{
	programs = realloc(programs, (nr_programs + 1) * sizeof(*programs));
	kev_assert(programs, "realloc");
	programs[nr_programs] = malloc(sizeof(*p));
	kev_assert(programs[nr_programs], "malloc");
	*programs[nr_programs++] = *p;
}

/* By what it ends with: most often that is where it reached something new. */
void program_name(const struct program *p, char *name, size_t size)
{
	static char text[MAX_TEXT];
	uint32_t sum = 2166136261u;
	size_t i, len = program_print(p, text, sizeof(text));

	for (i = 0; i < len; i++)
		sum = (sum ^ (uint8_t)text[i]) * 16777619u;
	snprintf(name, size, "%s-%08x",
		 p->nr ? p->call[p->nr - 1].op->name : "empty", sum);
}

static void add_text(const char *path, char *text)
{
	static struct program p;
	const char *error;

	if (!program_parse(&p, text, &error)) {
		fprintf(stderr, "%s: cannot read: %s\n", path, error);
		exit(2);
	}
	if (p.nr)
		corpus_add(&p);
}

/* Up to the next line that begins with "---". */
static char *next_program(char *text)
{
	char *line = strstr(text, "\n---");

	if (!line)
		return NULL;
	*line = '\0';
	line += strcspn(line + 1, "\n") + 1;
	return line;
}

static char *read_whole(const char *path, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = calloc(1, size + 1);
	size_t len = 0;
	ssize_t got;

	kev_assert(fd >= 0 && text, "open %s", path);
	while (len < size && (got = read(fd, text + len, size - len)) > 0)
		len += got;
	close(fd);
	return text;
}

static void load_file(const char *path, size_t size)
{
	char *whole = read_whole(path, size);
	char *text = whole, *next;

	for (; text; text = next) {
		next = next_program(text);
		add_text(path, text);
	}
	free(whole);
}

static void load_folder(const char *path)
{
	struct dirent **entries;
	char file[512];
	int i, nr = scandir(path, &entries, NULL, alphasort);

	kev_assert(nr >= 0, "scandir %s", path);
	for (i = 0; i < nr; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (*entries[i]->d_name != '.')
			corpus_load(file);
		free(entries[i]);
	}
	free(entries);
}

void corpus_load(const char *path)
{
	struct stat st;

	kev_assert(!stat(path, &st), "%s", path);
	if (S_ISDIR(st.st_mode))
		load_folder(path);
	else
		load_file(path, st.st_size);
}
