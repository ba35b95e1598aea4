// SPDX-License-Identifier: GPL-2.0
/*
 * One start of an application kernel: what it needs from the machine.
 */
#include <linux/err.h>
#include <linux/kexec.h>
#include <linux/parker.h>
#include <linux/slab.h>

#include "internal.h"

static int take_low(struct parker_boot *boot, struct parker_error *err)
{
	if (cpumask_weight(boot->cpus) == 1)
		return 0;
	boot->arch->low = parker_low_get();
	if (!boot->arch->low)
		return parker_fail(err, -ENOSPC,
				   "All %u slots below 1 MiB are taken by running partitions: stop one, or use a single CPU, which needs no slot",
				   parker_low_total());
	return 0;
}

static int take_guard(struct parker_boot *boot, struct parker_error *err)
{
	struct parker_guard *guard;

	if (!boot->guarded)
		return 0;
	guard = parker_guard_alloc(boot, boot->arch->low, err);
	if (IS_ERR(guard))
		return PTR_ERR(guard);
	boot->arch->guard = guard;
	return 0;
}

static int map_all(struct parker_boot *boot, struct parker_error *err)
{
	struct arch_parker_boot *arch = boot->arch;
	phys_addr_t slots;
	size_t len;
	int ret;

	arch->paging = parker_paging_alloc();
	if (!arch->paging)
		goto no_memory;
	slots = parker_slots_pa(&len);
	ret = parker_paging_map(arch->paging, parker_stub_pa, PAGE_SIZE);
	ret = ret ?: parker_paging_map(arch->paging, slots, len);
	for (unsigned int i = 0; !ret && i < boot->nr_regions; i++)
		ret = parker_paging_map(arch->paging, boot->regions[i].start,
					boot->regions[i].len);
	if (arch->guard)
		ret = ret ?: parker_guard_map(arch->guard, boot, arch->paging);
	ret = ret ?: parker_paging_root(arch->paging, !arch->guard && parker_wants_la57(boot),
					&arch->cr3, &arch->cr4);
	if (!ret)
		return 0;
no_memory:
	return parker_fail(err, -ENOMEM, "Not enough memory below 4 GiB for page tables");
}

int arch_parker_prepare(struct parker_boot *boot, struct parker_error *err)
{
	int ret;

	boot->arch = kzalloc(sizeof(*boot->arch), GFP_KERNEL);
	if (!boot->arch)
		return parker_fail(err, -ENOMEM, "Not enough kernel memory");
	ret = take_low(boot, err) ?: take_guard(boot, err);
	if (!ret)
		ret = map_all(boot, err);
	if (!ret)
		ret = parker_build(boot, boot->arch->low, &boot->arch->entry,
				   &boot->arch->arg, err);
	if (!ret && boot->arch->guard)
		parker_guard_enter(boot->arch->guard, boot);
	if (ret)
		arch_parker_finish(boot);
	return ret;
}

int arch_parker_kick(struct parker_boot *boot, struct parker_error *err)
{
	struct arch_parker_boot *arch = boot->arch;

	if (parker_send_to(boot->boot_cpu, arch->cr3, arch->cr4, arch->entry, arch->arg))
		return parker_fail(err, -EIO, "CPU %u did not answer a start-up IPI",
				   boot->boot_cpu);
	return 0;
}

void arch_parker_finish(struct parker_boot *boot)
{
	if (!boot->arch)
		return;
	parker_guard_free(boot->arch->guard);
	parker_paging_free(boot->arch->paging);
	parker_low_put(boot->arch->low);
	kfree(boot->arch);
	boot->arch = NULL;
}
