#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether the second of two results of tools/bench is slower than the first.

Each row's repetitions are put to the Mann-Whitney U test of Google Benchmark's comparison (utest.py). A row counts as
changed where p holds against 0.05 by Holm's step-down over all rows, and the medians differ by the threshold. The limits (ref/) are not among those rows: where they changed,
it was the machine that did.

Exit code: 0: nothing is slower; 1: something is; 2: the results cannot be compared, or have too few repetitions."""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys

from results import Unusable, aligned, bench_table, load_rows, run

ALPHA = 0.05
PYTHON = "/usr/bin/python3"  # Debian's: the one that has Debian's python3-scipy
UTEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "utest.py")


def p_values(before_path, after_path):
    """Of the rows that are in both with two repetitions or more, by name."""
    done = subprocess.run([PYTHON, "-B", UTEST, before_path, after_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["nothing"]
        raise Unusable(f"Google Benchmark's comparison failed, and said: {said[-1]}")
    return json.loads(done.stdout)


def least_p(before, after):
    """What p can be at least with so many repetitions."""
    return min(1.0, 2 / math.comb(before + after, before))


def repetitions_for(rows):
    """How many repetitions it takes that one row of so many can hold."""
    return next(count for count in range(2, 100) if least_p(count, count) < ALPHA / rows)


class Change:
    """What became of one row."""

    def __init__(self, name, before, after, p):
        self.name, self.p = name, p
        self.before, self.after = before.per_call(), after.per_call()
        self.part = (self.after - self.before) / self.before if self.before else 0.0
        self.least_p = least_p(before.repetitions, after.repetitions)
        self.verdict = ""

    def judge(self, threshold, doubt=""):
        if abs(self.part) * 100 >= threshold:
            self.verdict = ("slower" if self.part > 0 else "faster") + doubt

    def cells(self):
        p = f"{self.p:.4f}" if self.p >= 0.0001 else f"{self.p:.0e}"
        return [self.name, bench_table.number(self.before), bench_table.number(self.after),
                f"{self.part * 100:+.1f} %", p, self.verdict]


def judge(changes, threshold):
    """Holm: the smallest p against all rows, the next against one less, until one does not hold. What would hold if it
    were the only row is in doubt: among so many, some do so by chance."""
    holds = True
    for passed, change in enumerate(sorted(changes, key=lambda change: change.p)):
        holds = holds and change.p < ALPHA / (len(changes) - passed)
        if holds or change.p < ALPHA:
            change.judge(threshold, "" if holds else "?")


class Comparison:
    def __init__(self, before_path, after_path, threshold):
        before, after = load_rows(before_path)[0], load_rows(after_path)[0]
        both = sorted(set(before) & set(after))
        if not both:
            raise Unusable(f"{before_path} and {after_path} have no benchmark in common")
        self.alone = [(path, sorted(set(one) - set(other)))
                      for path, one, other in ((before_path, before, after), (after_path, after, before))]
        p_of = p_values(before_path, after_path)
        self.once = [name for name in both if name not in p_of]
        changes = [Change(name, before[name], after[name], p_of[name]) for name in both if name in p_of]
        self.limits = [change for change in changes if change.name.startswith("ref/")]
        self.changes = [change for change in changes if change not in self.limits]
        for family in (self.changes, self.limits):
            judge(family, threshold)

    def with_verdict(self, *verdicts):
        return [change for change in self.changes if change.verdict in verdicts]

    def can_tell(self):
        """Whether every row has the repetitions that it takes to be found changed, alone among all."""
        return bool(self.changes) and max(change.least_p for change in self.changes) < ALPHA / len(self.changes)


def show(comparison):
    header = ["benchmark", "ns before", "ns after", "change", "p", ""]
    order = {verdict: place for place, verdict in enumerate(("slower", "slower?", "faster", "faster?", ""))}
    changes = sorted(comparison.changes + comparison.limits, key=lambda change: (order[change.verdict], change.name))
    if changes:
        print("\n".join(aligned(header, [change.cells() for change in changes], 1)), end="\n\n")
    if comparison.can_tell():
        slower, faster, doubted = (len(comparison.with_verdict(*verdicts)) for verdicts in
                                   (("slower",), ("faster",), ("slower?", "faster?")))
        print(f"{slower} slower, {faster} faster, {len(comparison.changes) - slower - faster} the same" +
              (f", {doubted} of which are in doubt (?): more --repetitions can tell." if doubted else "."))
    if any(change.verdict in ("slower", "faster") for change in comparison.limits):
        median = statistics.median(change.part for change in comparison.limits) * 100
        print(f"The machine changed between the runs: the limits did, by {median:+.1f} % in the median. Measure again, idle.")
    if comparison.once:
        print(f"Measured once, which tells nothing: {bench_table.summed_up(comparison.once)}")
    for path, names in comparison.alone:
        if names:
            print(f"Only in {path}: {bench_table.summed_up(names)}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", metavar="BEFORE.json", help="what tools/bench wrote, or vmap_bench")
    parser.add_argument("after", metavar="AFTER.json", help="the same of a later run")
    parser.add_argument("--threshold", type=float, default=3.0, metavar="PERCENT",
                        help="less than this is no change, however certain; 3 by default")
    return parser.parse_args()


def main():
    options = arguments()
    comparison = Comparison(options.before, options.after, options.threshold)
    show(comparison)
    if not comparison.can_tell():
        rows = len(comparison.changes)
        sys.stdout.flush()
        raise Unusable(f"too few repetitions to tell whether one of {rows} rows changed: "
                       f"{repetitions_for(rows)} or more are needed" if rows else "no row has two repetitions in both")
    return 1 if comparison.with_verdict("slower") else 0


if __name__ == "__main__":
    sys.exit(run("compare.py", main))
