#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks traces without MemVmap: the form of every line, no overlap, no hole under a protect.

    check_trace.py FILE...

Shares nothing with the recorder. Knows the operations that recorded traces consist of, and no others.
"""

import gzip
import re
import sys

PAGE = 4096
USER_END = 1 << 47
NUMBER = r"(0x[0-9a-f]+|[0-9]+[KMGT]?)"
FLAGS = r"(rw?x?u)"
FORMS = {name: re.compile(form + "$") for name, form in {
    "space": r"space (\d+) wx",
    "select": r"select (\d+)",
    "map": rf"map {NUMBER} {NUMBER} {NUMBER} {FLAGS} => ok",
    "unmap": rf"unmap {NUMBER} {NUMBER}",
    "protect": rf"protect {NUMBER} {NUMBER} {FLAGS} => ok",
}.items()}
UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}


class Bad(Exception):
    """What is wrong with a line."""


def number(word):
    if word[-1] in UNITS and not word.startswith("0x"):
        return int(word[:-1]) << UNITS[word[-1]]
    return int(word, 0)


def pages(virt, length):
    """The pages of a range, which must be whole ones of the user's half."""
    first, length = number(virt), number(length)
    if first % PAGE or length % PAGE or not length or first + length > USER_END:
        raise Bad("not whole pages of the user's half")
    return range(first // PAGE, (first + length) // PAGE)


class Checker:
    def __init__(self):
        self.spaces = {}
        self.here = None  # page -> (frame, flags) of the selected space
        self.operations = 0

    def line(self, text):
        text = text.partition("#")[0].strip()
        if not text:
            return
        verb = text.split()[0]
        match = FORMS[verb].match(text) if verb in FORMS else None
        if not match:
            raise Bad(f"not an operation of a recorded trace: {text}")
        self.operations += 1
        getattr(self, verb)(*match.groups())

    def space(self, name):
        if name in self.spaces or name == "0":
            raise Bad(f"space {name} exists")
        self.here = self.spaces[name] = {}

    def select(self, name):
        if name not in self.spaces:
            raise Bad(f"no space {name}")
        self.here = self.spaces[name]

    def map(self, phys, virt, length, flags):
        where = pages(virt, length)
        frame = number(phys)
        if frame % PAGE:
            raise Bad("a frame is not page aligned")
        for index, page in enumerate(where):
            if page in self.here:
                raise Bad(f"overlap at {page * PAGE:#x}")
            self.here[page] = (frame + index * PAGE, flags)

    def unmap(self, virt, length):
        gone = pages(virt, length)
        some = gone if len(gone) < len(self.here) else [page for page in self.here if page in gone]
        for page in some:
            self.here.pop(page, None)

    def protect(self, virt, length, flags):
        for page in pages(virt, length):
            if page not in self.here:
                raise Bad(f"hole at {page * PAGE:#x}")
            self.here[page] = (self.here[page][0], flags)

    def end(self):
        left = sum(len(space) for space in self.spaces.values())
        if left:
            raise Bad(f"{left} pages are mapped at the end")


def read_lines(name):
    opener = gzip.open if name.endswith(".gz") else open
    with opener(name, "rt", encoding="ascii") as file:
        return file.read().splitlines()


def check(lines):
    """The number of operations; raises Bad with the line's number."""
    checker = Checker()
    count = 0
    try:
        for count, text in enumerate(lines, 1):
            checker.line(text)
        checker.end()
    except Bad as bad:
        raise Bad(f"line {count}: {bad}") from bad
    return checker.operations


def main(names):
    failed = 0
    for name in names:
        try:
            print(f"{name}: {check(read_lines(name))} operations, valid")
        except Bad as bad:
            failed = 1
            print(f"{name}: {bad}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
