// SPDX-License-Identifier: GPL-2.0
/*
 * The NUMA nodes of an application kernel: those that its memory and its CPUs are
 * on, as the boot kernel knows them.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/init.h>
#include <linux/nodemask.h>
#include <linux/numa_memblks.h>
#include <linux/parker.h>
#include <linux/printk.h>

#include <asm/numa.h>

/* The boot kernel's numbers of our nodes.  Here they count from 0. */
static u32 nodes_given[MAX_NUMNODES] __initdata;
static unsigned int nr_nodes_given __initdata;

static int __init app_node(__le32 given)
{
	u32 node = le32_to_cpu(given);
	unsigned int i;

	for (i = 0; i < nr_nodes_given; i++)
		if (nodes_given[i] == node)
			return i;
	/* What is too much for this kernel is taken for its last one. */
	if (i == MAX_NUMNODES)
		return i - 1;
	nodes_given[i] = node;
	nr_nodes_given++;
	return i;
}

static int __init add_rams(struct parker_given *given)
{
	const struct parker_ram *ram = (void *)given + le32_to_cpu(given->rams_offset);

	for (unsigned int i = 0; i < le32_to_cpu(given->nr_rams); i++, ram++) {
		u64 start = le64_to_cpu(ram->start);
		int node = app_node(ram->node);
		int ret = numa_add_memblk(node, start, start + le64_to_cpu(ram->len));

		if (ret)
			return ret;
		node_set(node, numa_nodes_parsed);
	}
	return 0;
}

/**
 * parker_app_numa_init() - Tell the memory management of the partition's nodes
 *
 * Return: 0, or the errno of what could not be added.
 */
int __init parker_app_numa_init(void)
{
	struct parker_given *given = parker_app_block();
	const struct parker_cpu *cpu = (void *)given + le32_to_cpu(given->cpus_offset);
	u64 low = le32_to_cpu(given->low_start);
	int ret = add_rams(given);

	if (!ret && given->low_len)
		ret = numa_add_memblk(0, low, low + le32_to_cpu(given->low_len));
	if (ret)
		return ret;

	for (unsigned int i = 0; i < le32_to_cpu(given->nr_cpus); i++) {
		u32 apic_id = le32_to_cpu(cpu[i].apic_id);
		int node = app_node(cpu[i].node);

		if (apic_id < MAX_LOCAL_APIC)
			set_apicid_to_node(apic_id, node);
		node_set(node, numa_nodes_parsed);
	}
	pr_info("%u NUMA nodes\n", nr_nodes_given);
	return 0;
}
