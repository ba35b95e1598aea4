/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between a boot kernel and its application kernels.
 */
#ifndef _LINUX_PARKER_ABI_H
#define _LINUX_PARKER_ABI_H

#ifndef __ASSEMBLY__
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>
#endif

/**
 * DOC: The hand-over block
 *
 * This interface is a contract between two kernels that may be of different
 * versions.  The boot kernel places one hand-over block into the memory of a
 * partition at every start.  The application kernel learns its address from
 * the boot parameters: hardware_subarch is %PARKER_SUBARCH, and an indirect
 * setup_data node (Documentation/arch/x86/boot.rst) of type
 * %PARKER_SETUP_TYPE holds address and length.  Being setup data, the block is
 * spared by the decompressor and reserved by every kernel, but mapped::
 *
 *   0                  struct parker_given    written before the start, then
 *                      and its tables         only read, checksummed
 *   request_offset     struct parker_request  written by the boot kernel
 *   told_offset        struct parker_told     written by the application kernel
 *   console_offset     struct parker_console  written by the application kernel,
 *                      and the ring's bytes   ring of console_size bytes
 *
 * All fields have a fixed width and are little endian, padding is explicit,
 * addresses are physical.  There are no pointers, bit fields and enums.
 *
 * A new field goes into padding, or after the last field of a part, and is there
 * if a bit of its own in @required or @optional is set; up to version 3 the version
 * said so.  A reader that knows less ignores it.  An application kernel that does
 * not know a bit in @required is refused before it is started; bits in @optional may
 * be ignored.  A change that cannot be told by a bit raises %PARKER_ABI_VERSION,
 * and %PARKER_ABI_OLDEST if older application kernels would misread it.
 *
 * So each of the two kernels may be the older one.  The boot kernel loads an
 * image if the newest version that this declares is not older than the oldest
 * one that can read what the boot kernel writes, and the oldest version that the
 * image still reads is not newer than that.  The application kernel checks the
 * same again in the block itself before it touches anything, and halts if it
 * must not go on.
 *
 * What is felt by all kernels of a machine is handed over as policy, @pat,
 * @split_lock and @lockdown, and taken over by the application kernel.  The boot
 * kernel does not start one that would do otherwise.
 *
 * The boot kernel trusts nothing in struct parker_told and struct
 * parker_console: it copies once, then checks, then uses the copy.
 */

#define PARKER_ABI_VERSION	4	/* What this kernel writes. */
#define PARKER_ABI_OLDEST	1	/* The oldest version it still reads. */

/* One value for all kernel versions; what is next free differs between them. */
#define PARKER_SETUP_TYPE	0x504b
#define PARKER_SUBARCH		0x504b

#define PARKER_MAGIC		0x524b5250	/* "PRKR" */

#define PARKER_NAME_LEN		32
#define PARKER_SPLIT_LOCK_LEN	16
#define PARKER_TEXT_LEN		256
#define PARKER_MAX_REGIONS	16
#define PARKER_MAX_MAPS		32
#define PARKER_MAX_FUNCTIONS	32
#define PARKER_MAX_BARS		6

#define PARKER_CONSOLE_MIN	0x40000	/* Bytes of the smallest ring. */
#define PARKER_CONSOLE_CHUNK	1024	/* See struct parker_console. */

/* Bits of parker_given::required, and those that this kernel knows. */
#define PARKER_REQUIRED_LOCKDOWN	1 /* @lockdown is there, and to be taken over. */
#define PARKER_REQUIRED_KNOWN		PARKER_REQUIRED_LOCKDOWN

/* parker_given::lockdown, as in /sys/kernel/security/lockdown */
#define PARKER_LOCKDOWN_NONE		0
#define PARKER_LOCKDOWN_INTEGRITY	1
#define PARKER_LOCKDOWN_CONFIDENTIALITY	2

/* parker_given::flags */
#define PARKER_GIVEN_X2APIC		BIT(0) /* CPUs run in x2APIC mode. */
#define PARKER_GIVEN_TSC_RELIABLE	BIT(1) /* The boot kernel trusts it. */

