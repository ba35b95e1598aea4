// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of lists of CPUs and of whole cores.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/device.h>

#include "../internal.h"

struct parse_case {
	const char *desc;
	const char *text;
	int ret;
	const char *list;
};

/* Numbers stay below 2: this runs on machines with few CPUs. */
static const struct parse_case parse_cases[] = {
	{ "nothing", "", 0, "" },
	{ "blanks", " \t\n", 0, "" },
	{ "one", "0", 0, "0" },
	{ "range", "0-1", 0, "0-1" },
	{ "list", "0,1", 0, "0-1" },
	{ "unordered", "1,0", 0, "0-1" },
	{ "newline", "0-1\n", 0, "0-1" },
	{ "blanks around", "  1\t\n", 0, "1" },
	{ "commas only", ",,", -EINVAL },
	{ "word", "four", -EINVAL },
	{ "word after", "0,four", -EINVAL },
	{ "backwards", "1-0", -EINVAL },
	{ "open end", "0-", -EINVAL },
	{ "open start", "-1", -EINVAL },
	{ "hexadecimal", "0x1", -EINVAL },
	{ "second line", "0\n1", -EINVAL },
	{ "garbage in second line", "0\nx", -EINVAL },
	{ "too high", "1000000", -ENODEV },
	{ "end too high", "0-1000000", -ENODEV },
	{ "overflow", "99999999999999999999", -ENODEV },
};

KUNIT_ARRAY_PARAM_DESC(parse, parse_cases, desc);

static void parker_cpus_test_parse(struct kunit *test)
{
	const struct parse_case *c = test->param_value;
	struct parker_error *err = kunit_kzalloc(test, sizeof(*err), GFP_KERNEL);
	cpumask_t *got = kunit_kzalloc(test, sizeof(*got), GFP_KERNEL);
	cpumask_t *want = kunit_kzalloc(test, sizeof(*want), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, err);
	KUNIT_ASSERT_NOT_NULL(test, got);
	KUNIT_ASSERT_NOT_NULL(test, want);
	if (nr_cpu_ids < 2)
		kunit_skip(test, "needs two CPUs");

	cpumask_setall(got);
	KUNIT_EXPECT_EQ(test, parker_cpus_parse(c->text, got, err), c->ret);
	KUNIT_EXPECT_EQ(test, !!err->text[0], !!c->ret);
	if (c->ret)
		return;
	KUNIT_ASSERT_EQ(test, cpulist_parse(c->list, want), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(got, want));
}

static void parker_cpus_test_last(struct kunit *test)
{
	struct parker_error *err = kunit_kzalloc(test, sizeof(*err), GFP_KERNEL);
	cpumask_t *got = kunit_kzalloc(test, sizeof(*got), GFP_KERNEL);
	char text[16];

	KUNIT_ASSERT_NOT_NULL(test, err);
	KUNIT_ASSERT_NOT_NULL(test, got);

	snprintf(text, sizeof(text), "%u", nr_cpu_ids - 1);
	KUNIT_EXPECT_EQ(test, parker_cpus_parse(text, got, err), 0);
	snprintf(text, sizeof(text), "%u", nr_cpu_ids);
	KUNIT_EXPECT_EQ(test, parker_cpus_parse(text, got, err), -ENODEV);
}

struct core_case {
	const char *desc;
	const char *want;
	/* A CPU whose core is not whole, -1: none. */
	int half;
	const char *missing;
	/* CPUs that need not be named. */
	const char *off;
	/* The other CPUs of the cores. */
	const char *siblings;
};

/*
 * The machine of the stub: cores of two CPUs, whose numbers differ by 4 as on
 * machines that number the second thread of each core last.
 */
static void two_threads(unsigned int cpu, struct cpumask *core)
{
	cpumask_clear(core);
	cpumask_set_cpu(cpu % 4, core);
	cpumask_set_cpu(cpu % 4 + 4, core);
}

