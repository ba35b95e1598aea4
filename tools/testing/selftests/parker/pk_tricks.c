// SPDX-License-Identifier: GPL-2.0
/*
 * pk tricks: what any program can make a CPU or its kernel do that is not everyday work.
 *
 * None of it may end the kernel.  Each trick has a process of its own, and some have to
 * end in a certain way; what a machine does not have does not.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pk.h"

#define FLAG_TF		0x100UL
#define FLAG_AC		0x40000UL
#define STEPS		200
#define BUSY_USEC	30000
#define RING_PAGES	8

static _Alignas(4096) uint64_t watched[1024];
static uint64_t touched;

/* Also from a signal handler, and seen by the hardware each time */
static uint64_t touch(void)
{
	return __atomic_fetch_add(&touched, 1, __ATOMIC_RELAXED);
}

static void work(void)
{
	long long end = pk_now_usec() + BUSY_USEC;

	while (pk_now_usec() < end)
		for (int i = 0; i < 1000; i++)
			__atomic_store_n(&watched[i], touch(), __ATOMIC_RELAXED);
}

/* Instructions that are not for programs */
static int do_vmmcall(void)
{
	asm volatile("vmmcall");
	return 0;
}

static int do_vmcall(void)
{
	asm volatile("vmcall");
	return 0;
}

static int do_vmrun(void)
{
	asm volatile("vmrun %%rax" : : "a" (0));
	return 0;
}

static int do_vmload(void)
{
	asm volatile("vmload %%rax" : : "a" (0));
	return 0;
}

static int do_stgi(void)
{
	asm volatile("stgi");
	return 0;
}

static int do_invlpga(void)
{
	asm volatile("invlpga %%rax, %%ecx" : : "a" (0), "c" (0));
	return 0;
}

static int do_skinit(void)
{
	asm volatile("skinit %%eax" : : "a" (0));
	return 0;
}

static int do_wbinvd(void)
{
	asm volatile("wbinvd");
	return 0;
}

static int do_wrmsr(void)
{
	asm volatile("wrmsr" : : "a" (0), "d" (0), "c" (0xc0010015));
	return 0;
}

static int do_rdpmc(void)
{
	asm volatile("rdpmc" : : "c" (0) : "eax", "edx");
	return 0;
}

static int do_outb(void)
{
	asm volatile("outb %%al, $0x64" : : "a" (0xfe));
	return 0;
}

static int do_hlt(void)
{
	asm volatile("hlt");
	return 0;
}

static int do_icebp(void)
{
	asm volatile(".byte 0xf1");
	return 0;
}

static int do_gate(void)
{
	asm volatile("int $0x12");
	return 0;
}

/* Alignment checks, which only a program can have: each store takes one. */
static int do_misaligned(void)
{
	asm volatile("pushf\n\t"
		     "orl %1, (%%rsp)\n\t"
		     "popf\n\t"
		     "movl $0, 1(%0)"
		     : : "r" (watched), "i" (FLAG_AC) : "memory", "cc");
	return 0;
}

static void count_trap(int sig)
{
	(void)sig;
	touch();
}

/* It traps after each of its own instructions. */
static int do_step_self(void)
{
	unsigned int leaf = 0;

	signal(SIGTRAP, count_trap);
	__atomic_store_n(&touched, 0, __ATOMIC_RELAXED);
	asm volatile("pushf\n\t"
		     "orl %1, (%%rsp)\n\t"
		     "popf\n\t"
		     "nop\n\tnop\n\tnop\n\tcpuid\n\t"
		     "pushf\n\t"
		     "andl %2, (%%rsp)\n\t"
		     "popf"
		     : "+a" (leaf) : "i" (FLAG_TF), "i" (~(int)FLAG_TF)
		     : "rbx", "rcx", "rdx", "memory", "cc");
	return __atomic_load_n(&touched, __ATOMIC_RELAXED) < 4;
}

/* A locked access that crosses cache lines */
static int do_split_lock(void)
{
	for (int i = 0; i < 100; i++)
		asm volatile("lock incq %0" : "+m" (*(uint64_t *)((char *)watched + 60)));
	return 0;
}

static pid_t begin_traced(void)
{
	pid_t child = fork();
	int status;

	if (child)
		return waitpid(child, &status, 0) == child && WIFSTOPPED(status) ? child : -1;
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	for (;;)
		work();
}

static int step_with(int request)
{
	pid_t child = begin_traced();
	int status, ret = child < 0;

	for (int i = 0; i < STEPS && !ret; i++)
		ret = ptrace(request, child, NULL, NULL) ||
		      waitpid(child, &status, 0) != child || !WIFSTOPPED(status);
	kill(child, SIGKILL);
	return ret;
}

