#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One self-contained HTML page of the last results of tools/bench: the targets and what four builds reach, operations,
formats, other libraries, growth, shootdowns. What has not been measured is left out, and the page says which command
measures it.

Exit code: 0; 2: a file cannot be read or written, or is not what it should be."""
import argparse
import datetime
import html
import os
import sys

import svg
from bars import BARS, all_bars, load_builds, needed_names, results_in, summary
from growth import LEAVES, load_growth, name_of, objections as growth_objections, series, tables as growth_tables
from peers import LIBRARIES, PUBLISHED, SOURCE
from results import BARS as BARS_DIRECTORY, BENCH, Unusable, bench_table, load_rows, run

STYLE = """
:root { color-scheme: light dark; --paper: #fcfcfb; --ink: #1b1b1a; --soft: #5c5b57; --grid: #e4e3df; --axis: #a9a8a2;
  --c0: #2a6fc9; --c1: #c2410c; --c2: #0f7b5f; --c3: #8a4fbf; --c4: #8f7400; --ref: #6b6a65; --over: #c2410c;
  --none: #a9a8a2; --shade: #f2f1ee; }
@media (prefers-color-scheme: dark) {
:root { --paper: #1a1a19; --ink: #eeede9; --soft: #b3b2ab; --grid: #34332f; --axis: #6d6c66;
  --c0: #6aa5ee; --c1: #f08a4b; --c2: #3fbf9a; --c3: #c08cf0; --c4: #e0c341; --ref: #a3a29b; --over: #f08a4b;
  --none: #6d6c66; --shade: #242422; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 1040px; padding: 28px 20px 60px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 44px 0 6px; }
h3 { font-size: 15px; margin: 22px 0 6px; } p { margin: 6px 0 12px; }
.soft, figcaption { color: var(--soft); font-size: 13.5px; }
.warn { color: var(--over); }
figure { margin: 14px 0 24px; max-width: 900px; } svg { display: block; width: 100%; min-width: 640px; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg .label, svg .value { fill: var(--ink); }
svg .title { font-size: 12.5px; } svg .name { font-weight: 600; }
.grid { stroke: var(--grid); } .axis { stroke: var(--axis); } .mark { stroke: var(--ink); stroke-width: 2; }
.bar { fill: var(--c0); } .bar.over { fill: var(--over); } .bar.unmarked { fill: var(--none); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .dot { stroke: var(--paper); stroke-width: 1.5; }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); }
.line.c3 { stroke: var(--c3); } .line.c4 { stroke: var(--c4); } .line.ref { stroke: var(--ref); stroke-dasharray: 5 4; }
.dot.c0 { fill: var(--c0); } .dot.c1 { fill: var(--c1); } .dot.c2 { fill: var(--c2); } .dot.c3 { fill: var(--c3); }
.dot.c4 { fill: var(--c4); } .dot.ref { fill: var(--ref); } svg .name.c0 { fill: var(--c0); } svg .name.c1 { fill: var(--c1); }
svg .name.c2 { fill: var(--c2); } svg .name.c3 { fill: var(--c3); } svg .name.c4 { fill: var(--c4); } svg .name.ref { fill: var(--ref); }
.wide { overflow-x: auto; } table { margin-bottom: 20px; border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; text-align: right; vertical-align: bottom; }
th, td { padding: 4px 8px; border-bottom: 1px solid var(--grid); white-space: nowrap; }
thead th { white-space: normal; min-width: 52px; } td { text-align: right; }
th:first-child, td:first-child { text-align: left; padding-left: 0; position: sticky; left: 0; background: var(--paper); }
td.wrap { white-space: normal; min-width: 150px; } tr:hover td { background: var(--shade); }
th.text, td.text { text-align: left; } .no { color: var(--over); font-weight: 600; } code { font-size: 13px; }
@media (min-width: 701px) { td wbr { display: none; } }
@media (max-width: 700px) { body { padding: 20px 12px 40px; } td.wrap { min-width: 110px; }
  th:first-child, td:first-child { white-space: normal; min-width: 76px; max-width: 40vw; } }
"""


def tag(name, content, **attributes):
    given = "".join(f' {key.rstrip("_")}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{content}</{name}>"


TEXT_COLUMNS = bench_table.TEXT_COLUMNS | {"target", "reached", "flat?"}


def kinds(*chosen):
    chosen = [name for name, holds in chosen if holds]
    return {"class_": " ".join(chosen)} if chosen else {}


def breakable(text):
    """Names may be broken behind _ and /: the first column stays in sight, and must leave room for others."""
    return html.escape(text).replace("_", "_<wbr>").replace("/", "/<wbr>")


def cell(name, text, first=False):
    shown = breakable(text) if first or name == "target" else html.escape(text)
    return tag("td", shown, **kinds(("text", name in TEXT_COLUMNS), ("wrap", name == "target"),
                                                ("no", text in ("no", "grows"))))


def heading(name):
    """Compilers' options stay in one piece."""
    return tag("th", html.escape(name.replace("-", "\N{NON-BREAKING HYPHEN}")), **kinds(("text", name in TEXT_COLUMNS)))


def table(header, lines):
    body = "\n".join(tag("tr", cell(header[0], line[0], first=True) + "".join(map(cell, header[1:], line[1:])))
                     for line in lines)
    head = tag("thead", tag("tr", "".join(map(heading, header))))
    return tag("div", tag("table", head + "\n" + tag("tbody", body)), class_="wide")


def titled(title, part):
    return tag("h3", html.escape(title)) + "\n" + part


def soft(text):
    return tag("p", html.escape(text), class_="soft")


def figure(title, drawing, caption):
    """Nothing where there is nothing to draw."""
    if not drawing:
        return ""
    return tag("figure", titled(title, tag("div", drawing, class_="wide")) + tag("figcaption", html.escape(caption)))


def warnings(objections):
    return "".join(tag("p", html.escape(f"Not to be published: {objection}."), class_="warn") for objection in objections)


def section(title, *parts):
    return "\n".join([tag("h2", html.escape(title)), *parts])


def missing(title, command):
    return section(title, tag("p", f"Not measured yet: <code>{html.escape(command)}</code>.", class_="soft"))


def where(context, compiler=True):
    """When, on what and of which commit: sections need not be of the same run."""
    parts = [f"Measured {context['date'][:10]}", context.get("cpu") or "unknown CPU", f"{context['num_cpus']} CPUs"]
    parts += [context.get("compiler"), context.get("flags")] if compiler else []
    return "; ".join(part for part in [*parts, f"commit {context.get('commit')}"] if part) + "."


def short(build):
    return build.replace("-mgeneral-regs-only", "general")


def target_line(bar):
    values, worst = bar.shown()
    return [bar.name, bar.target(), worst, bar.verdict(), *values]


def targets(directory):
    names, builds, contexts = load_builds(directory)
    bars = all_bars(builds)
    found = [f"{short(name)}: {objection}" for name, rows, context in zip(names, builds, contexts)
             for objection in bench_table.objections(rows, context, needed_names(builds))]
    return section("Targets", soft(where(contexts[0], compiler=False)), warnings(found), tag("p", html.escape(summary(bars, "targets"))),
                   table(["benchmark", "target", "worst", "reached", *map(short, names)], map(target_line, bars)),
                   soft("Ratios to the limits (ref/) of the same run; of the builds the worst counts. "
                        "general: -O2 -mgeneral-regs-only, as kernels are built. "
                        f"Compilers: {', '.join(sorted({context['compiler'] for context in contexts}))}."))


def limit_of(rows, name):
    factor, limit = bench_table.LIMITS.get(name, (None, None))
    row = rows.get(f"ref/{limit}")
    return factor * row.per_call() if row else None


def beside_limits(rows, names):
    limits = [(name, rows[name].per_call() / limit_of(rows, name)) for name in names if limit_of(rows, name)]
    drawn = [(name, value, bench_table.number(value), BARS[name][0] if name in BARS else None) for name, value in limits]
    title = "Times the limit, by operation"
    return figure(title, svg.bars(title, drawn, "times the limit", "target: at most") if drawn else "",
                  "How many times the limit's time: a plain loop, or a hand-written walk, without any check. Blue: the "
                  "target is reached in this build; orange: it is missed; grey: no target is set.")


def beside_naive(rows, names):
    faster = [(name, rows["naive/" + name].per_call() / rows[name].per_call()) for name in names if "naive/" + name in rows]
    drawn = [(name, value, bench_table.times(value), None) for name, value in faster]
    title = "Times faster than the naive baseline, by operation"
    return figure(title, svg.bars(title, drawn, "times faster than naive") if drawn else "",
                  "How many times faster than the naive baseline, which has pages of 4 KiB only and starts from "
                  "the root for each. Left of 1 the baseline is faster: it neither splits nor checks.")


def operations(path):
    rows, context = load_rows(path)
    names = [name for name in bench_table.OPERATIONS if name in rows]
    traces = sorted(name.removeprefix("trace/") for name in rows if name.startswith("trace/"))
    found = bench_table.objections(rows, context, bench_table.operation_names(traces))
    tables = [(header, list(make(rows))) for header, make in bench_table.TABLES]
    tables = [table(header, lines) if lines else "" for header, lines in tables]
    return section("Operations", soft(where(context)), warnings(found), tables[0], beside_limits(rows, names),
                   beside_naive(rows, names), *tables[1:], soft(bench_table.NOTES))


def formats(path):
    rows, context = load_rows(path)
    names = bench_table.format_names(rows)
    if not names:
        return missing("Formats", "tools/bench")
    found = bench_table.objections(rows, context, bench_table.format_row_names(names))
    return section("Formats", soft(where(context)), warnings(found),
                   table(bench_table.FORMATS, list(bench_table.format_rows(rows))),
                   soft(bench_table.format_notes(rows)))


def beside_limit(time, limit):
    return f" ({bench_table.number(time / limit)})" if limit else ""


def peer_line(rows, name, published):
    here = rows[name].per_call()
    cells = [bench_table.number(published[library]) + beside_limit(published[library], published["limit"])
             if published[library] is not None else "-" for library in LIBRARIES]
    return [name, bench_table.number(here) + beside_limit(here, limit_of(rows, name)), *cells]


def peers(path):
    rows, context = load_rows(path)
    lines = [peer_line(rows, name, published) for name, published in PUBLISHED.items() if name in rows]
    return section("Beside other libraries", soft("Here: " + where(context)),
                   table(["ns, and times the limit there", "here", *LIBRARIES.values()], lines),
                   soft(f"The other columns were measured elsewhere ({SOURCE}), and not by this program: nanoseconds of two "
                        "machines do not compare, the ratios to each machine's limit, in brackets, do so roughly; "
                        "here the limit of the rows of 256 pages stores 512 entries, twice as many. Those libraries"
                        " do less: no split, nothing undone where a call fails, no empty table freed, no record of "
                        "what CPUs must forget."))


def by_leaf(rows, kind, time):
    return [svg.Series(f"{leaf} leaves", index, [(size, time(row)) for size, row in series(rows, kind, leaf)])
            for index, leaf in enumerate(LEAVES)]


def growth_figures(rows):
    """Map and unmap ask to be compared: they share an axis."""
    maps, unmaps = (by_leaf(rows, kind, lambda row: row.per_page()) for kind in ("map", "unmap"))
    maps.append(svg.Series("plain stores", 0, [(size, row.per_page()) for size, row in series(rows, "store", "4K")], True))
    for kind, drawn, other in (("map", maps, unmaps), ("unmap", unmaps, maps)):
        title = f"{kind.capitalize()}: ns for each 4 KiB of the range"
        yield figure(title, svg.lines(title, drawn, "range", "ns for each 4 KiB", name_of, 4, beside=other),
                     "By size of the leaves; both plots have the same vertical axis."
                     + (" Plain stores: filling as many tables of pages in a loop." if kind == "map" else ""))
    title = "Translation: ns by working set"
    drawn = by_leaf(rows, "translate", lambda row: row.per_call())
    yield figure(title, svg.lines(title, drawn, "working set", "ns for a translation", name_of, 4),
                 "A translation that waits for the one before, at random over the working set, by size of the leaves. "
                 "The steps between two, a multiplication among them, are included.")


def growth(path):
    rows, context = load_growth(path)
    tables = [titled(title.rstrip(":"), table([name or "flat?" for name in header], lines))
              for title, header, lines in growth_tables(rows) if lines]
    found = warnings(growth_objections(rows, context))
    return section("Growth", soft(where(context)), found, *growth_figures(rows), *tables,
                   soft("The least of the repetitions of each. Slopes are of the straight lines that fit the logarithms: 0 is a "
                        "cost for each page that does not depend on how many there are."))


def interrupts(files):
    drawn = []
    for index, file in enumerate(files):
        counts = sorted((row["batch"] or 1, row["interrupts"]) for row in file["rows"]
                        if row["policy"] == "engine" and row["cpus"] == bench_table.SHOOTDOWN_CPUS)
        points = [(batch, count * 1000 / max(file["calls"], 1)) for batch, count in counts]
        drawn.append(svg.Series(os.path.basename(file["file"]).split(".")[0], index % 5, points))
    title = f"Interrupts by size of the batch, {bench_table.SHOOTDOWN_CPUS} CPUs"
    return figure(title, svg.lines(title, drawn, "calls that share a batch, at most", "interrupts for 1000 calls", base_x=2),
                  "Interrupts for 1000 calls of unmap and protect, on CPUs that all run the program: real programs' traces, "
                  "counted exactly. A map ends a batch.")


def counted(path, counts):
    """Counts of earlier versions of tools/bench do not say what they are of; a file says when it was written."""
    date = counts.get("date") or datetime.date.fromtimestamp(os.path.getmtime(path)).isoformat()
    return f"Counted {date[:10]}, on simulated CPUs: no machine changes it; commit {counts.get('commit', 'not recorded')}."


def shootdowns(path):
    counts = bench_table.load(path, "shootdowns")
    files = counts["files"]
    tables = [titled(f"{cpus} CPUs" if cpus > 1 else "1 CPU",
                     table(bench_table.SHOOTDOWNS, list(bench_table.shootdown_rows(files, cpus))))
              for cpus in sorted({row["cpus"] for file in files for row in file["rows"]})]
    return section("Shootdowns", soft(counted(path, counts)), interrupts(files), *tables, soft(bench_table.shootdown_notes("all")))


def attempt(title, command, path, make):
    if not (results_in(path) if os.path.isdir(path) else os.path.exists(path)):
        return missing(title, command)
    with bench_table.reading(path):
        return make(path)


def page(options):
    parts = [
        tag("h1", "MemVmap: how fast"),
        soft(f"Page made {datetime.date.today()} from what tools/bench measured last; each part says when that was."),
        attempt("Targets", "tools/bench --bars", options.bars, targets),
        attempt("Operations", "tools/bench", options.results, operations),
        attempt("Formats", "tools/bench", options.results, formats),
        attempt("Beside other libraries", "tools/bench", options.results, peers),
        attempt("Growth", "tools/bench --growth", options.growth, growth),
        attempt("Shootdowns", "tools/bench", options.shootdowns, shootdowns),
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">' \
           f"<title>MemVmap: how fast</title><style>{STYLE}</style>"
    return f'<!DOCTYPE html>\n<!-- SPDX-License-Identifier: MIT -->\n<html lang="en"><head>{head}</head>\n<body>\n' + \
        "\n".join(parts) + "\n</body></html>\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE.html", help="what to write")
    for name, path, what in (("results", "results.json", "tools/bench"), ("growth", "growth.json", "tools/bench --growth"),
                             ("shootdowns", "shootdowns.json", "tools/bench, its counts")):
        parser.add_argument("--" + name, default=os.path.join(BENCH, path), metavar="FILE",
                            help=f"of {what}; by default build/release/bench/{path}")
    parser.add_argument("--bars", default=BARS_DIRECTORY, metavar="DIRECTORY",
                        help="of tools/bench --bars; by default build/bars")
    return parser.parse_args()


def write(path, text):
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}") from error


def main():
    options = arguments()
    text = page(options)
    write(options.file, text)
    print(f"{options.file}: {len(text) // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(run("report.py", main))
