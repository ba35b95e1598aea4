// SPDX-License-Identifier: GPL-2.0
/*
 * pk poll, until: wait for a file to say something, by poll() and with a limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pk.h"

#define NO_WAKE_UP	3

static long long deadline_after(const char *seconds)
{
	return pk_now_usec() + strtol(seconds, NULL, 10) * 1000000LL;
}

/* Waits for a change since the last read.  False when the time is over. */
static bool wait_for_change(int fd, long long deadline)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };
	long long left = deadline - pk_now_usec();

	if (left <= 0)
		return false;
	return poll(&pfd, 1, left / 1000 + 1) != 0;
}

/*
 * A text that grows.  It is empty again when the file is read from its start.
 */
struct text {
	char *bytes;
	size_t len;
	size_t printed;
};

static int read_on(int fd, struct text *text)
{
	ssize_t ret;

	do {
		char *bytes = realloc(text->bytes, text->len + 65537);

		if (!bytes)
			return -1;
		text->bytes = bytes;
		ret = read(fd, bytes + text->len, 65536);
		if (ret > 0)
			text->len += ret;
		bytes[text->len] = '\0';
	} while (ret > 0);
	/* A NUL would hide the rest. */
	for (size_t i = 0; i < text->len; i++)
		if (!text->bytes[i])
			text->bytes[i] = '?';
	return ret ? -1 : 0;
}

static void print_lines(struct text *text, const char *prefix)
{
	for (;;) {
		char *line = text->bytes + text->printed;
		char *end = strchr(line, '\n');

		if (!end)
			break;
		text->printed += end + 1 - line;
		while (end > line && end[-1] == '\r')
			end--;
		printf("%s%.*s\n", prefix, (int)(end - line), line);
	}
	fflush(stdout);
}

static bool contains_any(const struct text *text, char **wanted)
{
	for (; *wanted; wanted++)
		if (strstr(text->bytes, *wanted))
			return true;
	return false;
}

/* -c: until the file, a stream, contains one of the texts. */
static int poll_stream(int fd, const char *prefix, long long deadline, char **wanted)
{
	struct text text = { 0 };

	for (;;) {
		bool more;

		if (read_on(fd, &text))
			return PK_WRONG;
		if (prefix)
			print_lines(&text, prefix);
		if (contains_any(&text, wanted))
			return PK_OK;
		more = wait_for_change(fd, deadline);
		if (more)
			continue;
		if (read_on(fd, &text))
			return PK_WRONG;
		if (!contains_any(&text, wanted))
			return PK_WRONG;
		fprintf(stderr, "the text came without a wake-up\n");
		return NO_WAKE_UP;
	}
}

static bool is_any(const char *word, char **wanted)
{
	for (; *wanted; wanted++)
		if (!strcmp(word, *wanted))
			return true;
	return false;
}

static int read_word(int fd, char *word, size_t size)
{
	ssize_t ret = pread(fd, word, size - 1, 0);

	if (ret < 0)
		return -1;
	word[ret] = '\0';
	word[strcspn(word, "\n")] = '\0';
	return 0;
}

/* Until the file's first line is one of the texts; prints each line seen. */
static int poll_word(int fd, long long deadline, char **wanted)
{
	char word[4096], last[4096] = "";
	bool woken = true;

	for (;;) {
		if (read_word(fd, word, sizeof(word)))
			return PK_WRONG;
		if (strcmp(word, last)) {
			puts(word);
			fflush(stdout);
			memcpy(last, word, sizeof(last));
		}
		if (is_any(word, wanted))
			break;
		if (!woken)
			return PK_WRONG;
		woken = wait_for_change(fd, deadline);
	}
	if (woken)
		return PK_OK;
	fprintf(stderr, "the change came without a wake-up\n");
	return NO_WAKE_UP;
}

int pk_poll(int argc, char **argv)
{
	const char *prefix = NULL;
	bool stream = false;
	long long deadline;
	int opt, fd, ret;

	while ((opt = getopt(argc, argv, "+cp:")) != -1) {
		switch (opt) {
		case 'c':
			stream = true;
			break;
		case 'p':
			prefix = optarg;
			break;
		default:
			return PK_USAGE;
		}
	}
	if (argc - optind < 3)
		return PK_USAGE;
	fd = open(argv[optind], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[optind]);
		return PK_WRONG;
	}
	deadline = deadline_after(argv[optind + 1]);
	if (stream)
		ret = poll_stream(fd, prefix, deadline, argv + optind + 2);
	else
		ret = poll_word(fd, deadline, argv + optind + 2);
	close(fd);
	return ret;
}

static int run_command(char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* Runs a command again after each change of the file, until it succeeds. */
int pk_until(int argc, char **argv)
{
	long long deadline;
	char word[4096];
	bool woken = true;
	int fd;

	if (argc < 4)
		return PK_USAGE;
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return PK_WRONG;
	}
	deadline = deadline_after(argv[2]);
	for (;;) {
		/* What changes from here on, wakes. */
		if (read_word(fd, word, sizeof(word)))
			return PK_WRONG;
		if (!run_command(argv + 3))
			return PK_OK;
		if (!woken)
			return PK_WRONG;
		woken = wait_for_change(fd, deadline);
	}
}