static int do_single_step(void)
{
	return step_with(PTRACE_SINGLESTEP);
}

static int do_single_block(void)
{
	return step_with(PTRACE_SINGLEBLOCK);
}

#define debug_reg(n)	(offsetof(struct user, u_debugreg) + (n) * sizeof(long))

/* Four of them, which the child hits; DR6 is read and written as debuggers do. */
static int do_debug_regs(void)
{
	pid_t child = begin_traced();
	int status, ret = child < 0;

	for (int i = 0; i < 4; i++)
		ret |= ptrace(PTRACE_POKEUSER, child, debug_reg(i), &watched[i]) != 0;
	/* Each enabled, on writes of eight bytes */
	ret |= ptrace(PTRACE_POKEUSER, child, debug_reg(7), 0x99990055UL) != 0;
	for (int i = 0; i < STEPS / 10 && !ret; i++) {
		ret = ptrace(PTRACE_CONT, child, NULL, NULL) ||
		      waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
		      WSTOPSIG(status) != SIGTRAP;
		ptrace(PTRACE_POKEUSER, child, debug_reg(6), 0);
	}
	kill(child, SIGKILL);
	return ret;
}

/* A data breakpoint at a load of SS waits for the next instruction (CVE-2018-8897). */
static int do_mov_ss(void)
{
	pid_t child = fork();
	static uint16_t ss;
	int status, ret;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		asm volatile("mov %%ss, %0" : "=m" (ss));
		raise(SIGSTOP);
		asm volatile("mov %0, %%ss\n\tsyscall"
			     : : "m" (ss), "a" (SYS_getppid) : "rcx", "r11", "memory");
		asm volatile("mov %0, %%ss\n\tint3" : : "m" (ss) : "memory");
		asm volatile("mov %0, %%ss\n\tvmmcall" : : "m" (ss) : "memory");
		_exit(0);
	}
	ret = waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
	      ptrace(PTRACE_POKEUSER, child, debug_reg(0), &ss) ||
	      ptrace(PTRACE_POKEUSER, child, debug_reg(7), 0x000f0001UL);
	for (int i = 0; i < 10 && !ret && WIFSTOPPED(status); i++)
		ret = ptrace(PTRACE_CONT, child, NULL, WSTOPSIG(status) == SIGILL ? SIGILL : 0) ||
		      waitpid(child, &status, 0) != child;
	kill(child, SIGKILL);
	return ret || WIFSTOPPED(status);
}

static int open_event(struct perf_event_attr *attr)
{
	attr->size = sizeof(*attr);
	attr->exclude_kernel = 1;
	attr->exclude_hv = 1;
	return syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Counts, then samples with a wake-up each: -1 where there is no such event. */
static long long try_event(struct perf_event_attr *attr)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open_event(attr);
	uint64_t count = 0;
	void *ring;

	if (fd < 0)
		return -1;
	ring = mmap(NULL, (RING_PAGES + 1) * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	work();
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		count = 0;
	/* It turns itself off by an interrupt to itself. */
	ioctl(fd, PERF_EVENT_IOC_REFRESH, 2);
	work();
	if (attr->sample_period && ring != MAP_FAILED &&
	    !((struct perf_event_mmap_page *)ring)->data_head)
		count = 0;
	close(fd);
	return count;
}

static long long try_kinds(struct perf_event_attr attr)
{
	struct perf_event_attr plain = attr;
	long long count = try_event(&plain);

	attr.sample_period = attr.type == PERF_TYPE_SOFTWARE ? 100000 : 10000;
	attr.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_CALLCHAIN;
	attr.wakeup_events = 1;
	for (int precise = 0; precise < 4; precise++) {
		plain = attr;
		plain.precise_ip = precise;
		try_event(&plain);
	}
	plain = attr;
	plain.sample_type |= PERF_SAMPLE_BRANCH_STACK;
	plain.branch_sample_type = PERF_SAMPLE_BRANCH_USER | PERF_SAMPLE_BRANCH_ANY;
	try_event(&plain);
	return count;
}

static int do_software_events(void)
{
	int ret = 0;

	for (int i = 0; i < PERF_COUNT_SW_MAX; i++) {
		struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .config = i };
		long long count = try_kinds(attr);

		/* The clocks tick in each machine. */
		ret |= i <= PERF_COUNT_SW_TASK_CLOCK && count <= 0;
	}
	return ret;
}

