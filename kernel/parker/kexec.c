// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: loading and unloading the image of a partition.
 */
#include <linux/bitfield.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kexec.h>
#include <linux/ktime.h>

#include "../kexec_internal.h"
#include "internal.h"

/* Where kexec_file_load() has the partition's id. */
#define PARKER_ID_SHIFT		16
#define PARKER_ID_MASK		GENMASK(31, PARKER_ID_SHIFT)

#define PARKER_FLAGS	(KEXEC_FILE_PARKER | KEXEC_FILE_UNLOAD | \
			 KEXEC_FILE_NO_INITRAMFS | KEXEC_FILE_DEBUG)

static int check_loadable(struct parker_partition *p, struct parker_error *err)
{
	enum parker_state state = READ_ONCE(p->state);

	lockdep_assert_held(&p->op_mutex);

	if (state == PARKER_QUARANTINED)
		return parker_fail_quarantined("load", p->name, err);
	if (parker_state_is_live(state))
		return parker_fail(err, -EBUSY,
				   "load: %s is %s; a kernel can be loaded in empty, loaded, stopped and crashed",
				   p->name, parker_state_name(state));
	if (!p->nr_regions)
		return parker_fail(err, -ENOMEM,
				   "load: %s has no memory; write a size to its file memory first",
				   p->name);
	return 0;
}

static u64 largest_region(const struct parker_partition *p)
{
	u64 largest = 0;

	for (unsigned int i = 0; i < p->nr_regions; i++)
		largest = max_t(u64, largest, p->regions[i].len);
	return largest;
}

/* Nothing is to be started again from the old image, which the caller frees. */
static struct parker_image *swap_image(struct parker_partition *p, struct parker_image *new)
{
	struct parker_image *old = p->image;

	lockdep_assert_held(&p->op_mutex);

	parker_restart_cancel(p);
	p->image = new;
	scoped_guard(raw_spinlock_irqsave, &p->lock)
		parker_set_state(p, new ? PARKER_LOADED : PARKER_EMPTY,
				 new ? "loaded" : "unloaded");
	return old;
}

/* Replaces an earlier image; a success makes @image the partition's. */
static int exchange_image(struct parker_partition *p, struct parker_image *image,
			  ktime_t begin, struct parker_error *err)
{
	struct parker_image *old;
	int ret;

	ret = parker_lock_op(p, "load", err);
	if (ret)
		return ret;
	ret = check_loadable(p, err);
	if (!ret) {
		p->stat.load_usec = ktime_us_delta(ktime_get(), begin);
		old = swap_image(p, image);
	}
	mutex_unlock(&p->op_mutex);
	if (ret)
		return ret;

	parker_notify_state(p);
	parker_image_free(old);
	return 0;
}

/**
 * parker_unload() - Drop a partition's image
 * @p:		the partition
 * @err:	gets the sentence
 *
 * Context: may sleep.
 * Return: 0, -ENODEV, -EINTR, -EBUSY, or -EIO in quarantine.
 */
int parker_unload(struct parker_partition *p, struct parker_error *err)
{
	struct parker_image *old;
	int ret;

	ret = parker_lock_op(p, "unload", err);
	if (ret)
		return ret;
	ret = parker_verb_check(PARKER_UNLOAD, READ_ONCE(p->state), p->name, err);
	if (!ret)
		old = swap_image(p, NULL);
	mutex_unlock(&p->op_mutex);
	if (ret)
		return ret;

	parker_notify_state(p);
	parker_image_free(old);
	return 0;
}

static int load(struct parker_partition *p, ktime_t begin, int kernel_fd, int initrd_fd,
		unsigned long cmdline_len, const char __user *cmdline_ptr,
		unsigned long flags, struct parker_error *err)
{
	struct parker_image *image;
	u64 room;
	int ret;

	/* Reading takes long, and takes no lock: so it is checked again later. */
	ret = parker_lock_op(p, "load", err);
	if (ret)
		return ret;
	ret = check_loadable(p, err);
	room = largest_region(p);
	mutex_unlock(&p->op_mutex);
	if (ret)
		return ret;

	image = parker_image_read(kernel_fd, initrd_fd, cmdline_ptr, cmdline_len, flags, room,
				  err);
	if (IS_ERR(image))
		return PTR_ERR(image);

	ret = exchange_image(p, image, begin, err);
	if (ret)
		parker_image_free(image);
	return ret;
}

static int load_traced(struct parker_partition *p, int kernel_fd, int initrd_fd,
		       unsigned long cmdline_len, const char __user *cmdline_ptr,
		       unsigned long flags, struct parker_error *err)
{
	ktime_t begin = parker_step_begin(p->name, "load");

	return parker_step_end(p->name, "load", begin,
			       load(p, begin, kernel_fd, initrd_fd, cmdline_len, cmdline_ptr,
				    flags, err));
}

/**
 * parker_kexec_file_load() - kexec_file_load() for a partition
 * @kernel_fd:		as in kexec_file_load()
 * @initrd_fd:		likewise
 * @cmdline_len:	likewise
 * @cmdline_ptr:	likewise
 * @flags:		likewise, with %KEXEC_FILE_PARKER and the partition's id
 *
 * Neither takes the kexec lock nor touches the machine's own images.
 *
 * Context: may sleep.
 * Return: 0 or a negative errno; last_error of the partition says why.
 */
int parker_kexec_file_load(int kernel_fd, int initrd_fd, unsigned long cmdline_len,
			   const char __user *cmdline_ptr, unsigned long flags)
{
	struct parker_error err = {};
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	struct parker_partition *p __free(parker_partition_put) =
		parker_partition_get(FIELD_GET(PARKER_ID_MASK, flags));
	if (!p)
		return -ENODEV;

	if (!kexec_load_allowed())
		ret = parker_fail(&err, -EPERM,
				  "load: needs CAP_SYS_BOOT, and the sysctl kernel.kexec_load_disabled to be 0");
	else if (flags & ~(unsigned long)(PARKER_FLAGS | PARKER_ID_MASK))
		ret = parker_fail(&err, -EINVAL,
				  "load: flags 0x%lx are unknown, or of no use for a partition",
				  flags & ~(unsigned long)(PARKER_FLAGS | PARKER_ID_MASK));
	else if (flags & KEXEC_FILE_UNLOAD)
		ret = parker_unload(p, &err);
	else
		ret = load_traced(p, kernel_fd, initrd_fd, cmdline_len, cmdline_ptr, flags, &err);
	parker_note_result(p, &err);
	return ret;
}
