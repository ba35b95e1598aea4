// SPDX-License-Identifier: GPL-2.0
/*
 * Guarded partitions: which MSRs a guest uses as if there were no guard.
 *
 * What is not listed is an exit.  The shim then refuses it, or does in its place
 * what can be allowed (guard/main.c).
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <asm/apic.h>
#include <asm/mce.h>
#include <asm/msr-index.h>
#include <asm/mtrr.h>

#include "internal.h"

/* MSRs that act on the CPU alone that uses them, or that only tell something. */
static const struct {
	u32 first, last;
	bool read, write;
} allowed_msrs[] = {
	{ MSR_IA32_TSC, MSR_IA32_TSC, true },
	{ MSR_IA32_APICBASE, MSR_IA32_APICBASE, true },
	{ MSR_IA32_SPEC_CTRL, MSR_IA32_PRED_CMD, true, true },
	{ MSR_IA32_UCODE_REV, MSR_IA32_UCODE_REV, true },
	{ MSR_MTRRcap, MSR_MTRRcap, true },
	{ MSR_IA32_ARCH_CAPABILITIES, MSR_IA32_FLUSH_CMD, true, true },
	{ MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_EIP, true, true },
	{ MSR_IA32_MCG_CAP, MSR_IA32_MCG_CTL, true },
	{ MSR_IA32_MCG_STATUS, MSR_IA32_MCG_STATUS, true, true },
	{ MSR_IA32_MISC_ENABLE, MSR_IA32_MISC_ENABLE, true },
	{ MTRRphysBase_MSR(0), MSR_MTRRfix4K_F8000, true },
	{ MSR_IA32_CR_PAT, MSR_IA32_CR_PAT, true, true },
	{ MSR_MTRRdefType, MSR_MTRRdefType, true },
	{ MSR_IA32_MC0_CTL, MSR_IA32_MCx_MISC(MAX_NR_BANKS - 1), true },
	{ MSR_IA32_XSS, MSR_IA32_XSS, true, true },
	{ MSR_IA32_U_CET, MSR_IA32_INT_SSP_TAB, true, true },
	{ MSR_IA32_TSC_DEADLINE, MSR_IA32_TSC_DEADLINE, true, true },
	{ MSR_STAR, MSR_SYSCALL_MASK, true, true },
	{ MSR_FS_BASE, MSR_TSC_AUX, true, true },
	{ MSR_AMD64_PERF_CNTR_GLOBAL_STATUS, MSR_AMD64_PERF_CNTR_GLOBAL_STATUS_CLR, true, true },
	{ MSR_AMD64_SMCA_MC0_CTL, MSR_AMD64_SMCA_MCx_CTL(MAX_NR_BANKS) - 1, true },
	{ MSR_K7_EVNTSEL0, MSR_K7_PERFCTR3, true, true },
	{ MSR_AMD64_SYSCFG, MSR_AMD64_SYSCFG, true },
	{ MSR_K7_HWCR, MSR_K7_HWCR, true },
	{ MSR_AMD64_VIRT_SPEC_CTRL, MSR_AMD64_VIRT_SPEC_CTRL, true, true },
	{ MSR_F15H_PERF_CTL, MSR_F15H_PERF_CTR5, true, true },
	{ MSR_AMD64_LS_CFG, MSR_AMD64_LS_CFG, true },
	{ MSR_AMD64_DE_CFG, MSR_AMD64_DE_CFG, true },
};

/* Two bits an MSR, a set one is an exit: APM volume 2, 15.11. */
static void allow_msr(unsigned long *map, u32 msr, bool read, bool write)
{
	unsigned int bit = (msr & 0x1fff) * 2;

	if (msr >= 0xc0010000)
		bit += 2 * SZ_2K * 8;
	else if (msr >= 0xc0000000)
		bit += SZ_2K * 8;
	if (read)
		__clear_bit(bit, map);
	if (write)
		__clear_bit(bit + 1, map);
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
	for (unsigned int i = 0; i < ARRAY_SIZE(allowed_msrs); i++)
		for (u32 msr = allowed_msrs[i].first; msr <= allowed_msrs[i].last; msr++)
			allow_msr(map, msr, allowed_msrs[i].read, allowed_msrs[i].write);
	if (x2apic_enabled())
		allow_x2apic(map);
}
