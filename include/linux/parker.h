/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker: the boundary between the core, the architecture, the kexec system
 * call and the drivers.
 */
#ifndef _LINUX_PARKER_H
#define _LINUX_PARKER_H

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/parker_abi.h>
#include <linux/parker_guard.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct kimage;
struct parker_unpacked;

#define PARKER_ALIGN	SZ_2M	/* Start and length of a region, in bytes. */

/**
 * struct parker_error - why an operation failed, and what would help
 * @text: one sentence without a newline, empty after a success
 */
struct parker_error {
	char text[PARKER_TEXT_LEN];
};

int __printf(3, 4) parker_fail(struct parker_error *err, int ret, const char *fmt, ...);

/**
 * struct parker_region - a piece of a partition's memory
 * @start:	physical address, a multiple of %PARKER_ALIGN
 * @len:	length in bytes, a multiple of %PARKER_ALIGN
 * @node:	its NUMA node
 */
struct parker_region {
	phys_addr_t start;
	phys_addr_t len;
	int node;
};

/**
 * struct parker_boot - one start of an application kernel
 * @id:		the partition's id
 * @name:	its name
 * @cpus:	its CPUs, parked
 * @boot_cpu:	the one that is started first, out of @cpus
 * @regions:	its memory
 * @nr_regions:	entries of @regions
 * @functions:	its PCI functions, needed by arch_parker_prepare() only
 * @nr_functions: entries of @functions
 * @guarded:	below a guard, which holds it inside the partition
 * @log_violations: which lets it go on after it touched what is not its
 * @image:	kernel, initrd and command line: the buffers of a file mode kimage
 * @unpacked:	from arch_parker_unpack()
 * @version:	newest version of the contract that the kernel understands
 * @lockdown:	PARKER_LOCKDOWN_*, how far the boot kernel is locked down
 * @block_pa:	physical address of the hand-over block, set by arch_parker_prepare()
 * @block:	its address in the direct map, set by arch_parker_prepare()
 * @arch:	the architecture's own, set by arch_parker_prepare()
 *
 * The core fills the fields above @block_pa and keeps them constant from
 * arch_parker_prepare() to arch_parker_finish().
 */
struct parker_boot {
	u32 id;
	const char *name;
	const struct cpumask *cpus;
	unsigned int boot_cpu;
	const struct parker_region *regions;
	unsigned int nr_regions;
	const struct parker_function *functions;
	unsigned int nr_functions;
	bool guarded;
	bool log_violations;
	const struct kimage *image;
	const struct parker_unpacked *unpacked;
	unsigned int version;
	u32 lockdown;

	phys_addr_t block_pa;
	struct parker_given *block;
	struct arch_parker_boot *arch;
};

/**
 * struct parker_image_info - what an image says of itself
 * @release:	its kernel release, as uname -r gives it
 * @version:	newest version of the contract that it understands
 * @required:	required features of the contract that it knows
 * @cmdline_max: length of the longest command line that it takes
 * @head_len:	bytes of the file that a start looks at when the kernel was unpacked
 */
struct parker_image_info {
	char release[65];
	unsigned int version;
	u64 required;
	unsigned int cmdline_max;
	size_t head_len;
};

/* Places with memory errors that a start goes around. */
#define PARKER_MAX_BAD	32

/**
 * struct parker_bad - which pages of some memory have errors
 * @pages:	how many
 * @nr:		in how many places; the first %PARKER_MAX_BAD of them are in @start
 * @start:	physical addresses of the places, ascending
 * @len:	their lengths in bytes
 */
struct parker_bad {
	u64 pages;
	unsigned int nr;
	phys_addr_t start[PARKER_MAX_BAD];
	phys_addr_t len[PARKER_MAX_BAD];
};

void parker_find_bad(const struct parker_region *regions, unsigned int nr_regions,
		     struct parker_bad *bad);

/*
 * What the architecture provides.  Nothing here takes a lock of the core, and
 * nothing reads what an application kernel wrote.
 */

/**
 * arch_parker_check_machine() - Can CPUs of this machine be partitioned?
 * @err: gets the sentence
 *
 * Return: 0, or -EOPNOTSUPP.
 */
int arch_parker_check_machine(struct parker_error *err);

/**
 * arch_parker_set_up() - Make what CPUs are parked in, before the first is claimed
 * @err: gets the message
 *
 * Until then a kernel without partitions writes nothing for them.
 *
 * Context: may sleep; arch_parker_check_machine() has found nothing.
 * Return: 0, or -ENOMEM.
 */
int arch_parker_set_up(struct parker_error *err);

