// SPDX-License-Identifier: GPL-2.0
/*
 * What a CPU writes to its MSRs where it changes its owner.
 *
 * INIT resets few of them (SDM volume 3, table 10-1): counters go on, a debug store goes
 * on, and the request for a frequency is the lowest one, which the boot kernel makes when
 * it takes a CPU offline.  So each CPU writes a list of MSRs in the parking stub, before
 * it signs in.  The list is made on the CPU while it is the boot kernel's, of MSRs that
 * can be read there.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/perf_event.h>

#include <kunit/visibility.h>

#include "internal.h"

/* Its low three bits are the fastest state that the firmware allows now. */
#define MSR_AMD_PSTATE_LIMIT	0xc0010061

/**
 * struct parker_noted - what was found out on a CPU
 * @done:	it was
 * @nr:		how many MSRs are written
 * @msr:	their numbers
 * @to_kernel:	what they are while the CPU is a partition's
 * @back:	what they are when the boot kernel gets it back
 */
struct parker_noted {
	bool done;
	unsigned int nr;
	u32 msr[SLOT_MAX_MSRS];
	u64 to_kernel[SLOT_MAX_MSRS];
	u64 back[SLOT_MAX_MSRS];
};

static DEFINE_PER_CPU(struct parker_noted, parker_noted);

/* Counters, and what stores into memory without being asked */
static const u32 parker_off_intel[] = {
	MSR_CORE_PERF_GLOBAL_CTRL,
	MSR_CORE_PERF_FIXED_CTR_CTRL,
	MSR_IA32_PEBS_ENABLE,
	MSR_IA32_DEBUGCTLMSR,
	MSR_ARCH_LBR_CTL,
	MSR_IA32_RTIT_CTL,
};

static const u32 parker_off_amd[] = {
	MSR_AMD64_PERF_CNTR_GLOBAL_CTL,
	MSR_IA32_DEBUGCTLMSR,
	MSR_AMD_DBG_EXTN_CFG,
	MSR_AMD64_IBSFETCHCTL,
	MSR_AMD64_IBSOPCTL,
	MSR_VM_HSAVE_PA,
};

static void parker_note(struct parker_noted *noted, u32 msr, u64 to_kernel, u64 back)
{
	if (noted->nr == SLOT_MAX_MSRS)
		return;
	noted->msr[noted->nr] = msr;
	noted->to_kernel[noted->nr] = to_kernel;
	noted->back[noted->nr++] = back;
}

static void parker_note_off(struct parker_noted *noted, u32 msr)
{
	u64 value;

	if (!rdmsrl_safe(msr, &value))
		parker_note(noted, msr, 0, 0);
}

static void parker_note_events(struct parker_noted *noted, u32 first, unsigned int step,
			       unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		parker_note_off(noted, first + i * step);
}

/**
 * parker_widest_hwp() - Ask for all frequencies that a CPU of Intel has
 * @caps:	HWP_CAPABILITIES
 * @request:	HWP_REQUEST as it is
 *
 * Return: the request from the lowest to the highest, the energy preference as it is.
 */
VISIBLE_IF_KUNIT u64 parker_widest_hwp(u64 caps, u64 request)
{
	u64 lowest = HWP_LOWEST_PERF(caps), highest = HWP_HIGHEST_PERF(caps);

	return (request & ~0xffffffULL) | HWP_MIN_PERF(lowest) | HWP_MAX_PERF(highest);
}
EXPORT_SYMBOL_IF_KUNIT(parker_widest_hwp);

/**
 * parker_widest_cppc() - Ask for all frequencies that a CPU of AMD has
 * @caps:	CPPC_CAP1
 * @request:	CPPC_REQ as it is
 *
 * Return: the request from the lowest to the highest, the energy preference as it is.
 */
VISIBLE_IF_KUNIT u64 parker_widest_cppc(u64 caps, u64 request)
{
	return (request & ~0xffffffULL) | AMD_CPPC_MIN_PERF(AMD_CPPC_LOWEST_PERF(caps)) |
	       AMD_CPPC_MAX_PERF(AMD_CPPC_HIGHEST_PERF(caps));
}
EXPORT_SYMBOL_IF_KUNIT(parker_widest_cppc);

