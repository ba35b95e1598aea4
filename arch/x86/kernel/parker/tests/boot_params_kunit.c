// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what is read from an image, of where the parts of a kernel go,
 * and of the boot parameters.
 */
#include <kunit/test.h>
#include <linux/kexec.h>
#include <linux/parker.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include <asm/apic.h>
#include <asm/bootparam.h>
#include <asm/e820/types.h>
#include <asm/processor.h>

#include "../internal.h"

#define K(n)	((u64)(n) * SZ_1K)
#define M(n)	((u64)(n) * SZ_1M)
#define G(n)	((u64)(n) * SZ_1G)

#define NO_SUCH_CHUNK	0x30303030

/* The fixed part of kernel_info. */
struct test_info {
	__le32 magic;
	__le32 size;
	__le32 size_total;
	__le32 setup_type_max;
};

struct test_chunk {
	__le32 magic;
	__le32 size;
	__le32 data;
};

/* A bzImage of what is looked at. Its declaration is not aligned. */
struct test_image {
	struct boot_params setup;
	u8 code[66];
	struct test_info info;
	struct test_chunk other;
	struct parker_declaration decl;
	char release[80];
} __packed;

#define SETUP_LEN	sizeof(struct boot_params)
#define IN_IMAGE(field)	offsetof(struct test_image, field)
#define INFO_LEN	(IN_IMAGE(release) - IN_IMAGE(info))

static void fill_setup(struct setup_header *hdr)
{
	*hdr = (struct setup_header){
		.setup_sects		= SETUP_LEN / 512 - 1,
		.jump			= 0x6aeb,
		.header			= 0x53726448,
		.version		= 0x020f,
		.kernel_version		= IN_IMAGE(release) - 512,
		.kernel_alignment	= SZ_2M,
		.relocatable_kernel	= 1,
		.xloadflags		= XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G,
		.cmdline_size		= 2047,
		.pref_address		= SZ_16M,
		.init_size		= SZ_32M,
		.kernel_info_offset	= IN_IMAGE(info) - SETUP_LEN,
	};
}

static struct test_image *good_image(struct kunit *test)
{
	struct test_image *image = kunit_kzalloc(test, sizeof(*image), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, image);
	fill_setup(&image->setup.hdr);
	image->info = (struct test_info){
		.magic		= cpu_to_le32(0x506f544c),	/* "LToP" */
		.size		= cpu_to_le32(sizeof(image->info)),
		.size_total	= cpu_to_le32(INFO_LEN),
	};
	image->other = (struct test_chunk){
		.magic	= cpu_to_le32(NO_SUCH_CHUNK),
		.size	= cpu_to_le32(sizeof(image->other)),
	};
	image->decl = (struct parker_declaration){
		.magic		= cpu_to_le32(PARKER_MAGIC),
		.size		= cpu_to_le32(sizeof(image->decl)),
		.version	= cpu_to_le16(PARKER_ABI_VERSION + 4),
		.oldest		= cpu_to_le16(PARKER_ABI_VERSION),
		.flags		= cpu_to_le32(PARKER_DECLARES_X2APIC),
		.required	= cpu_to_le64(U64_MAX),
	};
	strscpy(image->release, "6.12.1-web (me@here) #1 SMP");
	return image;
}

/**
 * struct image_case - a good image with changes
 * @desc:	what the case is about
 * @set:	values that are written over it
 * @len:	bytes of it that the file has, 0: all
 * @says:	part of the sentence, NULL: the image is taken
 */
struct image_case {
	const char *desc;
	struct {
		size_t offset;
		size_t width;
		u64 value;
	} set[2];
	size_t len;
	const char *says;
};

#define SET(bytes, field, val)	{ IN_IMAGE(field), (bytes), (val) }
#define SET8(field, val)	SET(sizeof(u8), field, val)
#define SET16(field, val)	SET(sizeof(u16), field, val)
#define SET32(field, val)	SET(sizeof(u32), field, val)

#define NOT_BZIMAGE	"is not a bzImage"
#define NOT_RELOCATABLE	"is not a relocatable 64-bit kernel"
#define NOT_DECLARED	"does not declare itself"
#define OTHER_CONTRACT	"of the contract"
#define DAMAGED		"is damaged"

