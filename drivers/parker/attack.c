// SPDX-License-Identifier: GPL-2.0
/*
 * A switch for tests: /sys/kernel/debug/parker/attack, in an application kernel.
 *
 * Writing "KIND COUNT" tries that often, at random, to touch what is not this
 * kernel's.  It says how many tries there were, and how many of them gave no
 * fault.  A bare partition must not do that: it would harm the machine.
 *
 * The kinds whose names begin with "one-" do one thing that harms nobody, for tests
 * that look whether it is seen.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <asm/apic.h>
#include <asm/asm.h>
#include <asm/irq_vectors.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include <asm/svm.h>

#include "app.h"

/* Beyond what machines that this is tested on have. */
#define ADDRESS_BITS	40

static struct rnd_state rnd;

/* Each of these returns whether it was let through. */
static bool read_long(void __iomem *at)
{
	bool done = false;
	u32 value;

	asm volatile("1: movl (%2), %0\n\tmovb $1, %1\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : "=&r" (value), "+q" (done) : "r" (at));
	return done;
}

static bool write_long(void __iomem *at)
{
	bool done = false;

	asm volatile("1: movl %1, (%2)\n\tmovb $1, %0\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : "+q" (done) : "r" (prandom_u32_state(&rnd)), "r" (at) : "memory");
	return done;
}

static bool is_mine(phys_addr_t pa)
{
	return region_intersects(pa, 4, 0, IORES_DESC_NONE) != REGION_DISJOINT ||
	       pa >> PAGE_SHIFT == APIC_DEFAULT_PHYS_BASE >> PAGE_SHIFT;
}

/* Not by ioremap(), which would refuse. */
static bool touch(phys_addr_t pa, bool (*how)(void __iomem *at))
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_IOREMAP);
	unsigned long at;
	bool done = false;

	if (!area)
		return false;
	at = (unsigned long)area->addr;
	if (!ioremap_page_range(at, at + PAGE_SIZE, pa & PAGE_MASK, PAGE_KERNEL_IO))
		done = how((void __iomem *)at + (pa & ~PAGE_MASK));
	free_vm_area(area);
	return done;
}

static phys_addr_t foreign(u64 start, unsigned int bits)
{
	phys_addr_t pa;

	do {
		pa = start + ((u64)prandom_u32_state(&rnd) << 32 | prandom_u32_state(&rnd));
		pa = start + ((pa - start) & (BIT_ULL(bits) - 4));
	} while (is_mine(pa));
	return pa;
}

/* Half of them where a small machine has its memory. */
static phys_addr_t foreign_memory(void)
{
	return foreign(0, prandom_u32_state(&rnd) & 1 ? 33 : ADDRESS_BITS);
}

static bool attack_read(void)
{
	return touch(foreign_memory(), read_long);
}

static bool attack_write(void)
{
	return touch(foreign_memory(), write_long);
}

/* I/O APIC, HPET, IOMMU, local APICs, flash; the other half configuration spaces. */
static bool attack_mmio(void)
{
	phys_addr_t pa = prandom_u32_state(&rnd) & 1 ? foreign(0xfe000000, 25) :
						       foreign(0xb0000000, 28);

	return touch(pa, prandom_u32_state(&rnd) & 1 ? read_long : write_long);
}

static bool attack_port(void)
{
	u16 port = prandom_u32_state(&rnd);

	switch (prandom_u32_state(&rnd) % 6) {
	case 0:
		__outb(prandom_u32_state(&rnd), port);
		return false;
	case 1:
		__outw(prandom_u32_state(&rnd), port);
		return false;
	case 2:
		__outl(prandom_u32_state(&rnd), port);
		return false;
	case 3:
		return __inb(port) != 0xff;
	case 4:
		return __inw(port) != 0xffff;
	default:
		return __inl(port) != U32_MAX;
	}
}

