#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules that every source file keeps, checked by reading the text.

Usage: check_sources.py RULE ROOT

  includes   lib/, arch/ and include/ use the nine freestanding headers and the project's own, no others
  layering   lib/ and include/ name no CPU, and lib/ includes nothing of arch/
  spdx       every source, script and manual page says its licence in its first lines

Prints the places that break the rule and exits with 1, or 0 where there are none.
"""
import os
import re
import sys

# C11, 4p6: what a freestanding implementation has.
FREESTANDING = {
    "float.h", "iso646.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h",
    "stdnoreturn.h",
}
# A kernel's own <string.h> is reached by the compiler's calls to these four alone, never by an include.
C_SUFFIXES = (".c", ".h")
SOURCE_SUFFIXES = C_SUFFIXES + (".cc", ".cpp", ".hpp", ".S", ".ld", ".py", ".sh", ".cmake", ".scd")
SOURCE_NAMES = {"CMakeLists.txt", ".clang-format", ".clang-tidy"}
CPU_NAMES = re.compile(
    r"x86|amd64|aarch64|arm64|riscv|cr0|cr3|cr4|satp|ttbr|invlpg|tlbi|sfence", re.IGNORECASE)
INCLUDE = re.compile(r'^[ \t]*#\s*include\s*(?:<([^>]+)>|"([^"]+)"|(\w+))', re.MULTILINE)
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def files_below(root, room):
    """Paths below root/room, relative to root, without what builds and version control leave there."""
    for base, folders, names in os.walk(os.path.join(root, room)):
        folders[:] = sorted(f for f in folders if f not in ("build", ".git", "__pycache__"))
        # tests/build is a room, not a build tree: only the one at the root is skipped.
        if os.path.relpath(base, root) == "tests" and os.path.isdir(os.path.join(base, "build")):
            folders.append("build")
        for name in sorted(names):
            yield os.path.normpath(os.path.relpath(os.path.join(base, name), root))


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def without_comments(text):
    """The text with every comment blanked; line numbers stay."""
    def blank(match):
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found.startswith("/") else found
    return COMMENT_OR_STRING.sub(blank, text)


def c_files(root, *rooms):
    for room in rooms:
        for path in files_below(root, room):
            if path.endswith(C_SUFFIXES):
                yield path, without_comments(read(root, path))


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def is_own(root, path, name):
    """Whether "name", included by the file `path`, is a file of the core."""
    places = (os.path.dirname(path), "", "include")
    rooms = ("lib" + os.sep, "arch" + os.sep, "include" + os.sep)
    for place in places:
        found = os.path.normpath(os.path.join(place, name))
        if found.startswith(rooms) and os.path.isfile(os.path.join(root, found)):
            return True
    return False


def includes(root):
    for path, text in c_files(root, "include", "lib", "arch"):
        for match in INCLUDE.finditer(text):
            name = match.group(1) or match.group(2) or match.group(3)
            # The one include whose name the kernel chooses.
            if name == "MEM_VMAP_CONFIG_FILE" or name in FREESTANDING or is_own(root, path, name):
                continue
            yield f"{path}:{line_of(text, match.start())}: includes {name}: neither freestanding nor our own"


def layering(root):
    for path, text in c_files(root, "include", "lib"):
        for number, line in enumerate(text.split("\n"), 1):
            if CPU_NAMES.search(line):
                yield f"{path}:{number}: names a CPU: {line.strip()}"
        for match in INCLUDE.finditer(text):
            if "arch/" in (match.group(1) or match.group(2) or ""):
                yield f"{path}:{line_of(text, match.start())}: includes arch/"


def is_script(root, path):
    with open(os.path.join(root, path), "rb") as file:
        return file.read(2) == b"#!"


def spdx(root):
    for path in files_below(root, "."):
        name = os.path.basename(path)
        source = name.endswith(SOURCE_SUFFIXES) or name in SOURCE_NAMES or is_script(root, path)
        head = read(root, path).split("\n")[:3] if source else []
        if source and not any("SPDX-License-Identifier: MIT" in line for line in head):
            yield f"{path}: no SPDX-License-Identifier in its first three lines"


RULES = {"includes": includes, "layering": layering, "spdx": spdx}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in RULES or not os.path.isdir(sys.argv[2]):
        sys.exit(__doc__)
    rule, root = sys.argv[1:]
    # A check that found nothing to read would pass whatever is wrong.
    if not any(c_files(root, "lib")):
        sys.exit(f"check_sources.py: no C file in {root}/lib")
    broken = list(RULES[rule](root))
    for place in broken:
        print(place)
    print(f"{rule}: {len(broken)} broken")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
