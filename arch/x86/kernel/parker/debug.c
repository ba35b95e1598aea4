// SPDX-License-Identifier: GPL-2.0
/*
 * Switches for tests, in /sys/kernel/debug/parker of the boot kernel.
 *
 * Reading ipi_shorthand tells whether this kernel sends IPIs to all CPUs by a
 * shorthand.  Writing "on" makes it do so although CPUs are claimed, which
 * disturbs the kernels that run there: the negative control of the test that
 * looks for such interrupts.  Writing "auto" lets the kernel decide again.
 *
 * Writing "VERSION OLDEST REQUIRED OPTIONAL" to contract makes the boot kernel one
 * that writes another version of the contract, or features that nobody knows yet.
 *
 * Writing "SPLIT_LOCK_DETECT PAT [LOCKDOWN]" to policy, "-" for none, makes it one that
 * has another policy, and that hands over PARKER_LOCKDOWN_* without being locked down.
 * Reading tells the first two.
 *
 * Writing "off" to scrub lets CPUs keep what their last owner left in their registers,
 * and "MSR VALUE" makes them write that, too, where they change their owner; "on" ends both.
 *
 * CPUs whose numbers are written to unheard count as such that never prove that
 * they have stopped.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/parker.h>
#include <linux/sched/smt.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../apic/local.h"
#include "internal.h"

struct cpumask parker_unheard;

static ssize_t shorthand_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	const char *word = static_key_enabled(&apic_use_ipi_shorthand) ? "on\n" : "off\n";

	return simple_read_from_buffer(buf, count, pos, word, strlen(word));
}

static ssize_t shorthand_write(struct file *file, const char __user *buf, size_t count,
			       loff_t *pos)
{
	char word[8] = "";

	if (count >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, buf, count))
		return -EFAULT;
	if (sysfs_streq(word, "on")) {
		static_branch_enable(&apic_use_ipi_shorthand);
	} else if (sysfs_streq(word, "auto")) {
		/* Takes the hotplug lock itself. */
		cpu_maps_update_begin();
		arch_smt_update();
		cpu_maps_update_done();
	} else {
		return -EINVAL;
	}
	return count;
}

static const struct file_operations shorthand_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.read	= shorthand_read,
	.write	= shorthand_write,
	.llseek	= default_llseek,
};

static ssize_t unheard_write(struct file *file, const char __user *buf, size_t count,
			     loff_t *pos)
{
	int ret = cpumask_parselist_user(buf, count, &parker_unheard);

	return ret ?: count;
}

static const struct file_operations unheard_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= unheard_write,
};

static bool scrub_is_off;
static struct parker_msr scrub_extra;

void parker_scrub_disturb(struct parker_slot *slot)
{
	slot->keep = scrub_is_off;
	if (scrub_is_off)
		slot->nr_msrs = 0;
	if (scrub_extra.nr && slot->nr_msrs < SLOT_MAX_MSRS)
		slot->msrs[slot->nr_msrs++] = scrub_extra;
}

static ssize_t scrub_write(struct file *file, const char __user *buf, size_t count,
			   loff_t *pos)
{
	struct parker_msr extra = {};
	char text[64] = "";
	bool off = false;
	u64 value = 0;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	if (sysfs_streq(text, "off"))
		off = true;
	else if (!sysfs_streq(text, "on") && sscanf(text, "%x %llx", &extra.nr, &value) != 2)
		return -EINVAL;
	extra.low = value;
	extra.high = value >> 32;
	scrub_extra = extra;
	scrub_is_off = off;
	return count;
}

static const struct file_operations scrub_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= scrub_write,
};

static ssize_t contract_write(struct file *file, const char __user *buf, size_t count,
			      loff_t *pos)
{
	struct parker_contract wanted;
	char text[64] = "";

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	if (sscanf(text, "%hu %hu %llx %llx", &wanted.version, &wanted.oldest,
		   &wanted.required, &wanted.optional) != 4)
		return -EINVAL;
	parker_contract = wanted;
	return count;
}

static const struct file_operations contract_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= contract_write,
};

static ssize_t policy_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	const char *arg = parker_policy.split_lock;
	char text[64];
	int len;

	len = scnprintf(text, sizeof(text), "%s %#llx\n", arg[0] ? arg : "-", parker_policy.pat);
	return simple_read_from_buffer(buf, count, pos, text, len);
}

static ssize_t policy_write(struct file *file, const char __user *buf, size_t count,
			    loff_t *pos)
{
	struct parker_policy wanted = {};
	char text[64] = "";

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	if (sscanf(text, "%15s %llx %u", wanted.split_lock, &wanted.pat, &wanted.lockdown) < 2)
		return -EINVAL;
	if (!strcmp(wanted.split_lock, "-"))
		wanted.split_lock[0] = '\0';
	parker_policy = wanted;
	return count;
}

static const struct file_operations policy_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.read	= policy_read,
	.write	= policy_write,
	.llseek	= default_llseek,
};

static int __init parker_debug_init(void)
{
	struct dentry *dir;

	if (parker_app_running())
		return 0;
	dir = debugfs_create_dir("parker", NULL);
	debugfs_create_file("contract", 0200, dir, NULL, &contract_fops);
	debugfs_create_file("ipi_shorthand", 0600, dir, NULL, &shorthand_fops);
	debugfs_create_file("policy", 0600, dir, NULL, &policy_fops);
	debugfs_create_file("scrub", 0200, dir, NULL, &scrub_fops);
	debugfs_create_file("unheard", 0200, dir, NULL, &unheard_fops);
	return 0;
}
late_initcall(parker_debug_init);
