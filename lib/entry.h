/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_ENTRY_H
#define MEM_LIB_ENTRY_H

/*
 * The only file that writes live page-table entries. It knows the order of stores: a table is complete
 * before the store that links it; what the MMU sets meanwhile is not lost.
 *
 * Entries are read once, by entry_load, and decisions come from that snapshot.
 */

#include "lib/pool.h"
#include "lib/run.h"

MEM_INLINE MemEntry entry_load(const MemEntry *slot)
{
    return MEM_VMAP_ENTRY_LOAD(slot);
}

/* The same in a loop under the lock: who changes entries meanwhile is the MMU, and nobody else. */
MEM_INLINE MemEntry entry_peek(const MemEntry *slot)
{
    return MEM_VMAP_ENTRY_PEEK(slot);
}

/* Entries, all ANDed and ORed. */
typedef struct mem_summary {
    MemEntry all, any;
} Summary;

/* Of no entry yet. */
MEM_INLINE Summary summary_none(void)
{
    return (Summary){~(MemEntry)0, 0};
}

MEM_INLINE void summary_add(Summary *sum, MemEntry entry)
{
    sum->all &= entry;
    sum->any |= entry;
}

/* The kind that all of them have; EMPTY where that is not so, or does not show. */
MEM_INLINE EntryKind summary_kind(const MemFormat *format, const Summary *sum, unsigned level)
{
    return format->common_kind != NULL ? format->common_kind(sum->all, sum->any, level) : ENTRY_EMPTY;
}

/* Of eight entries. */
MEM_INLINE Summary entries_sum_8(const MemEntry *slot)
{
    Summary sum = summary_none();
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        summary_add(&sum, entry_peek(&slot[i]));
    return sum;
}

MEM_INLINE Summary entries_sum(const MemEntry *slot, unsigned count)
{
    const MemEntry *end = slot + count;
    Summary sum = summary_none();
    for (; end - slot >= 8; slot += 8) {
        Summary eight = entries_sum_8(slot);
        sum.all &= eight.all;
        sum.any |= eight.any;
    }
    for (; slot < end; slot++)
        summary_add(&sum, entry_peek(slot));
    return sum;
}

/* Whether `count` entries of level 0 are all leaves; and what they sum up to. */
MEM_INLINE bool entries_full(const MemFormat *format, const MemEntry *slot, unsigned count, Summary *sum)
{
    bool full = true;
    *sum = entries_sum(slot, count);
    if (format->common_kind != NULL)
        return summary_kind(format, sum, 0) == ENTRY_LEAF;
    for (unsigned i = 0; i < count; i++)
        full &= entry_load(&slot[i]) != 0;
    return full;
}

/* How many of `count` entries are not empty. */
MEM_INLINE unsigned entries_used(const MemEntry *slot, unsigned count)
{
    unsigned used = 0;
    for (unsigned i = 0; i < count; i++)
        used += entry_load(&slot[i]) != 0;
    return used;
}

/* Eight entries, ORed. */
MEM_INLINE MemEntry entries_any_8(const MemEntry *slot)
{
    return entry_peek(slot) | entry_peek(slot + 1) | entry_peek(slot + 2) | entry_peek(slot + 3) |
           entry_peek(slot + 4) | entry_peek(slot + 5) | entry_peek(slot + 6) | entry_peek(slot + 7);
}

/* Whether `count` entries are all empty: eight at a time, as a branch for each costs more than it saves. */
MEM_INLINE bool entries_empty(const MemEntry *slot, unsigned count)
{
    const MemEntry *end = slot + count;
    for (; end - slot >= 8; slot += 8)
        if (MEM_UNLIKELY(entries_any_8(slot) != 0))
            return false;
    for (; slot < end; slot++)
        if (entry_load(slot) != 0)
            return false;
    return true;
}

/* Writes leaves whose addresses are linear in their entries: see entry_fill. */
MEM_INLINE void entry_fill_linear(const MemFormat *format, MemEntry *slot, usize count, MemEntry entry,
                                  unsigned level)
{
    MemEntry step = level_size(format, level) >> format->address_shift;
    for (const MemEntry *end = slot + (count & ~(usize)7); slot != end; slot += 8, entry += 8 * step) {
#pragma GCC unroll 8
        for (usize k = 0; k < 8; k++)
            MEM_VMAP_ENTRY_STORE(&slot[k], entry + k * step);
    }
    for (const MemEntry *end = slot + (count & 7); slot != end; slot++, entry += step)
        MEM_VMAP_ENTRY_STORE(slot, entry);
}

/*
 * Writes `count` empty slots, live or of a new table, with leaves of `level` from `phys` upwards. Eight at a
 * time, each computed from the first of its eight: a chain of additions through all of them would take
 * longer than the stores. Where some address bits stand elsewhere, a part for each of their values: nearly always one.
 */
