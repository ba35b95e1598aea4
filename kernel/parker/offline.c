// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: taking CPUs offline and bringing them online, one by one.
 *
 * Others use CPU hotplug, too, and it is disabled during each probe of a PCI driver.
 * A claim waits some time for that; a CPU that goes back comes online whenever it can.
 */
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/workqueue.h>
#include <kunit/visibility.h>

#include "internal.h"

/* How long CPU hotplug is waited for. */
#define PARKER_HOTPLUG_SECONDS	5
#define PARKER_HOTPLUG_POLL_MS	10

/* What stands for the -EBUSY of CPU hotplug that is disabled; no callback of it returns this. */
#define PARKER_HOTPLUG_HELD	(-EINPROGRESS)

/*
 * CPUs that were given back, and come online when CPU hotplug is enabled again.  The mutex is
 * taken under op_mutex; the device hotplug lock is taken under it.
 */
static struct cpumask parker_late_cpus;
static DEFINE_MUTEX(parker_late_mutex);

/* CPUs whose devices Parker has made refuse to be taken offline; under the device hotplug lock. */
static struct cpumask parker_kept_cpus;

/* ACPI does not eject what refuses to be taken offline. */
VISIBLE_IF_KUNIT void parker_forbid_offline(struct device *dev, bool forbid)
{
	guard(device)(dev);
	/* One that refused by itself goes on to do so. */
	if (forbid ? dev->offline_disabled : !cpumask_test_cpu(dev->id, &parker_kept_cpus))
		return;
	dev->offline_disabled = forbid;
	cpumask_assign_cpu(dev->id, &parker_kept_cpus, forbid);
}

/**
 * parker_allow_offline() - Let devices of CPUs be taken offline again
 * @cpus: CPUs that are present again
 *
 * Context: may sleep.
 */
void parker_allow_offline(const struct cpumask *cpus)
{
	struct device *dev;
	unsigned int cpu;

	lock_device_hotplug();
	for_each_cpu(cpu, cpus) {
		dev = get_cpu_device(cpu);
		if (dev)
			parker_forbid_offline(dev, false);
	}
	unlock_device_hotplug();
}

static int parker_run_hotplug(unsigned int cpu, int (*run)(struct device *dev))
{
	struct device *dev;
	int ret;

	lock_device_hotplug();
	dev = get_cpu_device(cpu);
	ret = dev ? run(dev) : -ENODEV;
	unlock_device_hotplug();
	return ret;
}

static int parker_offline_device(struct device *dev)
{
	int ret = device_offline(dev);

	/* CPU hotplug by other ways than the device may have been quicker. */
	if (ret == 1 && cpu_online(dev->id))
		return -EBUSY;
	if (ret >= 0)
		parker_forbid_offline(dev, true);
	return ret;
}

/* Returns 0 when it went offline, 1 when it was, or an error. */
static noinline int parker_take_offline(unsigned int cpu)
{
	return parker_run_hotplug(cpu, parker_offline_device);
}
ALLOW_ERROR_INJECTION(parker_take_offline, ERRNO);

/*
 * Tells the -EBUSY of cpu_hotplug_disable() from that of a callback.  A CPU that is online
 * stays as it is, and one that is not cannot come online, as it is owned.
 */
static bool parker_hotplug_is_held(unsigned int cpu)
{
	return parker_run_hotplug(cpu, cpu_device_up) == -EBUSY;
}

/* As parker_take_offline(), or PARKER_HOTPLUG_HELD. */
static int parker_try_offline(unsigned int cpu)
{
	int ret = parker_take_offline(cpu);

	/* CPU hotplug may just have been enabled again, though hardly three times in a row. */
	for (unsigned int i = 0; i < 3 && ret == -EBUSY; i++) {
		if (parker_hotplug_is_held(cpu))
			return PARKER_HOTPLUG_HELD;
		ret = parker_take_offline(cpu);
	}
	return ret;
}

/* Returns 0 when it came online, 1 when it was, PARKER_HOTPLUG_HELD, or another error. */
static int parker_try_online(unsigned int cpu)
{
	int ret = parker_run_hotplug(cpu, device_online);

	return ret == -EBUSY ? PARKER_HOTPLUG_HELD : ret;
}

static int parker_try_remove(unsigned int cpu)
{
	int ret = remove_cpu(cpu);

	return ret == -EBUSY ? PARKER_HOTPLUG_HELD : ret;
}

