// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU plugin: counts how often each instruction of the guest runs between
 * two marks, and writes "address count" lines when QEMU ends.
 *
 *	-plugin profile-plugin.so,begin=ADDR,end=ADDR,out=FILE
 *
 * The marks are the addresses of profile_begin() and profile_end() in
 * kev-bench, which is linked where no other program of the guest is.  Blocks of
 * instructions are counted, not instructions: one counter per translation.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin-api.h"

int qemu_plugin_version = 1;

/**
 * struct block - One translated block
 * @next:	All blocks.
 * @count:	Runs between the marks.
 * @nr:		Instructions.
 * @addr:	Where each is.
 */
struct block {
	struct block *next;
	uint64_t count;
	size_t nr;
	uint64_t addr[];
};

static struct block *blocks;
static uint64_t begin_addr;
static uint64_t end_addr;
static const char *out_path;
static bool counting;

static void on_begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	counting = true;
}

static void on_end(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	counting = false;
}

static void on_block(unsigned int cpu, void *data)
{
	struct block *block = data;

	(void)cpu;
	block->count += counting;
}

/* Where the instruction is; if it is a mark, have it switch the counting. */
static uint64_t watch_insn(struct qemu_plugin_insn *insn)
{
	uint64_t addr = qemu_plugin_insn_vaddr(insn);
	exec_fn fn = addr == begin_addr ? on_begin : on_end;

	if (addr == begin_addr || addr == end_addr)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, fn,
						       PLUGIN_NO_REGS, NULL);
	return addr;
}

static void on_translate(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t nr = qemu_plugin_tb_n_insns(tb);
	struct block *block;
	size_t i;

	(void)id;
	block = calloc(1, sizeof(*block) + nr * sizeof(block->addr[0]));
	if (!block)
		return;
	block->nr = nr;
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, PLUGIN_NO_REGS,
					     block);
	for (i = 0; i < nr; i++)
		block->addr[i] = watch_insn(qemu_plugin_tb_get_insn(tb, i));
}

static void on_exit_write(plugin_id id, void *data)
{
	FILE *out = fopen(out_path, "w");
	const struct block *block;
	size_t i;

	(void)id;
	(void)data;
	if (!out)
		return;
	for (block = blocks; block; block = block->next)
		for (i = 0; block->count && i < block->nr; i++)
			fprintf(out, "%016" PRIx64 " %" PRIu64 "\n",
				block->addr[i], block->count);
	fclose(out);
}

int qemu_plugin_install(plugin_id id, const struct qemu_info_t *info, int argc,
			char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "begin=", 6))
			begin_addr = strtoull(argv[i] + 6, NULL, 16);
		else if (!strncmp(argv[i], "end=", 4))
			end_addr = strtoull(argv[i] + 4, NULL, 16);
		else if (!strncmp(argv[i], "out=", 4))
			out_path = argv[i] + 4;
	}
	if (!begin_addr || !end_addr || !out_path)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_write, NULL);
	return 0;
}
