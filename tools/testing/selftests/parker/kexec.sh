#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kexec --parker=NAME: loads, starts and unloads, says why it could not, and
# leaves the machine's own image alone.

. "$(dirname "$0")/lib.sh"

kexec_a()
{
	"$KEXEC" --parker=kst-a "$@" >"$TMP/out" 2>&1 && return
	ret=$?
	sed 's/^/# /' "$TMP/out"
	return $ret
}

# fails_saying GLOB OPTION...: and the partition is as it was
fails_saying()
{
	glob=$1
	shift
	snapshot >"$TMP/before"
	kexec_a "$@" && return 1
	like "$(cat "$TMP/out")" "$glob" && untouched
}

# status PRINTED EXIT: as kexec -S does
status()
{
	"$KEXEC" --parker=kst-a -S >"$TMP/out" 2>&1
	same "$?" "$2" && like "$(cat "$TMP/out")" "*$1*"
}

loads()
{
	want=$1
	shift
	kexec_a -l "$KERNEL" --initrd="$INITRD" "$@" && is_state kst-a loaded &&
		same "$(cat kst-a/command_line)" "$want"
}

starts()
{
	kexec_a "$1" && wait_state kst-a running && wait_text kst-a "app: ready" &&
		pk write kst-a/state kill
}

unloads()
{
	kexec_a "$1" && is_state kst-a empty
}

own_image()
{
	"$KEXEC" -s -l "$KERNEL" --initrd="$INITRD" --command-line=own >"$TMP/out" 2>&1 &&
		same "$(cat /sys/kernel/kexec_loaded)" 1
}

# own_is LOADED, whatever was done to the partition
own_is()
{
	same "$(cat /sys/kernel/kexec_loaded)" "$1"
}

own_unload()
{
	"$KEXEC" -s -u && own_is 0 && is_state kst-a loaded
}

setup
"$KEXEC" --help 2>&1 | grep -q -e --parker || skip_all "no kexec with --parker: set PARKER_KEXEC"
need 1 256
plan 20
make kst-a "$(pick 1)" 256M || die "no partition"
own_is 0 || die "an image of the machine's own is loaded"

check "-S: nothing is loaded" status 0 0
check "-l with --command-line" loads "quiet kst=1" --command-line="quiet kst=1"
check "-S: something is loaded" status 1 1
check "-l with --append replaces it" loads "kst=2" --append="kst=2"
check "-l with --reuse-cmdline" \
	loads "$(sed 's/BOOT_IMAGE=[^ ]* *//' /proc/cmdline)" --reuse-cmdline
check "--load is the same" eval 'kexec_a --load "$KERNEL" --command-line=kst=3'
check "-u" unloads -u
check "-u of nothing fails" fails_saying "*unload*" -u
check "-e of nothing fails" fails_saying "*" -e
check "-l for -e" loads "" --command-line=""
check "-e" starts -e
check "--exec" starts --exec
check "--unload" unloads --unload
check "the machine's own image was not touched" own_is 0
check "the machine's own image is loaded beside" own_image
check "-l leaves it" eval 'loads "kst=4" --command-line=kst=4 && own_is 1'
check "its unload leaves the partition's" own_unload
echo "no kernel" >"$TMP/text"
check "what is no bzImage is refused" fails_saying "*" -l "$TMP/text"
check "an unknown partition is refused" \
	fails "$KEXEC" --parker=kst-none -l "$KERNEL" 2>/dev/null
check "no warning" log_clean
finish