static const struct image_case image_cases[] = {
	{ "good" },

	/* The header. */
	{ "one byte", .len = 1, .says = NOT_BZIMAGE },
	{ "ends in the setup part", .len = SETUP_LEN - 1, .says = NOT_BZIMAGE },
	{ "ends with the setup part", .len = SETUP_LEN, .says = NOT_BZIMAGE },
	{ "setup part beyond the file", { SET8(setup.hdr.setup_sects, 255) }, .says = NOT_BZIMAGE },
	{ "4 sectors of setup are not counted",
	  { SET8(setup.hdr.setup_sects, 0),
	    SET32(setup.hdr.kernel_info_offset, IN_IMAGE(info) - 5 * 512) } },
	{ "wrong magic", { SET32(setup.hdr.header, 0x53726449) }, .says = NOT_BZIMAGE },
	{ "payload fits exactly",
	  { SET32(setup.hdr.init_size, sizeof(struct test_image) - SETUP_LEN) } },
	{ "payload larger than the kernel in memory",
	  { SET32(setup.hdr.init_size, sizeof(struct test_image) - SETUP_LEN - 1) },
	  .says = NOT_BZIMAGE },
	{ "protocol 2.14", { SET16(setup.hdr.version, 0x020e) },
	  .says = "boot protocol 2.14, at least 2.15 is needed" },
	{ "protocol 1.255", { SET16(setup.hdr.version, 0x01ff) }, .says = "boot protocol 1.255," },
	{ "protocol 2.16", { SET16(setup.hdr.version, 0x0210) } },
	{ "not relocatable", { SET8(setup.hdr.relocatable_kernel, 0) }, .says = NOT_RELOCATABLE },
	{ "no 64-bit entry", { SET16(setup.hdr.xloadflags, XLF_CAN_BE_LOADED_ABOVE_4G) },
	  .says = NOT_RELOCATABLE },
	{ "not loadable above 4 GiB", { SET16(setup.hdr.xloadflags, XLF_KERNEL_64) },
	  .says = NOT_RELOCATABLE },
	{ "all flags", { SET16(setup.hdr.xloadflags, U16_MAX) } },
	{ "no alignment", { SET32(setup.hdr.kernel_alignment, 0) }, .says = NOT_RELOCATABLE },
	{ "alignment to 3 MiB", { SET32(setup.hdr.kernel_alignment, M(3)) },
	  .says = NOT_RELOCATABLE },
	{ "alignment to 1 GiB", { SET32(setup.hdr.kernel_alignment, SZ_1G) } },
	{ "alignment to 2 GiB", { SET32(setup.hdr.kernel_alignment, G(2)) },
	  .says = NOT_RELOCATABLE },

	/* The way to the declaration. */
	{ "no kernel_info", { SET32(setup.hdr.kernel_info_offset, 0) }, .says = NOT_DECLARED },
	{ "kernel_info beyond the file",
	  { SET32(setup.hdr.kernel_info_offset, sizeof(struct test_image) - SETUP_LEN + 1) },
	  .says = NOT_DECLARED },
	{ "kernel_info far beyond the file", { SET32(setup.hdr.kernel_info_offset, U32_MAX) },
	  .says = NOT_DECLARED },
	{ "kernel_info elsewhere",
	  { SET32(setup.hdr.kernel_info_offset, IN_IMAGE(other) - SETUP_LEN) },
	  .says = NOT_DECLARED },
	{ "file ends before kernel_info", .len = SETUP_LEN + 1, .says = NOT_DECLARED },
	{ "file ends in kernel_info", .len = IN_IMAGE(other) - 1, .says = NOT_DECLARED },
	{ "file ends in the declaration", .len = IN_IMAGE(release) - 1, .says = NOT_DECLARED },
	{ "file ends with the declaration", .len = IN_IMAGE(release) },
	{ "kernel_info of another magic", { SET32(info.magic, 0x506f544d) }, .says = NOT_DECLARED },
	{ "kernel_info of size 0", { SET32(info.size_total, 0) }, .says = NOT_DECLARED },
	{ "kernel_info ends in the declaration", { SET32(info.size_total, INFO_LEN - 1) },
	  .says = NOT_DECLARED },
	{ "kernel_info ends behind the declaration", { SET32(info.size_total, INFO_LEN + 1) } },
	{ "kernel_info ends with the file",
	  { SET32(info.size_total, sizeof(struct test_image) - IN_IMAGE(info)) } },
	{ "kernel_info overruns the file",
	  { SET32(info.size_total, sizeof(struct test_image) - IN_IMAGE(info) + 1) },
	  .says = NOT_DECLARED },
	{ "kernel_info of the largest size", { SET32(info.size_total, U32_MAX) },
	  .says = NOT_DECLARED },
	{ "no fixed part", { SET32(info.size, 0) }, .says = NOT_DECLARED },
	{ "fixed part longer than all", { SET32(info.size, INFO_LEN + 1) }, .says = NOT_DECLARED },
	{ "longest fixed part", { SET32(info.size, U32_MAX) }, .says = NOT_DECLARED },
	{ "fixed part of the future", { SET32(info.size, IN_IMAGE(decl) - IN_IMAGE(info)) } },
	{ "chunk of length 0", { SET32(other.size, 0) }, .says = NOT_DECLARED },
	{ "chunk shorter than its head", { SET32(other.size, 7) }, .says = NOT_DECLARED },
	{ "chunk overruns kernel_info", { SET32(other.size, INFO_LEN) }, .says = NOT_DECLARED },
	{ "longest chunk", { SET32(other.size, U32_MAX) }, .says = NOT_DECLARED },
	{ "only other chunks", { SET32(decl.magic, NO_SUCH_CHUNK) }, .says = NOT_DECLARED },

	/* The declaration. */
	{ "only newer versions", { SET16(decl.oldest, PARKER_ABI_VERSION + 1) },
	  .says = OTHER_CONTRACT },
	{ "only older versions",
	  { SET16(decl.oldest, 0), SET16(decl.version, PARKER_ABI_OLDEST - 1) },
	  .says = OTHER_CONTRACT },
	{ "declaration too short", { SET32(decl.size, 23) }, .says = DAMAGED },
	{ "declaration overruns the file", { SET32(decl.size, 4096) }, .says = DAMAGED },
};

KUNIT_ARRAY_PARAM_DESC(image, image_cases, desc);

/* In memory of its own and of its length, so that KASAN sees who reads beyond it. */
static void *cut_file(struct kunit *test, const struct test_image *image, size_t len)
{
	void *file = kunit_kmalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, file);
	return memcpy(file, image, len);
}

static void parker_boot_params_test_image(struct kunit *test)
{
	const struct image_case *c = test->param_value;
	struct test_image *image = good_image(test);
	size_t len = c->len ?: sizeof(*image);
	struct parker_image_info info = {};
	struct parker_error err = {};
	void *file;

	for (int i = 0; i < ARRAY_SIZE(c->set); i++)
		memcpy((void *)image + c->set[i].offset, &c->set[i].value, c->set[i].width);
	file = cut_file(test, image, len);

	KUNIT_EXPECT_EQ(test, arch_parker_check_image(file, len, &info, &err),
			c->says ? -ENOEXEC : 0);
	KUNIT_EXPECT_EQ(test, info.version, c->says ? 0 : PARKER_ABI_VERSION + 4);
	KUNIT_EXPECT_EQ(test, info.required, c->says ? 0 : U64_MAX);
	KUNIT_EXPECT_EQ(test, info.cmdline_max, c->says ? 0 : 2047);
	if (c->says)
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(err.text, c->says), "%s", err.text);
	else
		KUNIT_EXPECT_STREQ(test, err.text, "");
}

/* In xAPIC mode, a kernel without CONFIG_X86_X2APIC will do. */
static void parker_boot_params_test_x2apic(struct kunit *test)
{
	struct test_image *image = good_image(test);
	struct parker_image_info info = {};
	struct parker_error err = {};

	image->decl.flags = cpu_to_le32(~PARKER_DECLARES_X2APIC);
	KUNIT_EXPECT_EQ(test, arch_parker_check_image(image, sizeof(*image), &info, &err),
			x2apic_enabled() ? -ENOEXEC : 0);
	KUNIT_EXPECT_EQ(test, !!strstr(err.text, "lacks CONFIG_X86_X2APIC"), x2apic_enabled());
}

struct release_case {
	const char *desc;
	/* Where it lies in the file, 0: nowhere. */
	size_t at;
	const char *text;
	const char *want;
};

#define DIGITS_60	"123456789012345678901234567890123456789012345678901234567890"