static int do_hardware_events(void)
{
	for (int i = 0; i < PERF_COUNT_HW_MAX; i++)
		try_kinds((struct perf_event_attr){ .type = PERF_TYPE_HARDWARE, .config = i });
	for (int i = 0; i < PERF_COUNT_HW_CACHE_MAX; i++)
		try_kinds((struct perf_event_attr){ .type = PERF_TYPE_HW_CACHE, .config = i });
	try_kinds((struct perf_event_attr){ .type = PERF_TYPE_RAW, .config = 0x76 });
	return 0;
}

/* Those that a driver has brought */
static int do_other_events(void)
{
	DIR *dir = opendir("/sys/bus/event_source/devices");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[300];
		int type = -1;
		FILE *file;

		snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type",
			 entry->d_name);
		file = fopen(path, "r");
		if (file && fscanf(file, "%d", &type) == 1 && type > PERF_TYPE_BREAKPOINT)
			try_kinds((struct perf_event_attr){ .type = type });
		if (file)
			fclose(file);
	}
	return 0;
}

/* Of each length that a CPU may have, by address masks beyond eight bytes */
static int do_breakpoints(void)
{
	int opened = 0;

	for (unsigned int len = 1; len <= 4096; len *= 2) {
		struct perf_event_attr attr = {
			.type		= PERF_TYPE_BREAKPOINT,
			.bp_type	= HW_BREAKPOINT_W,
			.bp_addr	= (uintptr_t)watched,
			.bp_len		= len,
		};

		opened += try_event(&attr) >= 0;
	}
	return !opened;
}

static const struct {
	const char *name;
	int (*run)(void);
	int sig, other;		/* It ends by one of these; by none if the other is 0. */
} tricks[] = {
	{ "vmmcall", do_vmmcall, SIGILL, SIGILL },
	{ "vmcall", do_vmcall, SIGILL, SIGILL },
	{ "vmrun", do_vmrun, SIGILL, SIGSEGV },
	{ "vmload", do_vmload, SIGILL, SIGSEGV },
	{ "stgi", do_stgi, SIGILL, SIGSEGV },
	{ "invlpga", do_invlpga, SIGILL, SIGSEGV },
	{ "skinit", do_skinit, SIGILL, SIGSEGV },
	{ "wbinvd", do_wbinvd, SIGSEGV, 0 },
	{ "wrmsr", do_wrmsr, SIGSEGV, SIGSEGV },
	{ "rdpmc", do_rdpmc, SIGSEGV, SIGSEGV },
	{ "outb", do_outb, SIGSEGV, SIGSEGV },
	{ "hlt", do_hlt, SIGSEGV, SIGSEGV },
	{ "icebp", do_icebp, SIGTRAP, SIGTRAP },
	{ "gate", do_gate, SIGSEGV, SIGSEGV },
	{ "misaligned", do_misaligned, SIGBUS, 0 },
	{ "step-self", do_step_self, 0, 0 },
	{ "split-lock", do_split_lock, 0, 0 },
	{ "single-step", do_single_step, 0, 0 },
	{ "single-block", do_single_block, 0, 0 },
	{ "debug-registers", do_debug_regs, 0, 0 },
	{ "mov-ss", do_mov_ss, 0, 0 },
	{ "breakpoints", do_breakpoints, 0, 0 },
	{ "software-events", do_software_events, 0, 0 },
	{ "hardware-events", do_hardware_events, 0, 0 },
	{ "other-events", do_other_events, 0, 0 },
};

static int try_trick(size_t i)
{
	pid_t child = fork();
	int status, ret;

	if (!child)
		_exit(tricks[i].run() != 0);
	if (waitpid(child, &status, 0) != child)
		return 1;
	/* Emulations let some pass that a CPU does not. */
	if (WIFSIGNALED(status))
		ret = WTERMSIG(status) != tricks[i].sig &&
		      WTERMSIG(status) != tricks[i].other;
	else
		ret = status || (tricks[i].sig && tricks[i].other);
	printf("trick %s: %s (status %#x)\n", tricks[i].name, ret ? "failed" : "ok", status);
	fflush(stdout);
	return ret;
}

/* All of them, or the one that is named. */
int pk_tricks(int argc, char **argv)
{
	int ret = PK_OK;

	if (argc > 2)
		return PK_USAGE;
	for (size_t i = 0; i < ARRAY_SIZE(tricks); i++)
		if (argc < 2 || !strcmp(argv[1], tricks[i].name))
			ret |= try_trick(i) ? PK_WRONG : PK_OK;
	return ret;
}
