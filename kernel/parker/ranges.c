// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: finding and taking ranges of memory.
 *
 * Memory is taken from the page allocator at run time, in ranges which are
 * free or whose pages can move, or from the pool that parker_memory= keeps
 * aside.  alloc_contig_pages() is no help: it steps by the size asked for, and
 * so misses most places for a large region.
 */
#include <linux/cleanup.h>
#include <linux/error-injection.h>
#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/page-isolation.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/topology.h>
#include <linux/vmstat.h>

#include "internal.h"

#define PARKER_BLOCK_PAGES	(PARKER_ALIGN >> PAGE_SHIFT)

/* A quick look tests every so many pages of a block that is in use. */
#define PARKER_QUICK_STRIDE	64

/* Type of the pageblocks in the pool; without CMA there is no pool. */
#ifdef CONFIG_CMA
#define PARKER_POOL_TYPE	MIGRATE_CMA
#else
#define PARKER_POOL_TYPE	MIGRATE_MOVABLE
#endif

/* Ranges of one map whose pages did not move until the search is given up. */
#define PARKER_MAX_TRIES	64

/* Which of a node's ranges may serve */
enum parker_source {
	PARKER_FROM_ALL,
	PARKER_FROM_POOL,
	PARKER_FROM_LOW,
};

/**
 * struct parker_map - what the blocks of a range hold
 * @range:	the range, its start aligned
 * @nr:		entries of @kinds
 * @kinds:	enum parker_block
 */
struct parker_map {
	struct parker_range range;
	unsigned long nr;
	u8 kinds[] __counted_by(nr);
};

/*
 * Two that take memory at once would move pages into each other's ranges.
 * Taken under op_mutex; what is taken under it are the allocator's locks.
 */
static DEFINE_MUTEX(parker_take_mutex);

/*
 * The rules of has_unmovable_pages(), and what is known to make migration
 * fail.  No reference is held: an answer may be wrong, and the caller finds out.
 */
static bool parker_page_can_move(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (PageReserved(page) || folio_test_hugetlb(folio) || PageHWPoison(page))
		return false;
	if (!folio_ref_count(folio))
		return true;
	return (folio_test_lru(folio) || __folio_test_movable(folio)) &&
	       !folio_maybe_dma_pinned(folio);
}

/* The number of free pages from this one on, as the page allocator groups them. */
static unsigned long parker_free_pages(unsigned long pfn)
{
	unsigned int order, free;
	struct page *page;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		page = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));
		if (!PageBuddy(page))
			continue;
		/* Without zone->lock it may be anything. */
		free = READ_ONCE(page->private);
		if (free >= order && free <= MAX_PAGE_ORDER)
			return page_to_pfn(page) + (1UL << free) - pfn;
	}
	return 0;
}

static enum parker_block parker_block_pages(unsigned long pfn, unsigned int stride)
{
	enum parker_block kind = PARKER_BLOCK_FREE;
	unsigned long end = pfn + PARKER_BLOCK_PAGES;
	unsigned long free;
	struct page *page;

	while (pfn < end) {
		page = pfn_to_page(pfn);
		free = page_ref_count(page) ? 0 : parker_free_pages(pfn);
		if (free) {
			pfn += free;
			continue;
		}
		if (!parker_page_can_move(page))
			return PARKER_BLOCK_BAD;
		kind = PARKER_BLOCK_MOVABLE;
		pfn += stride;
	}
	return kind;
}

static enum parker_block parker_block_kind(const struct parker_range *range,
					   unsigned long pfn, unsigned int stride)
{
	struct page *page = pfn_to_online_page(pfn);
	int type;

	if (!page || page_to_nid(page) != range->node)
		return PARKER_BLOCK_BAD;
	/* alloc_contig_range() wants one zone. */
	if (range->zone && page_zone(page) != range->zone)
		return PARKER_BLOCK_BAD;
	/* Scarce: devices that reach no further need it. */
	if (pfn < PHYS_PFN(SZ_16M))
		return PARKER_BLOCK_BAD;

	/* Others' CMA areas, reserves, and what is being taken away already. */
	type = get_pageblock_migratetype(page);
	if (range->zone ? type >= MIGRATE_PCPTYPES : type != PARKER_POOL_TYPE)
		return PARKER_BLOCK_BAD;
	return parker_block_pages(pfn, stride);
}

