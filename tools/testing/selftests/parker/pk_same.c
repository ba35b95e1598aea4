// SPDX-License-Identifier: GPL-2.0
/*
 * pk same: are files equal, page by page?
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pk.h"

#define PAGE	4096
#define PART	64

static const char *map(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *bytes = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st))
		bytes = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (bytes == MAP_FAILED) {
		perror(path);
		return NULL;
	}
	*len = st.st_size;
	return bytes;
}

/* A page that got lost or mixed up differs at its begin and at its end. */
static bool same_page(const char *a, const char *b)
{
	return !memcmp(a, b, PART) && !memcmp(a + PAGE - PART, b + PAGE - PART, PART);
}

/*
 * Compares files of whole pages with the first one, by a part of each page:
 * gigabytes are read slowly on an emulated machine.
 */
int pk_same(int argc, char **argv)
{
	size_t len, first_len, at;
	const char *first, *other;

	if (argc < 3)
		return PK_USAGE;
	first = map(argv[1], &first_len);
	if (!first)
		return PK_WRONG;
	for (int i = 2; i < argc; i++) {
		other = map(argv[i], &len);
		if (!other)
			return PK_WRONG;
		for (at = 0; len == first_len && at + PAGE <= len; at += PAGE)
			if (!same_page(first + at, other + at))
				break;
		if (len != first_len || at != len) {
			fprintf(stderr, "%s differs from %s at %zu\n", argv[i], argv[1], at);
			return PK_WRONG;
		}
		munmap((void *)other, len);
	}
	return PK_OK;
}
