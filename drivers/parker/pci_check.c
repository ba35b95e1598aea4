// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: which PCI functions can be given to a partition, and why not.
 *
 * Each sentence is about one function, whose address who asks puts before it.
 */
#include <linux/acpi.h>
#include <linux/blkdev.h>
#include <linux/cleanup.h>
#include <linux/device/class.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/ioport.h>
#include <linux/iommu.h>
#include <linux/moduleparam.h>
#include <linux/msi.h>
#include <linux/netdevice.h>
#include <linux/path.h>
#include <linux/pci.h>
#include <linux/pid_namespace.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <net/ip6_fib.h>
#include <net/ip_fib.h>
#include <net/ipv6_stubs.h>
#include <net/net_namespace.h>
#include <net/nexthop.h>

#include "pci.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "parker."

static bool allow_unsafe_devices;
module_param(allow_unsafe_devices, bool, 0644);
MODULE_PARM_DESC(allow_unsafe_devices,
		 "Give PCI functions whose DMA and interrupts cannot be contained");

/**
 * parker_pci_is_bridge() - Is a function one that others are behind or depend on?
 * @pdev: the function
 *
 * Context: any.
 * Return: true if it is.
 */
bool parker_pci_is_bridge(const struct pci_dev *pdev)
{
	return pdev->hdr_type != PCI_HEADER_TYPE_NORMAL ||
	       pdev->class >> 16 == PCI_BASE_CLASS_BRIDGE;
}

static bool is_below(const struct device *dev, const struct device *top)
{
	while (dev && dev != top)
		dev = dev->parent;
	return dev;
}

/* Who opened a disk for itself alone must not lose it. */
static int check_disk(struct device *dev, struct parker_error *err)
{
	const struct block_device *bdev = dev_to_bdev(dev);

	if (!READ_ONCE(bdev->bd_holder))
		return 0;
	if (READ_ONCE(bdev->bd_holder_ops) == &fs_holder_ops)
		return parker_fail(err, -EBUSY,
				   "a file system on its disk %s is mounted; unmount it first",
				   dev_name(dev));
	return parker_fail(err, -EBUSY,
			   "its disk %s is in use as swap or by a layer above, such as md or dm; turn that off first",
			   dev_name(dev));
}

static int check_disks(const struct pci_dev *pdev, struct parker_error *err)
{
	struct class_dev_iter iter;
	struct device *dev;
	int ret = 0;

	if (!IS_ENABLED(CONFIG_BLOCK))
		return 0;
	class_dev_iter_init(&iter, &block_class, NULL, NULL);
	while (!ret && (dev = class_dev_iter_next(&iter)))
		if (is_below(dev, &pdev->dev))
			ret = check_disk(dev, err);
	class_dev_iter_exit(&iter);
	return ret;
}

#if IS_ENABLED(CONFIG_INET)
/* Does what goes out by @out leave the machine by @dev? */
static bool carries(struct net_device *dev, struct net_device *out)
{
	return out && (out == dev || netdev_has_upper_dev_all_rcu(dev, out));
}

/* Any address that is on no network: what leads there is a default route. */
static bool has_default_route4(struct net *net, struct net_device *dev)
{
	struct flowi4 flow = { .daddr = htonl(0xc6336401) };
	struct fib_result res;

	if (fib_lookup(net, &flow, &res, 0) || res.prefixlen)
		return false;
	for (int i = 0; i < fib_info_num_path(res.fi); i++)
		if (carries(dev, fib_info_nhc(res.fi, i)->nhc_dev))
			return true;
	return false;
}

#if IS_ENABLED(CONFIG_IPV6)
static int carries6(struct fib6_nh *nh, void *dev)
{
	return carries(dev, nh->fib_nh_dev);
}

/* A lookup finds one of the routes that share what is sent. */
static bool any_carries6(struct fib6_info *route, struct net_device *dev)
{
	struct fib6_info *sibling;

	if (route->nh)
		return nexthop_for_each_fib6_nh(route->nh, carries6, dev);
	if (carries6(route->fib6_nh, dev))
		return true;
	list_for_each_entry_rcu(sibling, &route->fib6_siblings, fib6_siblings) {
		/* Has none, or was taken from the list, whose end is not seen then. */
		if (!READ_ONCE(route->fib6_nsiblings))
			break;
		if (carries6(sibling->fib6_nh, dev))
			return true;
	}
	return false;
}
#endif

