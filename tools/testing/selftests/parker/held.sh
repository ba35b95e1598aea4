#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# CPU hotplug is disabled while a driver probes a PCI function: a claim waits for that,
# but not for ever and not when it is killed, and a CPU that goes back comes online all the
# same. Where deadline tasks keep a CPU, the claim says so at once.
#
# PARKER_HELD_CLAIMS  how many claims are made beside probes (default: 100)

. "$(dirname "$0")/lib.sh"

CLAIMS=${PARKER_HELD_CLAIMS:-100}
DRIVERS=/sys/bus/pci/drivers

bind_again()
{
	echo "$NVME" >$DRIVERS/nvme/unbind && echo "$NVME" >$DRIVERS/nvme/bind
}

claims_beside_probes()
{
	local nr failed=0

	for nr in $(seq "$CLAIMS"); do
		pk write kst-a/cpus "$CPUS" 2>/dev/null || {
			failed=$((failed + 1))
			note "claim $nr: $(cat kst-a/last_error)"
		}
		pk write kst-a/cpus "" && cpus_back || return
	done
	note "$failed of $CLAIMS claims failed"
	same $failed 0
}

throttle()
{
	local answer

	answer=$(host monitor "block_set_io_throttle $BACKEND 0 $1 0 0 0 0")
	same "$answer" ""
}

# The probe of a disk looks for partitions, at one byte a second. What may be read at once
# is used up before.
hold()
{
	throttle 1 && dd if="/dev/$(disk_of "$DISK")" of=/dev/null bs=4096 count=1 iflag=direct &&
		echo "$DISK" >$DRIVERS/virtio-pci/unbind || return
	echo "$DISK" >$DRIVERS/virtio-pci/bind &
	HOLDER=$!
	CHILDREN="$CHILDREN $HOLDER"
	until [ "$(disk_of "$DISK")" ]; do
		kill -0 $HOLDER 2>/dev/null || return
		sleep 0.1
	done
	# A CPU that is not the test's refuses to go offline.
	fails pk write "$CPUDIR/cpu$OTHER/online" 0 2>/dev/null
}

let_go()
{
	throttle 0 && wait "$HOLDER"
}

# Nothing has changed. A snapshot would wait for the probe.
nothing_claimed()
{
	same "$(cat kst-a/cpus)" "" && cpus_back
}

gives_up()
{
	elapsed pk write kst-a/cpus "$CPUS" EBUSY && between "$SECONDS_TAKEN" 4 9 &&
		is_sentence "$(cat kst-a/last_error)" &&
		like "$(cat kst-a/last_error)" \
			"cpus: CPU * could not be taken offline within 5 s, *probe*" &&
		nothing_claimed
}

# killed_early: it ends with the signal, not with the wait
killed_early()
{
	pk write kst-a/cpus "$CPUS" 2>/dev/null &
	sleep 1
	kill -9 $!
	elapsed wait $!
	between "$SECONDS_TAKEN" 0 2 && nothing_claimed
}

goes_back_late()
{
	elapsed pk write kst-a/cpus "" && between "$SECONDS_TAKEN" 0 12 &&
		like "$(cat kst-a/last_error)" \
			"cpus: CPU * was given back, and comes online when *" &&
		same "$(cat kst-a/cpus)" ""
}

# They are offline then, which needs no CPU hotplug.
had_again()
{
	pk write kst-a/cpus "$CPUS" && same_list "$(cat kst-a/cpus)" "$CPUS" &&
		pk write kst-a/cpus ""
}

come_online()
{
	local _

	for _ in $(seq "$LIMIT"); do
		[ "$(online)" = "$ONLINE_BEFORE" ] && return
		sleep 1
	done
	cpus_back
}

# So much of all CPUs is reserved that two of them cannot go.
deadline_keeps()
{
	local all status=0

	all=$(nr_cpus "$(online)")
	pk deadline "$all" 85 sh -c "echo reserved; exec sleep 60" >"$TMP/deadline" &
	CHILDREN="$CHILDREN $!"
	until [ -s "$TMP/deadline" ]; do
		kill -0 $! 2>/dev/null || { note "no deadline tasks"; return 1; }
		sleep 0.1
	done
	pk write kst-a/cpus "$CPUS" EBUSY &&
		like "$(cat kst-a/last_error)" \
			"cpus: CPU * could not be taken offline: most likely deadline tasks *" &&
		nothing_claimed || status=1
	kill $!
	wait $! 2>/dev/null
	return $status
}

setup
need_host
need 3 16
plan 10
CPUS=$(pick 2)
OTHER=$(expand "$(available_cpus)" | head -n 1)
pk mkdir kst-a || die "no partition"
NVME=$(nvme_disks | nth 2)
DISK=$(virtio_disks | nth 1) BACKEND=disk2
need_pci "an NVMe disk and a virtio disk" "$NVME" "$DISK"

beside probes bind_again
check "$CLAIMS claims beside probes" claims_beside_probes
check "these went on all the time" went_on probes
check "deadline tasks keep a CPU" deadline_keeps
hold || die "CPU hotplug is not held"
check "a claim gives up while CPU hotplug is held" gives_up
check "a claim that is killed" killed_early
let_go || die "the probe did not end"
pk write kst-a/cpus "$CPUS" || die "no CPUs"
hold || die "CPU hotplug is not held"
check "CPUs go back while CPU hotplug is held" goes_back_late
check "they can be had before they are online" had_again
let_go || die "the probe did not end"
check "they come online when it is not held" come_online
check "the disk is there" [ -b "/dev/$(disk_of "$DISK")" ]
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