/**
 * arch_parker_cpu_is_bsp() - Did this CPU boot the machine?
 * @cpu: CPU number
 *
 * INIT on it resets the machine, so it cannot be claimed.
 *
 * Return: true if it did.
 */
bool arch_parker_cpu_is_bsp(unsigned int cpu);

/**
 * arch_parker_core_cpus() - Find all CPUs of a core, online or not
 * @cpu:	CPU number
 * @core:	gets the possible CPUs which share the core of @cpu, with itself
 */
void arch_parker_core_cpus(unsigned int cpu, struct cpumask *core);

/**
 * arch_parker_halt_cpus() - Stop CPUs at once, without proof
 * @cpus: CPUs that the boot kernel has taken offline
 *
 * Context: any but NMI; takes less than a millisecond.
 */
void arch_parker_halt_cpus(const struct cpumask *cpus);

/**
 * arch_parker_park_cpus() - Stop CPUs and prove it
 * @cpus:	CPUs that the boot kernel has taken offline
 * @unproved:	gets those that did not sign in
 *
 * Whatever they did, the CPUs halt in the boot kernel's parking place after
 * a success.
 *
 * Context: may sleep.
 * Return: 0, or -EIO when @unproved is not empty.
 */
int arch_parker_park_cpus(const struct cpumask *cpus, struct cpumask *unproved);

/**
 * arch_parker_note_cpu() - Note what a CPU has to have when the boot kernel gets it back
 * @cpu: an online CPU that is to be claimed
 *
 * Context: may sleep.
 * Return: 0, or an error when it goes offline meanwhile.
 */
int arch_parker_note_cpu(unsigned int cpu);

/**
 * arch_parker_is_noted() - Was arch_parker_note_cpu() called for a CPU?
 * @cpu: the CPU
 *
 * Context: any.
 * Return: true if it was.
 */
bool arch_parker_is_noted(unsigned int cpu);

/**
 * arch_parker_give_back_cpus() - Let CPUs be as the boot kernel left them
 * @cpus: parked CPUs; those are left that did not answer
 *
 * Context: may sleep; to be called before they come online.
 */
void arch_parker_give_back_cpus(struct cpumask *cpus);

/**
 * arch_parker_check_image() - Is this file an application kernel for this machine?
 * @kernel:	the file's bytes
 * @len:	its length
 * @info:	gets what the image says of itself
 * @err:	gets the sentence
 *
 * Return: 0, or -ENOEXEC.
 */
int arch_parker_check_image(const void *kernel, size_t len,
			    struct parker_image_info *info,
			    struct parker_error *err);

/**
 * arch_parker_unpack() - Unpack a kernel ahead of its starts
 * @kernel:	the bytes of an image that arch_parker_check_image() has passed
 * @len:	its length
 * @room:	bytes that it can have in a partition
 * @unpacked_len: gets the bytes that the result has, 0: it is NULL
 *
 * Context: may sleep.
 * Return: the kernel, which vfree() frees, or NULL: it has to unpack itself.
 */
struct parker_unpacked *arch_parker_unpack(const void *kernel, size_t len, u64 room,
					   size_t *unpacked_len);

/**
 * arch_parker_prepare() - Build a kernel in a partition's memory
 * @boot:	the start
 * @err:	gets the sentence
 *
 * Places kernel, initrd, boot parameters and hand-over block, from the
 * pristine image, and takes what else the start needs.
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM when the memory is too small (the sentence says how
 * much is needed) or has too many errors, -ENOSPC when a machine-wide limit is
 * reached, -EINVAL when the kernel would not do what all kernels of the machine
 * do alike.  On failure nothing is held.
 */
int arch_parker_prepare(struct parker_boot *boot, struct parker_error *err);

/**
 * arch_parker_kick() - Start the boot CPU on what was prepared
 * @boot:	the start
 * @err:	gets the sentence
 *
 * Context: may sleep.
 * Return: 0, or -EIO when the CPU did not answer.  It may run then, so the
 * caller must park it.
 */
int arch_parker_kick(struct parker_boot *boot, struct parker_error *err);

/**
 * arch_parker_finish() - Give back what arch_parker_prepare() took
 * @boot: a start whose CPUs are proved stopped
 *
 * The partition's memory keeps its content.
 */
void arch_parker_finish(struct parker_boot *boot);

/**
 * arch_parker_config_pa() - Where is the configuration space of a PCI function?
 * @segment:	PCI segment
 * @bus:	bus number
 * @devfn:	device and function number
 *
 * Return: the physical address of its 4 KiB, or 0 when there is none.
 */
phys_addr_t arch_parker_config_pa(unsigned int segment, unsigned int bus, unsigned int devfn);

