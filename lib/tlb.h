/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_TLB_H
#define MEM_LIB_TLB_H

/*
 * The software TLB: each CPU remembers in which tables the pages of its spaces are. A line leads to a table of the
 * lowest level, whose entry is read anew each time: whatever happens to leaves, the answer is as good as that of a
 * walk, and only tables that go make a line stale. Then their count in `drops` has changed. Larger leaves have no
 * lines: each would take one, and the walk to it is short.
 *
 * A reader may be interrupted anywhere, and go on on another CPU; several may write one line. So a line has a
 * sequence number, odd while it is written; who finds it odd walks.
 *
 * The count stored with a line was read before the walk that found the table. A table that is freed after that
 * changes it, whenever the line is written: a dead line cannot match.
 */

#include "lib/cpu.h"
#include "lib/walk.h"

#if MEM_VMAP_TLB_LINES > 0

/* Pages: who goes from table to table all the time does not write each time. */
enum { TLB_LATEST_EVERY = 8 };

/* Spaces that use the same addresses use other lines. */
MEM_INLINE usize tlb_index(const MemVmap *vmap, usize region)
{
    return (region + vmap->id * 61) % MEM_VMAP_TLB_LINES;
}

MEM_INLINE uint64_t tlb_get(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Whether a line knows the table for this space and region, since tables went so often. */
MEM_INLINE bool tlb_read(const MemVmapTlbLine *line, const MemVmap *vmap, usize region, uint64_t drops,
                         const MemEntry **table)
{
    uint64_t sequence = __atomic_load_n(&line->sequence, __ATOMIC_ACQUIRE);
    uint64_t differ = (sequence & 1) | (tlb_get(&line->region) ^ region) |
                      (tlb_get(&line->space) ^ vmap->id) | (tlb_get(&line->drops) ^ drops);
    *table = (const MemEntry *)(usize)tlb_get(&line->table);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    differ |= tlb_get(&line->sequence) ^ sequence;
    return MEM_LIKELY(differ == 0);
}

/* Finds the entry for the linear address `at` through the CPU's TLB. False: it does not know. */
MEM_INLINE bool tlb_find(const MemFormat *format, const MemVmap *vmap, MemVmapCpu *cpu, usize at,
                         Snapshot *found)
{
    usize region = way_number(format, at);
    uint64_t drops = read_begin(format, vmap, at);
    const MemEntry *table;
    if (!tlb_read(&cpu->tlb[tlb_index(vmap, region)], vmap, region, drops, &table))
        return false;
    *found = (Snapshot){entry_load(&table[level_index(format, 0, at)]), 0, table, drops};
    return read_is_valid(format, vmap, at, drops);
}

/* Has the line answer first the next time: nothing must be computed from the address to find that. */
MEM_INLINE void tlb_remember(const MemFormat *format, MemVmapCpu *cpu, usize virt,
                             const MemVmapTlbLine *line)
{
    if ((virt >> format->levels[0].shift) % TLB_LATEST_EVERY == 0)
        __atomic_store_n(&cpu->latest, (usize)line - (usize)cpu->tlb, __ATOMIC_RELAXED);
}

/* The line that answered last. */
MEM_INLINE const MemVmapTlbLine *tlb_latest(const MemVmapCpu *cpu)
{
    return (const MemVmapTlbLine *)((usize)cpu->tlb + __atomic_load_n(&cpu->latest, __ATOMIC_RELAXED));
}

/*
 * The page that maps `virt`, if the line knows its table. An address of which a line knows exists. 0: no page, or
 * none that shows.
 */
MEM_INLINE MemEntry tlb_find_page(const MemFormat *format, const MemVmap *vmap, const MemVmapTlbLine *line,
                                  usize virt)
{
    uint64_t drops = read_begin(format, vmap, virt);
    const MemEntry *table;
    if (!tlb_read(line, vmap, way_region(format, virt), drops, &table))
        return 0;
    MemEntry entry = entry_load(&table[level_index(format, 0, virt)]);
    return MEM_LIKELY(read_is_valid(format, vmap, virt, drops)) ? entry : 0;
}

/* Remembers the table in which a walk has found an entry of level 0. */
void mem_vmap_tlb_insert(MemVmapCpu *cpu, const MemVmap *vmap, usize region, const Snapshot *found);

/* The calling CPU, where it has joined and the space is run by CPUs that the library knows. */
MEM_INLINE MemVmapCpu *tlb_here(const MemVmap *vmap)
{
    return vmap->port.cpus != NULL ? cpu_here(vmap->port.cpus) : NULL;
}

#endif

#endif
