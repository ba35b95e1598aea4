// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: claim and release of CPUs, as cores and one by one.
 */
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/ktime.h>
#include <linux/sched/isolation.h>
#include <linux/sched/smt.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "../rcu/rcu.h"
#include "internal.h"

/**
 * parker_cpus_parse() - Understand what is written to cpus
 * @buf:	a list of CPUs, empty for none
 * @want:	gets the CPUs
 * @err:	gets the sentence
 *
 * Context: any.
 * Return: 0, -EINVAL for what is no list, -ENODEV for numbers that are too high.
 */
int parker_cpus_parse(const char *buf, struct cpumask *want, struct parker_error *err)
{
	const char *line = skip_spaces(buf);
	const char *end = strchrnul(line, '\n');
	int ret;

	cpumask_clear(want);
	if (!*line)
		return 0;

	/* bitmap_parselist() stops at the end of a line. */
	ret = *skip_spaces(end) ? -EINVAL : bitmap_parselist(line, cpumask_bits(want), nr_cpu_ids);
	if (ret == -ERANGE || ret == -EOVERFLOW)
		return parker_fail(err, -ENODEV, "The CPUs of this machine are numbered 0 to %u",
				   nr_cpu_ids - 1);
	if (ret || cpumask_empty(want))
		return parker_fail(err, -EINVAL, "This is no list of CPUs, such as 2-3,6");
	return 0;
}

VISIBLE_IF_KUNIT void parker_core_cpus(unsigned int cpu, struct cpumask *core)
{
	KUNIT_STATIC_STUB_REDIRECT(parker_core_cpus, cpu, core);
	arch_parker_core_cpus(cpu, core);
}

/*
 * Finds a CPU out of @want whose core is not wholly in @want, and its siblings
 * that are missing.  Returns nr_cpu_ids when there is none.
 */
VISIBLE_IF_KUNIT unsigned int parker_find_half_core(const struct cpumask *want,
						    struct cpumask *missing)
{
	unsigned int cpu;

	for_each_cpu(cpu, want) {
		parker_core_cpus(cpu, missing);
		if (cpumask_andnot(missing, missing, want))
			return cpu;
	}
	return nr_cpu_ids;
}

static struct cpumask *parker_mask_alloc(gfp_t gfp)
{
	return kzalloc(cpumask_size(), gfp);
}

static int parker_check_cores(const struct cpumask *want, struct parker_error *err)
{
	struct cpumask *missing __free(kfree) = parker_mask_alloc(GFP_KERNEL);
	unsigned int cpu;

	if (!missing)
		return parker_fail(err, -ENOMEM, "No memory for a list of CPUs");

	cpu = parker_find_half_core(want, missing);
	if (cpu < nr_cpu_ids)
		return parker_fail(err, -EINVAL,
				   "CPU %u shares its core with CPU %*pbl, and only whole cores can be given away",
				   cpu, cpumask_pr_args(missing));
	return 0;
}

/* Taking a CPU offline fails when no CPU is left that serves all of the system. */
static int parker_check_rest(const struct cpumask *want, struct parker_error *err)
{
	unsigned int cpu;

	for_each_cpu_and(cpu, cpu_online_mask, housekeeping_cpumask(HK_TYPE_DOMAIN))
		if (!cpumask_test_cpu(cpu, want))
			return 0;
	return parker_fail(err, -EBUSY,
			   "The boot kernel needs at least one CPU that is online and not isolated");
}

/**
 * parker_cpus_check() - Could a partition have these CPUs?
 * @p:		the partition, or NULL for a new one
 * @want:	all CPUs that it is to have
 * @err:	gets the sentence
 *
 * Changes nothing.
 *
 * Context: may sleep; op_mutex held if there is a partition.
 * Return: 0, or the error that parker_cpus_set() would fail with.
 */
int parker_cpus_check(const struct parker_partition *p, const struct cpumask *want,
		      struct parker_error *err)
{
	if (cpumask_empty(want))
		return 0;

	return arch_parker_check_machine(err) ?:
	       parker_own_check(p, want, err) ?:
	       parker_check_cores(want, err) ?:
	       parker_check_rest(want, err);
}

