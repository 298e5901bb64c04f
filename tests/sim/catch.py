#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants the faults of faults.py in a copy of the engine, one at a time: the simulator must catch each.

Prints a table. Exit code 0 when every fault was caught, 1 when one was not or the engine fails without any, 2 when
a fault does not fit the sources any more.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time

from faults import FAULTS

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
ROOMS = ["include", "lib", "arch", os.path.join("tests", "sim")]
# The engine as part of another project builds no room of its own. What tests/CMakeLists.txt sets is set here.
PROJECT = """\
cmake_minimum_required(VERSION 3.25)
project(planted LANGUAGES C)
set(MEM_VMAP_ARCHITECTURES x86_64 riscv aarch64)
add_subdirectory(engine)
add_subdirectory(engine/tests/sim)
"""
# What a fault may leave unused is no reason not to build.
FLAGS = "-O1 " + " ".join(f"-Wno-unused-{what}" for what in ("parameter", "variable", "but-set-variable", "function", "value"))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def misfits():
    wrong = []
    for fault in FAULTS:
        for name, old, new in fault.edits:
            found = read(os.path.join(TOP, name)).count(old)
            if found != 1 or old == new:
                wrong.append(f"{fault.name}: its text occurs {found} times in {name}")
    return wrong


def run(command, limit=None):
    """The exit code and what was printed; a program that does not end in time has caught the fault too."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              errors="replace", timeout=limit)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        return 1, "does not end"


class Tree:
    """The copy, and its build."""

    def __init__(self, folder, jobs):
        project, self.build, self.jobs = os.path.join(folder, "tree"), os.path.join(folder, "build"), jobs
        self.source = os.path.join(project, "engine")
        shutil.rmtree(folder, ignore_errors=True)
        for room in ROOMS:
            shutil.copytree(os.path.join(TOP, room), os.path.join(self.source, room))
        shutil.copy(os.path.join(TOP, "CMakeLists.txt"), self.source)
        write(os.path.join(project, "CMakeLists.txt"), PROJECT)
        self.must(["cmake", "-S", project, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None",
                   "-DMEM_VMAP_BUILD_TESTS=OFF", "-DMEM_VMAP_BUILD_TOOLS=OFF", f"-DCMAKE_C_FLAGS={FLAGS}"])

    def must(self, command):
        code, text = run(command)
        if code != 0:
            sys.exit(f"catch.py: {command[0]} failed:\n{text}")

    def make(self):
        self.must(["ninja", "-C", self.build, f"-j{self.jobs}", "sim_random", "sim_exhaustive"])

    def program(self, name):
        return os.path.join(self.build, "engine", "tests", "sim", name)

    def plant(self, fault):
        """Plants a fault; what undoes it."""
        whole = {name: read(os.path.join(self.source, name)) for name, _, _ in fault.edits}
        for name, old, new in fault.edits:
            path = os.path.join(self.source, name)
            write(path, read(path).replace(old, new))
        return whole

    def restore(self, whole):
        for name, text in whole.items():
            write(os.path.join(self.source, name), text)


def rule_of(text):
    found = re.search(r"^VIOLATION: (.*)$", text, re.MULTILINE)
    return found.group(1) if found else text.strip().split("\n")[-1]


def hunt(tree, seconds):
    """Who catches what is planted, after how long, by which rule; or None."""
    exhaustive, random = tree.program("sim_exhaustive"), tree.program("sim_random")
    drivers = [("exhaustive, 1 preemption", [exhaustive, "--preemptions", "1"]),
               ("exhaustive, AArch64", [exhaustive, "--preemptions", "1", "--kind", "aarch64_4k"]),
               ("exhaustive, firmware", [exhaustive, "--preemptions", "1", "--kind", "riscv_sv48_firmware"]),
               ("random", [random, "--seed", "1", "--seconds", str(seconds)]),
               ("exhaustive", [exhaustive, "--seconds", str(4 * seconds)])]
    for name, command in drivers:
        began = time.monotonic()
        code, text = run(command, 5 * seconds + 60)
        if code != 0:
            return name, time.monotonic() - began, rule_of(text)
    return None


def try_fault(tree, fault, seconds):
    whole = tree.plant(fault)
    tree.make()
    caught = hunt(tree, seconds)
    tree.restore(whole)
    cells = (caught[0], f"{caught[1]:.1f}", caught[2][:110]) if caught else ("**nothing**", "", "")
    print(f"| {fault.name.replace('_', ' ')} | {' | '.join(cells)} |", flush=True)
    return caught is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--build", default=os.path.join(TOP, "build", "sim_faults"))
    parser.add_argument("--only", metavar="REGEX", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args()
    wrong = misfits()
    print("\n".join(wrong) if wrong else f"{len(FAULTS)} faults fit the sources", flush=True)
    if wrong or arguments.check:
        return 2 if wrong else 0
    tree = Tree(arguments.build, arguments.jobs)
    tree.make()
    false_alarm = hunt(tree, 5)
    if false_alarm:
        print(f"caught without a fault: {false_alarm[2]}")
        return 1
    print("| fault | caught by | s | rule |\n|---|---|---:|---|")
    faults = [fault for fault in FAULTS if re.search(arguments.only, fault.name)]
    missed = [fault.name for fault in faults if not try_fault(tree, fault, arguments.seconds)]
    print(f"{len(faults)} faults, {len(missed)} not caught" + "".join(f"\n{name}" for name in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
