// SPDX-License-Identifier: GPL-2.0
/*
 * Running as an application kernel.
 *
 * The machine belongs to the boot kernel.  This kernel has some of its CPUs
 * with their local APICs, and some of its memory; it learns of both from the
 * hand-over block and touches nothing else.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/acpi.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/jiffies.h>
#include <linux/parker.h>
#include <linux/pm.h>
#include <linux/reboot.h>
#include <linux/serial_8250.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/time64.h>

#include <asm/acpi.h>
#include <asm/apic.h>
#include <asm/e820/api.h>
#include <asm/i8259.h>
#include <asm/io_apic.h>
#include <asm/iommu.h>
#include <asm/pci_x86.h>
#include <asm/reboot.h>
#include <asm/setup.h>
#include <asm/spec-ctrl.h>
#include <asm/tsc.h>
#include <asm/x86_init.h>

/* Longer chains of setup_data are not what the boot kernel writes. */
#define MAX_SETUP_DATA	8

phys_addr_t parker_app_block_pa __ro_after_init;
EXPORT_SYMBOL_GPL(parker_app_block_pa);

/* What the clocks need, kept as they are read at any time. */
static u64 wall_nsec __ro_after_init;
static u64 wall_tsc __ro_after_init;
static unsigned int given_tsc_khz __ro_after_init;

static void __noreturn app_halt(void)
{
	for (;;)
		asm volatile("cli; hlt" : : : "memory");
}

/*
 * Parameters that speak of the machine, and so would take effect on what is
 * not ours.  A name that ends in * stands for all that begin so.
 */
static const char * const ignored_params[] __initconst = {
	"acpi*", "crashkernel", "earlycon", "earlyprintk", "enable_mtrr_cleanup",
	"mem", "mem_encrypt", "memmap", "noapic", "nolapic", "nox2apic",
	"parker_memory", "pci", "reboot",
};

static bool __init param_matches(const char *param, const char *name)
{
	size_t len = strlen(name);

	if (name[len - 1] == '*')
		return !strncmp(param, name, len - 1);
	return !strcmp(param, name);
}

/**
 * parker_app_ignores() - Is this command line parameter not for us?
 * @param:	its name
 * @val:	its value, or NULL
 *
 * Return: true for one that speaks of the machine, not of the partition.
 */
bool __init parker_app_ignores(const char *param, const char *val)
{
	if (!parker_app_running())
		return false;
	/* That one is an earlycon by another name. */
	if (!strcmp(param, "console") && val && !strncmp(val, "uart", 4))
		return true;
	for (unsigned int i = 0; i < ARRAY_SIZE(ignored_params); i++)
		if (param_matches(param, ignored_params[i]))
			return true;
	return false;
}

static void __init log_ignored_params(void)
{
	static char line[COMMAND_LINE_SIZE] __initdata, names[256] __initdata;
	char *args = line, *param, *val;

	strscpy(line, boot_command_line);
	args = skip_spaces(args);
	while (*args) {
		args = next_arg(args, &param, &val);
		if (!parker_app_ignores(param, val))
			continue;
		strlcat(names, " ", sizeof(names));
		strlcat(names, param, sizeof(names));
	}
	if (names[0])
		pr_info("ignored, as they speak of the whole machine:%s\n", names);
}

/* The block, if it has the policy of the boot kernel. */
static struct parker_given *app_policy(void)
{
	if (!parker_app_running() || le16_to_cpu(parker_app_block()->version) < 3)
		return NULL;
	return parker_app_block();
}

/**
 * parker_app_split_lock() - What is done about split locks on this machine?
 * @arg:	gets what stands for the argument of split_lock_detect=
 * @size:	bytes that it has room for
 *
 * Return: the length of the argument, or -ENOENT if this kernel decides itself.
 */
int __init parker_app_split_lock(char *arg, size_t size)
{
	const struct parker_given *given = app_policy();

	if (!given || !given->split_lock[0])
		return -ENOENT;
	return strscpy(arg, (const char *)given->split_lock, size);
}

/**
 * parker_app_pat() - Which layout of memory types has this machine?
 *
 * Return: the value of IA32_PAT, or 0 if this kernel decides itself.
 */
u64 parker_app_pat(void)
{
	const struct parker_given *given = app_policy();

	return given ? le64_to_cpu(given->pat) : 0;
}

