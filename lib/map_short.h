/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_MAP_SHORT_H
#define MEM_LIB_MAP_SHORT_H

/*
 * The short ways of map, tried one after the other before the long one of map.h: pages of a table that a writer was in
 * lately, pages of one table or two that exist, and pages of one table that is made for them. All of it under the
 * lock, with nothing that waits for a flush; each does what the long way would.
 */

#include "lib/map.h"
#include "lib/page_run.h"

MEM_INLINE void map_fill_run(const MemFormat *format, MemVmap *vmap, const Mapping *mapping,
                             const PageRun *run, usize first)
{
    fill_leaves(format, vmap, mapping, run->slots, run->count, first, 0);
    entry_recount(format, run->parent, run->count);
}

/*
 * Maps into one table that exists, or two next to each other. They are not empty, so a range that covers one whole
 * finds an overlap. False: this is not the case; otherwise the result is 0 or MEM_EOVERLAP.
 */
MEM_INLINE bool map_page_runs(const MemFormat *format, MemVmap *vmap, const Mapping *mapping, int *result)
{
    PageRun head, tail = {NULL, NULL, 0};
    usize end = mapping->first | level_mask(format, 1);
    bool two = end < mapping->last;
    if (vmap->unflushed != NULL || way_region(format, mapping->last) > way_region(format, end) + 1 ||
        !page_run_find(format, vmap, (Range){mapping->first, two ? end : mapping->last}, &head) ||
        (two && !page_run_find(format, vmap, (Range){end + 1, mapping->last}, &tail)))
        return false;
    *result = MEM_EOVERLAP;
    if (MEM_UNLIKELY(!entries_empty(head.slots, head.count) || !entries_empty(tail.slots, tail.count)))
        return true;
    map_fill_run(format, vmap, mapping, &head, mapping->first);
    if (two)
        map_fill_run(format, vmap, mapping, &tail, end + 1);
    entries_made(format);
    vmap->has_global |= (mapping->flags & MEM_VMAP_GLOBAL) != 0;
    *result = 0;
    return true;
}

/* Makes the table of the lowest level for the whole mapping, and links it into `slot`. */
MEM_INLINE MemEntry *map_fill_table(const MemFormat *format, MemVmap *vmap, const Mapping *mapping,
                                    MemEntry *slot)
{
    unsigned begin = level_index(format, 0, mapping->first),
             end = level_index(format, 0, mapping->last) + 1;
    pool_use_reserve(&vmap->pool, 1);
    usize phys = pool_take(vmap);
    MemEntry *table = table_at(vmap, phys);
    entry_zero(table, begin);
    fill_leaves(format, vmap, mapping, table + begin, end - begin, mapping->first, 0);
    entry_zero(table + end, level_entries(format, 0) - end);
    entry_publish_table(slot, count_add(format, format->table(phys, 1), end - begin));
    vmap->tables++;
    vmap->has_global |= (mapping->flags & MEM_VMAP_GLOBAL) != 0;
    return table;
}

/*
 * Makes the one table that a range of pages needs, where the table above exists and there is a page in the pool:
 * as map_anywhere would. False: this is not the case.
 */
MEM_INLINE bool map_new_table(const MemFormat *format, MemVmap *vmap, const Mapping *mapping)
{
    usize first = mapping->first, last = mapping->last;
    MemEntry *table = table_at(vmap, vmap->root), *parent = NULL;
    if (vmap->unflushed != NULL || way_region(format, first) != way_region(format, last) ||
        (mapping->leaf_level > 0 && block_within(format, 1, first, last)) || pool_usable(&vmap->pool) == 0)
        return false;
    MEM_UNROLL_LEVELS
    for (unsigned level = format->top; level > 1; level--) {
        parent = &table[level_index(format, level, first)];
        MemEntry entry = entry_load(parent);
        if (format->kind(entry, level) != ENTRY_TABLE)
            return false;
        table = table_at(vmap, format->table_phys(entry, level));
    }
    MemEntry *slot = &table[level_index(format, 1, first)];
    if (parent == NULL || entry_load(slot) != 0)
        return false;
    usize region = way_number(format, first);
    vmap->ways[region % MEM_VMAP_WAYS] =
        (MemVmapWay){region + 1, map_fill_table(format, vmap, mapping, slot), slot, parent};
    entry_recount(format, parent, 1);
    entries_made(format);
    return true;
}

