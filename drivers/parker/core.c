// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: what a core file of an application kernel needs beside its memory.
 *
 * The boot kernel makes that file.  It learns from here where the kernel has its
 * memory mapped, and gets the ELF notes as they are.
 */
#include <linux/align.h>
#include <linux/elf.h>
#include <linux/elfcore.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/vmcore_info.h>

#include <asm/sections.h>

#include "app.h"

/* VMCOREINFO, and after it registers, as many as there are CPUs. */
static void *parker_notes;

/* Of what is mapped page by page, pages that lie side by side become one map. */
static void add_map(struct parker_told *told, const void *virt, phys_addr_t phys, u64 len)
{
	u32 nr = le32_to_cpu(told->nr_maps);
	struct parker_mapping *last = nr ? &told->maps[nr - 1] : NULL;
	u64 last_len = last ? le64_to_cpu(last->len) : 0;

	if (last && le64_to_cpu(last->virt) + last_len == (unsigned long)virt &&
	    le64_to_cpu(last->phys) + last_len == phys) {
		last->len = cpu_to_le64(last_len + len);
		return;
	}
	if (nr == PARKER_MAX_MAPS)
		return;

	told->maps[nr] = (struct parker_mapping){
		.virt	= cpu_to_le64((unsigned long)virt),
		.phys	= cpu_to_le64(phys),
		.len	= cpu_to_le64(len),
	};
	told->nr_maps = cpu_to_le32(nr + 1);
}

/* From @stack upwards.  A stack in the direct map is known already. */
static void add_stack(struct parker_told *told, const void *stack)
{
	const void *page = PTR_ALIGN_DOWN(stack, PAGE_SIZE);

	for (unsigned int i = 0; i < THREAD_SIZE / PAGE_SIZE; i++, page += PAGE_SIZE) {
		struct page *mapped = is_vmalloc_addr(page) ? vmalloc_to_page(page) : NULL;

		if (!mapped)
			return;
		add_map(told, page, page_to_phys(mapped), PAGE_SIZE);
	}
}

/* Length of the note of this name, which the kernel made when it booted. */
static size_t vmcoreinfo_len(void)
{
	const struct elf_note *note = (void *)vmcoreinfo_note;

	return sizeof(*note) + ALIGN(note->n_namesz, 4) + ALIGN(note->n_descsz, 4);
}

/**
 * parker_core_init() - Describe this kernel to who may have to look at its remains
 *
 * Context: before it reports that it is up.
 */
void __init parker_core_init(void)
{
	struct parker_told *told = parker_app_told();

	add_map(told, __va(0), 0, PFN_PHYS(max_pfn));
	add_map(told, _text, __pa_symbol(_text), _end - _text);

	if (!vmcoreinfo_note || vmcoreinfo_len() > VMCOREINFO_NOTE_SIZE)
		return;
	parker_notes = alloc_pages_exact(vmcoreinfo_len() + nr_cpu_ids * CRASH_CORE_NOTE_BYTES,
					 GFP_KERNEL | __GFP_ZERO);
	if (!parker_notes)
		return;
	memcpy(parker_notes, vmcoreinfo_note, vmcoreinfo_len());
	told->notes = cpu_to_le64(virt_to_phys(parker_notes));
	told->notes_len = cpu_to_le32(vmcoreinfo_len());
}

static void *append_regs(void *at, const struct task_struct *task, const struct pt_regs *regs)
{
	struct elf_prstatus prstatus = {};

	prstatus.common.pr_pid = task->pid;
	if (regs)
		elf_core_copy_regs(&prstatus.pr_reg, (struct pt_regs *)regs);
	return append_elf_note(at, CRASH_CORE_NOTE_NAME, NT_PRSTATUS, &prstatus,
			       sizeof(prstatus));
}

/*
 * drgn takes the note with a CPU's number for that CPU's, if the task is the right
 * one.  gdb begins with the first one, and crash takes that for the only CPU that is
 * still online.  So this CPU's is the first, and has its own place, too.
 */
static void *append_all(void *at, const struct pt_regs *regs)
{
	unsigned int this_cpu = smp_processor_id();

	at = append_regs(at, current, regs);
	for (unsigned int cpu = 1; cpu < this_cpu; cpu++)
		at = append_regs(at, &init_task, NULL);
	return this_cpu ? append_regs(at, current, regs) : at;
}

/**
 * parker_core_note() - Note where a CPU is that panics
 * @regs: its registers where the trouble began, or in a function that does not
 *	  return any more
 *
 * A later note replaces an earlier one.
 *
 * Context: panic; one CPU.
 */
void parker_core_note(struct pt_regs *regs)
{
	struct parker_told *told = parker_app_told();
	static bool noted;
	void *end;

	/* It did not come up so far. */
	if (!told->notes_len)
		return;

	end = append_all(parker_notes + vmcoreinfo_len(), regs);
	told->notes_len = cpu_to_le32(end - parker_notes);
	if (noted)
		return;
	noted = true;
	/* In an interrupt it is on another stack, from which the task's goes on. */
	if (!object_is_on_stack((void *)kernel_stack_pointer(regs)))
		add_stack(told, (void *)kernel_stack_pointer(regs));
	add_stack(told, task_stack_page(current));
}