static void __init log_policy(void)
{
	char arg[PARKER_SPLIT_LOCK_LEN];

	if (parker_app_split_lock(arg, sizeof(arg)) < 0)
		strscpy(arg, "-", sizeof(arg));
	pr_info("the boot kernel has split_lock_detect=%s, PAT %#llx\n",
		arg, parker_app_pat());
}

static void app_get_wallclock(struct timespec64 *now)
{
	/* This CPU's counter may be behind the one that was read there. */
	u64 cycles = max_t(s64, rdtsc() - wall_tsc, 0);
	u64 passed = mul_u64_u64_div_u64(cycles, NSEC_PER_MSEC, given_tsc_khz);

	*now = ns_to_timespec64(wall_nsec + passed);
}

static unsigned long app_tsc_khz(void)
{
	return given_tsc_khz;
}

static unsigned char app_no_nmi_reason(void)
{
	return 0;
}

/*
 * Not the default, which takes a map of a single entry for none and asks the
 * BIOS's fields instead.  A partition may well have one region only.
 */
static char * __init app_memory_setup(void)
{
	for (unsigned int i = 0; i < boot_params.e820_entries; i++) {
		const struct boot_e820_entry *entry = &boot_params.e820_table[i];

		e820__range_add(entry->addr, entry->size, entry->type);
	}
	e820__update_table(e820_table);
	return "Parker";
}

/* There is no PIT and no HPET for us: the local APIC timer is all we have. */
static void __init app_timer_init(void)
{
	lapic_timer_period = le64_to_cpu(parker_app_block()->apic_timer_hz) / HZ;
}

static bool __init app_x2apic_available(void)
{
	return le32_to_cpu(parker_app_block()->flags) & PARKER_GIVEN_X2APIC;
}

/* Not an MSI will be composed for a CPU that needs more than 8 bits. */
static bool __init app_msi_ext_dest_id(void)
{
	return true;
}

static void __init app_parse_smp_config(void)
{
	struct parker_given *given = parker_app_block();
	struct parker_cpu *cpus = (void *)given + le32_to_cpu(given->cpus_offset);

#ifdef CONFIG_X86_X2APIC
	if (x2apic_enabled()) {
		pr_info("x2apic enabled by the boot kernel\n");
		x2apic_phys = 1;
		/* Switches to the driver for physical destinations. */
		default_acpi_madt_oem_check("", "");
	}
#endif
	register_lapic_address(APIC_DEFAULT_PHYS_BASE);
	for (unsigned int i = 0; i < le32_to_cpu(given->nr_cpus); i++)
		topology_register_apic(le32_to_cpu(cpus[i].apic_id), CPU_ACPIID_INVALID, true);
	smp_found_config = 1;
}

/*
 * The end of this kernel, not of the machine.  Whoever calls has printed and
 * shut down what it wanted.
 */
static void __noreturn app_end(u32 end)
{
	struct parker_given *given = parker_app_block();
	struct parker_told *told = (void *)given + le32_to_cpu(given->told_offset);

	local_irq_disable();
	smp_send_stop();
	if (told->panicked)
		end = PARKER_END_PANIC;
	told->end = cpu_to_le32(end);
	/* Pairs with smp_load_acquire() in the boot kernel's monitor. */
	smp_store_release(&told->state, cpu_to_le32(PARKER_TOLD_ENDED));
	app_halt();
}

static void app_restart(char *cmd)
{
	app_end(PARKER_END_REBOOT);
}

static void app_emergency_restart(void)
{
	app_end(PARKER_END_REBOOT);
}

static void app_machine_halt(void)
{
	app_end(PARKER_END_HALT);
}

static void app_power_off(void)
{
	app_end(PARKER_END_POWEROFF);
}

