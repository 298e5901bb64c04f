/* SPDX-License-Identifier: MIT */

#include "lib/tlb.h"

#if MEM_VMAP_TLB_LINES > 0

static void put(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* The order of stores is that of a sequence lock's writer. A line that another writes is left to him. */
void mem_vmap_tlb_insert(MemVmapCpu *cpu, const MemVmap *vmap, usize region, const Snapshot *found)
{
    MemVmapTlbLine *line = &cpu->tlb[tlb_index(vmap, region)];
    uint64_t sequence = tlb_get(&line->sequence);
    if ((sequence & 1) != 0 || !__atomic_compare_exchange_n(&line->sequence, &sequence, sequence + 1, false,
                                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    put(&line->region, region);
    put(&line->space, vmap->id);
    put(&line->drops, found->drops);
    put(&line->table, (usize)found->table);
    __atomic_store_n(&line->sequence, sequence + 2, __ATOMIC_RELEASE);
}

#endif
