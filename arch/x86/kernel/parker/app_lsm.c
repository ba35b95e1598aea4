// SPDX-License-Identifier: GPL-2.0
/*
 * What programs of an application kernel may not do: reach the machine past the
 * drivers, and what the boot kernel's lockdown forbids.
 *
 * This is a security module, as such modules are asked wherever a program is about to
 * go past the drivers.  It is an early one, so that lsm= and CONFIG_LSM need not name it.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/init.h>
#include <linux/lsm_hooks.h>
#include <linux/parker.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/security.h>

/* One value for all kernel versions; the next free one differs between them. */
#define PARKER_LSM_ID	0x504b

/* What leads beyond the partition. */
static const char * const kept_from_programs[LOCKDOWN_CONFIDENTIALITY_MAX] = {
	[LOCKDOWN_DEV_MEM]	= "physical memory",
	[LOCKDOWN_HIBERNATION]	= "hibernation",
	[LOCKDOWN_IOPORT]	= "I/O ports",
	[LOCKDOWN_MSR]		= "writing MSRs",
	[LOCKDOWN_TIOCSSERIAL]	= "setting ports of a UART",
};

/* How far the boot kernel is locked down. */
static enum lockdown_reason lockdown_level __ro_after_init;

/**
 * parker_app_locked_down() - Is this way closed to programs?
 * @what: the way
 *
 * Return: 0, or -EPERM.
 */
static int parker_app_locked_down(enum lockdown_reason what)
{
	if (what < ARRAY_SIZE(kept_from_programs) && kept_from_programs[what]) {
		/* Asked about at each boot, and by each reader of /sys/power/state. */
		if (what != LOCKDOWN_HIBERNATION)
			pr_notice_ratelimited("%s is not for %s, as the machine is the boot kernel's\n",
					      kept_from_programs[what], current->comm);
		return -EPERM;
	}
	if (what > lockdown_level)
		return 0;
	pr_notice_ratelimited("%s is not for %s, as the boot kernel is locked down\n",
			      lockdown_reasons[what], current->comm);
	return -EPERM;
}

static struct security_hook_list parker_app_hooks[] __ro_after_init = {
	LSM_HOOK_INIT(locked_down, parker_app_locked_down),
};

static const struct lsm_id parker_app_lsm_id = {
	.name	= "parker",
	.id	= PARKER_LSM_ID,
};

/* The lockdown module, where it is built in, shows the level to programs. */
static void __init take_lockdown_over(void)
{
	static char integrity[] __initdata = "lockdown=integrity";
	static char confidentiality[] __initdata = "lockdown=confidentiality";

	switch (parker_abi_lockdown(parker_app_block())) {
	case PARKER_LOCKDOWN_INTEGRITY:
		lockdown_level = LOCKDOWN_INTEGRITY_MAX;
		parse_early_options(integrity);
		break;
	case PARKER_LOCKDOWN_CONFIDENTIALITY:
		lockdown_level = LOCKDOWN_CONFIDENTIALITY_MAX;
		parse_early_options(confidentiality);
		break;
	}
}

/* Nothing asks before: ACPI, whose tables early parameters could replace, is off. */
static int __init parker_app_lsm_init(void)
{
	if (!parker_app_running())
		return 0;
	take_lockdown_over();
	security_add_hooks(parker_app_hooks, ARRAY_SIZE(parker_app_hooks), &parker_app_lsm_id);
	return 0;
}

DEFINE_EARLY_LSM(parker) = {
	.name	= "parker",
	.init	= parker_app_lsm_init,
};
