// SPDX-License-Identifier: GPL-2.0
/*
 * Building an application kernel in the memory of its partition: where its
 * parts go, what the boot protocol wants, and the hand-over block.
 */
#include <linux/align.h>
#include <linux/irqflags.h>
#include <linux/kexec.h>
#include <linux/parker.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <kunit/visibility.h>

#include <asm/apic.h>
#include <asm/bootparam.h>
#include <asm/cmdline.h>
#include <asm/e820/types.h>
#include <asm/setup.h>
#include <asm/tsc.h>

#include "internal.h"

/* The block: offsets of its parts. The given part has the rest of 16 KiB. */
#define REQUEST_OFFSET	SZ_16K
#define TOLD_OFFSET	(REQUEST_OFFSET + SZ_4K)
#define CONSOLE_OFFSET	(TOLD_OFFSET + SZ_4K)
#define CONSOLE_SIZE	SZ_512K
#define BLOCK_LEN	PAGE_ALIGN(CONSOLE_OFFSET + sizeof(struct parker_console) + CONSOLE_SIZE)

/* What this kernel writes; tests let it pretend to be another one. */
struct parker_contract parker_contract = {
	.version	= PARKER_ABI_VERSION,
	.oldest		= PARKER_ABI_OLDEST,
};

/**
 * parker_image_header() - Find the setup header of a bzImage
 * @kernel: the file's bytes
 *
 * Return: the header.
 */
const struct setup_header *parker_image_header(const void *kernel)
{
	return kernel + offsetof(struct boot_params, hdr);
}

/**
 * parker_image_setup_len() - Where does a bzImage's 64-bit part begin?
 * @hdr: its setup header
 *
 * Return: the offset in the file, in bytes.
 */
size_t parker_image_setup_len(const struct setup_header *hdr)
{
	return ((hdr->setup_sects ?: 4) + 1) * 512;
}

/**
 * parker_find_declaration() - Find what an image declares
 * @kernel:	the file's bytes, with a header that is in order
 * @len:	its length
 *
 * Walks the chunks behind the fixed part of kernel_info.
 *
 * Return: the declaration, or NULL.
 */
const struct parker_declaration *parker_find_declaration(const void *kernel, size_t len)
{
	const struct setup_header *hdr = parker_image_header(kernel);
	size_t at = parker_image_setup_len(hdr) + hdr->kernel_info_offset, end;
	const __le32 *word;

	if (!hdr->kernel_info_offset || at > len || len - at < 16)
		return NULL;
	word = kernel + at;
	if (memcmp(word, "LToP", 4) || le32_to_cpu(word[2]) > len - at)
		return NULL;
	end = at + le32_to_cpu(word[2]);
	at += le32_to_cpu(word[1]);
	while (at < end && end - at >= sizeof(struct parker_declaration)) {
		word = kernel + at;
		if (le32_to_cpu(word[0]) == PARKER_MAGIC)
			return kernel + at;
		if (le32_to_cpu(word[1]) < 8)
			return NULL;
		at += le32_to_cpu(word[1]);
	}
	return NULL;
}

static void image_release(const void *kernel, size_t len, struct parker_image_info *info)
{
	size_t at = parker_image_header(kernel)->kernel_version + 512;

	strscpy(info->release, "unknown");
	if (at == 512 || at >= len)
		return;
	snprintf(info->release, sizeof(info->release), "%.*s",
		 (int)min(len - at, sizeof(info->release) - 1), (const char *)kernel + at);
	info->release[strcspn(info->release, "\n ")] = '\0';
}

static int check_header(const void *kernel, size_t len, struct parker_error *err)
{
	const struct setup_header *hdr = parker_image_header(kernel);
	const u16 wanted = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G;

	if (len < sizeof(struct boot_params) || hdr->header != 0x53726448 ||
	    len <= parker_image_setup_len(hdr) ||
	    hdr->init_size < len - parker_image_setup_len(hdr))
		return parker_fail(err, -ENOEXEC, "The file is not a bzImage");
	if (hdr->version < 0x020f)
		return parker_fail(err, -ENOEXEC,
				   "The bzImage has boot protocol %u.%u, at least 2.15 is needed",
				   hdr->version >> 8, hdr->version & 0xff);
	if ((hdr->xloadflags & wanted) != wanted || !hdr->relocatable_kernel ||
	    !is_power_of_2(hdr->kernel_alignment) || hdr->kernel_alignment > SZ_1G)
		return parker_fail(err, -ENOEXEC,
				   "The bzImage is not a relocatable 64-bit kernel");
	return 0;
}

