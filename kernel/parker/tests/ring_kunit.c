// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: tests of the console ring.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/parker_ring.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#define RING_SIZE	SZ_4K
#define CHUNK		((u64)PARKER_CONSOLE_CHUNK)
/* As many bytes as a reader can rely on. */
#define WINDOW		(RING_SIZE - CHUNK)

/* The byte at a position of the test's stream; other rounds of the ring differ. */
static char byte_at(u64 pos)
{
	return (char)(pos ^ (pos >> 8) ^ (pos >> 12) * 7);
}

/* Allocated to the byte, so that KASAN sees an access beyond it. */
static struct parker_console *new_ring(struct kunit *test)
{
	struct parker_console *ring;

	ring = kunit_kzalloc(test, sizeof(*ring) + RING_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ring);
	return ring;
}

static char *new_buffer(struct kunit *test, size_t len)
{
	char *buf = kunit_kzalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	return buf;
}

static void set_head(struct parker_console *ring, u64 head)
{
	WRITE_ONCE(ring->head, cpu_to_le64(head));
}

static u64 get_head(struct parker_console *ring)
{
	return le64_to_cpu(READ_ONCE(ring->head));
}

/* Print the next @len bytes of the stream, in writes of at most @step bytes. */
static void print(struct parker_console *ring, u64 len, size_t step)
{
	char text[64];

	while (len) {
		size_t n = min3((u64)step, len, (u64)sizeof(text));
		u64 head = get_head(ring);

		for (size_t i = 0; i < n; i++)
			text[i] = byte_at(head + i);
		parker_ring_write(ring, RING_SIZE, text, n);
		len -= n;
	}
}

static void expect_stream(struct kunit *test, u64 pos, const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (buf[i] != byte_at(pos + i)) {
			KUNIT_FAIL(test, "wrong byte at position %llu", pos + i);
			return;
		}
}

/* After @printed bytes, @count bytes are read from @pos. */
struct read_case {
	const char *desc;
	u64 printed;
	u64 pos;
	size_t count;
	u64 want_lost;
	size_t want_len;
};

static const struct read_case read_cases[] = {
	{ "nothing printed", 0, 0, 100, 0, 0 },
	{ "all of a little", 10, 0, 100, 0, 10 },
	{ "a part", 100, 0, 10, 0, 10 },
	{ "from the middle", 100, 60, 100, 0, 40 },
	{ "no room", 100, 0, 0, 0, 0 },
	{ "at the end", 100, 100, 100, 0, 0 },
	{ "behind the end", 100, 101, 100, 0, 0 },
	{ "far behind the end", 100, U64_MAX, 100, 0, 0 },
	{ "a full window", WINDOW, 0, RING_SIZE, 0, WINDOW },
	{ "one byte more than a window", WINDOW + 1, 0, RING_SIZE, 1, WINDOW },
	{ "a full ring", RING_SIZE, 0, RING_SIZE, CHUNK, WINDOW },
	{ "across the end", RING_SIZE + 50, RING_SIZE - 50, 100, 0, 100 },
	{ "to the end", RING_SIZE, RING_SIZE - 50, 100, 0, 50 },
	{ "from the start again", RING_SIZE + 50, RING_SIZE, 100, 0, 50 },
	{ "some lost", RING_SIZE + 50, 0, 100, CHUNK + 50, 100 },
	{ "some lost, from the middle", RING_SIZE + 50, 40, 100, CHUNK + 10, 100 },
	{ "some lost, no room", RING_SIZE, 0, 0, CHUNK, 0 },
	{ "many rounds lost", 10 * RING_SIZE + 7, 0, RING_SIZE, 9 * RING_SIZE + CHUNK + 7, WINDOW },
	{ "many rounds, nothing lost", 10 * RING_SIZE + 7, 10 * RING_SIZE - 7, RING_SIZE, 0, 14 },
};

KUNIT_ARRAY_PARAM_DESC(read, read_cases, desc);

