# SPDX-License-Identifier: GPL-2.0
"""Renders the series as commits in out/series.git, without a work tree.

The base is one commit, made once. Each patch of the series is one commit: its
diff, the overlay files it brings, the Makefiles and our MAINTAINERS entry as
far as what they name exists by then.
"""

import os
import subprocess

import overlay
from overlay import BASE, OUT, TOP

GIT_DIR = OUT / "series.git"
NOBODY = ("Parker", "parker@localhost", "0 +0000")


def git(*args, data=None, env=None, cwd=TOP):
    """Output of a git command in out/series.git."""
    run = subprocess.run(["git", *args], input=data, capture_output=True, check=True, cwd=cwd,
                         env={**os.environ, "GIT_DIR": str(GIT_DIR), **(env or {})})
    return run.stdout.decode(errors="replace").rstrip("\n")


def person():
    """Name, address and date for the commits: the same in each clone."""
    def ask(*args):
        ran = subprocess.run(["git", "-C", TOP, *args], capture_output=True, check=False)
        return ran.stdout.decode().strip()

    head = ask("log", "-1", "--format=%an%n%ae%n%cd", "--date=raw").split("\n")
    head = head if len(head) == 3 else NOBODY
    return ask("config", "user.name") or head[0], ask("config", "user.email") or head[1], head[2]


def identity(who):
    """The same as git wants it in the environment."""
    return {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER")
            for key, value in zip(("NAME", "EMAIL", "DATE"), who)}


def base_commit():
    """The commit of the pristine base, made when it is not there yet."""
    stamp = OUT / "base.stamp"
    ref = GIT_DIR / "parker-base"
    if ref.exists() and ref.read_text().split("\n", 1)[1] == stamp.read_text():
        return ref.read_text().split("\n", 1)[0]
    print("  GIT     the base, once (about a minute)", flush=True)
    subprocess.run(["rm", "-rf", GIT_DIR], check=True)
    subprocess.run(["git", "init", "-q", "--bare", GIT_DIR], check=True)
    git("config", "core.bare", "false")
    git("config", "gc.auto", "0")
    # One pack by fast-import is quicker than 86,000 objects by "git add".
    with subprocess.Popen(["git", "-c", "core.compression=1", "fast-import", "--quiet"],
                          stdin=subprocess.PIPE,
                          env={**os.environ, "GIT_DIR": str(GIT_DIR)}) as fast:
        out = fast.stdin
        out.write(b"commit refs/heads/base\n"
                  b"committer %s <%s> %s\n" % tuple(s.encode() for s in NOBODY))
        out.write(b"data 4\nbase\n")
        for folder, folders, files in os.walk(BASE):
            folders.sort()
            for name in sorted(files + [f for f in folders
                                        if os.path.islink(f"{folder}/{f}")]):
                path = f"{folder}/{name}"
                if os.path.islink(path):
                    mode, content = 0o120000, os.readlink(path).encode()
                else:
                    mode = overlay.mode_of(path)
                    with open(path, "rb") as file:
                        content = file.read()
                out.write(b"M %o inline %s\ndata %d\n" %
                          (mode, os.path.relpath(path, BASE).encode(), len(content)))
                out.write(content + b"\n")
    if fast.returncode:
        raise overlay.Bad("git fast-import failed")
    commit = git("rev-parse", "refs/heads/base")
    ref.write_text(commit + "\n" + stamp.read_text())
    return commit


