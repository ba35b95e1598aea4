// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: claim and release of CPUs, as cores.
 */
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/sched/isolation.h>
#include <linux/sched/smt.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
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
		return parker_fail(err, -ENODEV,
				   "cpus: '%*pE' names a CPU that is not there; this machine has 0-%u",
				   (int)strnlen(line, 64), line, nr_cpu_ids - 1);
	if (ret || cpumask_empty(want))
		return parker_fail(err, -EINVAL,
				   "cpus: '%*pE' is not a CPU list; use a list such as 2-3,6",
				   (int)strnlen(line, 64), line);
	return 0;
}

VISIBLE_IF_KUNIT void parker_core_cpus(unsigned int cpu, struct cpumask *core)
{
	KUNIT_STATIC_STUB_REDIRECT(parker_core_cpus, cpu, core);
	arch_parker_core_cpus(cpu, core);
}

/*
 * Finds a CPU out of @want whose core is not wholly in @want, and its siblings
 * that are missing; those in @off need not be there.  Returns nr_cpu_ids when
 * there is none.
 */
VISIBLE_IF_KUNIT unsigned int parker_find_half_core(const struct cpumask *want,
						    const struct cpumask *off,
						    struct cpumask *missing)
{
	unsigned int cpu;

	for_each_cpu(cpu, want) {
		parker_core_cpus(cpu, missing);
		if (cpumask_andnot(missing, missing, want) &&
		    cpumask_andnot(missing, missing, off))
			return cpu;
	}
	return nr_cpu_ids;
}

/* Finds the other CPUs of the cores that those in @cpus are in. */
VISIBLE_IF_KUNIT void parker_find_siblings(const struct cpumask *cpus, struct cpumask *core,
					   struct cpumask *siblings)
{
	unsigned int cpu;

	cpumask_clear(siblings);
	for_each_cpu(cpu, cpus) {
		parker_core_cpus(cpu, core);
		cpumask_or(siblings, siblings, core);
	}
	cpumask_andnot(siblings, siblings, cpus);
}

static struct cpumask *parker_mask_alloc(gfp_t gfp)
{
	return kzalloc(cpumask_size(), gfp);
}

static int parker_check_cores(const struct parker_partition *p, const struct cpumask *want,
			      struct parker_error *err)
{
	struct cpumask *missing __free(kfree) = parker_mask_alloc(GFP_KERNEL);
	struct cpumask *off __free(kfree) = parker_mask_alloc(GFP_KERNEL);
	unsigned int cpu;

	if (!missing || !off)
		return parker_fail(err, -ENOMEM, "No memory for a list of CPUs");

	/* Those that it has were named, and so have to be named again. */
	cpumask_andnot(off, cpu_possible_mask, cpu_online_mask);
	if (p)
		cpumask_andnot(off, off, p->cpus);
	cpu = parker_find_half_core(want, off, missing);
	if (cpu < nr_cpu_ids)
		return parker_fail(err, -EINVAL,
				   "CPU %u shares its core with CPU %*pbl, and only whole cores can be given away",
				   cpu, cpumask_pr_args(missing));
	/* What is left of the cores is off, and goes with them. */
	parker_find_siblings(want, off, missing);
	return parker_own_check(p, want, missing, err);
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
	       parker_own_check(p, want, cpu_none_mask, err) ?:
	       parker_check_cores(p, want, err) ?:
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

/* Those that are still online were not parked. */
static void parker_restore(const struct cpumask *cpus)
{
	/* So small an allocation does not fail. */
	struct cpumask *parked __free(kfree) = parker_mask_alloc(GFP_KERNEL | __GFP_NOFAIL);

	cpumask_and(parked, cpus, cpu_present_mask);
	cpumask_andnot(parked, parked, cpu_online_mask);
	arch_parker_give_back_cpus(parked);
}

/*
 * Undoes what parker_claim() did with @cpus, however far that came.  On return
 * @were_online, a part of them, has those that should have come online again and
 * did not.
 */
static void parker_give_back(const struct cpumask *cpus, struct cpumask *were_online)
{
	parker_set_present(cpus, true);
	parker_restore(cpus);
	parker_allow_offline(cpus);
	parker_unlock_cpus(cpus);
	parker_bring_online(were_online);
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
	return parker_fail(err, ret, "CPU %*pbl did not answer and is quarantined",
			   cpumask_pr_args(p->unproved));
}

/* Takes CPUs that are owned; on a failure @cpus has lost those that had to be quarantined. */
static int parker_take_owned(struct parker_partition *p, struct cpumask *cpus,
			     struct cpumask *were_online, struct parker_error *err)
{
	/* A sibling that is absent is owned, and there is nothing to take. */
	struct cpumask *present __free(kfree) = parker_mask_alloc(GFP_KERNEL);
	int ret;

