// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: who owns which CPU.
 *
 * Nobody else writes the masks below.  A CPU that is claimed is owned, offline
 * and not present, its device refuses to be ejected, and it is parked by the
 * architecture; cpus.c leads it there and back.
 */
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kexec.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include <linux/workqueue.h>

#include "../kexec_internal.h"
#include "internal.h"

/* See internal.h. */
DEFINE_MUTEX(parker_mutex);

/* Bits change under parker_mutex; the veto reads them without it. */
static struct cpumask parker_owned;

/* A part of parker_owned.  Bits are only ever set, under parker_mutex. */
static struct cpumask parker_quarantine;

/*
 * Whose a CPU in parker_owned is, under parker_mutex.  NULL: nobody's, as it was
 * quarantined before a partition had it.
 */
static DEFINE_PER_CPU(struct parker_partition *, parker_owner);

/* The system goes to sleep, or is about to; under parker_mutex. */
static bool parker_asleep;

static bool parker_veto_works __ro_after_init;

/*
 * Closes the time in which a CPU is owned but still present.  No lock: this
 * runs under the CPU hotplug lock, which claiming takes inside of its own.
 */
static int parker_veto(unsigned int cpu)
{
	return cpumask_test_cpu(cpu, &parker_owned) ? -EBUSY : 0;
}

/* The machine would wake up without what the other kernels were doing. */
static int parker_pm_event(struct notifier_block *nb, unsigned long event, void *data)
{
	guard(mutex)(&parker_mutex);

	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		break;
	default:
		parker_asleep = false;
		return NOTIFY_DONE;
	}
	if (!cpumask_empty(&parker_owned)) {
		pr_notice("parker: no suspend while partitions have CPUs %*pbl\n",
			  cpumask_pr_args(&parker_owned));
		return notifier_from_errno(-EBUSY);
	}
	parker_asleep = true;
	return NOTIFY_OK;
}

static struct notifier_block parker_pm_nb = {
	.notifier_call = parker_pm_event,
};

static int __init parker_owner_init(void)
{
	int ret;

	register_pm_notifier(&parker_pm_nb);
	ret = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "parker:owned",
					parker_veto, NULL);
	parker_veto_works = ret >= 0;
	return ret < 0 ? ret : 0;
}
core_initcall(parker_owner_init);

/* Could a partition own this CPU, with its core? */
static int check_owner(const struct parker_partition *p, unsigned int cpu,
		       struct parker_error *err)
{
	const struct parker_partition *owner = per_cpu(parker_owner, cpu);

	lockdep_assert_held(&parker_mutex);

	if (cpumask_test_cpu(cpu, &parker_quarantine))
		return parker_fail(err, -EBUSY,
				   "CPU %u is quarantined, as it could not be stopped; only a reboot of the machine frees it",
				   cpu);
	if (owner && owner != p)
		return parker_fail(err, -EBUSY, "CPU %u belongs to partition %s", cpu, owner->name);
	return 0;
}

/* Could a partition get this CPU, if only it was not for the rest of its core? */
static int check_cpu(const struct parker_partition *p, unsigned int cpu,
		     struct parker_error *err)
{
	int ret = check_owner(p, cpu, err);

	if (ret)
		return ret;
	if (p && per_cpu(parker_owner, cpu) == p)
		return cpumask_test_cpu(cpu, p->cpus) ? 0 :
		       parker_fail(err, -EBUSY,
				   "cpus: CPU %u was off when its core became the partition's; give the core back first",
				   cpu);
	if (!cpu_present(cpu) || !get_cpu_device(cpu))
		return parker_fail(err, -ENODEV, "There is no CPU %u", cpu);
	if (arch_parker_cpu_is_bsp(cpu))
		return parker_fail(err, -EBUSY,
				   "CPU %u stays with the boot kernel, as it booted the machine and resetting it would reset the machine",
				   cpu);
	return 0;
}