class Series:
    """The patches as commits."""

    def __init__(self, strict=True):
        overlay.lock("series")
        self.patches = overlay.load_patches()
        self.overlays = overlay.overlay_files()
        self.who = person()
        self.owners = self.find_owners(strict)
        self.base = base_commit()
        self.commits = {}

    def find_owners(self, strict):
        """{overlay file: its patch}; each must have exactly one."""
        owners = {n: [p for p in self.patches if p.takes(n)] for n in self.overlays}
        wrong = [f"{n} is in {' and '.join(p.name for p in o) or 'no patch'}"
                 for n, o in owners.items() if len(o) != 1]
        wrong += [f"{p.name}: no file matches 'File: {f}'" for p in self.patches for f in p.files
                  if not any(overlay.fnmatch.fnmatchcase(n, f) for n in self.overlays)]
        if wrong and strict:
            raise overlay.Bad("each overlay file belongs to one patch:\n  " + "\n  ".join(wrong))
        return {n: o[0] for n, o in owners.items() if o}

    def message(self, patch):
        """The commit message of a patch."""
        signed = f"Signed-off-by: {self.who[0]} <{self.who[1]}>"
        return f"{patch.subject}\n\n{patch.body}\n\n{signed}\n"

    def render(self, last=None):
        """Make the commits, up to the patch named last; the last commit."""
        index = {"GIT_INDEX_FILE": str(GIT_DIR / "index-render")}
        git("read-tree", self.base, env=index)
        maintainers = (BASE / "MAINTAINERS").read_text()
        commit = self.base
        here = []
        for patch in self.patches:
            if patch.diff.strip():
                try:
                    git("apply", "--cached", "--whitespace=nowarn", "-",
                        data=patch.diff.encode(), env=index)
                except subprocess.CalledProcessError as error:
                    raise overlay.Bad(f"{patch.path.name} does not apply:\n"
                                      f"{error.stderr.decode()}") from error
            here += [n for n in self.overlays if self.owners.get(n) is patch]
            exists = overlay.existence(here)
            entries = [("MAINTAINERS", 0o100644,
                        overlay.add_maintainers(maintainers, exists).encode())]
            for name in here:
                content = (TOP / name).read_bytes()
                if os.path.basename(name) == "Makefile":
                    content = overlay.filter_makefile(name, content.decode(), exists).encode()
                elif self.owners[name] is not patch:
                    continue
                entries.append((name, overlay.mode_of(TOP / name), content))
            lines = [f"{mode:o} {git('hash-object', '-w', '--stdin', data=content)}\t{name}"
                     for name, mode, content in entries]
            git("update-index", "--add", "--index-info",
                data="\n".join(lines + [""]).encode(), env=index)
            tree = git("write-tree", env=index)
            commit = git("commit-tree", tree, "-p", commit,
                         data=self.message(patch).encode(), env=identity(self.who))
            self.commits[patch.name] = commit
            if patch.name == last:
                break
        git("update-ref", "refs/heads/series", commit)
        return commit

    def find(self, name):
        """The patch with this name, or with the name's number."""
        found = [p for p in self.patches if name in (p.name, p.name.split("-")[0])]
        if len(found) != 1:
            raise overlay.Bad(f"no patches/{name}.patch; there are: "
                              + " ".join(p.name for p in self.patches))
        return found[0]


class EditTree:
    """The folder of mk/edit and mk/refresh."""

    def __init__(self):
        self.path = os.path.abspath(os.environ.get("EDIT") or OUT / "edit")
        name = os.path.basename(self.path)
        self.head = f"refs/edit/{name}"
        self.env = {"GIT_INDEX_FILE": f"{GIT_DIR}/index-{name}", "GIT_WORK_TREE": self.path}

    def git(self, *args):
        """A git command in the tree."""
        return git(*args, env=self.env, cwd=self.path)

    def edits(self, since):
        """Existing kernel files that differ from a commit."""
        names = self.git("diff", "--name-only", since, "--").split("\n")
        return [n for n in names if n and n != "MAINTAINERS" and (BASE / n).exists()]

    def diff(self, since):
        """Their diff."""
        names = self.edits(since)
        if not names:
            return ""
        return self.git("diff", "--no-color", "--abbrev=12", since, "--", *names) + "\n"

    def checkout(self, commit):
        """Put a commit into the folder."""
        self.git("read-tree", "--reset", "-u", commit)
        git("update-ref", self.head, commit)
