// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: pages of partitions that have memory errors.
 *
 * The boot kernel looks after a partition's memory: it hears of errors by machine checks,
 * polls and the firmware, and memory_failure() marks the page.  It can do no more, as it
 * does not know what the page holds.  The mark stays when the memory is given back, and
 * keeps the page out of the allocator.
 */
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/parker.h>
#include <linux/sched.h>

/* If not, no page has to be looked at: a terabyte has 256 million. */
static bool parker_any_bad(void)
{
	return IS_ENABLED(CONFIG_MEMORY_FAILURE) && atomic_long_read(&num_poisoned_pages);
}

/* The first page frame from @pfn on that has an error, or has none; or @end. */
static unsigned long parker_next_page(unsigned long pfn, unsigned long end, bool bad)
{
	for (; pfn < end && PageHWPoison(pfn_to_page(pfn)) != bad; pfn++)
		if (IS_ALIGNED(pfn, PHYS_PFN(PARKER_ALIGN)))
			cond_resched();
	return pfn;
}

static void parker_add_bad(struct parker_bad *bad, unsigned long pfn, unsigned long end)
{
	if (bad->nr < PARKER_MAX_BAD) {
		bad->start[bad->nr] = PFN_PHYS(pfn);
		bad->len[bad->nr] = PFN_PHYS(end - pfn);
	}
	bad->nr++;
	bad->pages += end - pfn;
}

/**
 * parker_find_bad() - Find the pages of a partition that have memory errors
 * @regions:	its memory
 * @nr_regions:	entries of @regions
 * @bad:	gets the pages
 *
 * Context: may sleep.
 */
void parker_find_bad(const struct parker_region *regions, unsigned int nr_regions,
		     struct parker_bad *bad)
{
	unsigned long pfn, good, end;

	bad->pages = 0;
	bad->nr = 0;
	if (!parker_any_bad())
		return;

	for (unsigned int i = 0; i < nr_regions; i++) {
		end = PHYS_PFN(regions[i].start + regions[i].len);
		pfn = parker_next_page(PHYS_PFN(regions[i].start), end, true);
		while (pfn < end) {
			good = parker_next_page(pfn, end, false);
			parker_add_bad(bad, pfn, good);
			pfn = parker_next_page(good, end, true);
		}
	}
}
