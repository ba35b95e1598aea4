// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: arithmetic over regions of memory.
 *
 * Pure functions: they allocate nothing, take no lock and touch no page.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "internal.h"

static bool parker_parse_digits(const char **pos, u64 *value)
{
	const char *s = *pos;

	*value = 0;
	for (; isdigit(*s); s++)
		if (check_mul_overflow(*value, 10ULL, value) ||
		    check_add_overflow(*value, (u64)(*s - '0'), value))
			return false;

	if (s == *pos)
		return false;
	*pos = s;
	return true;
}

/*
 * Not memparse(): it takes an overflow for a small size, and 010M for 8M.
 */
static bool parker_parse_size(const char **pos, u64 *len)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	unsigned int shift;

	if (!parker_parse_digits(pos, len))
		return false;

	suffix = **pos ? strchr(suffixes, toupper(**pos)) : NULL;
	if (suffix) {
		shift = 10 * (suffix - suffixes + 1);
		if (*len > U64_MAX >> shift)
			return false;
		*len <<= shift;
		(*pos)++;
	}

	if (*len > U64_MAX - PARKER_ALIGN + 1)
		return false;
	*len = ALIGN(*len, PARKER_ALIGN);
	return true;
}

static int parker_parse_node(const char **pos, int *node, struct parker_error *err)
{
	u64 value;

	*node = NUMA_NO_NODE;
	if (**pos != '@')
		return 0;

	(*pos)++;
	if (!strncmp(*pos, "low", 3)) {
		*pos += 3;
		*node = PARKER_LOW_MEMORY;
		return 0;
	}
	if (!parker_parse_digits(pos, &value))
		return parker_fail(err, -EINVAL,
				   "memory: neither the number of a NUMA node nor low after the @; use a size such as 512M@0");
	if (value >= MAX_NUMNODES || !node_state(value, N_MEMORY))
		return parker_fail(err, -ENODEV, "memory: no node %llu with memory", value);

	*node = value;
	return 0;
}

static int parker_parse_item(const char *s, const char *end, struct parker_wish *wish,
			     struct parker_error *err)
{
	const char *item = s;
	u64 len, total = 0;
	int node, ret;

	if (!parker_parse_size(&s, &len))
		return parker_fail(err, -EINVAL,
				   "memory: '%*pE' is not a size; use a number with K, M, G or T",
				   (int)min(end - item, 64), item);
	ret = parker_parse_node(&s, &node, err);
	if (ret)
		return ret;
	if (s != end)
		return parker_fail(err, -EINVAL,
				   "memory: '%*pE' is not a size; use one such as 512M or 512M@0",
				   (int)min(end - item, 64), item);
	if (wish->nr == PARKER_MAX_REGIONS)
		return parker_fail(err, -EINVAL, "memory: more than %d sizes", PARKER_MAX_REGIONS);

	for (unsigned int i = 0; i < wish->nr; i++)
		total += wish->len[i];
	if (check_add_overflow(total, len, &total))
		return parker_fail(err, -EINVAL, "memory: the sizes overflow");

	wish->len[wish->nr] = len;
	wish->node[wish->nr++] = node;
	return 0;
}

/**
 * parker_memory_parse() - Understand what is written to memory
 * @buf:	the text: items that look like 512M, 512M@0 or 512M@low, or 0 alone
 * @separators:	the bytes between items; empty items count as garbage unless
 *		a space separates
 * @wish:	gets the wish, sizes rounded up to %PARKER_ALIGN
 * @err:	gets the sentence
 *
 * Context: any, before there are allocators, too.
 * Return: 0, -EINVAL for what cannot be understood, -ENODEV for an absent node.
 */
int parker_memory_parse(const char *buf, const char *separators,
			struct parker_wish *wish, struct parker_error *err)
{
	bool skip = strchr(separators, ' ');
	size_t len;
	int ret;

	wish->nr = 0;
	for (;; buf += len + 1) {
		len = strcspn(buf, separators);
		if (len || !skip) {
			ret = parker_parse_item(buf, buf + len, wish, err);
			if (ret)
				return ret;
		}
		if (!buf[len])
			break;
	}

	if (!wish->nr)
		return parker_fail(err, -EINVAL,
				   "memory: no size; 0 gives all memory back");
	for (unsigned int i = 0; i < wish->nr; i++)
		if (!wish->len[i] && (wish->nr > 1 || wish->node[i] != NUMA_NO_NODE))
			return parker_fail(err, -EINVAL,
					   "memory: 0 gives all memory back and has to stand alone");
	if (!wish->len[0])
		wish->nr = 0;
	return 0;
}

/* The entry of @node in a wish that has each node once, or NULL. */
static u64 *parker_wish_of(struct parker_wish *wish, int node)
{
	for (unsigned int i = 0; i < wish->nr; i++)
		if (wish->node[i] == node)
			return &wish->len[i];
	return NULL;
}

/* One entry a node.  A wish says how much memory, not in how many pieces. */
static void parker_wish_sum(const struct parker_wish *wish, struct parker_wish *sum)
{
	u64 *len;

	sum->nr = 0;
	for (unsigned int i = 0; i < wish->nr; i++) {
		len = parker_wish_of(sum, wish->node[i]);
		if (len) {
			*len += wish->len[i];
			continue;
		}
		sum->len[sum->nr] = wish->len[i];
		sum->node[sum->nr++] = wish->node[i];
	}
}

/* Can devices with 32 address bits reach all of it? */
static bool parker_region_is_low(const struct parker_region *region)
{
	return region->start + region->len <= SZ_4G;
}

