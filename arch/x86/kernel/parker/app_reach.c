// SPDX-License-Identifier: GPL-2.0
/*
 * What drivers of an application kernel cannot reach.
 *
 * Whoever nobody thought of fails here, with a line in the log, instead of changing
 * something of the boot kernel's.  That is for mistakes: in a bare partition nothing
 * stops code that does not ask.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/cpufreq.h>
#include <linux/cpuidle.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/notifier.h>
#include <linux/parker.h>
#include <linux/printk.h>
#include <linux/suspend.h>
#include <linux/types.h>

#include <asm/sections.h>

static bool is_inside(u64 start, u64 last, u64 whole, u64 len)
{
	return start >= whole && last - whole < len;
}

static bool is_ram(const struct parker_given *given, u64 start, u64 last)
{
	const struct parker_ram *ram = (void *)given + le32_to_cpu(given->rams_offset);

	for (unsigned int i = 0; i < le32_to_cpu(given->nr_rams); i++)
		if (is_inside(start, last, le64_to_cpu(ram[i].start), le64_to_cpu(ram[i].len)))
			return true;
	return is_inside(start, last, le32_to_cpu(given->low_start), le32_to_cpu(given->low_len));
}

static bool is_function(const struct parker_function *f, u64 start, u64 last)
{
	for (unsigned int i = 0; i < PARKER_MAX_BARS; i++)
		if (is_inside(start, last, le64_to_cpu(f->bars[i].start),
			      le64_to_cpu(f->bars[i].len)))
			return true;
	return is_inside(start, last, le64_to_cpu(f->config), PAGE_SIZE);
}

static bool is_device(const struct parker_given *given, u64 start, u64 last)
{
	const struct parker_function *f = (void *)given + le16_to_cpu(given->functions_offset);

	for (unsigned int i = 0; i < le16_to_cpu(given->nr_functions); i++)
		if (is_function(&f[i], start, last))
			return true;
	return false;
}

/**
 * parker_app_may_map() - May this kernel map these physical addresses?
 * @start:	the first one
 * @last:	the last one
 * @caller:	who wants to
 *
 * Return: true if they are memory or devices of the partition, or if there is none.
 */
bool parker_app_may_map(phys_addr_t start, phys_addr_t last, const void *caller)
{
	const struct parker_given *given;

	if (!parker_app_running())
		return true;
	given = parker_app_block();
	if (is_ram(given, start, last) || is_device(given, start, last))
		return true;
	pr_warn_ratelimited("%pS wants to map %pa-%pa, which is not the partition's\n",
			    caller, &start, &last);
	return false;
}

static bool hide_model __ro_after_init;

/**
 * parker_app_hides_model() - Is the model of the CPU hidden from this caller?
 * @caller: who asks x86_match_cpu()
 *
 * Drivers that know the CPU by its model would set limits and frequencies of the
 * package, by registers that no feature bit tells of.  They ask from a module or from
 * an initcall.  Others want to know of errata and of the topology, also of a CPU that
 * comes online late.
 *
 * Return: true if no model is to match.
 */
bool parker_app_hides_model(const void *caller)
{
	return hide_model && !__is_kernel_text((unsigned long)caller);
}

/* The CPU itself has been looked at. */
static int __init parker_app_hide_model(void)
{
	hide_model = parker_app_running();
	return 0;
}
core_initcall(parker_app_hide_model);

/* For drivers: programs are offered no state to sleep in. */
static int parker_app_stay_awake(struct notifier_block *nb, unsigned long event, void *data)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		pr_notice("no suspend, as the machine is the boot kernel's\n");
		return notifier_from_errno(-EPERM);
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block parker_app_pm_nb = {
	.notifier_call	= parker_app_stay_awake,
	.priority	= INT_MAX,
};

/*
 * Frequencies and idle states are chosen in registers of the package, by drivers that
 * know the CPU by its model and so have no feature that could be cleared.  Idle CPUs
 * halt.  Nor does the machine sleep, which would not wake this kernel.  Not earlier: the
 * command line has its word before.
 */
static int __init parker_app_leave_power(void)
{
	if (!parker_app_running())
		return 0;
	disable_cpufreq();
	disable_cpuidle();
	return register_pm_notifier(&parker_app_pm_nb);
}
early_initcall(parker_app_leave_power);