#ifndef __ASSEMBLY__

/**
 * struct parker_cpu - one CPU of the partition
 * @apic_id:	its APIC ID
 * @node:	the boot kernel's number of its NUMA node
 */
struct parker_cpu {
	__le32 apic_id;
	__le32 node;
};

static_assert(sizeof(struct parker_cpu) == 8);

/**
 * struct parker_ram - one region of the partition's memory
 * @start:	physical address, a multiple of 2 MiB
 * @len:	length in bytes, a multiple of 2 MiB
 * @node:	the boot kernel's number of its NUMA node
 * @pad:	zero
 */
struct parker_ram {
	__le64 start;
	__le64 len;
	__le32 node;
	__le32 pad;
};

static_assert(sizeof(struct parker_ram) == 24);

/* parker_bar::flags */
#define PARKER_BAR_64BIT	BIT(0)	/* Takes the place of two BARs. */
#define PARKER_BAR_PREFETCH	BIT(1)

/**
 * struct parker_bar - one memory BAR of a PCI function
 * @start:	physical address, as the CPU sees it
 * @len:	length in bytes, a power of two; 0: there is no such BAR
 * @flags:	PARKER_BAR_*
 * @pad:	zero
 */
struct parker_bar {
	__le64 start;
	__le64 len;
	__le32 flags;
	__le32 pad;
};

static_assert(sizeof(struct parker_bar) == 24);

/**
 * struct parker_function - one PCI function of the partition
 * @config:	physical address of the 4 KiB of its configuration space
 * @segment:	its PCI segment
 * @bus:	its bus number
 * @devfn:	its device and function number on the bus
 * @vendor:	its vendor, which a virtual function does not tell by itself
 * @device:	its device ID, likewise
 * @pad:	zero
 * @node:	the boot kernel's number of its NUMA node
 * @bars:	where its BARs are, which is where they stay
 */
struct parker_function {
	__le64 config;
	__le32 segment;
	__u8 bus;
	__u8 devfn;
	__le16 vendor;
	__le16 device;
	__le16 pad;
	__le32 node;
	struct parker_bar bars[PARKER_MAX_BARS];
};

static_assert(sizeof(struct parker_function) == 168);

/**
 * struct parker_given - what the boot kernel hands over
 * @magic:		%PARKER_MAGIC
 * @version:		version of the contract that the block is written in
 * @oldest:		oldest version whose readers understand the block
 * @size:		bytes of this structure with its tables, checksummed
 * @checksum:		parker_abi_checksum() over @size bytes, itself taken as 0
 * @required:		features that the application kernel must know
 * @optional:		features that it may ignore
 * @flags:		PARKER_GIVEN_*
 * @id:			id of the partition
 * @name:		its name, terminated by a zero byte
 * @block_len:		length of the whole block in bytes
 * @request_offset:	offset of struct parker_request from the block's start
 * @told_offset:	offset of struct parker_told
 * @console_offset:	offset of struct parker_console, the ring follows it
 * @console_size:	bytes of the ring, a power of two
 * @nr_cpus:		entries of the table of CPUs, the first is the boot CPU
 * @cpus_offset:	offset of that table of struct parker_cpu
 * @nr_rams:		entries of the table of regions, 1 to %PARKER_MAX_REGIONS
 * @rams_offset:	offset of that table of struct parker_ram
 * @low_start:		low memory for starting further CPUs, below 1 MiB
 * @low_len:		its length in bytes, 0: none, one CPU only
 * @tsc_khz:		frequency of the time stamp counter
 * @apic_timer_hz:	frequency of the local APIC timer's input, 0: unknown,
 *			the timer is used in TSC deadline mode
 * @wall_sec:		wall time at @wall_tsc, seconds since the epoch
 * @wall_nsec:		nanoseconds of it
 * @nr_functions:	entries of the table of PCI functions, since version 2; 0 to
 *			%PARKER_MAX_FUNCTIONS
 * @functions_offset:	offset of that table of struct parker_function
 * @wall_tsc:		time stamp counter at which the wall time was taken
 * @pat:		layout of memory types (IA32_PAT) of the boot kernel, since
 *			version 3; 0: it has none
 * @split_lock:		what its split_lock_detect= is, terminated by a zero byte,
 *			since version 3; empty: its CPUs cannot detect split locks
 * @lockdown:		PARKER_LOCKDOWN_*, how far it is locked down, never NONE; there
 *			only with %PARKER_REQUIRED_LOCKDOWN
 * @pad:		zero, there with @lockdown
 *
 * @pat, @split_lock and @lockdown are policy: the application kernel takes them over.
 *
 * If this structure is modified, see the rules in "The hand-over block".
 */
