// SPDX-License-Identifier: GPL-2.0
/*
 * Guarded partitions: what may be done with an MSR, by what it reaches.
 *
 * Built twice: the boot kernel makes the map of MSRs from it, and the shim decides by
 * it about what that map does not let through (guard/main.c).
 *
 * What is not listed is refused, so that a CPU or a kernel which is newer than the list
 * goes without that MSR.  Listed as shared is what no kernel in order writes to.
 */
#include <linux/types.h>

#include <asm/msr-index.h>
#include <asm/mtrr.h>

#include "msr_class.h"

#define ALLOW	PARKER_MSR_ALLOWED
#define CHECK	PARKER_MSR_CHECKED
#define KEEP	PARKER_MSR_KEPT
#define REFUSE	PARKER_MSR_REFUSED
#define SHARED	PARKER_MSR_SHARED

/* Without a name in the kernel: I/O ranges, SMI traps and other registers of the node. */
#define IORR_FIRST		0xc0010016
#define IORR_LAST		0xc0010019
#define SMI_FIRST		0xc0010050
#define SMI_LAST		0xc0010057
#define PSTATE_FIRST		0xc0010061
#define PSTATE_LAST		0xc0010074
#define SMM_FIRST		0xc0010111
#define SVM_LAST		0xc001011e
#define CPUID_EXT		0xc001100d
#define QOS_FIRST		0xc0000200
#define QOS_LAST		0xc00002ff
#define QOS_EVENTS_FIRST	0xc0000400
#define QOS_EVENTS_LAST		0xc0000407
#define MCA_INTERRUPTS		0xc0000410
#define POWER_LIMITS_FIRST	0xc0010290
#define POWER_LIMITS_LAST	0xc00102b4
#define UMC_COUNTERS_LAST	0xc00108ff
#define RDT_FIRST		0xc80
#define RDT_LAST		0xd8f
#define PSTATE_DEF_LAST		(MSR_AMD_PSTATE_DEF_BASE + 7)

