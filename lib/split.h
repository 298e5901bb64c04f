/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_SPLIT_H
#define MEM_LIB_SPLIT_H

/*
 * Splitting a large leaf into a table of leaves one level below, which together are what the leaf was. The
 * table is complete before the one store that puts it in the leaf's place.
 */

#include "lib/cursor.h"
#include "lib/batch.h"

/* Takes the page for a split: out of the credits that the leaf holds, or others where it holds none. */
MEM_INLINE usize split_take_page(const MemFormat *format, MemVmap *vmap, MemEntry leaf)
{
    if (!(leaf & format->no_reserve))
        vmap->pool.credits--;
    else if (pool_usable(&vmap->pool) == 0)
        return MEM_VMAP_NO_PAGE;
    else
        pool_use_reserve(&vmap->pool, 1);
    return pool_take(vmap);
}

MEM_INLINE void split_fill(const MemFormat *format, MemEntry *table, MemEntry leaf, unsigned level)
{
    MemEntry attributes = format->relevel(format->attributes(leaf, level), level, level - 1);
    entry_fill(format, table, level_entries(format, level - 1), attributes, format->leaf_phys(leaf, level),
               level - 1);
}

/*
 * Splits the leaf at the cursor. 0, or MEM_ENOMEM for a leaf that took no credits when no page is spare.
 * The CPUs must forget the whole old leaf: an address of it cached at the old size would otherwise survive a
 * change of its new entry.
 */
MEM_INLINE int split_leaf(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, const Cursor *cursor,
                          MemEntry leaf)
{
    unsigned level = cursor->level, entries = level_entries(format, level - 1);
    usize phys = split_take_page(format, vmap, leaf);
    if (MEM_UNLIKELY(phys == MEM_VMAP_NO_PAGE))
        return MEM_ENOMEM;
    MemEntry *table = table_at(vmap, phys);
    MemEntry entry = count_add(format, format->table(phys, level), entries);
    do
        split_fill(format, table, leaf, level);
    while (!entry_replace(vmap, cursor_slot(format, cursor), &leaf, entry));
    usize first = cursor->at & ~level_mask(format, level);
    batch_note(format, batch, (Range){first, first + level_mask(format, level)}, level);
    batch->global |= leaves_global(format, leaf, leaf);
    vmap->tables++;
    vmap->splits++;
    return 0;
}

/* Pages that splitting the leaf at `at` takes to free the edges of [first, last], where it took no credits. */
MEM_INLINE usize split_cost(const MemFormat *format, MemEntry leaf, unsigned level, usize at, Range range)
{
    usize mask = level_mask(format, level), cost = 0;
    usize first = range.first > (at & ~mask) ? range.first : at & ~mask;
    usize last = range.last < (at | mask) ? range.last : at | mask;
    if (!(leaf & format->no_reserve))
        return 0;
    for (; level > 0; level--)
        cost += blocks_touched(format, level, first, last) - blocks_within(format, level, first, last);
    return cost;
}

#endif
