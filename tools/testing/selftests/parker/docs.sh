#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The session in Documentation/admin-guide/parker.rst: each of its commands
# works, and prints what the text says. Names, CPUs and files are replaced by
# those of the tests; numbers need not be the same.
#
# PARKER_DOC  the text (default: beside this script, or in the kernel tree)

. "$(dirname "$0")/lib.sh"

find_doc()
{
	for DOC in "${PARKER_DOC:-$HERE/parker.rst}" \
		"$HERE/../../../../Documentation/admin-guide/parker.rst"; do
		[ -r "$DOC" ] && return
	done
	skip_all "no parker.rst: set PARKER_DOC"
}

# The lines of the literal blocks from the first command to the last.
session()
{
	sed -n '/^    # mount/,/^    # umount/s/^    //p' "$DOC" |
		sed "s|\bweb\b|kst-web|g; s|\bdb\b|kst-db|g; s|\b4-7\b|$CPUS|g
			s|\b2-3\b|$CPUS2|g; s|/boot/bzImage|$KERNEL|g
			s|/boot/initrd|$INITRD|g"
}

# What the session calls.
kexec()
{
	command "$KEXEC" "$@"
}

# What differs from machine to machine, such as its devices, and what the shell says.
plain()
{
	sed "/^sh: /d; /^device /d; s/^release .*/release N/
		s/0x[0-9a-f]*/N/g; s/[0-9][0-9.,-]*/N/g" "$1" | uniq
}

works()
{
	eval "$1" >"$TMP/printed" 2>"$TMP/said" || return
	same "$(plain "$TMP/printed")" "$(plain "$TMP/expected")"
}

# run COMMAND: with what it shall print in the file expected
run()
{
	case $1 in
	mount*|umount*)
		if [ ! "$MOUNTED" ]; then
			ktap_test_skip "$1: the mount is in use"
			return
		fi
		cd /
		;;
	esac
	check "$1" works "$1"
	[ ! -s "$TMP/said" ] || sed 's/^/# /' "$TMP/said"
	case $1 in
	umount*) MOUNTED='' ;;
	esac
}

# The session mounts the file system itself. Partitions live on without a mount.
unmount()
{
	cd / || exit
	AGAIN=
	[ "$MOUNTED" ] || AGAIN=1
	if umount $ROOT 2>/dev/null; then
		MOUNTED=1
		trap 'cleanup; [ -z "$AGAIN" ] || mount -t parker none $ROOT' EXIT
	else
		cd $ROOT || exit
	fi
}

setup
find_doc
"$KEXEC" --help 2>&1 | grep -q -e --parker || skip_all "no kexec with --parker: set PARKER_KEXEC"
need 6 800
CPUS=$(pick 4)
make kst-other "$CPUS" 2M || die "no partition"
CPUS2=$(pick 2)
pk rmdir kst-other
session >"$TMP/session"
plan $(($(grep -c '^# ' "$TMP/session") + 1))
unmount

: >"$TMP/expected"
command=
while IFS= read -r line <&3; do
	case $line in
	"# "*)
		[ ! "$command" ] || run "$command"
		command=${line#\# }
		: >"$TMP/expected"
		;;
	*)
		printf '%s\n' "$line" >>"$TMP/expected"
		;;
	esac
done 3<"$TMP/session"
run "$command"
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
