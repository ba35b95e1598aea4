// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: the file system: mounting, directories, and what all reads and
 * writes have in common.
 *
 * There is one root, made at boot.  It is never destroyed, so partitions need
 * no mount to live on.
 *
 * An operation that may sleep for long gives its active reference up first:
 * rmdir holds op_mutex while others wait for it, and then waits itself for all
 * active references to be dropped.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/magic.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/user_namespace.h>

#include "fs.h"

static struct kernfs_root *parker_root;

/* Text of the root's last_error. */
static DEFINE_SPINLOCK(parker_root_error_lock);
static struct parker_error parker_root_error;

static void note_result(struct parker_partition *p, int ret, struct parker_error *err)
{
	if (ret && !err->text[0])
		parker_fail(err, ret, "failed: %pe", ERR_PTR(ret));

	if (p) {
		parker_note_result(p, err);
		return;
	}

	scoped_guard(spinlock, &parker_root_error_lock)
		parker_root_error = *err;
}

/**
 * parker_fs_show_error() - Show last_error
 * @m:	the file
 * @p:	the partition, or NULL in the root
 *
 * Context: may sleep.
 * Return: 0.
 */
int parker_fs_show_error(struct seq_file *m, struct parker_partition *p)
{
	struct parker_error err;

	if (p) {
		scoped_guard(raw_spinlock_irqsave, &p->lock)
			err = p->error;
	} else {
		scoped_guard(spinlock, &parker_root_error_lock)
			err = parker_root_error;
	}

	seq_printf(m, "%s\n", err.text[0] ? err.text : "ok");
	return 0;
}

/**
 * parker_may() - Have both the opener of a file and its user a capability?
 * @file:	the file
 * @cap:	the capability
 *
 * Context: process.
 * Return: true if both have it.
 */
bool parker_may(const struct file *file, int cap)
{
	return file_ns_capable(file, &init_user_ns, cap) && capable(cap);
}

static int parker_seq_show(struct seq_file *m, void *v)
{
	struct kernfs_open_file *of = m->private;
	const struct parker_file *file = of->kn->priv;
	struct parker_partition *p = parker_file_partition(of);
	int ret;

	if (!file->show)
		return -EPERM;
	/* Woken by the removal, who polls must not find all as it was. */
	if (p && READ_ONCE(p->dead))
		return -ENODEV;
	if (!p || file->flags & PARKER_FILE_UNLOCKED)
		return file->show(m, p);

	kref_get(&p->ref);
	kernfs_break_active_protection(of->kn);
	ret = parker_lock_op(p, file->name, NULL);
	if (!ret) {
		ret = file->show(m, p);
		mutex_unlock(&p->op_mutex);
	}
	kernfs_unbreak_active_protection(of->kn);
	parker_partition_put(p);
	return ret;
}

/* A shell may write a line in parts.  The first one took effect, and stays. */
static int refuse_part(const struct parker_file *file, struct parker_partition *p,
		       const struct parker_write *w)
{
	char shown[128] = "";
	struct seq_file m = {
		.buf	= shown,
		.size	= sizeof(shown),
		.file	= w->file,
	};

	if (!file->show)
		return parker_fail(w->err, -EINVAL,
				   "%s: a request is one write at offset 0, this one is at %lld; it has no second part",
				   file->name, w->off);
	file->show(&m, p);
	return parker_fail(w->err, -EINVAL,
			   "%s: a request is one write at offset 0, this one is at %lld; it is set to '%s'",
			   file->name, w->off, strim(shown));
}

static int carry_out(const struct parker_file *file, struct parker_partition *p,
		     const struct parker_write *w)
{
	return w->off ? refuse_part(file, p, w) : file->write(p, w);
}

static int write_locked(const struct parker_file *file, struct parker_partition *p,
			const struct parker_write *w)
{
	int ret;

	if (!p || file->flags & PARKER_FILE_UNLOCKED)
		return carry_out(file, p, w);

	ret = parker_lock_op(p, file->name, w->err);
	if (ret)
		return ret;
	ret = carry_out(file, p, w);
	mutex_unlock(&p->op_mutex);
	return ret;
}

