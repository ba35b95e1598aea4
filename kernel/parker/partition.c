// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: partitions as objects: their list, their state, what they hold.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/bug.h>
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/kernfs.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "internal.h"

#define PARKER_MAX_ID	65535

/* Under parker_mutex. */
LIST_HEAD(parker_partitions);
static DEFINE_IDR(parker_ids);
static unsigned int parker_nr_partitions;

static void parker_partition_free(struct parker_partition *p)
{
	kernfs_put(p->kn_console);
	kernfs_put(p->kn_reason);
	kernfs_put(p->kn_state);
	kernfs_put(p->kn);
	free_cpumask_var(p->unproved);
	free_cpumask_var(p->cpus_were_online);
	free_cpumask_var(p->cpus);
	kfree(p);
}

static void parker_partition_release(struct kref *ref)
{
	parker_partition_free(container_of(ref, struct parker_partition, ref));
}

/**
 * parker_partition_alloc() - Make a partition that holds nothing
 * @name:	its name
 * @err:	gets the sentence
 *
 * Context: may sleep.
 * Return: the partition with one reference, in no list, or an ERR_PTR():
 * -EINVAL or -ENOMEM.
 */
struct parker_partition *parker_partition_alloc(const char *name, struct parker_error *err)
{
	struct parker_partition *p;
	int ret;

	ret = parker_check_name(name, err);
	if (ret)
		return ERR_PTR(ret);

	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		goto no_memory;

	if (!zalloc_cpumask_var(&p->cpus, GFP_KERNEL) ||
	    !zalloc_cpumask_var(&p->cpus_were_online, GFP_KERNEL) ||
	    !zalloc_cpumask_var(&p->unproved, GFP_KERNEL)) {
		parker_partition_free(p);
		goto no_memory;
	}

	INIT_LIST_HEAD(&p->node);
	kref_init(&p->ref);
	strscpy(p->name, name);
	p->pci.name = p->name;
	INIT_LIST_HEAD(&p->pci.functions);
	mutex_init(&p->op_mutex);
	init_rwsem(&p->memory_sem);
	raw_spin_lock_init(&p->lock);
	init_waitqueue_head(&p->ended);
	strscpy(p->reason, "made");
	p->guarded = parker_isolation_default();
	p->watchdog = 10;
	p->boot_timeout = 60;
	p->stop_timeout = 90;
	parker_lost_init(p);
	parker_monitor_init(p);
	parker_restart_init(p);
	return p;

no_memory:
	parker_fail(err, -ENOMEM, "%s: the boot kernel has no memory for its own records", name);
	return ERR_PTR(-ENOMEM);
}

/**
 * parker_partition_put() - Drop a reference
 * @p: the partition, NULL, or an ERR_PTR()
 *
 * Context: may sleep.
 */
void parker_partition_put(struct parker_partition *p)
{
	if (!IS_ERR_OR_NULL(p))
		kref_put(&p->ref, parker_partition_release);
}

/**
 * parker_partition_get() - Find a partition
 * @id: its id
 *
 * Context: may sleep.
 * Return: the partition with a reference that the caller drops, or NULL.
 */
struct parker_partition *parker_partition_get(u32 id)
{
	struct parker_partition *p;

	guard(mutex)(&parker_mutex);

	p = idr_find(&parker_ids, id);
	if (p)
		kref_get(&p->ref);
	return p;
}

static int check_new(const struct parker_partition *p, struct parker_error *err)
{
	struct parker_partition *other;

	lockdep_assert_held(&parker_mutex);

	list_for_each_entry(other, &parker_partitions, node) {
		if (!strcmp(other->name, p->name))
			return parker_fail(err, -EEXIST, "%s: there is one of this name", p->name);
	}
	if (parker_nr_partitions >= PARKER_MAX_PARTITIONS)
		return parker_fail(err, -ENOSPC,
				   "%s: there are %u partitions, the most there can be",
				   p->name, parker_nr_partitions);
	return 0;
}

/**
 * parker_partition_check() - Could a partition be put on the list?
 * @p:		a new partition
 * @err:	gets the sentence
 *
 * Context: may sleep.
 * Return: 0, -EEXIST or -ENOSPC.
 */
int parker_partition_check(const struct parker_partition *p, struct parker_error *err)
{
	guard(mutex)(&parker_mutex);

	return check_new(p, err);
}

/**
 * parker_partition_add() - Give a partition an id and put it on the list
 * @p:		a new partition, its op_mutex held
 * @err:	gets the sentence
 *
 * The list takes a reference.
 *
 * Context: may sleep.
 * Return: 0, -EEXIST, -ENOSPC or -ENOMEM.
 */
int parker_partition_add(struct parker_partition *p, struct parker_error *err)
{
	int id;
	int ret;

	lockdep_assert_held(&p->op_mutex);

	guard(mutex)(&parker_mutex);

	ret = check_new(p, err);
	if (ret)
		return ret;

	id = idr_alloc_cyclic(&parker_ids, p, 1, PARKER_MAX_ID + 1, GFP_KERNEL);
	if (id < 0)
		return parker_fail(err, id, "%s: no id for it: %pe", p->name, ERR_PTR(id));

	p->id = id;
	kref_get(&p->ref);
	list_add_tail(&p->node, &parker_partitions);
	parker_nr_partitions++;
	return 0;
}

