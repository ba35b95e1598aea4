// SPDX-License-Identifier: GPL-2.0
/*
 * PCI in an application kernel: the functions that it was given, and no others.
 *
 * Of the configuration space it maps its own functions' only.  Each bus that one
 * of them is on is a root bus here, whose windows are their BARs: the ports above
 * belong to the boot kernel, which keeps them open, and there is no room in which
 * a BAR could be moved to.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/init.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/numa.h>
#include <linux/parker.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <asm/pci_x86.h>
#include <asm/x86_init.h>

#include "config_space.h"

/**
 * struct app_function - a function of this kernel
 * @given:	what the boot kernel says of it
 * @base:	its configuration space
 * @config:	what is seen of it
 * @lock:	covers @config and what is read and written back
 */
struct app_function {
	struct parker_function given;
	void __iomem *base;
	struct parker_config config;
	raw_spinlock_t lock;
};

static struct app_function *functions __ro_after_init;
static unsigned int nr_functions __ro_after_init;

static u32 hardware_read(const struct app_function *f, int reg, int len)
{
	switch (len) {
	case 1:
		return mmio_config_readb(f->base + reg);
	case 2:
		return mmio_config_readw(f->base + reg);
	default:
		return mmio_config_readl(f->base + reg);
	}
}

static void hardware_write(const struct app_function *f, int reg, int len, u32 value)
{
	switch (len) {
	case 1:
		mmio_config_writeb(f->base + reg, value);
		break;
	case 2:
		mmio_config_writew(f->base + reg, value);
		break;
	default:
		mmio_config_writel(f->base + reg, value);
	}
}

static struct app_function *find(unsigned int segment, unsigned int bus, unsigned int devfn)
{
	for (unsigned int i = 0; i < nr_functions; i++) {
		const struct parker_function *given = &functions[i].given;

		if (le32_to_cpu(given->segment) == segment && given->bus == bus &&
		    given->devfn == devfn)
			return &functions[i];
	}
	return NULL;
}

/* Not the extended space: what is there is the boot kernel's to handle. */
static bool is_access(int reg, int len)
{
	return reg >= 0 && reg + len <= PCI_CFG_SPACE_SIZE && IS_ALIGNED(reg, len);
}

static int app_config_read(unsigned int segment, unsigned int bus, unsigned int devfn, int reg,
			   int len, u32 *value)
{
	struct app_function *f = find(segment, bus, devfn);

	*value = ~0U;
	if (!f)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (!is_access(reg, len))
		return PCIBIOS_BAD_REGISTER_NUMBER;

	scoped_guard(raw_spinlock_irqsave, &f->lock) {
		*value = parker_config_read(&f->config, reg, len, hardware_read(f, reg, len));
	}
	return 0;
}

static int app_config_write(unsigned int segment, unsigned int bus, unsigned int devfn, int reg,
			    int len, u32 value)
{
	struct app_function *f = find(segment, bus, devfn);

	if (!f)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (!is_access(reg, len))
		return PCIBIOS_BAD_REGISTER_NUMBER;

	scoped_guard(raw_spinlock_irqsave, &f->lock)
		if (parker_config_write(&f->config, reg, len, value, hardware_read(f, reg, len),
					&value))
			hardware_write(f, reg, len, value);
	return 0;
}

static const struct pci_raw_ops app_config_ops = {
	.read	= app_config_read,
	.write	= app_config_write,
};

static bool __init map_function(struct app_function *f, const struct parker_function *given)
{
	u8 hardware[PCI_CFG_SPACE_SIZE];

	f->given = *given;
	raw_spin_lock_init(&f->lock);
	f->base = ioremap(le64_to_cpu(given->config), PAGE_SIZE);
	if (!f->base)
		return false;
	for (unsigned int reg = 0; reg < sizeof(hardware); reg++)
		hardware[reg] = hardware_read(f, reg, 1);
	parker_config_init(&f->config, given, hardware);
	return true;
}

/**
 * parker_app_pci_init() - Map the configuration space of what this kernel was given
 *
 * Context: arch_initcall.
 * Return: 0: no other way to reach a configuration space is to be looked for.
 */
