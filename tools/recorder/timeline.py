# SPDX-License-Identifier: MIT
"""Finds a frame for every page that was ever seen resident.

A page enters the trace where its area was made, with the frame that was seen last before it went:
copies on write, and the kernel's own moving of pages, are not calls and leave no mark. A page that
was never seen resident had no entry in the real page tables either, and gets none.
"""

from functools import singledispatch

from recorder.events import Born, Died, Discarded, Mapped, Moved, Protected, Seen, Unmapped


def place_frames(events):
    """Fills `pages` of the events. Goes backwards, so that each sighting meets first the event that
    made the page; `later` holds, for each space, the sightings that still look for theirs."""
    later = {}
    for event in reversed(events):
        back(event, later.setdefault(event.space, {}))


def take_pages(pages, first, end):
    """Removes the pages from `first` up to `end` from the dict and returns them."""
    if end - first < len(pages):
        return {page: pages.pop(page) for page in range(first, end) if page in pages}
    return {page: pages.pop(page) for page in list(pages) if first <= page < end}


@singledispatch
def back(event, later):
    """What was seen after `event` was not there before it, or not in the same place."""
    raise TypeError(event)


@back.register
def _(event: Seen, later):
    for page, frame, count in event.runs:
        for index in range(count):
            later.setdefault(page + index, frame + index if frame else 0)


@back.register
def _(event: Born, later):
    event.pages = dict(later)
    later.clear()


@back.register(Mapped)
@back.register(Discarded)
def _(event, later):
    event.pages = take_pages(later, event.first, event.end)


@back.register
def _(event: Unmapped, later):
    take_pages(later, event.first, event.end)


@back.register
def _(event: Moved, later):
    after = take_pages(later, event.new, event.new + event.count)
    take_pages(later, event.old, event.old + event.old_count)
    for page, frame in after.items():
        offset = page - event.new
        if offset < event.moved:
            later[event.old + offset] = frame
        else:
            event.pages[page] = frame


@back.register(Protected)
@back.register(Died)
def _(event, later):
    """Nothing comes or goes; what a dead space still holds goes with it."""
