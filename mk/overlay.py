# SPDX-License-Identifier: GPL-2.0
"""What the overlay consists of, and what each patch of the series holds.

The sources of Parker lie in this repo at the paths they have in the kernel
tree. Edits to existing files are diffs in patches/NN-slug.patch:

    Subject: x86/apic: Let a caller say ...

    Message body.

    File: kernel/parker/cpus.c
    File: kernel/parker/tests/*
    ---
    diff --git a/arch/x86/... b/arch/x86/...

The File: lines say which overlay files the patch of the series brings.
"""

import fcntl
import fnmatch
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
OUT = pathlib.Path(os.environ.get("OUT") or TOP / "out")
BASE = OUT / "base"
LINUX = OUT / "linux"
ROOTS = ("arch", "include", "kernel", "drivers", "Documentation", "tools",
         "lib", "fs", "init")
SINGLE = ("Kconfig.parker",)
LOCKS = {}


class Bad(Exception):
    """Something in the repo is wrong; the text says what."""


def main(function):
    """Run a script's main function with errors as one line."""
    try:
        sys.exit(function())
    except Bad as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.stderr.write((error.stderr or b"").decode(errors="replace"))
        sys.exit(f"error: failed: {' '.join(map(str, error.cmd))}")


def lock(name):
    """Wait for other scripts that work on the same thing; held until the end."""
    if name in LOCKS:
        return
    OUT.mkdir(exist_ok=True)
    file = open(OUT / f".lock-{name}", "w", encoding="ascii")  # pylint: disable=R1732
    fcntl.flock(file, fcntl.LOCK_EX)
    LOCKS[name] = file


def overlay_files():
    """Paths of the overlay, sorted: what git tracks or does not ignore."""
    wanted = [p for p in ROOTS + SINGLE if (TOP / p).exists()]
    if not wanted:
        return []
    git = subprocess.run(["git", "-C", TOP, "ls-files", "-z", "--cached",
                          "--others", "--exclude-standard", "--", *wanted],
                         capture_output=True, check=False)
    if git.returncode == 0:
        names = set(git.stdout.decode().split("\0")) - {""}
    else:
        names = {str(p.relative_to(TOP)) for root in wanted
                 for p in [TOP / root, *(TOP / root).rglob("*")]}
    return sorted(n for n in names if (TOP / n).is_file())


class Patch:
    """One patch of the series."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        text = path.read_text()
        head, mark, self.diff = text.partition("\n---\n")
        if not mark:
            raise Bad(f"{path.name}: no line '---' after the message")
        lines = head.split("\n")
        if not lines[0].startswith("Subject: ") or len(lines) < 3 or lines[1]:
            raise Bad(f"{path.name}: must begin with 'Subject: ...' and a blank line")
        self.subject = lines[0][len("Subject: "):]
        self.files = [l.split(None, 1)[1].strip() for l in lines
                      if l.startswith("File: ")]
        body = [l for l in lines[2:] if not l.startswith("File: ")]
        self.body = "\n".join(body).strip("\n")

    @property
    def edited(self):
        """Existing files that the diff touches."""
        return re.findall(r"^\+\+\+ b/(\S+)", self.diff, re.M)

    def takes(self, name):
        """Does the patch bring the overlay file of this name?"""
        return any(fnmatch.fnmatchcase(name, p) for p in self.files)


def load_patches():
    """All patches of the series in order."""
    return [Patch(p) for p in sorted((TOP / "patches").glob("[0-9]*.patch"))]


def add_maintainers(text, exists):
    """The tree's MAINTAINERS with our entry, as far as its files exist."""
    ours = TOP / "MAINTAINERS"
    if not ours.exists():
        return text
    entry = [line for line in ours.read_text().strip("\n").split("\n")
             if not line.startswith("F:") or exists(line.split(None, 1)[1])]
    if not any(line.startswith("F:") for line in entry):
        return text
    # The list is sorted by title, after a heading that says so.
    start = text.index("\nMaintainers List")
    for title in re.finditer(r"(?<=\n\n)(?=[^\s.-])([^\n]+)\n(?=[A-Z]:\t)", text[start:]):
        if title[1] > entry[0]:
            at = start + title.start()
            return text[:at] + "\n".join(entry) + "\n\n" + text[at:]
    raise Bad("no place for our entry in MAINTAINERS")


def filter_makefile(name, text, exists):
    """A Makefile without the lines for objects whose source is not there yet."""
    folder = os.path.dirname(name)

    def wanted(line):
        found = re.fullmatch(r"[\w$().-]+\s*[:+]?=\s*([\w./-]+)(\.o|/)\s*", line)
        if not found:
            return True
        path = f"{folder}/{found[1]}"
        if found[2] == "/":
            return exists(path + "/")
        made_of = re.search(rf"^{re.escape(os.path.basename(path))}-(y|objs|\$)", text, re.M)
        return bool(made_of) or exists(path + ".c") or exists(path + ".S")

    return "".join(l for l in text.splitlines(keepends=True) if wanted(l.rstrip("\n")))


def existence(names):
    """exists(pattern) over the base and the given overlay files."""
    names = set(names)
    folders = {d for n in names for d in
               ("/".join(n.split("/")[:i]) + "/" for i in range(1, n.count("/") + 1))}

    def exists(pattern):
        pattern = pattern.strip()
        if pattern in names or pattern in folders or (BASE / pattern).exists():
            return True
        return bool(fnmatch.filter(names, pattern))

    return exists


def mode_of(path):
    """The file mode as git knows it."""
    return 0o100755 if os.access(path, os.X_OK) else 0o100644