static bool has_default_route6(struct net *net, struct net_device *dev)
{
#if IS_ENABLED(CONFIG_IPV6)
	struct flowi6 flow = { .daddr.s6_addr32[0] = htonl(0x20010db8) };
	struct fib6_result res = {};

	return !ipv6_stub->fib6_lookup(net, 0, &flow, &res, 0) && res.nh &&
	       !res.f6i->fib6_dst.plen && any_carries6(res.f6i, dev);
#else
	return false;
#endif
}

static bool has_default_route(struct net *net, struct net_device *dev)
{
	guard(rcu)();

	return has_default_route4(net, dev) || has_default_route6(net, dev);
}

/* Kernel threads have the same one only until init unshares it. */
static bool get_root_of_init(struct path *root)
{
	struct fs_struct *fs = NULL;
	struct task_struct *init;

	rcu_read_lock();
	init = find_task_by_pid_ns(1, &init_pid_ns);
	if (init) {
		task_lock(init);
		fs = init->fs;
		if (fs)
			get_fs_root(fs, root);
		task_unlock(init);
	}
	rcu_read_unlock();
	return fs;
}

/* Which device leads to the server is not known, so that it may be any. */
static bool root_is_nfs(void)
{
	struct path root;
	bool is_nfs;

	if (!get_root_of_init(&root))
		return false;
	is_nfs = !strncmp(root.mnt->mnt_sb->s_type->name, "nfs", 3);
	path_put(&root);
	return is_nfs;
}

static int check_net_device(struct net *net, struct net_device *dev, struct parker_error *err)
{
	if (has_default_route(net, dev))
		return parker_fail(err, -EBUSY,
				   "the default route goes by its network device %s; remove that route first",
				   dev->name);
	if ((dev->flags & IFF_UP) && root_is_nfs())
		return parker_fail(err, -EBUSY,
				   "the root file system is on NFS and its network device %s is up; take it down if another one leads to the server",
				   dev->name);
	return 0;
}

static int check_net_devices(const struct pci_dev *pdev, struct parker_error *err)
{
	struct net_device *dev;
	struct net *net;
	int ret = 0;

	ASSERT_RTNL();

	down_read(&net_rwsem);
	for_each_net(net)
		for_each_netdev(net, dev)
			if (!ret && is_below(dev->dev.parent, &pdev->dev))
				ret = check_net_device(net, dev, err);
	up_read(&net_rwsem);
	return ret;
}

/**
 * parker_pci_lock_net() - Keep network devices as they are for some checks
 *
 * Context: may sleep.
 * Return: 0, and parker_pci_unlock_net() must follow; or -EINTR after a fatal signal.
 */
int parker_pci_lock_net(void)
{
	return rtnl_lock_killable();
}

/**
 * parker_pci_unlock_net() - Undo parker_pci_lock_net()
 *
 * Context: may sleep.
 */
void parker_pci_unlock_net(void)
{
	rtnl_unlock();
}
#else
int parker_pci_lock_net(void)
{
	return 0;
}

void parker_pci_unlock_net(void)
{
}

static int check_net_devices(const struct pci_dev *pdev, struct parker_error *err)
{
	return 0;
}
#endif

/**
 * parker_pci_is_contained() - Does the hardware hold a function inside its partition?
 * @pdev: the function
 *
 * Context: may sleep.
 * Return: true when an IOMMU translates its DMA.  Its interrupts are what its
 * partition's kernel makes of them.
 */
bool parker_pci_is_contained(struct pci_dev *pdev)
{
	return pdev->dev.iommu_group && device_iommu_mapped(&pdev->dev) &&
	       !msi_device_has_isolated_msi(&pdev->dev);
}

static bool has_acpi_table(char *signature)
{
	struct acpi_table_header *table;

	if (!IS_ENABLED(CONFIG_ACPI) || ACPI_FAILURE(acpi_get_table(signature, 0, &table)))
		return false;
	acpi_put_table(table);
	return true;
}

