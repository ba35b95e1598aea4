// SPDX-License-Identifier: GPL-2.0
/*
 * pk nfs: run a command of pk while the root of all processes is on NFS.
 *
 * The server is a child, which knows just enough of NFS version 3 (RFC 1813) for
 * a mount of an empty directory.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nfs_mount.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pk.h"

#define PROC_NULL	0
#define PROC_GETATTR	1
#define PROC_ACCESS	4
#define PROC_FSINFO	19
#define PROC_UNAVAIL	3
#define LAST_FRAGMENT	0x80000000U

/* In words of 32 bits: the head of an answer, and the most that follows it. */
#define HEAD		6
#define MOST		32

/* Attributes of a directory: type, mode, links, ..., of which most are 0. */
static const uint32_t attributes[22] = { 0, 2, 0755, 2, [15] = 1 };
/* No attributes, then each access that there is. */
static const uint32_t access_granted[3] = { 0, 0, 0x3f };
/* No attributes, sizes of reads, writes and directories, the largest file, ... */
static const uint32_t limits[14] = { 0, 0, 4096, 4096, 1, 4096, 4096, 1, 4096, 0, 1 << 30, 0, 1 };

static size_t put(uint32_t *to, const uint32_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] = htonl(words[i]);
	return count;
}

/* Returns how many words follow the head. */
static size_t answer(uint32_t procedure, uint32_t *head, uint32_t *body)
{
	switch (procedure) {
	case PROC_NULL:
		return 0;
	case PROC_GETATTR:
		return put(body, attributes, 22);
	case PROC_ACCESS:
		return put(body, access_granted, 3);
	case PROC_FSINFO:
		return put(body, limits, 14);
	default:
		head[HEAD - 1] = htonl(PROC_UNAVAIL);
		return 0;
	}
}

/* One call of one fragment, as all are that fit. */
static bool serve_one(int fd)
{
	uint32_t fragment, call[256], out[1 + HEAD + MOST] = {};
	size_t len;

	if (recv(fd, &fragment, 4, MSG_WAITALL) != 4)
		return false;
	len = ntohl(fragment) & ~LAST_FRAGMENT;
	if (len < 24 || len > sizeof(call) || recv(fd, call, len, MSG_WAITALL) != (ssize_t)len)
		return false;
	/* The same number, and 1: it is an answer. */
	out[1] = call[0];
	out[2] = htonl(1);
	len = HEAD + answer(ntohl(call[5]), out + 1, out + 1 + HEAD);
	out[0] = htonl(LAST_FRAGMENT | 4 * len);
	return send(fd, out, 4 + 4 * len, MSG_NOSIGNAL) == (ssize_t)(4 + 4 * len);
}

static void serve(int listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		while (fd >= 0 && serve_one(fd))
			;
		close(fd);
	}
}

/* Returns its process, or -1. */
static pid_t start_server(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid = -1;

	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!bind(listener, (struct sockaddr *)addr, len) && !listen(listener, 8) &&
	    !getsockname(listener, (struct sockaddr *)addr, &len))
		pid = fork();
	if (!pid)
		serve(listener);
	if (pid < 0)
		perror("server");
	close(listener);
	return pid;
}

/* Without a word with a mount daemon, as the handle of the root is said here. */
static int mount_nfs(const char *dir, const struct sockaddr_in *addr)
{
	struct nfs_mount_data data = {
		.version	= NFS_MOUNT_VERSION,
		.fd		= -1,
		.flags		= NFS_MOUNT_VER3 | NFS_MOUNT_TCP | NFS_MOUNT_NONLM |
				  NFS_MOUNT_NOACL | NFS_MOUNT_SOFT,
		.timeo		= 100,
		.retrans	= 2,
		.acregmin	= 600,
		.acregmax	= 600,
		.acdirmin	= 600,
		.acdirmax	= 600,
		.addr		= *addr,
		.hostname	= "pk",
		.namlen		= 255,
		.root		= { .size = 4, .data = "root" },
		.pseudoflavor	= 1,
	};

	if (!mount("pk:/", dir, "nfs", 0, &data))
		return 0;
	perror("mount");
	return -1;
}

/* The root before is on top of the new one, so that a way leads back. */
static int enter(int root)
{
	if (!fchdir(root) && !syscall(SYS_pivot_root, ".", "."))
		return 0;
	perror("pivot_root");
	return -1;
}

static int run_there(const char *dir, int argc, char **argv)
{
	int before = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int there = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ret = PK_WRONG;

	if (before < 0 || here < 0 || there < 0) {
		perror(dir);
		return ret;
	}
	if (!enter(there)) {
		if (!fchdir(here))
			ret = pk_run(argc, argv);
		/* It is on top of the root now. */
		if (enter(before) || umount2(".", MNT_DETACH))
			ret = PK_WRONG;
	} else {
		umount2(dir, MNT_DETACH);
	}
	if (fchdir(here))
		perror("fchdir");
	return ret;
}

int pk_nfs(int argc, char **argv)
{
	char dir[] = "/tmp/pk-nfs.XXXXXX";
	struct sockaddr_in addr = {};
	int ret = PK_WRONG;
	pid_t server;

	if (argc < 2)
		return PK_USAGE;
	if (!mkdtemp(dir)) {
		perror(dir);
		return ret;
	}
	server = start_server(&addr);
	if (server > 0) {
		if (!mount_nfs(dir, &addr))
			ret = run_there(dir, argc - 1, argv + 1);
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	rmdir(dir);
	return ret;
}
