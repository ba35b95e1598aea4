// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: the files of a partition.
 */
#include <linux/capability.h>
#include <linux/kernel.h>
#include <linux/kexec.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "fs.h"

#define PARKER_MAX_SECONDS	86400

static int id_show(struct seq_file *m, struct parker_partition *p)
{
	seq_printf(m, "%u\n", p->id);
	return 0;
}

static int cpus_show(struct seq_file *m, struct parker_partition *p)
{
	seq_printf(m, "%*pbl\n", cpumask_pr_args(p->cpus));
	return 0;
}

static int cpus_write(struct parker_partition *p, const struct parker_write *w)
{
	cpumask_var_t want;
	int ret;

	if (!zalloc_cpumask_var(&want, GFP_KERNEL))
		return -ENOMEM;

	ret = parker_check_idle(p, w->err) ?:
	      parker_cpus_parse(w->buf, want, w->err) ?:
	      parker_set_cpus(p, want, w->err);
	free_cpumask_var(want);
	return ret;
}

/* Where the memory is helps in an attack, so that only an administrator sees it. */
static int memory_show(struct seq_file *m, struct parker_partition *p)
{
	parker_memory_show(m, p, file_ns_capable(m->file, &init_user_ns, CAP_SYS_ADMIN));
	return 0;
}

static int memory_write(struct parker_partition *p, const struct parker_write *w)
{
	struct parker_wish wish;

	return parker_check_idle(p, w->err) ?:
	       parker_memory_parse(w->buf, " \t\n", &wish, w->err) ?:
	       parker_set_memory(p, &wish, w->err);
}

static int devices_show(struct seq_file *m, struct parker_partition *p)
{
	parker_pci_show(m, &p->pci);
	return 0;
}

static int devices_write(struct parker_partition *p, const struct parker_write *w)
{
	struct parker_pci_wish *wish __free(kfree) = kmalloc(sizeof(*wish), GFP_KERNEL);

	if (!wish)
		return -ENOMEM;
	return parker_check_idle(p, w->err) ?:
	       parker_pci_parse(w->buf, " \t\n", wish, w->err) ?:
	       parker_set_devices(p, wish, w->err);
}

static int state_show(struct seq_file *m, struct parker_partition *p)
{
	seq_printf(m, "%s\n", parker_state_name(READ_ONCE(p->state)));
	return 0;
}

static int state_write(struct parker_partition *p, const struct parker_write *w)
{
	int verb = parker_verb_parse(w->buf, w->err);

	switch (verb) {
	case PARKER_START:
		if (!parker_may(w->file, CAP_SYS_BOOT))
			return parker_fail(w->err, -EPERM, "start: needs CAP_SYS_BOOT");
		return parker_start(p, w->err);
	case PARKER_STOP:
		return parker_stop(p, w->err);
	case PARKER_KILL:
		return parker_kill(p, "killed", w->err);
	case PARKER_UNLOAD:
		return parker_unload(p, w->err);
	default:
		return verb;
	}
}

static int reason_show(struct seq_file *m, struct parker_partition *p)
{
	char reason[PARKER_TEXT_LEN];

	scoped_guard(raw_spinlock_irqsave, &p->lock)
		strscpy(reason, p->reason);

	seq_printf(m, "%s\n", reason);
	return 0;
}

static int last_end_show(struct seq_file *m, struct parker_partition *p)
{
	struct parker_last_end end;

	scoped_guard(raw_spinlock_irqsave, &p->lock)
		end = p->last_end;

	/* A Z in the format would be read as a part of %ptT. */
	if (end.state != PARKER_EMPTY)
		seq_printf(m, "%ptT%c %s: %s\n", &end.time, 'Z',
			   parker_state_name(end.state), end.reason);
	return 0;
}

static int image_show(struct seq_file *m, struct parker_partition *p)
{
	if (p->image)
		parker_image_show(m, p->image);
	return 0;
}

static int command_line_show(struct seq_file *m, struct parker_partition *p)
{
	if (p->image && p->image->kimage->cmdline_buf)
		seq_printf(m, "%s\n", p->image->kimage->cmdline_buf);
	return 0;
}