/* What this kernel may write: random values there harm nobody but itself. */
static bool is_my_msr(u32 msr)
{
	return msr == MSR_EFER || msr == MSR_IA32_MCG_STATUS || msr == MSR_IA32_CR_PAT ||
	       msr == MSR_IA32_TSC_DEADLINE || msr == MSR_IA32_XSS ||
	       msr == MSR_AMD64_VIRT_SPEC_CTRL || msr == MSR_IA32_DEBUGCTLMSR ||
	       msr == MSR_IA32_XFD || msr == MSR_IA32_XFD_ERR ||
	       msr == MSR_AMD64_LBR_SELECT || msr == MSR_AMD_DBG_EXTN_CFG ||
	       msr == MSR_F16H_DR0_ADDR_MASK ||
	       (msr >= MSR_F16H_DR1_ADDR_MASK && msr <= MSR_F16H_DR3_ADDR_MASK) ||
	       (msr >= MSR_AMD_SAMP_BR_FROM && msr < MSR_AMD_SAMP_BR_FROM + 0x80) ||
	       (msr >= MSR_AMD64_PERF_CNTR_GLOBAL_STATUS &&
		msr <= MSR_AMD64_PERF_CNTR_GLOBAL_STATUS_SET) ||
	       (msr >= MSR_K7_EVNTSEL0 && msr <= MSR_K7_PERFCTR3) ||
	       (msr >= MSR_F15H_PERF_CTL && msr <= MSR_F15H_PERF_CTR5) ||
	       (msr >= APIC_BASE_MSR && msr < APIC_BASE_MSR + 0x40) ||
	       (msr >= MSR_IA32_SPEC_CTRL && msr <= MSR_IA32_PRED_CMD) ||
	       (msr >= MSR_IA32_SYSENTER_CS && msr <= MSR_IA32_SYSENTER_EIP) ||
	       (msr >= MSR_IA32_ARCH_CAPABILITIES && msr <= MSR_IA32_FLUSH_CMD) ||
	       (msr >= MSR_IA32_U_CET && msr <= MSR_IA32_INT_SSP_TAB) ||
	       (msr >= MSR_STAR && msr <= MSR_SYSCALL_MASK) ||
	       (msr >= MSR_FS_BASE && msr <= MSR_TSC_AUX);
}

static bool attack_msr(void)
{
	static const u32 starts[] = { 0, 0xc0000000, 0xc0010000, 0x40000000 };
	u32 msr, low, now, high;

	do {
		msr = starts[prandom_u32_state(&rnd) % ARRAY_SIZE(starts)] +
		      (prandom_u32_state(&rnd) & 0x1fff);
	} while (is_my_msr(msr));
	/* Some writes are dropped without a fault. */
	low = prandom_u32_state(&rnd);
	return !wrmsr_safe(msr, low, 0) && !rdmsr_safe(msr, &now, &high) && now == low;
}

static bool is_my_cpu(u32 apic_id)
{
	struct parker_given *given = parker_app_block();
	const struct parker_cpu *cpus = (void *)given + le32_to_cpu(given->cpus_offset);

	for (u32 i = 0; i < le32_to_cpu(given->nr_cpus); i++)
		if (le32_to_cpu(cpus[i].apic_id) == apic_id)
			return true;
	return false;
}

/* Any mode to other CPUs; to all, by shorthand and by logical destination. */
static bool attack_ipi(void)
{
	u32 low = prandom_u32_state(&rnd) & (0xff | 0x700 | APIC_INT_ASSERT | APIC_INT_LEVELTRIG);
	u32 dest = prandom_u32_state(&rnd) & 0xf;
	unsigned long flags;

	switch (prandom_u32_state(&rnd) % 3) {
	case 0:
		low |= APIC_DEST_LOGICAL;
		break;
	case 1:
		low |= (prandom_u32_state(&rnd) % 3 + 1) << 18;
		break;
	default:
		if (is_my_cpu(dest))
			dest = 0x7f;
	}
	local_irq_save(flags);
	apic_icr_write(low, dest);
	local_irq_restore(flags);
	return false;
}

/* INVD and WBINVD are skipped; the others fault. */
static bool attack_insn(void)
{
	static u8 page[PAGE_SIZE] __aligned(PAGE_SIZE);
	bool done = false;

#define TRY(insn)							\
	({								\
		asm volatile("1: " insn "\n\tmovb $1, %0\n2:\n"		\
			     _ASM_EXTABLE(1b, 2b)			\
			     : "+q" (done)				\
			     : "a" (__pa_symbol(page)), "c" (0)		\
			     : "memory");				\
	})
	switch (prandom_u32_state(&rnd) % 9) {
	case 0:
		TRY("vmrun %%rax");
		break;
	case 1:
		TRY("vmload %%rax");
		break;
	case 2:
		TRY("vmsave %%rax");
		break;
	case 3:
		TRY("stgi");
		break;
	case 4:
		TRY("clgi");
		break;
	case 5:
		TRY("invlpga %%rax, %%ecx");
		break;
	case 6:
		TRY("vmmcall");
		break;
	case 7:
		wbinvd();
		break;
	default:
		asm volatile("invd" : : : "memory");
	}
#undef TRY
	return done;
}

/* Another CPU of this kernel, to code that is not this kernel's. */
static bool attack_sipi(void)
{
	u32 apic_id = cpu_physical_id(cpumask_any_but(cpu_online_mask, raw_smp_processor_id()));

	apic_icr_write(APIC_DM_INIT | APIC_INT_ASSERT | APIC_INT_LEVELTRIG, apic_id);
	usleep_range(100, 200);
	apic_icr_write(APIC_DM_STARTUP | 0x9a, apic_id);
	return false;
}

