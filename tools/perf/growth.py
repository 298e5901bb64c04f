#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How cost grows, from what `vmap_bench --growth` wrote: tables, and slopes fitted to the logarithms of both axes.

A slope of 0 is a cost for each page that does not depend on how many there are; 1 would double it with the range."""
import argparse
import math
import sys

from results import aligned, bench_table, load_rows, markdown, run

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
LEAVES = ("4K", "2M", "1G")
WHOLE = {"4K": 512, "2M": 512, "1G": 64}  # leaves, from where on the cost of the call itself hardly shows
FLAT = 0.1
REPETITIONS = 3  # the default of tools/bench --growth


def load_growth(path):
    """The least of the repetitions: they are few, and whatever disturbs them makes them longer."""
    rows, context = load_rows(path, "growth")
    for row in rows.values():
        row.time = min(row.times)
    return rows, context


def objections(rows, context):
    """Why the figures should not be published."""
    timed = [name for name in rows if not name.startswith("growth/memory/")]  # those count tables, once
    return list(bench_table.objections(rows, context, timed, REPETITIONS))


def bytes_of(text):
    return int(text[:-1]) * UNITS[text[-1]]


def series(rows, kind, leaf):
    """Sizes in bytes and rows of growth/KIND/LEAF/SIZE, by size."""
    prefix = f"growth/{kind}/{leaf}/"
    found = ((bytes_of(name[len(prefix):]), row) for name, row in rows.items() if name.startswith(prefix))
    return sorted(found, key=lambda pair: pair[0])


def numbered(rows, prefix):
    return sorted((int(name[len(prefix):]), row) for name, row in rows.items() if name.startswith(prefix))


def slope(points):
    """Of the straight line that fits the logarithms of (x, y) best; None for fewer than three points."""
    logs = [(math.log(x), math.log(y)) for x, y in points if y > 0]
    if len(logs) < 3:
        return None
    mean_x, mean_y = (sum(values) / len(logs) for values in zip(*logs))
    return (sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs))


def per_leaf(row, leaf):
    """ns for each leaf: rows count pages of 4 KiB."""
    return row.per_page() * (bytes_of(leaf) // 4096)


def name_of(size):
    unit = max((unit for unit in UNITS if size >= UNITS[unit]), key=UNITS.get)
    return f"{size // UNITS[unit]} {unit}iB"


def size_lines(rows):
    """One line for each range size: map and unmap for each leaf, by leaf size, and the plain stores."""
    columns = [(kind, leaf) for leaf in LEAVES for kind in ("map", "unmap")] + [("store", "4K")]
    columns = [({size: row for size, row in series(rows, kind, leaf)}, leaf) for kind, leaf in columns]
    for size in sorted({size for column, _ in columns for size in column}):
        cells = [bench_table.number(per_leaf(column[size], leaf)) if size in column else "-" for column, leaf in columns]
        yield [name_of(size), *cells]


SIZE_HEADER = ["range", *(f"{kind} {leaf}" for leaf in LEAVES for kind in ("map", "unmap")), "plain stores"]


def against_stores(rows):
    stores = dict(series(rows, "store", "4K"))
    return [(size, row.per_page() / stores[size].per_page()) for size, row in series(rows, "map", "4K") if size in stores]


def slope_lines(rows):
    for leaf in LEAVES:
        for kind in ("map", "unmap"):
            points = [(size, per_leaf(row, leaf)) for size, row in series(rows, kind, leaf)
                      if size >= WHOLE[leaf] * bytes_of(leaf)]
            yield [f"{kind} as {leaf}, for each leaf, from {WHOLE[leaf]} leaves on", slope(points)]
    yield ["map as 4K, beside plain stores into as many tables", slope(against_stores(rows))]
    for kind in ("map", "unmap"):
        yield [f"{kind} of a page, by entries in use in its table",
               slope([(used, row.per_call()) for used, row in numbered(rows, f"growth/{kind}/fill/")])]
        yield [f"{kind} of 256 pages of one table, by the entry that they begin at, from 1 on",
               slope([(at, row.per_call()) for at, row in numbered(rows, f"growth/{kind}/offset/") if 0 < at <= 256])]
    yield ["map and unmap of a page, by number of spaces",
           slope([(count, row.per_call()) for count, row in numbered(rows, "growth/spaces/")])]


def verdict(value):
    if value is None:
        return "not measured"
    return "flat" if abs(value) <= FLAT else "falls" if value < 0 else "grows"


def translate_lines(rows):
    columns = [dict(series(rows, "translate", leaf)) for leaf in LEAVES]
    for size in sorted({size for column in columns for size in column}):
        yield [name_of(size), *(bench_table.number(column[size].per_call()) if size in column else "-"
                                for column in columns)]


def sweep_lines(rows):
    for what, text in (("fill", "1 page, entries in use"), ("offset", "256 pages, first entry")):
        unmaps = dict(numbered(rows, f"growth/unmap/{what}/"))
        for at, row in numbered(rows, f"growth/map/{what}/"):
            yield [f"{text}: {at}", bench_table.number(row.per_call()),
                   bench_table.number(unmaps[at].per_call() if at in unmaps else None)]
    for count, row in numbered(rows, "growth/spaces/"):
        yield [f"1 page, number of spaces: {count}", bench_table.number(row.per_call()), "(mean of both)"]


MEMORY_FIRST = ("one page", "1 GiB, aligned as 1 GiB", "1 GiB, aligned as 2 MiB", "1 GiB, aligned as 4 KiB")


def memory_line(name, counts):
    part = counts["tables"] * 4096 / (counts["pages"] * 4096)
    return [name, bench_table.count(counts["tables"]), bench_table.count(counts["least"]),
            f"{counts['tables'] / counts['least']:.2f}", bench_table.count(counts["credits"]), f"{part * 100:.3g} %"]


def memory_lines(rows):
    found = {name.removeprefix("growth/memory/"): row.counters for name, row in rows.items()
             if name.startswith("growth/memory/")}
    names = [name for name in MEMORY_FIRST if name in found] + sorted(set(found) - set(MEMORY_FIRST))
    return [memory_line(name, found[name]) for name in names]


def slope_cells(rows):
    return [[what, "-" if value is None else f"{value:+.3f}", verdict(value)] for what, value in slope_lines(rows)]


def tables(rows):
    """Titles, headers and lines."""
    return [
        ("ns for each leaf, by range and size of the leaves:", SIZE_HEADER, list(size_lines(rows))),
        ("Fitted slopes:", ["cost of", "slope", ""], slope_cells(rows)),
        ("ns for a translation that waits for the one before, at random over the range, by size of the leaves "
         "(a multiplication and three more steps between two are in it):",
         ["range", *LEAVES], list(translate_lines(rows))),
        ("ns for a call:", ["call", "map", "unmap"], list(sweep_lines(rows))),
        ("Table pages, the root included, beside the least that any tree of four levels can have:",
         ["mapped", "tables", "least", "ratio", "owed to splits", "tables, of the bytes mapped"],
         memory_lines(rows)),
    ]


def text_of(path, form):
    rows, context = load_growth(path)
    with bench_table.reading(path):
        parts = tables(rows)
    texts = ["\n".join([title, "", *form(header, lines, 1)]) for title, header, lines in parts]
    return "\n\n".join([*texts, bench_table.footer(rows, context).replace("median", "least")])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", metavar="GROWTH.json", help="what tools/bench --growth wrote")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown, for docs/performance.md")
    options = parser.parse_args()
    print(text_of(options.results, markdown if options.markdown else aligned))
    return 0


if __name__ == "__main__":
    sys.exit(run("growth.py", main))
