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

fails_untouched()
{
	snapshot >"$TMP/before"
	kexec_a "$@" && return 1
	untouched
}

# fails_saying GLOB OPTION...: and the partition is as it was
fails_saying()
{
	local glob="$1"

	shift
	fails_untouched "$@" && like "$(cat "$TMP/out")" "$glob"
}

# kernel_refuses GLOB OPTION...: the same, in the words of last_error
kernel_refuses()
{
	local glob="$1" sentence

	shift
	# An earlier sentence is gone.
	pk write kst-a/watchdog 10 && fails_untouched "$@" || return
	sentence=$(cat kst-a/last_error)
	is_sentence "$sentence" && like "$sentence" "$glob" && grep -qF "$sentence" "$TMP/out"
}

# status PRINTED EXIT: as kexec -S does
status()
{
	"$KEXEC" --parker=kst-a -S >"$TMP/out" 2>&1
	same "$?" "$2" && same "$(cat "$TMP/out")" "$1"
}

loads()
{
	want=$1
	shift
	kexec_a -l "$KERNEL" --initrd="$INITRD" "$@" && is_state kst-a loaded &&
		same "$(cat kst-a/command_line)" "$want"
}

# What is unpacked when it is loaded: it can be relocated, and is packed in a way that is
# known. 4 if that is not so.
is_unpacked()
{
	zcat /proc/config.gz 2>/dev/null >"$TMP/config"
	grep -q "^CONFIG_X86_NEED_RELOCS=y" "$TMP/config" &&
		grep -q "^CONFIG_KERNEL_\(LZ4\|ZSTD\)=y" "$TMP/config" &&
		same "$(field kst-a/image release)" "$(uname -r)" || return 4
	[ "$(field kst-a/image unpacked_bytes)" -gt "$(field kst-a/image kernel_bytes)" ]
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

unknown_partition()
{
	"$KEXEC" --parker=kst-none -l "$KERNEL" >"$TMP/out" 2>&1 && return 1
	like "$(cat "$TMP/out")" "*kst-none*"
}

two_mounts()
{
	pk mount "$TMP/else where" || return
	loads "kst=5" --command-line="kst=5"
	result=$?
	umount "$TMP/else where" && return $result
}

# without_mount COMMAND...: in a mount namespace that lacks the usual one
without_mount()
{
	(cd / && unshare -m sh -c "umount $ROOT && \"\$@\"" sh "$@") >"$TMP/out" 2>&1
}

mounted_elsewhere()
{
	without_mount sh -c 'pk mount "$1" && shift && "$@"' sh "$TMP/else where" \
		"$KEXEC" --parker=kst-a -l "$KERNEL" --command-line="kst=6" &&
		same "$(cat kst-a/command_line)" "kst=6" && return
	sed 's/^/# /' "$TMP/out"
	return 1
}

not_mounted()
{
	without_mount "$KEXEC" --parker=kst-a -S
	same "$?" 255 && like "$(cat "$TMP/out")" "*mount*$ROOT*"
}

mounts()
{
	mkdir "$TMP/else where" || return
	check "it is mounted twice" two_mounts
	if unshare -m true 2>/dev/null; then
		check "it is mounted elsewhere only" mounted_elsewhere
		check "it is not mounted" not_mounted
	else
		ktap_test_skip "it is mounted elsewhere only: no mount namespaces"
		ktap_test_skip "it is not mounted: no mount namespaces"
	fi
}

setup
"$KEXEC" --help 2>&1 | grep -q -e --parker || skip_all "no kexec with --parker: set PARKER_KEXEC"
need 1 256
plan 25
make kst-a "$(pick 1)" 256M || die "no partition"
own_is 0 || die "an image of the machine's own is loaded"

check "-S: nothing is loaded" status 0 0
check "-l with --command-line" loads "quiet kst=1" --command-line="quiet kst=1"
check_or_skip "the kernel is of another kind" "it was unpacked at once" is_unpacked
check "-S: something is loaded" status 1 1
check "-l with --append replaces it" loads "kst=2" --append="kst=2"
check "-l with --reuse-cmdline" \
	loads "$(sed 's/BOOT_IMAGE=[^ ]* *//' /proc/cmdline)" --reuse-cmdline
check "--load is the same" eval 'kexec_a --load "$KERNEL" --command-line=kst=3'
check "-u" unloads -u
check "-u of nothing fails" kernel_refuses "*unload*" -u
check "-e of nothing fails" kernel_refuses "*start*" -e
check "-l for -e" loads "" --command-line=""
check "-e" starts -e
check "--exec" starts --exec
check "--unload" unloads --unload
check "the machine's own image was not touched" own_is 0
check "the machine's own image is loaded beside" own_load
check "-l leaves it" eval 'loads "kst=4" --command-line=kst=4 && own_is 1'
check "its unload leaves the partition's" eval 'own_unload && is_state kst-a loaded'
mounts
echo "no kernel" >"$TMP/text"
check "what is no bzImage is refused" fails_saying "*$TMP/text*" -l "$TMP/text"
cp "$KERNEL" "$TMP/declares-none" && pk declare "$TMP/declares-none" none ||
	die "$KERNEL declares nothing"
check "what is no application kernel is refused" \
	kernel_refuses "*application kernel*" -l "$TMP/declares-none"
check "an unknown partition is refused" unknown_partition
check "no warning" log_clean
finish
