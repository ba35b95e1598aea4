// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: what follows from the report of an application kernel.
 *
 * Pure functions.  Nothing in a report is trusted: a value that a kernel in
 * order cannot report means that the kernel is not in order.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "internal.h"

/* After a panic: for how long the console must be silent, and how long at most. */
#define PARKER_PANIC_QUIET	2
#define PARKER_PANIC_MOST	60

#define PARKER_MAX_BACKOFF	60

/* How much a check advances the clock at most: the time between three checks. */
#define PARKER_CLOCK_STEP	(HZ / 5)

static void __printf(3, 4) conclude(struct parker_verdict *verdict, enum parker_state state,
				    const char *fmt, ...)
{
	va_list args;

	verdict->state = state;
	va_start(args, fmt);
	vscnprintf(verdict->reason, sizeof(verdict->reason), fmt, args);
	va_end(args);
}

static bool passed(unsigned long now, unsigned long since, unsigned int seconds)
{
	return time_after(now, since + (unsigned long)seconds * HZ);
}

/**
 * parker_advance_clock() - Count the time since the last check of running kernels
 * @clock:	the clock
 * @now:	time of this check, in jiffies
 *
 * A check that comes late, as the whole machine stood still or the boot kernel did
 * not get to it, counts as if it was on time: the kernels may not have run either.
 * So a deadline passes only after several checks that were made in time.
 *
 * Context: any.
 */
void parker_advance_clock(struct parker_clock *clock, unsigned long now)
{
	clock->time += min_t(unsigned long, now - clock->checked_at, PARKER_CLOCK_STEP);
	clock->checked_at = now;
}

/* Has the kernel reported what no kernel in order reports? */
static bool judge_sanity(const struct parker_report *r, const struct parker_watch *watch,
			 struct parker_verdict *verdict)
{
	if (r->state > PARKER_TOLD_ENDED)
		conclude(verdict, PARKER_CRASHED, "reported the impossible state %u", r->state);
	else if (r->state < watch->told_state)
		conclude(verdict, PARKER_CRASHED, "reported state %u after state %u",
			 r->state, watch->told_state);
	else if (r->state == PARKER_TOLD_UP && r->version < PARKER_ABI_OLDEST)
		conclude(verdict, PARKER_CRASHED, "reported the impossible version %u",
			 r->version);
	else if (r->panicked > 1 || r->panicked < watch->panicked)
		conclude(verdict, PARKER_CRASHED, "reported the impossible panic mark %u",
			 r->panicked);
	else if (r->console_head < watch->console_head || r->console_head > S64_MAX)
		conclude(verdict, PARKER_CRASHED,
			 "reported the impossible console position %llu after %llu",
			 r->console_head, watch->console_head);
	else
		return true;

	return false;
}

static void judge_panic(const struct parker_report *r, struct parker_verdict *verdict)
{
	char text[PARKER_TEXT_LEN - sizeof("panic: ")];
	int len;

	len = string_escape_mem(r->message, strnlen(r->message, sizeof(r->message)),
				text, sizeof(text) - 1,
				ESCAPE_SPACE | ESCAPE_SPECIAL | ESCAPE_HEX | ESCAPE_NAP,
				NULL);
	text[min_t(int, len, sizeof(text) - 1)] = '\0';

	conclude(verdict, PARKER_CRASHED, "panic: %s", text);
	verdict->panic_timeout = r->panic_timeout;
}

static void judge_end(const struct parker_report *r, struct parker_verdict *verdict)
{
	switch (r->end) {
	case PARKER_END_POWEROFF:
		conclude(verdict, PARKER_STOPPED, "powered off");
		break;
	case PARKER_END_HALT:
		conclude(verdict, PARKER_STOPPED, "halted");
		break;
	case PARKER_END_REBOOT:
		conclude(verdict, PARKER_STOPPED, "rebooting");
		verdict->reboot = true;
		break;
	case PARKER_END_PANIC:
		judge_panic(r, verdict);
		break;
	default:
		conclude(verdict, PARKER_CRASHED, "reported the impossible end %u", r->end);
		break;
	}
}

static unsigned long later_of(unsigned long a, unsigned long b)
{
	return time_after(a, b) ? a : b;
}

