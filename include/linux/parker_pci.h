/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker: the boundary between the core and the driver that holds PCI functions
 * for partitions.
 */
#ifndef _LINUX_PARKER_PCI_H
#define _LINUX_PARKER_PCI_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/parker.h>
#include <linux/seq_file.h>

struct iommu_domain;

/**
 * struct parker_pci_address - where a PCI function is
 * @segment:	PCI segment, the domain in its name
 * @bus:	bus number
 * @devfn:	device and function number
 */
struct parker_pci_address {
	u32 segment;
	u8 bus;
	u8 devfn;
};

/**
 * struct parker_pci_wish - the functions that a partition is to have
 * @nr:	entries of @at
 * @at:	the functions, each once
 */
struct parker_pci_wish {
	unsigned int nr;
	struct parker_pci_address at[PARKER_MAX_FUNCTIONS];
};

/**
 * struct parker_pci - the PCI functions of a partition
 * @name:	name of the partition, constant
 * @functions:	list of them, under the partition's op_mutex; constant from a start
 *		to the end
 * @domain:	what they can reach by DMA, NULL when there is nothing to hold them;
 *		maps the partition's memory from a start to the end, and nothing else
 * @mapped:	what it maps
 * @nr_mapped:	entries of @mapped
 * @faults:	accesses that the IOMMU refused
 */
struct parker_pci {
	const char *name;
	struct list_head functions;
	struct iommu_domain *domain;
	struct parker_region mapped[PARKER_MAX_REGIONS];
	unsigned int nr_mapped;
	atomic64_t faults;
};

int parker_pci_parse(char *buf, const char *separators, struct parker_pci_wish *wish,
		     struct parker_error *err);

#ifdef CONFIG_PARKER_PCI
int parker_pci_check(const struct parker_pci *pci, const struct parker_pci_wish *wish,
		     struct parker_error *err);
int parker_pci_set(struct parker_pci *pci, const struct parker_pci_wish *wish,
		   struct parker_error *err);
int parker_pci_begin(struct parker_pci *pci, const struct parker_region *regions,
		     unsigned int nr_regions, struct parker_error *err);
int parker_pci_check_present(const struct parker_pci *pci, struct parker_error *err);
unsigned int parker_pci_describe(const struct parker_pci *pci, struct parker_function *table);
void parker_pci_cancel(struct parker_pci *pci);
int parker_pci_end(struct parker_pci *pci, struct parker_error *err);
void parker_pci_silence(struct parker_pci *pci);
void parker_pci_show(struct seq_file *m, const struct parker_pci *pci);
unsigned int parker_pci_count(void);
int parker_pci_show_available(struct seq_file *m);
#else
static inline int parker_pci_check(const struct parker_pci *pci,
				   const struct parker_pci_wish *wish,
				   struct parker_error *err)
{
	return !wish->nr ? 0 :
	       parker_fail(err, -EOPNOTSUPP,
			   "devices: this kernel cannot give PCI functions to a partition");
}

static inline int parker_pci_set(struct parker_pci *pci, const struct parker_pci_wish *wish,
				 struct parker_error *err)
{
	return parker_pci_check(pci, wish, err);
}

static inline int parker_pci_begin(struct parker_pci *pci, const struct parker_region *regions,
				   unsigned int nr_regions, struct parker_error *err)
{
	return 0;
}

static inline int parker_pci_check_present(const struct parker_pci *pci,
					   struct parker_error *err)
{
	return 0;
}

static inline unsigned int parker_pci_describe(const struct parker_pci *pci,
					       struct parker_function *table)
{
	return 0;
}

static inline int parker_pci_end(struct parker_pci *pci, struct parker_error *err)
{
	return 0;
}

static inline void parker_pci_cancel(struct parker_pci *pci) { }
static inline void parker_pci_silence(struct parker_pci *pci) { }
static inline void parker_pci_show(struct seq_file *m, const struct parker_pci *pci) { }
static inline unsigned int parker_pci_count(void) { return 0; }
static inline int parker_pci_show_available(struct seq_file *m) { return 0; }
#endif

/*
 * From the core.  What the driver calls when the kernel that uses a function
 * cannot go on with it.
 */
void __printf(2, 3) parker_pci_end_kernel(struct parker_pci *pci, const char *reason, ...);

/*
 * What an IOMMU driver tells without knowing whose the function is.
 */
#ifdef CONFIG_PARKER_PCI
void parker_pci_dma_fault(unsigned int segment, u16 source_id, u64 addr);
#else
static inline void parker_pci_dma_fault(unsigned int segment, u16 source_id, u64 addr) { }
#endif

#endif /* _LINUX_PARKER_PCI_H */
