/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker: writing nonsense, for tests of who has to live with it.
 */
#ifndef _LINUX_PARKER_SCRIBBLE_H
#define _LINUX_PARKER_SCRIBBLE_H

#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/prandom.h>
#include <linux/types.h>

/**
 * parker_scribble() - Overwrite something, somewhere
 * @rnd:	state of the random numbers
 * @where:	what is written into, aligned to 8 bytes
 * @len:	its length in bytes, a multiple of 8
 *
 * Half of what it writes is small, so that it looks like something that may be
 * meant.
 *
 * Context: any.
 */
static inline void parker_scribble(struct rnd_state *rnd, void *where, size_t len)
{
	u32 dice = prandom_u32_state(rnd);
	u64 value = prandom_u32_state(rnd);
	void *at = where + prandom_u32_state(rnd) % len;

	value = dice & 1 ? value & 7 : value << 32 | prandom_u32_state(rnd);
	switch (dice >> 1 & 3) {
	case 0:
		WRITE_ONCE(*(u8 *)at, value);
		break;
	case 1:
		WRITE_ONCE(*(u32 *)PTR_ALIGN_DOWN(at, 4), value);
		break;
	default:
		WRITE_ONCE(*(u64 *)PTR_ALIGN_DOWN(at, 8), value);
		break;
	}
}

#endif /* _LINUX_PARKER_SCRIBBLE_H */
