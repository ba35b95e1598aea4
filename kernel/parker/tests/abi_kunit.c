// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: tests of the checks of the contract between the kernels.
 */
#include <kunit/test.h>
#include <linux/parker_abi.h>
#include <linux/sizes.h>

#define NR_CPUS_GIVEN	4
#define NR_RAMS_GIVEN	2
#define NR_FUNCTIONS_GIVEN	2
#define BLOCK_LEN	SZ_1M

/* The given part of a block with room behind it; the rest is never read. */
struct test_block {
	struct parker_given given;
	/* One more than there can be. */
	struct parker_function functions[PARKER_MAX_FUNCTIONS + 1];
	struct parker_cpu cpus[NR_CPUS_GIVEN];
	struct parker_ram rams[NR_RAMS_GIVEN];
	u8 room[512];
};

#define GIVEN_SIZE	offsetof(struct test_block, room)
#define REQUEST_OFFSET	SZ_8K
#define TOLD_OFFSET	SZ_16K
#define CONSOLE_OFFSET	SZ_32K
#define TOLD_END	(CONSOLE_OFFSET - sizeof(struct parker_told))
#define RING_SIZE	SZ_512K

static void sign(struct parker_given *given)
{
	size_t size = min_t(size_t, le32_to_cpu(given->size), sizeof(struct test_block));

	given->checksum = cpu_to_le32(parker_abi_checksum(given, size));
}

static struct test_block *good_block(struct kunit *test)
{
	struct test_block *block = kunit_kzalloc(test, sizeof(*block), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, block);
	block->given = (struct parker_given) {
		.magic		= cpu_to_le32(PARKER_MAGIC),
		.version	= cpu_to_le16(PARKER_ABI_VERSION),
		.oldest		= cpu_to_le16(PARKER_ABI_OLDEST),
		.size		= cpu_to_le32(GIVEN_SIZE),
		.id		= cpu_to_le32(7),
		.name		= "web",
		.block_len	= cpu_to_le32(BLOCK_LEN),
		.request_offset	= cpu_to_le32(REQUEST_OFFSET),
		.told_offset	= cpu_to_le32(TOLD_OFFSET),
		.console_offset	= cpu_to_le32(CONSOLE_OFFSET),
		.console_size	= cpu_to_le32(RING_SIZE),
		.nr_cpus	= cpu_to_le32(NR_CPUS_GIVEN),
		.cpus_offset	= cpu_to_le32(offsetof(struct test_block, cpus)),
		.nr_rams	= cpu_to_le32(NR_RAMS_GIVEN),
		.rams_offset	= cpu_to_le32(offsetof(struct test_block, rams)),
		.low_start	= cpu_to_le32(0x90000),
		.low_len	= cpu_to_le32(SZ_32K),
		.tsc_khz	= cpu_to_le32(2000000),
		.nr_functions	= cpu_to_le16(NR_FUNCTIONS_GIVEN),
		.functions_offset = cpu_to_le16(offsetof(struct test_block, functions)),
		.pat		= cpu_to_le64(0x0407050600070106),
		.split_lock	= "ratelimit:1000",
		.required	= cpu_to_le64(PARKER_REQUIRED_LOCKDOWN),
		.lockdown	= cpu_to_le32(PARKER_LOCKDOWN_INTEGRITY),
	};
	for (unsigned int i = 0; i < NR_RAMS_GIVEN; i++) {
		block->rams[i].start = cpu_to_le64(SZ_4G + i * SZ_1G);
		block->rams[i].len = cpu_to_le64(SZ_512M);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(block->functions); i++) {
		block->functions[i].config = cpu_to_le64(0xe0000000 + i * SZ_4K);
		block->functions[i].bars[0].start = cpu_to_le64(0xfe000000 + i * SZ_16K);
		block->functions[i].bars[0].len = cpu_to_le64(SZ_16K);
	}
	sign(&block->given);
	return block;
}

/* One value is written over a good block of @len bytes. */
struct given_case {
	const char *desc;
	size_t offset;
	size_t width;
	u64 value;
	size_t len;
	bool unsigned_change;
	int want;
};

