# SPDX-License-Identifier: MIT
"""The tool around the recorder: its options, where the trace goes, and how it says what went wrong."""

import gzip
import importlib.machinery
import importlib.util
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import unittest

import rooms

TOOL = os.path.join(rooms.TOOLS, "record-trace")
LINES = ["# a trace", "space 1 wx"]
TEXT = b"# a trace\nspace 1 wx\n"
FULL = os.makedev(1, 7)  # what /dev/full is


def load_tool():
    """The script as a module: its name is none for an import."""
    loader = importlib.machinery.SourceFileLoader("record_trace", TOOL)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("record_trace", loader))
    loader.exec_module(module)
    return module


tool = load_tool()


def run(*arguments, **options):
    return subprocess.run([sys.executable, "-B", TOOL, *arguments], capture_output=True, text=True, **options)


def contents(path):
    with open(path, "rb") as file:
        return file.read()


class OutputTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def assert_no_other_file(self, *names):
        self.assertEqual(sorted(os.listdir(self.directory)), sorted(names))

    def test_new_file(self):
        self.assertEqual(tool.write_trace(self.path("new"), LINES), len(TEXT))
        self.assertEqual(contents(self.path("new")), TEXT)
        self.assert_no_other_file("new")

    def test_compressed_by_name(self):
        tool.write_trace(self.path("new.gz"), LINES)
        self.assertEqual(gzip.decompress(contents(self.path("new.gz"))), TEXT)

    def test_link_stays_and_its_target_is_replaced(self):
        with open(self.path("target"), "w", encoding="utf-8") as file:
            file.write("a trace that is longer than the new one, by far")
        os.symlink("target", self.path("link"))
        tool.check_output(self.path("link"))
        tool.write_trace(self.path("link"), LINES)
        self.assertEqual(os.readlink(self.path("link")), "target")
        self.assertEqual(contents(self.path("target")), TEXT)
        self.assert_no_other_file("link", "target")

    def test_link_to_nothing_makes_its_target(self):
        os.symlink("target", self.path("link"))
        tool.write_trace(self.path("link"), LINES)
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertEqual(contents(self.path("target")), TEXT)

    def write_through_pipe(self, name):
        """What a reader of the pipe gets that `name` is, or leads to."""
        received = []
        reader = threading.Thread(target=lambda: received.append(contents(self.path("pipe"))), daemon=True)
        reader.start()
        tool.check_output(self.path(name))
        tool.write_trace(self.path(name), LINES)
        reader.join(5)  # for ever, where the pipe is gone
        return received[0] if received else None

    def test_pipe_is_written_to_and_stays(self):
        os.mkfifo(self.path("pipe"))
        self.assertEqual(self.write_through_pipe("pipe"), TEXT)
        self.assertTrue(stat.S_ISFIFO(os.lstat(self.path("pipe")).st_mode))
        self.assert_no_other_file("pipe")

    def test_pipe_behind_a_link(self):
        os.mkfifo(self.path("pipe"))
        os.symlink("pipe", self.path("link"))
        self.assertEqual(self.write_through_pipe("link"), TEXT)
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertTrue(stat.S_ISFIFO(os.lstat(self.path("pipe")).st_mode))

    def test_device_that_is_full(self):
        """A node of our own: a tool that is wrong must not harm the machine's."""
        try:
            os.mknod(self.path("full"), stat.S_IFCHR | 0o600, FULL)
            with open(self.path("full"), "rb"):
                pass
        except PermissionError:
            self.skipTest("no right to make a device node here, or to open one")
        with self.assertRaisesRegex(tool.Failure, "/full: No space left on device"):
            tool.write_trace(self.path("full"), LINES)
        self.assertTrue(stat.S_ISCHR(os.lstat(self.path("full")).st_mode))
        self.assert_no_other_file("full")

    def test_standard_output_goes_on(self):
        """By whatever name, and behind what is there already."""
        program = f"import test_tool as t; t.tool.write_trace({self.path('out')!r}, t.LINES)"
        with open(self.path("out"), "wb") as out:
            out.write(b"# before\n")
            out.flush()
            subprocess.run([sys.executable, "-B", "-c", program], stdout=out, cwd=rooms.HERE, check=True)
            self.assertTrue(os.path.samestat(os.fstat(out.fileno()), os.stat(self.path("out"))))
        self.assertEqual(contents(self.path("out")), b"# before\n" + TEXT)

    def test_error_names_what_the_user_named(self):
        with self.assertRaisesRegex(tool.Failure, "/none/new.gz: No such file or directory"):
            tool.write_trace(self.path("none/new.gz"), LINES)

    def test_failure_leaves_nothing_behind(self):
        os.mkdir(self.path("there"))  # nothing can take its place
        with self.assertRaises(OSError):
            tool.replace(self.path("there"), TEXT)
        self.assert_no_other_file("there")

    def test_directory_is_refused_before_the_work(self):
        with self.assertRaisesRegex(tool.Failure, "is a directory"):
            tool.check_output(self.directory)
        with self.assertRaisesRegex(tool.Failure, "no such directory"):
            tool.check_output(self.path("none/new"))


class OptionTest(unittest.TestCase):
    def refused(self, words, *arguments, **options):
        done = run(*arguments, **options)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(words, done.stderr)
        return done.stderr

    def test_unknown_option(self):
        self.refused("unknown option '--bogus'", "--bogus")
        self.refused("unknown option '--bogus'", "--bogus", "--", "true")
        self.refused("unknown argument 'more'", "true", "-q", "more")

    def test_no_program(self):
        self.refused("a program is missing")
        self.refused("a program is missing", "-q", "--")

    def test_empty_name(self):
        self.refused("the name is empty", "-o", "", "--", "true")

    def test_help(self):
        for option in ("-h", "--help"):
            self.assertEqual(run(option).returncode, 0)

    def test_help_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([sys.executable, "-B", TOOL, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (2, "record-trace: standard output: No space left on device\n"))

    def test_name_that_it_was_called_by(self):
        self.assertTrue(self.refused("record-trace: error").startswith("usage: record-trace "))
        named = dict(os.environ, MEM_VMAP_RECORD_NAME="vmap record")
        self.assertTrue(self.refused("vmap record: error", env=named).startswith("usage: vmap record "))
        self.assertIn("example: vmap record -o", run("--help", env=named).stdout)

    def test_how_a_program_ended(self):
        self.assertEqual(tool.ending(3), "ended with status 3")
        self.assertEqual(tool.ending(-9), "was killed by signal 9")


@unittest.skipUnless(shutil.which("strace"), "strace is missing")
class RecordingTest(unittest.TestCase):
    def test_trace_to_standard_output(self):
        named = dict(os.environ, MEM_VMAP_RECORD_NAME="vmap record")
        script = "test -z \"$MEM_VMAP_RECORD_NAME\" || exit 4; kill -9 $$"
        done = run("-q", "-o", "/proc/self/fd/1", "--", "sh", "-c", script, env=named)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("# A trace of a real program"))
        self.assertIn("vmap record: sh was killed by signal 9", done.stderr)


if __name__ == "__main__":
    unittest.main()
