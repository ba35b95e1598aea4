// SPDX-License-Identifier: GPL-2.0
/*
 * pk ioperm, iopl, open, msr: ways from a program to the machine, past the drivers;
 * and pk mark, which goes that way to who watches the machine from outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

#include "pk.h"

/* The port is not used then, only asked for. */
int pk_ioperm(int argc, char **argv)
{
	if (argc < 2 || argc > 3)
		return PK_USAGE;
	return pk_expect("ioperm", argv[1],
			 ioperm(strtoul(argv[1], NULL, 0), 1, 1) ? errno : 0, argv[2]);
}

int pk_iopl(int argc, char **argv)
{
	if (argc < 2 || argc > 3)
		return PK_USAGE;
	return pk_expect("iopl", argv[1], iopl(atoi(argv[1])) ? errno : 0, argv[2]);
}

int pk_open(int argc, char **argv)
{
	int fd, err;

	if (argc < 2 || argc > 3)
		return PK_USAGE;
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	err = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return pk_expect("open", argv[1], err, argv[2]);
}

/* Prints the MSR, or writes it. */
int pk_msr(int argc, char **argv)
{
	uint64_t value = 0;
	char path[64];
	int fd, err = 0;
	off_t reg;

	if (argc < 3 || argc > 5)
		return PK_USAGE;
	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", atoi(argv[1]));
	reg = strtoul(argv[2], NULL, 0);
	fd = open(path, (argc > 3 ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		return PK_WRONG;
	}
	if (argc > 3) {
		value = strtoull(argv[3], NULL, 0);
		if (pwrite(fd, &value, sizeof(value), reg) != sizeof(value))
			err = errno;
	} else if (pread(fd, &value, sizeof(value), reg) != sizeof(value)) {
		err = errno;
	} else {
		printf("0x%llx\n", (unsigned long long)value);
	}
	close(fd);
	return pk_expect("msr", argv[2], err, argc > 4 ? argv[4] : NULL);
}

/* Writes the text to a port that nobody has, from that CPU. */
int pk_mark(int argc, char **argv)
{
	if (argc != 3)
		return PK_USAGE;
	pk_pin(atoi(argv[1]));
	if (iopl(3)) {
		perror("iopl");
		return PK_WRONG;
	}
	for (const char *p = argv[2]; *p; p++)
		outb(*p, 0xed);
	outb('\n', 0xed);
	return PK_OK;
}