/*
 * The boot kernel leaves a CPU alone that is not present: nobody can bring it
 * online, and IPIs are no longer sent by the shorthand that reaches all CPUs of
 * the machine, as not all that were ever up are present.
 */
static void parker_set_present(const struct cpumask *cpus, bool present)
{
	unsigned int cpu;

	cpu_maps_update_begin();
	cpus_write_lock();
	/* One that was ejected before it could be claimed has no device. */
	for_each_cpu(cpu, cpus)
		if (get_cpu_device(cpu))
			set_cpu_present(cpu, present);
	cpus_write_unlock();

	/* Takes the hotplug lock itself, so as in _cpu_down() it comes after. */
	arch_smt_update();
	cpu_maps_update_done();
}

/* ACPI does not eject what refuses to be taken offline. */
static void parker_forbid_offline(struct device *dev, bool forbid)
{
	guard(device)(dev);
	dev->offline_disabled = forbid;
}

/* Returns 0 when it went offline, 1 when it was, or an error. */
static noinline int parker_take_offline(unsigned int cpu)
{
	struct device *dev;
	int ret;

	lock_device_hotplug();
	dev = get_cpu_device(cpu);
	ret = dev ? device_offline(dev) : -ENODEV;
	/* CPU hotplug by other ways than the device may have been quicker. */
	if (ret == 1 && cpu_online(cpu))
		ret = -EBUSY;
	if (ret >= 0)
		parker_forbid_offline(dev, true);
	unlock_device_hotplug();
	return ret;
}
ALLOW_ERROR_INJECTION(parker_take_offline, ERRNO);

static int parker_take_each_offline(const struct cpumask *cpus, struct cpumask *were_online,
				    struct parker_error *err)
{
	unsigned int cpu;
	int ret;

	for_each_cpu(cpu, cpus) {
		ret = parker_take_offline(cpu);
		if (ret < 0)
			return parker_fail(err, ret, "CPU %u could not be taken offline: %pe",
					   cpu, ERR_PTR(ret));
		if (!ret)
			cpumask_set_cpu(cpu, were_online);
	}
	return 0;
}

static int parker_take_all_offline(const struct parker_partition *p, const struct cpumask *cpus,
				   struct cpumask *were_online, struct parker_error *err)
{
	ktime_t begin = parker_step_begin(p->name, "offline");

	return parker_step_end(p->name, "offline", begin,
			       parker_take_each_offline(cpus, were_online, err));
}

/*
 * What was never up is not set up, and would be counted by nobody who decides
 * on the shorthand of IPIs.
 */
static int parker_boot_once(const struct cpumask *cpus, struct parker_error *err)
{
	unsigned int cpu;
	int ret;

	for_each_cpu_andnot(cpu, cpus, &cpus_booted_once_mask) {
		ret = add_cpu(cpu);
		if (ret < 0)
			return parker_fail(err, ret,
					   "CPU %u was never online, and could not be brought up once: %pe",
					   cpu, ERR_PTR(ret));
		ret = remove_cpu(cpu);
		if (ret < 0)
			return parker_fail(err, ret,
					   "CPU %u was never online, was brought up once, and now stays online: %pe",
					   cpu, ERR_PTR(ret));
	}
	return 0;
}

/*
 * Undoes what parker_claim() did with @cpus, however far that came.  On return
 * @were_online has those that should have come online again and did not.
 */
static void parker_give_back(const struct cpumask *cpus, struct cpumask *were_online)
{
	struct device *dev;
	unsigned int cpu;

	parker_set_present(cpus, true);
	lock_device_hotplug();
	for_each_cpu(cpu, cpus) {
		dev = get_cpu_device(cpu);
		if (dev)
			parker_forbid_offline(dev, false);
	}
	unlock_device_hotplug();
	parker_unlock_cpus(cpus);
	for_each_cpu_and(cpu, cpus, were_online)
		if (add_cpu(cpu) >= 0)
			cpumask_clear_cpu(cpu, were_online);
	parker_disown(cpus);
}

