#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first C example of README.md compiles, runs, and prints what README.md says it prints. The files that it names as
the core compile with the flags that it names there, and together need nothing but the memory functions.

Usage: check_readme.py ROOT BUILD      (BUILD holds libmemvmap.a)

The example is the first ```c block; what it prints is the next ``` block without a language or with
`text`. A block with a main of its own is compiled as it is; any other is the body of a main that
readme_port.h stands before: a host port, made by example_port(). The core is what the first step of a numbered list
names: files as `FOLDER/*.c`, and flags.
"""
import difflib
import glob
import os
import platform
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
MEMORY_FUNCTIONS = {"memcpy", "memmove", "memset", "memcmp"}
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)


def example_and_output(readme):
    """The example's code and what it shall print; either is None where README.md has none."""
    blocks = FENCE.findall(readme)
    for index, (language, code) in enumerate(blocks):
        if language == "c":
            printed = [text for name, text in blocks[index + 1:] if name in ("", "text")]
            return code, printed[0] if printed else None
    return None, None


def program_of(code):
    if re.search(r"\bmain\s*\(", code):
        return code
    lines = code.split("\n")
    includes = [line for line in lines if line.startswith("#include")]
    body = [line for line in lines if not line.startswith("#include")]
    return "\n".join(includes + ["int main(void)", "{"] + body + ["return 0;", "}", ""])


def core_and_flags(root, readme):
    """The files of the core, and the flags that any kernel may use; those of one CPU only where this is one."""
    step = re.search(r"^1\. (.*?)^2\. ", readme, re.DOTALL | re.MULTILINE)
    text = step.group(1) if step else ""
    files = [file for pattern in re.findall(r"`([\w/*]+\.c)`", text) for file in sorted(glob.glob(os.path.join(root, pattern)))]
    flags = re.findall(r"(?<=[\s`])-[\w=-]+", text)
    return files, [flag for flag in flags if not flag.startswith("-m") or platform.machine() == "x86_64"]


def core_needs(root, files, flags, scratch):
    """What the core as README.md adds it to a kernel wants of that kernel, beside the memory functions."""
    objects = [os.path.join(scratch, f"{number}.o") for number in range(len(files))]
    for source, target in zip(files, objects):
        subprocess.run(["cc", "-std=gnu11", "-O2", *flags, f"-I{root}/include", f"-I{root}", "-c", source, "-o", target],
                       check=True)
    subprocess.run(["ld", "-r", *objects, "-o", os.path.join(scratch, "core.o")], check=True)
    listed = subprocess.run(["nm", "--undefined-only", "--format=just-symbols", os.path.join(scratch, "core.o")],
                            check=True, stdout=subprocess.PIPE, text=True)
    return sorted(set(listed.stdout.split()) - MEMORY_FUNCTIONS)


def main():
    root, build = sys.argv[1:]
    path = os.path.join(root, "README.md")
    if not os.path.exists(path):
        print("skipped: there is no README.md yet")
        return SKIPPED
    with open(path, encoding="utf-8") as file:
        readme = file.read()
    code, expected = example_and_output(readme)
    files, flags = core_and_flags(root, readme)
    if code is None or expected is None:
        print("README.md has no C example followed by a block of what it prints")
        return 1
    if not files:
        print("README.md names no files to add to a kernel")
        return 1

    with tempfile.TemporaryDirectory() as scratch:
        source, program = os.path.join(scratch, "example.c"), os.path.join(scratch, "example")
        with open(source, "w", encoding="utf-8") as file:
            file.write(program_of(code))
        prelude = os.path.join(os.path.dirname(os.path.abspath(__file__)), "readme_port.h")
        subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", f"{root}/include",
                        "-include", prelude, source, f"{build}/libmemvmap.a", "-o", program], check=True)
        printed = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
        wanted = core_needs(root, files, flags, scratch)

    if printed != expected:
        print("".join(difflib.unified_diff(expected.splitlines(True), printed.splitlines(True),
                                           "README.md", "printed")), end="")
        return 1
    if wanted:
        print("the files that README.md names need more:", " ".join(wanted))
        return 1
    print(f"ok: the example prints what README.md says; {len(files)} files need the memory functions alone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