#define SET(bytes, field, val) \
	.offset = offsetof(struct test_block, field), .width = (bytes), .value = (val)
#define SET8(field, val)	SET(sizeof(u8), field, val)
#define SET16(field, val)	SET(sizeof(u16), field, val)
#define SET32(field, val)	SET(sizeof(u32), field, val)
#define SET64(field, val)	SET(sizeof(u64), field, val)

static const struct given_case given_cases[] = {
	{ "good", .want = 0 },
	{ "another magic", SET32(given.magic, 0x4b525051), .want = -EINVAL },
	{ "no magic", SET32(given.magic, 0), .want = -EINVAL },
	{ "newer version that we may read", SET16(given.version, 9), .want = 0 },
	{ "oldest beyond version", SET16(given.oldest, PARKER_ABI_VERSION + 1), .want = -EINVAL },
	{ "version before ours", SET16(given.version, 0), .want = -EINVAL },
	{ "size too small", SET32(given.size, sizeof(struct parker_given) - 1), .want = -EINVAL },
	{ "size 0", SET32(given.size, 0), .want = -EINVAL },
	{ "size beyond the block", SET32(given.size, BLOCK_LEN + 1), .want = -EINVAL },
	{ "largest size", SET32(given.size, U32_MAX), .want = -EINVAL },
	{ "size without the last table", SET32(given.size, offsetof(struct test_block, rams)),
	  .want = -EINVAL },
	{ "shorter than the structure", .len = sizeof(struct parker_given) - 1, .want = -EINVAL },
	{ "length 1", .len = 1, .want = -EINVAL },
	{ "wrong checksum", SET32(given.checksum, 1), .unsigned_change = true, .want = -EBADMSG },
	{ "changed field", SET32(given.id, 8), .unsigned_change = true, .want = -EBADMSG },
	{ "changed table", SET32(rams[1].node, 1), .unsigned_change = true, .want = -EBADMSG },
	{ "changed function", SET8(functions[1].devfn, 8), .unsigned_change = true,
	  .want = -EBADMSG },
	{ "changed behind the given part", SET8(room[0], 1), .unsigned_change = true, .want = 0 },
	{ "unknown required feature", SET64(given.required, BIT_ULL(63)),
	  .want = -EPROTONOSUPPORT },
	{ "all required features", SET64(given.required, U64_MAX), .want = -EPROTONOSUPPORT },
	{ "unknown optional features", SET64(given.optional, U64_MAX), .want = 0 },
	{ "unknown flags", SET32(given.flags, U32_MAX), .want = 0 },
	{ "id 0", SET32(given.id, 0), .want = -EINVAL },
	{ "largest id", SET32(given.id, U16_MAX), .want = 0 },
	{ "id too large", SET32(given.id, U16_MAX + 1), .want = -EINVAL },
	{ "no name", SET8(given.name[0], 0), .want = -EINVAL },
	{ "block longer than its room", SET32(given.block_len, BLOCK_LEN + 8), .want = -EINVAL },
	{ "block shorter than its ring", SET32(given.block_len, RING_SIZE), .want = -EINVAL },
	{ "block of length 0", SET32(given.block_len, 0), .want = -EINVAL },
	{ "block cut off", .len = BLOCK_LEN - 1, .want = -EINVAL },
	{ "request in the given part", SET32(given.request_offset, 8), .want = -EINVAL },
	{ "request not aligned", SET32(given.request_offset, REQUEST_OFFSET + 4), .want = -EINVAL },
	{ "request in told", SET32(given.request_offset, TOLD_OFFSET), .want = -EINVAL },
	{ "request behind told", SET32(given.request_offset, CONSOLE_OFFSET), .want = -EINVAL },
	{ "request far away", SET32(given.request_offset, U32_MAX - 7), .want = -EINVAL },
	{ "told in the given part", SET32(given.told_offset, 0), .want = -EINVAL },
	{ "told in the request", SET32(given.told_offset, REQUEST_OFFSET), .want = -EINVAL },
	{ "told not aligned", SET32(given.told_offset, TOLD_OFFSET + 1), .want = -EINVAL },
	{ "told in the console", SET32(given.told_offset, CONSOLE_OFFSET - 8), .want = -EINVAL },
	{ "told with room for it", SET32(given.told_offset, TOLD_END), .want = 0 },
	{ "told without room for stamps", SET32(given.told_offset, TOLD_END + 8), .want = -EINVAL },
	{ "told far away", SET32(given.told_offset, U32_MAX - 7), .want = -EINVAL },
	{ "console before told", SET32(given.console_offset, REQUEST_OFFSET), .want = -EINVAL },
	{ "console in told", SET32(given.console_offset, TOLD_OFFSET + 8), .want = -EINVAL },
	{ "console not aligned", SET32(given.console_offset, CONSOLE_OFFSET + 2), .want = -EINVAL },
	{ "console beyond the block", SET32(given.console_offset, BLOCK_LEN - RING_SIZE),
	  .want = -EINVAL },
	{ "console to the block's end",
	  SET32(given.console_offset, BLOCK_LEN - RING_SIZE - sizeof(struct parker_console)),
	  .want = 0 },
	{ "console far away", SET32(given.console_offset, U32_MAX - 7), .want = -EINVAL },
	{ "smallest ring", SET32(given.console_size, PARKER_CONSOLE_MIN), .want = 0 },
	{ "ring too small", SET32(given.console_size, PARKER_CONSOLE_MIN / 2), .want = -EINVAL },
	{ "no ring", SET32(given.console_size, 0), .want = -EINVAL },
	{ "ring of no power of two", SET32(given.console_size, RING_SIZE - SZ_4K),
	  .want = -EINVAL },
	{ "ring larger than the block", SET32(given.console_size, BLOCK_LEN), .want = -EINVAL },
	{ "largest ring", SET32(given.console_size, BIT(31)), .want = -EINVAL },
	{ "no CPU", SET32(given.nr_cpus, 0), .want = -EINVAL },
	{ "more CPUs than the part holds", SET32(given.nr_cpus, 99), .want = -EINVAL },
	{ "most CPUs", SET32(given.nr_cpus, U32_MAX), .want = -EINVAL },
	{ "CPUs in the structure", SET32(given.cpus_offset, 8), .want = -EINVAL },
	{ "CPUs not aligned", SET32(given.cpus_offset, sizeof(struct parker_given) + 4),
	  .want = -EINVAL },
	{ "CPUs behind the part", SET32(given.cpus_offset, GIVEN_SIZE), .want = -EINVAL },
	{ "CPUs far away", SET32(given.cpus_offset, U32_MAX - 7), .want = -EINVAL },
	{ "no region", SET32(given.nr_rams, 0), .want = -EINVAL },
	{ "more regions than the part holds", SET32(given.nr_rams, NR_RAMS_GIVEN + 1),
	  .want = -EINVAL },
	{ "too many regions", SET32(given.nr_rams, PARKER_MAX_REGIONS + 1), .want = -EINVAL },
	{ "most regions", SET32(given.nr_rams, U32_MAX), .want = -EINVAL },
	{ "regions in the structure", SET32(given.rams_offset, 0), .want = -EINVAL },
	{ "regions not aligned", SET32(given.rams_offset, sizeof(struct parker_given) + 1),
	  .want = -EINVAL },
	{ "regions far away", SET32(given.rams_offset, U32_MAX - 7), .want = -EINVAL },
	{ "region not aligned", SET64(rams[1].start, SZ_4G + SZ_1M), .want = -EINVAL },
	{ "region of length 0", SET64(rams[0].len, 0), .want = -EINVAL },
	{ "region of odd length", SET64(rams[0].len, SZ_2M + SZ_4K), .want = -EINVAL },
	{ "region that wraps", SET64(rams[1].len, -SZ_2M), .want = -EINVAL },
	{ "no function", SET16(given.nr_functions, 0), .want = 0 },
	{ "one function", SET16(given.nr_functions, 1), .want = 0 },
	{ "as many functions as there can be", SET16(given.nr_functions, PARKER_MAX_FUNCTIONS),
	  .want = 0 },
	{ "too many functions", SET16(given.nr_functions, PARKER_MAX_FUNCTIONS + 1),
	  .want = -EINVAL },
	{ "most functions", SET16(given.nr_functions, U16_MAX), .want = -EINVAL },
	{ "functions in the structure", SET16(given.functions_offset, 0), .want = -EINVAL },
	{ "functions at the structure's end",
	  SET16(given.functions_offset, sizeof(struct parker_given) - 8), .want = -EINVAL },
	{ "functions not aligned",
	  SET16(given.functions_offset, offsetof(struct test_block, functions) + 4),
	  .want = -EINVAL },
	{ "functions behind the part", SET16(given.functions_offset, GIVEN_SIZE), .want = -EINVAL },
	{ "functions that end behind the part",
	  SET16(given.functions_offset, GIVEN_SIZE - sizeof(struct parker_function)),
	  .want = -EINVAL },
	{ "functions far away", SET16(given.functions_offset, U16_MAX - 7), .want = -EINVAL },
	{ "no configuration space", SET64(functions[1].config, 0), .want = -EINVAL },
	{ "configuration space not aligned", SET64(functions[0].config, 0xe0000100),
	  .want = -EINVAL },
	{ "function without a BAR", SET64(functions[0].bars[0].len, 0), .want = 0 },
	{ "a BAR of 16 bytes", SET64(functions[0].bars[0].len, 16), .want = 0 },
	{ "a BAR too small", SET64(functions[0].bars[0].len, 8), .want = -EINVAL },
	{ "a BAR of no power of two", SET64(functions[1].bars[0].len, SZ_16K - SZ_4K),
	  .want = -EINVAL },
	{ "a BAR not aligned to its length", SET64(functions[0].bars[0].start, 0xfe001000),
	  .want = -EINVAL },
	{ "a BAR nowhere", SET64(functions[0].bars[0].start, 0), .want = -EINVAL },
	{ "the last BAR", SET64(functions[1].bars[PARKER_MAX_BARS - 1].len, SZ_4K),
	  .want = -EINVAL },
	{ "largest BAR at the end", SET64(functions[0].bars[0].start, -(u64)SZ_16K), .want = 0 },
	{ "a BAR larger than all before it", SET64(functions[0].bars[0].len, BIT_ULL(63)),
	  .want = -EINVAL },
	{ "no low memory", SET32(given.low_len, 0), .want = 0 },
	{ "low memory too long", SET32(given.low_len, SZ_1M), .want = -EINVAL },
	{ "low memory too high", SET32(given.low_start, SZ_1M), .want = -EINVAL },
	{ "low memory not aligned", SET32(given.low_start, 0x90010), .want = -EINVAL },
	{ "low memory that wraps", SET32(given.low_len, -SZ_4K), .want = -EINVAL },
	{ "no TSC frequency", SET32(given.tsc_khz, 0), .want = -EINVAL },
	{ "no timer frequency", SET64(given.apic_timer_hz, 0), .want = 0 },
	{ "too many nanoseconds", SET32(given.wall_nsec, NSEC_PER_SEC), .want = -EINVAL },
	{ "no memory types", SET64(given.pat, 0), .want = 0 },
	{ "memory types after reset", SET64(given.pat, 0x0007040600070406), .want = 0 },
	{ "first memory type is not write-back", SET64(given.pat, 0x0407050600070100),
	  .want = -EINVAL },
	{ "memory type 2", SET64(given.pat, 0x0407050600020106), .want = -EINVAL },
	{ "memory type 3", SET64(given.pat, 0x0307050600070106), .want = -EINVAL },
	{ "memory type 8", SET64(given.pat, 0x0407050800070106), .want = -EINVAL },
	{ "split locks not detected", SET8(given.split_lock[0], 0), .want = 0 },
	{ "split_lock_detect= as long as can be",
	  SET8(given.split_lock[PARKER_SPLIT_LOCK_LEN - 2], 'x'), .want = 0 },
	{ "locked down for confidentiality",
	  SET32(given.lockdown, PARKER_LOCKDOWN_CONFIDENTIALITY), .want = 0 },
	{ "locked down, but not how", SET32(given.lockdown, PARKER_LOCKDOWN_NONE),
	  .want = -EINVAL },
	{ "locked down in an unknown way", SET32(given.lockdown, 3), .want = -EINVAL },
	{ "not locked down", SET64(given.required, 0), .want = 0 },
};

