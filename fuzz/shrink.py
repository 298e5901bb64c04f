#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a trace that fails as short as it can be.

Usage: shrink.py TRACE COMMAND...

Drops lines from TRACE, which is overwritten, as long as `COMMAND... TRACE` fails. Comments at its head stay. An
exit status of 2 means that the command refuses the trace: one that makes no sense.
"""

import itertools
import os
import subprocess
import sys
import tempfile

TIMEOUT_SEC = 30
REFUSED = 2


def is_comment(line):
    return line.startswith("#")


def fails(lines, command):
    """Whether the command, given these lines, fails for a reason other than a trace that makes no sense."""
    with tempfile.NamedTemporaryFile("w", suffix=".trace", delete=False) as file:
        file.write("".join(lines))
    try:
        result = subprocess.run([*command, file.name], capture_output=True, timeout=TIMEOUT_SEC, check=False)
        return result.returncode not in (0, REFUSED)
    except subprocess.TimeoutExpired:
        return True
    finally:
        os.unlink(file.name)


def without(lines, start, count):
    return lines[:start] + lines[start + count:]


def shrink(trace, command):
    """Returns the number of operations that are left; 0, and the trace as it was, where it does not fail at all."""
    with open(trace, encoding="utf-8") as file:
        text = list(file)
    head = list(itertools.takewhile(is_comment, text))
    lines = [line for line in text if not is_comment(line)]
    if not fails(lines, command):
        return 0
    count = len(lines) // 2
    while count > 0:
        start, before = 0, len(lines)
        while start < len(lines):
            shorter = without(lines, start, count)
            if fails(shorter, command):
                lines = shorter
            else:
                start += count
        if count > 1 or len(lines) == before:
            count //= 2
    with open(trace, "w", encoding="utf-8") as file:
        file.write("".join(head + lines))
    return len(lines)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    print(shrink(sys.argv[1], sys.argv[2:]), "lines")
