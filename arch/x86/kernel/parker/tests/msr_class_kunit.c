// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what a guarded kernel may do with MSRs.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/sizes.h>

#include <asm/apicdef.h>
#include <asm/mce.h>
#include <asm/msr-index.h>
#include <asm/mtrr.h>

#include "../internal.h"
#include "../msr_class.h"

struct msr_case {
	const char *desc;
	u32 msr;
	enum parker_msr_class want;
};

/* What Linux 6.12 writes on CPUs of AMD, and what it must not write inside. */
static const struct msr_case msr_cases[] = {
	/* At boot, and when a CPU starts */
	{ "EFER", MSR_EFER, PARKER_MSR_CHECKED },
	{ "APIC base", MSR_IA32_APICBASE, PARKER_MSR_CHECKED },
	{ "PAT", MSR_IA32_CR_PAT, PARKER_MSR_ALLOWED },
	{ "STAR", MSR_STAR, PARKER_MSR_ALLOWED },
	{ "LSTAR", MSR_LSTAR, PARKER_MSR_ALLOWED },
	{ "CSTAR", MSR_CSTAR, PARKER_MSR_ALLOWED },
	{ "flags of system calls", MSR_SYSCALL_MASK, PARKER_MSR_ALLOWED },
	{ "SYSENTER segment", MSR_IA32_SYSENTER_CS, PARKER_MSR_ALLOWED },
	{ "SYSENTER stack", MSR_IA32_SYSENTER_ESP, PARKER_MSR_ALLOWED },
	{ "SYSENTER entry", MSR_IA32_SYSENTER_EIP, PARKER_MSR_ALLOWED },
	{ "FS base", MSR_FS_BASE, PARKER_MSR_ALLOWED },
	{ "GS base", MSR_GS_BASE, PARKER_MSR_ALLOWED },
	{ "kernel's GS base", MSR_KERNEL_GS_BASE, PARKER_MSR_ALLOWED },
	{ "TSC_AUX", MSR_TSC_AUX, PARKER_MSR_ALLOWED },
	{ "XSS", MSR_IA32_XSS, PARKER_MSR_ALLOWED },
	{ "XFD", MSR_IA32_XFD, PARKER_MSR_ALLOWED },
	{ "CET of users", MSR_IA32_U_CET, PARKER_MSR_ALLOWED },
	{ "CET of the kernel", MSR_IA32_S_CET, PARKER_MSR_ALLOWED },
	{ "shadow stack of users", MSR_IA32_PL3_SSP, PARKER_MSR_ALLOWED },
	{ "speculation control", MSR_IA32_SPEC_CTRL, PARKER_MSR_ALLOWED },
	{ "prediction command", MSR_IA32_PRED_CMD, PARKER_MSR_ALLOWED },
	{ "virtual speculation control", MSR_AMD64_VIRT_SPEC_CTRL, PARKER_MSR_ALLOWED },
	{ "timer's deadline", MSR_IA32_TSC_DEADLINE, PARKER_MSR_ALLOWED },
	{ "machine check status", MSR_IA32_MCG_STATUS, PARKER_MSR_ALLOWED },
	{ "machine check control", MSR_IA32_MCG_CTL, PARKER_MSR_KEPT },
	{ "control of a bank", MSR_IA32_MCx_CTL(3), PARKER_MSR_KEPT },
	{ "status of a bank", MSR_IA32_MCx_STATUS(3), PARKER_MSR_KEPT },
	{ "control of an SMCA bank", MSR_AMD64_SMCA_MCx_CTL(20), PARKER_MSR_KEPT },
	{ "configuration of an SMCA bank", MSR_AMD64_SMCA_MCx_CONFIG(20), PARKER_MSR_KEPT },
	{ "status of an SMCA bank", MSR_AMD64_SMCA_MCx_STATUS(63), PARKER_MSR_KEPT },
	{ "HWCR", MSR_K7_HWCR, PARKER_MSR_KEPT },
	{ "NB_CFG", MSR_AMD64_NB_CFG, PARKER_MSR_KEPT },
	{ "LS_CFG", MSR_AMD64_LS_CFG, PARKER_MSR_KEPT },
	{ "IC_CFG", MSR_F15H_IC_CFG, PARKER_MSR_KEPT },
	{ "FP_CFG", MSR_AMD64_FP_CFG, PARKER_MSR_KEPT },
	{ "DE_CFG", MSR_AMD64_DE_CFG, PARKER_MSR_KEPT },
	{ "BU_CFG2", MSR_AMD64_BU_CFG2, PARKER_MSR_KEPT },
	{ "BP_CFG", MSR_ZEN4_BP_CFG, PARKER_MSR_KEPT },
	{ "spectral chicken", MSR_ZEN2_SPECTRAL_CHICKEN, PARKER_MSR_KEPT },
	{ "CPUID function 1", MSR_AMD64_CPUID_FN_1, PARKER_MSR_KEPT },
	{ "CPUID function 7", MSR_AMD64_CPUID_FN_7, PARKER_MSR_KEPT },
	/* In perf */
	{ "counter of K7", MSR_K7_PERFCTR3, PARKER_MSR_ALLOWED },
	{ "event of K7", MSR_K7_EVNTSEL0, PARKER_MSR_ALLOWED },
	{ "first event", MSR_F15H_PERF_CTL0, PARKER_MSR_ALLOWED },
	{ "last counter", MSR_F15H_PERF_CTR5, PARKER_MSR_ALLOWED },
	{ "global control", MSR_AMD64_PERF_CNTR_GLOBAL_CTL, PARKER_MSR_ALLOWED },
	{ "global status", MSR_AMD64_PERF_CNTR_GLOBAL_STATUS, PARKER_MSR_ALLOWED },
	{ "its clearing", MSR_AMD64_PERF_CNTR_GLOBAL_STATUS_CLR, PARKER_MSR_ALLOWED },
	{ "its setting", MSR_AMD64_PERF_CNTR_GLOBAL_STATUS_SET, PARKER_MSR_ALLOWED },
	{ "selection of branches", MSR_AMD64_LBR_SELECT, PARKER_MSR_ALLOWED },
	{ "branch records", MSR_AMD_DBG_EXTN_CFG, PARKER_MSR_ALLOWED },
	{ "first branch", MSR_AMD_SAMP_BR_FROM, PARKER_MSR_ALLOWED },
	{ "last branch", MSR_AMD_SAMP_BR_FROM + 31, PARKER_MSR_ALLOWED },
	{ "sampling of fetches", MSR_AMD64_IBSFETCHCTL, PARKER_MSR_REFUSED },
	{ "sampling of operations", MSR_AMD64_IBSOPCTL, PARKER_MSR_REFUSED },
	/* For debuggers */
	{ "DEBUGCTL", MSR_IA32_DEBUGCTLMSR, PARKER_MSR_CHECKED },
	{ "mask of breakpoint 0", MSR_F16H_DR0_ADDR_MASK, PARKER_MSR_ALLOWED },
	{ "mask of breakpoint 1", MSR_F16H_DR1_ADDR_MASK, PARKER_MSR_ALLOWED },
	{ "mask of breakpoint 3", MSR_F16H_DR3_ADDR_MASK, PARKER_MSR_ALLOWED },
	/* Not at all: they reach beyond the CPU */
	{ "TSC", MSR_IA32_TSC, PARKER_MSR_SHARED },
	{ "TSC_ADJUST", MSR_IA32_TSC_ADJUST, PARKER_MSR_SHARED },
	{ "microcode", MSR_AMD64_PATCH_LOADER, PARKER_MSR_SHARED },
	{ "variable MTRR", MTRRphysBase_MSR(0), PARKER_MSR_SHARED },
	{ "fixed MTRR", MSR_MTRRfix64K_00000, PARKER_MSR_SHARED },
	{ "default of MTRRs", MSR_MTRRdefType, PARKER_MSR_SHARED },
	{ "SYSCFG", MSR_AMD64_SYSCFG, PARKER_MSR_SHARED },
	{ "TOP_MEM", MSR_K8_TOP_MEM1, PARKER_MSR_SHARED },
	{ "TOP_MEM2", MSR_K8_TOP_MEM2, PARKER_MSR_SHARED },
	{ "SMM memory", MSR_K8_TSEG_ADDR, PARKER_MSR_SHARED },
	{ "message of INT_PENDING", MSR_K8_INT_PENDING_MSG, PARKER_MSR_SHARED },
	{ "frequency", MSR_AMD_PERF_CTL, PARKER_MSR_SHARED },
	{ "CPPC request", MSR_AMD_CPPC_REQ, PARKER_MSR_SHARED },
	{ "VM_CR", MSR_VM_CR, PARKER_MSR_SHARED },
	{ "VM_HSAVE_PA", MSR_VM_HSAVE_PA, PARKER_MSR_SHARED },
	{ "AVIC's doorbell", MSR_AMD64_SVM_AVIC_DOORBELL, PARKER_MSR_SHARED },
	{ "SEV status", MSR_AMD64_SEV, PARKER_MSR_SHARED },
	{ "northbridge counter", MSR_F15H_NB_PERF_CTL, PARKER_MSR_SHARED },
	{ "memory counter", MSR_F19H_UMC_PERF_CTL, PARKER_MSR_SHARED },
	{ "class of bandwidth", MSR_IA32_PQR_ASSOC, PARKER_MSR_SHARED },
	/* Not known */
	{ "first of none", 0x40000000, PARKER_MSR_REFUSED },
	{ "TSC_RATIO", MSR_AMD64_TSC_RATIO, PARKER_MSR_REFUSED },
	{ "APERF", MSR_IA32_APERF, PARKER_MSR_REFUSED },
	{ "PPIN", MSR_AMD_PPIN_CTL, PARKER_MSR_REFUSED },
	{ "last of all", U32_MAX, PARKER_MSR_REFUSED },
};