/*
 * Lets the beginning of a region serve what the wish still wants: first where it asks for
 * low memory, then for the node, as fewer regions can serve these.  Returns how much.
 */
static u64 parker_wish_serve(struct parker_wish *rest, const struct parker_region *region)
{
	const int asked[] = { PARKER_LOW_MEMORY, region->node, NUMA_NO_NODE };
	u64 left = region->len, part, *len;

	for (unsigned int i = parker_region_is_low(region) ? 0 : 1; i < ARRAY_SIZE(asked); i++) {
		len = parker_wish_of(rest, asked[i]);
		part = len ? min(*len, left) : 0;
		if (part)
			*len -= part;
		left -= part;
	}
	return region->len - left;
}

/**
 * parker_regions_fit() - Find out what a wish means for the regions there are
 * @have:	the regions, ascending
 * @nr:		entries of @have
 * @wish:	what is wanted
 * @plan:	gets what is kept, what is dropped and what is still to be taken
 *
 * A region that is wanted whole is kept; of the others as much of the beginning
 * as is still wanted then.
 *
 * Context: any.
 */
void parker_regions_fit(const struct parker_region *have, unsigned int nr,
			const struct parker_wish *wish, struct parker_plan *plan)
{
	u64 kept[PARKER_MAX_REGIONS] = {};
	struct parker_wish rest;

	*plan = (struct parker_plan){};
	parker_wish_sum(wish, &plan->rest);

	for (unsigned int i = 0; i < nr; i++) {
		rest = plan->rest;
		if (parker_wish_serve(&rest, &have[i]) < have[i].len)
			continue;
		kept[i] = have[i].len;
		plan->rest = rest;
	}

	for (unsigned int i = 0; i < nr; i++) {
		struct parker_region head = have[i], tail = have[i];

		if (!kept[i])
			kept[i] = parker_wish_serve(&plan->rest, &have[i]);
		head.len = kept[i];
		tail.start += kept[i];
		tail.len -= kept[i];
		if (head.len)
			plan->result.region[plan->result.nr++] = head;
		if (tail.len)
			plan->drop.region[plan->drop.nr++] = tail;
	}
}

static bool parker_region_follows(const struct parker_region *a,
				  const struct parker_region *b)
{
	return a->node == b->node && a->start + a->len == b->start;
}

/**
 * parker_regions_add() - Add a region, merged with those it touches
 * @regions:	ascending, without overlap
 * @new:	the region, not in @regions
 *
 * Context: any.
 * Return: 0, or -ENOSPC when there are %PARKER_MAX_REGIONS already.
 */
int parker_regions_add(struct parker_regions *regions, const struct parker_region *new)
{
	struct parker_region *region = regions->region;
	unsigned int at, last = 0;

	if (regions->nr == PARKER_MAX_REGIONS)
		return -ENOSPC;

	for (at = regions->nr++; at && region[at - 1].start > new->start; at--)
		region[at] = region[at - 1];
	region[at] = *new;

	for (unsigned int i = 1; i < regions->nr; i++) {
		if (parker_region_follows(&region[last], &region[i]))
			region[last].len += region[i].len;
		else
			region[++last] = region[i];
	}
	regions->nr = last + 1;
	return 0;
}

/**
 * parker_regions_hold() - Does something lie in one region?
 * @regions:	the regions
 * @nr:		entries of @regions
 * @start:	where it begins
 * @len:	its length in bytes
 *
 * Context: any.
 * Return: true if all of it is in one of the regions.
 */
bool parker_regions_hold(const struct parker_region *regions, unsigned int nr,
			 phys_addr_t start, u64 len)
{
	for (unsigned int i = 0; i < nr; i++) {
		u64 skip = start - regions[i].start;

		if (start >= regions[i].start && skip <= regions[i].len &&
		    len <= regions[i].len - skip)
			return true;
	}
	return false;
}

static unsigned long parker_blocks_longest(const u8 *kinds, unsigned long nr)
{
	unsigned long longest = 0, len = 0;

	for (unsigned long i = 0; i < nr; i++) {
		len = kinds[i] == PARKER_BLOCK_BAD ? 0 : len + 1;
		longest = max(longest, len);
	}
	return longest;
}

/**
 * parker_blocks_search() - Find the best place for a region
 * @kinds:	what each block of %PARKER_ALIGN bytes holds, enum parker_block
 * @nr:		entries of @kinds
 * @want:	blocks that are wanted
 * @run:	gets the place
 *
 * The best place is as long as it can be, up to @want.  Of several it is the
 * one where least has to move, and of these the one with the lowest address.
 *
 * Context: any; linear in @nr.
 * Return: whether there is any.
 */
bool parker_blocks_search(const u8 *kinds, unsigned long nr, unsigned long want,
			  struct parker_run *run)
{
	unsigned long usable = 0, moving = 0, least = ULONG_MAX;

	run->nr = min(want, parker_blocks_longest(kinds, nr));
	if (!run->nr)
		return false;

	for (unsigned long i = 0; i < nr; i++) {
		if (kinds[i] == PARKER_BLOCK_BAD) {
			usable = 0;
			moving = 0;
			continue;
		}
		usable++;
		moving += kinds[i] == PARKER_BLOCK_MOVABLE;
		if (usable > run->nr)
			moving -= kinds[i - run->nr] == PARKER_BLOCK_MOVABLE;
		if (usable >= run->nr && moving < least) {
			least = moving;
			run->first = i + 1 - run->nr;
		}
	}
	return true;
}
