# SPDX-License-Identifier: MIT
"""Follows the threads of a traced program and writes down what happens to their address spaces.

Reads the page tables of a process at the moments when pages are about to go: see Session.see.
"""

from dataclasses import dataclass

from recorder import snapshot
from recorder.events import Born, Died, Discarded, Mapped, Moved, Protected, Seen, Unmapped
from recorder.strace import (CLONE_THREAD, CLONE_VM, Ended, Entered, Renumbered, Returned, clone_flags,
                             exec_name, numbers)

MAP_FIXED = 0x10
MREMAP_FIXED = 2
MREMAP_DONTUNMAP = 4
MADV_DONTNEED = (4, 24)  # and MADV_DONTNEED_LOCKED
PROT_MASK = snapshot.READ | snapshot.WRITE | snapshot.EXEC


def page_of(address):
    return address >> snapshot.PAGE_SHIFT


def page_up(address):
    return (address + snapshot.PAGE - 1) >> snapshot.PAGE_SHIFT


@dataclass
class Space:
    number: int
    name: str
    brk: int = None


@dataclass
class Thread:
    group: int
    space: Space


class Session:
    """`stop(when)` makes what is held since `when` stand still until the next tuple has been taken."""

    def __init__(self, stop):
        self.stop = stop
        self.when = None  # of the tuple in hand
        self.events = []
        self.threads = {}
        self.creating = {}  # tid -> flags of the clone, fork or vfork that it is in
        self.leaving = {}  # tid -> the Unmapped of the munmap that it is in
        self.spaces = 0
        self.processes = 0
        self.unread = 0  # page tables that could not be read

    def take(self, told):
        """One tuple of strace.Parser."""
        self.when = getattr(told, "when", None)
        match told:
            case Entered(tid, _, name, args):
                self._entered(self._thread(tid), tid, name, args)
            case Returned(tid, _, name, args, value):
                self._returned(self._thread(tid), tid, name, args, value)
            case Renumbered(old, tid):
                self.threads[tid] = self.threads.pop(old, None) or Thread(tid, None)
            case Ended(tid):
                self.creating.pop(tid, None)
                self.leaving.pop(tid, None)
                thread = self.threads.pop(tid, None)
                self._left(thread and thread.space)

    def end(self):
        """Nothing more is told: what still runs is no longer followed."""
        for tid in list(self.threads):
            self.take(Ended(tid))

    def see(self, tid, space, ranges):
        """Reads which frames the pages of `ranges` are in; None: of the whole space."""
        try:
            self.stop(self.when)
            runs = snapshot.read_whole(tid)[1] if ranges is None else snapshot.read_runs(tid, ranges)
        except OSError:
            self.unread += 1
            return
        if runs:
            self.events.append(Seen(space.number, runs))

    def see_all(self):
        """Reads every space: for pages that go without a call, as when a signal ends the program."""
        self.when = None
        seen = set()
        for tid, thread in list(self.threads.items()):
            if thread.space and thread.space.number not in seen:
                seen.add(thread.space.number)
                self.see(tid, thread.space, None)

    # Threads and spaces

    def _thread(self, tid):
        return self.threads.get(tid) or self._adopt(tid)

    def _adopt(self, tid):
        """A thread that is heard of before the call that made it has returned."""
        group, parent = read_family(tid)
        maker = next((creator for creator in self.creating
                      if self.threads[creator].group in (group, parent)), None)
        if maker is None:
            self.threads[tid] = Thread(group, None)  # the first one: its program is not running yet
            return self.threads[tid]
        return self._created(maker, tid)

    def _created(self, maker, tid):
        if tid in self.threads:
            return self.threads[tid]
        parent, flags = self.threads[maker], self.creating.get(maker, 0)
        group = parent.group if flags & CLONE_THREAD else tid
        self.processes += group == tid
        self.threads[tid] = Thread(group, parent.space)
        if parent.space and not flags & CLONE_VM:
            self.threads[tid].space = self._fork(parent.space)
        return self.threads[tid]

    def _fork(self, parent):
        self.spaces += 1
        child = Space(self.spaces, parent.name, parent.brk)
        self.events.append(Born(child.number, child.name, parent=parent.number))
        return child

    def _left(self, space):
        """A thread has left `space`, and may have been the last one there."""
        if space and not self._users(space):
            self.events.append(Died(space.number))

    def _users(self, space):
        return [thread for thread in self.threads.values() if thread.space is space]

    # Calls

    def _entered(self, thread, tid, name, args):
        if name in ("clone", "clone3", "fork", "vfork"):
            self.creating[tid] = clone_flags(name, args)
        handler = ENTER.get(name)
        if handler and thread.space:
            handler(self, thread, tid, args)

    def _enter_mmap(self, thread, tid, args):
        address, length, _, flags = numbers(args, 4)
        if flags & MAP_FIXED:
            self.see(tid, thread.space, [(page_of(address), page_up(address + length))])

    def _enter_munmap(self, thread, tid, args):
        """The pages go between entry and return; another thread may map there before the return."""
        address, length = numbers(args, 2)
        first, end = page_of(address), page_up(address + length)
        self.see(tid, thread.space, [(first, end)])
        self.leaving[tid] = Unmapped(thread.space.number, first, end)
        self.events.append(self.leaving[tid])

    def _enter_mremap(self, thread, tid, args):
        old, old_length, length, flags, new = numbers(args, 5)
        ranges = [(page_of(old), page_up(old + old_length))]
        if flags & MREMAP_FIXED:
            ranges.append((page_of(new), page_up(new + length)))
        self.see(tid, thread.space, ranges)

    def _enter_madvise(self, thread, tid, args):
        address, length, advice = numbers(args, 3)
        if advice in MADV_DONTNEED:
            self.see(tid, thread.space, [(page_of(address), page_up(address + length))])

    def _enter_brk(self, thread, tid, args):
        address = numbers(args, 1)[0]
        if thread.space.brk and 0 < address < thread.space.brk:
            self.see(tid, thread.space, [(page_up(address), page_up(thread.space.brk))])

    def _enter_last(self, thread, tid, args):
        """An execve or exit; a child of vfork leaves its parent's pages alone."""
        if all(user.group == thread.group for user in self._users(thread.space)):
            self.see(tid, thread.space, None)

    def _enter_exit(self, thread, tid, args):
        """The exit of one thread, which is the end of the process only if there is no other."""
        if len(self._users(thread.space)) == 1:
            self.see(tid, thread.space, None)

    def _returned(self, thread, tid, name, args, value):
        if name in ("clone", "clone3", "fork", "vfork"):
            if value:
                self._created(tid, value)
            self.creating.pop(tid, None)
        if name == "munmap" and tid in self.leaving:
            event = self.leaving.pop(tid)
            if value is None:
                event.end = event.first  # nothing went
        if value is None:
            return
        if name in ("execve", "execveat"):
            self._exec_done(thread, tid, args)
        elif name in RETURN and thread.space:
            RETURN[name](self, thread.space, args, value)

    def _exec_done(self, thread, tid, args):
        if not self.processes:  # strace's own execve, of the helper that runs the program
            self.processes = 1
            return
        old = thread.space
        self.spaces += 1
        thread.space = Space(self.spaces, exec_name(args))
        self._born(thread.space, tid)
        self._left(old)

    def _born(self, space, tid):
        """Reads what the kernel itself has mapped: the program, its loader, stack and vdso."""
        areas, runs = [], []
        try:
            self.stop(self.when)
            areas, runs = snapshot.read_whole(tid)
        except OSError:
            self.unread += 1
        self.events += [Born(space.number, space.name, areas=areas), Seen(space.number, runs)]

    def _return_mmap(self, space, args, value):
        _, length, prot = numbers(args, 3)
        first = page_of(value)
        self.events.append(Mapped(space.number, first, first + page_up(length), prot & PROT_MASK))

    def _return_mprotect(self, space, args, value):
        address, length, prot = numbers(args, 3)
        if length:
            self.events.append(Protected(space.number, page_of(address), page_up(address + length),
                                         prot & PROT_MASK))

    def _return_mremap(self, space, args, value):
        old, old_length, length, flags = numbers(args, 4)
        event = Moved(space.number, page_of(old), page_up(old_length), page_of(value), page_up(length))
        self.events.append(event)
        if flags & MREMAP_DONTUNMAP:
            self.events.append(Mapped(space.number, event.old, event.old + event.old_count,
                                      snapshot.READ | snapshot.WRITE))

    def _return_madvise(self, space, args, value):
        address, length, advice = numbers(args, 3)
        if advice in MADV_DONTNEED and length:
            self.events.append(Discarded(space.number, page_of(address), page_up(address + length)))

    def _return_brk(self, space, args, value):
        old = page_up(space.brk) if space.brk else page_up(value)
        new = page_up(value)
        space.brk = value
        if new > old:
            self.events.append(Mapped(space.number, old, new, snapshot.READ | snapshot.WRITE))
        elif new < old:
            self.events.append(Unmapped(space.number, new, old))


ENTER = {
    "mmap": Session._enter_mmap,
    "munmap": Session._enter_munmap,
    "mremap": Session._enter_mremap,
    "madvise": Session._enter_madvise,
    "brk": Session._enter_brk,
    "execve": Session._enter_last,
    "execveat": Session._enter_last,
    "exit": Session._enter_exit,
    "exit_group": Session._enter_last,
}

RETURN = {
    "mmap": Session._return_mmap,
    "mprotect": Session._return_mprotect,
    "pkey_mprotect": Session._return_mprotect,
    "mremap": Session._return_mremap,
    "madvise": Session._return_madvise,
    "brk": Session._return_brk,
}


def read_family(tid):
    """(the process that a thread belongs to, the process that made that one)."""
    fields = {}
    try:
        with open(f"/proc/{tid}/status", encoding="utf-8", errors="replace") as status:
            fields = dict(line.split(":", 1) for line in status if ":" in line)
    except OSError:
        pass
    return int(fields.get("Tgid", tid)), int(fields.get("PPid", 0))
