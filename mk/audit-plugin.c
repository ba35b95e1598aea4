// SPDX-License-Identifier: GPL-2.0
/*
 * A TCG plugin for mk/audit: says which instructions that reach beyond a CPU are
 * executed, and which pages of memory are used, by each of the virtual CPUs from
 * the argument "from=N" on.
 *
 *   insn CPU CPL NAME REGISTER VALUE PC	before it is executed
 *   page CPU r|w ADDRESS PC			its first use since the last mark, with "pages=on"
 *
 * A line that somebody writes to MARK_PORT is a mark.  Accesses to devices are not
 * here, but in QEMU's trace, whose lines are in the same log.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

#define MARK_PORT	0xed
#define MAX_CPUS	64
#define PAGES		(1UL << 21)
#define PAGE_SHIFT	12
#define MAX_REGS	24
#define LOW		(1UL << 20)

/* What is known of an instruction when it is translated. */
struct seen {
	const char *name;
	uint64_t pc;
	/* An immediate port, or the register that a control register is set to. */
	int operand;
};

/* Only its own thread uses it. */
struct cpu {
	struct array *buf;
	void *handles[MAX_REGS];
	unsigned long mark;
	uint8_t *pages;
};

/* In the order of their numbers in instructions. */
static const char * const reg_names[] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cs",
};

enum { RAX, RCX, RDX, CS = 16 };
enum { OPERAND_NONE = -1, OPERAND_DX = -2 };

static struct cpu cpus[MAX_CPUS];
static atomic_ulong mark = 1;
static unsigned int from;
static bool want_pages;

static uint64_t read_reg(struct cpu *cpu, unsigned int nr)
{
	uint64_t value = 0;

	if (!cpu->buf) {
		struct array *array = qemu_plugin_get_registers();
		struct reg_descriptor *regs = (void *)array->data;

		cpu->buf = g_byte_array_new();
		for (unsigned int i = 0; i < array->len; i++)
			for (unsigned int j = 0; j < ARRAY_SIZE(reg_names); j++)
				if (!strcmp(regs[i].name, reg_names[j]))
					cpu->handles[j] = regs[i].handle;
	}
	g_byte_array_set_size(cpu->buf, 0);
	if (!cpu->handles[nr] || !qemu_plugin_read_register(cpu->handles[nr], cpu->buf)) {
		fprintf(stderr, "audit: no register %s\n", reg_names[nr]);
		abort();
	}
	memcpy(&value, cpu->buf->data, cpu->buf->len < 8 ? cpu->buf->len : 8);
	return value;
}

static void say_insn(unsigned int nr, const struct seen *seen, uint64_t reg, uint64_t value)
{
	char line[160];

	snprintf(line, sizeof(line), "insn %u %u %s 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 "\n", nr,
		 (unsigned int)read_reg(&cpus[nr], CS) & 3, seen->name, reg, value, seen->pc);
	qemu_plugin_outs(line);
}

static void on_port(unsigned int nr, void *data)
{
	const struct seen *seen = data;
	struct cpu *cpu = &cpus[nr];
	uint64_t port = seen->operand;

	if (seen->operand == OPERAND_DX)
		port = read_reg(cpu, RDX) & 0xffff;
	if (port == MARK_PORT && (read_reg(cpu, RAX) & 0xff) == '\n')
		atomic_fetch_add(&mark, 1);
	if (nr >= from)
		say_insn(nr, seen, port, (uint32_t)read_reg(cpu, RAX));
}

/* In x2APIC mode IPIs are sent by it. */
static void on_wrmsr(unsigned int nr, void *data)
{
	struct cpu *cpu = &cpus[nr];

	if (nr >= from)
		say_insn(nr, data, (uint32_t)read_reg(cpu, RCX),
			 read_reg(cpu, RDX) << 32 | (uint32_t)read_reg(cpu, RAX));
}

/* CR3 is of interest where a CPU enters a kernel, and written often later. */
static void on_insn(unsigned int nr, void *data)
{
	const struct seen *seen = data;

	if (nr >= from && (strcmp(seen->name, "cr3") || seen->pc < LOW))
		say_insn(nr, seen, 0, seen->operand < 0 ? 0 : read_reg(&cpus[nr], seen->operand));
}

static void on_memory(unsigned int nr, uint32_t info, uint64_t vaddr, void *data)
{
	bool store = qemu_plugin_mem_is_store(info);
	struct cpu *cpu = &cpus[nr];
	struct hwaddr *hwaddr;
	unsigned long now;
	char line[96];
	uint64_t pa;

	if (nr < from)
		return;
	hwaddr = qemu_plugin_get_hwaddr(info, vaddr);
	if (!hwaddr || qemu_plugin_hwaddr_is_io(hwaddr))
		return;
	pa = qemu_plugin_hwaddr_phys_addr(hwaddr);
	now = atomic_load_explicit(&mark, memory_order_relaxed);
	if (cpu->mark != now) {
		if (!cpu->pages)
			cpu->pages = malloc(PAGES);
		memset(cpu->pages, 0, PAGES);
		cpu->mark = now;
	}
	/* One above the end stands for all: it is said each time. */
	if (pa >> PAGE_SHIFT < PAGES) {
		if (cpu->pages[pa >> PAGE_SHIFT] & (1 << store))
			return;
		cpu->pages[pa >> PAGE_SHIFT] |= 1 << store;
	}
	snprintf(line, sizeof(line), "page %u %c 0x%" PRIx64 " 0x%" PRIx64 "\n", nr,
		 store ? 'w' : 'r', pa, (uint64_t)(uintptr_t)data);
	qemu_plugin_outs(line);
}

