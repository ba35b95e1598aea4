// SPDX-License-Identifier: GPL-2.0
/*
 * The guard: a shim below each CPU of a guarded partition.
 *
 * It runs the application kernel as a guest of the CPU's virtualisation (SVM,
 * APM volume 2, chapter 15) and does nothing for it: no device is emulated, no
 * interrupt taken, no time shared.  Nested page tables map what the partition
 * owns, each address to itself.
 *
 * Trusted are the boot kernel, which wrote struct guard, and the hardware.
 * Nothing that the guest holds is: registers, instructions and page tables are
 * read once, and checked.  There is no lock and no allocation, and every exit is
 * handled in a bounded number of steps, as INIT waits until GIF is set again.
 *
 * Why there are exits:
 *
 *   nested page fault	memory that is not the partition's; writes to its functions'
 *			configuration space, and in xAPIC mode to its local APIC
 *   MSR		all but those that act on this CPU alone
 *   I/O port		all: the partition has none
 *   WBINVD, INVD	would stop the memory of the whole machine, or lose writes
 *   SVM instructions	the guard's own
 *   #DB, #AC		a guest can have them raised for ever without an
 *			instruction that ends (CVE-2015-8104, CVE-2015-5307)
 *   shutdown		a triple fault would reset the machine
 *
 * Interrupts, NMI, INIT, exceptions, CPUID, HLT, control registers, TLB flushes
 * and the time stamp counter need none.
 *
 * The boot kernel takes the CPU back by INIT, which is not intercepted.  While the
 * guest runs GIF is set, and INIT resets the CPU as it does in a bare partition.
 * While the shim runs GIF is clear, and INIT waits for VMRUN or STGI to set it (APM
 * volume 2, 15.17).  VM_CR.R_INIT, which makes an exception of INIT, is clear: nobody
 * sets it, and the guest cannot.  QEMU 11 does not look at GIF for INIT, and resets
 * the CPU in the middle of the shim, too: it holds nothing that would be missed.
 */
#include <asm/apicdef.h>
#include <asm/barrier.h>
#include <asm/msr-index.h>
#include <asm/pgtable_types.h>
#include <asm/processor-flags.h>
#include <asm/trap_pf.h>
#include <asm/trapnr.h>

#include "../msr_class.h"
#include "shim.h"

/* What a guest may have in EFER; LMA follows from LME and CR0. */
#define EFER_OF_GUEST	(EFER_SCE | EFER_LME | EFER_NX | EFER_FFXSR | EFER_AUTOIBRS)

/* Registers of a bank of machine checks. */
#define BANK_STATUS	1
#define SMCA_DEADDR	9

/* Attributes of segments as the VMCB has them. */
#define SEG_CODE64	0xa9b
#define SEG_DATA	0xc93
#define SEG_CODE16	0x09b
#define SEG_DATA16	0x093
#define SEG_LDT		0x082
#define SEG_TSS		0x08b

/* Until the boot kernel sends INIT, which it can as GIF is set. */
static void __noreturn end(struct guard_cpu *cpu)
{
	WRITE_ONCE(cpu->told.over, true);
	asm volatile("stgi" : : : "memory");
	for (;;)
		asm volatile("hlt" : : : "memory");
}

static void note(struct guard_cpu *cpu, enum parker_touch touch, u64 at, u64 ip)
{
	struct parker_guard_told *told = &cpu->told;

	told->last.touch = touch;
	told->last.at = at;
	told->last.ip = ip;
	/* Pairs with smp_load_acquire() in the boot kernel. */
	smp_store_release(&told->violations, told->violations + 1);
}

/**
 * guard_violate() - A guest touched what is not its
 * @cpu:	the CPU
 * @touch:	what kind of thing
 * @at:		which one
 *
 * Does not return where that ends the partition.
 */
void guard_violate(struct guard_cpu *cpu, enum parker_touch touch, u64 at)
{
	note(cpu, touch, at, vmcb_of(cpu)->save.rip);
	if (guard_of(cpu)->stop || touch >= PARKER_TOUCH_SHUTDOWN)
		end(cpu);
}

/**
 * guard_failed() - The guard itself faulted
 * @cpu:	the CPU
 * @vector:	which exception
 * @ip:		where, or its error code
 */
void __noreturn guard_failed(struct guard_cpu *cpu, u64 vector, u64 ip)
{
	note(cpu, PARKER_TOUCH_FAILURE, vector, ip);
	end(cpu);
}

