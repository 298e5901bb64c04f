#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the figures of docs/performance.md: what stands between <!-- NAME --> and <!-- /NAME --> is replaced.

  bars      of the last tools/bench --bars
  growth    of the last tools/bench --growth
  counts    instructions, code and stack, of tests/performance/baseline

What has not been measured stays as it is, and so does what must not be published: figures of sources that are in no
commit, of fewer repetitions than the default, or with rows missing. Usage: page.py

Exit code: 0; 2: something must not be published."""
import json
import os
import re
import sys

from bars import load_builds, needed_names, results_in, table as bars_table
from growth import objections as growth_objections, load_growth, text_of
from results import BARS, BENCH, TOP, Unusable, bench_table, markdown, run

PAGE = os.path.join(TOP, "docs", "performance.md")
BASELINE = os.path.join(TOP, "tests", "performance", "baseline")
COMPILERS = ("gcc", "clang")


def bars():
    if not results_in(BARS):
        return None
    names, builds, contexts = load_builds(BARS)
    for name, rows, context in zip(names, builds, contexts):
        bench_table.require(name, bench_table.objections(rows, context, needed_names(builds)))
    return bars_table(BARS, markdown)[0]


def growth():
    path = os.path.join(BENCH, "growth.json")
    if not os.path.exists(path):
        return None
    rows, context = load_growth(path)
    bench_table.require(path, growth_objections(rows, context))
    return text_of(path, markdown)


def counted(columns, kind):
    """Lines of one kind of figure: a name, and what it is in each column."""
    names = sorted({name for figures in columns for name in figures[kind]})
    for name in names:
        values = [figures[kind].get(name) for figures in columns]
        yield [name, *("-" if value is None else bench_table.count(value) if value >= 1000 else f"{value:g}"
                       for value in values)]


def counts():
    kept = []
    for compiler in COMPILERS:
        path = os.path.join(BASELINE, compiler + ".json")
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            kept.append(json.load(file))
    columns = [figures for one in kept for _, figures in sorted(one["figures"].items())]
    header = [f"{one['compiler']} {one['version']} {flags}" for one in kept for flags in sorted(one["figures"])]
    parts = []
    for kind, title in (("instructions", "instructions for a call"), ("stack", "bytes of stack"), ("text", "bytes of code")):
        parts.append("\n".join(markdown([title, *header], list(counted(columns, kind)), 1)))
    return "\n\n".join(parts)


def main():
    if len(sys.argv) > 1:
        print(__doc__.rstrip())
        return 0 if sys.argv[1:] == ["--help"] else 2
    code = 0
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    for name, make in (("bars", bars), ("growth", growth), ("counts", counts)):
        try:
            figures = make()
        except Unusable as error:
            print(f"page.py: {name}: left as it is: {error}", file=sys.stderr)
            code = 2
            continue
        if figures is None:
            print(f"page.py: {name}: not measured, left as it is", file=sys.stderr)
            continue
        text, count = re.subn(rf"(<!-- {name} -->).*?(<!-- /{name} -->)", lambda match: f"{match[1]}\n{figures}\n{match[2]}",
                              text, flags=re.DOTALL)
        if count != 1:
            sys.exit(f"docs/performance.md has {count} places for {name}, not one")
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(text)
    return code


if __name__ == "__main__":
    sys.exit(run("page.py", main))
