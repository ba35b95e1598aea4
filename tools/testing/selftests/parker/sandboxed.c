// SPDX-License-Identifier: GPL-2.0
/*
 * The one program of a sandbox: says that it runs, and ends the kernel.
 */
#include <stdio.h>
#include <sys/reboot.h>

int main(void)
{
	puts("sandboxed: hello");
	fflush(stdout);
	return reboot(RB_POWER_OFF);
}