KUNIT_ARRAY_PARAM_DESC(msr, msr_cases, desc);

static void parker_msr_test_class(struct kunit *test)
{
	const struct msr_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, parker_msr_class(c->msr), c->want);
}

/* One answer for each MSR, and in order where the table is long. */
static void parker_msr_test_apart(struct kunit *test)
{
	for (const struct parker_msrs *m = parker_msrs; m->last; m++) {
		KUNIT_EXPECT_LE(test, m->first, m->last);
		if (m > parker_msrs)
			KUNIT_EXPECT_GT_MSG(test, m->first, m[-1].last, "MSR %#x", m->first);
	}
}

static const u32 readable[] = {
	MSR_IA32_TSC, MSR_IA32_MPERF, MSR_IA32_APERF, MSR_K8_TOP_MEM1, MSR_K8_TOP_MEM2,
	MSR_AMD64_SYSCFG, MSR_VM_CR, MSR_AMD64_SEV, MSR_AMD64_RMP_BASE, MSR_AMD64_PATCH_LEVEL,
	MSR_IA32_DEBUGCTLMSR, MSR_K7_HWCR, MSR_AMD64_NB_CFG, MSR_STAR, MSR_FS_BASE,
};

static const u32 hidden[] = {
	MSR_EFER, MSR_AMD64_TSC_RATIO, 0xc0000000, 0xc0000010, 0xc00003ff, MSR_AMD64_IBSCTL,
	MSR_VM_HSAVE_PA, MSR_AMD_RAPL_POWER_UNIT,
};

