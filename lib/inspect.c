/* SPDX-License-Identifier: MIT */

/* Looking at a space as a whole: mem_vmap_stats and mem_vmap_verify. Both hold the lock throughout. */

#include "lib/cursor.h"
#include "lib/page_run.h"
#include "lib/range.h"

/* The leaves in a table of the lowest level: the entry that links it counts them, where it can count to all. */
static unsigned page_leaves(const MemFormat *format, const MemVmap *vmap, MemEntry entry)
{
    if (count_is_exact(format, 0))
        return (unsigned)((entry & count_mask(format)) >> format->count_shift);
    return entries_used(table_at(vmap, format->table_phys(entry, 1)), level_entries(format, 0));
}

static void count_leaves(const MemFormat *format, const MemVmap *vmap, usize *leaves)
{
    Cursor cursor;
    cursor_start(format, vmap, &cursor, 0, linear_mask(format));
    while (!cursor_ended(&cursor)) {
        MemEntry entry = entry_load(cursor_slot(format, &cursor));
        EntryKind kind = format->kind(entry, cursor.level);
        if (kind == ENTRY_TABLE && cursor.level > 1) {
            cursor_enter(format, vmap, &cursor, entry);
            continue;
        }
        if (kind == ENTRY_TABLE)
            leaves[0] += page_leaves(format, vmap, entry);
        else if (kind == ENTRY_LEAF)
            leaves[cursor.level]++;
        cursor_skip(format, &cursor);
        cursor_climb(format, &cursor, format->top);
    }
}

int mem_vmap_stats(MemVmap *vmap, MemVmapStats *stats)
{
    if (!is_space(vmap) || stats == NULL)
        return MEM_EINVAL;
    space_lock(vmap);
    *stats = (MemVmapStats){
        .tables = vmap->tables,
        .tables_waiting = vmap->waiting,
        .pool_free = vmap->pool.free,
        .credits = vmap->pool.credits,
        .reserved = vmap->pool.reserved,
        .splits = vmap->splits,
        .collapses = vmap->collapses,
        .shootdowns = vmap->shootdowns,
        .lost = vmap->lost,
    };
    count_leaves(vmap->format->description, vmap, stats->leaves);
    space_unlock(vmap);
    return 0;
}

/* A verification under way: what was counted so far, and the first rule that was found broken. */
typedef struct mem_verifying {
    const MemFormat *format;
    const MemVmap *vmap;
    Cursor cursor;
    usize tables, credits;
    MemVmapDefect defect;
} Verifying;

/* Notes that the entry at the cursor breaks a rule, unless it holds. */
static bool rule(Verifying *v, bool holds, const char *text, MemEntry entry)
{
    if (!holds && v->defect.rule == NULL)
        v->defect =
            (MemVmapDefect){text, virt_from_linear(v->format, v->cursor.at), v->cursor.level, entry};
    return holds;
}

/* A leaf as its parts make it: one that was broken and never made again, for example, is not. */
static MemEntry leaf_of_parts(const MemFormat *format, MemEntry entry, unsigned level)
{
    MemEntry mark = leaf_in_run(format, entry) ? format->contiguous : 0;
    return leaf_attributes(format, entry, level) | format->address(format->leaf_phys(entry, level), level) |
           mark;
}

/* Whether the leaf at the cursor is part of a contiguous run if and only if the first of the run is, and agrees. */
static bool run_is_sound(const Verifying *v, MemEntry entry)
{
    const MemFormat *format = v->format;
    unsigned level = v->cursor.level;
    usize at = v->cursor.at, first = at & ~run_mask(format, level);
    MemEntry head = entry_load(&v->cursor.table[level][level_index(format, level, first)]);
    bool marked = format->kind(head, level) == ENTRY_LEAF && leaf_in_run(format, head);
    if (!leaf_in_run(format, entry) || !marked)
        return leaf_in_run(format, entry) == marked;
    return (v->vmap->runs >> level & 1) &&
           leaf_base(format, entry, level, at) == leaf_base(format, head, level, first) + (at - first) &&
           (leaf_base(format, head, level, first) & run_mask(format, level)) == 0 &&
           format->never_used(leaf_attributes(format, entry, level)) ==
               format->never_used(leaf_attributes(format, head, level));
}