/* How the IOMMU of this machine, which does not translate for a function, would. */
static const char *advise_iommu(void)
{
	if (has_acpi_table(ACPI_SIG_DMAR))
		return IS_ENABLED(CONFIG_INTEL_IOMMU) ?
		       "boot with intel_iommu=on" : "boot a kernel with CONFIG_INTEL_IOMMU";
	if (has_acpi_table(ACPI_SIG_IVRS))
		return IS_ENABLED(CONFIG_AMD_IOMMU) ?
		       "boot without amd_iommu=off and iommu=off" :
		       "boot a kernel with CONFIG_AMD_IOMMU";
	return "turn one on in the firmware, which shows none";
}

static int check_containment(struct pci_dev *pdev, struct parker_error *err)
{
	if (parker_pci_is_contained(pdev) || READ_ONCE(allow_unsafe_devices))
		return 0;
	if (!pdev->dev.iommu_group)
		return parker_fail(err, -EOPNOTSUPP,
				   "no IOMMU holds its DMA inside a partition; %s, or allow it with parker.allow_unsafe_devices=1",
				   advise_iommu());
	return parker_fail(err, -EOPNOTSUPP,
			   "interrupt remapping is on, which would block its interrupts; turn it off (intremap=off), or try with parker.allow_unsafe_devices=1");
}

/*
 * Of a BAR that it found no place for, the kernel may have forgotten that it is there.
 * Its type tells, as that of one with 64 bits is not zero.
 */
static bool has_no_address(struct pci_dev *pdev, unsigned int bar)
{
	const struct resource *res = &pdev->resource[bar];
	u32 value;

	if (res->flags & IORESOURCE_MEM)
		return res->flags & IORESOURCE_UNSET || !res->start;
	if (res->flags)
		return false;
	pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * bar, &value);
	return value & PCI_BASE_ADDRESS_MEM_TYPE_64 && !(value & PCI_BASE_ADDRESS_SPACE_IO);
}

/* An application kernel has no I/O ports, and moves no BAR. */
static int check_bars(struct pci_dev *pdev, struct parker_error *err)
{
	unsigned int nr = 0;

	for (unsigned int bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		const unsigned long flags = pdev->resource[bar].flags;

		if (has_no_address(pdev, bar))
			return parker_fail(err, -EOPNOTSUPP,
					   "its BAR %u has no address, as it does not fit where the ports above let memory through",
					   bar);
		if (flags & IORESOURCE_MEM)
			nr++;
		/* The next one is its upper half. */
		if (flags & IORESOURCE_MEM_64)
			bar++;
	}
	if (!nr)
		return parker_fail(err, -EOPNOTSUPP,
				   "it has no BAR of memory, and a partition has no I/O ports");
	return 0;
}

/* What the function is, whoever has it now. */
static int check_kind(struct pci_dev *pdev, struct parker_error *err)
{
	int ret;

	if (parker_pci_is_bridge(pdev))
		return parker_fail(err, -EINVAL,
				   "it is a bridge, which others are behind or depend on");
	ret = check_containment(pdev, err);
	if (ret)
		return ret;
	if (!pdev->msi_cap && !pdev->msix_cap)
		return parker_fail(err, -EOPNOTSUPP,
				   "it has neither MSI nor MSI-X, and a partition has no other interrupts");
	if (!pdev->reset_methods[0])
		return parker_fail(err, -EOPNOTSUPP,
				   "it cannot be reset alone, so it could go on with what an earlier owner began");
	ret = check_bars(pdev, err);
	if (ret)
		return ret;
	if (!arch_parker_config_pa(pci_domain_nr(pdev->bus), pdev->bus->number, pdev->devfn))
		return parker_fail(err, -EOPNOTSUPP,
				   "its configuration space cannot be reached by memory access (ECAM)");
	return 0;
}

/*
 * To take a function from such a driver would wait for the program that uses it.  The
 * lock of the device is not waited for either, as in copy_driver_name().
 */
static int check_driver(struct pci_dev *pdev, struct parker_error *err)
{
	const struct device_driver *driver;

	guard(rcu)();

	driver = READ_ONCE(pdev->dev.driver);
	if (driver && to_pci_driver(driver)->driver_managed_dma)
		return parker_fail(err, -EBUSY,
				   "its driver %s holds it for user space; unbind that first",
				   driver->name);
	return 0;
}

static int note_busy(struct resource *res, void *busy)
{
	*(bool *)busy = true;
	return 1;
}

