// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: the driver that holds the PCI functions of partitions.
 *
 * It does nothing with a function that it holds: so that stays in the topology, its
 * BARs where they are and the ports above it awake.  It is bound by driver_override
 * only, and only to what a partition asked for.  It notices when a function is removed
 * from the machine, or cut off by an error, which ends the kernel that uses it.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "pci.h"

/* What a port that is reset needs at most: each wait in there is a second or two. */
#define RECOVERY_SECONDS	15

/* Woken when a function is no longer frozen, or is gone. */
static DECLARE_WAIT_QUEUE_HEAD(recovered);

static int parker_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	/* Only a partition decides that. */
	if (!parker_pci_find(pdev))
		return -ENODEV;
	return pci_enable_device_mem(pdev);
}

/*
 * In this order, so that the kernel, which drives the function, cannot turn its DMA
 * on again, and no other driver gets it before.
 */
static void lose_function(struct parker_pci_function *function)
{
	struct pci_dev *pdev = function->pdev;

	WRITE_ONCE(function->gone, true);
	wake_up_all(&recovered);
	pr_warn("%s: %s was removed from the machine\n", function->pci->name, pci_name(pdev));
	parker_pci_end_kernel(function->pci, "%s was removed", pci_name(pdev));

	if (!parker_pci_stop_dma(pdev))
		pr_crit("%s: %s was removed and may go on with its DMA\n", function->pci->name,
			pci_name(pdev));
	pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	parker_pci_disown_dma(function);
}

/* Also runs when a user, its port or its physical function removes it. */
static void parker_pci_remove(struct pci_dev *pdev)
{
	struct parker_pci_function *function = parker_pci_find(pdev);

	if (!function->giving_back)
		lose_function(function);
	pci_disable_device(pdev);
}

/* What it had in its registers is lost, or will be by a reset. */
static void freeze_function(struct parker_pci_function *function)
{
	WRITE_ONCE(function->frozen, true);
	parker_pci_end_kernel(function->pci, "PCIe error at %s", pci_name(function->pdev));
	parker_pci_stop_dma(function->pdev);
}

/* An error that the link got over is no concern of the kernel that uses the function. */
static pci_ers_result_t parker_pci_error_detected(struct pci_dev *pdev,
						  pci_channel_state_t state)
{
	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;

	freeze_function(parker_pci_find(pdev));
	return state == pci_channel_io_frozen ? PCI_ERS_RESULT_NEED_RESET :
						PCI_ERS_RESULT_DISCONNECT;
}

static bool was_reset(struct pci_dev *pdev)
{
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return !(command & PCI_COMMAND_MEMORY);
}

/* Called after a reset, but also when another driver only asked for one. */
static pci_ers_result_t parker_pci_slot_reset(struct pci_dev *pdev)
{
	struct parker_pci_function *function = parker_pci_find(pdev);

	if (!function->frozen) {
		if (!was_reset(pdev))
			return PCI_ERS_RESULT_RECOVERED;
		freeze_function(function);
	}
	if (!function->saved || pci_load_saved_state(pdev, function->saved))
		return PCI_ERS_RESULT_DISCONNECT;
	pci_restore_state(pdev);
	WRITE_ONCE(function->frozen, false);
	wake_up_all(&recovered);
	return PCI_ERS_RESULT_RECOVERED;
}

static const struct pci_error_handlers parker_pci_errors = {
	.error_detected	= parker_pci_error_detected,
	.slot_reset	= parker_pci_slot_reset,
};

static struct pci_driver parker_pci_driver = {
	.name			= "parker",
	.probe			= parker_pci_probe,
	.remove			= parker_pci_remove,
	.err_handler		= &parker_pci_errors,
	.driver_managed_dma	= true,
	.driver			= {
		.suppress_bind_attrs	= true,
		.probe_type		= PROBE_FORCE_SYNCHRONOUS,
	},
};
builtin_pci_driver(parker_pci_driver);

/**
 * parker_pci_wait_for_recovery() - Let the port above a function recover from an error
 * @function: the function
 *
 * Until then the function does not answer, so that it cannot be reset.  A port that
 * does not recover is not told here.
 *
 * Context: may sleep, for %RECOVERY_SECONDS; no device lock held.
 */
void parker_pci_wait_for_recovery(struct parker_pci_function *function)
{
	wait_event_timeout(recovered, !READ_ONCE(function->frozen) || READ_ONCE(function->gone),
			   RECOVERY_SECONDS * HZ);
}

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

static bool has_our_override(struct device *dev)
{
	const char *name;
	bool ours;

	scoped_guard(spinlock, &dev->driver_override.lock) {
		name = dev->driver_override.name;
		ours = name && !strcmp(name, parker_pci_driver.name);
	}
	return ours;
}

/**
 * parker_pci_take_driver() - Take a function from its driver
 * @function:	the function
 * @err:	gets the sentence
 *
 * Context: may sleep; op_mutex of the partition held.
 * Return: 0, or a negative errno; then parker_pci_return_driver() is still due.
 */
int parker_pci_take_driver(struct parker_pci_function *function, struct parker_error *err)
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

/* By name: a user may have bound one that is not the first that fits. */
static void attach_earlier_driver(struct parker_pci_function *function, struct parker_error *err)
{
	struct pci_dev *pdev = function->pdev;

	set_override(pdev, function->driver);
	if (device_attach(&pdev->dev) <= 0)
		parker_fail(err, 0, "%s was given back, but its driver %s does not take it",
			    pci_name(pdev), function->driver);
	set_override(pdev, function->override);
}

/* What a user wrote to driver_override meanwhile stands. */
static void attach_chosen_driver(struct parker_pci_function *function, struct parker_error *err)
{
	struct pci_dev *pdev = function->pdev;

	if (device_attach(&pdev->dev) <= 0)
		parker_fail(err, 0,
			    "%s was given back, but no driver takes it, as its driver_override was changed meanwhile",
			    pci_name(pdev));
}

/**
 * parker_pci_return_driver() - Undo parker_pci_take_driver(), however far that came
 * @function:	the function
 * @err:	gets the sentence if it has no driver then, though it had one, or NULL
 *
 * Context: may sleep; op_mutex of the partition held.
 */
void parker_pci_return_driver(struct parker_pci_function *function, struct parker_error *err)
{
	struct pci_dev *pdev = function->pdev;
	bool ours = has_our_override(&pdev->dev);

	if (pdev->dev.driver == &parker_pci_driver.driver)
		device_release_driver(&pdev->dev);
	if (!function->driver || pdev->dev.driver) {
		if (ours)
			set_override(pdev, function->override);
	} else if (ours) {
		attach_earlier_driver(function, err);
	} else {
		attach_chosen_driver(function, err);
	}
}