static void reader_gets_what_was_printed(struct kunit *test)
{
	const struct read_case *c = test->param_value;
	struct parker_console *ring = new_ring(test);
	char *buf = new_buffer(test, c->count);
	u64 pos = c->pos;
	u64 lost = 99;
	size_t len;

	print(ring, c->printed, 61);
	KUNIT_EXPECT_EQ(test, c->printed, get_head(ring));

	len = parker_ring_read(ring, RING_SIZE, &pos, buf, c->count, &lost);
	KUNIT_EXPECT_EQ(test, c->want_len, len);
	KUNIT_EXPECT_EQ(test, c->want_lost, lost);
	KUNIT_EXPECT_EQ(test, c->pos + lost + len, pos);
	expect_stream(test, pos - len, buf, len);
}

/* The ring may end up in a state that no writer of ours makes. */
struct head_case {
	const char *desc;
	u64 head;
	u64 pos;
	u64 want_lost;
	size_t want_len;
};

static const struct head_case head_cases[] = {
	{ "went back to 0", 0, 5000, 0, 0 },
	{ "went back by one", 4999, 5000, 0, 0 },
	{ "largest number", U64_MAX, 5000, 0, 0 },
	{ "largest number from the start", U64_MAX, 0, 0, 0 },
	{ "negative", BIT_ULL(63), 0, 0, 0 },
	{ "largest count", S64_MAX, 0, S64_MAX - WINDOW, WINDOW },
	{ "largest count, reader near it", S64_MAX, S64_MAX - 9, 0, 9 },
	{ "reader at the largest count", S64_MAX, S64_MAX, 0, 0 },
	{ "jumped ahead", BIT_ULL(40), 5000, BIT_ULL(40) - 5000 - WINDOW, WINDOW },
};

KUNIT_ARRAY_PARAM_DESC(head, head_cases, desc);

static void garbage_head_does_no_harm(struct kunit *test)
{
	const struct head_case *c = test->param_value;
	struct parker_console *ring = new_ring(test);
	char *buf = new_buffer(test, RING_SIZE);
	u64 pos = c->pos;
	u64 lost = 99;
	size_t len;

	set_head(ring, c->head);
	len = parker_ring_read(ring, RING_SIZE, &pos, buf, RING_SIZE, &lost);
	KUNIT_EXPECT_EQ(test, c->want_len, len);
	KUNIT_EXPECT_EQ(test, c->want_lost, lost);
	KUNIT_EXPECT_EQ(test, c->pos + lost + len, pos);
}

/* Random heads, positions and counts, mostly near what matters. */
static u64 random_u64(struct rnd_state *rnd)
{
	static const u64 near[] = {
		0, CHUNK, WINDOW, RING_SIZE, 3 * RING_SIZE, BIT_ULL(32), S64_MAX, U64_MAX,
	};
	u64 value = (u64)prandom_u32_state(rnd) << 32 | prandom_u32_state(rnd);

	if (value & 1)
		return value >> (value % 64);
	return near[(value >> 8) % ARRAY_SIZE(near)] + (value >> 16) % 16 - 8;
}

static void random_heads_do_no_harm(struct kunit *test)
{
	struct parker_console *ring = new_ring(test);
	char *buf = new_buffer(test, RING_SIZE + 1);
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 0x524b5250);
	for (unsigned int round = 0; round < 100000; round++) {
		u64 head = random_u64(&rnd);
		u64 from = random_u64(&rnd);
		size_t count = random_u64(&rnd) % (RING_SIZE + 1);
		u64 pos = from;
		size_t len;
		u64 lost;

		set_head(ring, head);
		buf[count] = 'x';
		len = parker_ring_read(ring, RING_SIZE, &pos, buf, count, &lost);

		if (len > count || len > WINDOW || buf[count] != 'x' ||
		    pos != from + lost + len || (pos != from && pos > head)) {
			KUNIT_FAIL(test, "head %llu from %llu count %zu: len %zu lost %llu to %llu",
				   head, from, count, len, lost, pos);
			return;
		}
	}
}

struct overwritten_case {
	const char *desc;
	u64 head;
	u64 pos;
	u64 len;
	u64 want;
};