static int check_cpus(const struct parker_partition *p, const struct cpumask *cpus,
		      const struct cpumask *siblings, struct parker_error *err)
{
	unsigned int cpu;
	int ret;

	for_each_cpu(cpu, cpus) {
		ret = check_cpu(p, cpu, err);
		if (ret)
			return ret;
	}
	for_each_cpu(cpu, siblings) {
		ret = check_owner(p, cpu, err);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * parker_own_check() - Could a partition own these CPUs?
 * @p:		the partition, or NULL for a new one
 * @cpus:	the CPUs; those that are its own already are welcome
 * @siblings:	CPUs of the same cores, which are off and need not be there
 * @err:	gets the sentence
 *
 * Context: may sleep.
 * Return: 0, -EBUSY, -ENODEV or -EOPNOTSUPP.
 */
int parker_own_check(const struct parker_partition *p, const struct cpumask *cpus,
		     const struct cpumask *siblings, struct parker_error *err)
{
	if (!parker_veto_works)
		return parker_fail(err, -EOPNOTSUPP, "No CPU hotplug state was left at boot");

	guard(mutex)(&parker_mutex);

	return check_cpus(p, cpus, siblings, err);
}

/**
 * parker_own() - Make a partition the owner of CPUs, all or none
 * @p:		the partition
 * @cpus:	CPUs that nobody owns
 * @siblings:	CPUs of the same cores, which are off and need not be there
 * @err:	gets the sentence
 *
 * From here on they cannot come online.
 *
 * Context: may sleep.
 * Return: 0, -EBUSY or -ENODEV.
 */
int parker_own(struct parker_partition *p, const struct cpumask *cpus,
	       const struct cpumask *siblings, struct parker_error *err)
{
	unsigned int cpu;
	int ret;

	guard(mutex)(&parker_mutex);

	if (parker_asleep)
		return parker_fail(err, -EBUSY, "No CPU can be had while the system goes to sleep");
	/* Another partition may have been faster since the check. */
	ret = check_cpus(p, cpus, siblings, err);
	if (ret)
		return ret;
	for_each_cpu_or(cpu, cpus, siblings) {
		per_cpu(parker_owner, cpu) = p;
		cpumask_set_cpu(cpu, &parker_owned);
	}
	return 0;
}

/**
 * parker_owned_by() - Find the CPUs that a partition owns
 * @p:		the partition
 * @cpus:	gets them: its CPUs, and siblings of theirs that are off
 *
 * Context: may sleep; its op_mutex held.
 */
void parker_owned_by(const struct parker_partition *p, struct cpumask *cpus)
{
	unsigned int cpu;

	lockdep_assert_held(&p->op_mutex);

	cpumask_clear(cpus);
	for_each_possible_cpu(cpu)
		if (READ_ONCE(per_cpu(parker_owner, cpu)) == p)
			cpumask_set_cpu(cpu, cpus);
}

/**
 * parker_unlock_cpus() - Let CPUs come online again
 * @cpus: CPUs that are present again
 *
 * Nobody else can own them until parker_disown().
 *
 * Context: may sleep.
 */
void parker_unlock_cpus(const struct cpumask *cpus)
{
	guard(mutex)(&parker_mutex);
	cpumask_andnot(&parker_owned, &parker_owned, cpus);
}

/**
 * parker_disown() - Give CPUs back to the boot kernel
 * @cpus: CPUs that were unlocked, and online if they are to be
 *
 * Context: may sleep.
 */
void parker_disown(const struct cpumask *cpus)
{
	unsigned int cpu;

	guard(mutex)(&parker_mutex);
	for_each_cpu(cpu, cpus)
		per_cpu(parker_owner, cpu) = NULL;
}

/**
 * parker_cpus_are_owned() - Has the boot kernel given any CPU away?
 *
 * Context: any, machine checks included: the mask is read without a lock.
 * Return: true from before a CPU leaves this kernel until it may come back.
 */
bool parker_cpus_are_owned(void)
{
	return !cpumask_empty(&parker_owned);
}

static void drop_next_kernel(struct work_struct *work)
{
	struct kimage *image;

	/* Busy with a load that may have begun before the quarantine. */
	if (!kexec_trylock()) {
		schedule_delayed_work(to_delayed_work(work), HZ);
		return;
	}
	image = xchg(&kexec_image, NULL);
	kexec_unlock();
	if (image)
		pr_warn("parker: the kernel that was loaded for a kexec is dropped\n");
	kimage_free(image);
}

static DECLARE_DELAYED_WORK(drop_next_kernel_work, drop_next_kernel);

/**
 * parker_cpus_quarantine() - Keep CPUs out of use for good
 * @p:		the partition that they stay with, or NULL
 * @cpus:	CPUs that are claimed and could not be proved stopped
 *
 * As no other kernel can follow this one then, none stays loaded for that: who
 * goes down for a kexec looks whether there is one before user space is ended.
 *
 * Context: may sleep; no lock needed.
 */
void parker_cpus_quarantine(struct parker_partition *p, const struct cpumask *cpus)
{
	unsigned int cpu;

	scoped_guard(mutex, &parker_mutex) {
		for_each_cpu(cpu, cpus)
			per_cpu(parker_owner, cpu) = p;
		cpumask_or(&parker_quarantine, &parker_quarantine, cpus);
	}
	pr_warn("parker: CPUs %*pbl could not be stopped and are kept out of use\n",
		cpumask_pr_args(cpus));
	schedule_delayed_work(&drop_next_kernel_work, 0);
}

/**
 * parker_cpus_quarantined() - Which CPUs are out of use for good?
 *
 * Context: any.
 * Return: the CPUs, some of which may still be a quarantined partition's.
 */
const struct cpumask *parker_cpus_quarantined(void)
{
	return &parker_quarantine;
}

/**
 * parker_check_kexec() - May the boot kernel be replaced, or its successor loaded?
 * @comes_back: it is to go on later
 *
 * What could not be proved stopped may write to memory that the next kernel
 * uses.  Partitions that run are ended by a reboot notifier, but not when the
 * kernel comes back.
 *
 * Context: may sleep.
 * Return: 0, or -EBUSY with a line in the log.
 */
int parker_check_kexec(bool comes_back)
{
	const struct cpumask *cpus = comes_back ? &parker_owned : &parker_quarantine;

	guard(mutex)(&parker_mutex);

	if (cpumask_empty(cpus))
		return 0;
	pr_warn("parker: no kexec while CPUs %*pbl are %s\n", cpumask_pr_args(cpus),
		comes_back ? "claimed" : "quarantined: only a reset of the machine stops them");
	return -EBUSY;
}

/* Could a new partition get the core that this CPU is in?  Siblings may be absent. */
static bool core_is_free(unsigned int cpu, struct cpumask *core)
{
	if (check_cpu(NULL, cpu, NULL))
		return false;
	arch_parker_core_cpus(cpu, core);
	for_each_cpu(cpu, core)
		if (cpu_online(cpu) ? check_cpu(NULL, cpu, NULL) : check_owner(NULL, cpu, NULL))
			return false;
	return true;
}

/**
 * parker_cpus_show_available() - Show which CPUs a new partition could get
 * @m: the file
 *
 * Context: may sleep.
 */
void parker_cpus_show_available(struct seq_file *m)
{
	struct cpumask *available __free(kfree) = kzalloc(cpumask_size(), GFP_KERNEL);
	struct cpumask *core __free(kfree) = kzalloc(cpumask_size(), GFP_KERNEL);
	unsigned int cpu;

	if (!available || !core)
		return;

	if (!arch_parker_check_machine(NULL)) {
		guard(mutex)(&parker_mutex);
		for_each_present_cpu(cpu)
			if (core_is_free(cpu, core))
				cpumask_set_cpu(cpu, available);
	}
	seq_printf(m, "cpus %*pbl\n", cpumask_pr_args(available));
}