/**
 * parker_partition_del() - Take a partition that holds nothing from the list
 * @p: the partition, its op_mutex held
 *
 * Whoever still has a reference finds it dead.
 *
 * Context: may sleep.
 */
void parker_partition_del(struct parker_partition *p)
{
	lockdep_assert_held(&p->op_mutex);

	WRITE_ONCE(p->dead, true);
	scoped_guard(mutex, &parker_mutex) {
		list_del_init(&p->node);
		idr_remove(&parker_ids, p->id);
		parker_nr_partitions--;
	}
	parker_partition_put(p);
}

/**
 * parker_set_state() - Enter a state
 * @p:		the partition, its lock held
 * @state:	the state
 * @reason:	format of the sentence on how it came about
 *
 * The only place that writes the state.  Comes after the work, and the caller
 * calls parker_notify_state() when it has dropped the lock.
 *
 * Context: any but NMI.
 */
void parker_set_state(struct parker_partition *p, enum parker_state state,
		      const char *reason, ...)
{
	va_list args;

	lockdep_assert_held(&p->lock);

	WARN(!parker_state_follows(p->state, state), "%s: %s follows %s\n", p->name,
	     parker_state_name(state), parker_state_name(p->state));

	va_start(args, reason);
	vscnprintf(p->reason, sizeof(p->reason), reason, args);
	va_end(args);

	WRITE_ONCE(p->state, state);
	parker_trace_state(p->name, parker_state_name(state), p->reason);
}

/**
 * parker_notify_state() - Wake those who wait for a new state
 * @p: the partition
 *
 * Context: any.
 */
void parker_notify_state(struct parker_partition *p)
{
	if (p->kn_state)
		kernfs_notify(p->kn_state);
	if (p->kn_reason)
		kernfs_notify(p->kn_reason);
}

/**
 * parker_notify_console() - Wake those who wait for console text
 * @p: the partition
 *
 * Context: any.
 */
void parker_notify_console(struct parker_partition *p)
{
	if (p->kn_console)
		kernfs_notify(p->kn_console);
}

/**
 * parker_note_result() - Set what last_error shows
 * @p:		the partition
 * @err:	sentence of the operation; empty after a success, unless there is
 *		something to say all the same
 *
 * Context: any but NMI.
 */
void parker_note_result(struct parker_partition *p, const struct parker_error *err)
{
	scoped_guard(raw_spinlock_irqsave, &p->lock)
		p->error = *err;
}

/**
 * parker_lock_op() - Wait for the operation on a partition that is under way
 * @p:		the partition
 * @what:	the file or verb that waits for it
 * @err:	gets the message
 *
 * Context: may sleep, for seconds; a fatal signal ends the wait.
 * Return: 0 with op_mutex held, -EINTR after such a signal, or -ENODEV when the
 * partition is dead.
 */
int parker_lock_op(struct parker_partition *p, const char *what, struct parker_error *err)
{
	if (mutex_lock_killable(&p->op_mutex))
		return parker_fail(err, -EINTR,
				   "%s: killed while another operation on %s was under way",
				   what, p->name);
	if (!p->dead)
		return 0;

	mutex_unlock(&p->op_mutex);
	return parker_fail(err, -ENODEV, "%s: %s was removed", what, p->name);
}

/**
 * parker_check_idle() - Can CPUs, memory and devices be changed now?
 * @p:		the partition, its op_mutex held
 * @err:	gets the sentence
 *
 * Context: any but NMI.
 * Return: 0, -EBUSY, or -EIO in quarantine.
 */
int parker_check_idle(struct parker_partition *p, struct parker_error *err)
{
	lockdep_assert_held(&p->op_mutex);

	switch (READ_ONCE(p->state)) {
	case PARKER_EMPTY:
	case PARKER_LOADED:
	case PARKER_STOPPED:
		return 0;
	case PARKER_CRASHED:
		return parker_fail(err, -EBUSY,
				   "%s is crashed and keeps what it had; write kill to state first",
				   p->name);
	case PARKER_QUARANTINED:
		return parker_fail_quarantined("change", p->name, err);
	default:
		return parker_fail(err, -EBUSY,
				   "%s is %s; this can be changed in empty, loaded and stopped",
				   p->name, parker_state_name(p->state));
	}
}

/*
 * The console outlives its kernel, but not the memory that it is in.  Of the
 * block itself nothing is read: it may say anything by now.
 */
static void forget_lost_block(struct parker_partition *p)
{
	size_t len;

	lockdep_assert_held_write(&p->memory_sem);

	if (!p->boot.block)
		return;

	/* The console is its last part. */
	len = (void *)p->layout.console - (void *)p->boot.block +
	      sizeof(*p->layout.console) + p->layout.console_size;
	if (!parker_regions_hold(p->regions, p->nr_regions, p->boot.block_pa, len))
		p->boot.block = NULL;
}

