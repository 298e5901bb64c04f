#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sums up what `llvm-cov export` says of the engine.

Usage: llvm-cov export ... | coverage.py TOP SUMMARY

The engine's functions are instantiated once for every format, each with lines and branches of its own: here a line
counts where any instance has executed it, and each of the two ways of a condition where any instance took it. Not
counted are the way out of a switch over all values of an enumeration, which llvm-cov lists as a branch of its own and
which cannot be taken, and the files of APART.
Prints a table of the files below lib/ and arch/, what is missing in each, and the sums, which it also writes to
SUMMARY, with the date and the commit, as JSON. Exit code 1 where a line is missing or less than 95 % of the branches
were taken.
"""
import collections
import datetime
import json
import os
import re
import subprocess
import sys

BRANCHES_WANTED = 95.0
ROOMS = ("lib/", "arch/")
# What the normal tests cannot execute, and why.
APART = {f"arch/{cpu}/cpu/execute.c": "privileged instructions, for a kernel on a CPU" for cpu in ("x86_64", "riscv", "aarch64")}


def covered_lines(function, file_id, lines):
    """Adds to lines[number] the executions of each line that a function's regions cover: the innermost counts."""
    regions = [region for region in function["regions"] if region[5] == file_id and region[7] == 0]
    regions.sort(key=lambda region: (region[0], region[1], -region[2], -region[3]))
    innermost = {}
    for first, _, last, end, count, *_ in regions:
        for line in range(first, last + (end > 1)):
            innermost[line] = max(count, innermost.get(line, 0)) if line == first else count
    for line, count in innermost.items():
        lines[line] += count


def switches(top, name):
    """Where in a file the values that switches look at begin: lines and columns."""
    with open(os.path.join(top, name), encoding="utf-8") as file:
        return {(number, match.end() + 1) for number, line in enumerate(file, 1)
                for match in re.finditer(r"\bswitch \(", line)}


def read(export, top):
    """Per file: executions of each line, and of both ways of each condition."""
    no_branches = {}
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    branches = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
    for function in export["data"][0]["functions"]:
        for file_id, path in enumerate(function["filenames"]):
            name = os.path.relpath(path, top)
            if not name.startswith(ROOMS) or name in APART:
                continue
            if name not in no_branches:
                no_branches[name] = switches(top, name)
            covered_lines(function, file_id, lines[name])
            for branch in function["branches"]:
                if branch[6] == file_id and tuple(branch[:2]) not in no_branches[name]:
                    ways = branches[name][tuple(branch[:4])]
                    ways[0] += branch[4]
                    ways[1] += branch[5]
    return lines, branches


def percent(part, whole):
    return 100.0 if whole == 0 else 100.0 * part / whole


def missing_text(lines, branches):
    numbers = [str(line) for line, count in sorted(lines.items()) if count == 0]
    ways = [f"{place[0]}:{place[1]} never {'true' if counts[0] == 0 else 'false'}"
            for place, counts in sorted(branches.items()) if 0 in counts and lines[place[0]] > 0]
    return ", ".join([f"lines {' '.join(numbers)}"] * bool(numbers) + ways)


def write_summary(path, top, line_percent, branch_percent):
    commit = subprocess.run(["git", "-C", top, "describe", "--always", "--dirty"], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True, check=False).stdout.strip()
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"lines": line_percent, "branches": branch_percent, "date": str(datetime.date.today()),
                   "commit": commit or "unknown"}, file)


def main():
    lines, branches = read(json.load(sys.stdin), os.path.realpath(sys.argv[1]))
    total = [0, 0, 0, 0]
    print(f"{'file':28} {'lines':>6} {'%':>6} {'ways':>6} {'%':>6}  missing")
    for name in sorted(lines):
        counts = [count for ways in branches[name].values() for count in ways]
        row = [len(lines[name]), sum(count > 0 for count in lines[name].values()),
               len(counts), sum(count > 0 for count in counts)]
        total = [a + b for a, b in zip(total, row)]
        print(f"{name:28} {row[0]:6} {percent(row[1], row[0]):6.1f} {row[2]:6} {percent(row[3], row[2]):6.1f}  "
              f"{missing_text(lines[name], branches[name])}")
    for name, reason in APART.items():
        print(f"{name:28} not counted: {reason}")
    line_percent, branch_percent = percent(total[1], total[0]), percent(total[3], total[2])
    print(f"lines {line_percent:.1f} % ({total[1]} of {total[0]}), "
          f"branches {branch_percent:.1f} % ({total[3]} of {total[2]} ways)")
    write_summary(sys.argv[2], sys.argv[1], line_percent, branch_percent)
    return 0 if total[0] and total[0] == total[1] and branch_percent >= BRANCHES_WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
