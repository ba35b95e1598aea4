// SPDX-License-Identifier: GPL-2.0
/*
 * Unpacking an application kernel when it is loaded, so that no start waits for that.
 *
 * It does what the code in arch/x86/boot/compressed does for others: unpacks the ELF
 * file, and at each start places its segments, chooses where it is linked, and
 * relocates it.  Whatever is not as expected is left to that code.
 */
#include <linux/align.h>
#include <linux/elf.h>
#include <linux/kexec.h>
#include <linux/lz4.h>
#include <linux/parker.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/vmalloc.h>
#include <linux/zstd.h>

#include <asm/bootparam.h>
#include <asm/cmdline.h>
#include <asm/page.h>

#include "internal.h"

#define LZ4_LEGACY	0x184c2102	/* What lz4 -l makes: chunks, each after its length. */
#define LZ4_CHUNK	SZ_8M
#define ZSTD_FRAME	0xfd2fb528

/* Where a kernel with KASLR can be linked: KERNEL_IMAGE_SIZE of such a kernel. */
#define LINKED_BELOW	SZ_1G

/**
 * struct parker_unpacked - the ELF file of a kernel
 * @linked:	physical address that it is linked for
 * @room:	bytes from there on that it needs
 * @len:	length of @elf, with the tables of relocations at its end
 * @elf:	the file
 */
struct parker_unpacked {
	u64 linked;
	u64 room;
	size_t len;
	u8 elf[];
};

static bool unpack_lz4(void *to, size_t to_len, const void *from, size_t len)
{
	size_t done = 0, at = 4;

	while (len - at >= sizeof(u32)) {
		u32 chunk = get_unaligned_le32(from + at);
		int got;

		at += 4;
		if (chunk > len - at)
			return false;
		got = LZ4_decompress_safe(from + at, to + done, chunk,
					  min_t(size_t, to_len - done, LZ4_CHUNK));
		if (got < 0)
			return false;
		at += chunk;
		done += got;
		cond_resched();
	}
	return done == to_len;
}

static bool unpack_zstd(void *to, size_t to_len, const void *from, size_t len)
{
	size_t work_len = zstd_dctx_workspace_bound();
	void *work = kvmalloc(work_len, GFP_KERNEL);
	zstd_dctx *context = work ? zstd_init_dctx(work, work_len) : NULL;
	bool done = context &&
		    zstd_decompress_dctx(context, to, to_len, from, len) == to_len;

	kvfree(work);
	return done;
}

static const Elf64_Phdr *segment(const struct parker_unpacked *u, unsigned int i)
{
	const Elf64_Ehdr *head = (const void *)u->elf;

	return (const void *)u->elf + head->e_phoff + i * sizeof(Elf64_Phdr);
}

static bool fits(u64 at, u64 len, u64 room)
{
	return at <= room && len <= room - at;
}

static bool has_segments(const struct parker_unpacked *u)
{
	const Elf64_Ehdr *head = (const void *)u->elf;

	if (u->len < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
	    head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_phentsize != sizeof(Elf64_Phdr) ||
	    !fits(head->e_phoff, head->e_phnum * sizeof(Elf64_Phdr), u->len) ||
	    head->e_entry - u->linked >= u->room)
		return false;
	for (unsigned int i = 0; i < head->e_phnum; i++) {
		const Elf64_Phdr *s = segment(u, i);

		if (s->p_type == PT_LOAD && (!fits(s->p_offset, s->p_filesz, u->len) ||
					     !fits(s->p_paddr - u->linked, s->p_filesz, u->room)))
			return false;
	}
	return true;
}

/*
 * Three lists of places, from the end backwards, each ended by a zero: 32 bits, 32 bits
 * that are relative to what does not move, 64 bits.  With @base they are relocated.
 */
static bool relocate(const struct parker_unpacked *u, void *base, u64 delta)
{
	size_t at = ALIGN_DOWN(u->len, sizeof(s32));

	for (unsigned int list = 0; list < 3; list++) {
		for (;;) {
			u32 place;
			u64 offset;

			if (at < sizeof(place))
				return false;
			at -= sizeof(place);
			place = get_unaligned((const u32 *)(u->elf + at));
			if (!place)
				break;
			offset = (u64)(s32)place - __START_KERNEL_map - u->linked;
			if (!fits(offset, sizeof(u64), u->room))
				return false;
			if (!base)
				continue;
			if (list == 2)
				*(u64 *)(base + offset) += delta;
			else
				*(u32 *)(base + offset) += list ? -(u32)delta : (u32)delta;
		}
		cond_resched();
	}
	return true;
}

