/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a firmware starts as it would start a kernel (Documentation/arch/x86/boot.rst):
 * prints the time stamp counter on the second serial port, in hexadecimal digits, and
 * ends the machine. mk/bench.py takes that for the time at which the firmware ends.
 */
#define COM2		0x2f8

	.code16
	.text
	.globl _start
_start:
	.org 0x1f1
	.byte 1				/* setup_sects */
	.org 0x1fe
	.word 0xaa55
jump:	jmp begin
	.ascii "HdrS"
	.word 0x0203			/* version */
	.org 0x211
	.byte 1				/* loadflags: the rest is at 1 MiB */
	.org 0x22c
	.long 0x7fffffff		/* initrd_addr_max */

begin:
	rdtsc
	xchg %eax, %edx
	call print
	mov %edx, %eax
	call print
	mov $'\n', %al
	mov $COM2, %dx
	out %al, %dx
	/* Without an IDT an interrupt resets the machine. The segment begins at the jump. */
	lidtl %cs:none - jump
	int3

/* Eight digits of %eax, with the others kept. */
print:
	pushl %edx
	mov %eax, %ebx
	mov $COM2, %dx
	mov $8, %cx
1:	rol $4, %ebx
	mov %bl, %al
	and $0xf, %al
	cmp $10, %al
	jb 2f
	add $'a' - '0' - 10, %al
2:	add $'0', %al
	out %al, %dx
	loop 1b
	popl %edx
	ret

none:
	.word 0
	.long 0
	.org 0x400
	.fill 0x1000, 1, 0xf4
