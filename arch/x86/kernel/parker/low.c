// SPDX-License-Identifier: GPL-2.0
/*
 * Memory below 1 MiB: a page for the parking place, and a slot for each
 * partition that starts further CPUs with a real-mode trampoline of its own.
 *
 * reserve_real_mode() reserves the whole first MiB and uses little of it.
 * What the firmware calls RAM there, beside the boot kernel's own trampoline,
 * is nobody's.
 */
#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/parker.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <asm/bios_ebda.h>
#include <asm/e820/api.h>
#include <asm/realmode.h>
#include <asm/x86_init.h>

#include <kunit/visibility.h>

#include "internal.h"

/* Below 64 KiB lie the BIOS data area and what buggy firmware scribbles on. */
#define LOW_START	SZ_64K
#define LOW_END		(640 * SZ_1K)
/* Words of the BIOS data area that say less than this are bogus. */
#define BIOS_RAM_SIZE_KB	0x413
#define BIOS_MIN		SZ_128K

#define LOW_MAX		((LOW_END - LOW_START) / PARKER_LOW_LEN)

static phys_addr_t low_page __ro_after_init;
static phys_addr_t low_slots[LOW_MAX] __ro_after_init;
static unsigned int nr_low_slots __ro_after_init;

static DECLARE_BITMAP(low_used, LOW_MAX);
static DEFINE_SPINLOCK(low_lock);

/* Where the BIOS has what is its own, by the rules of reserve_bios_regions(). */
static phys_addr_t __init low_end(void)
{
	phys_addr_t bios = *(u16 *)__va(BIOS_RAM_SIZE_KB) * SZ_1K;
	phys_addr_t ebda = get_bios_ebda();
	phys_addr_t end = LOW_END;

	if (bios >= BIOS_MIN)
		end = min(end, bios);
	if (ebda >= BIOS_MIN)
		end = min(end, ebda);
	return end;
}

/* What is not reserved is the page allocator's, whatever the firmware calls it. */
VISIBLE_IF_KUNIT bool parker_low_is_reserved(phys_addr_t start, phys_addr_t len)
{
	for (phys_addr_t at = start; at < start + len; at += PAGE_SIZE)
		if (!PageReserved(pfn_to_page(PHYS_PFN(at))))
			return false;
	return true;
}

static bool __init low_is_free(phys_addr_t start, phys_addr_t len)
{
	/* real_mode_size_needed() is 0 once the trampoline is there. */
	phys_addr_t own_len = PAGE_ALIGN(real_mode_blob_end - real_mode_blob);
	phys_addr_t own = real_mode_header ? __pa(real_mode_header) : 0;

	if (start + len > low_end())
		return false;
	if (own && start < own + own_len && own < start + len)
		return false;
	return e820__mapped_all(start, start + len, E820_TYPE_RAM) &&
	       parker_low_is_reserved(start, len);
}

/* The E820 tables are init data: look once. */
static int __init parker_low_init(void)
{
	phys_addr_t start = LOW_START;

	/* It starts no kernels, and the field of the EBDA is not its to read. */
	if (parker_app_running())
		return 0;
	/* As in a guest of Xen, which has all of that memory for other things. */
	if (x86_platform.realmode_reserve != reserve_real_mode)
		return 0;

	while (start < LOW_END) {
		if (!low_page && low_is_free(start, PAGE_SIZE)) {
			low_page = start;
			start += PAGE_SIZE;
		} else if (low_page && low_is_free(start, PARKER_LOW_LEN)) {
			low_slots[nr_low_slots++] = start;
			start += PARKER_LOW_LEN;
		} else {
			start += PAGE_SIZE;
		}
	}
	return 0;
}
core_initcall(parker_low_init);

/**
 * parker_low_page() - Find the page of the parking place
 *
 * Return: its physical address, 0: this machine has none.
 */
phys_addr_t parker_low_page(void)
{
	return low_page;
}

/**
 * parker_low_total() - Count the slots of this machine
 *
 * Return: how many partitions can start further CPUs at a time.
 */
unsigned int parker_low_total(void)
{
	return nr_low_slots;
}

/**
 * parker_low_get() - Take a slot of %PARKER_LOW_LEN bytes
 *
 * It is cleared: another kernel may have used it.
 *
 * Return: its physical address, 0: all are taken.
 */
phys_addr_t parker_low_get(void)
{
	unsigned int i;

	spin_lock(&low_lock);
	i = find_first_zero_bit(low_used, nr_low_slots);
	if (i < nr_low_slots)
		__set_bit(i, low_used);
	spin_unlock(&low_lock);
	if (i >= nr_low_slots)
		return 0;
	memset(__va(low_slots[i]), 0, PARKER_LOW_LEN);
	return low_slots[i];
}

/**
 * parker_low_put() - Give a slot back
 * @slot: what parker_low_get() returned, 0 does nothing
 */
void parker_low_put(phys_addr_t slot)
{
	spin_lock(&low_lock);
	for (unsigned int i = 0; i < nr_low_slots; i++)
		if (low_slots[i] == slot)
			__clear_bit(i, low_used);
	spin_unlock(&low_lock);
}