static bool unpack(void *to, size_t to_len, const void *from, size_t len)
{
	switch (get_unaligned_le32(from)) {
	case LZ4_LEGACY:
		return unpack_lz4(to, to_len, from, len);
	case ZSTD_FRAME:
		return unpack_zstd(to, to_len, from, len);
	default:
		return false;
	}
}

struct parker_unpacked *arch_parker_unpack(const void *kernel, size_t len, u64 room,
					   size_t *unpacked_len)
{
	const struct setup_header *hdr = parker_image_header(kernel);
	const struct parker_declaration *decl = parker_find_declaration(kernel, len);
	size_t at = parker_image_setup_len(hdr) + (size_t)hdr->payload_offset;
	size_t packed = hdr->payload_length, unpacked;
	struct parker_unpacked *u;

	*unpacked_len = 0;
	if (!(le32_to_cpu(decl->flags) & PARKER_DECLARES_RELOCATIONS) || packed < 8 ||
	    !fits(at, packed, len))
		return NULL;
	/* The kernel's build appends it. */
	packed -= 4;
	unpacked = get_unaligned_le32(kernel + at + packed);
	/* An image may say anything; what the partition has no room for is not placed. */
	if (unpacked > hdr->init_size || hdr->init_size > room)
		return NULL;
	u = __vmalloc(sizeof(*u) + unpacked, GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	if (!u)
		return NULL;

	u->linked = hdr->pref_address;
	u->room = hdr->init_size;
	u->len = unpacked;
	if (unpack(u->elf, unpacked, kernel + at, packed) && has_segments(u) &&
	    relocate(u, NULL, 0)) {
		*unpacked_len = sizeof(*u) + unpacked;
		return u;
	}
	vfree(u);
	return NULL;
}

/* As others do it: any multiple of its alignment, so that it ends below the limit. */
static u64 choose_link(const struct parker_unpacked *u, u64 align)
{
	u64 end = u->linked + u->room;

	if (end > LINKED_BELOW)
		return u->linked;
	return u->linked + get_random_u32_below((LINKED_BELOW - end) / align + 1) * align;
}

/**
 * parker_wants_kaslr() - Is it up to the boot kernel to choose where a kernel goes?
 * @boot: the start
 *
 * Return: true if the kernel does not unpack itself, and its command line allows it.
 */
bool parker_wants_kaslr(const struct parker_boot *boot)
{
	const char *cmdline = boot->image->cmdline_buf;

	return boot->unpacked && !(cmdline && cmdline_find_option_bool(cmdline, "nokaslr"));
}

static u64 first_place(const struct parker_room *room, unsigned int i, u64 align, u64 lowest)
{
	return ALIGN(max(room->start[i], lowest), align);
}

/**
 * parker_place_random() - Find a place at random for what has one
 * @room:	what is free, with the place that it has
 * @len:	its length in bytes
 * @align:	what its address is a multiple of
 * @lowest:	the place that it has, the lowest possible one
 *
 * Return: its new address.
 */
phys_addr_t parker_place_random(const struct parker_room *room, u64 len, u64 align,
				phys_addr_t lowest)
{
	u32 slots[PARKER_MAX_PIECES], total = 0, slot;
	unsigned int i;

	for (i = 0; i < room->nr; i++) {
		u64 start = first_place(room, i, align, lowest);

		slots[i] = start < room->end[i] && room->end[i] - start >= len ?
			   (room->end[i] - start - len) / align + 1 : 0;
		total += slots[i];
	}
	slot = get_random_u32_below(total);
	for (i = 0; slot >= slots[i]; i++)
		slot -= slots[i];
	return first_place(room, i, align, lowest) + slot * align;
}

/**
 * parker_unpacked_place() - Put a kernel into the memory of its partition
 * @boot:	the start
 * @at:		physical address, with the room that its image asks for
 * @align:	what the address that it is linked for is a multiple of
 *
 * Context: may sleep.
 * Return: the physical address of its entry.
 */
phys_addr_t parker_unpacked_place(const struct parker_boot *boot, phys_addr_t at, u64 align)
{
	const struct parker_unpacked *u = boot->unpacked;
	const Elf64_Ehdr *head = (const void *)u->elf;
	u64 delta = 0;

	for (unsigned int i = 0; i < head->e_phnum; i++) {
		const Elf64_Phdr *s = segment(u, i);

		if (s->p_type == PT_LOAD)
			parker_copy_in(at + s->p_paddr - u->linked, u->elf + s->p_offset,
				       s->p_filesz);
	}
	if (parker_wants_kaslr(boot))
		delta = choose_link(u, align) - u->linked;
	if (delta)
		relocate(u, __va(at), delta);
	return at + head->e_entry - u->linked;
}