static bool leaf_is_sound(Verifying *v, MemEntry entry)
{
    unsigned level = v->cursor.level;
    usize phys = v->format->leaf_phys(entry, level), mask = level_mask(v->format, level);
    v->credits += entry & v->format->no_reserve ? 0 : leaf_credits(v->format, level);
    return rule(v, level <= v->vmap->leaf_level, "no leaf where the level or the CPU has none", entry) &&
           rule(v, (entry & v->format->reserved(level)) == 0, "reserved bits are zero", entry) &&
           rule(v, entry == leaf_of_parts(v->format, entry, level), "a leaf is not broken", entry) &&
           rule(v, run_is_sound(v, entry), "a contiguous run is whole, and its leaves agree", entry) &&
           rule(v, (phys & mask) == 0, "a leaf's address is aligned to its size", entry) &&
           rule(v, (phys | mask) <= v->vmap->phys_last, "a leaf lies within the physical width", entry);
}

static bool table_is_sound(Verifying *v, MemEntry entry)
{
    const MemFormat *format = v->format;
    unsigned below = v->cursor.level - 1;
    usize phys = format->table_phys(entry, v->cursor.level);
    if (!rule(v, ++v->tables <= v->vmap->tables, "every table is ours and has one parent", entry) ||
        !rule(v, (phys & (table_size(format) - 1)) == 0 && phys <= v->vmap->phys_last,
              "a table is aligned and within the physical width", entry))
        return false;
    unsigned used = entries_used(table_at(v->vmap, phys), level_entries(format, below));
    return rule(v, used > 0, "no empty table is reachable", entry) &&
           rule(v, ((entry ^ format->table(phys, below + 1)) & ~count_mask(format)) == 0,
                "an entry that links a table takes away no right", entry) &&
           rule(v, count_add(format, format->table(phys, below + 1), used) == entry,
                "an entry counts the entries of the table that it links", entry);
}

static bool entry_is_sound(Verifying *v, MemEntry entry)
{
    switch (v->format->kind(entry, v->cursor.level)) {
    case ENTRY_EMPTY:
        return rule(v, entry == 0, "an empty entry is all zero", entry);
    case ENTRY_LEAF:
        return leaf_is_sound(v, entry);
    case ENTRY_TABLE:
        return table_is_sound(v, entry);
    }
    return rule(v, false, "an entry is of one kind", entry);
}

static bool tree_is_sound(Verifying *v)
{
    const MemFormat *format = v->format;
    Cursor *cursor = &v->cursor;
    while (!cursor_ended(cursor)) {
        MemEntry entry = entry_load(cursor_slot(format, cursor));
        if (!entry_is_sound(v, entry))
            return false;
        if (format->kind(entry, cursor->level) == ENTRY_TABLE) {
            cursor_enter(format, v->vmap, cursor, entry);
            continue;
        }
        cursor_skip(format, cursor);
        cursor_climb(format, cursor, format->top);
    }
    return true;
}

static bool pool_is_sound(Verifying *v)
{
    const MemVmapPool *pool = &v->vmap->pool;
    return rule(v, v->tables == v->vmap->tables, "every table is reachable", v->tables) &&
           rule(v, v->credits + v->vmap->prepaid == pool->credits, "credits are those of the leaves",
                pool->credits) &&
           rule(v, pool->free >= pool->credits + pool->reserved, "the pool has what it owes", pool->free) &&
           rule(v, mem_vmap_pool_count(v->vmap) == pool->free, "the pool holds what it counts", pool->free);
}

/* Whether what writers remember of tables is what a walk finds. */
static bool ways_are_sound(Verifying *v)
{
    const MemFormat *format = v->format;
    bool sound = true;
    for (unsigned i = 0; i < MEM_VMAP_WAYS && sound; i++) {
        MemVmapWay known = v->vmap->ways[i], there = {0, NULL, NULL, NULL};
        if (known.region == 0)
            continue;
        v->cursor.at = linear_from_virt(format, (known.region - 1) << format->levels[1].shift);
        sound = way_walk(format, v->vmap, v->cursor.at, &there) && there.table == known.table &&
                there.parent == known.parent && there.grandparent == known.grandparent;
    }
    return rule(v, sound, "a way that is remembered leads to its table", 0);
}

int mem_vmap_verify(MemVmap *vmap, MemVmapDefect *defect)
{
    if (!is_space(vmap))
        return MEM_EINVAL;
    const MemFormat *format = vmap->format->description;
    Verifying v = {.format = format, .vmap = vmap, .tables = 1};
    space_lock(vmap);
    cursor_start(format, vmap, &v.cursor, 0, linear_mask(format));
    bool sound = tree_is_sound(&v) && ways_are_sound(&v) && pool_is_sound(&v);
    space_unlock(vmap);
    if (sound)
        return 0;
    if (defect != NULL)
        *defect = v.defect;
    return MEM_ECORRUPT;
}
