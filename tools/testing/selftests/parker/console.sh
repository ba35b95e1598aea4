#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# GNU's programs read a console as they read any text, be it whole or with its begin
# lost.
#
# PARKER_GNU  where they are (default: /gnu, where the test machine has them, else /usr/bin)

. "$(dirname "$0")/lib.sh"

for GNU in "${PARKER_GNU:-/gnu}" /usr/bin; do
	"$GNU/tail" --version 2>/dev/null | grep -q GNU && break
done

# reads_as COMMAND...: on the console as on a copy of it
reads_as()
{
	local tool="$1"

	shift
	"$GNU/$tool" "$@" "$TMP/copy" >"$TMP/wanted" 2>&1 || return
	"$GNU/$tool" "$@" kst-a/console >"$TMP/got" 2>&1 || {
		note "$(tail -n 1 "$TMP/got")"
		return 1
	}
	sed -i "s|$TMP/copy|kst-a/console|" "$TMP/wanted"
	cmp "$TMP/got" "$TMP/wanted" && return
	note "$(wc -l <"$TMP/got") lines, not $(wc -l <"$TMP/wanted")"
	return 1
}

copied()
{
	"$GNU/cp" kst-a/console "$TMP/cp" && cmp "$TMP/cp" "$TMP/copy" &&
		"$GNU/cmp" kst-a/console "$TMP/copy"
}

# In large pieces, though a read may be shorter
read_by_dd()
{
	"$GNU/dd" if=kst-a/console of="$TMP/dd" bs=64k 2>/dev/null && cmp "$TMP/dd" "$TMP/copy"
}

# head seeks back to the end of the line.
read_in_turns()
{
	{ "$GNU/head" -n 1; "$GNU/head" -n 2; "$GNU/cat"; } <kst-a/console >"$TMP/turns" &&
		cmp "$TMP/turns" "$TMP/copy"
}

reads_all()
{
	cat kst-a/console >"$TMP/copy"
	while read -r tool args; do
		# shellcheck disable=SC2086
		check "$1: $tool $args" reads_as $tool $args
	done <<-END
		tail -n 20
		tail -n 200
		tail -n 2000
		tail -n +5
		tail -c 1000
		tail -c 70000
		tac
		wc -w
		wc -c
		wc -l
		head -n 5
		head -n -5
		head -c 5000
		head -c -5000
		cat
		less
	END
	check "$1: cp and cmp" copied
	check "$1: dd" read_by_dd
	check "$1: head, head again, and cat go on from each other" read_in_turns
}

# As the guide says: cat again and again of one open file
follow()
{
	while :; do
		"$GNU/cat"
		sleep 1
	done <kst-a/console
}

followed()
{
	: >"$TMP/followed"
	follow >>"$TMP/followed" &
	FOLLOWER=$!
	up kst-a || return
	pk until kst-a/state "$LIMIT" grep -q "app: ready" "$TMP/followed"
	set -- $?
	kill $FOLLOWER
	wait $FOLLOWER 2>/dev/null
	grep -q "app: ready" "$TMP/followed" && cat kst-a/console >"$TMP/copy" &&
		head -c "$(wc -c <"$TMP/followed")" "$TMP/copy" | cmp - "$TMP/followed"
}

setup
need 1 256
"$GNU/tail" --version 2>/dev/null | grep -q GNU || skip_all "needs GNU's programs"
plan 40
make kst-a "$(pick 1)" 256M || die "no partition"

check "a console is followed while its kernel boots" followed
pk write kst-a/state kill || die "it does not end"
reads_all "whole"
up kst-a flood && wait_text kst-a "app: flood end" && pk write kst-a/state kill ||
	die "it does not print"
reads_all "its begin lost"
remove_all
check "no warning" log_clean
finish
