#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One self-contained HTML page of the last results of tools/bench.

Usage: report.py FILE.html [--results FILE] [--growth FILE] [--shootdowns FILE] [--bars DIRECTORY]

What has not been measured is left out, and the page says which command measures it."""
import argparse
import datetime
import html
import os
import sys

import svg
from bars import BARS, results_in, table as bars_table
from growth import LEAVES, load_growth, name_of, per_leaf, series, slope_lines, verdict
from peers import LIBRARIES, PUBLISHED, SOURCE
from results import BARS as BARS_DIRECTORY, BENCH, bench_table, load_rows

STYLE = """
:root { color-scheme: light dark; --paper: #fcfcfb; --ink: #1b1b1a; --soft: #5c5b57; --grid: #e4e3df; --axis: #a9a8a2;
  --c0: #2a6fc9; --c1: #c2410c; --c2: #0f7b5f; --c3: #8a4fbf; --c4: #6b6a65; --over: #c2410c; --shade: #f2f1ee; }
@media (prefers-color-scheme: dark) {
:root { --paper: #1a1a19; --ink: #eeede9; --soft: #b3b2ab; --grid: #34332f; --axis: #6d6c66;
  --c0: #6aa5ee; --c1: #f08a4b; --c2: #3fbf9a; --c3: #c08cf0; --c4: #a3a29b; --over: #f08a4b; --shade: #242422; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 1040px; padding: 28px 20px 60px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 44px 0 6px; } p { margin: 6px 0 12px; }
.soft, figcaption { color: var(--soft); font-size: 13.5px; }
figure { margin: 14px 0 24px; max-width: 900px; } svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg .label, svg .value { fill: var(--ink); }
svg .title { font-size: 12.5px; } svg .name { font-weight: 600; }
.grid { stroke: var(--grid); } .axis { stroke: var(--axis); } .mark { stroke: var(--ink); stroke-width: 2; }
.bar { fill: var(--c0); } .bar.over { fill: var(--over); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .dot { stroke: var(--paper); stroke-width: 1.5; }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); }
.line.c3 { stroke: var(--c3); } .line.c4 { stroke: var(--c4); stroke-dasharray: 5 4; }
.dot.c0 { fill: var(--c0); } .dot.c1 { fill: var(--c1); } .dot.c2 { fill: var(--c2); } .dot.c3 { fill: var(--c3); }
.dot.c4 { fill: var(--c4); } svg .n0 { fill: var(--c0); } svg .n1 { fill: var(--c1); } svg .n2 { fill: var(--c2); }
svg .n3 { fill: var(--c3); } svg .n4 { fill: var(--c4); }
.wide { overflow-x: auto; margin-bottom: 20px; } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; text-align: right; vertical-align: bottom; }
th, td { padding: 4px 8px; border-bottom: 1px solid var(--grid); white-space: nowrap; }
thead th { white-space: normal; min-width: 52px; } td { text-align: right; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } tr:hover td { background: var(--shade); }
th.text, td.text { text-align: left; } .no { color: var(--over); font-weight: 600; } code { font-size: 13px; }
"""


def tag(name, content, **attributes):
    given = "".join(f' {key.rstrip("_")}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{content}</{name}>"


TEXT_COLUMNS = bench_table.TEXT_COLUMNS | {"bar", "reached", ""}


def cell(name, text):
    kinds = (["text"] if name in TEXT_COLUMNS else []) + (["no"] if text in ("no", "grows") else [])
    return tag("td", html.escape(text), **({"class_": " ".join(kinds)} if kinds else {}))


def table(header, lines):
    head = tag("tr", "".join(tag("th", html.escape(name.replace("-", "\N{NON-BREAKING HYPHEN}")), **({"class_": "text"} if name in TEXT_COLUMNS else {}))
                             for name in header))
    body = "\n".join(tag("tr", "".join(map(cell, header, line))) for line in lines)
    return tag("div", tag("table", tag("thead", head) + "\n" + tag("tbody", body)), class_="wide")


def figure(drawing, caption):
    return tag("figure", drawing + tag("figcaption", html.escape(caption)))


def section(title, *parts):
    return "\n".join([tag("h2", html.escape(title)), *parts])


def missing(title, command):
    return section(title, tag("p", f"Not measured yet: <code>{html.escape(command)}</code>.", class_="soft"))


def limit_of(rows, name):
    factor, limit = bench_table.LIMITS.get(name, (None, None))
    row = rows.get(f"ref/{limit}")
    return factor * row.per_call() if row else None


def operations(rows):
    names = [name for name in bench_table.OPERATIONS if name in rows]
    naive = [(name, rows["naive/" + name].per_call() / rows[name].per_call()) for name in names if "naive/" + name in rows]
    limits = [(name, rows[name].per_call() / limit_of(rows, name)) for name in names if limit_of(rows, name)]
    marks = {name: bar[0] for name, bar in BARS.items()}
    parts = [table(header, list(make(rows))) for header, make in bench_table.TABLES[:1]]
    if limits:
        drawn = [(name, value, bench_table.number(value), marks.get(name)) for name, value in limits]
        parts.append(figure(svg.bars("Times the limit, by operation", drawn, "times the limit", "the bar: at most"),
                            "How many times the limit's time: a plain loop, or a hand-written walk, without any check. "
                            "What is beyond its bar is in another colour."))
    if naive:
        drawn = [(name, value, bench_table.times(value), None) for name, value in naive]
        parts.append(figure(svg.bars("Times faster than the naive baseline", drawn, "times faster than naive"),
                            "How many times faster than the naive baseline, which has pages of 4 KiB only and starts from "
                            "the root for each. Left of 1 it is faster: it neither splits nor checks."))
    for header, make in bench_table.TABLES[1:]:
        lines = list(make(rows))
        if lines:
            parts.append(table(header, lines))
    return section("Operations", *parts, tag("p", html.escape(bench_table.NOTES), class_="soft"))


def beside_limit(time, limit):
    return f" ({bench_table.number(time / limit)})" if limit else ""


def peers(rows):
    header = ["ns, and times the limit there", "here", *LIBRARIES.values()]
    lines = []
    for name, published in PUBLISHED.items():
        if name not in rows:
            continue
        here = rows[name].per_call()
        cells = [bench_table.number(here) + beside_limit(here, limit_of(rows, name))]
        cells += [bench_table.number(published[library]) + beside_limit(published[library], published["limit"])
                  if published[library] is not None else "-" for library in LIBRARIES]
        lines.append([name, *cells])
    return section("Beside other libraries", table(header, lines), tag(
        "p", f"The other columns were measured elsewhere ({SOURCE}), and not by this program: nanoseconds of two machines "
        "do not compare, the ratios to each machine's limit, in brackets, do so roughly. Those libraries do less: no "
        "split, nothing undone where a call fails, no empty table freed, no record of what CPUs must forget.", class_="soft"))


def growth(rows):
    parts = []
    stores = [(size, row.per_page()) for size, row in series(rows, "store", "4K")]
    for kind in ("map", "unmap"):
        drawn = [(f"{leaf} leaves", index, [(size, row.per_page()) for size, row in series(rows, kind, leaf)])
                 for index, leaf in enumerate(LEAVES)]
        if kind == "map":
            drawn.append(("plain stores", 4, stores))
        parts.append(figure(svg.lines(f"{kind}: ns for each 4 KiB", drawn, "range", "ns for each 4 KiB", name_of, 4),
                            f"{kind}: nanoseconds for each 4 KiB of the range, by size of the leaves."
                            + (" Plain stores: filling as many tables of pages in a loop." if kind == "map" else "")))
    drawn = [(f"{leaf} leaves", index, [(size, row.per_call()) for size, row in series(rows, "translate", leaf)])
             for index, leaf in enumerate(LEAVES)]
    parts.append(figure(svg.lines("Translation by working set", drawn, "working set", "ns for a translation", name_of, 4),
                        "A translation that waits for the one before, at random over the working set, by size of the leaves. "
                        "The steps between two, a multiplication among them, are included."))
    lines = [[what, "-" if value is None else f"{value:+.3f}", verdict(value)] for what, value in slope_lines(rows)]
    parts.append(table(["cost of", "slope", ""], lines))
    return section("Growth", *parts, tag("p", "Slopes of the straight lines that fit the logarithms: 0 is a cost for each "
                                         "page that does not depend on how many there are.", class_="soft"))


def shootdowns(files):
    drawn = []
    for index, file in enumerate(files):
        counts = sorted((row["batch"] or 1, row["interrupts"]) for row in file["rows"]
                        if row["policy"] == "engine" and row["cpus"] == bench_table.SHOOTDOWN_CPUS)
        points = [(batch, count * 1000 / max(file["calls"], 1)) for batch, count in counts]
        drawn.append((os.path.basename(file["file"]).split(".")[0], index % 5, points))
    return section("Shootdowns", figure(
        svg.lines("Interrupts by size of the batch", drawn, "calls that share a batch, at most",
                  "interrupts for 1000 calls", base_x=2),
        "Interrupts for 1000 calls of unmap and protect, 4 CPUs that all run the program: real programs' traces, counted "
        "exactly. A map ends a batch."), table(bench_table.SHOOTDOWNS, list(bench_table.shootdown_rows(files))),
        tag("p", html.escape(bench_table.SHOOTDOWN_NOTES), class_="soft"))


def bars(directory):
    """The table, with its text form's rows as cells."""
    kept = {}

    def form(header, lines, _):
        kept.update(header=header, lines=lines)
        return []

    footer, _ = bars_table(directory, form)
    return section("What is to be reached", table(kept["header"], kept["lines"]),
                   tag("p", html.escape(footer.strip()), class_="soft"))


def where(context):
    parts = [context.get("cpu") or "unknown CPU", f"{context['num_cpus']} CPUs", context.get("compiler"),
             context.get("flags"), f"measured {context['date'][:10]}", f"commit {context.get('commit')}"]
    return "; ".join(part for part in parts if part)


def attempt(title, command, path, make):
    measured = results_in(path) if os.path.isdir(path) else os.path.exists(path)
    return make(path) if measured else missing(title, command)


def page(options):
    context = load_rows(options.results)[1] if os.path.exists(options.results) else None
    parts = [
        tag("h1", "MemVmap: how fast"),
        tag("p", html.escape(where(context) if context else "Nothing has been measured: tools/bench") +
            f"; page made {datetime.date.today()}", class_="soft"),
        attempt("What is to be reached", "tools/bench --bars", options.bars, bars),
        attempt("Operations", "tools/bench", options.results, lambda path: operations(load_rows(path)[0])),
        attempt("Beside other libraries", "tools/bench", options.results, lambda path: peers(load_rows(path)[0])),
        attempt("Growth", "tools/bench --growth", options.growth, lambda path: growth(load_growth(path)[0])),
        attempt("Shootdowns", "tools/bench", options.shootdowns, lambda path: shootdowns(bench_table.load(path)["files"])),
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">' \
           f"<title>MemVmap: how fast</title><style>{STYLE}</style>"
    return f'<!DOCTYPE html>\n<!-- SPDX-License-Identifier: MIT -->\n<html lang="en"><head>{head}</head>\n<body>\n' + \
        "\n".join(parts) + "\n</body></html>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--results", default=os.path.join(BENCH, "results.json"))
    parser.add_argument("--growth", default=os.path.join(BENCH, "growth.json"))
    parser.add_argument("--shootdowns", default=os.path.join(BENCH, "shootdowns.json"))
    parser.add_argument("--bars", default=BARS_DIRECTORY)
    options = parser.parse_args()
    try:
        text = page(options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"report.py: {error!r}", file=sys.stderr)
        return 2
    with open(options.file, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"{options.file}: {len(text) // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
