#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants faults in the engine, one at a time, and shows which oracle catches each.

A copy of the tree in build/mutation is built and must pass; then each fault of faults.py is planted there, what is
needed is built, and the oracles run from the fastest to the slowest. Prints a table and writes it to
build/mutation/table.md; with --write also to docs/mutation.md, with what made it and when.

Exit code: 0 when every fault was caught that can be; 1 when one survived (a test is missing), when one was caught
that faults.py says cannot be, or when the tree fails without a fault; 2 when a fault no longer fits the sources.
"""
import argparse
import concurrent.futures
import dataclasses
import datetime
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

from faults import FAULTS

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SKIPPED = 77
PAGE = os.path.join(TOP, "docs", "mutation.md")
# What a fault may leave unused is no reason not to build.
FLAGS = "-O1 -Wno-unused-parameter -Wno-unused-variable -Wno-unused-but-set-variable -Wno-unused-function"

# Which ctests an oracle is made of, by name: the fastest first.
ORACLES = [
    ("unit", r"test_(?!trace|model|replay|x86|interleaving)\w+"),
    ("interleaving", r"test_interleaving"),
    ("model", r"model_tiny\w*"),
    ("corpus", r"fuzz_(?!trace)\w+"),
    ("failure", r"failure_(traces|random)"),
    ("threads", r"threads_\w+"),
    ("exhaustive", r"exhaustive_\w+"),
    ("replay", r"replay_\w+"),
    ("model x86", r"model_x86\w+"),
    ("model others", r"model_(riscv|aarch64|ept)\w+"),
    ("simulator", r"sim_random|sim_exhaustive\w+"),
    ("proof", r"proof_(?!faults)\w+"),  # proof_faults plants faults of its own
]


@dataclasses.dataclass
class Test:
    name: str
    command: list
    folder: str
    limit: float  # seconds
    took: float = 0.0


@dataclasses.dataclass
class Catch:
    oracle: str
    test: str
    seconds: float  # since the fault was planted, building included


def misfits(root):
    """What is wrong with the list of faults: nothing, where each still fits the sources below `root`."""
    wrong, names = [], [fault.name for fault in FAULTS]
    for name in sorted({name for name in names if names.count(name) > 1}):
        wrong.append(f"{name}: there are two of that name")
    for fault in FAULTS:
        with open(os.path.join(root, fault.file), encoding="utf-8") as file:
            found = file.read().count(fault.old)
        if found != 1 or fault.old == fault.new:
            wrong.append(f"{fault.name}: its text occurs {found} times in {fault.file}")
    return wrong


def misprints(root):
    """Where docs/mutation.md lists other faults than there are."""
    with open(os.path.join(root, "docs", "mutation.md"), encoding="utf-8") as file:
        rows = [line.split("|")[1].strip() for line in file if line.startswith("| ")]
    listed, names = set(rows[1:]), {fault.name.replace("_", " ") for fault in FAULTS}
    return ([f"{name}: docs/mutation.md has no row for it" for name in sorted(names - listed)] +
            [f"{name}: in docs/mutation.md, and no fault" for name in sorted(listed - names)])


def check(root):
    wrong = misfits(root) + misprints(root)
    print("\n".join(wrong) if wrong else f"ok: {len(FAULTS)} faults fit the sources", flush=True)
    return 2 if wrong else 0


class Tree:
    """The copy of the sources in which faults are planted, its build, and its tests."""

    def __init__(self, jobs, left_out):
        self.left_out = left_out
        self.source = os.path.join(TOP, "build", "mutation", "tree")
        self.build = os.path.join(TOP, "build", "mutation", "build")
        self.jobs = jobs
        self.oracles = {}

    def copy(self):
        """Files that are the same keep their time, so that a second run builds little."""
        skipped = shutil.ignore_patterns(".git", "__pycache__")
        top_build = os.path.join(TOP, "build")

        def ignore(folder, names):
            return skipped(folder, names) | ({"build"} if folder == TOP else set())

        def copy_changed(source, target):
            if not os.path.exists(target) or read(source) != read(target):
                shutil.copy(source, target)

        assert not self.source.startswith(TOP + "/tests") and top_build in self.source
        remove_gone(self.source, TOP)
        shutil.copytree(TOP, self.source, ignore=ignore, copy_function=copy_changed, dirs_exist_ok=True)

    def configure(self):
        """Builds everything once: ctest knows the command of a test only when its program is there."""
        say("building without a fault")
        run(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None",
             f"-DCMAKE_C_FLAGS={FLAGS}", "-DMEM_VMAP_MODEL_SCALE=10"], "configuring")
        run(["ninja", "-C", self.build, f"-j{self.jobs}"], "building")
        listing = run(["ctest", "--test-dir", self.build, "--show-only=json-v1"], "listing the tests")
        tests = [as_test(test) for test in json.loads(listing)["tests"] if "command" in test and not is_long(test)]
        for oracle, names in ORACLES:
            found = [test for test in tests if re.fullmatch(names, test.name)]
            if found and oracle not in self.left_out:
                self.oracles[oracle] = found
        if "unit" not in self.oracles:
            sys.exit("mutate.py: the build has no unit tests")

    def make(self, tests):
        """Builds the programs of these tests: an empty text, or what the compiler said."""
        programs = {os.path.relpath(test.command[0], self.build) for test in tests}
        targets = sorted(program for program in programs if not program.startswith(".."))
        done = subprocess.run(["ninja", "-C", self.build, f"-j{self.jobs}", *targets], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout if done.returncode != 0 else ""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def remove_gone(copy, original):
    for base, _, names in os.walk(copy):
        for name in names:
            path = os.path.join(base, name)
            if not os.path.exists(os.path.join(original, os.path.relpath(path, copy))):
                os.remove(path)


def run(command, what):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"mutate.py: {what} failed:\n{done.stdout}")
    return done.stdout


def property_of(entry, name, default):
    return next((item["value"] for item in entry.get("properties", []) if item["name"] == name), default)


def is_long(entry):
    return "long" in property_of(entry, "LABELS", [])


def as_test(entry):
    return Test(entry["name"], entry["command"], property_of(entry, "WORKING_DIRECTORY", TOP),
                property_of(entry, "TIMEOUT", 120.0))


def no_core():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Running:
    """Tests of one oracle that run beside each other; the first failure ends the others."""

    def __init__(self, jobs, stop_early):
        self.jobs = jobs
        self.stop_early = stop_early
        self.processes = set()
        self.ended = False
        self.lock = threading.Lock()

    def run(self, tests):
        """The tests that failed, in the order in which they did."""
        failed = []
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            futures = {pool.submit(self.passes, test): test for test in tests}
            for future in concurrent.futures.as_completed(futures):
                if not future.result():
                    failed.append(futures[future])
                    if self.stop_early:
                        self.end()
        return failed

    def passes(self, test):
        """Whether it passed, was skipped, or was not needed any more."""
        began = time.monotonic()
        with self.lock:
            if self.ended:
                return True
            process = subprocess.Popen(test.command, cwd=test.folder, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=no_core)
            self.processes.add(process)
        try:
            code = process.wait(test.limit)
        except subprocess.TimeoutExpired:
            code = 1
        stop(process)
        with self.lock:
            self.processes.remove(process)
            test.took = time.monotonic() - began
            return code in (0, SKIPPED) or self.ended

    def end(self):
        with self.lock:
            self.ended = True
            for process in self.processes:
                stop(process)


def stop(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def try_without_fault(tree):
    """Everything must pass; a test that takes much longer with a fault has caught it."""
    tests = [test for tests in tree.oracles.values() for test in tests]
    say(f"running {len(tests)} tests without a fault")
    failed = Running(tree.jobs, False).run(tests)
    if failed:
        sys.exit("mutate.py: fails without a fault: " + ", ".join(test.name for test in failed))
    for test in tests:
        test.limit = 10 + 4 * test.took


def hunt(tree, fault, try_all):
    """Who catches a fault that has been planted: the first oracle, or all of them."""
    began, catches = time.monotonic(), []
    for oracle, tests in tree.oracles.items():
        broken = tree.make(tests)
        if broken:
            sys.exit(f"mutate.py: {fault.name} does not build:\n{broken}")
        failed = Running(tree.jobs, True).run(tests)
        if failed:
            catches.append(Catch(oracle, failed[0].name, time.monotonic() - began))
            if not try_all:
                break
    return catches


def with_fault(tree, fault, try_all):
    path = os.path.join(tree.source, fault.file)
    whole = read(path)
    try:
        with open(path, "wb") as file:
            file.write(whole.replace(fault.old.encode(), fault.new.encode()))
        return hunt(tree, fault, try_all)
    finally:
        with open(path, "wb") as file:
            file.write(whole)


def verdict(fault, catches):
    if catches:
        return "caught, which faults.py says cannot be" if fault.survives else ""
    return "" if fault.survives else "SURVIVED: a test is missing"


def row(fault, catches, oracles, try_all):
    first = catches[0] if catches else None
    by = f"{first.oracle}: {first.test}" if first else fault.survives or "**nothing**"
    seconds = f"{first.seconds:.0f}" if first else "-"
    cells = [f"{fault.name.replace('_', ' ')}", f"{fault.file}", by, seconds]
    if try_all:
        caught = {catch.oracle for catch in catches}
        cells += ["x" if oracle in caught else "" for oracle in oracles]
    return "| " + " | ".join(cells) + " |"


def table(results, oracles, try_all):
    columns = ["fault", "file", "first caught by", "s"] + (list(oracles) if try_all else [])
    lines = ["| " + " | ".join(columns) + " |", "|---|---|---|---:|" + "---|" * (len(columns) - 4)]
    lines += [row(fault, catches, oracles, try_all) for fault, catches in results]
    caught = sum(1 for _, catches in results if catches)
    first = [f"{oracle} {sum(bool(catches) and catches[0].oracle == oracle for _, catches in results)}"
             for oracle in oracles]
    lines += ["", f"{len(results)} faults: {caught} caught ({', '.join(first)}), {len(results) - caught} not. "
              "s: seconds from the planted fault to its detection, building included."]
    return "\n".join(lines) + "\n"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown CPU")


def page(text, minutes):
    """The table as a page of the documentation: what made it, where and when."""
    made = [f"{processor()}, {os.cpu_count()} CPUs", run(["cc", "--version"], "asking the compiler").splitlines()[0],
            FLAGS.split()[0], str(datetime.date.today()),
            run(["git", "-C", TOP, "describe", "--always", "--dirty"], "asking git").strip()]
    return f"""\
