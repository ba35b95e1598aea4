// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: how an application kernel is started and ended.
 *
 * Ending takes no mutex before the CPUs are halted, so that it waits for no
 * other partition and for no load.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "internal.h"

/* A kernel that ran for so long before its end does not end again and again. */
#define PARKER_STEADY_SECONDS	60

static void find_parts(struct parker_partition *p)
{
	struct parker_given *block = p->boot.block;
	void *base = block;

	p->layout = (struct parker_layout){
		.request	= base + le32_to_cpu(block->request_offset),
		.told		= base + le32_to_cpu(block->told_offset),
		.console	= base + le32_to_cpu(block->console_offset),
		.console_size	= le32_to_cpu(block->console_size),
	};
}

/* Build the kernel; on failure the console of the earlier one stays readable. */
static int build(struct parker_partition *p, u32 lockdown, struct parker_error *err)
{
	struct parker_function *functions __free(kfree) =
		kcalloc(PARKER_MAX_FUNCTIONS, sizeof(*functions), GFP_KERNEL);
	struct parker_boot earlier;
	int ret;

	if (!functions)
		return parker_fail(err, -ENOMEM, "start: no memory to describe devices");

	guard(rwsem_write)(&p->memory_sem);

	earlier = p->boot;
	p->boot = (struct parker_boot){
		.id		= p->id,
		.name		= p->name,
		.cpus		= p->cpus,
		.boot_cpu	= cpumask_first(p->cpus),
		.regions	= p->regions,
		.nr_regions	= p->nr_regions,
		.functions	= functions,
		.nr_functions	= parker_pci_describe(&p->pci, functions),
		.guarded	= p->guarded,
		.log_violations	= p->log_violations,
		.image		= p->image->kimage,
		.unpacked	= p->image->unpacked,
		.version	= p->image->info.version,
		.lockdown	= lockdown,
	};
	ret = arch_parker_prepare(&p->boot, err);
	p->boot.functions = NULL;
	if (ret) {
		p->boot = earlier;
		return ret;
	}

	find_parts(p);
	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		p->run++;
		p->stat.console_bytes = 0;
		parker_guard_begin(p);
	}
	return 0;
}

static void parker_note_end(struct parker_partition *p, enum parker_state state,
			    const char *reason)
{
	lockdep_assert_held(&p->lock);

	p->last_end.time = ktime_get_real_seconds();
	p->last_end.state = state;
	strscpy(p->last_end.reason, reason);
}

/*
 * What could not be proved stopped is never used again before a reboot.  @what
 * says which device it is, when it is no CPU.
 */
static void quarantine(struct parker_partition *p, const char *what, const char *reason)
{
	char cpus[PARKER_TEXT_LEN / 2];

	lockdep_assert_held(&p->op_mutex);

	if (!cpumask_empty(p->unproved)) {
		parker_cpus_quarantine(p, p->unproved);
		scnprintf(cpus, sizeof(cpus), "CPUs %*pbl could not be proved stopped",
			  cpumask_pr_args(p->unproved));
		what = cpus;
	}
	/* Those CPUs might turn it on again, so that the IOMMU stays as it is, too. */
	parker_pci_silence(&p->pci);
	parker_memory_quarantine(p);
	pr_warn("%s: its memory is kept out of use, as %s\n", p->name, what);

	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		parker_set_state(p, PARKER_QUARANTINED,
				 "%s; what the partition has is out of use until the machine restarts (%s)",
				 what, reason);
		parker_note_end(p, PARKER_QUARANTINED, p->reason);
		p->ending = false;
	}
}

/* Its memory can be used again only when every CPU and every device is stopped. */
static int stop_all(struct parker_partition *p, struct parker_error *err)
{
	int ret;

	ret = arch_parker_park_cpus(p->cpus, p->unproved);
	if (ret)
		return ret;
	parker_guard_end(p);
	arch_parker_finish(&p->boot);
	return parker_pci_end(&p->pci, err);
}

/* What the crashed kernel left was built over. */
static void forget_crash(struct parker_partition *p, const struct parker_error *err)
{
	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		if (p->state == PARKER_CRASHED)
			parker_set_state(p, PARKER_STOPPED, "start failed: %s", err->text);
	}
}