static void set_segment(struct vmcb_seg *seg, u16 selector, u16 attrib, u32 limit, u64 base)
{
	seg->selector = selector;
	seg->attrib = attrib;
	seg->limit = limit;
	seg->base = base;
}

static void set_data(struct vmcb_save_area *save, u16 selector, u16 attrib, u32 limit)
{
	set_segment(&save->ds, selector, attrib, limit, 0);
	set_segment(&save->es, selector, attrib, limit, 0);
	set_segment(&save->ss, selector, attrib, limit, 0);
	set_segment(&save->fs, selector, attrib, limit, 0);
	set_segment(&save->gs, selector, attrib, limit, 0);
}

/* What the 64-bit boot protocol wants. */
static void enter_payload(struct guard_cpu *cpu)
{
	const struct guard *guard = guard_of(cpu);
	struct vmcb_save_area *save = &vmcb_of(cpu)->save;

	set_segment(&save->cs, 0x10, SEG_CODE64, ~0U, 0);
	set_data(save, 0x18, SEG_DATA, ~0U);
	save->cr0 = X86_CR0_PG | X86_CR0_WP | X86_CR0_NE | X86_CR0_ET | X86_CR0_PE;
	save->cr3 = guard->guest_cr3;
	save->cr4 = X86_CR4_PAE | X86_CR4_MCE | guard->guest_cr4;
	save->efer = EFER_SVME | EFER_LME | EFER_LMA;
	save->rip = guard->entry;
	cpu->regs.gpr[6] = guard->arg;
}

/* What a CPU is after a start-up IPI. */
static void enter_real_mode(struct guard_cpu *cpu)
{
	struct vmcb_save_area *save = &vmcb_of(cpu)->save;
	u8 vector = READ_ONCE(cpu->vector);

	set_segment(&save->cs, vector << 8, SEG_CODE16, 0xffff, vector << PAGE_SHIFT);
	set_data(save, 0, SEG_DATA16, 0xffff);
	save->cr0 = X86_CR0_ET;
	save->cr3 = 0;
	save->cr4 = 0;
	save->efer = EFER_SVME;
	save->rip = 0;
}

static void set_intercept(struct vmcb *vmcb, unsigned int bit)
{
	vmcb->control.intercepts[bit / 32] |= 1U << bit % 32;
}

static void set_control(struct guard_cpu *cpu)
{
	struct vmcb_control_area *control = &vmcb_of(cpu)->control;
	struct vmcb *vmcb = vmcb_of(cpu);

	set_intercept(vmcb, INTERCEPT_EXCEPTION_OFFSET + X86_TRAP_DB);
	set_intercept(vmcb, INTERCEPT_EXCEPTION_OFFSET + X86_TRAP_AC);
	set_intercept(vmcb, INTERCEPT_INVD);
	set_intercept(vmcb, INTERCEPT_INVLPGA);
	set_intercept(vmcb, INTERCEPT_IOIO_PROT);
	set_intercept(vmcb, INTERCEPT_MSR_PROT);
	set_intercept(vmcb, INTERCEPT_SHUTDOWN);
	set_intercept(vmcb, INTERCEPT_VMRUN);
	set_intercept(vmcb, INTERCEPT_VMMCALL);
	set_intercept(vmcb, INTERCEPT_VMLOAD);
	set_intercept(vmcb, INTERCEPT_VMSAVE);
	set_intercept(vmcb, INTERCEPT_STGI);
	set_intercept(vmcb, INTERCEPT_CLGI);
	set_intercept(vmcb, INTERCEPT_SKINIT);
	set_intercept(vmcb, INTERCEPT_WBINVD);
	control->iopm_base_pa = guard_of(cpu)->iopm;
	control->msrpm_base_pa = guard_of(cpu)->msrpm;
	control->asid = 1;
	/* The number may have been another partition's before. */
	control->tlb_ctl = TLB_CONTROL_FLUSH_ALL_ASID;
	control->nested_ctl = SVM_NESTED_CTL_NP_ENABLE;
	control->nested_cr3 = guard_of(cpu)->nested_cr3;
}

