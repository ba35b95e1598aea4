// SPDX-License-Identifier: GPL-2.0
/*
 * Switches for tests in /sys/kernel/debug/parker of an application kernel.
 *
 * Writing "ioremap ADDRESS" or "memremap ADDRESS" to map maps the page there, as a
 * driver would, and unmaps it without having touched it.  It fails with EPERM where the
 * kernel does not map it.
 *
 * Writing to suspend puts the machine to sleep, as a driver would.
 */
#include <linux/debugfs.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/uaccess.h>

#include "app.h"

static bool map_io(phys_addr_t at)
{
	void __iomem *mapped = ioremap(at, PAGE_SIZE);

	if (mapped)
		iounmap(mapped);
	return mapped;
}

static bool map_memory(phys_addr_t at)
{
	void *mapped = memremap(at, PAGE_SIZE, MEMREMAP_WB);

	if (mapped)
		memunmap(mapped);
	return mapped;
}

static ssize_t map_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char text[64] = "", how[16];
	u64 at;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	if (sscanf(text, "%15s %lli", how, &at) != 2)
		return -EINVAL;

	if (!strcmp(how, "ioremap"))
		return map_io(at) ? count : -EPERM;
	if (!strcmp(how, "memremap"))
		return map_memory(at) ? count : -EPERM;
	return -EINVAL;
}

static const struct file_operations map_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= map_write,
};

static ssize_t suspend_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	int ret = pm_suspend(PM_SUSPEND_TO_IDLE);

	return ret ?: count;
}

static const struct file_operations suspend_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= suspend_write,
};

static int __init parker_reach_init(void)
{
	if (!parker_app_running())
		return 0;
	debugfs_create_file("map", 0200, parker_debug_dir(), NULL, &map_fops);
	debugfs_create_file("suspend", 0200, parker_debug_dir(), NULL, &suspend_fops);
	return 0;
}
late_initcall(parker_reach_init);