	if (!present)
		return parker_fail(err, -ENOMEM, "No memory for a list of CPUs");

	cpumask_and(present, cpus, cpu_present_mask);
	ret = parker_take_all_offline(p, present, were_online, err);
	if (ret)
		return ret;

	parker_set_present(present, false);
	ret = parker_park(p, present, err);
	cpumask_andnot(cpus, cpus, p->unproved);
	cpumask_and(were_online, were_online, cpus);
	return ret;
}

/* Those of their siblings that were not named are off, and are claimed with them. */
static int parker_claim(struct parker_partition *p, const struct cpumask *cpus,
			struct parker_error *err)
{
	struct cpumask *were_online __free(kfree) = parker_mask_alloc(GFP_KERNEL);
	struct cpumask *all __free(kfree) = parker_mask_alloc(GFP_KERNEL);
	int ret;

	if (!were_online || !all)
		return parker_fail(err, -ENOMEM, "No memory for a list of CPUs");

	parker_find_siblings(cpus, were_online, all);
	ret = arch_parker_set_up(err) ?:
	      parker_note_cpus(cpus, err) ?:
	      parker_own(p, cpus, all, err);
	if (ret)
		return ret;

	cpumask_or(all, all, cpus);
	cpumask_clear(were_online);
	ret = parker_take_owned(p, all, were_online, err);
	if (ret) {
		parker_give_back(all, were_online);
		return ret;
	}

	cpumask_or(p->cpus, p->cpus, cpus);
	cpumask_or(p->cpus_were_online, p->cpus_were_online, were_online);
	return 0;
}

/* Finds what it owns of cores that none of its CPUs is in. */
static void parker_find_left(const struct parker_partition *p, struct cpumask *core,
			     struct cpumask *left)
{
	unsigned int cpu;

	parker_owned_by(p, left);
	for_each_cpu(cpu, p->cpus) {
		parker_core_cpus(cpu, core);
		cpumask_andnot(left, left, core);
	}
}

/*
 * Gives back what the partition has no more, with the siblings that were claimed
 * with it.  Cannot fail; the message names what should have come online and did not.
 */
static void parker_release(struct parker_partition *p, const struct cpumask *cpus,
			   struct parker_error *err)
{
	/* So small an allocation does not fail. */
	struct cpumask *were_online __free(kfree) = parker_mask_alloc(GFP_KERNEL | __GFP_NOFAIL);
	struct cpumask *left __free(kfree) = parker_mask_alloc(GFP_KERNEL | __GFP_NOFAIL);

	cpumask_andnot(p->cpus, p->cpus, cpus);
	parker_find_left(p, were_online, left);
	cpumask_and(were_online, left, p->cpus_were_online);
	cpumask_andnot(p->cpus_were_online, p->cpus_were_online, left);
	parker_give_back(left, were_online);

	if (parker_come_later(were_online))
		parker_fail(err, 0,
			    "cpus: CPU %*pbl was given back, and comes online when the probe of a driver, or the like, no longer holds CPU hotplug",
			    cpumask_pr_args(were_online));
	else if (!cpumask_empty(were_online))
		parker_fail(err, 0, "cpus: CPU %*pbl was given back, but did not come online",
			    cpumask_pr_args(were_online));
}

/* Some errors are logged by registers that all CPUs of a die see, and that one of them reads. */
static bool parker_die_is_read(unsigned int cpu)
{
	unsigned int other;

	for_each_online_cpu(other)
		if (topology_physical_package_id(other) == topology_physical_package_id(cpu) &&
		    topology_die_id(other) == topology_die_id(cpu))
			return true;
	return false;
}

static void parker_warn_of_dies(const struct cpumask *cpus, struct parker_error *err)
{
	unsigned int cpu;

	for_each_cpu(cpu, cpus) {
		if (parker_die_is_read(cpu))
			continue;
		parker_fail(err, 0,
			    "cpus: package %d has no CPU left in the boot kernel; its corrected errors are not logged",
			    topology_physical_package_id(cpu));
		return;
	}
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
		parker_warn_of_dies(change, err);
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
 * @err:	gets the message, also after a success when CPUs that were given
 *		back did not come online, or a package has none left
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
