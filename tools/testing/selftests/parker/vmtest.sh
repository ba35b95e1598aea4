#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs these tests in QEMU, for those who build the kernel by other means.
#
#   KERNEL=arch/x86/boot/bzImage ./vmtest.sh
#
# KERNEL     the kernel, built with the options in ./config
# INITRAMFS  user space to boot (default: one made of BUSYBOX and these tests)
# BUSYBOX    a static busybox (default: the one in PATH)
# KEXEC      a static kexec with --parker, without it kexec.sh is skipped
# TESTS      which ones (default: all)
# QEMU, ACCEL, SMP, MEM, LIMIT: program, kvm or tcg, CPUs, memory, seconds

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
KERNEL=$(realpath "${KERNEL:-$here/../../../../arch/x86/boot/bzImage}")
BUSYBOX=${BUSYBOX:-$(command -v busybox)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

init()
{
	cat <<-EOF
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		export PATH=/bin
		mount -t proc none /proc
		mount -t sysfs none /sys
		mount -t devtmpfs none /dev
		mount -t tmpfs none /tmp
		mount -t debugfs none /sys/kernel/debug
		mount -t tracefs none /sys/kernel/tracing
		cd /tests && ./run_kselftest.sh ${TESTS:+$(printf ' -t parker:%s' $TESTS)}
		echo "vmtest: done"
		poweroff -f
	EOF
}

build()
{
	local root=$work/root

	mkdir -p "$root"/{bin,boot,dev,proc,sys,tmp,tests} "$work/built"
	make -s -C "$here" OUTPUT="$work/built"
	cp "$BUSYBOX" "$root/bin/busybox"
	[ -z "${KEXEC:-}" ] || cp "$KEXEC" "$root/bin/kexec"
	cp "$KERNEL" "$root/boot/bzImage"
	cp -r "$here" "$here/../kselftest" "$here/../run_kselftest.sh" "$root/tests/"
	cp "$work/built/pk" "$work/built/payload" "$root/tests/parker/"
	make -s -C "$here" COLLECTION=parker emit_tests >"$root/tests/kselftest-list.txt"
	init >"$root/init"
	chmod 755 "$root/init"
	(cd "$root" && find . | "$BUSYBOX" cpio -o -H newc 2>/dev/null) >"$work/initramfs"
	INITRAMFS=$work/initramfs
}

[ -n "${INITRAMFS:-}" ] || build
# QEMU may have arguments.
# shellcheck disable=SC2086
timeout "${LIMIT:-7200}" ${QEMU:-qemu-system-x86_64} -M q35 \
	-accel "${ACCEL:-tcg,thread=multi}" -cpu max \
	-smp "${SMP:-8}" -m "${MEM:-4G}" -no-reboot -nographic -nodefaults -serial stdio \
	-kernel "$KERNEL" -initrd "$INITRAMFS" -append "console=ttyS0 panic=-1 quiet" \
	</dev/null | tr -d '\r' | tee "$work/log"

grep -q "^vmtest: done" "$work/log" || { echo "the machine did not come to the end"; exit 1; }
! grep -q "^not ok" "$work/log"
