// SPDX-License-Identifier: GPL-2.0
/*
 * Identity page tables on which a CPU leaves real mode.
 *
 * All tables lie below 4 GiB: CR3 is loaded in 32-bit mode, and which of them
 * is the root depends on the paging mode that the kernel to start wants.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/slab.h>

#include <asm/init.h>
#include <asm/processor-flags.h>

#include "internal.h"

/**
 * struct parker_paging - identity page tables
 * @info:	how they are made
 * @pages:	all that they consist of but @pgd: with 4 levels not all of them can
 *		be found from there
 * @pgd:	root in the paging mode of the boot kernel, two pages: set_pgd()
 *		writes to the second one under page table isolation
 * @top:	one level above @pgd, where the boot kernel has 4 levels and
 *		5 are wanted
 */
struct parker_paging {
	struct x86_mapping_info info;
	struct list_head pages;
	pgd_t *pgd;
	u64 *top;
};

static void *paging_page(void *context)
{
	struct page *page = alloc_page(GFP_KERNEL | GFP_DMA32 | __GFP_ZERO);
	struct parker_paging *paging = context;

	if (!page)
		return NULL;
	list_add(&page->lru, &paging->pages);
	return page_address(page);
}

/**
 * parker_paging_alloc() - Begin a set of page tables that maps nothing
 *
 * Return: the set, or NULL.
 */
struct parker_paging *parker_paging_alloc(void)
{
	struct parker_paging *paging __free(kfree) = kzalloc(sizeof(*paging), GFP_KERNEL);

	if (!paging)
		return NULL;
	INIT_LIST_HEAD(&paging->pages);
	paging->info.alloc_pgt_page = paging_page;
	paging->info.context = paging;
	paging->info.page_flag = __PAGE_KERNEL_LARGE_EXEC;
	paging->pgd = alloc_pages_exact(2 * PAGE_SIZE, GFP_KERNEL | GFP_DMA32 | __GFP_ZERO);
	if (!paging->pgd)
		return NULL;
	return_ptr(paging);
}

/**
 * parker_paging_map() - Map a range to itself
 * @paging:	the set
 * @start:	physical address
 * @len:	length in bytes
 *
 * Return: 0 or -ENOMEM.
 */
int parker_paging_map(struct parker_paging *paging, phys_addr_t start, phys_addr_t len)
{
	return kernel_ident_mapping_init(&paging->info, paging->pgd, start, start + len);
}

/**
 * parker_paging_root() - Find the root of a paging mode
 * @paging:	the set, with all its mappings
 * @la57:	5-level paging is wanted
 * @cr3:	gets the physical address of the root
 * @cr4:	gets the bits of CR4 that go with it
 *
 * Return: 0 or -ENOMEM.
 */
int parker_paging_root(struct parker_paging *paging, bool la57, u32 *cr3, u32 *cr4)
{
	void *root = paging->pgd;

	if (la57 && !pgtable_l5_enabled()) {
		paging->top = paging_page(paging);
		if (!paging->top)
			return -ENOMEM;
		paging->top[0] = __pa(paging->pgd) | _KERNPG_TABLE;
		root = paging->top;
	} else if (!la57 && pgtable_l5_enabled()) {
		/* All that a 4-level kernel can address is below this entry. */
		root = __va(pgd_val(paging->pgd[0]) & PTE_PFN_MASK);
	}
	*cr3 = __pa(root);
	*cr4 = la57 ? X86_CR4_LA57 : 0;

	/* With 5 levels the decompressor reads the first entry of its root. */
	return la57 ? parker_paging_map(paging, __pa(root), PAGE_SIZE) : 0;
}

/**
 * parker_paging_free() - Free a set of page tables
 * @paging: the set, in use by no CPU, or NULL
 */
void parker_paging_free(struct parker_paging *paging)
{
	struct page *page, *next;

	if (!paging)
		return;
	list_for_each_entry_safe(page, next, &paging->pages, lru)
		__free_page(page);
	free_pages_exact(paging->pgd, 2 * PAGE_SIZE);
	kfree(paging);
}
