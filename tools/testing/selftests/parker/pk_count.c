// SPDX-License-Identifier: GPL-2.0
/*
 * pk count: what a command takes.  In an emulator that has mk/count-plugin.c of Parker's
 * repository, its log has the instructions of all CPUs before and after.  pk run: the
 * command is a program.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "pk.h"

/* As in the plugin, which reads that much; it is in one page. */
#define TEXT_LEN	64

/* A load that no compiler makes, so that the emulator sees it; else it does nothing. */
static void tell_emulator(char what, const char *name)
{
	static _Alignas(TEXT_LEN) char text[TEXT_LEN];
	char loaded;

	snprintf(text, sizeof(text), "%c%s", what, name);
	asm volatile(".byte 0x3e, 0x3e, 0x3e, 0x8a, 0x00" : "=a" (loaded) : "a" (text) : "memory");
}

int pk_count(int argc, char **argv)
{
	unsigned long long begin, end;
	int ret;

	if (argc < 3 || strlen(argv[1]) > TEXT_LEN - 2)
		return PK_USAGE;
	tell_emulator('+', argv[1]);
	begin = __rdtsc();
	ret = pk_run(argc - 2, argv + 2);
	end = __rdtsc();
	tell_emulator('-', argv[1]);
	printf("bench: value %s %llu\n", argv[1], end - begin);
	return ret;
}

int pk_program(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 2)
		return PK_USAGE;
	pid = fork();
	if (!pid) {
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(PK_WRONG);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("fork");
		return PK_WRONG;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : PK_WRONG;
}
