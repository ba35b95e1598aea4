// SPDX-License-Identifier: GPL-2.0
/*
 * pk: what the shell tests of Parker need and a shell cannot do.
 *
 * A shell says "I/O error" whatever the errno was, cannot poll() a file, and
 * knows no kexec_file_load().  This program is linked statically, as it also
 * runs inside application kernels, which have little else.
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pk.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{ "write", pk_write, "[-n] [-u UID] FILE TEXT [ERRNO]" },
	{ "mkdir", pk_mkdir, "DIR [ERRNO]" },
	{ "rmdir", pk_rmdir, "DIR [ERRNO]" },
	{ "mount", pk_mount, "DIR [ERRNO]" },
	{ "as", pk_as, "UID COMMAND..." },
	{ "userns", pk_userns, "COMMAND..." },
	{ "uncap", pk_uncap, "CAPABILITY COMMAND..." },
	{ "lack", pk_lack, "opener|writer CAPABILITY FILE TEXT [ERRNO]" },
	{ "poll", pk_poll, "[-c] [-p PREFIX] FILE SECONDS TEXT..." },
	{ "until", pk_until, "FILE SECONDS COMMAND..." },
	{ "load", pk_load, "[-f FLAGS] ID KERNEL INITRD|- COMMAND_LINE [ERRNO]" },
	{ "unload", pk_unload, "ID [ERRNO]" },
	{ "kexec", pk_kexec, "KERNEL" },
	{ "declare", pk_declare, "KERNEL none|VERSION [OLDEST [REQUIRED]]" },
	{ "stall", pk_stall, "KERNEL" },
	{ "zero", pk_zero, "MEMORY" },
	{ "find", pk_find, "MEMORY TEXT_BACKWARDS" },
	{ "same", pk_same, "FILE FILE..." },
	{ "storm", pk_storm, "membarrier|mprotect COUNT" },
	{ "spin", pk_spin, "SECONDS CPUS" },
	{ "gap", pk_gap, "SECONDS CPUS" },
	{ "hog", pk_hog, "SECONDS CPU" },
	{ "deadline", pk_deadline, "TASKS PERCENT COMMAND..." },
	{ "dma", pk_dma, "DEVICE COUNT [ADDRESSES]" },
	{ "msi", pk_msi, "DEVICE ADDRESS" },
	{ "guard", pk_guard, "MIB ADDRESSES END" },
	{ "nth", pk_nth, "N write|mkdir|rmdir|load ARGUMENTS..." },
	{ "nfs", pk_nfs, "write ARGUMENTS..." },
	{ "bench", pk_bench, "zero|copy|tsc|calls|faults|switches|rest NUMBER" },
	{ "count", pk_count, "NAME COMMAND..." },
	{ "run", pk_program, "PROGRAM ARGUMENTS..." },
	{ "first", pk_first, "NAME TEXT PROGRAM ARGUMENTS..." },
	{ "ioperm", pk_ioperm, "PORT [ERRNO]" },
	{ "iopl", pk_iopl, "LEVEL [ERRNO]" },
	{ "open", pk_open, "FILE [ERRNO]" },
	{ "send", pk_send, "FILE OFFSET COUNT SENT" },
	{ "msr", pk_msr, "CPU MSR [VALUE [ERRNO]]" },
	{ "msrs", pk_msrs, "CPUS MSR..." },
	{ "tsc", pk_tsc, "CPUS" },
	{ "mark", pk_mark, "CPU TEXT" },
	{ "tricks", pk_tricks, "[NAME]" },
};

static const struct {
	int err;
	const char *name;
} errnos[] = {
	{ 0, "0" },
	{ E2BIG, "E2BIG" },
	{ EACCES, "EACCES" },
	{ EADDRNOTAVAIL, "EADDRNOTAVAIL" },
	{ EAGAIN, "EAGAIN" },
	{ EBADF, "EBADF" },
	{ EBUSY, "EBUSY" },
	{ EEXIST, "EEXIST" },
	{ EFAULT, "EFAULT" },
	{ EFBIG, "EFBIG" },
	{ EINTR, "EINTR" },
	{ EINVAL, "EINVAL" },
	{ EIO, "EIO" },
	{ EISDIR, "EISDIR" },
	{ ENAMETOOLONG, "ENAMETOOLONG" },
	{ ENODEV, "ENODEV" },
	{ ENOENT, "ENOENT" },
	{ ENOEXEC, "ENOEXEC" },
	{ ENOMEM, "ENOMEM" },
	{ ENOSPC, "ENOSPC" },
	{ ENOTDIR, "ENOTDIR" },
	{ ENOTEMPTY, "ENOTEMPTY" },
	{ EOPNOTSUPP, "EOPNOTSUPP" },
	{ EPERM, "EPERM" },
	{ ERANGE, "ERANGE" },
	{ EROFS, "EROFS" },
	{ ETIMEDOUT, "ETIMEDOUT" },
	{ EXDEV, "EXDEV" },
};

const char *pk_errno_name(int err)
{
	static char number[16];

	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++)
		if (errnos[i].err == err)
			return errnos[i].name;
	snprintf(number, sizeof(number), "%d", err);
	return number;
}

/* Success is wanted where no errno is named. */
int pk_expect(const char *what, const char *object, int err, const char *wanted)
{
	const char *got = pk_errno_name(err);

	if (!wanted)
		wanted = "0";
	if (!strcmp(got, wanted))
		return PK_OK;
	fprintf(stderr, "%s %s: got %s, wanted %s\n", what, object, got, wanted);
	return PK_WRONG;
}

long long pk_now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* Becomes an ordinary user: no groups, no capabilities. */
int pk_drop_to(const char *uid)
{
	uid_t id = strtoul(uid, NULL, 10);

	if (!setgroups(0, NULL) && !setresgid(id, id, id) && !setresuid(id, id, id))
		return 0;
	perror("setresuid");
	return -1;
}

int pk_parse_cpus(const char *list, cpu_set_t *cpus)
{
	CPU_ZERO(cpus);
	while (*list) {
		char *end;
		long first = strtol(list, &end, 10);
		long last = first;

		if (end == list)
			return -1;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (first < 0 || last >= CPU_SETSIZE)
			return -1;
		for (long cpu = first; cpu <= last; cpu++)
			CPU_SET(cpu, cpus);
		if (*end != ',')
			return *end ? -1 : 0;
		list = end + 1;
	}
	return 0;
}

/* A CPU that is offline meanwhile is no error: the thread runs elsewhere. */
void pk_pin(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* Runs the command that the first argument names; all of them say how they are used. */
int pk_run(int argc, char **argv)
{
	int ret = PK_USAGE;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (argc < 1 || strcmp(argv[0], commands[i].name))
			continue;
		ret = commands[i].run(argc, argv);
		if (ret == PK_USAGE)
			fprintf(stderr, "usage: pk %s %s\n",
				commands[i].name, commands[i].usage);
		return ret;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stderr, "%s pk %s %s\n", i ? "      " : "usage:",
			commands[i].name, commands[i].usage);
	return ret;
}

int main(int argc, char **argv)
{
	return pk_run(argc - 1, argv + 1);
}
