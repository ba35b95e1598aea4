// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: PCI functions that belong to partitions.
 *
 * A function is one object of the PCI core: what appears at the address of a
 * function that was removed is another one.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/async.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/panic.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "pci.h"

/* Covers the list of all functions; an IOMMU's interrupt looks into it. */
static DEFINE_RAW_SPINLOCK(parker_pci_lock);
static LIST_HEAD(parker_pci_all);

static struct parker_pci_function *find_locked(const struct pci_dev *pdev)
{
	struct parker_pci_function *function;

	lockdep_assert_held(&parker_pci_lock);

	list_for_each_entry(function, &parker_pci_all, all)
		if (function->pdev == pdev)
			return function;
	return NULL;
}

/**
 * parker_pci_find() - Find what is known of a function
 * @pdev: the function
 *
 * Context: any; what is found stays while the driver of the partitions has @pdev, and
 * the device lock is held.
 * Return: it, or NULL for one that belongs to no partition.
 */
struct parker_pci_function *parker_pci_find(const struct pci_dev *pdev)
{
	struct parker_pci_function *function;

	scoped_guard(raw_spinlock_irqsave, &parker_pci_lock)
		function = find_locked(pdev);
	return function;
}

/**
 * parker_pci_owner() - Whose is a function?
 * @pdev:	the function
 * @name:	gets the name of the partition that has it, %PARKER_NAME_LEN bytes
 *
 * Context: any.
 * Return: the functions of that partition, only to be compared, or NULL.
 */
const struct parker_pci *parker_pci_owner(const struct pci_dev *pdev, char *name)
{
	struct parker_pci_function *function;
	const struct parker_pci *owner = NULL;

	scoped_guard(raw_spinlock_irqsave, &parker_pci_lock) {
		function = find_locked(pdev);
		if (function) {
			strscpy(name, function->pci->name, PARKER_NAME_LEN);
			owner = function->pci;
		}
	}
	return owner;
}

/**
 * parker_pci_dma_fault() - Take note that the IOMMU refused an access
 * @segment:	PCI segment of the function
 * @source_id:	its bus, device and function number
 * @addr:	the address that it wanted to reach
 *
 * Context: any, also the IOMMU's interrupt.
 */
void parker_pci_dma_fault(unsigned int segment, u16 source_id, u64 addr)
{
	struct parker_pci_function *function;

	scoped_guard(raw_spinlock_irqsave, &parker_pci_lock) {
		list_for_each_entry(function, &parker_pci_all, all) {
			struct pci_dev *pdev = function->pdev;

			if (READ_ONCE(function->gone) || pci_dev_id(pdev) != source_id ||
			    pci_domain_nr(pdev->bus) != segment)
				continue;
			atomic64_inc(&function->pci->faults);
			pr_warn_ratelimited("%s: DMA of %s to 0x%llx was blocked\n",
					    function->pci->name, pci_name(pdev), addr);
			return;
		}
	}
}

static void free_function(struct parker_pci_function *function)
{
	scoped_guard(raw_spinlock_irqsave, &parker_pci_lock)
		list_del(&function->all);
	list_del(&function->node);
	kfree(function->saved);
	kfree(function->override);
	kfree(function->driver);
	pci_dev_put(function->port);
	pci_dev_put(function->pdev);
	kfree(function);
}

/* What is left to do is up to us, and no more to who removes the function. */
static void begin_release(struct parker_pci_function *function)
{
	guard(device)(&function->pdev->dev);

	function->giving_back = true;
	if (!function->gone)
		parker_pci_disown_dma(function);
}

static void finish_release(struct parker_pci_function *function, struct parker_error *err)
{
	if (!function->gone)
		parker_pci_return_driver(function, err);
	free_function(function);
}

/* Another partition may have been faster since the check. */
static bool own(struct parker_pci_function *function)
{
	scoped_guard(raw_spinlock_irqsave, &parker_pci_lock) {
		if (find_locked(function->pdev))
			return false;
		list_add_tail(&function->all, &parker_pci_all);
	}
	return true;
}

/* Takes over the reference to @pdev if it succeeds. */
static int add_function(struct parker_pci *pci, struct pci_dev *pdev)
{
	struct parker_pci_function *function = kzalloc(sizeof(*function), GFP_KERNEL);

	if (!function)
		return -ENOMEM;
	function->pci = pci;
	function->pdev = pdev;
	function->added = true;
	if (!own(function)) {
		kfree(function);
		return -EBUSY;
	}
	function->port = pci_dev_get(pci_upstream_bridge(pdev));
	list_add_tail(&function->node, &pci->functions);
	return 0;
}

static bool is_at(const struct pci_dev *pdev, const struct parker_pci_address *at)
{
	return pci_domain_nr(pdev->bus) == at->segment && pdev->bus->number == at->bus &&
	       pdev->devfn == at->devfn;
}

