// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: PCI functions that belong to partitions.
 *
 * A function is taken from its driver and held by the driver in here, which does
 * nothing with it: so it stays in the topology, its BARs where they are and the
 * ports above it awake.  The driver is bound by driver_override only, and only
 * to what a partition asked for.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/init.h>
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

static struct parker_pci_function *find_function(const struct pci_dev *pdev)
{
	struct parker_pci_function *function;

	lockdep_assert_held(&parker_pci_lock);

	list_for_each_entry(function, &parker_pci_all, all)
		if (function->pdev == pdev)
			return function;
	return NULL;
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
		function = find_function(pdev);
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

			if (pci_dev_id(pdev) != source_id || pci_domain_nr(pdev->bus) != segment)
				continue;
			atomic64_inc(&function->pci->faults);
			pr_warn_ratelimited("%s: DMA of %s to 0x%llx was blocked\n",
					    function->pci->name, pci_name(pdev), addr);
			return;
		}
	}
}

static int parker_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	char name[PARKER_NAME_LEN];

	/* Nobody but a partition decides that. */
	if (!parker_pci_owner(pdev, name))
		return -ENODEV;
	return pci_enable_device_mem(pdev);
}

/* Also runs when somebody removes the function from the machine. */
static void parker_pci_remove(struct pci_dev *pdev)
{
	struct parker_pci_function *function;

	scoped_guard(raw_spinlock_irqsave, &parker_pci_lock)
		function = find_function(pdev);

	if (!function->giving_back) {
		if (!parker_pci_stop_dma(pdev))
			pr_crit("%s: %s was removed and may go on with its DMA\n",
				function->pci->name, pci_name(pdev));
		pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
		parker_pci_disown_dma(function);
		WRITE_ONCE(function->gone, true);
		pr_warn("%s: %s was removed from the machine\n", function->pci->name,
			pci_name(pdev));
	}
	pci_disable_device(pdev);
}

struct pci_driver parker_pci_driver = {
	.name			= "parker",
	.probe			= parker_pci_probe,
	.remove			= parker_pci_remove,
	.driver_managed_dma	= true,
	.driver			= {
		.suppress_bind_attrs	= true,
		.probe_type		= PROBE_FORCE_SYNCHRONOUS,
	},
};
builtin_pci_driver(parker_pci_driver);

/* Its driver and driver_override, as copies, or NULL. */
static int note_driver(struct parker_pci_function *function)
{
	struct device *dev = &function->pdev->dev;

	guard(device)(dev);

	if (dev->driver) {
		function->driver = kstrdup(dev->driver->name, GFP_KERNEL);
		if (!function->driver)
			return -ENOMEM;
	}
	scoped_guard(spinlock, &dev->driver_override.lock) {
		if (!dev->driver_override.name)
			return 0;
		function->override = kstrdup(dev->driver_override.name, GFP_ATOMIC);
	}
	return function->override ? 0 : -ENOMEM;
}

/* From now on only the driver of this name, or whichever fits. */
static int set_override(struct pci_dev *pdev, const char *name)
{
	return device_set_driver_override(&pdev->dev, name ?: "");
}

static int take_driver(struct parker_pci_function *function, struct parker_error *err)
{
	struct pci_dev *pdev = function->pdev;
	int ret;

	ret = note_driver(function) ?: set_override(pdev, parker_pci_driver.name);
	if (ret)
		return parker_fail(err, ret, "%s: %pe", pci_name(pdev), ERR_PTR(ret));

	device_release_driver(&pdev->dev);
	ret = device_attach(&pdev->dev);
	if (ret <= 0 || pdev->dev.driver != &parker_pci_driver.driver)
		return parker_fail(err, -EIO, "%s: it could not be taken from its driver: %pe",
				   pci_name(pdev), ERR_PTR(min(ret, 0)));
	return 0;
}

