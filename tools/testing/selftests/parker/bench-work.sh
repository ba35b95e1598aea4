#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# bench-work.sh NAME: the same work in any kernel, on its first CPU, for bench.sh. Prints
# "bench: value NAME/WORK CYCLES". pk is in the PATH; stress-ng and its libraries lie
# beside.

HERE=$(cd "$(dirname "$0")" && pwd)
name=$1
export TMPDIR=/tmp

count()
{
	work=$1
	shift
	taskset 1 pk count "$name/$work" "$@" || echo "bench-work: $work failed"
}

# stress WORK COUNT [OPTION...]: one worker of it, which does it so often
stress()
{
	kind=$1 nr=$2
	shift 2
	count "stress-$kind" run "$HERE/ld-linux-x86-64.so.2" --library-path "$HERE" \
		"$HERE/stress-ng" --quiet --seed 1 --temp-path /tmp \
		--"$kind" 1 --"$kind-ops" "$nr" "$@"
}

mkdir -p /tmp
# What is done for the first time is not measured.
for kind in cpu pipe fork memcpy timer; do
	stress $kind 1
done >/tmp/first
# Starting stress-ng takes some 25 million instructions, two more or less each time, and
# more with more CPUs: what it does has to outweigh that.
count calls bench calls 200000
count switches bench switches 20000
count faults bench faults 20000
stress cpu 200 --cpu-method int64
stress pipe 60000
stress fork 500
stress memcpy 15
stress timer 20000 --timer-freq 2000
echo "bench-work: $name end"
