/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_PROTECT_H
#define MEM_LIB_PROTECT_H

/*
 * Protect, in two phases like map: a survey that finds holes and counts the pages that splits need beyond
 * the credits, then a pass that cannot fail.
 */

#include "lib/map.h"
#include "lib/page_run.h"
#include "lib/split.h"

/* Checks the pages that follow in this table and in the range, and moves behind them. */
MEM_INLINE int survey_pages(const MemFormat *format, Cursor *cursor)
{
    unsigned run = cursor_run(format, cursor);
    Summary sum;
    if (!entries_full(format, cursor_slot(format, cursor), run, &sum))
        return MEM_EMISS;
    cursor->at += (usize)run << format->levels[0].shift;
    return 0;
}

/* Adds to `*pages` what the splits at the edges of the range take. 0, or MEM_EMISS at a hole. */
MEM_INLINE int protect_survey(const MemFormat *format, const MemVmap *vmap, Range range, usize *pages)
{
    Cursor cursor;
    cursor_start(format, vmap, &cursor, range.first, range.last);
    while (!cursor_ended(&cursor)) {
        MemEntry entry = entry_load(cursor_slot(format, &cursor));
        EntryKind kind = format->kind(entry, cursor.level);
        if (kind == ENTRY_TABLE) {
            cursor_enter(format, vmap, &cursor, entry);
            continue;
        }
        if (kind == ENTRY_EMPTY || (cursor.level == 0 && survey_pages(format, &cursor) != 0))
            return MEM_EMISS;
        if (cursor.level > 0) {
            *pages += split_cost(format, entry, cursor.level, cursor.at, range);
            cursor_skip(format, &cursor);
        }
        cursor_climb(format, &cursor, format->top);
    }
    return 0;
}

/* Notes that leaves of `level` in `range` have got `rights`, if those are less than what they had. */
MEM_INLINE void protect_note(const MemFormat *format, MemVmapBatch *batch, Range range, unsigned level,
                             MemEntry rights, const Summary *old)
{
    if (!rights_shrink(format, old, rights))
        return;
    batch_note(format, batch, range, level);
    batch->plan.global |= leaves_global(format, old->any, old->all);
}

/* Whether one of the leaves may have to be broken to get `rights`: one in a run, or one that becomes global. */
MEM_INLINE bool must_break_for_rights(const MemFormat *format, const Summary *old, MemEntry rights)
{
    MemEntry local = (old->any & format->local & ~rights) | (~old->all & format->global & rights);
    return format->interim != NULL && ((old->any & format->contiguous) | local) != 0;
}

/* Leaves of one table, and what they are of linear addresses. */
typedef struct mem_leaves {
    MemEntry *slot;
    unsigned count, level;
    Range range;
} Leaves;

/* Gives leaves, which `old` sums up, new rights. */
MEM_INLINE void protect_leaves(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Leaves leaves,
                               MemEntry rights, const Summary *old)
{
    Range range = leaves.range;
    MemEntry *table = leaves.slot - level_index(format, leaves.level, range.first);
    runs_cut(format, vmap, batch, table, leaves.level, range.first, range.last + 1);
    if (must_break_for_rights(format, old, rights))
        mem_vmap_break_for_rights(vmap, leaves.slot, leaves.count, leaves.level, range.first, rights);
    entry_set_rights(format, vmap, leaves.slot, leaves.count, leaves.level, rights, old);
    entries_made(format);
    protect_note(format, batch, range, leaves.level, rights, old);
}

/* Changes the leaves that follow in this table and in the range, and moves behind them. */
MEM_INLINE void protect_run(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Cursor *cursor,
                            unsigned run, MemEntry rights)
{
    unsigned level = cursor->level;
    usize end = cursor->at + ((usize)run << format->levels[level].shift);
    Range range = {cursor->at, end - 1};
    MemEntry *slot = cursor_slot(format, cursor);
    Summary old = entries_sum(slot, run);
    protect_leaves(format, vmap, batch, (Leaves){slot, run, level, range}, rights, &old);
    cursor->at = end;
}