/**
 * parker_pci_is_wished() - Is a function among those that a partition is to have?
 * @wish:	the functions
 * @pdev:	the function
 *
 * Context: any.
 * Return: true if it is.
 */
bool parker_pci_is_wished(const struct parker_pci_wish *wish, const struct pci_dev *pdev)
{
	for (unsigned int i = 0; i < wish->nr; i++)
		if (is_at(pdev, &wish->at[i]))
			return true;
	return false;
}

static bool has_function_at(const struct parker_pci *pci, const struct parker_pci_address *at)
{
	struct parker_pci_function *function;

	list_for_each_entry(function, &pci->functions, node)
		if (is_at(function->pdev, at) && !READ_ONCE(function->gone))
			return true;
	return false;
}

static struct pci_dev *get_device_at(const struct parker_pci_address *at)
{
	return pci_get_domain_bus_and_slot(at->segment, at->bus, at->devfn);
}

static int check_one(const struct parker_pci *pci, const struct parker_pci_wish *wish,
		     const struct parker_pci_address *at, struct parker_error *err)
{
	struct pci_dev *pdev = get_device_at(at);
	struct parker_error why = {};
	int ret;

	if (!pdev)
		return parker_fail(err, -ENODEV, "There is no PCI function %04x:%02x:%02x.%x",
				   at->segment, at->bus, PCI_SLOT(at->devfn),
				   PCI_FUNC(at->devfn));
	ret = parker_pci_check_function(pci, pdev, &why) ?:
	      parker_pci_check_group(wish, pdev, &why);
	if (ret)
		parker_fail(err, ret, "%s cannot be given: %s", pci_name(pdev), why.text);
	pci_dev_put(pdev);
	return ret;
}

/**
 * parker_pci_check() - Could a partition have these functions?
 * @pci:	what it has
 * @wish:	all that it is to have
 * @err:	gets the sentence
 *
 * Changes nothing.
 *
 * Context: may sleep; op_mutex held.
 * Return: 0, -EINVAL, -ENODEV, -EBUSY or -EOPNOTSUPP.
 */
int parker_pci_check(const struct parker_pci *pci, const struct parker_pci_wish *wish,
		     struct parker_error *err)
{
	int ret;

	for (unsigned int i = 0; i < wish->nr; i++) {
		ret = check_one(pci, wish, &wish->at[i], err);
		if (ret)
			return ret;
	}
	return 0;
}

static int add_wished(struct parker_pci *pci, const struct parker_pci_address *at,
		      struct parker_error *err)
{
	struct pci_dev *pdev = get_device_at(at);
	int ret;

	ret = pdev ? add_function(pci, pdev) : -ENODEV;
	if (!ret)
		return 0;
	pci_dev_put(pdev);
	return parker_fail(err, ret, "%04x:%02x:%02x.%x could not be taken: %pe",
			   at->segment, at->bus, PCI_SLOT(at->devfn), PCI_FUNC(at->devfn),
			   ERR_PTR(ret));
}

static void taint_if_unsafe(const struct parker_pci_function *function)
{
	if (parker_pci_is_contained(function->pdev))
		return;
	pr_warn("%s: nothing holds DMA and interrupts of %s inside the partition\n",
		function->pci->name, pci_name(function->pdev));
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
}

/* In this order, as a group has one owner when no other driver is left in it. */
static int claim_added(struct parker_pci *pci, struct parker_error *err)
{
	struct parker_pci_function *function;
	int ret;

	list_for_each_entry(function, &pci->functions, node) {
		if (function->claimed)
			continue;
		ret = parker_pci_take_driver(function, err) ?: parker_pci_make_clean(function, err);
		if (ret)
			return ret;
	}
	list_for_each_entry(function, &pci->functions, node) {
		if (function->claimed)
			continue;
		ret = parker_pci_own_dma(function, err);
		if (ret)
			return ret;
		taint_if_unsafe(function);
		function->claimed = true;
	}
	return 0;
}

/* After a success (@wish) what is not in it, or was removed; else (NULL) what was added. */
static bool is_surplus(const struct parker_pci_function *function,
		       const struct parker_pci_wish *wish)
{
	if (!wish)
		return function->added;
	return READ_ONCE(function->gone) || !parker_pci_is_wished(wish, function->pdev);
}

/*
 * Each was reset when the last kernel that used it ended.  In this order, as a group
 * has no other owner when a driver comes back.
 */
static void release_surplus(struct parker_pci *pci, const struct parker_pci_wish *wish,
			    struct parker_error *err)
{
	struct parker_pci_function *function, *next;

