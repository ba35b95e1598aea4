#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""mk/audit.py REPORT: judge what the CPUs of a partition touch.

Reads QEMU's log while it grows: the trace of all accesses to devices, and what
mk/audit-plugin.c says. Marks in it, which tools/testing/selftests/parker/audit.sh
describes, tell what is the partition's. Writes what was touched into REPORT and prints
a line "ok NAME" or "FAILED NAME" for each claim, and for each trespass that has to be
seen.
"""

import collections
import re
import sys

MARK_PORT = 0xed
APIC = 0xfee00000
ICR, ICR2 = 0x300, 0x310
X2APIC_ICR = 0x830
SELF = 1
LOW = 1 << 20
CD_NW = 3 << 29

DEVICE = re.compile(r"memory_region_ops_(read|write) cpu (-?\d+) mr \S+ addr (\S+) "
                    r"value (\S+) size \d+ name '(.*)'")

# MSRs of one CPU: (first, last, why it may be written)
MSRS = [
    (0x1b, 0x1b, "mode of the local APIC"),
    (0x48, 0x49, "speculation, of the CPU"),
    (0x10b, 0x10b, "flush of the L1 cache, of the core"),
    (0x140, 0x140, "CPUID faulting, of the CPU"),
    (0x174, 0x176, "SYSENTER"),
    (0x17a, 0x17a, "state of a machine check, of the CPU"),
    (0x17b, 0x17b, "which machine checks are reported, of the CPU"),
    (0x1d9, 0x1d9, "debugging, of the CPU"),
    (0x277, 0x277, "PAT, of the CPU"),
    (0x6a0, 0x6a8, "shadow stacks, of the CPU"),
    (0x6e0, 0x6e0, "timer of the local APIC"),
    (0x800, 0x8ff, "local APIC"),
    (0xda0, 0xda0, "extended state, of the CPU"),
    (0xc0000080, 0xc0000084, "EFER and SYSCALL"),
    (0xc0000100, 0xc0000103, "FS, GS, TSC_AUX"),
    (0xc0010000, 0xc0010007, "performance counters, of the CPU"),
    (0xc0010200, 0xc001020b, "performance counters, of the core"),
    (0xc001011f, 0xc001011f, "speculation, of the CPU"),
    (0xc0011029, 0xc0011029, "errata, of the core"),
]

MODES = {0: "fixed", 1: "lowest", 2: "SMI", 4: "NMI", 5: "INIT", 6: "start-up"}

# What has to be seen of each trespass: kind and text of a finding
TRESPASSES = {
    "port": [("port", r"write 0x80 \S"), ("instruction", "out 0x80 ")],
    "ipi": [("ipi", "fixed .* to APIC ID")],
    "shorthand": [("ipi", "fixed .* by shorthand 3")],
    "logical": [("ipi", "fixed .* logical")],
    "msr": [("msr", "0x1a0 ")],
    "wbinvd": [("instruction", "wbinvd ")],
    "uncached": [("cr0", "caches off")],
    "mmio": [("device", r"read 0xfed000\S+ hpet")],
    "memory": [("memory", "r 0x400000 ")],
}

PARTS = ["all boot", "all", "load_modules", "hotplug", "use_perf", "stress", "poweroff",
         "crash boot", "crash", "reboot boot", "reboot", "halt boot", "halt", "busy boot",
         "busy", "trespass boot", "trespass", "trespass after", "guarded boot", "guarded",
         "guarded after"]

# What an attack in a guarded partition tries, and what is seen before it is refused
TRIED = ("in", "out", "wrmsr", "wbinvd", "invd", "vmrun", "vmsave")


def reason_of(msr):
    """Why a CPU of a partition may write this MSR; None if it may not."""
    return next((why for first, last, why in MSRS if first <= msr <= last), None)


class Audit:
    """What the log says."""

    def __init__(self):
        self.mark = {}
        self.apic_of = {}
        self.wrong_cpus = []
        self.own_cpus = set()
        self.memory = []
        self.devices = []
        self.part = None
        self.parts = []
        self.icr2 = {}
        # Roots of page tables on which a CPU left real mode
        self.entered_on = set()
        # (kind, what) -> count, of what is the partition's
        self.own = collections.Counter()
        # (part, kind, text, pc) -> count, of what may be foreign
        self.seen = collections.Counter()
        # What was about to be executed in a guarded partition
        self.tried = collections.Counter()
        self.lines = 0

    def is_guarded(self):
        """Is what the CPU is about to do not yet done?"""
        return self.part.startswith("guarded")

    # Marks

    def marked(self, cpu, byte):
        """A byte to the port of marks."""
        if byte != 10:
            self.mark[cpu] = self.mark.get(cpu, "") + chr(byte)
            return
        words = self.mark.pop(cpu, "").split()
        if words[:1] == ["cpu"]:
            self.apic_of[int(words[1])] = int(words[2])
            if int(words[1]) != cpu:
                self.wrong_cpus.append(f"CPU {words[1]} is virtual CPU {cpu}")
        elif words[:2] == ["own", "cpu"]:
            self.own_cpus.add(int(words[2]))
        elif words[:1] == ["own"]:
            where = self.memory if words[1] == "memory" else self.devices
            where.append((int(words[2], 16), int(words[3], 16)))
        elif words[:1] == ["begin"]:
            self.part = " ".join(words[1:])
            self.parts.append(self.part)
        elif words == ["end"]:
            self.part = None
        else:
            raise ValueError(f"unknown mark {words}")

    # Accesses

    def is_own(self, where, address):
        """Is the address in one of these ranges?"""
        return any(first <= address <= last for first, last in where)

    def may_be_foreign(self, kind, text, pc=0):
        """Judged at the end, when all is told."""
        self.seen[self.part, kind, text, pc] += 1

    def device(self, how, cpu, address, value, name):
        """An access to a device."""
        if name == "apic-msi" and APIC <= address < APIC + 0x1000:
            self.apic(how, cpu, address - APIC, value)
        elif self.is_own(self.devices, address):
            self.own["device", f"{name} {how}"] += 1
        else:
            kind = "port" if address <= 0xffff else "device"
            self.may_be_foreign(kind, f"{how} {address:#x} {name}")

    def apic(self, how, cpu, register, value):
        """An access to its own local APIC, in xAPIC mode."""
        self.own["local APIC", f"{how} register {register:#x}"] += 1
        if how == "write" and register == ICR2:
            self.icr2[cpu] = value >> 24
        if how == "write" and register == ICR:
            self.ipi(value, self.icr2.get(cpu, 0))

    def ipi(self, low, dest):
        """An interrupt command."""
        mode = MODES.get(low >> 8 & 7, "unknown")
        shorthand = low >> 18 & 3
        text = f"{mode} {low & 0xff:#x}"
        if shorthand == SELF:
            self.own["IPI to the CPU itself", f"{mode}, by shorthand"] += 1
        elif shorthand:
            self.may_be_foreign("ipi", f"{text} by shorthand {shorthand}")
        elif low & 0x800:
            self.may_be_foreign("ipi", f"{text} logical to {dest:#x}")
        elif dest not in {self.apic_of[own] for own in self.own_cpus}:
            self.may_be_foreign("ipi", f"{text} to APIC ID {dest}")
        else:
            self.own["IPI to its own APIC IDs", mode] += 1
        if mode == "start-up":
            self.may_be_foreign("start-up", f"{(low & 0xff) << 12:#x}")

    def insn(self, cpl, name, register, value, pc):
        """An instruction, before it is executed."""
        if self.is_guarded():
            self.tried[name] += 1
        elif cpl:
            # All of these fault then, but for ports, which the trace shows if they work.
            self.own["instruction that faults in a program", name] += 1
        elif name in ("wrmsr", "wrmsrns"):
            why = reason_of(register)
            if register == X2APIC_ICR:
                self.ipi(value & 0xffffffff, value >> 32)
            if why and pc >= LOW:
                self.own["MSR", f"{register:#x} ({why})"] += 1
            else:
                self.may_be_foreign("msr", f"{register:#x} = {value:#x}", pc)
        elif name in ("monitor", "monitorx") or (name in ("mwait", "mwaitx") and value < 0x10):
            self.own["instruction", f"{name}, in C1"] += 1
        elif name == "cr3":
            self.entered_on.add(value & ~0xfff)
        elif name == "cr0":
            if value & CD_NW or pc < LOW:
                off = "caches off" if value & CD_NW else "caches on"
                self.may_be_foreign("cr0", f"{off} = {value:#x}", pc)
            else:
                self.own["instruction", "write of CR0, caches on"] += 1
        else:
            self.may_be_foreign("instruction", f"{name} {register:#x} {value:#x}", pc)

    def page(self, how, address, pc):
        """The first use of a page of memory in this part, below a guard also by this."""
        if self.is_guarded():
            return
        if self.is_own(self.memory, address):
            self.own["page of memory, first use in a part", how] += 1
        else:
            self.may_be_foreign("memory", f"{how} {address & ~0xfff:#x} ", pc)

    def line(self, text):
        """A line of the log."""
        self.lines += 1
        words = text.split()
        if text.startswith("memory_region_ops_"):
            found = DEVICE.match(text)
            if not found:
                raise ValueError(f"cannot read {text!r}")
            how, cpu, address, value = found[1], int(found[2]), int(found[3], 16), int(found[4], 16)
            if address == MARK_PORT and how == "write":
                self.marked(cpu, value & 0xff)
            elif self.part and cpu in self.own_cpus:
                self.device(how, cpu, address, value, found[5])
        elif words[:1] == ["insn"] and self.part and int(words[1]) in self.own_cpus:
            self.insn(int(words[2]), words[3], *(int(word, 16) for word in words[4:7]))
        elif words[:1] == ["page"] and self.part and int(words[1]) in self.own_cpus:
            self.page(words[2], int(words[3], 16), int(words[4], 16))

    # Judging

    def by_stub(self, pc):
        """Is this the boot kernel's code, in which a CPU is parked?"""
        return 0 < pc < LOW and not self.is_own(self.memory, pc)

    def sort_out(self):
        """Split what was seen: foreign, and what the stub did, by (kind, text)."""
        foreign, stub, stub_pages = collections.Counter(), collections.Counter(), set()
        for (part, kind, text, pc), count in self.seen.items():
            where = int(text.split()[-1 if kind == "start-up" else 1], 16) \
                if kind in ("start-up", "memory") else None
            if where is not None and self.is_own(self.memory, where):
                self.own[kind, "in its memory below 1 MiB"] += count
            elif kind == "memory" and text.startswith("r ") and where in self.entered_on \
                    and self.is_own(self.memory, pc):
                # By the decompressor, which runs where it was put, on these tables.
                self.own[kind, "root of the page tables it was entered on, read"] += count
            elif self.by_stub(pc):
                stub[kind, text.strip()] += count
                stub_pages.add(pc >> 12)
            elif pc and pc < LOW and kind == "msr" and reason_of(int(text.split()[0], 16)):
                self.own["MSR", f"{text.split()[0]} (from below 1 MiB)"] += count
            elif pc and pc < LOW and kind == "cr0" and "caches on" in text:
                self.own["instruction", "write of CR0, caches on"] += count
            else:
                foreign[part, kind, f"{text} at {pc:#x}"] += count
        return foreign, stub, stub_pages