static struct parker_map *parker_map_alloc(const struct parker_range *range)
{
	unsigned long start = ALIGN(range->start, PARKER_BLOCK_PAGES);
	unsigned long end = ALIGN_DOWN(range->end, PARKER_BLOCK_PAGES);
	unsigned long nr = end > start ? (end - start) / PARKER_BLOCK_PAGES : 0;
	struct parker_map *map;

	map = kvmalloc(struct_size(map, kinds, nr), GFP_KERNEL);
	if (!map)
		return NULL;

	map->range = *range;
	map->range.start = start;
	map->nr = nr;
	for (unsigned long i = 0; i < nr; i++) {
		unsigned long pfn = start + i * PARKER_BLOCK_PAGES;

		map->kinds[i] = parker_block_kind(range, pfn, PARKER_QUICK_STRIDE);
		cond_resched();
	}
	return map;
}

DEFINE_FREE(parker_map_free, struct parker_map *, kvfree(_T))

/* Looks at each page of the run.  Return: whether all of it still seems usable. */
static bool parker_map_verify(struct parker_map *map, const struct parker_run *run)
{
	bool usable = true;

	for (unsigned long i = run->first; i < run->first + run->nr; i++) {
		map->kinds[i] = parker_block_kind(&map->range,
						  map->range.start + i * PARKER_BLOCK_PAGES, 1);
		usable &= map->kinds[i] != PARKER_BLOCK_BAD;
		cond_resched();
	}
	return usable;
}

/*
 * The run could not be taken.  Pages move in ascending order until one does
 * not, so that one is in the first block which is still in use.
 */
static void parker_map_blame(struct parker_map *map, const struct parker_run *run)
{
	unsigned long i = run->first;

	if (!parker_map_verify(map, run))
		return;
	while (i < run->first + run->nr - 1 && map->kinds[i] == PARKER_BLOCK_FREE)
		i++;
	map->kinds[i] = PARKER_BLOCK_BAD;
}

/*
 * Range number @i to search on @node: the areas of the pool, then the zones, low
 * memory last as it is the scarcer.
 */
static bool parker_range_of(int node, unsigned int i, struct parker_range *range)
{
	unsigned int nr = parker_pool_areas();
	struct zone *zone;

	if (i < nr) {
		parker_pool_area(i, range);
		/* An empty range, if it is another node's. */
		if (range->node != node)
			range->end = range->start;
		return true;
	}
	if (i - nr >= MAX_NR_ZONES)
		return false;

	zone = &NODE_DATA(node)->node_zones[MAX_NR_ZONES - 1 - (i - nr)];
	*range = (struct parker_range){
		.start	= zone->zone_start_pfn,
		.end	= managed_zone(zone) ? zone_end_pfn(zone) : zone->zone_start_pfn,
		.node	= node,
		.zone	= zone,
	};
	return true;
}

static bool parker_range_is_low(const struct parker_range *range)
{
	return range->end <= PHYS_PFN(SZ_4G);
}

/* The nearest node with memory that was not tried yet, or NUMA_NO_NODE. */
static int parker_next_node(int near, nodemask_t *tried)
{
	int node, best = NUMA_NO_NODE;

	if (near == NUMA_NO_NODE)
		near = first_memory_node;

	for_each_node_state(node, N_MEMORY)
		if (!node_isset(node, *tried) &&
		    (best == NUMA_NO_NODE ||
		     node_distance(near, node) < node_distance(near, best)))
			best = node;

	if (best != NUMA_NO_NODE)
		node_set(best, *tried);
	return best;
}

/*
 * What moves needs another place, so what can be had of a zone is bounded by what
 * is free or can be dropped.  The rules of si_mem_available(); free memory in CMA
 * areas does not help, as what stays may not be able to use it.  In the pool only
 * what is in use has to find a place, and that is the page allocator's affair.
 */
static u64 parker_range_bound(const struct parker_range *range)
{
	struct zone *zone = range->zone;
	long pages, reserve = 0;

	if (!zone)
		return U64_MAX;
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		reserve = max(reserve, zone->lowmem_reserve[i]);

	pages = zone_page_state(zone, NR_FREE_PAGES) - zone_page_state(zone, NR_FREE_CMA_PAGES) +
		zone_page_state(zone, NR_ZONE_ACTIVE_FILE) +
		zone_page_state(zone, NR_ZONE_INACTIVE_FILE) - high_wmark_pages(zone) - reserve;
	pages = clamp(pages, 0, max(si_mem_available(), 0));
	return ALIGN_DOWN((u64)pages << PAGE_SHIFT, PARKER_ALIGN);
}

