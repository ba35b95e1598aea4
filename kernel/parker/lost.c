// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: the end of a kernel whose PCI function is taken from it by another than
 * its partition: the function was removed from the machine, or has to be reset.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/stdarg.h>

#include "internal.h"

static void parker_lost(struct work_struct *work)
{
	struct parker_partition *p = container_of(work, struct parker_partition, lost_work);

	parker_finish_end(p, &p->lost);
}

/**
 * parker_lost_init() - Get a new partition ready to lose a function
 * @p: the partition
 */
void parker_lost_init(struct parker_partition *p)
{
	INIT_WORK(&p->lost_work, parker_lost);
}

static bool is_kicking(struct parker_partition *p)
{
	bool kicking;

	scoped_guard(raw_spinlock_irqsave, &p->lock)
		kicking = p->kicking;
	return kicking;
}

/**
 * parker_pci_end_kernel() - End the kernel that uses a function
 * @pci:	the partition's functions
 * @reason:	the partition's reason is to say so, as by printf()
 *
 * Does nothing when no kernel runs.  A start under way finds out itself, by
 * parker_pci_check_present(): what that checks is set before this is called.
 *
 * The caller has the device lock of a function, for which an owner of op_mutex and
 * the end of a kernel may wait.  So no mutex is taken here, and of what follows only
 * the proof is waited for that the CPUs are stopped.  One that ends anyway was halted.
 *
 * Context: may sleep.
 */
void parker_pci_end_kernel(struct parker_pci *pci, const char *reason, ...)
{
	struct parker_partition *p = container_of(pci, struct parker_partition, pci);
	va_list args;

	wait_event(p->ended, !is_kicking(p));
	if (parker_begin_end(p, READ_ONCE(p->run)))
		return;

	p->lost = (struct parker_verdict){ .state = PARKER_CRASHED };
	va_start(args, reason);
	vscnprintf(p->lost.reason, sizeof(p->lost.reason), reason, args);
	va_end(args);
	if (arch_parker_park_cpus(p->cpus, p->unproved))
		pr_crit("%s: CPUs %*pbl may go on with a function that it lost (%s)\n", p->name,
			cpumask_pr_args(p->unproved), p->lost.reason);
	queue_work(system_unbound_wq, &p->lost_work);
}