KUNIT_ARRAY_PARAM_DESC(given, given_cases, desc);

static void put_le(void *to, size_t width, u64 value)
{
	__le64 le = cpu_to_le64(value);

	memcpy(to, &le, width);
}

static void given_is_checked(struct kunit *test)
{
	const struct given_case *c = test->param_value;
	struct test_block *block = good_block(test);

	put_le((void *)block + c->offset, c->width, c->value);
	if (!c->unsigned_change)
		sign(&block->given);
	KUNIT_EXPECT_EQ(test, c->want, parker_abi_check_given(block, c->len ?: BLOCK_LEN));
}

/* What a row cannot say: more than one field differs. */
static void version_of_the_future_is_refused(struct kunit *test)
{
	struct test_block *block = good_block(test);

	block->given.version = cpu_to_le16(PARKER_ABI_VERSION + 2);
	block->given.oldest = cpu_to_le16(PARKER_ABI_VERSION + 1);
	sign(&block->given);
	KUNIT_EXPECT_EQ(test, -EPROTONOSUPPORT, parker_abi_check_given(block, BLOCK_LEN));
}

/* Stamps came with version 3: before, nothing says that there is room for them. */
static void told_of_version_2_is_shorter(struct kunit *test)
{
	struct test_block *block = good_block(test);

	block->given.told_offset =
		cpu_to_le32(CONSOLE_OFFSET - offsetof(struct parker_told, stamps));
	sign(&block->given);
	KUNIT_EXPECT_EQ(test, parker_abi_check_given(block, BLOCK_LEN), -EINVAL);

	block->given.version = cpu_to_le16(2);
	sign(&block->given);
	KUNIT_EXPECT_EQ(test, parker_abi_check_given(block, BLOCK_LEN), 0);
	KUNIT_EXPECT_EQ(test, parker_abi_told_size(2), 1088);
	KUNIT_EXPECT_EQ(test, parker_abi_told_size(3), sizeof(struct parker_told));
}

