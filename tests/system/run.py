#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots a test image in QEMU and turns its exit code into one of its own.

The image's output is printed. Exit codes: 0 where the image ended with the code that --expect names (0: passed, 2: a
stale translation was used), 1 where it ended with another, crashed or was not over in time, 77 where QEMU is missing.
"""
import argparse
import os
import shutil
import struct
import subprocess
import sys
import tempfile

SKIPPED = 77
MAGIC = 0x50414d564d454d31
# As in common/machine.h.
PARAMETERS = struct.Struct("<QIIIIQIIII16x")


class Machine:
    """How QEMU is told to be one of the machines."""

    def __init__(self, qemu, options, parameters, exit_code):
        self.qemu = qemu
        self.options = options
        self.parameters = parameters
        self.exit_code = exit_code


MACHINES = {
    # isa-debug-exit ends with 2 * code + 1.
    "x86_64": Machine("qemu-system-x86_64",
                      ["-machine", "microvm,isa-serial=on", "-bios", "/usr/share/qemu/qboot.rom", "-cpu", "max",
                       "-m", "3072", "-nodefaults", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
                      0x4000000, lambda status: status >> 1 if status & 1 else None),
    "riscv64": Machine("qemu-system-riscv64",
                       ["-machine", "virt", "-cpu", "rv64,svnapot=on,svinval=on", "-m", "3072", "-bios", "default"],
                       0x84000000, lambda status: status),
    "aarch64": Machine("qemu-system-aarch64",
                       ["-machine", "virt", "-cpu", "max", "-m", "3072", "-semihosting"],
                       0x44000000, lambda status: status),
}


def parameters_of(arguments):
    text = b""
    for path in arguments.text:
        with open(path, "rb") as file:
            text += file.read()
    return PARAMETERS.pack(MAGIC, arguments.levels, arguments.cpus, arguments.page_kib, arguments.rounds,
                           len(text), arguments.threads == "single", arguments.by_firmware,
                           arguments.small_pages, arguments.break_level + 1) + text


def command_of(arguments, machine, blob):
    command = [machine.qemu, *machine.options, "-accel", f"tcg,thread={arguments.threads}", "-smp", str(arguments.cpus),
               "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
               "-kernel", arguments.image]
    if arguments.count_instructions:
        command += ["-icount", "shift=0,sleep=off"]
    return command + ["-device", f"loader,file={blob},addr={machine.parameters:#x},force-raw=on"]


def boot(arguments, machine):
    """What the image ended with; None: it did not."""
    with tempfile.NamedTemporaryFile(suffix=".parameters") as blob:
        blob.write(parameters_of(arguments))
        blob.flush()
        try:
            status = subprocess.run(command_of(arguments, machine, blob.name), stdin=subprocess.DEVNULL,
                                    timeout=arguments.timeout, check=False).returncode
        except subprocess.TimeoutExpired:
            print(f"run.py: not over after {arguments.timeout} s")
            return None
    code = machine.exit_code(status)
    if code is None:
        print(f"run.py: {machine.qemu} ended with {status}")
    return code


def add_options(parser):
    parser.add_argument("architecture", choices=MACHINES)
    parser.add_argument("image")
    parser.add_argument("text", nargs="*", help="files with operations, one after the other")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--levels", type=int, default=4)
    parser.add_argument("--page-kib", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--threads", choices=("single", "multi"), default="single",
                        help="all CPUs in one thread, or each in one of its own: slow where others use the host")
    parser.add_argument("--by-firmware", action="store_true", help="RISC-V: shootdowns by calls of the firmware")
    parser.add_argument("--break-level", type=int, default=-1, help="AArch64: take FEAT_BBM for 0, 1 or 2")
    parser.add_argument("--small-pages", action="store_true",
                        help="no large leaf but those under test: QEMU forgets too much where it has seen one")
    parser.add_argument("--count-instructions", action="store_true",
                        help="the machine's clock counts instructions, and figures repeat themselves")
    parser.add_argument("--timeout", type=float, default=120)
    parser.add_argument("--expect", type=int, default=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    arguments = parser.parse_args()
    machine = MACHINES[arguments.architecture]
    if not shutil.which(machine.qemu):
        print(f"skipped: no {machine.qemu} here")
        return SKIPPED
    if not os.path.exists(arguments.image):
        print(f"run.py: {arguments.image} is missing")
        return 1
    code = boot(arguments, machine)
    if code != arguments.expect:
        print(f"run.py: the image ended with {code}, expected: {arguments.expect}")
    return 0 if code == arguments.expect else 1


if __name__ == "__main__":
    sys.exit(main())
