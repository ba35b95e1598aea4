/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parking place of claimed CPUs, and the door to their kernels.
 *
 * A start-up IPI leads here from wait-for-SIPI: real mode, %cs:0 is the first
 * byte of the stub's copy, one page below 1 MiB.  The CPU looks up its slot by
 * its APIC ID, goes to 64-bit mode on the page tables that the slot names,
 * signs in, and either halts for good or jumps to a kernel's 64-bit entry as
 * Documentation/arch/x86/boot.rst wants it: %rsi at the boot parameters,
 * interrupts off, __BOOT_CS and __BOOT_DS loaded.
 *
 * %ebp holds the physical address of the stub, %esi that of the slot.
 *
 * An NMI can come at each instruction, also one that was sent before the start-up IPI.
 * One table serves all modes, as what is used of it does not overlap: vector 2 has bytes
 * 8 to 11 in real mode, 16 to 23 in 32-bit and 32 to 47 in 64-bit mode.  Until a CPU has
 * its slot, all share one stack: nothing that is pushed there is read.  The handlers
 * begin again by a frame that is constant, which also lets NMIs in again.
 */
#include <linux/linkage.h>
#include <asm/boot.h>
#include <asm/cpufeatures.h>
#include <asm/msr-index.h>
#include <asm/page_types.h>
#include <asm/processor-flags.h>
#include "clear_mcip.S"
#include "internal.h"

/* The order of the table that parking.c fills in: null, 32-bit, 64-bit, data. */
#define STUB_CS32	0x08
#define STUB_CS64	0x10
#define STUB_DS		0x18

#define OFFSET(label)	((label) - parker_stub)

	.section .rodata, "a"
	.balign	64
SYM_INNER_LABEL(parker_stub, SYM_L_GLOBAL)
	.code16
	lidtl	%cs:OFFSET(.Lidt_ptr)
	movw	%cs, %ax
	movw	%ax, %ss
	movl	$OFFSET(.Lshared_stack), %esp
	cli
	cld
	xorl	%ebp, %ebp
	movw	%cs, %bp
	movw	%bp, %ds
	shll	$4, %ebp
	lgdtl	OFFSET(.Lgdt_ptr)

	/* INIT leaves CD and NW as they were (SDM volume 3, table 10-1): clear them. */
	movl	$(X86_CR0_PE | X86_CR0_ET | X86_CR0_NE), %eax
	movl	%eax, %cr0
	ljmpl	*OFFSET(.Ldata)

	.code32
.Lcode32:
	movl	$STUB_DS, %eax
	movl	%eax, %ss
	leal	OFFSET(.Lshared_stack)(%ebp), %esp
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs

	/* The x2APIC ID where there is one, else the initial APIC ID. */
	xorl	%eax, %eax
	cpuid
	cmpl	$0xb, %eax
	jb	1f
	movl	$0xb, %eax
	xorl	%ecx, %ecx
	cpuid
	testl	%ebx, %ebx
	jnz	2f
1:	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	movl	%ebx, %edx
2:
	movl	OFFSET(.Lslots)(%ebp), %esi
	movl	OFFSET(.Lnr_slots)(%ebp), %ecx
3:	cmpl	%edx, SLOT_APIC_ID(%esi)
	je	4f
	addl	$SLOT_SIZE, %esi
	decl	%ecx
	jnz	3b
	/* Nobody expects this CPU: it never signs in. */
5:	hlt
	jmp	5b
4:
	leal	SLOT_SIZE(%esi), %esp
	/*
	 * With CR4.MCE clear a broadcast machine check would reset the whole
	 * machine (SDM volume 3, 16.3.1).
	 */
	movl	$(X86_CR4_PAE | X86_CR4_MCE), %eax
	orl	SLOT_CR4(%esi), %eax
	movl	%eax, %cr4
	movl	SLOT_CR3(%esi), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$(X86_CR0_PG | X86_CR0_WP | X86_CR0_NE | X86_CR0_ET | X86_CR0_PE), %eax
	movl	%eax, %cr0
	ljmpl	*OFFSET(.Lfar64)(%ebp)

	.code64
.Lcode64:
	movl	%esi, %esi
	movl	%esp, %esp

	cmpl	$0, SLOT_KEEP(%rsi)
	jne	7f
	/* A kernel that died of a machine check has left it set, and INIT keeps it. */
	movl	$1, %eax
	cpuid
	btl	$(X86_FEATURE_MCA & 31), %edx
	jnc	6f
	CLEAR_MCIP
