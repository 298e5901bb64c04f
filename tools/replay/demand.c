/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* _SC_PHYS_PAGES */
#include "tools/replay/demand.h"

#include <unistd.h>

#include "tools/replay/convert.h"
#include "tools/replay/internal.h"

static uint64_t memory_of_machine(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
}

/* The most that can be left: pages of other formats that are out may be larger. */
static uint64_t left_of(const Host *host)
{
    uint64_t all = REPLAY_PAGES * HOST_PAGE_SIZE, memory = memory_of_machine();
    uint64_t out = (uint64_t)host_pages_out(host) * HOST_PAGE_SIZE;
    if (memory < all)
        all = memory;
    return all > out ? all - out : 0;
}

/* Pages that the space has got already, and owes to nothing. */
static usize pages_at_hand(MemVmap *vmap)
{
    MemVmapStats stats = {0};
    mem_vmap_stats(vmap, &stats);
    return stats.pool_free > stats.credits ? stats.pool_free - stats.credits : 0;
}

bool demand_exceeds(Demand *demand, MemVmap *vmap, uint64_t page, const Host *host, const TraceOp *op)
{
    usize pages;
    if (mem_vmap_cost(vmap, op->phys, op->virt, op->len, convert_flags(&op->flags), &pages) != MEM_OK)
        return false;
    *demand = (Demand){.needed = pages * page, .left = left_of(host)};
    if (demand->needed > demand->left) /* to look into the pool takes as long as there are tables */
        demand->left += pages_at_hand(vmap) * page;
    return demand->needed > demand->left;
}

bool replay_exceeds(Demand *demand, Replay *replay, const TraceOp *op)
{
    Space *space = replay->selected;
    return !replay->failing &&
           demand_exceeds(demand, &space->vmap, layout_entry_size(&space->layout, 0), replay->host, op);
}
