/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker: what the guard of a partition tells of it.
 */
#ifndef _LINUX_PARKER_GUARD_H
#define _LINUX_PARKER_GUARD_H

#include <linux/types.h>

/* Why a CPU left its kernel for the guard, in the order in which stat shows them. */
enum parker_exit {
	PARKER_EXIT_MEMORY,	/* What is not the partition's. */
	PARKER_EXIT_APIC,	/* A register of its local APIC, beside IPIs. */
	PARKER_EXIT_IPI,
	PARKER_EXIT_MSR,
	PARKER_EXIT_PORT,
	PARKER_EXIT_CONFIG,	/* Configuration space of its PCI functions. */
	PARKER_EXIT_OTHER,
	PARKER_NR_EXITS
};

/* What a kernel did that the guard did not let happen. */
enum parker_touch {
	PARKER_TOUCH_READ,
	PARKER_TOUCH_WRITE,
	PARKER_TOUCH_PORT,
	PARKER_TOUCH_MSR,
	PARKER_TOUCH_IPI,
	PARKER_TOUCH_SVM,
	PARKER_TOUCH_SHUTDOWN,	/* A triple fault: it ends the partition. */
	PARKER_TOUCH_FAILURE,	/* Of the guard itself: likewise. */
	PARKER_NR_TOUCHES
};

/**
 * struct parker_violation - what a kernel tried
 * @touch:	what kind of thing
 * @at:		which one: physical address, port, MSR, or the IPI as its ICR value
 * @ip:		address of the instruction
 */
struct parker_violation {
	enum parker_touch touch;
	u64 at;
	u64 ip;
};

/**
 * struct parker_guard_told - what the guard of one CPU tells
 * @exits:	how often, by reason
 * @msrs_refused: uses of MSRs that failed as on a CPU without them
 * @violations:	how many there were, stored behind @last (release)
 * @last:	the last one
 * @over:	the partition ends by it, stored last (release)
 */
struct parker_guard_told {
	u64 exits[PARKER_NR_EXITS];
	u64 msrs_refused;
	u64 violations;
	struct parker_violation last;
	bool over;
};

#endif /* _LINUX_PARKER_GUARD_H */
