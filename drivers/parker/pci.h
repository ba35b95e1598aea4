/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker: what the files about PCI functions of partitions share.
 */
#ifndef _DRIVERS_PARKER_PCI_H
#define _DRIVERS_PARKER_PCI_H

#include <linux/parker_pci.h>

struct pci_dev;
struct pci_saved_state;

/**
 * struct parker_pci_function - a function that belongs to a partition
 * @node:	entry in parker_pci::functions
 * @all:	entry in the list of all functions, under its lock
 * @pci:	the partition's functions, which this is one of
 * @pdev:	the device, with a reference
 * @port:	the port above, with a reference, or NULL
 * @driver:	the driver that it had and gets back, or NULL
 * @override:	the driver_override that it had and gets back, or NULL
 * @saved:	its configuration after a reset, before anybody used it
 * @added:	by the write to devices that is under way
 * @claimed:	all of that is done
 * @dma_owned:	its IOMMU group is ours
 * @giving_back: our driver is taken from it because we want that
 * @gone:	it was removed from the machine; set under the device lock
 * @frozen:	an error cut it off, and it was not reset since; likewise
 * @reset:	how its reset went when the last kernel ended
 */
struct parker_pci_function {
	struct list_head node;
	struct list_head all;
	struct parker_pci *pci;
	struct pci_dev *pdev;
	struct pci_dev *port;
	char *driver;
	char *override;
	struct pci_saved_state *saved;
	bool added;
	bool claimed;
	bool dma_owned;
	bool giving_back;
	bool gone;
	bool frozen;
	struct {
		int ret;
		struct parker_error err;
	} reset;
};

/* from pci.c */
struct parker_pci_function *parker_pci_find(const struct pci_dev *pdev);
const struct parker_pci *parker_pci_owner(const struct pci_dev *pdev, char *name);

bool parker_pci_is_wished(const struct parker_pci_wish *wish, const struct pci_dev *pdev);

/* from pci_driver.c */
int parker_pci_take_driver(struct parker_pci_function *function, struct parker_error *err);
void parker_pci_return_driver(struct parker_pci_function *function, struct parker_error *err);
void parker_pci_wait_for_recovery(struct parker_pci_function *function);

/* from pci_check.c */
bool parker_pci_is_bridge(const struct pci_dev *pdev);
int parker_pci_check_function(const struct parker_pci *pci, struct pci_dev *pdev,
			      struct parker_error *err);
int parker_pci_check_function_locked(const struct parker_pci *pci, struct pci_dev *pdev,
				     struct parker_error *err);
int parker_pci_lock_net(void);
void parker_pci_unlock_net(void);
int parker_pci_check_group(const struct parker_pci_wish *wish, struct pci_dev *pdev,
			   struct parker_error *err);
bool parker_pci_is_contained(struct pci_dev *pdev);

/* from pci_dma.c */
int parker_pci_own_dma(struct parker_pci_function *function, struct parker_error *err);
void parker_pci_disown_dma(struct parker_pci_function *function);
int parker_pci_map(struct parker_pci *pci, const struct parker_region *regions,
		   unsigned int nr_regions, struct parker_error *err);
void parker_pci_unmap(struct parker_pci *pci);
void parker_pci_free_domain(struct parker_pci *pci);

/* from pci_reset.c */
int parker_pci_make_clean(struct parker_pci_function *function, struct parker_error *err);
int parker_pci_reset(struct parker_pci_function *function, struct parker_error *err);
bool parker_pci_stop_dma(struct pci_dev *pdev);

#endif /* _DRIVERS_PARKER_PCI_H */
