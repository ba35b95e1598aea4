// SPDX-License-Identifier: GPL-2.0
/*
 * What does the instruction write that a guest was stopped at?
 *
 * Only the stores that drivers and the kernel use for registers are known: MOV
 * from a register or an immediate value.  The guest may change its code and its
 * page tables meanwhile, so that each address is checked where it is used.
 */
#include <linux/bits.h>

#include <asm/msr-index.h>
#include <asm/pgtable_types.h>
#include <asm/processor-flags.h>

#include "shim.h"

#define INSN_MAX	15

#define REX_W		8
#define REX_R		4

/* PTE_PFN_MASK is a variable of the kernel where it knows memory encryption. */
#define ADDRESS_MASK	GENMASK_ULL(51, PAGE_SHIFT)

static bool is_ram(const struct guard *guard, u64 pa, u64 len)
{
	for (u32 i = 0; i < guard->nr_rams; i++) {
		u64 start = guard->rams[i].start;

		if (pa >= start && pa - start < guard->rams[i].len &&
		    guard->rams[i].len - (pa - start) >= len)
			return true;
	}
	return false;
}

/* In long mode only: nobody else has a reason to be here. */
static bool translate(const struct guard_cpu *cpu, u64 virt, u64 *pa)
{
	const struct vmcb_save_area *save = &vmcb_of(cpu)->save;
	u64 table = save->cr3 & ADDRESS_MASK, entry;
	unsigned int level = save->cr4 & X86_CR4_LA57 ? 5 : 4;

	if (!(save->efer & EFER_LMA))
		return false;
	for (;; level--) {
		unsigned int shift = PAGE_SHIFT + 9 * (level - 1);
		u64 at = table + (virt >> shift & 511) * sizeof(entry);

		if (!is_ram(guard_of(cpu), at, sizeof(entry)))
			return false;
		entry = READ_ONCE(*(u64 *)at);
		if (!(entry & _PAGE_PRESENT))
			return false;
		if (level == 1 || (level <= 3 && entry & _PAGE_PSE)) {
			u64 mask = (1ULL << shift) - 1;

			*pa = (entry & ADDRESS_MASK & ~mask) | (virt & mask);
			return is_ram(guard_of(cpu), *pa, 1);
		}
		table = entry & ADDRESS_MASK;
	}
}

static unsigned int fetch(const struct guard_cpu *cpu, u8 *bytes)
{
	u64 virt = vmcb_of(cpu)->save.rip, pa = 0;
	unsigned int i;

	for (i = 0; i < INSN_MAX; i++, virt++, pa++) {
		if ((!i || !(virt & ~PAGE_MASK)) && !translate(cpu, virt, &pa))
			break;
		bytes[i] = READ_ONCE(*(u8 *)pa);
	}
	return i;
}

/* Bytes of the operand in memory, from the ModRM byte on. */
static unsigned int operand_len(const u8 *bytes)
{
	unsigned int mod = bytes[0] >> 6, rm = bytes[0] & 7, len = 1;

	if (mod == 3)
		return 0;
	if (rm == 4) {
		len++;
		if (!mod && (bytes[1] & 7) == 5)
			return len + 4;
	}
	if (mod == 1)
		return len + 1;
	if (mod == 2 || rm == 5)
		return len + 4;
	return len;
}

static u32 gather(const u8 *bytes, unsigned int len)
{
	u32 value = 0;

	for (unsigned int i = 0; i < len; i++)
		value |= (u32)bytes[i] << 8 * i;
	return value;
}

static bool is_prefix(u8 byte)
{
	return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x64 ||
	       byte == 0x65 || byte == 0x66 || byte == 0x67;
}

static u32 reg_value(const struct guard_cpu *cpu, unsigned int reg, unsigned int size, u8 rex)
{
	/* AH, CH, DH and BH */
	if (size == 1 && !rex && reg >= 4)
		return cpu->regs.gpr[reg - 4] >> 8;
	return cpu->regs.gpr[reg];
}

/**
 * guard_decode_store() - Find out what an instruction writes to memory
 * @cpu:	the CPU, whose guest stands at the instruction
 * @store:	gets it
 *
 * Return: false for one that is not known, or cannot be read.
 */
bool guard_decode_store(const struct guard_cpu *cpu, struct guard_store *store)
{
	u8 bytes[INSN_MAX + 8] = {};
	unsigned int have = fetch(cpu, bytes), at = 0, operand, imm = 0;
	u8 opcode, rex = 0;

	store->size = 4;
	for (; at < have && is_prefix(bytes[at]); at++)
		if (bytes[at] == 0x66)
			store->size = 2;
	if ((bytes[at] & 0xf0) == 0x40)
		rex = bytes[at++];
	opcode = bytes[at++];
	if (at >= have || rex & REX_W)
		return false;

	operand = operand_len(bytes + at);
	if (!operand)
		return false;
	if (!(opcode & 1))
		store->size = 1;
	switch (opcode) {
	case 0x88:
	case 0x89:
		store->value = reg_value(cpu, (bytes[at] >> 3 & 7) | (rex & REX_R ? 8 : 0),
					 store->size, rex);
		break;
	case 0xc6:
	case 0xc7:
		imm = store->size;
		if (at + operand + imm > have)
			return false;
		store->value = gather(bytes + at + operand, imm);
		break;
	default:
		return false;
	}
	store->len = at + operand + imm;
	if (store->size < 4)
		store->value &= (1U << 8 * store->size) - 1;
	return store->len <= have;
}
