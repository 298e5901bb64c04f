# SPDX-License-Identifier: MIT
"""Runs strace, reads what it tells, and makes it and what it holds stand still."""

import fcntl
import os
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time

from recorder import strace

READ_SIZE = 1 << 16
POLL_SEC = 0.00005


class Gate:
    """A running strace. A context manager: at its end strace is gone; programs that outlive it go on."""

    def __init__(self, program, hold_usec):
        self.directory = tempfile.TemporaryDirectory(prefix="record-trace-")
        path = os.path.join(self.directory.name, "strace")
        os.mkfifo(path)
        self.fifo = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.process = subprocess.Popen(strace.command(path, hold_usec, program))
        hurry(os.SCHED_FIFO, 1)  # a held call does not wait for us
        self.hold_sec = hold_usec / 1e6
        self.stopped_at = None
        self.stops = 0
        self.late = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        hurry(os.SCHED_OTHER, 0)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.fifo)
        self.directory.cleanup()

    def stop(self, when):
        """Stops strace, and so what it holds stays held, until all that it has told has been read.

        strace holds a call for hold_sec. One that was entered at `when` has not gone on if that time
        was not over when strace stopped; otherwise it may have, and counts as late.
        """
        self.stops += 1
        if self.stopped_at is None:
            self.process.send_signal(signal.SIGSTOP)
            while process_state(self.process.pid) not in "TtZX":
                time.sleep(POLL_SEC)
            self.stopped_at = time.time()
        self.late += when is not None and self.stopped_at - when > self.hold_sec

    def read(self, timeout_sec):
        """What strace wrote; "" after `timeout_sec` without a word; None at the end."""
        if not self._waiting():
            self._go_on()
        ready, _, _ = select.select([self.fifo], [], [], timeout_sec)
        data = os.read(self.fifo, READ_SIZE) if ready else b""
        if not data and self.process.poll() is not None and not self._waiting():
            return None
        if not data and ready:
            time.sleep(POLL_SEC)  # the far end was closed just now
        return data.decode("utf-8", errors="replace")

    def _go_on(self):
        if self.stopped_at is not None:
            self.stopped_at = None
            self.process.send_signal(signal.SIGCONT)

    def _waiting(self):
        """How many bytes are in the pipe."""
        return struct.unpack("i", fcntl.ioctl(self.fifo, termios.FIONREAD, b"\0" * 4))[0]


def hurry(policy, priority):
    """Sets how this process is scheduled, where it has the right to; it works without as well."""
    try:
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    except PermissionError:
        pass


def process_state(pid):
    """The letter in /proc/PID/stat; X where there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except OSError:
        return "X"
