#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""mk/bench.py data NAME | direct NAME RUNS SHAPES | work MODE RUNS | report | compare A B

What mk/bench has measured: out/log/bench-NAME.out becomes out/bench/NAME.json, the same
kernel is booted directly, out/bench/*.json becomes out/bench/report.md, and what two such
folders say is compared.
"""

import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
OUT = pathlib.Path(os.environ.get("OUT") or TOP / "out").resolve()
LOG = OUT / "log"
BENCH = OUT / "bench"

# Seconds for which scale lets the boot kernel rest
REST = 10

EXITS = ("memory", "apic", "ipi", "msr", "port", "config", "other")

# Below this no difference is believed in, however quiet the runs were.
LEAST_CHANGE = 0.02


class Bad(Exception):
    """What the user is told instead of a trace back."""


def said(*command):
    """The output of a command, "" when there is none."""
    ran = subprocess.run(command, capture_output=True, check=False, cwd=TOP)
    return ran.stdout.decode(errors="replace").strip()


def host():
    """What the measured machine runs on."""
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*: (.*)", info)
    return {"processors": os.cpu_count(), "model": model.group(1) if model else "unknown",
            "kernel": os.uname().release}


def config():
    """What was measured."""
    return {"commit": said("git", "rev-parse", "HEAD"),
            "changed": bool(said("git", "status", "--porcelain", "--untracked-files=no")),
            "kernel_config": said("sha256sum", str(OUT / "kernel.config"))[:16],
            "qemu": said("sh", "-c", "$(mk/find-qemu) --version").split("\n", maxsplit=1)[0]}


def put(name, content):
    """Write out/bench/NAME.json."""
    (BENCH / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def fields(text):
    """key=value pairs; the reason of a state, which comes last, has blanks and quotes."""
    return {key: value.strip('"') for key, value in re.findall(r'(\w+)=("[^"]*"|\S*)', text)}


def read_counts(path):
    """{name: {chunk: (instructions, halts)}} of what the plugin has written."""
    begins, counts = {}, {}
    for line in path.read_text().splitlines() if path.exists() else []:
        what, name, found = re.match(r"count (.)([^\t]*)\t(.*)", line).groups()
        at = {int(c): (int(i), int(h)) for c, i, h in
              (chunk.split(":") for chunk in found.split())}
        if what == "+":
            begins[name] = at
            continue
        begin = begins.pop(name)
        counts[name] = {c: (i - begin.get(c, (0, 0))[0], h - begin.get(c, (0, 0))[1])
                        for c, (i, h) in at.items()}
    return counts


CHUNK = 2 << 20


def whose(counts, theirs):
    """What of these counts is the partitions', and what is not."""
    chunks = set()
    for area in theirs:
        start, end = (int(address, 16) for address in area.split("-"))
        chunks.update(range(start // CHUNK, end // CHUNK + 1))
    sums = {"theirs": [0, 0], "others": [0, 0]}
    for chunk, numbers in counts.items():
        part = sums["theirs" if chunk in chunks else "others"]
        part[0] += numbers[0]
        part[1] += numbers[1]
    return sums


def sort_lines(text, counts):
    """What a guest said, sorted by what it belongs to: about, runs, has it ended?"""
    about, runs = {}, []
    ended = False
    for line in text.splitlines():
        if not line.startswith("bench: "):
            continue
        kind, _, rest = line[len("bench: "):].partition(" ")
        words = rest.split(" ", 2)
        if kind == "about":
            about[words[0]] = rest.partition(" ")[2]
        elif kind == "run":
            runs.append({**fields(rest), "values": {}, "events": [], "counts": {},
                         "theirs": []})
        elif kind == "theirs":
            runs[-1]["theirs"] += rest.split()
        elif kind == "value":
            key = words[0].rpartition("/")[2]
            runs[-1]["values"][key] = float(words[1])
            if words[0] in counts:
                runs[-1]["counts"][key] = counts[words[0]]
        elif kind == "event":
            what = {"mark": words[2]} if words[1] == "mark" else fields(words[2])
            runs[-1]["events"].append([int(words[0]), words[1], what])
        elif kind == "end":
            ended = True
    for run in runs:
        run["counts"] = {key: whose(count, run["theirs"])
                         for key, count in run["counts"].items()}
    return about, runs, ended


def data(name):
    """What a guest said becomes raw data."""
    about, runs, ended = sort_lines(
        (LOG / f"bench-{name}.out").read_text(errors="replace"),
        read_counts(LOG / f"bench-{name}.counts"))
    if not ended or not runs:
        raise Bad(f"{name}: the guest did not come to its end")
    put(name, {"about": about, "config": config(), "host": host(), "runs": runs,
               "load": (LOG / f"bench-{name}.load").read_text().splitlines(),
               "command": (LOG / f"bench-{name}.command").read_text().strip()})


class Firmware(threading.Thread):
    """Listens to what the firmware says, and remembers when it said the last thing."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.last = None
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()

    def run(self):
        peer, _ = self.server.accept()
        while peer.recv(4096):
            self.last = time.monotonic()


# One instruction takes one nanosecond, and waiting no time but that of the timer.
COUNTED = {"ACCEL": "tcg,thread=single", "EXTRA": "-icount shift=0,sleep=off"}


def machine(cpus, memory, init, **more):
    """A machine that is booted directly."""
    env = {**os.environ, "SMP": cpus, "MEM": memory, "NO_INITRD": "1", "TIMEOUT": "600",
           "MACHINE": "", "CONSOLE": "ttyS1",
           "APPEND": "quiet cpu_init_udelay=0 rdinit=/bin/pk", **more}
    if "-initrd" not in env["EXTRA"]:
        env["EXTRA"] += f" -initrd {OUT}/initramfs/app-initrd"
    # pylint: disable-next=consider-using-with
    return subprocess.Popen([TOP / "mk/qemu", "bench-direct", "--", *init], env=env,
                            stdout=subprocess.PIPE)


def counted_boot(cpus, memory):
    """The same seconds as boot(), of the machine's own time."""
    said = []
    for kernel in ("bzImage", "bench/firmware-end"):
        with machine(cpus, memory, ["bench", "tsc", "0"], KERNEL=str(OUT / kernel),
                     **COUNTED) as qemu:
            said.append(qemu.stdout.read().decode(errors="replace"))
    user, end = re.search(r"^tsc (\d+)", said[0], re.M), re.match(r"[0-9a-f]{16}\n", said[1])
    if not user or not end:
        raise Bad(f"the direct boot with {cpus} CPUs and {memory} failed")
    return (int(user.group(1)) - int(end.group(), 16)) / 1e9


def boot(cpus, memory):
    """Seconds from the end of the firmware to the first word of init."""
    path = BENCH / "firmware.socket"
    path.unlink(missing_ok=True)
    firmware = Firmware(path)
    firmware.start()
    first = None
    with machine(cpus, memory, ["bench", "tsc", "0"],
                 EXTRA=f"-chardev socket,id=fw,path={path} "
                       "-device isa-debugcon,iobase=0x402,chardev=fw") as qemu:
        for line in qemu.stdout:
            if first is None and line.startswith(b"tsc "):
                first = time.monotonic()
    path.unlink()
    if qemu.returncode or first is None or firmware.last is None or firmware.last > first:
        raise Bad(f"the direct boot with {cpus} CPUs and {memory} failed")
    return first - firmware.last


def direct(name, runs, shapes):
    """The kernel of the partitions without Parker: the same CPUs, memory and initrd."""
    measure = counted_boot if name.startswith("counted") else boot
    done = []
    for run in range(1, int(runs) + 1):
        for shape in shapes.split(","):
            cpus, memory = shape.split(":")
            done.append({"suite": "direct", "cpus": cpus, "memory": memory, "run": str(run),
                         "values": {"user": measure(cpus, memory)}})
    put(f"direct-{name}", {"about": {}, "config": config(), "host": host(), "runs": done,
                   "command": (LOG / "bench-direct.command").read_text().strip()})


def work(mode, runs):
    """The work of steady in the same kernel without Parker."""
    done = []
    more = {"EXTRA": f"-initrd {BENCH}/work-initrd"}
    counts = LOG / "bench-direct.counts"
    if mode == "counted":
        more = {**COUNTED, "EXTRA": f"{COUNTED['EXTRA']} {more['EXTRA']} "
                f"-plugin {BENCH}/count.so -d plugin -D {counts}"}
    for run in range(1, int(runs) + 1):
        name = f"steady/{run}/direct"
        with machine("1", "256M", [],
                     APPEND="quiet cpu_init_udelay=0 parker.app=do parker.do="
                            f"/extra/bench-work.sh,{name};poweroff,-f", **more) as qemu:
            said = qemu.stdout.read().decode(errors="replace")
        if qemu.returncode or f"bench-work: {name} end" not in said:
            raise Bad(f"the work in a direct boot failed:\n{said[-1000:]}")
        counted = read_counts(counts) if mode == "counted" else {}
        text = f"bench: run suite=steady where=direct run={run}\n{said}"
        done += sort_lines(text, counted)[1]
    put(f"direct-steady-{mode}", {"about": {}, "config": config(), "host": host(), "runs": done,
                   "command": (LOG / "bench-direct.command").read_text().strip()})


def load(folder, name):
    """A file of raw data, or None."""
    path = pathlib.Path(folder) / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


class Life:
    """The events of one partition's life, in seconds."""

    def __init__(self, run, mhz):
        self.run = run
        self.hertz = mhz * 1e6

    def at(self, kind, key, value, nth=0, after=0.0):
        """When the event was."""
        found = [tsc for tsc, k, what in self.run["events"]
                 if k == kind and what[key] == value and tsc / self.hertz > after]
        if len(found) <= nth:
            raise Bad(f"no {kind} {value} in the trace of {self.run['cpus']} CPUs, "
                      f"{self.run['memory']}, run {self.run['run']}")
        return found[nth] / self.hertz

    def step(self, name, nth=0):
        """How long a step took, from the one event to the other."""
        return self.at("step", "step", name, nth) - self.at("begin", "step", name, nth)

    def mark(self, name):
        """Likewise, of the script's marks."""
        return self.at("mark", "mark", "-" + name) - self.at("mark", "mark", "+" + name)

    def stamp(self, name):
        """From the start to what the application kernel noted."""
        found = [what["tsc"] for _, k, what in self.run["events"]
                 if k == "stamp" and what["stamp"] == name]
        return int(found[0]) / self.hertz - self.at("begin", "step", "start")

    def measures(self):
        """{what: (seconds, what it is compared with, seconds of that)}"""
        zero = self.run["values"]["zero"] / self.hertz
        copy = self.run["values"]["copy"] / self.hertz
        start = self.at("begin", "step", "start")
        # The first one may have ended before anybody looked.
        second = self.at("begin", "step", "start", 1)
        user = self.run["values"]["tsc"] / self.hertz - start
        return {
            "make": (self.step("make"),),
            "claim CPUs": (self.step("cpus"), "offline by hand", self.mark("offline")),
            "claim CPUs: offline": (self.step("offline"), "offline by hand",
                                    self.mark("offline")),
            "claim CPUs: park": (self.step("park"),),
            "claim memory": (self.step("memory"), "zero it once", zero),
            "claim memory: take": (self.step("take_memory"),),
            "claim memory: clear": (self.step("clear_memory"), "zero it once", zero),
            "load": (self.step("load"), "copy the image", copy),
            "start: build": (self.step("build"), "copy the image", copy),
            "start: kick": (self.step("kick"),),
            "start to first code": (self.stamp("entry"),),
            "start to first byte": (self.stamp("console"),),
            "start to report": (self.stamp("up"),),
            "start to running": (self.at("state", "state", "running", after=second) - second,),
            "start to init": (self.stamp("user"),),
            "start to user space": (user, "direct boot", None),
            "stop to stopped": (self.at("state", "state", "stopped", after=second) -
                                self.at("begin", "step", "stop"),),
            "kill to stopped": (self.step("kill"),),
            "release memory": (self.step("memory", 1), "zero it once", zero),
            "release CPUs": (self.step("cpus", 1), "online by hand", self.mark("online")),
            "remove": (self.step("remove"),),
            "control: two marks": (self.mark("nothing"),),
        }


def entry_of(samples, key, unit, floor=""):
    """Where a sample goes."""
    return samples.setdefault(key, {"unit": unit, "samples": [], "floors": [], "floor": floor})


def lifecycle_samples(folder, suite):
    """{(suite, group, what): {"unit", "samples", "floor", "floors"}}"""
    samples = {}
    for path in sorted(pathlib.Path(folder).glob(f"{suite}-*.json"),
                       key=lambda path: int(path.stem.rpartition("-")[2])):
        samples.update(lives(folder, suite, path.stem))
    return samples


def lives(folder, suite, name):
    """Those of the partitions with one number of CPUs"""
    raw = load(folder, name)
    booted = load(folder, f"direct-{name}") or {"runs": []}
    boots = {(b["cpus"], b["memory"], b["run"]): b["values"]["user"] for b in booted["runs"]}
    mhz = float(raw["about"]["tsc_mhz"])
    samples = {}
    for run in raw["runs"]:
        group = f"{run['cpus']} CPU{'s'[:run['cpus'] != '1']}, {run['memory']}"
        for what, (seconds, *floor) in Life(run, mhz).measures().items():
            entry = entry_of(samples, (suite, group, what), "ms", floor[0] if floor else "")
            entry["samples"].append(seconds * 1000)
            base = floor[1] if floor else None
            if floor and base is None:
                base = boots.get((run["cpus"], run["memory"], run["run"]))
            if base is not None:
                entry["floors"].append(base * 1000)
    return samples


def memory_samples(folder):
    """Bytes of the boot kernel for each partition, beyond what it has and its image."""
    raw = load(folder, "memory")
    if not raw:
        return {}
    samples = {}
    for run in raw["runs"]:
        value, number = run["values"], int(run["partitions"])
        kept = value["own"] + value["images"]
        own = {"made": 0, "given": value["own"], "loaded": kept, "running": kept,
               "stopped": kept, "control: removed": 0}
        for stage, known in own.items():
            entry = entry_of(samples, ("memory", f"{number} partitions", stage), "KiB")
            taken = value["free"] - value[stage.rpartition(" ")[2]] - known
            entry["samples"].append(taken / number / 1024)
    return samples


def scale_samples(folder):
    """What the n-th partition costs, beside the first; watching n, beside none."""
    raw = load(folder, "scale")
    if not raw:
        return {}
    costs = {(run["run"], step, int(run["partitions"])): count["others"]
             for run in raw["runs"] for step, count in run["counts"].items() if run["run"] != "0"}
    samples = {}
    for (run, step, nr), (insns, halts) in costs.items():
        first = costs[run, step, 0 if step == "rest" else 1][0]
        if step != "rest":
            entry = entry_of(samples, ("scale", step, f"partition {nr:2}"),
                             "thousand instructions", "the first")
            seconds = 1
        else:
            entry = entry_of(samples, ("scale", "watching, a second", f"{nr:2} running"),
                             "thousand instructions", "none running")
            seconds = REST
            entry_of(samples, ("scale", "wake-ups, a second", f"{nr:2} running"),
                     "")["samples"].append(halts / REST)
        entry["samples"].append(insns / 1000 / seconds)
        entry["floors"].append(first / 1000 / seconds)
    return dict(sorted(samples.items()))


# What steady compares: where, beside where, whose instructions
PAIRS = (
    ("application kernel", "app", "theirs", "direct boot", "direct"),
    ("boot kernel with partitions running", "beside", "others", "without", "alone"),
    ("control: boot kernel again", "again", "others", "the first time", "alone"),
)


def steady_samples(folder, mode):
    """The same work in different kernels: instructions, or milliseconds."""
    raw, direct_raw = load(folder, f"steady-{mode}"), load(folder, f"direct-steady-{mode}")
    if not raw or not direct_raw:
        return {}
    runs = {(r["where"], r["run"]): r for r in raw["runs"] + direct_raw["runs"]}
    hertz = float(raw["about"]["tsc_mhz"]) * 1e6

    def amount(run, what, part):
        if mode == "counted":
            return run["counts"][what][part][0] / 1e6
        return run["values"][what] / hertz * 1e3

    samples = {}
    unit = "million instructions" if mode == "counted" else "ms"
    for group, where, part, floor, floor_where in PAIRS:
        for (there, number), run in runs.items():
            if there != where:
                continue
            base = runs[floor_where, number]
            for what in run["values"]:
                entry = entry_of(samples, (f"steady-{mode}", group, what), unit, floor)
                entry["samples"].append(amount(run, what, part))
                entry["floors"].append(amount(base, what, "others"))
    return samples


# What kvm has measured beside the work: group, row
BESIDE = {"start": ("life", "from its start to user space"),
          "user": ("life", "from nothing to user space"),
          "all": ("life", "until all is removed"),
          "bytes": ("memory of the boot kernel", "beyond what was asked for")}


def kvm_samples(folder, mode):
    """A partition beside a virtual machine."""
    raw = load(folder, f"kvm-{mode}")
    if not raw:
        return {}
    values = {(run["where"], run["run"]): run["values"] for run in raw["runs"]}
    hertz = float(raw["about"]["tsc_mhz"]) * 1e6
    samples = {}
    for (where, number), mine in values.items():
        if where != "app":
            continue
        for what, value in mine.items():
            group, row = BESIDE.get(what, ("work", what))
            unit, scale = ("KiB", 1 / 1024) if what == "bytes" else ("ms", 1e3 / hertz)
            entry = entry_of(samples, (f"kvm-{mode}", group, row), unit, "virtual machine")
            entry["samples"].append(value * scale)
            entry["floors"].append(values["vm", number][what] * scale)
    return samples


WHILE = {"nothing": "nothing goes on", "hotplug": "a CPU goes offline and online",
         "lives": "partitions live and die"}


def late(folder):
    """{(where, while): [values of each run]} of timers."""
    raw = load(folder, "noise") or {"runs": []}
    found = {}
    for run in raw["runs"]:
        where = "boot kernel" if run["where"] == "boot" else "another partition"
        found.setdefault((where, WHILE[run["while"]]), []).append(run["values"])
    return found


def noise_samples(folder):
    """How late timers are while others do something, beside nothing going on."""
    samples = {}
    found = late(folder)
    for (where, meanwhile), runs in found.items():
        for key, word in (("avg", "average"), ("max", "worst")):
            entry = entry_of(samples, ("noise", where, f"{word}, {meanwhile}"), "us",
                             WHILE["nothing"])
            entry["samples"] = [values[key] for values in runs]
            entry["floors"] = [values[key] for values in found[where, WHILE["nothing"]]]
    return samples


def exit_counts(raw):
    """{work: {kind: [counts]}}"""
    counts = {}
    for run in raw["runs"]:
        kinds = counts.setdefault(run["work"], {})
        for kind in EXITS:
            before = run["values"].get(f"before_exits_{kind}", 0)
            kinds.setdefault(kind, []).append(run["values"][f"exits_{kind}"] - before)
    return counts


def exit_samples(folder):
    """Exits of each kind, and all of them."""
    samples = {}
    for mode in ("xapic", "x2apic"):
        raw = load(folder, f"exits-{mode}")
        if not raw:
            continue
        for work, kinds in exit_counts(raw).items():
            kinds = {**kinds, "all": [sum(c) for c in zip(*kinds.values())]}
            for kind, numbers in kinds.items():
                samples["exits", f"{mode}, {work}", kind] = {
                    "unit": "", "samples": numbers, "floors": [], "floor": ""}
    return samples


def all_samples(folder):
    """Everything that a folder has."""
    return {**lifecycle_samples(folder, "lifecycle"), **lifecycle_samples(folder, "counted"),
            **memory_samples(folder), **exit_samples(folder), **scale_samples(folder),
            **noise_samples(folder),
            **steady_samples(folder, "counted"), **steady_samples(folder, "timed"),
            **kvm_samples(folder, "counted"), **kvm_samples(folder, "timed")}


def number(value):
    """Three digits that say something."""
    if value == int(value) and abs(value) < 1e7:
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(values):
    """median (min to max)"""
    return (number(statistics.median(values)), number(min(values)), number(max(values)))


def table(samples, suite, out):
    """One table for each group of a suite."""
    groups = list(dict.fromkeys(g for s, g, _ in samples if s == suite))
    for group in groups:
        rows = {w: e for (s, g, w), e in samples.items() if s == suite and g == group}
        unit = next(iter(rows.values()))["unit"]
        out += [f"### {group}", "",
                f"| {unit or 'count'} | median | min | max | floor | its median | ratio | min "
                "| max |",
                "|---|--:|--:|--:|---|--:|--:|--:|--:|"]
        for what, entry in rows.items():
            cells = [what, *spread(entry["samples"])]
            if entry["floors"] and len(entry["floors"]) == len(entry["samples"]):
                of_runs = ratios(entry)
                cells += [entry["floor"], number(statistics.median(entry["floors"])),
                          *(f"{float(r):.3f}" for r in (statistics.median(of_runs), min(of_runs),
                                                       max(of_runs)))]
            else:
                cells += ["", "", "", "", ""]
            out.append("| " + " | ".join(cells) + " |")
        out.append("")


def plot(name, lines, commands):
    """out/bench/NAME.png of out/bench/NAME.data, one line of words each."""
    (BENCH / f"{name}.data").write_text(
        "\n".join("\t".join(f'"{w}"' if isinstance(w, str) else repr(w) for w in line)
                  for line in lines) + "\n", encoding="utf-8")
    text = (f'set terminal png size 1000,500\nset output "{BENCH}/{name}.png"\n'
            f'set datafile separator "\\t"\nset key outside above\nset grid y\n'
            f'set yrange [0:*]\n{commands}\n')
    subprocess.run(["gnuplot"], input=text.encode(), check=True)


def plot_columns(name, lines, commands, using="i:xtic(1)"):
    """plot() of each column but the first, by the names in the first line."""
    plot(name, lines, f'{commands}\nplot for [i=2:{len(lines[0])}] "{BENCH}/{name}.data" '
         f'using {using} title columnheader(i)')


HISTOGRAM = "set style data histograms\nset style fill solid 0.7\nset style histogram"


def median_of(samples, suite, group, what):
    """The median, 0 if there is none."""
    entry = samples.get((suite, group, what))
    return statistics.median(entry["samples"]) if entry else 0.0


def plot_lifecycle(samples, suite, out):
    """Where the time of a life goes; the start beside the direct boot."""
    parts = ("claim CPUs", "claim memory", "load", "start to user space", "kill to stopped",
             "release memory", "release CPUs")
    groups = list(dict.fromkeys(g for s, g, _ in samples if s == suite))
    lines = [["shape", *parts]]
    lines += [[g, *(median_of(samples, suite, g, p) for p in parts)] for g in groups]
    plot_columns(suite, lines,
                 f'{HISTOGRAM} rowstacked\nset boxwidth 0.7\nset ylabel "ms, medians"')
    out += [f"![where the time of a life goes]({suite}.png)", ""]
    lines = []
    for group in groups:
        entry = samples[suite, group, "start to user space"]
        if len(entry["floors"]) != len(entry["samples"]):
            return
        lines.append([group] + [f(entry[k]) for k in ("samples", "floors")
                                for f in (statistics.median, min, max)])
    plot(f"start-{suite}", lines,
         f'{HISTOGRAM} errorbars gap 1\nset ylabel "ms to user space, median, min, max"\n'
         f'plot "{BENCH}/start-{suite}.data" using 2:3:4:xtic(1) title "partition, from start", '
         '"" using 5:6:7 title "direct boot, from the end of the firmware"')
    out += [f"![start beside a direct boot](start-{suite}.png)", ""]


def plot_memory(samples, suite, out):
    """Bytes at each stage."""
    rows = [[w] + [f(e["samples"]) for f in (statistics.median, min, max)]
            for (s, _, w), e in samples.items() if s == suite]
    plot(suite, rows,
         f'{HISTOGRAM} errorbars gap 1\nset ylabel "KiB of the boot kernel for each"\n'
         'set yrange [*:*]\n'
         f'plot "{BENCH}/memory.data" using 2:3:4:xtic(1) title "median, min, max"')
    out += ["![memory for each partition](memory.png)", ""]


def plot_exits(samples, out):
    """All exits by work, in both modes."""
    works = list(dict.fromkeys(g.split(", ")[1] for s, g, _ in samples if s == "exits"))
    lines = [[w, *(max(median_of(samples, "exits", f"{m}, {w}", "all"), 0.5)
                   for m in ("xapic", "x2apic"))] for w in works]
    plot("exits", lines,
         f'{HISTOGRAM} clustered gap 1\nset logscale y\nset yrange [0.5:*]\n'
         'set ylabel "exits, medians"\n'
         f'plot "{BENCH}/exits.data" using 2:xtic(1) title "xAPIC", '
         '"" using 3 title "x2APIC"')
    out += ["![exits by work](exits.png)", ""]


def ratios(entry):
    """Of each run to its floor."""
    return [a / b for a, b in zip(entry["samples"], entry["floors"])]


def plot_ratios(samples, suite, out):
    """Ratios to the floors: by group."""
    mine = {(g, w): ratios(e) for (s, g, w), e in samples.items() if s == suite and e["floors"]}
    groups = [g for g in dict.fromkeys(g for g, _ in mine) if g != "watching, a second"]
    rows = list(dict.fromkeys(w for g, w in mine if g in groups))
    plot_columns(suite, [["what", *groups]] +
                 [[w, *(statistics.median(mine.get((g, w), [float("nan")])) for g in groups)]
                  for w in rows],
                 'set yrange [*:*]\nset style data linespoints\nset xtics rotate by -30\n'
                 'set ylabel "ratio, medians"')
    out += [f"![ratios to the floors]({suite}.png)", ""]


def plot_late(_samples, suite, out):
    """How many wake-ups were how late, of all runs."""
    found = late(BENCH)
    bins = sorted({int(key[4:]) for runs in found.values() for values in runs
                   for key, count in values.items() if key.startswith("bin_") and count})
    names = [", ".join(key) for key in found]
    plot_columns(suite, [["late", *names]] +
                 [[at * 2, *(sum(values.get(f"bin_{at}", 0) for values in runs) or 0.5
                             for runs in found.values())] for at in bins],
                 'set logscale xy\nset yrange [0.5:*]\nset style data linespoints\n'
                 'set xlabel "late by less than, us"\nset ylabel "wake-ups"', "1:i")
    out += [f"![how late timers are]({suite}.png)", ""]


def exits_in_short(folder, samples, out):
    """The table that parker.rst has."""
    names = {"entry": "start to user space, 1 CPU", "idle": "10 seconds idle, 4 CPUs"}
    raw = load(folder, "exits-xapic") or load(folder, "exits-x2apic")
    count = int(raw["about"]["count"])
    for work, word in (("calls", "system calls"), ("faults", "page faults"),
                       ("switches", "context switches")):
        names[work] = f"{count} {word}, 1 CPU"
    out += ["| work | xAPIC | x2APIC |", "|---|--:|--:|"]
    for work, name in names.items():
        cells = []
        for mode in ("xapic", "x2apic"):
            kinds = {k: median_of(samples, "exits", f"{mode}, {work}", k) for k in EXITS}
            parts = ", ".join(f"{k} {number(n)}" for k, n in kinds.items() if n)
            total = median_of(samples, "exits", f"{mode}, {work}", "all")
            cells.append(f"{number(total)} ({parts})" if parts else number(total))
        out.append(f"| {name} | {cells[0]} | {cells[1]} |")
    out.append("")


def show_exits(samples, _suite, out):
    """All that there is to see of them at once."""
    exits_in_short(BENCH, samples, out)
    plot_exits(samples, out)


def describe(folder, out):
    """The exact configuration."""
    out += ["## Configuration", ""]
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        raw = load(folder, path.stem)
        out += [f"### {path.stem}", "", "```"]
        for part in ("about", "config", "host"):
            out += [f"{key}: {value}" for key, value in raw[part].items()]
        out += [f"load: {line}" for line in raw.get("load", [])]
        out += [f"runs: {len(raw['runs'])}", raw["command"], "```", ""]


# What the report has of each suite, before its tables
SECTIONS = {
    "lifecycle": (
        "Lifecycle",
        "Times of the boot kernel's trace events and of the stamps in the hand-over\n"
        "block, all in cycles of one time stamp counter. The direct boot is that of the\n"
        "same kernel, initrd, CPUs and memory, from the last word of the firmware to the\n"
        "first one of init, by the clock of the host. This init does nothing before. An\n"
        "emulator is slow to write where code was executed, as when memory is released.",
        plot_lifecycle),
    "counted": (
        "Lifecycle, counted",
        "The same with one CPU at a time, by the clock of the emulated machine: an\n"
        "instruction takes a nanosecond. It does not depend on what else the host does.\n"
        "The direct boot begins with the first instruction after the firmware.",
        plot_lifecycle),
    "memory": (
        "Memory",
        "What is no longer free in the boot kernel, for each partition, less its own\n"
        "memory and what is kept of its image.",
        plot_memory),
    "exits": (
        "Exits of a guarded partition",
        "Read before and after each work, with up to a second of idling. The start is up\n"
        "to the last word of what its init has to say.",
        show_exits),
    "scale": (
        "Scale",
        "Instructions of the boot kernel, counted by where in memory they lie: what each\n"
        "partition costs beside the first, and what it costs to watch so many.",
        plot_ratios),
    "steady-counted": (
        "Steady state, counted",
        "The same work in different kernels, in instructions of that kernel and of its\n"
        "programs, on all of its CPUs.",
        plot_ratios),
    "steady-timed": (
        "Steady state, in time",
        "The same work in the time of an emulated machine, with all that it is disturbed by.",
        plot_ratios),
    "noise": (
        "Neighbour noise",
        "How late timers are in the boot kernel and in a partition while nothing else goes\n"
        "on, while a CPU of the boot kernel goes offline and online, and while another\n"
        "partition is made, started, crashes, is started again, killed and removed. What\n"
        "the host does is part of it.",
        plot_late),
    "kvm-counted": (
        "Beside a virtual machine, counted",
        "The same kernel with the same CPU, memory and initrd, as a partition and as a\n"
        "virtual machine of KVM in the boot kernel (QEMU's microvm), with nested paging; by\n"
        "the clock of the emulated machine. A ratio below 1 says that the partition is\n"
        "cheaper. A partition's memory is cleared before and after. The memory is what the\n"
        "boot kernel has less: of a partition most is the image kept for the next start.",
        plot_ratios),
    "kvm-timed": (
        "Beside a virtual machine, in time",
        "The same in the time of an emulated machine, where a guest's memory is found by\n"
        "two walks.",
        plot_ratios),
}


# What it may cost at most, as a ratio to the floor or in the unit given: title, suite,
# groups and rows that it holds for (all if none), the most, unit
BARS = (
    ("start to user space", "lifecycle", (), ("start to user space",), 0.6, ""),
    ("start to user space", "counted", (), ("start to user space",), 0.6, ""),
    ("claim CPUs", "counted", (), ("claim CPUs",), 1.1, ""),
    ("release CPUs", "counted", (), ("release CPUs",), 1.1, ""),
    ("claim memory", "counted", (), ("claim memory",), 1.25, ""),
    ("kill", "counted", (), ("kill to stopped",), 5, "ms"),
    ("n-th partition", "scale", ("create", "image", "start", "kill", "remove"), (), 1.2, ""),
    (PAIRS[0][0], "steady-counted", (PAIRS[0][0],), (), 1.01, ""),
    (PAIRS[1][0], "steady-counted", (PAIRS[1][0],), (), 1.005, ""),
    ("each partition", "memory", (), (), 64, "KiB"),
)


def bars(samples, out):
    """The worst median of each, beside what it may be."""
    out += ["## Bars", "", "| what | at most | worst | of |", "|---|--:|--:|---|"]
    for title, suite, groups, rows, most, unit in BARS:
        found = [(statistics.median(judged(entry)[0]), group, what)
                 for (s, group, what), entry in samples.items()
                 if s == suite and (not groups or group in groups)
                 and (not rows or what in rows) and judged(entry)[1] == (unit or "ratio")]
        if found:
            worst, group, what = max(found)
            out.append(f"| {SECTIONS[suite][0]}: {title} | {most} {unit} | {worst:.4g} {unit} "
                       f"| {group}: {what} |")
    out.append("")


def report():
    """out/bench/report.md"""
    samples = all_samples(BENCH)
    if not samples:
        raise Bad("nothing was measured")
    out = ["# What a partition costs", "",
           "Measured in an emulated machine: what counts are ratios of one run. A floor is the",
           "same work done without Parker, in the same run; a ratio is that of a run's time to",
           "its own floor. The raw data is in the JSON files beside this one.", ""]
    bars(samples, out)
    for suite, (title, text, show) in SECTIONS.items():
        if any(s == suite for s, _, _ in samples):
            out += [f"## {title}", "", text, ""]
            show(samples, suite, out)
            table(samples, suite, out)
    describe(BENCH, out)
    (BENCH / "report.md").write_text("\n".join(out), encoding="utf-8")


def noise(values):
    """A robust standard deviation of the median's samples."""
    middle = statistics.median(values)
    return 1.4826 * statistics.median(abs(v - middle) for v in values)


def judged(entry):
    """What is compared: the ratio to the floor where there is one, else the figure."""
    if entry["floors"] and len(entry["floors"]) == len(entry["samples"]):
        return ratios(entry), "ratio"
    return entry["samples"], entry["unit"] or "count"


def compare(one, other):
    """Say what got better and what worse from one folder to the other; less is better."""
    before, after = all_samples(one), all_samples(other)
    common = [key for key in before if key in after]
    if not common:
        raise Bad("usage: make bench-compare A=FOLDER B=FOLDER, with data of one suite in both")
    counts = {"better": 0, "worse": 0, "same": 0}
    for key in common:
        (a, unit), (b, unit_b) = judged(before[key]), judged(after[key])
        if unit != unit_b:
            continue
        old, new = statistics.median(a), statistics.median(b)
        threshold = max(3 * (noise(a) ** 2 + noise(b) ** 2) ** 0.5, LEAST_CHANGE * abs(old))
        # Runs that overlap for the most part say nothing, however little most of them vary.
        apart = min(b) > statistics.median(a) or max(b) < statistics.median(a)
        word = "same"
        if abs(new - old) > threshold and apart:
            word = "worse" if new > old else "better"
        counts[word] += 1
        if word != "same":
            print(f"{word:7} {', '.join(key)}: {number(old)} to {number(new)} {unit} "
                  f"(threshold {number(threshold)})")
    print(f"{counts['better']} better, {counts['worse']} worse, {counts['same']} the same")


def main():
    """See the top of the file."""
    commands = {"data": data, "direct": direct, "work": work, "report": report, "compare": compare}
    try:
        if len(sys.argv) < 2 or sys.argv[1] not in commands:
            raise Bad(__doc__.split("\n", maxsplit=1)[0])
        commands[sys.argv[1]](*sys.argv[2:])
    except Bad as error:
        sys.exit(f"error: {error}")


main()