static const struct release_case release_cases[] = {
	{ "version and more", IN_IMAGE(release), "6.12.1-web (me@here) #1 SMP", "6.12.1-web" },
	{ "newline", IN_IMAGE(release), "6.12\ncontract 9 x", "6.12" },
	{ "version alone", IN_IMAGE(release), "6.12.1-web", "6.12.1-web" },
	{ "empty", IN_IMAGE(release), "", "" },
	{ "none", 0, "", "unknown" },
	{ "64 letters", IN_IMAGE(release), DIGITS_60 "1234 x", DIGITS_60 "1234" },
	{ "65 letters", IN_IMAGE(release), DIGITS_60 "12345 x", DIGITS_60 "1234" },
	{ "no end", IN_IMAGE(release), DIGITS_60 DIGITS_60, DIGITS_60 "1234" },
	{ "cut off by the file's end", sizeof(struct test_image) - 4, "6.12.1", "6.12" },
	{ "last byte", sizeof(struct test_image) - 1, "6.12.1", "6" },
	{ "at the file's end", sizeof(struct test_image), "", "unknown" },
	{ "far beyond the file", 512 + U16_MAX, "", "unknown" },
};

KUNIT_ARRAY_PARAM_DESC(release, release_cases, desc);

static void parker_boot_params_test_release(struct kunit *test)
{
	const struct release_case *c = test->param_value;
	struct test_image *image = good_image(test);
	struct parker_image_info info = {};
	void *file;

	image->setup.hdr.kernel_version = c->at ? c->at - 512 : 0;
	/* The end of a string and its zero byte may not have room. */
	for (size_t i = 0; i <= strlen(c->text) && c->at && c->at + i < sizeof(*image); i++)
		((u8 *)image)[c->at + i] = c->text[i];
	file = cut_file(test, image, sizeof(*image));

	KUNIT_EXPECT_EQ(test, arch_parker_check_image(file, sizeof(*image), &info, NULL), 0);
	KUNIT_EXPECT_STREQ(test, info.release, c->want);
}

/**
 * struct test_start - the start of an image
 * @image:	what @kimage holds
 * @kimage:	the image, without initrd and command line
 * @regions:	what @boot refers to
 * @boot:	the start, without a region
 */
struct test_start {
	struct test_image *image;
	struct kimage kimage;
	struct parker_region regions[PARKER_MAX_REGIONS];
	struct parker_boot boot;
};

static struct test_start *good_start(struct kunit *test)
{
	struct test_start *start = kunit_kzalloc(test, sizeof(*start), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, start);
	start->image = good_image(test);
	start->kimage.kernel_buf = start->image;
	start->kimage.kernel_buf_len = sizeof(*start->image);
	start->boot.image = &start->kimage;
	start->boot.regions = start->regions;
	return start;
}

/* As kexec does: the length counts the zero byte. */
static void set_cmdline(struct kunit *test, struct test_start *start, const char *text)
{
	if (!text)
		return;
	start->kimage.cmdline_buf = kunit_kstrdup(test, text, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, start->kimage.cmdline_buf);
	start->kimage.cmdline_buf_len = strlen(text) + 1;
}

struct la57_case {
	const char *desc;
	u16 xloadflags;
	const char *cmdline;
	/* Would it run with 5 levels on a machine that has them? */
	bool want;
};

static const struct la57_case la57_cases[] = {
	{ "enabled", XLF_5LEVEL | XLF_5LEVEL_ENABLED, "quiet", true },
	{ "enabled, no command line", XLF_5LEVEL | XLF_5LEVEL_ENABLED, NULL, true },
	{ "enabled, empty command line", XLF_5LEVEL | XLF_5LEVEL_ENABLED, "", true },
	{ "understood", XLF_5LEVEL, "quiet", false },
	{ "all flags but that", (u16)~XLF_5LEVEL_ENABLED, "quiet", false },
	{ "no flags", 0, "quiet", false },
	{ "switched off", U16_MAX, "no5lvl", false },
	{ "switched off at the end", U16_MAX, "quiet no5lvl", false },
	{ "another word", U16_MAX, "no5lvls xno5lvl", true },
};

KUNIT_ARRAY_PARAM_DESC(la57, la57_cases, desc);

static void parker_boot_params_test_la57(struct kunit *test)
{
	const struct la57_case *c = test->param_value;
	struct test_start *start = good_start(test);
	bool possible = cpuid_eax(0) >= 7 && (cpuid_ecx(7) & BIT(16));

	start->image->setup.hdr.xloadflags = c->xloadflags;
	set_cmdline(test, start, c->cmdline);
	KUNIT_EXPECT_EQ(test, parker_wants_la57(&start->boot), c->want && possible);
}

/* What is still free of each region. */
struct pieces {
	unsigned int nr;
	struct {
		phys_addr_t start;
		phys_addr_t len;
	} piece[2];
};

static struct parker_room *pieces_get(struct kunit *test, const struct pieces *pieces)
{
	struct parker_room *room = kunit_kzalloc(test, sizeof(*room), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, room);
	room->nr = pieces->nr;
	for (unsigned int i = 0; i < pieces->nr; i++) {
		room->start[i] = pieces->piece[i].start;
		room->end[i] = pieces->piece[i].start + pieces->piece[i].len;
	}
	return room;
}

struct bottom_case {
	const char *desc;
	struct pieces free;
	u64 len;
	u64 align;
	u64 min;
	/* 0: there is no place. */
	phys_addr_t want;
};

static const struct bottom_case bottom_cases[] = {
	{ "fits exactly", { 1, { { G(1), M(8) } } }, M(8), M(2), 0, G(1) },
	{ "one byte too small", { 1, { { G(1), M(8) } } }, M(8) + 1, M(2), 0 },
	{ "far too small", { 1, { { G(1), M(8) } } }, U64_MAX, M(2), 0 },
	{ "start is aligned", { 1, { { G(1) + M(2), M(32) } } }, M(8), M(16), 0, G(1) + M(16) },
	{ "fits exactly when aligned", { 1, { { G(1) + M(2), M(22) } } },
	  M(8), M(16), 0, G(1) + M(16) },
	{ "too small when aligned", { 1, { { G(1) + M(2), M(20) } } }, M(8), M(16), 0 },
	{ "aligned to the end", { 1, { { G(1) + M(2), M(14) } } }, M(8), M(16), 0 },
	{ "aligned beyond the end", { 1, { { G(1) + M(2), M(8) } } }, M(4), M(16), 0 },
	{ "minimum below", { 1, { { G(1), M(8) } } }, M(8), M(2), M(16), G(1) },
	{ "minimum inside", { 1, { { G(1), M(32) } } }, M(8), M(2), G(1) + M(4), G(1) + M(4) },
	{ "minimum is aligned", { 1, { { G(1), M(32) } } }, M(8), M(8), G(1) + M(4), G(1) + M(8) },
	{ "minimum leaves too little", { 1, { { G(1), M(8) } } }, M(8), M(2), G(1) + 1 },
	{ "minimum at the end", { 1, { { G(1), M(8) } } }, M(2), M(2), G(1) + M(8) },
	{ "minimum above", { 1, { { G(1), M(8) } } }, M(2), M(2), G(2) },
	{ "largest minimum that is aligned", { 1, { { G(1), M(8) } } }, M(2), M(2), -M(2) },
	{ "alignment wraps", { 1, { { G(1), M(8) } } }, M(2), M(2), U64_MAX },
	{ "alignment to 1 GiB wraps", { 1, { { G(1), G(2) } } }, M(2), G(1), -M(512) },
	{ "first of two", { 2, { { G(1), M(8) }, { G(2), M(8) } } }, M(8), M(2), 0, G(1) },
	{ "second of two", { 2, { { G(1), M(8) }, { G(2), M(16) } } }, M(10), M(2), 0, G(2) },
	{ "minimum in the second", { 2, { { G(1), M(8) }, { G(2), M(8) } } },
	  M(4), M(2), G(2) + M(2), G(2) + M(2) },
	{ "minimum in the hole", { 2, { { G(1), M(8) }, { G(2), M(8) } } },
	  M(4), M(2), G(1) + M(64), G(2) },
	{ "aligned across the hole", { 2, { { G(1) + M(2), M(8) }, { G(1) + M(14), M(32) } } },
	  M(4), M(16), 0, G(1) + M(16) },
	{ "two with a hole do not add up", { 2, { { G(1), M(8) }, { G(1) + M(10), M(8) } } },
	  M(10), M(2), 0 },
	{ "no room left", { 1, { { G(1), 0 } } }, M(2), M(2), 0 },
	{ "first has no room left", { 2, { { G(1), 0 }, { G(2), M(8) } } }, M(2), M(2), 0, G(2) },
	{ "no region", { 0 }, M(2), M(2), 0 },
};

