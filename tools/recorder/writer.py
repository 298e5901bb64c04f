# SPDX-License-Identifier: MIT
"""Turns events into the text form of docs/design.md. Every line is valid by construction: a model of
what is mapped decides what is written, never the program's word for it."""

from functools import singledispatchmethod

from recorder.events import Born, Died, Discarded, Mapped, Moved, Protected, Seen, Unmapped
from recorder.snapshot import EXEC, PAGE, PAGE_SHIFT, USER_END, WRITE, READ
from recorder.space import SpaceModel, frame_runs, page_runs
from recorder.timeline import take_pages

STACK_PROT = READ | WRITE
USER_BYTES = (USER_END << PAGE_SHIFT) - PAGE  # the last page below the hole is never used


class Writer:
    """`supply` (frames.Supply) gives frames to pages whose own are hidden; None: there are none such."""

    def __init__(self, supply=None):
        self.supply = supply
        self.lines = []
        self.spaces = {}
        self.names = {}
        self.target = self.selected = None  # the spaces that the next line is about, the last was about
        self.operations = 0
        self.pages = 0
        self.runs = 0

    @singledispatchmethod
    def write(self, event):
        """Writes what `event`, which timeline has given its pages, does to the page tables."""
        raise TypeError(event)

    @write.register
    def _(self, event: Seen):
        """Nothing: timeline has spread it over the others."""

    @write.register
    def _(self, event: Born):
        parent = self.spaces.get(event.parent)
        space = self.spaces[event.space] = SpaceModel()
        space.add(event.areas if parent is None else parent.areas)
        self.target = self.selected = event.space
        how = "execve" if parent is None else f"fork of space {event.parent}"
        self.lines.append(f"# {event.name}: {how}")
        self._operation(f"space {event.space} wx")
        self._add_strays(space, event.pages)
        self._fill(space, event.pages, parent.pages if parent else {})

    @write.register
    def _(self, event: Mapped):
        space = self._select(event.space)
        self._unmap_old(space, event.first, event.end)
        space.add([(event.first, event.end, event.prot)])
        self._fill(space, event.pages, {})

    @write.register
    def _(self, event: Unmapped):
        if event.first < event.end:
            self._unmap(self._select(event.space), event.first, event.end)

    @write.register
    def _(self, event: Discarded):
        space = self._select(event.space)
        areas = space.cut(event.first, event.end)
        self._unmap(space, event.first, event.end)
        space.add(areas)
        self._add_strays(space, event.pages)
        self._fill(space, event.pages, {})

    @write.register
    def _(self, event: Protected):
        space = self._select(event.space)
        areas = space.cut(event.first, event.end)
        space.add([(first, end, event.prot) for first, end, _ in areas])
        for first, end, old in areas:
            self._protect(space, first, end, old, event.prot)

    @write.register
    def _(self, event: Moved):
        space = self._select(event.space)
        prot = space.prot_at(event.old, READ | WRITE)
        if event.new == event.old:
            self._resize(space, event, prot)
            return
        areas, pages = space.remove(event.old, event.old + event.old_count)
        if event.old_count:
            self._operation(f"unmap {virt(event.old)} {size(event.old_count)}")
        self._release(take_pages(pages, event.old + event.moved, event.old + event.old_count))
        self._unmap_old(space, event.new, event.new + event.count)
        shift = event.new - event.old
        space.add(clip([(first + shift, end + shift, prot) for first, end, prot in areas],
                       event.new, event.new + event.moved))
        space.add([(event.new + event.moved, event.new + event.count, prot)])
        moved = {page + shift: frame for page, frame in pages.items()}
        space.pages.update(moved)
        self._map(space, moved)
        self._fill(space, event.pages, {})

    @write.register
    def _(self, event: Died):
        space = self._select(event.space)
        self._release(space.pages)
        space.areas, space.pages = [], {}
        self._operation(f"unmap 0x0 {USER_BYTES:#x}")

    # The steps of the above

    def _select(self, number):
        self.target = number
        return self.spaces[number]

    def _resize(self, space, event, prot):
        """An mremap that leaves the area where it is."""
        old_end, end = event.old + event.old_count, event.new + event.count
        if end < old_end:
            self._unmap(space, end, old_end)
            return
        self._unmap_old(space, old_end, end)
        space.add([(old_end, end, prot)])
        self._fill(space, event.pages, {})

    def _unmap(self, space, first, end):
        _, pages = space.remove(first, end)
        self._release(pages)
        self._operation(f"unmap {virt(first)} {size(end - first)}")

    def _unmap_old(self, space, first, end):
        """Makes way for a new area, as the kernel does: only where there is something in the way."""
        areas, pages = space.remove(first, end)
        self._release(pages)
        if areas or pages:
            self._operation(f"unmap {virt(first)} {size(end - first)}")

    def _protect(self, space, first, end, old, new):
        """Rights that come make pages appear, rights that go make them disappear."""
        pages = space.pages_in(first, end)
        if not old and new:
            self._map(space, {page: space.pages[page] for page in pages})
        elif old and not new and pages:
            self._operation(f"unmap {virt(first)} {size(end - first)}")
        elif old and new:
            for page, count in page_runs(pages):
                self._operation(f"protect {virt(page)} {size(count)} {rights(new)} => ok")

    def _add_strays(self, space, pages):
        """Areas for pages that no call made: the kernel grows stacks by itself."""
        strays = [page for page in sorted(pages) if space.prot_at(page, None) is None]
        space.add([(page, page + count, STACK_PROT) for page, count in page_runs(strays)])

    def _fill(self, space, pages, shared):
        if self.supply:
            self.supply.fill(pages, shared)
        space.pages.update(pages)
        self._map(space, pages)

    def _release(self, pages):
        if self.supply:
            self.supply.release(pages.values())

    def _map(self, space, pages):
        """Maps those of the pages that are in an area with rights."""
        ascending = sorted(pages)
        at = 0
        for first, end, prot in space.areas:
            while at < len(ascending) and ascending[at] < first:
                at += 1
            start = at
            while at < len(ascending) and ascending[at] < end:
                at += 1
            if prot:
                self._map_runs(frame_runs(ascending[start:at], pages), prot)

    def _map_runs(self, runs, prot):
        for page, frame, count in runs:
            self._operation(f"map {virt(frame)} {virt(page)} {size(count)} {rights(prot)} => ok")
            self.pages += count
        self.runs += len(runs)

    def _operation(self, line):
        if self.selected != self.target:
            self.selected = self.target
            self._operation(f"select {self.target}")
        self.lines.append(line)
        self.operations += 1


def clip(areas, first, end):
    return [(max(low, first), min(high, end), prot) for low, high, prot in areas]


def virt(page):
    return f"{page << PAGE_SHIFT:#x}"


def size(count):
    """A number of pages as a length in bytes: 12K, 2M, 1G."""
    for unit, letter in ((1 << 18, "G"), (1 << 8, "M")):
        if count % unit == 0:
            return f"{count // unit}{letter}"
    return f"{count * (PAGE >> 10)}K"


def rights(prot):
    """The flags of a user page; x86-64 has no page that can be written or run but not read."""
    return "r" + "w" * bool(prot & WRITE) + "x" * bool(prot & EXEC) + "u"
