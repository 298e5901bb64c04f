#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first C example of README.md compiles, runs, and prints what README.md says it prints.

Usage: check_readme.py ROOT BUILD      (BUILD holds libmemvmap.a)

The example is the first ```c block; what it prints is the next ``` block without a language or with
`text`. A block with a main of its own is compiled as it is; any other is the body of a main that
readme_port.h stands before: a host port, made by example_port().
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
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


def main():
    root, build = sys.argv[1:]
    path = os.path.join(root, "README.md")
    if not os.path.exists(path):
        print("skipped: there is no README.md yet")
        return SKIPPED
    with open(path, encoding="utf-8") as file:
        code, expected = example_and_output(file.read())
    if code is None or expected is None:
        print("README.md has no C example followed by a block of what it prints")
        return 1

    with tempfile.TemporaryDirectory() as scratch:
        source, program = os.path.join(scratch, "example.c"), os.path.join(scratch, "example")
        with open(source, "w", encoding="utf-8") as file:
            file.write(program_of(code))
        prelude = os.path.join(os.path.dirname(os.path.abspath(__file__)), "readme_port.h")
        subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", f"{root}/include",
                        "-include", prelude, source, f"{build}/libmemvmap.a", "-o", program], check=True)
        printed = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout

    if printed != expected:
        print("".join(difflib.unified_diff(expected.splitlines(True), printed.splitlines(True),
                                           "README.md", "printed")), end="")
        return 1
    print("ok: the example prints what README.md says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
