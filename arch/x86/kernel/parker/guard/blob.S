/* SPDX-License-Identifier: GPL-2.0 */
/* The guard as the boot kernel carries it. */
#include <linux/linkage.h>

	.section .rodata, "a"
	.balign	8
SYM_DATA_START(parker_guard_image)
	.incbin	"arch/x86/kernel/parker/guard/guard.bin"
SYM_DATA_END_LABEL(parker_guard_image, SYM_L_GLOBAL, parker_guard_image_end)
