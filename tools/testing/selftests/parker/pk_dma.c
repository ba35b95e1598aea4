// SPDX-License-Identifier: GPL-2.0
/*
 * pk dma, msi, guard: can a device reach memory that is not its partition's?
 *
 * "dma" programs the DMA engine of QEMU's "edu" device, which copies 4 KiB between
 * an address and a buffer of its own, from inside an application kernel; "msi" has it
 * send an interrupt.  "guard" holds memory of the boot kernel that nobody may read or change.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pk.h"

#define PAGE		4096UL
#define PATTERN		0x6775617264656421ULL

#define EDU_RAISE	0x60
#define EDU_SOURCE	0x80
#define EDU_TARGET	0x88
#define EDU_COUNT	0x90
#define EDU_COMMAND	0x98
#define EDU_START	1
#define EDU_TO_RAM	3	/* With start. */
#define EDU_BUFFER	0x40000

#define MAX_RANGES	64
#define MAX_TARGETS	4096

static uint8_t *edu;

/* Physical address of a page of ours, 0 if that is not told. */
static uint64_t physical(const void *page)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry), (uintptr_t)page / PAGE * sizeof(entry)) !=
	    sizeof(entry))
		entry = 0;
	close(fd);
	return entry >> 63 ? (entry & ((1ULL << 55) - 1)) * PAGE : 0;
}

/* What is mapped stays where it is: huge pages would be split and moved. */
static uint64_t *get_memory(size_t len)
{
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED || mlock(memory, len)) {
		perror("mmap");
		return NULL;
	}
	return memory;
}

static uint64_t edu_read(unsigned int reg)
{
	return __atomic_load_n((uint64_t *)(edu + reg), __ATOMIC_ACQUIRE);
}

static void edu_write(unsigned int reg, uint64_t value)
{
	__atomic_store_n((uint64_t *)(edu + reg), value, __ATOMIC_RELEASE);
}

/* A device that was taken away reads as all ones. */
static bool edu_copy(uint64_t source, uint64_t target, unsigned int command)
{
	edu_write(EDU_SOURCE, source);
	edu_write(EDU_TARGET, target);
	edu_write(EDU_COUNT, PAGE);
	edu_write(EDU_COMMAND, command);
	for (int i = 0; i < 10000; i++) {
		if (!(edu_read(EDU_COMMAND) & EDU_START))
			return true;
		usleep(1000);
	}
	fprintf(stderr, "the device does not end its DMA\n");
	return false;
}

static bool edu_open(const char *device)
{
	char path[256];
	uint8_t command;
	int fd;

	/* Memory and bus mastering. */
	snprintf(path, sizeof(path), "%s/config", device);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || pread(fd, &command, 1, 4) != 1)
		goto error;
	command |= 6;
	if (pwrite(fd, &command, 1, 4) != 1)
		goto error;
	close(fd);

	snprintf(path, sizeof(path), "%s/resource0", device);
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		goto error;
	edu = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (edu != MAP_FAILED)
		return true;
error:
	perror(path);
	return false;
}

static bool overlaps(uint64_t address, const struct pk_range *ranges, int nr)
{
	for (int i = 0; i < nr; i++)
		if (address + PAGE > ranges[i].start && address <= ranges[i].end)
			return true;
	return false;
}

static uint64_t random_address(void)
{
	/* Up to 8 GiB: RAM on both sides of the hole below 4 GiB, and nothing. */
	uint64_t page = ((uint64_t)random() << 8 ^ random()) % (8ULL << 30 >> 12);

	return page * PAGE;
}

/* Its own memory it reaches: else it would prove nothing that others are not. */
static bool reaches_own(uint64_t *page, uint64_t at)
{
	for (unsigned int i = 0; i < PAGE / 8; i++)
		page[i] = i;
	if (!edu_copy(at, EDU_BUFFER, EDU_START))
		return false;
	memset(page, 0, PAGE);
	if (!edu_copy(EDU_BUFFER, at, EDU_TO_RAM))
		return false;
	for (unsigned int i = 0; i < PAGE / 8; i++)
		if (page[i] != i)
			return false;
	return true;
}

/* Did the device read what boot memory is filled with? */
static bool leaks(uint64_t target, uint64_t *page, uint64_t at)
{
	memset(page, 0, PAGE);
	if (!edu_copy(target, EDU_BUFFER, EDU_START) || !edu_copy(EDU_BUFFER, at, EDU_TO_RAM))
		return true;
	for (unsigned int i = 0; i < PAGE / 8; i++)
		if (page[i] == PATTERN)
			return true;
	return false;
}

