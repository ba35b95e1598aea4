// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of lists of PCI functions.
 */
#include <kunit/test.h>
#include <linux/parker_pci.h>
#include <linux/pci.h>
#include <linux/string.h>

struct parse_case {
	const char *desc;
	const char *text;
	int ret;
	unsigned int nr;
	struct parker_pci_address last;
};

#define AT(segment_, bus_, slot_, function_) \
	{ .segment = (segment_), .bus = (bus_), .devfn = PCI_DEVFN(slot_, function_) }

static const struct parse_case parse_cases[] = {
	{ "nothing", "", 0, 0 },
	{ "blanks", " \t\n", 0, 0 },
	{ "one", "0000:00:04.0", 0, 1, AT(0, 0, 4, 0) },
	{ "one with a newline", "0000:00:04.0\n", 0, 1, AT(0, 0, 4, 0) },
	{ "largest", "0000:ff:1f.7", 0, 1, AT(0, 0xff, 0x1f, 7) },
	{ "another segment", "0001:02:03.4", 0, 1, AT(1, 2, 3, 4) },
	{ "a long segment", "10000:e1:00.0", 0, 1, AT(0x10000, 0xe1, 0, 0) },
	{ "capital letters", "0000:0A:1F.0", 0, 1, AT(0, 10, 0x1f, 0) },
	{ "two", "0000:00:04.0 0000:01:00.0", 0, 2, AT(0, 1, 0, 0) },
	{ "lines", "0000:00:04.0\n0000:01:00.0\n", 0, 2, AT(0, 1, 0, 0) },
	{ "many blanks", "\t 0000:00:04.0  \t0000:01:00.0 ", 0, 2, AT(0, 1, 0, 0) },
	{ "twice", "0000:00:04.0 0000:00:04.0", -EINVAL },
	{ "twice, in other letters", "0000:00:0a.0 0000:00:0A.0", -EINVAL },
	{ "word", "eth0", -EINVAL },
	{ "without a segment", "00:04.0", -EINVAL },
	{ "without a function", "0000:00:04", -EINVAL },
	{ "short segment", "0:00:04.0", -EINVAL },
	{ "short bus", "0000:0:04.0", -EINVAL },
	{ "long bus", "0000:000:04.0", -EINVAL },
	{ "slot too high", "0000:00:20.0", -EINVAL },
	{ "function too high", "0000:00:04.8", -EINVAL },
	{ "more behind it", "0000:00:04.00", -EINVAL },
	{ "hexadecimal mark", "0x00:00:04.0", -EINVAL },
	{ "minus", "-000:00:04.0", -EINVAL },
	{ "comma", "0000:00:04.0,0000:01:00.0", -EINVAL },
	{ "garbage after a good one", "0000:00:04.0 x", -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(parse, parse_cases, desc);

static void parker_devices_test_parse(struct kunit *test)
{
	const struct parse_case *c = test->param_value;
	struct parker_pci_wish *wish = kunit_kzalloc(test, sizeof(*wish), GFP_KERNEL);
	struct parker_error *err = kunit_kzalloc(test, sizeof(*err), GFP_KERNEL);
	char *text = kunit_kzalloc(test, strlen(c->text) + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, wish);
	KUNIT_ASSERT_NOT_NULL(test, err);
	KUNIT_ASSERT_NOT_NULL(test, text);
	memcpy(text, c->text, strlen(c->text));

	KUNIT_EXPECT_EQ(test, parker_pci_parse(text, " \t\n", wish, err), c->ret);
	KUNIT_EXPECT_EQ(test, !!err->text[0], !!c->ret);
	if (c->ret)
		return;
	KUNIT_ASSERT_EQ(test, wish->nr, c->nr);
	if (!wish->nr)
		return;
	KUNIT_EXPECT_EQ(test, wish->at[wish->nr - 1].segment, c->last.segment);
	KUNIT_EXPECT_EQ(test, wish->at[wish->nr - 1].bus, c->last.bus);
	KUNIT_EXPECT_EQ(test, wish->at[wish->nr - 1].devfn, c->last.devfn);
}

/* As many as there is room for, and one more. */
static void parker_devices_test_most(struct kunit *test)
{
	struct parker_pci_wish *wish = kunit_kzalloc(test, sizeof(*wish), GFP_KERNEL);
	const size_t size = 16 * (PARKER_MAX_FUNCTIONS + 2);
	char *text = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, wish);
	KUNIT_ASSERT_NOT_NULL(test, text);
	for (unsigned int nr = PARKER_MAX_FUNCTIONS; nr <= PARKER_MAX_FUNCTIONS + 1; nr++) {
		size_t at = 0;

		for (unsigned int i = 0; i < nr; i++)
			at += scnprintf(text + at, size - at, "0000:%02x:00.0,", i);
		KUNIT_EXPECT_EQ(test, parker_pci_parse(text, ",", wish, NULL),
				nr > PARKER_MAX_FUNCTIONS ? -EINVAL : 0);
		KUNIT_EXPECT_EQ(test, wish->nr, PARKER_MAX_FUNCTIONS);
	}
}

static struct kunit_case parker_devices_cases[] = {
	KUNIT_CASE_PARAM(parker_devices_test_parse, parse_gen_params),
	KUNIT_CASE(parker_devices_test_most),
	{ }
};

static struct kunit_suite parker_devices_suite = {
	.name = "parker_devices",
	.test_cases = parker_devices_cases,
};

kunit_test_suite(parker_devices_suite);
