#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The options of tools/bench; and that results.json, growth.json and build/bars, which other scripts publish, are written
by full runs alone. Nothing is built or measured: cmake, vmap and vmap_bench are stand-ins. Usage: check_bench.py"""
import json
import os
import sys

from support import (TRACES, all_names, check_all, copy_tools, expect, growth, hold, program, run, shootdowns, speed,
                     with_stubs, write)
from bars import BARS, MORE

# Copies what it would have measured to where it is told to.
BENCH = """#!/bin/sh
what=speed
for argument; do
    case $argument in
    --growth) what=growth ;;
    --benchmark_out=*) out=${argument#*=} ;;
    esac
done
cp "$STAND_INS/$what.json" "$out"
"""
VMAP = """#!/bin/sh
[ "$1" != shootdowns ] || cat "$STAND_INS/shootdowns.json"
"""
VARIANTS = ("gcc", "gcc-general", "clang", "clang-general")
KEPT = '{"kept": true}'


class Tree:
    """A checkout with the scripts, and stand-ins for what they run."""

    def __init__(self, folder):
        self.folder = folder
        copy_tools(folder)
        stand_ins = os.path.join(folder, "stand-ins")
        self.environment = {**with_stubs(f"{folder}/stubs", cmake="echo built >>\"$STAND_INS/built\"",
                                         git="exit 1"), "STAND_INS": stand_ins}
        write(f"{stand_ins}/speed.json", speed([*all_names(), *BARS, *MORE]))
        write(f"{stand_ins}/growth.json", growth())
        counts = json.dumps(shootdowns())
        write(f"{stand_ins}/shootdowns.json", counts.replace("{", "{\n", 1))
        for room in ["release"] + [f"bars/{name}" for name in VARIANTS]:
            program(f"{folder}/build/{room}/bench/vmap_bench", BENCH)
        program(f"{folder}/build/release/tools/vmap", VMAP)

    def bench(self, *arguments, cwd=None):
        return run(os.path.join(self.folder, "tools", "bench"), *arguments, env=self.environment, cwd=cwd or self.folder)

    def path(self, name):
        return os.path.join(self.folder, "build", name)

    def leaves(self, kept, *arguments):
        """Whether a run leaves the figures of the last full run alone, and has figures of its own elsewhere."""
        write(self.path(kept), KEPT)
        got = self.bench(*arguments)
        with open(self.path(kept), encoding="utf-8") as file:
            return got, file.read() == KEPT


def options(tree):
    bench = tree.bench
    expect("--help", bench("--help"), 0, "Usage: tools/bench")
    expect("--report --help is the help", bench("--report", "--help"), 0, "Usage: tools/bench")
    expect("--report --what", bench("--report", "--what"), 2, "unknown option: --what")
    hold("no file is named like an option", not os.path.exists(os.path.join(tree.folder, "--help")))
    expect("--report without a name", bench("--report"), 2, "needs the name of a file")
    expect("--report with two", bench("--report", "a", "b"), 2, "needs the name of a file")
    expect("--report measures nothing", bench("--quick", "--report", "a"), 2, "measures nothing: --quick")
    expect("--compare with one", bench("--compare", "a"), 2, "needs two results")
    expect("--compare of a missing file", bench("--compare", "/nonexistent/a", "b"), 2, "/nonexistent/a: No such file")
    expect("a bad expression", bench("--filter", "("), 2, "not an extended regular expression: (")
    expect("--bars with --formats", bench("--bars", "--formats"), 2, "always measures the same")
    expect("an operand of none", bench("results.json"), 2, "not an option: results.json")
    hold("nothing was built for any of these", not os.path.exists(f"{tree.environment['STAND_INS']}/built"))


def unwritable(tree):
    for name, why in (("/nonexistent/a.html", "No such file or directory"), ("/dev/full", "No space left on device"),
                      (tree.folder, "Is a directory"), ("/proc/a.html", "")):
        expect(f"--report {name}", tree.bench("--report", name), 2, f"cannot write {name}: {why}")


def from_elsewhere(tree):
    """Names of files are the caller's."""
    room = os.path.join(tree.folder, "room")
    os.mkdir(room)
    expect("--report from another folder", tree.bench("--report", "page.html", cwd=room), 0)
    hold("writes there", os.path.exists(os.path.join(room, "page.html")))


def full_runs(tree):
    for kept, arguments in (("release/bench/results.json", ()), ("release/bench/growth.json", ("--growth",)),
                            ("bars/gcc.json", ("--bars",)), ("release/bench/results.json", ("--repetitions", "10"))):
        got, left = tree.leaves(kept, *arguments)
        # The stand-ins miss some bars: that is for --bars to say, not a failure of this check.
        expect(f"a full run: tools/bench {' '.join(arguments)}", got, 1 if "--bars" in arguments else 0)
        hold(f"is kept in {kept}", not left)
    with open(tree.path("release/bench/shootdowns.json"), encoding="utf-8") as file:
        counts = json.load(file)
    hold("counts say what they are of", counts["commit"] == "no commit" and counts["date"])
    hold("and are all there", len(counts["files"]) == len(TRACES))


def partial_runs(tree):
    results, growths = "release/bench/results.json", "release/bench/growth.json"
    for kept, arguments in ((results, ("--quick",)), (results, ("--filter", "^map_")), (results, ("--formats",)),
                            (results, ("--repetitions", "8")), (results, ("--quick", "--repetitions", "9")),
                            (growths, ("--growth", "--quick", "--repetitions", "3")),
                            (growths, ("--growth", "--repetitions", "2"))):
        got, left = tree.leaves(kept, *arguments)
        dated = kept.removeprefix("release/").removesuffix(".json") + "-"
        expect(f"tools/bench {' '.join(arguments)}", got, 0, "some benchmarks, or rough ones", dated)
        hold(f"leaves {kept} alone", left)
    got, left = tree.leaves("bars/gcc.json", "--bars", "--quick")
    expect("tools/bench --bars --quick", got, 1, "figures: build/bars/rough/*.json")
    hold("leaves build/bars/gcc.json alone", left)


if __name__ == "__main__":
    sys.exit(check_all(Tree, options, unwritable, from_elsewhere, full_runs, partial_runs))