int __init parker_app_pci_init(void)
{
	struct parker_given *block = parker_app_block();
	const struct parker_function *given = (void *)block + le16_to_cpu(block->functions_offset);
	unsigned int nr = le16_to_cpu(block->nr_functions);

	if (!nr)
		return 0;
	functions = kcalloc(nr, sizeof(*functions), GFP_KERNEL);
	if (!functions)
		return 0;
	for (unsigned int i = 0; i < nr; i++)
		if (map_function(&functions[nr_functions], &given[i]))
			nr_functions++;

	raw_pci_ops = &app_config_ops;
	raw_pci_ext_ops = &app_config_ops;
	return 0;
}

/* The windows lead nowhere but to the BARs of functions on this bus. */
static void __init add_windows(struct pci_host_bridge *bridge, const struct parker_function *given)
{
	struct resource *window;

	for (unsigned int i = 0; i < PARKER_MAX_BARS; i++) {
		const struct parker_bar *bar = &given->bars[i];
		u64 start = le64_to_cpu(bar->start);

		if (!bar->len)
			continue;
		window = kzalloc(sizeof(*window), GFP_KERNEL);
		if (!window)
			return;
		*window = DEFINE_RES_MEM_NAMED(start, le64_to_cpu(bar->len), "PCI window");
		if (le32_to_cpu(bar->flags) & PARKER_BAR_PREFETCH)
			window->flags |= IORESOURCE_PREFETCH;
		if (le32_to_cpu(bar->flags) & PARKER_BAR_64BIT)
			window->flags |= IORESOURCE_MEM_64;
		if (request_resource(&iomem_resource, window)) {
			pr_err("the window %pR is in use\n", window);
			kfree(window);
			continue;
		}
		pci_add_resource(&bridge->windows, window);
	}
}

static struct pci_host_bridge *__init alloc_bridge(u32 segment, u8 bus)
{
	struct pci_host_bridge *bridge = pci_alloc_host_bridge(sizeof(struct pci_sysdata));
	struct pci_sysdata *sysdata;
	struct resource *numbers;

	numbers = kzalloc(sizeof(*numbers), GFP_KERNEL);
	if (!bridge || !numbers) {
		kfree(numbers);
		pci_free_host_bridge(bridge);
		return NULL;
	}

	sysdata = pci_host_bridge_priv(bridge);
	sysdata->domain = segment;
	sysdata->node = NUMA_NO_NODE;
	bridge->sysdata = sysdata;
	bridge->ops = &pci_root_ops;
	bridge->native_aer = 0;
	bridge->native_pcie_hotplug = 0;
	bridge->native_shpc_hotplug = 0;
	bridge->native_pme = 0;
	bridge->native_ltr = 0;
	bridge->native_dpc = 0;
	numbers->start = bus;
	numbers->end = bus;
	numbers->flags = IORESOURCE_BUS;
	pci_add_resource(&bridge->windows, numbers);
	return bridge;
}

static bool __init is_on(const struct app_function *f, u32 segment, u8 bus)
{
	return le32_to_cpu(f->given.segment) == segment && f->given.bus == bus;
}

/* Finds the functions as a rescan does: one need not have a first one beside it. */
static void __init scan_bus(u32 segment, u8 bus)
{
	struct pci_host_bridge *bridge = alloc_bridge(segment, bus);

	if (!bridge)
		return;
	for (unsigned int i = 0; i < nr_functions; i++)
		if (is_on(&functions[i], segment, bus))
			add_windows(bridge, &functions[i].given);
	if (pci_scan_root_bus_bridge(bridge)) {
		pci_free_host_bridge(bridge);
		return;
	}
	pci_bus_add_devices(bridge->bus);
}

/*
 * A BAR stays where it is, and has a window of its own.  A rescan would look for any
 * window that is large enough.
 */
static void claim_bars(struct pci_dev *dev)
{
	if (!parker_app_running())
		return;
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++)
		if (dev->resource[i].flags && !pci_claim_resource(dev, i))
			dev->resource[i].flags |= IORESOURCE_PCI_FIXED;
}
DECLARE_PCI_FIXUP_HEADER(PCI_ANY_ID, PCI_ANY_ID, claim_bars);

/**
 * parker_app_pci_scan() - Find the functions that this kernel was given
 *
 * Context: subsys_initcall.
 * Return: 0.
 */
int __init parker_app_pci_scan(void)
{
	for (unsigned int i = 0; i < nr_functions; i++) {
		const struct parker_function *given = &functions[i].given;

		if (!pci_find_bus(le32_to_cpu(given->segment), given->bus))
			scan_bus(le32_to_cpu(given->segment), given->bus);
	}
	return 0;
}
