// SPDX-License-Identifier: GPL-2.0
/*
 * What an application kernel sees of the configuration space of its functions.
 *
 * It may use the function, but not move it, and not do what the boot kernel has
 * done for it or does: power states, resets, errors, the link, ports above.
 *
 * Pure functions.
 */
#include <linux/init.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/wordpart.h>
#include <kunit/visibility.h>

#include "config_space.h"

/* Longer lists of capabilities do not fit into the space. */
#define MAX_CAPS	48

static void show(struct parker_config *config, unsigned int reg, unsigned int len, u32 value)
{
	for (unsigned int i = 0; i < len; i++) {
		config->shown[reg + i] = value >> (8 * i);
		config->hidden[reg + i] = 0xff;
	}
}

static void allow(struct parker_config *config, unsigned int reg, unsigned int len, u32 mask)
{
	for (unsigned int i = 0; i < len && reg + i < PCI_CFG_SPACE_SIZE; i++)
		config->writable[reg + i] = mask >> (8 * i);
}

/* Without I/O ports: there are none for us. */
static void init_bars(struct parker_config *config, const struct parker_function *function)
{
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
		const struct parker_bar *bar = &function->bars[i];
		u64 start = le64_to_cpu(bar->start), mask = -le64_to_cpu(bar->len);
		u32 flags = le32_to_cpu(bar->flags), low = 0;

		if (!bar->len)
			continue;
		if (flags & PARKER_BAR_PREFETCH)
			low |= PCI_BASE_ADDRESS_MEM_PREFETCH;
		if (flags & PARKER_BAR_64BIT)
			low |= PCI_BASE_ADDRESS_MEM_TYPE_64;
		config->bars[i] = lower_32_bits(start) | low;
		config->masks[i] = lower_32_bits(mask) | low;
		if (!(flags & PARKER_BAR_64BIT) || i + 1 == PCI_STD_NUM_BARS)
			continue;
		i++;
		config->bars[i] = upper_32_bits(start);
		config->masks[i] = upper_32_bits(mask);
	}
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++)
		show(config, PCI_BASE_ADDRESS_0 + 4 * i, 4, config->bars[i]);
}

static unsigned int msi_len(u16 flags)
{
	return (flags & PCI_MSI_FLAGS_64BIT ? 14 : 10) + (flags & PCI_MSI_FLAGS_MASKBIT ? 10 : 0);
}

/* Returns false for one that is not to be seen. */
static bool init_cap(struct parker_config *config, unsigned int cap, const u8 *hardware)
{
	switch (hardware[cap]) {
	case PCI_CAP_ID_MSI:
		allow(config, cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
		for (unsigned int i = PCI_MSI_ADDRESS_LO;
		     i < msi_len(get_unaligned_le16(hardware + cap + PCI_MSI_FLAGS)); i++)
			allow(config, cap + i, 1, 0xff);
		return true;
	case PCI_CAP_ID_MSIX:
		allow(config, cap + PCI_MSIX_FLAGS, 2,
		      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
		return true;
	case PCI_CAP_ID_EXP:
		/* It would forget where its BARs are. */
		if (cap + PCI_EXP_DEVCAP + 3 < PCI_CFG_SPACE_SIZE)
			config->hidden[cap + PCI_EXP_DEVCAP + 3] = PCI_EXP_DEVCAP_FLR >> 24;
		return true;
	case PCI_CAP_ID_VNDR:
		return true;
	default:
		return false;
	}
}

/* Leads from each capability that can be seen to the next one. */
static void init_caps(struct parker_config *config, const u8 *hardware)
{
	unsigned int from = PCI_CAPABILITY_LIST, cap = hardware[PCI_CAPABILITY_LIST] & ~3;

	show(config, from, 1, 0);
	if (!(hardware[PCI_STATUS] & PCI_STATUS_CAP_LIST))
		return;
	for (unsigned int i = 0; cap >= PCI_STD_HEADER_SIZEOF && i < MAX_CAPS; i++) {
		if (init_cap(config, cap, hardware)) {
			show(config, from, 1, cap);
			from = cap + PCI_CAP_LIST_NEXT;
			show(config, from, 1, 0);
		}
		cap = hardware[cap + PCI_CAP_LIST_NEXT] & ~3;
	}
}

/**
 * parker_config_init() - Make the view of a function's configuration space
 * @config:	the view
 * @function:	what the boot kernel says of the function
 * @hardware:	its configuration space now, %PCI_CFG_SPACE_SIZE bytes
 *
 * Context: any.
 */
void parker_config_init(struct parker_config *config, const struct parker_function *function,
			const u8 *hardware)
{
	memset(config, 0, sizeof(*config));
	show(config, PCI_VENDOR_ID, 2, le16_to_cpu(function->vendor));
	show(config, PCI_DEVICE_ID, 2, le16_to_cpu(function->device));
	/* One of several functions, as others may be given, too; without a ROM and INTx. */
	show(config, PCI_HEADER_TYPE, 2, PCI_HEADER_TYPE_NORMAL | PCI_HEADER_TYPE_MFD);
	show(config, PCI_ROM_ADDRESS, 4, 0);
	show(config, PCI_INTERRUPT_LINE, 2, 0);
	allow(config, PCI_COMMAND, 1, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	init_bars(config, function);
	init_caps(config, hardware);
}

static u32 gather(const u8 *bytes, unsigned int len)
{
	u32 value = 0;

	for (unsigned int i = 0; i < len; i++)
		value |= (u32)bytes[i] << (8 * i);
	return value;
}

/**
 * parker_config_read() - What does a read give?
 * @config:	the view
 * @reg:	offset, @reg + @len is within %PCI_CFG_SPACE_SIZE
 * @len:	1, 2 or 4 bytes
 * @hardware:	what the hardware gives
 *
 * Return: the value.
 */
u32 parker_config_read(const struct parker_config *config, unsigned int reg, unsigned int len,
		       u32 hardware)
{
	u32 hidden = gather(config->hidden + reg, len);

	return (hardware & ~hidden) | (gather(config->shown + reg, len) & hidden);
}

/* All ones ask for the size; whatever else is written, it stays where it is. */
static void size_bar(struct parker_config *config, unsigned int reg, unsigned int len, u32 value)
{
	unsigned int i = (reg - PCI_BASE_ADDRESS_0) / 4;

	show(config, PCI_BASE_ADDRESS_0 + 4 * i, 4,
	     len == 4 && value == ~0U ? config->masks[i] : config->bars[i]);
}

/**
 * parker_config_write() - What does a write do?
 * @config:	the view
 * @reg:	offset, @reg + @len is within %PCI_CFG_SPACE_SIZE
 * @len:	1, 2 or 4 bytes
 * @value:	what is written
 * @hardware:	what the hardware has there
 * @out:	gets what is to be written to the hardware
 *
 * Return: true if anything is to be written there.
 */
bool parker_config_write(struct parker_config *config, unsigned int reg, unsigned int len,
			 u32 value, u32 hardware, u32 *out)
{
	u32 writable = gather(config->writable + reg, len);

	if (reg >= PCI_BASE_ADDRESS_0 && reg < PCI_BASE_ADDRESS_0 + 4 * PCI_STD_NUM_BARS)
		size_bar(config, reg, len, value);
	*out = (hardware & ~writable) | (value & writable);
	/* Status bits are cleared by writing ones. */
	if (reg <= PCI_COMMAND && reg + len > PCI_STATUS)
		*out &= 0xffff;
	return writable;
}
