// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: addresses of PCI functions, as users write them.
 *
 * Pure functions.
 */
#include <linux/kernel.h>
#include <linux/parker_pci.h>
#include <linux/pci.h>
#include <linux/string.h>

/* Written as it would be shown, or with capital letters. */
static bool parse_address(const char *word, struct parker_pci_address *at)
{
	unsigned int segment, bus, slot, function;
	char shown[24];

	if (sscanf(word, "%8x:%2x:%2x.%1x", &segment, &bus, &slot, &function) != 4)
		return false;
	scnprintf(shown, sizeof(shown), "%04x:%02x:%02x.%x", segment, bus, slot, function);
	if (strcasecmp(shown, word) || slot > 0x1f || function > 7)
		return false;

	*at = (struct parker_pci_address){
		.segment	= segment,
		.bus		= bus,
		.devfn		= PCI_DEVFN(slot, function),
	};
	return true;
}

static bool is_in(const struct parker_pci_wish *wish, const struct parker_pci_address *at)
{
	for (unsigned int i = 0; i < wish->nr; i++)
		if (wish->at[i].segment == at->segment && wish->at[i].bus == at->bus &&
		    wish->at[i].devfn == at->devfn)
			return true;
	return false;
}

/**
 * parker_pci_parse() - Understand what is written to devices
 * @buf:	addresses of functions, is changed
 * @separators:	what may stand between them
 * @wish:	gets the functions
 * @err:	gets the sentence
 *
 * Context: any.
 * Return: 0, or -EINVAL.
 */
int parker_pci_parse(char *buf, const char *separators, struct parker_pci_wish *wish,
		     struct parker_error *err)
{
	struct parker_pci_address at;
	char *word;

	wish->nr = 0;
	while ((word = strsep(&buf, separators))) {
		int len = strnlen(word, 64);

		if (!*word)
			continue;
		if (!parse_address(word, &at))
			return parker_fail(err, -EINVAL,
					   "devices: '%*pE' is no address of a PCI function, such as 0000:00:04.0",
					   len, word);
		if (is_in(wish, &at))
			return parker_fail(err, -EINVAL, "devices: %s is there twice", word);
		if (wish->nr == PARKER_MAX_FUNCTIONS)
			return parker_fail(err, -EINVAL,
					   "devices: a partition can have %d functions at most",
					   PARKER_MAX_FUNCTIONS);
		wish->at[wish->nr++] = at;
	}
	return 0;
}
