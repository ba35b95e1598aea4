/* SPDX-License-Identifier: GPL-2.0 */
/*
 * I/O ports in an application kernel: it has none, all are the boot kernel's.
 *
 * All ports are busy there, so that a driver that asks for its ports is refused.  One
 * that does not ask finds nothing: its instructions are replaced, where they are, as
 * soon as the kernel patches itself for its CPU.  A read gives all ones, as on a bus
 * where nobody answers, a write is lost, and a string of reads leaves the memory as it
 * is.  What runs earlier, and what has the instructions in its own assembly, is not
 * held.
 */
#ifndef _ASM_X86_PARKER_IO_H
#define _ASM_X86_PARKER_IO_H

#ifdef CONFIG_PARKER_APP

#include <linux/types.h>

#include <asm/alternative.h>
#include <asm/cpufeatures.h>

/* An instruction that uses a port: an application kernel leaves it out. */
#define PARKER_PORT(insn) ALTERNATIVE(insn, "", X86_FEATURE_PARKER_APP)

#define PARKER_PORTS(bwl, reg, type)					\
static __always_inline void parker_out##bwl(type value, u16 port)	\
{									\
	asm volatile(PARKER_PORT("out" #bwl " %" #reg ", %w1")		\
		     : : "a" (value), "dN" (port));			\
}									\
									\
static __always_inline type parker_in##bwl(u16 port)			\
{									\
	type value;							\
									\
	asm volatile(ALTERNATIVE("in" #bwl " %w1, %" #reg, "movl $-1, %%eax", \
				 X86_FEATURE_PARKER_APP)		\
		     : "=a" (value) : "dN" (port));			\
	return value;							\
}

PARKER_PORTS(b, b0, u8)
PARKER_PORTS(w, w0, u16)
PARKER_PORTS(l, 0, u32)
#undef PARKER_PORTS

#undef inb
#undef inw
#undef inl
#undef outb
#undef outw
#undef outl
#define inb parker_inb
#define inw parker_inw
#define inl parker_inl
#define outb parker_outb
#define outw parker_outw
#define outl parker_outl

#else /* !CONFIG_PARKER_APP */

#define PARKER_PORT(insn) insn

#endif /* !CONFIG_PARKER_APP */

#endif /* _ASM_X86_PARKER_IO_H */
