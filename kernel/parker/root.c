// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: the files of the root, and making whole partitions.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "fs.h"

/**
 * struct parker_claim - what a line written to create or check asks for
 * @cpus:	its CPUs
 * @memory:	its memory
 * @devices:	its PCI functions
 * @guarded:	held inside by a guard
 */
struct parker_claim {
	const struct cpumask *cpus;
	struct parker_wish memory;
	struct parker_pci_wish devices;
	bool guarded;
};

static int version_show(struct seq_file *m, struct parker_partition *p)
{
	seq_puts(m, "1\n");
	return 0;
}

static void show_quarantined(struct seq_file *m)
{
	const struct cpumask *cpus = parker_cpus_quarantined();
	u64 memory = parker_memory_quarantined();

	if (memory || !cpumask_empty(cpus))
		seq_printf(m, "quarantined cpus %*pbl memory %llu\n",
			   cpumask_pr_args(cpus), memory);
}

static int available_show(struct seq_file *m, struct parker_partition *p)
{
	int ret;

	parker_cpus_show_available(m);
	parker_memory_show_available(m);
	ret = parker_pci_show_available(m);
	if (ret)
		return ret;
	parker_isolation_show(m);
	show_quarantined(m);
	return 0;
}

/* Two lists of CPUs, a line a node, a line and a sentence a function, and the rest. */
static size_t available_size(void)
{
	return 2 * sizeof("9999,") * nr_cpu_ids + 96 * nr_online_nodes +
	       2 * PARKER_TEXT_LEN * parker_pci_count() + PAGE_SIZE;
}

static int parse_claim(struct parker_line *line, struct cpumask *cpus,
		       struct parker_claim *claim, struct parker_error *err)
{
	int ret;

	ret = parker_cpus_parse(line->cpus, cpus, err) ?:
	      parker_memory_parse(line->memory, ",", &claim->memory, err);
	if (ret)
		return ret;
	if (cpumask_empty(cpus) || !claim->memory.nr)
		return parker_fail(err, -EINVAL, "%s: no CPU or no memory is asked for",
				   line->name);

	claim->cpus = cpus;
	claim->guarded = parker_isolation_default();
	if (line->isolation)
		ret = parker_isolation_parse(line->isolation, &claim->guarded, err);
	return ret ?: parker_pci_parse(line->devices, ",", &claim->devices, err);
}

static int check_claim(struct parker_partition *p, const struct parker_claim *claim,
		       struct parker_error *err)
{
	lockdep_assert_held(&p->op_mutex);

	return parker_isolation_check(claim->guarded, err) ?:
	       parker_cpus_check(p, claim->cpus, err) ?:
	       parker_memory_check(p, &claim->memory, err) ?:
	       parker_pci_check(&p->pci, &claim->devices, err);
}

static int take_claim(struct parker_partition *p, const struct parker_claim *claim,
		      struct parker_error *err)
{
	int ret;

	ret = check_claim(p, claim, err) ?:
	      parker_set_cpus(p, claim->cpus, err) ?:
	      parker_set_memory(p, &claim->memory, err) ?:
	      parker_set_devices(p, &claim->devices, err);
	if (!ret)
		p->guarded = claim->guarded;
	return ret;
}

static int check_free(const struct parker_partition *p, struct parker_error *err)
{
	if (parker_fs_has(p->name))
		return parker_fail(err, -EEXIST, "%s: there is one of this name", p->name);
	return 0;
}

static int make_locked(struct parker_partition *p, const struct parker_claim *claim,
		       struct parker_error *err)
{
	struct parker_error undo_err = {};
	int ret;

	lockdep_assert_held(&p->op_mutex);

	ret = check_free(p, err) ?: parker_partition_add(p, err);
	if (ret)
		return ret;

	if (claim)
		ret = take_claim(p, claim, err);
	if (!ret)
		ret = parker_fs_publish(p, err);
	if (!ret)
		return 0;

	parker_partition_give_back(p, &undo_err);
	parker_partition_del(p);
	return ret;
}

/* Nobody else gets at it before its directory is there, as op_mutex is held. */
static int make(struct parker_partition *p, const struct parker_claim *claim,
		struct parker_error *err)
{
	ktime_t begin = parker_step_begin(p->name, "make");

	guard(mutex)(&p->op_mutex);

	return parker_step_end(p->name, "make", begin, make_locked(p, claim, err));
}

static int check_only(struct parker_partition *p, const struct parker_claim *claim,
		      struct parker_error *err)
{
	guard(mutex)(&p->op_mutex);

	return check_free(p, err) ?:
	       parker_partition_check(p, err) ?:
	       check_claim(p, claim, err);
}

/**
 * parker_make() - Make an empty partition with its directory
 * @name:	its name
 * @err:	gets the sentence
 *
 * Context: may sleep.
 * Return: 0, -EINVAL, -EEXIST, -ENOSPC or -ENOMEM.
 */
int parker_make(const char *name, struct parker_error *err)
{
	struct parker_partition *p __free(parker_partition_put) =
		parker_partition_alloc(name, err);

	return IS_ERR(p) ? PTR_ERR(p) : make(p, NULL, err);
}

typedef int (*parker_act)(struct parker_partition *p, const struct parker_claim *claim,
			  struct parker_error *err);

static int act_on_line(const struct parker_write *w, struct cpumask *cpus, parker_act act)
{
	struct parker_claim *claim __free(kfree) = kmalloc(sizeof(*claim), GFP_KERNEL);
	struct parker_line line;
	int ret;

	if (!claim)
		return -ENOMEM;
	ret = parker_line_split(w->buf, &line, w->err) ?:
	      parse_claim(&line, cpus, claim, w->err);
	if (ret)
		return ret;

	struct parker_partition *p __free(parker_partition_put) =
		parker_partition_alloc(line.name, w->err);

	return IS_ERR(p) ? PTR_ERR(p) : act(p, claim, w->err);
}

static int create_or_check(const struct parker_write *w, parker_act act)
{
	cpumask_var_t cpus;
	int ret;

	if (!zalloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;

	ret = act_on_line(w, cpus, act);
	free_cpumask_var(cpus);
	return ret;
}

static int create_write(struct parker_partition *p, const struct parker_write *w)
{
	return create_or_check(w, make);
}

static int check_write(struct parker_partition *p, const struct parker_write *w)
{
	return create_or_check(w, check_only);
}

struct parker_file parker_root_files[] = {
	{
		.name	= "version",
		.mode	= 0444,
		.show	= version_show,
	},
	{
		.name	= "available",
		.mode	= 0400,
		.show	= available_show,
		.show_size = available_size,
	},
	{
		.name	= "create",
		.mode	= 0200,
		.write	= create_write,
	},
	{
		.name	= "check",
		.mode	= 0200,
		.write	= check_write,
	},
	{
		.name	= "last_error",
		.mode	= 0444,
		.show	= parker_fs_show_error,
	},
	{ }
};
