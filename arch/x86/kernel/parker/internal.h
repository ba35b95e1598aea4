/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker on x86: the parking place, which C and entry_64.S share, and what the
 * files here offer each other.
 */
#ifndef _X86_KERNEL_PARKER_INTERNAL_H
#define _X86_KERNEL_PARKER_INTERNAL_H

/* Offsets in struct parker_slot, asserted below. */
#define SLOT_APIC_ID	0
#define SLOT_CR4	4
#define SLOT_CR3	8
#define SLOT_TICKET	12
#define SLOT_SIGNED	16
#define SLOT_FAULTED	20
#define SLOT_ENTRY	24
#define SLOT_ARG	32
#define SLOT_NR_MSRS	40
#define SLOT_KEEP	44
#define SLOT_MSRS	48
#define SLOT_SIZE	512

/* A struct parker_msr. */
#define SLOT_MSR_LEN	12
#define SLOT_MAX_MSRS	24

/* Vectors of the stub that have a handler. */
#define STUB_VECTORS	19

#ifndef __ASSEMBLY__

#include <linux/build_bug.h>
#include <linux/cpumask_types.h>
#include <linux/parker.h>
#include <linux/sizes.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <asm/bootparam.h>

/**
 * struct parker_msr - an MSR that a CPU writes where it changes its owner
 * @nr:		its number
 * @low:	bits 31 to 0 of the value
 * @high:	bits 63 to 32
 */
struct parker_msr {
	u32 nr;
	u32 low;
	u32 high;
};

static_assert(sizeof(struct parker_msr) == SLOT_MSR_LEN);

/**
 * struct parker_slot - where a claimed CPU goes when it leaves INIT
 * @apic_id:	whose slot this is
 * @cr4:	bits of CR4 beside PAE and MCE: the paging mode of @cr3
 * @cr3:	page tables, below 4 GiB
 * @ticket:	what the CPU shall sign in with
 * @signed_in:	what it did sign in with: equal to @ticket, it has arrived
 * @faulted:	the complement of the MSR whose write was a fault, so that the CPU halted
 *		without signing in; 0: none was
 * @entry:	physical address of a 64-bit entry to jump to, 0: halt here
 * @arg:	value of %rsi there
 * @nr_msrs:	entries of @msrs
 * @keep:	write no more than @msrs: a test's
 * @msrs:	what is written before the CPU signs in
 * @stack:	for the handlers of NMI and machine check while parked
 */
struct parker_slot {
	u32 apic_id;
	u32 cr4;
	u32 cr3;
	u32 ticket;
	u32 signed_in;
	u32 faulted;
	u64 entry;
	u64 arg;
	u32 nr_msrs;
	u32 keep;
	struct parker_msr msrs[SLOT_MAX_MSRS];
	u8 stack[SLOT_SIZE - SLOT_MSRS - SLOT_MAX_MSRS * SLOT_MSR_LEN];
};

static_assert(offsetof(struct parker_slot, cr4) == SLOT_CR4);
static_assert(offsetof(struct parker_slot, cr3) == SLOT_CR3);
static_assert(offsetof(struct parker_slot, ticket) == SLOT_TICKET);
static_assert(offsetof(struct parker_slot, signed_in) == SLOT_SIGNED);
static_assert(offsetof(struct parker_slot, faulted) == SLOT_FAULTED);
static_assert(offsetof(struct parker_slot, entry) == SLOT_ENTRY);
static_assert(offsetof(struct parker_slot, arg) == SLOT_ARG);
static_assert(offsetof(struct parker_slot, nr_msrs) == SLOT_NR_MSRS);
static_assert(offsetof(struct parker_slot, keep) == SLOT_KEEP);
static_assert(offsetof(struct parker_slot, msrs) == SLOT_MSRS);
static_assert(sizeof(struct parker_slot) == SLOT_SIZE);

/*
 * Filled into the copy of the stub, see entry_64.S.  Everything is packed: the
 * layout is the hardware's.
 */
