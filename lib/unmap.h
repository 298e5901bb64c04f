/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_UNMAP_H
#define MEM_LIB_UNMAP_H

/*
 * Unmap: one pass along the range. A block that lies wholly inside goes with one store, the tables below it
 * with it; a leaf that the range cuts is split; a table that becomes empty is unlinked on the way up. What is
 * unlinked waits in the batch for the flush.
 */

#include "lib/page_run.h"
#include "lib/split.h"

/* What a NO_RESERVE leaf may cost when it must be split and the pool has no page to spare. */
typedef enum { SPLIT_OR_STOP, SPLIT_OR_LOSE } SplitPolicy;

/* Where and why a pass stopped. */
typedef struct mem_unmap_progress {
    usize at;     /* linear; beyond the range when it is done */
    bool starved; /* a split found no page */
} UnmapProgress;

/* A table below `entry`, with what it holds in the pool: a look at every table but those of the last level. */
typedef struct mem_subtree {
    usize pages;
    usize credits;
} Subtree;

/* Adds `count` entries of `level`, summed up. False: they are not alike, or it does not show. */
MEM_INLINE bool subtree_add(const MemFormat *format, const Summary *entries, unsigned count, unsigned level,
                            Subtree *sum)
{
    EntryKind kind = summary_kind(format, entries, level);
    if (kind == ENTRY_TABLE)
        sum->pages += count;
    else if (kind == ENTRY_LEAF && ((entries->all ^ entries->any) & format->no_reserve) == 0)
        sum->credits += entries->all & format->no_reserve ? 0 : count * leaf_credits(format, level);
    else
        return false;
    return true;
}

MEM_INLINE void subtree_add_entry(const MemFormat *format, MemEntry entry, unsigned level, Subtree *sum)
{
    EntryKind kind = format->kind(entry, level);
    sum->pages += kind == ENTRY_TABLE;
    sum->credits += kind == ENTRY_LEAF && !(entry & format->no_reserve) ? leaf_credits(format, level) : 0;
}

/*
 * Adds what a table of `level` holds: the tables that it links, and the credits of its leaves. Nearly always all of
 * its entries are alike.
 */
MEM_INLINE void subtree_add_table(const MemFormat *format, const MemEntry *table, unsigned level,
                                  Subtree *sum)
{
    unsigned entries = level_entries(format, level);
    Summary whole = entries_sum(table, entries);
    if (MEM_LIKELY(subtree_add(format, &whole, entries, level, sum)))
        return;
    for (unsigned i = 0, next; i < entries; i = next) {
        next = entries - i >= 8 ? i + 8 : i + 1;
        Summary part = entries_sum(&table[i], next - i);
        if (!subtree_add(format, &part, next - i, level, sum))
            for (; i < next; i++)
                subtree_add_entry(format, entry_load(&table[i]), level, sum);
    }
}

/* Whether a space has no leaf that is larger than a page: such take credits, but for those of NO_RESERVE. */
MEM_INLINE bool has_pages_alone(const MemVmap *vmap)
{
    return vmap->pool.credits == 0 && !vmap->has_unreserved;
}

/* Adds what the table of `level` holds that `link` links. One that can only hold tables is not looked at. */
MEM_INLINE void subtree_add_linked(const MemFormat *format, const MemVmap *vmap, MemEntry link,
                                   const MemEntry *table, unsigned level, Subtree *sum)
{
    if (level == 1 && count_is_exact(format, level) && has_pages_alone(vmap))
        sum->pages += count_of(format, link);
    else
        subtree_add_table(format, table, level, sum);
}

/*
 * Measures the subtree below a table. Goes by a cursor over the table's block, down to the tables of level 1
 * and not below: how many tables of the lowest level there are is seen from above.
 */