static int prepare(struct parker_partition *p, struct parker_error *err)
{
	u32 lockdown = parker_lockdown_level();
	int ret;

	ret = parker_check_lockdown(p->image, lockdown, "start", err) ?:
	      parker_isolation_check(p->guarded, err) ?:
	      parker_pci_begin(&p->pci, p->regions, p->nr_regions, err);
	if (ret)
		return ret;
	ret = build(p, lockdown, err);
	if (ret)
		parker_pci_cancel(&p->pci);
	return ret;
}

/* A CPU that did not answer in time may run all the same, so that @halt is set. */
static void give_kick_up(struct parker_partition *p, bool halt)
{
	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		if (halt)
			arch_parker_halt_cpus(p->cpus);
		p->kicking = false;
	}
	wake_up_all(&p->ended);
}

/*
 * After it, a function that is lost is seen here, or its loss waits until
 * finish_start() or give_kick_up(), see parker_pci_end_kernel().
 */
static int begin_kick(struct parker_partition *p, struct parker_error *err)
{
	int ret;

	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		if (p->start_cancelled)
			return parker_fail(err, -EBUSY, "start: %s was killed or stopped meanwhile",
					   p->name);
		p->kicking = true;
	}
	ret = parker_pci_check_present(&p->pci, err);
	if (ret)
		give_kick_up(p, false);
	return ret;
}

static int launch(struct parker_partition *p, struct parker_error *err)
{
	struct parker_error device_err = {};
	ktime_t begin;
	int ret;

	begin = parker_step_begin(p->name, "build");
	ret = parker_step_end(p->name, "build", begin, prepare(p, err));
	if (ret)
		return ret;

	ret = begin_kick(p, err);
	if (ret) {
		parker_guard_end(p);
		arch_parker_finish(&p->boot);
		parker_pci_cancel(&p->pci);
		forget_crash(p, err);
		return ret;
	}

	begin = parker_step_begin(p->name, "kick");
	ret = parker_step_end(p->name, "kick", begin, arch_parker_kick(&p->boot, err));
	if (!ret)
		return 0;

	give_kick_up(p, true);
	if (stop_all(p, &device_err))
		quarantine(p, device_err.text, "start failed");
	else
		forget_crash(p, err);
	return ret;
}

static int check_startable(struct parker_partition *p, struct parker_error *err)
{
	int ret;

	lockdep_assert_held(&p->lock);

	ret = parker_verb_check(PARKER_START, p->state, p->name, err);
	if (ret)
		return ret;
	if (cpumask_empty(p->cpus))
		return parker_fail(err, -ENODEV,
				   "start: %s has no CPU; write a list to its file cpus first",
				   p->name);
	if (!p->nr_regions)
		return parker_fail(err, -ENOMEM,
				   "start: %s has no memory; write a size to its file memory first",
				   p->name);
	if (parker_goes_down())
		return parker_fail(err, -EBUSY, "start: the machine is going down");
	return 0;
}

/* A restart that nobody wants any more is none: -ECANCELED. */
static int begin_start(struct parker_partition *p, bool restart, struct parker_error *err)
{
	int ret;

	lockdep_assert_held(&p->op_mutex);

	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		if (restart && !p->restart_wanted)
			return -ECANCELED;
		ret = check_startable(p, err);
		if (restart && ret)
			p->restart_wanted = false;
		if (ret)
			return ret;
		p->starting = true;
		p->start_cancelled = false;
	}
	return 0;
}

static void finish_start(struct parker_partition *p, bool restart, int ret)
{
	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		if (!ret) {
			parker_set_state(p, PARKER_BOOTING, "started");
			p->stat.starts++;
			p->stat.restarts += restart;
			p->stat.boot_usec = 0;
		}
		/* What failed by hand does not take the place of a restart. */
		if (!ret || restart)
			p->restart_wanted = false;
		if (!ret && !restart)
			p->restart_delay = 0;
		p->kicking = false;
		p->starting = false;
	}
	wake_up_all(&p->ended);
	parker_notify_state(p);
}

/**
 * parker_start_locked() - Start a partition's kernel
 * @p:		the partition, not dead, its op_mutex held
 * @restart:	only if a restart is still wanted
 * @err:	gets the sentence
 *
 * The monitor begins last: what it finds earlier, if it has not yet forgotten the
 * last kernel, is true as well.
 *
 * Context: may sleep.
 * Return: as parker_start(), or -ECANCELED when no restart is wanted.
 */
