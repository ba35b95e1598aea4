// SPDX-License-Identifier: GPL-2.0
/*
 * Where an application kernel finds the configuration space of a PCI function.
 */
#include <linux/parker.h>
#include <linux/rcupdate.h>

#include <asm/pci_x86.h>

phys_addr_t arch_parker_config_pa(unsigned int segment, unsigned int bus, unsigned int devfn)
{
#ifdef CONFIG_PCI_MMCONFIG
	struct pci_mmcfg_region *region;

	guard(rcu)();

	region = pci_mmconfig_lookup(segment, bus);
	if (region)
		return region->address + PCI_MMCFG_BUS_OFFSET(bus) + (devfn << 12);
#endif
	return 0;
}
