/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_BATCH_H
#define MEM_LIB_BATCH_H

/*
 * A batch: what the CPUs must forget, and the tables that wait until they have. Fixed in size; when its
 * ranges overflow it degrades to "everything of this space", when its tables do it must be flushed.
 *
 * It is filled under the space's lock and flushed without. From its first note until its flush has ended it
 * stands in the space's list, where other calls see what may still be cached: a call that finds a page gone
 * must not return before every CPU has forgotten it, whoever removed it.
 */

#include "lib/range.h"
#include "lib/pool.h"

INLINE void batch_init(MemVmapBatch *batch, MemVmap *vmap)
{
    batch->vmap = vmap;
    batch->listed = batch->everything = batch->tables = batch->global = batch->supplied = false;
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

INLINE void batch_list(MemVmap *vmap, MemVmapBatch *batch)
{
    if (batch->listed)
        return;
    batch->listed = true;
    batch->next = vmap->unflushed;
    vmap->unflushed = batch;
}

/* Notes that leaves of `level` in the linear [first, last] went or lost rights. */
INLINE void batch_note(const MemFormat *format, MemVmapBatch *batch, Range gone, unsigned level)
{
    batch_list(batch->vmap, batch);
    batch_add_range(batch, virt_from_linear(format, gone.first), virt_from_linear(format, gone.last),
                    level_size(format, level));
}

/* Whether another batch waits for the flush of something in the range, virtual. */
bool mem_vmap_batch_others_wait(const MemVmap *vmap, const MemVmapBatch *own, usize first, usize last);

/* The same for a linear range. Nearly always nothing waits, or only the caller's own batch. */
INLINE bool batch_others_wait(const MemFormat *format, const MemVmap *vmap, const MemVmapBatch *own,
                              Range range)
{
    const MemVmapBatch *newest = vmap->unflushed;
    if (LIKELY(newest == NULL || (newest == own && newest->next == NULL)))
        return false;
    return mem_vmap_batch_others_wait(vmap, own, virt_from_linear(format, range.first),
                                      virt_from_linear(format, range.last));
}

/*
 * Notes a range that a call is about to change, where another batch waits for the flush of something in it:
 * what that removed is not to be seen in the tables any more, so every page is forgotten, and walk caches are.
 */
INLINE void batch_note_waiting(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Range range)
{
    if (LIKELY(!batch_others_wait(format, vmap, batch, range)))
        return;
    batch_note(format, batch, range, 0);
    batch->tables = true;
    batch->global |= vmap->has_global;
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

/* Executes the batch: CPUs forget, tables return to the pool, the port hears of a lost leaf. Empties it. */
void mem_vmap_batch_flush(MemVmapBatch *batch);

/* Makes every CPU forget the linear range, page by page, and its walk caches. Called without the lock. */
void mem_vmap_flush_range(MemVmap *vmap, usize first, usize last);

/* Ends a batch of one call. */
INLINE void batch_finish(MemVmapBatch *batch)
{
    if (!batch_is_empty(batch) || batch->supplied)
        mem_vmap_batch_flush(batch);
}

#endif
