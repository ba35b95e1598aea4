// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: checks of what one kernel hands to the other.
 *
 * Pure functions, used by both kernels.  The application kernel calls them
 * before anything is set up, so they use nothing but their arguments.
 */
#include <asm/byteorder.h>
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/parker_abi.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/time64.h>

#define FNV_BASIS	0x811c9dc5U
#define FNV_PRIME	0x01000193U

/**
 * parker_abi_checksum() - Compute the checksum of the given part
 * @given:	the given part
 * @size:	its length with its tables in bytes
 *
 * FNV-1a of 32 bits.  It finds a block that was built or placed wrongly; it
 * does not protect against an attacker.
 *
 * Context: any, also before start_kernel().
 * Return: the checksum, with the field of the checksum itself taken as 0.
 */
u32 parker_abi_checksum(const struct parker_given *given, size_t size)
{
	const size_t field = offsetof(struct parker_given, checksum);
	const u8 *bytes = (const u8 *)given;
	u32 sum = FNV_BASIS;

	for (size_t i = 0; i < size; i++) {
		if (i < field || i >= field + sizeof(given->checksum))
			sum ^= bytes[i];
		sum *= FNV_PRIME;
	}
	return sum;
}

static int check_version(const struct parker_given *given)
{
	u16 version = le16_to_cpu(given->version);
	u16 oldest = le16_to_cpu(given->oldest);

	if (oldest > version)
		return -EINVAL;
	if (oldest > PARKER_ABI_VERSION || version < PARKER_ABI_OLDEST)
		return -EPROTONOSUPPORT;
	return 0;
}

/**
 * parker_abi_given_size() - How long is the given part without tables and features?
 * @version: version of the contract that the block is written in
 *
 * Context: any, also before start_kernel().
 * Return: bytes of struct parker_given that each block of this version has.
 */
size_t parker_abi_given_size(u16 version)
{
	return version < 3 ? offsetof(struct parker_given, pat) :
			     offsetof(struct parker_given, lockdown);
}

static bool has_lockdown(const struct parker_given *given)
{
	return le64_to_cpu(given->required) & PARKER_REQUIRED_LOCKDOWN;
}

static size_t given_size(const struct parker_given *given)
{
	return has_lockdown(given) ? offsetofend(struct parker_given, pad) :
				     parker_abi_given_size(le16_to_cpu(given->version));
}

/**
 * parker_abi_lockdown() - How far is the boot kernel locked down?
 * @given: a given part that parker_abi_check_given() has passed
 *
 * Context: any, also before start_kernel().
 * Return: PARKER_LOCKDOWN_*.
 */
u32 parker_abi_lockdown(const struct parker_given *given)
{
	return has_lockdown(given) ? le32_to_cpu(given->lockdown) : PARKER_LOCKDOWN_NONE;
}

/* What must be known before any other field can be believed. */
static int check_head(const struct parker_given *given, size_t len)
{
	u32 size;
	int ret;

	/* That part is in all versions. */
	if (len < parker_abi_given_size(0) || le32_to_cpu(given->magic) != PARKER_MAGIC)
		return -EINVAL;

	ret = check_version(given);
	if (ret)
		return ret;

	size = le32_to_cpu(given->size);
	if (size < given_size(given) || size > len)
		return -EINVAL;
	if (le32_to_cpu(given->checksum) != parker_abi_checksum(given, size))
		return -EBADMSG;
	if (le64_to_cpu(given->required) & ~(u64)PARKER_REQUIRED_KNOWN)
		return -EPROTONOSUPPORT;
	return 0;
}

/* Do @len bytes at @offset lie in [start, end)?  No sum can overflow in u64. */
static bool fits(u64 offset, u64 len, u64 start, u64 end)
{
	return IS_ALIGNED(offset, sizeof(u64)) && offset >= start && offset + len <= end;
}

/**
 * parker_abi_told_size() - How much room does a block have for the report?
 * @version: version of the contract that the block is written in
 *
 * Context: any, also before start_kernel().
 * Return: bytes of struct parker_told that the application kernel may write to.
 */
size_t parker_abi_told_size(u16 version)
{
	return version < 3 ? offsetof(struct parker_told, stamps) : sizeof(struct parker_told);
}

/* The parts come in order and do not overlap. */
static int check_parts(const struct parker_given *given, size_t len)
{
	size_t told_size = parker_abi_told_size(le16_to_cpu(given->version));
	u64 request = le32_to_cpu(given->request_offset);
	u64 told = le32_to_cpu(given->told_offset);
	u64 console = le32_to_cpu(given->console_offset);
	u64 ring = le32_to_cpu(given->console_size);
	u64 end = le32_to_cpu(given->block_len);

	if (end > len)
		return -EINVAL;
	if (!fits(request, sizeof(struct parker_request), le32_to_cpu(given->size), told))
		return -EINVAL;
	if (!fits(told, told_size, request, console))
		return -EINVAL;
	if (!fits(console, sizeof(struct parker_console) + ring, told, end))
		return -EINVAL;
	if (!is_power_of_2(ring) || ring < PARKER_CONSOLE_MIN)
		return -EINVAL;
	return 0;
}

static bool table_fits(const struct parker_given *given, u64 offset, u64 nr, size_t entry)
{
	return nr && fits(offset, nr * entry, given_size(given), le32_to_cpu(given->size));
}

static bool ram_is_sane(const struct parker_ram *ram)
{
	u64 start = le64_to_cpu(ram->start);
	u64 len = le64_to_cpu(ram->len);

	return len && start + len > start && IS_ALIGNED(start | len, SZ_2M);
}