/* Here, head is what the reader finds after it has copied the bytes. */
static const struct overwritten_case overwritten_cases[] = {
	{ "writer slept", 100, 0, 100, 0 },
	{ "window just kept", WINDOW, 0, 100, 0 },
	{ "one byte", WINDOW + 1, 0, 100, 1 },
	{ "all but one byte", WINDOW + 99, 0, 100, 99 },
	{ "all bytes", WINDOW + 100, 0, 100, 100 },
	{ "more than all", WINDOW + 101, 0, 100, 100 },
	{ "many rounds", 100 * RING_SIZE, 0, 100, 100 },
	{ "none wanted", 100 * RING_SIZE, 0, 0, 0 },
	{ "later bytes are safe", WINDOW + 50, 60, 100, 0 },
	{ "head went back", 10, 5000, 100, 0 },
	{ "head went to 0", 0, 5000, 100, 0 },
	{ "largest head", U64_MAX, 5000, 100, 100 },
};

KUNIT_ARRAY_PARAM_DESC(overwritten, overwritten_cases, desc);

static void overwritten_bytes_are_counted(struct kunit *test)
{
	const struct overwritten_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->want,
			parker_ring_overwritten(c->head, RING_SIZE, c->pos, c->len));
}

/* A write longer than the ring shows up chunk by chunk. */
static void long_write_wraps(struct kunit *test)
{
	const size_t len = 3 * RING_SIZE + 17;
	struct parker_console *ring = new_ring(test);
	char *buf = new_buffer(test, RING_SIZE);
	char *text = new_buffer(test, len);
	u64 pos = 0;
	u64 lost;

	for (size_t i = 0; i < len; i++)
		text[i] = byte_at(i);
	parker_ring_write(ring, RING_SIZE, text, len);
	KUNIT_EXPECT_EQ(test, (u64)len, get_head(ring));

	KUNIT_EXPECT_EQ(test, (size_t)WINDOW,
			parker_ring_read(ring, RING_SIZE, &pos, buf, RING_SIZE, &lost));
	KUNIT_EXPECT_EQ(test, len - WINDOW, lost);
	expect_stream(test, lost, buf, WINDOW);
}

struct writer {
	struct parker_console *ring;
	struct completion done;
};

#define WRITER_TOTAL	SZ_1M

static int write_all(void *data)
{
	struct writer *writer = data;

	for (unsigned int step = 1; get_head(writer->ring) < WRITER_TOTAL; step++) {
		u64 left = WRITER_TOTAL - get_head(writer->ring);

		print(writer->ring, min(left, 200ULL), step % 64 + 1);
		cond_resched();
	}
	complete(&writer->done);
	return 0;
}

/* A reader that is overtaken time and again never sees a byte of another round. */
static void reader_sees_no_torn_text(struct kunit *test)
{
	struct writer writer = { .ring = new_ring(test) };
	char *buf = new_buffer(test, RING_SIZE);
	struct task_struct *task;
	u64 pos = 0, sum = 0;
	u64 lost;

	init_completion(&writer.done);
	task = kthread_run(write_all, &writer, "parker_ring_test");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);

	for (unsigned int round = 0; pos < WRITER_TOTAL; round++) {
		size_t len = parker_ring_read(writer.ring, RING_SIZE, &pos, buf,
					      round % RING_SIZE + 1, &lost);

		expect_stream(test, pos - len, buf, len);
		sum += lost + len;
		cond_resched();
	}
	wait_for_completion(&writer.done);
	KUNIT_EXPECT_EQ(test, (u64)WRITER_TOTAL, pos);
	KUNIT_EXPECT_EQ(test, (u64)WRITER_TOTAL, sum);
}

static struct kunit_case ring_test_cases[] = {
	KUNIT_CASE_PARAM(reader_gets_what_was_printed, read_gen_params),
	KUNIT_CASE_PARAM(garbage_head_does_no_harm, head_gen_params),
	KUNIT_CASE(random_heads_do_no_harm),
	KUNIT_CASE_PARAM(overwritten_bytes_are_counted, overwritten_gen_params),
	KUNIT_CASE(long_write_wraps),
	KUNIT_CASE(reader_sees_no_torn_text),
	{}
};

static struct kunit_suite ring_test_suite = {
	.name = "parker_ring",
	.test_cases = ring_test_cases,
};

kunit_test_suite(ring_test_suite);
