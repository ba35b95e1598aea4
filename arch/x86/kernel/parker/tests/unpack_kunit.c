// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of unpacking a kernel, and of where KASLR puts it.
 */
#include <kunit/test.h>
#include <linux/elf.h>
#include <linux/gfp.h>
#include <linux/kexec.h>
#include <linux/parker.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/bootparam.h>
#include <asm/page.h>

#include "../internal.h"

#define LINKED	SZ_16M
#define ROOM	SZ_64K
#define TEXT	(__START_KERNEL_map + LINKED)	/* Where it is linked. */

/* What is placed. */
struct test_text {
	u8 code[64];
	u32 word32;
	u32 inverse;
	u64 word64;
};

/* An ELF file with what follows it. */
struct test_elf {
	Elf64_Ehdr head;
	Elf64_Phdr segments[2];
	struct test_text text;
	u32 relocations[6];	/* From its end, three lists that are ended by 0. */
} __packed;

/* Enough for either format around the file. */
struct test_packed {
	struct boot_params setup;
	u8 payload[sizeof(struct test_elf) + 32];
	__le32 info[4];
	struct parker_declaration decl;
} __packed;

#define IN_ELF(field)	offsetof(struct test_elf, field)
#define IN_TEXT(field)	((u32)(TEXT + offsetof(struct test_text, field)))

static void fill_elf(struct test_elf *elf)
{
	*elf = (struct test_elf){
		.head = {
			.e_ident	= { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 },
			.e_entry	= LINKED + 32,
			.e_phoff	= IN_ELF(segments),
			.e_phentsize	= sizeof(Elf64_Phdr),
			.e_phnum	= 2,
		},
		.segments = {
			{ .p_type = PT_NOTE, .p_offset = U64_MAX, .p_filesz = U64_MAX },
			{ .p_type = PT_LOAD, .p_offset = IN_ELF(text), .p_paddr = LINKED,
			  .p_filesz = sizeof(elf->text) },
		},
		.text = { .word32 = IN_TEXT(code), .inverse = 0x1000, .word64 = TEXT },
		.relocations = { 0, IN_TEXT(word64), 0, IN_TEXT(inverse), 0, IN_TEXT(word32) },
	};
	memset(elf->text.code, 0xcc, sizeof(elf->text.code));
}

/* One chunk, all of it literal. Returns its length. */
static size_t pack_lz4(u8 *to, const void *from, size_t len)
{
	size_t at = 8, rest = len - 15;

	to[at++] = 0xf0;
	for (; rest >= 255; rest -= 255)
		to[at++] = 255;
	to[at++] = rest;
	memcpy(to + at, from, len);
	*(__le32 *)to = cpu_to_le32(0x184c2102);
	*(__le32 *)(to + 4) = cpu_to_le32(at + len - 8);
	return at + len;
}

/* One raw block in a frame that says how long it is. */
static size_t pack_zstd(u8 *to, const void *from, size_t len)
{
	*(__le32 *)to = cpu_to_le32(0xfd2fb528);
	to[4] = 0xa0;
	*(__le32 *)(to + 5) = cpu_to_le32(len);
	*(__le32 *)(to + 9) = cpu_to_le32(len << 3 | 1);
	memcpy(to + 12, from, len);
	return len + 12;
}

static struct test_packed *packed(struct kunit *test, const struct test_elf *elf,
				  size_t (*pack)(u8 *to, const void *from, size_t len))
{
	struct test_packed *image = kunit_kzalloc(test, sizeof(*image), GFP_KERNEL);
	size_t len;

	KUNIT_ASSERT_NOT_NULL(test, image);
	len = pack(image->payload, elf, sizeof(*elf));
	*(__le32 *)(image->payload + len) = cpu_to_le32(sizeof(*elf));
	image->setup.hdr = (struct setup_header){
		.setup_sects		= sizeof(image->setup) / 512 - 1,
		.header			= 0x53726448,
		.kernel_alignment	= SZ_2M,
		.pref_address		= LINKED,
		.init_size		= ROOM,
		.payload_length		= len + 4,
		.kernel_info_offset	= offsetof(struct test_packed, info) - sizeof(image->setup),
	};
	image->info[0] = cpu_to_le32(0x506f544c);	/* "LToP" */
	image->info[1] = cpu_to_le32(sizeof(image->info));
	image->info[2] = cpu_to_le32(sizeof(image->info) + sizeof(image->decl));
	image->decl = (struct parker_declaration){
		.magic	= cpu_to_le32(PARKER_MAGIC),
		.size	= cpu_to_le32(sizeof(image->decl)),
		.flags	= cpu_to_le32(PARKER_DECLARES_RELOCATIONS),
	};
	return image;
}

