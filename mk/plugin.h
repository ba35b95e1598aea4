/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What mk/audit-plugin.c and mk/count-plugin.c use of QEMU. Declared by hand, as QEMU's
 * header is not packaged: the interface of QEMU 11, in which callbacks know their data
 * and not the plugin's number.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT		__attribute__((visibility("default")))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define API_VERSION	7

/* Those of GLib that a plugin meets. */
struct array {
	uint8_t *data;
	unsigned int len;
};

struct reg_descriptor {
	void *handle;
	const char *name;
	const char *feature;
	bool is_readonly;
};

enum { CB_NO_REGS, CB_R_REGS };
enum { MEM_R = 1, MEM_W, MEM_RW };

struct insn;
struct tb;
struct hwaddr;

extern struct array *g_byte_array_new(void);
extern struct array *g_byte_array_set_size(struct array *array, unsigned int len);
extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
						  void (*cb)(struct tb *tb, void *data),
						  void *data);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct tb *tb,
						 void (*cb)(unsigned int cpu, void *data),
						 int flags, void *data);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct insn *insn,
						   void (*cb)(unsigned int cpu, void *data),
						   int flags, void *data);
extern void qemu_plugin_register_vcpu_mem_cb(struct insn *insn,
					     void (*cb)(unsigned int cpu, uint32_t info,
							uint64_t vaddr, void *data),
					     int flags, int rw, void *data);
extern size_t qemu_plugin_tb_n_insns(const struct tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct tb *tb);
extern struct insn *qemu_plugin_tb_get_insn(const struct tb *tb, size_t idx);
extern size_t qemu_plugin_insn_data(const struct insn *insn, void *dest, size_t len);
extern uint64_t qemu_plugin_insn_vaddr(const struct insn *insn);
extern bool qemu_plugin_mem_is_store(uint32_t info);
extern struct hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr);
extern bool qemu_plugin_hwaddr_is_io(const struct hwaddr *hwaddr);
extern uint64_t qemu_plugin_hwaddr_phys_addr(const struct hwaddr *hwaddr);
extern struct array *qemu_plugin_get_registers(void);
extern bool qemu_plugin_read_register(void *handle, struct array *buf);
extern bool qemu_plugin_read_memory_vaddr(uint64_t addr, struct array *buf, size_t len);
extern bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t *hwaddr);
extern void qemu_plugin_outs(const char *text);

EXPORT int qemu_plugin_version = API_VERSION;

#endif /* PLUGIN_H */
