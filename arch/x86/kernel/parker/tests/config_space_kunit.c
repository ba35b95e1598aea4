// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what an application kernel sees of a configuration space.
 */
#include <kunit/test.h>
#include <linux/pci.h>
#include <linux/unaligned.h>

#include "../config_space.h"

/* Where the capabilities of the test's function are. */
#define PM	0x40
#define MSI	0x50
#define EXP	0x70
#define VPD	0xb0
#define MSIX	0xc0
#define VNDR	0xd0

#define BAR0	0xfe400000U
#define BAR2	0x1234500000ULL

struct view {
	u8 hardware[PCI_CFG_SPACE_SIZE];
	struct parker_function function;
	struct parker_config config;
};

static void put_cap(struct view *view, u8 at, u8 id, u8 next)
{
	view->hardware[at] = id;
	view->hardware[at + PCI_CAP_LIST_NEXT] = next;
}

static struct view *make_view(struct kunit *test)
{
	struct view *view = kunit_kzalloc(test, sizeof(*view), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, view);
	/* As of a virtual function, which does not know its own ID. */
	put_unaligned_le32(0xffffffff, view->hardware);
	put_unaligned_le16(PCI_COMMAND_INTX_DISABLE, view->hardware + PCI_COMMAND);
	put_unaligned_le16(PCI_STATUS_CAP_LIST | PCI_STATUS_DETECTED_PARITY,
			   view->hardware + PCI_STATUS);
	view->hardware[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_CARDBUS;
	view->hardware[PCI_CAPABILITY_LIST] = PM;
	view->hardware[PCI_INTERRUPT_PIN] = 1;
	put_unaligned_le32(0xf0000001, view->hardware + PCI_ROM_ADDRESS);
	put_cap(view, PM, PCI_CAP_ID_PM, MSI);
	put_cap(view, MSI, PCI_CAP_ID_MSI, EXP);
	put_unaligned_le16(PCI_MSI_FLAGS_64BIT, view->hardware + MSI + PCI_MSI_FLAGS);
	put_cap(view, EXP, PCI_CAP_ID_EXP, VPD);
	put_unaligned_le32(PCI_EXP_DEVCAP_FLR | 2, view->hardware + EXP + PCI_EXP_DEVCAP);
	put_cap(view, VPD, PCI_CAP_ID_VPD, MSIX);
	put_cap(view, MSIX, PCI_CAP_ID_MSIX, VNDR);
	put_cap(view, VNDR, PCI_CAP_ID_VNDR, 0);

	view->function.vendor = cpu_to_le16(0x1b36);
	view->function.device = cpu_to_le16(0x0010);
	view->function.bars[0].start = cpu_to_le64(BAR0);
	view->function.bars[0].len = cpu_to_le64(SZ_16K);
	view->function.bars[2].start = cpu_to_le64(BAR2);
	view->function.bars[2].len = cpu_to_le64(SZ_64K);
	view->function.bars[2].flags = cpu_to_le32(PARKER_BAR_64BIT | PARKER_BAR_PREFETCH);
	parker_config_init(&view->config, &view->function, view->hardware);
	return view;
}

static u32 hardware_at(const struct view *view, unsigned int reg, unsigned int len)
{
	u32 value = 0;

	for (unsigned int i = len; i-- > 0;)
		value = value << 8 | view->hardware[reg + i];
	return value;
}

static u32 read_at(const struct view *view, unsigned int reg, unsigned int len)
{
	return parker_config_read(&view->config, reg, len, hardware_at(view, reg, len));
}

/* Returns whether the hardware was written to. */
static bool write_at(struct view *view, unsigned int reg, unsigned int len, u32 value)
{
	u32 out;

	if (!parker_config_write(&view->config, reg, len, value, hardware_at(view, reg, len),
				 &out))
		return false;
	for (unsigned int i = 0; i < len; i++)
		view->hardware[reg + i] = out >> (8 * i);
	return true;
}

struct read_case {
	const char *desc;
	unsigned int reg;
	unsigned int len;
	u32 want;
};

static const struct read_case read_cases[] = {
	{ "identity", PCI_VENDOR_ID, 4, 0x00101b36 },
	{ "vendor", PCI_VENDOR_ID, 2, 0x1b36 },
	{ "high byte of the device", PCI_DEVICE_ID + 1, 1, 0x00 },
	{ "status", PCI_STATUS, 2, PCI_STATUS_CAP_LIST | PCI_STATUS_DETECTED_PARITY },
	{ "one of several functions", PCI_HEADER_TYPE, 1, PCI_HEADER_TYPE_MFD },
	{ "no ROM", PCI_ROM_ADDRESS, 4, 0 },
	{ "no INTx", PCI_INTERRUPT_LINE, 2, 0 },
	{ "BAR of 32 bits", PCI_BASE_ADDRESS_0, 4, BAR0 },
	{ "no BAR", PCI_BASE_ADDRESS_1, 4, 0 },
	{ "BAR of 64 bits, low", PCI_BASE_ADDRESS_2, 4,
	  lower_32_bits(BAR2) | PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH },
	{ "BAR of 64 bits, high", PCI_BASE_ADDRESS_3, 4, upper_32_bits(BAR2) },
	{ "first capability", PCI_CAPABILITY_LIST, 1, MSI },
	{ "after MSI", MSI, 2, EXP << 8 | PCI_CAP_ID_MSI },
	{ "after PCI Express", EXP, 2, MSIX << 8 | PCI_CAP_ID_EXP },
	{ "after MSI-X", MSIX, 2, VNDR << 8 | PCI_CAP_ID_MSIX },
	{ "last capability", VNDR, 2, PCI_CAP_ID_VNDR },
	{ "no function level reset", EXP + PCI_EXP_DEVCAP, 4, 2 },
};

KUNIT_ARRAY_PARAM_DESC(read, read_cases, desc);

static void parker_config_test_read(struct kunit *test)
{
	const struct read_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, read_at(make_view(test), c->reg, c->len), c->want);
}

