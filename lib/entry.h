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

INLINE MemEntry entry_load(const MemEntry *slot)
{
    return MEM_VMAP_ENTRY_LOAD(slot);
}

/* Whether nobody but this CPU reads the tables: then nobody sets accessed and dirty bits meanwhile. */
INLINE bool walked_by_us_alone(const MemVmap *vmap)
{
    return vmap->port.invalidate_there == NULL;
}

/* Whether none of `count` entries is empty. */
INLINE bool entries_full(const MemEntry *slot, unsigned count)
{
    bool full = true;
    for (unsigned i = 0; i < count; i++)
        full &= slot[i] != 0;
    return full;
}

/* Whether `count` entries are all empty: eight at a time, as an early exit costs more than it saves. */
INLINE bool entries_empty(const MemEntry *slot, unsigned count)
{
    unsigned i = 0;
    for (; i + 8 <= count; i += 8) {
        MemEntry any = slot[i] | slot[i + 1] | slot[i + 2] | slot[i + 3];
        any |= slot[i + 4] | slot[i + 5] | slot[i + 6] | slot[i + 7];
        if (UNLIKELY(any != 0))
            return false;
    }
    for (; i < count; i++)
        if (slot[i] != 0)
            return false;
    return true;
}

/* Writes `count` empty slots, live or of a new table, with leaves of `level` from `phys` upwards. */
INLINE void entry_fill(const MemFormat *format, MemEntry *slot, usize count, MemEntry attributes,
                       usize phys, unsigned level)
{
    usize size = level_size(format, level);
#pragma GCC unroll 8
    for (usize i = 0; i < count; i++) {
        MEM_VMAP_ENTRY_STORE(&slot[i], attributes | format->address(phys, level));
        phys += size;
    }
}

/* Empties slots of a table that nobody can reach yet. */
INLINE void entry_zero(MemEntry *slot, unsigned count)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < count; i++)
        slot[i] = 0;
}

/* Links a complete table into an empty slot. */
INLINE void entry_publish_table(MemEntry *slot, MemEntry entry)
{
    MEM_VMAP_PUBLISH_FENCE();
    MEM_VMAP_ENTRY_STORE(slot, entry);
}

/* Changes the count of a linked table. A plain store: the MMU does not write entries that link tables. */
INLINE MemEntry entry_recount(const MemFormat *format, MemEntry *slot, unsigned change)
{
    MemEntry entry = count_add(format, entry_load(slot), change);
    MEM_VMAP_ENTRY_STORE(slot, entry);
    return entry;
}

/* What a run of cleared slots had held. */
typedef struct cleared {
    unsigned used;
    MemEntry any; /* all entries, ORed */
} Cleared;

/* Empties `count` slots that hold leaves of the lowest level, or nothing. */
INLINE Cleared entry_clear_run(MemEntry *slot, unsigned count)
{
    Cleared cleared = {0, 0};
#pragma GCC unroll 8
    for (unsigned i = 0; i < count; i++) {
        MemEntry entry = entry_load(&slot[i]);
        cleared.used += entry != 0;
        cleared.any |= entry;
        MEM_VMAP_ENTRY_STORE(&slot[i], 0);
    }
    return cleared;
}

INLINE void entry_clear(MemEntry *slot)
{
    MEM_VMAP_ENTRY_STORE(slot, 0);
}

/*
 * Replaces `*expected` by `entry`, unless the MMU has set a bit meanwhile: then `*expected` becomes what is
 * there now, and the caller begins again with it.
 */
INLINE bool entry_replace(const MemVmap *vmap, MemEntry *slot, MemEntry *expected, MemEntry entry)
{
    MEM_VMAP_PUBLISH_FENCE();
    if (walked_by_us_alone(vmap)) {
        MEM_VMAP_ENTRY_STORE(slot, entry);
        return true;
    }
    return MEM_VMAP_ENTRY_EXCHANGE(slot, expected, entry);
}

/* The bits by which `entry` grants less than `old` did. */
INLINE MemEntry rights_lost(const MemFormat *format, MemEntry old, MemEntry entry)
{
    return (old & ~entry & format->grants) | (entry & ~old & format->rights & ~format->grants);
}

/* What a run of leaves was before its rights changed, and which rights it lost. */
typedef struct changed {
    MemEntry any; /* all old entries, ORed */
    MemEntry lost;
} Changed;

/* Gives `count` leaves new rights; keeps what the MMU notes meanwhile. */
INLINE Changed entry_set_rights(const MemFormat *format, const MemVmap *vmap, MemEntry *slot,
                                unsigned count, MemEntry rights)
{
    Changed changed = {0, 0};
    for (unsigned i = 0; i < count; i++) {
        MemEntry old = entry_load(&slot[i]), entry;
        do
            entry = (old & ~format->rights) | rights;
        while (!entry_replace(vmap, &slot[i], &old, entry));
        changed.any |= old;
        changed.lost |= rights_lost(format, old, entry);
    }
    return changed;
}

#endif