struct parker_stub_data {
	u32 far32_offset;
	u16 far32_selector;
	u16 pad0;
	u32 far64_offset;
	u16 far64_selector;
	u16 pad1;
	u32 slots;
	u32 nr_slots;
	u16 gdt_limit;
	u32 gdt_base;
	u16 pad2;
	u16 idt_limit;
	u64 idt_base;
	u16 frame16[3];
	u64 gdt[4];
	u32 frame32[3];
	u32 pad3;
	u8 idt[16 * STUB_VECTORS];
} __packed;

/* Offsets of labels from the start of the stub, and its data. */
extern const char parker_stub[], parker_stub_end[];
extern const u32 parker_stub_code32, parker_stub_code64, parker_stub_nmi16,
		 parker_stub_nmi32, parker_stub_mce32, parker_stub_nmi, parker_stub_mce,
		 parker_stub_fault, parker_stub_data;

/* from debug.c: CPUs that are not believed, and what is scrubbed otherwise, for tests */
extern struct cpumask parker_unheard;
void parker_scrub_disturb(struct parker_slot *slot);

/* from parking.c */
extern phys_addr_t parker_stub_pa;
phys_addr_t parker_slots_pa(size_t *len);
int parker_send_to(unsigned int cpu, u32 cr3, u32 cr4, u64 entry, u64 arg);
void parker_lead_to(unsigned int cpu, u32 cr3, u32 cr4, u64 entry, u64 arg);

/* from scrub.c */
void parker_scrub_fill(struct parker_slot *slot, unsigned int cpu, bool give_back);

/* from low.c */
phys_addr_t parker_low_page(void);
phys_addr_t parker_low_get(void);
void parker_low_put(phys_addr_t slot);
unsigned int parker_low_total(void);

#define PARKER_LOW_LEN	SZ_32K

/* Each place with memory errors can make two pieces of one. */
#define PARKER_MAX_PIECES	(PARKER_MAX_REGIONS + PARKER_MAX_BAD)

/* from paging.c */
struct parker_paging;
struct parker_paging *parker_paging_alloc(void);
int parker_paging_map(struct parker_paging *paging, phys_addr_t start, phys_addr_t len);
int parker_paging_root(struct parker_paging *paging, bool la57, u32 *cr3, u32 *cr4);
void parker_paging_free(struct parker_paging *paging);

/* from guard_msrs.c */
void parker_guard_allow_msrs(unsigned long *map);

/* from guard.c */
struct parker_boot;
struct parker_error;
struct parker_guard;

/**
 * struct arch_parker_boot - what a start holds until its CPUs are stopped
 * @low:	slot below 1 MiB, 0: the kernel has one CPU and needs none
 * @paging:	identity page tables
 * @cr3:	their root
 * @cr4:	their paging mode
 * @entry:	where the first CPU goes
 * @arg:	value of %rsi there
 * @guard:	what holds the kernel inside its partition, NULL: nothing
 */
struct arch_parker_boot {
	phys_addr_t low;
	struct parker_paging *paging;
	u32 cr3;
	u32 cr4;
	u64 entry;
	u64 arg;
	struct parker_guard *guard;
};

#ifdef CONFIG_PARKER_GUARD
struct parker_guard *parker_guard_alloc(const struct parker_boot *boot, phys_addr_t low,
					struct parker_error *err);
void parker_guard_free(struct parker_guard *pg);
int parker_guard_map(const struct parker_guard *pg, const struct parker_boot *boot,
		     struct parker_paging *paging);
void parker_guard_enter(struct parker_guard *pg, const struct parker_boot *boot);
#else
static inline struct parker_guard *parker_guard_alloc(const struct parker_boot *boot,
						      phys_addr_t low, struct parker_error *err)
{
	return NULL;
}

static inline void parker_guard_free(struct parker_guard *pg)
{
}

static inline int parker_guard_map(const struct parker_guard *pg,
				   const struct parker_boot *boot,
				   struct parker_paging *paging)
{
	return 0;
}

