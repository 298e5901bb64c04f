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

MEM_INLINE void batch_init(MemVmapBatch *batch, MemVmap *vmap)
{
    batch->vmap = vmap;
    batch->listed = batch->supplied = batch->starved = false;
    batch->plan.root = vmap->root;
    batch->plan.everything = batch->plan.tables = batch->plan.global = false;
    batch->plan.count = batch->dropped_count = 0;
    batch->lost.stride = 0;
}

/* What the CPUs must forget where leaves of one kind went, in virtual addresses. The ranges behind are not set. */
MEM_INLINE void plan_leaves(MemVmapPlan *plan, const MemVmap *vmap, const MemVmapRange *gone, bool global)
{
    plan->root = vmap->root;
    plan->everything = plan->tables = false;
    plan->global = global;
    plan->count = 1;
    plan->ranges[0] = *gone;
}

/* One step of a cursor drops at most one table and those above it that become empty, and loses one leaf. */
MEM_INLINE bool batch_has_room(const MemFormat *format, const MemVmapBatch *batch)
{
    return batch->dropped_count + format->top + 1 <= MEM_VMAP_BATCH_TABLES && batch->lost.stride == 0;
}

/* Whether `second` begins where `first` ends. The address space does not go on at 0 behind its last byte. */
MEM_INLINE bool range_continues(const MemVmapRange *first, const MemVmapRange *second)
{
    return first->stride == second->stride && second->first != 0 && first->last == second->first - 1;
}

/* Adds [first, last], virtual. A range that touches the newest one and has its stride extends it. */
MEM_INLINE void batch_add_range(MemVmapBatch *batch, usize first, usize last, usize stride)
{
    unsigned count = batch->plan.count;
    MemVmapRange range = {first, last, stride}, *newest = &batch->plan.ranges[count > 0 ? count - 1 : 0];
    if (count > 0 && range_continues(newest, &range))
        newest->last = last;
    else if (count > 0 && range_continues(&range, newest))
        newest->first = first;
    else if (count < MEM_VMAP_BATCH_RANGES)
        batch->plan.ranges[batch->plan.count++] = range;
    else
        batch->plan.everything = true;
}

MEM_INLINE void batch_list(MemVmap *vmap, MemVmapBatch *batch)
{
    if (batch->listed)
        return;
    batch->listed = true;
    batch->next = vmap->unflushed;
    vmap->unflushed = batch;
}

/* Notes that leaves of `level` in the linear [first, last] went or lost rights. */
MEM_INLINE void batch_note(const MemFormat *format, MemVmapBatch *batch, Range gone, unsigned level)
{
    batch_list(batch->vmap, batch);
    batch_add_range(batch, virt_from_linear(format, gone.first), virt_from_linear(format, gone.last),
                    level_size(format, level));
}

/*
 * What another call may have left cached in a range: translations of leaves; and, of concern to new mappings
 * only, the way to a table that went. A CPU that goes it finds holes.
 */
typedef enum mem_leftover { LEFT_LEAVES, LEFT_LEAVES_AND_TABLES } Leftover;

/* Whether a batch other than `own` waits for the flush of such in the range, virtual. */
bool mem_vmap_batch_others_wait(const MemVmap *vmap, const MemVmapBatch *own, Leftover what, usize first,
                                usize last);

/* The same for a linear range. Nearly always nothing waits, or only the caller's own batch. */
MEM_INLINE bool batch_others_wait(const MemFormat *format, const MemVmap *vmap, const MemVmapBatch *own,
                                  Leftover what, Range range)
{
    const MemVmapBatch *newest = vmap->unflushed;
    if (MEM_LIKELY(newest == NULL || (newest == own && newest->next == NULL)))
        return false;
    return mem_vmap_batch_others_wait(vmap, own, what, virt_from_linear(format, range.first),
                                      virt_from_linear(format, range.last));
}

/*
 * Notes a range that a call is about to change, where another batch waits for the flush of something in it:
 * what that removed is not to be seen in the tables any more, so every page is forgotten, and walk caches are.
 */
MEM_INLINE void batch_note_waiting(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, Range range)
{
    if (MEM_LIKELY(!batch_others_wait(format, vmap, batch, LEFT_LEAVES, range)))
        return;
    batch_note(format, batch, range, 0);
    batch->plan.tables = true;
    batch->plan.global |= vmap->has_global;
}

/* Forgets the ways through a table that was unlinked, which translated the linear `block`. */
MEM_INLINE void ways_forget(const MemFormat *format, MemVmap *vmap, Range block)
{
    usize region = way_number(format, block.first);
    if (MEM_LIKELY(way_region(format, block.first) == way_region(format, block.last)))
        vmap->ways[region % MEM_VMAP_WAYS].region = 0;
    else
        for (unsigned i = 0; i < MEM_VMAP_WAYS; i++)
            vmap->ways[i].region = 0;
}

/* Takes the unlinked table at `phys`, which translated the linear `block`, with the tables below it. */
MEM_INLINE void batch_drop(const MemFormat *format, MemVmap *vmap, MemVmapBatch *batch, usize phys,
                           unsigned level, usize pages, Range block)
{
    MEM_VMAP_TRACE(drop, vmap, virt_from_linear(format, block.first), pages);
    batch_list(vmap, batch);
    ways_forget(format, vmap, block);
    batch->dropped[batch->dropped_count++] = (MemVmapDropped){
        phys, pages, level, virt_from_linear(format, block.first), virt_from_linear(format, block.last)};
    batch->plan.tables = true;
    vmap->tables -= pages;
    vmap->waiting += pages;
}

MEM_INLINE bool batch_is_empty(const MemVmapBatch *batch)
{
    return batch->plan.count == 0 && batch->dropped_count == 0;
}

/* Makes all CPUs forget what the batch names, and no more. */
void mem_vmap_batch_shoot_down(MemVmapBatch *batch);

/*
 * Makes all CPUs forget what one call has unmapped, leaves in one range, and releases the lock: first, where others
 * must be told, and afterwards where this CPU is the only one, so that it is taken once.
 */
void mem_vmap_flush_leaves(MemVmap *vmap, const MemVmapPlan *plan);

/* Executes the batch: CPUs forget, tables return to the pool, the port hears of a lost leaf. Empties it. */
void mem_vmap_batch_flush(MemVmapBatch *batch);

/* Makes every CPU forget the linear range, page by page, and its walk caches. Called without the lock. */
void mem_vmap_flush_range(MemVmap *vmap, usize first, usize last);

/*
 * Makes every CPU forget the linear range, page by page, under the lock: new leaves are about to come where others
 * have gone that may still be cached. For formats with interim entries.
 */
void mem_vmap_forget_before_map(MemVmap *vmap, usize first, usize last);

/* Ends a batch of one call. */
MEM_INLINE void batch_finish(MemVmapBatch *batch)
{
    if (!batch_is_empty(batch) || batch->supplied)
        mem_vmap_batch_flush(batch);
}

#endif