/**
 * parker_estimate() - Find out quickly what could be taken from a node
 * @node:	the node
 * @estimate:	gets the answer, which may be too high
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM.
 */
int parker_estimate(int node, struct parker_estimate *estimate)
{
	struct parker_range range;
	struct parker_run run;
	u64 bytes, bound;

	*estimate = (struct parker_estimate){};
	for (unsigned int i = 0; parker_range_of(node, i, &range); i++) {
		struct parker_map *map __free(parker_map_free) = parker_map_alloc(&range);

		if (!map)
			return -ENOMEM;
		bytes = 0;
		bound = parker_range_bound(&range);
		for (unsigned long b = 0; b < map->nr; b++)
			if (map->kinds[b] != PARKER_BLOCK_BAD)
				bytes += PARKER_ALIGN;
		bytes = min(bytes, bound);
		estimate->bytes += bytes;
		if (parker_range_is_low(&range))
			estimate->low += bytes;
		if (parker_blocks_search(map->kinds, map->nr, map->nr, &run))
			estimate->largest = max(estimate->largest,
						min((u64)run.nr * PARKER_ALIGN, bound));
	}
	return 0;
}

/*
 * Nobody but the partition can make these pages free: with the mark, who wants to
 * take the memory out of the machine fails at once, and who reads all of memory
 * leaves it out.
 */
static void parker_mark(unsigned long pfn, bool gone)
{
	for (unsigned long end = pfn + PARKER_BLOCK_PAGES; pfn < end; pfn++) {
		if (gone)
			__SetPageOffline(pfn_to_page(pfn));
		else
			__ClearPageOffline(pfn_to_page(pfn));
	}
}

/**
 * parker_region_free() - Give a region back to the page allocator
 * @region: the region
 *
 * Memory of the pool is the pool's again by that.
 *
 * Context: may sleep.
 */
void parker_region_free(const struct parker_region *region)
{
	for (phys_addr_t at = 0; at < region->len; at += PARKER_ALIGN) {
		parker_mark(PHYS_PFN(region->start + at), false);
		free_contig_range(PHYS_PFN(region->start + at), PARKER_BLOCK_PAGES);
		cond_resched();
	}
}

static noinline int parker_run_take(struct parker_map *map, const struct parker_run *run,
				    struct parker_plan *plan)
{
	unsigned long pfn = map->range.start + run->first * PARKER_BLOCK_PAGES;
	struct parker_region region = {
		.start = PFN_PHYS(pfn),
		.len = (phys_addr_t)run->nr * PARKER_ALIGN,
		.node = map->range.node,
	};
	int ret;

	ret = alloc_contig_range(pfn, pfn + run->nr * PARKER_BLOCK_PAGES,
				 map->range.zone ? MIGRATE_MOVABLE : PARKER_POOL_TYPE,
				 GFP_KERNEL | __GFP_NOWARN);
	if (ret)
		return ret;

	for (unsigned long i = 0; i < run->nr; i++) {
		parker_mark(pfn + i * PARKER_BLOCK_PAGES, true);
		cond_resched();
	}
	memset(&map->kinds[run->first], PARKER_BLOCK_BAD, run->nr);
	ret = parker_regions_add(&plan->taken, &region);
	if (ret) {
		parker_region_free(&region);
		return ret;
	}
	return parker_regions_add(&plan->result, &region);
}
ALLOW_ERROR_INJECTION(parker_run_take, ERRNO);

/* Pieces that are too small cannot add up to @need. */
static bool parker_run_helps(const struct parker_run *run,
			     const struct parker_plan *plan, u64 need)
{
	unsigned int left = PARKER_MAX_REGIONS - max(plan->result.nr, plan->taken.nr);

	return (u64)run->nr * PARKER_ALIGN * left >= need;
}

