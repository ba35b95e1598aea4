// SPDX-License-Identifier: GPL-2.0
/*
 * pk load, unload, kexec, declare, stall: what concerns images.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pk.h"

#define KEXEC_FILE_UNLOAD		0x00000001UL
#define KEXEC_FILE_NO_INITRAMFS		0x00000004UL
#define KEXEC_FILE_PARKER		0x00008000UL
#define KEXEC_FILE_PARKER_ID_SHIFT	16

/* The command line's length counts its final NUL; none at all is no text. */
static int file_load(int kernel, int initrd, const char *text, unsigned long flags)
{
	unsigned long len = text ? strlen(text) + 1 : 0;
	int err;

	pk_begin();
	err = syscall(SYS_kexec_file_load, kernel, initrd, len, text, flags) ? errno : 0;
	pk_end();
	return err;
}

static unsigned long parker_flags(const char *id)
{
	return KEXEC_FILE_PARKER | strtoul(id, NULL, 0) << KEXEC_FILE_PARKER_ID_SHIFT;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		perror(path);
	return fd;
}

/* -f: flags beside those that name the partition. */
int pk_load(int argc, char **argv)
{
	int kernel, initrd = -1, opt;
	unsigned long flags = 0;
	char **arg;

	while ((opt = getopt(argc, argv, "+f:")) != -1) {
		if (opt != 'f')
			return PK_USAGE;
		flags |= strtoul(optarg, NULL, 0);
	}
	arg = argv + optind;
	if (argc - optind < 4 || argc - optind > 5)
		return PK_USAGE;
	flags |= parker_flags(arg[0]);
	kernel = open_file(arg[1]);
	if (kernel < 0)
		return PK_WRONG;
	if (!strcmp(arg[2], "-")) {
		flags |= KEXEC_FILE_NO_INITRAMFS;
	} else {
		initrd = open_file(arg[2]);
		if (initrd < 0)
			return PK_WRONG;
	}
	return pk_expect("load", arg[1], file_load(kernel, initrd, arg[3], flags), arg[4]);
}

int pk_unload(int argc, char **argv)
{
	int err;

	if (argc < 2 || argc > 3)
		return PK_USAGE;
	err = file_load(-1, -1, NULL, parker_flags(argv[1]) | KEXEC_FILE_UNLOAD);
	return pk_expect("unload", argv[1], err, argv[2]);
}

/*
 * An ordinary kexec, which an application kernel has to refuse: says how the
 * load and the execution went.
 */
int pk_kexec(int argc, char **argv)
{
	int kernel, err;

	if (argc != 2)
		return PK_USAGE;
	kernel = open_file(argv[1]);
	if (kernel < 0)
		return PK_WRONG;
	err = file_load(kernel, -1, "", KEXEC_FILE_NO_INITRAMFS);
	printf("load %s\n", pk_errno_name(err));
	fflush(stdout);
	err = reboot(RB_KEXEC) ? errno : 0;
	printf("exec %s\n", pk_errno_name(err));
	return PK_OK;
}

/* struct parker_declaration, in the variable part of the image's kernel_info. */
struct declaration {
	char magic[4];
	__u32 size;
	__u16 version;
	__u16 oldest;
	__u32 flags;
	__u64 required;
};

/* The bytes "LToP" may occur in compressed code, too. */
static struct declaration *find_declaration(char *image, size_t len)
{
	char *end = image + len;
	char *info = image;

	while ((info = memmem(info, end - info, "LToP", 4))) {
		void *decl = NULL;
		__u32 total = 0;

		if (end - info >= 12)
			memcpy(&total, info + 8, sizeof(total));
		if (total <= end - info)
			decl = memmem(info, total, "PRKR", 4);
		if (decl)
			return decl;
		info += 4;
	}
	return NULL;
}

/* Maps a file, so that writing there changes it. */
static char *map_image(const char *path, size_t *len)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char *image = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st))
		image = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (image == MAP_FAILED) {
		perror(path);
		return NULL;
	}
	*len = st.st_size;
	return image;
}

/*
 * Makes an application kernel's file one that declares nothing, or another
 * version of the contract; only that one if no older one is named.  And other
 * required features of it, if there is a number for them.
 */
int pk_declare(int argc, char **argv)
{
	struct declaration *decl;
	char *image;
	size_t len;

	if (argc < 3 || argc > 5)
		return PK_USAGE;
	image = map_image(argv[1], &len);
	if (!image)
		return PK_WRONG;
	decl = find_declaration(image, len);
	if (!decl) {
		fprintf(stderr, "%s declares nothing\n", argv[1]);
		return PK_WRONG;
	}
	if (!strcmp(argv[2], "none")) {
		memset(decl->magic, 0, sizeof(decl->magic));
	} else {
		decl->version = strtoul(argv[2], NULL, 0);
		decl->oldest = strtoul(argv[argc > 3 ? 3 : 2], NULL, 0);
		if (argc > 4)
			decl->required = strtoull(argv[4], NULL, 0);
	}
	return PK_OK;
}

/*
 * Makes a kernel's file one that stops at its 64-bit entry, boot.rst says where
 * that is, and so is not heard of again.
 */
int pk_stall(int argc, char **argv)
{
	/* cli; 1: hlt; jmp 1b */
	static const unsigned char code[] = { 0xfa, 0xf4, 0xeb, 0xfd };
	unsigned char *image;
	size_t len, entry;

	if (argc != 2)
		return PK_USAGE;
	image = (unsigned char *)map_image(argv[1], &len);
	if (!image)
		return PK_WRONG;
	if (len < 0x260 || memcmp(image + 0x202, "HdrS", 4)) {
		fprintf(stderr, "%s is not a bzImage\n", argv[1]);
		return PK_WRONG;
	}
	/* setup_sects; 0 means 4. */
	entry = ((image[0x1f1] ? image[0x1f1] : 4) + 1) * 512 + 0x200;
	if (entry + sizeof(code) > len) {
		fprintf(stderr, "%s has no 64-bit entry\n", argv[1]);
		return PK_WRONG;
	}
	memcpy(image + entry, code, sizeof(code));
	/* payload_length: so that nobody unpacks it, and goes another way. */
	memset(image + 0x24c, 0, 4);
	return PK_OK;
}
