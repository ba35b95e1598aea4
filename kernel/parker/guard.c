// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: how a partition is held inside, and what its guard tells.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/ratelimit.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "internal.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "parker."

static bool guard_by_default;

static int isolation_set(const char *val, const struct kernel_param *kp)
{
	struct parker_error err = {};
	int ret = parker_isolation_parse(val, &guard_by_default, &err);

	if (ret)
		pr_warn("%s\n", err.text);
	return ret;
}

static int isolation_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%s\n", parker_isolation_name(guard_by_default));
}

static const struct kernel_param_ops isolation_ops = {
	.set = isolation_set,
	.get = isolation_get,
};

/* A machine that cannot guard says so at each start, not here: it is too early. */
module_param_cb(isolation, &isolation_ops, NULL, 0644);
MODULE_PARM_DESC(isolation, "How a new partition is held inside: bare or guarded");

/**
 * parker_isolation_name() - Name a way to hold a partition inside
 * @guarded: by a guard
 *
 * Return: the name.
 */
const char *parker_isolation_name(bool guarded)
{
	return guarded ? "guarded" : "bare";
}

/**
 * parker_isolation_parse() - Read a way to hold a partition inside
 * @word:	its name, a newline may follow
 * @guarded:	gets it
 * @err:	gets the sentence
 *
 * Return: 0, or -EINVAL.
 */
int parker_isolation_parse(const char *word, bool *guarded, struct parker_error *err)
{
	if (sysfs_streq(word, "bare"))
		*guarded = false;
	else if (sysfs_streq(word, "guarded"))
		*guarded = true;
	else
		return parker_fail(err, -EINVAL, "isolation: write bare or guarded");
	return 0;
}

/**
 * parker_isolation_check() - Can this machine hold a partition so?
 * @guarded:	by a guard
 * @err:	gets the sentence
 *
 * Return: 0, or -EOPNOTSUPP.
 */
int parker_isolation_check(bool guarded, struct parker_error *err)
{
	return guarded ? arch_parker_guard_check(err) : 0;
}

/**
 * parker_isolation_default() - How is a new partition held?
 *
 * Return: true: by a guard.
 */
bool parker_isolation_default(void)
{
	return READ_ONCE(guard_by_default);
}

/**
 * parker_isolation_show() - Say what the machine can
 * @m: gets the lines
 */
void parker_isolation_show(struct seq_file *m)
{
	struct parker_error err = { .text = "ok" };

	arch_parker_guard_check(&err);
	seq_printf(m, "isolation bare ok\nisolation guarded %s\n", err.text);
}

static void say(const struct parker_violation *v, char *text, size_t len)
{
	switch (v->touch) {
	case PARKER_TOUCH_READ:
		snprintf(text, len, "read %#llx, which is not the partition's", v->at);
		break;
	case PARKER_TOUCH_WRITE:
		snprintf(text, len, "wrote to %#llx, which is not the partition's", v->at);
		break;
	case PARKER_TOUCH_PORT:
		snprintf(text, len, "used I/O port %#llx", v->at);
		break;
	case PARKER_TOUCH_MSR:
		snprintf(text, len, "wrote to MSR %#llx", v->at);
		break;
	case PARKER_TOUCH_IPI:
		snprintf(text, len, "sent the IPI %#llx to APIC ID %#llx", v->at & U32_MAX,
			 v->at >> 32);
		break;
	case PARKER_TOUCH_SVM:
		snprintf(text, len, "used an instruction for virtualisation (exit %#llx)", v->at);
		break;
	case PARKER_TOUCH_SHUTDOWN:
		snprintf(text, len, "triple fault");
		break;
	default:
		snprintf(text, len, "failure of the guard (%#llx)", v->at);
	}
}

static void print(const struct parker_partition *p, const struct parker_guard_report *report)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	char text[PARKER_TEXT_LEN / 2];

	if (!report->violations || !__ratelimit(&limit))
		return;
	say(&report->last, text, sizeof(text));
	pr_warn("%s: %s, at %#llx; %llu violations\n", p->name, text, report->last.ip,
		report->violations);
}

/**
 * parker_guard_begin() - A guard was laid out for a start
 * @p: the partition, with a kernel built
 */
void parker_guard_begin(struct parker_partition *p)
{
	lockdep_assert_held(&p->lock);

	WRITE_ONCE(p->guard_tells, p->boot.guarded);
	p->stat.guard = (struct parker_guard_report){};
}

/* Returns whether there are violations since it was asked before. */
static bool ask(struct parker_partition *p, bool last, struct parker_guard_report *report)
{
	u64 before;

	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		before = p->stat.guard.violations;
		if (p->guard_tells)
			arch_parker_guard_report(&p->boot, &p->stat.guard);
		if (last)
			WRITE_ONCE(p->guard_tells, false);
		*report = p->stat.guard;
	}
	return report->violations != before;
}

/**
 * parker_guard_end() - A guard goes away
 * @p: the partition, all of whose CPUs are proved stopped
 */
void parker_guard_end(struct parker_partition *p)
{
	struct parker_guard_report report;

	if (ask(p, true, &report))
		print(p, &report);
}

/**
 * parker_guard_judge() - Does a partition's guard end it?
 * @p:		the partition
 * @verdict:	gets the end, if it does
 *
 * Context: any.
 * Return: whether there is something to tell, see parker_guard_tell().
 */
bool parker_guard_judge(struct parker_partition *p, struct parker_verdict *verdict)
{
	struct parker_guard_report report;
	char text[PARKER_TEXT_LEN / 2];
	bool violated;

	if (!READ_ONCE(p->guard_tells))
		return false;
	violated = ask(p, false, &report);
	if (report.over) {
		say(&report.last, text, sizeof(text));
		*verdict = (struct parker_verdict){ .state = PARKER_CRASHED };
		snprintf(verdict->reason, sizeof(verdict->reason), "%s, at %#llx", text,
			 report.last.ip);
	}
	return violated;
}

/**
 * parker_guard_tell() - Print the last violation that a partition's guard has told
 * @p: the partition
 *
 * Context: process, as consoles are slow.
 */
void parker_guard_tell(struct parker_partition *p)
{
	struct parker_guard_report report;

	scoped_guard(raw_spinlock_irqsave, &p->lock)
		report = p->stat.guard;
	print(p, &report);
}

/**
 * parker_guard_show() - Show the counters of a partition's guard
 * @m:	gets them
 * @p:	the partition
 */
void parker_guard_show(struct seq_file *m, struct parker_partition *p)
{
	static const char * const names[PARKER_NR_EXITS] = {
		"memory", "apic", "ipi", "msr", "port", "config", "other",
	};
	struct parker_guard_report report;

	if (!IS_ENABLED(CONFIG_PARKER_GUARD))
		return;
	scoped_guard(raw_spinlock_irqsave, &p->lock)
		report = p->stat.guard;
	for (unsigned int i = 0; i < PARKER_NR_EXITS; i++)
		seq_printf(m, "exits_%s %llu\n", names[i], report.exits[i]);
	seq_printf(m, "msrs_refused %llu\n", report.msrs_refused);
	seq_printf(m, "violations %llu\n", report.violations);
}