MEM_INLINE void entry_fill(const MemFormat *format, MemEntry *slot, usize count, MemEntry attributes,
                           usize phys, unsigned level)
{
    unsigned shift = format->levels[level].shift;
    usize mask = ((usize)1 << format->linear_bits) - 1;
    if (format->linear_bits >= format->pa_bits_max) {
        entry_fill_linear(format, slot, count, attributes | format->address(phys, level), level);
        return;
    }
    while (count > 0) {
        usize rest = (((phys | mask) - phys) >> shift) + 1, part = rest < count ? rest : count;
        entry_fill_linear(format, slot, part, attributes | format->address(phys, level), level);
        slot += part;
        phys += part << shift;
        count -= part;
    }
}

/* The same for whole runs, marked as such. */
MEM_INLINE void entry_fill_runs(const MemFormat *format, MemEntry *slot, usize count, MemEntry attributes,
                                usize phys, unsigned level)
{
    unsigned run = run_entries(format, level);
    attributes |= format->contiguous;
    if (!format->runs_are_equal) {
        entry_fill(format, slot, count, attributes, phys, level);
        return;
    }
    for (usize i = 0; i < count; i += run) {
        MemEntry entry = attributes | format->address(phys + i * level_size(format, level), level);
#pragma GCC unroll 8
        for (unsigned k = 0; k < run; k++)
            MEM_VMAP_ENTRY_STORE(&slot[i + k], entry);
    }
}

/* As entry_fill, from `index` of a table on, with whole runs marked as such: `phys` is aligned like `index`. */
MEM_INLINE void entry_fill_with_runs(const MemFormat *format, MemEntry *table, unsigned index, usize count,
                                     MemEntry attributes, usize phys, unsigned level)
{
    unsigned run = run_entries(format, level), shift = format->levels[level].shift;
    usize head = -index & (run - 1);
    head = head < count ? head : count;
    usize body = (count - head) & ~(usize)(run - 1);
    MemEntry *slot = table + index;
    entry_fill(format, slot, head, attributes, phys, level);
    entry_fill_runs(format, slot + head, body, attributes, phys + (head << shift), level);
    entry_fill(format, slot + head + body, count - head - body, attributes, phys + ((head + body) << shift),
               level);
}

/* After the stores of a call that made translations. */
MEM_INLINE void entries_made(const MemFormat *format)
{
    if (format->made != NULL)
        format->made();
}

/* Empties slots, also of a table that is not linked yet: a reader may be in it from its former life. */
MEM_INLINE void entry_zero(MemEntry *slot, unsigned count)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < count; i++)
        MEM_VMAP_ENTRY_STORE(&slot[i], 0);
}

/* Links a complete table into an empty slot. */
MEM_INLINE void entry_publish_table(MemEntry *slot, MemEntry entry)
{
    MEM_VMAP_PUBLISH_FENCE();
    MEM_VMAP_ENTRY_STORE(slot, entry);
}

/* Changes the count of a linked table. A plain store: the MMU does not write entries that link tables. */
MEM_INLINE MemEntry entry_recount(const MemFormat *format, MemEntry *slot, unsigned change)
{
    MemEntry entry = count_add(format, entry_load(slot), change);
    MEM_VMAP_ENTRY_STORE(slot, entry);
    return entry;
}

/* What a run of cleared slots had held. */
typedef struct mem_cleared {
    unsigned slots;       /* slots looked at */
    unsigned first, last; /* of them, those that held the first and the last leaf */
    unsigned leaves;      /* how many held one */
    unsigned cheap;       /* leaves that took no credits */
    MemEntry any, all;    /* the entries that held leaves, ORed and ANDed */
} Cleared;

/* How many slots at the end of a run are empty. */
MEM_INLINE unsigned entries_empty_behind(const MemEntry *slot, unsigned count)
{
    unsigned left = count;
    while (left > 0 && entry_load(&slot[left - 1]) == 0)
        left--;
    return count - left;
}

/* Whether it is asked what cleared entries were, which costs a little for each. */
typedef enum { CLEAR_AND_SUM, CLEAR_ONLY } ClearKind;

/* Empties eight slots, if they all hold leaves that took the same credits, and notes that. */
MEM_INLINE bool entry_clear_8_leaves(const MemFormat *format, MemEntry *slot, unsigned level,
                                     ClearKind kind, Cleared *cleared)
{
    if (format->common_kind == NULL)
        return false;
    Summary sum = entries_sum_8(slot);
    if (summary_kind(format, &sum, level) != ENTRY_LEAF)
        return false;
    if (level > 0 && ((sum.all ^ sum.any) & format->no_reserve) != 0)
        return false;
    entry_zero(slot, 8);
    cleared->leaves += 8;
    cleared->cheap += level > 0 && (sum.all & format->no_reserve) ? 8 : 0;
    cleared->any |= kind == CLEAR_AND_SUM ? sum.any : 0;
    cleared->all &= sum.all;
    return true;
}