static bool panic_is_over(const struct parker_view *view, const struct parker_watch *watch)
{
	return passed(view->now, later_of(watch->panic_at, watch->console_at),
		      PARKER_PANIC_QUIET) ||
	       passed(view->now, watch->panic_at, PARKER_PANIC_MOST);
}

/* The heart need not beat before the report: that is what boot_timeout is for. */
static bool is_hung(const struct parker_view *view, const struct parker_watch *watch)
{
	return view->watchdog &&
	       passed(view->now, later_of(watch->heart_at, watch->state_at), view->watchdog);
}

static void judge_time(const struct parker_view *view, const struct parker_report *r,
		       const struct parker_watch *watch, struct parker_verdict *verdict)
{
	switch (view->state) {
	case PARKER_BOOTING:
		if (r->state == PARKER_TOLD_UP)
			conclude(verdict, PARKER_RUNNING, "reported");
		else if (passed(view->now, watch->state_at, view->boot_timeout))
			conclude(verdict, PARKER_CRASHED, "did not report within %u s",
				 view->boot_timeout);
		break;
	case PARKER_RUNNING:
		if (is_hung(view, watch))
			conclude(verdict, PARKER_CRASHED, "no heartbeat for %u s",
				 view->watchdog);
		break;
	case PARKER_STOPPING:
		if (passed(view->now, watch->state_at, view->stop_timeout)) {
			conclude(verdict, PARKER_STOPPED,
				 "killed, as it did not power off within %u s",
				 view->stop_timeout);
			verdict->killed = true;
		}
		break;
	default:
		break;
	}
}

static void note_changes(const struct parker_view *view, const struct parker_report *r,
			 struct parker_watch *watch)
{
	if (view->state != watch->state) {
		watch->state = view->state;
		watch->state_at = view->now;
	}
	watch->told_state = r->state;
	if (r->panicked && !watch->panicked) {
		watch->panicked = true;
		watch->panic_at = view->now;
	}
	if (r->heartbeat != watch->heartbeat) {
		watch->heartbeat = r->heartbeat;
		watch->heart_at = view->now;
	}
	if (r->workbeat != watch->workbeat) {
		watch->workbeat = r->workbeat;
		watch->work_at = view->now;
	}
	if (r->console_head != watch->console_head) {
		watch->console_head = r->console_head;
		watch->console_at = view->now;
	}
}

/**
 * parker_judge() - Decide what follows from a report
 * @view:	what is known beside it
 * @report:	the report
 * @watch:	what earlier reports said; is brought up to date
 * @verdict:	gets the decision
 *
 * Context: any.
 */
void parker_judge(const struct parker_view *view, const struct parker_report *report,
		  struct parker_watch *watch, struct parker_verdict *verdict)
{
	/* Each field but the text behind its end: this is done often. */
	verdict->state = view->state;
	verdict->killed = false;
	verdict->reboot = false;
	verdict->panic_timeout = 0;
	verdict->reason[0] = '\0';

	if (!judge_sanity(report, watch, verdict))
		return;

	note_changes(view, report, watch);

	if (report->state == PARKER_TOLD_ENDED) {
		judge_end(report, verdict);
	} else if (watch->panicked) {
		/* What it still prints is worth the wait, what it beats is not. */
		if (panic_is_over(view, watch))
			judge_panic(report, verdict);
	} else {
		judge_time(view, report, watch, verdict);
	}
}

static bool parker_wants_restart(const struct parker_verdict *verdict, bool on_crash)
{
	if (verdict->state == PARKER_STOPPED)
		return verdict->reboot;
	return verdict->panic_timeout || on_crash;
}

/**
 * parker_judge_restart() - Decide when a kernel that ended is started again
 * @verdict:	how it ended
 * @on_crash:	the user wants it to be restarted after a crash
 * @was_steady:	it ran for long enough not to count as ending again and again
 * @backoff:	least number of seconds before a restart; is brought up to date
 *
 * Context: any.
 * Return: the number of seconds, or -1: not at all.
 */
int parker_judge_restart(const struct parker_verdict *verdict, bool on_crash,
			 bool was_steady, unsigned int *backoff)
{
	int seconds;

	if (!parker_wants_restart(verdict, on_crash))
		return -1;

	if (was_steady)
		*backoff = 0;
	seconds = max_t(int, verdict->panic_timeout, *backoff);
	*backoff = *backoff ? min_t(unsigned int, *backoff * 2, PARKER_MAX_BACKOFF) : 1;
	return seconds;
}