static void set_guest(struct guard_cpu *cpu)
{
	struct vmcb_save_area *save = &vmcb_of(cpu)->save;

	for (unsigned int i = 0; i < 16; i++)
		cpu->regs.gpr[i] = 0;
	save->rax = 0;
	save->rsp = 0;
	set_segment(&save->ldtr, 0, SEG_LDT, 0xffff, 0);
	set_segment(&save->tr, 0, SEG_TSS, 0xffff, 0);
	set_segment(&save->gdtr, 0, 0, 0xffff, 0);
	set_segment(&save->idtr, 0, 0, 0xffff, 0);
	save->cpl = 0;
	save->dr6 = 0xffff0ff0;
	save->dr7 = 0x400;
	save->rflags = X86_EFLAGS_FIXED;
	save->g_pat = 0x0007040600070406;
	if (cpu->is_first)
		enter_payload(cpu);
	else
		enter_real_mode(cpu);
	/* Offlined and started again, it comes like the others. */
	cpu->is_first = false;
}

/* GIF stays clear from here on, but for the guest. */
static void enable_svm(struct guard_cpu *cpu)
{
	wrmsr_raw(MSR_EFER, rdmsr_raw(MSR_EFER) | EFER_SVME);
	wrmsr_raw(MSR_VM_HSAVE_PA, cpu->host_save);
	asm volatile("clgi" : : : "memory");
	asm volatile("vmload %%rax" : : "a" (cpu->vmcb) : "memory");
}

static void inject(struct guard_cpu *cpu, u32 vector, bool has_error)
{
	vmcb_of(cpu)->control.event_inj = vector | SVM_EVTINJ_TYPE_EXEPT | SVM_EVTINJ_VALID |
					  (has_error ? SVM_EVTINJ_VALID_ERR : 0);
	vmcb_of(cpu)->control.event_inj_err = 0;
}

static void refuse(struct guard_cpu *cpu, enum parker_touch touch, u64 at)
{
	guard_violate(cpu, touch, at);
	inject(cpu, X86_TRAP_GP, true);
}

static void skip(struct guard_cpu *cpu, unsigned int len)
{
	struct vmcb *vmcb = vmcb_of(cpu);

	vmcb->save.rip = guard_of(cpu)->has_nrip && vmcb->control.next_rip ?
			 vmcb->control.next_rip : vmcb->save.rip + len;
	vmcb->control.int_state = 0;
}

static struct guard_function *find_function(struct guard *guard, u64 pa)
{
	for (u32 i = 0; i < guard->nr_functions; i++)
		if (guard->functions[i].config_pa == (pa & PAGE_MASK))
			return &guard->functions[i];
	return NULL;
}

static u32 config_read(u64 pa, unsigned int len)
{
	switch (len) {
	case 1:
		return READ_ONCE(*(u8 *)pa);
	case 2:
		return READ_ONCE(*(u16 *)pa);
	default:
		return READ_ONCE(*(u32 *)pa);
	}
}

static void config_write(u64 pa, unsigned int len, u32 value)
{
	switch (len) {
	case 1:
		WRITE_ONCE(*(u8 *)pa, value);
		break;
	case 2:
		WRITE_ONCE(*(u16 *)pa, value);
		break;
	default:
		WRITE_ONCE(*(u32 *)pa, value);
	}
}

/* Behind the first 256 bytes nothing is written. */
static void write_config(struct guard_cpu *cpu, struct guard_function *function, u64 pa,
			 const struct guard_store *store)
{
	unsigned int reg = pa & ~PAGE_MASK;
	u32 value;

	cpu->told.exits[PARKER_EXIT_CONFIG]++;
	if (reg % store->size || reg + store->size > PCI_CFG_SPACE_SIZE)
		return;
	if (parker_config_write(&function->config, reg, store->size, store->value,
				config_read(pa, store->size), &value))
		config_write(pa, store->size, value);
}

/* Returns false for what is not the partition's. */
static bool emulate_store(struct guard_cpu *cpu, u64 pa)
{
	struct guard_function *function = find_function(guard_of(cpu), pa);
	bool is_apic = !guard_of(cpu)->x2apic && (pa & PAGE_MASK) == APIC_DEFAULT_PHYS_BASE;
	struct guard_store store;

	if ((!function && !is_apic) || !guard_decode_store(cpu, &store))
		return false;
	if (function)
		write_config(cpu, function, pa, &store);
	else if (store.size == 4)
		guard_write_apic(cpu, pa & ~PAGE_MASK, store.value);
	vmcb_of(cpu)->save.rip += store.len;
	vmcb_of(cpu)->control.int_state = 0;
	return true;
}

