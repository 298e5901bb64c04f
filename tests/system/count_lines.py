#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lines of the test kernels, without empty lines and comments: the table of docs/porting.md.

With --check FILE: 1 where that file has another table.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# What belongs to the kernel, and what only to the tests that run in it.
PARTS = [
    ("to C and long mode, or none of it", "{0}/boot.S {0}/boot.h {0}/entry.S {0}/image.ld {0}/trap.S"),
    ("the machine: console, memory, CPUs, interrupts", "{0}/machine.c {0}/{0}.h"),
    ("traps, and probes of addresses", "{0}/trap.c"),
]
ARCHITECTURES = ("x86_64", "riscv64", "aarch64")
COMMON = [
    ("the port of MemVmap, a space with the kernel in it", "common/kernel.c common/kernel.h common/machine.h"),
    ("table pages, locks", "common/memory.c"),
    ("console, device tree", "common/console.c common/fdt.c common/fdt.h"),
]


def lines_of(name):
    path = os.path.join(HERE, name)
    if not os.path.exists(path):
        return 0
    with open(path, encoding="utf-8") as file:
        text = COMMENT.sub("", file.read())
    return sum(1 for line in text.splitlines() if line.strip())


def count(names):
    return sum(lines_of(name) for name in names.split())


def table():
    rows = ["| | " + " | ".join(ARCHITECTURES) + " |", "|---|" + "---:|" * len(ARCHITECTURES)]
    for what, names in PARTS:
        rows.append(f"| {what} | " + " | ".join(str(count(names.format(a))) for a in ARCHITECTURES) + " |")
    for what, names in COMMON:
        rows.append(f"| {what} | " + " | ".join([str(count(names))] * len(ARCHITECTURES)) + " |")
    return "\n".join(rows)


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        with open(sys.argv[2], encoding="utf-8") as file:
            if table() in file.read():
                return 0
        print(f"{sys.argv[2]} does not have this table:")
    print(table())
    return 1 if len(sys.argv) > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
