// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: the console ring.
 *
 * Pure functions.  The application kernel writes, the boot kernel reads, and
 * neither waits for the other.
 */
#include <asm/barrier.h>
#include <asm/byteorder.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/parker_ring.h>
#include <linux/string.h>

/**
 * parker_ring_write() - Print into the ring
 * @ring:	the ring, owned by this kernel
 * @size:	bytes of the ring, a power of two
 * @text:	what to print
 * @len:	its length in bytes
 *
 * Context: any.  The caller makes sure that there is one writer at a time.
 */
void parker_ring_write(struct parker_console *ring, size_t size, const char *text, size_t len)
{
	u64 head = le64_to_cpu(READ_ONCE(ring->head));
	char *bytes = (char *)(ring + 1);

	while (len) {
		size_t at = head & (size - 1);
		size_t n = min3(len, size - at, (size_t)PARKER_CONSOLE_CHUNK);

		/*
		 * The head must be out before the bytes that follow it overwrite
		 * old ones.  Pairs with smp_rmb() in parker_ring_read() of the
		 * boot kernel.
		 */
		smp_wmb();
		memcpy(bytes + at, text, n);
		head += n;
		text += n;
		len -= n;
		/*
		 * Pairs with smp_load_acquire() in parker_ring_read() of the boot
		 * kernel.
		 */
		smp_store_release(&ring->head, cpu_to_le64(head));
	}
}

/**
 * parker_ring_overwritten() - Count the bytes that a reader may no longer use
 * @head:	the ring's head, any value
 * @size:	bytes of the ring, a power of two
 * @pos:	position of the first byte that the reader wants
 * @len:	how many it wants
 *
 * The writer may be at work on one chunk behind the head.
 *
 * Return: how many of the bytes, counted from the first, were overwritten or
 * may just be.
 */
u64 parker_ring_overwritten(u64 head, size_t size, u64 pos, u64 len)
{
	u64 window = size - PARKER_CONSOLE_CHUNK;
	u64 oldest = head > window ? head - window : 0;

	return oldest > pos ? min(oldest - pos, len) : 0;
}

static void copy_from_ring(const struct parker_console *ring, size_t size, u64 pos,
			   char *buf, size_t len)
{
	const char *bytes = (const char *)(ring + 1);
	size_t at = pos & (size - 1);
	size_t first = min(len, size - at);

	memcpy(buf, bytes + at, first);
	memcpy(buf + first, bytes, len - first);
}

/**
 * parker_ring_read() - Read what an application kernel printed
 * @ring:	the ring; nothing in it is trusted
 * @size:	bytes of the ring, a power of two; not from the application kernel
 * @pos:	position in the stream to read from; becomes that behind the last
 *		byte read or lost
 * @buf:	gets the bytes
 * @count:	its length
 * @lost:	gets the number of bytes before those in @buf that were overwritten
 *
 * A head behind @pos, or one that no count of bytes can reach, reads as
 * nothing new.  The work is bounded by @count whatever the head is.
 *
 * Context: any; the ring may be written to meanwhile.
 * Return: the number of bytes in @buf.  It can be 0 with @lost not 0, if the
 * writer has overtaken the reader.
 */
size_t parker_ring_read(const struct parker_console *ring, size_t size, u64 *pos,
			char *buf, size_t count, u64 *lost)
{
	size_t overwritten;
	size_t n;
	u64 head;

	*lost = 0;
	/*
	 * Pairs with smp_store_release() in parker_ring_write() of the
	 * application kernel.
	 */
	head = le64_to_cpu(smp_load_acquire(&ring->head));
	if (head > S64_MAX || *pos >= head)
		return 0;

	*lost = parker_ring_overwritten(head, size, *pos, head - *pos);
	*pos += *lost;
	n = min_t(u64, head - *pos, count);
	copy_from_ring(ring, size, *pos, buf, n);

	/*
	 * The bytes must be read before the head is read again.  Pairs with
	 * smp_wmb() in parker_ring_write() of the application kernel.
	 */
	smp_rmb();
	head = le64_to_cpu(READ_ONCE(ring->head));
	overwritten = parker_ring_overwritten(head, size, *pos, n);
	memmove(buf, buf + overwritten, n - overwritten);
	*lost += overwritten;
	*pos += n;
	return n - overwritten;
}
