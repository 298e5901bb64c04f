# SPDX-License-Identifier: MIT
"""What the checks of the scripts share: results as vmap_bench writes them, made up, and a runner that looks at the exit
code and the output."""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools", "perf"))
from results import bench_table

TRACES = ("gcc", "redis")
FORMATS = ("x86_64_4level", "riscv_sv39")
CONTEXT = {"date": "2026-01-02T03:04:05+00:00", "num_cpus": 2, "mhz_per_cpu": 1000, "cpu": "a CPU", "commit": "0123abc",
           "compiler": "GNU 12.2.0", "flags": "-O2 -g"}


def all_names():
    """The rows of a full run."""
    return bench_table.operation_names(TRACES) + bench_table.format_row_names(FORMATS)


def iteration(name, time, **more):
    return {"name": name, "run_type": "iteration", "time_unit": "ns", "real_time": time, "cpu_time": time,
            "calls": 1.0, "pages": 256.0, **more}


def speed(names, repetitions=9, seed=1, factors=None, context=None):
    """Every row takes 100 ns, give or take one, times its factor."""
    chance = random.Random(seed)
    runs = [iteration(name, (100 + chance.uniform(-1, 1)) * (factors or {}).get(name, 1))
            for name in names for _ in range(1 if name in bench_table.MEASURED_ONCE else repetitions)]
    return {"context": {**CONTEXT, **(context or {})}, "benchmarks": runs}


def growth(repetitions=3, context=None):
    """Every shape of row that vmap_bench --growth has."""
    sizes = {"4K": ("4M", "1G", "64G"), "2M": ("1G", "64G", "1T"), "1G": ("64G", "512G", "1T")}
    names = [f"growth/{kind}/{leaf}/{size}" for kind in ("map", "unmap", "translate")
             for leaf in sizes for size in sizes[leaf]]
    names += [f"growth/store/4K/{size}" for size in sizes["4K"]] + [f"growth/spaces/{count}" for count in (1, 4, 16)]
    names += [f"growth/{kind}/{what}/{at}" for kind in ("map", "unmap") for what in ("fill", "offset") for at in (1, 4, 16)]
    results = speed(names, repetitions, context=context)
    results["benchmarks"].append(iteration("growth/memory/one page", 100.0, tables=4, least=4, credits=0))
    return results


def shootdowns():
    def rows(cpus):
        policies = [("engine", None), ("engine", 2), ("engine", 64), ("interrupt_per_page", 1), ("full_flush_per_call", 1)]
        return [{"cpus": cpus, "policy": policy, "batch": batch, "interrupts": 5 * cpus, "by_address": 7, "full_flushes": 3}
                for policy, batch in policies]
    return {"files": [{"file": f"tests/traces/{name}.trace.gz", "calls": 10, "rows": rows(1) + rows(4) + rows(64)}
                      for name in TRACES]}


def write(path, what):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(what if isinstance(what, str) else json.dumps(what))
    return path


def program(path, text):
    write(path, text)
    os.chmod(path, 0o755)


def with_stubs(folder, **scripts):
    """An environment whose PATH has these shell scripts first; and in which every Debian package is installed."""
    for name, script in {"dpkg-query": "printf installed", **scripts}.items():
        program(os.path.join(folder, name), f"#!/bin/sh\n{script}\n")
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
                          **options)
    return done.returncode, done.stdout


def expect(what, got, code, *said):
    """The exit code, and each text in the output; a traceback is never right."""
    lacks = [text for text in said if text not in got[1]]
    if got[0] != code or lacks or "Traceback" in got[1]:
        sys.exit(f"FAILED: {what}: exit code {got[0]}, not {code}, or it does not say {lacks}:\n{got[1]}")
    print(f"ok: {what}")


def copy_tools(tree):
    """The scripts, in a tree of their own: what they build, measure and write is there then."""
    shutil.copytree(os.path.join(ROOT, "tools"), os.path.join(tree, "tools"))
    for name in TRACES:
        write(f"{tree}/tests/traces/{name}.trace.gz", "")


def hold(what, holds):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def check_all(make, *checks):
    """Each of the checks in turn, on what `make` makes of a folder. The exit code."""
    with tempfile.TemporaryDirectory() as folder:
        subject = make(folder)
        for check in checks:
            check(subject)
    return 0
