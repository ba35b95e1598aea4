// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: the memory of a crashed kernel as an ELF core file.
 *
 * The file is a header that is made when it is opened, and behind it the regions
 * of the partition, one after the other.  The dead kernel said where it had them
 * mapped, and left notes.  That may be wrong, so whoever reads the file may be
 * misled; but nothing gets into it that is not the partition's.
 */
#include <linux/align.h>
#include <linux/cpumask.h>
#include <linux/elf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/kernfs.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/security.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <kunit/visibility.h>

#include "fs.h"

/* Each map may be in each region; and the notes, which have registers of each CPU. */
#define MAX_PHDRS	(PARKER_MAX_MAPS * PARKER_MAX_REGIONS + 1)
#define MAX_NOTES	(SZ_16K + nr_cpu_ids * SZ_512)
#define MAX_HEADER	PAGE_ALIGN(sizeof(struct elf64_hdr) + \
				   MAX_PHDRS * sizeof(struct elf64_phdr) + MAX_NOTES)

/**
 * struct parker_vmcore - an open core file
 * @p:		the partition, alive as long as the file is active
 * @run:	the start that it is about
 * @size:	its length
 * @header_len:	bytes of @header, a multiple of the size of a page
 * @header:	what stands before the memory
 */
struct parker_vmcore {
	struct parker_partition *p;
	unsigned int run;
	u64 size;
	size_t header_len;
	u8 header[];
};

/*
 * Copies from a partition's memory what lies in one page.  A page with a known memory
 * error is not read.  Zeroes take the place of what cannot be read, as in /proc/kcore, so
 * that the rest of the file can be copied.
 */
static void copy_page_part(void *buf, phys_addr_t pa, size_t count)
{
	struct page *page = pfn_to_page(PHYS_PFN(pa));
	size_t missing = count;
	void *from;

	if (!PageHWPoison(page)) {
		from = kmap_local_page(page);
		missing = copy_mc_to_kernel(buf, from + offset_in_page(pa), count);
		kunmap_local(from);
	}
	memset(buf + count - missing, 0, missing);
}

/* Notes are taken if all of them are in one region. */
static size_t copy_notes(const struct parker_partition *p, u64 pa, u32 len, void *buf)
{
	size_t part;

	if (len > MAX_NOTES || !parker_regions_hold(p->regions, p->nr_regions, pa, len))
		return 0;

	for (u32 at = 0; at < len; at += part) {
		part = min_t(size_t, len - at, PAGE_SIZE - offset_in_page(pa + at));
		copy_page_part(buf + at, pa + at, part);
	}
	return len;
}

/**
 * parker_core_segment() - Describe the part of a region that a map covers
 * @map:	the map, as the dead kernel told it
 * @region:	the region
 * @offset:	where the region is in the file
 * @phdr:	gets the program header
 *
 * Context: any.
 * Return: false when there is no such part.
 */
VISIBLE_IF_KUNIT bool parker_core_segment(const struct parker_mapping *map,
					  const struct parker_region *region, u64 offset,
					  struct elf64_phdr *phdr)
{
	u64 phys = le64_to_cpu(map->phys);
	u64 start = max_t(u64, phys, region->start);
	u64 end;

	if (check_add_overflow(phys, le64_to_cpu(map->len), &end))
		end = U64_MAX;
	end = min_t(u64, end, region->start + region->len);
	if (start >= end)
		return false;

	*phdr = (struct elf64_phdr){
		.p_type		= PT_LOAD,
		.p_flags	= PF_R | PF_W | PF_X,
		.p_offset	= offset + start - region->start,
		.p_vaddr	= le64_to_cpu(map->virt) + start - phys,
		.p_paddr	= start,
		.p_filesz	= end - start,
		.p_memsz	= end - start,
	};
	return true;
}

/* Without the offsets: those are known when all are counted. */
static unsigned int make_segments(const struct parker_partition *p,
				  const struct parker_mapping *maps, unsigned int nr_maps,
				  struct elf64_phdr *phdrs)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < nr_maps; i++) {
		u64 offset = 0;

		for (unsigned int j = 0; j < p->nr_regions; j++) {
			nr += parker_core_segment(&maps[i], &p->regions[j], offset, &phdrs[nr]);
			offset += p->regions[j].len;
		}
	}
	return nr;
}

static void make_ehdr(struct elf64_hdr *ehdr, unsigned int nr_phdrs)
{
	*ehdr = (struct elf64_hdr){
		.e_ident	= {
			ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
			[EI_CLASS]	= ELFCLASS64,
			[EI_DATA]	= ELF_DATA,
			[EI_VERSION]	= EV_CURRENT,
			[EI_OSABI]	= ELF_OSABI,
		},
		.e_type		= ET_CORE,
		.e_machine	= ELF_ARCH,
		.e_version	= EV_CURRENT,
		.e_phoff	= sizeof(*ehdr),
		.e_ehsize	= sizeof(*ehdr),
		.e_phentsize	= sizeof(struct elf64_phdr),
		.e_phnum	= nr_phdrs,
	};
}

