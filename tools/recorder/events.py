# SPDX-License-Identifier: MIT
"""What happened to the address spaces, in order. Addresses are page numbers, prot as PROT_* of mmap.

`pages` (page -> frame) is empty at first: timeline fills in the pages that were ever seen resident
in what the event made.
"""

from dataclasses import dataclass, field


@dataclass
class Seen:
    """These runs (page, frame, count) were resident."""
    space: int
    runs: list


@dataclass
class Born:
    """A space begins, with the `areas` (first, end, prot) of an execve or as a copy of `parent`."""
    space: int
    name: str
    areas: list = None
    parent: int = None
    pages: dict = field(default_factory=dict)


@dataclass
class Mapped:
    space: int
    first: int
    end: int
    prot: int
    pages: dict = field(default_factory=dict)


@dataclass
class Unmapped:
    space: int
    first: int
    end: int


@dataclass
class Protected:
    space: int
    first: int
    end: int
    prot: int


@dataclass
class Discarded:
    """madvise took the pages and left the area; `pages` are those that came back later."""
    space: int
    first: int
    end: int
    pages: dict = field(default_factory=dict)


@dataclass
class Moved:
    """mremap: `old_count` pages at `old` became `count` pages at `new`.
    `pages` are those that it gained by growing."""
    space: int
    old: int
    old_count: int
    new: int
    count: int
    pages: dict = field(default_factory=dict)

    @property
    def moved(self):
        return min(self.old_count, self.count)


@dataclass
class Died:
    space: int
