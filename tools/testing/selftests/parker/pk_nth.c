// SPDX-License-Identifier: GPL-2.0
/*
 * pk nth: run a command and let the Nth allocation of its system call fail, see
 * Documentation/fault-injection/fault-injection.rst.  Says "injected" when there was
 * one, and "clean" when there are not so many, and the result of the command.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pk.h"

static int nth_fd = -1;
static const char *nth;
static bool clean;

/* From the next system call on it is counted. */
void pk_begin(void)
{
	if (nth && write(nth_fd, nth, strlen(nth)) != (ssize_t)strlen(nth))
		perror("fail-nth");
}

/* What is left of the count, 0: it has come to that. */
void pk_end(void)
{
	char left[16] = "";

	if (!nth)
		return;
	if (pread(nth_fd, left, sizeof(left) - 1, 0) < 0)
		perror("fail-nth");
	clean = strtoul(left, NULL, 10) > 0;
	if (write(nth_fd, "0", 1) != 1)
		perror("fail-nth");
}

int pk_nth(int argc, char **argv)
{
	int ret;

	if (argc < 3)
		return PK_USAGE;
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0) {
		perror("fail-nth");
		return PK_WRONG;
	}
	nth = argv[1];
	ret = pk_run(argc - 2, argv + 2);
	printf("%s\n", clean ? "clean" : "injected");
	return ret;
}