/* Who says nothing has its memory shown by physical addresses. */
static const struct parker_mapping everything = { .len = cpu_to_le64(U64_MAX) };

static void make_header(struct parker_vmcore *core, const struct parker_told *told)
{
	const struct parker_partition *p = core->p;
	struct elf64_hdr *ehdr = (void *)core->header;
	struct elf64_phdr *note = (void *)(ehdr + 1);
	u32 nr_maps = min_t(u32, le32_to_cpu(told->nr_maps), PARKER_MAX_MAPS);
	unsigned int nr;

	nr = make_segments(p, told->maps, nr_maps, note + 1);
	if (!nr)
		nr = make_segments(p, &everything, 1, note + 1);

	make_ehdr(ehdr, nr + 1);
	*note = (struct elf64_phdr){
		.p_type		= PT_NOTE,
		.p_offset	= (u8 *)(note + 1 + nr) - core->header,
		.p_align	= 4,
	};
	note->p_filesz = copy_notes(p, le64_to_cpu(told->notes), le32_to_cpu(told->notes_len),
				    core->header + note->p_offset);
	core->header_len = PAGE_ALIGN(note->p_offset + note->p_filesz);

	core->size = core->header_len;
	for (unsigned int i = 0; i < p->nr_regions; i++)
		core->size += p->regions[i].len;
	for (unsigned int i = 1; i <= nr; i++)
		note[i].p_offset += core->header_len;
}

static bool is_readable(const struct parker_partition *p, unsigned int run)
{
	lockdep_assert_held(&p->memory_sem);

	return !READ_ONCE(p->dead) && p->boot.block && p->run == run &&
	       READ_ONCE(p->state) == PARKER_CRASHED;
}

/* As for /proc/kcore. */
static int check_lockdown(struct parker_partition *p)
{
	struct parker_error err = {};
	int ret;

	if (!security_locked_down(LOCKDOWN_KCORE))
		return 0;
	ret = parker_fail(&err, -EPERM,
			  "vmcore: the boot kernel is locked down for confidentiality");
	parker_note_result(p, &err);
	return ret;
}

static int begin_core(struct parker_vmcore *core, struct parker_told *told)
{
	const struct parker_partition *p = core->p;

	core->run = p->run;
	if (!is_readable(p, core->run))
		return -ENODATA;

	/* Checked and used is one copy, though nobody writes there any more. */
	*told = *p->layout.told;
	make_header(core, told);
	return 0;
}

static int parker_vmcore_open(struct kernfs_open_file *of)
{
	struct parker_partition *p = parker_file_partition(of);
	struct parker_told *told __free(kfree) = kmalloc(sizeof(*told), GFP_KERNEL);
	struct parker_vmcore *core __free(kvfree) =
		kvzalloc(struct_size(core, header, MAX_HEADER), GFP_KERNEL);
	int ret = check_lockdown(p);

	if (ret)
		return ret;
	if (!told || !core)
		return -ENOMEM;

	core->p = p;
	if (down_read_killable(&p->memory_sem))
		return -EINTR;
	ret = begin_core(core, told);
	up_read(&p->memory_sem);
	if (!ret)
		of->priv = no_free_ptr(core);
	return ret;
}

static void parker_vmcore_release(struct kernfs_open_file *of)
{
	kvfree(of->priv);
}

static size_t read_memory(const struct parker_partition *p, char *buf, size_t count, u64 off)
{
	for (unsigned int i = 0; i < p->nr_regions; i++) {
		const struct parker_region *r = &p->regions[i];

		if (off < r->len) {
			count = min_t(size_t, count, PAGE_SIZE - offset_in_page(off));
			copy_page_part(buf, r->start + off, count);
			return count;
		}
		off -= r->len;
	}
	return 0;
}

static ssize_t read_core(const struct parker_vmcore *core, char *buf, size_t count, loff_t off)
{
	if (!is_readable(core->p, core->run))
		return -ENODATA;
	if (off >= core->header_len)
		return read_memory(core->p, buf, count, off - core->header_len);

	count = min_t(size_t, count, core->header_len - off);
	memcpy(buf, core->header + off, count);
	return count;
}

static ssize_t parker_vmcore_read(struct kernfs_open_file *of, char *buf, size_t count,
				  loff_t off)
{
	struct parker_vmcore *core = of->priv;
	struct parker_partition *p = core->p;
	ssize_t ret;

	if (down_read_killable(&p->memory_sem))
		return -EINTR;
	ret = read_core(core, buf, count, off);
	up_read(&p->memory_sem);
	return ret;
}

static loff_t parker_vmcore_llseek(struct kernfs_open_file *of, loff_t offset, int whence)
{
	struct parker_vmcore *core = of->priv;

	return fixed_size_llseek(of->file, offset, whence, core->size);
}

const struct kernfs_ops parker_vmcore_ops = {
	.open		= parker_vmcore_open,
	.release	= parker_vmcore_release,
	.read		= parker_vmcore_read,
	.llseek		= parker_vmcore_llseek,
};
