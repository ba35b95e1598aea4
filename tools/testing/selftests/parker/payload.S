/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The header of a bzImage (Documentation/arch/x86/boot.rst) around payload.c, with
 * as much in it as Parker asks for.
 */
	.section .header, "a"
	.org	0x1f1
	.byte	1			/* setup_sects */
	.org	0x1fe
	.word	0xaa55			/* boot_flag */
	.byte	0xeb, header_end - . - 1
	.ascii	"HdrS"
	.word	0x020f			/* version */
	.org	0x20e
	.word	release - 512		/* kernel_version */
	.org	0x211
	.byte	1			/* loadflags: loaded high */
	.org	0x230
	.long	0x200000		/* kernel_alignment */
	.byte	1			/* relocatable_kernel */
	.org	0x236
	.word	0x23			/* xloadflags: 64 bit, above 4 GiB, 5 levels */
	.long	255			/* cmdline_size */
	.org	0x258
	.quad	0x1000000		/* pref_address */
	.long	0x10000			/* init_size */
	.long	0			/* handover_offset */
	.long	kernel_info - 0x400	/* kernel_info_offset */
header_end:
release:
	.asciz	"payload"
	.org	0x400
	/* Behind the setup sectors: what is loaded. */
	.org	0x600
	/* The 64-bit entry, %rsi has the boot parameters. */
	lea	stack_end(%rip), %rsp
	mov	%rsi, %rdi
	call	run
1:	hlt
	jmp	1b

	.balign	8
kernel_info:
	.ascii	"LToP"
	.long	16
	.long	16 + 24
	.long	0
	/* struct parker_declaration */
	.ascii	"PRKR"
	.long	24
	.word	1, 1
	.long	1			/* flags: x2APIC, too */
	.quad	0

	.bss
	.balign	16
	.skip	4096
stack_end:
	.section .note.GNU-stack, "", @progbits
