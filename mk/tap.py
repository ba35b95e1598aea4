#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""mk/tap.py FILE: count the results of a TAP or KTAP log.

Prints each test that failed or was skipped, what a failed one said before, and, as
last line, the numbers.
Counted are the innermost results; one further out counts only where it failed
although all inside it passed. Nesting is four blanks (KTAP) or "# " (the
kernel's selftest runner).
"""

import re
import sys

STAMP = re.compile(r"^(<\d>)?\[ *\d+\.\d+\]( ?\[[^]]*\])? ?")
RESULT = re.compile(r"^((?:    |# )*)(ok|not ok) (\d+)\s*-?\s*(.*)$")
PLAN = re.compile(r"^((?:    |# )*)1\.\.(\d+)(.*)$")
SAID = 12     # lines of what a failed test said


def level_of(prefix):
    """How deep a line with this prefix is."""
    return prefix.count("    ") + prefix.count("# ")


def count(lines):
    """(passed, failed, skipped, [what to tell])."""
    passed = failed = skipped = 0
    tell = []
    inside = {}   # level: results seen there since the last one further out
    plans = {}    # level: how many were announced
    seen = {}     # level: how many came
    said = []     # lines since the last result
    for line in lines:
        line = STAMP.sub("", line.rstrip("\r\n"))
        plan = PLAN.match(line)
        if plan:
            level = level_of(plan[1])
            plans[level], seen[level] = int(plan[2]), 0
            continue
        result = RESULT.match(line)
        if not result:
            said.append(line)
            continue
        said, before = [], said[-SAID:]
        level = level_of(result[1])
        good = result[2] == "ok"
        text = result[4]
        inner = inside.pop(level + 1, None)
        for deeper in [d for d in inside if d > level + 1]:
            del inside[deeper]
        if level + 1 in plans:
            planned = plans.pop(level + 1)
            if seen.pop(level + 1, 0) < planned and good:
                good, text = False, f"{text} (fewer than its {planned} results)"
        seen[level] = seen.get(level, 0) + 1
        skip = re.search(r"#\s*SKIP\b", text, re.I)
        if inner is None:
            passed += good and not skip
            failed += not good
            skipped += bool(good and skip)
            if not good or skip:
                tell.append(f"{'skipped' if good else 'FAILED'}: {text}")
            if not good:
                tell += [f"        {text}" for text in before]
        elif not good:
            tell.append(f"FAILED: {text}")
            if not inner:
                failed += 1
        inside[level] = inside.get(level, False) or not good
    for level, planned in plans.items():
        if seen.get(level, 0) < planned:
            failed += 1
            tell.append(f"FAILED: the log ends after {seen.get(level, 0)} of {planned} results")
    return passed, failed, skipped, tell


def main():
    """See the top of the file."""
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        passed, failed, skipped, tell = count(file)
    for text in tell:
        print(text)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")


if __name__ == "__main__":
    main()
