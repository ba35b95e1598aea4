/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker: what the drivers of an application kernel share.
 */
#ifndef _DRIVERS_PARKER_APP_H
#define _DRIVERS_PARKER_APP_H

#include <linux/hrtimer_types.h>
#include <linux/parker.h>

/*
 * The parts of this kernel's own block, which was checked when it was found.
 * As with parker_app_block(), the pointers are not to be kept.
 */
static inline struct parker_request *parker_app_request(void)
{
	struct parker_given *block = parker_app_block();

	return (void *)block + le32_to_cpu(block->request_offset);
}

static inline struct parker_told *parker_app_told(void)
{
	struct parker_given *block = parker_app_block();

	return (void *)block + le32_to_cpu(block->told_offset);
}

static inline struct parker_console *parker_app_console(void)
{
	struct parker_given *block = parker_app_block();

	return (void *)block + le32_to_cpu(block->console_offset);
}

/* from report.c */
extern struct hrtimer parker_heartbeat_timer;
void parker_report_early(void);

/* from core.c */
struct pt_regs;
void parker_core_init(void);
void parker_core_note(struct pt_regs *regs);

/* from die.c, with CONFIG_PARKER_DEBUG */
struct dentry *parker_debug_dir(void);

#endif /* _DRIVERS_PARKER_APP_H */
