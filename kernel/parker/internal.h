/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker: what the files of kernel/parker share.
 *
 * Order of locks, outer to inner: VFS and kernfs locks; the kernfs active
 * reference is dropped; parker_partition::op_mutex; parker_mutex; CPU hotplug,
 * device and memory locks; parker_partition::lock.  None of the mutexes is
 * taken in a CPU hotplug callback, an atomic notifier or an interrupt, and
 * never the kexec lock: __crash_kexec() needs it.
 */
#ifndef _KERNEL_PARKER_INTERNAL_H
#define _KERNEL_PARKER_INTERNAL_H

#include <linux/cpumask.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/parker.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define PARKER_MAX_PARTITIONS	256

struct kernfs_node;
struct kimage;
struct seq_file;

/**
 * enum parker_state - the life of a partition
 * @PARKER_EMPTY:	no kernel is loaded
 * @PARKER_LOADED:	an image is held
 * @PARKER_BOOTING:	its boot CPU was started, it has not reported yet
 * @PARKER_RUNNING:	it has reported
 * @PARKER_STOPPING:	it was asked to power off
 * @PARKER_STOPPED:	it ended in an orderly way or was killed
 * @PARKER_CRASHED:	it panicked, hung or never came up
 * @PARKER_QUARANTINED:	something of it could not be proved stopped
 */
enum parker_state {
	PARKER_EMPTY,
	PARKER_LOADED,
	PARKER_BOOTING,
	PARKER_RUNNING,
	PARKER_STOPPING,
	PARKER_STOPPED,
	PARKER_CRASHED,
	PARKER_QUARANTINED,
	PARKER_NR_STATES
};

/**
 * struct parker_image - a loaded kernel, pristine
 * @kimage:	holds the buffers of kernel, initrd and command line
 * @info:	what the kernel says of itself
 */
struct parker_image {
	struct kimage *kimage;
	struct parker_image_info info;
};

/**
 * struct parker_watch - what the monitor remembers of a running kernel
 * @work:		runs parker_monitor_check() about ten times a second
 * @since:		time of the start, then of the last change of @heartbeat, in jiffies
 * @heartbeat:		last heartbeat seen
 * @workbeat:		last work beat seen
 * @work_since:		time of the last change of @workbeat
 * @stop_since:		time of the stop request
 * @panic_since:	time at which a panic or its last console byte was seen, 0: none
 * @console_head:	last position of the console seen
 */
struct parker_watch {
	struct delayed_work work;
	unsigned long since;
	u64 heartbeat;
	u64 workbeat;
	unsigned long work_since;
	unsigned long stop_since;
	unsigned long panic_since;
	u64 console_head;
};

/**
 * struct parker_stat - counters shown in the file stat
 */
struct parker_stat {
	u64 starts;
	u64 restarts;
	u64 crashes;
	u64 kills;
	u64 load_usec;
	u64 boot_usec;
	u64 heartbeats;
	u64 console_bytes;
	bool work_stalled;
};

/**
 * struct parker_partition - a partition
 * @node:	entry in parker_partitions, under parker_mutex
 * @ref:	one for the list, one for each user that dropped parker_mutex
 * @id:		1 to 65535, constant
 * @name:	constant
 * @kn:		its directory, with a reference
 * @dead:	removed from the file system, under op_mutex
 * @op_mutex:	held for what takes long: claiming, loading, starting
 * @lock:	covers @state, @reason, @ending; may be taken in any context but NMI
 * @state:	written by parker_set_state() only, read without a lock
 * @reason:	one sentence on how the state came about
 * @ending:	somebody is stopping its CPUs; set under @lock, by the one who does
 * @ended:	woken when @ending is cleared
 * @error:	text of last_error, written and shown by fs.c under its own lock
 * @cpus:	its CPUs, under op_mutex; changed by cpus.c only
 * @cpus_were_online: those of @cpus that Parker took offline
 * @regions:	its memory, under op_mutex; changed by memory.c only
 * @nr_regions:	entries of @regions
 * @image:	loaded image or NULL, under op_mutex; changed by image.c only
 * @boot:	the start in hand, or the last one; block is NULL when there was none
 * @watch:	the monitor's own
 * @stat:	counters
 * @watchdog:	seconds without a heartbeat until the kernel counts as hung, 0: off
 * @boot_timeout:	seconds from the start to the report
 * @stop_timeout:	seconds from the stop request to the end
 * @restart_on_crash: on_crash says restart
 * @restart_work:	the pending restart
 * @restart_delay:	back-off in seconds of the next restart after a crash
 */
