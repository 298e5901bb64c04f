/* SPDX-License-Identifier: MIT */
#include "tests/exhaustive/scope.h"

#include <string.h>

/* Three levels of two entries. */
#define MICRO                                                                                              \
    .format = &mem_vmap_micro, .geometry = {"micro", 1, {0}, 8, 3, {1, 2, 4}, {1, 1, 1}, 24},              \
    .level_count = 3, .level_pages = {1, 2, 4}

/* The same, on a CPU that lacks the largest leaves. */
#define MICRO_SMALL                                                                                        \
    .format = &mem_vmap_micro, .geometry = {"micro", 1, {0}, 8, 2, {1, 2}, {1, 1}, 24}, .level_count = 3,  \
    .level_pages = {1, 2, 4}

/* The same at both ends of a canonical space, where entries cannot count. */
#define HALVES                                                                                             \
    .format = &mem_vmap_micro_halves,                                                                      \
    .geometry = {"micro_halves", 2, {0, (uint64_t)-16384}, 4, 3, {1, 2, 4}, {1, 1, 1}, 24},                \
    .level_count = 3, .level_pages = {1, 2, 4}

/* Tables of four and of two entries; entries count odd and even, so that two of four may be none. */
#define WIDE                                                                                               \
    .format = &mem_vmap_micro_wide, .geometry = {"micro_wide", 1, {0}, 16, 3, {1, 4, 8}, {1, 1, 1}, 24},   \
    .level_count = 3, .level_pages = {1, 4, 8}

/* Four levels of two entries; entries count odd and even. */
#define TALL                                                                                               \
    .format = &mem_vmap_micro_tall, .geometry = {"micro_tall", 1, {0}, 16, 3, {1, 2, 4}, {1, 1, 1}, 24},   \
    .level_count = 4, .level_pages = {1, 2, 4, 8}

/* The same, on a CPU that has no large leaves. */
#define TALL_PAGES                                                                                         \
    .format = &mem_vmap_micro_tall, .geometry = {"micro_tall", 1, {0}, 16, 1, {1}, {1}, 24},               \
    .level_count = 4, .level_pages = {1, 2, 4, 8}

/* Two levels of four entries below a root of one, of which two are a contiguous run: where each entry has its own address, */
#define RUNS                                                                                               \
    .format = &mem_vmap_micro_runs,                                                                        \
    .geometry = {"micro_runs", 1, {0}, 16, 4, {1, 2, 4, 8}, {1, 2, 1, 2}, 24}, .level_count = 3,           \
    .level_pages = {1, 4, 16}

/* and where, in the lower level, all have that of the run; */
#define NAPOT                                                                                              \
    .format = &mem_vmap_micro_napot, .geometry = {"micro_napot", 1, {0}, 16, 3, {1, 2, 4}, {1, 2, 1}, 24}, \
    .level_count = 3, .level_pages = {1, 4, 16}

/* and where entries must be broken before they are made, unless the CPU can do better. */
#define BREAKING(level)                                                                                    \
    .format = &mem_vmap_micro_breaking,                                                                    \
    .geometry = {"micro_breaking", 1, {0}, 16, 4, {1, 2, 4, 8}, {1, 2, 1, 2}, 24}, .break_level = (level), \
    .level_count = 3, .level_pages = {1, 4, 16}

#define ALIGNED       .offset_count = 1
#define TWO_PHASES(n) .offset_count = 2, .offsets = {0, (n)}
#define THREE_PHASES  .offset_count = 3, .offsets = {0, 1, 2}
#define FOUR_PHASES   .offset_count = 4, .offsets = {0, 1, 2, 4}
#define PLAIN         .flags_count = 1
#define BOTH_RESERVES .flags_count = 2, .flags = {0, MEM_VMAP_NO_RESERVE}
#define ONE_RIGHT     .rights_count = 1
#define TWO_RIGHTS    .rights_count = 2, .rights = {0, MEM_VMAP_WRITE}

