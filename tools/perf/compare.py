#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares two results of tools/bench by Google Benchmark's compare.py (Debian: libbenchmark-tools), whose
Mann-Whitney U test says whether a difference is more than chance.

Usage: compare.py BEFORE.json AFTER.json [--threshold PERCENT]

A row counts as changed where p is below 0.05 divided by the number of rows, and the medians differ by the threshold
(3 % by default). Where the limits (ref/) changed, it was the machine that did.
Exit code: 0: nothing is slower; 1: something is; 2: the results cannot be compared."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from results import aligned, bench_table, load_rows

TOOL = "/usr/share/benchmark/compare.py"
PYTHON = "/usr/bin/python3"  # Debian's: the one that has Debian's python3-scipy
ALPHA = 0.05
ENOUGH = 9  # below, the tool calls its own test unreliable


def differences(before, after):
    """What the tool makes of the two files: p by name, over the repetitions."""
    with tempfile.TemporaryDirectory() as folder:
        dumped = os.path.join(folder, "difference.json")
        done = subprocess.run([PYTHON, "-B", TOOL, "--no-color", "--dump_to_json", dumped, "benchmarks", before, after],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0 or not os.path.exists(dumped):
            raise ValueError(f"{TOOL}: {done.stdout.strip()}")
        with open(dumped, encoding="utf-8") as file:
            found = json.load(file)
    return {row["name"]: row["utest"]["time_pvalue"] for row in found
            if row["run_type"] == "iteration" and row["utest"]}


class Change:
    def __init__(self, name, before, after, p, alpha, threshold):
        self.name, self.p = name, p
        self.before, self.after = before.per_call(), after.per_call()
        self.part = (self.after - self.before) / self.before if self.before else 0.0
        certain = p < alpha and abs(self.part) * 100 >= threshold
        self.verdict = ("slower" if self.part > 0 else "faster") if certain else ""

    def cells(self):
        return [self.name, bench_table.number(self.before), bench_table.number(self.after),
                f"{self.part * 100:+.1f} %", f"{self.p:.4f}", self.verdict]


def compare(before_path, after_path, threshold):
    before, _ = load_rows(before_path)
    after, _ = load_rows(after_path)
    p_values = differences(before_path, after_path)
    names = [name for name in before if name in after and name in p_values]
    if not names:
        raise ValueError("no benchmark is in both with two repetitions or more")
    changes = [Change(name, before[name], after[name], p_values[name], ALPHA / len(names), threshold)
               for name in sorted(names)]
    alone = sorted(set(before) ^ set(after))
    fewest = min(rows[name].repetitions for rows in (before, after) for name in names)
    return changes, alone, fewest


def show(changes, alone, fewest):
    header = ["benchmark", "ns before", "ns after", "change", "p", ""]
    order = {"slower": 0, "faster": 1, "": 2}
    lines = [change.cells() for change in sorted(changes, key=lambda change: (order[change.verdict], change.name))]
    print("\n".join(aligned(header, lines, 1)), end="\n\n")
    limits = [change for change in changes if change.name.startswith("ref/")]
    slower, faster = ([change for change in changes if change.verdict == verdict and change not in limits]
                      for verdict in ("slower", "faster"))
    print(f"{len(slower)} slower, {len(faster)} faster, {len(changes) - len(limits) - len(slower) - len(faster)} the same.")
    if any(change.verdict for change in limits):
        median = statistics.median(change.part for change in limits) * 100
        print(f"The machine changed between the runs: the limits did, by {median:+.1f} % in the median. Measure again, idle.")
    if fewest < ENOUGH:
        print(f"{fewest} repetitions: {ENOUGH} or more are needed to rely on p.")
    if alone:
        print(f"In one of them only: {', '.join(alone)}")
    return 1 if slower else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--threshold", type=float, default=3.0, metavar="PERCENT")
    options = parser.parse_args()
    try:
        return show(*compare(options.before, options.after, options.threshold))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
