/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parker: what the files of the file system share.
 */
#ifndef _KERNEL_PARKER_FS_H
#define _KERNEL_PARKER_FS_H

#include <linux/bits.h>
#include <linux/kernfs.h>
#include <linux/lockdep.h>
#include <linux/types.h>

#include "internal.h"

struct file;
struct seq_file;

/**
 * struct parker_write - a write to a file
 * @file:	the open file, for its opener's capabilities
 * @buf:	what was written, without blanks at both ends
 * @off:	where in the file
 * @err:	gets the sentence
 */
struct parker_write {
	struct file *file;
	char *buf;
	loff_t off;
	struct parker_error *err;
};

/* The handlers take op_mutex themselves, or need none. */
#define PARKER_FILE_UNLOCKED	BIT(0)

/**
 * struct parker_file - a file of the root or of a partition
 * @name:	its name; the table ends with an entry without one
 * @mode:	its access mode
 * @flags:	PARKER_FILE_*
 * @ops:	what is done with it, if not @show and @write
 * @show:	prints it; the partition is NULL in the root
 * @show_size:	counts the bytes that @show prints at most; NULL: a page holds them
 * @write:	carries a write out, whole or not at all: 0 or a negative errno.
 *		Runs without an active reference
 * @key:	tells lockdep about waiting for the file's removal
 *
 * In a partition, @show and @write run under op_mutex and only while it is not
 * dead, unless @flags has %PARKER_FILE_UNLOCKED.
 */
struct parker_file {
	const char *name;
	umode_t mode;
	unsigned int flags;
	const struct kernfs_ops *ops;
	int (*show)(struct seq_file *m, struct parker_partition *p);
	size_t (*show_size)(void);
	int (*write)(struct parker_partition *p, const struct parker_write *w);
	struct lock_class_key key;
};

/**
 * parker_file_partition() - Find what an open file is about
 * @of: the file
 *
 * Context: any, while the file is active.
 * Return: the partition, or NULL in the root.
 */
static inline struct parker_partition *parker_file_partition(const struct kernfs_open_file *of)
{
	/* Files are never moved, so the parent is constant. */
	return of->kn->parent->priv;
}

/* from fs.c */
bool parker_may(const struct file *file, int cap);
bool parker_fs_has(const char *name);
int parker_fs_publish(struct parker_partition *p, struct parker_error *err);
int parker_fs_show_error(struct seq_file *m, struct parker_partition *p);

/* from files.c */
extern struct parker_file parker_partition_files[];

/* from root.c */
extern struct parker_file parker_root_files[];
int parker_make(const char *name, struct parker_error *err);

/* from console.c */

/**
 * struct parker_reader - an open console
 * @p:		the partition, alive as long as the file is active
 * @next:	offset at which a reader who goes on reads
 * @pos:	position in the stream that this stands for
 * @note:	what there is to say about lost text
 * @note_len:	its length
 * @note_at:	how much of it was read
 */
struct parker_reader {
	struct parker_partition *p;
	loff_t next;
	u64 pos;
	char note[40];
	unsigned int note_len;
	unsigned int note_at;
};

size_t parker_reader_read(struct parker_reader *reader, const struct parker_console *ring,
			  size_t size, char *buf, size_t count, loff_t off);
extern const struct kernfs_ops parker_console_ops;

/* from vmcore.c */
#if IS_ENABLED(CONFIG_KUNIT)
struct elf64_phdr;
bool parker_core_segment(const struct parker_mapping *map, const struct parker_region *region,
			 u64 offset, struct elf64_phdr *phdr);
#endif
extern const struct kernfs_ops parker_vmcore_ops;

#endif /* _KERNEL_PARKER_FS_H */
