#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual pages build, pass mandoc's lint, and show every public call as the header declares it.

Usage: check_manual.py ROOT
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
PROTOTYPE = re.compile(r"^(?:const |struct )?\w+ \*?mem_vmap_\w+\([^;{]*\);", re.MULTILINE)


def normal(text):
    return re.sub(r"\s+", " ", text).strip()


def build_and_lint(sources, scratch):
    """The pages that do not build or that mandoc has something to say about."""
    for source in sources:
        page = os.path.join(scratch, os.path.basename(source)[: -len(".scd")])
        builder = os.path.join(os.path.dirname(source), "build-page")
        made = subprocess.run([builder, source, page], stderr=subprocess.PIPE)
        if made.returncode:
            yield f"{source}: {made.stderr.decode()}"
            continue
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if lint.returncode:
            yield f"{source}: {lint.stdout}"


def undocumented(root, sources):
    """The prototypes of the headers that no SYNOPSIS shows word for word."""
    pages = ""
    for source in sources:
        with open(source, encoding="utf-8") as file:
            pages += normal(file.read())
    for header in ("include/mem/vmap.h", "include/mem/vmap_cpu.h"):
        with open(os.path.join(root, header), encoding="utf-8") as file:
            prototypes = PROTOTYPE.findall(file.read())
        if not prototypes:
            yield f"{header}: found no prototype"
        for prototype in prototypes:
            if normal(prototype) not in pages:
                yield f"no manual page has: {normal(prototype)}"


def main():
    root = sys.argv[1]
    for tool in ("scdoc", "mandoc"):
        if not shutil.which(tool):
            print(f"skipped: no {tool} here")
            return SKIPPED
    sources = sorted(glob.glob(os.path.join(root, "docs", "*.scd")))
    if not sources:
        print("no manual page in docs/")
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        broken = list(build_and_lint(sources, scratch)) + list(undocumented(root, sources))
    print("\n".join(broken) if broken else f"ok: {len(sources)} pages")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