int arch_parker_check_image(const void *kernel, size_t len,
			    struct parker_image_info *info,
			    struct parker_error *err)
{
	const struct parker_declaration *decl;
	int ret;

	ret = check_header(kernel, len, err);
	if (ret)
		return ret;
	decl = parker_find_declaration(kernel, len);
	if (!decl)
		return parker_fail(err, -ENOEXEC,
				   "The kernel does not declare itself an application kernel (CONFIG_PARKER_APP): it would use hardware of the whole machine");
	ret = parker_abi_check_declaration(decl, kernel + len - (const void *)decl,
					   &parker_contract);
	if (ret == -EINVAL)
		return parker_fail(err, -ENOEXEC,
				   "The kernel's declaration of being an application kernel is damaged");
	if (ret == -EOPNOTSUPP)
		return parker_fail(err, -ENOEXEC,
				   "The kernel knows the features %#llx of the contract, this one requires %#llx",
				   le64_to_cpu(decl->required), parker_contract.required);
	if (ret)
		return parker_fail(err, -ENOEXEC,
				   "The kernel understands versions %u to %u of the contract, this one writes version %u",
				   le16_to_cpu(decl->oldest), le16_to_cpu(decl->version),
				   parker_contract.version);
	if (x2apic_enabled() && !(le32_to_cpu(decl->flags) & PARKER_DECLARES_X2APIC))
		return parker_fail(err, -ENOEXEC,
				   "The machine runs in x2APIC mode, the kernel lacks CONFIG_X86_X2APIC");
	info->version = le16_to_cpu(decl->version);
	info->required = le64_to_cpu(decl->required);
	info->cmdline_max = parker_image_header(kernel)->cmdline_size;
	info->head_len = max(parker_image_setup_len(parker_image_header(kernel)),
			     sizeof(struct boot_params));
	image_release(kernel, len, info);
	return 0;
}

/**
 * parker_wants_la57() - Which paging mode will the kernel run in?
 * @boot: the start
 *
 * The decompressor looks at the same three things.  When it is entered in
 * another mode it switches, by means of memory below 1 MiB that is not its.
 *
 * Return: true for 5 levels.
 */
bool parker_wants_la57(const struct parker_boot *boot)
{
	const struct setup_header *hdr = parker_image_header(boot->image->kernel_buf);

	return (hdr->xloadflags & XLF_5LEVEL_ENABLED) &&
	       boot_cpu_data.cpuid_level >= 7 && (cpuid_ecx(7) & BIT(16)) &&
	       !(boot->image->cmdline_buf &&
		 cmdline_find_option_bool(boot->image->cmdline_buf, "no5lvl"));
}

VISIBLE_IF_KUNIT bool parker_place_bottom(struct parker_room *room, u64 len, u64 align,
					  u64 min, phys_addr_t *at)
{
	for (unsigned int i = 0; i < room->nr; i++) {
		phys_addr_t start = ALIGN(max_t(u64, room->start[i], min), align);

		/* @min is what a file says: aligning it may have wrapped. */
		if (start < room->start[i] || start >= room->end[i] ||
		    room->end[i] - start < len)
			continue;
		*at = start;
		room->start[i] = start + len;
		return true;
	}
	return false;
}

VISIBLE_IF_KUNIT bool parker_place_top(struct parker_room *room, u64 len, phys_addr_t *at)
{
	len = PAGE_ALIGN(len);
	for (unsigned int i = room->nr; i-- > 0;) {
		if (room->end[i] - room->start[i] < len)
			continue;
		room->end[i] -= len;
		*at = room->end[i];
		return true;
	}
	return false;
}

static size_t params_len(const struct kimage *image)
{
	return sizeof(struct parker_params) + image->cmdline_buf_len + 1;
}

/*
 * What a small system needs, as advice: the image, the unpacked initrd beside the
 * packed one, some memory to run in.
 */
static unsigned int advised_mib(const struct kimage *image, u64 kernel_len)
{
	const struct setup_header *hdr = parker_image_header(image->kernel_buf);

	return DIV_ROUND_UP_ULL(kernel_len + hdr->kernel_alignment + BLOCK_LEN +
				params_len(image) + 4 * image->initrd_buf_len, SZ_1M) + 32;
}

/* From the lowest place to any other, when it is known what else needs one. */
static void move_kernel(struct parker_room *room, u64 len, u64 align, phys_addr_t *at)
{
	for (unsigned int i = 0; i < room->nr; i++)
		if (room->start[i] == *at + len)
			room->start[i] = *at;
	*at = parker_place_random(room, len, align, *at);
}

static void parker_add_piece(struct parker_room *room, phys_addr_t start, phys_addr_t end)
{
	if (start == end)
		return;
	room->start[room->nr] = start;
	room->end[room->nr++] = end;
}