/* Undoes take_driver(), however far that came. */
static void return_driver(struct parker_pci_function *function, struct parker_error *err)
{
	struct pci_dev *pdev = function->pdev;

	if (pdev->dev.driver == &parker_pci_driver.driver)
		device_release_driver(&pdev->dev);
	/* By name: a user may have bound one that is not the first that fits. */
	if (function->driver && !pdev->dev.driver) {
		set_override(pdev, function->driver);
		if (device_attach(&pdev->dev) <= 0)
			parker_fail(err, 0, "%s was given back, but its driver %s does not take it",
				    pci_name(pdev), function->driver);
	}
	set_override(pdev, function->override);
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
		return_driver(function, err);
	free_function(function);
}

/* Another partition may have been faster since the check. */
static bool own(struct parker_pci_function *function)
{
	scoped_guard(raw_spinlock_irqsave, &parker_pci_lock) {
		if (find_function(function->pdev))
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

static struct parker_pci_function *find_at(const struct parker_pci *pci,
					   const struct parker_pci_address *at)
{
	struct parker_pci_function *function;

	list_for_each_entry(function, &pci->functions, node)
		if (is_at(function->pdev, at))
			return function;
	return NULL;
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

	if (!pdev && pci && find_at(pci, at))
		return 0;
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
		ret = take_driver(function, err) ?: parker_pci_make_clean(function, err);
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

/*
 * Gives back what is not in @wish, which was reset by whoever ended the last
 * kernel that used it.  In this order, as a group has no other owner when a
 * driver comes back.
 */
static void release_others(struct parker_pci *pci, const struct parker_pci_wish *wish,
			   struct parker_error *err)
{
	struct parker_pci_function *function, *next;

	list_for_each_entry(function, &pci->functions, node)
		if (!parker_pci_is_wished(wish, function->pdev))
			begin_release(function);
	list_for_each_entry_safe_reverse(function, next, &pci->functions, node)
		if (function->giving_back)
			finish_release(function, err);
	parker_pci_free_domain(pci);
}

static void note_all(const struct parker_pci *pci, struct parker_pci_wish *wish)
{
	struct parker_pci_function *function;

	wish->nr = 0;
	list_for_each_entry(function, &pci->functions, node)
		wish->at[wish->nr++] = (struct parker_pci_address){
			.segment	= pci_domain_nr(function->pdev->bus),
			.bus		= function->pdev->bus->number,
			.devfn		= function->pdev->devfn,
		};
}

/**
 * parker_pci_set() - Give a partition the functions that are wished for
 * @pci:	its functions
 * @wish:	all that it is to have
 * @err:	gets the sentence, also after a success when a driver did not take a
 *		function back
 *
 * Context: may sleep, for seconds; op_mutex held, and no kernel runs.
 * Return: 0, or a negative errno; then the partition has what it had.
 */
int parker_pci_set(struct parker_pci *pci, const struct parker_pci_wish *wish,
		   struct parker_error *err)
{
	struct parker_pci_wish had;
	int ret;

	ret = parker_pci_check(pci, wish, err);
	if (ret)
		return ret;

	note_all(pci, &had);
	for (unsigned int i = 0; i < wish->nr && !ret; i++)
		if (!find_at(pci, &wish->at[i]))
			ret = add_wished(pci, &wish->at[i], err);
	ret = ret ?: claim_added(pci, err);
	release_others(pci, ret ? &had : wish, ret ? NULL : err);
	return ret;
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
	struct parker_pci_function *function;

	list_for_each_entry(function, &pci->functions, node)
		if (READ_ONCE(function->gone) || !pci_device_is_present(function->pdev))
			return parker_fail(err, -ENODEV,
					   "start: %s is not in the machine any more; take it from devices first",
					   pci_name(function->pdev));
	return parker_pci_map(pci, regions, nr_regions, err);
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

/**
 * parker_pci_end() - Take a partition's functions from its kernel
 * @pci:	its functions, no CPU of the partition runs
 * @err:	gets the sentence
 *
 * Context: may sleep, for a tenth of a second a function.
 * Return: 0 when all are as after a reset, and reach nothing; -EIO when one is not.
 */
int parker_pci_end(struct parker_pci *pci, struct parker_error *err)
{
	struct parker_pci_function *function;
	int ret = 0;

	list_for_each_entry(function, &pci->functions, node)
		ret = parker_pci_reset(function, err) ?: ret;
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
