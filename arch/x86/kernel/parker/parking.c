// SPDX-License-Identifier: GPL-2.0
/*
 * Stopping CPUs for certain.
 *
 * INIT stops a CPU whatever it does, and resets what a dead kernel left in it.
 * But a sent INIT is no proof, so the CPU is sent on into a stub where it
 * signs in and halts.  It stays there until it is started, or given back.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/cc_platform.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/error-injection.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/parker.h>
#include <linux/set_memory.h>
#include <linux/smp.h>
#include <linux/tboot.h>
#include <linux/topology.h>

#include <asm/apic.h>
#include <asm/desc.h>
#include <asm/trapnr.h>
#include <asm/tsc.h>

#include "internal.h"

/*
 * A CPU signs in within microseconds.  The limit allows for a machine whose
 * CPUs are themselves scheduled.
 */
#define SIGN_IN_MS	2000
#define SIGN_IN_TRIES	3

/* The stub's copy below 1 MiB, 0: no CPU was claimed yet. */
phys_addr_t parker_stub_pa;

/* As parker_stub_pa, written once, under parking_mutex. */
static struct parker_slot *slots;
static u32 parking_cr3, parking_cr4;
static DEFINE_MUTEX(parking_mutex);

static bool boot_cpu_is_bsp __ro_after_init;
static u64 apic_base __ro_after_init;

/**
 * parker_slots_pa() - Find the table of slots
 * @len: gets its length in bytes
 *
 * Return: its physical address, below 4 GiB.
 */
phys_addr_t parker_slots_pa(size_t *len)
{
	*len = array_size(nr_cpu_ids, SLOT_SIZE);
	return __pa(slots);
}

static void stub_set_gate(struct parker_stub_data *data, unsigned int vector, u32 handler)
{
	gate_desc gate = {
		.offset_low	= (u16)handler,
		.offset_middle	= handler >> 16,
		.segment	= 0x10,
		.bits.type	= GATE_INTERRUPT,
		.bits.p		= 1,
	};

	memcpy(&data->idt[vector * sizeof(gate)], &gate, sizeof(gate));
}

/* The gates of 32-bit mode have the first eight bytes of those of 64-bit mode. */
static void stub_set_gate32(struct parker_stub_data *data, unsigned int vector, u32 handler)
{
	gate_desc gate = {
		.offset_low	= (u16)handler,
		.offset_middle	= handler >> 16,
		.segment	= 0x08,
		.bits.type	= GATE_INTERRUPT,
		.bits.p		= 1,
	};

	memcpy(&data->idt[vector * 8], &gate, 8);
}

static void stub_set_gates(struct parker_stub_data *data, phys_addr_t pa)
{
	const u16 nmi16[] = { parker_stub_nmi16, pa >> 4 };

	memcpy(&data->idt[X86_TRAP_NMI * sizeof(nmi16)], nmi16, sizeof(nmi16));
	stub_set_gate32(data, X86_TRAP_NMI, pa + parker_stub_nmi32);
	stub_set_gate32(data, X86_TRAP_MC, pa + parker_stub_mce32);
	stub_set_gate(data, X86_TRAP_NMI, pa + parker_stub_nmi);
	stub_set_gate(data, X86_TRAP_GP, pa + parker_stub_fault);
	stub_set_gate(data, X86_TRAP_MC, pa + parker_stub_mce);
	/*
	 * One that was held back until the start-up IPI comes before the first instruction,
	 * when the table is still that of the BIOS.  It pushes its six bytes below 64 KiB,
	 * where no memory is in use.
	 */
	memcpy(__va(X86_TRAP_NMI * sizeof(nmi16)), nmi16, sizeof(nmi16));
}

static void stub_install(phys_addr_t pa)
{
	u32 data_pa = pa + parker_stub_data;
	struct parker_stub_data data = {
		.far32_offset	= pa + parker_stub_code32,
		.far32_selector	= 0x08,
		.far64_offset	= pa + parker_stub_code64,
		.far64_selector	= 0x10,
		.slots		= __pa(slots),
		.nr_slots	= nr_cpu_ids,
		.gdt_limit	= sizeof(data.gdt) - 1,
		.gdt_base	= data_pa + offsetof(struct parker_stub_data, gdt),
		.idt_limit	= sizeof(data.idt) - 1,
		.idt_base	= data_pa + offsetof(struct parker_stub_data, idt),
		.frame16	= { 0, pa >> 4, X86_EFLAGS_FIXED },
		.gdt		= { 0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff },
		.frame32	= { pa + parker_stub_code32, 0x08, X86_EFLAGS_FIXED },
	};

	stub_set_gates(&data, pa);
	memcpy(__va(pa), parker_stub, parker_stub_end - parker_stub);
	memcpy(__va(data_pa), &data, sizeof(data));
	set_memory_ro((unsigned long)__va(pa), 1);
}

