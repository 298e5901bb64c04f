/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_MAP_H
#define MEM_LIB_MAP_H

/*
 * Map, in two phases. The first walks down the two edges of the range, checks that nothing is in the way,
 * and counts the tables and credits that are needed. The second takes them from the pool, fills, and cannot
 * fail.
 *
 * Phase 1 looks at edges only: a table that lies wholly inside the range is never empty, so its mere
 * presence is an overlap, and what a range needs beyond its edges is arithmetic.
 */

#include "lib/batch.h"
#include "lib/cursor.h"

/* A map call after the checks of its arguments. */
typedef struct mem_mapping {
    usize first, last;   /* linear, whole pages */
    usize offset;        /* phys - linear, mod 2^64 */
    unsigned leaf_level; /* the largest leaves that alignment, caps and CPU allow */
    unsigned runs;       /* bit n: leaves of level n can be contiguous runs */
    int flags;
} Mapping;

/* What phase 1 found: where the range hangs in the tree, and what phase 2 will take. */
typedef struct mem_map_plan {
    Cursor cursor;  /* at the deepest table that holds the whole range */
    unsigned start; /* the level of that table */
    usize tables;
    usize credits;
    bool supplied;  /* the port was asked for pages, perhaps for more than are needed by now */
    unsigned fresh; /* phase 2: bit n: the table of level n on the path is new, and not yet linked */
    usize phys[MEM_VMAP_LEVELS_MAX]; /* where it is */
} MapPlan;

/* Flag bits that mean something. */
enum {
    FLAGS_KNOWN = MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_USER | MEM_VMAP_GLOBAL | MEM_VMAP_TYPE_MASK |
                  MEM_VMAP_CAP_4K | MEM_VMAP_CAP_2M | MEM_VMAP_NO_RESERVE | MEM_VMAP_ACCESSED |
                  MEM_VMAP_DIRTY,
    FLAGS_WRITE_EXEC = MEM_VMAP_WRITE | MEM_VMAP_EXEC,
};

/* The rights of `flags`: 0, MEM_EFLAGS or MEM_ENOTSUP. */
MEM_INLINE int check_flags(const MemVmap *vmap, int flags)
{
    unsigned type = (flags & MEM_VMAP_TYPE_MASK) >> MEM_VMAP_TYPE_SHIFT;
    if (MEM_UNLIKELY((flags & ~FLAGS_KNOWN) != 0 || type >= MEM_VMAP_TYPES))
        return MEM_EFLAGS;
    if (MEM_UNLIKELY((flags & FLAGS_WRITE_EXEC) == FLAGS_WRITE_EXEC && !vmap->allow_write_exec))
        return MEM_EFLAGS;
    if (MEM_UNLIKELY(vmap->no_execute_missing && !(flags & MEM_VMAP_EXEC)))
        return MEM_ENOTSUP;
    if (MEM_UNLIKELY((flags & vmap->lacks) != 0))
        return MEM_ENOTSUP;
    return 0;
}

MEM_INLINE unsigned flags_type_index(const MemVmap *vmap, int flags)
{
    return vmap->type_index[(flags & MEM_VMAP_TYPE_MASK) >> MEM_VMAP_TYPE_SHIFT];
}

/* The largest leaf that the length and the caps allow. */
MEM_INLINE usize leaf_size_most(usize len, int flags)
{
    usize cap = flags & MEM_VMAP_CAP_4K ? (usize)4 << 10 : flags & MEM_VMAP_CAP_2M ? (usize)2 << 20 : len;
    return cap < len ? cap : len;
}

/* The highest level whose leaves the CPU has, are no larger than `most`, and both addresses are aligned for. */
MEM_INLINE unsigned leaf_level_for(const MemFormat *format, const MemVmap *vmap, usize offset, usize most)
{
    unsigned level = 0;
    while (level < vmap->leaf_level && level_size(format, level + 1) <= most &&
           (offset & level_mask(format, level + 1)) == 0)
        level++;
    return level;
}

/* The levels of which the same holds for contiguous runs. */
MEM_INLINE unsigned run_levels_for(const MemFormat *format, const MemVmap *vmap, usize offset, usize most,
                                   unsigned leaf_level)
{
    unsigned runs = 0;
    if (format->contiguous == 0)
        return 0;
    for (unsigned level = 0; level <= leaf_level; level++)
        if ((vmap->runs >> level & 1) && run_mask(format, level) < most &&
            (offset & run_mask(format, level)) == 0)
            runs |= 1u << level;
    return runs;
}

