// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: names of partitions, and the line that makes a whole one.
 *
 * Pure functions.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "internal.h"

#define PARKER_BLANKS	" \t\n"

static bool is_name_char(char c)
{
	return isascii(c) && (isalnum(c) || strchr("._-", c));
}

/**
 * parker_check_name() - Can a partition have this name?
 * @name:	the name
 * @err:	gets the sentence
 *
 * Context: any.
 * Return: 0, or -EINVAL.
 */
int parker_check_name(const char *name, struct parker_error *err)
{
	size_t len = strlen(name);

	if (!len || len >= PARKER_NAME_LEN)
		return parker_fail(err, -EINVAL,
				   "name: it has %zu letters, a name has 1 to %d",
				   len, PARKER_NAME_LEN - 1);
	if (!isascii(name[0]) || !isalnum(name[0]))
		return parker_fail(err, -EINVAL,
				   "name: '%*pE' does not begin with a letter or digit",
				   (int)len, name);

	for (const char *c = name; *c; c++) {
		if (!is_name_char(*c))
			return parker_fail(err, -EINVAL,
					   "name: '%*pE' has other letters than A-Z, a-z, 0-9, '.', '_' and '-'",
					   (int)len, name);
	}

	return 0;
}

static int take_field(struct parker_line *line, char *field, struct parker_error *err)
{
	const struct {
		const char *key;
		char **value;
	} fields[] = {
		{ "cpus=", &line->cpus },
		{ "memory=", &line->memory },
		{ "devices=", &line->devices },
		{ "isolation=", &line->isolation },
	};

	for (int i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t len = str_has_prefix(field, fields[i].key);

		if (!len)
			continue;
		if (*fields[i].value)
			return parker_fail(err, -EINVAL, "line: %s is there twice",
					   fields[i].key);
		*fields[i].value = field + len;
		return 0;
	}

	return parker_fail(err, -EINVAL,
			   "line: '%*pE' is none of cpus=, memory=, devices= and isolation=",
			   (int)strnlen(field, 64), field);
}

/**
 * parker_line_split() - Take a line for create apart
 * @buf:	the line, is changed
 * @line:	gets pointers into it
 * @err:	gets the sentence
 *
 * Context: any.
 * Return: 0, or -EINVAL.
 */
int parker_line_split(char *buf, struct parker_line *line, struct parker_error *err)
{
	char *word;
	int ret;

	*line = (struct parker_line){};
	while ((word = strsep(&buf, PARKER_BLANKS))) {
		if (!*word)
			continue;
		if (!line->name) {
			line->name = word;
			continue;
		}
		ret = take_field(line, word, err);
		if (ret)
			return ret;
	}

	if (!line->name || !line->cpus || !*line->cpus || !line->memory || !*line->memory)
		return parker_fail(err, -EINVAL,
				   "line: it must read NAME cpus=LIST memory=SIZE[@NODE][,...] [devices=ADDRESS[,...]] [isolation=bare|guarded]");
	if (line->devices && !*line->devices)
		line->devices = NULL;
	return parker_check_name(line->name, err);
}
