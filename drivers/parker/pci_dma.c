// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: what PCI functions of a partition can reach by DMA.
 *
 * From the claim on the group of a function is in the partition's IOMMU domain.
 * It maps the partition's memory, at its physical addresses, while a kernel runs
 * there, and nothing at other times.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/pci.h>

#include "pci.h"

static int report_fault(struct iommu_domain *domain, struct device *dev, unsigned long iova,
			int flags, void *token)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	parker_pci_dma_fault(pci_domain_nr(pdev->bus), pci_dev_id(pdev), iova);
	return 0;
}

static int alloc_domain(struct parker_pci *pci, struct pci_dev *pdev, struct parker_error *err)
{
	struct iommu_domain *domain;

	if (pci->domain)
		return 0;
	domain = iommu_paging_domain_alloc(&pdev->dev);
	if (IS_ERR(domain))
		return parker_fail(err, PTR_ERR(domain), "%s: no IOMMU domain for it: %pe",
				   pci_name(pdev), domain);
	iommu_set_fault_handler(domain, report_fault, pci);
	pci->domain = domain;
	return 0;
}

/**
 * parker_pci_free_domain() - Drop the domain of a partition without functions
 * @pci: the partition's functions
 *
 * Context: may sleep.
 */
void parker_pci_free_domain(struct parker_pci *pci)
{
	if (!pci->domain || !list_empty(&pci->functions))
		return;
	iommu_domain_free(pci->domain);
	pci->domain = NULL;
}

/* Functions of a group have one domain, so the first one attaches all. */
static int attach(struct parker_pci *pci, struct pci_dev *pdev)
{
	struct iommu_group *group = pdev->dev.iommu_group;

	if (iommu_get_domain_for_dev(&pdev->dev) == pci->domain)
		return 0;
	return iommu_attach_group(pci->domain, group);
}

/**
 * parker_pci_own_dma() - Let a function reach nothing but what its partition maps
 * @function:	a function that has our driver, as have all others of its group
 * @err:	gets the sentence
 *
 * One that nothing can hold was let in by allow_unsafe_devices.
 *
 * Context: may sleep; op_mutex of the partition held.
 * Return: 0 or a negative errno.
 */
int parker_pci_own_dma(struct parker_pci_function *function, struct parker_error *err)
{
	struct pci_dev *pdev = function->pdev;
	int ret;

	if (!pdev->dev.iommu_group)
		return 0;
	ret = alloc_domain(function->pci, pdev, err);
	if (ret)
		return ret;

	ret = iommu_device_claim_dma_owner(&pdev->dev, function->pci);
	if (ret)
		return parker_fail(err, ret, "%s: its IOMMU group is in use by another driver: %pe",
				   pci_name(pdev), ERR_PTR(ret));
	function->dma_owned = true;
	ret = attach(function->pci, pdev);
	if (ret)
		return parker_fail(err, ret, "%s: the IOMMU does not take it: %pe",
				   pci_name(pdev), ERR_PTR(ret));
	return 0;
}

/**
 * parker_pci_disown_dma() - Give a function's IOMMU group back
 * @function: a function that sends no request
 *
 * With the last function of the group that group is the boot kernel's again.
 *
 * Context: may sleep.
 */
void parker_pci_disown_dma(struct parker_pci_function *function)
{
	if (function->dma_owned)
		iommu_device_release_dma_owner(&function->pdev->dev);
	function->dma_owned = false;
}

/**
 * parker_pci_unmap() - Let a partition's functions reach nothing
 * @pci: the partition's functions
 *
 * Context: may sleep.
 */
void parker_pci_unmap(struct parker_pci *pci)
{
	for (unsigned int i = 0; i < pci->nr_mapped; i++)
		iommu_unmap(pci->domain, pci->mapped[i].start, pci->mapped[i].len);
	pci->nr_mapped = 0;
}

/**
 * parker_pci_map() - Let a partition's functions reach its memory
 * @pci:	the partition's functions
 * @regions:	the memory
 * @nr_regions:	entries of @regions
 * @err:	gets the sentence
 *
 * Context: may sleep.
 * Return: 0 or a negative errno; then nothing is mapped.
 */
int parker_pci_map(struct parker_pci *pci, const struct parker_region *regions,
		   unsigned int nr_regions, struct parker_error *err)
{
	int ret;

	if (!pci->domain)
		return 0;
	for (unsigned int i = 0; i < nr_regions; i++) {
		ret = iommu_map(pci->domain, regions[i].start, regions[i].start, regions[i].len,
				IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE, GFP_KERNEL);
		if (ret) {
			parker_pci_unmap(pci);
			return parker_fail(err, ret, "The IOMMU does not map the memory: %pe",
					   ERR_PTR(ret));
		}
		pci->mapped[pci->nr_mapped++] = regions[i];
	}
	return 0;
}
