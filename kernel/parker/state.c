// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: the states of a partition and the verbs that fit them.
 *
 * Pure functions over tables.
 */
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "internal.h"

static_assert(PARKER_NR_STATES <= BITS_PER_BYTE);

#define PARKER_LIVE	(BIT(PARKER_BOOTING) | BIT(PARKER_RUNNING) | BIT(PARKER_STOPPING))

static const char * const parker_state_names[] = {
	[PARKER_EMPTY]		= "empty",
	[PARKER_LOADED]		= "loaded",
	[PARKER_BOOTING]	= "booting",
	[PARKER_RUNNING]	= "running",
	[PARKER_STOPPING]	= "stopping",
	[PARKER_STOPPED]	= "stopped",
	[PARKER_CRASHED]	= "crashed",
	[PARKER_QUARANTINED]	= "quarantined",
};

static_assert(ARRAY_SIZE(parker_state_names) == PARKER_NR_STATES);

/*
 * The states that can follow each state.  A state follows itself where an
 * event changes nothing but the reason: another image, a restart that failed.
 */
static const u8 parker_edges[] = {
	[PARKER_EMPTY]		= BIT(PARKER_LOADED),
	[PARKER_LOADED]		= BIT(PARKER_EMPTY) | BIT(PARKER_LOADED) |
				  BIT(PARKER_BOOTING) | BIT(PARKER_QUARANTINED),
	[PARKER_BOOTING]	= BIT(PARKER_RUNNING) | BIT(PARKER_STOPPED) |
				  BIT(PARKER_CRASHED) | BIT(PARKER_QUARANTINED),
	[PARKER_RUNNING]	= BIT(PARKER_STOPPING) | BIT(PARKER_STOPPED) |
				  BIT(PARKER_CRASHED) | BIT(PARKER_QUARANTINED),
	[PARKER_STOPPING]	= BIT(PARKER_STOPPED) | BIT(PARKER_CRASHED) |
				  BIT(PARKER_QUARANTINED),
	[PARKER_STOPPED]	= BIT(PARKER_EMPTY) | BIT(PARKER_LOADED) |
				  BIT(PARKER_BOOTING) | BIT(PARKER_STOPPED) |
				  BIT(PARKER_QUARANTINED),
	[PARKER_CRASHED]	= BIT(PARKER_EMPTY) | BIT(PARKER_LOADED) |
				  BIT(PARKER_BOOTING) | BIT(PARKER_STOPPED) |
				  BIT(PARKER_CRASHED) | BIT(PARKER_QUARANTINED),
	[PARKER_QUARANTINED]	= 0,
};

static_assert(ARRAY_SIZE(parker_edges) == PARKER_NR_STATES);

/* The states that a verb leads out of, and those in which its work is done. */
static const struct {
	const char *name;
	u8 from;
	u8 done;
} parker_verbs[] = {
	[PARKER_START] = {
		.name	= "start",
		.from	= BIT(PARKER_LOADED) | BIT(PARKER_STOPPED) | BIT(PARKER_CRASHED),
	},
	[PARKER_STOP] = {
		.name	= "stop",
		.from	= BIT(PARKER_RUNNING),
		.done	= BIT(PARKER_STOPPED),
	},
	[PARKER_KILL] = {
		.name	= "kill",
		.from	= PARKER_LIVE | BIT(PARKER_CRASHED),
		.done	= BIT(PARKER_STOPPED),
	},
	[PARKER_UNLOAD] = {
		.name	= "unload",
		.from	= BIT(PARKER_LOADED) | BIT(PARKER_STOPPED) | BIT(PARKER_CRASHED),
	},
};

static_assert(ARRAY_SIZE(parker_verbs) == PARKER_NR_VERBS);

/**
 * parker_state_name() - Name a state
 * @state: the state
 *
 * Context: any.
 * Return: the word that the file state shows.
 */
const char *parker_state_name(enum parker_state state)
{
	return parker_state_names[state];
}

/**
 * parker_state_follows() - Can a state come after another?
 * @from:	the earlier one
 * @to:		the later one
 *
 * Context: any.
 * Return: true if it can.
 */
bool parker_state_follows(enum parker_state from, enum parker_state to)
{
	return parker_edges[from] & BIT(to);
}

/**
 * parker_state_is_live() - Does a kernel run in this state?
 * @state: the state
 *
 * Context: any.
 * Return: true if one does.
 */
bool parker_state_is_live(enum parker_state state)
{
	return BIT(state) & PARKER_LIVE;
}

/**
 * parker_verb_parse() - Look up a verb
 * @word:	what was written
 * @err:	gets the sentence
 *
 * Context: any.
 * Return: an enum parker_verb, or -EINVAL.
 */
int parker_verb_parse(const char *word, struct parker_error *err)
{
	for (int verb = 0; verb < PARKER_NR_VERBS; verb++) {
		if (!strcmp(word, parker_verbs[verb].name))
			return verb;
	}

	return parker_fail(err, -EINVAL,
			   "state: '%*pE' is no verb: write start, stop, kill or unload",
			   (int)strnlen(word, 32), word);
}

static const char *list_fitting_verbs(enum parker_state state, char *buf, size_t size)
{
	size_t len = 0;

	for (int verb = 0; verb < PARKER_NR_VERBS; verb++) {
		if (parker_verbs[verb].from & BIT(state))
			len += scnprintf(buf + len, size - len, "%s%s", len ? ", " : "",
					 parker_verbs[verb].name);
	}

	return len ? buf : "none before a kernel is loaded";
}

/**
 * parker_fail_quarantined() - Refuse what a quarantined partition was asked for
 * @what:	what that was
 * @name:	name of the partition
 * @err:	gets the sentence
 *
 * Context: any.
 * Return: -EIO.
 */
int parker_fail_quarantined(const char *what, const char *name, struct parker_error *err)
{
	return parker_fail(err, -EIO,
			   "%s: %s is quarantined until the machine restarts, its reason says why",
			   what, name);
}

/**
 * parker_verb_check() - Does a verb fit a state?
 * @verb:	the verb
 * @state:	the state
 * @name:	name of the partition, for the sentence
 * @err:	gets the sentence
 *
 * Context: any.
 * Return: 0, 1 when there is nothing to do, -EIO in quarantine, -ENOEXEC to
 * start without an image, otherwise -EBUSY.
 */
int parker_verb_check(enum parker_verb verb, enum parker_state state,
		      const char *name, struct parker_error *err)
{
	const char *word = parker_verbs[verb].name;
	char fitting[32];

	if (parker_verbs[verb].from & BIT(state))
		return 0;
	if (parker_verbs[verb].done & BIT(state))
		return 1;
	if (state == PARKER_QUARANTINED)
		return parker_fail_quarantined(word, name, err);
	if (state == PARKER_EMPTY && verb == PARKER_START)
		return parker_fail(err, -ENOEXEC,
				   "start: no kernel is loaded, kexec --parker=%s --load loads one",
				   name);
	return parker_fail(err, -EBUSY, "%s: %s is %s; the verbs that fit: %s", word, name,
			   parker_state_name(state),
			   list_fitting_verbs(state, fitting, sizeof(fitting)));
}