MEM_INLINE Subtree subtree_measure(const MemFormat *format, const MemVmap *vmap, const Cursor *above,
                                   MemEntry entry)
{
    Subtree sum = {1, 0};
    unsigned root = above->level - 1;
    Cursor cursor = {.at = above->at, .last = above->at | level_mask(format, above->level), .level = root};
    if (root == 0)
        return sum;
    cursor.table[root] = table_at(vmap, format->table_phys(entry, above->level));
    subtree_add_linked(format, vmap, entry, cursor.table[root], root, &sum);
    while (root > 1 && !cursor_ended(&cursor)) {
        MemEntry below = entry_load(cursor_slot(format, &cursor));
        if (format->kind(below, cursor.level) == ENTRY_TABLE) {
            cursor_enter(format, vmap, &cursor, below);
            subtree_add_linked(format, vmap, below, cursor.table[cursor.level], cursor.level, &sum);
            if (cursor.level > 1)
                continue;
            cursor.level++;
        }
        cursor_skip(format, &cursor);
        cursor_climb(format, &cursor, root);
    }
    return sum;
}

/* Notes what `cleared` slots from `first` on had held, and releases the credits of their leaves. */
MEM_INLINE void unmap_note(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, usize first,
                           unsigned level, const Cleared *cleared)
{
    unsigned shift = format->levels[level].shift;
    if (cleared->leaves == 0)
        return;
    Range gone = {first + ((usize)cleared->first << shift),
                  first + ((usize)(cleared->last + 1) << shift) - 1};
    batch_note(format, batch, gone, level);
    batch->plan.global |= leaves_global(format, cleared->any, cleared->all);
    if (level > 0)
        vmap->pool.credits -= (cleared->leaves - cleared->cheap) * leaf_credits(format, level);
}

/* Empties the slots that follow in this table and in the range, up to one that links a table. */
MEM_INLINE void unmap_leaves(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Cursor *cursor)
{
    unsigned level = cursor->level, run = cursor_run(format, cursor);
    MemEntry *slot = cursor_slot(format, cursor);
    runs_cut(format, vmap, batch, cursor->table[level], level, cursor->at,
             cursor->at + ((usize)run << format->levels[level].shift));
    /* Two instances: where the level is known to be 0, no entry links a table and the loop has no branch. */
    Cleared cleared = level == 0 ? entry_clear_leaves(format, slot, run, 0, CLEAR_AND_SUM)
                                 : entry_clear_leaves(format, slot, run, level, CLEAR_AND_SUM);
    unmap_note(format, vmap, batch, cursor->at, level, &cleared);
    cursor->change[level] -= cleared.leaves;
    cursor->at += (usize)cleared.slots << format->levels[level].shift;
}

/* Unlinks the table below the slot at the cursor, with everything under it, and moves behind its block. */
MEM_INLINE void unmap_subtree(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Cursor *cursor)
{
    MemEntry *slot = cursor_slot(format, cursor), entry = entry_load(slot);
    unsigned level = cursor->level;
    Range block = {cursor->at, cursor->at | level_mask(format, level)};
    Subtree subtree = subtree_measure(format, vmap, cursor, entry);
    entry_clear(slot);
    vmap->pool.credits -= subtree.credits;
    batch_note(format, batch, block, 0);
    batch->plan.global |= vmap->has_global;
    batch_drop(format, vmap, batch, format->table_phys(entry, level), level - 1, subtree.pages, block);
    cursor->change[level]--;
    cursor_skip(format, cursor);
}

/* Empties what begins at the cursor and lies wholly in the range. */
MEM_INLINE void unmap_whole(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Cursor *cursor)
{
    EntryKind kind = format->kind(entry_load(cursor_slot(format, cursor)), cursor->level);
    if (kind == ENTRY_TABLE)
        unmap_subtree(format, vmap, batch, cursor);
    else
        unmap_leaves(format, vmap, batch, cursor);
}

/* Whether a linked table, `count` of whose entries were just taken away, holds nothing any more. */
MEM_INLINE bool table_is_empty(const MemFormat *format, MemEntry entry, const MemEntry *table,
                               unsigned level)
{
    if ((entry & count_mask(format)) != 0)
        return false;
    bool exact = count_is_exact(format, level);
    return exact || entries_empty(table, level_entries(format, level));
}

