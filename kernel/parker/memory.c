// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: memory of partitions: take, clear, give back.
 */
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/error-injection.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "internal.h"

static atomic64_t parker_quarantined_bytes;

/*
 * Gives up for a fatal signal: a large region takes seconds.  A page with a memory error
 * is left as it is: no other kernel gets it.
 */
static noinline int parker_region_clear(const struct parker_region *region, bool killable)
{
	unsigned long pfn = PHYS_PFN(region->start);
	unsigned long end = PHYS_PFN(region->start + region->len);

	for (; pfn < end; pfn++) {
		if (!PageHWPoison(pfn_to_page(pfn)))
			clear_highpage(pfn_to_page(pfn));
		cond_resched();
		if (killable && fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}
ALLOW_ERROR_INJECTION(parker_region_clear, ERRNO);

/* What goes is cleared if an application kernel may have written to it. */
static void parker_regions_give(const struct parker_partition *p,
				const struct parker_region *region, unsigned int nr)
{
	ktime_t begin;

	if (!nr)
		return;
	begin = parker_step_begin(p->name, "release_memory");
	for (unsigned int i = 0; i < nr; i++) {
		if (p->run)
			parker_region_clear(&region[i], false);
		parker_region_free(&region[i]);
	}
	parker_step_end(p->name, "release_memory", begin, 0);
}

/*
 * Moving pages waits until each CPU has run a work that empties its lists of pages, and a
 * signal does not end that.  A real-time task that never sleeps can keep a CPU from it for
 * good, so all CPUs are polled beforehand, in a way that can be given up.
 */
#define PARKER_RESPONSE_SECONDS	10

struct parker_cpu_poll {
	struct work_struct work;
	unsigned int cpu;
};

static DEFINE_PER_CPU(struct parker_cpu_poll, parker_cpu_polls);
static struct cpumask parker_silent_cpus;
static DECLARE_WAIT_QUEUE_HEAD(parker_responded);
static DEFINE_MUTEX(parker_poll_mutex);

static void parker_note_response(struct work_struct *work)
{
	struct parker_cpu_poll *poll = container_of(work, struct parker_cpu_poll, work);

	cpumask_clear_cpu(poll->cpu, &parker_silent_cpus);
	wake_up(&parker_responded);
}

static void parker_poll_cpus(void)
{
	struct parker_cpu_poll *poll;
	unsigned int cpu;

	lockdep_assert_held(&parker_poll_mutex);

	guard(cpus_read_lock)();
	for_each_online_cpu(cpu) {
		poll = per_cpu_ptr(&parker_cpu_polls, cpu);
		/* One without a response is still queued. */
		if (cpumask_test_and_set_cpu(cpu, &parker_silent_cpus))
			continue;
		INIT_WORK(&poll->work, parker_note_response);
		poll->cpu = cpu;
		schedule_work_on(cpu, &poll->work);
	}
}

static int parker_check_response(struct parker_error *err)
{
	long ret;

	if (mutex_lock_killable(&parker_poll_mutex))
		return parker_fail(err, -EINTR, "memory: killed while waiting for another request");
	parker_poll_cpus();
	ret = wait_event_killable_timeout(parker_responded,
					  !cpumask_intersects(&parker_silent_cpus, cpu_online_mask),
					  PARKER_RESPONSE_SECONDS * HZ);
	mutex_unlock(&parker_poll_mutex);
	if (ret > 0)
		return 0;
	if (ret)
		return parker_fail(err, -EINTR, "memory: killed while waiting for all CPUs");
	return parker_fail(err, -EBUSY,
			   "memory: CPU %*pbl did not run a kernel thread for %u s, as a real-time task leaves it no time; nothing can be taken until it does",
			   cpumask_pr_args(&parker_silent_cpus), PARKER_RESPONSE_SECONDS);
}

static u64 parker_wish_total(const struct parker_wish *wish)
{
	u64 total = 0;

	for (unsigned int i = 0; i < wish->nr; i++)
		total += wish->len[i];
	return total;
}

static int parker_plan_take(struct parker_plan *plan, int near, struct parker_error *err)
{
	u64 total = parker_wish_total(&plan->rest), missing;
	int ret;

	if (!total)
		return 0;
	ret = parker_take(plan, near);
	missing = parker_wish_total(&plan->rest);
	if (ret == -EINTR)
		return parker_fail(err, ret, "Killed while taking memory");
	if (ret || missing)
		return parker_fail(err, -ENOMEM,
				   "%llu MiB more are wanted, only %llu MiB could be taken in up to %d regions; free memory, or keep some aside with parker_memory=",
				   total / SZ_1M, (total - missing) / SZ_1M, PARKER_MAX_REGIONS);
	return 0;
}

/* Memory becomes another kernel's here, so this is where it is cleared. */
static int parker_plan_clear(const struct parker_plan *plan, struct parker_error *err)
{
	for (unsigned int i = 0; i < plan->taken.nr; i++)
		if (parker_region_clear(&plan->taken.region[i], true))
			return parker_fail(err, -EINTR, "Killed while clearing memory");
	return 0;
}

/* Takes what is missing and clears it; on a failure some of it may be taken. */
static int parker_plan_claim(const struct parker_partition *p, struct parker_plan *plan,
			     int near, struct parker_error *err)
{
	ktime_t begin;
	int ret;

	if (!parker_wish_total(&plan->rest))
		return 0;
	begin = parker_step_begin(p->name, "take_memory");
	ret = parker_step_end(p->name, "take_memory", begin, parker_plan_take(plan, near, err));
	if (ret)
		return ret;
	begin = parker_step_begin(p->name, "clear_memory");
	return parker_step_end(p->name, "clear_memory", begin, parker_plan_clear(plan, err));
}

static int parker_plan_check(const struct parker_plan *plan, struct parker_error *err)
{
	const struct parker_wish *rest = &plan->rest;
	u64 sum = 0, low = 0, total = parker_wish_total(rest);
	struct parker_estimate estimate;
	int node, ret;

	if (!total)
		return 0;
	ret = parker_check_response(err);
	if (ret)
		return ret;

	/* Pages on their way to the LRU lists look as if they could not move. */
	lru_add_drain_all();
	for_each_node_state(node, N_MEMORY) {
		if (parker_estimate(node, &estimate))
			return parker_fail(err, -ENOMEM, "No memory to search for memory");
		sum += estimate.bytes;
		low += estimate.low;
		for (unsigned int i = 0; i < rest->nr; i++)
			if (rest->node[i] == node && rest->len[i] > estimate.bytes)
				return parker_fail(err, -ENOMEM,
						   "%llu MiB more are wanted on node %d, which has %llu MiB that are free or can be freed",
						   rest->len[i] / SZ_1M, node,
						   estimate.bytes / SZ_1M);
	}

	for (unsigned int i = 0; i < rest->nr; i++)
		if (rest->node[i] == PARKER_LOW_MEMORY && rest->len[i] > low)
			return parker_fail(err, -ENOMEM,
					   "%llu MiB more are wanted below 4 GiB, where %llu MiB are free or can be freed",
					   rest->len[i] / SZ_1M, low / SZ_1M);

	sum = min_t(u64, sum, (u64)si_mem_available() << PAGE_SHIFT);
	if (total > sum)
		return parker_fail(err, -ENOMEM,
				   "%llu MiB more are wanted, and %llu MiB are free or can be freed",
				   total / SZ_1M, sum / SZ_1M);
	return 0;
}

/**
 * parker_memory_check() - Could this wish be fulfilled?
 * @p:		the partition, or NULL for a new one
 * @wish:	what is wanted
 * @err:	gets the sentence
 *
 * A quick estimate that changes nothing.  Any node may serve a wish that names
 * none.
 *
 * Context: may sleep; op_mutex held if there is a partition.
 * Return: 0, -ENOMEM, -EBUSY when a CPU has no time for kernel threads, or -EINTR
 * after a fatal signal.
 */
int parker_memory_check(const struct parker_partition *p, const struct parker_wish *wish,
			struct parker_error *err)
{
	struct parker_plan *plan __free(kfree) = kmalloc(sizeof(*plan), GFP_KERNEL);

	if (!plan)
		return parker_fail(err, -ENOMEM, "No memory for the plan");

	parker_regions_fit(p ? p->regions : NULL, p ? p->nr_regions : 0, wish, plan);
	return parker_plan_check(plan, err);
}

/**
 * parker_memory_set() - Give a partition the memory that is wished for
 * @p:		the partition
 * @wish:	all that it is to have
 * @near:	node to prefer where the wish names none, or NUMA_NO_NODE
 * @err:	gets the sentence
 *
 * Regions that fit are kept.  What is new is cleared; what goes is cleared if
 * an application kernel may have written to it.
 *
 * Context: may sleep; op_mutex held.
 * Return: 0, -ENOMEM, -EBUSY when a CPU has no time for kernel threads, or -EINTR
 * after a fatal signal; after a failure the partition has what it had.
 */
int parker_memory_set(struct parker_partition *p, const struct parker_wish *wish,
		      int near, struct parker_error *err)
{
	/* Giving back must not fail, and so small an allocation does not. */
	struct parker_plan *plan __free(kfree) =
		kmalloc(sizeof(*plan), GFP_KERNEL | __GFP_NOFAIL);
	int ret;

	lockdep_assert_held(&p->op_mutex);

	parker_regions_fit(p->regions, p->nr_regions, wish, plan);
	ret = parker_plan_check(plan, err);
	if (ret)
		return ret;
	ret = parker_plan_claim(p, plan, near, err);
	if (ret) {
		for (unsigned int i = 0; i < plan->taken.nr; i++)
			parker_region_free(&plan->taken.region[i]);
		return ret;
	}

	memcpy(p->regions, plan->result.region, sizeof(p->regions));
	p->nr_regions = plan->result.nr;
	parker_regions_give(p, plan->drop.region, plan->drop.nr);
	return 0;
}

/**
 * parker_memory_quarantine() - Keep a partition's memory out of use for good
 * @p: a partition that enters PARKER_QUARANTINED
 *
 * It stays listed as the partition's, and nobody gives it back.
 *
 * Context: may sleep; called once for a partition.
 */
void parker_memory_quarantine(struct parker_partition *p)
{
	for (unsigned int i = 0; i < p->nr_regions; i++)
		atomic64_add(p->regions[i].len, &parker_quarantined_bytes);
}

/**
 * parker_memory_quarantined() - How much memory is out of use for good?
 *
 * Context: any.
 * Return: bytes.
 */
u64 parker_memory_quarantined(void)
{
	return atomic64_read(&parker_quarantined_bytes);
}

/**
 * parker_memory_show() - Show the regions of a partition
 * @m:		the file
 * @p:		the partition
 * @addresses:	where they are, too, else 0
 *
 * Context: op_mutex held.
 */
void parker_memory_show(struct seq_file *m, const struct parker_partition *p,
			bool addresses)
{
	for (unsigned int i = 0; i < p->nr_regions; i++) {
		const struct parker_region *region = &p->regions[i];
		u64 start = region->start, len = region->len;

		seq_printf(m, "0x%llx-0x%llx %llu node%d\n", addresses ? start : 0,
			   addresses ? start + len - 1 : 0, len, region->node);
	}
}

/**
 * parker_memory_show_available() - Show what a new partition could get
 * @m: the file
 *
 * Context: may sleep.
 */
void parker_memory_show_available(struct seq_file *m)
{
	struct parker_estimate estimate;
	int node;

	for_each_node_state(node, N_MEMORY)
		if (!parker_estimate(node, &estimate))
			seq_printf(m, "memory node%d %llu largest %llu\n", node,
				   estimate.bytes, estimate.largest);
}

