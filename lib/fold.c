/* SPDX-License-Identifier: MIT */

/* The last part of collapse: equal, contiguous, aligned leaves of one table become contiguous runs. */

#include "lib/fold.h"
#include "lib/breaking.h"
#include "lib/cursor.h"

/* Whether the aligned leaves from the cursor on are to be marked as a run: they are none, and equal. */
static bool can_be_run(const MemFormat *format, const Cursor *cursor)
{
    unsigned level = cursor->level;
    const MemEntry *slot = cursor_slot(format, cursor);
    MemEntry first = entry_load(slot),
             attributes = format->never_used(leaf_attributes(format, first, level));
    usize size = level_size(format, level), phys = format->leaf_phys(first, level);
    if (leaf_in_run(format, first) || (phys & run_mask(format, level)) != 0)
        return false;
    for (unsigned i = 1; i < run_entries(format, level); i++) {
        MemEntry leaf = entry_load(&slot[i]);
        if (format->kind(leaf, level) != ENTRY_LEAF || format->leaf_phys(leaf, level) != phys + i * size ||
            format->never_used(leaf_attributes(format, leaf, level)) != attributes)
            return false;
    }
    return true;
}

/* Marks the run that could begin with the leaf at the cursor, and moves on. */
static void fold_leaf(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Cursor *cursor)
{
    unsigned level = cursor->level;
    usize mask = run_mask(format, level);
    bool fits =
        (vmap->runs >> level & 1) && (cursor->at & mask) == 0 && (cursor->at | mask) <= cursor->last;
    if (fits && can_be_run(format, cursor))
        mem_vmap_remark_run(vmap, batch, cursor_slot(format, cursor), level, cursor->at, RUN_MARK);
    cursor_skip(format, cursor);
}

void mem_vmap_fold(MemVmap *vmap, MemVmapBatch *batch, Range range)
{
    const MemFormat *format = vmap->format->description;
    Cursor cursor;
    if (vmap->runs == 0)
        return;
    cursor_start(format, vmap, &cursor, range.first, range.last);
    while (!cursor_ended(&cursor)) {
        MemEntry entry = entry_load(cursor_slot(format, &cursor));
        switch (format->kind(entry, cursor.level)) {
        case ENTRY_TABLE:
            cursor_enter(format, vmap, &cursor, entry);
            continue;
        case ENTRY_LEAF:
            fold_leaf(format, vmap, batch, &cursor);
            break;
        case ENTRY_EMPTY:
            cursor_skip(format, &cursor);
            break;
        }
        cursor_climb(format, &cursor, format->top);
    }
}