static int write_checked(const struct parker_file *file, struct parker_partition *p,
			 struct parker_write *w, size_t len)
{
	if (!parker_may(w->file, CAP_SYS_ADMIN))
		return parker_fail(w->err, -EPERM, "%s: needs CAP_SYS_ADMIN", file->name);
	if (!file->write)
		return parker_fail(w->err, -EPERM, "%s: cannot be written", file->name);
	if (strlen(w->buf) != len)
		return parker_fail(w->err, -EINVAL, "%s: a zero byte in the text", file->name);

	w->buf = strim(w->buf);
	return write_locked(file, p, w);
}

/*
 * The end of a line whose first part was refused, which left the offset where it was: as a
 * request of its own it would give everything back.  last_error goes on about the first part.
 */
static bool ends_refused_request(const struct kernfs_open_file *of, const char *buf)
{
	return of->priv && !*skip_spaces(buf);
}

static ssize_t parker_file_write(struct kernfs_open_file *of, char *buf, size_t len, loff_t off)
{
	struct parker_partition *p = parker_file_partition(of);
	struct parker_error err = {};
	struct parker_write w = { .file = of->file, .buf = buf, .off = off, .err = &err };
	int ret;

	if (ends_refused_request(of, buf))
		return -EINVAL;

	if (p)
		kref_get(&p->ref);
	kernfs_break_active_protection(of->kn);
	ret = write_checked(of->kn->priv, p, &w, len);
	/* Any value but NULL: kernfs has one write of an open file at a time. */
	of->priv = ret ? of : NULL;
	note_result(p, ret, &err);
	kernfs_unbreak_active_protection(of->kn);
	if (p)
		parker_partition_put(p);
	return ret ?: len;
}

/* As single_open_size() does: a text that fits is not made a second time. */
static int parker_file_open(struct kernfs_open_file *of)
{
	const struct parker_file *file = of->kn->priv;
	struct seq_file *m = of->seq_file;

	if (!file->show_size || !(of->file->f_mode & FMODE_READ))
		return 0;

	m->size = file->show_size();
	m->buf = kvmalloc(m->size, GFP_KERNEL_ACCOUNT);
	return m->buf ? 0 : -ENOMEM;
}

static const struct kernfs_ops parker_file_ops = {
	.open			= parker_file_open,
	.seq_show		= parker_seq_show,
	.write			= parker_file_write,
	.atomic_write_len	= SZ_64K,
};

static int add_files(struct kernfs_node *dir, struct parker_file *files)
{
	for (struct parker_file *file = files; file->name; file++) {
		struct kernfs_node *kn;

		kn = __kernfs_create_file(dir, file->name, file->mode, GLOBAL_ROOT_UID,
					  GLOBAL_ROOT_GID, 0, file->ops ?: &parker_file_ops,
					  file, NULL, &file->key);
		if (IS_ERR(kn))
			return PTR_ERR(kn);
	}

	return 0;
}

/**
 * parker_fs_has() - Is a name taken in the root?
 * @name: the name
 *
 * Context: may sleep.
 * Return: true if it is.
 */
bool parker_fs_has(const char *name)
{
	struct kernfs_node *kn = kernfs_find_and_get(kernfs_root_to_node(parker_root), name);

	kernfs_put(kn);
	return kn;
}

/**
 * parker_fs_publish() - Make a partition's directory
 * @p:		the partition, on the list, its op_mutex held
 * @err:	gets the sentence
 *
 * The directory appears with all its files, or not at all.
 *
 * Context: may sleep.
 * Return: 0, -EEXIST or -ENOMEM.
 */
int parker_fs_publish(struct parker_partition *p, struct parker_error *err)
{
	struct kernfs_node *kn;
	int ret;

	lockdep_assert_held(&p->op_mutex);

	kn = kernfs_create_dir(kernfs_root_to_node(parker_root), p->name, 0755, p);
	if (IS_ERR(kn))
		return parker_fail(err, PTR_ERR(kn), "%s: the directory cannot be made: %pe",
				   p->name, kn);

	ret = add_files(kn, parker_partition_files);
	if (ret) {
		kernfs_remove(kn);
		return parker_fail(err, ret, "%s: the files cannot be made: %pe",
				   p->name, ERR_PTR(ret));
	}

	kernfs_get(kn);
	p->kn = kn;
	p->kn_state = kernfs_find_and_get(kn, "state");
	p->kn_reason = kernfs_find_and_get(kn, "reason");
	p->kn_console = kernfs_find_and_get(kn, "console");
	kernfs_activate(kn);
	return 0;
}

