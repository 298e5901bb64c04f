/* SPDX-License-Identifier: MIT */

/*
 * The machine below the protocol: roots, TLBs, interrupts; and the oracle. Nothing here is of lib/.
 *
 * Pages. Spaces 1 and 2 have each a LEAF (an unmap that clears a leaf entry) and a TABLE (an unmap that takes a
 * table back: what must go is in the paging-structure caches, which an idle CPU uses too). Space 1 may also have
 * a page that is GLOBAL. A page is mapped from the start and goes at most once; that its address is mapped anew
 * would add nothing, since flushes go by address.
 *
 * TLB fills. A CPU has cached whatever it can cache as soon as it can: whenever it has loaded a root or has
 * invalidated something, it caches all that is still mapped. That stands for fills at any moment: no step of the
 * protocol depends on what is cached, and having less cached breaks no rule. With FILL_ANY_TIME fills come at any
 * moment, one by one, to check this argument.
 *
 * A CPU runs one thing at a time: a task that is pinned to it, above that an interrupt handler; or the kernel's
 * switching code, with interrupts off.
 *
 * Not modelled: walks that take time (the CPU lets none outlast an invalidation), levels, leaf sizes, what else an
 * instruction drops than it must, non-maskable interrupts.
 */

#define CPUS 2
#define NONE 0 /* no space; the spaces are 1 and 2 */

#ifndef ASIDS
#define ASIDS 0 /* slots on each CPU; 0: no PCID */
#endif

/* Pages; and what a plan names: one page, or more than that. */
#define LEAF 0
#define TABLE 1
#define GLOBAL 2
#define ALL_OF_SPACE 3
#define ALL_GLOBALS 4

#define GLOBAL_BIT 16
#define FOREIGN_BIT 32 /* left under an ASID by others, while the CPU took no part */
#define BIT(space, page) ((page) == GLOBAL -> GLOBAL_BIT : 1 << (2 * (space) - 2 + (page)))
#define SPACE_BITS(space) (3 << (2 * (space) - 2))
#define TABLE_BITS 10
#define CPU(c) (1 << (c))

/* What is mapped; and what went, by an unmap that has returned. */
byte mapped = MAPPED;
byte gone;

/* Of each CPU: the space that it translates by, under which ASID, and whether it keeps off the lower half. */
byte root[CPUS];
byte asid[CPUS];
bit idle[CPUS];

/* What is cached: by ASID, and as global. */
byte tlb[CPUS * (ASIDS + 1)];
byte global_tlb[CPUS];
#define TLB(c, number) tlb[(c) * (ASIDS + 1) + (number)]
#define CACHED(c) TLB(c, asid[c])

/* What a CPU executes. */
#define TASK 0
#define INTERRUPT 1
#define SWITCH 2
byte level[CPUS];
bit pinned[CPUS];         /* a task is kept on it */
bit interrupts_off[CPUS]; /* by that task */
bit pending[CPUS];
#define RUNS(c, what) (level[c] == (what))

/* Whether it takes part, between join and leave. */
#ifdef WITH_JOIN
bit takes_part[CPUS] = 1;
#define TAKES_PART(c) takes_part[c]
#else
#define TAKES_PART(c) true
#endif

/* What the kernel does on a CPU, beside switching to space 1 or 2. */
#define IDLE 3
#define LEAVE 4
#define JOIN 5

/* With CR4.PGE a global entry is cached for all spaces, else like any other. */
#ifdef NO_PGE
#define FILLS(c) (SPACE_BITS(root[c]) | (root[c] == 1 -> GLOBAL_BIT : 0))
#define GLOBAL_FILLS(c) 0
#else
#define FILLS(c) SPACE_BITS(root[c])
#define GLOBAL_FILLS(c) (root[c] == 1 -> GLOBAL_BIT : 0)
#endif

inline cache(c, what)
{
    CACHED(c) = CACHED(c) | (FILLS(c) & (what));
    global_tlb[c] = global_tlb[c] | (GLOBAL_FILLS(c) & (what))
}

