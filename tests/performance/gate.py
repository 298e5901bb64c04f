#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The performance gate: what no noise can change. Compiles the library with one compiler, plain and as kernels do,
and compares with figures kept in the repository:

  instructions  of each benchmark operation, for each call (callgrind)
  text          bytes of code in each object file, of formats for other CPUs too
  functions     bytes of code of each call of the API, and of the parts that the format adds to it
  stack         bytes of stack that each call takes at most, over what the driver tries of it

Whatever differs by more than 2 % fails, a gain too: figures that are not tight let the next loss pass.
Exit code: 0; 1: figures differ, or something failed; 2: a bad option; 77: skipped, with the reason."""
import argparse
import concurrent.futures
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
TOLERANCE = 0.02
ROUNDS = (4, 8)
FORMAT = "x86_64_4level"
VARIANTS = {"-O2": ["-O2"], "-O2 -mgeneral-regs-only": ["-O2", "-mgeneral-regs-only"]}
COMMON = ["-std=gnu11", "-ffreestanding", "-fno-stack-protector", "-fno-pie"]
ALONE = ["-DMEM_VMAP_WITHOUT_AARCH64", "-DMEM_VMAP_WITHOUT_RISCV", "-DMEM_VMAP_WITHOUT_EPT"]
# Formats of other CPUs, for the size of their code: one each, as the others are the same engine.
OTHERS = ["arch/aarch64/format_4k.c", "arch/riscv/format_sv39.c", "arch/ept/format_4level.c"]
API = re.compile(r"(mem_vmap_[a-z_]+|" + FORMAT + r"_[a-z_]+)$")


class Failure(Exception):
    pass


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failure(f"{shlex.join(command)} gave {done.returncode}:\n{done.stdout}")
    return done.stdout


class Tree:
    """One checkout, compiled in one way."""

    def __init__(self, root, compiler, flags, scratch):
        self.root, self.compiler, self.flags, self.scratch = root, compiler, flags, scratch
        os.makedirs(scratch, exist_ok=True)

    def object_of(self, source):
        return os.path.join(self.scratch, source.replace("/", "_") + ".o")

    def compile(self, source, *more, where=None):
        path = os.path.join(where or self.root, source)
        run([self.compiler, *COMMON, *self.flags, *more, "-I", self.root, "-I", os.path.join(self.root, "include"),
             "-c", path, "-o", self.object_of(source)])
        return source

    def engine_sources(self):
        for folder in ("lib", "arch", "arch/x86_64", "arch/x86_64/cpu"):
            for name in sorted(os.listdir(os.path.join(self.root, folder))):
                if name.endswith(".c"):
                    yield f"{folder}/{name}"

    def link(self, sources):
        driver = os.path.join(self.scratch, "driver")
        run([self.compiler, "-no-pie", "-o", driver, *map(self.object_of, sources)])
        return driver


def build(tree, pool, with_others):
    """Compiles everything; returns the driver, and the sources whose code is measured."""
    engine = list(tree.engine_sources())
    jobs = [pool.submit(tree.compile, source) for source in (OTHERS if with_others else [])]
    jobs += [pool.submit(tree.compile, source, *ALONE) for source in engine]
    others = [job.result() for job in jobs]
    # Its loops must not become calls of the functions that they are.
    plain = ["-fno-builtin"] + (["-fno-tree-loop-distribute-patterns"] if "gcc" in tree.compiler else [])
    parts = [tree.compile(name, *(plain if name == "memory.c" else []), where=HERE)
             for name in sorted(os.listdir(HERE)) if name.endswith(".c")]
    return tree.link(engine + parts), others


def text_sizes(tree, sources):
    sizes = {}
    for source in sources:
        sections = run(["size", "-A", tree.object_of(source)]).splitlines()
        sizes[source] = sum(int(line.split()[1]) for line in sections if line.startswith(".text"))
    return {source: size for source, size in sizes.items() if size > 0}


def function_sizes(tree, sources):
    """Cold and split-off parts (NAME.cold, NAME.part.0) count for the function that they are of."""
    sizes = {}
    for source in sources:
        for line in run(["nm", "-S", "--defined-only", tree.object_of(source)]).splitlines():
            fields = line.split()
            if len(fields) != 4 or fields[2] not in "tT":
                continue
            name = fields[3].split(".")[0]
            if API.match(name):
                sizes[name] = sizes.get(name, 0) + int(fields[1], 16)
    return sizes


def callgrind(driver, rounds):
    """The instructions of each operation in so many rounds."""
    with tempfile.TemporaryDirectory() as folder:
        run(["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--callgrind-out-file={folder}/out",
             driver, "count", str(rounds)])
        totals = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            named = re.search(r"^desc: Trigger: Client Request: (\S+)$", text, re.MULTILINE)
            if named:
                totals[named[1]] = int(re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)[1])
        return totals


def instructions(driver):
    """For each call. The difference of two runs, and without what an operation that does nothing has."""
    calls = dict(line.split() for line in run([driver, "list"]).splitlines())
    few, many = (callgrind(driver, rounds) for rounds in ROUNDS)
    if set(few) != set(calls):
        raise Failure(f"callgrind's dumps lack {sorted(set(calls) ^ set(few))}")
    each = {name: (many[name] - few[name]) / (ROUNDS[1] - ROUNDS[0]) for name in calls}
    empty = each.pop("nothing")
    return {name: round((total - empty) / int(calls[name]), 1) for name, total in each.items()}


def stacks(driver):
    return {name: int(depth) for name, depth in (line.split() for line in run([driver, "stack"]).splitlines())}


def measure(root, compiler, scratch, wanted, with_others):
    figures = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for name in wanted:
            flags = VARIANTS[name]
            tree = Tree(root, compiler, flags, os.path.join(scratch, name.replace(" ", "")))
            driver, sources = build(tree, pool, with_others and name == "-O2")
            figures[name] = {"instructions": instructions(driver), "text": text_sizes(tree, sources),
                             "functions": function_sizes(tree, sources), "stack": stacks(driver)}
    return figures


def differences(kept, now):
    """Lines (variant, kind, name, before, after) of what is out of tolerance, came or went."""
    for variant in sorted(set(kept) | set(now)):
        for kind in sorted(set(kept.get(variant, {})) | set(now.get(variant, {}))):
            before, after = kept.get(variant, {}).get(kind, {}), now.get(variant, {}).get(kind, {})
            for name in sorted(set(before) | set(after)):
                old, new = before.get(name), after.get(name)
                if old is None or new is None or abs(new - old) > TOLERANCE * old:
                    yield variant, kind, name, old, new


def change(old, new):
    if old is None or new is None:
        return "new" if old is None else "gone"
    return f"{(new - old) / old * 100:+.1f} %" if old else "from 0"


def show(found):
    lines = [("flags", "what", "of", "kept", "now", "change")]
    lines += [(variant, kind, name, "-" if old is None else f"{old:g}", "-" if new is None else f"{new:g}",
               change(old, new)) for variant, kind, name, old, new in found]
    widths = [max(len(line[i]) for line in lines) for i in range(6)]
    for line in lines:
        print("  ".join(cell.ljust(width) if i < 3 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(line, widths))).rstrip())


def version_of(compiler):
    return run([compiler, "-dumpversion"]).strip().split(".")[0]


def reason_to_skip(compiler, kept):
    if platform.machine() != "x86_64":
        return f"the figures are of x86_64, this machine is {platform.machine()}"
    for tool in (compiler, "valgrind", "nm", "size"):
        if not shutil.which(tool):
            return f"no {tool} here"
    if not os.path.exists("/usr/include/valgrind/callgrind.h"):
        return "no valgrind/callgrind.h here"
    if kept and version_of(compiler) != kept["version"]:
        return f"the figures are of {compiler} {kept['version']}, this is {compiler} {version_of(compiler)}"
    return None


def load(path):
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def store(path, compiler, figures):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"compiler": compiler, "version": version_of(compiler), "figures": figures}, file, indent=1,
                  sort_keys=True)
        file.write("\n")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("compiler", choices=("gcc", "clang"))
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(HERE)), help="the checkout to measure")
    parser.add_argument("--baseline", help="the file of kept figures; by default baseline/COMPILER.json beside this")
    parser.add_argument("--variant", choices=VARIANTS, help="only these flags, and no format but those of x86-64: for figures of their own")
    parser.add_argument("--update", action="store_true", help="keep what is measured, and show what that changes")
    chosen = parser.parse_args()
    if chosen.variant and not chosen.baseline:
        parser.error("--variant needs --baseline")
    return chosen


def gate(chosen):
    path = chosen.baseline or os.path.join(HERE, "baseline", chosen.compiler + ".json")
    kept = load(path)
    reason = reason_to_skip(chosen.compiler, None if chosen.update else kept)
    if reason:
        print(f"skipped: {reason}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as scratch:
        now = measure(os.path.abspath(chosen.root), chosen.compiler, scratch,
                      [chosen.variant] if chosen.variant else list(VARIANTS), with_others=not chosen.variant)
    found = list(differences(kept["figures"] if kept else {}, now))
    if found and kept:
        show(found)
    if chosen.update:
        store(path, chosen.compiler, now)
        print(f"kept in {os.path.relpath(path)}")
        return 0
    if found:
        print(f"\n{len(found)} figures are off by more than {TOLERANCE:.0%}, new or gone" if kept
              else f"no figures are kept in {path}", end=". Where that is meant:\n")
        print(f"    tests/performance/gate.py {chosen.compiler} --update")
        return 1
    print(f"ok: {sum(len(kind) for variant in now.values() for kind in variant.values())} figures")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(gate(options()))
    except Failure as failure:
        print(f"gate.py: {failure}", file=sys.stderr)
        sys.exit(1)
