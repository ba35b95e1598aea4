// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: an image per partition, kept as it was read.
 *
 * Nothing is placed here: that is done at every start. But the kernel is unpacked here,
 * where that is known how, and is kept so.
 */
#include <linux/err.h>
#include <linux/ima.h>
#include <linux/kernel.h>
#include <linux/kexec.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../kexec_internal.h"
#include "internal.h"

DEFINE_FREE(parker_image_free, struct parker_image *, parker_image_free(_T))

/**
 * parker_image_free() - Free an image
 * @image: the image or NULL
 *
 * Context: may sleep.
 */
void parker_image_free(struct parker_image *image)
{
	if (!image)
		return;

	/*
	 * Not kimage_file_post_load_cleanup(), which also resets what belongs
	 * to a load of the machine's own kernel.
	 */
	if (image->kimage) {
		vfree(image->kimage->kernel_buf);
		vfree(image->kimage->initrd_buf);
		kfree(image->kimage->cmdline_buf);
		kfree(image->kimage);
	}
	vfree(image->unpacked);
	kfree(image);
}

/* The kernel would cut it off without a word. */
static int check_cmdline(const struct parker_image *image, struct parker_error *err)
{
	unsigned long len = image->kimage->cmdline_buf_len;

	/* With the zero byte. */
	if (len <= image->info.cmdline_max + 1UL)
		return 0;
	return parker_fail(err, -EINVAL,
			   "load: the command line has %lu letters, and the kernel takes %u",
			   len - 1, image->info.cmdline_max);
}

/* What is packed is not needed any more. */
static void keep_head(struct kimage *kimage, size_t len)
{
	void *head = vmalloc(len);

	if (!head)
		return;
	memcpy(head, kimage->kernel_buf, len);
	vfree(kimage->kernel_buf);
	kimage->kernel_buf = head;
	kimage->kernel_buf_len = len;
}

/**
 * parker_lockdown_level() - How far is this kernel locked down?
 *
 * The level can rise at any time, and never falls.
 *
 * Context: may sleep.
 * Return: PARKER_LOCKDOWN_*.
 */
u32 parker_lockdown_level(void)
{
	/* A core file of another kernel is what /proc/kcore is of this one. */
	if (security_locked_down(LOCKDOWN_KCORE))
		return PARKER_LOCKDOWN_CONFIDENTIALITY;
	if (security_locked_down(LOCKDOWN_KEXEC))
		return PARKER_LOCKDOWN_INTEGRITY;
	return PARKER_LOCKDOWN_NONE;
}

/**
 * parker_check_lockdown() - May an image be used under lockdown?
 * @image:	the image
 * @lockdown:	PARKER_LOCKDOWN_*
 * @verb:	what is refused
 * @err:	gets the sentence
 *
 * An application kernel can write to all memory, so it has to be one that is signed
 * and that locks itself down likewise.
 *
 * Context: any.
 * Return: 0 or -EPERM.
 */
int parker_check_lockdown(const struct parker_image *image, u32 lockdown, const char *verb,
			  struct parker_error *err)
{
	if (lockdown == PARKER_LOCKDOWN_NONE)
		return 0;
	if (!image->verified)
		return parker_fail(err, -EPERM,
				   "%s: the boot kernel is locked down, and no signature of the image was verified; load one that is signed",
				   verb);
	if (!(image->info.required & PARKER_REQUIRED_LOCKDOWN))
		return parker_fail(err, -EPERM,
				   "%s: the boot kernel is locked down, and the image does not declare that it takes lockdown over; use a newer kernel",
				   verb);
	return 0;
}

static int explain_read_error(const struct parker_image *image, int ret,
			      struct parker_error *err)
{
	const struct kimage *kimage = image->kimage;

	if (!kimage->kernel_buf)
		return parker_fail(err, ret, "load: the kernel's file could not be read: %pe",
				   ERR_PTR(ret));
	if (!kimage->fops)
		return parker_fail(err, ret,
				   "load: this is no kernel that kexec can load (a bzImage)");
	if (ret == -EFAULT || ret == -EINVAL)
		return parker_fail(err, ret,
				   "load: the command line or the initrd's file could not be read: %pe",
				   ERR_PTR(ret));
	if (ret == -EPERM && parker_check_lockdown(image, parker_lockdown_level(), "load", err))
		return ret;
	return parker_fail(err, ret,
			   "load: the kernel's signature or the initrd's file was refused: %pe",
			   ERR_PTR(ret));
}

static int check_image(struct parker_image *image, struct parker_error *err)
{
	const struct kimage *kimage = image->kimage;

	/* Where IMA appraises kernels, it refuses one without a signature of its own. */
	image->verified = kimage->sig_verified || ima_appraise_signature(READING_KEXEC_IMAGE);
	return arch_parker_check_image(kimage->kernel_buf, kimage->kernel_buf_len,
				       &image->info, err) ?:
	       check_cmdline(image, err) ?:
	       parker_check_lockdown(image, parker_lockdown_level(), "load", err);
}

/**
 * parker_image_read() - Read an application kernel with its initrd
 * @kernel_fd:		file of the kernel
 * @initrd_fd:		file of the initrd, unless @flags has KEXEC_FILE_NO_INITRAMFS
 * @cmdline_ptr:	its command line, in user space
 * @cmdline_len:	length with the zero byte, 0: none
 * @flags:		KEXEC_FILE_*
 * @room:		bytes of the largest region of its partition
 * @err:		gets the sentence
 *
 * Signature and IMA apply as for any kexec.
 *
 * Context: may sleep; reads files, so no lock of Parker's may be held.
 * Return: the image, which the caller owns, or an ERR_PTR().
 */
struct parker_image *parker_image_read(int kernel_fd, int initrd_fd,
				       const char __user *cmdline_ptr,
				       unsigned long cmdline_len, unsigned long flags,
				       u64 room, struct parker_error *err)
{
	struct kimage *kimage;
	int ret;

	struct parker_image *image __free(parker_image_free) = kzalloc(sizeof(*image), GFP_KERNEL);
	if (image)
		image->kimage = do_kimage_alloc_init();
	if (!image || !image->kimage) {
		parker_fail(err, -ENOMEM,
			    "load: the boot kernel has no memory for its own records");
		return ERR_PTR(-ENOMEM);
	}

	kimage = image->kimage;
	kimage->file_mode = 1;
	ret = kimage_file_read(kimage, kernel_fd, initrd_fd, cmdline_ptr, cmdline_len, flags);
	if (ret) {
		explain_read_error(image, ret, err);
		return ERR_PTR(ret);
	}

	ret = check_image(image, err);
	if (ret)
		return ERR_PTR(ret);

	image->unpacked = arch_parker_unpack(kimage->kernel_buf, kimage->kernel_buf_len, room,
					     &image->unpacked_len);
	image->kernel_len = kimage->kernel_buf_len;
	if (image->unpacked)
		keep_head(kimage, image->info.head_len);
	return no_free_ptr(image);
}

/**
 * parker_image_show() - Show an image
 * @m:		the file
 * @image:	the image
 *
 * Context: may sleep; op_mutex is held.
 */
void parker_image_show(struct seq_file *m, const struct parker_image *image)
{
	seq_printf(m, "release %s\n", image->info.release);
	seq_printf(m, "kernel_bytes %zu\n", image->kernel_len);
	seq_printf(m, "initrd_bytes %lu\n", image->kimage->initrd_buf_len);
	seq_printf(m, "contract %u\n", image->info.version);
	seq_printf(m, "unpacked_bytes %zu\n", image->unpacked_len);
}
