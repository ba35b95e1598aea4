// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that does nothing but keep the contract of Parker and die as its command
 * line says: in milliseconds, so that thousands of lives can be tested.
 *
 *   idle      reports, beats, powers off when it is asked to
 *   deaf      reports, beats, does not power off
 *   poweroff  halt  reboot  panic  as a kernel in order ends
 *   again     reboots before it reports
 *   silent    never reports
 *   hang      reports and beats no more
 *   registers  tells which registers the last owner of the CPU has left something in,
 *             and which of them hold what it writes there; "registers msrs" also of MSRs
 *   state  version  end  mark  head  reports what cannot be
 */
#include <linux/types.h>

#include "../../../../include/linux/parker_abi.h"

#define SETUP_INDIRECT	BIT(31)

/* What is needed of struct boot_params and of setup_data. */
#define EXT_CMD_LINE_PTR	0x0c8
#define CMD_LINE_PTR		0x228
#define SETUP_DATA		0x250

struct node {
	u64 next;
	u32 type;
	u32 len;
	u32 inner_type;
	u32 pad;
	u64 inner_len;
	u64 inner_addr;
};

static u32 read32(const u8 *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24;
}

static struct parker_given *find_block(const u8 *params)
{
	u64 pa = read32(params + SETUP_DATA) | (u64)read32(params + SETUP_DATA + 4) << 32;

	while (pa) {
		const struct node *node = (void *)pa;

		if (node->type == SETUP_INDIRECT &&
		    node->inner_type == (SETUP_INDIRECT | PARKER_SETUP_TYPE))
			return (void *)node->inner_addr;
		pa = node->next;
	}
	return NULL;
}

static bool is(const char *line, const char *word)
{
	while (*word && *line == *word) {
		line++;
		word++;
	}
	return !*word && !*line;
}

static void copy(u8 *to, const char *from)
{
	while ((*to++ = *from++))
		;
}

static void end(struct parker_told *told, u32 how)
{
	told->end = how;
	__atomic_store_n(&told->state, PARKER_TOLD_ENDED, __ATOMIC_RELEASE);
	for (;;)
		asm volatile("cli; hlt");
}

static void beat(struct parker_told *told)
{
	told->heartbeat++;
	for (int i = 0; i < 100000; i++)
		asm volatile("pause" : : : "memory");
}

static void beat_until_stop(struct parker_told *told,
			    const struct parker_request *request)
{
	while (request->request != PARKER_REQUEST_STOP)
		beat(told);
	end(told, PARKER_END_POWEROFF);
}

/* One of what no kernel in order reports, while it looks fine otherwise. */
static void lie(const char *line, struct parker_told *told,
		struct parker_console *console)
{
	if (is(line, "state"))
		told->state = 3;
	else if (is(line, "version"))
		told->version = 0;
	else if (is(line, "end"))
		end(told, 99);
	else if (is(line, "mark"))
		told->panicked = 2;
	else if (is(line, "head"))
		console->head = 1ULL << 63;
}

static void report(struct parker_told *told)
{
	told->version = PARKER_ABI_VERSION;
	told->nr_cpus = 1;
	__atomic_store_n(&told->state, PARKER_TOLD_UP, __ATOMIC_RELEASE);
}

#define NR_COMPONENTS	6

/* Components of the extended state: those of user registers, which hold any value. */
static const struct component {
	char name[8];
	u32 nr;
} components[NR_COMPONENTS] = {
	{ "x87", 0 }, { "xmm", 1 }, { "ymm", 2 }, { "opmask", 5 }, { "zmm", 6 }, { "zmm16", 7 },
};

static _Alignas(64) u8 state[16384];

static void cpuid(u32 leaf, u32 subleaf, u32 *out)
{
	asm volatile("cpuid" : "=a" (out[0]), "=b" (out[1]), "=c" (out[2]), "=d" (out[3])
		     : "a" (leaf), "c" (subleaf));
}

static u64 read_msr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (msr));
	return low | (u64)high << 32;
}

static void write_msr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((u32)value), "d" ((u32)(value >> 32)));
}

/* The bytes of a component in the standard format, and whether the CPU has it. */
static bool find_component(u32 nr, u64 features, u32 *start, u32 *len)
{
	u32 out[4];

	if (!(features >> nr & 1))
		return false;
	if (nr < 2) {
		*start = nr ? 160 : 32;
		*len = nr ? 256 : 128;
		return true;
	}
	cpuid(0xd, nr, out);
	*start = out[1];
	*len = out[0];
	return *start + *len <= sizeof(state);
}

static bool has_byte(const u8 *from, u32 len, u8 byte)
{
	for (u32 i = 0; i < len; i++)
		if (from[i] == byte)
			return true;
	return false;
}

static bool is_clear(const u8 *from, u32 len)
{
	for (u32 i = 0; i < len; i++)
		if (from[i])
			return false;
	return true;
}