/* Checks the arguments of a map and puts them in order: 0 or what mem_vmap_map documents. */
MEM_INLINE int mapping_make(const MemFormat *format, const MemVmap *vmap, Mapping *mapping, usize phys,
                            usize virt, usize len, int flags)
{
    usize mask = level_mask(format, 0);
    Range pages;
    if (MEM_UNLIKELY(len == 0))
        return MEM_EINVAL;
    int result = check_flags(vmap, flags);
    if (MEM_UNLIKELY(result != 0))
        return result;
    if (MEM_UNLIKELY(flags_type_index(vmap, flags) == MEM_VMAP_TYPE_NONE))
        return MEM_ENOTSUP;
    if (MEM_UNLIKELY(((virt ^ phys) & mask) != 0))
        return MEM_EALIGN;
    result = range_pages(format, virt, len, &pages);
    if (MEM_UNLIKELY(result != 0))
        return result;
    if (MEM_UNLIKELY(phys > vmap->phys_last || len - 1 > vmap->phys_last - phys))
        return MEM_ERANGE;
    usize offset = (phys & ~mask) - pages.first;
    usize most = leaf_size_most(pages.last - pages.first + 1, flags);
    unsigned leaf_level = leaf_level_for(format, vmap, offset, most);
    unsigned runs = run_levels_for(format, vmap, offset, most, leaf_level);
    *mapping = (Mapping){pages.first, pages.last, offset, leaf_level, runs, flags | vmap->presets};
    return 0;
}

MEM_INLINE MemEntry mapping_attributes(const MemFormat *format, const MemVmap *vmap, const Mapping *mapping,
                                       unsigned level)
{
    return format->encode(mapping->flags, level, flags_type_index(vmap, mapping->flags));
}

/* Fills `count` empty slots with the leaves that map `at` and what follows. */
MEM_INLINE void fill_leaves(const MemFormat *format, const MemVmap *vmap, const Mapping *mapping,
                            MemEntry *slot, usize count, usize at, unsigned level)
{
    MemEntry attributes = mapping_attributes(format, vmap, mapping, level);
    usize phys = at + mapping->offset;
    unsigned index = level_index(format, level, at);
    if (format->contiguous != 0 && MEM_UNLIKELY(mapping->runs >> level & 1))
        entry_fill_with_runs(format, slot - index, index, count, attributes, phys, level);
    else
        entry_fill(format, slot, count, attributes, phys, level);
}

/* The slots of one table that lie wholly in a range, [begin, end), and whether it cuts one more at each end. */
typedef struct mem_slots {
    unsigned begin, end;
    bool cuts_first, cuts_last;
} Slots;

MEM_INLINE Slots slots_within(const MemFormat *format, unsigned level, Range range)
{
    usize mask = level_mask(format, level);
    bool cuts_first = (range.first & mask) != 0, cuts_last = (range.last & mask) != mask;
    return (Slots){
        .begin = level_index(format, level, range.first) + cuts_first,
        .end = level_index(format, level, range.last) + !cuts_last,
        .cuts_first = cuts_first,
        .cuts_last = cuts_last,
    };
}

MEM_INLINE bool slots_empty(const MemEntry *table, Slots slots)
{
    return slots.begin >= slots.end || entries_empty(table + slots.begin, slots.end - slots.begin);
}

/*
 * Follows one edge of the range down the tree, from an entry that it cuts, through the tables that exist.
 * `part` is what of the range lies below that entry: it goes up to one end of its block, so in every table on
 * the way it cuts one entry or none. Counts the tables that it meets. 0 or MEM_EOVERLAP.
 */
MEM_INLINE int check_edge(const MemFormat *format, const MemVmap *vmap, Range part, MemEntry entry,
                          unsigned level, usize *met)
{
    while (format->kind(entry, level) == ENTRY_TABLE) {
        const MemEntry *table = table_at(vmap, format->table_phys(entry, level));
        Slots slots = slots_within(format, --level, part);
        ++*met;
        if (!slots_empty(table, slots))
            return MEM_EOVERLAP;
        if (!slots.cuts_first && !slots.cuts_last)
            return 0;
        usize cut = slots.cuts_first ? part.first : part.last;
        entry = entry_load(&table[level_index(format, level, cut)]);
    }
    return format->kind(entry, level) == ENTRY_LEAF ? MEM_EOVERLAP : 0;
}

