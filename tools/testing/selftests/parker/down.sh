#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Ends the machine while partitions run: down.sh poweroff|reboot|kexec|crash. One
# powers off when it is asked to, and one does not; for crash they just run. unheard is
# as kexec, but a CPU is found then that cannot be stopped. With idt or tables an
# application kernel loses what it needs to take a fault.
#
# It is no test that a runner could run: who started the machine sees on its
# console what comes of it. With kexec and crash another kernel follows, which
# prints "app: ready" and powers off; for crash, memory has to be set aside by
# crashkernel=.

. "$(dirname "$0")/lib.sh"

NEXT="console=ttyS0 parker.app=poweroff"

setup
need 3 512
make kst-a "$(pick 2)" 256M && up kst-a || die "no partition"
make kst-b "$(pick 1)" 256M && up kst-b deaf || die "no partition"

case ${1:-} in
kexec|unheard)
	"$KEXEC" -s -l "$KERNEL" --initrd="$INITRD" --command-line="$NEXT" || die "no image"
	;;
crash)
	"$KEXEC" -s -p "$KERNEL" --initrd="$INITRD" --command-line="$NEXT maxcpus=1" ||
		die "no image"
	;;
esac
log_clean || die "there is something in the log"
trap - EXIT

case ${1:-} in
kexec) "$KEXEC" -e ;;
unheard) pk write /sys/kernel/debug/parker/unheard "$(cat kst-b/cpus)" && "$KEXEC" -e ;;
idt|tables)
	echo "parker selftest: an application kernel loses its $1" >/dev/kmsg
	pk write kst-a/state kill && load kst-a "parker.app=do parker.do=die,$1" &&
		start kst-a && wait_state kst-a crashed stopped
	# Who is guarded loses that alone.
	[ "$(cat kst-a/isolation)" = bare ] || poweroff -f
	;;
crash) echo c >/proc/sysrq-trigger ;;
*) "$1" -f ;;
esac
die "it goes on"