/* Leaves a table: counts what it lost, and unlinks it if that was all. */
MEM_INLINE void unmap_up(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Cursor *cursor)
{
    unsigned level = cursor->level;
    /* It has moved within the table if it changed something there: one byte back is still inside. */
    MemEntry *slot = cursor_parent_slot(format, cursor, cursor->at - 1);
    cursor->level++;
    if (cursor->change[level] == 0)
        return;
    MemEntry entry = entry_recount(format, slot, cursor->change[level]);
    if (!table_is_empty(format, entry, cursor->table[level], level))
        return;
    entry_clear(slot);
    cursor->change[level + 1]--;
    usize mask = level_mask(format, level + 1), inside = cursor->at - 1;
    batch_drop(format, vmap, batch, format->table_phys(entry, level + 1), 0, 1,
               (Range){inside & ~mask, inside | mask});
}

/* Removes the whole leaf at the cursor, which could not be split, and moves behind it. */
MEM_INLINE void unmap_lost(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Cursor *cursor)
{
    unsigned level = cursor->level;
    usize mask = level_mask(format, level), first = cursor->at & ~mask;
    usize virt = virt_from_linear(format, first);
    split_leave_run(format, vmap, batch, cursor, entry_load(cursor_slot(format, cursor)));
    Cleared cleared = entry_clear_leaves(format, cursor_slot(format, cursor), 1, level, CLEAR_AND_SUM);
    unmap_note(format, vmap, batch, first, level, &cleared);
    batch->lost = (MemVmapRange){virt, virt + mask, mask + 1};
    cursor->change[level]--;
    cursor_skip(format, cursor);
    vmap->lost++;
}

/* What stands at the cursor after a step towards a block that lies wholly in the range. */
typedef enum { STEP_WHOLE, STEP_MOVED, STEP_STARVED } Step;

/* Goes down until the block at the cursor lies wholly in the range, or past a hole. */
MEM_INLINE Step unmap_approach(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Cursor *cursor,
                               SplitPolicy policy)
{
    while (!cursor_on_whole_block(format, cursor)) {
        MemEntry *slot = cursor_slot(format, cursor), entry = entry_load(slot);
        EntryKind kind = format->kind(entry, cursor->level);
        if (kind == ENTRY_EMPTY) {
            cursor_skip(format, cursor);
            return STEP_MOVED;
        }
        if (kind == ENTRY_LEAF && split_leaf(format, vmap, batch, cursor, entry) != 0) {
            if (policy == SPLIT_OR_STOP)
                return STEP_STARVED;
            unmap_lost(format, vmap, batch, cursor);
            return STEP_MOVED;
        }
        cursor_enter(format, vmap, cursor, entry_load(slot));
    }
    return STEP_WHOLE;
}

/* One pass under the lock, as far as the batch has room and the pool has pages. */
MEM_INLINE UnmapProgress unmap_pass(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch,
                                    Range range, SplitPolicy policy)
{
    Cursor cursor;
    Step step = STEP_MOVED;
    cursor_start(format, vmap, &cursor, range.first, range.last);
    while (!cursor_ended(&cursor) && batch_has_room(format, batch)) {
        step = unmap_approach(format, vmap, batch, &cursor, policy);
        if (MEM_UNLIKELY(step == STEP_STARVED))
            break;
        if (step == STEP_WHOLE)
            unmap_whole(format, vmap, batch, &cursor);
        while (cursor.level < format->top && cursor_left_table(format, &cursor))
            unmap_up(format, vmap, batch, &cursor);
    }
    /* A pass that stopped early may stand at the first entry of tables in which it has changed nothing. */
    while (cursor.level < format->top)
        unmap_up(format, vmap, batch, &cursor);
    return (UnmapProgress){cursor.at, step == STEP_STARVED};
}

/* Flushes in the middle of a call, whose rest may need the pages that this releases: trimmed at its end. */
MEM_COLD static void unmap_flush_midway(MemVmapBatch *batch)
{
    batch->starved = true;
    mem_vmap_batch_flush(batch);
    batch->supplied = true;
}