static void handle_memory(struct guard_cpu *cpu)
{
	const struct vmcb_control_area *control = &vmcb_of(cpu)->control;
	bool write = control->exit_info_1 & X86_PF_WRITE;

	if (write && emulate_store(cpu, control->exit_info_2))
		return;
	cpu->told.exits[PARKER_EXIT_MEMORY]++;
	refuse(cpu, write ? PARKER_TOUCH_WRITE : PARKER_TOUCH_READ, control->exit_info_2);
}

static void write_efer(struct guard_cpu *cpu, u64 value)
{
	struct vmcb_save_area *save = &vmcb_of(cpu)->save;

	save->efer = (value & EFER_OF_GUEST) | (save->efer & EFER_LMA) | EFER_SVME;
}

static bool is_smca(u32 index)
{
	return index >= PARKER_SMCA_FIRST && index <= PARKER_SMCA_LAST;
}

static bool has_bank(unsigned int bank)
{
	return bank < (rdmsr_raw(MSR_IA32_MCG_CAP) & 0xff);
}

/* An error that was dealt with is cleared by writing 0; the rest stays as it is. */
static void write_bank(const struct guard_cpu *cpu, u32 index, u64 value)
{
	unsigned int len = is_smca(index) ? 16 : 4;
	u32 reg = index - (is_smca(index) ? PARKER_SMCA_FIRST : MSR_IA32_MC0_CTL);

	if (is_smca(index) && !guard_of(cpu)->has_smca)
		return;
	if (reg % len == BANK_STATUS && !value && has_bank(reg / len))
		wrmsr_raw(index, 0);
}

/* Returns what came of it, "kept" where it has been done. */
static enum parker_msr_class write_msr(struct guard_cpu *cpu, u32 index, u64 value)
{
	switch (index) {
	case MSR_EFER:
		write_efer(cpu, value);
		return PARKER_MSR_KEPT;
	case MSR_IA32_APICBASE:
		return value == rdmsr_raw(index) ? PARKER_MSR_KEPT : PARKER_MSR_SHARED;
	case MSR_IA32_DEBUGCTLMSR:
		wrmsr_raw(index, value & guard_of(cpu)->debugctl);
		return PARKER_MSR_KEPT;
	case MSR_IA32_MC0_CTL ... MSR_IA32_MCx_MISC(PARKER_MAX_BANKS - 1):
	case PARKER_SMCA_FIRST ... PARKER_SMCA_LAST:
		write_bank(cpu, index, value);
		return PARKER_MSR_KEPT;
	case APIC_BASE_MSR + (APIC_LVTCMCI >> 4):
	case APIC_BASE_MSR + (APIC_LVTT >> 4) ... APIC_BASE_MSR + (APIC_LVTERR >> 4):
		if (!guard_of(cpu)->x2apic)
			return PARKER_MSR_REFUSED;
		if (!guard_is_lvt_safe(value))
			return PARKER_MSR_SHARED;
		wrmsr_raw(index, (u32)value);
		return PARKER_MSR_KEPT;
	default:
		return parker_msr_class(index);
	}
}

/* Returns false for one that the guest is not told. */
static bool read_msr(struct guard_cpu *cpu, u32 index, u64 *value)
{
	unsigned int bank = (index - PARKER_SMCA_FIRST) / 16, reg = index % 16;

	if (index == MSR_EFER)
		*value = vmcb_of(cpu)->save.efer & ~EFER_SVME;
	else if (is_smca(index) && guard_of(cpu)->has_smca && has_bank(bank) &&
		 reg <= SMCA_DEADDR && reg != 7)
		*value = rdmsr_raw(index);
	else
		return false;
	return true;
}

/* The guest goes on as on a CPU without that MSR. */
static void refuse_msr(struct guard_cpu *cpu)
{
	cpu->told.msrs_refused++;
	inject(cpu, X86_TRAP_GP, true);
}

static void handle_msr_write(struct guard_cpu *cpu, u32 index, u64 value)
{
	switch (write_msr(cpu, index, value)) {
	case PARKER_MSR_KEPT:
		skip(cpu, 2);
		break;
	case PARKER_MSR_SHARED:
		refuse(cpu, PARKER_TOUCH_MSR, index);
		break;
	default:
		refuse_msr(cpu);
	}
}

static void handle_msr_read(struct guard_cpu *cpu, u32 index)
{
	u64 value;

	if (!read_msr(cpu, index, &value)) {
		refuse_msr(cpu);
		return;
	}
	cpu->regs.gpr[0] = (u32)value;
	cpu->regs.gpr[2] = value >> 32;
	skip(cpu, 2);
}