/* How many leaves the cursor can change at a time: of a level with tables one, or a run that lies in the range. */
MEM_INLINE unsigned protect_extent(const MemFormat *format, const Cursor *cursor, MemEntry entry)
{
    usize mask = run_mask(format, cursor->level);
    if (cursor->level == 0)
        return cursor_run(format, cursor);
    bool whole = (cursor->at & mask) == 0 && (cursor->at | mask) <= cursor->last;
    return leaf_in_run(format, entry) && whole ? run_entries(format, cursor->level) : 1;
}

/* Phase 2: every page is mapped and every split has its page. */
MEM_INLINE void protect_pass(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Range range,
                             MemEntry rights)
{
    Cursor cursor;
    cursor_start(format, vmap, &cursor, range.first, range.last);
    while (!cursor_ended(&cursor)) {
        MemEntry *slot = cursor_slot(format, &cursor), entry = entry_load(slot);
        bool table = format->kind(entry, cursor.level) == ENTRY_TABLE;
        if (!table && !cursor_on_whole_block(format, &cursor)) {
            split_leaf(format, vmap, batch, &cursor, entry);
            table = true;
        }
        if (table) {
            cursor_enter(format, vmap, &cursor, entry_load(slot));
            continue;
        }
        protect_run(format, vmap, batch, &cursor, protect_extent(format, &cursor, entry), rights);
        cursor_climb(format, &cursor, format->top);
    }
}

/* Phase 1 with the lock held and enough pages in the pool: 0 with the lock held, or an error without it. */
MEM_INLINE int protect_prepare(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Range range)
{
    for (;;) {
        usize need = 0;
        space_lock(vmap);
        int result = protect_survey(format, vmap, range, &need);
        usize have = pool_usable(&vmap->pool);
        if (MEM_LIKELY(result == 0 && need <= have))
            return 0;
        space_unlock(vmap);
        if (result == 0) {
            batch->supplied = true;
            result = mem_vmap_pool_supply(vmap, need - have);
        }
        if (result != 0)
            return result;
    }
}

/* The long way: leaves may have to be split, and pages asked for. */
MEM_INLINE int protect_anywhere(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Range range,
                                MemEntry rights)
{
    int result = protect_prepare(format, vmap, batch, range);
    if (MEM_UNLIKELY(result != 0))
        return result;
    batch_note_waiting(format, vmap, batch, range);
    protect_pass(format, vmap, batch, range, rights);
    vmap->has_global |= leaves_global(format, rights, rights);
    space_unlock(vmap);
    return 0;
}

/* Changes the rights of pages of one table. */
MEM_INLINE int protect_page_run(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Range range,
                                const PageRun *run, MemEntry rights)
{
    Summary old;
    if (!entries_full(format, run->slots, run->count, &old))
        return MEM_EMISS;
    batch_note_waiting(format, vmap, batch, range);
    protect_leaves(format, vmap, batch, (Leaves){run->slots, run->count, 0, range}, rights, &old);
    vmap->has_global |= leaves_global(format, rights, rights);
    return 0;
}

/* `anywhere` is protect_anywhere, instantiated apart so that its registers do not burden the short way. */
MEM_INLINE int
engine_protect(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, usize virt, usize len,
               int flags, int (*anywhere)(MemVmap *vmap, MemVmapBatch *batch, Range range, MemEntry rights))
{
    Range range;
    PageRun run;
    if (MEM_UNLIKELY(len == 0))
        return MEM_EINVAL;
    int result = check_flags(vmap, flags);
    if (MEM_LIKELY(result == 0))
        result = range_pages(format, virt, len, &range);
    if (MEM_UNLIKELY(result != 0))
        return result;
    MemEntry rights = format->encode(flags, 0, 0) & format->rights;
    space_lock(vmap);
    bool found = page_run_find(format, vmap, range, &run);
    if (MEM_LIKELY(found))
        result = protect_page_run(format, vmap, batch, range, &run, rights);
    space_unlock(vmap);
    return MEM_LIKELY(found) ? result : anywhere(vmap, batch, range, rights);
}

#endif