const struct parker_msrs parker_msrs[] = {
	{ MSR_IA32_TSC, MSR_IA32_TSC, true, SHARED },
	{ MSR_IA32_APICBASE, MSR_IA32_APICBASE, true, CHECK },
	{ MSR_IA32_FEAT_CTL, MSR_IA32_TSC_ADJUST, false, SHARED },
	{ MSR_IA32_SPEC_CTRL, MSR_IA32_PRED_CMD, true, ALLOW },
	{ MSR_IA32_UCODE_WRITE, MSR_IA32_UCODE_WRITE, false, SHARED },
	{ MSR_IA32_UCODE_REV, MSR_IA32_UCODE_REV, true, KEEP },
	{ MSR_IA32_MPERF, MSR_IA32_APERF, true, REFUSE },
	{ MSR_MTRRcap, MSR_MTRRcap, true, REFUSE },
	{ MSR_IA32_ARCH_CAPABILITIES, MSR_IA32_FLUSH_CMD, true, ALLOW },
	{ MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_EIP, true, ALLOW },
	{ MSR_IA32_MCG_CAP, MSR_IA32_MCG_CAP, true, REFUSE },
	{ MSR_IA32_MCG_STATUS, MSR_IA32_MCG_STATUS, true, ALLOW },
	{ MSR_IA32_MCG_CTL, MSR_IA32_MCG_CTL, true, KEEP },
	{ MSR_IA32_PERF_STATUS, MSR_IA32_THERM_STATUS, false, SHARED },
	{ MSR_IA32_MISC_ENABLE, MSR_IA32_MISC_ENABLE, true, SHARED },
	{ MSR_IA32_ENERGY_PERF_BIAS, MSR_IA32_PACKAGE_THERM_INTERRUPT, false, SHARED },
	{ MSR_IA32_XFD, MSR_IA32_XFD_ERR, true, ALLOW },
	{ MSR_IA32_DEBUGCTLMSR, MSR_IA32_DEBUGCTLMSR, true, CHECK },
	{ MTRRphysBase_MSR(0), MSR_MTRRfix4K_F8000, true, SHARED },
	{ MSR_IA32_CR_PAT, MSR_IA32_CR_PAT, true, ALLOW },
	{ MSR_MTRRdefType, MSR_MTRRdefType, true, SHARED },
	{ MSR_IA32_MC0_CTL, MSR_IA32_MCx_MISC(PARKER_MAX_BANKS - 1), true, KEEP },
	{ MSR_RAPL_POWER_UNIT, MSR_PP1_POLICY, false, SHARED },
	{ MSR_IA32_U_CET, MSR_IA32_INT_SSP_TAB, true, ALLOW },
	{ MSR_IA32_TSC_DEADLINE, MSR_IA32_TSC_DEADLINE, true, ALLOW },
	{ MSR_PM_ENABLE, MSR_HWP_REQUEST, false, SHARED },
	{ RDT_FIRST, RDT_LAST, false, SHARED },
	{ MSR_IA32_XSS, MSR_IA32_XSS, true, ALLOW },

	{ MSR_EFER, MSR_EFER, false, CHECK },
	{ MSR_STAR, MSR_SYSCALL_MASK, true, ALLOW },
	{ MSR_F17H_IRPERF, MSR_F17H_IRPERF, true, REFUSE },
	{ MSR_FS_BASE, MSR_TSC_AUX, true, ALLOW },
	{ MSR_AMD64_LBR_SELECT, MSR_AMD_DBG_EXTN_CFG, true, ALLOW },
	{ QOS_FIRST, QOS_LAST, false, SHARED },
	{ MSR_AMD64_PERF_CNTR_GLOBAL_STATUS, MSR_AMD64_PERF_CNTR_GLOBAL_STATUS_SET, true, ALLOW },
	{ QOS_EVENTS_FIRST, QOS_EVENTS_LAST, false, SHARED },
	{ MCA_INTERRUPTS, MCA_INTERRUPTS, false, SHARED },
	{ PARKER_SMCA_FIRST, PARKER_SMCA_LAST, true, KEEP },

	{ MSR_K7_EVNTSEL0, MSR_K7_PERFCTR3, true, ALLOW },
	{ MSR_AMD64_SYSCFG, MSR_AMD64_SYSCFG, true, SHARED },
	{ MSR_K7_HWCR, MSR_K7_HWCR, true, KEEP },
	{ IORR_FIRST, IORR_LAST, false, SHARED },
	{ MSR_K8_TOP_MEM1, MSR_K8_TOP_MEM1, true, SHARED },
	{ MSR_K8_TOP_MEM2, MSR_K8_TOP_MEM2, true, SHARED },
	{ MSR_AMD64_NB_CFG, MSR_AMD64_NB_CFG, true, KEEP },
	{ MSR_AMD64_PATCH_LOADER, MSR_AMD64_PATCH_LOADER, false, SHARED },
	{ MSR_K7_FID_VID_CTL, MSR_K7_FID_VID_STATUS, false, SHARED },
	{ SMI_FIRST, SMI_LAST, false, SHARED },
	{ MSR_FAM10H_MMIO_CONF_BASE, MSR_FAM10H_MMIO_CONF_BASE, false, SHARED },
	{ PSTATE_FIRST, PSTATE_LAST, false, SHARED },
	{ SMM_FIRST, MSR_K8_TSEG_MASK, false, SHARED },
	{ MSR_VM_CR, MSR_VM_CR, true, SHARED },
	{ MSR_VM_IGNNE, SVM_LAST, false, SHARED },
	{ MSR_AMD64_VIRT_SPEC_CTRL, MSR_AMD64_VIRT_SPEC_CTRL, true, ALLOW },
	{ MSR_AMD64_SEV_ES_GHCB, MSR_AMD64_SEV_ES_GHCB, false, SHARED },
	{ MSR_AMD64_SEV, MSR_AMD64_RMP_END, true, SHARED },
	{ MSR_F15H_PERF_CTL, MSR_F15H_PERF_CTR5, true, ALLOW },
	{ MSR_F16H_L2I_PERF_CTL, MSR_F15H_NB_PERF_CTL + 0xf, false, SHARED },
	{ POWER_LIMITS_FIRST, POWER_LIMITS_LAST, false, SHARED },
	{ MSR_AMD_SAMP_BR_FROM, MSR_AMD_SAMP_BR_FROM + 0x7f, true, ALLOW },
	{ MSR_F19H_UMC_PERF_CTL, UMC_COUNTERS_LAST, false, SHARED },
	{ MSR_AMD64_CPUID_FN_7, MSR_AMD64_CPUID_FN_7, true, KEEP },
	{ MSR_AMD64_CPUID_FN_1, MSR_AMD64_CPUID_FN_1, true, KEEP },
	{ MSR_FAM10H_NODE_ID, MSR_FAM10H_NODE_ID, true, REFUSE },
	{ CPUID_EXT, CPUID_EXT, true, KEEP },
	{ MSR_F16H_DR1_ADDR_MASK, MSR_F16H_DR3_ADDR_MASK, true, ALLOW },
	{ MSR_AMD64_LS_CFG, MSR_AMD64_TW_CFG, true, KEEP },
	{ MSR_F16H_DR0_ADDR_MASK, MSR_F16H_DR0_ADDR_MASK, true, ALLOW },
	{ MSR_AMD64_FP_CFG, MSR_AMD64_BU_CFG2, true, KEEP },
	{ MSR_F15H_EX_CFG, MSR_ZEN4_BP_CFG, true, KEEP },
	{ MSR_ZEN2_SPECTRAL_CHICKEN, MSR_ZEN2_SPECTRAL_CHICKEN, true, KEEP },
	{}
};

/**
 * parker_msr_class() - Say what comes of a write to an MSR
 * @msr: which one; those of the local APIC are not told here
 *
 * Context: any, also in the shim.
 * Return: its class.
 */
enum parker_msr_class parker_msr_class(u32 msr)
{
	for (const struct parker_msrs *m = parker_msrs; m->last; m++)
		if (m->first <= msr && msr <= m->last)
			return m->write;
	return PARKER_MSR_REFUSED;
}