int parker_start_locked(struct parker_partition *p, bool restart, struct parker_error *err)
{
	int ret;

	ret = begin_start(p, restart, err);
	if (ret)
		return ret;

	p->started = parker_step_begin(p->name, "start");
	ret = launch(p, err);
	finish_start(p, restart, ret);
	parker_step_end(p->name, "start", p->started, ret);
	if (!ret)
		parker_monitor_begin(p);
	return ret;
}

/**
 * parker_start() - Start a partition's kernel from its pristine image
 * @p:		the partition
 * @err:	gets the sentence
 *
 * Context: may sleep.
 * Return: 0 when the boot CPU runs it, or -ENODEV, -ENOEXEC, -ENOMEM, -ENOSPC,
 * -EBUSY, -EIO, -EPERM under lockdown, -EINTR.
 */
int parker_start(struct parker_partition *p, struct parker_error *err)
{
	int ret = parker_lock_op(p, "start", err);

	if (ret)
		return ret;

	ret = parker_start_locked(p, false, err);
	mutex_unlock(&p->op_mutex);
	return ret;
}

static int ask_to_stop(struct parker_partition *p, struct parker_error *err)
{
	int ret;

	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		ret = parker_verb_check(PARKER_STOP, p->state, p->name, err);
		if (ret < 0)
			return ret;
		if (!ret) {
			WRITE_ONCE(p->layout.request->request, cpu_to_le32(PARKER_REQUEST_STOP));
			parker_set_state(p, PARKER_STOPPING, "asked to power off");
		} else if (p->restart_wanted) {
			p->restart_wanted = false;
			p->start_cancelled = p->starting;
			parker_set_state(p, PARKER_STOPPED, "stopped before it was started again");
		}
	}
	return 0;
}

/**
 * parker_stop() - Ask a partition's kernel to power off
 * @p:		the partition
 * @err:	gets the sentence
 *
 * One that ended gets no restart any more.
 *
 * Context: any but NMI.
 * Return: 0 when it was asked, -EBUSY, or -EIO in quarantine.
 */
int parker_stop(struct parker_partition *p, struct parker_error *err)
{
	ktime_t begin = parker_step_begin(p->name, "stop");
	int ret;

	ret = parker_step_end(p->name, "stop", begin, ask_to_stop(p, err));
	if (!ret)
		parker_notify_state(p);
	return ret;
}

/**
 * parker_begin_end() - Halt a running kernel's CPUs, and see to its end
 * @p:		the partition
 * @run:	parker_partition::run of the kernel that is meant
 *
 * Context: any but NMI.
 * Return: 0, and then parker_finish_end() must follow; -ESRCH when that kernel does
 * not run, or -EALREADY when another caller ends it.
 */
int parker_begin_end(struct parker_partition *p, unsigned int run)
{
	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		if (!parker_state_is_live(p->state) || p->run != run)
			return -ESRCH;
		if (p->ending)
			return -EALREADY;

		p->ending = true;
		arch_parker_halt_cpus(p->cpus);
	}
	return 0;
}

/* Is it to be started again, and when? In the lock, so that no kill is missed. */
static int note_restart(struct parker_partition *p, const struct parker_verdict *verdict)
{
	bool steady = ktime_ms_delta(ktime_get(), p->started) >=
		      PARKER_STEADY_SECONDS * MSEC_PER_SEC;
	int seconds;

	lockdep_assert_held(&p->lock);

	/* It was asked to end, so it is not started again, whatever it does. */
	if (p->state == PARKER_STOPPING)
		seconds = -1;
	else
		seconds = parker_judge_restart(verdict, READ_ONCE(p->restart_on_crash),
					       steady, &p->restart_delay);
	p->restart_wanted = seconds >= 0;
	return seconds;
}

static void set_end_state(struct parker_partition *p, const struct parker_verdict *verdict)
{
	int seconds;

	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		seconds = note_restart(p, verdict);
		if (seconds > 0)
			parker_set_state(p, verdict->state, "%s; restart in %d s",
					 verdict->reason, seconds);
		else
			parker_set_state(p, verdict->state, "%s", verdict->reason);
		parker_note_end(p, verdict->state, verdict->reason);
		p->ending = false;
		p->stat.kills += verdict->killed;
		p->stat.crashes += verdict->state == PARKER_CRASHED;
	}

	if (verdict->state == PARKER_CRASHED)
		pr_info("%s: crashed: %s\n", p->name, verdict->reason);
	if (seconds >= 0)
		mod_delayed_work(system_unbound_wq, &p->restart_work,
				 (unsigned long)seconds * HZ);
}

