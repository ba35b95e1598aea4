// SPDX-License-Identifier: GPL-2.0
/*
 * pk zero, find: what is in the memory that a file like a partition's "memory"
 * lists?
 *
 * It is read through /dev/mem, which must not be filtered (STRICT_DEVMEM):
 * /proc/kcore shows zeros for what belongs to a partition.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pk.h"

#define NOT_READABLE	4

#define MAX_REGIONS	256
#define PART		0x100000UL

static bool read_ram(int fd, void *buf, size_t len, unsigned long long at)
{
	return pread(fd, buf, len, at) == (ssize_t)len;
}

/*
 * The count of lines that have @word, if that is not NULL, and begin with so many
 * numbers or more, or -1.
 */
int pk_read_ranges(const char *path, const char *word, int numbers,
		   struct pk_range *ranges, int max)
{
	FILE *file = fopen(path, "r");
	char line[256];
	int nr = 0;

	if (!file) {
		perror(path);
		return -1;
	}
	while (nr < max && fgets(line, sizeof(line), file)) {
		if (word && !strstr(line, word))
			continue;
		ranges[nr].end = 0;
		if (sscanf(line, "%llx-%llx", &ranges[nr].start, &ranges[nr].end) >= numbers)
			nr++;
	}
	fclose(file);
	return nr;
}

static int read_regions(const char *path, struct pk_range *regions)
{
	int nr = pk_read_ranges(path, NULL, 2, regions, MAX_REGIONS);

	if (!nr)
		fprintf(stderr, "%s lists no memory\n", path);
	return nr ? nr : -1;
}

/*
 * Looks at all of the memory, part by part.  Each part but the first of a
 * region begins with the last @again bytes of the one before.  Ends when look()
 * returns false.
 */
static int walk(const char *path, size_t again,
		bool (*look)(const char *bytes, size_t len, unsigned long long at))
{
	static struct pk_range regions[MAX_REGIONS];
	static char buf[PART];
	int nr, fd;

	nr = read_regions(path, regions);
	if (nr < 0)
		return PK_WRONG;
	fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror("/dev/mem");
		return NOT_READABLE;
	}
	for (int i = 0; i < nr; i++) {
		unsigned long long at = regions[i].start, left, len;

		for (;; at += len - again) {
			left = regions[i].end + 1 - at;
			len = left < PART ? left : PART;
			if (!read_ram(fd, buf, len, at)) {
				fprintf(stderr, "/dev/mem does not show 0x%llx (STRICT_DEVMEM)\n",
					at);
				return NOT_READABLE;
			}
			if (!look(buf, len, at))
				return PK_OK;
			if (len == left)
				break;
		}
	}
	return PK_OK;
}

static bool is_dirty;

static bool look_for_dirt(const char *bytes, size_t len, unsigned long long at)
{
	for (size_t i = 0; i < len; i++) {
		if (!bytes[i])
			continue;
		fprintf(stderr, "0x%llx is 0x%02x\n", at + i, (unsigned char)bytes[i]);
		is_dirty = true;
		return false;
	}
	return true;
}

/* Is every byte zero? */
int pk_zero(int argc, char **argv)
{
	int ret;

	if (argc != 2)
		return PK_USAGE;
	ret = walk(argv[1], 0, look_for_dirt);
	if (ret)
		return ret;
	return is_dirty ? PK_WRONG : PK_OK;
}

static const char *backwards;
static unsigned long found;

/* The text itself is nowhere in this program, which may look at its own memory. */
static bool is_text(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != backwards[len - 1 - i])
			return false;
	return true;
}

static bool look_for_text(const char *bytes, size_t len, unsigned long long at)
{
	size_t text_len = strlen(backwards);
	const char *end = bytes + len;
	const char *next = bytes;

	(void)at;
	while (next && (size_t)(end - next) >= text_len) {
		if (is_text(next, text_len)) {
			found++;
			next += text_len;
		} else {
			next = memchr(next + 1, backwards[text_len - 1], end - next - 1);
		}
	}
	return true;
}

/* Prints how often the memory has the text that is given backwards. */
int pk_find(int argc, char **argv)
{
	int ret;

	if (argc != 3 || !*argv[2])
		return PK_USAGE;
	backwards = argv[2];
	ret = walk(argv[1], strlen(backwards) - 1, look_for_text);
	if (!ret)
		printf("%lu\n", found);
	return ret;
}
