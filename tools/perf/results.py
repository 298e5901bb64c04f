# SPDX-License-Identifier: MIT
"""What vmap_bench wrote, and tables of it: as tools/bench-table reads and prints them."""
import importlib.machinery
import importlib.util
import os
import signal
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(TOP, "build", "release", "bench")
BARS = os.path.join(TOP, "build", "bars")


def load_bench_table():
    loader = importlib.machinery.SourceFileLoader("bench_table", os.path.join(TOP, "tools", "bench-table"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_table", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


bench_table = load_bench_table()
load_rows = bench_table.load_rows
Unusable = bench_table.Unusable


def run(name, main):
    """The exit code of a command: what main() returns, or 2 with one line on what cannot be used. A reader that has
    seen enough (`| head`) ends the command quietly."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        return main()
    except Unusable as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2


def aligned(header, lines, text_columns):
    """Columns aligned with spaces: the first `text_columns` to the left, the others to the right."""
    widths = [max(len(line[i]) for line in [header] + lines) for i in range(len(header))]
    for line in [header] + lines:
        cells = (cell.ljust(width) if i < text_columns else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths)))
        yield "  ".join(cells).rstrip()


def markdown(header, lines, text_columns):
    yield "| " + " | ".join(header) + " |"
    yield "|" + "|".join("---" if i < text_columns else "---:" for i in range(len(header))) + "|"
    for line in lines:
        yield "| " + " | ".join(line) + " |"
