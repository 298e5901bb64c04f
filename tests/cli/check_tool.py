#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the command-line tool promises of all its commands: options, messages, exit statuses, progress.

Usage: check_tool.py VMAP
"""
import os
import pty
import re
import subprocess
import sys
import time
import unittest

COMMANDS = ("replay", "dump", "stats", "shootdowns", "formats")
ON_FILES = COMMANDS[:4]
SMALL = "map 0x200000 0x40000000 2M rw => ok\nunmap 0x40001000 4K\n"
PROGRESS_SEC = 1  # work that takes longer shows how it gets on


def run(*arguments, trace=None, **options):
    return subprocess.run([VMAP, *arguments], input=trace, text=True, timeout=60, **{
        "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})


def run_at_terminal(*arguments, trace):
    """What it writes to a standard error that is a terminal, and its exit status."""
    master, slave = pty.openpty()
    with subprocess.Popen([VMAP, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=slave) as process:
        os.close(slave)
        process.stdin.write(trace.encode())
        process.stdin.close()
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:  # so a terminal tells that nobody has it open any more
            pass
    os.close(master)
    return shown, process.returncode


class ToolTest(unittest.TestCase):
    def refused(self, words, *arguments, **options):
        done = run(*arguments, **options)
        self.assertEqual(done.returncode, 2, f"{arguments}: {done.stderr}")
        self.assertIn(words, done.stderr)
        self.assertFalse(done.stdout, f"{arguments}: something was printed")

    def test_help_by_its_letter(self):
        for command in ((), *((command,) for command in COMMANDS)):
            long, short = run(*command, "--help"), run(*command, "-h")
            self.assertEqual((short.returncode, short.stdout), (0, long.stdout), command)
        self.assertEqual(run("record", "-h").returncode, 0)

    def test_output_that_fails(self):
        for arguments in (("--help",), ("-h",), ("--version",), ("--usage",), ("replay", "-h"), ("formats",)):
            with open("/dev/full", "w", encoding="utf-8") as full:
                self.refused("vmap: standard output: No space left", *arguments, stdout=full)
            script = '"$0" "$@" >&-'
            closed = subprocess.run(["sh", "-c", script, VMAP, *arguments], capture_output=True, text=True)
            self.assertEqual(closed.returncode, 2, arguments)
            self.assertIn("vmap: standard output:", closed.stderr)

    def test_output_that_fails_hides_no_mismatch(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = run("replay", "-", trace="translate 0 => 0x1000\n", stdout=full)
        self.assertEqual(done.returncode, 2)
        self.assertIn("expected: ", done.stderr)

    def test_files_that_cannot_be_read(self):
        for command in ON_FILES:
            self.refused("vmap: /none: No such file or directory\n", command, "/none")
        self.refused("-:2:1: ", "replay", "-", trace="verify\nnonsense\n")  # as editors know it

    def test_lists_of_numbers(self):
        for option in ("--cpus", "--batch"):
            for text, words in (("1,,2", "a number is missing"), ("1,2,", "a number is missing"),
                                (",1", "a number is missing"), ("", "a number is missing"),
                                ("1,1", "1 is given twice"), ("2,1,2", "2 is given twice"), ("1,x", "bad number 'x'")):
                self.refused(f"vmap shootdowns: {words}", "shootdowns", f"{option}={text}", "-", trace=SMALL)
        self.assertEqual(run("shootdowns", "--cpus=2,1", "--batch=8", "-", trace=SMALL).returncode, 0)

    def test_stats_name_the_leaves_of_the_format(self):
        for name, sizes in (("x86_64_4level", "4K 2M 1G"), ("riscv_sv48", "4K 2M 1G 512G"),
                            ("aarch64_64k", "64K 512M")):
            if name not in run("formats").stdout:
                continue
            printed = run("stats", f"--format={name}", "-", trace="verify\n").stdout
            self.assertEqual(re.findall(r"leaves of (\S+)", printed), sizes.split(), name)

    def test_time_of_an_operation_has_a_unit_that_suits_it(self):
        for repeat in ("--repeat=1", "--repeat=2"):
            printed = run("replay", repeat, "-", trace="map 0 0 16G r,4k => ok\n").stdout
            times = re.findall(r"([0-9.]+) (?:s|ms|us|ns)/op", printed)
            self.assertTrue(times, printed)
            self.assertTrue(all(float(number) < 1000 for number in times), printed)

    def test_map_for_which_there_is_no_memory(self):
        words = "-:2:1: not enough memory: this map takes 128.3G of tables, and "
        for flags in ("r", "r,4k"):
            for command in (("replay",), ("replay", "--check"), ("dump",), ("stats",), ("shootdowns",)):
                self.refused(words, *command, "-", trace=f"verify\nmap 0 0 64T {flags}\n")

    def test_large_map_that_takes_little_or_fails_for_another_reason(self):
        for trace in ("map 0 0 64T r,noreserve => ok\n", "map 0 0 8G r => ok\nmap 0 0 64T r => MEM_EOVERLAP\n",
                      "fail 1\nmap 0 0 64T r => MEM_ENOMEM\nfail never\nmap 0 0 1G r => ok\n"):
            done = run("replay", "--check", "-", trace=trace)
            self.assertEqual(done.returncode, 0, trace + done.stderr)

    def test_progress_of_a_single_operation(self):
        began = time.monotonic()
        shown, status = run_at_terminal("replay", "--check", "-", trace="map 0 0 128G r,4k => ok\n")
        took = time.monotonic() - began
        self.assertEqual(status, 0)
        if took > 2 * PROGRESS_SEC:
            self.assertIn(b"\r-: 0 of 1 operations", shown)
            self.assertTrue(shown.endswith(b"\r\x1b[K"), "the line is not cleared")

    def test_no_progress_where_nobody_looks(self):
        self.assertEqual(run("replay", "--check", "-", trace="map 0 0 64G r,4k => ok\n").stderr, "")

    def test_recorder_calls_itself_by_the_command(self):
        self.refused("vmap record: error: unknown option '--bogus'", "record", "--bogus")
        self.assertTrue(run("record", "--help").stdout.startswith("usage: vmap record "))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    VMAP = sys.argv.pop(1)
    unittest.main()
