/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guarded partitions: what the shim, its assembly and the boot kernel share.
 *
 * All of it lies in memory of the boot kernel that the partition's nested page
 * tables do not map.  The boot kernel writes it before a start; while the
 * partition runs the shim alone writes, each CPU to its own part, and the boot
 * kernel reads.
 */
#ifndef _X86_KERNEL_PARKER_GUARD_H
#define _X86_KERNEL_PARKER_GUARD_H

/* Offsets in struct guard_cpu, asserted below. */
#define GUARD_CPU_IDTR		6
#define GUARD_CPU_LEN		0x3000
#define GUARD_CPU_STACK		0x1000

/* Offsets in struct guard_regs, the order is that of the instruction encoding. */
#define GUARD_RCX		8
#define GUARD_RDX		16
#define GUARD_RBX		24
#define GUARD_RBP		40
#define GUARD_RSI		48
#define GUARD_RDI		56
#define GUARD_R8		64
#define GUARD_R9		72
#define GUARD_R10		80
#define GUARD_R11		88
#define GUARD_R12		96
#define GUARD_R13		104
#define GUARD_R14		112
#define GUARD_R15		120

/* The entries for exceptions, from the start of the shim. */
#define GUARD_FAULTS		64
#define GUARD_FAULT_LEN		16
#define GUARD_IDT_GATES		32

#ifndef __ASSEMBLY__

#include <linux/build_bug.h>
#include <linux/parker_abi.h>
#include <linux/parker_guard.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <asm/svm.h>

#include "../config_space.h"

/**
 * struct guard_regs - general registers of the guest
 * @gpr: by their number in an instruction; RAX and RSP are in the VMCB while
 *	 the guest runs
 */
struct guard_regs {
	u64 gpr[16];
};

static_assert(offsetof(struct guard_regs, gpr[7]) == GUARD_RDI);
static_assert(offsetof(struct guard_regs, gpr[15]) == GUARD_R15);

/**
 * struct guard_cpu - a CPU of a guarded partition, and its stack behind it
 * @pad:	zero
 * @idt_limit:	for LIDT
 * @idt_base:	for LIDT
 * @guard:	physical address of what all CPUs of the partition share
 * @vmcb:	physical address of one page
 * @host_save:	physical address of one page
 * @apic_id:	whose this is
 * @is_first:	enters the payload; the others come by start-up IPIs
 * @vector:	page number that the last start-up IPI to this CPU named, written
 *		by the CPU that sent it
 * @regs:	the guest's registers while the shim runs
 * @told:	what the boot kernel reads
 */
struct guard_cpu {
	u16 pad[3];
	u16 idt_limit;
	u64 idt_base;
	u64 guard;
	u64 vmcb;
	u64 host_save;
	u32 apic_id;
	bool is_first;
	u8 vector;
	struct guard_regs regs;
	struct parker_guard_told told;
};

static_assert(offsetof(struct guard_cpu, idt_limit) == GUARD_CPU_IDTR);
static_assert(sizeof(struct guard_cpu) < GUARD_CPU_STACK / 2);

/**
 * struct guard_ram - memory of the partition
 * @start:	physical address
 * @len:	length in bytes
 */
struct guard_ram {
	u64 start;
	u64 len;
};

/**
 * struct guard_function - a PCI function of the partition
 * @config_pa:	physical address of its configuration space
 * @config:	which of its bits the guest may write
 */
struct guard_function {
	u64 config_pa;
	struct parker_config config;
};

/**
 * struct guard - a guarded partition
 * @entry:	physical address of the payload's 64-bit entry
 * @arg:	value of %rsi there
 * @guest_cr3:	identity page tables on which the payload is entered
 * @guest_cr4:	their paging mode
 * @nested_cr3:	nested page tables: what of the machine there is for the partition
 * @iopm:	physical address of the map of ports, all intercepted
 * @msrpm:	physical address of the map of MSRs
 * @stub_page:	page number of the parking stub
 * @x2apic:	the CPUs are in x2APIC mode
 * @stop:	a violation ends the partition
 * @has_nrip:	the hardware says where the next instruction is
 * @has_smca:	banks of machine checks have the registers that Zen brought
 * @debugctl:	bits of DEBUGCTL that the guest may set
 * @nr_rams:	entries of @rams
 * @rams:	the partition's memory with its low memory, where its page tables
 *		and its code can be
 * @nr_cpus:	CPUs of the partition
 * @cpus:	physical address of the first struct guard_cpu, the others follow
 * @nr_functions: entries of @functions
 * @functions:	its PCI functions
 */
struct guard {
	u64 entry;
	u64 arg;
	u64 guest_cr3;
	u64 guest_cr4;
	u64 nested_cr3;
	u64 iopm;
	u64 msrpm;
	u8 stub_page;
	bool x2apic;
	bool stop;
	bool has_nrip;
	bool has_smca;
	u64 debugctl;
	u32 nr_rams;
	struct guard_ram rams[PARKER_MAX_REGIONS + 1];
	u32 nr_cpus;
	u64 cpus;
	u32 nr_functions;
	struct guard_function functions[];
};

#endif /* !__ASSEMBLY__ */
#endif /* _X86_KERNEL_PARKER_GUARD_H */