6:
	/*
	 * INIT keeps vector registers (SDM volume 3, table 10-1), which are the last
	 * owner's.  The area says that all components are in their initial state.
	 */
	btl	$(X86_FEATURE_XSAVE & 31), %ecx
	jnc	7f
	movq	%cr4, %rdi
	movq	%rdi, %rax
	orq	$(X86_CR4_OSFXSR | X86_CR4_OSXSAVE), %rax
	movq	%rax, %cr4
	movl	$0xd, %eax
	xorl	%ecx, %ecx
	cpuid
	xorl	%ecx, %ecx
	xsetbv
	xrstor64 .Lno_state(%rip)
	movl	$1, %eax
	xorl	%edx, %edx
	xsetbv
	movq	%rdi, %cr4
7:
	/* A fault here leads to .Lfault, with the number of the MSR in %ecx. */
	leaq	SLOT_MSRS(%rsi), %rdi
	movl	SLOT_NR_MSRS(%rsi), %ebx
8:	decl	%ebx
	js	9f
	movl	(%rdi), %ecx
	movl	4(%rdi), %eax
	movl	8(%rdi), %edx
	wrmsr
	addq	$SLOT_MSR_LEN, %rdi
	jmp	8b
9:
	/*
	 * Once it has signed in, the slot may be written for the next time.
	 * Pairs with the read in has_signed_in().
	 */
	movq	SLOT_ENTRY(%rsi), %rax
	movq	SLOT_ARG(%rsi), %rdi
	movl	SLOT_TICKET(%rsi), %ecx
	movl	%ecx, SLOT_SIGNED(%rsi)

	movq	%rdi, %rsi
	testq	%rax, %rax
	jz	.Lhalt
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	jmpq	*%rax

.Lhalt:
	hlt
	jmp	.Lhalt

.Lmce:
	CLEAR_MCIP
.Lnmi:
	iretq

	/* It never signs in. */
.Lfault:
	notl	%ecx
	movl	%ecx, SLOT_FAULTED(%rsi)
	jmp	.Lhalt

	.code32
.Lmce32:
	movl	$MSR_IA32_MCG_STATUS, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
.Lnmi32:
	movl	$STUB_DS, %eax
	movl	%eax, %ss
	leal	OFFSET(.Lframe32)(%ebp), %esp
	iretl

	/* Also at vector 2 of page 0: it may come before the first instruction of the stub. */
	.code16
.Lnmi16:
	movw	%cs, %ax
	movw	%ax, %ss
	movl	$OFFSET(.Lframe16), %esp
	iretw

	/* What XRSTOR loads: no component, and MXCSR as after a reset. */
	.balign	64
.Lno_state:
	.skip	24
	.long	0x1f80
	.skip	512 + 64 - 28

	/* struct parker_stub_data */
	.balign	8
.Ldata:
	.skip	8
.Lfar64:
	.skip	8
.Lslots:
	.skip	4
.Lnr_slots:
	.skip	4
.Lgdt_ptr:
	.skip	8
.Lidt_ptr:
	.skip	10
.Lframe16:
	.skip	6
	.skip	4 * 8
.Lframe32:
	.skip	16
	.skip	STUB_VECTORS * 16
	.skip	64
.Lshared_stack:
SYM_INNER_LABEL(parker_stub_end, SYM_L_GLOBAL)
	/* It is copied into one page: an error here says that it is too long. */
	.org	parker_stub + PAGE_SIZE

	.balign	4
SYM_DATA(parker_stub_code32, .long OFFSET(.Lcode32))
SYM_DATA(parker_stub_code64, .long OFFSET(.Lcode64))
SYM_DATA(parker_stub_nmi16, .long OFFSET(.Lnmi16))
SYM_DATA(parker_stub_nmi32, .long OFFSET(.Lnmi32))
SYM_DATA(parker_stub_mce32, .long OFFSET(.Lmce32))
SYM_DATA(parker_stub_nmi, .long OFFSET(.Lnmi))
SYM_DATA(parker_stub_mce, .long OFFSET(.Lmce))
SYM_DATA(parker_stub_fault, .long OFFSET(.Lfault))
SYM_DATA(parker_stub_data, .long OFFSET(.Ldata))
