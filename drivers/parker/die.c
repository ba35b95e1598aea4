// SPDX-License-Identifier: GPL-2.0
/*
 * A switch for tests: /sys/kernel/debug/parker/die, in an application kernel.
 *
 * Writing the name of a way to die makes the kernel do so.  LKDTM has the ways
 * of any kernel; here are contexts that it lacks, and what is about the boot
 * kernel that watches.  parker.die=early on the command line is a panic before
 * the kernel reports.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/parker_scribble.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <asm/apic.h>
#include <asm/desc.h>
#include <asm/nmi.h>
#include <asm/special_insns.h>
#include <asm/tlbflush.h>

#include "app.h"

static void softirq_work_fn(struct work_struct *work)
{
	panic("test in a softirq");
}

static DECLARE_WORK(softirq_work, softirq_work_fn);

static void die_softirq(void)
{
	queue_work(system_bh_wq, &softirq_work);
}

static enum hrtimer_restart hardirq_timer_fn(struct hrtimer *timer)
{
	panic("test in a hardirq");
}

static void die_hardirq(void)
{
	static struct hrtimer timer;

	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	timer.function = hardirq_timer_fn;
	hrtimer_start(&timer, 0, HRTIMER_MODE_REL_HARD);
}

static int nmi_handler_fn(unsigned int type, struct pt_regs *regs)
{
	nmi_panic(regs, "test in an NMI");
	return NMI_HANDLED;
}

static void die_nmi(void)
{
	if (register_nmi_handler(NMI_LOCAL, nmi_handler_fn, 0, "parker_die"))
		return;
	__apic_send_IPI(get_cpu(), NMI_VECTOR);
	put_cpu();
}

static void spin(void *unused)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static void die_spin(void)
{
	on_each_cpu(spin, NULL, 0);
}

static void die_heart(void)
{
	hrtimer_cancel(&parker_heartbeat_timer);
}

static void die_scribble(void)
{
	struct parker_console *console = parker_app_console();
	size_t ring_size = le32_to_cpu(parker_app_block()->console_size);
	struct rnd_state rnd;

	prandom_seed_state(&rnd, get_cycles());
	for (;;) {
		parker_scribble(&rnd, parker_app_told(), sizeof(struct parker_told));
		parker_scribble(&rnd, console, sizeof(*console));
		parker_scribble(&rnd, console + 1, ring_size);
		cond_resched();
	}
}

/* The next ones make the CPU fault where it cannot fault, which resets the machine. */
static void die_idt(void)
{
	static const struct desc_ptr nothing = {};

	load_idt(&nothing);
	asm volatile("int3");
}

static void die_tables(void)
{
	local_irq_disable();
	memset(__va(read_cr3_pa()), 0, PAGE_SIZE);
	__flush_tlb_all();
}

static const struct {
	const char *name;
	void (*die)(void);
} ways[] = {
	{ "softirq", die_softirq },
	{ "hardirq", die_hardirq },
	{ "nmi", die_nmi },
	{ "spin", die_spin },
	{ "heart", die_heart },
	{ "scribble", die_scribble },
	{ "idt", die_idt },
	{ "tables", die_tables },
};

static ssize_t die_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char word[16] = "";

	if (count >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, buf, count))
		return -EFAULT;

	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		if (sysfs_streq(word, ways[i].name)) {
			ways[i].die();
			return count;
		}
	}
	return -EINVAL;
}

static const struct file_operations die_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= die_write,
};

static int __init die_early(char *word)
{
	if (parker_app_running() && word && !strcmp(word, "early"))
		panic("test before the report");
	return 0;
}
early_param("parker.die", die_early);

/**
 * parker_debug_dir() - Find the directory of switches for tests
 *
 * Context: initcalls.
 * Return: the directory.
 */
struct dentry *parker_debug_dir(void)
{
	static struct dentry *dir;

	if (!dir)
		dir = debugfs_create_dir("parker", NULL);
	return dir;
}

static int __init parker_die_init(void)
{
	if (parker_app_running())
		debugfs_create_file("die", 0200, parker_debug_dir(), NULL, &die_fops);
	return 0;
}
late_initcall(parker_die_init);
