/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For the handlers of machine checks on CPUs without Linux, to be included: MCIP
 * must be clear again, or the next machine check shuts down (SDM volume 3, 16.3.1.2).
 */
#include <asm/msr-index.h>

.macro CLEAR_MCIP
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	movl	$MSR_IA32_MCG_STATUS, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	popq	%rdx
	popq	%rcx
	popq	%rax
.endm
