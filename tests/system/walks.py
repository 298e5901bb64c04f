#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A third opinion: the emulator's own walker over tables that the library has made.

Boots the image called `walks`, which says what it has mapped and waits. Then asks the emulator (gva2gpa and, where the
machine has it, info mem, over QMP) where the first, the last and a middle page of each run lead, and of the pages
before and behind that no run has. These walks see addresses and extents; they look at no rights. Exit codes: 0, 1, and 77
where QEMU is missing.
"""
import argparse
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import run


class Monitor:
    """QMP, with the commands of the human monitor."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 10
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(answer["error"])

    def human(self, line):
        return self.execute("human-monitor-command", **{"command-line": line})

    def walk(self, virt):
        """Where the emulator says that an address leads; None: nowhere."""
        answer = self.human(f"gva2gpa {virt:#x}")
        found = re.match(r"gpa: (?:0x)?([0-9a-f]+)", answer)
        return int(found.group(1), 16) if found else None


def read_runs(process):
    """What the image says of its space: (virt, phys, len), ... It exits where the image does not get that far."""
    runs = []
    for line in process.stdout:
        if line.startswith("ready"):
            return runs
        if line.startswith("run "):
            runs.append(tuple(int(word, 16) for word in line.split()[1:4]))
    sys.exit("FAILED: the image did not come to its end")


def probes_of(runs, page):
    """(virt, phys or None): pages at the ends of the runs and inside, and those beside that no run has."""
    firsts = {virt for virt, _, _ in runs}
    ends = {virt + length for virt, _, length in runs}
    for virt, phys, length in runs:
        for at in {0, length // 2 // page * page, length - page}:
            yield virt + at, phys + at
        if virt not in ends and virt >= page:
            yield virt - page, None
        if virt + length not in firsts and virt + length < 1 << 64:
            yield virt + length, None


def is_canonical(virt, bits):
    """Whether tables of that width can have the address at all: the emulator need not ask."""
    top = virt >> (bits - 1)
    return top in (0, (1 << (65 - bits)) - 1)


def check(monitor, runs, page, bits):
    """Compares; the number of probes, and what differed."""
    count, wrong = 0, []
    for virt, phys in probes_of(runs, page):
        if not is_canonical(virt, bits):
            continue
        count += 1
        said = monitor.walk(virt)
        if said != phys:
            wrong.append(f"{virt:#x}: the emulator says {said and hex(said)}, expected {phys and hex(phys)}")
    return count, wrong


def extents(ranges):
    """Adjacent ranges joined: [(first, end)]"""
    joined = []
    for first, end in sorted(ranges):
        if joined and joined[-1][1] == first:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, end))
    return joined


def memory_ranges(text):
    """What `info mem` lists, on x86 (first-end size rights) or RISC-V (vaddr paddr size attributes)."""
    for line in text.splitlines():
        found = re.match(r"([0-9a-f]{8,16})-([0-9a-f]{8,16}) ([0-9a-f]+) ", line)
        if found:
            first, size = int(found.group(1), 16), int(found.group(3), 16)
            yield first, first + size
            continue
        found = re.match(r"([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16}) ", line)
        if found:
            first, size = int(found.group(1), 16), int(found.group(3), 16)
            yield first, first + size


def check_extents(monitor, runs, bits):
    """Compares what `info mem` lists as a whole; None where it lists nothing."""
    mask = (1 << bits) - 1
    listed = extents(((f & mask), (f & mask) + e - f) for f, e in memory_ranges(monitor.human("info mem")))
    if not listed:
        return None
    mapped = extents((v & mask, (v & mask) + length) for v, _, length in runs)
    return [] if listed == mapped else [f"info mem: {sorted(set(listed) ^ set(mapped))}"]


def boot(arguments, machine, directory):
    blob, monitor = f"{directory}/parameters", f"{directory}/monitor"
    with open(blob, "wb") as file:
        file.write(run.parameters_of(arguments))
    command = run.command_of(arguments, machine, blob) + ["-qmp", f"unix:{monitor},server=on,wait=off"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True), monitor


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    run.add_options(parser)
    parser.add_argument("--address-bits", type=int, default=48)
    arguments = parser.parse_args()
    machine = run.MACHINES[arguments.architecture]
    if not shutil.which(machine.qemu):
        print(f"skipped: no {machine.qemu} here")
        return run.SKIPPED
    with tempfile.TemporaryDirectory() as directory:
        process, path = boot(arguments, machine, directory)
        watchdog = threading.Timer(arguments.timeout, process.kill)
        watchdog.start()
        try:
            runs = read_runs(process)
            monitor = Monitor(path)
            monitor.execute("stop")
            count, wrong = check(monitor, runs, arguments.page_kib << 10, arguments.address_bits)
            listed = check_extents(monitor, runs, arguments.address_bits)
        finally:
            watchdog.cancel()
            process.kill()
            process.wait()
    for line in wrong[:20] + (listed or []):
        print("FAILED:", line)
    print(f"{len(runs)} runs, {count} walks, info mem: {'not here' if listed is None else 'compared'}")
    return 0 if count > 0 and len(runs) > 5 and not wrong and not listed else 1


if __name__ == "__main__":
    sys.exit(main())
