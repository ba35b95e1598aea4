# SPDX-License-Identifier: GPL-2.0
# Parker: one target for each thing a person wants. The work is done by the
# scripts in mk/, each of which says at its top what it does.
#
# Variables: V=1 shows commands, DEBUG=1 builds with the kernel's checkers,
# CC=clang LLVM=1 uses clang, KSRC= names another 6.12.y tree or tarball,
# ACCEL=kvm uses KVM, QEMU= names another QEMU, SMP= and MEM= size the machine,
# MACHINE=smt|x2apic|many|pci|intel|uefi|doomed picks another one, CPU=EPYC-Milan another
# model of CPU, APPEND= adds kernel parameters, TESTS="basic.sh cpus.sh" runs only these
# selftests, STEPS="kunit down" only these steps of make test and test-full, TIMEOUT= ends
# a machine after so many seconds, OUT= names another folder for the results.
# SUITES="lifecycle exits" are what make bench does; RUNS=, SHAPES= and COUNT= are in
# mk/bench.

export STEPS SUITES RUNS SHAPES COUNT SECONDS_EACH
export V DEBUG CC LLVM KSRC ACCEL QEMU SMP MEM OUT JOBS MACHINE CPU APPEND TESTS TIMEOUT
# CC has a default in make; only what the user said counts.
ifeq ($(origin CC),default)
CC :=
endif

.NOTPARALLEL:
.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: kernel
kernel: ## build the kernel: out/bzImage, out/vmlinux, out/kernel.config
	@mk/kernel

.PHONY: kexec
kexec: ## build out/kexec from Debian's kexec-tools with our patch
	@mk/kexec

.PHONY: initramfs
initramfs: kernel kexec ## build out/initramfs.cpio, the test machine's user space
	@mk/initramfs

.PHONY: demo
demo: initramfs ## show two application kernels beside the boot kernel, in QEMU
	@mk/demo

.PHONY: shell
shell: initramfs ## the same machine with a shell of the boot kernel
	@mk/shell

.PHONY: test
test: ## run the tests that are quick enough for each change
	@mk/test quick

.PHONY: test-full
test-full: ## run all tests: also debug, clang, UML, other machines, each patch
	@mk/test full

.PHONY: kunit
kunit: kernel ## run the KUnit tests in QEMU
	@mk/kunit

.PHONY: kunit-uml
kunit-uml: ## run the KUnit tests that need no x86 under User Mode Linux
	@mk/kunit-uml

.PHONY: selftest
selftest: initramfs ## run the selftests in QEMU
	@mk/selftest

.PHONY: vmtest
vmtest: initramfs ## run some selftests by their own vmtest.sh
	@mk/vmtest

.PHONY: down
down: initramfs ## end the machine in each way while a partition runs
	@mk/down

.PHONY: audit
audit: initramfs ## see in QEMU that an application kernel touches only what is its own
	@mk/audit

.PHONY: vmcore
vmcore: initramfs ## look at the core file of a crashed kernel with gdb
	@mk/vmcore

.PHONY: coverage
coverage: export COVERAGE := 1
coverage: initramfs ## say which lines of the boot kernel's part no test runs
	@mk/coverage

.PHONY: configs
configs: initramfs ## build Parker in other configurations, boot some of them
	@mk/configs

.PHONY: kernel61
kernel61: ## build out/bzImage-6.1, an old kernel that can run as application kernel
	@mk/kernel61

.PHONY: old
old: initramfs ## run it beside the boot kernel, test what may differ between the two
	@TIMEOUT=$${TIMEOUT:-1800} mk/beside "old.sh contract.sh agree.sh" old

.PHONY: sandbox
sandbox: initramfs ## compare the smallest application kernel with the general one
	@mk/sandbox

.PHONY: demo-rt
demo-rt: initramfs ## a real-time kernel beside a loaded boot kernel: latencies, out/rt.png
	@mk/demo-rt

.PHONY: devloop
devloop: ## build what changed and run it in place of the partition's last kernel
	@mk/devloop

.PHONY: devloop-end
devloop-end: ## end the machine that make devloop began
	@mk/devloop end

.PHONY: devloop-test
devloop-test: ## two rounds of make devloop
	@mk/devloop test

.PHONY: tuned
tuned: initramfs ## two kernels of one tree, configured differently, at the same time
	@TIMEOUT=$${TIMEOUT:-1800} mk/beside tuned.sh rt

.PHONY: mix
mix: initramfs ## a real-time, an old and a tiny kernel at the same time
	@TIMEOUT=$${TIMEOUT:-1800} mk/beside mix.sh rt old sandbox

.PHONY: selfcheck
selfcheck: ## test the scripts behind these targets
	@mk/selfcheck

.PHONY: series
series: ## write the mailable patches to out/series/ and verify them
	@mk/series

.PHONY: series-build
series-build: series ## build the tree of each patch, with CONFIG_PARKER=y and =n
	@mk/series-build

.PHONY: check
check: ## check style, static analysis, documentation comments, MAINTAINERS
	@mk/check

.PHONY: bench
bench: initramfs ## measure what partitions cost: out/bench/report.md
	@mk/bench

.PHONY: bench-compare
bench-compare: ## say what differs between two of these: A=FOLDER B=FOLDER
	@mk/bench.py compare "$(A)" "$(B)"

.PHONY: clean
clean: ## remove everything that was built
	rm -rf "$${OUT:-out}"