def claim(name, bad):
    """Print how a claim ended; bad is what contradicts it."""
    print(f"{'FAILED' if bad else 'ok'} {name}")
    for text in bad[:20]:
        print(f"    {text}")


def main():
    """Read, judge, report."""
    audit = Audit()
    for text in sys.stdin:
        audit.line(text)
    foreign, stub, stub_pages = audit.sort_out()

    trespasses = {key: n for key, n in foreign.items() if key[0].startswith("trespass")}
    mistakes = collections.Counter()
    for (part, kind, text), count in foreign.items():
        # The guard starts CPUs where they are parked, and nowhere else.
        parked = kind == "start-up" and part.startswith("guarded") and \
            int(text.split()[0], 16) >> 12 in stub_pages
        if not part.startswith("trespass") and not parked:
            mistakes[kind, f"{text}, in {part}"] += count

    def none_of(*kinds):
        return [f"{kind}: {text}: {n}" for (kind, text), n in mistakes.items() if kind in kinds]

    claim("the whole log was read", [] if audit.lines else ["it is empty"])
    claim("each CPU is the virtual CPU of its number",
          audit.wrong_cpus or ([] if audit.own_cpus else ["no CPU said so"]))
    claim("every part of each life was seen", [part for part in PARTS if part not in audit.parts])
    used = {kind for kind, _ in audit.own}
    claim("what it owns was seen in use",
          [kind for kind in ("MSR", "instruction", "IPI to its own APIC IDs", "start-up",
                             "page of memory, first use in a part")
           + (("device",) if audit.devices else ()) if kind not in used])
    claim("no port was touched", none_of("port"))
    claim("no device was touched but its own and its local APICs", none_of("device"))
    claim("IPIs went to its own APIC IDs, by shorthand only to the sender", none_of("ipi"))
    claim("its CPUs were started in its memory", none_of("start-up"))
    claim("no MSR was written that is not the CPU's own", none_of("msr"))
    claim("no WBINVD, INVD, IN, OUT, deep MWAIT, VMX, SVM or the like", none_of("instruction"))
    claim("caches were not turned off", none_of("cr0"))
    claim("no memory was read or written but its own", none_of("memory"))
    claim("the boot kernel's parking place is one page",
          [] if len(stub_pages) == 1 else [f"pages {stub_pages}"])

    expected = set()
    for name, signs in TRESPASSES.items():
        missing = []
        for kind, pattern in signs:
            hits = {key for key in trespasses if key[1] == kind and re.match(pattern, key[2])}
            expected |= hits
            if not hits:
                missing.append(f"no {kind}: {pattern}")
        claim(f"seen where it is done: {name}", missing)
    claim("and nothing but that",
          [f"{key[1]}: {key[2]}: {n}" for key, n in trespasses.items() if key not in expected])

    claim("attacks below a guard were tried",
          [f"no {name}" for name in TRIED if not audit.tried[name]])

    with open(sys.argv[1], "w", encoding="utf-8") as report:
        def put(title, counts):
            report.write(f"{title}\n")
            for (kind, text), n in sorted(counts.items()):
                report.write(f"  {n:9}  {kind}: {text}\n")
        put("What the partition's CPUs touched that is theirs:", audit.own)
        put("What they did in the boot kernel's parking place, before and after:", stub)
        put("What they touched that is not theirs:", mistakes)
        put("What was tried below a guard:",
            {("instruction", name): n for name, n in audit.tried.items()})
        put("What they trespassed on, on purpose:",
            {(kind, text): n for (_, kind, text), n in trespasses.items()})
        report.write(f"{audit.lines} lines of log; partition: CPUs {sorted(audit.own_cpus)}\n")


main()
