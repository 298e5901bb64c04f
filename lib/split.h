/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_SPLIT_H
#define MEM_LIB_SPLIT_H

/*
 * Splitting a large leaf into a table of leaves one level below, which together are what the leaf was. The
 * table is complete before the one store that puts it in the leaf's place.
 */

#include "lib/breaking.h"
#include "lib/cursor.h"

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

/* Leaves instead of the run around `edge`, in a table of `level` that is not linked yet. */
MEM_INLINE void split_cut_run(const MemFormat *format, MemEntry *table, MemEntry attributes, usize base,
                              unsigned level, usize edge)
{
    unsigned run = run_entries(format, level), index = level_index(format, level, edge) & ~(run - 1);
    if ((edge & run_mask(format, level)) != 0)
        entry_fill(format, table + index, run, attributes, base + index * level_size(format, level), level);
}

/*
 * Fills a table with what `leaf` was. Where contiguous runs are made it consists of them, but for those that the
 * range [at, last] of the cursor cuts: they would have to be unmarked at once.
 */
MEM_INLINE void split_fill(const MemFormat *format, const MemVmap *vmap, const Cursor *cursor,
                           MemEntry *table, MemEntry leaf)
{
    unsigned level = cursor->level, below = level - 1, entries = level_entries(format, below);
    MemEntry attributes = format->relevel(format->attributes(leaf, level), level, below);
    usize base = format->leaf_phys(leaf, level), mask = level_mask(format, level);
    if (format->contiguous == 0 || !(vmap->runs >> below & 1)) {
        entry_fill(format, table, entries, attributes, base, below);
        return;
    }
    entry_fill_runs(format, table, entries, attributes, base, below);
    split_cut_run(format, table, attributes, base, below, cursor->at);
    if (((cursor->at ^ cursor->last) & ~mask) == 0)
        split_cut_run(format, table, attributes, base, below, cursor->last + 1);
}

/* Unmarks the run that the leaf at the cursor is part of, which is about to be split or removed alone. */
MEM_INLINE MemEntry split_leave_run(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch,
                                    const Cursor *cursor, MemEntry leaf)
{
    unsigned level = cursor->level;
    usize mask = run_mask(format, level), first = cursor->at & ~mask;
    if (!leaf_in_run(format, leaf))
        return leaf;
    MemEntry *table = cursor->table[level];
    mem_vmap_remark_run(vmap, batch, &table[level_index(format, level, first)], level, first, RUN_UNMARK);
    return entry_load(cursor_slot(format, cursor));
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
    usize phys = split_take_page(format, vmap, leaf), first = cursor->at & ~level_mask(format, level);
    if (MEM_UNLIKELY(phys == MEM_VMAP_NO_PAGE))
        return MEM_ENOMEM;
    MEM_VMAP_TRACE(split, vmap, virt_from_linear(format, first), level);
    leaf = split_leave_run(format, vmap, batch, cursor, leaf);
    MemEntry *table = table_at(vmap, phys), *slot = cursor_slot(format, cursor);
    MemEntry entry = count_add(format, format->table(phys, level), entries);
    Range block = {first, first + level_mask(format, level)};
    bool broken = must_break(format, vmap, leaf, entry, level);
    if (broken)
        mem_vmap_break(vmap, slot, &leaf, entry, level, block);
    do
        split_fill(format, vmap, cursor, table, leaf);
    while (!entry_replace(vmap, slot, &leaf, entry));
    entries_made(format);
    if (!broken) {
        batch_note(format, batch, block, level);
        batch->plan.global |= leaves_global(format, leaf, leaf);
    }
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
