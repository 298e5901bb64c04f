/* SPDX-License-Identifier: MIT */

#include "lib/batch.h"

static void make_plan(const MemVmapBatch *batch, MemVmapPlan *plan)
{
    plan->root = batch->vmap->root;
    plan->everything = batch->everything;
    plan->tables = batch->tables;
    plan->global = batch->global;
    plan->count = batch->everything ? 0 : batch->range_count;
    for (unsigned i = 0; i < plan->count; i++)
        plan->ranges[i] = batch->ranges[i];
}

/* This CPU last: while it waits for the others, its own stale entries do no harm that theirs do not. */
static void execute(MemVmap *vmap, const MemVmapPlan *plan)
{
    if (vmap->port.invalidate_there != NULL)
        vmap->port.invalidate_there(vmap->port.context, plan);
    if (vmap->port.invalidate_here != NULL)
        vmap->port.invalidate_here(vmap->port.context, plan);
}

/*
 * Gives the waiting tables to the pool, now that no CPU can walk them. Readers without the lock may still
 * be in them: each validates against `drops` whatever it read, so the count must change before the pages do.
 */
static void release_tables(MemVmapBatch *batch)
{
    MemVmap *vmap = batch->vmap;
    space_lock(vmap);
    __atomic_store_n(&vmap->drops, vmap->drops + 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (unsigned i = 0; i < batch->dropped_count; i++) {
        const MemVmapDropped *dropped = &batch->dropped[i];
        mem_vmap_pool_give(vmap, dropped->phys, dropped->level, dropped->pages);
        vmap->waiting -= dropped->pages;
    }
    space_unlock(vmap);
}

static void tell_lost(const MemVmapBatch *batch)
{
    const MemVmapPort *port = &batch->vmap->port;
    if (batch->lost.stride != 0 && port->lost != NULL)
        port->lost(port->context, batch->lost.first, batch->lost.stride);
}

void mem_vmap_batch_flush(MemVmapBatch *batch)
{
    MemVmap *vmap = batch->vmap;
    MemVmapPlan plan;
    if (!batch_is_empty(batch)) {
        make_plan(batch, &plan);
        execute(vmap, &plan);
        __atomic_fetch_add(&vmap->shootdowns, 1, __ATOMIC_RELAXED);
    }
    if (batch->dropped_count > 0)
        release_tables(batch);
    tell_lost(batch);
    batch_init(batch, vmap);
    if (pool_has_surplus(vmap))
        mem_vmap_pool_trim(vmap);
}

int mem_vmap_batch_begin(MemVmapBatch *batch, MemVmap *vmap)
{
    if (batch == NULL)
        return MEM_EINVAL;
    batch_init(batch, is_space(vmap) ? vmap : NULL);
    return batch->vmap != NULL ? 0 : MEM_EINVAL;
}

void mem_vmap_batch_unmap(MemVmapBatch *batch, usize virt, usize len)
{
    if (batch != NULL && batch->vmap != NULL)
        batch->vmap->format->unmap(batch->vmap, batch, virt, len);
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
