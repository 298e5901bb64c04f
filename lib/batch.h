/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_BATCH_H
#define MEM_LIB_BATCH_H

/*
 * A batch: what the CPUs must forget, and the tables that wait until they have. Fixed in size; when its
 * ranges overflow it degrades to "everything of this space", when its tables do it must be flushed.
 *
 * It is filled under the space's lock and flushed without.
 */

#include "lib/range.h"
#include "lib/pool.h"

INLINE void batch_init(MemVmapBatch *batch, MemVmap *vmap)
{
    batch->vmap = vmap;
    batch->everything = batch->tables = batch->global = false;
    batch->range_count = batch->dropped_count = 0;
    batch->lost.stride = 0;
}

/* One step of a cursor drops at most one table and those above it that become empty, and loses one leaf. */
INLINE bool batch_has_room(const MemFormat *format, const MemVmapBatch *batch)
{
    return batch->dropped_count + format->top + 1 <= MEM_VMAP_BATCH_TABLES && batch->lost.stride == 0;
}

/* Whether `second` begins where `first` ends. The address space does not go on at 0 behind its last byte. */
INLINE bool range_continues(const MemVmapRange *first, const MemVmapRange *second)
{
    return first->stride == second->stride && second->first != 0 && first->last == second->first - 1;
}

/* Adds [first, last], virtual. A range that touches the newest one and has its stride extends it. */
INLINE void batch_add_range(MemVmapBatch *batch, usize first, usize last, usize stride)
{
    unsigned count = batch->range_count;
    MemVmapRange range = {first, last, stride}, *newest = &batch->ranges[count > 0 ? count - 1 : 0];
    if (count > 0 && range_continues(newest, &range))
        newest->last = last;
    else if (count > 0 && range_continues(&range, newest))
        newest->first = first;
    else if (count < MEM_VMAP_BATCH_RANGES)
        batch->ranges[batch->range_count++] = range;
    else
        batch->everything = true;
}

/* Notes that leaves of `level` in the linear [first, last] went or lost rights. */
INLINE void batch_note(const MemFormat *format, MemVmapBatch *batch, Range gone, unsigned level)
{
    batch_add_range(batch, virt_from_linear(format, gone.first), virt_from_linear(format, gone.last),
                    level_size(format, level));
}

/* Takes the unlinked table at `phys`, with the tables below it, until the flush. */
INLINE void batch_drop(MemVmap *vmap, MemVmapBatch *batch, usize phys, unsigned level, usize pages)
{
    batch->dropped[batch->dropped_count++] = (MemVmapDropped){phys, pages, level};
    batch->tables = true;
    vmap->tables -= pages;
    vmap->waiting += pages;
}

INLINE bool batch_is_empty(const MemVmapBatch *batch)
{
    return batch->range_count == 0 && batch->dropped_count == 0;
}

/* Executes the batch: CPUs forget, tables return to the pool, the port hears of lost leaves. Empties it. */
void mem_vmap_batch_flush(MemVmapBatch *batch);

/* Ends a batch of one call, which may have got pages that it then found no use for. */
INLINE void batch_finish(MemVmapBatch *batch)
{
    if (!batch_is_empty(batch))
        mem_vmap_batch_flush(batch);
    else
        pool_settle(batch->vmap, 0);
}

#endif
