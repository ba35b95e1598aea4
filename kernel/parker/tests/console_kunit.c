// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of reading a console as a file.
 */
#include <kunit/test.h>
#include <linux/parker_ring.h>
#include <linux/string.h>

#include "../fs.h"

#define RING_SIZE	4096
/* What a reader can rely on; the writer may be at work on the rest. */
#define WINDOW		(RING_SIZE - PARKER_CONSOLE_CHUNK)

struct reader_test {
	struct parker_console *ring;
	struct parker_reader reader;
	loff_t off;
	char buf[RING_SIZE + 64];
};

static int parker_reader_test_init(struct kunit *test)
{
	struct reader_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->ring = kunit_kzalloc(test, sizeof(*t->ring) + RING_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->ring);
	test->priv = t;
	return 0;
}

static void print(struct reader_test *t, const char *text)
{
	parker_ring_write(t->ring, RING_SIZE, text, strlen(text));
}

static void print_lines(struct reader_test *t, int nr)
{
	while (nr--)
		print(t, "0123456789abcde\n");
}

/* As read(2) does: the offset moves with what was read. */
static char *read_some(struct reader_test *t, size_t count)
{
	size_t n = parker_reader_read(&t->reader, t->ring, RING_SIZE, t->buf, count, t->off);

	t->off += n;
	t->buf[n] = '\0';
	return t->buf;
}

static void parker_reader_test_stream(struct kunit *test)
{
	struct reader_test *t = test->priv;

	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "");
	print(t, "one\ntwo\n");
	KUNIT_EXPECT_STREQ(test, read_some(t, 5), "one\nt");
	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "wo\n");
	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "");
	print(t, "three\n");
	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "three\n");
}

static void parker_reader_test_offset(struct kunit *test)
{
	struct reader_test *t = test->priv;

	print(t, "one\ntwo\n");
	t->off = 4;
	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "two\n");
	t->off = 0;
	KUNIT_EXPECT_STREQ(test, read_some(t, 4), "one\n");
	t->off = 100;
	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "");
}

/* Who comes late gets a line about it, and then all that there is. */
static void parker_reader_test_late(struct kunit *test)
{
	struct reader_test *t = test->priv;
	u64 printed = 512 * 16;
	char want[40];
	int lines = 0;

	print_lines(t, 512);
	snprintf(want, sizeof(want), "[%llu bytes lost]\n", printed - WINDOW);
	KUNIT_EXPECT_STREQ(test, read_some(t, RING_SIZE), want);
	while (*read_some(t, 16)) {
		KUNIT_EXPECT_STREQ(test, t->buf, "0123456789abcde\n");
		lines++;
	}
	KUNIT_EXPECT_EQ(test, lines, WINDOW / 16);
}

static void parker_reader_test_late_bytewise(struct kunit *test)
{
	struct reader_test *t = test->priv;
	char all[64] = "";

	print_lines(t, 512);
	for (int i = 0; i < 30; i++)
		strlcat(all, read_some(t, 1), sizeof(all));
	KUNIT_EXPECT_STREQ(test, all, "[5120 bytes lost]\n0123456789ab");
}

/* Whoever is overtaken in the middle of a line. */
static void parker_reader_test_overtaken(struct kunit *test)
{
	struct reader_test *t = test->priv;

	print_lines(t, 1);
	KUNIT_EXPECT_STREQ(test, read_some(t, 6), "012345");
	print_lines(t, 511);
	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "\n[5114 bytes lost]\n");
	KUNIT_EXPECT_STREQ(test, read_some(t, 16), "0123456789abcde\n");
}

/* An offset that was not come to by reading is a position in the stream. */
static void parker_reader_test_late_offset(struct kunit *test)
{
	struct reader_test *t = test->priv;

	print_lines(t, 512);
	read_some(t, 99);
	t->off = 8192 - 16;
	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "0123456789abcde\n");
	t->off = 16;
	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "[5104 bytes lost]\n");
}

static void parker_reader_test_garbage(struct kunit *test)
{
	struct reader_test *t = test->priv;

	print(t, "one\n");
	t->ring->head = cpu_to_le64(U64_MAX);
	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "");
	t->ring->head = cpu_to_le64(S64_MAX);
	t->off = 0;
	KUNIT_EXPECT_STREQ(test, read_some(t, 99), "[9223372036854772735 bytes lost]\n");
	KUNIT_EXPECT_EQ(test, strlen(read_some(t, 0)), 0);
}

static struct kunit_case parker_reader_cases[] = {
	KUNIT_CASE(parker_reader_test_stream),
	KUNIT_CASE(parker_reader_test_offset),
	KUNIT_CASE(parker_reader_test_late),
	KUNIT_CASE(parker_reader_test_late_bytewise),
	KUNIT_CASE(parker_reader_test_overtaken),
	KUNIT_CASE(parker_reader_test_late_offset),
	KUNIT_CASE(parker_reader_test_garbage),
	{ }
};

static struct kunit_suite parker_reader_suite = {
	.name = "parker_reader",
	.init = parker_reader_test_init,
	.test_cases = parker_reader_cases,
};

kunit_test_suite(parker_reader_suite);

MODULE_DESCRIPTION("KUnit tests of reading Parker's consoles");
MODULE_LICENSE("GPL");