/* Tries again while CPU hotplug is held.  Gives up after a while, or for a fatal signal. */
static int parker_wait_hotplug(int (*try)(unsigned int cpu), unsigned int cpu)
{
	unsigned long limit = jiffies + PARKER_HOTPLUG_SECONDS * HZ;
	int ret;

	for (;;) {
		ret = try(cpu);
		if (ret != PARKER_HOTPLUG_HELD || time_after(jiffies, limit))
			return ret;
		schedule_timeout_killable(msecs_to_jiffies(PARKER_HOTPLUG_POLL_MS));
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

static int parker_fail_hotplug(struct parker_error *err, int ret, unsigned int cpu,
			       const char *what)
{
	switch (ret) {
	case PARKER_HOTPLUG_HELD:
		return parker_fail(err, -EBUSY,
				   "cpus: CPU %u could not be %s within %u s, as the probe of a driver, or the like, holds CPU hotplug; try again when it has ended",
				   cpu, what, PARKER_HOTPLUG_SECONDS);
	case -EINTR:
		return parker_fail(err, ret, "cpus: killed while CPU %u was to be %s", cpu, what);
	case -EBUSY:
		return parker_fail(err, ret,
				   "cpus: CPU %u could not be %s: most likely deadline tasks need it; move or end them, see chrt(1)",
				   cpu, what);
	case -ENOSPC:
		return parker_fail(err, ret,
				   "cpus: CPU %u could not be %s: the CPUs that are left have no vectors for its interrupts",
				   cpu, what);
	case -ENOMEM:
		return parker_fail(err, ret, "cpus: CPU %u could not be %s: no memory", cpu, what);
	default:
		return parker_fail(err, ret,
				   "cpus: CPU %u could not be %s: a part of the boot kernel refuses that, see its log",
				   cpu, what);
	}
}

/* Those of @cpus that were still to come online count as online, as they are claimed now. */
static void parker_claim_late(const struct cpumask *cpus, struct cpumask *were_online)
{
	guard(mutex)(&parker_late_mutex);
	cpumask_and(were_online, cpus, &parker_late_cpus);
	cpumask_andnot(&parker_late_cpus, &parker_late_cpus, cpus);
}

static int parker_take_each_offline(const struct cpumask *cpus, struct cpumask *were_online,
				    struct parker_error *err)
{
	unsigned int cpu;
	int ret;

	for_each_cpu(cpu, cpus) {
		ret = parker_wait_hotplug(parker_try_offline, cpu);
		if (ret < 0)
			return parker_fail_hotplug(err, ret, cpu, "taken offline");
		if (!ret)
			cpumask_set_cpu(cpu, were_online);
	}
	return 0;
}

/**
 * parker_take_all_offline() - Take CPUs offline
 * @p:		the partition that owns them
 * @cpus:	the CPUs, present
 * @were_online: gets those that were online, however far it came
 * @err:	gets the message
 *
 * Their devices refuse to be taken offline then, and ACPI does not eject them.
 *
 * Context: may sleep, for seconds.
 * Return: 0, -EINTR after a fatal signal, or what CPU hotplug fails with.
 */
int parker_take_all_offline(const struct parker_partition *p, const struct cpumask *cpus,
			    struct cpumask *were_online, struct parker_error *err)
{
	ktime_t begin = parker_step_begin(p->name, "offline");

	parker_claim_late(cpus, were_online);
	return parker_step_end(p->name, "offline", begin,
			       parker_take_each_offline(cpus, were_online, err));
}

/* Brings a CPU up, and takes it offline again. */
static int parker_visit_cpu(unsigned int cpu, struct parker_error *err)
{
	int ret = parker_wait_hotplug(parker_try_online, cpu);

	if (ret < 0)
		return parker_fail_hotplug(err, ret, cpu, "brought up to look at it");
	arch_parker_note_cpu(cpu);
	ret = parker_wait_hotplug(parker_try_remove, cpu);
	if (ret < 0)
		return parker_fail_hotplug(err, ret, cpu, "taken offline again");
	return 0;
}

/**
 * parker_note_cpus() - Note what CPUs have to have when they come back
 * @cpus:	CPUs that are present
 * @err:	gets the message
 *
 * Those that are offline are brought up for it where that was not done yet.  A CPU that was
 * never up is not set up, and would not be counted where the kernel decides on the
 * shorthand of IPIs.
 *
 * Context: may sleep, for seconds.
 * Return: 0, -EINTR after a fatal signal, or what CPU hotplug fails with.
 */
int parker_note_cpus(const struct cpumask *cpus, struct parker_error *err)
{
	unsigned int cpu;
	int ret;

	for_each_cpu(cpu, cpus) {
		if (!arch_parker_note_cpu(cpu))
			continue;
		if (cpumask_test_cpu(cpu, &cpus_booted_once_mask) && arch_parker_is_noted(cpu))
			continue;
		ret = parker_visit_cpu(cpu, err);
		if (ret)
			return ret;
	}
	return 0;
}

static void parker_bring_late_online(struct work_struct *work)
{
	unsigned int cpu;

	guard(mutex)(&parker_late_mutex);

	for_each_cpu(cpu, &parker_late_cpus) {
		if (parker_try_online(cpu) == PARKER_HOTPLUG_HELD) {
			queue_delayed_work(system_freezable_wq, to_delayed_work(work), HZ);
			return;
		}
		cpumask_clear_cpu(cpu, &parker_late_cpus);
	}
}

static DECLARE_DELAYED_WORK(parker_late_work, parker_bring_late_online);

static void parker_put_off_online(unsigned int cpu)
{
	guard(mutex)(&parker_late_mutex);
	cpumask_set_cpu(cpu, &parker_late_cpus);
	queue_delayed_work(system_freezable_wq, &parker_late_work, HZ);
}

/**
 * parker_bring_online() - Bring CPUs online
 * @cpus: the CPUs; loses those that came online
 *
 * Those that cannot while CPU hotplug is held come later: the probe of a driver costs
 * no CPU.
 *
 * Context: may sleep, for seconds.
 */
void parker_bring_online(struct cpumask *cpus)
{
	unsigned int cpu;
	int ret = 0;

	for_each_cpu(cpu, cpus) {
		if (ret != PARKER_HOTPLUG_HELD && ret != -EINTR)
			ret = parker_wait_hotplug(parker_try_online, cpu);
		if (ret >= 0)
			cpumask_clear_cpu(cpu, cpus);
		else if (ret == PARKER_HOTPLUG_HELD || ret == -EINTR)
			parker_put_off_online(cpu);
	}
}

/**
 * parker_come_later() - Do CPUs come online by themselves?
 * @cpus: CPUs that parker_bring_online() has left
 *
 * Context: any.
 * Return: true if some of them do.
 */
bool parker_come_later(const struct cpumask *cpus)
{
	return cpumask_intersects(cpus, &parker_late_cpus);
}