/* Policy came with version 3, too: before, tables may begin there. */
static void given_of_version_2_is_shorter(struct kunit *test)
{
	struct test_block *block = good_block(test);

	block->given.cpus_offset = cpu_to_le32(offsetof(struct test_block, given.pat));
	memset(block->given.split_lock, 'x', sizeof(block->given.split_lock));
	sign(&block->given);
	KUNIT_EXPECT_EQ(test, parker_abi_check_given(block, BLOCK_LEN), -EINVAL);

	block->given.version = cpu_to_le16(2);
	block->given.required = 0;
	sign(&block->given);
	KUNIT_EXPECT_EQ(test, parker_abi_check_given(block, BLOCK_LEN), 0);
	KUNIT_EXPECT_EQ(test, parker_abi_given_size(2), 152);
	KUNIT_EXPECT_EQ(test, parker_abi_given_size(3), 176);
}

/* From version 4 on a bit says that a field is there: without it, tables may begin there. */
static void lockdown_is_there_with_its_bit(struct kunit *test)
{
	struct test_block *block = good_block(test);

	KUNIT_EXPECT_EQ(test, parker_abi_lockdown(&block->given), PARKER_LOCKDOWN_INTEGRITY);
	block->given.cpus_offset = cpu_to_le32(offsetof(struct test_block, given.lockdown));
	sign(&block->given);
	KUNIT_EXPECT_EQ(test, parker_abi_check_given(block, BLOCK_LEN), -EINVAL);

	block->given.required = 0;
	sign(&block->given);
	KUNIT_EXPECT_EQ(test, parker_abi_check_given(block, BLOCK_LEN), 0);
	KUNIT_EXPECT_EQ(test, parker_abi_lockdown(&block->given), PARKER_LOCKDOWN_NONE);
	KUNIT_EXPECT_EQ(test, parker_abi_given_size(4), 176);
}