static struct parker_unpacked *unpack(struct kunit *test, const struct test_packed *image)
{
	size_t len = 1;
	struct parker_unpacked *u = arch_parker_unpack(image, sizeof(*image), ROOM, &len);

	KUNIT_EXPECT_EQ(test, !!u, !!len);
	return u;
}

/**
 * struct elf_case - a good ELF file with a change
 * @desc:	what the case is about
 * @set:	a value that is written over it
 * @taken:	is it unpacked?
 */
struct elf_case {
	const char *desc;
	struct {
		size_t offset;
		size_t width;
		u64 value;
	} set;
	bool taken;
};

#define SET(bytes, field, val)	{ IN_ELF(field), (bytes), (val) }
#define SET8(field, val)	SET(sizeof(u8), field, val)
#define SET16(field, val)	SET(sizeof(u16), field, val)
#define SET32(field, val)	SET(sizeof(u32), field, val)
#define SET64(field, val)	SET(sizeof(u64), field, val)

static const struct elf_case elf_cases[] = {
	{ "good", .taken = true },
	{ "another magic", SET8(head.e_ident[1], 'e') },
	{ "32 bits", SET8(head.e_ident[EI_CLASS], ELFCLASS32) },
	{ "no segments", SET16(head.e_phnum, 0), .taken = true },
	{ "segments beyond the file", SET16(head.e_phnum, U16_MAX) },
	{ "segments far beyond the file", SET64(head.e_phoff, U64_MAX) },
	{ "segments of another length", SET16(head.e_phentsize, 8) },
	{ "entry below", SET64(head.e_entry, LINKED - 1) },
	{ "entry above", SET64(head.e_entry, LINKED + ROOM) },
	{ "segment begins beyond the file",
	  SET64(segments[1].p_offset, sizeof(struct test_elf) + 1) },
	{ "segment ends beyond the file", SET64(segments[1].p_filesz, sizeof(struct test_elf)) },
	{ "segment of the greatest length", SET64(segments[1].p_filesz, U64_MAX) },
	{ "segment below", SET64(segments[1].p_paddr, LINKED - 1) },
	{ "segment ends with the room",
	  SET64(segments[1].p_paddr, LINKED + ROOM - sizeof(struct test_text)), .taken = true },
	{ "segment beyond the room",
	  SET64(segments[1].p_paddr, LINKED + ROOM - sizeof(struct test_text) + 1) },
	{ "relocation below", SET32(relocations[5], (u32)TEXT - 1) },
	{ "relocation ends with the room", SET32(relocations[3], (u32)TEXT + ROOM - 8),
	  .taken = true },
	{ "relocation beyond the room", SET32(relocations[1], (u32)TEXT + ROOM - 7) },
	{ "relocation of the lower half", SET32(relocations[1], 0x1000000) },
	{ "a list without end", SET32(relocations[0], IN_TEXT(word64)) },
};

KUNIT_ARRAY_PARAM_DESC(elf, elf_cases, desc);

static void parker_unpack_test_elf(struct kunit *test)
{
	const struct elf_case *c = test->param_value;
	struct parker_unpacked *u;
	struct test_elf elf;

	fill_elf(&elf);
	memcpy((void *)&elf + c->set.offset, &c->set.value, c->set.width);
	u = unpack(test, packed(test, &elf, pack_lz4));
	KUNIT_EXPECT_EQ(test, !!u, c->taken);
	vfree(u);
}

/* What is not as it should be is left to the kernel itself. */
static void parker_unpack_test_refused(struct kunit *test)
{
	struct test_elf elf;
	struct test_packed *good, *image;
	struct parker_unpacked *u;

	fill_elf(&elf);
	good = packed(test, &elf, pack_zstd);
	u = unpack(test, good);
	KUNIT_EXPECT_NOT_NULL(test, u);
	vfree(u);

#define REFUSED(change) do {							\
	image = kunit_kmalloc(test, sizeof(*image), GFP_KERNEL);		\
	KUNIT_ASSERT_NOT_NULL(test, image);					\
	*image = *good;								\
	change;									\
	KUNIT_EXPECT_NULL_MSG(test, unpack(test, image), #change);		\
} while (0)
	REFUSED(image->decl.flags = 0);
	REFUSED(image->setup.hdr.payload_length = 7);
	REFUSED(image->setup.hdr.payload_length--);
	REFUSED(image->setup.hdr.payload_length = sizeof(*image));
	REFUSED(image->setup.hdr.payload_length = U32_MAX);
	REFUSED(image->setup.hdr.payload_offset = U32_MAX);
	REFUSED(image->setup.hdr.init_size = sizeof(elf) - 1);
	REFUSED(image->setup.hdr.init_size = ROOM + 1);
	REFUSED(image->payload[0]++);
	REFUSED(image->payload[9]++);

	good = packed(test, &elf, pack_lz4);
	REFUSED(image->payload[0]++);
	REFUSED(image->payload[4]++);
	REFUSED(image->payload[5]++);
	REFUSED(image->payload[8]--);
	REFUSED(image->payload[image->setup.hdr.payload_length - 4]++);
	REFUSED(image->payload[image->setup.hdr.payload_length - 1]++);
#undef REFUSED
}