/*
 * What to do about a split that found no page: get one from the port, or flush the batch, in which some may
 * wait. When neither helps the leaf is lost: unmapping must go on.
 */
MEM_COLD static SplitPolicy unmap_starved(MemVmapBatch *batch)
{
    batch->supplied = true;
    if (mem_vmap_pool_supply(batch->vmap, 1) == 0)
        return SPLIT_OR_STOP;
    if (batch->dropped_count == 0)
        return SPLIT_OR_LOSE;
    unmap_flush_midway(batch);
    return SPLIT_OR_STOP;
}

/* The long way, in as many passes as it takes. */
MEM_INLINE void unmap_anywhere(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Range range)
{
    SplitPolicy policy = SPLIT_OR_STOP;
    for (;;) {
        space_lock(vmap);
        batch_note_waiting(format, vmap, batch, range);
        UnmapProgress progress = unmap_pass(format, vmap, batch, range, policy);
        space_unlock(vmap);
        range.first = progress.at;
        if (MEM_LIKELY(range.first > range.last))
            return;
        policy = SPLIT_OR_STOP;
        if (progress.starved)
            policy = unmap_starved(batch);
        else
            unmap_flush_midway(batch);
    }
}

/* Whether contiguous runs may be cut by a range: then it is not the common case. */
MEM_INLINE bool may_cut_runs(const MemFormat *format, const MemVmap *vmap)
{
    return format->contiguous != 0 && (vmap->runs & 1) != 0;
}

/* Empties pages. What they were does not matter where none can be global: an OR of them all is saved. */
MEM_INLINE Cleared unmap_clear_pages(const MemFormat *format, const MemVmap *vmap, const PageRun *run)
{
    return vmap->has_global ? entry_clear_leaves(format, run->slots, run->count, 0, CLEAR_AND_SUM)
                            : entry_clear_leaves(format, run->slots, run->count, 0, CLEAR_ONLY);
}

/* Empties pages of a table that goes on to hold others. False: this is not the common case. */
MEM_INLINE bool unmap_page_run(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Range range)
{
    PageRun run;
    space_lock(vmap);
    bool found = page_run_find(format, vmap, range, &run) && page_run_has_neighbours(format, &run, range);
    if (MEM_LIKELY(found)) {
        unsigned index = level_index(format, 0, range.first);
        batch_note_waiting(format, vmap, batch, range);
        runs_cut(format, vmap, batch, run.slots - index, 0, range.first, range.last + 1);
        Cleared cleared = unmap_clear_pages(format, vmap, &run);
        unmap_note(format, vmap, batch, range.first, 0, &cleared);
        entry_recount(format, run.parent, -cleared.leaves);
    }
    space_unlock(vmap);
    return found;
}

/* `anywhere` is unmap_anywhere, instantiated apart so that its registers do not burden the short way. */
MEM_INLINE void engine_batch_unmap(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, usize virt,
                                   usize len,
                                   void (*anywhere)(MemVmap *vmap, MemVmapBatch *batch, Range range))
{
    Range parts[2];
    unsigned count = range_parts(format, virt, len, parts);
    for (unsigned i = 0; i < count; i++)
        if (!unmap_page_run(format, vmap, batch, parts[i]))
            anywhere(vmap, batch, parts[i]);
}

/*
 * Finds the shortest way, under the lock: pages of a table that a writer was in lately, and that goes on to hold
 * others, while nothing waits for a flush.
 */
MEM_INLINE bool unmap_find_again(const MemFormat *format, const MemVmap *vmap, usize virt, usize len,
                                 PageRun *run)
{
    return count_is_exact(format, 0) && vmap->unflushed == NULL && !may_cut_runs(format, vmap) &&
           page_run_again(format, vmap, virt, len, run) &&
           page_run_has_neighbours(format, run, (Range){0, 0});
}

