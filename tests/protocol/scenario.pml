/* SPDX-License-Identifier: MIT */

/*
 * Who does what, and how often: the bounds of a run. Included by spaces.pml, globals.pml and join.pml.
 *
 * Task 0 belongs to CPU 0 and task 1 to CPU 1. Each unmaps at most UNMAPS of PAGES (bits, as in machine.pml), and
 * on each CPU the kernel calls switch_to, idle, leave or join at most CALLS times, then nothing more. Task 1 is
 * there only where it has something to do.
 */

#ifndef UNMAPS0
#define UNMAPS0 1
#endif
#ifndef UNMAPS1
#define UNMAPS1 0
#endif
#ifndef PAGES0
#define PAGES0 3
#endif
#ifndef PAGES1
#define PAGES1 PAGES0
#endif
#ifndef CALLS0
#define CALLS0 0
#endif
#ifndef CALLS1
#define CALLS1 0
#endif

/*
 * Space 2 has seen some plans already: with numbers higher than those of space 1, or about the same, what is taken
 * for the other space's does harm.
 */
#ifndef NUMBER2
#define NUMBER2 5
#endif

#include "machine.pml"
#include "shootdown.pml"
#include "unmap.pml"
#include "switch.pml"

inline start_in(c, space)
{
    root[c] = space;
    loaded_set[space] = loaded_set[space] | CPU(c);
    active_set[space] = active_set[space] | CPU(c);
    applied[c] = generation[space];
#if ASIDS > 0
    asid[c] = 1;
    slot_space[SLOT(c, 1)] = space;
    slot_generation[SLOT(c, 1)] = generation[space];
    next_slot[c] = 1 % ASIDS;
#endif
    fill(c)
}

/* CPU 0 has loaded space 1; CPU 1 either, TOGETHER the same, and where CPUs join also none. */
inline start_cpu(c, calls)
{
    online = online | CPU(c);
    applied_global[c] = 1;
    if
    :: start_in(c, 1)
#ifndef TOGETHER
    :: c == 1 -> start_in(c, 2)
#endif
#ifdef WITH_JOIN
    :: c == 1 -> skip
#endif
    fi;
#ifdef STRAY
    pending[c] = 1; /* an interrupt that nobody waits for, at any moment */
#endif
    run handler(c);
    run kernel(c, calls);
#ifdef TSO
    run store_buffer(c);
#endif
#ifdef FILL_ANY_TIME
    run walker(c);
#endif
}

init
{
    atomic {
        generation[2] = NUMBER2;
        stamp[2] = 2 * NUMBER2;
        start_cpu(0, CALLS0);
        run task(0, PAGES0, UNMAPS0);
#ifdef ALONE
        run task(0, PAGES1, UNMAPS1)
#else
        start_cpu(1, CALLS1);
#if UNMAPS1 > 0
        run task(1, PAGES1, UNMAPS1)
#endif
#endif
    }
}
