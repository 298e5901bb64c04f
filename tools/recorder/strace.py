# SPDX-License-Identifier: MIT
"""What strace is asked to do, and what its output says."""

import re
from typing import NamedTuple

# What changes an address space, or makes and ends one. `?`: strace skips names this CPU does not have.
CALLS = ("mmap munmap mprotect pkey_mprotect mremap brk madvise execve execveat "
         "clone clone3 fork vfork exit exit_group").split()

# Calls that take pages away or copy them: the caller is held at their entry, so that its page tables
# can be read while the pages are still there. execve is held after its return as well, to read
# what the kernel itself has mapped. Failures cost a little time and nothing else.
HELD_AT_ENTRY = "mmap munmap mremap brk madvise execve execveat exit exit_group".split()
HELD_AT_RETURN = "execve execveat".split()


class Entered(NamedTuple):
    """A call has begun, and its caller is held if the call is one of HELD_AT_ENTRY."""
    tid: int
    when: float  # seconds since 1970
    name: str
    args: str


class Returned(NamedTuple):
    """A call is over. `value` is None where it failed or was interrupted."""
    tid: int
    when: float  # None: strace does not tell
    name: str
    args: str
    value: int


class Ended(NamedTuple):
    """A thread is no more."""
    tid: int


class Renumbered(NamedTuple):
    """A thread that is not its process's first has called execve: it goes on under that one's number."""
    old: int
    tid: int


def command(output, hold_usec, program):
    """The strace command that runs `program` (a list) and writes to the file `output`."""
    def names(calls):
        return ",".join("?" + name for name in calls)

    once = [name for name in HELD_AT_ENTRY if name not in HELD_AT_RETURN]
    return ["strace", "--follow-forks", "--seccomp-bpf", "--quiet=attach,personality", "--timestamps=unix,us",
            "-X", "raw",
            "--trace=" + names(CALLS),
            f"--inject={names(once)}:delay_enter={hold_usec}",
            f"--inject={names(HELD_AT_RETURN)}:delay_enter={hold_usec}:delay_exit={hold_usec}",
            "--output=" + output, "--", *program]


# A line is `TID TIME what`, where what is one of these.
LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)", re.DOTALL)
ENDED = re.compile(r"\+\+\+ (?:exited with|killed by) ")
SUPERSEDED = re.compile(r"\+\+\+ superseded by execve in pid (\d+)")
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)", re.DOTALL)
CALL = re.compile(r"(\w+)\((.*)", re.DOTALL)
UNFINISHED = re.compile(r" <unfinished \.\.\.>$")
RESULT = re.compile(r"\)\s*= (-?\d+|0x[0-9a-f]+|\?)(?: [^=]*)?$")


class Parser:
    """Turns strace's output, in whatever pieces it arrives, into the tuples above.

    strace flushes its output where a call begins, in the middle of the line, and again where it
    ends. So what stands after the last newline is a call that has begun, with all its arguments.
    """

    def __init__(self):
        self.tail = ""
        self.tail_told = False
        self.begun = {}  # tid -> (name, args) of the call it is in

    def feed(self, text):
        """All that `text` tells, in order."""
        *lines, tail = (self.tail + text).split("\n")
        told = []
        for line in lines:
            told += self._line(line, self.tail_told)
            self.tail_told = False
        if tail and not self.tail_told:
            begun = self._line_begun(tail)
            self.tail_told = bool(begun)
            told += begun
        self.tail = tail
        return told

    def _line_begun(self, tail):
        line = LINE.match(tail)
        call = line and CALL.match(line[3])
        if not call or RESULT.search(line[3]):
            return []
        return self._enter(int(line[1]), float(line[2]), call[1], UNFINISHED.sub("", call[2]).rstrip())

    def _line(self, text, entered):
        line = LINE.match(text)
        if not line:
            return []
        tid, when, what = int(line[1]), float(line[2]), line[3]
        if what.startswith("+++"):
            return self._end(tid, what)
        resumed = RESUMED.match(what)
        if resumed:
            return self._resume(tid, when, *resumed.groups())
        call = CALL.match(what)
        return self._call(tid, when, *call.groups(), entered) if call else []

    def _end(self, tid, what):
        call = self.begun.pop(tid, None)
        superseded = SUPERSEDED.match(what)
        if superseded:
            old = int(superseded[1])
            self.begun[tid] = self.begun.pop(old, call)
            return [Renumbered(old, tid)]
        return [Ended(tid)] if ENDED.match(what) else []

    def _enter(self, tid, when, name, args):
        self.begun[tid] = (name, args)
        return [Entered(tid, when, name, args)]

    def _call(self, tid, when, name, rest, entered):
        unfinished = UNFINISHED.search(rest)
        result = RESULT.search(rest)
        end = unfinished or result
        args = rest[:end.start()] if end else rest
        told = [] if entered else self._enter(tid, when, name, args)
        return told if unfinished else told + self._return(tid, None, name, args, result)

    def _resume(self, tid, when, name, rest):
        result = RESULT.search(rest)
        more = rest[:result.start()] if result else rest
        _, args = self.begun.get(tid, (name, ""))
        return self._return(tid, when, name, args + more, result)

    def _return(self, tid, when, name, args, result):
        self.begun.pop(tid, None)
        return [Returned(tid, when, name, args, value_of(result))]


def value_of(result):
    """The number that a call returned; None for an error or no return at all."""
    if not result or result[1] == "?" or result[1].startswith("-"):
        return None
    return int(result[1], 0)


def numbers(args, count):
    """The first `count` arguments of a call as numbers; NULL and what is not a number is 0."""
    words = [word.strip() for word in args.split(",")]
    return [number(words[i]) if i < len(words) else 0 for i in range(count)]


def number(word):
    try:
        return int(word, 0)
    except ValueError:
        return 0


CLONE_FLAGS = re.compile(r"flags=((?:0x)?[0-9a-f]+)")
CLONE_VM = 0x100
CLONE_THREAD = 0x10000


def clone_flags(name, args):
    """The flags of a clone, clone3, fork or vfork."""
    if name == "vfork":
        return CLONE_VM
    flags = CLONE_FLAGS.search(args)
    return int(flags[1], 0) if flags else 0


EXEC_PATH = re.compile(r'(?:\d+, )?"((?:[^"\\]|\\.)*)"')


def exec_name(args):
    """The name, without its directories, of the program that an execve or execveat starts."""
    path = EXEC_PATH.match(args)
    return path[1].rsplit("/", 1)[-1] if path else "?"