	list_for_each_entry(function, &pci->functions, node) {
		if (is_surplus(function, wish))
			begin_release(function);
		function->added = false;
	}
	list_for_each_entry_safe_reverse(function, next, &pci->functions, node)
		if (function->giving_back)
			finish_release(function, err);
	parker_pci_free_domain(pci);
}

/**
 * parker_pci_set() - Give a partition the functions that are wished for
 * @pci:	its functions
 * @wish:	all that it is to have
 * @err:	gets the sentence, also after a success when a driver did not take a
 *		function back
 *
 * A function that was removed is dropped, and what is at its address now is taken.
 *
 * Context: may sleep, for seconds; op_mutex held, and no kernel runs.
 * Return: 0, or a negative errno; then the partition has what it had.
 */
int parker_pci_set(struct parker_pci *pci, const struct parker_pci_wish *wish,
		   struct parker_error *err)
{
	int ret;

	ret = parker_pci_check(pci, wish, err);
	if (ret)
		return ret;

	for (unsigned int i = 0; i < wish->nr && !ret; i++)
		if (!has_function_at(pci, &wish->at[i]))
			ret = add_wished(pci, &wish->at[i], err);
	ret = ret ?: claim_added(pci, err);
	release_surplus(pci, ret ? NULL : wish, ret ? NULL : err);
	return ret;
}

/**
 * parker_pci_check_present() - Can a kernel use all functions of a partition?
 * @pci:	its functions
 * @err:	gets the sentence
 *
 * Context: any; op_mutex held.
 * Return: 0, -ENODEV, or -EIO.
 */
int parker_pci_check_present(const struct parker_pci *pci, struct parker_error *err)
{
	struct parker_pci_function *function;

	list_for_each_entry(function, &pci->functions, node) {
		const char *name = pci_name(function->pdev);

		if (READ_ONCE(function->gone))
			return parker_fail(err, -ENODEV,
					   "start: %s was removed from the machine; write the set again to devices",
					   name);
		if (READ_ONCE(function->frozen) || !pci_device_is_present(function->pdev))
			return parker_fail(err, -EIO,
					   "start: %s does not answer; take it from devices first",
					   name);
	}
	return 0;
}

/**
 * parker_pci_begin() - Get a partition's functions ready for its kernel
 * @pci:	its functions, each as after a reset
 * @regions:	its memory
 * @nr_regions:	entries of @regions
 * @err:	gets the sentence
 *
 * Context: may sleep; op_mutex held.
 * Return: 0, and then parker_pci_cancel() or parker_pci_end() must follow; or a
 * negative errno.
 */
int parker_pci_begin(struct parker_pci *pci, const struct parker_region *regions,
		     unsigned int nr_regions, struct parker_error *err)
{
	return parker_pci_check_present(pci, err) ?: parker_pci_map(pci, regions, nr_regions, err);
}

/**
 * parker_pci_cancel() - Undo parker_pci_begin() for a kernel that did not run
 * @pci: its functions
 *
 * Context: may sleep.
 */
void parker_pci_cancel(struct parker_pci *pci)
{
	parker_pci_unmap(pci);
}

static void reset_function(void *data, async_cookie_t cookie)
{
	struct parker_pci_function *function = data;

	function->reset.ret = parker_pci_reset(function, &function->reset.err);
}

/**
 * parker_pci_end() - Take a partition's functions from its kernel
 * @pci:	its functions, no CPU of the partition runs
 * @err:	gets the sentence
 *
 * One that does not answer is waited for, for up to a minute, so that all are reset
 * at the same time, but for those below one port, which takes part in their reset.
 *
 * Context: may sleep, for a tenth of a second and more.
 * Return: 0 when all are as after a reset, and reach nothing; -EIO when one is not.
 */
int parker_pci_end(struct parker_pci *pci, struct parker_error *err)
{
	ASYNC_DOMAIN_EXCLUSIVE(resets);
	struct parker_pci_function *function;
	int ret = 0;

	list_for_each_entry(function, &pci->functions, node)
		async_schedule_domain(reset_function, function, &resets);
	async_synchronize_full_domain(&resets);

	list_for_each_entry(function, &pci->functions, node)
		if (!ret && function->reset.ret)
			ret = parker_fail(err, function->reset.ret, "%s", function->reset.err.text);
	if (!ret)
		parker_pci_unmap(pci);
	return ret;
}

/**
 * parker_pci_silence() - Turn off the DMA of a partition that is quarantined
 * @pci: its functions
 *
 * They stay with it.
 *
 * Context: may sleep.
 */
void parker_pci_silence(struct parker_pci *pci)
{
	struct parker_pci_function *function;

	list_for_each_entry(function, &pci->functions, node) {
		guard(device)(&function->pdev->dev);
		if (!function->gone)
			parker_pci_stop_dma(function->pdev);
	}
}
