#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What cannot be made: each wrong name, CPU and size gets its errno and a
# sentence, and changes nothing.

. "$(dirname "$0")/lib.sh"

cpus() { pk write kst-a/cpus "$@"; }
memory() { pk write kst-a/memory "$@"; }
line() { pk write create "$@"; }

# check refuses what create refuses, in the same words.
line_checked()
{
	pk write check "$1" "$2" || return
	sentence=$(words)
	pk write create "$1" "$2" && same "$(words)" "$sentence"
}

# How much memory is free may be another number a moment later.
words()
{
	sed 's/[0-9]* MiB/N MiB/g' last_error
}

setup
need 4 256
plan 51
MINE=$(pick 1)
make kst-b "$MINE" 64M || die "no partition"
THEIRS=$MINE
pk mkdir kst-a || die "mkdir failed"
MINE=$(pick 1)
cpus "$MINE" && memory 64M || die "no CPU or memory for the second one"
FREE=$(pick 1)
BOOT=$(for cpu in $(expand "$(online)"); do
	has_cpu "$(available_cpus)" "$cpu" || echo "$cpu"
done | head -n 1)
ABSENT=$(($(expand "$(cat $CPUDIR/possible)" | tail -n 1) + 1))
TOTAL=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
NODE=$(($(expand "$(cat /sys/devices/system/node/possible 2>/dev/null || echo 0)" | tail -n 1) + 1))

refuse EBUSY "*$BOOT*" kst-a "the CPU that booted the machine" cpus "$BOOT"
refuse EBUSY "*$BOOT*" kst-a "the same with a good one" cpus "$FREE,$BOOT"
refuse EBUSY "*${THEIRS%%[,-]*}*kst-b*" kst-a "another partition's CPU" cpus "$THEIRS"
refuse EBUSY "*kst-b*" kst-a "the same with a good one" cpus "$FREE,$THEIRS"
refuse ENODEV "*$((ABSENT - 1))*" kst-a "a CPU that the machine does not have" cpus "$ABSENT"
refuse ENODEV "*" kst-a "a CPU beyond all numbers" cpus 99999
refuse EINVAL "*" kst-a "a list of garbage" cpus "a-b"
refuse EINVAL "*" kst-a "a list that runs down" cpus "$FREE-0"
refuse EINVAL "*" kst-a "a list with a hole" cpus "$FREE,,$MINE,x"
refuse EINVAL "*" kst-a "two lists" cpus "$FREE
$MINE"

refuse ENOMEM "*[0-9]*" kst-a "more memory than there is" memory "${TOTAL}M"
refuse ENOMEM "*" kst-a "much more" memory 1000000G
refuse EINVAL "*" kst-a "more than 64 bits" memory 99999999999999999999G
refuse EINVAL "*" kst-a "a size of garbage" memory big
refuse EINVAL "*" kst-a "a negative size" memory "-64M"
refuse EINVAL "*" kst-a "an unknown suffix" memory 64Q
refuse EINVAL "*" kst-a "no size" memory ""
refuse EINVAL "*" kst-a "a size and nothing" memory "64M 0"
refuse EINVAL "*" kst-a "no node" memory "64M@"
refuse ENODEV "*$NODE*" kst-a "a node that the machine does not have" memory "64M@$NODE"
refuse EINVAL "*16*" kst-a "17 sizes" memory \
	"$(printf '2M %.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17)"

refuse ENODEV "*no PCI function 0000:ff:1f.7" kst-a "a PCI function that does not exist" \
	pk write kst-a/devices 0000:ff:1f.7
refuse EINVAL "*'eth0' is no address*" kst-a "no PCI function, but garbage" \
	pk write kst-a/devices eth0
check "no PCI function at all" eval 'pk write kst-a/devices "" && same "$(cat kst-a/devices)" ""'

# 64 KiB with the end of the line.
check "a write of 64 KiB" eval 'memory "$(printf "%-65535s" 64M)"'
check "a write of more than 64 KiB: E2BIG" eval 'memory "$(printf "%-65536s" 32M)" E2BIG &&
	same "$(memory_bytes kst-a)" $((64 << 20))'
check "the same for create: E2BIG" \
	line "$(printf '%-65536s' "kst-c cpus=$FREE memory=64M")" E2BIG

NAME31=kst-567890123456789012345678901
refuse EINVAL "*32*" . "a name of 32 letters" pk mkdir "${NAME31}2"
refuse EINVAL "*" . "a name with a newline" pk mkdir "kst-a
b"
refuse EINVAL "*" . "a name with a space" pk mkdir "kst- a"
refuse EINVAL "*" . "a name that begins with a dot" pk mkdir ".kst-a"
refuse EINVAL "*" . "a name that begins with a dash" pk mkdir ./-kst
check "a name with a slash: ENOENT" pk mkdir kst-none/a ENOENT
check "a partition in a partition: EPERM" pk mkdir kst-a/kst-b EPERM
check "a name that exists: EEXIST" pk mkdir kst-a EEXIST
check "a name of 31 letters" eval 'pk mkdir $NAME31 && pk rmdir $NAME31'
check "rmdir of a file: ENOTDIR" pk rmdir version ENOTDIR

refuse EINVAL "*" . "create: nothing" line_checked ""
refuse EINVAL "*" . "create: a name only" line_checked "kst-c"
refuse EINVAL "*" . "create: no CPUs" line_checked "kst-c cpus= memory=64M"
refuse EINVAL "*" . "create: no memory" line_checked "kst-c cpus=$FREE memory="
refuse EINVAL "*" . "create: an unknown word" line_checked "kst-c cpus=$FREE memory=64M disk=1"
refuse EINVAL "*" . "create: a name with a slash" line_checked "kst/c cpus=$FREE memory=64M"
refuse EEXIST "*kst-a*" . "create: a name that exists" line_checked "kst-a cpus=$FREE memory=64M"
refuse EBUSY "*kst-b*" . "create: another partition's CPU" \
	line_checked "kst-c cpus=$THEIRS memory=64M"
refuse ENOMEM "*" . "create: the CPUs are there, the memory is not" \
	line_checked "kst-c cpus=$FREE memory=${TOTAL}M"
refuse ENODEV "*no PCI function*" . "create: a PCI function that does not exist" \
	line_checked "kst-c cpus=$FREE memory=64M devices=0000:ff:1f.7"
check "check changes nothing where create would succeed" \
	eval 'snapshot >"$TMP/before"; pk write check "kst-c cpus=$FREE memory=64M" && untouched'

# 1,000 partitions: 256 fit.
made=0
while [ $made -lt 1000 ] && mkdir kst-n$made 2>/dev/null; do
	made=$((made + 1))
done
check "256 partitions, no more" same "$((made + 2))" 256
refuse ENOSPC "*256*" . "one partition too many" pk mkdir kst-toomany
rmdir kst-n*
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