/* All but the shortest way; `anywhere` is map_anywhere, instantiated apart. */
MEM_INLINE int map_longer(const MemFormat *format, MemVmap *vmap, usize phys, usize virt, usize len,
                          int flags, int (*anywhere)(MemVmap *vmap, const Mapping *mapping))
{
    Mapping mapping;
    int result = mapping_make(format, vmap, &mapping, phys, virt, len, flags);
    if (MEM_UNLIKELY(result != 0))
        return result;
    space_lock(vmap);
    bool found = map_page_runs(format, vmap, &mapping, &result) || map_new_table(format, vmap, &mapping);
    bool flush = format->absent_may_be_cached && vmap->caches_absent;
    if (found && result == 0 && !flush && flags != vmap->page_flags) {
        vmap->page_flags = flags;
        vmap->page_attributes = mapping_attributes(format, vmap, &mapping, 0);
    }
    space_unlock(vmap);
    if (MEM_UNLIKELY(!found))
        result = anywhere(vmap, &mapping);
    if (flush && result == 0)
        mem_vmap_flush_range(vmap, mapping.first, mapping.last);
    return result;
}

/* Maps to the pages from `phys` on what is known to be in one table, with the flags of the map before. */
MEM_INLINE int map_pages_again(const MemFormat *format, MemVmap *vmap, const PageRun *run, usize phys)
{
    if (MEM_UNLIKELY(!entries_empty(run->slots, run->count)))
        return MEM_EOVERLAP;
    entry_fill(format, run->slots, run->count, vmap->page_attributes, phys, 0);
    entry_recount(format, run->parent, run->count);
    entries_made(format);
    return 0;
}

/*
 * Finds the shortest way, under the lock: pages of a table that a writer was in lately, with the flags of the map
 * before, while nothing waits for a flush. All arguments are checked where it is true.
 */
MEM_INLINE bool map_find_again(const MemFormat *format, const MemVmap *vmap, usize phys, usize virt,
                               usize len, int flags, PageRun *run)
{
    return flags == vmap->page_flags && ((virt ^ phys) & level_mask(format, 0)) == 0 &&
           phys <= vmap->phys_last && vmap->unflushed == NULL &&
           page_run_again(format, vmap, virt, len, run) && len - 1 <= vmap->phys_last - phys &&
           (format->contiguous == 0 || run->count < run_entries(format, 0));
}

/* `pages` is map_pages_again and `longer` is map_longer, instantiated apart: one page needs few registers. */
MEM_INLINE int engine_map(const MemFormat *format, MemVmap *vmap, usize phys, usize virt, usize len,
                          int flags, int (*pages)(MemVmap *vmap, const PageRun *run, usize phys),
                          int (*longer)(MemVmap *vmap, usize phys, usize virt, usize len, int flags))
{
    PageRun run;
    int result;
    space_lock(vmap);
    if (MEM_UNLIKELY(!map_find_again(format, vmap, phys, virt, len, flags, &run))) {
        space_unlock(vmap);
        return longer(vmap, phys, virt, len, flags);
    }
    phys &= ~level_mask(format, 0);
    if (MEM_LIKELY(run.count == 1)) {
        run.count = 1; /* known to the compiler from here on: no loop is left */
        result = map_pages_again(format, vmap, &run, phys);
    } else {
        PageRun copy = run; /* has an address; `run` stays in registers */
        result = pages(vmap, &copy, phys);
    }
    space_unlock(vmap);
    return result;
}

#endif
