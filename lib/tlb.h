/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_TLB_H
#define MEM_LIB_TLB_H

/*
 * The software TLB: each CPU remembers in which tables the leaves of its spaces are. A line leads to the entry
 * that ended a walk, and that entry is read anew each time: whatever happens to leaves, the answer is as good as
 * that of a walk, and only tables that go make a line stale. Then their count in `drops` has changed.
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

enum {
    TLB_LEVEL_MASK = 7
}; /* tables are aligned to their entries: the level is in the pointer's low bits */

/* Spaces that use the same addresses use other lines. */
MEM_INLINE MemVmapTlbLine *tlb_line(MemVmapCpu *cpu, const MemVmap *vmap, usize region)
{
    return &cpu->tlb[(region + vmap->id * 61) % MEM_VMAP_TLB_LINES];
}

MEM_INLINE uint64_t tlb_get(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Whether the line, when its sequence number was `sequence`, leads to the tables of this space and region. */
MEM_INLINE bool tlb_matches(const MemVmapTlbLine *line, uint64_t sequence, const MemVmap *vmap,
                            usize region, uint64_t drops)
{
    uint64_t differ = (sequence & 1) | (tlb_get(&line->region) ^ region) |
                      (tlb_get(&line->space) ^ vmap->id) | (tlb_get(&line->drops) ^ drops);
    return differ == 0;
}

/* Finds the entry for the linear address `at` through the CPU's TLB. False: it does not know. */
MEM_INLINE bool tlb_find(const MemFormat *format, const MemVmap *vmap, MemVmapCpu *cpu, usize at,
                         Snapshot *found)
{
    usize region = at >> format->levels[1].shift;
    const MemVmapTlbLine *line = tlb_line(cpu, vmap, region);
    uint64_t sequence = __atomic_load_n(&line->sequence, __ATOMIC_ACQUIRE);
    uint64_t drops = read_begin(format, vmap, at);
    if (MEM_UNLIKELY(!tlb_matches(line, sequence, vmap, region, drops)))
        return false;
    usize way = tlb_get(&line->table);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (MEM_UNLIKELY(tlb_get(&line->sequence) != sequence))
        return false;
    unsigned level = way & TLB_LEVEL_MASK;
    const MemEntry *table = (const MemEntry *)(way - level);
    unsigned index = level == 0 ? level_index(format, 0, at) : level_index(format, level, at);
    MemEntry entry = entry_load(&table[index]);
    if (MEM_UNLIKELY(!read_is_valid(format, vmap, at, drops)))
        return false;
    *found = (Snapshot){entry, level, table, drops};
    return format->kind(entry, level) != ENTRY_TABLE;
}

/* Remembers the way to the entry that a walk has found. */
void mem_vmap_tlb_insert(MemVmapCpu *cpu, const MemVmap *vmap, usize region, const Snapshot *found);

/* The calling CPU, where it has joined and the space is run by CPUs that the library knows. */
MEM_INLINE MemVmapCpu *tlb_here(const MemVmap *vmap)
{
    return vmap->port.cpus != NULL ? cpu_here(vmap->port.cpus) : NULL;
}

#endif

#endif