static void split_lock_without_end_is_refused(struct kunit *test)
{
	struct test_block *block = good_block(test);

	memset(block->given.split_lock, 'x', sizeof(block->given.split_lock));
	sign(&block->given);
	KUNIT_EXPECT_EQ(test, -EINVAL, parker_abi_check_given(block, BLOCK_LEN));
}

static void version_of_the_past_is_refused(struct kunit *test)
{
	struct test_block *block = good_block(test);

	block->given.version = cpu_to_le16(PARKER_ABI_OLDEST - 1);
	block->given.oldest = cpu_to_le16(PARKER_ABI_OLDEST - 1);
	sign(&block->given);
	KUNIT_EXPECT_EQ(test, -EPROTONOSUPPORT, parker_abi_check_given(block, BLOCK_LEN));
}

static void name_without_end_is_refused(struct kunit *test)
{
	struct test_block *block = good_block(test);

	memset(block->given.name, 'x', sizeof(block->given.name));
	sign(&block->given);
	KUNIT_EXPECT_EQ(test, -EINVAL, parker_abi_check_given(block, BLOCK_LEN));
}

static void checksum_sees_each_byte(struct kunit *test)
{
	const size_t field = offsetof(struct parker_given, checksum);
	const size_t size = offsetof(struct test_block, functions[NR_FUNCTIONS_GIVEN]);
	struct test_block *block = good_block(test);
	u32 sum = parker_abi_checksum(&block->given, size);
	u8 *bytes = (u8 *)block;

	for (size_t i = 0; i < size; i++) {
		bool counts = i < field || i >= field + sizeof(block->given.checksum);

		bytes[i] ^= 0x10;
		KUNIT_EXPECT_EQ_MSG(test, counts,
				    sum != parker_abi_checksum(&block->given, size),
				    "byte %zu", i);
		bytes[i] ^= 0x10;
	}
}

