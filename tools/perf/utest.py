#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The p values of Google Benchmark's comparison (Debian: libbenchmark-tools), as JSON: name to p, of the repetitions' real
times. Its Mann-Whitney U test takes the exact distribution here: the normal approximation, which scipy takes from nine
repetitions on, cannot go below 0.0004, and among a hundred rows that is nothing.

Usage: utest.py BEFORE.json AFTER.json         (run by Debian's python3, for which python3-scipy is installed)"""
import functools
import json
import sys

sys.path.insert(0, "/usr/share/benchmark")
from gbench import report, util

report.mannwhitneyu = functools.partial(report.mannwhitneyu, method="exact")


def main():
    before, after = (util.load_benchmark_results(path) for path in sys.argv[1:])
    rows = report.get_difference_report(before, after, utest=True)
    json.dump({row["name"]: row["utest"]["time_pvalue"] for row in rows
               if row["run_type"] == "iteration" and row["utest"]}, sys.stdout)


if __name__ == "__main__":
    main()