static void say(struct parker_console *console, const char *verb, const char *name)
{
	u8 *to = (u8 *)(console + 1) + console->head;

	for (; *verb; console->head++)
		*to++ = *verb++;
	*to++ = ' ';
	for (console->head += 2; *name; console->head++)
		*to++ = *name++;
	*to = '\n';
}

static void save_state(u64 features)
{
	for (u32 i = 0; i < sizeof(state); i++)
		state[i] = 0;
	asm volatile("xsave64 %0" : "+m" (state) : "a" ((u32)features), "d" ((u32)(features >> 32))
		     : "memory");
}

static void fill_state(u64 features)
{
	u32 start, len;
	u64 filled = 0;

	for (u32 i = 0; i < sizeof(state); i++)
		state[i] = 0;
	for (u32 i = 0; i < NR_COMPONENTS; i++) {
		if (!find_component(components[i].nr, features, &start, &len))
			continue;
		for (u32 at = 0; at < len; at++)
			state[start + at] = 0x5a;
		filled |= 1ULL << components[i].nr;
	}
	/* Control word, tags and MXCSR as after a reset */
	state[0] = 0x7f, state[1] = 0x03, state[4] = 0xff, state[24] = 0x80, state[25] = 0x1f;
	*(u64 *)(state + 512) = filled;
	asm volatile("xrstor64 %0" : : "m" (state), "a" ((u32)filled), "d" ((u32)(filled >> 32)));
}

static void tell_state(struct parker_console *console, u64 features)
{
	u32 start, len;

	save_state(features);
	for (u32 i = 0; i < NR_COMPONENTS; i++)
		if (find_component(components[i].nr, features, &start, &len) &&
		    !is_clear(state + start, len))
			say(console, "found", components[i].name);
}

static void tell_kept(struct parker_console *console, u64 features)
{
	u32 start, len;

	save_state(features);
	for (u32 i = 0; i < NR_COMPONENTS; i++)
		if (find_component(components[i].nr, features, &start, &len) &&
		    has_byte(state + start, len, 0x5a))
			say(console, "holds", components[i].name);
}

/* All that is there is turned on, which XCR0 itself shows to the next owner. */
static u64 turn_state_on(struct parker_console *console)
{
	u32 out[4], low, high;
	u64 cr4;

	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	asm volatile("mov %0, %%cr4" : : "r" (cr4 | 1 << 9 | 1 << 18));
	asm volatile("xgetbv" : "=a" (low), "=d" (high) : "c" (0));
	if (low != 1 || high)
		say(console, "found", "xcr0");
	cpuid(0xd, 0, out);
	asm volatile("xsetbv" : : "a" (out[0]), "d" (out[3]), "c" (0));
	if (out[0] != 1)
		say(console, "holds", "xcr0");
	return out[0] | (u64)out[3] << 32;
}

/* Machine check in progress, and where the host's state is saved */
static void tell_msrs(struct parker_console *console)
{
	static const struct { char name[12]; u32 nr; u64 value; } msrs[] = {
		{ "mcg_status", 0x17a, 4 }, { "vm_hsave_pa", 0xc0010117, 0x1000 },
	};

	for (u32 i = 0; i < 2; i++) {
		if (read_msr(msrs[i].nr))
			say(console, "found", msrs[i].name);
		write_msr(msrs[i].nr, msrs[i].value);
		if (read_msr(msrs[i].nr) == msrs[i].value)
			say(console, "holds", msrs[i].name);
	}
}

static void tell_registers(struct parker_console *console, bool msrs)
{
	u64 features = turn_state_on(console);

	tell_state(console, features);
	fill_state(features);
	tell_kept(console, features);
	if (msrs)
		tell_msrs(console);
}

void run(const u8 *params)
{
	const char *line = (void *)(read32(params + CMD_LINE_PTR) |
				    (u64)read32(params + EXT_CMD_LINE_PTR) << 32);
	struct parker_given *given = find_block(params);
	struct parker_console *console = (void *)given + given->console_offset;
	struct parker_told *told = (void *)given + given->told_offset;

	if (is(line, "silent"))
		return;
	if (is(line, "again"))
		end(told, PARKER_END_REBOOT);

	copy((u8 *)(console + 1), "payload\n");
	console->head = 8;
	report(told);

	if (is(line, "hang"))
		return;
	if (is(line, "registers") || is(line, "registers msrs")) {
		tell_registers(console, is(line, "registers msrs"));
		end(told, PARKER_END_POWEROFF);
	}
	if (is(line, "poweroff"))
		end(told, PARKER_END_POWEROFF);
	if (is(line, "halt"))
		end(told, PARKER_END_HALT);
	if (is(line, "reboot"))
		end(told, PARKER_END_REBOOT);
	if (is(line, "panic")) {
		copy(told->message, "payload");
		told->panicked = 1;
		end(told, PARKER_END_PANIC);
	}
	while (is(line, "deaf"))
		beat(told);
	lie(line, told, console);
	beat_until_stop(told, (void *)given + given->request_offset);
}