static void __init app_set_platform(void)
{
	x86_platform.calibrate_cpu		= app_tsc_khz;
	x86_platform.calibrate_tsc		= app_tsc_khz;
	x86_platform.get_wallclock		= app_get_wallclock;
	x86_platform.set_wallclock		= set_rtc_noop;
	x86_platform.get_nmi_reason		= app_no_nmi_reason;
	x86_platform.legacy.i8042		= X86_LEGACY_I8042_PLATFORM_ABSENT;
	x86_platform.legacy.rtc			= 0;
	x86_platform.legacy.warm_reset		= 0;
	x86_platform.legacy.no_vga		= 1;
	x86_platform.legacy.no_dma		= 1;
	x86_platform.legacy.reserve_bios_regions = 0;
	x86_platform.legacy.devices.pnpbios	= 0;
	if (!parker_app_block()->low_len) {
		x86_platform.realmode_reserve	= x86_init_noop;
		x86_platform.realmode_init	= x86_init_noop;
	}

	machine_ops.restart			= app_restart;
	machine_ops.halt			= app_machine_halt;
	machine_ops.power_off			= app_power_off;
	machine_ops.emergency_restart		= app_emergency_restart;
	pm_power_off				= app_power_off;
}

/* So that drivers which look for a device at a fixed port do not touch it. */
static void __init app_reserve_ports(void)
{
	static struct resource ports = {
		.name	= "boot kernel",
		.end	= IO_SPACE_LIMIT,
		.flags	= IORESOURCE_IO | IORESOURCE_BUSY,
	};

	request_resource(&ioport_resource, &ports);
}

#ifdef CONFIG_HOTPLUG_CPU
/* As native_play_dead(), but caches are not flushed: they are other kernels', too. */
static void app_play_dead(void)
{
	if (cpu_feature_enabled(X86_FEATURE_KERNEL_IBRS))
		__update_spec_ctrl(0);
	play_dead_common();
	app_halt();
}
#endif

static void __init app_set_init(void)
{
	x86_init.resources.probe_roms		= x86_init_noop;
	x86_init.resources.memory_setup		= app_memory_setup;
	x86_init.resources.reserve_resources	= app_reserve_ports;
	x86_init.mpparse.find_mptable		= x86_init_noop;
	x86_init.mpparse.early_parse_smp_cfg	= x86_init_noop;
	x86_init.mpparse.parse_smp_cfg		= app_parse_smp_config;
	x86_init.irqs.pre_vector_init		= apic_confine;
	x86_init.timers.timer_init		= app_timer_init;
	x86_init.timers.wallclock_init		= x86_init_noop;
	x86_init.pci.arch_init			= parker_app_pci_init;
	x86_init.pci.init			= parker_app_pci_scan;
	x86_init.pci.init_irq			= x86_init_noop;
	x86_init.hyper.guest_late_init		= x86_init_noop;
	x86_init.hyper.x2apic_available		= app_x2apic_available;
	x86_init.hyper.msi_ext_dest_id		= app_msi_ext_dest_id;
	legacy_pic				= &null_legacy_pic;
#ifdef CONFIG_HOTPLUG_CPU
	smp_ops.play_dead			= app_play_dead;
#endif
	app_set_platform();
}

#ifdef CONFIG_SERIAL_8250
/* The UARTs are the boot kernel's, do not even look for them. */
static void app_no_uart(int port, struct uart_port *up, u32 *capabilities)
{
	up->iobase = 0;
}
#endif

/*
 * Instruction-based sampling interrupts by an entry of the local APIC that the firmware
 * chose, and that a guard does not tell.
 */
static bool __init cannot_sample_instructions(void)
{
	u64 value;

	return boot_cpu_has(X86_FEATURE_IBS) && rdmsrl_safe(MSR_AMD64_IBSCTL, &value);
}

/*
 * What one kernel manages for a whole package or machine, and would take from
 * the boot kernel: its enclaves, its division of the caches, the table that
 * hardware writes feedback to, thermal thresholds and throttling, frequencies and
 * their bias, uncore counters.  Traces and samples would be written on into memory
 * that is given back, as INIT does not stop that (DTES64 stands for all that uses
 * the debug store).
 */
static void __init clear_shared_features(void)
{
	if (cannot_sample_instructions())
		setup_clear_cpu_cap(X86_FEATURE_IBS);
	setup_clear_cpu_cap(X86_FEATURE_SGX);
	setup_clear_cpu_cap(X86_FEATURE_RDT_A);
	setup_clear_cpu_cap(X86_FEATURE_CQM_LLC);
	setup_clear_cpu_cap(X86_FEATURE_HFI);
	setup_clear_cpu_cap(X86_FEATURE_PTS);
	setup_clear_cpu_cap(X86_FEATURE_ACC);
	setup_clear_cpu_cap(X86_FEATURE_HWP);
	setup_clear_cpu_cap(X86_FEATURE_EPB);
	setup_clear_cpu_cap(X86_FEATURE_CPPC);
	setup_clear_cpu_cap(X86_FEATURE_PERFCTR_NB);
	setup_clear_cpu_cap(X86_FEATURE_PERFCTR_LLC);
	setup_clear_cpu_cap(X86_FEATURE_INTEL_PT);
	setup_clear_cpu_cap(X86_FEATURE_DTES64);
}

