// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: why an operation failed.
 */
#include <linux/kernel.h>
#include <linux/parker.h>
#include <linux/stdarg.h>
#include <linux/string.h>

/**
 * parker_fail() - Note why an operation fails
 * @err:	gets the sentence; NULL when nobody wants to know
 * @ret:	the errno
 * @fmt:	format of the sentence, without a newline
 *
 * Context: any.
 * Return: @ret, so that a caller can return the whole call.
 */
int parker_fail(struct parker_error *err, int ret, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return ret;

	va_start(args, fmt);
	vscnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);

	/* What a user wrote may be part of it; it stays one line. */
	strreplace(err->text, '\n', ' ');
	return ret;
}