/**
 * parker_finish_end() - Prove a kernel's CPUs and devices stopped, and say how it ended
 * @p:		the partition, after parker_begin_end(); op_mutex is not held
 * @verdict:	the state that follows, and why
 *
 * Context: may sleep.
 * Return: 0, or -EIO when it ended in quarantine.
 */
int parker_finish_end(struct parker_partition *p, const struct parker_verdict *verdict)
{
	struct parker_error err = {};
	ktime_t begin;
	int ret;

	lockdep_assert_not_held(&p->op_mutex);

	begin = parker_step_begin(p->name, "park");
	ret = parker_step_end(p->name, "park", begin, stop_all(p, &err));
	/* Until the state changes, the memory cannot be given back. */
	WRITE_ONCE(p->stat.console_bytes, parker_console_end(p));
	if (ret) {
		guard(mutex)(&p->op_mutex);
		quarantine(p, err.text, verdict->reason);
	} else {
		set_end_state(p, verdict);
	}

	wake_up_all(&p->ended);
	parker_notify_console(p);
	parker_notify_state(p);
	return ret;
}

/**
 * parker_end() - Take a running kernel's CPUs back
 * @p:		the partition; op_mutex is not held
 * @run:	parker_partition::run of the kernel that is meant
 * @verdict:	the state that follows, and why
 *
 * The state is entered when every CPU and device is proved stopped.  Of several who end
 * the same kernel one does it, and the others wait for that.
 *
 * Context: may sleep.
 * Return: 0, -ESRCH when that kernel does not run, -EALREADY when somebody
 * else ended it, or -EIO when it ended in quarantine.
 */
int parker_end(struct parker_partition *p, unsigned int run,
	       const struct parker_verdict *verdict)
{
	int ret;

	ret = parker_begin_end(p, run);
	if (ret == -EALREADY)
		wait_event(p->ended, !READ_ONCE(p->ending) || READ_ONCE(p->run) != run);
	return ret ?: parker_finish_end(p, verdict);
}

/* Is a start under way? Then it is to be given up. */
static bool cancel_start(struct parker_partition *p, bool *cancelled)
{
	bool starting;

	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		starting = p->starting;
		if (starting) {
			p->start_cancelled = true;
			*cancelled = true;
		}
	}
	return starting;
}

/*
 * The kernel ended before it could be killed, or there is none.  -EAGAIN: one was
 * started meanwhile.
 */
static int kill_dead(struct parker_partition *p, bool cancelled, struct parker_error *err)
{
	int ret;

	scoped_guard(raw_spinlock_irqsave, &p->lock) {
		if (p->starting || parker_state_is_live(p->state))
			return -EAGAIN;
		if (cancelled && p->state == PARKER_LOADED)
			return 0;
		ret = parker_verb_check(PARKER_KILL, p->state, p->name, err);
		if (ret < 0)
			return ret;
		p->stat.kills += p->state == PARKER_CRASHED;
		if (p->state == PARKER_STOPPED && !p->restart_wanted && !cancelled)
			return 0;
		p->restart_wanted = false;
		parker_set_state(p, PARKER_STOPPED, "killed");
	}

	parker_notify_state(p);
	return 0;
}

/**
 * parker_kill() - Take a partition's CPUs back at once
 * @p:		the partition
 * @reason:	what the partition's reason is to say
 * @err:	gets the sentence
 *
 * A start in hand is given up.  A pending restart, too.
 *
 * Context: may sleep.
 * Return: 0, -EBUSY when the state does not fit, or -EIO in quarantine.
 */
int parker_kill(struct parker_partition *p, const char *reason, struct parker_error *err)
{
	struct parker_verdict verdict = { .state = PARKER_STOPPED, .killed = true };
	ktime_t begin = parker_step_begin(p->name, "kill");
	bool cancelled = false;
	int ret;

	strscpy(verdict.reason, reason);
	do {
		wait_event(p->ended, !cancel_start(p, &cancelled));
		ret = parker_end(p, READ_ONCE(p->run), &verdict);
		if (ret == -EIO)
			ret = parker_fail_quarantined("kill", p->name, err);
		else if (ret)
			ret = kill_dead(p, cancelled, err);
	} while (ret == -EAGAIN);
	return parker_step_end(p->name, "kill", begin, ret);
}