static bool is_mapped(u32 msr)
{
	u32 range = msr & ~(SZ_8K - 1);

	return !range || range == 0xc0000000 || range == 0xc0010000;
}

/* By the manual: a bit to read and one to write, 2 KiB a range */
static unsigned int bit_of(u32 msr)
{
	return msr < SZ_8K ? msr * 2 :
	       (msr & 0x1fff) * 2 + (msr < 0xc0010000 ? SZ_2K : SZ_4K) * BITS_PER_BYTE;
}

static unsigned int count_allowed(bool write)
{
	unsigned int count = 0;

	for (const struct parker_msrs *m = parker_msrs; m->last; m++)
		for (u32 msr = m->first; msr <= m->last; msr++)
			count += is_mapped(msr) &&
				 (write ? m->write == PARKER_MSR_ALLOWED : m->read);
	return count;
}

/* No bit but those of the table: MSRs that have none are not another one's. */
static void parker_msr_test_map(struct kunit *test)
{
	unsigned long *map = kunit_kmalloc(test, SZ_8K, GFP_KERNEL);
	unsigned int reads = 0, writes = 0;

	KUNIT_ASSERT_NOT_NULL(test, map);
	memset(map, 0xff, SZ_8K);
	parker_guard_allow_msrs(map);
	for (unsigned int i = 0; i < ARRAY_SIZE(readable); i++)
		KUNIT_EXPECT_FALSE_MSG(test, test_bit(bit_of(readable[i]), map), "MSR %#x",
				       readable[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(hidden); i++)
		KUNIT_EXPECT_TRUE_MSG(test, test_bit(bit_of(hidden[i]), map), "MSR %#x",
				      hidden[i]);
	/* Those of the local APIC are let through in x2APIC mode. */
	bitmap_set(map, bit_of(APIC_BASE_MSR), 0x40 * 2);
	for (unsigned int i = 0; i < SZ_8K * BITS_PER_BYTE; i += 2) {
		reads += !test_bit(i, map);
		writes += !test_bit(i + 1, map);
	}
	KUNIT_EXPECT_EQ(test, reads, count_allowed(false));
	KUNIT_EXPECT_EQ(test, writes, count_allowed(true));
}

static struct kunit_case parker_msr_test_cases[] = {
	KUNIT_CASE_PARAM(parker_msr_test_class, msr_gen_params),
	KUNIT_CASE(parker_msr_test_apart),
	KUNIT_CASE(parker_msr_test_map),
	{ }
};

static struct kunit_suite parker_msr_test_suite = {
	.name = "parker_msrs",
	.test_cases = parker_msr_test_cases,
};

kunit_test_suite(parker_msr_test_suite);
