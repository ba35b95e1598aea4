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
#include <linux/parker.h>
#include <linux/spinlock.h>

#include <asm/bios_ebda.h>
#include <asm/e820/api.h>
#include <asm/realmode.h>

#include "internal.h"

/* Below 64 KiB lie the BIOS data area and what buggy firmware scribbles on. */
#define LOW_START	SZ_64K
#define LOW_END		(640 * SZ_1K)
#define LOW_MAX		((LOW_END - LOW_START) / PARKER_LOW_LEN)

static phys_addr_t low_page __ro_after_init;
static phys_addr_t low_slots[LOW_MAX] __ro_after_init;
static unsigned int nr_low_slots __ro_after_init;

static DECLARE_BITMAP(low_used, LOW_MAX);
static DEFINE_SPINLOCK(low_lock);

static bool __init low_is_free(phys_addr_t start, phys_addr_t len)
{
	phys_addr_t own = real_mode_header ? __pa(real_mode_header) : 0;
	unsigned int ebda = get_bios_ebda();

	if (start + len > LOW_END || (ebda >= LOW_START && start + len > ebda))
		return false;
	if (own && start < own + real_mode_size_needed() && own < start + len)
		return false;
	return e820__mapped_all(start, start + len, E820_TYPE_RAM);
}

/* The E820 tables are init data: look once. */
static int __init parker_low_init(void)
{
	phys_addr_t start = LOW_START;

	/* It starts no kernels, and the field of the EBDA is not its to read. */
	if (parker_app_running())
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
	return i < nr_low_slots ? low_slots[i] : 0;
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
