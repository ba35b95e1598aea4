// SPDX-License-Identifier: GPL-2.0
/*
 * pk write, mkdir, rmdir, mount: one system call, whose errno is compared with
 * the one that the test names.  pk as, userns: the same as somebody else.  pk send:
 * sendfile().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pk.h"

/* Returns 0 or a negative errno. */
static int write_once(int fd, const char *text, bool newline)
{
	size_t len = strlen(text);
	char *line = malloc(len + 2);
	ssize_t ret;

	if (!line)
		return -ENOMEM;
	memcpy(line, text, len);
	line[len] = '\n';
	len += newline;
	pk_begin();
	ret = write(fd, line, len);
	if (ret < 0)
		ret = -errno;
	pk_end();
	free(line);
	if (ret < 0)
		return ret;
	if ((size_t)ret != len) {
		fprintf(stderr, "short write: %zd of %zu bytes\n", ret, len);
		return -EIO;
	}
	return 0;
}

/*
 * -n: no newline at the end.  -u: the file is opened first, and then written
 * to by that user.
 */
int pk_write(int argc, char **argv)
{
	const char *uid = NULL;
	bool newline = true;
	int err = 0;
	int opt, fd;

	while ((opt = getopt(argc, argv, "+nu:")) != -1) {
		switch (opt) {
		case 'n':
			newline = false;
			break;
		case 'u':
			uid = optarg;
			break;
		default:
			return PK_USAGE;
		}
	}
	if (argc - optind < 2 || argc - optind > 3)
		return PK_USAGE;

	fd = open(argv[optind], O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err = errno;
	if (uid && pk_drop_to(uid))
		return PK_WRONG;
	if (fd >= 0)
		err = -write_once(fd, argv[optind + 1], newline);
	return pk_expect("write", argv[optind], err, argv[optind + 2]);
}

int pk_mkdir(int argc, char **argv)
{
	int err;

	if (argc < 2 || argc > 3)
		return PK_USAGE;
	pk_begin();
	err = mkdir(argv[1], 0755) ? errno : 0;
	pk_end();
	return pk_expect("mkdir", argv[1], err, argv[2]);
}

int pk_rmdir(int argc, char **argv)
{
	int err;

	if (argc < 2 || argc > 3)
		return PK_USAGE;
	pk_begin();
	err = rmdir(argv[1]) ? errno : 0;
	pk_end();
	return pk_expect("rmdir", argv[1], err, argv[2]);
}

int pk_mount(int argc, char **argv)
{
	int err;

	if (argc < 2 || argc > 3)
		return PK_USAGE;
	err = mount("none", argv[1], "parker", 0, NULL) ? errno : 0;
	return pk_expect("mount", argv[1], err, argv[2]);
}

int pk_send(int argc, char **argv)
{
	off_t off;
	ssize_t sent;
	int in, out;

	if (argc != 5)
		return PK_USAGE;
	in = open(argv[1], O_RDONLY | O_CLOEXEC);
	out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (in < 0 || out < 0) {
		perror(argv[1]);
		return PK_WRONG;
	}
	off = strtoll(argv[2], NULL, 10);
	sent = sendfile(out, in, &off, strtoul(argv[3], NULL, 10));
	if (sent == strtol(argv[4], NULL, 10))
		return PK_OK;
	fprintf(stderr, "sendfile %s: %zd, %s\n", argv[1], sent, sent < 0 ? strerror(errno) : "");
	return PK_WRONG;
}

static int run(char **argv)
{
	execvp(argv[0], argv);
	perror(argv[0]);
	return PK_WRONG;
}

int pk_as(int argc, char **argv)
{
	if (argc < 3)
		return PK_USAGE;
	if (pk_drop_to(argv[1]))
		return PK_WRONG;
	return run(argv + 2);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (!ok)
		perror(path);
	if (fd >= 0)
		close(fd);
	return ok ? 0 : -1;
}

/* As root of a user and mount namespace of its own. */
int pk_userns(int argc, char **argv)
{
	char map[32];

	if (argc < 2)
		return PK_USAGE;
	snprintf(map, sizeof(map), "0 %u 1", geteuid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS)) {
		perror("unshare");
		return PK_WRONG;
	}
	if (write_file("/proc/self/uid_map", map))
		return PK_WRONG;
	return run(argv + 1);
}
