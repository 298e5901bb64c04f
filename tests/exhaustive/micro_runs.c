/* SPDX-License-Identifier: MIT */

/*
 * Sixteen pages in two levels of four entries, of which two neighbours may be a contiguous run, and a root of one
 * entry above them.
 */

#include "tests/model/tiny_entries.h"

#define MICRO_RUN    TINY_BIT(8)
#define MICRO_BROKEN TINY_BIT(9) /* the MMU takes the entry for another */

static const MemFormat micro_runs = {
    .name = "micro_runs",
    .va_bits = 16,
    .top = 2,
    .count_bits = 3,
    .levels = {{12, 2, true, 1}, {14, 2, true, 1}, {16, 0, false, 0}},
    .contiguous = MICRO_RUN,
    TINY_COMMON_FIELDS,
};

#define FORMAT micro_runs
#include "lib/instance.h"

/* Runs of pages only, whose entries are equal: the lowest bit of their page number is part of the mark. */
#define NAPOT_MARK (MICRO_RUN | (MemEntry)1 << 12)

static usize napot_leaf_phys(MemEntry leaf, unsigned level)
{
    usize low = level == 0 && (leaf & MICRO_RUN) ? 0x1fff : 0;
    return tiny_phys(leaf, level) & ~low;
}

static const MemFormat micro_napot = {
    .name = "micro_napot",
    .va_bits = 16,
    .top = 2,
    .count_bits = 1,
    .levels = {{12, 2, true, 1}, {14, 2, true, 0}, {16, 0, false, 0}},
    .contiguous = NAPOT_MARK,
    .runs_are_equal = true,
    .runs_are_optional = true,
    TINY_FIELDS_WITHOUT(napot_leaf_phys, tiny_attributes),
};

#define FORMAT micro_napot
#include "lib/instance.h"

static MemEntry breaking_attributes(MemEntry leaf, unsigned level)
{
    return tiny_attributes(leaf, level) & ~MICRO_BROKEN;
}

/* Nothing changes its size, its part in a run, or the rights that it has there, without a break. */
static MemEntry breaking_interim(MemEntry before, MemEntry after, unsigned level, unsigned break_level)
{
    EntryKind was = tiny_kind(before, level), is = tiny_kind(after, level);
    bool resized = was != is || ((before ^ after) & MICRO_RUN) != 0;
    if (before == after)
        return after;
    if (resized ? break_level >= 2 : !(before & MICRO_RUN))
        return after;
    return (break_level >= 1 && level > 0 && is == ENTRY_LEAF ? after : before) | MICRO_BROKEN;
}

static const MemFormat micro_breaking = {
    .name = "micro_breaking",
    .va_bits = 16,
    .top = 2,
    .count_bits = 3,
    .levels = {{12, 2, true, 1}, {14, 2, true, 1}, {16, 0, false, 0}},
    .contiguous = MICRO_RUN,
    .interim = breaking_interim,
    TINY_FIELDS_WITHOUT(tiny_phys, breaking_attributes),
};

#define FORMAT micro_breaking
#include "lib/instance.h"