KUNIT_ARRAY_PARAM_DESC(bottom, bottom_cases, desc);

static void parker_boot_params_test_bottom(struct kunit *test)
{
	const struct bottom_case *c = test->param_value;
	const struct parker_room *before = pieces_get(test, &c->free);
	struct parker_room *room = pieces_get(test, &c->free);
	phys_addr_t at = 0;

	KUNIT_EXPECT_EQ(test, parker_place_bottom(room, c->len, c->align, c->min, &at),
			!!c->want);
	KUNIT_EXPECT_EQ(test, at, c->want);
	for (unsigned int i = 0; i < room->nr; i++) {
		bool taken = c->want >= before->start[i] && c->want < before->end[i];

		KUNIT_EXPECT_EQ(test, room->start[i], taken ? at + c->len : before->start[i]);
		KUNIT_EXPECT_EQ(test, room->end[i], before->end[i]);
	}
}

struct top_case {
	const char *desc;
	struct pieces free;
	u64 len;
	/* 0: there is no place. */
	phys_addr_t want;
};

static const struct top_case top_cases[] = {
	{ "one page", { 1, { { G(1), M(8) } } }, SZ_4K, G(1) + M(8) - SZ_4K },
	{ "one byte takes a page", { 1, { { G(1), M(8) } } }, 1, G(1) + M(8) - SZ_4K },
	{ "one byte more takes two", { 1, { { G(1), M(8) } } }, SZ_4K + 1, G(1) + M(8) - SZ_8K },
	{ "nothing", { 1, { { G(1), M(8) } } }, 0, G(1) + M(8) },
	{ "fits exactly", { 1, { { G(1), M(8) } } }, M(8), G(1) },
	{ "fits exactly when rounded", { 1, { { G(1), M(8) } } }, M(8) - 1, G(1) },
	{ "one byte too small", { 1, { { G(1), M(8) } } }, M(8) + 1 },
	{ "last of two", { 2, { { G(1), M(8) }, { G(2), M(8) } } }, M(2), G(2) + M(6) },
	{ "first of two", { 2, { { G(1), M(16) }, { G(2), M(8) } } }, M(10), G(1) + M(6) },
	{ "last has no room left", { 2, { { G(1), M(8) }, { G(2), 0 } } }, M(2), G(1) + M(6) },
	{ "two do not add up", { 2, { { G(1), M(8) }, { G(2), M(8) } } }, M(10) },
	{ "no room left", { 1, { { G(1), 0 } } }, 1 },
	{ "no region", { 0 }, 1 },
};

KUNIT_ARRAY_PARAM_DESC(top, top_cases, desc);

static void parker_boot_params_test_top(struct kunit *test)
{
	const struct top_case *c = test->param_value;
	const struct parker_room *before = pieces_get(test, &c->free);
	struct parker_room *room = pieces_get(test, &c->free);
	phys_addr_t at = 0;

	KUNIT_EXPECT_EQ(test, parker_place_top(room, c->len, &at), !!c->want);
	KUNIT_EXPECT_EQ(test, at, c->want);
	for (unsigned int i = 0; i < room->nr; i++) {
		bool taken = c->want >= before->start[i] && c->want < before->end[i];

		KUNIT_EXPECT_EQ(test, room->start[i], before->start[i]);
		KUNIT_EXPECT_EQ(test, room->end[i], taken ? at : before->end[i]);
	}
}

/**
 * struct all_case - an image and the memory that it is to be built in
 * @desc:	what the case is about
 * @regions:	the memory, up to the first of length 0
 * @init_size:	what the kernel takes
 * @align:	its alignment, 0: 2 MiB
 * @pref:	its preferred address
 * @initrd_len:	length of the initrd
 * @cmdline_len: length of the command line with its zero byte
 * @want:	where the parts go
 * @advised:	MiB that are advised, 0: all fits
 * @bad:	places with memory errors
 */
struct all_case {
	const char *desc;
	struct parker_region regions[3];
	u32 init_size;
	u32 align;
	u64 pref;
	u64 initrd_len;
	u64 cmdline_len;
	struct parker_place want;
	unsigned int advised;
	struct parker_bad bad;
};

/* 24 KiB of fields, the head of the console, a ring of 512 KiB: whole pages. */
#define BLOCK_LEN	K(540)

/* The longest command line with which the parameters take two pages. */
#define TWO_PAGES	(SZ_8K - sizeof(struct parker_params) - 1)

