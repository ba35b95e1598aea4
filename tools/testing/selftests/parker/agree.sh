#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What all kernels of a machine do alike: an application kernel takes it over, and one
# that was asked for something else does not start. A debug switch makes the boot kernel
# one with another policy, as an emulated machine cannot detect split locks.
#
# PARKER_OLD_KERNEL  an older application kernel, which is told the same

. "$(dirname "$0")/lib.sh"

SWITCH=/sys/kernel/debug/parker/policy
# Two slots change places: each kernel can work with it, and none has it by itself.
PAT=0x507040600070106

# policy SPLIT_LOCK_DETECT PAT: the boot kernel's from now on
policy()
{
	pk write $SWITCH "$*"
}

as_it_is()
{
	policy "$OURS"
}

# That of the registers
tells_its_own()
{
	same "${OURS#* }" "$(pk msr 0 0x277)" || return
	grep -qw "split_lock_detect\|bus_lock_detect" /proc/cpuinfo || same "${OURS% *}" "-"
}

was_told()
{
	grep -q "parker: the boot kernel has split_lock_detect=$SPLIT, PAT $PAT" kst-a/console
}

# runs COMMAND_LINE: and has what the boot kernel has
runs()
{
	up kst-a "do" "parker.do=pk,msrs,0-1,0x277;echo,msrs,end $1" &&
		wait_text kst-a "msrs end" &&
		was_told && same "$(tr -d '\r' <kst-a/console | grep '^[01] 0x277 ')" "0 0x277 $PAT
1 0x277 $PAT" && pk write kst-a/state kill
}

# runs_with SPLIT_LOCK_DETECT COMMAND_LINE
runs_with()
{
	SPLIT=$1
	policy "$SPLIT" $PAT && runs "$2" && as_it_is
}

# Its registers cannot be looked at.
old_one_is_told()
{
	KERNEL=$OLD SPLIT=fatal
	policy fatal $PAT && up kst-a && was_told && pk write kst-a/state kill && as_it_is
}

# Its own PAT is there again.
has_its_own_again()
{
	local cpu

	remove kst-a || return
	for cpu in $(expand "$CPUS"); do
		same "$(pk msr "$cpu" 0x277)" "${OURS#* }" || return
	done
}

# Debugfs is closed where a kernel is locked down, tracefs is empty where that is for
# confidentiality.
LOOKS="mount,-t,securityfs,none,/sys/kernel/security;cat,/sys/kernel/security/lockdown"
LOOKS="$LOOKS;mount,-t,debugfs,none,/sys/kernel/debug;mount,-t,tracefs,none,/sys/kernel/tracing"
LOOKS="$LOOKS;[,-e,/sys/kernel/tracing/trace,]||echo,no,tracefs"
LOOKS="$LOOKS;pk,write,/sys/kernel/debug/parker/map,x,EPERM&&echo,no,debugfs;echo,looked,around"

# shows_lockdown LEVEL SHOWN CLOSED [COMMAND_LINE]: LEVEL is a PARKER_LOCKDOWN_*
shows_lockdown()
{
	policy "$OURS $1" && up kst-a "do" "parker.do=$LOOKS ${4:-}" &&
		wait_text kst-a "looked around" && grep -q "$2" kst-a/console &&
		same "$(grep -o "^no [a-z]*fs" kst-a/console | tr '\n' ' ')" "$3" &&
		pk write kst-a/state kill && as_it_is
}

end()
{
	as_it_is
	cleanup
}

# does_not_start GLOB DESCRIPTION
does_not_start()
{
	refuse EINVAL "$1" kst-a "$2" pk write kst-a/state start
	as_it_is
}

setup
need 2 256
[ -w $SWITCH ] || skip_all "this kernel has no CONFIG_PARKER_DEBUG"
[ -e /dev/cpu/0/msr ] || skip_all "this kernel has no CONFIG_X86_MSR"
OURS=$(cat $SWITCH)
[ "${OURS#* }" != 0x7040600070406 ] || skip_all "this kernel has no CONFIG_X86_PAT"
trap end EXIT
CPUS=$(pick 2)
make kst-a "$CPUS" 256M || die "no partition"
OLD=${PARKER_OLD_KERNEL:-}
[ -n "$OLD" ] && plan 15 || plan 14
check "the boot kernel has what its registers say" tells_its_own
check "a kernel takes over what it is told" runs_with fatal ""
check "one that asks for the same" runs_with ratelimit:1000 split_lock_detect=ratelimit:1000
check "one that asks for something that nobody detects" runs_with - split_lock_detect=off
check "a kernel is not locked down without need" shows_lockdown 0 "\[none\]" ""
check "it is where the boot kernel is" shows_lockdown 1 "\[integrity\]" "no debugfs "
check "whatever its command line says of security modules" \
	shows_lockdown 2 "\[confidentiality\]" "no tracefs no debugfs " lsm=capability

load kst-a split_lock_detect=off && policy fatal $PAT || die "not loaded"
does_not_start "*split_lock_detect=off*fatal*the same" "one that asks for something else"
load kst-a "split_lock_detect=ratelimit:5" && policy ratelimit:50 $PAT || die "not loaded"
does_not_start "*ratelimit:5,*ratelimit:50*the same" "one that asks for another rate"

cp "$KERNEL" "$TMP/older" && pk declare "$TMP/older" 2 1 || die "not declared"
KERNEL=$TMP/older
load kst-a quiet && policy fatal $PAT || die "not loaded"
does_not_start "*too old*split_lock_detect=fatal*" "one that cannot be told"
check "it starts where it would do the same by itself" runs_with warn ""
check "it starts where its command line says the same" runs_with fatal split_lock_detect=fatal
[ -z "$OLD" ] || check "an older kernel is told, too" old_one_is_told

check "the boot kernel has its own again" has_its_own_again
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
