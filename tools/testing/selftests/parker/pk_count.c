// SPDX-License-Identifier: GPL-2.0
/*
 * pk count: what a command takes.  In an emulator that has mk/count-plugin.c of Parker's
 * repository, its log has the instructions of all CPUs before and after.  pk run: the
 * command is a program.  pk first: how long one needs until it says something.
 */
#include <fcntl.h>
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

/* Its output goes there, if there is something. */
static pid_t start_program(char **argv, int output)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (output >= 0)
		dup2(output, STDOUT_FILENO);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(PK_WRONG);
}

static int end_of(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("fork");
		return PK_WRONG;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : PK_WRONG;
}

int pk_program(int argc, char **argv)
{
	if (argc < 2)
		return PK_USAGE;
	return end_of(start_program(argv + 1, -1));
}

int pk_first(int argc, char **argv)
{
	unsigned long long begin = __rdtsc(), seen = 0;
	char *line = NULL;
	size_t size = 0;
	FILE *output;
	int ends[2];
	pid_t pid;

	if (argc < 4)
		return PK_USAGE;
	if (pipe2(ends, O_CLOEXEC)) {
		perror("pipe");
		return PK_WRONG;
	}
	pid = start_program(argv + 3, ends[1]);
	close(ends[1]);
	output = fdopen(ends[0], "r");
	while (output && getline(&line, &size, output) > 0) {
		if (!seen && strstr(line, argv[2]))
			seen = __rdtsc() - begin;
		fputs(line, stdout);
	}
	if (seen)
		printf("bench: value %s %llu\n", argv[1], seen);
	return end_of(pid) || !seen ? PK_WRONG : PK_OK;
}
