#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Shows two application kernels beside the boot kernel, on a machine of 8 CPUs:
# one made step by step, one made by one line, both at the same time.
#
# DEMO_KERNEL  DEMO_INITRD  what is loaded (default: /boot/bzImage, /boot/initrd)

set -u
PATH=$(cd "$(dirname "$0")" && pwd):$PATH
KERNEL=${DEMO_KERNEL:-/boot/bzImage}
INITRD=${DEMO_INITRD:-/boot/initrd}
ROOT=/sys/kernel/parker
CPUS=/sys/devices/system/cpu/online

title()
{
	printf '\n== %s\n\n' "$*"
}

say()
{
	printf '   %s\n' "$*"
}

fail()
{
	printf '\nFAILED: %s\n' "$*"
	for file in "$ROOT"/last_error "$ROOT"/*/last_error; do
		[ ! -r "$file" ] || printf '%s: %s\n' "$file" "$(cat "$file")"
	done
	clean_up
	exit 1
}

# So that a demo that failed can be shown again.
clean_up()
{
	for dir in $ROOT/web $ROOT/db; do
		[ -d "$dir" ] || continue
		echo kill >"$dir/state"
		rmdir "$dir"
	done 2>/dev/null
}

# run COMMAND: as a person would type it
run()
{
	printf '# %s\n' "$1"
	eval "$1" || fail "$1"
}

# What of a kernel's log tells something here; prefixed with its name.
tell()
{
	while IFS= read -r line; do
		case $line in
		*"app: ram "*|*"app: has "*) ;;
		*"Linux version"*|*"Command line"*|*[Pp]arker*|\
		*"Brought up"*|*"Run /init"*|*"app: "*)
			printf '%-4s | %.94s\n' "$1" "$line"
			;;
		esac
	done
}

# hear NAME: its console, until its init has said what it has
hear()
{
	rm -f /tmp/unheard
	{ pk poll -c -p "" "$1/console" 120 "app: ready" || touch /tmp/unheard; } | tell "$1"
	[ ! -e /tmp/unheard ] || fail "$1 did not come up"
}

# reaches NAME STATE
reaches()
{
	say "$1: $(pk poll "$1/state" 120 "$2" stopped crashed | tr '\n' ' ')"
	[ "$(cat "$1/state")" = "$2" ] || fail "$1 is $(cat "$1/state"): $(cat "$1/reason")"
}

free_mib()
{
	awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo
}

# who: one line for each kernel that runs
who()
{
	printf '   %-8s %-9s %-9s %s\n' kernel CPUs memory state
	printf '   %-8s %-9s %-9s %s\n' boot "$(cat $CPUS)" "$(free_mib)M free" running
	for dir in web db; do
		[ -d $dir ] || continue
		printf '   %-8s %-9s %-9s %s\n' $dir "$(cat $dir/cpus)" \
			"$(awk '{ sum += $2 } END { print sum / 1048576 }' $dir/memory)M" \
			"$(cat $dir/state)"
	done
}

trap 'clean_up; exit 1' INT TERM

title "Before: one kernel has the whole machine"
run "uname -r"
run "cat $CPUS"
before_cpus=$(cat $CPUS)
before_mib=$(free_mib)
say "$before_mib MiB of memory are available."
run "grep -q ' $ROOT parker ' /proc/mounts || mount -t parker none $ROOT"
run "cd $ROOT"
run "cat available"

title "A partition, step by step: four CPUs and 512M for 'web'"
run "mkdir web"
run "echo 4-7 > web/cpus"
run "echo 512M > web/memory"
run "cat web/memory"
run "cat $CPUS"
say "CPUs 4 to 7 are not the boot kernel's any more."
run "kexec --parker=web --load $KERNEL --initrd=$INITRD --command-line=parker.app=idle"
run "cat web/image"
run "kexec --parker=web --exec"
reaches web running
say "It runs. What it says, from its own console:"
hear web

title "Another one in one line: two CPUs and 256M for 'db'"
run "echo 'db cpus=2-3 memory=256M' > create"
run "kexec --parker=db --load $KERNEL --initrd=$INITRD --command-line=parker.app=idle"
run "kexec --parker=db --exec"
reaches db running
hear db

title "During: three kernels side by side, no hypervisor below"
run "cat web/state db/state"
who
for dir in web db; do
	first=$(awk '$1 == "heartbeats" { print $2 }' $dir/stat)
	pk poll $dir/state 1 crashed stopped >/dev/null
	next=$(awk '$1 == "heartbeats" { print $2 }' $dir/stat)
	[ "$next" -gt "$first" ] || fail "$dir makes no progress"
	say "$dir: $((next - first)) heartbeats in a second."
done
run "head -n 1 web/console"

title "'web' is asked to power off"
run "echo stop > web/state"
reaches web stopped
run "cat web/reason"
tail -n 3 web/console | tell web

title "'db' is not asked"
run "echo kill > db/state"
run "cat db/state db/reason"
say "Its console is kept:"
run "grep -c . db/console"

title "After: all belongs to the boot kernel again"
run "rmdir web db"
run "cat $CPUS"
after_mib=$(free_mib)
say "$after_mib MiB of memory are available."
[ "$(cat $CPUS)" = "$before_cpus" ] || fail "not all CPUs are back"
[ "$after_mib" -ge $((before_mib - 64)) ] || fail "not all memory is back"
say "All CPUs and all memory are back."