static const Scope scopes[] = {
    {
        .name = "rights",
        .what = "8 pages; two rights",
        MICRO,
        .last = 7,
        ALIGNED,
        PLAIN,
        TWO_RIGHTS,
    },
    {
        .name = "reserve",
        .what = "8 pages; mappings with and without credits",
        MICRO,
        .last = 7,
        ALIGNED,
        BOTH_RESERVES,
        ONE_RIGHT,
    },
    {
        .name = "phases",
        .what = "8 pages; frames aligned for leaves of one, two and four pages",
        MICRO,
        .last = 7,
        THREE_PHASES,
        PLAIN,
        ONE_RIGHT,
    },
    {
        .name = "corner",
        .what = "the first 4 of 8 pages; all of the above at once",
        MICRO,
        .last = 3,
        FOUR_PHASES,
        BOTH_RESERVES,
        TWO_RIGHTS,
    },
    {
        .name = "middle",
        .what = "the middle 4 of 8 pages; all of the above at once",
        MICRO,
        .first = 2,
        .last = 5,
        THREE_PHASES,
        BOTH_RESERVES,
        TWO_RIGHTS,
    },
    {
        .name = "notes",
        .what = "4 pages; accessed, dirty, global; several CPUs",
        MICRO,
        .last = 3,
        .cpus = SEVERAL_CPUS,
        ALIGNED,
        .flags_count = 4,
        .flags = {0, MEM_VMAP_ACCESSED, MEM_VMAP_DIRTY, MEM_VMAP_GLOBAL},
        .rights_count = 3,
        .rights = {0, MEM_VMAP_WRITE, MEM_VMAP_GLOBAL},
    },
    {
        .name = "pool",
        .what = "4 pages; a pool that keeps up to two pages, reserves of 0, 1 and 3",
        MICRO,
        .last = 3,
        .cache_pages = 2,
        ALIGNED,
        BOTH_RESERVES,
        ONE_RIGHT,
        .reserve_count = 3,
        .reserves = {0, 1, 3},
    },
    {
        .name = "batch",
        .what = "6 of 8 pages; every two calls in and beside an open batch",
        MICRO,
        .first = 1,
        .last = 6,
        .calls = WITH_BATCHES,
        ALIGNED,
        PLAIN,
        TWO_RIGHTS,
    },
    {
        .name = "small",
        .what = "8 pages; two rights; a CPU without leaves of four pages",
        MICRO_SMALL,
        .last = 7,
        ALIGNED,
        PLAIN,
        TWO_RIGHTS,
    },
    {
        .name = "halves",
        .what = "4 pages at each end of a canonical space; entries without a count; a cache of one page",
        HALVES,
        .cache_pages = 1,
        .last = 7,
        ALIGNED,
        PLAIN,
        ONE_RIGHT,
    },
    {
        .name = "wide",
        .what = "8 of 16 pages; tables of four and two entries; two rights",
        WIDE,
        .last = 7,
        ALIGNED,
        PLAIN,
        TWO_RIGHTS,
    },
    {
        .name = "tall",
        .what = "8 of 16 pages; four levels",
        TALL,
        .last = 7,
        ALIGNED,
        PLAIN,
        ONE_RIGHT,
    },
    {
        .name = "pages",
        .what = "16 pages; four levels; a CPU without large leaves",
        TALL_PAGES,
        .last = 15,
        ALIGNED,
        PLAIN,
        ONE_RIGHT,
    },
    {
        .name = "runs",
        .what = "8 of 16 pages; contiguous runs of two leaves at both levels; two rights",
        RUNS,
        .last = 7,
        ALIGNED,
        PLAIN,
        TWO_RIGHTS,
    },
    {
        .name = "runs_phases",
        .what =
            "8 of 16 pages; contiguous runs; frames aligned for all leaves, and for runs of pages alone",
        RUNS,
        .last = 7,
        TWO_PHASES(2),
        PLAIN,
        ONE_RIGHT,
    },
    {
        .name = "runs_reserve",
        .what = "8 of 16 pages; contiguous runs; mappings with and without credits",
        RUNS,
        .last = 7,
        ALIGNED,
        BOTH_RESERVES,
        ONE_RIGHT,
    },
    {
        .name = "runs_notes",
        .what = "4 pages; contiguous runs; accessed, dirty, global; several CPUs",
        RUNS,
        .last = 3,
        .cpus = SEVERAL_CPUS,
        ALIGNED,
        .flags_count = 4,
        .flags = {0, MEM_VMAP_ACCESSED, MEM_VMAP_DIRTY, MEM_VMAP_GLOBAL},
        .rights_count = 3,
        .rights = {0, MEM_VMAP_WRITE, MEM_VMAP_GLOBAL},
    },
    {
        .name = "napot",
        .what = "8 of 16 pages; contiguous runs of equal entries; frames aligned for all leaves, and for "
                "pages alone",
        NAPOT,
        .last = 7,
        TWO_PHASES(1),
        PLAIN,
        ONE_RIGHT,
    },
    {
        .name = "breaking",
        .what = "8 of 16 pages; contiguous runs; break before make; two rights",
        BREAKING(0),
        .last = 7,
        ALIGNED,
        PLAIN,
        TWO_RIGHTS,
    },
    {
        .name = "breaking_notes",
        .what = "4 pages; break before make; accessed, dirty; several CPUs",
        BREAKING(0),
        .last = 3,
        .cpus = SEVERAL_CPUS,
        ALIGNED,
        .flags_count = 3,
        .flags = {0, MEM_VMAP_ACCESSED, MEM_VMAP_DIRTY},
        .rights_count = 2,
        .rights = {0, MEM_VMAP_WRITE},
    },
    {
        .name = "blocks",
        .what =
            "8 of 16 pages; a CPU on which blocks need not be broken; mappings with and without credits",
        BREAKING(1),
        .last = 7,
        ALIGNED,
        BOTH_RESERVES,
        ONE_RIGHT,
    },
    {
        .name = "wide_all",
        .what = "16 pages; tables of four and two entries (long)",
        WIDE,
        .last = 15,
        ALIGNED,
        PLAIN,
        ONE_RIGHT,
    },
    {
        .name = "tall_all",
        .what = "16 pages; four levels (long)",
        TALL,
        .last = 15,
        ALIGNED,
        PLAIN,
        ONE_RIGHT,
    },
    {
        .name = "cache",
        .what = "8 pages; mappings with and without credits; a cache of two pages (long)",
        MICRO,
        .cache_pages = 2,
        .last = 7,
        ALIGNED,
        BOTH_RESERVES,
        ONE_RIGHT,
    },
    {
        .name = "all",
        .what = "8 pages; all phases, both reserves, two rights (long; does not close)",
        MICRO,
        .last = 7,
        FOUR_PHASES,
        BOTH_RESERVES,
        TWO_RIGHTS,
    },
};

const Scope *scope_at(unsigned index)
{
    return index < sizeof scopes / sizeof scopes[0] ? &scopes[index] : NULL;
}

const Scope *scope_find(const char *name)
{
    for (unsigned i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
        if (strcmp(scopes[i].name, name) == 0)
            return &scopes[i];
    return NULL;
}