/* Checks what the range covers of a table, and below. Where it cuts a single entry, that links no table. */
MEM_INLINE int check_table(const MemFormat *format, const MemVmap *vmap, Range range, const MemEntry *table,
                           unsigned level, usize *met)
{
    usize mask = level_mask(format, level);
    Slots slots = slots_within(format, level, range);
    int result = slots_empty(table, slots) ? 0 : MEM_EOVERLAP;
    if (MEM_UNLIKELY(result == 0 && slots.cuts_first))
        result = check_edge(format, vmap, (Range){range.first, range.first | mask},
                            entry_load(&table[level_index(format, level, range.first)]), level, met);
    if (MEM_UNLIKELY(result == 0 && slots.cuts_last))
        result = check_edge(format, vmap, (Range){range.last & ~mask, range.last},
                            entry_load(&table[level_index(format, level, range.last)]), level, met);
    return result;
}

/* Tables that the range needs under a table of `level` that holds nothing yet. */
MEM_INLINE usize tables_below(const MemFormat *format, const Mapping *mapping, unsigned level)
{
    usize tables = 0;
    for (; level > 0; level--) {
        tables += blocks_touched(format, level, mapping->first, mapping->last);
        if (level <= mapping->leaf_level)
            tables -= blocks_within(format, level, mapping->first, mapping->last);
    }
    return tables;
}

/* Every block that is or lies in a large leaf needs one table, should it ever be split to pages. */
MEM_INLINE usize credits_for(const MemFormat *format, const Mapping *mapping)
{
    usize credits = 0;
    if (mapping->flags & MEM_VMAP_NO_RESERVE)
        return 0;
    for (unsigned level = mapping->leaf_level; level > 0; level--)
        credits += blocks_within(format, level, mapping->first, mapping->last);
    return credits;
}

/* Goes down to the deepest table that holds the whole range. */
MEM_INLINE void descend_to_range(const MemFormat *format, const MemVmap *vmap, Cursor *cursor, Range range)
{
    cursor_start(format, vmap, cursor, range.first, range.last);
    MEM_UNROLL_LEVELS
    for (unsigned level = format->top; level > 0; level--) {
        unsigned index = level_index(format, level, cursor->at);
        if (index != level_index(format, level, cursor->last))
            return;
        MemEntry entry = entry_load(&cursor->table[level][index]);
        if (format->kind(entry, level) != ENTRY_TABLE)
            return;
        cursor_enter(format, vmap, cursor, entry);
    }
}

/* Phase 1: 0 and a plan, or MEM_EOVERLAP. */
MEM_INLINE int map_plan(const MemFormat *format, const MemVmap *vmap, const Mapping *mapping, MapPlan *plan)
{
    Range range = {mapping->first, mapping->last};
    Cursor *cursor = &plan->cursor;
    usize met = 0;
    descend_to_range(format, vmap, cursor, range);
    plan->start = cursor->level;
    int result = check_table(format, vmap, range, cursor->table[cursor->level], cursor->level, &met);
    plan->tables = tables_below(format, mapping, cursor->level) - met;
    plan->credits = credits_for(format, mapping);
    return result;
}

/* Enters the table below the cursor, taking a page for it where there is none. */
MEM_INLINE void fill_down(const MemFormat *format, MemVmap *vmap, MapPlan *plan)
{
    Cursor *cursor = &plan->cursor;
    unsigned level = cursor->level, below = level - 1;
    MemEntry entry = plan->fresh & (1u << level) ? 0 : entry_load(cursor_slot(format, cursor));
    if (entry != 0) {
        plan->fresh &= ~(1u << below);
        cursor_enter(format, vmap, cursor, entry);
        return;
    }
    plan->fresh |= 1u << below;
    plan->phys[below] = pool_take(vmap);
    cursor_down(cursor, table_at(vmap, plan->phys[below]));
    entry_zero(cursor->table[below], level_index(format, below, cursor->at));
}

