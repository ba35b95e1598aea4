// SPDX-License-Identifier: GPL-2.0
/*
 * fio wants one piece of System V shared memory for itself and its children, which
 * the test kernel does not have. It is preloaded.
 */
#include <stddef.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/types.h>

static void *memory;

int shmget(key_t key, size_t size, int flags)
{
	(void)key, (void)flags;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? -1 : 1;
}

void *shmat(int id, const void *address, int flags)
{
	(void)id, (void)address, (void)flags;
	return memory;
}

int shmdt(const void *address)
{
	(void)address;
	return 0;
}

int shmctl(int id, int command, struct shmid_ds *buf)
{
	(void)id, (void)command, (void)buf;
	return 0;
}
