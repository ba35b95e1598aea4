// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of wishes for memory and of the arithmetic over regions.
 */
#include <kunit/test.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>

#include "../internal.h"

#define ANY	NUMA_NO_NODE

struct parse_case {
	const char *desc;
	const char *text;
	const char *separators;
	int ret;
	struct parker_wish wish;
};

#define SPACES	" \t\n"

static const struct parse_case parse_cases[] = {
	{ "megabytes", "512M", SPACES, 0, { 1, { SZ_512M }, { ANY } } },
	{ "gigabyte", "1g\n", SPACES, 0, { 1, { SZ_1G }, { ANY } } },
	{ "kilobytes rounded up", "2049K", SPACES, 0, { 1, { SZ_4M }, { ANY } } },
	{ "bytes rounded up", "1", SPACES, 0, { 1, { SZ_2M }, { ANY } } },
	{ "decimal for all that", "010M", SPACES, 0, { 1, { 10 * SZ_1M }, { ANY } } },
	{ "two", " 4M  8M ", SPACES, 0, { 2, { SZ_4M, SZ_8M }, { ANY, ANY } } },
	{ "commas", "4M,8M", ",", 0, { 2, { SZ_4M, SZ_8M }, { ANY, ANY } } },
	{ "below 4 GiB", "4M@low 8M", SPACES, 0, { 2, { SZ_4M, SZ_8M },
						   { PARKER_LOW_MEMORY, ANY } } },
	{ "all back", "0", SPACES, 0, { 0 } },
	{ "all back by a size", "0M\n", SPACES, 0, { 0 } },
	{ "sixteen", "2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M", SPACES, 0,
	  { 16, { [0 ... 15] = SZ_2M }, { [0 ... 15] = ANY } } },
	{ "seventeen", "2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M", SPACES, -EINVAL },
	{ "nothing", "", SPACES, -EINVAL },
	{ "blanks", "\t\n", SPACES, -EINVAL },
	{ "nothing with commas", "", ",", -EINVAL },
	{ "empty item", "4M,,8M", ",", -EINVAL },
	{ "comma at the end", "4M,", ",", -EINVAL },
	{ "blank among commas", "4M, 8M", ",", -EINVAL },
	{ "word", "much", SPACES, -EINVAL },
	{ "suffix alone", "M", SPACES, -EINVAL },
	{ "suffix and more", "4MB", SPACES, -EINVAL },
	{ "negative", "-4M", SPACES, -EINVAL },
	{ "hexadecimal", "0x10M", SPACES, -EINVAL },
	{ "zero and more", "0 4M", SPACES, -EINVAL },
	{ "more and zero", "4M 0", SPACES, -EINVAL },
	{ "zero of a node", "0@0", SPACES, -EINVAL },
	{ "no number of a node", "4M@", SPACES, -EINVAL },
	{ "word for a node", "4M@x", SPACES, -EINVAL },
	{ "longer word than low", "4M@lower", SPACES, -EINVAL },
	{ "zero of low memory", "0@low", SPACES, -EINVAL },
	{ "two nodes", "4M@0@0", SPACES, -EINVAL },
	{ "absent node", "4M@4000000000", SPACES, -ENODEV },
	{ "digits overflow", "99999999999999999999", SPACES, -EINVAL },
	{ "suffix overflows", "17179869184G", SPACES, -EINVAL },
	{ "rounding overflows", "18446744073709551615", SPACES, -EINVAL },
	{ "sum overflows", "8388608T 8388608T", SPACES, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(parse, parse_cases, desc);

static void parker_memory_test_parse(struct kunit *test)
{
	const struct parse_case *c = test->param_value;
	struct parker_error *err = kunit_kzalloc(test, sizeof(*err), GFP_KERNEL);
	struct parker_wish *wish = kunit_kzalloc(test, sizeof(*wish), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, err);
	KUNIT_ASSERT_NOT_NULL(test, wish);

	KUNIT_EXPECT_EQ(test, parker_memory_parse(c->text, c->separators, wish, err), c->ret);
	KUNIT_EXPECT_EQ(test, !!err->text[0], !!c->ret);
	if (c->ret)
		return;
	KUNIT_ASSERT_EQ(test, wish->nr, c->wish.nr);
	for (unsigned int i = 0; i < wish->nr; i++) {
		KUNIT_EXPECT_EQ(test, wish->len[i], c->wish.len[i]);
		KUNIT_EXPECT_EQ(test, wish->node[i], c->wish.node[i]);
	}
}

/* The node is one that the machine has, so it is no constant of the table. */
static void parker_memory_test_parse_node(struct kunit *test)
{
	struct parker_wish *wish = kunit_kzalloc(test, sizeof(*wish), GFP_KERNEL);
	char text[32];

	KUNIT_ASSERT_NOT_NULL(test, wish);

	snprintf(text, sizeof(text), "4M@%u 8M", first_memory_node);
	KUNIT_ASSERT_EQ(test, parker_memory_parse(text, SPACES, wish, NULL), 0);
	KUNIT_ASSERT_EQ(test, wish->nr, 2);
	KUNIT_EXPECT_EQ(test, wish->node[0], first_memory_node);
	KUNIT_EXPECT_EQ(test, wish->node[1], ANY);
}

/* Regions of a case, in units of PARKER_ALIGN. */
struct piece {
	unsigned int start;
	unsigned int len;
	int node;
};

struct pieces {
	unsigned int nr;
	struct piece piece[4];
};

static unsigned int pieces_get(const struct pieces *pieces, struct parker_region *region)
{
	for (unsigned int i = 0; i < pieces->nr; i++)
		region[i] = (struct parker_region){
			.start = (phys_addr_t)pieces->piece[i].start * PARKER_ALIGN,
			.len = (phys_addr_t)pieces->piece[i].len * PARKER_ALIGN,
			.node = pieces->piece[i].node,
		};
	return pieces->nr;
}

static void pieces_expect(struct kunit *test, const struct parker_regions *got,
			  const struct pieces *want)
{
	struct parker_region region[ARRAY_SIZE(want->piece)] = {};

	pieces_get(want, region);
	KUNIT_ASSERT_EQ(test, got->nr, want->nr);
	for (unsigned int i = 0; i < got->nr; i++) {
		KUNIT_EXPECT_EQ(test, got->region[i].start, region[i].start);
		KUNIT_EXPECT_EQ(test, got->region[i].len, region[i].len);
		KUNIT_EXPECT_EQ(test, got->region[i].node, region[i].node);
	}
}

struct fit_case {
	const char *desc;
	struct pieces have;
	struct {
		unsigned int nr;
		struct {
			unsigned int len;
			int node;
		} item[3];
	} wish;
	struct pieces keep;
	struct pieces drop;
	/* What is still to be taken of each node, in the order of the wish. */
	unsigned int rest[3];
};

static const struct fit_case fit_cases[] = {
	{ .desc = "first wish",
	  .wish = { 1, { { 8, ANY } } },
	  .rest = { 8 } },
	{ .desc = "all back",
	  .have = { 2, { { 10, 4 }, { 20, 4 } } },
	  .drop = { 2, { { 10, 4 }, { 20, 4 } } } },
	{ .desc = "the same",
	  .have = { 2, { { 10, 4 }, { 20, 4 } } },
	  .wish = { 1, { { 8, ANY } } },
	  .keep = { 2, { { 10, 4 }, { 20, 4 } } } },
	{ .desc = "more",
	  .have = { 1, { { 10, 4 } } },
	  .wish = { 1, { { 9, ANY } } },
	  .keep = { 1, { { 10, 4 } } },
	  .rest = { 5 } },
	{ .desc = "less: the end goes",
	  .have = { 1, { { 10, 8 } } },
	  .wish = { 1, { { 3, ANY } } },
	  .keep = { 1, { { 10, 3 } } },
	  .drop = { 1, { { 13, 5 } } } },
	{ .desc = "less: the one that fits whole stays",
	  .have = { 2, { { 10, 8 }, { 30, 3 } } },
	  .wish = { 1, { { 3, ANY } } },
	  .keep = { 1, { { 30, 3 } } },
	  .drop = { 1, { { 10, 8 } } } },
	{ .desc = "other node",
	  .have = { 1, { { 10, 8, 0 } } },
	  .wish = { 1, { { 8, 1 } } },
	  .drop = { 1, { { 10, 8, 0 } } },
	  .rest = { 8 } },
	{ .desc = "its node and any",
	  .have = { 2, { { 10, 8, 0 }, { 30, 4, 1 } } },
	  .wish = { 3, { { 4, 1 }, { 2, 0 }, { 9, ANY } } },
	  .keep = { 2, { { 10, 8, 0 }, { 30, 4, 1 } } },
	  .rest = { 0, 0, 3 } },
	{ .desc = "what is high does not serve low memory",
	  .have = { 1, { { 2044, 8 } } },
	  .wish = { 1, { { 8, PARKER_LOW_MEMORY } } },
	  .drop = { 1, { { 2044, 8 } } },
	  .rest = { 8 } },
	{ .desc = "low memory of any node, then that node, then any",
	  .have = { 3, { { 10, 8, 0 }, { 2040, 8, 1 }, { 3000, 8, 0 } } },
	  .wish = { 3, { { 6, ANY }, { 8, 0 }, { 12, PARKER_LOW_MEMORY } } },
	  .keep = { 3, { { 10, 8, 0 }, { 2040, 8, 1 }, { 3000, 8, 0 } } },
	  .rest = { 2, 0, 0 } },
	{ .desc = "items add up",
	  .have = { 1, { { 10, 8 } } },
	  .wish = { 3, { { 4, ANY }, { 2, ANY }, { 2, ANY } } },
	  .keep = { 1, { { 10, 8 } } } },
};

KUNIT_ARRAY_PARAM_DESC(fit, fit_cases, desc);

static void parker_memory_test_fit(struct kunit *test)
{
	const struct fit_case *c = test->param_value;
	struct parker_region have[ARRAY_SIZE(c->have.piece)] = {};
	struct parker_plan *plan = kunit_kzalloc(test, sizeof(*plan), GFP_KERNEL);
	struct parker_wish *wish = kunit_kzalloc(test, sizeof(*wish), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, plan);
	KUNIT_ASSERT_NOT_NULL(test, wish);

	for (wish->nr = 0; wish->nr < c->wish.nr; wish->nr++) {
		wish->len[wish->nr] = (u64)c->wish.item[wish->nr].len * PARKER_ALIGN;
		wish->node[wish->nr] = c->wish.item[wish->nr].node;
	}
	parker_regions_fit(have, pieces_get(&c->have, have), wish, plan);

	pieces_expect(test, &plan->result, &c->keep);
	pieces_expect(test, &plan->drop, &c->drop);
	KUNIT_EXPECT_EQ(test, plan->taken.nr, 0);
	for (unsigned int i = 0; i < plan->rest.nr; i++)
		KUNIT_EXPECT_EQ(test, plan->rest.len[i], (u64)c->rest[i] * PARKER_ALIGN);
}

struct add_case {
	const char *desc;
	struct pieces have;
	struct piece new;
	struct pieces want;
};

static const struct add_case add_cases[] = {
	{ "to nothing", {}, { 5, 1 }, { 1, { { 5, 1 } } } },
	{ "below", { 1, { { 10, 4 } } }, { 5, 1 }, { 2, { { 5, 1 }, { 10, 4 } } } },
	{ "above", { 1, { { 10, 4 } } }, { 15, 1 }, { 2, { { 10, 4 }, { 15, 1 } } } },
	{ "between", { 2, { { 10, 4 }, { 20, 4 } } }, { 16, 2 },
	  { 3, { { 10, 4 }, { 16, 2 }, { 20, 4 } } } },
	{ "touching from below", { 1, { { 10, 4 } } }, { 5, 5 }, { 1, { { 5, 9 } } } },
	{ "touching from above", { 1, { { 10, 4 } } }, { 14, 2 }, { 1, { { 10, 6 } } } },
	{ "closing a gap", { 2, { { 10, 4 }, { 20, 4 } } }, { 14, 6 }, { 1, { { 10, 14 } } } },
	{ "touching another node", { 1, { { 10, 4, 0 } } }, { 14, 2, 1 },
	  { 2, { { 10, 4, 0 }, { 14, 2, 1 } } } },
};

KUNIT_ARRAY_PARAM_DESC(add, add_cases, desc);

static void parker_memory_test_add(struct kunit *test)
{
	const struct add_case *c = test->param_value;
	struct parker_regions *regions = kunit_kzalloc(test, sizeof(*regions), GFP_KERNEL);
	const struct pieces new = { 1, { c->new } };
	struct parker_region region;

	KUNIT_ASSERT_NOT_NULL(test, regions);

	regions->nr = pieces_get(&c->have, regions->region);
	pieces_get(&new, &region);
	KUNIT_EXPECT_EQ(test, parker_regions_add(regions, &region), 0);
	pieces_expect(test, regions, &c->want);
}

static void parker_memory_test_add_full(struct kunit *test)
{
	struct parker_regions *regions = kunit_kzalloc(test, sizeof(*regions), GFP_KERNEL);
	struct parker_region region = { .len = PARKER_ALIGN };

	KUNIT_ASSERT_NOT_NULL(test, regions);

	for (unsigned int i = 0; i < PARKER_MAX_REGIONS; i++) {
		region.start = 2 * (PARKER_MAX_REGIONS - i) * PARKER_ALIGN;
		KUNIT_EXPECT_EQ(test, parker_regions_add(regions, &region), 0);
	}
	region.start = 0;
	KUNIT_EXPECT_EQ(test, parker_regions_add(regions, &region), -ENOSPC);
	KUNIT_EXPECT_EQ(test, regions->nr, PARKER_MAX_REGIONS);
	for (unsigned int i = 0; i < regions->nr; i++)
		KUNIT_EXPECT_EQ(test, regions->region[i].start, 2 * (i + 1) * PARKER_ALIGN);
}

struct hold_case {
	const char *desc;
	phys_addr_t start;
	u64 len;
	bool held;
};

static const struct hold_case hold_cases[] = {
	{ "a whole region", SZ_4M, SZ_4M, true },
	{ "its first byte", SZ_4M, 1, true },
	{ "its last byte", SZ_8M - 1, 1, true },
	{ "in another one", SZ_16M + SZ_1M, SZ_1M, true },
	{ "before the first", 0, 1, false },
	{ "begins before", SZ_4M - 1, 2, false },
	{ "ends behind", SZ_8M - 1, 2, false },
	{ "behind the end", SZ_8M + 1, 0, false },
	{ "reaches into another one", SZ_8M - 1, SZ_16M, false },
	{ "its end is no number", SZ_4M, U64_MAX, false },
};

KUNIT_ARRAY_PARAM_DESC(hold, hold_cases, desc);

static void parker_memory_test_hold(struct kunit *test)
{
	static const struct parker_region regions[] = {
		{ .start = SZ_4M, .len = SZ_4M },
		{ .start = SZ_16M, .len = SZ_2M },
	};
	const struct hold_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, parker_regions_hold(regions, ARRAY_SIZE(regions), c->start, c->len),
			c->held);
	KUNIT_EXPECT_FALSE(test, parker_regions_hold(regions, 0, c->start, c->len));
}

struct search_case {
	const char *desc;
	/* One letter a block: x bad, m movable, . free. */
	const char *blocks;
	unsigned long want;
	unsigned long nr;
	unsigned long first;
};

static const struct search_case search_cases[] = {
	{ "no blocks", "", 1, 0 },
	{ "nothing usable", "xxxx", 1, 0 },
	{ "all", "....", 4, 4, 0 },
	{ "lowest of equals", "x......", 2, 2, 1 },
	{ "behind a hole", "..x....", 3, 3, 3 },
	{ "at the end", "x.xx...", 3, 3, 4 },
	{ "free rather than movable", "mmmm....", 3, 3, 4 },
	{ "least to move", "mmm.x.m.m.", 4, 4, 5 },
	{ "movable if it must be", ".mmm.x..", 4, 4, 0 },
	{ "as long as it gets", "..x...xmm", 5, 3, 3 },
	{ "length before moving", "..xmmm", 4, 3, 3 },
	{ "no carry across a hole", "mmm...x...", 3, 3, 3 },
	{ "single block", "xmx", 7, 1, 1 },
};

KUNIT_ARRAY_PARAM_DESC(search, search_cases, desc);

static void parker_memory_test_search(struct kunit *test)
{
	const struct search_case *c = test->param_value;
	size_t nr = strlen(c->blocks);
	struct parker_run run = {};
	u8 kinds[16];

	KUNIT_ASSERT_LE(test, nr, sizeof(kinds));
	for (size_t i = 0; i < nr; i++)
		kinds[i] = c->blocks[i] == '.' ? PARKER_BLOCK_FREE :
			   c->blocks[i] == 'm' ? PARKER_BLOCK_MOVABLE : PARKER_BLOCK_BAD;

	KUNIT_EXPECT_EQ(test, parker_blocks_search(kinds, nr, c->want, &run), !!c->nr);
	KUNIT_EXPECT_EQ(test, run.nr, c->nr);
	KUNIT_EXPECT_EQ(test, run.first, c->first);
}

static struct kunit_case parker_memory_cases[] = {
	KUNIT_CASE_PARAM(parker_memory_test_parse, parse_gen_params),
	KUNIT_CASE(parker_memory_test_parse_node),
	KUNIT_CASE_PARAM(parker_memory_test_fit, fit_gen_params),
	KUNIT_CASE_PARAM(parker_memory_test_add, add_gen_params),
	KUNIT_CASE(parker_memory_test_add_full),
	KUNIT_CASE_PARAM(parker_memory_test_hold, hold_gen_params),
	KUNIT_CASE_PARAM(parker_memory_test_search, search_gen_params),
	{}
};

static struct kunit_suite parker_memory_suite = {
	.name = "parker_memory",
	.test_cases = parker_memory_cases,
};

kunit_test_suite(parker_memory_suite);

MODULE_DESCRIPTION("KUnit tests of Parker's memory");
MODULE_LICENSE("GPL");