<!-- SPDX-License-Identifier: MIT -->
<!-- Written by tests/mutation/mutate.py --write: not to be edited. -->
# Which test catches which fault

Each row is a fault that was planted in the engine, alone, and the first test that failed. The tests run from the
fastest to the slowest, so most faults are caught by a unit test before another oracle has had its turn;
`mutate.py --all` shows all that catch each. The faults themselves are in tests/mutation/faults.py. See
[testing.md](testing.md), section Mutation.

`tests/mutation/mutate.py {shlex.join(sys.argv[1:])}`, {minutes:.0f} minutes; {"; ".join(made)}.

{text}"""


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def plant_all(tree, faults, try_all):
    results = []
    for number, fault in enumerate(faults, 1):
        catches = with_fault(tree, fault, try_all)
        results.append((fault, catches))
        names = ", ".join(f"{catch.oracle} ({catch.test}, {catch.seconds:.0f} s)" for catch in catches)
        say(f"{number}/{len(faults)} {fault.name}: {names or 'nothing'} {verdict(fault, catches)}")
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only see whether every fault still fits the sources, and has a row in docs/mutation.md")
    parser.add_argument("--all", action="store_true", help="try every oracle on each fault, not only until one catches it")
    parser.add_argument("--write", action="store_true", help="also write docs/mutation.md; not with --only")
    parser.add_argument("--only", metavar="REGEX", default="", help="only the faults whose names match")
    parser.add_argument("--without", metavar="ORACLE", action="append", default=[], choices=[name for name, _ in ORACLES],
                        help="leave an oracle out: the proofs, say, where solvers run into their time limits")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="compilers and tests at a time; default: all CPUs")
    arguments = parser.parse_args()
    if arguments.write and arguments.only:
        parser.error("--write needs all faults")
    if arguments.check or misfits(TOP):
        return check(TOP)

    began = time.monotonic()
    tree = Tree(arguments.jobs, arguments.without)
    tree.copy()
    tree.configure()
    try_without_fault(tree)
    faults = [fault for fault in FAULTS if re.search(arguments.only, fault.name)]
    results = plant_all(tree, faults, arguments.all)
    text = table(results, tree.oracles, arguments.all)
    with open(os.path.join(TOP, "build", "mutation", "table.md"), "w", encoding="utf-8") as file:
        file.write(text)
    if arguments.write:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(page(text, (time.monotonic() - began) / 60))
    print(text)
    return 1 if any(verdict(fault, catches) for fault, catches in results) else 0


if __name__ == "__main__":
    sys.exit(main())
