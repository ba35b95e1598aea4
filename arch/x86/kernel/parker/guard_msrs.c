// SPDX-License-Identifier: GPL-2.0
/*
 * Guarded partitions: which MSRs a guest uses as if there were no guard.
 *
 * The others are an exit: the shim refuses them, or does in the guest's place what can be
 * allowed (guard/main.c).
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <asm/apic.h>

#include "internal.h"
#include "msr_class.h"

/* What the map has bits for, half a page for each: APM volume 2, 15.11. */
static const u32 ranges[] = { 0, 0xc0000000, 0xc0010000 };

/* Two bits an MSR, a set one is an exit; without bits it is one always. */
static void allow_msr(unsigned long *map, u32 msr, bool read, bool write)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++) {
		unsigned int bit = i * SZ_2K * 8 + (msr - ranges[i]) * 2;

		if (msr - ranges[i] >= SZ_8K)
			continue;
		if (read)
			__clear_bit(bit, map);
		if (write)
			__clear_bit(bit + 1, map);
	}
}

static void allow_x2apic(unsigned long *map)
{
	for (u32 msr = APIC_BASE_MSR; msr <= APIC_BASE_MSR + 0x3f; msr++) {
		u32 reg = (msr - APIC_BASE_MSR) << 4;
		bool checked = reg == APIC_ICR || reg == APIC_LVTCMCI ||
			       (reg >= APIC_LVTT && reg <= APIC_LVTERR);

		allow_msr(map, msr, true, !checked);
	}
}

/**
 * parker_guard_allow_msrs() - Allow what reaches no further than the CPU
 * @map:	the MSR permissions map of the guests, in which all is an exit so far
 */
void parker_guard_allow_msrs(unsigned long *map)
{
	for (const struct parker_msrs *m = parker_msrs; m->last; m++)
		for (u32 msr = m->first; msr <= m->last; msr++)
			allow_msr(map, msr, m->read, m->write == PARKER_MSR_ALLOWED);
	if (x2apic_enabled())
		allow_x2apic(map);
}