struct parker_given {
	__le32 magic;
	__le16 version;
	__le16 oldest;
	__le32 size;
	__le32 checksum;
	__le64 required;
	__le64 optional;
	__le32 flags;
	__le32 id;
	__u8 name[PARKER_NAME_LEN];
	__le32 block_len;
	__le32 request_offset;
	__le32 told_offset;
	__le32 console_offset;
	__le32 console_size;
	__le32 nr_cpus;
	__le32 cpus_offset;
	__le32 nr_rams;
	__le32 rams_offset;
	__le32 low_start;
	__le32 low_len;
	__le32 tsc_khz;
	__le64 apic_timer_hz;
	__le64 wall_sec;
	__le32 wall_nsec;
	__le16 nr_functions;
	__le16 functions_offset;
	__le64 wall_tsc;
	__le64 pat;
	__u8 split_lock[PARKER_SPLIT_LOCK_LEN];
	__le32 lockdown;
	__le32 pad;
};

static_assert(offsetof(struct parker_given, name) == 40);
static_assert(offsetof(struct parker_given, block_len) == 72);
static_assert(offsetof(struct parker_given, apic_timer_hz) == 120);
static_assert(offsetof(struct parker_given, pat) == 152);
static_assert(offsetof(struct parker_given, lockdown) == 176);
static_assert(sizeof(struct parker_given) == 184);

/* parker_request::request */
#define PARKER_REQUEST_NONE	0
#define PARKER_REQUEST_STOP	1	/* Power off in an orderly way. */

/**
 * struct parker_request - what the boot kernel asks for while the kernel runs
 * @request:	PARKER_REQUEST_*
 * @pad:	zero
 */
struct parker_request {
	__le32 request;
	__le32 pad;
};

static_assert(sizeof(struct parker_request) == 8);

/* parker_told::state: each value is entered once, in this order. */
#define PARKER_TOLD_NOTHING	0
#define PARKER_TOLD_UP		1	/* Has come up, init runs next. */
#define PARKER_TOLD_ENDED	2	/* All of its CPUs halt, see @end. */

/* parker_told::end */
#define PARKER_END_NONE		0
#define PARKER_END_POWEROFF	1
#define PARKER_END_HALT		2
#define PARKER_END_REBOOT	3
#define PARKER_END_PANIC	4

/* parker_told::stamps: what this kernel did first at that time. */
#define PARKER_STAMP_ENTRY	0	/* Ran code of its own, unpacked. */
#define PARKER_STAMP_CONSOLE	1	/* Printed a byte. */
#define PARKER_STAMP_UP		2	/* Had come up, init runs next. */
#define PARKER_STAMP_USER	3	/* Had a program print a byte. */
#define PARKER_NR_STAMPS	4

/**
 * struct parker_mapping - where a part of the partition's memory is mapped
 * @virt:	virtual address in the application kernel
 * @phys:	physical address
 * @len:	length in bytes
 */
struct parker_mapping {
	__le64 virt;
	__le64 phys;
	__le64 len;
};

static_assert(sizeof(struct parker_mapping) == 24);

