// SPDX-License-Identifier: GPL-2.0
/*
 * Guarded partitions: what the boot kernel lays out for the shim in guard/, and
 * what it reads there.
 *
 * The shim and all that it needs lie in memory which the partition's nested page
 * tables do not map.  They are made at each start and freed when all CPUs are
 * proved stopped.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/parker.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include <asm/apic.h>
#include <asm/cpufeature.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/svm.h>

#include "internal.h"
#include "guard/guard.h"

extern const char parker_guard_image[], parker_guard_image_end[];

#define PTE_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define IOPM_PAGES	3
#define MSRPM_PAGES	2

/**
 * struct tables - 4-level page tables that map addresses to themselves
 * @root:	the root
 * @pages:	all that they consist of
 */
struct tables {
	u64 *root;
	struct list_head pages;
};

/**
 * struct parker_guard - the guard of one start
 * @nested:	what of the machine the partition has
 * @guest:	on which its payload is entered
 * @image:	the shim, its struct guard and its CPUs
 * @image_len:	their length in bytes
 * @guard:	in @image
 * @cpus:	in @image
 * @maps:	I/O ports, then MSRs
 */
struct parker_guard {
	struct tables nested;
	struct tables guest;
	void *image;
	size_t image_len;
	struct guard *guard;
	void *cpus;
	void *maps;
};

static struct guard_cpu *cpu_at(const struct parker_guard *pg, unsigned int i)
{
	return pg->cpus + i * GUARD_CPU_LEN;
}

static u64 *tables_page(struct tables *tables)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!page)
		return NULL;
	list_add(&page->lru, &tables->pages);
	return page_address(page);
}

static bool tables_init(struct tables *tables)
{
	INIT_LIST_HEAD(&tables->pages);
	tables->root = tables_page(tables);
	return tables->root;
}

static void tables_free(struct tables *tables)
{
	struct page *page, *next;

	if (!tables->pages.next)
		return;
	list_for_each_entry_safe(page, next, &tables->pages, lru)
		__free_page(page);
}

/* Finds the entry of a level, 1 to 4, or makes it. */
static u64 *tables_entry(struct tables *tables, phys_addr_t at, unsigned int level)
{
	u64 *table = tables->root, *entry, *next;

	for (unsigned int l = 4; ; l--) {
		entry = &table[at >> (PAGE_SHIFT + 9 * (l - 1)) & 511];
		if (l == level)
			return entry;
		if (*entry & _PAGE_PSE)
			return NULL;
		if (!*entry) {
			next = tables_page(tables);
			if (!next)
				return NULL;
			*entry = __pa(next) | PTE_TABLE;
		}
		table = __va(*entry & PTE_PFN_MASK);
	}
}

static int tables_map(struct tables *tables, phys_addr_t start, phys_addr_t len, bool writable)
{
	phys_addr_t end = start + len, step;
	u64 *entry;

	for (phys_addr_t at = start; at < end; at += step) {
		bool large = IS_ALIGNED(at, PMD_SIZE) && end - at >= PMD_SIZE;

		step = large ? PMD_SIZE : PAGE_SIZE;
		entry = tables_entry(tables, at, large ? 2 : 1);
		if (!entry)
			return -ENOMEM;
		*entry = at | (PTE_TABLE & ~(writable ? 0 : _PAGE_RW)) | (large ? _PAGE_PSE : 0);
	}
	return 0;
}

/* The boot protocol's page tables lie outside of the partition. */
static int map_guest(struct parker_guard *pg, const struct parker_boot *boot)
{
	struct guard *guard = pg->guard;
	u64 *root = pg->guest.root;
	struct page *page;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < boot->nr_regions; i++)
		ret = tables_map(&pg->guest, boot->regions[i].start, boot->regions[i].len, true);
	if (!ret && parker_wants_la57(boot)) {
		root = tables_page(&pg->guest);
		if (!root)
			return -ENOMEM;
		root[0] = __pa(pg->guest.root) | PTE_TABLE;
		guard->guest_cr4 = X86_CR4_LA57;
		/* The decompressor reads the first entry of its root. */
		ret = tables_map(&pg->guest, __pa(root), PAGE_SIZE, true);
	}
	guard->guest_cr3 = __pa(root);
	list_for_each_entry(page, &pg->guest.pages, lru)
		ret = ret ?: tables_map(&pg->nested, page_to_phys(page), PAGE_SIZE, true);
	return ret;
}