/* Empties pages of one table, which goes on to hold others, and releases the lock. */
MEM_INLINE void unmap_pages_again(const MemFormat *format, MemVmap *vmap, const PageRun *run, usize virt)
{
    usize size = level_size(format, 0), first = virt & ~(size - 1);
    MemVmapPlan plan;
    Cleared cleared = unmap_clear_pages(format, vmap, run);
    if (MEM_UNLIKELY(cleared.leaves == 0)) {
        space_unlock(vmap);
        return;
    }
    entry_recount(format, run->parent, -cleared.leaves);
    MemVmapRange gone = {first + size * cleared.first, first + size * (cleared.last + 1) - 1, size};
    plan_leaves(&plan, vmap, &gone, leaves_global(format, cleared.any, cleared.all));
    mem_vmap_flush_leaves(vmap, &plan);
}

/* The same for one page. */
MEM_INLINE void unmap_page_again(const MemFormat *format, MemVmap *vmap, const PageRun *run, usize virt)
{
    usize mask = level_mask(format, 0);
    MemVmapPlan plan;
    MemEntry entry = entry_load(run->slots);
    if (MEM_UNLIKELY(entry == 0)) {
        space_unlock(vmap);
        return;
    }
    entry_clear(run->slots);
    entry_recount(format, run->parent, -1u);
    MemVmapRange gone = {virt & ~mask, virt | mask, mask + 1};
    plan_leaves(&plan, vmap, &gone, leaves_global(format, entry, entry));
    mem_vmap_flush_leaves(vmap, &plan);
}

/*
 * The same for all of a table that a writer was in lately, where the table above goes on to hold others: as
 * unmap_subtree, and the batch is listed where it was done.
 */
MEM_INLINE void unmap_table_again(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, usize virt,
                                  usize len)
{
    usize mask = level_mask(format, 1), region = way_region(format, virt);
    const MemVmapWay *way = &vmap->ways[region % MEM_VMAP_WAYS];
    if (!count_is_exact(format, 1) || vmap->unflushed != NULL || (virt & mask) != 0 || len != mask + 1 ||
        way->region != region + 1 || way->grandparent == NULL)
        return;
    MemEntry count = count_mask(format) & entry_load(way->grandparent);
    if (count >> format->count_shift <= 1)
        return;
    MemEntry entry = entry_load(way->parent);
    usize first = linear_from_virt(format, virt);
    Range block = {first, first | mask};
    entry_clear(way->parent);
    entry_recount(format, way->grandparent, -1u);
    batch_note(format, batch, block, 0);
    batch->plan.global = vmap->has_global;
    batch_drop(format, vmap, batch, format->table_phys(entry, 1), 0, 1, block);
}

/* All but the shortest ways; `anywhere` is unmap_anywhere, instantiated apart. */
MEM_INLINE void unmap_longer(const MemFormat *format, MemVmap *vmap, usize virt, usize len,
                             void (*anywhere)(MemVmap *vmap, MemVmapBatch *batch, Range range))
{
    MemVmapBatch batch;
    batch_init(&batch, vmap);
    space_lock(vmap);
    unmap_table_again(format, vmap, &batch, virt, len);
    space_unlock(vmap);
    if (!batch.listed)
        engine_batch_unmap(format, vmap, &batch, virt, len, anywhere);
    batch_finish(&batch);
}

/* `pages` is unmap_pages_again and `longer` is the rest, instantiated apart: one page needs few registers. */
MEM_INLINE void engine_unmap(const MemFormat *format, MemVmap *vmap, usize virt, usize len,
                             void (*pages)(MemVmap *vmap, const PageRun *run, usize virt),
                             void (*longer)(MemVmap *vmap, usize virt, usize len))
{
    PageRun run;
    space_lock(vmap);
    if (MEM_UNLIKELY(!unmap_find_again(format, vmap, virt, len, &run))) {
        space_unlock(vmap);
        longer(vmap, virt, len);
    } else if (MEM_LIKELY(run.count == 1)) {
        unmap_page_again(format, vmap, &run, virt);
    } else {
        PageRun copy = run; /* has an address; `run` stays in registers */
        pages(vmap, &copy, virt);
    }
}

#endif
