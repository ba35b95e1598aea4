// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernels of a machine have to agree on, as it is felt by all of them.
 *
 * An application kernel takes it over from the hand-over block.  What the user asks
 * for, and a kernel that is too old to know, could differ: such a start is refused.
 */
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/parker.h>
#include <linux/string.h>

#include <asm/cmdline.h>
#include <asm/cpu.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>

#include "internal.h"

/* What a kernel does that is told nothing. */
#define SPLIT_LOCK_DEFAULT	"warn"

/* Of this kernel; tests let it pretend to have another one. */
struct parker_policy parker_policy;

static int __init parker_policy_init(void)
{
	sld_option(parker_policy.split_lock, sizeof(parker_policy.split_lock));
	if (boot_cpu_has(X86_FEATURE_PAT))
		rdmsrl(MSR_IA32_CR_PAT, parker_policy.pat);
	return 0;
}
subsys_initcall(parker_policy_init);

/**
 * parker_policy_check() - Would a kernel agree with this one?
 * @ours:	policy of this kernel
 * @cmdline:	command line of the other one, or NULL
 * @version:	newest version of the contract that it understands
 * @err:	gets the sentence
 *
 * The layout of memory types need not be looked at: no option names one, and a kernel
 * that does not take it over maps nothing that another one maps.
 *
 * Return: 0, or -EINVAL.
 */
int parker_policy_check(const struct parker_policy *ours, const char *cmdline,
			unsigned int version, struct parker_error *err)
{
	char asked[PARKER_SPLIT_LOCK_LEN + 4] = "";
	bool asks = cmdline && cmdline_find_option(cmdline, "split_lock_detect", asked,
						   sizeof(asked)) >= 0;

	/* What CPUs cannot detect, no kernel of this machine does anything about. */
	if (!ours->split_lock[0])
		return 0;
	if (asks && strcmp(asked, ours->split_lock))
		return parker_fail(err, -EINVAL,
				   "The command line says split_lock_detect=%s, this kernel has %s, and all kernels feel a locked bus: leave it out, or say the same",
				   asked, ours->split_lock);
	if (!asks && version < 3 && strcmp(SPLIT_LOCK_DEFAULT, ours->split_lock))
		return parker_fail(err, -EINVAL,
				   "The kernel is too old to be told of split_lock_detect=%s, which this one has: say so on its command line",
				   ours->split_lock);
	return 0;
}

/**
 * parker_policy_fill() - Hand the policy of this kernel over
 * @given:	gets it
 * @lockdown:	PARKER_LOCKDOWN_*, how far this kernel is locked down now
 */
void parker_policy_fill(struct parker_given *given, u32 lockdown)
{
	lockdown = max(lockdown, parker_policy.lockdown);
	if (lockdown != PARKER_LOCKDOWN_NONE) {
		given->required |= cpu_to_le64(PARKER_REQUIRED_LOCKDOWN);
		given->lockdown = cpu_to_le32(lockdown);
	}
	given->pat = cpu_to_le64(parker_policy.pat);
	strscpy((char *)given->split_lock, parker_policy.split_lock,
		sizeof(given->split_lock));
}
