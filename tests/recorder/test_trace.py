# SPDX-License-Identifier: MIT
"""From events, and from strace's words, to the lines of a trace."""

import random
import unittest

import rooms  # noqa: F401
import check_trace
from recorder import strace
from recorder.events import Born, Died, Discarded, Mapped, Moved, Protected, Seen, Unmapped
from recorder.session import Session
from recorder.snapshot import READ, WRITE, EXEC
from recorder.timeline import place_frames
from recorder.writer import Writer, size

RW = READ | WRITE


def lines(*events):
    """The operations of one space that lives through `events`."""
    writer = Writer()
    events = [Born(1, "program", areas=[]), *events, Died(1)]
    place_frames(events)
    for event in events:
        writer.write(event)
    check_trace.check(writer.lines)
    return writer.lines[2:-1]


class WriterTest(unittest.TestCase):
    def test_page_that_was_never_seen_is_not_mapped(self):
        self.assertEqual(lines(Mapped(1, 16, 20, RW), Seen(1, [(17, 99, 2)]), Unmapped(1, 16, 20)),
                         ["map 0x63000 0x11000 8K rwu => ok", "unmap 0x10000 16K"])

    def test_frame_seen_last_counts(self):
        self.assertEqual(lines(Mapped(1, 16, 17, READ), Seen(1, [(16, 5, 1)]), Seen(1, [(16, 6, 1)])),
                         ["map 0x6000 0x10000 4K ru => ok"])

    def test_same_place_twice(self):
        self.assertEqual(lines(Mapped(1, 16, 17, RW), Seen(1, [(16, 5, 1)]), Unmapped(1, 16, 17),
                               Mapped(1, 16, 17, READ | EXEC), Seen(1, [(16, 7, 1)])),
                         ["map 0x5000 0x10000 4K rwu => ok", "unmap 0x10000 4K",
                          "map 0x7000 0x10000 4K rxu => ok"])

    def test_fixed_mapping_removes_what_is_there(self):
        self.assertEqual(lines(Mapped(1, 16, 20, READ), Mapped(1, 17, 18, RW), Seen(1, [(16, 5, 2)])),
                         ["map 0x5000 0x10000 4K ru => ok", "unmap 0x11000 4K",
                          "map 0x6000 0x11000 4K rwu => ok"])

    def test_protect_leaves_out_holes(self):
        self.assertEqual(lines(Mapped(1, 16, 20, RW), Protected(1, 16, 20, READ),
                               Seen(1, [(16, 5, 1), (18, 9, 2)])),
                         ["map 0x5000 0x10000 4K rwu => ok", "map 0x9000 0x12000 8K rwu => ok",
                          "protect 0x10000 4K ru => ok", "protect 0x12000 8K ru => ok"])

    def test_no_rights_is_not_mapped(self):
        self.assertEqual(lines(Mapped(1, 16, 20, 0), Protected(1, 17, 18, RW), Seen(1, [(17, 5, 1)]),
                               Protected(1, 17, 18, 0)),
                         ["map 0x5000 0x11000 4K rwu => ok", "unmap 0x11000 4K"])

    def test_move_keeps_the_frames_and_grows(self):
        self.assertEqual(lines(Mapped(1, 16, 18, RW), Moved(1, 16, 2, 32, 4), Seen(1, [(32, 5, 4)])),
                         ["map 0x5000 0x10000 8K rwu => ok", "unmap 0x10000 8K",
                          "map 0x5000 0x20000 8K rwu => ok", "map 0x7000 0x22000 8K rwu => ok"])

    def test_shrink_in_place(self):
        self.assertEqual(lines(Mapped(1, 16, 18, RW), Seen(1, [(16, 5, 2)]), Moved(1, 16, 2, 16, 1)),
                         ["map 0x5000 0x10000 8K rwu => ok", "unmap 0x11000 4K"])

    def test_discarded_pages_come_back(self):
        self.assertEqual(lines(Mapped(1, 16, 18, RW), Seen(1, [(16, 5, 2)]), Discarded(1, 16, 18),
                               Seen(1, [(17, 9, 1)])),
                         ["map 0x5000 0x10000 8K rwu => ok", "unmap 0x10000 8K",
                          "map 0x9000 0x11000 4K rwu => ok"])

    def test_stack_that_grew_by_itself(self):
        self.assertEqual(lines(Seen(1, [(100, 5, 1)])), ["map 0x5000 0x64000 4K rwu => ok"])

    def test_fork_copies_areas_and_has_its_own_frames(self):
        events = [Born(1, "a", areas=[(16, 20, READ)]), Born(2, "a", parent=1), Seen(2, [(17, 6, 1)]), Died(2),
                  Seen(1, [(17, 5, 1)]), Died(1)]
        place_frames(events)
        writer = Writer()
        for event in events:
            writer.write(event)
        self.assertEqual(writer.lines, [
            "# a: execve", "space 1 wx", "map 0x5000 0x11000 4K ru => ok",
            "# a: fork of space 1", "space 2 wx", "map 0x6000 0x11000 4K ru => ok", "unmap 0x0 0x7ffffffff000",
            "select 1", "unmap 0x0 0x7ffffffff000"])

    def test_lengths(self):
        self.assertEqual([size(count) for count in (1, 3, 256, 257, 1 << 18)], ["4K", "12K", "1M", "1028K", "1G"])

    def test_any_events_make_a_valid_trace(self):
        for seed in range(300):
            with self.subTest(seed=seed):
                lines(*random_events(random.Random(seed)))


