/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of QEMU's plugin interface (version 1) that profile-plugin.c uses.
 * Debian ships the interface in its QEMU, but no header for it.
 */
#ifndef KEV_BENCH_QEMU_PLUGIN_API_H
#define KEV_BENCH_QEMU_PLUGIN_API_H

#include <stddef.h>
#include <stdint.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;

typedef uint64_t plugin_id;
typedef void (*tb_trans_fn)(plugin_id id, struct qemu_plugin_tb *tb);
typedef void (*exec_fn)(unsigned int cpu, void *data);
typedef void (*exit_fn)(plugin_id id, void *data);

enum plugin_regs { PLUGIN_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, tb_trans_fn fn);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  exec_fn fn, enum plugin_regs regs,
					  void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    exec_fn fn, enum plugin_regs regs,
					    void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, exit_fn fn, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
/* What a plugin defines. */
extern int qemu_plugin_version;
int qemu_plugin_install(plugin_id id, const struct qemu_info_t *info,
			int argc, char **argv);

#endif /* KEV_BENCH_QEMU_PLUGIN_API_H */