static int write_seconds(const struct parker_write *w, const char *name,
			 unsigned int least, unsigned int *seconds)
{
	unsigned int value;

	if (kstrtouint(w->buf, 10, &value) || value < least || value > PARKER_MAX_SECONDS)
		return parker_fail(w->err, -EINVAL,
				   "%s: write a number of seconds from %u to %u",
				   name, least, PARKER_MAX_SECONDS);

	WRITE_ONCE(*seconds, value);
	return 0;
}

static int watchdog_show(struct seq_file *m, struct parker_partition *p)
{
	seq_printf(m, "%u\n", READ_ONCE(p->watchdog));
	return 0;
}

static int watchdog_write(struct parker_partition *p, const struct parker_write *w)
{
	return write_seconds(w, "watchdog", 0, &p->watchdog);
}

static int boot_timeout_show(struct seq_file *m, struct parker_partition *p)
{
	seq_printf(m, "%u\n", READ_ONCE(p->boot_timeout));
	return 0;
}

static int boot_timeout_write(struct parker_partition *p, const struct parker_write *w)
{
	return write_seconds(w, "boot_timeout", 1, &p->boot_timeout);
}

static int stop_timeout_show(struct seq_file *m, struct parker_partition *p)
{
	seq_printf(m, "%u\n", READ_ONCE(p->stop_timeout));
	return 0;
}

static int stop_timeout_write(struct parker_partition *p, const struct parker_write *w)
{
	return write_seconds(w, "stop_timeout", 1, &p->stop_timeout);
}

static int on_crash_show(struct seq_file *m, struct parker_partition *p)
{
	seq_puts(m, READ_ONCE(p->restart_on_crash) ? "restart\n" : "stay\n");
	return 0;
}

static int on_crash_write(struct parker_partition *p, const struct parker_write *w)
{
	static const char * const words[] = { "stay", "restart" };
	int word = match_string(words, ARRAY_SIZE(words), w->buf);

	if (word < 0)
		return parker_fail(w->err, -EINVAL, "on_crash: write stay or restart");

	WRITE_ONCE(p->restart_on_crash, word);
	return 0;
}

static int isolation_show(struct seq_file *m, struct parker_partition *p)
{
	seq_printf(m, "%s\n", parker_isolation_name(p->guarded));
	return 0;
}

static int isolation_write(struct parker_partition *p, const struct parker_write *w)
{
	bool guarded;
	int ret;

	ret = parker_isolation_parse(w->buf, &guarded, w->err) ?:
	      parker_check_idle(p, w->err) ?:
	      parker_isolation_check(guarded, w->err);
	if (!ret)
		p->guarded = guarded;
	return ret;
}

static int on_violation_show(struct seq_file *m, struct parker_partition *p)
{
	seq_puts(m, p->log_violations ? "log\n" : "stop\n");
	return 0;
}

/* The guard is told at the start. */
static int on_violation_write(struct parker_partition *p, const struct parker_write *w)
{
	static const char * const words[] = { "stop", "log" };
	int word = match_string(words, ARRAY_SIZE(words), w->buf);
	int ret;

	if (word < 0)
		return parker_fail(w->err, -EINVAL, "on_violation: write stop or log");
	ret = parker_check_idle(p, w->err);
	if (!ret)
		p->log_violations = word;
	return ret;
}

/*
 * Pages with memory errors.  While the memory changes, or a kernel is built there, it is
 * the number before: no read waits for that.
 */
static u64 parker_count_bad(struct parker_partition *p)
{
	struct parker_bad bad;

	if (down_read_trylock(&p->memory_sem)) {
		parker_find_bad(p->regions, p->nr_regions, &bad);
		WRITE_ONCE(p->stat.bad_pages, bad.pages);
		up_read(&p->memory_sem);
	}
	return READ_ONCE(p->stat.bad_pages);
}

