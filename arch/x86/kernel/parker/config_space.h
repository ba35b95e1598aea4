/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an application kernel sees of the configuration space of its functions.
 */
#ifndef _X86_KERNEL_PARKER_CONFIG_SPACE_H
#define _X86_KERNEL_PARKER_CONFIG_SPACE_H

#include <linux/parker_abi.h>
#include <linux/pci_regs.h>
#include <linux/types.h>

/**
 * struct parker_config - the view of one function's configuration space
 * @shown:	values in place of the hardware's
 * @hidden:	which bits come from @shown
 * @writable:	which bits a write reaches in the hardware; all others keep theirs
 * @bars:	value of each BAR register
 * @masks:	what it reads as while it is sized
 */
struct parker_config {
	u8 shown[PCI_CFG_SPACE_SIZE];
	u8 hidden[PCI_CFG_SPACE_SIZE];
	u8 writable[PCI_CFG_SPACE_SIZE];
	u32 bars[PCI_STD_NUM_BARS];
	u32 masks[PCI_STD_NUM_BARS];
};

void parker_config_init(struct parker_config *config, const struct parker_function *function,
			const u8 *hardware);
u32 parker_config_read(const struct parker_config *config, unsigned int reg, unsigned int len,
		       u32 hardware);
bool parker_config_write(struct parker_config *config, unsigned int reg, unsigned int len,
			 u32 value, u32 hardware, u32 *out);

#endif /* _X86_KERNEL_PARKER_CONFIG_SPACE_H */
