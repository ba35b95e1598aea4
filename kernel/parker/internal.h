/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker: what the files of kernel/parker share.
 *
 * Order of locks, outer to inner: VFS and kernfs locks; the kernfs active
 * reference is dropped; parker_partition::op_mutex; parker_partition::memory_sem;
 * parker_mutex; CPU hotplug, device and memory locks; the monitor's watched_lock;
 * parker_partition::lock.
 * None of the mutexes is taken in a CPU hotplug callback, an atomic notifier or
 * an interrupt.  The kexec lock is taken for a moment only, and only by owner.c
 * after a quarantine: __crash_kexec() needs it.
 */
#ifndef _KERNEL_PARKER_INTERNAL_H
#define _KERNEL_PARKER_INTERNAL_H

#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/parker.h>
#include <linux/parker_pci.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define PARKER_MAX_PARTITIONS	256

struct device;
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
 * @PARKER_NR_STATES:	the number of states
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
 * @kernel_len:	length of the kernel's file in bytes
 * @verified:	its signature was verified when it was read
 * @info:	what the kernel says of itself
 * @unpacked:	the kernel, ready to be placed, NULL: it unpacks itself
 * @unpacked_len: its length in bytes
 */
struct parker_image {
	struct kimage *kimage;
	size_t kernel_len;
	bool verified;
	struct parker_image_info info;
	struct parker_unpacked *unpacked;
	size_t unpacked_len;
};

/**
 * struct parker_layout - where the parts of a hand-over block are
 * @request:		the request word
 * @told:		what the application kernel reports
 * @console:		header of the console ring
 * @console_size:	bytes of the ring
 *
 * Taken from the block before the CPUs start, as the application kernel could
 * change the offsets later.
 */
struct parker_layout {
	struct parker_request *request;
	const struct parker_told *told;
	const struct parker_console *console;
	size_t console_size;
};

/**
 * struct parker_report - copy of what an application kernel reports
 * @version:		as in struct parker_told
 * @state:		likewise
 * @end:		likewise
 * @panicked:		likewise
 * @panic_timeout:	likewise
 * @heartbeat:		likewise
 * @workbeat:		likewise
 * @console_head:	as in struct parker_console
 * @stamps:		as in struct parker_told
 * @message:		the panic message, terminated
 */
struct parker_report {
	u32 version;
	u32 state;
	u32 end;
	u32 panicked;
	s32 panic_timeout;
	u64 heartbeat;
	u64 workbeat;
	u64 console_head;
	u64 stamps[PARKER_NR_STAMPS];
	char message[PARKER_TEXT_LEN];
};

/**
 * struct parker_verdict - what follows from a report
 * @state:		the state to go to; that in force when nothing happened
 * @killed:		the boot kernel ends it because it did not by itself
 * @reboot:		it asked to be started again
 * @panic_timeout:	seconds after which it wants to be started again,
 *			negative: at once, 0: never
 * @reason:		one sentence
 */
struct parker_verdict {
	enum parker_state state;
	bool killed;
	bool reboot;
	int panic_timeout;
	char reason[PARKER_TEXT_LEN];
};

/**
 * struct parker_watch - what the monitor remembers of a running kernel
 * @node:		entry in what is watched, several times a second
 * @run:		the start that the rest is about, see parker_partition::run
 * @state:		state of the partition when it was last checked
 * @state_at:		time at which it was first seen in that, by parker_clock::time
 *			as all that follow
 * @told_state:		last state reported
 * @panicked:		a panic was reported
 * @panic_at:		time at which that was first seen
 * @heartbeat:		last heartbeat seen
 * @heart_at:		time of its last change
 * @workbeat:		last work beat seen
 * @work_at:		time of its last change
 * @console_head:	last position of the console seen
 * @console_at:		time of its last change
 * @stamps:		those that were traced
 * @violated:		its guard has something to tell
 * @verdict:		how a kernel ends
 * @end_run:		the start that @verdict is about, 0: none yet
 * @work:		runs parker_monitor_act(), which does what these say
 *
 * Only the monitor touches it, under its lock.
 */
struct parker_watch {
	struct list_head node;
	unsigned int run;
	enum parker_state state;
	unsigned long state_at;
	u32 told_state;
	bool panicked;
	unsigned long panic_at;
	u64 heartbeat;
	unsigned long heart_at;
	u64 workbeat;
	unsigned long work_at;
	u64 console_head;
	unsigned long console_at;
	u64 stamps[PARKER_NR_STAMPS];
	bool violated;
	struct parker_verdict verdict;
	unsigned int end_run;
	struct work_struct work;
};