struct place_case {
	const char *desc;
	const char *cmdline;
	bool moves;
};

static const struct place_case place_cases[] = {
	{ "without KASLR", "nokaslr quiet", false },
	{ "with KASLR", "quiet", true },
	{ "without a command line", NULL, true },
};

KUNIT_ARRAY_PARAM_DESC(place, place_cases, desc);

static void expect_relocated(struct kunit *test, const struct test_elf *elf,
			     const struct test_text *text, u64 delta)
{
	KUNIT_EXPECT_MEMEQ(test, text->code, elf->text.code, sizeof(text->code));
	KUNIT_EXPECT_EQ(test, delta % SZ_2M, 0);
	KUNIT_EXPECT_LE(test, LINKED + delta + ROOM, SZ_1G);
	KUNIT_EXPECT_EQ(test, text->word64, elf->text.word64 + delta);
	KUNIT_EXPECT_EQ(test, text->word32, elf->text.word32 + (u32)delta);
	KUNIT_EXPECT_EQ(test, text->inverse, elf->text.inverse - (u32)delta);
}

static void parker_unpack_test_place(struct kunit *test)
{
	const struct place_case *c = test->param_value;
	struct test_text *text = alloc_pages_exact(ROOM, GFP_KERNEL | __GFP_ZERO);
	struct kimage *kimage = kunit_kzalloc(test, sizeof(*kimage), GFP_KERNEL);
	struct parker_boot boot = { .image = kimage };
	struct parker_unpacked *u;
	struct test_elf elf;
	bool moved = false;

	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_ASSERT_NOT_NULL(test, kimage);
	kimage->cmdline_buf = (char *)c->cmdline;
	fill_elf(&elf);
	u = unpack(test, packed(test, &elf, pack_lz4));
	boot.unpacked = u;
	KUNIT_EXPECT_EQ(test, parker_wants_kaslr(&boot), c->moves);
	/* That it stays where it is 20 times in a row does not happen. */
	for (int i = 0; u && i < 20; i++) {
		KUNIT_EXPECT_EQ(test, parker_unpacked_place(&boot, __pa(text), SZ_2M),
				__pa(text) + 32);
		expect_relocated(test, &elf, text, text->word64 - elf.text.word64);
		moved |= text->word64 != elf.text.word64;
	}
	KUNIT_EXPECT_EQ(test, moved, c->moves);
	vfree(u);
	free_pages_exact(text, ROOM);
}

/* It stays clear of what is taken, and finds each place. */
static void parker_unpack_test_random(struct kunit *test)
{
	const struct parker_room room = {
		.start	= { SZ_1G, SZ_1G + SZ_512M + SZ_1M, SZ_2G },
		.end	= { SZ_1G + SZ_8M, SZ_1G + SZ_512M + SZ_8M, SZ_2G + SZ_2M },
		.nr	= 3,
	};
	const phys_addr_t places[] = {
		SZ_1G + SZ_2M, SZ_1G + SZ_4M, SZ_1G + SZ_512M + SZ_2M, SZ_1G + SZ_512M + SZ_4M,
	};
	u32 found = 0;

	for (int i = 0; i < 1000; i++) {
		phys_addr_t at = parker_place_random(&room, SZ_4M, SZ_2M, SZ_1G + SZ_2M);
		u32 place;

		for (place = 0; place < ARRAY_SIZE(places) && places[place] != at; place++)
			;
		found |= 1U << place;
	}
	KUNIT_EXPECT_EQ(test, found, (1U << ARRAY_SIZE(places)) - 1);
}

static struct kunit_case parker_unpack_cases[] = {
	KUNIT_CASE_PARAM(parker_unpack_test_elf, elf_gen_params),
	KUNIT_CASE(parker_unpack_test_refused),
	KUNIT_CASE_PARAM(parker_unpack_test_place, place_gen_params),
	KUNIT_CASE(parker_unpack_test_random),
	{}
};

static struct kunit_suite parker_unpack_suite = {
	.name = "parker_unpack",
	.test_cases = parker_unpack_cases,
};

kunit_test_suites(&parker_unpack_suite);