static int parking_map(void)
{
	struct parker_paging *paging = parker_paging_alloc();
	phys_addr_t table;
	size_t len;

	if (!paging)
		return -ENOMEM;
	table = parker_slots_pa(&len);
	if (parker_paging_map(paging, parker_low_page(), PAGE_SIZE) ||
	    parker_paging_map(paging, table, len) ||
	    parker_paging_root(paging, pgtable_l5_enabled(), &parking_cr3, &parking_cr4)) {
		parker_paging_free(paging);
		return -ENOMEM;
	}
	/* CPUs stay on these tables for as long as the machine runs. */
	return 0;
}

static void __init read_apic_base(void *unused)
{
	u64 msr;

	rdmsrl(MSR_IA32_APICBASE, msr);
	boot_cpu_is_bsp = msr & MSR_IA32_APICBASE_BSP;
	apic_base = msr & PAGE_MASK;
}

static int __init parker_parking_init(void)
{
	smp_call_function_single(0, read_apic_base, NULL, 1);
	return 0;
}
subsys_initcall(parker_parking_init);

static int parking_make(void)
{
	unsigned int cpu;

	slots = alloc_pages_exact(array_size(nr_cpu_ids, SLOT_SIZE),
				  GFP_KERNEL | GFP_DMA32 | __GFP_ZERO);
	if (!slots)
		return -ENOMEM;
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		slots[cpu].apic_id = BAD_APICID;
	if (parking_map()) {
		free_pages_exact(slots, array_size(nr_cpu_ids, SLOT_SIZE));
		return -ENOMEM;
	}
	stub_install(parker_low_page());
	parker_stub_pa = parker_low_page();
	return 0;
}

int arch_parker_set_up(struct parker_error *err)
{
	guard(mutex)(&parking_mutex);

	if (!parker_stub_pa && parking_make())
		return parker_fail(err, -ENOMEM,
				   "cpus: no %zu bytes of memory in one piece below 4 GiB to park CPUs with; free some",
				   array_size(nr_cpu_ids, SLOT_SIZE));
	return 0;
}

/* Where an application kernel takes the local APICs to be. */
static bool apics_are_in_place(void)
{
	return x2apic_enabled() || apic_base == APIC_DEFAULT_PHYS_BASE;
}

int arch_parker_check_machine(struct parker_error *err)
{
	if (parker_app_running())
		return parker_fail(err, -EOPNOTSUPP,
				   "This is an application kernel, which cannot give away what it was given");
	if (!parker_low_page())
		return parker_fail(err, -EOPNOTSUPP,
				   "This machine has no free page below 1 MiB to park CPUs in");
	if (tboot_enabled())
		return parker_fail(err, -EOPNOTSUPP,
				   "cpus: the boot kernel was started by tboot, which resets the machine when a CPU is sent INIT; boot without it");
	if (!apics_are_in_place())
		return parker_fail(err, -EOPNOTSUPP,
				   "cpus: the local APICs of this machine are at 0x%llx, not at 0x%x",
				   apic_base, APIC_DEFAULT_PHYS_BASE);
	if (!boot_cpu_is_bsp)
		return parker_fail(err, -EOPNOTSUPP,
				   "This kernel was not started on the CPU that booted the machine");
	if (apic->wakeup_secondary_cpu || apic->wakeup_secondary_cpu_64)
		return parker_fail(err, -EOPNOTSUPP,
				   "CPUs of this machine are not started by INIT and SIPI");
	if (!boot_cpu_has(X86_FEATURE_ARAT))
		return parker_fail(err, -EOPNOTSUPP,
				   "The local APIC timer of this machine stops in idle states");
	if (!lapic_timer_period && !boot_cpu_has(X86_FEATURE_TSC_DEADLINE_TIMER))
		return parker_fail(err, -EOPNOTSUPP,
				   "The frequency of the local APIC timer is not known");
	if (!tsc_khz)
		return parker_fail(err, -EOPNOTSUPP,
				   "The frequency of the time stamp counter is not known");
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return parker_fail(err, -EOPNOTSUPP, "Memory encryption is on");
	return 0;
}

/* The kernel's CPU 0 is the CPU that it was started on. */
bool arch_parker_cpu_is_bsp(unsigned int cpu)
{
	return cpu == 0;
}

void arch_parker_core_cpus(unsigned int cpu, struct cpumask *core)
{
	unsigned int shift = topology_get_domain_shift(TOPO_CORE_DOMAIN);
	u32 id = cpuid_to_apicid[cpu] >> shift;
	unsigned int other;

	/*
	 * The sibling masks forget a CPU that goes offline, the APIC ID stays.
	 */
	cpumask_clear(core);
	for_each_possible_cpu(other)
		if (cpuid_to_apicid[other] != BAD_APICID &&
		    cpuid_to_apicid[other] >> shift == id)
			cpumask_set_cpu(other, core);
}

