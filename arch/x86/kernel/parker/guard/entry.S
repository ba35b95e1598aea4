/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guard's assembly: how a CPU comes in, enters its guest, and what happens
 * to a fault in the guard itself.
 *
 * Entered from the parking stub in 64-bit mode on identity page tables, with
 * interrupts off and %rsi at the CPU's struct guard_cpu.  Its stack is the rest
 * of that page.
 */
#include <linux/linkage.h>
#include "../clear_mcip.S"
#include "guard.h"

	.section .head.text, "ax"
	.code64
SYM_CODE_START(guard_entry)
	movq	%rsi, %rdi
	leaq	GUARD_CPU_STACK(%rdi), %rsp
	lidt	GUARD_CPU_IDTR(%rdi)
	call	guard_main
	ud2
SYM_CODE_END(guard_entry)

	/* One entry for each exception, at an address that the boot kernel knows. */
	.org	GUARD_FAULTS
SYM_CODE_START(guard_faults)
	.set	vector, 0
	.rept	GUARD_IDT_GATES
	.balign	GUARD_FAULT_LEN
	pushq	$vector
	jmp	guard_fault
	.set	vector, vector + 1
	.endr
SYM_CODE_END(guard_faults)

	.text
SYM_CODE_START_LOCAL(guard_fault)
	cmpq	$2, (%rsp)
	je	.Lnmi
	cmpq	$18, (%rsp)
	je	.Lmce
	/* The error code of those that have one is not looked at. */
	movq	(%rsp), %rsi
	movq	8(%rsp), %rdx
	movq	%rsp, %rdi
	andq	$-GUARD_CPU_STACK, %rdi
	call	guard_failed
	ud2

.Lmce:
	CLEAR_MCIP
.Lnmi:
	addq	$8, %rsp
	iretq
SYM_CODE_END(guard_fault)

/*
 * void guard_run(struct guard_regs *regs, u64 vmcb)
 *
 * VMLOAD once, at the first entry, is enough: the guard uses no state that
 * VMRUN does not switch (APM volume 2, 15.5.2).
 */
SYM_FUNC_START(guard_run)
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movq	%rsi, %rax

	movq	GUARD_RCX(%rdi), %rcx
	movq	GUARD_RDX(%rdi), %rdx
	movq	GUARD_RBX(%rdi), %rbx
	movq	GUARD_RBP(%rdi), %rbp
	movq	GUARD_RSI(%rdi), %rsi
	movq	GUARD_R8(%rdi), %r8
	movq	GUARD_R9(%rdi), %r9
	movq	GUARD_R10(%rdi), %r10
	movq	GUARD_R11(%rdi), %r11
	movq	GUARD_R12(%rdi), %r12
	movq	GUARD_R13(%rdi), %r13
	movq	GUARD_R14(%rdi), %r14
	movq	GUARD_R15(%rdi), %r15
	movq	GUARD_RDI(%rdi), %rdi

	vmrun	%rax

	/* %rax and %rsp are the guard's again. */
	movq	(%rsp), %rax
	movq	%rcx, GUARD_RCX(%rax)
	movq	%rdx, GUARD_RDX(%rax)
	movq	%rbx, GUARD_RBX(%rax)
	movq	%rbp, GUARD_RBP(%rax)
	movq	%rsi, GUARD_RSI(%rax)
	movq	%rdi, GUARD_RDI(%rax)
	movq	%r8, GUARD_R8(%rax)
	movq	%r9, GUARD_R9(%rax)
	movq	%r10, GUARD_R10(%rax)
	movq	%r11, GUARD_R11(%rax)
	movq	%r12, GUARD_R12(%rax)
	movq	%r13, GUARD_R13(%rax)
	movq	%r14, GUARD_R14(%rax)
	movq	%r15, GUARD_R15(%rax)

	popq	%rdi
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
SYM_FUNC_END(guard_run)

	.section .note.GNU-stack, "", @progbits