static const struct all_case all_cases[] = {
	{ "largest init_size", { { G(1), M(34) } }, U32_MAX, .advised = 4131 },
	{ "all in one region", { { G(1), M(128) } }, M(32), .initrd_len = M(10) + 1,
	  .want = { .kernel = G(1),
		    .initrd = G(1) + M(118) - K(4),
		    .params = G(1) + M(118) - K(4 + 8),
		    .block = G(1) + M(118) - K(4 + 8) - BLOCK_LEN } },
	{ "no initrd", { { G(1), M(128) } }, M(32),
	  .want = { .kernel = G(1),
		    .initrd = G(1) + M(128),
		    .params = G(1) + M(128) - K(8),
		    .block = G(1) + M(128) - K(8) - BLOCK_LEN } },
	{ "command line fills its page", { { G(1), M(128) } }, M(32), .cmdline_len = TWO_PAGES,
	  .want = { .kernel = G(1),
		    .initrd = G(1) + M(128),
		    .params = G(1) + M(128) - K(8),
		    .block = G(1) + M(128) - K(8) - BLOCK_LEN } },
	{ "command line takes a page more", { { G(1), M(128) } }, M(32),
	  .cmdline_len = TWO_PAGES + 1,
	  .want = { .kernel = G(1),
		    .initrd = G(1) + M(128),
		    .params = G(1) + M(128) - K(12),
		    .block = G(1) + M(128) - K(12) - BLOCK_LEN } },
	{ "above the preferred address", { { M(2), M(128) } }, M(32), .pref = M(16),
	  .want = { .kernel = M(16),
		    .initrd = M(130),
		    .params = M(130) - K(8),
		    .block = M(130) - K(8) - BLOCK_LEN } },
	{ "kernel aligned to 1 GiB", { { G(1) + M(2), G(2) } }, M(32), .align = SZ_1G,
	  .want = { .kernel = G(2),
		    .initrd = G(3) + M(2),
		    .params = G(3) + M(2) - K(8),
		    .block = G(3) + M(2) - K(8) - BLOCK_LEN } },
	{ "all fits exactly", { { G(1), M(34) } }, M(32),
	  .initrd_len = M(2) - K(8) - BLOCK_LEN,
	  .want = { .kernel = G(1),
		    .initrd = G(1) + M(32) + K(8) + BLOCK_LEN,
		    .params = G(1) + M(32) + BLOCK_LEN,
		    .block = G(1) + M(32) } },
	{ "one byte less would fit exactly", { { G(1), M(34) } }, M(32),
	  .initrd_len = M(2) - K(8) - BLOCK_LEN + 1,
	  .advised = 73 },
	{ "kernel below, the rest above", { { G(1), M(32) }, { G(2), M(32) } }, M(32),
	  .initrd_len = M(10),
	  .want = { .kernel = G(1),
		    .initrd = G(2) + M(22),
		    .params = G(2) + M(22) - K(8),
		    .block = G(2) + M(22) - K(8) - BLOCK_LEN } },
	{ "kernel above, the rest below", { { G(1), M(16) }, { G(2), M(32) } }, M(32),
	  .initrd_len = M(10),
	  .want = { .kernel = G(2),
		    .initrd = G(1) + M(6),
		    .params = G(1) + M(6) - K(8),
		    .block = G(1) + M(6) - K(8) - BLOCK_LEN } },
	{ "each part in another region", { { G(1), M(32) }, { G(2), M(4) }, { G(3), M(2) } }, M(32),
	  .initrd_len = M(4),
	  .want = { .kernel = G(1),
		    .initrd = G(2),
		    .params = G(3) + M(2) - K(8),
		    .block = G(3) + M(2) - K(8) - BLOCK_LEN } },
	{ "kernel too large", { { G(1), M(32) } }, M(64), .advised = 99 },
	{ "kernel too large for each", { { G(1), M(32) }, { G(2), M(32) } }, M(64), .advised = 99 },
	{ "kernel too large by a byte", { { G(1), M(64) } }, M(64) + 1, .advised = 99 },
	{ "kernel takes all", { { G(1), M(64) } }, M(64), .advised = 99 },
	{ "kernel too large when aligned", { { G(1) + M(2), M(80) } }, M(64), .align = SZ_32M,
	  .advised = 129 },
	{ "memory below the preferred address", { { M(2), M(128) } }, M(32), .pref = G(1),
	  .advised = 67 },
	{ "initrd too large", { { G(1), M(80) } }, M(64), .initrd_len = M(20), .advised = 179 },
	{ "initrd too large for each", { { G(1), M(64) }, { G(2), M(16) }, { G(3), M(16) } }, M(64),
	  .initrd_len = M(20), .advised = 179 },
	{ "initrd of 4 GiB", { { G(1), M(80) } }, M(64), .initrd_len = G(4), .advised = 16483 },
	{ "no place for the parameters", { { G(1), M(64) }, { G(2), M(20) } }, M(64),
	  .initrd_len = M(20), .advised = 179 },
	{ "no place for the block", { { G(1), M(64) }, { G(2), M(20) } }, M(64),
	  .initrd_len = M(20) - K(8), .advised = 179 },
	{ "no memory", .init_size = M(64), .advised = 99 },

	/* Around what has errors. */
	{ "error in the first page", { { G(1), M(128) } }, M(32), .initrd_len = M(10),
	  .bad = { 1, 1, { G(1) }, { K(4) } },
	  .want = { .kernel = G(1) + M(2),
		    .initrd = G(1) + M(118),
		    .params = G(1) + M(118) - K(8),
		    .block = G(1) + M(118) - K(8) - BLOCK_LEN } },
	{ "error in the last page", { { G(1), M(128) } }, M(32), .initrd_len = M(10),
	  .bad = { 1, 1, { G(1) + M(128) - K(4) }, { K(4) } },
	  .want = { .kernel = G(1),
		    .initrd = G(1) + M(118) - K(4),
		    .params = G(1) + M(118) - K(12),
		    .block = G(1) + M(118) - K(12) - BLOCK_LEN } },
	{ "errors between the parts", { { G(1), M(128) } }, M(32), .initrd_len = M(10),
	  .bad = { 2, 2, { G(1) + M(32), G(1) + M(118) - K(4) }, { K(4), K(4) } },
	  .want = { .kernel = G(1),
		    .initrd = G(1) + M(118),
		    .params = G(1) + M(118) - K(12),
		    .block = G(1) + M(118) - K(12) - BLOCK_LEN } },
	{ "error where the kernel would be", { { G(1), M(128) } }, M(32),
	  .bad = { 2, 1, { G(1) + M(31) }, { K(8) } },
	  .want = { .kernel = G(1) + M(32),
		    .initrd = G(1) + M(128),
		    .params = G(1) + M(128) - K(8),
		    .block = G(1) + M(128) - K(8) - BLOCK_LEN } },
	{ "a region of errors", { { G(1), M(32) }, { G(2), M(64) } }, M(32),
	  .bad = { 8192, 1, { G(1) }, { M(32) } },
	  .want = { .kernel = G(2),
		    .initrd = G(2) + M(64),
		    .params = G(2) + M(64) - K(8),
		    .block = G(2) + M(64) - K(8) - BLOCK_LEN } },
	{ "an error in each region", { { G(1), M(32) }, { G(2), M(64) } }, M(32),
	  .bad = { 2, 2, { G(1) + M(4), G(2) + M(62) }, { K(4), K(4) } },
	  .want = { .kernel = G(2),
		    .initrd = G(2) + M(64),
		    .params = G(2) + M(64) - K(8),
		    .block = G(2) + M(64) - K(8) - BLOCK_LEN } },
	{ "an error too many", { { G(1), M(34) } }, M(32),
	  .bad = { 1, 1, { G(1) + M(32) - K(4) }, { K(4) } }, .advised = 67 },
};