/* The memory without what has errors, ascending. */
static void parker_find_room(const struct parker_boot *boot, const struct parker_bad *bad,
			     struct parker_room *room)
{
	unsigned int at = 0;

	room->nr = 0;
	for (unsigned int i = 0; i < boot->nr_regions; i++) {
		phys_addr_t start = boot->regions[i].start;
		phys_addr_t end = start + boot->regions[i].len;

		for (; at < bad->nr && bad->start[at] < end; at++) {
			parker_add_piece(room, start, bad->start[at]);
			start = bad->start[at] + bad->len[at];
		}
		parker_add_piece(room, start, end);
	}
}

static int parker_fail_place(const struct parker_boot *boot, const struct parker_bad *bad,
			     u64 kernel_len, struct parker_error *err)
{
	unsigned int advised = advised_mib(boot->image, kernel_len);

	if (bad->nr)
		return parker_fail(err, -ENOMEM,
				   "start: the image needs about %uM in one piece, and the memory has errors in %u places; give it back and take other memory",
				   advised, bad->nr);
	return parker_fail(err, -ENOMEM,
			   "The memory is too small for the image, which needs about %uM in one region",
			   advised);
}

VISIBLE_IF_KUNIT noinline_for_stack int parker_place_all(const struct parker_boot *boot,
							 const struct parker_bad *bad,
							 struct parker_place *place,
							 struct parker_error *err)
{
	const struct kimage *image = boot->image;
	const struct setup_header *hdr = parker_image_header(image->kernel_buf);
	u64 need = PAGE_ALIGN((u64)hdr->init_size);
	struct parker_room room;

	parker_find_room(boot, bad, &room);
	if (parker_place_bottom(&room, need, hdr->kernel_alignment, hdr->pref_address,
				&place->kernel) &&
	    parker_place_top(&room, image->initrd_buf_len, &place->initrd) &&
	    parker_place_top(&room, params_len(image), &place->params) &&
	    parker_place_top(&room, BLOCK_LEN, &place->block)) {
		if (parker_wants_kaslr(boot))
			move_kernel(&room, need, hdr->kernel_alignment, &place->kernel);
		return 0;
	}
	return parker_fail_place(boot, bad, need, err);
}

static void fill_header(const struct parker_boot *boot, const struct parker_place *place,
			struct boot_params *bp)
{
	const struct kimage *image = boot->image;
	const struct setup_header *hdr = parker_image_header(image->kernel_buf);
	size_t len = 0x202 + ((const u8 *)image->kernel_buf)[0x201] -
		     offsetof(struct boot_params, hdr);
	phys_addr_t cmdline = place->params + offsetof(struct parker_params, cmdline);

	memcpy(&bp->hdr, hdr, min(len, sizeof(bp->hdr)));
	bp->hdr.type_of_loader = 0x0d << 4;	/* That of kexec. */
	bp->hdr.hardware_subarch = PARKER_SUBARCH;
	bp->hdr.loadflags &= ~KASLR_FLAG;
	if (parker_wants_kaslr(boot))
		bp->hdr.loadflags |= KASLR_FLAG;
	bp->hdr.cmd_line_ptr = lower_32_bits(cmdline);
	bp->ext_cmd_line_ptr = upper_32_bits(cmdline);
	bp->hdr.setup_data = place->params + offsetof(struct parker_params, block_node);
	bp->acpi_rsdp_addr = place->params + offsetof(struct parker_params, rsdp);
	if (!image->initrd_buf_len)
		return;
	bp->hdr.ramdisk_image = lower_32_bits(place->initrd);
	bp->ext_ramdisk_image = upper_32_bits(place->initrd);
	bp->hdr.ramdisk_size = lower_32_bits(image->initrd_buf_len);
	bp->ext_ramdisk_size = upper_32_bits(image->initrd_buf_len);
}

static void parker_add_e820(struct boot_params *bp, phys_addr_t start, phys_addr_t len,
			    enum e820_type type)
{
	struct boot_e820_entry *entry = &bp->e820_table[bp->e820_entries++];

	entry->addr = start;
	entry->size = len;
	entry->type = type;
}

