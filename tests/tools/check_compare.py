#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/bench --compare finds what was planted: rows that are slower among all the rows of a full run, and none where
nothing changed; with few repetitions it says that it cannot tell. Usage: check_compare.py"""
import os
import sys

from support import ROOT, all_names, check_all, expect, hold, iteration, run, speed, with_stubs, write

SKIPPED = 77
BENCH = os.path.join(ROOT, "tools", "bench")
# As many rows as a full run had when the normal approximation could not go below 0.05 / rows.
NAMES = all_names() + [f"map_planted_{index}" for index in range(80)]


def compare(folder, before, after):
    return run(BENCH, "--compare", write(f"{folder}/before.json", before), write(f"{folder}/after.json", after),
               env=with_stubs(f"{folder}/stubs"))


def scattered(name):
    return [iteration(name, time) for time in (99.5, 99.9, 108, 109, 110, 110, 111, 112, 113)]


def planted(folder):
    before = speed(NAMES)
    expect("the same times", compare(folder, before, before), 0, "0 slower, 0 faster")
    expect("another run of the same", compare(folder, before, speed(NAMES, seed=2)), 0, "0 slower, 0 faster")
    for factor in (1.1, 3):
        expect(f"one row that takes {factor} times as long", compare(folder, before, speed(NAMES, seed=2, factors={
            "map_1x4K": factor})), 1, "1 slower, 0 faster", "map_1x4K ")
    slower = speed(NAMES, seed=2, factors=dict.fromkeys(NAMES, 1.1))
    expect("all rows", compare(folder, before, slower), 1, "0 faster, 0 the same", "The machine changed between the runs")
    expect("a row that scatters more than it changed is in doubt", compare(folder, before, {
        **speed(NAMES, seed=2), "benchmarks": [*speed(NAMES[1:], seed=2)["benchmarks"], *scattered(NAMES[0])]}), 0,
           "0 slower, 0 faster", "slower?", "1 of which are in doubt")
    expect("a row that takes half as long", compare(folder, before, speed(NAMES, seed=2, factors={"map_1x4K": 0.5})), 0,
           "0 slower, 1 faster")
    expect("1 % is below the threshold", compare(folder, before, speed(NAMES, factors={"map_1x4K": 1.01})), 0, "0 slower")


def unable(folder):
    for repetitions in (2, 3, 7):
        few = speed(NAMES, repetitions)
        expect(f"{repetitions} repetitions", compare(folder, few, speed(NAMES, repetitions, factors={"map_1x4K": 3})), 2,
               "too few repetitions", "8 or more")
    once = speed(NAMES, 1)
    expect("one repetition", compare(folder, once, once), 2, "no row has two repetitions")
    expect("few rows need fewer", compare(folder, speed(NAMES[:1], 5), speed(NAMES[:1], 5, factors={NAMES[0]: 3})), 1)
    expect("nothing in common", compare(folder, speed(["a"]), speed(["b"])), 2, "no benchmark in common")
    expect("the limits alone changed", compare(folder, speed(NAMES), speed(NAMES, factors={"ref/store_512": 1.2})), 0,
           "0 slower", "The machine changed")
    code, text = compare(folder, speed(NAMES), speed(NAMES[:1]))
    expect("rows of one side are summed up", (code, text), 0, "Only in")
    hold("on short lines", max(map(len, text.splitlines())) < 400)


def main():
    if not os.path.exists("/usr/share/benchmark/compare.py"):
        print("skipped: no libbenchmark-tools here")
        return SKIPPED
    return check_all(str, planted, unable)


if __name__ == "__main__":
    sys.exit(main())