/* Other versions of the kernel compute it, too: the value is part of the contract. */
static void checksum_stays_as_it_is(struct kunit *test)
{
	struct parker_given *given = kunit_kzalloc(test, sizeof(*given), GFP_KERNEL);
	const size_t size = parker_abi_given_size(1);
	u8 *bytes = (u8 *)given;

	KUNIT_ASSERT_NOT_NULL(test, given);
	for (size_t i = 0; i < size; i++)
		bytes[i] = i;
	KUNIT_EXPECT_EQ(test, 0x724503a1U, parker_abi_checksum(given, size));
}

struct declaration_case {
	const char *desc;
	u32 magic;
	u32 size;
	u16 version;
	u16 oldest;
	size_t len;
	int want;
};

#define DECL_SIZE	sizeof(struct parker_declaration)

static const struct declaration_case declaration_cases[] = {
	{ "good", PARKER_MAGIC, DECL_SIZE, 1, 1, DECL_SIZE, 0 },
	{ "more behind it", PARKER_MAGIC, DECL_SIZE, 1, 1, 4096, 0 },
	{ "larger one of the future", PARKER_MAGIC, 64, 5, 1, 4096, 0 },
	{ "another magic", PARKER_MAGIC + 1, DECL_SIZE, 1, 1, DECL_SIZE, -EINVAL },
	{ "nothing there", 0, 0, 0, 0, DECL_SIZE, -EINVAL },
	{ "size too small", PARKER_MAGIC, DECL_SIZE - 1, 1, 1, DECL_SIZE, -EINVAL },
	{ "size beyond the file", PARKER_MAGIC, DECL_SIZE + 1, 1, 1, DECL_SIZE, -EINVAL },
	{ "largest size", PARKER_MAGIC, U32_MAX, 1, 1, DECL_SIZE, -EINVAL },
	{ "file ends early", PARKER_MAGIC, DECL_SIZE, 1, 1, DECL_SIZE - 1, -EINVAL },
	{ "file ends at once", PARKER_MAGIC, DECL_SIZE, 1, 1, 0, -EINVAL },
	{ "only older versions", PARKER_MAGIC, DECL_SIZE, PARKER_ABI_OLDEST - 1, 0, DECL_SIZE,
	  -EPROTONOSUPPORT },
	{ "only newer versions", PARKER_MAGIC, DECL_SIZE, 9, PARKER_ABI_VERSION + 1, DECL_SIZE,
	  -EPROTONOSUPPORT },
	{ "versions upside down", PARKER_MAGIC, DECL_SIZE, 1, 2, DECL_SIZE, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(declaration, declaration_cases, desc);

static void declaration_is_checked(struct kunit *test)
{
	static const struct parker_contract ours = {
		.version	= PARKER_ABI_VERSION,
		.oldest		= PARKER_ABI_OLDEST,
	};
	const struct declaration_case *c = test->param_value;
	struct parker_declaration decl = {
		.magic		= cpu_to_le32(c->magic),
		.size		= cpu_to_le32(c->size),
		.version	= cpu_to_le16(c->version),
		.oldest		= cpu_to_le16(c->oldest),
		.required	= cpu_to_le64(U64_MAX),
	};
	u8 *odd = kunit_kzalloc(test, sizeof(decl) + 1, GFP_KERNEL);

	/* In a file it can be anywhere. */
	KUNIT_ASSERT_NOT_NULL(test, odd);
	memcpy(odd + 1, &decl, sizeof(decl));
	KUNIT_EXPECT_EQ(test, c->want, parker_abi_check_declaration(odd + 1, c->len, &ours));
}

/* What boot kernels of other versions find in a declaration of this one. */
struct contract_case {
	const char *desc;
	struct parker_contract theirs;
	int want;
};

static const struct contract_case contract_cases[] = {
	{ "ours", { PARKER_ABI_VERSION, PARKER_ABI_OLDEST }, 0 },
	{ "newer, for all readers", { 99, PARKER_ABI_OLDEST }, 0 },
	{ "newer, for us too", { 99, PARKER_ABI_VERSION }, 0 },
	{ "newer, for newer readers only", { 99, PARKER_ABI_VERSION + 1 }, -EPROTONOSUPPORT },
	{ "older than all that we read", { PARKER_ABI_OLDEST - 1, 0 }, -EPROTONOSUPPORT },
	{ "requires what we do not know", { PARKER_ABI_VERSION, PARKER_ABI_OLDEST, BIT_ULL(63) },
	  -EOPNOTSUPP },
	{ "is locked down",
	  { PARKER_ABI_VERSION, PARKER_ABI_OLDEST, PARKER_REQUIRED_LOCKDOWN }, 0 },
	{ "offers what we do not know", { PARKER_ABI_VERSION, PARKER_ABI_OLDEST, 0, U64_MAX }, 0 },
};

KUNIT_ARRAY_PARAM_DESC(contract, contract_cases, desc);

static void contract_of_others_is_checked(struct kunit *test)
{
	const struct contract_case *c = test->param_value;
	const struct parker_declaration decl = {
		.magic		= cpu_to_le32(PARKER_MAGIC),
		.size		= cpu_to_le32(sizeof(decl)),
		.version	= cpu_to_le16(PARKER_ABI_VERSION),
		.oldest		= cpu_to_le16(PARKER_ABI_OLDEST),
		.required	= cpu_to_le64(PARKER_REQUIRED_KNOWN),
	};

	KUNIT_EXPECT_EQ(test, c->want,
			parker_abi_check_declaration(&decl, sizeof(decl), &c->theirs));
}

static struct kunit_case abi_test_cases[] = {
	KUNIT_CASE_PARAM(given_is_checked, given_gen_params),
	KUNIT_CASE(version_of_the_future_is_refused),
	KUNIT_CASE(version_of_the_past_is_refused),
	KUNIT_CASE(given_of_version_2_is_shorter),
	KUNIT_CASE(lockdown_is_there_with_its_bit),
	KUNIT_CASE(told_of_version_2_is_shorter),
	KUNIT_CASE(name_without_end_is_refused),
	KUNIT_CASE(split_lock_without_end_is_refused),
	KUNIT_CASE(checksum_sees_each_byte),
	KUNIT_CASE(checksum_stays_as_it_is),
	KUNIT_CASE_PARAM(declaration_is_checked, declaration_gen_params),
	KUNIT_CASE_PARAM(contract_of_others_is_checked, contract_gen_params),
	{}
};

static struct kunit_suite abi_test_suite = {
	.name = "parker_abi",
	.test_cases = abi_test_cases,
};

kunit_test_suite(abi_test_suite);