def random_events(rng):
    """Events that need not make sense: the trace must be valid all the same."""
    events = []
    for _ in range(40):
        first, count, other = rng.randrange(48), rng.randrange(1, 12), rng.randrange(64, 96)
        events.append(rng.choice([
            Seen(1, [(first, rng.randrange(1, 99), count)]),
            Mapped(1, first, first + count, rng.randrange(8)),
            Unmapped(1, first, first + count),
            Protected(1, first, first + count, rng.randrange(8)),
            Discarded(1, first, first + count),
            Moved(1, first, count, rng.choice((first, other)), rng.randrange(1, 12)),
        ]))
    return events


# No process has numbers as large as these.
FORKS = """\
5000010 1.0 execve("/usr/bin/nice", ["nice"], 0x1 /* 1 var */) = 0
5000010 1.1 execve("/bin/none", ["none"], 0x1 /* 1 var */) = -1 ENOENT (No such file or directory)
5000010 1.1 execve("/bin/sh", ["sh"], 0x1 /* 1 var */) = 0 (DELAYED)
5000010 1.2 brk(NULL)       = 0x10800
5000010 1.2 brk(0x13800)       = 0x13800
5000010 1.2 brk(0x11800)       = 0x11800 (DELAYED)
5000010 1.3 clone(child_stack=NULL, flags=0x1200000|17, child_tidptr=0x7f0) = 5000011 (DELAYED)
5000010 1.4 clone3({flags=0x3d0f00, child_tid=0x7f0}, 88) = 5000012
5000012 1.5 munmap(0x5000, 4096) = 0
5000011 1.5 munmap(0x6000, 1) = 0
5000011 1.6 munmap(0x6001, 1) = -1 EINVAL (Invalid argument)
5000012 1.6 exit(0)         = ?
5000012 1.6 +++ exited with 0 +++
5000010 1.7 vfork( <unfinished ...>
5000011 1.8 exit_group(0)   = ?
5000011 1.8 +++ exited with 0 +++
5000010 1.9 <... vfork resumed>) = 5000013
5000013 2.0 execve("/bin/ls", ["ls"], 0x1 /* 1 var */) = 0 (DELAYED)
5000013 2.1 mmap(NULL, 8192, 0x5, 0x22, -1, 0) = 0x7000
"""


class SessionTest(unittest.TestCase):
    def test_threads_share_and_forks_and_execs_do_not(self):
        """The threads are not there, so that nothing is ever seen of their page tables."""
        session = Session(lambda when: None)
        for told in strace.Parser().feed(FORKS):
            session.take(told)
        session.end()
        events = [event for event in session.events if not isinstance(event, Seen)]
        self.assertEqual(events, [
            Born(1, "sh", areas=[]), Mapped(1, 17, 20, RW), Unmapped(1, 18, 20), Born(2, "sh", parent=1),
            Unmapped(1, 5, 6), Unmapped(2, 6, 7), Unmapped(2, 6, 6), Died(2), Born(3, "ls", areas=[]),
            Mapped(3, 7, 9, READ | EXEC), Died(1), Died(3)])
        self.assertEqual((session.processes, session.spaces), (3, 3))


if __name__ == "__main__":
    unittest.main()