static int parker_take_map(struct parker_map *map, struct parker_plan *plan, u64 *need)
{
	unsigned int tries = 0;
	struct parker_run run;
	int ret;

	while (*need && tries < PARKER_MAX_TRIES) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!parker_blocks_search(map->kinds, map->nr, *need / PARKER_ALIGN, &run) ||
		    !parker_run_helps(&run, plan, *need))
			return 0;
		if (!parker_map_verify(map, &run))
			continue;

		ret = parker_run_take(map, &run, plan);
		switch (ret) {
		case 0:
			*need -= (u64)run.nr * PARKER_ALIGN;
			break;
		case -EINTR:
		case -ENOSPC:
			return ret;
		case -ENOMEM:
			/* What should move has no place to go. */
			return 0;
		default:
			parker_map_blame(map, &run);
			tries++;
		}
	}
	return 0;
}

/* Leaves each zone what the boot kernel keeps as a reserve. */
static int parker_take_node(int node, enum parker_source source, struct parker_plan *plan,
			    u64 *need)
{
	unsigned int nr = source == PARKER_FROM_POOL ? parker_pool_areas() : UINT_MAX;
	struct parker_range range;
	u64 part, left;
	int ret = 0;

	for (unsigned int i = 0; *need && !ret && i < nr && parker_range_of(node, i, &range); i++) {
		if (source == PARKER_FROM_LOW && !parker_range_is_low(&range))
			continue;

		struct parker_map *map __free(parker_map_free) = parker_map_alloc(&range);

		part = min(*need, parker_range_bound(&range));
		left = part;
		ret = map ? parker_take_map(map, plan, &left) : -ENOMEM;
		*need -= part - left;
	}
	return ret;
}

static int parker_take_nodes(int near, enum parker_source source, struct parker_plan *plan,
			     u64 *need)
{
	nodemask_t tried = NODE_MASK_NONE;
	int node, ret = 0;

	while (*need && !ret) {
		node = parker_next_node(near, &tried);
		if (node == NUMA_NO_NODE)
			break;
		ret = parker_take_node(node, source, plan, need);
	}
	return ret;
}

static bool parker_node_has_pool(int node)
{
	struct parker_range range;

	for (unsigned int i = 0; i < parker_pool_areas(); i++) {
		parker_pool_area(i, &range);
		if (range.node == node)
			return true;
	}
	return false;
}

/*
 * What is kept aside on the near node is near and comes first by itself.  Where nothing
 * is, what is kept aside elsewhere comes before what the boot kernel uses.
 */
static int parker_take_any(int near, struct parker_plan *plan, u64 *need)
{
	int ret = 0;

	if (!parker_node_has_pool(near))
		ret = parker_take_nodes(near, PARKER_FROM_POOL, plan, need);
	return ret ?: parker_take_nodes(near, PARKER_FROM_ALL, plan, need);
}

/* What fewer places can serve goes first, so that the rest does not eat it up. */
static int parker_take_all(struct parker_plan *plan, int near)
{
	struct parker_wish *rest = &plan->rest;
	int ret = 0;

	lockdep_assert_held(&parker_take_mutex);

	for (unsigned int i = 0; i < rest->nr && !ret; i++)
		if (rest->node[i] == PARKER_LOW_MEMORY)
			ret = parker_take_nodes(near, PARKER_FROM_LOW, plan, &rest->len[i]);
	for (unsigned int i = 0; i < rest->nr && !ret; i++)
		if (rest->node[i] >= 0)
			ret = parker_take_node(rest->node[i], PARKER_FROM_ALL, plan,
					       &rest->len[i]);
	for (unsigned int i = 0; i < rest->nr && !ret; i++)
		if (rest->node[i] == NUMA_NO_NODE)
			ret = parker_take_any(near, plan, &rest->len[i]);
	return ret;
}

/**
 * parker_take() - Take what a plan lacks
 * @plan:	the plan; what is taken goes to its taken and result, and @rest
 *		has what could not be had
 * @near:	node to prefer where the plan names none, or NUMA_NO_NODE
 *
 * Context: may sleep; op_mutex held.
 * Return: 0 even when something is missing, -EINTR after a fatal signal,
 * -ENOSPC when there would be too many regions, -ENOMEM.  The caller keeps or
 * frees what was taken in any case.
 */
int parker_take(struct parker_plan *plan, int near)
{
	int ret;

	if (mutex_lock_killable(&parker_take_mutex))
		return -EINTR;

	/* As in the check, which may be a while ago. */
	lru_add_drain_all();
	ret = parker_take_all(plan, near);
	mutex_unlock(&parker_take_mutex);
	return ret;
}