/* None overlap: what unpacks a kernel takes each entry by itself. */
static noinline_for_stack void parker_fill_e820(const struct parker_boot *boot,
						const struct parker_bad *bad,
						phys_addr_t low, struct boot_params *bp)
{
	struct parker_room room;

	static_assert(1 + PARKER_MAX_PIECES + PARKER_MAX_BAD <= E820_MAX_ENTRIES_ZEROPAGE);

	parker_find_room(boot, bad, &room);
	if (low)
		parker_add_e820(bp, low, PARKER_LOW_LEN, E820_TYPE_RAM);
	for (unsigned int i = 0; i < room.nr; i++)
		parker_add_e820(bp, room.start[i], room.end[i] - room.start[i], E820_TYPE_RAM);
	for (unsigned int i = 0; i < bad->nr; i++)
		parker_add_e820(bp, bad->start[i], bad->len[i], E820_TYPE_UNUSABLE);
}

VISIBLE_IF_KUNIT void parker_fill_params(const struct parker_boot *boot,
					 const struct parker_bad *bad,
					 const struct parker_place *place,
					 phys_addr_t low, struct parker_params *params)
{
	const struct kimage *image = boot->image;

	memset(params, 0, params_len(image));
	fill_header(boot, place, &params->bp);
	parker_fill_e820(boot, bad, low, &params->bp);

	params->block_node.next = place->params + offsetof(struct parker_params, seed_node);
	params->block_node.type = SETUP_INDIRECT;
	params->block_node.len = sizeof(params->block);
	params->block.type = SETUP_INDIRECT | PARKER_SETUP_TYPE;
	params->block.len = BLOCK_LEN;
	params->block.addr = place->block;
	params->seed_node.type = SETUP_RNG_SEED;
	params->seed_node.len = rng_is_initialized() ? sizeof(params->seed) : 0;
	get_random_bytes(params->seed, params->seed_node.len);
	if (image->cmdline_buf_len)
		memcpy(params->cmdline, image->cmdline_buf, image->cmdline_buf_len);
}

static void fill_cpus(const struct parker_boot *boot, struct parker_cpu *entry)
{
	unsigned int cpu;

	entry->apic_id = cpu_to_le32(cpuid_to_apicid[boot->boot_cpu]);
	entry->node = cpu_to_le32(cpu_to_node(boot->boot_cpu));
	for_each_cpu(cpu, boot->cpus) {
		if (cpu == boot->boot_cpu)
			continue;
		entry++;
		entry->apic_id = cpu_to_le32(cpuid_to_apicid[cpu]);
		entry->node = cpu_to_le32(cpu_to_node(cpu));
	}
}

static void fill_rams(const struct parker_boot *boot, struct parker_ram *entry)
{
	for (unsigned int i = 0; i < boot->nr_regions; i++, entry++) {
		entry->start = cpu_to_le64(boot->regions[i].start);
		entry->len = cpu_to_le64(boot->regions[i].len);
		entry->node = cpu_to_le32(boot->regions[i].node);
	}
}

static void fill_functions(const struct parker_boot *boot, void *table)
{
	if (boot->nr_functions)
		memcpy(table, boot->functions, boot->nr_functions * sizeof(*boot->functions));
}

static u32 given_flags(void)
{
	return (x2apic_enabled() ? PARKER_GIVEN_X2APIC : 0) |
	       (check_tsc_unstable() ? 0 : PARKER_GIVEN_TSC_RELIABLE);
}

static void fill_clocks(struct parker_given *given)
{
	struct timespec64 wall;
	unsigned long flags;

	given->tsc_khz = cpu_to_le32(tsc_khz);
	given->apic_timer_hz = cpu_to_le64((u64)lapic_timer_period * HZ);
	/* The two belong together: nothing may come in between. */
	local_irq_save(flags);
	ktime_get_real_ts64(&wall);
	given->wall_tsc = cpu_to_le64(rdtsc_ordered());
	local_irq_restore(flags);
	given->wall_sec = cpu_to_le64(wall.tv_sec);
	given->wall_nsec = cpu_to_le32(wall.tv_nsec);
}