/**
 * struct parker_clock - the clock that deadlines of running kernels are measured by
 * @time:	jiffies in which they were checked on time
 * @checked_at:	when they were last checked, in jiffies
 */
struct parker_clock {
	unsigned long time;
	unsigned long checked_at;
};

/**
 * struct parker_view - what is known of a running kernel beside its report
 * @state:		state of the partition
 * @now:		parker_clock::time
 * @watchdog:		see struct parker_partition
 * @boot_timeout:	likewise
 * @stop_timeout:	likewise
 */
struct parker_view {
	enum parker_state state;
	unsigned long now;
	unsigned int watchdog;
	unsigned int boot_timeout;
	unsigned int stop_timeout;
};

/**
 * struct parker_stat - counters shown in the file stat
 * @starts:		kernels started, restarts included
 * @restarts:		kernels started again without a verb
 * @crashes:		kernels that ended in %PARKER_CRASHED
 * @kills:		kernels whose CPUs were taken back because it was asked for
 * @load_usec:		time that the last load took
 * @boot_usec:		time from the last start to the report, 0 before it
 * @heartbeats:		heartbeats of the last kernel
 * @console_bytes:	what it printed
 * @bad_pages:		pages with memory errors when they were counted last
 * @work_stalled:	it does no ordinary work
 * @guard:		what its guard told
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
	u64 bad_pages;
	bool work_stalled;
	struct parker_guard_report guard;
};

/**
 * struct parker_last_end - how a kernel ended
 * @time:	when, in seconds of the wall clock
 * @state:	the state that it left behind, %PARKER_EMPTY: none has ended yet
 * @reason:	one sentence on it
 */
struct parker_last_end {
	time64_t time;
	enum parker_state state;
	char reason[PARKER_TEXT_LEN];
};

/**
 * struct parker_partition - a partition
 * @node:	entry in parker_partitions, under parker_mutex
 * @ref:	one for the list, one for each user that dropped parker_mutex
 * @id:		1 to 65535, constant
 * @name:	constant
 * @kn:		its directory, with a reference
 * @kn_state:	its file state, with a reference, as the next ones
 * @kn_reason:	its file reason
 * @kn_console:	its file console
 * @dead:	removed; set under op_mutex, may be read without
 * @op_mutex:	held for what takes long: claiming, loading, starting
 * @memory_sem:	held for reading by who reads the partition's memory, for writing
 *		by who changes its regions or builds a kernel in them
 * @lock:	covers @state, @reason, @last_end, @starting, @start_cancelled, @kicking,
 *		@ending, @run, @restart_wanted, @error; may be taken in any context but NMI
 * @state:	written by parker_set_state() only, read without a lock
 * @reason:	one sentence on how the state came about
 * @last_end:	how its last kernel ended
 * @starting:	a start is under way, by the holder of op_mutex
 * @start_cancelled: the start in hand is to be given up before it takes effect
 * @kicking:	the boot CPU is being started, from the last check to the new state
 * @ending:	somebody is stopping its CPUs; set under @lock, by the one who does
 * @ended:	woken when @starting, @kicking or @ending is cleared
 * @run:	counts starts, so that who looked at an earlier kernel does not end
 *		a later one
 * @error:	text of last_error
 * @cpus:	its CPUs, under op_mutex; changed by cpus.c only; constant from a
 *		start to the end
 * @cpus_were_online: those of @cpus that Parker took offline
 * @unproved:	in PARKER_QUARANTINED those of @cpus that could not be stopped
 * @regions:	its memory, under op_mutex; changed by memory.c only
 * @nr_regions:	entries of @regions
 * @pci:	its PCI functions, under op_mutex; constant from a start to the end
 * @image:	loaded image or NULL, under op_mutex
 * @boot:	the start in hand, or the last one; block is NULL when there was
 *		none or its memory is given back, under memory_sem; also under
 *		@lock while the state is live and not @ending
 * @layout:	of the block in @boot, likewise
 * @started:	time of the last start
 * @watch:	the monitor's own
 * @lost:	how a kernel ends that lost a PCI function, by the one who set @ending
 * @lost_work:	sees to that end
 * @stat:	counters
 * @watchdog:	seconds without a heartbeat until the kernel counts as hung, 0: off
 * @boot_timeout:	seconds from the start to the report
 * @stop_timeout:	seconds from the stop request to the end
 * @guarded:	isolation says guarded; under op_mutex
 * @log_violations: on_violation says log; likewise
 * @guard_tells: its guard can be asked; under @lock, which who reads it without
 *		takes before asking
 * @restart_on_crash: on_crash says restart
 * @restart_wanted: @restart_work is to start it
 * @restart_work:	the pending restart
 * @restart_delay:	back-off in seconds of the next restart
 */