/* Writes to and reads from @count addresses outside of this kernel's memory. */
int pk_dma(int argc, char **argv)
{
	static struct pk_range own[MAX_RANGES], targets[MAX_TARGETS];
	int nr_own, nr_targets = 0;
	unsigned long done = 0, leaked = 0, count;
	uint64_t *page, at;

	if (argc < 3)
		return PK_USAGE;
	count = strtoul(argv[2], NULL, 0);
	page = get_memory(PAGE);
	nr_own = pk_read_ranges("/proc/iomem", "System RAM", 1, own, MAX_RANGES);
	if (argc > 3)
		nr_targets = pk_read_ranges(argv[3], NULL, 1, targets, MAX_TARGETS);
	at = page ? physical(page) : 0;
	if (!at || nr_own < 1 || nr_targets < 0 || !edu_open(argv[1]))
		return PK_WRONG;
	printf("own memory: %s\n", reaches_own(page, at) ? "reached" : "NOT REACHED");
	fflush(stdout);

	srandom(getpid());
	while (done < count) {
		uint64_t target = nr_targets && done % 2 ?
				  targets[done / 2 % nr_targets].start : random_address();

		if (overlaps(target, own, nr_own))
			continue;
		if (done % 4 < 2)
			leaked += leaks(target, page, at);
		else
			edu_copy(EDU_BUFFER, target, EDU_TO_RAM);
		done++;
	}
	printf("%lu targets, %lu leaked\n", done, leaked);
	return leaked ? PK_WRONG : PK_OK;
}

/* Where the MSI capability lies in the configuration space, or 0 */
static unsigned int find_msi(int config)
{
	uint8_t entry[2] = { 0 };

	if (pread(config, &entry[1], 1, 0x34) != 1)
		return 0;
	for (int i = 0; entry[1] && i < 48; i++) {
		unsigned int at = entry[1];

		if (pread(config, entry, 2, at) != 2)
			return 0;
		if (entry[0] == 5)
			return at;
	}
	return 0;
}

/* A message of 64 bits of address, and no data */
static bool set_msi(const char *device, uint32_t address)
{
	const uint32_t message[3] = { address };
	const uint16_t enable = 1;
	char path[256];
	unsigned int msi;
	int config;
	bool set;

	snprintf(path, sizeof(path), "%s/config", device);
	config = open(path, O_RDWR | O_CLOEXEC);
	msi = config < 0 ? 0 : find_msi(config);
	set = msi && pwrite(config, message, sizeof(message), msi + 4) == sizeof(message) &&
	      pwrite(config, &enable, sizeof(enable), msi + 2) == sizeof(enable);
	if (!set)
		perror(path);
	close(config);
	return set;
}

/* Has it send an interrupt, whose address says which one. */
int pk_msi(int argc, char **argv)
{
	if (argc != 3)
		return PK_USAGE;
	if (!edu_open(argv[1]) || !set_msi(argv[1], strtoul(argv[2], NULL, 0)))
		return PK_WRONG;
	__atomic_store_n((uint32_t *)(edu + EDU_RAISE), 1, __ATOMIC_RELEASE);
	return PK_OK;
}

/* Fills memory, lists where it is, and looks at it when the file END is there. */
int pk_guard(int argc, char **argv)
{
	unsigned long words, bad = 0;
	uint64_t *memory;
	FILE *list;

	if (argc != 4)
		return PK_USAGE;
	words = strtoul(argv[1], NULL, 0) << 20 >> 3;
	memory = get_memory(words * 8);
	list = fopen(argv[2], "w");
	if (!memory || !list)
		return PK_WRONG;
	for (unsigned long i = 0; i < words; i++)
		memory[i] = PATTERN;
	for (unsigned long i = 0; i < words; i += words / 1024)
		fprintf(list, "%llx\n", (unsigned long long)physical(memory + i) & -PAGE);
	fclose(list);
	while (access(argv[3], F_OK))
		usleep(100000);
	for (unsigned long i = 0; i < words; i++)
		bad += memory[i] != PATTERN;
	printf("%lu words changed\n", bad);
	return bad ? PK_WRONG : PK_OK;
}