static void fill_block(const struct parker_boot *boot, phys_addr_t low, void *block)
{
	unsigned int nr_cpus = cpumask_weight(boot->cpus);
	struct parker_given *given = block;
	u32 cpus = sizeof(*given);
	u32 rams = ALIGN(cpus + nr_cpus * sizeof(struct parker_cpu), 8);
	u32 functions = rams + boot->nr_regions * sizeof(struct parker_ram);
	u32 size = functions + boot->nr_functions * sizeof(struct parker_function);

	memset(block, 0, BLOCK_LEN);
	given->magic = cpu_to_le32(PARKER_MAGIC);
	given->version = cpu_to_le16(parker_contract.version);
	given->oldest = cpu_to_le16(parker_contract.oldest);
	given->required = cpu_to_le64(parker_contract.required);
	given->optional = cpu_to_le64(parker_contract.optional);
	given->size = cpu_to_le32(size);
	given->flags = cpu_to_le32(given_flags());
	given->id = cpu_to_le32(boot->id);
	strscpy((char *)given->name, boot->name, sizeof(given->name));
	given->block_len = cpu_to_le32(BLOCK_LEN);
	given->request_offset = cpu_to_le32(REQUEST_OFFSET);
	given->told_offset = cpu_to_le32(TOLD_OFFSET);
	given->console_offset = cpu_to_le32(CONSOLE_OFFSET);
	given->console_size = cpu_to_le32(CONSOLE_SIZE);
	given->nr_cpus = cpu_to_le32(nr_cpus);
	given->cpus_offset = cpu_to_le32(cpus);
	given->nr_rams = cpu_to_le32(boot->nr_regions);
	given->rams_offset = cpu_to_le32(rams);
	given->nr_functions = cpu_to_le16(boot->nr_functions);
	given->functions_offset = cpu_to_le16(functions);
	given->low_start = cpu_to_le32(low);
	given->low_len = cpu_to_le32(low ? PARKER_LOW_LEN : 0);
	fill_cpus(boot, block + cpus);
	fill_rams(boot, block + rams);
	fill_functions(boot, block + functions);
	fill_clocks(given);
	parker_policy_fill(given, boot->lockdown);
	given->checksum = cpu_to_le32(parker_abi_checksum(given, size));
}

/**
 * parker_copy_in() - Copy what a partition's CPUs will read
 * @to:		physical address
 * @from:	what is copied
 * @len:	its length in bytes
 *
 * Past the cache, as these CPUs are others.
 *
 * Context: may sleep, as much may be copied.
 */
void parker_copy_in(phys_addr_t to, const void *from, size_t len)
{
	for (size_t at = 0; at < len; at += SZ_256K) {
		memcpy_flushcache(__va(to + at), from + at, min_t(size_t, len - at, SZ_256K));
		cond_resched();
	}
}

/* Returns its entry. */
static phys_addr_t place_kernel(const struct parker_boot *boot, phys_addr_t at)
{
	const struct kimage *image = boot->image;
	const struct setup_header *hdr = parker_image_header(image->kernel_buf);
	size_t setup = parker_image_setup_len(hdr);

	if (boot->unpacked)
		return parker_unpacked_place(boot, at, hdr->kernel_alignment);
	parker_copy_in(at, image->kernel_buf + setup, image->kernel_buf_len - setup);
	return at + 0x200;	/* The 64-bit entry, boot.rst. */
}

static int parker_check_bad(const struct parker_boot *boot, struct parker_bad *bad,
			    struct parker_error *err)
{
	parker_find_bad(boot->regions, boot->nr_regions, bad);
	if (bad->nr > PARKER_MAX_BAD)
		return parker_fail(err, -ENOMEM,
				   "start: the memory has errors in %u places, and a start goes around %u at most; give it back and take other memory",
				   bad->nr, PARKER_MAX_BAD);
	return 0;
}

/**
 * parker_build() - Place an application kernel and all that it is told
 * @boot:	the start; gets the block's address
 * @low:	slot below 1 MiB, or 0
 * @entry:	gets the physical address of the 64-bit entry
 * @arg:	gets that of the boot parameters
 * @err:	gets the sentence
 *
 * Return: 0, -ENOMEM when the memory is too small or has too many errors, or -EINVAL when
 * the kernel would not agree with this one.
 */
int parker_build(struct parker_boot *boot, phys_addr_t low, u64 *entry, u64 *arg,
		 struct parker_error *err)
{
	const struct kimage *image = boot->image;
	struct parker_place place;
	struct parker_bad bad;
	int ret;

	if (sizeof(struct parker_given) + sizeof(struct parker_ram) * (PARKER_MAX_REGIONS + 1) +
	    sizeof(struct parker_function) * boot->nr_functions +
	    cpumask_weight(boot->cpus) * sizeof(struct parker_cpu) > REQUEST_OFFSET)
		return parker_fail(err, -EINVAL,
				   "More CPUs and devices than the contract has room for");
	ret = parker_policy_check(&parker_policy, image->cmdline_buf, boot->version, err) ?:
	      parker_check_bad(boot, &bad, err) ?:
	      parker_place_all(boot, &bad, &place, err);
	if (ret)
		return ret;

	parker_copy_in(place.initrd, image->initrd_buf, image->initrd_buf_len);
	parker_fill_params(boot, &bad, &place, low, __va(place.params));
	fill_block(boot, low, __va(place.block));

	boot->block_pa = place.block;
	boot->block = __va(place.block);
	*entry = place_kernel(boot, place.kernel);
	*arg = place.params;
	return 0;
}
