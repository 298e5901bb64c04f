# SPDX-License-Identifier: MIT
"""Frames out of a buddy allocator, for kernels that do not show the real ones."""

from recorder.snapshot import PAGE, PAGE_SHIFT

ORDER_MAX = 10  # the kernel's largest block: 4 MiB
HUGE_ORDER = 9
LOW_END = 1 << (20 - PAGE_SHIFT)  # the first MiB is not for programs


class Buddy:
    """The blocks of free frames by order, last freed first, as the kernel keeps them."""

    def __init__(self, ranges):
        """`ranges`: the (first frame, end frame) of each piece of memory."""
        self.free = [{} for _ in range(ORDER_MAX + 1)]  # a dict keeps the order of insertion
        for first, end in reversed(ranges):
            self._add(first, end)

    def _add(self, first, end):
        while first < end:
            order = min(ORDER_MAX, (end - first).bit_length() - 1, aligned_order(first))
            self.free[order][first] = True
            first += 1 << order

    def get(self, order=0):
        """The first frame of a free block, or None."""
        size = next((n for n in range(order, ORDER_MAX + 1) if self.free[n]), None)
        if size is None:
            return None
        frame, _ = self.free[size].popitem()
        while size > order:
            size -= 1
            self.free[size][frame + (1 << size)] = True
        return frame

    def put(self, frame):
        """Takes one frame back and joins it with its free neighbours."""
        order = 0
        while order < ORDER_MAX and self.free[order].pop(frame ^ (1 << order), False):
            frame &= ~(1 << order)
            order += 1
        self.free[order][frame] = True


def aligned_order(frame):
    return (frame & -frame).bit_length() - 1 if frame else ORDER_MAX


class Supply:
    """Gives frames to pages whose own are hidden, and knows how many spaces share each."""

    def __init__(self, buddy):
        self.buddy = buddy
        self.users = {}

    def fill(self, pages, shared):
        """Gives every page of the dict a frame: that of `shared` (page -> frame) where it has one; a
        block of its own to each whole and aligned 2 MiB, as transparent huge pages would."""
        for page in sorted(pages):
            if page in shared:
                pages[page] = shared[page]
        empty = [page for page in sorted(pages) if not pages[page]]
        for page in empty:
            if not pages[page]:
                self._fill_from(pages, page)
        for frame in pages.values():
            self.users[frame] = self.users.get(frame, 0) + 1

    def _fill_from(self, pages, page):
        count = 1 << HUGE_ORDER
        huge = page % count == 0 and all(pages.get(page + n) == 0 for n in range(count))
        block = self.buddy.get(HUGE_ORDER) if huge else None
        if block is None:
            pages[page] = self._single()
            return
        for n in range(count):
            pages[page + n] = block + n

    def _single(self):
        frame = self.buddy.get()
        if frame is None:
            raise MemoryError("the recorded programs use more memory than this machine has")
        return frame

    def release(self, frames):
        for frame in frames:
            self.users[frame] -= 1
            if not self.users[frame]:
                del self.users[frame]
                self.buddy.put(frame)


def memory_map():
    """(ranges of frames, where they were read): this machine's memory."""
    with open("/proc/iomem", encoding="utf-8") as iomem:
        ranges = parse_iomem(iomem.read())
    if ranges:
        return ranges, "the System RAM of /proc/iomem"
    with open("/proc/meminfo", encoding="utf-8") as meminfo:
        total = next(int(line.split()[1]) for line in meminfo if line.startswith("MemTotal:"))
    return [(LOW_END, LOW_END + total * 1024 // PAGE)], "MemTotal of /proc/meminfo"


def parse_iomem(text):
    """The (first frame, end frame) of each System RAM line; [] where the kernel hides the addresses."""
    ranges = []
    for line in text.splitlines():
        bounds, _, name = line.partition(" : ")
        if name != "System RAM":
            continue
        first, last = (int(word, 16) for word in bounds.split("-"))
        first, end = max((first + PAGE - 1) >> PAGE_SHIFT, LOW_END), (last + 1) >> PAGE_SHIFT
        if first < end:
            ranges.append((first, end))
    return ranges
