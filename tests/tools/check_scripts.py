#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The options of tools/fuzz and tools/coverage: what is wrong is refused before anything is installed or built.
Usage: check_scripts.py"""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from support import ROOT, with_stubs

# In place of the real ones: nothing is installed, and what would build says so and fails.
STUBS = {"apt-get": "exit 9", "sudo": "exit 9",
         "cmake": 'case $1 in -P) exec "$REAL_CMAKE" "$@" ;; esac\necho BUILDS\nexit 1'}


class ScriptTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.environment = {**with_stubs(directory.name, **STUBS), "REAL_CMAKE": shutil.which("cmake")}

    def run_tool(self, name, *arguments):
        return subprocess.run([os.path.join(ROOT, "tools", name), *arguments], capture_output=True, text=True,
                              env=self.environment, cwd="/", timeout=60)

    def refused(self, words, *arguments):
        done = self.run_tool("fuzz", *arguments)
        self.assertEqual(done.returncode, 2, f"{arguments}: {done.stdout}{done.stderr}")
        self.assertIn(words, done.stderr)

    def test_minutes_of_fuzzing(self):
        for word in ("0", "0.0", "00", "-1", "x", "1m", ""):
            self.assertEqual(self.run_tool("fuzz", word).returncode, 2, word)
        self.refused("not a number of minutes above 0: 0", "0")
        self.refused("one number of minutes, not also 2", "1", "2")

    def test_fuzzers_by_name(self):
        self.refused("no fuzzer has this in its name: nosuch", "--only", "nosuch")
        self.refused("no fuzzer has this in its name: fuzz_seed", "--only", "fuzz_seed", "1")
        self.refused("--only needs a part of a name", "--only", "")

    def test_fuzzing_that_may_begin(self):
        for arguments in ((), ("0.5",), ("--only", "riscv"), ("--only", "map_aarch64_4k", "3"), ("--only", "trace")):
            done = self.run_tool("fuzz", *arguments)
            self.assertEqual(done.returncode, 1, f"{arguments}: {done.stderr}")
            self.assertIn("BUILDS", done.stderr)

    def test_help_tells_the_exit_codes(self):
        for name in ("fuzz", "coverage"):
            self.assertRegex(self.run_tool(name, "--help").stdout, r"(?s)Exit code: 0, 1 .*2 for a bad\s+option")

    def test_help_tells_which_tests_coverage_leaves_out(self):
        with open(os.path.join(ROOT, "CMakePresets.json"), encoding="utf-8") as file:
            presets = json.load(file)["testPresets"]
        labels = next(p for p in presets if p["name"] == "behaviour")["filter"]["exclude"]["label"].split("|")
        printed = self.run_tool("coverage", "--help").stdout
        self.assertEqual([label for label in labels if f"`{label}`" not in printed], [])


if __name__ == "__main__":
    unittest.main()