struct parker_partition {
	struct list_head node;
	struct kref ref;
	u32 id;
	char name[PARKER_NAME_LEN];
	struct kernfs_node *kn;
	struct kernfs_node *kn_state;
	struct kernfs_node *kn_reason;
	struct kernfs_node *kn_console;
	bool dead;

	/* The outermost lock, see the top of the file. */
	struct mutex op_mutex;
	struct rw_semaphore memory_sem;
	raw_spinlock_t lock;
	enum parker_state state;
	char reason[PARKER_TEXT_LEN];
	struct parker_last_end last_end;
	bool starting;
	bool start_cancelled;
	bool kicking;
	bool ending;
	wait_queue_head_t ended;
	unsigned int run;
	struct parker_error error;

	cpumask_var_t cpus;
	cpumask_var_t cpus_were_online;
	cpumask_var_t unproved;
	struct parker_region regions[PARKER_MAX_REGIONS];
	unsigned int nr_regions;
	struct parker_pci pci;
	struct parker_image *image;

	struct parker_boot boot;
	struct parker_layout layout;
	ktime_t started;
	struct parker_watch watch;
	struct parker_verdict lost;
	struct work_struct lost_work;
	struct parker_stat stat;

	unsigned int watchdog;
	unsigned int boot_timeout;
	unsigned int stop_timeout;
	bool guarded;
	bool log_violations;
	bool guard_tells;
	bool restart_on_crash;
	bool restart_wanted;
	struct delayed_work restart_work;
	unsigned int restart_delay;
};

/*
 * The list of partitions and the ownership masks; held for moments only.
 * Defined in owner.c, the lowest user.
 */
extern struct mutex parker_mutex;

/* In place of a node: memory below 4 GiB, of any node. */
#define PARKER_LOW_MEMORY	(-2)

/**
 * struct parker_wish - what was asked for in a write to memory
 * @nr:		entries, 0: give all back
 * @len:	bytes, rounded up to %PARKER_ALIGN
 * @node:	wanted node, %PARKER_LOW_MEMORY or NUMA_NO_NODE
 */
struct parker_wish {
	unsigned int nr;
	u64 len[PARKER_MAX_REGIONS];
	int node[PARKER_MAX_REGIONS];
};

/* from state.c: pure functions */

/**
 * enum parker_verb - what can be written to state
 * @PARKER_START:	build a kernel and start its boot CPU
 * @PARKER_STOP:	ask it to power off
 * @PARKER_KILL:	take its CPUs back
 * @PARKER_UNLOAD:	drop the image
 * @PARKER_NR_VERBS:	the number of verbs
 */
enum parker_verb {
	PARKER_START,
	PARKER_STOP,
	PARKER_KILL,
	PARKER_UNLOAD,
	PARKER_NR_VERBS
};

const char *parker_state_name(enum parker_state state);
bool parker_state_follows(enum parker_state from, enum parker_state to);
bool parker_state_is_live(enum parker_state state);
int parker_verb_parse(const char *word, struct parker_error *err);
int parker_fail_quarantined(const char *what, const char *name, struct parker_error *err);
int parker_verb_check(enum parker_verb verb, enum parker_state state,
		      const char *name, struct parker_error *err);

/* from line.c: pure functions */

/**
 * struct parker_line - the parts of a line written to create or check
 * @name:	name of the partition
 * @cpus:	list of CPUs
 * @memory:	sizes, separated by commas
 * @devices:	functions, separated by commas, NULL when there are none
 * @isolation:	how it is held inside, NULL: as parker.isolation says
 */
struct parker_line {
	char *name;
	char *cpus;
	char *memory;
	char *devices;
	char *isolation;
};

int parker_check_name(const char *name, struct parker_error *err);
int parker_line_split(char *buf, struct parker_line *line, struct parker_error *err);

/* from judge.c: pure functions */
void parker_advance_clock(struct parker_clock *clock, unsigned long now);
void parker_judge(const struct parker_view *view, const struct parker_report *report,
		  struct parker_watch *watch, struct parker_verdict *verdict);
int parker_judge_restart(const struct parker_verdict *verdict, bool on_crash,
			 bool was_steady, unsigned int *backoff);

