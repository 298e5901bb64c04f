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

MEM_INLINE MemEntry entry_load(const MemEntry *slot)
{
    return MEM_VMAP_ENTRY_LOAD(slot);
}

/* Whether none of `count` entries is empty. */
MEM_INLINE bool entries_full(const MemEntry *slot, unsigned count)
{
    bool full = true;
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
    return entry_load(slot) | entry_load(slot + 1) | entry_load(slot + 2) | entry_load(slot + 3) |
           entry_load(slot + 4) | entry_load(slot + 5) | entry_load(slot + 6) | entry_load(slot + 7);
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

/* The entry of a leaf at `phys`. Where addresses are linear in entries, it is one addition from `base`. */
MEM_INLINE MemEntry entry_leaf(const MemFormat *format, MemEntry attributes, usize base, usize offset,
                               unsigned level)
{
    if (format->linear_address)
        return (attributes | format->address(base, level)) + (offset >> format->address_shift);
    return attributes | format->address(base + offset, level);
}

/*
 * Writes `count` empty slots, live or of a new table, with leaves of `level` from `phys` upwards. Eight at a
 * time, each computed from the first of its eight: a chain of additions through all of them would take
 * longer than the stores.
 */
MEM_INLINE void entry_fill(const MemFormat *format, MemEntry *slot, usize count, MemEntry attributes,
                           usize phys, unsigned level)
{
    usize size = level_size(format, level), i = 0;
    for (; i + 8 <= count; i += 8) {
#pragma GCC unroll 8
        for (usize k = 0; k < 8; k++)
            MEM_VMAP_ENTRY_STORE(&slot[i + k], entry_leaf(format, attributes, phys, k * size, level));
        phys += 8 * size;
    }
    for (; i < count; i++) {
        MEM_VMAP_ENTRY_STORE(&slot[i], entry_leaf(format, attributes, phys, 0, level));
        phys += size;
    }
}

/* Empties slots of a table that is not linked yet; a reader may be in it from its former life. */
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

/*
 * Empties up to `count` slots of `level` that hold leaves, or nothing; ends before one that links a table.
 * Holes at both ends are passed over: what is not there needs no shootdown.
 */
MEM_INLINE Cleared entry_clear_leaves(const MemFormat *format, MemEntry *slot, unsigned count,
                                      unsigned level)
{
    unsigned i = 0, end = count - entries_empty_behind(slot, count);
    while (i < end && entry_load(&slot[i]) == 0)
        i++;
    Cleared cleared = {.slots = count, .first = i, .last = level == 0 ? end - 1 : i, .all = ~(MemEntry)0};
#pragma GCC unroll 8
    for (; i < end; i++) {
        MemEntry entry = entry_load(&slot[i]);
        if (level > 0 && format->kind(entry, level) == ENTRY_TABLE) {
            cleared.slots = i;
            break;
        }
        cleared.leaves += entry != 0;
        cleared.cheap += level > 0 && (entry & format->no_reserve) != 0;
        cleared.any |= entry;
        if (format->local != 0)
            cleared.all &= entry != 0 ? entry : ~(MemEntry)0;
        if (level > 0)
            cleared.last = entry != 0 ? i : cleared.last;
        MEM_VMAP_ENTRY_STORE(&slot[i], 0);
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

/* What a run of leaves was before its rights changed. */
typedef struct mem_changed {
    MemEntry any; /* all old entries, ORed */
    MemEntry all; /* all old entries, ANDed */
} Changed;

MEM_INLINE void changed_add(Changed *changed, MemEntry old)
{
    changed->any |= old;
    changed->all &= old;
}

/* Whether `rights` grant less than one of the leaves did. */
MEM_INLINE bool rights_shrink(const MemFormat *format, const Changed *changed, MemEntry rights)
{
    MemEntry denies = (format->rights & ~format->grants) | format->trades;
    MemEntry grants = format->grants | format->trades;
    return ((changed->any & ~rights & grants) | (rights & ~changed->all & denies)) != 0;
}

/* Gives `count` leaves new rights where nothing else writes them. */
MEM_INLINE Changed entry_set_rights_alone(const MemFormat *format, MemEntry *slot, unsigned count,
                                          MemEntry rights)
{
    Changed changed = {0, ~(MemEntry)0};
#pragma GCC unroll 4
    for (unsigned i = 0; i < count; i++) {
        MemEntry old = entry_load(&slot[i]);
        MEM_VMAP_ENTRY_STORE(&slot[i], format->with_rights(old, rights));
        changed_add(&changed, old);
    }
    return changed;
}

/* Gives `count` leaves new rights; keeps what the MMU notes meanwhile. */
MEM_INLINE Changed entry_set_rights(const MemFormat *format, const MemVmap *vmap, MemEntry *slot,
                                    unsigned count, MemEntry rights)
{
    Changed changed = {0, ~(MemEntry)0};
    if (vmap->alone)
        return entry_set_rights_alone(format, slot, count, rights);
    for (unsigned i = 0; i < count; i++) {
        MemEntry old = entry_load(&slot[i]);
        while (!MEM_VMAP_ENTRY_EXCHANGE(&slot[i], &old, format->with_rights(old, rights)))
            ;
        changed_add(&changed, old);
    }
    return changed;
}

#endif
