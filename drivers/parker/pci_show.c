// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: what users and application kernels are told of PCI functions.
 */
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "pci.h"

static void describe_bar(const struct resource *res, struct parker_bar *bar)
{
	if (!(res->flags & IORESOURCE_MEM) || (res->flags & IORESOURCE_UNSET) ||
	    !res->start || !resource_size(res))
		return;
	bar->start = cpu_to_le64(res->start);
	bar->len = cpu_to_le64(resource_size(res));
	bar->flags = cpu_to_le32((res->flags & IORESOURCE_MEM_64 ? PARKER_BAR_64BIT : 0) |
				 (res->flags & IORESOURCE_PREFETCH ? PARKER_BAR_PREFETCH : 0));
}

/**
 * parker_pci_describe() - Write down a partition's functions for its kernel
 * @pci:	its functions
 * @table:	gets them, has room for %PARKER_MAX_FUNCTIONS, all zero
 *
 * Context: op_mutex held.
 * Return: how many there are.
 */
unsigned int parker_pci_describe(const struct parker_pci *pci, struct parker_function *table)
{
	struct parker_pci_function *function;
	unsigned int nr = 0;

	list_for_each_entry(function, &pci->functions, node) {
		struct parker_function *entry = &table[nr++];
		struct pci_dev *pdev = function->pdev;
		unsigned int segment = pci_domain_nr(pdev->bus);

		entry->config = cpu_to_le64(arch_parker_config_pa(segment, pdev->bus->number,
								  pdev->devfn));
		entry->segment = cpu_to_le32(segment);
		entry->bus = pdev->bus->number;
		entry->devfn = pdev->devfn;
		entry->vendor = cpu_to_le16(pdev->vendor);
		entry->device = cpu_to_le16(pdev->device);
		entry->node = cpu_to_le32(dev_to_node(&pdev->dev));
		for (unsigned int bar = 0; bar < PARKER_MAX_BARS; bar++)
			describe_bar(&pdev->resource[bar], &entry->bars[bar]);
	}
	return nr;
}

static void show_identity(struct seq_file *m, const struct pci_dev *pdev, const char *driver)
{
	struct iommu_group *group = pdev->dev.iommu_group;

	seq_printf(m, "%s %04x:%04x %06x %s group ", pci_name(pdev), pdev->vendor, pdev->device,
		   pdev->class, driver ?: "-");
	if (group)
		seq_printf(m, "%d ", iommu_group_id(group));
	else
		seq_puts(m, "- ");
}

/**
 * parker_pci_show() - Show the functions of a partition
 * @m:		the file
 * @pci:	its functions
 *
 * Context: op_mutex held.
 */
void parker_pci_show(struct seq_file *m, const struct parker_pci *pci)
{
	struct parker_pci_function *function;

	list_for_each_entry(function, &pci->functions, node) {
		show_identity(m, function->pdev, function->driver);
		if (READ_ONCE(function->gone))
			seq_puts(m, "gone\n");
		else
			seq_puts(m, parker_pci_is_contained(function->pdev) ? "iommu\n" :
									      "unsafe\n");
	}
}

/* The lock of the device is not waited for: a probe may hold it for long. */
static void copy_driver_name(const struct pci_dev *pdev, char *name, size_t size)
{
	const struct device_driver *driver;

	guard(rcu)();

	/* A module goes only after a grace period. */
	driver = READ_ONCE(pdev->dev.driver);
	if (driver)
		strscpy(name, driver->name, size);
}

static void show_available(struct seq_file *m, struct pci_dev *pdev)
{
	struct parker_error why = {};
	char driver[64] = "";

	copy_driver_name(pdev, driver, sizeof(driver));
	if (!parker_pci_check_function_locked(NULL, pdev, &why))
		parker_pci_check_group(NULL, pdev, &why);
	seq_puts(m, "device ");
	show_identity(m, pdev, driver[0] ? driver : NULL);
	seq_printf(m, "%s\n", why.text[0] ? why.text : "ok");
}

/**
 * parker_pci_show_available() - Show which functions a new partition could get
 * @m: the file
 *
 * Bridges are left out, as they never can.
 *
 * Context: may sleep.
 * Return: 0, or -EINTR after a fatal signal.
 */
int parker_pci_show_available(struct seq_file *m)
{
	struct pci_dev *pdev = NULL;
	int ret;

	ret = parker_pci_lock_net();
	if (ret)
		return ret;
	for_each_pci_dev(pdev)
		if (!parker_pci_is_bridge(pdev))
			show_available(m, pdev);
	parker_pci_unlock_net();
	return 0;
}

/**
 * parker_pci_count() - Count the PCI functions of the machine
 *
 * Context: may sleep.
 * Return: their number, bridges included.
 */
unsigned int parker_pci_count(void)
{
	struct pci_dev *pdev = NULL;
	unsigned int nr = 0;

	for_each_pci_dev(pdev)
		nr++;
	return nr;
}
