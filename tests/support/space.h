/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SPACE_H
#define TESTS_SPACE_H

/*
 * An address space under test: on a host machine of its own, through a port that records what the library
 * asks for and holds it to the port's contract (no hook under the lock, the lock never taken twice, no page
 * given back under a shootdown that has not happened). Taking it down checks the whole tree twice, with
 * mem_vmap_verify and with a walker that shares nothing with the library, and that every page came back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mem/vmap.h>

#include "tests/support/rawwalk.h"
#include "tools/host/host.h"

#define PAGE ((usize)1 << 12)
#define M2   ((usize)1 << 21)
#define G1   ((usize)1 << 30)
#define G512 ((usize)1 << 39)

#define TOP_PAGE (~(usize)0xfff)

/* All rights but EXEC, which a default space refuses beside WRITE. */
#define RWUG (MEM_VMAP_WRITE | MEM_VMAP_USER | MEM_VMAP_GLOBAL)

#define SPACE_PLANS 64
#define SPACE_LOSTS 8

typedef struct space Space;

struct space {
    MemVmap vmap;
    Host *host;
    MemVmapPort port; /* what the space was made with */
    MemVmapPort host_port;
    const MemVmapFormat *format;
    usize phys_shift;          /* host address minus the one that the library sees */
    usize cache;               /* the bound on the pool's free pages beyond what it owes */
    usize low_end, high_start; /* the hole: the first address of it and the first behind it */
    unsigned levels;

    usize locks;
    unsigned lock_depth;
    const char *broken; /* what the library did against the contract of the port, or null */

    usize gets, puts; /* pages, not calls */
    usize heres, theres;
    usize plan_count; /* plans that invalidate_here executed; the first SPACE_PLANS are kept */
    MemVmapPlan plans[SPACE_PLANS];
    usize root_loads, root_loaded;
    usize lost_count;
    struct {
        usize virt, len;
    } losts[SPACE_LOSTS];

    /* What a test wants to do inside a hook; null: nothing. */
    void (*on_get)(Space *space);
    void (*on_put)(Space *space, usize phys);
    void (*on_plan)(Space *space, const MemVmapPlan *plan);
    void *test; /* for them */
};

typedef enum space_cpus { SPACE_ONE_CPU, SPACE_MANY_CPUS } SpaceCpus;

/* A space that is not made yet: fill in `port`, then space_make. */
Space *space_prepare(const char *format, SpaceCpus cpus);
void space_make(Space *space, const MemVmapOptions *options);

/* Both in one; `options` null: the defaults. */
Space *space_new(const char *format, SpaceCpus cpus, const MemVmapOptions *options);

/* Checks everything that must hold at any time, destroys the space, and checks that all pages came back. */
void space_end(Space *space);

/* Everything that must hold at any time. */
#define space_check(space) space_check_at(space, __FILE__, __LINE__)
void space_check_at(Space *space, const char *file, int line);

RawTree space_raw(const Space *space);
MemVmapStats space_stats(Space *space);

/* Shootdowns that the space has asked for so far. */
usize space_shootdowns(const Space *space);

/* The last plan that was executed. There must be one. */
const MemVmapPlan *space_last_plan(const Space *space);

/* Whether a CPU that executes `plan` forgets every page of [first, last]. */
bool plan_covers(const MemVmapPlan *plan, usize first, usize last);

/* All that a call which fails must leave as it was. */
typedef struct snapshot {
    uint64_t hash;
    MemVmapStats stats;
} Snapshot;

Snapshot space_snapshot(Space *space);
#define assert_unchanged(space, before) assert_unchanged_at(space, before, __FILE__, __LINE__)
void assert_unchanged_at(Space *space, const Snapshot *before, const char *file, int line);

/* mem_vmap_map that must succeed. What is mapped then is for the test to look at. */
#define must_map(space, phys, virt, len, flags)                                                            \
    _assert_int_equal((unsigned long)mem_vmap_map(&(space)->vmap, phys, virt, len, flags), 0, __FILE__,    \
                      __LINE__)

/* mem_vmap_map that must fail with `code` and change nothing. */
#define must_not_map(space, phys, virt, len, flags, code)                                                  \
    must_not_map_at(space, phys, virt, len, flags, code, __FILE__, __LINE__)
void must_not_map_at(Space *space, usize phys, usize virt, usize len, int flags, int code, const char *file,
                     int line);

/* The same for protect. */
#define must_protect(space, virt, len, flags)                                                              \
    _assert_int_equal((unsigned long)mem_vmap_protect(&(space)->vmap, virt, len, flags), 0, __FILE__,      \
                      __LINE__)
#define must_not_protect(space, virt, len, flags, code)                                                    \
    must_not_protect_at(space, virt, len, flags, code, __FILE__, __LINE__)
void must_not_protect_at(Space *space, usize virt, usize len, int flags, int code, const char *file,
                         int line);

/* `virt` is mapped so: by lookup, translate and the raw tables. */
#define assert_leaf(space, virt, phys, size, flags)                                                        \
    assert_leaf_at(space, virt, phys, size, flags, __FILE__, __LINE__)
void assert_leaf_at(Space *space, usize virt, usize phys, usize size, int flags, const char *file,
                    int line);

/* Every page of the range is; looks at the first and last byte of each leaf of `size`. */
#define assert_leaves(space, virt, phys, len, size, flags)                                                 \
    assert_leaves_at(space, virt, phys, len, size, flags, __FILE__, __LINE__)
void assert_leaves_at(Space *space, usize virt, usize phys, usize len, usize size, int flags,
                      const char *file, int line);

/* `virt` is not mapped: by lookup, translate and the raw tables. */
#define assert_hole(space, virt) assert_hole_at(space, virt, __FILE__, __LINE__)
void assert_hole_at(Space *space, usize virt, const char *file, int line);

/* No page of the range is. */
#define assert_holes(space, virt, len) assert_holes_at(space, virt, len, __FILE__, __LINE__)
void assert_holes_at(Space *space, usize virt, usize len, const char *file, int line);

/* Set-up and taking down for cmocka; `*state` is the Space. */
int setup_4level(void **state); /* one CPU */
int setup_5level(void **state); /* several CPUs, so that entries are updated as the MMU demands */
int teardown_space(void **state);

#define TEST_4(name)                                                                                       \
    {                                                                                                      \
#name, name, setup_4level, teardown_space, NULL                                                    \
    }
#define TEST_5(name)                                                                                       \
    {                                                                                                      \
#name " (5 levels)", name, setup_5level, teardown_space, NULL                                      \
    }
#define TEST(name) TEST_4(name), TEST_5(name)

#endif