/**
 * parker_set_cpus() - Give a partition the CPUs that it asks for
 * @p:		the partition, its op_mutex held
 * @want:	all CPUs that it is to have
 * @err:	gets the sentence, also that of a success with something to say
 *
 * Context: may sleep, for seconds.
 * Return: as parker_cpus_set().
 */
int parker_set_cpus(struct parker_partition *p, const struct cpumask *want,
		    struct parker_error *err)
{
	ktime_t begin = parker_step_begin(p->name, "cpus");

	return parker_step_end(p->name, "cpus", begin, parker_cpus_set(p, want, err));
}

/**
 * parker_set_memory() - Give a partition the memory it asks for
 * @p:		the partition, its op_mutex held
 * @wish:	the whole wish
 * @err:	gets the sentence
 *
 * Context: may sleep, for seconds.
 * Return: 0, or a negative errno with nothing changed.
 */
int parker_set_memory(struct parker_partition *p, const struct parker_wish *wish,
		      struct parker_error *err)
{
	unsigned int cpu = cpumask_first(p->cpus);
	int near = cpu < nr_cpu_ids ? cpu_to_node(cpu) : first_online_node;
	ktime_t begin = parker_step_begin(p->name, "memory");
	int ret;

	lockdep_assert_held(&p->op_mutex);

	guard(rwsem_write)(&p->memory_sem);

	ret = parker_memory_set(p, wish, near, err);
	forget_lost_block(p);
	return parker_step_end(p->name, "memory", begin, ret);
}

/**
 * parker_set_devices() - Give a partition the PCI functions that it asks for
 * @p:		the partition, its op_mutex held
 * @wish:	all functions that it is to have
 * @err:	gets the sentence, also that of a success with something to say
 *
 * Context: may sleep, for seconds.
 * Return: 0, or a negative errno with nothing changed.
 */
int parker_set_devices(struct parker_partition *p, const struct parker_pci_wish *wish,
		       struct parker_error *err)
{
	ktime_t begin = parker_step_begin(p->name, "devices");

	lockdep_assert_held(&p->op_mutex);

	return parker_step_end(p->name, "devices", begin, parker_pci_set(&p->pci, wish, err));
}

/**
 * parker_partition_give_back() - Give all devices, memory and CPUs back
 * @p:		the partition, idle, its op_mutex held
 * @err:	gets the sentence
 *
 * Context: may sleep, for seconds.
 * Return: 0, or a negative errno when something cannot be given back.
 */
int parker_partition_give_back(struct parker_partition *p, struct parker_error *err)
{
	const struct parker_pci_wish *none __free(kfree) =
		kzalloc(sizeof(*none), GFP_KERNEL | __GFP_NOFAIL);
	const struct parker_wish nothing = { .nr = 0 };

	return parker_set_devices(p, none, err) ?:
	       parker_set_memory(p, &nothing, err) ?:
	       parker_set_cpus(p, cpu_none_mask, err);
}

/* Is a kernel running, or must the CPUs be left alone for another reason? */
static int check_removable(struct parker_partition *p, struct parker_error *err)
{
	enum parker_state state = READ_ONCE(p->state);

	if (state == PARKER_QUARANTINED)
		return parker_fail(err, -EBUSY,
				   "%s is quarantined until the machine restarts, its reason says why",
				   p->name);
	if (parker_state_is_live(state))
		return parker_fail(err, -EBUSY, "%s is %s; write kill to its state first",
				   p->name, parker_state_name(state));
	return 0;
}

static int take_apart(struct parker_partition *p, struct parker_error *err)
{
	int ret;

	lockdep_assert_held(&p->op_mutex);

	ret = check_removable(p, err) ?: parker_partition_give_back(p, err);
	if (ret)
		return ret;

	parker_image_free(p->image);
	p->image = NULL;
	parker_partition_del(p);
	return 0;
}

/**
 * parker_partition_remove() - Give all back and end a partition's life
 * @p:		the partition; the caller has a reference
 * @err:	gets the sentence
 *
 * Context: may sleep, for seconds.
 * Return: 0, -ENODEV when it is gone, -EINTR, -EBUSY in the wrong state, or another
 * negative errno when something cannot be given back.
 */
int parker_partition_remove(struct parker_partition *p, struct parker_error *err)
{
	ktime_t begin = parker_step_begin(p->name, "remove");
	int ret;

	ret = parker_lock_op(p, "rmdir", err);
	if (!ret) {
		ret = take_apart(p, err);
		mutex_unlock(&p->op_mutex);
	}
	parker_step_end(p->name, "remove", begin, ret);
	if (ret)
		return ret;

	/*
	 * They may wait for op_mutex, and then find it dead.  The first two queue
	 * restarts.
	 */
	cancel_work_sync(&p->lost_work);
	parker_monitor_cancel(p);
	parker_restart_cancel(p);
	cancel_delayed_work_sync(&p->restart_work);
	return 0;
}
