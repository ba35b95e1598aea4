// SPDX-License-Identifier: GPL-2.0
/*
 * The guard's gate for interrupts between CPUs.
 *
 * An IPI goes to CPUs of the partition, by their own APIC IDs, and is sent anew
 * from checked fields.  Logical destinations would reach others, and so would shorthands
 * but that for the sender itself.
 * A start-up IPI leads into the parking stub, and from there into the guard, so
 * that no CPU of the partition comes up outside of it.
 */
#include <asm/apicdef.h>
#include <asm/barrier.h>
#include <asm/msr-index.h>

#include "shim.h"

static u32 apic_read_page(unsigned int reg)
{
	return READ_ONCE(*(u32 *)(u64)(APIC_DEFAULT_PHYS_BASE + reg));
}

static void apic_write_page(unsigned int reg, u32 value)
{
	WRITE_ONCE(*(u32 *)(u64)(APIC_DEFAULT_PHYS_BASE + reg), value);
}

static void send(const struct guard_cpu *cpu, u32 low, u32 dest)
{
	if (guard_of(cpu)->x2apic) {
		wrmsr_raw(APIC_BASE_MSR + (APIC_ICR >> 4), (u64)dest << 32 | low);
		return;
	}
	apic_write_page(APIC_ICR2, dest << 24);
	apic_write_page(APIC_ICR, low);
}

static struct guard_cpu *find_cpu(const struct guard *guard, u32 apic_id)
{
	for (u32 i = 0; i < guard->nr_cpus; i++) {
		struct guard_cpu *cpu = (void *)(guard->cpus + (u64)i * GUARD_CPU_LEN);

		if (cpu->apic_id == apic_id)
			return cpu;
	}
	return NULL;
}

static void start(const struct guard_cpu *cpu, struct guard_cpu *target, u8 vector)
{
	/* Pairs with the read in enter_real_mode(); the IPI orders the two. */
	WRITE_ONCE(target->vector, vector);
	asm volatile("mfence; lfence" : : : "memory");
	send(cpu, APIC_DM_STARTUP | guard_of(cpu)->stub_page, target->apic_id);
}

/*
 * To itself, as the hardware has it, so that the destination which waits in the other half
 * of the register stays there: an NMI can come between two writes of the guest.
 */
static void send_self(const struct guard_cpu *cpu, u32 low)
{
	low &= APIC_VECTOR_MASK;
	if (low < 16)
		return;
	if (guard_of(cpu)->x2apic)
		wrmsr_raw(APIC_BASE_MSR + (APIC_ICR >> 4), APIC_DEST_SELF | low);
	else
		apic_write_page(APIC_ICR, APIC_DEST_SELF | low);
}

/**
 * guard_write_icr() - Send what a guest wants to send
 * @cpu:	the CPU that sends
 * @low:	low half of the interrupt command register
 * @dest:	APIC ID
 */
void guard_write_icr(struct guard_cpu *cpu, u32 low, u32 dest)
{
	struct guard_cpu *target = find_cpu(guard_of(cpu), dest);
	u32 mode = low & 0x700;

	cpu->told.exits[PARKER_EXIT_IPI]++;
	if ((low & APIC_DEST_ALLBUT) == APIC_DEST_SELF && mode == APIC_DM_FIXED) {
		send_self(cpu, low);
		return;
	}
	if (!target || low & (APIC_DEST_LOGICAL | APIC_DEST_ALLBUT)) {
		guard_violate(cpu, PARKER_TOUCH_IPI, (u64)dest << 32 | low);
		return;
	}

	switch (mode) {
	case APIC_DM_FIXED:
		/* The hardware takes a lower vector for an error. */
		if ((low & APIC_VECTOR_MASK) >= 16)
			send(cpu, low & APIC_VECTOR_MASK, dest);
		break;
	case APIC_DM_NMI:
		send(cpu, APIC_DM_NMI, dest);
		break;
	case APIC_DM_INIT:
		/* The de-assertion that used to follow does nothing today. */
		if (low & APIC_INT_ASSERT || !(low & APIC_INT_LEVELTRIG))
			send(cpu, APIC_DM_INIT | APIC_INT_ASSERT, dest);
		break;
	case APIC_DM_STARTUP:
		start(cpu, target, low & APIC_VECTOR_MASK);
		break;
	default:
		guard_violate(cpu, PARKER_TOUCH_IPI, (u64)dest << 32 | low);
	}
}

/**
 * guard_is_lvt_safe() - Does an entry of the local vector table stay on its CPU?
 * @value: what the entry is to be
 *
 * SMI would enter the firmware, INIT reset the CPU, and an external
 * one ask the boot kernel's interrupt controller.
 *
 * Return: true if it does.
 */
bool guard_is_lvt_safe(u32 value)
{
	u32 mode = value & 0x700;

	return value & APIC_LVT_MASKED || mode == APIC_DM_FIXED || mode == APIC_DM_NMI;
}

/**
 * guard_write_apic() - Write a register of the local APIC for a guest in xAPIC mode
 * @cpu:	the CPU
 * @reg:	offset of the register
 * @value:	what the guest writes
 */
void guard_write_apic(struct guard_cpu *cpu, unsigned int reg, u32 value)
{
	if (reg == APIC_ICR) {
		guard_write_icr(cpu, value, apic_read_page(APIC_ICR2) >> 24);
		return;
	}

	cpu->told.exits[PARKER_EXIT_APIC]++;
	switch (reg) {
	case APIC_LVTT:
	case APIC_LVTTHMR:
	case APIC_LVTPC:
	case APIC_LVT0:
	case APIC_LVT1:
	case APIC_LVTERR:
	case APIC_LVTCMCI:
		if (!guard_is_lvt_safe(value)) {
			guard_violate(cpu, PARKER_TOUCH_WRITE, APIC_DEFAULT_PHYS_BASE + reg);
			return;
		}
		break;
	case APIC_TASKPRI:
	case APIC_EOI:
	case APIC_SPIV:
	case APIC_ESR:
	case APIC_ICR2:
	case APIC_TMICT:
	case APIC_TDCR:
		break;
	default:
		/*
		 * Read-only or reserved; or a logical ID, by which it would get copies of
		 * interrupts that are meant for a CPU of the boot kernel.
		 */
		return;
	}
	apic_write_page(reg, value);
}