KUNIT_ARRAY_PARAM_DESC(all, all_cases, desc);

static struct test_start *all_start(struct kunit *test, const struct all_case *c)
{
	struct test_start *start = good_start(test);
	struct setup_header *hdr = &start->image->setup.hdr;

	hdr->init_size = c->init_size;
	hdr->pref_address = c->pref;
	hdr->kernel_alignment = c->align ?: SZ_2M;
	start->kimage.initrd_buf_len = c->initrd_len;
	start->kimage.cmdline_buf_len = c->cmdline_len;
	memcpy(start->regions, c->regions, sizeof(c->regions));
	while (start->regions[start->boot.nr_regions].len)
		start->boot.nr_regions++;
	return start;
}

/* The advice is worth something: with that much memory in one region, all fits. */
static void expect_advice(struct kunit *test, struct test_start *start,
			  const struct parker_error *err, const struct all_case *c)
{
	static const struct parker_bad none;
	struct parker_place place;
	char want[160];

	if (c->bad.nr)
		snprintf(want, sizeof(want),
			 "start: the image needs about %uM in one piece, and the memory has errors in %u places; give it back and take other memory",
			 c->advised, c->bad.nr);
	else
		snprintf(want, sizeof(want),
			 "The memory is too small for the image, which needs about %uM in one region",
			 c->advised);
	KUNIT_EXPECT_STREQ(test, err->text, want);

	start->regions[0].start = max(G(1), c->pref) + PARKER_ALIGN;
	start->regions[0].len = ALIGN(M(c->advised), PARKER_ALIGN);
	start->boot.nr_regions = 1;
	KUNIT_EXPECT_EQ(test, parker_place_all(&start->boot, &none, &place, NULL), 0);
}

static void parker_boot_params_test_all(struct kunit *test)
{
	const struct all_case *c = test->param_value;
	struct test_start *start = all_start(test, c);
	struct parker_place place = {};
	struct parker_error err = {};

	KUNIT_EXPECT_EQ(test, parker_place_all(&start->boot, &c->bad, &place, &err),
			c->advised ? -ENOMEM : 0);
	if (c->advised) {
		expect_advice(test, start, &err, c);
		return;
	}
	KUNIT_EXPECT_STREQ(test, err.text, "");
	KUNIT_EXPECT_EQ(test, place.kernel, c->want.kernel);
	KUNIT_EXPECT_EQ(test, place.initrd, c->want.initrd);
	KUNIT_EXPECT_EQ(test, place.params, c->want.params);
	KUNIT_EXPECT_EQ(test, place.block, c->want.block);
}

static const struct parker_place some_place = {
	.kernel = G(4),
	.initrd = G(4) + M(100),
	.params = G(4) + M(90),
	.block = G(4) + M(80),
};

/* Into memory that is not zero, as that of a partition. */
static struct parker_params *fill_with_bad(struct kunit *test, const struct test_start *start,
					   const struct parker_bad *bad,
					   const struct parker_place *place, phys_addr_t low)
{
	size_t len = sizeof(struct parker_params) + start->kimage.cmdline_buf_len + 1;
	struct parker_params *params = kunit_kmalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, params);
	memset(params, 0xff, len);
	parker_fill_params(&start->boot, bad, place, low, params);
	return params;
}

static struct parker_params *fill_params(struct kunit *test, const struct test_start *start,
					 const struct parker_place *place, phys_addr_t low)
{
	static const struct parker_bad none;

	return fill_with_bad(test, start, &none, place, low);
}

struct e820_case {
	const char *desc;
	phys_addr_t low;
	unsigned int nr;
};

static const struct e820_case e820_cases[] = {
	{ "one region", 0, 1 },
	{ "one region and a slot", 0x90000, 1 },
	{ "two regions", 0, 2 },
	{ "16 regions", 0, PARKER_MAX_REGIONS },
	{ "16 regions and a slot", 0x10000, PARKER_MAX_REGIONS },
};

KUNIT_ARRAY_PARAM_DESC(e820, e820_cases, desc);

static void expect_e820(struct kunit *test, const struct boot_e820_entry *entry,
			phys_addr_t start, phys_addr_t len, enum e820_type type)
{
	KUNIT_EXPECT_EQ(test, entry->addr, start);
	KUNIT_EXPECT_EQ(test, entry->size, len);
	KUNIT_EXPECT_EQ(test, entry->type, type);
}

static void expect_ram(struct kunit *test, const struct boot_e820_entry *entry,
		       phys_addr_t start, phys_addr_t len)
{
	expect_e820(test, entry, start, len, E820_TYPE_RAM);
}

static void parker_boot_params_test_e820(struct kunit *test)
{
	const struct e820_case *c = test->param_value;
	struct test_start *start = good_start(test);
	const struct boot_e820_entry *entry;
	const struct boot_params *bp;

	for (unsigned int i = 0; i < c->nr; i++) {
		start->regions[i].start = G(4 + i);
		start->regions[i].len = M(2 * i + 2);
	}
	start->boot.nr_regions = c->nr;
	bp = &fill_params(test, start, &some_place, c->low)->bp;

	KUNIT_ASSERT_EQ(test, bp->e820_entries, c->nr + !!c->low);
	entry = bp->e820_table;
	if (c->low)
		expect_ram(test, entry++, c->low, SZ_32K);
	for (unsigned int i = 0; i < c->nr; i++)
		expect_ram(test, entry++, G(4 + i), M(2 * i + 2));
	KUNIT_EXPECT_NULL(test, memchr_inv(entry, 0, (void *)(bp + 1) - (void *)entry));
}

