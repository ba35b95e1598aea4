// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what a CPU writes where it changes its owner.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/parker.h>
#include <linux/slab.h>

#include "../internal.h"

static void parker_scrub_test_widest(struct kunit *test)
{
	/* Highest 40, guaranteed 30, efficient 20, lowest 10 */
	KUNIT_EXPECT_EQ(test, parker_widest_hwp(0x0a141e28, 0x3ff80050a0aULL), 0x3ff8000280aULL);
	KUNIT_EXPECT_EQ(test, parker_widest_hwp(0, 0xff112233), 0xff000000);
	/* Highest 166, nominal 110, efficient 60, lowest 14 */
	KUNIT_EXPECT_EQ(test, parker_widest_cppc(0xa66e3c0e, 0x80000e0e), 0x80000ea6);
	KUNIT_EXPECT_EQ(test, parker_widest_cppc(0xa66e3c0e, 0xff112233), 0xff000ea6);
}

/* Each MSR once, and the one that has to be read is not on the list if it cannot be. */
static void parker_scrub_test_list(struct kunit *test)
{
	struct parker_slot *slot = kunit_kzalloc(test, sizeof(*slot), GFP_KERNEL);
	unsigned int cpu = cpumask_first(cpu_online_mask);

	KUNIT_ASSERT_NOT_NULL(test, slot);
	KUNIT_ASSERT_EQ(test, arch_parker_note_cpu(cpu), 0);
	KUNIT_EXPECT_TRUE(test, arch_parker_is_noted(cpu));
	slot->faulted = 1;
	parker_scrub_fill(slot, cpu, false);
	KUNIT_EXPECT_EQ(test, slot->faulted, 0);
	KUNIT_EXPECT_GT(test, slot->nr_msrs, 0);
	KUNIT_EXPECT_LT(test, slot->nr_msrs, SLOT_MAX_MSRS);
	for (unsigned int i = 0; i < slot->nr_msrs; i++)
		for (unsigned int j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, slot->msrs[i].nr, slot->msrs[j].nr);
}

static struct kunit_case parker_scrub_cases[] = {
	KUNIT_CASE(parker_scrub_test_widest),
	KUNIT_CASE(parker_scrub_test_list),
	{}
};

static struct kunit_suite parker_scrub_suite = {
	.name = "parker_scrub",
	.test_cases = parker_scrub_cases,
};

kunit_test_suite(parker_scrub_suite);
