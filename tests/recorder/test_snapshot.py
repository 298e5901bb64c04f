# SPDX-License-Identifier: MIT
import struct
import unittest

import rooms  # noqa: F401
from recorder import frames, snapshot

PRESENT = 1 << 63
MAPS = """\
55d0a000-55d0c000 r--p 00000000 fe:00 1234      /usr/bin/a b
55d0c000-55d10000 r-xp 00002000 fe:00 1234      /usr/bin/a b
7ffd2000-7ffd3000 rw-p 00000000 00:00 0         [stack]
7ffd5000-7ffd9000 ---p 00000000 00:00 0
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
"""


def pagemap(*frames_or_none):
    return b"".join(struct.pack("<Q", 0 if frame is None else PRESENT | frame) for frame in frames_or_none)


class SnapshotTest(unittest.TestCase):
    def test_areas(self):
        self.assertEqual(snapshot.parse_areas(MAPS), [(0x55D0A, 0x55D0C, 1), (0x55D0C, 0x55D10, 5),
                                                      (0x7FFD2, 0x7FFD3, 3), (0x7FFD5, 0x7FFD9, 0)])

    def test_runs_are_consecutive_in_both(self):
        data = pagemap(None, 50, 51, 53, None, 54, 55)
        self.assertEqual(snapshot.parse_pagemap(100, data), [(101, 50, 2), (103, 53, 1), (105, 54, 2)])

    def test_other_bits_are_not_the_frame(self):
        data = struct.pack("<QQ", PRESENT | 1 << 61 | 1 << 56 | 1 << 55 | 7, 1 << 62 | 99)
        self.assertEqual(snapshot.parse_pagemap(1, data), [(1, 7, 1)])

    def test_hidden_frames(self):
        runs = snapshot.parse_pagemap(8, pagemap(0, 0, None, 0))
        self.assertEqual(runs, [(8, 0, 2), (11, 0, 1)])
        self.assertTrue(snapshot.hidden(runs))
        self.assertFalse(snapshot.hidden([(8, 3, 1)]))

    def test_ranges_that_touch_are_joined(self):
        self.assertEqual(snapshot.join([(1, 3), (3, 4), (6, 7)]), [(1, 4), (6, 7)])


class MemoryMapTest(unittest.TestCase):
    def test_system_ram_above_the_first_mib(self):
        text = ("00001000-0009fbff : System RAM\n00100000-bfffffff : System RAM\n"
                "  01000000-0220bb07 : Kernel code\n100000000-13fffffff : System RAM\n")
        self.assertEqual(frames.parse_iomem(text), [(0x100, 0xC0000), (0x100000, 0x140000)])

    def test_hidden_addresses(self):
        self.assertEqual(frames.parse_iomem("00000000-00000000 : System RAM\n"), [])


class BuddyTest(unittest.TestCase):
    def test_all_frames_once_and_joined_again(self):
        buddy = frames.Buddy([(3, 2051)])
        taken = []
        while (frame := buddy.get()) is not None:
            taken.append(frame)
        self.assertEqual(sorted(taken), list(range(3, 2051)))
        for frame in taken:
            buddy.put(frame)
        self.assertEqual(buddy.get(frames.ORDER_MAX), 1024)

    def test_huge_page_for_a_whole_block(self):
        supply = frames.Supply(frames.Buddy([(256, 4096)]))
        pages = {page: 0 for page in range(511, 1025)}
        supply.fill(pages, {})
        self.assertEqual(pages[512] % 512, 0)
        self.assertEqual([pages[512 + n] - pages[512] for n in range(512)], list(range(512)))
        self.assertEqual(len(set(pages.values())), len(pages))

    def test_shared_frame_is_free_when_nobody_has_it(self):
        supply = frames.Supply(frames.Buddy([(256, 257)]))
        mine, child = {1: 0}, {1: 0}
        supply.fill(mine, {})
        supply.fill(child, mine)
        self.assertEqual(child, mine)
        supply.release(mine.values())
        with self.assertRaises(MemoryError):
            supply.fill({2: 0}, {})
        supply.release(child.values())
        supply.fill({2: 0}, {})


if __name__ == "__main__":
    unittest.main()
