// SPDX-License-Identifier: GPL-2.0
/*
 * pk uncap, lack: root without one of its capabilities.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pk.h"

static const struct {
	const char *name;
	int nr;
} caps[] = {
	{ "CAP_SYS_ADMIN", CAP_SYS_ADMIN },
	{ "CAP_SYS_BOOT", CAP_SYS_BOOT },
	{ }
};

static int find_cap(const char *name)
{
	for (int i = 0; caps[i].name; i++)
		if (!strcmp(caps[i].name, name))
			return caps[i].nr;
	return -1;
}

/* Takes it from the effective set, or puts it back there. */
static int set_effective(int cap, bool on)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	__u32 bit = CAP_TO_MASK(cap);
	__u32 *set;

	if (syscall(SYS_capget, &header, data)) {
		perror("capget");
		return -1;
	}
	set = &data[CAP_TO_INDEX(cap)].effective;
	*set = on ? *set | bit : *set & ~bit;
	if (syscall(SYS_capset, &header, data)) {
		perror("capset");
		return -1;
	}
	return 0;
}

/* A program that root runs gets what the bounding set has. */
int pk_uncap(int argc, char **argv)
{
	int cap = argc < 3 ? -1 : find_cap(argv[1]);

	if (cap < 0)
		return PK_USAGE;
	if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0)) {
		perror("prctl");
		return PK_WRONG;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return PK_WRONG;
}

/* Who opens a file has it and who writes to it has not, or the other way round. */
int pk_lack(int argc, char **argv)
{
	int cap = argc < 5 || argc > 6 ? -1 : find_cap(argv[2]);
	bool opener;
	int err = 0;
	int fd;

	if (cap < 0)
		return PK_USAGE;
	opener = !strcmp(argv[1], "opener");
	if (!opener && strcmp(argv[1], "writer"))
		return PK_USAGE;

	if (set_effective(cap, !opener))
		return PK_WRONG;
	fd = open(argv[3], O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err = errno;
	if (set_effective(cap, opener))
		return PK_WRONG;
	if (fd >= 0 && write(fd, argv[4], strlen(argv[4])) < 0)
		err = errno;
	return pk_expect("write", argv[3], err, argv[5]);
}