/**
 * struct parker_guard_report - what the guard of a partition tells
 * @exits:	how often its CPUs left their kernel, by reason
 * @msrs_refused: how often MSRs failed as on CPUs without them
 * @violations:	how often it touched what is not its
 * @last:	the last time
 * @over:	the guard ends it by that
 */
struct parker_guard_report {
	u64 exits[PARKER_NR_EXITS];
	u64 msrs_refused;
	u64 violations;
	struct parker_violation last;
	bool over;
};

#ifdef CONFIG_PARKER_GUARD
/**
 * arch_parker_guard_check() - Can this machine guard partitions?
 * @err: gets the sentence
 *
 * Return: 0, or -EOPNOTSUPP.
 */
int arch_parker_guard_check(struct parker_error *err);

/**
 * arch_parker_guard_report() - Ask the guard of a partition
 * @boot:	the start
 * @report:	gets what it tells, nothing for one that is not guarded
 *
 * Context: not beside arch_parker_prepare() and arch_parker_finish().
 */
void arch_parker_guard_report(const struct parker_boot *boot,
			      struct parker_guard_report *report);
#else
static inline int arch_parker_guard_check(struct parker_error *err)
{
	return parker_fail(err, -EOPNOTSUPP,
			   "this kernel was built without CONFIG_PARKER_GUARD");
}

static inline void arch_parker_guard_report(const struct parker_boot *boot,
					    struct parker_guard_report *report)
{
	*report = (struct parker_guard_report){};
}
#endif

#ifdef CONFIG_PARKER
int parker_kexec_file_load(int kernel_fd, int initrd_fd, unsigned long cmdline_len,
			   const char __user *cmdline_ptr, unsigned long flags);
int parker_check_kexec(bool comes_back);
bool parker_cpus_are_owned(void);
#else
static inline int parker_kexec_file_load(int kernel_fd, int initrd_fd,
					 unsigned long cmdline_len,
					 const char __user *cmdline_ptr,
					 unsigned long flags)
{
	return -EINVAL;
}

static inline int parker_check_kexec(bool comes_back)
{
	return 0;
}

static inline bool parker_cpus_are_owned(void)
{
	return false;
}
#endif

/*
 * What an application kernel offers to its own drivers.
 */
#ifdef CONFIG_PARKER_APP
extern phys_addr_t parker_app_block_pa;

/**
 * parker_app_running() - Is this kernel an application kernel?
 *
 * Known from before the first line of start_kernel() on.
 *
 * Return: true if it is.
 */
static inline bool parker_app_running(void)
{
	return parker_app_block_pa;
}

/**
 * parker_app_block() - Find the hand-over block of this kernel
 *
 * Not to be kept across setup_arch(), which may move the direct map.
 *
 * Return: its address, valid only if parker_app_running().
 */
static inline struct parker_given *parker_app_block(void)
{
	return __va(parker_app_block_pa);
}

bool parker_app_ignores(const char *param, const char *val);
void parker_app_stamp(unsigned int stamp);
void parker_app_note_initrd(const char *err);
bool parker_app_may_map(phys_addr_t start, phys_addr_t last, const void *caller);
bool parker_app_hides_model(const void *caller);
int parker_app_split_lock(char *arg, size_t size);
u64 parker_app_pat(void);
void parker_console_early(void);
int parker_app_numa_init(void);

#ifdef CONFIG_PARKER_APP_PCI
int parker_app_pci_init(void);
int parker_app_pci_scan(void);
#else
static inline int parker_app_pci_init(void)
{
	return 0;
}

/* Without a way to configure devices there is nothing to scan. */
static inline int parker_app_pci_scan(void)
{
	return -ENODEV;
}
#endif
#else
static inline bool parker_app_running(void)
{
	return false;
}

static inline bool parker_app_ignores(const char *param, const char *val)
{
	return false;
}

static inline void parker_app_note_initrd(const char *err) { }

static inline bool parker_app_may_map(phys_addr_t start, phys_addr_t last,
				      const void *caller)
{
	return true;
}

static inline bool parker_app_hides_model(const void *caller)
{
	return false;
}

static inline int parker_app_split_lock(char *arg, size_t size)
{
	return -ENOENT;
}

static inline u64 parker_app_pat(void)
{
	return 0;
}

static inline int parker_app_numa_init(void)
{
	return -ENODEV;
}
#endif

/**
 * parker_machine_is_shared() - Can CPUs of this machine be those of another kernel?
 *
 * An event that all CPUs of the machine get may then be about a CPU that this kernel
 * does not see.
 *
 * Context: any.
 * Return: true in an application kernel, and in a boot kernel whose partitions own CPUs.
 */
static inline bool parker_machine_is_shared(void)
{
	return parker_app_running() || parker_cpus_are_owned();
}

#endif /* _LINUX_PARKER_H */
