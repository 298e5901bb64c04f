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
MEM_INLINE int survey_pages(const MemFormat *format, Cursor *cursor)
{
    unsigned run = cursor_run(format, cursor);
    if (!entries_full(cursor_slot(format, cursor), run))
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
        while (cursor.level < format->top && cursor_left_table(format, &cursor))
            cursor.level++;
    }
    return 0;
}

/* Notes that leaves of `level` in `range` have got `rights`, if those are less than what they had. */
MEM_INLINE void protect_note(const MemFormat *format, MemVmapBatch *batch, Range range, unsigned level,
                             MemEntry rights, const Changed *changed)
{
    if (!rights_shrink(format, changed, rights))
        return;
    batch_note(format, batch, range, level);
    batch->global |= leaves_global(format, changed->any, changed->all);
}

/* Changes the leaves that follow in this table and in the range, and moves behind them. */
MEM_INLINE void protect_run(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Cursor *cursor,
                            unsigned run, MemEntry rights)
{
    unsigned level = cursor->level;
    Changed changed = entry_set_rights(format, vmap, cursor_slot(format, cursor), run, rights);
    usize end = cursor->at + ((usize)run << format->levels[level].shift);
    protect_note(format, batch, (Range){cursor->at, end - 1}, level, rights, &changed);
    cursor->at = end;
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
        unsigned run = cursor.level == 0 ? cursor_run(format, &cursor) : 1;
        protect_run(format, vmap, batch, &cursor, run, rights);
        while (cursor.level < format->top && cursor_left_table(format, &cursor))
            cursor.level++;
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
    if (!entries_full(run->slots, run->count))
        return MEM_EMISS;
    batch_note_waiting(format, vmap, batch, range);
    Changed changed = entry_set_rights(format, vmap, run->slots, run->count, rights);
    protect_note(format, batch, range, 0, rights, &changed);
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