/* from partition.c */
extern struct list_head parker_partitions;
struct parker_partition *parker_partition_alloc(const char *name, struct parker_error *err);
int parker_partition_check(const struct parker_partition *p, struct parker_error *err);
int parker_partition_add(struct parker_partition *p, struct parker_error *err);
void parker_partition_del(struct parker_partition *p);
int parker_partition_give_back(struct parker_partition *p, struct parker_error *err);
int parker_partition_remove(struct parker_partition *p, struct parker_error *err);
int parker_lock_op(struct parker_partition *p, const char *what, struct parker_error *err);
struct parker_partition *parker_partition_get(u32 id);
void parker_partition_put(struct parker_partition *p);
int parker_check_idle(struct parker_partition *p, struct parker_error *err);
int parker_set_cpus(struct parker_partition *p, const struct cpumask *want,
		    struct parker_error *err);
int parker_set_memory(struct parker_partition *p, const struct parker_wish *wish,
		      struct parker_error *err);
int parker_set_devices(struct parker_partition *p, const struct parker_pci_wish *wish,
		       struct parker_error *err);
void __printf(3, 4) parker_set_state(struct parker_partition *p, enum parker_state state,
				     const char *reason, ...);
void parker_notify_state(struct parker_partition *p);
void parker_notify_console(struct parker_partition *p);
void parker_note_result(struct parker_partition *p, const struct parker_error *err);

DEFINE_FREE(parker_partition_put, struct parker_partition *, parker_partition_put(_T))

/* from run.c */
int parker_start(struct parker_partition *p, struct parker_error *err);
int parker_start_locked(struct parker_partition *p, bool restart, struct parker_error *err);
int parker_stop(struct parker_partition *p, struct parker_error *err);
int parker_kill(struct parker_partition *p, const char *reason, struct parker_error *err);
int parker_begin_end(struct parker_partition *p, unsigned int run);
int parker_finish_end(struct parker_partition *p, const struct parker_verdict *verdict);
int parker_end(struct parker_partition *p, unsigned int run,
	       const struct parker_verdict *verdict);

/* from lost.c */
void parker_lost_init(struct parker_partition *p);

/* from down.c */
bool parker_goes_down(void);

/* from kexec.c */
int parker_unload(struct parker_partition *p, struct parker_error *err);

/* from cpus.c: op_mutex held unless said otherwise */
int parker_cpus_parse(const char *buf, struct cpumask *want, struct parker_error *err);
int parker_cpus_check(const struct parker_partition *p, const struct cpumask *want,
		      struct parker_error *err);
int parker_cpus_set(struct parker_partition *p, const struct cpumask *want,
		    struct parker_error *err);
#if IS_ENABLED(CONFIG_KUNIT)
void parker_core_cpus(unsigned int cpu, struct cpumask *core);
unsigned int parker_find_half_core(const struct cpumask *want, const struct cpumask *off,
				   struct cpumask *missing);
void parker_find_siblings(const struct cpumask *cpus, struct cpumask *core,
			  struct cpumask *siblings);
#endif

/* from offline.c: no lock needed */
void parker_allow_offline(const struct cpumask *cpus);
int parker_take_all_offline(const struct parker_partition *p, const struct cpumask *cpus,
			    struct cpumask *were_online, struct parker_error *err);
int parker_note_cpus(const struct cpumask *cpus, struct parker_error *err);
void parker_bring_online(struct cpumask *cpus);
bool parker_come_later(const struct cpumask *cpus);
#if IS_ENABLED(CONFIG_KUNIT)
void parker_forbid_offline(struct device *dev, bool forbid);
#endif

/* from trace.c */
ktime_t parker_step_begin(const char *name, const char *step);
int parker_step_end(const char *name, const char *step, ktime_t begin, int result);
void parker_trace_state(const char *name, const char *state, const char *reason);
void parker_trace_stamps(const char *name, const u64 *stamps, u64 *traced);

/* from owner.c: no lock needed */
int parker_own_check(const struct parker_partition *p, const struct cpumask *cpus,
		     const struct cpumask *siblings, struct parker_error *err);
int parker_own(struct parker_partition *p, const struct cpumask *cpus,
	       const struct cpumask *siblings, struct parker_error *err);
void parker_owned_by(const struct parker_partition *p, struct cpumask *cpus);
void parker_unlock_cpus(const struct cpumask *cpus);
void parker_disown(const struct cpumask *cpus);
void parker_cpus_quarantine(struct parker_partition *p, const struct cpumask *cpus);
const struct cpumask *parker_cpus_quarantined(void);
void parker_cpus_show_available(struct seq_file *m);

/* from memory.c: op_mutex held unless said otherwise */
int parker_memory_check(const struct parker_partition *p, const struct parker_wish *wish,
			struct parker_error *err);
int parker_memory_set(struct parker_partition *p, const struct parker_wish *wish,
		      int near, struct parker_error *err);
void parker_memory_quarantine(struct parker_partition *p);
void parker_memory_show(struct seq_file *m, const struct parker_partition *p,
			bool addresses);