static int map_function(struct parker_guard *pg, const struct parker_function *function,
			struct parker_error *err)
{
	int ret = tables_map(&pg->nested, le64_to_cpu(function->config), PAGE_SIZE, false);

	for (unsigned int i = 0; !ret && i < PARKER_MAX_BARS; i++) {
		u64 start = le64_to_cpu(function->bars[i].start);
		u64 len = le64_to_cpu(function->bars[i].len);

		/* The rest of the page may be another function's. */
		if (len && len < PAGE_SIZE)
			return parker_fail(err, -EOPNOTSUPP,
					   "%04x:%02x:%02x.%x has a BAR smaller than a page, which a guarded partition cannot have alone",
					   le32_to_cpu(function->segment), function->bus,
					   PCI_SLOT(function->devfn), PCI_FUNC(function->devfn));
		ret = tables_map(&pg->nested, start, len, true);
	}
	return ret ? parker_fail(err, ret, "Not enough kernel memory") : 0;
}

static int map_nested(struct parker_guard *pg, const struct parker_boot *boot, phys_addr_t low,
		      struct parker_error *err)
{
	struct guard *guard = pg->guard;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < boot->nr_regions; i++) {
		guard->rams[guard->nr_rams++] = (struct guard_ram){
			.start	= boot->regions[i].start,
			.len	= boot->regions[i].len,
		};
		ret = tables_map(&pg->nested, boot->regions[i].start, boot->regions[i].len, true);
	}
	if (!ret && low) {
		guard->rams[guard->nr_rams++] = (struct guard_ram){
			.start	= low,
			.len	= PARKER_LOW_LEN,
		};
		ret = tables_map(&pg->nested, low, PARKER_LOW_LEN, true);
	}
	/* In xAPIC mode the guard writes for the guest. */
	if (!ret && !x2apic_enabled())
		ret = tables_map(&pg->nested, APIC_DEFAULT_PHYS_BASE, PAGE_SIZE, false);
	ret = ret ?: map_guest(pg, boot);
	if (ret)
		return parker_fail(err, ret, "Not enough kernel memory for nested page tables");
	for (unsigned int i = 0; !ret && i < boot->nr_functions; i++)
		ret = map_function(pg, &boot->functions[i], err);
	guard->nested_cr3 = __pa(pg->nested.root);
	return ret;
}

static int make_maps(struct parker_guard *pg)
{
	void *msrs;

	pg->maps = alloc_pages_exact((IOPM_PAGES + MSRPM_PAGES) * PAGE_SIZE, GFP_KERNEL);
	if (!pg->maps)
		return -ENOMEM;
	memset(pg->maps, 0xff, (IOPM_PAGES + MSRPM_PAGES) * PAGE_SIZE);
	msrs = pg->maps + IOPM_PAGES * PAGE_SIZE;
	parker_guard_allow_msrs(msrs);
	pg->guard->iopm = __pa(pg->maps);
	pg->guard->msrpm = __pa(msrs);
	return 0;
}

static size_t shim_len(void)
{
	return PAGE_ALIGN(parker_guard_image_end - parker_guard_image);
}

/* The shim, its gates for exceptions, what its CPUs share, then each CPU. */
static size_t guard_offset(void)
{
	return shim_len() + PAGE_ALIGN(GUARD_IDT_GATES * sizeof(gate_desc));
}

static size_t cpus_offset(const struct parker_boot *boot)
{
	return guard_offset() +
	       PAGE_ALIGN(struct_size_t(struct guard, functions, boot->nr_functions));
}

static int make_image(struct parker_guard *pg, const struct parker_boot *boot)
{
	pg->image_len = cpus_offset(boot) + cpumask_weight(boot->cpus) * GUARD_CPU_LEN;
	pg->image = alloc_pages_exact(pg->image_len, GFP_KERNEL | __GFP_ZERO);
	if (!pg->image)
		return -ENOMEM;
	memcpy(pg->image, parker_guard_image, parker_guard_image_end - parker_guard_image);
	pg->guard = pg->image + guard_offset();
	pg->cpus = pg->image + cpus_offset(boot);
	return 0;
}

