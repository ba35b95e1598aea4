# SPDX-License-Identifier: GPL-2.0
# What the tests of Parker share: set-up and clean-up here, the rest in the
# other lib_*.sh. Sourced; POSIX sh and local. Partitions of the tests are named
# kst-*, and the tests run in the root of the file system, so that names of files
# are short.
#
# PARKER_KERNEL   bzImage of the application kernels (default: the running one)
# PARKER_BUSYBOX  static busybox for their initrd (default: the one in PATH)
# PARKER_KEXEC    kexec with --parker (default: the one in PATH)
# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154,SC3043

set -u
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$HERE/../kselftest/ktap_helpers.sh"
. "$HERE/lib_machine.sh"
. "$HERE/lib_partition.sh"
. "$HERE/lib_check.sh"
. "$HERE/lib_beside.sh"
. "$HERE/lib_kexec.sh"
. "$HERE/lib_pci.sh"
. "$HERE/lib_trace.sh"

PATH=$HERE:$PATH
ROOT=/sys/kernel/parker
CPUDIR=/sys/devices/system/cpu
KEXEC=${PARKER_KEXEC:-kexec}
# An emulated machine takes seconds for what takes others a moment.
LIMIT=${PARKER_LIMIT:-120}

skip_all()
{
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

note()
{
	printf '# %s\n' "$*"
}

# An earlier step is needed by all that follows.
die()
{
	note "$*"
	explain
	ktap_exit_fail_msg "$*"
}

setup()
{
	ktap_print_header
	[ "$(id -u)" = 0 ] || skip_all "must be run as root"
	grep -qw parker /proc/filesystems || skip_all "this kernel has no CONFIG_PARKER"
	[ -x "$HERE/pk" ] || skip_all "pk is not built"
	TMP=$(mktemp -d) || exit "$KSFT_FAIL"
	CHILDREN='' MOUNTED='' OFFLINED=''
	trap cleanup EXIT
	trap 'exit 1' INT TERM
	if ! grep -q " $ROOT parker " /proc/mounts; then
		mount -t parker none $ROOT || die "cannot mount $ROOT"
		MOUNTED=1
	fi
	cd $ROOT || die "no $ROOT"
	remove_all
	ONLINE_BEFORE=$(cat $CPUDIR/online)
	log_mark
}

plan()
{
	ktap_set_plan "$1"
}

# The kernel's own helper counts passes only.
finish()
{
	[ "$KTAP_CNT_FAIL" = 0 ] || KSFT_NUM_TESTS=-1
	ktap_finished
}

cleanup()
{
	local cpu

	# shellcheck disable=SC2086
	[ -z "$CHILDREN" ] || kill $CHILDREN 2>/dev/null
	remove_all
	for cpu in $OFFLINED; do
		echo 1 >"$CPUDIR/cpu$cpu/online"
	done
	cd /
	[ -z "$MOUNTED" ] || umount $ROOT
	umount "$TMP"/* 2>/dev/null
	rm -rf "$TMP"
}

# below N: a number, by chance
below()
{
	echo $(($(od -A n -N 2 -t u2 /dev/urandom) % $1))
}

# one_of WORD...: by chance
one_of()
{
	shift "$(below $#)"
	echo "$1"
}

# Starts a command that ends with the test, at the latest.
background()
{
	"$@" &
	CHILDREN="$CHILDREN $!"
}
