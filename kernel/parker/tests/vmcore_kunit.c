// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the program headers of core files.
 */
#include <kunit/test.h>
#include <linux/elf.h>
#include <linux/sizes.h>

#include "../fs.h"

#define M(n)	((u64)(n) * SZ_1M)
#define VIRT	0xffff888000000000

struct segment_case {
	const char *desc;
	u64 virt, phys, len;
	bool found;
	u64 vaddr, paddr, filesz;
};

/* The region is from 64M to 72M, and at 1M in the file. */
static const struct segment_case segment_cases[] = {
	{ "all memory", VIRT, 0, M(1024), true, VIRT + M(64), M(64), M(8) },
	{ "the region", VIRT, M(64), M(8), true, VIRT, M(64), M(8) },
	{ "its begin", VIRT, M(62), M(4), true, VIRT + M(2), M(64), M(2) },
	{ "its end", VIRT, M(70), M(4), true, VIRT, M(70), M(2) },
	{ "a page in it", VIRT, M(66) + SZ_4K, SZ_4K, true, VIRT, M(66) + SZ_4K, SZ_4K },
	{ "one byte", VIRT, M(72) - 1, 9, true, VIRT, M(72) - 1, 1 },
	{ "before it", VIRT, M(60), M(4) },
	{ "behind it", VIRT, M(72), M(4) },
	{ "nothing", VIRT, M(66), 0 },
	{ "too long", VIRT, M(70), U64_MAX, true, VIRT, M(70), M(2) },
	{ "far away", VIRT, U64_MAX, U64_MAX },
	{ "an address that wraps around", U64_MAX, M(63), M(4), true, M(1) - 1, M(64), M(3) },
};

KUNIT_ARRAY_PARAM_DESC(segment, segment_cases, desc);

static void segment_test(struct kunit *test)
{
	const struct segment_case *c = test->param_value;
	const struct parker_region region = { .start = M(64), .len = M(8) };
	const struct parker_mapping map = {
		.virt	= cpu_to_le64(c->virt),
		.phys	= cpu_to_le64(c->phys),
		.len	= cpu_to_le64(c->len),
	};
	struct elf_phdr phdr = {};

	KUNIT_ASSERT_EQ(test, parker_core_segment(&map, &region, M(1), &phdr), c->found);
	if (!c->found)
		return;
	KUNIT_EXPECT_EQ(test, phdr.p_type, PT_LOAD);
	KUNIT_EXPECT_EQ(test, phdr.p_offset, M(1) + c->paddr - region.start);
	KUNIT_EXPECT_EQ(test, phdr.p_vaddr, c->vaddr);
	KUNIT_EXPECT_EQ(test, phdr.p_paddr, c->paddr);
	KUNIT_EXPECT_EQ(test, phdr.p_filesz, c->filesz);
	KUNIT_EXPECT_EQ(test, phdr.p_memsz, c->filesz);
}

static struct kunit_case parker_vmcore_cases[] = {
	KUNIT_CASE_PARAM(segment_test, segment_gen_params),
	{ }
};

static struct kunit_suite parker_vmcore_suite = {
	.name		= "parker_vmcore",
	.test_cases	= parker_vmcore_cases,
};

kunit_test_suites(&parker_vmcore_suite);