static void set_gates(struct parker_guard *pg)
{
	gate_desc *gates = pg->image + shim_len();
	u64 handler = __pa(pg->image) + GUARD_FAULTS;

	for (unsigned int i = 0; i < GUARD_IDT_GATES; i++, handler += GUARD_FAULT_LEN)
		gates[i] = (gate_desc){
			.offset_low	= handler,
			.offset_middle	= handler >> 16,
			.offset_high	= handler >> 32,
			.segment	= 0x10,	/* The parking stub's. */
			.bits.type	= GATE_INTERRUPT,
			.bits.p		= 1,
		};
}

static void set_cpu(struct parker_guard *pg, unsigned int i, unsigned int cpu)
{
	struct guard_cpu *gc = cpu_at(pg, i);

	gc->idt_limit = GUARD_IDT_GATES * sizeof(gate_desc) - 1;
	gc->idt_base = __pa(pg->image) + shim_len();
	gc->guard = __pa(pg->guard);
	gc->vmcb = __pa(gc) + PAGE_SIZE;
	gc->host_save = __pa(gc) + 2 * PAGE_SIZE;
	gc->apic_id = cpuid_to_apicid[cpu];
	gc->is_first = !i;
}

static void set_cpus(struct parker_guard *pg, const struct parker_boot *boot)
{
	unsigned int cpu, i = 1;

	set_cpu(pg, 0, boot->boot_cpu);
	for_each_cpu(cpu, boot->cpus)
		if (cpu != boot->boot_cpu)
			set_cpu(pg, i++, cpu);
	pg->guard->nr_cpus = i;
	pg->guard->cpus = __pa(pg->cpus);
}

static int set_function(struct guard_function *gf, const struct parker_function *function,
			struct parker_error *err)
{
	u8 hardware[PCI_CFG_SPACE_SIZE];
	void __iomem *base = ioremap(le64_to_cpu(function->config), PAGE_SIZE);

	if (!base)
		return parker_fail(err, -ENOMEM, "Not enough kernel memory");
	for (unsigned int reg = 0; reg < sizeof(hardware); reg++)
		hardware[reg] = readb(base + reg);
	iounmap(base);
	gf->config_pa = le64_to_cpu(function->config);
	parker_config_init(&gf->config, function, hardware);
	return 0;
}

/* Steps over branches and branch records; in hardware the others are reserved. */
static u64 debugctl_bits(void)
{
	u64 bits = DEBUGCTLMSR_BTF | DEBUGCTLMSR_LBR;

	if (boot_cpu_has(X86_FEATURE_BUS_LOCK_DETECT))
		bits |= DEBUGCTLMSR_BUS_LOCK_DETECT;
	if (boot_cpu_has(X86_FEATURE_AMD_LBR_PMC_FREEZE))
		bits |= DEBUGCTLMSR_FREEZE_LBRS_ON_PMI;
	return bits;
}

static int fill(struct parker_guard *pg, const struct parker_boot *boot, phys_addr_t low,
		struct parker_error *err)
{
	int ret = 0;

	if (make_image(pg, boot) || !tables_init(&pg->nested) || !tables_init(&pg->guest) ||
	    make_maps(pg))
		return parker_fail(err, -ENOMEM, "Not enough kernel memory for the guard");
	set_gates(pg);
	set_cpus(pg, boot);
	pg->guard->stub_page = parker_stub_pa >> PAGE_SHIFT;
	pg->guard->x2apic = x2apic_enabled();
	pg->guard->stop = !boot->log_violations;
	pg->guard->has_nrip = boot_cpu_has(X86_FEATURE_NRIPS);
	pg->guard->has_smca = boot_cpu_has(X86_FEATURE_SMCA);
	pg->guard->debugctl = debugctl_bits();
	pg->guard->nr_functions = boot->nr_functions;
	for (unsigned int i = 0; !ret && i < boot->nr_functions; i++)
		ret = set_function(&pg->guard->functions[i], &boot->functions[i], err);
	return ret ?: map_nested(pg, boot, low, err);
}

/**
 * parker_guard_alloc() - Lay out the guard of a start
 * @boot:	the start
 * @low:	its slot below 1 MiB, or 0
 * @err:	gets the sentence
 *
 * Return: the guard, or an ERR_PTR: ENOMEM, or EOPNOTSUPP for a BAR that it cannot give
 * alone.
 */
struct parker_guard *parker_guard_alloc(const struct parker_boot *boot, phys_addr_t low,
					struct parker_error *err)
{
	struct parker_guard *pg = kzalloc(sizeof(*pg), GFP_KERNEL);
	int ret;