static bool bar_is_sane(const struct parker_bar *bar)
{
	u64 start = le64_to_cpu(bar->start);
	u64 len = le64_to_cpu(bar->len);

	return !len || (is_power_of_2(len) && len >= 16 && start && IS_ALIGNED(start, len));
}

static int check_functions(const struct parker_given *given)
{
	u32 nr = le16_to_cpu(given->nr_functions);
	u32 offset = le16_to_cpu(given->functions_offset);
	const struct parker_function *function = (const void *)given + offset;

	if (!nr)
		return 0;
	if (nr > PARKER_MAX_FUNCTIONS || !table_fits(given, offset, nr, sizeof(*function)))
		return -EINVAL;

	for (u32 i = 0; i < nr; i++) {
		u64 config = le64_to_cpu(function[i].config);

		if (!config || !IS_ALIGNED(config, SZ_4K))
			return -EINVAL;
		for (u32 bar = 0; bar < PARKER_MAX_BARS; bar++)
			if (!bar_is_sane(&function[i].bars[bar]))
				return -EINVAL;
	}
	return 0;
}

static int check_tables(const struct parker_given *given)
{
	u32 nr_rams = le32_to_cpu(given->nr_rams);
	u32 rams = le32_to_cpu(given->rams_offset);
	const struct parker_ram *ram;

	if (!table_fits(given, le32_to_cpu(given->cpus_offset), le32_to_cpu(given->nr_cpus),
			sizeof(struct parker_cpu)))
		return -EINVAL;
	if (nr_rams > PARKER_MAX_REGIONS || !table_fits(given, rams, nr_rams, sizeof(*ram)))
		return -EINVAL;

	ram = (const void *)given + rams;
	for (u32 i = 0; i < nr_rams; i++)
		if (!ram_is_sane(&ram[i]))
			return -EINVAL;
	return check_functions(given);
}

/* Eight memory types, of which the first is write-back in each kernel. */
static bool pat_is_sane(u64 pat)
{
	if (pat && (pat & 0xff) != 6)
		return false;
	for (; pat; pat >>= 8)
		if ((pat & 0xff) > 7 || (pat & 0xff) == 2 || (pat & 0xff) == 3)
			return false;
	return true;
}

static bool lockdown_is_sane(const struct parker_given *given)
{
	u32 lockdown = parker_abi_lockdown(given);

	/* A level that is not known is no reason to run unlocked. */
	return !has_lockdown(given) || lockdown == PARKER_LOCKDOWN_INTEGRITY ||
	       lockdown == PARKER_LOCKDOWN_CONFIDENTIALITY;
}

static bool policy_is_sane(const struct parker_given *given)
{
	if (!lockdown_is_sane(given))
		return false;
	return le16_to_cpu(given->version) < 3 ||
	       (pat_is_sane(le64_to_cpu(given->pat)) &&
		memchr(given->split_lock, 0, sizeof(given->split_lock)));
}

static int check_fields(const struct parker_given *given)
{
	u64 low_start = le32_to_cpu(given->low_start);
	u64 low_len = le32_to_cpu(given->low_len);
	u32 id = le32_to_cpu(given->id);

	if (!id || id > U16_MAX)
		return -EINVAL;
	if (!given->name[0] || !memchr(given->name, 0, sizeof(given->name)))
		return -EINVAL;
	if (low_len && (!IS_ALIGNED(low_start | low_len, SZ_4K) || low_start + low_len > SZ_1M))
		return -EINVAL;
	if (!given->tsc_khz || le32_to_cpu(given->wall_nsec) >= NSEC_PER_SEC)
		return -EINVAL;
	return policy_is_sane(given) ? 0 : -EINVAL;
}

/**
 * parker_abi_check_given() - Can this kernel run from this hand-over block?
 * @block:	the block, aligned to 8 bytes; only its given part is read
 * @len:	its length in bytes, as the boot parameters give it
 *
 * After a success every offset, count and size in the given part is safe to
 * use.
 *
 * Context: any, also before start_kernel().
 * Return: 0; -EINVAL when it is no block or a malformed one, -EBADMSG when the
 * checksum is wrong, -EPROTONOSUPPORT when it needs another version of the
 * contract or a feature that this kernel does not know.
 */
int parker_abi_check_given(const void *block, size_t len)
{
	const struct parker_given *given = block;
	int ret;

	ret = check_head(given, len);
	if (!ret)
		ret = check_parts(given, len);
	if (!ret)
		ret = check_tables(given);
	if (!ret)
		ret = check_fields(given);
	return ret;
}

/**
 * parker_abi_check_declaration() - Can this kernel start an image that declares this?
 * @decl:	the declaration, not aligned
 * @len:	bytes of the file from there on
 * @ours:	what this kernel would write
 *
 * Context: any.
 * Return: 0; -EINVAL when it is no declaration, -EPROTONOSUPPORT when both
 * kernels know no version in common, -EOPNOTSUPP when the image does not know a
 * feature that this kernel requires.
 */
int parker_abi_check_declaration(const void *decl, size_t len,
				 const struct parker_contract *ours)
{
	struct parker_declaration said;
	u32 size;

	if (len < sizeof(said))
		return -EINVAL;
	memcpy(&said, decl, sizeof(said));

	size = le32_to_cpu(said.size);
	if (le32_to_cpu(said.magic) != PARKER_MAGIC || size < sizeof(said) || size > len)
		return -EINVAL;
	if (le16_to_cpu(said.oldest) > le16_to_cpu(said.version))
		return -EINVAL;
	if (le16_to_cpu(said.oldest) > ours->version || le16_to_cpu(said.version) < ours->oldest)
		return -EPROTONOSUPPORT;
	if (ours->required & ~le64_to_cpu(said.required))
		return -EOPNOTSUPP;
	return 0;
}