/**
 * struct parker_told - what the application kernel reports
 * @version:		version of the contract that it writes
 * @state:		PARKER_TOLD_*, stored last (release)
 * @end:		PARKER_END_*, valid in %PARKER_TOLD_ENDED
 * @panicked:		1 after the panic record is complete (release)
 * @panic_timeout:	the panic timeout in force there: seconds until the
 *			boot kernel restarts it, negative: at once, 0: never
 * @nr_cpus:		CPUs that are online there
 * @heartbeat:		counts up from a hard-interrupt timer
 * @workbeat:		counts up from ordinary work
 * @ip:			instruction address of the panic, 0: unknown
 * @message:		the panic message, terminated by a zero byte
 * @notes:		physical address of ELF notes for a core file
 * @notes_len:		their length in bytes, 0: none
 * @nr_maps:		entries of @maps
 * @maps:		what such a file needs to be read by virtual addresses
 * @stamps:		time stamp counter at each PARKER_STAMP_*, since version 3;
 *			0: not yet, or not told
 *
 * Nothing in it is trusted by the boot kernel.
 */
struct parker_told {
	__le32 version;
	__le32 state;
	__le32 end;
	__le32 panicked;
	__le32 panic_timeout;
	__le32 nr_cpus;
	__le64 heartbeat;
	__le64 workbeat;
	__le64 ip;
	__u8 message[PARKER_TEXT_LEN];
	__le64 notes;
	__le32 notes_len;
	__le32 nr_maps;
	struct parker_mapping maps[PARKER_MAX_MAPS];
	__le64 stamps[PARKER_NR_STAMPS];
};

static_assert(offsetof(struct parker_told, heartbeat) == 24);
static_assert(offsetof(struct parker_told, notes) == 304);
static_assert(offsetof(struct parker_told, stamps) == 1088);
static_assert(sizeof(struct parker_told) == 1120);

/**
 * struct parker_console - header of the console ring
 * @head:	bytes printed so far: the position of the next one.  Byte N of
 *		the stream lies at N modulo the ring's size.  Counts up without
 *		wrapping and is stored after the bytes (release), at the latest
 *		after %PARKER_CONSOLE_CHUNK of them
 * @pad:	zero, the ring's bytes begin behind it
 *
 * There is one producer and no consumer that the producer would know of: old
 * text is overwritten.  As the bytes of the next chunk may already be there, a
 * reader can rely on the ring's size less one chunk.
 */
struct parker_console {
	__le64 head;
	__u8 pad[56];
};

static_assert(sizeof(struct parker_console) == 64);

#endif /* !__ASSEMBLY__ */

/*
 * An application kernel says in the variable part of its kernel_info
 * (Documentation/arch/x86/boot.rst) that it is one: the magic as bytes
 * "PRKR", then the versions of the contract that it understands.
 */

/* parker_declaration::flags */
#define PARKER_DECLARES_X2APIC		1 /* Can run in x2APIC mode. */
#define PARKER_DECLARES_RELOCATIONS	2 /* Its payload ends with tables as of Linux 6.12. */

#ifndef __ASSEMBLY__

/**
 * struct parker_declaration - how an image declares that it can be a partition's
 * @magic:	%PARKER_MAGIC
 * @size:	bytes of this structure
 * @version:	newest version of the contract that the kernel understands
 * @oldest:	oldest version that it understands
 * @flags:	PARKER_DECLARES_*
 * @required:	required features that it knows
 */
struct parker_declaration {
	__le32 magic;
	__le32 size;
	__le16 version;
	__le16 oldest;
	__le32 flags;
	__le64 required;
};

static_assert(sizeof(struct parker_declaration) == 24);

/**
 * struct parker_contract - what a boot kernel writes, in its own byte order
 * @version:	version of the contract
 * @oldest:	oldest version whose readers understand that
 * @required:	features that an application kernel must know
 * @optional:	features that it may ignore
 */
struct parker_contract {
	u16 version;
	u16 oldest;
	u64 required;
	u64 optional;
};

size_t parker_abi_given_size(u16 version);
size_t parker_abi_told_size(u16 version);
u32 parker_abi_lockdown(const struct parker_given *given);
u32 parker_abi_checksum(const struct parker_given *given, size_t size);
int parker_abi_check_given(const void *block, size_t len);
int parker_abi_check_declaration(const void *decl, size_t len,
				 const struct parker_contract *ours);

#endif /* !__ASSEMBLY__ */
#endif /* _LINUX_PARKER_ABI_H */
