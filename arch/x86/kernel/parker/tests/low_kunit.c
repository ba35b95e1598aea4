// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of memory below 1 MiB.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/parker.h>
#include <linux/string.h>

#include "../internal.h"

/* No partition has claimed a CPU when these tests run, so that nothing was written. */
static void parker_low_test_idle(struct kunit *test)
{
	phys_addr_t page = parker_low_page();

	if (!page)
		kunit_skip(test, "there is no page to park CPUs in");
	KUNIT_EXPECT_EQ(test, parker_stub_pa, 0);
	KUNIT_EXPECT_MEMNEQ(test, __va(page), parker_stub, parker_stub_end - parker_stub);
}

/* A page of the page allocator is not taken, whatever it is called elsewhere. */
static void parker_low_test_reserved(struct kunit *test)
{
	struct page *pages = alloc_pages(GFP_KERNEL, 1);
	phys_addr_t start;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	start = page_to_phys(pages);
	KUNIT_EXPECT_FALSE(test, parker_low_is_reserved(start, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, parker_low_is_reserved(start, 2 * PAGE_SIZE));
	__SetPageReserved(&pages[0]);
	KUNIT_EXPECT_TRUE(test, parker_low_is_reserved(start, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, parker_low_is_reserved(start, 2 * PAGE_SIZE));
	__SetPageReserved(&pages[1]);
	KUNIT_EXPECT_TRUE(test, parker_low_is_reserved(start, 2 * PAGE_SIZE));
	__ClearPageReserved(&pages[0]);
	__ClearPageReserved(&pages[1]);
	__free_pages(pages, 1);

	KUNIT_EXPECT_TRUE(test, !parker_low_page() ||
			  parker_low_is_reserved(parker_low_page(), PAGE_SIZE));
}

static struct kunit_case parker_low_cases[] = {
	KUNIT_CASE(parker_low_test_idle),
	KUNIT_CASE(parker_low_test_reserved),
	{}
};

static struct kunit_suite parker_low_suite = {
	.name = "parker_low",
	.test_cases = parker_low_cases,
};

kunit_test_suite(parker_low_suite);
