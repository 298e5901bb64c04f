# SPDX-License-Identifier: MIT
"""What strace says, as recorded from strace 6.1 with the recorder's own options."""

import unittest

import rooms  # noqa: F401
from recorder import strace
from recorder.strace import Ended, Entered, Renumbered, Returned

CANNED = """\
77 5.000100 munmap(0x7f68000, 41611) = 0 (DELAYED)
77 5.000200 brk(NULL)       = 0x55ba000
77 5.000300 mmap(NULL, 8192, 0x3, 0x22, -1, 0 <unfinished ...>
78 5.000400 exit(0)         = ?
77 5.000500 <... mmap resumed>) = 0x7f90000 (DELAYED)
78 5.000600 +++ exited with 0 +++
77 5.000700 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1, si_uid=0} ---
77 5.000800 mremap(0x1000, 4096, 8192, 0x1) = -1 EFAULT (Bad address) (DELAYED)
77 5.000900 +++ killed by SIGTERM +++
"""


def told(*pieces):
    parser = strace.Parser()
    return [one for piece in pieces for one in parser.feed(piece)]


class ParserTest(unittest.TestCase):
    def test_whole_lines(self):
        self.assertEqual(told(CANNED), [
            Entered(77, 5.0001, "munmap", "0x7f68000, 41611"),
            Returned(77, None, "munmap", "0x7f68000, 41611", 0),
            Entered(77, 5.0002, "brk", "NULL"),
            Returned(77, None, "brk", "NULL", 0x55BA000),
            Entered(77, 5.0003, "mmap", "NULL, 8192, 0x3, 0x22, -1, 0"),
            Entered(78, 5.0004, "exit", "0"),
            Returned(78, None, "exit", "0", None),
            Returned(77, 5.0005, "mmap", "NULL, 8192, 0x3, 0x22, -1, 0", 0x7F90000),
            Ended(78),
            Entered(77, 5.0008, "mremap", "0x1000, 4096, 8192, 0x1"),
            Returned(77, None, "mremap", "0x1000, 4096, 8192, 0x1", None),
            Ended(77),
        ])

    def test_every_cut_tells_the_same(self):
        """strace flushes where a call begins; a reader may see that, or not."""
        whole = told(CANNED)
        for cut in (index for index in range(len(CANNED)) if CANNED[index] in ")<" or CANNED[index] == "\n"):
            self.assertEqual(told(CANNED[:cut], CANNED[cut:]), whole, f"cut at {cut}")

    def test_call_is_told_before_it_returns(self):
        parser = strace.Parser()
        self.assertEqual(parser.feed("9 1.5 munmap(0x1000, 4096"), [Entered(9, 1.5, "munmap", "0x1000, 4096")])
        self.assertEqual(parser.feed(""), [])
        self.assertEqual(parser.feed(") = 0\n"), [Returned(9, None, "munmap", "0x1000, 4096", 0)])

    def test_execve_of_a_thread_goes_on_under_the_first_ones_number(self):
        lines = ('12 1.0 execve("/bin/ls", ["ls"], 0x7ff0 /* 4 vars */ <unfinished ...>\n'
                 "10 1.1 +++ superseded by execve in pid 12 +++\n"
                 "10 1.2 <... execve resumed>) = 0 (DELAYED)\n")
        args = '"/bin/ls", ["ls"], 0x7ff0 /* 4 vars */'
        self.assertEqual(told(lines), [Entered(12, 1.0, "execve", args), Renumbered(12, 10),
                                       Returned(10, 1.2, "execve", args, 0)])

    def test_arguments_that_look_like_an_end(self):
        line = '3 1.0 execve("/bin/sh", ["sh", "-c", "f() = 1"], 0x1 /* 2 vars */) = 0\n'
        self.assertEqual(told(line)[-1].value, 0)
        self.assertEqual(told(line)[-1].args, '"/bin/sh", ["sh", "-c", "f() = 1"], 0x1 /* 2 vars */')

    def test_nonsense_is_passed_over(self):
        self.assertEqual(told("strace: hello\n\n12 nothing\n12 1.0 [ Process 12 ]\n"), [])


class ArgumentTest(unittest.TestCase):
    def test_numbers(self):
        self.assertEqual(strace.numbers("NULL, 8192, 0x3", 4), [0, 8192, 3, 0])

    def test_clone_flags(self):
        self.assertEqual(strace.clone_flags("clone", "child_stack=NULL, flags=0x1200000|17"), 0x1200000)
        self.assertEqual(strace.clone_flags("clone3", "{flags=0x4100, exit_signal=17, stack=0x7f0}, 88"), 0x4100)
        self.assertEqual(strace.clone_flags("vfork", ""), strace.CLONE_VM)
        self.assertEqual(strace.clone_flags("fork", ""), 0)

    def test_exec_name(self):
        self.assertEqual(strace.exec_name('"/usr/lib/gcc/cc1", ["cc1", "-o"], 0x1 /* 2 vars */'), "cc1")
        self.assertEqual(strace.exec_name('3, "tool", ["tool"], 0x1, 0'), "tool")


if __name__ == "__main__":
    unittest.main()