static inline void parker_guard_enter(struct parker_guard *pg, const struct parker_boot *boot)
{
}
#endif

/**
 * struct parker_policy - what all kernels of the machine do alike
 * @split_lock:	what split_lock_detect= is; empty: CPUs cannot detect split locks
 * @pat:	layout of memory types, 0: none
 * @lockdown:	PARKER_LOCKDOWN_*, handed over at least: a test's
 */
struct parker_policy {
	char split_lock[PARKER_SPLIT_LOCK_LEN];
	u64 pat;
	u32 lockdown;
};

/* from policy.c */
extern struct parker_policy parker_policy;
int parker_policy_check(const struct parker_policy *ours, const char *cmdline,
			unsigned int version, struct parker_error *err);
void parker_policy_fill(struct parker_given *given, u32 lockdown);

/* from boot_params.c */
extern struct parker_contract parker_contract;

/**
 * struct parker_place - where the parts of a kernel go
 * @kernel:	the payload: at the bottom of a region, or where KASLR has put it
 * @initrd:	the rest, at the top of one
 * @params:	a struct parker_params
 * @block:	the hand-over block
 */
struct parker_place {
	phys_addr_t kernel;
	phys_addr_t initrd;
	phys_addr_t params;
	phys_addr_t block;
};

/**
 * struct parker_room - what is still free of each piece of memory while parts are placed
 * @start:	where the free part begins
 * @end:	where it ends
 * @nr:		the number of pieces: regions, or what memory errors leave of them
 */
struct parker_room {
	phys_addr_t start[PARKER_MAX_PIECES];
	phys_addr_t end[PARKER_MAX_PIECES];
	unsigned int nr;
};

/**
 * struct parker_params - the zero page with all that it points to
 * @bp:			the zero page itself
 * @block_node:		setup_data node that leads to the hand-over block
 * @block:		its payload
 * @seed_node:		setup_data node of the seed
 * @seed:		its payload
 * @rsdp:		an empty RSDP: the decompressor would search BIOS memory
 *			for one if it were told nothing
 * @cmdline:		the command line, terminated by a zero byte
 */
struct parker_params {
	struct boot_params bp;
	struct setup_data block_node;
	struct setup_indirect block;
	struct setup_data seed_node;
	u8 seed[32];
	u8 rsdp[64];
	char cmdline[];
};

const struct setup_header *parker_image_header(const void *kernel);
size_t parker_image_setup_len(const struct setup_header *hdr);
const struct parker_declaration *parker_find_declaration(const void *kernel, size_t len);
void parker_copy_in(phys_addr_t to, const void *from, size_t len);
int parker_build(struct parker_boot *boot, phys_addr_t low, u64 *entry, u64 *arg,
		 struct parker_error *err);
bool parker_wants_la57(const struct parker_boot *boot);

/* from unpack.c */
bool parker_wants_kaslr(const struct parker_boot *boot);
phys_addr_t parker_place_random(const struct parker_room *room, u64 len, u64 align,
				phys_addr_t lowest);
phys_addr_t parker_unpacked_place(const struct parker_boot *boot, phys_addr_t at, u64 align);

#if IS_ENABLED(CONFIG_KUNIT)
u64 parker_widest_hwp(u64 caps, u64 request);
u64 parker_widest_cppc(u64 caps, u64 request);
bool parker_low_is_reserved(phys_addr_t start, phys_addr_t len);
bool parker_place_bottom(struct parker_room *room, u64 len, u64 align, u64 min, phys_addr_t *at);
bool parker_place_top(struct parker_room *room, u64 len, phys_addr_t *at);
int parker_place_all(const struct parker_boot *boot, const struct parker_bad *bad,
		     struct parker_place *place, struct parker_error *err);
void parker_fill_params(const struct parker_boot *boot, const struct parker_bad *bad,
			const struct parker_place *place, phys_addr_t low,
			struct parker_params *params);
#endif

#endif /* !__ASSEMBLY__ */
#endif /* _X86_KERNEL_PARKER_INTERNAL_H */
