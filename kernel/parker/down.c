// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: what becomes of running kernels when the machine goes down.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/notifier.h>
#include <linux/reboot.h>

#include "internal.h"

/* So long the machine waits for kernels that were asked to power off. */
#define PARKER_DOWN_SECONDS	30

static bool parker_going_down;

/**
 * parker_goes_down() - Is the machine going down?
 *
 * Nothing is started any more then.
 *
 * Context: any.
 * Return: true if it is.
 */
bool parker_goes_down(void)
{
	return READ_ONCE(parker_going_down);
}

static bool may_run(struct parker_partition *p)
{
	bool may;

	scoped_guard(raw_spinlock_irqsave, &p->lock)
		may = p->starting || parker_state_is_live(p->state);
	return may;
}

static struct parker_partition *get_running(void)
{
	struct parker_partition *p;

	guard(mutex)(&parker_mutex);

	list_for_each_entry(p, &parker_partitions, node) {
		if (may_run(p)) {
			kref_get(&p->ref);
			return p;
		}
	}
	return NULL;
}

static void ask_all_to_stop(void)
{
	struct parker_partition *p;

	guard(mutex)(&parker_mutex);

	list_for_each_entry(p, &parker_partitions, node) {
		if (READ_ONCE(p->state) == PARKER_RUNNING && !parker_stop(p, NULL))
			pr_info("%s: asked to power off, as the machine goes down\n", p->name);
	}
}

/* One that was not asked, as it is still coming up, is not waited for. */
static bool stops_until(struct parker_partition *p, unsigned long end)
{
	unsigned long now = jiffies;

	return READ_ONCE(p->state) == PARKER_STOPPING &&
	       wait_event_timeout(p->ended, !may_run(p), time_before(now, end) ? end - now : 0);
}

/* Nothing may run on into the next kernel, or while power goes off. */
static int parker_machine_goes_down(struct notifier_block *nb, unsigned long action, void *data)
{
	unsigned long end = jiffies + PARKER_DOWN_SECONDS * HZ;
	struct parker_partition *p;

	WRITE_ONCE(parker_going_down, true);
	ask_all_to_stop();
	while ((p = get_running())) {
		if (!stops_until(p, end) &&
		    !parker_kill(p, "killed, as the machine goes down", NULL))
			pr_info("%s: killed, as the machine goes down\n", p->name);
		parker_partition_put(p);
	}

	return NOTIFY_DONE;
}

static struct notifier_block parker_reboot_nb = {
	.notifier_call = parker_machine_goes_down,
};

static int __init parker_down_init(void)
{
	return register_reboot_notifier(&parker_reboot_nb);
}
subsys_initcall(parker_down_init);