static void handle_msr(struct guard_cpu *cpu)
{
	bool write = vmcb_of(cpu)->control.exit_info_1;
	const struct guard_regs *regs = &cpu->regs;
	u32 index = regs->gpr[1];

	if (write && guard_of(cpu)->x2apic && index == APIC_BASE_MSR + (APIC_ICR >> 4)) {
		guard_write_icr(cpu, regs->gpr[0], regs->gpr[2]);
		skip(cpu, 2);
		return;
	}
	cpu->told.exits[PARKER_EXIT_MSR]++;
	if (write)
		handle_msr_write(cpu, index, regs->gpr[2] << 32 | (u32)regs->gpr[0]);
	else
		handle_msr_read(cpu, index);
}

/* Nobody is there: reads give all ones. */
static void handle_port(struct guard_cpu *cpu)
{
	const struct vmcb_control_area *control = &vmcb_of(cpu)->control;
	u32 info = control->exit_info_1;

	cpu->told.exits[PARKER_EXIT_PORT]++;
	guard_violate(cpu, PARKER_TOUCH_PORT, info >> 16);
	if (info & SVM_IOIO_TYPE_MASK && info & SVM_IOIO_SIZE_MASK)
		cpu->regs.gpr[0] |= info & BIT(4) ? 0xff : info & BIT(5) ? 0xffff : 0xffffffff;
	vmcb_of(cpu)->save.rip = control->exit_info_2;
	vmcb_of(cpu)->control.int_state = 0;
}

/* VMMCALL leaves the guest at any privilege level, and a program is not the kernel. */
static void refuse_svm(struct guard_cpu *cpu, u32 code)
{
	if (!vmcb_of(cpu)->save.cpl)
		guard_violate(cpu, PARKER_TOUCH_SVM, code);
	inject(cpu, X86_TRAP_UD, false);
}

static void handle_other(struct guard_cpu *cpu, u32 code)
{
	cpu->told.exits[PARKER_EXIT_OTHER]++;
	switch (code) {
	case SVM_EXIT_EXCP_BASE + X86_TRAP_DB:
		inject(cpu, X86_TRAP_DB, false);
		break;
	case SVM_EXIT_EXCP_BASE + X86_TRAP_AC:
		inject(cpu, X86_TRAP_AC, true);
		break;
	case SVM_EXIT_INVD:
	case SVM_EXIT_WBINVD:
		skip(cpu, 2);
		break;
	case SVM_EXIT_INVLPGA:
	case SVM_EXIT_VMRUN ... SVM_EXIT_SKINIT:
		refuse_svm(cpu, code);
		break;
	case SVM_EXIT_SHUTDOWN:
		guard_violate(cpu, PARKER_TOUCH_SHUTDOWN, 0);
		break;
	default:
		guard_violate(cpu, PARKER_TOUCH_FAILURE, code);
	}
}

static void handle_exit(struct guard_cpu *cpu)
{
	struct vmcb *vmcb = vmcb_of(cpu);
	u32 code = vmcb->control.exit_code;

	vmcb->control.tlb_ctl = TLB_CONTROL_DO_NOTHING;
	/* What was on its way to the guest when it left is sent on. */
	vmcb->control.event_inj = vmcb->control.exit_int_info;
	vmcb->control.event_inj_err = vmcb->control.exit_int_info_err;
	cpu->regs.gpr[0] = vmcb->save.rax;
	cpu->regs.gpr[4] = vmcb->save.rsp;

	switch (code) {
	case SVM_EXIT_NPF:
		handle_memory(cpu);
		break;
	case SVM_EXIT_MSR:
		handle_msr(cpu);
		break;
	case SVM_EXIT_IOIO:
		handle_port(cpu);
		break;
	default:
		handle_other(cpu, code);
	}
	vmcb->save.rax = cpu->regs.gpr[0];
}

/**
 * guard_main() - Run a CPU's guest
 * @cpu: the CPU
 */
void __noreturn guard_main(struct guard_cpu *cpu)
{
	for (unsigned int i = 0; i < sizeof(struct vmcb) / sizeof(u64); i++)
		WRITE_ONCE(((u64 *)cpu->vmcb)[i], 0);
	set_control(cpu);
	set_guest(cpu);
	enable_svm(cpu);
	for (;;) {
		guard_run(&cpu->regs, cpu->vmcb);
		handle_exit(cpu);
	}
}
