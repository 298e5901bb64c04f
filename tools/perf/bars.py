#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the benchmarks stand to what they should reach: ratios to the limits of the same run, the worst of four builds.

Exit code: 0; 1: a bar is missed, or a row is missing; 2: the results cannot be read."""
import argparse
import glob
import os
import sys

from results import Unusable, aligned, bench_table, load_rows, markdown, run

# Row: at most so many times so many of this row of ref/.
BARS = {
    "map_1x4K": (0.9, 1, "loads_4_dependent"),
    "unmap_1x4K": (1.3, 1, "loads_4_dependent"),
    "map_256x4K": (1.0, 1, "store_512"),
    "unmap_256x4K": (0.9, 1, "store_512"),
    "protect_256x4K": (1.2, 1, "store_512"),
    "map_512x4K_kept": (1.8, 1, "store_512"),
    "map_512x4K_new": (1.4, 1, "store_512"),
    "unmap_512x4K_new": (0.3, 1, "store_512"),
    "map_1G_as_4K": (1.5, 512, "store_512"),
    "unmap_1G_as_4K": (3.0, 1, "store_512"),
    "map_1G_as_2M": (1.6, 1, "store_512"),
    "unmap_1G_as_2M": (2.0, 1, "store_512"),
    "map_64G_as_1G": (0.7, 1, "store_512"),
    "unmap_64G_as_1G": (0.7, 1, "store_512"),
    "unmap_4K_of_2M": (2.5, 1, "store_512"),
    "translate_hot": (0.45, 1, "walk_hot_dependent"),
    "translate_sequential": (1.2, 1, "walk_sequential"),
    "translate_random_dependent": (0.75, 1, "walk_random_dependent"),
}

# With a lock and several CPUs: at most so many locked exchanges more than the row without.
MORE = {"smp/map_1x4K": 1.3, "smp/unmap_1x4K": 2.4, "smp/map_256x4K": 1.3, "smp/unmap_256x4K": 2.4}

# Traces: so many times faster than naive/, or more.
FASTER = 5

# Why some are missed: what a limit that does the same would need, and what is above that. These have no bar.
FLOORS = (("ref/check_store_512", "ref/store_512"), ("map_512x4K_kept", "ref/check_store_512"),
          ("ref/leaf_random_dependent", "ref/walk_random_dependent"),
          ("translate_random_dependent", "ref/leaf_random_dependent"))

REPETITIONS = bench_table.REPETITIONS


class Bar:
    """One row of the table: what it should be, what it is in each build, and which of these is the worst."""

    def __init__(self, name, limit, unit, values, more_is_better=False):
        self.name, self.limit, self.unit, self.values = name, limit, unit, values
        self.more_is_better = more_is_better
        known = [value for value in values if value is not None]
        self.complete = len(known) == len(values)
        self.worst = None if not known else min(known) if more_is_better else max(known)

    def reached(self):
        if not self.complete:
            return False
        return self.worst >= self.limit if self.more_is_better else self.worst <= self.limit

    def target(self):
        return f"{'at least' if self.more_is_better else 'at most'} {self.limit:g} {self.unit}"

    def verdict(self):
        return "yes" if self.reached() else "no" if self.complete else "not measured"

    def shown(self):
        """The values as text, and the worst of them."""
        def show(value):
            return "0" if value == 0 else bench_table.number(value)
        return [show(value) for value in self.values], show(self.worst)

    def cells(self):
        values, worst = self.shown()
        return [self.name, self.target(), *values, worst, self.verdict()]


def per_call(rows, name):
    row = rows.get(name)
    return row.per_call() if row else None


def ratio(part, whole):
    return part / whole if part is not None and whole else None


def limits(builds):
    for name, (limit, factor, reference) in BARS.items():
        values = []
        for rows in builds:
            floor = per_call(rows, "ref/" + reference)
            values.append(ratio(per_call(rows, name), floor * factor if floor else None))
        yield Bar(name, limit, f"x {f'{factor} x ' if factor > 1 else ''}ref/{reference}", values)


def smp(builds):
    for name, limit in MORE.items():
        values = []
        for rows in builds:
            with_lock, alone = per_call(rows, name), per_call(rows, name.removeprefix("smp/"))
            more = max(with_lock - alone, 0.0) if with_lock is not None and alone is not None else None
            values.append(ratio(more, per_call(rows, "ref/atomic_rmw")))
        yield Bar(name, limit, f"x ref/atomic_rmw more than {name.removeprefix('smp/')}", values)


def traces(builds):
    for name in sorted({name for rows in builds for name in rows if name.startswith("trace/")}):
        values = [ratio(per_call(rows, "naive/" + name), per_call(rows, name)) for rows in builds]
        yield Bar(name, FASTER, "x faster than naive/", values, more_is_better=True)


def floors(builds):
    for name, floor in FLOORS:
        values = [ratio(per_call(rows, name), per_call(rows, floor)) for rows in builds]
        yield [name, f"x {floor}", *map(bench_table.number, values)]


def results_in(directory):
    """gcc's before clang's."""
    return sorted(glob.glob(os.path.join(directory, "*.json")),
                  key=lambda path: os.path.basename(path).removesuffix(".json").replace("gcc", ""))


def build_name(context):
    """gcc -O2, and so on: the compiler and what its flags add."""
    compiler = context["compiler"].split()[0].replace("GNU", "gcc").lower()
    return f"{compiler} {context['flags'].replace(' -g', '').replace('-O2 -mgeneral', '-mgeneral')}"


def load_builds(directory):
    """The names of the builds, their rows and their contexts."""
    paths = results_in(directory)
    if not paths:
        raise Unusable(f"{directory}: no results of tools/bench --bars in it")
    loaded = [load_rows(path) for path in paths]
    names = []
    for path, (_, context) in zip(paths, loaded):
        with bench_table.reading(path):
            names.append(build_name(context))
    return names, [rows for rows, _ in loaded], [context for _, context in loaded]


def all_bars(builds):
    return [*limits(builds), *smp(builds), *traces(builds)]


def needed_names(builds):
    """All rows that the bars are made of."""
    traces = sorted({name.removeprefix("naive/") for rows in builds for name in rows if "trace/" in name})
    references = sorted({"ref/" + reference for _, _, reference in BARS.values()} | {"ref/atomic_rmw"})
    return [*BARS, *MORE, *references, *traces, *("naive/" + name for name in traces)]


def summary(bars, what="bars"):
    missed = [bar.name for bar in bars if not bar.reached()]
    return f"{len(bars) - len(missed)} of {len(bars)} {what} are reached" + \
        (f"; missed: {', '.join(missed)}." if missed else ".")


def footer(builds, contexts, bars):
    repetitions = min(row.repetitions for rows in builds for row in rows.values())
    compilers = ", ".join(sorted({context["compiler"] for context in contexts}))
    context = contexts[0]
    lines = [summary(bars),
             f"{context.get('cpu')}, {context['num_cpus']} CPUs; {compilers}; {context['date'][:10]}; "
             f"{context.get('commit')}; medians of {repetitions} interleaved repetitions."]
    if repetitions < REPETITIONS:
        lines.append(f"Fewer than {REPETITIONS} repetitions: a rough run.")
    return lines


def table(directory, form):
    """The whole text, and whether every bar is reached."""
    names, builds, contexts = load_builds(directory)
    bars = all_bars(builds)
    header = ["benchmark", "bar", *names, "worst", "reached"]
    with bench_table.reading(directory):
        text = "\n".join([*form(header, [bar.cells() for bar in bars], 2), "", *footer(builds, contexts, bars), "",
                          "Limits that do the same as a row:", "",
                          *form(["row", "beside", *names], list(floors(builds)), 2)])
    return text, all(bar.reached() for bar in bars)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIRECTORY",
                        help="where NAME.json are, one of each build, as tools/bench --bars writes them to build/bars")
    parser.add_argument("--markdown", action="store_true", help="the table in Markdown, for docs/performance.md")
    options = parser.parse_args()
    text, reached = table(options.directory, markdown if options.markdown else aligned)
    print(text)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(run("bars.py", main))