/* Can devices with 32 address bits reach any of its memory? */
static bool __init has_low_memory(const struct parker_given *given)
{
	const struct parker_ram *ram = (void *)given + le32_to_cpu(given->rams_offset);

	for (unsigned int i = 0; i < le32_to_cpu(given->nr_rams); i++)
		if (le64_to_cpu(ram[i].start) < SZ_4G)
			return true;
	return false;
}

/* After early_cpu_init() and before parse_early_param(). */
static void __init app_arch_setup(void)
{
	struct parker_given *given = parker_app_block();

	parker_console_early();
	pr_info("application kernel of partition %s (id %u), %u CPUs\n",
		given->name, le32_to_cpu(given->id), le32_to_cpu(given->nr_cpus));
	log_ignored_params();
	log_policy();

	setup_force_cpu_cap(X86_FEATURE_PARKER_APP);
	setup_force_cpu_cap(X86_FEATURE_TSC_KNOWN_FREQ);
	preset_lpj = (u64)given_tsc_khz * 1000 / HZ;
	if (le32_to_cpu(given->flags) & PARKER_GIVEN_TSC_RELIABLE)
		setup_force_cpu_cap(X86_FEATURE_TSC_RELIABLE);
	/* INIT is held back in VMX root mode and with GIF clear. */
	setup_clear_cpu_cap(X86_FEATURE_VMX);
	setup_clear_cpu_cap(X86_FEATURE_SVM);
	/* It is shared with the boot kernel, which has synchronised it. */
	setup_clear_cpu_cap(X86_FEATURE_TSC_ADJUST);
	clear_shared_features();
	/* As iommu=off: there is none for us, and no use for bounce buffers then. */
	if (!given->nr_functions || !has_low_memory(given))
		no_iommu = 1;
#ifdef CONFIG_SERIAL_8250
	serial8250_set_isa_configurator(app_no_uart);
#endif
}

/* Not earlier: acpi_mps_check() would turn the local APIC off. */
static void __init app_dmi_setup(void)
{
	disable_acpi();
}

static bool __init app_find_block(void)
{
	u64 pa = boot_params.hdr.setup_data;

	for (unsigned int i = 0; pa && i < MAX_SETUP_DATA; i++) {
		const struct setup_data *node = __va(pa);
		const struct setup_indirect *block = (const void *)node->data;

		pa = node->next;
		if (node->type != SETUP_INDIRECT ||
		    block->type != (SETUP_INDIRECT | PARKER_SETUP_TYPE))
			continue;
		if (parker_abi_check_given(__va(block->addr), block->len))
			return false;
		parker_app_block_pa = block->addr;
		return true;
	}
	return false;
}

/**
 * x86_parker_early_setup() - Become an application kernel
 *
 * Context: the first CPU, before start_kernel().  Physical memory is mapped on
 * demand by the early page fault handler.
 */
void __init x86_parker_early_setup(void)
{
	const struct parker_given *given;

	/* There is nobody to tell, and nothing else that we may touch. */
	if (!app_find_block())
		app_halt();
	parker_app_stamp(PARKER_STAMP_ENTRY);

	given = parker_app_block();
	given_tsc_khz = le32_to_cpu(given->tsc_khz);
	wall_tsc = le64_to_cpu(given->wall_tsc);
	wall_nsec = le64_to_cpu(given->wall_sec) * NSEC_PER_SEC + le32_to_cpu(given->wall_nsec);

	/* Neither look for functions nor move what we are given. */
	if (IS_ENABLED(CONFIG_PCI))
		pci_probe = PCI_NOASSIGN_BARS | PCI_NOASSIGN_ROMS;
	x86_init.oem.arch_setup			= app_arch_setup;
	x86_init.resources.dmi_setup		= app_dmi_setup;
	app_set_init();
}
