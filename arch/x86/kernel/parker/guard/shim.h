/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guarded partitions: what the parts of the shim offer each other.
 */
#ifndef _X86_KERNEL_PARKER_SHIM_H
#define _X86_KERNEL_PARKER_SHIM_H

#include "guard.h"

static inline struct guard *guard_of(const struct guard_cpu *cpu)
{
	return (struct guard *)cpu->guard;
}

static inline struct vmcb *vmcb_of(const struct guard_cpu *cpu)
{
	return (struct vmcb *)cpu->vmcb;
}

static inline u64 rdmsr_raw(u32 index)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (index));
	return (u64)high << 32 | low;
}

static inline void wrmsr_raw(u32 index, u64 value)
{
	asm volatile("wrmsr" : : "c" (index), "a" ((u32)value), "d" ((u32)(value >> 32))
		     : "memory");
}

/**
 * struct guard_store - an instruction that writes to memory
 * @len:	bytes of the instruction
 * @size:	bytes that it writes: 1, 2 or 4
 * @value:	what it writes
 */
struct guard_store {
	unsigned int len;
	unsigned int size;
	u32 value;
};

/* from main.c, the first two called from entry.S */
void __noreturn guard_main(struct guard_cpu *cpu);
void __noreturn guard_failed(struct guard_cpu *cpu, u64 vector, u64 ip);
void guard_violate(struct guard_cpu *cpu, enum parker_touch touch, u64 at);

/* from insn.c */
bool guard_decode_store(const struct guard_cpu *cpu, struct guard_store *store);

/* from apic.c */
void guard_write_icr(struct guard_cpu *cpu, u32 low, u32 dest);
bool guard_is_lvt_safe(u32 value);
void guard_write_apic(struct guard_cpu *cpu, unsigned int reg, u32 value);

/* from entry.S */
void guard_run(struct guard_regs *regs, u64 vmcb);

#endif /* _X86_KERNEL_PARKER_SHIM_H */