/* Parks what is offline.  What cannot be proved stopped is lost for good. */
static int parker_park(struct parker_partition *p, struct cpumask *cpus,
		       struct parker_error *err)
{
	ktime_t begin = parker_step_begin(p->name, "park");
	int ret;

	ret = parker_step_end(p->name, "park", begin, arch_parker_park_cpus(cpus, p->unproved));
	if (!ret)
		return 0;

	parker_cpus_quarantine(NULL, p->unproved);
	cpumask_andnot(cpus, cpus, p->unproved);
	return parker_fail(err, ret, "CPU %*pbl did not answer and is quarantined",
			   cpumask_pr_args(p->unproved));
}

/* On a failure @cpus has lost those that had to be quarantined. */
static int parker_claim(struct parker_partition *p, struct cpumask *cpus,
			struct parker_error *err)
{
	struct cpumask *were_online __free(kfree) = parker_mask_alloc(GFP_KERNEL);
	int ret;

	if (!were_online)
		return parker_fail(err, -ENOMEM, "No memory for a list of CPUs");

	ret = arch_parker_set_up(err) ?: parker_boot_once(cpus, err);
	if (ret)
		return ret;
	ret = parker_own(p, cpus, err);
	if (ret)
		return ret;

	ret = parker_take_all_offline(p, cpus, were_online, err);
	if (!ret) {
		parker_set_present(cpus, false);
		ret = parker_park(p, cpus, err);
	}
	if (ret) {
		parker_give_back(cpus, were_online);
		return ret;
	}

	cpumask_or(p->cpus, p->cpus, cpus);
	cpumask_or(p->cpus_were_online, p->cpus_were_online, were_online);
	return 0;
}

/* Cannot fail; the sentence names what should have come online and did not. */
static void parker_release(struct parker_partition *p, struct cpumask *cpus,
			   struct parker_error *err)
{
	cpumask_andnot(p->cpus, p->cpus, cpus);
	parker_give_back(cpus, p->cpus_were_online);

	cpumask_and(cpus, cpus, p->cpus_were_online);
	cpumask_andnot(p->cpus_were_online, p->cpus_were_online, cpus);
	if (!cpumask_empty(cpus))
		parker_fail(err, 0, "CPU %*pbl was given back, but did not come online",
			    cpumask_pr_args(cpus));
}

static int parker_change_cpus(struct parker_partition *p, const struct cpumask *want,
			      struct cpumask *change, struct parker_error *err)
{
	ktime_t begin;
	int ret;

	if (cpumask_andnot(change, want, p->cpus)) {
		begin = parker_step_begin(p->name, "claim_cpus");
		ret = parker_step_end(p->name, "claim_cpus", begin, parker_claim(p, change, err));
		if (ret)
			return ret;
	}
	if (cpumask_andnot(change, p->cpus, want)) {
		begin = parker_step_begin(p->name, "release_cpus");
		parker_release(p, change, err);
		parker_step_end(p->name, "release_cpus", begin, 0);
	}
	return 0;
}

/**
 * parker_cpus_set() - Give a partition the CPUs that are wished for
 * @p:		the partition
 * @want:	all CPUs that it is to have
 * @err:	gets the sentence, also after a success when CPUs that were given
 *		back did not come online
 *
 * Context: may sleep; op_mutex held.
 * Return: 0 or an error; then the partition has what it had.  After -EIO CPUs
 * that it did not get are quarantined.
 */
int parker_cpus_set(struct parker_partition *p, const struct cpumask *want,
		    struct parker_error *err)
{
	/* Giving back must not fail, and so small an allocation does not. */
	struct cpumask *change __free(kfree) = parker_mask_alloc(GFP_KERNEL | __GFP_NOFAIL);
	int ret;

	lockdep_assert_held(&p->op_mutex);

	ret = parker_cpus_check(p, want, err);
	if (ret)
		return ret;

	/* CPU hotplug waits for RCU several times with each CPU, which is most of its time. */
	rcu_expedite_gp();
	ret = parker_change_cpus(p, want, change, err);
	rcu_unexpedite_gp();
	return ret;
}
