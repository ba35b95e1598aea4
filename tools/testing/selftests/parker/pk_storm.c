// SPDX-License-Identifier: GPL-2.0
/*
 * pk storm, spin, gap, hog, deadline: load on CPUs, and what it does to others.
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pk.h"

static bool stop;
static int spinning;

static void *spin(void *arg)
{
	pk_pin((long)arg);
	__atomic_add_fetch(&spinning, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		__builtin_ia32_pause();
	return NULL;
}

/* Starts a thread on each CPU of the set; the count of threads, or -1. */
static int on_cpus(const cpu_set_t *cpus, void *(*run)(void *), pthread_t *threads)
{
	int nr = 0;

	for (long cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, cpus))
			continue;
		if (pthread_create(&threads[nr], NULL, run, (void *)cpu)) {
			perror("pthread_create");
			return -1;
		}
		nr++;
	}
	return nr;
}

static int membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

static int do_membarrier(void *page)
{
	(void)page;
	return membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

/* Write protecting a page that was written to flushes it on all CPUs. */
static int do_mprotect(void *page)
{
	if (mprotect(page, 4096, PROT_READ | PROT_WRITE))
		return -1;
	__atomic_store_n((char *)page, 1, __ATOMIC_RELAXED);
	return mprotect(page, 4096, PROT_READ);
}

/*
 * Makes the kernel interrupt all of its other CPUs, COUNT times: each has a
 * thread of this process, and so is meant by a membarrier or a TLB flush.
 */
int pk_storm(int argc, char **argv)
{
	static pthread_t threads[CPU_SETSIZE];
	int (*once)(void *page);
	long long begin;
	cpu_set_t cpus;
	long count;
	void *page;
	int nr;

	if (argc != 3)
		return PK_USAGE;
	if (!strcmp(argv[1], "membarrier"))
		once = do_membarrier;
	else if (!strcmp(argv[1], "mprotect"))
		once = do_mprotect;
	else
		return PK_USAGE;
	count = strtol(argv[2], NULL, 10);

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || sched_getaffinity(0, sizeof(cpus), &cpus))
		return PK_WRONG;
	if (once == do_membarrier &&
	    membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)) {
		perror("membarrier");
		return PK_WRONG;
	}
	nr = on_cpus(&cpus, spin, threads);
	if (nr < 0)
		return PK_WRONG;
	/* Who is not there yet would not be interrupted. */
	while (__atomic_load_n(&spinning, __ATOMIC_RELAXED) < nr)
		usleep(1000);
	begin = pk_now_usec();
	for (long i = 0; i < count; i++) {
		if (once(page)) {
			perror(argv[1]);
			return PK_WRONG;
		}
	}
	printf("%ld in %lld us\n", count, pk_now_usec() - begin);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	return PK_OK;
}

static void sleep_until(long long end)
{
	long long left;

	while ((left = end - pk_now_usec()) > 0)
		usleep(left < 100000 ? left : 100000);
}

/* Keeps CPUs busy. */
int pk_spin(int argc, char **argv)
{
	static pthread_t threads[CPU_SETSIZE];
	cpu_set_t cpus;

	if (argc != 3 || pk_parse_cpus(argv[2], &cpus))
		return PK_USAGE;
	if (on_cpus(&cpus, spin, threads) < 0)
		return PK_WRONG;
	sleep_until(pk_now_usec() + strtol(argv[1], NULL, 10) * 1000000LL);
	return PK_OK;
}

static long long gap_end;
static long long gaps[CPU_SETSIZE];

static void *watch_gap(void *arg)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	long cpu = (long)arg;
	long long last, now;

	pk_pin(cpu);
	for (last = pk_now_usec(); last < gap_end; last = now) {
		nanosleep(&ms, NULL);
		now = pk_now_usec();
		if (now - last > gaps[cpu])
			gaps[cpu] = now - last;
	}
	return NULL;
}

/*
 * Prints the longest time in microseconds for which a thread that wants to run
 * every millisecond did not, on any of the CPUs.
 */
int pk_gap(int argc, char **argv)
{
	static pthread_t threads[CPU_SETSIZE];
	long long longest = 0;
	cpu_set_t cpus;
	int nr;

	if (argc != 3 || pk_parse_cpus(argv[2], &cpus))
		return PK_USAGE;
	gap_end = pk_now_usec() + strtol(argv[1], NULL, 10) * 1000000LL;
	nr = on_cpus(&cpus, watch_gap, threads);
	if (nr < 0)
		return PK_WRONG;
	for (int i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (gaps[cpu] > longest)
			longest = gaps[cpu];
	printf("%lld\n", longest);
	return PK_OK;
}

static long hog_cpu;
static long long hog_end;
static bool hog_refused;
static pthread_barrier_t hog_begin;

static void *hog(void *arg)
{
	const struct sched_param param = { .sched_priority = 50 };

	pk_pin(hog_cpu);
	hog_refused = sched_setscheduler(0, SCHED_FIFO, &param);
	pthread_barrier_wait(&hog_begin);
	while (!hog_refused && pk_now_usec() < hog_end)
		;
	return arg;
}

/* A real-time thread that never sleeps; says so when it has begun. */
int pk_hog(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 3)
		return PK_USAGE;
	hog_end = pk_now_usec() + strtol(argv[1], NULL, 10) * 1000000LL;
	hog_cpu = strtol(argv[2], NULL, 10);
	pthread_barrier_init(&hog_begin, NULL, 2);
	if (pthread_create(&thread, NULL, hog, NULL))
		return PK_WRONG;
	pthread_barrier_wait(&hog_begin);
	if (hog_refused)
		return PK_WRONG;
	printf("begun\n");
	fflush(stdout);
	pthread_join(thread, NULL);
	return PK_OK;
}

/* As the kernel has it; only newer libraries know it. */
struct deadline {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

/* A task that sleeps, but has so much of a CPU reserved. */
static pid_t reserve(long percent, int ready)
{
	const struct deadline attr = {
		.size = sizeof(attr), .policy = 6, .runtime = percent * 100000,
		.deadline = 10000000, .period = 10000000,
	};
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (syscall(SYS_sched_setattr, 0, &attr, 0)) {
		perror("sched_setattr");
		_exit(1);
	}
	if (write(ready, "", 1) == 1)
		pause();
	_exit(1);
}

static int run_and_wait(char **argv)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return PK_WRONG;
	return WEXITSTATUS(status);
}

/* Runs a command while sleeping tasks with deadlines have CPUs reserved. */
int pk_deadline(int argc, char **argv)
{
	static pid_t pids[CPU_SETSIZE];
	int ready[2], nr = 0, ret = PK_OK;
	long tasks, percent;
	char byte;

	if (argc < 4)
		return PK_USAGE;
	tasks = strtol(argv[1], NULL, 10);
	percent = strtol(argv[2], NULL, 10);
	if (tasks < 1 || tasks > CPU_SETSIZE || percent < 1 || percent > 100 || pipe(ready))
		return PK_USAGE;
	for (; nr < tasks; nr++)
		pids[nr] = reserve(percent, ready[1]);
	close(ready[1]);
	/* Ends early where each of them has failed. */
	for (int i = 0; i < nr && ret == PK_OK; i++)
		ret = read(ready[0], &byte, 1) == 1 ? PK_OK : PK_WRONG;
	if (ret == PK_OK)
		ret = run_and_wait(argv + 3);
	for (int i = 0; i < nr; i++)
		if (pids[i] > 0 && !kill(pids[i], SIGKILL))
			waitpid(pids[i], NULL, 0);
	return ret;
}
