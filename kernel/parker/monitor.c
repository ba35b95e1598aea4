// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: watching a running kernel, and starting it again.
 *
 * One timer for all partitions, not on an isolated CPU, copies what the kernels
 * report and judges the copies: a look is short, and waking an idle CPU for it is
 * not, so that all are looked at when it is woken.  What takes long is left to a
 * work of the partition's own.  No lock and no interrupt is shared with a kernel.
 */
#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/sched/isolation.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <kunit/visibility.h>

#include "internal.h"

/* How often to look: at a kernel in its stride, and at one that changes soon. */
#define PARKER_PERIOD		(HZ / 10)
#define PARKER_SHORT_PERIOD	(HZ / 50)

/* Without ordinary work for so long, the kernel is shown as stalled. */
#define PARKER_STALL_SECONDS	10

/* Partitions that are watched; the lock is held while they are looked at. */
static DEFINE_SPINLOCK(watched_lock);
static LIST_HEAD(watched);
static struct parker_clock watched_clock;

/**
 * parker_console_end() - How much was printed?
 * @p: the partition, with a block whose memory cannot go away
 *
 * Context: any.
 * Return: the position behind the last byte, as the application kernel says, but
 * one that a file can have.
 */
u64 parker_console_end(const struct parker_partition *p)
{
	return min_t(u64, le64_to_cpu(READ_ONCE(p->layout.console->head)), S64_MAX);
}

/**
 * parker_copy_report() - Take a copy of what a kernel reports
 * @layout:	where it does; nothing there is trusted
 * @r:		gets the copy
 *
 * Context: any.
 */
VISIBLE_IF_KUNIT void parker_copy_report(const struct parker_layout *layout,
					 struct parker_report *r)
{
	const struct parker_told *told = layout->told;

	/* Pairs with smp_store_release() in parker_report_panic(). */
	r->panicked = le32_to_cpu(smp_load_acquire(&told->panicked));
	/* Pairs with smp_store_release() in parker_report_up() and where it ends. */
	r->state = le32_to_cpu(smp_load_acquire(&told->state));

	r->version = le32_to_cpu(READ_ONCE(told->version));
	r->end = le32_to_cpu(READ_ONCE(told->end));
	r->panic_timeout = le32_to_cpu(READ_ONCE(told->panic_timeout));
	r->heartbeat = le64_to_cpu(READ_ONCE(told->heartbeat));
	r->workbeat = le64_to_cpu(READ_ONCE(told->workbeat));
	r->console_head = le64_to_cpu(READ_ONCE(layout->console->head));
	for (unsigned int i = 0; i < PARKER_NR_STAMPS; i++)
		r->stamps[i] = le64_to_cpu(READ_ONCE(told->stamps[i]));
	r->message[0] = '\0';
	if (!r->panicked && r->state != PARKER_TOLD_ENDED)
		return;
	memcpy(r->message, told->message, sizeof(r->message));
	r->message[sizeof(r->message) - 1] = '\0';
}

/* Returns false when there is nothing to look at: it is not live, or being ended. */
static bool take_view(struct parker_partition *p, struct parker_view *view,
		      struct parker_report *report, unsigned int *run)
{
	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		if (!parker_state_is_live(p->state) || p->ending)
			return false;
		*view = (struct parker_view){
			.state		= p->state,
			.now		= watched_clock.time,
			.watchdog	= READ_ONCE(p->watchdog),
			.boot_timeout	= READ_ONCE(p->boot_timeout),
			.stop_timeout	= READ_ONCE(p->stop_timeout),
		};
		*run = p->run;
		parker_copy_report(&p->layout, report);
	}
	return true;
}

static void watch_anew(struct parker_watch *watch, unsigned int run, unsigned long now)
{
	watch->run = run;
	watch->state = PARKER_EMPTY;
	watch->told_state = PARKER_TOLD_NOTHING;
	watch->panicked = false;
	watch->heartbeat = 0;
	watch->heart_at = now;
	watch->workbeat = 0;
	watch->work_at = now;
	watch->console_head = 0;
	watch->console_at = now;
	memset(watch->stamps, 0, sizeof(watch->stamps));
}

static void note_stat(struct parker_partition *p, unsigned long now)
{
	const struct parker_watch *watch = &p->watch;
	unsigned long stalled_at = watch->work_at + PARKER_STALL_SECONDS * HZ;
	bool printed;

	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		/* Who ended it, or built another one, has noted more since. */
		if (p->run != watch->run || !parker_state_is_live(p->state) || p->ending)
			return;
		printed = p->stat.console_bytes != watch->console_head;
		WRITE_ONCE(p->stat.console_bytes, watch->console_head);
		WRITE_ONCE(p->stat.heartbeats, watch->heartbeat);
		WRITE_ONCE(p->stat.work_stalled, time_after(now, stalled_at));
	}

	if (printed)
		parker_notify_console(p);
}

static void come_up(struct parker_partition *p, unsigned int run,
		    const struct parker_verdict *verdict)
{
	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		if (p->run != run || p->state != PARKER_BOOTING || p->ending)
			return;
		parker_set_state(p, PARKER_RUNNING, "%s", verdict->reason);
		p->stat.boot_usec = ktime_us_delta(ktime_get(), p->started);
	}

	parker_notify_state(p);
}

