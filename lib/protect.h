/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_PROTECT_H
#define MEM_LIB_PROTECT_H

/*
 * Protect, in two phases like map: a survey that finds holes and counts the pages that splits need beyond
 * the credits, then a pass that cannot fail.
 */

#include "lib/map.h"
#include "lib/split.h"

/* Checks the pages that follow in this table and in the range, and moves behind them. */
INLINE int survey_pages(const MemFormat *format, Cursor *cursor)
{
    unsigned run = cursor_run(format, cursor);
    if (!entries_full(cursor_slot(format, cursor), run))
        return MEM_EMISS;
    cursor->at += (usize)run << format->levels[0].shift;
    return 0;
}

/* Adds to `*pages` what the splits at the edges of the range take. 0, or MEM_EMISS at a hole. */
INLINE int protect_survey(const MemFormat *format, const MemVmap *vmap, Range range, usize *pages)
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
        while (cursor.level < format->top && cursor_left_table(format, &cursor))
            cursor.level++;
    }
    return 0;
}

/* Changes the leaves that follow in this table and in the range, and moves behind them. */
INLINE void protect_run(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Cursor *cursor,
                        unsigned run, MemEntry rights)
{
    unsigned level = cursor->level;
    Changed changed = entry_set_rights(format, vmap, cursor_slot(format, cursor), run, rights);
    usize end = cursor->at + ((usize)run << format->levels[level].shift);
    if (rights_shrink(format, &changed, rights)) {
        batch_note(format, batch, (Range){cursor->at, end - 1}, level);
        batch->global |= (changed.any & format->global) != 0;
    }
    cursor->at = end;
}

/* Phase 2: every page is mapped and every split has its page. */
INLINE void protect_pass(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Range range,
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
        unsigned run = cursor.level == 0 ? cursor_run(format, &cursor) : 1;
        protect_run(format, vmap, batch, &cursor, run, rights);
        while (cursor.level < format->top && cursor_left_table(format, &cursor))
            cursor.level++;
    }
}

/* Phase 1 with the lock held and enough pages in the pool: 0 with the lock held, or an error without it. */
INLINE int protect_prepare(const MemFormat *format, MemVmap *vmap, Range range)
{
    for (;;) {
        usize need = 0;
        space_lock(vmap);
        int result = protect_survey(format, vmap, range, &need);
        usize have = pool_spare(&vmap->pool);
        if (LIKELY(result == 0 && need <= have))
            return 0;
        space_unlock(vmap);
        if (result == 0)
            result = mem_vmap_pool_supply(vmap, need - have);
        if (result != 0)
            return pool_settle(vmap, result);
    }
}

INLINE int engine_protect(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, usize virt,
                          usize len, int flags)
{
    Range range;
    if (UNLIKELY(len == 0))
        return MEM_EINVAL;
    int result = check_flags(vmap, flags);
    if (LIKELY(result == 0))
        result = range_pages(format, virt, len, &range);
    if (LIKELY(result == 0))
        result = protect_prepare(format, vmap, range);
    if (UNLIKELY(result != 0))
        return result;
    vmap->has_global |= (flags & MEM_VMAP_GLOBAL) != 0;
    protect_pass(format, vmap, batch, range, format->encode(flags, 0, 0) & format->rights);
    space_unlock(vmap);
    return 0;
}

#endif
