// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: reading what an application kernel printed.
 *
 * An offset in the file is a position in the stream.  Where older text was
 * overwritten, a reader gets a line that says how much, and then what is left:
 * from there on its offsets differ from positions by the same amount, until it
 * seeks.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kernfs.h>
#include <linux/minmax.h>
#include <linux/parker_ring.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fs.h"

static void seek_to(struct parker_reader *reader, loff_t pos)
{
	reader->next = pos;
	reader->pos = pos;
	reader->note_len = 0;
	reader->note_at = 0;
}

static size_t read_note(struct parker_reader *reader, char *buf, size_t count)
{
	size_t n = min_t(size_t, reader->note_len - reader->note_at, count);

	memcpy(buf, reader->note + reader->note_at, n);
	reader->note_at += n;
	return n;
}

/* A reader who was overtaken may be in the middle of a line. */
static void make_note(struct parker_reader *reader, u64 lost, bool goes_on)
{
	reader->note_len = scnprintf(reader->note, sizeof(reader->note), "%s[%llu bytes lost]\n",
				     goes_on ? "\n" : "", lost);
	reader->note_at = 0;
}

/**
 * parker_reader_read() - Read from a ring as from a file
 * @reader:	the reader
 * @ring:	the ring; nothing in it is trusted
 * @size:	bytes of the ring, a power of two
 * @buf:	gets the text
 * @count:	its length
 * @off:	offset in the file
 *
 * Context: any; one at a time for a reader.
 * Return: the number of bytes in @buf, 0 at the end.
 */
size_t parker_reader_read(struct parker_reader *reader, const struct parker_console *ring,
			  size_t size, char *buf, size_t count, loff_t off)
{
	bool goes_on = off && off == reader->next;
	u64 lost = 0;
	size_t n;

	if (!goes_on)
		seek_to(reader, off);

	n = read_note(reader, buf, count);
	if (!n) {
		u64 pos = reader->pos;

		n = parker_ring_read(ring, size, &pos, buf, count, &lost);
		if (lost) {
			/* The text behind the gap is read again after the note. */
			make_note(reader, lost, goes_on);
			reader->pos = pos - n;
			n = read_note(reader, buf, count);
		} else {
			reader->pos = pos;
		}
	}

	reader->next = off + n;
	return n;
}

static ssize_t read_locked(struct parker_reader *reader, char *buf, size_t count, loff_t off)
{
	const struct parker_partition *p = reader->p;

	lockdep_assert_held_read(&p->memory_sem);

	if (READ_ONCE(p->dead))
		return -ENODEV;
	if (!p->boot.block)
		return 0;
	return parker_reader_read(reader, p->layout.console, p->layout.console_size,
				  buf, count, off);
}

static ssize_t parker_console_read(struct kernfs_open_file *of, char *buf, size_t count,
				   loff_t off)
{
	struct parker_reader *reader = of->priv;
	struct parker_partition *p = reader->p;
	ssize_t ret;

	if (down_read_killable(&p->memory_sem))
		return -EINTR;
	ret = read_locked(reader, buf, count, off);
	up_read(&p->memory_sem);
	return ret;
}

/*
 * Programs that read a file backwards expect that a read between two positions
 * finds all bytes.  Text that was overwritten has positions, too, and more comes
 * at any time: without an end to seek from they read forwards.
 */
static loff_t parker_console_llseek(struct kernfs_open_file *of, loff_t offset, int whence)
{
	struct parker_reader *reader = of->priv;
	struct file *file = of->file;
	loff_t was = file->f_pos;
	loff_t pos;

	if (was == reader->next)
		file->f_pos = reader->pos;
	pos = no_seek_end_llseek(file, offset, whence);
	if (pos < 0)
		file->f_pos = was;
	else
		seek_to(reader, pos);
	return pos;
}

static __poll_t parker_console_poll(struct kernfs_open_file *of, struct poll_table_struct *pt)
{
	struct parker_reader *reader = of->priv;
	__poll_t mask = kernfs_generic_poll(of, pt);

	/* Without memory_sem, which may be held for seconds. */
	if (reader->note_at == reader->note_len &&
	    reader->pos >= READ_ONCE(reader->p->stat.console_bytes))
		mask &= ~(EPOLLIN | EPOLLRDNORM);
	return mask;
}

static int parker_console_open(struct kernfs_open_file *of)
{
	struct parker_reader *reader;

	reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	if (!reader)
		return -ENOMEM;

	reader->p = parker_file_partition(of);
	of->priv = reader;
	return 0;
}

static void parker_console_release(struct kernfs_open_file *of)
{
	kfree(of->priv);
}

const struct kernfs_ops parker_console_ops = {
	.open		= parker_console_open,
	.release	= parker_console_release,
	.read		= parker_console_read,
	.llseek		= parker_console_llseek,
	.poll		= parker_console_poll,
};