/* Consoles are slow, and stopping CPUs takes long and may wait. */
static void parker_monitor_act(struct work_struct *work)
{
	struct parker_partition *p = container_of(work, struct parker_partition, watch.work);
	struct parker_verdict verdict;
	unsigned int run;
	bool violated;

	scoped_guard(spinlock_bh, &watched_lock) {
		violated = p->watch.violated;
		p->watch.violated = false;
		verdict = p->watch.verdict;
		run = p->watch.end_run;
	}
	if (violated)
		parker_guard_tell(p);
	/* Does nothing when that kernel has ended, or none is to end. */
	parker_end(p, run, &verdict);
}

/*
 * Returns after how many jiffies to look again, 0: not any more.  Who ends a
 * kernel sees to all that follows.
 */
static unsigned long look_at(struct parker_partition *p)
{
	struct parker_watch *watch = &p->watch;
	struct parker_verdict verdict;
	struct parker_report report;
	struct parker_view view;
	unsigned int run;

	if (!take_view(p, &view, &report, &run))
		return 0;
	if (watch->run != run)
		watch_anew(watch, run, view.now);

	parker_trace_stamps(p->name, report.stamps, watch->stamps);
	parker_judge(&view, &report, watch, &verdict);
	if (parker_guard_judge(p, &verdict)) {
		watch->violated = true;
		queue_work(system_unbound_wq, &watch->work);
	}
	note_stat(p, view.now);

	if (verdict.state == PARKER_RUNNING && view.state == PARKER_BOOTING) {
		come_up(p, run, &verdict);
	} else if (verdict.state != view.state) {
		watch->verdict = verdict;
		watch->end_run = run;
		queue_work(system_unbound_wq, &watch->work);
		return 0;
	}
	return verdict.state == PARKER_RUNNING ? PARKER_PERIOD : PARKER_SHORT_PERIOD;
}

/* The CPU that this runs on is chosen if it is not isolated, as it need not be woken. */
static unsigned int parker_choose_cpu(void)
{
	unsigned int cpu, this_cpu = smp_processor_id();

	if (!cpu_is_isolated(this_cpu))
		return this_cpu;
	for_each_online_cpu(cpu)
		if (!cpu_is_isolated(cpu))
			return cpu;
	return this_cpu;
}

/* A CPU is chosen each time, as the last one may have been isolated since. */
static void look_within(struct timer_list *timer, unsigned long delay)
{
	lockdep_assert_held(&watched_lock);

	if (timer_pending(timer)) {
		timer_reduce(timer, jiffies + delay);
	} else {
		timer->expires = jiffies + delay;
		add_timer_on(timer, parker_choose_cpu());
	}
}

static void parker_monitor_look(struct timer_list *timer)
{
	unsigned long period, shortest = PARKER_PERIOD;
	struct parker_partition *p, *next;

	spin_lock(&watched_lock);
	parker_advance_clock(&watched_clock, jiffies);
	list_for_each_entry_safe(p, next, &watched, watch.node) {
		period = look_at(p);
		if (period)
			shortest = min(shortest, period);
		else
			list_del_init(&p->watch.node);
	}
	if (!list_empty(&watched))
		look_within(timer, shortest);
	spin_unlock(&watched_lock);
}

static DEFINE_TIMER(watch_timer, parker_monitor_look);

/**
 * parker_monitor_init() - Get a new partition ready to be watched
 * @p: the partition
 */
void parker_monitor_init(struct parker_partition *p)
{
	INIT_LIST_HEAD(&p->watch.node);
	INIT_WORK(&p->watch.work, parker_monitor_act);
}

/**
 * parker_monitor_begin() - Watch a kernel that was started
 * @p: the partition, in PARKER_BOOTING
 *
 * Watching ends by itself with the kernel.
 *
 * Context: process.
 */
void parker_monitor_begin(struct parker_partition *p)
{
	scoped_guard(spinlock_bh, &watched_lock) {
		if (list_empty(&p->watch.node))
			list_add_tail(&p->watch.node, &watched);
		look_within(&watch_timer, PARKER_SHORT_PERIOD);
	}
}

/**
 * parker_monitor_cancel() - Make sure that nobody watches any more
 * @p: the partition, with no kernel running and dead; op_mutex is not held
 *
 * Context: may sleep.
 */
void parker_monitor_cancel(struct parker_partition *p)
{
	scoped_guard(spinlock_bh, &watched_lock)
		list_del_init(&p->watch.node);
	cancel_work_sync(&p->watch.work);
}

static void note_failed_restart(struct parker_partition *p, const struct parker_error *err)
{
	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		if (parker_state_follows(p->state, p->state) && p->state != PARKER_LOADED)
			parker_set_state(p, p->state, "restart failed: %s", err->text);
	}

	parker_notify_state(p);
}

static void parker_restart(struct work_struct *work)
{
	struct parker_partition *p = container_of(to_delayed_work(work),
						  struct parker_partition, restart_work);
	struct parker_error err = {};
	int ret;

	guard(mutex)(&p->op_mutex);

	if (p->dead)
		return;
	ret = parker_start_locked(p, true, &err);
	/* Who gave it up has said so. */
	if (!ret || ret == -ECANCELED || READ_ONCE(p->start_cancelled))
		return;
	parker_note_result(p, &err);
	note_failed_restart(p, &err);
}

/**
 * parker_restart_init() - Get a new partition ready for restarts
 * @p: the partition
 */
void parker_restart_init(struct parker_partition *p)
{
	INIT_DELAYED_WORK(&p->restart_work, parker_restart);
}

/**
 * parker_restart_cancel() - Give a pending restart up
 * @p: the partition
 *
 * Its work may still run, and then does nothing.
 *
 * Context: any but NMI.
 */
void parker_restart_cancel(struct parker_partition *p)
{
	scoped_guard(raw_spinlock_irqsave, &p->lock)
		p->restart_wanted = false;
}