/* As many regions and errors as there can be: all of them fit, and none overlap. */
static void parker_boot_params_test_e820_bad(struct kunit *test)
{
	struct parker_bad *bad = kunit_kzalloc(test, sizeof(*bad), GFP_KERNEL);
	struct test_start *start = good_start(test);
	const struct boot_e820_entry *entry;
	const struct boot_params *bp;

	KUNIT_ASSERT_NOT_NULL(test, bad);
	for (unsigned int i = 0; i < PARKER_MAX_REGIONS; i++) {
		start->regions[i].start = G(4 + i);
		start->regions[i].len = M(2);
	}
	start->boot.nr_regions = PARKER_MAX_REGIONS;
	for (; bad->nr < PARKER_MAX_BAD; bad->nr++) {
		bad->start[bad->nr] = G(4 + bad->nr / 2) + M(bad->nr % 2) + K(4);
		bad->len[bad->nr] = K(8);
	}
	bp = &fill_with_bad(test, start, bad, &some_place, SZ_64K)->bp;

	KUNIT_ASSERT_EQ(test, bp->e820_entries, 1 + PARKER_MAX_REGIONS + 2 * PARKER_MAX_BAD);
	entry = bp->e820_table;
	expect_ram(test, entry++, SZ_64K, SZ_32K);
	for (unsigned int i = 0; i < PARKER_MAX_REGIONS; i++) {
		expect_ram(test, entry++, G(4 + i), K(4));
		expect_ram(test, entry++, G(4 + i) + K(12), M(1) - K(8));
		expect_ram(test, entry++, G(4 + i) + M(1) + K(12), M(1) - K(12));
	}
	for (unsigned int i = 0; i < PARKER_MAX_BAD; i++)
		expect_e820(test, entry++, bad->start[i], K(8), E820_TYPE_UNUSABLE);
	KUNIT_EXPECT_NULL(test, memchr_inv(entry, 0, (void *)(bp + 1) - (void *)entry));
}

struct pointer_case {
	const char *desc;
	phys_addr_t params;
	phys_addr_t initrd;
	u64 initrd_len;
	const char *cmdline;
};

static const struct pointer_case pointer_cases[] = {
	{ "below 4 GiB", G(1), G(2), M(10), "quiet" },
	{ "above 4 GiB", G(5), G(6), M(10), "quiet" },
	{ "command line begins above 4 GiB", G(4) - SZ_4K, G(2), M(10), "quiet" },
	{ "no initrd", G(5), G(6), 0, "quiet" },
	{ "initrd of more than 4 GiB", G(5), G(6), G(5) + 3, "quiet" },
	{ "no command line", G(1), G(2), M(10), NULL },
	{ "empty command line", G(1), G(2), M(10), "" },
};

KUNIT_ARRAY_PARAM_DESC(pointer, pointer_cases, desc);

static u64 join(u32 high, u32 low)
{
	return (u64)high << 32 | low;
}

static void parker_boot_params_test_pointers(struct kunit *test)
{
	const struct pointer_case *c = test->param_value;
	struct parker_place place = { .params = c->params, .initrd = c->initrd };
	struct test_start *start = good_start(test);
	const struct parker_params *params;
	const struct boot_params *bp;

	set_cmdline(test, start, c->cmdline);
	start->kimage.initrd_buf_len = c->initrd_len;
	params = fill_params(test, start, &place, 0);
	bp = &params->bp;

	KUNIT_EXPECT_EQ(test, join(bp->ext_cmd_line_ptr, bp->hdr.cmd_line_ptr),
			c->params + offsetof(struct parker_params, cmdline));
	KUNIT_EXPECT_STREQ(test, params->cmdline, c->cmdline ?: "");
	KUNIT_EXPECT_EQ(test, join(bp->ext_ramdisk_image, bp->hdr.ramdisk_image),
			c->initrd_len ? c->initrd : 0);
	KUNIT_EXPECT_EQ(test, join(bp->ext_ramdisk_size, bp->hdr.ramdisk_size), c->initrd_len);
	KUNIT_EXPECT_EQ(test, bp->acpi_rsdp_addr, c->params + offsetof(struct parker_params, rsdp));
	KUNIT_EXPECT_NULL(test, memchr_inv(params->rsdp, 0, sizeof(params->rsdp)));
}

/* The list of setup data: first the block, then the seed. */
static void parker_boot_params_test_setup_data(struct kunit *test)
{
	const struct parker_params *params = fill_params(test, good_start(test), &some_place, 0);
	const phys_addr_t at = some_place.params;

	KUNIT_EXPECT_EQ(test, params->bp.hdr.hardware_subarch, PARKER_SUBARCH);
	KUNIT_EXPECT_EQ(test, params->bp.hdr.setup_data,
			at + offsetof(struct parker_params, block_node));

	KUNIT_EXPECT_EQ(test, params->block_node.type, SETUP_INDIRECT);
	KUNIT_EXPECT_EQ(test, params->block_node.len, sizeof(struct setup_indirect));
	KUNIT_EXPECT_PTR_EQ(test, (void *)params->block_node.data, (void *)&params->block);
	KUNIT_EXPECT_EQ(test, params->block.type, SETUP_INDIRECT | PARKER_SETUP_TYPE);
	KUNIT_EXPECT_EQ(test, params->block.reserved, 0);
	KUNIT_EXPECT_EQ(test, params->block.addr, some_place.block);
	KUNIT_EXPECT_EQ(test, params->block.len, BLOCK_LEN);
	KUNIT_EXPECT_EQ(test, params->block_node.next,
			at + offsetof(struct parker_params, seed_node));

	KUNIT_EXPECT_EQ(test, params->seed_node.type, SETUP_RNG_SEED);
	KUNIT_EXPECT_PTR_EQ(test, (void *)params->seed_node.data, (void *)params->seed);
	KUNIT_EXPECT_EQ(test, params->seed_node.next, 0);
	/* A seed that is none must not count as one. */
	if (params->seed_node.len)
		KUNIT_EXPECT_EQ(test, params->seed_node.len, sizeof(params->seed));
	else
		KUNIT_EXPECT_NULL(test, memchr_inv(params->seed, 0, sizeof(params->seed)));
}

struct header_case {
	const char *desc;
	/* The length byte of the jump at 0x200: the header ends 0x202 + this. */
	u8 len;
	bool init_size;
	bool kernel_info;
};

static const struct header_case header_cases[] = {
	{ "as long as ours", 0x6a, true, true },
	{ "longer", 0x7f, true, true },
	{ "longest", 0xff, true, true },
	{ "without the last field", 0x66, true, false },
	{ "ends with init_size", 0x62, true, false },
	{ "ends before init_size", 0x5e, false, false },
};

KUNIT_ARRAY_PARAM_DESC(header, header_cases, desc);

