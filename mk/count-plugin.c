// SPDX-License-Identifier: GPL-2.0
/*
 * A TCG plugin for mk/bench: counts instructions and halts by where in memory they lie,
 * in chunks of 2 MiB.  As no kernel executes another one's memory, that tells them apart;
 * which virtual CPU it was, QEMU does not tell where all of them have one thread.
 *
 * A program says when, by a load that no compiler makes (pk count): what it loads is a
 * text, which gets into QEMU's log with all counts so far:
 *
 *   count TEXT	CHUNK:INSTRUCTIONS:HALTS ...
 *
 * What a block of instructions has left to do when it faults is counted twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plugin.h"

/* As in pk_count.c */
#define TEXT_LEN	64

#define CHUNK_SHIFT	21
/* The last one has all that is above, or nowhere. */
#define NR_CHUNKS	(1UL << 15)
#define INSNS_SHIFT	16

/* mov (%rax), %al with the prefix of DS, three times */
static const uint8_t marker[] = { 0x3e, 0x3e, 0x3e, 0x8a, 0x00 };
static const uint8_t halt[] = { 0xf4 };

/* Only one thread uses them. */
static struct chunk {
	uint64_t insns;
	uint64_t halts;
} chunks[NR_CHUNKS];

static void on_block(unsigned int nr, void *data)
{
	uintptr_t what = (uintptr_t)data;

	(void)nr;
	chunks[what >> INSNS_SHIFT].insns += what & ((1 << INSNS_SHIFT) - 1);
}

static void on_halt(unsigned int nr, void *data)
{
	struct chunk *chunk = data;

	(void)nr;
	chunk->halts++;
}

static void on_marker(unsigned int nr, uint32_t info, uint64_t vaddr, void *data)
{
	static struct array *text;
	char line[TEXT_LEN + 16];

	(void)nr, (void)info, (void)data;
	if (!text)
		text = g_byte_array_new();
	if (!qemu_plugin_read_memory_vaddr(vaddr, text, TEXT_LEN))
		return;
	snprintf(line, sizeof(line), "count %.*s\t", TEXT_LEN, (char *)text->data);
	qemu_plugin_outs(line);
	for (unsigned int i = 0; i < NR_CHUNKS; i++) {
		if (!chunks[i].insns)
			continue;
		snprintf(line, sizeof(line), "%u:%" PRIu64 ":%" PRIu64 " ", i, chunks[i].insns,
			 chunks[i].halts);
		qemu_plugin_outs(line);
	}
	qemu_plugin_outs("\n");
}

static bool is(struct insn *insn, const uint8_t *bytes, size_t len)
{
	uint8_t got[16];

	return qemu_plugin_insn_data(insn, got, sizeof(got)) == len && !memcmp(got, bytes, len);
}

static void on_translation(struct tb *tb, void *data)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	uint64_t chunk = NR_CHUNKS - 1;
	uint64_t pa;

	(void)data;
	if (qemu_plugin_translate_vaddr(qemu_plugin_tb_vaddr(tb), &pa) && pa >> CHUNK_SHIFT < chunk)
		chunk = pa >> CHUNK_SHIFT;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CB_NO_REGS,
					     (void *)(uintptr_t)(chunk << INSNS_SHIFT | n));
	for (size_t i = 0; i < n; i++) {
		struct insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (is(insn, halt, sizeof(halt)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_halt, CB_NO_REGS,
							       &chunks[chunk]);
		if (is(insn, marker, sizeof(marker)))
			qemu_plugin_register_vcpu_mem_cb(insn, on_marker, CB_NO_REGS, MEM_R, NULL);
	}
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info, (void)argc, (void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation, NULL);
	return 0;
}
