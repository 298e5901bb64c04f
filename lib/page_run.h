/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_PAGE_RUN_H
#define MEM_LIB_PAGE_RUN_H

/*
 * The common case: a range that lies in one table of the lowest level, which exists. The space remembers where
 * such tables are, or one walk of constant depth finds it; no cursor is needed, and no table comes or goes.
 */

#include "lib/entry.h"
#include "lib/range.h"

typedef struct mem_page_run {
    MemEntry *slots;
    MemEntry *parent; /* the slot that links their table */
    unsigned count;
} PageRun;

/* Walks to the table of the lowest level for `at`. False: there is none. */
MEM_INLINE bool way_walk(const MemFormat *format, const MemVmap *vmap, usize at, MemVmapWay *way)
{
    MemEntry *table = table_at(vmap, vmap->root), *parent = NULL, *grandparent = NULL;
    MEM_UNROLL_LEVELS
    for (unsigned level = format->top; level > 0; level--) {
        grandparent = parent;
        parent = &table[level_index(format, level, at)];
        MemEntry entry = entry_load(parent);
        if (format->kind(entry, level) != ENTRY_TABLE)
            return false;
        table = table_at(vmap, format->table_phys(entry, level));
    }
    *way = (MemVmapWay){way_number(format, at) + 1, table, parent, grandparent};
    return true;
}

/* Finds the slots of the pages in `range`, under the lock. False: it is not the common case. */
MEM_INLINE bool page_run_find(const MemFormat *format, MemVmap *vmap, Range range, PageRun *run)
{
    usize region = way_number(format, range.first);
    MemVmapWay *way = &vmap->ways[region % MEM_VMAP_WAYS];
    if (way_region(format, range.first) != way_region(format, range.last))
        return false;
    if (MEM_UNLIKELY(way->region != region + 1) && !way_walk(format, vmap, range.first, way))
        return false;
    run->slots = way->table + level_index(format, 0, range.first);
    run->parent = way->parent;
    run->count = (unsigned)((range.last - range.first) >> format->levels[0].shift) + 1;
    return true;
}

/*
 * The same for any [virt, virt + len), without a walk: an address whose way is remembered exists. Where there is
 * no way, or it is not all of one table, or nothing at all: false.
 */
MEM_INLINE bool page_run_again(const MemFormat *format, const MemVmap *vmap, usize virt, usize len,
                               PageRun *run)
{
    usize mask = level_mask(format, 1), region = way_region(format, virt);
    const MemVmapWay *way = &vmap->ways[region % MEM_VMAP_WAYS];
    if (len - 1 > mask - (virt & mask) || way->region != region + 1)
        return false;
    run->slots = way->table + level_index(format, 0, virt);
    run->parent = way->parent;
    run->count = (unsigned)(((virt & level_mask(format, 0)) + len - 1) >> format->levels[0].shift) + 1;
    return true;
}

/*
 * Whether the table holds entries beside the run: then emptying the run cannot empty the table. Where the count
 * is not exact, entries next to it say so, or nobody does.
 */
MEM_INLINE bool page_run_has_neighbours(const MemFormat *format, const PageRun *run, Range range)
{
    MemEntry count = (entry_load(run->parent) & count_mask(format)) >> format->count_shift;
    if (count_is_exact(format, 0))
        return count > run->count;
    unsigned index = level_index(format, 0, range.first), end = index + run->count;
    return (index > 0 && entry_load(run->slots - 1) != 0) ||
           (end < level_entries(format, 0) && entry_load(run->slots + run->count) != 0);
}

#endif