/* Leaves a table that is complete: links it if it is new, counts what it gained if it is not. */
MEM_INLINE void fill_up(const MemFormat *format, MapPlan *plan)
{
    Cursor *cursor = &plan->cursor;
    unsigned level = cursor->level;
    usize inside = cursor->at - 1;
    MemEntry *slot = cursor_parent_slot(format, cursor, inside);
    if (plan->fresh & (1u << level)) {
        unsigned end = level_index(format, level, inside) + 1;
        entry_zero(cursor->table[level] + end, level_entries(format, level) - end);
        MemEntry entry = format->table(plan->phys[level], level + 1);
        entry_publish_table(slot, count_add(format, entry, cursor->change[level]));
        cursor->change[level + 1]++;
    } else {
        entry_recount(format, slot, cursor->change[level]);
    }
    cursor->level++;
}

/* Phase 2: cannot fail. Goes on from where phase 1 has left the cursor. */
MEM_INLINE void map_fill(const MemFormat *format, MemVmap *vmap, const Mapping *mapping, MapPlan *plan)
{
    Cursor *cursor = &plan->cursor;
    plan->fresh = 0;
    while (!cursor_ended(cursor)) {
        while (cursor->level > mapping->leaf_level || !cursor_on_whole_block(format, cursor))
            fill_down(format, vmap, plan);
        unsigned level = cursor->level, run = cursor_run(format, cursor);
        fill_leaves(format, vmap, mapping, cursor_slot(format, cursor), run, cursor->at, level);
        cursor->change[level] += run;
        cursor->at += (usize)run << format->levels[level].shift;
        while (cursor->level < plan->start && cursor_left_table(format, cursor))
            fill_up(format, plan);
    }
    if (plan->start < format->top)
        fill_up(format, plan);
}

/* Takes what a plan needs out of what the pool has promised to nobody else. */
MEM_INLINE void map_account(MemVmap *vmap, const Mapping *mapping, const MapPlan *plan)
{
    MemVmapPool *pool = &vmap->pool;
    usize used = plan->tables + plan->credits;
    pool->credits += plan->credits;
    pool_use_reserve(pool, used);
    vmap->tables += plan->tables;
    vmap->has_global |= (mapping->flags & MEM_VMAP_GLOBAL) != 0;
    vmap->has_unreserved |= (mapping->flags & MEM_VMAP_NO_RESERVE) != 0;
}

/*
 * Phase 1 with the lock held and enough pages in the pool: 0 with the lock held, or an error without it.
 * Pages come from the port without the lock, so the tree may change meanwhile and is looked at again.
 */
MEM_INLINE int map_prepare(const MemFormat *format, MemVmap *vmap, const Mapping *mapping, MapPlan *plan)
{
    for (plan->supplied = false;; plan->supplied = true) {
        space_lock(vmap);
        int result = map_plan(format, vmap, mapping, plan);
        usize need = plan->tables + plan->credits, have = pool_usable(&vmap->pool);
        if (MEM_LIKELY(result == 0 && need <= have))
            return 0;
        space_unlock(vmap);
        if (result == 0)
            result = mem_vmap_pool_supply(vmap, need - have);
        if (result != 0) {
            if (plan->supplied)
                mem_vmap_pool_trim(vmap);
            return result;
        }
    }
}

/* The long way: tables may have to be made, and pages asked for. */
MEM_INLINE int map_anywhere(const MemFormat *format, MemVmap *vmap, const Mapping *mapping)
{
    MapPlan plan;
    int result = map_prepare(format, vmap, mapping, &plan);
    if (MEM_UNLIKELY(result != 0))
        return result;
    Range range = {mapping->first, mapping->last};
    bool stale = batch_others_wait(format, vmap, NULL, LEFT_LEAVES_AND_TABLES, range);
    if (MEM_UNLIKELY(stale) && format->interim != NULL)
        mem_vmap_forget_before_map(vmap, mapping->first, mapping->last);
    map_account(vmap, mapping, &plan);
    map_fill(format, vmap, mapping, &plan);
    entries_made(format);
    space_unlock(vmap);
    if (MEM_UNLIKELY(stale))
        mem_vmap_flush_range(vmap, mapping->first, mapping->last);
    if (MEM_UNLIKELY(plan.supplied))
        mem_vmap_pool_trim(vmap);
    return 0;
}

#endif