#ifdef FILL_ANY_TIME
#define fill(c) skip
#define CAN_CACHE(c, bits) (root[c] != NONE && (mapped & (bits)) != 0)

proctype walker(byte c)
{
end:
    do
    :: atomic { CAN_CACHE(c, 1) -> cache(c, 1) }
    :: atomic { CAN_CACHE(c, 2) -> cache(c, 2) }
    :: atomic { CAN_CACHE(c, 4) -> cache(c, 4) }
    :: atomic { CAN_CACHE(c, 8) -> cache(c, 8) }
    :: atomic { CAN_CACHE(c, GLOBAL_BIT) -> cache(c, GLOBAL_BIT) }
    od
}
#else
inline fill(c)
{
    if
    :: root[c] != NONE -> cache(c, mapped)
    :: else
    fi
}
#endif

/*
 * The oracle: no CPU can use anything whose unmap has returned, nor what another space, or others, left under the
 * ASID that it runs. Called after each step that could make it false: an unmap returns, a root is loaded, an
 * idle CPU comes back.
 */
#define USABLE(c) (idle[c] -> TABLE_BITS | GLOBAL_BIT : 255)

inline check(c)
{
    assert(root[c] == NONE || (CACHED(c) & gone & USABLE(c)) == 0);
    assert(root[c] == NONE || (CACHED(c) & ~FILLS(c)) == 0);
    assert((global_tlb[c] & gone) == 0)
}

/* The instructions, as arch/x86_64/cpu/plan.c picks them. */

/* INVLPG: of the current ASID, and global. */
inline invlpg(c, page)
{
    if
    :: root[c] != NONE -> CACHED(c) = CACHED(c) & ~BIT(root[c], page)
    :: else
    fi;
    if
    :: page == GLOBAL -> global_tlb[c] = 0
    :: else
    fi;
    fill(c)
}

/* INVPCID by address: of any ASID, and not global; no promise about paging-structure caches. */
inline invpcid_address(c, number, space, page)
{
    if
    :: page != TABLE -> TLB(c, number) = TLB(c, number) & ~BIT(space, page)
    :: else
    fi
}

/* CR3 is written, with bit 63 or without. */
#define CR3_FLUSH 0
#define CR3_KEEP 1

inline load_cr3(c, space, number, keep)
{
    assert(space != NONE); /* no root is at hand */
    root[c] = space;
    asid[c] = number;
    CACHED(c) = (keep == CR3_KEEP && ASIDS > 0 -> CACHED(c) : 0);
    fill(c);
    check(c)
}

inline set_every_asid(c, what)
{
    TLB(c, 0) = what;
#if ASIDS > 0
    TLB(c, 1) = what;
#endif
#if ASIDS > 1
    TLB(c, 2) = what;
#endif
    global_tlb[c] = 0
}

/* CR4.PGE is cleared and set: everything. */
inline toggle_pge(c)
{
    set_every_asid(c, 0);
    fill(c)
}

/* Without CR4.PGE a CPU that has no space loaded has nothing to forget. */
#ifdef RELOAD_NO_ROOT
#define HAS_NOTHING(c) false
#else
#define HAS_NOTHING(c) (root[c] == NONE)
#endif

/* What a plan is executed as. */
inline forget(c, plan)
{
    if
    :: plan == ALL_OF_SPACE -> load_cr3(c, root[c], asid[c], CR3_FLUSH)
#if defined NO_PGE || defined GLOBALS_BY_ROOT
    :: plan == ALL_GLOBALS && HAS_NOTHING(c)
    :: plan == ALL_GLOBALS && !HAS_NOTHING(c) -> load_cr3(c, root[c], asid[c], CR3_FLUSH)
#else
    :: plan == ALL_GLOBALS -> toggle_pge(c)
#endif
    :: else -> invlpg(c, plan)
    fi
}