void arch_parker_halt_cpus(const struct cpumask *cpus)
{
	unsigned int cpu;

	for_each_cpu(cpu, cpus) {
		/* A start-up IPI that comes late must not start the kernel again. */
		WRITE_ONCE(slots[cpu].entry, 0);
		send_init_sequence(cpuid_to_apicid[cpu]);
	}
}

static bool has_signed_in(const struct parker_slot *slot)
{
	if (IS_ENABLED(CONFIG_PARKER_DEBUG) && cpumask_test_cpu(slot - slots, &parker_unheard))
		return false;
	/* Pairs with the store in parker_stub. */
	return smp_load_acquire(&slot->signed_in) == slot->ticket;
}

/**
 * parker_lead_to() - Say where a CPU goes when it gets a start-up IPI
 * @cpu:	CPU number; parked, or in wait-for-SIPI
 * @cr3:	page tables that map the stub, the slots and what is entered
 * @cr4:	bits of CR4 that go with them
 * @entry:	physical address to jump to in 64-bit mode
 * @arg:	value of %rsi there
 */
void parker_lead_to(unsigned int cpu, u32 cr3, u32 cr4, u64 entry, u64 arg)
{
	struct parker_slot *slot = &slots[cpu];

	slot->apic_id = cpuid_to_apicid[cpu];
	slot->cr3 = cr3;
	slot->cr4 = cr4;
	slot->entry = entry;
	slot->arg = arg;
}

static void send_to(unsigned int cpu, u32 cr3, u32 cr4, u64 entry, u64 arg, bool give_back)
{
	struct parker_slot *slot = &slots[cpu];

	/*
	 * Nobody reads the slot behind this, also no CPU that an earlier try
	 * left on its way through the stub.  The IPI orders these stores before
	 * the reads that follow it.
	 */
	send_init_sequence(cpuid_to_apicid[cpu]);
	parker_lead_to(cpu, cr3, cr4, entry, arg);
	parker_scrub_fill(slot, cpu, give_back);
	slot->ticket++;
	wakeup_secondary_cpu_via_init(slot->apic_id, parker_stub_pa);
}

static bool wait_for_sign_in(unsigned int cpu, unsigned int ms)
{
	unsigned long limit = jiffies + msecs_to_jiffies(ms);

	while (!has_signed_in(&slots[cpu])) {
		if (time_after(jiffies, limit))
			return has_signed_in(&slots[cpu]);
		usleep_range(20, 50);
	}
	return true;
}

/**
 * parker_send_to() - Start a parked CPU on a kernel
 * @cpu:	CPU number
 * @cr3:	page tables that map the stub, the slots and the kernel
 * @cr4:	bits of CR4 that go with them
 * @entry:	physical address to jump to in 64-bit mode
 * @arg:	value of %rsi there
 *
 * Context: may sleep.
 * Return: 0, or -EIO when the CPU did not pass the stub.
 */
int parker_send_to(unsigned int cpu, u32 cr3, u32 cr4, u64 entry, u64 arg)
{
	send_to(cpu, cr3, cr4, entry, arg, false);
	return wait_for_sign_in(cpu, SIGN_IN_MS) ? 0 : -EIO;
}
ALLOW_ERROR_INJECTION(parker_send_to, ERRNO);

static void report_fault(unsigned int cpu)
{
	u32 faulted = READ_ONCE(slots[cpu].faulted);

	if (faulted)
		pr_crit("CPU %u could not write MSR 0x%x, and stays where it is\n", cpu, ~faulted);
}

static void park_cpus(struct cpumask *unproved, bool give_back)
{
	unsigned int cpu, try;

	for (try = 0; try < SIGN_IN_TRIES && !cpumask_empty(unproved); try++) {
		for_each_cpu(cpu, unproved)
			send_to(cpu, parking_cr3, parking_cr4, 0, 0, give_back);
		for_each_cpu(cpu, unproved)
			if (wait_for_sign_in(cpu, SIGN_IN_MS / SIGN_IN_TRIES))
				cpumask_clear_cpu(cpu, unproved);
	}
	for_each_cpu(cpu, unproved)
		report_fault(cpu);
}

int arch_parker_park_cpus(const struct cpumask *cpus, struct cpumask *unproved)
{
	cpumask_copy(unproved, cpus);
	park_cpus(unproved, false);
	return cpumask_empty(unproved) ? 0 : -EIO;
}

void arch_parker_give_back_cpus(struct cpumask *cpus)
{
	park_cpus(cpus, true);
}