static const struct core_case core_cases[] = {
	{ "nothing", "", -1, "", "", "" },
	{ "one core", "1,5", -1, "", "", "" },
	{ "all cores", "0-7", -1, "", "", "" },
	{ "first half", "1", 1, "5", "", "5" },
	{ "second half", "6", 6, "2", "", "2" },
	{ "halves of two", "2,3", 2, "6", "", "6-7" },
	{ "one core and a half", "1,3,5", 3, "7", "", "7" },
	{ "first half, the other one is off", "1", -1, "", "5", "5" },
	{ "second half, the other one is off", "6", -1, "", "2", "2" },
	{ "half a core, that of another one is off", "1", 1, "5", "6", "5" },
	{ "halves of two, one other half is off", "2,3", 3, "7", "6", "6-7" },
	{ "halves of two, all others are off", "2,3", -1, "", "4-7", "6-7" },
	{ "one core, half of it is off", "1,5", -1, "", "5", "" },
};

KUNIT_ARRAY_PARAM_DESC(core, core_cases, desc);

static void parker_cpus_test_cores(struct kunit *test)
{
	const struct core_case *c = test->param_value;
	cpumask_t *want = kunit_kzalloc(test, sizeof(*want), GFP_KERNEL);
	cpumask_t *missing = kunit_kzalloc(test, sizeof(*missing), GFP_KERNEL);
	cpumask_t *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	unsigned int half;

	KUNIT_ASSERT_NOT_NULL(test, want);
	KUNIT_ASSERT_NOT_NULL(test, missing);
	KUNIT_ASSERT_NOT_NULL(test, other);
	if (nr_cpumask_bits < 8)
		kunit_skip(test, "needs masks of 8 CPUs");

	kunit_activate_static_stub(test, parker_core_cpus, two_threads);
	KUNIT_ASSERT_EQ(test, cpulist_parse(c->want, want), 0);
	KUNIT_ASSERT_EQ(test, cpulist_parse(c->off, other), 0);
	half = parker_find_half_core(want, other, missing);
	KUNIT_EXPECT_EQ(test, half, c->half < 0 ? nr_cpu_ids : c->half);
	KUNIT_ASSERT_EQ(test, cpulist_parse(c->missing, other), 0);
	KUNIT_EXPECT_TRUE(test, c->half < 0 || cpumask_equal(missing, other));

	parker_find_siblings(want, other, missing);
	KUNIT_ASSERT_EQ(test, cpulist_parse(c->siblings, other), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(missing, other));
}

/* A device that refused to be taken offline by itself refuses it after a claim, too. */
static void parker_cpus_test_offline(struct kunit *test)
{
	struct device *dev = root_device_register("parker-kunit");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	parker_forbid_offline(dev, true);
	KUNIT_EXPECT_TRUE(test, dev->offline_disabled);
	parker_forbid_offline(dev, false);
	KUNIT_EXPECT_FALSE(test, dev->offline_disabled);

	dev->offline_disabled = true;
	parker_forbid_offline(dev, false);
	KUNIT_EXPECT_TRUE(test, dev->offline_disabled);
	parker_forbid_offline(dev, true);
	parker_forbid_offline(dev, false);
	KUNIT_EXPECT_TRUE(test, dev->offline_disabled);
	root_device_unregister(dev);
}

static struct kunit_case parker_cpus_cases[] = {
	KUNIT_CASE_PARAM(parker_cpus_test_parse, parse_gen_params),
	KUNIT_CASE(parker_cpus_test_last),
	KUNIT_CASE_PARAM(parker_cpus_test_cores, core_gen_params),
	KUNIT_CASE(parker_cpus_test_offline),
	{}
};

static struct kunit_suite parker_cpus_suite = {
	.name = "parker_cpus",
	.test_cases = parker_cpus_cases,
};

kunit_test_suite(parker_cpus_suite);

MODULE_DESCRIPTION("KUnit tests of Parker's CPUs");
MODULE_LICENSE("GPL");