static void parker_note_intel_frequency(struct parker_noted *noted)
{
	u64 on, caps, request, limit;

	if (!rdmsrl_safe(MSR_PM_ENABLE, &on) && on & 1 &&
	    !rdmsrl_safe(MSR_HWP_CAPABILITIES, &caps) &&
	    !rdmsrl_safe(MSR_HWP_REQUEST, &request)) {
		parker_note(noted, MSR_HWP_REQUEST, parker_widest_hwp(caps, request), request);
	} else if (!rdmsrl_safe(MSR_IA32_PERF_CTL, &request) &&
		   !rdmsrl_safe(MSR_TURBO_RATIO_LIMIT, &limit) && limit & 0xff) {
		/* The ratio that one core alone may have */
		parker_note(noted, MSR_IA32_PERF_CTL, (limit & 0xff) << 8, request);
	}
}

static void parker_note_amd_frequency(struct parker_noted *noted)
{
	u64 on, caps, request;

	if (!rdmsrl_safe(MSR_AMD_CPPC_ENABLE, &on) && on & 1 &&
	    !rdmsrl_safe(MSR_AMD_CPPC_CAP1, &caps) &&
	    !rdmsrl_safe(MSR_AMD_CPPC_REQ, &request))
		parker_note(noted, MSR_AMD_CPPC_REQ, parker_widest_cppc(caps, request), request);
	else if (!rdmsrl_safe(MSR_AMD_PERF_CTL, &request) &&
		 !rdmsrl_safe(MSR_AMD_PSTATE_LIMIT, &caps))
		parker_note(noted, MSR_AMD_PERF_CTL, caps & 0x7, request);
}

static void parker_note_intel(struct parker_noted *noted)
{
	unsigned int events = cpuid_eax(0) >= 0xa ? (cpuid_eax(0xa) >> 8) & 0xff : 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(parker_off_intel); i++)
		parker_note_off(noted, parker_off_intel[i]);
	parker_note_events(noted, MSR_ARCH_PERFMON_EVENTSEL0, 1, min(events, 10U));
	parker_note_intel_frequency(noted);
}

static void parker_note_amd(struct parker_noted *noted)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(parker_off_amd); i++)
		parker_note_off(noted, parker_off_amd[i]);
	if (boot_cpu_has(X86_FEATURE_PERFCTR_CORE))
		parker_note_events(noted, MSR_F15H_PERF_CTL, 2, 6);
	else
		parker_note_events(noted, MSR_K7_EVNTSEL0, 1, 4);
	parker_note_amd_frequency(noted);
}

static void parker_note_this_cpu(void *unused)
{
	struct parker_noted *noted = this_cpu_ptr(&parker_noted);

	noted->nr = 0;
	noted->done = true;
	/* Nothing that the last owner has trained leads what the next one predicts. */
	if (boot_cpu_has(X86_FEATURE_IBPB))
		parker_note(noted, MSR_IA32_PRED_CMD, PRED_CMD_IBPB, PRED_CMD_IBPB);
	if (boot_cpu_data.x86_vendor == X86_VENDOR_INTEL)
		parker_note_intel(noted);
	else
		parker_note_amd(noted);
}

int arch_parker_note_cpu(unsigned int cpu)
{
	return smp_call_function_single(cpu, parker_note_this_cpu, NULL, 1);
}

bool arch_parker_is_noted(unsigned int cpu)
{
	return per_cpu(parker_noted, cpu).done;
}

/**
 * parker_scrub_fill() - Say what a CPU writes to its MSRs the next time it signs in
 * @slot:	its slot
 * @cpu:	the CPU, parked or in wait-for-SIPI
 * @give_back:	it is the boot kernel's then
 */
void parker_scrub_fill(struct parker_slot *slot, unsigned int cpu, bool give_back)
{
	const struct parker_noted *noted = per_cpu_ptr(&parker_noted, cpu);
	unsigned int nr;

	for (nr = 0; nr < noted->nr; nr++) {
		u64 value = give_back ? noted->back[nr] : noted->to_kernel[nr];

		slot->msrs[nr] = (struct parker_msr){
			.nr = noted->msr[nr], .low = value, .high = value >> 32,
		};
	}
	slot->nr_msrs = nr;
	slot->faulted = 0;
	slot->keep = 0;
	if (IS_ENABLED(CONFIG_PARKER_DEBUG))
		parker_scrub_disturb(slot);
}
