#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/update-readme, tools/update-formats and tools/perf/page.py publish what a full run of committed sources measured
and tests that passed, and refuse anything else; whatever reads results says which file is not what it needs. The
programs that these scripts run are stand-ins. Usage: check_figures.py"""
import json
import os
import re
import sys

from support import (FORMATS, ROOT, TRACES, all_names, check_all, copy_tools, expect, growth, hold, program, read, run,
                     shootdowns, speed, with_stubs, write)

PAGE = "\n".join(f"<!-- {name} -->as it was<!-- /{name} -->" for name in
                 ("speed", "checks", "table", "shootdowns", "coverage", "list", "lines", "bars", "growth", "counts"))
TESTS = {"model_one": 1000, "model_long": 500000, "model_help": 0, "other": None}  # their operations


def listing(tree):
    def test(name, operations):
        random = [f"{tree}/build/release/model_random", *(["--operations", str(operations)] if operations else ["--help"])]
        return {"name": name, "command": random if operations is not None else ["/bin/true"],
                "properties": [{"name": "LABELS", "value": [name.split("_")[-1]]}]}
    return {"tests": [test(name, operations) for name, operations in TESTS.items()]}


def junit(**outcomes):
    """What ctest writes; model_long is not part of the normal run."""
    cases = {"model_one": "run", "model_help": "run", "other": "run", **outcomes}
    inside = {"skipped": '<skipped message="no"/>'}
    return "<testsuite>" + "".join(
        f'<testcase name="{name}" status="{"notrun" if what == "skipped" else what}">{inside.get(what, "")}</testcase>'
        for name, what in cases.items() if what) + "</testsuite>"


class Tree:
    def __init__(self, folder):
        self.folder = folder
        copy_tools(folder)
        write(f"{folder}/listing.json", listing(folder))
        write(f"{folder}/replay.json", {"files": [{"operations": 70}, {"operations": 7}], "mismatches": 0})
        write(f"{folder}/shootdowns.json", shootdowns())
        write(f"{folder}/formats.json", {"formats": [{"name": name} for name in FORMATS]})
        program(f"{folder}/build/release/model_random", "")
        program(f"{folder}/build/release/tools/vmap", f"#!/bin/sh\ncat {folder}/$1.json\n")
        self.environment = with_stubs(f"{folder}/stubs", ctest=f"cat {folder}/listing.json", git="exit 1")
        self.results(speed(all_names()))
        self.junit(junit())

    def results(self, what):
        write(f"{self.folder}/build/release/bench/results.json", what)

    def junit(self, text):
        write(f"{self.folder}/build/release/tests.xml", text)

    def update(self, script, page):
        """What the script says, and what it made of the page."""
        path = write(os.path.join(self.folder, page), PAGE)
        got = run(sys.executable, "-B", os.path.join(self.folder, "tools", script), env=self.environment)
        return got, read(path)

    def refused(self, what, *said):
        got, text = self.update("update-readme", "README.md")
        expect(f"update-readme refuses {what}", got, 2, *said)
        hold("and writes nothing", text == PAGE)


def readme(tree):
    got, text = tree.update("update-readme", "README.md")
    expect("update-readme", got, 0)
    for said in ("Built with gcc 12.2.0 -O2,", "512 entries, twice as many",
                 "77 operations of real programs and 1,000 random ones"):
        hold(f"writes: {said}", said in text)
    hold("coverage stays as it is", "<!-- coverage -->as it was" in text)


def bad_results(tree):
    for what, results, *said in (
            ("a run of some benchmarks", speed([name for name in all_names() if "map_1x4K" not in name]), "not measured: 6"),
            ("eight repetitions", speed(all_names(), 8), "fewer than 9 repetitions"),
            ("sources that are in no commit", speed(all_names(), context={"commit": "0123abc-dirty"}),
             "in no commit: 0123abc-dirty"),
            ("a trace that was not measured", speed([name for name in all_names() if name != "naive/trace/redis"]),
             "not measured: naive/trace/redis"),
            ("results of growth", growth(), "results of tools/bench --growth, not results of tools/bench")):
        tree.results(results)
        tree.refused(what, *said)
    tree.results(speed(all_names()))
    clean = tree.environment
    tree.environment = with_stubs(f"{tree.folder}/dirty", ctest=f"cat {tree.folder}/listing.json",
                                  git="[ $1 = describe ] && echo 0123abc")
    tree.refused("counts of sources that are in no commit", "in no commit: 0123abc-dirty")
    tree.environment = clean


def bad_tests(tree):
    for what, text, *said in (
            ("a failure", junit(other="fail"), "failed: other"),
            ("a test that crashed", junit(model_one="notrun"), "failed: model_one"),
            ("tests that did not run", junit(model_one=None), "did not run: model_one"),
            ("what is no JUnit file", "<testsuite>", "no element found")):
        tree.junit(text)
        tree.refused(what, *said)
    os.unlink(f"{tree.folder}/build/release/tests.xml")
    tree.refused("a missing file", "run tools/test")
    tree.junit(junit())
    os.utime(f"{tree.folder}/build/release/tests.xml", (1, 1))
    tree.refused("tests of an earlier build", "older than what was built since")
    tree.junit(junit(model_long="run", model_one="skipped"))
    hold("only what ran is counted", "and 0 random ones" in tree.update("update-readme", "README.md")[1])


def formats(tree):
    got, text = tree.update("update-formats", "docs/formats.md")
    expect("update-formats", got, 0)
    for operation in ("map_256", "unmap_256", "protect_256", "translate_hot"):
        hold(f"names the slowest of {operation}",
             re.search(rf"^(The slowest: )?{operation}: [0-9.]+, \w+[;.]$", text, re.MULTILINE))
    tree.results(speed([name for name in all_names() if name != "format/riscv_sv39/map_256"]))
    got, text = tree.update("update-formats", "docs/formats.md")
    expect("a format that was not measured", got, 2, "speed: left as it is", "not measured: format/riscv_sv39/map_256")
    hold("the list is written nevertheless", "<!-- speed -->as it was" in text and "<!-- list -->as it was" not in text)
    tree.results(speed(all_names()))


def performance(tree):
    path = f"{tree.folder}/build/release/bench/growth.json"
    for results, code, said in ((growth(), 0, ""), (growth(2), 2, "fewer than 3 repetitions")):
        write(path, results)
        got, text = tree.update("perf/page.py", "docs/performance.md")
        expect(f"page.py of growth, exit code {code}", got, code, said)
        hold("is written where it may be", ("<!-- growth -->as it was" in text) == (code == 2))


def messages(tree):
    """(script, file, what it says): exit code 2 and one line."""
    files = {"speed": speed(all_names()), "growth": growth(), "shootdowns": shootdowns(), "list": [1], "other": {"a": 1},
             "cut": json.dumps(speed(["a"]))[:100], "bare": {"benchmarks": [{"name": "a"}], "context": {}},
             "odd": {"benchmarks": [3], "context": {}},
             "rows": {"files": [{"file": "a", "calls": 1, "rows": []}]}}
    paths = {name: write(f"{tree.folder}/kinds/{name}.json", what) for name, what in files.items()}
    paths["absent"] = "/nonexistent/a.json"
    cases = [("bench-table", "growth", "results of tools/bench --growth, not"), ("bench-table", "rows", "lacks"),
             ("perf/growth.py", "speed", "results of tools/bench, not"),
             ("perf/growth.py", "shootdowns", "counts of vmap shootdowns --json, not")]
    cases += [(script, name, said) for script in ("bench-table", "perf/growth.py") for name, said in
              (("list", "something else, not"), ("other", "something else, not"), ("cut", "not JSON"), ("bare", ""),
               ("odd", ""), ("absent", "No such file or directory"))]
    for script, name, said in cases:
        got = run(sys.executable, "-B", os.path.join(ROOT, "tools", script), paths[name])
        expect(f"{script} of {name}", got, 2, paths[name], said)
        hold("says so in one line", len(got[1].splitlines()) == 1)
    expect("bars.py of a folder without results", run(sys.executable, "-B", f"{ROOT}/tools/perf/bars.py", f"{tree.folder}/tools"), 2,
           "no results of tools/bench --bars")
    command = f"{sys.executable} -B {ROOT}/tools/perf/growth.py {paths['growth']} | head -n 1; sleep 0.2"
    got = run("sh", "-c", command)
    expect("a reader that has seen enough", got, 0)
    hold("is no error", len(got[1].splitlines()) == 1)


if __name__ == "__main__":
    sys.exit(check_all(Tree, readme, bad_results, bad_tests, formats, performance, messages))
