/* SPDX-License-Identifier: MIT */

#include "lib/batch.h"
#include "lib/cpu.h"
#include "lib/drops.h"

/*
 * The fence orders the entries before the hook's look at which CPUs use the space: a CPU that joins later
 * marks itself first and then loads the root, so it is either seen here or sees the new entries.
 */
static void execute(MemVmap *vmap, const MemVmapPlan *plan)
{
    if (vmap->port.cpus != NULL) {
        mem_vmap_shoot_down(vmap, plan);
        return;
    }
    if (vmap->port.invalidate_there != NULL) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        vmap->port.invalidate_there(vmap->port.context, plan);
    }
    if (vmap->port.invalidate_here != NULL)
        vmap->port.invalidate_here(vmap->port.context, plan);
}

static void unlist(MemVmap *vmap, const MemVmapBatch *batch)
{
    MemVmapBatch **at = &vmap->unflushed;
    while (MEM_UNLIKELY(*at != batch))
        at = &(*at)->next;
    *at = batch->next;
}

/*
 * Tells readers without the lock, and software TLBs, that ways to the addresses of this batch have ended: those
 * through the tables that go back now, and, where another batch has unlinked tables and not ended, through those.
 */
static void count_drops(MemVmap *vmap, const MemVmapBatch *batch)
{
    const MemFormat *format = vmap->format->description;
    if (batch->plan.everything)
        drops_add(format, vmap, (Range){0, linear_mask(format)});
    for (unsigned i = 0; i < batch->plan.count; i++)
        drops_add(format, vmap,
                  linear_range(format, batch->plan.ranges[i].first, batch->plan.ranges[i].last));
    for (unsigned i = 0; i < batch->dropped_count; i++)
        drops_add(format, vmap, linear_range(format, batch->dropped[i].first, batch->dropped[i].last));
}

/*
 * Gives the waiting tables to the pool, now that no CPU can walk them. Readers without the lock may still
 * be in them: each validates against `drops` whatever it read, so the counts must change before the pages do.
 */
static void release_tables(MemVmap *vmap, const MemVmapBatch *batch)
{
    count_drops(vmap, batch);
    MEM_VMAP_PUBLISH_FENCE();
    for (unsigned i = 0; i < batch->dropped_count; i++) {
        const MemVmapDropped *dropped = &batch->dropped[i];
        mem_vmap_pool_give(vmap, dropped->phys, dropped->level, dropped->pages);
        vmap->waiting -= dropped->pages;
    }
}

/* After the shootdown: what waited for it is free. The surplus of the pool, to be put back, is returned. */
static usize settle(MemVmap *vmap, const MemVmapBatch *batch)
{
    space_lock(vmap);
    if (batch->listed) {
        vmap->shootdowns++;
        unlist(vmap, batch);
    }
    if (batch->plan.tables)
        release_tables(vmap, batch);
    usize surplus = batch->starved ? MEM_VMAP_NO_PAGE : mem_vmap_pool_surplus(vmap);
    space_unlock(vmap);
    return surplus;
}

static void tell_lost(const MemVmapBatch *batch)
{
    const MemVmapPort *port = &batch->vmap->port;
    if (batch->lost.stride != 0 && port->lost != NULL)
        port->lost(port->context, batch->lost.first, batch->lost.stride);
}

void mem_vmap_batch_shoot_down(MemVmapBatch *batch)
{
    if (batch->plan.everything)
        batch->plan.count = 0;
    MEM_VMAP_TRACE(shoot_down, batch->vmap, batch->plan.count, batch->plan.everything);
    execute(batch->vmap, &batch->plan);
}

/* Others must be told, without the lock. Until they have, the batch is where other calls see it. */
static void flush_listed(MemVmap *vmap, const MemVmapPlan *plan)
{
    MemVmapBatch batch;
    batch_init(&batch, vmap);
    batch.plan = *plan;
    batch_list(vmap, &batch);
    space_unlock(vmap);
    execute(vmap, &batch.plan);
    space_lock(vmap);
    unlist(vmap, &batch);
}

/* Whether the CPUs have forgotten: where no other CPU is concerned, and there is nobody to wait for. */
static bool forget_here(const MemVmap *vmap, const MemVmapPlan *plan)
{
    const MemVmapPort *port = &vmap->port;
    if (port->cpus != NULL)
        return mem_vmap_shoot_down_alone(vmap, plan);
    if (port->invalidate_there != NULL)
        return false;
    if (port->invalidate_here != NULL)
        port->invalidate_here(port->context, plan);
    return true;
}

void mem_vmap_flush_leaves(MemVmap *vmap, const MemVmapPlan *plan)
{
    MEM_VMAP_TRACE(shoot_down, vmap, plan->count, plan->everything);
    if (MEM_UNLIKELY(!forget_here(vmap, plan)))
        flush_listed(vmap, plan);
    vmap->shootdowns++;
    space_unlock(vmap);
}

void mem_vmap_batch_flush(MemVmapBatch *batch)
{
    MemVmap *vmap = batch->vmap;
    if (!batch_is_empty(batch))
        mem_vmap_batch_shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
    tell_lost(batch);
    batch_init(batch, vmap);
}

void mem_vmap_flush_range(MemVmap *vmap, usize first, usize last)
{
    const MemFormat *format = vmap->format->description;
    MemVmapBatch batch;
    batch_init(&batch, vmap);
    space_lock(vmap);
    batch_note(format, &batch, (Range){first, last}, 0);
    batch.plan.tables = true;
    batch.plan.global = vmap->has_global;
    space_unlock(vmap);
    mem_vmap_batch_flush(&batch);
}

static bool overlap(usize first, usize last, usize other_first, usize other_last)
{
    return first <= other_last && other_first <= last;
}

static bool waits_for(const MemVmapBatch *batch, Leftover what, usize first, usize last)
{
    if (batch->plan.everything)
        return true;
    for (unsigned i = 0; i < batch->plan.count; i++)
        if (overlap(first, last, batch->plan.ranges[i].first, batch->plan.ranges[i].last))
            return true;
    for (unsigned i = 0; what == LEFT_LEAVES_AND_TABLES && i < batch->dropped_count; i++)
        if (overlap(first, last, batch->dropped[i].first, batch->dropped[i].last))
            return true;
    return false;
}

bool mem_vmap_batch_others_wait(const MemVmap *vmap, const MemVmapBatch *own, Leftover what, usize first,
                                usize last)
{
    for (const MemVmapBatch *batch = vmap->unflushed; batch != NULL; batch = batch->next)
        if (batch != own && waits_for(batch, what, first, last))
            return true;
    return false;
}

int mem_vmap_batch_begin(MemVmapBatch *batch, MemVmap *vmap)
{
    if (batch == NULL)
        return MEM_EINVAL;
    batch->vmap = NULL;
    if (!is_space(vmap))
        return MEM_EINVAL;
    batch_init(batch, vmap);
    return 0;
}

void mem_vmap_batch_unmap(MemVmapBatch *batch, usize virt, usize len)
{
    if (batch != NULL && batch->vmap != NULL)
        batch->vmap->format->batch_unmap(batch->vmap, batch, virt, len);
}

int mem_vmap_batch_protect(MemVmapBatch *batch, usize virt, usize len, int flags)
{
    if (batch == NULL || batch->vmap == NULL)
        return MEM_EINVAL;
    return batch->vmap->format->protect(batch->vmap, batch, virt, len, flags);
}

void mem_vmap_batch_end(MemVmapBatch *batch)
{
    if (batch == NULL || batch->vmap == NULL)
        return;
    mem_vmap_batch_flush(batch);
    batch->vmap = NULL;
}
