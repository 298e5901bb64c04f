/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_PAGE_RUN_H
#define MEM_LIB_PAGE_RUN_H

/*
 * The common case: a range that lies in one table of the lowest level, which exists. One walk of constant
 * depth finds its slots; no cursor is needed, and no table comes or goes.
 */

#include "lib/entry.h"
#include "lib/range.h"

typedef struct mem_page_run {
    MemEntry *slots;
    MemEntry *parent; /* the slot that links their table */
    unsigned count;
} PageRun;

/* Finds the slots of the pages in `range`. False: it is not the common case. */
MEM_INLINE bool page_run_find(const MemFormat *format, const MemVmap *vmap, Range range, PageRun *run)
{
    if (((range.first ^ range.last) >> format->levels[1].shift) != 0)
        return false;
    MemEntry *slot = table_at(vmap, vmap->root) + level_index(format, format->top, range.first);
    MEM_UNROLL_LEVELS
    for (unsigned level = format->top; level > 0; level--) {
        MemEntry entry = entry_load(slot);
        if (format->kind(entry, level) != ENTRY_TABLE)
            return false;
        run->parent = slot;
        slot =
            table_at(vmap, format->table_phys(entry, level)) + level_index(format, level - 1, range.first);
    }
    run->slots = slot;
    run->count = (unsigned)((range.last - range.first) >> format->levels[0].shift) + 1;
    return true;
}

/*
 * Whether the table holds entries beside the run: then emptying the run cannot empty the table. Where the count
 * is not exact, entries next to it say so, or nobody does.
 */
MEM_INLINE bool page_run_has_neighbours(const MemFormat *format, const PageRun *run, Range range)
{
    MemEntry count = (entry_load(run->parent) & count_mask(format)) >> format->count_shift;
    if (format->count_bits > format->levels[0].index_bits)
        return count > run->count;
    unsigned index = level_index(format, 0, range.first), end = index + run->count;
    return (index > 0 && entry_load(run->slots - 1) != 0) ||
           (end < level_entries(format, 0) && entry_load(run->slots + run->count) != 0);
}

#endif
