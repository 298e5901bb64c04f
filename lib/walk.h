/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_WALK_H
#define MEM_LIB_WALK_H

/*
 * Walking without the lock, while others unmap.
 *
 * A table that a reader is about to look at may be freed and used for something else. So every reader reads
 * `drops` first and again after each entry: while it has not changed, no table had gone back to the pool when
 * that entry was read, and the entry was true. A writer changes `drops` after every CPU has forgotten the
 * unlinked tables and before it reuses them. (The order is that of a sequence lock.)
 */

#include "lib/drops.h"
#include "lib/entry.h"
#include "lib/range.h"

/*
 * The entry that ended a walk, true at one moment, and the table that it is in, which may be read on while
 * `drops` stays. An EMPTY entry is a hole of its level's size.
 */
typedef struct mem_snapshot {
    MemEntry entry;
    unsigned level;
    const MemEntry *table;
    uint64_t drops;
} Snapshot;

MEM_INLINE uint64_t read_begin(const MemFormat *format, const MemVmap *vmap, usize at)
{
    return __atomic_load_n(drops_of(format, vmap, at), __ATOMIC_ACQUIRE);
}

/* Whether what was read on the way to `at` since `drops` was read is to be believed. */
MEM_INLINE bool read_is_valid(const MemFormat *format, const MemVmap *vmap, usize at, uint64_t drops)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return MEM_LIKELY(__atomic_load_n(drops_of(format, vmap, at), __ATOMIC_RELAXED) == drops);
}

/* Walks once to the entry that ends the walk for the linear address `at`. False: a table was freed. */
MEM_INLINE bool walk_once(const MemFormat *format, const MemVmap *vmap, usize at, Snapshot *found)
{
    uint64_t drops = read_begin(format, vmap, at);
    const MemEntry *table = table_at(vmap, vmap->root);
    MEM_UNROLL_LEVELS
    for (unsigned level = format->top + 1; level-- > 0;) {
        MemEntry entry = entry_load(&table[level_index(format, level, at)]);
        if (!read_is_valid(format, vmap, at, drops))
            return false;
        if (format->kind(entry, level) != ENTRY_TABLE) {
            *found = (Snapshot){entry, level, table, drops};
            return true;
        }
        table = table_at(vmap, format->table_phys(entry, level));
    }
    return false; /* not reached: no entry of level 0 links a table */
}

/* The flags of the leaf that was found at `at`. Of a run whose table went meanwhile only it is known. */
MEM_INLINE int snapshot_flags(const MemFormat *format, const MemVmap *vmap, const Snapshot *found, usize at)
{
    int flags = leaf_flags(format, vmap, found->entry, found->level), noted = 0;
    unsigned run = run_entries(format, found->level), index = level_index(format, found->level, at);
    if (!leaf_in_run(format, found->entry))
        return flags;
    for (unsigned i = 0; i < run; i++)
        noted |= noted_flags(format, entry_load(&found->table[(index & ~(run - 1)) + i]));
    return read_is_valid(format, vmap, at, found->drops) ? flags | noted : flags;
}

/* Walks again for a reader that has met a freed table: more than once, then under the lock. */
Snapshot mem_vmap_walk_again(MemVmap *vmap, usize at);

/* The entry that ends the walk for the linear address `at`. */
MEM_INLINE Snapshot walk(const MemFormat *format, MemVmap *vmap, usize at)
{
    Snapshot found;
    if (MEM_LIKELY(walk_once(format, vmap, at, &found)))
        return found;
    return mem_vmap_walk_again(vmap, at);
}

#endif
