# SPDX-License-Identifier: MIT
"""A model of one address space: its areas, and the frames of the pages that are in it.

Pages of an area without rights are remembered, but are not mapped.
"""

from recorder.timeline import take_pages


class SpaceModel:

    def __init__(self):
        self.areas = []  # (first, end, prot): ascending, disjoint
        self.pages = {}  # page -> frame

    def cut(self, first, end):
        """Removes the areas between two pages and returns them, clipped."""
        kept, gone = [], []
        for area_first, area_end, prot in self.areas:
            low, high = max(area_first, first), min(area_end, end)
            if low >= high:
                kept.append((area_first, area_end, prot))
                continue
            gone.append((low, high, prot))
            kept += [part for part in ((area_first, low, prot), (high, area_end, prot)) if part[0] < part[1]]
        self.areas = kept
        return gone

    def add(self, areas):
        """Adds areas where there are none."""
        self.areas = sorted(self.areas + [area for area in areas if area[0] < area[1]])

    def prot_at(self, page, default):
        return next((prot for first, end, prot in self.areas if first <= page < end), default)

    def remove(self, first, end):
        """Takes areas and pages out; returns the areas and the pages (page -> frame)."""
        return self.cut(first, end), take_pages(self.pages, first, end)

    def pages_in(self, first, end):
        """The pages between two, ascending."""
        if end - first < len(self.pages):
            return [page for page in range(first, end) if page in self.pages]
        return sorted(page for page in self.pages if first <= page < end)


def page_runs(pages):
    """The (page, count) runs of an ascending list of pages."""
    runs = []
    for page in pages:
        if runs and runs[-1][0] + runs[-1][1] == page:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((page, 1))
    return runs


def frame_runs(pages, frames):
    """The (page, frame, count) runs, consecutive in both, of an ascending list of pages."""
    runs = []
    for page in pages:
        frame = frames[page]
        if runs:
            start, start_frame, count = runs[-1]
            if page == start + count and frame == start_frame + count:
                runs[-1] = (start, start_frame, count + 1)
                continue
        runs.append((page, frame, 1))
    return runs
