// SPDX-License-Identifier: GPL-2.0
/*
 * pk bench: what bench.sh compares Parker with, and what it has done a known number of
 * times in an application kernel.
 *
 * Cycles are those of the time stamp counter, which the trace events have, too.
 */
#include <cpuid.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "pk.h"

#define PAGE	4096

static char *map(size_t len)
{
	char *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		perror("mmap");
		return NULL;
	}
	return at;
}

/* Room that is there: each page of it was written to. */
static char *fill(size_t len)
{
	char *at = map(len);

	if (!at)
		return NULL;
	/* Large pages, if the kernel has some. */
	madvise(at, len, MADV_HUGEPAGE);
	for (size_t i = 0; i < len; i += PAGE)
		at[i] = 1;
	return at;
}

static bool has_feature(unsigned int leaf_7_ebx, unsigned int leaf_7_edx)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) &&
	       ((ebx & leaf_7_ebx) || (edx & leaf_7_edx));
}

/* As clear_page() of the kernel does: by bytes with ERMS, else by words. */
static void clear_page(char *page, bool erms)
{
	size_t count = erms ? PAGE : PAGE / 8;

	if (erms)
		asm volatile("rep stosb" : "+D" (page), "+c" (count) : "a" (0) : "memory");
	else
		asm volatile("rep stosq" : "+D" (page), "+c" (count) : "a" (0) : "memory");
}

/* As memcpy() of the kernel does with FSRM. */
static void copy(char *to, const char *from, size_t len)
{
	if (has_feature(0, 1 << 4))
		asm volatile("rep movsb" : "+D" (to), "+S" (from), "+c" (len) : : "memory");
	else
		memcpy(to, from, len);
}

static int bench_zero(size_t len)
{
	bool erms = has_feature(1 << 9, 0);
	char *at = fill(len);
	unsigned long long begin;

	if (!at)
		return PK_WRONG;
	begin = __rdtsc();
	for (size_t i = 0; i < len; i += PAGE)
		clear_page(at + i, erms);
	printf("%llu\n", __rdtsc() - begin);
	return PK_OK;
}

static int bench_copy(size_t len)
{
	char *from = fill(len), *to = fill(len);
	unsigned long long begin;

	if (!from || !to)
		return PK_WRONG;
	begin = __rdtsc();
	copy(to, from, len);
	printf("%llu\n", __rdtsc() - begin);
	return PK_OK;
}

/* The first word of an init that has nothing else to do. */
static int bench_tsc(size_t nothing)
{
	printf("tsc %llu\n", __rdtsc());
	fflush(stdout);
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return PK_OK;
}

static int bench_calls(size_t count)
{
	for (size_t i = 0; i < count; i++)
		syscall(SYS_getppid);
	return PK_OK;
}

/* Small pages, each of which is touched once, so that each is one fault. */
static int bench_faults(size_t count)
{
	const size_t at_once = 1024;
	char *at = map(at_once * PAGE);

	if (!at)
		return PK_WRONG;
	madvise(at, at_once * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < count; i++) {
		if (i && i % at_once == 0 && madvise(at, at_once * PAGE, MADV_DONTNEED)) {
			perror("madvise");
			return PK_WRONG;
		}
		__atomic_store_n(at + i % at_once * PAGE, 1, __ATOMIC_RELAXED);
	}
	return PK_OK;
}

static int pipes[2][2];

static int pass(int from, int to, size_t count)
{
	char byte = 0;

	for (size_t i = 0; i < count; i++)
		if (read(from, &byte, 1) != 1 || write(to, &byte, 1) != 1)
			return PK_WRONG;
	return PK_OK;
}

static void *answer(void *count)
{
	pk_pin(0);
	pass(pipes[0][0], pipes[1][1], (size_t)count);
	return NULL;
}

/* Two threads on one CPU in turns: two switches for each byte that comes back. */
static int bench_switches(size_t count)
{
	pthread_t thread;
	int ret;

	pk_pin(0);
	if (pipe(pipes[0]) || pipe(pipes[1]) ||
	    pthread_create(&thread, NULL, answer, (void *)(count / 2)) ||
	    write(pipes[0][1], "", 1) != 1) {
		perror("pipe");
		return PK_WRONG;
	}
	ret = pass(pipes[1][0], pipes[0][1], count / 2);
	pthread_join(thread, NULL);
	return ret;
}

/* What goes on of itself. */
static int bench_rest(size_t seconds)
{
	sleep(seconds);
	return PK_OK;
}

int pk_bench(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(size_t number);
	} kinds[] = {
		{ "zero", bench_zero },
		{ "copy", bench_copy },
		{ "tsc", bench_tsc },
		{ "calls", bench_calls },
		{ "faults", bench_faults },
		{ "switches", bench_switches },
		{ "rest", bench_rest },
	};

	if (argc != 3)
		return PK_USAGE;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(argv[1], kinds[i].name))
			return kinds[i].run(strtoull(argv[2], NULL, 10));
	return PK_USAGE;
}