	if (!pg)
		return ERR_PTR(parker_fail(err, -ENOMEM,
					   "Not enough kernel memory for the guard"));
	ret = fill(pg, boot, low, err);
	if (!ret)
		return pg;
	parker_guard_free(pg);
	return ERR_PTR(ret);
}

/**
 * parker_guard_free() - Free what parker_guard_alloc() made
 * @pg: the guard, used by no CPU, or NULL
 */
void parker_guard_free(struct parker_guard *pg)
{
	if (!pg)
		return;
	tables_free(&pg->nested);
	tables_free(&pg->guest);
	if (pg->maps)
		free_pages_exact(pg->maps, (IOPM_PAGES + MSRPM_PAGES) * PAGE_SIZE);
	if (pg->image)
		free_pages_exact(pg->image, pg->image_len);
	kfree(pg);
}

/**
 * parker_guard_map() - Map what the shim needs beside the parking place
 * @pg:		the guard
 * @boot:	the start
 * @paging:	gets it
 *
 * Return: 0 or -ENOMEM.
 */
int parker_guard_map(const struct parker_guard *pg, const struct parker_boot *boot,
		     struct parker_paging *paging)
{
	int ret = parker_paging_map(paging, __pa(pg->image), pg->image_len);

	if (pg->guard->nr_rams > boot->nr_regions)
		ret = ret ?: parker_paging_map(paging, boot->arch->low, PARKER_LOW_LEN);
	if (!x2apic_enabled())
		ret = ret ?: parker_paging_map(paging, APIC_DEFAULT_PHYS_BASE, PAGE_SIZE);
	for (unsigned int i = 0; !ret && i < boot->nr_functions; i++)
		ret = parker_paging_map(paging, pg->guard->functions[i].config_pa, PAGE_SIZE);
	return ret;
}

/**
 * parker_guard_enter() - Lead all CPUs of a start into the shim
 * @pg:		the guard
 * @boot:	the start, whose first CPU goes to the kernel so far
 */
void parker_guard_enter(struct parker_guard *pg, const struct parker_boot *boot)
{
	struct arch_parker_boot *arch = boot->arch;
	unsigned int cpu, i = 1;

	pg->guard->entry = arch->entry;
	pg->guard->arg = arch->arg;
	arch->entry = __pa(pg->image);
	arch->arg = __pa(cpu_at(pg, 0));
	for_each_cpu(cpu, boot->cpus)
		if (cpu != boot->boot_cpu)
			parker_lead_to(cpu, arch->cr3, arch->cr4, arch->entry,
				       __pa(cpu_at(pg, i++)));
}

static bool svm_is_locked(void)
{
	u64 vm_cr;

	return rdmsrl_safe(MSR_VM_CR, &vm_cr) || vm_cr & SVM_VM_CR_SVM_DIS_MASK;
}

int arch_parker_guard_check(struct parker_error *err)
{
	if (!boot_cpu_has(X86_FEATURE_SVM))
		return parker_fail(err, -EOPNOTSUPP,
				   "guarded partitions need AMD's virtualisation (SVM), which this machine lacks");
	if (svm_is_locked())
		return parker_fail(err, -EOPNOTSUPP,
				   "guarded partitions need virtualisation (SVM), which the firmware has turned off");
	if (!boot_cpu_has(X86_FEATURE_NPT))
		return parker_fail(err, -EOPNOTSUPP,
				   "guarded partitions need nested page tables, which this machine lacks");
	return 0;
}

void arch_parker_guard_report(const struct parker_boot *boot, struct parker_guard_report *report)
{
	const struct parker_guard *pg = boot->arch ? boot->arch->guard : NULL;

	*report = (struct parker_guard_report){};
	if (!pg)
		return;
	for (unsigned int i = 0; i < pg->guard->nr_cpus; i++) {
		const struct parker_guard_told *told = &cpu_at(pg, i)->told;
		u64 violations;

		/* Pairs with the store in note() of the shim. */
		violations = smp_load_acquire(&told->violations);
		for (unsigned int k = 0; k < PARKER_NR_EXITS; k++)
			report->exits[k] += READ_ONCE(told->exits[k]);
		report->violations += violations;
		report->msrs_refused += READ_ONCE(told->msrs_refused);
		if (violations && (!report->over || told->over))
			report->last = told->last;
		report->over |= READ_ONCE(told->over);
	}
}
