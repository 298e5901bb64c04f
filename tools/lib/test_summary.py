#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads the JUnit file that ctest wrote: prints every skipped test with its reason on stderr, and
"PASSED FAILED" on stdout.

Usage: test_summary.py FILE
"""
import sys
import xml.etree.ElementTree as ElementTree


def reason_of(case):
    """The last line a skipped test printed, or what ctest says where it printed nothing."""
    lines = (case.findtext("system-out") or "").strip().split("\n")
    return lines[-1].removeprefix("skipped: ") or case.find("skipped").get("message", "no reason given")


def main():
    passed = failed = 0
    for case in ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
        if case.find("skipped") is not None:
            print(f"   skipped {case.get('name')}: {reason_of(case)}", file=sys.stderr)
        elif case.get("status") == "run":
            passed += 1
        else:
            failed += 1
    print(passed, failed)


if __name__ == "__main__":
    main()