/* Where a CPU in real mode halts: the last page below 1 MiB, which the trampoline leaves free */
static u32 page_of_halts(void)
{
	const struct parker_given *given = parker_app_block();
	phys_addr_t page = le32_to_cpu(given->low_start) + le32_to_cpu(given->low_len) - PAGE_SIZE;

	memset(__va(page), 0xf4, PAGE_SIZE);
	return PHYS_PFN(page);
}

/* NMIs to another CPU of this kernel: in reset, then on its way out of that, or halted */
static bool attack_own_nmi(void)
{
	static unsigned int tries;
	u32 page = page_of_halts();
	u32 apic_id;

	preempt_disable();
	apic_id = cpu_physical_id(cpumask_any_but(cpu_online_mask, smp_processor_id()));
	apic_icr_write(APIC_DM_INIT | APIC_INT_ASSERT | APIC_INT_LEVELTRIG, apic_id);
	if (tries++ & 1)
		apic_icr_write(APIC_DM_STARTUP | page, apic_id);
	ndelay(prandom_u32_state(&rnd) & 0x1ffff);
	apic_icr_write(APIC_DM_NMI, apic_id);
	preempt_enable();
	return false;
}

/* The port of POST codes */
static bool one_port(void)
{
	__outb(0, 0x80);
	return false;
}

static void send_reschedule(u32 how, u32 dest)
{
	unsigned long flags;

	local_irq_save(flags);
	apic_icr_write(APIC_DM_FIXED | RESCHEDULE_VECTOR | how, dest);
	local_irq_restore(flags);
}

static bool one_ipi(void)
{
	u32 dest = 0;

	while (is_my_cpu(dest))
		dest++;
	send_reschedule(0, dest);
	return false;
}

static bool one_shorthand(void)
{
	send_reschedule(APIC_DEST_ALLBUT, 0);
	return false;
}

static bool one_logical(void)
{
	send_reschedule(APIC_DEST_LOGICAL, 1);
	return false;
}

/* The same value again */
static bool one_msr(void)
{
	u64 value;

	return !rdmsrl_safe(MSR_IA32_MISC_ENABLE, &value) &&
	       !wrmsrl_safe(MSR_IA32_MISC_ENABLE, value);
}

static bool one_wbinvd(void)
{
	wbinvd();
	return false;
}

static bool one_uncached(void)
{
	unsigned long flags;

	local_irq_save(flags);
	write_cr0(read_cr0() | X86_CR0_CD);
	write_cr0(read_cr0() & ~X86_CR0_CD);
	local_irq_restore(flags);
	return false;
}

/* The HPET */
static bool one_mmio(void)
{
	return touch(0xfed00000, read_long);
}

/* Memory that is never given away */
static bool one_memory(void)
{
	return touch(SZ_4M, read_long);
}

static const struct {
	const char *name;
	bool (*attack)(void);
} kinds[] = {
	{ "read", attack_read },
	{ "write", attack_write },
	{ "mmio", attack_mmio },
	{ "port", attack_port },
	{ "msr", attack_msr },
	{ "ipi", attack_ipi },
	{ "insn", attack_insn },
	{ "sipi", attack_sipi },
	{ "own-nmi", attack_own_nmi },
	{ "one-port", one_port },
	{ "one-ipi", one_ipi },
	{ "one-shorthand", one_shorthand },
	{ "one-logical", one_logical },
	{ "one-msr", one_msr },
	{ "one-wbinvd", one_wbinvd },
	{ "one-uncached", one_uncached },
	{ "one-mmio", one_mmio },
	{ "one-memory", one_memory },
};

static void try_all(const char *name, bool (*once)(void), unsigned long count)
{
	unsigned long through = 0;

	for (unsigned long i = 0; i < count; i++) {
		through += once();
		cond_resched();
	}
	pr_info("parker: attack %s: %lu tries, %lu let through\n", name, count, through);
}

static ssize_t attack_file_write(struct file *file, const char __user *buf, size_t count,
				 loff_t *pos)
{
	unsigned long tries;
	char word[32] = "";
	char *number;

	if (count >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, buf, count))
		return -EFAULT;
	number = strchr(word, ' ');
	if (!number)
		return -EINVAL;
	*number++ = '\0';
	if (kstrtoul(number, 10, &tries))
		return -EINVAL;

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(word, kinds[i].name)) {
			try_all(kinds[i].name, kinds[i].attack, tries);
			return count;
		}
	}
	return -EINVAL;
}

static const struct file_operations attack_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= attack_file_write,
};

static int __init parker_attack_init(void)
{
	prandom_seed_state(&rnd, get_cycles());
	if (parker_app_running())
		debugfs_create_file("attack", 0200, parker_debug_dir(), NULL, &attack_fops);
	return 0;
}
late_initcall(parker_attack_init);