static int do_mkdir(struct kernfs_node *parent, const char *name, struct parker_error *err)
{
	if (!capable(CAP_SYS_ADMIN))
		return parker_fail(err, -EPERM, "mkdir: needs CAP_SYS_ADMIN");
	if (parent != kernfs_root_to_node(parker_root))
		return parker_fail(err, -EPERM, "mkdir: a partition has no directories in it");
	return parker_make(name, err);
}

static int parker_mkdir(struct kernfs_node *parent, const char *name, umode_t mode)
{
	struct parker_error err = {};
	int ret = do_mkdir(parent, name, &err);

	note_result(NULL, ret, &err);
	return ret;
}

static int do_rmdir(struct kernfs_node *kn, struct parker_partition *p,
		    struct parker_error *err)
{
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return parker_fail(err, -EPERM, "rmdir: needs CAP_SYS_ADMIN");

	ret = parker_partition_remove(p, err);
	if (ret)
		return ret;

	/* Removing wakes nobody who polls. */
	parker_notify_state(p);
	parker_notify_console(p);
	kernfs_remove(kn);
	return 0;
}

static int parker_rmdir(struct kernfs_node *kn)
{
	struct parker_partition *p = kn->priv;
	struct parker_error err = {};
	int ret;

	kref_get(&p->ref);
	kernfs_break_active_protection(kn);
	ret = do_rmdir(kn, p, &err);
	note_result(NULL, ret, &err);
	kernfs_unbreak_active_protection(kn);
	parker_partition_put(p);
	return ret;
}

static struct kernfs_syscall_ops parker_syscall_ops = {
	.mkdir	= parker_mkdir,
	.rmdir	= parker_rmdir,
};

static void parker_fs_context_free(struct fs_context *fc)
{
	struct kernfs_fs_context *kfc = fc->fs_private;

	kernfs_free_fs_context(fc);
	kfree(kfc);
}

static int parker_get_tree(struct fs_context *fc)
{
	int ret = kernfs_get_tree(fc);

	/* A core file can have more than 2 GiB, which kernfs leaves as the limit. */
	if (!ret)
		fc->root->d_sb->s_maxbytes = MAX_LFS_FILESIZE;
	return ret;
}

static const struct fs_context_operations parker_fs_context_ops = {
	.free		= parker_fs_context_free,
	.get_tree	= parker_get_tree,
};

static int parker_init_fs_context(struct fs_context *fc)
{
	struct kernfs_fs_context *kfc;

	kfc = kzalloc(sizeof(*kfc), GFP_KERNEL);
	if (!kfc)
		return -ENOMEM;

	kfc->root = parker_root;
	kfc->magic = PARKER_SUPER_MAGIC;
	fc->fs_private = kfc;
	fc->ops = &parker_fs_context_ops;
	put_user_ns(fc->user_ns);
	fc->user_ns = get_user_ns(&init_user_ns);
	fc->global = true;
	return 0;
}

/* Without FS_USERNS_MOUNT: what it does concerns the whole machine. */
static struct file_system_type parker_fs_type = {
	.name			= "parker",
	.init_fs_context	= parker_init_fs_context,
	.kill_sb		= kernfs_kill_sb,
};

static int __init parker_make_root(void)
{
	struct kernfs_root *root;
	int ret;

	root = kernfs_create_root(&parker_syscall_ops,
				  KERNFS_ROOT_CREATE_DEACTIVATED |
				  KERNFS_ROOT_EXTRA_OPEN_PERM_CHECK, NULL);
	if (IS_ERR(root))
		return PTR_ERR(root);

	ret = add_files(kernfs_root_to_node(root), parker_root_files);
	if (ret) {
		kernfs_destroy_root(root);
		return ret;
	}

	kernfs_activate(kernfs_root_to_node(root));
	parker_root = root;
	return 0;
}

static int __init parker_fs_init(void)
{
	int ret;

	ret = parker_make_root();
	if (ret)
		return ret;

	ret = sysfs_create_mount_point(kernel_kobj, "parker");
	if (ret)
		goto err_root;

	ret = register_filesystem(&parker_fs_type);
	if (ret)
		goto err_mount_point;

	return 0;

err_mount_point:
	sysfs_remove_mount_point(kernel_kobj, "parker");
err_root:
	kernfs_destroy_root(parker_root);
	return ret;
}
fs_initcall(parker_fs_init);
