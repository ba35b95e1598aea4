// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: the pool of memory that parker_memory= keeps aside.
 *
 * It consists of CMA areas, so the boot kernel uses it for movable pages until
 * a partition takes it.  Nobody else has a handle of these areas, so what is
 * free in them is not asked from CMA: it is searched and taken in the same way
 * as other memory.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/cma.h>
#include <linux/init.h>
#include <linux/kmemleak.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sizes.h>

#include "internal.h"

static struct parker_range parker_pool[PARKER_MAX_REGIONS] __ro_after_init;
static unsigned int parker_nr_areas __ro_after_init;

/**
 * parker_pool_areas() - How many areas does the pool consist of?
 *
 * Context: any.
 * Return: their number, 0 without a pool.
 */
unsigned int parker_pool_areas(void)
{
	return parker_nr_areas;
}

/**
 * parker_pool_area() - Get an area of the pool
 * @i:		number of the area
 * @range:	gets it
 *
 * Context: any.
 */
void parker_pool_area(unsigned int i, struct parker_range *range)
{
	*range = parker_pool[i];
}

static int __init parker_pool_add(u64 len, u64 align, int node)
{
	struct parker_range *range = &parker_pool[parker_nr_areas];
	bool low = node == PARKER_LOW_MEMORY;
	phys_addr_t pa = 0;
	struct cma *cma;
	char name[16];
	int ret;

	if (parker_nr_areas == ARRAY_SIZE(parker_pool))
		return -ENOSPC;

	if (low)
		node = NUMA_NO_NODE;
	/* An area has to lie in one zone.  Low memory is the scarcer one. */
	if (!low)
		pa = memblock_alloc_range_nid(len, align, SZ_4G, MEMBLOCK_ALLOC_ACCESSIBLE, node,
					      true);
	if (!pa)
		pa = memblock_alloc_range_nid(len, align, SZ_16M, SZ_4G, node, true);
	if (!pa)
		return -ENOMEM;
	kmemleak_ignore_phys(pa);

	snprintf(name, sizeof(name), "parker%u", parker_nr_areas);
	ret = cma_init_reserved_mem(pa, len, get_order(PARKER_ALIGN), name, &cma);
	if (ret) {
		memblock_phys_free(pa, len);
		return ret;
	}

	range->start = PHYS_PFN(pa);
	range->end = PHYS_PFN(pa + len);
	range->node = early_pfn_to_nid(range->start);
	parker_nr_areas++;
	return 0;
}

/* In one area if possible, otherwise in halves, quarters and so on. */
static void __init parker_pool_reserve(u64 len, int node)
{
	u64 align = max_t(u64, PARKER_ALIGN, CMA_MIN_ALIGNMENT_BYTES);
	u64 piece = ALIGN(len, align), left = piece;
	int ret;

	while (left && piece) {
		piece = min(piece, left);
		ret = parker_pool_add(piece, align, node);
		if (!ret)
			left -= piece;
		else if (ret == -ENOMEM)
			piece = ALIGN_DOWN(piece / 2, align);
		else
			break;
	}

	if (left)
		pr_warn("parker_memory=: %llu MiB of %llu MiB could not be kept aside\n",
			left / SZ_1M, len / SZ_1M);
}

/*
 * Runs when NUMA nodes and zones are known, and all memory is memblock's still.
 */
static int __init parker_memory_setup(char *s)
{
	static struct parker_wish wish __initdata;
	static struct parker_error err __initdata;

	if (!IS_ENABLED(CONFIG_CMA)) {
		pr_warn("parker_memory= needs a kernel with CONFIG_CMA, ignored\n");
	} else if (parker_memory_parse(s, ",", &wish, &err)) {
		pr_warn("parker_memory=%s ignored: %s\n", s, err.text);
	} else {
		for (unsigned int i = 0; i < wish.nr; i++)
			parker_pool_reserve(wish.len[i], wish.node[i]);
	}
	return 1;
}
__setup("parker_memory=", parker_memory_setup);