static int stat_show(struct seq_file *m, struct parker_partition *p)
{
	const struct parker_stat *stat = &p->stat;

	seq_printf(m, "starts %llu\n", READ_ONCE(stat->starts));
	seq_printf(m, "restarts %llu\n", READ_ONCE(stat->restarts));
	seq_printf(m, "crashes %llu\n", READ_ONCE(stat->crashes));
	seq_printf(m, "kills %llu\n", READ_ONCE(stat->kills));
	seq_printf(m, "load_usec %llu\n", READ_ONCE(stat->load_usec));
	seq_printf(m, "boot_usec %llu\n", READ_ONCE(stat->boot_usec));
	seq_printf(m, "heartbeats %llu\n", READ_ONCE(stat->heartbeats));
	seq_printf(m, "work_stalled %u\n", READ_ONCE(stat->work_stalled));
	seq_printf(m, "console_bytes %llu\n", READ_ONCE(stat->console_bytes));
	seq_printf(m, "dma_faults %llu\n", (u64)atomic64_read(&p->pci.faults));
	seq_printf(m, "bad_pages %llu\n", parker_count_bad(p));
	parker_guard_show(m, p);
	return 0;
}

struct parker_file parker_partition_files[] = {
	{
		.name	= "id",
		.mode	= 0444,
		.flags	= PARKER_FILE_UNLOCKED,
		.show	= id_show,
	},
	{
		.name	= "cpus",
		.mode	= 0644,
		.show	= cpus_show,
		.write	= cpus_write,
	},
	{
		.name	= "memory",
		.mode	= 0644,
		.show	= memory_show,
		.write	= memory_write,
	},
	{
		.name	= "devices",
		.mode	= 0644,
		.show	= devices_show,
		.write	= devices_write,
	},
	{
		/* No lock here: kill must not wait for one. */
		.name	= "state",
		.mode	= 0644,
		.flags	= PARKER_FILE_UNLOCKED,
		.show	= state_show,
		.write	= state_write,
	},
	{
		.name	= "reason",
		.mode	= 0444,
		.flags	= PARKER_FILE_UNLOCKED,
		.show	= reason_show,
	},
	{
		.name	= "last_end",
		.mode	= 0444,
		.flags	= PARKER_FILE_UNLOCKED,
		.show	= last_end_show,
	},
	{
		.name	= "image",
		.mode	= 0444,
		.show	= image_show,
	},
	{
		.name	= "command_line",
		.mode	= 0400,
		.show	= command_line_show,
	},
	{
		.name	= "console",
		.mode	= 0400,
		.ops	= &parker_console_ops,
	},
	{
		.name	= "vmcore",
		.mode	= 0400,
		.ops	= &parker_vmcore_ops,
	},
	{
		.name	= "watchdog",
		.mode	= 0644,
		.flags	= PARKER_FILE_UNLOCKED,
		.show	= watchdog_show,
		.write	= watchdog_write,
	},
	{
		.name	= "boot_timeout",
		.mode	= 0644,
		.flags	= PARKER_FILE_UNLOCKED,
		.show	= boot_timeout_show,
		.write	= boot_timeout_write,
	},
	{
		.name	= "stop_timeout",
		.mode	= 0644,
		.flags	= PARKER_FILE_UNLOCKED,
		.show	= stop_timeout_show,
		.write	= stop_timeout_write,
	},
	{
		.name	= "on_crash",
		.mode	= 0644,
		.flags	= PARKER_FILE_UNLOCKED,
		.show	= on_crash_show,
		.write	= on_crash_write,
	},
	{
		.name	= "isolation",
		.mode	= 0644,
		.show	= isolation_show,
		.write	= isolation_write,
	},
	{
		.name	= "on_violation",
		.mode	= 0644,
		.show	= on_violation_show,
		.write	= on_violation_write,
	},
	{
		.name	= "stat",
		.mode	= 0444,
		.flags	= PARKER_FILE_UNLOCKED,
		.show	= stat_show,
	},
	{
		.name	= "last_error",
		.mode	= 0444,
		.flags	= PARKER_FILE_UNLOCKED,
		.show	= parker_fs_show_error,
	},
	{ }
};