/* Nothing but the header is copied from the file. */
static void parker_boot_params_test_header(struct kunit *test)
{
	const struct header_case *c = test->param_value;
	struct test_start *start = good_start(test);
	struct boot_params *from = &start->image->setup;
	const struct boot_params *bp;

	from->hdr.jump = c->len << 8 | 0xeb;
	from->sentinel = 0xff;
	memset(from->_pad7, 0xff, sizeof(from->_pad7));
	bp = &fill_params(test, start, &some_place, 0)->bp;

	KUNIT_EXPECT_EQ(test, bp->hdr.header, from->hdr.header);
	KUNIT_EXPECT_EQ(test, bp->hdr.version, from->hdr.version);
	KUNIT_EXPECT_EQ(test, bp->hdr.kernel_alignment, from->hdr.kernel_alignment);
	KUNIT_EXPECT_EQ(test, bp->hdr.pref_address, from->hdr.pref_address);
	KUNIT_EXPECT_EQ(test, bp->hdr.init_size, c->init_size ? from->hdr.init_size : 0);
	KUNIT_EXPECT_EQ(test, bp->hdr.kernel_info_offset,
			c->kernel_info ? from->hdr.kernel_info_offset : 0);
	KUNIT_EXPECT_EQ(test, bp->hdr.type_of_loader, 0xd0);
	KUNIT_EXPECT_EQ(test, bp->sentinel, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(bp->_pad7, 0, sizeof(bp->_pad7)));
}

/**
 * struct policy_case - a kernel that agrees with this one, or not
 * @desc:	what the case is about
 * @ours:	split_lock_detect= of this kernel, "": its CPUs cannot detect them
 * @cmdline:	command line of the other one
 * @version:	newest version of the contract that it understands
 * @says:	part of the sentence, NULL: it agrees
 */
struct policy_case {
	const char *desc;
	const char *ours;
	const char *cmdline;
	unsigned int version;
	const char *says;
};

#define NOT_THE_SAME	"leave it out, or say the same"
#define TOO_OLD		"is too old to be told of split_lock_detect="

static const struct policy_case policy_cases[] = {
	{ "takes it over", "fatal", "quiet", 3 },
	{ "no command line", "ratelimit:1000", NULL, 3 },
	{ "asks for the same", "fatal", "quiet split_lock_detect=fatal ro", 3 },
	{ "asks for the same rate", "ratelimit:5", "split_lock_detect=ratelimit:5", 3 },
	{ "asks for another", "fatal", "split_lock_detect=warn", 3, NOT_THE_SAME },
	{ "asks for another rate", "ratelimit:5", "split_lock_detect=ratelimit:50", 3,
	  NOT_THE_SAME },
	{ "asks for less", "warn", "quiet split_lock_detect=off", 3, NOT_THE_SAME },
	{ "asks for more", "off", "split_lock_detect=fatal", 3, NOT_THE_SAME },
	{ "asks for nothing", "warn", "split_lock_detect=", 3, NOT_THE_SAME },
	{ "asks for something long", "warn", "split_lock_detect=warnwarnwarnwarnwarnwarn", 3,
	  NOT_THE_SAME },
	{ "the last one counts", "warn", "split_lock_detect=off split_lock_detect=warn", 3 },
	{ "the last one counts, too", "warn", "split_lock_detect=warn split_lock_detect=off", 3,
	  NOT_THE_SAME },
	{ "another option", "warn", "my_split_lock_detect=off", 3 },
	{ "nothing is detected", "", "split_lock_detect=fatal", 3 },
	{ "old, this one has the default", "warn", "quiet", 2 },
	{ "old, this one has not", "fatal", "quiet", 2, TOO_OLD },
	{ "old, no command line", "off", NULL, 1, TOO_OLD },
	{ "old, asks for the same", "fatal", "split_lock_detect=fatal", 2 },
	{ "old, asks for another", "warn", "split_lock_detect=off", 2, NOT_THE_SAME },
	{ "old, nothing is detected", "", "quiet", 1 },
};

KUNIT_ARRAY_PARAM_DESC(policy, policy_cases, desc);

static void parker_boot_params_test_policy(struct kunit *test)
{
	const struct policy_case *c = test->param_value;
	struct parker_policy ours = {};
	struct parker_error err = {};
	int ret;

	strscpy(ours.split_lock, c->ours);
	ret = parker_policy_check(&ours, c->cmdline, c->version, &err);
	KUNIT_EXPECT_EQ(test, ret, c->says ? -EINVAL : 0);
	KUNIT_EXPECT_EQ(test, !c->says, !err.text[0]);
	if (c->says)
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(err.text, c->says), "%s", err.text);
}

/* The bit is set by it, and by it alone. */
static void parker_boot_params_test_lockdown(struct kunit *test)
{
	struct parker_given given = { .required = cpu_to_le64(BIT_ULL(63)) };

	parker_policy_fill(&given, PARKER_LOCKDOWN_NONE);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(given.required), BIT_ULL(63));
	KUNIT_EXPECT_EQ(test, le32_to_cpu(given.lockdown), 0);

	parker_policy_fill(&given, PARKER_LOCKDOWN_CONFIDENTIALITY);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(given.required),
			BIT_ULL(63) | PARKER_REQUIRED_LOCKDOWN);
	KUNIT_EXPECT_EQ(test, parker_abi_lockdown(&given), PARKER_LOCKDOWN_CONFIDENTIALITY);
}

static struct kunit_case parker_boot_params_cases[] = {
	KUNIT_CASE_PARAM(parker_boot_params_test_image, image_gen_params),
	KUNIT_CASE(parker_boot_params_test_x2apic),
	KUNIT_CASE_PARAM(parker_boot_params_test_release, release_gen_params),
	KUNIT_CASE_PARAM(parker_boot_params_test_la57, la57_gen_params),
	KUNIT_CASE_PARAM(parker_boot_params_test_bottom, bottom_gen_params),
	KUNIT_CASE_PARAM(parker_boot_params_test_top, top_gen_params),
	KUNIT_CASE_PARAM(parker_boot_params_test_all, all_gen_params),
	KUNIT_CASE_PARAM(parker_boot_params_test_e820, e820_gen_params),
	KUNIT_CASE(parker_boot_params_test_e820_bad),
	KUNIT_CASE_PARAM(parker_boot_params_test_pointers, pointer_gen_params),
	KUNIT_CASE(parker_boot_params_test_setup_data),
	KUNIT_CASE_PARAM(parker_boot_params_test_header, header_gen_params),
	KUNIT_CASE_PARAM(parker_boot_params_test_policy, policy_gen_params),
	KUNIT_CASE(parker_boot_params_test_lockdown),
	{}
};

static struct kunit_suite parker_boot_params_suite = {
	.name = "parker_boot_params",
	.test_cases = parker_boot_params_cases,
};

kunit_test_suite(parker_boot_params_suite);

MODULE_DESCRIPTION("KUnit tests of building Parker's application kernels");
MODULE_LICENSE("GPL");
