/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker: the console ring between an application kernel and its boot kernel.
 */
#ifndef _LINUX_PARKER_RING_H
#define _LINUX_PARKER_RING_H

#include <linux/parker_abi.h>

void parker_ring_write(struct parker_console *ring, size_t size, const char *text, size_t len);
size_t parker_ring_read(const struct parker_console *ring, size_t size, u64 *pos,
			char *buf, size_t count, u64 *lost);
u64 parker_ring_overwritten(u64 head, size_t size, u64 pos, u64 len);

#endif /* _LINUX_PARKER_RING_H */
