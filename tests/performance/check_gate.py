#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The gate can fail: it passes on figures of the same sources, fails where three instructions are planted into
mem_vmap_map, and skips with a reason where the compiler is another or valgrind is missing. Usage: check_gate.py ROOT"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

GATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gate.py")
SKIPPED = 77


def gate(tree, *more, **options):
    command = [sys.executable, "-B", GATE, "gcc", f"--root={tree}", f"--baseline={tree}/kept.json", "--variant=-O2", *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    return done.returncode, done.stdout


def expect(what, got, code, *named):
    if got[0] != code or not all(re.search(name, got[1], re.MULTILINE) for name in named):
        sys.exit(f"FAILED: {what}: exit code {got[0]}, not {code}, or it does not say {named}:\n{got[1]}")
    print(f"ok: {what}")


def plant(tree):
    path = os.path.join(tree, "lib", "vmap.c")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    planted, count = re.subn(r"^(int mem_vmap_map\([^)]*\)\n\{\n)", r'\1    __asm__ volatile("nop; nop; nop");\n', text,
                             flags=re.MULTILINE)
    if count != 1:
        sys.exit(f"FAILED: {path} has {count} places for the fault, not one")
    with open(path, "w", encoding="utf-8") as file:
        file.write(planted)


def pretend(tree, **members):
    path = os.path.join(tree, "kept.json")
    with open(path, encoding="utf-8") as file:
        kept = json.load(file)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({**kept, **members}, file)


def main():
    root = sys.argv[1]
    with tempfile.TemporaryDirectory() as tree:
        for room in ("lib", "arch", "include"):
            shutil.copytree(os.path.join(root, room), os.path.join(tree, room))
        first = gate(tree, "--update")
        if first[0] == SKIPPED:
            print(first[1], end="")
            return SKIPPED
        expect("figures are kept", first, 0)
        plant(tree)
        expect("three more instructions", gate(tree), 1, r"instructions +map_1x4K .*\+\d\.\d %", r"functions +mem_vmap_map ",
               "gate.py gcc --update")
        expect("no valgrind", gate(tree, env={"PATH": "/nowhere"}), SKIPPED, "^skipped: no ")
        pretend(tree, version="1")
        expect("another compiler", gate(tree), SKIPPED, "^skipped: the figures are of gcc 1, this is gcc ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
