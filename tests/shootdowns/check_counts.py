#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vmap shootdowns counts what counts.trace says that it must.

Usage: check_counts.py VMAP COUNTS_TRACE
"""
import json
import subprocess
import sys

CALLS = 13

# By policy and size of batches: shootdowns; INVLPG on each CPU; full flushes of each CPU. See counts.trace.
EXPECTED = {
    ("engine", None): (9, 15, 1),
    ("engine", 1): (11, 15, 1),
    ("engine", 4): (6, 10, 1),
    ("interrupt_per_page", 1): (54, 54, 0),
    ("full_flush_per_call", 1): (11, 0, 11),
}
CPUS = (1, 3)


def expected_rows():
    for cpus in CPUS:
        for (policy, batch), (shootdowns, invlpg, full) in EXPECTED.items():
            yield {"cpus": cpus, "policy": policy, "batch": batch, "shootdowns": shootdowns,
                   "interrupts": shootdowns * (cpus - 1), "by_address": invlpg * cpus, "full_flushes": full * cpus}


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    vmap, trace = sys.argv[1:]
    file, = json.loads(run(vmap, "shootdowns", "--json", "--cpus=1,3", "--batch=1,4", trace))["files"]
    wrong = [] if file["calls"] == CALLS else [f"{file['calls']} calls, not {CALLS}"]
    expected = list(expected_rows())
    for seen, wanted in zip(file["rows"], expected):
        if seen != wanted:
            wrong.append(f"   counted: {seen}\n  expected: {wanted}")
    if len(file["rows"]) != len(expected):
        wrong.append(f"{len(file['rows'])} rows, not {len(expected)}")

    # As text: per 1000 calls.
    line = ["3", "engine", *(f"{number * 1000 / CALLS:.1f}" for number in (9, 18, 45, 3))]
    lines = [text.split() for text in run(vmap, "shootdowns", "--cpus=3", trace).splitlines()]
    if line not in lines:
        wrong.append(f"no line of the text has {line}")
    # Harts of RISC-V are interrupted as often, and forget as much in their own words.
    formats = [format["name"] for format in json.loads(run(vmap, "formats", "--json"))["formats"]]
    if "riscv_sv39" in formats:
        line = line[:-2]
        text = run(vmap, "shootdowns", "--cpus=3", "--format=riscv_sv39", trace)
        if "SFENCE.VMA" not in text or line not in [words.split()[:len(line)] for words in text.splitlines()]:
            wrong.append(f"no line of the text for RISC-V begins with {line}:\n{text}")
    # CPUs of AArch64 are never interrupted, and each instruction is for all of them.
    if "aarch64_4k" in formats:
        file, = json.loads(run(vmap, "shootdowns", "--json", "--cpus=1,3", "--format=aarch64_4k", trace))["files"]
        alone, three = ([dict(row, cpus=0) for row in file["rows"] if row["cpus"] == cpus] for cpus in (1, 3))
        if alone != three or any(row["interrupts"] for row in three):
            wrong.append(f"on AArch64 it matters how many CPUs there are: {file['rows']}")
    print("\n".join(wrong) if wrong else "ok")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
