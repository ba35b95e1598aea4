// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: watching a running kernel, and starting it again.
 *
 * One delayed work a partition, on no CPU in particular, copies what the
 * kernel reports and acts on the copy.  No lock and no interrupt is shared
 * with the kernel.
 */
#include <linux/cleanup.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "internal.h"

/* How often to look: at a kernel in its stride, and at one that changes soon. */
#define PARKER_PERIOD		(HZ / 10)
#define PARKER_SHORT_PERIOD	(HZ / 50)

/* Without ordinary work for so long, the kernel is shown as stalled. */
#define PARKER_STALL_SECONDS	10

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
	memcpy(r->message, told->message, sizeof(r->message));
	r->message[sizeof(r->message) - 1] = '\0';
}

static unsigned int take_view(struct parker_partition *p, struct parker_view *view)
{
	unsigned int run;

	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		*view = (struct parker_view){
			.state		= p->state,
			.now		= jiffies,
			.since		= p->since,
			.watchdog	= READ_ONCE(p->watchdog),
			.boot_timeout	= READ_ONCE(p->boot_timeout),
			.stop_timeout	= READ_ONCE(p->stop_timeout),
		};
		run = p->run;
	}
	return run;
}

static void watch_anew(struct parker_watch *watch, unsigned int run, unsigned long now)
{
	watch->run = run;
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

static void look_again(struct parker_partition *p)
{
	enum parker_state state = READ_ONCE(p->state);

	if (parker_state_is_live(state))
		queue_delayed_work(system_unbound_wq, &p->watch.work,
				   state == PARKER_RUNNING ? PARKER_PERIOD :
							     PARKER_SHORT_PERIOD);
}

static void parker_monitor_check(struct work_struct *work)
{
	struct parker_partition *p = container_of(to_delayed_work(work),
						  struct parker_partition, watch.work);
	struct parker_verdict verdict;
	struct parker_report report;
	struct parker_view view;
	unsigned int run;

	run = take_view(p, &view);
	if (!parker_state_is_live(view.state))
		return;
	if (p->watch.run != run)
		watch_anew(&p->watch, run, view.now);

	scoped_guard(rwsem_read, &p->memory_sem) {
		/* Ended meanwhile, and its memory given back. */
		if (!p->boot.block)
			return;
		parker_copy_report(&p->layout, &report);
	}

	parker_trace_stamps(p->name, report.stamps, p->watch.stamps);
	parker_judge(&view, &report, &p->watch, &verdict);
	parker_guard_judge(p, &verdict);
	note_stat(p, view.now);

	if (verdict.state == PARKER_RUNNING && view.state == PARKER_BOOTING)
		come_up(p, run, &verdict);
	else if (verdict.state != view.state)
		parker_end(p, run, &verdict);
	look_again(p);
}

/**
 * parker_monitor_init() - Get a new partition ready to be watched
 * @p: the partition
 */
void parker_monitor_init(struct parker_partition *p)
{
	INIT_DELAYED_WORK(&p->watch.work, parker_monitor_check);
}

/**
 * parker_monitor_begin() - Watch a kernel that was started
 * @p: the partition, in PARKER_BOOTING
 *
 * Watching ends by itself with the kernel.
 *
 * Context: any but NMI.
 */
void parker_monitor_begin(struct parker_partition *p)
{
	queue_delayed_work(system_unbound_wq, &p->watch.work, PARKER_SHORT_PERIOD);
}

/**
 * parker_monitor_cancel() - Make sure that nobody watches any more
 * @p: the partition, with no kernel running and dead; op_mutex is not held
 *
 * Context: may sleep.
 */
void parker_monitor_cancel(struct parker_partition *p)
{
	cancel_delayed_work_sync(&p->watch.work);
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
