// SPDX-License-Identifier: GPL-2.0
/*
 * pk serial: a serial port whose registers are said to be at an address, so that its
 * driver has that memory, until they are said to be at 0.
 */
#include <fcntl.h>
#include <linux/serial.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pk.h"

#define TYPE_NONE	0
#define TYPE_16550A	4

int pk_serial(int argc, char **argv)
{
	struct serial_struct port;
	uintptr_t address;
	int fd;

	if (argc != 3)
		return PK_USAGE;
	address = strtoull(argv[2], NULL, 0);
	fd = open(argv[1], O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TIOCGSERIAL, &port)) {
		perror(argv[1]);
		return PK_WRONG;
	}
	port.type = address ? TYPE_16550A : TYPE_NONE;
	port.io_type = address ? SERIAL_IO_MEM : SERIAL_IO_PORT;
	port.iomem_base = (unsigned char *)address;
	/* The device there is no serial port, which is said after the memory was taken. */
	ioctl(fd, TIOCSSERIAL, &port);
	close(fd);
	return PK_OK;
}
