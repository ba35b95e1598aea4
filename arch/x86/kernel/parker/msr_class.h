/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guarded partitions: what may be done with an MSR, by what it reaches.
 */
#ifndef _X86_KERNEL_PARKER_MSR_CLASS_H
#define _X86_KERNEL_PARKER_MSR_CLASS_H

#include <linux/types.h>

/* Banks of machine checks, four registers each; those that Zen brought have sixteen. */
#define PARKER_MAX_BANKS	64
#define PARKER_SMCA_FIRST	0xc0002000
#define PARKER_SMCA_LAST	(PARKER_SMCA_FIRST + PARKER_MAX_BANKS * 16 - 1)

/* What comes of a write. */
enum parker_msr_class {
	PARKER_MSR_REFUSED,	/* As of an MSR that this CPU does not have. */
	PARKER_MSR_ALLOWED,	/* It acts on the CPU alone that is written to. */
	PARKER_MSR_CHECKED,	/* Likewise, but not with each value. */
	PARKER_MSR_KEPT,	/* Dropped: it is as the boot kernel has set it. */
	PARKER_MSR_SHARED	/* It reaches beyond the CPU: a violation. */
};

/**
 * struct parker_msrs - MSRs with which the same may be done
 * @first:	the first one
 * @last:	the last one
 * @read:	they can be read
 * @write:	what comes of a write
 */
struct parker_msrs {
	u32 first, last;
	bool read;
	u8 write;
};

/* Up to one whose last is 0. No MSR is in two of them. */
extern const struct parker_msrs parker_msrs[];

enum parker_msr_class parker_msr_class(u32 msr);

#endif /* _X86_KERNEL_PARKER_MSR_CLASS_H */
