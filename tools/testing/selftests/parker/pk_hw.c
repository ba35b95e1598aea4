// SPDX-License-Identifier: GPL-2.0
/*
 * pk msrs, tsc: what hwcheck.sh looks at.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <x86intrin.h>

#include "pk.h"

static int print_msrs(int cpu, char **regs)
{
	uint64_t value;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		return PK_WRONG;
	}
	for (; *regs; regs++) {
		if (pread(fd, &value, sizeof(value), strtoul(*regs, NULL, 0)) == sizeof(value))
			printf("%d %s 0x%llx\n", cpu, *regs, (unsigned long long)value);
		else
			printf("%d %s -\n", cpu, *regs);
	}
	close(fd);
	return PK_OK;
}

/* A line for each MSR of each CPU; its value is "-" where there is no such MSR. */
int pk_msrs(int argc, char **argv)
{
	cpu_set_t cpus;
	int ret = PK_OK;

	if (argc < 3 || pk_parse_cpus(argv[1], &cpus))
		return PK_USAGE;
	for (int cpu = 0; cpu < CPU_SETSIZE && ret == PK_OK; cpu++)
		if (CPU_ISSET(cpu, &cpus))
			ret = print_msrs(cpu, &argv[2]);
	return ret;
}

/* What two CPUs share while each of them reads its counter. */
static pthread_spinlock_t tsc_lock;
static pthread_barrier_t tsc_ready;
static uint64_t tsc_last, tsc_back;
static long long tsc_end;

static void *read_tsc(void *arg)
{
	uint64_t now;

	pk_pin((long)arg);
	pthread_barrier_wait(&tsc_ready);
	do {
		pthread_spin_lock(&tsc_lock);
		/* Not before the one that the other CPU has read. */
		_mm_lfence();
		now = __rdtsc();
		if (now < tsc_last && tsc_last - now > tsc_back)
			tsc_back = tsc_last - now;
		tsc_last = now;
		pthread_spin_unlock(&tsc_lock);
	} while (pk_now_usec() < tsc_end);
	return NULL;
}

static int compare_tsc(long one, long other)
{
	pthread_t threads[2];

	tsc_last = 0;
	tsc_end = pk_now_usec() + 10000;
	if (pthread_create(&threads[0], NULL, read_tsc, (void *)one) ||
	    pthread_create(&threads[1], NULL, read_tsc, (void *)other)) {
		perror("pthread_create");
		return PK_WRONG;
	}
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return PK_OK;
}

/*
 * Prints by how many cycles the time stamp counter stepped back at most, from the first
 * of the CPUs to each other one or back.
 */
int pk_tsc(int argc, char **argv)
{
	int first = -1, ret = PK_OK;
	cpu_set_t cpus;

	if (argc != 2 || pk_parse_cpus(argv[1], &cpus))
		return PK_USAGE;
	if (pthread_spin_init(&tsc_lock, PTHREAD_PROCESS_PRIVATE) ||
	    pthread_barrier_init(&tsc_ready, NULL, 2))
		return PK_WRONG;
	for (int cpu = 0; cpu < CPU_SETSIZE && ret == PK_OK; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		if (first < 0)
			first = cpu;
		else
			ret = compare_tsc(first, cpu);
	}
	if (ret == PK_OK)
		printf("%llu\n", (unsigned long long)tsc_back);
	return ret;
}