/* Empties a slot. False: it links a table. */
MEM_INLINE bool entry_clear_leaf(const MemFormat *format, MemEntry *slot, unsigned level, Cleared *cleared)
{
    MemEntry entry = entry_load(slot);
    if (level > 0 && format->kind(entry, level) == ENTRY_TABLE)
        return false;
    cleared->leaves += entry != 0;
    cleared->cheap += (entry & format->no_reserve) != 0;
    cleared->any |= entry;
    cleared->all &= entry != 0 ? entry : ~(MemEntry)0;
    MEM_VMAP_ENTRY_STORE(slot, 0);
    return true;
}

/*
 * Empties up to `count` slots of `level` that hold leaves, or nothing; ends before one that links a table.
 * Holes at both ends are passed over: what is not there needs no shootdown.
 */
MEM_INLINE Cleared entry_clear_leaves(const MemFormat *format, MemEntry *slot, unsigned count,
                                      unsigned level, ClearKind kind)
{
    unsigned i = 0, end = count - entries_empty_behind(slot, count);
    while (i < end && entry_load(&slot[i]) == 0)
        i++;
    Cleared cleared = {.slots = count, .first = i, .all = ~(MemEntry)0};
    while (i < end) {
        if (end - i >= 8 && entry_clear_8_leaves(format, &slot[i], level, kind, &cleared)) {
            i += 8;
            cleared.last = i - 1;
            continue;
        }
        unsigned leaves = cleared.leaves;
        if (!entry_clear_leaf(format, &slot[i], level, &cleared)) {
            cleared.slots = i;
            break;
        }
        cleared.last = cleared.leaves != leaves ? i : cleared.last;
        i++;
    }
    return cleared;
}

MEM_INLINE void entry_clear(MemEntry *slot)
{
    MEM_VMAP_ENTRY_STORE(slot, 0);
}

/*
 * Replaces `*expected` by `entry`, unless the MMU has set a bit meanwhile: then `*expected` becomes what is
 * there now, and the caller begins again with it.
 */
MEM_INLINE bool entry_replace(const MemVmap *vmap, MemEntry *slot, MemEntry *expected, MemEntry entry)
{
    MEM_VMAP_PUBLISH_FENCE();
    if (vmap->alone) {
        MEM_VMAP_ENTRY_STORE(slot, entry);
        return true;
    }
    return MEM_VMAP_ENTRY_EXCHANGE(slot, expected, entry);
}

/* Whether `rights` grant less than one of the leaves that `old` sums up did. */
MEM_INLINE bool rights_shrink(const MemFormat *format, const Summary *old, MemEntry rights)
{
    MemEntry denies = (format->rights & ~format->grants) | format->trades;
    MemEntry grants = format->grants | format->trades;
    return ((old->any & ~rights & grants) | (rights & ~old->all & denies)) != 0;
}

/* A leaf, or an interim entry that stands for one, with new rights. */
MEM_INLINE MemEntry entry_with_rights(const MemFormat *format, MemEntry leaf, unsigned level,
                                      MemEntry rights)
{
    if (format->interim != NULL)
        leaf = format->attributes(leaf, level) | format->address(format->leaf_phys(leaf, level), level);
    return format->with_rights(leaf, rights);
}

/* Gives `count` leaves, which have the same rights, others by what differs. */
MEM_INLINE void entry_flip_rights(MemEntry *slot, unsigned count, MemEntry differ)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < count; i++)
        MEM_VMAP_ENTRY_STORE(&slot[i], entry_peek(&slot[i]) ^ differ);
}

/* Gives `count` leaves, which `old` sums up, new rights where nothing else writes them. */
MEM_INLINE void entry_set_rights_alone(const MemFormat *format, MemEntry *slot, unsigned count,
                                       unsigned level, MemEntry rights, const Summary *old)
{
    if (format->rights_are_plain && ((old->all ^ old->any) & format->rights) == 0) {
        entry_flip_rights(slot, count, (old->any & format->rights) ^ rights);
        return;
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < count; i++)
        MEM_VMAP_ENTRY_STORE(&slot[i], entry_with_rights(format, entry_peek(&slot[i]), level, rights));
}

/* Gives `count` leaves, which `old` sums up, new rights; keeps what the MMU notes meanwhile. */
MEM_INLINE void entry_set_rights(const MemFormat *format, const MemVmap *vmap, MemEntry *slot,
                                 unsigned count, unsigned level, MemEntry rights, const Summary *old)
{
    if (vmap->alone) {
        entry_set_rights_alone(format, slot, count, level, rights, old);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        MemEntry old = entry_load(&slot[i]);
        while (!MEM_VMAP_ENTRY_EXCHANGE(&slot[i], &old, entry_with_rights(format, old, level, rights)))
            ;
    }
}

#endif