struct write_case {
	const char *desc;
	unsigned int reg;
	unsigned int len;
	u32 value;
	u32 want;
};

static const struct write_case write_cases[] = {
	{ "bus mastering", PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY,
	  PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE },
	{ "I/O and INTx", PCI_COMMAND, 2, PCI_COMMAND_IO, PCI_COMMAND_INTX_DISABLE },
	{ "all of the command", PCI_COMMAND, 2, 0xffff,
	  PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE },
	{ "command with the status", PCI_COMMAND, 4, 0xffff0006, 0x0406 },
	{ "ROM", PCI_ROM_ADDRESS, 4, ~0U, 0xf0000001 },
	{ "power state", PM + PCI_PM_CTRL, 2, 3, 0 },
	{ "device control", EXP + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR, 0 },
	{ "link control", EXP + PCI_EXP_LNKCTL, 2, 3, 0 },
	{ "vendor's", VNDR + 4, 4, ~0U, 0 },
	{ "MSI control", MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE,
	  PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_64BIT },
	{ "MSI address", MSI + PCI_MSI_ADDRESS_LO, 4, 0xfee01000, 0xfee01000 },
	{ "MSI data", MSI + PCI_MSI_DATA_64, 2, 0x4021, 0x4021 },
	{ "behind MSI", MSI + PCI_MSI_MASK_64, 4, ~0U, 0 },
	{ "MSI-X control", MSIX + PCI_MSIX_FLAGS, 2, 0xffff,
	  PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL },
	{ "MSI-X table", MSIX + PCI_MSIX_TABLE, 4, ~0U, 0 },
};

KUNIT_ARRAY_PARAM_DESC(write, write_cases, desc);

static void parker_config_test_write(struct kunit *test)
{
	const struct write_case *c = test->param_value;
	struct view *view = make_view(test);

	write_at(view, c->reg, c->len, c->value);
	KUNIT_EXPECT_EQ(test, hardware_at(view, c->reg, c->len), c->want);
}

/* A BAR is sized without a write to the hardware, and stays where it is. */
static void parker_config_test_bar(struct kunit *test)
{
	struct view *view = make_view(test);

	KUNIT_EXPECT_FALSE(test, write_at(view, PCI_BASE_ADDRESS_0, 4, ~0U));
	KUNIT_EXPECT_EQ(test, read_at(view, PCI_BASE_ADDRESS_0, 4), (u32)-SZ_16K);
	KUNIT_EXPECT_FALSE(test, write_at(view, PCI_BASE_ADDRESS_0, 4, 0xdead0000));
	KUNIT_EXPECT_EQ(test, read_at(view, PCI_BASE_ADDRESS_0, 4), BAR0);

	KUNIT_EXPECT_FALSE(test, write_at(view, PCI_BASE_ADDRESS_2, 4, ~0U));
	KUNIT_EXPECT_FALSE(test, write_at(view, PCI_BASE_ADDRESS_3, 4, ~0U));
	KUNIT_EXPECT_EQ(test, read_at(view, PCI_BASE_ADDRESS_2, 4),
			(u32)-SZ_64K | PCI_BASE_ADDRESS_MEM_TYPE_64 |
			PCI_BASE_ADDRESS_MEM_PREFETCH);
	KUNIT_EXPECT_EQ(test, read_at(view, PCI_BASE_ADDRESS_3, 4), ~0U);
	KUNIT_EXPECT_FALSE(test, write_at(view, PCI_BASE_ADDRESS_3, 4, 0));
	KUNIT_EXPECT_EQ(test, read_at(view, PCI_BASE_ADDRESS_3, 4), upper_32_bits(BAR2));

	KUNIT_EXPECT_FALSE(test, write_at(view, PCI_BASE_ADDRESS_1, 4, ~0U));
	KUNIT_EXPECT_EQ(test, read_at(view, PCI_BASE_ADDRESS_1, 4), 0);
}

/* A list that runs in circles, or leads to the end of the space. */
static void parker_config_test_bad_list(struct kunit *test)
{
	struct view *view = make_view(test);

	view->hardware[VNDR + PCI_CAP_LIST_NEXT] = MSI;
	parker_config_init(&view->config, &view->function, view->hardware);
	KUNIT_EXPECT_EQ(test, read_at(view, PCI_CAPABILITY_LIST, 1), MSI);

	view->hardware[PCI_CAPABILITY_LIST] = 0xfc;
	view->hardware[0xfc] = PCI_CAP_ID_MSI;
	view->hardware[0xfd] = 0;
	parker_config_init(&view->config, &view->function, view->hardware);
	KUNIT_EXPECT_EQ(test, read_at(view, PCI_CAPABILITY_LIST, 1), 0xfc);

	view->hardware[PCI_STATUS] = 0;
	parker_config_init(&view->config, &view->function, view->hardware);
	KUNIT_EXPECT_EQ(test, read_at(view, PCI_CAPABILITY_LIST, 1), 0);
}

static struct kunit_case parker_config_cases[] = {
	KUNIT_CASE_PARAM(parker_config_test_read, read_gen_params),
	KUNIT_CASE_PARAM(parker_config_test_write, write_gen_params),
	KUNIT_CASE(parker_config_test_bar),
	KUNIT_CASE(parker_config_test_bad_list),
	{ }
};

static struct kunit_suite parker_config_suite = {
	.name = "parker_config_space",
	.test_cases = parker_config_cases,
};

kunit_test_suite(parker_config_suite);
