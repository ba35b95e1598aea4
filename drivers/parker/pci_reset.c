// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: PCI functions come to each owner as from a reset.
 *
 * DMA ends first: before any memory that a function may know of is used for
 * something else.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/pci.h>

#include "pci.h"

/* A bus reset needs the port above locked, and that comes first. */
static void lock(struct parker_pci_function *function)
{
	if (function->port)
		pci_dev_lock(function->port);
	pci_dev_lock(function->pdev);
}

static void unlock(struct parker_pci_function *function)
{
	pci_dev_unlock(function->pdev);
	if (function->port)
		pci_dev_unlock(function->port);
}

static void clear_bits(struct pci_dev *pdev, int reg, u16 bits)
{
	u16 value;

	pci_read_config_word(pdev, reg, &value);
	pci_write_config_word(pdev, reg, value & ~bits);
}

/* An MSI is a write, too. */
static void stop_msi(struct pci_dev *pdev)
{
	if (pdev->msi_cap)
		clear_bits(pdev, pdev->msi_cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
	if (pdev->msix_cap)
		clear_bits(pdev, pdev->msix_cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE);
}

/**
 * parker_pci_stop_dma() - Let a function send no request any more
 * @pdev: the function
 *
 * Context: may sleep; its configuration space is not used by others.
 * Return: true when it says that it sends none, or does not answer at all.
 */
bool parker_pci_stop_dma(struct pci_dev *pdev)
{
	u16 command;

	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
	stop_msi(pdev);
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (PCI_POSSIBLE_ERROR(command))
		return !pci_device_is_present(pdev);
	if (command & PCI_COMMAND_MASTER)
		return false;
	/* What does not complete is ended by the reset that follows. */
	pci_wait_for_pending_transaction(pdev);
	return true;
}

/**
 * parker_pci_make_clean() - Reset a function for the first time
 * @function:	a function that has our driver
 * @err:	gets the sentence
 *
 * What its configuration is then is what each owner starts from.
 *
 * Context: may sleep.
 * Return: 0, -EIO or -ENOMEM.
 */
int parker_pci_make_clean(struct parker_pci_function *function, struct parker_error *err)
{
	struct pci_dev *pdev = function->pdev;

	lock(function);
	pci_clear_master(pdev);
	pci_intx(pdev, 0);
	pci_save_state(pdev);
	function->saved = pci_store_saved_state(pdev);
	unlock(function);
	if (!function->saved)
		return parker_fail(err, -ENOMEM, "%s: no memory for its state", pci_name(pdev));

	return parker_pci_reset(function, err);
}

/**
 * parker_pci_reset() - Reset a function
 * @function:	the function
 * @err:	gets the sentence
 *
 * Whatever its owner wrote, its BARs are where they were.
 *
 * Context: may sleep, for a tenth of a second and more.
 * Return: 0, also for one that was removed from the machine, or -EIO when it does
 * not come back in order.  Then it has bus mastering off, or does not answer.
 */
int parker_pci_reset(struct parker_pci_function *function, struct parker_error *err)
{
	struct pci_dev *pdev = function->pdev;
	bool stopped;
	int ret = 0;

	parker_pci_wait_for_recovery(function);
	lock(function);
	if (function->gone)
		goto out;

	stopped = parker_pci_stop_dma(pdev);
	ret = __pci_reset_function_locked(pdev);
	if (!ret)
		ret = pci_load_saved_state(pdev, function->saved);
	if (ret) {
		ret = parker_fail(err, -EIO, "%s could not be reset: %pe%s", pci_name(pdev),
				  ERR_PTR(ret),
				  stopped ? "" : ", and does not turn bus mastering off");
		goto out;
	}
	pci_restore_state(pdev);
	if (!pci_device_is_present(pdev))
		ret = parker_fail(err, -EIO, "%s does not answer after a reset", pci_name(pdev));
	else
		function->frozen = false;
out:
	unlock(function);
	return ret;
}
