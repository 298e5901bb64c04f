/* SPDX-License-Identifier: MIT */

/* What a call would take out of the pool, and putting that aside. */

#include "lib/map.h"
#include "lib/split.h"
#include "lib/walk.h"

int mem_vmap_cost(MemVmap *vmap, usize phys, usize virt, usize len, int flags, usize *pages)
{
    Mapping mapping;
    MapPlan plan;
    if (!is_space(vmap) || pages == NULL)
        return MEM_EINVAL;
    const MemFormat *format = vmap->format->description;
    int result = mapping_make(format, vmap, &mapping, phys, virt, len, flags);
    if (result != 0)
        return result;
    space_lock(vmap);
    result = map_plan(format, vmap, &mapping, &plan);
    space_unlock(vmap);
    if (result == 0)
        *pages = plan.tables + plan.credits;
    return result;
}

/*
 * What freeing one end of the range takes; `at` is that end. The block of the leaf there goes to `*block`.
 * The lock is held, so no table is freed: the walk succeeds at once and does not ask for the lock.
 */
static usize edge_cost(MemVmap *vmap, Range range, usize at, Range *block)
{
    const MemFormat *format = vmap->format->description;
    Snapshot found = walk(format, vmap, at);
    usize mask = level_mask(format, found.level);
    *block = (Range){at & ~mask, at | mask};
    if (format->kind(found.entry, found.level) != ENTRY_LEAF)
        return 0;
    return split_cost(format, found.entry, found.level, at, range);
}

int mem_vmap_unmap_cost(MemVmap *vmap, usize virt, usize len, usize *pages)
{
    Range parts[2], head, tail;
    if (!is_space(vmap) || pages == NULL)
        return MEM_EINVAL;
    unsigned count = range_parts(vmap->format->description, virt, len, parts);
    usize cost = 0;
    space_lock(vmap);
    for (unsigned i = 0; i < count; i++) {
        cost += edge_cost(vmap, parts[i], parts[i].first, &head);
        usize tail_cost = edge_cost(vmap, parts[i], parts[i].last, &tail);
        cost += head.first == tail.first ? 0 : tail_cost;
    }
    space_unlock(vmap);
    *pages = cost;
    return 0;
}

int mem_vmap_reserve(MemVmap *vmap, usize pages)
{
    if (!is_space(vmap))
        return MEM_EINVAL;
    for (;;) {
        space_lock(vmap);
        usize have = pool_usable(&vmap->pool);
        if (pages <= have)
            vmap->pool.reserved = pages;
        space_unlock(vmap);
        int result = pages <= have ? 0 : mem_vmap_pool_supply(vmap, pages - have);
        if (pages <= have || result != 0) {
            mem_vmap_pool_trim(vmap);
            return result;
        }
    }
}
