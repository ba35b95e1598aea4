// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: what an application kernel reports to the boot kernel.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/console.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/kdebug.h>
#include <linux/notifier.h>
#include <linux/panic.h>
#include <linux/panic_notifier.h>
#include <linux/ptrace.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/workqueue.h>

#include "app.h"

#define PARKER_BEATS_PER_SEC	10

/**
 * parker_app_stamp() - Tell the boot kernel when something was done first
 * @stamp: PARKER_STAMP_*
 *
 * Context: any, if parker_app_running(); also before start_kernel().
 */
void parker_app_stamp(unsigned int stamp)
{
	size_t room = parker_abi_told_size(le16_to_cpu(parker_app_block()->version));
	struct parker_told *told = parker_app_told();

	if (room > offsetof(struct parker_told, stamps) && !told->stamps[stamp])
		WRITE_ONCE(told->stamps[stamp], cpu_to_le64(get_cycles()));
}

/* The last oops, and whose it was. */
static struct pt_regs parker_oops_regs;
static struct task_struct *parker_oops_task;

static int parker_note_oops(struct notifier_block *nb, unsigned long event, void *data)
{
	struct die_args *args = data;

	if (event == DIE_OOPS && args->regs) {
		parker_oops_regs = *args->regs;
		parker_oops_task = current;
	}
	return NOTIFY_DONE;
}

static struct notifier_block parker_die_nb = {
	.notifier_call = parker_note_oops,
};

/*
 * Where the caller is.  All at one point, as what a debugger knows of the stack
 * holds for one address: the compiler may put the label of _THIS_IP_ elsewhere.
 */
static __always_inline struct pt_regs parker_here(void)
{
	struct pt_regs regs = {};

	asm volatile("lea (%%rip), %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2"
		     : "=&r" (regs.ip), "=&r" (regs.sp), "=&r" (regs.bp));
	return regs;
}

/* An oops that somebody else survived has nothing to do with a panic. */
static struct pt_regs *parker_panic_regs(void)
{
	return parker_oops_task == current ? &parker_oops_regs : NULL;
}

/*
 * panic() calls this after it has flushed the consoles for the last time, when
 * it begins to wait.  The wait is the boot kernel's, so end now.
 */
static long parker_panic_end(int state)
{
	struct pt_regs here = parker_here();

	console_flush_on_panic(CONSOLE_FLUSH_PENDING);
	/* Nobody overwrites the stack from here on. */
	if (!parker_panic_regs())
		parker_core_note(&here);
	emergency_restart();
	return 0;
}

/* Empty when it was unpacked whole. */
static char parker_initrd_err[64];

/**
 * parker_app_note_initrd() - Note that the initrd could not be unpacked
 * @err: why
 *
 * What the kernel says when it panics for that reason does not tell it.
 *
 * Context: initcalls.
 */
void parker_app_note_initrd(const char *err)
{
	strscpy(parker_initrd_err, err, sizeof(parker_initrd_err));
}

static int parker_report_panic(struct notifier_block *nb, unsigned long event, void *message)
{
	struct parker_told *told = parker_app_told();
	struct pt_regs *regs = parker_panic_regs();
	struct pt_regs here = parker_here();

	/* A panic in what panic() does is not why the kernel died. */
	if (told->panicked)
		return NOTIFY_DONE;

	if (regs)
		told->ip = cpu_to_le64(instruction_pointer(regs));
	told->panic_timeout = cpu_to_le32(panic_timeout);
	scnprintf(told->message, sizeof(told->message), "%s%s%s", (const char *)message,
		  parker_initrd_err[0] ? "; the initrd could not be unpacked: " : "",
		  parker_initrd_err);
	/* Pairs with smp_load_acquire() in parker_copy_report(). */
	smp_store_release(&told->panicked, cpu_to_le32(1));

	/* Comes last, as it reads page tables, which may be what is broken. */
	parker_core_note(regs ?: &here);

	panic_blink = parker_panic_end;
	return NOTIFY_DONE;
}

/* First of all: any other notifier may hang. */
static struct notifier_block parker_panic_nb = {
	.notifier_call	= parker_report_panic,
	.priority	= INT_MAX,
};

/**
 * parker_report_early() - Be ready to report a panic
 *
 * Context: the boot CPU, as soon as parker_app_block() is mapped.
 */
void __init parker_report_early(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &parker_panic_nb);
	register_die_notifier(&parker_die_nb);
}

/*
 * This one decides whether the kernel hangs, so it needs nothing but a CPU
 * that takes interrupts.  It moves to another CPU when its own goes offline.
 */
static enum hrtimer_restart parker_heartbeat(struct hrtimer *timer)
{
	struct parker_told *told = parker_app_told();

	WRITE_ONCE(told->nr_cpus, cpu_to_le32(num_online_cpus()));
	WRITE_ONCE(told->heartbeat, cpu_to_le64(le64_to_cpu(told->heartbeat) + 1));
	hrtimer_forward_now(timer, ms_to_ktime(MSEC_PER_SEC / PARKER_BEATS_PER_SEC));
	return HRTIMER_RESTART;
}

struct hrtimer parker_heartbeat_timer;

/* Pairs with WRITE_ONCE() in parker_stop() of the boot kernel. */
static bool parker_stop_is_requested(void)
{
	return READ_ONCE(parker_app_request()->request) == cpu_to_le32(PARKER_REQUEST_STOP);
}

static void parker_work(struct work_struct *work)
{
	struct parker_told *told = parker_app_told();
	static bool stopping;

	WRITE_ONCE(told->workbeat, cpu_to_le64(le64_to_cpu(told->workbeat) + 1));

	if (!stopping && parker_stop_is_requested()) {
		stopping = true;
		pr_info("the boot kernel asks to power off\n");
		orderly_poweroff(true);
	}
	schedule_delayed_work(to_delayed_work(work), HZ / PARKER_BEATS_PER_SEC);
}

static DECLARE_DELAYED_WORK(parker_delayed_work, parker_work);

/* After all other initcalls, so that init runs next. */
static int __init parker_report_up(void)
{
	struct parker_told *told;

	if (!parker_app_running())
		return 0;

	hrtimer_init(&parker_heartbeat_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	parker_heartbeat_timer.function = parker_heartbeat;
	hrtimer_start(&parker_heartbeat_timer, 0, HRTIMER_MODE_REL_HARD);
	schedule_delayed_work(&parker_delayed_work, 0);

	parker_core_init();
	told = parker_app_told();
	parker_app_stamp(PARKER_STAMP_UP);
	told->version = cpu_to_le32(PARKER_ABI_VERSION);
	WRITE_ONCE(told->nr_cpus, cpu_to_le32(num_online_cpus()));
	/* Pairs with smp_load_acquire() in parker_copy_report(). */
	smp_store_release(&told->state, cpu_to_le32(PARKER_TOLD_UP));
	return 0;
}
late_initcall_sync(parker_report_up);
