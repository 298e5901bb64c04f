/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_BREAKING_H
#define MEM_LIB_BREAKING_H

/*
 * Break-before-make. Some CPUs must never find a leaf of another size, a run that is half changed, or a global
 * leaf, where they may still have cached what stood there before (Arm DDI 0487, "Using break-before-make when
 * updating translation table entries"). An interim entry goes there first, all CPUs forget, and then the new one.
 *
 * All of it under the lock: no other writer ever sees an interim entry, and to readers it is what it stands for.
 * The CPUs that need this hear invalidations by broadcast, so that nobody waits for a CPU that wants the lock. An
 * access meanwhile may fault; whoever handles the fault finds the page mapped, and tries again.
 */

#include "lib/batch.h"
#include "lib/entry.h"

/* What becomes of the mark that makes leaves a contiguous run. */
typedef enum { RUN_UNMARK, RUN_MARK } RunMark;

/* Whether `after` may not be stored at once where `before` stands. */
MEM_INLINE bool must_break(const MemFormat *format, const MemVmap *vmap, MemEntry before, MemEntry after,
                           unsigned level)
{
    return format->interim != NULL && format->interim(before, after, level, vmap->break_level) != after;
}

/*
 * Puts the interim entry before `after` in the place of `*before`, a leaf or a table of `level` for the linear
 * `block`, and makes all CPUs forget that; `*before` is then what stands there. For formats with interim entries.
 */
void mem_vmap_break(MemVmap *vmap, MemEntry *slot, MemEntry *before, MemEntry after, unsigned level,
                    Range block);

/* Breaks those of `count` leaves from the linear `first` on that must not get `rights` otherwise. */
void mem_vmap_break_for_rights(MemVmap *vmap, MemEntry *slot, unsigned count, unsigned level, usize first,
                               MemEntry rights);

/* Marks the leaves of the run at the linear `first` as such, or no longer, and notes it in the batch. */
void mem_vmap_remark_run(MemVmap *vmap, MemVmapBatch *batch, MemEntry *slot, unsigned level, usize first,
                         RunMark mark);

/* Unmarks the run, if there is one, that goes on from one side of the linear address `edge` to the other. */
MEM_INLINE void run_cut(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, MemEntry *table,
                        unsigned level, usize edge)
{
    usize mask = run_mask(format, level);
    if (format->contiguous == 0 || (edge & mask) == 0)
        return;
    MemEntry entry = entry_load(&table[level_index(format, level, edge)]);
    if (format->kind(entry, level) == ENTRY_LEAF && leaf_in_run(format, entry))
        mem_vmap_remark_run(vmap, batch, &table[level_index(format, level, edge & ~mask)], level,
                            edge & ~mask, RUN_UNMARK);
}

/* Unmarks the runs that the linear [first, end) cuts in a table. */
MEM_INLINE void runs_cut(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, MemEntry *table,
                         unsigned level, usize first, usize end)
{
    if (format->contiguous == 0)
        return;
    run_cut(format, vmap, batch, table, level, first);
    run_cut(format, vmap, batch, table, level, end);
}

#endif