void parker_memory_show_available(struct seq_file *m);
u64 parker_memory_quarantined(void);

/* from ranges.c */

/**
 * struct parker_range - where to search for memory
 * @start:	first page frame
 * @end:	the one behind the last
 * @node:	only memory of this node
 * @zone:	only memory of this zone; NULL: a part of the pool
 */
struct parker_range {
	unsigned long start;
	unsigned long end;
	int node;
	struct zone *zone;
};

/**
 * struct parker_estimate - what could be taken from a node
 * @bytes:	in all
 * @low:	of it, below 4 GiB
 * @largest:	in one region
 */
struct parker_estimate {
	u64 bytes;
	u64 low;
	u64 largest;
};

struct parker_plan;
int parker_estimate(int node, struct parker_estimate *estimate);
int parker_take(struct parker_plan *plan, int near);
void parker_region_free(const struct parker_region *region);

/* from pool.c */
unsigned int parker_pool_areas(void);
void parker_pool_area(unsigned int i, struct parker_range *range);

/* from regions.c: pure functions */

/**
 * struct parker_regions - a set of regions
 * @nr:		entries
 * @region:	ascending, without overlap
 */
struct parker_regions {
	unsigned int nr;
	struct parker_region region[PARKER_MAX_REGIONS];
};

/**
 * struct parker_plan - what a wish means for a partition's regions
 * @result:	those that it has afterwards
 * @drop:	those that it gives back
 * @taken:	those of @result that were taken for it
 * @rest:	what is still to be taken, each node once
 */
struct parker_plan {
	struct parker_regions result;
	struct parker_regions drop;
	struct parker_regions taken;
	struct parker_wish rest;
};

/**
 * enum parker_block - what %PARKER_ALIGN bytes of memory hold
 * @PARKER_BLOCK_BAD:		no memory, or something that cannot move
 * @PARKER_BLOCK_MOVABLE:	something that can move
 * @PARKER_BLOCK_FREE:		nothing
 */
enum parker_block {
	PARKER_BLOCK_BAD,
	PARKER_BLOCK_MOVABLE,
	PARKER_BLOCK_FREE,
};

/**
 * struct parker_run - consecutive blocks
 * @first:	index of the first
 * @nr:		how many
 */
struct parker_run {
	unsigned long first;
	unsigned long nr;
};

int parker_memory_parse(const char *buf, const char *separators,
			struct parker_wish *wish, struct parker_error *err);
void parker_regions_fit(const struct parker_region *have, unsigned int nr,
			const struct parker_wish *wish, struct parker_plan *plan);
int parker_regions_add(struct parker_regions *regions, const struct parker_region *new);
bool parker_regions_hold(const struct parker_region *regions, unsigned int nr,
			 phys_addr_t start, u64 len);
bool parker_blocks_search(const u8 *kinds, unsigned long nr, unsigned long want,
			  struct parker_run *run);

/* from guard.c */
const char *parker_isolation_name(bool guarded);
int parker_isolation_parse(const char *word, bool *guarded, struct parker_error *err);
int parker_isolation_check(bool guarded, struct parker_error *err);
bool parker_isolation_default(void);
void parker_isolation_show(struct seq_file *m);
void parker_guard_begin(struct parker_partition *p);
void parker_guard_end(struct parker_partition *p);
bool parker_guard_judge(struct parker_partition *p, struct parker_verdict *verdict);
void parker_guard_tell(struct parker_partition *p);
void parker_guard_show(struct seq_file *m, struct parker_partition *p);

/* from image.c: no lock of Parker's held */
u32 parker_lockdown_level(void);
int parker_check_lockdown(const struct parker_image *image, u32 lockdown, const char *verb,
			  struct parker_error *err);
struct parker_image *parker_image_read(int kernel_fd, int initrd_fd,
				       const char __user *cmdline_ptr,
				       unsigned long cmdline_len, unsigned long flags,
				       u64 room, struct parker_error *err);
void parker_image_free(struct parker_image *image);
void parker_image_show(struct seq_file *m, const struct parker_image *image);

/* from monitor.c */
#if IS_ENABLED(CONFIG_KUNIT)
void parker_copy_report(const struct parker_layout *layout, struct parker_report *r);
#endif
u64 parker_console_end(const struct parker_partition *p);
void parker_monitor_init(struct parker_partition *p);
void parker_monitor_begin(struct parker_partition *p);
void parker_monitor_cancel(struct parker_partition *p);
void parker_restart_init(struct parker_partition *p);
void parker_restart_cancel(struct parker_partition *p);

#endif /* _KERNEL_PARKER_INTERNAL_H */
