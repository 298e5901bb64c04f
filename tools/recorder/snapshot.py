# SPDX-License-Identifier: MIT
"""What /proc says of a process: its areas and the frames of its resident pages.

Everything is in pages. A run is (page, frame, count): pages and frames that are both consecutive.
Documentation/admin-guide/mm/pagemap.rst of the kernel describes pagemap.
"""

import re
from array import array

PAGE_SHIFT = 12
PAGE = 1 << PAGE_SHIFT
USER_END = 1 << (47 - PAGE_SHIFT)  # the first page that no user area of x86-64 reaches (4 levels)

PRESENT_SPAN = re.compile(rb"[\x80-\xff]+")  # in the top bytes of the entries: bit 63 says resident
FRAME_MASK = (1 << 55) - 1
HIDDEN = 0  # the frame that pagemap shows to a reader without CAP_SYS_ADMIN

CHUNK = 1 << 17  # pagemap entries read at a time: 512 MiB of addresses
RANGE_MAX = 1 << 22  # pages: what is larger is a reservation, shadow memory say, and takes too long to read

READ, WRITE, EXEC = 1, 2, 4  # as PROT_* of mmap


def parse_areas(text):
    """The user areas (first page, end page, prot) in the text of a /proc/PID/maps, ascending."""
    areas = []
    for line in text.splitlines():
        bounds, rights = line.split()[:2]
        first, end = (int(word, 16) >> PAGE_SHIFT for word in bounds.split("-"))
        if end > USER_END:
            continue
        prot = sum(bit for letter, bit in zip("rwx", (READ, WRITE, EXEC)) if letter in rights)
        areas.append((first, end, prot))
    return areas


def parse_pagemap(page, data):
    """The runs in the bytes of a pagemap, the first entry of which is that of `page`."""
    runs = []
    for span in PRESENT_SPAN.finditer(data[7::8]):
        entries = array("Q")
        entries.frombytes(data[span.start() * 8:span.end() * 8])
        runs += split_span(page + span.start(), [entry & FRAME_MASK for entry in entries])
    return runs


def split_span(page, span):
    """The runs in the frames of consecutive resident pages."""
    runs = []
    start = 0
    for index in range(1, len(span) + 1):
        step = 0 if span[start] == HIDDEN else index - start
        if index == len(span) or span[index] != span[start] + step:
            runs.append((page + start, span[start], index - start))
            start = index
    return runs


def read_areas(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
        return parse_areas(maps.read())


def read_runs(pid, ranges):
    """The resident runs of a process in `ranges`, a list of (first page, end page); not of huge ones."""
    runs = []
    small = [(first, end) for first, end in ranges if end - first <= RANGE_MAX]
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for first, end in join(small):
            for page in range(first, end, CHUNK):
                pagemap.seek(page * 8)
                runs += parse_pagemap(page, pagemap.read(min(CHUNK, end - page) * 8) or b"")
    return runs


def read_whole(pid):
    """(areas, runs) of the whole process."""
    areas = read_areas(pid)
    return areas, read_runs(pid, [(first, end) for first, end, _ in areas])


def join(ranges):
    """Ascending ranges, with those that touch made one."""
    joined = []
    for first, end in ranges:
        if joined and joined[-1][1] == first:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, end))
    return joined


def hidden(runs):
    """Whether the kernel keeps the frames of these runs to itself."""
    return any(frame == HIDDEN for _, frame, _ in runs)
