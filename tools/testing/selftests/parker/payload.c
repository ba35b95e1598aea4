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