static const char *of_0f01(uint8_t modrm)
{
	switch (modrm) {
	case 0xc0: return "enclv";
	case 0xc1: return "vmcall";
	case 0xc2: return "vmlaunch";
	case 0xc3: return "vmresume";
	case 0xc4: return "vmxoff";
	case 0xc5: return "pconfig";
	case 0xc6: return "wrmsrns";
	case 0xc8: return "monitor";
	case 0xc9: return "mwait";
	case 0xcf: return "encls";
	case 0xd8: return "vmrun";
	case 0xd9: return "vmmcall";
	case 0xda: return "vmload";
	case 0xdb: return "vmsave";
	case 0xdc: return "stgi";
	case 0xdd: return "clgi";
	case 0xde: return "skinit";
	case 0xdf: return "invlpga";
	case 0xfa: return "monitorx";
	case 0xfb: return "mwaitx";
	}
	return NULL;
}

/* Instructions of two bytes, p[0] is the second, and *rex goes before. */
static const char *of_0f(const uint8_t *p, uint8_t rex, int *operand)
{
	unsigned int reg = p[1] >> 3 & 7;

	switch (p[0]) {
	case 0x01:
		return of_0f01(p[1]);
	case 0x08:
		return "invd";
	case 0x09:
		return "wbinvd";
	case 0x22:
		*operand = (p[1] & 7) | (rex & 1) << 3;
		return rex & 4 ? NULL : reg == 0 ? "cr0" : reg == 3 ? "cr3" : NULL;
	case 0x30:
		return "wrmsr";
	case 0x37:
		return "getsec";
	case 0xaa:
		return "rsm";
	case 0xc7:
		/* VMPTRLD, VMCLEAR, VMXON; with a register it is RDRAND. */
		return reg == 6 && p[1] < 0xc0 ? "vmxon" : NULL;
	}
	return NULL;
}

static const char *of_port(const uint8_t *p, int *operand)
{
	*operand = OPERAND_DX;
	switch (p[0]) {
	case 0xe4: case 0xe5:
		*operand = p[1];
		return "in";
	case 0xe6: case 0xe7:
		*operand = p[1];
		return "out";
	case 0xec: case 0xed:
		return "in";
	case 0xee: case 0xef:
		return "out";
	case 0x6c: case 0x6d:
		return "ins";
	case 0x6e: case 0x6f:
		return "outs";
	}
	return NULL;
}

/*
 * In 64-bit code 0x40 to 0x4f is a prefix; elsewhere it is an instruction of one byte,
 * in which nothing follows.
 */
static bool is_prefix(uint8_t byte)
{
	return (byte & 0xf0) == 0x40 || (byte >= 0x64 && byte <= 0x67) || (byte & 0xe7) == 0x26 ||
	       byte == 0xf0 || byte == 0xf2 || byte == 0xf3;
}

static void look_at(struct insn *insn)
{
	uint8_t bytes[16 + 2] = {}, *p = bytes, rex = 0;
	size_t len = qemu_plugin_insn_data(insn, bytes, 16);
	struct seen seen = { .operand = OPERAND_NONE };
	void (*cb)(unsigned int cpu, void *data);
	struct seen *kept;

	while (p < bytes + len && is_prefix(*p))
		rex = *p++;
	if (p >= bytes + len)
		return;
	if (p[0] == 0x0f)
		seen.name = of_0f(p + 1, (rex & 0xf0) == 0x40 ? rex : 0, &seen.operand);
	else
		seen.name = of_port(p, &seen.operand);
	if (!seen.name)
		return;

	/* What MWAIT asks for */
	if (!strncmp(seen.name, "mwait", 5))
		seen.operand = RAX;
	cb = p[0] != 0x0f ? on_port : !strncmp(seen.name, "wrmsr", 5) ? on_wrmsr : on_insn;
	seen.pc = qemu_plugin_insn_vaddr(insn);
	kept = malloc(sizeof(*kept));
	*kept = seen;
	qemu_plugin_register_vcpu_insn_exec_cb(insn, cb, CB_R_REGS, kept);
}

static void on_translation(struct tb *tb, void *data)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)data;
	for (size_t i = 0; i < n; i++) {
		struct insn *insn = qemu_plugin_tb_get_insn(tb, i);

		look_at(insn);
		if (want_pages)
			qemu_plugin_register_vcpu_mem_cb(insn, on_memory, CB_NO_REGS, MEM_RW,
							 (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
	}
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "from=", 5)) {
			from = atoi(argv[i] + 5);
		} else if (!strcmp(argv[i], "pages=on")) {
			want_pages = true;
		} else if (strcmp(argv[i], "pages=off")) {
			fprintf(stderr, "audit: unknown argument %s\n", argv[i]);
			return -1;
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation, NULL);
	return 0;
}