/* Without a driver of its own: the firmware's framebuffer, for one, has another one. */
static int check_memory(struct pci_dev *pdev, struct parker_error *err)
{
	bool busy = false;

	if (READ_ONCE(pdev->dev.driver))
		return 0;
	for (unsigned int bar = 0; bar < PCI_STD_NUM_BARS && !busy; bar++) {
		const struct resource *res = &pdev->resource[bar];

		if (res->flags & IORESOURCE_MEM)
			walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM | IORESOURCE_BUSY,
					    res->start, res->end, &busy, note_busy);
	}
	if (busy)
		return parker_fail(err, -EBUSY,
				   "its memory is in use by a driver that is not its own, such as that of the firmware's framebuffer; /proc/iomem names it");
	return 0;
}

static int check_use(struct pci_dev *pdev, struct parker_error *err)
{
	if (pci_num_vf(pdev))
		return parker_fail(err, -EBUSY,
				   "%d virtual functions of it are in use; write 0 to its sriov_numvfs first",
				   pci_num_vf(pdev));
	return check_driver(pdev, err) ?:
	       check_memory(pdev, err) ?:
	       check_disks(pdev, err) ?:
	       check_net_devices(pdev, err);
}

/**
 * parker_pci_check_function_locked() - Could a partition get this function?
 * @pci:	the partition's functions, or NULL for a new partition
 * @pdev:	the function
 * @err:	gets the sentence, without its address
 *
 * Context: may sleep, but not for a driver; after parker_pci_lock_net().
 * Return: 0, also for one that it has, or a negative errno.
 */
int parker_pci_check_function_locked(const struct parker_pci *pci, struct pci_dev *pdev,
				     struct parker_error *err)
{
	const struct parker_pci *owner;
	char name[PARKER_NAME_LEN];

	owner = parker_pci_owner(pdev, name);
	if (owner)
		return owner == pci ? 0 :
		       parker_fail(err, -EBUSY, "it belongs to partition %s", name);
	return check_kind(pdev, err) ?: check_use(pdev, err);
}

/**
 * parker_pci_check_function() - Could a partition get this function?
 * @pci:	as in parker_pci_check_function_locked()
 * @pdev:	likewise
 * @err:	likewise
 *
 * Context: may sleep.
 * Return: as there, or -EINTR after a fatal signal.
 */
int parker_pci_check_function(const struct parker_pci *pci, struct pci_dev *pdev,
			      struct parker_error *err)
{
	int ret;

	ret = parker_pci_lock_net();
	if (ret)
		return parker_fail(err, ret, "killed while it waited for network devices");
	ret = parker_pci_check_function_locked(pci, pdev, err);
	parker_pci_unlock_net();
	return ret;
}

/* What a walk over a group looks for. */
struct parker_group_walk {
	const struct parker_pci_wish *wish;
	const struct pci_dev *asked;
	char others[128];
};

/* A port sends no DMA of its own, so that it may be in the group. */
static int note_other(struct device *dev, void *data)
{
	struct parker_group_walk *walk = data;

	if (dev == &walk->asked->dev)
		return 0;
	if (dev_is_pci(dev) && (parker_pci_is_bridge(to_pci_dev(dev)) ||
				(walk->wish && parker_pci_is_wished(walk->wish, to_pci_dev(dev)))))
		return 0;
	if (walk->others[0])
		strlcat(walk->others, " ", sizeof(walk->others));
	strlcat(walk->others, dev_name(dev), sizeof(walk->others));
	return 0;
}

/**
 * parker_pci_check_group() - Would a partition have all of a function's group?
 * @wish:	all functions that the partition is to have, NULL: only this one
 * @pdev:	one of them
 * @err:	gets the sentence, without its address
 *
 * The IOMMU does not tell the functions of a group apart.
 *
 * Context: may sleep.
 * Return: 0, or -EBUSY.
 */
int parker_pci_check_group(const struct parker_pci_wish *wish, struct pci_dev *pdev,
			   struct parker_error *err)
{
	struct parker_group_walk walk = { .wish = wish, .asked = pdev };

	if (!pdev->dev.iommu_group)
		return 0;
	iommu_group_for_each_dev(pdev->dev.iommu_group, &walk, note_other);
	if (!walk.others[0])
		return 0;
	return parker_fail(err, -EBUSY,
			   "the IOMMU cannot tell it from %s, which must go to the same partition",
			   walk.others);
}