struct parker_partition {
	struct list_head node;
	struct kref ref;
	u32 id;
	char name[PARKER_NAME_LEN];
	struct kernfs_node *kn;
	bool dead;

	struct mutex op_mutex;
	raw_spinlock_t lock;
	enum parker_state state;
	char reason[PARKER_TEXT_LEN];
	bool ending;
	wait_queue_head_t ended;
	struct parker_error error;

	cpumask_var_t cpus;
	cpumask_var_t cpus_were_online;
	struct parker_region regions[PARKER_MAX_REGIONS];
	unsigned int nr_regions;
	struct parker_image *image;

	struct parker_boot boot;
	struct parker_watch watch;
	struct parker_stat stat;

	unsigned int watchdog;
	unsigned int boot_timeout;
	unsigned int stop_timeout;
	bool restart_on_crash;
	struct delayed_work restart_work;
	unsigned int restart_delay;
};

/*
 * The list of partitions and the ownership masks; held for moments only.
 * Defined in cpus.c, the lowest user.
 */
extern struct mutex parker_mutex;

/* from partition.c */
extern struct list_head parker_partitions;
struct parker_partition *parker_partition_create(const char *name, struct parker_error *err);
int parker_partition_remove(struct parker_partition *p, struct parker_error *err);
struct parker_partition *parker_partition_get(u32 id);
void parker_partition_put(struct parker_partition *p);
bool parker_is_busy(const struct parker_partition *p);
const char *parker_state_name(enum parker_state state);
int parker_check_name(const char *name, struct parker_error *err);
void __printf(3, 4) parker_set_state(struct parker_partition *p, enum parker_state state,
				     const char *reason, ...);
int parker_check_idle(struct parker_partition *p, struct parker_error *err);
int parker_start(struct parker_partition *p, struct parker_error *err);
int parker_stop(struct parker_partition *p, struct parker_error *err);
int parker_kill(struct parker_partition *p, struct parker_error *err);
int parker_unload(struct parker_partition *p, struct parker_error *err);
int __printf(3, 4) parker_end(struct parker_partition *p, enum parker_state state,
			      const char *reason, ...);

/* from fs.c */
void parker_notify_state(struct parker_partition *p);
void parker_notify_console(struct parker_partition *p);

/* from cpus.c: op_mutex held unless said otherwise */
int parker_cpus_parse(const char *buf, struct cpumask *want, struct parker_error *err);
int parker_cpus_check(const struct parker_partition *p, const struct cpumask *want,
		      struct parker_error *err);
int parker_cpus_set(struct parker_partition *p, const struct cpumask *want,
		    struct parker_error *err);
void parker_cpus_quarantine(struct parker_partition *p, const struct cpumask *cpus);
void parker_cpus_show_available(struct seq_file *m);

/* from memory.c: op_mutex held unless said otherwise */

/**
 * struct parker_wish - what was asked for in a write to memory
 * @nr:		entries, 0: give all back
 * @len:	bytes, rounded up to %PARKER_ALIGN
 * @node:	wanted node or NUMA_NO_NODE
 */
struct parker_wish {
	unsigned int nr;
	u64 len[PARKER_MAX_REGIONS];
	int node[PARKER_MAX_REGIONS];
};

int parker_memory_parse(const char *buf, const char *separators,
			struct parker_wish *wish, struct parker_error *err);
int parker_memory_check(const struct parker_partition *p, const struct parker_wish *wish,
			int near, struct parker_error *err);
int parker_memory_set(struct parker_partition *p, const struct parker_wish *wish,
		      int near, struct parker_error *err);
void parker_memory_quarantine(struct parker_partition *p);
void parker_memory_show(struct seq_file *m, const struct parker_partition *p);
void parker_memory_show_available(struct seq_file *m);
u64 parker_memory_quarantined(void);

/* from image.c: no lock of Parker's held */
struct parker_image *parker_image_read(int kernel_fd, int initrd_fd,
				       const char __user *cmdline_ptr,
				       unsigned long cmdline_len, unsigned long flags,
				       struct parker_error *err);
void parker_image_free(struct parker_image *image);
void parker_image_show(struct seq_file *m, const struct parker_image *image);

/* from monitor.c */
void parker_monitor_init(struct parker_partition *p);
void parker_monitor_begin(struct parker_partition *p);
void parker_monitor_end(struct parker_partition *p);
ssize_t parker_console_read(struct parker_partition *p, char *buf, size_t count, loff_t pos);

#endif /* _KERNEL_PARKER_INTERNAL_H */
